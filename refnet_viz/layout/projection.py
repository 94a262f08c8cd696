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
from ..graph import Neighbors, knn
from .fuzzy import fuzzy_graph
from .landmarks import EPOCHS, LANDMARKS, MANY, RATE, drawn, spread
from .onto import onto_layout
from .optimise import EXTENT, optimise, refine, start
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
    space: str | None = None,
    neighbors: int = 15,
    seed: int = 0,
    reference: Any = None,
    landmarks: int | None = None,
    onto: Any = None,
) -> Any:
    """Lay embeddings out in the plane.

    Parameters
    ----------
    spaces
        An Embedding, or vectors of your own (an array, or a frame, whose index names
        the rows); or `Neighbors` of vectors, which are not searched again; or a list of
        these, or a mapping of either.
    method
        "pca": the two directions of largest variance, at once; with a `reference`
        turned, and mirrored if need be, to lie like it (orthogonal Procrustes, without
        scale), so that panels can be read side by side. "umap": UMAP on the graph of
        `knn` with ``method="auto"``, each embedding by itself. "aligned": every further
        layout begins at the reference layout and moves for some epochs on its own
        graph, so that panels can be read side by side; of three steps the gentlest is
        taken that loses no more than 0.01 of fidelity (the mean of trustworthiness and
        continuity), and `Layout.settings` holds it.
    space
        As in `Embedding.space`; None takes "latent", and of graphs their own.
    neighbors
        Neighbours a point, not counting the point itself; lowered to the number of
        other points that have the space, and to those that a graph has.
    seed
        The same seed gives the same layout.
    reference
        For "aligned": where all begin, a variant's name or a Layout; None takes the
        first embedding. For "pca": what all are turned to, in the same way; None turns
        nothing.
    landmarks
        Points, drawn at random, that UMAP lays out by themselves; all others are placed
        by their neighbours, and all are moved on for 40 epochs on the whole graph. None
        takes 20,000 of more than 50,000 points, which takes a fifth of the time at
        200,000 and keeps the fidelity; 0 none. Only None for "pca" and with `onto`.
    onto
        ``(layout, embedding)``: a layout and what it was made of. Rows of `spaces` that
        are not in it are placed by their nearest rows that are, and nothing else moves
        (see Notes).

    Returns
    -------
    Layout
        In the shape of `spaces`; those with a reference have its ids, in its order.
        Three points or fewer, and points that are all equal, are laid out by PCA, and
        `Layout.note` says so. Rows that lack the space have no place (NaN), and
        fidelity is that of the others, of more than 1,000 points that of a random
        sample, with intervals.

    Raises
    ------
    TypeError
        If `spaces` holds anything else.
    ValueError
        If a name is unknown, no row has the space, embeddings with a reference have
        other ids, or a graph has no vectors. With `onto`, if its parts have other ids,
        vectors have other lengths, no row is new, or one has the id of a row that is
        laid out but another vector.

    Notes
    -----
    With `onto`, `spaces` may hold rows of the layout too, by the same ids and vectors:
    they keep their coordinates, so that old and new rows together are one layout. A new
    row lies in the geometric median of its nearest rows, weighted by UMAP's strengths,
    and one that equals a row of the layout lies on it. Vectors have to be comparable:
    those of one run, or of one model. Fidelity is that of the new rows, each beside
    all rows of the layout, with intervals; `Layout.settings` has that of the layout.
    ``rv.plot.latent(both, layout=rv.project(both, onto=(layout, old)))`` draws an
    embedding of old and new rows so; a column of metadata that says which is which
    colours them.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]])
    >>> layout = project(line, "pca", neighbors=1)
    >>> layout.coordinates[:, 0].tolist()
    [-2.75, -1.75, 0.25, 4.25]
    >>> layout.caption
    'trustworthiness 1.00, continuity 1.00 (chance 0.50)'

    A new row that equals one of the layout, and one that is nearest to another:

    >>> new = Embedding.from_arrays([[3.0], [6.0]], ids=["p", "q"])
    >>> project(new, onto=(layout, line), neighbors=1).coordinates[:, 0].tolist()
    [0.25, 4.25]
    """
    _check.one_of("method", method, METHODS)
    neighbors = _check.integer("neighbors", neighbors, low=1)
    seed = _check.integer("seed", seed, low=0, high=2**31 - 1)
    landmarks = _landmarks(landmarks, method, onto)
    spaces, kind = _values(spaces, space)
    variants = as_variants("spaces", spaces, kind, alone=ALONE)
    if onto is not None:
        return _onto(
            spaces, onto, space=space, neighbors=neighbors, reference=reference
        )

    _check.instance("space", "" if space is None else space, str)

    where = "latent" if space is None else space

    def task(value: Embedding | Neighbors) -> _Task:
        return _Task(value, where, neighbors, seed, landmarks)

    if method == "umap" and reference is not None:
        raise ValueError(
            "`reference` must be None unless `method` is 'aligned' or 'pca', "
            f"got `method` {method!r}."
        )
    alone, beside = (_umap, _warm) if method != "pca" else (_pca, _turned)
    if method == "umap" or (method == "pca" and reference is None):
        return map_values(lambda value: alone(task(value)), spaces)
    if isinstance(reference, Layout):
        first, begin = None, reference
    else:
        first = _named(variants, reference)
        begin = alone(task(first))
    _same_ids(variants, begin)  # before minutes of work

    def moved(value: Embedding | Neighbors) -> Layout:
        if value is first:
            return begin
        return beside(task(value.reordered(begin.ids)), begin)

    return map_values(moved, spaces)


