"""Graphs without a modality, and heavier refiners."""

import dataclasses
import re

import networkx as nx
import numpy as np
import pytest

from refnet_viz import counterfactual, refiner_curve
from refnet_viz.config import Config
from refnet_viz.data import Dataset, permuted, playground, without
from refnet_viz.data.playground import SENSES
from refnet_viz.graph import attribute, edge_diff, knn
from refnet_viz.inference import embed
from refnet_viz.responsibility import r_squared
from refnet_viz.statistics import paired
from refnet_viz.train import fit, sweep


def test_every_row_gets_another_row_and_nothing_else_moves(make_mixed):
    data = make_mixed(rows=30, missing=True)
    for name, known in data.modalities.items():
        moved = permuted(data, name, seed=3)
        there = data.present[:, list(data.modalities).index(name)]
        assert (moved.present == data.present).all()
        for other in data.modalities:
            same = moved.modalities[other] is data.modalities[other]
            assert same == (other != name)
        now = moved.modalities[name]
        assert (now.values[~there] == known.values[~there]).all()
        flat = [part.values[there].reshape(there.sum(), -1) for part in (known, now)]
        order = [np.argmax((flat[0] == row).all(axis=1)) for row in flat[1]]
        if len(np.unique(flat[0], axis=0)) == len(flat[0]):
            assert sorted(order) == list(range(len(order)))
            assert not (np.array(order) == np.arange(len(order))).any()
        if known.mask is not None:
            assert (now.mask[there].sum() == known.mask[there].sum()).all()
    again = permuted(data, "vector", seed=3).modalities["vector"].values
    assert (again == permuted(data, "vector", seed=3).modalities["vector"].values).all()
    other = permuted(data, "vector", seed=4).modalities["vector"].values
    assert (again != other).any()


def test_there_must_be_rows_to_exchange():
    data = Dataset.from_arrays(
        {"a": np.eye(3), "b": np.eye(3)},
        present=[[True, True], [True, False], [True, False]],
    )
    told = "^`data` must have two or more rows with 'b', got 1.$"
    with pytest.raises(ValueError, match=told):
        permuted(data, "b")
    with pytest.raises(ValueError, match=r"^`name` must be one of"):
        permuted(data, "c")


@pytest.fixture(scope="module")
def data():
    return playground(1200)


@pytest.fixture(scope="module")
def runs(data):
    config = Config(epochs=30, contrastive=0.0)
    configs = {"plain": dataclasses.replace(config, refiner=0.0), "refiner": config}
    return sweep(data, configs, seeds=range(3), n_jobs=2, progress=False)


def mean_of(table, **chosen):
    for name, value in chosen.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table["mean"].iloc[0]


def test_what_is_kept_against_sets(runs, data):
    table = counterfactual(runs, data.test, k=7)
    gone = without(data.test, "touch")
    for name, members in runs.items():
        kept, only, answers = [], [], []
        for run in members:
            space, changed = embed(run, data.test), embed(run, gone)
            before = knn(space, 7)
            pairs = [
                {frozenset(pair) for pair in zip(*graph.edges()[:2], strict=True)}
                for graph in (before, knn(changed, 7))
            ]
            kept.append(len(pairs[0] & pairs[1]) / len(pairs[0]))
            pattern = attribute(before).pattern
            ends = zip(*before.edges()[:2], strict=True)
            own = [frozenset(p) in pairs[1] for p in ends]
            only.append(np.mean(np.array(own)[pattern == "only touch"]))
            target = space.targets["touch"].astype(float)
            answers.append(r_squared(target, changed.decoded["touch"].astype(float)))
        chosen = {"variant": name, "modality": "touch"}
        assert mean_of(table, metric="edges kept", **chosen) == pytest.approx(
            np.mean(kept)
        )
        found = mean_of(table, metric="edges kept: only touch", **chosen)
        assert found == pytest.approx(np.mean(only))
        found = mean_of(table, metric="responsibility: touch", **chosen)
        assert found == pytest.approx(np.mean(answers))
    assert set(table.modality) == set(SENSES)
    assert table.attrs["how"] == "remove"
    rows = table[table.metric == "accuracy"]
    assert rows.chance.iloc[0] == pytest.approx(
        np.bincount(data.test.labels).max() / len(data.test)
    )
    assert (rows[rows.variant == "refiner"].verdict != "baseline").all()


def test_edges_of_one_modality_do_not_survive_without_it(runs, data):
    table = counterfactual({"refiner": runs["refiner"]}, data.test)
    for sense in SENSES:
        for other in SENSES:
            share = mean_of(table, metric=f"edges kept: only {sense}", modality=other)
            assert (share < 0.4) == (sense == other)
    chance = table[table.metric == "edges kept"].chance
    assert (chance > 0.05).all()
    assert (chance < 0.12).all()


