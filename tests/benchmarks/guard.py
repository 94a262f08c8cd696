"""Whether `guard` keeps its promise: false alarms between seeds, and what it detects.

``python tests/benchmarks/guard.py [--write]``. Encoders are random two-layer networks
of points in clusters, seeds their weights and noise, whose size differs from seed to
seed; and seeds of `VARIANTS["both"]` on emoji, of which the pool is drawn again and
again. Moved rows exchange their places at random.
"""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import datetime
from collections.abc import Iterator
from functools import cache

import numpy as np
from report import Row, table, write_section

import refnet_viz as rv

MARKS = ("<!-- guard -->", "<!-- end of guard -->")
WORLDS = 200
ROWS = 400
SHARE = 0.1
REAL_SEEDS, REAL_DRAWS, EPOCHS = 12, 120, 30
Vectors = np.ndarray


def encoder(rng: np.random.Generator, x: Vectors, noise: float) -> Vectors:
    """Return what one seed makes of points."""
    first = rng.normal(size=(x.shape[1], 64)) / np.sqrt(x.shape[1])
    second = rng.normal(size=(64, 24)) / 8
    z = np.tanh(x @ first) @ second
    size = noise * np.exp(0.2 * rng.normal()) * z.std()
    return z + size * rng.normal(size=z.shape)


def world(seed: int, count: int, noise: float) -> list[Vectors]:
    """Return embeddings of one draw of rows by seeds of one encoder."""
    rng = np.random.default_rng(seed)
    centres = 1.5 * rng.normal(size=(8, 12))
    x = centres[rng.integers(8, size=ROWS)] + rng.normal(size=(ROWS, 12))
    return [encoder(rng, x, noise) for _ in range(count)]


def moved(z: Vectors, rng: np.random.Generator) -> Vectors:
    """Return vectors of which a share of the rows have exchanged their places."""
    z = z.copy()
    rows = rng.permutation(len(z))[: round(SHARE * len(z))]
    z[rows] = z[rng.permutation(rows)]
    return z


def judged(pools: Iterator[list[Vectors]]) -> dict[str, float]:
    """Return shares of pools in which new seeds, and broken ones, fail."""
    results: dict[str, list[float]] = {}
    for number, (old, new, *others) in enumerate(pools):
        rng = np.random.default_rng(number)
        trusted, *reference = (rv.knn(z, 15) for z in (old, *others))
        cases = {"alarm": new, "seed": moved(new, rng), "same": moved(old, rng)}
        for name, z in cases.items():
            result = rv.guard(trusted, z, reference=reference)
            results.setdefault(name, []).append(not result.passed)
            if name == "alarm":
                means = result.table.set_index("test")["seeds"]
                results.setdefault("rewiring", []).append(means["mean rewiring"])
        alarm = rv.guard(trusted, moved(old, rng))
        results.setdefault("tolerance", []).append(not alarm.passed)
    return {name: float(np.mean(values)) for name, values in results.items()}


@cache
def trained() -> list[Vectors]:
    """Return the test rows of emoji as every seed embeds them."""
    data = rv.data.emoji()
    config = rv.Config(epochs=EPOCHS)
    runs = [rv.fit(data, config, seed=s, progress=False) for s in range(REAL_SEEDS)]
    return [space.z for space in rv.embed(runs, data.test)]


def real(count: int) -> Iterator[list[Vectors]]:
    """Yield pools of trained seeds, drawn without replacement."""
    rng = np.random.default_rng(0)
    for _ in range(REAL_DRAWS):
        yield [trained()[i] for i in rng.permutation(REAL_SEEDS)[:count]]


def rows_of(name: str, found: dict[str, float], references: int) -> list[Row]:
    """Return the figures of one kind of pools."""
    title = f"{name}, {references} reference seeds (rewiring {found['rewiring']:.2f})"
    return [
        {
            "name": f"{title}: false alarms",
            "asked": "at most 5 %",
            "measured": f"{found['alarm']:.1%}",
            "unit": "",
        },
        {
            "name": f"{title}: {SHARE:.0%} of the rows of another seed moved",
            "asked": "at least 95 %",
            "measured": f"{found['seed']:.1%}",
            "unit": "",
        },
        {
            "name": f"{title}: {SHARE:.0%} of the rows of the old one moved",
            "asked": "at least 95 %",
            "measured": f"{found['same']:.1%} (by the tolerance of .05 "
            f"{found['tolerance']:.1%})",
            "unit": "",
        },
    ]


def measure() -> list[Row]:
    """Return false alarms and detection for simulated and trained encoders."""
    rows: list[Row] = []
    for references in (2, 5):
        rows += rows_of("emoji", judged(real(references + 2)), references)
        print(rows[-3:], file=sys.stderr, flush=True)
    for noise in (0.1, 0.5):
        for references in (2, 5):
            pools = (world(s, references + 2, noise) for s in range(WORLDS))
            rows += rows_of(f"networks, noise {noise:g}", judged(pools), references)
            print(rows[-3:], file=sys.stderr, flush=True)
    return rows


if __name__ == "__main__":
    date = datetime.datetime.now(tz=datetime.UTC).date()
    text = (
        f"Measured on {date}: {WORLDS} worlds of {ROWS} rows, 24 numbers a row; "
        f"{REAL_DRAWS} draws of {REAL_SEEDS} runs of {EPOCHS} epochs on emoji; k = 15."
        f"\n\n{table(measure())}"
    )
    print(text)
    if "--write" in sys.argv:
        write_section(MARKS, text)
