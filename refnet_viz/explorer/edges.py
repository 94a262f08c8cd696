"""How edges are drawn: by what became of them, or by the modalities that have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..graph.edge_patterns import EdgePatterns, Group
from ..plot.points import edge_style
from ..plot.theme import class_style, faded, ink
from .words import cut

MOST = 8  # colours that lines can be told apart by
LONGEST = 28  # of a set of modalities in the legend
DASH = [5, 3]
# Of the classes' colours, those that stand out most on either background.
CHANGED = {
    "light": {"gained": (0, DASH), "lost": (3, [2, 3])},
    "dark": {"gained": (4, DASH), "lost": (1, [2, 3])},
}
TITLE = "edges by the modalities whose own graphs have them"

Bools = npt.NDArray[np.bool_]


def groups(
    kind: str, patterns: EdgePatterns | None, count: int, mode: str
) -> Iterator[tuple[dict[str, Any], Bools]]:
    """Yield a style with the edges that have it, the lowest first.

    Parameters
    ----------
    kind
        "all", "kept", "gained" or "lost".
    patterns
        Of the drawn edges when they are shown by modality, else None.
    count
        How many edges there are.
    mode
        "light" or "dark".
    """
    if patterns is None:
        yield _plain(kind, mode), np.ones(count, bool)
        return
    styles = _styles(len(patterns.modalities), mode)
    for style, group in zip(styles, patterns.groups(MOST), strict=True):
        member = np.isin(patterns.pattern, group.patterns)
        yield {**style, "dash": []}, member & ~patterns.contradicted
        yield {**style, "dash": DASH}, member & patterns.contradicted


def key(patterns: EdgePatterns | None, mode: str) -> list[dict[str, Any]]:
    """Return name, colour and dash of each group, those of all modalities first."""
    if patterns is None:
        return []
    styles = _styles(len(patterns.modalities), mode)
    return [
        {"name": _name(group), "color": style["color"], "dash": []}
        for style, group in zip(styles, patterns.groups(MOST), strict=True)
        if group.share > 0 or group.chance > 0
    ][::-1]


def _plain(kind: str, mode: str) -> dict[str, Any]:
    if kind in CHANGED[mode]:
        number, dash = CHANGED[mode][kind]
        color = faded(class_style(number, mode)[0], 0.75)
        return {"color": color, "width": 1.2, "dash": dash}
    return {**edge_style(ink(mode), 1.0), "dash": []}


def _styles(modalities: int, mode: str) -> list[dict[str, Any]]:
    styles = [edge_style(ink(mode), 1.0)]
    return styles + [
        {"color": faded(class_style(i, mode)[0], 0.85), "width": 1.3}
        for i in _colors(modalities)
    ]


def _colors(modalities: int) -> list[int]:
    """Return the colour of each group: the one it has in `plot.attribution`."""
    if (1 << modalities) - 1 > MOST:
        return list(reversed(range(MOST)))
    sets = sorted(range(1, 1 << modalities), key=int.bit_count)
    largest_first = sorted(sets, key=lambda pattern: -pattern.bit_count())
    return [largest_first.index(pattern) for pattern in sets]


def _name(group: Group) -> str:
    return f"{cut(group.name, LONGEST)} {group.share:.1%} (chance {group.chance:.1%})"
