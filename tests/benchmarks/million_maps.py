"""Maps of a million points in JupyterLab, beside jupyter-scatter, and a large page.

Run it with ``python tests/benchmarks/million_maps.py`` after
``pip install -c constraints.txt jupyter-scatter``; it takes about five minutes. Clocks
are the page's, in a real browser without a GPU, each in a kernel of its own in which
everything is imported and the points are made. jupyter-scatter is handed places in the
plane, the explorer vectors, of which it draws the PCA. Bytes are those of all messages
from the kernel, scripts left out, from running the cell to ten seconds after the first
dot. Frames are counted while a map is moved step by step, each painted before the next:
by the processor, which is what a browser without a graphics card does, and by the
imitated card. The lasso of about 100,000 points ends when the map shows the selection.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from first_minute import OURS, POINTS, THEIRS, first_dot, opened
from playwright.sync_api import Browser, Page, WebSocket
from report import Row, show

import refnet_viz as rv

sys.path.append(str(Path(__file__).parents[1]))  # the helpers of the browser tests
from lab import Notebook, chrome, server

WIDE = 32  # numbers a point
SIZES = (200_000, 1_000_000)
MB = 1e6
SCENE = 'document.querySelector(".rv-scene").rvScene'
# Milliseconds a step of a map that is moved, all maps painted.
PAN = """({ imitated, steps }) => {
  const scene = SCENE;
  const before = scene.counts;
  if (imitated) scene.counts = scene.engage({ imitated: true });
  const [panel] = scene.panels;
  const paint = () => {
    panel.view.x += 1;
    scene.panels.forEach((one) => one.paint());
    return panel.base.getContext("2d").getImageData(9, 9, 1, 1).data[3];
  };
  panel.zoomAt(1.5);
  for (let i = 0; i < 3; i += 1) paint();
  const began = performance.now();
  for (let i = 0; i < steps; i += 1) paint();
  const time = (performance.now() - began) / steps;
  const name = scene.counts.constructor.name;
  if (imitated) {
    scene.counts.close();
    scene.counts = before;
  }
  scene.reset();
  return [time, name];
}""".replace("SCENE", SCENE)
# An outline around a tenth of the points or so, from the middle of the map.
LASSO = """(part) => new Promise((done) => {
  const scene = SCENE;
  const [panel] = scene.panels;
  const { x, y } = panel.data;
  const far = Array.from({ length: x.length }, (_, row) => Math.hypot(x[row], y[row]));
  const reach = Float64Array.from(far).sort()[Math.floor(part * far.length)];
  const { scale, left, top } = panel.map;
  const corners = Array.from({ length: 120 }, (_, i) => {
    const turn = (2 * Math.PI * i) / 120;
    const [x, y] = [reach * Math.cos(turn), reach * Math.sin(turn)];
    return [left + scale * x, top - scale * y];
  });
  const began = performance.now();
  const look = () => {
    const count = scene.chosen?.count ?? 0;
    if (count) requestAnimationFrame(() => done([performance.now() - began, count]));
    else requestAnimationFrame(look);
  };
  scene.lasso(panel, corners, false);
  look();
})""".replace("SCENE", SCENE)


# The words of scripts and styles, as they stand in a message.
SCRIPTS = """sum(
    len(__import__("json").dumps(str(getattr(one, name, ""))))
    for one in __import__("ipywidgets").widgets.widget._instances.values()
    for name in ("_esm", "_css")
)"""


class Traffic:
    """Bytes that a page receives from kernels."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def watch(self, page: Page) -> None:
        """Count what the sockets of a page receive."""
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: self.sizes.append(len(data)))


def shown(
    browser: Browser, address: str, folder: Path, n: int, cell: str
) -> tuple[Page, str, str]:
    """Return a page with a view, its time to the first dot and what was sent."""
    traffic = Traffic()
    cells = [POINTS.format(n=n, d=WIDE), cell]
    page = opened(browser, address, folder, cells, traffic.watch)

    def scripts() -> int:
        words = " ".join(SCRIPTS.split())
        return int(Notebook.value(SimpleNamespace(page=page), words))

    before, known = len(traffic.sizes), scripts()
    seconds = first_dot(page)
    page.wait_for_timeout(10_000)
    sizes = traffic.sizes[before:]
    size = sum(sizes) - (scripts() - known)
    told = f"{size / MB:.2f} MB, largest {max(sizes) / MB:.2f} MB"
    return page, f"{seconds:.2f} s", told


def figures(browser: Browser, address: str, folder: Path) -> Iterator[Row]:
    """Yield the rows of the table but that of the page."""
    for n in SIZES:
        page, ours, sent = shown(browser, address, folder, n, OURS)
        times = []
        for imitated in (False, True):
            asked = {"imitated": imitated, "steps": 20}
            ms, name = page.evaluate(PAN, asked)
            times.append(f"{1_000 / ms:.0f} frames a second ({name})")
        lasso, count = page.evaluate(LASSO, 100_000 / n)
        page.close()
        theirs = told = "not installed"
        if find_spec("jscatter"):
            page, theirs, told = shown(browser, address, folder, n, THEIRS)
            page.close()
        rows = (
            ("first painted dot", "10 s", f"{ours}; jupyter-scatter {theirs}"),
            ("sent, scripts left out", "less", f"{sent}; jupyter-scatter {told}"),
            ("a map that is moved", "20 at 200,000", "; ".join(times)),
            (f"lasso of {count:,} points", "0.5 s", f"{lasso / 1e3:.2f} s"),
        )
        for what, asked, measured in rows:
            name = f"{n:,} x {WIDE}: {what}"
            yield {"name": name, "asked": asked, "measured": measured, "unit": ""}


def page_size(folder: Path, n: int = 200_000) -> Row:
    """Return the row of an exported page."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, n)
    z = 2 * rng.normal(size=(9, 8))[labels] + rng.normal(size=(n, 8))
    own = rv.Embedding.from_arrays(z, labels=labels)
    path = rv.export_html(own, folder / "page.html", layout="pca")
    told = f"{path.stat().st_size / MB:.2f}"
    return {
        "name": f"page of {n:,} points",
        "asked": "15",
        "measured": told,
        "unit": "MB",
    }


def measure() -> list[Row]:
    """Return the rows of the table."""
    with tempfile.TemporaryDirectory() as name, chrome() as browser:
        folder = Path(name)
        with server(folder) as address:
            rows = list(figures(browser, address, folder))
        return [*rows, page_size(folder)]


if __name__ == "__main__":
    show(measure())
