"""Two spaces over the same points: how alike their geometry is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .neighbors import Neighbors
from .pairs import in_line, lines_of_both

Floats = npt.NDArray[np.float64]

# Numbers held at once by any step (32 MiB of float64).
_BUDGET = 2**22


def second_order_cosine(a: Neighbors, b: Neighbors) -> Floats:
    """Return for each point how alike its similarities to its neighbours are.

    With N(i) the neighbours of i in either graph, ``s_a(i) = [cos(x_i, x_j), j in
    N(i)]`` in the space of `a` and s_b(i) in that of `b`, it is ``cos(s_a, s_b)``
    (Hamilton, Leskovec and Jurafsky 2016, their local neighbourhood measure is one
    minus it).

    Parameters
    ----------
    a, b
        Graphs over the same points; their spaces may have different widths.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` between -1 and 1, 1 where all similarities keep their proportions.
        Since neighbours are similar in any space, unrelated graphs are far above 0:
        read it beside its chance value. Neighbours that are not in both graphs are
        left out; NaN for rows that are not.

    Raises
    ------
    ValueError
        If the points differ.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    >>> second_order_cosine(knn(x, k=1), knn(2 * x, k=1)).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    b = in_line(a, b)
    both, *lines = lines_of_both(a, b)
    x, y = _directions(a), _directions(b)
    around = np.sort(np.hstack(lines), axis=1)
    left_out = ~both[around]
    left_out[:, 1:] |= around[:, 1:] == around[:, :-1]
    rows = np.flatnonzero(both)
    result = np.full(len(a), np.nan)
    size = max(1, _BUDGET // (around.shape[1] * max(x.shape[1], y.shape[1])))
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        block, near, drop = rows[part], around[part], left_out[part]
        s, t = (
            np.where(drop, 0.0, np.einsum("id,ijd->ij", space[block], space[near]))
            for space in (x, y)
        )
        length = np.linalg.norm(s, axis=1) * np.linalg.norm(t, axis=1)
        result[block] = (s * t).sum(axis=1) / np.where(length > 0, length, 1.0)
    return np.clip(result, -1.0, 1.0)


def _directions(graph: Neighbors) -> Floats:
    points = graph.points()
    points[~graph.present] = 0.0
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(norms > 0, norms, 1.0)


def linear_cka(x: Any, y: Any, *, debiased: bool = True) -> float:
    """Return the linear centred kernel alignment of two sets of vectors.

    ``HSIC(X, Y) / sqrt(HSIC(X, X) HSIC(Y, Y))`` (Kornblith et al. 2019, section 3).
    HSIC of Gretton et al. is biased upwards when features are as many as points; by
    default the unbiased estimator is used (Song et al. 2012, equation 5).

    Parameters
    ----------
    x, y
        ``(N, d)`` and ``(N, e)`` vectors of the same points.
    debiased
        Whether to use the unbiased estimator; it needs four points.

    Returns
    -------
    float
        1 for spaces equal up to rotation, shift and scale; 0 for unrelated ones
        (debiased: on average, so that it can be negative). NaN for constant vectors.

    Raises
    ------
    ValueError
        If the numbers of rows differ or are below four.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0], [5.0]])
    >>> round(linear_cka(x, 3 - 2 * x), 6)
    1.0
    """
    _check.flag("debiased", debiased)
    x, y = (_check.matrix(name, values) for name, values in (("x", x), ("y", y)))
    _check.rows("y", len(y), len(x), "x")
    if debiased:
        _check.integer("rows", len(x), low=4)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    hsic = _unbiased_hsic if debiased else _biased_hsic
    scale = hsic(x, x) * hsic(y, y)
    return float(hsic(x, y) / np.sqrt(scale)) if scale > 0 else float("nan")


def _biased_hsic(x: Floats, y: Floats) -> float:
    return float(np.sum((x.T @ y) ** 2))


def _unbiased_hsic(x: Floats, y: Floats) -> float:
    """Return the estimator times n (n - 3), from features, without n x n matrices.

    The Gram matrices' diagonals k and l are taken out; centring makes their row sums
    -k and -l.
    """
    n = len(x)
    k, m = np.sum(x * x, axis=1), np.sum(y * y, axis=1)
    inner = np.sum((x.T @ y) ** 2) - k @ m
    return float(inner + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * k @ m / (n - 2))
