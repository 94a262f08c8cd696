"""Readers: what a file must hold, and what happens when it does not."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refnet_viz.data import from_npz, shared
from refnet_viz.data.npz import DEFLATE_LIMIT, read_arrays

REAL = Path(os.environ.get("REFNET_VIZ_DATA", "../shared/data"))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "mine.npz"


def full() -> dict[str, object]:
    return {
        "mod_image": np.arange(60, dtype=np.uint8).reshape(5, 2, 2, 3),
        "mod_text": np.eye(5, dtype=np.float32),
        "y": np.array([0, 1, 0, 1, 0]),
        "y_season": np.array([2, 1, 0, 2, 1]),
        "class_names": np.array(["no", "yes"]),
        "names_season": np.array(["dry", "wet", "cold"]),
        "split": np.array([0, 0, 0, 1, 2], dtype=np.int8),
        "ids": np.array(list("vwxyz")),
        "text": np.array(["a", "b", "c", "d", "e"]),
        "price": np.array([5, 4, 3, 2, 1]),
        "feat_image": np.ones((5, 7)),
        "feat_names": np.array(["p", "q"]),
    }


def refusal(call, error=ValueError) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_every_array_finds_its_place(path):
    np.savez_compressed(path, **full())
    data = from_npz(path)
    assert data.name == "mine"
    assert list(data.modalities) == ["image", "text"]
    np.testing.assert_array_equal(data.modalities["image"].values, full()["mod_image"])
    assert data.labels.tolist() == [0, 1, 0, 1, 0]
    assert data.class_names == ("no", "yes")
    assert data.split.tolist() == ["train", "train", "train", "val", "test"]
    assert data.ids.tolist() == list("vwxyz")
    assert data.media.texts == ("a", "b", "c", "d", "e")
    assert list(data.metadata.columns) == ["y_season", "price"]
    assert data.metadata["price"].tolist() == [5, 4, 3, 2, 1]


def test_other_labels_bring_their_own_names(path):
    np.savez(path, **full())
    data = from_npz(path, labels="y_season")
    assert data.labels.tolist() == [2, 1, 0, 2, 1]
    assert data.class_names == ("dry", "wet", "cold")
    assert list(data.metadata.columns) == ["y", "price"]
    assert from_npz(path, labels=None).labels is None


def test_modalities_are_enough(path):
    np.savez(path, mod_a=np.eye(10))
    data = from_npz(str(path))
    assert data.labels is None
    assert data.ids.tolist() == [str(i) for i in range(10)]
    assert [len(data.train), len(data.val), len(data.test)] == [6, 2, 2]
    assert data.metadata.shape == (10, 0)


def test_masks_and_presence(path):
    mask = np.tri(4, 3, dtype=bool)
    present = np.array([[1, 1], [0, 1], [1, 0], [1, 1]], dtype=bool)
    np.savez(
        path,
        mod_words=np.full((4, 3), 7),
        mask_words=mask,
        mod_v=np.eye(4),
        present=present,
    )
    data = from_npz(path)
    assert data.modalities["words"].kind == "tokens"
    assert data.modalities["words"].mask.tolist() == mask.tolist()
    read = data.modalities["words"].values
    assert read.tolist() == (7 * mask * present[:, :1]).tolist()
    assert data.present.tolist() == present.tolist()


def test_thumbs_are_cut_at_their_offsets(path, tmp_path):
    np.savez(path, mod_a=np.eye(3))
    thumbs = tmp_path / "thumbs.npz"
    np.savez(
        thumbs, jpeg=np.frombuffer(b"onetwothree", np.uint8), offsets=[0, 3, 6, 11]
    )
    assert from_npz(path, thumbs=thumbs).media.pictures == (b"one", b"two", b"three")
    np.savez(thumbs, png=np.frombuffer(b"onetwo", np.uint8), offsets=[0, 3, 7, 6])
    assert refusal(lambda: from_npz(path, thumbs=thumbs)) == (
        "`thumbs` must hold rising offsets between 0 and 6, got [0, 3, 7] ... 6."
    )
    np.savez(thumbs, gif=np.zeros(3))
    assert refusal(lambda: from_npz(path, thumbs=thumbs)) == (
        "`thumbs` must hold offsets and jpeg or png, got ['gif']."
    )


def test_a_missing_file(path):
    assert refusal(lambda: from_npz(path), FileNotFoundError) == (
        f"`path` must name a file, got {str(path)!r}."
    )


@pytest.mark.parametrize(
    "content", [b"", b"garbage", pickle.dumps({"mod_a": 1}), b"\x93NUMPY\x01\x00v"]
)
def test_a_foreign_file(path, content):
    path.write_bytes(content)
    assert refusal(lambda: from_npz(path)) == (
        f"`path` must be an npz file, got {str(path)!r}."
    )


def test_a_file_without_modalities(path):
    np.savez(path, y=[0, 1], a=np.eye(2))
    assert refusal(lambda: from_npz(path)) == (
        "`path` must hold an array named mod_<modality>, unless `modalities` names "
        "them, got ['a', 'y']."
    )


def test_labels_that_are_not_there(path):
    np.savez(path, **full())
    assert refusal(lambda: from_npz(path, labels="y_sex")) == (
        "`labels` must be one of 'y', 'y_season', got 'y_sex'."
    )


def test_arrays_that_do_not_fit(path):
    np.savez(path, mod_a=np.eye(3), mod_b=np.eye(4))
    assert refusal(lambda: from_npz(path)) == (
        "`mod_b` must have as many rows as `mod_a` (3), got 4."
    ).replace("mod_", "")
    np.savez(path, mod_a=np.eye(3), text=np.array(["one"]))
    assert refusal(lambda: from_npz(path)) == (
        "`texts` must have as many rows as `a` (3), got 1."
    )


class Explosive:
    """Unpickling this raises: the test fails if anyone tries."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def test_pickled_objects_are_not_read(path):
    np.savez(path, mod_a=np.eye(2), note=np.array([Explosive()], dtype=object))
    assert refusal(lambda: from_npz(path)) == (
        "`path` must hold no pickled objects, got some in 'note.npy'."
    )


