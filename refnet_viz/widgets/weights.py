"""Sliders of the modalities' weights, where distances are sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as W
import traitlets

from ..explorer.state import HEAVIEST


class Weights(W.HBox):  # type: ignore[misc]  # ipywidgets is not typed
    """Sliders from 0 to 2, 1 being the default weight of a modality.

    `value` maps modalities to weights.
    """

    value = traitlets.Dict()

    def __init__(self, modalities: Sequence[str]) -> None:
        self.sliders = {name: _slider(name) for name in modalities}
        super().__init__(list(self.sliders.values()))
        self._showing = False
        for slider in self.sliders.values():
            slider.observe(self._moved, "value")

    def show(self, value: Mapping[str, float], *, visible: bool) -> None:
        """Show weights, or nothing where the space has none."""
        self.layout.display = None if visible else "none"
        self._showing = True
        try:
            for name, slider in self.sliders.items():
                slider.value = value[name]
            self.value = dict(value)
        finally:
            self._showing = False

    def _moved(self, _: Any) -> None:
        if not self._showing:
            sliders = self.sliders.items()
            self.value = {name: round(slider.value, 1) for name, slider in sliders}


def _slider(name: str) -> W.FloatSlider:
    slider = W.FloatSlider(
        value=1.0,
        min=0.0,
        max=HEAVIEST,
        step=0.1,
        readout_format=".1f",
        description=f"Weight of {name}",
        tooltip=f"how much {name} counts in distances; 1 is the default weight",
    )
    slider.add_class("rv-control")
    slider.add_class("rv-weight")
    return slider
