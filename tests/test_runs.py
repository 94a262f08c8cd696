"""Saved runs are whole or absent, and a killed sweep goes on where it was."""

import dataclasses
import errno
import hashlib
import json
import math
import os
import pickle
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from refnet_viz.inference import embed
from refnet_viz.train import Run, fit, pretrain, steps, sweep, sweeps
from refnet_viz.train.files import checksum

CONFTEST = Path(__file__).parent / "conftest.py"


@pytest.fixture(scope="module")
def runs(make_paired, small):
    """Return two runs that differ in every weight."""
    data = make_paired()
    return [fit(data, small, seed=seed, progress=False) for seed in (0, 1)]


def assert_equal(a, b):
    """Check that two runs are the same in everything that is stored."""
    assert (a.config, a.seed, a.schema) == (b.config, b.seed, b.schema)
    assert a.manifest == b.manifest
    assert a.weights.keys() == b.weights.keys()
    for name, value in a.weights.items():
        assert value.dtype == b.weights[name].dtype
        assert torch.equal(value, b.weights[name]), name
    pd.testing.assert_frame_equal(a.history, b.history)
    assert a.train_rows.tolist() == b.train_rows.tolist()
    assert a.digest == b.digest


def contents(folder):
    """Return every file below a folder with its bytes and time of change."""
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_loaded_run_is_the_saved_one(runs, data, tmp_path):
    run = runs[0]
    assert run.save(tmp_path / "deep" / "run") == tmp_path / "deep" / "run"
    loaded = Run.load(str(tmp_path / "deep" / "run"))
    assert_equal(run, loaded)
    before, after = embed(run, data.test), embed(loaded, data.test)
    for name in ("z", "scores", "predictions", "held_out"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
    assert np.array_equal(before.decoded["image"], after.decoded["image"])


@pytest.mark.parametrize("fusion", ["concat", "transformer"])
@pytest.mark.parametrize("targets", ["inputs", "features"])
def test_runs_of_every_kind_of_modality_come_back(
    fusion, targets, make_mixed, small, tmp_path
):
    data = make_mixed(missing=True)
    config = dataclasses.replace(
        small, fusion=fusion, targets=targets, refiner_weights={"vector": 2}
    )
    run = fit(data, config, progress=False)
    assert_equal(run, Run.load(run.save(tmp_path)))
    start = pretrain(data, dataclasses.replace(small), progress=False)
    assert_equal(start, Run.load(start.save(tmp_path)))


def test_the_digest_changes_with_a_weight_and_with_a_row(runs):
    run = runs[0]
    assert len(run.digest) == 64
    assert run.digest != runs[1].digest
    name = "head.bias"
    other = run.weights | {name: run.weights[name] + 1e-6}
    assert dataclasses.replace(run, weights=other).digest != run.digest
    rows = run.train_rows[1:]
    assert dataclasses.replace(run, train_rows=rows).digest != run.digest


def test_only_safetensors_and_json_are_written(runs, tmp_path):
    runs[0].save(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["run.json", f"weights-{runs[0].digest[:16]}.safetensors"]
    blob = (tmp_path / names[1]).read_bytes()
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + length])  # the safetensors layout
    assert set(header) == {*runs[0].weights, "train_rows"}
    ends = [entry["data_offsets"][1] for entry in header.values()]
    assert 8 + length + max(ends) == len(blob)
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["format"] == 3


class Died(BaseException):
    """What a kill looks like from inside."""