def _landmarks(count: Any, method: str, onto: Any) -> int | None:
    """Return the number of landmarks, of layouts that have any."""
    if count is None:
        return None
    count = _check.integer("landmarks", count, low=0)
    if method == "pca" or onto is not None:
        beside = "`method` is 'pca'" if onto is None else "`onto` places rows"
        raise ValueError(f"`landmarks` must be None where {beside}, got {count}.")
    return count


def _values(spaces: Any, space: str | None) -> tuple[Any, type[Any]]:
    """Return embeddings, or graphs that have vectors, and which of both they are."""
    graphs: list[Neighbors] = []
    map_values(lambda v: graphs.append(v) if isinstance(v, Neighbors) else None, spaces)
    if not graphs:
        return as_spaces(spaces), Embedding
    for graph in graphs:
        if not graph.embedding.shape[1]:
            raise ValueError(
                "`spaces` must hold vectors, got a graph of `Neighbors.from_arrays`, "
                "which has none; `Neighbors.from_embedding` takes both."
            )
        if space not in (None, graph.space):
            raise ValueError(
                f"`space` must be None, or that of the graphs ({graph.space!r}), got "
                f"{space!r}."
            )
    return spaces, Neighbors


def _onto(
    spaces: Any, onto: Any, *, space: str | None, neighbors: int, reference: Any
) -> Any:
    pair = isinstance(onto, tuple | list) and len(onto) == 2
    if not pair or not isinstance(onto[0], Layout):
        raise TypeError(
            "`onto` must be a pair (layout, embedding that it was made of), got "
            f"{type(onto).__name__}."
        )
    if reference is not None:
        raise ValueError("`reference` must be None where rows are placed `onto` one.")
    layout, old = onto
    if isinstance(old, Neighbors):
        old = old.embedding
    old = as_spaces(old, "onto[1]")
    if not isinstance(old, Embedding):
        raise TypeError(f"`onto[1]` must be one embedding, got {type(old).__name__}.")
    if space not in (None, layout.space):
        raise ValueError(
            f"`space` must be None, or that of the layout ({layout.space!r}), got "
            f"{space!r}."
        )
    old = old.reordered(layout.ids, name="onto[1]", like="onto[0]")

    def place(value: Embedding | Neighbors) -> Layout:
        new = value.embedding if isinstance(value, Neighbors) else value
        return onto_layout(new, layout, old, neighbors=neighbors)

    return map_values(place, spaces)


