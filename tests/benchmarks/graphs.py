"""Speed of graphs beside networkx, both timed in one run.

Run ``python tests/benchmarks/graphs.py`` for a table. CPU seconds, medians; every
repetition starts from neighbours without anything remembered.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import networkx as nx
import numpy as np
from report import Row, show

from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, Neighbors, knn

K = 15


def clustered(n: int, *, width: int = 32, classes: int = 10) -> Neighbors:
    """Return the graph of overlapping labelled clusters."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=n)
    centres = rng.normal(size=(classes, width))
    points = centres[labels] + rng.normal(size=(n, width))
    return knn(Embedding.from_arrays(points, labels=labels), K)


def seconds(function: Callable[[], object]) -> float:
    """Return the CPU seconds of one call, clearing away its result not included."""
    gc.collect()
    start = time.process_time()
    result = function()
    stop = time.process_time()
    del result
    return stop - start


def by_adding(neighbors: Neighbors) -> nx.Graph[str]:
    """Return the weighted union graph as networkx makes it of the same arrays."""
    ids = neighbors.ids.tolist()
    weights = neighbors.similarity(neighbors.distances)
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(ids)
    graph.add_weighted_edges_from(
        (ids[i], ids[j], weight)
        for i, (row, values) in enumerate(
            zip(neighbors.indices.tolist(), weights.tolist(), strict=True)
        )
        for j, weight in zip(row, values, strict=True)
    )
    return graph


def conversion(neighbors: Neighbors, repeats: int = 9) -> float:
    """Return how many times as fast `to_networkx` is, though it adds distances."""
    return median(
        seconds(lambda: by_adding(neighbors))
        / seconds(lambda: replace(neighbors).to_networkx())
        for _ in range(repeats)
    )


def headline(neighbors: Neighbors) -> dict[str, float]:
    """Return the headline metrics, without the search for communities."""
    fresh = replace(neighbors)
    return {
        name: metric.function(fresh)
        for name, metric in METRICS.items()
        if not metric.slow and name != "accuracy"
    }


def by_networkx(union: nx.Graph[str], directed: nx.DiGraph[str]) -> dict[str, float]:
    """Return the same from networkx objects, but for the gap, which takes minutes."""
    label = dict(directed.nodes(data="label"))
    counts = np.array([count for _, count in directed.in_degree])
    apart = counts - counts.mean()
    return {
        "purity": float(np.mean([label[u] == label[v] for u, v in directed.edges])),
        "adjusted_homophily": nx.attribute_assortativity_coefficient(union, "label"),
        "hubness": float((apart**3).mean() / (apart**2).mean() ** 1.5),
        "reciprocity": nx.overall_reciprocity(directed),
        "components": float(nx.number_connected_components(union)),
        "clustering": nx.transitivity(union),
    }


def measure() -> list[Row]:
    """Return one row a figure: name, measured, asked, unit."""
    times = conversion(clustered(10_000))
    neighbors = clustered(20_000)
    union, directed = neighbors.to_networkx(), neighbors.to_networkx("directed")
    slow = by_networkx(union, directed)
    fast = headline(neighbors)
    for name, value in slow.items():
        np.testing.assert_allclose(fast[name], value, err_msg=name)
    ours = median(seconds(lambda: headline(neighbors)) for _ in range(5))
    theirs = seconds(lambda: by_networkx(union, directed))
    shared = median(_time_of(neighbors, list(slow)) for _ in range(5))
    return [
        {
            "name": f"to_networkx, n = 10,000, k = {K}",
            "measured": f"{times:.1f}",
            "asked": "at least 2.5",
            "unit": "times as fast as add_weighted_edges_from",
        },
        {
            "name": f"all headline metrics, n = 20,000, k = {K}",
            "measured": f"{ours:.2f}",
            "asked": "under 2",
            "unit": "CPU seconds",
        },
        {
            "name": f"headline metrics but the spectral gap, n = 20,000, k = {K}",
            "measured": f"{theirs / shared:.0f}",
            "asked": "at least 10",
            "unit": "times as fast as networkx",
        },
    ]


def _time_of(neighbors: Neighbors, names: list[str]) -> float:
    fresh = replace(neighbors)
    return seconds(lambda: [METRICS[name].function(fresh) for name in names])


if __name__ == "__main__":
    show(measure())
