"""Draw the traces of one panel on matplotlib axes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

from .bars import Bars, heat_edges
from .model import Axis, Model
from .style import DASHES, POINT, colormap, colour, limits, marker, numeric, scaled
from .text import read

Floats = npt.NDArray[np.float64]
FILLS = ("none", "toself", "tozeroy", "tozerox", "tonexty")
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
MOST_VECTORS = 20_000  # points of an SVG or a PDF; more are a picture within it
NUDGE = 4  # points between a point and its text
POINTS_A_MARKER = 10  # of a line, that take as much room as a marker
TRANSPARENT = "rgba(0,0,0,0)"


def line_color(trace: dict[str, Any], model: Model, number: int) -> str:
    """Return the one colour of a trace: its line's, its marker's, or its turn's."""
    colors = trace.get("marker", {}).get("color")
    color = colors if isinstance(colors, str) else None
    line = trace.get("line", {}).get("color")
    if trace["type"] in {"bar", "histogram"}:
        line = None
    return str(line or color or model.colorway[number % len(model.colorway)])


def line_style(trace: dict[str, Any]) -> dict[str, Any]:
    """Return width and dashes of a line."""
    line = trace.get("line", {})
    return {
        "linewidth": line.get("width", 2) * POINT,
        "linestyle": DASHES.get(line.get("dash", "solid"), "-"),
    }


