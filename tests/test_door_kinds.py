"""Kinds of values of which each door that takes them says the same."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.io
import torch
from doors import IDS, LABELS, X
from scipy import sparse

import refnet_viz as rv
from refnet_viz.responsibility import lipschitz_bound, pure_by_loss

SPACE = rv.Embedding.from_arrays(
    X, labels=LABELS, ids=IDS, modalities={"a": X, "b": X[:, :2]}
)
BOTH = rv.data.Dataset.from_arrays({"a": X, "b": X})
GRAPH = rv.knn(SPACE, 3)
OTHER = rv.knn(
    rv.Embedding.from_arrays(X, labels=1 - LABELS, ids=IDS, modalities={"a": X}), 3
)
LISTS = {"indices": GRAPH.indices, "self_column": False}


def from_lists(**words):
    return rv.Neighbors.from_embedding(SPACE, **LISTS | words)


@pytest.mark.parametrize(
    "values", [sparse.csr_array(LABELS), sparse.coo_array(LABELS[:, None])]
)
def test_sparse_columns_are_columns(values):
    data = rv.data.Dataset.from_arrays({"a": X}, labels=values)
    assert data.labels.tolist() == LABELS.tolist()
    data = rv.data.Dataset.from_arrays({"a": X}, target=values)
    assert data.target.tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    "call",
    [
        lambda names: rv.data.Dataset.from_arrays(
            {"a": X}, labels=LABELS, class_names=names
        ),
        lambda names: rv.data.Media(texts=names),
    ],
)
def test_a_set_is_no_list(call):
    call(["x", "y"])
    with pytest.raises(TypeError, match=r"^`(class_names|texts)` must [^\n]*\bset\b"):
        call({"x", "y"})


def test_a_set_of_options_has_their_order():
    view = rv.explore({"one": SPACE, "two": SPACE}, layout="pca")
    for names in ({"two", "one"}, frozenset(["one", "two"])):
        view.variants = names
        assert view.variants == ("one", "two")
    view.variants = ["two", "one"]
    assert view.variants == ("two", "one")


def test_a_set_of_numbers_is_sorted():
    assert rv.attribute(GRAPH, beyond={2, 10, 5}).beyond == (2, 5, 10)


def test_double_precision_stays_in_sparse_tensors():
    target = torch.tensor(X[:, 0]).to_sparse()
    data = rv.data.Dataset.from_arrays({"a": X}, target=target)
    assert data.target.tolist() == X[:, 0].tolist()


def test_views_are_called_as_a_series_says(tmp_path):
    scipy.io.savemat(tmp_path / "m.mat", {"fea": X, "more": X, "gnd": LABELS + 1})
    for views, names in (
        (pd.Series({"a": "fea"}), ["a"]),
        (pd.Series(["more", "fea"]), ["more", "fea"]),
    ):
        data = rv.data.from_mat(tmp_path / "m.mat", views=views)
        assert list(data.modalities) == names


def test_none_is_no_variant():
    view = rv.explore({"one": SPACE, "two": SPACE}, layout="pca")
    with pytest.raises(
        ValueError, match=r"^`variant` must be one of 'one', 'two', got"
    ):
        view.variant = None


def test_names_are_text_of_pythons_own():
    name = np.str_("a")
    data = rv.data.Dataset.from_arrays(
        {"m": X}, metadata={name: X[:, 0]}, info={name: 1}
    )
    graph = rv.knn(SPACE, 3, space="sum", weights={name: 1.0, np.str_("b"): 1})
    scaled = rv.graph.Reweighting.of(SPACE, "sum").scaled({name: 1.0, "b": 1.0})
    config = rv.Config(fusion=np.str_("concat"), refiner_weights={name: 1.0})
    for names in (data.metadata.columns, data.info, graph.weights, scaled,
                  config.refiner_weights, [config.fusion]):  # fmt: skip
        assert {type(one) for one in names} == {str}


def test_weights_of_a_graph_are_its_own():
    weights = {"a": 1.0, "b": 0.5}
    graph = rv.knn(SPACE, 3, space="sum", weights=weights)
    weights["a"] = 7.0
    assert graph.weights == {"a": 1.0, "b": 0.5}


HIDDEN = {i: np.ma.masked_array(v, np.arange(v.size).reshape(v.shape) == 0)
          for i, v in (("indices", GRAPH.indices), ("labels", LABELS),
                       ("ids", SPACE.ids), ("source", np.array([0, 1])))}  # fmt: skip


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: from_lists(indices=HIDDEN["indices"]),
         "`indices` must hold a number everywhere, got a masked entry."),
        (lambda: from_lists(indices=torch.ones((40, 3), requires_grad=True)),
         "`indices` must be whole numbers of shape (points, neighbours), got float32 "
         "of shape (40, 3)."),
        (lambda: from_lists(ids=HIDDEN["ids"]),
         "`ids` must name rows everywhere, got a masked entry."),
        (lambda: pure_by_loss(X, HIDDEN["labels"], alpha=0.5, beta=0.5),
         "`labels` must hold a number everywhere, got a masked entry."),
        (lambda: lipschitz_bound(
            SPACE, modality="a", source=HIDDEN["source"], target=np.array([2, 3])),
         "`source` must hold a number everywhere, got a masked entry."),
    ],
)  # fmt: skip
def test_what_is_masked_or_learns_is_no_row(call, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call()


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([*IDS, IDS[0]], "`ids` must be unique, got 'p0' more than once."),
        ([pd.NA, *IDS[1:]], "`ids` must hold names of rows, got"),
    ],
)
@pytest.mark.parametrize("value", [SPACE, GRAPH])
def test_an_order_names_each_row_once(value, ids, sentence):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(sentence)}"):
        value.reordered(np.array(ids, dtype=object))


@pytest.mark.parametrize("join", [None, "inner", "outer"])
def test_fewer_numbers_than_ids_pair_with_nothing(join):
    sentence = r"^`labels` must have as many rows as `ids` \(40\), got 2\.$"
    with pytest.raises(ValueError, match=sentence):
        rv.data.Dataset.from_arrays({"a": X}, labels={0: 1, 1: 0}, ids=IDS, join=join)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: rv.graph.jaccard(GRAPH, OTHER), "b"),
        (lambda: rv.graph.edge_diff(GRAPH, OTHER), "b"),
        (lambda: rv.graph.overlap(GRAPH, OTHER), "b"),
        (lambda: rv.guard(SPACE, OTHER.embedding, k=3), "new"),
        (lambda: rv.compare({"x": GRAPH}, rails={"r": OTHER.embedding}), "rails['r']"),
        (lambda: rv.compare({"x": GRAPH}, rails={"r": OTHER}), "rails['r']"),
    ],
)
def test_other_labels_of_the_same_ids_are_other_points(call, name):
    with pytest.raises(ValueError, match=f"^`{re.escape(name)}` must be of the points"):
        call()


def test_rails_of_other_points_are_refused():
    rail = SPACE.subset(np.arange(20))
    with pytest.raises(ValueError, match=r"^`rails\['r'\]` must have the same ids as"):
        rv.compare({"x": GRAPH}, rails={"r": rail})


def test_names_of_variants_are_no_bytes():
    for call in (rv.compare, rv.graph.compare_pairs, rv.graph.calibrated_similarity):
        with pytest.raises(TypeError, match=r"^`graphs` must have text for names, got"):
            call({b"a": GRAPH, "b": GRAPH})


@pytest.mark.parametrize("fusion", [b"concat", ["concat"], None])
def test_a_fusion_is_a_name(fusion):
    with pytest.raises(TypeError, match=r"^`fusion` must be the name of a fusion, got"):
        rv.Config(fusion=fusion)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda path: rv.data.on_disk(path, key=""),
         "`key` must be a name or a list of names, got ''."),
        (lambda path: rv.data.on_disk(path, key="X\0"),
         "`key` must be a name or a list of names, got 'X\\x00'."),
        (lambda path: rv.data.on_disk(rv.data.on_disk(path), key="X"),
         "`key` must be None where `source` is no path, got 'X'."),
        (lambda path: rv.data.on_disk(path, key=[]),
         "`key` must be a name or a list of names, got none."),
        (lambda _: rv.project(SPACE, "pca", space=""),
         "`space` must be one of 'latent', 'a', 'b', 'sum', got ''."),
        (lambda _: rv.compare({"x": GRAPH}, family=[]),
         "`family` must have at least one name, got none."),
        (lambda _: rv.project(SPACE, "pca", landmarks=5),
         "`landmarks` must be None where `method` is 'pca', got 5."),
    ],
)  # fmt: skip
def test_what_else_would_be_ignored(call, sentence, tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call(tmp_path / "x.npy")


def test_rounding_is_said_once_a_call():
    def far(texts):
        return np.array([[1e9 + len(text), 1.0] for text in texts])

    texts = ["a" * n for n in range(1, 9)]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        rv.data.encode(texts, far, kind="words", batch_size=2, progress=False)
    sentences = [str(one.message) for one in warned]
    assert len([one for one in sentences if "32 bits" in one]) == 1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda names: rv.data.without(BOTH, names),
         "`names` must be a name or a list of names, got dict."),
        (lambda names: rv.compare({"x": GRAPH}, metrics=names),
         "`metrics` must be a name or a list of names, got dict."),
        (lambda names: rv.data.Dataset.from_arrays(
            {"a": X}, labels=LABELS, class_names=names),
         "`class_names` must hold several values, got {'a': 0, 'b': 1}."),
    ],
)  # fmt: skip
def test_a_mapping_is_no_list_of_its_names(call, sentence):
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        call({"a": 0, "b": 1})


def test_a_title_is_text(tmp_path):
    with pytest.raises(TypeError, match=r"^`title` must be a str, got tuple\.$"):
        rv.report(SPACE, tmp_path / "r.html", title=("a",))


def test_a_matrix_without_rows_to_go_through_is_no_list():
    with pytest.raises(TypeError, match=r"^`family` must hold several values, got"):
        rv.compare({"x": GRAPH}, family=sparse.dia_matrix(np.eye(3)))


@pytest.mark.parametrize("word", ["", "xy", b"xy"])
def test_a_word_is_no_list_of_its_letters(word):
    sentence = r"^`class_names` must hold several values, got"
    with pytest.raises(TypeError, match=sentence):
        rv.data.Dataset.from_arrays({"a": X}, labels=LABELS, class_names=word)


def test_a_sentence_has_one_line():
    with pytest.raises(TypeError, match=r"^`texts` must hold text, got .* in row 0\.$"):
        rv.data.Media(texts=np.array([[[b"a"], [b"b"]]] * 2))


def test_a_folder_is_a_path():
    with pytest.raises(TypeError, match=r"^`folder` must be a path or its text, got"):
        rv.data.shared("rosmap", folder=pd.DataFrame(X))
