"""Items for encoders: texts, or pictures that may be files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

from .. import _check
from .._files import content as file_content
from .decoded import as_rgb


def as_items(items: Any, kind: str) -> list[Any]:
    """Return texts or pictures as a list; only texts are looked at.

    Raises
    ------
    ValueError
        If there are none, or one is no text.

    Examples
    --------
    >>> as_items(["a", None], "words")
    Traceback (most recent call last):
    ...
    ValueError: `items` must hold texts, got None in row 1.
    """
    if isinstance(items, str | bytes | os.PathLike) or not hasattr(items, "__iter__"):
        raise ValueError(
            f"`items` must be a sequence of {kind}, got {type(items).__name__}."
        )
    listed = list(items)
    if not listed:
        raise ValueError(f"`items` must hold at least one of {kind}, got none.")
    if kind == "pictures":
        return listed
    row = next((i for i, item in enumerate(listed) if not isinstance(item, str)), None)
    if row is not None:
        raise ValueError(
            f"`items` must hold texts, got {_check.shown(listed[row])} in row {row}."
        )
    return [str(item) for item in listed]


def digest(item: Any, kind: str, row: int) -> bytes:
    """Return the SHA-256 of an item's content: letters, bytes of a file or pixels."""
    if kind == "words":
        content = item.encode("utf-8", "surrogatepass")
    elif isinstance(item, bytes | bytearray | memoryview):
        content = bytes(item)
    elif isinstance(item, str | os.PathLike):
        content = _readable(lambda: file_content(item), row)
    else:
        image = opened(item, kind, row)
        content = f"{image.size}".encode() + image.tobytes()
    return hashlib.sha256(kind.encode() + b"\x00" + content).digest()


def opened(item: Any, kind: str, row: int) -> Any:
    """Return an item as an encoder takes it: a text, or a picture in RGB."""
    return item if kind == "words" else _readable(lambda: as_rgb(item), row)


def _readable(read: Callable[[], Any], row: int) -> Any:
    try:
        return read()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(
            f"`items` must hold pictures that PIL can read, got one in row {row} that "
            f"it cannot ({why})."
        ) from error
    except TypeError as error:
        raise ValueError(
            "`items` must hold pictures of PIL, bytes of files or paths, "
            f"got {_check.first_line(error)} in row {row}."
        ) from error
