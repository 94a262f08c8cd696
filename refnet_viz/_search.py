"""Exact nearest neighbours: candidates by matrix products, then checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ._cells import split
from ._pruned import candidates, cut, share_of_pairs
from ._threads import in_blocks

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Length: TypeAlias = Callable[[Floats], Floats]
Search: TypeAlias = Callable[[Floats, int, Length], tuple[Rows, Floats]]

# Numbers held at once by a step: 4 MiB of float64, what a core's cache holds.
_BUDGET = 2**19
# Candidates beyond k: enough that only ties and near-ties ask for a second look.
_SLACK = 8
# Rows from which on, and neighbours a row up to which, cells pay.
_MANY = 2_000
_FEW_OF = 20
# Squared distances that differ by less may be rounded to one cosine.
_COSINE_ROOM = 4e-14


def nearest(
    points: Floats, k: int, *, metric: str, search: Search | None = None
) -> tuple[Rows, Floats]:
    """Return the `k` nearest other rows of every row, and their distances.

    From some rows on they are sorted into cells (`_cells`), of which most are ruled out
    for most rows; what is left is compared in single precision, with what rounding may
    do allowed for (`_pruned`), and what may be near is compared exactly. Where nothing
    can be ruled out, that is still faster than all pairs in double precision, and where
    single precision says too little (coordinates beyond 1e100, more than about 80,000
    columns) all pairs it is. Rows, ties and distances are the same bits either way.

    Rows are ordered by (distance, row number), so equal distances never depend on
    the order of evaluation. Distances come from differences of coordinates, not from
    a matrix product: duplicates are at exactly 0.

    Parameters
    ----------
    points
        ``(N, D)`` finite coordinates.
    k
        Neighbours a row, between 1 and N - 1.
    metric
        "euclidean", or "cosine": half the squared distance of the unit vectors,
        which is 1 - cos, rounded to 14 decimals (what float32 coordinates can carry)
        so that vectors of one direction are at exactly 0. Rows of zeros are at
        distance 1 from all others and 0 from one another.
    search
        What is asked for the neighbours among distinct vectors; None for `exact`.

    Returns
    -------
    indices
        ``(N, k)`` row numbers, nearest first.
    distances
        ``(N, k)``, rising along each row.

    Examples
    --------
    >>> indices, distances = nearest(np.array([[0.0], [1.0], [3.0]]), 1,
    ...                              metric="euclidean")
    >>> indices.ravel().tolist(), distances.ravel().tolist()
    ([1, 0, 1], [1.0, 1.0, 2.0])
    """
    vectors, length = measured_by(metric, points)
    first, group = _distinct(vectors)
    neighbors = (search or exact)(vectors[first], min(k, len(first) - 1), length)
    if len(first) == len(vectors):
        return neighbors
    return _expand(group, *neighbors, k)


def exact(
    x: Floats, k: int, length: Length, *, rows: Rows | None = None
) -> tuple[Rows, Floats]:
    """Return the `k` nearest others of rows that all differ.

    Parameters
    ----------
    x
        ``(N, D)``.
    k
        Neighbours a row; 0 where there is one row.
    length
        What makes a distance of a squared distance.
    rows
        Rows that are asked for, rising; None for all.

    Examples
    --------
    >>> exact(np.array([[0.0], [1.0], [3.0]]), 1, np.sqrt)[0].ravel().tolist()
    [1, 0, 1]
    """
    if rows is None and _pays(len(x), k):
        lists = _by_cells(x, k, length)
        if lists is not None:
            return lists
    return _by_all_pairs(x, k, length, np.arange(len(x)) if rows is None else rows)


def nearest_rows(
    points: Floats, rows: Rows, k: int, *, metric: str
) -> tuple[Rows, Floats]:
    """Return what `nearest` does for some rows, in the time that these take.

    Parameters
    ----------
    points, k, metric
        As in `nearest`.
    rows
        ``(R,)`` row numbers, rising.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [3.0]])
    >>> nearest_rows(points, np.array([2]), 2, metric="euclidean")[0].tolist()
    [[1, 0]]
    """
    vectors, length = measured_by(metric, points)
    return exact(vectors, k, length, rows=rows)


def lengths_of(points: Floats, row: Rows, column: Rows, *, metric: str) -> Floats:
    """Return the distances of the listed pairs, as `nearest` gives them.

    Examples
    --------
    >>> line, pair = np.array([[0.0], [1.0], [3.0]]), (np.array([0]), np.array([2]))
    >>> lengths_of(line, *pair, metric="euclidean").tolist()
    [3.0]
    """
    vectors, length = measured_by(metric, points)
    return length(_apart(vectors, row, column)) if len(row) else np.empty(0)


def lengths_from(points: Floats, rows: Rows, *, metric: str) -> Floats:
    """Return the distances of some rows to all rows, the same numbers as `nearest`.

    Parameters
    ----------
    points
        ``(N, D)`` coordinates; a row that is not finite is at NaN.
    rows
        ``(R,)`` row numbers.
    metric
        As in `nearest`.

    Returns
    -------
    numpy.ndarray
        ``(R, N)``.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [3.0]])
    >>> lengths_from(points, np.array([2]), metric="euclidean").tolist()
    [[3.0, 2.0, 0.0]]
    """
    column = np.arange(len(points))
    lines = [
        lengths_of(points, np.full(len(points), row), column, metric=metric)
        for row in rows
    ]
    return np.stack(lines)


class Effort(NamedTuple):
    """Effort of a search: the pairs compared, and the time.

    Parameters
    ----------
    share
        Part of all pairs that are compared.
    seconds
        CPU time, within a factor of two on the machines that we know.
    """

    share: float
    seconds: float


def effort(points: Floats, k: int, *, metric: str) -> Effort:
    """Estimate what `nearest` would have to do, from a few groups of rows.

    It takes as long as about a tenth of a search, and less of a large one. The same
    points give the same answer: nothing is timed.

    Parameters
    ----------
    points, k, metric
        As in `nearest`.

    Examples
    --------
    >>> effort(np.array([[0.0], [1.0], [3.0]]), 1, metric="euclidean").share
    1.0
    """
    vectors, length = measured_by(metric, points)
    first, _ = _distinct(vectors)
    x = vectors[first]
    n, width = x.shape
    cells = split(x) if _pays(n, k) else None
    if cells is None:
        return of_all_pairs(n, width, k)
    share, each = share_of_pairs(cells, k, room=_room(length)), 1 + 0.035 * width
    bounds = 12.0 * len(cells.centres)
    nanoseconds = n * (share * n * each + _checked(k, width) + bounds)
    return Effort(share, nanoseconds / 1e9)


def of_all_pairs(n: int, width: int, k: int) -> Effort:
    """Return the effort of a search that compares all pairs.

    Parameters
    ----------
    n, width
        Rows and columns.
    k
        As in `nearest`.

    Examples
    --------
    >>> of_all_pairs(10_000, 50, 15).seconds
    0.745
    """
    nanoseconds = n * (n * (3.0 + 0.08 * width) + _checked(min(k, n), width))
    return Effort(1.0, nanoseconds / 1e9)


def _checked(k: int, width: int) -> float:
    """Return the nanoseconds that the check of the candidates of a row takes."""
    return 6.0 * k * width


def radii(points: Floats, ks: Sequence[int]) -> Floats:
    """Return the distance of each row to its k-th nearest other row, for several k.

    The same numbers as those of `nearest`, in less time and in blocks.

    Parameters
    ----------
    points
        ``(N, D)`` finite coordinates.
    ks
        Numbers between 1 and N - 1.

    Returns
    -------
    numpy.ndarray
        ``(N, len(ks))`` Euclidean distances.

    Examples
    --------
    >>> radii(np.array([[0.0], [1.0], [3.0]]), [1, 2]).tolist()
    [[1.0, 3.0], [1.0, 2.0], [2.0, 3.0]]
    """
    n, most = len(points), max(ks)
    if _pays(n, most):
        return nearest(points, most, metric="euclidean")[1][:, [k - 1 for k in ks]]
    left, right, squares = bound_factors(points)
    kth_distances = np.empty((n, len(ks)))

    def step(block: slice) -> None:
        bounds = left[block] @ right
        queries = np.arange(block.start, block.stop)
        bounds[np.arange(len(queries)), queries] = np.inf
        column, near = _below(bounds, cut(bounds, most))
        near += squares[block, None]
        ranked = np.partition(near, [k - 1 for k in ks], axis=1)
        for place, k in enumerate(ks):
            about = near, ranked[:, k - 1], squares[block]
            row, other, rank = _about(*about, k, points.shape[1])
            far = _squared(points[queries[row]], points[column[row, other]])
            order = np.lexsort((far, row))
            first = np.flatnonzero(np.diff(row, prepend=-1))
            kth_distances[block, place] = far[order[first + rank]]

    in_blocks(step, n, n, title="radii")
    return np.sqrt(kth_distances)


def nearest_among(
    points: Floats, rows: Rows, others: Rows, *, without: Rows
) -> tuple[Rows, Floats]:
    """Return for some rows the nearest of some others, and its Euclidean distance.

    Equal distances go to the one that `others` has first.

    Parameters
    ----------
    points
        ``(N, D)`` finite coordinates.
    rows
        ``(R,)`` row numbers.
    others
        ``(M,)`` row numbers, each once.
    without
        ``(R,)`` row number that does not count for each of `rows`, such as itself; -1
        for none.

    Returns
    -------
    indices, distances
        ``(R,)``; -1 and infinity where no row counts.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [3.0]])
    >>> indices, distances = nearest_among(points, np.array([0, 2]), np.array([0, 1]),
    ...                                    without=np.array([0, -1]))
    >>> indices.tolist(), distances.tolist()
    ([1, 1], [1.0, 2.0])
    """
    indices, distances = np.full(len(rows), -1), np.full(len(rows), np.inf)
    if not len(rows) or not len(others):
        return indices, distances
    if _pays(min(len(rows), len(others)), 1):
        lists = _among_cells(points, rows, others, without)
        if lists is not None:
            return lists
    left, right, squares = bound_factors(points)
    right = right[:, others]
    column_of = np.full(len(points) + 1, -1)  # the last one is for -1
    column_of[others] = np.arange(len(others))
    hidden = column_of[without]

    def step(block: slice) -> None:
        queries = rows[block]
        bounds = left[queries] @ right
        lacks = np.flatnonzero(hidden[block] >= 0)
        bounds[lacks, hidden[block][lacks]] = np.inf
        guess = bounds.argmin(axis=1)
        counts = np.isfinite(bounds[np.arange(len(queries)), guess])
        reach = _squared(points[queries], points[others[guess]]) - squares[queries]
        bounds[np.arange(len(queries)), guess] = -np.inf  # is looked at in any case
        row, column = np.nonzero((bounds <= reach[:, None]) & counts[:, None])
        if len(row):
            far = _apart(points, queries[row], others[column])
            order = np.lexsort((column, far, row))
            first = order[np.flatnonzero(np.diff(row, prepend=-1))]
            indices[block][counts] = others[column[first]]
            distances[block][counts] = np.sqrt(far[first])

    in_blocks(step, len(rows), len(others), title="duplicates")
    return indices, distances


def nearest_of(
    points: Floats, rows: Rows, others: Rows, k: int, *, metric: str
) -> tuple[Rows, Floats]:
    """Return for some rows the `k` nearest of some others, and their distances.

    Ordered by (distance, row number), as in `nearest`.

    Parameters
    ----------
    points
        ``(N, D)`` finite coordinates.
    rows
        ``(R,)`` row numbers.
    others
        ``(M,)`` row numbers, rising, none of them in `rows`.
    k
        Neighbours a row, between 1 and M.
    metric
        As in `nearest`.

    Returns
    -------
    indices, distances
        ``(R, k)``.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [3.0]])
    >>> nearest_of(points, np.array([0]), np.array([1, 2]), 1,
    ...            metric="euclidean")[0].tolist()
    [[1]]
    """
    vectors, length = measured_by(metric, points)
    indices, distances = np.empty((len(rows), k), int), np.empty((len(rows), k))

    def visit(queries: Rows, row: Rows, column: Rows) -> None:
        far = length(_apart(vectors, rows[queries[row]], others[column]))
        order = _ranked(row, column, far)[:, :k]
        indices[queries], distances[queries] = others[column[order]], far[order]

    pays = _pays(min(len(rows), len(others)), k)
    cells = split(vectors, rows, others) if pays else None
    if cells is not None:
        candidates(cells, k, visit, room=_room(length), title="neighbours")
        return indices, distances
    left, right, squares = bound_factors(vectors)
    right = right[:, others]

    def step(block: slice) -> None:
        queries = np.arange(block.start, block.stop)
        bounds, own = left[rows[block]] @ right, squares[rows[block], None]
        guess = smallest(bounds, k)[0]
        pairs = np.repeat(rows[block], k), others[guess.ravel()]
        far = _apart(vectors, *pairs).reshape(guess.shape).max(axis=1, keepdims=True)
        visit(queries, *np.nonzero(bounds <= far + _room(length) - own))

    in_blocks(step, len(rows), len(others), title="neighbours")
    return indices, distances


def _among_cells(
    points: Floats, rows: Rows, others: Rows, without: Rows
) -> tuple[Rows, Floats] | None:
    cells = split(points, rows, others)
    if cells is None:
        return None
    indices, distances = np.empty(len(rows), dtype=np.int64), np.empty(len(rows))

    def visit(queries: Rows, row: Rows, column: Rows) -> None:
        counts = others[column] != without[queries[row]]
        row, column = row[counts], column[counts]
        far = _apart(points, rows[queries[row]], others[column])
        first = _ranked(row, column, far)[:, 0]
        indices[queries] = others[column[first]]
        distances[queries] = np.sqrt(far[first])

    candidates(cells, 1, visit, title="duplicates")
    return indices, distances


def _about(
    near: Floats, middle: Floats, squares: Floats, k: int, width: int
) -> tuple[Rows, Rows, Rows]:
    """Return the entries that rounding may have put on either side of the k-th bound.

    Also the rank that the k-th distance has among those of each line, from 0.
    """
    norms = np.sqrt(np.maximum(squares, 0))
    other = norms + np.sqrt(np.maximum(middle, 0))
    # Twice what `bound_factors` allows, since bounds lack it and sums are rounded.
    room = 16 * (width + 4) * np.finfo(float).eps * (norms**2 + other**2)
    surely = np.count_nonzero(near < (middle - room)[:, None], axis=1)
    row, place = np.nonzero(np.abs(near - middle[:, None]) <= room[:, None])
    return row, place, k - 1 - surely


def smallest(values: Floats, k: int) -> tuple[Rows, Floats]:
    """Return the `k` smallest entries of each line, by (value, column).

    Parameters
    ----------
    values
        ``(N, M)`` with at least `k` columns.
    k
        Number of entries.

    Returns
    -------
    indices, values
        ``(N, k)``, rising.

    Examples
    --------
    >>> indices, values = smallest(np.array([[3.0, 1.0, 1.0]]), 2)
    >>> indices.tolist(), values.tolist()
    ([[1, 2]], [[1.0, 1.0]])
    """
    flat = np.flatnonzero(values <= cut(values, k)[:, None])
    row, column = np.divmod(flat, values.shape[1])
    candidates = values.ravel()[flat]
    order = np.lexsort((column, candidates, row))
    first = np.flatnonzero(np.diff(row, prepend=-1))
    nearest_k = order[first[:, None] + np.arange(k)]
    return column[nearest_k], candidates[nearest_k]


def _below(bounds: Floats, most: Floats) -> tuple[Rows, Floats]:
    """Return columns and entries of each line up to a value, padded with infinity."""
    flat = np.flatnonzero(bounds <= most[:, None])
    row, column = np.divmod(flat, bounds.shape[1])
    counts = np.bincount(row, minlength=len(bounds))
    place = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = len(bounds), int(counts.max())
    columns, table = np.zeros(shape, dtype=np.int64), np.full(shape, np.inf)
    columns[row, place], table[row, place] = column, bounds.ravel()[flat]
    return columns, table


def measured_by(metric: str, points: Floats) -> tuple[Floats, Length]:
    """Return vectors, and what makes of their squared distances those of a metric.

    Examples
    --------
    >>> vectors, length = measured_by("cosine", np.array([[0.0, 2.0]]))
    >>> vectors.tolist(), length(np.array([2.0])).tolist()
    ([[0.0, 1.0, 0.0]], [1.0])
    """
    return (_unit(points), _cosine) if metric == "cosine" else (points, np.sqrt)


def _cosine(squared: Floats) -> Floats:
    return np.round(squared / 2, 14)


def _unit(points: Floats) -> Floats:
    """Return unit vectors; rows of zeros get an axis of their own."""
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    zero = norms == 0
    vectors: Floats = np.hstack([points / np.where(zero, 1.0, norms), zero])
    return vectors


def _distinct(vectors: Floats) -> tuple[Rows, Rows]:
    """Return the first row of each distinct vector, rising, and each row's group."""
    # Adding zero makes -0.0 and 0.0 the same bytes.
    plain = np.ascontiguousarray(vectors + 0.0)
    if _all_differ(plain.view(np.uint64)):
        return np.arange(len(plain)), np.arange(len(plain))
    rows = plain.view(np.dtype((np.void, plain.strides[0]))).ravel()
    _, first, group = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[group]


