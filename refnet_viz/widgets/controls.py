"""The controls over the maps, and what may be set from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as W

from .. import _check
from ..explorer.colors import options
from ..explorer.state import BY_MODALITY, EDGES, LAYOUTS
from ..explorer.store import Store
from ..graph.neighbors import DISTANCES
from .chips import Chips
from .code import Code
from .saving import Saving
from .weights import Weights

MOST_BUTTONS = 5  # beyond this many options a list takes less room
MOST_LIVE = 5_000  # points that can be searched while one types
KEPT = "kept"  # the epoch whose state the run kept
WHAT = ("variants", "seed", "space", "metric", "layout", "color")
HOW = ("k", "edges", "baseline", "weights", "epoch")


class Setting:
    """A control's value as an attribute: reading asks it, setting moves it."""

    def __init__(self, text: str) -> None:
        self.__doc__ = text

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance.controls.get(self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.controls.set(self.name, value)


@dataclass(frozen=True)
class Actions:
    """What can be done besides setting something.

    Parameters
    ----------
    search
        Words of the points to select.
    undo, clear, code, saving
        Go back a step, select nothing, show the code, save a file.
    """

    search: W.Text
    undo: W.Button
    clear: W.Button
    code: Code
    saving: Saving

    @classmethod
    def make(cls, *, live: bool) -> Actions:
        """Return them; a `live` search answers while one types."""
        search = W.Text(
            description="Search", placeholder="id, label, text …",
            continuous_update=live,
        )  # fmt: skip
        search.tooltip = "select the points in which every one of these words occurs"
        undo = W.Button(description="Undo", tooltip="go back to what was shown before")
        clear = W.Button(description="Clear selection", tooltip="select nothing")
        search.add_class("rv-control")
        search.add_class("rv-search")
        for button in (undo, clear):
            button.add_class("rv-button")
        undo.disabled = clear.disabled = True
        return cls(search, undo, clear, Code(), Saving())


@dataclass(frozen=True)
class Controls:
    """One widget a setting, by name, and the actions.

    Parameters
    ----------
    widgets
        Name to control.
    actions
        Search, undo, clear, code, saving.
    """

    widgets: dict[str, Any]
    actions: Actions

    def __getitem__(self, name: str) -> Any:
        return self.widgets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.widgets)

    def bars(self, status: W.Widget) -> list[W.HBox]:
        """Return two rows that break where the width ends, what and how.

        Parameters
        ----------
        status
            What is said below the second.
        """
        done = self.actions
        acts = W.HBox([done.search, done.undo, done.clear, done.code, done.saving])
        acts.add_class("rv-acts")
        how = [*(self.widgets[name] for name in HOW), acts, status]
        bars = [W.HBox([self.widgets[name] for name in WHAT]), W.HBox(how)]
        for bar in bars:
            bar.add_class("rv-bar")
        return bars

    def get(self, name: str) -> Any:
        """Return the value of a setting."""
        value = self.widgets[name].value
        if name == "weights":
            return dict(value)
        return None if name == "epoch" and value == KEPT else value

    def set(self, name: str, value: Any) -> None:
        """Move a control from Python.

        Raises
        ------
        ValueError
            If the value is none the control offers.
        """
        widget = self.widgets[name]
        if name in {"weights", "variants"}:
            widget.set(value)
        elif name == "k":
            widget.value = _check.integer("k", value, low=1, high=widget.max)
        elif name in {"seed", "epoch"}:
            widget.value = _numbered(name, value, _values(widget))
        else:
            widget.value = _check.one_of(name, value, _values(widget))

    def offer(self, name: str, options: Sequence[Any]) -> None:
        """Change what a control offers, keeping its value where it is still there."""
        widget = self.widgets[name]
        value = widget.value
        if name == "variants":
            widget.offer(options)
        elif _values(widget) != list(options):
            named = [(str(option), option) for option in options]
            widget.options = _trained(options) if name == "epoch" else named
            widget.value = value if value in options else options[0]

    def renew(self, atlas: Store) -> None:
        """Offer what there is now."""
        names = list(atlas.variants)
        for name in ("variants", "baseline"):
            self.offer(name, names)
        self.offer("color", options(atlas.embeddings))
        self.offer("epoch", [*atlas.epochs, KEPT])
        self.widgets["epoch"].layout.display = None if atlas.epochs else "none"

    def observe(self, handler: Callable[[Any], None]) -> None:
        """Call a handler whenever the value of a control changes."""
        for widget in self.widgets.values():
            widget.observe(handler, "value")


def controls(atlas: Store) -> Controls:
    """Return the controls for what there is to choose."""
    names, spaces = list(atlas.variants), atlas.spaces
    edges = [name for name in EDGES if name != BY_MODALITY or atlas.modalities]
    weighed = any(atlas.weighed(space) for space in spaces)
    widgets: dict[str, Any] = {
        "variants": Chips(names, "Variants side by side"),
        "seed": _choice(atlas.seeds(names[0]), "Seed", "which run of the variants"),
        "space": _choice(spaces, "Space", "where neighbours are looked for",
                         buttons=len(spaces) <= MOST_BUTTONS),
        "metric": _choice(DISTANCES, "Distance", "how neighbours are measured"),
        "layout": _choice(LAYOUTS, "Layout", "how the space is laid out in the plane"),
        "color": _choice(options(atlas.embeddings), "Colour by",
                         "what the colour of a point shows"),
        "k": W.IntSlider(
            min=1, max=atlas.k_max, description="Neighbours k",
            tooltip="neighbours a point, not counting the point itself",
        ),
        "edges": _choice(edges, "Edges", "all, by the modalities that have them, or "
                         "kept, gained and lost since the baseline", buttons=True),
        "baseline": _choice(names, "Compared with",
                            "the variant that edges and rewiring refer to"),
        "weights": Weights(atlas.modalities if weighed else []),
        "epoch": _epochs(atlas.epochs),
    }  # fmt: skip
    for name, widget in widgets.items():
        widget.add_class("rv-bar" if name == "weights" else "rv-control")
        widget.add_class(f"rv-{name}")
    live = len(atlas.first) <= MOST_LIVE
    return Controls(widgets, Actions.make(live=live))


def _choice(
    options: Sequence[Any] | Mapping[str, Any],
    description: str,
    tooltip: str,
    *,
    buttons: bool = False,
) -> Any:
    if not isinstance(options, Mapping):
        options = {str(option): option for option in options}
    kind = W.ToggleButtons if buttons else W.Dropdown
    return kind(options=list(options.items()), description=description, tooltip=tooltip)


def _epochs(epochs: Sequence[int]) -> W.SelectionSlider:
    """Return the scrubber; it ends with the state that was kept."""
    slider = W.SelectionSlider(
        options=_trained([*epochs, KEPT]), value=KEPT, description="Epochs trained",
        continuous_update=False,
        tooltip="the state after so many epochs, at last the one that was kept",
    )  # fmt: skip
    slider.layout.display = None if epochs else "none"
    return slider


def _trained(epochs: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return what is said of epochs: how many there were, counted from 1."""
    return [(str(e) if e == KEPT else str(e + 1), e) for e in epochs]


def _values(widget: Any) -> list[Any]:
    return [value for _, value in widget._options_full]


def _numbered(name: str, value: Any, options: Sequence[Any]) -> Any:
    given = KEPT if name == "epoch" and value is None else value
    if given not in options:
        known = [None if option == KEPT else option for option in options]
        raise ValueError(f"`{name}` must be one of {known}, got {value!r}.")
    return given
