"""Controls over the maps: they show the state and report what is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as W

from ..explorer.state import State, weighable
from ..explorer.store import Store
from .chips import Chips
from .code import Code
from .more import Disclosure, More
from .saving import Saving
from .weights import Weights

LAYOUT_NAMES = {"aligned": "aligned UMAP", "umap": "UMAP", "pca": "PCA"}
MOST_BUTTONS = 5  # beyond this many options a list takes less room
MOST_LIVE = 5_000  # points that can be searched while one types
FINAL = "kept"  # the epoch whose state the run kept; a widget's value cannot be None
BAR = ("variants", "color", "edges", "k")  # the others are behind a button


@dataclass(frozen=True)
class Actions:
    """Buttons of what can be done besides setting something.

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
            description="Search",
            placeholder="id, label, text …",
            continuous_update=live,
        )
        search.tooltip = "select the points in which every one of these words occurs"
        undo = W.Button(description="Undo", tooltip="go back to what was shown before")
        clear = W.Button(description="Clear", tooltip="select nothing")
        search.add_class("rv-control")
        search.add_class("rv-search")
        for button in (undo, clear):
            button.add_class("rv-button")
        undo.disabled = clear.disabled = True
        return cls(search, undo, clear, Code(), Saving())


class Controls:
    """One widget a setting, by name, and the actions.

    Parameters
    ----------
    store, state
        Decide which controls there are.
    moved
        Called with the name of a setting and its new value when a control is moved.
    """

    def __init__(
        self, store: Store, state: State, moved: Callable[[str, Any], None]
    ) -> None:
        self.widgets = _widgets(store, state)
        self.actions = Actions.make(live=len(store.embeddings.first) <= MOST_LIVE)
        self.more = More({**self.widgets, "code": self.actions.code})
        self._moved, self._showing = moved, False
        self._shown: tuple[Store, State] | None = None
        for name, widget in self.widgets.items():
            widget.add_class("rv-bar" if name == "weights" else "rv-control")
            widget.add_class(f"rv-{name}")
            widget.observe(self._listener(name), "value")

    def __getitem__(self, name: str) -> Any:
        return self.widgets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.widgets)

    def _listener(self, name: str) -> Callable[[Any], None]:
        def changed(change: Any) -> None:
            if not self._showing:
                value = change["new"]
                final = name == "epoch" and value == FINAL
                self._moved(name, None if final else value)

        return changed

    def reset(self) -> None:
        """Put back a control that was moved to where it must not stand."""
        if self._shown is not None:
            store, state = self._shown
            self._shown = None
            self.show(store, state)

    def show(self, store: Store, state: State, *, words: str = "") -> None:
        """Show a state; no control reports that as a move.

        Parameters
        ----------
        store, state
            Decide what can be chosen and what is.
        words
            Words of the search.
        """
        self._showing = True
        try:
            if self._shown != (store, state):
                self._show(store, state)
                self._shown = store, state
            self.actions.search.value = words
        finally:
            self._showing = False

    def _show(self, store: Store, state: State) -> None:
        choices, offered = state.choices(store), state.offered(store)
        before = self._shown and self._shown[1].settings()
        settings = state.settings()
        if before is None or before["variants"] != state.variants:
            self["variants"].show(state.variants, choices["variants"])
        weighed = bool(state.weighed(store.embeddings))
        if weighed or before is None or before["weights"] != state.weights:
            self["weights"].show(state.weights, visible=weighed)
        else:
            self["weights"].layout.display = "none"
        self["k"].value = state.k
        for name, options in choices.items():
            shown = offered.get(name, options)
            if name not in {"variants", "k"}:
                _choose(self[name], name, shown, settings[name])
            self[name].layout.display = None if name in offered else "none"
        self.more.show()

    @property
    def showing(self) -> bool:
        """Whether controls are brought in line with the state just now."""
        return self._showing

    def bars(self) -> list[W.HBox]:
        """Return the row of what is used most, and what opens below it."""
        acts = self.actions
        row = W.HBox([acts.search, acts.undo, acts.clear, acts.saving, Disclosure()])
        row.add_class("rv-acts")
        bar = W.HBox([*(self.widgets[name] for name in BAR), row])
        bar.add_class("rv-bar")
        return [bar, self.more]


def _widgets(store: Store, state: State) -> dict[str, Any]:
    """Return a control for every setting, which `Controls.show` fills."""
    runs, choices = store.embeddings, state.choices(store)
    k = W.IntSlider(
        min=1,
        max=store.k_max,
        value=state.k,
        description="Neighbours k",
        tooltip="neighbours a point, not counting the point itself",
    )
    epoch = W.SelectionSlider(
        options=[(FINAL, FINAL)],
        description="Epochs trained",
        continuous_update=False,
        tooltip="the state after so many epochs, at last the one that was kept",
    )
    buttons = len(choices["space"]) <= MOST_BUTTONS
    edges = "all, by the modalities that have them, or kept, gained and lost since"
    return {
        "variants": Chips("Maps"),
        "seed": _choice("Seed", "which run of the variants"),
        "space": _choice("Space", "where neighbours are looked for", buttons=buttons),
        "metric": _choice("Distance", "how neighbours are measured"),
        "layout": _choice("Layout", "how the space is laid out in the plane"),
        "color": _choice("Colour by", "what the colour of a point shows"),
        "k": k,
        "edges": _choice("Edges", f"{edges} the baseline"),
        "baseline": _choice(
            "Compared with", "the variant that edges and rewiring refer to"
        ),
        "names": _choice("Names on the map", "those of classes or clusters"),
        "weights": Weights(weighable(runs)),
        "epoch": epoch,
    }


def _choice(description: str, tooltip: str, *, buttons: bool = False) -> Any:
    kind = W.ToggleButtons if buttons else W.Dropdown
    return kind(description=description, tooltip=tooltip)


def _choose(widget: Any, name: str, options: Sequence[Any], value: Any) -> None:
    """Show what can be chosen and what is, sending no more than what changed."""
    named = dict(_named(name, options))
    if list(named.values()) != [option for _, option in widget._options_full]:
        widget.options = list(named.items())
    widget.value = FINAL if name == "epoch" and value is None else value


def _named(name: str, options: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Yield what each option is called; epochs are counted from 1."""
    for option in options:
        if name == "epoch":
            final = option is None
            yield (FINAL, FINAL) if final else (str(option + 1), option)
        else:
            labels: Mapping[Any, str] = LAYOUT_NAMES if name == "layout" else {}
            yield labels.get(option, str(option)), option
