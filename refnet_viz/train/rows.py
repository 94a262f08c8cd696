"""Rows of one split, with their task loss and score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..config import Config
from ..data.dataset import Dataset
from ..data.splits import label_subset, with_validation
from ..model import Batch, ReFNet, StoredBatch
from ..objectives import classification, regression, rows_that_count


@dataclass(frozen=True)
class Rows:
    """Rows of one split, with labels or target and which of them count."""

    batch: Batch | StoredBatch
    labels: Tensor | None
    labelled: Tensor  # (N,) bool
    target: Tensor | None = None  # (N,) standardised
    weights: Tensor | None = None  # (C,) of the classes in the task loss

    def task(self, logits: Tensor, index: Any = slice(None)) -> Tensor | None:
        """Return the task loss of the rows at `index`, None without answers."""
        labelled = self.labelled[index]
        if self.target is not None:
            logits, target = rows_that_count(labelled, logits, self.target[index])
            return regression(logits[:, 0], target)
        if self.labels is None:
            return None
        logits, labels = rows_that_count(labelled, logits, self.labels[index])
        return classification(logits, labels, weights=self.weights)

    def shares(self, part: slice) -> Tensor:
        """Return ``(M,)``: the share of the rows with each modality in a part of them.

        By it a mean over such rows is a sum of means over parts.
        """
        return shares_in(self.batch.present, part)

    def score(self, logits: Tensor) -> float:
        """Return accuracy, micro-F1 or R^2 of the labelled rows; NaN without any."""
        if not self.labelled.any():
            return float("nan")
        if self.target is not None:
            return _determination(logits[self.labelled, 0], self.target[self.labelled])
        if self.labels is None:
            return float("nan")
        return _share(logits[self.labelled], self.labels[self.labelled])


def as_trained(data: Dataset, config: Config) -> Dataset:
    """Return the data with the parts that a run has: validated on, if it needs that.

    Raises
    ------
    ValueError
        If there are no training rows, or validation rows are needed and none is
        there or can be taken.
    """
    _ = data.train  # says so where there is none
    return with_validation(data) if config.keep == "best" else data


def rows_of(
    model: ReFNet, data: Dataset, config: Config, seed: int, *, supervised: bool
) -> Rows:
    """Return the rows of a dataset, with labels as scarce as the settings say."""
    batch = model.prepare(data)
    # Moved pictures are arranged at every step, and those on disk when they are read.
    if not config.jitter and isinstance(batch, Batch):
        batch = model.arranged(batch)
    device = batch.present.device
    if not supervised:
        return Rows(
            batch, None, torch.zeros(len(data), dtype=torch.bool, device=device)
        )
    # Validation labels are as scarce as training labels: selection must not see more.
    labelled = torch.from_numpy(label_subset(data.strata, config.label_fraction, seed))
    labelled = labelled.to(device)
    if data.target is not None:
        target = model.standardised(torch.tensor(data.target, device=device))
        return Rows(batch, None, labelled, target)
    return Rows(batch, torch.tensor(data.labels, device=device), labelled)


def shares_in(present: Tensor, part: slice) -> Tensor:
    """Return ``(M,)``: the share of the true entries of each column in some rows.

    Examples
    --------
    >>> shares_in(torch.tensor([[True], [False], [True]]), slice(0, 2)).tolist()
    [0.5]
    """
    counts = present.sum(dim=0).clamp(min=1)
    shares: Tensor = present[part].sum(dim=0) / counts
    return shares


def class_weights(train: Rows, config: Config, count: int) -> Tensor | None:
    """Return the loss weights of `count` classes.

    Classes without a labelled training row are multiplied by 1, as are labels that
    all of these rows have, or none. None where rows are not weighted.
    """
    labels = train.labels
    if config.class_weights == "none" or labels is None:
        return None
    labels = labels[train.labelled]
    if labels.ndim == 2:
        positives = (labels > 0).sum(dim=0)
        weights = (len(labels) - positives) / positives.clamp(min=1)
        return torch.where((positives > 0) & (weights > 0), weights, 1.0)
    rows = torch.bincount(labels, minlength=count)
    weights = len(labels) / ((rows > 0).sum() * rows.clamp(min=1))
    return torch.where(rows > 0, weights, 1.0)


def check_labelled(data: Dataset, config: Config) -> None:
    """Refuse rows to train on, or to validate on, of which not one is labelled.

    Raises
    ------
    ValueError
        Naming the part, and what else can be done.
    """
    answer = "label" if data.target is None else "target"
    instead = {"train": "`pretrain` takes unlabelled data"}
    if config.keep == "best":
        instead["val"] = "`config.keep` 'last' needs no validation score"
    for part, other in instead.items():
        inside = data.split == part
        if inside.any() and not data.labelled[inside].any():
            raise ValueError(
                f"`data` must have a {answer} in at least one row of the split "
                f"{part!r} to be fitted, got none in {int(inside.sum())} rows; "
                f"{other}."
            )


def check_classes(train: Rows, config: Config) -> None:
    """Refuse a single class where the contrastive loss needs two.

    Raises
    ------
    ValueError
        If fewer than two classes are labelled.
    """
    labels = train.labels
    if config.contrastive == 0 or labels is None or labels.ndim == 2:
        return
    class_count = int(labels[train.labelled].unique().numel())
    if class_count < 2:
        raise ValueError(
            "`data` must have at least 2 classes among its labelled training rows "
            f"when `config.contrastive` is above 0, got {class_count}."
        )


def _share(logits: Tensor, labels: Tensor) -> float:
    """Return accuracy, or micro-F1 at probability one half for several labels."""
    if labels.ndim == 1:
        return float((logits.argmax(dim=1) == labels).float().mean())
    guess, truth = logits > 0, labels > 0
    hits = float((guess & truth).sum())
    return 2 * hits / max(float(guess.sum() + truth.sum()), 1.0)


def _determination(predicted: Tensor, target: Tensor) -> float:
    """Return R^2; of a constant target 1 when it is met, else 0."""
    missed = float((predicted - target).square().sum())
    spread = float((target - target.mean()).square().sum())
    if spread == 0:
        return float(missed == 0)
    return 1 - missed / spread
