"""The first minute: from running a cell to the first painted dot, and a drag of `k`.

Run it with ``python tests/benchmarks/first_minute.py`` after
``pip install -c constraints.txt jupyter-scatter``; it takes about three minutes. Clocks
are the page's, in JupyterLab in a real browser without a GPU, each in a kernel of its
own in which everything is imported and the points are made. jupyter-scatter is handed
places in the plane, the explorer vectors, of which it draws a PCA first while
neighbours, numbers and layouts are computed. The kernel is asked for ``1 + 1`` twice a
second for 20 seconds after the first dot. The slider is dragged by the mouse from end
to end in 30 steps, about 67 ms apart, each to another value: where none is new there
is nothing to paint.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from report import Row, show

sys.path.append(str(Path(__file__).parents[1]))  # the helpers of the browser tests
from lab import Notebook, chrome, server, write_notebook

SIZES = ((20_000, 128, "1.5"), (200_000, 64, "4"))
STEPS, PAUSE = 30, 33  # of a drag; milliseconds after each, a move takes as long
POINTS = """
import numpy as np, pandas as pd, umap, refnet_viz as rv
import refnet_viz.explorer.view, refnet_viz.widgets.explorer
rng = np.random.default_rng(0)
labels = rng.integers(0, 9, {n})
z = 2 * rng.normal(size=(9, {d}))[labels] + rng.normal(size=({n}, {d}))
frame = pd.DataFrame({{"x": z[:, 0], "y": z[:, 1],
                      "label": pd.Categorical(labels.astype(str))}})
try:
    import jscatter
except ImportError:
    jscatter = None
