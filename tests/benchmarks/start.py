"""What a user waits for first: the import, and the notebooks."""

import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from nbformat import NotebookNode
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


def first_figure(notebook: NotebookNode, began: float) -> float:
    """Return the seconds until the cell ended that shows the first figure."""
    for cell in notebook.cells:
        if any("plotly" in kind for o in cell.get("outputs", ()) for kind in o.data):
            ended = cell.metadata["execution"]["shell.execute_reply"]
            return datetime.fromisoformat(ended).timestamp() - began
    raise ValueError("The notebook shows no figure.")


def measure() -> list[Row]:
    """Return import time and the seconds of every notebook but that of a million."""
    times = [
        float(subprocess.check_output([sys.executable, "-c", IMPORT], cwd=ROOT))
        for _ in range(5)
    ]
    notebooks = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    seconds, figures = [], []
    for path in notebooks:
        began = time.time()
        notebook = execute(path)
        seconds.append(time.time() - began)
        if path == notebooks[0]:
            figures.append(first_figure(notebook, began))
    return [
        {
            "name": "`import refnet_viz` over an interpreter with numpy "
            "(torch, umap, pandas and plotly are not imported)",
            "asked": "under 0.5",
            "measured": f"{statistics.median(times):.3f}",
            "unit": "s",
        },
        {
            "name": "quickstart, kernel started anew: its first figure, the whole",
            "asked": "10, 40",
            "measured": f"{figures[0]:.1f}, {seconds[0]:.0f}",
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
