"""Hateful Memes: pictures with text on them, and whether both together are hateful."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from .. import _check
from .dataset import Dataset
from .published import PARTS, Rows, field, first_file, folder_of, json_lines, paired

CLASSES = ("not hateful", "hateful")
METRICS = ("auroc", "accuracy")
PHASES = ("seen", "unseen")
# The first release has no phases in its names; what it holds was called "seen" later.
_FIRST = {"seen": {"dev": ("dev.jsonl",), "test": ("test.jsonl",)}}


def hateful_memes(
    folder: str | os.PathLike[str],
    *,
    phase: Literal["seen", "unseen"] = "seen",
    text: Any = None,
    picture: Any = None,
) -> Dataset:
    """Read the Hateful Memes challenge with its official parts.

    The folder holds ``img/`` with the pictures and, with one JSON object a line of the
    fields ``id``, ``img`` (as "img/42953.png"), ``text`` and, where it is public,
    ``label`` (1: hateful)::

        train.jsonl
        dev_seen.jsonl   dev_unseen.jsonl    (first release: dev.jsonl)
        test_seen.jsonl  test_unseen.jsonl   (first release: test.jsonl)

    The owners ask for AUROC (`METRICS["auroc"]`), and for accuracy beside it. Rows of a
    test file without labels are unlabelled.

    Parameters
    ----------
    folder
        Where these files stand. They may be had from their owner only.
    phase
        "seen", the parts of the paper (8,500 / 500 / 1,000 rows), or "unseen", those of
        the second phase of the competition (8,500 / 540 / 2,000).
    text, picture
        What encodes them, as `encode` takes it, or `words` and `pictures` with its
        options (their column does not matter). None makes TF-IDF with singular
        directions, and squares of pixels.

    Returns
    -------
    Dataset
        Modalities ``picture`` and ``text``; dev is "val".

    Warns
    -----
    UserWarning
        If pictures are not there or cannot be read, with their number; these rows lack
        the modality.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing.
    ValueError
        If a file is damaged or a label is neither 0 nor 1.

    Notes
    -----
    The layout was read in the README that comes with the data and in
    ``mmf/datasets/builders/hateful_memes`` of facebookresearch/mmf.

    References
    ----------
    Kiela et al. 2020, The Hateful Memes Challenge.

    Examples
    --------
    >>> hateful_memes("nowhere")
    Traceback (most recent call last):
    ...
    FileNotFoundError: `folder` must be a folder, got 'nowhere'.
    """
    _check.one_of("phase", phase, PHASES)
    place = folder_of(folder)
    files = {part: first_file(place, _names(part, phase)) for part in PARTS}
    return paired(
        _rows(place, files),
        text=text,
        picture=picture,
        info={
            "source": "Hateful Memes",
            "files": [path.name for path in files.values()],
            "phase": phase,
            "metrics": list(METRICS),
        },
        name="hateful memes",
    )


def _names(part: str, phase: str) -> tuple[str, ...]:
    if part == "train":
        return ("train.jsonl",)
    return (f"{part}_{phase}.jsonl", *_FIRST.get(phase, {}).get(part, ()))


def _rows(folder: Path, files: dict[str, Path]) -> Rows:
    ids, texts, pictures, split, labels = [], [], [], [], []
    for part, path in files.items():
        for entry in json_lines(path):
            ids.append(str(field(entry, ("id",), path)))
            texts.append(str(field(entry, ("text",), path)))
            pictures.append(str(field(entry, ("img",), path)))
            labels.append(_label(entry.get("label"), ids[-1]))
            split.append(PARTS[part])
    return Rows(
        ids=ids,
        texts=texts,
        files=pictures,
        split=split,
        labels=np.array(labels, dtype=np.int64),
        class_names=CLASSES,
        root=folder,
        metadata=pd.DataFrame({"text": texts, "file": pictures}),
    )


def _label(value: Any, row: str) -> int:
    if value is None or value == "":
        return -1
    if str(value) in {"0", "1"}:
        return int(value)
    raise ValueError(
        f"`folder` must hold labels 0 and 1 of memes, got {value!r} for id {row!r}."
    )
