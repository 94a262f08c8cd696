"""No output is blank in an executed notebook that is converted, or opened again."""

import copy
import json

import nbformat
import pytest
from lab import PATIENCE, Notebook, server
from nbformat.sign import NotebookNotary
from servers import SHOWN, VIEW, blanks, convert, fenced
from test_notebooks import NOTEBOOKS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLOTLY = "application/vnd.plotly.v1+json"
# What VS Code, Colab and web sites that show notebooks know.
PLAIN = {PLOTLY, VIEW, "text/html", "text/plain", "image/png", "image/svg+xml"}
CELLS = ".jp-CodeCell:has(.jp-OutputArea-child)"
# Trust changes what widgets may do, and nothing else.
OWNED = [
    pytest.param(path, trusted, id=f"{path.stem}, {'my own' if trusted else 'sent'}")
    for path in NOTEBOOKS
    for trusted in (False, True)
    if not trusted or "rv.explore(" in path.read_text("utf-8")
]
EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture
def page(browser):
    found = browser.new_page(viewport={"width": 1440, "height": 1150})
    found.set_default_timeout(PATIENCE * 1000)
    yield found
    found.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("reopened")
    settings = found / ".lab/settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    # Cells out of sight are otherwise not in the page.
    whole = {"windowingMode": "none"}
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps(whole))
    (found / ".lab/data").mkdir()
    return found


@pytest.fixture(scope="module")
def address(folder):
    with server(folder) as found:
        yield found


@EVERY
def test_outputs_are_of_kinds_that_every_frontend_knows(path, executed):
    outputs = [o for cell in executed(path).cells for o in cell.get("outputs", [])]
    assert outputs
    for output in outputs:
        data = output.get("data", {})
        assert set(data) <= PLAIN
        if PLOTLY in data:
            assert 'src="data:image/png;base64,' in data["text/html"]
            assert "<script" not in data["text/html"]


@EVERY
def test_a_converted_notebook_shows_everything(path, executed, page, tmp_path):
    notebook = copy.deepcopy(executed(path))
    asked = fenced(page)
    page.goto(convert(notebook, tmp_path / "page.html").as_uri())
    page.wait_for_function("() => [...document.images].every((one) => one.complete)")
    assert blanks(notebook, page.locator(CELLS).evaluate_all(SHOWN)) == []
    figures = sum(
        PLOTLY in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    pictures = page.locator(".jp-OutputArea-output img")
    assert pictures.count() >= figures
    # nbconvert itself leaves out what an output of kind image/png says of its picture.
    ours = page.locator(".jp-OutputArea-output:not(.jp-RenderedImage) img")
    alts = ours.evaluate_all("all => all.map((one) => one.alt)")
    assert not [alt for alt in alts if not alt or alt.startswith("No description")]
    # nbconvert asks for formulas and for widgets; the fence stood in their way.
    assert asked


@pytest.mark.parametrize(("path", "trusted"), OWNED)
def test_a_reopened_notebook_shows_everything(
    path, trusted, executed, page, folder, address
):
    notebook = copy.deepcopy(executed(path))
    if trusted:
        NotebookNotary(data_dir=str(folder / ".lab/data")).sign(notebook)
    name = f"{path.stem}-{trusted}.ipynb"
    nbformat.write(notebook, folder / name)
    asked = fenced(page)
    book = Notebook(page, address, name)
    page.wait_for_function(
        f"({{ cells, shown }}) => ({SHOWN})([...document.querySelectorAll("
        f"'{CELLS}')]).flat().length === shown",
        arg={
            "cells": CELLS,
            "shown": sum(len(c.get("outputs", [])) for c in notebook.cells),
        },
    )
    if page.locator(".jp-RenderedPlotly").count():
        page.wait_for_function(
            "() => [...document.querySelectorAll('.jp-RenderedPlotly')]"
            ".every((one) => one.querySelector('.main-svg'))"
        )
    assert blanks(notebook, page.locator(CELLS).evaluate_all(SHOWN)) == []
    shown = page.locator(".jp-OutputArea").all_inner_texts()
    assert not [text for text in shown if "Error displaying widget" in text]
    for picture in page.locator(".rv-static").all():
        assert picture.is_visible()
        assert picture.get_attribute("alt") or picture.inner_text()
    assert book.failures == []
    assert asked == []