@pytest.mark.parametrize("death", [Died, OSError(errno.ENOSPC, "No space left")])
@pytest.mark.parametrize("step", ["fsync", "half", "replace"])
@pytest.mark.parametrize("call", [1, 2])
def test_a_crash_at_any_step_leaves_the_old_run_whole(
    call, step, death, runs, tmp_path, monkeypatch
):
    old, new = runs
    old.save(tmp_path)
    place, name = (Path, step) if step == "replace" else (os, "fsync")
    true, calls = getattr(place, name), []

    def crash(*arguments):
        calls.append(arguments)
        if len(calls) == call:
            if step == "half":
                os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
            raise death
        return true(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(place, name, crash)
        with pytest.raises((Died, OSError)) as caught:
            new.save(tmp_path)
    if caught.type is not Died:
        assert str(caught.value) == (
            "`folder` must be a folder that can be written, got "
            f"{str(tmp_path)!r} (No space left)."
        )
    assert len(calls) == call
    assert_equal(Run.load(tmp_path), old)
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*"))
    new.save(tmp_path)  # and nothing of the crash is in the way
    assert_equal(Run.load(tmp_path), new)
    assert len(list(tmp_path.iterdir())) == 2


def test_old_weights_that_cannot_be_removed_do_no_harm(runs, tmp_path, monkeypatch):
    old, new = runs
    old.save(tmp_path)
    unlink = Path.unlink

    def refuse(self, **options):
        if self.name.startswith("weights-"):
            raise PermissionError
        unlink(self, **options)

    monkeypatch.setattr(Path, "unlink", refuse)
    new.save(tmp_path)
    assert_equal(Run.load(tmp_path), new)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_in_place_of_the_folder_is_one_sentence(runs, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    for folder in (taken, taken / "below"):
        with pytest.raises(OSError, match="`folder`") as caught:
            runs[0].save(folder)
        reason = "File exists" if folder == taken else "Not a directory"
        assert str(caught.value) == (
            f"`folder` must be a folder that can be written, got {str(folder)!r} "
            f"({reason})."
        )
    assert taken.read_text() == "mine"


@pytest.fixture
def saved(runs, tmp_path):
    """Return a folder with a saved run, its JSON and its weights."""
    runs[0].save(tmp_path)
    (weights,) = tmp_path.glob("*.safetensors")
    return tmp_path, tmp_path / "run.json", weights


def refused(folder, path, why):
    with pytest.raises(ValueError, match="`folder`") as caught:
        Run.load(folder)
    assert str(caught.value) == (
        f"`folder` must hold a whole run, got {str(path)!r}: {why}."
    )


def test_damaged_weights_are_one_sentence(saved):
    folder, _, weights = saved
    blob = weights.read_bytes()
    middle = len(blob) // 2
    flipped = blob[:middle] + bytes([blob[middle] ^ 1]) + blob[middle + 1 :]
    for content in (blob[:-1], blob + b"\0", b"", flipped):
        weights.write_bytes(content)
        refused(folder, weights, "its checksum is another")
    weights.unlink()
    refused(folder, weights, "it is missing")


def rewritten(path, change):
    """Change the JSON of a saved run."""
    stored = json.loads(path.read_text("utf-8"))
    del stored["sha256"]
    change(stored)
    path.write_text(json.dumps(stored | {"sha256": checksum(stored)}), "utf-8")


def test_a_pickle_is_not_read_even_under_the_right_checksum(saved):
    folder, manifest, weights = saved
    run = Run.load(folder)

    class Evil:
        def __reduce__(self):
            return Path.touch, (folder / "owned",)

    weights.write_bytes(pickle.dumps({"head.weight": Evil()}))
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    rewritten(manifest, lambda stored: stored["weights"].update(sha256=digest))
    refused(folder, weights, "it is not a safetensors file")
    assert not (folder / "owned").exists()
    run.save(folder)
    assert_equal(Run.load(folder), run)


def test_damaged_json_is_one_sentence(saved):
    folder, manifest, _ = saved
    text = manifest.read_bytes()
    for content in (
        text[:-20],
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"a": 1}',
        b"[" * 99_999,
    ):
        manifest.write_bytes(content)
        refused(folder, manifest, "it is not the JSON of a run")
    for key in ("config", "seed", "schema", "history", "manifest", "weights"):
        manifest.write_bytes(text)
        rewritten(manifest, lambda stored, key=key: stored.pop(key))
        refused(folder, manifest, "it lacks or garbles a setting")
    for change in (
        lambda stored: stored["config"].update(width=-1),
        lambda stored: stored["config"].update(depth=3),
        lambda stored: stored.update(seed="zero"),
        lambda stored: stored.update(weights="weights.safetensors"),
    ):
        manifest.write_bytes(text)
        rewritten(manifest, change)
        refused(folder, manifest, "it lacks or garbles a setting")


def test_one_changed_digit_is_another_checksum(saved):
    folder, manifest, _ = saved
    text = manifest.read_text("utf-8")
    digits = [i for i, letter in enumerate(text) if letter.isdigit()]
    rng = np.random.default_rng(0)
    for place in rng.choice(digits, 60, replace=False):
        digit = str((int(text[place]) + 1) % 10)
        changed = text[:place] + digit + text[place + 1 :]
        if json.loads(changed) == json.loads(text):  # the last of 17 digits
            continue
        manifest.write_text(changed, "utf-8")
        with pytest.raises(ValueError, match="`folder` must hold a"):
            Run.load(folder)
    manifest.write_text(text.replace('"sha256": "', '"sha255": "'), "utf-8")
    with pytest.raises(ValueError, match="`folder` must hold a whole run"):
        Run.load(folder)


def test_a_run_from_before_the_checksum_is_read(saved, runs):
    folder, manifest, _ = saved
    stored = json.loads(manifest.read_text("utf-8"))
    del stored["sha256"]
    manifest.write_text(json.dumps(stored), "utf-8")
    refused(folder, manifest, "its checksum is another")
    manifest.write_text(json.dumps(stored | {"format": 1}), "utf-8")
    assert_equal(Run.load(folder), runs[0])


@pytest.mark.parametrize("version", [-1, 0, True, "2", 1.9, math.inf, None, [1]])
def test_a_format_that_is_no_number_of_one(version, saved):
    folder, manifest, _ = saved
    rewritten(manifest, lambda stored: stored.update(format=version))
    refused(folder, manifest, f"its format is {version!r}")


def test_weights_of_another_network_are_one_sentence(saved):
    folder, manifest, _ = saved
    rewritten(manifest, lambda stored: stored["config"].update(hidden=17))
    refused(folder, manifest, "its weights are of another network")


def test_a_path_in_the_json_does_not_lead_out_of_the_folder(saved, tmp_path_factory):
    folder, manifest, weights = saved
    outside = tmp_path_factory.mktemp("outside") / "weights.safetensors"
    weights.rename(outside)
    rewritten(manifest, lambda stored: stored["weights"].update(file=str(outside)))
    refused(folder, folder / outside.name, "it is missing")


def test_a_newer_format_is_one_sentence(saved):
    folder, manifest, _ = saved
    rewritten(manifest, lambda stored: stored.update(format=4))
    with pytest.raises(ValueError, match="`folder`") as caught:
        Run.load(folder)
    assert str(caught.value) == (
        "`folder` must hold a run of format 3 or older, got format 4 in "
        f"{str(manifest)!r}; a newer refnet_viz wrote it."
    )


def test_a_folder_without_a_run_is_one_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "notes.txt"):
        with pytest.raises(FileNotFoundError) as caught:
            Run.load(folder)
        assert str(caught.value) == (
            f"`folder` must hold a saved run (run.json), got {str(folder)!r}."
        )


