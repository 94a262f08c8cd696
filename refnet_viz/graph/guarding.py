"""Regression test of neighbourhoods: whether a new embedding rewires too much."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# scipy.stats says the same but takes a second to import.
from scipy.special import pdtr, stdtr, stdtrit

from .. import _check, statistics
from .._frozen import freeze
from .._nested import check_same_points
from .._spaces import as_spaces
from ..embedding import Embedding
from .neighbors import DISTANCES, Neighbors
from .pairs import mean_of, shared
from .search import knn

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TOLERANCE = 0.05  # mean rewiring that passes where nothing is stated
FALSE_ALARMS = 0.05
LEAST = 2  # reference embeddings: with the old one they are three
# Spread that seeds are expected to have, as a share of the mean Jaccard index and,
# beyond that of drawing rows, of the share at chance; it weighs as so many seeds do.
SPREAD, SPREAD_AT_CHANCE, PRIOR = 0.1, 0.5, 4
BY_CHANCE = 0.01  # rows placed at random that share more than `most_by_chance`
SHOWN = 8  # rows of the summary


@dataclass(frozen=True, eq=False)
class Guard:
    """Verdict on a new embedding, with the numbers it rests on.

    Made by `guard`. It is true where the new embedding passed, so ``assert
    guard(old, new)`` is a test, whose failure shows the sentence.

    Parameters
    ----------
    ids
        ``(N,)`` names of the rows, in the order of the old embedding.
    labels
        ``(N,)`` class names, or None without labels.
    k
        Neighbours a row.
    rewired
        ``(N,)`` rewiring of each row from old to new, from 0 (nothing changed) to 1 (no
        neighbour kept); NaN for rows that one of the two lacks.
    between_seeds
        ``(N,)`` mean rewiring of each row between any two of the old and the reference
        embeddings; NaN without reference.
    lost
        ``(N,)`` bool: the row shares no more neighbours with the others than a row that
        is placed at random.
    tests
        One row a test, see `table`.
    """

    ids: npt.NDArray[np.str_]
    labels: npt.NDArray[np.object_] | None = field(repr=False)
    k: int
    rewired: Floats = field(repr=False)
    between_seeds: Floats = field(repr=False)
    lost: Bools = field(repr=False)
    tests: tuple[Mapping[str, Any], ...] = field(repr=False)

    def __post_init__(self) -> None:
        freeze(self, "ids", "rewired", "between_seeds", "lost")

    def __bool__(self) -> bool:
        return self.passed

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return all(test["passed"] for test in self.tests)

    @property
    def table(self) -> pd.DataFrame:
        """One row a test.

        test
            "mean rewiring" or "stable rows at chance", as between seeds, or "tolerated
            rewiring".
        new, low, high
            The number of the new embedding; of tolerated rewiring with its 95 %
            interval over rows like these.
        limit
            What it may be at most.
        seeds
            The mean of the same number over the old and the reference embeddings.
        chance
            What a row placed at random has.
        p
            One-sided p value of a new embedding that is one more seed; NaN of the
            tolerance, which is no test of chance.
        passed
            Whether `new` is at most `limit`.
        """
        return pd.DataFrame(list(self.tests))

    @property
    def moved(self) -> pd.DataFrame:
        """Those of `rows` with another neighbour."""
        return self.rows[self.rows["rewired"] > 0]

    @cached_property
    def rows(self) -> pd.DataFrame:
        """One row of the data each, those that moved most first.

        id, label, rewired, between seeds, excess (the difference of the two; of
        `rewired` without reference) and lost. Lost rows stand first, then those of
        largest excess.
        """
        base = np.where(np.isnan(self.between_seeds), 0.0, self.between_seeds)
        columns: dict[str, Any] = {"id": self.ids}
        if self.labels is not None:
            columns["label"] = self.labels
        columns |= {
            "rewired": self.rewired,
            "between seeds": self.between_seeds,
            "excess": self.rewired - base,
            "lost": self.lost,
        }
        excess = np.where(np.isnan(self.rewired), -np.inf, self.rewired - base)
        order = np.lexsort((np.arange(len(base)), -excess, ~self.lost))
        return pd.DataFrame(columns).iloc[order].reset_index(drop=True)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, each number beside what it may be."""
        words = "; ".join(_words(test) for test in self.tests)
        state = "passed" if self.passed else "failed"
        return f"{state}: {len(self.ids):,} rows, k = {self.k}: {words}."

    def __repr__(self) -> str:
        moved = ", ".join(self.moved["id"].head(SHOWN).tolist())
        return f"Guard({self.sentence} Moved most: {moved or 'none'}.)"

    def _repr_html_(self) -> str:
        style: dict[str, Any] = {"index": False, "float_format": "{:.3f}".format}
        return (
            f"<b>guard</b> {html.escape(self.sentence)}{self.table.to_html(**style)}"
            f"Rows that moved most:{self.moved.head(SHOWN).to_html(**style)}"
        )


