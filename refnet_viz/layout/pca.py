"""The two directions of largest variance, as they fall or as another map lies."""

from __future__ import annotations

from typing import NamedTuple

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
        values, vectors = eigh(_gram(centred), subset_by_index=_last_two(centred))
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


def _gram(centred: Matrix) -> Matrix:
    """Return the smaller of both products of a matrix with itself."""
    n, width = centred.shape
    return centred.T @ centred if n >= width else centred @ centred.T


def _last_two(centred: Matrix) -> list[int]:
    """Return the positions of the two largest eigenvalues of `_gram`, or of one."""
    size = min(centred.shape)
    return [max(size - 2, 0), size - 1]


class Explained(NamedTuple):
    """Shares of the variance that two principal components explain, beside chance.

    Parameters
    ----------
    shares
        Shares of the first and the second component, between 0 and 1.
    independent
        Those of the same values with each feature permuted among the points.
    """

    shares: tuple[float, float]
    independent: tuple[float, float]

    def __str__(self) -> str:
        shares, independent = (
            " + ".join(map(_percent, part)) for part in (self.shares, self.independent)
        )
        return f"{shares} of the variance ({independent} if independent)"


def explained(points: Matrix) -> Explained | None:
    """Return the shares of variance that `pca` shows, None where nothing varies.

    Components of independent features explain more than their part too: as much as the
    feature of largest variance, and what few points leave to chance. So the same shares
    of values with each feature permuted, once, stand beside them.

    Parameters
    ----------
    points
        ``(N, D)``.

    Examples
    --------
    >>> line = np.arange(8.0)[:, None] * np.array([[3.0, 4.0]])
    >>> print(explained(line))
    100 % + 0 % of the variance (70 % + 30 % if independent)
    """
    centred = points - points.mean(axis=0)
    total = float((centred**2).sum())
    if not total:
        return None
    permuted = np.random.default_rng(0).permuted(centred, axis=0)
    return Explained(_shares(centred, total), _shares(permuted, total))


def _shares(centred: Matrix, total: float) -> tuple[float, float]:
    with one_thread_for(len(centred)):
        values = eigh(
            _gram(centred), eigvals_only=True, subset_by_index=_last_two(centred)
        )
    largest = [*np.maximum(values[::-1], 0) / total, 0.0]
    return float(largest[0]), float(largest[1])


def _percent(share: float) -> str:
    """Return a share in percent, with two digits where it is small.

    Examples
    --------
    >>> _percent(0.234), _percent(0.0042), _percent(0.0)
    ('23 %', '0.42 %', '0 %')
    """
    percent = 100 * share
    small = 0.005 <= percent < 1
    return f"{percent:.2g} %" if small else f"{percent:.0f} %"


def turned(coordinates: Matrix, reference: Matrix) -> Matrix:
    """Return coordinates turned, and mirrored if need be, to lie like others.

    The orthogonal Procrustes problem (Schoenemann 1966), without scale or shift: of all
    rotations and reflections about the origin the one with the least sum of squared
    distances between both, each centred.

    Parameters
    ----------
    coordinates, reference
        ``(N, 2)``; points without a place in either (NaN) do not count.

    Examples
    --------
    >>> quarter = np.array([[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> still = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    >>> turned(quarter, still).round(6).tolist()
    [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    """
    both = np.isfinite(coordinates).all(axis=1) & np.isfinite(reference).all(axis=1)
    if not both.any():
        return coordinates
    moved, still = (
        part[both] - part[both].mean(axis=0) for part in (coordinates, reference)
    )
    left, sizes, right = np.linalg.svd(moved.T @ still)
    if sizes[0] <= 1e-12 * np.sqrt((moved**2).sum() * (still**2).sum()):
        return coordinates  # they have nothing in common
    rotated: Matrix = coordinates @ (left @ right) + 0.0
    return rotated
