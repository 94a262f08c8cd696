"""The door pairs by name: what carries names of its rows is brought into one order."""

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from refnet_viz import Embedding
from refnet_viz.data import Dataset, Media, from_table

CELLS = [f"cell{i}" for i in range(6)]
X = np.arange(12.0).reshape(6, 2)
RNA = pd.DataFrame(X, index=CELLS, columns=["g1", "g2"])
MIXED = [3, 0, 5, 1, 4, 2]


def refusal(call, error=ValueError) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def labels_by_id(data) -> dict:
    names = [data.class_names[c] if c >= 0 else None for c in data.labels]
    return dict(zip(data.ids.tolist(), names, strict=True))


class Coordinate:
    """What xarray has of a coordinate."""

    def __init__(self, values):
        self.values = np.asarray(values)


class Labelled:
    """A labelled array in the form of xarray's: values, dims and coords."""

    def __init__(self, values, names):
        self.values, self.dims = np.asarray(values), ("cell", "feature")
        self.coords = {"cell": Coordinate(names)}


class Annotated:
    """A matrix with names of rows and columns in the form of AnnData's."""

    def __init__(self, matrix, names):
        self.X, self.obs_names = matrix, pd.Index(names)
        self.var_names = pd.Index([f"v{i}" for i in range(matrix.shape[1])])

    def __len__(self):
        return len(self.obs_names)


def as_arrow(frame):
    return pa.Table.from_pandas(frame.rename_axis("id").reset_index())


CONTAINERS = {
    "pandas": lambda frame: frame,
    "arrow with its index": pa.Table.from_pandas,
    "arrow with a column": as_arrow,
    "narwhals": lambda frame: nw.from_native(as_arrow(frame)),
    "id column": lambda frame: frame.rename_axis("id").reset_index(),
    "xarray": lambda frame: Labelled(frame.to_numpy(), frame.index),
    "anndata": lambda frame: Annotated(frame.to_numpy(), frame.index),
    "sparse anndata": lambda frame: Annotated(csr_array(frame.to_numpy()), frame.index),
    "one column of arrays": lambda frame: pd.DataFrame(
        {"v": list(frame.to_numpy())}, index=frame.index
    ),
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=list(CONTAINERS))
def test_modalities_in_another_order_are_aligned(container):
    moved = container(RNA.iloc[MIXED] * 2)
    data = Dataset.from_arrays({"rna": RNA, "protein": moved})
    assert data.ids.tolist() == CELLS
    a, b = (data.modalities[name].values for name in ("rna", "protein"))
    np.testing.assert_array_equal(2 * a, b)


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_every_argument_is_aligned(first, second):
    moved, other = np.array(first), np.array(second)
    names = np.array(CELLS)
    split = np.array(["train", "train", "val", "val", "test", "test"])
    data = Dataset.from_arrays(
        {"rna": RNA.iloc[moved], "protein": RNA.iloc[other]},
        labels=pd.Series(list("abcabc"), index=CELLS).iloc[other],
        target=pd.Series(np.arange(6.0), index=CELLS),
        split=pd.Series(split, index=CELLS).iloc[other],
        groups=pd.Series(list("ppqqrr"), index=CELLS).iloc[other],
        present=pd.DataFrame(
            {"protein": np.arange(6) > 0, "rna": True}, index=CELLS
        ).iloc[other],
        metadata=pd.DataFrame({"age": range(6)}, index=CELLS).iloc[other],
    )
    assert data.ids.tolist() == names[moved].tolist()
    place = np.array([CELLS.index(name) for name in data.ids])
    assert [data.class_names[c] for c in data.labels] == [
        *np.array(list("abcabc"))[place]
    ]
    assert data.target.tolist() == place.tolist()
    assert data.split.tolist() == split[place].tolist()
    assert data.groups.tolist() == np.array(list("ppqqrr"))[place].tolist()
    assert data.metadata["age"].tolist() == place.tolist()
    assert data.present[:, 1].tolist() == (place > 0).tolist()
    has = data.present[:, 1]
    values = [data.modalities[name].values for name in ("rna", "protein")]
    np.testing.assert_array_equal(values[0], X[place])
    np.testing.assert_array_equal(values[1][has], X[place][has])


