"""From an event in the page to the painted frame, in JupyterLab in a real browser.

Run it with ``python tests/benchmarks/painted.py``; it takes about two minutes. Clocks
are the page's: from the event a person causes, through the kernel and back, until two
frames after the maps were drawn again. Chromium runs without a GPU.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from report import Row, show

sys.path.append(str(Path(__file__).parents[1]))  # the helpers of the browser tests
from lab import Notebook, chrome, server, write_notebook

SIZES = (2_000, 20_000)
ROUNDS = 7
CODE = """
import numpy as np, refnet_viz as rv
rng = np.random.default_rng(0)
labels = rng.integers(0, 9, {n})
centres = 2 * rng.normal(size=(9, 32))[labels]
spaces = {{name: rv.Embedding.from_arrays(centres + rng.normal(size=({n}, 32)),
                                          labels=labels) for name in "abc"}}
view = rv.explore(spaces, layout="pca", variants=["a", "b"])
view.edges = "gained"
view
"""
# A drawing begins by clearing; what is drawn at once counts as one.
WATCH = """() => {
  window.watch = { began: 0, painted: 0 };
  const began = (event) => {
    if (watch.armed) Object.assign(watch, { armed: false, began: event.timeStamp });
  };
  ["keydown", "click", "change"].forEach((n) => addEventListener(n, began, true));
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (watch.began && !watch.drawn && this.canvas.closest(".rv-map")) {
      watch.drawn = true;
      requestAnimationFrame(() => requestAnimationFrame(() => {
        watch.painted = performance.now();
      }));
    }
    return clear.apply(this, box);
  };
}"""
ARM = "() => Object.assign(watch, { armed: true, began: 0, drawn: false, painted: 0 })"


def timed(page: Page, actions: list[Callable[[], Any]]) -> float:
    """Return the median milliseconds from an event to the frame that shows it."""
    times = []
    for action in actions:
        page.evaluate(ARM)
        action()
        page.wait_for_function("() => watch.painted > 0", timeout=60_000)
        times.append(page.evaluate("() => watch.painted - watch.began"))
        page.wait_for_timeout(700)  # what comes later, such as seed bands, has come
    return statistics.median(times[1:])  # the first one looks things up


def controls(page: Page) -> dict[str, float]:
    """Return the times of the controls of one open explorer."""
    handle = page.locator(".rv-k input")

    def press(key: str) -> Callable[[], None]:
        return lambda: handle.press(key)  # focuses it first

    def click(name: str) -> Callable[[], None]:
        button = page.get_by_role("button", name=name, exact=True)
        return button.click

    def choose(value: str) -> Callable[[], Any]:
        return lambda: page.locator(".rv-color select").select_option(value)

    def draw(kind: str) -> Callable[[], Any]:
        return lambda: page.locator(".rv-edges select").select_option(kind)

    keys = ["ArrowRight"] * 4 + ["ArrowLeft"] * 4
    classes = page.locator(".rv-key button")
    return {
        "k, gained edges": timed(page, [press(key) for key in keys]),
        "edge mode": timed(page, [draw(n) for n in ["all", "kept"] * 4]),
        "colour": timed(page, [choose(c) for c in ["in-degree", "purity"] * 4]),
        "back to classes": timed(page, [choose(c) for c in ["label", "purity"] * 4]),
        "variant on or off": timed(page, [click("b")] * (ROUNDS + 1)),
        "class selected": timed(
            page,
            [choose("label")]
            + [lambda i=i: classes.nth(i).click() for i in range(ROUNDS)],
        ),
    }


def measure() -> list[Row]:
    """Return one row a size and control."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, chrome() as browser:
        folder = Path(name)
        with server(folder) as address:
            for n in SIZES:
                write_notebook(folder / f"{n}.ipynb", [CODE.format(n=n)])
                page = browser.new_page(viewport={"width": 1440, "height": 1150})
                page.set_default_timeout(120_000)
                notebook = Notebook(page, address, f"{n}.ipynb")
                page.evaluate(WATCH)
                notebook.command("notebook:run-all-cells")
                page.locator(".rv-map canvas").first.wait_for()
                page.wait_for_timeout(5_000)
                rows += [
                    {
                        "name": f"event to painted frame, {n:,} points: {control}",
                        "asked": "",
                        "measured": f"{time:.0f}",
                        "unit": "ms",
                    }
                    for control, time in controls(page).items()
                ]
                page.close()
    return rows


if __name__ == "__main__":
    show(measure())
