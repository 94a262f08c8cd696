"""Trained runs that are judged on one dataset after another."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .._nested import Variants, as_variants, baseline_of, distinct
from ..data.dataset import Dataset
from ..data.fingerprint import row_hashes
from ..graph.prediction import constant_accuracy
from ..inference import embed
from ..train.run import Run
from .table import SHARE, Floats, rows_of


class Judged:
    """Runs whose accuracy is taken on one dataset after another.

    Parameters
    ----------
    runs, data, baseline, confidence
        As a caller gave them.
    """

    def __init__(
        self, runs: Any, data: Dataset, baseline: str | None, confidence: float
    ) -> None:
        self.runs: Variants[Run] = as_variants("runs", runs, Run, alone="run")
        distinct("runs", self.runs)
        self.baseline = baseline_of(baseline, self.runs)
        self.confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
        _check.instance("data", data, Dataset)
        if data.labels is None or data.target is not None:
            answers = "none" if data.target is None else "a target"
            raise ValueError(f"`data` must have labels, got {answers}.")
        if not data.labelled.any():
            raise ValueError(
                "`data` must have a label in at least one row, "
                f"got none in {len(data)} rows."
            )
        for name, members in self.runs.items():
            if not all(run.manifest["supervised"] for run in members):
                raise ValueError(
                    f"`runs[{name!r}]` must have been trained with labels, "
                    "got a pre-trained run."
                )
        _warn_of_training_rows(self.runs, data)

    def accuracy(self, data: Dataset) -> dict[str, Floats]:
        """Return for each variant the accuracy of each seed."""
        return {
            name: np.array([space.accuracy for space in members])
            for name, members in embed(self.runs, data).items()
        }

    def rows(
        self,
        values: dict[str, Floats],
        count: int,
        *,
        span: tuple[float, float] = SHARE,
    ) -> list[dict[str, Any]]:
        """Return a row a variant for numbers of a range that count `count` rows."""
        return rows_of(
            values,
            self.runs,
            baseline=self.baseline,
            confidence=self.confidence,
            step=1 / count,
            span=span,
        )


def chance_of(data: Dataset) -> float:
    """Return the share of right entries of the best constant answer."""
    return constant_accuracy(np.asarray(data.labels))


def _warn_of_training_rows(runs: Variants[Run], data: Dataset) -> None:
    # Rows are known by their values, which corruption changes: ask before it does.
    share = 0.0
    hashes: dict[tuple[str, ...], npt.NDArray[np.uint64]] = {}
    for run in (run for members in runs.values() for run in members):
        run.schema.check(data)
        names = tuple(run.schema.modalities)
        if names not in hashes:
            hashes[names] = row_hashes(data, names)
        share = max(share, float(np.isin(hashes[names], run.train_rows).mean()))
    if share > 0:
        warnings.warn(
            f"{share:.0%} of the rows were trained on, which flatters every number: "
            "measure on held-out rows.",
            UserWarning,
            stacklevel=4,
        )
