"""What is drawn on the maps, and what clicks do to them, in an exported page."""

import numpy as np
import pytest
from lab import PATIENCE
from pages import space
from playwright.sync_api import expect

import refnet_viz as rv

pytestmark = [pytest.mark.browser, pytest.mark.slow]

K = 4
PLACES = """(number) => {
  const panel = refnetViz.scene.panels[number];
  panel.plot.scrollIntoView({ block: "nearest" });
  const box = panel.plot.getBoundingClientRect();
  return Array.from(panel.data.x, (_, row) => {
    const [x, y] = panel.place(row);
    return [box.x + panel.plot.clientLeft + x, box.y + panel.plot.clientTop + y];
  });
}"""
# What a canvas shows at some places of a map, as red, green, blue and alpha.
INKS = """({ number, layer, places }) => {
  const panel = refnetViz.scene.panels[number];
  const canvas = panel[layer]; // of the size of the map
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  const box = panel.plot.getBoundingClientRect();
  const ratio = canvas.width / panel.width;
  return places.map(([x, y]) => [...pen.getImageData(
    Math.round((x - box.x - panel.plot.clientLeft) * ratio),
    Math.round((y - box.y - panel.plot.clientTop) * ratio), 1, 1).data]);
}"""


class Page:
    """An exported page whose maps are looked at."""

    def __init__(self, browser, file, **options):
        self.page = browser.new_page(
            **{"viewport": {"width": 1440, "height": 1000}} | options
        )
        self.page.set_default_timeout(PATIENCE * 1000)
        self.wrong = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(file.as_uri())
        self.painted()

    def close(self):
        self.page.close()
        assert self.wrong == []

    def run(self, code, *values):
        return self.page.evaluate(code, *values)

    def painted(self):
        """Wait until the maps show the present state."""
        self.run(
            "() => new Promise((done) => requestAnimationFrame("
            "() => requestAnimationFrame(done)))"
        )

    def change(self, **patch):
        self.run("(patch) => refnetViz.change(patch)", patch)
        self.painted()

    def rows(self):
        return self.run("() => refnetViz.state().rows")

    def places(self, number=0):
        """Return where each point of a map lies on the screen."""
        self.painted()
        return np.array(self.run(PLACES, number))

    def inks(self, places, number=0, layer="base"):
        """Return the colours at some places of a map."""
        self.painted()
        asked = {
            "number": number,
            "layer": layer,
            "places": np.asarray(places, float).tolist(),
        }
        return np.array(self.run(INKS, asked))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    spaces = {name: space(name, 0) for name in ("plain", "both")}
    path = tmp_path_factory.mktemp("maps") / "page.html"
    return rv.export_html(spaces, path, k=K, layout="pca")


@pytest.fixture
def page(browser, file):
    opened = Page(browser, file)
    yield opened
    opened.close()


def lonely(places, count):
    """Return the points that lie farthest from any other, so that a click hits them."""
    far = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(far, np.inf)
    return np.argsort(-far.min(axis=1))[:count].tolist()


# Two points


def test_two_clicks_compare_two_points(page):
    places, mouse = page.places(), page.page.mouse
    one, other, third = lonely(places, 3)
    title = page.page.locator(".rv-detail .rv-title")
    mouse.click(*places[one])
    assert page.rows() == [one]
    mouse.click(*places[other])
    assert page.rows() == sorted([one, other])
    expect(title).to_have_text(f"p{min(one, other)} and p{max(one, other)} in plain")
    expect(page.page.locator(".rv-two .rv-one")).to_have_count(2)
    heading = page.page.locator(".rv-heading").first
    expect(heading).to_contain_text(f"of {K} neighbours shared (chance ")
    mouse.move(*places[third])
    expect(title).to_have_text(f"p{third} in plain")
    mouse.move(5, 5)
    expect(title).to_contain_text(" and ")
    page.page.keyboard.down("Shift")
    mouse.click(*places[third])
    page.page.keyboard.up("Shift")
    assert page.rows() == sorted([one, other, third])
    mouse.click(*(places.min(axis=0) - 15))  # where nothing is: they stay
    assert len(page.rows()) == 3
    mouse.click(*places[third])
    assert page.rows() == [third]
    mouse.click(*(places.min(axis=0) - 15))
    assert page.rows() == []
    mouse.click(*places[one])
    page.page.keyboard.press("Escape")
    assert page.rows() == []


