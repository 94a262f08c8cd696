"""Values of another type are one sentence at the door they come to."""

import itertools
import os
import re

import numpy as np
import pandas as pd
import pytest
import torch

import refnet_viz as rv
from refnet_viz import Config

X = np.random.default_rng(0).normal(size=(40, 3))
DATA = rv.data.Dataset.from_arrays({"a": X}, labels=np.arange(40) % 2)
SPACE = rv.Embedding.from_arrays(X)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: rv.fit(pd.DataFrame(X)), "`data` must be a Dataset, got DataFrame."),
        (lambda: rv.fit(DATA, {"epochs": 1}), "`config` must be a Config, got dict."),
        (lambda: rv.fit(DATA, 0), "`config` must be a Config, got int."),
        (lambda: rv.fit(DATA, start="x"), "`start` must be a Run, got str."),
        (lambda: rv.pretrain("x"), "`data` must be a Dataset, got str."),
        (lambda: rv.sweep(X, rv.VARIANTS), "`data` must be a Dataset, got ndarray."),
        (
            lambda: rv.sweep(DATA, {"a": {}}),
            "`configs['a']` must be a Config, got dict.",
        ),
        (
            lambda: rv.sweep(DATA, {1: Config()}),
            "`configs` must have text for names, got int.",
        ),
        (
            lambda: rv.sweep(DATA, rv.VARIANTS, seeds=[0], start={0: "run"}),
            "`start[0]` must be a Run, got str.",
        ),
        (
            lambda: rv.label_curve(DATA, {"a": 3}),
            "`configs['a']` must be a Config, got int.",
        ),
        (lambda: rv.refiner_curve(X), "`data` must be a Dataset, got ndarray."),
        (lambda: rv.embed([], X), "`data` must be a Dataset, got ndarray."),
        (lambda: rv.rails(X), "`data` must be a Dataset, got ndarray."),
        (
            lambda: Config(refiner_weights=3),
            "`refiner_weights` must be a Mapping, got int.",
        ),
    ],
)
def test_values_of_another_type(call, sentence):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == sentence


@pytest.mark.parametrize("path", [3, None, b"a.html", ["a.html"], 1.5])
@pytest.mark.parametrize(
    "call",
    [
        rv.load,
        lambda path: rv.save(SPACE, path),
        rv.replay,
        lambda path: rv.report(SPACE, path),
        lambda path: rv.export_html(SPACE, path),
        rv.Run.load,
        lambda path: rv.graph.save_graph(rv.knn(SPACE, 3), path),
        rv.graph.load_graph,
    ],
)
def test_what_is_no_path(call, path):
    with pytest.raises(TypeError, match="` must be a path or its text, got") as caught:
        call(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_paths_that_name_nothing(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="`path` must name a file or a folder, got"):
        rv.save(SPACE, path)
    assert list(tmp_path.iterdir()) == []


HALF, LONG = "\ud800", "x" * 300  # half a character, more than a name holds


@pytest.mark.parametrize("path", [HALF, LONG, f"a/{LONG}/b", "/dev/null", "a\0b", ""])
@pytest.mark.parametrize(
    "call",
    [
        lambda path: rv.save(SPACE, path),
        lambda path: rv.report(SPACE, f"{path}/r.html" if path else path),
        lambda path: rv.export_html(SPACE, f"{path}/r.html" if path else path),
        lambda path: rv.sweep(DATA, rv.VARIANTS, folder=path, n_jobs=1),
        lambda path: rv.label_curve(DATA, rv.VARIANTS, folder=path, n_jobs=1),
        lambda path: rv.refiner_curve(DATA, folder=path, n_jobs=1),
        lambda path: rv.data.on_disk("x.npy", scratch=path),
        lambda path: rv.data.words("t", encoder=len, cache=path),
        lambda path: rv.data.pictures("p", root=path),
        rv.data.from_npz,
        rv.data.from_mat,
        lambda path: rv.data.from_table(path, modalities={"a": ["a"]}),
        lambda path: rv.data.from_webdataset(path, modalities={"a": "npy"}),
        lambda path: rv.data.shared("rosmap", folder=path),
        rv.data.hateful_memes,
        rv.data.mm_imdb,
        lambda path: rv.data.snli_ve(path, flickr=path),
        rv.Run.load,
        rv.load,
        rv.graph.load_graph,
        lambda path: rv.graph.save_graph(rv.knn(SPACE, 3), path),
    ],
)
def test_a_path_is_looked_at_before_any_work(call, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, OSError)) as caught:
        call(path)
    assert re.fullmatch("`.*", str(caught.value))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_names_a_device_or_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    (tmp_path / "p.png").symlink_to("/dev/zero")
    for call in (
        lambda: rv.data.on_disk(tmp_path / "x.npy"),
        lambda: rv.data.Media([tmp_path / "p.png"]),
        lambda: rv.data.encode([tmp_path / "p.png"], len, kind="pictures"),
    ):
        with pytest.raises((ValueError, OSError), match=r"^`"):
            call()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: rv.graph.name_clusters(rv.knn(SPACE, 3), permutations=10**9),
            "`permutations` must be a whole number between 20 and 100000, got "
            "1000000000.",
        ),
        (
            lambda: rv.graph.point_measures(rv.knn(SPACE, 3), draws=2**63),
            "`draws` must be a whole number between 2 and 100000, got "
            "9223372036854775808.",
        ),
        (
            lambda: rv.data.playground(10**9),
            "`n` must be a whole number between 30 and 1000000, got 1000000000.",
        ),
        (
            lambda: rv.sweep(DATA, rv.VARIANTS, seeds=itertools.count()),
            "`seeds` must hold at most 1,000,000 values, got more.",
        ),
        (
            lambda: rv.sweep(DATA, rv.VARIANTS, n_jobs=0),
            "`n_jobs` must be -1 or a whole number of at least 1, got 0.",
        ),
    ],
)
def test_counts_that_make_work_have_a_limit(call, sentence):
    with pytest.raises(ValueError, match=r"^`") as caught:
        call()
    assert str(caught.value) == sentence


