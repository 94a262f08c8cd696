"""Detection of missing entries, in every spelling."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .containers import is_sparse, text_of

_HALF = 2  # bytes: numpy knows no smaller floats
# What numpy writes for a missing entry when it makes an array of text.
SPELLINGS = ("", "nan", "NaN", "<NA>", "NaT")


@dataclass(frozen=True, eq=False)
class Column:
    """One entry a row, some of which may be missing.

    Parameters
    ----------
    values
        ``(N,)`` numbers, or text as objects.
    missing
        ``(N,)`` bool.
    order
        Categories in the order that their owner gave, as text; empty without one.
    """

    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]
    order: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def numeric(self) -> bool:
        """Whether the entries are numbers."""
        return self.values.dtype.kind in "iuf"


def column(name: str, values: Any, *, sentinel: Any = None) -> Column:
    """Return a column with its missing entries marked, whatever they are written as.

    NaN, None, pd.NA, NaT, masked entries, empty text and the text that numpy makes of
    them are missing, and so is `sentinel`.

    Parameters
    ----------
    name
        What the caller calls it.
    values
        ``(N,)`` or ``(N, 1)``.
    sentinel
        A value that means "missing", such as -1.

    Raises
    ------
    ValueError
        If there is more than one entry a row.

    Examples
    --------
    >>> column("labels", ["a", None, ""]).missing.tolist()
    [False, True, True]
    >>> column("labels", [0, -1], sentinel=-1).missing.tolist()
    [False, True]
    """
    order: tuple[str, ...] = ()
    values = _single(name, values)
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        order = tuple(text_of(entry) for entry in values.dtype.categories)
    masked = (
        np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    )
    entries = _entries(values, name)
    missing = np.asarray(pd.isna(entries))
    if masked is not None:
        missing = missing | masked
    if entries.dtype.kind in "SUOT":
        entries, missing = _of_objects(entries, missing)
    if not is_missing(sentinel):
        text = text_of(sentinel)
        same = entries == (sentinel if entries.dtype.kind in "iuf" else text)
        missing = missing | np.asarray(same, dtype=bool)
    return Column(entries, missing, order)


def _single(name: str, values: Any) -> Any:
    """Return one entry a row of what has a column or one axis."""
    if isinstance(values, pd.DataFrame):
        if values.shape[1] != 1:
            raise ValueError(
                f"`{name}` must be one column, got {values.shape[1]}: "
                f"{', '.join(map(str, values.columns[:5]))}."
            )
        return values.iloc[:, 0]
    if hasattr(values, "dtype") and not hasattr(values, "shape"):
        return values
    if is_sparse(values) and tuple(values.shape)[1:] in {(), (1,)}:
        values = values.toarray()  # what it leaves out is 0
    array = values if hasattr(values, "shape") else as_array(values, name)
    shape = tuple(array.shape)
    if len(shape) == 2 and shape[1] == 1:
        return array[:, 0]
    if len(shape) != 1:
        raise ValueError(f"`{name}` must have one entry a row, got shape {shape}.")
    return array


def as_array(values: Any, name: str = "values") -> npt.NDArray[Any]:
    """Return a list as an array, in which text and numbers stay what they are.

    Examples
    --------
    >>> as_array(["a", None]).tolist(), as_array([1, 2]).dtype.kind
    (['a', None], 'i')
    """
    if hasattr(values, "detach"):  # a tensor, maybe with its gradient
        return tensor_values(values, name)
    if not isinstance(values, list | tuple):
        return np.asarray(values)
    kinds = {type(entry) for entry in values}
    if kinds <= {list, tuple, np.ndarray}:
        try:
            return np.asarray(values)
        except ValueError:  # of different lengths
            kinds = {object}
    if (
        kinds <= {int, float}
        or kinds == {bool}
        or all(issubclass(kind, np.generic) for kind in kinds)
    ):
        return np.asarray(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def is_missing(entry: Any) -> bool:
    """Return whether a single entry is missing: None, NaN, pd.NA or NaT.

    Examples
    --------
    >>> is_missing(pd.NA), is_missing(float("nan")), is_missing([]), is_missing("")
    (True, True, False, False)
    """
    if entry is None or entry is pd.NA or entry is pd.NaT:
        return True
    single = isinstance(entry, float | np.generic | Decimal)
    single = single or (isinstance(entry, np.ndarray) and entry.ndim == 0)
    return bool(single and pd.isna(entry))


def is_object(values: Any) -> bool:
    """Return whether entries are Python objects of any kind.

    Examples
    --------
    >>> is_object(np.array(["a", None])), is_object(np.eye(2))
    (True, False)
    """
    dtype = getattr(values, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def tensor_values(tensor: Any, name: str = "values") -> npt.NDArray[Any]:
    """Return a tensor as an array: without its gradient, small floats as float32.

    Raises
    ------
    TypeError
        If it holds no values (it is "meta") or such as no array has.

    Examples
    --------
    >>> import torch
    >>> tensor_values(torch.ones(2, dtype=torch.bfloat16, requires_grad=True)).dtype
    dtype('float32')
    """
    try:
        tensor = tensor.detach().cpu()
        dtype = tensor.dtype
        small = dtype.is_floating_point and dtype.itemsize < _HALF
        if small or str(dtype) == "torch.bfloat16":
            tensor = tensor.float()
        return np.asarray(tensor.resolve_conj().resolve_neg().numpy())
    except (AttributeError, RuntimeError, TypeError) as error:  # meta, quantized, ...
        kind = getattr(tensor, "dtype", type(tensor).__name__)
        where = getattr(getattr(tensor, "device", None), "type", "unknown")
        raise TypeError(
            f"`{name}` must hold values that an array can have, "
            f"got a tensor of {kind} on the device {where!r}."
        ) from error


def _entries(values: Any, name: str) -> npt.NDArray[Any]:
    """Return entries as numbers where all are numbers, else as objects."""
    if isinstance(values, pd.Series | pd.Index) or hasattr(values, "_from_sequence"):
        dtype = values.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            return np.asarray(values, dtype=object)
        if isinstance(dtype, np.dtype):
            return np.asarray(values)
        if pd.api.types.is_bool_dtype(dtype) and not pd.isna(values).any():
            return np.asarray(values, dtype=bool)
        if pd.api.types.is_bool_dtype(dtype) or not pd.api.types.is_numeric_dtype(
            dtype
        ):
            return np.asarray(values.astype(object))
        whole = pd.api.types.is_integer_dtype(dtype) and not pd.isna(values).any()
        kind = np.int64 if whole else np.float64
        return np.asarray(values.to_numpy(dtype=kind, **({} if whole else _FILL)))
    return np.ma.getdata(as_array(values, name))


_FILL: dict[str, Any] = {"na_value": np.nan}


def _of_objects(
    entries: npt.NDArray[Any], missing: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return numbers if all entries are, else text; and which are missing."""
    present = entries[~missing]
    kinds = {type(entry) for entry in present} if entries.dtype == object else set()
    if kinds - {bool} and all(issubclass(kind, _NUMBERS) for kind in kinds):
        filled = np.full(len(entries), np.nan)
        filled[~missing] = present.astype(np.float64)
        return filled, missing
    text = np.full(len(entries), "", dtype=object)
    text[~missing] = [text_of(entry) for entry in present]
    return text, missing | np.isin(text, SPELLINGS) | _blank(text)


_NUMBERS = (int, float, Decimal, np.integer, np.floating)


def _blank(text: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.array([not entry.strip() for entry in text], dtype=bool)


def refuse_missing(name: str, values: Column) -> None:
    """Refuse a column that must be whole, naming the first row that is not.

    Examples
    --------
    >>> refuse_missing("split", column("split", ["train", None]))
    Traceback (most recent call last):
    ...
    ValueError: `split` must have an entry in every row, got none in row 1.
    """
    if values.missing.any():
        raise ValueError(
            f"`{name}` must have an entry in every row, "
            f"got none in row {values.missing.argmax()}."
        )
