"""Points sorted into the cells of a k-means, and bounds of how far cells are apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ._threads import in_blocks

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Rows: TypeAlias = npt.NDArray[np.int64]

_EACH = 200  # points a cell: fewer cost more bounds, more are harder to rule out
_MOST = 2048  # cells: a table of all pairs of them has 32 MiB
_SAMPLED = 32  # points a cell that k-means sees
_STEPS = 5  # of k-means
_AT_ONCE = 1024  # points a product
_EPS = float(np.finfo(np.float64).eps)
_EPS32 = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, eq=False)
class Side:
    """Points in the order of their cells.

    Parameters
    ----------
    rows
        ``(N,)`` row number of each.
    start
        ``(K + 1,)`` where each cell begins, and N.
    points
        ``(N, D)`` coordinates times `Cells.scale`.
    single
        ``(N, D + 1)`` what `factors` makes of them around `Cells.origin`.
    gap
        ``(K, K)``: at c, a no more than the least ``|x - a|^2 - |x - c|^2`` of a point
        x in cell c, a and c being the centres; infinite for cells without points.
    """

    rows: Rows
    start: Rows
    points: Floats
    single: Singles
    gap: Floats

    @property
    def sizes(self) -> Rows:
        """``(K,)`` points of each cell."""
        return np.diff(self.start)


@dataclass(frozen=True, eq=False)
class Cells:
    """Points that are asked for and points that answer, in the cells of one k-means.

    What is nearest depends on no cell: they only decide what is looked at.

    ``f(p) = |p - a|^2 - |p - c|^2`` is linear in p and changes by at most ``2 |a - c|``
    a unit of distance, so every point x of cell c is at least
    ``(f(x) - f(q)) / (2 |a - c|)`` from a point q, and the least f(x) is `Side.gap`:
    a table of cells rules out whole cells. Other than the bound by the radius of a
    cell, it sees how far a cell reaches in the direction of q.

    Parameters
    ----------
    queries, others
        Both sides; one object where they are the same points.
    origin
        ``(D,)`` what products are centred on, so that far from zero nothing is lost.
    centres
        ``(K, D)``; neighbouring cells have neighbouring numbers.
    lines
        ``(K, D + 1)`` centred centres and their shrunk squares.
    apart
        ``(K, K)`` no less than the distances of the centres.
    scale
        Power of two, by which the largest centred coordinate is between 1/2 and 1:
        nothing that matters under- or overflows, and multiplying by it rounds nothing.
    """

    queries: Side
    others: Side
    origin: Floats
    centres: Floats
    lines: Floats
    apart: Floats
    scale: float

    def far(self, cell: int, span: slice, those: Rows) -> Floats:
        """Return lower bounds of the distances of queries to all points of cells.

        With ``e = 8 (D + 4) u``, u being half the machine epsilon, a product differs
        from the squared distance by less than ``e/2`` times both squares (see
        `_search`); `low` and `high` err by at least as much to either side and leave
        as much again for the sums, in which a dozen roundings by u happen.

        Parameters
        ----------
        cell
            That of the queries.
        span
            Their places in `queries`.
        those
            Cells with points.

        Returns
        -------
        numpy.ndarray
            ``(queries, cells)``, in units of `scale`; negative where nothing is known.
        """
        low, squares = _low(
            self.queries.points[span], self.origin, self.lines[np.append(those, cell)]
        )
        bounds, own = low[:, :-1], low[:, -1]
        bounds -= (own + _room(squares, self.lines[cell]))[:, None]
        bounds += self.others.gap[those, cell]
        apart = self.apart[cell, those]
        by = np.zeros(len(those))
        np.divide(0.5 * (1 - 8 * _EPS), apart, out=by, where=apart > 0)
        bounds *= by
        return bounds


def split(
    points: Floats, rows: Rows | None = None, others: Rows | None = None
) -> Cells | None:
    """Return points in cells, or None where single precision says too little.

    Parameters
    ----------
    points
        ``(N, D)`` finite coordinates.
    rows, others
        Rows that are asked for and rows that answer; None for all on both sides.

    Examples
    --------
    >>> cells = split(np.array([[0.0], [1.0], [3.0]]))
    >>> cells.others.rows.tolist(), cells.scale
    ([0, 1, 2], 0.5)
    >>> split(np.array([[0.0], [1e-300]])) is None
    True
    """
    width = points.shape[1]
    rng = np.random.default_rng(0)
    some = rng.choice(len(points), min(len(points), _AT_ONCE), replace=False)
    origin = np.median(points[some], axis=0)
    size = float(np.abs(points - origin).max())
    if not 1e-100 < size < 1e100 or shrink(width, _EPS32) > 0.01:
        return None
    scale = float(2.0 ** -np.ceil(np.log2(size)))
    origin = origin * scale
    answering = (points if others is None else points[others]) * scale
    count = int(min(_MOST, max(1, len(answering) // _EACH)))
    centres = _centres(answering, origin, count, rng)
    lines = np.hstack([centres - origin, np.zeros((count, 1))])
    lines[:, -1] = (1 - shrink(width, _EPS)) * (lines * lines).sum(axis=1)
    answers = _side(answering, origin, lines)
    asked = answers if rows is None else _side(points[rows] * scale, origin, lines)
    return Cells(asked, answers, origin, centres, lines, _apart(centres), scale)


def shrink(width: int, eps: float) -> float:
    """Return by which share both squares shrink to make a product a lower bound.

    The bound of a and b is ``(1 - e) (|a|^2 + |b|^2) - 2 a.b``, the product as computed
    in any order, with ``|b|^2`` as one of its terms. Casting coordinates to this
    precision changes the squared distance by at most 4 u times both squares, the
    product errs by (D + 1) u (|a|^2 + 2 |b|^2), and squares are rounded once more:
    (2 D + 9) u in all for single precision, where we take (2 D + 16) u and 5 % for
    terms of second order. In double precision the squares are summed with as many
    roundings again, and twice that leaves room for the sums made of bounds.

    Parameters
    ----------
    width
        D.
    eps
        Machine epsilon, 2 u, of the precision.

    Examples
    --------
    >>> shrink(64, 2.0**-23) < 1e-5
    True
    """
    if eps == _EPS32:
        return 1.05 * (width + 8) * eps
    return 4 * (width + 4) * eps


def factors(points: Floats, centre: Floats) -> Singles:
    """Return centred points in single precision, and their shrunk squares.

    ``a[:, :-1] @ b[:, :-1].T`` taken twice from both last columns bounds the squared
    distances from below.

    Examples
    --------
    >>> factors(np.array([[3.0, 1.0]]), np.array([1.0, 1.0])).round(3).tolist()
    [[2.0, 0.0, 4.0]]
    """
    width = points.shape[1]
    table = np.empty((len(points), width + 1), dtype=np.float32)
    x = table[:, :width]
    np.subtract(points, centre, out=x, casting="same_kind")
    squares = np.einsum("ij,ij->i", x, x, dtype=np.float64)
    table[:, width] = (1 - shrink(width, _EPS32)) * squares
    return table


def _side(points: Floats, origin: Floats, lines: Floats) -> Side:
    about = lines[:, :-1].astype(np.float32)
    cell = np.empty(len(points), dtype=np.int64)

    def assign(part: slice) -> None:
        cell[part] = _nearest((points[part] - origin).astype(np.float32), about)

    in_blocks(assign, len(points), len(lines))
    order, start = _grouped(cell, len(lines))
    points = points[order]
    single = np.empty((len(points), points.shape[1] + 1), dtype=np.float32)

    def fill(part: slice) -> None:
        single[part] = factors(points[part], origin)

    in_blocks(fill, len(points), points.shape[1])
    return Side(order, start, points, single, _gaps(points, start, origin, lines))


def _gaps(points: Floats, start: Rows, origin: Floats, lines: Floats) -> Floats:
    gap = np.full((len(lines), len(lines)), np.inf)

    def step(part: slice) -> None:
        for c in range(part.start, part.stop):
            for at in range(start[c], start[c + 1], _AT_ONCE):
                span = slice(at, min(at + _AT_ONCE, start[c + 1]))
                low, squares = _low(points[span], origin, lines)
                low -= (low[:, c] + _room(squares, lines[c]))[:, None]
                np.minimum(gap[c], low.min(axis=0), out=gap[c])

    in_blocks(step, len(lines), _EACH * len(lines), rows=len(points))
    return gap


def _low(points: Floats, origin: Floats, lines: Floats) -> tuple[Floats, Floats]:
    """Return ``|x - c|^2 - |x|^2``, or less, of points and centres, and ``|x|^2``."""
    y = points - origin
    left = np.hstack([-2 * y, np.ones((len(y), 1))])
    y *= y
    return left @ lines.T, y.sum(axis=1)


def _room(squares: Floats, line: Floats) -> Floats:
    """Return what makes a lower bound of `_low` an upper one."""
    share = shrink(len(line) - 1, _EPS)
    return 2 * share * (squares + line[-1] / (1 - share))


def _apart(centres: Floats) -> Floats:
    apart = np.empty((len(centres), len(centres)))
    for i, centre in enumerate(centres):
        difference = centres - centre
        difference *= difference
        apart[i] = np.sqrt(difference.sum(axis=1))
    apart *= 1 + (centres.shape[1] + 8) * _EPS
    return apart


def _centres(
    points: Floats, origin: Floats, count: int, rng: np.random.Generator
) -> Floats:
    """Return centres by Lloyd's algorithm on some points, close ones together."""
    some = rng.choice(len(points), min(len(points), _SAMPLED * count), replace=False)
    drawn = (points[some] - origin).astype(np.float32)
    centres, _ = _lloyd(drawn, drawn[:count])
    about, group = _lloyd(centres, centres[::8])
    return centres[np.argsort(_walk(about)[group], kind="stable")] + origin


