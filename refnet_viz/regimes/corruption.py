"""Trained runs on noisy and incomplete rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .._nested import Variants
from ..data import missing, noisy, without
from ..data.dataset import Dataset
from ..train.run import Run
from .judged import Judged, chance_of
from .table import Floats, as_frame

CORRUPTIONS = ("noise", "missing")


def robustness(
    runs: Any,
    data: Dataset,
    *,
    corruption: str = "noise",
    levels: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    modality: str | None = None,
    seed: int = 0,
    baseline: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Measure how accuracy falls as rows get noisier or lose modalities.

    All runs see the same corrupted rows. The area under each curve, relative to what
    the run reaches on the rows as they are, is its relative robustness (Liang et al.
    2021, MultiBench): ``integral of a(s) ds / (a(0) s_max)``, by the trapezoid rule.

    Parameters
    ----------
    runs
        A `Run`, a list of them (seeds), or a mapping of either, trained with labels.
    data
        Usually `data.test`, whose own standard deviations then scale the noise.
    corruption
        "noise" (`data.noisy`, by level) or "missing" (`data.missing`, by rate).
    levels
        Rising from 0, the rows as they are; at most 1 for "missing".
    modality
        The only one to be corrupted; None means all.
    seed
        Seed of the corruption.
    baseline
        The variant the others are compared with; None takes "plain", or the first.
    confidence
        Confidence level of bands and intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row a variant and level with ``metric`` "accuracy" (0 to 1, higher is
        better), then one a variant with ``metric`` "area" and no level (1 when
        nothing is lost, higher is better):

        mean, low, high, seeds
            Mean over the seeds and its confidence interval (Student's t).
        difference, diff_low, diff_high, verdict
            Minus the baseline at the same level, paired by seed where the variants
            share seeds; verdicts as in `compare`.
        chance
            Share of the largest class; for "area", what is left when accuracy falls
            to that at the first level above 0.

    Raises
    ------
    TypeError
        If something in `runs` is not a Run.
    ValueError
        If levels do not rise from 0, labels or predictions are missing, or a name is
        unknown.

    Warns
    -----
    UserWarning
        If rows are among those a run was trained on.

    Examples
    --------
    >>> from refnet_viz.train import Config, fit
    >>> labels = np.repeat([0, 1], 30)
    >>> x = np.random.default_rng(0).normal(size=(60, 2)) + 9 * labels[:, None]
    >>> data = Dataset.from_arrays({"a": x, "b": x}, labels=labels)
    >>> small = Config(epochs=20, hidden=16, batch_size=8, modality_dropout=0.5)
    >>> run = fit(data, small, progress=False)
    >>> table = robustness(run, data.test, corruption="missing", levels=(0, 1))
    >>> table[["metric", "level", "mean", "chance"]]
         metric  level  mean  chance
    0  accuracy    0.0   1.0    0.50
    1  accuracy    1.0   1.0    0.50
    2      area    NaN   1.0    0.75
    """
    _check.one_of("corruption", corruption, CORRUPTIONS)
    rising = _levels(levels, high=np.inf if corruption == "noise" else 1.0)
    judged = Judged(runs, data, baseline, confidence)
    corrupt = noisy if corruption == "noise" else missing
    curves = [
        judged.accuracy(corrupt(data, level, modality=modality, seed=seed))
        for level in rising
    ]
    rows = []
    chance = chance_of(data)
    for level, values in zip(rising, curves, strict=True):
        shared = {"metric": "accuracy", "level": level, "chance": chance}
        rows += [shared | row for row in judged.rows(values, int(data.labelled.sum()))]
    areas, floors = {}, {}
    for name in judged.runs:
        curve = np.array([values[name] for values in curves])
        flat = np.vstack([curve[:1], np.full_like(curve[1:], chance)])
        areas[name] = _area(curve, rising)
        floors[name] = float(_area(flat, rising).mean())
    # An area is relative to where its curve begins, so it may be above 1.
    endless = (0.0, float("inf"))
    for row in judged.rows(areas, int(data.labelled.sum()), span=endless):
        rows.append({"metric": "area", "chance": floors[row["variant"]], **row})
    return as_frame(
        rows,
        "level",
        baseline=judged.baseline,
        confidence=judged.confidence,
        corruption=corruption,
        modality=modality or "all",
        dataset=data.name,
    )


