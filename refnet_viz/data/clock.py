"""Times and sessions of the positions of a sequence: read by name, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .containers import Argument, take_apart, text_of
from .numbers import real_numbers

Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.float64]
Sessions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clock:
    """When the positions of a sequence happened, and in which session.

    Parameters
    ----------
    times
        ``(N, L)`` that never fall within a row, in a unit of their own (seconds where
        they came as dates); 0 where there is no position. None where nothing is said.
    sessions
        ``(N, L)`` numbers of sessions, counted from 0 in every row; 0 where there is
        no position. None where nothing is said.
    """

    times: Times | None = None
    sessions: Sessions | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of what is said: "times", "sessions"."""
        pairs = {"times": self.times, "sessions": self.sessions}
        return tuple(name for name, value in pairs.items() if value is not None)

    def take(self, index: npt.NDArray[np.intp]) -> Clock:
        """Return the rows at `index`."""
        return Clock(
            None if self.times is None else self.times[index],
            None if self.sessions is None else self.sessions[index],
        )


def by_modality(
    argument: str, values: Any, names: Sequence[str], id_column: str | None
) -> dict[str | tuple[str, str], Argument]:
    """Return ``times=`` or ``sessions=`` as arguments, one a modality.

    Parameters
    ----------
    argument
        "times" or "sessions".
    values
        Modality to whatever carries ``(N, L)`` entries, or None.
    names
        The modalities.
    id_column
        The column that names the rows of tables.

    Raises
    ------
    TypeError
        If it is no mapping of names to arrays.
    ValueError
        If it names another modality.

    Examples
    --------
    >>> list(by_modality("times", {"clicks": [[0.0, 5.0]]}, ["clicks"], None))
    [('times', 'clicks')]
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise TypeError(
            f"`{argument}` must be a mapping of modalities to arrays (rows, "
            f"positions), e.g. {{'clicks': {argument}}}, got {type(values).__name__}."
        )
    for key in values:
        name = _check.one_of(argument, text_of(key), names)
        if not hasattr(values[key], "__len__"):
            raise TypeError(
                f"`{argument}[{name!r}]` must be an array (rows, positions), "
                f"got {type(values[key]).__name__}."
            )
    return {
        (argument, text_of(key)): take_apart(
            f"{argument}[{text_of(key)!r}]", value, id_column
        )
        for key, value in values.items()
    }


def read_clock(
    name: str, kind: str, there: Bools | None, *, times: Any, sessions: Any
) -> Clock:
    """Return the checked times and sessions of a modality.

    Parameters
    ----------
    name
        The modality.
    kind
        "sequence" or "tokens"; nothing else has positions.
    there
        ``(N, L)`` bool: positions that hold data, in rows that have the modality. What
        stands elsewhere is not looked at.
    times
        ``(N, L)`` numbers or dates, or None.
    sessions
        ``(N, L)`` numbers or text, equal for positions of one session, or None.

    Raises
    ------
    ValueError
        If the modality has no positions, shapes differ, an entry is missing, times
        fall, or a session returns after another.

    Examples
    --------
    >>> there = np.array([[True, True, True, False]])
    >>> clock = read_clock("clicks", "tokens", there, times=[[0, 5, 90, np.nan]],
    ...                    sessions=[["a", "a", "b", ""]])
    >>> clock.times.tolist(), clock.sessions.tolist()
    ([[0.0, 5.0, 90.0, 0.0]], [[0, 0, 1, 0]])
    """
    argument = "times" if times is not None else "sessions"
    if kind not in ("sequence", "tokens") or there is None:
        raise ValueError(
            f"`{argument}` must belong to sequences or token ids, which have "
            f"positions, got {name!r} of kind {kind}."
        )
    return Clock(
        None if times is None else _times(f"times[{name!r}]", times, there),
        None if sessions is None else _sessions(f"sessions[{name!r}]", sessions, there),
    )


def _times(argument: str, values: Any, there: Bools) -> Times:
    array = _as_array(argument, values)
    if array.dtype.kind == "M":
        missing = np.isnat(array)
        array = (array - np.datetime64(0, "s")) / np.timedelta64(1, "s")
        array[missing] = np.nan
    numbers, _ = real_numbers(argument, array)
    _check_shape(argument, numbers.shape, there)
    times = np.where(there, numbers, 0).astype(np.float64)
    bad = np.argwhere(~np.isfinite(times))
    if len(bad):
        row, place = bad[0]
        raise ValueError(
            f"`{argument}` must be finite wherever there is a position, "
            f"got {times[row, place]} in row {row}, position {place}."
        )
    before = latest(times, there)
    bad = np.argwhere(there & (times < before))
    if len(bad):
        row, place = bad[0]
        raise ValueError(
            f"`{argument}` must not fall within a row, got {times[row, place]:.6g} "
            f"after {before[row, place]:.6g} in row {row}, position {place}."
        )
    return times


def latest(times: Times, there: Bools) -> Times:
    """Return the latest time before every position, minus infinity before the first.

    Examples
    --------
    >>> there = np.array([[True, False, True]])
    >>> latest(np.array([[3.0, 0.0, 5.0]]), there).tolist()
    [[-inf, 3.0, 3.0]]
    """
    at_positions = np.where(there, times, -np.inf)
    highest = np.maximum.accumulate(at_positions, axis=1)
    return np.pad(highest, ((0, 0), (1, 0)), constant_values=-np.inf)[:, :-1]


def _sessions(argument: str, values: Any, there: Bools) -> Sessions:
    array = _as_array(argument, values)
    _check_shape(argument, array.shape, there)
    entries = np.asarray(array).astype(object)
    entries[np.ma.getmaskarray(array)] = None
    plain = [isinstance(x, str | int | float) or x is None for x in entries.flat]
    bad = np.argwhere(there & ~np.reshape(plain, there.shape))
    if len(bad):
        row, place = bad[0]
        raise ValueError(
            f"`{argument}` must hold numbers or text, got {entries[row, place]!r} in "
            f"row {row}, position {place}."
        )
    bad = np.argwhere(there & (pd.isna(entries) | (entries == "")))
    if len(bad):
        row, place = bad[0]
        raise ValueError(
            f"`{argument}` must say a session wherever there is a position, "
            f"got {entries[row, place]!r} in row {row}, position {place}."
        )
    numbers = np.zeros(there.shape, dtype=np.int64)
    for row, real in enumerate(there):
        places = np.flatnonzero(real)
        if not len(places):
            continue
        labels = entries[row, places]
        starts = np.append(True, labels[1:] != labels[:-1])
        numbers[row, places] = np.cumsum(starts) - 1
        first = labels[starts].tolist()
        if len({*first}) < len(first):
            repeated = next(x for i, x in enumerate(first) if x in first[:i])
            raise ValueError(
                f"`{argument}` must keep the positions of a session together, "
                f"got {repeated!r} again after another in row {row}."
            )
    return numbers


def _as_array(argument: str, values: Any) -> npt.NDArray[Any]:
    """Return an array as it is, and lists and frames as one.

    Raises
    ------
    ValueError
        If lists have different lengths.
    """
    if isinstance(values, np.ndarray):
        return values
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"`{argument}` must be an array (rows, positions), got lists of different "
            "lengths."
        ) from error


def _check_shape(argument: str, shape: tuple[int, ...], there: Bools) -> None:
    if shape != there.shape:
        raise ValueError(
            f"`{argument}` must have shape {there.shape} (rows, positions), "
            f"got {shape}."
        )
