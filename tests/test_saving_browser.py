"""The buttons that save files, in JupyterLab in a real browser."""

import json

import pandas as pd
import pytest
from lab import PATIENCE, Notebook, chrome, server, write_notebook
from PIL import Image
from playwright.sync_api import expect

import refnet_viz as rv

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CODE = """
import numpy as np, refnet_viz as rv
rng = np.random.default_rng(0)
labels = [0, 1, 2] * 10
spaces = {name: rv.Embedding.from_arrays(rng.normal(size=(30, 3)), labels=labels)
          for name in ("plain", "both")}
rv.save(spaces, "spaces")
view = rv.explore(spaces, k=4, layout="pca")
view.select(["3", "5"])
view
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Press every button of the list; return the files by name, and the folder."""
    folder = tmp_path_factory.mktemp("saving")
    write_notebook(folder / "saving.ipynb", [CODE])
    with chrome() as browser, server(folder) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1150})
        page.set_default_timeout(PATIENCE * 1000)
        notebook = Notebook(page, address, "saving.ipynb")
        notebook.command("notebook:run-all-cells")
        notebook.settled()
        opener = page.get_by_role("button", name="Save …")
        opener.click()
        names = page.locator(".rv-saving-file").all_inner_texts()
        page.keyboard.press("Escape")
        expect(page.locator(".rv-saving-list")).to_be_hidden()
        found = {}
        for name in names:
            opener.click()
            with page.expect_download() as waiting:
                page.get_by_role("button", name=name).click()
            file = waiting.value
            found[name] = folder / file.suggested_filename
            file.save_as(found[name])
            expect(page.locator(".rv-saving .rv-live")).to_contain_text("saved")
        assert notebook.errors() == []
    return found, folder


def test_every_kind_of_file_is_saved(saved):
    assert {name: path.name for name, path in saved[0].items()} == {
        "Maps as PNG": "maps.png",
        "Maps as SVG": "maps.svg",
        "Maps as PDF": "maps.pdf",
        "Maps as HTML": "maps.html",
        "Manifest, to replay": "maps.manifest.json",
        "Points as CSV": "points.csv",
        "Graph as GraphML": "graph.graphml",
        "Edges as CSV": "edges.csv",
        "Explorer as a page": "explorer.html",
        "Everything as ZIP": "maps.zip",
    }


def test_the_files_open(saved):
    files, folder = saved
    with Image.open(files["Maps as PNG"]) as picture:
        assert picture.width > 900
    assert files["Maps as SVG"].read_bytes().startswith(b"<?xml")
    assert files["Maps as PDF"].read_bytes().startswith(b"%PDF")
    assert "plotly" in files["Maps as HTML"].read_text("utf-8")
    assert pd.read_csv(files["Points as CSV"])["id"].tolist() == [3, 5]
    manifest = json.loads(files["Manifest, to replay"].read_text("utf-8"))
    again = rv.replay(manifest, folder / "spaces")
    assert again.layout.meta["selection"] == ["3", "5"]