def _words(test: Mapping[str, Any]) -> str:
    name, unit = test["test"], ".3f"
    if name == "tolerated rewiring":
        return (
            f"rewiring {test['new']:{unit}} [{test['low']:{unit}}, "
            f"{test['high']:{unit}}] (at most {test['limit']:{unit}}, chance "
            f"{test['chance']:{unit}})"
        )
    unit = ".3f" if name == "mean rewiring" else ".1%"
    return (
        f"{name} {test['new']:{unit}} (at most {test['limit']:{unit}}; seeds "
        f"{test['seeds']:{unit}}, chance {test['chance']:{unit}}, p {test['p']:.2g})"
    )


def guard(
    old: Any,
    new: Any,
    *,
    k: int = _check.K,
    reference: Any = None,
    tolerance: float | None = None,
    space: str = "latent",
    metric: str = "euclidean",
) -> Guard:
    """Say whether a new embedding rewires no more than two seeds do, or a tolerance.

    For a changed encoder, version, precision or machine. With `reference` the old, the
    new and the reference embeddings are one pool. Each is compared with all others by
    two numbers: its mean rewiring, and the share of stable rows that are at chance.
    Stable is the half of the rows on which the others agree most; at chance are those
    whose lists share no more with those of all others than a row placed at random does
    (Poisson, 99 %). If the new one is one more seed, the numbers of the pool are
    exchangeable, and that of the new one minus the mean of the others, over their
    standard deviation times ``sqrt(1 + 1 / n)``, has Student's t distribution with n -
    1 degrees of freedom where they are normal, however they are correlated by the pairs
    they share.
    The standard deviation of a few seeds says little, so it is moderated (Smyth 2004,
    with 4 degrees of freedom) by one that seeds are expected to have: 10 % of the mean
    Jaccard index, and 50 % of the share at chance beyond that of drawing rows. Each
    number is tested at 2.5 %, so that about 5 % of new seeds fail at most. The mean
    sees what moves all rows a little, the share what moves a few of them anywhere.
    Where seeds share few neighbours (a rewiring of .8), two references are too few to
    see that a tenth of 400 rows moved; five are enough.

    Parameters
    ----------
    old, new
        An `Embedding`, its graph, or vectors ``(N, d)``; frames, whose index names the
        rows, are paired by name, in any order. Widths may differ.
    k
        Neighbours a row.
    reference
        Two or more embeddings of the old encoder with other seeds. Copies of the old
        one, or of another, are left out.
    tolerance
        The largest mean rewiring that passes, from 0 to 1. None takes .05 where there
        is no reference either; with both, both must pass.
    space, metric
        As in `knn`.

    Returns
    -------
    Guard
        True where it passed.

    Raises
    ------
    TypeError
        If a value is no embedding, graph or array.
    ValueError
        If rows have other names or labels, fewer than two references differ, or `k` or
        the tolerance is out of range.

    Notes
    -----
    Estimand: by `reference`, whether the new embedding is a draw from the seeds of the
    old encoder, on these rows; by `tolerance`, the mean rewiring of these rows, as it
    is, without a test.

    Assumptions: old and references are exchangeable draws of one encoder, and the new
    one too where nothing changed; the numbers of the pool are about normal, or their
    spread as large as that of seeds usually is. No claim is made on other rows.

    Sources: the t interval of one more observation (prediction interval), Fisher 1935;
    moderated variances, Smyth 2004; two tests at half the error each, Bonferroni. False
    alarms and detection that were measured: tests/benchmarks/RESULTS.md.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> old = rng.normal(size=(200, 5))
    >>> guard(old, old + 1e-6).sentence.split(":")[0]
    'passed'
    >>> moved = np.concatenate([rng.normal(size=(20, 5)), old[20:]])
    >>> result = guard(old, moved)
    >>> result.passed, set(result.rows["id"][:15]) <= {str(i) for i in range(20)}
    (False, True)
    """
    _check.one_of("metric", metric, DISTANCES)
    if tolerance is None and reference is None:
        tolerance = TOLERANCE
    if tolerance is not None:
        tolerance = _check.number("tolerance", tolerance, low=0, high=1)
    values = [old, new, *_references(reference)]
    names = ["old", "new", *(f"reference[{i}]" for i in range(len(values) - 2))]
    graphs = [
        _graph(value, name, k, space, metric)
        for value, name in zip(values, names, strict=True)
    ]
    graphs = [
        graph.reordered(graphs[0].ids, name=name, like="old")
        for graph, name in zip(graphs, names, strict=True)
    ]
    for name, graph in zip(names[1:], graphs[1:], strict=True):
        check_same_points(name, graph, "old", graphs[0])
    if reference is not None:
        graphs = _distinct(graphs)
    pool = _Pool(graphs)
    tests = [] if tolerance is None else [pool.tolerated(tolerance)]
    tests += [] if reference is None else pool.as_seeds()
    return Guard(
        graphs[0].ids,
        _classes(graphs[0].embedding),
        graphs[0].k,
        pool.rewiring(0, 1),
        pool.between_seeds,
        pool.at_chance[1],
        tuple(tests),
    )


