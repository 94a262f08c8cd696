"""Calibrated similarity against the published algorithm, written out slowly."""

import math

import numpy as np
import pytest

import refnet_viz as rv
from refnet_viz.graph import calibrated_similarity
from refnet_viz.graph.calibrated import permuted_rows

RNG = np.random.default_rng(5)
N, K = 26, 4
X = RNG.normal(size=(N, 3))
Y = X + 0.8 * RNG.normal(size=X.shape)
PERMUTATIONS, SEED = 30, 3
MEASURES = ["knn_jaccard", "rbo", "cka", "second_order_cosine"]


def lists(x):
    far = np.linalg.norm(x[:, None] - x, axis=2)
    np.fill_diagonal(far, np.inf)
    return np.argsort(far, axis=1, kind="stable")[:, :K].tolist()


def knn_jaccard(x, y):
    pairs = zip(lists(x), lists(y), strict=True)
    return np.mean([len({*a} & {*b}) / len({*a} | {*b}) for a, b in pairs])


def rbo(x, y, p=0.9):
    total = 0.0
    for a, b in zip(lists(x), lists(y), strict=True):
        agree = [len({*a[:d]} & {*b[:d]}) / d for d in range(1, K + 1)]
        parts = [agree[d - 1] * p**d for d in range(1, K + 1)]
        total += agree[-1] * p**K + (1 - p) / p * sum(parts)
    return total / N


def cka(x, y):
    """Return the debiased alignment from Gram matrices without their diagonals."""

    def hsic(a, b):
        k, m = a @ a.T, b @ b.T
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        one = np.ones(N)
        middle = (one @ k @ one) * (one @ m @ one) / ((N - 1) * (N - 2))
        return np.trace(k @ m) + middle - 2 / (N - 2) * (one @ k @ m @ one)

    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return hsic(x, y) / math.sqrt(hsic(x, x) * hsic(y, y))


def second_order_cosine(x, y):
    def cosines(z, i, near):
        unit = z / np.linalg.norm(z, axis=1, keepdims=True)
        return np.array([unit[i] @ unit[j] for j in near])

    total = 0.0
    for i, (a, b) in enumerate(zip(lists(x), lists(y), strict=True)):
        near = sorted({*a} | {*b})
        s, t = cosines(x, i, near), cosines(y, i, near)
        total += s @ t / (np.linalg.norm(s) * np.linalg.norm(t))
    return total / N


SLOW = dict(zip(MEASURES, (knn_jaccard, rbo, cka, second_order_cosine), strict=True))


def published(x, y, similarity, orders, alpha=0.05):
    """Return score, p and critical value by algorithm 1 of arXiv 2602.14486."""
    observed = similarity(x, y)
    null = [similarity(x, y[order]) for order in orders]
    values = sorted([observed, *null])
    critical = values[math.ceil((1 - alpha) * len(values)) - 1]
    p = (1 + sum(value >= observed for value in null)) / (len(null) + 1)
    return min(max((observed - critical) / (1 - critical), 0), 1), p, critical


@pytest.mark.parametrize("other", [Y, RNG.normal(size=X.shape)])
def test_scores_are_those_of_the_published_algorithm(other):
    graphs = {"x": rv.knn(X, K), "y": rv.knn(other, K)}
    table = calibrated_similarity(graphs, permutations=PERMUTATIONS, seed=SEED)
    orders = permuted_rows(graphs["y"], PERMUTATIONS, SEED)
    assert table["metric"].tolist() == MEASURES
    for row in table.itertuples():
        score, p, critical = published(X, other, SLOW[row.metric], orders)
        assert row.calibrated == pytest.approx(score, abs=1e-6), row.metric
        assert row.critical == pytest.approx(critical, abs=1e-6)
        assert row.p == pytest.approx(p)
        assert row.low <= row.calibrated <= row.high


def test_equal_graphs_have_one_and_unrelated_ones_nothing():
    graphs = {"x": rv.knn(X, K), "turned": rv.knn(-2 * X, K)}
    table = calibrated_similarity(graphs, permutations=20)
    assert np.allclose(table["calibrated"], 1)
    assert np.allclose(table["low"], 1)
    assert (table["p"] == 1 / 21).all()
    scores = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        both = {name: rv.knn(rng.normal(size=(40, 3)), K) for name in "ab"}
        row = calibrated_similarity(both, measures="knn_jaccard", permutations=19)
        scores.append(row["calibrated"][0] > 0)
    assert np.mean(scores) <= 0.25


def test_runs_of_one_seed_are_calibrated_together():
    def runs(shift):
        made = []
        for seed in (0, 1, 2):
            rng = np.random.default_rng(10 * shift + seed)
            z = X + 0.5 * rng.normal(size=X.shape)
            space = rv.Embedding.from_arrays(z)
            space.info["seed"] = seed
            made.append(rv.knn(space, K))
        return made

    graphs = {"a": runs(1), "b": runs(2)[::-1]}
    table = calibrated_similarity(graphs, measures=["knn_jaccard"], permutations=20)
    row = table.iloc[0]
    pairs = zip(graphs["a"], graphs["b"][::-1], strict=True)
    values = [rv.graph.jaccard(a, b).mean() for a, b in pairs]
    assert row["seeds"] == 3
    assert row["observed"] == pytest.approx(np.mean(values))
    assert row["seed_low"] < row["calibrated"] < row["seed_high"]


def test_the_interval_is_that_of_independent_rows():
    """With rows that have nothing in common, the jackknife is the standard error."""
    values = rv.graph.jaccard(rv.knn(X, K), rv.knn(Y, K))
    graphs = {"x": rv.knn(X, K), "y": rv.knn(Y, K)}
    row = calibrated_similarity(graphs, measures="knn_jaccard").iloc[0]
    half = (row["high"] - row["low"]) / 2 * (1 - row["critical"])
    expected = 2.09 * values.std(ddof=1) / math.sqrt(N)  # t of 19 degrees
    assert half == pytest.approx(expected, rel=0.35)


def test_bare_vectors_are_searched_and_lists_without_vectors_have_no_cka():
    table = calibrated_similarity({"x": X, "y": Y}, permutations=5)
    assert table["observed"].notna().all()
    bare = [
        rv.graph.Neighbors.from_arrays(
            None,
            rv.knn(z, K).indices,
            np.ones((N, K)),
            self_column=False,
            squared=False,
        )
        for z in (X, Y)
    ]
    graphs = dict(zip("xy", bare, strict=True))
    table = calibrated_similarity(graphs, permutations=5).set_index("metric")
    assert table.loc[["cka", "second_order_cosine"], "calibrated"].isna().all()
    assert table.loc[["knn_jaccard", "rbo"], "calibrated"].notna().all()


def test_bad_input_is_one_sentence():
    with pytest.raises(ValueError, match="`graphs` must hold at least two variants"):
        calibrated_similarity({"x": X})
    with pytest.raises(TypeError, match="`graphs` must be a mapping"):
        calibrated_similarity([X, Y])
    with pytest.raises(ValueError, match="`measures` must be one of 'knn_jaccard'"):
        calibrated_similarity({"x": X, "y": Y}, measures=["rsa"])
    with pytest.raises(ValueError, match="must have the same ids"):
        calibrated_similarity({"x": X, "y": Y[1:]})
