"""Class weights: n / (C n_c) in the cross-entropy, and not a bit moved without them."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight

from refnet_viz.baselines import rails
from refnet_viz.config import Config
from refnet_viz.data import Dataset
from refnet_viz.inference import embed
from refnet_viz.objectives import classification
from refnet_viz.train import Run, fit, pretrain
from refnet_viz.train.nulls import null_losses
from refnet_viz.train.rows import Rows, class_weights


@pytest.fixture(scope="module")
def balanced(small):
    """Return settings with weights."""
    return dataclasses.replace(small, class_weights="balanced", contrastive=0.0)


def rows_with(labels, labelled=None):
    labels = torch.tensor(labels)
    seen = torch.ones(len(labels), dtype=torch.bool)
    return Rows(None, labels, seen if labelled is None else torch.tensor(labelled))


BALANCED = Config(class_weights="balanced")


def test_weights_are_those_of_scikit_learn():
    labels = [0] * 12 + [1] * 3 + [2] * 9
    weights = class_weights(rows_with(labels), BALANCED, 3)
    known = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert weights.tolist() == pytest.approx(known.tolist())
    assert weights[labels].mean().item() == pytest.approx(1)


def test_only_labelled_rows_count_and_classes_without_any_weigh_1():
    labels = [0, 0, 0, 1, 1, -1, -1, 3]
    seen = [True, True, True, True, False, False, False, False]
    weights = class_weights(rows_with(labels, seen), BALANCED, 4)
    # Of four labelled rows three are of class 0 and one of class 1.
    assert weights.tolist() == pytest.approx([4 / (2 * 3), 4 / (2 * 1), 1, 1])


def test_a_label_that_is_there_weighs_the_rows_without_it_for_each_with_it():
    labels = [[1, 0, 1, 0], [1, 0, 0, 1], [1, 0, 0, 0], [1, 0, 0, 1], [-1] * 4]
    seen = [True] * 4 + [False]
    weights = class_weights(rows_with(labels, seen), BALANCED, 4)
    assert weights.tolist() == [1, 1, 3, 1]


def test_without_weights_there_are_none():
    assert class_weights(rows_with([0, 1]), Config(), 2) is None
    assert class_weights(Rows(None, None, torch.zeros(2)), BALANCED, 2) is None


@pytest.mark.parametrize("several", [False, True])
def test_the_weighted_loss_is_that_of_a_loop(several):
    torch.manual_seed(0)
    logits, weights = torch.randn(7, 3), torch.tensor([0.5, 2.0, 4.0])
    labels = torch.tensor([0, 0, 1, 2, 2, 1, 0])
    shares = torch.softmax(logits, dim=1)
    terms = [-weights[c] * torch.log(shares[i, c]) for i, c in enumerate(labels)]
    if several:
        labels = (torch.randn(7, 3) > 0).long()
        p = torch.sigmoid(logits)
        terms = [
            -weights[c] * torch.log(p[i, c])
            if labels[i, c]
            else -torch.log(1 - p[i, c])
            for i in range(7)
            for c in range(3)
        ]
    found = classification(logits, labels, weights=weights)
    assert found.item() == pytest.approx(torch.stack(terms).mean().item(), rel=1e-5)


def test_weights_of_1_change_nothing():
    torch.manual_seed(0)
    logits, labels = torch.randn(9, 3), torch.arange(9) % 3
    weighted = classification(logits, labels, weights=torch.ones(3))
    assert weighted.item() == pytest.approx(classification(logits, labels).item())


def rare(rows=400, seed=0):
    """Return two classes that overlap, one of them ten times as frequent."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(rows) % 11 == 0).astype(int)
    x = rng.normal(size=(rows, 4)) + labels[:, None] * 1.0
    return Dataset.from_arrays({"a": x}, labels=labels, class_names=["often", "rare"])


def recall(data, config):
    space = embed(fit(data, config, progress=False), data.test)
    return np.mean(space.predictions[data.test.labels == 1] == 1)


def test_a_rare_class_is_found_more_often(balanced):
    data = rare(1100)
    config = dataclasses.replace(balanced, epochs=8, refiner=0.0, keep="last")
    plain = dataclasses.replace(config, class_weights="none")
    assert recall(data, config) > recall(data, plain) + 0.2