def test_both_points_and_lines_to_shared_neighbours_are_drawn(page):
    shared = page.run(
        """() => {
          for (let a = 0; a < refnetViz.data.count; a += 1) {
            for (let b = a + 1; b < refnetViz.data.count; b += 1) {
              const { shared, edge } = refnetViz.shared(1, [a, b]);
              if (shared.length && !edge) return { pair: [a, b], shared };
            }
          }
        }"""
    )
    pair = shared["pair"]
    page.change(rows=pair)
    assert page.page.locator(".rv-detail .rv-list").last.locator("li").count() > 0
    for number in (0, 1):
        places = page.places(number)
        # A ring lies 4 pixels and half a point around each of the two.
        size = page.run("() => refnetViz.scene.data.size")
        around = size / 2 + 4
        turns = np.radians(np.arange(0, 360, 15))
        ring = np.column_stack([np.cos(turns), np.sin(turns)]) * around
        for row in pair:
            alpha = page.inks(places[row] + ring, number, "over")[:, 3]
            assert (alpha > 60).mean() > 0.9
    places = page.places(1)
    for row in pair:
        for other in shared["shared"]:
            # Somewhere on the line, but within neither ring.
            part = np.linspace(0.35, 0.65, 7)[:, None]
            line = places[row] * (1 - part) + places[other] * part
            steps = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]
            alpha = [page.inks(line + step, 1, "over")[:, 3] for step in steps]
            assert (np.max(alpha, axis=0) > 60).all()
    page.change(rows=[])
    assert not page.inks(places, 1, "over")[:, 3].any()


# Names


WORDS = """(number) => {
  const { words } = refnetViz.scene.panels[number];
  return words.map(({ text, row, x, y, wide }) => ({ text, row, x, y, wide }));
}"""


def test_names_stand_at_the_medians_of_classes(page):
    page.painted()
    names = page.run(WORDS, 0)
    assert sorted(name["text"] for name in names) == ["ant", "bee", "cat"]
    x, y = page.run(
        "() => { const { x, y } = refnetViz.scene.panels[0].data;"
        "return [[...x], [...y]]; }"
    )
    flat = np.column_stack([x, y])
    for name in names:
        rows = np.arange(["ant", "bee", "cat"].index(name["text"]), len(flat), 3)
        middle = np.median(flat[rows], axis=0)
        far = np.linalg.norm(flat[rows] - middle, axis=1)
        assert name["row"] == rows[far.argmin()]
    # The halo leaves its colour where letters stand, the paper of the map.
    box = page.run(
        "() => { const { left, top } = refnetViz.scene.panels[0].base"
        ".getBoundingClientRect(); return [left, top]; }"
    )
    for name in names:
        line = np.column_stack(
            [
                np.linspace(-name["wide"] / 2 + 5, name["wide"] / 2 - 5, 60)
                + name["x"],
                np.full(60, name["y"]),
            ]
        )
        shown = page.inks(line + box)[:, :3]
        assert (shown.max(axis=1) < 90).any()  # letters
        assert (shown.min(axis=1) > 200).any()  # what lies between them


def test_names_never_overlap_and_the_larger_classes_win(browser, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(16), np.arange(4, 36, 2))
    own = rv.Embedding.from_arrays(
        rng.normal(size=(len(labels), 2)),
        labels=labels,
        class_names=[f"a rather long name {i}" for i in range(16)],
    )
    file = rv.export_html(own, tmp_path / "page.html", k=3, layout="pca")
    page = Page(browser, file)
    names = page.run(WORDS, 0)
    assert 2 <= len(names) <= 12
    assert names[0]["text"] == "a rather long name 15"
    width, height = page.run(
        "() => [refnetViz.scene.panels[0].width, refnetViz.scene.panels[0].height]"
    )
    for i, one in enumerate(names):
        assert one["wide"] / 2 <= one["x"] <= width - one["wide"] / 2
        assert 0 < one["y"] < height
        for other in names[:i]:
            beside = abs(one["x"] - other["x"]) >= (one["wide"] + other["wide"]) / 2
            assert beside or abs(one["y"] - other["y"]) >= 15
    page.close()


def test_names_are_asked_for_or_not(page):
    def count():
        page.painted()
        return len(page.run(WORDS, 0))

    assert count() == 3
    page.page.get_by_role("button", name="More", exact=True).click()
    choice = page.page.get_by_label("Names on the map")
    choice.select_option("never")
    assert count() == 0
    choice.select_option("auto")
    page.page.set_viewport_size({"width": 620, "height": 900})
    page.page.wait_for_function("() => refnetViz.scene.panels[0].width > 500")
    assert count() == 3
    page.page.set_viewport_size({"width": 330, "height": 900})
    page.page.wait_for_function("() => refnetViz.scene.panels[0].width < 300")
    assert count() == 0
    choice.select_option("always")
    assert count() > 0
    page.run("() => localStorage.clear()")


# Many points


