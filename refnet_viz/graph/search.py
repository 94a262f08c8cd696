"""Search of the nearest neighbours in a space of an embedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .._memory import check_room
from .._nested import map_values, some
from .._renamed import renamed
from .._search import Effort, Floats, Rows, effort, nearest, of_all_pairs
from .._spaces import as_spaces
from .._streamed import nearest_read
from ..data.stored import Stored
from ..embedding import Embedding, present_rows
from .approximate import Recall, approximate
from .neighbors import DISTANCES, Neighbors

METHODS = ("exact", "approximate", "auto")
PATIENCE = 600.0  # CPU seconds of an exact search, beyond which "auto" is approximate


@renamed("embedding", "spaces")
def knn(
    spaces: Any,
    k: int | None = None,
    *,
    space: str = "latent",
    metric: str = "euclidean",
    weights: Mapping[str, float] | None = None,
    method: str = "exact",
) -> Any:
    """Find the `k` nearest neighbours of every point that has the space.

    Rows that lack the modality searched, or for "sum" any modality, have no neighbours
    and are nobody's.

    Parameters
    ----------
    spaces
        An `Embedding`, or vectors of your own: an ``(N, d)`` array or a frame, whose
        index names the rows. Or a list of these, or a mapping of either, answered in
        the same shape.
    k
        Neighbours a point, not counting the point itself; at most one less than the
        rows that have the space. None takes 15, or as many as every embedding has.
    space
        "latent" (z), "refined" (what the refiner decodes from z), the name of a
        modality, or "sum" (all modalities).
    metric
        "euclidean", or "cosine" (1 - cos of the coordinates as they are, not centred;
        rows of zeros are at 1 from all others and at 0 from one another).
    weights
        Modality to weight for "refined" and "sum"; None as in `Embedding.space`.
    method
        "exact"; "approximate": by nearest-neighbour descent, with exact distances and
        the recall, measured on up to 1,000 rows, in `Neighbors.recall`; or "auto":
        exact, unless that would take more than 600 CPU seconds by an estimate that
        depends on the points alone (`graph.search_effort`). Where points have few
        latent dimensions, exact and approximate search take about the same time up to
        200,000 rows. Below 2,000 rows, or with `k` above a twentieth of them, it is
        exact in any case.

    Returns
    -------
    Neighbors
        Ordered by (distance, row number); or a list or a mapping of them.

    Raises
    ------
    MemoryError
        If the search needs more memory than there is, said before it begins.
    TypeError
        If a value is neither an Embedding nor an array or a frame.
    ValueError
        If `k` is not between 1 and the number of other rows that have the space, fewer
        than two have it, or `space`, `metric` or `method` is unknown.

    Examples
    --------
    >>> knn(np.array([[0.0], [1.0], [3.0]]), k=2).indices.tolist()
    [[1, 2], [0, 2], [1, 0]]
    """
    _check.one_of("metric", metric, DISTANCES)
    _check.one_of("method", method, METHODS)

    values = as_spaces(spaces)
    k = _k_of_all(values, k, space, weights)

    def search(value: Embedding) -> Neighbors:
        present, count, candidates = _candidates(value, k, space, weights)
        indices, distances, recall = _searched(candidates, count, metric, method)
        lists = over_rows(present, indices, distances)
        return Neighbors(value, space, metric, *lists, weights=weights, recall=recall)

    return map_values(search, values)


def search_effort(
    spaces: Any,
    k: int | None = None,
    *,
    space: str = "latent",
    metric: str = "euclidean",
    weights: Mapping[str, float] | None = None,
) -> Any:
    """Estimate how long `knn` would take to find neighbours exactly.

    A few groups of rows are looked at, which takes a small part of the search itself.
    The same points give the same answer on every machine: nothing is timed.

    Parameters
    ----------
    spaces, k, space, metric, weights
        As in `knn`.

    Returns
    -------
    Effort
        Share of all pairs that have to be compared, and CPU seconds, within a factor
        of two; ``method="auto"`` is approximate above 600. In the shape of `spaces`.

    Raises
    ------
    TypeError, ValueError
        As in `knn`.

    Examples
    --------
    >>> search_effort(np.array([[0.0], [1.0], [3.0]]), k=1).share
    1.0
    """
    _check.one_of("metric", metric, DISTANCES)
    values = as_spaces(spaces)
    k = _k_of_all(values, k, space, weights)

    def estimate(value: Embedding) -> Effort:
        _, count, candidates = _candidates(value, k, space, weights)
        if isinstance(candidates, Stored):
            return of_all_pairs(len(candidates), candidates.shape[1], count)
        return effort(candidates, count, metric=metric)

    return map_values(estimate, values)


def _k_of_all(
    values: Any, k: int | None, space: str, weights: Mapping[str, float] | None
) -> int | None:
    """Return `k`, or where it is None the most that all embeddings have, up to 15."""
    if k is not None:
        return k
    fits: list[int] = []

    def ask(value: Embedding) -> None:
        fits.append(check_k(None, value.present_in(space, weights=weights), space))

    map_values(ask, values)
    return min(fits, default=None)


def _candidates(
    value: Embedding, k: int | None, space: str, weights: Mapping[str, float] | None
) -> tuple[npt.NDArray[np.bool_], int, Any]:
    """Return which rows have the space, `k` once checked, and these rows."""
    present = value.present_in(space, weights=weights)
    count = check_k(k, present, space)
    on_disk = value.space_on_disk(space, weights=weights)
    if on_disk is not None:
        return present, count, present_rows(on_disk, present)
    points = value.space(space, weights=weights, centred=False)
    _check.finite(space, np.where(present[:, None], points, 0.0))
    return present, count, present_rows(points, present)


def _searched(
    points: Any, k: int, metric: str, method: str
) -> tuple[Rows, Floats, Recall | None]:
    if isinstance(points, Stored):
        patient = of_all_pairs(len(points), points.shape[1], k).seconds <= PATIENCE
        if method == "exact" or (method == "auto" and patient):
            return *nearest_read(points, k, metric=metric), None
        points = np.asarray(points)
    if method == "auto" and is_patient(points, k, metric, PATIENCE):
        method = "exact"
    n, width = points.shape
    each = 32 * width + k * (40 if method == "exact" else 90)
    check_room("spaces", float(n) * each, f"the search of {n:,} rows of {width:,}")
    if method != "exact":
        return approximate(points, k, metric=metric)
    return *nearest(points, k, metric=metric), None


def is_patient(points: Floats, k: int, metric: str, seconds: float) -> bool:
    """Return whether an exact search takes no longer than some CPU seconds.

    By `effort`, which is asked only where the search of all pairs would take longer.

    Parameters
    ----------
    points, k, metric
        As in `nearest`.
    seconds
        The most it may take.

    Examples
    --------
    >>> is_patient(np.array([[0.0], [1.0], [3.0]]), 1, "euclidean", 1.0)
    True
    """
    if of_all_pairs(len(points), points.shape[1], k).seconds <= seconds:
        return True
    return effort(points, k, metric=metric).seconds <= seconds


def as_graphs(values: Any) -> Any:
    """Return graphs in the shape they came in, as the argument `graphs` takes them.

    Parameters
    ----------
    values
        `Neighbors`, or what `knn` takes, which is searched with its defaults; one, a
        list or a mapping. Graphs and what is to be searched don't go together.

    Raises
    ------
    TypeError
        If there is anything else.

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [3.0]])
    >>> {name: graph.k for name, graph in as_graphs({"mine": line}).items()}
    {'mine': 2}
    """
    searched: list[bool] = []
    some("graphs", values)
    map_values(lambda value: searched.append(isinstance(value, Neighbors)), values)
    if any(searched):
        return values
    return knn(as_spaces(values, "graphs", kinds="Neighbors, Embedding"))


def over_rows(
    there: npt.NDArray[np.bool_],
    indices: npt.NDArray[np.int64],
    distances: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return neighbours among some rows as neighbours among all rows.

    Parameters
    ----------
    there
        ``(N,)`` bool: the n rows that were searched.
    indices, distances
        ``(n, k)`` among those rows.

    Returns
    -------
    indices, distances
        ``(N, k)``; -1 and infinite for the other rows.

    Examples
    --------
    >>> there, one = np.array([True, False, True]), np.ones((2, 1))
    >>> over_rows(there, np.array([[1], [0]]), one)[0].tolist()
    [[2], [-1], [0]]
    """
    if there.all():
        return indices, distances
    rows, shape = np.flatnonzero(there), (len(there), indices.shape[1])
    neighbors, lengths = np.full(shape, -1, dtype=np.int64), np.full(shape, np.inf)
    neighbors[rows], lengths[rows] = rows[indices], distances
    return neighbors, lengths


def check_k(k: Any, there: npt.NDArray[np.bool_], space: str) -> int:
    """Return `k` when every row that has the space has that many others.

    None becomes as many as they have, at most 15.
    """
    count = int(there.sum())
    if count == len(there):
        return _check.k_or_default(k, count)
    words = "every modality" if space == "sum" else repr(space)
    if count < 2:
        raise ValueError(
            f"`space` must be one that at least 2 rows have, got {space!r}: "
            f"{count} of {len(there)} rows have {words}."
        )
    return _check.k_or_default(k, count, those=f"other points that have {words}")
