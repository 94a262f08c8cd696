"""Metrics of predicted classes: the graph itself does not enter.

All are over the labelled points, and give NaN where they do not apply: without these,
without predictions, or for answers of another kind. Several labels a point are judged
by F1 and average precision, two classes also by the AUROC.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.answers import labelled
from .neighbors import Neighbors

Labels = npt.NDArray[np.int64]

NAN = float("nan")


def accuracy(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return the share of points predicted right.

    Parameters
    ----------
    neighbors
        A graph whose embedding has predictions.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        Between 0 and 1, 1 is best; with several labels a point, the share of right
        entries. NaN without predictions.
    """
    labels, predictions = _judged(neighbors, labels, neighbors.embedding.predictions)
    if predictions is None or not len(labels):
        return NAN
    return float(np.mean(labels == predictions))


def hits(neighbors: Neighbors) -> npt.NDArray[np.float64]:
    """Return ``(N,)`` whether each point is predicted right, NaN where unlabelled.

    With several labels a point, the share of right entries; all NaN without
    predictions.
    """
    labels, predictions = labels_of(neighbors, None), neighbors.embedding.predictions
    values = np.full(len(labels), NAN)
    has_label = labelled(labels, None, len(labels))
    if predictions is not None:
        right = (labels == predictions)[has_label].astype(np.float64)
        values[has_label] = right if right.ndim == 1 else right.mean(axis=1)
    return values


def accuracy_chance(neighbors: Neighbors) -> float:
    """Return the share a constant answer gets right: that of the largest class."""
    return constant_accuracy(labels_of(neighbors, None))


def constant_accuracy(labels: Labels) -> float:
    """Return the share of right entries of the best constant answer.

    Parameters
    ----------
    labels
        ``(N,)`` class numbers or ``(N, C)`` 0/1; unlabelled rows (-1) do not count.

    Returns
    -------
    float
        NaN without labelled rows.

    Examples
    --------
    >>> constant_accuracy(np.array([0, 0, 1, 0, -1]))
    0.75
    """
    labels = labels[labelled(labels, None, len(labels))]
    if not len(labels):
        return NAN
    if labels.ndim == 1:
        return float(np.bincount(labels).max() / len(labels))
    share = labels.mean(axis=0)
    return float(np.maximum(share, 1 - share).mean())