HIDDEN = np.ma.masked_array(["0", "1"], [True, False])


@pytest.mark.parametrize(
    "rows",
    [
        HIDDEN,
        np.ma.masked_array([0, 1], [True, False]),
        [[0], [1, 2]],
        [{}, []],
        np.array(["2020-01-01"], "M8[D]"),
        [0.5],
        [True, 0],
        slice(2),
        ["0", "\ud800"],
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        SPACE.subset,
        DATA.subset,
        SPACE.positions,
        SPACE.reordered,
        lambda rows: rv.knn(SPACE, 3).reordered(rows),
        lambda rows: rv.explore(SPACE, layout="pca").select(rows),
        lambda rows: rv.explore(SPACE, layout="pca").tag("a", rows),
        lambda rows: rv.graph.representatives(rv.knn(SPACE, 3), rows=rows),
    ],
)
def test_what_names_no_rows(call, rows):
    with pytest.raises((ValueError, TypeError)) as caught:
        call(rows)
    assert re.fullmatch("`.*", str(caught.value))


BOTH = rv.Embedding.from_arrays(X, modalities={"a": X, "b": X[:, :2]})


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: rv.knn(BOTH, 3, weights={"a": 1.0, "b": 0.0}),
            "`weights` must be None for 'latent', which is no sum of modalities, got "
            "{'a': 1.0, 'b': 0.0}.",
        ),
        (
            lambda: BOTH.space("a", weights={"a": 1.0, "b": 0.0}),
            "`weights` must be None for 'a', which is no sum of modalities, got "
            "{'a': 1.0, 'b': 0.0}.",
        ),
        (
            lambda: rv.data.Dataset.from_arrays({"a": X}, class_names=["x", "y"]),
            "`class_names` must come with `labels`, got ['x', 'y'] without.",
        ),
        (
            lambda: rv.Embedding.from_arrays(X, unlabelled=-1),
            "`unlabelled` must come with `labels` or `target`, got -1 without.",
        ),
        (
            lambda: rv.Embedding.from_arrays(X, ids="patient"),
            "`ids` must be names of rows, or name a column of a table, got 'patient', "
            "which none has.",
        ),
        (
            lambda: rv.data.words("text", version="2"),
            "`version` must be None without an `encoder`, got '2'.",
        ),
        (
            lambda: rv.compare({"a": rv.knn(SPACE, 3)}, rails=[]),
            "`rails` must be a mapping of named variants, e.g. {'refiner': value}, got "
            "list.",
        ),
        (
            lambda: rv.compare({"1": rv.knn(SPACE, 3), 1: rv.knn(SPACE, 3)}),
            "`graphs` must be unique, got '1' more than once.",
        ),
        (
            lambda: rv.Embedding.from_arrays(X[:2], ids=HIDDEN),
            "`ids` must name every row, got no name for row 0.",
        ),
        (
            lambda: rv.responsibility.effective_rank(np.ma.masked_array(X, X > 0)),
            "`x` must hold a number everywhere, got a masked entry.",
        ),
        (lambda: SPACE.reordered(SPACE.ids, like=3), "`like` must be a str, got int."),
    ],
)
def test_what_would_be_ignored(call, sentence):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value) == sentence


META = torch.ones(40, device="meta")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: rv.data.Dataset.from_arrays({"a": X}, groups=Config()),
            "`groups` must have one entry a row, got Config.",
        ),
        (
            lambda: rv.data.Dataset.from_arrays({"a": X}, labels={1, 2}),
            "`labels` must have one entry a row, got set.",
        ),
        (
            lambda: rv.Embedding.from_arrays(X, media=float),
            "`media` must be refnet_viz.data.Media(pictures, texts), got type.",
        ),
        *(
            (
                lambda name=name: rv.Embedding.from_arrays(X, **{name: META}),
                f"`{name}` must hold values that an array can have, "
                "got a tensor of torch.float32 on the device 'meta'.",
            )
            for name in ("labels", "target", "ids")
        ),
        (
            lambda: rv.graph.overlap("", rv.knn(SPACE, 3)),
            "`a` must be a Neighbors, got str.",
        ),
        (
            lambda: rv.responsibility.effective_rank(["1.5"]),
            "`x` must hold real numbers, got ['1.5'].",
        ),
        (
            lambda: SPACE.space("latent", centred=3),
            "`centred` must be True or False, got 3.",
        ),
    ],
)
def test_entries_of_another_kind(call, sentence):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == sentence


def test_ids_beyond_64_bits_are_text():
    own = rv.Embedding.from_arrays(X[:3], ids=[2**63, -(2**70), float("inf")])
    assert own.ids.tolist() == ["9223372036854775808", str(-(2**70)), "inf"]


def test_durations_are_no_whole_numbers():
    with pytest.raises(ValueError, match="`k` must be between"):
        rv.knn(SPACE, np.timedelta64(3, "s"))
