"""Exact nearest neighbours and the graphs made of them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from .. import _check
from .._nested import map_values
from .._renamed import renamed
from .._search import nearest
from .._spaces import as_spaces
from ..data.rows import order_of
from ..embedding import Embedding, coverage, present_rows
from .conversion import build_graph
from .edges import Edges, as_matrix, every, louvain, unite

MODES = ("union", "mutual", "directed")
WEIGHTS = ("binary", "distance", "similarity")
DISTANCES = ("euclidean", "cosine")


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest other points of every point, nearest first.

    It is a graph over the rows that have the space: a row that lacks a modality is not
    in that modality's graph (see `Embedding.present_in`). Such a row keeps its line,
    has no neighbours and is nobody's.

    Parameters
    ----------
    embedding
        Whose points these are.
    space
        The space of the embedding that was searched.
    metric
        "euclidean" or "cosine".
    indices
        ``(N, k)`` row numbers; the own point is never among them. -1 in the whole line
        of a row that lacks the space.
    distances
        ``(N, k)`` float64, rising along each row; infinite where `indices` are -1.
    weights
        Modality to weight, when the space was searched with other than its own.
    """

    embedding: Embedding = field(repr=False)
    space: str
    metric: str
    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    weights: Mapping[str, float] | None = None

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def k(self) -> int:
        """Neighbours a point, not counting the point itself."""
        return self.indices.shape[1]

    @property
    def ids(self) -> npt.NDArray[np.str_]:
        """``(N,)`` names of the points."""
        return self.embedding.ids

    @property
    def labels(self) -> npt.NDArray[np.int64] | None:
        """Labels of the points, if any."""
        return self.embedding.labels

    @cached_property
    def present(self) -> npt.NDArray[np.bool_]:
        """``(N,)`` which rows are in the graph: those that have the space."""
        return np.asarray(self.indices[:, 0] >= 0)

    @property
    def coverage(self) -> str:
        """How many rows are in the graph, in words; empty where all are.

        Examples
        --------
        >>> knn(np.array([[0.0], [1.0], [3.0]]), k=1).coverage
        ''
        """
        return coverage(self.present, self.space)

    @cached_property
    def compact(self) -> Neighbors:
        """The same graph over an embedding of the rows that are in it, and no others.

        Itself where all are. What counts points (metrics of shape, communities) asks
        this one.
        """
        if self.present.all():
            return self
        place = np.cumsum(self.present) - 1
        return replace(
            self,
            embedding=self.embedding.subset(self.present),
            indices=place[self.indices[self.present]],
            distances=self.distances[self.present],
        )

    def points(self) -> npt.NDArray[np.float64]:
        """Return the ``(N, D)`` coordinates that were searched, not centred.

        NaN in rows that lack the space.
        """
        return self.embedding.space(self.space, weights=self.weights, centred=False)

    def head(self, k: Any) -> Neighbors:
        """Return the graph of the `k` nearest: a slice, nothing is searched again."""
        k = _check.k_neighbors(k, self.k + 1)
        return replace(
            self, indices=self.indices[:, :k], distances=self.distances[:, :k]
        )

    def reordered(
        self, ids: Any, *, name: str = "neighbors", like: str = "ids"
    ) -> Neighbors:
        """Return the same graph with its rows in another order.

        Neighbours at the same distance come in the order of their new row numbers.

        Parameters
        ----------
        ids
            The same ids, in the order that is wanted.
        name, like
            What errors call this and what it is brought in line with.

        Raises
        ------
        ValueError
            If `ids` are others.

        Examples
        --------
        >>> graph = knn(np.array([[0.0], [1.0], [3.0]]), k=1)
        >>> graph.reordered(["2", "1", "0"]).indices.tolist()
        [[1], [2], [1]]
        """
        order = order_of(self.ids, np.asarray(ids), name=name, like=like)
        if order is None:
            return self
        place = np.empty(len(self) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(self)), -1
        indices, distances = place[self.indices[order]], self.distances[order]
        by_rank = np.lexsort((indices, distances), axis=1)
        return replace(
            self,
            embedding=self.embedding.subset(order),
            indices=np.take_along_axis(indices, by_rank, axis=1),
            distances=np.take_along_axis(distances, by_rank, axis=1),
        )

    def edges(self, mode: str = "union") -> Edges:
        """Return the edges of a graph.

        Parameters
        ----------
        mode
            "union": pairs of which one is a neighbour of the other; "mutual": pairs
            of which each is; both once, with source < target, sorted. "directed":
            from each point to its neighbours.

        Raises
        ------
        ValueError
            If `mode` is none of these.

        Examples
        --------
        >>> knn(np.array([[0.0], [1.0], [3.0]]), k=1).edges().target.tolist()
        [1, 2]
        """
        _check.one_of("mode", mode, MODES)
        if mode == "directed":
            return every(self.indices, self.distances)
        both, returned = self._pairs
        if mode == "union":
            return both
        source, target, distance = both
        return Edges(source[returned], target[returned], distance[returned])

    @cached_property
    def _pairs(self) -> tuple[Edges, npt.NDArray[np.bool_]]:
        """Pairs of the union graph, and whether each is mutual."""
        return unite(self.indices, self.distances)

    @cached_property
    def union(self) -> csr_array:
        """Symmetric 0/1 adjacency of the union graph."""
        return self.adjacency()

    @cached_property
    def degree(self) -> npt.NDArray[np.float64]:
        """``(N,)`` number of edges of each point of the union graph."""
        return np.diff(self.union.indptr).astype(np.float64)

    @cached_property
    def communities(self) -> npt.NDArray[np.int64]:
        """``(N,)`` Louvain community of each point of the union graph.

        Blondel et al. 2008, by networkx, with seed 0. -1 for rows that lack the space.
        """
        compact = self.compact
        found = np.full(len(self), -1, dtype=np.int64)
        found[self.present] = louvain(compact.edges(), len(compact))
        return found

    def similarity(self, distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return ``1 / (1 + d / r)``, r being the mean distance of all neighbours.

        It lies in (0, 1], is 1 for duplicates, 1/2 at the mean distance, and does not
        change with the unit of the coordinates.
        """
        scale = float(self.compact.distances.mean())
        return 1 / (1 + distance / (scale if scale > 0 else 1.0))

    def adjacency(self, mode: str = "union", weights: str = "binary") -> csr_array:
        """Return the graph as a sparse ``(N, N)`` matrix.

        Parameters
        ----------
        mode
            As in `edges`; "union" and "mutual" are symmetric.
        weights
            "binary", "distance" or "similarity" (see `similarity`).

        Returns
        -------
        scipy.sparse.csr_array
            Edges of distance 0 are stored zeros: count edges by ``nnz``.

        Raises
        ------
        ValueError
            If `mode` or `weights` is none of the above.

        Examples
        --------
        >>> graph = knn(np.array([[0.0], [0.0], [3.0]]), k=1)
        >>> graph.adjacency("union", "distance").nnz
        4
        """
        _check.one_of("weights", weights, WEIGHTS)
        edges = self.edges(mode)
        values = edges.distance
        if weights == "binary":
            values = np.ones(len(values))
        elif weights == "similarity":
            values = self.similarity(values)
        return as_matrix(edges, values, len(self), symmetric=mode != "directed")

    def to_networkx(
        self, mode: str = "union", *, metadata: bool = True
    ) -> nx.Graph[str]:
        """Return the graph as a networkx object.

        Parameters
        ----------
        mode
            "union" and "mutual" give a Graph, "directed" a DiGraph.
        metadata
            Whether nodes have what else is known of them as attributes: prediction,
            target and the metadata, as plain values (dates as ISO text, lists in
            words). What is missing is left out.

        Returns
        -------
        networkx.Graph or networkx.DiGraph
            Nodes are the ids, with attribute ``label`` (class names, joined by "; ",
            empty without labels) and, where some row lacks the space, ``present``
            (bool): such rows are nodes without edges. Where some row is unlabelled,
            ``labelled`` (bool) tells it from one that has none of several labels. Edges
            have ``distance`` and ``weight`` (see `similarity`).

        Raises
        ------
        ValueError
            If `mode` is none of the above.

        Examples
        --------
        >>> knn(np.array([[0.0], [1.0], [3.0]]), k=1).to_networkx().edges
        EdgeView([('0', '1'), ('1', '2')])
        """
        edges = self.edges(mode)
        return build_graph(
            self.embedding,
            edges.source,
            edges.target,
            distance=edges.distance,
            weight=self.similarity(edges.distance),
            directed=mode == "directed",
            present=None if self.present.all() else self.present,
            metadata=metadata,
        )

    def _repr_html_(self) -> str:
        title = html.escape(str(self.embedding.info.get("variant", "embedding")))
        seed = self.embedding.info.get("seed")
        both, returned = self._pairs
        missing = f", {self.coverage}" if self.coverage else ""
        return (
            f"<b>{title}</b>{'' if seed is None else f', seed {seed}'}<br>"
            f"{len(self)} points{html.escape(missing)}, k = {self.k}<br>"
            f"space: {html.escape(self.space)}, distance: {self.metric}<br>"
            f"{len(returned)} edges, {np.mean(returned):.0%} of them mutual<br>"
            f"median distance {np.median(both.distance):.3g}<br>"
            "next: <code>rv.compare(graphs)</code>"
        )


@renamed("embedding", "spaces")
def knn(
    spaces: Any,
    k: int | None = None,
    *,
    space: str = "latent",
    metric: str = "euclidean",
    weights: Mapping[str, float] | None = None,
) -> Any:
    """Find the exact `k` nearest neighbours of every point that has the space.

    Rows that lack the modality searched, or for "sum" any modality, have no neighbours
    and are nobody's.

    Parameters
    ----------
    spaces
        An `Embedding`, or vectors of your own: an ``(N, d)`` array or a frame, whose
        index names the rows. Or a list of these, or a mapping of either, answered in
        the same shape.
    k
        Neighbours a point, not counting the point itself; at most one less than the
        rows that have the space. None takes 15, or as many as every embedding has.
    space
        "latent" (z), "refined" (what the refiner decodes from z), the name of a
        modality, or "sum" (all modalities).
    metric
        "euclidean", or "cosine" (1 - cos of the coordinates as they are, not centred;
        rows of zeros are at 1 from all others and at 0 from one another).
    weights
        Modality to weight for "refined" and "sum"; None as in `Embedding.space`.

    Returns
    -------
    Neighbors
        Ordered by (distance, row number); or a list or a mapping of them.

    Raises
    ------
    TypeError
        If a value is neither an Embedding nor an array or a frame.
    ValueError
        If `k` is not between 1 and the number of other rows that have the space, fewer
        than two have it, or `space` or `metric` is unknown.

    Examples
    --------
    >>> knn(np.array([[0.0], [1.0], [3.0]]), k=2).indices.tolist()
    [[1, 2], [0, 2], [1, 0]]
    """
    _check.one_of("metric", metric, DISTANCES)

    values = as_spaces(spaces)
    if k is None:
        fits: list[int] = []

        def ask(value: Embedding) -> None:
            there = value.present_in(space, weights=weights)
            fits.append(check_k(None, there, space))

        map_values(ask, values)
        k = min(fits, default=None)

    def search(value: Embedding) -> Neighbors:
        there = value.present_in(space, weights=weights)
        count = check_k(k, there, space)
        points = value.space(space, weights=weights, centred=False)
        _check.finite(space, np.where(there[:, None], points, 0.0))
        known = present_rows(points, there)
        found = over_rows(there, *nearest(known, count, metric=metric))
        return Neighbors(value, space, metric, *found, weights=weights)

    return map_values(search, values)


def as_graphs(values: Any) -> Any:
    """Return graphs in the shape they came in, as the argument `graphs` takes them.

    Parameters
    ----------
    values
        `Neighbors`, or what `knn` takes, which is searched with its defaults; one, a
        list or a mapping. Graphs and what is to be searched don't go together.

    Raises
    ------
    TypeError
        If there is anything else.

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [3.0]])
    >>> {name: graph.k for name, graph in as_graphs({"mine": line}).items()}
    {'mine': 2}
    """
    searched: list[bool] = []
    map_values(lambda value: searched.append(isinstance(value, Neighbors)), values)
    if any(searched):
        return values
    return knn(as_spaces(values, "graphs", kinds="Neighbors, Embedding"))


def over_rows(
    there: npt.NDArray[np.bool_],
    indices: npt.NDArray[np.int64],
    distances: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return neighbours among some rows as neighbours among all rows.

    Parameters
    ----------
    there
        ``(N,)`` bool: the n rows that were searched.
    indices, distances
        ``(n, k)`` among those rows.

    Returns
    -------
    indices, distances
        ``(N, k)``; -1 and infinite for the other rows.

    Examples
    --------
    >>> there, one = np.array([True, False, True]), np.ones((2, 1))
    >>> over_rows(there, np.array([[1], [0]]), one)[0].tolist()
    [[2], [-1], [0]]
    """
    if there.all():
        return indices, distances
    rows, shape = np.flatnonzero(there), (len(there), indices.shape[1])
    every, lengths = np.full(shape, -1, dtype=np.int64), np.full(shape, np.inf)
    every[rows], lengths[rows] = rows[indices], distances
    return every, lengths


def check_k(k: Any, there: npt.NDArray[np.bool_], space: str) -> int:
    """Return `k` when every row that has the space has that many others.

    None becomes as many as they have, at most 15.
    """
    having = int(there.sum())
    if having == len(there):
        return _check.k_or_default(k, having)
    words = "every modality" if space == "sum" else repr(space)
    if having < 2:
        raise ValueError(
            f"`space` must be one that at least 2 rows have, got {space!r}: "
            f"{having} of {len(there)} rows have {words}."
        )
    return _check.k_or_default(k, having, those=f"other points that have {words}")
