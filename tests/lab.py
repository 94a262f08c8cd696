"""JupyterLab and a headless Chromium for the tests in test_browser.py."""

import ast
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "results/browser"  # what tests have photographed
# Tests wait for states. How long decides nothing but when to give one up, and a busy
# machine may take many times what a quiet one does.
PATIENCE = 300
expect.set_options(timeout=PATIENCE * 1000)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Commands instead of menus: a click right after loading is sometimes dropped.
READY = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  return [app, panel];
}"""


def chromium():
    """Return where Chromium is; skip without one, or fail where one is required."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        reason = f"no browser: none of {', '.join(names)} is installed"
        if os.environ.get("REFNET_VIZ_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and REFNET_VIZ_REQUIRE_BROWSER=1 requires one")
        pytest.skip(reason)
    return found


RUNNING = []  # the browsers of this process


@contextlib.contextmanager
def chrome():
    """Run a browser as long as the block lasts."""
    path = chromium()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        RUNNING.append(browser)
        try:
            yield browser
        finally:
            RUNNING.remove(browser)
            browser.close()


# How often a page is painted in two seconds, once they are over.
FRAMES = """() => {
  const watch = window.watchFrames ??= { count: -1, start: performance.now() };
  const frame = () => {
    watch.count += 1;
    if (window.watchFrames === watch) requestAnimationFrame(frame);
  };
  if (watch.count < 0) frame();
  if (performance.now() - watch.start < 2000) return false;
  delete window.watchFrames;
  return [watch.count];
}"""


def states():
    """Yield, of each open page, its address and whether it still paints and answers."""
    for browser in RUNNING:
        for page in (page for context in browser.contexts for page in context.pages):
            try:
                # Polling by time: pages that do not paint would not ask, either.
                answer = page.wait_for_function(FRAMES, polling=100, timeout=20_000)
                painted = f"painted {answer.json_value()[0]} times in two seconds"
            except PlaywrightError as error:
                painted = f"gives no answer: {error}"
            yield f"{page.url} {painted}"


@contextlib.contextmanager
def server(folder):
    """Run JupyterLab on a free port of this machine; give its address."""
    settings = folder / ".lab/settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    port = free_port()
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "spaces",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "IPYTHONDIR": "ipython",
    }
    places = {name: str(folder / ".lab" / place) for name, place in places.items()}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    words = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--IdentityProvider.token=",
        "--LabApp.expose_app_in_browser=True",
    ]
    with (
        (folder / "lab.log").open("w") as log,
        subprocess.Popen(
            words,
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**os.environ, **places, "PYTHONPATH": path},
        ) as process,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port():
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address, process, seconds=PATIENCE):
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "JupyterLab has stopped"
        try:
            with urllib.request.urlopen(address):
                return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise TimeoutError(f"no answer from {address} in {seconds} s")


def copy_quickstart(folder):
    """Copy the quickstart, with networks that train for one epoch instead of four."""
    text = (ROOT / "notebooks/01_quickstart.ipynb").read_text("utf-8")
    assert text.count("epochs=4") == 1
    path = folder / "01_quickstart.ipynb"
    path.write_text(text.replace("epochs=4", "epochs=1"), "utf-8")


def write_notebook(path, cells):
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
    )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata.kernelspec = kernel
    nbformat.write(notebook, path)


# Whatever the Tab key stops at, and what else can be pressed; points and the legend,
# which are as many as the data has, aside.
PRESSABLE = """() => [...document.querySelectorAll(
  ".rv-explorer :is(button, input, select, [role=slider], [tabindex], summary)")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true }))
  .filter((node) => !node.disabled)
  .filter((node) => !node.closest(".rv-plot, .rv-key, .rv-strip, .rv-grip")
    && !node.matches(".widget-readout"))
  .map((node) => node.getAttribute("aria-label") || node.title || node.textContent
    || node.tagName)"""
AT_MAP = "() => !!document.activeElement.closest('.rv-plot')"


def show_more(page, *, shown=True):
    """Show or hide the controls behind the button "More"."""
    button, wanted = page.locator(".rv-disclose"), str(shown).lower()
    if button.get_attribute("aria-expanded") != wanted:
        button.click()
    expect(button).to_have_attribute("aria-expanded", wanted)


def tabs_to_the_map(page, first):
    """Return how often Tab is pressed from outside until a map has the focus."""
    first.focus()
    count = 1
    while not page.evaluate(AT_MAP) and count < 99:
        page.keyboard.press("Tab")
        count += 1
    return count


# Whether anything is computed for an explorer.
WORKING = (
    "any(each.running is not None and not each._closed"
    " for each in __import__('gc').get_objects()"
    " if type(each).__name__ == 'Meanwhile')"
)