def test_the_html_of_a_run_is_escaped(runs):
    manifest = runs[0].manifest | {"variant": "<script>"}
    text = dataclasses.replace(runs[0], manifest=manifest)._repr_html_()
    assert text.startswith("<b>&lt;script&gt;</b>, seed 0: concat fusion, ")
    assert "of 3: validation score 0." in text


# ---------------------------------------------------------------------- sweeps


@pytest.fixture(scope="module")
def variants(small):
    """Return two variants that train quickly."""
    return {
        "both": small,
        "no refiner/yet": dataclasses.replace(small, refiner=0.0, contrastive=0.0),
    }


KILLED = """
import os, runpy, signal, sys
from dataclasses import replace
from refnet_viz.config import Config
from refnet_viz.train import sweep, sweeps

train, calls = sweeps.fit, []

def fit(*args, **options):
    run = train(*args, **options)
    calls.append(run)
    if len(calls) == 2:  # the first is saved, the second is not
        os.kill(os.getpid(), signal.SIGKILL)
    return run

sweeps.fit = fit
here = runpy.run_path(sys.argv[1])
small = Config(**eval(sys.argv[3]))
plain = replace(small, refiner=0.0, contrastive=0.0)
variants = {"both": small, "no refiner/yet": plain}
sweep(here["paired"](), variants, seeds=[1, 0], folder=sys.argv[2], n_jobs=1)
"""


def test_a_killed_sweep_goes_on_and_ends_as_if_nothing_had_happened(
    data, variants, tmp_path
):
    settings = str(variants["both"].to_dict())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(CONFTEST), str(tmp_path), settings],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=CONFTEST.parent.parent,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    first = contents(tmp_path)
    claim = {path for path in first if path.name.startswith(".")}
    assert {path.name for path in claim} == {".seed-0.lock", ".seed-0.json"}
    first = {path: content for path, content in first.items() if path not in claim}
    assert {path.parts[:2] for path in first} == {("both", "seed-1")}

    options = {"seeds": [1, 0], "n_jobs": 1, "progress": False}
    rest = sweep(data, variants, folder=tmp_path, **options)
    after = contents(tmp_path)
    assert {path: after[path] for path in first} == first
    assert len(after) == 8
    whole = sweep(data, variants, **options)
    assert list(rest) == list(whole) == list(variants)
    for name, row in whole.items():
        assert [run.seed for run in rest[name]] == [1, 0]
        for a, b in zip(row, rest[name], strict=True):
            assert_equal(a, b)

    again = sweep(data, variants, folder=tmp_path, **options)
    assert contents(tmp_path) == after  # nothing left to do
    assert [run.seed for run in again["both"]] == [1, 0]


