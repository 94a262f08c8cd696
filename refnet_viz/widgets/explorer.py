"""The explorer: one state, the maps and panes that show it, and what changes it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import display

from .. import _check
from ..data.dataset import Dataset
from ..explorer import ahead, panes, picture
from ..explorer.code import code_of
from ..explorer.filters import Filter
from ..explorer.inputs import rows_of
from ..explorer.legend import selected_by
from ..explorer.looked import Looks
from ..explorer.points import PointTable
from ..explorer.selection import ADD, ALONE, combined, grown, inverted, toggled
from ..explorer.state import MOST, History, State, clicked
from ..explorer.store import Store
from ..explorer.tags import COLUMN, checked_word
from ..explorer.view import View, inside
from ..explorer.wire import names, picks
from . import later
from .controls import setting_of
from .lifetime import close_all, forget, keep, weakly
from .meanwhile import Meanwhile
from .saving import Saving
from .screen import Screen
from .workshop import Made, Workshop

CLOSED = "this explorer is closed, as it is when its cell runs again: use the new one."
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
    names = Setting(
        '"auto" (names of up to 20 classes on maps that are large enough, of clusters '
        'where colour shows numbers), "always" or "never" on the maps.'
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
        self._looks = Looks(state.looks - 1)
        self._pointed: tuple[str, int] | None = None  # variant and row
        self._closed = False
        self._filtering = False
        self.screen = Screen(mode=state.mode, said=names(View(store, state)))
        self._meanwhile = Meanwhile(self.screen, weakly(self._show_computed))
        self._saving = Saving(self.screen)
        self.workshop = None
        if data is not None:
            runs = store.embeddings
            self.workshop = Workshop(runs.variants, data, rows_of(data, runs.first))
        self._widget = self._assemble()
        # ipywidgets keep every widget that is not closed.
        self._freed = weakref.finalize(self, _free, self._meanwhile, self._widget)
        self._freed.atexit = False
        self._redraw()
        self._listen()

    # What can be asked and done

    @property
    def widget(self) -> W.DOMWidget:
        """The widget, to be put into others; it lives until `close` is called."""
        keep(self)
        return self._widget

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
        (1 is best, 0 what the mean would answer), then the metadata and the tags, as
        far as they are known. Numbers are those of the variant in focus.
        """
        return self._view.frame(self.state.rows)

    @property
    def looked_at(self) -> pd.DataFrame:
        """One row a view whose numbers were shown here, in the order of the first look.

        Columns variants, baseline, space, metric, weights (modality to weight, empty
        where all are equal), epoch (None for the state that training kept) and k;
        ``attrs["looks"]`` is `looks`. Which seed is shown is not counted, as verdicts
        are on all seeds.

        Examples
        --------
        >>> from refnet_viz import Embedding, explore
        >>> view = explore(Embedding.from_arrays([[0.0], [1.0], [3.0]]), k=1)
        >>> view.k = 2
        >>> view.undo()
        >>> view.looked_at["k"].tolist(), view.looks
        ([1, 2], 2)
        """
        return self._looks.frame()

    @property
    def looks(self) -> int:
        """Number of views that were looked at, each once.

        The best of many looks good by chance: verdicts of the metric strip pay for all
        of them (Bonferroni), and undo takes none back. Set it to what another session
        had come to, as copied code does.
        """
        return self.state.looks

    @looks.setter
    def looks(self, count: int) -> None:
        self._looks.take_over(_check.integer("looks", count, low=1))
        self._redraw()

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

    def select(self, ids: Any, *, how: str = ALONE) -> None:
        """Select points as a lasso would.

        Parameters
        ----------
        ids
            Ids, row numbers, one of these, or a bool mask over all points; None or
            nothing clears. Whole numbers are positions, as in `Embedding.subset`.
        how
            "alone"; or "add", "remove" or "intersect" with what is selected.

        Raises
        ------
        ValueError
            If an id is unknown, a number out of range or a mask of another length, or
            `how` is none of these.
        """
        rows = self._store.embeddings.rows(ids)
        self.change(rows=combined(self.state.rows, rows, how))

    def invert(self) -> None:
        """Select what is not selected, and nothing else."""
        self.change(rows=inverted(self.state.rows, self._view.total))

    def grow(self) -> None:
        """Select the neighbours of what is selected, too, in the map in focus."""
        self.change(rows=grown(self.state.rows, self._table().graph.indices))

    def tag(self, word: str, ids: Any = None, *, column: str = COLUMN) -> None:
        """Give points a word; `tags` has it, and colour can show it.

        Parameters
        ----------
        word
            The tag; the empty one takes away what these points have.
        ids
            The points, as in `select`; None takes those that are selected.
        column
            Which column of tags; a point has one tag in each.

        Raises
        ------
        TypeError, ValueError
            If `word` or `column` is no text, `column` is the name of another colour, or
            there is no point to be tagged.

        Examples
        --------
        >>> from refnet_viz import Embedding, explore
        >>> view = explore(Embedding.from_arrays([[0.0], [1.0], [3.0]]), k=1)
        >>> view.tag("far", ["2"])
        >>> view.tags["tag"].tolist()
        [None, None, 'far']
        """
        runs = self._store.embeddings
        rows = self.state.rows if ids is None else runs.rows(ids)
        if not len(rows):
            raise ValueError("`ids` must hold a point to be tagged, got none.")
        name = self._store.tag_column(column)
        count = self._view.total
        tags = self.state.tags.put(name, checked_word(word), rows, count=count)
        self.change(tags=tags)

    @property
    def tags(self) -> pd.DataFrame:
        """One row a point, indexed by its id: a column of words for each of `tag`."""
        return self.state.tags.frame(self._store.embeddings.first.ids)

    def search(self, text: str) -> pd.DataFrame:
        """Select the points in which every word occurs, and return them.

        Parameters
        ----------
        text
            Words looked for in ids, labels, predictions, texts and the metadata (but
            for measured numbers), whatever their case. Nothing, and what nowhere
            occurs, selects nothing.
        """
        self._search(_check.instance("text", text, str))
        return self.selected

    def _search(self, text: str) -> None:
        """Select points by their words, without the numbers of their table."""
        rows = self._table().search(text)
        self.change(rows=rows, by="search", words=text)
        nowhere = f"no point has {text!r} in its words"
        self.screen.say(nowhere if text.strip() and not len(rows) else "")

    def on_select(self, callback: Callable[[pd.DataFrame], None]) -> None:
        """Call a function with `selected` whenever the selection changes."""
        if not callable(callback):
            kind = type(callback).__name__
            raise TypeError(f"`callback` must be a function, got {kind}.")
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
        beside = self._store.precomputed.arguments
        arguments = picture.arguments_of(self._view)
        return code_of(arguments, trainable=trainable, beside=beside)

    def snapshot(self) -> go.Figure:
        """Return what the maps show as a plain figure, to be saved or changed."""
        return picture.figure_of(replace(self._view, hurried=False))

    def close(self) -> None:
        """Free what the explorer holds in the kernel and in the page."""
        if self._closed:
            return
        self._freed()
        forget(self)
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
        self._meanwhile.ask(ahead.is_asked(before, state))
        reselected = not np.array_equal(before.rows, state.rows)
        # To look at another map changes nothing of what is shown.
        if not undone and state != replace(before, variant=state.variant):
            self._history.leave(before, by)
        if undone or reselected or state.variant != before.variant:
            self._pointed = None
        if self.workshop is not None and state.tags is not before.tags:
            self.workshop.offer_tags(self.tags)
        self._redraw(words, by)
        if reselected and self._listeners:
            selected = self.selected
            for listener in self._listeners:
                listener(selected)

    def _redraw(self, words: str = "", by: str = "") -> None:
        """Show the state, in one message."""
        view = View(self._store, self.state, hurried=later.possible())
        self._view = self._looked_at(view, by)
        with self.screen.hold_sync():
            self.screen.control(self._view, words=words, undoable=bool(self._history))
            self.screen.say("")
            self._draw()
        self._meanwhile.follow(self._view)

    def _draw(self) -> None:
        self.screen.draw(self._view)
        self._draw_picks()
        waits = self._view.hurried
        self._draw_strip(
            banded=not waits or self._view.has_bands,
            judged=not waits or self._view.has_questions,
        )
        self._draw_detail()

    def _draw_strip(self, *, banded: bool, judged: bool) -> None:
        self.screen.strip = panes.strip(self._view, banded=banded, judged=judged)

    def _looked_at(self, view: View, by: str = "") -> View:
        """Return a view, counted among those looked at if there are numbers."""
        if any(view.ready):
            self._looks.look(view.looked, by)
        self.state = replace(self.state, looks=self._looks.among(view.looked))
        return view.renewed(state=self.state)

    def _draw_picks(self) -> None:
        """Show what can be done with the selection, and the filters that are open."""
        self.screen.picks = picks(self._view)
        filters = self._filters() if self._filtering else []
        contents = [one.content(self.state.rows) for one in filters]
        self.screen.filters = {"each": contents}

    def _filters(self) -> list[Filter]:
        """Return the filters of the map in focus."""
        return self._table().filters(is_ready=self._view.ready[self._view.focus])

    def _draw_detail(self) -> None:
        self.screen.detail = panes.detail(self._view, self._pointed)

    def _table(self) -> PointTable:
        return self._view.tables[self._view.focus]

    def _assemble(self) -> W.DOMWidget:
        """Return the widget, or with a form for training both, one above the other."""
        if self.workshop is None:
            return self.screen
        self.workshop.add_class("rv-explorer")
        widget = W.VBox([self.screen, self.workshop])
        widget.add_class("rv-both")
        return widget

    def _display_(self) -> Screen:
        """Return what marimo shows: one widget, without the form for training."""
        keep(self)
        return self.screen

    def _ipython_display_(self) -> None:
        # Where no widgets are shown, nothing but the picture is worth reading.
        bundle: Any = self.widget._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle  # as anywidget has it
        display({**data, "text/plain": ""}, raw=True)
        self._meanwhile.leave_picture(self._view)

    def _show_computed(self, job: ahead.Job) -> View:
        """Show what a job computed; return the view that is shown then."""
        if job.kind in ahead.SHOWN:
            self._view = self._looked_at(self._view.renewed())
            self._draw()
        elif job.kind is ahead.Kind.BANDS:
            self._draw_strip(banded=True, judged=self._view.has_questions)
        elif job.kind is ahead.Kind.VERDICTS:
            self._draw_strip(banded=True, judged=True)
        elif job.kind is ahead.Kind.NAMES:
            self._view = self._view.renewed()
            self.screen.draw(self._view)
            self._draw_detail()
        elif job.kind is not ahead.Kind.PICTURE:
            self._draw_detail()
        return self._view

    # What is done to controls and maps

    def _listen(self) -> None:
        """Bind every event to its handler, in a way that lets errors be seen."""
        self.screen.on_msg(self.screen.heard(weakly(self._on_message)))
        if self.workshop is not None:
            self.workshop.on_made(self.screen.heard(weakly(self._join)))
            self.workshop.on_show(self.screen.heard(weakly(self._focus)))

    def _focus(self, name: str) -> None:
        self.change(variant=name)

    def _on_set(self, *moved: tuple[str, Any]) -> None:
        """Change settings by their controls; what is refused goes back."""
        try:
            for name, value in moved:
                if name == "search":
                    self._search(value)
                else:
                    self._move(name, value)
        finally:
            self.screen.send({"kind": "done"})

    def _move(self, name: str, value: Any) -> None:
        value = setting_of(self._store, self.state, name, value)
        try:
            state = self.state.changed(self._store, **{name: value})
        except ValueError as error:
            self.screen.say(str(error))
            return
        self._show(state, by=name if name in SLIDERS else "")

    def _join(self, made: Made) -> None:
        """Show a variant that was trained here, in its own map if there is room."""
        rest = list(self.state.variants)
        if len(rest) == MOST:
            rest.remove(self.state.variant)
        self._trained[made.name] = made.run
        self._store = self._store.joined(made.name, [made.embedding], made.earlier)
        patch: dict[str, Any] = {"variants": [*rest, made.name], "variant": made.name}
        if made.tags:
            name = self._store.tag_column(f"{made.tags} by {made.name}")
            patch |= {"tags": self.state.tags.filled(name, made.predicted)}
            patch |= {"color": name}
        self.change(**patch)

    def _send_code(self) -> None:
        self.screen.send({"kind": "code", "text": self.code()})

    def _save(self, which: str, columns: str = "", cells: str = "") -> None:
        safe = cells == "safe"
        self._saving.answer(which, columns, self.snapshot, self._view, safe=safe)

    def _on_message(self, _: Any, content: dict[str, Any], *__: Any) -> None:
        """Do what a page asks for."""
        handlers: dict[str, Callable[..., None]] = {
            "lasso": self._on_lasso,
            "click": self._on_click,
            "hover": self._on_hover,
            "focus": lambda panel: self.change(variant=self.state.variants[panel]),
            "class": self._on_class,
            "ground": self._on_ground,
            "clear": lambda: self.select(None),
            "set": self._on_set,
            "undo": self.undo,
            "cancel": self._meanwhile.cancel,
            "compute": self._meanwhile.begin,
            "pieces": lambda *names: self.screen.hand_over(list(names)),
            "save": self._save,
            "code": self._send_code,
            "invert": self.invert,
            "grow": self._on_grow,
            "tag": self._on_tag,
            "filters": self._on_filters,
            "range": self._on_range,
            "row": lambda row: self.change(rows=np.array([row], np.intp)),
        }
        handlers[content["kind"]](*content["words"])

    def _on_lasso(
        self, panel: int, xs: list[float], ys: list[float], extend: Any = None
    ) -> None:
        flat = self._view.panels[panel].layout.coordinates
        within = np.flatnonzero(inside(flat, xs, ys))
        joining = extend if isinstance(extend, str) else ADD if extend else ALONE
        rows = combined(self.state.rows, within, joining)
        self.change(rows=rows, variant=self.state.variants[panel])

    def _on_click(self, panel: int, place: int, extend: Any = None) -> None:
        row = int(self._view.drawn_rows[place])
        rows = clicked(self.state.rows, row, extend=bool(extend))
        self.change(rows=rows, variant=self.state.variants[panel])

    def _on_ground(self, panel: int) -> None:
        """Unpin points by a click where there is none; larger selections stay."""
        rows = self.state.rows
        rows = np.empty(0, np.intp) if self.state.pinned else rows
        self.change(rows=rows, variant=self.state.variants[panel])

    def _on_hover(self, panel: int, place: int) -> None:
        if place < 0 and len(self.state.rows) > 1 and self._pointed:
            self._pointed = None
            self._draw_detail()
        if place >= 0 and panel < len(self.state.variants):
            row = int(self._view.drawn_rows[place])
            self.screen.answer(self._view, place)
            if len(self.state.pinned) == 2 and row in self.state.pinned:
                return  # the two are being compared
            self._pointed = self.state.variants[panel], row
            self._draw_detail()
            lacking = len(self._view.beside(self._view.keys[panel]))
            if len(self.screen.detail["elsewhere"]) < lacking:
                self._meanwhile.follow(self._view)

    def _on_grow(self) -> None:
        if self._view.ready[self._view.focus]:
            self.grow()
        else:
            self.screen.say("neighbours are not computed yet")

    def _on_tag(self, word: str, column: str) -> None:
        try:
            self.tag(word, column=column or COLUMN)
        except ValueError as error:
            self.screen.say(str(error))

    def _on_filters(self, is_open: bool) -> None:  # noqa: FBT001  as it arrives
        self._filtering = is_open
        self._draw_picks()

    def _on_range(self, name: str, first: int, last: int, how: str) -> None:
        """Select the points of some bins of a filter."""
        by_name = {one.name: one for one in self._filters()}
        members = by_name[name].rows(first, last)
        self.change(rows=toggled(self.state.rows, members, how))

    def _on_class(self, codes: list[int], how: str) -> None:
        """Select classes of the legend, as the map in focus shows them."""
        points = self._view.coloring.values[self._view.focus]
        self.change(rows=selected_by(points, self.state.rows, codes, how))


def _free(meanwhile: Meanwhile, widget: W.DOMWidget) -> None:
    """End what is computed for a view, and close its widgets."""
    meanwhile.close()
    close_all(widget)
