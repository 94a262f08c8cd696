"""Messages of a view: plain values and arrays as bytes, for a notebook and a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from ..layout import Layout
from ..plot.points import point_size
from ..plot.text import middle
from ..plot.theme import AUTO, in_dark
from . import edges
from .colors import ends_of, origin_of, ramp
from .embeddings import Key, Rows
from .legend import LONGEST_NAME, legend
from .selection import over_represented
from .view import Panel, View

# Neighbours are sent for every point before one is pointed at, as far as they take so
# many bytes; beyond, those of a point are sent when it is pointed at.
MOST_BYTES = 2_000_000
NO_NEIGHBOR = np.iinfo(np.uint16).max  # more than any number of drawn points


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
        "near": neighbors(view),
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

    def styled(mode: str) -> list[dict[str, Any]]:
        return [
            {**style, "pairs": pairs[mask].tobytes()}
            for style, mask in edges.styled(panel.kind, groups, len(rows), mode)
            if mask.any()
        ]

    return cast("list[dict[str, Any]]", themed(view.state.mode, styled))


def neighbors(view: View, place: int | None = None) -> dict[str, Any]:
    """Return the neighbours of the drawn points in every map, and before it.

    Parameters
    ----------
    view
        View of the maps.
    place
        The drawn point they are of; None takes all, and none of them where that would
        be too much. There are none either until they are computed.

    Returns
    -------
    dict
        Lists of ``k`` neighbours a point, and for each map the numbers of the lists
        that it compares; the baseline's map has no gained ones.
    """
    pairs = [view.compared(key) for key in view.keys]
    keys = list(dict.fromkeys(key for pair in pairs for key in pair))
    rows = view.drawn_rows if place is None else view.drawn_rows[[place]]
    k = view.state.k
    near: dict[str, Any] = {
        "k": k,
        "count": len(view.drawn_rows),
        "panels": [
            {
                "before": keys.index(before),
                "after": keys.index(after),
                "gains": before != key,
            }
            for key, (before, after) in zip(view.keys, pairs, strict=True)
        ],
        "styles": themed(view.state.mode, edges.change_styles),
        "lists": [],
    }
    if place is not None:
        near["row"] = place
    too_many = place is None and 2 * k * len(rows) * len(keys) > MOST_BYTES
    if too_many or not all(view.ready):
        return near
    near["lists"] = [_listed(view, key, rows) for key in keys]
    return near


def _listed(view: View, key: Key, rows: Rows) -> dict[str, Any]:
    """Return the neighbours of some points as numbers of drawn ones."""
    graph = view.store.graph(key, view.state.k)
    nearest = graph.indices[rows]
    places = np.where(nearest < 0, -1, view.drawn_places[nearest])
    places[places < 0] = NO_NEIGHBOR
    return {"width": graph.k, "values": places.astype("<u2").tobytes()}


def _colors(view: View) -> dict[str, Any]:
    coloring = view.coloring
    columns = [values[view.drawn_rows] for values in coloring.values]
    if coloring.names:
        codes = [values.astype("<u2").tobytes() for values in columns]
        styles = [[_color(view, color), symbol] for color, symbol in coloring.styles]
        panels = [{"codes": code, "values": None} for code in codes]
        return {"panels": panels, "styles": styles, "scale": None}
    start = origin_of(coloring)
    numbers = [(values - start).astype("<f4").tobytes() for values in columns]
    low, high = (end - start for end in coloring.span)
    scale = {"low": low, "high": high, "colors": _ramp(view)}
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
            "colors": _ramp(view),
            "lowText": low_text,
            "highText": high_text,
        }
    groups = view.panels[view.focus].groups
    compared = any(not panel.is_baseline for panel in view.panels)

    def lines(mode: str) -> list[dict[str, Any]]:
        if groups:
            return edges.key(groups, mode)
        return edges.change_key(mode, view.state.baseline, compared=compared)

    classes = legend(coloring, view.focus, view.rows)
    for entry in classes["entries"]:
        entry["color"] = _color(view, entry["color"])
    return {
        "title": view.color_title,
        **classes,
        "lines": themed(view.state.mode, lines),
        "linesTitle": edges.TITLE if groups else edges.LINES_TITLE,
        "scale": scale,
    }


def themed(mode: str, make: Callable[[str], Any]) -> Any:
    """Return what is drawn in a mode; of "auto" both, where they differ.

    Parameters
    ----------
    mode
        "light", "dark" or "auto".
    make
        Makes plain values for one of the two; they may only differ in leaves.

    Examples
    --------
    >>> themed("auto", lambda mode: {"width": 1, "color": mode})
    {'width': 1, 'color': {'light': 'light', 'dark': 'dark'}}
    """
    return make(mode) if mode != AUTO else _joined(make("light"), make("dark"))


def _joined(light: Any, dark: Any) -> Any:
    if isinstance(light, dict):
        return {name: _joined(value, dark[name]) for name, value in light.items()}
    if isinstance(light, list) and len(light) == len(dark):
        return [_joined(a, b) for a, b in zip(light, dark, strict=True)]
    return light if light == dark else {"light": light, "dark": dark}


def _color(view: View, color: str) -> Any:
    """Return a colour of the legend, as `themed` does."""
    auto = view.state.mode == AUTO
    return _joined(color, in_dark(color)) if auto else color


def _ramp(view: View) -> list[Any]:
    return list(themed(view.state.mode, lambda mode: list(ramp(mode))))


def picks(view: View) -> dict[str, Any]:
    """Return what is said of the selection as a whole, and the tags there are.

    Returns
    -------
    dict
        ``count``; ``over``, a sentence a category that it has more of than chance,
        and ``none``, what is said where there is none; ``columns``, name to tags.
    """
    rows, coloring = view.rows, view.coloring
    content: dict[str, Any] = {
        "count": len(rows),
        "columns": {name: list(c.words) for name, c in view.state.tags.columns.items()},
        "over": [],
        "none": "",
    }
    if len(rows) and len(coloring.names) > 1:
        codes = np.asarray(coloring.values[view.focus])
        names = [middle(name, LONGEST_NAME) for name in coloring.names]
        over = over_represented(codes, names, rows)
        content["over"] = [each.sentence for each in over]
        if not over and len(rows) < view.total:
            content["none"] = f"no {view.color_title} is more frequent than by chance"
    return content


def _selected(view: View) -> bytes | None:
    if not len(view.rows):
        return None
    places = view.drawn_places[view.rows]
    return places[places >= 0].astype("<u4").tobytes()
