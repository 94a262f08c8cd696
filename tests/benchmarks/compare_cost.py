"""CPU time of `compare` over seeds and over both seeds and points.

``python tests/benchmarks/compare_cost.py [--write]``: classes are Gaussians, seen by
two modalities of 12 features; the space of each run turns and shakes both. Graphs are
searched beforehand, so that only the comparison counts; nothing is kept between calls.
CPU seconds of this process, medians of three where a call takes less than 20.
"""

import os
import resource
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import replace

import numpy as np
from report import Row, machine, table, write_section

from refnet_viz import Embedding, Neighbors
from refnet_viz.graph import compare, knn

MARKS = ("<!-- compare cost -->", "<!-- end of compare cost -->")
CLASSES, WIDTH, K = 6, 12, 15
SIZES = {300: (3, 3), 2_000: (4, 5), 20_000: (4, 5)}
ASKED = {2_000: "twice over seeds", 20_000: "below 60 s"}


def variants(n: int, count: int, seeds: int) -> dict[str, list[Neighbors]]:
    """Return graphs of several variants over the same points, some seeds each."""
    rng = np.random.default_rng(n)
    labels = rng.integers(CLASSES, size=n)
    centres = rng.normal(size=(2, CLASSES, WIDTH))
    both = [x[labels] + rng.normal(size=(n, WIDTH)) for x in centres]
    inputs = dict(zip(("text", "image"), both, strict=True))
    joined = np.hstack(both)

    def run(shake: float, seed: int) -> Neighbors:
        turned = rng.normal(size=(2 * WIDTH, 2 * WIDTH)) / np.sqrt(2 * WIDTH)
        z = joined @ turned + shake * rng.normal(size=joined.shape)
        wrong = rng.random(n) < 0.2 + shake / 10
        answers = np.where(wrong, rng.integers(CLASSES, size=n), labels)
        space = Embedding.from_arrays(z, modalities=inputs, labels=labels)
        return knn(replace(space, predictions=answers, info={"seed": seed}), K)

    return {
        f"variant {v}": [run(0.4 + v / 10, seed) for seed in range(seeds)]
        for v in range(count)
    }


def seconds(graphs: dict[str, list[Neighbors]], over: str) -> float:
    """Return the CPU time of a comparison."""
    times: list[float] = []
    while len(times) < 3 and sum(times) < 20:
        fresh = {name: [replace(g) for g in runs] for name, runs in graphs.items()}
        begin = time.process_time()
        compare(fresh, over=over)
        times.append(time.process_time() - begin)
    return float(np.median(times))


def measure() -> list[Row]:
    """Return CPU seconds over seeds and over both, for every size."""
    rows: list[Row] = []
    for n, (count, runs) in SIZES.items():
        graphs = variants(n, count, runs)
        title = f"{n:,} points x {count} variants x {runs} seeds"
        seeds, both = (seconds(graphs, over) for over in ("seeds", "both"))
        found = f"{both:.2f} CPU s, {both / seeds:.2f} times over seeds"
        for over, asked, measured in (
            ("seeds", "", f"{seeds:.2f} CPU s"),
            ("both", ASKED.get(n, ""), found),
        ):
            name = f"{title}: over {over}"
            row = {"name": name, "asked": asked, "measured": measured, "unit": ""}
            rows.append(row)
            print(*row.values(), file=sys.stderr, flush=True)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    memory = {"name": "most memory of all", "asked": "", "unit": "GiB"}
    return [*rows, {**memory, "measured": f"{most:.1f}"}]


if __name__ == "__main__":
    compare(variants(300, 2, 3))  # what is imported late is imported now
    text = f"{machine()}\n\n{table(measure())}"
    print(text)
    if "--write" in sys.argv:
        write_section(MARKS, text)
