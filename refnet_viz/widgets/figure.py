"""The map as a FigureWidget: built once, then changed in one message a redraw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..embedding import Embedding
from ..graph.edge_patterns import EdgePatterns
from ..plot.color import MOST_ENTRIES, Coloring
from ..plot.panels import flat_axes
from ..plot.points import cap, edge_lines, edge_style, point_size, scatter_class
from ..plot.text import count_of, escape, short, small
from ..plot.theme import class_style, ink, theme
from . import modal_edges
from .facts import Rows
from .map import Map, survive_reload
from .runs import Place

HEIGHT = 560
MOST_EDGES = 3_000
LONGEST_NAME = 24  # of a class in the legend, which takes its room from the map
# Positions of the traces. Points are drawn above edges, also above those that follow
# them; only WebGL cannot.
EDGES, POINTS, KEYS = 0, 1, 2
MODAL = KEYS + MOST_ENTRIES + 1
BUTTONS = ("sendChartToCloud", "autoScale", "zoomIn", "zoomOut", "toImage")


@dataclass(frozen=True)
class View:
    """All that one redraw shows.

    Parameters
    ----------
    title, caption
        What is shown, and how far the layout can be trusted; escaped.
    coordinates
        ``(N, 2)``.
    pairs, kind
        ``(E, 2)`` ends of the edges, and "none", "all", "by modality", "kept", "gained"
        or "lost".
    patterns
        What is known of these edges when they are shown by modality, else None.
    hue
        What colour means.
    rows
        The selected points.
    """

    title: str
    caption: str
    coordinates: npt.NDArray[np.float32]
    pairs: npt.NDArray[np.int64]
    kind: str
    patterns: EdgePatterns | None
    hue: Coloring
    rows: Rows


def build(embedding: Embedding, words: list[str], mode: str) -> Map:
    """Return the map with all its traces, still empty.

    One trace holds the edges, the next all points with their ids as customdata; then
    come entries of the legend, waiting to be used, and edges by modality.

    Parameters
    ----------
    embedding
        Whose points these are.
    words
        What each point says when it is pointed at, escaped.
    mode
        "light" or "dark".
    """
    count = len(embedding)
    trace = scatter_class(count)
    marker = {
        "size": point_size(count) + 1, "opacity": 0.9,
        "line": {"color": ink(mode).outline, "width": 0.5},
    }  # fmt: skip
    nowhere = np.zeros(count, np.float32)
    figure = go.Figure([
        trace(
            x=[], y=[], mode="lines", hoverinfo="skip", showlegend=False, name="edges"
        ),
        trace(
            x=nowhere, y=nowhere, mode="markers", marker=marker, name="points",
            customdata=embedding.ids, hovertext=words, showlegend=False,
            hovertemplate="%{hovertext}<extra></extra>",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0.12}},
        ),
        *(_entry() for _ in range(MOST_ENTRIES + 1)),
        *modal_edges.build(trace, len(embedding.inputs), mode),
    ])  # fmt: skip
    if trace is go.Scatter:
        figure.data[POINTS].zorder = 1
    figure = theme(figure, mode)
    flat_axes(figure, 1, ink(mode))
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 84, "b": 10}, dragmode="lasso",
        title={"font": {"size": 14}, "pad": {"t": 4}}, autosize=True,
        clickmode="event+select", hovermode="closest", modebar_remove=list(BUTTONS),
        showlegend=True, legend2=modal_edges.legend(),
        legend={
            "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top",
            "font": {"size": 11}, "itemclick": False, "itemdoubleclick": False,
        },
    )  # fmt: skip
    widget = Map(figure)
    widget._config = {"responsive": True, "displaylogo": False}
    return widget


def draw(figure: Map, view: View) -> None:
    """Change the map in one message; what is already right is not sent again."""
    rows = cap(view.pairs, MOST_EDGES)
    drawn = view.pairs[rows]
    modal = None if view.patterns is None else view.patterns.subset(rows)
    plain = drawn if modal is None else drawn[:0]
    lines = edge_lines(view.coordinates, plain, count=len(view.coordinates))
    edges, points = figure.data[EDGES], figure.data[POINTS]
    with figure.batch_update():
        edges.update(x=lines.x, y=lines.y, **_edge_style(view))
        modal_edges.draw(figure.data[MODAL:], view.coordinates, drawn, modal)
        points.update(x=view.coordinates[:, 0], y=view.coordinates[:, 1])
        points.selectedpoints = view.rows.tolist() if len(view.rows) else None
        # To check thousands of colours takes longer than all the rest.
        if figure.hue is None or not _same(figure.hue, view.hue):
            points.marker.update(_marker(view.hue))
            _draw_key(figure, view.hue)
            figure.hue = view.hue
        figure.layout.title.text = _title(view, len(drawn))
    survive_reload(figure)


def _entry() -> go.Scatter:
    marker = {"size": 9, "color": "rgba(0,0,0,0)", "symbol": "circle"}
    return go.Scatter(
        x=[None], y=[None], mode="markers", marker=marker, hoverinfo="skip",
        visible=False,
    )  # fmt: skip


def _edge_style(view: View) -> dict[str, Any]:
    mode = view.hue.mode
    style = {"line": {**edge_style(ink(mode), 1.0), "dash": "solid"}, "opacity": 1.0}
    if view.kind in {"gained", "lost"}:
        number, dash = (0, "dash") if view.kind == "gained" else (3, "dot")
        line = {"color": class_style(number, mode)[0], "dash": dash, "width": 1.2}
        style = {"line": line, "opacity": 0.6}
    return style


def _marker(hue: Coloring) -> dict[str, Any]:
    """Return the marker of all points; classes as steps of a colour scale.

    Plotly checks names of colours one by one, numbers all at once.
    """
    given = hue.marker(0)
    if not hue.names:
        return {"symbol": "circle", "colorscale": None, **given}
    count = len(hue.names)
    steps = [
        [(number + end) / count, color]
        for number, (color, _) in enumerate(hue.styles)
        for end in (0, 1)
    ]
    return {
        **given, "color": hue.values[0] + 0.5, "coloraxis": None, "colorscale": steps,
        "cmin": 0, "cmax": count, "showscale": False,
    }  # fmt: skip


def _same(one: Coloring, other: Coloring) -> bool:
    words = [(hue.title, hue.names, hue.styles) for hue in (one, other)]
    return words[0] == words[1] and np.array_equal(one.values[0], other.values[0])


def _draw_key(figure: Map, hue: Coloring) -> None:
    """Fill the legend, or show the colour bar."""
    entries = _entries(hue)
    for number, entry in enumerate(figure.data[KEYS:MODAL]):
        if number < len(entries):
            name, color, symbol = entries[number]
            entry.update(name=name, visible=True, showlegend=True)
            entry.marker.update(color=color, symbol=symbol)
        else:
            entry.visible = False
    figure.layout.legend.title.text = hue.title
    if hue.names:
        figure.layout.coloraxis.showscale = False
    else:
        bar = go.Figure()
        hue.add_key(bar)
        axis = bar.layout.coloraxis.to_plotly_json()
        figure.layout.coloraxis = {**axis, "showscale": True}


def _entries(hue: Coloring) -> list[tuple[str, str, str]]:
    """Return name (escaped), colour and symbol of each entry of the legend."""
    if len(hue.names) < 2:
        return []
    seen = np.unique(hue.values[0])
    entries = [(escape(_cut(hue.names[i])), *hue.styles[i]) for i in seen]
    if len(entries) > MOST_ENTRIES:
        rest = f"and {len(entries) - MOST_ENTRIES} more: point at them"
        entries = [*entries[:MOST_ENTRIES], (rest, "rgba(0,0,0,0)", "circle")]
    return entries


def _cut(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _title(view: View, drawn: int) -> str:
    lines = [view.title, small(view.caption)]
    if view.kind != "none":
        plain = view.kind == "all" or view.patterns is not None
        told = count_of(
            drawn, len(view.pairs), "edges" if plain else f"{view.kind} edges"
        )
        touching = " that touch the selection" if len(view.rows) else ""
        dashed = ", dashed where a modality contradicts them" if view.patterns else ""
        lines.append(small(told + touching + dashed))
    return "<br>".join(lines)


def title_of(place: Place) -> str:
    """Return which graph is shown, and the weights where they differ, escaped."""
    title = f"<b>{short(place.variant)}</b>, seed {escape(place.seed)}"
    parts = [f"{short(name)} {weight:g}" for name, weight in place.weights]
    weights = f", weights: {', '.join(parts)}" if parts else ""
    return f"{title}, {short(place.space)} space{weights}"


def hover_words(embedding: Embedding, labels: list[str] | None) -> list[str]:
    """Return what each point says when it is pointed at: id and label, escaped."""
    names = [f"<b>{escape(name)}</b>" for name in embedding.ids]
    if labels is None:
        return names
    return [
        f"{name}<br>{short(label)}" for name, label in zip(names, labels, strict=True)
    ]
