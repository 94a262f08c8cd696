"""The modalities' own graphs: the common ground of every comparison."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..embedding import Embedding
from .neighbors import Neighbors, knn
from .pairs import common, common_by_depth


@dataclass(frozen=True, eq=False)
class Ground:
    """The graph of a modality, or of their sum, over the rows that have it.

    Parameters
    ----------
    rows
        Positions in the embedding of the points of the graph.
    graph
        Its own embedding holds only these points, and no predictions.
    """

    rows: npt.NDArray[np.intp]
    graph: Neighbors


@dataclass(frozen=True, eq=False)
class Grounds:
    """Grounds of one k and distance, each searched once.

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
    _known: dict[str, Ground | None] = field(default_factory=dict, repr=False)

    def of(self, embedding: Embedding, space: str) -> Ground | None:
        """Return the ground of a space, or None when too few rows have it."""
        names = list(embedding.inputs)
        used = names if space == "sum" else [space]
        columns = [names.index(name) for name in used]
        there = np.asarray(embedding.present[:, columns].all(axis=1))
        key = _digest(embedding, [space, *used], there)
        if key not in self._known:
            self._known[key] = self._search(embedding, space, np.flatnonzero(there))
        return self._known[key]

    def overlaps(self, graph: Neighbors, space: str) -> npt.NDArray[np.float64]:
        """Return `overlap` for every k up to that of the grounds: ``(k,)``."""
        ground = self.of(graph.embedding, space)
        if ground is None:
            return np.full(self.k, np.nan)
        truth = ground.rows[ground.graph.indices]
        return common_by_depth(graph.indices[ground.rows], truth)

    def _search(
        self, embedding: Embedding, space: str, rows: npt.NDArray[np.intp]
    ) -> Ground | None:
        if len(rows) <= self.k:
            return None
        # Whatever a run predicted or decoded is no merit of the modality.
        own = replace(
            embedding.subset(rows), predictions=None, scores=None, predicted=None,
            targets={}, decoded={},
        )  # fmt: skip
        return Ground(rows, knn(own, self.k, space=space, metric=self.metric))

    def head(self, k: int) -> Grounds:
        """Return the grounds of a smaller k: what is known is sliced, not searched."""
        known: dict[str, Ground | None] = {
            key: Ground(ground.rows, ground.graph.head(k))
            for key, ground in self._known.items()
            if ground is not None
        }
        return Grounds(k, self.metric, known)

    def overlap(self, graph: Neighbors, space: str) -> float:
        """Return the mean share of neighbours that are neighbours in a space too.

        Over the points that have the modality; NaN when too few have it.
        """
        ground = self.of(graph.embedding, space)
        if ground is None:
            return float("nan")
        truth = ground.rows[ground.graph.indices]
        return float(common(graph.indices[ground.rows], truth).mean() / self.k)


def _digest(
    embedding: Embedding, names: list[str], there: npt.NDArray[np.bool_]
) -> str:
    digest = hashlib.blake2b("\x00".join(names).encode())
    for array in (there, *(embedding.inputs[name] for name in names[1:])):
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
