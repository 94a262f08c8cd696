"""What the explorer shows, and what it computes meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np
import plotly.graph_objects as go
from IPython.display import display

from ..data.dataset import Dataset
from ..explorer import ahead, detail, picture, static, strip
from ..explorer.desk import Desk, Settings
from ..explorer.history import History, Moment
from ..explorer.inputs import rows_of
from ..explorer.points import Rows, class_words
from ..explorer.store import Store
from ..explorer.view import View, drawn_of
from . import later
from .controls import controls
from .lifetime import close_all
from .map import Map
from .notice import Notice
from .panes import Detail, Strip
from .workshop import Workshop

NOTHING: Rows = np.empty(0, np.intp)
CLOSED = "this explorer is closed, as it is when its cell runs again: use the new one."
NOWHERE = ("", -1)  # variant and row of the point that is pointed at


class Stage:
    """Maps, pane of details and metric strip, drawn from the controls' values.

    Parameters
    ----------
    atlas
        Embeddings, graphs and layouts.
    settings
        Name of a control to its first value.
    mode
        "light" or "dark".
    data
        What other variants can be trained on, None for no such form.
    """

    def __init__(
        self,
        atlas: Store,
        settings: Mapping[str, Any],
        mode: str,
        data: Dataset | None = None,
    ) -> None:
        self._atlas, self._mode = atlas, mode
        self._rows, self._pointed = NOTHING, NOWHERE
        self._waiting = self._closed = False
        self._picture: Any = None
        self._history = History()
        self.controls = controls(atlas)
        self.controls.set("variants", settings["variants"])
        self._focus = self._has(settings["seed"])
        self.controls.offer("seed", atlas.seeds(self._focus))
        for name, value in settings.items():
            if value is not None:
                self.controls.set(name, value)
        self.map = Map(mode=mode, said=self._said())
        self.detail, self.strip = Detail(), Strip()
        self._notice = Notice()
        self.workshop = None
        if data is not None:
            rows = rows_of(data, atlas.first)
            self.workshop = Workshop(atlas.variants, data, rows)
        self.widget = self._assemble()
        self._redraw()

    def _has(self, seed: Any) -> str:
        """Return the first shown variant of a seed, the first of all without one."""
        shown = self.controls.get("variants")
        having = [name for name in shown if seed in self._atlas.seeds(name)]
        return str([*having, shown[0]][0])

    def _said(self) -> dict[str, list[str]]:
        """Return what points say when they are pointed at."""
        first = self._atlas.first
        drawn, words = drawn_of(len(first)), class_words(first, first.labels)
        labels = [] if words is None else [words[row] for row in drawn]
        return {"names": first.ids[drawn].tolist(), "words": labels}

    def snapshot(self) -> go.Figure:
        """Return what the maps show as a plain figure, to be saved or changed."""
        desk = replace(self._desk, hurried=False)
        return self._plain(desk.view(self._rows, self._view.focus))

    def _plain(self, view: View) -> go.Figure:
        spaces = {"spaces": self._atlas.variants}
        return picture.figure(view, self._desk.shown, spaces | self._arguments())

    def close(self) -> None:
        """Free what the explorer holds in the kernel and in the page."""
        if self._closed:
            return
        close_all(self.widget)
        # Notebooks keep whatever a cell has returned; this leaves them an empty shell.
        vars(self).clear()
        self._closed = True

    if not TYPE_CHECKING:  # for which every attribute would be known

        def __getattr__(self, name: str) -> Any:
            """Say why a closed explorer has nothing left."""
            if vars(self).get("_closed"):
                raise RuntimeError(CLOSED)
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )

    def _ipython_display_(self) -> None:
        # Where no widgets are shown, nothing but the picture is worth reading.
        display(self.widget._repr_mimebundle_() | {"text/plain": ""}, raw=True)
        self._picture = display(self._still(), raw=True, display_id=True)

    def _renew_picture(self) -> None:
        """Keep what the maps show now; where errors are caught it would go astray."""
        if self._picture is not None and not self._closed:
            self._picture.update(self._still(), raw=True)

    def _still(self) -> dict[str, str]:
        """Return the picture, and in words what it shows."""
        view = self._view
        alt = " ".join(view.summary(panel) for panel in view.panels)
        still = static.picture(self._plain(view), alt)
        return {"text/html": still, "text/plain": alt}

    def _arguments(self) -> dict[str, Any]:
        """Return the arguments of `explore` that say more than it would do itself."""
        atlas, found = self._atlas, self._settings._asdict()
        if len(atlas.variants) == 1:
            del found["variants"], found["baseline"]
        if all(len(atlas.seeds(name)) == 1 for name in atlas.variants):
            del found["seed"]
        if len(set(found["weights"].values())) < 2:
            del found["weights"]
        chosen = atlas.first.ids[self._rows].tolist()
        if self._focus != self._has(found.get("seed")):
            found["variant"] = self._focus
        return {**found, "selected": chosen or (), "mode": self._mode}

    def _assemble(self) -> W.VBox:
        main = W.HBox([self.map, self.detail])
        main.add_class("rv-main")
        bars = self.controls.bars(self._notice.status)
        workshop = [] if self.workshop is None else [self.workshop]
        widget = W.VBox([*bars, main, self.strip, *workshop, self._notice.errors])
        for name in ("rv-explorer", f"rv-{self._mode}"):
            widget.add_class(name)
        return widget

    @property
    def _settings(self) -> Settings:
        return Settings(*(self.controls.get(name) for name in Settings._fields))

    def _redraw(self) -> None:
        """Show the present state: one message for the maps, one for each pane."""
        settings = self._settings
        self._desk = Desk(self._atlas, settings, self._mode, hurried=later.possible())
        self._moment = Moment(settings, self._rows, self._focus)
        focus = settings.variants.index(self._focus)
        self._view = self._desk.view(self._rows, focus)
        weighed = settings.metric == "euclidean"
        names = self._atlas.weighed(settings.space) if weighed else []
        self.controls["weights"].show(names)
        self.map.show(self._view)
        done = self.controls.actions
        done.clear.disabled, done.undo.disabled = not len(self._rows), not self._history
        waiting = bool(self._desk.waited_for)
        self._notice.say("computing the layout …" if waiting else "")
        self._draw_strip()
        self._draw_detail()
        self._later()

    def _draw_strip(self) -> None:
        desk = self._desk
        lines = desk.lines(banded=not desk.hurried or desk.banded)
        self.strip.content = strip.content(lines, self._rows, self._view.focus)

    def _draw_detail(self) -> None:
        desk, shown = self._desk, self._settings.variants
        variant, row = self._pointed
        if row < 0 and len(self._rows) == 1:
            row = int(self._rows[0])
        panel = shown.index(variant) if variant in shown else self._view.focus
        facts = desk.shown[panel]
        if row >= 0:
            others = desk.elsewhere(desk.places[panel])
            content = detail.of_point(facts, row, others)
            if len(shown) > 1:
                content["title"] += f" in {shown[panel]}"
        elif len(self._rows):
            content = detail.of_selection(facts, self._rows)
        else:
            content = detail.hint()
        self.detail.content = content

    def _later(self) -> None:
        if later.possible() and not self._waiting:
            self._waiting = True
            later.soon(self._notice.of(self._compute))

    def _compute(self) -> None:
        """Do the next thing that is waited for, then let the page have its turn."""
        self._waiting = False
        if self._closed:
            return
        done = ahead.step(self._desk)
        if done == ahead.LAYOUT:
            self._redraw()
            if not self._desk.waited_for:
                later.soon(self._renew_picture)
        elif done == ahead.BANDS:
            self._draw_strip()
        elif done:
            self._draw_detail()
        if done:
            self._later()
