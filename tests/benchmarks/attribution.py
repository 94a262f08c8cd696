"""Whether every stated bound holds, what the refiner adds, and what it all costs.

``python tests/benchmarks/attribution.py``. Bounds are checked over all pairs of points
held out; the sets that do not ship are left out unless REFNET_VIZ_DATA names a folder.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # runs train beside each other

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import joblib
import numpy as np
from report import Row, show

import refnet_viz as rv
from refnet_viz.data import Dataset
from refnet_viz.data.playground import SENSES, playground_neighbors
from refnet_viz.graph import Neighbors, Reweighting
from refnet_viz.graph.attribution import BEYOND, Attribution
from refnet_viz.graph.ground import Grounds
from refnet_viz.responsibility import Geometry, certified, pure_by_loss
from refnet_viz.statistics import seed_band

K, SEEDS = 15, range(5)
SETS: dict[str, Callable[[], Dataset]] = {
    "emoji": rv.data.emoji,
    "digits": rv.data.digits,
    "playground": rv.data.playground,
    **{
        name: lambda name=name: rv.data.shared(name)
        for name in ("fashion", "cub", "rosmap", "mosi")
    },
}


def violations(name: str) -> tuple[int, int] | None:
    """Return how many pairs were checked, and how many statements are wrong."""
    try:
        data = SETS[name]()
    except FileNotFoundError:
        return None
    config = replace(rv.VARIANTS["both"], epochs=20, keep="last")
    if data.labels is None:
        config = replace(config, contrastive=0.0)
    space = rv.embed(rv.fit(data, config, progress=False), data.test)
    geometry, n = Geometry.of(space), len(space)
    x = geometry.points("sum")
    ks = [k for k in (2 * K, 5 * K, 10 * K) if k < n]
    radius, wrong = geometry.radii(ks), 0
    for i in range(n):
        others = np.flatnonzero(np.arange(n) != i)
        bound = geometry.bound(np.full(n - 1, i), others)  # asserts Theorem 1
        gap = np.abs(bound.refined - bound.total)
        wrong += int(np.sum(gap > bound.slack + 1e-9))
        wrong += int(np.sum(bound.slack > bound.reach + 1e-9))
        order = np.argsort(np.linalg.norm(x[others] - x[i], axis=1))
        for k, reached in zip(ks, radius[i], strict=True):
            proved = certified(bound, np.full(n - 1, reached))
            wrong += int(np.sum(~np.isin(np.flatnonzero(proved), order[:k])))
    return n * (n - 1), wrong + impure(space)


def impure(space: rv.Embedding) -> int:
    """Return for how many points the label certificate is wrong."""
    if space.labels is None or space.labels.ndim == 2:
        return 0
    unit = space.z / np.linalg.norm(space.z.astype(float), axis=1, keepdims=True)
    wrong = 0
    for i in np.flatnonzero(pure_by_loss(space.z, space.labels)):
        cosines, same = unit @ unit[i], space.labels == space.labels[i]
        cosines[i] = np.inf
        wrong += int(cosines[same].min() <= cosines[~same].max())
    return wrong


def overlaps(seed: int) -> list[float]:
    """Return refined and latent overlap with the sum, without and with the refiner."""
    data, found = rv.data.emoji(), []
    for name in ("plain", "refiner"):
        run = rv.fit(data, rv.VARIANTS[name], seed=seed, progress=False)
        space = rv.embed(run, data.test)
        graphs = {s: rv.knn(space, K, space=s) for s in ("refined", "latent", "sum")}
        found += [rv.graph.overlap(graphs[s], graphs["sum"]) for s in graphs][:2]
    return found


def carriers(k: int) -> tuple[float, float]:
    """Return for which share of factors, and of points, the carrier is found."""
    of_graphs, of_points = [], []
    for seed in range(10):
        data = rv.data.playground(1200, seed=seed)
        arrays = {name: m.values for name, m in data.modalities.items()}
        own = rv.Embedding.from_arrays(
            np.hstack(list(arrays.values())), modalities=arrays, metadata=data.metadata
        )
        for sense in SENSES:
            true = playground_neighbors(own, f"private_{sense}", k)
            graph = Neighbors(own, "latent", "euclidean", true, np.ones(true.shape))
            found = rv.attribute(graph)
            ratio = found.patterns.set_index("pattern").ratio
            best = max(SENSES, key=lambda name: ratio[f"only {name}"])
            of_graphs.append(best == sense)
            of_points.append(np.mean(found.points.carrier == sense))
    return float(np.mean(of_graphs)), float(np.mean(of_points))


def permuted() -> float:
    """Return the largest responsibility left for a modality dealt to other rows."""
    data = rv.data.playground()
    run = rv.fit(data, rv.VARIANTS["refiner"], progress=False)
    table = rv.counterfactual(run, data.test, how="permute")
    own = "responsibility: " + table.modality
    return float(table[table.metric == own]["mean"].max())


def large(n: int = 20_000) -> float:
    """Return the seconds of search, attribution and all its tables."""
    data = rv.data.playground(n)
    rng = np.random.default_rng(0)
    arrays = {name: m.values for name, m in data.modalities.items()}
    z = np.hstack(list(arrays.values())) @ rng.normal(size=(48, 64)) / 7
    own = rv.Embedding.from_arrays(z, modalities=arrays)
    decoded = {
        name: (x + 0.3 * rng.normal(size=x.shape)).astype(np.float32)
        for name, x in own.inputs.items()
    }
    own = replace(own, targets=own.inputs, decoded=decoded)
    start = time.perf_counter()
    found = rv.attribute(rv.knn(own, K))
    for part in ("points", "responsibility", "summary", "table"):
        getattr(found, part)
    return time.perf_counter() - start


def reweighting(n: int = 2_000) -> tuple[float, float]:
    """Return the median milliseconds of new weights, and of a new search."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(n, d)) for name, d in (("a", 320), ("b", 64))}
    own = rv.Embedding.from_arrays(rng.normal(size=(n, 64)), modalities=arrays)
    own = replace(own, targets=own.inputs, decoded=own.inputs)
    stored, times = Reweighting.of(own), ([], [])
    for _ in range(15):
        weights = dict(zip(arrays, rng.uniform(0.1, 2, 2), strict=True))
        start = time.perf_counter()
        stored.knn(K, weights)
        middle = time.perf_counter()
        rv.knn(own, K, space="refined", weights=weights)
        times[0].append(middle - start)
        times[1].append(time.perf_counter() - middle)
    return 1000 * median(times[0]), 1000 * median(times[1])


