"""Figures as pages, in a real browser: text stays text, and nothing is asked for."""

import contextlib

import figures
import numpy as np
import pytest

from refnet_viz import plot
from refnet_viz.embedding import Embedding
from refnet_viz.plot.ink import MODES
from refnet_viz.plot.points import MOST_SVG
from refnet_viz.share.save import save

pytestmark = pytest.mark.browser


@contextlib.contextmanager
def opened(browser, path, **options):
    """Give a page from disk, what it asked for and what it complained of."""
    page = browser.new_page(**options)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda told: complaints.append(told.text) if told.type == "error" else None,
    )
    page.goto(path.as_uri())
    page.wait_for_selector("#refnet-viz .main-svg")
    try:
        yield page, asked, complaints
    finally:
        page.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.mark.parametrize("name", plot.FIGURES)
def test_text_from_data_stays_text_and_nothing_is_asked_for(browser, folder, name):
    path = save(figures.attacked(name), folder / f"{name}.html", plotlyjs="directory")
    with opened(browser, path) as (page, asked, complaints):
        assert {*asked} == {path.as_uri(), (folder / "plotly.min.js").as_uri()}
        assert complaints == []
        assert page.evaluate("typeof hit") == "undefined"
        # Plotly's own button is the only link; its pictures are drawn, not loaded.
        foreign = "img, iframe, object, embed, a[*|href]:not([data-val])"
        assert page.locator("#refnet-viz").locator(foreign).count() == 0
        words = page.locator("#refnet-viz .main-svg").first.text_content()
        words += page.locator("#refnet-viz-words").text_content()
        assert "<img src=" in words


@pytest.mark.parametrize("name", plot.FIGURES)
@pytest.mark.parametrize("width", [600, 1000])
def test_the_legend_stands_below_and_takes_no_room_beside(browser, folder, name, width):
    path = save(figures.figure(name), folder / f"{name}.html", plotlyjs="directory")
    size = {"width": width, "height": 800}
    with opened(browser, path, viewport=size) as (page, _, _):
        left = page.evaluate(
            "() => document.querySelector('#refnet-viz')._fullLayout._size.l"
        )
        assert left < 0.25 * width
        legend = page.locator(".legend .bg")
        if legend.count():
            foot = page.locator(".cartesianlayer .xy .plot, .bglayer").last
            box, panels = legend.bounding_box(), foot.bounding_box()
            assert box["y"] >= panels["y"] + panels["height"] - 1


def test_hovering_shows_the_text_as_it_is(browser, folder):
    path = save(figures.attacked("latent"), folder / "hover.html", plotlyjs="directory")
    with opened(browser, path) as (page, asked, complaints):
        page.locator("#refnet-viz .points path").first.hover(force=True)
        told = page.locator(".hoverlayer .hovertext")
        told.first.wait_for()
        assert figures.HOSTILE in told.first.text_content()
        assert page.evaluate("typeof hit") == "undefined"
        assert len(asked) == 2
        assert complaints == []


COLORS = """() => {
  const of = (node, key) => getComputedStyle(node)[key];
  const title = document.querySelector(".gtitle");
  const tick = document.querySelector(".legendtext");
  return {
    body: of(document.body, "backgroundColor"),
    paper: of(document.querySelector(".main-svg"), "backgroundColor"),
    title: of(title, "fill"),
    legend: of(tick, "fill"),
    points: [...document.querySelectorAll(".points path")].map((p) => of(p, "fill")),
  };
}"""


def rgb(color):
    red, green, blue = bytes.fromhex(color[1:])
    return f"rgb({red}, {green}, {blue})"


def assert_looks(page, mode):
    seen = page.evaluate(COLORS)
    ink = MODES[mode]
    assert seen["paper"] == seen["body"] == rgb(ink.paper)
    assert seen["title"] == seen["legend"] == rgb(ink.text)
    assert {*seen["points"]} == {*map(rgb, ink.classes)}


@pytest.fixture
def nine():
    points = np.random.default_rng(0).normal(size=(27, 3))
    return Embedding.from_arrays(points, labels=np.arange(27) % 9)


