"""Every graph the explorer shows, each searched once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .._threads import one_thread_for
from ..embedding import Embedding
from ..graph import Attribution, Neighbors, knn
from ..graph.attribution import BEYOND
from ..graph.ground import Grounds
from ..graph.reweighting import Reweighting
from .embeddings import Embeddings, Key

KEPT = 128  # graphs of a smaller k, and what was said of them, kept at hand
# One redraw asks for three: the shown run, its baseline, another seed of the baseline.
KEPT_DISTANCES = 3


@dataclass(frozen=True)
class Graphs:
    """Graphs of places, with what was computed of them so far.

    Parameters
    ----------
    runs
        The embeddings.
    k_max
        Neighbours searched for every graph, as far as the rows that have its space
        allow; fewer are a slice.
    """

    runs: Embeddings
    k_max: int
    _whole: dict[Key, Neighbors] = field(default_factory=dict, repr=False)
    _heads: dict[tuple[Key, int], Neighbors] = field(default_factory=dict, repr=False)
    _distances: dict[Key, Reweighting] = field(default_factory=dict, repr=False)
    _grounds: dict[int, Grounds] = field(default_factory=dict, repr=False)
    _widest: dict[Key, Attribution] = field(default_factory=dict, repr=False)
    _attributions: dict[tuple[Key, int], Attribution] = field(
        default_factory=dict, repr=False
    )

    def has(self, place: Key) -> bool:
        """Return whether a graph can be had without a search."""
        return self.runs.twin(place) in self._whole

    def of(self, place: Key, k: int) -> Neighbors:
        """Return the graph of the `k` nearest; only the first call searches.

        Of fewer where not so many other rows have the space.
        """
        key = (place, k)
        if key not in self._heads:
            make_room(self._heads)
            twin = self.runs.twin(place)
            if twin != place:
                own = self.runs.embedding(place)
                self._heads[key] = replace(self.of(twin, k), embedding=own)
            elif place.weights:
                self._heads[key] = self._weighted(place, k)
            else:
                whole = self._searched(place)
                self._heads[key] = whole.head(min(k, whole.k))
        return self._heads[key]

    def attribution(self, place: Key, k: int) -> Attribution:
        """Return which modalities answer for the edges of a graph."""
        key = (place, k)
        if key not in self._attributions:
            make_room(self._attributions)
            self._attributions[key] = self._attributed(place, k)
        return self._attributions[key]

    def foresee(self, place: Key) -> bool:
        """Look at the edges of every k; return whether there was anything to do."""
        if place in self._widest:
            return False
        make_room(self._widest)
        widest = self._attributed(place, self.k_max)
        _ = widest.close
        self._widest[place] = widest
        return True

    def _attributed(self, place: Key, k: int) -> Attribution:
        graph = self.of(place, k)
        grounds = self._ground(graph.embedding, graph.k)
        wider = self._widest.get(place)
        return Attribution(graph, graph.weights, BEYOND, grounds, wider)

    def _searched(self, place: Key) -> Neighbors:
        if place not in self._whole:
            with one_thread_for(len(self.runs.first)):
                own = self.runs.embedding(place)
                k = min(self.k_max, int(own.present_in(place.space).sum()) - 1)
                self._whole[place] = knn(own, k, space=place.space, metric=place.metric)
        return self._whole[place]

    def _weighted(self, place: Key, k: int) -> Neighbors:
        """Return a graph under other weights; the distances are computed once."""
        even = place.even
        known = self._distances.pop(even, None)
        if known is None:
            make_room(self._distances, KEPT_DISTANCES)
            known = Reweighting.of(self.runs.embedding(place), place.space)
        self._distances[even] = known  # the last to be asked for is the last to go
        weights = known.scaled(dict(place.weights))
        there = known.embedding.present_in(place.space, weights=weights)
        return known.knn(min(k, int(there.sum()) - 1), weights)

    def _ground(self, embedding: Embedding, k: int) -> Grounds:
        """Return the modalities' own graphs, slices of one search each."""
        whole = self._grounds.setdefault(self.k_max, Grounds(self.k_max, "euclidean"))
        with one_thread_for(len(embedding)):
            for name in embedding.inputs:
                whole.of(embedding, name)
        if k not in self._grounds:
            self._grounds[k] = whole.head(k)
        return self._grounds[k]


def make_room(cache: dict[Any, Any], most: int = KEPT) -> None:
    """Let the oldest entry go where a cache is full."""
    if len(cache) >= most:
        del cache[next(iter(cache))]
