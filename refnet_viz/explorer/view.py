"""View of the explorer: maps, colours and edges that follow from a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import Variants
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..graph import Neighbors
from ..graph.naming import has_words
from ..graph.patterns import EdgeGroups
from ..layout import Layout
from ..plot.color import Coloring
from ..plot.ink import fixed
from ..plot.points import cap
from ..plot.text import count_of, cut
from .colors import OF_GRAPH
from .edges import MOST_COLORS, pairs_of
from .embeddings import Earlier, Key, Rows
from .inputs import earlier_of, spaces_of
from .looked import Looked
from .points import PointTable
from .questions import Question
from .state import BY_MODALITY, CHANGES, NEVER, State
from .store import Clusters, Store
from .tags import coloring as tag_coloring

MOST_POINTS = 1_000_000
MOST_EDGES = 20_000  # on all maps together
SEARCHED = 200_000  # points whose neighbours are searched without being asked for
CLUSTER_NOTE = "names: words typical of its communities, p < 0.05"

Pairs = npt.NDArray[np.int64]
NO_EDGES = np.empty((0, 2), np.int64)


@dataclass(frozen=True, eq=False)
class Panel:
    """One map.

    Parameters
    ----------
    key
        Key of the embedding and its space.
    table
        Table of its points.
    layout
        Places of the points.
    pairs, kind
        ``(E, 2)`` ends of the edges, and one of `state.EDGES`.
    groups
        These edges by sets of modalities when they are shown so, else None.
    is_baseline
        Whether the map is the one that others are compared with.
    is_pending
        Whether the edges are still to be computed.
    alone
        Whether there is no other embedding, so that a seed says nothing.
    """

    key: Key
    table: PointTable
    layout: Layout
    pairs: Pairs
    kind: str
    groups: EdgeGroups | None
    is_baseline: bool
    is_pending: bool = False
    alone: bool = False

    @property
    def title(self) -> str:
        """Variant, seed and how far it was trained."""
        if self.alone:
            return cut(self.key.variant)
        epoch = "" if self.key.epoch is None else f", after {self.key.epoch + 1} epochs"
        return f"{cut(self.key.variant)}, seed {self.key.seed}{epoch}"

    @property
    def space(self) -> str:
        """The space, with its weights where they differ."""
        parts = [f"{cut(name)} {weight:g}" for name, weight in self.key.weights]
        weights = f", weights: {', '.join(parts)}" if parts else ""
        cosine = ", cosine" if self.key.metric == "cosine" else ""
        return f"{cut(self.key.space)} space{cosine}{weights}"

    @property
    def space_notes(self) -> list[str]:
        """The space, and the variance that a PCA shows where it lays out this space."""
        explained = self.layout.explained
        if explained is None or self.key != self.key.unweighted:
            return [self.space]
        return [self.space, str(explained)]

    @property
    def layout_notes(self) -> list[str]:
        """Method and quality of the layout, and what it does not show."""
        parts = [self.layout.note or self.layout.title, self.layout.caption]
        parts += ["layout of equal weights"] if self.key.weights else []
        cosine = self.key.metric == "cosine"
        parts += ["layout of Euclidean distances"] if cosine else []
        return parts + ([self.layout.coverage] if self.layout.coverage else [])


def opened(
    variants: Variants[Embedding],
    settings: Mapping[str, Any],
    earlier: Mapping[str, Earlier] | None = None,
    *,
    neighbors: Any = None,
    layouts: Any = None,
    steps: int = 1,
) -> tuple[Store, State]:
    """Return a store of embeddings and a state with some settings.

    Parameters
    ----------
    variants, earlier
        As in `Store.of`.
    settings
        As in `State.of`.
    neighbors, layouts
        Graphs and layouts that exist, see `Precomputed`.
    steps
        How many times `k` neighbours are searched.

    Examples
    --------
    >>> own = Embedding.from_arrays([[0.0], [1.0], [3.0]])
    >>> opened({"mine": [own]}, {"k": 1})[1].k
    1
    """
    count = len(next(iter(variants.values()))[0])
    k = _check.k_or_default(settings.get("k"), count)
    store = Store.of(variants, steps * k, earlier, neighbors=neighbors, layouts=layouts)
    if settings.get("k") is None:
        k = min(k, store.precomputed.most or k)
    state = State.of(store, {**settings, "k": min(k, store.k_max)})
    store.precomputed.check(k, state.layout)
    return store, state


@dataclass(frozen=True, eq=False)
class View:
    """Everything that one redraw shows; each part is computed when it is read.

    Parameters
    ----------
    store
        Embeddings, graphs and layouts.
    state
        Settings, selection and focus.
    hurried
        Whether layouts and bands that take long are left for later.
    """

    store: Store
    state: State
    hurried: bool = False

    @classmethod
    def of(
        cls,
        spaces: Any,
        settings: Mapping[str, Any],
        data: Dataset | None = None,
        *,
        neighbors: Any = None,
        layouts: Any = None,
    ) -> View:
        """Return the view of embeddings, runs or a folder with some settings.

        Parameters
        ----------
        spaces, data
            As in `refnet_viz.explore`.
        settings
            Settings, as `State.of` takes them.
        neighbors, layouts
            As in `refnet_viz.explore`.
        """
        variants = spaces_of(spaces, data)
        earlier = earlier_of(spaces, data, variants)
        return cls(
            *opened(variants, settings, earlier, neighbors=neighbors, layouts=layouts)
        )

    @cached_property
    def keys(self) -> list[Key]:
        """Key of every map."""
        state, runs = self.state, self.store.embeddings
        return [state.key(runs, variant) for variant in state.variants]

    @cached_property
    def tables(self) -> list[PointTable]:
        """Table of points of every map."""
        state = self.state
        return [self.store.table(key, state.baseline, state.k) for key in self.keys]

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """The maps, from one to four."""
        return tuple(map(self._panel, self.keys, self.tables))

    def _panel(self, key: Key, table: PointTable) -> Panel:
        state, store = self.state, self.store
        is_baseline = key == store.embeddings.beside(key, state.baseline)
        source = self._source_of_edges(key, is_baseline=is_baseline)
        is_pending = source is not None and not self.has_edges(source)
        pairs, groups = NO_EDGES, None
        if source is not None and not is_pending:
            pairs = pairs_of(store, source, state.baseline, state.k, state.edges)
        if state.edges == BY_MODALITY and not is_pending:
            groups = store.attribution(key, state.k).groups(MOST_COLORS)
        if len(state.rows):
            selected = np.zeros(self.total, bool)
            selected[state.rows] = True
            touching = np.flatnonzero(selected[pairs].any(axis=1))
            pairs = pairs[touching]
            groups = groups and groups.subset(touching)
        layout = self._layout(key)
        return Panel(
            key,
            table,
            layout,
            pairs,
            state.edges,
            groups,
            is_baseline,
            is_pending,
            store.embeddings.alone,
        )

    def is_ready(self, key: Key, table: PointTable) -> bool:
        """Return whether the neighbours of a map are there, or can be at once."""
        if not self.hurried or table.is_ready:
            return True
        return self.store.is_quick(key, self.state.baseline, self.state.k)

    def has_edges(self, key: Key) -> bool:
        """Return whether the edges of a map are there, or can be at once."""
        if not self.hurried:
            return True
        by_modality = self.state.edges == BY_MODALITY
        return self.is_ready(key, self.tables[self.keys.index(key)]) and (
            not by_modality or self.store.has_attribution(key, self.state.k)
        )

    @cached_property
    def ready(self) -> list[bool]:
        """Whether the neighbours of each map are there."""
        return list(map(self.is_ready, self.keys, self.tables))

    def renewed(self, **changes: Any) -> View:
        """Return the same view with what was computed meanwhile.

        Parameters
        ----------
        changes
            Fields that are others, but for what the tables of points depend on.
        """
        again = replace(self, **changes)
        again.__dict__["tables"] = self.tables  # which hold what was computed
        return again

    def _source_of_edges(self, key: Key, *, is_baseline: bool) -> Key | None:
        """Return the key whose edges a map draws, None where it draws none.

        The baseline's own map draws what another one has kept or lost of it.
        """
        edges = self.state.edges
        if edges == "none" or (is_baseline and edges == "gained"):
            return None
        if is_baseline and edges in CHANGES:
            return self.counterpart
        return key

    @cached_property
    def counterpart(self) -> Key | None:
        """Key of the map that the baseline's own is compared with.

        The one in focus, or the first that is not the baseline; None without one.
        """
        first = self.keys[self.focus]
        return next(filter(self._differs, [first, *self.keys]), None)

    def _differs(self, key: Key) -> bool:
        """Whether a map is compared with the map of the baseline that is shown."""
        before = self.store.embeddings.beside(key, self.state.baseline)
        return key != before and before in self.keys

    def compared(self, key: Key) -> tuple[Key, Key]:
        """Return the keys of the graphs that a map compares, the baseline's first.

        The baseline's own map is compared with the first other one.
        """
        before = self.store.embeddings.beside(key, self.state.baseline)
        if key != before:
            return before, key
        return key, next(filter(self._differs, self.keys), key)

    def _layout(self, key: Key) -> Layout:
        method = self.state.layout
        if self.hurried and not self.store.has_layout(key, method):
            return self.store.layout_at_hand(key)
        return self.store.layout(key, method)

    @property
    def missing_layouts(self) -> list[Key]:
        """The maps whose layout is not computed yet, the reference first."""
        if not self.hurried:
            return []
        method, keys = self.state.layout, self.keys
        if method == "aligned":
            keys = [*map(self.store.embeddings.origin, keys[:1]), *keys]
        missing = (key for key in keys if not self.store.has_layout(key, method))
        return list(dict.fromkeys(missing))

    @property
    def aligned(self) -> bool:
        """Whether places in all maps mean the same."""
        return self.state.layout == "aligned" and not self.missing_layouts

    @cached_property
    def _coloring(self) -> tuple[Coloring, str]:
        state, color = self.state, self.state.color
        if color in state.tags.columns:
            first = self.store.embeddings.first
            column, count = state.tags.columns[color], len(state.variants)
            mode = fixed(state.mode)
            return tag_coloring(color, column, count, first.class_names, mode), color
        is_pending = color in OF_GRAPH and not all(self.ready)
        shown = "label" if is_pending else color
        coloring, title = self.store.coloring(
            self.tables, self.keys, shown, fixed(state.mode)
        )
        when = "not computed yet" if self.total > SEARCHED else "being computed"
        waiting = f"{title or 'points'} ({color} is {when})"
        return coloring, waiting if is_pending else title

    @property
    def coloring(self) -> Coloring:
        """Colour of every point of every map."""
        return self._coloring[0]

    @property
    def color_title(self) -> str:
        """Title of the legend, as plain text."""
        return self._coloring[1]

    @property
    def wants_clusters(self) -> bool:
        """Whether maps show names of communities: colour has no classes to name."""
        return (
            self.state.names != NEVER
            and len(self.coloring.names) < 2
            and has_words(self.store.embeddings.first)
        )

    @cached_property
    def clusters(self) -> list[Clusters]:
        """Communities of every map, none where they are not shown or not computed."""
        has = self.store.has_clusters
        if not self.wants_clusters or (self.hurried and not all(map(has, self.keys))):
            return []
        return [self.store.clusters(key) for key in self.keys]

    @property
    def rows(self) -> Rows:
        """The selected points."""
        return self.state.rows

    def frame(self, rows: Rows) -> pd.DataFrame:
        """Return a table of points of the map in focus, as `PointTable`, with tags.

        Parameters
        ----------
        rows
            Row numbers of the points.
        """
        table = self.tables[self.focus].frame(rows)
        for name, column in self.state.tags.columns.items():
            table[name] = column.values[rows]
        return table

    @property
    def focus(self) -> int:
        """Number of the map in focus."""
        return self.state.focus

    @property
    def total(self) -> int:
        """Number of points."""
        return len(self.store.embeddings.first)

    @cached_property
    def drawn_rows(self) -> Rows:
        """The points that are drawn: all, or an even sample that stays the same."""
        return drawn_rows_of(self.total)

    @cached_property
    def drawn_places(self) -> npt.NDArray[np.int64]:
        """Position of each point among the drawn ones, -1 where it is left out."""
        places = np.full(self.total, -1)
        places[self.drawn_rows] = np.arange(len(self.drawn_rows))
        return places

    def drawn_edges(self, panel: Panel) -> Rows:
        """Return which of a panel's edges are drawn."""
        return self._drawn_edges[self.panels.index(panel)]

    @cached_property
    def _drawn_edges(self) -> list[Rows]:
        most = MOST_EDGES // len(self.panels)
        rows_by_panel = []
        for panel in self.panels:
            rows = np.arange(len(panel.pairs))
            if not len(rows):
                rows_by_panel.append(rows)
                continue
            if len(self.drawn_rows) < self.total:
                inside_sample = (self.drawn_places[panel.pairs] >= 0).all(axis=1)
                rows = np.flatnonzero(inside_sample)
            rows_by_panel.append(evenly(rows, most))
        return rows_by_panel

    def notes(self, panel: Panel) -> list[str]:
        """Return the lines below the title of a map: space, layout, edges, sample."""
        return [", ".join(parts) for parts in self.note_parts(panel)]

    def note_parts(self, panel: Panel) -> list[list[str]]:
        """Return the same lines in parts."""
        lines = [panel.space_notes, panel.layout_notes]
        if panel.kind != "none":
            lines.append([self._edge_note(panel)])
        if self.clusters:
            # Beside the edges, so that no map moves when names follow.
            lines[2:] = [[*(part for line in lines[2:] for part in line), CLUSTER_NOTE]]
        if len(self.drawn_rows) < self.total:
            count = count_of(len(self.drawn_rows), self.total, "points")
            lines.append([f"{count}; lasso and numbers take all"])
        return lines

    def _edge_note(self, panel: Panel) -> str:
        if panel.is_pending:
            many = self.total > SEARCHED
            return f"edges are {'not computed yet' if many else 'being computed'}"
        compared = panel.is_baseline and panel.kind in CHANGES
        if compared and (panel.kind == "gained" or self.counterpart is None):
            return f"this is the baseline: nothing is {panel.kind}"
        one = len(panel.pairs) == 1
        noun = "edge" if one else "edges"
        noun = f"{panel.kind} {noun}" if panel.kind in CHANGES else noun
        note = count_of(len(self.drawn_edges(panel)), len(panel.pairs), noun)
        if len(self.rows):
            note += f" that {'touches' if one else 'touch'} the selection"
        if compared and self.counterpart:
            note += f" (in {cut(self.counterpart.variant)})"
        if panel.groups:
            note += ", dashed where a modality contradicts them"
        return note

    def summary(self, panel: Panel) -> str:
        """Return the map in one sentence, for those who cannot see it."""
        selected = f", {len(self.rows):,} selected" if len(self.rows) else ""
        color = f", coloured by {self.color_title}" if self.color_title else ""
        notes = "; ".join(self.notes(panel))
        return f"Map of {panel.title}: {self.total:,} points{selected}{color}; {notes}."

    @property
    def looked(self) -> Looked:
        """Settings that the numbers of the view follow from."""
        state, runs = self.state, self.store.embeddings
        keys = [key._replace(seed=None) for key in self.keys]
        base = runs.beside(self.keys[0], state.baseline)._replace(seed=None)
        return Looked(frozenset(keys), base, state.k)

    @property
    def measured(self) -> list[Key]:
        """Keys of which all seeds are compared, those of the baseline first."""
        runs, baseline = self.store.embeddings, self.state.baseline
        others = [key for key in self.keys if key.variant != baseline]
        keys = [*(runs.beside(key, baseline) for key in others), *others]
        return list({key._replace(seed=None): key for key in keys}.values())

    @property
    def has_questions(self) -> bool:
        """Whether it is known what the differences from the baseline are."""
        state, store = self.state, self.store
        return all(store.has_samples(key, state.k) for key in self.measured) and all(
            store.has_rewired(key, state.baseline, state.k) for key in self.changed
        )

    @property
    def changed(self) -> list[Key]:
        """Keys of the variants that may rewire the baseline."""
        return [key for key in self.keys if key.variant != self.state.baseline]

    @property
    def questions(self) -> list[Question]:
        """Questions of the strip: differences from the baseline, by map and metric."""
        state = self.state
        return [
            one
            for key in self.keys
            for one in self.store.questions(key, state.baseline, state.k)
        ]

    @property
    def has_bands(self) -> bool:
        """Whether the metrics of all seeds are computed."""
        state, store = self.state, self.store
        names = self.tables[0].headline_metrics
        return all(
            store.has_metrics(other, state.baseline, state.k, names)
            for key in self.keys
            for other in store.embeddings.family(key)
        )

    def every_seed(self, number: int) -> list[PointTable]:
        """Return the tables of a map's graph of all seeds, which may take a moment."""
        return self.store.every_seed(
            self.keys[number], self.state.baseline, self.state.k
        )

    def beside(self, key: Key) -> list[Key]:
        """Return the keys of the other spaces of a map."""
        others = [key.in_space(space) for space in self.store.embeddings.spaces]
        return [other for other in others if other.space != key.space]

    def other_spaces(self, key: Key) -> Sequence[Neighbors]:
        """Return the graphs of the other spaces of a map, those at hand in a hurry."""
        state, store = self.state, self.store
        return [
            store.graph(other, state.k)
            for other in self.beside(key)
            if not self.hurried or store.has_graph(other, state.k)
        ]


