"""Figures as files, without a browser, and the manifests beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plotly.basedatatypes import BaseFigure
from plotly.offline import get_plotlyjs

from .._files import write
from .._memory import check_room
from .belonging import write_figure
from .describe import describe, title_of
from .manifest import final, json_of, manifest_of
from .page import BESIDE, page
from .render import render
from .render.text import said_of_lost_letters

WIDTH, HEIGHT = 960, 540  # pixels of a figure that names none
SIDE = 65_535  # pixels that a picture may be wide or high, as matplotlib draws them
BYTES = 16  # of a pixel: drawn in four, then copied for the file


def save_figure(
    drawing: BaseFigure,
    size: Mapping[str, int | None],
    path: Path,
    *,
    scale: float,
    plotlyjs: bool | str,
) -> None:
    """Write a figure and its manifest; the arguments are those of `refnet_viz.save`."""
    figure = final(drawing, size)
    kind = path.suffix.lower()[1:]
    if kind == "html":
        content = page(figure, plotlyjs).encode()
        if plotlyjs == "directory":
            write(path.with_name(BESIDE), get_plotlyjs().encode())
    elif kind == "json":
        content = json_of(figure).encode()
    else:
        pixels = {
            "width": int(figure.layout.width or WIDTH),
            "height": int(figure.layout.height or HEIGHT),
        }
        if kind == "png":
            _check_size(scale, **pixels)
        words = (title_of(figure), describe(figure))
        with said_of_lost_letters(stacklevel=6):
            content = render(figure, kind, scale=scale, words=words, **pixels)
    note = manifest_of(figure, drawing.layout.meta, path.parent)
    write_figure(path, content, note)


def _check_size(scale: float, *, width: int, height: int) -> None:
    """Refuse a picture that cannot be drawn, before memory is set aside for it."""
    wide, high = round(width * scale), round(height * scale)
    if max(wide, high) > SIDE:
        raise ValueError(
            f"`scale` must leave at most {SIDE:,} pixels a side, "
            f"got {scale:g} for {width:,} x {height:,}."
        )
    check_room("scale", BYTES * wide * high, f"a picture of {wide:,} x {high:,} pixels")
