"""Training from a form: in a process beside the kernel, watched and stopped."""

import asyncio
import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import ipywidgets as W
import numpy as np
import pytest
import torch

from refnet_viz import Embedding
from refnet_viz.config import VARIANTS, Config
from refnet_viz.data import Media
from refnet_viz.explorer.embeddings import Epochs
from refnet_viz.graph import knn
from refnet_viz.graph.labelled import purity, purity_chance
from refnet_viz.inference import embed
from refnet_viz.regimes import beside
from refnet_viz.regimes.beside import Begun, Ended, Failed, Finished, Trainer
from refnet_viz.regimes.purity import Purity
from refnet_viz.train import fit, pretrain
from refnet_viz.train.nulls import null_losses, null_score
from refnet_viz.widgets import lifetime, training
from refnet_viz.widgets.curves import Record
from refnet_viz.widgets.training import Training
from refnet_viz.widgets.training_settings import fitting

CONFTEST = Path(__file__).parent / "conftest.py"


@pytest.fixture(scope="module")
def paired(make_paired):
    """Return data with things to hover, which training does not need."""
    texts = tuple(f"row {i}" for i in range(120))
    return make_paired(media=Media((), texts))


@pytest.fixture(scope="module")
def trainer(paired):
    """Return one process for all that it can be asked for."""
    found = Trainer(paired)
    yield found
    found.close()


def alive(process):
    return process is not None and process.is_alive()


def finish(trainer, act=lambda event: None):
    """Return all events until the run is there, or is not."""
    events, end = [], time.monotonic() + 600
    while trainer.busy and time.monotonic() < end:
        for event in trainer.events(0.2):
            events.append(event)
            act(event)
    assert not trainer.busy, "the run did not end"
    return events


def same_run(a, b):
    assert (a.config, a.seed, a.schema) == (b.config, b.seed, b.schema)
    assert a.manifest == b.manifest
    assert a.history.equals(b.history)
    assert (a.digest, a.epochs) == (b.digest, b.epochs)
    for epoch, state in a.snapshots.items():
        assert all(torch.equal(x, b.snapshots[epoch][n]) for n, x in state.items())
    assert a.train_rows.tolist() == b.train_rows.tolist()


# ----------------------------------------------------------------- the process


def test_the_process_trains_what_fit_trains(trainer, paired, small):
    trainer.start(small, seed=3, snapshots=2)
    with pytest.raises(RuntimeError, match="a run is being trained already"):
        trainer.start(small)
    first, *epochs, last = finish(trainer)
    whole = fit(paired, small, seed=3, snapshots=2, progress=False)
    assert (type(first), type(last)) == (Begun, Finished)
    same_run(last.run, whole)
    known = null_losses(paired, small, seed=3)
    score = null_score(paired, small, seed=3)
    chance = purity_chance(knn(embed(whole, paired.val), 15))
    assert first.nulls == {**known, "val_score": score, "purity": chance}
    assert [type(event) for event in epochs] == [Ended] * 3
    rows = [dict(event.row) for event in epochs]
    told = [row.pop("purity") for row in rows]
    assert rows == whole.history.to_dict("records")
    for epoch in whole.epochs:
        graph = knn(embed(whole.at(epoch), paired.val), 15)
        assert told[epoch] == pytest.approx(purity(graph))
    assert epochs[-1].best == whole.best_epoch


def test_the_process_stays_for_the_next_run(trainer, paired, small):
    process = trainer._process
    assert alive(process)
    trainer.start(dataclasses.replace(small, refiner=0.0, epochs=1))
    (*_, last) = finish(trainer)
    assert trainer._process is process
    assert last.run.config.epochs == 1
    assert np.isfinite(embed(last.run, paired.test).decoded["image"]).all()


def test_a_stop_keeps_the_best_state_so_far(trainer, paired, small):
    trainer.stop()  # of nothing: it must not stop what comes
    long = dataclasses.replace(small, epochs=5000)
    trainer.start(long)
    events = finish(trainer, lambda e: trainer.stop() if type(e) is Ended else None)
    run = events[-1].run
    assert run.manifest["stopped"] is True
    assert 1 <= len(run.history) < 5000
    whole = fit(
        paired,
        long,
        progress=False,
        on_epoch=lambda seen: seen.epoch == len(run.history) - 1,
    )
    same_run(run, whole)


