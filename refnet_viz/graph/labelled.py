"""Metrics that ask whether neighbours agree in their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.answers import labelled
from .neighbors import Neighbors
from .prediction import Labels, labels_of

Floats = npt.NDArray[np.float64]
_BLOCK = 2_048  # pairs of rows at a time: their labels of all draws stay in a cache


@dataclass(frozen=True, eq=False)
class Draws:
    """Several draws of one label a point, which `purity_of_draws` judges at once.

    Parameters
    ----------
    columns
        ``(N, P)`` a column a draw, in as few bytes as the labels need; 0 where there
        is no label.
    has_label
        ``(N,)`` which points have one, in every draw.
    """

    columns: npt.NDArray[np.integer[Any]]
    has_label: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, answers: Iterable[Labels]) -> Draws:
        """Return draws of P arrays of labels, ``(N,)`` each.

        Examples
        --------
        >>> Draws.of([np.array([0, 0, -1]), np.array([0, 1, -1])]).columns.tolist()
        [[0, 0], [0, 1], [0, 0]]
        """
        columns = []
        for labels in answers:
            has_label = labelled(labels, None, len(labels))
            columns.append(_small(np.where(has_label, labels, 0)))
        return cls(np.ascontiguousarray(np.stack(columns, axis=1)), has_label)


def purity(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return the share of neighbours that have the label of their point.

    This is the edge homophily of the directed graph. With several labels a point,
    sharing one of them counts. Where points are unlabelled it is the mean over the
    labelled points of the share among their labelled neighbours; points that have no
    such neighbour are left out.

    Parameters
    ----------
    neighbors
        A graph of labelled points.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        Between 0 and 1, 1 is best; NaN where no two neighbours are labelled.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]], labels=[0, 0, 1])
    >>> round(purity(knn(line, k=1)), 3)
    0.667
    """
    labels = labels_of(neighbors, labels)
    has_label = labelled(labels, None, len(labels))
    if labels.ndim == 1 and has_label.all() and neighbors.present.all():
        small = _small(labels)
        return float(np.mean(small[neighbors.indices] == small[:, None]))
    source, target, _ = neighbors.edges("directed")
    both = has_label[source] & has_label[target]
    source, target = source[both], target[both]
    if labels.ndim == 1:
        same = labels[source] == labels[target]
    else:
        packed = np.packbits(labels.astype(bool), axis=1)
        same = (packed[source] & packed[target]).any(axis=1)
    if both.all():
        return float(np.mean(same))
    count = np.bincount(source, minlength=len(labels))
    judged = count > 0
    shares = np.bincount(source, same, len(labels))[judged] / count[judged]
    return float(shares.mean()) if judged.any() else float("nan")


def purity_of_draws(neighbors: Neighbors, draws: Draws) -> Floats:
    """Return `purity` by each of several draws of one label a point, all at once.

    Parameters
    ----------
    neighbors
        A graph.
    draws
        P draws of its points' labels.

    Returns
    -------
    numpy.ndarray
        ``(P,)`` between 0 and 1.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = knn(np.array([[0.0], [1.0], [3.0]]), k=1)
    >>> draws = Draws.of([np.array([0, 0, 1]), np.array([0, 1, 1])])
    >>> purity_of_draws(line, draws).round(3).tolist()
    [0.667, 0.333]
    """
    table, has_label = draws.columns, draws.has_label
    source, target, _ = neighbors.edges("directed")
    both = has_label[source] & has_label[target]
    source, target = source[both], target[both]
    if both.all():
        return _alike(table, source, target) / len(source)
    count = np.bincount(source, minlength=len(table))
    weights = 1 / count[source] / max(1, int((count > 0).sum()))
    means = _alike(table, source, target, weights)
    return means if len(source) else np.full(len(means), np.nan)


def purity_chance(neighbors: Neighbors) -> float:
    """Return the share of all pairs of labelled points that share a label.

    NaN with fewer than two such points in the graph.
    """
    labels = labels_of(neighbors.compact, None)
    labels = labels[labelled(labels, None, len(labels))]
    n = len(labels)
    if n < 2:
        return float("nan")
    if labels.ndim == 1:
        counts = np.bincount(labels)
        return float((counts * (counts - 1)).sum() / (n * (n - 1)))
    kinds, counts = np.unique(labels, axis=0, return_counts=True)
    kinds = kinds.astype(np.float32)
    pairs = 0
    for start in range(0, len(kinds), 1024):
        block = slice(start, start + 1024)
        share = kinds[block] @ kinds.T > 0
        pairs += int(counts[block] @ (share @ counts))
    self_pairs = int(counts[kinds.any(axis=1)].sum())
    return (pairs - self_pairs) / (n * (n - 1))


