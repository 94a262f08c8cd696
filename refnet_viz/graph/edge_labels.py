"""Edges and labels: how often each kind of edge joins rows of one label."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, statistics
from .._nested import Variants
from ..data.answers import labelled
from .attribution import Attribution
from .patterns import EMERGENT
from .prediction import labels_of
from .sets import attribution_variants

Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

GROUPS = 20  # of rows, one left out at a time
REDUNDANT, SYNERGISTIC = "redundant", "synergistic"
FUSED, OWN = "fused", "own"


@dataclass(frozen=True, eq=False)
class LabelPairs:
    """Pairs of labelled rows, with whether they share a label.

    Parameters
    ----------
    labels
        ``(N,)``, or ``(N, C)`` of 0 and 1, of which sharing one counts.
    source, target
        ``(E,)`` rows of the ends.
    """

    labels: Rows
    source: Rows
    target: Rows

    def __len__(self) -> int:
        return len(self.source)

    def subset(self, keep: Bools) -> LabelPairs:
        """Return some of the pairs."""
        return LabelPairs(self.labels, self.source[keep], self.target[keep])

    def relabelled(self, labels: Rows) -> LabelPairs:
        """Return the same pairs with other labels."""
        return LabelPairs(labels, self.source, self.target)

    @cached_property
    def same(self) -> float:
        """Share of the pairs that share a label, NaN without any."""
        a, b = self.labels[self.source], self.labels[self.target]
        several = self.labels.ndim == 2
        alike = np.asarray((a & b).any(axis=1) if several else a == b)
        return float(alike.mean()) if len(alike) else math.nan

    @cached_property
    def chance(self) -> float:
        """The same of pairs drawn in proportion to the product of both degrees.

        The degrees are those that rows have in these pairs (Chung and Lu 2002).
        """
        n = len(self.labels)
        degree = np.bincount(self.source, minlength=n) + np.bincount(
            self.target, minlength=n
        )
        rows = np.flatnonzero(degree)
        weight = degree[rows].astype(np.float64)
        total = weight.sum() ** 2 - (weight**2).sum()
        if total <= 0:
            return math.nan
        kinds, kind = np.unique(self.labels[rows], axis=0, return_inverse=True)
        sums = np.bincount(kind.ravel(), weight)
        if self.labels.ndim == 1:
            return float(((sums**2).sum() - (weight**2).sum()) / total)
        both = sums @ ((kinds @ kinds.T > 0) @ sums)
        # A row without any of several labels shares none with itself.
        itself = (weight**2)[kinds[kind.ravel()].any(axis=1)].sum()
        return float((both - itself) / total)

    @cached_property
    def excess(self) -> float:
        """``(same - chance) / (1 - chance)``: 1 where all are the same, 0 by chance."""
        rest = 1 - self.chance
        return (self.same - self.chance) / rest if rest > 0 else math.nan

    @cached_property
    def bits(self) -> float:
        """Information of a pair on whether labels are shared: relative entropy.

        ``same log2(same / chance) + (1 - same) log2((1 - same) / (1 - chance))``; 0 for
        pairs that share labels no more often than by chance.
        """
        p, q = self.same, self.chance
        if math.isnan(p) or math.isnan(q) or p <= q:
            return math.nan if math.isnan(p) or math.isnan(q) else 0.0
        parts = [p * math.log2(p / q) if q > 0 else math.inf]
        parts += [(1 - p) * math.log2((1 - p) / (1 - q))] if p < 1 else []
        return sum(parts)


def label_edges(
    attributions: Any,
    *,
    permutations: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Say how often each kind of edge joins rows of one label, beside chance.

    Chance keeps the degree that every row has in edges of the kind: edges are drawn in
    proportion to the product of both degrees, so that a hub of a frequent class
    explains what it explains.

    Parameters
    ----------
    attributions
        An Attribution, a list of them (seeds), or a mapping of either, of the same rows
        in the same order. Rows need labels.
    permutations
        How often labels are permuted over the rows; 0 leaves the null empty.
    confidence
        Confidence level of intervals and of the null.
    seed
        Seed of permutations and of groups of rows.

    Returns
    -------
    pandas.DataFrame
        One row a variant, graph and kind:

        variant, graph, kind, seeds
            "fused": the edges of the fused graph; "own": those of the modalities' own
            graphs, fused or not. "unique: a" (only modality a has it), "redundant" (two
            or more have it), "emergent" (none has it: of the fused graph only), "all".
            How many seeds all numbers are the means of.
        edges, share
            Edges with labels at both ends, and their share of those of the graph.
        same, chance, null_low, null_high
            Share of them that join rows of one label (of several labels, one suffices);
            the same by chance; and where permuted labels put it.
        excess, low, high, over
            (same - chance) / (1 - chance), from 1 at best to 0 by chance and below,
            with its interval, and what that covers: "points", a delete-a-group
            jackknife of 20 random groups of rows, with their edges; of three seeds or
            more "both" these and the seeds, or below 20 rows "seeds"; "" without one,
            as of two seeds.
        bits
            Information of an edge on whether labels are shared: relative entropy of
            same to chance, from 0.

        An edge of the fused graph that a modality has as well is near in both, so what
        a modality's own neighbours say of the label stands in "own".

    Raises
    ------
    TypeError
        If a value is no Attribution.
    ValueError
        If rows have no labels or a number is out of range.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import attribute, knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(
    ...     x, labels=list("aabb"), modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> table = label_edges({"mine": attribute(knn(own, k=1))}, permutations=0)
    >>> table.loc[table.edges > 0, ["graph", "kind", "edges", "same"]]
       graph       kind  edges  same
    0  fused        all      2   1.0
    1  fused  unique: a      2   1.0
    5    own        all      4   0.5
    6    own  unique: a      2   1.0
    7    own  unique: b      2   0.0
    """
    permutations = _check.repeats("permutations", permutations, low=0)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    seed = _check.integer("seed", seed, low=0)
    rows = []
    for variant, members in _seeds_of(attributions).items():
        seeds = [member.graph.embedding.info.get("seed") for member in members]
        for graphs in zip(*(_graphs(member) for member in members), strict=True):
            graph, _, kinds = graphs[0]
            for kind in kinds:
                parts = [pairs.subset(keep[kind]) for _, pairs, keep in graphs]
                totals = [len(pairs) for _, pairs, _ in graphs]
                row: dict[str, Any] = {"variant": variant, "graph": graph, "kind": kind}
                row |= {"seeds": len(members)} | _counts(parts, totals)
                row |= _numbers(parts, seeds, confidence, seed)
                row |= _null(parts, permutations, confidence, seed)
                rows.append(row)
    columns = [
        "variant",
        "graph",
        "kind",
        "seeds",
        "edges",
        "share",
        "same",
        "chance",
        "null_low",
        "null_high",
        "excess",
        "low",
        "high",
        "over",
        "bits",
    ]
    return pd.DataFrame(rows, columns=columns)