def _all_differ(bits: npt.NDArray[np.uint64]) -> bool:
    """Return whether sums that equal rows share differ; sorting whole rows is slow."""
    rng = np.random.default_rng(0)
    odd = rng.integers(2**63, size=bits.shape[1], dtype=np.uint64) * 2 + 1
    sums = np.empty(len(bits), dtype=np.uint64)

    def step(part: slice) -> None:
        # What came from single precision has its information in the upper half.
        sums[part] = ((bits[part] ^ (bits[part] >> 32)) * odd).sum(axis=1)

    in_blocks(step, len(bits), bits.shape[1])
    return len(np.unique(sums)) == len(sums)


def _pays(rows: int, k: int) -> bool:
    return rows >= _MANY and k * _FEW_OF <= rows


def _by_cells(x: Floats, k: int, length: Length) -> tuple[Rows, Floats] | None:
    cells = split(x)
    if cells is None:
        return None
    indices, distances = np.empty((len(x), k), dtype=np.int64), np.empty((len(x), k))

    def visit(queries: Rows, row: Rows, column: Rows) -> None:
        other = column != queries[row]
        row, column = row[other], column[other]
        far = length(_apart(x, queries[row], column))
        order = _ranked(row, column, far)[:, :k]
        indices[queries], distances[queries] = column[order], far[order]

    candidates(cells, k, visit, room=_room(length), title="neighbours")
    return indices, distances


