"""CPU time of saving beside that of an earlier checkout, alternately in one run.

``python tests/benchmarks/saving_cost.py EARLIER [ROUNDS] [--write]``: EARLIER is a
folder with an older checkout, such as that of before folders were locked and synced.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

MARKS = ("<!-- saving cost -->", "<!-- end of saving cost -->")
HERE = Path(__file__).parents[2]
SIZES = {
    "60 x 4": (60, 4, 40),
    "2,000 x 64": (2000, 64, 10),
    "20,000 x 128": (20000, 128, 4),
}


def serve() -> None:
    """Save what standard input names; answer with CPU milliseconds a save."""
    import numpy as np  # of the caller's path: not before

    import refnet_viz as rv

    warnings.simplefilter("ignore")
    rng, things = np.random.default_rng(0), {}
    for size, (rows, width, times) in SIZES.items():
        values = {name: rng.normal(size=(rows, n)) for name, n in (("a", 6), ("b", 4))}
        labels = np.arange(rows) % 2
        data = rv.data.Dataset.from_arrays(values, labels=labels)
        config = rv.Config(epochs=1, hidden=4 * width, width=2 * width, batch_size=512)
        space = rv.Embedding.from_arrays(
            rng.normal(size=(rows, width)).astype(np.float32),
            modalities={"a": values["a"].astype(np.float32)},
            labels=labels,
        )
        things[f"comparison of {size}"] = space, times
        things[f"run on {size}"] = rv.fit(data, config, progress=False), times
    with tempfile.TemporaryDirectory() as root:
        for line in sys.stdin:
            thing, times = things[line.strip()]
            folder = Path(root) / line.strip().replace(" ", "-")
            start = time.process_time()
            for _ in range(times):
                if hasattr(thing, "save"):
                    thing.save(folder)
                else:
                    rv.save(thing, folder)
            print(json.dumps(1000 * (time.process_time() - start) / times), flush=True)


def started(checkout: Path) -> Any:
    """Start a process that saves with the package of a checkout."""
    return subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=checkout,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def main(earlier: Path, rounds: int, *, write: bool) -> None:
    """Print the table, and write it if asked."""
    from report import machine, write_section

    both = started(earlier), started(HERE)
    lines = ["| saved | before, ms | now, ms | times |", "|---|---|---|---|"]
    for name in [
        f"{kind} {size}" for size in SIZES for kind in ("comparison of", "run on")
    ]:
        costs: tuple[list[float], list[float]] = [], []
        for count in range(rounds):
            for which in (0, 1) if count % 2 else (1, 0):
                both[which].stdin.write(f"{name}\n")
                both[which].stdin.flush()
                costs[which].append(float(both[which].stdout.readline()))
        before, now = map(statistics.median, costs)
        ratio = statistics.median(b / a for a, b in zip(*costs, strict=True))
        lines.append(f"| {name} | {before:.2f} | {now:.2f} | {ratio:.2f} |")
        print(lines[-1], flush=True)
        if write:
            write_section(MARKS, f"{machine()}\n\n" + "\n".join(lines))
    for process in both:
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve()
    else:
        words = [word for word in sys.argv[1:] if not word.startswith("--")]
        main(
            Path(words[0]).absolute(),
            int([*words, "15"][1]),
            write="--write" in sys.argv,
        )
