"""The explorer in JupyterLab, driven by a real browser."""

import json
import math
import shutil

import numpy as np
import pytest
from lab import FLAGS, ROOT, Notebook, chromium, server, write_notebook
from playwright.sync_api import expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = ROOT / "results/browser"
HOSTILE = """
import numpy as np, pandas as pd, refnet_viz as rv
texts = [
    "<script>window.hacked=1</script>", "<img src=x onerror=window.hacked=1>",
    "a<b & c>d",
]
rng = np.random.default_rng(0)
def make(shift):
    return rv.Embedding.from_arrays(
        np.eye(3)[np.arange(30) % 3] * 9 + rng.normal(size=(30, 3)) + shift,
        ids=[f"{texts[i % 3]}{i}" for i in range(30)], labels=np.arange(30) % 3,
        class_names=texts, metadata=pd.DataFrame({texts[1]: texts * 10}),
        media=rv.data.Media((), tuple(texts * 10)),
        modalities={texts[0]: rng.normal(size=(30, 2))})
spaces = {text: make(i) for i, text in enumerate(texts)}
view = rv.explore(spaces, k=4, layout="pca", color=texts[1])
view
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    PICTURES.mkdir(parents=True, exist_ok=True)
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def address(folder):
    chromium()
    with server(folder) as found:
        yield found


@pytest.fixture(scope="module")
def browser():

    path = chromium()
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def page(browser):
    found = browser.new_page(viewport={"width": 1440, "height": 1150})
    found.set_default_timeout(30_000)
    yield found
    found.close()


def test_a_missing_browser_is_told(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv("REFNET_VIZ_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^no browser: none of chromium,"):
        chromium()
    monkeypatch.setenv("REFNET_VIZ_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match=r"=1 requires one$"):
        chromium()


def read(folder, name):
    return json.loads((folder / name).read_text("utf-8"))


def test_notebook_01(folder, address, page):
    shutil.copy(ROOT / "notebooks/01_quickstart.ipynb", folder)
    notebook = Notebook(page, address, "01_quickstart.ipynb")
    notebook.command("application:toggle-left-area")
    notebook.command("notebook:run-all-cells")
    assert notebook.errors() == []
    notebook.settled()
    page.locator(".rv-explorer").scroll_into_view_if_needed()
    page.evaluate("() => document.querySelector('.rv-explorer').scrollIntoView()")

    moves_the_controls(notebook)
    shows_the_point_under_the_mouse(notebook)
    selects(notebook, folder)
    page.screenshot(path=PICTURES / "explorer.png")
    starts_from_the_present_after_a_reload(notebook)
    does_not_pile_up(notebook, folder)
    assert notebook.errors() == []
    leaves_a_picture(notebook)


def moves_the_controls(notebook):
    page = notebook.page
    assert "UMAP" in notebook.map("gd.layout.title.text")
    page.get_by_role("button", name="all", exact=True).click()
    notebook.wait_map("gd.data[0].x.length > 0")
    before = notebook.map("gd.layout.title.text.match(/([\\d,]+) edges/)?.[1]")
    handle = page.locator(".rv-k [role=slider]")
    handle.focus()
    for _ in range(5):
        handle.press("ArrowRight")
    expect(page.locator(".rv-k .widget-readout")).to_have_text("20")
    notebook.wait_map(f"!gd.layout.title.text.includes({before!r})")
    page.get_by_role("button", name="both", exact=True).click()
    notebook.wait_map("gd.layout.title.text.startsWith('<b>both</b>')")
    page.get_by_role("button", name="gained", exact=True).click()
    notebook.wait_map("gd.layout.title.text.includes('gained edges')")
    assert notebook.map("gd.data[0].line.dash") == "dash"
    notebook.settled()


def shows_the_point_under_the_mouse(notebook):
    places = np.array(notebook.places())
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    row = int(apart.min(axis=1).argmax())  # others answer for overlapping points
    notebook.page.mouse.move(*places[row])
    name = notebook.map(f"gd.data[1].customdata[{row}]")
    expect(notebook.page.locator(".rv-detail .rv-title")).to_have_text(name)
    expect(notebook.page.locator(".rv-detail .rv-row")).to_have_count(20)
    assert notebook.page.locator(".rv-detail img.rv-picture").evaluate(
        "image => image.complete && image.naturalWidth > 0"
    )


def selects(notebook, folder):
    page = notebook.page
    notebook.run("view.select(None)")
    expect(page.locator(".rv-caption")).not_to_contain_text("selected")
    places = np.array(notebook.places())
    centre = places[0]
    turns = np.linspace(0, 2 * math.pi, 16)
    ring = centre + 40 * np.column_stack([np.cos(turns), np.sin(turns)])
    notebook.lasso(ring.tolist())
    expect(page.locator(".rv-caption")).to_contain_text("selected")
    inside = np.flatnonzero(np.linalg.norm(places - centre, axis=1) < 34)
    notebook.run(
        "import json, pathlib; pathlib.Path('selected.json').write_text(json.dumps("
        "[view.variant, view.k, view.edges, view.selected['id'].tolist()]))"
    )
    variant, k, edges, ids = read(folder, "selected.json")
    assert (variant, k, edges) == ("both", 20, "gained")
    every = notebook.map("Array.from(gd.data[1].customdata)")
    assert {every[row] for row in inside} <= set(ids)
    assert len(ids) < len(every) / 2
    assert [every[row] for row in notebook.map("gd.data[1].selectedpoints")] == ids

    # It stays what it is wherever the points go, and is set from Python.
    page.get_by_role("button", name="plain", exact=True).click()
    notebook.wait_map("gd.layout.title.text.startsWith('<b>plain</b>')")
    assert [every[row] for row in notebook.map("gd.data[1].selectedpoints")] == ids
    notebook.run(f"view.variant = 'refiner'; view.select({every[3:9]!r})")
    notebook.wait_map("gd.data[1].selectedpoints?.length === 6")
    expect(page.locator(".rv-caption")).to_contain_text("6 selected")
    page.get_by_role("button", name="Clear selection").click()
    notebook.wait_map("!gd.data[1].selectedpoints")
    notebook.run(f"view.variant = 'both'; view.select({ids!r})")
    expect(page.locator(".rv-detail .rv-title")).to_have_text(f"{len(ids)} selected")


def starts_from_the_present_after_a_reload(notebook):
    before = notebook.map("[gd.layout.title.text, gd.data[1].selectedpoints]")
    places = notebook.map("Array.from(gd.data[1].x)")
    notebook.command("docmanager:save")
    notebook.open()
    notebook.settled()
    assert notebook.map("[gd.layout.title.text, gd.data[1].selectedpoints]") == before
    assert notebook.map("Array.from(gd.data[1].x)") == pytest.approx(places)
    assert notebook.page.locator(".rv-static").is_hidden()


def does_not_pile_up(notebook, folder):
    # tqdm never closes the widgets of its bars, so those are left out.
    count = (
        "import collections, ipywidgets, json, pathlib\n"
        "found = ipywidgets.widgets.widget._instances.values()\n"
        "kinds = collections.Counter(type(w).__name__ for w in found)\n"
        "bars = ('HTML', 'HTMLStyle', 'FloatProgress', 'ProgressStyle', 'Layout')\n"
        "for name in bars: kinds.pop(name, None)\n"
        "pathlib.Path('count.json').write_text(json.dumps(kinds))"
    )
    notebook.page.evaluate(
        """() => {
            const content = window.jupyterapp.shell.currentWidget.content;
            content.activeCellIndex = content.widgets.findIndex(
                (cell) => cell.model.sharedModel.source.includes("rv.explore("));
        }"""
    )
    counts = []
    for _ in range(3):
        notebook.command("notebook:run-cell")
        notebook.settled()
        notebook.run(count)
        counts.append(read(folder, "count.json"))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0]["Map"] == 1
    assert notebook.page.locator(".rv-explorer").count() == 1


def leaves_a_picture(notebook):
    """A notebook that is opened without being run shows the picture, and no error."""
    page = notebook.page
    notebook.command("docmanager:save")
    page.evaluate(
        """async () => {
            const panel = window.jupyterapp.shell.currentWidget;
            await panel.sessionContext.shutdown();
        }"""
    )
    notebook.open()
    output = page.locator(".jp-OutputArea:has(> * > * > .rv-static)")
    picture = output.locator("img.rv-static")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 500")
    error = output.get_by_text("Error displaying widget")
    error.wait_for(state="attached")
    expect(error).to_be_hidden()
    assert page.locator(".rv-explorer").count() == 0
    picture.scroll_into_view_if_needed()
    page.screenshot(path=PICTURES / "picture.png")


def test_text_from_data_is_text(folder, address, page):
    write_notebook(folder / "hostile.ipynb", [HOSTILE])
    notebook = Notebook(page, address, "hostile.ipynb")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    notebook.command("notebook:run-all-cells")
    notebook.settled()
    explorer = page.locator(".rv-explorer")
    every = notebook.map("Array.from(gd.data[1].customdata)")
    notebook.page.mouse.move(*notebook.places()[2])
    expect(page.locator(".rv-detail .rv-title")).to_contain_text("a<b & c>d")
    expect(page.locator(".rv-map .hoverlayer")).to_contain_text("a<b & c>d")
    expect(page.locator(".rv-map .legend").first).to_contain_text("a<b & c>d")
    expect(page.locator(".rv-map .legend").first).to_contain_text("<img src=x onerror")
    expect(page.locator(".rv-map .gtitle")).to_contain_text("<script>window.hacked=1")
    for text in ("<script>window.hacked=1</script>", "a<b & c>d"):
        button = page.locator(".rv-variant button", has_text=text)
        button.click()
        notebook.settled()
    notebook.run(f"view.select({every[:3]!r})")
    expect(page.locator(".rv-detail .rv-row")).to_have_count(3)
    expect(explorer).to_contain_text("rewiring from <script>window.hacked=1</script>")
    page.screenshot(path=PICTURES / "hostile.png")
    assert page.evaluate("() => typeof window.hacked") == "undefined"
    assert (
        notebook.map("gd.closest('.rv-explorer').querySelectorAll('script').length")
        == 0
    )
    assert not [address for address in requests if address.endswith("/x")]
    assert notebook.errors() == []


def test_a_handlers_error_is_seen(folder, address, page):
    code = HOSTILE + "view._redraw = lambda: 1 / 0\n"
    write_notebook(
        folder / "wrong.ipynb", [code.replace("view\n", "view._ipython_display_()\n")]
    )
    notebook = Notebook(page, address, "wrong.ipynb")
    notebook.command("notebook:run-all-cells")
    notebook.wait_map("gd.data[1].x.length > 0")
    page.get_by_role("button", name="all", exact=True).click()
    expect(page.locator(".rv-status")).to_have_text(
        "ZeroDivisionError: division by zero"
    )
    expect(page.locator(".rv-errors")).to_contain_text("ZeroDivisionError")


WEIGHED = """
import numpy as np, refnet_viz as rv
rng = np.random.default_rng(0)
z = rng.normal(size=(40, 4))
parts = {"picture": z[:, :2] + .3 * rng.normal(size=(40, 2)), "text": z[:, 2:]}
own = rv.Embedding.from_arrays(z, modalities=parts, labels=np.arange(40) % 3)
view = rv.explore(own, k=4, layout="pca", space="sum")
view
"""


def test_weights_and_edges_by_modality(folder, address, page):
    write_notebook(folder / "weights.ipynb", [WEIGHED])
    notebook = Notebook(page, address, "weights.ipynb")
    notebook.command("application:toggle-left-area")
    notebook.command("notebook:run-all-cells")
    notebook.settled()
    page.get_by_role("button", name="by modality", exact=True).click()
    notebook.wait_map("gd.layout.title.text.includes('dashed where')")
    legend = page.locator(".rv-map .legend2")
    for words in ("edges by the modalities", "only picture", "only text", "(chance "):
        expect(legend).to_contain_text(words)
    told = legend.text_content()
    drawn = (
        "gd.data.slice(27).filter(t => t.visible)"
        ".flatMap(t => Array.from(t.x)).filter(x => x !== null && !isNaN(x)).length"
    )
    before, places = notebook.map(drawn), notebook.map("Array.from(gd.data[1].x)")
    assert before > 0
    assert notebook.map("gd.data[0].x.length") == 0
    # The page paints in this order: points last, above all edges.
    paths = "[...gd.querySelectorAll('.cartesianlayer :is(path.js-line, path.point)')]"
    order = notebook.map(f"{paths}.map(path => path.classList.contains('point'))")
    assert order.count(True) == 40
    assert order.index(True) > 3
    assert all(order[order.index(True) :])

    weights = page.locator(".rv-weight")
    handle = weights.nth(1).locator("[role=slider]")
    handle.focus()
    for _ in range(10):
        handle.press("ArrowLeft")
    expect(weights.nth(1).locator(".widget-readout")).to_have_text("0.0")
    notebook.wait_map("gd.layout.title.text.includes('weights: picture 1, text 0<')")
    expect(legend).not_to_have_text(told)
    assert notebook.map("gd.layout.title.text").count("layout of equal weights") == 1
    assert notebook.map(drawn) != before
    assert notebook.map("Array.from(gd.data[1].x)") == pytest.approx(places)
    page.locator(".rv-explorer").screenshot(path=PICTURES / "weights.png")

    # The last weight above 0 goes back.
    notebook.run("view.weights = {'picture': .1, 'text': 0}")
    notebook.wait_map("gd.layout.title.text.includes('weights: picture 0.1, text 0<')")
    handle = weights.nth(0).locator("[role=slider]")
    handle.focus()
    handle.press("ArrowLeft")
    expect(page.locator(".rv-status")).to_have_text(
        "`weights` must have one above 0, got 0 for every modality."
    )
    expect(weights.nth(0).locator(".widget-readout")).to_have_text("0.1")
    page.locator(".rv-space").get_by_role("button", name="latent").click()
    notebook.wait_map("gd.layout.title.text.includes('latent space')")
    expect(weights.first).to_be_hidden()
    assert notebook.errors() == []
