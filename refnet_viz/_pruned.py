"""Candidates for the nearest neighbours from a part of all pairs, and none missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ._cells import Cells, Floats, Rows, Singles, factors, shrink
from ._threads import in_blocks

Part: TypeAlias = tuple[int, slice]
Visit: TypeAlias = Callable[[Rows, Rows, Rows], None]

_GROUP = 2048  # queries that are looked at together
_TILE = 1024  # points that they are compared with at once, about
_FIRST = 600  # points that give a query its first reach
_LOOK = 20_000  # pairs that cost what a look costs in any case
_HELD = 2**22  # candidates of a group
_SAMPLE = 8  # groups that say how much there is to do
_EPS32 = float(np.finfo(np.float32).eps)
# Of the squared size of all data: what underflow may hide.
_TINY = 2.0**-90


def candidates(
    cells: Cells, k: int, visit: Visit, *, room: float = 0.0, title: str = ""
) -> None:
    """Find pairs among which the `k` nearest of every query are.

    Parameters
    ----------
    cells
        The points. Each query may be among the others once.
    k
        Neighbours a query, at most one less than the others.
    visit
        Called with the rows of some queries, rising places among these, and for each
        place the row of a candidate: all within the distance of the k + 1st nearest
        other, so that one of them may be the query itself. Calls come from several
        threads, each for queries of its own.
    room
        Difference of squared distances that counts as none.
    title
        Title of the progress bar.
    """
    groups = _groups(cells, k)
    queries, others = cells.queries.rows, cells.others.rows

    def step(part: slice) -> None:
        for group in groups[part]:
            for span, row, place in _scanned(cells, group, k, room * cells.scale**2):
                visit(queries[span], row, others[place])

    in_blocks(step, len(groups), 2**20, title=title, rows=len(queries))


def share_of_pairs(cells: Cells, k: int, *, room: float = 0.0) -> float:
    """Return about which part of all pairs `candidates` compares.

    It compares those of a few groups of queries, evenly spaced; 1 where no cell can be
    ruled out, and a little more, since the first reach is found beforehand.
    """
    groups = _groups(cells, k)
    some = np.unique(np.linspace(0, len(groups) - 1, _SAMPLE).round().astype(int))
    pairs, queries = np.zeros(len(some)), np.zeros(len(some))

    def step(part: slice) -> None:
        for place in range(part.start, part.stop):
            scan = _Scan(cells, groups[some[place]], k + 1, room * cells.scale**2)
            scan.run()
            pairs[place], queries[place] = scan.pairs, len(scan.own)

    in_blocks(step, len(some), 2**20, rows=len(cells.queries.rows))
    return float(pairs.sum() / (queries.sum() * len(cells.others.rows)))


def _groups(cells: Cells, k: int) -> list[list[Part]]:
    """Return neighbouring cells whose queries are looked at together."""
    start, most = cells.queries.start, min(_GROUP, max(1, 2**18 // k))
    groups: list[list[Part]] = []
    size = most
    for c in range(len(start) - 1):
        for at in range(start[c], start[c + 1], most):
            end = min(at + most, int(start[c + 1]))
            if size + end - at > most:
                groups.append([])
                size = 0
            groups[-1].append((c, slice(at, end)))
            size += end - at
    return groups


def _scanned(
    cells: Cells, group: list[Part], k: int, room: float
) -> Iterator[tuple[slice, Rows, Rows]]:
    """Yield the candidates of a group, half by half where they are too many."""
    scan = _Scan(cells, group, k + 1, room)
    if scan.run():
        yield scan.span, scan.row.astype(np.int64), scan.place
        return
    for half in _halves(group):
        yield from _scanned(cells, half, k, room)


def _halves(group: list[Part]) -> tuple[list[Part], list[Part]]:
    middle = (group[0][1].start + group[-1][1].stop) // 2
    left: list[Part] = []
    right: list[Part] = []
    for cell, span in group:
        if span.start < middle:
            left.append((cell, slice(span.start, min(middle, span.stop))))
        if span.stop > middle:
            right.append((cell, slice(max(middle, span.start), span.stop)))
    return left, right


class _Scan:
    """The search for candidates of one group of queries.

    A query's `reach` is no less than its squared distance to the `count`-th nearest
    other, times `scale` twice. With e of `shrink`, a bound b of the product and squares
    |q|^2 and |x|^2, the squared distance, as differences of coordinates give it in
    double precision, is between b and ``b + 2 e (|q|^2 + |x|^2)``: the `count`-th
    smallest bound gives a reach, and all bounds within it are candidates. A cell is
    compared with the queries whose reach is no less than its distance.

    Bounds are centred on what all are centred on, or, where that blurs the nearest
    distances, on the first of the group's cells.
    """

    def __init__(
        self, cells: Cells, group: list[Part], count: int, room: float
    ) -> None:
        self.cells, self.group, self.count, self.room = cells, group, count, room
        self.span = slice(group[0][1].start, group[-1][1].stop)
        self.share = shrink(cells.origin.shape[0], _EPS32)
        self.pairs = 0
        self.centre: Floats | None = None
        self._set_left(cells.queries.single[self.span])
        self.reach = np.full(len(self.own), np.inf)
        self.row = np.empty(0, dtype=np.int16)
        self.place = np.empty(0, dtype=np.int64)
        self.bound = np.empty(0, dtype=np.float32)
        self.pending: list[tuple[npt.NDArray[np.int16], Rows, Singles]] = []
        self.hits, self.largest = 0, 0.0

    def run(self) -> bool:
        """Find all candidates; False if they are too many for one go."""
        self._first_reach()
        blurred = self._blur(0.0) > 0.03 * self.reach
        if blurred.mean() > 0.5:
            self.centre = self.cells.centres[self.group[0][0]]
            self._set_left(factors(self.cells.queries.points[self.span], self.centre))
            self._first_reach()
        those, far = self._far()
        need = far <= self._distance()[:, None]
        by_need = np.argsort(-np.count_nonzero(need, axis=0), kind="stable")
        sizes = self.cells.others.sizes[those[by_need]]
        near = 1 + int(np.searchsorted(np.cumsum(sizes), 2 * len(self.own)))
        for part in (np.sort(by_need[:near]), np.sort(by_need[near:])):
            if not self._compare(those[part], far[:, part]):
                return False
        return True

    def _set_left(self, table: Singles) -> None:
        self.left: Singles = table * np.float32(-2)
        self.left[:, -1] = 1
        self.own = table[:, -1].astype(np.float64)

    def _right(self, start: int, end: int) -> Singles:
        others = self.cells.others
        if self.centre is None:
            return others.single[start:end]
        return factors(others.points[start:end], self.centre)

    def _blur(self, largest: float) -> Floats:
        """Return how far a squared distance may be above its bound."""
        blur: Floats = 2.02 * self.share * (self.own + largest)  # own squares shrank
        return blur

    def _reach_of(self, kth: Singles, blur: Floats, own: Floats) -> Floats:
        up = np.maximum(kth + own + blur, 0)
        reach: Floats = up * (1 + 1e-6) + (self.room + _TINY)
        return reach

    def _set_reach(self, reach: Floats) -> None:
        self.reach = np.minimum(self.reach, reach)
        limit = (self.reach - self.own).astype(np.float32)
        self.limit = np.nextafter(limit, np.float32(np.inf))

    def _distance(self) -> Floats:
        distance: Floats = np.sqrt(self.reach) * (1 + 1e-9)
        return distance

    def _first_reach(self) -> None:
        """Compare each query with the cells closest to its own."""
        others = self.cells.others
        reach = np.empty(len(self.own))
        enough = max(4 * self.count, _FIRST)
        for cell, span in self.group:
            near = np.argsort(self.cells.apart[cell], kind="stable")
            last = int(np.searchsorted(np.cumsum(others.sizes[near]), enough))
            spans = [others.start[c : c + 2] for c in near[: last + 1]]
            right = np.concatenate([self._right(*ends) for ends in spans])
            part = slice(span.start - self.span.start, span.stop - self.span.start)
            bounds = self.left[part] @ right.T
            self.pairs += bounds.size
            blur = self._blur(float(right[:, -1].max()))[part]
            reach[part] = self._reach_of(cut(bounds, self.count), blur, self.own[part])
        self._set_reach(reach)

    def _far(self) -> tuple[Rows, Floats]:
        """Return the cells that may hold candidates, and how far they are at least."""
        cells, others = self.cells, self.cells.others
        distance, start = self._distance(), self.span.start
        near = np.zeros((len(self.group), len(others.sizes)), dtype=bool)
        for line, (cell, span) in zip(near, self.group, strict=True):
            most = distance[span.start - start : span.stop - start].max()
            # The same for all queries of a cell at once, from the tables of cells.
            least = others.gap[:, cell] + cells.queries.gap[cell]
            line[:] = least <= 2 * (1 + 1e-9) * most * cells.apart[cell]
        near &= others.sizes > 0
        those = np.flatnonzero(near.any(axis=0))
        far = np.full((len(self.own), len(those)), np.inf)
        for line, (cell, span) in zip(near, self.group, strict=True):
            columns = np.flatnonzero(line[those])
            part = slice(span.start - start, span.stop - start)
            far[part, columns] = cells.far(cell, span, those[columns])
        return those, far

    def _compare(self, those: Rows, far: Floats) -> bool:
        need = far <= self._distance()[:, None]
        for start, end, rows in self._spans(those, need):
            self._look(start, end, rows)
            if self.hits > 6 * self.count * len(self.own):
                self._settle()
                if len(self.row) > _HELD and len(self.own) > 1:
                    return False
        self._settle()
        return True

    def _spans(
        self, those: Rows, need: npt.NDArray[np.bool_]
    ) -> Iterator[tuple[int, int, npt.NDArray[np.bool_]]]:
        """Yield where to look and for whom; cells are joined where that is cheaper."""
        start = self.cells.others.start
        held: tuple[int, int, npt.NDArray[np.bool_], int] | None = None
        counts = np.count_nonzero(need, axis=0)
        for i in np.flatnonzero(counts):
            first, end, rows, count = (
                *start[those[i] : those[i] + 2],
                need[:, i],
                counts[i],
            )
            if held is not None:
                union = held[2] | rows
                both = int(np.count_nonzero(union))
                alone = held[3] * (held[1] - held[0]) + count * (end - first) + _LOOK
                joined = end - held[0]
                if held[1] == first and joined <= 2 * _TILE and both * joined <= alone:
                    held = held[0], end, union, both
                    continue
                yield held[:3]
            held = first, end, rows, count
        if held is not None:
            yield held[:3]

    def _look(self, start: int, end: int, rows: npt.NDArray[np.bool_]) -> None:
        """Compare queries with a span of points, and remember who is within reach."""
        for at in range(start, end, 2 * _TILE):
            right = self._right(at, min(end, at + 2 * _TILE))
            some = np.flatnonzero(rows) if rows.mean() < 0.85 else None
            left = self.left if some is None else self.left[some]
            limit = self.limit if some is None else self.limit[some]
            bounds: Singles = left @ right.T
            self.pairs += bounds.size
            self.largest = max(self.largest, float(right[:, -1].max()))
            flat = np.flatnonzero(bounds <= limit[:, None])
            row, place = np.divmod(flat, len(right))
            if some is not None:
                row = some[row]
            found = row.astype(np.int16), place + at, bounds.ravel()[flat]
            self.pending.append(found)
            self.hits += len(flat)

    def _settle(self) -> None:
        """Sort what was remembered, and keep what is within the new reach."""
        parts = [(self.row, self.place, self.bound), *self.pending]
        self.pending, self.hits = [], 0
        row, place, bound = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(row, kind="stable")
        row, place, bound = row[order], place[order], bound[order]
        counts = np.bincount(row, minlength=len(self.own))
        if counts.min() >= self.count:
            table = padded(row, counts, bound)
            kth = np.partition(table, self.count - 1, axis=1)[:, self.count - 1]
            blur = self._blur(self.largest)
            self._set_reach(self._reach_of(kth, blur, self.own))
        keep = bound <= self.limit[row]
        self.row, self.place, self.bound = row[keep], place[keep], bound[keep]


def padded(row: Rows, counts: Rows, values: Singles) -> Singles:
    """Return values by row in a table, filled up with infinity.

    Parameters
    ----------
    row
        Row of each value, rising.
    counts
        Values of each row.
    values
        The values.

    Examples
    --------
    >>> values = np.array([5, 6, 7], dtype=np.float32)
    >>> padded(np.array([0, 1, 1]), np.array([1, 2]), values).tolist()
    [[5.0, inf], [6.0, 7.0]]
    """
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((len(counts), int(counts.max())), np.inf, dtype=values.dtype)
    table[row, place] = values
    return table


def cut(bounds: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Return for each row a value that at least `count` entries do not exceed.

    The minima of chunks are entries, and few; their `count`-th smallest serves.

    Examples
    --------
    >>> cut(np.array([[3.0, 1.0, 2.0]]), 2).tolist()
    [2.0]
    """
    n = bounds.shape[1]
    size = max(1, n // (4 * count))
    whole = n // size * size
    minima = bounds[:, :whole].reshape(len(bounds), size, -1).min(axis=1)
    return np.partition(minima, count - 1, axis=1)[:, count - 1]