def forged(shape: str, *, version: bytes = b"\x01\x00") -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    padded = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(padded)) + padded


def write(path, members: dict[str, bytes], compression=zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_forged_shape_is_refused_before_memory_is_taken(path, compression):
    write(path, {"mod_a.npy": forged("(100000, 1000000)") + bytes(16)}, compression)
    assert refusal(lambda: from_npz(path)) == (
        "`path` must hold the 800,000,000,000 bytes that 'mod_a.npy' claims, "
        "got 16 at most."
    )


def test_a_forged_size_in_the_directory_is_refused_too(path):
    write(path, {"mod_a.npy": forged("(100000, 1000000)") + bytes(16)})
    raw = path.read_bytes()
    at = raw.index(b"PK\x01\x02")  # the central directory: sizes are at 20 and 24
    stored = struct.unpack("<I", raw[at + 20 : at + 24])[0]
    path.write_bytes(raw[: at + 24] + struct.pack("<I", 2**32 - 2) + raw[at + 28 :])
    assert refusal(lambda: from_npz(path)) == (
        "`path` must hold the 800,000,000,000 bytes that 'mod_a.npy' claims, "
        f"got {stored * DEFLATE_LIMIT:,} at most."
    )


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (
            {"readme.txt": b"hello"},
            "`path` must hold nothing but arrays, got 'readme.txt'.",
        ),
        (
            {"mod_a.npy": forged("(1,)", version=b"\x03\x00")},
            "`path` must hold npy arrays of version 1.0 or 2.0, got (3, 0).",
        ),
    ],
)
def test_foreign_members(path, members, sentence):
    write(path, members)
    assert refusal(lambda: from_npz(path)) == sentence


@pytest.mark.parametrize(
    "content", [b"", b"junk" * 9, forged("(-5,)"), forged("(2,")[:-3], forged("'x'")]
)
def test_damaged_members(path, content):
    write(path, {"mod_a.npy": content})
    message = refusal(lambda: from_npz(path))
    assert message.startswith(f"`path` must be an intact npz file, got {str(path)!r} (")
    assert message.endswith(").")