@dataclass(frozen=True)
class _Task:
    """One embedding, or its graph, to be laid out, with what every method needs."""

    source: Embedding | Neighbors
    asked_space: str
    neighbors: int
    seed: int
    landmarks: int | None = None

    @property
    def embedding(self) -> Embedding:
        if isinstance(self.source, Neighbors):
            return self.source.embedding
        return self.source

    @property
    def space(self) -> str:
        if isinstance(self.source, Neighbors):
            return self.source.space
        return self.asked_space

    @cached_property
    def present(self) -> npt.NDArray[np.bool_]:
        """Mask of the rows that have the space; the layout is of these."""
        if isinstance(self.source, Neighbors):
            return self.source.present
        present = self.embedding.present_in(self.space)
        if not present.any():
            raise ValueError(
                f"`space` must be one that some row has, got {self.space!r}, which "
                f"none of {len(present)} has."
            )
        return present

    @cached_property
    def points(self) -> npt.NDArray[np.float64]:
        """Coordinates of the present rows: unit vectors where a graph is of cosines."""
        if not isinstance(self.source, Neighbors):
            return present_rows(self.embedding.space(self.space), self.present)
        points = present_rows(self.source.points(), self.present)
        if self.source.metric == "cosine":
            norms = np.linalg.norm(points, axis=1, keepdims=True)
            points = points / np.where(norms, norms, 1.0)
        return points

    @property
    def k(self) -> int:
        most = self.source.k if isinstance(self.source, Neighbors) else self.neighbors
        return min(self.neighbors, most, len(self.points) - 1)

    @cached_property
    def lists(self) -> Neighbors:
        """The graph of the present rows."""
        if isinstance(self.source, Neighbors):
            return self.source.head(self.k).compact
        graph: Neighbors = knn(self.source, self.k, space=self.space, method="auto")
        return graph.compact

    @cached_property
    def graph(self) -> Any:
        return fuzzy_graph(self.lists)

    @property
    def spread(self) -> float:
        return float(np.ptp(self.points, axis=0).max())

    @property
    def unfit(self) -> str:
        """Reason why UMAP cannot be used; "" where it can."""
        if len(self.points) <= 3:
            return f"PCA: UMAP needs more than 3 points, got {len(self.points)}."
        return "PCA: all points are equal." if not self.spread else ""

    @cached_property
    def drawn(self) -> npt.NDArray[np.int64] | None:
        """Rows of the landmarks, None where all points are laid out at once."""
        n, count = len(self.points), self.landmarks
        if count is None:
            count = LANDMARKS if n > MANY else 0
        return drawn(n, max(count, 4), seed=self.seed) if 0 < count < n else None

    def move(
        self, origin: npt.NDArray[Any], *, rate: float, epochs: int
    ) -> npt.NDArray[np.float64]:
        """Move all points on their graph."""
        method = optimise if self.drawn is None else refine
        return method(self.graph, origin, epochs=epochs, rate=rate, seed=self.seed)

    def by_landmarks(
        self, origin: npt.NDArray[Any] | None, *, rate: float, epochs: int
    ) -> npt.NDArray[np.float64]:
        """Move the landmarks on their own graph, then all on the whole one."""
        rows = self.drawn
        assert rows is not None
        points = self.points[rows]
        begin = start(points, seed=self.seed) if origin is None else origin[rows]
        graph: Neighbors = knn(
            points, min(self.k, len(rows) - 1), metric=self.lists.metric
        )
        coordinates = np.full((len(self.points), 2), np.nan)
        coordinates[rows] = optimise(
            fuzzy_graph(graph), begin, epochs=epochs, rate=rate, seed=self.seed
        )
        everywhere = spread(self.graph, coordinates, self.points)
        return self.move(everywhere, rate=min(rate, RATE), epochs=EPOCHS)

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
        settings: dict[str, Any] = {}
        if method != "pca":
            settings = {"seed": self.seed, "neighbors": self.k}
            if self.lists.recall is not None:
                settings["recall"] = self.lists.recall.value
            if self.drawn is not None:
                settings["landmarks"] = len(self.drawn)
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
            judged.trustworthiness_interval,
            judged.continuity_interval,
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
    few = len(task.points) <= 3_000 and task.drawn is None
    epochs = 300 if few else 200
    if task.drawn is None:
        origin = start(task.points, seed=task.seed)
        moved = task.move(origin, rate=1.0, epochs=epochs)
    else:
        moved = task.by_landmarks(None, rate=1.0, epochs=epochs)
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
        # The gentlest step keeps all places; to go far, landmarks go first.
        whole = task.drawn is None or rate == WARM_STARTS[0][0]
        step = task.move if whole else task.by_landmarks
        moved = step(origin, rate=rate, epochs=epochs)
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
    coordinates = begin.coordinates[task.present].astype(np.float64)
    if not np.isnan(coordinates).any():
        return begin.coordinates[task.present]
    return spread(task.graph, coordinates)


def _named(variants: dict[str, list[Any]], reference: Any) -> Embedding | Neighbors:
    name = next(iter(variants)) if reference is None else reference
    first: Embedding | Neighbors = variants[_check.one_of("reference", name, variants)][
        0
    ]
    return first


def _same_ids(variants: dict[str, list[Any]], begin: Layout) -> None:
    for name, members in variants.items():
        for member in members:
            called = f"spaces[{name!r}]"
            order_of(member.ids, begin.ids, name=called, like="reference")
