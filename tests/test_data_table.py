"""Tables of every kind become datasets, and what is wrong in them is one sentence."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import narwhals
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

import refnet_viz as rv
from refnet_viz.data import from_table, words
from refnet_viz.data.columns import arrays
from refnet_viz.data.features import text_vectors

FRAME = pd.DataFrame(
    {
        "cell": ["007", "u", "v", "w", "x", "y"],
        "gene_a": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
        "gene_b": [1, 2, 3, 4, 5, 6],
        "type": ["T", "B", None, "B", "T", "B"],
        "dose": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0],
        "patient": ["01", "01", "02", "02", "03", "03"],
        "note": ["plain", "odd", "plain", "odd", "plain", "odd"],
    }
)
ROLES = {"id": "cell", "labels": "type", "target": "dose", "groups": "patient"}


class Capsule:
    """Nothing but the Arrow PyCapsule interface."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def write_arrow(path, *, stream):
    table = pa.Table.from_pandas(FRAME)
    opened = pa.ipc.new_stream if stream else pa.ipc.new_file
    with opened(path, table.schema) as sink:
        sink.write_table(table)


FILES = {
    "x.csv": lambda path: FRAME.to_csv(path, index=False),
    "x.CSV": lambda path: FRAME.to_csv(path, index=False, encoding="utf-8-sig"),
    "x.csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "semicolons.csv": lambda path: FRAME.to_csv(path, index=False, sep=";"),
    "x.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "x.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "x.ndjson.gz": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "x.json": lambda path: FRAME.to_json(path, orient="records"),
    "x.parquet": lambda path: FRAME.to_parquet(path, index=False),
    "x.Parquet": lambda path: FRAME.to_parquet(path, index=False),
    "x.feather": FRAME.to_feather,
    "x.arrow": lambda path: write_arrow(path, stream=False),
    "x.arrows": lambda path: write_arrow(path, stream=True),
}
FRAMES = {
    "pandas": lambda: FRAME,
    "pandas by index": lambda: FRAME.set_index("cell"),
    "pandas in Arrow": lambda: FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "columns": lambda: FRAME.to_dict("list"),
    "Polars": lambda: pl.from_pandas(FRAME),
    "Polars, lazy": lambda: pl.from_pandas(FRAME).lazy(),
    "Arrow": lambda: pa.Table.from_pandas(FRAME),
    "a batch": lambda: pa.RecordBatch.from_pandas(FRAME),
    "a reader": lambda: pa.Table.from_pandas(FRAME).to_reader(),
    "DuckDB": lambda: duckdb.from_arrow(pa.Table.from_pandas(FRAME)),
    "narwhals": lambda: narwhals.from_native(pl.from_pandas(FRAME)),
    "capsule": lambda: Capsule(pl.from_pandas(FRAME)),
}


def check_frame(data):
    """Compare with what a human reads in `FRAME`."""
    assert data.ids.tolist() == FRAME["cell"].tolist()
    values = data.modalities["rna"].values
    np.testing.assert_array_equal(values, FRAME[["gene_a", "gene_b"]])
    assert data.modalities["rna"].features == ("gene_a", "gene_b")
    assert data.class_names == ("B", "T")
    assert data.labels.tolist() == [1, 0, -1, 0, 1, 0]
    np.testing.assert_array_equal(data.target, FRAME["dose"])
    assert data.groups.tolist() == FRAME["patient"].tolist()
    assert data.metadata["note"].tolist() == FRAME["note"].tolist()
    assert list(data.metadata.columns) == ["note"]


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_is_read_alike(name, tmp_path):
    FILES[name](tmp_path / name)
    data = from_table(tmp_path / name, modalities={"rna": "gene_*"}, **ROLES)
    check_frame(data)
    assert data.name in ("x", "semicolons")
    assert data.info["source"][0]["name"] == name


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_is_read_alike(kind):
    check_frame(from_table(FRAMES[kind](), modalities={"rna": "gene_*"}, **ROLES))


