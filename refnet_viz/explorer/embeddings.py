"""Embeddings by variant, seed and epoch, and the keys that name one space of one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import Variants
from ..data.dataset import Dataset
from ..data.rows import entries_of, positions
from ..embedding import Embedding
from ..graph.reweighting import WEIGHTED
from .cache import Cache

if TYPE_CHECKING:
    from ..train.run import Run

LATEST = 4  # epochs whose embeddings are held at once: as many as there are maps

Rows = npt.NDArray[np.intp]


class Key(NamedTuple):
    """Name of one space of one embedding: variant, seed, space, distance, epoch.

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
    def unweighted(self) -> Key:
        """The same key with equal weights and Euclidean distance: the one laid out."""
        return self._replace(weights=(), metric="euclidean")

    def in_space(self, space: str) -> Key:
        """Return the key of another space of the embedding, by the same distance."""
        return self._replace(weights=(), space=space)


class Earlier(Protocol):
    """Embeddings of a variant at epochs of its training."""

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

    @cached_property
    def first(self) -> Embedding:
        """The embedding whose layout is the reference of all others."""
        return next(iter(self.variants.values()))[0]

    @property
    def alone(self) -> bool:
        """Whether there is one embedding only, with nothing to compare it with."""
        return len(self.embeddings) == 1 and not self.earlier

    @property
    def embeddings(self) -> list[Embedding]:
        """Every embedding of every variant."""
        return [run for members in self.variants.values() for run in members]

    @cached_property
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
        return self._weighed.get(space, [])

    @cached_property
    def _weighed(self) -> dict[str, list[str]]:
        names = self.modalities
        if len(names) < 2:
            return {}
        parts = {
            "refined": [e.decoded for e in self.embeddings],
            "sum": [e.inputs for e in self.embeddings],
        }
        return {
            space: names
            for space in WEIGHTED
            if all(set(part) == set(names) for part in parts[space])
        }

    def rows(self, ids: Any) -> Rows:
        """Return sorted row numbers for ids, row numbers, one, a mask, or nothing.

        Raises
        ------
        ValueError
            If an id is unknown or a mask has another length.
        """
        if isinstance(ids, dict):
            raise TypeError("`ids` must be ids, row numbers or a mask, got dict.")
        if ids is None:
            return np.empty(0, np.intp)
        listed = list(ids) if isinstance(ids, set | frozenset) else ids
        values = np.atleast_1d(entries_of(listed, "ids"))
        if not values.size:
            return np.empty(0, np.intp)
        if values.dtype == bool:
            _check.rows("ids", len(values), len(self.first), "spaces")
            return np.flatnonzero(values)
        if values.ndim == 1 and all(isinstance(key, Hashable) for key in values):
            values = pd.unique(values)
        return np.sort(positions(self.first.ids, values, name="ids"))

    def seeds(self, variant: str) -> list[Any]:
        """Return the seeds of a variant, or positions where none are recorded.

        Examples
        --------
        >>> run = Embedding.from_arrays(np.eye(3))
        >>> Embeddings({"mine": [run, run]}).seeds("mine")
        [0, 1]
        """
        seeds = [run.info.get("seed") for run in self.variants[variant]]
        distinct = None not in seeds and len(set(seeds)) == len(seeds)
        return seeds if distinct else list(range(len(seeds)))

    def beside(self, key: Key, variant: str) -> Key:
        """Return the same space of another variant, of the same seed if it has it."""
        seeds = self.seeds(variant)
        seed = key.seed if key.seed in seeds else seeds[0]
        return self._at_saved_epoch(key._replace(variant=variant, seed=seed))

    def _at_saved_epoch(self, key: Key) -> Key:
        """Return the key at the last saved epoch up to its own.

        The state that training kept where no epoch was saved, or where the space is
        missing on the way, as the refined one may be.
        """
        if key.epoch is None:
            return key
        earlier = self.earlier.get(key.variant)
        epochs = [e for e in earlier.epochs if e <= key.epoch] if earlier else []
        final = key._replace(epoch=None)
        if not epochs:
            return final
        last = key._replace(epoch=epochs[-1])
        return last if key.space in self.embedding(last).spaces else final

    @cached_property
    def epochs(self) -> list[int]:
        """The epochs that some variant has saved, rising."""
        epochs = (earlier.epochs for earlier in self.earlier.values())
        return sorted({epoch for epochs in epochs for epoch in epochs})

    def family(self, key: Key) -> list[Key]:
        """Return the same space of every seed."""
        return [key._replace(seed=seed) for seed in self.seeds(key.variant)]

    def origin(self, key: Key) -> Key:
        """Return the key whose layout is the reference of this one."""
        name = next(iter(self.variants))
        return Key(name, self.seeds(name)[0], key.space)

    def embedding(self, key: Key) -> Embedding:
        """Return the embedding of a key."""
        members: Sequence[Embedding] = self.variants[key.variant]
        if key.epoch is not None:
            members = self.earlier[key.variant].at(key.epoch)
        return members[self.seeds(key.variant).index(key.seed)]

    def twin(self, key: Key) -> Key:
        """Return the first run's key where that has the same points.

        The features of the modalities do not depend on the run.
        """
        if key.space in {"latent", "refined"}:
            return key
        final = key._replace(epoch=None)
        if not self._same_inputs[id(self.embedding(final))]:
            return final
        return self.origin(key)._replace(weights=key.weights, metric=key.metric)

    @cached_property
    def _same_inputs(self) -> dict[int, bool]:
        """Whether an embedding has the inputs of the first one, by its `id`."""
        first = self.first.inputs
        return {
            id(run): run.inputs.keys() == first.keys()
            and all(np.array_equal(run.inputs[name], first[name]) for name in first)
            for run in self.embeddings
        }


class Epochs:
    """Embeddings of a dataset by the runs of a variant, at the epochs all have saved.

    Parameters
    ----------
    runs
        One a seed.
    data
        Usually `data.test`.

    Examples
    --------
    >>> import numpy as np
    >>> from refnet_viz.train import Config, fit
    >>> data = Dataset.from_arrays({"a": np.eye(20)}, labels=[0, 1] * 10)
    >>> small = Config(epochs=4, hidden=8, width=4)
    >>> runs = [fit(data, small, snapshots=n, progress=False) for n in (1, 2)]
    >>> earlier = Epochs(runs, data)
    >>> earlier.epochs, [e.info["epoch"] for e in earlier.at(2)]
    ((0, 2, 3), [2, 2])
    """

    def __init__(self, runs: Sequence[Run], data: Dataset) -> None:
        self.runs, self.data = list(runs), data
        every = [set(run.epochs) for run in self.runs]
        self.epochs = tuple(sorted(set.intersection(*every)))
        self._latest = Cache(LATEST)

    def at(self, epoch: int) -> list[Embedding]:
        """Return the embeddings at an epoch; the last few are at hand.

        Runs without refiner have no refined space but at the epoch that training
        kept, see `Run.at`.

        Parameters
        ----------
        epoch
            One of `epochs`.
        """
        # torch, which people who look at their own vectors do not need
        from ..inference import embed  # noqa: PLC0415

        def make() -> list[Embedding]:
            return embed([run.at(epoch) for run in self.runs], self.data)

        return self._latest.get(epoch, make, lambda _: 1)
