"""Picture of a view: a plain figure, and the still image a notebook keeps."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..data.media import data_address
from ..plot.panels import default_columns, finish, flat_axes, grid, place
from ..plot.points import edge_lines, point_size, points
from ..plot.record import call_of, with_call
from ..plot.render import render
from ..plot.text import escape, short, small
from ..plot.theme import faded, fixed, ink
from . import edges
from .store import Call, direct
from .view import CLUSTER_NOTE, Panel, View
from .wire import MANY

HEIGHT = 340  # pixels of a row of maps
STILL_WIDTH, STILL_HEIGHT = 900, 620
CONTEXT = "#8b949e"  # of points that are not selected
DASHES = {(): "solid", (5, 3): "dash", (2, 3): "dot"}
# Without a kernel Lab writes an error where the widget was; only outputs of widgets do
# not say what type they have.
STYLE = """
<style>
.jp-OutputArea:has(.rv-static):not(:has(.rv-explorer)) .jp-OutputArea-child:has(
  > .jp-OutputArea-output:not([data-mime-type])) { display: none; }
</style>
"""


def figure(view: View, arguments: dict[str, Any]) -> go.Figure:
    """Return a plain figure of a view.

    Parameters
    ----------
    view
        View of the maps.
    arguments
        Arguments of `state_figure`, by which a manifest makes the figure again.
    """
    panels, mode = view.panels, fixed(view.state.mode)
    columns = default_columns(len(panels))
    titles = [_title_lines(view, panel) for panel in panels]
    drawing = grid(titles, columns=columns, height=HEIGHT)
    for number, panel in enumerate(panels):
        cell = place(number, columns)
        for trace in [*_edges(view, panel), *_points(view, panel, number)]:
            drawing.add_trace(trace, **cell)
        flat_axes(drawing, number + 1, ink(mode))
    if view.aligned:
        for number in range(2, len(panels) + 1):
            tied = {f"{axis}axis{number}": {"matches": axis} for axis in "xy"}
            drawing.update_layout(tied)
    view.coloring.add_key(drawing)
    meta = {
        "alt": summary(view),
        "selection": arguments.get("selected", ()),
        "k": arguments["k"],
        "space": arguments["space"],
    }
    title = f"{panels[0].space}, coloured by {view.color_title or 'nothing'}"
    drawing = finish(drawing, f"<b>{escape(title)}</b>", mode, meta)
    return with_call(drawing, call_of("explorer", arguments))


def state_figure(spaces: Any, **settings: Any) -> go.Figure:
    """Return the picture of an explorer with some settings, as manifests name them.

    Parameters
    ----------
    spaces
        As in `refnet_viz.explore`.
    settings
        Settings, as `State.of` takes them.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]])
    >>> state_figure(line, k=1, layout="pca").layout.meta["k"]
    1
    """
    return figure_of(View.of(spaces, settings))


def figure_of(view: View) -> go.Figure:
    """Return a plain figure of a view, with the call that makes it again."""
    variants = view.store.embeddings.variants
    return figure(view, {"spaces": variants} | arguments_of(view))


def arguments_of(view: View) -> dict[str, Any]:
    """Return the settings that make a view again, see `State.arguments`."""
    return view.state.arguments(view.store.embeddings)


def _title_lines(view: View, panel: Panel) -> list[str]:
    # The space is in the title of the figure, and names are not drawn.
    lines = view.note_parts(panel)[1:]
    parts = [part for line in lines for part in line if part != CLUSTER_NOTE]
    return [f"<b>{short(panel.title)}</b>", *(small(escape(part)) for part in parts)]


def _edges(view: View, panel: Panel) -> list[go.Scatter | go.Scattergl]:
    rows = view.drawn_edges(panel)
    pairs, groups = panel.pairs[rows], panel.groups and panel.groups.subset(rows)
    flat = panel.layout.coordinates
    styled = edges.styled(panel.kind, groups, len(rows), fixed(view.state.mode))
    return [
        edge_lines(
            flat,
            pairs[mask],
            count=len(flat),
            name=panel.kind,
            line={
                "color": style["color"],
                "width": style["width"],
                "dash": DASHES[tuple(style["dash"])],
            },
        )
        for style, mask in styled
        if mask.any()
    ]


def _points(view: View, panel: Panel, number: int) -> list[go.Scatter | go.Scattergl]:
    """Return the points, those that are not selected as a grey context below."""
    flat, rows = panel.layout.coordinates, view.drawn_rows
    selected = np.ones(view.total, bool)
    if len(view.rows):
        selected[:] = False
        selected[view.rows] = True
    selected = selected[rows]
    if len(rows) > MANY:
        return _many_points(view, panel, number, selected)
    marker = view.coloring.marker(number)
    parts = [(rows[selected], _rows_of(marker, rows[selected]))]
    if len(view.rows):
        grey = {"color": faded(CONTEXT, 0.3), "line": {"width": 0}}
        parts.insert(0, (rows[~selected], grey))
    embedding = panel.table.embedding
    return [
        points(embedding.subset(part), flat[part], style, name=short(panel.title))
        for part, style in parts
        if len(part)
    ]


def _many_points(
    view: View, panel: Panel, number: int, selected: npt.NDArray[np.bool_]
) -> list[go.Scattergl]:
    """Return many points without hover texts, smaller the more they are."""
    rows = view.drawn_rows
    room = STILL_WIDTH * STILL_HEIGHT / 2 / len(view.panels)
    size = float(np.clip(np.sqrt(room / len(rows)), 1, point_size(len(rows))))
    faint = {"color": _mixed(CONTEXT, ink(fixed(view.state.mode)).paper, 0.3)}
    parts = [(rows[~selected], faint), (rows[selected], _codes(view, number))]
    return [
        go.Scattergl(
            x=panel.layout.coordinates[part, 0],
            y=panel.layout.coordinates[part, 1],
            mode="markers",
            marker={"size": size, "opacity": 0.5, **_rows_of(style, part)},
            name=short(panel.title),
            hoverinfo="skip",
            showlegend=False,
        )
        for part, style in parts
        if len(part)
    ]


def _mixed(color: str, paper: str, share: float) -> str:
    """Return a colour on paper as one that lets nothing through, however often drawn.

    Examples
    --------
    >>> _mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    both = zip(bytes.fromhex(color[1:]), bytes.fromhex(paper[1:]), strict=True)
    parts = (round(share * one + (1 - share) * other) for one, other in both)
    return f"#{bytes(parts).hex()}"


