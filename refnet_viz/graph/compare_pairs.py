"""Pairs of variants: whether a changed loss changes more than a changed seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, statistics
from .._nested import aligned, as_variants
from .._progress import progress
from ..embedding import present_rows
from .alignment import linear_cka, second_order_cosine
from .neighbors import Neighbors
from .pairs import in_both, jaccard, mean_of, rbo, shuffled

Floats = npt.NDArray[np.float64]


def _cka(a: Neighbors, b: Neighbors) -> float:
    both = in_both(a, b)
    if both.sum() <= 3:
        return float("nan")
    return linear_cka(*(present_rows(graph.points(), both) for graph in (a, b)))


Measure = Callable[[Neighbors, Neighbors], float]


def _of_vectors(measure: Measure) -> Measure:
    """Return the measure, NaN where one of the graphs has no vectors."""

    def of_both(a: Neighbors, b: Neighbors) -> float:
        with_vectors = a.embedding.shape[1] and b.embedding.shape[1]
        return measure(a, b) if with_vectors else float("nan")

    return of_both


MEASURES: dict[str, Measure] = {
    "knn_jaccard": lambda a, b: mean_of(jaccard(a, b)),
    "rbo": lambda a, b: mean_of(rbo(a, b)),
    "cka": _of_vectors(_cka),
    "second_order_cosine": _of_vectors(lambda a, b: mean_of(second_order_cosine(a, b))),
}


def compare_pairs(
    graphs: Mapping[str, Neighbors | Sequence[Neighbors]],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each two variants, beside the same variant with another seed.

    Parameters
    ----------
    graphs
        Variant to its graph, or to one graph a seed, all over the same points.
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
            with its confidence interval (Student's t).
        floor
            Mean over two runs of one variant with different seeds: what a changed
            seed alone leaves.
        difference, diff_low, diff_high
            Mean minus floor, with its jackknife interval over seeds.
        verdict
            "beyond seed noise" when the interval is below zero, else "inside seed
            noise"; three seeds are needed.
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

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = np.array([[0.0], [1.0], [3.0], [6.0]])
    >>> table = compare_pairs({"plain": knn(line, k=1), "bent": knn(line**2, k=1)})
    >>> table.loc[:1, ["metric", "mean", "verdict"]]
            metric  mean            verdict
    0  knn_jaccard   1.0  one seed: no band
    1          rbo   1.0  one seed: no band
    """
    variants = aligned("graphs", as_variants("graphs", graphs, Neighbors))
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    rows = []
    for name, measure in progress(MEASURES.items(), "measures", delay=1):
        within = {key: _within(measure, runs) for key, runs in variants.items()}
        for first, second in combinations(variants, 2):
            both = variants[first], variants[second]
            tables = within[first], within[second]
            pairs, row = _judged(measure, both, tables, confidence)
            chance = np.mean([measure(x, shuffled(y, seed=seed)) for x, y in pairs])
            names = {"metric": name, "first": first, "second": second}
            rows.append({**names, **row, "chance": float(chance)})
    return pd.DataFrame(rows, columns=_COLUMNS)


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
    "verdict",
    "chance",
    "pairing",
]


def judged_pair(
    measure: Measure,
    first: list[Neighbors],
    second: list[Neighbors],
    *,
    confidence: float,
) -> dict[str, Any]:
    """Return the row of one measure and two variants, without chance.

    Parameters
    ----------
    measure
        Similarity of two graphs.
    first, second
        The graphs of each variant, one a seed.
    confidence
        As in `compare_pairs`.
    """
    tables = [_within(measure, runs) for runs in (first, second)]
    return _judged(measure, [first, second], tables, confidence)[1]


def _judged(
    measure: Measure,
    runs: Sequence[list[Neighbors]],
    within: Sequence[Floats],
    confidence: float,
) -> tuple[list[tuple[Neighbors, Neighbors]], dict[str, Any]]:
    """Return the pairs of runs that are compared, and what they say."""
    a, b, pairing = _aligned(*runs)
    pairs = [(runs[0][i], runs[1][j]) for i, j in zip(a, b, strict=True)]
    between = np.array([measure(*pair) for pair in pairs])
    part = within[0][np.ix_(a, a)], within[1][np.ix_(b, b)]
    return pairs, {**_row(between, part, confidence), "pairing": pairing}


def _within(
    measure: Callable[[Neighbors, Neighbors], float], runs: list[Neighbors]
) -> Floats:
    """Return the measure of each two runs, symmetric; NaN on the diagonal."""
    table = np.full((len(runs), len(runs)), np.nan)
    for i, j in combinations(range(len(runs)), 2):
        table[i, j] = table[j, i] = measure(runs[i], runs[j])
    return table


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
    between: Floats, within: tuple[Floats, Floats], confidence: float
) -> dict[str, Any]:
    count = len(between)
    low, high = statistics.seed_band(between, confidence, (-1.0, 1.0))
    row = {"mean": float(between.mean()), "low": low, "high": high, "seeds": count}
    if count < 2:
        return {**row, "floor": np.nan, "verdict": statistics.undecided(count)}
    floor = _floor(within)
    row |= {"floor": floor, "difference": float(between.mean() - floor)}
    if count < statistics.LEAST:
        return {**row, "verdict": statistics.undecided(count)}
    others = [np.delete(np.arange(count), s) for s in range(count)]
    without = [
        between[keep].mean()
        - _floor(tuple(part[np.ix_(keep, keep)] for part in within))
        for keep in others
    ]
    interval = statistics.jackknife(
        row["difference"], np.array(without), confidence=confidence
    )
    verdict = statistics.BEYOND if interval.high < 0 else statistics.INSIDE
    return {
        **row,
        "diff_low": interval.low,
        "diff_high": interval.high,
        "verdict": verdict,
    }


def _floor(within: tuple[Floats, ...]) -> float:
    return float(np.mean([np.nanmean(part) for part in within]))
