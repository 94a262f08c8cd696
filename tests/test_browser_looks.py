"""How the explorer looks: where its parts lie, and whether all of it can be read."""

import json
import os

import pytest
from lab import (
    PATIENCE,
    PICTURES,
    ROOT,
    Notebook,
    chrome,
    server,
    show_more,
    write_notebook,
)
from looks import differences, look, nameless, outside, overlaps

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LAYOUTS = ROOT / "tests/layouts"
REACH = 12  # pixels: letters are not equally wide everywhere
WIDTHS = (1440, 900)
HEIGHT = 2400  # so that all of it is on the screen

VECTORS = """
import numpy as np, refnet_viz as rv
data = rv.data.emoji().test
picture = data.modalities["picture"].values.reshape(len(data.ids), -1) / 255
parts = {"picture": picture[:, ::97], "text": data.modalities["text"].values}
def flat(values, count):
    u, s, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    return (u * s)[:, :count] / s[0]
def make(share, seed):
    z = np.hstack([share * flat(parts["picture"], 8), flat(parts["text"], 8)])
    z += np.random.default_rng(seed).normal(scale=.004, size=z.shape)
    own = rv.Embedding.from_arrays(
        z, ids=data.ids, labels=data.labels, class_names=data.class_names,
        media=data.media, metadata=data.metadata, modalities=parts)
    own.info["seed"] = seed
    told = np.roll(data.labels, share > 0)
    return rv.Embedding(**{**vars(own), "predictions": told})
shares = {"plain": 0, "refiner": .3, "contrastive": .6, "both": 1}
spaces = {name: [make(share, s) for s in range(2)] for name, share in shares.items()}
"""
STATES = {
    "first": "pass",
    "rich": "view.space = 'sum'; view.weights = {'picture': 2, 'text': 0.5};"
    "view.edges = 'by modality'; view.select(data.labels == 2)",
    "four": "view.variants = tuple(shares); view.space = 'latent';"
    "view.edges = 'gained'; view.color = 'rewiring'; view.select(data.ids[7])",
    "three": "view.variants = ('plain', 'refiner', 'both'); view.select(None);"
    "view.edges = 'none'; view.color = 'subgroup'; view.search('face')",
    "one": "view.variants = ('both',); view.color = 'label'; view.select(None)",
}
CALM = """(wide) => new Promise((done) => {
  // Lab has followed the window, and nothing has moved for a quarter of a second.
  let last = "", since = 0;
  const look = () => {
    const now = document.querySelector(".rv-explorer").getBoundingClientRect();
    const size = `${now.width} ${now.height}`;
    if (size !== last) [last, since] = [size, performance.now()];
    const followed = now.width <= wide && now.width > wide - 260;
    if (followed && performance.now() - since > 250) done();
    else requestAnimationFrame(look);
  };
  look();
})"""


def resize(notebook, width):
    """Make the window so wide, and wait until everything has found its place."""
    notebook.page.set_viewport_size({"width": width, "height": HEIGHT})
    notebook.into_view()
    notebook.page.evaluate(CALM, width)
    notebook.settled()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with chrome() as browser, server(folder) as address:
        yield browser, address, folder


@pytest.fixture(scope="module", params=["light", "dark"])
def shown(request, lab):
    """Return an explorer of one mode, its boxes by state and width, and its faults."""
    browser, address, folder = lab
    mode = request.param
    cell = f"view = rv.explore(spaces, layout='pca', mode={mode!r})\nview"
    write_notebook(folder / f"{mode}.ipynb", [VECTORS, cell])
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": HEIGHT})
    page.set_default_timeout(PATIENCE * 1000)
    notebook = Notebook(page, address, f"{mode}.ipynb")
    notebook.command("application:toggle-left-area")
    notebook.command("notebook:run-all-cells")
    notebook.settled()
    looks = {}
    for state, code in STATES.items():
        notebook.run(code)
        notebook.settled()
        show_more(page, shown=state == "rich")
        for width in WIDTHS:
            resize(notebook, width)
            picture = PICTURES / f"{state}-{width}-{mode}.png"
            page.locator(".rv-explorer").screenshot(path=picture)
            boxes = {
                name: [round(edge) for edge in box]
                for name, box in look(page, "boxes").items()
            }
            looks[state, width] = (
                boxes,
                look(page, "cut"),
                look(page, "pale"),
                nameless(page),
            )
    yield notebook, looks
    page.close()


def test_parts_lie_where_they_did(shown):
    """Compare boxes with those of the pictures that were looked at.

    ``REFNET_VIZ_WRITE_LAYOUTS=1`` keeps the present ones; then look at the pictures in
    ``results/browser``.
    """
    _, looks = shown
    for (state, width), (boxes, *_) in looks.items():
        file = LAYOUTS / f"{state}-{width}.json"
        if os.environ.get("REFNET_VIZ_WRITE_LAYOUTS") == "1":
            lines = ",\n".join(f'  "{name}": {box}' for name, box in boxes.items())
            file.write_text(f"{{\n{lines}\n}}\n", "utf-8")
        known = json.loads(file.read_text("utf-8"))
        assert differences(boxes, known, REACH) == [], (state, width)


def test_nothing_overlaps_or_leaves(shown):
    _, looks = shown
    for place, (boxes, *_) in looks.items():
        controls = ("control", "weight", "button", "tool ", "map", "head")
        assert overlaps(boxes, controls) == [], place
        assert overlaps(boxes, ("bar", "tools", "map", "key", "detail", "strip")) == []
        assert outside(boxes) == [], place


