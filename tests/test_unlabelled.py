"""Rows without a label: refined and embedded, but never a class, never scored."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz.baselines import rails
from refnet_viz.data import Dataset
from refnet_viz.data.splits import label_subset, strata, stratified_split
from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, attribute, compare, knn, load_graph, save_graph
from refnet_viz.graph.points import (
    purity_by_point,
    purity_chance_by_point,
    same_label,
)
from refnet_viz.graph.prediction import constant_accuracy
from refnet_viz.inference import embed
from refnet_viz.regimes.purity import Purity
from refnet_viz.responsibility import pure_by_loss
from refnet_viz.train import Config, fit, pretrain
from refnet_viz.train.nulls import null_losses, null_score

SMALL = Config(epochs=2, hidden=8, width=4, batch_size=16)
KINDS = ("single", "multi", "target")


def hidden(labels, known):
    return np.where(known if labels.ndim == 1 else known[:, None], labels, -1)


def dataset(kind="single", *, n=60, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(n, 3))
    labels = (signal[:, 0] > 0).astype(np.int64) + (signal[:, 1] > 0)
    answers = {
        "single": {"labels": labels},
        "multi": {"labels": (signal > 0).astype(np.int64)},
        "target": {"target": signal[:, 0] * 3 + 1},
    }[kind]
    split = np.array(["train", "train", "val", "test"] * (n // 4))
    values = {"a": signal[:, :2], "b": signal + 0.1 * rng.normal(size=(n, 3))}
    return Dataset.from_arrays(values, split=split, **answers)


def without_answers(data, known):
    if data.target is not None:
        return replace(data, target=np.where(known, data.target, np.nan))
    return replace(data, labels=hidden(data.labels, known))


def line(labels, **more):
    """Return five points on a line whose k = 2 neighbours are plain to see."""
    whole = Embedding.from_arrays(
        [[0.0], [1.0], [3.0], [6.0], [10.0]], labels=[0, 0, 0, 1, 1]
    )
    return replace(whole, labels=np.array(labels), **more)


# Splits and subsets


def test_unlabelled_rows_are_a_stratum_of_their_own():
    assert strata(np.array([1, -1, 0]), 3).tolist() == [1, -1, 0]
    several = np.array([[1, 1], [1, 0], [-1, -1], [0, 0]])
    assert strata(several, 4).tolist() == [1, 0, -1, 2]
    target = np.array([0.5, np.nan, -1.0, 2.0, 9.0, 3.0])
    assert strata(None, 6, target=target).tolist() == [1, -1, 0, 2, 4, 3]
    assert strata(None, 2, target=np.full(2, np.nan)).tolist() == [-1, -1]


@settings(deadline=None)
@given(st.lists(st.integers(-1, 3), min_size=1, max_size=60), st.floats(0.01, 1))
def test_a_label_subset_is_that_of_the_labelled_rows(labels, fraction):
    labels = np.array(labels)
    known = labels >= 0
    expected = np.zeros(len(labels), dtype=bool)
    expected[known] = label_subset(labels[known], fraction, seed=3)
    assert label_subset(labels, fraction, seed=3).tolist() == expected.tolist()


def test_unlabelled_rows_are_dealt_to_all_parts():
    labels = np.repeat([0, 1, -1], 20)
    split = stratified_split(labels, 60, (0.5, 0.25, 0.25), seed=0)
    for kind in (0, 1, -1):
        members = split[labels == kind]
        assert [np.sum(members == p) for p in ("train", "val", "test")] == [10, 5, 5]


# Training


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_label_is_one_that_was_left_out(kind):
    whole = dataset(kind)
    plain = replace(SMALL, contrastive=0.0 if kind == "target" else 0.5)
    scarce = replace(plain, label_fraction=0.4)
    known = np.ones(len(whole), dtype=bool)
    for part in ("train", "val"):
        inside = whole.split == part
        subset = whole.subset(inside)
        known[inside] = label_subset(subset.strata, 0.4, seed=5)
    a = fit(whole, scarce, seed=5, progress=False)
    b = fit(without_answers(whole, known), plain, seed=5, progress=False)
    assert a.manifest["labelled_rows"] == b.manifest["labelled_rows"]
    assert a.history.equals(b.history)
    assert all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)


@pytest.mark.parametrize("fusion", ["tmc", "mm_dynamics"])
def test_fusions_that_learn_from_labels_leave_out_unlabelled_rows(fusion):
    whole = dataset()
    known = np.random.default_rng(1).random(len(whole)) < 0.5
    config = replace(SMALL, fusion=fusion)
    run = fit(without_answers(whole, known), config, progress=False)
    assert np.isfinite(run.history["loss"]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["train", "val"])
def test_rows_that_are_all_unlabelled_are_refused(kind, part):
    whole = dataset(kind)
    data = without_answers(whole, whole.split != part)
    config = replace(SMALL, contrastive=0.0)
    other = {"train": "`pretrain` takes unlabelled data", "val": "`config.keep` 'last'"}
    with pytest.raises(ValueError, match=f"{part}.*got none.*{other[part]}"):
        fit(data, config, progress=False)
    run = pretrain(data, config, progress=False)
    assert run.manifest["supervised"] is False


def test_training_to_the_last_epoch_needs_no_labelled_validation_row():
    whole = dataset()
    data = without_answers(whole, whole.split != "val")
    run = fit(data, replace(SMALL, keep="last"), progress=False)
    assert run.history[["val_loss", "val_score"]].isna().all(axis=None)
    assert np.isfinite(run.history["loss"]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_nulls_are_those_of_the_labelled_rows(kind):
    whole = dataset(kind)
    known = np.random.default_rng(1).random(len(whole)) < 0.6
    config = replace(SMALL, contrastive=0.0, refiner=0.0)
    left = whole.subset(known)
    assert null_score(without_answers(whole, known), config) == null_score(left, config)
    found = null_losses(without_answers(whole, known), config)["task"]
    assert found == pytest.approx(null_losses(left, config)["task"], rel=1e-5)


def test_purity_while_training_is_over_labelled_rows():
    whole = dataset()
    known = np.random.default_rng(1).random(len(whole)) < 0.6
    z = np.random.default_rng(2).normal(size=(int(np.sum(whole.split == "val")), 3))
    half, left = without_answers(whole, known), whole.subset(known)
    some, few = Purity(half, SMALL, 0), Purity(left, SMALL, 0)
    assert some.chance == few.chance
    assert some(z) == few(z[known[whole.split == "val"]])


# Rails and embeddings


@pytest.mark.parametrize("kind", KINDS)
def test_rails_fit_labelled_rows_and_answer_for_all(kind):
    whole = dataset(kind)
    known = np.random.default_rng(1).random(len(whole)) < 0.6
    data = without_answers(whole, known)
    for rail in rails(data).values():
        assert rail.ids.tolist() == data.test.ids.tolist()
        assert rail.info["fingerprint"] == data.fingerprint
        assert rail.labelled.tolist() == known[whole.split == "test"].tolist()
    with pytest.raises(ValueError, match="at least one training row"):
        rails(without_answers(whole, whole.split != "train"))


def test_rails_do_not_see_what_unlabelled_rows_say():
    whole = dataset()
    known = np.random.default_rng(1).random(len(whole)) < 0.6
    wrong = replace(whole, labels=(whole.labels + 1) % 3)
    first, second = (rails(without_answers(data, known)) for data in (whole, whole))
    assert (first["concatenation"].scores == second["concatenation"].scores).all()
    other = rails(without_answers(wrong, known))
    assert (first["concatenation"].scores != other["concatenation"].scores).any()


def test_accuracy_counts_labelled_rows():
    space = line([0, -1, 0, 1, -1], predictions=np.array([0, 0, 1, 1, 0]))
    assert space.accuracy == pytest.approx(2 / 3)
    assert np.isnan(replace(space, labels=np.full(5, -1)).accuracy)
    several = np.array([[1, 0], [-1, -1]])
    two = Embedding.from_arrays(np.eye(2), labels=[[1, 0], [0, 1]])
    two = replace(two, labels=several, predictions=np.array([[1, 1], [0, 0]]))
    assert two.accuracy == 0.5
    assert constant_accuracy(several) == 1.0
    assert np.isnan(constant_accuracy(np.array([-1])))


def test_unlabelled_data_get_predictions_with_names():
    whole = dataset()
    run = fit(whole, SMALL, progress=False)
    bare = replace(whole.test, labels=None, class_names=())
    space = embed(run, bare)
    assert space.class_names == whole.class_names
    assert not space.labelled.any()
    assert np.isnan(space.accuracy)
    missing = replace(whole.test, labels=np.full(len(whole.test), -1))
    assert (embed(run, missing).predictions == space.predictions).all()


# Graphs by hand


def test_purity_of_a_line_with_one_unlabelled_point():
    graph = knn(line([0, 0, -1, 1, 1]), k=2)
    # Neighbours: 0: 1, 2; 1: 0, 2; 2: 1, 0; 3: 2, 4; 4: 3, 2.
    assert graph.indices.tolist() == [[1, 2], [0, 2], [1, 0], [2, 4], [3, 2]]
    assert same_label(graph).sum() == 4
    assert purity_by_point(graph)[[0, 1, 3, 4]].tolist() == [1, 1, 1, 1]
    assert np.isnan(purity_by_point(graph)[2])
    assert METRICS["purity"].function(graph) == 1
    assert METRICS["purity"].chance(graph) == pytest.approx(1 / 3)
    assert METRICS["adjusted_homophily"].function(graph) == 1
    assert purity_chance_by_point(graph)[[0, 3]].tolist() == [1 / 3, 1 / 3]


def test_a_point_without_a_labelled_neighbour_is_left_out():
    graph = knn(line([0, 1, -1, 1, -1]), k=1)
    # Neighbours: 0: 1; 1: 0; 2: 1; 3: 2; 4: 3. Point 3 has only an unlabelled one.
    assert np.isnan(purity_by_point(graph)).tolist() == [False, False, True, True, True]
    assert METRICS["purity"].function(graph) == 0


@pytest.mark.parametrize("labels", [[-1] * 5, [0, -1, -1, -1, -1]])
def test_with_nothing_to_judge_metrics_are_missing(labels):
    graph = knn(line(labels, predictions=np.zeros(5, int)), k=1)
    for name in ("purity", "adjusted_homophily", "community_recovery"):
        assert np.isnan(METRICS[name].function(graph))
    assert np.isnan(METRICS["purity"].chance(graph))
    if max(labels) < 0:
        for name in ("accuracy", "f1_macro", "f1_micro", "auroc", "average_precision"):
            assert np.isnan(METRICS[name].function(graph))
        table = compare({"plain": graph}, permutations=3)
        assert not set(table.metric) & {"accuracy", "purity", "adjusted_homophily"}


# Graphs against a slow oracle


def slow(graph, labels, known):
    """Return purity and assortativity by loops over what is labelled."""

    def alike(i, j):
        if labels.ndim == 1:
            return labels[i] == labels[j]
        return bool((labels[i] & labels[j]).any())

    shares = []
    for i in np.flatnonzero(known):
        near = [j for j in graph.indices[i] if known[j]]
        if near:
            shares.append(np.mean([alike(i, j) for j in near]))
    union = nx.Graph()
    for i, row in enumerate(graph.indices.tolist()):
        union.add_edges_from((i, j) for j in row if known[i] and known[j])
    columns = np.eye(4, dtype=int)[labels] if labels.ndim == 1 else labels
    a = [columns[i] for edge in union.edges for i in edge]
    b = [columns[i] for edge in union.edges for i in edge[::-1]]
    if not a:
        return (np.mean(shares) if shares else np.nan), np.nan
    a, b = np.array(a, float), np.array(b, float)
    spread = a.var(axis=0).sum()
    both = ((a - a.mean(axis=0)) * (b - b.mean(axis=0))).mean(axis=0).sum()
    return np.mean(shares), both / spread if spread > 1e-12 else np.nan


@settings(deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 4))
def test_graph_metrics_equal_a_slow_oracle(seed, several, k):
    rng = np.random.default_rng(seed)
    n = 12
    labels = rng.integers(0, 2, (n, 4)) if several else rng.integers(0, 4, n)
    known = rng.random(n) < 0.6
    space = Embedding.from_arrays(rng.normal(size=(n, 2)))
    space = replace(space, labels=hidden(labels, known), class_names=tuple("abcd"))
    graph = knn(space, k=k)
    purity, homophily = slow(graph, labels, known)
    found = {name: METRICS[name].function(graph) for name in METRICS}
    assert found["purity"] == pytest.approx(purity, nan_ok=True)
    assert found["adjusted_homophily"] == pytest.approx(homophily, nan_ok=True)
    by_point = purity_by_point(graph)
    mean = np.nanmean(by_point) if np.isfinite(by_point).any() else np.nan
    assert mean == pytest.approx(purity, nan_ok=True)
    chance = METRICS["purity"].chance(graph)
    if known.sum() > 1:
        assert np.nanmean(purity_chance_by_point(graph)) == pytest.approx(chance)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(KINDS))
def test_metrics_of_predictions_drop_unlabelled_rows(seed, kind):
    rng = np.random.default_rng(seed)
    n = 30
    known = rng.random(n) < 0.7
    known[:4] = True
    space = Embedding.from_arrays(rng.normal(size=(n, 2)))
    if kind == "target":
        more = {"target": rng.normal(size=n), "predicted": rng.normal(size=n)}
    elif kind == "single":
        scores = rng.random((n, 2))
        more = {
            "labels": rng.integers(0, 2, n),
            "class_names": ("a", "b"),
            "scores": scores,
            "predictions": scores.argmax(axis=1),
        }
    else:
        scores = rng.random((n, 3))
        more = {
            "labels": rng.integers(0, 2, (n, 3)),
            "class_names": ("a", "b", "c"),
            "scores": scores,
            "predictions": (scores > 0.5).astype(np.int64),
        }
    whole = replace(space, **more)
    part = whole.subset(known)
    half = without_answers(whole, known)
    for name, metric in METRICS.items():
        if metric.of_predictions and metric.needs_target == (kind == "target"):
            for number in (metric.function, metric.chance):
                a, b = number(knn(half, k=2)), number(knn(part, k=2))
                assert a == pytest.approx(b, nan_ok=True), name


def test_permuted_labels_stay_among_labelled_rows():
    rng = np.random.default_rng(0)
    labels = hidden(rng.integers(0, 2, 40), rng.random(40) < 0.6)
    space = Embedding.from_arrays(rng.normal(size=(40, 2)), labels=["a", "b"] * 20)
    told = rng.integers(0, 2, 40)
    space = replace(space, labels=labels, predictions=told)
    table = compare({"plain": knn(space, k=3)}, permutations=20)
    part = compare({"plain": knn(space.subset(labels >= 0), k=3)}, permutations=20)
    a, b = (t[t.metric == "accuracy"].iloc[0] for t in (table, part))
    names = ["mean", "chance", "null_low", "null_high"]
    assert a[names].tolist() == b[names].tolist()
    assert np.isfinite(table[table.metric == "purity"]["null_low"]).all()


def test_a_permuted_target_stays_among_rows_that_have_one():
    rng = np.random.default_rng(0)
    target = np.where(rng.random(30) < 0.6, rng.normal(size=30), np.nan)
    space = Embedding.from_arrays(rng.normal(size=(30, 2)))
    space = replace(space, target=target, predicted=rng.normal(size=30))
    table = compare({"plain": knn(space, k=3)}, permutations=20)
    part = compare(
        {"plain": knn(space.subset(~np.isnan(target)), k=3)}, permutations=20
    )
    for name in ("mae", "correlation"):
        a, b = (t[t.metric == name].iloc[0] for t in (table, part))
        assert a[["null_low", "mean"]].tolist() == b[["null_low", "mean"]].tolist()


# Tables and files


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".json"])
def test_files_tell_unlabelled_points(tmp_path, suffix):
    graph = knn(line([0, 0, -1, 1, 1]), k=1)
    read = load_graph(save_graph(graph, tmp_path / f"x{suffix}"))
    assert dict(read.nodes(data=True)) == dict(graph.to_networkx().nodes(data=True))
    assert read.nodes["2"] == {"label": "", "labelled": False}
    assert read.nodes["3"] == {"label": "1", "labelled": True}
    whole = knn(line([0, 0, 0, 1, 1]), k=1).to_networkx()
    assert whole.nodes["2"] == {"label": "0"}


def test_no_label_is_not_the_same_as_none_of_several():
    two = Embedding.from_arrays(np.eye(3), labels=[[1, 0], [0, 1], [0, 1]])
    two = replace(two, labels=np.array([[1, 0], [0, 0], [-1, -1]]))
    nodes = knn(two, k=1).to_networkx().nodes
    assert [nodes[i]["label"] for i in "012"] == ["0", "", ""]
    assert [nodes[i]["labelled"] for i in "012"] == [True, True, False]


def test_tables_of_points_leave_the_label_out():
    whole = dataset()
    space = embed(fit(whole, SMALL, progress=False), whole.test)
    labels = space.labels.copy()
    labels[0] = -1
    table = attribute(knn(replace(space, labels=labels), k=3)).points
    names = np.array(whole.class_names)
    assert table["label"].isna().tolist() == [True] + [False] * (len(labels) - 1)
    assert table["label"][1:].tolist() == names[labels[1:]].tolist()


def test_certificates_of_labels_are_over_labelled_points():
    z = np.array([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.0], [0.9, 0.0]])
    found = pure_by_loss(z, np.array([0, 0, 1, -1]))
    assert found.tolist() == [True, True, False, False]
    assert not pure_by_loss(z, np.full(4, -1)).any()


def test_robustness_counts_labelled_rows():
    whole = dataset()
    run = fit(whole, SMALL, progress=False)
    known = np.random.default_rng(1).random(len(whole)) < 0.6
    data = without_answers(whole, known).test
    table = rv.ablate(run, data)
    assert set(table["rows"]) == {int(data.labelled.sum())}
    space = embed(run, data)
    first = table[table.condition == "all modalities"].iloc[0]
    assert first["mean"] == space.accuracy
    with pytest.raises(
        ValueError, match="`data` must have a label in at least one row"
    ):
        rv.ablate(run, replace(data, labels=np.full(len(data), -1)))