def _room(length: Length) -> float:
    return _COSINE_ROOM if length is _cosine else 0.0


def _ranked(row: Rows, column: Rows, far: Floats) -> Rows:
    """Return for each row the places of its entries, by (value, column), padded.

    Rows rise from 0, and none is left out.
    """
    counts = np.bincount(row)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = len(counts), int(counts.max())
    values, columns = np.full(shape, np.inf), np.full(shape, np.iinfo(np.int64).max)
    values[row, place], columns[row, place] = far, column
    order: Rows = np.lexsort((columns, values), axis=1)
    order += (np.cumsum(counts) - counts)[:, None]
    return order


def _by_all_pairs(x: Floats, k: int, length: Length, rows: Rows) -> tuple[Rows, Floats]:
    n, shape = len(x), (len(rows), k)
    indices, distances = np.empty(shape, dtype=np.int64), np.empty(shape)
    if k == 0:
        return indices, distances
    left, right, squares = bound_factors(x)

    def step(block: slice) -> None:
        queries = rows[block]
        bounds = left[queries] @ right
        bounds[np.arange(len(queries)), queries] = np.inf
        most = cut(bounds, min(n - 1, k + _SLACK))
        row, column = np.divmod(np.flatnonzero(bounds <= most[:, None]), n)
        near, far = closest(x, (queries[row], column), k, length)
        # A row that was not taken has a larger bound: only when even that is within
        # reach can it be a neighbour.
        missed = np.flatnonzero(
            length(np.maximum(0, most + squares[queries])) <= far[:, -1]
        )
        for i in missed:
            reach = length(np.maximum(0, bounds[i] + squares[queries[i]])) <= far[i, -1]
            column = np.flatnonzero(reach)
            pairs = np.full(len(column), queries[i]), column
            near[i], far[i] = closest(x, pairs, k, length)
        indices[block], distances[block] = near, far

    in_blocks(step, len(rows), n, title="neighbours", rows=n)
    return indices, distances


