"""The maps as a widget: one message a redraw."""

from __future__ import annotations

import anywidget
import numpy as np
import traitlets

from ..explorer.help import terms
from ..explorer.scripts import SCENE, script, style
from ..explorer.view import View
from ..explorer.wire import messages, neighbors, pinned
from .scripts import HERE


class Map(anywidget.AnyWidget):
    """Maps side by side, with their legend.

    Every trait is plain values and arrays as bytes; a page that is loaded again, or
    shows the widget a second time, starts from them. What is done to a map arrives as
    a message ``{"kind": ..., "words": [...]}``: "lasso" (panel, xs, ys, whether to
    extend), "click" (panel, drawn row, whether to extend), "hover" (panel, drawn row
    or -1), "class" (codes of a legend entry, how), "focus" (panel), "ground" (panel; a
    click where no point is) and "clear".
    """

    _esm = script(*SCENE, HERE / "names.js", HERE / "map.js")
    _css = style()
    mode = traitlets.Unicode("light").tag(sync=True)
    said = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)
    places = traitlets.Dict().tag(sync=True)
    edges = traitlets.Dict().tag(sync=True)
    colors = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    key = traitlets.Dict().tag(sync=True)
    near = traitlets.Dict().tag(sync=True)
    terms = traitlets.Dict(terms()).tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)

    def show(self, view: View) -> None:
        """Show a view in one message; what is already right is not sent again."""
        with self.hold_sync():
            for name, content in messages(view).items():
                setattr(self, name, content)

    def answer(self, view: View, place: int) -> None:
        """Send the neighbours of one drawn point, where those of all are too many.

        Those of pinned points go along: they are shown again afterwards.
        """
        if self.near["lists"] and "rows" not in self.near:
            return
        near = neighbors(view, list(dict.fromkeys([place, *pinned(view)])))
        near["lists"] = [
            {**each, "values": np.frombuffer(each["values"], "<u2").tolist()}
            for each in near["lists"]
        ]
        if near["lists"]:
            self.send({"kind": "near", "near": near})
