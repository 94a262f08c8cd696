"""Null levels: what a constant answer gets, against slow and obvious oracles."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import f1_score

from refnet_viz.config import Config
from refnet_viz.train import fit, pretrain
from refnet_viz.train.nulls import null_losses, null_score


def test_the_task_null_is_the_entropy_of_the_classes(make_paired):
    data = make_paired(rows=120, labels=np.arange(120) % 4 // 2 * 2)
    share = np.bincount(data.train.labels) / len(data.train)
    found = null_losses(data, Config(refiner=0))
    assert found == {"task": pytest.approx(entropy(share))}


def test_scarce_labels_give_scarce_nulls(make_paired):
    data = make_paired(rows=120, labels=(np.arange(120) % 10 == 0).astype(int))
    config = Config(refiner=0, label_fraction=0.05)
    told = fit(
        data, dataclasses.replace(config, epochs=1, contrastive=0), progress=False
    )
    assert told.manifest["labelled_rows"] < 10
    few, all_of_them = (
        null_losses(data, c)["task"] for c in (config, Config(refiner=0))
    )
    assert few > all_of_them  # each class keeps a row: the rare one is less rare
    assert null_score(data, Config()) == pytest.approx(
        1 - data.val.labels.mean(), abs=1e-12
    )


def test_the_refiner_null_is_the_variance_that_is_asked_for(make_paired, data):
    # Six standardised features a modality: their mean square is 1 on training rows.
    assert null_losses(data, Config())["refiner"] == pytest.approx(2 * 2.0, rel=1e-5)
    weights = {"image": 3.0, "text": 0.5}
    found = null_losses(data, Config(refiner=1, refiner_weights=weights))
    assert found["refiner"] == pytest.approx(3.5, rel=1e-5)
    # And it is what a network answers whose refiner learns nothing.
    config = Config(epochs=1, hidden=16, width=8, learning_rate=1e-12, refiner=2.0)
    still = fit(data, config, progress=False).history["refiner"][0]
    assert still > null_losses(data, config)["refiner"]


@pytest.mark.parametrize(
    "change",
    [
        {"refiner_loss": "cosine"},
        {"refiner_end": 0.5},
        {"targets": "features"},
        {"refiner": 0.0},
    ],
)
def test_a_part_without_a_constant_has_no_null(change, data):
    assert set(null_losses(data, Config(**change))) == {"task"}


def test_data_of_any_kind_have_nulls(make_mixed):
    data = make_mixed(missing=True)
    found = null_losses(data, Config())
    assert np.isfinite(list(found.values())).all()
    bare = make_mixed(labels=None)
    assert set(null_losses(bare, Config())) == {"refiner"}
    assert np.isnan(null_score(bare, Config()))
    run = pretrain(bare, Config(epochs=1, hidden=16, width=8), progress=False)
    assert "task" not in run.history


def test_a_target_is_answered_by_its_mean(make_paired):
    target = np.random.default_rng(0).normal(size=120) * 9
    data = make_paired(target=target)
    wide = (data.train.target - data.train.target.mean()) / data.train.target.std()
    near = np.abs(wide) < 1
    loss = np.where(near, wide**2 / 2, np.abs(wide) - 0.5).mean()  # smooth L1
    assert null_losses(data, Config(refiner=0))["task"] == pytest.approx(loss, rel=1e-5)
    assert null_score(data, Config()) == 0


def test_several_labels_are_answered_by_the_best_set(make_paired):
    rng = np.random.default_rng(0)
    labels = (rng.random((120, 4)) < [0.7, 0.4, 0.1, 0.3]).astype(int)
    labels[:, 0] |= labels.sum(axis=1) == 0
    data = make_paired(labels=labels)
    truth = data.val.labels
    best = 0.0
    for size in range(1, 5):
        for chosen in combinations(range(4), size):
            guess = np.zeros_like(truth)
            guess[:, chosen] = 1
            best = max(best, f1_score(truth, guess, average="micro"))
    assert null_score(data, Config()) == pytest.approx(best)
    share = data.train.labels.mean(axis=0)
    binary = np.mean([entropy([p, 1 - p]) for p in share])
    assert null_losses(data, Config(refiner=0))["task"] == pytest.approx(binary)
