"""A button that copies the code of a view."""

from __future__ import annotations

import anywidget

from .scripts import bound


class Code(anywidget.AnyWidget):
    """A button that asks for the code and puts it on the clipboard."""

    _esm = bound("dom.js", to="code.js")