def test_ids_say_the_order_that_is_wanted():
    data = Dataset.from_arrays({"rna": RNA}, ids=CELLS[::-1])
    assert data.ids.tolist() == CELLS[::-1]
    np.testing.assert_array_equal(data.modalities["rna"].values, X[::-1])


def test_ids_may_be_a_column_beside_the_features():
    table = pd.DataFrame({"cell": CELLS, "g1": X[:, 0], "g2": X[:, 1]})
    kind = pd.DataFrame({"cell": CELLS[::-1], "kind": list("aabbcc")})
    data = Dataset.from_arrays({"rna": table}, ids="cell", labels=kind)
    assert data.ids.tolist() == CELLS
    assert data.modalities["rna"].features == ("g1", "g2")
    assert labels_by_id(data)["cell5"] == "a"


def test_a_series_of_ids_renames_rows():
    table = RNA.reset_index(drop=True)
    data = Dataset.from_arrays(
        {"rna": table}, ids=pd.Series(CELLS).iloc[::-1], labels=list("aabbcc")
    )
    # The series of names is itself in another order than the rows that it names.
    np.testing.assert_array_equal(
        data.subset(["cell0"]).modalities["rna"].values, X[:1]
    )


def test_arrays_without_names_stand_in_the_order_of_what_has_names():
    data = Dataset.from_arrays({"rna": RNA, "protein": X * 2}, labels=list("aabbcc"))
    assert data.ids.tolist() == CELLS
    assert labels_by_id(data)["cell0"] == "a"
    # Names of labels alone name the rows of the arrays beside them.
    kind = pd.Series(list("aabbcc"), index=CELLS)
    assert Dataset.from_arrays({"rna": X}, labels=kind).ids.tolist() == CELLS


def test_the_numbers_that_pandas_counts_by_are_places_beside_text():
    data = Dataset.from_arrays(
        {"rna": RNA},
        metadata=pd.DataFrame({"age": range(6)}),
        labels=pd.Series([0, 1] * 3),
    )
    assert data.metadata["age"].tolist() == list(range(6))


def test_numbers_are_compared_with_numbers():
    table = pd.DataFrame(X)
    kind = pd.Series(list("abcdef")).iloc[MIXED]  # its index went along
    data = Dataset.from_arrays({"rna": table}, labels=kind)
    assert data.ids.tolist() == list("012345")
    assert [data.class_names[c] for c in data.labels] == list("abcdef")
    backwards = Dataset.from_arrays({"rna": table, "protein": table[::-1]})
    np.testing.assert_array_equal(
        backwards.modalities["rna"].values, backwards.modalities["protein"].values
    )


def test_filtered_tables_name_their_rows_by_what_is_left():
    table = pd.DataFrame(X)[[True, False, True, True, False, True]]
    data = Dataset.from_arrays({"rna": table})
    assert data.ids.tolist() == ["0", "2", "3", "5"]
    named = Dataset.from_arrays({"rna": table}, ids=list("wxyz"))
    assert named.ids.tolist() == list("wxyz")


def test_patients_with_numbers_for_names():
    table = pd.DataFrame(X, index=[1007, 1001, 1003, 1005, 1002, 1004])
    outcome = pd.Series(
        {
            1001: "dead",
            1002: "alive",
            1003: "alive",
            1004: "dead",
            1005: "alive",
            1007: "dead",
        }
    )
    data = Dataset.from_arrays({"rna": table}, labels=outcome)
    assert data.ids[0] == "1007"
    assert labels_by_id(data)["1001"] == "dead"
    floats = outcome.set_axis(outcome.index.astype(float))  # as a merge leaves them
    assert labels_by_id(Dataset.from_arrays({"rna": table}, labels=floats)) == (
        labels_by_id(data)
    )


