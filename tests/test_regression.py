"""Data with a target: splits, training, embedding and rails of a regression."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from refnet_viz.baselines import ALPHAS, rails
from refnet_viz.config import Config
from refnet_viz.data import Dataset, from_npz
from refnet_viz.data.splits import label_subset, strata
from refnet_viz.inference import embed
from refnet_viz.model import ReFNet, Schema
from refnet_viz.model.fusion import FUSIONS
from refnet_viz.objectives import regression
from refnet_viz.train import Run, fit, pretrain, sweep
from refnet_viz.train.rows import Rows

SMALL = Config(
    epochs=3, hidden=16, width=8, batch_size=24, learning_rate=1e-2, contrastive=0.0
)


def summed(rows=200, seed=0, **options):
    """Return data whose target is the sum of one feature of each modality."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(size=(rows, 4)) for name in ("left", "right")}
    total = arrays["left"][:, 0] + arrays["right"][:, 0]
    return Dataset.from_arrays(arrays, **{"target": 100 + 10 * total} | options)


def refused(sentence, function, *args, **options):
    with pytest.raises(ValueError, match="`") as caught:
        function(*args, **options)
    assert str(caught.value) == sentence


@pytest.fixture(scope="module")
def data():
    """Return data that a network can learn."""
    return summed(labels=np.arange(200) % 3, name="summed")


@pytest.fixture(scope="module")
def run(data):
    """Return a run that has learned the target."""
    config = dataclasses.replace(SMALL, epochs=40, hidden=32, dropout=0.0)
    return fit(data, config, progress=False)


def test_the_target_follows_its_rows(data):
    assert data.target.dtype == np.float64
    part = data.subset([5, 2])
    assert part.target.tolist() == data.target[[5, 2]].tolist()
    assert data.resplit(seed=1).target is data.target
    assert summed(target=None).target is None
    assert summed(rows=3, target=[True, 2, 0.5]).target.tolist() == [1, 2, 0.5]


def test_the_fingerprint_knows_the_target_and_old_ones_stay():
    plain = Dataset.from_arrays({"a": np.eye(3)}, labels=[0, 1, 1], name="x")
    assert plain.fingerprint == "f0a4463b16be"
    known = {
        Dataset.from_arrays({"a": np.eye(3)}, labels=[0, 1, 1], target=t).fingerprint
        for t in (None, [1, 2, 3], [1, 2, 4])
    }
    assert len(known) == 3


def test_the_html_says_its_range():
    data = Dataset.from_arrays({"a": np.eye(3)}, target=[1, 2.5, 9])
    assert "target 1 to 9<table>" in data._repr_html_()
    assert "no labels" not in data._repr_html_()
    # The variants of a sweep have a contrastive loss, which a target refuses.
    hint = "next: <code>rv.fit(data, rv.Config(contrastive=0))</code>"
    assert data._repr_html_().endswith(hint)
    fit(summed(rows=30), Config(contrastive=0, epochs=1), progress=False)
    both = Dataset.from_arrays({"a": np.eye(3)}, labels=[0, 1, 1], target=[1, 2.5, 9])
    assert "2 classes, target 1 to 9<table>" in both._repr_html_()


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ([1, np.inf, 2], "`target` must hold finite numbers only, got inf in row 1."),
        ([1.0, 2.0], "`target` must have as many rows as `a` (3), got 2."),
        (
            ["x", "y", "z"],
            "`target` must be numbers of shape (N,), got 'x' in row 0.",
        ),
        (
            np.ones((3, 2)),
            "`target` must be numbers of shape (N,), got float64 of shape (3, 2).",
        ),
    ],
)
def test_targets_that_are_none(target, sentence):
    refused(sentence, Dataset.from_arrays, {"a": np.eye(3)}, target=target)


def test_npz_files_may_have_a_target(tmp_path):
    path = tmp_path / "some.npz"
    np.savez(path, mod_a=np.eye(4), target=[1.0, 2.0, 3.0, 4.5], y=[0, 1, 0, 1])
    data = from_npz(path)
    assert data.target.tolist() == [1, 2, 3, 4.5]
    assert data.labels.tolist() == [0, 1, 0, 1]
    assert "target" not in data.metadata


def test_strata_are_fifths_and_go_before_labels():
    target = np.array([3.0, 1, 2, 5, 4, 10, 7, 6, 9, 8])
    assert strata(None, 10, target=target).tolist() == [1, 0, 0, 2, 1, 4, 3, 2, 4, 3]
    assert strata(np.arange(3), 3, target=np.zeros(3)).tolist() == [0, 0, 0]
    split = summed(rows=100).split
    for fifth in range(5):
        rows = np.argsort(summed(rows=100).target)[20 * fifth : 20 * fifth + 20]
        assert [np.sum(split[rows] == p) for p in ("train", "val", "test")] == [
            12,
            4,
            4,
        ]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40), st.integers(0, 5))
