"""Saved things are whole at every moment, and what damaged them is said."""

import base64
import json
import os
import shutil
import threading
import time
import warnings

import enduring
import numpy as np
import pandas as pd
import pytest
import safetensors.numpy

import refnet_viz as rv
from refnet_viz import _files
from refnet_viz._files import alone, write
from refnet_viz._locks import locked
from refnet_viz.plot.belonging import CHECK, FILES
from refnet_viz.share import replay as room
from refnet_viz.storage.values import listed, pack, unlisted, unpack


@pytest.fixture(scope="module")
def figures():
    space = enduring.spaces(0)
    return space, [
        rv.plot.latent(space, layout="pca", mode=mode) for mode in ("light", "dark")
    ]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "saved"


def only(tally, *outcomes):
    assert set(tally.counts) <= set(outcomes), tally.examples
    assert tally.counts


def saved_spaces():
    return enduring.SavedSpaces([enduring.spaces(0), enduring.spaces(1)])


def test_killed_savers_leave_a_whole_thing_and_the_next_removes_the_rest(
    figures, folder
):
    only(enduring.kills(saved_spaces(), folder, every=3), "whole")
    kind = enduring.SavedFigure(figures[1], ".json")
    only(enduring.kills(kind, folder, first=2, every=4), "whole")


def test_two_savers_leave_one_whole_result(folder):
    only(enduring.savers(saved_spaces(), folder, 5), "whole")


def test_readers_never_miss_what_is_being_saved(folder):
    only(enduring.under_fire(saved_spaces(), folder, 60), "read 0", "read 1")


def read_spaces(folder):
    return rv.load(folder), ""


def test_damages_of_a_comparison_are_one_sentence(folder):
    space = enduring.spaces(0)
    rv.save(space, folder)
    tally = enduring.damages(
        folder, read_spaces, lambda e: e.digest == space.digest, 60
    )
    only(tally, "one sentence", "equal")


def read_figure(space):
    def read(folder):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            content, _ = room._read(folder / "f.json")
        return content, [str(each.message) for each in caught]

    return read


def test_damages_of_a_figure_or_its_manifest_are_said(figures, folder):
    space, (figure, _) = figures
    folder.mkdir()
    rv.save(figure, folder / "f.json")
    whole, said = read_figure(space)(folder)
    assert not said

    tally = enduring.damages(folder, read_figure(space), whole.__eq__, 60)
    only(tally, "one sentence", "equal", "said")
    assert tally.counts["said"] > 5


# ------------------------------------------------------------------ figures and notes


def warned(path, space):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rv.replay(path, space)
    return [str(each.message) for each in caught]


def test_a_manifest_that_is_another_figures_is_said(figures, tmp_path):
    space, (light, dark) = figures
    path = rv.save(light, tmp_path / "f.json")
    note = tmp_path / "f.manifest.json"
    old = note.read_bytes()
    digest = json.loads(old)[FILES][".json"]
    rv.save(dark, path)
    assert not warned(path, space)
    note.write_bytes(old)
    expected = (
        f"'f.json' is not the file that was saved with this manifest (its SHA-256 is "
        f"another than {digest[:12]}); the figure is made as the manifest says."
    )
    assert warned(path, space) == warned(note, space) == [expected]
    path.unlink()
    assert not warned(note, space)


def test_formats_of_one_figure_share_a_manifest(figures, tmp_path):
    space, (light, dark) = figures
    first = rv.save(light, tmp_path / "f.json")
    second = rv.save(light, tmp_path / "f.html", plotlyjs="directory")
    assert sorted(json.loads((tmp_path / "f.manifest.json").read_bytes())[FILES]) == [
        ".html",
        ".json",
    ]
    assert not warned(first, space) + warned(second, space)
    rv.save(dark, second, plotlyjs="directory")
    assert warned(first, space) == [
        "the manifest beside 'f.json' is that of 'f.html'; the figure is made as the "
        "manifest says."
    ]


def test_an_edited_manifest_is_said_and_an_old_one_is_read(figures, tmp_path):
    space, (light, _) = figures
    path = rv.save(light, tmp_path / "f.json")
    note = tmp_path / "f.manifest.json"
    stored = json.loads(note.read_bytes())
    note.write_text(json.dumps(stored | {"caption": "mine"}))
    assert warned(path, space) == [
        "the manifest was changed after it was written; the figure is made as the "
        "manifest says."
    ]
    old = {k: v for k, v in stored.items() if k not in {FILES, CHECK}}
    note.write_text(json.dumps(old))
    assert not warned(path, space)


# ---------------------------------------------------------------------- old folders


