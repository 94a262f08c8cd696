"""Messages of a view: plain values and arrays as bytes, for a notebook and a page."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..layout import Layout
from ..plot.color import MOST_ENTRIES, Coloring
from ..plot.points import point_size
from ..plot.text import cut
from . import edges
from .colors import ends_of, origin_of, ramp
from .view import Panel, View

LONGEST_NAME = 32  # of a class in the legend


def messages(view: View) -> dict[str, dict[str, Any]]:
    """Return the traits of the map that follow from a view."""
    return {
        "texts": {
            "panels": [
                {
                    "title": panel.title,
                    "notes": view.notes(panel),
                    "summary": view.summary(panel),
                }
                for panel in view.panels
            ],
            "focus": view.focus,
        },
        "places": {
            "panels": [_flat(panel.layout, view) for panel in view.panels],
            "together": view.aligned,
            "size": point_size(len(view.drawn_rows)),
        },
        "edges": {"panels": [_edges(panel, view) for panel in view.panels]},
        "colors": _colors(view),
        "key": _key(view),
        "chosen": {"rows": _selected(view)},
    }


def _flat(layout: Layout, view: View) -> dict[str, bytes]:
    flat = layout.coordinates[view.drawn_rows].astype("<f4")
    return {"x": flat[:, 0].tobytes(), "y": flat[:, 1].tobytes()}


def _edges(panel: Panel, view: View) -> list[dict[str, Any]]:
    if not len(panel.pairs):
        return []
    rows = view.drawn_edges(panel)
    groups = panel.groups and panel.groups.subset(rows)
    pairs = view.drawn_places[panel.pairs[rows]].astype("<u4")
    styled = edges.styled(panel.kind, groups, len(rows), view.coloring.mode)
    return [
        {**style, "pairs": pairs[mask].tobytes()}
        for style, mask in styled
        if mask.any()
    ]


def _colors(view: View) -> dict[str, Any]:
    coloring = view.coloring
    columns = [values[view.drawn_rows] for values in coloring.values]
    if coloring.names:
        codes = [values.astype("<u2").tobytes() for values in columns]
        styles = [list(style) for style in coloring.styles]
        panels = [{"codes": code, "values": None} for code in codes]
        return {"panels": panels, "styles": styles, "scale": None}
    start = origin_of(coloring)
    numbers = [(values - start).astype("<f4").tobytes() for values in columns]
    low, high = (end - start for end in coloring.span)
    scale = {"low": low, "high": high, "colors": list(ramp(coloring.mode))}
    panels = [{"codes": None, "values": values} for values in numbers]
    return {"panels": panels, "styles": [], "scale": scale}


def _key(view: View) -> dict[str, Any]:
    coloring = view.coloring
    scale = None
    if not coloring.names:
        start = origin_of(coloring)
        low, high = (end - start for end in coloring.span)
        low_text, high_text = ends_of(coloring)
        scale = {
            "low": low,
            "high": high,
            "colors": list(ramp(coloring.mode)),
            "lowText": low_text,
            "highText": high_text,
        }
    entries = legend_entries(coloring)
    more = f"and {len(entries) - MOST_ENTRIES} more: point at them"
    groups = view.panels[view.focus].groups
    return {
        "title": view.color_title,
        "entries": entries[:MOST_ENTRIES],
        "more": more if len(entries) > MOST_ENTRIES else "",
        "lines": edges.key(groups, coloring.mode) if groups else [],
        "linesTitle": edges.TITLE if groups else "",
        "scale": scale,
    }


def legend_entries(coloring: Coloring) -> list[dict[str, Any]]:
    """Return name, colour, symbol and code of every class that occurs."""
    if len(coloring.names) < 2:
        return []
    codes = np.unique(np.concatenate([np.unique(v) for v in coloring.values]))
    return list(map(partial(_entry, coloring), codes.tolist()))


def _entry(coloring: Coloring, code: int) -> dict[str, Any]:
    color, symbol = coloring.styles[code]
    name = cut(coloring.entry(code), LONGEST_NAME)
    return {"name": name, "color": color, "symbol": symbol, "code": code}


def _selected(view: View) -> bytes | None:
    if not len(view.rows):
        return None
    places = view.drawn_places[view.rows]
    return places[places >= 0].astype("<u4").tobytes()