def label_information(
    attributions: Any, *, confidence: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Return unique, redundant and synergistic information on the label, of neighbours.

    With I_m the information of the edges of modality m's own graph on whether labels
    are shared (`bits` of `label_edges`) and I that of the fused graph, it is the
    decomposition of minimum mutual information (Barrett 2015): redundant is the
    smallest I_m, unique to m by how much I_m exceeds those of all others, synergistic
    by how much I exceeds the largest I_m. What a fusion lost is no synergy, so 0 means
    that one modality's neighbours are as good.

    Parameters
    ----------
    attributions
        As in `label_edges`.
    confidence
        Confidence level of the intervals.
    seed
        Seed of the groups of rows.

    Returns
    -------
    pandas.DataFrame
        One row a variant and part:

        variant, part, seeds
            "redundant", "unique: a" of each modality, "synergistic"; how many seeds it
            is the mean of.
        bits, low, high, over
            Bits an edge, from 0, with the interval as in `label_edges`. By chance 0.

    Raises
    ------
    TypeError
        If a value is no Attribution.
    ValueError
        If rows have no labels or a number is out of range.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import attribute, knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(
    ...     x, labels=list("aabb"), modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> table = label_information({"mine": attribute(knn(own, k=1))})
    >>> table[["part", "bits"]].round(2)
              part  bits
    0    redundant  0.00
    1    unique: a  1.58
    2    unique: b  0.00
    3  synergistic  0.00
    """
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    seed = _check.integer("seed", seed, low=0)
    rows = []
    for variant, members in _seeds_of(attributions).items():
        seeds = [member.graph.embedding.info.get("seed") for member in members]
        names = [REDUNDANT, *(f"unique: {m}" for m in members[0].modalities)]
        names.append(SYNERGISTIC)
        graphs = [_own_and_fused(member) for member in members]
        whole = np.array([_parts(pairs) for pairs in graphs])
        without = np.array(
            [
                [
                    _parts([each.subset(keep(each)) for each in pairs])
                    for keep in _without_groups(len(members[0].graph), seed)
                ]
                for pairs in graphs
            ]
        )
        for i, name in enumerate(names):
            interval = _interval(whole[:, i], without[..., i], seeds, confidence)
            # A range that begins at 0, as `bits` does.
            interval |= {end: np.maximum(interval[end], 0.0) for end in ("low", "high")}
            row = {"variant": variant, "part": name, "seeds": len(members)}
            rows.append(row | {"bits": whole[:, i].mean()} | interval)
    columns = ["variant", "part", "seeds", "bits", "low", "high", "over"]
    return pd.DataFrame(rows, columns=columns)


def _seeds_of(attributions: Any) -> Variants[Attribution]:
    """Return variant to one Attribution a seed, over the same rows and modalities."""
    variants = attribution_variants(attributions)
    for name, members in variants.items():
        first = members[0]
        for i, member in enumerate(members[1:], start=1):
            if not np.array_equal(member.graph.ids, first.graph.ids):
                raise ValueError(
                    "`attributions` must have the same rows in the same order for all "
                    f"seeds of {name!r}, got others in seed {i}."
                )
            if member.modalities != first.modalities:
                raise ValueError(
                    "`attributions` must have the same modalities for all seeds of "
                    f"{name!r}, got {list(first.modalities)} and "
                    f"{list(member.modalities)}."
                )
    return variants


def _labels(attribution: Attribution) -> Rows:
    return np.asarray(labels_of(attribution.graph, None))


def _pairs(attribution: Attribution, source: Rows, target: Rows) -> LabelPairs:
    """Return those of some pairs that have labels at both ends."""
    labels = _labels(attribution)
    judged = labelled(labels, None, len(labels))
    both = judged[source] & judged[target]
    return LabelPairs(labels, source[both], target[both])


def _own_and_fused(attribution: Attribution) -> list[LabelPairs]:
    """Return the pairs of each modality's own graph, then those of the fused one."""
    n = len(attribution.graph)
    keys = [*_own_keys(attribution), attribution.edges.keys(n)]
    return [_pairs(attribution, *np.divmod(each, n)) for each in keys]


def _own_keys(attribution: Attribution) -> list[Rows]:
    """Return the numbers of the edges of each modality's own graph."""
    graph, keys = attribution.graph, []
    for name in attribution.modalities:
        ground = attribution.grounds.of(graph.embedding, name)
        none = np.empty(0, np.int64)
        keys.append(none if ground is None else ground.edges().keys(len(graph)))
    return keys


def _graphs(
    attribution: Attribution,
) -> Iterator[tuple[str, LabelPairs, dict[str, Bools]]]:
    """Yield the fused graph and the own ones, with the edges of each kind."""
    n, own = len(attribution.graph), _own_keys(attribution)
    both = np.sort(np.concatenate(own))
    for name, keys in (
        (FUSED, attribution.edges.keys(n)),
        (OWN, both[np.diff(both, prepend=-1) > 0]),
    ):
        pairs = _pairs(attribution, *np.divmod(keys, n))
        kept = pairs.source * n + pairs.target
        members = np.column_stack([np.isin(kept, each) for each in own])
        count = members.sum(axis=1)
        kinds = {"all": np.ones(len(kept), dtype=bool)}
        for column, modality in zip(members.T, attribution.modalities, strict=True):
            kinds[f"unique: {modality}"] = column & (count == 1)
        kinds[REDUNDANT] = count > 1
        if name == FUSED:
            kinds[EMERGENT] = count == 0
        yield name, pairs, kinds


def _without_groups(n: int, seed: int) -> list[Callable[[LabelPairs], Bools]]:
    """Return, for each group of rows, which pairs have no end in it."""
    groups = min(GROUPS, n)
    dealt = np.random.default_rng(seed).permutation(np.arange(n) % groups)

    def outside(group: int) -> Callable[[LabelPairs], Bools]:
        return lambda pairs: np.asarray(
            (dealt[pairs.source] != group) & (dealt[pairs.target] != group)
        )

    return [outside(group) for group in range(groups)]


def _counts(parts: list[LabelPairs], totals: list[int]) -> dict[str, float]:
    """Return the number of edges of a kind and their share, means over seeds."""
    counts = [len(part) for part in parts]
    shares = [part / max(1, all_) for part, all_ in zip(counts, totals, strict=True)]
    number = counts[0] if len(counts) == 1 else float(np.mean(counts))
    return {"edges": number, "share": float(np.mean(shares))}


def _numbers(
    parts: list[LabelPairs], seeds: list[object], confidence: float, seed: int
) -> dict[str, Any]:
    """Return the share that joins one label, its chance, excess and interval."""
    means = {
        name: float(np.mean([getattr(pairs, name) for pairs in parts]))
        for name in ("same", "chance", "excess", "bits")
    }
    without = [
        [
            pairs.subset(keep(pairs)).excess
            for keep in _without_groups(len(pairs.labels), seed)
        ]
        for pairs in parts
    ]
    excess = np.array([pairs.excess for pairs in parts])
    return means | _interval(excess, np.array(without), seeds, confidence)


def _interval(
    whole: Floats, without: Floats, seeds: list[object], confidence: float
) -> dict[str, Any]:
    """Return the interval of a mean over seeds, and what it covers.

    Parameters
    ----------
    whole
        ``(S,)`` the number of every seed.
    without
        ``(S, G)`` the same without each group of rows.
    seeds, confidence
        Seed of each, and confidence level.
    """
    if len(whole) == 1:
        alone = statistics.jackknife(whole[0], without[0], confidence=confidence)
        over = "points" if math.isfinite(alone.low) else ""
        return {"low": alone.low, "high": alone.high, "over": over}
    groups = without.shape[1]
    # Parts whose squares sum to the jackknife's variance.
    points = without - without.mean(axis=1, keepdims=True)
    points *= math.sqrt((groups - 1) / groups)
    sample = statistics.Sample(whole, seeds, points, groups - 1)
    low, high, over = statistics.band(sample, confidence)
    return {"low": low, "high": high, "over": over}


def _null(
    parts: list[LabelPairs], permutations: int, confidence: float, seed: int
) -> dict[str, float]:
    """Return the band of the mean share when labels are permuted over labelled rows."""
    if not permutations or not all(len(pairs) for pairs in parts):
        return {"null_low": math.nan, "null_high": math.nan}
    draws = []
    for pairs in parts:
        rng = np.random.default_rng(seed)  # the same permutations for every seed
        rows = np.flatnonzero(labelled(pairs.labels, None, len(pairs.labels)))
        shares = []
        for _ in range(permutations):
            labels = pairs.labels.copy()
            labels[rows] = rng.permutation(labels[rows])
            shares.append(pairs.relabelled(labels).same)
        draws.append(shares)
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.mean(draws, axis=0), [tail, 1 - tail])
    return {"null_low": float(low), "null_high": float(high)}


def _parts(pairs: list[LabelPairs]) -> list[float]:
    """Return redundant, unique and synergistic bits of own graphs and the fused one.

    NaN where they depend on a graph without edges.
    """
    *own, fused = np.array([each.bits for each in pairs])
    unique = [
        np.maximum(bits - np.max([*own[:m], *own[m + 1 :], 0.0]), 0.0)
        for m, bits in enumerate(own)
    ]
    redundant = np.min(own) if len(own) > 1 else 0.0
    return [float(x) for x in (redundant, *unique, np.maximum(fused - np.max(own), 0))]
