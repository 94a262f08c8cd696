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
point takes the first k of its own half. Which these are is kept as one bit a split,
all splits of an entry in one word, so that one operation counts for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from .._pruned import cut
from .._search import bound_factors, measured_by, nearest
from .._streamed import nearest_read
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
Words = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int32]
Lists = npt.NDArray[np.int32]

SPLITS = 20  # pairs of halves, and degrees of freedom; at most the bits of a word
FEW = 200  # points whose whole order is asked for
PER_NEIGHBOR = 20  # points a neighbour: of fewer, halves are another kind of graph
MANY = 5_000  # points: of more, search by cells is faster than products of matrices
MOST = 20_000  # points: of more the longer search would take too long

# Numbers held at once by any step.
_BUDGET = 2**20
_TABLE = 2**18  # words of a table of bits, small enough to stay in the cache


@dataclass(frozen=True, eq=False)
class Halves:
    """The k nearest of every point's own half, for some splits of the points.

    Parameters
    ----------
    sides
        ``(R, N)`` bool: which half each point is in.
    near
        ``(L, N)`` row numbers, nearest first; -1 for points that are not in the graph.
    taken
        ``(L, N)`` one bit a split: whether it is among the k nearest of its point's
        own half. A point whose list has fewer of these has fewer neighbours.
    """

    sides: Bools
    near: Lists
    taken: Words

    def counts(self, words: Words) -> Counts:
        """Return ``(M, R)`` how many words of each of M columns have every bit.

        Three words of one weight make a sum and a carry of twice the weight, all bits
        at once, until one word of every weight is left.

        Parameters
        ----------
        words
            ``(L, M)``, such as `taken` where something holds.
        """
        total = np.zeros((words.shape[1], len(self.sides)), dtype=np.int32)
        lines, weight = list(words), 1
        while lines:
            carries = []
            while len(lines) > 1:
                a, b = lines.pop(), lines.pop()
                once, twice = a ^ b, a & b
                if lines:
                    c = lines.pop()
                    once, twice = once ^ c, twice | (once & c)
                lines.append(once)
                carries.append(twice)
            total += np.int32(weight) * self._bits(lines[0])
            lines, weight = carries, 2 * weight
        return total

    def _bits(self, words: Words) -> npt.NDArray[np.uint8]:
        """Return ``(M, R)`` the bits of words."""
        single = np.ascontiguousarray(words, dtype="<u4").view(np.uint8).reshape(-1, 4)
        return np.unpackbits(single, axis=1, count=len(self.sides), bitorder="little")

    @cached_property
    def count(self) -> Counts:
        """``(N, R)`` how many neighbours each point has in its half."""
        return self.counts(self.taken)

    @cached_property
    def both_ways(self) -> tuple[Words, Counts]:
        """``(L, N)`` and ``(N, R)``, of which every entry is needed in both directions.

        The bits of entries that are taken both ways, and how often each point is a
        neighbour in its half.
        """
        n = self.near.shape[1]
        turned = _Entries.of(self.near, self.taken).turned(n)
        count = len(turned.rows)
        starts = np.searchsorted(turned.rows, np.arange(n + 1))
        ones = np.ones(count, dtype=np.float32)
        of_point = csr_array((ones, np.arange(count), starts), (n, count))
        sums = of_point @ self._bits(turned.words).astype(np.float32)
        return self.taken & turned.at(self.near), np.asarray(sums).astype(np.int32)

    def among(self, rows: Bools) -> Halves:
        """Return the same of edges between some points, ``(N,)`` bool."""
        if rows.all():
            return self
        return replace(self, taken=_where(rows[self.near] & rows, self.taken))

    def of_sides(self, values: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """Return ``(R,)`` the sums of values of the points of each half.

        Parameters
        ----------
        values
            ``(N, R)``.
        """
        first = np.einsum("nr,rn->r", values, self.sides, dtype=np.float64)
        return first, values.sum(axis=0, dtype=np.float64) - first

    def apart(self, values: Floats) -> Floats:
        """Return ``(R,)`` half the difference of the means of both halves.

        Parameters
        ----------
        values
            ``(N, R)`` numbers of the points; NaN for those that do not count.
        """
        counts = ~np.isnan(values)
        sums = self.of_sides(np.where(counts, values, 0.0))
        sizes = self.of_sides(counts)
        return _half_apart(
            *(x / np.where(n > 0, n, np.nan) for x, n in zip(sums, sizes, strict=True))
        )


@dataclass(frozen=True, eq=False)
class _Entries:
    """Words of pairs of rows, the first of them rising; 0 for all other pairs."""

    rows: Rows
    columns: Lists
    words: Words

    @classmethod
    def of(cls, near: Lists, words: Words) -> _Entries:
        """Return those of lists, without words of 0."""
        used = words.T.ravel()
        place = np.flatnonzero(used)
        return cls(place // len(near), near.T.ravel()[place], used[place])

    def turned(self, n: int) -> _Entries:
        """Return the same with rows and columns, of which there are `n`, exchanged."""
        # Numbers of 16 bits are sorted by radix, several times as fast.
        kind = np.uint16 if n <= 2**16 else np.int32
        order = np.argsort(self.columns.astype(kind), kind="stable")
        rows = self.rows.astype(np.int32)[order]
        return _Entries(self.columns[order].astype(np.int64), rows, self.words[order])

    def at(self, near: Lists) -> Words:
        """Return ``(L, N)`` the words of the pairs of points and entries of lists."""
        n = near.shape[1]
        result = np.empty(near.shape, dtype=np.uint32)
        size = max(1, _TABLE // n)
        table = np.zeros((size, n), dtype=np.uint32)
        flat = table.ravel()
        starts = np.searchsorted(self.rows, np.arange(0, n + size, size))
        for i, start in enumerate(range(0, n, size)):
            part = slice(starts[i], starts[i + 1])
            places = (self.rows[part] - start) * n + self.columns[part]
            flat[places] = self.words[part]
            block = near[:, start : start + size]
            result[:, start : start + size] = flat[
                np.arange(block.shape[1]) * n + block
            ]
            flat[places] = 0
        return result


# Lists go when their graph does: they hold no reference to it.
_KNOWN: WeakKeyDictionary[Neighbors, Halves] = WeakKeyDictionary()


def halved(graph: Neighbors) -> Halves | None:
    """Return which neighbours the points of a graph have in halves of them.

    None where there are no vectors to search, more than 20,000 points, or fewer than
    20 k: the neighbours of a half then reach too far to stand for those of all points.

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
    labels = labels_of(graph, None)
    has_label = labelled(labels, None, len(labels))
    halves = halves.among(has_label)
    same = halves.counts(_where(_share(labels, halves.near), halves.taken))
    return halves.apart(same / np.where(halves.count > 0, halves.count, np.nan))


def of_adjusted_homophily(graph: Neighbors) -> Floats | None:
    """Return ``(R,)`` half the difference of `adjusted_homophily` between both halves.

    None as in `halved`.
    """
    halves = halved(graph)
    if halves is None:
        return None
    labels = labels_of(graph, None)
    has_label = labelled(labels, None, len(labels))
    halves = halves.among(has_label)
    mutual, occurrence = halves.both_ways
    # Of the union graph: an edge both ways is one.
    degree = halves.count + occurrence - halves.counts(mutual)
    # Every label of a point, and twice the edges that it shares it by.
    if labels.ndim == 1:
        point = np.flatnonzero(has_label)
        kind = labels[point]
        alike = labels[halves.near[:, point]] == kind
    else:
        point, kind = np.nonzero((labels > 0) & has_label[:, None])
        alike = labels[halves.near[:, point], kind] > 0
    shared = 2 * halves.counts(_where(alike, halves.taken[:, point]))
    shared -= halves.counts(_where(alike, mutual[:, point]))
    shape = int(kind.max(initial=0)) + 1, len(point)
    of_class = csr_array((np.ones(len(point)), (kind, np.arange(len(point)))), shape)
    values = []
    for side in (halves.sides.T, ~halves.sides.T):
        ends = of_class @ np.where(side, degree, 0)[point]
        inside = of_class @ np.where(side[point], shared, 0)
        total = np.where(side, degree, 0).sum(axis=0)
        values.append(assortativity(ends.T, inside.T, total))
    return _half_apart(*values)


def of_reciprocity(graph: Neighbors) -> Floats | None:
    """Return ``(R,)`` half the difference of `reciprocity` between both halves.

    None as in `halved`.
    """
    halves = halved(graph)
    if halves is None:
        return None
    both = halves.of_sides(halves.counts(halves.both_ways[0]))
    every = halves.of_sides(halves.count)
    shares = (x / np.maximum(count, 1) for x, count in zip(both, every, strict=True))
    return _half_apart(*shares)


def of_hubness(graph: Neighbors) -> Floats | None:
    """Return ``(R,)`` half the difference of `hubness` between both halves.

    None as in `halved`.
    """
    halves = halved(graph)
    if halves is None:
        return None
    deviation = halves.both_ways[1] - float(graph.k)
    deviation[~graph.present] = 0.0
    sizes, seconds, thirds = (
        halves.of_sides(values)
        for values in (
            np.broadcast_to(graph.present[:, None], deviation.shape),
            deviation**2,
            deviation**3,
        )
    )
    skews = []
    for size, second, third in zip(sizes, seconds, thirds, strict=True):
        variance = second / size
        spread = np.where(variance > 0, variance, np.inf) ** 1.5
        skews.append(third / size / spread)
    return _half_apart(*skews)


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
    other = _Entries.of(second.near, second.taken)
    shared = first.counts(first.taken & other.at(first.near))
    values = value(shared.astype(np.float64), a.k, b.k)
    values[~(a.present & b.present)] = np.nan
    return first.apart(values)


def _half_apart(first: Floats, second: Floats) -> Floats:
    return np.asarray((first - second) / 2)


def _where(there: Bools, words: Words) -> Words:
    """Return words where something holds, elsewhere 0."""
    return np.where(there, words, np.uint32(0))


def _share(labels: npt.NDArray[np.int64], near: Lists) -> Bools:
    """Return ``(L, N)`` whether entries share a label with their point."""
    if labels.ndim == 1:
        return np.asarray(labels[near] == labels)
    packed = np.packbits(labels > 0, axis=1)
    return np.array([(packed[line] & packed).any(axis=1) for line in near])


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
    # Enough for k of one half, but for one list of some hundreds.
    length = count - 1 if count <= FEW else 2 * k + 5 * int(np.ceil(np.sqrt(k)))
    length = min(length, count - 1)
    points = _points(graph)
    if count > MANY:
        search = nearest_read if isinstance(points, Stored) else nearest
        order, _ = search(points, length, metric=graph.metric)
    else:
        order = _order(np.asarray(points, np.float64), length, graph.metric)
    lists, _ = over_rows(graph.present, order, np.zeros(order.shape))
    near = np.ascontiguousarray(lists.T, dtype=np.int32)
    return Halves(sides, near, _taken(near, sides, k))


def _points(graph: Neighbors) -> Any:
    """Return the vectors of the rows that are in a graph, unread where on disk."""
    options = {"weights": graph.weights}
    stored = graph.embedding.space_on_disk(graph.space, **options)
    if isinstance(stored, Stored):
        return present_rows(stored, graph.present)
    points = graph.embedding.space(graph.space, **options, centred=False)
    return np.asarray(present_rows(points, graph.present), dtype=np.float64)


def _order(points: Floats, length: int, metric: str) -> Rows:
    """Return ``(N, L)`` the nearest others of every row, nearest first.

    By products of matrices: distances that differ by no more than rounding may change
    places, which an estimate of noise can bear.
    """
    vectors = measured_by(metric, points)[0]
    vectors = vectors - vectors.mean(axis=0)
    vectors /= np.abs(vectors).max() or 1.0  # squares fit into 32 bits
    left, right, squares = bound_factors(vectors)
    left = np.hstack([left, squares[:, None]])
    right = np.vstack([right, np.ones(len(points))])
    n = len(points)
    lists = np.empty((n, length), dtype=np.int64)
    size = max(1, _BUDGET // n)
    for start in range(0, n, size):
        far = (left[start : start + size] @ right).astype(np.float32)
        far[np.arange(len(far)), start + np.arange(len(far))] = np.inf
        flat = np.flatnonzero(far <= cut(far, length)[:, None])
        row, column = np.divmod(flat, n)
        # Bits of floats from 0 rise as these do: one number has both to sort by.
        bits = np.maximum(far.ravel()[flat], 0).view(np.uint32)
        keys = bits.astype(np.int64) << 32 | column
        counts = np.bincount(row)
        place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        table = np.full((len(far), int(counts.max())), np.iinfo(np.int64).max)
        table[row, place] = keys
        table.sort(axis=1)
        lists[start : start + size] = table[:, :length] & 0xFFFFFFFF
    return lists


def _taken(near: Lists, sides: Bools, k: int) -> Words:
    """Return the bits of the first k entries that are in the half of their point."""
    powers = np.uint32(1) << np.arange(len(sides), dtype=np.uint32)
    side = powers @ sides.astype(np.uint32)  # (N,) one bit a split
    words = _where(near >= 0, ~(side[near] ^ side) & powers.sum(dtype=np.uint32))
    # Counters of all splits, a bit of each in one word, that overflow after k.
    size = k.bit_length()
    counter = [np.full(len(side), -((2**size - k) >> i & 1)) for i in range(size)]
    counter = [bits.astype(np.uint32) for bits in counter]
    full = np.zeros_like(side)
    for i, line in enumerate(words):
        words[i] = carry = line & ~full
        for place, bits in enumerate(counter):
            counter[place], carry = bits ^ carry, bits & carry
        full |= carry
    return words
