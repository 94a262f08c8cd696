"""Influence of single points on the numbers of a graph: the delete-one jackknife.

Points of a test set are a sample, too: with another one every number would be another.
Without replacement only, since a point drawn twice would be its own neighbour at
distance 0. Each point is left out once; whoever had it as a neighbour takes the next
one of its list in its place, so nothing is searched again. To have that next one, lists
are read as those of k - 1 neighbours.

The influence of point i on a number T is ``(N - 1) (T - T without i)``. The variance
that the draw of the points gives T is the variance of the influences divided by N
(Tukey 1958). Of neighbours it is too large rather than too small (Efron and Stein
1981): ``tests/benchmarks/interval_coverage.py`` has by how much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from ..data.answers import labelled
from ..data.stored import Stored, moments, row_blocks
from .neighbors import Neighbors
from .pairs import in_line
from .prediction import labels_of
from .triangles import triangle_counts

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Numbers held at once by any step (32 MiB of float64).
_BUDGET = 2**22


def of_mean(values: Floats, lost: Floats | None = None) -> Floats:
    """Return the influences of points on the mean of values.

    Parameters
    ----------
    values
        ``(N,)``, NaN for points that do not count.
    lost
        ``(N,)`` by how much the values of all other points together fall without each
        point; None where points do not enter one another's values.

    Returns
    -------
    numpy.ndarray
        ``(N,)``; those of independent values are the values less their mean.

    Examples
    --------
    >>> of_mean(np.array([1.0, 2.0, 6.0])).tolist()
    [-2.0, -1.0, 3.0]
    """
    counts = ~np.isnan(values)
    count = int(counts.sum())
    if count < 2:
        return np.full(len(values), np.nan)
    change = np.where(counts, values - np.nanmean(values), 0.0)
    change = change if lost is None else change + lost
    return (len(values) - 1) * change / (count - counts)


def of_purity(neighbors: Neighbors) -> Floats:
    """Return the influences of points on `purity`.

    Parameters
    ----------
    neighbors
        A graph of labelled points.

    Returns
    -------
    numpy.ndarray
        ``(N,)``; NaN where purity is not defined.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [4.0]], labels=[0, 0, 1, 1])
    >>> of_purity(knn(line, k=2)).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    labels = labels_of(neighbors, None)
    has_label = labelled(labels, None, len(labels))
    lists, following = _with_next(neighbors)
    everyone = np.hstack([lists, following])
    counted = (everyone >= 0) & has_label[everyone] & has_label[:, None]
    same = _alike(labels, everyone) & counted
    same_count, count = (x[:, :-1].sum(axis=1) for x in (same, counted))
    purity = same_count / np.where(count > 0, count, np.nan)
    left = count[:, None] - counted[:, :-1] + counted[:, -1:]
    left_same = same_count[:, None] - same[:, :-1] + same[:, -1:]
    change = purity[:, None] - left_same / np.where(left > 0, left, np.nan)
    return of_mean(purity, _gathered(lists, change))


def of_adjusted_homophily(neighbors: Neighbors) -> Floats:
    """Return the influences of points on `adjusted_homophily`.

    Parameters
    ----------
    neighbors
        A graph of labelled points.

    Returns
    -------
    numpy.ndarray
        ``(N,)``; NaN where it is not defined.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [5.0], [6.0]], labels=[0, 0, 1, 1])
    >>> influences = of_adjusted_homophily(knn(line, k=2))
    >>> bool(influences[0] < influences[1])
    False
    """
    labels = labels_of(neighbors, None)
    n = len(labels)
    has_label = labelled(labels, None, n)
    columns = class_columns(labels, has_label)
    lists, following = _with_next(neighbors)
    directed = _matrix(lists, n)
    union = ((directed + directed.T) > 0).astype(np.float64)
    counted = has_label.astype(np.float64)
    # Who loses a neighbour joins the next one, unless that has joined it already.
    source, slot = np.nonzero(lists >= 0)
    lost_ends, fresh = lists[source, slot], following[source, 0]
    new = (fresh >= 0) & ~_has(lists, fresh, source) & has_label[source]
    new &= has_label[fresh]
    new &= (source < fresh) | ~_both_take(lists, following, source, lost_ends)
    source, lost_ends, fresh = source[new], lost_ends[new], fresh[new]
    # Ends of edges of each class, and twice the edges inside it.
    around = union @ columns
    ends = columns * (union @ counted)[:, None]
    inside = columns * around
    whole = ends.sum(axis=0), inside.sum(axis=0), float((union @ counted) @ counted)
    moved = csr_array(
        (np.ones(len(lost_ends)), (lost_ends, np.arange(len(lost_ends)))),
        (n, len(lost_ends)),
    )
    first, second = columns[source], columns[fresh]
    ends_left = whole[0] - ends - around * counted[:, None] + moved @ (first + second)
    inside_left = whole[1] - 2 * inside + moved @ (2 * first * second)
    left = whole[2] - 2 * counted * (union @ counted) + 2 * moved.sum(axis=1)
    before = assortativity(whole[0], whole[1], np.array(whole[2]))
    return (n - 1) * (before - assortativity(ends_left, inside_left, left))


