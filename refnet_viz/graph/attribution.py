"""Attribution of edges: the modalities that have them, and what is proved of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import map_values
from .._threads import one_thread_for
from ..data.rows import same_ids
from ..responsibility import Geometry, scores, scores_by_point
from .closeness import closeness
from .edges import Edges
from .ground import Grounds
from .hubs import hub_table, hubs, modal_hubs
from .neighbors import Neighbors
from .patterns import EdgeGroups, Patterns, grouped, patterns_of
from .points import in_degree
from .proof import Proof, lipschitz_table, proof_table, prove
from .search import as_graphs

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

BEYOND = (2, 5, 10)


@dataclass(frozen=True, eq=False)
class Attribution:
    """The edges of a fused graph, and which modalities answer for them.

    Made by `attribute`. Edges are those of the union graph, sorted. Every part is
    computed when it is first asked for: what is proved of edges costs those nothing
    who look at patterns only.

    Parameters
    ----------
    graph
        The fused graph.
    weights
        Modality to w_m in both metrics; None as in `Embedding.space`.
    beyond
        Certificates are asked for at these multiples of k.
    wider
        Attribution of the same points with more neighbours, from which `close` is read
        off; None to compute it.
    """

    graph: Neighbors = field(repr=False)
    weights: Mapping[str, float] | None
    beyond: tuple[int, ...]
    _grounds: Grounds = field(repr=False)
    wider: Attribution | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.edges.source)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names, in the order of the columns of `inside` and `close`."""
        return tuple(self.graph.embedding.inputs)

    @property
    def edges(self) -> Edges:
        """Ends and length of every edge."""
        return self.graph.edges()

    @property
    def grounds(self) -> Grounds:
        """The modalities' own graphs."""
        return self._grounds

    @cached_property
    def inside(self) -> Bools:
        """``(E, M)``: which modality's own graph has the edge."""
        return self._patterns.members[self._patterns.place]

    @cached_property
    def close(self) -> Floats:
        """``(E, M)``: the share of points nearer than the other end by each modality.

        The mean over both ends: 0 is nearest, 1/2 is chance; above 1/2 the modality
        contradicts the edge. NaN where an end lacks the modality.
        """
        if self.wider is not None:  # it depends on the ends alone
            n, wider = len(self.graph), self.wider
            rows = np.searchsorted(wider.edges.keys(n), self.edges.keys(n))
            return wider.close[rows]
        with one_thread_for(len(self.graph)):
            columns = [closeness(self.graph, name) for name in self.modalities]
        return np.column_stack(columns)

    @cached_property
    def _patterns(self) -> Patterns:
        with one_thread_for(len(self.graph)):
            return patterns_of(self.graph, self._grounds)

    @property
    def patterns(self) -> pd.DataFrame:
        """Sets of modalities that have edges, beside chance: see `pattern_table`."""
        return self._patterns.table

    @cached_property
    def pattern(self) -> npt.NDArray[np.object_]:
        """``(E,)`` the set of modalities that have each edge, in words."""
        return self.patterns["pattern"].to_numpy(object)[self._patterns.place]

    def groups(self, most: int) -> EdgeGroups:
        """Return the edges by their sets of modalities, the rarest of many as one.

        Parameters
        ----------
        most
            Groups besides the emergent edges, at least 2.

        Returns
        -------
        EdgeGroups
            "emergent", then sets from single modalities to all of them: up to three
            modalities have the same places in every graph. Among more, the sets that
            occur, of which all but the ``most - 1`` most frequent come last, as one.

        Examples
        --------
        >>> from refnet_viz import Embedding
        >>> from refnet_viz.graph import knn
        >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
        >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
        >>> edges = attribute(knn(own, k=1)).groups(8)
        >>> [(group.name, group.share) for group in edges.groups][:2]
        [('emergent', 0.0), ('only a', 1.0)]
        >>> edges.number.tolist(), edges.contradicted.tolist()
        ([1, 1], [True, True])
        """
        _check.integer("most", most, low=1)
        groups, number = grouped(self._patterns, most)
        far = np.asarray(self.contradicted.any(axis=1))
        return EdgeGroups(groups, number, far, self.modalities)

    @cached_property
    def hubs(self) -> pd.DataFrame:
        """Hubs and where they come from, see `hub_table`."""
        return hub_table(self.graph, self._modal_hubs)

    @cached_property
    def _modal_hubs(self) -> Bools:
        return modal_hubs(self.graph, self._grounds)

    @cached_property
    def geometry(self) -> Geometry | None:
        """Both metrics; None where nothing was decoded."""
        if not self.graph.embedding.decoded:
            return None
        return Geometry.of(self.graph.embedding, self.weights)

    @cached_property
    def proofs(self) -> dict[str, Proof]:
        """Names of spaces, "sum" before the modalities, to what is proved of the edges.

        Empty where nothing was decoded.

        Raises
        ------
        ArithmeticError
            If Theorem 1 should not hold for an edge, which would be a mistake here.
        """
        if self.geometry is None:
            return {}
        ks = tuple(times * self.graph.k for times in self.beyond)
        with one_thread_for(len(self.graph)):
            return prove(self.graph, self.geometry, ks)

    @cached_property
    def responsibility_by_point(self) -> dict[str, Floats]:
        """Modality to ``(N,)``: how far z answers for it, NaN where a point lacks it.

        1 is best, 0 is what the mean of all points would answer; empty where nothing
        was decoded.
        """
        if self.geometry is None:
            return {}
        table = scores_by_point(self.graph.embedding, ranks=False)
        names = self.graph.embedding.decoded
        return {name: table[name].to_numpy() for name in names}

    @cached_property
    def shares(self) -> dict[str, Floats]:
        """Modality to ``(E,)``: its share in d_R^2, what keeps the ends apart.

        They sum to 1, or are NaN where d_R is 0; empty where nothing was decoded.
        """
        if self.geometry is None:
            return {}
        source, target, _ = self.edges
        squared = self.geometry.squared("refined", source, target)
        parts = squared * np.array(list(self.geometry.weights.values()))
        total = parts.sum(axis=1, keepdims=True)
        shares = parts / np.where(total > 0, total, np.nan)
        return dict(zip(self.geometry.names, shares.T, strict=True))

    @cached_property
    def contradicted(self) -> Bools:
        """``(E, M)``: the ends are farther apart by the modality than most points."""
        return np.asarray(self.close > 0.5)

    @cached_property
    def listed(self) -> Bools:
        """``(2, E)``: the target is among the k nearest of the source, and back."""
        n = len(self.graph)
        directed = self.graph.edges("directed").keys(n)
        both = self.edges, self.edges.reverse
        return np.stack([np.isin(edges.keys(n), directed) for edges in both])

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row an edge: its ends, its modalities, what is proved of it.

        An edge is supported, or certified, when it is so from one of its ends.
        """
        source, target, length = self.edges
        ids = self.graph.ids
        columns: dict[str, Any] = {
            "source": ids[source],
            "target": ids[target],
            "distance": length,
            "pattern": self.pattern,
        }
        for m, name in enumerate(self.modalities):
            columns[f"close by {name}"] = self.close[:, m]
        columns["contradicted"] = self.contradicted.any(axis=1)
        columns |= {f"share of {name}": part for name, part in self.shares.items()}
        if self.proofs:
            bound = self.proofs["sum"].bound
            columns |= {"refined": bound.refined, "sum": bound.total}
            columns |= {"slack": bound.slack, "reach": bound.reach}
        for space, proof in self.proofs.items():
            for place, k in enumerate(proof.ks):
                true, proved = proof.supported[..., place], proof.certified[..., place]
                columns[f"supported by {space} at {k}"] = true.any(axis=0)
                columns[f"certified by {space} at {k}"] = proved.any(axis=0)
        return pd.DataFrame(columns)

    @cached_property
    def points(self) -> pd.DataFrame:
        """One row a point: its hub, its residual, its responsibility.

        ``id``, ``label`` (missing without one), ``in_degree``, ``hub``, ``hub by``
        (modalities, joined), ``emergent`` (share of its edges that no modality has),
        ``carrier`` (the modality by which the ends of its edges are closest, missing
        where it has none),
        ``rho``, then what `refnet_viz.responsibility.scores_by_point` says.
        """
        graph = self.graph
        names = np.array(self.modalities, dtype=object)
        columns: dict[str, Any] = {"id": graph.ids}
        if graph.labels is not None and graph.labels.ndim == 1:
            classes = np.array(graph.embedding.class_names, dtype=object)
            labelled = graph.labels >= 0
            columns["label"] = np.full(len(graph), None)
            columns["label"][labelled] = classes[graph.labels[labelled]]
        columns |= {
            "in_degree": in_degree(graph),
            "hub": hubs(graph),
            "hub by": [" + ".join(names[row]) for row in self._modal_hubs],
            "emergent": self.by_point(self.inside.sum(axis=1) == 0),
            "carrier": self._carriers(),
        }
        table = pd.DataFrame(columns)
        if self.geometry is None:
            return table
        table["rho"] = self.geometry.rho
        # A modality may be called "label" or "rho", too.
        renamed = {name: f"{name} (answer)" for name in self._scores if name in table}
        return pd.concat([table, self._scores.rename(columns=renamed)], axis=1)

    def _carriers(self) -> npt.NDArray[np.object_]:
        finite = np.isfinite(self.close)
        sums = [self.by_point(column) for column in np.where(finite, self.close, 0).T]
        counts = [self.by_point(column) for column in finite.T]
        with np.errstate(invalid="ignore"):
            means = np.divide(sums, counts)
        best = np.where(np.isnan(means), np.inf, means).argmin(axis=0)
        names = np.array(self.modalities, dtype=object)[best]
        names[np.isnan(means).all(axis=0)] = None
        return names

    @cached_property
    def _scores(self) -> pd.DataFrame:
        return scores_by_point(self.graph.embedding)

    def by_point(self, flag: npt.NDArray[Any]) -> Floats:
        """Return for each point the mean of a value over its edges, NaN without any.

        Parameters
        ----------
        flag
            ``(E,)`` bool or number.
        """
        source, target, _ = self.edges
        flag = _check.numbers("flag", flag)
        if flag.shape != source.shape:
            raise ValueError(
                f"`flag` must have one entry an edge, shape {source.shape}, "
                f"got shape {flag.shape}."
            )
        ends = np.append(source, target)
        sums = np.bincount(ends, np.append(flag, flag), minlength=len(self.graph))
        degree = self.graph.degree
        return sums / np.where(degree > 0, degree, np.nan)

    @cached_property
    def responsibility(self) -> pd.DataFrame:
        """Responsibility of z for each modality, `refnet_viz.responsibility.scores`."""
        return scores(self.graph.embedding, points=self._scores)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Supported and certified shares of all neighbours, a row a space and k'.

        space
            "sum" or a modality.
        k
            k', how many nearest were asked for.
        neighbors
            Neighbours in the fused graph that were judged: N k, less those that lack
            the modality.
        supported
            Share of them that are among the k' nearest of their point in the space.
        certified
            Share of them of which this is proved; never above supported.
        chance
            k' / (n - 1), n being the points that have what the space takes: what
            supported is for neighbours drawn at random.

        `summary_by_class` says the same of the points of each class.
        """
        return proof_table(self.proofs, self.listed)

    @cached_property
    def lipschitz(self) -> pd.DataFrame:
        """Certificates by the Lipschitz route, which proves little, a row a modality.

        constant (of the decoder), bound (median of ``lipschitz_bound`` over the true
        distance, over the edges; 1 is tight), certified (share of neighbours it proves
        to be among the nearest of the largest k' in the modality). Empty where no
        decoders are known.
        """
        return lipschitz_table(self.graph, self.proofs, self.listed)

    def summary_by_class(self) -> pd.DataFrame:
        """Return `summary` for the points of each class, with a column label.

        Raises
        ------
        ValueError
            If points have no labels or several.
        """
        labels = self.graph.labels
        if labels is None or labels.ndim != 1:
            raise ValueError(
                "`graphs` must have one label a point, got none or several."
            )
        source, target, _ = self.edges
        parts = []
        for number, name in enumerate(self.graph.embedding.class_names):
            of_class = self.listed & (labels[np.stack([source, target])] == number)
            if of_class.any():
                part = proof_table(self.proofs, of_class)
                parts.append(part.assign(label=name))
        return pd.concat(parts, ignore_index=True)

    @property
    def claim(self) -> str:
        """Sentence of what is proved of the neighbours; empty without proofs."""
        if not self.proofs:
            return ""
        row = self.summary[self.summary.space == "sum"].iloc[-1]
        return (
            f"{row.certified:.0%} of the neighbours shown are proved to be among the "
            f"{row.k} nearest by all modalities together (held-out residuals, Theorem "
            f"1); {row.supported:.0%} are, {row.chance:.0%} would be by chance."
        )

    def _repr_html_(self) -> str:
        tables = [self.patterns] + [self.summary] * bool(self.proofs)
        markup = "".join(
            table.to_html(index=False, float_format="{:.3f}".format) for table in tables
        )
        return (
            f"{len(self)} edges of {len(self.graph)} points, k = {self.graph.k}: which "
            f"modalities have them too, beside chance{markup}{self.claim}"
        )


