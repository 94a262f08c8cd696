"""The explorer: what is shown, and what happens when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML, display

from . import background, detail, later, scene, search, snapshot, static, strip
from .atlas import Atlas
from .code import written
from .controls import Setting, controls
from .desk import Desk, Settings
from .facts import Rows, class_words
from .history import History, Moment
from .lifetime import close_all
from .map import Map
from .notice import Notice

NOTHING: Rows = np.empty(0, np.intp)
NOWHERE = (0, -1)  # panel and row of the point that is pointed at


class Explorer:
    """Maps side by side with their controls, the pane of details and the metric strip.

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
    epochs
        Whose states can be shown besides the kept one.
    """

    variants = Setting("Which models' embeddings are shown, from one to four.")
    seed = Setting("Which run of the variants.")
    space = Setting("Where neighbours are looked for.")
    metric = Setting('"euclidean" or "cosine".')
    color = Setting("What the colour of a point shows.")
    k = Setting("Neighbours a point, not counting the point itself.")
    edges = Setting(
        '"none", "all", "by modality" (coloured by the modalities whose own graphs '
        'have them), or "kept", "gained" or "lost" since the baseline.'
    )
    baseline = Setting("The variant that edges and rewiring refer to.")
    layout = Setting('"aligned", "umap" or "pca".')
    epoch = Setting("After which epoch of training; None is the state that was kept.")
    weights = Setting(
        "Modality to weight in the refined and the sum space, from 0 to 2 in tenths; "
        "1 is the default weight 1/d_m. Other weights move neighbours and edges, while "
        "points stay where equal weights lay them out."
    )

    def __init__(
        self,
        atlas: Atlas,
        settings: Mapping[str, Any],
        mode: str,
        epochs: Sequence[int] = (),
    ) -> None:
        self._atlas, self._mode = atlas, mode
        self._rows, self._pointed = NOTHING, NOWHERE
        self._listeners: list[Callable[[pd.DataFrame], None]] = []
        self._busy = self._waiting = self._closed = False
        self._picture: Any = None
        self._history = History()
        self.controls = controls(atlas, epochs)
        for name, value in settings.items():
            self.controls.set(name, value)
        self._focus = self.variants[0]
        drawn, first = scene.drawn_of(len(atlas.first)), atlas.first
        words = class_words(first, first.labels)
        said = [] if words is None else [words[row] for row in drawn]
        self.map = Map(
            mode=mode, said={"names": first.ids[drawn].tolist(), "words": said}
        )
        self.detail, self.strip = detail.Detail(), strip.Strip()
        self._notice = Notice()
        self.widget = self._assemble()
        self._listen()
        self._redraw()

    @property
    def variant(self) -> str:
        """The variant in focus: the one that details and a new seed refer to.

        One that is not shown takes the place of the one in focus.
        """
        return self._focus

    @variant.setter
    def variant(self, name: str) -> None:
        if name in self.variants:
            self._look_at(self.variants.index(name))
            return
        shown = [name if one == self._focus else one for one in self.variants]
        self._focus = name if name in self._atlas.variants else self._focus
        self.controls.set("variants", shown)

    @property
    def selected(self) -> pd.DataFrame:
        """One row a selected point, with a new index, in the order of the data.

        Columns ``id``, ``label``, ``prediction``, ``correct``, ``confidence``,
        ``text``, ``purity`` (share of neighbours with its label), ``rewiring``
        (1 - Jaccard with the baseline), ``in_degree``, ``responsibility: <modality>``
        (1 is best, 0 what the mean would answer), then the metadata, as far as they
        are known. Numbers are those of the variant in focus.
        """
        return self._desk.facts(self._focus).frame(self._rows)

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

    def search(self, text: str) -> pd.DataFrame:
        """Select the points in which every word occurs, and return them.

        Parameters
        ----------
        text
            Words looked for in ids, labels, predictions, texts and the metadata,
            whatever their case. Nothing, and what nowhere occurs, selects nothing.
        """
        rows = search.found(self._desk.facts(self._focus), text)
        told = f"no point has {text!r} in its words"
        self._choose(rows, by="search", typed=text)
        self._notice.say(told if text.strip() and not len(rows) else "")
        return self.selected

    def on_select(self, callback: Callable[[pd.DataFrame], None]) -> None:
        """Call a function with `selected` whenever the selection changes."""
        self._listeners.append(callback)

    def undo(self) -> None:
        """Go back to what was shown before; where there is nothing, stay."""
        moment = self._history.back()
        if moment is None:
            return
        with self._quietly():
            for name, value in moment.settings._asdict().items():
                self.controls.set(name, value)
            self.controls.actions.search.value = ""
        self._rows, self._focus, self._pointed = moment.rows, moment.focus, NOWHERE
        self._redraw()
        self._tell()

    def code(self) -> str:
        """Return the call of `explore` that makes this view again.

        Examples
        --------
        >>> from refnet_viz import Embedding, explore
        >>> view = explore(Embedding.from_arrays([[0.0], [1.0], [3.0]]), k=1)
        >>> view.select("0")
        >>> view.code()
        'view = rv.explore(spaces, k=1, selected=["0"])'
        """
        return written(self._arguments())

    def snapshot(self) -> go.Figure:
        """Return what the maps show as a plain figure, to be saved or changed."""
        meta = {"figure": "explorer", "arguments": self._arguments()}
        return snapshot.figure(self._view, self._desk.shown, meta)

    def close(self) -> None:
        """Free what the explorer holds in the kernel and in the page."""
        self._closed = True
        close_all(self.widget)

    def __repr__(self) -> str:
        return self.code().removeprefix("view = ")

    def _ipython_display_(self) -> None:
        display(self.widget)
        self._picture = display(HTML(self._still()), display_id=True)

    def _renew_picture(self) -> None:
        """Keep what the maps show now; where errors are caught it would go astray."""
        if self._picture is not None and not self._closed:
            self._picture.update(HTML(self._still()))

    def _still(self) -> str:
        view = self._view
        alt = " ".join(view.summary(panel) for panel in view.panels)
        return static.picture(self.snapshot(), alt)

    def _arguments(self) -> dict[str, Any]:
        """Return the arguments of `explore` that say more than it would do itself."""
        atlas, found = self._atlas, self._settings._asdict()
        if len(atlas.variants) == 1:
            del found["variants"], found["baseline"]
        if all(len(atlas.seeds(name)) == 1 for name in atlas.variants):
            del found["seed"]
        if len(set(found["weights"].values())) < 2:
            found["weights"] = None
        chosen = atlas.first.ids[self._rows].tolist()
        return {**found, "selected": chosen or (), "mode": self._mode}

    def _assemble(self) -> W.VBox:
        main = W.HBox([self.map, self.detail])
        main.add_class("rv-main")
        bars = self.controls.bars(self._notice.status)
        widget = W.VBox([*bars, main, self.strip, self._notice.errors])
        for name in ("rv-explorer", f"rv-{self._mode}"):
            widget.add_class(name)
        return widget

    def _listen(self) -> None:
        """Bind every event to its handler, in a way that lets errors be seen."""
        of = self._notice.of
        self.controls.observe(of(self._changed))
        for name in ("weights", "variants"):
            told = self.controls[name]
            told.observe(lambda change: self._notice.say(change["new"]), "refused")
        done = self.controls.actions
        done.clear.on_click(of(lambda _: self.select(None)))
        done.undo.on_click(of(lambda _: self.undo()))
        done.search.observe(of(self._typed), "value")
        done.code.on_msg(of(self._asked))
        self.map.on_msg(of(self._heard))
        self.detail.on_msg(of(self._heard))

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Let controls move without events of their own."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def _changed(self, change: Any) -> None:
        if self._busy:
            return
        if self._focus not in self.variants:
            self._focus = self.variants[0]
        # What a variant offers changes other controls, which is no event of its own.
        with self._quietly():
            self.controls.offer("seed", self._atlas.seeds(self._focus))
        self._history.leave(self._moment, by=type(change["owner"]).__name__)
        self._redraw()

    def _typed(self, change: Any) -> None:
        if not self._busy:
            self.search(change["new"])

    def _asked(self, widget: Any, *_: Any) -> None:
        widget.send({"kind": "code", "text": self.code()})

    def _heard(self, _: Any, content: dict[str, Any], *__: Any) -> None:
        """Do what a page asks for."""
        words = content["words"]
        kinds: dict[str, Callable[..., None]] = {
            "lasso": self._lassoed, "click": self._clicked, "hover": self._hovered,
            "focus": self._look_at, "class": self._picked,
            "clear": lambda: self.select(None),
            "row": lambda row: self._choose(np.array([row], np.intp)),
        }  # fmt: skip
        kinds[content["kind"]](*words)

    def _lassoed(
        self, panel: int, xs: list[float], ys: list[float], extend: Any = None
    ) -> None:
        flat = self._view.panels[panel].layout.coordinates
        rows = np.flatnonzero(scene.inside(flat, xs, ys))
        self._focus = self.variants[panel]
        self._choose(np.union1d(self._rows, rows) if extend else rows)

    def _clicked(self, panel: int, drawn: int, extend: Any = None) -> None:
        row = self._view.drawn[drawn]
        self._focus = self.variants[panel]
        one = np.array([row], np.intp)
        self._choose(np.setxor1d(self._rows, one) if extend else one)

    def _hovered(self, panel: int, drawn: int) -> None:
        if drawn >= 0 and panel < len(self.variants):
            self._pointed = (panel, int(self._view.drawn[drawn]))
            self._draw_detail()

    def _picked(self, code: int) -> None:
        """Select a class of the legend, as the map in focus shows it."""
        panel = self.variants.index(self._focus)
        self._choose(np.flatnonzero(self._view.hue.values[panel] == code))

    def _look_at(self, panel: int) -> None:
        self._focus, self._pointed = self.variants[panel], NOWHERE
        with self._quietly():
            self.controls.offer("seed", self._atlas.seeds(self._focus))
        self._redraw()

    def _choose(self, rows: Rows, by: str = "select", typed: str = "") -> None:
        self._history.leave(self._moment, by=by)
        self._rows, self._pointed = rows.astype(np.intp), NOWHERE
        with self._quietly():
            self.controls.actions.search.value = typed
        self._redraw()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener(self.selected)

    @property
    def _settings(self) -> Settings:
        return Settings(*(self.controls.get(name) for name in Settings._fields))

    def _redraw(self) -> None:
        """Show the present state: one message for the maps, one for each pane."""
        settings = self._settings
        self._desk = Desk(self._atlas, settings, self._mode, hurried=later.possible())
        self._moment = Moment(settings, self._rows, self._focus)
        self._view = self._desk.view(self._rows, self.variants.index(self._focus))
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
        panel, row = self._pointed
        if row < 0:
            panel = self._view.focus
            row = int(self._rows[0]) if len(self._rows) == 1 else -1
        desk, variant = self._desk, self.variants[panel]
        facts = desk.shown[panel]
        if row >= 0:
            others = desk.elsewhere(desk.places[panel])
            content = detail.of_point(facts, row, others)
            if len(self.variants) > 1:
                content["title"] += f" in {variant}"
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
        done = background.step(self._desk)
        if done == background.LAYOUT:
            self._redraw()
            if not self._desk.waited_for:
                later.soon(self._renew_picture)
        elif done == background.BANDS:
            self._draw_strip()
        if done:
            self._later()