def _references(reference: Any) -> list[Any]:
    """Return the reference embeddings as a list."""
    if reference is None:
        return []
    if isinstance(reference, Mapping):
        raise TypeError(
            "`reference` must be a list of embeddings of other seeds, got a mapping."
        )
    several = isinstance(reference, list | tuple)
    return list(reference) if several else [reference]


def _graph(value: Any, name: str, k: int, space: str, metric: str) -> Neighbors:
    """Return the graph of one embedding."""
    if isinstance(value, Neighbors):
        if value.metric != metric or value.space != space:
            raise ValueError(
                f"`{name}` must be a graph of the {metric} distance in {space!r}, got "
                f"{value.metric} in {value.space!r}."
            )
        return value if value.k == k else value.head(k)
    embedding = as_spaces(value, name, kinds="Embedding, Neighbors")
    if not isinstance(embedding, Embedding):
        raise TypeError(
            f"`{name}` must be one embedding, graph or array, "
            f"got a {type(value).__name__}."
        )
    graph: Neighbors = knn(embedding, k, space=space, metric=metric)
    return graph


def _distinct(graphs: Sequence[Neighbors]) -> list[Neighbors]:
    """Return old, new and the references that differ from old and one another."""
    old, new, *others = graphs
    kept = [old]
    for graph in others:
        if not any(np.array_equal(graph.indices, one.indices) for one in kept):
            kept.append(graph)
    if len(kept) <= LEAST:
        raise ValueError(
            f"`reference` must hold at least {LEAST} embeddings of other seeds, which "
            f"differ from `old` and one another, got {len(kept) - 1} "
            "(a tolerance needs none)."
        )
    return [old, new, *kept[1:]]


def _classes(embedding: Embedding) -> npt.NDArray[np.object_] | None:
    labels = embedding.labels
    if labels is None or labels.ndim != 1:
        return None
    names = np.array([*embedding.class_names, None], dtype=object)
    return np.asarray(names[labels])


