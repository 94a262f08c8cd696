"""Figures of another width: fewer panels in a row, and no line of text cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .panels import FOOT, LEGEND_GAP, LINE, SPARE, TITLE_TOP
from .render.key import BAR_ROOM, Legend
from .render.model import Model, decoded
from .render.text import extent, read, wrapped, written

EDGE = 16  # pixels left free at both sides
LABEL = 14  # pixels between a label and the edge of the figure
RIGHT = 22  # the same at the right, where half a number stands out
NUMBERS = 38  # pixels that numbers take beside an axis
TITLE = 20  # pixels that the title of an axis takes
BAR = 64  # pixels of a colour bar between two panels
SLIM = 420  # pixels below which a title is written smaller
# Pixels below which a panel is not read: a map, one with names at its side, any other.
LEAST = {"map": 128, "names": 150, "plot": 190}
# Panels of full size are about so wide; points of smaller ones shrink.
FULL = 400


@dataclass
class Panels:
    """The panels of a figure, and where they go in a width.

    Parameters
    ----------
    figure
        With ``meta["grid"]``, as `panels.grid` left it.
    width
        Pixels of the figure.
    """

    figure: go.Figure
    width: int

    def __post_init__(self) -> None:
        self.spec: dict[str, Any] = dict(self.figure.layout.meta["grid"])
        self.count: int = self.spec["panels"]
        self.columns = self._columns()
        self.rows = -(-self.count // self.columns)

    def axis(self, letter: str, number: int) -> Any:
        """Return an axis of a panel, counted from 0."""
        return self.figure.layout[f"{letter}axis{number + 1 if number else ''}"]

    @property
    def kind(self) -> str:
        """Kind of the panels: maps, rows with names, or plots."""
        if self.axis("y", 0).ticktext:
            return "names"
        flat = all(self.axis("y", n).showticklabels is False for n in range(self.count))
        return "map" if flat else "plot"

    def lead(self, number: int) -> float:
        """Return the pixels that labels of a panel take at its left."""
        axis = self.axis("y", number)
        if axis.showticklabels is False:
            return 0.0
        words = [read(str(word), 11, "black") for word in axis.ticktext or ()]
        wide = max((extent(lines)[0] for lines in words), default=NUMBERS)
        return float(wide) + TITLE * bool(axis.title.text)

    @property
    def bar(self) -> Any:
        """The colour bar, if there is one."""
        axis = self.figure.layout.coloraxis
        return axis.colorbar if axis.colorbar.to_plotly_json() else None

    @property
    def inside(self) -> bool:
        """Whether the colour bar belongs to the first panel alone."""
        return self.bar is not None and self.spec.get("bar", self.bar.x or 1.02) < 1

    def sides(self, columns: int) -> tuple[float, float, float]:
        """Return the pixels left, right, and between two columns."""
        leads = [self.lead(number) for number in range(self.count)]
        left = max(EDGE, *(lead + LABEL for lead in leads[::columns]))
        others = [lead for n, lead in enumerate(leads) if n % columns]
        between = max(others, default=0.0) + LABEL
        beside = self.bar is not None and not (self.inside and columns > 1)
        right = BAR_ROOM + LABEL if beside else RIGHT
        return left, right, between + BAR * (self.inside and columns > 1)

    def wide(self, columns: int) -> float:
        """Return the pixels of a panel."""
        left, right, between = self.sides(columns)
        return (self.width - left - right - (columns - 1) * between) / columns

    def _columns(self) -> int:
        for columns in range(min(self.spec["columns"], self.count), 1, -1):
            if self.wide(columns) >= LEAST[self.kind]:
                return columns
        return 1

    @property
    def tall(self) -> int:
        """Pixels of a panel from top to bottom."""
        full, wide = int(self.spec["height"]), self.wide(self.columns)
        if self.kind == "names":
            return full
        return int(min(full, max(130, wide if self.kind == "map" else 0.85 * wide)))


def fitted(figure: go.Figure, width: int, *, height: Any = None) -> go.Figure:
    """Return the figure with its panels, titles and points set for a width.

    Parameters
    ----------
    figure
        Those without ``meta["grid"]`` are returned as they are.
    width
        Pixels.
    height
        Pixels, instead of those that are needed.
    """
    meta = figure.layout.meta
    spec = meta.get("grid") if isinstance(meta, Mapping) else None
    if not spec:
        return figure
    figure = go.Figure(figure)
    if spec.get("width") == width:
        return _resized(figure, height)
    panels = Panels(figure, width)
    notes, texts = _titles(panels)
    left, right, between = panels.sides(panels.columns)
    wide, tall = panels.wide(panels.columns), panels.tall
    blocks = _blocks(panels, notes)
    gaps = [panels.spec["gap"] + panels.spec["below"] + block for block in blocks[1:]]
    inner = panels.rows * tall + sum(gaps)
    tops = np.cumsum([0, *(tall + gap for gap in gaps)])
    across = width - left - right
    for number in range(panels.count):
        row, column = divmod(number, panels.columns)
        start = column * (wide + between)
        panels.axis("x", number).domain = _share(start, start + wide, across)
        foot = inner - tops[row] - tall
        panels.axis("y", number).domain = _share(foot, foot + tall, inner)
    head = TITLE_TOP + extent(_title(figure))[1] + 6 + blocks[0]
    _bar(panels, wide, tall, across)
    for note in figure.layout.annotations:
        note.visible = note.name != SPARE or width >= SLIM
    figure.update_layout(
        legend={
            "xref": "container",
            "x": EDGE / width,
            "y": -(panels.spec["below"] + LEGEND_GAP) / inner,
        },
        margin={"l": left, "r": right, "t": head},
    )
    legend = Legend(Model(figure), width - 2 * EDGE).room[1]
    foot = FOOT + panels.spec["below"] + legend
    figure.layout.margin.b = foot
    figure.layout.height = round(head + inner + foot)
    _remember(panels, texts, _shrunk(panels, wide))
    return _resized(figure, height)


def _share(low: float, high: float, whole: float) -> list[float]:
    return [max(0.0, low / whole), min(1.0, high / whole)]


def _resized(figure: go.Figure, height: Any) -> go.Figure:
    if height is not None:
        figure.layout.height = height
    figure.layout.title.y = 1 - TITLE_TOP / figure.layout.height
    return figure


def _titles(panels: Panels) -> tuple[list[int], list[list[str]]]:
    """Break the lines of all titles; return those of the panels, and what was done.

    What was broken before is taken as it was, so that a figure can be fitted again.
    """
    figure, previous = panels.figure, panels.spec.get("texts", [])
    layout = figure.layout
    size = 13 if panels.width < SLIM else 16
    layout.title.update(font={"size": size}, xref="container", x=EDGE / panels.width)
    rooms = [panels.width - EDGE - LABEL] + [
        _room(panels, number) for number in range(panels.count)
    ]
    holders = [layout.title, *layout.annotations[: panels.count]]
    texts, lines = [], []
    for place, (holder, room) in enumerate(zip(holders, rooms, strict=True)):
        text = holder.text or ""
        if place < len(previous) and previous[place][1] == text:
            text = previous[place][0]
        base = size if place == 0 else 12
        broken = wrapped(read(text, base, "inherit"), room)
        holder.text = written(broken, base, "inherit")
        texts.append([text, holder.text])
        lines.append(len(broken))
    _level(panels, texts, lines)
    return lines[1:], texts


def _level(panels: Panels, told: list[list[str]], lines: list[int]) -> None:
    """Let the titles of a row begin on one line; they stand on their panels."""
    for start in range(0, panels.count, panels.columns):
        row = range(start, min(start + panels.columns, panels.count))
        most = max(lines[number + 1] for number in row)
        for number in row:
            text = told[number + 1][1] + "<br> " * (most - lines[number + 1])
            panels.figure.layout.annotations[number].text = text
            told[number + 1][1] = text


def _room(panels: Panels, number: int) -> float:
    """Return the pixels for the title of a panel; the last may use the margin."""
    last = number % panels.columns == panels.columns - 1
    margin = panels.sides(panels.columns)[1] - LABEL
    return panels.wide(panels.columns) + (margin if last else 0.0)


def _title(figure: go.Figure) -> Any:
    size = figure.layout.title.font.size
    return read(figure.layout.title.text or "", size, "black")


def _blocks(panels: Panels, lines: list[int]) -> list[int]:
    """Return the pixels that titles take above each row of panels."""
    wide = panels.columns
    return [
        LINE * max(lines[row * wide : (row + 1) * wide]) + 8
        for row in range(panels.rows)
    ]


def _bar(panels: Panels, wide: float, tall: int, across: float) -> None:
    """Set the colour bar beside the panel it belongs to."""
    if panels.bar is None:
        return
    panels.spec["bar"] = panels.spec.get("bar", panels.bar.x or 1.02)
    panels.bar.len = min(panels.bar.len or 260, 0.8 * tall)
    between = panels.inside and panels.columns > 1
    panels.bar.x = (wide + 6) / across if between else 1.02


def _shrunk(panels: Panels, wide: float) -> float:
    """Make points smaller where maps are; return by how much."""
    if panels.axis("y", 0).showticklabels is not False:
        return 1.0
    scale = float(np.clip(np.sqrt(wide / FULL), 0.5, 1.0))
    factor = scale / panels.spec.get("scale", 1.0)
    for trace in panels.figure.data:
        if trace.customdata is not None and trace.marker.size is not None:
            sizes = np.asarray(decoded(trace.marker.size), dtype=np.float64)
            trace.marker.size = np.round(sizes * factor, 2)
    return scale


def _remember(panels: Panels, told: list[list[str]], scale: float) -> None:
    meta = dict(panels.figure.layout.meta)
    state = {"width": panels.width, "texts": told, "scale": scale}
    panels.figure.layout.meta = {**meta, "grid": {**panels.spec, **state}}
