"""A figure is made again from its manifest, byte by byte, or it is said why not."""

import hashlib
import json
import re
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import figures
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import refnet_viz as rv
from refnet_viz import Config, Embedding, plot
from refnet_viz.plot.record import call_of
from refnet_viz.share import replay as room
from refnet_viz.storage.values import TAG

OWN = Embedding.from_arrays(
    np.random.default_rng(0).normal(size=(12, 3)),
    labels=["a", "b", "c"] * 4,
    metadata=pd.DataFrame({"size": range(12)}),
    name="own",
)


def digest(figure):
    return hashlib.sha256(figure.to_json().encode()).hexdigest()


def manifest(path):
    return json.loads(path.with_suffix(".manifest.json").read_text())


def test_every_plot_can_be_named():
    drawn = {*plot.__all__} - {"caption", "describe"}
    assert drawn == {*plot.FIGURES}
    assert set(room._functions()) == drawn | {"explorer"}


@pytest.mark.parametrize("name", plot.FIGURES)
def test_every_figure_comes_back(tmp_path, name):
    figure = figures.figure(name, "dark")
    path = rv.save(figure, tmp_path / "f.svg", width=700)
    again = rv.replay(path, inputs=figures.spaces())
    assert isinstance(again, go.Figure)
    assert digest(again) == manifest(path)["sha256"]
    assert again.layout.width == 700
    saved = rv.save(again, tmp_path / "again.svg")
    assert saved.read_bytes() == path.read_bytes()
    notes = [p.with_suffix(".manifest.json").read_bytes() for p in (path, saved)]
    assert notes[0] == notes[1]


@pytest.mark.parametrize("name", ["compare", "curves", "history"])
def test_tables_and_histories_need_nothing(tmp_path, name):
    path = rv.save(figures.figure(name), tmp_path / "f.json")
    assert digest(rv.replay(path)) == manifest(path)["sha256"]


ARGUMENTS = {
    "array": {"color": np.linspace(0, 1, 12)},
    "gaps": {"color": pd.Series([np.nan, 1.5] * 6)},
    "words": {"color": np.array(["<b>", "y"] * 6)},
    "by variant": {"color": {"one": [1.5] * 12, "two": [2] * 12}},
    "column": {"color": "size", "columns": 1, "max_edges": np.int64(3)},
    "layout": {"layout": rv.project({"one": OWN, "two": OWN}, "aligned")},
    "one layout": {"layout": rv.project(OWN, "umap")},
}


@pytest.mark.parametrize("options", ARGUMENTS.values(), ids=ARGUMENTS)
def test_every_argument_comes_back(tmp_path, options):
    spaces = {"two": OWN, "one": OWN}  # an order that sorting would change
    options = {"layout": "pca", **options}
    figure = plot.latent(spaces, edges=rv.knn(spaces, k=3), **options)
    path = rv.save(figure, tmp_path / "f.json")
    again = rv.replay(path, inputs=OWN)
    assert digest(again) == manifest(path)["sha256"] == digest(figure)
    inputs = figure.layout.meta["call"]["inputs"]
    assert [part["kind"] for part in inputs].count("embedding") == 1


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: [e], lambda e: {"any": [e]}])
def test_inputs_in_every_shape(tmp_path, wrap):
    path = rv.save(plot.latent(OWN, layout="pca"), tmp_path / "f.json")
    assert digest(rv.replay(path, wrap(OWN))) == manifest(path)["sha256"]


def test_inputs_as_a_folder(tmp_path):
    rv.save(OWN, tmp_path / "spaces")
    path = rv.save(plot.latent(OWN, layout="pca"), tmp_path / "f.json")
    again = rv.replay(path, inputs=tmp_path / "spaces")
    assert digest(again) == manifest(path)["sha256"]


def test_the_folder_is_found_wherever_both_are_moved(tmp_path):
    home = tmp_path / "home"
    spaces = rv.load(rv.save({"a": OWN}, home / "spaces"))
    (home / "figures").mkdir()
    path = rv.save(plot.latent(spaces, layout="pca"), home / "figures" / "f.html")
    text = path.read_text().split("Plotly.newPlot")[-1]
    assert str(tmp_path) not in text + path.with_suffix(".manifest.json").read_text()
    assert manifest(path)["made_of"]["call"]["inputs"][0]["saved"] == "../spaces"
    shutil.move(home, tmp_path / "elsewhere")
    path = tmp_path / "elsewhere" / "figures" / "f.html"
    assert digest(rv.replay(path)) == manifest(path)["sha256"]


