"""Files of every kind open, repeat byte by byte, and never stand half-written."""

import csv
import io
import json
import os
import warnings
from pathlib import Path
from xml.etree import ElementTree

import figures
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io
import pytest
from PIL import Image

from refnet_viz import plot
from refnet_viz.embedding import Embedding
from refnet_viz.graph import compare, knn
from refnet_viz.plot import export, latent
from refnet_viz.plot.manifest import final
from refnet_viz.share.save import FIGURES, save
from refnet_viz.storage import load

# Names of variants are in Chinese here; not every machine has letters for them.
pytestmark = pytest.mark.filterwarnings("ignore:no installed font has the letters")

HOSTILE = '</script><script>alert(1)</script> & "x" \x07\x1b\ud83d'


def figure(mode="light"):
    rng = np.random.default_rng(0)
    space = Embedding.from_arrays(
        rng.normal(size=(20, 3)),
        labels=["a<b", HOSTILE] * 10,
        ids=[f"{HOSTILE}{i}" for i in range(20)],
        name=HOSTILE,
    )
    spaces = {HOSTILE: space, "$x_1$ 中文": space}
    return latent(spaces, edges=knn(spaces, k=3), layout="pca", mode=mode)


FIGURE = figure()


@pytest.mark.parametrize("suffix", FIGURES)
def test_the_same_bytes_twice(tmp_path, suffix):
    first, second = (save(figure(), tmp_path / f"{i}{suffix}") for i in "ab")
    assert first.read_bytes() == second.read_bytes()
    notes = [(tmp_path / f"{i}.manifest.json").read_bytes() for i in "ab"]
    assert notes[0] == notes[1]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_png_has_the_size_and_background_asked_for(tmp_path, mode):
    path = save(figure(mode), tmp_path / "f.png", width=300, height=400, scale=1.5)
    with Image.open(path) as picture:
        assert picture.size == (450, 600)
        corner = picture.convert("RGB").getpixel((2, 2))
    assert corner == ((255, 255, 255) if mode == "light" else (20, 23, 28))


