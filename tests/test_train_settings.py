"""Noise in training, schedules, other losses and half precision."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import refnet_viz as rv
from refnet_viz.config import Config
from refnet_viz.model import Batch
from refnet_viz.objectives import info_nce, supcon
from refnet_viz.train import steps
from refnet_viz.train.noise import moved, noised, without_some


def train(data, config, **changes):
    return rv.fit(data, replace(config, **changes), progress=False)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_row_always_keeps_one_of_its_modalities(share):
    torch.manual_seed(0)
    present = torch.rand(2000, 3) < 0.7
    present[~present.any(dim=1), 0] = True
    kept = without_some(present, share)
    assert not (kept & ~present).any()
    assert kept.any(dim=1).all()
    if share == 0:
        assert kept is present
    if share == 1:
        assert (kept.sum(dim=1) == 1).all()
    if share == 0.3:
        whole = present.all(dim=1)  # a modality stays, or all three went and it is last
        expected = 0.7 + 0.3**3 / 3
        assert kept[whole].float().mean().item() == pytest.approx(expected, abs=0.03)


def test_moved_pictures_hold_old_pixels_only():
    torch.manual_seed(0)
    pictures = torch.arange(64.0).reshape(1, 1, 8, 8).repeat(50, 1, 1, 1)
    out = moved(pictures, 0.25)
    assert out.shape == pictures.shape
    assert set(out.unique().tolist()) <= set(range(64))
    mirrored = out[:, 0, 4, 5] < out[:, 0, 4, 4]
    assert 10 < mirrored.sum() < 40
    rows = (out[:, 0, 4, 4] // 8).int()
    assert set(rows.tolist()) == {2, 3, 4, 5, 6}


def test_noise_touches_inputs_and_presence_but_not_what_is_asked_for():
    torch.manual_seed(0)
    x = torch.ones(400, 10)
    batch = Batch(
        {"v": (x, None), "t": (torch.ones(400, 3, dtype=torch.long), None)},
        {"v": x, "t": x},
        torch.ones(400, 2, dtype=torch.bool),
    )
    config = Config(input_dropout=0.5, modality_dropout=0.5)
    out = noised(batch, ["vector", "tokens"], config)
    assert out.inputs["v"][0].eq(0).float().mean().item() == pytest.approx(
        0.5, abs=0.05
    )
    assert out.inputs["v"][0].mean().item() == pytest.approx(1, abs=0.1)
    assert out.inputs["t"][0] is batch.inputs["t"][0]
    assert out.features is batch.features
    assert not out.present.all()
    assert batch.present.all()


@pytest.mark.parametrize(
    ("decay", "middle"), [("linear", 2 * 0.55), ("exponential", 2 * 0.1**0.5)]
)
def test_the_refiner_weight_falls_as_it_says(decay, middle):
    config = Config(refiner=2.0, refiner_end=0.1, refiner_decay=decay)
    found = [steps._refiner_weight(config, done) for done in (0.0, 0.5, 1.0)]
    assert found == pytest.approx([2.0, middle, 0.2])


def test_the_last_epoch_needs_no_validation_rows(data, small):
    rest = replace(data, split=np.where(data.split == "val", "train", data.split))
    run = train(rest, small, keep="last")
    assert run.best_epoch == small.epochs - 1
    assert "val_score" not in run.history
    with pytest.warns(UserWarning, match="no validation rows"):
        best = train(rest, small)
    assert "val_score" in best.history


def test_half_precision_trains_to_about_the_same_loss(data, small):
    exact = train(data, small, epochs=10)
    half = train(data, small, epochs=10, precision="bfloat16")
    assert torch.bfloat16 not in {x.dtype for x in half.weights.values()}
    ratio = half.history["loss"].iloc[-1] / exact.history["loss"].iloc[-1]
    assert ratio == pytest.approx(1, abs=0.3)


def test_supcon_is_its_double_loop():
    torch.manual_seed(0)
    z, labels = torch.randn(7, 4), torch.tensor([0, 0, 1, 1, 1, 2, 0])
    unit = torch.nn.functional.normalize(z, dim=1)
    similar = (unit @ unit.T / 0.1).tolist()
    terms = []
    for i in range(7):
        others = [j for j in range(7) if j != i]
        positives = [j for j in others if labels[j] == labels[i]]
        total = sum(np.exp(similar[i][j]) for j in others)
        own = [-np.log(np.exp(similar[i][j]) / total) for j in positives]
        terms += [np.mean(own)] if own else []
    assert supcon(z, labels).item() == pytest.approx(np.mean(terms), rel=1e-4)
    several = torch.nn.functional.one_hot(labels)
    assert supcon(z, several).item() == pytest.approx(np.mean(terms), rel=1e-4)


def test_info_nce_is_its_double_loop_over_rows_that_have_both():
    torch.manual_seed(0)
    a, b = torch.randn(2, 5, 4)
    present = torch.ones(5, 2, dtype=torch.bool)
    present[4, 1] = False
    both = torch.nn.functional.normalize(torch.cat([a[:4], b[:4]]), dim=1)
    similar = (both @ both.T / 0.1).tolist()
    terms = []
    for i in range(8):
        total = sum(np.exp(similar[i][j]) for j in range(8) if j != i)
        terms.append(-np.log(np.exp(similar[i][(i + 4) % 8]) / total))
    assert info_nce([a, b], present).item() == pytest.approx(np.mean(terms), rel=1e-4)
    alone = info_nce([a.requires_grad_()], present[:, :1])
    assert alone.item() == 0
    alone.backward()


@pytest.mark.parametrize("loss", ["supcon", "info_nce"])
def test_other_losses_train_and_say_what_they_need(data, small, loss, monkeypatch):
    run = train(data, small, contrastive_loss=loss, contrastive=0.3)
    assert np.isfinite(run.history["contrastive"]).all()
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(
        ImportError,
        match=r"^`contrastive_loss` must be 'multi_similarity' unless "
        rf"pytorch-metric-learning is installed, got '{loss}'; pip install "
        r'"refnet_viz\[metric\]"\.$',
    ):
        train(data, small, contrastive_loss=loss, contrastive=0.3)


def test_pre_training_takes_the_loss_that_needs_no_labels(data, small):
    config = replace(small, contrastive_loss="info_nce", contrastive=0.3)
    run = rv.pretrain(data, config, progress=False)
    assert (run.history["contrastive"] > 0).all()


@pytest.mark.parametrize("name", ["prototype", "tmc", "mm_dynamics"])
def test_a_start_hands_on_all_but_what_knows_the_classes(data, small, name):
    config = replace(small, fusion=name)
    start = rv.pretrain(data, config, progress=False)
    run = rv.fit(data, replace(config, epochs=1), start=start, progress=False)
    assert run.manifest["start"] == start.digest
