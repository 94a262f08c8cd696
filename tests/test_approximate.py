"""Approximate search, and what is said about how much it misses."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz import _memory
from refnet_viz._search import effort, nearest, nearest_rows
from refnet_viz.graph import knn, search_effort
from refnet_viz.graph import search as search_module
from refnet_viz.graph.approximate import Recall, approximate, checked_rows
from refnet_viz.graph.pairs import shared
from refnet_viz.graph.points import purity_by_point


def points(n=2_600, width=6):
    rng = np.random.default_rng(0)
    return rng.normal(size=(9, width))[rng.integers(9, size=n)] + 0.3 * rng.normal(
        size=(n, width)
    )


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_distances_are_exact_and_the_recall_is_that_of_a_brute_count(metric):
    x = points()
    x[100:140] = x[0]
    x[7] = 0
    indices, distances, recall = approximate(x, 8, metric=metric)
    true_indices, true = nearest(x, 8, metric=metric)
    assert (distances >= true).all()
    assert (np.diff(distances, axis=1) >= 0).all()
    assert not (indices == np.arange(len(x))[:, None]).any()
    assert all(len(set(line)) == 8 for line in indices.tolist())
    same = indices == true_indices
    assert same.mean() > 0.9
    np.testing.assert_array_equal(distances[same], true[same])
    # Of duplicates none is missed: one of them is searched for.
    np.testing.assert_array_equal(indices[100:140], true_indices[100:140])
    rows = np.sort(np.random.default_rng(0).choice(len(x), 1_000, replace=False))
    found = (distances[rows] <= true[rows, -1:]).sum(axis=1)
    assert recall == Recall.of(found, 8)
    assert (recall.rows, recall.k) == (1_000, 8)
    assert recall.low <= (distances <= true[:, -1:]).mean() <= recall.high


def test_the_same_question_has_the_same_answer():
    x = points()
    one, other = (approximate(x, 5, metric="euclidean") for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])
    assert one[2] == other[2]


def test_rows_without_enough_candidates_are_searched_exactly(monkeypatch):
    import pynndescent

    x = points()

    class Lame:
        def __init__(self, data, n_neighbors, **_):
            found, _ = nearest(data.astype(float), n_neighbors, metric="euclidean")
            found[::3, 1:] = -1  # as pynndescent pads
            found[1::3] = np.roll(found[1::3], 400, axis=1)
            found[1::3, :5] = np.arange(len(data))[1::3, None]  # itself, many times
            self.neighbor_graph = found, None

    monkeypatch.setattr(pynndescent, "NNDescent", Lame)
    indices, _, recall = approximate(x, 6, metric="euclidean")
    expected = nearest(x, 6, metric="euclidean")[0]
    np.testing.assert_array_equal(indices[::3], expected[::3])
    np.testing.assert_array_equal(indices[2::3], expected[2::3])
    assert 0.8 < recall.value < 1


def test_what_is_missed_is_seen(monkeypatch):
    import pynndescent

    x = points()

    class Far:
        def __init__(self, data, n_neighbors, **_):
            near = nearest(data.astype(float), 40, metric="euclidean")[0]
            self.neighbor_graph = near[:, 2 : 2 + n_neighbors], None

    monkeypatch.setattr(pynndescent, "NNDescent", Far)
    recall = approximate(x, 8, metric="euclidean")[2]
    # Of the 8 nearest the third to the eighth are among what is said.
    assert recall.value == 6 / 8
    assert recall.low < 0.75 < recall.high


def test_few_rows_are_searched_exactly():
    x = points(300)
    graph = knn(x, 5, method="approximate")
    assert graph.recall is None
    np.testing.assert_array_equal(graph.indices, knn(x, 5).indices)
    # ... and so are those with few others that differ.
    twins = np.repeat(x, 10, axis=0)
    indices, _, recall = approximate(twins, 5, metric="euclidean")
    assert recall is None
    np.testing.assert_array_equal(indices, nearest(twins, 5, metric="euclidean")[0])


def test_the_graph_carries_its_recall_and_shows_it():
    x = points()
    graph = knn(x, 4, method="approximate")
    recall = graph.recall
    assert recall.k == 4
    assert graph.head(2).recall is recall
    assert graph.reordered(graph.ids[::-1]).recall is recall
    assert f"approximate: {recall}<br>" in graph._repr_html_()
    assert "approximate" not in knn(x, 4)._repr_html_()
    some = ["reciprocity"]
    table = rv.compare({"mine": graph, "exact": knn(x, 4)}, metrics=some)
    assert table.attrs["recall"] == {"mine": [recall.value], "exact": [None]}
    assert "recall" not in rv.compare({"exact": knn(x, 4)}, metrics=some).attrs


def test_rows_that_lack_the_space_stay_without_neighbours():
    x = points()
    data = rv.Embedding.from_arrays(
        x, modalities={"image": np.where(np.arange(len(x))[:, None] < 50, np.nan, x)}
    )
    graph = knn(data, 4, space="image", method="approximate")
    assert (graph.indices[:50] == -1).all()
    assert (graph.indices[50:] >= 50).all()
    assert graph.compact.recall == graph.recall


def test_auto_is_exact_until_that_takes_too_long(monkeypatch):
    x = points()
    assert knn(x, 4, method="auto").recall is None
    monkeypatch.setattr(search_module, "PATIENCE", 0.0)
    assert knn(x, 4, method="auto").recall is not None
    assert knn(x, 4).recall is None


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="`method` must be one of 'exact', 'appr"):
        knn(points(10), 2, method="fast")


def test_intervals_of_the_recall_by_hand():
    # Every row finds 1 of 2 or 2 of 2, half of the rows each: shares 1/2 and 1.
    found = np.array([1, 2] * 50)
    recall = Recall.of(found, 2)
    assert recall.value == 0.75
    # Variance of the mean 1/16 * 100/99 / 100; .75 * .25 over it is 297 > 200.
    assert recall.high - recall.low == pytest.approx(0.123, abs=0.002)
    # All or nothing: the variance of the mean is that of 99 rows; 100 are taken.
    clumped = Recall.of(np.array([0, 2, 2, 2] * 25), 2)
    assert clumped.high - clumped.low == pytest.approx(0.176, abs=0.002)
    # The exact binomial interval of 1,000 of 1,000: low is .025 ** (1 / 1000).
    whole = Recall.of(np.full(1_000, 15), 15)
    assert (whole.value, whole.high) == (1, 1)
    assert whole.low == pytest.approx(0.025 ** (1 / 1_000), rel=1e-9)
    none = Recall.of(np.zeros(1_000, dtype=int), 15)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 1_000), rel=1e-9)


def test_intervals_hold_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        hard = rng.random(300) < 0.2  # rows that miss many at once
        found = rng.binomial(15, np.where(hard, 0.6, 0.99))
        recall = Recall.of(found, 15)
        held += recall.low <= 0.2 * 0.6 + 0.8 * 0.99 <= recall.high
    assert held >= 0.93 * 400


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["euclidean", "cosine"]))
def test_the_neighbours_of_some_rows_are_those_of_all(seed, metric):
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, size=(rng.integers(3, 60), 2)).astype(float)
    k = int(rng.integers(1, len(x)))
    rows = np.flatnonzero(rng.random(len(x)) < 0.5)
    expected = nearest(x, k, metric=metric)
    if len(rows):
        for some, every in zip(
            nearest_rows(x, rows, k, metric=metric), expected, strict=True
        ):
            np.testing.assert_array_equal(some, every[rows])


def test_nothing_is_compiled_before_it_is_needed():
    code = "import sys, refnet_viz.graph; print('pynndescent' in sys.modules)"
    run = [sys.executable, "-c", code]
    said = subprocess.run(run, capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


# What is missed, in numbers


def half_wrong():
    """Return labelled points, the true graph, and one whose first half is random."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(3_000, 3))
    labels = (x[:, 0] > 0).astype(int)
    space = rv.Embedding.from_arrays(x, labels=labels, modalities={"image": x[:, :2]})
    true = knn(space, 4)
    lists = true.indices.copy()
    lists[:1_500] = (np.arange(1_500)[:, None] + [700, 800, 900, 1_000]) % 3_000
    return space, true, rv.Neighbors.from_embedding(space, lists, self_column=False)


