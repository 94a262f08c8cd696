"""Messages of a view: plain values and arrays as bytes, for a notebook and a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..layout import Layout
from ..plot.color import Coloring
from ..plot.ink import AUTO, in_dark
from ..plot.points import point_size
from ..plot.text import middle
from . import edges
from .colors import ends_of, origin_of, ramp
from .embeddings import Key, Rows
from .legend import LONGEST_NAME, legend
from .points import class_words
from .selection import over_represented
from .state import CHANGES, NEVER
from .store import Clusters
from .view import MOST_EDGES, Panel, View

# Neighbours are sent for every point before one is pointed at, as far as they take so
# many bytes; beyond, those of a point are sent when it is pinned or pointed at.
MOST_BYTES = 2_000_000
MOST_AT_FIRST = 20  # classes whose names are written on maps without being asked for
LEAST_WIDE = 300  # pixels of a map that has them
LONGEST_WORDS = 28
NO_NEIGHBOR = np.iinfo(np.uint32).max  # more than any number of drawn points
# Of more drawn points, places travel as whole numbers of so many steps along the longer
# side, colours as codes, and a selection as bits: 5 bytes a point instead of 10 or 12.
MANY = 20_000
STEPS, NOWHERE = 65_534, 65_535
NARROW = 256  # colours that a byte tells apart
GREY = {"light": "#8b949e", "dark": "#6b7480"}  # of points without a number


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
        "edges": {
            "panels": [_edges(panel, view) for panel in view.panels],
            "k": view.state.k,
            "again": _again(view),
        },
        "near": neighbors(view),
        "colors": _colors(view),
        "words": words(view),
        "key": _key(view),
        "chosen": {**_selected(view), "pinned": pinned(view)},
    }


def _flat(layout: Layout, view: View) -> dict[str, Any]:
    if len(view.drawn_rows) > MANY:

        def make() -> dict[str, Any]:
            return quantised(layout.coordinates[view.drawn_rows])

        size = 4 * len(view.drawn_rows)
        return view.store.cache.get(("places", layout), make, lambda _: size)
    flat = layout.coordinates[view.drawn_rows].astype("<f4")
    return {"x": flat[:, 0].tobytes(), "y": flat[:, 1].tobytes()}


def quantised(flat: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Return places as numbers of steps in two bytes, and what they begin at.

    Parameters
    ----------
    flat
        ``(N, 2)``, NaN for a point that has no place.

    Returns
    -------
    dict
        ``x`` and ``y``, little-endian bytes, 65,535 for no place; ``box``, the least x,
        the least y and the length of a step, a 65,534th of the longer side.

    Examples
    --------
    >>> sent = quantised(np.array([[1.0, 2.0], [3.0, 2.0]], np.float32))
    >>> np.frombuffer(sent["x"], "<u2").tolist(), sent["box"][:2]
    ([0, 65534], [1.0, 2.0])
    """
    there = np.isfinite(flat).all(axis=1)
    placed = flat[there].astype(np.float64)
    least = placed.min(axis=0) if len(placed) else np.zeros(2)
    extent = float((placed - least).max(initial=0.0)) or 1.0
    step = extent / STEPS
    numbers = np.full(flat.shape, NOWHERE, "<u2")
    numbers[there] = np.rint((placed - least) / step)
    x, y = numbers.T
    return {"x": x.tobytes(), "y": y.tobytes(), "box": [*least.tolist(), step]}


def names(view: View) -> dict[str, list[str]]:
    """Return names and labels of the drawn points, for when they are pointed at.

    None where they are many: the name of a point goes when it is pointed at.
    """
    rows, first = view.drawn_rows, view.store.embeddings.first
    if len(rows) > MANY:
        return {"names": [], "words": []}
    words = class_words(first, first.labels)
    labels = [] if words is None else [words[row] for row in rows]
    return {"names": first.ids[rows].tolist(), "words": labels}


def named(view: View, place: int) -> dict[str, str]:
    """Return name and label of one drawn point."""
    row, first = view.drawn_rows[[place]], view.store.embeddings.first
    words = class_words(first, None if first.labels is None else first.labels[row])
    return {"name": str(first.ids[row][0]), "words": words[0] if words else ""}


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


def _again(view: View) -> dict[str, Any] | None:
    """Return what a page needs to draw the edges of another k before they come."""
    kind = view.panels[0].kind
    if kind not in ("all", *CHANGES):
        return None
    style = themed(view.state.mode, lambda mode: edges.plain_style(kind, mode))
    return {"kind": kind, "most": MOST_EDGES, "style": style}


def pinned(view: View) -> list[int]:
    """Return which drawn points are pinned: one selected point, or two, else none."""
    places = [int(view.drawn_places[row]) for row in view.state.pinned]
    return places if all(place >= 0 for place in places) else []


