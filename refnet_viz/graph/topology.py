"""Metrics of the shape of a graph: no labels enter.

They count the points that are in the graph (`Neighbors.compact`).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from .neighbors import Neighbors
from .points import in_degree
from .spectral import second_eigenvalue


def hubness(neighbors: Neighbors) -> float:
    """Return the skewness of how often points occur as neighbours.

    With N_k(i) the number of points that have i among their k neighbours, it is
    ``mean((N_k - k)^3) / std(N_k)^3`` (Radovanovic et al. 2010, section 2).

    Parameters
    ----------
    neighbors
        A graph.

    Returns
    -------
    float
        0 without hubs, above 1 with a few points that are neighbours of very many;
        lower is better. 0 when every point occurs equally often.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> hubness(knn(np.array([[0.0], [1.0], [5.0], [6.0]]), k=1))
    0.0
    """
    deviation = in_degree(neighbors.compact) - neighbors.k
    variance = np.mean(deviation**2)
    return float(np.mean(deviation**3) / variance**1.5) if variance else 0.0


def hubness_chance(neighbors: Neighbors) -> float:
    """Return the skewness when neighbours are drawn at random (binomial counts)."""
    n = len(neighbors.compact) - 1
    p = neighbors.k / n
    return float((1 - 2 * p) / np.sqrt(n * p * (1 - p))) if p < 1 else 0.0


def reciprocity(neighbors: Neighbors) -> float:
    """Return the share of neighbours that have their point as a neighbour too.

    Parameters
    ----------
    neighbors
        A graph.

    Returns
    -------
    float
        Between 0 and 1; higher is better, since one-sided neighbours are outliers
        beside hubs.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> round(reciprocity(knn(np.array([[0.0], [1.0], [3.0]]), k=1)), 3)
    0.667
    """
    graph = neighbors.compact
    return 2 * len(graph.edges("mutual").source) / graph.indices.size


def reciprocity_chance(neighbors: Neighbors) -> float:
    """Return the share when neighbours are drawn at random: k / (N - 1)."""
    return neighbors.k / (len(neighbors.compact) - 1)


def components(neighbors: Neighbors) -> float:
    """Return the number of connected components of the union graph.

    Parameters
    ----------
    neighbors
        A graph.

    Returns
    -------
    float
        A whole number from 1 to N / (k + 1); neither direction is better.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> components(knn(np.array([[0.0], [1.0], [5.0], [6.0]]), k=1))
    2.0
    """
    return float(connected_components(neighbors.compact.union, directed=False)[0])


def components_chance(neighbors: Neighbors) -> float:
    """Return the number when neighbours are drawn at random.

    For k of at least 2 such a graph is connected with a probability that tends to 1
    (Fenner and Frieze 1982); for k = 1 no such limit holds and NaN is returned.
    """
    return 1.0 if neighbors.k > 1 else float("nan")


def clustering(neighbors: Neighbors) -> float:
    """Return the transitivity of the union graph: triangles closed of those begun.

    ``3 triangles / sum_i d_i (d_i - 1) / 2`` with degrees d_i.

    Parameters
    ----------
    neighbors
        A graph.

    Returns
    -------
    float
        Between 0 and 1; neither direction is better. 0 when no point has two edges.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> clustering(knn(np.array([[0.0], [1.0], [3.0]]), k=2))
    1.0
    """
    graph = neighbors.compact
    degree = graph.degree
    paths = (degree * (degree - 1) / 2).sum()
    if paths == 0:
        return 0.0
    # Each edge points to its end of higher degree: hubs begin few paths, and each
    # triangle is found once.
    source, target, _ = graph.edges()
    rank = np.lexsort((np.arange(len(degree)), degree)).argsort()
    low, high = np.sort(rank[np.stack([source, target])], axis=0)
    forward = csr_array((np.ones(len(low)), (low, high)), shape=graph.union.shape)
    triangles = ((forward @ forward) * forward).sum()
    return float(3 * triangles / paths)


def clustering_chance(neighbors: Neighbors) -> float:
    """Return the transitivity expected of a random graph with these degrees.

    ``(<d^2> - <d>)^2 / (N <d>^3)`` (Newman 2003, configuration model).
    """
    degree = neighbors.compact.degree
    mean = degree.mean()
    spread = np.mean(degree**2) - mean
    return float(min(1.0, spread**2 / (len(degree) * mean**3)))


def spectral_gap(neighbors: Neighbors) -> float:
    """Return the second-smallest eigenvalue of the union graph's Laplacian.

    The Laplacian is normalised, ``I - D^(-1/2) A D^(-1/2)``; its second eigenvalue is
    small when few edges hold two large parts together (Chung 1997, section 2).

    Parameters
    ----------
    neighbors
        A graph.

    Returns
    -------
    float
        Between 0 and 2, 0 exactly when the graph is not connected; neither direction
        is better.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> round(spectral_gap(knn(np.array([[0.0], [1.0], [3.0]]), k=1)), 6)
    1.0
    """
    if components(neighbors) > 1:
        return 0.0
    return second_eigenvalue(neighbors.compact.union)


def spectral_gap_chance(neighbors: Neighbors) -> float:
    """Return the gap of a random regular graph of this mean degree.

    ``1 - 2 sqrt(d - 1) / d`` (Friedman 2008), from degree 2 on.
    """
    degree = neighbors.compact.degree.mean()
    return float(max(0.0, 1 - 2 * np.sqrt(max(degree - 1, 0.0)) / degree))
