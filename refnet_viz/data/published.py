"""Pairs of a picture file and a text, as the owners of a set publish them."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .dataset import Dataset, Media, Modality
from .encode import encode_rows
from .features import Pictures, Words, pictures, text_vectors, words
from .picture_files import (
    NotThereError,
    OutsideError,
    ReadPictures,
    content_of,
    read_pictures,
)

# What owners call the parts of a split, and what they are here.
PARTS = {"train": "train", "dev": "val", "test": "test"}

Bools = npt.NDArray[np.bool_]
Info = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as their owner wrote them, before any feature is made.

    Parameters
    ----------
    ids, texts, files, split
        One a row; a text may be empty, a file stands below `root`.
    labels
        Class numbers, or 0/1 for each class; -1 where nothing is said.
    class_names
        One a class.
    root
        The folder that no path of a file may leave.
    metadata
        Further columns.
    groups
        One a row, or None.
    """

    ids: list[str]
    texts: list[str]
    files: list[str]
    split: list[str]
    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    root: Path
    metadata: pd.DataFrame
    groups: list[str] | None = None


def paired(rows: Rows, *, text: Any, picture: Any, info: Info, name: str) -> Dataset:
    """Return a dataset of the modalities ``picture`` and ``text``.

    A file that several rows name is read once. Rows whose picture is not there or
    cannot be read lack it, which one warning says with counts.

    Parameters
    ----------
    rows
        What is paired.
    text, picture
        None, an encoder, or `words` and `pictures` with the options of one.
    info
        Where the data come from.
    name
        What tables and figures call them.

    Raises
    ------
    ValueError
        If a path leaves the root, or no picture can be read.
    """
    train = np.array(rows.split) == "train"
    spec = _spec(text, Words, words)
    blank = np.array([not words_.strip() for words_ in rows.texts], dtype=bool)
    vectors, about_text = _text(rows.texts, blank, train, spec)
    picture_modality, absent, thumbs, about_picture = _pictures(
        rows, _spec(picture, Pictures, pictures)
    )
    return Dataset.from_arrays(
        {
            "picture": picture_modality,
            "text": Modality(vectors, "vector", common_scale=True),
        },
        present={"picture": ~absent, "text": ~blank},
        labels=np.where(rows.labels < 0, np.nan, rows.labels),
        class_names=rows.class_names,
        split=rows.split,
        ids=rows.ids,
        groups=rows.groups,
        metadata=rows.metadata,
        media=Media(thumbs, tuple(rows.texts)),
        info={**info, "encoders": {"picture": about_picture, "text": about_text}},
        name=name,
    )


def folder_of(folder: str | os.PathLike[str]) -> Path:
    """Return a folder that is there.

    Examples
    --------
    >>> folder_of("nowhere")
    Traceback (most recent call last):
    ...
    FileNotFoundError: `folder` must be a folder, got 'nowhere'.
    """
    return _check.folder("folder", folder)


def first_file(folder: Path, names: Sequence[str]) -> Path:
    """Return the first of some files that a folder has.

    Raises
    ------
    FileNotFoundError
        If it has none of them.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    alternatives = " or ".join(names)
    raise FileNotFoundError(
        f"`folder` must hold {alternatives}, got {str(folder)!r} without."
    )


def json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a file with one a line.

    Raises
    ------
    ValueError
        If a line is none.
    """
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise _damaged(path, f"line {number} that is no JSON") from error
            if not isinstance(entry, dict):
                raise _damaged(path, f"{type(entry).__name__} in line {number}")
            yield entry


def json_file(path: Path) -> dict[str, Any]:
    """Return the object in a file.

    Raises
    ------
    ValueError
        If there is none.
    """
    try:
        entry = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _damaged(path, "something that is no JSON") from error
    if not isinstance(entry, dict):
        raise _damaged(path, type(entry).__name__)
    return entry