@dataclass
class Pen:
    """Draws one trace.

    Parameters
    ----------
    axes
        Axes of matplotlib.
    model
        Model of the figure.
    number
        Number of the trace.
    """

    axes: Any
    model: Model
    number: int

    @property
    def trace(self) -> dict[str, Any]:
        """Plotly properties of the trace."""
        return self.model.traces[self.number]

    @property
    def color(self) -> str:
        """Its one colour."""
        return line_color(self.trace, self.model, self.number)

    @property
    def opacity(self) -> float:
        """Opacity of the whole trace."""
        return float(self.trace.get("opacity", 1.0))

    @property
    def axis(self) -> tuple[Axis, Axis]:
        """Its x and y axis."""
        x, y = (self.model.axes[self.trace.get(f"{c}axis", c)] for c in "xy")
        return x, y

    @cached_property
    def ends(self) -> Floats:
        """Positions, ``(N, 2)``."""
        x, y = (axis.numbers(self.trace.get(axis.letter)) for axis in self.axis)
        # Without one of them plotly counts the points.
        x = np.arange(len(y), dtype=np.float64) if self.trace.get("x") is None else x
        y = np.arange(len(x), dtype=np.float64) if self.trace.get("y") is None else y
        return np.column_stack([x, y])

    def draw(self, bars: Bars | None, before: Floats | None) -> Floats | None:
        """Draw the trace; return its line, up to which the next may be filled."""
        earlier = set(self.axes.get_children())
        line = None
        if bars is not None:
            self._bars(bars)
        elif self.trace["type"] == "heatmap":
            self._heat()
        else:
            self._scatter(before)
            line = self.ends
        # Later traces lie on top; by itself matplotlib puts every line above points.
        height = 2 + self.trace.get("zorder", 0) / 10 + self.number / 1000
        # Markers are copied one by one, points of a line are a few letters each.
        dots = "markers" in (self.trace.get("mode") or "markers")
        in_pixels = len(self.ends) > self.model.most * (1 if dots else POINTS_A_MARKER)
        for artist in self.axes.get_children():
            if artist not in earlier:
                artist.set_zorder(height)
                artist.set_rasterized(in_pixels)
        return line

    def _scatter(self, before: Floats | None) -> None:
        if not len(self.ends):
            return
        few = "lines+markers" if len(self.ends) < 20 else "lines"
        mode = self.trace.get("mode") or few
        self._fill(before)
        self._errors()
        if "lines" in mode:
            self._line()
        if "markers" in mode:
            self._markers()
        if "text" in mode:
            self._text()

    def _line(self) -> None:
        points = self.ends
        if self.trace.get("line", {}).get("shape") == "hv":
            points = np.repeat(points, 2, axis=0)
            points = np.column_stack([points[1:, 0], points[:-1, 1]])
        if self.opacity < 1 and np.isnan(points[2::3]).all():
            self._edges(points)
            return
        line = Line2D(
            *points.T,
            color=colour(self.color, self.opacity),
            solid_capstyle="butt",
            solid_joinstyle="round",
            **line_style(self.trace),
        )
        self.axes.add_line(line)

    def _edges(self, points: Floats) -> None:
        """Draw lines of two ends one by one, so that many on one place are darker."""
        count = len(points) // 3
        ends = points[: 3 * count].reshape(count, 3, 2)[:, :2]
        color = colour(self.color, self.opacity)
        style = {**line_style(self.trace), "capstyle": "butt"}
        self.axes.add_collection(
            LineCollection(list(ends), colors=[color], **style), autolim=False
        )

    def _markers(self) -> None:
        style, count = self.trace.get("marker", {}), len(self.ends)
        rim = style.get("line", {})
        alpha = _spread(style.get("opacity", 1.0), count) * self.opacity
        faces = self._colors(style.get("color", self.color), alpha)
        edges = self._colors(rim.get("color", TRANSPARENT), alpha)
        sizes = _spread(style.get("size", 6), count)
        symbols = np.broadcast_to(np.asarray(style.get("symbol", "circle")), count)
        placed = np.isfinite(self.ends).all(axis=1)
        for symbol in dict.fromkeys(symbols.tolist()):
            at = placed & (symbols == symbol)
            hollow = symbol.endswith("-open")
            colors = {"facecolors": faces[at], "edgecolors": edges[at]}
            if hollow:
                colors = {"facecolors": "none", "edgecolors": faces[at]}
            if symbol.startswith("line-"):  # strokes have no filling
                colors = {"color": edges[at]}
            self.axes.scatter(
                self.ends[at, 0],
                self.ends[at, 1],
                s=(sizes[at] * POINT) ** 2,
                marker=marker(symbol),
                **colors,
                linewidths=POINT * np.max(rim.get("width", 1 if hollow else 0)),
                rasterized=count > MOST_VECTORS,
            )

    def _colors(self, given: Any, alpha: Floats) -> Floats:
        """Return red, green, blue and opacity of every point."""
        count = len(alpha)
        if isinstance(given, str) or given is None:
            colors = np.tile(colour(given), (count, 1)).astype(np.float64)
        elif numeric(given):
            holder = self.trace.get("marker", {})
            colors = scaled(given, self.model.color_axis(holder))
        else:
            by_name = {name: colour(name) for name in dict.fromkeys(given)}
            colors = np.array([by_name[name] for name in given], dtype=np.float64)
        colors[:, 3] *= alpha
        return colors

    def _text(self) -> None:
        font = {**self.model.layout["font"], **self.trace.get("textfont", {})}
        words = self.trace.get("text")
        words = [words] * len(self.ends) if isinstance(words, str) else words
        yside, xside = (self.trace.get("textposition") or "middle center").split()
        shift = {"left": -NUDGE, "right": NUDGE, "bottom": -NUDGE, "top": NUDGE}
        for point, html in zip(self.ends, words or [], strict=False):
            lines = read(str(html), font["size"], font["color"])
            runs = [run for line in lines for run in line]
            if not runs:
                continue
            self.axes.annotate(
                "".join(run.text for run in runs),
                tuple(point),
                parse_math=False,
                xytext=(shift.get(xside, 0), shift.get(yside, 0)),
                textcoords="offset points",
                ha=OPPOSITE.get(xside, "center"),
                va=OPPOSITE.get(yside, "center"),
                color=colour(runs[0].color),
                fontproperties=runs[0].font,
            )

    def _fill(self, before: Floats | None) -> None:
        kind = self.trace.get("fill") or "none"
        if kind not in FILLS:
            raise ValueError(
                f"`fill` must be one of {', '.join(FILLS)} to be drawn without a "
                f"browser, got {kind!r}: save the figure as .html or .json."
            )
        if kind == "none" or len(self.ends) < 2:
            return
        outline = self.ends
        if kind == "tonexty" and before is not None:
            outline = np.concatenate([outline, before[::-1]])
        elif kind != "toself":
            foot = outline[[-1, 0]].copy()
            foot[:, 0 if kind == "tozerox" else 1] = 0.0
            outline = np.concatenate([outline, foot])
        default = colour(self.color, 0.5)
        fill = self.trace.get("fillcolor")
        face = colour(fill) if fill else default
        # A gap ends one outline and begins another.
        gaps = np.flatnonzero(np.isnan(outline).any(axis=1))
        for part in np.split(outline, gaps):
            corners = part[np.isfinite(part).all(axis=1)]
            if len(corners) > 2:
                patch = Polygon(corners, closed=True, facecolor=face, edgecolor="none")
                self.axes.add_patch(patch)

    def _errors(self) -> None:
        for letter in "xy":
            bar = self.trace.get(f"error_{letter}") or {}
            if bar.get("array") is None or bar.get("visible") is False:
                continue
            up = np.asarray(bar["array"], dtype=np.float64)
            down = np.asarray(bar.get("arrayminus", up), dtype=np.float64)
            self.axes.errorbar(
                self.ends[:, 0],
                self.ends[:, 1],
                fmt="none",
                ecolor=colour(bar.get("color", self.color)),
                elinewidth=bar.get("thickness", 2) * POINT,
                capsize=bar.get("width", 4) * POINT,
                **{f"{letter}err": np.stack([down, up])},
            )

    def _bars(self, bars: Bars) -> None:
        style = self.trace.get("marker", {})
        count = len(bars.start)
        alpha = _spread(style.get("opacity", 1.0), count) * self.opacity
        rim = style.get("line", {})
        boxes = [
            Rectangle((x, y), width, height)
            for x, y, width, height in zip(*bars.boxes(), strict=True)
        ]
        patches = PatchCollection(
            boxes,
            facecolors=self._colors(style.get("color", self.color), alpha),
            linewidths=rim.get("width", 0) * POINT,
            edgecolors=colour(rim.get("color", TRANSPARENT)),
        )
        self.axes.add_collection(patches, autolim=False)

    def _heat(self) -> None:
        values = np.ma.masked_invalid(np.asarray(self.trace["z"], dtype=np.float64))
        scale = self.model.color_axis(self.trace)
        low, high = limits({"values": self.trace["z"], **scale})
        x, y = (heat_edges(self.trace, axis) for axis in self.axis)
        cmap = colormap(scale["colorscale"])
        self.axes.pcolormesh(x, y, values, cmap=cmap, vmin=low, vmax=high)


def _spread(value: Any, count: int) -> Floats:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), count)
