"""Landmarks of a large layout, and the places of all other points between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._search import nearest_of

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

LANDMARKS = 20_000  # more take longer and gain nothing
MANY = 50_000  # points above which landmarks are used unasked
# What moves all points after they were placed.
EPOCHS, RATE = 40, 0.5


def drawn(n: int, count: int, *, seed: int) -> Rows:
    """Return the rows of landmarks, drawn at random, rising.

    Examples
    --------
    >>> drawn(5, 5, seed=0).tolist()
    [0, 1, 2, 3, 4]
    """
    return np.sort(np.random.default_rng(seed).choice(n, count, replace=False))


def spread(graph: Any, coordinates: Matrix, points: Matrix | None = None) -> Matrix:
    """Return coordinates in which points without a place have one.

    In rounds: that of the mean of their neighbours that have one, weighted. Points that
    none leads to lie on the point nearest to them that had a place, or in the middle of
    all where `points` are not there.

    Parameters
    ----------
    graph
        Sparse symmetric weights ``(N, N)``.
    coordinates
        ``(N, 2)``; NaN in rows without a place.
    points
        ``(N, D)`` in the space.

    Examples
    --------
    >>> path = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> spread(path, np.array([[0.0, 0], [np.nan, np.nan], [1, 1]])).tolist()
    [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]
    """
    has_place = ~np.isnan(coordinates[:, 0])
    first = np.flatnonzero(has_place)
    placed = np.where(has_place[:, None], coordinates, 0.0)
    lost = np.flatnonzero(~has_place)
    while len(lost):
        weight = graph[lost] @ has_place.astype(np.float64)
        reached = weight > 0
        if not reached.any():
            break
        rows = lost[reached]
        placed[rows] = (graph[rows] @ placed) / weight[reached, None]
        has_place[rows] = True
        lost = lost[~reached]
    if len(lost) and points is not None:
        nearest = nearest_of(points, lost, first, 1, metric="euclidean")[0][:, 0]
        placed[lost] = placed[nearest]
    elif len(lost):
        placed[lost] = coordinates[first].mean(axis=0) if len(first) else 0.0
    return placed
