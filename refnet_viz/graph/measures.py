"""Measures of each point of a graph, beside random graphs of the same degrees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.special import stdtrit

from .. import _check
from .._nested import map_values
from .edges import Edges, as_matrix, unite
from .neighbors import Neighbors
from .rewired import rewired
from .search import as_graphs
from .triangles import triangle_counts

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAMPING = 0.85
CONVERGED = 1e-10  # sum of all changes of a step
CONFIDENCE = 0.95
ROUNDING = 1e-9  # a value so near to its band is inside
PIVOTS = 64  # points from which shortest paths are sampled
TOGETHER = 64  # pivots whose shortest paths are followed at once


@dataclass(frozen=True, eq=False)
class Shape:
    """Neighbour lists of the points of a graph, whatever they are points of.

    Parameters
    ----------
    lists
        ``(N, k)`` rows of the neighbours of each.
    """

    lists: Rows

    @cached_property
    def edges(self) -> Edges:
        """Pairs of which one is a neighbour of the other."""
        return unite(self.lists, np.broadcast_to(0.0, self.lists.shape))[0]


def page_rank(shape: Shape) -> Floats:
    """Return PageRank times N: 1 in the mean (Brin and Page 1998, damping 0.85).

    A walker goes from a point to one of its neighbours, and anywhere once in 6.7 steps.

    Parameters
    ----------
    shape
        The graph.

    Examples
    --------
    >>> page_rank(Shape(np.array([[1], [0], [0]]))).round(3).tolist()
    [1.459, 1.391, 0.15]
    """
    n, k = shape.lists.shape
    return page_rank_of(n, np.repeat(np.arange(n), k), shape.lists.ravel())


def page_rank_of(n: int, source: Rows, target: Rows) -> Floats:
    """Return PageRank times N of a graph of edges, from points without any to all.

    Parameters
    ----------
    n
        Number of points.
    source, target
        Ends of every edge, each once, sources rising.

    Examples
    --------
    >>> page_rank_of(2, np.array([0]), np.array([1])).round(3).tolist()
    [0.702, 1.298]
    """
    degree = np.bincount(source, minlength=n)
    starts = np.append(0, np.cumsum(degree)).astype(np.int32)
    ones, columns = np.ones(len(target)), target.astype(np.int32)
    step = csr_array((ones, columns, starts), shape=(n, n)).T
    share, dangling = DAMPING / np.maximum(degree, 1), degree == 0
    rank = np.ones(n)
    while True:
        rest = DAMPING * rank[dangling].sum() / n
        after = (1 - DAMPING) + rest + step @ (rank * share)
        if np.abs(after - rank).sum() < CONVERGED * n:
            return np.asarray(after)
        rank = after


def in_core(shape: Shape) -> Rows:
    """Return the in-degree core number: the largest c whose core has the point.

    The c-core is the largest set of points of which each is a neighbour of at least c
    others of the set (Giatsidis, Thilikos and Vazirgiannis 2013, cores of digraphs).

    Parameters
    ----------
    shape
        The graph.

    Examples
    --------
    >>> in_core(Shape(np.array([[1], [0], [0]]))).tolist()
    [1, 1, 0]
    """
    n = len(shape.lists)
    left = np.bincount(shape.lists.ravel(), minlength=n)
    core, remaining, c = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool), 0
    peeled = np.flatnonzero(left <= c)
    while remaining.any():
        if not len(peeled):
            c = int(left[remaining].min())
            peeled = np.flatnonzero(remaining & (left <= c))
        core[peeled], remaining[peeled] = c, False
        ends = shape.lists[peeled].ravel()
        left -= np.bincount(ends, minlength=n)
        peeled = np.flatnonzero(remaining & (left <= c))
    return core


def local_clustering(shape: Shape) -> Floats:
    """Return the share of pairs of neighbours that are neighbours (union graph).

    ``2 triangles / (d (d - 1))`` of Watts and Strogatz 1998; 0 for degrees below 2.

    Parameters
    ----------
    shape
        The graph.

    Examples
    --------
    >>> local_clustering(Shape(np.array([[1, 2], [0, 2], [0, 1], [0, 1]]))).round(2)
    array([0.67, 0.67, 1.  , 1.  ])
    """
    n, k = shape.lists.shape
    source = np.repeat(np.arange(n), k)
    triangles, degree = triangle_counts(n, source, shape.lists.ravel())
    return np.asarray(2 * triangles / np.maximum(degree * (degree - 1), 1))


def union_degree(shape: Shape) -> Rows:
    """Return the number of edges of each point of the union graph."""
    n = len(shape.lists)
    source, target, _ = shape.edges
    return np.bincount(source, minlength=n) + np.bincount(target, minlength=n)


def betweenness(shape: Shape, pivots: Rows) -> Floats:
    """Return the share of shortest paths through each point (union graph).

    Of paths that begin at the pivots, scaled to all points (Brandes 2001; Brandes and
    Pich 2007), between 0 and 1.

    Parameters
    ----------
    shape
        The graph.
    pivots
        ``(P,)`` rows at which paths begin.

    Examples
    --------
    >>> line = Shape(np.array([[1], [0], [1]]))
    >>> betweenness(line, np.arange(3)).tolist()
    [0.0, 1.0, 0.0]
    """
    n = len(shape.lists)
    ones = np.ones(len(shape.edges.source))
    matrix = as_matrix(shape.edges, ones, n, symmetric=True)
    sums = np.zeros(n)
    for start in range(0, len(pivots), TOGETHER):
        sums += _dependencies(matrix, pivots[start : start + TOGETHER])
    pairs = (n - 1) * (n - 2) * len(pivots) / n
    return sums / pairs if pairs > 0 else sums


def _dependencies(matrix: csr_array, pivots: Rows) -> Floats:
    """Return sums over pivots of what passes through each point on the way from one."""
    n, columns = matrix.shape[0], np.arange(len(pivots))
    level = np.full((n, len(pivots)), -1)
    paths = np.zeros((n, len(pivots)))
    level[pivots, columns], paths[pivots, columns] = 0, 1.0
    depth, front = 0, paths
    while True:
        reached = matrix @ front
        new = (level < 0) & (reached > 0)
        if not new.any():
            break
        depth += 1
        level[new], paths[new] = depth, reached[new]
        front = np.where(new, reached, 0.0)
    through = np.zeros_like(paths)
    for at in range(depth, 0, -1):
        ends = level == at
        share = np.divide(1 + through, paths, out=np.zeros_like(paths), where=ends)
        through += np.where(level == at - 1, paths * (matrix @ share), 0.0)
    through[pivots, columns] = 0.0
    return np.asarray(through.sum(axis=1))


MEASURES: dict[str, Callable[..., npt.NDArray[Any]]] = {
    "pagerank": page_rank,
    "core": in_core,
    "clustering": local_clustering,
    "degree": union_degree,
    "betweenness": betweenness,
}
USUAL = ("pagerank", "core", "clustering")
# Smallest and largest value of each.
RANGES = {
    name: (0.0, 1.0 if name in {"clustering", "betweenness"} else float("inf"))
    for name in MEASURES
}


def point_measures(
    graphs: Any,
    *,
    measures: Sequence[str] = USUAL,
    draws: int = 20,
    pivots: int = PIVOTS,
    seed: int = 0,
) -> Any:
    """Measure each point of a graph, beside random graphs of the same degrees.

    In the random graphs every point keeps its out-degree k and its in-degree, so what
    hubs explain is in the null: see `refnet_viz.graph.rewired`. A point outside its
    band is where it is for other reasons than its degree. One of twenty is outside by
    chance; ``attrs`` say how many are.

    Parameters
    ----------
    graphs
        `Neighbors`, or what `knn` takes; one, a list or a mapping.
    measures
        "pagerank" (times N: 1 in the mean), "core" (in-degree core number, from 0 to
        k), "clustering" (local clustering coefficient of the union graph, 0 to 1),
        "degree" (of the union graph, at least k) and "betweenness" (of the union
        graph, from a sample of pivots, 0 to 1; takes seconds at a few thousand
        points). No direction is better.
    draws
        Random graphs, two or more.
    pivots
        Points at which the paths of betweenness begin, the same ones in every graph;
        at most all.
    seed
        Seed of random graphs and pivots.

    Returns
    -------
    pandas.DataFrame
        One row a point, in the shape of `graphs`; NaN where it lacks the space.

        id
            Its name.
        <measure>
            Its value.
        <measure> null, <measure> low, <measure> high
            Mean over the random graphs, and where one more of them would be 95 times of
            100 (Student's t), within the range of the measure.

        ``attrs["beyond"]`` holds measure to the shares of points below and above their
        band, of which chance is .025 each.

    Raises
    ------
    TypeError
        If `graphs` holds anything else.
    ValueError
        If a measure is unknown or a number is out of range.

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [2.2], [3.7], [9.0]])
    >>> from refnet_viz.graph import knn
    >>> table = point_measures(knn(line, k=2), measures=["core"])
    >>> table["core"].tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0]
    """
    names = _check.several_of("measures", measures, MEASURES)
    draws = _check.repeats("draws", draws, low=2)
    pivots = _check.integer("pivots", pivots, low=1)
    if pivots != PIVOTS and "betweenness" not in names:
        raise ValueError(
            f"`pivots` must be left out without 'betweenness' in `measures`, got "
            f"{pivots}."
        )
    seed = _check.integer("seed", seed, low=0)

    def table(graph: Neighbors) -> pd.DataFrame:
        return _measured(graph, names, draws, pivots, seed)

    return map_values(table, as_graphs(graphs))


def _measured(
    graph: Neighbors, names: Sequence[str], draws: int, pivots: int, seed: int
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lists = graph.compact.indices
    n = len(lists)
    draws = _check.repeats("draws", draws, low=2, each=n * len(names))
    functions = dict(MEASURES)
    starts = np.sort(rng.permutation(n)[: min(pivots, n)])
    functions["betweenness"] = partial(betweenness, pivots=starts)
    shape = Shape(lists)
    values = {name: functions[name](shape) for name in names}
    null = {name: np.empty((draws, n)) for name in names}
    for draw in range(draws):
        random = Shape(rewired(lists, rng))
        for name in names:
            null[name][draw] = functions[name](random)
    columns: dict[str, Any] = {"id": graph.ids}
    beyond = {}
    for name in names:
        mean = null[name].mean(axis=0)
        width = float(stdtrit(draws - 1, (1 + CONFIDENCE) / 2) * np.sqrt(1 + 1 / draws))
        half = width * null[name].std(axis=0, ddof=1)
        low, high = np.clip([mean - half, mean + half], *RANGES[name])
        parts = {"": values[name], " null": mean, " low": low, " high": high}
        for suffix, numbers in parts.items():
            columns[name + suffix] = _over_rows(graph, numbers)
        below, above = values[name] < low - ROUNDING, values[name] > high + ROUNDING
        beyond[name] = (float(below.mean()), float(above.mean()))
    frame = pd.DataFrame(columns)
    frame.attrs = {"k": graph.k, "space": graph.space, "draws": draws, "beyond": beyond}
    return frame


def _over_rows(graph: Neighbors, numbers: npt.NDArray[Any]) -> Floats:
    """Return numbers of the points of a graph over all rows, NaN for the others."""
    column = np.full(len(graph), np.nan)
    column[graph.present] = numbers
    return column