def test_svg_and_pdf_are_what_they_say(tmp_path):
    tree = ElementTree.parse(save(FIGURE, tmp_path / "f.svg"))
    assert tree.getroot().tag.endswith("svg")
    content = save(FIGURE, tmp_path / "f.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert b"CreationDate" not in content


@pytest.mark.torch
@pytest.mark.parametrize("name", plot.FIGURES)
def test_no_text_from_data_becomes_part_of_a_drawing(tmp_path, name):
    tree = ElementTree.parse(save(figures.attacked(name), tmp_path / "f.svg"))
    tags = {part.tag.rpartition("}")[2] for part in tree.iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "metadata",
        "RDF",
        "Work",
        "type",
        "g",
        "defs",
        "style",
        "path",
        "use",
        "clipPath",
        "rect",
        "image",
        "format",
        "text",
        "tspan",
    }
    style = "".join(part.text or "" for part in tree.iter() if part.tag[-5:] == "style")
    assert style == "*{stroke-linejoin: round; stroke-linecap: butt}"
    links = [v for p in tree.iter() for k, v in p.attrib.items() if k.endswith("href")]
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert not [k for part in tree.iter() for k in part.attrib if k.startswith("on")]


def test_json_comes_back(tmp_path):
    again = plotly.io.read_json(save(FIGURE, tmp_path / "f.json"))
    assert json.loads(again.to_json()) == json.loads(FIGURE.to_json())
    assert save(again, tmp_path / "a.svg").read_bytes() == (
        save(FIGURE, tmp_path / "b.svg").read_bytes()
    )


def test_html_is_whole_quiet_and_safe(tmp_path):
    text = save(FIGURE, tmp_path / "f.html").read_text()
    assert "alert(1)</script>" not in text
    assert "cdn.plot.ly" not in text.split("Plotly.newPlot")[-1]
    assert '"showSendToCloud": false' in text
    assert "sendChartToCloud" in text.split("Plotly.newPlot")[-1]
    assert '<div id="refnet-viz"' in text
    assert len(text) > 3e6
    beside = save(FIGURE, tmp_path / "g.html", plotlyjs="directory")
    assert beside.stat().st_size < 3e5
    assert (tmp_path / "plotly.min.js").stat().st_size > 3e6


def test_manifest_says_what_the_figure_was_made_of(tmp_path):
    save(FIGURE, tmp_path / "figure2.pdf")
    note = json.loads((tmp_path / "figure2.manifest.json").read_text())
    assert note["made_of"] == json.loads(json.dumps(FIGURE.layout.meta))
    assert note["versions"]["plotly"] == plotly.__version__
    assert len(note["sha256"]) == 64
    assert sorted(os.listdir(tmp_path)) == ["figure2.manifest.json", "figure2.pdf"]  # noqa: PTH208


def test_figures_of_the_user_are_saved_and_not_changed(tmp_path):
    mine = go.Figure(go.Scatter(y=[1, 2]))
    before = mine.to_json()
    save(mine, tmp_path / "f.html", width=400)
    save(mine, tmp_path / "f.png")
    assert mine.to_json() == before
    note = json.loads((tmp_path / "f.manifest.json").read_text())
    assert note["made_of"] is None


@pytest.mark.parametrize("removed", ["zoom", ["zoom", "pan"], None])
def test_no_button_sends_data_to_a_cloud(removed):
    mine = go.Figure().update_layout(modebar_remove=removed)
    kept = {removed} if isinstance(removed, str) else {*(removed or ())}
    assert {*final(mine, {}).layout.modebar.remove} == kept | {"sendChartToCloud"}


def test_a_lasso_does_not_stop_a_widget(tmp_path):
    widget = go.FigureWidget(FIGURE)
    trace = next(t for t in widget.data if t.customdata is not None)
    number = list(widget.data).index(trace)
    corners = {"xs": [0, 1, 1], "ys": [0, 0, 1]}
    widget._js2py_pointsCallback = {
        "event_type": "plotly_selected",
        "device_state": None,
        "points": {
            "trace_indexes": [number],
            "point_indexes": [0],
            "xs": [trace.x[0]],
            "ys": [trace.y[0]],
        },
        "selector": {"type": "lasso", "selector_state": corners},
    }
    for suffix in FIGURES:
        assert save(widget, tmp_path / f"f{suffix}").stat().st_size > 0


def test_tables(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": ["x,y", "ä"]})
    path = save(table, tmp_path / "t.csv")
    assert path.read_bytes().decode() == 'a,b\n1,"x,y"\n2,ä\n'
    named = table.set_index("b")
    assert save(named, path).read_text().startswith("b,a\n")


def test_parquet_is_optional(tmp_path, monkeypatch):
    def missing(*_, **__):
        raise ImportError

    monkeypatch.setattr(pd.DataFrame, "to_parquet", missing)
    with pytest.raises(ValueError, match="pyarrow") as caught:
        save(pd.DataFrame({"a": [1]}), tmp_path / "t.parquet")
    assert str(caught.value) == (
        "`path` must end in '.csv', because '.parquet' needs the package pyarrow, got "
        "'t.parquet'."
    )
    assert list(tmp_path.iterdir()) == []


def test_parquet_is_written_by_pandas(tmp_path, monkeypatch):
    monkeypatch.setattr(pd.DataFrame, "to_parquet", lambda self, index: b"PAR1")
    path = save(pd.DataFrame({"a": [1]}), tmp_path / "t.parquet")
    assert path.read_bytes() == b"PAR1"


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".json"])
def test_graphs(tmp_path, suffix):
    graph = knn(np.random.default_rng(0).normal(size=(6, 2)), k=2)
    assert save(graph, tmp_path / f"g{suffix}").stat().st_size > 0
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: [e], lambda e: {"a": e}])
def test_embeddings_go_to_a_folder(tmp_path, wrap):
    space = Embedding.from_arrays(np.eye(3))
    path = save(wrap(space), tmp_path / "spaces")
    assert path == tmp_path / "spaces"
    again = load(path)
    assert type(again) is type(wrap(space))
    assert sorted(p.suffix for p in path.iterdir()) == [".json", ".safetensors"]


