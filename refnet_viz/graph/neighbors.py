"""Nearest neighbours and the graphs made of them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from .. import _check
from .._frozen import freeze
from .._search import lengths_of
from ..data.rows import entries_of, order_of
from ..embedding import Embedding, coverage
from .approximate import Recall, measured_recall
from .conversion import build_graph
from .edges import Edges, as_matrix, every, louvain, unite
from .lazy import OfNeighbors
from .lazy import lazy as lazy_graph
from .lists import check_convention, check_rows, checked_ids, checked_lists

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
    recall
        Share of the true neighbours that an approximate search, or another tool
        (`from_embedding`), found; None for an exact search. That of fewer neighbours
        (`head`) is not measured anew: `Recall.k` says of how many it is.
    """

    embedding: Embedding = field(repr=False)
    space: str
    metric: str
    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    weights: Mapping[str, float] | None = None
    recall: Recall | None = None

    def __post_init__(self) -> None:
        freeze(self, "indices", "distances")
        if self.weights is not None:  # a copy, of names and numbers of Python's own
            own = {str.__str__(name): float(w) for name, w in self.weights.items()}
            object.__setattr__(self, "weights", own)

    @classmethod
    def from_arrays(
        cls,
        ids: Any,
        indices: Any,
        distances: Any,
        *,
        self_column: bool,
        squared: bool,
        metric: str = "euclidean",
        labels: Any = None,
        class_names: Sequence[Any] = (),
        name: str = "graph",
    ) -> Neighbors:
        """Take neighbour lists that another tool found; no vectors are needed.

        What asks for the graph alone works on it: `compare`, metrics, `overlap`,
        `edge_diff`, matrices, `to_networkx` ... What asks for vectors or modalities
        (layouts, `attribute`) says so.

        Parameters
        ----------
        ids
            ``(N,)`` unique names of the points; None numbers them.
        indices
            ``(N, k)`` row numbers of the neighbours of each point. A whole line of -1
            is a point that is not in the graph.
        distances
            ``(N, k)`` of the same entries; lines need not be sorted. Where all lines
            fall they are taken for similarities and refused.
        self_column
            Whether column 0 holds the point itself, as in ``kneighbors(X)`` of
            scikit-learn and in the arrays of umap and pynndescent. It is left out. Of
            points at the same place another may come first.
        squared
            Whether distances are squared, as those of faiss are; roots are taken, and
            what rounding left below 0 counts as 0.
        metric
            The distance that was used; only graphs of one are compared.
        labels, class_names
            As in `Embedding.from_arrays`.
        name
            What tables and figures call it.

        Raises
        ------
        TypeError
            If `self_column` or `squared` is no bool.
        ValueError
            If the arrays are of other shapes, hold rows that do not exist, one twice,
            or the point itself where it was said not to be, negative distances, or
            what falls in all lines.

        Examples
        --------
        >>> lists = [[0, 1], [1, 0], [2, 1]], [[0.0, 1.0], [0.0, 1.0], [0.0, 4.0]]
        >>> graph = Neighbors.from_arrays(
        ...     ["a", "b", "c"], *lists, self_column=True, squared=True)
        >>> graph.indices.tolist(), graph.distances.tolist()
        ([[1], [0], [1]], [[1.0], [1.0], [2.0]])
        """
        _check.instance("metric", metric, str)
        lists = checked_lists(
            indices,
            distances,
            self_column=self_column,
            squared=squared,
            nearest_first=True,
        )
        embedding = Embedding.from_arrays(
            np.zeros((len(lists[0]), 1)),
            ids=checked_ids(ids, len(lists[0])),
            labels=labels,
            class_names=class_names,
            name=name,
        )
        bare = replace(embedding, z=embedding.z[:, :0])
        return cls(bare, "latent", metric, *lists)

    @classmethod
    def from_embedding(
        cls,
        embedding: Embedding,
        indices: Any,
        distances: Any = None,
        *,
        self_column: bool,
        squared: bool = False,
        ids: Any = None,
        space: str = "latent",
        metric: str = "euclidean",
    ) -> Neighbors:
        """Take neighbour lists that another tool found in a space of an embedding.

        Distances are computed anew, exactly, and the recall is measured on up to 1,000
        rows: lists of an approximate search say how many neighbours they lack.

        Parameters
        ----------
        embedding
            Whose points were searched.
        indices
            As in `from_arrays`: row numbers, -1 in the whole line of a row that is not
            in the graph. A -1 in a part of a line, by which a tool says that it found
            fewer, is refused.
        distances
            ``(N, k)``, only compared with those of the embedding; None to believe
            `indices`.
        self_column, squared
            As in `from_arrays`.
        ids
            Names of the rows of `indices`, in any order of the embedding's ids; None
            if they are its rows.
        space, metric
            What was searched, and by which distance.

        Raises
        ------
        TypeError
            If `self_column` or `squared` is no bool.
        ValueError
            If `ids` are others, the lists are not what `from_arrays` takes, a row in
            them lacks the space or has no line, or `distances` are something else, such
            as squares or inner products, which the error names.

        Examples
        --------
        >>> import refnet_viz as rv
        >>> line = rv.Embedding.from_arrays([[0.0], [1.0], [3.0]])
        >>> graph = Neighbors.from_embedding(line, [[1], [0], [1]], self_column=False)
        >>> graph.distances.ravel().tolist(), graph.recall.value
        ([1.0, 1.0, 2.0], 1.0)
        """
        _check.instance("embedding", embedding, Embedding)
        _check.one_of("metric", metric, DISTANCES)
        blank = np.zeros(np.shape(indices)) if distances is None else distances
        rows, _ = checked_lists(
            indices, blank, self_column=self_column, squared=squared
        )
        names = embedding.ids if ids is None else entries_of(ids, "ids").astype(str)
        names = checked_ids(names, len(rows))
        order = order_of(embedding.ids, names, name="embedding", like="ids")
        mine = embedding if order is None else embedding.subset(order)
        points = mine.space(space, centred=False)
        there = rows[:, 0] >= 0
        check_rows(rows, mine.present_in(space), space)
        points = np.where(there[:, None], points, 0.0)
        if distances is not None:
            check_convention(
                distances, indices, points, squared=squared, metric=metric, space=space
            )
        row, column = np.repeat(np.flatnonzero(there), rows.shape[1]), rows[there]
        far = np.full(rows.shape, np.inf)
        far[there] = lengths_of(points, row, column.ravel(), metric=metric).reshape(
            column.shape
        )
        by_rank = np.lexsort((rows, far), axis=1)
        rows = np.take_along_axis(rows, by_rank, axis=1)
        far = np.take_along_axis(far, by_rank, axis=1)
        recall = measured_recall(points[there], far[there], metric=metric)
        graph = cls(mine, space, metric, rows, far, recall=recall)
        return graph.reordered(embedding.ids)

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
        """Count of the rows in the graph, in words; empty where all are.

        Examples
        --------
        >>> from refnet_viz.graph import knn
        >>> knn(np.array([[0.0], [1.0], [3.0]]), k=1).coverage
        ''
        """
        return coverage(self.present, self.space)

    @property
    def approximation(self) -> str:
        """Recall of an approximate search, in words; empty for an exact one.

        Examples
        --------
        >>> from refnet_viz.graph import knn
        >>> knn(np.array([[0.0], [1.0], [3.0]]), k=1).approximation
        ''
        """
        if self.recall is None:
            return ""
        low, value, high = self.recall.low, self.recall.value, self.recall.high
        return f"recall {value:.3f} ({low:.3f} to {high:.3f})"

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
        >>> from refnet_viz.graph import knn
        >>> graph = knn(np.array([[0.0], [1.0], [3.0]]), k=1)
        >>> graph.reordered(["2", "1", "0"]).indices.tolist()
        [[1], [2], [1]]
        """
        order = order_of(self.ids, ids, name=name, like=like)
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
        >>> from refnet_viz.graph import knn
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
        communities = np.full(len(self), -1, dtype=np.int64)
        communities[self.present] = louvain(compact.edges(), len(compact))
        return communities

    def similarity(self, distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return ``1 / (1 + d / r)``, r being the mean distance of all neighbours.

        It lies in (0, 1], is 1 for duplicates, 1/2 at the mean distance, and does not
        change with the unit of the coordinates.
        """
        distance = _check.numbers("distance", distance)
        if (distance < 0).any():
            raise ValueError(
                f"`distance` must not be negative, got {float(distance.min()):g}."
            )
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
        >>> from refnet_viz.graph import knn
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
        self, mode: str = "union", *, metadata: bool = True, lazy: bool = False
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
        lazy
            Whether to make the dictionaries only when something asks for them.
            networkx then computes degrees, components, triangles, PageRank, cores,
            assortativity, modularity, communities, cuts and shortest paths from the
            arrays, with the same results (sums of weights to rounding). The graph is
            frozen; ``networkx.Graph(graph)`` can be changed.

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
        >>> from refnet_viz.graph import knn
        >>> knn(np.array([[0.0], [1.0], [3.0]]), k=1).to_networkx().edges
        EdgeView([('0', '1'), ('1', '2')])

        >>> lazy = knn(np.array([[0.0], [1.0], [3.0]]), k=2).to_networkx(lazy=True)
        >>> nx.transitivity(lazy), nx.is_frozen(lazy)
        (1.0, True)
        """
        metadata = _check.flag("metadata", metadata)
        if _check.flag("lazy", lazy):
            _check.one_of("mode", mode, MODES)
            graph: nx.Graph[str] = lazy_graph(OfNeighbors(self, mode, metadata))
            return graph
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
        search = f"approximate: {self.recall}<br>" if self.recall else ""
        return (
            f"<b>{title}</b>{'' if seed is None else f', seed {seed}'}<br>"
            f"{len(self)} points{html.escape(missing)}, k = {self.k}<br>"
            f"space: {html.escape(self.space)}, distance: {self.metric}<br>{search}"
            f"{len(returned)} edges, {np.mean(returned):.0%} of them mutual<br>"
            f"median distance {np.median(both.distance):.3g}<br>"
            "next: <code>rv.compare(graphs)</code>"
        )
