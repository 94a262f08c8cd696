"""Checks that turn what a caller gives into row-aligned arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .modality import Media
from .splits import SPLITS, stratified_split


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


def as_ids(ids: Any, n: int, first: str) -> npt.NDArray[np.str_]:
    """Return unique strings, the row numbers if None."""
    if ids is None:
        return np.arange(n).astype(str)
    # pandas string columns arrive as objects; a fixed-width copy can be saved.
    taken = np.array([str(key) for key in ids])
    _check.rows("ids", len(taken), n, first)
    _check.unique("ids", taken)
    return taken


def as_labels(
    labels: Any, class_names: Sequence[str], n: int, first: str
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """Return class numbers or 0/1 columns, and one name a class."""
    names = tuple(str(name) for name in class_names)
    if labels is None:
        return None, names
    _check.unique("class_names", names)
    array = np.atleast_1d(labels)
    _check.rows("labels", len(array), n, first)
    if array.dtype.kind in "UO" and array.ndim == 1:
        found, array = np.unique(array.astype(str), return_inverse=True)
        names = names or tuple(found.tolist())
    _check.finite("labels", array)
    whole = array.astype(np.int64) if array.dtype.kind in "biuf" else None
    if whole is None or whole.ndim > 2 or not np.array_equal(whole, array):
        raise ValueError(
            "`labels` must be whole numbers of shape (N,) or 0/1 of shape (N, C), "
            f"got {array.dtype} of shape {array.shape}."
        )
    count = whole.shape[1] if whole.ndim == 2 else int(whole.max()) + 1
    names = names or tuple(str(i) for i in range(count))
    high = 1 if whole.ndim == 2 else len(names) - 1
    if whole.min() < 0 or whole.max() > high:
        bad = whole.min() if whole.min() < 0 else whole.max()
        raise ValueError(f"`labels` must be between 0 and {high}, got {bad}.")
    if whole.ndim == 2:
        _check.rows("class_names", len(names), count, "labels columns")
    return whole, names


def as_target(target: Any, n: int, first: str) -> npt.NDArray[np.float64] | None:
    """Return the numbers to be predicted."""
    if target is None:
        return None
    array = np.asarray(target)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ValueError(
            "`target` must be numbers of shape (N,), "
            f"got {array.dtype} of shape {array.shape}."
        )
    _check.rows("target", len(array), n, first)
    _check.finite("target", array)
    return array.astype(np.float64)


def as_present(present: Any, n: int, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Return which row has which modality, all of them if None."""
    if present is None:
        return np.ones((n, len(names)), dtype=bool)
    taken = np.array(present, dtype=bool)
    if taken.shape != (n, len(names)):
        raise ValueError(
            f"`present` must have shape {(n, len(names))} (rows, modalities), "
            f"got {taken.shape}."
        )
    for i, name in enumerate(names):
        if not taken[:, i].any():
            raise ValueError(
                f"`present` must leave each modality at least one row, "
                f"got none for {name!r}."
            )
    empty = np.flatnonzero(~taken.any(axis=1))
    if len(empty):
        raise ValueError(
            f"`present` must leave each row at least one modality, "
            f"got none in row {empty[0]}."
        )
    return taken


def as_split(
    split: Any, n: int, groups: npt.NDArray[np.intp], first: str
) -> npt.NDArray[np.str_]:
    """Return the names of the parts, a stratified 60/20/20 if None."""
    if split is None:
        return stratified_split(groups, n, (0.6, 0.2, 0.2), seed=0)
    taken = np.asarray(split)
    _check.rows("split", len(taken), n, first)
    if taken.dtype.kind in "iu":
        unknown = taken[(taken < 0) | (taken >= len(SPLITS))]
        if len(unknown):
            raise ValueError(
                f"`split` must be 0 (train), 1 (val) or 2 (test), got {unknown[0]}."
            )
        return np.array(SPLITS)[taken]
    for value in dict.fromkeys(taken.tolist()):
        _check.one_of("split", value, SPLITS)
    return taken.astype("U5")


def as_groups(
    groups: Any, ids: npt.NDArray[np.str_], first: str
) -> npt.NDArray[np.str_] | None:
    """Return the group of each row as text; a row without one is its own group."""
    if groups is None:
        return None
    entries = list(groups)
    _check.rows("groups", len(entries), len(ids), first)
    return np.array([
        f"(only {row})" if pd.isna(entry) or entry == "" else str(entry)
        for row, entry in zip(ids, entries, strict=True)
    ])  # fmt: skip


def as_metadata(metadata: pd.DataFrame | None, n: int, first: str) -> pd.DataFrame:
    """Return the frame with rows numbered from 0."""
    if metadata is None:
        return pd.DataFrame(index=range(n))
    _check.rows("metadata", len(metadata), n, first)
    return metadata.reset_index(drop=True)


def as_media(media: Media | None, n: int, first: str) -> Media:
    """Return media of as many rows as the data, or empty."""
    media = media or Media()
    media = Media(tuple(media.pictures), tuple(media.texts))
    for name, values in (("pictures", media.pictures), ("texts", media.texts)):
        if values:
            _check.rows(name, len(values), n, first)
    return media
