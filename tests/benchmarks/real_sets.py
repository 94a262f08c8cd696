"""Four real sets that are not shipped: how they are split, settled and published.

Nothing is chosen on test rows. A set's regularisation was chosen by cross-validation of
the concatenation on training rows; its fusion is chosen here, on validation rows that are
part of the training rows, and then trained again on all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import StratifiedKFold
from trials import Scores, Trial, run_all

import refnet_viz as rv
from refnet_viz.config import Config
from refnet_viz.data import Dataset
from refnet_viz.model.fusion import FUSIONS

REFINED = {"refiner": 0.5, "contrastive": 0.5}


@dataclass(frozen=True)
class RealSet:
    """How one set is used.

    Parameters
    ----------
    plain, refined
        Settings without and with both losses.
    seeds
        Training seeds; with `splits`, the seed also draws the split.
    splits
        Whether every seed has its own random 80/20 split.
    folds
        Folds of the training rows on which the fusion is chosen; 1 takes the stored
        validation rows.
    published
        Accuracies in percent, each under the protocol of its paper.
    protocol
        How the set is split here.
    """

    plain: Config
    seeds: range
    splits: bool
    folds: int
    published: str
    protocol: str
    refiner: float = 0.5
    contrastive: float = 0.5

    @property
    def refined(self) -> Config:
        """The plain settings with both losses."""
        return replace(self.plain, refiner=self.refiner, contrastive=self.contrastive)


_SMALL = Config(
    refiner=0, contrastive=0, hidden=256, dropout=0.3, input_dropout=0.5,
    modality_dropout=0.3, learning_rate=1e-3, keep="last",
)  # fmt: skip
