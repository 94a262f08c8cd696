"""Approximate search of the nearest neighbours, and how many of them it finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import _check
from .._search import Floats, Length, Rows, closest, exact, nearest, nearest_rows
from ..statistics import share_interval

FEWEST = 2_000  # rows: fewer are searched exactly, which is faster
CHECKED = 1_000  # rows whose true neighbours are found
_BEYOND = 8  # neighbours beyond k that the index keeps: without, many are missed


@dataclass(frozen=True)
class Recall:
    """Share of the true neighbours that an approximate search found.

    Parameters
    ----------
    value
        Mean over the rows that were checked, 0 to 1. A neighbour counts as found when
        it is no farther than the k-th true one, so that ties count.
    low, high
        95 % interval for all rows. The neighbours of a row are missed together or not,
        so rows are what counts: Clopper and Pearson's interval with the effective
        number of neighbours (Korn and Graubard 1998, Survey Methodology 24), which is
        between that of rows and that of neighbours. Also with none missed it does not
        say that none is.
    rows
        Number of rows that were checked, drawn at random.
    k
        Neighbours a row.

    Examples
    --------
    >>> print(Recall(0.987, 0.981, 0.991, 1000, 15))
    98.7 % of the 15 nearest found (95 % interval 98.1 to 99.1 %, 1,000 rows)
    """

    value: float
    low: float
    high: float
    rows: int
    k: int

    @classmethod
    def of(cls, found: Rows, k: int) -> Recall:
        """Return the recall that counts of found neighbours of some rows speak for.

        Parameters
        ----------
        found
            ``(R,)`` from 0 to `k`.
        k
            Neighbours a row.

        Raises
        ------
        TypeError, ValueError
            If they are something else.

        Examples
        --------
        >>> Recall.of(np.array([2, 2, 1, 2]), 2).value
        0.875
        """
        k = _check.integer("k", k, low=1)
        counts = _check.numbers("found", found)
        if counts.ndim != 1 or not len(counts) or not _between(counts, k):
            raise ValueError(
                f"`found` must be whole numbers from 0 to {k}, one a row, got "
                f"{_check.shown(found)}."
            )
        shares, rows = counts / k, len(counts)
        low, high = share_interval(shares, most=rows * k)
        return cls(float(shares.mean()), low, high, rows, k)

    def __str__(self) -> str:
        return (
            (
                f"{self.value:.1%} of the {self.k} nearest found (95 % interval "
                f"{100 * self.low:.1f} to {self.high:.1%}, {self.rows:,} rows)"
            )
            .replace("%", " %")
            .replace("  %", " %")
        )


def _between(counts: Floats, k: int) -> bool:
    """Return whether all are whole numbers from 0 to `k`."""
    whole = (counts == np.round(counts)) & (counts >= 0) & (counts <= k)
    return bool(whole.all())


def approximate(
    points: Floats, k: int, *, metric: str
) -> tuple[Rows, Floats, Recall | None]:
    """Return near rows of every row that need not be the nearest, and the recall.

    Candidates are those of nearest-neighbour descent (Dong et al. 2011), by pynndescent
    with seed 0 on one thread, whose answer repeats. Their distances are exact, and
    ordered by (distance, row number). For cosines it is given unit vectors. Of equal
    rows one is searched for; rows of which fewer than `k` candidates are found are
    searched exactly.

    Parameters
    ----------
    points, k, metric
        As in `knn`.

    Returns
    -------
    indices, distances
        ``(N, k)``.
    recall
        None where the search was exact: below `FEWEST` rows, or with `k` above a
        twentieth of them.

    Examples
    --------
    >>> approximate(np.array([[0.0], [1.0], [3.0]]), 1, metric="euclidean")[2] is None
    True
    """
    approximately: list[bool] = []

    def search(x: Floats, count: int, length: Length) -> tuple[Rows, Floats]:
        if len(x) < FEWEST or 20 * count > len(x):
            return exact(x, count, length)
        approximately.append(True)
        return _descent(x, count, length)

    indices, distances = nearest(points, k, metric=metric, search=search)
    if not approximately:
        return indices, distances, None
    return indices, distances, measured_recall(points, distances, metric=metric)


def measured_recall(points: Floats, distances: Floats, *, metric: str) -> Recall:
    """Return the recall of neighbours, measured on up to `CHECKED` rows.

    Parameters
    ----------
    points
        ``(N, D)``.
    distances
        ``(N, k)`` of the neighbours that were found, as `nearest` gives them.
    metric
        As in `knn`.

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [3.0]])
    >>> wrong = np.array([[1.0], [1.0], [3.0]])
    >>> f"{measured_recall(line, wrong, metric='euclidean').value:.2f}"
    '0.67'
    """
    k, rows = distances.shape[1], checked_rows(len(points))
    farthest = nearest_rows(points, rows, k, metric=metric)[1][:, -1]
    return Recall.of(np.count_nonzero(distances[rows] <= farthest[:, None], axis=1), k)


def checked_rows(n: int) -> Rows:
    """Return the rows of which true neighbours are found, drawn at random with seed 0.

    Examples
    --------
    >>> checked_rows(3).tolist()
    [0, 1, 2]
    """
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(n, min(CHECKED, n), replace=False))


def _descent(x: Floats, k: int, length: Length) -> tuple[Rows, Floats]:
    from pynndescent import NNDescent  # noqa: PLC0415  compiles for seconds

    centred = x - np.median(x, axis=0)
    size = float(np.abs(centred).max())
    index = NNDescent(
        (centred / (size or 1.0)).astype(np.float32),
        n_neighbors=k + 1 + _BEYOND,
        metric="euclidean",
        random_state=0,
        n_jobs=1,
    )
    column = np.sort(index.neighbor_graph[0].astype(np.int64), axis=1)
    row = np.repeat(np.arange(len(x)), column.shape[1])
    fresh = np.diff(column, axis=1, prepend=-1).ravel() > 0  # also leaves out -1
    column = column.ravel()
    keep = fresh & (column != row)
    row, column = row[keep], column[keep]
    few = np.bincount(row, minlength=len(x)) < k
    enough = ~few[row]
    indices, distances = np.empty((len(x), k), dtype=np.int64), np.empty((len(x), k))
    pairs = row[enough], column[enough]
    if not few.all():
        indices[~few], distances[~few] = closest(x, pairs, k, length)
    if few.any():
        indices[few], distances[few] = exact(x, k, length, rows=np.flatnonzero(few))
    return indices, distances
