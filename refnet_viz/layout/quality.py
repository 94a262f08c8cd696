"""Fidelity of a layout: trustworthiness and continuity, in blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .._search import smallest
from .._threads import in_blocks
from ..statistics import share_interval

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Interval = tuple[float, float]
SAMPLE = 1_000  # points judged of a larger layout: enough for two decimals
TOGETHER = 8  # rows at once of which each is as long as a step may be


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
    trustworthiness_interval, continuity_interval
        95 % interval for all points, where a random sample of them was judged (see
        `statistics.share_interval`); None where all were.
    """

    trustworthiness: float
    continuity: float
    chance: float
    k: int
    judged: int
    trustworthiness_interval: Interval | None = None
    continuity_interval: Interval | None = None


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
        Judge at most this many points, drawn at random with seed 0, against all
        others.

    Returns
    -------
    Fidelity
        Two numbers between 0 and 1, 1 is best, with their chance value, and of a
        sample with their intervals.

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

    >>> judged = fidelity([[0.0], [1.0], [3.0], [7.0]], [[0.0], [1.0], [7.0], [3.0]],
    ...                   k=1)
    >>> judged.trustworthiness, judged.continuity, judged.chance, judged.judged
    (0.625, 0.625, 0.5, 4)
    """
    high, low = _check.matrix("space", space), _check.matrix("coordinates", coordinates)
    n = len(high)
    _check.rows("coordinates", len(low), n, "space")
    if n < 3:
        return Fidelity(np.nan, np.nan, np.nan, 1, n)
    k = min(_check.integer("k", k, low=1), (n - 1) // 2)
    count = min(_check.integer("sample", sample, low=1), n)
    rows = everyone = np.arange(n)
    if count < n:
        rows = np.sort(np.random.default_rng(0).choice(n, count, replace=False))
    return judged(high, low, rows, everyone, k)


def judged(
    space: Matrix, coordinates: Matrix, rows: Rows, others: Rows, k: int
) -> Fidelity:
    """Return the fidelity of some rows, each among some others and itself.

    Parameters
    ----------
    space, coordinates
        As in `fidelity`.
    rows
        ``(R,)`` row numbers that are judged.
    others
        ``(M,)`` row numbers, rising: all of `rows`, which are a random sample of them
        then, or none of `rows`, which then are one of all that may come.
    k
        Neighbours a point, less than half of those that count.
    """
    outside = not np.isin(rows[0], others)
    n = len(others) + outside
    own = np.full(len(rows), len(others)) if outside else np.searchsorted(others, rows)
    sides = [_Side(values, rows, others, own) for values in (space, coordinates)]
    lost = np.empty((2, len(rows)))

    def step(part: slice) -> None:
        far, near = (side.distances(part) for side in sides)
        lost[0, part] = _intrusion(far, near, k)
        lost[1, part] = _intrusion(near, far, k)

    in_blocks(step, len(rows), -(-n // TOGETHER), title="fidelity", rows=n)
    scale = 2 / (k * (2 * n - 3 * k - 1))
    trust, continuity = (1 - scale * lost.sum(axis=1) / len(rows)).tolist()
    chance = 1 - (n - k) * (n - k - 1) / ((n - 1) * (2 * n - 3 * k - 1))
    intervals: list[Interval | None] = [None, None]
    if outside or len(rows) < n:
        many = np.inf if outside else n
        intervals = [share_interval(1 - scale * line, of=many) for line in lost]
    return Fidelity(trust, continuity, chance, k, len(rows), *intervals)


class _Side:
    """Space or layout, of which distances are asked for some rows at a time."""

    def __init__(self, values: Matrix, rows: Rows, others: Rows, own: Rows) -> None:
        values = values - values[others].mean(axis=0)
        self.own, self.rows, self.others = own, values[rows], values[others]
        self.squares = np.einsum("ij,ij->i", self.others, self.others)

    def distances(self, part: slice) -> Matrix:
        """Return squared distances to the others, and to itself below all of these."""
        rows = self.rows[part]
        block = np.empty((len(rows), len(self.others) + 1))
        np.matmul(rows, self.others.T, out=block[:, :-1])
        block[:, :-1] *= -2
        block[:, :-1] += self.squares
        block[:, :-1] += np.einsum("ij,ij->i", rows, rows)[:, None]
        block[:, -1] = np.inf
        block[np.arange(len(rows)), self.own[part]] = -np.inf
        return block


def _intrusion(truth: Matrix, other: Matrix, k: int) -> Matrix:
    """Return by how much the k nearest in `other` rank below the k nearest in truth."""
    lost = np.empty(len(truth))
    limits = np.sort(np.take_along_axis(truth, smallest(other, k + 1)[0], axis=1))
    for row, (distances, limit) in enumerate(zip(truth, limits, strict=True)):
        nearer = distances[distances < limit[-1]]
        # The own point is nearer than all, so this counts ranks from 1 on.
        beyond = np.searchsorted(limit, nearer, side="right")
        ranks = np.cumsum(np.bincount(beyond, minlength=k + 1))
        lost[row] = np.maximum(ranks - k, 0).sum()
    return lost