def of_hubness(neighbors: Neighbors) -> Floats:
    """Return the influences of points on `hubness`.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> of_hubness(knn(np.array([[0.0], [1.0], [5.0], [6.0]]), k=2)).shape
    (4,)
    """
    graph = neighbors.compact
    lists, following = _with_next(graph)
    n, k = lists.shape
    deviation = np.bincount(lists.ravel(), minlength=n) - float(k)
    lost_ends = lists.ravel()
    source, fresh = np.repeat(np.arange(n), k), np.repeat(following[:, 0], k)
    # Without i its neighbours lose an entry, and the next in line gain one.
    rows, entries = np.append(lost_ends, source), np.append(fresh, lost_ends)
    signs = np.repeat([1.0, -1.0], len(lost_ends))
    used = entries >= 0
    moved = csr_array((signs[used], (rows[used], entries[used])), (n, n))
    moved.sum_duplicates()
    old = deviation[moved.indices]
    sums = []
    for power in (2, 3):
        step = (old + moved.data) ** power - old**power
        change = csr_array((step, moved.indices, moved.indptr), (n, n)).sum(axis=1)
        sums.append((deviation**power).sum() - deviation**power + change)
    second, third = (total / (n - 1) for total in sums)
    variance = np.mean(deviation**2)
    whole = np.mean(deviation**3) / variance**1.5 if variance else 0.0
    without = third / np.where(second > 0, second, np.inf) ** 1.5
    return _over_all(neighbors, (n - 1) * (whole - without))


def of_reciprocity(neighbors: Neighbors) -> Floats:
    """Return the influences of points on `reciprocity`.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> of_reciprocity(knn(np.array([[0.0], [1.0], [5.0], [6.0]]), k=2)).shape
    (4,)
    """
    graph = neighbors.compact
    lists, following = _with_next(graph)
    n, k = lists.shape
    source, lost_ends = np.repeat(np.arange(n), k), lists.ravel()
    fresh = np.repeat(following[:, 0], k)
    back = _has(lists, lost_ends, source).astype(np.float64)
    fresh_back = 1.0 * (_has(lists, fresh, source) & (fresh >= 0))
    fresh_back += _both_take(lists, following, source, lost_ends) / 2
    both = back.sum()
    lost = 2 * np.bincount(source, back, n) - 2 * np.bincount(lost_ends, fresh_back, n)
    without = (both - lost) / (k * (n - 1))
    return _over_all(neighbors, (n - 1) * (both / (k * n) - without))


def of_clustering(neighbors: Neighbors) -> Floats:
    """Return the influences of points on `clustering`, to the first order.

    Triangles that two new edges close together are left out.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> of_clustering(knn(np.array([[0.0], [1.0], [3.0], [7.0]]), k=2)).shape
    (4,)
    """
    graph = neighbors.compact
    lists, following = _with_next(graph)
    n, k = lists.shape
    directed = _matrix(lists, n)
    union = ((directed + directed.T) > 0).astype(np.float64)
    source, lost_ends = np.repeat(np.arange(n), k), lists.ravel()
    of_point, counts = triangle_counts(n, source, lost_ends)
    degree = counts.astype(np.float64)
    paths = degree * (degree - 1) / 2
    lost_paths = paths + union @ (degree - 1)
    # What an edge from each point to the next in line would close and begin.
    ends = np.flatnonzero(following[:, 0] >= 0)
    fresh = following[ends, 0]
    closed, begun = np.zeros(n), np.zeros(n)
    closed[ends] = np.asarray((union[ends] * union[fresh]).sum(axis=1))
    begun[ends] = degree[ends] - 1 + degree[fresh]
    after = np.repeat(following[:, 0], k)
    new = (after >= 0) & ~_has(lists, after, source)
    source, lost_ends, after = source[new], lost_ends[new], after[new]
    through = _has(lists, lost_ends, after) | _has(lists, after, lost_ends)
    more = np.bincount(lost_ends, closed[source] - through, n)
    more_paths = np.bincount(lost_ends, begun[source] - through, n)
    triangles = of_point.sum() / 3
    total = paths.sum()
    left = np.maximum(total - lost_paths + more_paths, 1.0)
    without = 3 * (triangles - of_point + more) / left
    return _over_all(neighbors, (n - 1) * (3 * triangles / max(total, 1.0) - without))


