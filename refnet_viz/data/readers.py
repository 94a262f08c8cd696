"""Paired data from npz files: your own, and four sets that are shared, not shipped."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .dataset import Dataset, Media
from .gather import modality_names
from .npz import Arrays, read_arrays

SHARED = ("fashion", "cub", "rosmap", "mosi")
FOLDER_VARIABLE = "REFNET_VIZ_DATA"


def from_npz(
    path: str | os.PathLike[str],
    *,
    modalities: Mapping[str, str] | None = None,
    labels: str | None = "y",
    thumbs: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Read a dataset from an npz file of row-aligned arrays.

    ========================  =====================================================
    array                     meaning
    ========================  =====================================================
    ``mod_<name>``            a modality: (N, d), (N, H, W, C) or (N, L, d)
    ``mask_<name>``           its mask (N, L); makes token ids of whole numbers
    ``times_<name>``,         times and sessions (N, L) of its positions, as in
    ``sessions_<name>``       `Dataset.from_arrays`
    ``present``               (N, M) bool in the order of the modalities
    ``y``, ``y_<task>``       labels, (N,) or (N, C)
    ``target``                numbers to be predicted (N,), finite: a regression
    ``class_names``,          names of the classes of ``y`` and of ``y_<task>``
    ``names_<task>``
    ``split``                 0 train, 1 val, 2 test
    ``ids``, ``text``         unique names of the rows; texts for hovering
    ========================  =====================================================

    All but the first are optional; further arrays with one value a row become
    metadata. Nothing in the file is ever unpickled, and the stated size of an array
    is checked against the file before memory is set aside for it.

    Parameters
    ----------
    path
        The file.
    modalities
        Name to the array that has it, where arrays are called otherwise than above.
    labels
        Which array has the labels; None reads none.
    thumbs
        A second npz with pictures for hovering: bytes ``jpeg`` or ``png`` and
        ``offsets``, where picture i is bytes offsets[i] to offsets[i + 1].

    Returns
    -------
    Dataset
        Named after the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not an intact npz file of this form.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.npz"
    ...     np.savez(path, mod_a=np.eye(5), mod_b=np.ones((5, 2)), y=[0, 1, 0, 1, 0])
    ...     from_npz(path).shape
    (5, 2)
    """
    arrays = read_arrays(path)
    values = _modalities(arrays, modalities)
    masks = {name: arrays.pop(f"mask_{name}", None) for name in values}
    clocks = {
        part: {
            name: arrays.pop(f"{part}_{name}")
            for name in values
            if f"{part}_{name}" in arrays
        }
        for part in ("times", "sessions")
    }
    rows = len(next(iter(values.values())))
    numbers, names = _labels(arrays, labels)
    texts = arrays.pop("text", np.array([], dtype=str))
    return Dataset.from_arrays(
        {
            name: array if masks[name] is None else (array, masks[name])
            for name, array in values.items()
        },
        times=clocks["times"],
        sessions=clocks["sessions"],
        labels=numbers,
        class_names=names,
        target=arrays.pop("target", None),
        split=arrays.pop("split", None),
        ids=arrays.pop("ids", None),
        present=arrays.pop("present", None),
        metadata=pd.DataFrame(
            {
                key: array
                for key, array in arrays.items()
                if array.shape == (rows,) and key != labels
            },
            index=range(rows),
        ),
        media=Media(
            () if thumbs is None else _pictures(thumbs),
            tuple(texts.astype(str).tolist()),
            thumbnails=False,
        ),
        name=Path(path).stem,
    )


