"""Training: it learns, repeats to the last bit, and says what it refuses."""

import dataclasses
import random

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from refnet_viz.config import VARIANTS, Config
from refnet_viz.data.splits import label_subset
from refnet_viz.inference import embed
from refnet_viz.model.fusion import FUSIONS
from refnet_viz.objectives import REFINER_LOSSES
from refnet_viz.train import fit, loop, pretrain, rows, steps, sweep, watch


def train(data, config, **options):
    return fit(data, config, progress=False, **options)


def same_weights(a, b):
    assert a.weights.keys() == b.weights.keys()
    return all(torch.equal(value, b.weights[name]) for name, value in a.weights.items())


@pytest.fixture(scope="module")
def learning(small):
    """Return settings that learn."""
    return dataclasses.replace(small, epochs=12, hidden=32, width=16)


@pytest.fixture(scope="module")
def run(make_paired, small):
    """Return a run of all three losses."""
    return train(make_paired(), small)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_fit_learns(fusion, make_paired, learning):
    data = make_paired(rows=180)
    run = train(data, dataclasses.replace(learning, fusion=fusion))
    assert embed(run, data.test).accuracy > 1 / 3 + 0.4
    assert run.history["loss"].iloc[-1] < run.history["loss"].iloc[0]


def test_fit_learns_nothing_from_labels_without_meaning(make_paired, learning):
    labels = np.random.default_rng(0).permutation(np.arange(300) % 3)
    data = make_paired(rows=300, labels=labels)
    accuracy = embed(train(data, learning), data.test).accuracy
    assert abs(accuracy - 1 / 3) < 0.2  # 60 rows: three deviations of the chance level


def test_the_same_seed_gives_the_same_bits(data, small, run):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        torch.manual_seed(99)
        again = train(data, small)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert same_weights(run, again)
    assert run.history.equals(again.history)
    assert run.manifest == again.manifest


def test_another_seed_gives_other_weights(data, small, run):
    other = train(data, small, seed=1)
    assert not same_weights(run, other)
    assert (run.seed, other.seed) == (0, 1)


def test_a_sweep_with_workers_gives_the_bits_of_fit(data, small, run):
    plain = dataclasses.replace(small, refiner=0.0)
    runs = sweep(
        data, {"both": small, "plain": plain}, seeds=[1, 0], n_jobs=2, progress=False
    )
    assert list(runs) == ["both", "plain"]
    assert [[one.seed for one in row] for row in runs.values()] == [[1, 0], [1, 0]]
    assert same_weights(runs["both"][1], run)
    assert runs["both"][1].history.equals(run.history)
    assert same_weights(runs["plain"][0], train(data, plain, seed=1))
    assert runs["plain"][0].manifest["variant"] == "plain"


def test_the_random_numbers_of_the_caller_are_left_alone(data, small):
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)

    def drawn():
        return torch.get_rng_state(), np.random.get_state()[1], random.getstate()  # noqa: NPY002

    before = drawn()
    fitted = train(data, dataclasses.replace(small, refiner=0.0, epochs=1))
    embed(fitted, data.test)
    pretrain(data, dataclasses.replace(small, epochs=1), progress=False)
    after = drawn()
    assert torch.equal(before[0], after[0])
    assert (before[1] == after[1]).all()
    assert before[2] == after[2]


def test_the_variants_share_initial_weights_batches_and_dropout(data, small):
    still = {"learning_rate": 1e-12, "epochs": 2, "dropout": 0.5}
    runs = {
        name: train(
            data,
            dataclasses.replace(
                small, **still, refiner=c.refiner, contrastive=c.contrastive
            ),
        )
        for name, c in VARIANTS.items()
    }
    first = runs["plain"]
    for run in runs.values():
        # Nothing moves, so the task loss shows which rows and units met.
        assert run.history["task"].tolist() == first.history["task"].tolist()
        for name, value in run.weights.items():
            torch.testing.assert_close(value, first.weights[name], rtol=0, atol=1e-8)
    assert first.history["task"].nunique() == 2  # other batches, another epoch


def test_decoders_fitted_afterwards_leave_the_rest_bit_identical(
    data, small, monkeypatch
):
    plain = dataclasses.replace(small, refiner=0.0)
    fitted = train(data, plain)
    monkeypatch.setattr(loop, "fit_decoders", lambda *args: False)
    bare = train(data, plain)
    assert fitted.weights.keys() == bare.weights.keys()
    for name, value in fitted.weights.items():
        decoder = name.startswith("refiner.")
        assert torch.equal(value, bare.weights[name]) != decoder, name
    held = data.test

    def error(run):
        space = embed(run, held)
        return np.mean((space.decoded["image"] - space.targets["image"]) ** 2)

    assert error(fitted) < 0.8 * error(bare)


