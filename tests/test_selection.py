"""Selections, tags and filters of the explorer, against sets and simulations."""

import numpy as np
import pandas as pd
import pytest
from exploring import (
    N,
    at,
    chosen,
    colored,
    do,
    embedding,
    graph,
    ids,
    key,
    lasso,
    said,
    two_variants,
)
from hypothesis import given
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz.data import Dataset
from refnet_viz.explorer.filters import BINS, MOST_BARS, Filter
from refnet_viz.explorer.selection import combined, inverted, over_represented
from refnet_viz.explorer.tags import Tags

ROWS = st.sets(st.integers(0, 9)).map(lambda rows: np.array(sorted(rows), np.intp))


@pytest.fixture
def spaces():
    return two_variants()


@pytest.fixture
def view(spaces):
    return rv.explore(spaces, k=3, layout="pca")


# Sets


@given(ROWS, ROWS)
def test_selections_are_combined_as_sets(rows, others):
    before, meant = set(rows.tolist()), set(others.tolist())
    expected = {
        "alone": meant,
        "add": before | meant,
        "remove": before - meant,
        "intersect": before & meant,
    }
    for how, members in expected.items():
        assert combined(rows, others, how).tolist() == sorted(members)
    assert set(inverted(rows, 10).tolist()) == set(range(10)) - before


def test_select_combines(view):
    view.select(["p1", "p2"])
    view.select(["p2", "p3"], how="add")
    assert ids(view) == ["p1", "p2", "p3"]
    view.select(["p3", "p4"], how="intersect")
    assert ids(view) == ["p3"]
    view.select(["p3"], how="remove")
    assert ids(view) == []
    with pytest.raises(ValueError, match="how") as error:
        view.select(["p3"], how="xor")
    assert str(error.value) == (
        "`how` must be one of 'alone', 'add', 'remove', 'intersect', got 'xor'."
    )


def test_invert_and_grow(view, spaces):
    view.select(["p1"])
    view.grow()
    nearest = graph(spaces, "plain").indices[1]
    expected = sorted({1, *nearest.tolist()})
    assert ids(view) == [f"p{row}" for row in expected]
    view.invert()
    assert ids(view) == [f"p{row}" for row in range(N) if row not in expected]
    view.undo()
    view.undo()
    assert ids(view) == ["p1"]


def test_growing_leaves_out_what_is_missing():
    gone = np.ones((6, 2), bool)
    gone[4, 0] = False
    values = np.arange(6.0)[:, None]
    own = rv.Embedding.from_arrays(
        values, modalities={"a": values, "b": values}, present=gone
    )
    view = rv.explore(own, k=3, layout="pca", space="a")
    view.select(["3", "4"])
    view.grow()
    assert ids(view) == ["0", "1", "2", "3", "4", "5"][1:]


def test_a_lasso_and_a_class_obey_how(view):
    lasso(view, [0, 1, 2, 3])
    lasso(view, [2, 3, 4], extend="remove")
    assert ids(view) == ["p0", "p1"]
    lasso(view, [1, 5], extend="add")
    assert ids(view) == ["p0", "p1", "p5"]
    do(view, "class", [0], "intersect")
    assert ids(view) == ["p0"]
    lasso(view, [7], extend=False)
    assert ids(view) == ["p7"]


# Beside chance


def test_what_a_selection_has_more_of_is_told(view):
    do(view, "class", [0], "alone")
    assert view.screen.picks["over"] == [
        "3.0 times as many “ant” as expected (8; by chance 0.0 to 1.9 times)"
    ]
    view.select([f"p{row}" for row in range(9)])
    assert view.screen.picks["over"] == []
    assert view.screen.picks["none"] == "no label is more frequent than by chance"
    view.select(range(N))  # all there are: nothing is more frequent
    assert view.screen.picks["none"] == ""