def test_a_folder_of_parquet_files_is_one_table(tmp_path):
    for part in range(2):
        FRAME[part * 3 : part * 3 + 3].to_parquet(tmp_path / f"{part}.parquet")
    check_frame(from_table(tmp_path, modalities={"rna": "gene_*"}, **ROLES))


def test_what_looks_like_numbers_keeps_its_zeros(tmp_path):
    frame = pd.DataFrame({"id": ["01", "02"], "a": [1, 2], "code": ["007", "010"]})
    frame.to_csv(tmp_path / "x.csv", index=False)
    data = from_table(tmp_path / "x.csv", modalities={"a": "a"}, labels="code")
    assert data.ids.tolist() == ["01", "02"]
    assert data.class_names == ("007", "010")


def test_a_saved_index_names_the_rows(tmp_path):
    frame = FRAME.set_index("cell")
    frame.to_csv(tmp_path / "x.csv")
    frame.rename_axis(None).to_csv(tmp_path / "y.csv")
    frame.rename_axis(None).to_parquet(tmp_path / "x.parquet")
    FRAME.to_csv(tmp_path / "counted.csv")
    for name in ("y.csv", "x.parquet"):
        data = from_table(tmp_path / name, modalities={"rna": "gene_*"})
        assert data.ids.tolist() == FRAME["cell"].tolist()
    counted = from_table(tmp_path / "counted.csv", modalities={"rna": "gene_*"})
    assert counted.ids.tolist() == list("012345")
    assert "Unnamed: 0" not in counted.metadata


@pytest.mark.parametrize(
    "choice",
    [
        "gene_*",
        ["gene_a", "gene_*"],
        re.compile("gene_[ab]"),
        lambda name: name.startswith("gene"),
    ],
)
def test_columns_are_chosen_by_names_patterns_and_tests(choice):
    data = from_table(FRAME, modalities={"rna": choice})
    assert data.modalities["rna"].features == ("gene_a", "gene_b")


def test_no_pattern_takes_what_is_to_be_learned():
    frame = FRAME.drop(columns=["note", "patient", "type"])
    data = from_table(frame, modalities={"all": "*"}, id="cell", target="dose")
    assert data.modalities["all"].features == ("gene_a", "gene_b")
    with pytest.raises(ValueError, match=r"must not hold .* got 'dose'\.$"):
        from_table(frame, modalities={"all": ["gene_a", "dose"]}, target="dose")


def test_categories_keep_their_order_and_those_of_chance_are_sorted():
    order = pd.Categorical(["low", "high", "mid"] * 2, ["low", "mid", "high"])
    frame = FRAME.assign(type=order)
    enum = pl.from_pandas(FRAME).with_columns(
        pl.Series("type", list(order), dtype=pl.Enum(["low", "mid", "high"]))
    )
    for source in (frame, pa.Table.from_pandas(frame), enum):
        data = from_table(source, modalities={"rna": "gene_*"}, labels="type")
        assert data.class_names == ("low", "mid", "high")
    met = pl.from_pandas(FRAME).with_columns(
        pl.Series("type", ["c10", "c9", "c1"] * 2, dtype=pl.Categorical)
    )
    data = from_table(met, modalities={"rna": "gene_*"}, labels="type")
    assert data.class_names == ("c1", "c9", "c10")


def test_several_labels_are_columns_or_lists():
    columns = FRAME.assign(red=[1, 0, 1, 0, 1, 0], round=[0, 1, 1, 0, 0, 1])
    data = from_table(columns, modalities={"rna": "gene_*"}, labels=["red", "round"])
    assert data.class_names == ("red", "round")
    assert data.labels[2].tolist() == [1, 1]
    lists = pa.table({"a": [1, 2, 3], "tags": [["x", "y"], ["y"], None]})
    data = from_table(lists, modalities={"a": "a"}, labels="tags")
    assert data.class_names == ("x", "y")
    assert data.labels.tolist() == [[1, 1], [0, 1], [-1, -1]]


