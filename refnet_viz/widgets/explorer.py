"""The explorer: one state, the maps and panes that show it, and what changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import display

from .._beside import beside
from .._progress import Cancelled
from ..data.dataset import Dataset
from ..explorer import ahead, panes, picture
from ..explorer.code import code_of
from ..explorer.inputs import rows_of
from ..explorer.legend import selected_by
from ..explorer.points import PointTable, class_words
from ..explorer.state import MOST, History, State
from ..explorer.store import JUDGED_AT_ONCE, Store
from ..explorer.view import View, drawn_rows_of, inside
from . import later
from .controls import Controls
from .lifetime import close_all
from .map import Map
from .notice import Notice, Progress
from .panes import Detail, Strip
from .workshop import Made, Workshop

CLOSED = "this explorer is closed, as it is when its cell runs again: use the new one."
SOON, TICK = 0.3, 0.5  # seconds until work is told, and between two reports
SLIDERS = ("k", "weights", "epoch")  # many moves of one are one step back


class Setting:
    """Setting of the explorer as an attribute: reading and changing its state."""

    def __init__(self, text: str) -> None:
        self.__doc__ = text

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = getattr(instance.state, self.name)
        return dict(value) if isinstance(value, Mapping) else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.change(**{self.name: value})


class Explorer:
    """Maps side by side with their controls, the pane of details and the metric strip.

    Made by `explore`. Its attributes can be set: the controls follow.

    Parameters
    ----------
    store
        Embeddings, graphs and layouts.
    state
        What is shown at first.
    data
        What other variants can be trained on, None for no such form.
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
    variant = Setting(
        "The variant in focus: the one that details and a new seed refer to. One that "
        "is not shown takes the place of the one in focus."
    )

    def __init__(self, store: Store, state: State, data: Dataset | None = None) -> None:
        self._store, self.state = store, state
        self._listeners: list[Callable[[pd.DataFrame], None]] = []
        self._trained: dict[str, Any] = {}
        self._history = History()
        self._pointed: tuple[str, int] | None = None  # variant and row
        self._closed = False
        self._running: tuple[ahead.Job, later.Background] | None = None
        self._jobs: Iterator[ahead.Job] = iter(())
        self._stopped = self._ticking = False
        self._still = ("", "")
        self._progress = Progress()
        self._display: Any = None
        self._outdated = False  # the still picture
        self._notice = Notice()
        self.controls = Controls(store, state, self._notice.of(self._moved))
        self.map = Map(mode=state.mode, said=self._point_names())
        self.detail, self.strip = Detail(), Strip()
        self.workshop = None
        if data is not None:
            runs = store.embeddings
            self.workshop = Workshop(runs.variants, data, rows_of(data, runs.first))
        self.widget = self._assemble()
        self._redraw()
        self._listen()

    # What can be asked and done

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
        return self._table().frame(self.state.rows)

    def change(self, *, by: str = "", words: str = "", **patch: Any) -> None:
        """Change settings, selection or focus; controls, maps and panes follow.

        Parameters
        ----------
        by
            Name of a control that moves in many small steps, which are undone as one.
        words
            Words of the search that selects.
        patch
            New values of attributes; ``selected`` are ids.

        Raises
        ------
        ValueError
            If a value is none that can be chosen; nothing has changed then.

        Examples
        --------
        >>> from refnet_viz import Embedding, explore
        >>> view = explore(Embedding.from_arrays([[0.0], [1.0], [3.0]]), k=1)
        >>> view.change(k=2, layout="pca", selected=["0"])
        >>> view.k, view.selected["id"].tolist()
        (2, ['0'])
        """
        self._show(self.state.changed(self._store, **patch), by=by, words=words)

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
        self.change(selected=ids)

    def search(self, text: str) -> pd.DataFrame:
        """Select the points in which every word occurs, and return them.

        Parameters
        ----------
        text
            Words looked for in ids, labels, predictions, texts and the metadata (but
            for measured numbers), whatever their case. Nothing, and what nowhere
            occurs, selects nothing.
        """
        rows = self._table().search(text)
        self.change(rows=rows, by="search", words=text)
        nowhere = f"no point has {text!r} in its words"
        self._notice.say(nowhere if text.strip() and not len(rows) else "")
        return self.selected

    def on_select(self, callback: Callable[[pd.DataFrame], None]) -> None:
        """Call a function with `selected` whenever the selection changes."""
        self._listeners.append(callback)

    def undo(self) -> None:
        """Go back to the state before the last change; where there is none, stay."""
        state = self._history.back()
        if state is not None:
            self._show(state, undone=True)

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
        trainable = self.workshop is not None
        return code_of(picture.arguments_of(self._view), trainable=trainable)

    def snapshot(self) -> go.Figure:
        """Return what the maps show as a plain figure, to be saved or changed."""
        return picture.figure_of(replace(self._view, hurried=False))

    def close(self) -> None:
        """Free what the explorer holds in the kernel and in the page."""
        if self._closed:
            return
        if self._running is not None:
            self._running[1].cancel()
        close_all(self.widget)
        # Notebooks keep whatever a cell has returned; this leaves them an empty shell.
        vars(self).clear()
        self._closed = True

    if not TYPE_CHECKING:  # for which every attribute would exist

        def __getattr__(self, name: str) -> Any:
            """Say why a closed explorer has nothing left."""
            if vars(self).get("_closed"):
                raise RuntimeError(CLOSED)
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            )

    def __repr__(self) -> str:
        settings = self.state.settings().items()
        text = ", ".join(f"{name}={value!r}" for name, value in settings)
        return f"Explorer({text}, selected={len(self.state.rows)})"

    # From a state to what is seen

    def _show(
        self, state: State, *, by: str = "", words: str = "", undone: bool = False
    ) -> None:
        """Show a state, and leave the present one to the history."""
        before, self.state = self.state, state
        reselected = not np.array_equal(before.rows, state.rows)
        # To look at another map changes nothing of what is shown.
        if not undone and state != replace(before, variant=state.variant):
            self._history.leave(before, by)
        if undone or reselected or state.variant != before.variant:
            self._pointed = None
        self._redraw(words)
        if reselected and self._listeners:
            selected = self.selected
            for listener in self._listeners:
                listener(selected)

    def _redraw(self, words: str = "") -> None:
        """Show the state: one message for the maps, one for each pane."""
        self._view = View(self._store, self.state, hurried=later.possible())
        self.controls.show(self._store, self.state, words=words)
        actions = self.controls.actions
        actions.clear.disabled = not len(self.state.rows)
        actions.undo.disabled = not self._history
        self._notice.say("")
        self._draw()
        self._compute_later()

    def _draw(self) -> None:
        self.map.show(self._view)
        self._draw_strip(banded=not self._view.hurried or self._view.has_bands)
        self._draw_detail()

    def _draw_strip(self, *, banded: bool) -> None:
        self.strip.content = panes.strip(self._view, banded=banded)

    def _draw_detail(self) -> None:
        self.detail.content = panes.detail(self._view, self._pointed)

    def _table(self) -> PointTable:
        return self._view.tables[self._view.focus]

    def _point_names(self) -> dict[str, list[str]]:
        """Return names and labels of the points, for when they are pointed at."""
        first = self._store.embeddings.first
        rows, words = drawn_rows_of(len(first)), class_words(first, first.labels)
        labels = [] if words is None else [words[row] for row in rows]
        return {"names": first.ids[rows].tolist(), "words": labels}

    def _assemble(self) -> W.VBox:
        main = W.HBox([self._notice.status, self._progress, self.map, self.detail])
        main.add_class("rv-main")
        workshop = [] if self.workshop is None else [self.workshop]
        below = [self.strip, *workshop, self._notice.errors]
        widget = W.VBox([*self.controls.bars(), main, *below])
        for name in ("rv-explorer", f"rv-{self.state.mode}"):
            widget.add_class(name)
        return widget

    def _ipython_display_(self) -> None:
        # Where no widgets are shown, nothing but the picture is worth reading.
        display(self.widget._repr_mimebundle_() | {"text/plain": ""}, raw=True)
        # Of many points it comes when there is nothing else to show.
        many = self._view.hurried and self._view.total > JUDGED_AT_ONCE
        self._still = (picture.words_only if many else picture.still)(self._view)
        self._outdated = many or bool(self._view.missing_layouts)
        self._display = display(_bundle(*self._still), raw=True, display_id=True)
        self._compute_later()

    # What happens meanwhile

    def _compute_later(self) -> None:
        """Compute what the view left for later; what runs for it goes on."""
        if not later.possible():
            return
        self._jobs = ahead.jobs(self._view)
        self._stopped = False
        if self._running is None:
            self._compute()
        elif not ahead.is_needed(self._running[0], self._view):
            self._running[1].cancel()

    def _compute(self) -> None:
        """Begin the next job, if there is one and nothing else is to be done first."""
        job = next(self._jobs, None)
        if self._outdated and (job is None or job.kind not in ahead.SHOWN):
            if job is not None:
                self._jobs = chain([job], self._jobs)
            job = self._still_job()
        if job is None:
            self._progress.hide()
            return
        done = self._notice.of(partial(self._computed, job))
        self._running = job, later.Background(job.work, done)
        self._report()

    def _report(self) -> None:
        """Say what runs and how far it is, now and as long as it runs."""
        if self._running is None:
            return
        job, running = self._running
        if job.kind in ahead.SHOWN or running.seconds > SOON:
            self._progress.show(job.words, running.part, running.seconds)
        if not self._ticking:
            self._ticking = True
            later.soon(self._tick, TICK)

    def _tick(self) -> None:
        if not self._closed:
            self._ticking = False
            self._report()

    def _cancel(self) -> None:
        """Stop what is computed for later, until something changes."""
        self._stopped = True
        if self._running is not None:
            self._running[1].cancel()

    def _computed(self, job: ahead.Job, error: BaseException | None) -> None:
        """Show what a job computed, and begin the next one."""
        if self._closed:
            return
        self._running = None
        if self._stopped:
            self._progress.hide(f"stopped before: {job.words}; a change goes on")
            return
        if error is not None and not isinstance(error, Cancelled):
            self._progress.hide()
            raise error
        self._show_computed(job)
        self._compute()

    def _show_computed(self, job: ahead.Job) -> None:
        if job.kind in ahead.SHOWN:
            self._view = self._view.renewed()
            self._draw()
            self._outdated = self._outdated or job.kind is ahead.Kind.LAYOUT
        elif job.kind is ahead.Kind.BANDS:
            self._draw_strip(banded=True)
        elif job.kind is ahead.Kind.PICTURE:
            later.soon(self._put_still)
        else:
            self._draw_detail()

    def _still_job(self) -> ahead.Job:
        """Return the job that draws what the maps show now, for a saved notebook."""
        self._outdated, view = False, self._view

        def draw() -> None:
            self._still = picture.still(view, beside().call)

        words = "picture for the saved notebook"
        return ahead.Job(ahead.Kind.PICTURE, view.keys[0], words, draw)

    def _put_still(self) -> None:
        """Show the picture; where errors are caught it would go astray."""
        if self._display is not None and not self._closed:
            self._display.update(_bundle(*self._still), raw=True)

    # What is done to controls and maps

    def _listen(self) -> None:
        """Bind every event to its handler, in a way that lets errors be seen."""
        of, actions = self._notice.of, self.controls.actions
        self._progress.on_cancel(of(self._cancel))
        actions.clear.on_click(of(lambda _: self.select(None)))
        actions.undo.on_click(of(lambda _: self.undo()))
        actions.search.observe(of(self._typed), "value")
        actions.code.on_msg(of(self._send_code))
        actions.saving.on_msg(of(self._save))
        self.map.on_msg(of(self._on_message))
        self.detail.on_msg(of(self._on_message))
        if self.workshop is not None:
            self.workshop.on_made(of(self._join))
            self.workshop.on_show(of(lambda name: self.change(variant=name)))

    def _moved(self, name: str, value: Any) -> None:
        """Change a setting by its control, which goes back where it must not stand."""
        try:
            state = self.state.changed(self._store, **{name: value})
        except ValueError as error:
            self.controls.reset()
            self._notice.say(str(error))
            return
        self._show(state, by=name if name in SLIDERS else "")

    def _typed(self, change: Any) -> None:
        if not self.controls.showing:
            self.search(change["new"])

    def _join(self, made: Made) -> None:
        """Show a variant that was trained here, in its own map if there is room."""
        rest = list(self.state.variants)
        if len(rest) == MOST:
            rest.remove(self.state.variant)
        self._trained[made.name] = made.run
        self._store = self._store.joined(made.name, [made.embedding], made.earlier)
        self.change(variants=[*rest, made.name], variant=made.name)

    def _send_code(self, widget: Any, *_: Any) -> None:
        widget.send({"kind": "code", "text": self.code()})

    def _save(self, widget: Any, content: dict[str, Any], *_: Any) -> None:
        widget.answer(content["words"], self.snapshot, self._view)

    def _on_message(self, _: Any, content: dict[str, Any], *__: Any) -> None:
        """Do what a page asks for."""
        handlers: dict[str, Callable[..., None]] = {
            "lasso": self._on_lasso,
            "click": self._on_click,
            "hover": self._on_hover,
            "focus": lambda panel: self.change(variant=self.state.variants[panel]),
            "class": self._on_class,
            "clear": lambda: self.select(None),
            "row": lambda row: self.change(rows=np.array([row], np.intp)),
        }
        handlers[content["kind"]](*content["words"])

    def _on_lasso(
        self, panel: int, xs: list[float], ys: list[float], extend: Any = None
    ) -> None:
        flat = self._view.panels[panel].layout.coordinates
        rows = np.flatnonzero(inside(flat, xs, ys))
        rows = np.union1d(self.state.rows, rows) if extend else rows
        self.change(rows=rows, variant=self.state.variants[panel])

    def _on_click(self, panel: int, place: int, extend: Any = None) -> None:
        rows = self._view.drawn_rows[[place]]
        rows = np.setxor1d(self.state.rows, rows) if extend else rows
        self.change(rows=rows, variant=self.state.variants[panel])

    def _on_hover(self, panel: int, place: int) -> None:
        if place >= 0 and panel < len(self.state.variants):
            row = int(self._view.drawn_rows[place])
            self._pointed = self.state.variants[panel], row
            self.map.answer(self._view, place)
            self._draw_detail()
            lacking = len(self._view.beside(self._view.keys[panel]))
            if len(self.detail.content["elsewhere"]) < lacking:
                self._compute_later()

    def _on_class(self, codes: list[int], how: str) -> None:
        """Select classes of the legend, as the map in focus shows them."""
        points = self._view.coloring.values[self._view.focus]
        self.change(rows=selected_by(points, self.state.rows, codes, how))


def _bundle(image: str, alt: str) -> dict[str, str]:
    """Return a still picture and its words as a notebook keeps them."""
    return {"text/html": image, "text/plain": alt}
