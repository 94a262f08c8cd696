"""Arguments of a dataset aligned to one order of rows, and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .answers import UNLABELLED, Labels, as_labels, as_target
from .clock import by_modality
from .containers import Argument, as_pandas, has_entries, is_single, take_apart, text_of
from .gaps import Column, as_array, column, refuse_missing
from .media import check_media
from .modality import Features, read_features
from .pairing import Key, Paired, pair
from .splits import SPLITS

# Spaces of an embedding: a modality of one of these names could not be told from it.
RESERVED = ("latent", "refined", "sum")
MODALITY, PRESENT = "modality", "present"  # kinds of arguments of which there are many

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gathered:
    """Everything that is known of N rows, in one order.

    Parameters
    ----------
    ids
        ``(N,)`` unique text.
    features
        Modality to its values.
    present
        ``(N, M)`` bool.
    labels, class_names, target
        As in `Dataset`.
    split, groups
        ``(N,)`` text, or None.
    metadata
        A frame of N rows.
    media
        Hover media of N rows, or empty.
    clocks
        Modality to the ``(N, L)`` times and sessions of its positions, as they came
        and in this order of rows, and to ``(N,)`` bool: which rows they have.
    """

    ids: npt.NDArray[np.str_]
    features: dict[str, Features]
    present: Bools
    labels: Labels | None
    class_names: tuple[str, ...]
    target: npt.NDArray[np.float64] | None
    split: npt.NDArray[np.str_] | None
    groups: npt.NDArray[np.str_] | None
    metadata: pd.DataFrame
    media: Any
    clocks: dict[str, tuple[dict[str, Any], Bools]]


def gather(  # noqa: PLR0913 (every argument of two constructors)
    modalities: Mapping[str, Any],
    *,
    ids: Any = None,
    present: Any = None,
    labels: Any = None,
    class_names: Sequence[Any] = (),
    target: Any = None,
    unlabelled: Any = None,
    split: Any = None,
    groups: Any = None,
    metadata: Any = None,
    media: Any = None,
    times: Any = None,
    sessions: Any = None,
    join: str | None = None,
    whole: str | None = None,
) -> Gathered:
    """Pair and check what `Dataset.from_arrays` and `Embedding.from_arrays` take.

    Parameters
    ----------
    modalities, ids, present, labels, class_names, target, unlabelled, split, groups
        As in `Dataset.from_arrays`.
    metadata, media, times, sessions, join
        As in `Dataset.from_arrays`.
    whole
        A modality that every row must have, and whose rows "outer" keeps.

    Raises
    ------
    ValueError
        If rows cannot be paired, or values are not what the argument takes.

    Examples
    --------
    >>> rows = gather({"a": np.eye(2)}, labels=["x", None])
    >>> rows.labels.tolist(), rows.class_names
    ([0, -1], ('x',))
    """
    _refuse_ignored(labels, target, class_names, unlabelled)
    column_of_ids = ids if isinstance(ids, str) else None
    names = modality_names(modalities)
    owners: dict[Key, Argument] = {
        (MODALITY, name): _with_rows(
            take_apart(name, modalities[word], column_of_ids, masked=True)
        )
        for name, word in names.items()
    }
    stated = _stated(present, list(names), column_of_ids)
    single = {
        "labels": labels,
        "target": target,
        "split": _for_all(split),
        "groups": groups,
        "metadata": metadata,
        "media": media,
    }
    if media is not None:
        check_media(media)
    others: dict[Key, Argument] = {
        key: _whole_argument(take_apart(key, value, column_of_ids))
        for key, value in single.items()
        if value is not None and not (key == "media" and not len(value))
    }
    if column_of_ids is not None:
        _check_column(
            column_of_ids,
            [*modalities.values(), *(v for v in single.values() if v is not None)],
        )
    clocks = {
        **by_modality("times", times, list(names), column_of_ids),
        **by_modality("sessions", sessions, list(names), column_of_ids),
    }
    rows = pair(
        {**owners, **others, **stated, **clocks},
        ids=None if column_of_ids else ids,
        join=join,
        owners=[(MODALITY, whole)] if whole else owners,
    )
    features, mask = {}, np.ones((len(rows), len(names)), dtype=bool)
    for i, (name, owner) in enumerate(zip(names, owners, strict=True)):
        declared = _declared(rows, name, i)
        absent = ~rows.has(owner) if declared is None else ~(rows.has(owner) & declared)
        features[name], mask[:, i] = read_features(
            name,
            rows.values(owner),
            rows.mask(owner),
            absent,
            decided=declared is not None or name == whole,
        )
    _check_present(mask, tuple(names), rows.ids)
    numbers, classes = _labels(rows, class_names, unlabelled)
    return Gathered(
        ids=rows.ids,
        features=features,
        present=mask,
        labels=numbers,
        class_names=classes,
        target=_target(rows, unlabelled),
        split=_split(rows, split),
        groups=_groups(rows),
        metadata=_metadata(rows),
        media=_media(rows),
        clocks=_clocks(rows, names),
    )


def _check_column(ids: str, tables: Iterable[Any]) -> None:
    """Refuse the name of a column that no table has."""
    if not any(ids in getattr(as_pandas(one), "columns", ()) for one in tables):
        raise ValueError(
            "`ids` must be names of rows, or name a column of a table, got "
            f"{_check.shown(ids)}, which none has."
        )


def _refuse_ignored(
    labels: Any, target: Any, class_names: Any, unlabelled: Any
) -> None:
    """Refuse what would say something of labels that are not there."""
    if labels is None and _check.ordered("class_names", class_names):
        raise ValueError(
            f"`class_names` must come with `labels`, got {_check.shown(class_names)} "
            "without."
        )
    if unlabelled is None:
        return
    if not is_single(unlabelled):
        raise TypeError(
            f"`unlabelled` must be one value, got {_check.shown(unlabelled)}."
        )
    if labels is None and target is None:
        raise ValueError(
            "`unlabelled` must come with `labels` or `target`, got "
            f"{_check.shown(unlabelled)} without."
        )


def _clocks(
    rows: Paired, names: Mapping[str, Any]
) -> dict[str, tuple[dict[str, Any], Bools]]:
    """Return times and sessions of each modality that has any, in the rows' order."""
    clocks = {}
    for name in names:
        keys = [(part, name) for part in ("times", "sessions")]
        keys = [key for key in keys if key in rows.arguments]
        if keys:
            there = np.all([rows.has(key) for key in keys], axis=0)
            clocks[name] = (
                {part: rows.values((part, name)) for part, _ in keys},
                there,
            )
    return clocks


