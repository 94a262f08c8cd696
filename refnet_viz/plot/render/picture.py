"""From a plotly figure to the bytes of a picture."""

from __future__ import annotations

import base64
import io
import math
import re
import warnings
from typing import Any

import matplotlib as mpl
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from .bars import Bars
from .frame import dress
from .key import BAR_ROOM, Legend, beside, draw_bar
from .marks import Place, draw_note, draw_shape
from .model import Model
from .ranges import fit, square
from .spoken import spoken
from .style import colour
from .text import STACK, read, write
from .traces import Pen

Box = tuple[float, float, float, float]  # left, bottom, width, height in pixels
# Dates and program versions would make every picture differ from the one before.
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
# Where each format keeps what a screen reader says; SVG has elements of its own.
WORDS = {
    "png": ("Title", "Description"),
    "pdf": ("Title", "Subject"),
    "svg": (),
}
# Of many dots it is a third of a PNG, and nothing is seen of what it leaves out.
QUALITY = 80
SHARPNESS = 60  # the same of where it lets through what is below
PADDING = 14  # pixels between labels, legend and the edge
TITLE_TOP = 16  # pixels above a title that says nothing of its place
# The fonts that matplotlib found here, as an SVG file names them.
_FAMILY = re.compile(rb'(<text style="[^"]*font-family: )[^;"]*')
_PICTURE = re.compile(rb"data:image/png;base64,([^\"]*)")
SETTINGS: Any = {
    "svg.hashsalt": "refnet_viz",
    "svg.fonttype": "none",  # text stays text: to be searched, and edited
    "pdf.fonttype": 42,
    "axes.axisbelow": True,
}


def render(
    figure: go.Figure,
    kind: str,
    *,
    width: int,
    height: int,
    scale: float = 2.0,
    words: tuple[str, str] = ("", ""),
    most: float = math.inf,
) -> bytes:
    """Return a figure as PNG, SVG or PDF, the same bytes every time.

    Parameters
    ----------
    figure
        A figure of scatter, bar, histogram and heatmap traces.
    kind
        "png", "svg" or "pdf".
    width, height
        Pixels, 96 an inch.
    scale
        Pixels of a PNG for each of these.
    words
        Title and description for those who cannot see it, as plain text.
    most
        Traces of more marks are pictures of pixels within an SVG or a PDF.

    Raises
    ------
    ValueError
        If the figure holds something that is not drawn.

    Examples
    --------
    >>> render(go.Figure(go.Bar(y=[1, 2])), "png", width=90, height=60)[1:4]
    b'PNG'
    """
    model = Model(figure, most=most)
    # The user's own matplotlib settings must not reach the picture, nor ours them.
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        canvas = Figure(figsize=(width / 96, height / 96), dpi=96 * scale)
        FigureCanvasAgg(canvas)
        canvas.patch.set_facecolor(colour(model.layout.get("paper_bgcolor", "white")))
        _paint(canvas, model, width, height)
        file = io.BytesIO()
        texts = dict(zip(WORDS[kind], words, strict=False))
        metadata = {
            **METADATA[kind],
            **{key: text for key, text in texts.items() if text},
        }
        canvas.savefig(file, format=kind, dpi=96 * scale, metadata=metadata)
    content = file.getvalue()
    if kind != "svg":
        return content
    content = _PICTURE.sub(_smaller, _FAMILY.sub(rf"\1{STACK}".encode(), content))
    return spoken(content, *words)


