"""The explorer and the figures outside JupyterLab, in real servers and bare pages."""

import json
import re
import textwrap

import pytest
from lab import PATIENCE, READY, write_notebook
from modules import FAKE_MODEL, described, shown_modules
from playwright.sync_api import expect
from servers import VOILA, fenced, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# A page comes when the whole notebook has run, also where other work has the processor.
LONGER = 3_000 * PATIENCE
# What plotly's extension does after drawing, which Lab knows and Voila does not.
KNOWN = "setData is not a function"
INK = """canvas => {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    sum = (sum * 31 + pixels[i] + 256 * pixels[i + 1] + 65536 * pixels[i + 2]) % 1e9;
  }
  return sum;
}"""
SMALL = """
import numpy as np, refnet_viz as rv
rng = np.random.default_rng(0)
z = rng.normal(size=(60, 4)) + 3 * np.eye(4)[np.arange(60) % 3]
spaces = {"one": rv.Embedding.from_arrays(z, labels=np.arange(60) % 3),
          "two": rv.Embedding.from_arrays(-z[:, ::-1], labels=np.arange(60) % 3)}
"""
PIECES = [
    SMALL,
    "rv.plot.latent(spaces)",
    'view = rv.explore(spaces, k=4, layout="pca")\nview',
]

# As the quickstart, which takes a minute, does: figures, an explorer, a search at last.
SERVED = [
    SMALL,
    "rv.plot.latent(spaces, layout='pca')",
    "rv.plot.compare(rv.compare(rv.knn(spaces, k=15)))",
    "view = rv.explore(spaces, layout='pca')\nview",
    "rows = view.search('1')\nview.select(None)\nrows[['id', 'label', 'purity']]",
]


@pytest.fixture
def page(browser):
    found = browser.new_page(viewport={"width": 1440, "height": 1150})
    found.set_default_timeout(PATIENCE * 1000)
    found.failures = []
    found.on("pageerror", lambda error: found.failures.append(str(error)))
    yield found
    found.close()


@pytest.fixture(scope="module")
def voila(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voila")
    write_notebook(folder / "served.ipynb", SERVED)
    words = ("voila", "served.ipynb", "--Voila.port={port}", *VOILA)
    # Asking for the page would already use up the kernel that waits.
    with running(words, folder, ready="is running at") as address:
        yield address


def test_voila_serves_a_notebook(voila, page):
    asked = fenced(page)
    page.goto(voila, timeout=LONGER)
    shows_the_present(page)
    assert "rv.explore(spaces)" not in page.content()  # no source
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    moves_a_control(page)
    # A page that is loaded again runs the notebook again, in a kernel of its own.
    page.goto(voila, timeout=LONGER)
    shows_the_present(page)
    moves_a_control(page)
    assert [text for text in page.failures if KNOWN not in text] == []
    # Voila's own template asks for an icon font; nothing is missing without it.
    assert {re.sub(r"/npm/.*", "", address) for address in asked} <= {
        "https://cdn.jsdelivr.net"
    }


def shows_the_present(page):
    """Voila shows the page when all cells have run: a later one searches, lets go."""
    explorer = page.locator(".rv-explorer:not(.rv-workshop)")
    explorer.wait_for()
    listed = page.locator("table.dataframe:has(th:text-is('purity'))").last
    count = listed.locator("tbody tr").count()
    assert count > 1
    expect(explorer.locator(".rv-strip")).to_be_visible()
    expect(explorer.locator(".rv-strip")).not_to_contain_text("selected")
    expect(page.locator(".rv-static")).to_be_hidden()
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)
    assert page.locator(".jp-RenderedText[data-mime-type*=error]").count() == 0
    assert page.locator(".rv-errors").inner_text().strip() == ""


def moves_a_control(page):
    """More neighbours change the numbers; all edges change the map."""
    strip = page.locator(".rv-strip")
    before = strip.inner_text()
    handle = page.locator(".rv-k input")
    handle.focus()
    handle.press("ArrowRight")
    expect(page.locator(".rv-k .widget-readout")).to_have_text("16")
    expect(strip).not_to_have_text(before)
    canvas = page.locator(".rv-map canvas").first
    drawn = canvas.evaluate(INK)
    page.get_by_label("Edges", exact=True).select_option("all")
    page.wait_for_function(
        f"drawn => ({INK})(document.querySelector('.rv-map canvas')) !== drawn",
        arg=drawn,
    )


