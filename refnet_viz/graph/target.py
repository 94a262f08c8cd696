"""Metrics of a predicted target, over the points that have one.

The graph itself does not enter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .neighbors import Neighbors

Floats = npt.NDArray[np.float64]

NAN = float("nan")


def mae(neighbors: Neighbors, *, target: Floats | None = None) -> float:
    """Return the mean absolute error of the predicted target, in its unit.

    Parameters
    ----------
    neighbors
        A graph whose embedding has a target and what was predicted.
    target
        A target to use instead of its own, e.g. a permuted one.

    Returns
    -------
    float
        At least 0, which is best. NaN without a target or a prediction.
    """
    target, predicted = _numbers(neighbors, target)
    if target is None or predicted is None or not len(target):
        return NAN
    return float(np.abs(target - predicted).mean())


def errors(neighbors: Neighbors) -> Floats:
    """Return ``(N,)`` the absolute error of each point, NaN where there is none."""
    target, predicted = neighbors.embedding.target, neighbors.embedding.predicted
    if target is None or predicted is None:
        return np.full(len(neighbors), NAN)
    return np.abs(np.asarray(target, dtype=np.float64) - predicted)


def mae_chance(neighbors: Neighbors) -> float:
    """Return the error of the best constant answer, the median of these points."""
    target, _ = _numbers(neighbors, None)
    if target is None or not len(target):
        return NAN
    return float(np.abs(target - np.median(target)).mean())


def correlation(neighbors: Neighbors, *, target: Floats | None = None) -> float:
    """Return Pearson's correlation of target and prediction.

    Parameters
    ----------
    neighbors
        A graph whose embedding has a target and what was predicted.
    target
        A target to use instead of its own, e.g. a permuted one.

    Returns
    -------
    float
        Between -1 and 1, 1 is best; 0 is chance, and what a constant prediction
        gets. NaN without a target that varies or without a prediction.
    """
    target, predicted = _numbers(neighbors, target)
    if target is None or predicted is None or not len(target) or not np.ptp(target):
        return NAN
    if np.ptp(predicted) == 0:
        return 0.0
    a, b = (x - x.mean() for x in (target, predicted))
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))


def _numbers(neighbors: Neighbors, target: Floats | None) -> tuple[Any, Any]:
    """Return the numbers of the labelled points: what is true, what was predicted."""
    target = neighbors.embedding.target if target is None else target
    predicted = neighbors.embedding.predicted
    if target is None:
        return None, None
    has_target = ~np.isnan(target)
    return target[has_target], None if predicted is None else predicted[has_target]
