"""Warnings about a dataset, given once a process when it is first trained on."""

from __future__ import annotations

import inspect
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .leaks import repeated_rows
from .splits import validation_from_train, with_validation

if TYPE_CHECKING:
    from .dataset import Dataset

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_SAID: set[tuple[str, str]] = set()  # topics, and fingerprints of data


def warn_before_training(data: Dataset, *, validation: bool = True) -> None:
    """Warn of rows that repeat training rows, and of borrowed validation rows.

    Each once for a dataset and process.

    Parameters
    ----------
    data
        As it was handed over.
    validation
        Whether validation rows are needed.

    Raises
    ------
    ValueError
        If they are needed, and there are none and cannot be any.
    """
    if _first("rows that repeat", data):
        counts = [
            f"{count} of {np.sum(data.split == part)} {part} rows"
            for part, count in repeated_rows(data).items()
        ]
        if counts:
            _warn(
                f"{' and '.join(counts)} equal a training row in all modalities, which "
                "flatters every score on them; `data.leaks()` lists them."
            )
    if validation:
        warn_of_validation(data)


def warn_of_validation(data: Dataset, *, seed: int = 0) -> None:
    """Warn of validation rows that are taken from the training rows.

    Once for a dataset and process.

    Parameters
    ----------
    data, seed
        As in `with_validation`.
    """
    source = validation_from_train(data, with_validation(data, seed=seed), seed=seed)
    if source is not None and _first("validation", data):
        groups = "" if data.groups is None else ", whole groups"
        _warn(
            f"`data` has no validation rows, so {source['rows']} of its "
            f"{np.sum(data.split == 'train')} training rows (a stratified fifth"
            f"{groups}, seed {seed}) take their place and are not trained on."
        )


def hush(data: Dataset) -> None:
    """Mark a dataset's warnings as given: the parent process has given them."""
    _first("rows that repeat", data)
    _first("validation", data)


def _first(topic: str, data: Dataset) -> bool:
    """Return whether this is the first time, and remember it."""
    before = len(_SAID)
    _SAID.add((topic, data.fingerprint))
    return len(_SAID) > before


def _warn(sentence: str) -> None:
    """Warn at the line of whoever called this package."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(sentence, UserWarning, stacklevel=level)
