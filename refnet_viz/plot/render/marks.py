"""Shapes and annotations, and where a reference such as "x2 domain" points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox, TransformedBbox

from .model import Axis, Model
from .style import DASHES, POINT, colour
from .text import ANCHORS, drawn_width, extent, read, write, write_upright

Box = tuple[float, float, float, float]


@dataclass
class Place:
    """Pixels of everything a figure can refer to.

    Parameters
    ----------
    model
        With its ranges.
    area
        Left, bottom, width and height of the plotting area in pixels.
    """

    model: Model
    area: Box

    def span(self, axis: Axis) -> tuple[float, float]:
        """Return where an axis begins and how long it is."""
        over = self.model.axes.get(str(axis.given.get("overlaying", "")), axis)
        low, high = over.domain
        start, length = self.area[0::2] if axis.letter == "x" else self.area[1::2]
        return start + low * length, (high - low) * length

    def pixel(self, letter: str, reference: str, value: Any) -> float:
        """Return the pixel of a value, by the axis, domain or paper it refers to."""
        name = reference.split(maxsplit=1)[0]
        if name not in self.model.axes:
            start, length = self.area[0::2] if letter == "x" else self.area[1::2]
            return start + float(value) * length
        axis = self.model.axes[name]
        start, length = self.span(axis)
        inside = reference.endswith("domain")
        return start + (float(value) if inside else axis.share(value)) * length

    def note(self, note: dict[str, Any], letter: str) -> float:
        """Return the pixel of an annotation, which gives logarithms on log axes."""
        reference, value = note.get(f"{letter}ref", "paper"), note[letter]
        axis = self.model.axes.get(reference)
        if axis is not None and axis.given.get("type") == "log":
            value = 10.0**value
        return self.pixel(letter, reference, value) + note.get(f"{letter}shift", 0)

    def clip(self, canvas: Figure, shape: dict[str, Any], artist: Artist) -> None:
        """Keep a shape inside the panel it refers to."""
        sides = []
        for letter in "xy":
            name = shape.get(f"{letter}ref", letter).split()[0]
            if name not in self.model.axes:
                return
            start, length = self.span(self.model.axes[name])
            sides.append((start / 96, (start + length) / 96))
        (left, right), (bottom, top) = sides
        box = Bbox([[left, bottom], [right, top]])
        artist.set_clip_box(TransformedBbox(box, canvas.dpi_scale_trans))


def draw_shape(canvas: Figure, shape: dict[str, Any], place: Place) -> None:
    """Draw a line or a rectangle."""
    line = shape.get("line", {})
    opacity = shape.get("opacity", 1.0)
    x = [place.pixel("x", shape.get("xref", "x"), shape[f"x{i}"]) / 96 for i in (0, 1)]
    y = [place.pixel("y", shape.get("yref", "y"), shape[f"y{i}"]) / 96 for i in (0, 1)]
    style = {
        "linewidth": line.get("width", 2) * POINT,
        "linestyle": DASHES.get(line.get("dash", "solid"), "-"),
        "transform": canvas.dpi_scale_trans,
        "zorder": -1 if shape.get("layer") == "below" else 3,
    }
    edge = colour(line.get("color"), opacity)
    artist: Artist
    if shape.get("type") == "line":
        artist = Line2D(x, y, color=edge, **style)
    else:
        face = colour(shape.get("fillcolor", "rgba(0,0,0,0)"), opacity)
        artist = Rectangle(
            (min(x), min(y)),
            abs(x[1] - x[0]),
            abs(y[1] - y[0]),
            facecolor=face,
            edgecolor=edge if line.get("width", 2) else "none",
            **style,
        )
    canvas.add_artist(artist)
    place.clip(canvas, shape, artist)


def draw_note(canvas: Figure, note: dict[str, Any], place: Place) -> None:
    """Draw an annotation, with a line to its point if it has an arrow."""
    if note.get("visible") is False or not note.get("text"):
        return
    font = {**place.model.layout["font"], **note.get("font", {})}
    lines = read(note["text"], font["size"], font["color"])
    x, y = (place.note(note, letter) for letter in "xy")
    anchors = {
        "xanchor": _anchor(note.get("xanchor"), note["x"], "left", "right"),
        "yanchor": _anchor(note.get("yanchor"), note["y"], "bottom", "top"),
    }
    if note.get("showarrow", True):
        x, y = _arrow(canvas, note, (x, y), font["color"])
        anchors = {"xanchor": "center", "yanchor": "bottom"}
    if note.get("textangle"):
        write_upright(canvas, lines, (x, y), angle=-note["textangle"])
        return
    if note.get("bgcolor"):
        wide, tall = drawn_width(lines), extent(lines)[1]
        left = x - ANCHORS[anchors["xanchor"]] * wide - 2
        low = y - ANCHORS[anchors["yanchor"]] * tall
        back = Rectangle(
            (left / 96, low / 96),
            (wide + 4) / 96,
            tall / 96,
            edgecolor="none",
            facecolor=colour(note["bgcolor"]),
            transform=canvas.dpi_scale_trans,
        )
        canvas.add_artist(back)
    write(canvas, lines, (x, y), align=note.get("align", "center"), **anchors)


def _arrow(
    canvas: Figure, note: dict[str, Any], at: tuple[float, float], color: str
) -> tuple[float, float]:
    """Draw the line from a point to its text; return where the text stands."""
    end = (at[0] + note.get("ax", -10), at[1] - note.get("ay", -30))
    line = Line2D(
        [at[0] / 96, end[0] / 96],
        [at[1] / 96, end[1] / 96],
        color=colour(note.get("arrowcolor", color)),
        transform=canvas.dpi_scale_trans,
        linewidth=note.get("arrowwidth", 1) * POINT,
    )
    canvas.add_artist(line)
    return end


def _anchor(given: str | None, at: Any, low: str, high: str) -> str:
    """Return what "auto" means to plotly: thirds of the reference."""
    if given not in {None, "auto"}:
        return str(given)
    middle = "center" if low == "left" else "middle"
    if not isinstance(at, int | float) or 1 / 3 <= at <= 2 / 3:
        return middle
    return low if at < 1 / 3 else high
