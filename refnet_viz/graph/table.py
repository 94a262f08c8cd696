"""The rows of a comparison: one metric, every variant, with its nulls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import statistics
from ..data.answers import labelled
from .labelled import Draws
from .metrics import Metric
from .neighbors import Neighbors
from .single_modality import ASKED, judged, modality_of, worst

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
    "over",
    "verdict",
    "p",
    "holm",
    "chance",
    "null_low",
    "null_high",
    "better",
    "pairing",
]

MOST_POINTS = 200_000  # of more the noise is small and its memory large
_MOST_DEALT = 2**22  # numbers of permuted answers that are kept (32 MiB)

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

    @property
    def fixed(self) -> bool:
        """Whether no seed changes it, as the graph of a modality."""
        return self.kind == "rail" and len(self.graphs) == 1


@dataclass(frozen=True)
class Settings:
    """Choices that a caller of `compare` made, and the permuted answers they lead to.

    Runs over the same points have the same answers, which are permuted once for all
    metrics of all graphs.
    """

    baseline: str
    confidence: float
    permutations: int
    seed: int
    over: str = "both"
    dealt: dict[tuple[bytes, ...], list[npt.NDArray[Any]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    draws: dict[tuple[bytes, ...], Draws] = field(
        default_factory=dict, repr=False, compare=False
    )


def samples_of(
    metric: Metric, lines: list[Line], settings: Settings
) -> list[statistics.Sample]:
    """Return what a metric gives for each seed of every line, with its points."""
    return [_sample(metric, line, settings) for line in lines]


def rows_of(
    name: str,
    metric: Metric,
    lines: list[Line],
    samples: list[statistics.Sample],
    settings: Settings,
) -> list[dict[str, Any]]:
    """Return the rows of one metric, for the lines for which it is defined."""
    # Variants come before rails, so that a rail of the same name is never meant.
    base = next(i for i, line in enumerate(lines) if line.name == settings.baseline)
    variants = [line for line in lines if line.kind == "variant"]
    single = all(len(line.graphs) == 1 for line in variants)
    rows = []
    for i, (line, sample) in enumerate(zip(lines, samples, strict=True)):
        scores = sample.values
        if np.isnan(scores).all():
            continue
        # One seed beside several has no band: its points alone would make it narrow.
        alone = settings.over == "both" and len(line.graphs) == 1 and not line.fixed
        intended = "seeds" if alone and not single else settings.over
        low, high, over = statistics.band(
            sample, settings.confidence, metric.range, over=intended
        )
        null_low, null_high = _null(metric, line, settings)
        row = {
            "metric": name,
            "variant": line.name,
            "kind": line.kind,
            "mean": float(scores.mean()),
            "low": low,
            "high": high,
            "seeds": len(scores),
            "over": over,
            "chance": _chance(metric, line),
            "null_low": null_low,
            "null_high": null_high,
            "better": BETTER[metric.higher_is_better],
            "values": scores.tolist(),
        }
        if i == base:
            row["verdict"], row["pairing"] = statistics.BASELINE, ""
        elif np.isnan(samples[base].values).all():
            row["verdict"], row["pairing"] = "", ""  # nothing to be compared with
        else:
            row |= difference_of(
                metric, (line, lines[base]), (sample, samples[base]), settings
            )
        rows.append(row)
    return rows


def beside_modalities(
    name: str,
    metric: Metric,
    lines: list[Line],
    samples: list[statistics.Sample],
    settings: Settings,
) -> list[dict[str, Any]]:
    """Return how each variant does beside all single modalities, by one metric.

    Nothing for metrics that are not asked (`single_modality.ASKED`), or where there are
    fewer than two modalities to fuse.

    Parameters
    ----------
    name, metric
        The metric.
    lines, samples
        Variants, and the rails that it is computed for, with `samples_of` them.
    settings
        Choices of the comparison.
    """
    variants = [line for line in lines if line.kind == "variant"]
    modalities = list(variants[0].graphs[0].embedding.inputs)
    alone = {
        modality: (line, sample)
        for line, sample in zip(lines, samples, strict=True)
        if line.kind == "rail"
        and (modality := modality_of(line.name, modalities))
        and np.isfinite(sample.values).all()
    }
    if name not in ASKED or len(alone) < 2:
        return []
    compared = list(zip(lines, samples, strict=True))
    rows = _beside(name, metric, compared, alone, settings)
    for row in rows:
        row["modality"] = row.pop("other")
        row["mean_of_modality"] = row.pop("mean_of_other")
    return judged(rows, confidence=settings.confidence)


def beside_rails(
    name: str,
    metric: Metric,
    lines: list[Line],
    samples: list[statistics.Sample],
    settings: Settings,
) -> list[dict[str, Any]]:
    """Return how each variant does beside all rails, by one metric, not judged yet.

    Only metrics of answers and labels that have a better direction are asked: a
    modality's own graph overlaps with itself by definition.

    Parameters
    ----------
    name, metric, lines, samples, settings
        As in `beside_modalities`.
    """
    compared = list(zip(lines, samples, strict=True))
    rails = {
        line.name: (line, sample)
        for line, sample in compared
        if line.kind == "rail" and np.isfinite(sample.values).all()
    }
    of_answers = _asks(metric) or metric.of_predictions
    if not of_answers or metric.higher_is_better is None or not rails:
        return []
    return _beside(name, metric, compared, rails, settings)


def _beside(
    name: str,
    metric: Metric,
    compared: Sequence[tuple[Line, statistics.Sample]],
    others: Mapping[str, tuple[Line, statistics.Sample]],
    settings: Settings,
) -> list[dict[str, Any]]:
    """Return each variant beside the other line that speaks most against it.

    Nothing where some difference is not defined.
    """
    rows = []
    for line, sample in compared:
        if line.kind != "variant":
            continue
        beside = []
        for key, (other, rail) in others.items():
            one = difference_of(metric, (line, other), (sample, rail), settings)
            if np.isnan(one["difference"]):
                return []
            beside.append(
                {"metric": name, "variant": line.name, "other": key}
                | {"mean": float(sample.values.mean())}
                | {"mean_of_other": float(rail.values.mean())}
                | one
            )
        rows.append(worst(beside, BETTER[metric.higher_is_better]))
    return rows


def _of_single_runs(line: Line, base: Line, over: str, asked: str) -> bool:
    """Return whether a run is compared over points where its variant is meant.

    Its interval says how two runs differ. Of their variants one seed tells nothing,
    unless nobody speaks of seeds, or intervals over points were asked for.
    """
    trained = any(seed is not None for seed in (*line.seeds, *base.seeds))
    return over == "points" and asked != "points" and trained


def as_frame(
    rows: list[dict[str, Any]], first: Sequence[str], settings: Settings
) -> pd.DataFrame:
    """Return the table with its verdicts, which pay for how much it asks.

    Parameters
    ----------
    rows
        What `rows_of` returned of every metric.
    first
        The metrics that are asked first; the first of them leads.
    settings
        As of the rows.
    """
    table = pd.DataFrame(rows, columns=[*COLUMNS, "reason"])
    return verdicts(table, first, settings.confidence)[COLUMNS]


def family_of(metric: str, first: Sequence[str]) -> str:
    """Return the family of the questions that a metric asks of variants.

    Parameters
    ----------
    metric
        Its name.
    first
        Metrics that are asked first (`metrics.asked_first`).
    """
    return statistics.PRIMARY if metric in first else statistics.REST


def verdicts(
    table: pd.DataFrame, first: Sequence[str], confidence: float
) -> pd.DataFrame:
    """Return a table with verdicts and corrected p values for its open rows.

    Parameters
    ----------
    table
        Columns metric, kind, difference, p, reason, and verdict where it is settled.
    first
        As in `as_frame`.
    confidence
        Share of tables without any difference that say neither "higher" nor "lower".
    """
    table = table.copy()
    numbers = ["difference", "diff_low", "diff_high", "p", "low", "high"]
    table[numbers] = table[numbers].astype(float)
    families = [
        statistics.RAIL if kind == "rail" else family_of(name, first)
        for name, kind in zip(table["metric"], table["kind"], strict=True)
    ]
    words, table["holm"] = statistics.judge(
        table["difference"].to_numpy(),
        table["p"].to_numpy(),
        families,
        table["reason"].tolist(),
        confidence=confidence,
        leads=table["metric"].isin(first[:1]).tolist(),
    )
    settled = table["verdict"].notna()
    table["verdict"] = table["verdict"].where(settled, pd.Series(words, dtype=object))
    return table


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


def _sample(metric: Metric, line: Line, settings: Settings) -> statistics.Sample:
    """Return what a metric gives for each seed, and what points have to do with it."""
    values = _values(metric, line)
    points: tuple[Floats | None, float] = None, 0.0
    few = len(line.graphs[0]) <= MOST_POINTS
    if few and settings.over != "seeds" and np.isfinite(values).all():
        points = points_of(metric, line.graphs)
    return statistics.Sample(values, line.seeds, *points, fixed=line.fixed)


def points_of(
    metric: Metric, graphs: Sequence[Neighbors]
) -> tuple[Floats | None, float]:
    """Return what the draw of points adds to a metric: see `statistics.Sample`.

    By halves where they are known, else by influences.

    Parameters
    ----------
    metric
        The metric.
    graphs
        One graph a seed, over the same points.
    """
    if metric.halves is not None:
        halves = [metric.halves(graph) for graph in graphs]
        parts = [half for half in halves if half is not None]
        if len(parts) == len(halves):
            return statistics.by_halves(np.array(parts))
    if metric.influence is None:
        return None, 0.0
    influences = [metric.influence(graph) for graph in graphs]
    return statistics.by_influences(np.array(influences))


def difference_of(
    metric: Metric,
    lines: tuple[Line, Line],
    samples: tuple[statistics.Sample, statistics.Sample],
    settings: Settings,
) -> dict[str, Any]:
    """Return the difference of two lines, and what `statistics.judge` asks for.

    Parameters
    ----------
    metric
        The metric.
    lines, samples
        The one and the other, with `samples_of` them.
    settings
        Choices of the comparison.

    Returns
    -------
    dict
        The columns difference, diff_low, diff_high, over, pairing and p of `compare`,
        and the reason where nothing can be told.
    """
    step = metric.step(lines[0].graphs[0]) if metric.step else 0.0
    difference = statistics.apart(
        *samples, confidence=settings.confidence, step=step, over=settings.over
    )
    alone = _of_single_runs(*lines, difference.over, settings.over)
    return {
        "difference": difference.value,
        "diff_low": difference.low,
        "diff_high": difference.high,
        "over": difference.over,
        "pairing": difference.pairing,
        "p": float("nan") if alone else difference.p,
        "reason": difference.reason or statistics.seeds_of(difference.seeds),
    }


def _null(metric: Metric, line: Line, settings: Settings) -> tuple[float, float]:
    """Return the band of the mean over seeds when answers are permuted."""
    if not (_asks(metric) and _applies(metric, line) and settings.permutations):
        return float("nan"), float("nan")
    draws: list[Any] = []
    for graph in line.graphs:
        truth = np.asarray(_truth(metric, graph))
        name = "target" if metric.needs_target else "labels"
        of_target = truth if metric.needs_target else None
        judged = labelled(truth, of_target, len(graph))
        rows = np.flatnonzero(
            judged if metric.of_predictions else judged & graph.present
        )
        if metric.of_draws is not None and truth.ndim == 1:
            draws.append(metric.of_draws(graph, _draws(truth, rows, settings)))
        else:
            permuted = _permuted(truth, rows, settings)
            draws.append([metric.function(graph, **{name: x}) for x in permuted])
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(np.mean(draws, axis=0), [tail, 1 - tail])
    return float(low), float(high)


def _permuted(
    truth: npt.NDArray[Any], rows: npt.NDArray[np.intp], settings: Settings
) -> Iterable[npt.NDArray[Any]]:
    """Return the answers with those of some rows permuted, as often as is asked for."""
    key = _key(truth, rows)
    if key in settings.dealt:
        return settings.dealt[key]
    # The same generator for each graph: runs over the same points see the same
    # permutations, as they see the same labels.
    rng = np.random.default_rng(settings.seed)
    answers = (_dealt(truth, rows, rng) for _ in range(settings.permutations))
    if truth.size * settings.permutations > _MOST_DEALT:
        return answers
    return settings.dealt.setdefault(key, list(answers))


def _draws(
    truth: npt.NDArray[Any], rows: npt.NDArray[np.intp], settings: Settings
) -> Draws:
    """Return what `_permuted` does, of one label a point, for metrics of many draws."""
    key = _key(truth, rows)
    if key in settings.draws:
        return settings.draws[key]
    draws = Draws.of(_permuted(truth, rows, settings))
    if draws.columns.size > _MOST_DEALT:
        return draws
    return settings.draws.setdefault(key, draws)


def _key(truth: npt.NDArray[Any], rows: npt.NDArray[np.intp]) -> tuple[bytes, ...]:
    return truth.tobytes(), str(truth.shape).encode(), rows.tobytes()


def _dealt(
    truth: npt.NDArray[Any], rows: npt.NDArray[np.intp], rng: np.random.Generator
) -> npt.NDArray[Any]:
    """Return the answers with those of some rows, the points judged, permuted."""
    dealt = truth.copy()
    dealt[rows] = rng.permutation(truth[rows])
    return dealt
