"""Graphs without a modality, heavier refiners, and radii around what is missing."""

import dataclasses
import re

import numpy as np
import pytest

from refnet_viz import counterfactual, refiner_curve
from refnet_viz.config import Config
from refnet_viz.data import Dataset, permuted, playground, without
from refnet_viz.data.playground import SENSES
from refnet_viz.embedding import Embedding
from refnet_viz.graph import attribute, knn
from refnet_viz.inference import embed
from refnet_viz.responsibility import conformal_radius, missing_errors, r_squared
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
    return sweep(data, configs, seeds=range(2), n_jobs=2, progress=False)


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


@pytest.fixture(scope="module")
def dropped(data):
    """Return test rows of a run that knows missing modalities, with and without one."""
    config = Config(epochs=30, contrastive=0.0, modality_dropout=0.3)
    run = fit(data, config, progress=False)
    return embed(run, data.test), embed(run, without(data.test, "touch"))


def coverage(whole, without_it, fitted_on, *, nominal=0.9):
    """Return how often a bound holds for all anchors at once, over 50 splits."""
    rng, held = np.random.default_rng(0), []
    x = whole.targets["touch"].astype(float)
    for _ in range(50):
        order = rng.permutation(len(whole))
        first, new = order[:120], order[120:]
        radius = conformal_radius(
            whole.subset(first), fitted_on.subset(first), "touch", coverage=nominal
        )
        bounds = radius.bounds(without_it.subset(new), whole.subset(first))
        true = np.linalg.norm(x[new][:, None] - x[first], axis=2)
        held.append((true <= bounds + 1e-9).all(axis=1).mean())
    return np.mean(held)


def test_the_radius_covers_what_it_promises(dropped):
    whole, without_it = dropped
    assert coverage(whole, without_it, without_it) >= 0.88


def test_the_radius_itself_is_no_larger_than_it_must_be(dropped):
    whole, without_it = dropped
    errors = missing_errors(whole, without_it, "touch")
    rng, held = np.random.default_rng(0), []
    for _ in range(200):
        order = rng.permutation(len(errors))
        first, new = order[:120], order[120:]
        found = conformal_radius(
            whole.subset(first), without_it.subset(first), "touch", coverage=0.9
        )
        held.append((errors[new] <= found.radius).mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)


def test_a_radius_fitted_with_the_modality_at_hand_promises_too_much(dropped):
    whole, without_it = dropped
    lacking = dataclasses.replace(whole, present=without_it.present)
    flattering = conformal_radius(whole, lacking, "touch").radius
    errors = missing_errors(whole, without_it, "touch")
    assert (errors <= flattering).mean() < 0.7


def test_radii_that_prove_nothing_are_refused(dropped):
    whole, without_it = dropped
    cases = {
        "`whole` must have at least 99 rows for a coverage of 0.99, got 50.": (
            whole.subset(range(50)), without_it.subset(range(50)), "touch", 0.99
        ),
        "`without` must have the ids of `whole` in the same order.": (
            whole, without_it.subset(np.arange(240)[::-1]), "touch", 0.9
        ),
        "`without` must lack 'sight' in every row, got 240 with it.": (
            whole, without_it, "sight", 0.9
        ),
        "`whole` must have 'touch' in every row, got 240 without it.": (
            without_it, without_it, "touch", 0.9
        ),
    }  # fmt: skip
    for told, (first, second, name, share) in cases.items():
        with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
            conformal_radius(first, second, name, coverage=share)
    with pytest.raises(ValueError, match=r"^`modality` must be one of"):
        conformal_radius(whole, without_it, "smell")
    seen = dataclasses.replace(whole, held_out=~whole.held_out)
    with pytest.raises(ValueError, match=r"^`embedding` must hold only rows"):
        conformal_radius(seen, without_it, "touch")


def test_the_smallest_sample_for_a_coverage():
    x = np.arange(9.0)[:, None]
    whole = Embedding.from_arrays(x, modalities={"a": x, "b": x})
    whole = dataclasses.replace(
        whole, targets={"a": x, "b": x}, decoded={"a": x, "b": 2 * x}
    )
    lacking = dataclasses.replace(whole, present=whole.present & [True, False])
    assert conformal_radius(whole, lacking, "b", coverage=0.9).radius == 8.0
    assert conformal_radius(whole, lacking, "b", coverage=0.1).radius == 0.0
    with pytest.raises(ValueError, match=r"at least 19 rows for a coverage of 0\.95"):
        conformal_radius(whole, lacking, "b", coverage=0.95)