def test_a_truncated_and_a_flipped_file(path):
    np.savez_compressed(path, mod_a=np.random.default_rng(0).normal(size=(50, 9)))
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    assert refusal(lambda: from_npz(path)) == (
        f"`path` must be an npz file, got {str(path)!r}."
    )
    middle = len(raw) // 2
    path.write_bytes(raw[:middle] + bytes([raw[middle] ^ 255]) + raw[middle + 1 :])
    assert refusal(lambda: from_npz(path)).startswith(
        f"`path` must be an intact npz file, got {str(path)!r} ("
    )


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_whatever_happens_to_a_file_the_answer_is_data_or_a_sentence(path, data):
    buffer = io.BytesIO()
    np.savez(buffer, mod_a=np.arange(12.0).reshape(6, 2), y=[0, 1] * 3)
    raw = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    try:
        arrays = read_arrays(path)
    except ValueError as error:
        assert str(error).startswith("`path` must ")  # noqa: PT017
    else:
        assert sum(array.nbytes for array in arrays.values()) < 10_000


# the four shared sets


def test_shared_sets_that_are_not_on_the_machine(tmp_path, monkeypatch):
    monkeypatch.delenv("REFNET_VIZ_DATA", raising=False)
    assert refusal(lambda: shared("cub"), FileNotFoundError) == (
        "`folder` or the environment variable REFNET_VIZ_DATA must name the folder "
        "that holds cub.npz, got neither."
    )
    assert refusal(lambda: shared("cub", folder=tmp_path), FileNotFoundError) == (
        f"`folder` must hold cub.npz, got {str(tmp_path)!r} without it."
    )
    assert refusal(lambda: shared("cubs", folder=tmp_path)) == (
        "`name` must be one of 'fashion', 'cub', 'rosmap', 'mosi', got 'cubs'."
    )


def test_shared_sets_are_found_through_the_environment(tmp_path, monkeypatch):
    np.savez(tmp_path / "fashion.npz", **full())
    monkeypatch.setenv("REFNET_VIZ_DATA", str(tmp_path))
    assert shared("fashion", labels="y_season").class_names == ("dry", "wet", "cold")
    assert shared("fashion").media.pictures == ()
    np.savez(
        tmp_path / "fashion_thumbs.npz",
        jpeg=np.frombuffer(b"abcde", np.uint8),
        offsets=np.arange(6),
    )
    assert shared("fashion").media.pictures == (b"a", b"b", b"c", b"d", b"e")


@pytest.mark.parametrize(
    ("name", "shape", "classes", "sizes"),
    [
        ("fashion", (5847, 2), 24, (4092, 585, 1170)),
        ("cub", (600, 2), 10, (480, 0, 120)),
        ("rosmap", (351, 3), 2, (245, 0, 106)),
        ("mosi", (2199, 3), 2, (1447, 0, 752)),
    ],
)
def test_the_real_files(name, shape, classes, sizes):
    if not (REAL / f"{name}.npz").is_file():
        pytest.skip(f"{name}.npz is not in {REAL} (set REFNET_VIZ_DATA)")
    data = shared(name, folder=REAL)
    assert data.shape == shape
    assert len(data.class_names) == classes
    parts = [int(np.sum(data.split == part)) for part in ("train", "val", "test")]
    assert tuple(parts) == sizes
    if name == "fashion":
        assert len(shared(name, folder=REAL, labels="y_baseColour").class_names) == 42
        assert all(picture[:2] == b"\xff\xd8" for picture in data.media.pictures)


def test_arrays_may_have_names_of_their_own(path):
    np.savez(path, X=np.eye(6), other=np.ones((6, 2)), kind=[1, 2, 3] * 2, note=3)
    data = from_npz(path, modalities={"a": "X", "b": "other"}, labels="kind")
    assert list(data.modalities) == ["a", "b"]
    assert data.class_names == ("1", "2", "3")
    assert refusal(lambda: from_npz(path, modalities={"a": "Y"})) == (
        "`modalities` must be one of 'X', 'other', 'kind', 'note', got 'Y'."
    )
    assert refusal(lambda: from_npz(path, modalities={"a": "note"})) == (
        "`modalities` must have rows, got one value in 'a'."
    )


def test_members_without_an_ending_are_read_as_numpy_reads_them(path):
    stream = io.BytesIO()
    np.save(stream, np.eye(5))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("arr_0", stream.getvalue())
    assert np.load(path)["arr_0"].shape == (5, 5)
    assert from_npz(path, modalities={"a": "arr_0"}).shape == (5, 1)