def test_tables_are_paired_by_id_and_joined_when_asked():
    rna = FRAME[["cell", "gene_a"]]
    more = FRAME[["cell", "gene_b", "type", "note"]][::-1]
    given = {"modalities": {"rna": "gene_a", "protein": "gene_b"}, "id": "cell"}
    data = from_table([rna, pl.from_pandas(more)], labels="type", **given)
    assert data.ids.tolist() == FRAME["cell"].tolist()
    assert data.modalities["protein"].values[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert data.labels.tolist() == [1, 0, -1, 0, 1, 0]
    fewer = more[2:]
    with pytest.raises(ValueError, match=r"must name the same rows .* join="):
        from_table([rna, fewer], **given)
    inner = from_table([rna, fewer], join="inner", **given)
    assert inner.ids.tolist() == FRAME["cell"].tolist()[:4]
    outer = from_table([rna, fewer], join="outer", labels="type", **given)
    assert outer.present[:, 1].tolist() == [True] * 4 + [False] * 2
    assert outer.modalities["protein"].values[:, 0].tolist() == [1, 2, 3, 4, 0, 0]
    assert outer.labels.tolist() == [1, 0, -1, 0, -1, -1]


def test_values_of_their_own_are_aligned_by_id():
    types = pd.Series(["B", "T"] * 3, index=FRAME["cell"][::-1])
    data = from_table(FRAME, modalities={"rna": "gene_*"}, id="cell", labels=types)
    assert data.labels.tolist() == [1, 0] * 3
    texts = from_table(
        FRAME,
        modalities={"note": words("note")},
        id="cell",
        labels=types[2:],
        join="inner",
    )
    assert texts.media.texts == ("plain", "odd", "plain", "odd")


def test_metadata_are_what_is_left_and_plain():
    table = pa.table(
        {
            "a": [1.0, 2.0],
            "v": [[1.0, 2.0], [3.0, 4.0]],
            "b": [b"x", b"y"],
            "tags": [["p"], ["q", "r"]],
            "when": pd.to_datetime(["2020-01-01"] * 2),
        }
    )
    data = from_table(table, modalities={"a": "a"})
    assert list(data.metadata.columns) == ["tags", "when"]
    named = from_table(table, modalities={"a": "a"}, metadata=["when"])
    assert list(named.metadata.columns) == ["when"]
    none = from_table(table, modalities={"a": "a"}, metadata=None)
    assert none.metadata.shape == (2, 0)


def test_an_id_column_that_repeats_is_a_column_as_any_other():
    frame = FRAME.assign(id=[1, 1, 2, 2, 3, 3])
    data = from_table(frame, modalities={"rna": "gene_*"})
    assert data.ids.tolist() == list("012345")
    assert data.metadata["id"].tolist() == [1, 1, 2, 2, 3, 3]
    both = from_table(frame, modalities={"rna": "gene_*"}, id="cell")
    assert both.ids[0] == "007"
    assert both.metadata["id"].tolist() == [1, 1, 2, 2, 3, 3]


def nested(depth, n, rng):
    shape = (n, *rng.integers(1, 4, size=depth))
    return rng.integers(0, 9, size=shape).astype(np.float32)


@given(st.integers(0, 10_000), st.integers(1, 3), st.booleans(), st.booleans())
def test_columns_of_lists_are_what_numpy_makes_of_their_objects(
    seed, depth, fixed, gaps
):
    rng = np.random.default_rng(seed)
    values = nested(depth, int(rng.integers(1, 7)), rng)
    gone = (rng.random(len(values)) < 0.4) & gaps
    rows = [None if g else v.tolist() for v, g in zip(values, gone, strict=True)]
    kind = pa.float32()
    for length in values.shape[:0:-1]:
        kind = pa.list_(kind, int(length)) if fixed else pa.list_(kind)
    cut = int(rng.integers(0, len(rows) + 1))
    chunks = [pa.array(part, kind) for part in (rows[:cut], rows[cut:])]
    read, absent, mask = arrays("x", pa.chunked_array(chunks, kind))
    assert absent.tolist() == gone.tolist()
    assert mask is None
    if not gone.all():
        np.testing.assert_array_equal(read[~gone], values[~gone])
        assert not read[gone].any()


def test_a_whole_column_of_arrays_is_not_copied():
    values = np.arange(12, dtype=np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values), 3)
    data = from_table(pa.table({"v": column}), modalities={"v": "v"})
    assert np.shares_memory(data.modalities["v"].values, column.values.to_numpy())


