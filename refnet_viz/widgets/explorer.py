"""The explorer: what can be asked of it, and what happens then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from ..data.dataset import Dataset
from ..explorer.code import written
from ..explorer.points import Rows
from ..explorer.search import found as rows_with
from ..explorer.state import MOST
from ..explorer.store import Store
from ..explorer.view import inside
from .controls import Setting
from .stage import NOWHERE, Stage
from .workshop import Made

SLIDERS = ("k", "weights", "epoch")  # many moves of one are one step back


class Explorer(Stage):
    """Maps side by side with their controls, the pane of details and the metric strip.

    Made by `explore`. Its attributes can be set: the controls follow. It holds state
    and redraws; the numbers come from graphs and layouts.

    Parameters
    ----------
    atlas, settings, mode, data
        As in `Stage`.
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
    epoch = Setting(
        "After which epoch, counted from 0, as in `Run.at`; None is the kept state."
    )
    weights = Setting(
        "Modality to weight in the refined and the sum space, from 0 to 2 in tenths; "
        "1 is the default weight 1/d_m. Other weights move neighbours and edges, while "
        "points stay where equal weights lay them out."
    )

    def __init__(
        self,
        atlas: Store,
        settings: Mapping[str, Any],
        mode: str,
        data: Dataset | None = None,
    ) -> None:
        self._listeners: list[Callable[[pd.DataFrame], None]] = []
        self._trained: dict[str, Any] = {}
        self._busy = False
        super().__init__(atlas, settings, mode, data)
        self._listen()

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
    def trained(self) -> dict[str, Any]:
        """Variant to the run that was trained with the form."""
        return dict(self._trained)

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
            Ids, row numbers, one of these, or a bool mask over all points; None or
            nothing clears. Whole numbers are positions, as in `Embedding.subset`.

        Raises
        ------
        ValueError
            If an id is unknown, a number out of range or a mask of another length.
        """
        self._choose(self._atlas.rows(ids))

    def search(self, text: str) -> pd.DataFrame:
        """Select the points in which every word occurs, and return them.

        Parameters
        ----------
        text
            Words looked for in ids, labels, predictions, texts and the metadata (but
            for measured numbers), whatever their case. Nothing, and what nowhere
            occurs, selects nothing.
        """
        rows = rows_with(self._desk.facts(self._focus), text)
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
            self.controls.offer("seed", self._atlas.seeds(moment.focus))
            for name, value in moment.settings._asdict().items():
                self.controls.set(name, value)
            self.controls.actions.search.value = ""
        self._rows, self._focus, self._pointed = moment.rows, moment.focus, NOWHERE
        self._redraw()
        self._tell()

    def code(self) -> str:
        """Return the code that makes this view again.

        Examples
        --------
        >>> from refnet_viz import Embedding, explore
        >>> view = explore(Embedding.from_arrays([[0.0], [1.0], [3.0]]), k=1)
        >>> view.select("0")
        >>> print(view.code())
        view = rv.explore(spaces, k=1)
        view.select(["0"])
        """
        return written(self._arguments())

    def __repr__(self) -> str:
        chosen = ", ".join(
            f"{name}={value!r}" for name, value in self._settings._asdict().items()
        )
        return f"Explorer({chosen}, selected={len(self._rows)})"

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
        done.saving.on_msg(of(self._save))
        self.map.on_msg(of(self._heard))
        self.detail.on_msg(of(self._heard))
        if self.workshop is not None:
            self.workshop.on_made(of(self._joined))

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
        moved = [name for name in SLIDERS if self.controls[name] is change["owner"]]
        self._history.leave(self._moment, by="".join(moved))
        self._redraw()

    def _typed(self, change: Any) -> None:
        if not self._busy:
            self.search(change["new"])

    def _joined(self, made: Made) -> None:
        """Show a variant that was trained here, in its own map if there is room."""
        name, rest = made.name, list(self.variants)
        if len(rest) == MOST:
            rest.remove(self._focus)
        self._trained[name] = made.run
        with self._quietly():
            self._atlas = self._atlas.joined(name, [made.embedding], made.earlier)
            self.controls.renew(self._atlas)
            self.controls.set("variants", [*rest, name])
            self._focus = name
            self.controls.offer("seed", self._atlas.seeds(name))
        self._history.leave(self._moment, by=f"training of {name}")
        self._redraw()

    def _asked(self, widget: Any, *_: Any) -> None:
        widget.send({"kind": "code", "text": self.code()})

    def _save(self, widget: Any, content: dict[str, Any], *_: Any) -> None:
        rows = self._rows if len(self._rows) else np.arange(len(self._atlas.first))
        table = self._desk.facts(self._focus).frame(rows)
        widget.send_file(content["words"][0], self.snapshot, table)

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
        rows = np.flatnonzero(inside(flat, xs, ys))
        self._turn_to(panel)
        self._choose(np.union1d(self._rows, rows) if extend else rows)

    def _clicked(self, panel: int, drawn: int, extend: Any = None) -> None:
        row = self._view.drawn[drawn]
        self._turn_to(panel)
        one = np.array([row], np.intp)
        self._choose(np.setxor1d(self._rows, one) if extend else one)

    def _hovered(self, panel: int, drawn: int) -> None:
        if drawn >= 0 and panel < len(self.variants):
            self._pointed = (self.variants[panel], int(self._view.drawn[drawn]))
            self._draw_detail()

    def _picked(self, code: int) -> None:
        """Select a class of the legend, as the map in focus shows it."""
        panel = self.variants.index(self._focus)
        self._choose(np.flatnonzero(self._view.hue.values[panel] == code))

    def _look_at(self, panel: int) -> None:
        self._turn_to(panel)
        self._redraw()

    def _turn_to(self, panel: int) -> None:
        """Bring a map into focus, with the seeds its variant has."""
        self._focus, self._pointed = self.variants[panel], NOWHERE
        with self._quietly():
            self.controls.offer("seed", self._atlas.seeds(self._focus))

    def _choose(self, rows: Rows, by: str = "", typed: str = "") -> None:
        self._history.leave(self._moment, by=by)
        self._rows, self._pointed = rows.astype(np.intp), NOWHERE
        with self._quietly():
            self.controls.actions.search.value = typed
        self._redraw()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener(self.selected)
