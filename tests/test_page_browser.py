"""The exported page and the report in a real browser: from disk, without a network."""

import contextlib
import csv
import io
import re
from importlib import resources

import numpy as np
import pytest
from lab import (
    PATIENCE,
    PICTURES,
    PRESSABLE,
    show_more,
    tabs_to_the_map,
)
from pages import HOSTILE, N, space
from playwright.sync_api import expect

import refnet_viz as rv
from refnet_viz.explorer import panes
from refnet_viz.explorer.embeddings import Key
from refnet_viz.explorer.store import Store
from refnet_viz.explorer.view import inside
from refnet_viz.graph import edge_diff

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAPERS = {"light": "255, 255, 255", "dark": "20, 23, 28", "auto": "20, 23, 28"}
K = 4
WATCH = """() => {
  window.violations = [];
  document.addEventListener('securitypolicyviolation',
    ({ effectiveDirective }) => window.violations.push(effectiveDirective));
}"""
INK = """(number) => {
  const { base } = refnetViz.scene.panels[number];
  const copy = document.createElement("canvas");
  copy.width = base.width;
  copy.height = base.height;
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(base, 0, 0);
  const bits = pen.getImageData(0, 0, base.width, base.height).data;
  let drawn = 0;
  for (let i = 3; i < bits.length; i += 4) drawn += bits[i] > 0;
  return drawn / (base.width * base.height);
}"""
PLACES = """(number) => {
  const panel = refnetViz.scene.panels[number];
  panel.plot.scrollIntoView({ block: "nearest" });
  const box = panel.plot.getBoundingClientRect();
  return Array.from(panel.data.x, (_, row) => {
    const [x, y] = panel.place(row);
    return [box.x + x, box.y + y];
  });
}"""
CELLS = """() => [...document.querySelectorAll(".rv-cards tbody tr")].map((line) =>
  [...line.querySelectorAll("td")].map((cell) =>
    [...cell.querySelectorAll("span, .rv-null")].map((node) => node.textContent)))"""
COLORS = """() => {
  const { panels, title } = refnetViz.colors();
  const { codes, values } = panels[1];
  return { title, codes: codes && [...codes], values: values && [...values] };
}"""
FOCUSED = """() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const name = at.getAttribute("aria-label") || at.labels?.[0]?.textContent;
  return [name || at.textContent, getComputedStyle(at).outlineStyle];
}"""
MOVING = """() => [...document.querySelectorAll("*")].filter((node) => {
  const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(node);
  const still = animationName === "none" && !parseFloat(transitionDuration);
  return !still || scrollBehavior === "smooth";
}).length"""
BOXES = """() => [...document.querySelectorAll(
  ".rv-bar, .rv-panel, .rv-key, .rv-detail, .rv-strip, header, footer")]
  .filter((node) => node.checkVisibility()).map((node) => {
  const { left, top, right, bottom } = node.getBoundingClientRect();
  return [left, top, right, bottom];
})"""


@pytest.fixture(scope="module")
def spaces():
    return {
        "plain": [space("plain", seed) for seed in range(3)],
        "refiner": [space("refiner", seed) for seed in range(3)],
        "both": [space("both", seed) for seed in range(3)],
    }


@pytest.fixture(scope="module")
def store(spaces):
    return Store.of(spaces, 2 * K)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def file(spaces, folder):
    return rv.export_html(spaces, folder / "page.html", k=K)


