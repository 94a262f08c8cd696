"""Graphs and layouts of a saved comparison, read where they were computed before."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..embedding import Embedding
from ..graph import Neighbors
from ..layout import Layout
from ..storage.computed import read_computed, write_computed
from ..storage.values import listed, pack, unpack
from .embeddings import Embeddings, Key

WORTH = 0.5  # seconds from which on a result is kept
ARRAYS = ("ids", "coordinates")  # of a layout
BESIDE = tuple(f.name for f in fields(Layout) if f.name not in {*ARRAYS, "explained"})


@dataclass(frozen=True)
class Computed:
    """Results in the folder of a saved comparison; without one they are computed.

    Parameters
    ----------
    folder
        Where all embeddings were loaded from; None where they were not.
    """

    folder: Path | None

    @classmethod
    def of(cls, embeddings: Embeddings) -> Computed:
        """Return the results of the comparison that all embeddings are of."""
        saved = {str(e.info.get("saved", "")) for e in embeddings.embeddings}
        folder = Path(saved.pop()) if len(saved) == 1 and "" not in saved else None
        return cls(folder)

    def graph(
        self, key: Key, k: int, embedding: Embedding, search: Callable[[], Neighbors]
    ) -> Neighbors:
        """Return the graph of the `k` nearest neighbours in the space of a key."""
        if self.folder is None:
            return search()
        name = ["graph", embedding.digest, key.space, key.metric, k]
        result = read_computed(self.folder, name)
        if result is not None:
            arrays, _ = result
            indices = arrays["indices"].astype(np.int64)
            distances = arrays["distances"]
            return Neighbors(embedding, key.space, key.metric, indices, distances)
        graph, seconds = _timed(search)
        if seconds > WORTH and graph.recall is None:
            small = graph.indices.astype(np.int32)
            arrays = {"indices": small, "distances": graph.distances}
            write_computed(self.folder, name, arrays, None)
        return graph

    def layout(
        self,
        key: Key,
        method: str,
        embeddings: Sequence[Embedding],
        compute: Callable[[], Layout],
    ) -> Layout:
        """Return a layout.

        Parameters
        ----------
        key, method
            What is laid out, and how.
        embeddings
            Embeddings it depends on: its own, and that of the reference layout.
        compute
            Computes it.
        """
        if self.folder is None:
            return compute()
        name = ["layout", *(e.digest for e in embeddings), key.space, method]
        result = read_computed(self.folder, name)
        if result is not None:
            arrays, beside = result
            ids, stored = embeddings[0].ids, unpack(beside, np.asarray)
            return Layout(ids=ids, coordinates=arrays["coordinates"], **stored)
        layout, seconds = _timed(compute)
        if seconds > WORTH and layout.explained is None:
            values: Mapping[str, Any] = {n: getattr(layout, n) for n in BESIDE}
            beside = pack(values, listed, "layout")
            arrays = {"coordinates": layout.coordinates}
            write_computed(self.folder, name, arrays, beside)
        return layout


def _timed(compute: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return compute(), time.perf_counter() - start
