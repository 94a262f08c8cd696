"""Files that the explorer hands to the page."""

import asyncio
import csv
import io
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from exploring import do
from PIL import Image

import refnet_viz as rv
from refnet_viz.graph import load_graph
from refnet_viz.share import bundle
from refnet_viz.widgets.saving import TYPES, note


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
        view.screen,
        "send",
        lambda told, buffers=(): sent.append((told, *buffers)),
    )

    def ask(which, columns="", cells=""):
        message = {"kind": "save", "words": [which, columns, cells]}
        view.screen._handle_custom_msg(message, [])
        told, content = sent.pop()
        assert told["kind"] == "file"
        assert told["type"] == TYPES[which]
        assert told["note"] == ""
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


def test_every_table_is_safe_for_spreadsheets_on_request(monkeypatch):
    rng = np.random.default_rng(0)
    ids = [f"{'=+-@a'[i % 5]}{i}" for i in range(20)]
    metadata = pd.DataFrame({"@note": ["=1+2", "plain"] * 10, "size": -np.arange(20.0)})
    own = rv.Embedding.from_arrays(
        rng.normal(size=(20, 3)),
        ids=ids,
        labels=["-a", "+b"] * 10,
        metadata=metadata,
    )
    view = rv.explore({"=plain": own}, k=3, layout="pca")
    view.select(ids[:4])
    sent = []
    monkeypatch.setattr(view.screen, "send", lambda _, buffers: sent.extend(buffers))

    def cells(which, safe):
        do(view, "save", which, "", safe)
        content = sent.pop()
        if which == "all":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read("selected.csv")
        lines = list(csv.reader(io.StringIO(content.decode())))
        return [cell for line in lines for cell in line]

    for which in ("table", "edges", "all"):
        plain, safe = cells(which, ""), cells(which, "safe")
        assert any(cell.startswith(tuple("=+@")) for cell in plain)
        for old, new in zip(plain, safe, strict=True):
            number = re.fullmatch(r"-?[\d.]+(e-?\d+)?", old) and old not in ids
            computed = old.startswith(tuple("=+-@")) and not number
            assert new == (f"'{old}" if computed else old)


def test_widths_are_those_of_a_journals_columns(files):
    for columns, pixels in (("1", 336), ("1.5", 516), ("2", 690)):
        content = files("png", columns)[1]
        assert Image.open(io.BytesIO(content)).width == 2 * pixels


def test_the_graph_is_that_of_the_map_in_focus(view, files, tmp_path):
    view.k, view.variant = 2, "both"
    name, content = files("graphml")
    path = tmp_path / name
    path.write_bytes(content)
    graph = rv.knn(view._store.embeddings.variants["both"][0], 2)
    pairs = {frozenset(pair) for pair in graph.to_networkx().edges}
    assert {frozenset(pair) for pair in load_graph(path).edges} == pairs
    name, content = files("edges")
    table = pd.read_csv(io.BytesIO(content), dtype={"source": str, "target": str})
    ends = zip(table["source"], table["target"], strict=True)
    assert {frozenset(pair) for pair in ends} == pairs
    z = graph.embedding.z
    for source, target, distance in table.itertuples(index=False):
        expected = np.linalg.norm(z[int(source)] - z[int(target)])
        assert distance == pytest.approx(expected)


def test_the_page_begins_as_the_view(view, files, tmp_path):
    view.color, view.k, view.variants = "purity", 4, ["both"]
    name, content = files("page")
    assert name == "explorer.html"
    spaces = view._store.embeddings.variants
    settings = {"variants": ["both"], "k": 4, "layout": "pca", "color": "purity"}
    settings |= {"looks": view.looks}
    expected = rv.export_html(spaces, tmp_path / "page.html", **settings)
    assert content == expected.read_bytes()


def test_everything_is_one_zip_of_the_single_files(view, files):
    view.select(["3", "5"])
    name, content = files("all", "1")
    assert name == "maps.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        parts = {part: archive.read(part) for part in archive.namelist()}
    assert parts["maps.png"] == files("png", "1")[1]
    assert parts["maps.pdf"] == files("pdf", "1")[1]
    assert parts["maps.manifest.json"] == files("manifest", "1")[1]
    assert parts["selected.csv"] == files("table")[1]
    assert parts["caption.txt"].decode() == f"{rv.plot.caption(view.snapshot())}\n"
    assert len(parts) == 5
    assert content == files("all", "1")[1]
    view.select(None)
    with zipfile.ZipFile(io.BytesIO(files("all")[1])) as archive:
        assert "selected.csv" not in archive.namelist()


def test_what_goes_wrong_is_one_sentence(view, monkeypatch):
    sent = []
    monkeypatch.setattr(view.screen, "send", lambda told, buffers=(): sent.append(told))

    def full(*_):
        raise OSError("no space left on the disk")

    monkeypatch.setattr(bundle, "maps_file", full)
    do(view, "save", "png", "")
    assert sent == [{"kind": "failed", "text": "no space left on the disk"}]


async def _saved(view, which):
    do(view, "save", which, "")
    saving = view._saving
    started = saving._running is not None
    while saving._running is not None:
        await asyncio.sleep(0.02)
    return started


def test_a_notebook_is_free_while_a_file_is_written(view, monkeypatch):
    sent = []
    monkeypatch.setattr(view.screen, "send", lambda told, buffers=(): sent.append(told))
    assert asyncio.run(_saved(view, "graphml"))
    assert [(told["kind"], told["name"]) for told in sent] == [
        ("file", "graph.graphml")
    ]


def test_a_page_says_what_it_lacks(view):
    view.metric = "cosine"
    assert note("page", view._view) == "without cosine distances"
    assert note("png", view._view) == ""
