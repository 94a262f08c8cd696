"""What opening tables costs, beside the bare libraries in processes of their own.

Run as ``python tests/benchmarks/door.py [wide|pictures|long]``; prints costs and their
ratios. Each task runs three times, in turns with its bare one, so that a busy machine
disturbs both alike, and the median counts.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROWS, WIDTH = 100_000, 512
FILES = 10_000
LONG, COLUMNS = 1_000_000, 20
TURNS = 3


def make(folder):
    """Write the files that are read."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    flat = pa.array(rng.standard_normal(ROWS * WIDTH, dtype=np.float32))
    lists = pa.FixedSizeListArray.from_arrays(flat, WIDTH)
    parquet.write_table(
        pa.table({"v": lists.cast(pa.list_(pa.float32()))}), folder / "wide.parquet"
    )
    from PIL import Image

    (folder / "img").mkdir()
    for i in range(FILES):
        pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels).resize((64, 64))
        picture.save(folder / "img" / f"{i}.png")
    table = pd.DataFrame({"file": [f"img/{i}.png" for i in range(FILES)]})
    table.to_csv(folder / "pictures.csv", index=False)
    columns = {"x": rng.standard_normal(LONG, dtype=np.float32)}
    for i in range(COLUMNS):
        columns[f"m{i}"] = rng.standard_normal(LONG)
    pd.DataFrame(columns).to_parquet(folder / "long.parquet")


def wide_bare(folder):
    """Arrow to numpy."""
    from pyarrow import parquet

    column = parquet.read_table(folder / "wide.parquet")["v"]
    values = np.concatenate([c.flatten().to_numpy() for c in column.chunks])
    assert values.reshape(-1, WIDTH).shape == (ROWS, WIDTH)


def wide_ours(folder):
    """The same as a dataset."""
    from refnet_viz.data import from_table

    data = from_table(folder / "wide.parquet", modalities={"v": "v"})
    assert data.modalities["v"].values.shape == (ROWS, WIDTH)


def pictures_bare(folder):
    """A loop of PIL."""
    from PIL import Image

    pixels = np.empty((FILES, 32, 32, 3), dtype=np.uint8)
    for i in range(FILES):
        with Image.open(folder / "img" / f"{i}.png") as picture:
            pixels[i] = np.asarray(picture.convert("RGB").resize((32, 32)))


def pictures_ours(folder):
    """The same as a dataset, with thumbnails."""
    from refnet_viz.data import from_table, pictures

    from_table(folder / "pictures.csv", modalities={"image": pictures("file")})


def long_bare(folder):
    """Arrow to pandas."""
    from pyarrow import parquet

    parquet.read_table(folder / "long.parquet").to_pandas(split_blocks=True)


def long_ours(folder):
    """The same as a dataset with twenty columns of metadata."""
    from refnet_viz.data import from_table

    data = from_table(folder / "long.parquet", modalities={"x": ["x"]})
    assert data.metadata.shape == (LONG, COLUMNS)


TASKS = ("wide", "pictures", "long")


def measure(task, folder):
    """Run one task, imports not counted, and print what it cost."""
    import pyarrow.parquet  # noqa: F401
    import scipy.sparse  # noqa: F401
    from PIL import Image  # noqa: F401

    import refnet_viz.data  # noqa: F401

    before = resource.getrusage(resource.RUSAGE_SELF)
    start, cpu = time.perf_counter(), time.process_time()
    globals()[task](folder)
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - start,
                "cpu": time.process_time() - cpu,
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "before": before.ru_maxrss / 1024,
            }
        )
    )


def main(tasks):
    """Measure tasks beside their bare ones."""
    with tempfile.TemporaryDirectory() as name:
        # In a process of its own: a child starts with the peak of its parent.
        subprocess.run([sys.executable, __file__, "make", name], check=True)
        for task in tasks:
            costs = {"bare": [], "ours": []}
            for _ in range(TURNS):
                for side, entries in costs.items():
                    out = subprocess.run(
                        [sys.executable, __file__, "measure", f"{task}_{side}", name],
                        capture_output=True,
                        text=True,
                        check=True,
                    )
                    entries.append(json.loads(out.stdout))
            median = {
                side: {
                    key: float(np.median([e[key] for e in entries]))
                    for key in entries[0]
                }
                for side, entries in costs.items()
            }
            for side, cost in median.items():
                print(task, side, {key: round(value, 2) for key, value in cost.items()})
            for key in ("wall", "cpu", "memory"):
                ratio = median["ours"][key] / median["bare"][key]
                print(f"{task} {key}: {ratio:.2f} times the bare one")


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main(sys.argv[1:] or TASKS)
