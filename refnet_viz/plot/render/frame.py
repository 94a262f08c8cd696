"""Axes as plotly draws them: grid, lines, ticks and titles."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
)

from .model import Axis
from .style import DASHES, POINT, colour
from .text import Lines, Run, read, wrapped

SIDES = {"x": ("bottom", "top"), "y": ("left", "right")}
NARROWEST = 36  # pixels that a number needs in any case
PER_TICK = {"x": 70, "y": 40}  # pixels plotly leaves a label


def dress(axes: Any, axis: Axis, size: float, font: dict[str, Any]) -> None:
    """Set range, ticks, grid and lines of one axis.

    Parameters
    ----------
    axes
        Axes of matplotlib.
    axis
        The plotly axis.
    size
        Its length in pixels.
    font
        Font of the figure.
    """
    options, letter = axis.given, axis.letter
    if options.get("type") == "log":
        getattr(axes, f"set_{letter}scale")("log")
    getattr(axes, f"set_{letter}lim")(*axis.range)
    target = axes.xaxis if letter == "x" else axes.yaxis
    visible = options.get("visible", True)
    _ticks(target, axis, size)
    labels = visible and options.get("showticklabels", True)
    tick = options.get("ticks") if visible else ""
    tick_font = {**font, **options.get("tickfont", {})}
    side = options.get("side") or SIDES[letter][0]
    target.set_ticks_position(side)
    axes.tick_params(
        axis=letter,
        which="major",
        direction="out" if tick == "outside" else "in",
        length=options.get("ticklen", 5) * POINT if tick else 0,
        width=POINT,
        color=colour(options.get("tickcolor", "#444")),
        labelcolor=colour(tick_font.get("color", "#444")),
        pad=3 * POINT,
        **{f"label{name}": labels and name == side for name in SIDES[letter]},
    )
    grid = visible and options.get("showgrid", True)
    axes.grid(
        visible=grid,
        axis=letter,
        **{
            "color": colour(options.get("gridcolor", "#eee")),
            "zorder": 0,
            "linewidth": options.get("gridwidth", 1) * POINT,
            "linestyle": DASHES.get(options.get("griddash", "solid"), "-"),
        }
        if grid
        else {},
    )
    slanted = [_italic(word) for word in options.get("ticktext") or ()]
    for number, label in enumerate(target.get_ticklabels()):
        italic = number < len(slanted) and slanted[number]
        run = Run(label.get_text(), tick_font["size"], "k", italic=italic)
        label.set_fontproperties(run.font)
        label.set_parse_math(False)
    _lines(axes, axis, side, visible=visible)
    title = options.get("title", {})
    if visible and title.get("text"):
        words = {**font, **title.get("font", {})}
        lines = read(title["text"], words["size"], words["color"])
        getattr(axes, f"set_{letter}label")(
            _words(wrapped(lines, max(size, 60))),
            color=colour(words["color"]),
            parse_math=False,
            labelpad=4 * POINT,
            fontproperties=Run(title["text"], words["size"], "black").font,
        )


def _lines(axes: Any, axis: Axis, side: str, *, visible: bool) -> None:
    options = axis.given
    has_line = visible and options.get("showline", False)
    for name in SIDES[axis.letter]:
        spine = axes.spines[name]
        spine.set_visible(has_line and (name == side or bool(options.get("mirror"))))
        spine.set_edgecolor(colour(options.get("linecolor", "#444")))
        spine.set_linewidth(options.get("linewidth", 1) * POINT)
    if visible and options.get("zeroline") and min(axis.range) < 0 < max(axis.range):
        line = axes.axvline if axis.letter == "x" else axes.axhline
        line(0, color=colour(options.get("zerolinecolor", "#444")), linewidth=POINT)


def _ticks(target: Any, axis: Axis, size: float) -> None:
    options = axis.given
    if options.get("tickvals") is not None:
        places = axis.numbers(options["tickvals"])
        words = options.get("ticktext")
        words = [_number(v, options) for v in places] if words is None else words
        labels = _apart(places.tolist(), [_read(word) for word in words], axis, size)
        _fixed(target, places.tolist(), labels)
    elif axis.names:
        _fixed(target, range(len(axis.names)), [_read(name) for name in axis.names])
    elif options.get("dtick") and isinstance(options["dtick"], int | float):
        low, high = sorted(axis.range)
        step, first = options["dtick"], options.get("tick0", 0)
        places = np.arange(np.ceil((low - first) / step), (high - first) / step + 1e-9)
        values = first + step * places
        _fixed(target, values, [_number(v, options) for v in values])
    else:
        room = max(2, int(size / PER_TICK[axis.letter]))
        most = min(options.get("nticks") or room, max(2, int(size / NARROWEST)))
        target.set_minor_locator(NullLocator())
        if options.get("type") == "log":
            target.set_major_locator(LogLocator(numticks=most))
        else:
            target.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
        target.set_major_formatter(FuncFormatter(lambda v, _: _number(v, options)))


def _fixed(target: Any, places: Any, words: list[str]) -> None:
    target.set_minor_locator(NullLocator())
    target.set_major_locator(FixedLocator(list(places)))
    named = dict(zip(map(float, places), words, strict=True))
    target.set_major_formatter(FuncFormatter(lambda v, _: named.get(float(v), "")))


def _italic(html: Any) -> bool:
    """Return whether a tick label is written in italics."""
    runs = [run for line in read(str(html), 12, "black") for run in line]
    return bool(runs) and all(run.italic for run in runs)


def _words(lines: Lines) -> str:
    return "\n".join("".join(run.text for run in line) for line in lines)


def _read(text: Any) -> str:
    return _words(read(str(text), 12, "black"))


def _apart(places: list[float], words: list[str], axis: Axis, size: float) -> list[str]:
    """Return labels of which those are empty that would touch the one before."""
    if axis.letter == "y":
        return words
    font = axis.given.get("tickfont", {}).get("size", 11)
    shares = [axis.share(place) * size for place in places]
    labels, end = list(words), -np.inf
    for place in np.argsort(shares):
        half = Run(words[place], font, "black").width / 2
        if shares[place] - half < end:
            labels[place] = ""
        else:
            end = shares[place] + half + 4
    return labels


def _number(value: float, given: dict[str, Any]) -> str:
    """Return a tick label; plotly's formats are Python's but for a few signs."""
    pattern = (given.get("tickformat") or "").replace("~", "")
    if pattern:
        whole = pattern.endswith("d")
        text = format(round(value) if whole else float(value), pattern)
    elif abs(value) >= 1e4 and value == int(value):
        text = f"{value:,.0f}"
    else:
        text = f"{value:.6g}"
    return text.replace("-", "−")
