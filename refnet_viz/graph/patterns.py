"""Which modalities' own graphs hold the edges of a fused graph, against chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from .edges import Edges
from .ground import Grounds
from .neighbors import Neighbors

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

ALL, EMERGENT = "all", "emergent"


def contained(graph: Neighbors, grounds: Grounds) -> Bools:
    """Return ``(E, M)``: which edges of the union graph each modality has too.

    A modality has an edge when one end is among the k nearest of the other by it.
    """
    own = _keys(graph.edges(), len(graph))
    columns = [np.isin(own, keys) for keys in _modal_keys(graph, grounds)]
    return np.column_stack(columns)


def pattern_of(inside: Bools) -> Rows:
    """Return the set of modalities of every edge as a number: bit m for modality m.

    Examples
    --------
    >>> pattern_of(np.array([[True, False], [True, True]])).tolist()
    [1, 3]
    """
    bits: Rows = inside.astype(np.int64) @ (1 << np.arange(inside.shape[1]))
    return bits


def pattern_name(pattern: int, modalities: Sequence[str]) -> str:
    """Return a set of modalities in words.

    Examples
    --------
    >>> [pattern_name(p, ["image", "text", "sound"]) for p in (0, 1, 3, 7)]
    ['emergent', 'only image', 'image + text', 'all']
    """
    names = [name for m, name in enumerate(modalities) if pattern >> m & 1]
    if not names:
        return EMERGENT
    if len(names) == len(modalities):
        return ALL
    return f"only {names[0]}" if len(names) == 1 else " + ".join(names)


def pattern_table(graph: Neighbors, inside: Bools, grounds: Grounds) -> pd.DataFrame:
    """Return how many edges each set of modalities has, beside chance.

    Chance keeps the degree of every point: edges are drawn among all pairs with
    probabilities in proportion to the product of both degrees (Chung and Lu 2002), so
    hubs explain what hubs explain.

    Returns
    -------
    pandas.DataFrame
        Columns pattern, edges, share, chance and ratio (share / chance), from "all" to
        "emergent"; shares and chances sum to 1. Sets that neither an edge nor chance
        has are left out.
    """
    modalities = list(graph.embedding.inputs)
    keys, pattern = _modal_patterns(graph, grounds)
    source, target = np.divmod(keys, len(graph))
    degree, own = graph.degree, pattern_of(inside)
    total = (degree.sum() ** 2 - np.sum(degree**2)) / 2
    drawn = degree[source] * degree[target] / total
    found = np.unique(np.append(pattern, [0, *own])).tolist()
    rows = []
    for code in sorted(found, key=lambda p: (-p.bit_count(), p)):
        count = int(np.sum(own == code))
        chance = drawn[pattern == code].sum() if code else 1 - drawn.sum()
        rows.append({
            "pattern": pattern_name(code, modalities), "edges": count,
            "share": count / len(own), "chance": chance,
            "ratio": count / len(own) / chance if chance > 0 else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _modal_keys(graph: Neighbors, grounds: Grounds) -> list[Rows]:
    """Return the edges of every modality's union graph, as numbers of pairs."""
    found = []
    for name in graph.embedding.inputs:
        ground = grounds.of(graph.embedding, name)
        if ground is None:
            found.append(np.empty(0, np.int64))
        else:
            found.append(_keys(ground.edges(), len(graph)))
    return found


def _modal_patterns(graph: Neighbors, grounds: Grounds) -> tuple[Rows, Rows]:
    """Return every pair that some modality has, and by which set."""
    parts = _modal_keys(graph, grounds)
    keys = np.concatenate(parts)
    bits = np.repeat(1 << np.arange(len(parts)), [len(part) for part in parts])
    pairs, place = np.unique(keys, return_inverse=True)
    return pairs, np.bincount(place, bits, len(pairs)).astype(np.int64)


def _keys(edges: Edges, n: int) -> Rows:
    """Return one number a pair, source being below target."""
    return edges.source * n + edges.target
