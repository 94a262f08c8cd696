"""The modalities' own graphs: the common ground of every comparison."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from ..data.stored import Stored
from ..embedding import Embedding
from .halves import of_shared as halves_of_shared
from .influence import of_shared, overlap_of
from .neighbors import Neighbors
from .pairs import (
    common_by_depth,
    in_line,
    lines_of_both,
    overlap_chance,
    share_in_common,
)
from .search import knn


@dataclass(frozen=True, eq=False)
class Grounds:
    """Graphs of modalities and of their sum, of one k and distance, searched once each.

    They are over the rows that have the modality; their embedding has no predictions.
    Runs over the same data share their inputs, whatever object holds them, so
    content decides whether a graph is known.

    Parameters
    ----------
    k
        Neighbours a point.
    metric
        "euclidean" or "cosine".
    """

    k: int
    metric: str
    _known: dict[str, Neighbors | None] = field(default_factory=dict, repr=False)
    _refined: dict[Embedding, Neighbors] = field(default_factory=dict, repr=False)
    _digests: WeakKeyDictionary[Embedding, dict[str, str]] = field(
        default_factory=WeakKeyDictionary, repr=False
    )

    def of(self, embedding: Embedding, space: str) -> Neighbors | None:
        """Return the graph of a space, or None when too few rows have it."""
        digests = self._digests.setdefault(embedding, {})
        if space not in digests:
            used = list(embedding.inputs) if space == "sum" else [space]
            there = embedding.present_in(space)
            digests[space] = _digest(embedding, [space, *used], there)
        key = digests[space]
        if key not in self._known:
            self._known[key] = self._search(embedding, space)
        return self._known[key]

    def overlaps(self, graph: Neighbors, space: str) -> npt.NDArray[np.float64]:
        """Return `overlap` for every k up to that of the grounds: ``(k,)``."""
        ground = self.of(graph.embedding, space)
        if ground is None:
            return np.full(self.k, np.nan)
        return common_by_depth(*lines_of_both(graph, ground)[1:])

    def _search(self, embedding: Embedding, space: str) -> Neighbors | None:
        if embedding.present_in(space).sum() <= self.k:
            return None
        # Whatever a run predicted or decoded is no merit of the modality.
        bare = replace(
            embedding,
            predictions=None,
            scores=None,
            predicted=None,
            targets={},
            decoded={},
        )
        graph: Neighbors = knn(bare, self.k, space=space, metric=self.metric)
        return graph

    def head(self, k: int) -> Grounds:
        """Return the grounds of a smaller k: what is known is sliced, not searched."""
        heads: dict[str, Neighbors | None] = {
            key: ground.head(k)
            for key, ground in self._known.items()
            if ground is not None
        }
        return Grounds(k, self.metric, heads)

    def overlap(self, graph: Neighbors, space: str) -> float:
        """Return the mean share of neighbours that are neighbours in a space too.

        Over the points that are in both graphs; NaN when too few have the space.
        """
        ground = self.of(graph.embedding, space)
        return float("nan") if ground is None else share_in_common(graph, ground)

    def of_overlap(self, graph: Neighbors, space: str) -> npt.NDArray[np.float64]:
        """Return the influences of points on `overlap`: see `graph.influence`."""
        ground = self.of(graph.embedding, space)
        if ground is None:
            return np.full(len(graph), np.nan)
        return of_shared(graph, ground, overlap_of)

    def overlap_of_halves(
        self, graph: Neighbors, space: str
    ) -> npt.NDArray[np.float64] | None:
        """Return half the difference of `overlap` between halves: see `graph.halves`.

        None where the halves are not known.
        """
        ground = self.of(graph.embedding, space)
        if ground is None:
            return None
        return halves_of_shared(graph, in_line(graph, ground), overlap_of)

    def refined(self, graph: Neighbors) -> Neighbors:
        """Return the graph of the same embedding's refined space, searched once."""
        if graph.embedding not in self._refined:
            refined: Neighbors = knn(
                graph.embedding, graph.k, space="refined", metric=graph.metric
            )
            self._refined[graph.embedding] = refined
        return self._refined[graph.embedding]

    def overlap_chance(self, graph: Neighbors, space: str) -> float:
        """Return the overlap of unrelated graphs: see `overlap_chance`."""
        ground = self.of(graph.embedding, space)
        return float("nan") if ground is None else overlap_chance(graph, ground)


def _digest(
    embedding: Embedding, names: list[str], there: npt.NDArray[np.bool_]
) -> str:
    digest = hashlib.blake2b("\x00".join(names).encode())
    for array in (there, *(embedding.inputs[name] for name in names[1:])):
        digest.update(f"{array.shape}{array.dtype}".encode())
        if isinstance(array, Stored):
            digest.update(array.digest.encode())
        else:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
