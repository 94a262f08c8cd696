"""The explorer in JupyterLab, driven by a real browser."""

import math
import shutil

import numpy as np
import pytest
from lab import (
    PATIENCE,
    PICTURES,
    PRESSABLE,
    Notebook,
    chromium,
    copy_quickstart,
    server,
    show_more,
    tabs_to_the_map,
    write_notebook,
)
from looks import look, outside, overlaps
from matplotlib.path import Path as Polygon
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GREY = [139, 148, 158]
BLUE, ORANGE = [0, 114, 178], [230, 159, 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def address(folder):
    chromium()
    with server(folder) as found:
        yield found


@pytest.fixture
def page(browser, address):
    context = browser.new_context(viewport={"width": 1440, "height": 1150})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    found = context.new_page()
    found.set_default_timeout(PATIENCE * 1000)
    yield found
    context.close()


@pytest.fixture
def opened(page, folder, address):
    """Return a function that runs cells in a notebook of their own."""

    def run(name, *cells):
        write_notebook(folder / f"{name}.ipynb", cells)
        notebook = Notebook(page, address, f"{name}.ipynb")
        notebook.command("application:toggle-left-area")
        notebook.command("notebook:run-all-cells")
        notebook.settled()
        notebook.into_view()
        return notebook

    return run


def test_a_missing_browser_is_told(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv("REFNET_VIZ_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^no browser: none of chromium,"):
        chromium()
    monkeypatch.setenv("REFNET_VIZ_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match=r"=1 requires one$"):
        chromium()


# Notebook 01 from one end to the other


def test_notebook_01(folder, address, page):
    copy_quickstart(folder)
    notebook = Notebook(page, address, "01_quickstart.ipynb")
    notebook.command("application:toggle-left-area")
    notebook.command("notebook:run-all-cells")
    assert notebook.errors() == []
    notebook.settled()
    notebook.into_view()

    assert notebook.titles()[0].startswith("plain, seed 0 | latent space | ")
    # The last cells search and let go: no map of a page that was run stays grey.
    assert notebook.value("view.selected['id'].tolist()") == []
    notebook.wait_map("!scene.data.selected")
    assert notebook.value("len(found)") > 1
    moves_the_controls(notebook)
    shows_the_point_under_the_mouse(notebook)
    selects(notebook)
    page.screenshot(path=PICTURES / "explorer.png")
    starts_from_the_present_after_a_reload(notebook)
    assert notebook.errors() == []
    leaves_a_picture(notebook)


def moves_the_controls(notebook):
    page, moves = notebook.page, 0
    press = {"exact": True}
    show_more(page)
    first, kept = notebook.titles(), notebook.value("len(view._history)")

    def until(condition, count=1):
        nonlocal moves
        notebook.wait_map(condition)
        moves += count

    variants = page.get_by_role("group", name="Maps")
    variants.get_by_role("button", name="refiner").click()
    until("scene.panels.length === 3")
    assert [title.split(",")[0] for title in notebook.titles()] == [
        "plain",
        "refiner",
        "both",
    ]
    expect(page.locator(".rv-strip tbody tr")).to_have_count(3)
    variants.get_by_role("button", name="refiner").click()
    until("scene.panels.length === 2")

    page.get_by_label("Seed", **press).select_option("1")
    until("scene.data.panels.every(p => p.title.endsWith(', seed 1'))")
    notebook.settled()
    page.get_by_label("Space", **press).get_by_role("button", name="text").click()
    until("scene.data.panels.every(p => p.notes[0] === 'text space')")
    notebook.settled()
    page.get_by_label("Distance", **press).select_option("cosine")
    until("scene.data.panels.every(p => p.notes[0] === 'text space, cosine')")
    page.get_by_label("Layout", **press).select_option("PCA")
    until("scene.data.panels.every(p => p.notes[1].startsWith('PCA, '))")
    page.get_by_label("Colour by", **press).select_option("confidence")
    until("scene.data.panels.every(p => p.values && !p.codes)")
    expect(page.locator(".rv-key .rv-scale")).to_be_visible()
    expect(page.locator(".rv-key-title")).to_have_text("confidence of the prediction")

    edges = page.get_by_label("Edges", **press)
    drawn = "scene.data.panels[1].edges.reduce((sum, e) => sum + e.pairs.length, 0)"
    counts = {}
    for kind, note in (
        ("all", " edges"),
        ("kept", " kept edges"),
        ("gained", "0 gained edges"),
        ("lost", "0 lost edges"),
        ("by modality", "where a modality contradicts them"),
    ):
        edges.select_option(kind)
        last = "scene.data.panels[1].notes.at(-1).split(', names: ')[0]"
        until(f"{last}.endsWith({note!r})")
        counts[kind] = notebook.map(drawn)
    assert counts["all"] == counts["kept"] == counts["by modality"] > 0
    assert counts["gained"] == counts["lost"] == 0  # the same text in every variant
    for words in ("edges by modality", "only picture", "only text", "(chance "):
        expect(page.locator(".rv-key")).to_contain_text(words)

    page.get_by_label("Space", **press).get_by_role("button", name="sum").click()
    until("scene.data.panels.every(p => p.notes[0] === 'sum space, cosine')")
    expect(page.locator(".rv-weight").first).to_be_hidden()
    page.get_by_label("Distance", **press).select_option("euclidean")
    until("scene.data.panels.every(p => /^sum space(, \\d|$)/.test(p.notes[0]))")
    weight = page.get_by_role("slider", name="Weight of text")
    weight.focus()
    for _ in range(10):
        weight.press("ArrowLeft")
    until("scene.data.panels[0].notes[0].endsWith('weights: picture 1, text 0')")
    until("scene.data.panels[0].notes[1].endsWith('layout of equal weights')", 0)

    page.get_by_label("Compared with").select_option("both")
    expect(page.locator(".rv-strip thead")).to_contain_text("rewiring from both")
    moves += 1
    handle = page.get_by_role("slider", name="Neighbours k")
    handle.focus()
    before = notebook.titles()[1]
    for _ in range(5):
        handle.press("ArrowRight")
    expect(page.locator(".rv-k .widget-readout")).to_have_text("20")
    until(f"scene.data.panels[1].notes.join() !== {before!r}")

    undo = page.get_by_role("button", name="Undo")
    steps = notebook.value("len(view._history)") - kept
    assert steps >= moves  # a slider that stops on its way makes more than one
    while notebook.value("len(view._history)") > kept:
        undo.click()
    notebook.settled()
    assert notebook.titles() == first
    expect(page.locator(".rv-k .widget-readout")).to_have_text("15")


def apart(places):
    """Return the row of the point that is farthest from all others."""
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return int(distances.min(axis=1).argmax())


def shows_the_point_under_the_mouse(notebook):
    page = notebook.page
    places = np.array(notebook.places(1))
    row = apart(places)  # others answer for overlapping points
    page.mouse.move(*places[row])
    name = notebook.map(f"scene.said.names[{row}]")
    tips = page.locator(".rv-tip")
    expect(tips.nth(1)).to_contain_text(name)
    expect(tips.nth(0)).to_be_hidden()  # the other map shows a ring only
    title = page.locator(".rv-detail .rv-title")
    expect(title).to_have_text(f"{name} in both")
    expect(page.locator(".rv-detail .rv-row")).to_have_count(15)
    headings = page.locator(".rv-detail .rv-heading")
    for space in ("refined", "picture", "text", "sum"):
        expect(headings.filter(has_text=f"in the {space} space, ")).to_have_count(1)
    assert page.locator(".rv-detail img").evaluate_all(
        "all => all.length > 15 && all.every(i => i.complete && i.naturalWidth > 0)"
    )
    size = notebook.map("scene.data.size")
    for panel in (0, 1):  # the same point is ringed in both maps
        x, y = notebook.places(panel)[row]
        assert notebook.pixel([x + size / 2 + 4, y], panel, "over")[3] > 100
    assert page.locator(".rv-detail .rv-elsewhere[open]").count() == 0
    page.locator(".rv-detail summary").first.click()  # and stays open from then on
    expect(page.locator(".rv-detail .rv-tile").first).to_be_visible()


def selects(notebook):
    page = notebook.page
    notebook.settled()
    places = np.array(notebook.places())
    ring = around(notebook, 0, 40)
    notebook.lasso(ring.tolist())
    expect(page.locator(".rv-caption")).to_contain_text("selected")
    every = notebook.map("scene.said.names")
    ids = notebook.value("view.selected['id'].tolist()")
    assert_inside(ids, every, places, ring)
    assert len(ids) < len(every) / 2
    notebook.wait_map("scene.data.selected?.length > 0")
    assert notebook.chosen() == ids
    expect(page.locator(".rv-detail .rv-title")).to_have_text(f"{len(ids)} selected")

    # It stays what it is wherever the points go, and is set from Python.
    page.get_by_label("Edges", exact=True).select_option("lost")
    page.get_by_label("Layout").select_option("PCA")
    notebook.wait_map("scene.data.panels[0].notes[1].startsWith('PCA, ')")
    assert notebook.chosen() == ids
    notebook.run(f"view.select({every[3:9]!r})")
    notebook.wait_map("scene.data.selected?.length === 6")
    assert notebook.chosen() == every[3:9]
    expect(page.locator(".rv-caption")).to_contain_text("6 selected")
    page.get_by_label("Layout").select_option("aligned UMAP")
    notebook.wait_map("scene.data.panels[0].notes[1].startsWith('UMAP, ')")
    notebook.run(f"view.select({ids!r})")
    notebook.wait_map(f"scene.data.selected?.length === {len(ids)}")


def around(notebook, row, radius, panel=0):
    """Return a ring around a point, as far as it lies on the map."""
    turns = np.linspace(0, 2 * math.pi, 24)
    circle = radius * np.column_stack([np.cos(turns), np.sin(turns)])
    box = notebook.page.locator(".rv-plot").nth(panel).bounding_box()
    low = np.array([box["x"], box["y"]])
    high = low + np.array([box["width"], box["height"]])
    return np.clip(notebook.places(panel)[row] + circle, low + 3, high - 3)


def assert_inside(ids, every, places, ring, margin=2):
    """The points within a polygon are these; the pen is a few pixels wide."""
    centre = ring.mean(axis=0)
    sure = Polygon(centre + (ring - centre) * 0.93).contains_points(places)
    maybe = Polygon(centre + (ring - centre) * 1.07).contains_points(places)
    found = np.isin(every, ids)
    assert found[sure].all()
    assert maybe[found].all()


def starts_from_the_present_after_a_reload(notebook):
    before = (
        notebook.titles(),
        notebook.chosen(),
        notebook.map("scene.data.panels.map(p => [...p.x].concat([...p.y]))"),
    )
    notebook.command("docmanager:save")
    notebook.open()
    notebook.settled()
    assert (notebook.titles(), notebook.chosen()) == before[:2]
    assert (
        notebook.map("scene.data.panels.map(p => [...p.x].concat([...p.y]))")
        == (before[2])
    )
    assert notebook.page.locator(".rv-static").is_hidden()
    explorer = notebook.page.locator(".rv-explorer:not(.rv-workshop)")
    assert explorer.count() == 1


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


# What is done to the maps

TWO = """
import numpy as np, refnet_viz as rv
rng = np.random.default_rng(0)
z = rng.normal(size=(60, 4))
labels = np.repeat([0, 1], 30)
z[:, 0] += 6 * labels
def make(shift):
    parts = {"picture": z[:, :2] + shift, "text": z[:, 2:]}
    return rv.Embedding.from_arrays(
        z + shift * rng.normal(size=z.shape), modalities=parts, labels=labels,
        ids=[f"p{i}" for i in range(60)], class_names=["ant", "bee"])
spaces = {"plain": make(0), "both": make(0.5)}
"""
SHOWN = TWO + 'view = rv.explore(spaces, k=4, layout="%s")\nview'


def test_maps(opened):
    notebook = opened("maps", SHOWN % "aligned")
    paints_points_where_they_are(notebook)
    links_the_maps(notebook)
    takes_every_kind_of_click(notebook)
    moves_by_the_toolbar(notebook)
    searches(notebook)
    points(notebook)
    copies_the_code(notebook)
    says_what_is_refused(notebook)
    assert notebook.errors() == []


def near(color, expected, reach=6):
    return max(abs(a - b) for a, b in zip(color, expected, strict=False)) <= reach


def paints_points_where_they_are(notebook):
    """Read colours from the canvas: classes, and grey where something is selected."""
    rows = {}
    notebook.run("view.names = 'never'")  # which may lie over points
    notebook.wait_map("!scene.data.words")
    for panel in (0, 1):
        places = np.array(notebook.places(panel))
        for name, start, color in (("ant", 0, BLUE), ("bee", 30, ORANGE)):
            row = start + apart(places[start : start + 30])
            painted = notebook.pixel(places[row], panel)
            assert near(painted, color), (name, painted)
            assert painted[3] > 200
            rows[panel, name] = row
        assert notebook.pixel(places.min(axis=0) - 12, panel)[3] == 0
    notebook.run("view.select([f'p{i}' for i in range(30)])")
    notebook.wait_map("scene.data.selected?.length === 30")
    for (panel, name), row in rows.items():
        painted = notebook.pixel(notebook.places(panel)[row], panel)
        assert near(painted, BLUE if name == "ant" else GREY)
        assert (painted[3] > 200) == (name == "ant")
    notebook.run("view.select(None); view.names = 'auto'")
    notebook.wait_map("!scene.data.selected && scene.data.words")


def links_the_maps(notebook):
    """What is done to one map is seen in both, since their places mean the same."""
    page = notebook.page
    for panel in (1, 0):
        places = np.array(notebook.places(panel))
        ring = around(notebook, 0, 70, panel)
        notebook.lasso(ring.tolist())
        notebook.wait_map("scene.data.selected?.length > 0")
        every = notebook.map("scene.said.names")
        ids = notebook.value("view.selected['id'].tolist()")
        assert_inside(ids, every, places, ring)
        assert notebook.chosen() == ids
        name = notebook.value("view.variant")
        assert name == ["plain", "both"][panel]
        focused = page.locator(".rv-panel.rv-focused .rv-panel-title")
        expect(focused).to_have_text(f"{name}, seed 0")
        notebook.run("view.select(None)")
        notebook.wait_map("!scene.data.selected")
    before = [np.array(notebook.places(panel)) for panel in (0, 1)]
    page.locator(".rv-plot").nth(1).focus()
    page.keyboard.press("+")
    notebook.wait_map("scene.panels[0].view.zoom > 1.3")
    for panel in (0, 1):
        places = np.array(notebook.places(panel))
        np.testing.assert_allclose(
            np.ptp(places, axis=0) / np.ptp(before[panel], axis=0), 1.4, rtol=0.02
        )
    page.keyboard.press("0")
    notebook.wait_map("scene.panels[0].view.zoom === 1")


def takes_every_kind_of_click(notebook):
    page, mouse = notebook.page, notebook.page.mouse
    places = np.array(notebook.places())
    one, other = apart(places[:30]), apart(places[30:]) + 30
    mouse.click(*places[one])
    notebook.wait_map("scene.data.selected?.length === 1")
    assert notebook.chosen() == [f"p{one}"]
    expect(page.locator(".rv-detail .rv-title")).to_have_text(f"p{one} in plain")
    mouse.click(*places[other])
    notebook.wait_map("scene.data.pinned.length === 2")
    both = page.locator(".rv-detail .rv-title")
    expect(both).to_have_text(f"p{one} and p{other} in plain")
    expect(page.locator(".rv-detail .rv-one")).to_have_count(2)
    mouse.click(*(places.min(axis=0) - 12))
    notebook.wait_map("!scene.data.selected")
    mouse.click(*places[one])
    notebook.wait_map("scene.data.selected?.length === 1")
    page.keyboard.down("Shift")
    mouse.click(*places[other])
    page.keyboard.up("Shift")
    notebook.wait_map("scene.data.selected?.length === 2")
    assert notebook.chosen() == [f"p{one}", f"p{other}"]
    ring = around(notebook, other, 60)
    notebook.lasso(ring.tolist(), shift=True)  # adds, and keeps what is far away
    notebook.wait_map("scene.data.selected?.length > 2")
    assert f"p{one}" in notebook.chosen()
    assert_inside(
        [name for name in notebook.chosen() if name != f"p{one}"],
        notebook.map("scene.said.names"),
        places,
        ring,
    )
    mouse.dblclick(*(places.min(axis=0) - 12))
    notebook.wait_map("!scene.data.selected")

    bee = page.get_by_role("button", name="select bee")  # in the legend
    bee.click()
    notebook.wait_map("scene.data.selected?.length === 30")
    assert notebook.chosen() == [f"p{i}" for i in range(30, 60)]
    expect(bee).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="select ant").click(modifiers=["Shift"])
    notebook.wait_map("scene.data.selected?.length === 60")
    page.get_by_role("button", name="select ant").click(modifiers=["Alt"])
    notebook.wait_map("scene.data.selected?.length === 30")
    bee.click()
    notebook.wait_map("!scene.data.selected")
    bee.click()
    notebook.wait_map("scene.data.selected?.length === 30")
    row = page.locator(".rv-detail .rv-list .rv-row").nth(3)
    expect(row).to_contain_text("p33")
    row.click()
    notebook.wait_map("scene.data.selected?.length === 1")
    assert notebook.chosen() == ["p33"]
    page.locator(".rv-detail summary").first.click()
    tile = page.locator(".rv-detail .rv-tile").first
    name = tile.text_content()
    tile.click()
    notebook.wait_map(f"scene.said.names[scene.data.selected[0]] === {name!r}")
    page.locator(".rv-panel-title").nth(1).click()
    notebook.wait_map("scene.data.focus === 1")
    expect(page.locator(".rv-strip tr.rv-focused th")).to_have_text("both")
    expect(page.locator(".rv-detail .rv-title")).to_have_text(f"{name} in both")
    clear = page.get_by_role("button", name="Clear", exact=True)
    clear.click()
    notebook.wait_map("!scene.data.selected")
    expect(clear).to_be_disabled()


def moves_by_the_toolbar(notebook):
    page, mouse = notebook.page, notebook.page.mouse
    tools = page.get_by_role("toolbar", name="map tools")
    before = np.array(notebook.places())
    small = notebook.map("scene.sizeOf(scene.panels[0])")
    notebook.map("scene.panels[0].zoomAt(1.5)")
    notebook.wait_map("scene.panels[0].view.zoom === 1.5")
    assert notebook.map("scene.sizeOf(scene.panels[0])") > small  # dots grow
    zoomed = np.array(notebook.places())
    np.testing.assert_allclose(
        np.ptp(zoomed, axis=0), 1.5 * np.ptp(before, axis=0), rtol=1e-6
    )
    tools.get_by_role("button", name="Pan").click()
    expect(tools.get_by_role("button", name="Pan")).to_have_attribute(
        "aria-pressed", "true"
    )
    box = page.locator(".rv-plot").first.bounding_box()
    centre = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    mouse.move(*centre)
    mouse.down()
    mouse.move(centre[0] + 40, centre[1] - 25, steps=4)
    mouse.up()
    notebook.wait_map("scene.panels[0].view.x > 20")
    moved = np.array(notebook.places()) - zoomed
    np.testing.assert_allclose(moved, np.tile([40, -25], (60, 1)), atol=0.5)
    assert notebook.chosen() is None  # nothing was drawn around
    tools.get_by_role("button", name="Fit").click()
    notebook.wait_map("scene.panels[0].view.zoom === 1")
    np.testing.assert_allclose(notebook.places(), before)
    tools.get_by_role("button", name="Lasso").click()

    # The wheel zooms at the pointer, and scrolls the page where no map has focus.
    row = apart(before)
    mouse.move(*before[row])
    page.locator(".rv-plot").first.focus()
    mouse.wheel(0, -300)
    notebook.wait_map("scene.panels[0].view.zoom > 1.5")
    np.testing.assert_allclose(notebook.places()[row], before[row], atol=0.5)
    page.get_by_role("button", name="Fit").click()
    notebook.wait_map("scene.panels[0].view.zoom === 1")
    mouse.move(*before[row])
    page.evaluate(
        "() => addEventListener('wheel', () => { window.turned = true; }, true)"
    )
    mouse.wheel(0, 40)
    page.wait_for_function("() => window.turned")
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame("
        "() => requestAnimationFrame(done)))"
    )
    assert notebook.map("scene.panels[0].view.zoom") == 1
    hint = page.locator(".rv-tools-hint")
    expect(hint).to_have_text("Click a map first: then the wheel zooms.")
    notebook.into_view()


def searches(notebook):
    page = notebook.page
    field = page.get_by_role("searchbox", name="Search")
    field.click()
    field.press_sequentially("BEE")
    notebook.wait_map("scene.data.selected?.length === 30")
    field.press_sequentially(" p45")
    notebook.wait_map("scene.data.selected?.length === 1")
    assert notebook.chosen() == ["p45"]
    assert notebook.value("view.selected['id'].tolist()") == ["p45"]
    field.press_sequentially("x")
    expect(page.locator(".rv-status").first).to_have_text(
        "no point has 'BEE p45x' in its words"
    )
    assert notebook.chosen() is None
    field.fill("")
    expect(page.locator(".rv-status").first).to_be_hidden()


def points(notebook):
    """Lines go from what is pointed at to its neighbours, in every map."""
    page = notebook.page
    row = apart(np.array(notebook.places(1)))
    page.mouse.move(*notebook.places(1)[row])
    notebook.wait_map(f"scene.panels[1].hovered === {row}")
    shown = notebook.map("scene.panels.map(p => p.hovered)")
    assert shown == [row, row]
    expect(page.locator(".rv-detail .rv-title")).to_have_text(f"p{row} in both")
    near = notebook.value(
        f"[view._store.graph(key, 4).indices[{row}].tolist()"
        " for key in view._view.keys]"
    )
    kept = [i for i in near[1] if i in near[0]]
    ends = {"kept": kept, "lost": [i for i in near[0] if i not in kept]}
    gained = [i for i in near[1] if i not in kept]
    assert len(kept) + len(gained) == 4
    for panel, lines in ((0, ends), (1, ends | {"gained": gained})):
        places = np.array(notebook.places(panel))
        for others in lines.values():
            for other in others:  # the middle of a line is painted, dashed or not
                share = np.linspace(0.4, 0.6, 12)[:, None]
                way = places[row] + share * (places[other] - places[row])
                alpha = [notebook.pixel(at, panel, "over")[3] for at in way.tolist()]
                assert max(alpha) > 60


def copies_the_code(notebook):
    page = notebook.page
    notebook.run("view.edges = 'gained'; view.select(['p3', 'p4'])")
    notebook.wait_map("scene.data.selected?.length === 2")
    code = notebook.value("view.code()")
    button = page.get_by_role("button", name="Copy as code")
    box = page.get_by_role("dialog", name="code of this view")
    show_more(page)
    button.click()
    toast = page.locator(".rv-toast")
    expect(toast).to_contain_text("Copied: view = rv.explore(spaces, ")
    assert page.evaluate("() => navigator.clipboard.readText()") == code
    expect(box).to_be_hidden()
    expect(button).to_be_focused()
    expect(toast).to_be_hidden()  # after a while, by itself
    # Where a page may not write to the clipboard, the text can be taken by hand.
    page.evaluate(
        "() => Object.defineProperty(navigator, 'clipboard', { value: undefined })"
    )
    button.press("Enter")
    expect(box).to_contain_text("Copy it from here:")
    taken = (
        "pre => { getSelection().selectAllChildren(pre); return `${getSelection()}` }"
    )
    assert box.locator("pre").evaluate(taken) == code
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(button).to_be_focused()
    button.press("Enter")
    box.get_by_role("button", name="Close").click()
    expect(box).to_be_hidden()
    notebook.run(f"exec({code!r}, {{'rv': rv, 'spaces': spaces}})")
    notebook.run("view.edges = 'none'; view.select(None)")
    notebook.wait_map("!scene.data.selected")


def says_what_is_refused(notebook):
    page = notebook.page
    variants = page.get_by_role("group", name="Maps")
    variants.get_by_role("button", name="plain").click()
    notebook.wait_map("scene.panels.length === 1")
    last = variants.get_by_role("button", name="both")
    last.click()
    status = page.get_by_role("status")
    expect(status).to_have_text("`variants` must be 1 to 4 of them, got 0.")
    expect(last).to_have_attribute("aria-pressed", "true")
    variants.get_by_role("button", name="plain").click()
    notebook.wait_map("scene.panels.length === 2")
    expect(status).to_be_hidden()


# The keyboard alone

AT = """() => {
  const node = document.activeElement;
  if (!node.closest(".rv-explorer")) return null;
  const { outlineStyle, outlineWidth, borderColor, boxShadow } = getComputedStyle(node);
  const label = node.labels?.[0]?.textContent;
  return { name: node.getAttribute("aria-label") || label || node.textContent,
           ring: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
           lit: borderColor + boxShadow };
}"""


def test_keyboard(opened):
    notebook = opened("keys", SHOWN % "pca")
    page = notebook.page
    chip = page.locator(".rv-chips button").first
    pressable = page.evaluate(PRESSABLE)
    assert len(pressable) <= 15, pressable
    assert tabs_to_the_map(page, chip) <= 10
    show_more(page)
    chip.focus()
    names, dark = [], []
    for _ in range(80):
        at = page.evaluate(AT)
        if at is None:
            break
        names.append(at["name"])
        if not at["ring"]:
            dark.append((at["name"], at["lit"]))
        page.keyboard.press("Tab")
    assert page.evaluate(AT) is None  # nothing holds the focus for ever
    for name in (
        "plain",  # the others by arrow keys, as those of the spaces
        "latent",
        "Distance",
        "Layout",
        "Colour by",
        "Neighbours k",
        "Edges",
        "Compared with",
        "Search",
        "Copy as code",
        "Save …",
        "Less",
        "select ant",
        "select bee",
    ):
        assert name in names, name
    maps = [name for name in names if name.startswith("Map of ")]
    assert len(maps) == 2
    assert "coloured by label; latent space, " in maps[0]
    assert " if independent); PCA, trustworthiness" in maps[0]
    assert dark == []
    assert [name for name in names if name.startswith("Lasso")]
    assert notebook.value("view.variant") == "both"  # the map that was reached last
    assert "Seed" not in names  # there is one
    chip.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(AT)["name"] == "both"

    page.locator(".rv-plot").first.focus()
    live = page.locator(".rv-scene .rv-live")
    page.keyboard.press("ArrowRight")  # begins in the middle
    page.keyboard.press("ArrowRight")
    row = notebook.map("scene.panels[0].hovered")
    expect(live).to_have_text(f"p{row} {'ant' if row < 30 else 'bee'}")
    for key, axis, sign in (
        ("ArrowLeft", 0, -1),
        ("ArrowDown", 1, 1),
        ("ArrowUp", 1, -1),
        ("ArrowRight", 0, 1),
    ):
        before = notebook.map("scene.panels[0].hovered")
        page.keyboard.press(key)
        after = notebook.map("scene.panels[0].hovered")
        places = notebook.places()
        assert after != before
        assert (places[after][axis] - places[before][axis]) * sign > 0
    expect(live).to_have_text(f"p{after} {'ant' if after < 30 else 'bee'}")
    page.keyboard.press("Enter")
    notebook.wait_map("scene.data.selected?.length === 1")
    assert notebook.chosen() == [f"p{after}"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+Enter")
    notebook.wait_map("scene.data.selected?.length === 2")
    page.keyboard.press("Escape")
    notebook.wait_map("!scene.data.selected")
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("-")
    assert notebook.map("scene.panels.map(p => p.view.zoom)") == pytest.approx([1.4, 1])
    page.keyboard.press("0")
    assert notebook.map("scene.panels[0].view.zoom") == 1
    # Keys of the notebook, such as one that deletes the cell, are not meant.
    page.keyboard.press("ArrowDown")
    assert page.evaluate(AT)["name"].startswith("Map of plain")
    assert notebook.errors() == []


# Cells that run again, text from data, errors

AGAIN = """
import collections, gc, ipywidgets, json
def held():
    gc.collect()
    found = ipywidgets.widgets.widget._instances.values()
    status = open("/proc/self/status").read()
    size = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return [dict(collections.Counter(type(w).__name__ for w in found)), size]
"""


def test_fifty_runs_of_a_cell_leave_nothing_behind(opened):
    notebook = opened(
        "again", TWO + AGAIN, "view = rv.explore(spaces, k=4, layout='pca')\nview"
    )
    page = notebook.page
    page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }"
    )
    told = []
    for run in range(50):
        notebook.command("notebook:run-cell")
        if run in (0, 9, 24, 49):
            notebook.settled()
            told.append(notebook.value("held()"))
    kinds, sizes = zip(*told, strict=True)
    assert kinds[0]["Screen"] == 1
    assert all(found == kinds[0] for found in kinds)
    # MiB; a map of 60 points holds 0.5. The first runs import what comes meanwhile.
    assert sizes[3] - sizes[2] < 8, sizes
    assert page.locator(".rv-explorer").count() == 1
    assert page.locator("canvas.rv-base").count() == 2
    assert notebook.errors() == []


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
        modalities={text: rng.normal(size=(30, 2)) for text in texts[:2]})
