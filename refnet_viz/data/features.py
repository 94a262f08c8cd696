"""Features from words and pictures: specifications of columns, and their fitting."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import _check
from . import sparse

TERMS = 100_000  # the most frequent ones that are counted
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
SIDE = 4096  # no square of a modality is larger

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Words:
    """A column of texts, to become vectors; made by `words`.

    Parameters
    ----------
    column
        Its name.
    encoder
        What makes vectors of texts, or None for TF-IDF and singular directions.
    options
        Further arguments of the encoding.
    """

    column: str
    encoder: Any = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Pictures:
    """A column of pictures, to become squares or vectors; made by `pictures`.

    Parameters
    ----------
    column
        Its name.
    root
        The folder of the files, or None.
    size
        Pixels of a side.
    encoder
        What makes vectors of pictures, or None for the squares themselves.
    unreadable
        "refuse", or "absent".
    options
        Further arguments of the encoding.
    """

    column: str
    root: Path | None = None
    size: int = 32
    encoder: Any = None
    unreadable: Literal["refuse", "absent"] = "refuse"
    options: dict[str, Any] = field(default_factory=dict)


def words(
    column: str,
    *,
    encoder: Any = None,
    batch_size: int = 32,
    device: str | None = None,
    cache: str | os.PathLike[str] | None = None,
    name: str | None = None,
    version: str | None = None,
) -> Words:
    """Return the specification of a column of texts as a modality of vectors.

    Without an encoder: TF-IDF of words and pairs of words (of one to three characters
    where a language writes no spaces) with logarithmic counts, along its 100 leading
    singular directions at the most (latent semantic indexing, Deerwester et al. 1990),
    all fitted on training rows only. A row without text lacks the modality.

    Parameters
    ----------
    column
        Its name in the table.
    encoder
        A function of a list of texts that returns an array with a row for each, a
        sentence-transformers model or its like; None needs nothing.
    batch_size, device, cache, name, version
        Options of the encoder: texts at once, "cpu" or "cuda", a folder that keeps what
        was encoded, and what manifests call it.

    Returns
    -------
    Words
        For the `modalities` of `from_table` and `from_webdataset`.

    Raises
    ------
    ValueError
        If `column` is no name.

    Examples
    --------
    >>> words("caption").column
    'caption'
    """
    options = _options(encoder, batch_size, device, cache, name, version)
    return Words(_column(column), encoder, options)


def pictures(
    column: str,
    *,
    root: str | os.PathLike[str] | None = None,
    size: int = 32,
    encoder: Any = None,
    unreadable: Literal["refuse", "absent"] = "refuse",
    batch_size: int = 32,
    device: str | None = None,
    cache: str | os.PathLike[str] | None = None,
    name: str | None = None,
    version: str | None = None,
) -> Pictures:
    """Return the specification of a column of pictures as a modality.

    Entries are paths, bytes, or a struct of both, as parquet files of Hugging Face
    have it. Without an encoder they become squares of `size` pixels, whose colours and
    edges the model sees. A row without an entry lacks the modality, and so does one
    whose file is not there, which is said in a warning. Thumbnails are for hovering.

    Parameters
    ----------
    column
        Its name in the table.
    root
        The folder that paths start from and that none may leave, also by a link; None
        is the folder of the table's file, or for a table in memory any place.
    size
        Pixels of a side.
    encoder
        A function of a list of PIL pictures that returns an array with a row for
        each, a timm, open_clip or transformers model or its like; None needs nothing.
    unreadable
        What a damaged file means: "refuse", or "absent" for rows without a picture.
    batch_size, device, cache, name, version
        Options of the encoder: pictures at once, "cpu" or "cuda", a folder that
        keeps what was encoded, and what manifests call it.

    Returns
    -------
    Pictures
        For the `modalities` of `from_table` and `from_webdataset`.

    Raises
    ------
    FileNotFoundError
        If `root` is no folder.
    ValueError
        If an argument is none of these.

    Examples
    --------
    >>> pictures("file", size=48).size
    48
    """
    _check.integer("size", size, low=2, high=SIDE)
    _check.one_of("unreadable", unreadable, ("refuse", "absent"))
    folder = None if root is None else _check.folder("root", root)
    options = _options(encoder, batch_size, device, cache, name, version)
    return Pictures(_column(column), folder, int(size), encoder, unreadable, options)


def _options(
    encoder: Any,
    batch_size: int,
    device: str | None,
    cache: str | os.PathLike[str] | None,
    name: str | None,
    version: str | None,
) -> dict[str, Any]:
    """Return the arguments of `encode`."""
    asked = {"device": device, "cache": cache, "name": name, "version": version}
    for option, value in asked.items():
        if value is None:
            continue
        if encoder is None:
            raise ValueError(
                f"`{option}` must be None without an `encoder`, got "
                f"{_check.shown(value)}."
            )
        if option == "cache":
            _check.new_folder(option, value)
    _check.integer("batch_size", batch_size, low=1)
    return {
        "batch_size": batch_size,
        "device": device,
        "cache": cache,
        "name": name,
        "version": version,
    }


def _column(column: Any) -> str:
    if isinstance(column, str) and column:
        return column
    raise TypeError(
        f"`column` must be the name of a column, got {type(column).__name__}."
    )


def text_vectors(
    texts: Sequence[str], absent: Bools, fit_rows: Bools
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Return TF-IDF of texts along its leading singular directions.

    With c the count of a term in a text its weight is (1 + ln c) idf, and each text
    has length 1 before the reduction; the terms of a single text are left out where
    others remain.

    Parameters
    ----------
    texts
        N texts.
    absent
        ``(N,)`` bool, rows whose text is not looked at.
    fit_rows
        ``(N,)`` bool, rows that terms, idf and directions are fitted on: the training
        rows.

    Returns
    -------
    vectors
        ``(N, at most 100)``, 0 where absent.
    info
        The rule and what it was fitted on.

    Raises
    ------
    ValueError
        If no text has a term.

    Examples
    --------
    >>> texts = ["red cat", "red dog", "blue cat", ""]
    >>> gone = np.array([False, False, False, True])
    >>> vectors, info = text_vectors(texts, gone, ~gone)
    >>> vectors.shape, info["terms"], info["rows"]
    ((4, 2), 2, 3)
    """
    fit = np.flatnonzero(fit_rows & ~absent)
    fit = fit if len(fit) else np.flatnonzero(~absent)
    fit_texts = [texts[int(row)] for row in fit]
    counted, rule = _counted(fit_texts)
    present = np.flatnonzero(~absent)
    counts = counted.transform([texts[int(row)] for row in present])
    inside = np.isin(present, fit)
    reduced, info = sparse.reduced(counts, inside)
    vectors = np.zeros((len(texts), reduced.shape[1]), dtype=np.float32)
    vectors[present] = reduced
    return vectors, {
        **info,
        "name": "TF-IDF + truncated SVD",
        "terms_are": rule,
        "terms": len(counted.vocabulary_),
        "rows": len(fit),
        "without_a_known_term": int((np.diff(counts.indptr) == 0).sum()),
    }