def sensors(count: int = 24, n: int = 200) -> tuple[float, float, float]:
    """Return the CPU milliseconds of the edges of a graph of many modalities.

    How far apart their ends are by each modality, once for every k; their sets and
    groups, once the modalities' own graphs are known; and a new k in an explorer of
    two maps whose edges are drawn by modality.
    """
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(n, 8))
    arrays = {
        f"sensor {i}": latent[:, :4] + (0.3 + i / 4) * rng.normal(size=(n, 4))
        for i in range(count)
    }
    spaces = {
        name: rv.Embedding.from_arrays(
            latent + 0.3 * rng.normal(size=latent.shape), modalities=arrays
        )
        for name in ("plain", "both")
    }
    graph, grounds = rv.knn(spaces["plain"], 50), Grounds(50, "euclidean")
    for name in arrays:
        grounds.of(graph.embedding, name)
    head = grounds.head(K)
    judged, alone, moved = [], [], []
    for _ in range(9):
        start = time.process_time()
        widest = Attribution(graph, None, BEYOND, grounds)
        _ = widest.close
        middle = time.process_time()
        Attribution(graph.head(K), None, BEYOND, head, widest).groups(8)
        judged.append(middle - start)
        alone.append(time.process_time() - middle)
    view = rv.explore(spaces, k=K, layout="pca")
    view.edges = "by modality"
    for k in range(5, K):
        start = time.process_time()
        view.k = k
        moved.append(time.process_time() - start)
    view.close()
    far, sets, redraw = (1000 * median(times) for times in (judged, alone, moved))
    return far, sets, redraw


def measure() -> list[Row]:
    """Return all rows."""
    rows: list[Row] = []

    def add(name: str, asked: str, measured: str, unit: str = "") -> None:
        rows.append({"name": name, "asked": asked, "measured": measured, "unit": unit})

    seconds = median(large() for _ in range(3))
    add(
        "20,000 points, 3 modalities, search and attribution",
        "below 10",
        f"{seconds:.1f}",
        "s",
    )
    fast, slow = reweighting()
    add(
        "2,000 points, other weights of the modalities",
        "below 50",
        f"{fast:.0f} ({slow:.0f} by a search)",
        "ms",
    )
    far, sets, redraw = sensors()
    many = "24 modalities, 200 points, CPU:"
    add(f"{many} how far apart ends are, once", "", f"{far:.0f}", "ms")
    add(f"{many} sets of the edges and their groups", "below 50", f"{sets:.0f}", "ms")
    add(f"{many} new k of two maps by modality", "below 50", f"{redraw:.0f}", "ms")
    workers = joblib.Parallel(-1)
    for name, found in zip(
        SETS, workers(joblib.delayed(violations)(n) for n in SETS), strict=True
    ):
        if found is not None:
            add(
                f"{name}, bounds broken among all {found[0]:,} pairs",
                "0",
                f"{found[1]}",
            )
    both = np.array(workers(joblib.delayed(overlaps)(seed) for seed in SEEDS))
    for place, space, asked in ((0, "refined", "1.5 x"), (1, "latent", "")):
        plain, refiner = both[:, place], both[:, place + 2]
        low, high = seed_band(refiner - plain, 0.95)
        add(
            f"emoji, {space} overlap with the sum, refiner / plain, 5 seeds",
            asked,
            f"{refiner.mean():.3f} / {plain.mean():.3f} = "
            f"{refiner.mean() / plain.mean():.2f} x, "
            f"difference [{low:+.3f}, {high:+.3f}]",
        )
    of_graphs, of_points = carriers(30)
    add(
        "playground, carriers of private factors found, k = 30 (chance .33)",
        ".9",
        f"{of_graphs:.2f} of graphs, {of_points:.3f} of points",
    )
    add(
        "playground, largest responsibility of a permuted modality",
        "at most 0",
        f"{permuted():.2f}",
    )
    return rows


if __name__ == "__main__":
    show(measure())
