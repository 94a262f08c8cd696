"""Row selections: masks, numbers or ids as row numbers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .containers import text_of
from .gaps import is_missing, tensor_values


def positions(
    ids: npt.NDArray[np.str_], selection: Any, *, name: str = "rows"
) -> npt.NDArray[np.intp]:
    """Return row numbers for a bool mask, row numbers or ids.

    Whole numbers are positions, whatever the ids look like; ids are text. A set of ids
    means its rows in the order of `ids`.

    Parameters
    ----------
    ids
        ``(N,)`` ids.
    given
        What a caller selects.
    name
        What errors call it.

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
    if isinstance(selection, set | frozenset):
        return np.sort(positions(ids, list(selection), name=name))
    rows = entries_of(selection, name)
    if rows.dtype == bool and rows.ndim == 1:
        _check.rows(name, len(rows), len(ids), "ids")
        rows = np.flatnonzero(rows)
    if not rows.size:
        raise ValueError(f"`{name}` must select at least one row, got none.")
    if rows.ndim != 1 or rows.dtype.kind not in "iuUO":
        raise ValueError(
            f"`{name}` must be a bool mask, row numbers or ids, "
            f"got {rows.dtype} of shape {rows.shape}."
        )
    _check.unique(name, rows)
    by_name = rows.dtype.kind in "UO"
    return _found(ids, rows, name) if by_name else _inside(ids, rows, name)


def entries_of(selection: Any, name: str) -> npt.NDArray[Any]:
    """Return a selection as an array: bools, whole numbers, or ids as text.

    Examples
    --------
    >>> entries_of([b"x", b"y"], "rows").tolist(), entries_of([1, 0], "rows").tolist()
    (['x', 'y'], [1, 0])
    """
    if hasattr(selection, "detach"):
        selection = tensor_values(selection, name)
    if np.ma.isMaskedArray(selection) and np.ma.getmaskarray(selection).any():
        raise ValueError(f"`{name}` must name rows everywhere, got a masked entry.")
    _refuse_mixed(selection, name)
    try:
        rows = np.asarray(selection)
    except (TypeError, ValueError):  # of different lengths, or what is no array
        rows = np.empty((), dtype=object)
    if rows.dtype.kind in "ST" and rows.ndim == 1:
        return np.array([text_of(key) for key in rows], dtype=object)
    if rows.dtype.kind != "O" or not rows.size:
        return rows
    whole = all(_check.is_whole(key) for key in rows.flat)
    try:
        return rows.astype(np.int64) if whole else rows
    except OverflowError as error:
        raise ValueError(
            f"`{name}` must be numbers of rows, got {_check.shown(selection)}."
        ) from error


def _refuse_mixed(selection: Any, name: str) -> None:
    """Refuse bools beside numbers, of which numpy would make rows 0 and 1."""
    if not isinstance(selection, list | tuple):
        return
    bools = sum(isinstance(key, bool | np.bool_) for key in selection)
    if 0 < bools < len(selection):
        raise TypeError(
            f"`{name}` must be a bool mask, row numbers or ids, got bools beside "
            f"others in {_check.shown(selection)}."
        )


def _found(
    ids: npt.NDArray[np.str_], rows: npt.NDArray[Any], name: str
) -> npt.NDArray[np.intp]:
    where = {key: i for i, key in enumerate(ids)}
    for key in rows:
        if key not in where:
            raise ValueError(f"`{name}` must hold known ids, got {str(key)!r}.")
    return np.array([where[key] for key in rows], dtype=np.intp)


def _inside(
    ids: npt.NDArray[np.str_], rows: npt.NDArray[Any], name: str
) -> npt.NDArray[np.intp]:
    for bad in rows[(rows < 0) | (rows >= len(ids))]:
        hint = ""
        if str(bad) in ids:
            hint = f" (numbers are positions: write the id as text, {str(bad)!r})"
        raise ValueError(
            f"`{name}` must be between 0 and {len(ids) - 1}, got {bad}{hint}."
        )
    return rows.astype(np.intp)


def order_of(
    ids: npt.NDArray[np.str_], target: Any, *, name: str, like: str
) -> npt.NDArray[np.intp] | None:
    """Return positions in `ids` of the ids `target`; None if the order is the same.

    Parameters
    ----------
    ids, wanted
        Unique ids.
    name, like
        What errors call the two.

    Raises
    ------
    ValueError
        If one has ids that the other lacks.

    Examples
    --------
    >>> a, b = np.array(["x", "y"]), np.array(["y", "x"])
    >>> order_of(a, b, name="b", like="a").tolist()
    [1, 0]
    """
    for argument, text in (("name", name), ("like", like)):
        _check.instance(argument, text, str)
    target = entries_of(target, like)
    if target.ndim != 1:
        raise ValueError(
            f"`{like}` must have one name a row, got shape {target.shape}."
        )
    if target.dtype.kind != "O" and np.array_equal(ids, target):
        return None
    keys = target.tolist()
    if any(not isinstance(key, Hashable) or is_missing(key) for key in keys):
        raise TypeError(
            f"`{like}` must hold names of rows, got {_check.shown(target)}."
        )
    if keys == ids.tolist():
        return None
    _check.unique(like, keys)
    where = {key: i for i, key in enumerate(ids.tolist())}
    places = [where.get(key, -1) for key in keys]
    both = len(places) - places.count(-1)
    if both == len(ids) == len(target):
        return np.array(places, dtype=np.intp)
    target_ids = set(target.tolist())
    lone = next((key for key in where if key not in target_ids), None)
    odd = f"{lone!r} is only in `{name}`"
    if lone is None:
        odd = f"{str(target[places.index(-1)])!r} is only in `{like}`"
    raise ValueError(
        f"`{name}` must have the same ids as `{like}`, in any order, got {len(ids):,} "
        f"and {len(target):,} of which {both:,} are the same: {odd}."
    )


def same_ids(a: npt.NDArray[np.str_], b: npt.NDArray[np.str_]) -> bool:
    """Return whether two have the same ids, in any order.

    Examples
    --------
    >>> same_ids(np.array(["x", "y"]), np.array(["y", "x"]))
    True
    """
    return np.array_equal(a, b) or set(a.tolist()) == set(b.tolist())
