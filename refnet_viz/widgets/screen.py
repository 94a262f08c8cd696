"""The explorer as one widget: controls, maps, legend, panes, progress and notices."""

from __future__ import annotations

import hashlib
import io
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import anywidget
import numpy as np
import traitlets
from IPython import get_ipython

from ..explorer.help import terms
from ..explorer.scripts import COUNTED, MORE, PANES, SCENE, script, style
from ..explorer.view import View
from ..explorer.wire import messages, named, neighbors, number_kind, pinned
from . import controls
from .scripts import HERE

Handler = Callable[..., None]

# Arrays of more bytes stand in a trait by name, and each comes in a message of its own
# when a page asks for it: none is larger than that of the most points that are drawn.
INLINE = 250_000


class Screen(anywidget.AnyWidget):
    """All that an explorer shows; its script makes text nodes of every word.

    Every trait is plain values and arrays as bytes; a page that is loaded again, or
    shows the widget a second time, starts from them. What is done arrives as a message
    ``{"kind": ..., "words": [...]}``: "set" (pairs of the name of a setting, or
    "search", and its value), "undo", "clear", "cancel", "save" (kind of file), "code",
    "row" (row of a neighbour), "invert", "grow", "tag" (word, column), "filters"
    (whether they are open), "range" (name of a filter, first and last bin, how), and
    of a map "lasso" (panel, xs, ys, whether to
    extend), "click" (panel, drawn row, whether to extend), "hover" (panel, drawn row
    or -1), "class" (codes of a legend entry, how), "focus" (panel) and "ground" (panel;
    a click where no point is). "set" is
    answered by a message "done", before which the page sends no other. "pieces"
    (names) asks for arrays that a trait names, ``{"piece": name, "size": bytes}``;
    "compute" for what takes long and has to be asked for.
    """

    _esm = script(
        *SCENE,
        *COUNTED,
        MORE,
        *PANES,
        HERE / "names.js",
        HERE / "picks.js",
        HERE / "filters.js",
        HERE / "saving.js",
        HERE / "code.js",
        HERE / "screen.js",
    )
    _css = style()
    mode = traitlets.Unicode("light").tag(sync=True)
    offers = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)
    places = traitlets.Dict().tag(sync=True)
    edges = traitlets.Dict().tag(sync=True)
    colors = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    key = traitlets.Dict().tag(sync=True)
    near = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    strip = traitlets.Dict().tag(sync=True)
    picks = traitlets.Dict({"count": 0}).tag(sync=True)
    filters = traitlets.Dict().tag(sync=True)
    terms = traitlets.Dict(terms()).tag(sync=True)
    progress = traitlets.Dict({"words": "", "cancel": False}).tag(sync=True)
    notice = traitlets.Dict({"words": "", "output": ""}).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._pieces: dict[str, bytes] = {}
        super().__init__(**traits)

    def draw(self, view: View) -> None:
        """Show the maps of a view in one message; what is right is not sent again."""
        pieces: dict[str, bytes] = {}
        with self.hold_sync():
            for name, content in messages(view).items():
                setattr(self, name, apart(content, pieces))
        self._pieces = pieces

    def hand_over(self, names: list[str]) -> None:
        """Send arrays that a page lacks; it has a newer message where one is gone."""
        for name in names:
            if name in self._pieces:
                self.send({"kind": "piece", "name": name}, [self._pieces[name]])

    def control(self, view: View, *, words: str, undoable: bool) -> None:
        """Show what can be set and what is.

        Parameters
        ----------
        view
            What is shown.
        words
            Words of the search.
        undoable
            Whether there is a step back.
        """
        self.offers = controls.offers(view.store, view.state)
        self.settings = {
            "values": controls.values(view.state),
            "words": words,
            "undo": undoable,
            "clear": bool(len(view.state.rows)),
        }

    def answer(self, view: View, place: int) -> None:
        """Send the neighbours of one drawn point, where those of all are too many.

        Those of pinned points go along: they are shown again afterwards. Where the page
        has no names of the points, that of this one is sent, too.
        """
        if not self.said["names"]:
            self.send({"kind": "named", "place": place, **named(view, place)})
        if self.near["lists"] and "rows" not in self.near:
            return
        near = neighbors(view, list(dict.fromkeys([place, *pinned(view)])))
        kind = number_kind(near["count"])
        near["lists"] = [
            {**each, "values": np.frombuffer(each["values"], kind).tolist()}
            for each in near["lists"]
        ]
        if near["lists"]:
            self.send({"kind": "near", "near": near})

    # What is said

    def compute(self, words: str, part: float, seconds: float) -> None:
        """Say what is computed, with a button that cancels it.

        Parameters
        ----------
        words
            What it is.
        part
            Part that is done, from 0 to 1; 0 where it is unknown.
        seconds
            Seconds since it began.
        """
        text = f"computing: {words}"
        if part:
            text += f", {part:.0%}"
        if seconds >= 1:
            text += f", {seconds:.0f} s"
        self.progress = {"words": text, "cancel": True}

    def rest(self, words: str = "") -> None:
        """Say that nothing is computed any more, and why if there is a reason."""
        self.progress = {"words": words, "cancel": False}

    def wait(self, words: str) -> None:
        """Say what is not computed until it is asked for, with a button that asks."""
        self.progress = {"words": words, "cancel": False, "begin": True}

    def say(self, words: str) -> None:
        """Show a sentence in the line of the tools, or nothing."""
        self.notice = {**self.notice, "words": words}

    def heard(self, handler: Handler) -> Handler:
        """Return a handler of events whose errors and prints are shown.

        A notebook shows neither by itself, since no cell runs. Outside notebooks
        errors are raised.
        """

        def run(*event: Any) -> None:
            printed = io.StringIO()
            try:
                with redirect_stdout(printed):
                    handler(*event)
            except Exception as error:
                words = f"{type(error).__name__}: {error}"
                output = printed.getvalue() + traceback.format_exc()
                self.notice = {"words": words, "output": output}
                if not hasattr(get_ipython(), "kernel"):
                    raise
            else:
                # Closed within: there is nothing left to show it.
                if self.notice["output"] != printed.getvalue():
                    self.notice = {**self.notice, "output": printed.getvalue()}

        return run


def apart(content: Any, pieces: dict[str, bytes]) -> Any:
    """Return plain values with the name of each large array in its place.

    Parameters
    ----------
    content
        Plain values and bytes.
    pieces
        Takes the arrays by name, which is a digest of their bytes.

    Examples
    --------
    >>> pieces = {}
    >>> apart({"x": b"few"}, pieces), list(pieces)
    ({'x': b'few'}, [])
    >>> apart([bytes(300_000)], pieces)[0]["size"], [len(b) for b in pieces.values()]
    (300000, [300000])
    """
    if isinstance(content, dict):
        return {name: apart(each, pieces) for name, each in content.items()}
    if isinstance(content, list):
        return [apart(each, pieces) for each in content]
    if isinstance(content, bytes) and len(content) > INLINE:
        name = hashlib.blake2b(content, digest_size=16).hexdigest()
        pieces[name] = content
        return {"piece": name, "size": len(content)}
    return content
