"""Calibrated similarity of graphs: 0 at what unrelated rows reach, 1 for equal ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, statistics
from .._nested import aligned, as_variants
from .._progress import progress
from .alignment import linear_cka, second_order_cosine
from .compare_pairs import MEASURES
from .neighbors import Neighbors
from .pairs import exchanged, in_both, jaccard, rbo
from .search import as_graphs

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

GROUPS = 20  # of rows, one left out at a time
BY_POINT: dict[str, Callable[[Neighbors, Neighbors], Floats]] = {
    "knn_jaccard": jaccard,
    "rbo": rbo,
    "second_order_cosine": second_order_cosine,
}
COLUMNS = [
    "metric",
    "first",
    "second",
    "observed",
    "critical",
    "p",
    "calibrated",
    "low",
    "high",
    "seed_low",
    "seed_high",
    "seeds",
    "chance",
]


def calibrated_similarity(
    graphs: Mapping[str, Neighbors | Sequence[Neighbors]],
    *,
    measures: Sequence[str] | None = None,
    permutations: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return similarities of each two variants, calibrated by permuted rows.

    The score is ``(observed - critical) / (1 - critical)``, from 0 to 1: 0 is what rows
    that have nothing to do with one another exceed in one of twenty permutations, 1 are
    equal graphs (Groeger, Wen and Brbic 2026, algorithm 1; ICML, arXiv 2602.14486). So
    measures, widths and numbers of rows can be compared whose chance differs. With
    several seeds the mean over runs of the same seed is calibrated, and each
    permutation is that of all runs (their algorithm 2, with the mean).

    Parameters
    ----------
    graphs
        Variant to its graph, or to one graph a seed; what is to be searched is searched
        by `knn` with its defaults.
    measures
        Of "knn_jaccard", "rbo", "cka" (debiased, of the vectors) and
        "second_order_cosine"; None takes all.
    permutations
        How often the rows of the second are permuted.
    confidence
        1 - alpha: of the critical value and of the intervals.
    seed
        Seed of the permutations, and of the groups of rows.

    Returns
    -------
    pandas.DataFrame
        One row a measure and pair of variants, over the points in both graphs:

        metric, first, second
            The measure, and the two it compares.
        observed, critical, p
            Mean similarity; the smallest value that at least `confidence` of the
            observed and the permuted ones do not exceed; and the share of these that
            reach the observed one.
        calibrated
            The score, within 0 and 1; higher is more alike.
        low, high
            Its confidence interval over points: a delete-a-group jackknife of 20 random
            groups of rows (Kott 2001), with the lists and the critical value as they
            are.
        seed_low, seed_high, seeds
            Its confidence interval over seeds, from three on, and their number.
        chance
            Mean of the permuted similarities.

        Lists of other rows would change the lists of these, which the interval over
        points does not know: it is too narrow where lists are long beside the number of
        rows. NaN for "cka" and "second_order_cosine" of graphs without vectors.

    Raises
    ------
    TypeError
        If `graphs` is no mapping of graphs.
    ValueError
        If points or k differ, there is one variant, a measure is unknown or a number is
        out of range.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> x = np.random.default_rng(0).normal(size=(60, 3))
    >>> table = calibrated_similarity(
    ...     {"plain": knn(x, k=5), "bent": knn(x**3, k=5)}, measures=["knn_jaccard"])
    >>> (table["calibrated"] > 0.2).tolist(), (table["p"] < 0.01).tolist()
    ([True], [True])
    """
    variants = as_variants("graphs", _searched(graphs), Neighbors)
    variants = aligned("graphs", variants)
    if len(variants) < 2:
        raise ValueError("`graphs` must hold at least two variants, got one.")
    names = list(MEASURES) if measures is None else measures
    names = _check.several_of("measures", names, MEASURES)
    permutations = _check.repeats("permutations", permutations, low=1)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    seed = _check.integer("seed", seed, low=0)
    rows = []
    for first, second in progress(
        list(combinations(variants, 2)), "pairs of variants", delay=1
    ):
        pairs = _pairs(variants[first], variants[second])
        orders = permuted_rows(pairs[0][1], permutations, seed)
        for name in names:
            numbers = _calibrated(name, pairs, orders, confidence, seed)
            rows.append({"metric": name, "first": first, "second": second, **numbers})
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["metric"] = pd.Categorical(table["metric"], names, ordered=True)
    table = table.sort_values("metric", kind="stable", ignore_index=True)
    table["metric"] = table["metric"].astype(object)
    return table