def test_bias_is_the_difference_of_both_graphs_and_its_interval_holds_it():
    space, true, graph = half_wrong()
    own = knn(space, 4, space="image")
    biases = rv.graph.search_bias(graph, {"image": own})
    rows = checked_rows(len(space))
    whole = {
        "purity": [purity_by_point(one) for one in (graph, true)],
        "overlap with image": [shared(one, own) / 4 for one in (graph, true)],
    }
    assert biases.keys() == whole.keys()
    for name, (wrong, right) in whole.items():
        bias = biases[name]
        assert bias.difference == pytest.approx((wrong - right)[rows].mean())
        assert bias.low <= (wrong - right).mean() <= bias.high < 0
        assert bias.rows == 1_000
    assert str(biases["purity"]).startswith(f"{biases['purity'].difference:+.4f} (95 %")


def test_bias_does_not_depend_on_the_order_of_other_graphs():
    space, _, graph = half_wrong()
    own = knn(space, 4, space="image")
    turned = own.reordered(own.ids[::-1])
    assert rv.graph.search_bias(graph, {"a": own}) == rv.graph.search_bias(
        graph, {"a": turned}
    )


def test_nothing_missed_leaves_what_the_recall_cannot_rule_out():
    space, true, _ = half_wrong()
    graph = rv.Neighbors.from_embedding(space, true.indices, self_column=False)
    bias = rv.graph.search_bias(graph)["purity"]
    left = 1 - graph.recall.low
    assert (bias.difference, bias.low, bias.high) == (0, -left, left)
    assert left > 0
    assert rv.graph.search_bias(true) == {}  # exact


