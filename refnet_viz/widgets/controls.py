"""Controls of the explorer as plain values: what can be set, and what is."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

from ..explorer.state import HEAVIEST, State, weighable
from ..explorer.store import Store
from ..plot.text import cut

LAYOUT_NAMES = {"aligned": "aligned UMAP", "umap": "UMAP", "pca": "PCA"}
MOST_BUTTONS = 5  # beyond this many options a list takes less room
MOST_LIVE = 5_000  # points that can be searched while one types
FINAL = "kept"  # what the epoch is called whose state the run kept
BAR = ("variants", "color", "edges", "k")  # the others are behind a button


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
# Text over each control, and what it is for.
TITLES = {
    "variants": ("Maps", "which variants are shown side by side"),
    "color": ("Colour by", "what the colour of a point shows"),
    "edges": (
        "Edges",
        "all, by the modalities that have them, or kept, gained and lost since the "
        "baseline",
    ),
    "k": ("Neighbours k", "neighbours a point, not counting the point itself"),
    "seed": ("Seed", "which run of the variants"),
    "epoch": (
        "Epochs trained",
        "the state after so many epochs, at last the one that was kept",
    ),
    "space": ("Space", "where neighbours are looked for"),
    "metric": ("Distance", "how neighbours are measured"),
    "weights": ("Weight of", "how much each counts in distances; 1 is the default"),
    "layout": ("Layout", "how the space is laid out in the plane"),
    "names": ("Names on the map", "those of classes or clusters"),
    "baseline": ("Compared with", "the variant that edges and rewiring refer to"),
}


def offers(store: Store, state: State) -> dict[str, Any]:
    """Return what can be set now.

    Returns
    -------
    dict
        ``bar`` and ``groups``, where the controls stand; ``controls``, name to
        ``kind``, ``title``, ``tip`` and ``options``, pairs of a key and a text;
        ``live``, whether points are searched while one types. What has no choice is
        left out.
    """
    offered = state.offered(store)
    controls = {name: _offer(name, offered[name]) for name in TITLES if name in offered}
    if state.weighed(store.embeddings):
        title, tip = TITLES["weights"]
        controls["weights"] = {
            "kind": "weights",
            "title": title,
            "tip": tip,
            "options": [[name, cut(name)] for name in weighable(store.embeddings)],
            "high": HEAVIEST,
        }
    return {
        "bar": list(BAR),
        "groups": [
            {"title": group.title, "names": list(group.names), "help": group.help}
            for group in GROUPS
        ],
        "controls": controls,
        "live": len(store.embeddings.first) <= MOST_LIVE,
    }


def _offer(name: str, options: Sequence[Any]) -> dict[str, Any]:
    title, tip = TITLES[name]
    kind = {"variants": "toggles", "k": "slider", "epoch": "steps"}.get(name, "choice")
    if name == "space" and len(options) <= MOST_BUTTONS:
        kind = "buttons"
    offer: dict[str, Any] = {"kind": kind, "title": title, "tip": tip}
    if name == "k":
        return {**offer, "low": int(options[0]), "high": int(options[-1])}
    texts = dict(_texts(name, options))
    return {**offer, "options": [[_key(option), texts[option]] for option in options]}


def _texts(name: str, options: Sequence[Any]) -> Iterator[tuple[Hashable, str]]:
    """Yield what each option is called; epochs are counted from 1."""
    for option in options:
        if name == "epoch":
            yield option, FINAL if option is None else str(option + 1)
        else:
            named = LAYOUT_NAMES.get(option, option) if name == "layout" else option
            yield option, cut(str(named))


def _key(option: Any) -> str:
    """Return what an option is called on the way to the page and back."""
    return str(option)


def values(state: State) -> dict[str, Any]:
    """Return what is set, by the keys of the options."""
    plain = {"variants": list(state.variants), "k": int(state.k)}
    weights = {name: float(weight) for name, weight in state.weights.items()}
    keys = {
        name: _key(value)
        for name, value in state.settings().items()
        if name not in {*plain, "weights"}
    }
    return {**plain, **keys, "weights": weights}


def setting_of(store: Store, state: State, name: str, value: Any) -> Any:
    """Return the value of a setting from what a control says.

    Parameters
    ----------
    store, state
        Decide what can be chosen.
    name
        Name of the setting.
    value
        The key of an option; for ``variants`` the list of all that are on, for ``k``
        the number, for ``weights`` one by modality.
    """
    if name in {"variants", "k", "weights"}:
        return value
    by_key = {_key(option): option for option in state.choices(store)[name]}
    return by_key.get(value, value)
