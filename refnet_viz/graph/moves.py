"""Louvain's method (Blondel et al. 2008) as networkx does it, on arrays.

Nodes, neighbours and communities are visited in networkx's order and numbers added up
in it, so that the communities are those of `networkx.community.louvain_partitions` with
the same random numbers; for large graphs it is compiled.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

# Entries from which compiling, a second or two, takes less time than it saves.
_MANY = 100_000


class _Level(NamedTuple):
    """A graph as rows of neighbours, columns and weights; a loop is in its row once."""

    starts: list[int]
    columns: list[int]
    weights: list[Any]
    degrees: list[Any]

    @classmethod
    def of(cls, starts: list[int], columns: list[int], weights: list[Any]) -> _Level:
        """Return the rows with their degrees, to which loops count twice."""
        ends = list(pairwise(starts))
        degrees = [sum(weights[i:j]) for i, j in ends]
        for node, (i, j) in enumerate(ends):
            if node in (row := columns[i:j]):
                degrees[node] += weights[i + row.index(node)]
        return cls(starts, columns, weights, degrees)

    def edges(self) -> Iterator[tuple[int, int, Any]]:
        """Yield ends and weight of every edge, in networkx's order."""
        for node, (i, j) in enumerate(pairwise(self.starts)):
            for other, weight in zip(self.columns[i:j], self.weights[i:j], strict=True):
                if other >= node:
                    yield node, other, weight


def levels(
    starts: Ints,
    columns: Ints,
    weights: npt.NDArray[Any],
    *,
    resolution: float = 1,
    threshold: float = 1e-7,
    rng: random.Random,
) -> Iterator[Ints]:
    """Yield the community of every node at each level, from small ones to large ones.

    Parameters
    ----------
    starts, columns
        Rows of neighbours of an undirected graph that has edges.
    weights
        Weight of every entry.
    resolution
        Above 1 for smaller communities.
    threshold
        The modularity that a level must add for another to follow.
    rng
        Shuffles the nodes of every level.

    Examples
    --------
    >>> pairs = np.arange(5), np.array([1, 0, 3, 2]), np.ones(4)
    >>> [part.tolist() for part in levels(*pairs, rng=random.Random(0))]
    [[0, 0, 1, 1]]
    """
    level = _first(starts, columns, weights)
    total = sum(level.degrees) / 2
    before = _modularity(level, range(len(level.degrees)), total, resolution)
    community, _ = _moved(level, total, resolution, rng)
    whole, moved = community, True
    while moved:
        yield whole
        after = _modularity(level, community.tolist(), total, resolution)
        if after - before <= threshold:
            return
        before, level = after, _joined(level, community.tolist())
        community, moved = _moved(level, total, resolution, rng)
        whole = community[whole]


def _first(starts: Ints, columns: Ints, weights: npt.NDArray[Any]) -> _Level:
    """Return the rows as networkx has them after adding edge by edge.

    A node then has the neighbours before it first, in the order of the nodes.
    """
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    place = np.where(columns < row, columns, len(starts) + np.arange(len(columns)))
    order = np.lexsort((place, row))
    return _Level.of(starts.tolist(), columns[order].tolist(), weights[order].tolist())


def _joined(level: _Level, community: list[int]) -> _Level:
    """Return the graph of which each community is a node."""
    rows: list[dict[int, Any]] = [{} for _ in range(max(community) + 1)]
    for node, other, weight in level.edges():
        own, there = community[node], community[other]
        rows[own][there] = rows[there][own] = weight + rows[own].get(there, 0)
    starts, columns = [0], list[int]()
    weights: list[Any] = []
    for row in rows:
        columns += row
        weights += row.values()
        starts.append(len(columns))
    return _Level.of(starts, columns, weights)


def _modularity(
    level: _Level, community: Any, total: float, resolution: float
) -> float:
    """Return the modularity of communities (Newman 2010), as networkx adds it up."""
    count = max(community) + 1
    within, degree = [0] * count, [0] * count
    for own, numbers in zip(community, level.degrees, strict=True):
        degree[own] += numbers
    for node, other, weight in level.edges():
        if community[node] == community[other]:
            within[community[node]] += weight
    norm = 1 / (2 * total) ** 2
    return sum(
        inner / total - resolution * d * d * norm
        for inner, d in zip(within, degree, strict=True)
    )


def _moved(
    level: _Level, total: float, resolution: float, rng: random.Random
) -> tuple[Ints, bool]:
    """Return the communities once no node gains by moving, and whether any has moved.

    Those left empty are not counted.
    """
    order = list(range(len(level.degrees)))
    rng.shuffle(order)
    n = len(order)
    graph = (level.starts, level.columns, level.weights, level.degrees)
    lists: list[Any] = [order, *graph, [0.0] * n, [0] * n, [0] * n, list(range(n))]
    step: Callable[..., Any] = _move
    if len(level.columns) > _MANY:
        step, reals = _compiled(), (3, 4, 5)
        kinds = [(np.int64, np.float64)[place in reals] for place in range(len(lists))]
        lists = [np.array(x, dtype=kind) for x, kind in zip(lists, kinds, strict=True)]
    moved = step(*lists, lists[4].copy(), total, 2 * total**2, resolution)
    return np.unique(lists[-1], return_inverse=True)[1].astype(np.int64), bool(moved)


def _move(  # noqa: C901, PLR0913  compiled as a whole, from arrays
    order: Any,
    starts: Any,
    columns: Any,
    weights: Any,
    degrees: Any,
    sums: Any,
    seen: Any,
    met: Any,
    community: Any,
    inside: Any,
    total: float,
    square: float,
    resolution: float,
) -> int:
    """Move nodes where modularity gains most, until none does; return how many moved.

    `sums` has the weight from the node at hand to each community, `met` the
    communities in the order they are met, `seen` the node that met one last, counted
    over all rounds, `inside` the degrees of all members.
    """
    moves, turn, all_moves = 1, 0, 0
    while moves > 0:
        moves = 0
        for node in order:
            turn += 1
            count = 0
            for entry in range(starts[node], starts[node + 1]):
                if columns[entry] == node:
                    continue
                other = community[columns[entry]]
                if seen[other] != turn:
                    seen[other], sums[other] = turn, 0
                    met[count] = other
                    count += 1
                sums[other] += weights[entry]
            own, degree = community[node], degrees[node]
            inside[own] -= degree
            if seen[own] != turn:
                seen[own], sums[own] = turn, 0
                met[count] = own
                count += 1
            cost = -sums[own] / total + resolution * (inside[own] * degree) / square
            best, gained = own, 0.0
            for place in range(count):
                other = met[place]
                gain = (
                    cost
                    + sums[other] / total
                    - resolution * (inside[other] * degree) / square
                )
                if gain > gained:
                    best, gained = other, gain
            inside[best] += degree
            if best != own:
                community[node] = best
                moves += 1
        all_moves += moves
    return all_moves


@lru_cache(maxsize=1)
def _compiled() -> Callable[..., Any]:
    from numba import njit  # noqa: PLC0415  it takes a second, and most need it never

    compiled: Callable[..., Any] = njit(_move)
    return compiled
