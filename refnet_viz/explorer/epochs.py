"""Embeddings at epochs of training."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.dataset import Dataset
from ..embedding import Embedding
from ..inference import embed
from ..train.run import Run
from .graphs import make_room

KEPT = 24  # epochs whose embeddings are held at once


class Epochs:
    """What the runs of a variant made of a dataset at the epochs all of them kept.

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
    >>> shown = Epochs(runs, data)
    >>> shown.epochs, [found.info["epoch"] for found in shown.at(2)]
    ((0, 2, 3), [2, 2])
    """

    def __init__(self, runs: Sequence[Run], data: Dataset) -> None:
        self.runs, self.data = list(runs), data
        every = [set(run.epochs) for run in self.runs]
        self.epochs = tuple(sorted(set.intersection(*every)))
        self._known: dict[int, list[Embedding]] = {}

    def at(self, epoch: int) -> list[Embedding]:
        """Return the embeddings at an epoch; only the first call computes them.

        Runs without refiner have no refined space but at the epoch that training
        kept, see `Run.at`.

        Parameters
        ----------
        epoch
            One of `epochs`.
        """
        if epoch not in self._known:
            make_room(self._known, KEPT)
            self._known[epoch] = embed([run.at(epoch) for run in self.runs], self.data)
        return self._known[epoch]
