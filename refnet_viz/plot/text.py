"""Every word that comes from data passes here before plotly reads it as HTML."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

LONGEST = 40


def escape(value: Any) -> str:
    """Return text that plotly shows as it is: no tag, link or style gets through.

    Examples
    --------
    >>> escape("a<b & c>d")
    'a&lt;b &amp; c&gt;d'
    """
    return html.escape(str(value), quote=False)


def short(value: Any, longest: int = LONGEST) -> str:
    """Return escaped text of bounded length for titles, legends and axes.

    Examples
    --------
    >>> short("a rather long name", 8)
    'a rathe…'
    """
    text = " ".join(str(value).split())
    return escape(text if len(text) <= longest else text[: longest - 1] + "…")


def count_of(drawn: int, total: int, what: str) -> str:
    """Say how many are drawn, and of how many when some are left out.

    Examples
    --------
    >>> count_of(1000, 5400, "edges"), count_of(7, 7, "edges")
    ('1,000 of 5,400 edges drawn', '7 edges')
    """
    if drawn == total:
        return f"{total:,} {what}"
    return f"{drawn:,} of {total:,} {what} drawn"


def small(text: str) -> str:
    """Return a line of a title in the size of a subtitle."""
    return f'<span style="font-size:11px">{text}</span>'


def plain(value: Any) -> Any:
    """Return nested values with numpy numbers, keys and NaN made JSON's own.

    Examples
    --------
    >>> plain({"k": np.int64(3), "seed": None, "score": float("nan")})
    {'k': 3, 'seed': None, 'score': None}
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | None) else str(value)
