"""The explorer: what is shown, and what happens when that changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML, display

from ..layout import Layout
from . import detail, figure, later, static, strip
from .atlas import BY_MODALITY, Atlas
from .controls import Setting, choices, controls
from .facts import Facts, Rows, class_words
from .hue import hue
from .lifetime import close_all
from .map import snapshot
from .notice import Notice
from .runs import Place

NOTHING: Rows = np.empty(0, np.intp)


class Explorer:
    """A map with its controls, the pane of details and the metric strip.

    Made by `explore`. Its attributes can be set: the controls follow. It holds state
    and redraws; the numbers come from graphs and layouts.

    Parameters
    ----------
    atlas
        Embeddings, graphs and layouts.
    settings
        Name of an attribute to its first value.
    mode
        "light" or "dark".
    """

    variant = Setting("Which model's embedding is shown.")
    seed = Setting("Which run of the variant.")
    space = Setting("Where neighbours are looked for.")
    color = Setting("What the colour of a point shows.")
    k = Setting("Neighbours a point, not counting the point itself.")
    edges = Setting(
        '"none", "all", "by modality" (coloured by the modalities whose own graphs '
        'have them), or "kept", "gained" or "lost" since the baseline.'
    )
    baseline = Setting("The variant that edges and rewiring refer to.")
    layout = Setting('"umap" or "pca".')

    def __init__(self, atlas: Atlas, settings: dict[str, Any], mode: str) -> None:
        self._atlas, self._mode = atlas, mode
        self._rows, self._pointed = NOTHING, -1
        self._listeners: list[Callable[[pd.DataFrame], None]] = []
        self._busy = self._waiting = self._closed = False
        self._picture: Any = None
        self.controls = controls(choices(atlas), k_max=atlas.k_max)
        for name, value in settings.items():
            self.controls.set(name, value)
        first = atlas.first
        words = figure.hover_words(first, class_words(first, first.labels))
        self.figure = figure.build(first, words, mode)
        self.detail, self.strip = detail.Detail(), strip.Strip()
        self._notice = Notice()
        self.widget = self._assemble()
        self._listen()
        self._redraw()

    @property
    def weights(self) -> dict[str, float]:
        """Modality to weight in the refined and the sum space, from 0 to 2 in tenths.

        1 is the default weight 1/d_m. Other weights move neighbours and edges; points
        stay where equal weights lay them out. A new dict can be set, of all modalities.
        """
        return dict(self.controls["weights"].value)

    @weights.setter
    def weights(self, weights: Mapping[str, float]) -> None:
        self.controls.set("weights", weights)

    @property
    def selected(self) -> pd.DataFrame:
        """One row a selected point, with a new index, in the order of the data.

        Columns ``id``, ``label``, ``prediction``, ``correct``, ``text``, ``purity``
        (share of neighbours with its label), ``rewiring`` (1 - Jaccard with the
        baseline), ``in_degree``, ``responsibility: <modality>`` (1 is best, 0 what the
        mean would answer), then the metadata, as far as they are known.
        """
        return self._facts.frame(self._rows)

    def select(self, ids: Any) -> None:
        """Select points as a lasso would.

        Parameters
        ----------
        ids
            Ids, one id, or a bool mask over all points; None or nothing clears.

        Raises
        ------
        ValueError
            If an id is unknown or a mask has another length.
        """
        self._choose(self._atlas.rows(ids))

    def on_select(self, callback: Callable[[pd.DataFrame], None]) -> None:
        """Call a function with `selected` whenever the selection changes."""
        self._listeners.append(callback)

    def snapshot(self) -> go.Figure:
        """Return what the map shows as a plain figure, to be saved or changed."""
        return snapshot(self.figure)

    def close(self) -> None:
        """Free what the explorer holds in the kernel and in the page."""
        self._closed = True
        close_all(self.widget)

    def __repr__(self) -> str:
        names = [n for n in self.controls if n != "weights" or self._place.weights]
        chosen = ", ".join(f"{n}={self.controls[n].value!r}" for n in names)
        return f"Explorer({chosen}, selected={len(self._rows)})"

    def _ipython_display_(self) -> None:
        display(self.widget)
        self._picture = display(HTML(self._still()), display_id=True)

    def _renew_picture(self) -> None:
        """Keep what the map shows now; where errors are caught it would go astray."""
        if self._picture is not None and not self._closed:
            self._picture.update(HTML(self._still()))

    def _still(self) -> str:
        alt = (
            f"Map of {self.variant}, seed {self.seed}: {len(self._atlas.first):,} "
            f"points of the {self.space} space, coloured by {self.color}."
        )
        return static.picture(self.snapshot(), alt)

    def _assemble(self) -> W.VBox:
        self.figure.add_class("rv-map")
        main = W.HBox([self.figure, self.detail])
        main.add_class("rv-main")
        bars = self.controls.bars(self._notice.status)
        widget = W.VBox([*bars, main, self.strip, self._notice.errors])
        for name in ("rv-explorer", f"rv-{self._mode}"):
            widget.add_class(name)
        return widget

    def _listen(self) -> None:
        """Bind every event to its handler, in a way that lets errors be seen."""
        self.controls.observe(self._notice.of(self._changed))
        weights = self.controls["weights"]
        weights.observe(lambda change: self._notice.say(change["new"]), "refused")
        self.controls.clear.on_click(self._notice.of(lambda _: self.select(None)))
        points = self.figure.data[figure.POINTS]
        points.on_selection(self._notice.of(self._lassoed))
        points.on_deselect(self._notice.of(self._lassoed))
        points.on_hover(self._notice.of(self._hovered))
        self.detail.observe(self._notice.of(self._picked), "picked")
        self.detail.observe(self._notice.of(self._linked), "linked")

    def _changed(self, _: Any) -> None:
        if self._busy:
            return
        # What a variant offers changes other controls, which is no event of its own.
        self._busy = True
        try:
            self.controls.offer("seed", self._atlas.seeds(self.variant))
        finally:
            self._busy = False
        self._redraw()

    def _lassoed(self, _: Any, points: Any, *__: Any) -> None:
        self._choose(np.sort(np.asarray(points.point_inds, dtype=np.intp)))

    def _linked(self, _: Any) -> None:
        self.figure.heard_elsewhere = True

    def _picked(self, change: Any) -> None:
        self._choose(np.sort(np.asarray(change["new"]["rows"], dtype=np.intp)))

    def _hovered(self, _: Any, points: Any, *__: Any) -> None:
        if points.point_inds:
            self._pointed = points.point_inds[0]
            self._draw_detail()

    def _choose(self, rows: Rows) -> None:
        self._rows, self._pointed = rows, -1
        self._redraw()
        for listener in self._listeners:
            listener(self.selected)

    @property
    def _place(self) -> Place:
        given = [(m, self.weights[m]) for m in self._atlas.weighed(self.space)]
        even = len({weight for _, weight in given}) < 2
        return Place(self.variant, self.seed, self.space, () if even else tuple(given))

    @property
    def _facts(self) -> Facts:
        return self._atlas.facts(self._place, self.baseline, self.k)

    def _redraw(self) -> None:
        """Show the present state: one message for the map, one for each pane."""
        facts, place = self._facts, self._place
        pairs = self._atlas.edges(place, self.baseline, self.k, self.edges)
        by_modality = self.edges == BY_MODALITY
        patterns = self._atlas.patterns(place, self.k) if by_modality else None
        if len(self._rows):
            touching = np.flatnonzero(np.isin(pairs, self._rows).any(axis=1))
            pairs = pairs[touching]
            patterns = patterns and patterns.subset(touching)
        layout = self._layout()
        uneven = ", layout of equal weights" if place.weights else ""
        view = figure.View(
            title=figure.title_of(place),
            caption=f"{layout.note or layout.title}, {layout.caption}{uneven}",
            coordinates=layout.coordinates, pairs=pairs, kind=self.edges,
            patterns=patterns, rows=self._rows,
            hue=hue(facts, place.variant, self.color, self._mode),
        )  # fmt: skip
        self.controls["weights"].show(self._atlas.weighed(place.space))
        figure.draw(self.figure, view)
        self.strip.content = strip.content(facts, self._rows)
        self.controls.clear.disabled = not len(self._rows)
        self._draw_detail()
        self._later()

    def _draw_detail(self) -> None:
        facts = self._facts
        row = self._rows[0] if len(self._rows) == 1 else self._pointed
        row = self._pointed if self._pointed >= 0 else row
        if row >= 0:
            self.detail.content = detail.of_point(facts, int(row))
        elif len(self._rows):
            self.detail.content = detail.of_selection(facts, self._rows)
        else:
            self.detail.content = detail.hint()

    def _layout(self) -> Layout:
        """Return the layout, or another one until it is computed."""
        place, method = self._place, self.layout
        if self._atlas.has_layout(place, method) or not later.possible():
            self._notice.say("")
            return self._atlas.layout(place, method)
        self._notice.say(f"computing the {method.upper()} layout …")
        return self._atlas.stand_in(place, method)

    def _later(self) -> None:
        if later.possible() and not self._waiting:
            self._waiting = True
            later.soon(self._notice.of(self._compute))

    def _compute(self) -> None:
        """Compute what is waited for, then, one at a time, the other variants."""
        self._waiting = False
        if self._closed:
            return
        place, method = self._place, self.layout
        if not self._atlas.has_layout(place, method):
            self._atlas.layout(place, method)
            self._redraw()
            later.soon(self._renew_picture)
            return
        others = (self._atlas.beside(place.even, name) for name in self._atlas.variants)
        if any(self._atlas.prepare(other, method) for other in others):
            self._later()