def shared(
    name: str,
    *,
    folder: str | os.PathLike[str] | None = None,
    labels: str | None = "y",
) -> Dataset:
    """Read one of four real sets that do not ship with the package.

    Their rights are not ours to pass on, so the files have to be on the machine:
    in `folder`, or in the folder that the environment variable REFNET_VIZ_DATA
    names.

    Parameters
    ----------
    name
        "fashion" (pictures and titles of 5,847 articles), "cub" (600 birds),
        "rosmap" (351 patients, three omics) or "mosi" (2,199 utterances: text,
        audio, video; never re-split it, its features were trained on the official
        training rows).
    folder
        Where ``<name>.npz`` stands.
    labels
        As in `from_npz`; fashion also has "y_gender", "y_season", "y_usage" and
        "y_baseColour".

    Returns
    -------
    Dataset
        With the official split; fashion with its pictures for hovering, if
        ``fashion_thumbs.npz`` stands beside it.

    Raises
    ------
    FileNotFoundError
        If no folder is named or the file is not in it.
    ValueError
        If `name` is none of the four, or the file is damaged.
    """
    _check.one_of("name", name, SHARED)
    place = (
        os.environ.get(FOLDER_VARIABLE)
        if folder is None
        else str(_check.path("folder", folder))
    )
    if not place:
        raise FileNotFoundError(
            f"`folder` or the environment variable {FOLDER_VARIABLE} must name the "
            f"folder that holds {name}.npz, got neither."
        )
    path = Path(place) / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(
            f"`folder` must hold {name}.npz, got {str(place)!r} without it."
        )
    thumbs = path.with_name(f"{name}_thumbs.npz")
    return from_npz(path, labels=labels, thumbs=thumbs if thumbs.is_file() else None)


def _modalities(arrays: Arrays, chosen: Mapping[str, str] | None) -> Arrays:
    """Take the modalities out of the arrays: those chosen, else all named mod_."""
    if chosen is not None:
        names = modality_names(chosen)
        for key in names.values():
            _check.one_of("modalities", chosen[key], arrays)
        modalities = {name: arrays[chosen[key]] for name, key in names.items()}
        for key in set(chosen.values()):
            del arrays[key]
    else:
        keys = [key for key in arrays if key.startswith("mod_")]
        if not keys:
            raise ValueError(
                "`path` must hold an array named mod_<modality>, unless `modalities` "
                f"names them, got {sorted(arrays)}."
            )
        modalities = {key.removeprefix("mod_"): arrays.pop(key) for key in keys}
    for name, array in modalities.items():
        if array.ndim == 0:
            raise ValueError(f"`modalities` must have rows, got one value in {name!r}.")
    return modalities


def _labels(arrays: Arrays, labels: str | None) -> tuple[Any, tuple[str, ...]]:
    choices = [key for key in arrays if key == "y" or key.startswith("y_")]
    names = {key: _names_of(key) for key in choices}
    stored = {key: arrays.pop(name) for key, name in names.items() if name in arrays}
    if labels is None or (
        isinstance(labels, str) and labels == "y" and "y" not in arrays
    ):
        return None, ()
    if not isinstance(labels, str) or labels not in arrays:
        _check.one_of("labels", labels, choices)
    return arrays[labels], tuple(stored.get(labels, np.array([])).astype(str).tolist())


def _names_of(labels: str) -> str:
    return "class_names" if labels == "y" else f"names_{labels.removeprefix('y_')}"


def _pictures(path: str | os.PathLike[str]) -> tuple[bytes, ...]:
    arrays = read_arrays(path)
    kind = next((key for key in ("jpeg", "png") if key in arrays), None)
    if kind is None or "offsets" not in arrays:
        raise ValueError(
            f"`thumbs` must hold offsets and jpeg or png, got {sorted(arrays)}."
        )
    encoded, offsets = arrays[kind].tobytes(), arrays["offsets"].tolist()
    whole = [0, *offsets, len(encoded)]
    if whole != sorted(whole):
        raise ValueError(
            f"`thumbs` must hold rising offsets between 0 and {len(encoded)}, "
            f"got {offsets[:3]} ... {offsets[-1]}."
        )
    return tuple(encoded[start:stop] for start, stop in pairwise(offsets))
