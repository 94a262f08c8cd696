"""Ranges of numbers that the axes show, as plotly would choose them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .bars import Bars, bars_of, heat_edges
from .model import Axis, Model

PAD = 0.055
Floats = npt.NDArray[np.float64]


def fit(model: Model) -> dict[int, Bars]:
    """Set the range of every axis; return the bars, which their data made."""
    bars = bars_of(model)
    for axis in model.axes.values():
        axis.range = _range(axis, model, bars)
    for axis in model.axes.values():
        other = axis.given.get("matches")
        if other in model.axes and not model.axes[other].given.get("range"):
            _join(axis, model.axes[other])
    for axis in model.axes.values():
        if axis.given.get("matches") in model.axes:
            axis.range = model.axes[axis.given["matches"]].range
    return bars


def _range(axis: Axis, model: Model, bars: dict[int, Bars]) -> tuple[float, float]:
    limits = axis.given.get("range")
    if limits and None not in limits:
        low, high = axis.numbers(list(limits)).tolist()
    else:
        low, high = _found(axis, model, bars)
    if axis.given.get("type") == "log":
        low, high = 10.0**low, 10.0**high
    turned = axis.given.get("autorange") == "reversed"
    return (high, low) if turned else (low, high)


def _join(axis: Axis, other: Axis) -> None:
    low, high = zip(axis.range, other.range, strict=True)
    turned = other.range[0] > other.range[1]
    other.range = (max(low), min(high)) if turned else (min(low), max(high))


def square(model: Model, sizes: dict[str, float]) -> None:
    """Widen ranges until axes tied by `scaleanchor` have one unit.

    Parameters
    ----------
    model
        With its ranges.
    sizes
        Pixels of every axis.
    """
    for axis in model.axes.values():
        other = model.axes.get(axis.given.get("scaleanchor", ""))
        if other is None:
            continue
        unit, twin = (
            abs(a.range[1] - a.range[0]) / sizes[a.name] for a in (axis, other)
        )
        ratio = float(axis.given.get("scaleratio", 1.0))
        target = max(unit * ratio, twin)
        _widen(axis, target / ratio * sizes[axis.name])
        _widen(other, target * sizes[other.name])


def _widen(axis: Axis, span: float) -> None:
    low, high = axis.range
    middle, sign = (low + high) / 2, 1.0 if high >= low else -1.0
    axis.range = (middle - sign * span / 2, middle + sign * span / 2)


def _found(axis: Axis, model: Model, bars: dict[int, Bars]) -> tuple[float, float]:
    """Return the range of the data, in powers of ten on a logarithmic axis."""
    low, high, pad = [], [], 0.0
    for number, trace in enumerate(model.traces):
        if trace.get(f"{axis.letter}axis", axis.letter) != axis.name:
            continue
        values, padded = _reach(axis, trace, bars.get(number))
        values = values[np.isfinite(values)]
        if axis.given.get("type") == "log":
            values = np.log10(values[values > 0])
        if len(values):
            low.append(values.min())
            high.append(values.max())
            pad = max(pad, PAD if padded else 0.0)
    if not low:
        return (-1.0, 6.0) if axis.letter == "x" else (-1.0, 4.0)
    if axis.names:
        return -0.5, len(axis.names) - 0.5
    rooted = any(bar.value_axis == axis.name for bar in bars.values())
    return _padded(float(min(low)), float(max(high)), pad, rooted=rooted)


def _padded(
    low: float, high: float, pad: float, *, rooted: bool
) -> tuple[float, float]:
    """Return the range with room around; bars stand on 0 without any."""
    span = high - low
    if span == 0:
        return low - 1, high + 1
    below = 0.0 if rooted and low == 0 else pad
    above = 0.0 if rooted and high == 0 else pad
    return low - below * span, high + above * span


def _reach(axis: Axis, trace: dict[str, Any], bars: Bars | None) -> tuple[Floats, bool]:
    """Return the numbers a trace needs on an axis, and whether with room around."""
    if bars is not None:
        return bars.reach(axis.letter), bars.value_axis == axis.name
    if trace["type"] == "heatmap":
        return heat_edges(trace, axis), False
    values = axis.numbers(trace.get(axis.letter))
    error = trace.get(f"error_{axis.letter}", {})
    if error.get("array") is not None:
        up = np.asarray(error["array"], dtype=np.float64)
        down = np.asarray(error.get("arrayminus", up), dtype=np.float64)
        values = np.concatenate([values - down, values + up])
    marked = any(word in trace.get("mode", "lines") for word in ("markers", "text"))
    return values, marked or axis.letter == "y"
