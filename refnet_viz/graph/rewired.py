"""Random graphs with the in- and out-degrees of a graph: the null of its measures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SWAPS = 3  # rounds after dealing; 3 k of them where targets cannot be dealt
REPAIRS = 50  # rounds after which dealing is given up: lists that leave little choice


def rewired(lists: Rows, rng: np.random.Generator) -> Rows:
    """Return a random graph in which every point keeps its in- and out-degree.

    All targets are dealt anew to the places of all lists; what is not allowed then (a
    point as its own neighbour, or one twice in a list) is exchanged with random places
    until nothing is left (the configuration model with repairs of McKay and Wormald
    1990), and lists then exchange single edges in pairs, three times, where that is
    allowed (directed edge swaps: Rao, Jana and Bandyopadhyay 1996). Where lists are so
    long that repairs do not end, it is swaps alone, from the graph itself.

    Parameters
    ----------
    lists
        ``(N, k)`` neighbours of every point, each at most once and none its own.
    rng
        Draws the graph.

    Returns
    -------
    numpy.ndarray
        ``(N, k)``, in no order within a line.

    Examples
    --------
    >>> ring = np.array([[1, 2], [2, 3], [3, 4], [4, 0], [0, 1]])
    >>> graph = rewired(ring, np.random.default_rng(0))
    >>> np.bincount(graph.ravel()).tolist(), [len({*row}) for row in graph.tolist()]
    ([2, 2, 2, 2, 2], [2, 2, 2, 2, 2])
    """
    dealt = _dealt(lists, rng)
    if dealt is None:
        return _swapped(lists, SWAPS * lists.shape[1], rng)
    return _swapped(dealt, SWAPS, rng)


def _dealt(lists: Rows, rng: np.random.Generator) -> Rows | None:
    """Return lists of the same targets dealt anew, None where repairs do not end."""
    n, k = lists.shape
    flat = rng.permutation(lists.ravel())
    rows = _with_faults(flat.reshape(n, k))
    for _ in range(REPAIRS):
        bad = _not_allowed(flat.reshape(n, k)[rows], rows)
        places = (rows[:, None] * k + np.arange(k))[bad]
        if not len(places):
            return flat.reshape(n, k)
        others = rng.integers(n * k, size=len(places))
        for place, other in zip(places.tolist(), others.tolist(), strict=True):
            flat[place], flat[other] = flat[other], flat[place]
        rows = np.unique(np.append(places, others) // k)
    return None


def _with_faults(lists: Rows) -> Rows:
    """Return the lines in which a point is its own neighbour, or one is twice."""
    ordered = np.sort(lists, axis=1)
    again = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    return np.flatnonzero(again | (lists == np.arange(len(lists))[:, None]).any(axis=1))


def _not_allowed(lists: Rows, rows: Rows) -> Bools:
    """Return which entries of some lines are the point itself, or there before."""
    order = np.argsort(lists, axis=1, kind="stable")
    ordered = np.take_along_axis(lists, order, axis=1)
    again = np.zeros(lists.shape, dtype=bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    bad = np.empty_like(again)
    np.put_along_axis(bad, order, again, axis=1)
    bad |= lists == rows[:, None]
    return bad


def _swapped(lists: Rows, rounds: int, rng: np.random.Generator) -> Rows:
    """Return lists after rounds in which pairs of them exchange an edge, if allowed."""
    n, k = lists.shape
    lists, half = lists.copy(), n // 2
    for _ in range(rounds):
        a, b = rng.permutation(n)[: 2 * half].reshape(2, half)
        i, j = rng.integers(k, size=(2, half))
        x, y = lists[a, i], lists[b, j]
        allowed = (x != b) & (y != a)
        allowed &= ~(lists[a] == y[:, None]).any(axis=1)
        allowed &= ~(lists[b] == x[:, None]).any(axis=1)
        lists[a[allowed], i[allowed]] = y[allowed]
        lists[b[allowed], j[allowed]] = x[allowed]
    return lists
