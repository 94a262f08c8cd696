"""Graphs and layouts that exist, in the explorer: shown as they are, or refused."""

from dataclasses import replace

import numpy as np
import pytest

import refnet_viz as rv
from refnet_viz.explorer import store as stores
from refnet_viz.graph import Neighbors

from . import exploring

K = 6


def spaces():
    return {
        name: [exploring.embedding(name, seed) for seed in (0, 1)]
        for name in ("plain", "both")
    }


@pytest.fixture
def nothing_is_computed(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(stores, "knn", refuse)
    monkeypatch.setattr(stores, "project", refuse)


def test_graphs_and_layouts_of_every_run_are_shown_and_not_computed(
    monkeypatch, request
):
    own = spaces()
    graphs, layouts = rv.knn(own, K), rv.project(own, "aligned")
    request.getfixturevalue("nothing_is_computed")
    view = rv.explore(own, neighbors=graphs, layouts=layouts, k=4)
    assert view._store.k_max == K
    for name, members in own.items():
        for number, run in enumerate(members):
            view.change(seed=run.info["seed"], variants=[name])
            (panel,) = view._view.panels
            assert np.array_equal(
                panel.layout.coordinates, layouts[name][number].coordinates
            )
            shown = panel.table.graph
            assert np.array_equal(shown.indices, graphs[name][number].indices[:, :4])
    with pytest.raises(ValueError, match=r"^`k` must be"):
        view.k = K + 1


def test_graphs_find_their_embedding_whatever_their_order():
    own = spaces()
    graphs = rv.knn(own, K)
    ids = own["plain"][0].ids[::-1]
    turned = {"both": [graph.reordered(ids) for graph in graphs["both"][::-1]]}
    view = rv.explore(own, neighbors=turned, layout="pca", variants=["both"])
    assert view.k == K
    for seed in (0, 1):
        view.seed = seed
        shown = view._view.panels[0].table.graph
        assert np.array_equal(shown.indices, graphs["both"][seed].indices)


def test_the_recall_of_approximate_lists_is_said():
    own = exploring.embedding("mine", 0, rows=60)
    lists = rv.knn(own, 8).indices.copy()
    lists[:, 0] = (np.arange(60) + 30) % 60  # mostly no near one
    wrong = [len(set(line)) < 8 or row in line for row, line in enumerate(lists)]
    lists[wrong] = rv.knn(own, 8).indices[wrong]
    graph = Neighbors.from_embedding(own, lists, self_column=False)
    assert graph.recall.value < 1
    view = rv.explore(own, neighbors=graph, layout="pca")
    assert view._view.panels[0].table.graph.recall == graph.recall
    assert graph.approximation in view.screen.strip["caption"]


def test_what_is_shown_can_be_made_again_from_its_code_and_its_record():
    own = exploring.embedding("mine", 0)
    graph, layout = rv.knn(own, K), rv.project(own, "umap")
    view = rv.explore(own, neighbors=graph, layouts=layout)
    assert view.code() == (
        f"view = rv.explore(spaces, neighbors=neighbors, layouts=layouts, k={K})"
    )
    figure = view.snapshot()
    again = rv.replay({"made_of": {"call": figure.layout.meta["call"]}}, inputs=own)
    assert again.to_json() == figure.to_json()


def test_a_page_takes_them_too(tmp_path, request):
    own = exploring.embedding("mine", 0)
    graphs = [rv.knn(own, 10, space=name) for name in own.spaces]
    layout = rv.project(own, "pca")
    plain = rv.export_html(own, tmp_path / "a.html", layout="pca", k=5)
    request.getfixturevalue("nothing_is_computed")
    same = rv.export_html(
        own,
        tmp_path / "b.html",
        neighbors=graphs,
        layouts=layout,
        layout="pca",
        k=5,
    )
    assert same.read_bytes() == plain.read_bytes()


def changed(graph, **values):
    return replace(graph, **{k: np.asarray(v) for k, v in values.items()})


def bad_graphs():
    own = exploring.embedding("mine", 0)
    graph = rv.knn(own, K)
    itself, missing, nobody = (graph.indices.copy() for _ in range(3))
    itself[3, 0], missing[4, 2], nobody[5] = 3, -1, -1
    other = exploring.embedding("other", 0)
    renamed = exploring.embedding("mine", 0, ids=[f"q{i}" for i in range(exploring.N)])
    line = r"^`neighbors\['mine'\]"
    return own, [
        (graph.indices, TypeError, line + r"` must hold Neighbors values, got ndarray"),
        (
            {"else": graph},
            ValueError,
            r"^`neighbors` must be one of 'mine', got 'else'",
        ),
        (
            changed(graph, indices=itself),
            ValueError,
            line + r"\.indices` must not hold",
        ),
        (changed(graph, indices=missing), ValueError, line + r"\.indices` must be row"),
        (changed(graph, indices=nobody), ValueError, line + r"\.indices` must hold"),
        (
            changed(graph, distances=graph.distances**2 + 1),
            ValueError,
            line + r"\.distances` must be the euclidean distances",
        ),
        (rv.knn(other, K), ValueError, line + r"` must be of the points of"),
        (rv.knn(renamed, K), ValueError, line),
        (
            Neighbors.from_arrays(
                own.ids,
                graph.indices,
                graph.distances,
                self_column=False,
                squared=False,
            ),
            ValueError,
            line + r"` must be lists of the embedding",
        ),
        ([graph, graph], ValueError, line + r"` must hold one graph a space"),
        (rv.knn(own, 2), ValueError, r"^`neighbors` must have at least `k` = 4"),
    ]


@pytest.mark.parametrize("number", range(11))
def test_what_does_not_belong_is_refused_in_one_sentence(number):
    own, cases = bad_graphs()
    graphs, kind, words = cases[number]
    with pytest.raises(kind, match=words) as error:
        rv.explore(own, neighbors=graphs, layout="pca", k=4)
    assert str(error.value).count(". ") == 0


def test_layouts_that_do_not_belong_are_refused():
    own = spaces()
    pca = rv.project(own, "pca")
    with pytest.raises(ValueError, match=r"^`layout` must be 'pca' to show"):
        rv.explore(own, layouts=pca)
    with pytest.raises(ValueError, match=r"must hold a layout of the 'latent' space"):
        rv.explore(own, layouts={"plain": pca["plain"][0]}, layout="pca")
    with pytest.raises(TypeError, match=r"^`layouts` must be a mapping"):
        rv.explore(own, layouts=pca["plain"][0], layout="pca")
    other = exploring.embedding("x", 0, ids=[f"q{i}" for i in range(exploring.N)])
    with pytest.raises(ValueError, match=r"^`layouts\['plain'\]"):
        rv.explore(
            own,
            layouts={"plain": [rv.project(other, "pca")] * 2},
            layout="pca",
        )