def modality_names(modalities: Any) -> dict[str, Any]:
    """Return modality names as text, with the keys they came as.

    Raises
    ------
    ValueError
        If there is none, one is empty or taken, or two are the same text.

    Examples
    --------
    >>> modality_names({"rna": 0, 1: 0})
    {'rna': 'rna', '1': 1}
    """
    if not isinstance(modalities, Mapping):
        kind = type(modalities).__name__
        advice = "; `from_mudata` reads it" if hasattr(modalities, "mod") else ""
        raise TypeError(
            "`modalities` must be a mapping of names to arrays, "
            f"e.g. {{'image': pixels}}, got {kind}{advice}."
        )
    if not len(modalities):
        raise ValueError("`modalities` must name at least one array, got none.")
    names: dict[str, Any] = {}
    for key in modalities:
        name = text_of(key)
        if not name.strip():
            raise ValueError(f"`modalities` must have names, got {name!r} for one.")
        if name in RESERVED:
            raise ValueError(
                "`modalities` must not be called 'latent', 'refined' or 'sum', which "
                f"are spaces of their own, got {name!r}."
            )
        if name in names:
            raise ValueError(
                f"`modalities` must be unique, got {name!r} more than once."
            )
        names[name] = key
    return names


def _with_rows(part: Argument) -> Argument:
    """Return a modality, refused at once where it has no rows at all."""
    if not has_entries(part.values):
        raise TypeError(f"`{part.name}` must be an array, got {_kind(part.values)}.")
    return part


