"""Datasets from the multi-view files of the literature: MATLAB 5 and 7.3."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .containers import has_entries, is_counted, is_sparse
from .dataset import Dataset
from .gaps import as_array
from .matfile import Variables, read_variables

# What label variables are called, without case, underscores and a number behind.
LABELS = frozenset(
    {
        "y",
        "gt",
        "gnd",
        "truth",
        "label",
        "labels",
        "truelabel",
        "truelabels",
        "groundtruth",
        "target",
        "targets",
        "class",
        "classes",
        "gtlabel",
        "classid",
        "labelset",
        "groundtruthlabel",
        "cls",
        "clslabel",
    }
)


def from_mat(
    path: str | os.PathLike[str],
    *,
    views: str | Sequence[str] | Mapping[str, str] | None = None,
    labels: Any = ...,
    target: Any = None,
    split: Any = None,
    groups: Any = None,
    class_names: Sequence[Any] = (),
    unlabelled: Any = None,
    name: str | None = None,
) -> Dataset:
    """Read a dataset from a multi-view MATLAB file, of version 5 or 7.3.

    Views are the entries of a cell, or several named matrices, dense or sparse. A
    view of shape ``(d, N)`` is turned, N being the number of labels or else what all
    views share; ``info["source"]`` says which were, and what was left out. Fields of a
    struct are variables called "struct.field".

    scipy's ``savemat`` takes no list of views of different widths, and makes one array
    of three axes of those of one shape, which is refused here: hand it an object array
    of shape (1, V), as in the example.

    Parameters
    ----------
    path
        The file; one of version 7.3 needs the extra ``hdf5``.
    views
        The cell, or the matrices, by name; a mapping says what to call the matrices.
        None takes the only cell of matrices, else every matrix of N rows. Views of a
        cell are called as a cell of as many names says, else "view1", "view2" ...
    labels
        The variable with the labels (N, 1), (1, N), 0/1 of shape (N, C), text, or a
        cell with the same labels for each view; None reads none. By default one that
        is called y, gt, gnd, truth, label(s), truelabel or the like.
    target, split, groups
        Variables with a value a row, or values of their own, as in
        `Dataset.from_arrays`.
    class_names, unlabelled
        As in `Dataset.from_arrays`; names count from label 1 where labels do.
    name
        What tables and figures call the data; None takes the file's name.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If it is of version 7.3 and h5py is missing.
    ValueError
        If it is damaged, or it is not clear which variables are meant.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import savemat
    >>> cell = np.empty((1, 2), dtype=object)
    >>> cell[0, 0], cell[0, 1] = np.eye(4), np.ones((3, 4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     savemat(f"{folder}/two.mat", {"X": cell, "gt": [[1], [2], [1], [2]]})
    ...     data = from_mat(f"{folder}/two.mat")
    >>> data.shape, data.class_names, data.modalities["view2"].shape
    ((4, 2), ('1', '2'), (3,))
    >>> data.info["source"][0]["turned"]
    ['view2']
    """
    class_names = _check.ordered("class_names", class_names)
    variables = read_variables(path)
    roles = {"target": target, "split": split, "groups": groups}
    single = {key: _single(key, value, variables) for key, value in roles.items()}
    used = {value for value in roles.values() if isinstance(value, str)}
    key, answers = _labels(variables, labels, used)
    used |= {key} if key else set()
    raw, view_keys = _views(variables, views, used, rows_of(answers))
    n = _rows(raw, answers)
    turned = [name for name, values in raw.items() if values.shape[0] != n]
    beside = _texts(variables, n, used | view_keys)
    modalities = {
        name: values.T if name in turned else values for name, values in raw.items()
    }
    left = [k for k in variables if k not in used | view_keys | set(beside.columns)]
    source = {
        "kind": "file",
        "name": Path(path).name,
        "rows": n,
        "labels": key,
        "views": sorted(view_keys),
        "turned": turned,
        "left out": left,
    }
    return Dataset.from_arrays(
        modalities,
        labels=_numbered(answers, class_names),
        class_names=class_names,
        unlabelled=unlabelled,
        **single,
        metadata=beside if len(beside.columns) else None,
        info={"source": [source]},
        name=Path(path).stem if name is None else name,
    )


def rows_of(answers: Any) -> int | None:
    """Return the number of labels, None without any.

    Examples
    --------
    >>> rows_of(np.array([1, 2])), rows_of(None)
    (2, None)
    """
    return None if answers is None else len(answers)


def _is_matrix(value: Any) -> bool:
    """Return whether this can be a view."""
    if not (is_sparse(value) or isinstance(value, np.ndarray)):
        return False
    return bool(value.ndim == 2 and value.dtype.kind in "biuf" and 0 not in value.shape)


def _is_cell(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_matrix, value))


def _is_vector(value: Any) -> bool:
    return _is_matrix(value) and not is_sparse(value) and 1 in value.shape


def _is_text(value: Any) -> bool:
    texts = isinstance(value, list) and bool(value)
    return texts and all(isinstance(entry, str) for entry in value)


def _labels(
    variables: Variables, choice: Any, used: set[str]
) -> tuple[str | None, Any]:
    """Return the name of the variable with the labels, and one entry a row."""
    if choice is None:
        return None, None
    if isinstance(choice, str):
        _check.one_of("labels", choice, list(variables))
        answers = _as_answers(variables[choice])
        if answers is None:
            raise ValueError(
                "`labels` must name a variable with one label a row, "
                f"got {_check.shown(choice)} of shape {_shape(variables[choice])}."
            )
        return choice, answers
    if choice is not ...:
        return None, _own_labels(choice)
    likely = {
        key: answers
        for key, value in variables.items()
        if key not in used and _is_called_so(key)
        if (answers := _as_answers(value)) is not None and len(answers) > 1
    }
    if not likely:
        return None, None
    first, *others = likely
    if any(not np.array_equal(likely[first], likely[key]) for key in others):
        raise ValueError(
            f"`labels` must say which of {', '.join(map(repr, likely))} is meant, "
            "got none named."
        )
    return first, likely[first]


def _own_labels(labels: Any) -> Any:
    """Return labels that are in no variable, where they have an entry a row."""
    array = as_array(labels, "labels") if has_entries(labels) else np.empty(())
    if not array.ndim:
        raise TypeError(
            "`labels` must name a variable or hold one label a row, "
            f"got {_check.shown(labels)}."
        )
    return array


def _is_called_so(key: str) -> bool:
    word = key.rpartition(".")[2].lower().replace("_", "").rstrip("0123456789")
    return word in LABELS


def _as_answers(value: Any) -> npt.NDArray[Any] | None:
    """Return labels, one entry or one line of 0 and 1 a row; None if these are none."""
    if _is_text(value):
        return np.array(value, dtype=object)
    if isinstance(value, list):
        return _same_for_each_view(value)
    if not _is_matrix(value):
        return None
    dense = np.asarray(value.toarray() if is_sparse(value) else value)
    if 1 in dense.shape:
        return dense.ravel()
    return _of_binary(dense) if np.isin(dense, [0, 1]).all() else None


def _same_for_each_view(cell: list[Any]) -> npt.NDArray[Any] | None:
    """Return the labels that every entry of a cell repeats."""
    entries = [answers for entry in cell if (answers := _as_answers(entry)) is not None]
    if not entries or len(entries) < len(cell):
        return None
    first = entries[0]
    return first if all(np.array_equal(first, other) for other in entries) else None


def _of_binary(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return classes from 1 where every row has a single one, else 0/1 columns."""
    lines = values if values.shape[0] > values.shape[1] else values.T
    single = (lines.sum(axis=1) == 1).all()
    return np.asarray(lines.argmax(axis=1) + 1 if single else lines)


def _views(
    variables: Variables, choice: Any, used: set[str], rows: int | None
) -> tuple[dict[str, Any], set[str]]:
    """Return the views by name, and the variables that they are."""
    if choice is not None:
        return _wanted_views(variables, choice, used)
    cells = [
        key
        for key, value in variables.items()
        if key not in used and _is_cell(value) and not all(map(_is_vector, value))
    ]
    if len(cells) > 1:
        raise ValueError(
            f"`views` must say which of the cells {', '.join(map(repr, cells))} is "
            "meant, got none named."
        )
    if cells:
        return _of_cell(variables, cells[0], used)
    names = [
        key
        for key, value in variables.items()
        if key not in used and _is_matrix(value) and not _is_vector(value)
    ]
    if rows is not None:
        names = [key for key in names if rows in variables[key].shape]
    if not names:
        raise ValueError(
            "`path` must hold views, matrices of as many rows as there are labels, "
            f"got {_inventory(variables)}."
        )
    return {_last(key, names): variables[key] for key in names}, set(names)


def _wanted_views(
    variables: Variables, choice: Any, used: set[str]
) -> tuple[dict[str, Any], set[str]]:
    if isinstance(choice, str):
        _check.one_of("views", choice, list(variables))
        if _is_cell(variables[choice]):
            return _of_cell(variables, choice, used)
        choice = [choice]
    if isinstance(choice, pd.Series) and not is_counted(choice.index):
        choice = choice.to_dict()
    if isinstance(choice, Mapping):
        called = {name: choice[name] for name in choice}
    else:
        wanted = _check.ordered("views", choice)
        called = {key: key for key in _check.several_of("views", wanted, variables)}
    for key in called.values():
        _check.one_of("views", key, list(variables))
        if not _is_matrix(variables[key]):
            raise ValueError(
                "`views` must name matrices of numbers, "
                f"got {key!r} of shape {_shape(variables[key])}."
            )
    return {name: variables[key] for name, key in called.items()}, set(called.values())


def _of_cell(
    variables: Variables, key: str, used: set[str]
) -> tuple[dict[str, Any], set[str]]:
    """Return the entries of a cell, called as another cell or their number says."""
    entries = variables[key]
    titles = [
        other
        for other, value in variables.items()
        if other not in used
        and _is_text(value)
        and len(value) == len(entries)
        and len(set(value)) == len(value)
        and all(value)
    ]
    if len(titles) == 1:
        return dict(zip(variables[titles[0]], entries, strict=True)), {key, titles[0]}
    return {f"view{i}": values for i, values in enumerate(entries, start=1)}, {key}


def _last(key: str, names: Sequence[str]) -> str:
    """Return the field of a struct alone, where that is one variable's."""
    short = key.rpartition(".")[2]
    return short if sum(n.rpartition(".")[2] == short for n in names) == 1 else key


def _rows(views: Mapping[str, Any], answers: Any) -> int:
    """Return the number of rows: that of the labels, or what all views share."""
    shapes = {name: tuple(values.shape) for name, values in views.items()}
    if answers is None:
        for axis in (0, 1):
            lengths = {shape[axis] for shape in shapes.values()}
            if len(lengths) == 1:
                return lengths.pop()
        shared = set.intersection(*(set(shape) for shape in shapes.values()))
        if len(shared) == 1:
            return shared.pop()
        raise ValueError(
            "`views` must have as many rows each, got shapes "
            f"{', '.join(f'{shape} for {name!r}' for name, shape in shapes.items())}."
        )
    n = len(answers)
    for name, shape in shapes.items():
        if n not in shape:
            raise ValueError(
                f"`views` must have a row for each of {n} labels, "
                f"got shape {shape} for {name!r}."
            )
    return n


def _single(argument: str, value: Any, variables: Variables) -> Any:
    """Return the values of a variable with one entry a row, or `value` itself."""
    if not isinstance(value, str) or (argument == "split" and value not in variables):
        return value
    _check.one_of(argument, value, list(variables))
    entries = variables[value]
    if _is_text(entries):
        return entries
    if _is_vector(entries):
        return entries.ravel()
    raise ValueError(
        f"`{argument}` must name a variable with one value a row, "
        f"got {_check.shown(value)} of shape {_shape(entries)}."
    )


def _texts(variables: Variables, n: int, used: set[str]) -> pd.DataFrame:
    """Return cells of one text a row."""
    return pd.DataFrame(
        {
            key: value
            for key, value in variables.items()
            if key not in used and _is_text(value) and len(value) == n
        }
    )


def _numbered(answers: Any, class_names: Sequence[Any]) -> Any:
    """Return labels from 0 where they count from 1 and their names are given."""
    if answers is None or not len(class_names) or answers.dtype.kind not in "iuf":
        return answers
    texts = {str(name) for name in class_names}
    whole = {f"{value:g}" for value in np.unique(answers).tolist()}
    from_one = answers.min() == 1 and answers.max() == len(class_names)
    return answers.astype(np.int64) - 1 if from_one and not whole <= texts else answers


def _shape(value: Any) -> Any:
    return tuple(value.shape) if hasattr(value, "shape") else (len(value),)


def _inventory(variables: Variables) -> str:
    parts = [f"{key!r} of shape {_shape(value)}" for key, value in variables.items()]
    return ", ".join(parts[:6]) or "nothing"
