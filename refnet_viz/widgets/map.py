"""Plotly's FigureWidget without its surprises."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import traitlets
from plotly.basedatatypes import Undefined

from ..plot.color import Coloring

SELECTIONS = ("plotly_selected", "plotly_deselect")


class Map(go.FigureWidget):  # type: ignore[misc]  # plotly is not typed
    """A FigureWidget without two of its surprises.

    Its messages name every property of every trace they touch. Plotly leaves out what
    does not change, and a page that shows the widget for the first time after such a
    message takes those properties for removed.

    Once `heard_elsewhere` is set it leaves selections to others. Plotly answers each
    with a message a trace, and a hover that follows soon takes the place of the event.
    """

    heard_elsewhere = False
    hue: Coloring | None = None  # what colour means at present

    @traitlets.observe("_js2py_pointsCallback")
    def _handler_js2py_pointsCallback(self, change: Any) -> None:  # noqa: N802
        event = change["new"] or {}
        if self.heard_elsewhere and event.get("event_type") in SELECTIONS:
            self._js2py_pointsCallback = None
        else:
            super()._handler_js2py_pointsCallback(change)

    def _send_update_msg(
        self,
        restyle_data: dict[str, Any],
        relayout_data: dict[str, Any],
        trace_indexes: Any = None,
        source_view_id: str | None = None,
    ) -> None:
        touched = self._normalize_trace_indexes(trace_indexes)
        whole = {
            name: [
                _present(self._data[number], name) if value is Undefined else value
                for number, value in zip(touched, values, strict=True)
            ]
            for name, values in restyle_data.items()
        }
        super()._send_update_msg(whole, relayout_data, touched, source_view_id)


def survive_reload(figure: Map) -> None:
    """Make the present state the one from which new views of the widget start.

    Plotly keeps that of construction, so that a reloaded page would show an empty
    map. Sending it would cost megabytes, therefore the values are set in silence.
    """
    layout = _copy(figure._layout_obj._props)
    layout.pop("selections", None)
    figure._trait_values["_widget_data"] = _copy(figure._data)
    figure._trait_values["_widget_layout"] = layout


def _copy(value: Any) -> Any:
    """Return a copy that shares its arrays, which plotly never changes."""
    if isinstance(value, dict):
        return {key: _copy(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_copy(member) for member in value]
    return value


def snapshot(figure: Map) -> go.Figure:
    """Return a plain figure of what is shown, to be saved or changed.

    Plotly cannot write a lasso outline, so that is left out.
    """
    layout = figure.layout.to_plotly_json()
    layout.pop("selections", None)
    return go.Figure([trace.to_plotly_json() for trace in figure.data], layout)


def _present(trace: dict[str, Any], path: str) -> Any:
    """Return the value at a dotted path, None without one."""
    value: Any = trace
    for step in path.split("."):
        value = (value or {}).get(step)
    return value