def _smaller(match: re.Match[bytes]) -> bytes:
    """Return a picture within an SVG as WebP."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(match[1]))) as picture:
        picture.save(file, "webp", quality=QUALITY, alpha_quality=SHARPNESS, method=2)
    return b"data:image/webp;base64," + base64.b64encode(file.getvalue())


def _paint(canvas: Figure, model: Model, width: int, height: int) -> None:
    layout = model.layout
    layout["font"] = {"size": 12, "color": "#2a3f5f", **layout.get("font", {})}
    margin = {"l": 80, "r": 80, "t": 100, "b": 80, **layout.get("margin", {})}
    bars = fit(model)
    ranges = {name: axis.range for name, axis in model.axes.items()}
    # Labels are drawn, measured, and drawn again where they have room.
    panels: list[Axes] = []
    for last in (False, True):
        area = _area(width, height, margin)
        for name, limits in ranges.items():
            model.axes[name].range = limits
        panels = _panels(canvas, model, area, bars, panels)
        over = _overhang(canvas, panels, area)
        if not last:
            _settle(margin, over, model, (width, height))
    _backgrounds(canvas, model, area)
    left, bottom, across, up = area
    legend, corner = _legend(model, area, width)
    if legend.flat:
        legend.draw(canvas, corner, bottom - over["b"] - 10)
    else:
        legend.draw(canvas, left + across + 12 + _bar_room(model), bottom + up)
    _words(canvas, model, area)


def _bar_room(model: Model) -> float:
    return BAR_ROOM * any(beside(bar) for bar in model.color_bars())


def _settle(
    margin: dict[str, float],
    over: dict[str, float],
    model: Model,
    size: tuple[int, int],
) -> None:
    """Widen margins until labels, legend and colour bars have room."""
    width = size[0]
    legend, _ = _legend(model, _area(*size, margin), width)
    wide = 0.0 if legend.flat else legend.room[0]
    for side, more in (("l", 0.0), ("r", wide + _bar_room(model))):
        if over[side] + more:
            margin[side] = max(margin[side], over[side] + more + PADDING)
    # Between the labels a flat legend may need more rows.
    legend, _ = _legend(model, _area(*size, margin), width)
    tall = legend.room[1] if legend.flat else 0.0
    if over["b"] + tall:
        margin["b"] = max(margin["b"], over["b"] + tall + PADDING)


def _legend(model: Model, area: Box, width: int) -> tuple[Legend, float]:
    """Return the legend, and where it begins: at the panels or at the edge."""
    options = model.layout.get("legend", {})
    if options.get("xref") != "container":
        return Legend(model, area[2]), area[0]
    start = width * options.get("x", 0.0)
    return Legend(model, width - 2 * start), start


def _words(canvas: Figure, model: Model, area: Box) -> None:
    """Draw what lies over the panels."""
    for bar in model.color_bars():
        draw_bar(canvas, bar, model, area)
    place = Place(model, area)
    for shape in model.layout.get("shapes", ()):
        draw_shape(canvas, shape, place)
    for note in model.layout.get("annotations", ()):
        if note.get("visible", True):
            draw_note(canvas, note, place)
    _title(canvas, model, area)


def _area(width: int, height: int, margin: dict[str, float]) -> Box:
    return (
        margin["l"],
        margin["b"],
        max(width - margin["l"] - margin["r"], 1),
        max(height - margin["t"] - margin["b"], 1),
    )


def _panels(
    canvas: Figure,
    model: Model,
    area: Box,
    bars: dict[int, Bars],
    measured: list[Axes],
) -> list[Axes]:
    """Draw every panel with its traces, where the measured panels are.

    Without these they are drawn to be measured, with their texts alone: all else ends
    at the sides of its panel. Ticks, which take longest, are made once.
    """
    place = Place(model, area)
    sizes = {n: place.span(axis)[1] for n, axis in model.axes.items()}
    square(model, sizes)
    panels = []
    for number, (x, y) in enumerate(model.pairs()):
        (left, wide), (bottom, tall) = place.span(x), place.span(y)
        total = canvas.get_size_inches() * 96
        box = (left / total[0], bottom / total[1], wide / total[0], tall / total[1])
        if measured:
            axes = measured[number]
            for artist in [*axes.lines, *axes.texts]:
                artist.remove()
            axes.set_position(box)
        else:
            # A label of its own keeps two panels at one place apart.
            axes = canvas.add_axes(box, label=f"{x.name} {y.name}")
            axes.patch.set_visible(False)
        _traces(axes, model, (x.name, y.name), bars, words_alone=not measured)
        dress(axes, x, wide, model.layout["font"])
        dress(axes, y, tall, model.layout["font"])
        panels.append(axes)
    return panels


def _traces(
    axes: Axes,
    model: Model,
    names: tuple[str, str],
    bars: dict[int, Bars],
    *,
    words_alone: bool,
) -> None:
    before = None
    for number, trace in enumerate(model.traces):
        if (trace.get("xaxis", "x"), trace.get("yaxis", "y")) != names:
            continue
        if not words_alone or "text" in (trace.get("mode") or ""):
            before = Pen(axes, model, number).draw(bars.get(number), before)


def _backgrounds(canvas: Figure, model: Model, area: Box) -> None:
    place = Place(model, area)
    face = colour(model.layout.get("plot_bgcolor", "white"))
    for x, y in model.pairs():
        (left, wide), (bottom, tall) = place.span(x), place.span(y)
        box = Rectangle(
            (left / 96, bottom / 96),
            wide / 96,
            tall / 96,
            facecolor=face,
            zorder=-3,
            edgecolor="none",
            transform=canvas.dpi_scale_trans,
        )
        canvas.add_artist(box)


def _overhang(canvas: Figure, panels: list[Axes], area: Box) -> dict[str, float]:
    """Return by how many pixels labels stand out of the plotting area."""
    boxes = [box for axes in panels if (box := axes.get_tightbbox()) is not None]
    unit = canvas.dpi / 96
    left, bottom, wide, _ = area
    low = [box.x0 / unit for box in boxes] or [left]
    foot = [box.y0 / unit for box in boxes] or [bottom]
    high = [box.x1 / unit for box in boxes] or [left + wide]
    return {
        "l": max(0.0, left - min(low)),
        "b": max(0.0, bottom - min(foot)),
        "r": max(0.0, max(high) - left - wide),
    }


def _title(canvas: Figure, model: Model, area: Box) -> None:
    options = model.layout.get("title", {})
    if not options.get("text"):
        return
    font = {**model.layout["font"], "size": 17, **options.get("font", {})}
    lines = read(options["text"], font["size"], font["color"])
    left = area[0] if options.get("xref") == "paper" else 0.0
    size = canvas.get_size_inches() * 96
    wide = area[2] if options.get("xref") == "paper" else size[0]
    anchor = options.get("xanchor", "left")
    top = size[1] * options["y"] if "y" in options else size[1] - TITLE_TOP
    at = (left + options.get("x", 0.05) * wide, top)
    anchor = "left" if anchor == "auto" else anchor
    write(canvas, lines, at, yanchor="top", xanchor=anchor)
