"""Pairs of variants: whether a changed loss changes more than a changed seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, statistics
from .._nested import aligned, as_variants, distinct
from .._progress import progress
from ..embedding import present_rows
from .alignment import linear_cka, second_order_cosine
from .halves import of_shared as halves_of_shared
from .influence import jaccard_of, of_cka, of_mean, of_shared
from .neighbors import Neighbors
from .pairs import in_both, in_line, jaccard, mean_of, rbo, shuffled

Floats = npt.NDArray[np.float64]


def _cka(a: Neighbors, b: Neighbors) -> float:
    both = in_both(a, b)
    if both.sum() <= 3:
        return float("nan")
    return linear_cka(*(present_rows(graph.points(), both) for graph in (a, b)))


@dataclass(frozen=True)
class Measure:
    """A similarity of two graphs.

    Parameters
    ----------
    value
        The similarity.
    influence
        ``(N,)`` what every point has to do with it (`graph.influence`).
    halves
        ``(R,)`` half its difference between two halves of the points, where that is
        known (`graph.halves`).
    """

    value: Callable[[Neighbors, Neighbors], float]
    influence: Callable[[Neighbors, Neighbors], Floats]
    halves: Callable[[Neighbors, Neighbors], Floats | None] | None = None


def _of_vectors(measure: Measure) -> Measure:
    """Return the measure, NaN where one of the graphs has no vectors."""

    def with_vectors(a: Neighbors, b: Neighbors) -> bool:
        return bool(a.embedding.shape[1] and b.embedding.shape[1])

    def value(a: Neighbors, b: Neighbors) -> float:
        return measure.value(a, b) if with_vectors(a, b) else float("nan")

    def influence(a: Neighbors, b: Neighbors) -> Floats:
        if not with_vectors(a, b):
            return np.full(len(a), np.nan)
        return measure.influence(a, b)

    return Measure(value, influence)


def _of_cka(a: Neighbors, b: Neighbors) -> Floats:
    both = in_both(a, b)
    influences = np.zeros(len(a))
    if both.sum() <= 3:
        return np.full(len(a), np.nan)
    spaces = (present_rows(graph.points(), both) for graph in (a, in_line(a, b)))
    influences[both] = of_cka(*spaces) * (len(a) / both.sum())
    return influences


def _mean(by_point: Callable[[Neighbors, Neighbors], Floats]) -> Measure:
    """Return the mean of a measure of points, which enter no other's."""
    return Measure(
        lambda a, b: mean_of(by_point(a, b)), lambda a, b: of_mean(by_point(a, b))
    )


MEASURES: dict[str, Measure] = {
    "knn_jaccard": Measure(
        lambda a, b: mean_of(jaccard(a, b)),
        lambda a, b: of_shared(a, b, jaccard_of),
        lambda a, b: halves_of_shared(a, in_line(a, b), jaccard_of),
    ),
    "rbo": _mean(rbo),
    "cka": _of_vectors(Measure(_cka, _of_cka)),
    "second_order_cosine": _of_vectors(_mean(second_order_cosine)),
}
FAMILY = ("knn_jaccard",)  # what the table asks first