def _kind(values: Any) -> str:
    """Return what a value is called where it is refused."""
    if isinstance(values, type):
        return f"the class {values.__name__}"
    return type(values).__name__


def _for_all(split: Any) -> Any:
    return None if isinstance(split, str) else split


def _whole_argument(part: Argument) -> Argument:
    """Return an argument of one entry a row; a bare number is one row."""
    if part.name == "metadata":
        _check_table(part)
        return part
    if part.name == "media":  # called by what it has, as its reader does
        check_media(part.values)
        return replace(part, name="pictures" if part.values.pictures else "texts")
    if is_single(part.values):
        return replace(part, values=[part.values])
    if not has_entries(part.values):
        raise TypeError(
            f"`{part.name}` must have one entry a row, got {_kind(part.values)}."
        )
    return part


def _check_table(part: Argument) -> None:
    if not isinstance(part.values, pd.DataFrame | pd.Series):
        raise TypeError(
            "`metadata` must be a table with a row for each sample, "
            f"got {type(part.values).__name__}."
        )


def _stated(
    present: Any, names: Sequence[str], id_column: str | None
) -> dict[Key, Argument]:
    """Return `present` as arguments: one a modality, or one of all."""
    if present is None:
        return {}
    if isinstance(present, Mapping):
        titles = [_check.one_of("present", text_of(key), names) for key in present]
        return {
            (PRESENT, title): take_apart(f"present[{title!r}]", value, id_column)
            for title, value in zip(titles, present.values(), strict=True)
        }
    part = take_apart("present", present, id_column)
    if isinstance(part.values, pd.DataFrame):
        titles = [text_of(title) for title in part.values.columns]
        for title in titles:
            _check.one_of("present", title, names)
        _check.unique("present", titles)
        return {
            (PRESENT, title): replace(
                part, name=f"present[{title!r}]", values=part.values.iloc[:, i]
            )
            for i, title in enumerate(titles)
        }
    values = part.values
    if not hasattr(values, "shape"):
        values = as_array(values, "present")
    shape = tuple(values.shape)
    if len(shape) != 2 or shape[1] != len(names):
        rows = shape[0] if shape else 0
        raise ValueError(
            f"`present` must have shape {(rows, len(names))} (rows, modalities), "
            f"got {shape}."
        )
    return {PRESENT: replace(part, values=values)}


def _declared(rows: Paired, name: str, place: int) -> Bools | None:
    """Return the declared presence of a modality a row, None where none is declared."""
    if PRESENT in rows.arguments:
        values = rows.values(PRESENT)[:, place]
        return as_bools(PRESENT, values) & rows.has(PRESENT)
    key = (PRESENT, name)
    if key not in rows.arguments:
        return None
    argument = rows.arguments[key].name
    return as_bools(argument, rows.values(key)) & rows.has(key)


def as_bools(name: str, values: Any) -> Bools:
    """Return bools of bools or of 0 and 1; of nothing else.

    Raises
    ------
    ValueError
        If there is anything else, or an entry is missing.

    Examples
    --------
    >>> as_bools("present", [1, 0]).tolist()
    [True, False]
    """
    entries = column(name, values)
    refuse_missing(name, entries)
    bad = _not_binary(entries)
    if len(bad):
        entry = entries.values[bad[:1]].tolist()[0]
        raise ValueError(
            f"`{name}` must hold bools or 0 and 1, got {_check.shown(entry)} in row "
            f"{bad[0]}."
        )
    if entries.values.dtype == object:
        return np.asarray(entries.values == "True")
    return entries.values.astype(bool)


def _not_binary(entries: Column) -> npt.NDArray[np.intp]:
    values = entries.values
    if values.dtype == bool:
        return np.array([], dtype=np.intp)
    if values.dtype.kind in "iuf":
        return np.flatnonzero(~np.isin(values, [0, 1]))
    return np.arange(len(values))


