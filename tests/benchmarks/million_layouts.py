"""Layouts and metrics of up to a million points, beside umap-learn.

Run ``python tests/benchmarks/million_layouts.py [--write]``; it takes about ten
minutes. Each part has a process of its own; figures are CPU seconds, compilation not
included, and the most memory that the process held. ``--write`` replaces the section in
RESULTS.md.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from report import machine, write_section
from search import THREADS, K, points

from refnet_viz import Embedding, compare
from refnet_viz.graph import METRICS, Neighbors, knn
from refnet_viz.layout import fidelity, project

MARKS = ("<!-- million -->", "<!-- end of million -->")
MEDIUM, LARGE = "bent, 200,000 x 64", "linear, 1,000,000 x 32"


def cpu(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return an answer, its CPU seconds and its seconds."""
    wall, start = time.perf_counter(), time.process_time()
    answer = call()
    return answer, time.process_time() - start, time.perf_counter() - wall


def graph_of(folder: Path, *, vectors: bool) -> Neighbors:
    """Return the graph that `search` left, with or without its vectors."""
    lists = np.load(folder / "graph.npz")
    indices, distances = lists["indices"], lists["distances"]
    x = np.load(folder / "x.npy")
    if vectors:
        own = Embedding.from_arrays(x)
        return Neighbors(own, "latent", "euclidean", indices, distances)
    labels = np.digitize(x[:, 0], np.quantile(x[:, 0], np.linspace(0.1, 0.9, 9)))
    return Neighbors.from_arrays(
        None, indices, distances, self_column=False, squared=False, labels=labels
    )


def search(folder: Path) -> dict[str, Any]:
    """Find the neighbours that all other parts begin with."""
    graph, seconds, wall = cpu(lambda: knn(np.load(folder / "x.npy"), K))
    np.savez(folder / "graph", indices=graph.indices, distances=graph.distances)
    return {"cpu": seconds, "wall": wall}


def ours(folder: Path) -> dict[str, Any]:
    """Lay out by `project`, which judges too; judging is timed once more by itself."""
    project(Embedding.from_arrays(np.random.default_rng(0).normal(size=(50, 3))))
    graph = graph_of(folder, vectors=True)
    layout, seconds, wall = cpu(lambda: project(graph))
    x, flat = graph.embedding.z, layout.coordinates
    _, judging, _ = cpu(lambda: fidelity(x, flat))
    row = {"cpu": seconds, "judging": judging, "wall": wall}
    return {**row, "judged": layout.caption}


def theirs(folder: Path) -> dict[str, Any]:
    """Lay out by umap-learn on the same neighbours."""
    import umap

    graph = graph_of(folder, vectors=True)
    x, n = graph.embedding.z, len(graph)
    lists = (
        np.column_stack([np.arange(n), graph.indices]),
        np.column_stack([np.zeros(n), graph.distances]).astype(np.float32),
    )
    umap.UMAP(n_neighbors=K + 1, random_state=0, n_jobs=1).fit(x[:500])
    model = umap.UMAP(
        n_neighbors=K + 1, random_state=0, n_jobs=1, precomputed_knn=lists
    )
    flat, seconds, wall = cpu(lambda: model.fit_transform(x))
    judged = fidelity(x, flat)
    low, high = judged.trustworthiness_interval or (np.nan, np.nan)
    said = f"trustworthiness {judged.trustworthiness:.3f} ({low:.3f} to {high:.3f})"
    return {"cpu": seconds, "wall": wall, "judged": said}


def metrics(folder: Path) -> dict[str, Any]:
    """Compute the headline metrics, and what `compare` computes unasked besides."""
    graph = graph_of(folder, vectors=False)
    chosen = {n: m for n, m in METRICS.items() if not (m.of_predictions or m.slow)}
    parts = {}
    _, parts["edges"], wall = cpu(lambda: (graph.edges(), graph.union, graph.degree))
    for name, metric in chosen.items():
        if len(graph) <= (metric.most or len(graph)):
            _, parts[name], more = cpu(lambda m=metric: m.function(graph))
            wall += more
    headline = ["edges", *(name for name in chosen if chosen[name].headline)]
    return {
        "cpu": sum(parts[name] for name in headline),
        "all": sum(parts.values()),
        "wall": wall,
    }


