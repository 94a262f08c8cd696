"""Exact search against brute force, and the matrices made of its answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refnet_viz import _search as search_module
from refnet_viz.embedding import Embedding
from refnet_viz.graph import Neighbors, knn

LINE = np.array([[0.0], [1.0], [3.0], [6.0]])
# a, a again, b, c: distances 0, 3 and 4, 5 by Pythagoras.
TWINS = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])


def brute_force(points, k, metric):
    """Compare every pair in a double loop; ties go to the lower row number."""
    x = np.asarray(points, dtype=np.float32).astype(np.float64)
    n = len(x)
    indices, distances = [], []
    for i in range(n):
        row = []
        for j in range(n):
            if i != j:
                row.append((distance(x[i], x[j], metric), j))
        row.sort()
        indices.append([j for _, j in row[:k]])
        distances.append([d for d, _ in row[:k]])
    return np.array(indices), np.array(distances)


def distance(a, b, metric):
    if metric == "euclidean":
        return float(np.sqrt(((a - b) ** 2).sum()))
    if not a.any() or not b.any():
        return float(a.any() != b.any())
    cosine = 1 - float(a @ b) / float(np.sqrt(a @ a) * np.sqrt(b @ b))
    return float(np.round(abs(cosine), 13))


grids = st.tuples(st.integers(3, 24), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-2, 2).map(float))
)


@settings(deadline=None, max_examples=150)
@given(grids, st.data())
def test_search_equals_brute_force_on_grids_full_of_ties(points, data):
    k = data.draw(st.integers(1, len(points) - 1))
    indices, distances = brute_force(points, k, "euclidean")
    found = knn(points, k)
    assert found.indices.tolist() == indices.tolist()
    assert found.distances.tolist() == distances.tolist()


@settings(deadline=None, max_examples=100)
@given(grids, st.data())
def test_cosine_equals_brute_force_on_grids_with_zero_rows(points, data):
    k = data.draw(st.integers(1, len(points) - 1))
    _, distances = brute_force(points, k, "cosine")
    graph = knn(points, k, metric="cosine")
    np.testing.assert_allclose(graph.distances, distances, atol=1e-13)
    # Vectors of other lengths at one angle differ by rounding: which of them is nearer
    # is not said, but their distances are.
    every = np.full((len(points), len(points)), np.nan)
    np.put_along_axis(every, *brute_force(points, len(points) - 1, "cosine"), axis=1)
    chosen = np.take_along_axis(every, graph.indices, axis=1)
    np.testing.assert_allclose(chosen, distances, atol=1e-13)
    ties = np.diff(graph.distances) == 0
    assert (np.diff(graph.indices)[ties] > 0).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_search_equals_brute_force_far_from_the_origin(metric, offset):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(150, 7)) + offset
    points[20:40] = points[0]
    indices, distances = brute_force(points, 9, "euclidean")
    found = knn(points, 9, metric=metric)
    if metric == "euclidean":
        assert np.array_equal(found.indices, indices)
        assert np.array_equal(found.distances, distances)
    else:
        expected = brute_force(points, 9, "cosine")[1]
        np.testing.assert_allclose(found.distances, expected, atol=1e-12)


@pytest.mark.parametrize("budget", [1, 500, 10_000])
def test_blocks_of_any_size_give_the_same(monkeypatch, budget):
    rng = np.random.default_rng(1)
    points = rng.integers(0, 3, size=(400, 6)).astype(float)
    expected = knn(points, 5)
    monkeypatch.setattr(search_module, "_BUDGET", budget)
    found = knn(points, 5)
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.distances, expected.distances)


def test_large_search_equals_brute_force_by_row():
    # Enough points for chunk minima, with ties at every distance.
    rng = np.random.default_rng(2)
    points = rng.integers(0, 2, size=(3000, 9)).astype(float)
    points[:1500] += rng.normal(size=(1500, 9)).astype(np.float32)
    found = knn(points, 12)
    x = points.astype(np.float32).astype(np.float64)
    for i in range(0, 3000, 29):
        apart = np.sqrt(((x - x[i]) ** 2).sum(axis=1))
        apart[i] = np.inf
        order = np.lexsort((np.arange(3000), apart))[:12]
        assert found.indices[i].tolist() == order.tolist()
        assert found.distances[i].tolist() == apart[order].tolist()


def test_constant_rows_take_the_lowest_row_numbers():
    found = knn(np.ones((5, 3)), 2)
    assert found.indices.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]
    assert not found.distances.any()


def test_zero_rows_are_far_from_all_but_one_another():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [-2.0, 0.0], [5.0, 0.0]])
    found = knn(points, 4, metric="cosine")
    assert found.indices[0].tolist() == [2, 1, 3, 4]
    assert found.distances[0].tolist() == [0, 1, 1, 1]
    assert found.indices[1].tolist() == [4, 0, 2, 3]
    assert found.distances[1].tolist() == [0, 1, 1, 2]


def test_search_sees_the_space_asked_for():
    data = Embedding.from_arrays(
        LINE, modalities={"image": -(LINE**2), "text": LINE[::-1]}
    )
    assert knn(data, 1, space="text").indices.ravel().tolist() == [1, 2, 3, 2]
    heavy = knn(data, 1, space="sum", weights={"image": 1e6, "text": 1e-6})
    assert np.array_equal(heavy.indices, knn(data, 1, space="image").indices)
    assert heavy.points()[0, 0] == 1e3 * float(data.inputs["image"][0, 0])


def test_answer_has_the_shape_of_the_question():
    one = Embedding.from_arrays(LINE)
    found = knn({"plain": [one, one], "refiner": [one]}, 1)
    assert {name: len(graphs) for name, graphs in found.items()} == {
        "plain": 2,
        "refiner": 1,
    }
    assert all(isinstance(graph, Neighbors) for graph in found["plain"])


def test_head_is_the_search_of_a_smaller_k():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(30, 2))
    assert np.array_equal(knn(points, 8).head(3).indices, knn(points, 3).indices)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: knn(LINE, 4),
            ValueError,
            "`k` must be between 1 and 3 (the number of other points), got 4.",
        ),
        (
            lambda: knn(LINE, 1, metric="manhattan"),
            ValueError,
            "`metric` must be one of 'euclidean', 'cosine', got 'manhattan'.",
        ),
        (
            lambda: knn(LINE, 1, space="refined"),
            ValueError,
            "`space` must be one of 'latent', got 'refined'.",
        ),
        (
            lambda: knn("emoji", 1),
            TypeError,
            "`spaces` must hold Embedding values or arrays (rows, features), got str.",
        ),
        (
            lambda: knn(LINE, 1).adjacency("both"),
            ValueError,
            "`mode` must be one of 'union', 'mutual', 'directed', got 'both'.",
        ),
        (
            lambda: knn(LINE, 1).adjacency(weights="cosine"),
            ValueError,
            "`weights` must be one of 'binary', 'distance', 'similarity', "
            "got 'cosine'.",
        ),
    ],
)
def test_errors_name_argument_rule_and_value(call, error, sentence):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == sentence


def test_adjacency_of_four_points_on_a_line():
    # 0 <-> 1 <- 3 <- 6
    graph = knn(LINE, 1)
    assert graph.adjacency("directed").toarray().tolist() == [
        [0, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
    ]
    assert graph.adjacency("union", "distance").toarray().tolist() == [
        [0, 1, 0, 0],
        [1, 0, 2, 0],
        [0, 2, 0, 3],
        [0, 0, 3, 0],
    ]
    assert graph.adjacency("mutual").toarray().tolist() == [
        [0, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ]
    assert graph.degree.tolist() == [1, 2, 2, 1]


@pytest.mark.parametrize(
    ("mode", "edges"), [("directed", 4), ("union", 6), ("mutual", 2)]
)
def test_duplicates_keep_their_edge_of_distance_zero(mode, edges):
    # a <-> a', b -> a, c -> a
    graph = knn(TWINS, 1)
    matrix = graph.adjacency(mode, "distance")
    assert matrix.nnz == edges
    assert np.count_nonzero(matrix.data == 0) == 2
    assert graph.to_networkx(mode).edges["0", "1"] == {"distance": 0.0, "weight": 1.0}


def test_similarity_is_a_half_at_the_mean_distance_and_free_of_units():
    graph = knn(LINE, 1)
    # distances 1, 1, 2, 3: mean 7/4
    assert graph.similarity(np.array([7 / 4, 0.0])).tolist() == [0.5, 1.0]
    scaled = knn(8 * LINE, 1)
    same = scaled.adjacency(weights="similarity") - graph.adjacency(
        weights="similarity"
    )
    assert abs(same).max() == 0
    assert knn(np.ones((3, 1)), 1).similarity(np.zeros(1)).tolist() == [1.0]


@settings(deadline=None, max_examples=50)
@given(grids, st.data())
def test_union_and_mutual_are_the_two_ways_to_symmetrise(points, data):
    graph = knn(points, data.draw(st.integers(1, len(points) - 1)))
    directed = graph.adjacency("directed").toarray()
    union = np.maximum(directed, directed.T)
    assert np.array_equal(graph.adjacency("union").toarray(), union)
    mutual = np.minimum(directed, directed.T)
    assert np.array_equal(graph.adjacency("mutual").toarray(), mutual)


def test_edges_of_many_points_are_sorted_without_sixteen_bits():
    n = 2**16 + 2
    ring = (np.arange(n)[:, None] + [1, -1]) % n
    embedding = Embedding.from_arrays(np.zeros((n, 1)))
    graph = Neighbors(embedding, "latent", "euclidean", ring, np.ones((n, 2)))
    source, target, _ = graph.edges("mutual")
    assert len(source) == n
    assert (source[:2].tolist(), target[:2].tolist()) == ([0, 0], [1, n - 1])


def test_summary_names_the_next_verb_and_escapes_names():
    embedding = Embedding.from_arrays(LINE, name="a<b")
    graph = knn(replace(embedding, info={**embedding.info, "seed": 3}), 1)
    assert graph._repr_html_() == (
        "<b>a&lt;b</b>, seed 3<br>4 points, k = 1<br>"
        "space: latent, distance: euclidean<br>3 edges, 33% of them mutual<br>"
        "median distance 2<br>next: <code>rv.compare(graphs)</code>"
    )


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        float,
        st.tuples(st.integers(4, 40), st.integers(1, 3)),
        elements=st.floats(-5, 5),
    ),
    st.floats(0, 1e6),
)
def test_radii_are_the_distances_of_the_search(x, away):
    x = x + away  # far from the origin, rounding would show
    ks = [1, 2, len(x) - 1]
    _, distances = search_module.nearest(x, len(x) - 1, metric="euclidean")
    np.testing.assert_array_equal(
        search_module.radii(x, ks), distances[:, [k - 1 for k in ks]]
    )


@settings(max_examples=40, deadline=None)
@given(
    arrays(
        float,
        st.tuples(st.integers(1, 9), st.integers(5, 60)),
        elements=st.sampled_from([0.0, 1.0, 2.0, np.inf]),
    ),
    st.integers(1, 5),
)
def test_the_smallest_entries_are_ordered_by_value_and_column(values, k):
    columns, found = search_module.smallest(values, k)
    order = np.argsort(values, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(columns, order)
    np.testing.assert_array_equal(found, np.take_along_axis(values, order, 1))
