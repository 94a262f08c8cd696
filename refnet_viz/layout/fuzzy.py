"""UMAP's weighted neighbour graph, of neighbours that are known already."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from .._threads import in_blocks
from ..graph import Neighbors

Floats = npt.NDArray[np.float64]
STEPS = 64  # halvings of the search for a width
SMALLEST = 1e-3  # of the mean distance, below which no width goes
TOGETHER = 8  # arrays of one size that a step holds


def fuzzy_graph(neighbors: Neighbors) -> csr_array:
    r"""Return the weights of UMAP's fuzzy graph.

    With rho_i the smallest distance above 0 from i and sigma_i such that the strengths
    of its k neighbours add up to log2(k + 1), j belongs to i with strength

    .. math:: p_{j|i} = \exp(-\max(0, d_{ij} - \rho_i) / \sigma_i)

    and both to one another with ``p + q - p q``. It is umap-learn's
    `fuzzy_simplicial_set`, which takes five seconds to compile when first called;
    this takes none.

    Parameters
    ----------
    neighbors
        A graph without rows that lack the space.

    Returns
    -------
    scipy.sparse.csr_array
        ``(N, N)``, symmetric, in (0, 1].

    References
    ----------
    McInnes, Healy and Melville, UMAP, 2018, section 3.1; a point counts among its own
    neighbours there, hence log2(k + 1).

    Examples
    --------
    >>> from ..graph import knn
    >>> fuzzy_graph(knn(np.array([[0.0], [1.0], [3.0]]), k=1)).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    n, k = neighbors.indices.shape
    belonging = strengths(neighbors.distances)
    source = np.repeat(np.arange(n), k)
    where = (source, neighbors.indices.ravel())
    one_way = csr_array((belonging.ravel(), where), shape=(n, n))
    other_way = one_way.T.tocsr()
    return csr_array(one_way + other_way - one_way.multiply(other_way))


def strengths(distances: Floats) -> Floats:
    """Return how strongly the neighbours of each point belong to it, see `fuzzy_graph`.

    Parameters
    ----------
    distances
        ``(N, k)``.

    Examples
    --------
    >>> strengths(np.array([[1.0, 1.0], [1.0, 9.0]])).round(3).tolist()
    [[1.0, 1.0], [1.0, 0.585]]
    """
    k = distances.shape[1]
    # The point itself, at distance 0, counts in the mean.
    mean = distances.sum(axis=1) / (k + 1)
    least = SMALLEST * np.where(mean > 0, mean, mean.mean())
    belonging = np.empty_like(distances)

    def step(part: slice) -> None:
        beyond = _beyond_nearest(distances[part])
        width = np.maximum(_widths(beyond), least[part])
        width = np.maximum(width, np.finfo(float).tiny)
        belonging[part] = np.exp(-beyond / width[:, None])

    in_blocks(step, len(distances), TOGETHER * k)
    return belonging


def _beyond_nearest(distances: Floats) -> Floats:
    """Return distances beyond the nearest point that is no duplicate."""
    apart = np.where(distances > 0, distances, np.inf).min(axis=1)
    rho = np.where(np.isfinite(apart), apart, 0.0)
    return np.maximum(distances - rho[:, None], 0.0)


def _widths(beyond: Floats) -> Floats:
    """Find the width of every point by halving, all at once."""
    n, k = beyond.shape
    target = np.log2(k + 1)
    low, high, width = np.zeros(n), np.full(n, np.inf), np.ones(n)
    for _ in range(STEPS):
        above = np.exp(-beyond / width[:, None]).sum(axis=1) > target
        high, low = np.where(above, width, high), np.where(above, low, width)
        width = np.where(np.isinf(high), 2 * low, (low + high) / 2)
    return width
