"""Picture of a view: a plain figure, and the still image a notebook keeps."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..data.media import data_address
from ..plot.ink import faded, fixed, ink
from ..plot.panels import default_columns, finish, flat_axes, grid, place
from ..plot.points import edge_lines, point_size, points
from ..plot.record import call_of, with_call
from ..plot.render import render
from ..plot.text import escape, short, small
from . import edges
from .store import Call, direct
from .view import Panel, View
from .wire import MANY, words

WIDTH, HEIGHT = 960, 340  # pixels of all maps, and of a row of them
MOST_NAMES = 12  # on a map
LINE, LETTER = 15, 6.5  # pixels of a name: its height, and about the width of a letter
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
    panels, mode = view.panels, _mode(view)
    columns = default_columns(len(panels))
    titles = [_title_lines(view, panel) for panel in panels]
    drawing = grid(titles, columns=columns, height=HEIGHT)
    for number, panel in enumerate(panels):
        cell = place(number, columns)
        traces = [
            *_edges(view, panel),
            *_pinned_lines(view, panel),
            *_points(view, panel, number),
        ]
        for trace in traces:
            drawing.add_trace(trace, **cell)
        flat_axes(drawing, number + 1, ink(mode))
        for note in _names(view, panel, number, WIDTH / columns):
            drawing.add_annotation(note)
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


def state_figure(
    spaces: Any, *, neighbors: Any = None, layouts: Any = None, **settings: Any
) -> go.Figure:
    """Return the picture of an explorer with some settings, as manifests name them.

    Parameters
    ----------
    spaces, neighbors, layouts
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
    return figure_of(View.of(spaces, settings, neighbors=neighbors, layouts=layouts))


def figure_of(view: View) -> go.Figure:
    """Return a plain figure of a view, with the call that makes it again."""
    inputs = view.store.precomputed.arguments
    spaces = {"spaces": view.store.embeddings.variants}
    return figure(view, {**spaces, **inputs, **arguments_of(view)})


def arguments_of(view: View) -> dict[str, Any]:
    """Return the settings that make a view again, see `State.arguments`."""
    return view.state.arguments(view.store.embeddings)


def _title_lines(view: View, panel: Panel) -> list[str]:
    # The space is in the title of the figure.
    parts = [part for line in view.note_parts(panel)[1:] for part in line]
    return [f"<b>{short(panel.title)}</b>", *(small(escape(part)) for part in parts)]


def _edges(view: View, panel: Panel) -> list[go.Scatter | go.Scattergl]:
    rows = view.drawn_edges(panel)
    pairs, groups = panel.pairs[rows], panel.groups and panel.groups.subset(rows)
    flat = panel.layout.coordinates
    styled = edges.styled(panel.kind, groups, len(rows), _mode(view))
    return [
        _lines(flat, pairs[mask], panel.kind, style)
        for style, mask in styled
        if mask.any()
    ]


def _pinned_lines(view: View, panel: Panel) -> Iterator[go.Scatter | go.Scattergl]:
    """Yield lines to the neighbours of one pinned point, or to those two share."""
    pinned = view.state.pinned
    if not pinned or not all(view.ready):
        return
    before, after = view.compared(panel.key)
    k, is_baseline = view.state.k, panel.key == before
    lists = {
        key: [view.store.graph(key, k).indices[row] for row in pinned]
        for key in (before, after)
    }
    if len(pinned) == 2:
        shared = np.intersect1d(*lists[panel.key])
        ends = {"kept": [(row, other) for row in pinned for other in shared]}
    else:
        (was,), (now,) = lists[before], lists[after]
        ends = {
            "kept": [(pinned[0], other) for other in np.intersect1d(was, now)],
            "lost": [(pinned[0], other) for other in np.setdiff1d(was, now)],
            "gained": [(pinned[0], other) for other in np.setdiff1d(now, was)],
        }
    if is_baseline:
        ends.pop("gained", None)
    flat, styles = panel.layout.coordinates, edges.change_styles(_mode(view))
    for kind, pairs in ends.items():
        present = np.array([pair for pair in pairs if pair[1] >= 0], np.int64)
        if len(present):
            yield _lines(flat, present, f"neighbours: {kind}", styles[kind])


