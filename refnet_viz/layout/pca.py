"""The two directions of largest variance, with a sign that never flips."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from .._threads import one_thread_for

Matrix = npt.NDArray[np.float64]


def pca(points: Matrix) -> Matrix:
    """Return the first two principal components.

    Parameters
    ----------
    points
        ``(N, D)``.

    Returns
    -------
    numpy.ndarray
        ``(N, 2)``; a component that does not exist is 0 everywhere. In each, the
        entry of largest size is positive.

    Examples
    --------
    >>> pca(np.array([[0.0, 0.0], [0.0, 3.0]])).tolist()
    [[1.5, 0.0], [-1.5, 0.0]]
    """
    centred = points - points.mean(axis=0)
    n, width = centred.shape
    tall = n >= width
    with one_thread_for(n):
        gram = centred.T @ centred if tall else centred @ centred.T
        size = len(gram)
        values, vectors = eigh(gram, subset_by_index=[max(size - 2, 0), size - 1])
        values, vectors = values[::-1], vectors[:, ::-1]
        components = (
            centred @ vectors if tall else vectors * np.sqrt(np.maximum(values, 0))
        )
    # A direction whose variance is rounding error has no direction.
    components[:, values <= max(values[0], 0) * 1e-12] = 0.0
    coordinates = np.zeros((n, 2))
    coordinates[:, : components.shape[1]] = components
    return coordinates * _signs(coordinates) + 0.0


def _signs(coordinates: Matrix) -> Matrix:
    largest = np.abs(coordinates).round(12).argmax(axis=0)
    return np.where(coordinates[largest, [0, 1]] < 0, -1.0, 1.0)
