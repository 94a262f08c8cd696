"""Training from features on disk, beside the same features in memory.

Run ``python tests/benchmarks/out_of_memory.py [--write] [--gib 8] [--folder FOLDER]``;
with 8 GiB it takes about ten minutes and as much room on the disk. Each part has a
process of its own; memory is the most that the process held (VmHWM) above what it held
before the data were opened. ``--write`` replaces the section in RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from report import machine, write_section

MARKS = ("<!-- out of memory -->", "<!-- end of out of memory -->")
WIDTH, CLASSES, TOKENS, BATCH = 4096, 10, 64, 256
EQUAL = 0.25  # GiB at which both ways are compared


def make(folder: Path, gib: float) -> int:
    """Write features in blocks, three of four numbers zero; return their rows."""
    rows = int(gib * 2**30) // (4 * WIDTH)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, rows)
    centres = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    kind = np.float32
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", kind, (rows, WIDTH))
    noise = rng.standard_normal((2**11, WIDTH), dtype=np.float32)
    for start in range(0, rows, 2**11):
        of_block = labels[start : start + 2**11]
        block = (
            centres[of_block]
            + np.roll(noise, int(rng.integers(WIDTH)), axis=1)[: len(of_block)]
        )
        block[rng.random((len(of_block), 1)) + rng.random(WIDTH) < 1.3] = 0
        x[start : start + len(of_block)] = block
    x.flush()
    small = np.eye(CLASSES, TOKENS)[labels] + rng.normal(size=(rows, TOKENS))
    np.savez(folder / "rest.npz", labels=labels, small=small.astype(np.float32))
    return rows


def held() -> float:
    """Return the most memory that this process held, in GiB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 2**20


def train(folder: Path, *, resident: bool, epochs: int) -> dict[str, Any]:
    """Train, embed the test rows, and say how long an epoch takes."""
    import torch

    import refnet_viz as rv

    rest = np.load(folder / "rest.npz")
    warm = rv.data.Dataset.from_arrays({"x": np.eye(60)}, labels=[0, 1] * 30)
    rv.embed(rv.fit(warm, rv.Config(epochs=1), progress=False), warm.test)
    before, start = held(), time.perf_counter()
    x = np.load(folder / "x.npy", mmap_mode=None if resident else "r")
    data = rv.data.Dataset.from_arrays(
        {"x": x, "small": rest["small"]}, labels=rest["labels"]
    )
    opened = time.perf_counter() - start
    ticks: list[tuple[float, float]] = []
    begin = time.perf_counter(), time.process_time()

    def tick(_: Any) -> None:
        ticks.append((time.perf_counter(), time.process_time()))

    run = rv.fit(
        data, rv.Config(epochs=epochs, batch_size=BATCH), progress=False, on_epoch=tick
    )
    fitted, at_fit = time.perf_counter() - start, held()
    part = data.test.subset(np.arange(min(5_000, len(data.test))))
    embedding = rv.embed(run, part)
    rows = int(np.sum(data.split == "train"))
    wall, cpu = np.diff(np.array([begin, *ticks]), axis=0)[-2:].T
    return {
        "bytes": int(x.nbytes),
        "opened": opened,
        "fitted": fitted,
        "rows": rows / float(np.median(wall)),
        "cpu_rows": rows / float(np.median(cpu)),
        "memory": held() - before,
        "at_fit": at_fit - before,
        "model": sum(np.asarray(w).nbytes for w in run.weights.values()) / 2**30,
        "loss": run.history["loss"].tolist(),
        "accuracy": embedding.accuracy,
        "z": float(np.abs(embedding.z).sum()),
        "torch": torch.__version__,
    }


def measured(folder: Path, way: str, epochs: int) -> dict[str, Any]:
    """Return what a process of its own measures."""
    words = [sys.executable, __file__, "--folder", str(folder), "--part", way]
    done = subprocess.run(
        [*words, "--epochs", str(epochs)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def both(folder: Path) -> dict[str, Any]:
    """Return epochs in memory and on disk, in turns, and ratios of neighbours."""
    pairs = [
        (measured(folder, "memory", 3), measured(folder, "disk", 3)) for _ in range(2)
    ]
    last = pairs[-1]
    return {
        "ratio": float(np.median([d["rows"] / m["rows"] for m, d in pairs])),
        "cpu": float(np.median([d["cpu_rows"] / m["cpu_rows"] for m, d in pairs])),
        "same": last[0]["loss"] == last[1]["loss"] and last[0]["z"] == last[1]["z"],
        "memory": [row["memory"] for row in last],
        "rows": [row["rows"] for row in last],
    }


def section(gib: float, large: dict[str, Any], equal: dict[str, Any]) -> str:
    """Return the section of RESULTS.md."""
    same = "the same bits" if equal["same"] else "other bits"
    return f"""{machine()}

| figure | asked | measured |
|---|---|---|
| most memory above the model, {large["bytes"] / 2**30:.1f} GiB of features | \
1.5 GiB | {large["memory"] - large["model"]:.2f} GiB |
| rows a second on disk, of those in memory, {EQUAL:g} GiB | .8 | \
{equal["ratio"]:.2f} ({equal["cpu"]:.2f} by CPU time) |

One epoch of {large["bytes"] / 2**30:.1f} GiB took {large["fitted"]:.0f} s, of which
opening (one pass, that looks for what is not finite) {large["opened"]:.0f} s;
{large["rows"]:,.0f} rows of {WIDTH} numbers a second; accuracy {large["accuracy"]:.3f}.
At {EQUAL:g} GiB the process held {equal["memory"][0]:.2f} GiB for features in
memory and {equal["memory"][1]:.2f} for those on disk; losses of all epochs and z are
{same}. Files were written just before, so that much came from the page cache."""


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--gib", type=float, default=8.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--part")
    parser.add_argument("--epochs", type=int, default=1)
    words = parser.parse_args()
    if words.part:
        row = train(words.folder, resident=words.part == "memory", epochs=words.epochs)
        print(json.dumps(row))
        return
    folder = Path(tempfile.mkdtemp(dir=words.folder))
    try:
        make(folder, EQUAL)
        equal = both(folder)
        print(equal, flush=True)
        make(folder, words.gib)
        large = measured(folder, "disk", 1)
    finally:
        shutil.rmtree(folder)
    text = section(words.gib, large, equal)
    print(text)
    if words.write:
        write_section(MARKS, text)


if __name__ == "__main__":
    main()
