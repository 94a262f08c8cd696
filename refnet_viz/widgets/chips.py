"""Buttons that are on or off: which variants are shown side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as W
import traitlets

from ..explorer.state import MOST, checked, count_rule
from ..explorer.words import cut


class Chips(W.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """One toggle a variant; from one to four are on, in the order they were given.

    A toggle that would leave none or be the fifth goes back, and `refused` says why.
    """

    value = traitlets.Tuple()
    refused = traitlets.Unicode()

    def __init__(self, names: Sequence[str], description: str) -> None:
        self.row = W.HBox()
        self.row.add_class("rv-chips")
        label = W.Label(description)
        self._setting = False
        super().__init__([label, self.row])
        self.buttons: dict[str, W.ToggleButton] = {}
        self.offer(names)
        self.set(names[:1])

    def offer(self, names: Sequence[str]) -> None:
        """Change what there is to show."""
        for name in names:
            if name not in self.buttons:
                tip = f"show {name}, or not"
                toggle = W.ToggleButton(description=cut(name), tooltip=tip)
                toggle.observe(self._toggled, "value")
                self.buttons[name] = toggle
        self.row.children = tuple(self.buttons.values())

    def set(self, names: Any) -> None:
        """Show these variants.

        Raises
        ------
        ValueError
            If a name is unknown or repeats, or there are not one to four.
        """
        given = checked(names, self.buttons)
        self._press(given)
        self.value = given

    def _press(self, names: Sequence[str]) -> None:
        self._setting = True
        try:
            for name, toggle in self.buttons.items():
                toggle.value = name in names
        finally:
            self._setting = False

    def _toggled(self, _: Any) -> None:
        if self._setting:
            return
        on = [name for name, toggle in self.buttons.items() if toggle.value]
        self.refused = ""
        if 1 <= len(on) <= MOST:
            self.value = tuple(on)
        else:
            self._press(self.value)
            self.refused = count_rule(len(on))
