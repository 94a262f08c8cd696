"""What the explorer computes while nobody asks, one thing at a time."""

from __future__ import annotations

from .desk import Desk
from .state import BY_MODALITY
from .strip import columns

NOTHING, LAYOUT, BANDS, GRAPH = "", "layout", "bands", "graph"


def step(desk: Desk) -> str:
    """Compute the next thing that was left for later, and say what it was.

    First the layouts of the maps, then the seed bands of their numbers, then the
    neighbours in other spaces, at last what more neighbours and other variants need.
    """
    chosen, atlas = desk.chosen, desk.atlas
    for place in desk.waited_for:
        atlas.layout(place, chosen.layout)
        return LAYOUT
    if not desk.banded:
        return _band(desk)
    return GRAPH if _ahead(desk) else NOTHING


def _ahead(desk: Desk) -> bool:
    """Compute what may be asked for next; return whether there was anything."""
    chosen, atlas = desk.chosen, desk.atlas
    others = [p.looking(s) for p in desk.places for s in atlas.spaces]
    for other in others:
        if not atlas.graphs.has(other):
            atlas.graph(other, 1)
            return True
    by_modality = chosen.edges == BY_MODALITY
    if by_modality and any(map(atlas.graphs.foresee, desk.places)):
        return True
    each = (desk.place(name).even for name in atlas.variants)
    return any(atlas.prepare(place, chosen.layout) for place in each)


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