def _counted(texts: list[str]) -> tuple[Any, str]:
    """Return the fitted TF-IDF of some texts, and what its terms are."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    spaced: dict[str, Any] = {"token_pattern": r"(?u)\b\w+\b", "ngram_range": (1, 2)}
    within: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (1, 3)}
    rules = {"words and pairs of words": spaced, "one to three characters": within}
    if _without_spaces(texts):
        rules.pop("words and pairs of words")
    for rule, options in rules.items():
        for fewest in (2, 1):
            counted = TfidfVectorizer(
                min_df=fewest, sublinear_tf=True, max_features=TERMS, **options
            )
            try:
                counted.fit(texts)
            except ValueError:  # no term is left
                continue
            if len(counted.vocabulary_) > 1 or fewest == 1:
                return counted, rule
    raise ValueError(
        f"`words` must have letters or signs in a training row, got {len(texts)} "
        "training rows without any."
    )


def _without_spaces(texts: Sequence[str]) -> bool:
    """Return whether most letters are of scripts that write no spaces."""
    sample = "".join(text[:200] for text in texts[:: max(1, len(texts) // 500)])
    letters = [sign for sign in sample if sign.isalpha()]
    count = sum(unicodedata.name(sign, "").startswith(UNSPACED) for sign in letters)
    return 2 * count > len(letters) > 0