class Page:
    """A page from disk; what it may not do is written down."""

    def __init__(self, browser, file, **options):
        size = {"width": 1440, "height": 1000}
        self.context = browser.new_context(**{"viewport": size} | options)
        self.context.set_offline(True)
        self.asked, self.wrong = [], []
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.add_init_script(f"({WATCH})()")
        self.page.on("console", lambda m: self.wrong.append(m.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(file.as_uri())

    def _route(self, route):
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            self.asked.append(route.request.url)
            route.abort()

    def close(self):
        """Close it; nothing must have gone wrong."""
        violations = self.run("() => window.violations")
        hacked = self.run("() => window.hacked")
        self.context.close()
        assert (self.asked, self.wrong, violations, hacked) == ([], [], [], None)

    def run(self, code, *values):
        return self.page.evaluate(code, *values)

    def state(self):
        return self.run("() => refnetViz.state()")

    def rows(self):
        return self.state()["rows"]

    def painted(self):
        """Wait until the maps show the present state."""
        self.run(
            "() => new Promise((done) => requestAnimationFrame("
            "() => requestAnimationFrame(done)))"
        )

    def places(self, panel):
        """Return where each point of a map lies on the screen."""
        self.painted()
        return np.array(self.run(PLACES, panel))

    def lasso(self, corners):
        mouse = self.page.mouse
        mouse.move(*corners[0])
        mouse.down()
        for corner in [*corners[1:], corners[0]]:
            mouse.move(*corner, steps=4)
        mouse.up()

    def ink(self, panel):
        """Return what share of a map is not blank."""
        self.painted()
        return self.run(INK, panel)

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def edges(self, kind):
        self.page.get_by_label("Edges", exact=True).select_option(kind)

    def cells(self):
        """Return the words of the metric strip, a list a map."""
        return self.run(CELLS)


@contextlib.contextmanager
def opened(browser, file, **options):
    page = Page(browser, file, **options)
    yield page
    page.close()


@pytest.fixture
def page(browser, file):
    with opened(browser, file) as found:
        yield found


def place(variant, seed=0):
    return Key(variant, seed, "latent")


def expected_cells(store, variants, rows, k=K, seed=0):
    """Return what the explorer's strip says, in the order in which it is drawn."""
    lines = [
        panes.StripLine(
            name,
            store.table(place(name, seed), "plain", k),
            store.every_seed(place(name), "plain", k),
        )
        for name in variants
    ]
    found = panes.strip_of(lines, np.array(rows, np.intp), 0)
    keys = ("whole", "band", "selected", "selectedBand")
    return [
        [
            [cell[key] for key in keys if cell[key]] + cell["nulls"]
            for cell in row["cells"]
        ]
        for row in found["rows"]
    ]


def test_the_page_opens_from_disk_without_a_network(page):
    expect(page.page.locator("#app")).to_be_visible()
    expect(page.page.locator("#still")).to_be_hidden()
    assert page.page.locator(".rv-panel").count() == 2
    assert page.ink(0) > 0.01
    assert page.ink(1) > 0.01
    policy = page.page.locator("meta[http-equiv]").get_attribute("content")
    assert "unsafe" not in policy


@pytest.mark.parametrize("kind", ["none", "all", "kept", "gained", "lost"])
def test_edges_are_those_of_python_for_every_k(page, store, kind):
    blank = page.ink(1)
    page.edges(kind)
    for k in (1, 3, 7):
        slider = page.page.get_by_label("Neighbours k")
        steps = page.run("() => refnetViz.data.steps")
        slider.fill(str(steps.index(k)))
        before, after = (store.graph(place(name), k) for name in ("plain", "both"))
        if kind == "none":
            wanted = np.empty((0, 2))
        elif kind == "all":
            wanted = np.column_stack(after.edges()[:2])
        else:
            wanted = getattr(edge_diff(before, after), kind)
        found = page.run("(kind) => refnetViz.edges('both', kind)", kind)
        assert np.array_equal(np.reshape(found, (-1, 2)), wanted)
        drawn = page.run(
            "() => refnetViz.scene.data.panels[1].edges.flatMap((e) => [...e.pairs])"
        )
        assert drawn == found
    note = page.page.locator(".rv-panel-notes").nth(1)
    if kind != "none":
        expect(note).to_contain_text(
            f"{len(wanted)} {'edges' if kind == 'all' else kind}"
        )
        assert page.ink(1) > blank
    own = page.page.locator(".rv-panel-notes").nth(0)
    if kind == "gained":
        expect(own).to_contain_text("this is the baseline: nothing is gained")
    if kind in {"kept", "lost"}:
        expect(own).to_contain_text(f"{kind} edges (in both)")
        shown = page.run(
            "() => refnetViz.scene.data.panels[0].edges.flatMap((e) => [...e.pairs])"
        )
        assert shown == found


def test_a_lasso_selects_in_all_panels_and_its_numbers_are_pythons(page, store):
    places = page.places(1)
    middle = np.median(places, axis=0)
    left, top = places.min(axis=0) - 6
    corners = [
        (left, top),
        (middle[0] + 0.5, top),
        (middle[0] + 0.5, middle[1] + 0.5),
        (left, middle[1] + 0.5),
    ]
    wanted = np.flatnonzero(inside(places, *np.transpose(corners))).tolist()
    assert 2 < len(wanted) < N - 2
    page.lasso(corners)
    assert page.rows() == wanted
    chosen = page.run("() => [...refnetViz.scene.chosen]")
    assert np.flatnonzero(chosen).tolist() == wanted
    assert page.state()["focus"] == 1
    assert page.cells() == expected_cells(store, ["plain", "both"], wanted)
    expect(page.page.locator(".rv-title")).to_have_text(f"{len(wanted)} selected")
    expect(page.page.locator(".rv-caption")).to_contain_text(f"{len(wanted)} selected")
    # With Shift more are added.
    left_out = next(row for row in range(N) if row not in wanted)
    page.page.keyboard.down("Shift")
    page.lasso(_around(page, 0, left_out))
    page.page.keyboard.up("Shift")
    assert {*wanted, left_out} <= {*page.rows()}


def _around(page, panel, row):
    x, y = page.places(panel)[row]
    return [(x - 7, y - 7), (x + 7, y - 7), (x + 7, y + 7), (x - 7, y + 7)]


def test_numbers_of_the_whole_follow_k_and_seed(page, store):
    assert page.cells() == expected_cells(store, ["plain", "both"], [])
    page.page.get_by_label("Neighbours k").fill("0")
    assert page.cells() == expected_cells(store, ["plain", "both"], [], k=1)
    show_more(page.page)
    page.page.get_by_label("Seed", exact=True).select_option("2")
    assert page.cells() == expected_cells(store, ["plain", "both"], [], k=1, seed=2)
    expect(page.page.locator(".rv-panel-title").nth(1)).to_have_text("both, seed 2")


def test_panels_come_and_go_and_stay_linked(page):
    page.press("refiner")
    titles = page.page.locator(".rv-panel-title")
    expect(titles).to_have_text(["plain, seed 0", "refiner, seed 0", "both, seed 0"])
    page.press("plain")
    page.press("both")
    expect(titles).to_have_text(["refiner, seed 0"])
    page.press("refiner")  # the last one stays
    expect(titles).to_have_text(["refiner, seed 0"])
    expect(page.page.locator(".rv-status")).to_have_text(
        "1 to 4 variants are shown side by side"
    )
    assert page.page.locator(".rv-cards tbody tr").count() == 1


def test_every_colour_can_be_shown(page, store):
    facts = store.table(place("both"), "plain", 7)
    steps = page.run("() => refnetViz.data.steps")
    page.page.get_by_label("Neighbours k").fill(str(steps.index(7)))
    names = page.page.get_by_label("Colour by").locator("option").all_inner_texts()
    own = {
        "purity": facts.purity,
        "rewiring": facts.rewiring,
        "in-degree": facts.in_degree,
    }
    assert {
        *own,
        "label",
        "prediction",
        "correct",
        "kind",
        "size",
        "responsibility: image",
    } <= {*names}
    for name in names:
        page.page.get_by_label("Colour by").select_option(name)
        assert page.ink(1) > 0.01
        colors = page.run(COLORS)
        expect(page.page.locator(".rv-key-title")).to_have_text(colors["title"])
        if name in own:
            np.testing.assert_allclose(colors["values"], own[name])
        entries = page.page.locator(".rv-key-entry span:not([class])").all_inner_texts()
        wanted = {"label": ["ant", "bee", "cat"], "kind": ["flat", "round", "square"]}
        assert entries == wanted.get(name, entries)
        assert (colors["codes"] is None) == bool(page.page.locator(".rv-ramp").count())


def test_a_class_is_selected_by_its_entry_in_the_legend(page, spaces):
    page.press("select bee")
    bees = np.flatnonzero(spaces["plain"][0].labels == 1).tolist()
    assert page.rows() == bees
    entry = page.page.get_by_role("button", name="select bee")
    expect(entry).to_have_attribute("aria-pressed", "true")
    expect(entry).to_be_focused()  # although the legend is drawn anew
    expect(entry).to_contain_text(str(len(bees)))
    page.page.get_by_role("button", name="select cat").click(modifiers=["Shift"])
    assert len(page.rows()) == 2 * len(bees)
    entry.click(modifiers=["Alt"])
    assert not {*page.rows()} & {*bees}
    page.press("select cat")  # a second click clears
    assert page.rows() == []


def test_a_picture_is_shown_large(page):
    page.run("() => refnetViz.change({ rows: [4] })")
    opener = page.page.locator(".rv-enlarge")
    source = opener.locator("img").get_attribute("src")
    opener.click()
    cover = page.page.locator(".rv-cover")
    image = cover.locator("img")
    assert image.get_attribute("src") == source
    assert image.bounding_box()["height"] > 200
    page.page.keyboard.press("Escape")
    expect(cover).to_have_count(0)
    assert page.run("() => document.activeElement.className") == "rv-enlarge"
    assert page.rows() == [4]  # nothing else was let go
    opener.click()
    cover.click()
    expect(cover).to_have_count(0)


def test_hovering_shows_a_point_with_its_neighbours(page, store):
    places = page.places(1)
    apart = [np.sort(np.linalg.norm(places - one, axis=1))[1] for one in places]
    row = int(np.argmax(apart))
    page.page.mouse.move(*places[row])
    facts = store.table(place("both"), "plain", K)
    wanted = panes.point(facts, row)
    pane = page.page.locator(".rv-detail")
    expect(pane.locator(".rv-title")).to_have_text(f"p{row} in both")
    expect(pane.locator(".rv-text")).to_have_text(f"text {row}")
    assert pane.locator(".rv-picture").get_attribute("src") == wanted["picture"]
    expect(pane.locator(".rv-list .rv-row-title")).to_have_text(
        [entry["title"] for entry in wanted["rows"]]
    )
    same = [entry["same"] for entry in wanted["rows"]]
    marks = pane.locator(".rv-list .rv-mark").all_inner_texts()
    assert [mark == "✓" for mark in marks] == same
    told = dict(
        zip(
            pane.locator("dt").all_inner_texts(),
            pane.locator("dd").all_inner_texts(),
            strict=True,
        )
    )
    for name, value, _ in wanted["facts"]:
        if not name.startswith("responsibility"):
            assert told[name] == value, name
    assert pane.locator(".rv-heading").first.inner_text() == wanted["heading"]
    spaces = [place("both").in_space(name) for name in store.embeddings.spaces[1:]]
    others = [store.graph(key, K) for key in spaces]
    tiles = pane.locator(".rv-tile")
    near = [f"p{other}" for graph in others for other in graph.indices[row]]
    labels = [tiles.nth(i).get_attribute("title") for i in range(tiles.count())]
    assert [label.split(",")[0] for label in labels] == near
    # The way to a neighbour leads out of the map; a click selects it.
    pane.locator(".rv-row").first.click()
    assert page.rows() == [wanted["rows"][0]["row"]]


def test_search_select_undo_and_clear(page):
    page.page.get_by_label("Search").fill("TEXT round")
    page.press("Select")
    assert page.rows() == list(range(0, N, 3))
    page.page.get_by_label("Search").fill("p7 TEXT")
    page.page.keyboard.press("Enter")
    assert page.rows() == [7]
    expect(page.page.locator(".rv-title")).to_have_text("p7 in plain")
    page.page.get_by_label("Search").fill("nowhere")
    page.page.keyboard.press("Enter")
    assert page.rows() == []
    expect(page.page.locator(".rv-status")).to_contain_text("no point has “nowhere”")
    page.press("Undo")
    assert page.rows() == [7]
    page.edges("gained")
    page.page.locator("h1").click()
    page.page.keyboard.press("Control+z")
    assert page.state()["edges"] == "none"
    page.press("Undo")
    assert page.rows() == list(range(0, N, 3))
    page.press("Clear")
    assert page.rows() == []
    show_more(page.page)
    for name in ("Clear", "Copy ids", "Save CSV", "CSV for spreadsheets"):
        expect(page.page.get_by_role("button", name=name)).to_be_disabled()


def test_a_dragged_slider_is_undone_at_once(page):
    for step in ("0", "1", "2"):
        page.page.get_by_label("Neighbours k").fill(step)
    page.press("Undo")
    assert page.state()["k"] == K
    expect(page.page.get_by_role("button", name="Undo")).to_be_disabled()


def test_ids_are_copied_and_a_table_is_saved(page, store):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.run("() => refnetViz.change({ rows: [3, 4, 8] })")
    show_more(page.page)
    page.press("Copy ids")
    expect(page.page.locator(".rv-status")).to_have_text("copied 3 ids")
    assert page.run("() => navigator.clipboard.readText()") == "p3\np4\np8"
    with page.page.expect_download() as download:
        page.press("Save CSV")
    assert download.value.suggested_filename == "selected.csv"
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    facts = store.table(place("plain"), "plain", K)
    assert [line["id"] for line in lines] == ["p3", "p4", "p8"]
    assert [line["label"] for line in lines] == [facts.labels[i] for i in (3, 4, 8)]
    assert [float(line["purity"]) for line in lines] == [
        facts.purity[i] for i in (3, 4, 8)
    ]
    assert [line["text"] for line in lines] == ["text 3", "text 4", "text 8"]
    with page.page.expect_download() as download:
        page.press("CSV for spreadsheets")
    # No cell of it begins like a formula.
    assert (
        list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
        == lines
    )
    code = resources.files("refnet_viz.share").joinpath("numbers.js").read_text("utf-8")
    texts = ["-a", -1, "＝1", "\t=", "a=1", '@"x', "", "+"]
    formulas = page.run(f"(line) => {{ {code}; return asCsv([line], true); }}", texts)
    assert next(csv.reader(io.StringIO(formulas, newline=""))) == [
        "'-a",
        "-1",
        "'＝1",
        "'\t=",
        "a=1",
        "'@\"x",
        "",
        "'+",
    ]


def test_zoom_is_shared_and_can_be_reset(page):
    before = page.places(0)
    page.page.locator(".rv-plot").first.focus()
    page.page.keyboard.press("+")
    page.page.keyboard.press("+")
    zoomed = [page.places(panel) for panel in (0, 1)]
    assert np.ptp(zoomed[0], axis=0).min() > 1.4 * np.ptp(before, axis=0).min()
    page.press("Fit (0): show the whole map")
    assert np.allclose(page.places(0), before)


def test_at_first_there_is_little_to_press(page):
    """What counts are controls, not points and classes, of which data have many."""
    pressable = page.run(PRESSABLE)
    assert len(pressable) <= 15, pressable
    assert tabs_to_the_map(page.page, page.page.locator(".rv-chips button").first) <= 10


def test_more_is_remembered(page):
    panel = page.page.locator(".rv-more")
    expect(panel).to_be_hidden()
    page.press("More")
    expect(panel).to_be_visible()
    page.page.reload()
    expect(panel).to_be_visible()
    page.press("Less")
    expect(panel).to_be_hidden()
    page.run("() => delete window.localStorage")


def test_chips_are_one_stop_and_arrow_keys_move_among_them(page):
    keys = page.page.keyboard
    page.page.get_by_role("button", name="plain", exact=True).focus()
    keys.press("ArrowRight")
    expect(page.page.get_by_role("button", name="refiner")).to_be_focused()
    keys.press("Space")
    assert page.state()["shown"] == ["plain", "refiner", "both"]
    keys.press("Tab")
    expect(page.page.get_by_label("Colour by")).to_be_focused()


def test_a_map_that_is_reached_by_keyboard_is_in_focus(page):
    page.page.locator(".rv-plot").nth(1).focus()
    assert page.state()["focus"] == 1
    page.page.keyboard.press("p")
    expect(page.page.get_by_role("button", name="Pan")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.page.keyboard.press("l")
    expect(page.page.get_by_role("button", name="Lasso")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_the_maps_can_be_made_higher(page):
    grip = page.page.get_by_role("separator", name="height of the maps")
    before = page.page.locator(".rv-plot").first.bounding_box()["height"]
    grip.focus()
    page.page.keyboard.press("ArrowDown")
    after = [plot.bounding_box() for plot in page.page.locator(".rv-plot").all()]
    assert [box["height"] for box in after] == [before + 20] * 2


def test_terms_are_explained(page):
    page.run("() => refnetViz.point({ panel: 1, row: 0 })")
    for words in ("purity", "in-degree", "rewiring from plain"):
        term = page.page.locator(".rv-facts dt", has_text=words)
        expect(term).to_have_attribute("title", re.compile(r"is better|no merit"))
    heads = page.page.locator(".rv-cards thead th.rv-name")
    assert min(len(head.get_attribute("title")) for head in heads.all()) > 60
    note = page.page.locator(".rv-panel-notes div").nth(1)
    expect(note).to_have_attribute("title", re.compile("trustworthiness: "))


def test_the_keyboard_reaches_everything(page):
    show_more(page.page)
    page.page.locator("h1").click()
    reached = []
    for _ in range(60):
        page.page.keyboard.press("Tab")
        name = page.run(FOCUSED)
        if name is None:
            break
        reached.append(name)
    assert "none" not in [ring for _, ring in reached]
    names = [name for name, _ in reached]
    wanted = [
        "plain",  # the others by arrow keys
        "Seed",
        "Colour by",
        "Neighbours k",
        "Edges",
        "Less",
        "Search",
        "Select",
        "metrics",
        "select ant",
    ]
    for name in wanted:
        assert name in names, name
    maps = [name for name in names if name.startswith("Map of")]
    assert len(maps) == 2
    assert "Arrow keys move between points" in maps[0]


def test_everything_can_be_done_by_keyboard(page):
    keys = page.page.keyboard
    page.page.get_by_label("Edges", exact=True).focus()
    keys.press("End")
    assert page.state()["edges"] == "lost"
    page.page.get_by_label("Neighbours k").focus()
    keys.press("ArrowRight")
    assert page.state()["k"] == 5
    page.page.get_by_label("Colour by").focus()
    keys.press("ArrowDown")
    assert page.state()["color"] == "prediction"
    page.page.locator(".rv-plot").first.focus()
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    keys.press("Enter")
    assert len(page.rows()) == 1
    keys.press("Escape")
    assert page.rows() == []


def test_words_from_data_stay_words(browser, folder):
    spaces = {name: space(name, 0, strange=True) for name in ("plain", HOSTILE[1])}
    spaces["plain"].info["dataset"] = HOSTILE[0]
    file = rv.export_html(
        spaces, folder / "hostile.html", k=K, layout="pca", color="kind"
    )
    with opened(browser, file) as page:
        shown = page.page.locator("#app")
        page.run("() => refnetViz.change({ rows: [0, 1, 2] })")
        for words in HOSTILE:
            expect(shown).to_contain_text(words)
        places = page.places(0)
        page.page.mouse.move(*places[1])
        page.page.get_by_label("Search").fill("<script>")
        page.press("Select")
        page.page.get_by_label("Colour by").select_option("label")
        page.edges("gained")
        expect(page.page.locator("h1")).to_contain_text(HOSTILE[0])
        assert (
            page.page.locator("#app script, #app img[src='x'], #app style").count() == 0
        )


def test_the_policy_bites(browser, file):
    page = Page(browser, file)
    page.run("""() => {
        const tag = (name, given) => document.body.append(
            Object.assign(document.createElement(name), given));
        tag("script", { textContent: "window.hacked = 1" });
        tag("style", { textContent: "body { color: red }" });
        tag("img", { src: "https://example.com/a.png" });
        const bold = "<b onclick='window.hacked=1' style='color:red'>b</b>";
        tag("div", { innerHTML: bold });
        document.querySelector("b").click();
        setTimeout("window.hacked = 1");
        return fetch("https://example.com").catch(() => 0);
    }""")
    page.painted()
    assert {*page.run("() => window.violations")} == {
        "script-src",
        "script-src-elem",
        "script-src-attr",
        "style-src-elem",
        "style-src-attr",
        "img-src",
        "connect-src",
    }
    assert page.run("() => window.hacked") is None
    assert page.asked == []
    page.context.close()


def test_without_script_the_page_is_not_blank(browser, file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#app")).to_be_hidden()
    expect(page.locator("#still img")).to_be_visible()
    expect(page.locator("noscript p")).to_be_visible()
    context.close()


def test_nothing_moves_where_less_motion_is_asked_for(browser, file):
    with opened(browser, file, reduced_motion="reduce") as page:
        assert page.run(MOVING) == 0


def test_several_labels_and_nothing_known(browser, folder):
    several = {
        name: [space(name, s, multi=True) for s in range(2)]
        for name in ("plain", "both")
    }
    file = rv.export_html(several, folder / "multi.html", k=K, layout="pca")
    store = Store.of(several, 2 * K)
    with opened(browser, file) as page:
        rows = [0, 1, 5, 9, 22]
        page.run("(rows) => refnetViz.change({ rows })", rows)
        assert page.cells() == expected_cells(store, ["plain", "both"], rows)
    bare = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(12, 3)))
    file = rv.export_html(bare, folder / "bare.html", k=3, layout="pca")
    with opened(browser, file) as page:
        page.run("() => refnetViz.change({ rows: [1, 2] })")
        heads = page.page.locator(".rv-cards thead th").all_inner_texts()
        assert heads == ["hubness", "reciprocity"]
        assert page.ink(0) > 0.001
        expect(page.page.locator(".rv-control.rv-seed")).to_have_count(0)
        expect(page.page.locator(".rv-control.rv-shown")).to_be_hidden()
        expect(page.page.locator(".rv-panel-title")).to_have_text("embedding")


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 900, 400])
def test_the_layout_holds_at_every_width(browser, spaces, folder, mode, width):
    file = folder / f"{mode}.html"
    if not file.exists():
        rv.export_html(
            spaces, file, k=K, mode=mode, variants=["plain", "refiner", "both"]
        )
    size = {"width": width, "height": 1000}
    with opened(browser, file, viewport=size) as page:
        page.run("() => refnetViz.change({ edges: 'gained', rows: [0, 3, 6, 9, 12] })")
        page.painted()
        page.page.screenshot(path=PICTURES / f"page-{mode}-{width}.png", full_page=True)
        assert page.run("() => document.documentElement.scrollWidth") <= width
        boxes = page.run(BOXES)
        for i, (left, top, right, bottom) in enumerate(boxes):
            assert left >= 0
            assert right <= width
            assert bottom - top > 10
            for other in boxes[:i]:
                beside = left >= other[2] - 1 or right <= other[0] + 1
                below = top >= other[3] - 1 or bottom <= other[1] + 1
                assert beside or below


# Views that were looked at


def test_verdicts_of_a_page_pay_for_what_was_looked_at(browser, file):
    with opened(browser, file) as page:
        caption = page.page.locator(".rv-caption")
        expect(caption).to_contain_text("1 of 1 view")
        help_words = caption.locator(".rv-term").last.get_attribute("title")
        assert "pay for all of them" in help_words
        verdicts = page.page.locator(".rv-cards tbody tr").last.locator(".rv-verdict")
        assert verdicts.count() == 6  # the baseline's row has none
        assert page.page.locator(".rv-verdict").count() == 6
        page.press("refiner")
        expect(caption).to_contain_text("1 of 2 views")
        slider = page.page.get_by_label("Neighbours k")
        before = caption.bounding_box()
        slider.focus()
        page.run("() => { for (const k of [1, 2, 3]) refnetViz.change({ k }); }")
        expect(caption).to_contain_text("1 of 5 views")
        page.press("Undo")
        page.press("Undo")
        expect(caption).to_contain_text("1 of 5 views")
        after = caption.bounding_box()
        assert (after["y"], after["height"]) == (before["y"], before["height"])
        assert "in each of 5 views" in verdicts.first.get_attribute("title")
        page.page.wait_for_url(re.compile("looks=5"))
        page.page.reload()
        expect(caption).to_contain_text("1 of 5 views")


def test_a_drag_of_a_page_is_one_look(browser, file):
    with opened(browser, file) as page:
        slide = """() => {
          performance.now = () => 1e6; // however long a busy machine draws
          const range = document.querySelector(".rv-k input");
          for (let at = 0; at <= +range.max; at += 1) {
            range.value = at;
            range.dispatchEvent(new Event("input"));
          }
        }"""
        page.run(slide)
        expect(page.page.locator(".rv-caption")).to_contain_text("1 of 2 views")


# The address


VIEW = """() => {
  const { zoom, x, y } = refnetViz.scene.panels[0].view;
  return { ...refnetViz.state(), zoom, x, y };
}"""


def test_an_address_opens_the_same_view(browser, file):
    with opened(browser, file) as page:
        assert page.run("() => location.hash") == ""
        page.press("refiner")
        page.page.get_by_label("Colour by").select_option("purity")
        page.edges("lost")
        page.page.get_by_label("Neighbours k").fill("1")
        page.run("() => refnetViz.change({ rows: [0, 1, 2, 7, 9], focus: 2 })")
        steps = page.run("() => history.length")
        page.page.locator(".rv-plot").first.focus()
        page.page.keyboard.press("+")
        page.page.wait_for_url(re.compile("zoom="))
        shown, address = page.run(VIEW), page.page.url
        assert shown["zoom"] > 1
        assert page.run("() => history.length") == steps
        for part in ("color=purity", "k=2", "edges=lost", "selected=0-2,7,9"):
            assert part in address.partition("#")[2].split("&")
        page.page.reload()
        assert page.run(VIEW) == shown
        assert page.run("() => refnetViz.undo() ?? refnetViz.state().k") == shown["k"]
        # Back where it began, nothing is left in the address.
        page.run("() => { location.hash = ''; }")
        page.page.wait_for_function("() => refnetViz.state().rows.length === 0")
        assert page.state()["color"] == "label"


@pytest.mark.parametrize(
    ("address", "strange"),
    [
        ("k=99", "k=99"),
        ("k=", "k="),
        ("color=ghost&k=3", "color=ghost"),
        ("maps=plain,plain", "maps=plain,plain"),
        ("maps=", "maps="),
        ("focus=refiner", "focus=refiner"),
        ("seed=%E0%A4%A", "seed=%E0%A4%A"),
        ("selected=5-2", "selected=5-2"),
        ("selected=0-999999999", "selected=0-999999999"),
        ("zoom=1e9,0,NaN", "zoom=1e9,0,NaN"),
        ("__proto__=1", "__proto__=1"),
        ("constructor", "constructor"),
        ("<img src=x onerror=window.hacked=1>", "<img src"),
    ],
)
def test_a_damaged_address_is_left_out_and_said(browser, file, address, strange):
    with opened(browser, file) as page:
        start = page.state()
        page.page.goto("about:blank")
        page.page.goto(f"{file.as_uri()}#{address}")
        expect(page.page.locator(".rv-status")).to_contain_text(strange)
        expect(page.page.locator(".rv-panel")).to_have_count(2)
        wanted = {**start, "k": 3} if address.endswith("&k=3") else start
        assert page.state() == wanted
        assert page.ink(1) > 0.01


def test_every_state_comes_back_from_its_address(browser, tmp_path):
    names = ["plain", "a,b&c=d", "#50% é", HOSTILE[0]]
    spaces = {name: [space(name, seed) for seed in range(2)] for name in names}
    file = rv.export_html(spaces, tmp_path / "names.html", k=K, layout="pca")
    with opened(browser, file) as page:
        has = page.run("() => refnetViz.data")
        colors = [color["name"] for color in has["colors"]]
        rng = np.random.default_rng(7)
        for _ in range(60):
            shown = sorted(rng.choice(4, rng.integers(1, 5), replace=False))
            state = {
                "shown": [names[i] for i in shown],
                "seed": str(rng.integers(2)),
                "color": str(rng.choice(colors)),
                "k": int(rng.choice(has["steps"])),
                "edges": str(rng.choice(["none", "all", "kept", "gained", "lost"])),
                "rows": np.flatnonzero(rng.random(N) < 0.4).tolist(),
                "focus": int(rng.integers(len(shown))),
            }
            address = page.run("(state) => refnetViz.address(state)", state)
            assert re.fullmatch(r"[\w=&,.%~*()'!-]*", address)
            again = page.run("(address) => refnetViz.asked(address)", address)
            assert again["strange"] == []
            start = {key: has[key] for key in ("shown", "seed", "color", "k")}
            start |= {"edges": "none", "rows": []}
            assert {**start, **again["patch"]} == state


def test_colours_follow_the_system(browser, file):
    styles = "() => JSON.stringify(refnetViz.scene.data.near.styles)"
    with opened(browser, file, color_scheme="light") as page:
        light = page.run(styles)
        page.page.emulate_media(color_scheme="dark")
        page.page.wait_for_function("() => refnetViz.mode() === 'dark'")
        assert page.run(styles) != light
        color = "() => getComputedStyle(document.getElementById('app')).backgroundColor"
        assert page.run(color) == f"rgb({PAPERS['dark']})"
        assert page.ink(0) > 0.01
        page.page.emulate_media(color_scheme="light")
        page.page.wait_for_function("() => refnetViz.mode() === 'light'")
        assert page.run(styles) == light


# The report


@pytest.mark.parametrize("mode", ["light", "dark", "auto"])
def test_the_report_in_a_browser(browser, spaces, folder, mode):
    file = rv.report(
        spaces, folder / f"report-{mode}.html", k=K, mode=mode, progress=False
    )
    for width in (1440, 900, 390):
        size = {"width": width, "height": 1000}
        with opened(browser, file, viewport=size, color_scheme="dark") as page:
            page.painted()
            paper = page.run("() => getComputedStyle(document.body).backgroundColor")
            assert paper == f"rgb({PAPERS[mode]})"
            path = PICTURES / f"report-{mode}-{width}.png"
            page.page.screenshot(path=path, full_page=width != 1440)
            assert page.run("() => document.documentElement.scrollWidth") <= width
            # Pictures are drawn although the policy of the page forbids styles.
            sizes = page.run(
                "() => [...document.images].map((i) => i.complete && i.naturalWidth)"
            )
            assert len(sizes) == 10
            slim = sum(size < 960 for size in sizes)
            assert slim == (10 if width < 620 else 2)  # folded ones are narrower
            cut = page.run(
                "() => [...document.images].filter((i) => "
                "i.getBoundingClientRect().right > innerWidth).length"
            )
            assert cut == 0
    with opened(browser, file) as page:
        page.page.locator("#comparison summary").click()
        with page.page.expect_download() as download:
            page.page.get_by_role("link", name="comparison").last.click()
        text = download.value.path().read_text("utf-8")
        assert text.startswith("metric,variant,kind,mean,low,high,seeds")
        page.page.get_by_role("link", name="Spectrum", exact=True).click()
        expect(page.page.locator("#spectrum")).to_be_in_viewport()