def adjusted_homophily(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return the label assortativity of the union graph.

    With s the share of edges inside classes and a_c the share of edge ends in class
    c it is ``(s - sum_c a_c^2) / (1 - sum_c a_c^2)`` (Newman 2003, equation 2; Platonov
    et al. 2023 call it adjusted homophily), which is the covariance of the 0/1 class
    columns over the edges divided by their variance. In this second form it holds
    for several labels a point too. Only edges between labelled points count.

    Parameters
    ----------
    neighbors
        A graph of labelled points.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        At most 1, which is best; 0 is chance. NaN when all points have one class, or
        no edge joins labelled ones.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [5.0], [6.0]], labels=[0, 0, 1, 1])
    >>> adjusted_homophily(knn(line, k=1))
    1.0
    """
    labels = labels_of(neighbors, labels)
    source, target, _ = neighbors.edges()
    has_label = labelled(labels, None, len(labels))
    degree = neighbors.degree
    if not has_label.all():
        both = has_label[source] & has_label[target]
        source, target = source[both], target[both]
        ends_of = np.bincount(np.append(source, target), minlength=len(labels))
        degree = ends_of.astype(np.float64)
        labels = np.where(
            has_label if labels.ndim == 1 else has_label[:, None], labels, 0
        )
    ends = degree.sum()
    if not ends:
        return float("nan")
    if labels.ndim == 1:
        share = np.bincount(labels, weights=degree) / ends
        small = _small(labels)
        inside = np.mean(small[source] == small[target])
        spread = 1 - share @ share
        return _ratio(inside - share @ share, spread)
    columns = labels.astype(float)
    share = degree @ columns / ends
    together = (columns * (neighbors.union @ columns)).sum(axis=0) / ends
    return _ratio((together - share**2).sum(), (share - share**2).sum())


def adjusted_homophily_of_draws(neighbors: Neighbors, draws: Draws) -> Floats:
    """Return `adjusted_homophily` by several draws of one label a point, all at once.

    Parameters
    ----------
    neighbors, draws
        As in `purity_of_draws`.

    Returns
    -------
    numpy.ndarray
        ``(P,)``, at most 1.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> line = knn(np.array([[0.0], [1.0], [5.0], [6.0]]), k=1)
    >>> draws = Draws.of([np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])])
    >>> adjusted_homophily_of_draws(line, draws).tolist()
    [1.0, -1.0]
    """
    table, has_label = draws.columns, draws.has_label
    source, target, _ = neighbors.edges()
    both = has_label[source] & has_label[target]
    source, target = source[both], target[both]
    ends_of = np.bincount(np.append(source, target), minlength=len(table))
    ends = ends_of.sum()
    if not ends:
        return np.full(table.shape[1], np.nan)
    inside = _alike(table, source, target) / len(source)
    values = []
    for labels, share_inside in zip(table.T, inside, strict=True):
        share = np.bincount(labels, weights=ends_of) / ends
        expected = share @ share
        values.append(_ratio(share_inside - expected, 1 - expected))
    return np.array(values)


def community_recovery(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return how well Louvain communities of the union graph recover the classes.

    The adjusted Rand index of communities and classes (Hubert and Arabie 1985): over
    all pairs of labelled points, agreement in "together or apart", less what chance
    gives.

    Parameters
    ----------
    neighbors
        A graph of labelled points.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        At most 1, which is best; 0 is chance. NaN with several labels a point, or
        fewer than two labelled points.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [5.0], [6.0]], labels=[0, 0, 1, 1])
    >>> community_recovery(knn(line, k=1))
    1.0
    """
    labels = labels_of(neighbors, labels)
    if labels.ndim > 1:
        return float("nan")
    judged = neighbors.present & labelled(labels, None, len(labels))
    if judged.sum() < 2:
        return float("nan")
    return _adjusted_rand(neighbors.communities[judged], labels[judged])


def _adjusted_rand(a: Labels, b: Labels) -> float:
    width = int(b.max()) + 1
    table = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width)
    table = table.reshape(-1, width)
    both, in_a, in_b, pairs = (
        float((counts * (counts - 1.0) / 2).sum())
        for counts in (table, table.sum(axis=1), table.sum(axis=0), np.array(len(a)))
    )
    expected = in_a * in_b / pairs
    most = (in_a + in_b) / 2
    # Both groupings all together or all apart: they agree on every pair.
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _small(labels: Labels) -> npt.NDArray[np.integer[Any]]:
    """Return labels of few bytes: a table that stays in a cache is read faster."""
    return labels.astype(np.min_scalar_type(int(labels.max(initial=0))))


def _alike(
    table: npt.NDArray[np.integer[Any]],
    source: npt.NDArray[np.intp],
    target: npt.NDArray[np.intp],
    weights: Floats | None = None,
) -> Floats:
    """Return the sum of pairs of one label, or of their weights, for each column."""
    total = np.zeros(table.shape[1])
    for start in range(0, len(source), _BLOCK):
        part = slice(start, start + _BLOCK)
        same = table[source[part]] == table[target[part]]
        if weights is None:
            total += np.add.reduce(same.view(np.uint8), axis=0, dtype=np.uint16)
        else:
            total += weights[part] @ same
    return total


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 1e-12 else float("nan")