def compared(folder: Path) -> dict[str, Any]:
    """Compare two graphs, the second with a tenth of its lists at random."""
    graph = graph_of(folder, vectors=False)
    rng = np.random.default_rng(1)
    n = len(graph)
    lists, rows = graph.indices.copy(), rng.choice(n, n // 10, replace=False)
    lists[rows] = (rows[:, None] + 1 + np.arange(K)) % n
    other = Neighbors.from_arrays(
        None,
        lists,
        graph.distances,
        self_column=False,
        squared=False,
        labels=graph.labels,
    )
    _, seconds, wall = cpu(lambda: compare({"a": graph, "b": other}))
    return {"cpu": seconds, "wall": wall}


PARTS = {part.__name__: part for part in (search, ours, theirs, metrics, compared)}
ASKED = {
    (MEDIUM, "search"): "",
    (MEDIUM, "theirs"): "",
    (MEDIUM, "ours"): "at most 1/3 of umap-learn's CPU time, no worse",
    (LARGE, "search"): "",
    (LARGE, "ours"): "minutes, below 12 GiB",
    (LARGE, "metrics"): "below 60 CPU s and 4 GiB",
    (LARGE, "compared"): "below 3 minutes",
}
TITLES = {
    "search": "search",
    "ours": "`project` on these neighbours",
    "theirs": "umap-learn on these neighbours",
    "metrics": "headline metrics on these neighbours",
    "compared": "`compare` of two such graphs",
}


def one(name: str, folder: str) -> None:
    """Run one part in this process and print it as JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        row = PARTS[name](Path(folder))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print("\n" + json.dumps({**row, "GiB": most}))


def measured() -> dict[tuple[str, str], dict[str, Any]]:
    """Return what each part said of each set of points."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for name in (MEDIUM, LARGE):
        with tempfile.TemporaryDirectory() as folder:
            np.save(Path(folder) / "x.npy", points(name))
            for where, part in ASKED:
                if where == name:
                    said = subprocess.run(
                        [sys.executable, __file__, "--one", part, folder],
                        stdout=subprocess.PIPE,
                        check=True,
                        text=True,
                        env={**os.environ, **dict.fromkeys(THREADS, "1")},
                    )
                    rows[name, part] = json.loads(said.stdout.splitlines()[-1])
                    print(name, part, rows[name, part], flush=True)
    return rows


def table(rows: dict[tuple[str, str], dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| points | what | asked | measured |", "|---|---|---|---|"]
    for (name, part), row in rows.items():
        words = [f"{row['cpu']:.0f} CPU s, {row['wall']:.0f} s, {row['GiB']:.1f} GiB"]
        if (name, part) == (MEDIUM, "ours"):
            other = rows[MEDIUM, "theirs"]["cpu"]
            words[0] += (
                f" ({(row['cpu'] - row['judging']) / other:.2f} x without judging, "
                f"{row['cpu'] / other:.2f} x with it)"
            )
        words += [row["judged"]] if "judged" in row else []
        if "all" in row:
            words.append(f"with all of `compare`: {row['all']:.0f} CPU s")
        lines.append(
            f"| {name} | {TITLES[part]} | {ASKED[name, part]} | {'; '.join(words)} |"
        )
    return "\n".join(lines)


def main(words: list[str]) -> None:
    """Measure all, print the table, and write it if asked."""
    if words[:1] == ["--one"]:
        one(*words[1:])
        return
    text = f"{machine()} Two cores, beside other work.\n\n{table(measured())}"
    print(text)
    if "--write" in words:
        write_section(MARKS, text)


if __name__ == "__main__":
    main(sys.argv[1:])
