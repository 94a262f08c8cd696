"""Vectors of the user's own, in every container, in every verb."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import refnet_viz as rv
from refnet_viz import Embedding, plot
from refnet_viz._spaces import as_spaces

Z = np.random.default_rng(0).normal(size=(12, 3))
NAMES = [f"p{i}" for i in range(12)]
CONTAINERS = {
    "array": lambda z: z,
    "float32": lambda z: z.astype(np.float32),
    "frame": lambda z: pd.DataFrame(z, index=NAMES),
    "sparse": csr_array,
    "embedding": Embedding.from_arrays,
}
SHAPES = {
    "alone": lambda one: one,
    "seeds": lambda one: [one, one],
    "variants": lambda one: {"mine": one, "other": one},
    "seeds of variants": lambda one: {"mine": [one, one], "other": (one,)},
}


def same_shape(answer, values):
    """Whether an answer is nested as the values are."""
    if isinstance(values, dict):
        return list(answer) == list(values) and all(
            same_shape(answer[key], value) for key, value in values.items()
        )
    if isinstance(values, list | tuple):
        return len(answer) == len(values) and all(map(same_shape, answer, values))
    return not isinstance(answer, dict | list | tuple)


def firsts(answer):
    """Return the first value inside any shape."""
    while isinstance(answer, dict | list):
        answer = next(iter(answer.values())) if isinstance(answer, dict) else answer[0]
    return answer


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_knn_and_project_answer_in_the_shape_they_were_asked_in(container, shape):
    values = shape(container(Z))
    graphs, layouts = rv.knn(values, k=3), rv.project(values, "pca")
    assert same_shape(graphs, values)
    assert same_shape(layouts, values)
    embedding = Embedding.from_arrays(Z)
    np.testing.assert_array_equal(firsts(graphs).indices, rv.knn(embedding, 3).indices)
    np.testing.assert_array_equal(
        firsts(layouts).coordinates, rv.project(embedding, "pca").coordinates
    )
    named = container is CONTAINERS["frame"]
    ids = NAMES if named else [str(i) for i in range(12)]
    assert firsts(graphs).ids.tolist() == ids


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_compare_takes_vectors_by_name(container):
    values = {"mine": container(Z), "other": container(Z[:, ::-1] ** 3)}
    table = rv.compare(values, permutations=0)
    pd.testing.assert_frame_equal(table, rv.compare(rv.knn(values), permutations=0))
    assert table.attrs["k"] == 11


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_latent_draws_and_records_vectors(container, shape):
    values = shape(container(Z))
    figure = plot.latent(values, layout="pca")
    points = [t for t in figure.data if t.mode == "markers"]
    assert {len(t.x) for t in points} == {12}
    inputs = figure.layout.meta["call"]["inputs"]
    assert {entry["kind"] for entry in inputs} == {"embedding"}
    again = rv.replay(
        {"made_of": {"call": figure.layout.meta["call"]}}, as_spaces(values)
    )
    assert again.to_json() == figure.to_json()


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_explorers_and_pages_show_vectors(container, tmp_path):
    values = {"mine": container(Z), "other": container(-Z)}
    view = rv.explore(values, k=3, layout="pca")
    ids = rv.knn(values["mine"]).ids[:2].tolist()
    view.select(ids)
    assert view.selected["id"].tolist() == ids
    view.close()
    path = rv.export_html(values, tmp_path / "page.html", layout="pca")
    assert "other" in path.read_text()


def test_reports_are_written_of_vectors(tmp_path):
    path = rv.report({"mine": Z, "other": -Z}, tmp_path / "report.html")
    assert "other" in path.read_text()


def test_attribute_searches_embeddings():
    own = Embedding.from_arrays(Z, modalities={"a": Z[:, :2], "b": Z[:, 1:]})
    found, slow = rv.attribute({"mine": own}), rv.attribute({"mine": rv.knn(own)})
    pd.testing.assert_frame_equal(found["mine"].table, slow["mine"].table)


@pytest.mark.parametrize("container", list(CONTAINERS.values()), ids=CONTAINERS)
def test_attribute_says_that_vectors_have_no_modalities(container):
    with pytest.raises(ValueError, match="must have modalities") as caught:
        rv.attribute(container(Z))
    assert str(caught.value) == (
        "`graphs` must have modalities to attribute to, got none."
    )


VERBS = {
    "knn": (rv.knn, "spaces", "Embedding"),
    "project": (rv.project, "spaces", "Embedding"),
    "latent": (plot.latent, "spaces", "Embedding"),
    "overlaps": (plot.overlaps, "spaces", "Embedding"),
    "spectrum": (plot.spectrum, "spaces", "Embedding"),
    "attribute": (rv.attribute, "graphs", "Neighbors, Embedding"),
}


@pytest.mark.parametrize(("verb", "name", "kinds"), VERBS.values(), ids=VERBS)
def test_a_list_of_lists_is_told_to_be_made_an_array(verb, name, kinds):
    with pytest.raises(TypeError) as caught:
        verb(Z.tolist())
    assert str(caught.value) == (
        f"`{name}` must hold {kinds} values or arrays (rows, features), got a list of "
        "numbers; a list holds an embedding a seed, so make an array of it first."
    )


@pytest.mark.parametrize(("verb", "name", "kinds"), VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("value", ["path", None, 3], ids=["text", "none", "number"])
def test_what_is_no_vector_is_named(verb, name, kinds, value):
    with pytest.raises(TypeError) as caught:
        verb({"mine": value})
    assert str(caught.value) == (
        f"`{name}['mine']` must hold {kinds} values or arrays (rows, features), "
        f"got {type(value).__name__}."
    )


def test_graphs_and_vectors_do_not_go_together():
    with pytest.raises(TypeError) as caught:
        rv.compare({"mine": rv.knn(Z, 3), "other": Z})
    assert str(caught.value) == (
        "`graphs['other']` must hold Neighbors values, got ndarray."
    )


@pytest.mark.parametrize(
    ("verb", "old"), [(rv.knn, "embedding"), (rv.project, "embeddings")]
)
def test_former_names_work_and_warn(verb, old):
    name = verb.__name__
    with pytest.warns(FutureWarning, match="next version") as caught:
        answer = verb(**{old: Z})
    assert str(caught[0].message) == (
        f"{name}({old}=) is called {name}(spaces=) now; the old name goes with the "
        "next version."
    )
    assert caught[0].filename == __file__
    assert answer.ids.tolist() == verb(spaces=Z).ids.tolist()
    with pytest.raises(TypeError, match="unexpected keyword"):
        verb(Z, **{old: Z})