def auroc(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return the area under the ROC curve of two classes.

    The chance that a random point of class 1 has a higher score for class 1 than a
    random point of class 0, ties counting half (Hanley and McNeil 1982).

    Parameters
    ----------
    neighbors
        A graph whose embedding has scores.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        Between 0 and 1, 1 is best; 0.5 is chance. NaN without scores, unless there
        are two classes of which both occur.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> line = Embedding.from_arrays(np.eye(4), labels=[0, 0, 1, 1])
    >>> told = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    >>> auroc(knn(replace(line, scores=told), k=1))
    0.75
    """
    labels, scores = _judged(neighbors, labels, neighbors.embedding.scores)
    if scores is None or labels.ndim > 1 or scores.shape[1] != 2:
        return NAN
    ones = int(labels.sum())
    zeros = len(labels) - ones
    if not (ones and zeros):
        return NAN
    _, place, counts = np.unique(scores[:, 1], return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    above = float(ranks[labels == 1].sum()) - ones * (ones + 1) / 2
    return above / (ones * zeros)


def f1_micro(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return the F1 score of all entries together, for several labels a point.

    ``2 TP / (2 TP + FP + FN)`` over all points and classes. With one label a point
    it is the accuracy, and therefore not given.

    Parameters
    ----------
    neighbors
        A graph whose embedding has predictions.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        Between 0 and 1, 1 is best. NaN without predictions, with one label a point,
        or when nothing is true and nothing predicted.
    """
    labels, predictions = _judged(neighbors, labels, neighbors.embedding.predictions)
    if predictions is None or labels.ndim == 1:
        return NAN
    whole = int(labels.sum() + predictions.sum())
    return 2 * int((labels & predictions).sum()) / whole if whole else NAN


def f1_micro_chance(neighbors: Neighbors) -> float:
    """Return the best of a constant answer: the t commonest labels, for every point."""
    labels, _ = _judged(neighbors, None, None)
    if labels.ndim == 1 or not labels.any():
        return NAN
    counts = np.sort(labels.sum(axis=0))[::-1]
    predicted = len(labels) * np.arange(1, len(counts) + 1)
    return float((2 * np.cumsum(counts) / (predicted + counts.sum())).max())


def f1_macro(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return the mean over classes of their F1 scores.

    Over the classes that occur among labels or predictions, each counting alike
    however rare it is. With one label a point it is given where classes are uneven:
    where the smallest has at most half as many points as the largest. Elsewhere it
    says what accuracy says.

    Parameters
    ----------
    neighbors
        A graph whose embedding has predictions.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        Between 0 and 1, 1 is best. NaN without predictions, with even classes, or
        when nothing is true and nothing predicted.
    """
    labels, predictions = _judged(neighbors, labels, neighbors.embedding.predictions)
    if predictions is None or not _uneven(labels):
        return NAN
    if labels.ndim == 1:
        count = int(max(labels.max(), predictions.max())) + 1
        true, predicted = (
            np.bincount(x, minlength=count) for x in (labels, predictions)
        )
        hits = np.bincount(labels[labels == predictions], minlength=count)
    else:
        true, predicted = labels.sum(axis=0), predictions.sum(axis=0)
        hits = (labels & predictions).sum(axis=0)
    occurring = true + predicted > 0
    return (
        float(np.mean(2 * hits[occurring] / (true + predicted)[occurring]))
        if any(occurring)
        else NAN
    )


def f1_macro_chance(neighbors: Neighbors) -> float:
    """Return the best of a constant answer: the largest class, or every label."""
    labels, _ = _judged(neighbors, None, None)
    if not _uneven(labels):
        return NAN
    counts = np.bincount(labels) if labels.ndim == 1 else labels.sum(axis=0)
    share = counts[counts > 0] / len(labels)
    f1 = 2 * share / (1 + share)
    if not len(f1):
        return NAN
    return float(f1.max() / len(f1) if labels.ndim == 1 else f1.mean())


def average_precision(neighbors: Neighbors, *, labels: Labels | None = None) -> float:
    """Return the mean over labels of the average precision, for several a point.

    The precision among the points scored at least as high as a point, averaged over
    the points that have the label.

    Parameters
    ----------
    neighbors
        A graph whose embedding has scores.
    labels
        Labels to use instead of its own, e.g. permuted ones.

    Returns
    -------
    float
        Between 0 and 1, 1 is best, over the labels that occur. NaN without scores,
        with one label a point, or without any.
    """
    labels, scores = _judged(neighbors, labels, neighbors.embedding.scores)
    if scores is None or labels.ndim == 1 or not labels.any():
        return NAN
    used = labels.any(axis=0)
    labels, scores = labels[:, used], scores[:, used]
    order = np.argsort(-scores, axis=0)
    falling = np.take_along_axis(scores, order, axis=0)
    true = np.take_along_axis(labels, order, axis=0)
    place = np.arange(len(labels))[:, None]
    last = np.ones(falling.shape, dtype=bool)
    last[:-1] = falling[:-1] != falling[1:]
    # Equal scores stand together: all count at the last of them.
    ends = np.where(last, place, len(labels))
    ends = np.minimum.accumulate(ends[::-1], axis=0)[::-1]
    precision = np.cumsum(true, axis=0) / (place + 1)
    reached = np.take_along_axis(precision, ends, axis=0)
    return float(((reached * true).sum(axis=0) / true.sum(axis=0)).mean())


def average_precision_chance(neighbors: Neighbors) -> float:
    """Return the mean share of points that have a label, over those that occur."""
    labels, _ = _judged(neighbors, None, None)
    if labels.ndim == 1 or not labels.any():
        return NAN
    return float(labels[:, labels.any(axis=0)].mean())


def labels_of(neighbors: Neighbors, labels: Labels | None) -> Labels:
    """Return the labels given, else those of the graph.

    Raises
    ------
    ValueError
        If it has none.
    """
    if labels is not None:
        return labels
    if neighbors.labels is None:
        raise ValueError("`neighbors` must have labels for this metric, got none.")
    return neighbors.labels


def _judged(neighbors: Neighbors, labels: Labels | None, answers: Any) -> Any:
    """Return the labels of the labelled points, and what was answered for these."""
    labels = labels_of(neighbors, labels)
    has_label = labelled(labels, None, len(labels))
    return labels[has_label], None if answers is None else answers[has_label]


def _uneven(labels: Labels) -> bool:
    if labels.ndim > 1:
        return True
    if not len(labels):
        return False
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    return bool(2 * counts.min() <= counts.max())