def ablate(
    runs: Any,
    data: Dataset,
    *,
    baseline: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Measure accuracy with all modalities, without each one, and with each alone.

    Nothing is trained again: the modalities are marked absent in the rows that the
    runs are judged on, as `data.without` does. `Config.modality_dropout` prepares
    runs for this.

    Parameters
    ----------
    runs
        A `Run`, a list of them (seeds), or a mapping of either, trained with labels.
    data
        Usually `data.test`.
    baseline
        The variant the others are compared with; None takes "plain", or the first.
    confidence
        Confidence level of bands and intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row a variant and ``condition`` ("all modalities", "without image",
        "image alone"), with the columns of `robustness` and ``rows``: how many rows
        have what the condition leaves, and a label; the others do not count, in
        ``chance`` (the share of the largest class among these rows) neither.

    Raises
    ------
    TypeError
        If something in `runs` is not a Run.
    ValueError
        If labels or predictions are missing, or the baseline is unknown.

    Warns
    -----
    UserWarning
        If rows are among those a run was trained on.

    Examples
    --------
    >>> from refnet_viz.train import Config, fit
    >>> labels = np.repeat([0, 1], 30)
    >>> x = np.random.default_rng(0).normal(size=(60, 2)) + 9 * labels[:, None]
    >>> data = Dataset.from_arrays({"a": x, "b": x}, labels=labels)
    >>> small = Config(epochs=20, hidden=16, batch_size=8, modality_dropout=0.5)
    >>> run = fit(data, small, progress=False)
    >>> ablate(run, data.test).condition.tolist()
    ['all modalities', 'without a', 'without b', 'a alone', 'b alone']
    """
    judged = Judged(runs, data, baseline, confidence)
    rows = []
    # Without one of two modalities is the other one alone: judged once.
    accuracies: dict[tuple[str, ...], dict[str, Floats]] = {}
    for condition, dropped in _conditions(judged.runs, data).items():
        columns = [name not in dropped for name in data.modalities]
        rows_left = data.present[:, columns].any(axis=1)
        if not data.labelled[rows_left].any():
            continue
        part = without(data.subset(rows_left), dropped)
        count = int(part.labelled.sum())
        shared = {
            "metric": "accuracy",
            "condition": condition,
            "chance": chance_of(part),
            "rows": count,
        }
        if dropped not in accuracies:
            accuracies[dropped] = judged.accuracy(part)
        rows += [shared | row for row in judged.rows(accuracies[dropped], count)]
    table = as_frame(
        rows,
        "condition",
        baseline=judged.baseline,
        confidence=judged.confidence,
        dataset=data.name,
    )
    table["rows"] = np.array([row["rows"] for row in rows])
    return table


def _levels(levels: Sequence[float], *, high: float) -> list[float]:
    levels = _check.several("levels", levels)
    checked = [_check.number("levels", level, low=0, high=high) for level in levels]
    rises = all(a < b for a, b in pairwise(checked))
    if len(checked) < 2 or checked[0] != 0 or not rises:
        raise ValueError(
            "`levels` must be two or more numbers that rise from 0, "
            f"got {list(levels)}."
        )
    return checked


def _area(curve: Floats, levels: list[float]) -> Floats:
    """Return the area under the curve of each seed; NaN where it begins at 0."""
    area = np.trapezoid(curve, levels, axis=0) / levels[-1]
    clean = np.where(curve[0] > 0, curve[0], np.nan)
    return np.asarray(area / clean)


def _conditions(runs: Variants[Run], data: Dataset) -> dict[str, tuple[str, ...]]:
    """Return for each condition the modalities that are taken away."""
    modalities = list(data.modalities)
    schemas = [run.schema.modalities for members in runs.values() for run in members]
    names = [name for name in modalities if all(name in schema for schema in schemas)]
    dropped = {f"without {name}": (name,) for name in names}
    alone = {
        f"{name} alone": tuple(n for n in modalities if n != name) for name in names
    }
    return {"all modalities": (), **dropped, **alone}