def test_a_figure_is_as_the_system_and_as_the_notebook_around_it(browser, folder, nine):
    path = save(
        plot.latent(nine, layout="pca"), folder / "auto.html", plotlyjs="directory"
    )
    with opened(browser, path, color_scheme="dark") as (page, _, complaints):
        assert_looks(page, "dark")
        page.emulate_media(color_scheme="light")
        assert_looks(page, "light")
        page.evaluate("document.body.dataset.jpThemeLight = 'false'")  # Lab
        assert_looks(page, "dark")
        page.evaluate("document.body.dataset.jpThemeLight = 'true'")
        page.emulate_media(color_scheme="dark")
        assert_looks(page, "light")
        page.evaluate("delete document.body.dataset.jpThemeLight")
        page.evaluate("document.body.dataset.vscodeThemeKind = 'vscode-light'")
        assert_looks(page, "light")
        page.evaluate("document.body.dataset.vscodeThemeKind = 'vscode-dark'")
        assert_looks(page, "dark")
        assert complaints == []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_figure_of_one_mode_stays_as_it_is(browser, folder, nine, mode):
    figure = plot.latent(nine, layout="pca", mode=mode)
    path = save(figure, folder / f"{mode}.html", plotlyjs="directory")
    for scheme in ("light", "dark"):
        with opened(browser, path, color_scheme=scheme) as (page, _, _):
            assert_looks(page, mode)


ATTACKS = (
    "<img src=x onerror='window.hit = 1'>",
    "<svg onload='window.hit = 1'></svg>",
    "<img src='http://127.0.0.1:9/x.png'>",
    "<style>body { background: url(http://127.0.0.1:9/y.png) }</style>",
)


def test_the_policy_stops_what_a_page_does_not_know(browser, folder):
    path = save(figures.figure("latent"), folder / "policy.html")
    with opened(browser, path) as (page, asked, _):
        failed = []
        page.on("requestfailed", lambda sent: failed.append((sent.url, sent.failure)))
        for attack in ATTACKS:
            add = "html => document.body.insertAdjacentHTML('beforeend', html)"
            page.evaluate(add, attack)
        page.evaluate("""() => {
          const script = document.createElement('script');
          script.textContent = 'window.hit = 1';
          document.body.append(script);
        }""")
        stopped = page.evaluate("""async () => {
          const stopped = [];
          document.addEventListener('securitypolicyviolation',
            (event) => stopped.push(event.effectiveDirective));
          await fetch('http://127.0.0.1:9/z').catch(() => stopped.push('fetch'));
          // A string is compiled, which is eval.
          setTimeout('window.hit = 1', 0);
          await new Promise((done) => setTimeout(done, 300));
          return stopped;
        }""")
        assert {"fetch", "connect-src", "script-src"} <= {*stopped}
        assert page.evaluate("typeof hit") == "undefined"
        outside = {url for url in asked if not url.startswith("file:")}
        assert outside <= {url for url, why in failed if why == "csp"}


def many(count):
    rng = np.random.default_rng(0)
    return plot.latent(Embedding.from_arrays(rng.normal(size=(count, 2))), layout="pca")


def test_only_webgl_asks_for_eval_and_is_drawn_with_it(browser, folder):
    small = save(figures.figure("latent"), folder / "small.html", plotlyjs="directory")
    large = save(many(MOST_SVG + 1), folder / "large.html", plotlyjs="directory")
    assert "unsafe-eval" not in small.read_text("utf-8")
    assert "'unsafe-eval'" in large.read_text("utf-8").split("<title>")[0]
    with opened(browser, large) as (page, _, complaints):
        page.wait_for_selector("canvas.gl-canvas")
        assert complaints == []


def test_the_page_speaks_to_a_screen_reader(browser, folder):
    figure = figures.figure("compare")
    path = save(figure, folder / "spoken.html", plotlyjs="directory")
    with opened(browser, path) as (page, _, _):
        shown = page.get_by_role("figure", name="Comparison of graphs")
        assert shown.count() == 1
        words = page.locator(f"#{shown.get_attribute('aria-describedby')}")
        assert words.text_content() == plot.describe(figure)
        assert page.title() == "Comparison of graphs"


def test_a_narrow_page_cuts_no_title_off(browser, folder):
    path = save(
        figures.figure("latent"), folder / "slim.html", width=317, plotlyjs="directory"
    )
    with opened(browser, path, viewport={"width": 400, "height": 900}) as (page, _, _):
        boxes = page.evaluate("""() => [...document.querySelectorAll(
          '#refnet-viz .gtitle, #refnet-viz .annotation-text')].map((text) => {
            const box = text.getBoundingClientRect();
            return [box.left, box.right];
          })""")
        assert len(boxes) == 4
        assert min(left for left, _ in boxes) >= 0
        assert max(right for _, right in boxes) <= 317
