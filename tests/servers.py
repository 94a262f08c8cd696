"""Voila, Notebook 7, converted pages and what they show, for test_outside.py."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from lab import PATIENCE, ROOT, free_port
from nbconvert import HTMLExporter

# A kernel that has run the notebook waits for the next visitor. The extension of
# Notebook 7 asks for parts of Lab that Voila does not have, and fails aloud.
VOILA = (
    "--no-browser",
    "--Voila.ip=127.0.0.1",
    "--preheat_kernel=True",
    "--VoilaConfiguration.default_pool_size=1",
    "--VoilaConfiguration.extension_denylist=@jupyter-notebook/lab-extension",
)
VIEW = "application/vnd.jupyter.widget-view+json"

# One entry an output: its words, and how many square pixels of drawings can be seen.
SHOWN = """(cells) => cells.map((cell) =>
  [...cell.querySelectorAll(".jp-OutputArea-child")].map((output) => {
    const drawn = [...output.querySelectorAll("img, svg, canvas")].filter((node) => {
      const box = node.getBoundingClientRect();
      const loaded = node.tagName !== "IMG" || (node.complete && node.naturalWidth);
      return loaded && node.checkVisibility() && box.width * box.height > 10000;
    });
    return { words: output.innerText.trim(), drawn: drawn.length,
             visible: output.checkVisibility() };
  }))"""


@contextlib.contextmanager
def running(words, folder, *, ready, seconds=PATIENCE):
    """Run a server as long as the block lasts, from the moment it answers.

    Parameters
    ----------
    words
        What follows ``python -m``, with ``{port}`` where the port belongs.
    folder
        To run in; settings of the user do not count.
    ready
        A path that answers, or words of the log where asking has a cost.
    """
    port = free_port()
    places = ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
    places = {name: str(folder / ".jupyter" / name) for name in (*places, "IPYTHONDIR")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    log = folder / f"{words[0]}.log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-m", *(word.format(port=port) for word in words)],
            cwd=folder,
            stdout=out,
            stderr=out,
            env={**os.environ, **places, "PYTHONPATH": path},
        ) as process,
    ):
        try:
            end = time.monotonic() + seconds
            while not _answers(ready, port, log):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < end, log.read_text("utf-8")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(ready, port, log):
    if not ready.startswith("/"):
        return ready in log.read_text("utf-8")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}"):
            return True
    except urllib.error.URLError:
        return False


def fenced(page):
    """Cut a page off from everything but this machine; return what it asks for."""
    asked = []

    def refuse(route):
        asked.append(route.request.url)
        route.abort()

    page.route(re.compile(r"^https?://(?!127\.0\.0\.1)(?!localhost)"), refuse)
    return asked


def convert(notebook, path):
    """Write an executed notebook as a page, as ``jupyter nbconvert --to html`` does."""
    path.write_text(HTMLExporter().from_notebook_node(notebook)[0], "utf-8")
    return path


def blanks(notebook, shown):
    """Return the outputs that had content and show nothing, as (cell, output).

    Parameters
    ----------
    notebook
        Executed.
    shown
        Of each code cell with outputs, what `SHOWN` found in the page.
    """
    cells = [cell for cell in notebook.cells if cell.get("outputs")]
    assert len(cells) == len(shown)
    found = []
    for number, (cell, seen) in enumerate(zip(cells, shown, strict=True)):
        assert len(cell.outputs) == len(seen), cell.source
        # Of many points there are words until there is a picture.
        pictured = any(
            there["drawn"] or ("rv-static" in _html(output) and there["words"])
            for output, there in zip(cell.outputs, seen, strict=True)
        )
        for output, there in zip(cell.outputs, seen, strict=True):
            data = output.get("data", {})
            if data and not any(data.values()):
                continue  # a progress bar that has taken itself away
            if _html(output).startswith("<style"):
                continue  # the colours of figures in the dark
            wanted = "drawn" if _draws(data) else "words"
            blank = not (there[wanted] or there["drawn"])
            # The picture stands beside the widget, and takes its place.
            if blank and not (VIEW in data and pictured):
                found.append((number, cell.source, sorted(data)))
    return found


def _html(output):
    return "".join(output.get("data", {}).get("text/html", ""))


def _draws(data):
    return any("plotly" in kind or kind == VIEW for kind in data)
