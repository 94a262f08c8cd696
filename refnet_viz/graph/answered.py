"""Metrics of who answers for a graph: the rows that `compare` adds to `METRICS`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from ..responsibility import Geometry, certified, r_squared, supported
from ..responsibility.answers import known_answers
from .ground import Grounds
from .influence import of_edges, of_r_squared
from .metrics import Metric, per_neighbor
from .neighbors import Neighbors
from .patterns import EMERGENT, pattern_table

Floats = npt.NDArray[np.float64]
Judgement = Callable[[Neighbors], tuple[Floats, Floats]]

BEYOND = 10  # certificates are asked for among so many times k nearest


def answered(every: list[Neighbors], grounds: Grounds) -> dict[str, Metric]:
    """Return the metrics for embeddings that have modalities, and decoded answers.

    Parameters
    ----------
    every
        All graphs of a comparison.
    grounds
        The modalities' own graphs, of the same k.
    """
    embeddings = [graph.embedding for graph in every]
    inputs = dict.fromkeys(name for e in embeddings for name in e.inputs)
    decoded = dict.fromkeys(name for e in embeddings for name in e.decoded)
    metrics = {}
    if inputs:
        emergent = cache(partial(_emergent, grounds))  # graph by graph, for both
        metrics["emergent"] = Metric(
            lambda graph: emergent(graph)[0],
            "share of edges that no modality's graph has",
            (0, 1),
            chance=lambda graph: emergent(graph)[1],
        )
    if decoded:
        metrics |= _proved(grounds)
    return metrics | {
        f"responsibility for {name}": Metric(
            partial(_responsibility, name),
            f"R^2 of what z answers for {name}",
            (-float("inf"), 1),
            higher_is_better=True,
            chance=_mean_predictor,
            influence=partial(_of_responsibility, name),
        )
        for name in decoded
    }


def _proved(grounds: Grounds) -> dict[str, Metric]:
    judged: Judgement = cache(_supported_and_certified)  # one pass for both metrics
    near = f"neighbours among the {BEYOND} k nearest by the sum of modalities"
    return {
        "refined overlap with sum": Metric(
            partial(_refined_overlap, grounds),
            "share of refined neighbours that are so by the sum",
            (0, 1),
            higher_is_better=True,
            chance=_refined_chance,
            step=per_neighbor,
            influence=partial(_of_refined_overlap, grounds),
        ),
        "supported": Metric(
            lambda graph: _share(judged(graph)[0]),
            f"share of {near}",
            (0, 1),
            higher_is_better=True,
            chance=_supported_chance,
            step=per_neighbor,
            influence=lambda graph: of_edges(graph.indices, judged(graph)[0]),
        ),
        "certified": Metric(
            lambda graph: _share(judged(graph)[1]),
            f"share of {near}, as proved by Theorem 1",
            (0, 1),
            higher_is_better=True,
            step=per_neighbor,
            influence=lambda graph: of_edges(graph.indices, judged(graph)[1]),
        ),
    }


def _emergent(grounds: Grounds, graph: Neighbors) -> tuple[float, float]:
    """Return the share of edges that no modality has, and what it is by chance."""
    if not graph.embedding.inputs:
        return float("nan"), float("nan")
    table = pattern_table(graph, grounds)
    row = table[table["pattern"] == EMERGENT]
    return float(row["share"].item()), float(row["chance"].item())


def _refined_overlap(grounds: Grounds, graph: Neighbors) -> float:
    if not graph.embedding.answers_held_out:
        return float("nan")
    return grounds.overlap(grounds.refined(graph), "sum")


def _of_refined_overlap(grounds: Grounds, graph: Neighbors) -> Floats:
    if not graph.embedding.answers_held_out:
        return np.full(len(graph), np.nan)
    return grounds.of_overlap(grounds.refined(graph), "sum")


def _refined_chance(graph: Neighbors) -> float:
    return graph.k / (len(graph) - 1)  # every row has the refined space


def _supported_and_certified(graph: Neighbors) -> tuple[Floats, Floats]:
    """Return ``(N, k)`` which neighbours are supported, and which certified.

    NaN where that cannot be judged.
    """
    flags = np.full((2, *graph.indices.shape), np.nan)
    k = min(BEYOND * graph.k, len(graph) - 1)
    if not graph.embedding.answers_held_out:
        return flags[0], flags[1]
    geometry = Geometry.of(graph.embedding)
    source, slot = np.nonzero(graph.indices >= 0)
    target = graph.indices[source, slot]
    judged = geometry.whole[source] & geometry.whole[target]
    if not judged.any():
        return flags[0], flags[1]
    source, slot, target = source[judged], slot[judged], target[judged]
    bound = geometry.bound(source, target)
    radius = geometry.radii([min(k, int(geometry.whole.sum()) - 1)])[source, 0]
    flags[0, source, slot] = supported(bound, radius)
    flags[1, source, slot] = certified(bound, radius)
    return flags[0], flags[1]


def _share(flags: Floats) -> float:
    """Return the share of neighbours, of those that can be judged."""
    flags = flags[~np.isnan(flags)]
    return float(flags.mean()) if len(flags) else float("nan")


def _supported_chance(graph: Neighbors) -> float:
    """Return the share for neighbours drawn among the rows that can be judged."""
    whole = int(graph.embedding.present_in("sum").sum())
    return min(1.0, BEYOND * graph.k / (whole - 1)) if whole > 1 else float("nan")


def _responsibility(name: str, graph: Neighbors) -> float:
    embedding = graph.embedding
    if name not in embedding.decoded or not embedding.answers_held_out:
        return float("nan")
    return r_squared(*known_answers(embedding, name)[1:])


def _of_responsibility(name: str, graph: Neighbors) -> Floats:
    embedding = graph.embedding
    influences = np.zeros(len(graph))
    if name not in embedding.decoded or not embedding.answers_held_out:
        return np.full(len(graph), np.nan)
    present, target, answer = known_answers(embedding, name)
    influences[present] = of_r_squared(target, answer) * (
        len(graph) / max(1, len(target))
    )
    return influences


def _mean_predictor(graph: Neighbors) -> float:  # noqa: ARG001
    return 0.0
