"""Python time of the explorer from moving a control to the message.

Run it with ``python tests/benchmarks/explorer.py``; it takes about two minutes. Two
maps are shown, as at first. An event loop runs, as in a notebook: what is left for
later there is left for later here. `painted.py` measures the page.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from report import Row, show

from refnet_viz.embedding import Embedding
from refnet_viz.widgets import Explorer, explore

ROUNDS = 9


def view(count: int) -> Explorer:
    """Return an explorer of four variants, two seeds each, laid out by PCA."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, count)
    centres = 1.2 * rng.normal(size=(9, 32))[labels]
    kinds = pd.DataFrame({"kind": [f"kind {i}" for i in 8 - labels]})
    spaces: dict[str, list[Embedding]] = {}
    for name in ("plain", "refiner", "contrastive", "both"):
        runs = [centres + rng.normal(size=(count, 32)) for _ in range(2)]
        spaces[name] = [
            Embedding.from_arrays(z, labels=labels, metadata=kinds) for z in runs
        ]
    return explore(spaces, layout="pca")


def answering() -> Explorer:
    """Return an explorer of two variants that answer for two modalities."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(2_000, 64)) for name in "ab"}
    spaces = {}
    for name in ("plain", "refiner"):
        z = np.hstack(list(arrays.values())) + rng.normal(size=(2_000, 128))
        own = Embedding.from_arrays(z, modalities=arrays)
        decoded = {
            name: (x + rng.normal(size=x.shape)).astype(np.float32)
            for name, x in own.inputs.items()
        }
        spaces[name] = replace(own, targets=own.inputs, decoded=decoded)
    return explore(spaces, layout="pca", space="refined")


async def rest(shown: Explorer) -> None:
    """Wait until nothing is left for later."""
    await asyncio.sleep(0.1)
    while shown._waiting:
        await asyncio.sleep(0.1)


async def moved(shown: Explorer, name: str, values: Sequence[Any]) -> float:
    """Return the median milliseconds of setting an attribute to each value."""
    times = []
    for value in values:
        began = time.perf_counter()
        setattr(shown, name, value)
        times.append(time.perf_counter() - began)
        await rest(shown)
    return 1_000 * statistics.median(times)


def again(values: Sequence[Any]) -> list[Any]:
    """Return values often enough, each looked up once before it counts."""
    return [values[turn % len(values)] for turn in range(ROUNDS)]


async def of(count: int, budgets: Sequence[str]) -> list[tuple[str, str, float]]:
    """Return the rows of every control at so many points."""
    slider, swap, colour = budgets
    began = time.perf_counter()
    shown = view(count)
    opened = 1_000 * (time.perf_counter() - began)
    await rest(shown)
    pairs = [("plain", name) for name in ("refiner", "contrastive", "both")]
    rows = [("open, two maps of four variants", "", opened)]
    rows.append(("variant swapped", swap, await moved(shown, "variants", again(pairs))))
    shown.edges = "gained"
    ks = list(range(6, 15))
    rows.append(("k, edges gained", slider, await moved(shown, "k", ks)))
    shown.edges = "all"
    ks = list(range(16, 25))
    rows.append(("k, all edges", slider, await moved(shown, "k", ks)))
    shown.k = 15
    modes = again(["kept", "lost", "all", "gained"])
    rows.append(("edge mode", slider, await moved(shown, "edges", modes)))
    shown.edges = "none"
    numbers = again(["purity", "rewiring", "in-degree"])
    rows.append(("colour by a number", colour, await moved(shown, "color", numbers)))
    kinds = again(["label", "kind"])
    rows.append(("colour by nine classes", colour, await moved(shown, "color", kinds)))
    rows.append(("select a tenth of the points", "", await selected(shown)))
    shown.close()
    return rows


async def selected(shown: Explorer) -> float:
    """Return the median milliseconds of a lasso."""
    rng, times = np.random.default_rng(0), []
    for _ in range(ROUNDS):
        mask = rng.random(len(shown._store.embeddings.first)) < 0.1
        began = time.perf_counter()
        shown.select(mask)
        times.append(time.perf_counter() - began)
        await rest(shown)
    return 1_000 * statistics.median(times)


async def who_answers() -> list[tuple[str, str, float]]:
    """Return the rows of weights, edges by modality and responsibility."""
    shown = answering()
    shown.weights = {"a": 0.5, "b": 1.0}
    await rest(shown)
    weights = [{"a": step / 10, "b": 1.0} for step in range(6, 15)]
    weighed = await moved(shown, "weights", weights)
    shown.weights = {"a": 1.0, "b": 1.0}
    modes = await moved(shown, "edges", again(["by modality", "none"]))
    shown.edges = "by modality"
    k = await moved(shown, "k", list(range(6, 15)))
    shown.edges = "none"
    names = again(["responsibility: a", "responsibility: b"])
    colors = await moved(shown, "color", names)
    return [
        ("weight of a modality", "< 100", weighed),
        ("edges by modality, known", "< 50", modes),
        ("k, edges by modality", "", k),
        ("colour by responsibility", "< 20", colors),
    ]


async def every() -> list[Row]:
    """Return one row a control and size."""
    small = await of(2_000, ("< 50", "< 100", "< 20"))
    small += await who_answers()
    large = await of(20_000, ("< 400", "< 400", "< 400"))
    return [
        {
            "name": f"explorer, {count:,} points: {name}",
            "asked": asked,
            "measured": f"{found:.0f}",
            "unit": "ms",
        }
        for count, rows in ((2_000, small), (20_000, large))
        for name, asked, found in rows
    ]


def measure() -> list[Row]:
    """Return one row a control and size."""
    return asyncio.run(every())


if __name__ == "__main__":
    show(measure())
