"""Numbers of the two halves of the points: the noise that their draw gives a graph.

Two disjoint halves of a sample are two independent samples of half the size. Half the
squared difference of a number in both is an unbiased estimate of its variance at that
size, and of a quarter of it, at half the variance, the one of all points: of mean
numbers variance falls as one over the points. No constant has to be known, which
the jackknife would need: leaving points out overstates the variance of neighbours 1.4
to 2.5 times (``tests/benchmarks/interval_coverage.py``). Halves are drawn without
replacement, as a point drawn twice would be its own neighbour (Politis and Romano
1994).

Nothing is searched twice: lists long enough for the halves are found once, and each
point takes the first k of its own half. Which these are is kept as one bit a split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from .._search import bound_factors, measured_by
from ..data.alike import alike, both_labelled
from ..data.answers import labelled
from ..data.stored import Stored
from ..embedding import present_rows
from .influence import assortativity
from .neighbors import Neighbors
from .prediction import labels_of
from .search import over_rows

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint8]

SPLITS = 20  # pairs of halves, and degrees of freedom
FEW = 200  # points whose whole order is asked for
PER_NEIGHBOR = 20  # points a neighbour: of fewer, halves are another kind of graph
MOST = 5_000  # points: of more the longer search would take too long

# Numbers held at once by any step.
_BUDGET = 2**20


@dataclass(frozen=True, eq=False)
class Halves:
    """The k nearest of every point's own half, for some splits of the points.

    Parameters
    ----------
    sides
        ``(R, N)`` bool: which half each point is in.
    near
        ``(N, L)`` row numbers, nearest first; -1 in rows that are not in the graph.
    taken
        ``(N, L, B)`` one bit a split: whether it is among the k nearest of its point's
        own half. A point whose list has fewer of these has fewer neighbours.
    of_edges
        Metric to ``(R,)`` numbers that were taken from the edges of the halves.
    """

    sides: Bools
    near: npt.NDArray[np.int32]
    taken: Bits
    of_edges: dict[str, Floats] = field(default_factory=dict)

    def counts(self, bits: Bits) -> Rows:
        """Return ``(N, R)`` how many entries of each line have the bit of each split.

        Parameters
        ----------
        bits
            ``(N, L, B)``, such as `taken` where something holds.
        """
        count = len(self.sides)
        sums = np.empty((len(bits), count), dtype=np.int64)
        size = max(1, _BUDGET // (bits.shape[1] * count))
        for start in range(0, len(bits), size):
            block = bits[start : start + size]
            single = np.unpackbits(block, axis=2, count=count)
            sums[start : start + size] = single.sum(axis=1, dtype=np.uint16)
        return sums

    @cached_property
    def pairs(self) -> tuple[Bools, Rows, Rows]:
        """Entries that some split takes, ``(N, L)`` bool, and the ends of each."""
        used = np.asarray(self.taken.any(axis=2))
        source = np.repeat(np.arange(len(used)), used.sum(axis=1))
        return used, source, self.near[used].astype(np.int64)

    def of_split(self, bits: Bits, split: int) -> Bools:
        """Return which entries of ``(..., B)`` have the bit of a split."""
        byte, place = divmod(split, 8)
        return np.asarray((bits[..., byte] & np.uint8(128 >> place)) > 0)

    def apart(self, values: Floats) -> Floats:
        """Return ``(R,)`` half the difference of the means of both halves.

        Parameters
        ----------
        values
            ``(N, R)`` numbers of the points; NaN for those that do not count.
        """
        counts = ~np.isnan(values)
        numbers = np.where(counts, values, 0.0)
        means = []
        for side in (self.sides.T, ~self.sides.T):
            size = (side & counts).sum(axis=0)
            sums = np.einsum("nr,nr->r", numbers, side.astype(np.float64))
            means.append(sums / np.where(size > 0, size, np.nan))
        return np.asarray((means[0] - means[1]) / 2)


# Lists go when their graph does: they hold no reference to it.
_KNOWN: WeakKeyDictionary[Neighbors, Halves] = WeakKeyDictionary()


def halved(graph: Neighbors) -> Halves | None:
    """Return which neighbours the points of a graph have in halves of them.

    None where there are no vectors to search, more than 5,000 points, or fewer than 20
    k: the neighbours of a half then reach too far to stand for those of all points.

    Parameters
    ----------
    graph
        A graph. Those over the same number of points are split alike.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> halves = halved(knn(np.arange(40.0)[:, None], k=2))
    >>> halves.counts(halves.taken).shape
    (40, 20)
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
    if halves is None:
        return None
    labels, near = labels_of(graph, None), halves.near.astype(np.int64)
    same, judged = (
        halves.counts(_where(halves.taken, both(labels, near)))
        for both in (alike, both_labelled)
    )
    return halves.apart(same / np.where(judged > 0, judged, np.nan))


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
        used, source, target = halves.pairs
        bits, back = halves.taken[used], _back(halves)
        mutual = bits & back
        # An edge both ways counts where it goes up.
        once = np.where((target < source)[:, None], bits & ~back, bits)
        for split, side in enumerate(halves.sides):
            first, both_ways = (halves.of_split(x, split) for x in (once, mutual))
            rows, others = source[first], target[first]
            of_side = side[rows]  # no edge joins both halves
            ends = side[source[both_ways]]
            for half, both in (
                (of_side, np.count_nonzero(ends)),
                (~of_side, np.count_nonzero(~ends)),
            ):
                # Of E edges, M of them both ways, E + M leave their points.
                count = np.count_nonzero(half) + both / 2
                values["reciprocity"].append(both / max(1, count))
                if homophily is not None:
                    values["homophily"].append(homophily(rows[half], others[half]))
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
    used, _, target = halves.pairs
    bits = halves.taken[used]
    for split, side in enumerate(halves.sides):
        near = target[halves.of_split(bits, split)]
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
    shared = first.counts(first.taken & _matched(first.near, second))
    values = value(shared.astype(np.float64), a.k, b.k)
    values[~(a.present & b.present)] = np.nan
    return first.apart(values)


