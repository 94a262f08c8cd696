"""Python time of the explorer from moving a control to the message, at 2,000 points.

Run it with ``python tests/benchmarks/explorer.py``; it takes about a minute. The
page draws on top of this: see the browser test for all of it.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
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


def answering() -> Explorer:
    """Return an explorer of two variants that answer for two modalities."""
    rng = np.random.default_rng(0)
    arrays = {"a": rng.normal(size=(N, 64)), "b": rng.normal(size=(N, 64))}
    spaces = {}
    for name in ("plain", "refiner"):
        z = np.hstack(list(arrays.values())) + rng.normal(size=(N, 128))
        own = Embedding.from_arrays(z, modalities=arrays)
        decoded = {
            name: (x + rng.normal(size=x.shape)).astype(np.float32)
            for name, x in own.inputs.items()
        }
        spaces[name] = replace(own, targets=own.inputs, decoded=decoded)
    return explore(spaces, layout="pca", space="refined")


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


def who_answers() -> list[tuple[str, str, float]]:
    """Return the rows of weights, edges by modality and responsibility."""
    shown = answering()
    shown.weights = {"a": 0.5, "b": 1.0}
    weights = [{"a": step / 10, "b": 1.0} for step in range(6, 15)]
    moved = first(shown, "weights", weights)
    shown.weights = {"a": 1.0, "b": 1.0}
    modes = wall(shown, "edges", ["by modality", "none"])
    shown.edges = "by modality"
    k = first(shown, "k", list(range(6, 15)))
    shown.edges = "none"
    colors = wall(shown, "color", ["responsibility: a", "responsibility: b"])
    return [
        ("weight of a modality", "< 100", moved),
        ("edges by modality, known", "< 50", modes),
        ("k, edges by modality", "", k),
        ("colour by responsibility", "< 20", colors),
    ]


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
    rows += who_answers()
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
