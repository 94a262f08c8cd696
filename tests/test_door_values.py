"""The door reads values as their owner means them, and nothing missing as a value."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import sparse

from refnet_viz import Embedding
from refnet_viz.data import Dataset, Modality
from refnet_viz.data import sparse as sparse_module
from refnet_viz.data.answers import natural

X = np.arange(12.0).reshape(6, 2)


def refusal(call, error=ValueError) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def both(**arguments):
    """Return what the two constructors make of the same answers."""
    return (
        Dataset.from_arrays({"a": X}, **arguments),
        Embedding.from_arrays(X, **arguments),
    )


GAPS = {
    "None": ["a", "b", None, "a", "b", None],
    "NaN": np.array(["a", "b", np.nan, "a", "b", np.nan], dtype=object),
    "NaN as numpy writes it": np.array(["a", "b", np.nan, "a", "b", np.nan]),
    "pd.NA": pd.Series(["a", "b", pd.NA, "a", "b", pd.NA], dtype="string"),
    "Arrow": pd.Series(["a", "b", None] * 2, dtype="str"),
    "category": pd.Categorical(["a", "b", None] * 2),
    "empty": ["a", "b", "", "a", "b", "  "],
    "masked": np.ma.masked_equal(np.array(["a", "b", "x"] * 2, dtype=object), "x"),
    "NaT among times": pd.Series(["a", "b", pd.NaT] * 2, dtype=object),
    "numbers": [0, 1, np.nan] * 2,
    "nullable": pd.array([0, 1, None] * 2, dtype="Int64"),
    "masked numbers": np.ma.masked_equal([0, 1, 9] * 2, 9),
    "a column": np.array([[0], [1], [np.nan]] * 2),
    "a frame": pd.DataFrame({"kind": ["a", "b", None] * 2}),
}


@pytest.mark.parametrize("labels", GAPS.values(), ids=list(GAPS))
def test_a_missing_label_is_no_class(labels):
    for value in both(labels=labels):
        assert value.labels.tolist() == [0, 1, -1] * 2
        assert len(value.class_names) == 2
        assert value.labelled.tolist() == [True, True, False] * 2


def test_a_declared_value_means_no_label():
    for value in both(labels=[5, 7, -1] * 2, unlabelled=-1):
        assert value.labels.tolist() == [0, 1, -1] * 2
        assert value.class_names == ("5", "7")
    for value in both(labels=["x", "?", "y"] * 2, unlabelled="?"):
        assert value.labels.tolist() == [0, -1, 1] * 2


def test_a_missing_target_is_no_number():
    for target in (
        [1.5, None, 2],
        pd.array([1.5, None, 2], dtype="Float64"),
        np.ma.masked_equal([1.5, -9.0, 2.0], -9.0),
        [[1.5], [np.nan], [2.0]],
        [decimal.Decimal("1.5"), None, decimal.Decimal(2)],
    ):
        data = Dataset.from_arrays({"a": X[:3]}, target=target)
        assert data.target[[0, 2]].tolist() == [1.5, 2.0]
        assert data.labelled.tolist() == [True, False, True]
    for target, words in (
        ([1, np.inf, 2], "inf in row 1"),
        (["a", "b", "c"], "'a' in row 0"),
        ([None] * 3, "at least one row"),
    ):
        said = refusal(lambda t=target: Dataset.from_arrays({"a": X[:3]}, target=t))
        assert words in said


def test_names_give_the_order_of_classes():
    grade = ["low", "mid", "high"] * 2
    for value in both(labels=grade, class_names=["low", "mid", "high"]):
        assert value.labels.tolist() == [0, 1, 2] * 2
    stage = pd.Categorical(grade, categories=["low", "mid", "high", "unused"])
    for value in both(labels=stage):
        assert value.class_names == ("low", "mid", "high")
    said = refusal(lambda: both(labels=grade, class_names=["low", "high"]))
    assert said == "`class_names` must name every label, got none for 'mid' in row 1."
    # A name that no row has stays where its owner put it.
    for value in both(labels=grade, class_names=["none", "low", "mid", "high"]):
        assert value.labels.tolist() == [1, 2, 3] * 2


def test_names_of_numbers():
    for value in both(labels=[2021, 2019, 2020] * 2, class_names=[2019, 2020, 2021]):
        assert value.labels.tolist() == [2, 0, 1] * 2
    for value in both(labels=[0, 2, 1] * 2, class_names=["a", "b", "c"]):
        assert value.labels.tolist() == [0, 2, 1] * 2
    for value in both(labels=[True, False, True] * 2, class_names=["no", "yes"]):
        assert value.labels.tolist() == [1, 0, 1] * 2
    for value in both(labels=[True, False, True] * 2):
        assert value.class_names == ("False", "True")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([1, 2, 3] * 2, ("1", "2", "3")),
        ([2019, 2021, 2020] * 2, ("2019", "2020", "2021")),
        ([0, 10**8, 10**9] * 2, ("0", "100000000", "1000000000")),
        ([1.0, 2.0, 7.0] * 2, ("1", "2", "7")),
        (["10", "9", "1"] * 2, ("1", "9", "10")),
        (["B 10", "B 9", "a"] * 2, ("B 9", "B 10", "a")),
        (np.array([[3], [1], [2]] * 2, dtype=np.uint8), ("1", "2", "3")),
        (torch.tensor([3, 1, 2] * 2), ("1", "2", "3")),
    ],
)
def test_as_many_classes_as_there_are_values(labels, names):
    for value in both(labels=labels):
        assert value.class_names == names
        assert set(value.labels.tolist()) == {0, 1, 2}


@given(st.lists(st.text("ab019", max_size=4), unique=True, max_size=8))
def test_natural_order_is_an_order(names):
    assert natural(names) == natural(names[::-1])
    digits = [name for name in natural(names) if name.isdigit()]
    assert [int(name) for name in digits] == sorted(int(name) for name in digits)


def test_several_labels_a_row():
    tags = [["x", "y"], [], None, ("y",), {"x"}, np.array(["z"])]
    for value in both(labels=tags):
        assert value.class_names == ("x", "y", "z")
        assert value.labels.tolist() == [
            [1, 1, 0],
            [0, 0, 0],
            [-1] * 3,
            [0, 1, 0],
            [1, 0, 0],
            [0, 0, 1],
        ]
    table = pd.DataFrame({"r": [1, 0, None] * 2, "g": [False, True, None] * 2})
    for value in both(labels=table):
        assert value.class_names == ("r", "g")
        assert value.labels.tolist() == [[1, 0], [0, 1], [-1, -1]] * 2
    swapped = both(labels=table, class_names=["g", "r"])[0]
    assert swapped.labels[0].tolist() == [0, 1]
    coded = np.array([[1, 0], [0, 1], [-1, -1]] * 2)
    again = both(labels=coded, unlabelled=-1, class_names=["r", "g"])[0]
    assert again.labels.tolist() == coded.tolist()
    half = pd.DataFrame({"r": [1, 0, None] * 2, "g": [0, 1, 1] * 2})
    assert "a gap in row 2, column 'r'" in refusal(lambda: both(labels=half))


def test_one_column_of_labels_is_one_label_a_row():
    for labels in (np.array([0, 1] * 3)[:, None], [["a"], ["b"]] * 3):
        for value in both(labels=labels):
            assert value.labels.tolist() == [0, 1] * 3


def test_rows_of_nan_only_lack_the_modality():
    protein = X.copy()
    protein[:2] = np.nan
    data = Dataset.from_arrays({"rna": X, "protein": protein})
    assert data.present[:, 1].tolist() == [False, False, True, True, True, True]
    assert np.isfinite(data.modalities["protein"].values).all()
    stated = Dataset.from_arrays({"rna": X, "protein": protein}, present=data.present)
    assert stated.fingerprint == data.fingerprint
    said = refusal(
        lambda: Dataset.from_arrays(
            {"rna": X, "protein": protein}, present={"protein": [1] * 6}
        )
    )
    assert said == (
        "`protein` must hold finite numbers only, got nan in row 0, column 0; "
        "`present` marks rows that lack protein."
    )
    own = Embedding.from_arrays(X, modalities={"protein": protein})
    assert own.present.ravel().tolist() == data.present[:, 1].tolist()
    np.testing.assert_allclose(own.inputs["protein"][2:].mean(0), 0, atol=1e-6)
    assert not own.inputs["protein"][:2].any()


@pytest.mark.parametrize("kind", ["picture", "sequence", "tokens", "sparse"])
def test_absent_rows_are_not_looked_at(kind):
    gone = np.arange(6) < 2
    values = {
        "picture": np.where(gone[:, None, None, None], np.nan, 0.5)
        * np.ones((6, 4, 4, 3)),
        "sequence": np.where(gone[:, None, None], np.inf, 1.0) * np.ones((6, 3, 2)),
        "tokens": (
            np.where(gone[:, None], -7, 3) * np.ones((6, 3), int),
            np.ones((6, 3)),
        ),
        "sparse": sparse.csr_array(np.where(gone[:, None], 9.0, X)),
    }[kind]
    data = Dataset.from_arrays({"a": X, "b": values}, present={"b": ~gone})
    assert not data.modalities["b"].values[gone].any()
    assert data.present[:, 1].tolist() == (~gone).tolist()


@pytest.mark.parametrize(
    "present",
    [
        [[True, False], [True, True]] * 3,
        np.array([[1, 0], [1, 1]] * 3, dtype=float),
        pd.DataFrame({"b": [0, 1] * 3, "a": [1, 1] * 3}),
        {"b": [False, True] * 3},
        {"b": pd.Series([0, 1] * 3), "a": np.ones(6, bool)},
        pd.DataFrame({"b": [False, True] * 3}),
        {"b": pd.array([False, True] * 3, dtype="boolean")},
        pd.DataFrame({"b": pd.array([0, 1] * 3, dtype="Int64")}),
    ],
)
def test_ways_to_say_what_is_present(present):
    data = Dataset.from_arrays({"a": X, "b": X}, present=present)
    assert data.present.tolist() == [[True, False], [True, True]] * 3


@pytest.mark.parametrize(
    ("present", "words"),
    [
        (np.array([["True", "False"]] * 6), "bools or 0 and 1, got 'True' in row 0"),
        ({"b": ["yes", "no"] * 3}, "bools or 0 and 1, got 'yes' in row 0"),
        ({"b": [1, 0, 2, 1, 1, 1]}, "got 2 in row 2"),
        ({"b": [1, None, 1, 1, 1, 1]}, "an entry in every row, got none in row 1"),
        ({"c": [1] * 6}, "must be one of 'a', 'b', got 'c'"),
        (np.ones((6, 3)), "must have shape (6, 2)"),
        (np.ones(6), "must have shape (6, 2)"),
    ],
)
def test_what_does_not_say_what_is_present(present, words):
    assert words in refusal(
        lambda: Dataset.from_arrays({"a": X, "b": X}, present=present)
    )


FEATURES = {
    "bool": (X > 3, np.float32),
    "float16": (X.astype(np.float16), np.float32),
    "big-endian": (X.astype(">f8"), np.float32),
    "Fortran": (np.asfortranarray(X), np.float32),
    "strided": (np.repeat(X, 2, axis=0)[::2], np.float32),
    "frame": (pd.DataFrame(X), np.float32),
    "nullable": (pd.DataFrame(X).convert_dtypes(), np.float32),
    "Arrow": (pd.DataFrame(X).astype("double[pyarrow]"), np.float32),
    "objects": (X.astype(object), np.float32),
    "decimals": ([[decimal.Decimal(int(x)) for x in row] for row in X], np.float32),
    "tensor": (torch.tensor(X, requires_grad=True), np.float32),
    "bfloat16": (torch.tensor(X, dtype=torch.bfloat16), np.float32),
    "rows of tensors": ([torch.tensor(row) for row in X], np.float32),
    "series of arrays": (pd.Series(list(X)), np.float32),
    "sparse": (sparse.coo_array(X), np.float32),
    "sparse matrix": (sparse.csc_matrix(X), np.float32),
    "a dict of its entries": (sparse.dok_matrix(X), np.float32),
    "sparse tensor": (torch.tensor(X, requires_grad=True).to_sparse(), np.float32),
    "sparse half tensor": (torch.tensor(X).bfloat16().to_sparse(), np.float32),
    "sparse frame": (
        pd.DataFrame.sparse.from_spmatrix(sparse.coo_matrix(X)),
        np.float32,
    ),
}


@pytest.mark.parametrize(("values", "dtype"), FEATURES.values(), ids=list(FEATURES))
def test_features_of_every_make(values, dtype):
    expected = X > 3 if getattr(values, "dtype", None) == np.bool_ else X
    data = Dataset.from_arrays({"a": values})
    assert data.modalities["a"].values.dtype == dtype
    np.testing.assert_array_equal(data.modalities["a"].values, expected)
    np.testing.assert_array_equal(Embedding.from_arrays(values).z, expected)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (X + 1j, "real numbers, got dtype complex128"),
        (X.astype(str), "real numbers, got dtype <U"),
        (X.astype("M8[s]"), "real numbers, got dtype datetime64"),
        (X.astype("m8[s]"), "real numbers, got dtype timedelta64"),
        (pd.DataFrame({"n": [1.0, "two", 3.0]}), "got 'two' in row 1, column 'n'"),
        (pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}), "datetime64"),
        (pd.DataFrame({"x": [1.0, None], "y": [1.0, 2.0]}), "nan in row 1, column 'x'"),
        (np.ma.masked_equal([[1.0, 2.0], [3.0, -9.0]], -9), "nan in row 1, column 1"),
        ([[1.0, 2.0], [3.0]], "rows of one shape, got lengths [1, 2]"),
        ([[1, None], [2, 3]], "nan in row 0, column 1"),
        (sparse.csr_array(X + 1j), "real numbers, got dtype complex128"),
        (sparse.csr_array([[1.0, np.inf]]), "got inf in row 0, column 1"),
        (np.empty((0, 3)), "not be empty"),
        (pd.DataFrame(index=range(3)), "not be empty"),
    ],
)
def test_both_doors_refuse_alike(values, words):
    one = refusal(lambda: Dataset.from_arrays({"z": values}))
    other = refusal(lambda: Embedding.from_arrays(values))
    assert words in one
    assert one == other


def test_what_merely_can_be_sliced_is_answered_at_once():
    class Cells:
        def __init__(self, matrix):
            self.X = matrix

        def __len__(self):
            return len(self.X)

        def __getitem__(self, row):
            raise AssertionError("it was walked through")

    for call in (
        lambda: Dataset.from_arrays({"rna": Cells(X)}),
        lambda: Embedding.from_arrays(X, modalities={"rna": Cells(X)}),
    ):
        assert refusal(call, TypeError) == (
            "`rna` must be an array, got Cells: give its .X, or an entry of .obsm."
        )
    pictures = [Image.new("RGB", (4, 4))] * 6
    assert refusal(lambda: Dataset.from_arrays({"image": pictures}), TypeError) == (
        "`image` must be an array, got a list of Image; `from_table` reads them with "
        "`pictures`."
    )
    for value in (datetime.date(2020, 1, 1), object(), 3, "words", [object()] * 6):
        with pytest.raises((TypeError, ValueError), match="`rna` must"):
            Dataset.from_arrays({"rna": value})


CHW = np.arange(6 * 3 * 5 * 7, dtype=np.uint8).reshape(6, 3, 5, 7)


@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        (CHW, np.moveaxis(CHW, 1, -1)),
        (torch.tensor(CHW), np.moveaxis(CHW, 1, -1)),
        (CHW[:, :1], np.moveaxis(CHW[:, :1], 1, -1)),
        (CHW[:, 0], CHW[:, 0, :, :, None]),
        (CHW[:, 0].astype(np.uint16) * 257, CHW[:, 0, :, :, None]),
        (CHW.astype(np.float32) / 255, np.moveaxis(CHW, 1, -1)),
        (CHW.astype(np.float64), np.moveaxis(CHW, 1, -1)),
        (CHW > 100, np.moveaxis((CHW > 100) * np.uint8(255), 1, -1)),
        (CHW.astype(np.int64), np.moveaxis(CHW, 1, -1)),
    ],
)
def test_pictures_of_every_make(pictures, expected):
    modality = Modality.of("image", pictures)
    assert modality.kind == "picture"
    assert modality.values.dtype == np.uint8
    np.testing.assert_array_equal(modality.values, expected)


def test_transparent_pictures_lie_on_white():
    rgba = np.zeros((1, 1, 3, 4), dtype=np.uint8)
    rgba[0, 0, :, 3] = [0, 255, 128]
    seen = Modality.of("image", rgba).values[0, 0, :, 0]
    assert seen.tolist() == [255, 0, 127]
    said = refusal(lambda: Modality.of("image", np.zeros((2, 5, 7, 2), np.uint8)))
    assert said == (
        "`image` must have 1, 3 or 4 channels, last or first, "
        "got pictures of shape (5, 7, 2)."
    )


def test_columns_name_features():
    table = pd.DataFrame({"CD3": [1.0, 2.0], 7: [3.0, 4.0]})
    data = Dataset.from_arrays({"rna": table})
    assert data.modalities["rna"].features == ("CD3", "7")
    assert data.subset([1]).modalities["rna"].features == ("CD3", "7")


def test_large_sparse_matrices_become_directions_fitted_on_training_rows(monkeypatch):
    rng = np.random.default_rng(0)
    low = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 400))
    matrix = sparse.csr_array(np.where(rng.random((60, 400)) < 0.3, low, 0))
    split = np.repeat(["train", "test"], 30)
    monkeypatch.setattr(sparse_module, "DENSE_BYTES", 1000)
    monkeypatch.setattr(sparse_module, "DIRECTIONS", 8)
    data = Dataset.from_arrays({"rna": matrix}, split=split)
    values = data.modalities["rna"].values
    assert values.shape == (60, 8)
    assert data.modalities["rna"].common_scale
    assert data.info["encoders"]["rna"]["name"] == "truncated SVD"
    assert data.info["encoders"]["rna"]["rows"] == 30
    changed = matrix.toarray()
    changed[30:] = rng.normal(size=(30, 400))  # other test rows, same directions
    other = Dataset.from_arrays({"rna": sparse.csr_array(changed)}, split=split)
    np.testing.assert_allclose(other.modalities["rna"].values[:30], values[:30])
    own = Embedding.from_arrays(X.repeat(10, axis=0), modalities={"rna": matrix})
    assert own.inputs["rna"].shape == (60, 8)


def test_words_for_the_parts_of_a_split():
    words = ["Train", "training", "valid", "validation", "dev", "test"]
    data = Dataset.from_arrays({"a": X}, split=words)
    assert data.split.tolist() == ["train"] * 2 + ["val"] * 3 + ["test"]
    assert Dataset.from_arrays({"a": X}, split="test").split.tolist() == ["test"] * 6
    coded = pd.Categorical(["train", "val", "test"] * 2)
    assert (
        Dataset.from_arrays({"a": X}, split=coded).split.tolist()
        == [
            "train",
            "val",
            "test",
        ]
        * 2
    )
    gap = ["train", None, "test"] * 2
    assert refusal(lambda: Dataset.from_arrays({"a": X}, split=gap)) == (
        "`split` must have an entry in every row, got none in row 1."
    )
