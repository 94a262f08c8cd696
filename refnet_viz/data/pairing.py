"""Pair everything that has an entry a row by the names of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .containers import Argument, row_names, row_of, take_apart, text_of

JOINS = ("inner", "outer")
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Paired:
    """Arguments in one order of rows.

    Parameters
    ----------
    ids
        ``(N,)`` text.
    arguments
        What was paired, by name, as it came.
    index
        Name of an argument to ``(N,)`` positions in it, -1 where it has no such row,
        or None where it stands in this order already.
    """

    ids: npt.NDArray[np.str_]
    arguments: dict[str, Argument]
    index: dict[str, Rows | None]

    def __len__(self) -> int:
        return len(self.ids)

    def has(self, name: str) -> npt.NDArray[np.bool_]:
        """Return ``(N,)`` whether an argument has an entry for each row."""
        index = self.index[name]
        return np.ones(len(self), dtype=bool) if index is None else index >= 0

    def values(self, name: str) -> Any:
        """Return the entries of an argument in this order.

        Rows that it lacks repeat its first row: `has` says which they are.
        """
        return self._in_order(self.arguments[name].values, name)

    def mask(self, name: str) -> Any:
        """Return the mask of an argument in this order, None without one."""
        mask = self.arguments[name].mask
        return None if mask is None else self._in_order(mask, name)

    def _in_order(self, values: Any, name: str) -> Any:
        index = self.index[name]
        return values if index is None else row_of(values, np.maximum(index, 0))


def pair(
    arguments: Sequence[Argument],
    *,
    ids: Any = None,
    join: str | None = None,
    owners: Sequence[str] = (),
) -> Paired:
    """Bring arguments into one order of rows, by name where they carry names.

    The order is that of `ids`, else of the first argument with names, else as it
    comes. Arguments without names have to have as many rows as the first of those
    whose order counts, and are taken in its order. Names that pandas counts
    (a RangeIndex) or numbers are compared with numbers only: beside text they mean
    places.

    Parameters
    ----------
    arguments
        In order of precedence.
    ids
        Names of the rows, in the order that is wanted.
    join
        What different names mean: None refuses them, "inner" keeps rows that all
        arguments have, "outer" those that any of `owners` has.
    owners
        Arguments whose rows "outer" keeps.

    Raises
    ------
    ValueError
        If names differ and `join` does not say what is meant, numbers of rows differ,
        or names are missing or repeat.

    Examples
    --------
    >>> rna = pd.Series([1.0, 2.0], index=["u", "v"])
    >>> both = pair([take_apart("rna", rna), take_apart("protein", rna[::-1])])
    >>> both.ids.tolist(), both.index["protein"].tolist()
    (['u', 'v'], [1, 0])
    """
    if join is not None:
        _check.one_of("join", join, JOINS)
    named, texts = _with_ids(arguments, ids)
    lead = _lead(named)
    keys = {part.name: _keys(part, lead, named) for part in named}
    wanted = _wanted(named, keys, lead, join, owners)
    order: dict[str, Rows | None] = {}
    for part in named:
        own = keys[part.name]
        same = own is wanted or own.equals(wanted)
        order[part.name] = None if same else own.get_indexer(wanted)
    final = as_text(wanted)
    if texts is not None:
        place = order.pop("ids")
        renamed = texts if place is None else texts[np.maximum(place, 0)]
        final = renamed if place is None else np.where(place < 0, final, renamed)
    parts = {part.name: part for part in named if part.name != "ids"}
    return Paired(final, parts, order)


def as_text(names: pd.Index) -> npt.NDArray[np.str_]:
    """Return names as a fixed-width array of text, which can be saved.

    Examples
    --------
    >>> as_text(pd.RangeIndex(2)).tolist()
    ['0', '1']
    """
    if names.dtype.kind in "iu":
        return np.asarray(names).astype(str)
    return np.array([text_of(name) for name in names], dtype=str)


def _with_ids(
    arguments: Sequence[Argument], ids: Any
) -> tuple[list[Argument], npt.NDArray[np.str_] | None]:
    """Return the arguments, the ids as the first of them, and the ids as text."""
    if ids is None:
        return list(arguments), None
    part = take_apart("ids", ids)
    if isinstance(part.values, pd.DataFrame):
        raise TypeError(
            f"`ids` must be one column of names, got {part.values.shape[1]} columns."
        )
    entries = np.asarray(part.values, dtype=object)
    if entries.ndim != 1:
        raise ValueError(f"`ids` must have one name a row, got shape {entries.shape}.")
    names = row_names("ids", entries)
    texts = as_text(names)
    if part.names is None or part.counted:
        first = arguments[0]
        if first.names is None or first.numbered:
            _check.rows("ids", len(names), len(first), first.name)
        part = Argument("ids", texts, names, chosen=True)
    return [part, *arguments], texts


def _lead(arguments: Sequence[Argument]) -> Argument:
    """Return the argument that the others are brought into the order of."""
    text = [part for part in arguments if part.names is not None and not part.numbered]
    number = [part for part in arguments if part.numbered]
    moved = [part for part in number if not part.counted]
    if arguments[0].chosen:
        return arguments[0]
    return next(iter([*text, *(number if moved else []), *arguments]))


def _keys(part: Argument, lead: Argument, arguments: Sequence[Argument]) -> pd.Index:
    """Return what the rows of an argument are called in the words of the lead."""
    names = pd.RangeIndex(len(lead)) if lead.names is None else lead.names
    if part is lead:
        return names
    if part.names is not None and not _by_place(part, lead):
        return part.names
    if part.numbered and not part.counted:  # numbers beside text: places among numbers
        numbers = (other for other in arguments if other.numbered)
        first = next(other for other in numbers if not other.chosen)
        place = first.names.get_indexer(part.names)
        if len(first) == len(lead) and (place >= 0).all():
            return names[place]
        _refuse(part, first, part.names, first.names)
    # Ids have been counted beside the first argument, which says more than they do.
    of = arguments[1].name if lead.chosen else lead.name
    _check.rows(part.name, len(part), len(lead), of)
    return names


def _by_place(part: Argument, lead: Argument) -> bool:
    """Return whether the names of an argument are no names beside those of the lead."""
    if lead.names is None:
        return True
    if lead.chosen and part.numbered:
        same = lead.numbered and not part.counted
        return not (same and set(part.names) == set(lead.names))
    return part.numbered != lead.numbered


def _wanted(
    arguments: Sequence[Argument],
    keys: dict[str, pd.Index],
    lead: Argument,
    join: str | None,
    owners: Sequence[str],
) -> pd.Index:
    """Return the rows that are wanted, in their order."""
    wanted = keys[lead.name]
    others = [part for part in arguments if part is not lead]
    if join is None:
        for part in others:
            if not _same_names(keys[part.name], wanted):
                _refuse(part, lead, keys[part.name], wanted)
        return wanted
    if join == "inner":
        for part in others:
            wanted = wanted[keys[part.name].get_indexer(wanted) >= 0]
        if not len(wanted):
            raise ValueError(
                "`join` must leave at least one row that all arguments have, got none "
                f"for 'inner' of {', '.join(repr(part.name) for part in arguments)}."
            )
        return wanted
    return _united([keys[name] for name in keys if name in owners], wanted)


def _same_names(one: pd.Index, other: pd.Index) -> bool:
    """Return whether two sets of names are equal, in whatever order."""
    if one is other or one.equals(other):
        return True
    return len(one) == len(other) and bool((one.get_indexer(other) >= 0).all())


def _united(indexes: Sequence[pd.Index], lead: pd.Index) -> pd.Index:
    """Return the rows of all of them: those of the lead first, in its order."""
    names = np.concatenate([np.asarray(index, object) for index in indexes])
    union = pd.Index(names, dtype=object)
    union = union.drop_duplicates()
    first = lead[union.get_indexer(lead) >= 0]
    new = union[first.get_indexer(union) < 0]
    every = np.concatenate([np.asarray(first, object), np.asarray(new, object)])
    return pd.Index(every, dtype=object)


def _refuse(part: Argument, lead: Argument, own: pd.Index, names: pd.Index) -> None:
    strangers = own[names.get_indexer(own) < 0]
    lacking = names[own.get_indexer(names) < 0]
    first = f"{text_of(strangers[0])!r}" if len(strangers) else "none"
    if not len(strangers):
        detail = f"and lacks {len(lacking)}, the first {text_of(lacking[0])!r}"
    else:
        detail = f"and {len(strangers)} others, the first {first}"
    raise ValueError(
        f"`{part.name}` must name the same rows as `{lead.name}` ({len(names)}), got "
        f"{len(names) - len(lacking)} of them {detail}; join='inner' keeps the rows "
        "that all have, join='outer' those that any modality has."
    )