def neighbors(view: View, places: Sequence[int] | None = None) -> dict[str, Any]:
    """Return the neighbours of the drawn points in every map, and before it.

    Parameters
    ----------
    view
        View of the maps.
    places
        The drawn points they are of; None takes all, or where that would be too much
        those that are pinned. There are none until they are computed.

    Returns
    -------
    dict
        Lists of neighbours a point, of the largest ``k`` where that is not too much,
        and for each map the numbers of the lists that it compares; the baseline's map
        has no gained ones.
    """
    pairs = [view.compared(key) for key in view.keys]
    keys = list(dict.fromkeys(key for pair in pairs for key in pair))
    k, count = view.state.k, len(view.drawn_rows)
    size = 2 * count * len(keys)
    if places is None and k * size > MOST_BYTES:
        places = pinned(view)
    widest = view.store.k_max
    computed_anew = any(key.weights for key in keys)  # for every k
    if places is None and widest * size <= MOST_BYTES and not computed_anew:
        k = widest
    rows = view.drawn_rows if places is None else view.drawn_rows[list(places)]
    near: dict[str, Any] = {
        "count": count,
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
    if places is not None:
        near["rows"] = list(places)
    if not len(rows) or not all(view.ready):
        return near
    near["lists"] = [_listed(view, key, k, rows) for key in keys]
    return near


def _listed(view: View, key: Key, k: int, rows: Rows) -> dict[str, Any]:
    """Return the neighbours of some points as numbers of drawn ones."""
    graph = view.store.graph(key, k)
    nearest = graph.indices[rows]
    places = np.where(nearest < 0, -1, view.drawn_places[nearest])
    places[places < 0] = NO_NEIGHBOR  # in two bytes the most that these hold
    kind = number_kind(len(view.drawn_rows))
    return {"width": graph.k, "values": places.astype(kind).tobytes()}


def number_kind(count: int) -> str:
    """Return the type in which numbers of so many drawn points travel.

    Examples
    --------
    >>> number_kind(65_534), number_kind(65_535)
    ('<u2', '<u4')
    """
    return "<u2" if count < np.iinfo(np.uint16).max else "<u4"


def _colors(view: View) -> dict[str, Any]:
    coloring = view.coloring
    columns = [values[view.drawn_rows] for values in coloring.values]
    if coloring.names:
        kind = "<u2"
        if len(view.drawn_rows) > MANY and len(coloring.styles) <= NARROW:
            kind = "u1"
        codes = [values.astype(kind).tobytes() for values in columns]
        styles = [[_color(view, color), symbol] for color, symbol in coloring.styles]
        panels = [{"codes": code, "values": None} for code in codes]
        return {"panels": panels, "styles": styles, "scale": None}
    if len(view.drawn_rows) > MANY:
        return _shades(view, columns)
    start = origin_of(coloring)
    numbers = [(values - start).astype("<f4").tobytes() for values in columns]
    low, high = (end - start for end in coloring.span)
    scale = {"low": low, "high": high, "colors": _ramp(view)}
    panels = [{"codes": None, "values": values} for values in numbers]
    return {"panels": panels, "styles": [], "scale": scale}


def _shades(view: View, columns: Sequence[npt.NDArray[Any]]) -> dict[str, Any]:
    """Return numbers as codes of the colours of the scale, the last one for none."""
    colors = _ramp(view)
    low, high = view.coloring.span
    panels = []
    for values in columns:
        share = (np.asarray(values, np.float64) - low) / ((high - low) or 1.0)
        codes = np.clip(share, 0, 1) * (len(colors) - 1)
        codes = np.where(np.isnan(share), len(colors), np.rint(codes))
        panels.append({"codes": codes.astype("u1").tobytes(), "values": None})
    grey = themed(view.state.mode, lambda mode: GREY[mode])
    styles = [[color, "circle"] for color in (*colors, grey)]
    return {"panels": panels, "styles": styles, "scale": None}


def words(view: View) -> dict[str, Any]:
    """Return the names that maps write on themselves, and the width that asks for them.

    Returns
    -------
    dict
        ``names`` of the classes that colours show, by code; or ``panels`` with names
        and ``codes`` of the points of each map. ``least``, pixels from which on a map
        has names. Nothing where there are none.
    """
    coloring, state = view.coloring, view.state
    least = LEAST_WIDE if state.names == AUTO else 0
    if view.clusters:
        panels = [named_clusters(one, view.drawn_rows) for one in view.clusters]
        return {"names": None, "panels": panels, "least": least}
    names = names_on_map(coloring)
    many = state.names == AUTO and len(names) > MOST_AT_FIRST
    if state.names == NEVER or many or not names:
        return {}
    return {"names": names, "panels": None, "least": least}


def named_clusters(clusters: Clusters, rows: Rows) -> dict[str, Any]:
    """Return names of communities as maps write them, and the codes of some points.

    As many words as a line holds; no name where no word is typical.
    """
    return {
        "names": [_line_of(words) for words in clusters.words],
        "codes": clusters.codes[rows].astype("<u2").tobytes(),
    }


def _line_of(words: list[str]) -> str:
    """Return the first of some words, as many as a name may be long.

    Examples
    --------
    >>> _line_of(["woman", "group: People & Body", "hand"]), _line_of([])
    ('woman, group: People & Body', '')
    """
    line = middle(words[0], LONGEST_WORDS) if words else ""
    for word in words[1:]:
        if len(line) + len(word) + 2 > LONGEST_WORDS:
            break
        line += f", {word}"
    return line


def names_on_map(coloring: Coloring) -> list[str]:
    """Return the names of classes as maps write them, none for a single class."""
    if len(coloring.names) < 2:
        return []
    return [middle(" ".join(name.split()), LONGEST_WORDS) for name in coloring.names]


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
        over = over_represented(codes, names, rows, looks=view.state.looks)
        content["over"] = [each.sentence for each in over]
        if not over and len(rows) < view.total:
            content["none"] = f"no {view.color_title} is more frequent than by chance"
    return content


def _selected(view: View) -> dict[str, bytes | None]:
    """Return the selected points as numbers, or where they are many a bit a point."""
    if not len(view.rows):
        return {"rows": None}
    places = view.drawn_places[view.rows]
    places = places[places >= 0]
    count = len(view.drawn_rows)
    if count <= MANY or 32 * len(places) <= count:
        return {"rows": places.astype("<u4").tobytes()}
    selected = np.zeros(count, bool)
    selected[places] = True
    return {"rows": None, "bits": np.packbits(selected).tobytes()}
