"""States kept of a training, and who may watch it: neither changes a number."""

import dataclasses
import json
import warnings

import numpy as np
import pytest
import torch

from refnet_viz.inference import embed
from refnet_viz.train import Config, Run, fit, pretrain, steps, sweep, sweeps
from refnet_viz.train.watch import kept_epochs


@pytest.fixture(scope="module")
def longer(small):
    """Return settings whose best epoch is not the last one."""
    return dataclasses.replace(small, epochs=7, learning_rate=0.05)


@pytest.fixture(scope="module")
def runs(make_paired, longer):
    """Return runs with and without a refiner, each with all its epochs."""
    data = make_paired()
    configs = {"both": longer, "plain": dataclasses.replace(longer, refiner=0.0)}
    return {
        name: fit(data, config, progress=False, snapshots=1)
        for name, config in configs.items()
    }


def same(a, b):
    """Whether two states are equal to the last bit; NaN equals NaN."""
    return a.keys() == b.keys() and all(
        torch.equal(value.nan_to_num(7.0), b[name].nan_to_num(7.0))
        for name, value in a.items()
    )


@pytest.mark.parametrize(
    ("epochs", "every", "kept"),
    [
        (7, 0, ()),
        (7, 1, range(7)),
        (7, 3, (0, 3, 6)),
        (8, 3, (0, 3, 6, 7)),
        (3, 9, (0, 2)),
        (1, 5, (0,)),
    ],
)
def test_each_nth_epoch_is_kept_and_the_last(epochs, every, kept, data, small):
    assert kept_epochs(epochs, every) == tuple(kept)
    if epochs <= 3:
        config = dataclasses.replace(small, epochs=epochs)
        assert fit(data, config, progress=False, snapshots=every).epochs == tuple(kept)


@pytest.mark.parametrize("refiner", [0.0, 1.0])
@pytest.mark.parametrize("fusion", ["concat", "prototype"])
def test_snapshots_and_watchers_change_no_number(fusion, refiner, data, longer):
    config = dataclasses.replace(longer, fusion=fusion, refiner=refiner, dropout=0.5)

    def draw(seen):
        torch.randn(5)
        seen.val_z.copy()
        for value in seen.state().values():
            value.zero_()

    bare = fit(data, config, progress=False)
    kept = fit(data, config, progress=False, snapshots=2, on_epoch=draw)
    assert same(bare.weights, kept.weights)
    assert bare.history.equals(kept.history)
    assert bare.manifest == kept.manifest
    assert bare.digest == kept.digest
    assert (bare.epochs, kept.epochs) == ((), (0, 2, 4, 6))


def test_an_epoch_has_the_weights_it_ended_with(data, longer, monkeypatch):
    states = []
    run = fit(
        data,
        longer,
        progress=False,
        snapshots=3,
        on_epoch=lambda seen: states.append(seen.state()),
    )
    assert run.epochs == (0, 3, 6)
    for epoch in run.epochs:
        shown = run.at(epoch)
        assert same(shown.weights, states[epoch])
        assert shown.manifest == run.manifest | {"epoch": epoch}
        assert (shown.history is run.history, shown.epochs) == (True, ())
        found = embed(shown, data.val)
        assert found.info["epoch"] == epoch
        score = run.history["val_score"].iloc[epoch]
        assert found.accuracy == pytest.approx(score)
        assert found.spaces == ("latent", "refined", "image", "text", "sum")
    assert embed(run, data.val).info["epoch"] == run.best_epoch


def test_only_what_training_moves_is_kept(runs):
    for name, run in runs.items():
        (names,) = {frozenset(state) for state in run.snapshots.values()}
        fixed = {n for n in run.weights if n.startswith("features.")}
        fixed |= {"fusion.absent"}  # no row lacks anything
        later = {n for n in run.weights if n.startswith("refiner.")}
        assert len(fixed) > 1
        assert later
        left = fixed | (later if name == "plain" else set())
        assert set(run.weights) - names == left


def test_the_epoch_that_training_kept_is_the_run_itself(runs, data):
    for run in runs.values():
        best = run.at(run.best_epoch)
        assert same(best.weights, run.weights)
        ours, theirs = embed(best, data.test), embed(run, data.test)
        assert np.array_equal(ours.z, theirs.z)
        assert np.array_equal(ours.decoded["image"], theirs.decoded["image"])
        assert ours.info == theirs.info


