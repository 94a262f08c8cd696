"""Label purity of each point of a graph, and its chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..data.alike import alike, both_labelled, share_alike
from ..data.answers import labelled
from .neighbors import Neighbors
from .prediction import Labels, labels_of

Floats = npt.NDArray[np.float64]


def purity_by_point(neighbors: Neighbors) -> Floats:
    """Return for each point the share of its neighbours that have its label.

    With several labels a point, sharing one of them counts. Neighbours without a label
    do not count. The mean over the points that have it is `METRICS["purity"]`.

    Parameters
    ----------
    neighbors
        A graph of labelled points.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` between 0 and 1, 1 is best; NaN for rows that lack the space or a
        label, and for those without a labelled neighbour.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]], labels=[0, 0, 1])
    >>> purity_by_point(knn(line, k=1)).tolist()
    [1.0, 1.0, 0.0]
    """
    return share_alike(labels_of(neighbors, None), neighbors.indices)


def same_label(neighbors: Neighbors) -> npt.NDArray[np.bool_]:
    """Return ``(N, k)``: whether each neighbour shares a label with its point.

    False for rows that lack the space, which have no neighbours, and where one of the
    two has no label.
    """
    return alike(labels_of(neighbors, None), neighbors.indices)


def labelled_neighbors(neighbors: Neighbors) -> npt.NDArray[np.bool_]:
    """Return ``(N, k)``: whether both a point and its neighbour have a label.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]], labels=["a", "b", None])
    >>> labelled_neighbors(knn(line, k=1)).ravel().tolist()
    [True, True, False]
    """
    return both_labelled(labels_of(neighbors, None), neighbors.indices)


def purity_chance_by_point(neighbors: Neighbors) -> Floats:
    """Return for each point the share of all other points that have its label.

    Among the labelled points of the graph; NaN for rows that lack the space or a label.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]], labels=[0, 0, 1])
    >>> purity_chance_by_point(knn(line, k=1)).tolist()
    [0.5, 0.5, 0.0]
    """
    labels = labels_of(neighbors, None)
    judged = labelled(labels, None, len(labels)) & neighbors.present
    chance = np.full(len(labels), np.nan)
    if judged.sum() > 1:
        chance[judged] = _chance_of(labels[judged])
    return chance


def _chance_of(labels: Labels) -> Floats:
    n = len(labels)
    if labels.ndim == 1:
        return (np.bincount(labels)[labels] - 1) / (n - 1)
    kinds, kind, counts = np.unique(
        labels, axis=0, return_inverse=True, return_counts=True
    )
    kinds = kinds.astype(np.float32)
    sharing = np.empty(len(kinds))
    for start in range(0, len(kinds), 1024):
        block = slice(start, start + 1024)
        sharing[block] = (kinds[block] @ kinds.T > 0) @ counts
    # A point without labels shares nothing, not even with itself.
    return (sharing - kinds.any(axis=1))[kind.ravel()] / (n - 1)


def in_degree(neighbors: Neighbors) -> npt.NDArray[np.int64]:
    """Return how many points have each point among their neighbours; k on average.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> in_degree(knn(np.array([[0.0], [1.0], [3.0]]), k=1)).tolist()
    [1, 2, 0]
    """
    ends = neighbors.edges("directed").target
    return np.bincount(ends, minlength=len(neighbors))
