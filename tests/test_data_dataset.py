"""The Dataset value: what it accepts, what it refuses and in which words."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet_viz.data import Dataset, Media, Modality
from refnet_viz.data.dataset import positions

EYE = np.eye(5)
FREE = {"labels": None, "split": None, "ids": None}  # of however many rows


def made(**changes) -> Dataset:
    given_ = {
        "modalities": {"a": EYE, "b": np.arange(10.0).reshape(5, 2)},
        "labels": [0, 1, 0, 1, 1],
        "split": [0, 0, 0, 1, 2],
        "ids": list("vwxyz"),
    }
    given_.update(changes)
    return Dataset.from_arrays(given_.pop("modalities"), **given_)


def refusal(call, error=ValueError) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_everything_given_comes_back():
    frame = pd.DataFrame({"age": [1, 2, 3, 4, 5]}, index=list("zyxwv"))
    pictures, texts = (b"1", b"2", b"3", b"4", b"5"), ("t1", "t2", "t3", "t4", "t5")
    media = Media(pictures, texts, thumbnails=False)
    data = made(metadata=frame, media=media, class_names=["no", "yes"], name="mine")
    assert data.name == "mine"
    assert data.ids.tolist() == list("vwxyz")
    assert data.labels.tolist() == [0, 1, 0, 1, 1]
    assert data.class_names == ("no", "yes")
    assert data.split.tolist() == ["train", "train", "train", "val", "test"]
    assert data.metadata["age"].tolist() == [5, 4, 3, 2, 1]
    assert data.metadata.index.tolist() == [0, 1, 2, 3, 4]
    assert data.media.pictures == (b"1", b"2", b"3", b"4", b"5")
    assert data.media.texts == ("t1", "t2", "t3", "t4", "t5")
    assert data.present.all()
    assert data.present.shape == (5, 2)
    assert data.modalities["b"].values.dtype == np.float32
    np.testing.assert_array_equal(data.modalities["a"].values, EYE)


def test_axes_say_what_a_modality_is():
    mask = np.array([[True, False], [True, True]])
    data = Dataset.from_arrays(
        {
            "v": np.ones((2, 3)),
            "p": np.full((2, 4, 4, 1), 0.5),
            "s": np.ones((2, 2, 3)),
            "m": (np.ones((2, 2, 3)), mask),
            "t": (np.array([[7, 9], [1, 2]]), mask),
        }
    )
    kinds = {name: modality.kind for name, modality in data.modalities.items()}
    assert kinds == {
        "v": "vector",
        "p": "picture",
        "s": "sequence",
        "m": "sequence",
        "t": "tokens",
    }
    assert data.modalities["p"].values.dtype == np.uint8
    assert data.modalities["p"].values.max() == 128
    assert data.modalities["s"].mask.all()
    assert data.modalities["m"].mask.tolist() == mask.tolist()
    assert data.modalities["t"].values.tolist() == [[7, 0], [1, 2]]
    assert data.modalities["t"].shape == (2,)


def test_whole_numbered_pictures_keep_their_brightness():
    pixels = np.array([0, 255]).reshape(1, 1, 2, 1)
    assert Modality.of("p", pixels).values.ravel().tolist() == [0, 255]


def test_names_as_labels_become_numbers_in_alphabetical_order():
    data = made(labels=pd.Series(["cat", "ape", "cat", "bee", "ape"]))
    assert data.class_names == ("ape", "bee", "cat")
    assert data.labels.tolist() == [2, 0, 2, 1, 0]


def test_several_labels_a_row():
    data = made(labels=np.eye(5, 3, dtype=bool), class_names=list("rgb"))
    assert data.multilabel
    assert data.labels[0].tolist() == [1, 0, 0]
    assert not made().multilabel
    assert not made(labels=None).multilabel


def test_a_dataset_keeps_its_own_copy_of_what_it_was_given():
    pixels = np.zeros((5, 2, 2, 1), dtype=np.uint8)
    present, vectors = np.ones((5, 2), dtype=bool), np.zeros((5, 2), dtype=np.float32)
    data = made(modalities={"p": pixels, "v": vectors}, present=present)
    pixels[:], vectors[:], present[:] = 9, 9, False
    assert data.modalities["p"].values.max() == 0
    assert data.modalities["v"].values.max() == 0
    assert data.present.all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"modalities": {}}, "`modalities` must name at least one array, got none."),
        (
            {"modalities": {"a": [[1.0, 2.0], [3.0, np.nan]]}, **FREE},
            "`a` must hold finite numbers only, got nan in row 1, column 1; `present` "
            "marks rows that lack a.",
        ),
        (
            {"modalities": {"a": [[1.0], [2.0], [-np.inf]]}, **FREE},
            "`a` must hold finite numbers only, got -inf in row 2, column 0; `present` "
            "marks rows that lack a.",
        ),
        (
            {"modalities": {"a": [[1e300], [2.0]]}, **FREE},
            "`a` must hold numbers that fit 32 bits (up to 3.4e38), got 1e+300.",
        ),
        (
            {"modalities": {"a": [[1.0], [2.0, 3.0]]}, **FREE},
            "`a` must have rows of one shape, got lengths [1, 2].",
        ),
        (
            {"modalities": {"a": EYE, "b": np.ones((4, 2))}},
            "`b` must have as many rows as `a` (5), got 4.",
        ),
        (
            {"modalities": {"a": np.ones(5)}},
            "`a` must have 2 (vectors), 3 (sequences) or 4 (pictures) axes, "
            "got shape (5,).",
        ),
        (
            {"modalities": {"a": np.ones((5, 0))}},
            "`a` must not be empty, got shape (5, 0).",
        ),
        (
            {"modalities": {"a": [["x"], ["y"]]}, **FREE},
            "`a` must hold real numbers, got dtype <U1.",
        ),
        (
            {"modalities": {"a": EYE * 1j}},
            "`a` must hold real numbers, got dtype complex128.",
        ),
        (
            {"modalities": {"a": np.full((5, 2, 2, 3), 1.5)}},
            "`a` must hold pictures with values between 0 and 1, got 1.5 to 1.5.",
        ),
        (
            {"modalities": {"a": np.full((5, 2, 2, 3), 256)}},
            "`a` must hold pictures with values between 0 and 255, got 256 to 256.",
        ),
        (
            {"modalities": {"a": (np.ones((5, 2, 3)), np.ones((5, 3)))}},
            "the mask of `a` must have shape (5, 2) (rows, positions), got (5, 3).",
        ),
        (
            {"modalities": {"a": (np.full((5, 2), -1), np.ones((5, 2)))}},
            "`a` must hold token ids of at least 0, got -1.",
        ),
        (
            {"modalities": {"a": (np.ones((5, 2)), np.ones((5, 2)))}},
            "`a` must be token ids (rows, positions) or vectors (rows, positions, "
            "features) when it has a mask, got float64 of shape (5, 2).",
        ),
        ({"ids": list("abcda")}, "`ids` must be unique, got 'a' more than once."),
        ({"ids": list("abcd")}, "`ids` must have as many rows as `a` (5), got 4."),
        ({"labels": [0, 1]}, "`labels` must have as many rows as `a` (5), got 2."),
        ({"labels": 3}, "`labels` must have as many rows as `a` (5), got 1."),
        (
            {"labels": [0, 1, 2, 1, 0], "class_names": ["no", "yes"]},
            "`labels` must be between 0 and 1, got 2.",
        ),
        (
            {"labels": [0, 1, -1, 1, 0]},
            "`labels` must say what -1 means, got it in row 2; unlabelled=-1 marks "
            "rows without a label.",
        ),
        (
            {"labels": EYE * 2},
            "`labels` must be 0 or 1 where a row can have several, got 2 in row 0, "
            "column '0'.",
        ),
        (
            {"labels": [0.5, 1, 0, 1, 0]},
            "`labels` must be whole numbers or names, got 0.5 in row 0; `target` takes "
            "measured numbers.",
        ),
        (
            {"labels": [None] * 5},
            "`labels` must have a label in at least one row, got 5 rows without one; "
            "labels=None says that there are none.",
        ),
        (
            {"labels": EYE, "class_names": ["no", "yes"]},
            "`class_names` must have as many rows as `labels columns` (5), got 2.",
        ),
        (
            {"class_names": ["no", "no"]},
            "`class_names` must be unique, got 'no' more than once.",
        ),
        (
            {"split": [0, 1, 2, 3, 0]},
            "`split` must be 0 (train), 1 (val) or 2 (test), got 3.",
        ),
        (
            {"split": ["train", "test", "holdout", "val", "val"]},
            "`split` must be one of 'train', 'val', 'test', got 'holdout'.",
        ),
        ({"split": [0]}, "`split` must have as many rows as `a` (5), got 1."),
        (
            {"present": np.ones((5, 3))},
            "`present` must have shape (5, 2) (rows, modalities), got (5, 3).",
        ),
        (
            {"present": np.tile([True, False], (5, 1))},
            "`present` must leave each modality at least one row, got none for 'b'.",
        ),
        (
            {"present": [[1, 1], [1, 1], [0, 0], [1, 1], [1, 1]]},
            "`present` must leave each row at least one modality, got none in row 2 "
            "('x').",
        ),
        (
            {"metadata": pd.DataFrame({"x": [1]})},
            "`metadata` must have as many rows as `a` (5), got 1.",
        ),
        (
            {"media": Media(texts=("only one",))},
            "`texts` must have as many rows as `a` (5), got 1.",
        ),
        (
            {"media": Media(pictures=(b"", b""))},
            "`pictures` must have as many rows as `a` (5), got 2.",
        ),
    ],
)
def test_bad_input_is_refused_in_one_sentence(changes, sentence):
    assert refusal(lambda: made(**changes)) == sentence


def test_a_modality_made_elsewhere_is_checked_too():
    bad = Modality(np.array([[np.nan]]), "vector")
    assert refusal(lambda: Dataset.from_arrays({"a": bad})) == (
        "`a` must hold finite numbers only, got nan in row 0, column 0; `present` "
        "marks rows that lack a."
    )


def test_parts_hold_the_rows_of_their_split():
    data = made()
    assert data.train.ids.tolist() == ["v", "w", "x"]
    assert data.val.ids.tolist() == ["y"]
    assert data.test.ids.tolist() == ["z"]
    assert data.test.modalities["b"].values.tolist() == [[8.0, 9.0]]
    assert refusal(lambda: data.part("holdout")) == (
        "`split` must be one of 'train', 'val', 'test', got 'holdout'."
    )


def test_subset_takes_every_row_aligned_thing_along():
    mask = np.tri(5, 2, dtype=bool)
    data = made(
        modalities={"s": (np.arange(10).reshape(5, 2), mask), "v": EYE},
        metadata=pd.DataFrame({"n": range(5)}),
        media=Media((b"0", b"1", b"2", b"3", b"4"), tuple("01234"), thumbnails=False),
        present=np.column_stack([[1, 0, 1, 1, 1], [1] * 5]),
    )
    part = data.subset([3, 1])
    assert part.ids.tolist() == ["y", "w"]
    assert part.labels.tolist() == [1, 1]
    assert part.split.tolist() == ["val", "train"]
    assert part.metadata["n"].tolist() == [3, 1]
    assert part.metadata.index.tolist() == [0, 1]
    assert part.media.pictures == (b"3", b"1")
    assert part.media.texts == ("3", "1")
    assert part.present[:, 0].tolist() == [True, False]
    assert part.modalities["s"].mask.tolist() == [[True, True], [True, True]]
    assert part.modalities["v"].values.argmax(axis=1).tolist() == [3, 1]
    assert len(data) == 5


@pytest.mark.parametrize(
    "rows",
    [
        [2, 4],
        np.array([False, False, True, False, True]),
        ["x", "z"],
        np.array(["x", "z"], dtype=object),
        {"z", "x"},
        frozenset({4, 2}),
    ],
)
def test_every_way_of_selecting_means_the_same_rows(rows):
    assert made().subset(rows).ids.tolist() == ["x", "z"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "`rows` must select at least one row, got none."),
        (set(), "`rows` must select at least one row, got none."),
        ([False] * 5, "`rows` must select at least one row, got none."),
        ([True], "`rows` must have as many rows as `ids` (5), got 1."),
        ([5], "`rows` must be between 0 and 4, got 5."),
        ([-1], "`rows` must be between 0 and 4, got -1."),
        (["q"], "`rows` must hold known ids, got 'q'."),
        ([1, 1], "`rows` must be unique, got '1' more than once."),
        (["x", "x"], "`rows` must be unique, got 'x' more than once."),
        (
            [0.5],
            "`rows` must be a bool mask, row numbers or ids, "
            "got float64 of shape (1,).",
        ),
        (
            [[0, 1]],
            "`rows` must be a bool mask, row numbers or ids, "
            "got int64 of shape (1, 2).",
        ),
    ],
)
def test_bad_selections_are_refused_in_one_sentence(rows, sentence):
    assert refusal(lambda: made().subset(rows)) == sentence


@given(st.lists(st.integers(0, 19), min_size=1, unique=True))
def test_ids_and_numbers_select_alike(rows):
    ids = np.array([f"id {i}" for i in range(20)])
    assert positions(ids, rows).tolist() == rows
    assert positions(ids, ids[rows]).tolist() == rows


@pytest.mark.parametrize(
    "changes",
    [
        {"ids": list("Vwxyz")},
        {"labels": [1, 1, 0, 1, 1]},
        {"split": [0, 0, 0, 2, 1]},
        {"modalities": {"a": EYE * 2, "b": np.arange(10.0).reshape(5, 2)}},
        {"modalities": {"b": EYE, "a": np.arange(10.0).reshape(5, 2)}},
        {"present": np.column_stack([[1, 0, 1, 1, 1], [1] * 5])},
        {"class_names": ["no", "yes"]},
    ],
)
def test_fingerprint_changes_with_the_data_and_only_then(changes):
    assert made().fingerprint == made().fingerprint
    assert len(made().fingerprint) == 12
    assert made(**changes).fingerprint != made().fingerprint


def test_resplit_changes_the_split_alone():
    data = Dataset.from_arrays({"a": np.eye(20)}, labels=[0, 1] * 10)
    other = data.resplit(seed=3)
    assert other.split.tolist() != data.split.tolist()
    assert other.resplit(seed=0).split.tolist() == data.split.tolist()
    assert other.modalities is data.modalities
    assert [len(other.train), len(other.val), len(other.test)] == [12, 4, 4]


def test_names_are_escaped_in_html():
    data = made(
        modalities={"<script>m": EYE}, name="<script>n", labels=None, split=[0] * 5
    )
    html = data._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;m" in html
    assert "no labels" in html
    assert "5 train, 0 val, 0 test" in html


def test_importing_the_room_loads_nothing_heavy():
    code = (
        "import sys, refnet_viz.data; "
        "print(sorted({'sklearn', 'torch', 'PIL', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
