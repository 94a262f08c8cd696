"""The numbers behind `attribution`: sets of modalities, pooled, beside chance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .._threads import one_thread_for
from ..graph.attribution import Attribution
from ..graph.closeness import closeness
from ..graph.patterns import ALL, EMERGENT

SEVERAL = "several"

Words = npt.NDArray[np.object_]


def kept_sets(shown: Sequence[Attribution], most: int) -> tuple[list[str], bool]:
    """Return the sets that are told apart, in the order of the tables.

    All modalities come first, then single ones, then those with most edges.

    Returns
    -------
    list, bool
        The names, and whether there are others.
    """
    edges: dict[str, int] = {}
    for found in shown:
        for row in found.patterns.to_dict("records"):
            name = str(row["pattern"])
            edges[name] = edges.get(name, 0) + int(row["edges"])
    edges.pop(EMERGENT, None)
    alone = {f"only {name}" for found in shown for name in found.modalities}

    def weight(name: str) -> tuple[bool, bool, int]:
        return name == ALL, name in alone, edges[name]

    kept = set(sorted(edges, key=weight, reverse=True)[:most])
    return [name for name in edges if name in kept], len(edges) > most


def pooled(patterns: Words, kept: Collection[str]) -> Words:
    """Return the name of each pattern, "several" for those that are not told apart.

    Examples
    --------
    >>> pooled(np.array(["all", "a + b"], dtype=object), ["all"]).tolist()
    ['all', 'several']
    """
    return np.array([p if p in kept else SEVERAL for p in patterns], dtype=object)


def share_of(
    found: Attribution, name: str, kept: Collection[str]
) -> tuple[float, float]:
    """Return share and chance of a set."""
    table = found.patterns
    rows = table[pooled(table["pattern"].to_numpy(), kept) == name]
    return float(rows["share"].sum()), float(rows["chance"].sum())


def contradicted(found: Attribution) -> float:
    """Return the share of edges that some modality contradicts."""
    return float(found.contradicted.any(axis=1).mean())


def contradicted_chance(found: Attribution) -> float:
    """Return the same for the graph with its points dealt to other places.

    Modalities that agree contradict the same pairs, so it is measured.
    """
    graph = found.graph
    rows = np.flatnonzero(graph.present)
    order = np.arange(len(graph))
    order[rows] = rows[np.random.default_rng(0).permutation(len(rows))]
    indices = order[graph.indices[np.argsort(order)]]
    moved = replace(graph, indices=np.where(graph.present[:, None], indices, -1))
    with one_thread_for(len(graph)):
        far = [closeness(moved, name) > 0.5 for name in found.modalities]
    return float(np.any(far, axis=0).mean())
