"""The noise of points beside the slow way: other points, searched again."""

import numpy as np
import pytest

from refnet_viz import Embedding
from refnet_viz.data.stored import InMemory, Stored
from refnet_viz.graph import (
    METRICS,
    compare,
    compare_pairs,
    halves,
    influence,
    knn,
    labelled,
    topology,
)
from refnet_viz.graph.neighbors import Neighbors
from refnet_viz.graph.over_points import apart_over_points
from refnet_viz.graph.pairs import jaccard, overlap

N, K = 50, 6
RNG = np.random.default_rng(1)
LABELS = RNG.integers(0, 4, N)
POINTS = RNG.normal(size=(N, 3)) + 1.5 * np.eye(4, 3)[LABELS]
MOVED = POINTS + 0.5 * RNG.normal(size=POINTS.shape)
SOME = np.where(RNG.random(N) < 0.2, -1, LABELS)


@pytest.fixture
def few_are_enough(monkeypatch):
    """Let halves of fifty points stand for all of them."""
    monkeypatch.setattr(halves, "PER_NEIGHBOR", 2)
    monkeypatch.setattr(halves, "_KNOWN", {})


def graph(points=POINTS, labels=LABELS, k=K):
    return knn(Embedding.from_arrays(points, labels=labels), k)


def partly(points, labels, k):
    return knn(Embedding.from_arrays(points, labels=labels, unlabelled=-1), k)


def slow(number):
    """Return the influences by searching N times, for one neighbour less."""
    everyone = np.arange(N)
    whole = number(everyone)
    without = [number(np.delete(everyone, i)) for i in everyone]
    return (N - 1) * (whole - np.array(without))


@pytest.mark.parametrize(
    ("metric", "of_points"),
    [
        (labelled.purity, influence.of_purity),
        (labelled.adjusted_homophily, influence.of_adjusted_homophily),
        (topology.hubness, influence.of_hubness),
        (topology.reciprocity, influence.of_reciprocity),
    ],
)
def test_influences_are_those_of_leaving_each_point_out(metric, of_points):
    expected = slow(lambda rows: metric(graph(POINTS[rows], LABELS[rows], K - 1)))
    np.testing.assert_allclose(of_points(graph()), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("metric", "of_points"),
    [
        (labelled.purity, influence.of_purity),
        (labelled.adjusted_homophily, influence.of_adjusted_homophily),
    ],
)
def test_unlabelled_points_count_only_as_neighbours(metric, of_points):
    expected = slow(lambda rows: metric(partly(POINTS[rows], SOME[rows], K - 1)))
    found = of_points(partly(POINTS, SOME, K))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_two_graphs_lose_a_point_together():
    def both(rows):
        return graph(POINTS[rows], None, K - 1), graph(MOVED[rows], None, K - 1)

    a, b = graph(labels=None), graph(MOVED, None)
    for measure, of_one in (
        (overlap, influence.overlap_of),
        (lambda *pair: jaccard(*pair).mean(), influence.jaccard_of),
    ):
        expected = slow(lambda rows, measure=measure: measure(*both(rows)))
        found = influence.of_shared(a, b, of_one)
        np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("metric", "of_halves"),
    [
        (labelled.purity, halves.of_purity),
        (labelled.adjusted_homophily, halves.of_adjusted_homophily),
        (topology.hubness, halves.of_hubness),
        (topology.reciprocity, halves.of_reciprocity),
    ],
)
@pytest.mark.usefixtures("few_are_enough")
def test_halves_are_graphs_of_their_own(metric, of_halves):
    expected = [
        (metric(graph(POINTS[x], LABELS[x])) - metric(graph(POINTS[~x], LABELS[~x])))
        / 2
        for x in halves.halved(graph()).sides
    ]
    np.testing.assert_allclose(of_halves(graph()), expected, atol=1e-12)


SEVERAL = np.column_stack([LABELS == 0, LABELS > 1, RNG.random(N) < 0.4]).astype(int)


@pytest.mark.parametrize("labels", [SOME, SEVERAL])
@pytest.mark.parametrize(
    ("metric", "of_halves"),
    [
        (labelled.purity, halves.of_purity),
        (labelled.adjusted_homophily, halves.of_adjusted_homophily),
    ],
)
@pytest.mark.usefixtures("few_are_enough")
def test_halves_of_some_or_several_labels_are_graphs_of_their_own(
    metric, of_halves, labels
):
    def number(rows):
        return metric(partly(POINTS[rows], labels[rows], K))

    whole = partly(POINTS, labels, K)
    sides = halves.halved(whole).sides
    expected = [(number(side) - number(~side)) / 2 for side in sides]
    np.testing.assert_allclose(of_halves(whole), expected, atol=1e-12)


@pytest.mark.parametrize("metric", ["purity", "adjusted_homophily", "hubness"])
@pytest.mark.usefixtures("few_are_enough")
def test_halves_leave_out_points_without_the_space(metric):
    here = np.ones(N, bool)
    here[[3, 20, 41]] = False

    def number(rows):
        return METRICS[metric].function(knn(space.subset(rows), K, space="a"))

    space = Embedding.from_arrays(
        POINTS, modalities={"a": POINTS}, present=here[:, None], labels=LABELS
    )
    whole = knn(space, K, space="a")
    sides = halves.halved(whole).sides
    expected = [(number(x & here) - number(~x & here)) / 2 for x in sides]
    np.testing.assert_allclose(METRICS[metric].halves(whole), expected, atol=1e-12)


