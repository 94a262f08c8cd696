"""Python time of the explorer from moving a control to the message, at 2,000 points.

Run it with ``python tests/benchmarks/explorer.py``; it takes about half a minute. The
page draws on top of this: see the browser test for all of it.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import pandas as pd
from report import Row, show

from refnet_viz.embedding import Embedding
from refnet_viz.widgets import Explorer, explore

N, ROUNDS = 2_000, 9


def view() -> Explorer:
    """Return an explorer of four variants, two seeds each, laid out by PCA."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, N)
    centres = 1.2 * rng.normal(size=(9, 32))[labels]
    kinds = pd.DataFrame({"kind": [f"kind {i}" for i in 8 - labels]})
    spaces: dict[str, list[Embedding]] = {}
    for name in ("plain", "refiner", "contrastive", "both"):
        runs = [centres + rng.normal(size=(N, 32)) for _ in range(2)]
        spaces[name] = [
            Embedding.from_arrays(z, labels=labels, metadata=kinds) for z in runs
        ]
    return explore(spaces, layout="pca")


def wall(shown: Explorer, name: str, values: list[Any]) -> float:
    """Return the median milliseconds of setting an attribute to the next value."""
    for value in values:  # what is looked up once has then been looked up
        setattr(shown, name, value)
    times = []
    for turn in range(ROUNDS):
        began = time.perf_counter()
        setattr(shown, name, values[turn % len(values)])
        times.append(time.perf_counter() - began)
    return 1_000 * statistics.median(times)


def first(shown: Explorer, name: str, values: list[Any]) -> float:
    """Return the median milliseconds of setting each value for the first time."""
    times = []
    for value in values:
        began = time.perf_counter()
        setattr(shown, name, value)
        times.append(time.perf_counter() - began)
    return 1_000 * statistics.median(times)


def measure() -> list[Row]:
    """Return one row a control."""
    began = time.perf_counter()
    shown = view()
    opened = 1_000 * (time.perf_counter() - began)
    rows = [("open, four variants", "", opened)]
    swap = ["refiner", "contrastive", "both"]
    rows.append(("variant, first time", "", first(shown, "variant", swap)))
    rows.append(("variant", "< 100", wall(shown, "variant", swap)))
    shown.edges = "gained"
    rows.append(("k, edges gained", "< 50", first(shown, "k", list(range(6, 15)))))
    shown.edges = "all"
    rows.append(("k, all edges", "< 50", first(shown, "k", list(range(16, 25)))))
    shown.k = 15
    modes = ["kept", "lost", "all", "gained"]
    rows.append(("edge mode", "< 50", wall(shown, "edges", modes)))
    shown.edges = "none"
    numbers = ["purity", "rewiring", "in-degree"]
    rows.append(("colour by a number", "< 20", wall(shown, "color", numbers)))
    kinds = ["label", "kind"]
    rows.append(("colour by nine classes", "< 20", wall(shown, "color", kinds)))
    return [
        {
            "name": f"explorer: {name}",
            "asked": asked,
            "measured": f"{time_:.0f}",
            "unit": "ms",
        }
        for name, asked, time_ in rows
    ]


if __name__ == "__main__":
    show(measure())