def test_the_manifest_names_the_weights(balanced, tmp_path):
    data = rare()
    run = fit(data, balanced, progress=False)
    known = compute_class_weight("balanced", classes=np.arange(2), y=data.train.labels)
    weights = run.manifest["class_weights"]
    assert list(weights) == ["often", "rare"]
    assert list(weights.values()) == pytest.approx(known.tolist())
    run.save(tmp_path / "run")
    again = Run.load(tmp_path / "run")
    assert again.config.class_weights == "balanced"
    assert again.manifest["class_weights"] == weights
    plain = fit(
        data, dataclasses.replace(balanced, class_weights="none"), progress=False
    )
    assert "class_weights" not in plain.manifest
    assert plain.digest != run.digest


def test_equal_classes_are_trained_as_without_weights(make_paired, balanced):
    data = make_paired()  # three classes of as many training rows
    plain = dataclasses.replace(balanced, class_weights="none")
    first, second = (fit(data, c, progress=False) for c in (balanced, plain))
    assert first.history["task"].to_numpy() == pytest.approx(
        second.history["task"].to_numpy(), rel=1e-3
    )


def test_several_labels_a_row_are_weighted(make_paired, balanced):
    labels = np.zeros((120, 3), dtype=int)
    labels[:, 0] = np.arange(120) % 2
    labels[::10, 1] = 1
    labels[::5, 2] = 1
    data = make_paired(labels=labels, class_names=["x", "y", "z"])
    run = fit(data, balanced, progress=False)
    there = data.train.labels.sum(axis=0)
    assert list(run.manifest["class_weights"].values()) == pytest.approx(
        ((len(data.train) - there) / there).tolist()
    )


def test_the_weighted_null_is_that_of_equal_classes(balanced):
    data = rare()
    found = null_losses(data, dataclasses.replace(balanced, refiner=0.0))
    assert found["task"] == pytest.approx(np.log(2), rel=1e-5)


def test_the_weighted_null_of_several_labels_is_the_best_constant(
    make_paired, balanced
):
    labels = (np.arange(120)[:, None] % [2, 3, 5] == 0).astype(int)
    data = make_paired(labels=labels)
    config = dataclasses.replace(balanced, refiner=0.0)
    found = null_losses(data, config)["task"]
    truth = torch.tensor(data.train.labels)
    there = truth.sum(dim=0)
    weights = (len(truth) - there) / there
    best = sum(
        min(
            classification(
                torch.full((len(truth), 1), logit),
                truth[:, [c]],
                weights=weights[[c]],
            ).item()
            for logit in np.linspace(-4, 4, 801)
        )
        for c in range(3)
    )
    assert found == pytest.approx(best / 3, abs=1e-4)


def test_a_target_has_no_classes_to_weigh(make_paired, balanced):
    data = make_paired(target=np.linspace(0, 1, 120))
    with pytest.raises(ValueError, match="class_weights") as caught:
        fit(data, balanced, progress=False)
    assert str(caught.value) == (
        "`config.class_weights` must be 'none' when `data` has a target, which has no "
        "classes, got 'balanced'."
    )
    with pytest.raises(ValueError, match="class_weights") as caught:
        rails(data, class_weights="balanced")
    assert str(caught.value) == (
        "`class_weights` must be 'none' when `data` has a target, which has no "
        "classes, got 'balanced'."
    )


def test_other_words_are_refused():
    for call in (
        lambda: Config(class_weights="sqrt"),
        lambda: rails(rare(), class_weights="sqrt"),
    ):
        with pytest.raises(ValueError, match="class_weights") as caught:
            call()
        assert str(caught.value) == (
            "`class_weights` must be one of 'none', 'balanced', got 'sqrt'."
        )


def test_pretraining_has_no_classes(make_paired, balanced):
    data = make_paired(labels=None)
    plain = dataclasses.replace(balanced, class_weights="none")
    runs = [pretrain(data, c, progress=False) for c in (balanced, plain)]
    assert runs[0].history.equals(runs[1].history)
    assert "class_weights" not in runs[0].manifest


def test_rails_are_weighted_as_scikit_learn_does():
    data = rare()
    rail = rails(data, class_weights="balanced")["a only"]
    assert rail.info["class_weights"] == "balanced"
    train = data.train.modalities["a"].values.astype(float)
    middle, spread = train.mean(axis=0), train.std(axis=0)
    model = LogisticRegression(C=rail.info["C"], class_weight="balanced").fit(
        (train - middle) / spread, data.train.labels
    )
    test = (data.test.modalities["a"].values - middle) / spread
    assert rail.scores == pytest.approx(model.predict_proba(test), abs=1e-3)
    plain = rails(data)["a only"]
    assert "class_weights" not in plain.info
    assert (rail.predictions == 1).sum() > (plain.predictions == 1).sum()
