"""The metric strip: the whole graph and the selection, each beside its nulls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from ..graph import METRICS
from ..plot.rewiring import chance_rewiring
from .facts import Facts, Rows

SHOWN = ("accuracy", "purity", "adjusted_homophily", "reciprocity", "hubness")


class Strip(anywidget.AnyWidget):
    """Shows nested plain values; its script makes text nodes of every word."""

    _esm = Path(__file__).parent / "strip.js"
    content = traitlets.Dict().tag(sync=True)


def content(facts: Facts, rows: Rows) -> dict[str, Any]:
    """Return a card a metric, and what they are about."""
    total = len(facts.embedding)
    caption = f"{total:,} points"
    if len(rows):
        caption += f", {len(rows):,} selected (second number)"
    cards = [card for name in SHOWN if (card := _card(facts, name, rows)) is not None]
    return {"caption": caption, "cards": [*cards, _rewiring(facts, rows)]}


def _card(facts: Facts, name: str, rows: Rows) -> dict[str, Any] | None:
    metric, graph = METRICS[name], facts.graph
    if metric.needs_labels and graph.labels is None:
        return None
    whole = metric.function(graph)
    if name == "accuracy" and np.isnan(whole):
        return None
    chance = float("nan") if metric.chance is None else metric.chance(graph)
    nulls = [f"chance {_number(chance)}"]
    selected, beside = _of_selection(facts, name, rows)
    if selected:
        nulls = [f"chance {_number(chance)}, {beside}"]
    return {
        "name": name.replace("_", " "), "whole": _number(whole), "selected": selected,
        "nulls": nulls, "tip": metric.description,
    }  # fmt: skip


def _of_selection(facts: Facts, name: str, rows: Rows) -> tuple[str, str]:
    """Return a metric of the selected points and its chance level, or nothing."""
    if not len(rows):
        return "", ""
    purity, chance = facts.purity, facts.purity_chance
    if name == "purity" and purity is not None and chance is not None:
        return _number(purity[rows].mean()), _number(chance[rows].mean())
    if name == "accuracy":
        chosen = facts.embedding.subset(rows)
        return _number(chosen.accuracy), _number(_constant(facts, rows))
    return "", ""


def _constant(facts: Facts, rows: Rows) -> float:
    """Return the share of the selected that the best constant answer gets right."""
    labels = facts.embedding.labels
    if labels is None:
        return float("nan")
    if labels.ndim == 1:
        return float(np.bincount(labels[rows]).max() / len(rows))
    share = labels[rows].mean(axis=0)
    return float(np.maximum(share, 1 - share).mean())


def _rewiring(facts: Facts, rows: Rows) -> dict[str, Any]:
    card = {
        "name": f"rewiring from {facts.baseline}",
        "tip": "1 - Jaccard index of the neighbourhoods in both graphs",
    }
    if not facts.compared:
        return {**card, "whole": "–", "selected": "", "nulls": ["this is the baseline"]}
    chance = chance_rewiring(facts.graph.k, facts.graph.k, len(facts.graph))
    nulls = [f"chance {_number(chance)}"]
    if facts.noise is None:
        nulls.append("seed noise unknown: one seed")
    else:
        noise = _number(facts.noise.mean())
        if len(rows):
            noise += f", {_number(facts.noise[rows].mean())}"
        nulls.append(f"two seeds {noise}")
    selected = _number(facts.rewiring[rows].mean()) if len(rows) else ""
    whole = _number(facts.rewiring.mean())
    return {**card, "whole": whole, "selected": selected, "nulls": nulls}


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
