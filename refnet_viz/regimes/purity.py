"""Neighbour purity of validation rows during a training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .._threads import one_thread_for
from ..config import Config
from ..data.answers import labelled
from ..data.dataset import Dataset
from ..data.splits import label_subset
from ..embedding import Embedding
from ..graph import Neighbors, knn
from ..graph.labelled import purity, purity_chance
from ..train.rows import as_trained

K = 15  # neighbours of a validation row, where there are so many


class Purity:
    """kNN purity of the labelled validation rows: what they alone tell of a graph.

    Those without a label are left out, as they are from the validation score: who
    stops by the curve must not see more labels than training does.

    Parameters
    ----------
    data, config, seed
        As in `fit`.
    """

    def __init__(self, data: Dataset, config: Config, seed: int) -> None:
        self._graph: Neighbors | None = None
        data = as_trained(data, config)
        rows = np.flatnonzero(data.split == "val")
        if data.labels is None or not len(rows):
            return
        labels = data.labels[rows]
        labelled_rows = labelled(labels, None, len(labels))
        if data.target is None:  # beside a target, labels do nothing but judge
            labelled_rows = label_subset(data.val.strata, config.label_fraction, seed)
        self._rows = np.flatnonzero(labelled_rows)
        if len(self._rows) > 1:
            flat = np.zeros((len(self._rows), 1))
            start = Embedding.from_arrays(flat, labels=labels[self._rows])
            self._graph = knn(start, min(K, len(start) - 1))

    @property
    def chance(self) -> float:
        """The share of all pairs that share a label; NaN without labels."""
        return float("nan") if self._graph is None else purity_chance(self._graph)

    def __call__(self, z: Any) -> float:
        """Return the purity of the graph of ``(V, d)`` vectors; NaN without labels."""
        if self._graph is None or z is None:
            return float("nan")
        moved = replace(self._graph.embedding, z=z[self._rows])
        with one_thread_for(len(moved)):
            return purity(knn(moved, self._graph.k))
