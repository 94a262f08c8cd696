"""Plotly's words for colours, symbols, dashes and scales, in matplotlib's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgba

MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "cross": "P",
    "x": "X",
    "triangle-down": "v",
    "star": "*",
    "hexagon": "h",
    "pentagon": "p",
    "triangle-left": "<",
    "triangle-right": ">",
    "line-ns": "|",
    "line-ew": "_",
}
HOURGLASS = [(-1, -1), (1, -1), (-1, 1), (1, 1), (-1, -1)]
DASHES: dict[str, Any] = {
    "solid": "-",
    "dash": (0, (6, 4)),
    "dot": (0, (1.5, 2.5)),
    "dashdot": (0, (6, 3, 1.5, 3)),
    "longdash": (0, (10, 5)),
    "longdashdot": (0, (10, 4, 1.5, 4)),
}
POINT = 0.75  # points a pixel: plotly measures in pixels, 96 an inch
GREY = "#444444"  # what plotly draws when a value has no colour

Colour = tuple[float, float, float, float]


def colour(value: str | None, opacity: float = 1.0) -> Colour:
    """Return red, green, blue and opacity of a CSS colour.

    Examples
    --------
    >>> colour("rgba(255, 0, 51, 0.5)")
    (1.0, 0.0, 0.2, 0.5)
    """
    if value is None:
        return to_rgba(GREY, opacity)
    parts = re.fullmatch(r"rgba?\(([^)]*)\)", value.replace(" ", ""))
    if parts is None:
        red, green, blue, alpha = to_rgba(value)
    else:
        numbers = [float(part) for part in parts[1].split(",")]
        red, green, blue = (part / 255 for part in numbers[:3])
        alpha = numbers[3] if len(numbers) > 3 else 1.0
    return red, green, blue, alpha * opacity


def marker(symbol: str) -> Any:
    """Return matplotlib's marker for a plotly symbol; hollow ones have "-open"."""
    if symbol.startswith("hourglass"):
        return HOURGLASS
    return MARKERS.get(symbol.removesuffix("-open"), "o")


def colormap(scale: Any) -> Colormap:
    """Return a matplotlib colormap of a plotly colour scale."""
    steps = [(float(at), colour(name)) for at, name in scale]
    return LinearSegmentedColormap.from_list("scale", steps).with_extremes(
        bad=colour(GREY)
    )


def limits(axis: Mapping[str, Any]) -> tuple[float, float]:
    """Return the numbers at both ends of a colour scale."""
    low, high = (axis.get(f"c{end}", axis.get(f"z{end}")) for end in ("min", "max"))
    if low is None or high is None:
        values = np.asarray(axis["values"], dtype=np.float64)
        low = np.nanmin(values) if low is None else low
        high = np.nanmax(values) if high is None else high
    return float(low), float(high)


def scaled(values: Any, axis: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Return a colour a value, by the scale and limits of a colour axis."""
    numbers = np.asarray(values, dtype=np.float64)
    low, high = limits({"values": numbers, **axis})
    span = high - low if high > low else 1.0
    mapped = colormap(axis["colorscale"])(np.ma.masked_invalid((numbers - low) / span))
    return np.asarray(mapped, dtype=np.float64)


def numeric(values: Any) -> bool:
    """Return whether an array of colours holds numbers to be scaled."""
    return not isinstance(values, str) and pd.api.types.is_numeric_dtype(
        np.asarray(values)
    )
