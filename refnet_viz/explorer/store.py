"""Everything the explorer looks up: graphs and layouts, each computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._nested import Variants, aligned
from .._threads import one_thread_for
from ..embedding import Embedding
from ..graph import Attribution, Neighbors, rewiring
from ..graph.diff import edge_diff
from ..layout import Layout, project
from ..responsibility import scores_by_point
from .embeddings import Earlier, Embeddings, Key
from .graphs import Graphs, make_room
from .points import Floats, PointTable
from .state import BY_MODALITY

K_MAX = 50  # neighbours searched; fewer are a slice


@dataclass(frozen=True)
class Store(Embeddings):
    """Embeddings over the same points, with what was computed of them so far.

    Parameters
    ----------
    variants
        Variant to one embedding a seed.
    graphs
        Their graphs.
    """

    graphs: Graphs = field(kw_only=True)
    _facts: dict[tuple[Key, str, int], PointTable] = field(
        default_factory=dict, repr=False
    )
    _answers: dict[tuple[Any, ...], pd.DataFrame] = field(
        default_factory=dict, repr=False
    )
    _layouts: dict[tuple[Key, str], Layout] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        variants: Variants[Embedding],
        k: int,
        earlier: Mapping[str, Earlier] | None = None,
    ) -> Store:
        """Return an atlas in which graphs of up to `k` neighbours are at hand.

        Rows that come in another order are brought into that of the first embedding.

        Raises
        ------
        ValueError
            If ids differ between embeddings.
        """
        ordered = aligned("spaces", variants)
        first = next(iter(ordered.values()))[0]
        k_max = min(max(K_MAX, k), len(first) - 1)
        known = earlier or {}
        return cls(ordered, known, graphs=Graphs(Embeddings(ordered, known), k_max))

    def joined(
        self, name: str, runs: list[Embedding], earlier: Earlier | None = None
    ) -> Store:
        """Return an atlas with one more variant, which keeps what was computed."""
        variants = aligned("spaces", {**self.variants, name: runs})
        known = {**self.earlier, **({name: earlier} if earlier else {})}
        graphs = replace(self.graphs, runs=Embeddings(variants, known))
        return replace(self, variants=variants, earlier=known, graphs=graphs)

    @property
    def k_max(self) -> int:
        """Most neighbours a point."""
        return self.graphs.k_max

    def graph(self, place: Key, k: int) -> Neighbors:
        """Return the graph of the `k` nearest; only the first call searches."""
        return self.graphs.of(place, k)

    def attribution(self, place: Key, k: int) -> Attribution:
        """Return which modalities answer for the edges of a graph."""
        return self.graphs.attribution(place, k)

    def rewiring(self, place: Key, baseline: str, k: int) -> Floats:
        """Return 1 - Jaccard of each point's neighbours here and in a baseline."""
        other = self.beside(place, baseline)
        return rewiring(self.graph(other, k), self.graph(place, k))

    def noise(self, place: Key, baseline: str, k: int) -> Floats | None:
        """Return the rewiring between two seeds of the baseline, None for one seed."""
        one = self.beside(place, baseline)
        others = [seed for seed in self.seeds(baseline) if seed != one.seed]
        if not others:
            return None
        other = one._replace(seed=others[0])
        return rewiring(self.graph(one, k), self.graph(other, k))

    def facts(self, place: Key, baseline: str, k: int) -> PointTable:
        """Return what is known of every point of a graph."""
        key = (place, baseline, k)
        if key not in self._facts:
            make_room(self._facts)
            self._facts[key] = PointTable(
                self.graph(place, k), baseline, place != self.beside(place, baseline),
                self.rewiring(place, baseline, k), self.noise(place, baseline, k),
                partial(self.answers, place),
            )  # fmt: skip
        return self._facts[key]

    def all_seeds(self, place: Key, baseline: str, k: int) -> list[PointTable]:
        """Return what is known of the same graph of every seed."""
        return [self.facts(other, baseline, k) for other in self.family(place)]

    def knows(self, place: Key, baseline: str, k: int, names: Sequence[str]) -> bool:
        """Return whether metrics of a graph are computed."""
        facts = self._facts.get((place, baseline, k))
        return facts is not None and facts.knows(names)

    def answers(self, place: Key) -> pd.DataFrame:
        """Return how far z answers for each modality, of every point of a run.

        Empty where nothing was decoded or rows were trained on.
        """
        key = (place.variant, place.seed, place.epoch)
        if key not in self._answers:
            own = self.embedding(place)
            known = own.answers_held_out
            found = scores_by_point(own, ranks=False) if known else pd.DataFrame()
            self._answers[key] = found
        return self._answers[key]

    def edges(
        self, place: Key, baseline: str, k: int, kind: str
    ) -> npt.NDArray[np.int64]:
        """Return ``(E, 2)`` ends of the edges of a kind.

        Parameters
        ----------
        place, baseline, k
            Which graph, and compared with which variant.
        kind
            "none", "all", "by modality" (all of them), or "kept", "gained" or "lost"
            since the baseline.
        """
        if kind == "none":
            return np.empty((0, 2), np.int64)
        graph = self.graph(place, k)
        if kind in {"all", BY_MODALITY}:
            found = graph.edges()
            return np.column_stack([found.source, found.target])
        diff = edge_diff(self.graph(self.beside(place, baseline), k), graph)
        return np.asarray(getattr(diff, kind))

    def has_layout(self, place: Key, method: str) -> bool:
        """Return whether a layout can be had at once."""
        return method == "pca" or (self.twin(place.even), method) in self._layouts

    def layout(self, place: Key, method: str) -> Layout:
        """Return the layout of a place; "aligned" begins at the first embedding's.

        It is that of equal weights: other weights move edges, never points. Places
        with the same points have the same layout.
        """
        key = (self.twin(place.even), method)
        if key not in self._layouts:
            with one_thread_for(len(self.first)):
                self._layouts[key] = self._lay_out(*key)
        return self._layouts[key]

    def ready(self, place: Key, method: str) -> bool:
        """Return whether a place can be shown without a search or a layout."""
        laid_out = (self.twin(place.even), method) in self._layouts
        return self.graphs.has(place) and laid_out

    def prepare(self, place: Key, method: str) -> bool:
        """Compute what a place needs; return whether there was anything to compute."""
        if self.ready(place, method):
            return False
        self.graph(place, 1)
        self.layout(place, method)
        return True

    def stand_in(self, place: Key, method: str) -> Layout:
        """Return a layout at hand: that of the first embedding, or the PCA."""
        origin = self.origin(place)
        if method == "aligned" and self.has_layout(origin, method):
            return self.layout(origin, method)
        return self.layout(place, "pca")

    def _lay_out(self, place: Key, method: str) -> Layout:
        embedding, origin = self.embedding(place), self.origin(place)
        found: Layout
        if method == "aligned" and place != origin:
            found = project(
                embedding, method, space=place.space,
                reference=self.layout(origin, method),
            )  # fmt: skip
        else:
            alone = "pca" if method == "pca" else "umap"
            found = project(embedding, alone, space=place.space)
        return found
