"""Exact search beside all pairs, faiss, scikit-learn and two approximate searches.

Run ``python tests/benchmarks/search.py [--write] [--million]`` with faiss-cpu and
hnswlib installed besides the package. Each search has a process of its own on one core,
with one thread; figures are CPU seconds, building an index included and compilation
not, and the memory that the search took beyond the points. ``--million`` adds
1,000,000 rows on two cores. ``--write`` replaces the section in RESULTS.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from report import machine, write_section

K = 15
MARKS = ("<!-- search -->", "<!-- end of search -->")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
EXACT = ("ours", "all pairs", "faiss IndexFlatL2", "scikit-learn brute")
ALL = (*EXACT, "pynndescent", "hnswlib")
SETS = {
    "linear, 50,000 x 64": ALL,
    "bent, 50,000 x 64": ALL,
    "noise, 50,000 x 64": EXACT,
    "linear, 100,000 x 64": ("ours",),
    "linear, 200,000 x 64": ("ours", "pynndescent"),
    "bent, 200,000 x 64": ("ours", "pynndescent"),
    "linear, 400,000 x 64": ("ours",),
}
MILLION = {"linear, 1,000,000 x 32": ("ours",)}


def points(name: str) -> np.ndarray:
    """Return points: a mixture in 8 dimensions, mapped and noisy, or noise."""
    kind, shape = name.split(", ", 1)
    n, width = (int(part.replace(",", "")) for part in shape.split(" x "))
    rng = np.random.default_rng(7)
    if kind == "noise":
        return rng.normal(size=(n, width)).astype(np.float32)
    centres = rng.normal(size=(50, 8)) * (3 if kind == "linear" else 1)
    spread, noise = (1, 0.1) if kind == "linear" else (0.5, 0.02)
    latent = centres[rng.integers(0, 50, n)] + spread * rng.normal(size=(n, 8))
    mixing = rng.normal(size=(8, width))
    x = latent @ mixing if kind == "linear" else np.tanh(latent @ mixing / np.sqrt(8))
    x += noise * rng.normal(size=x.shape)
    return x.astype(np.float32)


def search(who: str, x: np.ndarray) -> np.ndarray:
    """Return the neighbours that a search finds."""
    if who in {"ours", "all pairs"}:
        from refnet_viz import _search

        if who == "all pairs":
            return _search._by_all_pairs(
                x.astype(float), K, np.sqrt, np.arange(len(x))
            )[0]
        return _search.nearest(x.astype(float), K, metric="euclidean")[0]
    if who == "faiss IndexFlatL2":
        import faiss

        faiss.omp_set_num_threads(1)
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        return index.search(x, K + 1)[1][:, 1:]
    if who == "scikit-learn brute":
        from sklearn.neighbors import NearestNeighbors

        fitted = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(x)
        return fitted.kneighbors(return_distance=False)
    if who == "pynndescent":
        from pynndescent import NNDescent

        index = NNDescent(x, n_neighbors=K + 1, random_state=0, n_jobs=1)
        return index.neighbor_graph[0][:, 1:]
    import hnswlib

    index = hnswlib.Index(space="l2", dim=x.shape[1])
    index.init_index(max_elements=len(x), ef_construction=200, M=16, random_seed=0)
    index.add_items(x, num_threads=1)
    index.set_ef(50)
    return index.knn_query(x, k=K + 1, num_threads=1)[0][:, 1:].astype(np.int64)


def recall(x: np.ndarray, found: np.ndarray) -> float:
    """Return the share of true neighbours found, on 100 rows."""
    rows = np.random.default_rng(1).choice(len(x), 100, replace=False)
    shares = []
    for row in rows:
        apart = ((x - x[row]).astype(float) ** 2).sum(axis=1)
        apart[row] = np.inf
        true = np.argpartition(apart, K)[:K]
        shares.append(len(np.intersect1d(true, found[row])) / K)
    return float(np.mean(shares))


def most_memory() -> int:
    """Return the most memory in KiB that this process has held (Linux)."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0])


def one(who: str, path: str, cores: str) -> None:
    """Measure one search in this process and print it as JSON."""
    os.sched_setaffinity(0, set(range(int(cores))))
    x = np.load(path)
    search(who, x[:50] if who == "ours" else x[:200])  # what is imported
    Path("/proc/self/clear_refs").write_text("5")  # forget the most memory so far
    before = most_memory()
    wall, start = time.perf_counter(), time.process_time()
    found = search(who, x)
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    row = {"cpu": seconds, "wall": wall, "MiB": (most_memory() - before) / 1024}
    print(json.dumps({**row, "recall": recall(x, found)}))


def measured(sets: dict[str, tuple[str, ...]], cores: int) -> list[dict]:
    """Return a row for each search of each set of points."""
    rows = []
    for name, searches in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.npy"
            np.save(path, points(name))
            for who in searches:
                words = [sys.executable, __file__, "--one", who, str(path), str(cores)]
                environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
                said = subprocess.run(
                    words, capture_output=True, check=True, text=True, env=environment
                )
                row = {"set": name, "who": who, **json.loads(said.stdout)}
                rows.append(row)
                print(row, flush=True)
    return rows


def table(rows: list[dict]) -> str:
    """Return the rows as a Markdown table, ratios to ours of the same points."""
    ours = {row["set"]: row["cpu"] for row in rows if row["who"] == "ours"}
    lines = [
        "| points | search | CPU s | beside ours | recall | MiB |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = row["cpu"] / ours[row["set"]]
        lines.append(
            f"| {row['set']} | {row['who']} | {row['cpu']:.2f} | {ratio:.2f} x "
            f"| {row['recall']:.4f} | {row['MiB']:.0f} |"
        )
    return "\n".join(lines)


def main(words: list[str]) -> None:
    """Measure all, print the table, and write it if asked."""
    if words[:1] == ["--one"]:
        one(*words[1:])
        return
    rows = measured(SETS, 1)
    linear = {row["set"]: row["cpu"] for row in rows if row["who"] == "ours"}
    growth = np.log(linear["linear, 400,000 x 64"] / linear["linear, 100,000 x 64"])
    text = [
        f"{machine()} Times are CPU seconds of one thread, beside other work.",
        "Linear and bent (tanh) maps of a mixture in 8 dimensions with a little noise; "
        f"{K} neighbours.",
        "",
        table(rows),
        "",
        f"From 100,000 to 400,000 rows ours grows as N^{growth / np.log(4):.2f}.",
    ]
    if "--million" in words:
        (row,) = measured(MILLION, 2)
        text.append(
            f"1,000,000 x 32, two cores: {row['wall']:.0f} s ({row['cpu']:.0f} CPU s), "
            f"{row['MiB'] / 1024:.1f} GiB beyond the points."
        )
    print("\n".join(text))
    if "--write" in words:
        write_section(MARKS, "\n".join(text))


if __name__ == "__main__":
    main(sys.argv[1:])
