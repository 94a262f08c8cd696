"""Maps of more than 20,000 points in a browser: by the graphics card and without."""

import base64
import json

import numpy as np
import pytest
from playwright.sync_api import expect
from test_maps_browser import Page

import refnet_viz as rv
from refnet_viz.explorer import wire
from refnet_viz.explorer.view import inside
from refnet_viz.widgets import screen as screen_module
from refnet_viz.widgets.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.slow]

N, K = 20_400, 3
# What a browser says of reading pixels back, as these tests do.
DRIVER = ("GL Driver Message", "Canvas2D: Multiple readback")
BY_CARD = """() => {
  const { scene } = refnetViz;
  scene.counts?.close();
  scene.counts = scene.engage({ imitated: true });
  scene.schedule();
  return scene.counts.constructor.name;
}"""
BY_PROCESSOR = """() => {
  const { scene } = refnetViz;
  scene.counts.close();
  scene.counts = scene.engage();
  scene.schedule();
  return scene.counts.constructor.name;
}"""


def points():
    """Return four groups of points, and a few that lie by themselves."""
    rng = np.random.default_rng(8)
    labels = np.arange(N) % 4
    corners = np.array([[8, 5], [-8, 5], [-8, -5], [8, -5]])
    z = corners[labels] + rng.normal(size=(N, 2))
    z[:5] = [[0, 0], [0, 4], [3, 0], [-3, 1], [0, -4]]
    return z.astype(np.float32), labels


def embedding():
    z, labels = points()
    told = [None if row == 2 else "abcd"[label] for row, label in enumerate(labels)]
    metadata = {"size": np.linspace(0, 1, N)}
    return rv.Embedding.from_arrays(z, labels=told, metadata=metadata)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("many") / "page.html"
    return rv.export_html(embedding(), path, k=K, layout="pca")


@pytest.fixture(scope="module")
def shared(browser, file):
    opened = Page(browser, file)
    yield opened
    opened.wrong = [
        words for words in opened.wrong if not any(d in words for d in DRIVER)
    ]
    opened.close()


@pytest.fixture
def page(shared):
    shared.change(rows=[], color="label")
    shared.run("() => refnetViz.scene.reset()")
    assert shared.run(BY_PROCESSOR) == "Counter"
    shared.painted()
    return shared


def places(page):
    """Return where the points lie on the map, in pixels."""
    return np.array(
        page.run(
            """() => {
              const [panel] = refnetViz.scene.panels;
              return Array.from(panel.data.x, (_, row) => panel.place(row));
            }"""
        )
    )


def picture(page):
    """Return the pixels of the map: ``(high, wide, 4)``."""
    page.painted()
    text, wide, high = page.run(
        """() => {
          const { base } = refnetViz.scene.panels[0];
          const pen = base.getContext("2d");
          const { data } = pen.getImageData(0, 0, base.width, base.height);
          let text = "";
          for (let at = 0; at < data.length; at += 32768) {
            text += String.fromCharCode(...data.subarray(at, at + 32768));
          }
          return [btoa(text), base.width, base.height];
        }"""
    )
    flat = np.frombuffer(base64.b64decode(text), np.uint8)
    return flat.reshape(high, wide, 4).astype(float)


def lonely(page):
    """Return the pixels of the points that lie by themselves."""
    return np.floor(places(page)[:5]).astype(int)