def test_a_comparison_as_the_first_format_wrote_it_is_read(tmp_path):
    array = np.eye(2, dtype=np.float32)
    rv.save(rv.Embedding.from_arrays(array, ids=["a", "b"], name="old"), tmp_path / "n")
    (part,) = (tmp_path / "n").glob("*.safetensors")
    stored = json.loads((tmp_path / "n" / "comparison.json").read_bytes())
    assert (stored["format"], set(stored)) == (1, {"format", "sha256", "content"})
    assert (
        part.name == f"arrays-{stored['content']['arrays']['sha256'][:16]}.safetensors"
    )
    assert safetensors.numpy.load_file(part)
    assert rv.load(tmp_path / "n").ids.tolist() == ["a", "b"]
    left = tmp_path / "n" / f".{'0' * 32}.safetensors"  # of a killed save
    left.write_bytes(base64.b64decode("AAAA"))
    os.utime(left, (1, 1))
    rv.save(rv.Embedding.from_arrays(array), tmp_path / "n")
    assert len(list((tmp_path / "n").iterdir())) == 2


# ------------------------------------------------------------------------- the layer


def test_a_live_writer_keeps_its_temporary_file(tmp_path):
    path, inside, go = tmp_path / "a.txt", threading.Event(), threading.Event()

    def slow():
        with _files.replacing(path) as temporary:
            temporary.write_text("slow")
            inside.set()
            assert go.wait(60)

    threads = [threading.Thread(target=slow)]
    threads[0].start()
    assert inside.wait(60)
    threads.append(threading.Thread(target=write, args=(path, b"fast")))
    threads[1].start()
    time.sleep(0.1)
    assert not path.exists()  # the second waits for its turn
    go.set()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == b"fast"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_what_cannot_be_locked_is_written_and_nothing_removed(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("refnet_viz._locks._take", none)
    for value in (1.0, 2.0):
        rv.save(rv.Embedding.from_arrays([[value], [0.0]]), tmp_path)
    assert rv.load(tmp_path).z[0, 0] == 2
    assert len(list(tmp_path.iterdir())) == 3


def test_who_is_halted_makes_nobody_wait_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "_PATIENCE", 0.05)
    with alone(tmp_path / "a") as first, alone(tmp_path / "a") as second:
        assert (first, second) == (True, False)
        write(tmp_path / "a", b"x")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_lock_of_a_dead_process_is_taken_over(tmp_path):
    path = tmp_path / ".lock"

    def die():
        with locked(path, wait=0):
            os._exit(0)

    enduring.ended(enduring.child(die))
    assert path.exists()
    with locked(path, wait=0) as mine:
        assert mine
    assert not path.exists()


def test_long_names_are_saved(tmp_path):
    table = pd.DataFrame({"a": [1]})
    path = rv.save(table, tmp_path / ("\u00e9" * 120 + ".csv"))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_sizes_in_files_are_not_believed():
    claims = {"dtype": "<U500000000", "shape": [4], "of": ["a"] * 4, "$": "objects"}
    with pytest.raises(ValueError, match="strings cannot be"):
        unpack(claims, unlisted)
    with pytest.raises(ValueError, match="numbers cannot be"):
        unlisted({"dtype": "<U500000000", "shape": [1], "values": ["a"]})
    wide = np.array(["ab", ""], "<U300")
    again = unpack(pack(wide, listed, "x"), unlisted)
    assert again.dtype == wide.dtype
    assert again.tolist() == ["ab", ""]


# ------------------------------------------------------------------------------- runs


@pytest.fixture(scope="module")
def run(make_paired, small):
    from dataclasses import replace

    data = make_paired()
    return rv.fit(data, replace(small, epochs=1), progress=False)


@pytest.mark.torch
def test_a_copied_run_does_not_pass_for_another_seed(run, tmp_path):
    from refnet_viz.train import Run

    run.save(tmp_path / "seed-0")
    shutil.copytree(tmp_path / "seed-0", tmp_path / "seed-1")
    for act in (Run.load, run.save):
        with pytest.raises(ValueError, match="of seed 1 in") as caught:
            act(tmp_path / "seed-1")
        assert str(caught.value) == (
            "`folder` must hold the run of seed 1 in "
            f"{str(tmp_path / 'seed-1')!r}, got that of seed 0."
        )


@pytest.mark.torch
@pytest.mark.parametrize(
    "change", [{"width": 10**7}, {"hidden": 10**9}], ids=["width", "hidden"]
)
def test_settings_that_ask_for_all_memory_are_one_sentence(run, tmp_path, change):
    from refnet_viz.train import Run
    from refnet_viz.train.files import checksum

    path = run.save(tmp_path) / "run.json"
    stored = json.loads(path.read_bytes())
    del stored["sha256"]
    stored["config"] |= change
    path.write_text(json.dumps(stored | {"sha256": checksum(stored)}))
    with pytest.raises(ValueError, match="lacks or garbles a setting"):
        Run.load(tmp_path)


@pytest.mark.torch
def test_damages_of_a_run_are_one_sentence(run, folder):
    from refnet_viz.train import Run

    run.save(folder)

    def same(other):
        return other.digest == run.digest and other.history.equals(run.history)

    tally = enduring.damages(folder, lambda path: (Run.load(path), ""), same, 40)
    only(tally, "one sentence", "equal")
