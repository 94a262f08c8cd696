"""Labels and targets: class numbers in an order that means something, or none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .containers import is_single, text_of
from .gaps import Column, as_array, column, is_missing, is_object

UNLABELLED = -1

Labels = npt.NDArray[np.int64]


def as_labels(
    labels: Any, class_names: Sequence[Any] = (), *, unlabelled: Any = None
) -> tuple[Labels | None, tuple[str, ...]]:
    """Return class numbers or 0/1 columns, and one name a class.

    Classes stand in the order of `class_names`, else of the categories, else in
    natural order: numbers by size, text with the numbers in it by size.

    Parameters
    ----------
    labels
        ``(N,)`` or ``(N, 1)`` numbers, text or categories; ``(N, C)`` 0/1, a frame of
        such columns, or lists of names, for several labels a row.
    class_names
        Names of the classes: of every label, or of the numbers 0, 1, ...
    unlabelled
        A value that means "no label", beside everything that is missing anyway.

    Returns
    -------
    labels
        ``(N,)``, or ``(N, C)``; -1 where a row has no label.
    class_names

    Raises
    ------
    ValueError
        If a label has no name, is no whole number, or says nothing in every row.

    Examples
    --------
    >>> numbers, names = as_labels(["10", "9", None, "10"])
    >>> numbers.tolist(), names
    ([1, 0, -1, 1], ('9', '10'))
    >>> as_labels(["low", "high"], ["low", "mid", "high"])[0].tolist()
    [0, 2]
    """
    listed = _check.ordered("class_names", class_names)
    odd = next((name for name in listed if not is_single(name)), None)
    if odd is not None:
        raise TypeError(f"`class_names` must hold names, got {_check.shown(odd)}.")
    names = tuple(map(text_of, listed))
    if labels is None:
        return None, names
    _check.unique("class_names", names)
    if not hasattr(labels, "shape"):
        labels = as_array(
            labels if isinstance(labels, list | tuple) else [labels], "labels"
        )
    if _of_lists(labels):
        return _of_tags(labels, names)
    if labels.ndim == 2 and labels.shape[1] > 1:
        return _of_columns(labels, names, unlabelled)
    entries = column("labels", labels, sentinel=unlabelled)
    if entries.missing.all():
        raise ValueError(
            f"`labels` must have a label in at least one row, got {len(entries)} rows "
            "without one; labels=None says that there are none."
        )
    return _coded(entries, names)


def as_target(target: Any, *, unlabelled: Any = None) -> npt.NDArray[np.float64] | None:
    """Return the numbers to be predicted, NaN where a row has none.

    Raises
    ------
    ValueError
        If they are no numbers, infinite, or missing in every row.

    Examples
    --------
    >>> as_target([1.5, None]).tolist()
    [1.5, nan]
    """
    if target is None:
        return None
    values = target if hasattr(target, "shape") else as_array(target, "target")
    if len(values.shape) != 1 and (len(values.shape) != 2 or values.shape[1] != 1):
        kind = getattr(values, "dtype", "a table")
        raise ValueError(
            "`target` must be numbers of shape (N,), "
            f"got {kind} of shape {tuple(values.shape)}."
        )
    entries = column("target", values, sentinel=unlabelled)
    if entries.missing.all():
        raise ValueError(
            "`target` must have a number in at least one row, got none; target=None "
            "says that there are none."
        )
    if entries.values.dtype.kind not in "biuf":
        row = int(np.flatnonzero(~entries.missing)[0])
        raise ValueError(
            "`target` must be numbers of shape (N,), "
            f"got {text_of(entries.values[row])!r} in row {row}."
        )
    numbers = entries.values.astype(np.float64)
    numbers[entries.missing] = np.nan
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(infinite.argmax())
        raise ValueError(
            f"`target` must hold finite numbers only, got {numbers[row]} in row {row}."
        )
    return numbers


NO_LABEL = "no label"  # what pictures and tables say of an unlabelled row


def labelled(
    labels: npt.NDArray[np.integer[Any]] | None,
    target: npt.NDArray[np.float64] | None,
    n: int,
) -> npt.NDArray[np.bool_]:
    """Return a mask of the rows with an answer: a target if there is any, else a label.

    Examples
    --------
    >>> labelled(np.array([0, -1]), None, 2).tolist()
    [True, False]
    """
    if target is not None:
        return ~np.isnan(target)
    if labels is None:
        return np.zeros(n, dtype=bool)
    return np.asarray(labels >= 0 if labels.ndim == 1 else labels[:, 0] >= 0)


def label_texts(
    labels: npt.NDArray[np.integer[Any]],
    names: Sequence[str],
    *,
    unlabelled: str = NO_LABEL,
    none: str = "none",
) -> list[str]:
    """Return the class names of every row, several joined by "; ".

    Parameters
    ----------
    labels
        ``(N,)`` class numbers or ``(N, C)`` 0/1, of labels or of predictions.
    names
        One a class.
    unlabelled, none
        Texts of a row of -1, and of a row that has none of several labels.

    Examples
    --------
    >>> label_texts(np.array([1, -1]), ["ant", "bee"])
    ['bee', 'no label']
    >>> label_texts(np.array([[1, 1], [0, 0], [-1, -1]]), ["ant", "bee"])
    ['ant; bee', 'none', 'no label']
    """
    if labels.ndim == 1:
        return [names[c] if c >= 0 else unlabelled for c in labels.tolist()]
    return [
        "; ".join(names[int(c)] for c in np.flatnonzero(row == 1))
        or (unlabelled if (row < 0).any() else none)
        for row in labels
    ]


def natural(names: Iterable[str]) -> list[str]:
    """Return names sorted so that the numbers in them rise.

    Examples
    --------
    >>> natural(["10", "9", "b2", "b10"])
    ['9', '10', 'b2', 'b10']
    """
    return sorted(names, key=_natural_key)


def _natural_key(name: str) -> tuple[Any, ...]:
    text, digits = re.split(r"\d+", name), re.findall(r"\d+", name)
    sizes = [(len(number.lstrip("0")), number.lstrip("0")) for number in digits]
    return [*zip(text, [*sizes, (0, "")], strict=True)], name


def _coded(entries: Column, names: tuple[str, ...]) -> tuple[Labels, tuple[str, ...]]:
    if entries.values.dtype == bool and names and "True" not in names:
        entries = replace(entries, values=entries.values.astype(np.int64))
    if entries.numeric:
        return _of_numbers(entries, names)
    present = entries.values[~entries.missing]
    text = np.array([text_of(entry) for entry in present], dtype=object)
    codes, uniques = pd.factorize(text)
    order = names or tuple(name for name in entries.order if name in set(uniques))
    order = order or tuple(natural(map(str, uniques)))
    return _placed(entries, codes, [str(name) for name in uniques], order), order


def _of_numbers(
    entries: Column, names: tuple[str, ...]
) -> tuple[Labels, tuple[str, ...]]:
    """Return codes of whole numbers: their names if these are named, else places."""
    present = entries.values[~entries.missing]
    odd = np.flatnonzero(present != np.floor(present))
    if len(odd):
        row = np.flatnonzero(~entries.missing)[odd[0]]
        raise ValueError(
            "`labels` must be whole numbers or names, "
            f"got {present[odd[0]]} in row {row}; `target` takes measured numbers."
        )
    whole, codes = np.unique(present.astype(np.int64), return_inverse=True)
    uniques = whole.tolist()
    if uniques[0] == UNLABELLED and "-1" not in names:
        raise ValueError(
            "`labels` must say what -1 means, got it in row "
            f"{np.flatnonzero(entries.values == UNLABELLED)[0]}; "
            "unlabelled=-1 marks rows without a label."
        )
    texts = [str(value) for value in uniques]
    if names and not set(texts) <= set(names):
        if uniques[0] < 0 or uniques[-1] >= len(names):
            bad = uniques[0] if uniques[0] < 0 else uniques[-1]
            raise ValueError(
                f"`labels` must be between 0 and {len(names) - 1}, got {bad}."
            )
        texts = [names[value] for value in uniques]
    order = names or tuple(texts)
    return _placed(entries, codes, texts, order), order


def _placed(
    entries: Column, codes: npt.NDArray[Any], texts: list[str], order: tuple[str, ...]
) -> Labels:
    """Return the place in `order` of what each row has, -1 where it has nothing."""
    place = {name: i for i, name in enumerate(order)}
    for number, name in enumerate(texts):
        if name not in place:
            row = np.flatnonzero(~entries.missing)[np.flatnonzero(codes == number)[0]]
            raise ValueError(
                "`class_names` must name every label, "
                f"got none for {name!r} in row {row}."
            )
    numbers = np.full(len(entries), UNLABELLED, dtype=np.int64)
    table = np.array([place[name] for name in texts], dtype=np.int64)
    numbers[~entries.missing] = table[codes]
    return numbers


def _of_lists(labels: Any) -> bool:
    """Return whether each row has a list of names."""
    if not is_object(labels) or labels.ndim != 1:
        return False
    entries = (
        labels.iloc[i] if hasattr(labels, "iloc") else labels[i]
        for i in range(len(labels))
    )
    first = next((entry for entry in entries if not is_missing(entry)), None)
    return isinstance(first, list | tuple | set | frozenset | np.ndarray)


def _of_tags(labels: Any, names: tuple[str, ...]) -> tuple[Labels, tuple[str, ...]]:
    """Return 0/1 columns of lists of names; an empty list is a row with no name."""
    rows: list[list[str] | None] = [
        None if is_missing(entry) else [text_of(tag) for tag in entry]
        for entry in labels
    ]
    tags = {tag for row in rows if row for tag in row}
    order = names or tuple(natural(tags))
    place = {name: i for i, name in enumerate(order)}
    if not order:
        raise ValueError("`labels` must name a class in at least one row, got none.")
    numbers = np.zeros((len(rows), len(order)), dtype=np.int64)
    for i, row in enumerate(rows):
        if row is None:
            numbers[i] = UNLABELLED
            continue
        for tag in row:
            if tag not in place:
                raise ValueError(
                    "`class_names` must name every label, "
                    f"got none for {tag!r} in row {i}."
                )
            numbers[i, place[tag]] = 1
    return numbers, order


def _of_columns(
    labels: Any, names: tuple[str, ...], sentinel: Any
) -> tuple[Labels, tuple[str, ...]]:
    """Return 0/1 columns as they stand; a row of nothing but gaps has no label."""
    titles: tuple[str, ...] = ()
    if isinstance(labels, pd.DataFrame):
        titles = tuple(text_of(title) for title in labels.columns)
        columns: list[Any] = [labels.iloc[:, i] for i in range(labels.shape[1])]
    else:
        values = (
            labels if isinstance(labels, np.ndarray) else as_array(labels, "labels")
        )
        columns = [values[:, i] for i in range(values.shape[1])]
    parts = [column("labels", part, sentinel=sentinel) for part in columns]
    if names and titles and set(names) == set(titles):
        parts = [parts[titles.index(name)] for name in names]
    names = names or titles or tuple(str(i) for i in range(len(parts)))
    _check.rows("class_names", len(names), len(parts), "labels columns")
    _check.unique("labels", names)
    missing = np.column_stack([part.missing for part in parts])
    empty = missing.all(axis=1)
    numbers = np.zeros(missing.shape, dtype=np.int64)
    for i, part in enumerate(parts):
        _check_binary(part, names[i], missing[:, i] & ~empty)
        numbers[~empty, i] = _as_binary(part)[~empty]
    numbers[empty] = UNLABELLED
    return numbers, names


def _as_binary(part: Column) -> npt.NDArray[np.int64]:
    """Return 0 and 1, 0 where nothing is said, 2 where something else is."""
    values = part.values
    if not part.numeric and values.dtype != bool:
        values = np.where(values == "True", 1, np.where(values == "False", 0, 2))
    binary = np.where(np.isin(values, [0, 1]), values, 2)
    return np.where(part.missing, 0, binary).astype(np.int64)


def _check_binary(part: Column, title: str, gap: npt.NDArray[np.bool_]) -> None:
    if gap.any():
        raise ValueError(
            f"`labels` must be 0 or 1 in every column or missing in all, got a gap in "
            f"row {gap.argmax()}, column {title!r}."
        )
    bad = np.flatnonzero(_as_binary(part) == 2)
    if len(bad):
        raise ValueError(
            "`labels` must be 0 or 1 where a row can have several, "
            f"got {text_of(part.values[bad[0]])} in row {bad[0]}, column {title!r}."
        )
