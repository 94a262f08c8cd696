"""Edges in the colours of the modalities that have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..graph.edge_patterns import EdgePatterns, Group
from ..plot.points import edge_lines, edge_style
from ..plot.text import escape
from ..plot.theme import class_style, faded, ink

MOST = 8  # colours that lines can be told apart by
LONGEST = 28  # of a set of modalities in the legend
DASHES = ("solid", "dash")  # not contradicted, contradicted
TITLE = "edges by the modalities whose own graphs have them"
NOWHERE = [None]  # nothing to draw, yet an entry of the legend

Pairs = npt.NDArray[np.int64]
Traces = list[go.Scatter | go.Scattergl]


def build(trace: Any, modalities: int, mode: str) -> Traces:
    """Return two empty traces a group, solid and dashed; emergent edges lie lowest.

    Parameters
    ----------
    trace
        The class of the traces.
    modalities
        How many there are, 0 for no trace at all.
    mode
        "light" or "dark".
    """
    if not modalities:
        return []
    styles = [edge_style(ink(mode), 1.0)]
    styles += [
        {"color": faded(class_style(i, mode)[0], 0.85), "width": 1.3}
        for i in _colors(modalities)
    ]
    return [
        trace(
            x=NOWHERE, y=NOWHERE, mode="lines", line={**style, "dash": dash},
            hoverinfo="skip", showlegend=dash == "solid", visible=False,
            legend="legend2",
        )
        for style in styles
        for dash in DASHES
    ]  # fmt: skip


def _colors(modalities: int) -> list[int]:
    """Return the colour of each group: the one it has in `plot.attribution`."""
    if (1 << modalities) - 1 > MOST:
        return list(reversed(range(MOST)))
    sets = sorted(range(1, 1 << modalities), key=int.bit_count)
    largest_first = sorted(sets, key=lambda pattern: -pattern.bit_count())
    return [largest_first.index(pattern) for pattern in sets]


def legend() -> dict[str, Any]:
    """Return where the edges are explained: below the map, all modalities first."""
    return {
        "orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yanchor": "top",
        "font": {"size": 11}, "itemclick": False, "itemdoubleclick": False,
        "traceorder": "reversed",
        "title": {"text": TITLE, "side": "top", "font": {"size": 11}},
    }  # fmt: skip


def draw(
    traces: Traces,
    coordinates: npt.NDArray[np.float32],
    pairs: Pairs,
    patterns: EdgePatterns | None,
) -> None:
    """Change the traces, to be called within one batch.

    Parameters
    ----------
    traces
        Those of `build`.
    coordinates
        ``(N, 2)``.
    pairs, patterns
        The drawn edges and what is known of them; None hides all.
    """
    if patterns is None:
        for trace in traces:
            trace.visible = False
        return
    for number, group in enumerate(patterns.groups(MOST)):
        member = np.isin(patterns.pattern, group.patterns)
        solid, dashed = traces[2 * number : 2 * number + 2]
        seen = group.share > 0 or group.chance > 0
        _fill(solid, coordinates, pairs[member & ~patterns.contradicted])
        _fill(dashed, coordinates, pairs[member & patterns.contradicted])
        solid.update(visible=bool(seen), name=_name(group))
        dashed.visible = bool(seen)


def _fill(trace: Any, coordinates: npt.NDArray[np.float32], pairs: Pairs) -> None:
    if len(pairs):
        lines = edge_lines(coordinates, pairs, count=len(coordinates))
        trace.update(x=lines.x, y=lines.y)
    else:
        trace.update(x=NOWHERE, y=NOWHERE)


def _name(group: Group) -> str:
    name = " ".join(group.name.split())
    if len(name) > LONGEST:
        name = name[: LONGEST - 1] + "…"
    return f"{escape(name)} {group.share:.1%} (chance {group.chance:.1%})"
