"""Features from every container: real numbers, NaN where there is none."""

from __future__ import annotations

import numbers as _abc
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .containers import text_of
from .gaps import as_array, is_missing, is_object, tensor_values

Numbers = npt.NDArray[Any]


def real_numbers(name: str, values: Any) -> tuple[Numbers, tuple[str, ...]]:
    """Return an array of real numbers, and the names of its columns if it has any.

    Whole numbers and bytes keep their dtype, bools become 0 and 1; what is missing or
    masked is NaN.

    Parameters
    ----------
    name
        What the caller calls it.
    values
        An array, a frame, a Series of arrays, a tensor or a list.

    Raises
    ------
    TypeError
        If it is no container of numbers.
    ValueError
        If there is something else than real numbers in it, or nothing.

    Examples
    --------
    >>> real_numbers("age", pd.DataFrame({"years": [1, None]}))[0].tolist()
    [[1.0], [nan]]
    """
    titles: tuple[str, ...] = ()
    if isinstance(values, pd.DataFrame):
        titles = tuple(text_of(title) for title in values.columns)
        array = _of_frame(name, values)
        titles = titles if array.ndim == 2 and array.shape[1] == len(titles) else ()
    elif isinstance(values, pd.Series | pd.Index):
        array = _of_column(name, np.asarray(values, dtype=object), "")
    elif isinstance(values, np.ma.MaskedArray):
        array = _of_masked(name, values)
    else:
        array = _of_array(name, _as_plain(name, values))
    if array.size == 0:
        raise ValueError(f"`{name}` must not be empty, got shape {array.shape}.")
    return array, titles


def _as_plain(name: str, values: Any) -> Numbers:
    """Return an array, without walking through objects that merely can be sliced."""
    if hasattr(values, "detach"):
        return tensor_values(values, name)
    if isinstance(values, list | tuple):
        return _of_list(name, values)
    if isinstance(values, np.ndarray | np.generic):
        return np.asarray(values)
    if any(hasattr(values, way) for way in ("__array__", "__array_interface__")):
        return np.asarray(values)
    kind = type(values).__name__
    advice = ": give its .X, or an entry of .obsm" if hasattr(values, "X") else ""
    if hasattr(values, "mod"):
        advice = ": give each of its .mod, or use `from_mudata`"
    raise TypeError(f"`{name}` must be an array, got {kind}{advice}.")


def _of_list(name: str, values: list[Any] | tuple[Any, ...]) -> Numbers:
    first = values[0] if len(values) else None
    if not isinstance(first, list | tuple | _abc.Real | Decimal | str | bytes | None):
        if not hasattr(first, "__array__") and not hasattr(first, "detach"):
            kind = type(first).__name__
            advice = "; `from_table` reads them with `pictures`" * hasattr(
                first, "getpixel"
            )
            raise TypeError(f"`{name}` must be an array, got a list of {kind}{advice}.")
        values = [
            as_array(row, name) if hasattr(row, "detach") else row for row in values
        ]
    try:
        return np.asarray(values)
    except ValueError as error:  # numpy's words for rows of different length
        lengths = sorted({len(row) if hasattr(row, "__len__") else 0 for row in values})
        raise ValueError(
            f"`{name}` must have rows of one shape, got lengths {lengths}."
        ) from error


def _of_array(name: str, array: Numbers) -> Numbers:
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.name == "bfloat16":  # of ml_dtypes
        return array.astype(np.float32)
    if array.dtype.kind == "O" and array.ndim >= 1:
        if array.ndim == 1:
            return _of_column(name, array, "")
        flat = array.reshape(len(array), -1)
        parts = [_of_column(name, flat[:, i], i) for i in range(flat.shape[1])]
        return np.stack(parts, axis=1).reshape(array.shape)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"`{name}` must hold real numbers, got dtype {array.dtype}.")
    return array


def _of_masked(name: str, values: np.ma.MaskedArray[Any, Any]) -> Numbers:
    array = _of_array(name, np.asarray(np.ma.getdata(values)))
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return array
    kind = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    filled = array.astype(kind)
    filled[mask] = np.nan
    return filled


def _of_frame(name: str, frame: pd.DataFrame) -> Numbers:
    """Return the columns side by side, or the arrays of a single one."""
    kinds = list(frame.dtypes)
    if kinds and all(
        isinstance(kind, np.dtype) and kind.kind in "iuf" for kind in kinds
    ):
        return frame.to_numpy()
    if len(kinds) == 1 and is_object(frame.iloc[:, 0]):
        return _as_matrix(
            _of_column(name, frame.iloc[:, 0].to_numpy(), frame.columns[0])
        )
    parts = [_of_series(name, frame.iloc[:, i]) for i in range(len(kinds))]
    if not parts:
        return np.empty((len(frame), 0))
    return np.column_stack(parts)


def _as_matrix(array: Numbers) -> Numbers:
    return array[:, None] if array.ndim == 1 else array


def _of_series(name: str, series: pd.Series[Any]) -> Numbers:
    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iufb":
        return series.to_numpy()
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    if isinstance(kind, np.dtype) and kind.kind in "mMc":
        raise ValueError(
            f"`{name}` must hold real numbers, got dtype {kind} "
            f"in column {series.name!r}."
        )
    return _of_column(name, np.asarray(series, dtype=object), series.name)


def _of_column(name: str, entries: Numbers, title: Any) -> Numbers:
    """Return numbers, or arrays of one shape, of a column of objects."""
    where = f", column {title!r}" if title != "" else ""
    present = [i for i, entry in enumerate(entries) if not is_missing(entry)]
    if present and isinstance(entries[present[0]], list | tuple | np.ndarray):
        return _of_rows(name, entries, present)
    numbers = np.full(len(entries), np.nan)
    for i in present:
        if not isinstance(entries[i], _abc.Real | Decimal | np.bool_):
            raise ValueError(  # noqa: TRY004 (a wrong value in a right container)
                f"`{name}` must hold real numbers, got {_check.shown(entries[i])} "
                f"in row {i}{where}."
            )
        numbers[i] = float(entries[i])
    return numbers


def _of_rows(name: str, entries: Numbers, present: list[int]) -> Numbers:
    """Return one array a row, NaN where a row has none."""
    rows = [np.asarray(entries[i]) for i in present]
    shapes = {row.shape for row in rows}
    if len(shapes) > 1:
        lengths = sorted({len(row) for row in rows})
        raise ValueError(
            f"`{name}` must have rows of one shape, got lengths {lengths}."
        )
    block = _of_array(name, np.stack(rows))
    if len(present) == len(entries):
        return block
    kind = block.dtype if block.dtype.kind == "f" else np.dtype(np.float64)
    filled = np.full((len(entries), *block.shape[1:]), np.nan, dtype=kind)
    filled[present] = block
    return filled