def field(entry: Mapping[str, Any], names: Sequence[str], path: Path) -> Any:
    """Return the first field that an entry has of some that mean the same.

    Examples
    --------
    >>> field({"Flikr30kID": "7"}, ("Flickr30K_ID", "Flikr30kID"), Path("a.jsonl"))
    '7'
    """
    for name in names:
        if entry.get(name) is not None:
            return entry[name]
    alternatives = " or ".join(map(repr, names))
    raise ValueError(
        f"`folder` must hold a field {alternatives} in every row of {path.name}, "
        f"got {sorted(entry)}."
    )


def _damaged(path: Path, content: str) -> ValueError:
    return ValueError(f"`folder` must hold JSON in {path.name}, got {content}.")


def _spec(choice: Any, kind: Any, make: Any) -> Any:
    """Return the options of a modality; an encoder alone has the usual ones."""
    return choice if isinstance(choice, kind) else make("column", encoder=choice)


def _text(
    texts: list[str], blank: Bools, train: Bools, spec: Words
) -> tuple[npt.NDArray[np.float32], Info]:
    if spec.encoder is None:
        return text_vectors(texts, blank, train)
    present = np.flatnonzero(~blank)
    present_texts = [texts[row] for row in present]
    return encode_rows(present_texts, present, len(texts), "words", spec)


def _pictures(
    rows: Rows, spec: Pictures
) -> tuple[Modality, Bools, tuple[bytes, ...], Info]:
    """Return the modality, the rows without a picture, thumbnails and what was made."""
    files = list(dict.fromkeys(rows.files))
    number = {name: place for place, name in enumerate(files)}
    place = np.array([number[name] for name in rows.files])
    read = read_pictures(
        files,
        np.zeros(len(files), dtype=bool),
        size=spec.size if spec.encoder is None else 2,
        base=rows.root,
        thumbnails=True,
    )
    info = _counted(read, files, place, rows.root)
    absent = read.absent[place]
    thumbs = tuple(read.thumbnails[i] for i in place)
    if spec.encoder is None:
        about = {"name": "squares of pixels", "size": spec.size, **info}
        modality = Modality(read.pixels[place], "picture", common_scale=True)
        return modality, absent, thumbs, about
    present = np.flatnonzero(~read.absent)
    items = [content_of(files[i], rows.root) for i in present]
    vectors, about = encode_rows(items, present, len(files), "pictures", spec)
    modality = Modality(vectors[place], "vector", common_scale=True)
    return modality, absent, thumbs, {**about, **info}


def _counted(
    read: ReadPictures, files: list[str], place: npt.NDArray[np.intp], root: Path
) -> dict[str, int]:
    """Count files that are not there or cannot be read, and warn of them once."""
    for number, problem in read.problems.items():
        if isinstance(problem, OutsideError):
            raise ValueError(  # noqa: TRY004 (it is about a path)
                f"`folder` must hold every picture that it names, got "
                f"{files[number]!r}: {problem}."
            )
    missing = sum(isinstance(p, NotThereError) for p in read.problems.values())
    broken = len(read.problems) - missing
    if len(read.problems) == len(files):
        raise ValueError(
            f"`folder` must hold pictures that can be read, got none of {len(files)} "
            f"below {str(root)!r}, the first {files[0]!r}."
        )
    if read.problems:
        lack = int(read.absent[place].sum())
        warnings.warn(
            f"`folder` names {missing} pictures that are not there and {broken} that "
            f"cannot be read, so {lack} of {len(place)} rows lack 'picture': the first "
            f"is {files[min(read.problems)]!r}.",
            UserWarning,
            stacklevel=5,
        )
    return {"missing_files": missing, "unreadable": broken}


def without_encoder(arguments: Mapping[str, Any], source: str) -> None:
    """Refuse encoders where nothing is left to encode.

    Examples
    --------
    >>> without_encoder({"text": None}, "an hdf5 file")
    """
    for name, value in arguments.items():
        if value is not None:
            raise ValueError(
                f"`{name}` must be None with {source}, which holds vectors, "
                f"got {type(value).__name__}."
            )
