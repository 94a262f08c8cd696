"""New rows on a layout that is there already."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .._search import nearest_of
from ..embedding import Embedding
from .fuzzy import strengths
from .quality import SAMPLE, Fidelity, judged
from .value import Layout

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

STEPS = 50  # of the search for a median


def onto_layout(
    new: Embedding, layout: Layout, old: Embedding, *, neighbors: int
) -> Layout:
    """Return a layout of an embedding in which rows of another keep their places.

    Parameters
    ----------
    new
        Embedding to be laid out.
    layout
        The layout.
    old
        What it was made of, its rows in the order of the layout.
    neighbors
        Nearest rows of the layout that place a new row; at most as many as it has.

    Raises
    ------
    ValueError
        If vectors have other lengths, no row is new, or one of the layout's ids has
        another vector.

    Examples
    --------
    >>> from .projection import project
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]])
    >>> new = Embedding.from_arrays([[1.0], [7.5]], ids=["1", "new"])
    >>> layout = onto_layout(new, project(line, "pca"), line, neighbors=1)
    >>> layout.coordinates[:, 0].tolist(), layout.title
    ([-1.75, 4.25], 'placed on PCA of 4 points')
    """
    mine, theirs = (part.space(layout.space, centred=False) for part in (new, old))
    if mine.shape[1] != theirs.shape[1]:
        raise ValueError(
            f"`spaces` must have vectors as long as those of `onto[1]` "
            f"({theirs.shape[1]}), got {mine.shape[1]}."
        )
    place = {name: row for row, name in enumerate(layout.ids.tolist())}
    same = np.array([place.get(name, -1) for name in new.ids.tolist()], dtype=np.int64)
    present, kept = new.present_in(layout.space), np.flatnonzero(same >= 0)
    changed = (mine[kept] != theirs[same[kept]]) & present[kept, None]
    if changed.any():
        row = kept[changed.any(axis=1).argmax()]
        raise ValueError(
            "`spaces` must have the same vectors as `onto[1]` where ids are the same, "
            f"got another one for {str(new.ids[row])!r}."
        )
    fresh = np.flatnonzero((same < 0) & present)
    if not len(fresh):
        raise ValueError(
            f"`spaces` must have rows with {layout.space!r} that `onto[0]` lacks, got "
            f"none among {len(new)}."
        )
    at = np.flatnonzero(layout.present)
    points = np.vstack([theirs[at], mine[fresh]])
    others, rows = np.arange(len(at)), np.arange(len(at), len(points))
    k = min(neighbors, len(at))
    flat = layout.coordinates[at].astype(np.float64)
    flat = np.vstack([flat, _between(points, flat, rows, others, k)])
    coordinates = np.full((len(new), 2), np.nan, dtype=np.float32)
    coordinates[kept] = layout.coordinates[same[kept]]
    coordinates[fresh] = flat[rows]
    fidelity = _fidelity(points, flat, rows, others, k)
    about = {
        "title": layout.title,
        "points": len(at),
        "trustworthiness": layout.trustworthiness,
        "continuity": layout.continuity,
    }
    return Layout(
        new.ids,
        coordinates,
        "placed",
        layout.space,
        fidelity.trustworthiness,
        fidelity.continuity,
        fidelity.chance,
        fidelity.k,
        fidelity.judged,
        {"neighbors": k, "onto": about},
        trustworthiness_interval=fidelity.trustworthiness_interval,
        continuity_interval=fidelity.continuity_interval,
    )


def _fidelity(
    points: Matrix, flat: Matrix, rows: Rows, others: Rows, k: int
) -> Fidelity:
    if len(others) < 2:
        return Fidelity(np.nan, np.nan, np.nan, 1, len(rows))
    if len(rows) > SAMPLE:
        rng = np.random.default_rng(0)
        rows = np.sort(rng.choice(rows, SAMPLE, replace=False))
    return judged(points, flat, rows, others, min(k, len(others) // 2))


def _between(points: Matrix, flat: Matrix, rows: Rows, others: Rows, k: int) -> Matrix:
    """Return the middle of the places of the nearest others, as `_medians` finds it."""
    nearest, distances = nearest_of(points, rows, others, k, metric="euclidean")
    weights = strengths(distances)
    equal = distances[:, 0] == 0
    weights[equal] = np.arange(k) == 0
    return _medians(flat[nearest], weights)


def _medians(places: Matrix, weights: Matrix) -> Matrix:
    """Return weighted geometric medians, by the iteration of Weiszfeld 1937.

    Where neighbours lie in two clusters, a mean lies in neither.

    Parameters
    ----------
    places
        ``(R, k, 2)``.
    weights
        ``(R, k)``.

    Examples
    --------
    >>> line = np.array([[[0.0, 0.0], [0.0, 1.0], [0.0, 9.0]]])
    >>> _medians(line, np.ones((1, 3))).round(2).tolist()
    [[0.0, 1.0]]
    """
    pulls = weights
    # Of each row by itself: others must not move it.
    least = 1e-4 * np.ptp(places, axis=1).max(axis=1, keepdims=True)
    least = np.where(least > 0, least, 1.0)
    for _ in range(STEPS):
        pulls = pulls / pulls.sum(axis=1, keepdims=True)
        medians: Matrix = np.einsum("rk,rkc->rc", pulls, places)
        apart = np.linalg.norm(places - medians[:, None], axis=2)
        pulls = weights / (apart + least)
    return medians
