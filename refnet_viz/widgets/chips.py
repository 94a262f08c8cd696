"""Buttons that are on or off: the variants side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as W
import traitlets

from ..plot.text import cut


class Chips(W.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """One toggle a variant; `value` are those that are on, in the toggles' order."""

    value = traitlets.Tuple()

    def __init__(self, description: str) -> None:
        self.row = W.HBox()
        self.row.add_class("rv-chips")
        self.buttons: dict[str, W.ToggleButton] = {}
        self._showing = False
        super().__init__([W.Label(description), self.row])

    def show(self, value: Sequence[str], names: Sequence[str]) -> None:
        """Show which of some variants are on.

        Parameters
        ----------
        value
            Those that are on.
        names
            All of them.
        """
        self._showing = True
        try:
            for name in names:
                if name not in self.buttons:
                    self.buttons[name] = self._toggle(name)
            if len(self.row.children) != len(self.buttons):
                self.row.children = tuple(self.buttons.values())
            for name, toggle in self.buttons.items():
                toggle.value = name in value
            self.value = tuple(value)
        finally:
            self._showing = False

    def _toggle(self, name: str) -> W.ToggleButton:
        tip = f"show {name}, or not"
        toggle = W.ToggleButton(description=cut(name), tooltip=tip)
        toggle.observe(self._toggled, "value")
        return toggle

    def _toggled(self, _: Any) -> None:
        if not self._showing:
            buttons = self.buttons.items()
            self.value = tuple(name for name, toggle in buttons if toggle.value)
