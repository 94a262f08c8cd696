"""Modalities as tables have them: columns of numbers, arrays, texts and pictures."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .columns import Choice, arrays, chosen, first_odd, is_array_type, known_column
from .containers import text_of
from .encode import encode_rows
from .features import Pictures, Words, text_vectors
from .gaps import SPELLINGS, is_missing
from .gather import as_bools
from .modality import Modality, read_features
from .picture_files import (
    NotThereError,
    OutsideError,
    ReadPictures,
    item_of,
    read_pictures,
)
from .sources import Table
from .tables import Tables, refuse_odd

Bools = npt.NDArray[np.bool_]
Info = dict[str, Any]
Spec = Choice | Words | Pictures


@dataclass(eq=False)
class Part:
    """A modality in the order of rows of the table that has it.

    Parameters
    ----------
    key
        The modality.
    place
        The number of the table.
    columns
        Those it is made of.
    absent
        ``(N,)`` bool, rows that lack it.
    spec
        `Words`, `Pictures`, or None for numbers.
    entries
        Texts or pictures, one a row.
    modality
        Its values, once they are read.
    info
        How they were made.
    read
        The squares and thumbnails of pictures.
    base
        The folder that their paths start from, or None.
    """

    key: str
    place: int
    columns: tuple[str, ...]
    absent: Bools
    spec: Words | Pictures | None = None
    entries: Sequence[Any] = ()
    modality: Modality | None = None
    info: Info | None = None
    read: ReadPictures | None = None
    base: Path | None = None


def find_part(key: str, spec: Any, tables: Tables, used: Collection[str]) -> Part:
    """Return a modality with its columns found, its numbers not yet read.

    Parameters
    ----------
    key
        The modality.
    spec
        Names, patterns, a test of names, `Words` or `Pictures`.
    tables
        What has the columns.
    used
        Columns that mean something else: no pattern takes them.

    Raises
    ------
    ValueError
        If a column is unknown or used, or has no entry at all.

    Examples
    --------
    >>> tables = Tables.read({"a": [1], "b": [2]}, None, [])
    >>> find_part("x", "*", tables, ["b"]).columns
    ('a',)
    """
    argument = f"modalities[{key!r}]"
    if isinstance(spec, Words | Pictures):
        column = known_column(argument, spec.column, tables.columns)
        place = tables.place(argument, [column])
        look = _texts if isinstance(spec, Words) else _entries
        entries, absent = look(tables.tables[place], column)
        if absent.all():
            raise ValueError(
                f"`{argument}` must have an entry in at least one row, "
                f"got none in column {column!r}."
            )
        return Part(key, place, (column,), absent, spec, entries)
    names = isinstance(spec, Sequence) and all(isinstance(n, str | int) for n in spec)
    if not (names or isinstance(spec, re.Pattern) or callable(spec)) or not spec:
        raise TypeError(
            f"`{argument}` must be names or patterns of columns, `words` or "
            f"`pictures`, got {_check.shown(spec)}."
        )
    columns = chosen(argument, spec, tables.columns, used)
    answer = next((name for name in columns if name in used), None)
    if answer is not None:
        raise ValueError(
            f"`{argument}` must not hold what another argument names, got {answer!r}."
        )
    place = tables.place(argument, columns)
    return Part(key, place, tuple(columns), np.zeros(len(tables.tables[place]), bool))


def stated_columns(present: Any) -> set[str]:
    """Return the columns that say which row has which modality.

    Raises
    ------
    TypeError
        If `present` is no mapping.

    Examples
    --------
    >>> stated_columns({"rna": "has_rna", "protein": [True, False]})
    {'has_rna'}
    """
    if present is None:
        return set()
    if not isinstance(present, Mapping):
        raise TypeError(
            "`present` must be a mapping of modalities to columns or to values, "
            f"got {type(present).__name__}."
        )
    return {value for value in present.values() if isinstance(value, str)}


def state_present(parts: Mapping[str, Part], present: Any, tables: Tables) -> None:
    """Mark rows that are said to lack a modality.

    Parameters
    ----------
    parts
        By name.
    present
        Modality to a column or to ``(N,)`` bools or 0 and 1.
    tables
        What has the columns.

    Raises
    ------
    ValueError
        If a row is said to have a text or a picture that is not there.
    """
    for key, value in (present or {}).items():
        part = parts[_check.one_of("present", key, parts)]
        argument = f"present[{key!r}]"
        says = value
        if isinstance(value, str):
            column = known_column(argument, value, tables.columns)
            _same_table(argument, column, part, tables)
            says = tables.tables[part.place].series(column)
        declared = as_bools(argument, says)
        _check.rows(argument, len(declared), len(part.absent), key)
        bad = np.flatnonzero(declared & part.absent)
        if len(bad):
            raise ValueError(
                f"`{argument}` must be false where {part.columns[0]!r} is empty, "
                f"got true in row {bad[0]}."
            )
        part.absent = part.absent | ~declared


def _same_table(argument: str, column: str, part: Part, tables: Tables) -> None:
    if tables.place(argument, [column]) != part.place:
        raise ValueError(
            f"`{argument}` must be a column of the table that has {part.key!r}, "
            f"got {column!r} of another."
        )


def read_part(part: Part, tables: Tables, *, decided: bool, thumbnails: bool) -> None:
    """Read the numbers or the pictures of a modality.

    Parameters
    ----------
    part
        To be filled.
    tables
        What has its columns.
    decided
        Whether every row that is not absent has to have it.
    thumbnails
        Whether thumbnails of its pictures are wanted.

    Warns
    -----
    UserWarning
        If pictures are named that are not there.

    Raises
    ------
    ValueError
        If a value is no finite real number, or a picture cannot be read.
    """
    table = tables.tables[part.place]
    if isinstance(part.spec, Pictures):
        _read_pictures(part, part.spec, table, thumbnails=thumbnails)
    elif part.spec is None:
        values, mask, missing = _values(part, table)
        features, present = read_features(
            part.key, values, mask, part.absent | missing, decided=decided
        )
        bad = np.flatnonzero(missing & ~part.absent)
        if decided and len(bad):
            raise ValueError(
                f"`present[{part.key!r}]` must be false where {part.columns[0]!r} is "
                f"empty, got true in row {bad[0]}."
            )
        part.absent, part.modality = ~present, features.modality()
        if not part.modality.features and len(part.columns) > 1:
            part.modality = replace(part.modality, features=part.columns)


def _values(part: Part, table: Table) -> tuple[Any, Bools | None, Bools]:
    """Return the numbers of some columns, or the arrays of one."""
    none = np.zeros(len(table), dtype=bool)
    for name in part.columns:
        column = table.arrow(name)
        if column is not None and is_array_type(column.type):
            if len(part.columns) > 1:
                raise ValueError(
                    f"`modalities[{part.key!r}]` must be columns of numbers or one "
                    f"column of arrays, got {name!r} of arrays among "
                    f"{len(part.columns)}."
                )
            values, missing, mask = arrays(part.key, column)
            return values, mask, missing
    if len(part.columns) == 1:
        series = table.series(part.columns[0])
        first = series.first_valid_index() if series.dtype == object else None
        entry = None if first is None else series.loc[first]
        if isinstance(entry, list | tuple | np.ndarray):
            return series.to_numpy(), None, none
        _advise(part, series, entry)
    frame = table.pandas(part.columns)
    for name in part.columns:
        refuse_odd(part.key, frame[name], name)
    return frame, None, none


def _advise(part: Part, series: pd.Series[Any], entry: Any) -> None:
    """Return advice on reading a column of texts or of pictures."""
    name = part.columns[0]
    if isinstance(entry, bytes | dict):
        raise TypeError(
            f"`modalities[{part.key!r}]` must be numbers, got {type(entry).__name__} "
            f"in column {name!r}; pictures({name!r}) reads pictures."
        )
    row = first_odd(series)
    if row is not None:
        words = pd.to_numeric(series.astype(object), errors="coerce").isna()
        if (words & ~series.isna()).mean() > 0.5:
            raise ValueError(
                f"`modalities[{part.key!r}]` must be numbers, got "
                f"{series.iloc[row]!r} in row {row} of column {name!r}; "
                f"words({name!r}) makes features of texts."
            )


def _texts(table: Table, column: str) -> tuple[list[str], Bools]:
    """Return the texts of a column, and which rows have none."""
    series = table.series(column)
    missing = np.asarray(series.isna(), dtype=bool)
    texts = []
    for row, (entry, gap) in enumerate(zip(series, missing, strict=True)):
        if not gap and isinstance(entry, list | dict | bytes | np.ndarray):
            raise TypeError(
                f"`words({column!r})` must name a column of texts, "
                f"got {type(entry).__name__} in row {row}."
            )
        texts.append("" if gap else text_of(entry))
    blank = np.array([text.strip() in SPELLINGS for text in texts], dtype=bool)
    return texts, missing | blank


def _entries(table: Table, column: str) -> tuple[Sequence[Any], Bools]:
    """Return the pictures that a column holds or names, and which rows have none."""
    arrow = table.arrow(column)
    if arrow is not None:
        return _InArrow(arrow), _empty_in_arrow(arrow)
    entries = list(table.series(column))
    return entries, np.array([_is_empty(entry) for entry in entries], dtype=bool)


class _InArrow(Sequence[Any]):
    """Entries of an Arrow column, made when they are asked for."""

    def __init__(self, column: Any) -> None:
        self.chunks = column.chunks
        self.starts = np.cumsum([0, *(len(chunk) for chunk in self.chunks)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, row: Any) -> Any:
        chunk = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.chunks[chunk][int(row - self.starts[chunk])].as_py()


def _empty_in_arrow(column: Any) -> Bools:
    """Return a mask of missing or empty entries, without making objects of them."""
    import pyarrow as pa  # noqa: PLC0415 (there, as a column of it is)
    from pyarrow import compute  # noqa: PLC0415

    gap = np.asarray(column.is_null().to_numpy(), dtype=bool)
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks])
        kind = column.type
    if pa.types.is_struct(kind):
        fields = [kind.field(i).name for i in range(kind.num_fields)]
        inner = [
            _empty_in_arrow(compute.struct_field(column, name))
            for name in fields
            if name in ("bytes", "path")
        ]
        return gap | np.logical_and.reduce(inner or [~gap])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = compute.utf8_trim_whitespace(column)
        odd = compute.is_in(texts, value_set=pa.array(SPELLINGS, kind))
        return gap | np.asarray(odd, dtype=bool)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return gap | (np.asarray(compute.binary_length(column)) == 0)
    return gap


def _is_empty(entry: Any) -> bool:
    if is_missing(entry) or (isinstance(entry, bytes) and not entry):
        return True
    if isinstance(entry, str):
        return entry.strip() in SPELLINGS
    return isinstance(entry, dict) and not (entry.get("bytes") or entry.get("path"))


def _read_pictures(
    part: Part, spec: Pictures, table: Table, *, thumbnails: bool
) -> None:
    base = spec.root
    if base is None and table.path is not None:
        base = table.path.absolute().parent
    size = spec.size if spec.encoder is None else 2
    read = read_pictures(
        part.entries, part.absent, size=size, base=base, thumbnails=thumbnails
    )
    missing = _report(part, spec, read, int((~part.absent).sum()), base)
    part.absent, part.read, part.base = read.absent, read, base
    if spec.encoder is None:
        part.modality = Modality(read.pixels, "picture", common_scale=True)
        part.info = {
            "name": "squares of pixels",
            "size": size,
            "filter": "bilinear",
            **missing,
            "digest": _digest(read.pixels),
        }
    else:
        part.info = missing


def _report(
    part: Part, spec: Pictures, read: ReadPictures, count: int, base: Path | None
) -> Info:
    """Refuse what cannot be read, warn of what is not there, and count both."""
    argument = f"pictures({spec.column!r})"
    rows = sorted(read.problems)
    missing = [row for row in rows if isinstance(read.problems[row], NotThereError)]
    broken = [row for row in rows if row not in set(missing)]
    for row in broken:
        if spec.unreadable == "refuse" or isinstance(read.problems[row], OutsideError):
            raise ValueError(
                f"`{argument}` must hold pictures that can be read, "
                f"got {_called(part.entries[row])} in row {row}: {read.problems[row]}."
            )
    if len(rows) == count:
        where = "" if base is None else f" below {str(base)!r}"
        raise ValueError(
            f"`{argument}` must hold a picture that is there{where}, got none in "
            f"{count} rows, the first {_called(part.entries[rows[0]])}."
        )
    if rows:
        summary = f"{len(missing)} pictures that are not there"
        if broken:
            summary += f" and {len(broken)} that cannot be read"
        numbers = ", ".join(map(str, rows[:5])) + (" ..." if len(rows) > 5 else "")
        first = _called(part.entries[rows[0]])
        warnings.warn(
            f"`{argument}` names {summary}, so {len(rows)} of {count} rows lack "
            f"{part.key!r}: rows {numbers}, the first {first}.",
            UserWarning,
            stacklevel=5,
        )
    return {"missing_files": len(missing), "unreadable": len(broken)}


def _called(entry: Any) -> str:
    """Return the name of a picture's entry for messages."""
    if isinstance(entry, dict):  # by its path, which says more
        entry = entry.get("path") or entry.get("bytes")
    if isinstance(entry, str | os.PathLike):
        return repr(os.fspath(entry))
    if isinstance(entry, bytes):
        return f"{len(entry)} bytes"
    return repr(getattr(entry, "name", None) or type(entry).__name__)


def fitted(part: Part, train: Bools) -> None:
    """Fill a modality that waits for the split: texts, and what has an encoder.

    Parameters
    ----------
    part
        To be filled.
    train
        ``(N,)`` bool, the training rows, which alone are fitted on.
    """
    spec = part.spec
    if spec is None or part.modality is not None:
        return
    if spec.encoder is not None:
        values, info = _encoded(part, spec)
    else:
        values, info = text_vectors(part.entries, part.absent, train)
    # What an encoder says of its weights and settings stays.
    part.info = {**(part.info or {}), "digest": _digest(values), **info}
    part.modality = Modality(values, "vector", common_scale=True)


def _encoded(part: Part, spec: Words | Pictures) -> tuple[npt.NDArray[Any], Info]:
    """Return the vectors of an encoder, 0 in rows without a text or a picture."""
    rows = np.flatnonzero(~part.absent)
    kind = "words" if isinstance(spec, Words) else "pictures"
    items = [part.entries[int(row)] for row in rows]
    if kind == "pictures":
        items = [item_of(item, part.base) for item in items]
    return encode_rows(items, rows, len(part.absent), kind, spec)


def _digest(values: npt.NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()[:12]
