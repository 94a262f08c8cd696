"""Two fixed spaces compared over points, where there are no seeds."""

from __future__ import annotations

import numpy as np

from .. import _check, statistics
from .metrics import METRICS
from .neighbors import Neighbors
from .pairs import in_line
from .table import points_of


def apart_over_points(
    metric: str, a: Neighbors, b: Neighbors, *, confidence: float = 0.95
) -> statistics.Difference:
    """Return by how much a metric of one graph exceeds that of another, over points.

    The interval says where the difference is expected with other points of the same
    kind and the same two spaces; how another seed of either would do, it does not say.
    The estimate is paired: every point counts in both graphs.

    Parameters
    ----------
    metric
        A name of `METRICS` whose `influence` is known, such as "purity".
    a, b
        Graphs over the same points.
    confidence
        Confidence level of the interval.

    Returns
    -------
    refnet_viz.statistics.Difference
        Value of `a` minus that of `b`. Its verdict is that of a single question; with
        fewer than 20 points there is no interval.

    Raises
    ------
    ValueError
        If the points differ, or of the metric no influence is known.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> labels = np.repeat([0, 1], 30)
    >>> noise = np.random.default_rng(0).normal(size=(60, 2))
    >>> apart, mixed = (
    ...     knn(Embedding.from_arrays(space, labels=labels), 5)
    ...     for space in (noise + 4 * labels[:, None], noise)
    ... )
    >>> apart_over_points("purity", apart, mixed).verdict
    'higher'
    """
    names = [name for name, one in METRICS.items() if one.influence is not None]
    metric = _check.one_of("metric", metric, names)
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    samples = [_sample(metric, graph) for graph in (a, in_line(a, b))]
    return statistics.apart(*samples, confidence=confidence, over="points")


def _sample(metric: str, graph: Neighbors) -> statistics.Sample:
    value = METRICS[metric].function(graph)
    points = points_of(METRICS[metric], [graph])
    return statistics.Sample(np.array([value]), [None], *points)
