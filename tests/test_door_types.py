"""Values of another type are one sentence at the door they come to."""

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
