"""Files that the explorer hands to the page."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import refnet_viz as rv
from refnet_viz.widgets.saving import TYPES


@pytest.fixture
def view():
    rng = np.random.default_rng(0)
    own = {
        name: rv.Embedding.from_arrays(rng.normal(size=(20, 3)), labels=[0, 1] * 10)
        for name in ("plain", "both")
    }
    return rv.explore(own, k=3, layout="pca")


@pytest.fixture
def files(view, monkeypatch):
    """Ask for a file as a page does; return its name, type and content."""
    sent = []
    monkeypatch.setattr(
        view.screen, "send", lambda told, buffers: sent.append((told, *buffers))
    )

    def ask(which):
        view.screen._handle_custom_msg({"kind": "save", "words": [which]}, [])
        told, content = sent.pop()
        assert told["kind"] == "file"
        assert told["type"] == TYPES[which]
        return told["name"], content

    return ask


def test_maps_are_the_snapshot(view, files, tmp_path):
    view.edges = "gained"
    view.select(["1", "4"])
    for suffix, begin in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        name, content = files(suffix)
        assert name == f"maps.{suffix}"
        assert content.startswith(begin)
        expected = rv.save(view.snapshot(), tmp_path / name)
        assert content == expected.read_bytes()
    assert Image.open(io.BytesIO(files("png")[1])).width > 900
    assert b"<html" in files("html")[1]


def test_the_manifest_makes_the_figure_again(view, files):
    view.select(["1", "4"])
    name, content = files("manifest")
    assert name == "maps.manifest.json"
    again = rv.replay(
        json.loads(content),
        {name: runs[0] for name, runs in view._store.embeddings.variants.items()},
    )
    assert again.to_json() == view.snapshot().to_json()


def test_the_table_is_the_selection_or_all_points(view, files):
    name, content = files("table")
    assert name == "points.csv"
    assert len(pd.read_csv(io.BytesIO(content))) == 20
    view.select(["3", "5"])
    table = pd.read_csv(io.BytesIO(files("table")[1]))
    assert table["id"].tolist() == [3, 5]
    assert table["purity"].tolist() == pytest.approx(view.selected["purity"].tolist())
