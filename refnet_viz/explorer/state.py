"""State of the explorer: every setting, the selection and the focus, as one value."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from .. import _check
from .._nested import baseline_of
from ..graph.neighbors import DISTANCES
from ..plot.ink import AUTO, PAGE_MODES
from .embeddings import Embeddings, Key, Rows
from .store import Store
from .tags import Tags, checked_word

BY_MODALITY = "by modality"
EDGES = ("none", "all", BY_MODALITY, "kept", "gained", "lost")
CHANGES = ("kept", "gained", "lost")  # edges beside those of the baseline
LAYOUTS = ("aligned", "umap", "pca")
ALWAYS, NEVER = "always", "never"  # when names are written; AUTO where there is room
MOST = 4  # maps side by side
HEAVIEST = 2.0  # weight of a modality
ALL_ZERO = "`weights` must have one above 0, got 0 for every modality."
STEPS = 100  # that can be undone
TOGETHER = 1.0  # seconds within which moves of one control are one step


@dataclass(frozen=True, eq=False)
class State:
    """Settings, selection and focus of the explorer, with their defaults.

    Parameters
    ----------
    variants
        Names of the variants side by side, one to four.
    seed
        Seed of the run of every variant that has it.
    space
        "latent", "refined", a modality or "sum": where neighbours are looked for.
    metric
        "euclidean" or "cosine".
    layout
        "aligned", "umap" or "pca".
    color
        One of `colors.options`.
    k
        Neighbours a point, not counting the point itself.
    edges
        "none", "all", "by modality", or "kept", "gained", "lost" since the baseline.
    baseline
        Variant that edges and rewiring refer to.
    weights
        Modality to weight, from 0 to 2 in tenths; 1 is the default weight.
    epoch
        Counted from 0; None is the state that training kept.
    variant
        The variant in focus, one of `variants`.
    rows
        Sorted row numbers of the selected points.
    names
        "auto" writes the names of up to 20 classes on maps that are large enough, or
        of clusters where colour shows numbers; "always" and "never" do it anyway.
    mode
        "light", "dark" or "auto", which follows the page around.
    tags
        Words that points were given.
    looks
        How many views were looked at, this one among them: verdicts pay for all.
    """

    variants: tuple[str, ...]
    seed: Any
    baseline: str
    variant: str
    weights: Mapping[str, float]
    space: str = "latent"
    metric: str = "euclidean"
    layout: str = "aligned"
    color: str = "label"
    k: int = 15
    edges: str = "none"
    epoch: int | None = None
    rows: Rows = field(default_factory=lambda: np.empty(0, np.intp))
    names: str = AUTO
    mode: str = AUTO
    tags: Tags = field(default_factory=Tags)
    looks: int = 1

    @classmethod
    def of(cls, store: Store, settings: Mapping[str, Any]) -> State:
        """Return the state with some settings, checked; None takes the default.

        Parameters
        ----------
        store
            The embeddings.
        settings
            Names of `State`, or ``selected``, ids as in `Embeddings.rows`.

        Raises
        ------
        ValueError
            If a name or a value is none that can be chosen.

        Examples
        --------
        >>> from refnet_viz import Embedding
        >>> store = Store.of({"mine": [Embedding.from_arrays([[0.0], [1.0]])]}, k=1)
        >>> state = State.of(store, {"k": 1, "selected": ["1"]})
        >>> state.variants, state.k, state.rows.tolist()
        (('mine',), 1, [1])
        """
        names = {one.name for one in fields(cls)} - {"rows"} | {"selected"}
        for name in settings:
            _check.one_of("settings", name, sorted(names))
        values = {k: v for k, v in settings.items() if v is not None}
        runs = store.embeddings
        looks = _check.integer("looks", values.pop("looks", 1), low=1)
        first = baseline_of(values.pop("baseline", None), runs.variants)
        beside = values.pop("variants", first_variants(list(runs.variants), first))
        variants = checked_variants(beside, runs.variants)
        focus = first_with_seed(runs, variants, values.get("seed"))
        k = _check.k_or_default(values.pop("k", None), len(runs.first))
        start = cls(
            variants=variants,
            seed=runs.seeds(focus)[0],
            baseline=first,
            variant=focus,
            weights=dict.fromkeys(weighable(runs), 1.0),
            k=k,
            looks=looks,
        )
        return start.changed(store, **values)

    def changed(self, store: Store, **patch: Any) -> State:
        """Return the state after some changes, checked.

        Parameters
        ----------
        store
            The embeddings.
        patch
            New values by name; ``selected`` are ids and ``rows`` row numbers; ``tags``
            may map columns to mappings from tags to ids.

        Raises
        ------
        TypeError, ValueError
            If a value is none that can be chosen; it names the setting.
        """
        runs = store.embeddings
        values = dict(patch)
        if "selected" in values:
            values["rows"] = runs.rows(values.pop("selected"))
        after = self._with_variants(runs, values)
        if "tags" in values:
            after = replace(after, tags=_tags(store, values.pop("tags")))
        choices = after.choices(store)
        if "seed" not in values and after.seed not in choices["seed"]:
            values["seed"] = choices["seed"][0]
        checked = {
            name: after._checked(name, value, choices.get(name, ()))
            for name, value in values.items()
        }
        return replace(after, **checked)

    def _with_variants(self, runs: Embeddings, values: dict[str, Any]) -> State:
        """Return the state with the variants and the focus of a patch.

        A variant in focus that is not among those side by side takes the place of the
        one that was.
        """
        variants = self.variants
        if "variants" in values:
            variants = checked_variants(values.pop("variants"), runs.variants)
        if "variant" not in values:
            focus = self.variant if self.variant in variants else variants[0]
            return replace(self, variants=variants, variant=focus)
        focus = _check.one_of("variant", values.pop("variant"), runs.variants)
        if focus not in variants:
            beside = [focus if name == self.variant else name for name in variants]
            variants = checked_variants(beside, runs.variants)
        return replace(self, variants=variants, variant=focus)

    def _checked(self, name: str, value: Any, choices: Sequence[Any]) -> Any:
        """Return the value of a setting, checked."""
        if name == "rows":
            return value
        if name == "weights":
            return checked_weights(value, self.weights)
        if name == "k":
            return _check.integer("k", value, low=1, high=choices[-1])
        if name == "mode":
            return _check.one_of("mode", value, PAGE_MODES)
        if name in {"seed", "epoch"}:
            single = isinstance(value, int | np.integer | None)
            if not single or isinstance(value, bool) or value not in choices:
                raise ValueError(
                    f"`{name}` must be one of {list(choices)}, "
                    f"got {_check.shown(value)}."
                )
            return choices[list(choices).index(value)]
        return _check.one_of(name, value, choices)

    def choices(self, store: Store) -> dict[str, Sequence[Any]]:
        """Return what can be chosen, by setting."""
        runs = store.embeddings
        edges = [name for name in EDGES if name != BY_MODALITY or runs.modalities]
        return {
            "variants": list(runs.variants),
            "seed": runs.seeds(self.variant),
            "space": runs.spaces,
            "metric": list(DISTANCES),
            "layout": list(LAYOUTS),
            "color": [*store.colors, *self.tags],
            "k": range(1, store.k_max + 1),
            "edges": edges,
            "baseline": list(runs.variants),
            "names": [AUTO, ALWAYS, NEVER],
            "epoch": [*runs.epochs, None],
        }

    def offered(self, store: Store) -> dict[str, Sequence[Any]]:
        """Return what controls offer, by setting: `choices` that change what is shown.

        A setting with one choice is left out. Without another variant nothing is kept,
        gained, lost or rewired. What is chosen now always remains.
        """
        choices = self.choices(store)
        if len(choices["variants"]) == 1:
            for name, pointless in (("edges", CHANGES), ("color", ("rewiring",))):
                dropped = set(pointless) - {getattr(self, name)}
                choices[name] = [one for one in choices[name] if one not in dropped]
        return {name: options for name, options in choices.items() if len(options) > 1}

    @property
    def pinned(self) -> tuple[int, ...]:
        """Rows of one selected point or of two, which are compared; else none."""
        return tuple(self.rows.tolist()) if len(self.rows) <= 2 else ()

    @property
    def focus(self) -> int:
        """Position of the variant in focus among `variants`."""
        return self.variants.index(self.variant)

    def key(self, runs: Embeddings, variant: str) -> Key:
        """Return the space of a variant's embedding that is looked at."""
        names = self.weighed(runs)
        weights = tuple((name, self.weights[name]) for name in names)
        even = len({weight for _, weight in weights}) < 2
        key = Key(
            variant,
            self.seed,
            self.space,
            self.metric,
            () if even else weights,
            self.epoch,
        )
        return runs.beside(key, variant)

    def weighed(self, runs: Embeddings) -> list[str]:
        """Return the modalities whose weights count in the space."""
        return runs.weighed(self.space) if self.metric == "euclidean" else []

    def settings(self) -> dict[str, Any]:
        """Return every setting by name, without selection, focus and mode."""
        names = (
            "variants",
            "seed",
            "space",
            "metric",
            "layout",
            "color",
            "k",
            "edges",
            "baseline",
            "weights",
            "names",
            "epoch",
        )
        return {name: getattr(self, name) for name in names}

    def arguments(self, runs: Embeddings) -> dict[str, Any]:
        """Return the settings that say more than `explore` would choose by itself."""
        values = self.settings() | {"weights": dict(self.weights)}
        if len(runs.variants) == 1:
            del values["variants"], values["baseline"]
        if all(len(runs.seeds(name)) == 1 for name in runs.variants):
            del values["seed"]
        if len(set(self.weights.values())) < 2 or not self.weighed(runs):
            del values["weights"]
        if self.variant != first_with_seed(runs, self.variants, values.get("seed")):
            values["variant"] = self.variant
        ids = runs.first.ids
        rest = {"selected": ids[self.rows].tolist() or (), "mode": self.mode}
        rest["looks"] = self.looks
        if len(self.tags):
            rest["tags"] = self.tags.by_word(ids)
        return {**values, **rest}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        names = (one.name for one in fields(self) if one.name != "rows")
        same = all(getattr(self, name) == getattr(other, name) for name in names)
        return same and np.array_equal(self.rows, other.rows)

    def __hash__(self) -> int:
        return hash((self.variants, self.variant, self.k, len(self.rows)))


