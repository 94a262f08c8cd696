"""The map as a FigureWidget: built once, then changed in one message a redraw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..embedding import Embedding
from ..plot.attribution import MOST, EdgeSets
from ..plot.color import MOST_ENTRIES, Coloring
from ..plot.panels import flat_axes
from ..plot.points import cap, edge_lines, edge_style, point_size, scatter_class
from ..plot.text import count_of, escape, short, small
from ..plot.theme import class_style, ink, theme
from .facts import Rows
from .map import Map, survive_reload

HEIGHT = 560
MOST_EDGES = 3_000
BELOW_BAR = 0.28  # where a colour bar ends, as a share of the map's height
LONGEST_NAME = 24  # of a class in the legend, which takes its room from the map
EDGES, POINTS, KEYS = 0, 1, 2  # positions of the traces; points lie above edges
SETS = KEYS + MOST_ENTRIES + 1  # edges by modality, put below by their order in depth
MOST_SETS = 2 * (MOST + 1)  # solid and dashed, with the emergent ones
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
        ``(E, 2)`` ends of the edges, and "none", "all", "kept", "gained" or "lost".
    hue
        What colour means.
    rows
        The selected points.
    sets
        The edges by modality, None when others are drawn.
    """

    title: str
    caption: str
    coordinates: npt.NDArray[np.float32]
    pairs: npt.NDArray[np.int64]
    kind: str
    hue: Coloring
    rows: Rows
    sets: EdgeSets | None = None


def build(embedding: Embedding, words: list[str], mode: str) -> Map:
    """Return the map with all its traces, still empty.

    One trace holds the edges, the next all points with their ids as customdata; the
    others are entries of the legend, waiting to be used.

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
        *(_set_of_edges(trace) for _ in range(MOST_SETS)),
    ])  # fmt: skip
    figure = theme(figure, mode)
    flat_axes(figure, 1, ink(mode))
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 84, "b": 10}, dragmode="lasso",
        title={"font": {"size": 14}, "pad": {"t": 4}}, autosize=True,
        clickmode="event+select", hovermode="closest", modebar_remove=list(BUTTONS),
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
    drawn = view.pairs[cap(view.pairs, MOST_EDGES)]
    lines = edge_lines(view.coordinates, drawn, count=len(view.coordinates))
    edges, points = figure.data[EDGES], figure.data[POINTS]
    with figure.batch_update():
        edges.update(x=lines.x, y=lines.y, **_edge_style(view))
        drawn_sets = _draw_sets(figure, view)
        points.update(x=view.coordinates[:, 0], y=view.coordinates[:, 1])
        points.selectedpoints = view.rows.tolist() if len(view.rows) else None
        # To check thousands of colours takes longer than all the rest.
        if figure.hue is None or not _same(figure.hue, view.hue):
            points.marker.update(_marker(view.hue))
            _draw_key(figure, view.hue)
            figure.hue = view.hue
        _place_key(figure, view)
        figure.layout.title.text = _title(view, len(drawn) + drawn_sets)
    survive_reload(figure)


def _entry() -> go.Scatter:
    marker = {"size": 9, "color": "rgba(0,0,0,0)", "symbol": "circle"}
    return go.Scatter(
        x=[None], y=[None], mode="markers", marker=marker, hoverinfo="skip",
        visible=False,
    )  # fmt: skip


def _set_of_edges(trace: type[go.Scatter] | type[go.Scattergl]) -> Any:
    more = {"zorder": -1} if trace is go.Scatter else {}
    return trace(
        x=[], y=[], mode="lines", hoverinfo="skip", visible=False, legendgroup="edges",
        **more,
    )  # fmt: skip


def _draw_sets(figure: Map, view: View) -> int:
    """Draw the edges by modality, or none of them; return how many."""
    traces, sets = iter(figure.data[SETS:]), view.sets
    total = 0
    if sets is not None:
        touching = np.arange(len(sets.pairs))
        if len(view.rows):
            touching = np.flatnonzero(np.isin(sets.pairs, view.rows).any(axis=1))
        rows = touching[cap(touching, MOST_EDGES)]
        for name in sets.names:
            told = f"{short(name)} {sets.shares[name]:.0%}"
            told += f" (chance {sets.chance[name]:.0%})"
            for dash in ("solid", "dash"):
                pairs = sets.drawn(name, dashed=dash == "dash", rows=rows)
                lines = edge_lines(view.coordinates, pairs, count=len(view.coordinates))
                next(traces).update(
                    x=lines.x, y=lines.y, visible=True, name=told,
                    showlegend=dash == "solid",
                    line={**sets.line(name, view.hue.mode), "dash": dash},
                )  # fmt: skip
        total = len(rows)
    for trace in traces:
        if trace.visible is not False:
            trace.update(x=[], y=[], visible=False)
    return total


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
    for number, entry in enumerate(figure.data[KEYS:]):
        if number < len(entries):
            name, color, symbol = entries[number]
            entry.update(name=name, visible=True, showlegend=True)
            entry.marker.update(color=color, symbol=symbol)
        else:
            entry.visible = False
    if hue.names:
        figure.layout.coloraxis.showscale = False
    else:
        bar = go.Figure()
        hue.add_key(bar)
        axis = bar.layout.coloraxis.to_plotly_json()
        figure.layout.coloraxis = {**axis, "showscale": True}


def _place_key(figure: Map, view: View) -> None:
    """Show the legend where something has an entry, below a colour bar."""
    classes, sets = bool(_entries(view.hue)), view.sets is not None
    figure.layout.showlegend = classes or sets
    words = [f"points: {view.hue.title}"] * classes + ["edges: who has them too"]
    title = "<br>".join(words) if sets else view.hue.title
    figure.layout.legend.title.text = title
    figure.layout.legend.y = 1.0 if view.hue.names else BELOW_BAR


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
        kind = "edges" if view.kind == "all" else f"{view.kind} edges"
        total = len(view.pairs)
        if view.sets is not None:
            kind, touched = "edges by modality (dashed: contradicted)", view.rows
            total = len(view.sets.pairs)
            if len(touched):
                total = int(np.isin(view.sets.pairs, touched).any(axis=1).sum())
        told = count_of(drawn, total, kind)
        touching = " that touch the selection" if len(view.rows) else ""
        lines.append(small(told + touching))
    return "<br>".join(lines)


def hover_words(embedding: Embedding, labels: list[str] | None) -> list[str]:
    """Return what each point says when it is pointed at: id and label, escaped."""
    names = [f"<b>{escape(name)}</b>" for name in embedding.ids]
    if labels is None:
        return names
    return [
        f"{name}<br>{short(label)}" for name, label in zip(names, labels, strict=True)
    ]
