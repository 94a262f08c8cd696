"""Plain Python and numpy values as JSON, and back without a difference."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..data.stored import Stored

Array = npt.NDArray[Any]
Keep = Callable[[Array], Any]
Take = Callable[[Any], Array]

TAG = "$"  # what JSON has no word for is an object with this key
NUMBERS = "biuf"  # kinds of numpy that hold real numbers
# What reading raises where stored JSON is not what this package wrote.
GARBLED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
WIDEST = 2**26  # bytes of an array of strings that are mostly gaps


def pack(value: Any, keep: Keep, where: str) -> Any:
    """Return JSON for a value.

    Parameters
    ----------
    value
        None, bool, int, float, str, bytes, Decimal, UUID, dates, times, durations,
        periods, intervals, and lists, tuples, sets, mappings and arrays of them.
    keep
        Returns JSON for an array of numbers.
    where
        What the value is called; used in error sentences.

    Raises
    ------
    TypeError
        If the value, or one within, is something else.

    Examples
    --------
    >>> pack({"a": (1, float("nan"))}, listed, "info")
    {'a': {'$': 'tuple', 'of': [1, {'$': 'float', 'of': 'nan'}]}}
    """
    if isinstance(value, _TYPED) and value is not pd.NaT:
        name = next(key for key, kind in KINDS.items() if isinstance(value, kind.type))
        return {TAG: name, "of": pack(KINDS[name].parts(value), keep, where)}
    if _is_scalar(value):
        return _pack_scalar(value)
    if isinstance(value, Mapping):
        return _pack_mapping(value, keep, where)
    if isinstance(value, list | tuple):
        parts = [pack(v, keep, f"{where}[{i}]") for i, v in enumerate(value)]
        return parts if isinstance(value, list) else {TAG: "tuple", "of": parts}
    if isinstance(value, np.ndarray | Stored):
        return _pack_array(np.asarray(value), keep, where)
    raise TypeError(
        f"`{where}` must be made of numbers, strings, lists and mappings to be "
        f"written, got {type(value).__name__}."
    )


def _is_scalar(value: Any) -> bool:
    plain = isinstance(value, np.generic | bool | int | float | str | None)
    return plain or value is pd.NA or value is pd.NaT


def _pack_scalar(value: Any) -> Any:
    if value is pd.NA or value is pd.NaT:
        return {TAG: "missing", "of": "NA" if value is pd.NA else "NaT"}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {TAG: "float", "of": repr(float(value))}
    return value


def _pack_mapping(value: Mapping[Any, Any], keep: Keep, where: str) -> Any:
    parts = {key: pack(v, keep, f"{where}[{key!r}]") for key, v in value.items()}
    if all(isinstance(key, str) for key in parts) and TAG not in parts:
        return parts
    pairs = [[pack(key, keep, where), part] for key, part in parts.items()]
    return {TAG: "mapping", "of": pairs}


def _pack_array(value: Array, keep: Keep, where: str) -> Any:
    kind = value.dtype.kind
    if kind in NUMBERS and value.dtype.itemsize <= 8:
        return {TAG: "array", "of": keep(value)}
    header = {TAG: "objects", "shape": list(value.shape)}
    if kind == "U":
        # Widths of strings belong to the array: a part of it keeps those of the whole.
        strings = value.ravel().tolist()
        dtype = value.dtype
        if _is_hollow(dtype, strings):
            dtype = np.dtype(f"<U{max(1, *map(len, strings))}")
        return {**header, "dtype": dtype.str, "of": strings}
    if kind != "O":
        raise TypeError(
            f"`{where}` must be an array of real numbers or strings to be written, "
            f"got {value.dtype}."
        )
    parts = [pack(v, keep, f"{where}[{i}]") for i, v in enumerate(value.ravel())]
    return {**header, "dtype": "object", "of": parts}


def unpack(value: Any, take: Take) -> Any:
    """Return the value that `pack` made JSON of.

    Parameters
    ----------
    value
        JSON.
    take
        Returns the array for what `keep` said of it.

    Raises
    ------
    ValueError
        If it is not what `pack` writes.

    Examples
    --------
    >>> unpack(pack({1: (np.eye(1), "a")}, listed, "info"), unlisted)
    {1: (array([[1.]]), 'a')}
    """
    if isinstance(value, list):
        return [unpack(part, take) for part in value]
    if not isinstance(value, dict):
        return value
    if TAG not in value:
        return {key: unpack(part, take) for key, part in value.items()}
    if value[TAG] not in READERS:
        raise ValueError(f"a value of kind {value[TAG]!r} is unknown")
    return READERS[value[TAG]](value, take)


def _mapping(value: dict[str, Any], take: Take) -> dict[Any, Any]:
    return {unpack(key, take): unpack(part, take) for key, part in value["of"]}


def _objects(value: dict[str, Any], take: Take) -> Array:
    if value["dtype"] != "object":
        dtype = np.dtype(value["dtype"])
        if dtype.kind != "U" or _is_hollow(dtype, value["of"]):
            raise ValueError(f"strings cannot be of dtype {value['dtype']!r}")
        return np.array(value["of"], dtype=dtype).reshape(value["shape"])
    objects = np.empty(len(value["of"]), dtype=object)
    for place, part in enumerate(value["of"]):
        objects[place] = unpack(part, take)
    return objects.reshape(value["shape"])


def _is_hollow(dtype: np.dtype[Any], strings: list[str]) -> bool:
    """Return whether an array would be large, and nearly all of it gaps."""
    size = dtype.itemsize * len(strings)
    return size > WIDEST and size > 32 * sum(map(len, strings))


@dataclass(frozen=True)
class Kind:
    """A type that JSON lacks: what it is made of, and how it is made of that again."""

    type: Any
    parts: Callable[[Any], Any]
    whole: Callable[[Any], Any]


def _span(value: Any) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


# The first that a value is an instance of counts: pandas' before Python's own.
KINDS: dict[str, Kind] = {
    "numpy time": Kind(
        (np.datetime64, np.timedelta64),
        lambda v: [v.dtype.str, int(v.view(np.int64))],
        lambda parts: np.array(parts[1], np.int64).view(parts[0])[()],
    ),
    "timestamp": Kind(
        pd.Timestamp,
        lambda v: [v.isoformat(), str(v.tz) if v.tz is not None else None, v.unit],
        lambda parts: _timestamp(*parts),
    ),
    "timedelta64": Kind(
        pd.Timedelta,
        lambda v: [int(v.value), v.unit],
        lambda parts: pd.Timedelta(parts[0], "ns").as_unit(parts[1]),
    ),
    "period": Kind(
        pd.Period,
        lambda v: [v.ordinal, v.freqstr],
        lambda parts: pd.Period(ordinal=parts[0], freq=parts[1]),
    ),
    "interval": Kind(
        pd.Interval,
        lambda v: [v.left, v.right, v.closed],
        lambda parts: pd.Interval(*parts),
    ),
    "datetime": Kind(dt.datetime, lambda v: v.isoformat(), dt.datetime.fromisoformat),
    "date": Kind(dt.date, lambda v: v.isoformat(), dt.date.fromisoformat),
    "time": Kind(dt.time, lambda v: v.isoformat(), dt.time.fromisoformat),
    "timedelta": Kind(dt.timedelta, _span, lambda parts: dt.timedelta(*parts)),
    "decimal": Kind(Decimal, str, Decimal),
    "uuid": Kind(UUID, str, UUID),
    "bytes": Kind(bytes, lambda v: v.hex(), bytes.fromhex),
    "set": Kind(set, lambda v: sorted(v, key=repr), set),
    "frozenset": Kind(frozenset, lambda v: sorted(v, key=repr), frozenset),
}


_TYPED = tuple(kind.type for kind in KINDS.values())


def _timestamp(text: str, zone: str | None, unit: Any) -> pd.Timestamp:
    timestamp = pd.Timestamp(text).as_unit(unit)
    return timestamp if zone is None else timestamp.tz_convert(zone)


def _reader(kind: Kind) -> Callable[[dict[str, Any], Take], Any]:
    return lambda value, take: kind.whole(unpack(value["of"], take))


READERS: dict[str, Callable[[dict[str, Any], Take], Any]] = {
    **{name: _reader(kind) for name, kind in KINDS.items()},
    "float": lambda value, _: float(value["of"]),
    "missing": lambda value, _: {"NA": pd.NA, "NaT": pd.NaT}[value["of"]],
    "tuple": lambda value, take: tuple(unpack(part, take) for part in value["of"]),
    "mapping": _mapping,
    "array": lambda value, take: take(value["of"]),
    "objects": _objects,
}


def listed(array: Array) -> dict[str, Any]:
    """Return an array of numbers as a list, for JSON that people read.

    Examples
    --------
    >>> listed(np.array([1.0, np.nan]))
    {'dtype': '<f8', 'shape': [2], 'values': [1.0, 'nan']}
    """
    flat = array.ravel()
    if flat.dtype.kind == "f":  # the shortest number that is the same in its dtype
        flat = flat.astype("U").astype(np.float64)
    # JSON knows no infinity; a string is told from a number.
    values = [
        v if not isinstance(v, float) or math.isfinite(v) else repr(v)
        for v in flat.tolist()
    ]
    dtype = array.dtype.newbyteorder("<")
    return {"dtype": dtype.str, "shape": list(array.shape), "values": values}


def unlisted(stored: Mapping[str, Any]) -> Array:
    """Return the array that `listed` was given.

    Examples
    --------
    >>> unlisted(listed(np.array([1.0, np.nan])))
    array([ 1., nan])
    """
    dtype = np.dtype(stored["dtype"])
    if dtype.kind not in NUMBERS:
        raise ValueError(f"numbers cannot be of dtype {stored['dtype']!r}")
    return np.array(stored["values"], dtype).reshape(stored["shape"])
