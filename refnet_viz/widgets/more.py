"""Further controls of the explorer, in named groups behind one button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import anywidget
import ipywidgets as W

from ..explorer.scripts import MORE
from .scripts import bound


class Group(NamedTuple):
    """Title of some controls, their names, and what they are for."""

    title: str
    names: tuple[str, ...]
    help: str


GROUPS = (
    Group(
        "Which run",
        ("seed", "epoch"),
        "A variant can have runs of several seeds, and states of earlier epochs.",
    ),
    Group(
        "What is near",
        ("space", "metric", "weights"),
        "Neighbours are looked for in this space, by this distance.",
    ),
    Group(
        "Where points lie",
        ("layout",),
        "Aligned maps can be read side by side; PCA has no random part.",
    ),
    Group(
        "What is compared",
        ("baseline",),
        "Kept, gained and lost edges, and rewiring, refer to this variant.",
    ),
    Group(
        "What is written on the maps",
        ("names",),
        "Names of classes, or of clusters, at the middle of their points.",
    ),
    Group("Code", ("code",), "The Python that makes this view again."),
)


class Disclosure(anywidget.AnyWidget):
    """The button "More"; it remembers in the browser whether it was open."""

    _esm = bound("dom.js", MORE, to="more.js")


class More(W.HBox):  # type: ignore[misc]  # ipywidgets is not typed
    """Groups of controls, each with a title and a sentence.

    Parameters
    ----------
    controls
        Name to widget, of every name in `GROUPS`.
    """

    def __init__(self, controls: Mapping[str, W.Widget]) -> None:
        self._controls = controls
        self._boxes = {group: _box(group, controls) for group in GROUPS}
        super().__init__(list(self._boxes.values()))
        self.add_class("rv-more")

    def show(self) -> None:
        """Hide the groups of which every control is hidden."""
        for group, box in self._boxes.items():
            widgets = [self._controls[name] for name in group.names]
            hidden = all(widget.layout.display == "none" for widget in widgets)
            box.layout.display = "none" if hidden else None


def _box(group: Group, controls: Mapping[str, W.Widget]) -> W.VBox:
    title, line = W.Label(group.title), W.HBox([controls[n] for n in group.names])
    words = W.Label(group.help)
    for widget, name in ((title, "title"), (line, "line"), (words, "help")):
        widget.add_class(f"rv-more-{name}")
    box = W.VBox([title, line, words])
    box.add_class("rv-group")
    return box
