"""Types of metadata columns: categories, numbers, times, durations or no colour."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .answers import natural
from .gaps import is_missing

MOST_WHOLE = 12  # so few whole numbers are names, more are amounts
MOST_PARTS = 24  # of a list, in words
LONG = 2**63  # below it a whole number has 64 bits
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
# Names that explorer, figures and tables use for what they know of every point.
RESERVED = frozenset(
    {
        "id",
        "label",
        "prediction",
        "correct",
        "confidence",
        "text",
        "purity",
        "rewiring",
        "in-degree",
        "in_degree",
    }
)
_WHOLE = ("integer", "boolean")
_NUMBERS = ("floating", "integer", "mixed-integer-float", "decimal")
_TIMES = ("datetime64", "datetime", "date", "period")
_DURATIONS = ("timedelta64", "timedelta")
_CONTAINERS = (Mapping, list, tuple, set, frozenset, np.ndarray, complex)


@dataclass(frozen=True, eq=False)
class Meaning:
    """Type of a metadata column as a colour, with its values.

    Parameters
    ----------
    kind
        "categories", "numbers", "times", "durations", or "none": lists, mappings and
        whatever else has no order and no name.
    values
        ``(N,)``: positions in `names`, -1 where missing; or numbers, NaN where missing.
        Times are seconds since 1970 (UTC), durations are seconds.
    names
        The categories, in the order that their owner gave or in natural order.
    """

    kind: str
    values: npt.NDArray[Any]
    names: tuple[str, ...] = ()


def meaning(columns: Sequence[Any]) -> Meaning:
    """Return the common type of some columns, stacked one under the other.

    Whole numbers are categories up to 12 different ones and amounts beyond; so are
    numbers of any type, among them decimals. Dates, times and durations have a scale.
    Everything else is as many categories as there are texts.

    Examples
    --------
    >>> meaning([["b", "a", None]]).names
    ('a', 'b')
    >>> meaning([[["a", "b"], []]]).kind
    'none'
    """
    series = [as_series(column) for column in columns]
    kind = kind_of(pd.concat(series, ignore_index=True))
    if kind == "none":
        return Meaning(kind, np.empty(0))
    if kind == "categories":
        return _categories(series)
    read = {"numbers": _numbers, "times": _seconds, "durations": _lengths}[kind]
    return Meaning(kind, np.concatenate([read(one) for one in series]))


def as_series(column: Any) -> pd.Series[Any]:
    """Return a column as a Series with rows numbered from 0, entries as they are."""
    if isinstance(column, pd.Series):
        return column.reset_index(drop=True)
    if isinstance(column, np.ndarray) and column.ndim == 1:
        return pd.Series(column)
    entries = np.empty(len(column), dtype=object)
    for place, entry in enumerate(column):
        entries[place] = entry
    return pd.Series(entries).infer_objects()


def kind_of(values: pd.Series[Any]) -> str:
    """Return the kind of `Meaning` that the entries of a column have."""
    if isinstance(values.dtype, pd.ArrowDtype):
        values = values.astype(object)
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred in _TIMES:
        return "times"
    if inferred in _DURATIONS:
        return "durations"
    if inferred == "complex":
        return "none"
    if inferred in _NUMBERS:
        few = inferred == "integer" and values.nunique() <= MOST_WHOLE
        return "categories" if few else "numbers"
    if not inferred.startswith("mixed"):
        return "categories"
    return _kind_of_mixed(values)


def _kind_of_mixed(values: pd.Series[Any]) -> str:
    present = [entry for entry in values if not is_missing(entry)]
    if any(isinstance(entry, _CONTAINERS) for entry in present):
        return "none"
    for types, kind in (
        (dt.date | np.datetime64 | pd.Period, "times"),
        (dt.timedelta | np.timedelta64, "durations"),
        (int | float | np.number | Decimal | Fraction, "numbers"),
    ):
        if all(
            isinstance(entry, types) and not isinstance(entry, bool)
            for entry in present
        ):
            return kind
    return "categories"


def words(entry: Any) -> str:
    """Return an entry as people read it; nothing where it is missing.

    Examples
    --------
    >>> words({"box": [1, 2]}), words(pd.Timestamp("2024-03-01")), words(None)
    ('box: 1, 2', '2024-03-01', '')
    """
    if is_missing(entry):
        return ""
    if isinstance(entry, Enum):
        return entry.name
    if isinstance(entry, Mapping):
        return _listed(f"{words(key)}: {words(value)}" for key, value in entry.items())
    if isinstance(entry, set | frozenset):
        return _listed(natural(map(words, entry)))
    if isinstance(entry, list | tuple | np.ndarray) and np.ndim(entry):
        return _listed(words(part) for part in entry)
    return _single(entry)


def plain(entry: Any) -> bool | int | float | str | None:
    """Return an entry as a plain value that any format can hold; None where missing.

    Decimals become numbers, times ISO text, everything else what `words` says.

    Examples
    --------
    >>> plain(np.int64(3)), plain(dt.date(2024, 3, 1)), plain(["a", "b"])
    (3, '2024-03-01', 'a, b')
    """
    if is_missing(entry):
        return None
    if isinstance(entry, np.generic) and not isinstance(
        entry, np.datetime64 | np.timedelta64
    ):
        entry = entry.item()
    if isinstance(entry, Decimal | Fraction):
        return float(entry)
    if isinstance(entry, dt.datetime | dt.time):
        return entry.isoformat()
    return entry if isinstance(entry, bool | int | float | str) else words(entry)


def plain_column(column: Any) -> list[Any]:
    """Return the entries of a column as plain values of one type; None where missing.

    Files of graphs know one type a column: bools, whole numbers of 64 bits, finite
    numbers or text. What mixes them, or leaves their range, is text throughout.

    Examples
    --------
    >>> plain_column([1, None, 2.5]), plain_column([1, "a"]), plain_column([True, 0])
    ([1.0, None, 2.5], ['1', 'a'], ['True', '0'])
    """
    entries = as_series(column).astype(object)
    values = [plain(entry) for entry in entries]
    present: list[Any] = [value for value in values if value is not None]
    types = {type(value) for value in present}
    if types <= {str} or types <= {bool}:
        return values
    if types == {int} and all(-LONG <= value < LONG for value in present):
        return values
    if types - {int} == {float} and all(_is_double(value) for value in present):
        return [None if value is None else float(value) for value in values]
    return [
        None if value is None else words(entry)
        for entry, value in zip(entries, values, strict=True)
    ]


def _is_double(value: int | float) -> bool:
    return abs(value) < float("inf") and float(value) == value


def texts(column: Any) -> list[str]:
    """Return the entries of a column in `words`."""
    return [words(entry) for entry in as_series(column).astype(object)]


def distinct(names: Iterable[Any], reserved: Collection[str] = RESERVED) -> list[str]:
    """Return a name a column, no two alike and none that means something else.

    Names that are no strings become text; one that is reserved says that it is of the
    metadata; a repeated one is counted.

    Examples
    --------
    >>> distinct(["age", "age", 3, "label"])
    ['age', 'age (2)', '3', 'label (metadata)']
    """
    unique: list[str] = []
    used = set(reserved)
    for name in names:
        text = str(name)
        base = f"{text} (metadata)" if text in reserved else text
        candidate, count = base, 1
        while candidate in used:
            count += 1
            candidate = f"{base} ({count})"
        used.add(candidate)
        unique.append(candidate)
    return unique


def _listed(parts: Iterable[str]) -> str:
    entries = list(parts)
    more = [f"and {len(entries) - MOST_PARTS:,} more"] * (len(entries) > MOST_PARTS)
    return ", ".join([*entries[:MOST_PARTS], *more])


def _single(entry: Any) -> str:
    if isinstance(entry, bytes | bytearray):
        try:
            return bytes(entry).decode("utf-8")
        except UnicodeDecodeError:
            return f"{len(entry):,} bytes"
    if isinstance(entry, dt.timedelta | np.timedelta64):
        return str(pd.Timedelta(entry))
    if isinstance(entry, dt.datetime):
        day = entry.tzinfo is None and entry.time() == dt.time()
        return entry.date().isoformat() if day else entry.isoformat(sep=" ")
    if isinstance(entry, np.datetime64):
        return words(pd.Timestamp(entry))
    # An object without words of its own says where it lies in memory.
    return entry if isinstance(entry, str) else _ADDRESS.sub("", str(entry))


def _categories(series: Sequence[pd.Series[Any]]) -> Meaning:
    """Return categories by their text, in the order of their owner where one is."""
    owners: list[str] = []
    parts: list[list[str]] = []
    entries: list[Any] = []
    for one in series:
        codes, uniques = pd.factorize(_hashable(one), use_na_sentinel=True)
        entries += list(uniques)
        texts = np.array([*map(words, uniques), ""], dtype=object)
        parts.append(texts[codes].tolist())
        if isinstance(one.dtype, pd.CategoricalDtype):
            owners += [words(entry) for entry in one.dtype.categories]
    values: list[str] = list(chain.from_iterable(parts))
    occurring = set(values) - {""}
    first = [name for name in dict.fromkeys(owners) if name in occurring]
    rest = occurring - set(first)
    names = first + [name for name in _sorted(entries, rest) if name in rest]
    place = {name: code for code, name in enumerate(names)}
    codes = np.array([place.get(name, -1) for name in values], dtype=np.int64)
    return Meaning("categories", codes, tuple(names))


def count_of_names(column: Any) -> int:
    """Return the number of distinct entries of a column of categories."""
    return int(_hashable(as_series(column)).nunique())


def _hashable(one: pd.Series[Any]) -> pd.Series[Any]:
    """Return entries that can be told apart; True is not 1."""
    values = one.astype(object)
    if pd.api.types.infer_dtype(values, skipna=True).startswith("mixed"):
        kinds = {type(entry) for entry in values if not is_missing(entry)}
        if not all(issubclass(kind, Enum) for kind in kinds):
            values = values.map(
                lambda entry: None if is_missing(entry) else words(entry)
            )
    return values


def _sorted(entries: list[Any], names: Collection[str]) -> list[str]:
    """Return names in the order of what they stand for, else in natural order."""
    kinds = {type(entry) for entry in entries}
    kind: Any = next(iter(kinds)) if len(kinds) == 1 else object
    if issubclass(kind, Enum):
        return [member.name for member in kind]
    if issubclass(kind, int | float | np.number | pd.Interval | dt.time):
        return list(dict.fromkeys(words(entry) for entry in sorted(entries)))
    return natural(names)


def _numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.array(
        [
            np.nan if is_missing(entry) else float(entry)
            for entry in values.astype(object)
        ]
    )


def _seconds(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
        counts = values.to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(values.isna(), np.nan, counts)
    return np.array([_moment(entry) for entry in values.astype(object)])


def _moment(entry: Any) -> float:
    if is_missing(entry):
        return float("nan")
    if isinstance(entry, pd.Period):
        entry = entry.start_time
    if isinstance(entry, np.datetime64):
        entry = pd.Timestamp(entry)
    if not isinstance(entry, dt.datetime):
        entry = dt.datetime(entry.year, entry.month, entry.day)
    zone = entry.replace(tzinfo=dt.UTC) if entry.tzinfo is None else entry
    return float(zone.timestamp())


def _lengths(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return np.array(
        [
            np.nan if is_missing(entry) else pd.Timedelta(entry).total_seconds()
            for entry in values.astype(object)
        ]
    )
