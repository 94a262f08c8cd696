"""Measures of two graphs against exact fractions and slow definitions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz.embedding import Embedding
from refnet_viz.graph import (
    alignment,
    edge_diff,
    jaccard,
    knn,
    linear_cka,
    overlap,
    pairs,
    rbo,
    rewiring,
    second_order_cosine,
)
from refnet_viz.graph.pairs import shuffled

# neighbours 1 2 | 0 2 | 1 3 | 2 1 and 1 3 | 3 0 | 3 1 | 1 0
FIRST = knn(np.array([[0.0], [1.0], [3.0], [5.5]]), 2)
SECOND = knn(np.array([[0.0], [2.0], [9.0], [4.5]]), 2)

ONE_K = "`b` must have the same k as `a` (2), got 1."


def random_pair(seed, n=40, k=5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    y = np.hstack([x[:, :3], rng.normal(size=(n, 5))])
    return knn(x, k), knn(y, k)


def test_the_two_graphs_are_as_written_above():
    assert FIRST.indices.tolist() == [[1, 2], [0, 2], [1, 3], [2, 1]]
    assert SECOND.indices.tolist() == [[1, 3], [0, 3], [3, 1], [1, 0]]


def test_exact_shares_of_four_points():
    assert jaccard(FIRST, SECOND).tolist() == [1 / 3, 1 / 3, 1, 1 / 3]
    assert rewiring(FIRST, SECOND).tolist() == [1 - 1 / 3, 1 - 1 / 3, 0, 1 - 1 / 3]
    assert overlap(FIRST, SECOND) == (1 + 1 + 2 + 1) / 8


def test_exact_rank_biased_overlap():
    # agreement at depths 1 and 2: 1, 1/2 | 1, 1/2 | 0, 1 | 0, 1/2; p = 1/2
    expected = [
        a2 * 0.25 + 1 * (a1 * 0.5 + a2 * 0.25)
        for a1, a2 in [(1, 0.5), (1, 0.5), (0, 1), (0, 0.5)]
    ]
    assert rbo(FIRST, SECOND, p=0.5).tolist() == expected


def test_edges_kept_gained_and_lost():
    diff = edge_diff(FIRST, SECOND)
    assert diff.kept.tolist() == [[0, 1], [1, 2], [1, 3], [2, 3]]
    assert diff.lost.tolist() == [[0, 2]]
    assert diff.gained.tolist() == [[0, 3]]
    assert diff.shares == {"kept": 4 / 6, "gained": 1 / 6, "lost": 1 / 6}
    assert diff.frame().iloc[3:].to_numpy().tolist() == [
        ["2", "3", "kept"],
        ["0", "3", "gained"],
        ["0", "2", "lost"],
    ]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.sampled_from(["union", "mutual", "directed"]))
def test_edge_diff_is_the_difference_of_sets(seed, mode):
    a, b = random_pair(seed, n=12, k=3)
    diff = edge_diff(a, b, mode=mode)
    before, after = (set(graph.to_networkx(mode).edges) for graph in (a, b))
    if mode != "directed":
        before, after = (
            {tuple(sorted(edge, key=int)) for edge in edges}
            for edges in (before, after)
        )
    for found, expected in [
        (diff.kept, before & after),
        (diff.gained, after - before),
        (diff.lost, before - after),
    ]:
        assert {(str(i), str(j)) for i, j in found.tolist()} == expected
    assert sum(diff.shares.values()) == pytest.approx(1)


def slow_rbo(a, b, p):
    k = len(a)
    agree = [len(set(a[:d]) & set(b[:d])) / d for d in range(1, k + 1)]
    total = sum(agree[d - 1] * p**d for d in range(1, k + 1))
    return agree[-1] * p**k + (1 - p) / p * total


def slow_second_order(a, b, i):
    around = sorted({*a.indices[i].tolist(), *b.indices[i].tolist()})
    vectors = []
    for graph in (a, b):
        z = graph.points()
        vectors.append(
            [z[i] @ z[j] / np.linalg.norm(z[i]) / np.linalg.norm(z[j]) for j in around]
        )
    s, t = np.array(vectors)
    return s @ t / np.linalg.norm(s) / np.linalg.norm(t)


@pytest.mark.parametrize("budget", [1, 2**22])
@pytest.mark.parametrize("seed", range(3))
def test_measures_of_points_equal_their_definitions(monkeypatch, seed, budget):
    monkeypatch.setattr(pairs, "_BUDGET", budget)
    monkeypatch.setattr(alignment, "_BUDGET", budget)
    a, b = random_pair(seed)
    sets = [
        (set(x), set(y))
        for x, y in zip(a.indices.tolist(), b.indices.tolist(), strict=True)
    ]
    assert jaccard(a, b).tolist() == [len(x & y) / len(x | y) for x, y in sets]
    assert overlap(a, b) == pytest.approx(np.mean([len(x & y) / 5 for x, y in sets]))
    slow = [
        slow_rbo(x, y, 0.8)
        for x, y in zip(a.indices.tolist(), b.indices.tolist(), strict=True)
    ]
    np.testing.assert_allclose(rbo(a, b, p=0.8), slow)
    slow = [slow_second_order(a, b, i) for i in range(len(a))]
    np.testing.assert_allclose(second_order_cosine(a, b), slow)


def test_a_graph_is_as_like_itself_as_can_be():
    a, _ = random_pair(0)
    for measure in (jaccard, rbo, second_order_cosine):
        np.testing.assert_allclose(measure(a, a), 1)
    assert overlap(a, a) == 1


def test_overlap_of_unrelated_graphs_is_k_over_the_other_points():
    rng = np.random.default_rng(0)
    a, b = (knn(rng.normal(size=(500, 3)), 10) for _ in range(2))
    assert overlap(a, b) == pytest.approx(10 / 499, abs=0.004)
    assert overlap(a, shuffled(a, seed=1)) == pytest.approx(10 / 499, abs=0.004)


def test_shuffling_exchanges_points_and_nothing_else():
    a, _ = random_pair(1)
    moved = shuffled(a, seed=0)
    assert np.array_equal(moved.ids, a.ids)
    again = knn(moved.embedding, a.k)
    assert np.array_equal(again.indices, moved.indices)
    assert np.array_equal(again.distances, moved.distances)
    assert not np.array_equal(moved.indices, a.indices)


def test_second_order_cosine_takes_zero_rows_as_unlike_all():
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert second_order_cosine(knn(x, 1), knn(x + 1, 1))[0] == 0


def slow_hsic(K, L):
    """Sum the unbiased estimator of Song et al. over Gram matrices."""
    n = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    one = np.ones(n)
    return (
        np.trace(K @ L)
        + (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (one @ K @ L @ one)
    )


def test_cka_equals_its_definition_on_gram_matrices():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)) + 2, rng.normal(size=(12, 20)) - 1
    y[:, :3] += 2 * x
    # not centred: the estimator does not change with a shift
    K, L = x @ x.T, y @ y.T
    expected = slow_hsic(K, L) / np.sqrt(slow_hsic(K, K) * slow_hsic(L, L))
    assert linear_cka(x, y) == pytest.approx(expected)
    H = np.eye(12) - 1 / 12
    K, L = H @ K @ H, H @ L @ H
    expected = np.sum(K * L) / np.linalg.norm(K) / np.linalg.norm(L)
    assert linear_cka(x, y, debiased=False) == pytest.approx(expected)


def test_cka_of_unrelated_wide_spaces_is_zero_only_without_bias():
    rng = np.random.default_rng(0)
    found = {
        debiased: np.mean(
            [
                linear_cka(*rng.normal(size=(2, 30, 60)), debiased=debiased)
                for _ in range(20)
            ]
        )
        for debiased in (True, False)
    }
    assert abs(found[True]) < 0.03
    assert found[False] > 0.5


def test_cka_is_blind_to_rotation_shift_and_scale():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 4))
    turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    assert linear_cka(x, 3 * x @ turn + 5) == pytest.approx(1)
    assert np.isnan(linear_cka(x, np.ones((20, 2)), debiased=False))


def renamed(graph):
    ids = np.array(["x", *graph.ids[1:]])
    return replace(graph, embedding=replace(graph.embedding, ids=ids))


@pytest.mark.parametrize(
    "measure", [overlap, jaccard, rewiring, rbo, second_order_cosine, edge_diff]
)
def test_other_points_are_refused(measure):
    with pytest.raises(ValueError, match="ids") as raised:
        measure(FIRST, renamed(SECOND))
    assert str(raised.value) == (
        "`b` must have the same ids as `a`, in any order, got 4 and 4 of which 3 are "
        "the same: 'x' is only in `b`."
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: overlap(FIRST, SECOND.head(1)), ONE_K),
        (lambda: rbo(FIRST, SECOND.head(1)), ONE_K),
        (
            lambda: rbo(FIRST, SECOND, p=1.0),
            "`p` must be a finite number between 1e-06 and 0.999999, got 1.0.",
        ),
        (
            lambda: linear_cka(np.eye(4), np.eye(5)),
            "`y` must have as many rows as `x` (4), got 5.",
        ),
        (
            lambda: linear_cka(np.eye(3), np.eye(3)),
            "`rows` must be a whole number of at least 4, got 3.",
        ),
    ],
)
def test_errors_name_argument_rule_and_value(call, sentence):
    with pytest.raises(ValueError, match="must") as raised:
        call()
    assert str(raised.value) == sentence


def test_neighbourhoods_of_different_sizes_have_a_jaccard_index():
    assert jaccard(FIRST.head(1), SECOND).tolist() == [1 / 2, 1 / 2, 1 / 2, 0]


def test_labels_stay_with_ids_where_points_are_shuffled():
    graph = knn(Embedding.from_arrays([[0.0], [1.0], [5.0]], labels=[0, 1, 2]), 1)
    moved = shuffled(graph, seed=0)
    assert moved.embedding.z.ravel().tolist() != [0.0, 1.0, 5.0]
    assert (moved.ids.tolist(), moved.labels.tolist()) == (["0", "1", "2"], [0, 1, 2])
