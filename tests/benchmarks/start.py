"""What a user waits for first: the import, and the notebooks."""

import statistics
import subprocess
import sys
from pathlib import Path

from report import Row, show

sys.path.insert(0, str(Path(__file__).parents[1]))
from run_notebook import execute

ROOT = Path(__file__).parents[2]
IMPORT = """
import sys, time, numpy
start = time.perf_counter()
import refnet_viz
print(time.perf_counter() - start)
assert not {"torch", "umap", "pandas", "plotly"} & set(sys.modules)
"""


def measure() -> list[Row]:
    """Return import time and the seconds of every notebook."""
    times = [
        float(subprocess.check_output([sys.executable, "-c", IMPORT], cwd=ROOT))
        for _ in range(5)
    ]
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    seconds = [execute(path)[1] for path in notebooks]
    return [
        {
            "name": "`import refnet_viz` over an interpreter with numpy "
            "(torch, umap, pandas and plotly are not imported)",
            "asked": "under 0.5",
            "measured": f"{statistics.median(times):.3f}",
            "unit": "s",
        },
        {
            "name": f"notebooks 01 to {len(notebooks):02d} from a warm install",
            "asked": "under 60 each",
            "measured": ", ".join(f"{value:.0f}" for value in seconds),
            "unit": "s",
        },
    ]


if __name__ == "__main__":
    show(measure())
