"""Content of a figure once its template is filled in, and where its axes lie."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

KINDS = ("scatter", "scattergl", "bar", "histogram", "heatmap")
SHAPES = ("rect", "line")
CIVIDIS = ((0, "#00224e"), (0.5, "#7c7b78"), (1, "#fee838"))
COUNTERPART = {"x": "y", "y": "x"}


def decoded(value: Any) -> Any:
    """Return nested values with plotly's packed arrays unpacked.

    Examples
    --------
    >>> decoded({"x": {"dtype": "i1", "bdata": "AQID"}})
    {'x': array([1, 2, 3], dtype=int8)}
    """
    if isinstance(value, Mapping):
        if "bdata" not in value:
            return {key: decoded(entry) for key, entry in value.items()}
        numbers = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = value.get("shape")
        return numbers.reshape([int(n) for n in str(shape).split(",")] if shape else -1)
    if isinstance(value, list | tuple):
        return [decoded(entry) for entry in value]
    return value


def merged(base: Any, over: Any) -> Any:
    """Return nested mappings laid over one another; arrays are taken whole."""
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    return {
        key: merged(base[key], over[key])
        if key in base and key in over
        else over.get(key, base.get(key))
        for key in [*base, *(key for key in over if key not in base)]
    }


@dataclass
class Axis:
    """One axis of one panel: its words, and the range its data asks for."""

    name: str
    given: dict[str, Any]
    names: list[str] = field(default_factory=list)
    range: tuple[float, float] = (0.0, 1.0)

    @property
    def letter(self) -> str:
        """Either x or y."""
        return self.name[0]

    @property
    def domain(self) -> tuple[float, float]:
        """Share of the plotting area the panel takes."""
        low, high = self.given.get("domain") or (0.0, 1.0)
        return low, high

    def numbers(self, values: Any) -> npt.NDArray[np.float64]:
        """Return positions: numbers as they are, names by their first appearance."""
        array = np.asarray([] if values is None else values)
        if array.dtype.kind in "fiub":
            return array.astype(np.float64)
        if all(v is None or isinstance(v, int | float | np.number) for v in array):
            return array.astype(np.float64)
        for name in array.astype(str).tolist():
            if name not in self.names:
                self.names.append(name)
        return np.array([self.names.index(str(v)) for v in array], dtype=np.float64)

    def share(self, value: Any) -> float:
        """Return where a value lies: 0 at the beginning of the axis, 1 at its end."""
        at = self.numbers([value])[0]
        low, high = self.range
        if self.given.get("type") == "log":
            at, low, high = np.log10([at, low, high])
        return float((at - low) / (high - low))


class Model:
    """A figure as plain values: layout, traces, axes.

    Parameters
    ----------
    figure
        A figure.
    most
        Traces of more marks are drawn in pixels, also within a picture of vectors.

    Raises
    ------
    ValueError
        If the figure holds something that is not drawn.
    """

    def __init__(self, figure: go.Figure, *, most: float = math.inf) -> None:
        self.most = most
        template = figure.layout.template.to_plotly_json()
        layout = decoded(figure.layout.to_plotly_json())
        layout.pop("template", None)
        base = dict(template.get("layout", {}))
        axes = {"x": base.pop("xaxis", {}), "y": base.pop("yaxis", {})}
        self.layout: dict[str, Any] = merged(base, layout)
        self.traces = [
            _styled(
                decoded(trace.to_plotly_json()), template.get("data", {}), trace.type
            )
            for trace in figure.data
            if trace.visible in {None, True}
        ]
        _refuse(self.traces, self.layout)
        self.colorway = self.layout.get("colorway") or ("#636EFA",)
        self.axes = self._axes(axes)

    def _axes(self, base: dict[str, Any]) -> dict[str, Axis]:
        names = {key.replace("axis", "") for key in self.layout if key[1:5] == "axis"}
        for trace in self.traces:
            names |= {trace.get("xaxis", "x"), trace.get("yaxis", "y")}
        axes = {}
        for name in sorted(names):
            options = self.layout.get(f"{name[0]}axis{name[1:]}", {})
            axes[name] = Axis(name, merged(base[name[0]], options))
        return axes

    def pairs(self) -> list[tuple[Axis, Axis]]:
        """Return the x and y axis of every panel."""
        pairs = {(t.get("xaxis", "x"), t.get("yaxis", "y")) for t in self.traces}
        paired = {name for pair in pairs for name in pair}
        for name, axis in self.axes.items():
            other = axis.given.get("anchor", COUNTERPART[name[0]] + name[1:])
            if name[0] == "x" and name not in paired and other in self.axes:
                pairs.add((name, other))
        return [(self.axes[x], self.axes[y]) for x, y in sorted(pairs)]

    def color_axis(self, holder: Mapping[str, Any]) -> dict[str, Any]:
        """Return the colour scale a marker or heatmap uses."""
        name = holder.get("coloraxis")
        axis = self.layout.get(name, {}) if name else holder
        return {"colorscale": CIVIDIS, **axis}

    def color_bars(self) -> list[dict[str, Any]]:
        """Return the colour axes whose bar is shown."""
        bars: dict[str, dict[str, Any]] = {}
        for number, trace in enumerate(self.traces):
            holder = trace if trace["type"] == "heatmap" else trace.get("marker", {})
            name = holder.get("coloraxis")
            default = trace["type"] == "heatmap" or name is not None
            axis = self.color_axis(holder)
            if axis.get("showscale", default):
                values = holder.get("z", holder.get("color"))
                bars.setdefault(name or f"trace {number}", {"values": values, **axis})
        return list(bars.values())


def _styled(
    trace: dict[str, Any], data: Mapping[str, Any], kind: str
) -> dict[str, Any]:
    defaults = data.get(kind) or [{}]
    return {**merged(defaults[0], trace), "type": kind}


def _refuse(traces: list[dict[str, Any]], layout: Mapping[str, Any]) -> None:
    unsupported = [
        f"a trace of type {t['type']!r}" for t in traces if t["type"] not in KINDS
    ]
    unsupported += [
        f"a shape of type {shape.get('type', 'rect')!r}"
        for shape in layout.get("shapes", ())
        if shape.get("type", "rect") not in SHAPES
    ]
    unsupported += ["pictures"] * bool(layout.get("images"))
    if unsupported:
        raise ValueError(
            "`figure` must be made of scatter, bar, histogram and heatmap traces to be "
            f"drawn without a browser, got {unsupported[0]}: save it as .html or .json."
        )
