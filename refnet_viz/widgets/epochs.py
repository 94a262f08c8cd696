"""Runs as they were on the way: what an epoch scrubber asks for."""

from __future__ import annotations

from typing import Any

from .._nested import Variants, as_variants
from ..data.dataset import Dataset
from ..embedding import Embedding
from ..inference import embed
from ..train.run import Run
from .graphs import make_room

KEPT = 24  # epochs whose embeddings are held at once


def epochs_of(runs: Any) -> tuple[int, ...]:
    """Return the epochs that every run of every variant has kept, rising.

    Parameters
    ----------
    runs
        A Run, a list of them, or a mapping of either.

    Examples
    --------
    >>> import numpy as np
    >>> from refnet_viz.train import Config, fit
    >>> data = Dataset.from_arrays({"a": np.eye(20)}, labels=[0, 1] * 10)
    >>> small = Config(epochs=4, hidden=8, width=4)
    >>> runs = [fit(data, small, snapshots=n, progress=False) for n in (1, 2)]
    >>> epochs_of(runs)
    (0, 2, 3)
    """
    variants = as_variants("runs", runs, Run, alone="run")
    every = [set(run.epochs) for members in variants.values() for run in members]
    return tuple(sorted(set.intersection(*every)))


class Epochs:
    """What runs made of a dataset at the epochs that all of them have kept.

    Parameters
    ----------
    runs
        A Run, a list of them, or a mapping of either.
    data
        Usually `data.test`.

    Examples
    --------
    >>> import numpy as np
    >>> from refnet_viz.train import Config, fit
    >>> data = Dataset.from_arrays({"a": np.eye(20)}, labels=[0, 1] * 10)
    >>> small = Config(epochs=3, hidden=8, width=4)
    >>> shown = Epochs({"mine": fit(data, small, snapshots=1, progress=False)}, data)
    >>> shown.epochs, shown.spaces(1)["mine"][0].info["epoch"]
    ((0, 1, 2), 1)
    """

    def __init__(self, runs: Any, data: Dataset) -> None:
        self.runs: Variants[Run] = as_variants("runs", runs, Run, alone="run")
        self.data = data
        self.epochs = epochs_of(self.runs)
        self._known: dict[int | None, Variants[Embedding]] = {}

    def spaces(self, epoch: int | None = None) -> Variants[Embedding]:
        """Return the embeddings at an epoch; only the first call computes them.

        Runs without refiner have no refined space but at the epoch that training
        kept, see `Run.at`.

        Parameters
        ----------
        epoch
            One of `epochs`; None is, for every run, the one that training kept.

        Raises
        ------
        ValueError
            If some run has not kept the epoch.
        """
        if epoch is not None and epoch not in self.epochs:
            known = ", ".join(map(str, self.epochs)) or "none"
            raise ValueError(
                f"`epoch` must be one that all runs have kept ({known}), got {epoch!r}."
            )
        if epoch not in self._known:
            make_room(self._known, KEPT)
            self._known[epoch] = embed(
                {
                    name: [run if epoch is None else run.at(epoch) for run in members]
                    for name, members in self.runs.items()
                },
                self.data,
            )
        return self._known[epoch]
