"""What the maps show, as values and as the messages a page draws them from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..graph.patterns import EdgeGroups
from ..layout import Layout
from ..plot.color import MOST_ENTRIES
from ..plot.points import cap, point_size
from ..plot.text import count_of
from . import edges
from .colors import Hue, ramp
from .embeddings import Key
from .points import Rows
from .words import cut

MOST_POINTS = 20_000
MOST_EDGES = 20_000  # on all maps together
LONGEST_NAME = 32  # of a class in the legend

Pairs = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Panel:
    """One map.

    Parameters
    ----------
    place
        What is shown.
    layout
        Where the points lie.
    pairs, kind
        ``(E, 2)`` ends of the edges, and "none", "all", "by modality", "kept", "gained"
        or "lost".
    groups
        These edges by sets of modalities when they are shown so, else None.
    note
        What else must be said of the map.
    """

    place: Key
    layout: Layout
    pairs: Pairs
    kind: str
    groups: EdgeGroups | None
    note: str = ""

    @property
    def title(self) -> str:
        """Variant, seed and how far it was trained."""
        place, trained = self.place, ""
        if place.epoch is not None:
            trained = f", after {place.epoch + 1} epochs"
        return f"{cut(place.variant)}, seed {place.seed}{trained}"

    @property
    def space(self) -> str:
        """The space, with its weights where they differ."""
        parts = [f"{cut(name)} {weight:g}" for name, weight in self.place.weights]
        weights = f", weights: {', '.join(parts)}" if parts else ""
        cosine = ", cosine" if self.place.metric == "cosine" else ""
        return f"{cut(self.place.space)} space{cosine}{weights}"


@dataclass(frozen=True, eq=False)
class View:
    """All that one redraw shows.

    Parameters
    ----------
    panels
        The maps, from one to four.
    hue
        What colour means, with as many panels.
    rows
        The selected points.
    focus
        The panel that the pane of details speaks of.
    together
        Whether places in all maps mean the same.
    """

    panels: tuple[Panel, ...]
    hue: Hue
    rows: Rows
    focus: int = 0
    together: bool = False

    @property
    def total(self) -> int:
        """How many points there are."""
        return len(self.panels[0].layout)

    @cached_property
    def drawn(self) -> Rows:
        """The points that are drawn: all, or an even sample that stays the same."""
        return drawn_of(self.total)

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Position of each point among the drawn ones, -1 where it is left out."""
        found = np.full(self.total, -1)
        found[self.drawn] = np.arange(len(self.drawn))
        return found

    def edges(self, panel: Panel) -> Rows:
        """Return which of a panel's edges are drawn."""
        return self._edges[self.panels.index(panel)]

    @cached_property
    def _edges(self) -> list[Rows]:
        most = MOST_EDGES // len(self.panels)
        found = []
        for panel in self.panels:
            rows = np.arange(len(panel.pairs))
            if len(self.drawn) < self.total:
                rows = np.flatnonzero((self.places[panel.pairs] >= 0).all(axis=1))
            found.append(rows[cap(rows, most)])
        return found

    def notes(self, panel: Panel) -> list[str]:
        """Return the lines below the title of a map."""
        return [", ".join(parts) for parts in self.told(panel)]

    def told(self, panel: Panel) -> list[list[str]]:
        """Return the same lines in parts: space, layout, edges, sample."""
        layout, place = panel.layout, panel.place
        parts = [layout.note or layout.title, layout.caption]
        parts += ["layout of equal weights"] if place.weights else []
        parts += ["layout of Euclidean distances"] if place.metric == "cosine" else []
        lines = [[panel.space], parts]
        parts += [layout.coverage] if layout.coverage else []
        if panel.kind != "none":
            lines.append([panel.note or self._of_edges(panel)])
        if len(self.drawn) < self.total:
            told = count_of(len(self.drawn), self.total, "points")
            lines.append([f"{told}; lasso and numbers take all"])
        return lines

    def _of_edges(self, panel: Panel) -> str:
        plain = panel.kind == "all" or panel.groups is not None
        one = len(panel.pairs) == 1
        what = "edge" if one else "edges"
        what = what if plain else f"{panel.kind} {what}"
        told = count_of(len(self.edges(panel)), len(panel.pairs), what)
        touching = f" that {'touches' if one else 'touch'} the selection"
        touching = touching if len(self.rows) else ""
        dashed = ", dashed where a modality contradicts them" if panel.groups else ""
        return told + touching + dashed

    def summary(self, panel: Panel) -> str:
        """Return what a map shows in one sentence, for those who cannot see it."""
        chosen = f", {len(self.rows):,} selected" if len(self.rows) else ""
        colour = f", coloured by {self.hue.title}" if self.hue.title else ""
        notes = "; ".join(self.notes(panel))
        return f"Map of {panel.title}: {self.total:,} points{chosen}{colour}; {notes}."


