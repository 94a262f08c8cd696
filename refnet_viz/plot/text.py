"""Every word that comes from data passes here before plotly reads it as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

LONGEST = 40


# XML cannot hold these: control characters become their pictures (U+2400 and on),
# halves of characters the replacement sign.
_UNSAFE = {
    **{code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD),
}
_TAG = re.compile(r"<[^>]*>")


def printable(value: Any) -> str:
    r"""Return text with a sign for everything that files of pictures cannot hold.

    Examples
    --------
    >>> printable("bell\x07")
    'bell␇'
    """
    return str(value).translate(_UNSAFE)


def escape(value: Any) -> str:
    """Return text that plotly shows as it is: no tag, link or style gets through.

    Examples
    --------
    >>> escape("a<b & c>d")
    'a&lt;b &amp; c&gt;d'
    """
    return html.escape(printable(value), quote=False)


def unmarked(text: str) -> str:
    """Return what plotly's text says, without its tags.

    Examples
    --------
    >>> unmarked("<b>a &lt;b</b><br>c")
    'a <b; c'
    """
    return html.unescape(_TAG.sub("", text.replace("<br>", "; ")))


def listing(words: Sequence[Any]) -> str:
    """Return words as a reader would say them.

    Examples
    --------
    >>> listing(["plain", "refiner", "both"])
    'plain, refiner and both'
    """
    texts = [str(word) for word in words]
    return (
        ", ".join(texts[:-1]) + " and " + texts[-1]
        if len(texts) > 1
        else "".join(texts)
    )


def signed(value: float) -> str:
    """Return a number with two places and a proper minus, or that it is unknown.

    Examples
    --------
    >>> signed(-0.345), signed(1.0)
    ('−0.34', '1.00')
    """
    return f"{value:.2f}".replace("-", "\u2212") if np.isfinite(value) else "unknown"


def span(values: Sequence[float], form: str = ".2f") -> str:
    """Return the least and the largest of some numbers, once where they are equal.

    Examples
    --------
    >>> span([0.5, 0.25]), span([0.5, 0.501])
    ('0.25 to 0.50', '0.50')
    """
    ends = [format(end, form) for end in (min(values), max(values))]
    return " to ".join(dict.fromkeys(ends))


def clipped(text: str, longest: int) -> str:
    """Return text of bounded length.

    Examples
    --------
    >>> clipped("a rather long name", 8)
    'a rathe…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def cut(value: Any, longest: int = LONGEST) -> str:
    r"""Return text of bounded length in one line, as it is: not for plotly.

    Examples
    --------
    >>> cut("two\nlines"), cut("a rather long name", 8)
    ('two lines', 'a rathe…')
    """
    return clipped(" ".join(str(value).split()), longest)


def middle(text: str, longest: int) -> str:
    """Return text of bounded length with both its ends.

    Names that begin alike, or end alike, can still be told apart.

    Examples
    --------
    >>> middle("photograph of a lorry", 12), middle("lorry", 12)
    ('photog…lorry', 'lorry')
    """
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 2
    return f"{text[: longest - 1 - tail]}…{text[len(text) - tail :]}"


def short(value: Any, longest: int = LONGEST) -> str:
    """Return escaped text of bounded length for titles, legends and axes.

    Examples
    --------
    >>> short("a rather long name", 8)
    'a rathe…'
    """
    return escape(cut(value, longest))


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


def smalls(*lines: str) -> list[str]:
    """Return the lines of a title that say something, in the size of a subtitle.

    Examples
    --------
    >>> smalls("", "k = 5")
    ['<span style="font-size:11px">k = 5</span>']
    """
    return [small(line) for line in lines if line]


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