def test_tables_come_back_with_every_column(tmp_path):
    table = compare({"plain": knn(np.random.default_rng(0).normal(size=(9, 2)), k=2)})
    with save(table, tmp_path / "t.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    exact = pd.read_parquet(save(table, tmp_path / "t.parquet"))
    pd.testing.assert_frame_equal(exact, table)
    for column in table.select_dtypes("number"):
        written = [float(row[column] or "nan") for row in rows]
        np.testing.assert_array_equal(written, table[column])
    assert list(rows[0]) == list(table.columns)
    assert exact.attrs == table.attrs


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = save(pd.DataFrame({"a": [1]}), tmp_path / "t.csv")

    def broken(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="No space left") as caught:
        save(pd.DataFrame({"a": [2]}), path)
    assert str(caught.value) == (
        "`path` must lie in a folder that exists and can be written to, got "
        f"{str(path)!r} (No space left on device)."
    )
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text() == "a\n1\n"


def test_a_missing_folder_keeps_its_class(tmp_path):
    path = tmp_path / "none" / "f.html"
    with pytest.raises(FileNotFoundError) as caught:
        save(FIGURE, path)
    assert str(caught.value) == (
        "`path` must lie in a folder that exists and can be written to, got "
        f"{str(path)!r} (No such file or directory)."
    )


@pytest.mark.parametrize(
    ("kind", "thing", "path", "options", "sentence"),
    [
        (
            ValueError,
            FIGURE,
            "f.bmp",
            {},
            "`path` must end in '.html', '.json', '.png', '.svg', '.pdf' for a figure, "
            "got 'f.bmp'.",
        ),
        (
            ValueError,
            pd.DataFrame(),
            "f.xlsx",
            {},
            "`path` must end in '.csv', '.parquet' for a table, got 'f.xlsx'.",
        ),
        (
            ValueError,
            knn(np.eye(3), k=1),
            "f.gml",
            {},
            "`path` must end in '.graphml', '.gexf', '.json' for a graph, got 'f.gml'.",
        ),
        (
            TypeError,
            3,
            "f.png",
            {},
            "`thing` must be a plotly figure, a DataFrame, Neighbors or Embeddings, "
            "got int.",
        ),
        (
            TypeError,
            {"plain": [knn(np.eye(3), k=1)]},
            "graphs",
            {},
            "`thing` must be a plotly figure, a DataFrame, Neighbors or Embeddings, "
            "got several Neighbors: save them one by one.",
        ),
        (
            TypeError,
            {},
            "graphs",
            {},
            "`thing` must be a plotly figure, a DataFrame, Neighbors or Embeddings, "
            "got dict.",
        ),
        (
            ValueError,
            {"plain": Embedding.from_arrays(np.eye(3))},
            "spaces.npz",
            {},
            "`path` must name a folder, without a suffix, or end in '.h5ad', '.h5mu', "
            "'.parquet' for embeddings, got "
            "'spaces.npz'.",
        ),
        (
            ValueError,
            FIGURE,
            "f.png",
            {"width": 3},
            "`width` must be a whole number between 50 and 20000, got 3.",
        ),
        (
            ValueError,
            FIGURE,
            "f.png",
            {"scale": 0},
            "`scale` must be a finite number between 0.1 and 20, got 0.",
        ),
        (
            ValueError,
            FIGURE,
            "f.html",
            {"plotlyjs": "cdn"},
            "`plotlyjs` must be True or 'directory', got 'cdn'.",
        ),
        (
            ValueError,
            go.Figure(go.Pie(values=[1])),
            "f.svg",
            {},
            "`figure` must be made of scatter, bar, histogram and heatmap traces to be "
            "drawn without a browser, got a trace of type 'pie': save it as .html or "
            ".json.",
        ),
    ],
)
def test_errors_are_sentences(tmp_path, kind, thing, path, options, sentence):
    with pytest.raises(kind) as caught:
        save(thing, tmp_path / path, **options)
    assert str(caught.value) == sentence
    assert list(tmp_path.iterdir()) == []


def test_no_global_state_of_matplotlib_is_left_changed(tmp_path):
    import matplotlib as mpl

    mpl.rcParams["font.size"] = 33
    try:
        before = dict(mpl.rcParams)
        large = save(FIGURE, tmp_path / "a.svg").read_bytes()
        assert dict(mpl.rcParams) == before
    finally:
        mpl.rcdefaults()
    assert save(FIGURE, tmp_path / "b.svg").read_bytes() == large


def test_pixels_are_the_same_as_through_memory(tmp_path):
    content = export.render(FIGURE, "png", width=300, height=300, scale=1)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (300, 300)


def test_letters_that_no_font_has_are_named_once(tmp_path, monkeypatch):
    from refnet_viz.plot.render import text

    fonts = text._family_of
    monkeypatch.setattr(text, "_family_of", lambda c: "" if c in "ωж" else fonts(c))
    figure = latent(
        Embedding.from_arrays(np.eye(4), labels=["aω", "жω"] * 2), layout="pca"
    )
    for suffix in ("png", "svg", "PDF"):
        with pytest.warns(UserWarning, match="the letters [ωж] [ωж],") as caught:
            save(figure, tmp_path / f"odd.{suffix}")
        assert len(caught) == 1
        assert (tmp_path / f"odd.{suffix}").stat().st_size > 0
    plain = latent(
        Embedding.from_arrays(np.eye(4), labels=["ä", "b"] * 2), layout="pca"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(plain, tmp_path / "plain.png")