def _lloyd(x: Singles, centres: Singles) -> tuple[Singles, Rows]:
    """Return the centres after some steps, and the cells that they came from."""
    centres, cell = centres.copy(), np.empty(len(x), dtype=np.int64)

    def assign(part: slice) -> None:
        cell[part] = _nearest(x[part], centres)

    for _ in range(_STEPS):
        in_blocks(assign, len(x), len(centres))
        order, start = _grouped(cell, len(centres))
        size = np.diff(start)
        some = size > 0
        sums = np.add.reduceat(x[order], start[:-1][some], axis=0)
        centres[some] = sums / size[some, None]
    return centres, cell


def _nearest(x: Singles, centres: Singles) -> Rows:
    near = x @ centres.T
    near -= 0.5 * np.einsum("ij,ij->i", centres, centres)
    return near.argmax(axis=1)


def _walk(x: Singles) -> Rows:
    """Return each point's place on a walk that goes to the nearest one left."""
    rank, at = np.full(len(x), -1, dtype=np.int64), 0
    for place in range(len(x)):
        rank[at] = place
        apart = ((x - x[at]) ** 2).sum(axis=1)
        apart[rank >= 0] = np.inf
        at = int(apart.argmin())
    return rank


def _grouped(cell: Rows, count: int) -> tuple[Rows, Rows]:
    """Return rows in the order of their cells, and where each cell starts."""
    start = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(cell, minlength=count), out=start[1:])
    return np.argsort(cell.astype(np.uint16), kind="stable"), start
