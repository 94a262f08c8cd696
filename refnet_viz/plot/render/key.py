"""The legend and the colour bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from .model import Model
from .style import POINT, colormap, colour, limits, marker, numeric
from .text import Lines, Run, extent, read, wrapped, write
from .traces import line_color, line_style

ICON = 34  # pixels of an entry before its name
SIGN = 22  # the same where no entry has a line
GAP = 10
LEADING = 7  # pixels of a row beside its letters


@dataclass
class Legend:
    """The legend as rows of entries, measured before it is drawn.

    Parameters
    ----------
    model
        Model of the figure.
    width
        Pixels it may take.
    """

    model: Model
    width: float
    entries: list[tuple[int, Lines]] = field(init=False)
    title: Lines = field(init=False)

    def __post_init__(self) -> None:
        options = self.given
        font = {**self.model.layout["font"], **options.get("font", {})}
        self.size, self.color = min(font["size"], 12), font["color"]
        room = self.width - ICON if self.flat else np.inf
        self.entries = [
            (number, wrapped(read(str(trace["name"]), self.size, self.color), room))
            for number, trace in enumerate(self.model.traces)
            if trace.get("showlegend") is not False and trace.get("name")
        ]
        if options.get("traceorder") == "reversed":
            self.entries.reverse()
        showlegend = self.model.layout.get("showlegend")
        forced = any(trace.get("showlegend") for trace in self.model.traces)
        if showlegend is False or (
            showlegend is None and len(self.entries) < 2 and not forced
        ):
            self.entries = []
        text = options.get("title", {}).get("text") or ""
        self.title = read(text, self.size, self.color)

    @property
    def given(self) -> dict[str, Any]:
        """Plotly properties of the legend."""
        options: dict[str, Any] = self.model.layout.get("legend", {})
        return options

    @property
    def row(self) -> float:
        """Pixels of a row of one line."""
        return float(self.size + LEADING)

    @property
    def flat(self) -> bool:
        """Whether it lies below the panels."""
        return self.given.get("orientation") == "h"

    @property
    def icon(self) -> int:
        """Pixels before a name."""
        traces = [self.model.traces[number] for number, _ in self.entries]
        return ICON if any("lines" in _mode(trace) for trace in traces) else SIGN

    @property
    def cell(self) -> float:
        """Pixels of the widest entry."""
        return self.icon + GAP + max(extent(lines)[0] for _, lines in self.entries)

    def _fit(self, width: float) -> int:
        """Return how many entries stand side by side; the last needs no gap."""
        return max(1, int((width + GAP) / self.cell))

    @property
    def lead(self) -> float:
        """Pixels the title takes at the left of a flat legend, where it has room."""
        wide = extent(self.title)[0] + GAP
        if not self.flat or wide == GAP:
            return 0.0
        beside = self.width - wide
        # Not where it would cost a column, or push an entry out.
        return (
            wide
            if self.cell <= beside + GAP
            and (
                self._fit(beside) == self._fit(self.width)
                or beside > 2 * wide + self.cell
            )
            else 0.0
        )

    @property
    def head(self) -> float:
        """Pixels the title takes above the entries."""
        return self.row if extent(self.title)[0] and not self.lead else 0.0

    @property
    def columns(self) -> int:
        """Entries in a row."""
        return self._fit(self.width - self.lead) if self.flat else 1

    @property
    def heights(self) -> list[float]:
        """Pixels of every row."""
        heights = []
        for start in range(0, len(self.entries), self.columns):
            row = self.entries[start : start + self.columns]
            heights.append(max(self.row, *(extent(lines)[1] + 4 for _, lines in row)))
        return heights

    @property
    def room(self) -> tuple[float, float]:
        """Width and height in pixels; nothing without entries."""
        if not self.entries:
            return 0.0, 0.0
        wide = max(self.cell, extent(self.title)[0])
        return (self.width if self.flat else wide), sum(self.heights) + self.head

    def draw(self, figure: Figure, left: float, top: float) -> None:
        """Draw it with its upper left corner at a pixel."""
        if not self.entries:
            return
        write(figure, self.title, (left, top - self.row / 2), yanchor="middle")
        top -= self.head
        heights = self.heights
        for place, (number, lines) in enumerate(self.entries):
            row, column = divmod(place, self.columns)
            x = left + self.lead + column * self.cell
            y = top - sum(heights[:row]) - heights[row] / 2
            self._icon(figure, number, x, y)
            write(figure, lines, (x + self.icon, y), yanchor="middle")

    def _icon(self, figure: Figure, number: int, x: float, y: float) -> None:
        trace = self.model.traces[number]
        color = line_color(trace, self.model, number)
        if _mode(trace) == "bars":
            alpha, rim = (
                trace.get("opacity", 1.0),
                trace.get("marker", {}).get("line", {}),
            )
            box = Rectangle(
                ((x + self.icon / 2 - 10) / 96, (y - 5) / 96),
                14 / 96,
                10 / 96,
                edgecolor=colour(rim.get("color", "rgba(0,0,0,0)"), alpha),
                linewidth=np.max(rim.get("width", 0)) * POINT,
                facecolor=colour(color, alpha),
                transform=figure.dpi_scale_trans,
            )
            figure.add_artist(box)
            return
        mode, middle = _mode(trace), self.icon / 2 - 3
        if "lines" in mode:
            _mark(
                figure,
                [x, x + 28],
                [y, y],
                color=colour(color, trace.get("opacity", 1.0)),
                **line_style(trace),
            )
        if "markers" in mode:
            style = trace.get("marker", {})
            face = style.get("color", color)
            if not isinstance(face, str):
                face = color if numeric(face) or len(face) == 0 else face[0]
            symbol = style.get("symbol", "circle")
            symbol = symbol if isinstance(symbol, str) else symbol[0]
            rim = style.get("line", {})
            size = float(np.clip(np.max(style.get("size", 6)), 6, 10))
            _mark(
                figure,
                [x + middle],
                [y],
                marker=marker(symbol),
                linestyle="none",
                markersize=size * POINT,
                markerfacecolor=colour(face),
                markeredgecolor=colour(rim.get("color", "rgba(0,0,0,0)")),
                markeredgewidth=np.max(rim.get("width", 0)) * POINT,
            )


def _mode(trace: dict[str, Any]) -> str:
    """Return what the sign of a trace is made of."""
    if trace["type"] in {"bar", "histogram"}:
        return "bars"
    return str(trace.get("mode") or "lines")


def _mark(figure: Figure, x: list[float], y: list[float], **style: Any) -> None:
    line = Line2D(
        [v / 96 for v in x],
        [v / 96 for v in y],
        transform=figure.dpi_scale_trans,
        solid_capstyle="butt",
        **style,
    )
    figure.add_artist(line)


BAR_ROOM = 72


def beside(axis: dict[str, Any]) -> bool:
    """Return whether a colour bar stands right of the panels, in the margin."""
    return bool(axis.get("colorbar", {}).get("x", 1.02) >= 1)


def draw_bar(
    figure: Figure, axis: dict[str, Any], model: Model, box: tuple[float, ...]
) -> None:
    """Draw one colour bar beside or inside a box (left, bottom, width, height)."""
    bar = axis.get("colorbar", {})
    left, bottom, width, height = box
    pixels = bar.get("lenmode") == "pixels"
    tall = bar.get("len", 1.0) if pixels else height * bar.get("len", 1.0)
    anchor = {"top": 1.0, "middle": 0.5, "bottom": 0.0}[bar.get("yanchor", "middle")]
    low = bottom + bar.get("y", 0.5) * height - anchor * tall
    thick = bar.get("thickness", 12)
    size = figure.get_size_inches() * 96
    start_x = left + bar.get("x", 1.0) * width + (10 if beside(axis) else 4)
    axes = figure.add_axes(
        (start_x / size[0], low / size[1], thick / size[0], tall / size[1])
    )
    start, stop = limits(axis)
    steps = np.linspace(start, stop, 257)
    axes.pcolormesh([0, 1], steps, steps[:256, None], cmap=colormap(axis["colorscale"]))
    axes.xaxis.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    font = model.layout["font"]
    ticks = {**font, **bar.get("tickfont", {})}
    if bar.get("tickvals") is not None:
        axes.set_yticks(bar["tickvals"], [str(word) for word in bar["ticktext"]])
    axes.yaxis.tick_right()
    axes.tick_params(length=0, labelcolor=colour(ticks["color"]), pad=3 * POINT)
    for label in axes.yaxis.get_ticklabels():
        label.set_fontproperties(Run(label.get_text(), ticks["size"], "black").font)
    title = bar.get("title", {})
    if title.get("text"):
        words = {**font, **title.get("font", {})}
        lines = read(title["text"], words["size"], words["color"])
        write(figure, lines, (start_x, low + tall + 4))
