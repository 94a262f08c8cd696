"""A button that brings the map of a variant into view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from .scripts import bound


class Showing(anywidget.AnyWidget):
    """A button that names a variant; without a name it is hidden.

    Attributes
    ----------
    name
        The variant.
    """

    _esm = bound("dom.js", to="showing.js")
    name = traitlets.Unicode().tag(sync=True)

    def on_show(self, callback: Callable[[str], None]) -> None:
        """Call a function with the name when the button is pressed.

        Parameters
        ----------
        callback
            Puts the variant into focus; the page then scrolls to its map.
        """

        def asked(_: Any, content: dict[str, Any], __: Any) -> None:
            if content.get("kind") == "show" and self.name:
                callback(self.name)

        self.on_msg(asked)