@dataclass(frozen=True, eq=False)
class _Pool:
    """Graphs of old, new and reference embeddings over the same rows, in this order."""

    graphs: list[Neighbors]

    @cached_property
    def counts(self) -> Floats:
        """``(G, G, N)``: neighbours that each row has in both graphs."""
        size = len(self.graphs)
        counts = np.full((size, size, len(self.graphs[0])), np.nan)
        for i, j in combinations(range(size), 2):
            counts[i, j] = counts[j, i] = shared(self.graphs[i], self.graphs[j])
        return counts

    def rewiring(self, i: int, j: int) -> Floats:
        """Return ``(N,)`` the rewiring of each row between two of them."""
        both = self.counts[i, j]
        return np.asarray(1 - both / (2 * self.graphs[0].k - both))

    @cached_property
    def mean_rewiring(self) -> Floats:
        """``(G,)``: mean rewiring of each from all others."""
        size = len(self.graphs)
        means = np.zeros((size, size))
        for i, j in combinations(range(size), 2):
            means[i, j] = means[j, i] = mean_of(self.rewiring(i, j))
        return np.asarray(means.sum(axis=1) / (size - 1))

    @cached_property
    def between_seeds(self) -> Floats:
        """``(N,)``: mean rewiring between all but the new one; NaN for one alone."""
        seeds = [0, *range(2, len(self.graphs))]
        pairs = [self.rewiring(i, j) for i, j in combinations(seeds, 2)]
        if not pairs:
            return np.full(len(self.graphs[0]), np.nan)
        return np.asarray(np.mean(pairs, axis=0))

    @cached_property
    def at_chance(self) -> Bools:
        """``(G, N)``: rows that share no more with all others than by chance."""
        sums = np.nansum(self.counts, axis=1)
        return np.asarray(sums <= self.most_by_chance) & self.present

    @cached_property
    def present(self) -> Bools:
        """``(N,)``: rows that all graphs have."""
        return np.all([graph.present for graph in self.graphs], axis=0)

    @property
    def mean_by_chance(self) -> float:
        """Neighbours that a row placed at random shares with all others."""
        k, n = self.graphs[0].k, max(len(graph.compact) for graph in self.graphs)
        return (len(self.graphs) - 1) * k * k / (n - 1)

    @cached_property
    def most_by_chance(self) -> int:
        """The most that a row placed at random shares, but for one in a hundred."""
        counts = np.arange(len(self.graphs) * self.graphs[0].k + 1)
        return int(np.searchsorted(pdtr(counts, self.mean_by_chance), 1 - BY_CHANCE))

    def tolerated(self, tolerance: float) -> dict[str, Any]:
        """Return the test of the mean rewiring against a tolerance."""
        rewired = self.rewiring(0, 1)[self.present]
        low, high = statistics.share_interval(rewired)
        value = float(rewired.mean())
        return {
            "test": "tolerated rewiring",
            "new": value,
            "low": low,
            "high": high,
            "limit": tolerance,
            "seeds": math.nan,
            "chance": self.unrelated,
            "p": math.nan,
            "passed": value <= tolerance,
        }

    @property
    def unrelated(self) -> float:
        """Rewiring between unrelated graphs, by the mean of what lists share."""
        k = self.graphs[0].k
        both = k * k / (max(len(graph.compact) for graph in self.graphs) - 1)
        return 1 - both / (2 * k - both)

    def stable_at_chance(self) -> tuple[Floats, int]:
        """Return shares of rows at chance, among those on which the others agree.

        For each graph the half of the rows of which any two of the others share most
        neighbours, and how many rows that is.
        """
        rows = np.flatnonzero(self.present)
        sums = np.nansum(self.counts, axis=1)[:, rows]
        others = sums.sum(axis=0) / 2 - sums  # of pairs without the graph
        half = (len(rows) + 1) // 2
        stable = np.argsort(-others, axis=1, kind="stable")[:, :half]
        lost = np.take_along_axis(self.at_chance[:, rows], stable, axis=1)
        return lost.mean(axis=1), half

    def as_seeds(self) -> list[dict[str, Any]]:
        """Return the tests of the new one as one more seed."""
        jaccard = np.maximum(1 - self.mean_rewiring, np.finfo(float).tiny)
        p, top = _one_more(-np.log(jaccard), SPREAD**2)
        limit = 1 - math.exp(-top)
        mean = _test("mean rewiring", self.mean_rewiring, limit, self.unrelated, p)
        shares, half = self.stable_at_chance()
        seeds = (np.delete(shares, 1).sum() * half + 0.5) / ((len(shares) - 1) * half)
        # Variances of arcsine square roots: of drawing rows, and of seeds.
        prior = 1 / (4 * half) + SPREAD_AT_CHANCE**2 * seeds / 4
        p, top = _one_more(_angles(shares, half), prior)
        limit = math.sin(min(top, math.pi / 2)) ** 2 * (1 + 0.75 / half) - 0.375 / half
        return [mean, _test("stable rows at chance", shares, limit, 1 - BY_CHANCE, p)]


def _angles(shares: Floats, rows: int) -> Floats:
    """Return shares on a scale on which their variance is even (Anscombe 1948)."""
    return np.asarray(np.arcsin(np.sqrt((shares + 0.375 / rows) / (1 + 0.75 / rows))))


def _one_more(values: Floats, prior: float) -> tuple[float, float]:
    """Return p that the second of some numbers is one more of the others, and its top.

    The variance of the others is moderated by a prior one, as Smyth 2004 does with
    genes, since that of three seeds says little.

    Parameters
    ----------
    values
        ``(G,)`` numbers of old, new and the reference embeddings.
    prior
        Variance that seeds are expected to have.
    """
    others, new = np.delete(values, 1), float(values[1])
    n, mean = len(others), float(others.mean())
    freedom = n - 1 + PRIOR
    variance = ((n - 1) * others.var(ddof=1) + PRIOR * prior) / freedom
    error = math.sqrt(variance * (1 + 1 / n))
    top = mean + float(stdtrit(freedom, 1 - FALSE_ALARMS / 2)) * error
    return float(stdtr(freedom, (mean - new) / error)), top


def _test(
    name: str, values: Floats, limit: float, chance: float, p: float
) -> dict[str, Any]:
    """Return a row of the table of tests."""
    return {
        "test": name,
        "new": float(values[1]),
        "low": math.nan,
        "high": math.nan,
        "limit": min(limit, 1.0),
        "seeds": float(np.delete(values, 1).mean()),
        "chance": chance,
        "p": p,
        "passed": bool(p > FALSE_ALARMS / 2),
    }
