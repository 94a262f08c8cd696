"""Results beside a saved comparison: read again, or computed where not whole."""

import numpy as np
import pytest

import refnet_viz as rv
from refnet_viz.explorer import computed, store
from refnet_viz.explorer.embeddings import Key
from refnet_viz.explorer.store import Store
from refnet_viz.storage.computed import path_of, read_computed, write_computed

NAME = ["graph", "abc", 3]
ARRAYS = {"indices": np.arange(6).reshape(3, 2), "distances": np.eye(3)}


def test_what_was_written_is_read(tmp_path):
    assert read_computed(tmp_path, NAME) is None
    write_computed(tmp_path, NAME, ARRAYS, {"rate": float("nan"), "words": "é"})
    arrays, beside = read_computed(tmp_path, NAME)
    assert arrays.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert arrays[name].dtype == values.dtype
        assert np.array_equal(arrays[name], values)
    assert beside["words"] == "é"
    assert np.isnan(beside["rate"])
    assert read_computed(tmp_path, ["graph", "abc", 4]) is None


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_file_that_was_changed_is_not_read(tmp_path, place):
    write_computed(tmp_path, NAME, ARRAYS, None)
    path = path_of(tmp_path, NAME)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert read_computed(tmp_path, NAME) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_file_of_something_else_is_not_read(tmp_path, content):
    path_of(tmp_path, NAME).write_bytes(content)
    assert read_computed(tmp_path, NAME) is None


def test_a_folder_that_is_gone_keeps_nothing(tmp_path):
    write_computed(tmp_path / "gone", NAME, ARRAYS, None)
    assert not (tmp_path / "gone").exists()


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    ids = [f"p{i}" for i in range(40)]
    spaces = {
        name: [
            rv.Embedding.from_arrays(rng.normal(size=(40, 4)), ids=ids)
            for _ in range(2)
        ]
        for name in ("plain", "both")
    }
    return rv.save(spaces, tmp_path / "comparison")


def opened(folder):
    return Store.of(rv.load(folder), 5)


KEYS = [Key("plain", 0, "latent"), Key("both", 1, "latent", "cosine")]
METHODS = ("umap", "aligned", "pca")


def results(held):
    graphs = [held.graph(key, 5) for key in KEYS]
    return graphs, [held.layout(key, method) for key in KEYS for method in METHODS]


def test_graphs_and_layouts_of_a_saved_comparison_are_read(folder, monkeypatch):
    monkeypatch.setattr(computed, "WORTH", 0.0)
    graphs, layouts = results(opened(folder))

    def never(*_, method="", **__):
        raise AssertionError(f"{method} is computed again")

    with monkeypatch.context() as patched:
        patched.setattr(store, "knn", never)
        real = store._project

        def pca(embedding, method, *rest):
            return never(method) if method != "pca" else real(embedding, method, *rest)

        patched.setattr(store, "_project", pca)
        again, laid = results(opened(folder))
    for before, after in zip(graphs, again, strict=True):
        assert np.array_equal(before.indices, after.indices)
        assert np.array_equal(before.distances, after.distances)
        assert before.metric == after.metric
    for before, after in zip(layouts, laid, strict=True):
        assert np.array_equal(before.coordinates, after.coordinates)
        assert before.title == after.title
        assert before.settings == after.settings
        assert before.trustworthiness == after.trustworthiness


def test_another_comparison_in_the_folder_starts_anew(folder, monkeypatch):
    monkeypatch.setattr(computed, "WORTH", 0.0)
    opened(folder).graph(KEYS[0], 5)
    assert len([*folder.glob("computed-*")]) == 1
    rv.save(rv.load(folder), folder)
    assert not [*folder.glob("computed-*")]


def test_what_takes_no_time_or_has_no_folder_is_not_kept(folder):
    opened(folder).graph(KEYS[0], 5)
    own = rv.Embedding.from_arrays(np.eye(9))
    Store.of({"mine": [own]}, 3).graph(Key("mine", 0, "latent"), 3)
    assert not [*folder.glob("computed-*")]


def test_embeddings_of_two_folders_have_none_in_common(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(computed, "WORTH", 0.0)
    other = rv.save(rv.load(folder), tmp_path / "other")
    both = {"a": rv.load(folder)["plain"], "b": rv.load(other)["both"]}
    Store.of(both, 5).graph(Key("a", 0, "latent"), 5)
    assert not [*folder.glob("computed-*"), *other.glob("computed-*")]