def test_permuting_a_modality_drives_its_responsibility_to_0_or_below(runs, data):
    table = counterfactual(runs["refiner"], data.test, how="permute")
    for sense in SENSES:
        for other in SENSES:
            name = f"responsibility: {sense}"
            found = mean_of(table, metric=name, modality=other)
            assert found <= 0 if sense == other else found > 0.5


def test_rows_that_were_trained_on_are_refused_though_they_look_new(runs, data):
    told = (
        "^`embedding` must hold only rows that its run was not trained on, got 720 of"
    )
    with pytest.raises(ValueError, match=told):
        counterfactual(runs, data)
    # What `embed` says of changed rows alone would not have told.
    assert embed(runs["refiner"][0], without(data, "touch")).held_out.all()
    with pytest.raises(ValueError, match=r"^`how` must be one of 'remove', 'permute'"):
        counterfactual(runs, data.test, how="burn")
    with pytest.raises(TypeError, match=r"^`runs\['run'\]` must hold Run values"):
        counterfactual(data, data.test)


def test_chance_is_what_a_graph_of_the_same_degrees_keeps(runs, data):
    run = runs["refiner"][0]
    table = counterfactual(run, data.test, modalities="touch", k=7)
    before = knn(embed(run, data.test), 7)
    after = knn(embed(run, without(data.test, "touch")), 7)
    known = {*zip(*before.edges()[:2], strict=True)}
    shares = []
    for seed in range(50):
        drawn = nx.Graph(zip(*after.edges()[:2], strict=True))
        count = drawn.number_of_edges()
        nx.double_edge_swap(drawn, 3 * count, max_tries=30 * count, seed=seed)
        shares.append(len(known & {(min(p), max(p)) for p in drawn.edges}) / len(known))
    chance = table.loc[table.metric == "edges kept", "chance"].item()
    assert chance == pytest.approx(np.mean(shares), rel=0.06)


def test_differences_know_how_finely_is_counted(runs, data):
    table = counterfactual(runs, data.test, modalities=["touch"], k=7)
    counted = {"edges kept": [], "accuracy": [1 / 240]}
    values = {}
    for name, members in runs.items():
        spaces = embed(members, data.test), embed(members, without(data.test, "touch"))
        diffs = [edge_diff(knn(a, 7), knn(b, 7)) for a, b in zip(*spaces, strict=True)]
        sizes = [len(diff.kept) + len(diff.lost) for diff in diffs]
        counted["edges kept"] += [1 / size for size in sizes]
        kept = [len(diff.kept) / size for diff, size in zip(diffs, sizes, strict=True)]
        values["edges kept", name] = np.array(kept)
        values["accuracy", name] = np.array([space.accuracy for space in spaces[1]])
    rows = table[table.variant == "refiner"].set_index("metric")
    for metric, steps in counted.items():
        apart = paired(
            values[metric, "refiner"],
            values[metric, "plain"],
            confidence=0.95,
            step=max(steps),
        )
        row = rows.loc[metric]
        assert row.difference == pytest.approx(apart.value)
        assert (row.diff_low, row.diff_high) == pytest.approx((apart.low, apart.high))


@pytest.fixture(scope="module")
def scarce(small):
    """Return runs on so few rows that not every graph has edges of every set."""
    x = np.random.default_rng(0).normal(size=(3, 90, 3))
    present = np.ones((90, 3), dtype=bool)
    present[::3, 2] = False
    data = Dataset.from_arrays(
        dict(zip("abc", x, strict=True)), labels=np.arange(90) % 3, present=present
    )
    configs = {"plain": dataclasses.replace(small, refiner=0.0), "refiner": small}
    return sweep(data, configs, seeds=range(3), n_jobs=1, progress=False), data.test


def test_seeds_without_an_edge_of_a_set_do_not_count(scarce):
    runs, test = scarce
    table = counterfactual(runs, test, modalities="a", k=1)
    rows = table.set_index(["metric", "variant"])
    having = {}
    for name, members in runs.items():
        for space in embed(members, test):
            for pattern in set(attribute(knn(space, 1)).pattern):
                key = f"edges kept: {pattern}", name
                having[key] = having.get(key, 0) + 1
    told = rows[rows.index.get_level_values(0).str.startswith("edges kept:")]
    assert told.seeds.to_dict() == having
    assert {1, 2, 3} & {*having.values()} == {1, 2, 3}
    assert table[["mean", "chance"]].notna().all(axis=None)
    for (pattern, name), row in told.iterrows():
        if name == "refiner":
            alone = (pattern, "plain") not in having
            assert (row.verdict == "") == alone
            assert np.isnan(row.difference) == alone


