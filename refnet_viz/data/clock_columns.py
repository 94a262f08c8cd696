"""Times and sessions of sequences, from columns of a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _check
from .columns import chosen
from .containers import text_of
from .dataset import Dataset, with_clock
from .tables import Tables


class ClockColumns(NamedTuple):
    """Columns that hold the times, or the sessions, of a modality's positions.

    Parameters
    ----------
    part
        "times" or "sessions".
    key
        The modality.
    columns
        One column a position, or one of lists.
    place
        Number of the table that has them.
    """

    part: str
    key: str
    columns: tuple[str, ...]
    place: int

    @property
    def argument(self) -> str:
        """Name of the argument."""
        return f"{self.part}[{self.key!r}]"


def find_clock(
    part: str, columns: Any, names: Collection[str], tables: Tables
) -> list[ClockColumns]:
    """Return the columns that ``times=`` or ``sessions=`` means.

    Parameters
    ----------
    part
        "times" or "sessions".
    columns
        Modality to a column, a pattern or a list of them; None for nothing.
    names
        The modalities.
    tables
        What has the columns.

    Raises
    ------
    TypeError
        If `columns` is no such mapping.
    ValueError
        If it names another modality, or a column that is not there.

    Examples
    --------
    >>> tables = Tables.read({"t_0": [0.0], "t_1": [9.0]}, None, [])
    >>> find_clock("times", {"pages": "t_*"}, ["pages"], tables)[0].columns
    ('t_0', 't_1')
    """
    if columns is None:
        return []
    if not isinstance(columns, Mapping):
        raise TypeError(
            f"`{part}` must be a mapping of modalities to columns, e.g. "
            f"{{'clicks': 'time_*'}}, got {type(columns).__name__}."
        )
    clocks = []
    for word, choice in columns.items():
        key = _check.one_of(part, text_of(word), names)
        listed = isinstance(choice, list | tuple) and len(choice) > 0
        if not isinstance(choice, str) and not (
            listed and all(isinstance(one, str) for one in choice)
        ):
            raise TypeError(
                f"`{part}[{key!r}]` must be names or patterns of columns, "
                f"got {type(choice).__name__}."
            )
        found = chosen(f"{part}[{key!r}]", choice, tables.columns)
        place = tables.place(f"{part}[{key!r}]", found)
        clocks.append(ClockColumns(part, key, tuple(found), place))
    return clocks


def with_clocks(
    data: Dataset, clocks: Collection[ClockColumns], tables: Tables
) -> Dataset:
    """Return a dataset with the times and sessions that columns hold.

    Parameters
    ----------
    data
        What the tables became.
    clocks
        Columns of `find_clock`.
    tables
        What has them.

    Raises
    ------
    ValueError
        As `read_clock` does, or if a table lacks a row that has the modality.
    """
    modalities = dict(data.modalities)
    for key in dict.fromkeys(clock.key for clock in clocks):
        modality, parts = modalities[key], {}
        named = np.ones(len(data), dtype=bool)
        width = modality.shape[0] if modality.shape else 0
        for clock in clocks:
            if clock.key == key:
                order = tables.positions(clock.place, data.ids)
                rows = np.arange(len(data)) if order is None else order
                values = _values(clock, tables, width)
                parts[clock.part] = values[np.maximum(rows, 0)]
                named &= rows >= 0
        present = data.present[:, list(data.modalities).index(key)]
        modalities[key] = with_clock(key, modality, parts, present, named)
    return replace(data, modalities=modalities)


def _values(clock: ClockColumns, tables: Tables, width: int) -> npt.NDArray[Any]:
    """Return ``(N, L)`` entries; lists are filled up to the width of the modality."""
    table = tables.tables[clock.place]
    if len(clock.columns) > 1:
        return table.pandas(clock.columns).to_numpy()
    entries = table.series(clock.columns[0]).tolist()
    lists = [isinstance(one, list | tuple | np.ndarray) for one in entries]
    if not any(lists):
        return table.pandas(clock.columns).to_numpy()
    width = max(
        [width, *(len(e) for e, one in zip(entries, lists, strict=True) if one)]
    )
    gap = np.nan if clock.part == "times" else None
    filled = [
        [*entry, *[gap] * (width - len(entry))] if one else [gap] * width
        for entry, one in zip(entries, lists, strict=True)
    ]
    return np.array(filled, dtype=object)