def _check_present(
    present: Bools, names: tuple[str, ...], ids: npt.NDArray[np.str_]
) -> None:
    for i, name in enumerate(names):
        if not present[:, i].any():
            raise ValueError(
                f"`present` must leave each modality at least one row, "
                f"got none for {name!r}."
            )
    empty = np.flatnonzero(~present.any(axis=1))
    if len(empty):
        row = empty[0]
        called = "" if ids[row] == str(row) else f" ({str(ids[row])!r})"
        more = "" if len(empty) == 1 else f" and {len(empty) - 1} more"
        raise ValueError(
            "`present` must leave each row at least one modality, "
            f"got none in row {row}{called}{more}."
        )


def _labels(
    rows: Paired, class_names: Sequence[Any], unlabelled: Any
) -> tuple[Labels | None, tuple[str, ...]]:
    values = rows.values("labels") if "labels" in rows.arguments else None
    numbers, names = as_labels(values, class_names, unlabelled=unlabelled)
    if numbers is not None:
        numbers[~rows.has("labels")] = UNLABELLED
    return numbers, names


def _target(rows: Paired, unlabelled: Any) -> npt.NDArray[np.float64] | None:
    if "target" not in rows.arguments:
        return None
    numbers = as_target(rows.values("target"), unlabelled=unlabelled)
    if numbers is not None:
        numbers[~rows.has("target")] = np.nan
    return numbers


SPLIT_WORDS = {
    **{word: word for word in SPLITS},
    "training": "train",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "testing": "test",
}


def _split(rows: Paired, split: Any) -> npt.NDArray[np.str_] | None:
    """Return the part of each row as its word, None where nobody says it."""
    if isinstance(split, str):
        word = _check.one_of("split", split, SPLITS)
        return np.full(len(rows), word, dtype="U5")
    if "split" not in rows.arguments:
        return None
    entries = column("split", rows.values("split"))
    lacking = entries.missing | ~rows.has("split")
    refuse_missing("split", replace(entries, missing=lacking))
    if entries.numeric:
        bad = entries.values[~np.isin(entries.values, [0, 1, 2])]
        if len(bad):
            raise ValueError(
                f"`split` must be 0 (train), 1 (val) or 2 (test), got {bad[0]}."
            )
        return np.array(SPLITS)[entries.values.astype(int)]
    words = {word: SPLIT_WORDS.get(str(word).lower()) for word in set(entries.values)}
    for word in entries.values:
        if words[word] is None:
            _check.one_of("split", word, SPLITS)
    return np.array([words[word] for word in entries.values], dtype="U5")


def _groups(rows: Paired) -> npt.NDArray[np.str_] | None:
    """Return the group of each row as text; a row without one is its own group."""
    if "groups" not in rows.arguments:
        return None
    entries = column("groups", rows.values("groups"))
    missing = entries.missing | ~rows.has("groups")
    texts = [text_of(entry) for entry in entries.values]
    return np.array(
        [
            f"(only {row})" if gap else text
            for row, gap, text in zip(rows.ids, missing, texts, strict=True)
        ]
    )


def _metadata(rows: Paired) -> pd.DataFrame:
    """Return the table with rows numbered from 0, gaps where it has no row."""
    if "metadata" not in rows.arguments:
        return pd.DataFrame(index=range(len(rows)))
    table = rows.arguments["metadata"].values
    if isinstance(table, pd.Series):
        table = table.to_frame(table.name if table.name is not None else "metadata")
    table = table.reset_index(drop=True)
    words = (str, bytes)  # of any class; bytes are UTF-8, as all names
    if any(isinstance(name, words) and type(name) is not str for name in table.columns):
        table.columns = [
            str.__str__(text_of(name)) if isinstance(name, words) else name
            for name in table.columns
        ]
    index = rows.index["metadata"]
    if index is None:
        return table
    # A row of -1 is none of the table's, so it comes out as a gap.
    return table.reindex(index).reset_index(drop=True)


def _media(rows: Paired) -> Any:
    """Return pictures and texts in the order of the rows."""
    if "media" not in rows.arguments:
        return None
    media, index = rows.arguments["media"].values, rows.index["media"]
    return media if index is None else media.take(index)
