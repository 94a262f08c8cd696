"""The embeddings the explorer is about, and where among them it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from .. import _check
from .._nested import Variants
from ..data.rows import positions
from ..embedding import Embedding
from ..graph.reweighting import WEIGHTED
from .points import Rows


class Key(NamedTuple):
    """Which run of which variant, in which space, at which epoch.

    `weights` are modalities with multiples of their default weight, nothing where all
    are equal; `epoch` is None for the state that was kept.
    """

    variant: str
    seed: Any
    space: str
    metric: str = "euclidean"
    weights: tuple[tuple[str, float], ...] = ()
    epoch: int | None = None

    @property
    def even(self) -> Key:
        """The same place under equal weights: the one that is laid out."""
        return self._replace(weights=(), metric="euclidean")

    def looking(self, space: str) -> Key:
        """Return the same place in another space, by the same distance."""
        return self._replace(weights=(), space=space)


class Earlier(Protocol):
    """A variant as it was at epochs of its training."""

    epochs: tuple[int, ...]

    def at(self, epoch: int) -> Sequence[Embedding]:
        """Return one embedding a seed."""


@dataclass(frozen=True)
class Embeddings:
    """Embeddings over the same points, a list a variant.

    Parameters
    ----------
    variants
        Variant to one embedding a seed.
    earlier
        Those variants of which states were kept on the way.
    """

    variants: Variants[Embedding]
    earlier: Mapping[str, Earlier] = field(default_factory=dict, repr=False)

    @property
    def first(self) -> Embedding:
        """The embedding whose layout is the reference of all others."""
        return next(iter(self.variants.values()))[0]

    @property
    def embeddings(self) -> list[Embedding]:
        """Every embedding of every variant."""
        return [run for members in self.variants.values() for run in members]

    @property
    def spaces(self) -> list[str]:
        """Names of the spaces that every embedding has."""
        runs = self.embeddings
        return [
            name for name in runs[0].spaces if all(name in run.spaces for run in runs)
        ]

    @cached_property
    def modalities(self) -> list[str]:
        """Names of the modalities, if every embedding has the same ones."""
        names = list(self.first.inputs)
        return names if all(list(e.inputs) == names for e in self.embeddings) else []

    def weighed(self, space: str) -> list[str]:
        """Return the modalities that a space weighs, if it is of several."""
        names = self.modalities
        if space not in WEIGHTED or len(names) < 2:
            return []
        refined = space == "refined"
        parts = [e.decoded if refined else e.inputs for e in self.embeddings]
        return names if all(set(part) == set(names) for part in parts) else []

    def rows(self, ids: Any) -> Rows:
        """Return sorted row numbers for ids, row numbers, one, a mask, or nothing.

        Raises
        ------
        ValueError
            If an id is unknown or a mask has another length.
        """
        if ids is None or (not isinstance(ids, str) and np.size(ids) == 0):
            return np.empty(0, np.intp)
        given = np.atleast_1d(np.asarray(list(ids) if isinstance(ids, set) else ids))
        if given.dtype == bool:
            _check.rows("ids", len(given), len(self.first), "spaces")
            return np.flatnonzero(given)
        return np.sort(positions(self.first.ids, pd.unique(given), name="ids"))

    def seeds(self, variant: str) -> list[Any]:
        """Return the seeds of a variant, or positions where they are not known.

        Examples
        --------
        >>> run = Embedding.from_arrays(np.eye(3))
        >>> Embeddings({"mine": [run, run]}).seeds("mine")
        [0, 1]
        """
        known = [run.info.get("seed") for run in self.variants[variant]]
        told = None not in known and len(set(known)) == len(known)
        return known if told else list(range(len(known)))

    def beside(self, place: Key, variant: str) -> Key:
        """Return the same place in another variant, of the same seed if it has it."""
        seeds = self.seeds(variant)
        seed = place.seed if place.seed in seeds else seeds[0]
        return self._reached(place._replace(variant=variant, seed=seed))

    def _reached(self, place: Key) -> Key:
        """Return the place at the last epoch up to its own that was kept.

        Where none was it is the state that training kept; so it is where the space is
        missing on the way, as the refined one may be.
        """
        own = self.earlier.get(place.variant)
        if place.epoch is None:
            return place
        reached = [e for e in own.epochs if e <= place.epoch] if own else []
        kept = place._replace(epoch=None)
        if not reached:
            return kept
        then = place._replace(epoch=reached[-1])
        return then if place.space in self.embedding(then).spaces else kept

    @property
    def epochs(self) -> list[int]:
        """The epochs that some variant has kept, rising."""
        every = (own.epochs for own in self.earlier.values())
        return sorted({epoch for epochs in every for epoch in epochs})

    def family(self, place: Key) -> list[Key]:
        """Return the same place of every seed."""
        return [place._replace(seed=seed) for seed in self.seeds(place.variant)]

    def origin(self, place: Key) -> Key:
        """Return the place whose layout is the reference of this one."""
        name = next(iter(self.variants))
        return Key(name, self.seeds(name)[0], place.space)

    def embedding(self, place: Key) -> Embedding:
        """Return the embedding of a place."""
        members: Sequence[Embedding] = self.variants[place.variant]
        if place.epoch is not None:
            members = self.earlier[place.variant].at(place.epoch)
        return members[self.seeds(place.variant).index(place.seed)]

    def twin(self, place: Key) -> Key:
        """Return the first run's place where that has the same points.

        The features of the modalities do not depend on the run.
        """
        if place.space in {"latent", "refined"}:
            return place
        kept = place._replace(epoch=None)
        same = self._same_inputs[id(self.embedding(kept))]
        if not same:
            return kept
        return self.origin(place)._replace(weights=place.weights, metric=place.metric)

    @cached_property
    def _same_inputs(self) -> dict[int, bool]:
        """Which embedding has the inputs of the first one, by its `id`."""
        first = self.first.inputs
        return {
            id(run): run.inputs.keys() == first.keys()
            and all(np.array_equal(run.inputs[name], first[name]) for name in first)
            for run in self.embeddings
        }
