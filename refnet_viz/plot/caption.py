"""`caption`: what is written below a figure in a paper, and figures without it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any

import plotly.graph_objects as go

from .describe import meta_of
from .text import printable, unmarked

# A panel's titles begin with its name; method lines are written smaller.
_SMALL = re.compile(r'^<span style="font-size:11px[^>]*>')


def caption(figure: go.Figure) -> str:
    """Return the caption of a figure: its title, and how it was made, panel by panel.

    The figures of `refnet_viz.plot` have both written in them; drawn with
    ``caption=True`` they leave them to the caption, and their panels have letters
    instead. `refnet_viz.save` writes it into the manifest as ``caption``.

    Parameters
    ----------
    figure
        Any plotly figure.

    Returns
    -------
    str
        Plain text, without numbers of figures.

    Raises
    ------
    TypeError
        If `figure` is none.

    Examples
    --------
    >>> caption(go.Figure(layout_title_text="<b>Maps</b><br>k = 5"))
    'Maps. k = 5.'
    """
    meta = meta_of(figure)
    if "caption" in meta:
        return printable(meta["caption"])
    title, panels = _texts(figure)
    sentences = [_sentence(title)]
    letters = _letters(len(panels))
    for letter, text in zip(letters, panels, strict=True):
        words = _sentence(text)
        sentences.append(f"({letter}) {words}" if letter and words else words)
    return printable(" ".join(words for words in sentences if words))


def moved(figure: go.Figure) -> go.Figure:
    """Return a figure without title and method lines, which are its caption now.

    Parameters
    ----------
    figure
        With ``meta["grid"]``; it is changed.

    Examples
    --------
    >>> from .panels import grid
    >>> figure = grid([["<b>a</b>"], ["<b>b</b>"]], columns=2, height=90)
    >>> figure = moved(figure.update_layout(title_text="Two<br>k = 5"))
    >>> figure.layout.meta["caption"], figure.layout.annotations[1].text
    ('Two. k = 5. (a) a. (b) b.', '<b>b</b>  b')
    """
    title, panels = _texts(figure)
    words = {"caption": caption(figure), "title": unmarked(title.split("<br>")[0])}
    figure.layout.meta = {**words, **figure.layout.meta}
    figure.layout.title.text = None
    letters = _letters(len(panels))
    for number, (letter, text) in enumerate(zip(letters, panels, strict=True)):
        lines = [line for line in text.split("<br>") if line.strip()]
        names = [line for line in lines if not _SMALL.match(line)]
        mark = f"<b>{letter}</b>" if letter else ""
        # The letter is what is bold then.
        name = "<br>".join(names).replace("<b>", "").replace("</b>", "")
        figure.layout.annotations[number].text = "  ".join(
            part for part in (mark, name) if part
        )
    return figure


def _letters(count: int) -> list[str]:
    """Return the letters of the panels: none for one, a to z and then aa, ab ..."""
    if count < 2:
        return [""] * count
    letters = ascii_lowercase
    pairs = [a + b for a in letters for b in letters]
    return [*letters, *pairs][:count]


def _texts(figure: go.Figure) -> tuple[str, list[str]]:
    """Return the title of a figure and those of its panels, before they were broken."""
    layout = figure.layout
    spec: Mapping[str, Any] = meta_of(figure).get("grid") or {}
    notes = [note.text or "" for note in layout.annotations[: spec.get("panels", 0)]]
    texts = [layout.title.text or "", *notes]
    previous = spec.get("texts", [])
    for place, (before, after) in enumerate(previous[: len(texts)]):
        if texts[place] == after:
            texts[place] = before
    return texts[0], texts[1:]


def _sentence(text: str) -> str:
    """Return lines as sentences of plain text."""
    first, *rest = (unmarked(line).strip() for line in text.split("<br>"))
    method = "; ".join(line.rstrip(".") for line in rest if line)
    if len(method.split(" ")[0]) > 1:  # no letter that stands for a number, such as k
        method = method[:1].upper() + method[1:]
    parts = [part.rstrip(".") for part in (first, method) if part]
    return f"{'. '.join(parts)}." if parts else ""