def test_a_stop_of_the_run_before_stops_nothing(trainer, small):
    trainer._stop.send(trainer._number)
    trainer.start(small)
    (*_, last) = finish(trainer)
    assert last.run.manifest["stopped"] is False


def test_what_fit_refuses_is_told_and_the_process_lives_on(trainer, small):
    process = trainer._process
    trainer.start(dataclasses.replace(small, learning_rate=1e30))
    (*_, last) = finish(trainer)
    assert isinstance(last, Failed)
    assert last.why.startswith("`config.learning_rate` must be small enough to keep")
    assert alive(process)


def test_a_crash_is_one_sentence(trainer, small):
    trainer.start(dataclasses.replace(small, epochs=5000))
    process = trainer._process
    events = finish(
        trainer,
        lambda e: os.kill(process.pid, signal.SIGKILL) if type(e) is Begun else None,
    )
    assert events[-1] == Failed(
        "the training process ended before its run was done (SIGKILL, as when memory "
        "runs out)."
    )
    assert (trainer.busy, trainer.events()) == (False, [])
    trainer.close()
    trainer.close()


def test_only_what_training_reads_is_sent(trainer, paired):
    sent = trainer._data
    assert (sent.media.texts, paired.media.texts[0]) == ((), "row 0")
    assert sent.metadata.shape == (120, 0)
    assert sent.fingerprint == paired.fingerprint


