"""What comes in any order, of any type or number is shown, compared and kept."""

from __future__ import annotations

import numpy as np
import pytest

import refnet_viz as rv
from refnet_viz import graph
from refnet_viz.embedding import Embedding
from refnet_viz.graph.pairs import shared

N = 24


def space(seed=0, **more):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(N, 4))
    parts = {"a": rng.normal(size=(N, 3)), "b": rng.normal(size=(N, 2))}
    given = {"labels": ["x", "y"] * (N // 2), "modalities": parts} | more
    return Embedding.from_arrays(z, ids=[f"r{i:02}" for i in range(N)], **given)


def turned(embedding, seed=1):
    return embedding.subset(np.random.default_rng(seed).permutation(len(embedding)))


PAIRS = {
    "overlap": graph.overlap, "jaccard": graph.jaccard, "rewiring": graph.rewiring,
    "rbo": graph.rbo, "shared": shared,
    "second_order_cosine": graph.second_order_cosine,
}  # fmt: skip


@pytest.mark.parametrize("measure", PAIRS.values(), ids=PAIRS)
def test_rows_in_another_order_change_no_pair_measure(measure):
    first, other = rv.knn(space(), 5), rv.knn(space(1), 5)
    expected = measure(first, other)
    np.testing.assert_allclose(measure(first, rv.knn(turned(space(1)), 5)), expected)
    np.testing.assert_allclose(measure(first, other.reordered(first.ids)), expected)


def test_an_embedding_is_as_itself_in_another_order():
    first, again = (rv.knn(e, 5) for e in (space(), turned(space())))
    assert graph.overlap(first, again) == 1
    back = again.reordered(first.ids)
    np.testing.assert_array_equal(back.indices, first.indices)
    np.testing.assert_array_equal(back.distances, first.distances)
    assert back.reordered(first.ids) is back


def test_rows_that_lack_a_space_stay_absent_when_they_move():
    present = np.ones((N, 2), dtype=bool)
    present[3, 0] = present[7, 0] = False
    own = rv.knn(space(present=present), 4, space="a")
    moved = rv.knn(turned(space(present=present)), 4, space="a").reordered(own.ids)
    np.testing.assert_array_equal(moved.indices, own.indices)
    assert (moved.indices[3] == -1).all()
    assert np.isinf(moved.distances[7]).all()


def test_comparisons_and_figures_do_not_depend_on_the_order():
    one, two = space(), space(1)
    straight = rv.knn({"plain": one, "other": two}, 5)
    crossed = rv.knn({"plain": one, "other": turned(two)}, 5)
    tables = [rv.compare(graphs, permutations=20) for graphs in (straight, crossed)]
    numbers = [table.select_dtypes("number").to_numpy() for table in tables]
    np.testing.assert_allclose(*numbers, equal_nan=True)
    pairs = [rv.graph.compare_pairs(g) for g in (straight, crossed)]
    np.testing.assert_allclose(pairs[0]["mean"], pairs[1]["mean"])
    kept = [rv.plot.rewiring(g, "plain", "other", layout="pca").layout.meta["kept"]
            for g in (straight, crossed)]  # fmt: skip
    assert kept[0] == kept[1]
    meta = [rv.plot.overlaps({"a": one, "b": other}).layout.meta
             for other in (two, turned(two))]  # fmt: skip
    assert meta[0]["alt"] == meta[1]["alt"]


def test_a_map_of_another_order_has_its_points_where_they_were():
    one, two = space(), space(1)
    maps = [rv.project({"a": one, "b": b}, "aligned") for b in (two, turned(two))]
    np.testing.assert_array_equal(maps[0]["b"].coordinates, maps[1]["b"].coordinates)
    mixed = turned(one)
    figure = rv.plot.latent({"a": one, "b": mixed}, layout=rv.project(one, "pca"))
    straight, crossed = (t for t in figure.data if t.mode == "markers" and len(t.x) > 1)
    places = dict(zip(straight.customdata, straight.x, strict=True))
    assert [places[i] for i in mixed.ids] == crossed.x.tolist()


@pytest.mark.parametrize(
    "verb",
    [
        lambda a, b: rv.compare(rv.knn({"a": a, "b": b}, 3)),
        lambda a, b: rv.graph.compare_pairs(rv.knn({"a": a, "b": b}, 3)),
        lambda a, b: rv.explore({"a": a, "b": b}),
        lambda a, b: rv.export_html({"a": a, "b": b}, "page.html"),
        lambda a, b: rv.report({"a": a, "b": b}, "page.html"),
        lambda a, b: rv.plot.overlaps({"a": a, "b": b}),
        lambda a, b: rv.plot.rewiring(rv.knn({"a": a, "b": b}, 3), "a", "b"),
        lambda a, b: rv.project({"a": a, "b": b}, "aligned"),
    ],
)
def test_other_ids_are_one_sentence_with_counts(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="must have the same ids as") as caught:
        verb(space(), space().subset(np.arange(N - 2)))
    assert f"got {N - 2} and {N} of which {N - 2} are the same" in str(caught.value)
    assert "'r22' is only in" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:A value is trying")
def test_eight_rows_need_no_k(tmp_path):
    few = space().subset(np.arange(8))
    assert rv.knn(few).k == 7
    assert rv.knn([few, space()])[1].k == 7
    assert rv.explore(few).k == 7
    rv.plot.latent(few)
    rv.compare({"few": rv.knn(few)})
    rv.graph.attribute(rv.knn(few))
    assert rv.export_html(few, tmp_path / "p.html").exists()
    assert rv.report(few, tmp_path / "r.html", progress=False).exists()
    for verb in (
        lambda: rv.knn(few, 15), lambda: rv.explore(few, k=15),
        lambda: rv.export_html(few, tmp_path / "q.html", k=15),
        lambda: rv.report(few, tmp_path / "q.html", k=15),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"`k` must be between 1 and 7"):
            verb()


def test_the_default_k_counts_the_rows_that_have_the_space():
    present = np.ones((N, 2), dtype=bool)
    present[6:, 0] = False
    assert rv.knn(space(present=present), space="a").k == 5
    assert rv.knn(space(present=present)).k == 15
