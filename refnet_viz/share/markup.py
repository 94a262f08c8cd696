"""HTML by hand: every word passes `text`, every file a strict policy."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .. import _check
from ..data.media import data_address
from ..plot.ink import AUTO, MODES, PAGE_MODES, fixed
from ..plot.page import source_hash

FOLDER = Path(__file__).parent
PAGE = """<!DOCTYPE html>
<html lang="en" class="rv-{mode}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{scheme}">
<meta name="generator" content="{program}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def text(value: Any) -> str:
    """Return text that a page shows as it is, in elements and in attributes.

    Examples
    --------
    >>> text("a<b & 'c'")
    'a&lt;b &amp; &#x27;c&#x27;'
    """
    return html.escape(str(value), quote=True)


def page(
    title: str,
    body: str,
    *,
    style: str,
    script: str = "",
    mode: str,
    program: str,
) -> bytes:
    """Return a whole page whose policy allows its own style and script, no others.

    Parameters
    ----------
    title
        Plain text.
    body
        HTML; words from data have passed `text`.
    style, script
        The only ones the page may run, allowed by their SHA-256.
    mode
        "light", "dark" or "auto".
    program
        What wrote it.
    """
    # A style element that held its own end would end there.
    assert "</style" not in style
    assert "</script" not in script
    allowed = [
        "default-src 'none'",
        "img-src data:",
        f"style-src '{source_hash(style)}'",
    ]
    if script:
        allowed.append(f"script-src '{source_hash(script)}'")
        body += f"\n<script>{script}</script>"
    allowed += ["base-uri 'none'", "form-action 'none'"]
    document = PAGE.format(
        mode=mode,
        scheme=_scheme(mode),
        policy="; ".join(allowed),
        title=text(title),
        style=style,
        body=body,
        program=text(program),
    )
    # Half a surrogate pair is a string, but no character.
    return document.encode("utf-8", "replace")


def source(name: str, folder: Path = FOLDER) -> str:
    """Return a script or style of the package."""
    return (folder / name).read_text("utf-8")  # line ends become \n on every system


def colors(mode: str) -> str:
    """Return the colours of a mode as rules of CSS; those of "auto" are both.

    Examples
    --------
    >>> colors("light")[:36]
    ':root { --paper: #FFFFFF; --text: #1'
    """
    if mode == AUTO:
        dark = f"@media (prefers-color-scheme: dark) {{ {colors('dark').strip()} }}\n"
        return colors("light") + dark
    ink = MODES[mode]
    names = {"paper": ink.paper, "text": ink.text, "muted": ink.muted, "line": ink.grid}
    light = mode == "light"
    names |= {
        "raised": "#F6F8FA" if light else "#1D2229",
        "link": "#0A5C8F" if light else "#7CC4EE",
        "good": "#00664A" if light else "#4FD1A5",
        "bad": "#A34400" if light else "#F2AA5E",
    }
    rules = " ".join(f"--{name}: {value};" for name, value in names.items())
    return f":root {{ {rules} color-scheme: {mode}; }}\n"


def palette_of(mode: str) -> str:
    """Return the mode of the figures of a page: those of "auto" are light.

    Examples
    --------
    >>> palette_of("auto"), palette_of("dark")
    ('light', 'dark')
    """
    return fixed(_check.one_of("mode", mode, PAGE_MODES))


def _scheme(mode: str) -> str:
    return " ".join(MODES) if mode == AUTO else mode


def items(lines: Iterable[str]) -> str:
    """Return a list of HTML lines."""
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def folded(title: str, content: str) -> str:
    """Return HTML that is read when its title is pressed."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table of plain values whose first column names the rows.

    Parameters
    ----------
    caption
        What it shows.
    columns
        Their names.
    rows
        Values; a `Cell` has a style.
    """
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in columns)
    body = "".join(f"<tr>{line(row)}</tr>" for row in rows)
    return framed(caption, f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def line(row: Sequence[Any]) -> str:
    """Return the cells of a row, the first of which names it."""
    name, *values = row
    return f'<th scope="row">{text(name)}</th>' + "".join(map(_cell, values))


class Cell(str):
    """Words of a table with the name of a style, such as "good"."""

    __slots__ = ("style",)
    style: str

    def __new__(cls, words: str, style: str) -> Cell:
        """Return the words."""
        cell = super().__new__(cls, words)
        cell.style = style
        return cell


def _cell(value: Any) -> str:
    style = f' class="{value.style}"' if isinstance(value, Cell) else ""
    return f"<td{style}>{text(value)}</td>"


def framed(caption: str, content: str) -> str:
    """Return a table that scrolls by itself where the page is narrow."""
    name = text(caption)
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{name}">'
        f"<table><caption>{name}</caption>{content}</table></div>"
    )


def csv_link(frame: pd.DataFrame, name: str, words: str) -> str:
    """Return a link that saves a table; the table itself is in the link."""
    content = frame.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    return (
        f'<a download="{text(name)}.csv" '
        f'href="{data_address("text/csv", content.encode("utf-8", "replace"))}">'
        f"{text(words)}</a>"
    )