def _where(bits: Bits, there: Bools) -> Bits:
    """Return the bits of the entries for which something holds."""
    return np.where(there[:, :, None], bits, np.uint8(0))


def _back(halves: Halves) -> Bits:
    """Return the bits of the way back of each of the pairs."""
    _, source, target = halves.pairs
    place = _places(halves.near, len(halves.near))[target, source]
    return np.where(place[:, None] >= 0, halves.taken[target, place], np.uint8(0))


def _matched(near: npt.NDArray[np.int32], other: Halves) -> Bits:
    """Return the bits that the entries of lists have in the same lines of others."""
    n, width = len(near), other.taken.shape[2]
    result = np.zeros((*near.shape, width), dtype=np.uint8)
    size = max(1, _BUDGET // n)
    for start in range(0, n, size):
        block = slice(start, start + size)
        mine, lines = near[block], np.arange(len(near[block]))[:, None]
        place = _places(other.near[block], n)[lines, mine]
        bits = other.taken[block][lines, place]
        result[block] = _where(bits, (place >= 0) & (mine >= 0))
    return result


def _places(near: npt.NDArray[np.int32], n: int) -> npt.NDArray[np.int16]:
    """Return ``(rows, n)`` the place of each number in each list; -1 for none."""
    places = np.full((len(near), n), -1, dtype=np.int16)
    rows, slots = np.nonzero(near >= 0)
    places[rows, near[rows, slots]] = slots
    return places


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
    order = _order(_points(graph), min(length, count - 1), graph.metric)
    near, _ = over_rows(graph.present, order, np.zeros(order.shape))
    return Halves(sides, near.astype(np.int32), _taken(near, sides, k))


def _points(graph: Neighbors) -> Floats:
    """Return the vectors of the rows that are in a graph."""
    options = {"weights": graph.weights}
    stored = graph.embedding.space_on_disk(graph.space, **options)
    if isinstance(stored, Stored):
        return np.asarray(present_rows(stored, graph.present), dtype=np.float64)
    points = graph.embedding.space(graph.space, **options, centred=False)
    return np.asarray(present_rows(points, graph.present), dtype=np.float64)


def _order(points: Floats, length: int, metric: str) -> Rows:
    """Return ``(N, L)`` the nearest others of every row, nearest first.

    By products of matrices: distances that differ by no more than rounding may change
    places, which an estimate of noise can bear.
    """
    left, right, _ = bound_factors(measured_by(metric, points)[0])
    n = len(points)
    lists = np.empty((n, length), dtype=np.int64)
    size = max(1, _BUDGET // n)
    for start in range(0, n, size):
        bounds = (left[start : start + size] @ right).astype(np.float32)
        lines = np.arange(len(bounds))
        bounds[lines, start + lines] = np.inf
        near = np.argpartition(bounds, length - 1, axis=1)[:, :length]
        near.sort(axis=1)
        far = np.take_along_axis(bounds, near, axis=1)
        order = np.argsort(far, axis=1, kind="stable")
        lists[start : start + size] = np.take_along_axis(near, order, axis=1)
    return lists


def _taken(near: Rows, sides: Bools, k: int) -> Bits:
    """Return the bits of the first k entries that are in the half of their line."""
    count = len(sides)
    of_point = np.packbits(sides.T, axis=1)  # (N, B)
    bits = np.empty((*near.shape, of_point.shape[1]), dtype=np.uint8)
    size = max(1, _BUDGET // (near.shape[1] * count))
    for start in range(0, len(near), size):
        block = near[start : start + size]
        same = ~(of_point[block] ^ of_point[start : start + size, None])
        single = np.unpackbits(_where(same, block >= 0), axis=2, count=count)
        rank = np.cumsum(single, axis=1, dtype=np.uint16)
        bits[start : start + size] = np.packbits(single & (rank <= k), axis=2)
    return bits
