"""The rows of a comparison: one metric, every variant, with its nulls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import statistics
from ..data.answers import labelled
from .metrics import Metric
from .neighbors import Neighbors

Floats = npt.NDArray[np.float64]

COLUMNS = [
    "metric",
    "variant",
    "kind",
    "mean",
    "low",
    "high",
    "seeds",
    "difference",
    "diff_low",
    "diff_high",
    "verdict",
    "holm",
    "chance",
    "null_low",
    "null_high",
    "better",
    "pairing",
]

BETTER: dict[bool | None, str] = {True: "higher", False: "lower", None: ""}


@dataclass(frozen=True)
class Line:
    """Whom one row of each metric is about: a variant or a rail."""

    name: str
    kind: str
    graphs: list[Neighbors]

    @property
    def seeds(self) -> list[object]:
        """Seed of each graph; None where unknown."""
        return [graph.embedding.info.get("seed") for graph in self.graphs]


@dataclass(frozen=True)
class Settings:
    """Choices that a caller of `compare` made."""

    baseline: str
    confidence: float
    permutations: int
    seed: int


def rows_of(
    name: str, metric: Metric, lines: list[Line], settings: Settings
) -> list[dict[str, Any]]:
    """Return the rows of one metric, for the lines for which it is defined."""
    values = [_values(metric, line) for line in lines]
    # Variants come before rails, so that a rail of the same name is never meant.
    base = next(i for i, line in enumerate(lines) if line.name == settings.baseline)
    rows = []
    for i, (line, scores) in enumerate(zip(lines, values, strict=True)):
        if np.isnan(scores).all():
            continue
        low, high = statistics.seed_band(scores, settings.confidence, metric.range)
        null_low, null_high = _null(metric, line, settings)
        row = {
            "metric": name,
            "variant": line.name,
            "kind": line.kind,
            "mean": float(scores.mean()),
            "low": low,
            "high": high,
            "seeds": len(scores),
            "chance": _chance(metric, line),
            "null_low": null_low,
            "null_high": null_high,
            "better": BETTER[metric.higher_is_better],
            "values": scores.tolist(),
        }
        if i == base:
            row["verdict"], row["pairing"] = statistics.BASELINE, ""
        elif np.isnan(values[base]).all():
            row["verdict"], row["pairing"] = "", ""  # nothing to be compared with
        else:
            pair = (line, scores), (lines[base], values[base])
            row |= _difference(*pair, metric, settings.confidence)
        rows.append(row)
    return rows


def as_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the table, with p values adjusted over the rows of variants."""
    table = pd.DataFrame(rows, columns=[*COLUMNS, "p"])
    p = table["p"].where(table["kind"] == "variant").to_numpy(dtype=float)
    table["holm"] = statistics.holm(p)
    numbers = ["difference", "diff_low", "diff_high"]
    table[numbers] = table[numbers].astype(float)
    return table[COLUMNS]


def _truth(metric: Metric, graph: Neighbors) -> Any:
    """Return the answers that a metric asks for, None without them."""
    return graph.embedding.target if metric.needs_target else graph.labels


def _asks(metric: Metric) -> bool:
    """Return whether labels or a target enter a metric."""
    return metric.needs_labels or metric.needs_target


def _applies(metric: Metric, line: Line) -> bool:
    """Return whether every graph has the answers that a metric asks for."""
    complete = all(_truth(metric, graph) is not None for graph in line.graphs)
    return complete or not _asks(metric)


def _values(metric: Metric, line: Line) -> Floats:
    if not _applies(metric, line):
        return np.full(len(line.graphs), np.nan)
    return np.array([metric.function(graph) for graph in line.graphs])


def _chance(metric: Metric, line: Line) -> float:
    if metric.chance is None or not _applies(metric, line):
        return float("nan")
    return float(np.mean([metric.chance(graph) for graph in line.graphs]))


def _difference(
    line: tuple[Line, Floats],
    base: tuple[Line, Floats],
    metric: Metric,
    confidence: float,
) -> dict[str, Any]:
    (variant, values), (other, baseline) = line, base
    step = metric.step(variant.graphs[0]) if metric.step else 0.0
    if variant.kind == "rail" and len(values) == 1:
        difference = statistics.against_fixed(
            float(values[0]), baseline, confidence=confidence, step=step
        )
    else:
        difference = statistics.difference(
            (values, variant.seeds),
            (baseline, other.seeds),
            confidence=confidence,
            step=step,
        )
    return {
        "difference": difference.value,
        "diff_low": difference.low,
        "diff_high": difference.high,
        "verdict": difference.verdict,
        "pairing": difference.pairing,
        "p": difference.p,
    }


def _null(metric: Metric, line: Line, settings: Settings) -> tuple[float, float]:
    """Return the band of the mean over seeds when answers are permuted."""
    if not (_asks(metric) and _applies(metric, line) and settings.permutations):
        return float("nan"), float("nan")
    draws = []
    for graph in line.graphs:
        # The same generator for each graph: runs over the same points see the same
        # permutations, as they see the same labels.
        rng = np.random.default_rng(settings.seed)
        truth = np.asarray(_truth(metric, graph))
        name = "target" if metric.needs_target else "labels"
        of_target = truth if metric.needs_target else None
        judged = labelled(truth, of_target, len(graph))
        rows = np.flatnonzero(
            judged if metric.of_predictions else judged & graph.present
        )
        draws.append(
            [
                metric.function(graph, **{name: _dealt(truth, rows, rng)})
                for _ in range(settings.permutations)
            ]
        )
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(np.mean(draws, axis=0), [tail, 1 - tail])
    return float(low), float(high)


def _dealt(
    truth: npt.NDArray[Any], rows: npt.NDArray[np.intp], rng: np.random.Generator
) -> npt.NDArray[Any]:
    """Return the answers with those of some rows, the points judged, permuted."""
    dealt = truth.copy()
    dealt[rows] = rng.permutation(truth[rows])
    return dealt
