"""`project`: comparable layouts of embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .._nested import as_variants, map_values
from .._renamed import renamed
from .._spaces import ALONE, as_spaces
from ..data.rows import order_of
from ..embedding import Embedding, present_rows
from ..graph import knn
from .fuzzy import fuzzy_graph
from .optimise import EXTENT, optimise, start
from .pca import explained, pca, turned
from .quality import Fidelity, fidelity
from .value import Layout

METHODS = ("umap", "pca", "aligned")
# Steps tried on the way from a reference layout, gentlest first: (rate, epochs).
WARM_STARTS = ((0.1, 50), (0.3, 100), (1.0, 200))
TOLERANCE = 0.01  # a loss of fidelity this small is worth a gentler step
WITNESSES = 250  # points that judge which step to take


@renamed("embeddings", "spaces")
def project(
    spaces: Any,
    method: str = "umap",
    *,
    space: str = "latent",
    neighbors: int = 15,
    seed: int = 0,
    reference: Any = None,
) -> Any:
    """Lay embeddings out in the plane.

    Parameters
    ----------
    spaces
        An Embedding, or vectors of your own (an array, or a frame, whose index names
        the rows); or a list of these, or a mapping of either.
    method
        "pca": the two directions of largest variance, at once; with a `reference`
        turned, and mirrored if need be, to lie like it (orthogonal Procrustes, without
        scale), so that panels can be read side by side. "umap": UMAP on exact
        neighbours, each embedding by itself. "aligned": every further layout begins
        at the reference layout and moves for some epochs on its own graph, so that
        panels can be read side by side; of three steps the gentlest is taken that
        loses no more than 0.01 of fidelity (the mean of trustworthiness and
        continuity), and `Layout.settings` holds it.
    space
        As in `Embedding.space`.
    neighbors
        Neighbours a point, not counting the point itself; lowered to the number of
        other points that have the space.
    seed
        The same seed gives the same layout.
    reference
        For "aligned": where all begin, a variant's name or a Layout; None takes the
        first embedding. For "pca": what all are turned to, in the same way; None turns
        nothing.

    Returns
    -------
    Layout
        In the shape of `spaces`; those with a reference have its ids, in its order.
        Three points or fewer, and points that are all equal, are laid out by PCA, and
        `Layout.note` says so. Rows that lack the space have no place (NaN), and
        fidelity is that of the others.

    Raises
    ------
    TypeError
        If `spaces` holds anything else.
    ValueError
        If a name is unknown, no row has the space, or embeddings with a reference
        have other ids.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]])
    >>> layout = project(line, "pca", neighbors=1)
    >>> layout.coordinates[:, 0].tolist()
    [-2.75, -1.75, 0.25, 4.25]
    >>> layout.caption
    'trustworthiness 1.00, continuity 1.00 (chance 0.50)'
    """
    _check.one_of("method", method, METHODS)
    neighbors = _check.integer("neighbors", neighbors, low=1)
    seed = _check.integer("seed", seed, low=0, high=2**31 - 1)
    spaces = as_spaces(spaces)
    variants = as_variants("spaces", spaces, Embedding, alone=ALONE)

    def task(embedding: Embedding) -> _Task:
        return _Task(embedding, space, neighbors, seed)

    if method == "umap" and reference is not None:
        raise ValueError(
            "`reference` must be None unless `method` is 'aligned' or 'pca', "
            f"got `method` {method!r}."
        )
    alone, beside = (_umap, _warm) if method != "pca" else (_pca, _turned)
    if method == "umap" or (method == "pca" and reference is None):
        return map_values(lambda embedding: alone(task(embedding)), spaces)
    if isinstance(reference, Layout):
        first, begin = None, reference
    else:
        first = _named(variants, reference)
        begin = alone(task(first))
    _same_ids(variants, begin)  # before minutes of work

    def moved(embedding: Embedding) -> Layout:
        if embedding is first:
            return begin
        return beside(task(embedding.reordered(begin.ids)), begin)

    return map_values(moved, spaces)


@dataclass(frozen=True)
class _Task:
    """One embedding to be laid out, with what every method needs of it."""

    embedding: Embedding
    space: str
    neighbors: int
    seed: int

    @cached_property
    def present(self) -> npt.NDArray[np.bool_]:
        """Mask of the rows that have the space; the layout is of these."""
        present = self.embedding.present_in(self.space)
        if not present.any():
            raise ValueError(
                f"`space` must be one that some row has, got {self.space!r}, which "
                f"none of {len(present)} has."
            )
        return present

    @cached_property
    def points(self) -> npt.NDArray[np.float64]:
        return present_rows(self.embedding.space(self.space), self.present)

    @property
    def k(self) -> int:
        return min(self.neighbors, len(self.points) - 1)

    @cached_property
    def graph(self) -> Any:
        return fuzzy_graph(knn(self.embedding, self.k, space=self.space).compact)

    @property
    def spread(self) -> float:
        return float(np.ptp(self.points, axis=0).max())

    @property
    def unfit(self) -> str:
        """Reason why UMAP cannot be used; "" where it can."""
        if len(self.points) <= 3:
            return f"PCA: UMAP needs more than 3 points, got {len(self.points)}."
        return "PCA: all points are equal." if not self.spread else ""

    def move(
        self, origin: npt.NDArray[Any], *, rate: float, epochs: int
    ) -> npt.NDArray[np.float64]:
        return optimise(self.graph, origin, epochs=epochs, rate=rate, seed=self.seed)

    def layout(
        self,
        method: str,
        coordinates: npt.NDArray[Any],
        *,
        note: str = "",
        judge: bool = True,
        **step: Any,
    ) -> Layout:
        """Judge the coordinates and bind all that is known of them."""
        flat = coordinates.astype(np.float32)
        judged = Fidelity(np.nan, np.nan, np.nan, max(self.k, 1), 0)
        if judge:
            judged = fidelity(self.points, flat, k=max(self.k, 1))
        placed = np.full((len(self.present), 2), np.nan, dtype=np.float32)
        placed[self.present] = flat
        variance = explained(self.points) if method == "pca" and judge else None
        settings = {} if method == "pca" else {"seed": self.seed, "neighbors": self.k}
        return Layout(
            self.embedding.ids,
            placed,
            method,
            self.space,
            judged.trustworthiness,
            judged.continuity,
            judged.chance,
            judged.k,
            judged.judged,
            {**settings, **step},
            note,
            variance,
        )


def unjudged(
    embedding: Embedding, space: str = "latent", reference: Layout | None = None
) -> Layout:
    """Return the PCA of a space without its fidelity, which takes longer than itself.

    Parameters
    ----------
    embedding
        Embedding to be laid out.
    space
        As in `Embedding.space`.
    reference
        Layout of the same rows that it is turned to.

    Examples
    --------
    >>> unjudged(Embedding.from_arrays([[0.0], [1.0], [3.0]])).caption
    'not judged yet'
    """
    task = _Task(embedding, space, 15, 0)
    if reference is not None:
        return _turned(task, reference, judge=False)
    return task.layout("pca", pca(task.points), note=task.unfit, judge=False)


def _pca(task: _Task) -> Layout:
    return task.layout("pca", pca(task.points), note=task.unfit)


def _turned(task: _Task, begin: Layout, *, judge: bool = True) -> Layout:
    """Turn the PCA so that it lies like the reference layout."""
    flat = turned(pca(task.points), begin.coordinates[task.present].astype(np.float64))
    return task.layout("pca", flat, note=task.unfit, judge=judge, turned=True)


def _umap(task: _Task) -> Layout:
    if task.unfit:
        return _pca(task)
    epochs = 300 if len(task.points) <= 3_000 else 200
    origin = start(task.points, seed=task.seed)
    moved = task.move(origin, rate=1.0, epochs=epochs)
    return task.layout("umap", moved, rate=1.0, epochs=epochs)


def _warm(task: _Task, begin: Layout) -> Layout:
    """Take the gentlest step from the reference layout that keeps the fidelity."""
    extent = float(np.ptp(begin.coordinates[begin.present], axis=0).max())
    if task.unfit or not extent:
        return _umap(task)
    # Steps are made for the scale of UMAP; other layouts are brought to it and back.
    scale = EXTENT / extent if begin.method == "pca" else 1.0
    origin = _origin(task, begin) * scale
    enough = (begin.trustworthiness + begin.continuity) / 2
    tried = []
    for rate, epochs in WARM_STARTS:
        moved = task.move(origin, rate=rate, epochs=epochs)
        judged = fidelity(task.points, moved, k=task.k, sample=WITNESSES)
        score = (judged.trustworthiness + judged.continuity) / 2
        tried.append((score, rate, epochs, moved))
        if score >= enough - TOLERANCE:
            break
    best = max(score for score, *_ in tried)
    _, rate, epochs, moved = next(t for t in tried if t[0] >= best - TOLERANCE)
    return task.layout("aligned", moved / scale, rate=rate, epochs=epochs)


def _origin(task: _Task, begin: Layout) -> npt.NDArray[Any]:
    """Return starting coordinates of a task's points, read off the reference.

    Those that have no place there begin in the middle of their neighbours that do, or
    of all points.
    """
    coordinates = begin.coordinates[task.present]
    lost = np.isnan(coordinates[:, 0])
    if not lost.any():
        return coordinates
    placed = np.where(lost[:, None], 0.0, coordinates)
    pulls = task.graph * ~lost
    weight = np.asarray(pulls.sum(axis=1))[:, None]
    middle = placed.sum(axis=0) / max(1, int((~lost).sum()))
    near = np.where(
        weight > 0, pulls @ placed / np.where(weight > 0, weight, 1), middle
    )
    return np.where(lost[:, None], near, coordinates)


def _named(variants: dict[str, list[Embedding]], reference: Any) -> Embedding:
    name = next(iter(variants)) if reference is None else reference
    return variants[_check.one_of("reference", name, variants)][0]


def _same_ids(variants: dict[str, list[Embedding]], begin: Layout) -> None:
    for name, members in variants.items():
        for member in members:
            called = f"spaces[{name!r}]"
            order_of(member.ids, begin.ids, name=called, like="reference")