def test_equal_targets_share_their_stratum_and_order_is_kept(values, seed):
    target = np.array(values, dtype=float)
    groups = strata(None, len(target), target=target)
    order = np.argsort(target, kind="stable")
    assert (np.diff(groups[order]) >= 0).all()
    assert all(len({*groups[target == value]}) == 1 for value in set(values))
    assert 0 <= groups.min() <= groups.max() <= 4
    within = label_subset(groups, 0.2, seed)
    assert not (within & ~label_subset(groups, 0.6, seed)).any()


def test_the_loss_by_hand_and_without_rows():
    # 0.5^2 / 2 and 3 - 1 / 2.
    found = regression(torch.tensor([0.5, 3.0]), torch.zeros(2, dtype=torch.float64))
    assert found.item() == pytest.approx((0.125 + 2.5) / 2)
    nothing = torch.zeros(0, requires_grad=True)
    regression(nothing, torch.zeros(0)).backward()
    assert nothing.grad.shape == (0,)


def test_the_scale_is_that_of_the_labelled_training_rows(data):
    config = dataclasses.replace(SMALL, epochs=1, label_fraction=0.25)
    run = fit(data, config, progress=False)
    train = data.train
    seen = train.target[label_subset(train.strata, 0.25, 0)]
    assert run.manifest["labelled_rows"] == len(seen) == 30
    assert float(run.weights["target_mean"]) == pytest.approx(seen.mean(), rel=1e-12)
    assert float(run.weights["target_std"]) == pytest.approx(seen.std(), rel=1e-12)


def test_targets_of_unlabelled_rows_never_enter(data):
    config = dataclasses.replace(SMALL, label_fraction=0.25)
    keep = np.ones(len(data), bool)
    for part in ("train", "val"):
        rows = np.flatnonzero(data.split == part)
        seen = label_subset(data.part(part).strata, 0.25, 0)
        keep[rows[~seen]] = False
    # Within a stratum, other values change no order and so no subset.
    bent = np.where(keep, data.target, data.target * (1 + 1e-9))
    other = dataclasses.replace(data, target=bent)
    one, two = (fit(d, config, progress=False) for d in (data, other))
    assert (data.target != bent).sum() > 90
    assert all(torch.equal(one.weights[n], two.weights[n]) for n in one.weights)
    assert one.history.equals(two.history)


def test_a_network_learns_the_target_in_its_unit(run, data):
    space = embed(run, data.test)
    assert space.predicted.dtype == np.float64
    assert space.target.tolist() == data.test.target.tolist()
    assert space.predictions is None
    assert space.scores is None
    assert space.labels.tolist() == data.test.labels.tolist()
    assert r2_score(space.target, space.predicted) > 0.8
    assert 80 < space.predicted.mean() < 120
    part = space.subset([3, 1])
    assert part.predicted.tolist() == space.predicted[[3, 1]].tolist()
    assert part.target.tolist() == space.target[[3, 1]].tolist()


def test_the_validation_score_is_r2(run, data):
    best = run.history.loc[run.best_epoch, "val_score"]
    assert best == run.history["val_score"].max()
    space = embed(run, data.val)
    assert best == pytest.approx(r2_score(space.target, space.predicted), abs=1e-5)


def test_r2_of_a_constant_target(data):
    batch = ReFNet(Schema.of(data), SMALL).prepare(data.subset([0, 1]))
    everything = torch.ones(2, dtype=torch.bool)
    rows = Rows(batch, None, everything, torch.ones(2))
    assert rows.score(torch.ones(2, 1)) == 1
    assert rows.score(torch.zeros(2, 1)) == 0
    assert np.isnan(Rows(batch, None, everything).score(torch.ones(2, 1)))


def test_a_linear_toy_is_learned_beyond_nine_tenths():
    config = dataclasses.replace(SMALL, epochs=15, hidden=32, dropout=0.0, refiner=0.0)
    toy = summed(rows=300)
    space = embed(fit(toy, config, progress=False), toy.test)
    assert r2_score(space.target, space.predicted) > 0.9


@pytest.mark.parametrize("value", [12.34, 1e6 / 7])
def test_equal_targets_have_no_scale(data, value):
    # The mean of 120 equal numbers is off by a rounding error: no deviation to
    # divide by, or validation rows that differ would be 1e16 away.
    target = np.where(data.split == "train", value, data.target)
    run = fit(dataclasses.replace(data, target=target), SMALL, progress=False)
    assert run.weights["target_std"].item() == 1
    assert run.history["val_loss"].max() < 1e6
    assert np.isfinite(run.history["val_score"]).all()


def test_a_far_target_keeps_its_digits(data):
    far = dataclasses.replace(data, target=1.6e9 + data.target)
    run = fit(far, SMALL, progress=False)
    near = fit(data, SMALL, progress=False)
    shift = embed(run, far.test).predicted - embed(near, data.test).predicted
    np.testing.assert_allclose(shift, 1.6e9, atol=0.01)


def test_a_regression_is_saved_and_loaded(run, data, tmp_path):
    again = Run.load(run.save(tmp_path / "run"))
    assert again.schema.regression
    assert again.digest == run.digest
    one, two = embed([run, again], data.test)
    assert np.array_equal(one.predicted, two.predicted)


