"""Measures of each point over seeds: their mean and its band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check, statistics
from .._nested import Variants, aligned
from .._spaces import variants_of
from .measures import (
    CONFIDENCE,
    MEASURES,
    PIVOTS,
    RANGES,
    ROUNDING,
    USUAL,
    point_measures,
)
from .neighbors import Neighbors
from .search import as_graphs


def measures_over_seeds(
    graphs: Any,
    *,
    measures: Sequence[str] = USUAL,
    confidence: float = 0.95,
    draws: int = 20,
    pivots: int = PIVOTS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the mean over seeds of the measures of each point, with its band.

    Parameters
    ----------
    graphs
        `Neighbors`, or what `knn` takes: one a seed in a list, or variant to such a
        list, over the same points.
    measures, draws, pivots, seed
        As in `refnet_viz.graph.point_measures`.
    confidence
        Confidence level of the bands.

    Returns
    -------
    pandas.DataFrame
        One row a variant and point; NaN where a seed lacks the space of the point.

        variant, id, seeds
            Whose graphs, the point, and how many seeds there are.
        <measure>, <measure> seed low, <measure> seed high
            Mean over the seeds and its confidence interval (Student's t), within the
            range of the measure; NaN below three seeds.
        <measure> null
            Mean over the random graphs of the same degrees, of all seeds.
        <measure> above, <measure> below
            In how many seeds it is above and below the band of the random graphs. By
            chance .025 of points are in one seed, each way, and no more in all.

        A band misses the mean of its point in 1 - confidence of the points, by chance.

    Raises
    ------
    TypeError
        If `graphs` holds anything else.
    ValueError
        If points differ, a measure is unknown or a number is out of range.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = np.array([[0.0], [1.0], [2.2], [3.7], [9.0]])
    >>> seeds = [knn(line + move, k=2) for move in (0, 1, 2)]
    >>> table = measures_over_seeds(seeds, measures=["core"])
    >>> table[["core", "core seed low", "core seed high"]].iloc[0].tolist()
    [1.0, 1.0, 1.0]
    """
    names = _check.several_of("measures", measures, MEASURES)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    variants = aligned("graphs", _variants(graphs))
    options: dict[str, Any] = {"draws": draws, "pivots": pivots, "seed": seed}
    parts = []
    for variant, members in variants.items():
        tables = point_measures(members, measures=names, **options)
        columns: dict[str, Any] = {"variant": variant, "id": members[0].ids}
        columns["seeds"] = len(members)
        columns |= together(tables, names, confidence)
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def together(
    tables: Sequence[pd.DataFrame], names: Sequence[str], confidence: float = CONFIDENCE
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the columns of `measures_over_seeds`, of tables of `point_measures`.

    Parameters
    ----------
    tables
        One a seed, over the same points in the same order.
    names
        Measures that they have.
    confidence
        Confidence level of the bands.
    """
    columns = {}
    for name in names:
        values, nulls, low, high = (
            np.array([table[name + part] for table in tables], dtype=np.float64)
            for part in ("", " null", " low", " high")
        )
        columns[name] = values.mean(axis=0)
        ends = statistics.seed_bands(values, confidence, RANGES[name])
        columns[f"{name} seed low"], columns[f"{name} seed high"] = ends
        columns[f"{name} null"] = nulls.mean(axis=0)
        missing = np.isnan(columns[name])
        for side, beyond in {
            "above": values > high + ROUNDING,
            "below": values < low - ROUNDING,
        }.items():
            columns[f"{name} {side}"] = np.where(missing, np.nan, beyond.sum(axis=0))
    return columns


def _variants(graphs: Any) -> Variants[Neighbors]:
    made = as_graphs(graphs)
    return variants_of("graphs", made, Neighbors, lambda graph: graph.embedding)
