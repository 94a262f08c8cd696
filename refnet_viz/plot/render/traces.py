"""Draw the traces of one panel on matplotlib axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

from .bars import Bars, heat_edges
from .model import Axis, Model
from .style import DASHES, POINT, colormap, colour, marker, numeric, scaled
from .text import read

Floats = npt.NDArray[np.float64]
FILLS = ("none", "toself", "tozeroy", "tozerox", "tonexty")
CORNERS = {"left": "right", "right": "left", "center": "center"}


def draw(
    axes: Axes, number: int, model: Model, bars: Bars | None, *, before: Floats | None
) -> Floats | None:
    """Draw one trace; return its line, up to which the next one may be filled."""
    trace = model.traces[number]
    known = set(axes.get_children())
    line = _draw_one(axes, number, model, bars, before=before)
    # Later traces lie on top; left alone, matplotlib puts every line above points.
    for artist in axes.get_children():
        if artist not in known:
            artist.set_zorder(2 + number / 1000)
    return line


def _draw_one(
    axes: Axes, number: int, model: Model, bars: Bars | None, *, before: Floats | None
) -> Floats | None:
    trace = model.traces[number]
    x, y = (model.axes[trace.get(f"{c}axis", c)] for c in "xy")
    if bars is not None:
        _draw_bars(axes, trace, bars, model, number)
        return None
    if trace["type"] == "heatmap":
        _draw_heat(axes, trace, model, (x, y))
        return None
    ends = np.column_stack([x.numbers(trace.get("x")), y.numbers(trace.get("y"))])
    mode = trace.get("mode") or ("lines+markers" if len(ends) < 20 else "lines")
    color = line_color(trace, model, number)
    _fill(axes, trace, ends, color, before)
    _errors(axes, trace, ends, color)
    parts: dict[str, Callable[[], None]] = {
        "lines": lambda: _draw_line(axes, trace, ends, color),
        "markers": lambda: _draw_markers(axes, trace, ends, model, color),
        "text": lambda: _draw_text(axes, trace, ends, model),
    }
    for word, part in parts.items():
        if word in mode and len(ends):
            part()
    return ends


def line_color(trace: dict[str, Any], model: Model, number: int) -> str:
    """Return the one colour of a trace: its line's, its marker's, or its turn's."""
    color = trace.get("marker", {}).get("color")
    own = color if isinstance(color, str) else None
    if trace["type"] in {"bar", "histogram"}:
        return own or model.colorway[number % len(model.colorway)]
    line = trace.get("line", {}).get("color")
    return line or own or model.colorway[number % len(model.colorway)]


def line_style(trace: dict[str, Any]) -> dict[str, Any]:
    """Return width and dashes of a line."""
    line = trace.get("line", {})
    return {
        "linewidth": line.get("width", 2) * POINT,
        "linestyle": DASHES.get(line.get("dash", "solid"), "-"),
    }


def _draw_line(axes: Axes, trace: dict[str, Any], ends: Floats, color: str) -> None:
    points = ends
    if trace.get("line", {}).get("shape") == "hv":
        points = np.repeat(ends, 2, axis=0)
        points = np.column_stack([points[1:, 0], points[:-1, 1]])
    line = Line2D(
        *points.T, color=colour(color, trace.get("opacity", 1.0)),
        solid_capstyle="butt", solid_joinstyle="round", **line_style(trace),
    )  # fmt: skip
    axes.add_line(line)


def _draw_markers(
    axes: Axes, trace: dict[str, Any], ends: Floats, model: Model, color: str
) -> None:
    given = trace.get("marker", {})
    count = len(ends)
    opacity = given.get("opacity", 1.0)
    alpha = np.broadcast_to(np.asarray(opacity, float), count) * trace.get("opacity", 1)
    faces = _colors(given.get("color", color), count, model.color_axis(given))
    faces[:, 3] *= alpha
    rim = given.get("line", {})
    edges = _colors(rim.get("color", "rgba(0,0,0,0)"), count, {})
    edges[:, 3] *= alpha
    sizes = np.broadcast_to(np.asarray(given.get("size", 6), float), count)
    symbols = np.broadcast_to(np.asarray(given.get("symbol", "circle")), count)
    shown = np.isfinite(ends).all(axis=1)
    for symbol in dict.fromkeys(symbols.tolist()):
        at = shown & (symbols == symbol)
        hollow = symbol.endswith("-open")
        axes.scatter(
            *ends[at].T, s=(sizes[at] * POINT) ** 2, marker=marker(symbol),
            facecolors="none" if hollow else faces[at],
            edgecolors=faces[at] if hollow else edges[at],
            linewidths=POINT * np.max(rim.get("width", 1 if hollow else 0)),
        )  # fmt: skip