def attribute(
    graphs: Any,
    *,
    weights: Mapping[str, float] | None = None,
    beyond: Sequence[int] = BEYOND,
) -> Any:
    """Say which modalities answer for every edge, and what is proved of it.

    Parameters
    ----------
    graphs
        A `Neighbors`, or a list or mapping of them, answered in the same shape. Usually
        those of the latent space; embeddings are searched by `knn` with its defaults.
        They need modalities; certificates also need decoded answers, of rows that were
        not trained on.
    weights
        Modality to w_m in both metrics; None takes those of the graph, see
        `Embedding.space`.
    beyond
        Certificates are asked for at these multiples of k.

    Returns
    -------
    Attribution
        Or a list or mapping of them; graphs over the same points come in the order of
        the first.

    Raises
    ------
    TypeError
        If a value is no Neighbors.
    ValueError
        If an embedding has no modalities, rows were trained on, or a number is out of
        range.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> attribute(knn(own, k=1)).patterns[["pattern", "edges"]]
        pattern  edges
    0    only a      2
    1    only b      0
    2  emergent      0
    """
    begin: list[Neighbors] = []
    every = _check.several("beyond", beyond)
    multiples = tuple(_check.integer("beyond", times, low=1) for times in every)
    grounds: dict[tuple[int, str], Grounds] = {}

    def one(graph: Any) -> Attribution:
        if not isinstance(graph, Neighbors):
            raise TypeError(
                f"`graphs` must hold Neighbors values, got {type(graph).__name__}."
            )
        if not graph.embedding.inputs:
            raise ValueError("`graphs` must have modalities to attribute to, got none.")
        begin.append(graph)
        if same_ids(graph.ids, begin[0].ids):
            graph = graph.reordered(begin[0].ids)
        search = graph.k, graph.metric
        ground = grounds.setdefault(search, Grounds(*search))
        modality_weights = graph.weights if weights is None else weights
        attribution = Attribution(graph, modality_weights, multiples, ground)
        _ = attribution.geometry  # refuses weights, and rows that were trained on
        return attribution

    return map_values(one, as_graphs(graphs))