def test_the_label_subset_is_fixed_and_stratified_and_the_refiner_sees_all(
    data, small, monkeypatch
):
    seen = {"task": [], "refiner": []}

    def count_task(logits, labels, **options):
        seen["task"].append(len(labels))
        return classification(logits, labels, **options)

    def count_refiner(decoded, targets, present, **options):
        seen["refiner"].append(len(present))
        return refiner_loss(decoded, targets, present, **options)

    classification, refiner_loss = rows.classification, steps.refiner_loss
    monkeypatch.setattr(rows, "classification", count_task)
    monkeypatch.setattr(steps, "refiner_loss", count_refiner)
    fraction = 0.25
    run = train(data, dataclasses.replace(small, label_fraction=fraction))
    keep = label_subset(data.train.labels, fraction, 0)
    assert np.bincount(data.train.labels[keep]).tolist() == [6, 6, 6]
    assert run.manifest["labelled_rows"] == 18
    # Three epochs of three batches; after each, validation on 6 of its 24 rows.
    epochs = np.array(seen["task"]).reshape(3, 4)
    assert (epochs[:, :3].sum(axis=1) == 18).all()
    assert (epochs[:, 3] == 6).all()
    assert np.sum(seen["refiner"]) == 3 * len(data.train)


def test_the_labels_of_unlabelled_rows_never_enter(data, small, monkeypatch):
    monkeypatch.setattr(rows, "label_subset", lambda y, f, s: np.arange(len(y)) % 3 > 0)
    hidden = np.zeros(len(data), dtype=bool)
    for part in ("train", "val"):
        found = np.flatnonzero(data.split == part)
        hidden[found[np.arange(len(found)) % 3 == 0]] = True
    changed = np.where(hidden, (data.labels + 1) % 3, data.labels)
    other = dataclasses.replace(data, labels=changed)
    config = dataclasses.replace(small, label_fraction=0.5)
    assert same_weights(train(data, config), train(other, config))


def test_pretraining_lowers_the_refiner_loss_and_fit_goes_on_from_it(
    make_paired, learning
):
    unlabelled = make_paired(labels=None, name="unlabelled")
    start = pretrain(unlabelled, learning, progress=False)
    losses = start.history["val_loss"]
    assert losses.iloc[-1] < 0.9 * losses.iloc[0]
    assert start.best_epoch == losses.argmin()
    assert "task" not in start.history
    assert start.manifest["labelled_rows"] == 0
    assert embed(start, unlabelled.test).predictions is None

    data = make_paired(split=np.roll(unlabelled.split, 7))
    still = dataclasses.replace(learning, learning_rate=1e-12, epochs=1)
    run = train(data, still, start=start)
    for name, value in run.weights.items():
        if name.startswith("head."):
            assert value.shape[0] == 3
        else:
            torch.testing.assert_close(value, start.weights[name], rtol=0, atol=1e-8)
    assert run.manifest["start"] == start.digest
    # What either of the two has seen is not held out.
    seen = (data.split == "train") | (unlabelled.split == "train")
    assert embed(run, data).held_out.tolist() == (~seen).tolist()


def test_every_seed_of_a_sweep_starts_from_its_own_run(data, small):
    starts = {s: pretrain(data, small, seed=s, progress=False) for s in (0, 1)}
    still = dataclasses.replace(small, learning_rate=1e-12, epochs=1)
    runs = sweep(data, {"a": still}, seeds=[0, 1], start=starts, n_jobs=1)
    for run in runs["a"]:
        assert run.manifest["start"] == starts[run.seed].digest
        before = starts[run.seed].weights["encoders.0.first.weight"]
        after = run.weights["encoders.0.first.weight"]
        torch.testing.assert_close(before, after, rtol=0, atol=1e-8)
    with pytest.raises(
        ValueError, match=r"^`start` must hold a run for every seed, got none for 7\.$"
    ):
        sweep(data, {"a": still}, seeds=[0, 7], start=starts, progress=False)


@pytest.mark.parametrize(
    ("name", "known", "given"),
    [
        ("fusion", "'concat'", "transformer"),
        ("width", "8", 12),
        ("hidden", "16", 8),
        ("picture_encoder", "'light'", "cnn"),
        ("targets", "'inputs'", "features"),
    ],
)
def test_a_start_of_another_shape_is_refused(name, known, given, data, small, run):
    with pytest.raises(ValueError, match="`") as caught:
        train(data, dataclasses.replace(small, **{name: given}), start=run)
    assert str(caught.value) == (
        f"`config.{name}` must be that of `start` ({known}), got {given!r}."
    )


