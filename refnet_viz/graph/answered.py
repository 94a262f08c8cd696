"""Metrics of who answers for a graph: the rows that `compare` adds to `METRICS`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from ..responsibility import Geometry, certified, r_squared, supported
from ..responsibility.answers import known_answers
from .ground import Grounds
from .metrics import Metric, per_neighbor
from .neighbors import Neighbors
from .patterns import EMERGENT, pattern_table
from .search import knn

Judgement = Callable[[Neighbors], tuple[float, float]]

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
        ),
        "supported": Metric(
            lambda graph: judged(graph)[0],
            f"share of {near}",
            (0, 1),
            higher_is_better=True,
            chance=_supported_chance,
            step=per_neighbor,
        ),
        "certified": Metric(
            lambda graph: judged(graph)[1],
            f"share of {near}, as proved by Theorem 1",
            (0, 1),
            higher_is_better=True,
            step=per_neighbor,
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
    refined = knn(graph.embedding, graph.k, space="refined", metric=graph.metric)
    return grounds.overlap(refined, "sum")


def _refined_chance(graph: Neighbors) -> float:
    return graph.k / (len(graph) - 1)  # every row has the refined space


def _supported_and_certified(graph: Neighbors) -> tuple[float, float]:
    """Return shares of supported and of certified neighbours that can be judged."""
    k = min(BEYOND * graph.k, len(graph) - 1)
    if not graph.embedding.answers_held_out:
        return float("nan"), float("nan")
    geometry = Geometry.of(graph.embedding)
    source, target, _ = graph.edges("directed")
    judged = geometry.whole[source] & geometry.whole[target]
    if not judged.any():
        return float("nan"), float("nan")
    bound = geometry.bound(source[judged], target[judged])
    radius = geometry.radii([min(k, int(geometry.whole.sum()) - 1)])[source[judged], 0]
    true, proved = supported(bound, radius), certified(bound, radius)
    return float(true.mean()), float(proved.mean())


def _supported_chance(graph: Neighbors) -> float:
    """Return the share for neighbours drawn among the rows that can be judged."""
    whole = int(graph.embedding.present_in("sum").sum())
    return min(1.0, BEYOND * graph.k / (whole - 1)) if whole > 1 else float("nan")


def _responsibility(name: str, graph: Neighbors) -> float:
    embedding = graph.embedding
    if name not in embedding.decoded or not embedding.answers_held_out:
        return float("nan")
    return r_squared(*known_answers(embedding, name)[1:])


def _mean_predictor(graph: Neighbors) -> float:  # noqa: ARG001
    return 0.0