def test_notebook_7_runs_it(page, tmp_path):
    write_notebook(tmp_path / "small.ipynb", PIECES)
    words = (
        "notebook",
        "--no-browser",
        "--allow-root",
        "--port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={tmp_path}",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    )
    with running(words, tmp_path, ready="/api/status") as address:
        asked = fenced(page)
        page.goto(f"{address}/notebooks/small.ipynb")
        page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context")
        page.evaluate(READY.replace("return [app, panel];", ""))
        page.failures.clear()  # Notebook's own, which it has with an empty page too
        command = "await app.commands.execute('notebook:run-all-cells');"
        page.evaluate(READY.replace("return [app, panel];", command))
        page.locator(".rv-explorer").wait_for()
        assert page.locator(".js-plotly-plot .point").count() >= 120
        before = page.locator(".rv-strip").inner_text()
        handle = page.locator(".rv-k input")
        handle.focus()
        handle.press("ArrowRight")
        expect(page.locator(".rv-strip")).not_to_have_text(before)
        expect(page.locator(".rv-static")).to_be_hidden()
        assert page.locator("[data-mime-type*=stderr]").count() == 0
        assert page.failures == []
        assert asked == []


MARIMO = f"""
import marimo
app = marimo.App()

@app.cell
def _():
{textwrap.indent(SMALL, "    ")}
    view = rv.explore(spaces, k=4)
    return rv, spaces, view

@app.cell
def _(view):
    view
    return

@app.cell
def _(rv, spaces):
    rv.plot.latent(spaces)
    return

@app.cell
def _(view):
    print("selected:", list(view.selected["id"]))
    return
"""


def test_marimo_draws_the_whole(page, tmp_path):
    (tmp_path / "small.py").write_text(MARIMO, "utf-8")
    dark = '[tool.marimo.display]\ntheme = "dark"\n'
    (tmp_path / "pyproject.toml").write_text(dark, "utf-8")
    words = ("marimo", "run", "small.py", "--headless", "--no-token", "--port={port}")
    with running(words, tmp_path, ready="/health") as address:
        asked = fenced(page)
        page.emulate_media(color_scheme="dark")
        page.goto(address)
        explorer = page.locator(".rv-explorer")
        explorer.wait_for()
        expect(explorer).to_have_class(re.compile("rv-dark"))
        words = page.locator(".js-plotly-plot .gtitle").first
        expect(words).to_have_css("fill", "rgb(230, 232, 235)")
        strip, canvas = explorer.locator(".rv-strip"), explorer.locator("canvas").first
        expect(strip).to_contain_text("chance")
        expect(explorer.get_by_role("button", name="Cancel")).to_be_hidden()
        drawn, before = canvas.evaluate(INK), strip.inner_text()
        page.get_by_label("Edges", exact=True).select_option("all")
        expect(explorer.locator(".rv-panel-notes").last).to_contain_text(" edges")
        assert canvas.evaluate(INK) != drawn
        page.locator(".rv-k input").press("ArrowRight")
        expect(strip).not_to_have_text(before)
        page.locator(".rv-key-entry").first.click()
        expect(explorer.locator(".rv-detail")).to_contain_text("20 selected")
        assert explorer.locator(".rv-errors").inner_text().strip() == ""
        assert page.failures == []
        # What draws plotly's figures in marimo asks for MathJax.
        assert all("/npm/mathjax-full" in address for address in asked)


MODULES = shown_modules()


@pytest.mark.parametrize("widget", MODULES, ids=lambda widget: type(widget).__name__)
def test_a_module_stands_alone(widget, page):
    """VS Code and Colab give a widget its script, its style and its model, no more."""
    state = described(widget)
    script = state.pop("_esm")
    assert not re.search(r"""\bimport\s*[("'{*\w]""", script)
    asked = fenced(page)
    page.set_content("<!DOCTYPE html><body></body>")
    page.add_style_tag(content=state.pop("_css", "") or " ")
    # A function holds no top-level await and no export.
    plain = re.sub(r"\bexport\s+default\b", "const found =", script)
    page.evaluate("code => { new Function(code); }", plain)
    result = page.evaluate(FAKE_MODEL, [script, json.dumps(state)])
    assert result["globals"] == []
    assert result["words"][0] == result["words"][1]  # two views of one model
    assert result["words"][0] or result["drawn"] > 0
    assert result["listening"] == 0  # both views are closed
    assert page.failures == []
    assert asked == []
