"""Speed of networkx's functions on a lazy graph beside networkx on its own.

Run ``python tests/benchmarks/networkx_backend.py [--write]``. CPU seconds, medians of
three; a lazy graph starts from neighbours without anything remembered each time, the
other has its dictionaries already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import networkx as nx
import numpy as np
from graphs import K, clustered, seconds
from report import machine, write_section

from refnet_viz.graph import Neighbors

MARKS = ("<!-- networkx -->", "<!-- end of networkx -->")
N = 20_000
ASKED = ("average_clustering", "pagerank", "transitivity")


def halves(graph: Any) -> list[set[str]]:
    """Return the nodes with even and with odd names."""
    return [{n for n in graph if int(n) % 2 == odd} for odd in (0, 1)]


CALLS: dict[str, Callable[[Any], Any]] = {
    "average_clustering": nx.average_clustering,
    "pagerank": nx.pagerank,
    "transitivity": nx.transitivity,
    "connected_components": lambda G: list(nx.connected_components(G)),
    "core_number": nx.core_number,
    "degree_assortativity_coefficient": nx.degree_assortativity_coefficient,
    "attribute_assortativity_coefficient": lambda G: (
        nx.attribute_assortativity_coefficient(G, "label")
    ),
    "modularity": lambda G: nx.community.modularity(G, halves(G)),
    "louvain_communities": lambda G: nx.community.louvain_communities(G, seed=0),
    "single_source_shortest_path_length": lambda G: (
        nx.single_source_shortest_path_length(G, "0")
    ),
    "single_source_dijkstra_path_length": lambda G: (
        nx.single_source_dijkstra_path_length(G, "0", weight="distance")
    ),
    "conductance": lambda G: nx.conductance(G, *halves(G)),
}


def same(ours: Any, theirs: Any) -> None:
    """Check that two results are equal, numbers to 1e-12 of them."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        keys = list(theirs)
        ours, theirs = ([of[key] for key in keys] for of in (ours, theirs))
    if isinstance(theirs, list) and isinstance(theirs[0], set):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def fresh(neighbors: Neighbors, call: Callable[[Any], Any]) -> Any:
    """Call with a lazy graph of which nothing is made yet."""
    return call(replace(neighbors).to_networkx(lazy=True))


def middle(function: Callable[[], Any]) -> float:
    """Return the median of the CPU seconds of three calls."""
    return median(seconds(function) for _ in range(3))


def table() -> str:
    """Return the measured times as a Markdown table."""
    assert "refnet_viz" in nx.config.backends, "install refnet_viz"
    neighbors = clustered(N)
    plain = neighbors.to_networkx()
    nx.community.louvain_communities(neighbors.to_networkx(lazy=True), seed=0)
    lines = [
        "| function | networkx, CPU s | lazy graph, CPU s | times as fast | asked |",
        "|---|---|---|---|---|",
    ]
    for name, call in CALLS.items():
        same(call(neighbors.to_networkx(lazy=True)), call(plain))
        theirs = middle(partial(call, plain))
        ours = middle(partial(fresh, neighbors, call))
        asked = "at least 10" if name in ASKED else ""
        lines.append(
            f"| `{name}` | {theirs:.3f} | {ours:.3f} | {theirs / ours:.1f} | {asked} |"
        )
    theirs = middle(lambda: replace(neighbors).to_networkx())
    ours = middle(lambda: replace(neighbors).to_networkx(lazy=True))
    lines.append(f"| the graph itself | {theirs:.3f} | {ours:.6f} | | |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, and write it into RESULTS.md if asked to."""
    text = (
        f"{machine()}\n{N:,} points, {K} neighbours, union graph; results "
        f"equal to 1e-12 of them, communities the same.\n\n{table()}"
    )
    print(text)
    if "--write" in sys.argv:
        write_section(MARKS, text)


if __name__ == "__main__":
    main()
