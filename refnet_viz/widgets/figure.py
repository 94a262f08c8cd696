"""The map as a FigureWidget: built once, then changed in one message a redraw."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import traitlets
from plotly.basedatatypes import Undefined

from ..embedding import Embedding
from ..plot.color import MOST_ENTRIES, Coloring
from ..plot.panels import flat_axes
from ..plot.points import cap, edge_lines, edge_style, point_size, scatter_class
from ..plot.text import count_of, escape, short, small
from ..plot.theme import class_style, ink, theme
from .facts import Rows

HEIGHT = 560
MOST_EDGES = 3_000
LONGEST_NAME = 24  # of a class in the legend, which takes its room from the map
EDGES, POINTS, KEYS = 0, 1, 2  # positions of the traces; points lie above edges
SELECTIONS = ("plotly_selected", "plotly_deselect")
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
    """

    title: str
    caption: str
    coordinates: npt.NDArray[np.float32]
    pairs: npt.NDArray[np.int64]
    kind: str
    hue: Coloring
    rows: Rows


class Map(go.FigureWidget):  # type: ignore[misc]  # plotly is not typed
    """A FigureWidget without two of its surprises.

    Its messages name every property of every trace they touch. Plotly leaves out what
    does not change, and a page that shows the widget for the first time after such a
    message takes those properties for removed.

    Once `heard_elsewhere` is set it leaves selections to others. Plotly answers each
    with a message a trace, and a hover that follows soon takes the place of the event.
    """

    heard_elsewhere = False

    @traitlets.observe("_js2py_pointsCallback")
    def _handler_js2py_pointsCallback(self, change: Any) -> None:  # noqa: N802
        event = change["new"] or {}
        if self.heard_elsewhere and event.get("event_type") in SELECTIONS:
            self._js2py_pointsCallback = None
        else:
            super()._handler_js2py_pointsCallback(change)

    def _send_update_msg(
        self,
        restyle_data: dict[str, Any],
        relayout_data: dict[str, Any],
        trace_indexes: Any = None,
        source_view_id: str | None = None,
    ) -> None:
        touched = self._normalize_trace_indexes(trace_indexes)
        whole = {
            name: [
                self.data[number][name] if value is Undefined else value
                for number, value in zip(touched, values, strict=True)
            ]
            for name, values in restyle_data.items()
        }
        super()._send_update_msg(whole, relayout_data, touched, source_view_id)


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
    ])  # fmt: skip
    figure = theme(figure, mode)
    flat_axes(figure, 1, ink(mode))
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 76, "b": 10}, dragmode="lasso",
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
        points.update(x=view.coordinates[:, 0], y=view.coordinates[:, 1])
        points.marker.update(_marker(view.hue))
        points.selectedpoints = view.rows.tolist() if len(view.rows) else None
        _draw_key(figure, view.hue)
        figure.layout.title.text = _title(view, len(drawn))
    survive_reload(figure)


def survive_reload(figure: Map) -> None:
    """Make the present state the one from which new views of the widget start.

    Plotly keeps that of construction, so that a reloaded page would show an empty
    map. Sending it would cost megabytes, therefore the values are set in silence.
    """
    layout = deepcopy(figure._layout_obj._props)
    layout.pop("selections", None)
    figure._trait_values["_widget_data"] = deepcopy(figure._data)
    figure._trait_values["_widget_layout"] = layout


def snapshot(figure: Map) -> go.Figure:
    """Return a plain figure of what is shown, to be saved or changed.

    Plotly cannot write a lasso outline, so that is left out.
    """
    layout = figure.layout.to_plotly_json()
    layout.pop("selections", None)
    return go.Figure([trace.to_plotly_json() for trace in figure.data], layout)


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
    return {"symbol": "circle", "coloraxis": None, **hue.marker(0)}


def _draw_key(figure: Map, hue: Coloring) -> None:
    """Fill the legend, or show the colour bar, as the plots of this package do."""
    key = go.Figure()
    replace(hue, names=tuple(_cut(name) for name in hue.names)).add_key(key)
    for number, entry in enumerate(figure.data[KEYS:]):
        if number < len(key.data):
            wanted = key.data[number]
            entry.update(name=wanted.name, visible=True, showlegend=True)
            entry.marker.update(color=wanted.marker.color, symbol=wanted.marker.symbol)
        else:
            entry.visible = False
    figure.layout.legend.title.text = key.layout.legend.title.text or ""
    figure.layout.showlegend = len(key.data) > 0
    if hue.names:
        figure.layout.coloraxis.showscale = False
    else:
        figure.layout.coloraxis = {
            **key.layout.coloraxis.to_plotly_json(), "showscale": True
        }  # fmt: skip


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _title(view: View, drawn: int) -> str:
    lines = [view.title, small(view.caption)]
    if view.kind != "none":
        kind = "edges" if view.kind == "all" else f"{view.kind} edges"
        told = count_of(drawn, len(view.pairs), kind)
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