@pytest.mark.usefixtures("few_are_enough")
def test_every_search_of_halves_finds_the_same(monkeypatch):
    def on_disk():
        features = Stored(InMemory(POINTS))
        space = Embedding.from_arrays(POINTS, modalities={"a": features})
        return knn(space, K, space="a")

    scaled = [halves.halved(graph(POINTS * 10.0**e)).near for e in (-25, 25)]
    products, read = (halves.halved(one).near for one in (graph(), on_disk()))
    assert np.array_equal(products[:K].T, graph().indices)
    assert all(np.array_equal(near, products) for near in scaled)
    monkeypatch.setattr(halves, "MANY", 0)
    assert np.array_equal(halves.halved(graph()).near, products)
    monkeypatch.setattr(halves, "nearest", None)
    assert np.array_equal(halves.halved(on_disk()).near, read)


@pytest.mark.usefixtures("few_are_enough")
def test_two_graphs_are_halved_alike():
    a, b = graph(labels=None), graph(MOVED, None)
    expected = []
    for side in halves.halved(a).sides:
        first, second = (
            jaccard(graph(POINTS[x], None), graph(MOVED[x], None)).mean()
            for x in (side, ~side)
        )
        expected.append((first - second) / 2)
    found = halves.of_shared(a, b, influence.jaccard_of)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.usefixtures("few_are_enough")
def test_lists_of_many_points_are_long_enough_for_halves(monkeypatch):
    exact = halves.of_purity(graph())
    monkeypatch.setattr(halves, "FEW", 0)
    monkeypatch.setattr(halves, "_KNOWN", {})
    assert halves.of_purity(graph()) == pytest.approx(exact, abs=0.01)
    # Too few for k neighbours in each half, no vectors, or too many to search again.
    assert halves.halved(graph(POINTS[:12], LABELS[:12])) is None
    bare = graph()
    lists = bare.indices, bare.distances
    options = {"self_column": False, "squared": False, "labels": LABELS}
    bare = Neighbors.from_arrays(None, *lists, **options)
    assert halves.halved(bare) is None
    monkeypatch.setattr(halves, "MOST", N - 1)
    assert halves.halved(graph(k=5)) is None
    monkeypatch.undo()
    assert halves.halved(graph()) is None  # fewer than 20 points a neighbour
    assert halves.halved(graph(k=2)) is not None


def test_lists_of_another_tool_are_judged_by_influences():
    graphs = {}
    for name, points in (("a", POINTS), ("b", MOVED)):
        made = graph(points)
        options = {"self_column": False, "squared": False, "labels": LABELS}
        lists = made.indices, made.distances
        graphs[name] = Neighbors.from_arrays(None, *lists, **options)
    table = compare(graphs, metrics=["purity"], permutations=0)
    spread = influence.of_purity(graph()).var(ddof=1) / N
    half = table.high[0] - table["mean"][0]
    assert half == pytest.approx(2.009575 * np.sqrt(spread), rel=1e-5)


def test_first_orders_are_near():
    expected = slow(lambda rows: topology.clustering(graph(POINTS[rows], None, K - 1)))
    found = influence.of_clustering(graph(labels=None))
    assert np.corrcoef(found, expected)[0, 1] > 0.9
    assert found.std() == pytest.approx(expected.std(), rel=0.25)


def test_vectors_without_seeds_have_intervals_over_points():
    table = compare({"a": graph(), "b": graph(MOVED)}, permutations=0)
    row = table[(table.metric == "purity") & (table.variant == "b")].iloc[0]
    apart = apart_over_points("purity", graph(MOVED), graph())
    assert (row.diff_low, row.diff_high) == (apart.low, apart.high)
    assert (row.over, row.pairing) == ("points", "unpaired")
    assert row.low < row["mean"] < row.high
    assert set(table[table.metric == "spectral_gap"].over) == {""}
    pairs = compare_pairs({"a": graph(), "b": graph(MOVED)})
    assert pairs.low.notna().all()
    assert set(pairs.verdict) == {"cannot tell: 1 seed"}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: compare({"a": graph()}, over="rows"),
            "`over` must be one of 'both', 'seeds', 'points', got 'rows'.",
        ),
        (
            lambda: compare({"a": graph()}, metrics=["purity"], family=["puriy"]),
            "`family` must be one of 'purity', got 'puriy'.",
        ),
        (
            lambda: compare_pairs({"a": graph()}, family=["purity"]),
            "`family` must be one of 'knn_jaccard', 'rbo', 'cka', "
            "'second_order_cosine', got 'purity'.",
        ),
    ],
)
def test_what_nobody_can_answer_is_one_sentence(call, sentence):
    with pytest.raises(ValueError, match="must be one of") as caught:
        call()
    assert str(caught.value) == sentence