def _searched(graphs: Any) -> Any:
    return as_graphs(graphs) if isinstance(graphs, Mapping) else graphs


def _pairs(
    first: list[Neighbors], second: list[Neighbors]
) -> list[tuple[Neighbors, Neighbors]]:
    """Return runs of the same seed, in their order where seeds do not match."""
    seeds = [[g.embedding.info.get("seed") for g in runs] for runs in (first, second)]
    common = statistics.shared_seeds(*seeds)
    if common is None:
        return list(zip(first, second, strict=False))
    return [(first[i], second[j]) for i, j in zip(*common, strict=True)]


def permuted_rows(graph: Neighbors, permutations: int, seed: int) -> list[Rows]:
    """Return permutations of the rows that a graph has; the others stay in place.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> [rows] = permuted_rows(knn(np.eye(3), k=1), 1, 0)
    >>> sorted(rows.tolist())
    [0, 1, 2]
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(graph.present)
    orders = []
    for _ in range(permutations):
        order = np.arange(len(graph))
        order[rows] = rng.permutation(rows)
        orders.append(order)
    return orders


def critical_value(observed: float, null: Floats, confidence: float) -> float:
    """Return the order statistic ``ceil(confidence (K + 1))`` of observed and null.

    Parameters
    ----------
    observed
        The similarity.
    null
        ``(K,)`` those of permuted rows.
    confidence
        Share of all that does not exceed it, at least.

    Examples
    --------
    >>> critical_value(0.9, np.arange(19) / 20, 0.95)
    0.9
    """
    values = np.sort(np.append(null, observed))
    place = math.ceil(confidence * len(values) - 1e-9) - 1
    return float(values[min(max(place, 0), len(values) - 1)])


def _calibrated(
    name: str,
    pairs: list[tuple[Neighbors, Neighbors]],
    orders: list[Rows],
    confidence: float,
    seed: int,
) -> dict[str, float]:
    measure = MEASURES[name].value
    values = np.array([measure(*pair) for pair in pairs])
    observed = float(values.mean())
    if math.isnan(observed):
        return {"observed": observed, "seeds": len(values)}
    null = np.array(
        [
            np.mean([measure(a, exchanged(b, order)) for a, b in pairs])
            for order in orders
        ]
    )
    critical = critical_value(observed, null, confidence)

    def score(value: float) -> float:
        return min(max((value - critical) / max(1 - critical, 1e-12), 0.0), 1.0)

    interval = statistics.jackknife(
        observed, _without_groups(name, pairs, seed), confidence=confidence
    )
    band = statistics.seed_band(values, confidence)
    return {
        "observed": observed,
        "critical": critical,
        "p": float((1 + np.sum(null >= observed)) / (len(null) + 1)),
        "calibrated": score(observed),
        "low": score(interval.low),
        "high": score(interval.high),
        "seed_low": score(band[0]) if not math.isnan(band[0]) else math.nan,
        "seed_high": score(band[1]) if not math.isnan(band[1]) else math.nan,
        "seeds": len(values),
        "chance": float(null.mean()),
    }


def _without_groups(
    name: str, pairs: list[tuple[Neighbors, Neighbors]], seed: int
) -> Floats:
    """Return the similarity without the rows of each group."""
    rows = np.flatnonzero(np.all([in_both(*pair) for pair in pairs], axis=0))
    groups = min(GROUPS, len(rows))
    dealt = np.random.default_rng(seed).permutation(np.arange(len(rows)) % groups)
    kept = [rows[dealt != group] for group in range(groups)]
    if name in BY_POINT:
        points = np.array([BY_POINT[name](*pair) for pair in pairs])
        return np.array([np.nanmean(points[:, part]) for part in kept])
    return np.array(
        [np.mean([_of_rows(*pair, part) for pair in pairs]) for part in kept]
    )


def _of_rows(a: Neighbors, b: Neighbors, rows: Rows) -> float:
    """Return the CKA of some rows of two graphs."""
    return linear_cka(a.points()[rows], b.points()[rows]) if len(rows) > 3 else math.nan
