"""SNLI-VE: whether a sentence follows from a photograph."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .dataset import Dataset
from .published import PARTS, Rows, field, first_file, folder_of, json_lines, paired

CLASSES = ("entailment", "neutral", "contradiction")
METRICS = ("accuracy",)
# The generator of the public repository writes one, its parser reads the other.
PICTURE = ("Flickr30K_ID", "Flikr30kID", "Flickr30kID")
NO_LABEL = "-"  # the annotators did not agree


def snli_ve(
    folder: str | os.PathLike[str],
    *,
    flickr: str | os.PathLike[str],
    text: Any = None,
    picture: Any = None,
) -> Dataset:
    """Read SNLI-VE with its official parts, and the photographs of Flickr30k.

    The folder holds ``snli_ve_train.jsonl``, ``snli_ve_dev.jsonl`` and
    ``snli_ve_test.jsonl``, with one JSON object a line. Read are ``pairID``,
    ``sentence2`` (the hypothesis), ``gold_label`` and the number of the photograph,
    ``Flickr30K_ID`` or ``Flikr30kID``, without its ending.

    The official number is accuracy (`METRICS["accuracy"]`) of three classes. The rows
    of a photograph are a group, and no photograph is in two parts.

    Parameters
    ----------
    folder
        Where these files stand (529,527 / 17,858 / 17,901 rows).
    flickr
        The folder of the photographs, ``<number>.jpg``. They may be had from the
        owners of Flickr30k only.
    text, picture
        What encodes them, as `encode` takes it, or `words` and `pictures` with its
        options (their column does not matter). None makes TF-IDF with singular
        directions, and squares of pixels.

    Returns
    -------
    Dataset
        Modalities ``picture`` (the premise) and ``text``; dev is "val".

    Warns
    -----
    UserWarning
        If photographs are not there or cannot be read, with their number; these rows
        lack the modality.

    Raises
    ------
    FileNotFoundError
        If a folder or a file is missing.
    ValueError
        If a file is damaged, a label is none of the three, or a photograph is in two
        parts.

    Notes
    -----
    The layout was read in the README, ``vet/tools/snli_ve_generator.py`` and
    ``vet/tools/snli_ve_parser.py`` of necla-ml/SNLI-VE.

    References
    ----------
    Xie et al. 2019, Visual Entailment.

    Examples
    --------
    >>> snli_ve("nowhere", flickr="nowhere")
    Traceback (most recent call last):
    ...
    FileNotFoundError: `folder` must be a folder, got 'nowhere'.
    """
    place = folder_of(folder)
    photographs = _check.folder("flickr", flickr, of="of photographs")
    files = {part: first_file(place, (f"snli_ve_{part}.jsonl",)) for part in PARTS}
    return paired(
        _rows(files, photographs),
        text=text,
        picture=picture,
        info={
            "source": "SNLI-VE",
            "files": [path.name for path in files.values()],
            "metrics": list(METRICS),
        },
        name="SNLI-VE",
    )


def _rows(files: dict[str, Path], photographs: Path) -> Rows:
    ids, texts, pictures, split, labels = [], [], [], [], []
    for part, path in files.items():
        for entry in json_lines(path):
            ids.append(str(field(entry, ("pairID",), path)))
            texts.append(str(field(entry, ("sentence2",), path)))
            number = str(field(entry, PICTURE, path)).removesuffix(".jpg")
            pictures.append(f"{number}.jpg")
            labels.append(_label(entry.get("gold_label"), ids[-1]))
            split.append(PARTS[part])
    return Rows(
        ids=ids,
        texts=texts,
        files=pictures,
        split=split,
        labels=np.array(labels, dtype=np.int64),
        class_names=CLASSES,
        root=photographs,
        groups=[name.removesuffix(".jpg") for name in pictures],
        metadata=pd.DataFrame({"hypothesis": texts, "photograph": pictures}),
    )


def _label(value: Any, row: str) -> int:
    if value is None or value in {"", NO_LABEL}:
        return -1
    if value in CLASSES:
        return CLASSES.index(value)
    names = ", ".join(map(repr, CLASSES))
    raise ValueError(
        f"`folder` must hold gold_label as {names} or '-', got {value!r} for pairID "
        f"{row!r}."
    )
