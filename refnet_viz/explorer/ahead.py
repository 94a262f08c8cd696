"""Work of the explorer that can wait, one thing at a time."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from .state import BY_MODALITY
from .view import View


class Done(Enum):
    """Kind of the work that was done."""

    LAYOUT = "layout"
    BANDS = "bands"
    GRAPH = "graph"


def steps(view: View) -> Iterator[Done]:
    """Compute what a view left for later, one thing a step, and yield its kind.

    First the layouts of the maps, then the seed bands of their numbers, then the
    neighbours in other spaces, at last what more neighbours and other variants need.
    Each is computed at most once, even where the store cannot hold all of them.
    """
    state, store = view.state, view.store
    for key in view.missing_layouts:
        store.layout(key, state.layout)
        yield Done.LAYOUT
    yield from _bands(view)
    for key in view.keys:
        for other in view.beside(key):
            if not store.has_graph(other, state.k):
                store.graph(other, state.k)
                yield Done.GRAPH
    if state.edges == BY_MODALITY:
        yield from (Done.GRAPH for key in view.keys if store.judge_every_k(key))
    for variant in store.embeddings.variants:
        key = state.key(store.embeddings, variant).unweighted
        if store.prepare(key, state.layout):
            yield Done.GRAPH


def _bands(view: View) -> Iterator[Done]:
    """Compute the metrics of every seed."""
    state, store = view.state, view.store
    names = view.tables[0].headline_metrics
    family = [other for key in view.keys for other in store.embeddings.family(key)]
    missing = [
        key
        for key in dict.fromkeys(family)
        if not store.has_metrics(key, state.baseline, state.k, names)
    ]
    for key in missing:
        table = store.table(key, state.baseline, state.k)
        for name in names:
            table.metric(name)
        yield Done.BANDS if key == missing[-1] else Done.GRAPH
