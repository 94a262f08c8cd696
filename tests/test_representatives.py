"""Representatives by networkx's PageRank of each class, over seeds and modalities."""

from dataclasses import FrozenInstanceError

import networkx as nx
import numpy as np
import pytest

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.graph import representatives

RNG = np.random.default_rng(8)
N = 90
LABELS = np.repeat([0, 1, 2], N // 3)
X = 2.0 * LABELS[:, None] + RNG.normal(size=(N, 3))
PICTURES = [np.full((4, 4, 3), i, np.uint8) for i in range(N)]
TEXTS = [f"<b>row {i}</b>" for i in range(N)]


def space(z, **more):
    names = ["low", "mid", "high"]
    return rv.Embedding.from_arrays(z, labels=LABELS, class_names=names, **more)


def seeds(noise, **more):
    return [
        rv.knn(space(X + noise * RNG.normal(size=X.shape), **more), k=6)
        for _ in range(3)
    ]


def of_networkx(graph, number):
    """Return the PageRank of each row of a class among its rows."""
    rows = np.flatnonzero(number == LABELS).tolist()
    inside = nx.DiGraph()
    inside.add_nodes_from(rows)
    inside.add_edges_from(
        (i, j) for i in rows for j in graph.indices[i].tolist() if LABELS[j] == number
    )
    ranks = nx.pagerank(inside, tol=1e-13, max_iter=500)
    return {i: len(rows) * ranks[i] for i in rows}


def test_they_are_the_most_central_rows_of_each_class():
    graph = seeds(0.0)[0]
    table = representatives(graph, most=4).table
    assert table["class"].tolist() == ["low"] * 4 + ["mid"] * 4 + ["high"] * 4
    for number, name in enumerate(["low", "mid", "high"]):
        ranks = of_networkx(graph, number)
        rows = table[table["class"] == name]
        expected = sorted(ranks, key=lambda i: -ranks[i])[:4]
        assert rows["id"].astype(int).tolist() == expected
        assert np.allclose(rows["pagerank"], [ranks[i] for i in expected], atol=1e-6)
    assert (table["seeds kept"] == 1).all()


def test_seeds_that_agree_keep_them_and_noise_gives_chance():
    alike = representatives(seeds(0.0), most=5)
    assert (alike.table["seeds kept"] == 1).all()
    assert (alike.agreement["shared"] == 1).all()
    apart = representatives(seeds(30.0), most=5)
    assert apart.table["seeds kept"].mean() < 0.75
    assert (apart.agreement["chance"] == 5 / 30).all()
    assert abs(apart.agreement["shared"].mean() - 5 / 30) < 0.2
    assert set(apart.agreement["first"]) == {"seed"}


def test_a_modality_that_disagrees_is_named():
    other = RNG.normal(size=(N, 3))  # knows nothing of the classes' centres
    graph = rv.knn(space(X, modalities={"same": X, "other": other}), k=6)
    result = representatives(graph, most=6)
    assert (result.table["by same"] > 0.6).all()
    disputed = result.table["disputed"].str.contains("other")
    assert disputed.tolist() == (result.table["by other"] < 0.5).tolist()
    assert 0 < disputed.sum() < len(disputed)
    shared = result.agreement.groupby("second")["shared"].mean()
    assert shared["same"] > shared["other"]


def test_a_selection_has_representatives_of_its_own():
    graph = seeds(0.0)[0]
    by_mask = representatives(graph, rows=LABELS == 1, most=3)
    by_class = representatives(graph, most=3).table
    expected = by_class[by_class["class"] == "mid"]["id"].tolist()
    assert by_mask.table["id"].tolist() == expected
    assert set(by_mask.table["class"]) == {"selection"}
    few = representatives(graph, rows=["3", "7"]).table
    assert len(few) == 2


def test_rows_without_a_modality_have_no_place_in_it():
    present = np.ones((N, 1), bool)
    present[::2] = False
    graph = rv.knn(space(X, modalities={"a": X}, present=present), k=6)
    table = representatives(graph, most=30).table
    lacks = ~present[table["id"].astype(int), 0]
    assert table["by a"].isna().tolist() == lacks.tolist()


def test_pictures_and_texts_are_shown_and_nothing_is_markup():
    graph = rv.knn(space(X, media=Media(PICTURES, TEXTS)), k=6)
    result = representatives(graph, most=2)
    page = result._repr_html_()
    assert page.count("<img src=") == 6
    assert "&lt;b&gt;row" in page
    assert "<b>row" not in page
    assert "pagerank" in repr(result)
    with pytest.raises(FrozenInstanceError):
        result.table = None


def test_bad_input_is_one_sentence():
    graph = seeds(0.0)[0]
    with pytest.raises(TypeError, match="`graphs` must be a graph, or a list"):
        representatives({"a": graph})
    with pytest.raises(ValueError, match="got no labels"):
        representatives(rv.knn(X, k=6))
    with pytest.raises(ValueError, match="`rows` must select at least two rows, got 1"):
        representatives(graph, rows=["3"])
    with pytest.raises(ValueError, match="`rows` must hold known ids, got 'x'"):
        representatives(graph, rows=["3", "x"])
    with pytest.raises(ValueError, match="`most` must be a whole number of at least 1"):
        representatives(graph, most=0)
