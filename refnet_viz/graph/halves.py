"""Numbers of the two halves of the points: the noise that their draw gives a graph.

Two disjoint halves of a sample are two independent samples of half the size. Half the
squared difference of a number in both is an unbiased estimate of its variance at that
size, and of a quarter of it, at half the variance, the one of all points: of mean
numbers variance falls as one over the points. No constant has to be known, which
the jackknife would need: leaving points out overstates the variance of neighbours 1.4
to 2.5 times (``tests/benchmarks/coverage.py``). Halves are drawn without replacement,
as a point drawn twice would be its own neighbour (Politis and Romano 1994).

Nothing is searched twice: lists long enough for the halves are searched once, and each
point takes the first k of its own half.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from ..data.alike import share_alike
from ..data.answers import labelled
from .edges import unite
from .influence import assortativity
from .neighbors import Neighbors
from .pairs import common
from .prediction import labels_of
from .search import knn

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SPLITS = 20  # pairs of halves, and degrees of freedom
FEW = 200  # points whose whole order is asked for
PER_NEIGHBOR = 20  # points a neighbour: of fewer, halves are another kind of graph
MOST = 5_000  # points: of more the longer search would take too long


@dataclass(frozen=True, eq=False)
class Halves:
    """Lists of the k nearest of a point's own half, for some splits of the points.

    Parameters
    ----------
    sides
        ``(R, N)`` bool: which half each point is in.
    lists
        ``(R, N, k)`` row numbers; -1 in rows that are not in the graph.
    of_edges
        Metric to ``(R,)`` numbers that were taken from the edges of the halves.
    """

    sides: Bools
    lists: npt.NDArray[np.int32]
    of_edges: dict[str, Floats] = field(default_factory=dict)

    def apart(self, number: Callable[[Rows], Floats]) -> Floats:
        """Return ``(R,)`` half the difference of the means of both halves.

        Parameters
        ----------
        number
            Function of ``(N, k)`` lists that returns ``(N,)`` numbers of the points;
            NaN for those that do not count.
        """
        means = []
        for side, lists in zip(self.sides, self.lists, strict=True):
            values = number(lists.astype(np.int64))
            parts = [values[half & ~np.isnan(values)] for half in (side, ~side)]
            means.append([x.mean() if len(x) else np.nan for x in parts])
        first, second = np.array(means).T
        return np.asarray((first - second) / 2)


# Lists go when their graph does: they hold no reference to it.
_KNOWN: WeakKeyDictionary[Neighbors, Halves] = WeakKeyDictionary()


def halved(graph: Neighbors) -> Halves | None:
    """Return the lists of the halves of a graph.

    None where there are no vectors to search, more than 5,000 points, or fewer than 20
    k: the neighbours of a half then reach too far to stand for those of all points.

    Parameters
    ----------
    graph
        A graph. Those over the same number of points are split alike.

    Examples
    --------
    >>> line = np.arange(40.0)[:, None]
    >>> halves = halved(knn(line, k=2))
    >>> halves.lists.shape
    (20, 40, 2)
    """
    if graph not in _KNOWN:
        halves = _searched(graph)
        if halves is None:
            return None
        _KNOWN[graph] = halves
    return _KNOWN[graph]


def of_purity(graph: Neighbors) -> Floats | None:
    """Return ``(R,)`` half the difference of `purity` between both halves.

    None as in `halved`.
    """
    halves = halved(graph)
    labels = labels_of(graph, None)
    return None if halves is None else halves.apart(lambda x: share_alike(labels, x))


def of_adjusted_homophily(graph: Neighbors) -> Floats | None:
    """Return ``(R,)`` half the difference of `adjusted_homophily` between both halves.

    None as in `halved`.
    """
    halves = halved(graph)
    return None if halves is None else _of_edges(graph, halves)["homophily"]


def of_reciprocity(graph: Neighbors) -> Floats | None:
    """Return ``(R,)`` half the difference of `reciprocity` between both halves.

    None as in `halved`.
    """
    halves = halved(graph)
    return None if halves is None else _of_edges(graph, halves)["reciprocity"]


def _of_edges(graph: Neighbors, halves: Halves) -> dict[str, Floats]:
    """Return what edges tell of both halves; they are united once for all of it."""
    if not halves.of_edges:
        labels = graph.labels
        homophily = None if labels is None else _homophily_of(labels)
        values: dict[str, list[float]] = {"homophily": [], "reciprocity": []}
        for side, lists in zip(halves.sides, halves.lists, strict=True):
            rows = lists.astype(np.int64)
            (source, target, _), mutual = unite(rows, np.zeros(rows.shape))
            of_side = side[source]  # no edge joins both halves
            for half in (of_side, ~of_side):
                both = 2 * np.count_nonzero(mutual[half])
                # Of E edges, M of them both ways, E + M leave their points.
                count = np.count_nonzero(half) + both / 2
                values["reciprocity"].append(both / max(1, count))
                if homophily is not None:
                    number = homophily(source[half], target[half])
                    values["homophily"].append(number)
        for name, one in values.items():
            halves.of_edges[name] = np.subtract(one[::2], one[1::2]) / 2
    return halves.of_edges


def _homophily_of(labels: npt.NDArray[np.int64]) -> Callable[[Rows, Rows], float]:
    """Return the homophily of edges, a function of their sources and targets."""
    has_label = labelled(labels, None, len(labels))
    whole = bool(has_label.all())
    count = int(labels.max(initial=0)) + 1

    def several(source: Rows, target: Rows) -> tuple[Floats, Floats]:
        first, second = (np.maximum(labels, 0)[ends] for ends in (source, target))
        ends = first.sum(axis=0) + second.sum(axis=0)
        inside = 2 * (first * second).sum(axis=0)
        return ends.astype(np.float64), inside.astype(np.float64)

    def single(source: Rows, target: Rows) -> tuple[Floats, Floats]:
        first, second = labels[source], labels[target]
        ends = np.bincount(first, minlength=count)
        ends = ends + np.bincount(second, minlength=count)
        inside = np.bincount(first[first == second], minlength=count)
        return ends.astype(np.float64), 2 * inside.astype(np.float64)

    def homophily(source: Rows, target: Rows) -> float:
        if not whole:
            both = has_label[source] & has_label[target]
            source, target = source[both], target[both]
        ends, inside = (single if labels.ndim == 1 else several)(source, target)
        return float(assortativity(ends, inside, np.array(2.0 * len(source))))

    return homophily


def of_hubness(graph: Neighbors) -> Floats | None:
    """Return ``(R,)`` half the difference of `hubness` between both halves.

    None as in `halved`.
    """
    halves = halved(graph)
    if halves is None:
        return None
    skews = []
    for side, lists in zip(halves.sides, halves.lists, strict=True):
        near = lists[graph.present].ravel()
        deviation = np.bincount(near, minlength=len(graph)) - float(graph.k)
        for half in (side & graph.present, ~side & graph.present):
            variance = np.mean(deviation[half] ** 2)
            third = np.mean(deviation[half] ** 3)
            skews.append(third / variance**1.5 if variance else 0.0)
    return np.subtract(skews[::2], skews[1::2]) / 2


def of_shared(
    a: Neighbors, b: Neighbors, value: Callable[[Floats, int, int], Floats]
) -> Floats | None:
    """Return ``(R,)`` half the difference between halves of a measure of two lists.

    None as in `halved`.

    Parameters
    ----------
    a, b
        Graphs over the same points in the same order.
    value
        As in `influence.of_shared`.
    """
    first, second = halved(a), halved(b)
    if first is None or second is None:
        return None
    both = a.present & b.present
    k, m = a.k, b.k
    measures = []
    for side, mine, other in zip(first.sides, first.lists, second.lists, strict=True):
        values = value(common(mine[both], other[both]).astype(np.float64), k, m)
        half = side[both]
        means = [values[x].mean() if x.any() else np.nan for x in (half, ~half)]
        measures.append((means[0] - means[1]) / 2)
    return np.array(measures)


def _searched(graph: Neighbors) -> Halves | None:
    n, k = len(graph), graph.k
    count = int(graph.present.sum())
    if not graph.embedding.shape[1] or not PER_NEIGHBOR * k <= n <= MOST:
        return None
    rng = np.random.default_rng(0)
    sides = np.zeros((SPLITS, n), dtype=bool)
    for side in sides:
        side[rng.permutation(n)[: n // 2]] = True
    of_half = (sides & graph.present).sum(axis=1)
    if min(of_half.min(), (count - of_half).min()) <= k:
        return None
    # Enough for k of one half, but for one list of some thousands.
    length = count - 1 if count <= FEW else 2 * k + 7 * int(np.ceil(np.sqrt(k)))
    length = min(length, count - 1)
    long: Neighbors = knn(
        graph.embedding,
        length,
        space=graph.space,
        metric=graph.metric,
        weights=graph.weights,
    )
    lists = np.full((SPLITS, n, k), -1, dtype=np.int32)
    for side, short in zip(sides, lists, strict=True):
        _fill(short, long.indices, side, graph.present)
    return Halves(sides, lists)


def _fill(short: npt.NDArray[np.int32], long: Rows, side: Bools, there: Bools) -> None:
    """Write the first k entries of the own half into every line of `short`."""
    k = short.shape[1]
    same_half = (side[long] == side[:, None]) & (long >= 0)
    rank = np.cumsum(same_half, axis=1)
    whole = rank[:, -1] >= k
    first = same_half & (rank <= k) & whole[:, None]
    short[whole] = long[first].reshape(-1, k)
    for row in np.flatnonzero(there & ~whole):
        # Longer lists would have the rest; any others of the half stand for them.
        near = long[row, same_half[row]]
        others = np.flatnonzero(there & (side == side[row]))
        rest = others[~np.isin(others, [*near, row])]
        short[row] = np.append(near, rest)[:k]
