"""One look for every figure, legible when small."""

from __future__ import annotations

import plotly.graph_objects as go

from .figure import Figure
from .ink import Ink, ink

FONT = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif"


def theme(figure: go.Figure, mode: str = "light") -> go.Figure:
    """Return a copy of a figure in the house look.

    Background, writing, axes and the row of buttons change; the colours of the data
    are those the plot chose for its own mode. The button that would upload the data
    to a cloud is taken away.

    Parameters
    ----------
    figure
        Any plotly figure.
    mode
        "light" or "dark".

    Returns
    -------
    plotly.graph_objects.Figure
        A new figure.

    Raises
    ------
    ValueError
        If `mode` is neither.

    Examples
    --------
    >>> theme(go.Figure(), "dark").layout.template.layout.paper_bgcolor
    '#14171C'
    """
    template = _template(ink(mode))
    layout = figure.layout.to_plotly_json()
    bar = {**layout.get("modebar", {}), "remove": ["sendChartToCloud"]}
    # What plotly makes of JSON has its properties in an order of its own, so that
    # copies of it are the same to the last byte.
    return Figure(figure.data, {**layout, "template": template, "modebar": bar})


def _template(colors: Ink) -> go.layout.Template:
    axis = {
        "gridcolor": colors.grid,
        "linecolor": colors.muted,
        "tickcolor": colors.muted,
        "tickfont": {"color": colors.muted, "size": 11},
        "title": {"font": {"size": 12}, "standoff": 6},
        "ticks": "outside",
        "ticklen": 4,
        "zeroline": False,
        "automargin": True,
    }
    hover = {"bgcolor": colors.paper, "font": {"color": colors.text}, "align": "left"}
    layout = {
        "paper_bgcolor": colors.paper,
        "plot_bgcolor": colors.paper,
        "font": {"family": FONT, "size": 12, "color": colors.text},
        "title": {
            "font": {"size": 16},
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "yref": "container",
            "yanchor": "top",
        },
        "colorway": colors.classes,
        "xaxis": axis,
        "yaxis": axis,
        "hoverlabel": hover,
        "legend": {
            "bgcolor": "rgba(0,0,0,0)",
            "title": {"font": {"size": 12}},
        },
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": colors.muted,
            "activecolor": colors.text,
        },
        "margin": {"l": 24, "r": 24, "t": 48, "b": 24},
    }
    return go.layout.Template(layout=layout)
