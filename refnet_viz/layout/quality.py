"""Fidelity of a layout: trustworthiness and continuity, in blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check

Matrix = npt.NDArray[np.float64]
SAMPLE = 1_000  # points judged of a larger layout: enough for two decimals
BLOCK = 4_000_000  # distances held at once


@dataclass(frozen=True)
class Fidelity:
    """Trustworthiness and continuity of a layout.

    Parameters
    ----------
    trustworthiness
        Between 0 and 1, 1 is best: neighbours in the layout are neighbours in the
        space. NaN for fewer than three points.
    continuity
        Between 0 and 1, 1 is best: neighbours in the space stay neighbours.
    chance
        What a random layout gets in both, about 0.5.
    k
        Neighbours a point that were looked at.
    judged
        Points the numbers are the mean over.
    """

    trustworthiness: float
    continuity: float
    chance: float
    k: int
    judged: int


def fidelity(
    space: Any, coordinates: Any, *, k: int = 15, sample: int = SAMPLE
) -> Fidelity:
    r"""Measure how well a layout keeps the neighbourhoods of a space.

    With the k nearest points of i in the layout, U_i, and the rank r(i, j) of j among
    the points nearest to i in the space,

    .. math::
        T = 1 - \frac{2}{nk(2n - 3k - 1)} \sum_i \sum_{j \in U_i} \max(0, r(i, j) - k)

    is the trustworthiness; continuity exchanges layout and space.

    Parameters
    ----------
    space
        ``(N, D)`` coordinates whose Euclidean neighbours are the truth.
    coordinates
        ``(N, 2)`` layout.
    k
        Neighbours a point; lowered to less than half of the points, beyond which
        the formula has no meaning.
    sample
        Judge at most this many points, drawn evenly, against all others.

    Returns
    -------
    Fidelity
        Two numbers between 0 and 1, 1 is best, with their chance value.

    Notes
    -----
    Points at the same distance share the better rank. Fewer than three points have
    no neighbourhood to lose: both numbers are NaN.

    References
    ----------
    Venna and Kaski, Neighborhood preservation in nonlinear projection methods, 2001.

    Examples
    --------
    Four points on a line, of which the layout exchanges the last two: the last
    point's neighbour ranks second in the space, that of the one before it third.

    >>> fidelity([[0.0], [1.0], [3.0], [7.0]], [[0.0], [1.0], [7.0], [3.0]], k=1)
    Fidelity(trustworthiness=0.625, continuity=0.625, chance=0.5, k=1, judged=4)
    """
    high, low = _check.matrix("space", space), _check.matrix("coordinates", coordinates)
    n = len(high)
    _check.rows("coordinates", len(low), n, "space")
    if n < 3:
        return Fidelity(np.nan, np.nan, np.nan, 1, n)
    k = min(_check.integer("k", k, low=1), (n - 1) // 2)
    high, low = high - high.mean(axis=0), low - low.mean(axis=0)
    count = min(_check.integer("sample", sample, low=1), n)
    judged = np.linspace(0, n - 1, count).round().astype(np.int64)
    lost = np.zeros(2)
    size = max(1, BLOCK // n)
    for start in range(0, len(judged), size):
        rows = judged[start : start + size]
        far, near = _distances(high, rows), _distances(low, rows)
        lost += _intrusion(far, near, k), _intrusion(near, far, k)
    scale = 2 / (len(judged) * k * (2 * n - 3 * k - 1))
    trust, continuity = (1 - scale * lost).tolist()
    chance = 1 - (n - k) * (n - k - 1) / ((n - 1) * (2 * n - 3 * k - 1))
    return Fidelity(trust, continuity, chance, k, len(judged))


def _distances(points: Matrix, rows: npt.NDArray[np.int64]) -> Matrix:
    """Return squared distances from some rows to all, the own one below all others."""
    squares = np.einsum("ij,ij->i", points, points)
    block = points[rows] @ points.T
    block *= -2
    block += squares
    block += squares[rows, None]
    block[np.arange(len(rows)), rows] = -np.inf
    return block


def _intrusion(truth: Matrix, other: Matrix, k: int) -> float:
    """Return by how much the k nearest in `other` rank below the k nearest in truth."""
    distances = np.take_along_axis(truth, _nearest(other, k), axis=1)
    lost = 0
    for distance in distances.T:
        # The own point is nearer than all, so this counts ranks from 1 on.
        ranks = np.count_nonzero(truth < distance[:, None], axis=1)
        lost += int(np.maximum(ranks - k, 0).sum())
    return float(lost)


def _nearest(distances: Matrix, k: int) -> npt.NDArray[np.intp]:
    return np.argpartition(distances, k, axis=1)[:, : k + 1]