def _colors(given: Any, count: int, axis: dict[str, Any]) -> Floats:
    """Return red, green, blue and opacity of every point."""
    if isinstance(given, str) or given is None:
        return np.tile(colour(given), (count, 1)).astype(float)
    if numeric(given):
        return scaled(given, axis)
    known = {name: colour(name) for name in dict.fromkeys(given)}
    return np.array([known[name] for name in given], dtype=np.float64)


def _draw_text(axes: Axes, trace: dict[str, Any], ends: Floats, model: Model) -> None:
    font = {**model.layout.get("font", {}), **trace.get("textfont", {})}
    words = trace.get("text")
    words = [words] * len(ends) if isinstance(words, str) else words
    yside, xside = (trace.get("textposition") or "middle center").split()
    for (x, y), html in zip(ends, words or [], strict=False):
        runs = [run for line in read(str(html), 12, "black") for run in line]
        if not runs:
            continue
        size = font.get("size", 12)
        axes.annotate(
            "".join(run.text for run in runs), (x, y),
            xytext=({"left": -5, "right": 5}.get(xside, 0),
                    {"top": 4, "bottom": -4}.get(yside, 0)),
            textcoords="offset points", ha=CORNERS[xside],
            va={"top": "bottom", "bottom": "top"}.get(yside, "center"),
            color=colour(font.get("color", "black")), parse_math=False,
            fontproperties=_sized(runs[0], size),
        )  # fmt: skip


def _sized(run: Any, size: float) -> Any:
    font = run.font.copy()
    font.set_size(size * 0.92 * POINT)
    return font


def _fill(
    axes: Axes, trace: dict[str, Any], ends: Floats, color: str, before: Floats | None
) -> None:
    kind = trace.get("fill") or "none"
    if kind not in FILLS:
        raise ValueError(f"`fill` must be one of {', '.join(FILLS)}, got {kind!r}.")
    if kind == "none" or len(ends) < 2:
        return
    outline = ends
    if kind == "tonexty" and before is not None:
        outline = np.concatenate([ends, before[::-1]])
    elif kind in {"tozeroy", "tozerox", "tonexty"}:
        foot = ends[[-1, 0]].copy()
        foot[:, 0 if kind == "tozerox" else 1] = 0.0
        outline = np.concatenate([ends, foot])
    default = colour(color, 0.5)
    face = colour(trace["fillcolor"]) if trace.get("fillcolor") else default
    axes.add_patch(Polygon(outline, closed=True, facecolor=face, edgecolor="none"))


def _errors(axes: Axes, trace: dict[str, Any], ends: Floats, color: str) -> None:
    for column, letter in enumerate("xy"):
        bar = trace.get(f"error_{letter}") or {}
        if bar.get("array") is None or bar.get("visible") is False:
            continue
        up = np.asarray(bar["array"], dtype=np.float64)
        down = np.asarray(bar.get("arrayminus", up), dtype=np.float64)
        axes.errorbar(
            *ends.T, **{f"{letter}err": np.stack([down, up])}, fmt="none",
            ecolor=colour(bar.get("color", color)),
            elinewidth=bar.get("thickness", 2) * POINT,
            capsize=bar.get("width", 4) * POINT,
        )  # fmt: skip


def _draw_bars(
    axes: Axes, trace: dict[str, Any], bars: Bars, model: Model, number: int
) -> None:
    given = trace.get("marker", {})
    plain = line_color(trace, model, number)
    faces = _colors(given.get("color", plain), len(bars.start), model.color_axis(given))
    faces[:, 3] *= trace.get("opacity", 1.0) * np.asarray(given.get("opacity", 1.0))
    rim = given.get("line", {})
    boxes = [
        Rectangle((x, y), width, height)
        for x, y, width, height in zip(*bars.boxes(), strict=True)
    ]
    axes.add_collection(
        PatchCollection(
            boxes, facecolors=faces, linewidths=rim.get("width", 0) * POINT,
            edgecolors=colour(rim.get("color", "rgba(0,0,0,0)")),
        ),
        autolim=False,
    )  # fmt: skip


def _draw_heat(
    axes: Axes, trace: dict[str, Any], model: Model, pair: tuple[Axis, Axis]
) -> None:
    values = np.ma.masked_invalid(np.asarray(trace["z"], dtype=np.float64))
    scale = model.color_axis(trace)
    low = scale.get("cmin", scale.get("zmin"))
    high = scale.get("cmax", scale.get("zmax"))
    axes.pcolormesh(
        heat_edges(trace, pair[0]), heat_edges(trace, pair[1]), values,
        cmap=colormap(scale["colorscale"]), vmin=low, vmax=high,
    )  # fmt: skip
