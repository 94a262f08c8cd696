"""Bias that an approximate search leaves in numbers of its graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _check
from .._search import nearest_rows
from ..data.alike import share_alike
from ..embedding import present_rows
from ..statistics import seed_band
from .approximate import checked_rows
from .neighbors import Neighbors
from .pairs import common, in_line

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Bias(NamedTuple):
    """Number of an approximate graph minus that of the exact one.

    Parameters
    ----------
    difference
        Mean over the rows that were checked.
    low, high
        95 % interval for all rows (Student's t). Where no row differs it is as wide as
        what the interval of the recall leaves.
    rows
        Rows that have the number in both graphs.
    """

    difference: float
    low: float
    high: float
    rows: int

    def __str__(self) -> str:
        return (
            f"{self.difference:+.4f} (95 % interval {self.low:+.4f} to "
            f"{self.high:+.4f}, {self.rows:,} rows)"
        )


def search_bias(
    graph: Neighbors, others: Mapping[str, Neighbors] | None = None
) -> dict[str, Bias]:
    """Estimate by how much an approximate search shifts numbers of its graph.

    The true neighbours of the rows on which the recall was measured are found again,
    and purity (edge homophily) and overlaps of these rows are taken from them and from
    the graph.

    Parameters
    ----------
    graph
        Graph of an approximate search, over vectors.
    others
        Name to a graph of the same points with the same k, whose overlap with `graph`
        is asked for.

    Returns
    -------
    dict
        "purity", with labels, and "overlap with NAME" to its `Bias`; a negative
        difference says that the graph shows less than there is. Empty for an exact
        graph, and without vectors.

    Raises
    ------
    ValueError
        If points differ.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [4.0]], labels=[0, 0, 1, 1])
    >>> graph = Neighbors.from_embedding(line, [[1], [2], [1], [2]], self_column=False)
    >>> search_bias(graph)["purity"].difference
    -0.5
    """
    _check.instance("graph", graph, Neighbors)
    others = {} if others is None else _check.instance("others", others, Mapping)
    for name, other in others.items():
        _check.instance(f"others[{name!r}]", other, Neighbors)
    if graph.recall is None or not graph.embedding.shape[1]:
        return {}
    there = np.flatnonzero(graph.present)
    points = present_rows(graph.points(), graph.present)
    checked = checked_rows(len(points))
    true = there[nearest_rows(points, checked, graph.k, metric=graph.metric)[0]]
    rows = there[checked]
    least = 1 - graph.recall.low
    biases: dict[str, Bias] = {}
    if graph.labels is not None:
        approximate = _share_alike(graph.labels, graph.indices[rows], rows)
        exact = _share_alike(graph.labels, true, rows)
        biases["purity"] = _bias(approximate, exact, least)
    for name, other in others.items():
        beside = in_line(graph, other)
        both = beside.present[rows]
        lists = beside.indices[rows[both]]
        approximate = common(graph.indices[rows[both]], lists) / other.k
        exact = common(true[both], lists) / other.k
        biases[f"overlap with {name}"] = _bias(approximate, exact, least)
    return biases


def _share_alike(labels: Rows, lists: Rows, rows: Rows) -> Floats:
    everyone = np.full((len(labels), lists.shape[1]), -1)
    everyone[rows] = lists
    return share_alike(labels, everyone)[rows]


def _bias(approximate: Floats, exact: Floats, least: float) -> Bias:
    both = ~(np.isnan(approximate) | np.isnan(exact))
    apart = approximate[both] - exact[both]
    if not len(apart):
        return Bias(np.nan, np.nan, np.nan, 0)
    difference = float(apart.mean())
    low, high = seed_band(apart, 0.95, (-1, 1)) if apart.any() else (-least, least)
    return Bias(difference, low, high, len(apart))
