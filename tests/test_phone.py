"""The exported page under fingers, on a screen as wide as a phone's."""

import pytest
from exploring import embedding
from lab import PATIENCE
from playwright.sync_api import expect
from servers import fenced

import refnet_viz as rv

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATE = "refnetViz.state()"
ZOOM = f"refnetViz.scene.panels[{STATE}.focus].view.zoom"


class Fingers:
    """Fingers on a page, by the protocol that browsers are driven with."""

    def __init__(self, page):
        self.page = page
        self.session = page.context.new_cdp_session(page)

    def _touch(self, kind, *places):
        points = [{"x": x, "y": y} for x, y in places]
        self.session.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
        )

    def move(self, *steps):
        """Put fingers down, move them together, and lift them."""
        self._touch("touchStart", *steps[0])
        for places in steps[1:]:
            self._touch("touchMove", *places)
        self._touch("touchEnd")


@pytest.fixture
def page(browser, tmp_path):
    spaces = {name: embedding(name, 0, rows=240) for name in ("plain", "both")}
    path = rv.export_html(spaces, tmp_path / "page.html", k=5, layout="pca")
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE * 1000)
    opened.failures = []
    opened.on("pageerror", lambda error: opened.failures.append(str(error)))
    asked = fenced(opened)
    opened.goto(path.as_uri())
    opened.wait_for_function("() => refnetViz.scene.frame > 0")
    yield opened
    assert opened.failures == []
    assert asked == []
    context.close()


def middle(page):
    plot = page.locator(".rv-panel.rv-focused .rv-plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_nothing_is_wider_than_the_screen(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (
        page.evaluate(
            "() => { const strip = document.querySelector('.rv-strip');"
            " return strip.scrollWidth - strip.clientWidth; }"
        )
        <= 0
    )
    assert page.locator(".rv-strip td:visible").first.inner_text()


def test_one_map_is_shown_and_another_one_chosen(page):
    assert page.locator(".rv-plot:visible").count() == 1
    names = page.get_by_role("group", name="map that is shown").get_by_role("button")
    assert names.all_inner_texts() == ["plain, seed 0", "both, seed 0"]
    names.nth(1).tap()
    page.wait_for_function(f"() => {STATE}.focus === 1")
    assert page.locator(".rv-plot:visible").count() == 1
    assert page.locator(".rv-panel.rv-focused .rv-panel-title").inner_text() == (
        "both, seed 0"
    )
    page.wait_for_function("() => refnetViz.scene.panels[1].width > 300")


def test_controls_are_behind_a_button(page):
    color = page.get_by_label("Colour by")
    assert color.is_hidden()
    page.get_by_role("button", name="More").tap()
    color.wait_for()
    color.select_option("kind")
    page.wait_for_function(f"() => {STATE}.color === 'kind'")
    page.get_by_role("button", name="Less").tap()
    color.wait_for(state="hidden")


def test_one_finger_scrolls(page):
    x, y = middle(page)
    before = page.evaluate("scrollY")
    Fingers(page).move(*[[(x, y - 20 * step)] for step in range(8)])
    page.wait_for_function(f"() => scrollY > {before} + 60")
    assert page.evaluate(f"{STATE}.rows.length") == 0


def test_one_finger_draws_once_the_lasso_is_chosen(page):
    lasso = page.get_by_role("button", name="Lasso")
    lasso.tap()
    expect(page.locator(".rv-scene")).to_have_attribute("data-fingers", "true")
    x, y = middle(page)
    before = page.evaluate("scrollY")
    ring = [(-80, -80), (0, -90), (80, -80), (90, 0), (80, 80), (0, 80), (-80, 80)]
    Fingers(page).move(*[[(x + dx, y + dy)] for dx, dy in ring])
    page.wait_for_function(f"() => {STATE}.rows.length > 0")
    assert page.evaluate("scrollY") == before
    page.wait_for_timeout(500)  # a tap at once would be a part of the gesture
    lasso.tap()  # again, and a finger scrolls
    expect(page.locator(".rv-scene")).to_have_attribute("data-fingers", "false")


def test_two_fingers_zoom(page):
    x, y = middle(page)
    spread = [[(x - 30 - 8 * i, y), (x + 30 + 8 * i, y)] for i in range(8)]
    Fingers(page).move(*spread)
    page.wait_for_function(f"() => {ZOOM} > 2")
    assert page.evaluate(ZOOM) == pytest.approx(86 / 30, rel=0.05)
    assert page.evaluate(f"{STATE}.rows.length") == 0