def test_the_state_of_the_best_epoch_is_kept(data, learning, monkeypatch):
    states = []
    update = steps.Best.update

    def spy(self, model, row):
        states.append(watch.state_of(model))
        update(self, model, row)

    monkeypatch.setattr(steps.Best, "update", spy)
    run = train(data, dataclasses.replace(learning, learning_rate=0.05))
    scores, losses = run.history["val_score"], run.history["val_loss"]
    ties = losses[scores == scores.max()]
    assert run.best_epoch == ties.idxmin()
    assert run.best_epoch < len(states) - 1  # the last one would prove nothing
    for name, value in states[run.best_epoch].items():
        assert torch.equal(value, run.weights[name]), name
    assert embed(run, data.val).accuracy == pytest.approx(scores.max())


def interrupted(monkeypatch, call):
    """Press Ctrl-C in the validation of some epoch."""
    validate, calls = steps._validate, []

    def stop(*args):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return validate(*args)

    monkeypatch.setattr(steps, "_validate", stop)


def test_an_interrupt_keeps_the_best_state_and_says_so(data, small, monkeypatch):
    states = []
    update = steps.Best.update
    monkeypatch.setattr(
        steps.Best,
        "update",
        lambda self, model, row: (
            states.append(watch.state_of(model)),
            update(self, model, row),
        ),
    )
    interrupted(monkeypatch, 3)
    with pytest.warns(UserWarning, match="training was stopped") as caught:
        run = train(data, small)
    best = run.best_epoch
    assert [str(w.message) for w in caught] == [
        f"training was stopped in epoch 3 of 3; the best state (epoch {best + 1}) "
        "is kept."
    ]
    assert caught[0].filename == __file__
    assert len(run.history) == len(states) == 2
    assert all(torch.equal(v, run.weights[n]) for n, v in states[best].items())
    assert run.manifest["stopped"] is True