def test_rows_without_an_array_lack_the_modality():
    for source in (
        pa.table({"v": [[1.0, 2.0], None, []], "a": [1, 2, 3]}),
        pd.DataFrame({"v": [[1.0, 2.0], None, None], "a": [1, 2, 3]}),
    ):
        data = from_table(source, modalities={"v": "v", "a": "a"})
        assert data.present.tolist() == [[True, True], [False, True], [False, True]]
        assert data.modalities["v"].values.tolist() == [[1, 2], [0, 0], [0, 0]]


def test_lists_of_vectors_of_different_length_are_sequences():
    table = pa.table({"v": [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]})
    modality = from_table(table, modalities={"v": "v"}).modalities["v"]
    assert modality.kind == "sequence"
    assert modality.mask.tolist() == [[True, False], [True, True]]
    assert modality.values[0].tolist() == [[1, 2], [0, 0]]


def test_lists_of_bytes_of_three_axes_are_pictures():
    pixels = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    kind = pa.list_(pa.list_(pa.list_(pa.uint8())))
    table = pa.table({"image": pa.array(pixels.tolist(), kind)})
    modality = from_table(table, modalities={"image": "image"}).modalities["image"]
    assert modality.kind == "picture"
    np.testing.assert_array_equal(modality.values, pixels)


def test_present_is_a_column_and_hides_what_it_denies():
    frame = FRAME.assign(gene_a=[np.nan, *FRAME["gene_a"][1:]], has=[0, 1, 1, 1, 1, 1])
    given = {"modalities": {"a": "gene_a", "b": "gene_b"}}
    data = from_table(frame, present={"a": "has"}, **given)
    assert data.present[:, 0].tolist() == [False] + [True] * 5
    assert "has" not in data.metadata
    with pytest.raises(ValueError, match="got nan in row 0"):
        from_table(frame, present={"a": [1] * 6}, **given)


def test_words_know_training_rows_only():
    texts = [f"red {word}" for word in ("cat", "dog", "cat", "dog")] + ["green frog"]
    train = np.array([True] * 4 + [False])
    vectors, info = text_vectors(texts, np.zeros(5, bool), train)
    other, _ = text_vectors([*texts[:4], "blue frog"], np.zeros(5, bool), train)
    np.testing.assert_array_equal(vectors, other)
    assert not vectors[4].any()
    assert info["without_a_known_term"] == 1
    assert info["rows"] == 4


def test_words_are_fitted_on_the_training_rows_of_the_dataset():
    frame = pd.DataFrame(
        {
            "text": ["red cat", "red dog", "blue cat", "blue dog", "secret", "secret"],
            "split": ["train"] * 4 + ["val", "test"],
        }
    )
    data = from_table(frame, modalities={"text": words("text")}, split="split")
    assert data.info["encoders"]["text"]["rows"] == 4
    assert not data.modalities["text"].values[4:].any()
    assert data.modalities["text"].common_scale


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        (["a red cat", "a red dog", "the cat"], "words and pairs of words"),
        (["我喜欢红色的猫", "我喜欢红色的狗", "狗和猫"], "one to three characters"),
        (["แมวสีแดง", "หมาสีแดง", "แมวดำ"], "one to three characters"),
        (["🐱🐶", "🐱🐭", "🐶🐭"], "one to three characters"),
        (["same", "same", "same"], "words and pairs of words"),
    ],
)
def test_terms_are_words_or_characters(texts, rule):
    gone = np.zeros(3, dtype=bool)
    vectors, info = text_vectors(texts, gone, ~gone)
    assert info["terms_are"] == rule
    assert np.isfinite(vectors).all()
    assert vectors.any()
    json.dumps(info, allow_nan=False)


def test_texts_that_are_alike_are_near():
    texts = ["the red cat sleeps", "a red cat slept", "stocks fell on monday"] * 2
    gone = np.zeros(6, dtype=bool)
    vectors, _ = text_vectors(texts, gone, ~gone)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.2