"""
OURS = "view = rv.explore(rv.Embedding.from_arrays(z, labels=labels))\nview"
THEIRS = 'jscatter.Scatter(data=frame, x="x", y="y", color_by="label").show()'
# The first call that draws, on a canvas of either kind, and two frames after it.
WATCH = """() => {
  window.watch = { painted: 0 };
  const paint = () => {
    if (watch.began && !watch.seen) {
      watch.seen = true;
      requestAnimationFrame(() => requestAnimationFrame(() => {
        watch.painted = performance.now() - watch.began;
      }));
    }
  };
  const follow = (type, name, wanted) => {
    const before = type.prototype[name];
    type.prototype[name] = function (...words) {
      if (wanted(this, words)) paint();
      return before.apply(this, words);
    };
  };
  const ofMap = (pen) => pen.canvas.closest?.(".rv-map");
  follow(CanvasRenderingContext2D, "drawImage", ofMap);
  for (const type of [WebGLRenderingContext, WebGL2RenderingContext]) {
    follow(type, "drawArrays", (_, [, , count]) => count > 1000);
  }
}"""
RUN = """async (code) => {
  const panel = window.jupyterapp.shell.currentWidget;
  watch.began = performance.now();
  await window.jupyterapp.commands.execute("notebook:run-cell");
}"""
ASK = """async () => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const began = performance.now();
  await kernel.requestExecute({ code: "1 + 1", store_history: false }).done;
  return performance.now() - began;
}"""
FRAMES = """() => {
  const scene = document.querySelector(".rv-scene").rvScene;
  window.frames_seen = [];
  window.values_seen = [];
  const note = () => values_seen.push(performance.now());
  document.querySelector(".rv-k input").addEventListener("input", note);
  let last = scene.frame;
  const look = () => {
    if (scene.frame !== last) frames_seen.push(performance.now());
    last = scene.frame;
    requestAnimationFrame(look);
  };
  look();
}"""


def opened(
    browser: Browser,
    address: str,
    folder: Path,
    cells: list[str],
    watch: Callable[[Page], Any] = id,
) -> Page:
    """Return a page on which all cells but the last have run; `watch` sees it first."""
    write_notebook(folder / "one.ipynb", cells)
    page = browser.new_page(viewport={"width": 1440, "height": 1150})
    watch(page)
    page.set_default_timeout(300_000)
    notebook = Notebook(page, address, "one.ipynb")
    page.evaluate(WATCH)
    for _ in cells[1:]:
        notebook.command("notebook:run-cell-and-select-next")
    return page


def first_dot(page: Page) -> float:
    """Return the seconds from running the last cell to the first painted dot."""
    page.evaluate(RUN)
    page.wait_for_function("() => watch.painted > 0")
    return float(page.evaluate("() => watch.painted")) / 1_000


def answers(page: Page, seconds: float = 20) -> list[float]:
    """Return how long the kernel took for ``1 + 1``, in seconds."""
    times = []
    for _ in range(int(2 * seconds)):
        times.append(float(page.evaluate(ASK)) / 1_000)
        page.wait_for_timeout(max(0, 500 - 1_000 * times[-1]))
    return times


def drag(page: Page) -> tuple[float, float, float]:
    """Return what is waited for in a drag of `k`, in ms.

    The longest time between frames, that from a new value to a frame, and how long
    after letting go the last frame came.
    """
    page.wait_for_function(
        "() => document.querySelector('.rv-progress button').style.visibility"
        " === 'hidden'"
    )
    page.locator(".rv-edges select").select_option("all")
    page.wait_for_timeout(2_000)
    page.evaluate(FRAMES)
    box: Any = page.locator(".rv-k input").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.06 * box["width"], y)
    page.mouse.down()
    for step in range(STEPS):
        page.mouse.move(box["x"] + (0.06 + 0.88 * step / STEPS) * box["width"], y)
        page.wait_for_timeout(PAUSE)
    page.mouse.up()
    ended = page.evaluate("() => performance.now()")
    page.wait_for_timeout(3_000)
    frames: list[float] = page.evaluate("() => frames_seen")
    values: list[float] = page.evaluate("() => values_seen")
    inside = [time for time in frames if values[0] <= time <= values[-1]]
    gaps = [after - before for before, after in pairwise([values[0], *inside])]
    waits = [min(time - value for time in frames if time >= value) for value in values]
    late = [time - ended for time in frames if time > ended]
    return max(gaps), max(waits), max(late, default=0.0)


def figures(browser: Browser, address: str, folder: Path) -> Iterator[Row]:
    """Yield the rows of the table."""
    for n, d, asked in SIZES:
        points = POINTS.format(n=n, d=d)
        page = opened(browser, address, folder, [points, OURS])
        seconds, waits = first_dot(page), answers(page)
        page.close()
        other = "not installed"
        page = opened(browser, address, folder, [points, THEIRS])
        kernel = Notebook.value
        notebook: Any = type("Open", (), {"page": page})()
        if kernel(notebook, "jscatter is not None"):
            other = f"{first_dot(page):.2f} s"
        page.close()
        told = f"{seconds:.2f} s; jupyter-scatter {other}"
        name = f"first painted dot, {n:,} x {d}"
        yield {"name": name, "asked": asked, "measured": told, "unit": ""}
        name = f"the kernel answers 1 + 1 meanwhile, {n:,} x {d}: median, longest"
        middle = sorted(waits)[len(waits) // 2]
        told = f"{middle:.2f}, {max(waits):.2f}"
        yield {"name": name, "asked": "0.2", "measured": told, "unit": "s"}
    page = opened(browser, address, folder, [POINTS.format(n=2_000, d=32), OURS])
    first_dot(page)
    longest, waited, last = drag(page)
    for name, asked, value in (
        ("drag of k, 2,000 points: longest time between frames", "100", longest),
        ("drag of k, 2,000 points: longest from a value to a frame", "", waited),
        ("drag of k, 2,000 points: last frame after letting go", "150", last),
    ):
        yield {"name": name, "asked": asked, "measured": f"{value:.0f}", "unit": "ms"}
    page.close()


def measure() -> list[Row]:
    """Return the rows of the table."""
    with tempfile.TemporaryDirectory() as name, chrome() as browser:
        folder = Path(name)
        with server(folder) as address:
            rows = list(figures(browser, address, folder))
    return rows


if __name__ == "__main__":
    show(measure())
