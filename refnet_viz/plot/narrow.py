"""Figures of another width: as many panels in a row as can be read, no line cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .panels import FOOT, HIGHEST, LEGEND_GAP, LINE, SPARE, TITLE_TOP
from .render.key import BAR_ROOM, Legend
from .render.model import Model, decoded
from .render.text import Lines, extent, read, wrapped, written

EDGE = 16  # pixels left free at both sides
LABEL = 14  # pixels between a label and the edge of the figure
RIGHT = 22  # the same at the right, where half a number stands out
NUMBERS = 38  # pixels that numbers take beside an axis
TITLE = 20  # pixels that the title of an axis takes
BAR = 64  # pixels of a colour bar between two panels
SLIM = 420  # pixels below which writing is smaller and gaps are narrower
# Pixels below which a panel is not read: a map, one with names at its side, one whose
# names are those of its neighbour, any other.
LEAST = {"map": 128, "names": 150, "rows": 90, "plot": 160}
# The same where the figure would be too high for a page otherwise.
TIGHT = {"map": 84, "names": 76, "rows": 60, "plot": 76}
ROW = 14  # pixels of a row with a name in a slim figure
WORDLESS_ROW = 22  # the same in a wider one without spare words
SMALLEST_ROW = 11
ROW_MARGIN = 8  # pixels above and below all named rows of a panel
LOW = {"map": 96, "plot": 72}  # pixels of the lowest panel that is still read
SHAPES = {"rows": 1.27, "plot": 1.6}  # heights of slim figures to their widths
WIDE_SHAPES = {"plot": 1.2, "names": 1.5}  # the same of wider ones
WORDS = 200  # pixels of a panel that has room for spare words
MOST = 10  # panels in a row
# Panels of full size are about so wide; points of smaller ones shrink.
FULL = 400
FULL_ROW = 24  # the same of the height of a row with a name


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
        self.shared: bool = self.spec.get("shared", False)
        self.slim = self.width < SLIM
        self.texts = [_original(self, place) for place in range(self.count + 1)]
        # Titles of axes as they were, before a page named shared ones once.
        self.names: dict[str, list[str]] = self.spec.get("names") or {
            letter: [self.axis(letter, n).title.text or "" for n in range(self.count)]
            for letter in "xy"
        }

    def axis(self, letter: str, number: int) -> Any:
        """Return an axis of a panel, counted from 0."""
        return self.figure.layout[f"{letter}axis{number + 1 if number else ''}"]

    @cached_property
    def kind(self) -> str:
        """Kind of the panels: maps, rows with names, the same rows, or plots."""
        if self.axis("y", 0).ticktext:
            return "rows" if self.shared else "names"
        flat = all(self.axis("y", n).showticklabels is False for n in range(self.count))
        return "map" if flat else "plot"

    def lead(self, number: int, columns: int) -> float:
        """Return the pixels that labels of a panel take at its left."""
        axis, first = self.axis("y", number), number % columns == 0
        if self.kind == "map" or (self.kind == "rows" and not first):
            return 0.0
        words = [read(str(word), 11, "black") for word in axis.ticktext or ()]
        wide = max((extent(lines)[0] for lines in words), default=NUMBERS)
        return float(wide) + TITLE * bool(self.named("y", number, columns))

    def named(self, letter: str, number: int, columns: int) -> str:
        """Return the title of an axis, empty where a neighbour says the same."""
        title = self.names[letter][number]
        if not self.shared or self.kind != "plot":
            return title
        last = number + columns >= self.count
        return title if (last if letter == "x" else number % columns == 0) else ""

    @property
    def below(self) -> int:
        """Pixels the axis of a panel needs below it."""
        return int(self.spec["below"]) - 4 * self.slim

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
        leads = [self.lead(number, columns) for number in range(self.count)]
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

    def full(self, columns: int) -> float:
        """Return the pixels of a panel, or of one named row, where there is room."""
        full, wide = float(self.spec["height"]), self.wide(columns)
        if self.kind == "rows":
            # Words above the dots need a higher row.
            high = full if wide >= WORDS else WORDLESS_ROW
            return min(full, ROW if self.slim else high)
        if self.kind == "names":
            return full
        return min(full, max(130, wide if self.kind == "map" else 0.85 * wide))

    def low(self, columns: int) -> float:
        """Return the least of these pixels with which a panel is still read."""
        if self.kind == "rows":
            return SMALLEST_ROW
        names = max(len(self.axis("y", n).ticktext or ()) for n in range(self.count))
        low = LOW.get(self.kind, SMALLEST_ROW * names + 6)
        return min(low, self.full(columns))

    @property
    def used(self) -> list[int]:
        """Rows with a name that each panel needs; 1 where a panel is no such rows."""
        rows = self.spec.get("used") if self.kind == "rows" else None
        return list(rows or [1] * self.count)

    @cached_property
    def legend(self) -> float:
        """Pixels of the legend below."""
        return Legend(Model(self.figure), self.width - 2 * EDGE).room[1]

    def candidates(self) -> Iterator[int]:
        """Yield how many panels may stand in a row, the best number first."""
        wish = min(self.spec["columns"], self.count)
        fit = [c for c in range(1, wish + 1) if self.wide(c) >= LEAST[self.kind]]
        # Rows of equal length: not three panels and then one.
        first = -(-self.count // -(-self.count // max(fit, default=1)))
        yield first
        rows = -(-self.count // first)
        for columns in range(first + 1, min(self.count, MOST) + 1):
            fewer = -(-self.count // columns) < rows
            if fewer and self.wide(columns) >= TIGHT[self.kind]:
                rows = -(-self.count // columns)
                yield columns

    def titles(self, columns: int) -> list[Lines]:
        """Return the broken lines of the titles of all panels."""
        margin = self.sides(columns)[1] - LABEL
        rooms = [
            # The last of a row may use the margin.
            self.wide(columns) + (margin if n % columns == columns - 1 else LABEL - 4)
            for n in range(self.count)
        ]
        return [
            wrapped(read(text, 12, "inherit"), room)
            for text, room in zip(self.texts[1:], rooms, strict=True)
        ]


@dataclass(frozen=True)
class Arrangement:
    """Arrangement of panels: how many in a row, how high, and what is between.

    Parameters
    ----------
    panels
        The panels.
    columns
        Panels in a row.
    title
        Broken lines of the figure's title.
    """

    panels: Panels
    columns: int
    title: Lines

    @property
    def rows(self) -> int:
        """Number of rows of panels."""
        return -(-self.panels.count // self.columns)

    @cached_property
    def lines(self) -> list[Lines]:
        """Broken lines of each panel's title."""
        return self.panels.titles(self.columns)

    @cached_property
    def blocks(self) -> list[int]:
        """Pixels that titles take above each row of panels."""
        counts = [_count(lines) for lines in self.lines]
        starts = range(0, len(counts), self.columns)
        most = [max(counts[start : start + self.columns]) for start in starts]
        return [LINE * lines + (4 if self.panels.slim else 8) for lines in most]

    @cached_property
    def gaps(self) -> list[int]:
        """Pixels between each two rows of panels."""
        spec, slim = self.panels.spec, self.panels.slim
        once = self.panels.shared and self.panels.kind == "plot"
        below = self.panels.below - TITLE * once
        gap = min(spec["gap"], 6) if slim else spec["gap"]
        return [gap + below + block for block in self.blocks[1:]]

    @property
    def head(self) -> float:
        """Pixels above the first row of panels."""
        high = extent(self.title)[1] + 6 if _count(self.title) else 0.0
        return self.top + high + self.blocks[0]

    @property
    def top(self) -> int:
        """Pixels above the title."""
        return TITLE_TOP // 2 if self.panels.slim else TITLE_TOP

    @property
    def foot(self) -> float:
        """Pixels below the last row of panels."""
        free = FOOT // 2 if self.panels.slim else FOOT
        return free + self.panels.below + self.panels.legend

    @property
    def around(self) -> float:
        """Pixels of all but the panels themselves."""
        return self.head + sum(self.gaps) + self.foot

    @cached_property
    def units(self) -> list[int]:
        """Heights of the rows of panels: in named rows, or 1 for any other panel."""
        used = self.panels.used
        starts = range(0, len(used), self.columns)
        return [max(used[start : start + self.columns]) for start in starts]

    @property
    def margins(self) -> float:
        """Pixels that all rows of panels need beside their units."""
        return len(self.units) * (ROW_MARGIN if self.panels.kind == "rows" else 0)

    def unit(self, most: float) -> float:
        """Return the pixels of a unit where the figure may have so many."""
        free = (most - self.around - self.margins) / sum(self.units)
        least = 6 if self.panels.kind == "rows" else 24
        return max(least, min(self.panels.full(self.columns), np.floor(free * 4) / 4))

    @property
    def least(self) -> float:
        """Pixels of the lowest figure in which every panel can still be read."""
        low = sum(self.units) * self.panels.low(self.columns)
        return float(self.around + self.margins + low)

    def fits(self, most: float) -> bool:
        """Return whether every panel can still be read in a figure of this height."""
        return self.least <= most

    def heights(self, unit: float) -> list[int]:
        """Return the pixels of the panels of each row."""
        more = ROW_MARGIN if self.panels.kind == "rows" else 0
        return [int(unit * units + more) for units in self.units]