def test_only_rows_that_have_a_modality_are_asked_for_it(scarce):
    runs, test = scarce
    run = runs["refiner"][0]
    table = counterfactual(run, test, modalities=["a", "b"], k=3)
    assert table.modality.unique().tolist() == ["a", "b"]
    space, changed = embed(run, test), embed(run, without(test, "a"))
    there = test.present[:, 2]
    assert 0 < there.sum() < len(test)
    own = r_squared(
        space.targets["c"][there].astype(float),
        changed.decoded["c"][there].astype(float),
    )
    found = mean_of(table, metric="responsibility: c", modality="a")
    assert found == pytest.approx(own)


def test_what_is_touched_is_checked(scarce, small):
    runs, test = scarce
    cases = {
        "`modalities` must be one of 'a', 'b', 'c', got 'd'.": "d",
        "`modalities` must name at least one of ['a', 'b', 'c'], got none.": (),
    }
    for told, names in cases.items():
        with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
            counterfactual(runs, test, modalities=names)
    # The data keep another modality, but not one that this run has seen.
    alone = Dataset.from_arrays(
        {"a": np.random.default_rng(1).normal(size=(90, 3))}, labels=np.arange(90) % 3
    )
    run = fit(alone, small, progress=False)
    told = (
        "`data` must have in each row a modality besides 'a' that `runs['run']` knows, "
        "got none in row 0."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        counterfactual(run, test)
    assert set(counterfactual(run, test, how="permute", k=3).modality) == {"a"}


def test_a_heavier_refiner_brings_the_graph_of_all_modalities(data):
    config = Config(epochs=15, contrastive=0.0)
    table = refiner_curve(
        data, (0.0, 1.0), config=config, seeds=range(2), n_jobs=2, k=10, progress=False
    )
    assert table.weight.unique().tolist() == [0.0, 1.0]
    assert table.variant.unique().tolist() == ["refiner"]
    rows = table.set_index(["metric", "weight"])["mean"]
    for metric in ("refined overlap with sum", "supported", "responsibility for sight"):
        assert rows[metric, 1.0] > rows[metric, 0.0]
    verdicts = table.set_index(["metric", "weight"]).verdict
    assert verdicts["accuracy", 0.0] == "baseline"
    assert verdicts["accuracy", 1.0] != "baseline"
    assert table.attrs["baseline"] == 0.0
    for weights in ((1.0,), (1.0, 0.5), (1.0, 1.0)):
        told = "`weights` must be two or more numbers that rise from 0 or above, got "
        with pytest.raises(ValueError, match=f"^{re.escape(told)}"):
            refiner_curve(data, weights)


def test_metrics_and_weights_of_a_refiner_curve_are_as_asked(make_paired, small):
    data = make_paired()
    options = {"config": small, "n_jobs": 1, "k": 4, "progress": False}
    table = refiner_curve(
        data, (0.1, 0.1000001), seeds=[0], metrics=["purity"], **options
    )
    overlaps = [f"overlap with {name}" for name in ("image", "text", "sum")]
    assert table.metric.unique().tolist() == ["purity", *overlaps]
    # Weights that print alike are not taken for one.
    assert table.weight.unique().tolist() == [0.1, 0.1000001]
    run = fit(data, dataclasses.replace(small, refiner=0.1), seed=0, progress=False)
    graph = knn(embed(run, data.test), 4)
    own = np.mean(data.test.labels[graph.indices] == data.test.labels[:, None])
    assert mean_of(table, metric="purity", weight=0.1) == own
    with pytest.raises(TypeError) as caught:
        refiner_curve(data, seeds=3, **options)
    assert str(caught.value) == "`seeds` must be whole numbers, e.g. range(5), got 3."


@pytest.mark.parametrize("how", ["remove", "permute"])
def test_patterns_are_of_the_rows_that_have_a_modality(how, make_mixed, small):
    data = make_mixed(rows=90, missing=True)
    run = fit(data, small, progress=False)
    table = counterfactual(run, data.test, how=how, modalities="vector", k=3)
    space = embed(run, data.test)
    assert 0 < space.present_in("vector").mean() < 1
    change = without if how == "remove" else permuted
    changed = embed(run, change(data.test, "vector"))
    before, after = (
        {frozenset(pair) for pair in zip(*knn(one, 3).edges()[:2], strict=True)}
        for one in (space, changed)
    )
    having = {}
    for name in space.inputs:
        rows = np.flatnonzero(space.present_in(name))
        own = knn(space.subset(rows), 3, space=name).edges()
        ends = zip(rows[own.source], rows[own.target], strict=True)
        having[name] = {frozenset(pair) for pair in ends}
    only = {
        pair
        for pair in before
        if [name for name, pairs in having.items() if pair in pairs] == ["vector"]
    }
    assert only
    found = mean_of(table, metric="edges kept: only vector")
    assert found == pytest.approx(len(only & after) / len(only))
    there = space.present_in("vector")
    target = space.targets["vector"][there].astype(float)
    answer = changed.decoded["vector"][there].astype(float)
    assert mean_of(table, metric="responsibility: vector") == pytest.approx(
        r_squared(target, answer)
    )
