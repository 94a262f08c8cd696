"""Rank of each end of an edge among all points, as seen from the other, by modality."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._threads import in_blocks
from ..data.stored import Standardised, Stored, moments, row_blocks
from ..embedding import present_rows
from .neighbors import Neighbors

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# Points that distances are ranked among; fewer are all of them. 500 put a rank within
# .045 of the true one, 19 times of 20.
REFERENCES = 500


def closeness(graph: Neighbors, name: str) -> Floats:
    """Return for each edge how many points are nearer than its other end.

    Distances are those of the modality's own features, ranked among all other points
    that have it, or among `REFERENCES` evenly spaced ones when there are more.

    Parameters
    ----------
    graph
        Whose union edges are meant.
    name
        A modality.

    Returns
    -------
    numpy.ndarray
        ``(E,)`` share of other points, the mean over both ends: 0 is nearest, 1/2 is
        chance; NaN where an end lacks the modality.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0], [1.0], [3.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x[[0, 2, 1]]})
    >>> closeness(knn(own, k=1), "a").tolist()  # edges 0-1 and 1-2
    [1.0, 0.5]
    """
    embedding, edges = graph.embedding, graph.edges()
    present = embedding.present_in(name)
    both = present[edges.source] & present[edges.target]
    shares = np.full(len(both), np.nan)
    if both.any():
        place = np.cumsum(present) - 1
        ends = place[edges.source[both]], place[edges.target[both]]
        on_disk = embedding.space_on_disk(name)
        if on_disk is None:
            points = present_rows(embedding.space(name), present)
        else:
            points = _centred(present_rows(on_disk, present))
        shares[both] = _ranks(points, *ends)
    return shares


def _centred(x: Stored) -> Stored:
    mean, _ = moments(x)
    one = np.ones(1)
    return x.mapped(Standardised(mean, one), shape=x.shape[1:], dtype=np.float64)


def _ranks(x: Any, source: Rows, target: Rows) -> Floats:
    """Return the mean rank from both ends, among evenly spaced rows."""
    some = np.unique(np.linspace(0, len(x) - 1, REFERENCES).round().astype(int))
    rows = some if len(x) > REFERENCES else np.arange(len(x))
    listed = np.zeros(len(x), dtype=np.int64)
    listed[rows] = 1
    squares = np.concatenate(
        [np.einsum("ij,ij->i", block, block) for _, block in row_blocks(x)]
    )
    point, partner = np.append(source, target), np.append(target, source)
    gap: Floats = squares[partner] - 2 * _products(x, point, partner)
    room = 1e-9 * (squares[point] + squares[partner])
    least = gap - room
    order = np.argsort(point, kind="stable")
    starts = np.searchsorted(point[order], np.arange(len(x) + 1))
    nearer = np.empty(len(point), dtype=np.int64)
    factor, mine = -2 * x[rows].T, squares[rows]

    def step(part: slice) -> None:
        lines = np.sort(x[part] @ factor + mine, axis=1)
        edges = order[starts[part.start] : starts[part.stop]]
        nearer[edges] = _count_below(lines, point[edges] - part.start, least[edges])

    in_blocks(step, len(x), 4 * len(rows))
    # Both ends are no other points; the own one counts as nearer where it is.
    itself = listed[point] * (gap > room - squares[point])
    others = len(rows) - listed[point] - listed[partner]
    ranks = (nearer - itself) / np.maximum(1, others)
    return np.clip(ranks.reshape(2, -1).mean(axis=0), 0.0, 1.0)


def _products(x: Any, source: Rows, target: Rows) -> Floats:
    """Return the inner products of some pairs of rows, in blocks."""
    products = np.empty(len(source))

    def step(part: slice) -> None:
        products[part] = np.einsum("ij,ij->i", x[source[part]], x[target[part]])

    in_blocks(step, len(source), x.shape[1])
    return products


def _count_below(lines: Floats, line: Rows, values: Floats) -> Rows:
    """Return how many entries of a sorted line are below each value, by bisection."""
    width = lines.shape[1]
    count = np.zeros(len(values), dtype=np.int64)
    for bit in reversed(range(width.bit_length())):
        further = count + (1 << bit)
        last = np.minimum(further, width) - 1
        count = np.where(
            (further <= width) & (lines[line, last] < values), further, count
        )
    return count