def by_id(data, name):
    """Return the value of every row that has a modality."""
    has = data.present[:, list(data.modalities).index(name)]
    values = data.modalities[name].values[has].ravel().tolist()
    return dict(zip(data.ids[has].tolist(), values, strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["7", "12", "8"], [8, 7, 12]),
        (["007", "012", "008"], [8, 7, 12]),  # as a csv that was read without care
        ([7, 12, 8], ["08", "07", "12"]),
        ([7, 12, 8], [8.0, 7.0, 12.0]),
    ],
)
def test_numbers_are_the_names_that_write_them(one, other):
    x, y = [[7.0], [12.0], [8.0]], [[80.0], [70.0], [120.0]]
    frames = {"a": pd.DataFrame(x, one), "b": pd.DataFrame(y, other)}
    labels = pd.Series(["eight", "seven", "twelve"], index=other)
    tables = [
        {"id": one, "x": np.ravel(x)},
        {"id": other, "y": np.ravel(y), "z": [8, 7, 12]},
    ]
    pairs = {"a": "x", "b": "y"}
    for data in (
        Dataset.from_arrays(frames),
        Dataset.from_arrays(dict(reversed(frames.items()))),
        Dataset.from_arrays({"a": x, "b": frames["b"]}, ids=one),
        from_table(tables, id="id", modalities=pairs),
        from_table(tables[::-1], id="id", modalities=pairs),
    ):
        a, b = by_id(data, "a"), by_id(data, "b")
        assert {name: 10 * value for name, value in a.items()} == b
        if len(data.metadata.columns):
            assert data.metadata["z"].tolist() == list(a.values())
    named = Dataset.from_arrays({"a": x}, ids=one, labels=labels)
    assert list(labels_by_id(named).values()) == ["seven", "twelve", "eight"]


def test_names_of_which_some_are_numbers_elsewhere_are_names():
    one = pd.DataFrame([[7.0], [8.0]], ["7", "8"])
    other = pd.DataFrame([[80.0], [90.0]], [8, 9])
    tables = [
        {"id": ["7", "8"], "x": [7.0, 8.0]},
        {"id": [8, 9], "y": [80.0, 90.0]},
    ]
    for read in (
        lambda join: Dataset.from_arrays({"a": one, "b": other}, join=join),
        lambda join: from_table(
            tables, id="id", modalities={"a": "x", "b": "y"}, join=join
        ),
    ):
        with pytest.raises(ValueError, match="got 1 of them and 1 others, the first"):
            read(None)
        assert by_id(read("outer"), "a") == {"7": 7, "8": 8}
        assert by_id(read("outer"), "b") == {"8": 80, "9": 90}
        assert by_id(read("inner"), "b") == {"8": 80}


@pytest.mark.parametrize("index", [[3, 1, 2, 0, 5, 4], range(2, 14, 2)])
@pytest.mark.parametrize("join", [None, "inner", "outer"])
def test_numbers_that_no_text_writes_are_refused(index, join):
    kind = pd.Series(list("abcdef"), index=index)
    said = refusal(lambda: Dataset.from_arrays({"rna": RNA}, labels=kind, join=join))
    assert said == (
        f"`labels` must name the same rows as `rna`, got numbers such as {index[0]}, "
        "which none of its names writes; reset_index(drop=True) pairs by place."
    )
    data = Dataset.from_arrays({"rna": RNA}, labels=kind.reset_index(drop=True))
    assert labels_by_id(data) == dict(zip(CELLS, "abcdef", strict=True))


def test_ids_of_tables_are_names_even_if_they_are_numbers_beside_text():
    tables = [{"id": ["u", "v"], "x": [1.0, 2.0]}, {"id": [0, 1], "y": [10.0, 20.0]}]
    with pytest.raises(ValueError, match="got 0 of them and 2 others, the first '0'"):
        from_table(tables, id="id", modalities={"a": "x", "b": "y"})


def test_a_mapping_from_names_to_labels():
    data = Dataset.from_arrays(
        {"rna": RNA}, labels=dict(zip(CELLS, "aabbcc", strict=True))
    )
    assert labels_by_id(data)["cell5"] == "c"


@pytest.mark.parametrize(
    ("argument", "value", "sentence"),
    [
        (
            "labels",
            pd.Series([0] * 6, index=[*CELLS[:5], "x"]),
            "5 of them and 1 others",
        ),
        ("metadata", RNA.iloc[:4], "4 of them and lacks 2, the first 'cell4'"),
        ("target", pd.Series(0.0, index=[*CELLS, "x", "y"]), "6 of them and 2 others"),
        ("split", pd.Series("train", index=list("abcdef")), "0 of them and 6 others"),
        ("groups", pd.Series("a", index=CELLS[1:]), "5 of them and lacks 1"),
        (
            "present",
            pd.DataFrame({"rna": [True]}, index=["x"]),
            "0 of them and 1 others",
        ),
    ],
)
def test_other_names_are_one_sentence(argument, value, sentence):
    said = refusal(lambda: Dataset.from_arrays({"rna": RNA}, **{argument: value}))
    assert said.startswith(f"`{argument}")
    assert "must name the same rows as `rna` (6), got" in said
    assert sentence in said
    assert "join='inner'" in said
    assert said.count(". ") == 0


