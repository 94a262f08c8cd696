"""The panes below and beside the maps, as widgets that show nested plain values."""

from __future__ import annotations

import anywidget
import traitlets

from ..explorer.help import terms
from .scripts import pane


class Detail(anywidget.AnyWidget):
    """The pane of one point or a selection; its script makes text nodes of every word.

    A neighbour that is chosen arrives as a message ``{"kind": "row", "words": [row]}``.
    """

    _esm = pane("drawDetail", "rv-detail", "details", "detail.js")
    content = traitlets.Dict().tag(sync=True)
    terms = traitlets.Dict(terms()).tag(sync=True)


class Strip(anywidget.AnyWidget):
    """The table of metrics; its script makes text nodes of every word."""

    _esm = pane("drawStrip", "rv-strip", "metrics", "strip.js")
    content = traitlets.Dict().tag(sync=True)
    terms = traitlets.Dict(terms()).tag(sync=True)