def test_runs_saved_before_there_were_regressions_are_loaded(data, tmp_path):
    plain = dataclasses.replace(data, target=None)
    run = fit(plain, dataclasses.replace(SMALL, epochs=1), progress=False)
    path = run.save(tmp_path / "old") / "run.json"
    stored = json.loads(path.read_text())
    del stored["sha256"]
    stored["format"] = 1
    assert stored["schema"].pop("regression") is False
    path.write_text(json.dumps(stored))
    again = Run.load(path.parent)
    assert again.schema == run.schema
    assert again.digest == run.digest


def test_unlabelled_pretraining_hands_on_to_a_regression(data):
    config = dataclasses.replace(SMALL, refiner=1.0)
    start = pretrain(data, config, progress=False)
    told = embed(start, data.test)
    assert told.predicted is None
    assert told.target is not None
    run = fit(data, config, start=start, progress=False)
    assert float(run.weights["target_mean"]) == pytest.approx(data.train.target.mean())
    classes = fit(
        dataclasses.replace(data, target=None), config, start=run, progress=False
    )
    assert embed(classes, data.test).predictions.shape == (40,)
    assert "target_mean" not in classes.weights


def test_runs_of_either_kind_read_data_of_the_other(run, data):
    plain = dataclasses.replace(data, target=None)
    space = embed(run, plain.test)
    assert space.target is None
    assert space.predicted.shape == (40,)
    renamed = dataclasses.replace(plain, class_names=("a", "b", "c"))
    assert embed(run, renamed.test).class_names == ("a", "b", "c")
    classes = fit(plain, SMALL, progress=False)
    told = embed(classes, data.test)
    assert told.predicted is None
    assert told.predictions.shape == (40,)


def test_what_needs_classes_is_refused(data):
    refused(
        "`config.contrastive` must be 0 when `data` has a target, because the "
        "'multi_similarity' loss needs classes, got 0.5.",
        fit,
        data,
        dataclasses.replace(SMALL, contrastive=0.5),
    )
    config = dataclasses.replace(SMALL, contrastive=1.0, contrastive_loss="info_nce")
    assert "contrastive" in fit(data, config, progress=False).history
    refused(
        "`data` must have labels or a target to be fitted, got none; `pretrain` takes "
        "unlabelled data.",
        fit,
        summed(target=None),
        SMALL,
    )


@pytest.mark.parametrize("attribute", ["decides", "single_label"])
def test_fusions_that_need_classes_are_refused(data, attribute, monkeypatch):
    kind = type("Needy", (FUSIONS["concat"],), {attribute: True})
    monkeypatch.setitem(FUSIONS, "needy", kind)
    refused(
        "`config.fusion` must be one that needs no classes when `data` has a target, "
        "got 'needy'.",
        fit,
        data,
        dataclasses.replace(SMALL, fusion="needy"),
        progress=False,
    )


def test_sweeps_take_a_target(data):
    configs = {"plain": dataclasses.replace(SMALL, refiner=0.0), "refiner": SMALL}
    runs = sweep(data, configs, seeds=[0, 1], n_jobs=1, progress=False)
    assert [run.schema.outputs for run in runs["refiner"]] == [1, 1]


def test_rails_are_ridge_regressions(data):
    found = rails(data)
    assert list(found) == [
        "left only",
        "right only",
        "concatenation",
        "late fusion",
        "products",
    ]
    mixed = found["late fusion"]
    shares = mixed.info["weights"]
    parts = [shares[name] * found[f"{name} only"].predicted for name in shares]
    np.testing.assert_allclose(mixed.predicted, sum(parts), atol=1e-3)
    assert mixed.scores is None
    assert found["products"].info["interaction"]["unit"] == "mae"
    rail = found["concatenation"]
    parts = {part: data.part(part) for part in ("train", "val", "test")}
    arrays = {
        part: np.hstack([mod.values for mod in rows.modalities.values()])
        for part, rows in parts.items()
    }
    mean, std = arrays["train"].mean(axis=0), arrays["train"].std(axis=0)
    x = {part: (array - mean) / std for part, array in arrays.items()}
    models = [Ridge(alpha=a).fit(x["train"], parts["train"].target) for a in ALPHAS]
    errors = [np.mean((m.predict(x["val"]) - parts["val"].target) ** 2) for m in models]
    best = int(np.argmin(errors))
    assert rail.info["alpha"] == ALPHAS[best]
    assert rail.info["variant"] == "ridge regression, concatenation"
    np.testing.assert_allclose(rail.predicted, models[best].predict(x["test"]), 1e-5)
    assert rail.predictions is None
    assert rail.scores is None
    assert rail.target.tolist() == parts["test"].target.tolist()


def test_of_equal_penalties_the_strongest_is_taken():
    data = summed(target=np.full(200, 7.0))
    rail = rails(data)["concatenation"]
    assert rail.info["alpha"] == 10_000
    np.testing.assert_allclose(rail.predicted, 7)
