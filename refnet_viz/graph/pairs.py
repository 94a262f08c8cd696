"""Two graphs over the same points: how much their neighbourhoods share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .. import _check
from .._nested import check_same_points
from ..embedding import present_rows
from .neighbors import Neighbors

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Numbers held at once by any step (32 MiB of float64).
_BUDGET = 2**22


def in_both(a: Neighbors, b: Neighbors) -> Bools:
    """Return ``(N,)`` which rows are in both graphs, over the same points.

    Raises
    ------
    ValueError
        If the points differ.
    """
    return a.present & in_line(a, b).present


def lines_of_both(a: Neighbors, b: Neighbors) -> tuple[Bools, Rows, Rows]:
    """Return which rows are in both graphs, and the neighbours of these in either.

    Raises
    ------
    ValueError
        If the points differ.
    """
    b = in_line(a, b)
    both = a.present & b.present
    return both, present_rows(a.indices, both), present_rows(b.indices, both)


def mean_of(values: Floats) -> float:
    """Return the mean of the values that are defined, NaN without any.

    Examples
    --------
    >>> mean_of(np.array([1.0, np.nan, 2.0]))
    1.5
    """
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def shared(a: Neighbors, b: Neighbors) -> Floats:
    """Return how many neighbours each point has in both graphs.

    NaN for rows that are not in both.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0], [1.0], [3.0]])
    >>> shared(knn(x, k=1), knn(-x, k=1)).tolist()
    [1.0, 1.0, 1.0]
    """
    both, *lines = lines_of_both(a, b)
    counts = np.full(len(a), np.nan)
    counts[both] = common(*lines)
    return counts


def common(a: Rows, b: Rows) -> Rows:
    """Return how many numbers each line of `a` shares with that of `b`.

    Examples
    --------
    >>> common(np.array([[1, 2], [3, 4]]), np.array([[2, 1], [4, 5]])).tolist()
    [2, 1]
    """
    both = np.sort(np.hstack([a, b]), axis=1)
    return np.sum(both[:, 1:] == both[:, :-1], axis=1)


def common_by_depth(a: Rows, b: Rows) -> Floats:
    """Return the mean share of common entries of the first 1, 2 ... k of both lines.

    Examples
    --------
    >>> common_by_depth(np.array([[1, 2], [3, 4]]), np.array([[2, 1], [3, 5]])).tolist()
    [0.5, 0.75]
    """
    n, k = a.shape
    counts = np.zeros(k)
    size = max(1, _BUDGET // k**2)
    for start in range(0, n, size):
        block = slice(start, start + size)
        _, i, j = np.nonzero(a[block, :, None] == b[block, None, :])
        # A common entry counts from the depth at which both lines have it.
        counts += np.bincount(np.maximum(i, j), minlength=k)
    return np.cumsum(counts) / (n * np.arange(1, k + 1))


def overlap(a: Neighbors, b: Neighbors) -> float:
    """Return the mean share of neighbours that two graphs have in common.

    ``mean_i |N_a(i) & N_b(i)| / k`` over the points i that are in both graphs.

    Parameters
    ----------
    a, b
        Graphs over the same points with the same k.

    Returns
    -------
    float
        Between 0 and 1; k / (N - 1) for unrelated graphs. NaN without points in both.

    Raises
    ------
    ValueError
        If points or k differ.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> a, b = knn(np.array([[0.0], [1.0], [3.0]]), k=1), knn(np.eye(3), k=1)
    >>> round(overlap(a, b), 3)
    0.667
    """
    _same_k(a, b)
    return share_in_common(a, b)


def share_in_common(a: Neighbors, b: Neighbors) -> float:
    """Return `overlap` as a share of the neighbours in `b`, whose k may be another."""
    return mean_of(shared(a, b)) / b.k


def overlap_chance(a: Neighbors, b: Neighbors) -> float:
    """Return the overlap of unrelated graphs over these rows.

    With A and B points in either and C in both, it is
    ``k (C - 1) / ((A - 1) (B - 1))``: k / (N - 1) where one of them has every row.
    NaN without points in both.
    """
    rows, others, both = (int(x.sum()) for x in (a.present, b.present, in_both(a, b)))
    if not both:
        return float("nan")
    return b.k / (max(rows, others) - 1) * ((both - 1) / (min(rows, others) - 1))


def jaccard(a: Neighbors, b: Neighbors) -> Floats:
    """Return for each point the Jaccard index of its two neighbourhoods.

    ``|N_a(i) & N_b(i)| / |N_a(i) | N_b(i)|``.

    Parameters
    ----------
    a, b
        Graphs over the same points.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` between 0 and 1, 1 where nothing changed; NaN for rows that are not in
        both graphs.

    Raises
    ------
    ValueError
        If the points differ.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> a, b = knn(np.array([[0.0], [1.0], [3.0]]), k=1), knn(np.eye(3), k=1)
    >>> jaccard(a, b).tolist()
    [1.0, 1.0, 0.0]
    """
    both = shared(a, b)
    return both / (a.k + b.k - both)


def rewiring(a: Neighbors, b: Neighbors) -> Floats:
    """Return for each point how much its neighbourhood changed: 1 - Jaccard.

    Parameters
    ----------
    a, b
        Graphs over the same points.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` between 0 (nothing changed) and 1 (no neighbour kept); NaN for rows
        that are not in both graphs.

    Raises
    ------
    ValueError
        If the points differ.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> a, b = knn(np.array([[0.0], [1.0], [3.0]]), k=1), knn(np.eye(3), k=1)
    >>> rewiring(a, b).tolist()
    [0.0, 0.0, 1.0]
    """
    return 1 - jaccard(a, b)


def rbo(a: Neighbors, b: Neighbors, *, p: float = 0.9) -> Floats:
    """Return for each point the rank-biased overlap of its two neighbour lists.

    With A_d the share of common neighbours among the first d of both lists, it is
    ``A_k p^k + (1 - p) / p sum_(d=1..k) A_d p^d``: the extrapolated form RBO_EXT of
    Webber, Moffat and Zobel 2010, which assumes that agreement beyond k is as at k.

    Parameters
    ----------
    a, b
        Graphs over the same points with the same k.
    p
        Weight of depth, between 0 and 1: the first 1 / (1 - p) neighbours matter most.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` between 0 and 1, 1 where both lists are equal; NaN for rows that are
        not in both graphs.

    Raises
    ------
    ValueError
        If points or k differ, or `p` is not between 0 and 1.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> a, b = knn(np.array([[0.0], [1.0], [3.0]]), k=1), knn(np.eye(3), k=1)
    >>> rbo(a, b).tolist()
    [1.0, 1.0, 0.0]
    """
    both, first, second = lines_of_both(a, b)
    _same_k(a, b)
    weights = _rbo_weights(a.k, p)
    result = np.empty(len(first))
    size = max(1, _BUDGET // a.k**2)
    for start in range(0, len(first), size):
        block = slice(start, start + size)
        equal = first[block, :, None] == second[block, None, :]
        row, i, j = np.nonzero(equal)
        # A common neighbour counts from the depth at which both lists have it.
        depth = np.maximum(i, j)
        result[block] = np.bincount(row, weights[depth], minlength=len(equal))
    values = np.full(len(a), np.nan)
    values[both] = np.minimum(result, 1.0)
    return values


def _rbo_weights(k: int, p: float) -> Floats:
    """Return what a neighbour adds that both lists first share at depth 1 ... k."""
    p = _check.number("p", p, low=1e-6, high=1 - 1e-6)
    depth = np.arange(1, k + 1)
    terms = (1 - p) / p * p**depth / depth
    return np.cumsum(terms[::-1])[::-1] + p**k / k


def shuffled(graph: Neighbors, *, seed: int) -> Neighbors:
    """Return the same graph with its points exchanged at random under their ids.

    Rows that are not in it stay as they are. What a pair measure gives for it is its
    chance value.
    """
    _check.integer("seed", seed, low=0)
    rows = np.flatnonzero(graph.present)
    order = np.arange(len(graph))
    order[rows] = rows[np.random.default_rng(seed).permutation(len(rows))]
    return exchanged(graph, order)


def exchanged(graph: Neighbors, order: npt.NDArray[np.intp]) -> Neighbors:
    """Return the same graph with its points exchanged under their ids and labels.

    Parameters
    ----------
    graph
        The graph.
    order
        ``(N,)`` the row whose point each row gets; rows that are not in the graph keep
        their place.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = knn(np.array([[0.0], [1.0], [3.0]]), k=1)
    >>> exchanged(line, np.array([2, 1, 0])).indices.tolist()
    [[1], [2], [1]]
    """
    moved = graph.embedding.subset(order)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return replace(
        graph,
        embedding=replace(moved, ids=graph.ids, labels=graph.embedding.labels),
        indices=np.where(graph.present[:, None], place[graph.indices[order]], -1),
        distances=graph.distances[order],
    )


def in_line(a: Neighbors, b: Neighbors) -> Neighbors:
    """Return `b` with its rows in the order of `a`; other points are refused.

    Points are others where ids differ, and where labels of the same ids do.
    """
    _check_graphs(a, b)
    b = b.reordered(a.ids, name="b", like="a")
    check_same_points("b", b, "a", a)
    return b


def _check_graphs(a: object, b: object) -> None:
    _check.instance("a", a, Neighbors)
    _check.instance("b", b, Neighbors)


def _same_k(a: Neighbors, b: Neighbors) -> None:
    _check_graphs(a, b)
    if a.k != b.k:
        raise ValueError(f"`b` must have the same k as `a` ({a.k}), got {b.k}.")
