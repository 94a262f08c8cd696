"""Pair everything that has an entry a row by the names of the rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .containers import Argument, is_whole, row_names, row_of, take_apart, text_of
from .gaps import tensor_values

JOINS = ("inner", "outer")
IDS = "ids"
Rows = npt.NDArray[np.intp]
Key = str | tuple[str, str]  # an argument, or its kind and which of that kind
_WHOLE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, eq=False)
class Paired:
    """Arguments in one order of rows.

    Parameters
    ----------
    ids
        ``(N,)`` text.
    arguments
        What was paired, as it came.
    index
        ``(N,)`` positions in each argument, -1 where it has no such row, or None where
        it stands in this order already.
    """

    ids: npt.NDArray[np.str_]
    arguments: dict[Key, Argument]
    index: dict[Key, Rows | None]

    def __len__(self) -> int:
        return len(self.ids)

    def has(self, key: Key) -> npt.NDArray[np.bool_]:
        """Return ``(N,)`` whether an argument has an entry for each row."""
        index = self.index[key]
        return np.ones(len(self), dtype=bool) if index is None else index >= 0

    def values(self, key: Key) -> Any:
        """Return the entries of an argument in this order.

        Rows that it lacks repeat its first row: `has` says which they are.
        """
        return self._in_order(self.arguments[key].values, key)

    def mask(self, key: Key) -> Any:
        """Return the mask of an argument in this order, None without one."""
        mask = self.arguments[key].mask
        return None if mask is None else self._in_order(mask, key)

    def _in_order(self, values: Any, key: Key) -> Any:
        index = self.index[key]
        return values if index is None else row_of(values, np.maximum(index, 0))


def pair(
    arguments: Mapping[Key, Argument],
    *,
    ids: Any = None,
    join: str | None = None,
    owners: Collection[Key] = (),
) -> Paired:
    """Bring arguments into one order of rows, by name where they carry names.

    The order is that of `ids`, else of the first argument with names, else as it
    comes. Arguments without names have to have as many rows as the first of those
    whose order counts, and are taken in its order. Names that pandas counts
    (a RangeIndex from 0) mean places beside text. Other whole numbers beside text are
    the names that write them; where none does, they mean places beside `ids` and are
    refused beside anything else.

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
        Arguments whose rows "outer" keeps, all that have names if none is said.

    Raises
    ------
    ValueError
        If names differ and `join` does not say what is meant, numbers of rows differ,
        or names are missing or repeat.

    Examples
    --------
    >>> rna = pd.Series([1.0, 2.0], index=["u", "v"])
    >>> both = pair({("modality", "rna"): take_apart("rna", rna),
    ...              "labels": take_apart("labels", rna[::-1])})
    >>> both.ids.tolist(), both.index["labels"].tolist()
    (['u', 'v'], [1, 0])
    """
    if join is not None:
        _check.one_of("join", join, JOINS)
    named, texts = _with_ids(arguments, ids)
    parts = list(named.values())
    lead = _lead(parts)
    names = {key: _names(part, lead, parts) for key, part in named.items()}
    final_index = _wanted(named, names, lead, join, owners)
    order: dict[Key, Rows | None] = {}
    for key, index in names.items():
        same = index is final_index or index.equals(final_index)
        order[key] = None if same else index.get_indexer(final_index)
    final = as_text(final_index)
    if texts is not None:
        place = order.pop(IDS)
        renamed = texts if place is None else texts[np.maximum(place, 0)]
        final = renamed if place is None else np.where(place < 0, final, renamed)
    return Paired(final, dict(arguments), order)


def as_text(names: pd.Index) -> npt.NDArray[np.str_]:
    """Return names as a fixed-width array of text, which can be saved.

    Examples
    --------
    >>> as_text(pd.RangeIndex(2)).tolist()
    ['0', '1']
    """
    if is_whole(names):
        return np.asarray(names).astype(str)
    return np.array([text_of(name) for name in names], dtype=str)


def _with_ids(
    arguments: Mapping[Key, Argument], ids: Any
) -> tuple[dict[Key, Argument], npt.NDArray[np.str_] | None]:
    """Return the arguments, the ids as the first of them, and the ids as text."""
    if ids is None:
        return dict(arguments), None
    part = take_apart("ids", ids)
    if isinstance(part.values, pd.DataFrame):
        raise TypeError(
            f"`ids` must be one column of names, got {part.values.shape[1]} columns."
        )
    values = part.values
    if hasattr(values, "detach"):
        values = tensor_values(values, "ids")
    hidden = isinstance(values, np.ma.MaskedArray)  # `row_names` reads the mask
    entries = values if hidden else np.asarray(values, dtype=object)
    if entries.ndim != 1:
        raise ValueError(f"`ids` must have one name a row, got shape {entries.shape}.")
    names = row_names("ids", entries)
    texts = as_text(names)
    if part.names is None or part.counted:
        first = next(iter(arguments.values()))
        if first.names is None or first.numbered:
            _check.rows("ids", len(names), len(first), first.name)
        part = Argument("ids", texts, names, chosen=True)
    return {IDS: part, **arguments}, texts


def _lead(arguments: Sequence[Argument]) -> Argument:
    """Return the argument that the others are brought into the order of."""
    text = [part for part in arguments if part.names is not None and not part.numbered]
    number = [part for part in arguments if part.numbered]
    moved = [part for part in number if not part.counted]
    if arguments[0].chosen:
        return arguments[0]
    return next(iter([*text, *(number if moved else []), *arguments]))


def _names(part: Argument, lead: Argument, arguments: Sequence[Argument]) -> pd.Index:
    """Return the row names of an argument, converted to the type of the lead's."""
    names = pd.RangeIndex(len(lead)) if lead.names is None else lead.names
    if part is lead:
        return names
    if part.names is not None and not _by_place(part, lead):
        return part.names
    if part.names is not None and part.numbered != lead.numbered and not part.counted:
        same_kind = as_named(part.names, names)
        if same_kind is not None:
            return same_kind
    if part.numbered and not part.counted:
        if not lead.chosen:
            raise ValueError(
                f"`{part.name}` must name the same rows as `{lead.name}`, got numbers "
                f"such as {part.names[0]}, which none of its names writes; "
                "reset_index(drop=True) pairs by place."
            )
        # Ids name the rows of arrays and numbered tables, which pair by their numbers.
        numbers = (other for other in arguments if other.numbered)
        first = next(other for other in numbers if not other.chosen)
        place = first.names.get_indexer(part.names)
        if len(first) == len(lead) and (place >= 0).all():
            return names[place]
        _check.rows(part.name, len(part), len(lead), lead.name)
        _refuse(part, first, part.names, first.names)
    # Ids have been counted beside the first argument, which says more than they do.
    of = arguments[1].name if lead.chosen else lead.name
    _check.rows(part.name, len(part), len(lead), of)
    return names


