"""Edges of neighbour lists, as arrays, as a matrix and as communities."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from .moves import levels

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Edges(NamedTuple):
    """Edges of a graph, one an entry."""

    source: Rows
    target: Rows
    distance: Floats

    def keys(self, n: int) -> Rows:
        """Return one number an edge between `n` points: ``source * n + target``.

        ``numpy.divmod(keys, n)`` gives the ends back; union edges have rising keys.

        Examples
        --------
        >>> Edges(np.array([0, 1]), np.array([2, 2]), np.ones(2)).keys(3).tolist()
        [2, 5]
        """
        return self.source * n + self.target

    @property
    def reverse(self) -> Edges:
        """The same edges with their ends exchanged."""
        return Edges(self.target, self.source, self.distance)


def every(indices: Rows, distances: Floats) -> Edges:
    """Return the edges from each point to its neighbours; lines of -1 have none.

    Examples
    --------
    >>> every(np.array([[1], [0], [1]]), np.ones((3, 1))).source.tolist()
    [0, 1, 2]
    """
    rows = np.flatnonzero(indices[:, 0] >= 0)
    source = np.repeat(rows, indices.shape[1])
    return Edges(source, indices[rows].ravel(), distances[rows].ravel())


def unite(indices: Rows, distances: Floats) -> tuple[Edges, npt.NDArray[np.bool_]]:
    """Return the pairs of neighbours, source < target, and which are mutual.

    Examples
    --------
    >>> edges, mutual = unite(np.array([[1], [0], [1]]), np.ones((3, 1)))
    >>> edges.target.tolist(), mutual.tolist()
    ([1, 2], [True, False])
    """
    source, target, distance = every(indices, distances)
    low, high = np.minimum(source, target), np.maximum(source, target)
    # Numbers of 16 bits are sorted by radix, several times as fast.
    kind = np.uint16 if len(indices) <= 2**16 else np.int64
    order = np.lexsort((high.astype(kind), low.astype(kind)))
    low, high = low[order], high[order]
    new = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
    first = np.flatnonzero(new)
    edges = Edges(low[first], high[first], distance[order[first]])
    return edges, np.diff(first, append=len(order)) == 2


def as_matrix(
    edges: Edges, values: npt.NDArray[Any], n: int, *, symmetric: bool
) -> csr_array:
    """Return a sparse ``(n, n)`` matrix; values of 0 stay stored.

    Examples
    --------
    >>> edges = Edges(np.array([0]), np.array([1]), np.zeros(1))
    >>> as_matrix(edges, edges.distance, 2, symmetric=True).nnz
    2
    """
    row, column = edges.source, edges.target
    if symmetric:
        row, column = np.append(row, column), np.append(column, row)
        values = np.append(values, values)
    return csr_array((values, (row, column)), shape=(n, n))


def louvain(edges: Edges, n: int) -> Rows:
    """Return the Louvain community of each of `n` points (Blondel et al. 2008).

    That of networkx with seed 0, edges without weights.

    Examples
    --------
    >>> edges = Edges(np.array([0, 2]), np.array([1, 3]), np.ones(2))
    >>> louvain(edges, 4).tolist()
    [0, 0, 1, 1]
    """
    if not len(edges.source):
        return np.arange(n)
    ones = np.ones(len(edges.source), dtype=np.int64)
    matrix = as_matrix(edges, ones, n, symmetric=True)
    rows = matrix.indptr, matrix.indices, matrix.data
    *_, communities = levels(*rows, rng=random.Random(0))
    return communities