def test_numbers_of_approximate_graphs_are_shown_with_the_recall():
    space, true, graph = half_wrong()
    assert graph.approximation.startswith(f"recall {graph.recall.value:.3f} (")
    table = rv.compare({"a": graph, "b": true}, metrics=["purity"], permutations=0)
    bias = table.attrs["bias"]["a"][0]
    assert list(bias) == ["purity", "overlap with image", "overlap with sum"]
    assert table.attrs["bias"]["b"] == [{}]
    words = rv.plot.compare(table).layout.title.text
    assert f"recall {graph.recall.value:.2f}" in words
    figure = rv.plot.latent(space, edges=graph, layout="pca")
    assert graph.approximation in figure.layout.annotations[0].text


def test_a_search_that_does_not_fit_is_refused_before(monkeypatch):
    monkeypatch.setattr(_memory, "available", lambda: 2.0**19)
    with pytest.raises(MemoryError) as caught:
        knn(points(), 4)
    assert str(caught.value) == (
        "`spaces` must fit into memory: the search of 2,600 rows of 6 needs about "
        "0.9 MiB, 0.5 MiB are there."
    )


def test_effort_is_that_of_the_rows_that_are_searched():
    x = points()
    part = np.arange(len(x)) % 10 > 0
    efforts = search_effort({"mine": x}, metric="cosine")
    assert efforts == {"mine": effort(x, 15, metric="cosine")}
    own = rv.Embedding.from_arrays(
        x, modalities={"view": x}, present={"view": part}, join="outer"
    )
    standard = own.space("view", centred=False)[part]
    expected = effort(standard, 15, metric="euclidean")
    assert search_effort(own, space="view") == expected
    with pytest.raises(ValueError, match="`k` must be"):
        search_effort(x, k=len(x))
    with pytest.raises(ValueError, match="`metric` must be"):
        search_effort(x, metric="taxicab")