def as_named(names: pd.Index, lead: pd.Index) -> pd.Index | None:
    """Return names as another index writes them, where one is numbers and one text.

    None where no text writes any of the numbers: then the numbers are no such names.

    Examples
    --------
    >>> as_named(pd.Index([7, 12]), pd.Index(["007", "8"])).tolist()
    ['007', '12']
    >>> as_named(pd.Index(["007", "u"]), pd.Index([7, 8])).tolist()
    [7, 'u']
    >>> as_named(pd.Index([7, 12]), pd.Index(["u", "v"]))
    """
    numbers, texts = (lead, names) if is_whole(lead) else (names, lead)
    writing: dict[int, str] = {}
    for text in texts:
        if _WHOLE.fullmatch(text) and (
            int(text) not in writing or str(int(text)) == text
        ):
            writing[int(text)] = text
    if not any(number in writing for number in numbers):
        return None
    if lead is texts:
        return pd.Index([writing.get(n, str(n)) for n in names], dtype=object)
    number_of: dict[str, Any] = {text: number for number, text in writing.items()}
    return pd.Index([number_of.get(text, text) for text in names], dtype=object)


def _by_place(part: Argument, lead: Argument) -> bool:
    """Return whether the names of an argument are no names beside those of the lead."""
    if lead.names is None:
        return True
    if lead.chosen and part.numbered:
        same = lead.numbered and not part.counted
        return not (same and _same_names(part.names, lead.names))
    return part.numbered != lead.numbered


def _wanted(
    arguments: Mapping[Key, Argument],
    names: Mapping[Key, pd.Index],
    lead: Argument,
    join: str | None,
    owners: Collection[Key],
) -> pd.Index:
    """Return the rows that are wanted, in their order."""
    rows = next(names[key] for key, part in arguments.items() if part is lead)
    if join is None:
        for key, part in arguments.items():
            if not _same_names(names[key], rows):
                _refuse(part, lead, names[key], rows)
        return rows
    if join == "inner":
        for index in names.values():
            rows = rows[index.get_indexer(rows) >= 0]
        if not len(rows):
            called = ", ".join(repr(part.name) for part in arguments.values())
            raise ValueError(
                "`join` must leave at least one row that all arguments have, got none "
                f"for 'inner' of {called}."
            )
        return rows
    return _united([names[key] for key in owners or names], rows)


def _same_names(one: pd.Index, other: pd.Index) -> bool:
    """Return whether two sets of names are equal, in whatever order."""
    if one is other or one.equals(other):
        return True
    return len(one) == len(other) and bool((one.get_indexer(other) >= 0).all())


def _united(indexes: Iterable[pd.Index], lead: pd.Index) -> pd.Index:
    """Return the rows of all of them: those of the lead first, in its order."""
    names = np.concatenate([np.asarray(index, object) for index in indexes])
    union = pd.Index(names, dtype=object)
    union = union.drop_duplicates()
    first = lead[union.get_indexer(lead) >= 0]
    new = union[first.get_indexer(union) < 0]
    labels = np.concatenate([np.asarray(first, object), np.asarray(new, object)])
    return pd.Index(labels, dtype=object)


def _refuse(part: Argument, lead: Argument, index: pd.Index, names: pd.Index) -> None:
    strangers = index[names.get_indexer(index) < 0]
    lacking = names[index.get_indexer(names) < 0]
    if len(strangers):
        detail = f"and {len(strangers)} others, the first {text_of(strangers[0])!r}"
    else:
        detail = f"and lacks {len(lacking)}, the first {text_of(lacking[0])!r}"
    raise ValueError(
        f"`{part.name}` must name the same rows as `{lead.name}` ({len(names)}), got "
        f"{len(names) - len(lacking)} of them {detail}; join='inner' keeps the rows "
        "that all have, join='outer' those that any modality has."
    )
