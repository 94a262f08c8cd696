"""Inputs of reports and pages, and the file they write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import _check
from .._files import replacing
from .._nested import Variants, aligned
from .._spaces import space_variants
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..explorer.inputs import embeddings_of

SUFFIXES = (".html", ".htm")


def given(spaces: Any, data: Dataset | None = None) -> Variants[Embedding]:
    """Return variant to one embedding a seed, all with their rows in one order.

    What has no name says itself what it is.

    Parameters
    ----------
    spaces
        Embeddings or vectors, as `knn` takes them, or runs; one, a list or a mapping.
        Or the folder of a saved comparison.
    data
        The data of runs.

    Raises
    ------
    TypeError
        If a value is something else, or runs come without data.
    ValueError
        If ids differ between embeddings.

    Examples
    --------
    >>> own = Embedding.from_arrays([[0.0], [1.0]], name="mine")
    >>> list(given([own, own]))
    ['mine']
    """
    variants = space_variants(embeddings_of(spaces, data))
    return aligned("spaces", variants)


def page_path(path: str | os.PathLike[str]) -> Path:
    """Return where a page is written.

    Examples
    --------
    >>> page_path("page.pdf")
    Traceback (most recent call last):
    ...
    ValueError: `path` must end in '.html', got 'page.pdf'.
    """
    file = _check.path("path", path)
    if file.suffix.lower() not in SUFFIXES:
        raise ValueError(f"`path` must end in '.html', got {file.name!r}.")
    return _check.new_file("path", file)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give the temporary name of a file that appears whole or not at all."""
    try:
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise type(error)(
            "`path` must lie in a folder that exists and can be written to, "
            f"got {str(path)!r} ({error.strerror or error})."
        ) from error
