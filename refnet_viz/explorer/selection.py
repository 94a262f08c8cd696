"""Selections: how they are combined, grown and described beside chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _check
from .embeddings import Rows

ALONE, ADD, REMOVE, INTERSECT = "alone", "add", "remove", "intersect"
HOWS = (ALONE, ADD, REMOVE, INTERSECT)
CONFIDENCE = 0.95
MOST_OVER = 3  # categories that are told

Codes = npt.NDArray[np.integer[Any]]


def combined(rows: Rows, others: Rows, how: str) -> Rows:
    """Return what is selected after some points were meant.

    Parameters
    ----------
    rows, others
        Sorted row numbers: what is selected, and the points.
    how
        "alone", "add", "remove" or "intersect".

    Examples
    --------
    >>> before, meant = np.array([0, 1]), np.array([1, 2])
    >>> [combined(before, meant, how).tolist() for how in HOWS]
    [[1, 2], [0, 1, 2], [0], [1]]
    """
    _check.one_of("how", how, HOWS)
    if how == ADD:
        return np.union1d(rows, others)
    if how == REMOVE:
        return np.setdiff1d(rows, others)
    return np.intersect1d(rows, others) if how == INTERSECT else others


def toggled(rows: Rows, others: Rows, how: str) -> Rows:
    """Return what is selected after a click on a group of points, as `combined` does.

    Alone it clears where just they are selected already.

    Examples
    --------
    >>> toggled(np.array([1]), np.array([1]), "alone").tolist()
    []
    """
    if how == ALONE and np.array_equal(rows, others):
        return others[:0]
    return combined(rows, others, how)


def inverted(rows: Rows, count: int) -> Rows:
    """Return the rows that are not selected.

    Examples
    --------
    >>> inverted(np.array([1]), 3).tolist()
    [0, 2]
    """
    return np.setdiff1d(np.arange(count), rows)


def grown(rows: Rows, neighbors: npt.NDArray[np.integer[Any]]) -> Rows:
    """Return the rows with all their neighbours.

    Parameters
    ----------
    rows
        Sorted row numbers.
    neighbors
        ``(N, k)`` row numbers, -1 where there is none.

    Examples
    --------
    >>> grown(np.array([0]), np.array([[2], [0], [-1]])).tolist()
    [0, 2]
    """
    nearest = neighbors[rows].ravel()
    return np.union1d(rows, nearest[nearest >= 0])


class Over(NamedTuple):
    """A category that a selection has more of than chance.

    `ratio` is how many are selected over how many are expected; `low` and `high` bound
    the ratios that 95 % of the random selections of this size have, for all categories
    and views together.
    """

    name: str
    selected: int
    ratio: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """The same in words.

        Examples
        --------
        >>> Over("Flags", 12, 3.2, 0.2, 1.9).sentence
        '3.2 times as many “Flags” as expected (12; by chance 0.2 to 1.9 times)'
        """
        return (
            f"{self.ratio:.1f} times as many “{self.name}” as expected "
            f"({self.selected:,}; by chance {self.low:.1f} to {self.high:.1f} times)"
        )


def over_represented(
    codes: Codes, names: Sequence[str], rows: Rows, *, looks: int = 1
) -> list[Over]:
    """Return the categories that some points have more of than a random selection.

    The count of a category among random points is hypergeometric. Its bounds hold for
    all categories and views together (Bonferroni): of 100 random selections in as many
    views 5 at most have any category outside.

    Parameters
    ----------
    codes
        ``(N,)`` category of every point.
    names
        Names of the categories.
    rows
        Row numbers of the selected points.
    looks
        How many views were looked at.

    Returns
    -------
    list of Over
        At most three, the largest ratio first.

    Examples
    --------
    >>> codes = np.repeat([0, 1], [10, 90])
    >>> over_represented(codes, ["rare", "usual"], np.arange(12))[0].sentence
    '8.3 times as many “rare” as expected (10; by chance 0.0 to 3.3 times)'
    >>> over_represented(codes, ["rare", "usual"], np.arange(0, 100, 5))
    []
    """
    from scipy.stats import hypergeom  # noqa: PLC0415  takes a while to import

    if not 0 < len(rows) < len(codes):
        return []
    totals = np.bincount(codes, minlength=len(names))
    counts = np.bincount(codes[rows], minlength=len(names))
    occur = np.flatnonzero(totals)
    tail = (1 - CONFIDENCE) / 2 / len(occur) / looks
    chance = hypergeom(len(codes), totals[occur], len(rows))
    expected = totals[occur] * len(rows) / len(codes)
    low, high = chance.ppf(tail), chance.ppf(1 - tail)
    beyond = np.flatnonzero(counts[occur] > high)
    categories = [
        Over(
            str(names[occur[i]]),
            int(counts[occur[i]]),
            float(counts[occur[i]] / expected[i]),
            float(low[i] / expected[i]),
            float(high[i] / expected[i]),
        )
        for i in beyond
    ]
    return sorted(categories, key=lambda over: -over.ratio)[:MOST_OVER]
