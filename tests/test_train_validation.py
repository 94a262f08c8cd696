"""Data without validation rows, and data whose parts share rows, are trained and told.

What is warned of is said once for a dataset and process, at the caller's own line.
"""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from refnet_viz import baselines, label_curve, refiner_curve
from refnet_viz import data as sets
from refnet_viz.config import Config
from refnet_viz.data import Dataset, notices, with_validation
from refnet_viz.data.fingerprint import row_hashes
from refnet_viz.inference import embed
from refnet_viz.regimes.beside import Finished, Job, serve
from refnet_viz.regimes.purity import Purity
from refnet_viz.train import Run, fit, pretrain, sweep
from refnet_viz.train.nulls import null_losses, null_score


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    """Begin as a fresh process does."""
    monkeypatch.setattr(notices, "_SAID", set())


@pytest.fixture
def unvalidated(make_paired):
    """Return 90 training rows and 30 test rows."""
    return make_paired(split=["train", "train", "train", "test"] * 30)


def sentences(call):
    """Return what a call warns of, and the file that it blames."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert {entry.category for entry in caught} <= {UserWarning}
    return [(str(entry.message), entry.filename) for entry in caught]


SENTENCE = (
    "`data` has no validation rows, so 18 of its 90 training rows (a stratified "
    "fifth, seed 0) take their place and are not trained on."
)


def test_a_fifth_of_the_training_rows_validates_and_is_told_once(unvalidated, small):
    found = []
    told = sentences(lambda: found.append(fit(unvalidated, small, progress=False)))
    assert told == [(SENTENCE, __file__)]
    run = found[0]
    assert run.manifest["validation"] == {
        "from": "train",
        "share": 0.2,
        "rows": 18,
        "seed": 0,
    }
    assert run.manifest["fingerprint"] == unvalidated.fingerprint
    assert run.manifest["labelled_rows"] == 72
    assert np.isfinite(run.history["val_score"]).all()
    assert sentences(lambda: fit(unvalidated, small, progress=False, seed=1)) == []


def test_it_is_the_same_run_as_with_those_validation_rows(unvalidated, small):
    sentences(lambda: notices.warn_of_validation(unvalidated))
    run = fit(unvalidated, small, progress=False)
    filled = with_validation(unvalidated)
    same = fit(filled, small, progress=False)
    assert same.digest == run.digest
    assert same.history.equals(run.history)
    assert "validation" not in same.manifest


def test_what_is_held_out_is_what_was_not_trained_on(unvalidated, small):
    sentences(lambda: notices.warn_of_validation(unvalidated))
    run = fit(unvalidated, small, progress=False, seed=3)
    filled = with_validation(unvalidated)
    hashes = row_hashes(filled.train, ["image", "text"])
    assert np.array_equal(np.sort(run.train_rows), np.sort(hashes))
    held_out = embed(run, unvalidated).held_out
    assert held_out.tolist() == (filled.split != "train").tolist()


def test_test_rows_change_nothing(unvalidated, small):
    sentences(lambda: notices.warn_of_validation(unvalidated))
    run = fit(unvalidated, small, progress=False)
    moved = replace(
        unvalidated,
        labels=np.where(unvalidated.split == "test", 0, unvalidated.labels),
    )
    told = sentences(lambda: fit(moved, small, progress=False))
    assert len(told) == 1
    assert fit(moved, small, progress=False).digest == run.digest


def test_the_manifest_is_saved(unvalidated, small, tmp_path):
    sentences(lambda: notices.warn_of_validation(unvalidated))
    run = fit(unvalidated, small, progress=False)
    run.save(tmp_path / "run")
    again = Run.load(tmp_path / "run")
    assert again.manifest["validation"] == run.manifest["validation"]
    assert json.loads((tmp_path / "run" / "run.json").read_text())


def test_groups_stay_on_one_side(make_paired, small):
    groups = np.repeat([f"p{i}" for i in range(12)], 10)
    split = np.where(np.arange(120) < 90, "train", "test")
    data = make_paired(split=split, groups=groups)
    ((sentence, _),) = sentences(lambda: notices.warn_before_training(data))
    assert "a stratified fifth, whole groups, seed 0" in sentence
    run = fit(data, small, progress=False)
    trained = ~embed(run, data).held_out
    assert all(len(set(trained[groups == name])) == 1 for name in set(groups[:90]))
    assert 0 < run.manifest["validation"]["rows"] < 90


def test_pretraining_and_fitting_from_it_leave_out_the_same_rows(unvalidated, small):
    bare = replace(unvalidated, labels=None, class_names=())
    assert len(sentences(lambda: pretrain(bare, small, progress=False))) == 1
    start = pretrain(bare, small, progress=False)
    sentences(lambda: notices.warn_of_validation(unvalidated))
    run = fit(unvalidated, small, progress=False, seed=5, start=start)
    # Unlabelled rows are one stratum, labelled ones three: other rows, but none of
    # the test rows.
    held_out = embed(run, unvalidated).held_out
    assert held_out[unvalidated.split == "test"].all()


def test_the_last_epoch_needs_none_and_trains_on_all_rows(unvalidated, small):
    config = replace(small, keep="last")
    assert sentences(lambda: fit(unvalidated, config, progress=False)) == []
    run = fit(unvalidated, config, progress=False)
    assert "validation" not in run.manifest
    assert len(run.train_rows) == 90
    assert np.isnan(null_score(unvalidated, config))


def test_sweeps_say_it_once_and_continue_in_their_folder(unvalidated, small, tmp_path):
    def run():
        return sweep(
            unvalidated,
            {"a": small},
            seeds=[0, 1],
            n_jobs=2,
            folder=tmp_path,
            progress=False,
        )

    assert sentences(run) == [(SENTENCE, __file__)]
    assert sentences(run) == []
    saved = run()["a"]
    assert [r.manifest["validation"]["rows"] for r in saved] == [18, 18]
    assert len({r.digest for r in saved}) == 2


def test_curves_run_without_validation_rows(unvalidated, small):
    found = []

    def run():
        found.append(
            refiner_curve(
                unvalidated,
                (0, 1),
                config=small,
                seeds=[0],
                n_jobs=1,
                k=5,
                progress=False,
                metrics=["accuracy"],
            )
        )

    assert sentences(run) == [(SENTENCE, __file__)]
    assert set(found[0].weight) == {0.0, 1.0}


def test_rails_say_it_too(unvalidated):
    found = []
    told = sentences(lambda: found.append(baselines.rails(unvalidated, seed=2)))
    assert told == [(SENTENCE.replace("seed 0", "seed 2"), __file__)]
    for rail in found[0].values():
        assert rail.info["validation"] == {
            "from": "train",
            "share": 0.2,
            "rows": 18,
            "seed": 2,
        }


def test_nulls_are_those_of_the_rows_that_validate(unvalidated, small):
    filled = with_validation(unvalidated)
    assert null_score(unvalidated, small) == null_score(filled, small)
    assert null_losses(unvalidated, small) == null_losses(filled, small)
    assert Purity(unvalidated, small, 0).chance == Purity(filled, small, 0).chance


class Pipe:
    """Hands over one job and keeps what comes back."""

    def __init__(self, *items):
        self.items, self.sent = list(items), []

    def recv(self):
        if not self.items:
            raise EOFError
        return self.items.pop(0)

    def send(self, what):
        self.sent.append(what)

    def poll(self):
        return False


def test_the_training_process_validates_on_the_same_rows(
    unvalidated, small, monkeypatch
):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    pipe = Pipe((unvalidated, Job(1, small, 0, 0)))
    assert sentences(lambda: serve(pipe, Pipe())) == []
    finished = pipe.sent[-1]
    assert isinstance(finished, Finished)
    assert finished.run.manifest["validation"]["rows"] == 18


@pytest.mark.parametrize(
    ("split", "sentence"),
    [
        (["val", "test"], "`data` must have rows in the split 'train', got none."),
        (
            ["train"] + ["test"] * 9,
            "`data` must have rows in the split 'val', or two training rows of which "
            "one can be taken, got 1.",
        ),
    ],
)
def test_data_that_cannot_be_trained_on_are_one_sentence(
    split, sentence, make_paired, small
):
    data = make_paired(rows=10, split=np.resize(np.array(split), 10))
    for call in (
        lambda: fit(data, small, progress=False),
        lambda: pretrain(data, small, progress=False),
        lambda: sweep(data, {"a": small}, seeds=[0], n_jobs=1, progress=False),
    ):
        with pytest.raises(ValueError, match="split") as caught:
            call()
        assert str(caught.value) == sentence


@pytest.mark.parametrize("curve", [label_curve, refiner_curve])
def test_curves_need_test_rows(curve, make_paired, small):
    data = make_paired(split="train")
    settings = {"weights": (0, 1), "config": small}
    if curve is label_curve:
        settings = {"configs": {"a": small}}
    with pytest.raises(ValueError, match="split") as caught:
        curve(data, seeds=[0], k=5, progress=False, **settings)
    assert str(caught.value) == "`data` must have rows in the split 'test', got none."


# Rows that are in two parts


def repeated(rows=120):
    """Return data of which three test rows and a validation row are training rows."""
    rng = np.random.default_rng(0)
    labels = np.arange(rows) % 2
    split = np.repeat(["train", "val", "test"], rows // 3)
    a, b = rng.normal(size=(rows, 4)) + labels[:, None], rng.normal(size=(rows, 3))
    for later, earlier in ((40, 0), (80, 1), (81, 2), (82, 2)):
        a[later], b[later] = a[earlier], b[earlier]
    a[83] = a[3]  # the same in one modality only
    return Dataset.from_arrays({"a": a, "b": b}, labels=labels, split=split)


def test_rows_in_two_parts_are_warned_of_once(small):
    data = repeated()
    told = sentences(lambda: fit(data, small, progress=False))
    assert told == [
        (
            "1 of 40 val rows and 3 of 40 test rows equal a training row in all "
            "modalities, which flatters every score on them; `data.leaks()` lists "
            "them.",
            __file__,
        )
    ]
    assert sentences(lambda: fit(data, small, progress=False)) == []
    other = data.resplit(seed=1)
    assert len(sentences(lambda: fit(other, small, progress=False))) == 1


def test_a_sweep_in_other_processes_warns_here(small):
    told = sentences(
        lambda: sweep(repeated(), {"a": small}, seeds=[0, 1], n_jobs=2, progress=False)
    )
    assert len(told) == 1


@pytest.mark.parametrize("make", [sets.emoji, sets.digits, sets.playground])
def test_the_sets_that_ship_are_trained_without_a_word(make):
    assert sentences(lambda: notices.warn_before_training(make())) == []


def test_nothing_is_said_twice_even_where_warnings_are_errors(unvalidated, small):
    with pytest.raises(UserWarning, match="no validation rows"):
        fit(unvalidated, small, progress=False)
    assert fit(unvalidated, small, progress=False).manifest["validation"]["rows"] == 18


def test_the_defaults_still_need_no_settings(unvalidated):
    sentences(lambda: notices.warn_of_validation(unvalidated))
    run = fit(unvalidated, Config(epochs=1, hidden=16, width=8), progress=False)
    assert run.config.keep == "best"
