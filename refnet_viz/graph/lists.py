"""Neighbour lists of other tools, checked and brought into the form of ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .._search import Floats, Rows, lengths_of

ROUNDING = 1e-6  # of the largest square, or of 1 (1 - cosine), may be left below 0


def checked_ids(ids: Any, n: int) -> Any:
    """Return the names of the points of `n` lists.

    Examples
    --------
    >>> checked_ids(["a"], 2)
    Traceback (most recent call last):
    ...
    ValueError: `ids` must have as many rows as `indices` (2), got 1.
    """
    if ids is not None:
        _check.rows("ids", len(_check.several("ids", ids)), n, "indices")
    return ids


def checked_lists(
    indices: Any,
    distances: Any,
    *,
    self_column: bool,
    squared: bool,
    nearest_first: bool = False,
) -> tuple[Rows, Floats]:
    """Return lists without the point itself, sorted by (distance, row number).

    Parameters
    ----------
    indices, distances, self_column, squared
        As in `Neighbors.from_arrays`.
    nearest_first
        Whether to refuse distances that fall in all lines, as similarities do. Where
        there are coordinates, `check_convention` knows better.
    """
    for name, flag in (("self_column", self_column), ("squared", squared)):
        _check.flag(name, flag)
    rows = _row_numbers(indices)
    present = rows[:, 0] >= 0
    lengths = _lengths(distances, rows.shape, present)
    least = -ROUNDING * lengths[present].max(initial=0.0 if squared else 1.0)
    lengths = np.where((lengths < 0) & (lengths >= least), 0.0, lengths)
    if np.any(lengths[present] < 0):
        row, column = np.argwhere((lengths < 0) & present[:, None])[0]
        raise ValueError(
            "`distances` must not be negative, got "
            f"{lengths[row, column]:g} in row {row}, column {column}."
        )
    lengths = np.sqrt(lengths) if squared else lengths
    if self_column:
        rows, lengths = _without_self(rows, lengths, present)
    _refuse_self(rows)
    if nearest_first:
        _refuse_similarities(lengths, present)
    order = np.lexsort((rows, lengths), axis=1)
    rows = np.take_along_axis(rows, order, axis=1)
    return rows, np.take_along_axis(lengths, order, axis=1)


def _row_numbers(indices: Any) -> Rows:
    indices = _check.unmasked("indices", indices)
    try:
        values = np.asarray(indices)
    except (TypeError, ValueError, RuntimeError):  # of several lengths, or no array
        values = np.empty((), dtype=object)
    if values.ndim != 2 or not values.size or values.dtype.kind not in "iu":
        raise ValueError(
            "`indices` must be whole numbers of shape (points, neighbours), got "
            f"{values.dtype} of shape {values.shape}."
        )
    rows, n = values.astype(np.int64), len(values)
    absent = np.all(rows == -1, axis=1)
    outside = ((rows < 0) & ~absent[:, None]) | (rows >= n)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise ValueError(
            f"`indices` must be row numbers from 0 to {n - 1}, or -1 in a whole line, "
            f"got {rows[row, column]} in row {row}, column {column}."
        )
    lines = np.sort(rows, axis=1)
    twice = (lines[:, 1:] == lines[:, :-1]) & (lines[:, 1:] >= 0)
    if np.any(twice):
        row, column = np.argwhere(twice)[0]
        raise ValueError(
            "`indices` must hold each neighbour of a point once, got "
            f"{lines[row, column]} more than once in row {row}."
        )
    return rows


def _lengths(
    distances: Any, shape: tuple[int, ...], there: npt.NDArray[np.bool_]
) -> Floats:
    values = _check.numbers("distances", distances)
    if values.shape != shape:
        raise ValueError(
            f"`distances` must have the shape of `indices` {shape}, got {values.shape}."
        )
    lengths = np.where(there[:, None], values, np.inf)
    _check.finite("distances", np.where(there[:, None], values, 0.0))
    return lengths


def _without_self(
    rows: Rows, lengths: Floats, there: npt.NDArray[np.bool_]
) -> tuple[Rows, Floats]:
    """Leave out the point itself; of those at its place another may stand first."""
    if rows.shape[1] < 2:
        raise ValueError(
            "`indices` must have 2 columns at least where `self_column` is True, got 1."
        )
    itself = rows == np.arange(len(rows))[:, None]
    itself &= lengths <= lengths[:, :1]
    missing = there & ~itself.any(axis=1)
    if missing.any():
        row = int(missing.argmax())
        raise ValueError(
            "`indices` must hold the point itself in column 0 where `self_column` is "
            f"True, got {rows[row, 0]} in row {row}."
        )
    itself[~there, 0] = True
    shape = len(rows), rows.shape[1] - 1
    return rows[~itself].reshape(shape), lengths[~itself].reshape(shape)


def _refuse_self(rows: Rows) -> None:
    itself = rows == np.arange(len(rows))[:, None]
    if itself.any():
        row, column = np.argwhere(itself)[0]
        raise ValueError(
            "`indices` must not hold the point itself beyond column 0, and nowhere "
            f"where `self_column` is False, got {row} in row {row}, column {column}."
        )


def _refuse_similarities(lengths: Floats, there: npt.NDArray[np.bool_]) -> None:
    """Refuse what falls in all lines: read as distances, the farthest came first."""
    steps = np.diff(lengths[there], axis=1)
    falling = np.any(steps < 0, axis=1)
    if np.any(steps > 0) or falling.sum() <= len(steps) / 2:
        return
    row = int(np.flatnonzero(there)[falling.argmax()])
    raise ValueError(
        "`distances` must be least for the nearest, got similarities, it seems: all "
        f"lines fall, that of row {row} from {lengths[row, 0]:g} to "
        f"{lengths[row, -1]:g}; hand over distances (1 - cosine), or lines that rise."
    )


def check_rows(rows: Rows, there: npt.NDArray[np.bool_], space: str) -> None:
    """Refuse lists with rows that lack the space, or that have no list themselves.

    Examples
    --------
    >>> check_rows(np.array([[1], [0]]), np.array([True, False]), "image")
    Traceback (most recent call last):
    ...
    ValueError: `indices` must be -1 in the whole line of rows that lack 'image', got \
    0 in row 1.
    """
    listed = rows[:, 0] >= 0
    lacking = np.flatnonzero(listed & ~there)
    if len(lacking):
        raise ValueError(
            f"`indices` must be -1 in the whole line of rows that lack {space!r}, got "
            f"{rows[lacking[0], 0]} in row {lacking[0]}."
        )
    if not listed.any():
        raise ValueError("`indices` must have a line of neighbours, got none.")
    alone = listed[:, None] & ~listed[rows]
    if alone.any():
        row, column = np.argwhere(alone)[0]
        raise ValueError(
            "`indices` must hold rows that have neighbours, got "
            f"{rows[row, column]} in row {row}, whose own line is -1."
        )


def check_convention(
    said: Any, rows: Any, points: Floats, *, squared: bool, metric: str, space: str
) -> None:
    """Refuse distances that are not those of the points, and say what they look like.

    Tools round, so they are compared to within a hundredth, on 2,000 pairs at most.

    Parameters
    ----------
    said
        ``(N, k)`` distances.
    rows
        ``(N, k)`` row numbers; -1 in whole lines of rows without neighbours.
    points
        ``(N, D)`` coordinates.
    squared
        Whether distances were said to be squared.
    metric, space
        Metric and space that were searched.

    Raises
    ------
    ValueError
        If most are something else.

    Examples
    --------
    >>> line = np.array([[0.0], [2.0]])
    >>> check_convention([[4.0], [4.0]], [[1], [0]], line, squared=False,
    ...                  metric="euclidean", space="latent")
    Traceback (most recent call last):
    ...
    ValueError: `distances` must be the euclidean distances in the space 'latent', \
    got what looks like their squares: say `squared=True`.
    """
    values, others = _check.numbers("distances", said), _row_numbers(rows)
    row, place = np.nonzero(others >= 0)
    some = np.unique(np.linspace(0, len(row) - 1, 2_000).astype(int))
    row, given = row[some], values[row[some], place[some]]
    column = others[row, place[some]]
    true = lengths_of(points, row, column, metric=metric)
    products = (points[row] * points[column]).sum(axis=1)
    looks = {
        "the distances": (true, "say `squared=False`"),
        "their squares": (true**2, "say `squared=True`"),
        "inner products": (products, "leave `distances` out"),
    }
    if metric == "cosine":
        looks["similarities"] = 1 - true, "leave `distances` out"
    asked = "their squares" if squared else "the distances"
    if _alike(given, looks[asked][0]):
        return
    wanted = f"{'squares of the ' if squared else ''}{metric} distances"
    got = next(
        (
            f"what looks like {name}: {advice}"
            for name, (values, advice) in looks.items()
            if _alike(given, values)
        ),
        f"{given[0]:g} between rows {row[0]} and {column[0]}, which are "
        f"{looks[asked][0][0]:g} apart",
    )
    raise ValueError(
        f"`distances` must be the {wanted} in the space {space!r}, got {got}."
    )


def _alike(given: Floats, values: Floats) -> bool:
    """Return whether 99 of 100 agree to within a hundredth, or what is left near 0."""
    room = 0.01 * np.abs(values) + 1e-3 * np.median(np.abs(values))
    return bool(np.mean(np.abs(given - values) <= room) >= 0.99)