def _codes(view: View, number: int) -> dict[str, Any]:
    """Return a marker that colours classes by their number, on a scale of steps."""
    coloring = view.coloring
    if not coloring.names:
        return {"color": coloring.values[number], "coloraxis": "coloraxis"}
    count = len(coloring.styles)
    steps = [
        [(code + end) / count, color]
        for code, (color, _) in enumerate(coloring.styles)
        for end in (0, 1)
    ]
    scale = {"colorscale": steps, "cmin": -0.5, "cmax": count - 0.5}
    return {"color": coloring.values[number].astype(float), "showscale": False} | scale


def _rows_of(marker: dict[str, Any], rows: Any) -> dict[str, Any]:
    """Return a marker of some of the points."""
    parts: dict[str, Any] = {}
    for key, value in marker.items():
        part = _rows_of(value, rows) if isinstance(value, dict) else value
        parts[key] = part[rows] if isinstance(part, np.ndarray) else part
    return parts


def still(view: View, call: Call = direct) -> tuple[str, str]:
    """Return HTML with a picture of a view, drawn without a browser, and its words.

    The style of the explorer hides it wherever the explorer itself is shown.

    Parameters
    ----------
    view
        View of the maps.
    call
        Calls the function that draws, here or in another process.
    """
    alt = summary(view)
    settings = {"k": view.state.k, "space": view.state.space}
    data = call(_draw, figure(view, settings))  # nobody makes a picture again
    image = (
        f'{STYLE}<img class="rv-static" alt="{html.escape(alt)}" '
        f'style="max-width: 100%" width="{STILL_WIDTH}" '
        f'src="{data_address("image/png", data)}">'
    )
    return image, alt


def words_only(view: View) -> tuple[str, str]:
    """Return HTML with the words of a view, for until there is a picture."""
    alt = summary(view)
    return f'{STYLE}<p class="rv-static">{html.escape(alt)}</p>', alt


def summary(view: View) -> str:
    """Return what the maps of a view show, in words."""
    return " ".join(view.summary(panel) for panel in view.panels)


def _draw(figure: go.Figure) -> bytes:
    return render(figure, "png", width=STILL_WIDTH, height=STILL_HEIGHT, scale=1.5)