def _arranged(panels: Panels, title: Lines) -> tuple[Arrangement, float]:
    """Return the best arrangement that a page has room for, and its unit in pixels."""
    options = [Arrangement(panels, c, title) for c in panels.candidates()]
    shape = (SHAPES if panels.slim else WIDE_SHAPES).get(panels.kind, np.inf)
    goal = min(HIGHEST, shape * panels.width)
    for most in (goal, HIGHEST):
        for option in options:
            if option.fits(most):
                return option, option.unit(max(goal, option.least))
    return options[-1], options[-1].unit(HIGHEST)


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
    title = _title(panels)
    figure.layout.legend.font.size = 11 if panels.slim else None
    best, unit = _arranged(panels, title)
    texts = _written(best)
    _placed(best, unit)
    for note in figure.layout.annotations:
        room = panels.wide(best.columns) >= WORDS or panels.kind != "rows"
        note.visible = note.name != SPARE or (room and not panels.slim)
    scale = _shrunk(panels, panels.wide(best.columns), unit)
    state = {"width": width, "texts": texts, "scale": scale, "names": panels.names}
    figure.layout.meta = {
        **figure.layout.meta,
        "grid": {**panels.spec, **state, "top": best.top},
    }
    return _resized(figure, height)


def _resized(figure: go.Figure, height: Any) -> go.Figure:
    if height is not None:
        figure.layout.height = height
    top = figure.layout.meta["grid"].get("top", TITLE_TOP)
    figure.layout.title.y = 1 - top / figure.layout.height
    return figure