ORPHAN = """
import os, runpy, signal, sys
from refnet_viz.config import Config
from refnet_viz.regimes.beside import Begun, Trainer

if __name__ == "__main__":
    trainer = Trainer(runpy.run_path(sys.argv[1])["paired"]())
    trainer.start(Config(epochs=9999, hidden=16, width=8))
    while not any(type(event) is Begun for event in trainer.events(0.2)):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_process_does_not_outlive_a_killed_kernel(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    # The pipe is read to its end, which comes when nobody holds it any more.
    killed = subprocess.run(
        [sys.executable, script, CONFTEST],
        capture_output=True,
        timeout=600,
        check=False,
        env={**os.environ, "PYTHONPATH": str(CONFTEST.parent.parent)},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr


# ------------------------------------------------------------- validation rows


def test_purity_is_that_of_the_labelled_rows(paired, small):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(len(paired.val), 3)).astype(np.float32)
    found = Purity(paired, small, 0)
    own = Embedding.from_arrays(z, labels=paired.val.labels)
    assert found(z) == pytest.approx(purity(knn(own, 15)))
    assert found.chance == pytest.approx(purity_chance(knn(own, 15)))
    scarce = dataclasses.replace(small, label_fraction=0.4)
    few = Purity(paired, scarce, 0)
    rows = fit(paired, dataclasses.replace(scarce, epochs=1), progress=False)
    assert rows.manifest["labelled_rows"] < len(paired.train)
    seen = few._rows
    assert 2 <= len(seen) < len(z)
    apart = z.copy()
    apart[np.setdiff1d(np.arange(len(z)), seen)] += 1e3  # the others do not matter
    assert few(z) == few(apart)


def test_without_labels_there_is_no_purity(make_paired, small):
    bare = Purity(make_paired(labels=None), small, 0)
    assert np.isnan([bare.chance, bare(np.zeros((24, 2)))]).all()
    target = make_paired(target=np.linspace(0, 1, 120))
    beside_it = Purity(target, dataclasses.replace(small, label_fraction=0.1), 0)
    assert len(beside_it._rows) == len(target.val)  # its labels teach nothing
    assert np.isnan(beside_it(None))


# -------------------------------------------------------------------- the form


@pytest.fixture(scope="module")
def form(paired, small):
    """Return one form, and with it one process, for all that it can do."""
    found = Training(paired, base=small, names=["both", "plain", "plain 2"])
    yield found
    found.close()


def test_names_are_made_of_the_settings_and_new(form):
    settings = form.settings
    assert settings.name == "both 2"
    for change, name in (
        ({"contrastive": 0.0}, "refiner"),
        ({"refiner": 0.0}, "plain 3"),
        ({"fusion": "gmu"}, "gmu plain"),
        ({"label_fraction": 0.25}, "gmu plain, 25% labels"),
        ({"refiner": 4.0, "epochs": 7}, "gmu refiner, refiner 4, 25% labels, 7 epochs"),
    ):
        for key, value in change.items():
            settings[key].value = value
        assert settings.name == name
    settings["name"].value = "mine"
    settings["epochs"].value = 3
    assert settings.name == "mine"
    for key, value in (
        ("fusion", "concat"),
        ("refiner", 1.0),
        ("contrastive", 1.0),
        ("label_fraction", 1.0),
    ):
        settings[key].value = value
    assert settings.name == "mine"
    settings["name"].value = ""
    settings["seed"].value = 0
    settings["epochs"].value = 2
    assert settings.name == "both, 2 epochs"
    settings["epochs"].value = 3
    assert settings.name == "both 2"


def test_the_form_means_the_base_with_its_own_values(form, small):
    assert form.settings.config == small
    assert (form.settings.seed, form.settings.snapshots) == (0, 0)
    form.settings["snapshots"].value = True
    assert form.settings.snapshots == 1
    form.settings["epochs"].value = 40
    assert form.settings.snapshots == 4
    form.settings["snapshots"].value, form.settings["epochs"].value = False, 3


def test_a_name_there_is_already_is_refused_in_one_sentence(form):
    for name, sentence in (
        ("plain", "`name` must be that of no variant that there is, got 'plain'."),
        ("  ", "`name` must not be empty."),
    ):
        form.settings["name"].value = name
        form.train.click()
        assert form.status == sentence
        assert not form.busy
        with pytest.raises(RuntimeError) as caught:
            form.run()
        assert str(caught.value) == sentence
    form.settings["name"].value = ""
    form.settings["seed"].value = 5
    assert form.settings.name == "both 2"


def test_run_waits_for_the_run_and_tells_of_it(form, paired, small):
    seen, drawn = [], []
    form.on_run(seen.append)
    form.curves.observe(lambda change: drawn.append(change["new"]), "content")
    run = form.run()
    assert seen == [run]
    assert run.manifest["variant"] == "both 2"
    assert (run.seed, run.config) == (5, small)
    whole = fit(paired, small, seed=5, progress=False)
    assert run.digest == whole.digest
    score = whole.history["val_score"].iloc[whole.best_epoch]
    chance = null_score(paired, small)
    assert form.status == (
        f"“both 2” is trained: best epoch {whole.best_epoch + 1} of 3, validation "
        f"accuracy {score:.2f} (chance {chance:.2f})."
    )
    # Empty axes, one message an epoch (fewer where several came at once), the end.
    assert 2 <= len(drawn) <= 5
    content = form.curves.content
    names = [line["name"] for panel in content["panels"] for line in panel["lines"]]
    assert sorted(names[:3]) == ["contrastive", "refiner", "task"]
    assert names[3:] == ["accuracy", "kNN purity"]
    table = np.frombuffer(content["values"], np.float32).reshape(3, 5)
    assert table[:, 3] == pytest.approx(whole.history["val_score"].to_numpy())
    assert (content["best"], content["span"]) == (whole.best_epoch, 3)
    nulls = {
        line["name"]: line["null"] for p in content["panels"] for line in p["lines"]
    }
    assert nulls["accuracy"] == pytest.approx(chance)
    assert nulls["contrastive"] is None
    assert nulls["task"] == pytest.approx(null_losses(paired, small, seed=5)["task"])
    # And the form is ready for the next one.
    assert form.settings.name == "both 3"
    assert not form.settings["epochs"].disabled
    assert (form.train.disabled, form.stop.disabled) == (False, True)


def test_in_a_loop_the_form_stays_in_use(form, monkeypatch):
    said = []
    form._notice.status.observe(lambda change: said.append(change["new"]), "value")
    runs = []
    form.on_run(runs.append)
    form.settings["name"].value = "short"
    form.settings["epochs"].value = 5000

    async def press():
        form.train.click()
        assert form.settings["epochs"].disabled
        assert (form.train.disabled, form.stop.disabled) == (True, False)
        form.train.click()  # only one at a time
        ticks = 0
        while form.busy:
            await asyncio.sleep(0.01)
            ticks += 1
            if form._record.rows and not form.stop.disabled:
                form.stop.click()
        return ticks

    assert asyncio.run(asyncio.wait_for(press(), 600)) > 1
    assert runs[0].manifest["stopped"] is True
    count = len(runs[0].history)
    assert said[0] == "starting the training process …"
    assert "stopping after this epoch …" in said
    timed = [words for words in said if words.startswith("epoch ")]
    form_of_time = r"epoch \d+ of 5000, best so far \d+; \d+ s, about \d+ (s|min) to go"
    assert timed
    assert all(re.fullmatch(form_of_time, words) for words in timed)
    assert form.status.startswith(
        f"“short” is trained: best epoch {runs[0].best_epoch + 1} of {count}, stopped "
        "before 5000, validation accuracy "
    )
    assert form.settings.name == "both, 5000 epochs"
    assert (form._record.span, form._record.epochs) == (count, 5000)
    form.settings["epochs"].value = 3


def test_an_interrupt_of_run_stops_and_keeps_the_best(form, monkeypatch):
    form.settings["name"].value = "interrupted"
    form.settings["epochs"].value = 5000
    events, pressed = form._trainer.events, []

    def press(wait=0.0):
        found = events(wait)
        if any(type(event) is Ended for event in found) and not pressed:
            pressed.append(True)
            form._take(found)
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(form._trainer, "events", press)
    run = form.run()
    assert run.manifest["stopped"] is True
    form.settings["epochs"].value = 3


def test_a_crash_is_told_and_closing_the_explorer_ends_the_process(form):
    form.settings["name"].value = "doomed"
    form.settings["epochs"].value = 5000

    def begin():
        form.start()
        while form.busy and not form._record.rows:
            form._take(form._trainer.events(0.2))
        assert form.busy
        return form._trainer._process.pid

    os.kill(begin(), signal.SIGKILL)
    while form.busy:
        form._take(form._trainer.events(0.2))
    assert form.status == (
        "the training process ended before its run was done (SIGKILL, as when memory "
        "runs out)."
    )
    assert not form.train.disabled
    assert form.settings.name == "doomed"  # it is not taken
    again = begin()
    lifetime.close_all(W.VBox([form]))
    assert not form.busy
    with pytest.raises(ProcessLookupError):
        os.kill(again, 0)


def test_what_a_task_has_no_use_for_is_off(make_paired, make_mixed):
    bare = Training(make_paired(labels=None))
    off = {name for name, w in bare.settings.widgets.items() if w.disabled}
    assert off == {"contrastive", "label_fraction"}
    assert (bare.settings.config.contrastive, bare.settings.name) == (0, "refiner")
    target = Training(make_paired(target=np.linspace(0, 1, 120)))
    off = {name for name, w in target.settings.widgets.items() if w.disabled}
    assert off == {"contrastive"}
    assert "tmc" not in target.settings["fusion"].options
    assert target._label() == "R²"
    several = make_paired(labels=np.eye(3, dtype=int)[np.arange(120) % 3])
    assert "tmc" not in fitting(several, Config())
    assert "tmc" in fitting(make_paired(), Config())
    unsplit = make_paired(split=["train", "test"] * 60)
    assert Training(unsplit).settings.config.keep == "best"


def test_unlabelled_data_are_pretrained_in_the_process(make_paired, small):
    data = make_paired(labels=None)
    pipe = Pipe()
    job = beside.Job(1, dataclasses.replace(small, contrastive=0.0), 0, 0)
    done = beside._done(data, job, pipe, pipe)
    whole = pretrain(data, job.config, progress=False)
    assert done.run.history.equals(whole.history)
    assert set(pipe.sent[0].nulls) == {"refiner", "val_score", "purity"}
    record = Record(3, pipe.sent[0].nulls, "score (minus loss)")
    for event in pipe.sent[1:]:
        record = record.after(event.row, best=event.best)
    assert (record.losses, record.scores) == (["refiner"], ["val_score"])


class Pipe:
    """Keeps what is sent; nobody asks to stop."""

    def __init__(self):
        self.sent = []

    def send(self, event):
        self.sent.append(event)

    def poll(self):
        return False


def test_a_record_tells_numbers_with_their_nulls():
    record = Record(
        4, {"task": 0.6931, "val_score": 0.5, "refiner": np.nan}, "accuracy"
    )
    assert record.progress == "epoch 0 of 4"
    (left, right) = record.content["panels"]
    assert left["label"] == "Training loss, epoch 0 of 4: no numbers yet."
    assert record.content["values"] == b""
    row = {
        "epoch": 0,
        "loss": 3.0,
        "task": 0.5,
        "refiner": 2.5,
        "val_loss": 1.0,
        "val_score": 0.75,
        "purity": np.nan,
    }
    record = record.after(row, best=0)
    left, right = record.content["panels"]
    assert left["label"] == (
        "Training loss, epoch 1 of 4: task 0.50 (null 0.69), refiner 2.50."
    )
    assert right["label"] == "Validation, epoch 1 of 4: accuracy 0.75 (chance 0.50)."
    assert right["lines"] == [{"name": "accuracy", "null": 0.5}]
    assert record.progress == "epoch 1 of 4, best so far 1"
    # A number that comes later leaves a gap before it.
    record = record.after(row | {"purity": 0.25, "evidence": 1.0}, best=1)
    values = np.frombuffer(record.content["values"], np.float32).reshape(2, 5)
    expected = [[0.5, 2.5, np.nan, 0.75, np.nan], [0.5, 2.5, 1.0, 0.75, 0.25]]
    assert values == pytest.approx(np.array(expected), nan_ok=True)


# ------------------------------------------------------------------- scrubbing


@pytest.fixture(scope="module")
def kept(paired, small):
    """Return two seeds with different epochs."""
    return [
        fit(paired, small, seed=seed, snapshots=seed + 1, progress=False)
        for seed in (0, 1)
    ]


def test_epochs_are_those_of_all_runs(kept, paired, small):
    assert Epochs(kept, paired.test).epochs == (0, 2)
    assert Epochs(kept[:1], paired.test).epochs == (0, 1, 2)
    bare = fit(paired, dataclasses.replace(small, epochs=1), progress=False)
    assert Epochs([*kept, bare], paired.test).epochs == ()


def test_an_epochs_embeddings_are_those_of_its_runs(kept, paired):
    shown = Epochs(kept, paired.test)
    spaces = shown.at(2)
    for run, found in zip(kept, spaces, strict=True):
        assert np.array_equal(found.z, embed(run.at(2), paired.test).z)
        assert (found.info["epoch"], found.info["seed"]) == (2, run.seed)
    assert shown.at(2) is spaces
    with pytest.raises(ValueError, match="`epoch` must be one of"):
        shown.at(1)


def test_variants_of_the_package_get_their_own_names(paired):
    for name, config in VARIANTS.items():
        form = Training(paired, base=config)
        assert form.settings.name == name


def test_the_time_that_is_left_is_that_of_the_epochs_so_far(form, monkeypatch):
    record = Record(40, {}, "accuracy")
    for epoch in range(4):
        record = record.after({"epoch": epoch, "task": 1.0}, best=0)
    monkeypatch.setattr(form, "_began", 100.0)
    monkeypatch.setattr(form, "_trained", 110.0)
    monkeypatch.setattr(training.time, "monotonic", lambda: 118.0)
    # 18 s since it was asked for; 2 s an epoch, of which 36 are left.
    assert form._timing(record) == "18 s, about 72 s to go"


def test_every_fusion_is_told_in_one_sentence(form):
    for name in form.settings["fusion"].options:
        form.settings["fusion"].value = name
        sentence = form.settings.sentence.value
        assert sentence.startswith(f"{name}: ")
        assert sentence.endswith(".")
        assert 30 < len(sentence) < 120
    form.settings["fusion"].value = "concat"
