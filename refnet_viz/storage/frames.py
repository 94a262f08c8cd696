"""Tables as JSON, and back with their dtypes, names and attributes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ..data.meaning import words
from .values import NUMBERS, Keep, Take, pack, unpack

# Dtypes whose values may be missing, written one by one.
NULLABLE = {"object", "boolean", "Float32", "Float64"} | {
    f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)
}


def pack_frame(frame: pd.DataFrame, keep: Keep, where: str) -> dict[str, Any]:
    """Return JSON for a table; numbers go through `keep`, as in `values.pack`.

    Warns
    -----
    UserWarning
        If a column holds what has no JSON, which is kept as text.

    Examples
    --------
    >>> from .values import listed, unlisted
    >>> table = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    >>> unpack_frame(pack_frame(table, listed, "table"), unlisted)
       a
    x  1
    y  2
    """
    data = [
        _pack_values(frame.iloc[:, place], keep, f"{where}[{name!r}]")
        for place, name in enumerate(frame.columns)
    ]
    return {
        "columns": _pack_index(frame.columns, keep, f"{where}.columns"),
        "index": _pack_index(frame.index, keep, f"{where}.index"),
        "data": data,
        "attrs": pack(dict(frame.attrs), keep, f"{where}.attrs"),
    }


def unpack_frame(stored: dict[str, Any], take: Take) -> pd.DataFrame:
    """Return the table that `pack_frame` made JSON of."""
    index = _unpack_index(stored["index"], take)
    columns = [_unpack_values(part, take) for part in stored["data"]]
    # By number: names of columns may repeat.
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(len(index)))
    frame.index = index
    frame.columns = _unpack_index(stored["columns"], take)
    frame.attrs = unpack(stored["attrs"], take)
    return frame


def _pack_index(index: pd.Index[Any], keep: Keep, where: str) -> dict[str, Any]:
    names = pack(list(index.names), keep, where)
    if isinstance(index, pd.RangeIndex):
        return {"names": names, "range": [index.start, index.stop, index.step]}
    if isinstance(index, pd.MultiIndex):
        return {"names": names, "tuples": pack(index.tolist(), keep, where)}
    return {"names": names, "values": _pack_values(index.to_series(), keep, where)}


def _unpack_index(stored: dict[str, Any], take: Take) -> pd.Index[Any]:
    names = unpack(stored["names"], take)
    if "range" in stored:
        start, stop, step = stored["range"]
        return pd.RangeIndex(start, stop, step, name=names[0])
    if "tuples" in stored:
        return pd.MultiIndex.from_tuples(unpack(stored["tuples"], take), names=names)
    return pd.Index(_unpack_values(stored["values"], take), name=names[0])


def _pack_values(values: pd.Series[Any], keep: Keep, where: str) -> dict[str, Any]:
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        naive = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return _pack_values(naive, keep, where) | {"zone": str(dtype.tz)}
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories.to_series()
        return {
            "kind": "categories",
            "ordered": bool(dtype.ordered),
            "codes": keep(values.cat.codes.to_numpy()),
            "categories": _pack_values(categories, keep, where),
        }
    if isinstance(dtype, np.dtype) and dtype.kind in NUMBERS:
        return {"kind": "numbers", "values": keep(values.to_numpy())}
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        counts = values.to_numpy().view(np.int64)
        return {"kind": "times", "dtype": dtype.str, "values": keep(counts)}
    if isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype):
        return _pack_spans(values, keep, where)
    plain = isinstance(dtype, pd.StringDtype) or str(dtype) in NULLABLE
    return {
        "kind": "objects",
        "dtype": str(dtype) if plain else "object",
        "values": _pack_entries(values.tolist(), keep, where),
    }


def _pack_spans(values: pd.Series[Any], keep: Keep, where: str) -> dict[str, Any]:
    """Return JSON for a column of periods or of intervals."""
    dtype = values.dtype
    if isinstance(dtype, pd.PeriodDtype):
        counts = pd.PeriodIndex(values).asi8
        freq = str(dtype).removeprefix("period[").removesuffix("]")
        return {"kind": "periods", "freq": freq, "values": keep(counts)}
    ends = pd.arrays.IntervalArray(values)
    return {
        "kind": "intervals",
        "closed": ends.closed,
        "left": _pack_values(ends.left.to_series(), keep, where),
        "right": _pack_values(ends.right.to_series(), keep, where),
    }


def _pack_entries(entries: list[Any], keep: Keep, where: str) -> list[Any]:
    """Return JSON for every entry; what has none is kept as text, which is said."""
    packed, odd = [], ""
    for entry in entries:
        try:
            packed.append(pack(entry, keep, where))
        except TypeError:
            packed.append(words(entry))
            odd = odd or type(entry).__name__
    if odd:
        warnings.warn(
            f"`{where}` holds values of type {odd}, which are saved as text.",
            UserWarning,
            stacklevel=2,
        )
    return packed


def _unpack_values(stored: dict[str, Any], take: Take) -> Any:
    return _READERS[stored["kind"]](stored, take)


def _unpack_times(stored: dict[str, Any], take: Take) -> Any:
    times = take(stored["values"]).view(np.dtype(stored["dtype"]))
    if "zone" not in stored:
        return times
    return pd.Series(times).dt.tz_localize("UTC").dt.tz_convert(stored["zone"]).array


def _unpack_categories(stored: dict[str, Any], take: Take) -> Any:
    categories = pd.Index(_unpack_values(stored["categories"], take))
    return pd.Categorical.from_codes(
        take(stored["codes"]), categories, ordered=stored["ordered"]
    )


def _unpack_periods(stored: dict[str, Any], take: Take) -> Any:
    dtype = pd.PeriodDtype(stored["freq"])
    return pd.arrays.PeriodArray(take(stored["values"]).copy(), dtype=dtype)


def _unpack_intervals(stored: dict[str, Any], take: Take) -> Any:
    left, right = (_unpack_values(stored[end], take) for end in ("left", "right"))
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=stored["closed"])


def _unpack_objects(stored: dict[str, Any], take: Take) -> Any:
    values = unpack(stored["values"], take)
    if stored["dtype"] != "object":
        return pd.array(values, dtype=stored["dtype"])
    objects = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        objects[place] = value
    # A Series, since a frame makes times of an array of objects that are times.
    return pd.Series(objects, dtype=object)


_READERS: dict[str, Callable[[dict[str, Any], Take], Any]] = {
    "numbers": lambda found, take: take(found["values"]),
    "times": _unpack_times,
    "categories": _unpack_categories,
    "periods": _unpack_periods,
    "intervals": _unpack_intervals,
    "objects": _unpack_objects,
}