def _tags(store: Store, tags: Any) -> Tags:
    """Return tags, from ids by tag and column where they come so."""
    if isinstance(tags, Tags):
        return tags
    named, runs = Tags(), store.embeddings
    for column, words in dict(tags).items():
        name = store.tag_column(column)
        for word, ids in words.items():
            rows = runs.rows(ids)
            named = named.put(name, checked_word(word), rows, count=len(runs.first))
    return named


def clicked(rows: Rows, row: int, *, extend: bool = False) -> Rows:
    """Return the selected rows after a click on a point.

    A click pins a point, one on another point compares the two, the next one begins
    anew.

    Parameters
    ----------
    rows
        Sorted row numbers of what is selected.
    row
        The point that is clicked.
    extend
        Whether it is added to the selection, or taken out.

    Examples
    --------
    >>> pinned = clicked(np.array([], np.intp), 4)
    >>> pair = clicked(pinned, 2)
    >>> pinned.tolist(), pair.tolist(), clicked(pair, 7).tolist()
    ([4], [2, 4], [7])
    """
    if extend:
        return np.setxor1d(rows, [row])
    if len(rows) == 1 and rows[0] != row:
        return np.union1d(rows, [row])
    return np.array([row], np.intp)


def first_with_seed(runs: Embeddings, variants: Sequence[str], seed: Any) -> str:
    """Return the first variant that has a run of a seed, else the first of all."""
    with_seed = [name for name in variants if seed in runs.seeds(name)]
    return [*with_seed, variants[0]][0]