def of_edges(lists: Rows, right: Floats) -> Floats:
    """Return the influences of points on the share of neighbours that are right.

    The next neighbour in line counts as the mean of those there are.

    Parameters
    ----------
    lists
        ``(N, k)`` row numbers of the neighbours, -1 for none.
    right
        ``(N, k)`` 1 where it holds and 0 where not; NaN where it cannot be asked.

    Examples
    --------
    >>> lists = np.array([[1], [0], [1]])
    >>> of_edges(lists, np.array([[1.0], [1.0], [0.0]])).round(3).tolist()
    [0.333, 0.333, -0.667]
    """
    judged = ~np.isnan(right)
    count = judged.sum(axis=1)
    shares = np.where(judged, right, 0.0).sum(axis=1) / np.where(
        count > 0, count, np.nan
    )
    change = (right - shares[:, None]) / np.maximum(count, 1)[:, None]
    return of_mean(shares, _gathered(lists, change))


def of_r_squared(target: Any, answer: Any) -> Floats:
    """Return the influences of points on the variance that answers explain.

    Parameters
    ----------
    target, answer
        ``(N, d)``.

    Examples
    --------
    >>> x = np.array([[0.0], [2.0]])
    >>> of_r_squared(x, x).tolist()
    [0.0, 0.0]
    """
    mean = moments(target)[0] if isinstance(target, Stored) else target.mean(axis=0)
    spread, error = np.empty((2, len(target)))
    for part, block in row_blocks(target):
        spread[part] = ((block - mean) ** 2).sum(axis=1)
        error[part] = ((block - answer[part]) ** 2).sum(axis=1)
    if not spread.any():
        return np.full(len(target), np.nan)
    return (error.sum() / spread.sum() * spread - error) / spread.mean()


def of_cka(x: Floats, y: Floats) -> Floats:
    """Return the influences of points on `linear_cka`, to the first order.

    Parameters
    ----------
    x, y
        ``(N, d)`` and ``(N, e)`` vectors of the same points.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(50, 2))
    >>> bool(np.abs(of_cka(x, 3 * x)).max() < 1e-12)
    True
    """
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    n = len(x)
    sizes, influences = [], []
    for a, b in ((x, y), (x, x), (y, y)):
        both = a.T @ b / n
        size = float((both**2).sum())
        sizes.append(size)
        influences.append(2 * (((a @ both) * b).sum(axis=1) - size))
    if min(sizes) <= 0:
        return np.full(n, np.nan)
    cka = sizes[0] / np.sqrt(sizes[1] * sizes[2])
    parts = [each / size for each, size in zip(influences, sizes, strict=True)]
    return np.asarray(cka * (parts[0] - parts[1] / 2 - parts[2] / 2))


