"""Texts of strangers stay texts: in what notebooks show of values, in the module."""

import json

import numpy as np
import pandas as pd
import pytest
from exploring import HOSTILE, do
from lab import chrome
from modules import FAKE_MODEL, described
from playwright.sync_api import expect
from servers import fenced

import refnet_viz as rv

N = 30
SCRIPT, IMAGE, PLAIN = HOSTILE
# What HTML would make of them, anywhere and at any moment.
WATCH = """() => {
  window.made = [];
  const made = (part) => part.matches("script, b, img[src=x]");
  const odd = (node) => node.nodeType === 1 &&
    [node, ...node.querySelectorAll("*")].some(made);
  new MutationObserver((all) => all.forEach(({ addedNodes }) => addedNodes.forEach(
    (node) => { if (odd(node)) window.made.push(node.outerHTML); },
  ))).observe(document, { subtree: true, childList: true });
}"""


def strange(seed=0, *, halves=False):
    """Return an embedding whose every text is one of `HOSTILE`."""
    rng = np.random.default_rng(seed)
    lacking = np.arange(N) % 5 != 0 if halves else np.ones(N, dtype=bool)
    made = rv.Embedding.from_arrays(
        np.eye(3)[np.arange(N) % 3] * 4 + rng.normal(size=(N, 3)),
        ids=[f"{HOSTILE[i % 3]}{i}" for i in range(N)],
        labels=np.arange(N) % 3,
        class_names=HOSTILE,
        metadata=pd.DataFrame({IMAGE: HOSTILE * 10, SCRIPT: np.arange(N) / 7}),
        media=rv.data.Media((), HOSTILE * 10),
        modalities={name: rng.normal(size=(N, 2)) for name in HOSTILE[:2]},
        present=dict.fromkeys(HOSTILE[:2], lacking),
        name=IMAGE,
    )
    made.info.update(variant=SCRIPT, dataset=IMAGE)
    return made


def data():
    return rv.data.Dataset.from_arrays(
        {name: np.eye(N)[:, :3] for name in HOSTILE[:2]},
        labels=np.arange(N) % 3,
        class_names=HOSTILE,
        ids=[f"{HOSTILE[i % 3]}{i}" for i in range(N)],
        name=SCRIPT,
    )


SHOWN = {
    "dataset": data,
    "embedding": strange,
    "embedding with halves": lambda: strange(halves=True),
    "graph": lambda: rv.knn(strange(), 3),
    "graph of a modality": lambda: rv.knn(strange(halves=True), 3, space=IMAGE),
    "attribution": lambda: rv.attribute(rv.knn(strange(), 3)),
    "layout": lambda: rv.project(strange(halves=True), "pca", space=SCRIPT),
    "representatives": lambda: rv.graph.representatives([rv.knn(strange(), 3)]),
    "guard": lambda: rv.guard(strange(), strange(1), tolerance=0.9),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_values_show_text_as_text(kind):
    page = SHOWN[kind]()._repr_html_()
    for text in ("<script", "<img src=x", "a<b", "& c>d"):
        assert text not in page


@pytest.fixture(scope="module")
def page():
    with chrome() as browser:
        yield browser.new_page(viewport={"width": 1440, "height": 1150})


def explorers():
    """Yield an explorer of every part that shows words from data."""
    for color in ("label", IMAGE, SCRIPT, PLAIN):
        view = rv.explore({PLAIN: strange(), IMAGE: strange(1)}, k=4, layout="pca")
        view.tag(SCRIPT, strange().ids[:4], column=PLAIN)
        view.tag(IMAGE, strange().ids[4:7], column=PLAIN)
        view.color, view.names, view.edges = color, "always", "by modality"
        view.variants = [PLAIN, IMAGE]
        do(view, "filters", True)
        view.select(strange().ids[:3])
        yield view


@pytest.mark.browser
def test_the_module_makes_no_element_of_text(page):
    asked = fenced(page)
    page.set_content("<!DOCTYPE html><body></body>")
    page.evaluate(WATCH)
    said = ""
    for view in explorers():
        state = described(view.screen)
        script = state.pop("_esm")
        result = page.evaluate(FAKE_MODEL, [script, json.dumps(state)])
        said += result["words"][0]
    for text in HOSTILE:
        assert text in said
    assert page.evaluate("window.made") == []
    assert page.evaluate("window.hacked") is None
    assert asked == []
    # The watch sees what it is for.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p>a<b>c</b></p>')")
    expect(page.locator("p b")).to_have_count(1)
    assert page.evaluate("window.made") == ["<p>a<b>c</b></p>"]