def test_bounds_are_those_of_random_selections():
    """At most 5 of 100 random selections have any category outside."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(5), [400, 100, 50, 30, 20])
    names = list("abcde")
    wrong = sum(
        bool(
            over_represented(codes, names, np.sort(rng.choice(600, 60, replace=False)))
        )
        for _ in range(2_000)
    )
    assert wrong / 2_000 < 0.05
    (over,) = over_represented(codes, names, np.arange(580, 600))
    assert (over.name, over.selected, over.ratio) == ("e", 20, pytest.approx(30))


# Tags


def test_tags_are_a_column(view):
    assert view.tags.shape == (N, 0)
    view.select(["p1", "p4"])
    view.tag("odd one")
    view.tag("other", ["p2"])
    view.tag(" odd  one ", [7], column="second")
    tags = view.tags
    assert list(tags.columns) == ["tag", "second"]
    assert tags["tag"].dropna().to_dict() == {
        "p1": "odd one",
        "p4": "odd one",
        "p2": "other",
    }
    assert tags["second"].dropna().to_dict() == {"p7": "odd one"}
    assert view.selected["tag"].tolist() == ["odd one"] * 2
    view.tag("", ["p1"])
    assert view.tags["tag"].dropna().to_dict() == {"p4": "odd one", "p2": "other"}


def test_tags_are_undone_and_redone_with_the_rest(view):
    view.tag("one", ["p1"])
    view.color = "tag"
    view.tag("two", ["p1", "p2"])
    assert key(view) == ["two", "no tag"]
    view.undo()
    assert key(view) == ["one", "no tag"]
    view.undo()
    assert view.color == "label"
    view.undo()
    assert view.tags.shape == (N, 0)
    with pytest.raises(ValueError, match="`color` must be one of"):
        view.color = "tag"


def test_colours_of_tags_are_those_of_classes_of_their_name(view):
    cats = {entry["name"]: entry["color"] for entry in view.screen.key["entries"]}
    view.tag("mine", ["p0"])
    view.tag("cat", ["p5", "p6"])
    view.color = "tag"
    shown = {entry["name"]: entry for entry in view.screen.key["entries"]}
    assert shown["cat"]["color"] == cats["cat"]
    assert shown["mine"]["color"] not in cats.values()
    assert shown["no tag"]["symbol"] == "circle-open"
    assert [shown[name]["count"] for name in ("mine", "cat", "no tag")] == [1, 2, N - 3]
    assert colored(view)[5:7] == colored(view, 1)[5:7] == ["cat"] * 2
    do(view, "class", shown["cat"]["codes"], "alone")
    assert chosen(view) == ["p5", "p6"]


def test_the_page_tags_the_selection(view):
    view.select(["p3"])
    do(view, "tag", "mine", "")
    do(view, "tag", "yours", "second")
    assert view.tags.loc["p3"].to_dict() == {"tag": "mine", "second": "yours"}
    assert view.screen.picks["columns"] == {"tag": ["mine"], "second": ["yours"]}
    do(view, "tag", "mine", "label")
    assert said(view) == "`column` must be no name of another colour, got 'label'."
    do(view, "clear")
    do(view, "tag", "mine", "")
    assert said(view) == "`ids` must hold a point to be tagged, got none."


@pytest.mark.parametrize(
    ("words", "error", "sentence"),
    [
        ((1, ["p1"]), TypeError, "`word` must be a text, got int."),
        (("a", ["q"]), ValueError, "`ids` must hold known ids, got 'q'."),
        (("a", []), ValueError, "`ids` must hold a point to be tagged, got none."),
    ],
)
def test_bad_tags_are_refused(view, words, error, sentence):
    with pytest.raises(error) as caught:
        view.tag(*words)
    assert str(caught.value) == sentence
    for column, words in ((3, "a text, got int"), (" ", "a name, got an empty one")):
        with pytest.raises((TypeError, ValueError)) as caught:
            view.tag("a", ["p1"], column=column)
        assert str(caught.value) == f"`column` must be {words}."


@pytest.mark.parametrize("column", ["id", "text", "in_degree", "correct "])
def test_tags_replace_no_column_of_the_table(view, column):
    before = view.search("ant")
    with pytest.raises(ValueError, match=r"must be no name of another co") as caught:
        view.tag("x", ["p1"], column=column)
    assert repr(column.strip()) in str(caught.value)
    pd.testing.assert_frame_equal(view.selected, before)


def test_code_and_snapshot_have_the_tags(view, spaces, tmp_path):
    view.tag("one", ["p1", "p4"])
    view.tag("two", ["p2"], column="second")
    view.color = "tag"
    assert view.code().endswith(
        ")\n"
        'view.tag("one", ["p1", "p4"])\n'
        'view.tag("two", ["p2"], column="second")\n'
        'view.color = "tag"'
    )
    names = {"rv": rv, "spaces": spaces}
    exec(view.code(), names)
    again = names["view"]
    pd.testing.assert_frame_equal(again.tags, view.tags)
    assert again.screen.colors == view.screen.colors
    path = rv.save(view.snapshot(), tmp_path / "maps.svg")
    replayed = rv.replay(path.with_suffix(".manifest.json"), spaces)
    assert replayed.to_json() == view.snapshot().to_json()
    assert at(again, spaces, "plain")


def test_tags_stay_when_a_variant_joins(view, spaces):
    view.tag("one", ["p1"])
    view.color = "tag"
    view.variants = ("both",)
    assert key(view) == ["one", "no tag"]
    assert view.tags["tag"].count() == 1


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ""]), ROWS), max_size=6))
def test_tags_are_the_last_word(steps):
    tags, expected = Tags(), [None] * 10
    for word, rows in steps:
        tags = tags.put("tag", word, rows, count=10)
        for row in rows:
            expected[row] = word or None
    frame = tags.frame([str(i) for i in range(10)])
    assert (frame["tag"].tolist() if len(frame.columns) else [None] * 10) == expected


# Filters


def test_bins_hold_every_value():
    rng = np.random.default_rng(0)
    values = rng.normal(size=200)
    values[:5] = np.nan
    one = Filter.of("x", values)
    expected, edges = np.histogram(values[5:], BINS)
    assert one.counts.tolist() == expected.tolist()
    assert one.content(np.empty(0, np.intp))["note"] == "5 missing"
    inside = (values >= edges[3]) & (values < edges[6])
    assert one.rows(3, 5).tolist() == np.flatnonzero(inside).tolist()


def test_rare_categories_are_one_bar():
    names = [str(i) for i in range(14) for _ in range(15 - i)]
    one = Filter.of("many", names)
    assert len(one.texts) == MOST_BARS
    assert one.texts[-1] == "5 others"
    assert one.counts[-1] == 6 + 5 + 4 + 3 + 2
    assert {names[row] for row in one.rows(9, 9)} == {"9", "10", "11", "12", "13"}


@pytest.mark.parametrize(
    "values", [["a", "b", "c"], ["a"] * 3, [1.5] * 3, [np.nan] * 3, [[1], [2], [3]]]
)
def test_what_says_nothing_is_no_filter(values):
    assert Filter.of("x", values) is None


def test_dates_are_a_scale():
    days = pd.date_range("2024-01-01", periods=49)
    one = Filter.of("day", days)
    assert one.is_scale
    assert one.texts[0] == "2024-01-01 to 2024-01-03"


def test_filters_are_computed_when_they_are_open(view):
    assert view.screen.filters["each"] == []
    view.select(["p0", "p1"])
    do(view, "filters", True)
    by_name = {one["name"]: one for one in view.screen.filters["each"]}
    assert list(by_name) == [
        "label",
        "prediction",
        "correct",
        "purity",
        "in-degree",
        "kind",
        "size",
    ]
    assert by_name["kind"]["chosen"] == [1, 1]
    assert sum(by_name["size"]["counts"]) == N
    view.variant = "both"
    assert "rewiring" in [one["name"] for one in view.screen.filters["each"]]
    do(view, "filters", False)
    assert view.screen.filters["each"] == []


def test_ranges_select(view):
    do(view, "filters", True)
    do(view, "range", "size", 0, 5, "alone")
    expected = [f"p{row}" for row in range(N) if row / (N - 1) < 6 / BINS]
    assert ids(view) == expected
    do(view, "range", "kind", 0, 0, "intersect")
    assert ids(view) == expected[::2]
    do(view, "range", "kind", 0, 0, "add")
    assert len(ids(view)) == N // 2
    do(view, "range", "kind", 0, 0, "alone")  # again, which clears
    assert ids(view) == []


def test_points_without_labels_have_filters():
    own = embedding(
        "plain", 0, labels=np.array([-1, *[0, 1, 2] * 7, 0, 1]), unlabelled=-1
    )
    view = rv.explore(own, k=3, layout="pca")
    do(view, "filters", True)
    by_name = {one["name"]: one for one in view.screen.filters["each"]}
    assert by_name["label"]["note"] == "1 missing"


@pytest.mark.parametrize(
    ("labels", "error", "sentence"),
    [
        (["a"] * 9, TypeError, "`labels` must be a Series indexed by ids, got list."),
        (
            pd.Series(["a", "b"], index=["r0", "r0"]),
            ValueError,
            "`labels` must be unique, got 'r0' more than once.",
        ),
        (
            pd.Series(["a", "b"], index=["r0", "z"]),
            ValueError,
            "`labels` must hold known ids, got 'z'.",
        ),
        (
            pd.Series(["a"], index=pd.MultiIndex.from_tuples([("r0", 1)])),
            ValueError,
            "`labels` must have an index of one level, the ids, got 2 levels.",
        ),
        (
            pd.Series(["a", None], index=["r0", "r1"]),
            ValueError,
            "`labels` must hold two different labels or more, got ['a'].",
        ),
    ],
)
def test_bad_labels_are_refused(labels, error, sentence):
    data = Dataset.from_arrays({"a": np.eye(9)}, ids=[f"r{i}" for i in range(9)])
    with pytest.raises(error) as caught:
        data.with_labels(labels)
    assert str(caught.value) == sentence
