"""Cost of measures of points, and of the random graphs of their null.

``python tests/benchmarks/measures.py [--write]``: 20,000 points in 40 clusters of 8
dimensions, 15 neighbours, PageRank, core numbers and local clustering of the graph and
of 20 random graphs of its degrees; CPU seconds of this process, median of three.
"""

import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from report import Row, machine, table, write_section

import refnet_viz as rv
from refnet_viz.graph import point_measures
from refnet_viz.graph.measures import USUAL

MARKS = ("<!-- measures -->", "<!-- end of measures -->")
N, K, DRAWS = 20_000, 15, 20


def seconds(graph: rv.Neighbors, measures: tuple[str, ...]) -> float:
    """Return the median CPU time of three calls."""
    times = []
    for _ in range(3):
        start = time.process_time()
        point_measures(graph, measures=measures, draws=DRAWS)
        times.append(time.process_time() - start)
    return float(np.median(times))


def measure() -> list[Row]:
    """Return CPU seconds of all three measures, and of each."""
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(40, 8))
    graph = rv.knn(centres[rng.integers(40, size=N)] + rng.normal(size=(N, 8)), k=K)
    title = f"{N:,} x {K}, {DRAWS} null draws"
    groups = {"PageRank, core and clustering": USUAL} | {m: (m,) for m in USUAL}
    return [
        {
            "name": f"{title}: {name}",
            "asked": "below 5 CPU s" if len(measures) > 1 else "",
            "measured": f"{seconds(graph, measures):.1f}",
            "unit": "CPU s",
        }
        for name, measures in groups.items()
    ]


if __name__ == "__main__":
    text = f"{machine()}\n\n{table(measure())}"
    print(text)
    if "--write" in sys.argv:
        write_section(MARKS, text)