def drawn_of(count: int) -> Rows:
    """Return which of so many points are drawn."""
    return cap(np.arange(count), MOST_POINTS)


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
            "together": view.together,
            "size": point_size(len(view.drawn)),
        },
        "edges": {"panels": [_edges(panel, view) for panel in view.panels]},
        "colors": _colors(view),
        "key": _key(view),
        "chosen": {"rows": _chosen(view)},
    }


def _flat(layout: Layout, view: View) -> dict[str, bytes]:
    flat = layout.coordinates[view.drawn].astype("<f4")
    return {"x": flat[:, 0].tobytes(), "y": flat[:, 1].tobytes()}


def _edges(panel: Panel, view: View) -> list[dict[str, Any]]:
    rows = view.edges(panel)
    groups = panel.groups and panel.groups.subset(rows)
    pairs = view.places[panel.pairs[rows]].astype("<u4")
    return [
        {**style, "pairs": pairs[mask].tobytes()}
        for style, mask in edges.styled(panel.kind, groups, len(rows), view.hue.mode)
        if mask.any()
    ]


def _colors(view: View) -> dict[str, Any]:
    hue = view.hue
    if hue.names:
        codes = [values[view.drawn].astype("<u2").tobytes() for values in hue.values]
        styles = [list(style) for style in hue.styles]
        panels = [{"codes": found, "values": None} for found in codes]
        return {"panels": panels, "styles": styles, "scale": None}
    start = hue.origin
    numbers = [
        (values[view.drawn] - start).astype("<f4").tobytes() for values in hue.values
    ]
    low, high = (end - start for end in hue.span)
    scale = {"low": low, "high": high, "colors": list(ramp(hue.mode))}
    panels = [{"codes": None, "values": found} for found in numbers]
    return {"panels": panels, "styles": [], "scale": scale}


def _key(view: View) -> dict[str, Any]:
    hue = view.hue
    scale = None
    if not hue.names:
        (low, high), ends = hue.span, hue.ends
        scale = {
            "low": low - hue.origin, "high": high - hue.origin,
            "colors": list(ramp(hue.mode)), "lowText": ends[0], "highText": ends[1],
        }  # fmt: skip
    entries = entries_of(hue)
    more = f"and {len(entries) - MOST_ENTRIES} more: point at them"
    groups = view.panels[view.focus].groups
    return {
        "title": hue.title,
        "entries": entries[:MOST_ENTRIES],
        "more": more if len(entries) > MOST_ENTRIES else "",
        "lines": edges.key(groups, hue.mode),
        "linesTitle": edges.TITLE,
        "scale": scale,
    }


def entries_of(hue: Hue) -> list[dict[str, Any]]:
    """Return name, colour, symbol and code of every class that occurs."""
    if len(hue.names) < 2:
        return []
    seen = np.unique(np.concatenate([np.unique(values) for values in hue.values]))
    return [
        {
            "name": cut(hue.coloring.entry(code), LONGEST_NAME),
            "color": hue.styles[code][0], "symbol": hue.styles[code][1],
            "code": int(code),
        }
        for code in seen
    ]  # fmt: skip


def _chosen(view: View) -> bytes | None:
    if not len(view.rows):
        return None
    places = view.places[view.rows]
    return places[places >= 0].astype("<u4").tobytes()


def inside(
    coordinates: npt.NDArray[Any], xs: list[float], ys: list[float]
) -> npt.NDArray[np.bool_]:
    """Return which points lie within a polygon (even-odd rule).

    Parameters
    ----------
    coordinates
        ``(N, 2)``.
    xs, ys
        Corners of the polygon.

    Examples
    --------
    >>> points = np.array([[1.0, 1.0], [3.0, 1.0]])
    >>> inside(points, [0, 2, 2, 0], [0, 0, 2, 2]).tolist()
    [True, False]
    """
    x, y = coordinates.T.astype(np.float64)
    found = np.zeros(len(x), bool)
    corners = np.column_stack([xs, ys]).astype(np.float64)
    for (x1, y1), (x0, y0) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        crosses = (y1 > y) != (y0 > y)
        if y1 != y0:
            found ^= crosses & (x < (x0 - x1) * (y - y1) / (y0 - y1) + x1)
    return found
