"""Resident rows of one split, and how well their answers are met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..model import Batch
from ..objectives import classification, regression


@dataclass(frozen=True)
class Rows:
    """Resident rows of one split, with labels or target and which of them count."""

    batch: Batch
    labels: Tensor | None
    labelled: Tensor  # (N,) bool
    target: Tensor | None = None  # (N,) standardised

    def task(self, logits: Tensor, index: Any = slice(None)) -> Tensor | None:
        """Return the task loss of the rows at `index`, None without answers."""
        seen = self.labelled[index]
        if self.target is not None:
            return regression(logits[seen, 0], self.target[index][seen])
        if self.labels is None:
            return None
        return classification(logits[seen], self.labels[index][seen])

    def score(self, logits: Tensor) -> float:
        """Return accuracy, micro-F1 or R^2; NaN without answers."""
        if self.target is not None:
            return _determination(logits[self.labelled, 0], self.target[self.labelled])
        if self.labels is None:
            return float("nan")
        return _share(logits[self.labelled], self.labels[self.labelled])


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