def evenly(rows: Rows, most: int) -> Rows:
    """Return at most so many of some rows, evenly from all of them, as pages do.

    Examples
    --------
    >>> evenly(np.arange(10), 4).tolist(), evenly(np.arange(3), 4).tolist()
    ([0, 2, 5, 7], [0, 1, 2])
    """
    if len(rows) <= most:
        return rows
    return rows[np.arange(most) * len(rows) // most]


def drawn_rows_of(count: int, most: int | None = None) -> Rows:
    """Return which of so many points are drawn.

    Parameters
    ----------
    count
        Number of points.
    most
        Points drawn at most; None takes those of the explorer.
    """
    return cap(np.arange(count), MOST_POINTS if most is None else most)


def inside(
    coordinates: npt.NDArray[Any], xs: list[float], ys: list[float]
) -> npt.NDArray[np.bool_]:
    """Return which points lie within a polygon (even-odd rule).

    Parameters
    ----------
    coordinates
        ``(N, 2)``.
    xs, ys
        Corners of the polygon.

    Examples
    --------
    >>> points = np.array([[1.0, 1.0], [3.0, 1.0]])
    >>> inside(points, [0, 2, 2, 0], [0, 0, 2, 2]).tolist()
    [True, False]
    """
    corners = np.column_stack([xs, ys]).astype(np.float64)
    x, y = coordinates.T.astype(np.float64)
    odd = np.zeros(len(x), bool)
    low = np.nanmin(corners[:, 1], initial=np.inf)
    high = np.nanmax(corners[:, 1], initial=-np.inf)
    rows = np.flatnonzero((y >= low) & (y < high))
    rows = rows[np.argsort(y[rows], kind="stable")]
    x, y = x[rows], y[rows]
    # An edge matters to the points between the heights of its ends alone.
    crossed = np.zeros(len(rows), bool)
    for (x1, y1), (x0, y0) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        first, last = np.searchsorted(y, [min(y0, y1), max(y0, y1)])
        if first < last:
            part = slice(first, last)
            crossed[part] ^= x[part] < (x0 - x1) * (y[part] - y1) / (y0 - y1) + x1
    odd[rows] = crossed
    return odd
