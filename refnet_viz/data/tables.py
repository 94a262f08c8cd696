"""Several tables as one, with the places of columns and the names of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .columns import chosen, first_odd, holds_plain_values, known_column
from .containers import is_counted, is_whole, row_names, text_of
from .pairing import as_named, as_text
from .sources import Table, read_source
from .splits import SPLITS

ID = "id"


@dataclass(frozen=True, eq=False)
class Single:
    """An argument of one entry a row, and the columns it was read from."""

    values: Any
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables that name the same rows.

    Parameters
    ----------
    tables
        One or more.
    names
        What names the rows of each; None where they are counted.
    id_column
        The column that names them, or None.
    """

    tables: tuple[Table, ...]
    names: tuple[pd.Index | None, ...]
    id_column: str | None

    @classmethod
    def read(cls, source: Any, id_column: str | None, text: Collection[str]) -> Tables:
        """Return the tables that a source, or a list of sources, means.

        Raises
        ------
        ValueError
            If ids are missing or repeat, or several tables share another column.

        Examples
        --------
        >>> both = [{"id": ["u"], "a": [1]}, {"id": ["u"], "b": [2]}]
        >>> Tables.read(both, "id", []).columns
        ('a', 'b')
        """
        several = isinstance(source, list | tuple)
        if several and not len(source):
            raise ValueError("`source` must be at least one table, got none.")
        tables = tuple(
            read_source(each, text=text) for each in (source if several else [source])
        )
        read = [row_names_of(table, id_column, alone=not several) for table in tables]
        column = next((key for key, _ in read if key is not None), None)
        whole = cls(tables, _of_one_kind([names for _, names in read]), column)
        names = whole.columns
        shared = next((name for name in names if names.count(name) > 1), None)
        if several and shared is not None:
            raise ValueError(
                "`source` must have columns of different names in its tables, got "
                f"{shared!r} in several; `id` names the column that pairs their rows."
            )
        return whole

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns but that of the ids."""
        names = [name for table in self.tables for name in table.columns]
        return tuple(name for name in names if name != self.id_column)

    @property
    def ids(self) -> Any:
        """Names of the rows of a single table, if it has any."""
        return self.names[0] if len(self.tables) == 1 else None

    @property
    def title(self) -> str:
        """Name of the data."""
        path = self.tables[0].path
        return "dataset" if path is None else path.name.partition(".")[0]

    @property
    def described(self) -> list[dict[str, Any]]:
        """Description of the sources, in plain values."""
        return [
            {
                "kind": "file" if table.path else type(table.frame).__name__,
                "name": table.path.name if table.path else None,
                "rows": len(table),
                "columns": len(table.columns),
                "id": self.id_column,
            }
            for table in self.tables
        ]

    def place(self, argument: str, names: Iterable[str]) -> int:
        """Return the number of the table that has some known columns.

        Raises
        ------
        ValueError
            If they are in different tables.
        """
        places = {
            next(i for i, table in enumerate(self.tables) if name in table.columns)
            for name in names
        }
        if len(places) > 1:
            raise ValueError(
                f"`{argument}` must be columns of one table, "
                f"got columns of {len(places)} tables."
            )
        return places.pop()

    def named(self, values: Any, place: int) -> Any:
        """Return values of a table, with the names of its rows where that is needed.

        A single table has its ids beside it, so its values are in order.
        """
        index = self.names[place]
        if len(self.tables) == 1 or index is None:
            return values
        if isinstance(values, pd.DataFrame | pd.Series):
            return values.set_axis(index, axis=0)
        frame = pd.DataFrame if values.ndim == 2 else pd.Series
        return frame(values, index=index)

    def single(self, argument: str, value: Any) -> Single:
        """Return the values of a column, of several, or of an array of its own.

        Raises
        ------
        ValueError
            If a column is unknown, or a target holds something else than numbers.
        """
        listed = isinstance(value, list | tuple) and len(value) > 0
        if listed and all(isinstance(v, str) for v in value):
            names = chosen(argument, list(value), self.columns)
            if len(names) > 1:
                place = self.place(argument, names)
                frame = self.tables[place].pandas(names)
                return Single(self.named(frame, place), tuple(names))
            value = names[0]
        if not isinstance(value, str):
            return Single(value)
        if argument == "split" and value in SPLITS and value not in self.columns:
            return Single(value)
        column = known_column(argument, value, self.columns)
        place = self.place(argument, [column])
        series = self.tables[place].series(column)
        if argument == "target":
            refuse_odd("target", series, column)
        elif argument != "groups" and self.tables[place].path is not None:
            series = _as_read(series)
        return Single(self.named(series, place), (column,))

    def metadata(self, choice: Any, used: Collection[str]) -> Any:
        """Return the columns that are kept beside, or a frame of its own.

        By default these are all that are not used and hold plain values.
        """
        if choice is None or not (choice is ... or isinstance(choice, str | list)):
            return choice
        selected = set(self.columns) - set(used)
        if choice is not ...:
            selected = (
                set(chosen("metadata", choice, self.columns)) if choice else set()
            )
        frames = []
        for place, table in enumerate(self.tables):
            names = [name for name in table.columns if name in selected]
            if choice is ...:
                names = [name for name in names if holds_plain_values(table, name)]
            if names:
                frames.append(self.named(table.pandas(names), place))
        if not frames:
            return None
        whole = frames[0] if len(frames) == 1 else pd.concat(frames, axis=1)
        if ID in whole.columns and isinstance(whole.index, pd.RangeIndex):
            # A column of this name would be taken for the names of the rows.
            rows = range(len(whole)) if self.ids is None else self.ids
            whole = whole.set_axis(pd.Index([str(row) for row in rows]), axis=0)
        return whole

    def positions(
        self, place: int, ids: npt.NDArray[np.str_]
    ) -> npt.NDArray[np.intp] | None:
        """Return ``(N,)`` rows of a table by id, -1 where it has none.

        None means the order of the table.
        """
        names = self.names[place]
        if names is None:
            names = next((index for index in self.names if index is not None), None)
        if names is None:
            return None
        texts = as_text(names)
        if np.array_equal(texts, ids):
            return None
        return pd.Index(texts).get_indexer(pd.Index(ids))


def _of_one_kind(names: Sequence[pd.Index | None]) -> tuple[pd.Index | None, ...]:
    """Return names of the rows of tables, as text in all where they are in one."""
    text = next(
        (index for index in names if index is not None and not is_whole(index)), None
    )
    if text is None:
        return tuple(names)
    return tuple(index if index is None else _as_texts(index, text) for index in names)


def _as_texts(names: pd.Index, text: pd.Index) -> pd.Index:
    if not is_whole(names):
        return names
    written = as_named(names, text)
    return pd.Index(as_text(names), dtype=object) if written is None else written


def refuse_odd(argument: str, series: pd.Series[Any], column: str) -> None:
    """Refuse a column of numbers with something else in it.

    Examples
    --------
    >>> refuse_odd("target", pd.Series([1, "x"]), "age")
    Traceback (most recent call last):
    ...
    ValueError: `target` must hold numbers only, got 'x' in row 1 of column 'age'.
    """
    row = first_odd(series)
    if row is not None:
        raise ValueError(
            f"`{argument}` must hold numbers only, got {series.iloc[row]!r} in row "
            f"{row} of column {column!r}."
        )


def row_names_of(
    table: Table, column: str | None, *, alone: bool
) -> tuple[str | None, pd.Index | None]:
    """Return the column that names the rows of a table, and the names.

    Without a stated one it is the index of a pandas frame, or a column "id"; one of
    a single table that has gaps or repeats is a column as any other.

    Raises
    ------
    ValueError
        If a name is missing or repeats.

    Examples
    --------
    >>> row_names_of(read_source({"id": ["u", "v"]}), None, alone=True)[0]
    'id'
    """
    if column is not None:
        index = getattr(table.frame, "index", None)
        if column not in table.columns and index is not None and index.name == column:
            return None, row_names("id", index)
        name = known_column("id", column, table.columns)
        return name, _checked_ids(table.series(name), name)
    stored = _stored_index(table)
    if stored is not None:
        return stored
    if ID in table.columns:
        ids = table.series(ID)
        if not alone or not (ids.isna().any() or ids.duplicated().any()):
            return ID, _checked_ids(ids, ID)
    return None, None


def _stored_index(table: Table) -> tuple[str | None, pd.Index] | None:
    """Return the index of a pandas frame, also of one that was saved."""
    if not table.in_arrow:
        index = table.frame.index
        return None if is_counted(index) else (None, row_names("id", index))
    described = (table.frame.schema.pandas_metadata or {}).get("index_columns", [])
    names = [name for name in described if isinstance(name, str)]
    if len(names) != 1 or names[0] not in table.columns:
        return None
    return names[0], _checked_ids(table.series(names[0]), names[0])


def _checked_ids(ids: pd.Series[Any], column: str) -> pd.Index:
    gaps = np.flatnonzero(ids.isna() | (ids.astype(object) == ""))
    if len(gaps):
        raise ValueError(
            f"`id` must name every row, got none in row {gaps[0]} of column {column!r}."
        )
    twice = np.flatnonzero(ids.duplicated())
    if len(twice):
        entry = ids.iloc[twice[0]]
        first = int(np.flatnonzero(ids == entry)[0])
        raise ValueError(
            f"`id` must be unique, got {text_of(entry)!r} in rows {first} and "
            f"{twice[0]} of column {column!r}."
        )
    return row_names("id", pd.Index(ids, dtype=object))


def _as_read(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of a file as numbers, unless that would lose a leading zero."""
    present = series.dropna()
    if not len(present) or not all(isinstance(entry, str) for entry in present):
        return series
    words: pd.Series[str] = present.astype(str)
    if words.str.fullmatch(r"\s*[+-]?0\d+\s*").any():
        return series
    if pd.to_numeric(words, errors="coerce").isna().any():
        return series
    return pd.to_numeric(series)
