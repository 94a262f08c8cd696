"""One slider a modality: how much it counts where distances are sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as W
import traitlets

from .. import _check

MOST = 2.0
ALL_ZERO = "`weights` must have one above 0, got 0 for every modality."


class Weights(W.HBox):  # type: ignore[misc]  # ipywidgets is not typed
    """Sliders from 0 to 2, 1 being the default weight of a modality.

    `value` maps modalities to weights; it changes once however many sliders move.
    A slider that would be the last at 0 goes back, and `refused` says why.
    """

    value = traitlets.Dict()
    refused = traitlets.Unicode()

    def __init__(self, modalities: Sequence[str]) -> None:
        self.sliders = {name: _slider(name) for name in modalities}
        super().__init__(list(self.sliders.values()))
        self.value = dict.fromkeys(modalities, 1.0)
        self._setting = False
        for slider in self.sliders.values():
            slider.observe(self._moved, "value")
        self.show(())

    def set(self, weights: Any) -> None:
        """Move all sliders, in tenths.

        Raises
        ------
        TypeError
            If `weights` is no mapping.
        ValueError
            If there is nothing to weigh, a modality is missing or unknown, a weight is
            not between 0 and 2, or all are 0.
        """
        found = self._checked(weights)
        self._setting = True
        try:
            for name, slider in self.sliders.items():
                slider.value = found[name]
        finally:
            self._setting = False
        self.value = found

    def show(self, names: Sequence[str]) -> None:
        """Show the sliders where the space weighs these modalities, else none."""
        self.layout.display = None if names else "none"

    def _moved(self, change: Any) -> None:
        if self._setting:
            return
        found = {name: round(slider.value, 1) for name, slider in self.sliders.items()}
        self.refused = ""
        if any(found.values()):
            self.value = found
            return
        self._setting = True
        try:
            change["owner"].value = change["old"]
        finally:
            self._setting = False
        self.refused = ALL_ZERO

    def _checked(self, weights: Any) -> dict[str, float]:
        if not isinstance(weights, Mapping):
            raise TypeError(
                "`weights` must map modalities to numbers, e.g. {'text': 0.5}, "
                f"got {type(weights).__name__}."
            )
        if not self.sliders:
            raise ValueError(
                "`weights` must be of two modalities or more that all embeddings "
                f"have, got {list(weights)}."
            )
        for name in weights:
            _check.one_of("weights", name, self.sliders)
        missing = [name for name in self.sliders if name not in weights]
        if missing:
            raise ValueError(
                f"`weights` must name every modality, got none for {missing}."
            )
        found = {}
        for name in self.sliders:
            label = f"weights[{name!r}]"
            number = _check.number(label, weights[name], low=0, high=MOST)
            found[name] = round(number, 1)
        if not any(found.values()):
            raise ValueError(ALL_ZERO)
        return found


def _slider(name: str) -> W.FloatSlider:
    slider = W.FloatSlider(
        value=1.0, min=0.0, max=MOST, step=0.1, readout_format=".1f",
        description=f"Weight of {name}",
        tooltip=f"how much {name} counts in distances; 1 is the default weight",
    )  # fmt: skip
    slider.add_class("rv-control")
    slider.add_class("rv-weight")
    return slider
