"""What the explorer computes while nobody asks, one thing at a time."""

from __future__ import annotations

from .desk import Desk
from .strip import columns

NOTHING, LAYOUT, BANDS, GRAPH = "", "layout", "bands", "graph"


def step(desk: Desk) -> str:
    """Compute the next thing that was left for later, and say what it was.

    First the layouts of the maps, then the seed bands of their numbers, then the
    neighbours in other spaces, at last what other variants would need.
    """
    chosen, atlas = desk.chosen, desk.atlas
    for place in desk.waited_for:
        atlas.layout(place, chosen.layout)
        return LAYOUT
    if not desk.banded:
        return _band(desk)
    for place in desk.places:
        for space in atlas.spaces:
            other = place.even._replace(space=space)
            if not atlas.graphs.has(other):
                atlas.graph(other, 1)
                return GRAPH
    for name in atlas.variants:
        if atlas.prepare(desk.place(name).even, chosen.layout):
            return GRAPH
    return NOTHING


def _band(desk: Desk) -> str:
    """Compute the metrics of one more seed."""
    chosen, atlas = desk.chosen, desk.atlas
    lines = desk.lines(banded=False)
    names = columns(lines[0].facts)
    waiting = [
        other
        for place in desk.places
        for other in atlas.family(place)
        if not atlas.knows(other, chosen.baseline, chosen.k, names)
    ]
    facts = atlas.facts(waiting[0], chosen.baseline, chosen.k)
    for name in names:
        facts.value(name)
    return BANDS if len(waiting) == 1 else GRAPH