def _placed(best: Arrangement, unit: float) -> None:
    """Set where every panel lies, and the margins around them."""
    panels, layout = best.panels, best.panels.figure.layout
    left, right, between = panels.sides(best.columns)
    wide = panels.wide(best.columns)
    heights = best.heights(unit)
    inner = sum(heights) + sum(best.gaps)
    steps = [tall + gap for tall, gap in zip(heights, best.gaps, strict=False)]
    tops = np.cumsum([0, *steps])
    across = panels.width - left - right
    for number in range(panels.count):
        row, column = divmod(number, best.columns)
        start = column * (wide + between)
        x, y = (panels.axis(letter, number) for letter in "xy")
        x.domain = _share(start, start + wide, across)
        foot = inner - tops[row] - heights[row]
        y.domain = _share(foot, foot + heights[row], inner)
        for letter, axis in (("x", x), ("y", y)):
            axis.title.text = panels.named(letter, number, best.columns) or None
        if panels.kind == "rows":
            y.showticklabels = column == 0
            y.range = [best.units[row] - 0.4, -0.7]
    _bar(panels, wide, heights[0], across=across, columns=best.columns)
    gap = LEGEND_GAP // 2 if panels.slim else LEGEND_GAP
    height = round(best.head + inner + best.foot)
    # With one place in the figure and one among the panels, plotly would keep the
    # panels to the right of the legend.
    layout.update(
        legend={
            "xref": "container",
            "x": EDGE / panels.width,
            "yref": "container",
            "y": max(0.0, (best.foot - panels.below - gap) / height),
        },
        margin={"l": left, "r": right, "t": best.head, "b": best.foot},
        height=height,
    )


