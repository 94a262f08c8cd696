"""Which rows of some data a caller means, and media of as many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .modality import Media


def positions(ids: npt.NDArray[np.str_], given: Any) -> npt.NDArray[np.intp]:
    """Return row numbers for a bool mask, row numbers or ids.

    A set of ids means its rows in the order of `ids`.

    Raises
    ------
    ValueError
        If nothing is selected, a row is selected twice, a number is out of range or
        an id is unknown.

    Examples
    --------
    >>> positions(np.array(["x", "y"]), ["y"]).tolist()
    [1]
    >>> positions(np.array(["x", "y"]), {"y", "x"}).tolist()
    [0, 1]
    """
    if isinstance(given, set | frozenset):
        return np.sort(positions(ids, list(given)))
    rows = np.asarray(given)
    if rows.dtype == bool and rows.ndim == 1:
        _check.rows("rows", len(rows), len(ids), "ids")
        rows = np.flatnonzero(rows)
    if not rows.size:
        raise ValueError("`rows` must select at least one row, got none.")
    if rows.ndim != 1 or rows.dtype.kind not in "iuUO":
        raise ValueError(
            "`rows` must be a bool mask, row numbers or ids, "
            f"got {rows.dtype} of shape {rows.shape}."
        )
    _check.unique("rows", rows)
    return _found(ids, rows) if rows.dtype.kind in "UO" else _inside(len(ids), rows)


def _found(ids: npt.NDArray[np.str_], rows: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    where = {key: i for i, key in enumerate(ids)}
    for key in rows:
        if key not in where:
            raise ValueError(f"`rows` must hold known ids, got {str(key)!r}.")
    return np.array([where[key] for key in rows], dtype=np.intp)


def _inside(n: int, rows: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    for bad in rows[(rows < 0) | (rows >= n)]:
        raise ValueError(f"`rows` must be between 0 and {n - 1}, got {bad}.")
    return rows.astype(np.intp)


def as_media(media: Media | None, n: int, first: str) -> Media:
    """Return media of as many rows as the data, or empty."""
    media = media or Media()
    media = Media(tuple(media.pictures), tuple(media.texts))
    for name, values in (("pictures", media.pictures), ("texts", media.texts)):
        if values:
            _check.rows(name, len(values), n, first)
    return media
