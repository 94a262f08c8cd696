"""Work of the explorer that can wait: one job after another, in an order of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, NamedTuple

from .._beside import beside
from .colors import OF_GRAPH
from .embeddings import Key
from .points import PointTable
from .state import BY_MODALITY, State
from .view import SEARCHED, View


class Kind(Enum):
    """Kind of a job: what of the page it changes."""

    NEIGHBORS = "neighbours"
    LAYOUT = "layout"
    EDGES = "edges"
    BANDS = "seed bands"
    VERDICTS = "verdicts"
    NAMES = "names of clusters"
    PICTURE = "picture of the maps"
    GRAPH = "neighbours in other spaces"


# Maps change when these are done.
SHOWN = (Kind.NEIGHBORS, Kind.LAYOUT, Kind.EDGES)
MANY = 5_000  # points beyond which a job that nobody needs any more is cancelled
LAID_OUT = 100_000  # points whose layouts are computed without being asked for


@dataclass(frozen=True)
class Job:
    """One thing to be computed.

    Parameters
    ----------
    kind
        What of the page it changes.
    key
        Key of what is computed.
    words
        The same in words.
    work
        Computes it, and leaves it where views look for it. It can run in a thread.
    """

    kind: Kind
    key: Key
    words: str
    work: Callable[[], Any]


class Waiting(NamedTuple):
    """Whether neighbours, and whether layouts, wait until they are asked for."""

    neighbors: bool
    layouts: bool

    def sentence(self, total: int) -> str:
        """Return what is not computed, empty where nothing waits."""
        parts = ["neighbours"] * self.neighbors + ["layouts"] * self.layouts
        if not parts:
            return ""
        return f"{' and '.join(parts)} of {total:,} points take minutes"


NOTHING = Waiting(neighbors=False, layouts=False)


def waiting(view: View, *, asked: Waiting) -> Waiting:
    """Return what a view waits for.

    Parameters
    ----------
    view
        What is shown.
    asked
        What was asked for.
    """
    neighbors = not asked.neighbors and view.total > SEARCHED and not all(view.ready)
    large = not asked.layouts and view.total > LAID_OUT
    return Waiting(neighbors, large and bool(view.missing_layouts))


def is_asked(before: State, after: State) -> Waiting:
    """Return what a change of the settings asks for: edges, a colour, a layout."""

    def chosen(name: str, plain: Collection[str]) -> bool:
        value = getattr(after, name)
        return bool(getattr(before, name) != value and value not in plain)

    of_graph = after.color in OF_GRAPH and before.color != after.color
    return Waiting(chosen("edges", ("none",)) or of_graph, chosen("layout", ()))


def jobs(view: View, waits: Waiting = NOTHING) -> Iterator[Job]:
    """Yield what a view left for later; each job is done before the next is asked for.

    First the neighbours and numbers of the maps, then their layouts, edges by modality,
    the seed bands of their numbers and what these differ by, names of clusters, the
    neighbours in other spaces, at last what more neighbours and other variants need.
    Each is computed at most once, even where the store cannot hold all of them. Of many
    points only what is shown is computed, and not what waits.
    """
    if waits.neighbors:
        return
    yield from _shown(view, waits)
    yield from _bands(view)
    yield from _questions(view)
    if view.total > LAID_OUT:
        return
    state, store = view.state, view.store
    yield from _names(view)
    for key in view.keys:
        for other in view.beside(key):
            if not store.has_graph(other, state.k):
                yield _graph(view, other)
    yield from _prepared(view)


def _shown(view: View, waits: Waiting) -> Iterator[Job]:
    """Yield what changes the maps."""
    state, store = view.state, view.store
    for key, table in zip(view.keys, view.tables, strict=True):
        if not view.is_ready(key, table):
            words = f"neighbours of {key.variant}"
            yield Job(Kind.NEIGHBORS, key, words, table.compute)
    for key in () if waits.layouts else view.missing_layouts:
        work = partial(store.layout, key, state.layout, beside().call)
        yield Job(Kind.LAYOUT, key, f"layout of {key.variant}", work)
    if state.edges == BY_MODALITY:
        yield from _edges(view)


def is_needed(job: Job, view: View) -> bool:
    """Return whether a job that has begun is worth its end for another view."""
    if view.total <= MANY:
        return True
    runs = view.store.embeddings
    baseline = view.state.baseline
    besides = (runs.beside(key, baseline) for key in view.keys)
    keys = {*view.keys, *besides, *map(runs.origin, view.keys)}
    return job.key in keys or job.key in {key.unweighted for key in keys}


def _edges(view: View) -> Iterator[Job]:
    """Yield the edges by modality, for this k and then for every k."""
    store, k = view.store, view.state.k
    for key in view.keys:
        if not store.has_attribution(key, k):
            words = f"edges of {key.variant} by modality"
            yield Job(Kind.EDGES, key, words, partial(_attribute, view, key))
    for key in view.keys:
        if not store.is_judged(key):
            words = f"edges of {key.variant} for every k"
            yield Job(Kind.GRAPH, key, words, partial(store.widest, key))


def _attribute(view: View, key: Key) -> None:
    _ = view.store.attribution(key, view.state.k).close


def _bands(view: View) -> Iterator[Job]:
    """Yield the metrics of every seed."""
    state, store = view.state, view.store
    names = view.tables[0].headline_metrics
    family = [other for key in view.keys for other in store.embeddings.family(key)]
    missing = [
        key
        for key in dict.fromkeys(family)
        if not store.has_metrics(key, state.baseline, state.k, names)
    ]
    for key in missing:
        table: PointTable = store.table(key, state.baseline, state.k)
        kind = Kind.BANDS if key == missing[-1] else Kind.GRAPH
        yield Job(kind, key, f"seed {key.seed} of {key.variant}", table.compute)


def _questions(view: View) -> Iterator[Job]:
    """Yield what the numbers of variants differ by from the baseline."""
    store, baseline, k = view.store, view.state.baseline, view.state.k
    missing: list[tuple[Key, Callable[[], Any]]] = [
        *(
            (key, partial(store.samples, key, k))
            for key in view.measured
            if not store.has_samples(key, k)
        ),
        *(
            (key, partial(store.rewired, key, baseline, k))
            for key in view.changed
            if not store.has_rewired(key, baseline, k)
        ),
    ]
    for number, (key, work) in enumerate(missing, start=1):
        kind = Kind.VERDICTS if number == len(missing) else Kind.GRAPH
        yield Job(kind, key, f"verdicts on {key.variant}", work)


def _names(view: View) -> Iterator[Job]:
    """Yield the names of clusters, where maps write them."""
    for key in view.keys if view.wants_clusters else ():
        if not view.store.has_clusters(key):
            work = partial(view.store.clusters, key, beside().call)
            yield Job(Kind.NAMES, key, f"names of clusters of {key.variant}", work)


def _graph(view: View, key: Key) -> Job:
    words = f"neighbours in the {key.space} space"
    return Job(Kind.GRAPH, key, words, partial(view.store.graph, key, view.state.k))


def _prepared(view: View) -> Iterator[Job]:
    """Yield graphs of every k and layouts, also of variants that are not shown."""
    state, store = view.state, view.store
    for variant in store.embeddings.variants:
        key = state.key(store.embeddings, variant).unweighted
        if not store.is_prepared(key, state.layout):
            work = partial(store.prepare, key, state.layout, beside().call)
            yield Job(Kind.GRAPH, key, f"graph and layout of {variant}", work)
