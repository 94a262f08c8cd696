"""Edges by the set of modalities that have them, of several variants, beside chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import Variants
from .._spaces import variants_of
from .._threads import one_thread_for
from .attribution import Attribution
from .closeness import closeness
from .patterns import ALL, EMERGENT

SEVERAL = "several"

Words = npt.NDArray[np.object_]


def attribution_variants(attributions: Any) -> Variants[Attribution]:
    """Return variant to one Attribution a seed; one without a name says what it is.

    Raises
    ------
    TypeError
        If a value is no Attribution.
    """
    return variants_of(
        "attributions",
        attributions,
        Attribution,
        lambda attribution: attribution.graph.embedding,
    )


def edge_sets(attributions: Any, *, most: int | None = None) -> pd.DataFrame:
    """Return how many edges each set of modalities has, in variants side by side.

    Parameters
    ----------
    attributions
        An Attribution, a list of them (seeds), or a mapping of either; the first of
        each variant counts.
    most
        How many sets to tell apart besides the emergent edges: that of all modalities,
        then single ones, then those with most edges in all variants together. The
        others are pooled as "several". None tells all apart.

    Returns
    -------
    pandas.DataFrame
        One row a variant and set, every variant with the same sets in the same order:

        variant, set
            The set is "all", "only a", "a + b", "several" or "emergent" (no modality).
        edges, share
            Edges that exactly these modalities have in their own graphs, and their
            share of all edges, between 0 and 1; shares of a variant sum to 1.
        chance
            The share that a graph with the same degrees has by chance (Chung and Lu
            2002); sums to 1, too.

    Raises
    ------
    TypeError
        If a value is no Attribution.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import attribute, knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> edge_sets({"mine": attribute(knn(own, k=1))}).round(2)
      variant       set  edges  share  chance
    0    mine    only a      2    1.0    0.33
    1    mine    only b      0    0.0    0.33
    2    mine  emergent      0    0.0    0.33
    """
    firsts = {
        name: members[0] for name, members in attribution_variants(attributions).items()
    }
    if most is not None:
        most = _check.integer("most", most, low=0)
    names, others = kept_sets(firsts, most)
    order = [*names, *[SEVERAL] * others, EMERGENT]
    rows = []
    for variant, attribution in firsts.items():
        table = attribution.patterns
        sets = pooled(table["pattern"].to_numpy(), order)
        for name in order:
            part = table[sets == name]
            rows.append(
                {
                    "variant": variant,
                    "set": name,
                    "edges": int(part["edges"].sum()),
                    "share": float(part["share"].sum()),
                    "chance": float(part["chance"].sum()),
                }
            )
    return pd.DataFrame(rows)


def kept_sets(
    attributions: Mapping[str, Attribution], most: int | None
) -> tuple[list[str], bool]:
    """Return the sets that are told apart, in the order of the tables.

    All modalities come first, then single ones, then those with most edges.

    Returns
    -------
    list, bool
        The names, and whether there are others.
    """
    edges: dict[str, int] = {}
    for attribution in attributions.values():
        table = attribution.patterns
        for name, count in zip(table["pattern"], table["edges"], strict=True):
            edges[name] = edges.get(name, 0) + int(count)
    edges.pop(EMERGENT, None)
    alone = {f"only {name}" for a in attributions.values() for name in a.modalities}

    def weight(name: str) -> tuple[bool, bool, int]:
        return name == ALL, name in alone, edges[name]

    kept = set(sorted(edges, key=weight, reverse=True)[:most])
    return [name for name in edges if name in kept], len(edges) > len(kept)


def pooled(patterns: Words, kept: Collection[str]) -> Words:
    """Return the name of each pattern, "several" for those that are not told apart.

    Examples
    --------
    >>> pooled(np.array(["all", "a + b"], dtype=object), ["all"]).tolist()
    ['all', 'several']
    """
    return np.array([p if p in kept else SEVERAL for p in patterns], dtype=object)


def contradictions(attributions: Any) -> pd.DataFrame:
    """Return how many edges some modality contradicts, beside chance.

    An edge is contradicted by a modality that puts its ends farther apart than most
    points.

    Parameters
    ----------
    attributions
        An Attribution, a list of them (seeds), or a mapping of either; the first of
        each variant counts.

    Returns
    -------
    pandas.DataFrame
        One row a variant:

        variant, edges
            Its name, and the edges of its union graph.
        share
            Share of the edges that at least one modality contradicts, between 0 and 1;
            lower is better.
        chance
            The same for the graph with its points dealt to other places. Modalities
            that agree contradict the same pairs, so it is measured, with seed 0.

    Raises
    ------
    TypeError
        If a value is no Attribution.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import attribute, knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x[[0, 3, 1, 2]]})
    >>> contradictions(attribute(knn(own, k=1)))[["edges", "share"]]
       edges  share
    0      2    0.5
    """
    rows = [
        {
            "variant": variant,
            "edges": len(members[0]),
            "share": float(members[0].contradicted.any(axis=1).mean()),
            "chance": _contradicted_by_chance(members[0]),
        }
        for variant, members in attribution_variants(attributions).items()
    ]
    return pd.DataFrame(rows)


def _contradicted_by_chance(attribution: Attribution) -> float:
    graph = attribution.graph
    rows = np.flatnonzero(graph.present)
    order = np.arange(len(graph))
    order[rows] = rows[np.random.default_rng(0).permutation(len(rows))]
    indices = order[graph.indices[np.argsort(order)]]
    moved = replace(graph, indices=np.where(graph.present[:, None], indices, -1))
    with one_thread_for(len(graph)):
        far = [closeness(moved, name) > 0.5 for name in attribution.modalities]
    return float(np.any(far, axis=0).mean())