def by_pixel(image, size=12):
    """Return the mean opacity and colour of squares of so many pixels."""
    high, wide = (side // size * size for side in image.shape[:2])
    parts = image[:high, :wide].reshape(high // size, size, wide // size, size, 4)
    alpha = parts[..., 3:] / 255
    return (parts[..., :3] * alpha).mean(axis=(1, 3)), alpha.mean(axis=(1, 3))[..., 0]


@pytest.mark.parametrize(
    "state", [{}, {"rows": list(range(0, N, 3))}, {"color": "size"}]
)
def test_card_and_processor_draw_the_same(page, state):
    page.change(**state)
    counted = picture(page)
    assert page.run(BY_CARD) == "Card"
    drawn = picture(page)
    ink, alpha = by_pixel(counted)
    other_ink, other_alpha = by_pixel(drawn)
    assert alpha.max() > 0.2
    # The card places dots at parts of pixels, the processor at whole ones.
    assert np.abs(alpha - other_alpha).max() < 0.06
    assert np.abs(ink - other_ink).max() < 0.06 * 255
    assert abs(alpha.mean() / other_alpha.mean() - 1) < 0.02


@pytest.mark.parametrize("way", [BY_PROCESSOR, BY_CARD])
def test_a_point_by_itself_has_its_colour_and_greys(page, way):
    page.run(way)
    page.run("() => refnetViz.scene.panels[0].zoomAt(3)")
    styles = page.run("() => refnetViz.scene.data.styles.map(([color]) => color)")
    image = picture(page)
    alone = lonely(page)
    for row in (0, 3):
        x, y = alone[row]
        expected = list(bytes.fromhex(styles[row % 4][1:]))
        assert image[y, x, :3].tolist() == pytest.approx(expected, abs=8)
        assert image[y, x, 3] > 0.5 * 255
    page.change(rows=[0])
    image = picture(page)
    (x, y), (faded_x, faded_y) = alone[[0, 3]]
    assert image[y, x, 3] > 0.85 * 255
    assert image[faded_y, faded_x, 3] < 0.35 * 255
    red, green, blue = image[faded_y, faded_x, :3]
    assert max(red, green, blue) - min(red, green, blue) < 30  # grey


def test_pointing_finds_the_nearest_point(page):
    rng = np.random.default_rng(1)
    page.run("() => refnetViz.scene.panels[0].zoomAt(2.5)")
    flat = places(page)
    size = page.run(
        "() => [refnetViz.scene.panels[0].width, refnetViz.scene.panels[0].height]"
    )
    asked = np.vstack([rng.uniform(0, size, (300, 2)), flat[rng.integers(0, N, 300)]])
    found = page.run(
        "(asked) => asked.map(([x, y]) => refnetViz.scene.panels[0].nearest(x, y))",
        asked.tolist(),
    )
    for (x, y), row in zip(asked, found, strict=True):
        far = np.hypot(*(flat - [x, y]).T)
        if row < 0:
            assert far.min() > 11.99
        else:
            assert far[row] == pytest.approx(far.min(), abs=1e-3)


def test_a_lasso_takes_all_points_within(page):
    corners = [[300, 20], [700, 60], [640, 300], [420, 380], [350, 200]]
    page.run(
        """(corners) => {
          const { scene } = refnetViz;
          scene.lasso(scene.panels[0], corners, false);
        }""",
        corners,
    )
    xs, ys = np.array(corners, float).T
    within = inside(places(page), xs, ys)
    assert 100 < within.sum() < N - 100
    rows = np.zeros(N, bool)
    rows[page.rows()] = True
    assert (rows != within).sum() <= 1  # one may lie on the outline


def test_a_card_that_is_taken_away_leaves_all_as_it_was(page):
    page.change(rows=list(range(0, N, 5)))
    page.run("() => refnetViz.scene.panels[0].zoomAt(2)")
    assert page.run(BY_CARD) == "Card"
    before = picture(page)
    page.run(
        """() => {
          const { gl } = refnetViz.scene.counts;
          gl.getExtension("WEBGL_lose_context").loseContext();
        }"""
    )
    page.page.wait_for_function(
        "() => refnetViz.scene.counts?.constructor.name === 'Counter'"
    )
    after = picture(page)
    (_, alpha), (_, other_alpha) = by_pixel(before), by_pixel(after)
    assert np.abs(alpha - other_alpha).max() < 0.06
    assert page.rows() == list(range(0, N, 5))
    said = "The browser took the graphics card away: maps are drawn without it"
    expect(page.page.locator(".rv-tools-hint")).to_contain_text(said)
    page.run("() => refnetViz.scene.panels[0].zoomAt(1.2)")
    assert not np.array_equal(picture(page), after)


def test_memory_of_the_card_is_freed(page):
    assert page.run(BY_CARD) == "Card"
    page.change(rows=[1, 2])
    page.change(rows=[1, 2, 3])
    kept = page.run(
        """() => {
          const { buffers } = refnetViz.scene.counts;
          return [...buffers.keys()].map((array) => array.constructor.name);
        }"""
    )
    # Places, colours, and one selection: not those of before.
    assert sorted(kept) == ["Float32Array", "Float32Array", "Uint16Array", "Uint8Array"]
    lost = page.run(
        """() => {
          const { scene } = refnetViz;
          const { gl } = scene.counts;
          scene.counts.close();
          scene.counts = null;
          return gl.isContextLost();
        }"""
    )
    assert lost


def test_places_of_a_page_are_within_a_65535th_of_the_extent(page):
    flat = rv.project(embedding(), "pca").coordinates
    x, y = page.run(
        "() => ['x', 'y'].map((name) => [...refnetViz.scene.panels[0].data[name]])"
    )
    step = np.ptp(flat, axis=0).max() / 65_535
    assert np.abs(np.column_stack([x, y]) - flat).max() <= step


def test_a_page_without_room_for_neighbours_says_so_and_works(
    browser, tmp_path, monkeypatch
):
    monkeypatch.setattr("refnet_viz.share.payload.MOST_BYTES", 1000)
    path = rv.export_html(embedding(), tmp_path / "page.html", k=K, layout="pca")
    opened = Page(browser, path)
    expect(opened.page.locator(".lead")).to_contain_text("Numbers count the neighbours")
    assert opened.page.locator(".rv-edges, .rv-k").count() == 0
    opened.run("() => refnetViz.point({ panel: 0, row: 3 })")
    detail = opened.run("() => refnetViz.view().detail")
    assert (detail["title"], detail["heading"]) == (
        "3",
        "neighbours are not in this page",
    )
    for rows in ([4], [4, 5], [4, 5, 6]):
        opened.change(rows=rows)
        assert opened.run("() => refnetViz.table()")[0][:2] == ["id", "label"]
    opened.run("() => refnetViz.search('c')")
    assert len(opened.rows()) == N // 4 - 1
    opened.wrong = [
        words for words in opened.wrong if not any(d in words for d in DRIVER)
    ]
    opened.close()


# The widget: what its script does with arrays that come by themselves

HARNESS = """<!doctype html><meta charset="utf-8"><style>STYLE</style>
<div id="el" style="width: 900px"></div>
<script type="module">
const bytes = (text) => {
  return new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
};
const revived = (_, value) => (value?.bytes === undefined ? value : bytes(value.bytes));
const traits = JSON.parse(document.getElementById("traits").textContent, revived);
const handlers = [];
window.sent = [];
window.model = {
  get: (name) => traits[name],
  set: (name, value) => { traits[name] = value; },
  on: (event, act) => handlers.push([event, act]),
  off: () => {},
  send: (content) => sent.push(content),
};
window.tell = (event, content, buffers = []) => handlers
  .filter(([name]) => name === event)
  .forEach(([, act]) => act(content, buffers.map(bytes)));
window.change = (changes) => {
  Object.assign(traits, JSON.parse(changes, revived));
  Object.keys(JSON.parse(changes)).forEach((name) => tell(`change:${name}`));
};
const source = document.getElementById("esm").textContent;
const blob = new Blob([source], { type: "text/javascript" });
const { default: widget } = await import(URL.createObjectURL(blob));
widget.render({ model, el: document.getElementById("el") });
window.scene = () => document.querySelector(".rv-scene").rvScene;
window.ready = true;
</script>"""


def as_text(content):
    """Return traits as text, bytes as base64."""

    def coded(value):
        return {"bytes": base64.b64encode(value).decode()}

    return json.dumps(content, default=coded).replace("<", "\\u003c")


def test_large_arrays_arrive_whole_in_a_notebook(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(screen_module, "INLINE", 10_000)
    monkeypatch.setattr("refnet_viz.widgets.later.possible", lambda: False)
    own = embedding()
    view = rv.explore(own, k=K, layout="pca")
    names = [name for name in view.screen.trait_names(sync=True) if name[0] != "_"]
    skipped = {"comm", "keys", "layout", "tabbable", "tooltip"}

    def traits():
        return {n: getattr(view.screen, n) for n in names if n not in skipped}

    path = tmp_path / "widget.html"
    head, tail = HARNESS.replace("STYLE", Screen._css).split('<script type="module">')
    assert "QUIET = 8000" in Screen._esm
    esm = Screen._esm.replace("QUIET = 8000", "QUIET = 300")
    path.write_text(
        f'{head}<script type="text/plain" id="esm">{esm}</script>'
        f'<script type="application/json" id="traits">{as_text(traits())}</script>'
        f'<script type="module">{tail}',
        "utf-8",
    )
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_function("() => window.ready")

    def hand_over():
        """Answer what the page asks for, as the kernel does; return the names."""
        asked = page.evaluate("() => sent.filter(({ kind }) => kind === 'pieces')")
        page.evaluate("() => { sent.length = 0; }")
        names = [name for message in asked for name in message["words"]]
        for name in names:
            buffer = base64.b64encode(view.screen._pieces[name]).decode()
            page.evaluate(
                "([name, text]) => tell('msg:custom', { kind: 'piece', name }, [text])",
                [name, buffer],
            )
        return names

    assert page.evaluate("() => !scene().data")  # nothing is drawn by halves
    # Without a kernel nothing comes: the picture that stays is shown, and why.
    page.wait_for_selector(".rv-without")
    hint = page.locator(".rv-tools-hint")
    expect(hint).to_have_text("These maps need a running kernel: run the cell again.")
    assert sorted(hand_over()) == sorted(view.screen._pieces)
    assert len(view.screen._pieces) == 4  # x, y, colours and neighbours
    page.wait_for_function("() => scene().frame > 0")
    expect(page.locator(".rv-without")).to_have_count(0)
    expect(hint).not_to_contain_text("kernel")
    x, y, codes = page.evaluate(
        """() => {
          const [{ x, y, codes }] = scene().data.panels;
          return [[...x], [...y], [...codes]];
        }"""
    )
    flat = rv.project(own, "pca").coordinates
    step = np.ptp(flat, axis=0).max() / 65_535
    assert np.abs(np.column_stack([x, y]) - flat).max() <= step
    assert codes == view._view.coloring.values[0].tolist()

    # A selection is bits; places are not asked for again.
    view.select(np.arange(N) % 2 == 0)
    changed = {
        name: getattr(view.screen, name) for name in ("chosen", "texts", "places")
    }
    page.evaluate("(text) => change(text)", as_text(changed))
    page.wait_for_function("() => scene().data.selected")
    assert hand_over() == []
    rows = page.evaluate("() => [...scene().data.selected]")
    assert rows == view.state.rows.tolist()

    # Names come when they are asked for.
    page.evaluate("() => scene().hover(scene().panels[0], 7)")
    tip = page.locator(".rv-tip")
    expect(tip).to_be_hidden()
    page.evaluate(
        "(named) => tell('msg:custom', named)",
        {"kind": "named", "place": 7, **wire.named(view._view, 7)},
    )
    expect(tip).to_have_text("7d")
    page.close()
    view.close()
    assert wrong == []
