"""`describe`: a figure in words, for those who cannot see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from plotly.basedatatypes import BaseFigure

from .text import listing, printable, unmarked


def describe(figure: go.Figure) -> str:
    """Return what a figure shows, in one to three sentences.

    Of the figures of `refnet_viz.plot` they tell the main numbers beside their nulls.
    Saved pictures and pages carry them for screen readers.

    Parameters
    ----------
    figure
        Any plotly figure.

    Returns
    -------
    str
        Plain text.

    Raises
    ------
    TypeError
        If `figure` is none.

    Examples
    --------
    >>> describe(go.Figure(go.Bar(y=[1, 2]), layout_title_text="<b>Mine</b>"))
    'Mine: a figure of 1 bar trace.'
    """
    meta = meta_of(figure)
    if meta.get("alt"):
        return printable(meta["alt"])
    kinds = Counter(trace.type for trace in figure.data)
    traces = [
        f"{count} {kind} {'trace' if count == 1 else 'traces'}"
        for kind, count in kinds.items()
    ]
    summary = f"figure of {listing(traces) or 'no traces'}"
    title = title_of(figure)
    return f"{title}: a {summary}." if title else f"A {summary}."


def meta_of(figure: Any) -> Mapping[str, Any]:
    """Return the names and values that a figure carries, none where it has others.

    Raises
    ------
    TypeError
        If it is no plotly figure.

    Examples
    --------
    >>> meta_of(go.Figure(layout_meta={"k": 5})), meta_of(go.Figure(layout_meta=5))
    ({'k': 5}, {})
    """
    if not isinstance(figure, BaseFigure):
        raise TypeError(
            f"`figure` must be a plotly figure, got {type(figure).__name__}."
        )
    meta = figure.layout.meta
    return meta if isinstance(meta, Mapping) else {}


def title_of(figure: Any) -> str:
    """Return the first line of a figure's title, or of its caption, as plain text.

    Examples
    --------
    >>> title_of(go.Figure(layout_title_text="a &lt;b<br>more"))
    'a <b'
    """
    text, meta = figure.layout.title.text or "", figure.layout.meta
    if not text and isinstance(meta, Mapping):
        return printable(meta.get("title", ""))
    return printable(unmarked(text.split("<br>")[0]))
