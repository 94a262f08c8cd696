"""Tables as JSON, and back with their dtypes, names and attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .values import NUMBERS, Keep, Take, pack, unpack

# Dtypes whose values may be missing, written one by one.
NULLABLE = {"object", "boolean", "Float32", "Float64"} | {
    f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)
}


def pack_frame(frame: pd.DataFrame, keep: Keep, where: str) -> dict[str, Any]:
    """Return JSON for a table; numbers go through `keep`, as in `values.pack`.

    Raises
    ------
    TypeError
        If a column holds anything but numbers, strings, times, categories and plain
        values.

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


def unpack_frame(found: dict[str, Any], take: Take) -> pd.DataFrame:
    """Return the table that `pack_frame` was given."""
    index = _unpack_index(found["index"], take)
    columns = [_unpack_values(part, take) for part in found["data"]]
    # By number: names of columns may repeat.
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(len(index)))
    frame.index = index
    frame.columns = _unpack_index(found["columns"], take)
    frame.attrs = unpack(found["attrs"], take)
    return frame


def _pack_index(index: pd.Index[Any], keep: Keep, where: str) -> dict[str, Any]:
    names = pack(list(index.names), keep, where)
    if isinstance(index, pd.RangeIndex):
        return {"names": names, "range": [index.start, index.stop, index.step]}
    if isinstance(index, pd.MultiIndex):
        return {"names": names, "tuples": pack(index.tolist(), keep, where)}
    return {"names": names, "values": _pack_values(index.to_series(), keep, where)}


def _unpack_index(found: dict[str, Any], take: Take) -> pd.Index[Any]:
    names = unpack(found["names"], take)
    if "range" in found:
        start, stop, step = found["range"]
        return pd.RangeIndex(start, stop, step, name=names[0])
    if "tuples" in found:
        return pd.MultiIndex.from_tuples(unpack(found["tuples"], take), names=names)
    return pd.Index(_unpack_values(found["values"], take), name=names[0])


def _pack_values(values: pd.Series[Any], keep: Keep, where: str) -> dict[str, Any]:
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        there = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return _pack_values(there, keep, where) | {"zone": str(dtype.tz)}
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories.to_series()
        return {
            "kind": "categories", "ordered": bool(dtype.ordered),
            "codes": keep(values.cat.codes.to_numpy()),
            "categories": _pack_values(categories, keep, where),
        }  # fmt: skip
    if isinstance(dtype, np.dtype) and dtype.kind in NUMBERS:
        return {"kind": "numbers", "values": keep(values.to_numpy())}
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        counts = values.to_numpy().view(np.int64)
        return {"kind": "times", "dtype": dtype.str, "values": keep(counts)}
    if not (isinstance(dtype, pd.StringDtype) or str(dtype) in NULLABLE):
        raise TypeError(
            f"`{where}` must hold numbers, strings, times, categories or plain values "
            f"to be written, got {dtype}."
        )
    return {
        "kind": "objects", "dtype": str(dtype),
        "values": pack(values.tolist(), keep, where),
    }  # fmt: skip


def _unpack_values(found: dict[str, Any], take: Take) -> Any:
    kind = found["kind"]
    if kind == "numbers":
        return take(found["values"])
    if kind == "times":
        times = take(found["values"]).view(np.dtype(found["dtype"]))
        if "zone" not in found:
            return times
        return pd.Series(times).dt.tz_localize("UTC").dt.tz_convert(found["zone"]).array
    if kind == "categories":
        categories = pd.Index(_unpack_values(found["categories"], take))
        return pd.Categorical.from_codes(
            take(found["codes"]), categories, ordered=found["ordered"]
        )  # fmt: skip
    values = unpack(found["values"], take)
    if found["dtype"] != "object":
        return pd.array(values, dtype=found["dtype"])
    objects = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        objects[place] = value
    return pd.Series(objects, dtype=object).array
