"""Bars, histograms and heatmaps: the rectangles their data make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .model import Axis, Model

Floats = npt.NDArray[np.float64]
NORMS = {"": 1.0, "percent": 100.0, "probability": 1.0}


@dataclass
class Bars:
    """Rectangles of one trace.

    Parameters
    ----------
    start, width
        Along the axis of positions.
    base, size
        Along the axis of values, named `value_axis`.
    value_axis
        Its name, e.g. "y" or "x2".
    """

    start: Floats
    width: Floats
    base: Floats
    size: Floats
    value_axis: str

    def reach(self, letter: str) -> Floats:
        """Return the edges along x or y."""
        if self.value_axis[0] == letter:
            return np.concatenate([self.base, self.base + self.size])
        return np.concatenate([self.start, self.start + self.width])

    def boxes(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return x, y, width and height."""
        if self.value_axis[0] == "y":
            return self.start, self.base, self.width, self.size
        return self.base, self.start, self.size, self.width


def bars_of(model: Model) -> dict[int, Bars]:
    """Return the rectangles of every bar and histogram, side by side or stacked."""
    panels: dict[tuple[str, str], list[int]] = {}
    for number, trace in enumerate(model.traces):
        if trace["type"] in {"bar", "histogram"}:
            key = (trace.get("xaxis", "x"), trace.get("yaxis", "y"))
            panels.setdefault(key, []).append(number)
    mode = model.layout.get("barmode", "group")
    bars: dict[int, Bars] = {}
    for numbers in panels.values():
        raw = {n: _raw(model.traces[n], model) for n in numbers}
        gap = _gap(model, numbers)
        stacked: dict[float, float] = {}
        for turn, (number, (at, size, step, axis)) in enumerate(raw.items()):
            trace = model.traces[number]
            parts = len(raw) if mode == "group" else 1
            width = step * (1 - gap) / parts
            if trace.get("width") is not None:
                width = np.broadcast_to(np.asarray(trace["width"], float), at.shape)
            place = (turn if mode == "group" else 0) - parts / 2
            base = np.broadcast_to(
                np.asarray(trace.get("base") or 0.0, float), at.shape
            )
            if mode in {"stack", "relative"}:
                base = np.array([stacked.get(float(a), 0.0) for a in at])
                stacked |= dict(zip(at.tolist(), (base + size).tolist(), strict=True))
            bars[number] = Bars(
                at + place * width, np.broadcast_to(width, at.shape), base, size, axis
            )
    return bars


def _gap(model: Model, numbers: list[int]) -> float:
    kinds = {model.traces[number]["type"] for number in numbers}
    return float(model.layout.get("bargap", 0.0 if kinds == {"histogram"} else 0.2))


def _raw(
    trace: dict[str, Any], model: Model
) -> tuple[Floats, Floats, Floats | float, str]:
    """Return middle, size and step of the bars, and the axis of their values."""
    alone = "x" if trace["type"] == "histogram" else "y"
    lying = "h" if trace.get(alone) is None else "v"
    flat = trace.get("orientation", lying) == "h"
    along, across = ("y", "x") if flat else ("x", "y")
    axis = model.axes[trace.get(f"{along}axis", along)]
    value_axis = trace.get(f"{across}axis", across)
    if trace["type"] == "histogram":
        middle, size, step = _counts(trace, axis.numbers(trace[along]))
        return middle, size, step, value_axis
    size = np.asarray(trace[across], dtype=np.float64)
    places = trace.get(along)
    at = np.arange(len(size), dtype=float) if places is None else axis.numbers(places)
    gaps = np.diff(np.unique(at))
    return at, size, float(gaps.min()) if len(gaps) else 1.0, value_axis


def _counts(trace: dict[str, Any], values: Floats) -> tuple[Floats, Floats, float]:
    values = values[np.isfinite(values)]
    axis = "x" if trace.get("x") is not None else "y"
    bins = trace.get(f"{axis}bins") or {}
    if "size" in bins:
        low, size = float(bins.get("start", values.min())), float(bins["size"])
        high = float(bins.get("end", values.max()))
        edges = low + size * np.arange(
            max(1, int(np.ceil((high - low) / size - 1e-9))) + 1
        )
    else:
        edges = np.histogram_bin_edges(values, trace.get(f"nbins{axis}") or "auto")
    counts = np.histogram(values, edges)[0].astype(np.float64)
    norm = trace.get("histnorm") or ""
    if norm:
        counts *= NORMS[norm] / counts.sum()
    return (edges[1:] + edges[:-1]) / 2, counts, float(edges[1] - edges[0])


def heat_edges(trace: Mapping[str, Any], axis: Axis) -> Floats:
    """Return the edges of a heatmap's cells along an axis."""
    count = np.asarray(trace["z"]).shape[0 if axis.letter == "y" else 1]
    places = trace.get(axis.letter)
    at = np.arange(count, dtype=float) if places is None else axis.numbers(places)
    if len(at) == count + 1:
        return at
    if count == 1:
        return np.array([at[0] - 0.5, at[0] + 0.5])
    middles = (at[1:] + at[:-1]) / 2
    return np.concatenate(
        [[2 * at[0] - middles[0]], middles, [2 * at[-1] - middles[-1]]]
    )
