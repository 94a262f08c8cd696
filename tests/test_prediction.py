"""Scores of predictions, by hand and against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    mean_absolute_error,
    roc_auc_score,
)

from refnet_viz.baselines import rails
from refnet_viz.config import Config
from refnet_viz.data import emoji
from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, compare, knn
from refnet_viz.inference import embed
from refnet_viz.train import sweep

FOUR = Embedding.from_arrays(np.array([[0.0], [1.0], [5.0], [6.0]]))
OF_PREDICTIONS = [name for name, metric in METRICS.items() if metric.of_predictions]


def graph(**fields):
    """Return a graph of four points with what was predicted of them."""
    return knn(replace(FOUR, **fields), 1)


def value(name, **fields):
    return METRICS[name].function(graph(**fields))


def chance(name, **fields):
    return METRICS[name].chance(graph(**fields))


def of(n, rng, **fields):
    """Return a graph of n points."""
    return knn(replace(Embedding.from_arrays(rng.normal(size=(n, 2))), **fields), 1)


def test_the_area_under_the_curve_by_hand():
    told = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]], dtype="f4")
    # Of the four pairs only (0.4, 0.3) is in the wrong order.
    assert value("auroc", labels=np.array([0, 0, 1, 1]), scores=told) == 3 / 4
    tied = np.full((4, 2), 0.5, dtype="f4")
    assert value("auroc", labels=np.array([0, 0, 1, 1]), scores=tied) == 1 / 2
    assert chance("auroc", labels=np.array([0, 0, 1, 1])) == 1 / 2
    assert np.isnan(value("auroc", labels=np.zeros(4, int), scores=told))
    assert np.isnan(value("auroc", labels=np.array([0, 0, 1, 1])))
    three = np.full((4, 3), 1 / 3, dtype="f4")
    assert np.isnan(value("auroc", labels=np.array([0, 0, 1, 1]), scores=three))


def test_f1_of_several_labels_by_hand():
    fields = {
        "labels": np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]]),
        "predictions": np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]]),
    }
    # Two hits, 4 true and 3 told entries.
    assert value("f1_micro", **fields) == 4 / 7
    # Class 0: 2 hits of 3 and 2; class 1: none of 1 and 1; class 2 never occurs.
    assert value("f1_macro", **fields) == pytest.approx((4 / 5 + 0) / 2)
    # Everybody has class 0: 2 * 3 / (4 + 4); with class 1 too: 2 * 4 / (8 + 4).
    assert chance("f1_micro", **fields) == pytest.approx(3 / 4)
    # Both classes for everybody: 2 * 3 / (3 + 4) and 2 * 1 / (1 + 4).
    assert chance("f1_macro", **fields) == pytest.approx((6 / 7 + 2 / 5) / 2)


def test_macro_f1_of_single_labels_is_given_where_classes_are_uneven():
    uneven = np.array([0, 0, 0, 1])
    told = np.array([0, 0, 1, 1])
    # Class 0: 2 * 2 / (3 + 2); class 1: 2 * 1 / (1 + 2).
    found = value("f1_macro", labels=uneven, predictions=told)
    assert found == pytest.approx((4 / 5 + 2 / 3) / 2)
    # Class 0 for everybody: 2 * 3 / (3 + 4), halved.
    assert chance("f1_macro", labels=uneven) == pytest.approx(3 / 7)
    even = np.array([0, 0, 1, 1])
    assert np.isnan(value("f1_macro", labels=even, predictions=told))
    assert np.isnan(chance("f1_macro", labels=even))
    assert np.isnan(value("f1_micro", labels=uneven, predictions=told))
    assert np.isnan(chance("f1_micro", labels=uneven))


def test_average_precision_by_hand():
    fields = {
        "labels": np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]]),
        "scores": np.array(
            [[0.9, 0.5, 0.1], [0.8, 0.5, 0.2], [0.7, 0.2, 0.3], [0.1, 0.1, 0.4]], "f4"
        ),
    }
    # Class 0: precision 1 and 2/3 at its points; class 1: tied with another, 1/2.
    found = value("average_precision", **fields)
    assert found == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert chance("average_precision", **fields) == pytest.approx((2 / 4 + 1 / 4) / 2)
    assert np.isnan(value("average_precision", labels=np.array([0, 0, 1, 1])))
    nothing = np.zeros((4, 3), int)
    assert np.isnan(chance("average_precision", labels=nothing))
    assert np.isnan(value("f1_micro", labels=nothing, predictions=nothing))
    assert np.isnan(value("f1_macro", labels=nothing, predictions=nothing))
    assert np.isnan(chance("f1_micro", labels=nothing))
    assert np.isnan(chance("f1_macro", labels=nothing))


def test_error_and_correlation_by_hand():
    fields = {
        "target": np.array([1.0, 2, 3, 6]),
        "predicted": np.array([1.0, 4, 3, 4]),
    }
    assert value("mae", **fields) == (0 + 2 + 0 + 2) / 4
    # The median is 2.5.
    assert chance("mae", **fields) == (1.5 + 0.5 + 0.5 + 3.5) / 4
    # Products 4 - 1 + 0 + 3 of sums of squares 14 and 6.
    assert value("correlation", **fields) == pytest.approx(6 / np.sqrt(14 * 6))
    assert chance("correlation", **fields) == 0
    constant = np.full(4, 0.1)
    assert value("correlation", target=fields["target"], predicted=constant) == 0
    assert np.isnan(value("correlation", target=constant, predicted=fields["target"]))
    for name in ("mae", "correlation"):
        assert np.isnan(value(name, target=fields["target"]))
        assert np.isnan(value(name, predicted=fields["predicted"]))
    assert np.isnan(chance("mae", predicted=fields["predicted"]))


SMALL = st.integers(0, 3).map(lambda x: x / 3)
ANSWERS = st.tuples(st.integers(0, 1), st.integers(0, 2), SMALL)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(2, 12), st.integers(2, 3))
def test_several_labels_agree_with_scikit_learn(data, n, count):
    entries = [
        data.draw(st.lists(kind, min_size=n * count, max_size=n * count))
        for kind in (st.integers(0, 1), st.integers(0, 1), SMALL)
    ]
    labels, predictions, scores = (np.array(e).reshape(n, count) for e in entries)
    rng = np.random.default_rng(0)
    made = of(n, rng, labels=labels, predictions=predictions, scores=scores)
    found = {name: METRICS[name].function(made) for name in OF_PREDICTIONS}
    known = np.flatnonzero((labels + predictions).any(axis=0))
    for name, average in (("f1_micro", "micro"), ("f1_macro", "macro")):
        if not len(known):
            assert np.isnan(found[name])
            continue
        expected = f1_score(
            labels, predictions, labels=known, average=average, zero_division=0
        )
        assert found[name] == pytest.approx(expected)
        if labels.any():
            # No constant answer is better than chance.
            constant = np.tile(predictions[0], (n, 1))
            f1 = f1_score(
                labels,
                constant,
                average=average,
                zero_division=0,
                labels=np.flatnonzero((labels + constant).any(axis=0)),
            )
            assert f1 <= METRICS[name].chance(made) + 1e-12
    used = np.flatnonzero(labels.any(axis=0))
    if len(used):
        expected = average_precision_score(labels[:, used], scores[:, used])
        assert found["average_precision"] == pytest.approx(expected)
    else:
        assert np.isnan(found["average_precision"])
    assert np.isnan([found[name] for name in ("auroc", "mae", "correlation")]).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(ANSWERS, min_size=2, max_size=12))
def test_single_labels_agree_with_scikit_learn(rows):
    labels, told, score = (np.array(column) for column in zip(*rows, strict=True))
    scores = np.column_stack([1 - score, score])
    rng = np.random.default_rng(0)
    made = of(len(rows), rng, labels=labels, predictions=told, scores=scores)
    found = METRICS["auroc"].function(made)
    if len(set(labels)) == 2:
        assert found == pytest.approx(roc_auc_score(labels, score))
    else:
        assert np.isnan(found)
    macro = METRICS["f1_macro"].function(made)
    counts = np.bincount(labels)[np.bincount(labels) > 0]
    if 2 * counts.min() > counts.max():
        assert np.isnan(macro)
    else:
        expected = f1_score(labels, told, average="macro", zero_division=0)
        assert macro == pytest.approx(expected)


def test_numbers_agree_with_numpy_and_scikit_learn():
    rng = np.random.default_rng(0)
    target = 1e6 + rng.normal(size=50)
    predicted = target + rng.normal(size=50)
    made = of(50, rng, target=target, predicted=predicted)
    error = mean_absolute_error(target, predicted)
    assert METRICS["mae"].function(made) == pytest.approx(error)
    known = np.corrcoef(target, predicted)[0, 1]
    assert METRICS["correlation"].function(made) == pytest.approx(known)


def regressions(seeds, noise, seed=0):
    """Return graphs of runs that predict a target with some noise."""
    target = np.random.default_rng(seed).normal(size=30)
    made = Embedding.from_arrays(target[:, None], modalities={"a": target[:, None]})
    found = []
    for one in seeds:
        rng = np.random.default_rng([one, int(noise * 10)])
        predicted = target + noise * rng.normal(size=30)
        space = replace(made, target=target, predicted=predicted, info={"seed": one})
        found.append(knn(space, 3))
    return found


def row(table, metric, variant):
    found = table[(table.metric == metric) & (table.variant == variant)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_comparison_of_regressions_has_their_rows_and_nulls():
    graphs = {"plain": regressions(range(3), 1.0), "sharp": regressions(range(3), 0.1)}
    rail = replace(regressions([0], 2.0)[0].embedding, info={"seed": 0, "rail": True})
    family = ["mae", "correlation"]
    table = compare(graphs, rails={"ridge": rail}, permutations=50, family=family)
    named = [name for name in dict.fromkeys(table.metric) if name in OF_PREDICTIONS]
    assert named == ["mae", "correlation"]
    lines = table[table.metric.isin(named)]
    assert lines.variant.tolist() == ["plain", "sharp", "ridge"] * 2
    sharp = row(table, "mae", "sharp")
    assert (sharp.better, sharp.verdict) == ("lower", "lower")
    assert sharp.high < row(table, "mae", "plain").low < sharp.chance
    # Permuted answers are no better than the median, and correlate with nothing.
    assert sharp.null_low > sharp.chance
    known = row(table, "correlation", "sharp")
    assert known.null_low < 0 < known.null_high < 0.5 < known["mean"]
    assert row(table, "correlation", "ridge").kind == "rail"


def test_what_does_not_apply_is_left_out():
    labels = np.arange(30) % 2
    told = [
        replace(g.embedding, labels=labels, class_names=("no", "yes"))
        for g in regressions(range(2), 1.0)
    ]
    scored = [
        replace(e, predictions=labels, scores=np.eye(2)[labels], predicted=None)
        for e in told
    ]
    bare = [replace(e, predicted=None) for e in told]
    graphs = {"pretrained": knn(bare, 3), "fitted": knn(scored, 3)}
    table = compare(graphs, permutations=5)
    assert row(table, "auroc", "fitted")["mean"] == 1
    assert row(table, "accuracy", "fitted")["mean"] == 1
    # The baseline has no predictions: nothing is said against it.
    assert row(table, "accuracy", "fitted").verdict == ""
    assert set(table.loc[table.metric == "accuracy", "variant"]) == {"fitted"}
    assert not set(table.metric) & {"mae", "correlation", "f1_micro", "f1_macro"}
    assert row(table, "hubness", "pretrained").verdict == "baseline"
    assert not table["mean"].isna().any()


def test_a_modality_is_not_given_what_a_run_predicted():
    table = compare({"plain": regressions(range(2), 1.0)}, permutations=0)
    assert row(table, "hubness", "a").kind == "rail"
    assert set(table.loc[table.metric == "mae", "variant"]) == {"plain"}


def test_rows_with_several_keywords_from_end_to_end():
    data = emoji(labels="keywords")
    data = data.subset(np.random.default_rng(0).permutation(len(data))[:600])
    config = Config(epochs=8, hidden=32, width=16, batch_size=64)
    runs = sweep(data, {"both": config}, seeds=[0, 1], n_jobs=1, progress=False)
    spaces = embed(runs, data.test)
    assert spaces["both"][0].scores.shape == (len(data.test), 28)
    table = compare(knn(spaces, 10), rails=rails(data), permutations=20)
    named = [name for name in dict.fromkeys(table.metric) if name in OF_PREDICTIONS]
    assert named == ["accuracy", "f1_micro", "f1_macro", "average_precision"]
    for name in named:
        rows = table[table.metric == name]
        assert rows.variant.tolist() == [
            "both",
            "picture only",
            "text only",
            "concatenation",
            "late fusion",
            "products",
        ]
        assert rows.chance.notna().all()
    ranked = row(table, "average_precision", "both")
    assert ranked["mean"] > ranked.null_high > ranked.chance / 2
    assert 0 < ranked.chance < 0.1