def _lines(
    flat: npt.NDArray[np.float32],
    pairs: npt.NDArray[np.int64],
    name: str,
    style: dict[str, Any],
) -> go.Scatter | go.Scattergl:
    dash = DASHES[tuple(style["dash"])]
    line = {"color": style["color"], "width": style["width"], "dash": dash}
    return edge_lines(flat, pairs, count=len(flat), name=name, line=line)


def _mode(view: View) -> str:
    return fixed(view.state.mode)


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


def _names(
    view: View, panel: Panel, number: int, width: float
) -> Iterator[dict[str, Any]]:
    """Yield annotations with the names of a map: those that lie on no other one."""
    asked = words(view)
    if not asked or width < asked["least"]:
        return
    names, codes = asked["names"], view.coloring.values[number][view.drawn_rows]
    hollow = [symbol.endswith("-open") for _, symbol in view.coloring.styles]
    if asked["panels"]:
        part = asked["panels"][number]
        names, codes = part["names"], np.frombuffer(part["codes"], "<u2")
        hollow = []
    named = [n for n, name in enumerate(names) if name and not any(hollow[n : n + 1])]
    flat = panel.layout.coordinates[view.drawn_rows]
    if not panel.layout.present[view.drawn_rows].any():
        return
    codes = np.where(np.isnan(flat[:, 0]), len(names), codes)
    sizes = {code: int((codes == code).sum()) for code in named}
    span = np.nanmax(flat, axis=0) - np.nanmin(flat, axis=0)
    unit = max(span[0] / width, span[1] / HEIGHT) or 1.0  # of the layout, a pixel
    boxes: list[tuple[float, float, float]] = []
    for code in sorted(filter(sizes.__getitem__, named), key=lambda n: (-sizes[n], n)):
        own = flat[codes == code].astype(np.float64)
        middle = np.median(own, axis=0)
        x, y = own[np.argmin(((own - middle) ** 2).sum(axis=1))]
        wide = unit * LETTER * len(names[code])
        for shift in (0, LINE * unit, -LINE * unit):
            box = (x, y + shift, wide)
            if len(boxes) < MOST_NAMES and not any(_meet(box, b, unit) for b in boxes):
                boxes.append(box)
                yield _note(names[code], box, number, view.state.mode)
                break


def _meet(
    one: tuple[float, float, float], other: tuple[float, float, float], unit: float
) -> bool:
    """Return whether two names would overlap."""
    beside = abs(one[0] - other[0]) >= (one[2] + other[2]) / 2
    return not beside and abs(one[1] - other[1]) < LINE * unit * (1 - 1e-9)


def _note(
    name: str, box: tuple[float, float, float], number: int, mode: str
) -> dict[str, Any]:
    axis = str(number + 1) if number else ""
    colors = ink(fixed(mode))
    return {
        "x": box[0],
        "y": box[1],
        "xref": f"x{axis}",
        "yref": f"y{axis}",
        "text": f"<b>{escape(name)}</b>",
        "showarrow": False,
        "xanchor": "center",
        "yanchor": "middle",
        "font": {"size": 11, "color": colors.text},
        "bgcolor": faded(colors.paper, 0.6),
        "borderpad": 1,
    }


def _many_points(
    view: View, panel: Panel, number: int, selected: npt.NDArray[np.bool_]
) -> list[go.Scattergl]:
    """Return many points without hover texts, smaller the more they are."""
    rows = view.drawn_rows
    room = STILL_WIDTH * STILL_HEIGHT / 2 / len(view.panels)
    size = float(np.clip(np.sqrt(room / len(rows)), 1, point_size(len(rows))))
    faint = {"color": _mixed(CONTEXT, ink(_mode(view)).paper, 0.3)}
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