class Notebook:
    """An open notebook and the explorer in it."""

    def __init__(self, page, address, name):
        self.page, self.address, self.name = page, address, name
        self.failures = []
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        self.open()

    def open(self):
        """Open the notebook, or load the page again."""
        self.page.goto(f"{self.address}/lab/tree/{self.name}?reset")
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.context"
        )
        self.page.evaluate(f"{READY.replace('return [app, panel];', '')}")

    def command(self, name):
        """Run a command of Lab and wait until it has ended."""
        run = f"await app.commands.execute('{name}');"
        self.page.evaluate(READY.replace("return [app, panel];", run))

    def run(self, code):
        """Run code in the kernel of the notebook."""
        self.page.evaluate(
            """async (code) => {
                const panel = window.jupyterapp.shell.currentWidget;
                const kernel = panel.sessionContext.session.kernel;
                const { content } = await kernel.requestExecute({ code }).done;
                if (content.status !== "ok") throw new Error(content.evalue);
            }""",
            code,
        )

    def value(self, expression):
        """Return a value computed in the kernel."""
        told = self.page.evaluate(
            """async (code) => {
                const panel = window.jupyterapp.shell.currentWidget;
                const kernel = panel.sessionContext.session.kernel;
                const request = { code: "", user_expressions: { value: code } };
                const { content } = await kernel.requestExecute(request).done;
                const { value } = content.user_expressions;
                if (value.status !== "ok") throw new Error(value.evalue);
                return value.data["text/plain"];
            }""",
            f"__import__('json').dumps({expression})",
        )
        return json.loads(ast.literal_eval(told))

    def errors(self):
        """Return the outputs of type error of all cells, and errors of the page."""
        cells = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        )
        outputs = [out for cell in cells for out in cell.get("outputs", [])]
        wrong = [out["evalue"] for out in outputs if out["output_type"] == "error"]
        shown = self.page.locator(".rv-errors").all_inner_texts()
        return wrong + [text for text in shown if text.strip()] + self.failures

    def map(self, expression):
        """Return a value computed from ``scene``, the maps of the explorer."""
        find = "const scene = document.querySelector('.rv-scene').rvScene"
        return self.page.evaluate(f"() => {{ {find}; return {expression}; }}")

    def wait_map(self, condition, timeout=PATIENCE * 1000):
        """Wait until something holds of ``scene``, and it is painted."""
        try:
            self.page.wait_for_function(
                "() => { const scene = document.querySelector('.rv-scene')?.rvScene; "
                f"return scene?.frame > 0 && !scene.waiting && ({condition}); }}",
                timeout=timeout,
            )
        except PlaywrightTimeoutError as error:
            told = [self.errors()]
            if self.page.locator(".rv-scene").count():
                told += [self.titles(), self.map("scene.waiting")]
            raise AssertionError(f"{condition}: never, but {told}") from error

    def settled(self):
        """Wait until the maps are drawn and their layouts are computed."""
        self.wait_map("scene.data.panels[0].x.length > 0")
        quiet = False
        while not quiet:
            self.page.wait_for_function(
                "() => !document.querySelector('.rv-status').checkVisibility()"
                " && !document.querySelector('.rv-progress button')"
                ".checkVisibility({visibilityProperty: true})"
            )
            # A page is told of work only after a while.
            quiet = not self.value(WORKING)
            self.page.wait_for_timeout(0 if quiet else 300)
        self.wait_map("true")
        self.still()

    def still(self):
        """Wait until the points stay where they are: pages move while they fill."""
        before = None
        while before != (now := self.places()):
            before = now
            self.page.wait_for_timeout(300)

    def into_view(self):
        """Scroll to the explorer: the mouse reaches what can be seen."""
        self.page.evaluate(
            "() => document.querySelector('.rv-explorer').scrollIntoView()"
        )

    def titles(self):
        """Return what stands over each map: its title and the lines below."""
        return self.map("scene.data.panels.map(p => [p.title, ...p.notes].join(' | '))")

    def places(self, panel=0):
        """Return where each point of a map lies on the screen."""
        return self.map(
            f"Array.from(scene.panels[{panel}].data.x, (_, row) => {{"
            f" const box = scene.panels[{panel}].plot.getBoundingClientRect();"
            f" const [x, y] = scene.panels[{panel}].place(row);"
            " return [box.x + x, box.y + y]; })"
        )

    def chosen(self):
        """Return the ids that are drawn in colour, None where nothing is selected."""
        return self.map(
            "scene.data.selected && [...scene.data.selected]"
            ".map(row => scene.said.names[row])"
        )

    def pixel(self, place, panel=0, canvas="base"):
        """Return the colour that is painted at a place of the screen, 0 to 255."""
        x, y = place
        return self.map(
            f"(() => {{ const {canvas} = scene.panels[{panel}].{canvas};"
            f" const box = {canvas}.getBoundingClientRect();"
            f" const ratio = {canvas}.width / box.width;"
            f" const at = [({x} - box.x) * ratio, ({y} - box.y) * ratio];"
            f" const pen = {canvas}.getContext('2d');"
            " return [...pen.getImageData(...at.map(Math.round), 1, 1).data]; })()"
        )

    def lasso(self, corners, shift=False):
        """Draw around something with the mouse."""
        mouse, keyboard = self.page.mouse, self.page.keyboard
        mouse.move(*corners[-1])
        if shift:
            keyboard.down("Shift")
        mouse.down()
        for corner in corners:
            mouse.move(*corner, steps=2)
            # A busy page takes several moves for one, and cuts the corners.
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        mouse.up()
        if shift:
            keyboard.up("Shift")