def test_inner_keeps_what_all_have():
    protein = RNA.loc[["cell4", "cell1", "cell9" if "cell9" in CELLS else "cell3"]] * 2
    kind = pd.Series(list("abc"), index=["cell1", "cell4", "other"])
    data = Dataset.from_arrays(
        {"rna": RNA, "protein": protein}, labels=kind, join="inner", split="train"
    )
    assert data.ids.tolist() == ["cell1", "cell4"]
    assert labels_by_id(data) == {"cell1": "a", "cell4": "b"}
    assert data.present.all()


def test_outer_keeps_what_any_modality_has():
    protein = pd.DataFrame({"p": [9.0, 8.0]}, index=["new", "cell2"])
    data = Dataset.from_arrays(
        {"rna": RNA, "protein": protein},
        labels=pd.Series(list("ab"), index=["cell2", "nobody"]),
        target=pd.Series([1.5], index=["new"]),
        metadata=pd.DataFrame({"age": [3]}, index=["cell2"]),
        media=Media(texts=["t"] * 6),
        join="outer",
        split=pd.Series("train", index=[*CELLS, "new"]),
    )
    assert data.ids.tolist() == [*CELLS, "new"]
    assert data.present.tolist() == [
        [True, name in {"cell2", "new"}] if name != "new" else [False, True]
        for name in data.ids
    ]
    assert data.modalities["protein"].values[[2, 6]].ravel().tolist() == [8.0, 9.0]
    assert data.modalities["rna"].values[6].tolist() == [0.0, 0.0]
    assert labels_by_id(data) == {**dict.fromkeys(data.ids.tolist()), "cell2": "a"}
    assert data.target[6] == 1.5
    assert np.isnan(data.target[:6]).all()
    assert data.metadata["age"].tolist()[2] == 3
    assert data.metadata["age"].isna().sum() == 6
    assert data.labelled.tolist() == [False] * 6 + [True]


def test_a_row_that_outer_brings_needs_its_part_when_parts_are_said():
    protein = pd.DataFrame({"p": [9.0]}, index=["new"])
    said = refusal(
        lambda: Dataset.from_arrays(
            {"rna": RNA, "protein": protein},
            join="outer",
            split=pd.Series("train", index=CELLS),
        )
    )
    assert said == "`split` must have an entry in every row, got none in row 6."


def test_a_join_that_leaves_nothing_or_is_none():
    other = RNA.set_axis(list("abcdef"))
    said = refusal(lambda: Dataset.from_arrays({"a": RNA, "b": other}, join="inner"))
    assert said.startswith("`join` must leave at least one row")
    said = refusal(lambda: Dataset.from_arrays({"a": RNA}, join="left"))
    assert said == "`join` must be one of 'inner', 'outer', got 'left'."


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (list("aabcde"), "`rna` must name every row once, got 'a' more than once."),
        (["a", None, *"cdef"], "`rna` must name every row, got no name for row 1."),
    ],
)
def test_names_that_repeat_or_are_missing(names, sentence):
    frame = RNA.set_axis(names)
    assert refusal(lambda: Dataset.from_arrays({"rna": frame})) == sentence


def test_levels_of_an_index_are_one_name():
    pairs = pd.MultiIndex.from_product([["p1", "p2"], [1, 2, 3]])
    data = Dataset.from_arrays({"rna": RNA.set_axis(pairs)})
    assert data.ids[0] == "p1 / 1"