def _share(low: float, high: float, whole: float) -> list[float]:
    return [max(0.0, low / whole), min(1.0, high / whole)]


def _count(lines: Lines) -> int:
    """Return how many lines there are, none where nothing is written."""
    return len(lines) if any(run.text for line in lines for run in line) else 0


def _holders(panels: Panels) -> list[Any]:
    """Return what holds the figure's title and those of the panels."""
    layout = panels.figure.layout
    return [layout.title, *layout.annotations[: panels.count]]


def _original(panels: Panels, place: int) -> str:
    """Return a title as it was before it was broken, so that it can be fitted again."""
    text: str = _holders(panels)[place].text or ""
    previous = panels.spec.get("texts", [])
    same = place < len(previous) and previous[place][1] == text
    return str(previous[place][0]) if same else text


def _title(panels: Panels) -> Lines:
    """Return the broken lines of the figure's title, and set its size."""
    size = 13 if panels.slim else 16
    panels.figure.layout.title.update(
        font={"size": size}, xref="container", x=EDGE / panels.width
    )
    room = panels.width - EDGE - LABEL
    return wrapped(read(panels.texts[0], size, "inherit"), room)


def _written(best: Arrangement) -> list[list[str]]:
    """Write all titles, broken; return what they were and what they are."""
    panels = best.panels
    size = panels.figure.layout.title.font.size
    texts = [written(best.title, size, "inherit")]
    for start in range(0, panels.count, best.columns):
        row = best.lines[start : start + best.columns]
        most = max(len(lines) for lines in row)
        # The titles of a row begin on one line; they stand on their panels.
        texts += [
            written(lines, 12, "inherit") + "<br> " * (most - len(lines))
            for lines in row
        ]
    for holder, text in zip(_holders(panels), texts, strict=True):
        holder.text = text
    return [list(pair) for pair in zip(panels.texts, texts, strict=True)]


def _bar(
    panels: Panels, wide: float, tall: int, *, across: float, columns: int
) -> None:
    """Set the colour bar beside the panel it belongs to."""
    if panels.bar is None:
        return
    panels.spec["bar"] = panels.spec.get("bar", panels.bar.x or 1.02)
    panels.bar.len = min(panels.bar.len or 260, 0.8 * tall)
    between = panels.inside and columns > 1
    panels.bar.x = (wide + 6) / across if between else 1.02


def _shrunk(panels: Panels, wide: float, unit: float) -> float:
    """Make points smaller where maps or rows are; return by how much."""
    if panels.kind == "map":
        scale = float(np.clip(np.sqrt(wide / FULL), 0.5, 1.0))
    elif panels.kind == "rows":
        scale = float(np.clip(unit / FULL_ROW, 0.6, 1.0))
    else:
        return 1.0
    factor = scale / panels.spec.get("scale", 1.0)
    for trace in panels.figure.data:
        of_points = trace.customdata is not None or panels.kind == "rows"
        if of_points and trace.marker.size is not None:
            sizes = np.asarray(decoded(trace.marker.size), dtype=np.float64)
            shrunk = np.round(sizes * factor, 2)
            trace.marker.size = shrunk if shrunk.ndim else float(shrunk)
    return scale
