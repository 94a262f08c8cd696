"""The maps as a plain figure, to be saved, changed, or left behind in a notebook."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..embedding import Embedding
from ..plot.panels import default_columns, finish, flat_axes, grid, place
from ..plot.points import edge_lines, points
from ..plot.record import call_of, with_call
from ..plot.text import escape, short, small
from ..plot.theme import faded, ink
from . import edges
from .points import PointTable
from .view import Panel, View

HEIGHT = 340
CONTEXT = "#8b949e"
DASHES = {(): "solid", (5, 3): "dash", (2, 3): "dot"}


def figure(view: View, shown: list[PointTable], arguments: dict[str, Any]) -> go.Figure:
    """Return a plain figure of a view.

    Parameters
    ----------
    view
        What the maps show.
    shown
        What is known of the points of each.
    arguments
        What makes the explorer show it, its spaces included.
    """
    titles = [_lines(view, panel) for panel in view.panels]
    wide = default_columns(len(view.panels))
    made = grid(titles, columns=wide, height=HEIGHT)
    colors = ink(view.hue.mode)
    for number, panel in enumerate(view.panels):
        at = place(number, wide)
        for trace in _edges(view, panel):
            made.add_trace(trace, **at)
        for trace in _points(view, panel, number, shown[number].embedding):
            made.add_trace(trace, **at)
        flat_axes(made, number + 1, colors)
    if view.together:
        _tie(made, len(view.panels))
    view.hue.coloring.add_key(made)
    meta = {
        "alt": " ".join(view.summary(panel) for panel in view.panels),
        "selection": arguments.get("selected", ()), "k": arguments["k"],
        "space": arguments["space"],
    }  # fmt: skip
    title = f"{view.panels[0].space}, coloured by {view.hue.title or 'nothing'}"
    made = finish(made, f"<b>{escape(title)}</b>", view.hue.mode, meta)
    return with_call(made, call_of("explorer", arguments))


def _lines(view: View, panel: Panel) -> list[str]:
    # The space is in the title of the figure.
    parts = [part for line in view.told(panel)[1:] for part in line]
    return [f"<b>{short(panel.title)}</b>", *(small(escape(part)) for part in parts)]


def _edges(view: View, panel: Panel) -> list[go.Scatter | go.Scattergl]:
    rows = view.edges(panel)
    pairs, groups = panel.pairs[rows], panel.groups and panel.groups.subset(rows)
    flat = panel.layout.coordinates
    return [
        edge_lines(
            flat, pairs[mask], count=len(flat), name=panel.kind,
            line={
                "color": style["color"], "width": style["width"],
                "dash": DASHES[tuple(style["dash"])],
            },
        )
        for style, mask in edges.styled(panel.kind, groups, len(rows), view.hue.mode)
        if mask.any()
    ]  # fmt: skip


def _points(
    view: View, panel: Panel, number: int, embedding: Embedding
) -> list[go.Scatter | go.Scattergl]:
    """Return the points, those that are not selected as a grey context below."""
    flat, drawn = panel.layout.coordinates, view.drawn
    marker = view.hue.coloring.marker(number)
    chosen = np.isin(drawn, view.rows) if len(view.rows) else np.ones(len(drawn), bool)
    parts = [(drawn[chosen], _of(marker, drawn[chosen]))]
    if len(view.rows):
        grey = {"color": faded(CONTEXT, 0.3), "line": {"width": 0}}
        parts.insert(0, (drawn[~chosen], grey))
    return [
        points(embedding.subset(rows), flat[rows], own, name=short(panel.title))
        for rows, own in parts
        if len(rows)
    ]


def _of(marker: dict[str, Any], rows: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in marker.items():
        part = _of(value, rows) if isinstance(value, dict) else value
        found[key] = part[rows] if isinstance(part, np.ndarray) else part
    return found


def _tie(made: go.Figure, count: int) -> None:
    for number in range(2, count + 1):
        together = {f"{axis}axis{number}": {"matches": axis} for axis in "xy"}
        made.update_layout(together)