def test_bytes_are_text_in_every_name():
    codes = np.array([f"AAAC-{i}" for i in range(6)], dtype="S")
    assert Embedding.from_arrays(X, ids=codes).ids[0] == "AAAC-0"
    named = Embedding.from_arrays(
        pd.DataFrame(X, index=codes), labels=np.array([b"T", b"B"] * 3)
    )
    assert named.ids[0] == "AAAC-0"
    assert named.class_names == ("B", "T")
    text = np.array(["x", "y"] * 3, dtype=np.dtypes.StringDType())
    assert Embedding.from_arrays(X, labels=text).class_names == ("x", "y")


def test_an_embedding_pairs_as_a_dataset_does():
    kind = pd.Series(list("abcabc"), index=CELLS)
    own = Embedding.from_arrays(
        RNA, modalities={"protein": RNA.iloc[MIXED] * 3}, labels=kind.iloc[::-1]
    )
    assert own.ids.tolist() == CELLS
    assert [own.class_names[c] for c in own.labels] == list("abcabc")
    expected = (X - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(own.inputs["protein"], expected, rtol=1e-6)


def test_outer_keeps_the_rows_of_an_embedding():
    part = pd.DataFrame({"p": [1.0, 2.0, 3.0]}, index=["cell1", "cell3", "stranger"])
    own = Embedding.from_arrays(RNA, modalities={"protein": part}, join="outer")
    assert own.ids.tolist() == CELLS
    assert own.present.ravel().tolist() == [
        name in {"cell1", "cell3"} for name in CELLS
    ]
    assert own.inputs["protein"][[1, 3]].ravel().tolist() == [-1.0, 1.0]
    said = refusal(lambda: Embedding.from_arrays(np.full((3, 1), np.nan)))
    assert said.startswith("`z` must hold finite numbers only, got nan in row 0")


def test_names_that_mean_something_else_are_refused():
    for name in ("latent", "refined", "sum"):
        for call in (
            lambda name=name: Dataset.from_arrays({name: X}),
            lambda name=name: Embedding.from_arrays(X, modalities={name: X}),
        ):
            assert "spaces of their own" in refusal(call)
    assert Embedding.from_arrays(X, modalities={"z": X}).spaces == (
        "latent",
        "z",
        "sum",
    )
    assert refusal(lambda: Dataset.from_arrays({1: X, "1": X})) == (
        "`modalities` must be unique, got '1' more than once."
    )
    assert "got ''" in refusal(lambda: Dataset.from_arrays({"": X}))
    assert "mapping of names" in refusal(lambda: Dataset.from_arrays(X), TypeError)


def test_a_column_called_id_names_rows_only_if_it_can():
    repeated = pd.DataFrame({"id": ["x", "x", "y"] * 2, "age": range(6)})
    data = Dataset.from_arrays({"rna": RNA}, metadata=repeated)
    assert list(data.metadata.columns) == ["id", "age"]
    named = pd.DataFrame({"id": CELLS[::-1], "age": range(6)})
    data = Dataset.from_arrays({"rna": RNA}, metadata=named)
    assert data.metadata["age"].tolist() == list(range(6))[::-1]


@pytest.mark.parametrize(
    "name",
    ["labels", "target", "split", "groups", "metadata", "media", "ids", "present"],
)
def test_a_modality_may_be_called_as_an_argument_is(name):
    data = Dataset.from_arrays(
        {name: X, "b": X * 2},
        labels=[0, 1] * 3,
        target=range(6),
        split=[0, 0, 0, 1, 2, 2],
        ids=CELLS,
        groups=[0, 0, 0, 1, 2, 2],
        media=Media(texts=list("abcdef")),
        metadata={"age": range(6)},
        present={name: [1] * 6},
    )
    np.testing.assert_array_equal(data.modalities[name].values, X)
    assert data.labels.tolist() == [0, 1] * 3
    assert data.target.tolist() == [*range(6)]
    assert data.groups.tolist() == list("000122")
    assert data.media.texts == tuple("abcdef")
    assert data.metadata["age"].tolist() == [*range(6)]


def test_a_pair_is_two_rows_where_nothing_has_a_mask():
    data = Dataset.from_arrays({"a": X[:2]}, labels=(["x", "y"], ["z"]))
    assert data.labels.tolist() == [[1, 1, 0], [0, 0, 1]]
    stated = Dataset.from_arrays({"a": X[:2], "b": X[:2]}, present=([1, 0], [1, 1]))
    assert stated.present.tolist() == [[True, False], [True, True]]
