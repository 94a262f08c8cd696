"""UMAP's optimisation on our own neighbours, from any starting point."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from .._progress import progress
from .pca import pca

Matrix = npt.NDArray[np.float64]
EXTENT = 10.0  # the width umap-learn gives a starting layout
MIN_DIST = 0.1
# umap-learn takes 5 negative samples for an edge that is due, and rounds down.
NEGATIVE_RATE = 6.5


def _umap() -> Any:
    """Import umap, which compiles on import: seconds that only layouts should pay."""
    with warnings.catch_warnings():
        # It warns that it found no TensorFlow, which nothing here asks for.
        warnings.simplefilter("ignore", ImportWarning)
        import umap.layouts  # noqa: PLC0415
        import umap.umap_  # noqa: PLC0415
    return umap


def start(points: Matrix, *, seed: int) -> Matrix:
    """Return the first two principal components at the scale UMAP works in.

    A whisper of noise parts points that are equal.
    """
    flat = pca(points)
    flat = flat * (EXTENT / np.ptp(flat, axis=0).max())
    return flat + np.random.default_rng(seed).normal(scale=1e-4, size=flat.shape)


def optimise(
    graph: Any, coordinates: Matrix, *, epochs: int, rate: float, seed: int
) -> Matrix:
    """Return the layout after some epochs of attraction and repulsion on the graph.

    Parameters
    ----------
    graph
        Sparse weights ``(N, N)`` from `fuzzy_graph`.
    coordinates
        ``(N, 2)`` where to begin; not changed.
    epochs
        Passes over the edges; the step sinks linearly to 0.
    rate
        First step, 1.0 for a layout from nothing.
    seed
        Seed of the negative samples; the same seed gives the same layout.
    """
    umap = _umap()
    edges = graph.tocoo(copy=True)
    sampled = edges.data >= edges.data.max() / epochs
    weights = edges.data[sampled]
    a, b = umap.umap_.find_ab_params(1.0, MIN_DIST)
    state = np.random.default_rng(seed).integers(-(2**31) + 1, 2**31 - 2, 3)
    layout = np.array(coordinates, dtype=np.float32, order="C")
    moved = umap.layouts.optimize_layout_euclidean(
        layout,
        layout,
        edges.row[sampled],
        edges.col[sampled],
        epochs,
        len(layout),
        umap.umap_.make_epochs_per_sample(weights, epochs),
        a,
        b,
        state,
        initial_alpha=rate,
        move_other=True,
    )
    return np.asarray(moved, dtype=np.float64)


def refine(
    graph: Any, coordinates: Matrix, *, epochs: int, rate: float, seed: int
) -> Matrix:
    """Return what `optimise` would, epoch by epoch, with a bar that can be left.

    In every epoch each edge is drawn with a probability in proportion to its weight,
    where `optimise` takes it in even intervals: the same in the mean, and about a
    seventh slower.

    Parameters
    ----------
    graph, coordinates, epochs, rate, seed
        As in `optimise`.
    """
    umap = _umap()
    edges = graph.tocoo()
    row, column = edges.row.astype(np.int32), edges.col.astype(np.int32)
    share = (edges.data / edges.data.max()).astype(np.float32)
    a, b = umap.umap_.find_ab_params(1.0, MIN_DIST)
    rng = np.random.default_rng(seed)
    layout = np.array(coordinates, dtype=np.float32, order="C")
    for epoch in progress(range(epochs), "layout", delay=1):
        due = np.flatnonzero(rng.random(len(share), dtype=np.float32) < share)
        # Of two epochs the first has no edge that is due, the second all, at this rate.
        umap.layouts.optimize_layout_euclidean(
            layout,
            layout,
            row[due],
            column[due],
            2,
            len(layout),
            np.ones(len(due)),
            a,
            b,
            rng.integers(-(2**31) + 1, 2**31 - 2, 3),
            initial_alpha=rate * (1 - epoch / epochs),
            negative_sample_rate=NEGATIVE_RATE,
            move_other=True,
        )
    return layout.astype(np.float64)
