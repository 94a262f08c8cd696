"""Exact nearest neighbours and the graphs made of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from ..embedding import Embedding


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest other points of every point, nearest first.

    Parameters
    ----------
    embedding
        Whose points these are.
    space
        The space of the embedding that was searched.
    metric
        "euclidean" or "cosine".
    indices
        ``(N, k)`` row numbers; the own point is never among them.
    distances
        ``(N, k)`` float64, rising along each row.
    """

    embedding: Embedding = field(repr=False)
    space: str
    metric: str
    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def k(self) -> int:
        """Neighbours a point, not counting the point itself."""
        return self.indices.shape[1]

    @property
    def ids(self) -> npt.NDArray[np.str_]:
        """``(N,)`` names of the points."""
        return self.embedding.ids

    @property
    def labels(self) -> npt.NDArray[np.int64] | None:
        """Labels of the points, if any."""
        return self.embedding.labels

    def head(self, k: Any) -> Neighbors:
        """Return the graph of the `k` nearest: a slice, nothing is searched again."""
        k = _check.k_neighbors(k, self.k + 1)
        return replace(
            self, indices=self.indices[:, :k], distances=self.distances[:, :k]
        )
