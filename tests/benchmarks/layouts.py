"""Time and fidelity of layouts, as ratios measured in one run.

Run it with ``python tests/benchmarks/layouts.py``; it takes about four minutes, most
of them AlignedUMAP's. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from report import Row, show
from threadpoolctl import threadpool_limits

from refnet_viz.embedding import Embedding
from refnet_viz.graph import knn, overlap
from refnet_viz.layout import fidelity, project

N, K = 2_000, 15
NOISE = (0.0, 0.12, 0.35, 1.0)  # the second keeps about 82 % of the edges

OURS = "project(embedding)"
THEIRS = "umap.UMAP(n_neighbors=16, random_state=0, n_jobs=1).fit_transform(points)"
# One thread everywhere, or threads that wait would be counted as work.
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
FRESH = """
import os, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from refnet_viz.embedding import Embedding
from refnet_viz.layout import project
points = np.load({path!r})
embedding = Embedding.from_arrays(points)
began = time.process_time()
{setup}
times = []
for _ in range(4):
    {call}
    times.append(time.process_time() - began)
    began = time.process_time()
print(*times)
"""


def clouds() -> list[Embedding]:
    """Return embeddings of the same points, each further from the first."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, N)
    spread = rng.normal(size=(N, 32)) * np.linspace(1.2, 0.2, 32)
    points = 1.2 * rng.normal(size=(9, 32))[labels] + spread
    return [
        Embedding.from_arrays(points + size * rng.normal(size=points.shape))
        for size in NOISE
    ]


def cpu(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return an answer and the CPU seconds it took."""
    began = time.process_time()
    answer = call()
    return answer, time.process_time() - began


def quality(embedding: Embedding, flat: Any) -> tuple[float, float, float]:
    """Return trustworthiness, continuity and neighbourhood overlap."""
    found = fidelity(embedding.space(), flat, k=K, sample=N)
    shared = overlap(
        knn(embedding, K), knn(Embedding.from_arrays(flat, ids=embedding.ids), K)
    )
    return found.trustworthiness, found.continuity, shared


def aligned_umap(embeddings: list[Embedding]) -> list[Any]:
    """Return umap-learn's own aligned layouts."""
    from umap import AlignedUMAP

    same = {row: row for row in range(len(embeddings[0]))}
    model = AlignedUMAP(n_neighbors=K + 1, random_state=0)
    model.fit([e.space() for e in embeddings], relations=[same] * (len(embeddings) - 1))
    return list(model.embeddings_)


def measure_aligned() -> list[Row]:
    """Compare warm starts with AlignedUMAP on two and on four embeddings."""
    embeddings = clouds()
    small = [e.subset(np.arange(200)) for e in embeddings[:2]]
    project(small, "aligned")
    aligned_umap(small)  # both compile
    kept = overlap(knn(embeddings[0], K), knn(embeddings[1], K))
    reference = project(embeddings[0])
    runs = [
        cpu(lambda: project(embeddings[1], "aligned", reference=reference))
        for _ in range(3)
    ]
    step = statistics.median(seconds for _, seconds in runs)
    warm, four = runs[0][0], cpu(lambda: project(embeddings, "aligned"))
    theirs = {
        count: cpu(lambda c=count: aligned_umap(embeddings[:c])) for count in (2, 4)
    }
    further = (theirs[4][1] - theirs[2][1]) / 2
    told = zip(
        ("trustworthiness", "continuity", "neighbourhood overlap"),
        quality(embeddings[1], warm.coordinates),
        quality(embeddings[1], theirs[2][0][1]),
        strict=True,
    )
    worst = min(
        np.subtract(quality(e, layout.coordinates)[:2], quality(e, flat)[:2]).min()
        for layout, e, flat in zip(four[0], embeddings, theirs[4][0], strict=True)
    )
    return [
        row("edges kept between both embeddings", "about 82", f"{100 * kept:.0f}", "%"),
        row(
            "one further layout, against AlignedUMAP of two",
            "at most 1/20",
            ratio(step, theirs[2][1]),
            "CPU",
        ),
        row(
            "one further layout, against one further of AlignedUMAP",
            "at most 1/20",
            ratio(step, further),
            "CPU",
        ),
        row(
            "four layouts with their reference, against AlignedUMAP of four",
            "",
            ratio(four[1], theirs[4][1]),
            "CPU",
        ),
        *(
            row(
                f"{name}: warm start, AlignedUMAP",
                "no worse",
                f"{a:.3f}, {b:.3f}",
                "(0 to 1)",
            )
            for name, a, b in told
        ),
        row(
            "fidelity of four: worst difference to AlignedUMAP",
            "no worse",
            f"{worst:+.3f}",
            "(0 to 1)",
        ),
        row(
            "rate and epochs taken",
            "",
            ", ".join(
                f"{x.settings['rate']:g} x {x.settings['epochs']}" for x in four[0]
            ),
            "",
        ),
    ]


def fresh(setup: str, call: str, path: str) -> list[float]:
    """Return the CPU seconds of four calls in a new process."""
    code = FRESH.format(path=path, setup=setup, call=call)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **dict.fromkeys(THREADS, "1")},
    )
    return [float(word) for word in done.stdout.split()]


def measure_neighbors(folder: str) -> list[Row]:
    """Compare UMAP on our neighbours with umap-learn's own search, first and later."""
    path = str(Path(folder) / "points.npy")
    rows = []
    for count in (N, 5_000):
        rng = np.random.default_rng(0)
        np.save(path, rng.normal(size=(count, 32)) * np.linspace(1.5, 0.3, 32))
        ours, theirs = fresh("", OURS, path), fresh("import umap", THEIRS, path)
        later = [statistics.median(times[1:]) for times in (ours, theirs)]
        rows += [
            row(
                f"first layout in a process, {count:,} points",
                "at most 1/2",
                ratio(ours[0], theirs[0]),
                "CPU",
            ),
            row(
                f"later layouts, {count:,} points", "at most 2/3", ratio(*later), "CPU"
            ),
        ]
    return rows


def ratio(ours: float, theirs: float) -> str:
    """Return the share of two times, and both."""
    share = f"{ours / theirs:.2f}" if ours > theirs / 5 else f"1/{theirs / ours:.0f}"
    return f"{share} ({ours:.2f} s, {theirs:.1f} s)"


def row(name: str, asked: str, measured: str, unit: str) -> Row:
    """Return one line of the table."""
    return {"name": name, "asked": asked, "measured": measured, "unit": unit}


def measure() -> list[Row]:
    """Return every measurement of this file."""
    numba.set_num_threads(1)
    with (
        warnings.catch_warnings(),
        threadpool_limits(1),
        tempfile.TemporaryDirectory() as folder,
    ):
        warnings.simplefilter("ignore")  # umap-learn's, of missing TensorFlow and seeds
        return [*measure_aligned(), *measure_neighbors(folder)]


if __name__ == "__main__":
    show(measure())