def test_decoders_fitted_to_another_epoch_are_dropped(runs, data):
    run = runs["plain"]
    epoch = 0 if run.best_epoch else 1
    shown = run.at(epoch)
    assert run.has_decoders
    assert run.at(run.best_epoch).has_decoders
    assert runs["both"].at(epoch).has_decoders
    assert not shown.has_decoders
    found = embed(shown, data.test)
    assert (found.decoded, found.targets, found.decoders) == ({}, {}, {})
    assert found.spaces == ("latent", "image", "text", "sum")
    assert np.isfinite(found.z).all()
    # Whoever asks the network itself cannot take them for answers either.
    model = shown.model()
    answers = model.decode(torch.tensor(found.z))
    assert all(answer.isnan().all() for answer in answers.values())


def test_decoders_that_were_dropped_are_no_start(runs, data, longer):
    shown = runs["plain"].at(runs["plain"].epochs[0])
    short = dataclasses.replace(longer, epochs=1)
    again = fit(data, short, start=shown, progress=False)
    assert np.isfinite(again.history["refiner"]).all()
    assert again.manifest["start"] == shown.digest


def test_moving_targets_are_kept_with_their_epoch(make_mixed, small):
    data = make_mixed()
    config = dataclasses.replace(small, targets="features")
    run = fit(data, config, progress=False, snapshots=1)
    assert "scales.0.mean" in run.snapshots[0]
    first, last = (embed(run.at(e), data.test).targets["vector"] for e in (0, 2))
    assert not np.array_equal(first, last)
    plain = fit(
        data, dataclasses.replace(config, refiner=0.0), progress=False, snapshots=1
    )
    other = next(e for e in plain.epochs if e != plain.best_epoch)
    assert "scales.0.mean" not in plain.snapshots[other]
    assert embed(plain.at(other), data.test).targets == {}


def test_pretraining_keeps_epochs_too(data, small):
    bare = pretrain(data, small, progress=False)
    told = []
    run = pretrain(data, small, progress=False, snapshots=2, on_epoch=told.append)
    assert run.epochs == (0, 2)
    assert same(bare.weights, run.weights)
    assert [seen.epoch for seen in told] == [0, 1, 2]
    assert embed(run.at(0), data.test).predictions is None


def test_an_epoch_that_was_not_kept_is_one_sentence(runs, data, small):
    bare = fit(data, dataclasses.replace(small, epochs=1), progress=False)
    for run, epoch, known in (
        (runs["both"], 7, "0, 1, 2, 3, 4, 5, 6"),
        (bare, 0, "none kept"),
    ):
        with pytest.raises(ValueError, match="`epoch`") as caught:
            run.at(epoch)
        assert str(caught.value) == (
            f"`epoch` must be one of `Run.epochs` ({known}), got {epoch}; "
            "`fit(..., snapshots=1)` keeps all of them."
        )


@pytest.mark.parametrize("value", [-1, 1.5, True, "2"])
def test_a_wrong_number_of_snapshots_is_one_sentence(value, data, small):
    for function, rest in ((fit, small), (pretrain, small), (sweep, {"a": small})):
        with pytest.raises(ValueError, match="`snapshots`") as caught:
            function(data, rest, snapshots=value, progress=False)
        assert str(caught.value) == (
            f"`snapshots` must be a whole number of at least 0, got {value!r}."
        )


def test_the_html_says_which_epoch_is_shown(runs):
    run = runs["both"]
    other = next(e for e in run.epochs if e != run.best_epoch)
    told = f"7 epochs kept<br>best epoch {run.best_epoch + 1} of 7: validation score"
    assert told in run._repr_html_()
    score = run.history["val_score"].iloc[other]
    told = f"numbers<br>epoch {other + 1} of 7: validation score {score:.3f}"
    assert told in run.at(other)._repr_html_()


# ----------------------------------------------------------------------- files