def test_digits_are_trained_again(tmp_path):
    data = rv.data.digits()
    config = Config(epochs=1, hidden=8, width=4)
    runs = rv.sweep(data, {"tiny": config}, seeds=[3], n_jobs=1, progress=False)
    figure = plot.graph(rv.knn(rv.embed(runs, data.val), k=3)["tiny"][0], layout="pca")
    path = rv.save(figure, tmp_path / "f.json")
    assert digest(rv.replay(path)) == manifest(path)["sha256"]


def test_a_data_set_of_another_fingerprint_is_not_trained_on(tmp_path):
    info = {"dataset": "digits", "fingerprint": "other", "config": Config().to_dict()}
    space = replace(OWN, info={**OWN.info, **info, "seed": 0})
    path = rv.save(plot.latent(space, layout="pca"), tmp_path / "f.json")
    with pytest.raises(ValueError, match="nowhere else"):
        rv.replay(path)


@pytest.mark.parametrize(
    "inputs", [None, replace(OWN, z=-OWN.z)], ids=["none", "other"]
)
def test_what_is_missing_is_named(tmp_path, inputs):
    path = rv.save(plot.latent(OWN, layout="pca"), tmp_path / "f.json")
    held = "none"
    if inputs is not None:
        held = f"embeddings of the digests {inputs.digest[:12]}"
    with pytest.raises(ValueError, match="nowhere else") as caught:
        rv.replay(path, inputs)
    assert str(caught.value) == (
        "`inputs` must hold the embedding of 'own', seed None (12 rows of 'own', "
        f"digest {OWN.digest[:12]}), which can be found nowhere else, got {held}."
    )


def test_a_damaged_folder_is_as_good_as_none(tmp_path):
    spaces = rv.load(rv.save(OWN, tmp_path / "spaces"))
    path = rv.save(plot.latent(spaces, layout="pca"), tmp_path / "f.json")
    (tmp_path / "spaces" / "comparison.json").write_text("{}")
    with pytest.raises(ValueError, match="nowhere else"):
        rv.replay(path)
    assert digest(rv.replay(path, OWN)) == manifest(path)["sha256"]


def test_a_figure_that_was_changed_is_told_apart(tmp_path):
    figure = plot.latent(OWN, layout="pca").update_layout(title_text="mine")
    path = rv.save(figure, tmp_path / "f.json")
    with pytest.warns(UserWarning, match="differs") as caught:
        again = rv.replay(path, OWN)
    assert str(caught[0].message) == (
        "the figure differs from the one that was saved (SHA-256 "
        f"{digest(again)[:12]} instead of {digest(figure)[:12]}): with the same "
        "versions of all programs, so it was changed after it was drawn, or metadata "
        "or the machine are others."
    )
    assert Path(caught[0].filename).name == "test_replay.py"


def test_another_version_is_named(tmp_path):
    path = rv.save(plot.latent(OWN, layout="pca"), tmp_path / "f.json")
    note = manifest(path)
    note["sha256"] = "0" * 64
    now = note["versions"]["numpy"]
    note["versions"]["numpy"] = "1.0"
    with pytest.warns(UserWarning, match="differs") as caught:
        again = rv.replay(note, OWN)
    assert str(caught[0].message) == (
        "the figure differs from the one that was saved (SHA-256 "
        f"{digest(again)[:12]} instead of 000000000000): it was made with numpy 1.0, "
        f"and here are numpy {now}."
    )


def test_the_manifest_says_at_once_what_was_drawn(tmp_path):
    path = rv.save(figures.figure("latent"), tmp_path / "f.pdf")
    note = manifest(path)
    assert [(r["variant"], r["seed"]) for r in note["runs"]] == [
        (name, seed) for name in figures.VARIANTS for seed in (0, 1, 2)
    ]
    space = figures.spaces()["both"][2]
    assert note["runs"][-1]["digest"] == space.digest
    assert note["data"] == {"paired": figures.data().fingerprint}
    assert (note["k"], note["space"], note["metric"]) == (
        [5],
        ["latent"],
        ["euclidean"],
    )
    assert "selection" not in note
    table = manifest(rv.save(figures.figure("compare"), tmp_path / "t.json"))
    assert [(r["variant"], r["seed"]) for r in table["runs"]] == [
        (name, seed) for name in figures.VARIANTS for seed in (0, 1, 2)
    ]
    assert table["data"] == note["data"]
    assert table["k"] == [5]


def test_a_selection_stands_in_the_manifest(tmp_path):
    figure = go.Figure().update_layout(meta={"selection": ["x", "y"]})
    note = manifest(rv.save(figure, tmp_path / "f.json"))
    assert note["selection"] == ["x", "y"]
    assert note["size"] == {"width": None, "height": None}