def compare_pairs(
    graphs: Mapping[str, Neighbors | Sequence[Neighbors]],
    *,
    over: str = "both",
    family: Sequence[str] = FAMILY,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each two variants, beside the same variant with another seed.

    Parameters
    ----------
    graphs
        Variant to its graph, or to one graph a seed, all over the same points.
    over
        What intervals cover: "seeds", "points" or "both", as in `compare`.
    family
        Measures that the table asks first; the others are the rest.
    confidence
        Confidence level of bands and intervals.
    seed
        Seed of the exchange of points that gives chance.

    Returns
    -------
    pandas.DataFrame
        One row a measure and pair of variants; all measures are similarities, over
        the points that are in both graphs.

        metric, first, second
            "knn_jaccard", "rbo", "cka" or "second_order_cosine", and whom it compares.
        mean, low, high, seeds
            Mean over runs of the same seed (in their order where seeds do not match),
            with its confidence interval.
        floor
            Mean over two runs of one variant with different seeds: what a changed
            seed alone leaves.
        difference, diff_low, diff_high
            Mean minus floor, with its interval: over seeds by the jackknife, over
            points by their influences.
        over
            What the interval of the difference covers.
        verdict
            "lower" where the variants are less alike than two seeds of one are, and so
            on, as in `compare`; three seeds are needed, or two for `over="points"`.
        holm
            P value of the difference, corrected for the questions of its family.
        chance
            The same measure with the points of the second exchanged at random.
        pairing
            "paired" or "unpaired".

    Raises
    ------
    TypeError
        If `graphs` is a bare graph.
    ValueError
        If the points differ.

    Notes
    -----
    Estimand: the expected similarity of two variants trained with one seed, minus that
    of one variant trained with two, over seeds anew, over test rows anew, as many and
    of the same kind, or over both.

    Assumptions: as of `compare`. Pairs of runs share seeds, so pairs are no independent
    values: seeds are left out one by one, pseudo-values then stand for them.

    Sources: jackknife, Tukey 1958; kNN Jaccard and second-order cosine, Hamilton,
    Leskovec, Jurafsky 2016; RBO, Webber, Moffat, Zobel 2010; CKA, Kornblith, Norouzi,
    Lee, Hinton 2019; intervals and verdicts as of `compare`.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = np.array([[0.0], [1.0], [3.0], [6.0]])
    >>> table = compare_pairs({"plain": knn(line, k=1), "bent": knn(line**2, k=1)})
    >>> table.loc[:1, ["metric", "mean", "verdict"]]
            metric  mean              verdict
    0  knn_jaccard   1.0  cannot tell: 1 seed
    1          rbo   1.0  cannot tell: 1 seed
    """
    variants = aligned("graphs", as_variants("graphs", graphs, Neighbors))
    distinct("graphs", variants)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    _check.one_of("over", over, statistics.OVER)
    first = _check.several_of("family", family, MEASURES)
    rows = []
    for name, measure in progress(MEASURES.items(), "measures", delay=1):
        within = {key: _within(measure, runs, over) for key, runs in variants.items()}
        for one, other in combinations(variants, 2):
            both = variants[one], variants[other]
            tables = within[one], within[other]
            pairs, row = _judged(measure, both, tables, over, confidence)
            chance = np.mean(
                [measure.value(x, shuffled(y, seed=seed)) for x, y in pairs]
            )
            named = {"metric": name, "first": one, "second": other}
            rows.append({**named, **row, "chance": float(chance)})
    table = pd.DataFrame(rows, columns=[*_COLUMNS, "p", "reason"])
    primary = [
        statistics.PRIMARY if name in first else statistics.REST
        for name in table["metric"]
    ]
    table["verdict"], table["holm"] = statistics.judge(
        table["difference"].to_numpy(dtype=float),
        table["p"].to_numpy(dtype=float),
        primary,
        table["reason"].tolist(),
        confidence=confidence,
    )
    return table[_COLUMNS]


_COLUMNS = [
    "metric",
    "first",
    "second",
    "mean",
    "low",
    "high",
    "seeds",
    "floor",
    "difference",
    "diff_low",
    "diff_high",
    "over",
    "verdict",
    "holm",
    "chance",
    "pairing",
]


def judged_pair(
    measure: Measure,
    first: list[Neighbors],
    second: list[Neighbors],
    *,
    confidence: float,
    over: str = "both",
) -> dict[str, Any]:
    """Return the row of one measure and two variants, without chance and verdict.

    Parameters
    ----------
    measure
        Similarity of two graphs.
    first, second
        The graphs of each variant, one a seed.
    confidence, over
        As in `compare_pairs`.

    Returns
    -------
    dict
        The columns of `compare_pairs`; "p", and "reason" where there is none, are what
        `statistics.judge` asks for.
    """
    tables = [_within(measure, runs, over) for runs in (first, second)]
    return _judged(measure, [first, second], tables, over, confidence)[1]


def judged_change(rows: Sequence[Mapping[str, Any]], *, confidence: float) -> list[str]:
    """Return the verdicts on changes, of rows of similarities asked for together.

    Parameters
    ----------
    rows
        What `judged_pair` returned, one a question.
    confidence
        As in `compare_pairs`.

    Returns
    -------
    list
        "higher" where more changes than between two seeds of one variant, and so on
        (`statistics.verdict`).
    """
    return statistics.judge(
        [-row.get("difference", np.nan) for row in rows],
        [row["p"] for row in rows],
        [statistics.PRIMARY] * len(rows),
        [row["reason"] for row in rows],
        confidence=confidence,
    )[0]


@dataclass(frozen=True)
class _Within:
    """A measure of each two runs of one variant, symmetric, NaN on the diagonal.

    Parameters
    ----------
    values
        ``(S, S)``.
    influences
        ``(S, S, N)``; None where points are not asked for.
    """

    values: Floats
    influences: Floats | None

    def at(self, rows: Sequence[int]) -> _Within:
        """Return the part of some of the runs."""
        square = np.ix_(rows, rows)
        of_points = None if self.influences is None else self.influences[square]
        return _Within(self.values[square], of_points)


def _judged(
    measure: Measure,
    runs: Sequence[list[Neighbors]],
    within: Sequence[_Within],
    over: str,
    confidence: float,
) -> tuple[list[tuple[Neighbors, Neighbors]], dict[str, Any]]:
    """Return the pairs of runs that are compared, and what they say."""
    a, b, pairing = _aligned(*runs)
    pairs = [(runs[0][i], runs[1][j]) for i, j in zip(a, b, strict=True)]
    between = np.array([measure.value(*pair) for pair in pairs])
    influences, freedom = None, 0.0
    if over != "seeds":
        influences, freedom = _points(measure, pairs)
    sample = statistics.Sample(between, [None] * len(pairs), influences, freedom)
    row = _row(sample, (within[0].at(a), within[1].at(b)), over, confidence)
    return pairs, {**row, "pairing": pairing}


def _within(measure: Measure, runs: list[Neighbors], over: str) -> _Within:
    """Return the measure of each two runs, first rows leading."""
    count = len(runs)
    values = np.full((count, count), np.nan)
    influences = None
    if over != "seeds":
        pairs = list(combinations(runs, 2))
        of_points = _points(measure, pairs)[0] if pairs else np.empty((0, 0))
        influences = np.full((count, count, of_points.shape[1]), np.nan)
        for (i, j), one in zip(combinations(range(count), 2), of_points, strict=True):
            influences[i, j] = influences[j, i] = one
    for i, j in combinations(range(count), 2):
        values[i, j] = values[j, i] = measure.value(runs[i], runs[j])
    return _Within(values, influences)


def _points(
    measure: Measure, pairs: Sequence[tuple[Neighbors, Neighbors]]
) -> tuple[Floats, float]:
    """Return what the draw of points adds to each pair: see `statistics.Sample`."""
    if measure.halves is not None:
        halves = [measure.halves(*pair) for pair in pairs]
        parts = [half for half in halves if half is not None]
        if len(parts) == len(halves):
            return statistics.by_halves(np.array(parts))
    influences = [measure.influence(*pair) for pair in pairs]
    return statistics.by_influences(np.array(influences))


def _aligned(
    first: list[Neighbors], second: list[Neighbors]
) -> tuple[list[int], list[int], str]:
    seeds = [
        [graph.embedding.info.get("seed") for graph in runs] for runs in (first, second)
    ]
    common = statistics.shared_seeds(*seeds)
    if common is not None:
        return *common, "paired"
    order = list(range(min(len(first), len(second))))
    return order, order, "unpaired"


def _row(
    between: statistics.Sample,
    within: tuple[_Within, _Within],
    over: str,
    confidence: float,
) -> dict[str, Any]:
    count = len(between.values)
    low, high, _ = statistics.band(between, confidence, (-1.0, 1.0), over=over)
    mean = float(between.values.mean())
    row: dict[str, Any] = {
        "mean": mean,
        "low": low,
        "high": high,
        "seeds": count,
        "over": "",
        "p": np.nan,
        "reason": statistics.seeds_of(count),
    }
    if count < 2:
        return {**row, "floor": np.nan}
    everyone = list(range(count))
    floor, of_floor = _floor(within, everyone)
    row |= {"floor": floor, "difference": mean - floor}
    of_mean_of_points = None
    if between.points is not None and of_floor is not None:
        of_mean_of_points = between.points.mean(axis=0) - of_floor
    if count == 2:
        # The floor rests on one pair: no seed can be left out, points can.
        part = None if of_mean_of_points is None else of_mean_of_points[None]
        freedom = between.freedom
        sample = statistics.Sample(np.array([mean - floor]), [None], part, freedom)
        intended = "points" if over == "points" else "seeds"
    else:
        sample = _pseudo(between, within, mean - floor, of_mean_of_points)
        intended = over
    covered = statistics.covered([sample], intended)
    if not covered:
        return row
    noise = statistics.noise_of(sample, covered)
    half = noise.reach(1 - confidence)
    return row | {
        "diff_low": mean - floor - half,
        "diff_high": mean - floor + half,
        "p": noise.p(mean - floor),
        "over": covered,
    }


def _pseudo(
    between: statistics.Sample,
    within: tuple[_Within, _Within],
    whole: float,
    of_points: Floats | None,
) -> statistics.Sample:
    """Return pseudo-values of the jackknife over seeds, as independent numbers.

    Pairs share seeds; each seed is left out once (Tukey 1958), of the influences of
    points as of the number itself.
    """
    count = len(between.values)
    values, influences = [], []
    for s in range(count):
        keep = [i for i in range(count) if i != s]
        floor, of_floor = _floor(within, keep)
        without = between.values[keep].mean() - floor
        values.append(count * whole - (count - 1) * without)
        if of_points is not None and between.points is not None:
            left = between.points[keep].mean(axis=0) - of_floor
            influences.append(count * of_points - (count - 1) * left)
    table = np.array(influences) if influences else None
    return statistics.Sample(np.array(values), [None] * count, table, between.freedom)


def _floor(
    within: tuple[_Within, ...], rows: Sequence[int]
) -> tuple[float, Floats | None]:
    """Return the mean over pairs of seeds of each variant, and its influences."""
    pairs = np.triu_indices(len(rows), 1)
    parts = [part.at(rows) for part in within]
    value = float(np.mean([part.values[pairs].mean() for part in parts]))
    of_points = [
        p.influences[pairs].mean(axis=0) for p in parts if p.influences is not None
    ]
    return value, np.mean(of_points, axis=0) if of_points else None