def of_shared(
    a: Neighbors, b: Neighbors, value: Callable[[Floats, int, int], Floats]
) -> Floats:
    """Return the influences of points on the mean of a measure of two neighbourhoods.

    Parameters
    ----------
    a, b
        Graphs over the same points.
    value
        The measure of a point: of the number of shared neighbours and how many there
        are in either list.

    Returns
    -------
    numpy.ndarray
        ``(N,)``; NaN without points in both graphs.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> overlap = lambda shared, k, other: shared / other
    >>> of_shared(knn(x, k=2), knn(-x, k=2), overlap).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    b = in_line(a, b)
    (mine, my_next), (other, other_next) = _with_next(a), _with_next(b)
    both = a.present & b.present
    lost = np.zeros(len(a))
    values = np.full(len(a), np.nan)
    k, m = mine.shape[1], other.shape[1]
    size = max(1, _BUDGET // max(1, (k + 1) * (m + 1)))
    rows = np.flatnonzero(both)
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        x, y, x_next, y_next = (
            lists[block] for lists in (mine, other, my_next, other_next)
        )
        equal = x[:, :, None] == y[:, None, :]
        in_y, in_x = equal.any(axis=2), equal.any(axis=1)
        count = in_y.sum(axis=1).astype(np.float64)
        x_joins = ((x_next == y).any(axis=1) & (x_next[:, 0] >= 0)).astype(float)
        y_joins = ((y_next == x).any(axis=1) & (y_next[:, 0] >= 0)).astype(float)
        same_next = ((x_next == y_next) & (x_next >= 0))[:, 0]
        # A shared one leaves both lists, another only that which it is in.
        of_both = x_joins + y_joins + same_next - 1
        steps = np.where(in_y, of_both[:, None], x_joins[:, None])
        more = np.where(in_x, 0.0, y_joins[:, None])
        before = value(count, k, m)
        values[block] = before
        for ends, change in ((x, steps), (y, more)):
            fall = before[:, None] - value(count[:, None] + change, k, m)
            lost += np.bincount(ends.ravel(), fall.ravel(), minlength=len(a))
    return of_mean(values, lost)


def overlap_of(shared: Floats, k: int, other: int) -> Floats:  # noqa: ARG001
    """Return the share of neighbours in common, of those in the second list."""
    return shared / other


def jaccard_of(shared: Floats, k: int, other: int) -> Floats:
    """Return the Jaccard index of two lists."""
    return shared / (k + other - shared)


def _with_next(neighbors: Neighbors) -> tuple[Rows, Rows]:
    """Return the lists of k - 1 neighbours and ``(N, 1)`` the one after; -1 for none.

    Lists of a single neighbour stay, with none after.
    """
    lists = neighbors.indices
    if neighbors.k == 1:
        return lists, np.full((len(lists), 1), -1)
    return lists[:, :-1], lists[:, -1:]


def _gathered(lists: Rows, change: Floats) -> Floats:
    """Return ``(N,)`` the sum of what every point changes in the lists it is in."""
    used = (lists >= 0) & ~np.isnan(change)
    sums = np.bincount(lists[used], change[used], minlength=len(lists))
    return sums.astype(np.float64)


def _matrix(lists: Rows, n: int) -> csr_array:
    source, slot = np.nonzero(lists >= 0)
    return csr_array((np.ones(len(source)), (source, lists[source, slot])), (n, n))


def _has(lists: Rows, rows: Rows, wanted: Rows) -> Bools:
    """Return for each pair whether the list of a row has the wanted one."""
    result = np.empty(len(rows), dtype=bool)
    size = max(1, _BUDGET // lists.shape[1])
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        result[part] = (lists[rows[part]] == wanted[part, None]).any(axis=1)
    return result


def _both_take(lists: Rows, following: Rows, source: Rows, lost_ends: Rows) -> Bools:
    """Return whether two that lose the same neighbour take one another instead."""
    fresh = following[source, 0]
    in_turn = (fresh >= 0) & (following[fresh, 0] == source)
    return np.asarray(in_turn & _has(lists, fresh, lost_ends))


def _alike(labels: npt.NDArray[Any], lists: Rows) -> Bools:
    others = labels[lists]
    if labels.ndim == 1:
        return np.asarray(others == labels[:, None])
    return np.asarray(((others > 0) & (labels[:, None] > 0)).any(axis=2))


def class_columns(labels: npt.NDArray[Any], has_label: Bools) -> Floats:
    """Return ``(N, C)`` one column a class, rows without a label 0."""
    if labels.ndim > 1:
        return np.where(has_label[:, None], labels, 0).astype(np.float64)
    classes = np.arange(int(labels.max(initial=0)) + 1)
    return (labels[:, None] == classes).astype(np.float64)


def assortativity(ends: Floats, inside: Floats, total: Floats) -> Floats:
    """Return homophily from the ends of edges of each class, and twice those inside."""
    total = np.where(total > 0, total, np.nan)[..., None]
    share, together = ends / total, inside / total
    spread = (share - share**2).sum(axis=-1)
    return np.asarray(
        (together - share**2).sum(axis=-1) / np.where(spread > 1e-12, spread, np.nan)
    )


def _over_all(neighbors: Neighbors, influences: Floats) -> Floats:
    """Return influences of the points in a graph for all rows, 0 for the others."""
    result = np.zeros(len(neighbors))
    n = len(neighbors)
    result[neighbors.present] = influences * ((n - 1) / max(1, len(influences) - 1))
    return result