CROWD = """({ x, y, color }) => {
  const { scene } = refnetViz;
  const panel = {
    title: "many", notes: [], summary: "", edges: [], values: null,
    x: Float32Array.from(x), y: Float32Array.from(y), codes: new Uint16Array(x.length),
  };
  scene.draw({
    mode: "light", together: false, size: 3, focus: 0, styles: [[color, "circle"]],
    scale: null, panels: [panel], selected: null, pinned: [], near: null, words: null,
  });
}"""
SHADE = """() => {
  const { shade } = refnetViz.scene.panels[0].data;
  if (!shade) return null;
  const { counts, wide, high, cell, left, top } = shade;
  return { counts: [...counts], wide, high, cell, left, top };
}"""
DARKEST = """(color) => {
  const { scene } = refnetViz;
  const stamp = scene.stampOf(scene.panels[0])(color, "circle");
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [stamp.width, stamp.height];
  const pen = copy.getContext("2d");
  pen.drawImage(stamp, 0, 0);
  const pixels = pen.getImageData(0, 0, copy.width, copy.height);
  let darkest = 255;
  for (let i = 0; i < pixels.data.length; i += 4) {
    if (pixels.data[i + 3]) darkest = Math.min(darkest, pixels.data[i]);
  }
  return darkest;
}"""


def crowd(page, count, color="#ffffff"):
    """Draw many points: most in the middle of a cloud."""
    flat = np.random.default_rng(0).normal(size=(count, 2))
    flat = (flat * np.linspace(0.05, 3, count)[:, None]).astype(np.float32)
    page.run(
        CROWD, {"x": flat[:, 0].tolist(), "y": flat[:, 1].tolist(), "color": color}
    )
    page.painted()
    return flat


def test_many_points_are_counted_on_a_grid_once(page):
    flat = crowd(page, 6000)
    shade = page.run(SHADE)
    counts = np.reshape(shade["counts"], (shade["high"], shade["wide"]))
    assert counts.sum() == 6000
    column = np.floor((flat[:, 0].astype(float) - shade["left"]) / shade["cell"])
    row = np.floor((shade["top"] - flat[:, 1].astype(float)) / shade["cell"])
    expected = np.zeros_like(counts)
    np.add.at(expected, (row.astype(int), column.astype(int)), 1)
    np.testing.assert_array_equal(counts, expected)
    page.run("() => { window.shade = refnetViz.scene.panels[0].data.shade; }")
    page.page.locator(".rv-plot").first.focus()
    page.page.keyboard.press("+")
    page.painted()
    assert page.run("() => window.shade === refnetViz.scene.panels[0].data.shade")


def test_shading_is_darker_where_more_points_lie(page):
    flat = crowd(page, 6000, "rgba(0, 0, 0, 0)")  # points that cannot be seen
    places = page.places(0)
    near = np.linalg.norm(flat, axis=1)
    alphas = [
        page.inks(places[rows])[:, 3].mean()
        for rows in (near < 0.2, (near > 1) & (near < 1.2), near > 6)
    ]
    assert alphas[0] > 1.3 * alphas[1] > 1.3 * alphas[2] > 0
    corner = places.min(axis=0)  # no point of a round cloud is in its corner
    assert page.inks([corner])[0, 3] == 0


def test_few_points_are_not_shaded_and_have_rims(page):
    crowd(page, 5000)
    assert page.run(SHADE) is None
    assert page.run(DARKEST, "#ffffff") < 200
    crowd(page, 5001)
    assert page.run(SHADE) is not None
    assert page.run(DARKEST, "#ffffff") > 240


def test_points_of_a_crowd_are_more_transparent_until_one_comes_near(page):
    flat = crowd(page, 20_000, "#ff0000")
    far = int(np.argmax(np.linalg.norm(flat, axis=1)))
    place = page.places(0)[far]
    faint = page.inks([place])[0, 3]
    assert 60 < faint < 160
    page.run(
        """([x, y]) => {
          const panel = refnetViz.scene.panels[0];
          const box = panel.plot.getBoundingClientRect();
          const { clientLeft, clientTop } = panel.plot;
          panel.zoomAt(8, x - box.x - clientLeft, y - box.y - clientTop);
        }""",
        place.tolist(),
    )
    assert page.inks([page.places(0)[far]])[0, 3] > 220


def test_points_of_a_crowd_lie_over_one_another(page):
    """Two of them at one place, the others have none."""
    nowhere = [None] * 5000
    page.run(CROWD, {"x": [1, 1, *nowhere], "y": [1, 1, *nowhere], "color": "#ff0000"})
    page.run(
        """() => {
          const { data, panels } = refnetViz.scene;
          data.panels[0].x.fill(NaN, 2);
          data.styles = [["#ff0000", "circle"], ["#0000ff", "circle"]];
          data.panels[0].codes[1] = 1;
          refnetViz.scene.draw(data);
        }"""
    )
    page.painted()
    place = page.places(0)[0]
    red, green, blue, alpha = page.inks([place], 0, "blot")[0]
    share = 0.92 - 0.52 * np.log2(2 * 5002 / 5000) / 3
    both = share + share * (1 - share)
    assert alpha == pytest.approx(255 * both, abs=2)
    assert (green, blue) == (0, pytest.approx(255 * share / both, abs=2))
    assert red == pytest.approx(255 * share * (1 - share) / both, abs=2)
