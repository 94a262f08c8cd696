"""The metric strip: every map and selection, beside seed bands and nulls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..embedding import Embedding
from ..graph import METRICS, Metric
from ..graph.prediction import constant_accuracy
from ..plot.rewiring import chance_rewiring
from ..statistics import seed_band
from .points import Floats, PointTable, Rows
from .words import cut

OF_POINTS = ("accuracy", "purity")  # those that a selection has too
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Line:
    """What the strip says of one map.

    Parameters
    ----------
    name
        Of the variant.
    facts
        Of the shown run.
    family
        Of the same graph of every seed, empty while they are not known.
    """

    name: str
    facts: PointTable
    family: Sequence[PointTable]


def content(shown: Sequence[Line], rows: Rows, focus: int) -> dict[str, Any]:
    """Return a row a map and a column a metric."""
    caption = counts(shown[0].facts)
    if len(rows):
        caption += f", {len(rows):,} selected (second number)"
    if any(len(line.family) > 1 for line in shown):
        caption += f"; brackets: mean over seeds, {CONFIDENCE:.0%} interval"
    names = columns(shown[0].facts)
    heads = [
        {"name": name.replace("_", " "), "tip": METRICS[name].description}
        for name in names
    ]
    rewired = {
        "name": f"rewiring from {cut(shown[0].facts.baseline)}",
        "tip": "1 - Jaccard index of the neighbourhoods in both graphs",
    }
    lines = [
        {
            "name": cut(line.name), "focused": number == focus and len(shown) > 1,
            "cells": [*(_cell(line, name, rows) for name in names),
                      _rewiring(line.facts, rows)],
        }
        for number, line in enumerate(shown)
    ]  # fmt: skip
    return {"caption": caption, "columns": [*heads, rewired], "rows": lines}


def counts(facts: PointTable) -> str:
    """Return how many points there are, without a label, and in the space."""
    bare = int((~facts.labelled).sum()) if facts.graph.labels is not None else 0
    parts = [
        f"{len(facts.embedding):,} points",
        f"{bare:,} without a label" if bare else "", facts.graph.coverage,
    ]  # fmt: skip
    return ", ".join(part for part in parts if part)


def columns(facts: PointTable) -> list[str]:
    """Return the headline metrics that there are numbers for."""
    return [
        name
        for name, metric in METRICS.items()
        if metric.headline and _applies(metric, facts.embedding)
    ]


def _applies(metric: Metric, embedding: Embedding) -> bool:
    """Return whether an embedding has what a metric is about."""
    if metric.needs_labels and embedding.labels is None:
        return False
    if metric.needs_target and embedding.target is None:
        return False
    answers = embedding.predicted if metric.needs_target else embedding.predictions
    return answers is not None or not metric.of_predictions


def _cell(line: Line, name: str, rows: Rows) -> dict[str, Any]:
    facts, metric = line.facts, METRICS[name]
    chance = float("nan") if metric.chance is None else metric.chance(facts.graph)
    nulls = f"chance {_number(chance)}"
    selected = band = ""
    if len(rows) and name in OF_POINTS:
        selected = _number(_selected(facts, name, rows))
        nulls += f", {_number(_chance(facts, name, rows))}"
        values = [_selected(one, name, rows) for one in line.family]
        band = _band(values, metric.range)
    return {
        "whole": _number(facts.value(name)),
        "band": _band([one.value(name) for one in line.family], metric.range),
        "selected": selected, "selectedBand": band, "nulls": [nulls],
    }  # fmt: skip


def _band(values: list[float], span: tuple[float, float]) -> str:
    """Return the mean over seeds and its interval, within the metric's range."""
    if len(values) < 2:
        return ""
    found = np.array(values)
    low, high = np.clip(seed_band(found, CONFIDENCE), *span)
    return (
        f"{len(values)} seeds {_number(found.mean())} [{_number(low)}, {_number(high)}]"
    )


def _selected(facts: PointTable, name: str, rows: Rows) -> float:
    """Return a metric of the selected points."""
    if name == "purity" and facts.purity is not None:
        return _mean(facts.purity[rows])
    rows = rows[facts.labelled[rows]]
    return facts.embedding.subset(rows).accuracy if len(rows) else float("nan")


def _chance(facts: PointTable, name: str, rows: Rows) -> float:
    """Return the chance level of a metric of the selected points."""
    if name == "purity" and facts.purity_chance is not None:
        return _mean(facts.purity_chance[rows])
    labels = facts.embedding.labels
    return float("nan") if labels is None else constant_accuracy(labels[rows])


def _rewiring(facts: PointTable, rows: Rows) -> dict[str, Any]:
    empty = {"band": "", "selected": "", "selectedBand": ""}
    if not facts.compared:
        return {**empty, "whole": "–", "nulls": ["this is the baseline"]}
    having = int(facts.graph.present.sum())
    chance = chance_rewiring(facts.graph.k, facts.graph.k, having)
    nulls = [f"chance {_number(chance)}"]
    if facts.noise is None:
        nulls.append("seed noise unknown: one seed")
    else:
        noise = _number(_mean(facts.noise))
        if len(rows):
            noise += f", {_number(_mean(facts.noise[rows]))}"
        nulls.append(f"two seeds {noise}")
    selected = _number(_mean(facts.rewiring[rows])) if len(rows) else ""
    whole = _number(_mean(facts.rewiring))
    return {**empty, "whole": whole, "selected": selected, "nulls": nulls}


def _mean(values: Floats) -> float:
    """Return the mean over the points that have a number, NaN where none has."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
