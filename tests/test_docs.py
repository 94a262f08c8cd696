"""The documentation builds without a warning, is whole, and asks no network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from lab import ROOT, chrome
from playwright.sync_api import expect
from servers import fenced
from test_notebooks import NOTEBOOKS

import refnet_viz

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Links(HTMLParser):
    """What a page points to, loads, and can be pointed at."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs.get("id"), attrs.get("name")}
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        elif tag == "link" and attrs.get("rel") in {"stylesheet", "icon", "preload"}:
            self.loads.append(attrs["href"])
        elif tag in {"script", "img", "iframe", "source"} and attrs.get("src"):
            self.loads.append(attrs["src"])


@pytest.fixture(scope="module")
def site(executed, tmp_path_factory):
    """Build all pages of notebooks that were executed."""
    # Other files begin with the first: two processes meet in the middle.
    for path in reversed(NOTEBOOKS):
        executed(path)
    folder = tmp_path_factory.mktemp("docs")
    words = ["-W", "--keep-going", "-q", "-b", "html", "docs", str(folder)]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """Return what every page of the site holds, by its path."""
    return {path: Links(path.read_text("utf-8")) for path in site.rglob("*.html")}


def test_every_link_inside_leads_somewhere(pages):
    assert len(pages) > 100
    broken = []
    for path, page in pages.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme in {"http", "https", "mailto", "data"}:
                continue
            target = path if not parts.path else path.parent / unquote(parts.path)
            target = target.resolve()
            there = pages.get(target)
            if not target.is_file() or (there and parts.fragment not in there.anchors):
                broken.append((path.name, link))
    assert broken == []


def test_nothing_is_loaded_from_a_network(site, pages):
    for path, page in pages.items():
        asked = [one for one in page.loads if urlsplit(one).scheme not in {"", "data"}]
        assert asked == [], path.name
    for style in site.rglob("*.css"):
        text = style.read_text("utf-8")
        assert "url(http" not in text
        assert "url(//" not in text


def test_every_public_name_has_a_page(site):
    names = [f"refnet_viz.{name}" for name in refnet_viz.__all__ if name[0] != "_"]
    top = {id(getattr(refnet_viz, name)) for name in refnet_viz.__all__}
    for room in ("data", "graph", "plot", "responsibility"):
        names.remove(f"refnet_viz.{room}")
        module = getattr(refnet_viz, room)
        inner = [
            name for name in module.__all__ if id(getattr(module, name)) not in top
        ]
        names += [f"refnet_viz.{room}.{name}" for name in inner]
    built = {path.stem for path in (site / "reference" / "api").glob("*.html")}
    assert set(names) <= built


def test_the_guides_say_how_to_add_what_can_be_added(site):
    text = (site / "extending.html").read_text("utf-8")
    for what in ("metric", "fusion", "plot", "colour", "notebook"):
        assert f"Add a {what}<" in text


def test_an_explorer_works_inside_the_page_of_its_notebook(site):
    with chrome() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        failures, asked = [], fenced(page)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto((site / "notebooks" / "01_quickstart.html").as_uri())
        frame = page.locator("iframe.rv-page")
        frame.scroll_into_view_if_needed()
        inside = frame.content_frame
        inside.locator("#app canvas").first.wait_for()
        search = inside.get_by_role("searchbox")
        search.fill("heart")
        search.press("Enter")
        expect(inside.locator("#app")).to_contain_text(re.compile(r"\d+ selected"))
        assert page.locator(".cell_output img").count() >= 2
        assert failures == []
        assert asked == []