def test_an_explorer_is_set_selected_and_pictured(tmp_path):
    view = rv.explore({"plain": OWN, "other": OWN}, k=4, layout="pca", mode="dark")
    view.select(["1", "2"])
    path = rv.save(view.snapshot(), tmp_path / "f.json", width=400)
    view.close()
    note = manifest(path)
    assert note["selection"] == ["1", "2"]
    assert note["made_of"]["call"]["figure"] == "explorer"
    assert digest(rv.replay(path, OWN)) == note["sha256"]


NO_CALL = (
    "`manifest` must say how the figure was made, as those of figures of "
    "refnet_viz.plot do, got {} without it."
)


def test_a_figure_of_the_user_cannot_be_replayed(tmp_path):
    path = rv.save(go.Figure(), tmp_path / "f.json")
    with pytest.raises(ValueError, match="how the figure") as caught:
        rv.replay(path)
    assert str(caught.value) == NO_CALL.format(repr(str(path)))


@pytest.mark.parametrize("text", ["[1]", "{", '{"made_of": {"call": 3}}'])
def test_foreign_files_are_refused(tmp_path, text):
    path = tmp_path / "f.manifest.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="how the figure") as caught:
        rv.replay(path)
    assert str(caught.value) == NO_CALL.format(repr(str(path)))


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        rv.replay(tmp_path / "f.pdf")
    assert str(caught.value) == (
        "`manifest` must be a manifest that rv.save wrote, or a figure beside one, got "
        f"{str(tmp_path / 'f.pdf')!r}."
    )


def note(**change):
    call = call_of("latent", {"spaces": OWN, "layout": "pca"})
    return {"made_of": {"call": {**call, **change}}}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"figure": "__import__"},
            "`manifest` must be of a figure out of attribution, bound, compare, "
            "curves, graph, history, latent, overlaps, responsibility, rewiring, "
            "spectrum, explorer, got '__import__'; another version of refnet_viz wrote "
            "it.",
        ),
        (
            {"arguments": {"room": 1}},
            "`manifest` must name arguments that 'latent' takes, got another one "
            "(missing a required argument: 'spaces'); another version of refnet_viz "
            "wrote it.",
        ),
        (
            {"arguments": {"spaces": {TAG: "lost", "of": "set"}}},
            "`manifest` must hold every argument of the figure, got only the name of "
            "its class for a set.",
        ),
    ],
)
def test_foreign_calls_are_refused(change, sentence):
    with pytest.raises(ValueError, match="manifest") as caught:
        rv.replay(note(**change), OWN)
    assert str(caught.value) == sentence


def test_inputs_of_another_kind():
    with pytest.raises(TypeError) as caught:
        rv.replay(note(), [3])
    assert str(caught.value) == (
        "`inputs` must hold Embedding values or be a folder of saved ones, got int."
    )


def test_what_json_cannot_hold_stops_no_figure():
    odd = replace(OWN, info={"variant": "odd", "made by": object()})
    figure = plot.latent(odd, layout="pca")
    assert figure.layout.meta["call"]["inputs"][0]["made by"] == {
        TAG: "lost",
        "of": "object",
    }


def test_approximate_graphs_say_so_when_others_are_found_again():
    rng = np.random.default_rng(0)
    own = rv.Embedding.from_arrays(rng.normal(size=(120, 5)))
    lists = rv.knn(own, 6).indices.copy()
    for column, words in ((5, None), (6, r"approximate, with recall 0\.833")):
        lists[:, -1] = rv.knn(own, 7).indices[:, column]
        graph = rv.graph.Neighbors.from_embedding(own, lists, self_column=False)
        call = call_of("latent", {"spaces": own, "edges": graph, "layout": "pca"})
        entry = call["inputs"][1]
        assert entry["method"] == "approximate"
        assert entry["recall"] == graph.recall.value
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            rv.replay({"made_of": {"call": call}}, inputs=own)
        assert [bool(re.search(words, str(one.message))) for one in caught] == (
            [True] if words else []
        )


def _at(content, *path):
    for step in path:
        content = content[step]
    return content


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("made_of", "call", "inputs", 0, "kind"), "eval"),
        (("made_of", "call", "inputs", 0), 3),
        (("made_of", "call", "inputs"), None),
        (("made_of", "call", "inputs"), []),
        (("made_of", "call", "arguments"), [1]),
        (("made_of", "call", "figure"), ["latent"]),
        (("made_of", "call"), 3),
        (("size",), [1]),
        (("size",), {"depth": 3}),
    ],
)
def test_a_manifest_of_another_structure_is_one_sentence(place, value):
    found = json.loads(json.dumps(note() | {"size": {}}))
    _at(found, *place[:-1])[place[-1]] = value
    with pytest.raises(ValueError, match="`manifest` must say how") as caught:
        rv.replay(found, OWN)
    assert str(caught.value).count("\n") == 0