def test_a_sweep_takes_up_new_seeds_and_variants(data, variants, tmp_path, monkeypatch):
    options = {"folder": tmp_path, "n_jobs": 1, "progress": False}
    both = {"both": variants["both"]}
    sweep(data, both, seeds=[0], **options)
    seeds, train = [], sweeps.fit

    def spy(*args, **rest):
        seeds.append(rest["seed"])
        return train(*args, **rest)

    monkeypatch.setattr(sweeps, "fit", spy)
    runs = sweep(data, both, seeds=[2, 0], **options)
    assert seeds == [2]
    assert [run.seed for run in runs["both"]] == [2, 0]


def test_a_damaged_run_is_trained_again_and_a_newer_one_is_not_overwritten(
    data, variants, tmp_path
):
    options = {"seeds": [0], "folder": tmp_path, "n_jobs": 1, "progress": False}
    both = {"both": variants["both"]}
    (run,) = sweep(data, both, **options)["both"]
    place = tmp_path / "both" / "seed-0"
    (weights,) = place.glob("*.safetensors")
    weights.write_bytes(b"")
    (again,) = sweep(data, both, **options)["both"]
    assert_equal(run, again)
    assert_equal(run, Run.load(place))
    rewritten(place / "run.json", lambda stored: stored.update(format=9))
    with pytest.raises(ValueError, match="a newer refnet_viz wrote it"):
        sweep(data, both, **options)


def test_a_folder_of_other_runs_is_refused(data, make_paired, variants, tmp_path):
    small = variants["both"]
    options = {"seeds": [0], "folder": tmp_path, "n_jobs": 1, "progress": False}
    sweep(data, {"both": small}, **options)
    before = contents(tmp_path)
    start = {0: pretrain(data, small, progress=False)}
    place = tmp_path / "both" / "seed-0"
    longer = dataclasses.replace(small, epochs=4)
    for given, config, begin in (
        (make_paired(seed=1), small, None),
        (data.resplit(seed=1), small, None),
        (data, longer, None),
        (data, small, start),
    ):
        with pytest.raises(ValueError, match="`folder`") as caught:
            sweep(given, {"both": config}, start=begin, **options)
        assert str(caught.value) == (
            "`folder` must hold runs of the same data, settings and starts, got others "
            f"in {str(place)!r}."
        )
    assert contents(tmp_path) == before


def test_a_copied_folder_is_no_other_seed(data, variants, tmp_path):
    options = {"folder": tmp_path, "n_jobs": 1, "progress": False}
    both = {"both": variants["both"]}
    sweep(data, both, seeds=[0], **options)
    place = tmp_path / "both" / "seed-1"
    shutil.copytree(tmp_path / "both" / "seed-0", place)
    with pytest.raises(ValueError, match="`folder`") as caught:
        sweep(data, both, seeds=[0, 1], **options)
    assert str(caught.value) == (
        f"`folder` must hold the run of seed 1 in {str(place)!r}, got that of seed 0."
    )


def test_names_of_variants_stay_inside_the_folder(data, small, tmp_path):
    inside = tmp_path / "inside"
    options = {"seeds": [0], "folder": inside, "n_jobs": 1, "progress": False}
    sweep(data, {"..": small, "a/b": small}, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert sorted(path.name for path in inside.iterdir()) == ["_", "a_b"]
    with pytest.raises(ValueError, match="`folder`") as caught:
        sweep(data, {"": small}, **options)  # another variant of the same file name
    place = str(inside / "_" / "seed-0")
    assert str(caught.value) == (
        f"`folder` must hold the run of variant '' in {place!r}, got that of '..'."
    )
    assert len(list(inside.iterdir())) == 2
    with pytest.raises(ValueError, match="`configs`") as caught:
        sweep(data, {"a/b": small, "a b": small}, folder=inside)
    assert str(caught.value) == (
        "`configs` must have names that make different folders, got 'a/b' and 'a b'."
    )


@pytest.mark.parametrize("folder", [True, False])
def test_an_interrupted_sweep_returns_what_is_whole(
    folder, data, variants, tmp_path, monkeypatch
):
    validate, calls = steps._validate, []

    def stop(*args):
        calls.append(args)
        if len(calls) == 8:  # the second epoch of the third run of four
            raise KeyboardInterrupt
        return validate(*args)

    monkeypatch.setattr(steps, "_validate", stop)
    place = tmp_path if folder else None
    with pytest.warns(UserWarning, match="stopped") as caught:
        runs = sweep(
            data, variants, seeds=[3, 1], folder=place, n_jobs=1, progress=False
        )
    assert [str(warning.message) for warning in caught] == [
        "the sweep was stopped: 2 of 4 runs are whole and returned."
    ]
    assert caught[0].filename == __file__
    assert {name: [run.seed for run in row] for name, row in runs.items()} == {
        "both": [3, 1],
        "no refiner/yet": [],
    }
    assert len(contents(tmp_path)) == (4 if folder else 0)