def test_an_interrupt_before_the_first_state_goes_through(data, small, monkeypatch):
    interrupted(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        train(data, small)


def test_an_interrupt_of_the_decoders_keeps_the_trained_state(data, small, monkeypatch):
    plain = dataclasses.replace(small, refiner=0.0)
    whole = train(data, plain)
    monkeypatch.setattr(
        steps, "_refine", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.warns(UserWarning, match="decoders") as caught:
        run = train(data, plain)
    assert str(caught[0].message) == (
        "fitting the decoders was stopped in step 1 of 300; the trained state is kept."
    )
    assert caught[0].filename == __file__
    assert run.manifest["stopped"] is True
    for name in ("encoders.0.first.weight", "head.weight"):
        assert torch.equal(run.weights[name], whole.weights[name])


def test_what_cannot_be_trained_is_one_sentence(data, small, make_paired):
    def refused(sentence, function, *args, **options):
        with pytest.raises(ValueError, match="`") as caught:
            function(*args, progress=False, **options)
        assert str(caught.value) == sentence

    refused(
        "`data` must have labels or a target to be fitted, got none; `pretrain` takes "
        "unlabelled data.",
        fit,
        make_paired(labels=None),
        small,
    )
    rest = data.subset(data.split != "train")
    refused("`data` must have rows in the split 'train', got none.", fit, rest, small)
    one = make_paired(labels=np.zeros(120, dtype=int))
    refused(
        "`data` must have at least 2 classes among its labelled training rows when "
        "`config.contrastive` is above 0, got 1.",
        fit,
        one,
        small,
    )
    refused(
        "`config.refiner` must be above 0 to pre-train, got 0.",
        pretrain,
        data,
        dataclasses.replace(small, refiner=0.0),
    )
    refused(
        "`config.targets` must be 'inputs' to pre-train, got 'features' (encoders that "
        "nothing else trains may stop telling rows apart).",
        pretrain,
        data,
        dataclasses.replace(small, targets="features"),
    )
    refused(
        "`seed` must be a whole number between 0 and 9223372036854775807, got -1.",
        fit,
        data,
        small,
        seed=-1,
    )
    refused(
        "`device` must be a device that torch finds on this machine, e.g. 'cpu', got "
        "'gpu'.",
        fit,
        data,
        small,
        device="gpu",
    )
    refused(
        "`refiner_weights` must be one of 'image', 'text', got 'sound'.",
        fit,
        data,
        dataclasses.replace(small, refiner_weights={"sound": 1.0}),
    )


def test_one_class_can_be_fitted_without_the_contrastive_loss(make_paired, small):
    one = make_paired(labels=np.zeros(120, dtype=int))
    run = train(one, dataclasses.replace(small, contrastive=0.0))
    assert np.isfinite(run.history["loss"]).all()


def test_a_loss_that_is_not_finite_is_one_sentence(make_paired, small):
    data = make_paired(rows=60)
    with pytest.raises(
        ValueError,
        match=r"^`config\.learning_rate` must be small enough to keep the loss finite, "
        r"got 1e\+25 and a loss of (nan|inf) in epoch \d\.$",
    ):
        train(data, dataclasses.replace(small, learning_rate=1e25))


def several(make_paired):
    """Return paired data with three labels a row, each read off one feature."""
    base = make_paired(rows=160)
    image, text = (m.values for m in base.modalities.values())
    labels = np.stack([image[:, 0] > 0, text[:, 0] > 0, image[:, 1] > 1], axis=1)
    return make_paired(rows=160, labels=labels.astype(int))


@pytest.mark.parametrize("jaccard", [0.0, 0.5])
def test_several_labels_a_row_end_to_end(make_paired, learning, jaccard):
    data = several(make_paired)
    run = train(data, dataclasses.replace(learning, jaccard=jaccard, epochs=20))
    space = embed(run, data.test)
    truth, guess = data.test.labels, space.predictions
    assert guess.shape == truth.shape
    assert space.scores.min() >= 0
    assert not np.allclose(space.scores.sum(axis=1), 1)  # one sigmoid a label
    always = f1_score(truth, np.ones_like(truth), average="micro")
    assert f1_score(truth, guess, average="micro") > always + 0.1
    held = embed(run, data.val)
    micro = f1_score(data.val.labels, held.predictions, average="micro")
    assert run.history["val_score"].max() == pytest.approx(micro)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("targets", ["inputs", "features"])
@pytest.mark.parametrize("refiner", [0.0, 0.2])
def test_missing_modalities_of_every_kind_end_to_end(
    fusion, targets, refiner, make_mixed, learning
):
    count = min(FUSIONS[fusion].counts[1] or 4, 4)
    data = make_mixed(rows=90, count=count, missing=True)
    config = dataclasses.replace(
        learning, fusion=fusion, targets=targets, refiner=refiner
    )
    run = train(data, config)
    assert all(value.isfinite().all() for value in run.weights.values())
    space = embed(run, data.test)
    assert space.accuracy > 1 / 3 + 0.25
    assert space.present.tolist() == data.test.present.tolist()
    for name in data.modalities:
        width = config.width if targets == "features" else space.inputs[name].shape[1]
        assert space.targets[name].shape == space.decoded[name].shape
        assert space.targets[name].shape[1] == width


@pytest.mark.parametrize("targets", ["inputs", "features"])
@pytest.mark.parametrize("loss", REFINER_LOSSES)
def test_every_refiner_loss_falls(loss, targets, data, learning):
    config = dataclasses.replace(
        learning, refiner_loss=loss, targets=targets, contrastive=0.0, dropout=0.0
    )
    history = train(data, config).history
    assert history["refiner"].iloc[-1] < 0.9 * history["refiner"].iloc[0]


def test_a_start_that_moved_its_scales_does_not_leave_them_to_later_decoders(
    data, small
):
    config = dataclasses.replace(small, targets="features", refiner=0.0)
    start = train(data, dataclasses.replace(config, refiner=1.0))
    run = train(data, config, start=start)
    for values in embed(run, data.train).targets.values():
        assert np.abs(values.mean(axis=0)).max() < 1e-4
        assert values.std(axis=0) == pytest.approx(1, abs=1e-3)


def test_without_progress_nothing_is_printed(data, small, capfd):
    train(data, small)
    sweep(data, {"a": small}, seeds=[0], n_jobs=1, progress=False)
    assert capfd.readouterr() == ("", "")
    fit(data, small)
    assert "training" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("kind", "sentence", "configs", "seeds"),
    [
        (
            TypeError,
            "`configs` must be a mapping of variant names to settings, e.g. "
            "{'refiner': Config()}, got Config.",
            Config(),
            [0],
        ),
        (
            TypeError,
            "`seeds` must be whole numbers, e.g. range(5), got 5.",
            VARIANTS,
            5,
        ),
        (ValueError, "`seeds` must hold at least one entry, got none.", VARIANTS, []),
        (ValueError, "`configs` must hold at least one entry, got none.", {}, [0]),
        (
            ValueError,
            "`seeds` must be unique, got '1' more than once.",
            VARIANTS,
            [1, 1],
        ),
        (
            ValueError,
            "`seeds` must be a whole number of at least 0, got 0.5.",
            VARIANTS,
            [0.5],
        ),
    ],
)
def test_a_sweep_that_makes_no_sense_is_one_sentence(
    kind, sentence, configs, seeds, data
):
    with pytest.raises(kind, match="`") as caught:
        sweep(data, configs, seeds=seeds, progress=False)
    assert str(caught.value) == sentence


def test_config_defaults_are_used_when_none_is_given(data, monkeypatch):
    given = []
    monkeypatch.setattr(
        loop, "_train", lambda data, config, **rest: given.append(config)
    )
    fit(data)
    pretrain(data)
    assert given == [Config(), Config()]
