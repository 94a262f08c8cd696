"""Work of the explorer that can wait, one thing at a time."""

from __future__ import annotations

from enum import Enum

from .state import BY_MODALITY
from .view import View


class Done(Enum):
    """Kind of the work that was done."""

    NOTHING = "nothing"
    LAYOUT = "layout"
    BANDS = "bands"
    GRAPH = "graph"


def step(view: View) -> Done:
    """Compute the next thing that was left for later, and return its kind.

    First the layouts of the maps, then the seed bands of their numbers, then the
    neighbours in other spaces, at last what more neighbours and other variants need.
    """
    for key in view.missing_layouts:
        view.store.layout(key, view.state.layout)
        return Done.LAYOUT
    if not view.has_bands:
        return _band(view)
    return Done.GRAPH if _prepare(view) else Done.NOTHING


def _prepare(view: View) -> bool:
    """Compute what may be needed next; return whether there was anything."""
    state, store = view.state, view.store
    runs = store.embeddings
    for other in (key.in_space(space) for key in view.keys for space in runs.spaces):
        if not store.has_graph(other):
            store.graph(other, 1)
            return True
    if state.edges == BY_MODALITY and any(map(store.judge_every_k, view.keys)):
        return True
    keys = (state.key(runs, name).unweighted for name in runs.variants)
    return any(store.prepare(key, state.layout) for key in keys)


def _band(view: View) -> Done:
    """Compute the metrics of one more seed."""
    state, store = view.state, view.store
    names = view.tables[0].headline_metrics
    missing = [
        other
        for key in view.keys
        for other in store.embeddings.family(key)
        if not store.has_metrics(other, state.baseline, state.k, names)
    ]
    table = store.table(missing[0], state.baseline, state.k)
    for name in names:
        table.metric(name)
    return Done.BANDS if len(missing) == 1 else Done.GRAPH