def test_maps_stand_side_by_side_and_are_equal(shown):
    _, looks = shown
    for (state, width), (boxes, *_) in looks.items():
        maps = [box for name, box in boxes.items() if name.startswith("map")]
        assert len({(w, h) for _, _, w, h in maps}) == 1, (state, width)
        rows = {y for _, y, _, _ in maps}
        assert len(rows) == (2 if len(maps) == 4 else 1)
        assert maps[0][2] >= 200
        beside = boxes["detail"][0] > boxes["map 0"][0] + boxes["map 0"][2]
        assert beside == (width == WIDTHS[0])


def test_no_words_are_cut(shown):
    _, looks = shown
    for place, (_, cut, *_) in looks.items():
        assert cut == [], place


def test_text_has_contrast(shown):
    _, looks = shown
    for place, (*_, (seen, pale), _) in looks.items():
        assert seen > 60
        assert pale == [], place


def test_whatever_has_the_focus_has_a_name(shown):
    _, looks = shown
    for place, (*_, (seen, found)) in looks.items():
        assert seen > 30
        assert found == [], place


def test_pictures_and_groups_say_what_they_are(shown):
    page = shown[0].page
    explorer = page.locator(".rv-explorer")
    assert explorer.locator("img:not([alt])").count() == 0
    assert explorer.locator(
        "canvas:not(.rv-plot canvas):not([aria-hidden])"
    ).count() == (explorer.locator("canvas[role=img][aria-label]").count())
    for name in ("Maps", "legend"):
        assert page.get_by_role("group", name=name).count() == 1
    for name in ("details", "metrics"):
        assert page.get_by_role("region", name=name).count() == 1
    maps = page.get_by_role("group", name="Maps")
    on = maps.get_by_role("button", pressed=True)
    assert on.all_text_contents() == ["both"]


def test_nothing_moves_where_that_is_asked_for(shown):
    page = shown[0].page
    page.emulate_media(reduced_motion="reduce")
    assert look(page, "moving") == []
    page.emulate_media(reduced_motion="no-preference")


def test_messages_move_nothing(shown):
    """What is said lies beside the tools and covers no other words."""
    notebook, _ = shown
    page = notebook.page
    for width in WIDTHS:
        resize(notebook, width)
        before = look(page, "boxes")
        told = "`variants` must be 1 to 4 of them, got 0."
        notebook.run(f"view.screen.say({told!r})")
        status = page.get_by_role("status")
        status.wait_for()
        assert look(page, "boxes") == before
        box = look(page, "told")
        boxes = {**before, "status": box}
        parts = ("status", "tool ", "head", "map", "detail", "button", "control")
        assert not [pair for pair in overlaps(boxes, parts) if "status" in pair]
        assert outside(boxes) == []
        notebook.run("view.screen.say('')")
        status.wait_for(state="hidden")


@pytest.mark.parametrize(
    ("button", "role", "name"),
    [("Copy as code", "dialog", "code of this view"), ("Save …", "group", "files")],
)
def test_what_opens_stays_within_the_explorer(shown, button, role, name):
    notebook, _ = shown
    page = notebook.page
    notebook.run("view.select(data.ids[:40])")
    show_more(page)
    page.evaluate(  # without it the code is shown
        "() => Object.defineProperty(navigator, 'clipboard', { configurable: true })"
    )
    for width in WIDTHS:
        resize(notebook, width)
        page.get_by_role("button", name=button).click()
        box = page.get_by_role(role, name=name)
        box.wait_for()
        inner, home = box.bounding_box(), page.locator(".rv-explorer").bounding_box()
        assert inner["x"] >= home["x"]
        assert inner["x"] + inner["width"] <= home["x"] + home["width"]
        assert inner["y"] + inner["height"] <= home["y"] + home["height"]
        assert look(page, "pale")[1] == []
        assert nameless(page)[1] == []
        page.screenshot(path=PICTURES / f"{role}-{width}.png")
        page.keyboard.press("Escape")
        box.wait_for(state="hidden")
    show_more(page, shown=False)
    notebook.run("view.select(None)")


def test_all_down_to_the_metrics_fits_a_laptop(shown):
    """At 1440 x 900 pixels with two maps; nothing moves where edges are shown."""
    _, looks = shown
    boxes, *_ = looks["first", WIDTHS[0]]
    assert boxes["explorer"][3] <= 850
    assert boxes["map 0"][3] >= 420


FAULTS = """
.rv-caption { color: var(--rv-paper) !important; }
.rv-explorer .rv-panel-title { max-width: 30px !important; }
.rv-explorer .rv-color { margin-right: -60px !important; }
.rv-explorer .rv-tools { margin-left: -60px !important; }
.rv-explorer .rv-tool { transition: color 1s !important; }
"""


def test_faults_would_be_found(shown):
    notebook, looks = shown
    page = notebook.page
    before, *_ = looks["one", WIDTHS[0]]
    resize(notebook, WIDTHS[0])
    assert differences(look(page, "boxes"), before, REACH) == []
    style = page.add_style_tag(content=FAULTS)
    slider = page.get_by_role("slider", name="Neighbours k")
    name = slider.evaluate(
        "node => { const { id } = node; node.removeAttribute('id'); return id; }"
    )
    boxes = look(page, "boxes")
    assert ("control color", "control edges") in overlaps(boxes, "control")
    assert "tools" in outside(boxes)
    assert any(told.startswith("tools: ") for told in differences(boxes, before, REACH))
    assert len(look(page, "pale")[1]) == 2  # both parts of the caption
    assert [told for told in look(page, "cut") if "both, seed 0" in told]
    assert "rv-tool" in look(page, "moving")
    assert [role for role, _ in nameless(page)[1]] == ["slider"]
    style.evaluate("node => node.remove()")
    page.locator(".rv-k input").evaluate("(node, id) => { node.id = id; }", name)
