"""Two points beside each other: how near they are in every space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._search import lengths_from
from ..embedding import Embedding
from .neighbors import DISTANCES

Rows = npt.NDArray[np.int64]


class PointPair(NamedTuple):
    """Distance, ranks and shared neighbours of two points in one space.

    Parameters
    ----------
    k
        Neighbours a point, at most `others`.
    others
        Number of other points that have the space: what a rank counts among.
    distance
        Distance of the two.
    typical
        Median distance of the two to all others: the null of `distance`.
    ranks
        Rank of the second point among the neighbours of the first, from 1, and of the
        first among those of the second; `others` is the last.
    shared
        Rows that both have among their `k` nearest, in the order of the first's.
    """

    k: int
    others: int
    distance: float
    typical: float
    ranks: tuple[int, int]
    shared: Rows

    @property
    def ways(self) -> int:
        """Number of directions, 0 to 2, in which one is a neighbour of the other."""
        return sum(rank <= self.k for rank in self.ranks)


def chance_rank(others: int) -> float:
    """Return the mean rank of a point drawn from all others.

    Examples
    --------
    >>> chance_rank(9)
    5.0
    """
    return (others + 1) / 2


def chance_edge(k: int, others: int) -> float:
    """Return the probability that lists drawn by chance make an edge of two points.

    Each has the other among its `k` of `others` with probability k / others.

    Examples
    --------
    >>> chance_edge(2, 4)
    0.75
    """
    return 1 - (1 - k / others) ** 2


def chance_shared(k: int, others: int) -> float:
    """Return the mean number of points in two lists drawn by chance.

    Any of the ``others - 1`` third points is in both with probability
    ``(k / others) ** 2``.

    Examples
    --------
    >>> chance_shared(2, 4)
    0.75
    """
    return (others - 1) * (k / others) ** 2


def point_pair(
    embedding: Embedding,
    rows: tuple[int, int],
    k: int,
    *,
    space: str,
    metric: str = "euclidean",
    weights: Mapping[str, float] | None = None,
) -> PointPair | None:
    """Return what a space says of two points, None where one of them lacks it.

    Parameters
    ----------
    embedding
        Embedding of all points.
    rows
        Row numbers of two points.
    k
        Neighbours a point; lowered to the number of other points that have the space.
    space, metric, weights
        As in `knn`.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]])
    >>> pair = point_pair(line, (0, 2), 2, space="latent")
    >>> pair.distance, pair.ranks, pair.shared.tolist(), pair.ways
    (3.0, (2, 2), [1], 2)
    """
    present = embedding.present_in(space, weights=weights)
    if not present[list(rows)].all():
        return None
    points = embedding.space(space, weights=weights, centred=False)
    lengths = lengths_from(points, np.array(rows), metric=metric)
    lengths[:, ~present] = np.inf
    lengths[[0, 1], rows] = np.inf  # no point is its own neighbour
    others = int(present.sum()) - 1
    k = min(k, others)
    # By (distance, row number), as in `knn`.
    order = np.argsort(lengths, axis=1, kind="stable")[:, :others]
    ranks = [int(np.flatnonzero(order[i] == rows[1 - i])[0]) + 1 for i in (0, 1)]
    nearest = order[:, :k]
    return PointPair(
        k,
        others,
        float(lengths[0, rows[1]]),
        float(np.median(lengths[np.isfinite(lengths)])),
        (ranks[0], ranks[1]),
        nearest[0][np.isin(nearest[0], nearest[1])],
    )


def compare_points(
    embedding: Embedding,
    one: Any,
    other: Any,
    *,
    k: int | None = None,
    metric: str = "euclidean",
) -> pd.DataFrame:
    """Compare two points in every space of an embedding.

    Parameters
    ----------
    embedding
        Embedding of all points.
    one, other
        Id or row number of a point.
    k
        Neighbours a point, not counting the point itself; lowered in a space that
        fewer points have. None takes 15, or as many as there are.
    metric
        "euclidean" or "cosine", as in `knn`.

    Returns
    -------
    pandas.DataFrame
        One row a space that both have.

        space
            As in `Embedding.space`.
        distance, typical
            Their distance, and the median of both points' distances to all others.
        rank, rank_back
            Rank of the second among the neighbours of the first, 1 is nearest, and of
            the first among those of the second.
        others, chance_rank
            Other points that have the space, and the mean rank of one drawn by chance.
        edge, chance_edge
            Whether one is among the `k` nearest of the other, and how often it would
            be by chance.
        shared, chance_shared
            Points among the `k` nearest of both, and their mean number by chance.

    Raises
    ------
    TypeError
        If `embedding` is none.
    ValueError
        If a point is unknown, both are the same, or `k` or `metric` is out of range.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]])
    >>> table = compare_points(line, "0", "2", k=2)
    >>> table[["space", "distance", "rank", "shared", "edge"]]
        space  distance  rank  shared  edge
    0  latent       3.0     2       1  True
    """
    _check.instance("embedding", embedding, Embedding)
    _check.one_of("metric", metric, DISTANCES)
    k = _check.k_or_default(k, len(embedding))
    first, second = (int(embedding.positions([point])[0]) for point in (one, other))
    if first == second:
        raise ValueError(
            f"`other` must be another point than `one`, got {_check.shown(other)}."
        )
    lines = []
    for space in embedding.spaces:
        pair = point_pair(embedding, (first, second), k, space=space, metric=metric)
        if pair is not None:
            lines.append(_line(space, pair))
    return pd.DataFrame(lines, columns=list(COLUMNS))


COLUMNS = (
    "space",
    "distance",
    "typical",
    "rank",
    "rank_back",
    "others",
    "chance_rank",
    "edge",
    "chance_edge",
    "shared",
    "chance_shared",
)


def _line(space: str, pair: PointPair) -> tuple[Any, ...]:
    return (
        space,
        pair.distance,
        pair.typical,
        *pair.ranks,
        pair.others,
        chance_rank(pair.others),
        pair.ways > 0,
        chance_edge(pair.k, pair.others),
        len(pair.shared),
        chance_shared(pair.k, pair.others),
    )
