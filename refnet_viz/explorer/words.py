"""Words from data at a length that fits; pages show them as text, never as HTML."""

from __future__ import annotations

from typing import Any


def cut(value: Any, longest: int = 40) -> str:
    """Return text of bounded length, in one line.

    Examples
    --------
    >>> cut("a rather long name", 8)
    'a rathe…'
    """
    text = " ".join(str(value).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