@pytest.mark.parametrize("name", ["both", "plain"])
def test_snapshots_are_saved_and_loaded(name, runs, data, tmp_path):
    run = runs[name]
    loaded = Run.load(run.save(tmp_path))
    assert loaded.epochs == run.epochs
    assert loaded.digest == run.digest
    for epoch in run.epochs:
        assert same(loaded.at(epoch).weights, run.at(epoch).weights)
    other = next(e for e in run.epochs if e != run.best_epoch)
    shown = Run.load(run.at(other).save(tmp_path))
    assert shown.manifest["epoch"] == other
    assert shown.has_decoders is (name == "both")
    assert same(shown.weights, run.at(other).weights)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_epoch_in_which_nothing_moved_comes_back(data, small, tmp_path):
    config = dataclasses.replace(small, epochs=1)
    run = fit(data, config, progress=False, snapshots=1)
    assert run.snapshots == {0: {}}
    assert Run.load(run.save(tmp_path)).epochs == (0,)


def test_only_runs_with_snapshots_name_epochs(data, small, runs, tmp_path):
    fit(data, small, progress=False).save(tmp_path / "bare")
    stored = json.loads((tmp_path / "bare" / "run.json").read_text("utf-8"))
    assert (stored["format"], "epochs" in stored) == (3, False)
    runs["both"].save(tmp_path / "kept")
    stored = json.loads((tmp_path / "kept" / "run.json").read_text("utf-8"))
    assert (stored["format"], stored["epochs"]) == (3, [0, 1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize("epochs", [[0, 1], [0, "one"], 3, [0, 1, 2, 3, 4, 5, 7]])
def test_epochs_that_do_not_fit_are_one_sentence(epochs, runs, tmp_path):
    path = runs["both"].save(tmp_path) / "run.json"
    stored = json.loads(path.read_text("utf-8")) | {"epochs": epochs, "format": 2}
    del stored["sha256"]  # as in runs from before it was there
    path.write_text(json.dumps(stored), "utf-8")
    with pytest.raises(ValueError, match="`folder`") as caught:
        Run.load(tmp_path)
    assert str(caught.value) == (
        f"`folder` must hold a whole run, got {str(path)!r}: it lacks or garbles a "
        "setting."
    )


def test_the_file_grows_by_what_training_moves(runs, tmp_path):
    run = runs["both"]
    bare = dataclasses.replace(run, snapshots={})
    sizes = []
    for number, one in enumerate((bare, run)):
        (file,) = one.save(tmp_path / str(number)).glob("*.safetensors")
        sizes.append(file.stat().st_size)
    moved = sum(x.nbytes for state in run.snapshots.values() for x in state.values())
    assert moved < 7 * sum(x.nbytes for x in run.weights.values())
    assert 0 <= sizes[1] - sizes[0] - moved < 200 * 7 * len(run.weights)  # names


# ---------------------------------------------------------------------- sweeps


def test_a_sweep_trains_again_what_lacks_an_epoch(data, small, tmp_path, monkeypatch):
    seeds, train = [], sweeps.fit

    def spy(*args, **rest):
        seeds.append((rest["seed"], rest["snapshots"]))
        return train(*args, **rest)

    monkeypatch.setattr(sweeps, "fit", spy)
    options = {"folder": tmp_path, "n_jobs": 1, "progress": False}
    both = {"both": dataclasses.replace(small, epochs=4)}
    bare = sweep(data, both, seeds=[0], **options)["both"][0]
    found = sweep(data, both, seeds=[0, 1], snapshots=2, **options)["both"]
    assert seeds == [(0, 0), (0, 2), (1, 2)]
    assert [run.epochs for run in found] == [(0, 2, 3)] * 2
    assert found[0].digest == bare.digest
    # What is there serves whoever wants no more than that.
    for wanted in (2, 3, 0):
        (again, _) = sweep(data, both, seeds=[0, 1], snapshots=wanted, **options)[
            "both"
        ]
        assert same(again.at(2).weights, found[0].at(2).weights)
    assert len(seeds) == 3
    sweep(data, both, seeds=[0], snapshots=1, **options)
    assert seeds[3:] == [(0, 1)]


def test_workers_bring_their_snapshots(data, small):
    configs = {"a": small, "b": dataclasses.replace(small, refiner=0.0)}
    runs = sweep(data, configs, seeds=[0], snapshots=1, n_jobs=2, progress=False)
    alone = fit(data, small, progress=False, snapshots=1)
    assert same(runs["a"][0].at(1).weights, alone.at(1).weights)


# -------------------------------------------------------------------- watching


def test_every_epoch_is_told_with_what_is_known_of_it(data, longer):
    told = []
    run = fit(data, longer, progress=False, on_epoch=told.append)
    assert [seen.epoch for seen in told] == list(range(7))
    assert {seen.epochs for seen in told} == {7}
    rows = run.history.to_dict("records")
    assert [dict(seen.row) for seen in told] == rows
    scores = run.history["val_score"].to_numpy()
    assert [scores[seen.best] for seen in told] == np.maximum.accumulate(
        scores
    ).tolist()
    assert told[-1].best == run.best_epoch
    z = embed(run, data.val).z
    assert told[run.best_epoch].val_z == pytest.approx(z, abs=1e-6)
    with pytest.raises(dataclasses.FrozenInstanceError):
        told[0].epoch = 3
    with pytest.raises(TypeError):
        told[0].row["loss"] = 0


def test_a_state_is_had_only_while_the_callback_runs(data, small):
    told = []
    fit(data, small, progress=False, on_epoch=told.append)
    with pytest.raises(RuntimeError) as caught:
        told[0].state()
    assert str(caught.value) == (
        "`state` must be asked for while the callback runs, got a call after training "
        "had gone on."
    )


def test_without_validation_rows_there_is_no_z(make_paired, small):
    data = make_paired(split=["train", "test"] * 60)
    told = []
    config = dataclasses.replace(small, keep="last")
    fit(data, config, progress=False, on_epoch=told.append)
    assert [seen.val_z for seen in told] == [None] * 3
    assert [seen.best for seen in told] == [0, 1, 2]


@pytest.mark.parametrize("refiner", [0.0, 1.0])
def test_a_callback_stops_and_the_best_state_is_kept(refiner, data, longer):
    config = dataclasses.replace(longer, refiner=refiner)
    whole = fit(data, config, progress=False, snapshots=1)
    with warnings.catch_warnings(action="error"):
        run = fit(
            data,
            config,
            progress=False,
            snapshots=2,
            on_epoch=lambda seen: seen.epoch == 3,
        )
    assert run.history.equals(whole.history.head(4))
    assert run.manifest["stopped"] is True
    ranked = run.history.sort_values(["val_score", "val_loss"], ascending=[False, True])
    assert run.best_epoch == ranked.index[0]
    assert run.epochs == (0, 2, 3)  # the last one that there was
    best = whole.at(run.best_epoch).weights
    for name, value in run.weights.items():
        if refiner or not name.startswith("refiner."):
            assert torch.equal(value, best[name])
    decoded = embed(run, data.test).decoded["image"]
    assert np.isfinite(decoded).all()


def test_a_stop_after_the_last_epoch_is_none(data, small):
    run = fit(data, small, progress=False, on_epoch=lambda seen: seen.epoch == 2)
    assert run.manifest["stopped"] is False
    assert len(run.history) == 3


def test_only_true_stops(data, small):
    run = fit(data, small, progress=False, on_epoch=lambda seen: 1)
    assert len(run.history) == 3


def test_an_interrupt_in_a_callback_is_an_interrupt(data, small):
    def interrupt(seen):
        if seen.epoch == 1:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="training was stopped"):
        run = fit(data, small, progress=False, on_epoch=interrupt, snapshots=1)
    assert (len(run.history), run.epochs) == (2, (0,))


def test_an_error_of_a_callback_goes_through(data, small):
    def wrong(seen):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fit(data, small, progress=False, on_epoch=wrong)


def test_what_cannot_be_called_is_one_sentence(data, small):
    for function in (fit, pretrain):
        with pytest.raises(TypeError) as caught:
            function(data, small, on_epoch="print", progress=False)
        assert str(caught.value) == (
            "`on_epoch` must be a function of one `Epoch`, got str."
        )


def test_nobody_pays_for_what_nobody_asks(data, monkeypatch):
    """Without snapshots and callback no state is copied beyond the best ones."""
    from refnet_viz.train import watch

    copies, copy = [], watch.state_of
    monkeypatch.setattr(
        watch, "state_of", lambda *a, **o: copies.append(1) or copy(*a, **o)
    )
    passes, validate = [], steps._validate
    monkeypatch.setattr(steps, "_validate", lambda *a: passes.append(1) or validate(*a))
    config = Config(epochs=5, hidden=16, width=8, keep="last")
    fit(data, config, progress=False)
    assert (len(copies), len(passes)) == (5, 5)
    fit(data, config, progress=False, on_epoch=lambda seen: seen.val_z is None)
    assert (len(copies), len(passes)) == (10, 10)
