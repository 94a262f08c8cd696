"""Tables as files: formulas escaped on request, no half characters."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz.share.save import save, without_formulas

TEXTS = ["=1+2", "+3", "-4", "@SUM(A1)", "\t=1", "\r=1", "a=1", "", "＝1", "'x"]
SPACE = rv.Embedding.from_arrays(np.eye(4))


def read(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))


def test_text_that_a_spreadsheet_computes_is_escaped_on_request(tmp_path):
    frame = pd.DataFrame({"=n": TEXTS, "size": -np.arange(10.0)}, index=TEXTS)
    frame.index.name = "@id"
    before = frame.copy()
    plain = read(rv.save(frame, tmp_path / "a.csv"))
    assert plain[0] == ["@id", "=n", "size"]
    assert [row[1] for row in plain[1:]] == TEXTS
    safe = read(rv.save(frame, tmp_path / "a.csv", safe=True))
    assert safe[0] == ["'@id", "'=n", "size"]
    dangerous = ["=1+2", "+3", "-4", "@SUM(A1)", "\t=1", "\r=1", "＝1"]
    expected = [f"'{text}" if text in dangerous else text for text in TEXTS]
    assert [row[0] for row in safe[1:]] == [row[1] for row in safe[1:]] == expected
    assert [row[2] for row in safe[1:]] == [row[2] for row in plain[1:]]
    pd.testing.assert_frame_equal(frame, before)


@given(st.lists(st.text("=+-@\t\r\n\",;a1'", max_size=4), min_size=1, max_size=5))
def test_no_cell_begins_a_formula(texts):
    table = without_formulas(
        pd.DataFrame({"a": pd.Series(texts, dtype="category"), "b": texts})
    )
    for column in ("a", "b"):
        for old, new in zip(texts, table[column], strict=True):
            assert new[:1] not in tuple("=+-@\t\r\n")
            assert new in (old, f"'{old}")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("where", ["cell", "column", "index"])
def test_half_a_character_is_refused_with_its_row(suffix, where, tmp_path):
    cells = ["a", "b\ud800" if where == "cell" else "b"]
    frame = pd.DataFrame({"n\udfff" if where == "column" else "n": cells})
    if where == "index":
        frame.index = ["x", "\udc00"]
    with pytest.raises(ValueError, match="`thing`") as caught:
        rv.save(frame, tmp_path / f"a{suffix}")
    place = {
        "cell": "entry 1 of column 'n': 'b\\ud800'",
        "column": "entry 0 of the names of columns: 'n\\udfff'",
        "index": "entry 1 of the index: '\\udc00'",
    }[where]
    assert str(caught.value) == (
        f"`thing` must hold whole characters, got a lone surrogate in {place}."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.parquet", "a.graphml", "folder", "a.svg"])
def test_safe_is_not_ignored(name, tmp_path):
    things = {"a.parquet": pd.DataFrame(), "a.graphml": rv.knn(SPACE, 2)}
    with pytest.raises(ValueError, match="`safe`") as caught:
        rv.save(things.get(name, SPACE), tmp_path / name, safe=True)
    assert str(caught.value) == (
        f"`safe` must be False for all but a table as '.csv', got True for {name!r}."
    )


@pytest.mark.parametrize(
    "setting", [{"width": 3}, {"height": 3}, {"scale": 3}, {"plotlyjs": "directory"}]
)
def test_settings_of_figures_say_nothing_of_tables(tmp_path, setting):
    with pytest.raises(ValueError, match="for all but a figure") as error:
        save(pd.DataFrame({"a": [1]}), tmp_path / "t.csv", **setting)
    assert str(error.value).startswith(f"`{next(iter(setting))}` must be")


def test_the_size_of_a_picture_is_looked_at_before_it_is_drawn(tmp_path, monkeypatch):
    space = rv.Embedding.from_arrays([[0.0], [1.0], [3.0]])
    drawn = rv.plot.latent(space, layout="pca")
    with pytest.raises(ValueError, match="at most 65,535 pixels a side, got 20 for"):
        save(drawn, tmp_path / "f.png", width=20_000, height=20_000, scale=20)
    monkeypatch.setattr("refnet_viz._memory.available", lambda: 2.0**20)
    with pytest.raises(MemoryError, match="`scale` must fit into memory: a picture of"):
        save(drawn, tmp_path / "f.png", width=900, height=900)
    assert list(tmp_path.iterdir()) == []