def first_variants(names: Sequence[str], baseline: str) -> tuple[str, ...]:
    """Return the variants side by side at first: the baseline and the last one.

    Examples
    --------
    >>> first_variants(["plain", "refiner", "both"], "plain")
    ('plain', 'both')
    >>> first_variants(["mine"], "mine")
    ('mine',)
    """
    return tuple(dict.fromkeys([baseline, names[-1]]))


def checked_variants(names: Any, every: Collection[str]) -> tuple[str, ...]:
    """Return the variants side by side.

    Raises
    ------
    ValueError
        If a name is unknown or repeats, or there are not one to four.
    """
    variants = _check.several_of("variants", names, every, none=True)
    if not 1 <= len(variants) <= MOST:
        raise ValueError(
            f"`variants` must be 1 to {MOST} of them, got {len(variants)}."
        )
    return tuple(variants)


def weighable(runs: Embeddings) -> list[str]:
    """Return the modalities that have a weight in some space."""
    weighed = any(runs.weighed(space) for space in runs.spaces)
    return runs.modalities if weighed else []


def checked_weights(weights: Any, modalities: Collection[str]) -> dict[str, float]:
    """Return one weight a modality, in tenths.

    Raises
    ------
    TypeError
        If `weights` is no mapping.
    ValueError
        If there is nothing to weigh, a modality is missing or unknown, a weight is not
        between 0 and 2, or all are 0.

    Examples
    --------
    >>> checked_weights({"text": 0.52, "image": 2}, ["image", "text"])
    {'image': 2.0, 'text': 0.5}
    """
    if not isinstance(weights, Mapping):
        raise TypeError(
            "`weights` must map modalities to numbers, e.g. {'text': 0.5}, "
            f"got {type(weights).__name__}."
        )
    if not modalities:
        raise ValueError(
            "`weights` must be of two modalities or more that all embeddings have, "
            f"got {list(weights)}."
        )
    for name in weights:
        _check.one_of("weights", name, modalities)
    missing = [name for name in modalities if name not in weights]
    if missing:
        raise ValueError(f"`weights` must name every modality, got none for {missing}.")
    numbers = {}
    for name in modalities:
        label = f"weights[{name!r}]"
        number = _check.number(label, weights[name], low=0, high=HEAVIEST)
        numbers[name] = round(number, 1)
    if not any(numbers.values()):
        raise ValueError(ALL_ZERO)
    return numbers


@dataclass
class History:
    """Undo history: states that were left, the last one last.

    Parameters
    ----------
    clock
        Returns seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _past: list[State] = field(default_factory=list)
    _last: tuple[str, float] = ("", float("-inf"))

    def __len__(self) -> int:
        return len(self._past)

    def leave(self, state: State, by: str = "") -> None:
        """Add a state that is left; many moves of one slider add only one.

        Parameters
        ----------
        state
            The state before the change.
        by
            Name of a control that moves in many small steps; the empty name is always
            a step of its own.
        """
        now = self.clock()
        control, before = self._last
        if not by or control != by or now - before > TOGETHER:
            self._past = [*self._past[1 - STEPS :], state]
        self._last = (by, now)

    def back(self) -> State | None:
        """Remove and return the last state, None where there is none."""
        self._last = ("", float("-inf"))
        return self._past.pop() if self._past else None
