"""Everything the explorer looks up: graphs and layouts, each computed once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import Variants
from .._threads import one_thread_for
from ..embedding import Embedding, weights_of
from ..graph import Attribution, Neighbors, Reweighting, knn, rewiring
from ..graph.attribution import attributed
from ..graph.diff import edge_diff
from ..graph.ground import Grounds
from ..layout import Layout, project
from ..responsibility import scores_by_point
from .facts import Facts, Floats, Rows, answered

K_MAX = 50  # neighbours searched; fewer are a slice
SETS = "by modality"
KEPT = 32  # graphs of a smaller k, and what was said of them, kept at hand


class Place(NamedTuple):
    """Which run of which variant, in which space, under which relative weights."""

    variant: str
    seed: Any
    space: str
    weights: tuple[tuple[str, float], ...] | None = None

    @property
    def bare(self) -> Place:
        """The place under the default weights, where layouts are made."""
        return self._replace(weights=None)


@dataclass(frozen=True)
class Atlas:
    """Embeddings over the same points, with what was computed of them so far.

    Parameters
    ----------
    variants
        Variant to one embedding a seed.
    k_max
        Neighbours searched for every graph.
    """

    variants: Variants[Embedding]
    k_max: int
    _graphs: dict[Place, Neighbors] = field(default_factory=dict, repr=False)
    _heads: dict[tuple[Place, int], Neighbors] = field(default_factory=dict, repr=False)
    _facts: dict[tuple[Place, str, int], Facts] = field(
        default_factory=dict, repr=False
    )
    _layouts: dict[tuple[Place, str], Layout] = field(default_factory=dict, repr=False)
    _stored: dict[Place, Reweighting] = field(default_factory=dict, repr=False)
    _grounds: list[Grounds] = field(default_factory=list, repr=False)
    _known: dict[tuple[Place, int], Attribution] = field(
        default_factory=dict, repr=False
    )
    _answers: dict[tuple[str, Any], pd.DataFrame | None] = field(
        default_factory=dict, repr=False
    )

    @classmethod
    def of(cls, variants: Variants[Embedding], k: int) -> Atlas:
        """Return an atlas in which graphs of up to `k` neighbours are at hand.

        Raises
        ------
        ValueError
            If ids differ between embeddings.
        """
        first = next(iter(variants.values()))[0]
        for name, runs in variants.items():
            for run in runs:
                if not np.array_equal(run.ids, first.ids):
                    raise ValueError(
                        "`spaces` must all have the same ids in the same order, "
                        f"got others in {name!r}."
                    )
        return cls(variants, min(max(K_MAX, k), len(first) - 1))

    @property
    def first(self) -> Embedding:
        """The embedding whose layout is the reference of all others."""
        return next(iter(self.variants.values()))[0]

    @property
    def embeddings(self) -> list[Embedding]:
        """Every embedding of every variant."""
        return [run for members in self.variants.values() for run in members]

    @property
    def spaces(self) -> list[str]:
        """Names of the spaces that every embedding has."""
        runs = self.embeddings
        return [
            name for name in runs[0].spaces if all(name in run.spaces for run in runs)
        ]

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities that every embedding has."""
        runs = self.embeddings
        return [m for m in runs[0].inputs if all(m in run.inputs for run in runs)]

    def rows(self, ids: Any) -> Rows:
        """Return the rows of ids, of one id or of a bool mask, in rising order.

        Raises
        ------
        ValueError
            If an id is unknown or a mask has another length.
        """
        known = self.first.ids
        given = [] if ids is None else [ids] if isinstance(ids, str) else list(ids)
        mask = np.asarray(given)
        if mask.dtype == bool and len(given):
            _check.rows("ids", len(given), len(known), "spaces")
            return np.flatnonzero(mask)
        wanted = {str(key) for key in given}
        for key in given:
            if str(key) not in self._ids:
                raise ValueError(f"`ids` must hold known ids, got {str(key)!r}.")
        return np.flatnonzero([key in wanted for key in known.tolist()])

    @cached_property
    def _ids(self) -> set[str]:
        return set(self.first.ids.tolist())

    def seeds(self, variant: str) -> list[Any]:
        """Return the seeds of a variant, or positions where they are not known.

        Examples
        --------
        >>> run = Embedding.from_arrays(np.eye(3))
        >>> Atlas.of({"mine": [run, run]}, 1).seeds("mine")
        [0, 1]
        """
        known = [run.info.get("seed") for run in self.variants[variant]]
        told = None not in known and len(set(known)) == len(known)
        return known if told else list(range(len(known)))

    def beside(self, place: Place, variant: str) -> Place:
        """Return the same place in another variant, of the same seed if it has it."""
        seeds = self.seeds(variant)
        seed = place.seed if place.seed in seeds else seeds[0]
        return place._replace(variant=variant, seed=seed)

    def embedding(self, place: Place) -> Embedding:
        """Return the embedding of a place."""
        return self.variants[place.variant][self.seeds(place.variant).index(place.seed)]

    def graph(self, place: Place, k: int) -> Neighbors:
        """Return the graph of the `k` nearest; only the first call searches."""
        if place not in self._graphs:
            with one_thread_for(len(self.first)):
                found = self._search(place)
            if place.weights is not None:
                self._forget_weights()
            self._graphs[place] = found
        key = (place, k)
        if key not in self._heads:
            _make_room(self._heads)
            self._heads[key] = self._graphs[place].head(k)
        return self._heads[key]

    def _search(self, place: Place) -> Neighbors:
        embedding = self.embedding(place)
        if place.weights is None:
            found: Neighbors = knn(embedding, self.k_max, space=place.space)
            return found
        if place.bare not in self._stored:
            self._stored[place.bare] = Reweighting.of(embedding, place.space)
        blocks = embedding.decoded if place.space == "refined" else embedding.inputs
        weights = weights_of(blocks, None)
        scaled = {name: times * weights[name] for name, times in place.weights}
        return self._stored[place.bare].knn(self.k_max, scaled)

    def _forget_weights(self) -> None:
        """Keep few graphs of other weights: a slider makes many."""
        known = [place for place in self._graphs if place.weights is not None]
        for place in known[: max(0, len(known) - KEPT + 1)]:
            del self._graphs[place]

    def weighted(self, space: str) -> list[str]:
        """Return the modalities whose weights can be changed in a space."""
        names = list(self.first.inputs) if space == "sum" else []
        names = list(self.first.decoded) if space == "refined" else names
        return names if len(names) > 1 else []

    def attribution(self, place: Place, k: int) -> Attribution:
        """Return which modalities have the edges of a graph; nothing is proved."""
        key = (place, k)
        if key not in self._known:
            _make_room(self._known)
            graph = self.graph(place, k)
            bare = replace(graph.embedding, targets={}, decoded={})
            with one_thread_for(len(self.first)):
                self._known[key] = attributed(
                    replace(graph, embedding=bare), self._own_graphs(bare).head(k)
                )
        return self._known[key]

    def _own_graphs(self, embedding: Embedding) -> Grounds:
        """Return the modalities' own graphs, searched once for every k."""
        if not self._grounds:
            self._grounds.append(Grounds(self.k_max, "euclidean"))
        for name in embedding.inputs:
            self._grounds[0].of(embedding, name)
        return self._grounds[0]

    def answers(self, place: Place) -> pd.DataFrame | None:
        """Return what z answers of every point, None where that cannot be judged."""
        key = place.variant, place.seed
        if key not in self._answers:
            embedding = self.embedding(place)
            known = answered(embedding)
            self._answers[key] = scores_by_point(embedding) if known else None
        return self._answers[key]

    def rewiring(self, place: Place, baseline: str, k: int) -> Floats:
        """Return 1 - Jaccard of each point's neighbours here and in a baseline."""
        other = self.beside(place, baseline)
        return rewiring(self.graph(other, k), self.graph(place, k))

    def noise(self, place: Place, baseline: str, k: int) -> Floats | None:
        """Return the rewiring between two seeds of the baseline, None for one seed."""
        one = self.beside(place, baseline)
        others = [seed for seed in self.seeds(baseline) if seed != one.seed]
        if not others:
            return None
        other = one._replace(seed=others[0])
        return rewiring(self.graph(one, k), self.graph(other, k))

    def facts(self, place: Place, baseline: str, k: int) -> Facts:
        """Return what is known of every point of a graph."""
        key = (place, baseline, k)
        if key not in self._facts:
            _make_room(self._facts)
            self._facts[key] = Facts(
                self.graph(place, k), baseline, place != self.beside(place, baseline),
                self.rewiring(place, baseline, k), self.noise(place, baseline, k),
                partial(self.answers, place),
            )  # fmt: skip
        return self._facts[key]

    def edges(
        self, place: Place, baseline: str, k: int, kind: str
    ) -> npt.NDArray[np.int64]:
        """Return ``(E, 2)`` ends of the edges of a kind.

        Parameters
        ----------
        place, baseline, k
            Which graph, and compared with which variant.
        kind
            "none", "all", or "kept", "gained" or "lost" since the baseline; those "by
            modality" are drawn from `attribution`.
        """
        if kind in {"none", SETS}:
            return np.empty((0, 2), np.int64)
        graph = self.graph(place, k)
        if kind == "all":
            found = graph.edges()
            return np.column_stack([found.source, found.target])
        diff = edge_diff(self.graph(self.beside(place, baseline), k), graph)
        return np.asarray(getattr(diff, kind))

    def has_layout(self, place: Place, method: str) -> bool:
        """Return whether a layout can be had at once."""
        return method == "pca" or (place.bare, method) in self._layouts

    def layout(self, place: Place, method: str) -> Layout:
        """Return the layout of a place, aligned with that of the first embedding."""
        place = place.bare
        key = (place, method)
        if key not in self._layouts:
            with one_thread_for(len(self.first)):
                self._layouts[key] = self._lay_out(place, method)
        return self._layouts[key]

    def prepare(self, place: Place, method: str) -> bool:
        """Compute what a place needs; return whether there was anything to compute."""
        if place in self._graphs and (place.bare, method) in self._layouts:
            return False
        self.graph(place, 1)
        self.layout(place, method)
        return True

    def stand_in(self, place: Place, method: str) -> Layout:
        """Return a layout at hand: that of the first embedding, or the PCA."""
        origin = self.origin(place)
        if self.has_layout(origin, method):
            return self.layout(origin, method)
        return self.layout(place, "pca")

    def origin(self, place: Place) -> Place:
        """Return the place whose layout is the reference of this one."""
        name = next(iter(self.variants))
        return Place(name, self.seeds(name)[0], place.space)

    def _lay_out(self, place: Place, method: str) -> Layout:
        embedding, origin = self.embedding(place), self.origin(place)
        found: Layout
        if method == "pca" or place == origin:
            found = project(embedding, method, space=place.space)
        else:
            reference = self.layout(origin, method)
            found = project(
                embedding, "aligned", space=place.space, reference=reference
            )
        return found


def _make_room(cache: dict[Any, Any]) -> None:
    if len(cache) >= KEPT:
        del cache[next(iter(cache))]