spaces = {text: make(i) for i, text in enumerate(texts)}
view = rv.explore(spaces, k=4, layout="pca", color=texts[1])
view
"""


def test_text_from_data_is_text(opened, page):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    notebook = opened("hostile", HOSTILE)
    script, image, plain = notebook.value("texts")
    every = notebook.map("scene.said.names")
    page.mouse.move(*notebook.places()[2])
    expect(page.locator(".rv-tip").first).to_contain_text(every[2])
    expect(page.locator(".rv-detail .rv-title")).to_have_text(f"{every[2]} in {script}")
    expect(page.locator(".rv-detail .rv-text")).to_have_text(plain)
    for text in (script, image[:31], plain):
        expect(page.locator(".rv-key")).to_contain_text(text)
    variants = page.get_by_role("group", name="Maps")
    variants.get_by_role("button", name=image).click()
    notebook.wait_map("scene.panels.length === 3")
    heads, rows = page.locator(".rv-panel-title"), page.locator(".rv-strip tbody th")
    for number, text in enumerate((script, image, plain)):
        expect(heads.nth(number)).to_have_text(f"{text}, seed 0")
        expect(rows.nth(number)).to_have_text(text)
    expect(page.locator(".rv-strip thead")).to_contain_text(f"rewiring from {script}")
    notebook.run("view.space = 'sum'; view.edges = 'by modality'")
    notebook.wait_map("/^sum space(, \\d|$)/.test(scene.data.panels[0].notes[0])")
    expect(page.locator(".rv-key")).to_contain_text("only <script>")
    for number, text in enumerate((script, image)):
        label = page.locator(".rv-weight .widget-label").nth(number)
        expect(label).to_have_text(f"Weight of {text}")
    notebook.run(f"view.select({every[:3]!r})")
    expect(page.locator(".rv-detail .rv-row")).to_have_count(3)
    boxes = look(page, "boxes")  # long names push nothing aside
    assert len({round(boxes[f"map {i}"][2]) for i in range(3)}) == 1
    assert overlaps(boxes, ("control", "button", "weight", "map", "head")) == []
    assert outside(boxes) == []
    show_more(page)
    page.get_by_role("button", name="Copy as code").click()
    expect(page.locator(".rv-toast")).to_contain_text("Copied: view = rv.explore(")
    page.screenshot(path=PICTURES / "hostile.png")
    field = page.get_by_role("searchbox", name="Search")
    field.fill(f"{image} nowhere")
    status = page.locator(".rv-main > .rv-status")
    expect(status).to_contain_text(f"{image} nowhere")

    explorer = page.locator(".rv-explorer")
    assert explorer.locator("script, img[src='x'], b, a").count() == 0
    assert page.evaluate("() => typeof window.hacked") == "undefined"
    host = page.url.split("/lab")[0]
    assert not [to for to in requests if not to.startswith((host, "data:", "blob:"))]
    assert not [to for to in requests if to.endswith("/x")]
    assert notebook.errors() == []


def test_a_handlers_error_is_seen(opened, page):
    notebook = opened("wrong", (SHOWN % "pca").replace("\nview", "\nview"))
    notebook.run("real, view._redraw = view._redraw, lambda *_: 1 / 0")
    edges = page.get_by_label("Edges", exact=True)
    edges.select_option("all")
    expect(page.get_by_role("status")).to_have_text(
        "ZeroDivisionError: division by zero"
    )
    expect(page.locator(".rv-errors")).to_contain_text("ZeroDivisionError")
    assert notebook.errors()
    notebook.run("view._redraw = real")
    edges.select_option("none")  # gone once something works
    expect(page.locator(".rv-errors")).to_be_hidden()
    assert notebook.errors() == []