def closest(
    x: Floats, pairs: tuple[Rows, Rows], k: int, length: Length
) -> tuple[Rows, Floats]:
    """Return the `k` nearest of the listed pairs, each row having at least `k`.

    Parameters
    ----------
    x, k, length
        As in `exact`.
    pairs
        Rows, rising, and others of theirs; the answer has one line for each row.

    Examples
    --------
    >>> pairs = np.array([0, 0, 2]), np.array([1, 2, 0])
    >>> closest(np.array([[0.0], [1.0], [3.0]]), pairs, 1, np.sqrt)[0].tolist()
    [[1], [0]]
    """
    row, column = pairs
    far = length(_apart(x, row, column))
    order = np.lexsort((column, far, row))
    first = np.flatnonzero(np.diff(row, prepend=-1))
    nearest_k = order[first[:, None] + np.arange(k)]
    return column[nearest_k], far[nearest_k]


def _apart(x: Floats, row: Rows, column: Rows) -> Floats:
    """Return the squared distances of the listed pairs, some at a time."""
    size = max(1, _BUDGET // x.shape[1])
    return np.concatenate(
        [
            _squared(x[row[start : start + size]], x[column[start : start + size]])
            for start in range(0, len(row), size)
        ]
    )


def bound_factors(
    x: Floats, centre: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return factors of a lower bound of the squared distances, rounding included.

    The bound of i and j is ``left[i] @ right[:, j] + squares[i]``; a line is ranked
    without its own square.

    With centred rows c, ``|c_i|^2 + |c_j|^2 - 2 c_i.c_j`` differs from the squared
    distance by less than ``(4 D + 16) u (|c_i|^2 + |c_j|^2)``, u being half the machine
    epsilon: both squares are shrunk by twice that. Rows are centred on their mean, or
    on a `centre` that several blocks share.

    Examples
    --------
    >>> left, right, squares = bound_factors(np.array([[0.0], [2.0]]))
    >>> np.abs(left @ right + squares[:, None]).round(9).tolist()
    [[0.0, 4.0], [4.0, 0.0]]
    """
    centred = x - (x.mean(axis=0) if centre is None else centre)
    shrunk = (1 - 4 * (x.shape[1] + 4) * np.finfo(float).eps) * _squared(centred, 0.0)
    left = np.hstack([-2 * centred, np.ones((len(x), 1))])
    right = np.vstack([centred.T, shrunk])
    return left, right, shrunk


def _squared(a: Floats, b: Floats | float) -> Floats:
    difference = a - b
    difference *= difference
    return difference.sum(axis=-1)


def _expand(
    group: Rows, indices: Rows, distances: Floats, k: int
) -> tuple[Rows, Floats]:
    """Turn neighbours among distinct vectors into neighbours among all rows.

    A vector's k nearest others, ties going to the one that occurs first, hold the k
    nearest rows, because each has at least one row and none left out has an earlier.
    """
    n = len(group)
    members = _members(group, k + 1)
    neighbors, lengths = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    nearby = np.hstack([np.arange(len(indices))[:, None], indices])
    apart = np.hstack([np.zeros((len(indices), 1)), distances])

    def step(block: slice) -> None:
        queries = np.arange(block.start, block.stop)
        rows = members[nearby[group[block]]].reshape(len(queries), -1)
        far = np.repeat(apart[group[block]], members.shape[1], axis=1)
        far[(rows == n) | (rows == queries[:, None])] = np.inf
        order = np.lexsort((rows, far), axis=1)[:, :k]
        neighbors[block] = np.take_along_axis(rows, order, 1)
        lengths[block] = np.take_along_axis(far, order, 1)

    in_blocks(step, n, nearby.shape[1] * members.shape[1])
    return neighbors, lengths


def _members(group: Rows, most: int) -> Rows:
    """Return the first rows of every group, at most `most`, padded with N."""
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group)
    place = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((len(counts), min(most, int(counts.max()))), len(group))
    within = place < table.shape[1]
    table[group[order][within], place[within]] = order[within]
    return table
