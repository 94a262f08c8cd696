"""Edges of a map: which are drawn, in which style, and what the legend says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..graph.diff import edge_diff
from ..graph.patterns import LISTED, EdgeGroups, Group
from ..plot.ink import class_style, faded, ink
from ..plot.points import edge_style
from ..plot.text import cut
from .embeddings import Key
from .state import CHANGES
from .store import Store

MOST_COLORS = 8  # colours that lines can be told apart by
LONGEST = 28  # of a set of modalities in the legend
DASH = [5, 3]
# Of the classes' colours, those that stand out most on either background.
CHANGE_STYLES = {
    "light": {"gained": (0, DASH), "lost": (3, [2, 3])},
    "dark": {"gained": (4, DASH), "lost": (1, [2, 3])},
}
TITLE = "edges by modality"
LINES_TITLE = "neighbours of a point"

Bools = npt.NDArray[np.bool_]
Pairs = npt.NDArray[np.int64]


def pairs_of(store: Store, key: Key, baseline: str, k: int, kind: str) -> Pairs:
    """Return ``(E, 2)`` ends of the edges of a kind.

    Parameters
    ----------
    store
        Holds the graphs.
    key, baseline, k
        The graph, and the variant it is compared with.
    kind
        One of `state.EDGES` but "none"; "by modality" are all of them.
    """
    graph = store.graph(key, k)
    if kind not in CHANGES:
        edges = graph.edges()
        return np.column_stack([edges.source, edges.target])
    other = store.embeddings.beside(key, baseline)
    diff = edge_diff(store.graph(other, k), graph)
    return np.asarray(getattr(diff, kind))


def styled(
    kind: str, groups: EdgeGroups | None, count: int, mode: str
) -> Iterator[tuple[dict[str, Any], Bools]]:
    """Yield a style with the edges that have it, the lowest first.

    Parameters
    ----------
    kind
        "all", "kept", "gained" or "lost".
    groups
        Groups of the drawn edges when they are shown by modality, else None.
    count
        How many edges there are.
    mode
        "light" or "dark".
    """
    if groups is None:
        yield plain_style(kind, mode), np.ones(count, bool)
        return
    for number, style in enumerate(_styles(groups, mode)):
        member = groups.number == number
        yield {**style, "dash": []}, member & ~groups.contradicted
        yield {**style, "dash": DASH}, member & groups.contradicted


def plain_style(kind: str, mode: str) -> dict[str, Any]:
    """Return how edges look that are not shown by modality.

    Parameters
    ----------
    kind
        "all", "kept", "gained" or "lost".
    mode
        "light" or "dark".
    """
    if kind in CHANGE_STYLES[mode]:
        number, dash = CHANGE_STYLES[mode][kind]
        color = faded(class_style(number, mode)[0], 0.75)
        return {"color": color, "width": 1.2, "dash": dash}
    return {**edge_style(ink(mode), 1.0), "dash": []}


def key(groups: EdgeGroups, mode: str) -> list[dict[str, Any]]:
    """Return name, colour and dash of each group, those of all modalities first."""
    styles = _styles(groups, mode)
    return [
        {"name": _name(group), "color": style["color"], "dash": []}
        for style, group in zip(styles, groups.groups, strict=True)
        if group.share > 0 or group.chance > 0
    ][::-1]


def change_styles(mode: str) -> dict[str, dict[str, Any]]:
    """Return how lines to neighbours look, by what became of them."""
    kept = {"color": faded(ink(mode).muted, 0.9), "width": 1.2, "dash": []}
    changed = {name: plain_style(name, mode) for name in ("lost", "gained")}
    return {"kept": kept, **{n: {**s, "width": 1.6} for n, s in changed.items()}}


def change_key(mode: str, baseline: str, *, compared: bool) -> list[dict[str, Any]]:
    """Return name, colour and dash of the lines to neighbours.

    Parameters
    ----------
    mode
        "light" or "dark".
    baseline
        Name of the variant that others are compared with.
    compared
        Whether a map of another variant is shown.
    """
    names = {"kept": "the nearest"}
    if compared:
        since = f"since {cut(baseline, LONGEST)}"
        names = {"kept": "kept", "lost": f"lost {since}", "gained": f"gained {since}"}
    styles = change_styles(mode)
    return [
        {"name": name, "color": styles[kind]["color"], "dash": styles[kind]["dash"]}
        for kind, name in names.items()
    ]


def _styles(groups: EdgeGroups, mode: str) -> list[dict[str, Any]]:
    styles = [edge_style(ink(mode), 1.0)]
    return styles + [
        {"color": faded(class_style(i, mode)[0], 0.85), "width": 1.3}
        for i in _colors(groups)
    ]


def _colors(groups: EdgeGroups) -> list[int]:
    """Return the colour of each group: the one it has in `plot.attribution`."""
    if len(groups.modalities) > LISTED:
        return list(reversed(range(MOST_COLORS)))[: len(groups.groups) - 1]
    sets = sorted(range(1, 1 << len(groups.modalities)), key=int.bit_count)
    largest_first = sorted(sets, key=lambda pattern: -pattern.bit_count())
    return [largest_first.index(pattern) for pattern in sets]


def _name(group: Group) -> str:
    return f"{cut(group.name, LONGEST)} {group.share:.1%} (chance {group.chance:.1%})"