def test_rows_without_words_lack_them_and_are_hovered_without():
    frame = pd.DataFrame(
        {"text": ["red cat", None, " ", "nan", "blue cat"], "a": range(5)}
    )
    data = from_table(frame, modalities={"text": words("text"), "a": "a"})
    assert data.present[:, 0].tolist() == [True, False, False, False, True]
    assert data.media.texts == ("red cat", "", "", "", "blue cat")
    other = from_table(
        frame, modalities={"text": words("text"), "a": "a"}, media={"texts": "a"}
    )
    assert other.media.texts == ("0", "1", "2", "3", "4")


BAD = {
    "unknown column": (
        {"modalities": {"x": "gene_a"}, "labels": "tpye"},
        "`labels` must name a column of `source`, got 'tpye'; nearest: 'type'.",
    ),
    "pattern": (
        {"modalities": {"x": "protein_*"}},
        "`modalities['x']` must match a column of `source`, got 'protein_*', which "
        "matches none.",
    ),
    "id twice": (
        {"modalities": {"x": "gene_a"}, "id": "patient"},
        "`id` must be unique, got '01' in rows 0 and 1 of column 'patient'.",
    ),
    "id missing": (
        {"modalities": {"x": "gene_a"}, "id": "type"},
        "`id` must name every row, got none in row 2 of column 'type'.",
    ),
    "text as numbers": (
        {"modalities": {"x": "note"}},
        "`modalities['x']` must be numbers, got 'plain' in row 0 of column 'note'; "
        "words('note') makes features of texts.",
    ),
    "text among numbers": (
        {"modalities": {"x": ["gene_a", "note"]}},
        "`x` must hold numbers only, got 'plain' in row 0 of column 'note'.",
    ),
    "a gap": (
        {"modalities": {"x": ["gene_a", "dose"]}},
        "`x` must hold finite numbers only, got nan in row 1, column 'dose'; "
        "`present` marks rows that lack x.",
    ),
    "text as target": (
        {"modalities": {"x": "gene_a"}, "target": "note"},
        "`target` must hold numbers only, got 'plain' in row 0 of column 'note'.",
    ),
    "present": (
        {"modalities": {"x": "gene_a"}, "present": [[1]] * 6},
        "`present` must be a mapping of modalities to columns or to values, got list.",
    ),
    "spec": (
        {"modalities": {"x": 3}},
        "`modalities['x']` must be names or patterns of columns, `words` or "
        "`pictures`, got 3.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_one_sentence(case):
    given, sentence = BAD[case]
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(sentence)}$"):
        from_table(FRAME, **given)


def test_a_csv_of_mixed_types_is_one_sentence(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("id,age,city\na,31,Rome\nb,n.a.,Oslo\nc,12,Bonn\n", "utf-8")
    message = r"^`age` must hold numbers only, got 'n\.a\.' in row 1 of column 'age'\.$"
    with pytest.raises(ValueError, match=message):
        from_table(path, modalities={"age": ["age"]})
    data = from_table(path, modalities={"city": words("city")})
    assert data.metadata["age"].tolist() == ["31", "n.a.", "12"]


def test_json_lines_of_mixed_types_are_refused_only_where_numbers_are_wanted(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1, "m": 1}\n{"a": 2, "m": "two"}\n', "utf-8")
    data = from_table(path, modalities={"a": "a"})
    assert data.metadata["m"].tolist() == [1, "two"]
    with pytest.raises(ValueError, match=r"got 'two' in row 1 of column 'm'\.$"):
        from_table(path, modalities={"m": "m"})


@pytest.mark.parametrize("name", ["x.parquet", "x.feather", "x.arrows", "x.csv.gz"])
def test_a_file_that_is_cut_off_is_one_sentence(name, tmp_path):
    FILES[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        ValueError, match=rf"^`source` must be a whole .*{name}': .*\.$"
    ):
        from_table(tmp_path / name, modalities={"rna": "gene_*"})


DAMAGED = {
    "empty.csv": (b"", "must have at least one row"),
    "header.csv": (b"a,b\n", "got 0 rows and 2 columns"),
    "twice.csv": (b"a,b,a\n1,2,3\n", "got 'a' more than once in 'twice.csv'"),
    "ragged.csv": (b"a,b\n1,2\n1,2,3,4\n", "must be a whole csv file"),
    "latin.csv": ("a,b\n1,é\n".encode("latin-1"), "must be a whole csv file"),
    "not.jsonl": (b"{]\n", "must be a whole json lines file"),
    "not.parquet": (b"nothing", "must be a whole parquet file"),
    "x.txt": (b"a,b\n1,2\n", "must end in one of .csv"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_one_sentence(name, tmp_path):
    content, words_of_it = DAMAGED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words_of_it) as caught:
        from_table(tmp_path / name, modalities={"a": "a"})
    assert str(caught.value).startswith("`source` must ")
    assert str(caught.value).count("\n") == 0


def test_no_file_is_one_sentence(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"^`source` must be a file, got '.*'\.$"
    ):
        from_table(tmp_path / "x.csv", modalities={"a": "a"})


def test_something_else_is_one_sentence():
    with pytest.raises(TypeError, match=r"^`source` must be a path .* got int\.$"):
        from_table(3, modalities={"a": "a"})


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
from refnet_viz.data import from_table
print(from_table("x.csv", modalities={"rna": "gene_*"}, id="cell").ids.tolist())
try:
    from_table("x.parquet", modalities={"rna": "gene_*"})
except ImportError as error:
    print(error)
"""


def test_without_pyarrow_csv_is_read_and_the_rest_says_what_to_install(tmp_path):
    FRAME.to_parquet(tmp_path / "x.parquet")
    FRAME.to_csv(tmp_path / "x.csv", index=False)
    out = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYARROW],
        cwd=tmp_path,
        timeout=600,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(rv.__file__).parents[1])},
    )
    ids, sentence = out.stdout.splitlines()
    assert ids == str(FRAME["cell"].tolist())
    assert sentence == (
        "`source` needs pyarrow to read parquet files: "
        'pip install "refnet_viz[parquet]" brings it.'
    )


@pytest.mark.torch
def test_a_table_trains_and_opens(tmp_path):
    rng = np.random.default_rng(0)
    kinds = rng.permutation(["cat", "dog"] * 30)
    frame = pd.DataFrame(
        {
            "caption": [f"a {kind} number {i % 7}" for i, kind in enumerate(kinds)],
            "a": rng.normal(size=60),
            "b": rng.normal(size=60),
            "kind": kinds,
        }
    )
    frame.to_csv(tmp_path / "x.csv", index=False)
    data = from_table(
        tmp_path / "x.csv",
        modalities={"text": words("caption"), "numbers": ["a", "b"]},
        labels="kind",
    )
    run = rv.fit(data, rv.Config(epochs=2, width=8))
    assert rv.embed(run, data.test).z.shape[0] == len(data.test)


def lengths(texts):
    """Return two numbers of each text."""
    return [[len(text), text.count("a")] for text in texts]


def test_an_encoder_sees_the_rows_that_have_a_text_and_is_named():
    frame = pd.DataFrame({"text": ["a cat", None, "dogs"], "a": [1, 2, 3]})
    spec = words("text", encoder=lengths)
    data = from_table(frame, modalities={"text": spec, "a": "a"})
    assert data.modalities["text"].values.tolist() == [[5, 2], [0, 0], [4, 0]]
    assert data.present[:, 0].tolist() == [True, False, True]
    assert data.info["encoders"]["text"]["name"] == "lengths"


@pytest.mark.parametrize("make", [pd.DataFrame, pa.table])
def test_columns_of_metadata_are_not_copied(make):
    columns = {f"m{i}": np.arange(6, dtype=float) + i for i in range(3)}
    source = make({"x": np.arange(6.0), **columns})
    data = from_table(source, modalities={"x": ["x"]})
    for name in columns:
        kept, given_ = data.metadata[name].to_numpy(), source[name].to_numpy()
        assert kept.tolist() == given_.tolist()
        # pandas 3 copies when something is written; before, a copy of its own is kept.
        assert np.shares_memory(kept, given_) == (Version(pd.__version__).major >= 3)
