"""Menu of files that a page can save: maps, points, graph, page, or all in one zip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import anywidget
import numpy as np
import plotly.graph_objects as go

from .._beside import beside
from .._progress import Cancelled
from ..explorer import colors
from ..explorer.view import View
from ..explorer.wire import MANY
from ..plot.panels import PAGES
from ..share import bundle
from . import later

FIGURES = ("png", "svg", "pdf", "html", "manifest")
TYPES = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "manifest": "application/json",
    "table": "text/csv",
    "graphml": "application/graphml+xml",
    "edges": "text/csv",
    "page": "text/html",
    "all": "application/zip",
}
OF_GRAPH = ("table", "graphml", "edges")
WIDTHS = {"": None, **{f"{columns:g}": page for columns, page in PAGES.items()}}


class Saving:
    """Files that a page asks for: the kernel writes, the page saves.

    `answer` sends the file, or in one sentence why there is none. In a notebook it is
    written in a process beside the kernel, which stays free.

    Parameters
    ----------
    screen
        Widget that asks, and is answered.
    """

    def __init__(self, screen: anywidget.AnyWidget) -> None:
        self._screen = screen
        self._running: later.Background | None = None
        self._file: bundle.File = ("", b"")

    def answer(
        self,
        which: str,
        columns: str,
        snapshot: Callable[[], go.Figure],
        view: View,
        *,
        safe: bool = False,
    ) -> None:
        """Send a file to the page, when it is written.

        Parameters
        ----------
        which
            One of `TYPES`.
        columns
            A key of `WIDTHS`.
        snapshot
            Makes the maps as a figure.
        view
            What the explorer shows.
        safe
            As in `refnet_viz.save`, for what is a table.
        """
        if self._running is not None:
            return
        try:
            write, arguments = task(which, WIDTHS[columns], snapshot, view, safe=safe)
            if not later.possible():
                self._file = write(*arguments)
                self._hand_over(which, note(which, view))
                return
        except (ValueError, OSError) as error:
            self._screen.send({"kind": "failed", "text": str(error)})
            return
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._screen.send({"kind": "failed", "text": text})
            raise
        work = partial(self._write, write, arguments)
        finish = partial(self._written, which, note(which, view))
        self._running = later.Background(work, finish)

    def _write(self, write: Callable[..., bundle.File], arguments: Any) -> None:
        self._file = beside().call(write, *arguments)

    def _written(self, which: str, words: str, error: BaseException | None) -> None:
        self._running = None
        if self._screen.comm is None:  # closed meanwhile
            return
        if error is None:
            self._hand_over(which, words)
            return
        text = "stopped" if isinstance(error, Cancelled) else str(error)
        self._screen.send({"kind": "failed", "text": text or type(error).__name__})

    def _hand_over(self, which: str, words: str) -> None:
        name, content = self._file
        self._file = ("", b"")
        message = {"kind": "file", "name": name, "type": TYPES[which], "note": words}
        self._screen.send(message, [content])


def task(
    which: str,
    width: int | None,
    snapshot: Callable[[], go.Figure],
    view: View,
    *,
    safe: bool = False,
) -> tuple[Callable[..., bundle.File], tuple[Any, ...]]:
    """Return the function that writes a file, and its arguments: plain values.

    Parameters
    ----------
    which
        One of `TYPES`.
    width
        Pixels of the maps, None as on a screen.
    snapshot, view, safe
        As in `Saving.answer`.
    """
    state = view.state
    tabled = which in OF_GRAPH or (which == "all" and len(state.rows) > 0)
    if tabled and not view.ready[view.focus]:
        raise ValueError("neighbours are not computed yet")
    if which in FIGURES:
        return bundle.maps_file, (snapshot(), which, width)
    if which == "table":
        rows = state.rows if len(state.rows) else np.arange(view.total)
        return partial(bundle.points_file, safe=safe), (view.frame(rows),)
    if which in {"graphml", "edges"}:
        graph = view.store.graph(view.keys[view.focus], state.k)
        if which == "graphml":
            return bundle.graph_file, (graph, which)
        return partial(bundle.graph_file, safe=safe), (graph, "csv")
    if which == "page":
        return bundle.page_file, (view.store.embeddings.variants, settings_of(view))
    table = view.frame(state.rows) if len(state.rows) else None
    return partial(bundle.everything, safe=safe), (snapshot(), table, width)


def settings_of(view: View) -> dict[str, Any]:
    """Return the arguments of `export_html` with which a page begins as a view.

    Parameters
    ----------
    view
        What the explorer shows.
    """
    state = view.state
    names = ("variants", "k", "space", "layout", "color", "baseline", "looks")
    settings = {name: getattr(state, name) for name in names}
    if state.color in state.tags.columns:
        settings["color"] = "label"
    if state.color in colors.OF_GRAPH and view.total > MANY:
        settings["color"] = "label"  # a page may lack some neighbours of many points
    return settings


def note(which: str, view: View) -> str:
    """Return what a file lacks of a view, in words; mostly nothing.

    Parameters
    ----------
    which
        One of `TYPES`.
    view
        What the explorer shows.
    """
    if which != "page":
        return ""
    state = view.state
    weighted = any(weight != 1 for weight in (state.weights or {}).values())
    lacks = {
        "weights": weighted,
        "earlier epochs": state.epoch is not None,
        "tags": bool(len(state.tags)),
        "cosine distances": state.metric != "euclidean",
    }
    words = [name for name, lacking in lacks.items() if lacking]
    return f"without {' and '.join(words)}" if words else ""
