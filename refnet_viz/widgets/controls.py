"""The controls over the map, and what may be set from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as W

from .. import _check
from .atlas import BY_MODALITY, Atlas
from .hue import options
from .weights import Weights

LAYOUTS = {"UMAP": "umap", "PCA": "pca"}
MOST_BUTTONS = 5  # beyond this many options a list takes less room


class Setting:
    """A control's value as an attribute: reading asks it, setting moves it."""

    def __init__(self, text: str) -> None:
        self.__doc__ = text

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance.controls[self.name].value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.controls.set(self.name, value)


@dataclass(frozen=True)
class Controls:
    """One widget a setting, by name.

    Parameters
    ----------
    widgets
        Name to control.
    clear
        The button that clears the selection.
    """

    widgets: dict[str, Any]
    clear: W.Button

    def __getitem__(self, name: str) -> Any:
        return self.widgets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.widgets)

    def bars(self, status: W.Widget) -> list[W.HBox]:
        """Return two rows that break where the width ends, what and how.

        Parameters
        ----------
        status
            What stands at the end of the second.
        """
        *rest, weights = self.widgets.values()
        ends = [*rest[5:], self.clear, weights, status]
        bars = [W.HBox(rest[:5]), W.HBox(ends)]
        for bar in bars:
            bar.add_class("rv-bar")
        return bars

    def set(self, name: str, value: Any) -> None:
        """Move a control from Python.

        Raises
        ------
        ValueError
            If the value is none the control offers.
        """
        widget = self.widgets[name]
        if name == "weights":
            widget.set(value)
            return
        if name == "k":
            widget.value = _check.integer("k", value, low=1, high=widget.max)
            return
        options = _values(widget)
        if name == "seed":
            _seed(value, options)
        else:
            _check.one_of(name, value, options)
        widget.value = value

    def offer(self, name: str, options: Sequence[Any]) -> None:
        """Change what a control offers, keeping its value where it is still there."""
        widget = self.widgets[name]
        value = widget.value
        if _values(widget) != list(options):
            widget.options = [(str(option), option) for option in options]
            widget.value = value if value in options else options[0]

    def observe(self, handler: Callable[[Any], None]) -> None:
        """Call a handler whenever the value of a control changes."""
        for widget in self.widgets.values():
            widget.observe(handler, "value")


def choices(atlas: Atlas) -> dict[str, list[Any]]:
    """Return what every control offers at first."""
    names, spaces = list(atlas.variants), atlas.spaces
    by_modality = [BY_MODALITY] if atlas.modalities else []
    weighed = any(atlas.weighed(space) for space in spaces)
    return {
        "variant": names, "seed": atlas.seeds(names[0]), "space": spaces,
        "color": options(atlas.embeddings),
        "edges": ["none", "all", *by_modality, "kept", "gained", "lost"],
        "weights": atlas.modalities if weighed else [],
    }  # fmt: skip


def controls(offered: Mapping[str, Sequence[Any]], *, k_max: int) -> Controls:
    """Return the controls for what there is to choose.

    Parameters
    ----------
    offered
        Options of ``variant``, ``seed``, ``space``, ``color`` and ``edges``, and the
        modalities that ``weights`` weigh.
    k_max
        Most neighbours a point.
    """
    few = {name: len(values) <= MOST_BUTTONS for name, values in offered.items()}
    widgets = {
        "variant": _choice(offered["variant"], "Variant", buttons=few["variant"],
                           tooltip="which model's embedding is shown"),
        "seed": _choice(offered["seed"], "Seed", tooltip="which run of the variant"),
        "space": _choice(offered["space"], "Space", buttons=few["space"],
                         tooltip="where neighbours are looked for"),
        "layout": W.Dropdown(options=list(LAYOUTS.items()), description="Layout",
                             tooltip="how the space is laid out in the plane"),
        "color": _choice(offered["color"], "Colour by",
                         tooltip="what the colour of a point shows"),
        "k": W.IntSlider(
            min=1, max=k_max, description="Neighbours k",
            tooltip="neighbours a point, not counting the point itself",
        ),
        "edges": _choice(offered["edges"], "Edges", buttons=True,
                         tooltip="all, by the modalities that have them, or kept, "
                                 "gained and lost since the baseline"),
        "baseline": _choice(offered["variant"], "Compared with",
                            tooltip="the variant that edges and rewiring refer to"),
        "weights": Weights(offered["weights"]),
    }  # fmt: skip
    clear = W.Button(description="Clear selection", tooltip="select nothing")
    clear.add_class("rv-clear")
    for name, widget in widgets.items():
        widget.add_class("rv-bar" if name == "weights" else "rv-control")
        widget.add_class(f"rv-{name}")
    return Controls(widgets, clear)


def _choice(
    options: Sequence[Any], description: str, *, tooltip: str, buttons: bool = False
) -> Any:
    pairs = [(str(option), option) for option in options]
    kind = W.ToggleButtons if buttons else W.Dropdown
    return kind(options=pairs, description=description, tooltip=tooltip)


def _values(widget: Any) -> list[Any]:
    return [value for _, value in widget._options_full]


def _seed(value: Any, options: Sequence[Any]) -> None:
    if value not in options:
        raise ValueError(f"`seed` must be one of {list(options)}, got {value!r}.")
