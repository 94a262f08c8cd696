"""What comes in any order, of any type or number is shown, compared and kept."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from exploring import offered

import refnet_viz as rv
from refnet_viz import graph
from refnet_viz.data.gaps import is_missing
from refnet_viz.embedding import Embedding
from refnet_viz.graph import load_graph, save_graph
from refnet_viz.graph.pairs import shared
from refnet_viz.plot.scale import ticks
from refnet_viz.plot.text import middle

N = 24


def space(seed=0, **more):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(N, 4))
    parts = {"a": rng.normal(size=(N, 3)), "b": rng.normal(size=(N, 2))}
    given = {"labels": ["x", "y"] * (N // 2), "modalities": parts} | more
    return Embedding.from_arrays(z, ids=[f"r{i:02}" for i in range(N)], **given)


def turned(embedding, seed=1):
    return embedding.subset(np.random.default_rng(seed).permutation(len(embedding)))


PAIRS = {
    "overlap": graph.overlap,
    "jaccard": graph.jaccard,
    "rewiring": graph.rewiring,
    "rbo": graph.rbo,
    "shared": shared,
    "second_order_cosine": graph.second_order_cosine,
}


@pytest.mark.parametrize("measure", PAIRS.values(), ids=PAIRS)
def test_rows_in_another_order_change_no_pair_measure(measure):
    first, other = rv.knn(space(), 5), rv.knn(space(1), 5)
    expected = measure(first, other)
    np.testing.assert_allclose(measure(first, rv.knn(turned(space(1)), 5)), expected)
    np.testing.assert_allclose(measure(first, other.reordered(first.ids)), expected)


def test_an_embedding_is_as_itself_in_another_order():
    first, again = (rv.knn(e, 5) for e in (space(), turned(space())))
    assert graph.overlap(first, again) == 1
    back = again.reordered(first.ids)
    np.testing.assert_array_equal(back.indices, first.indices)
    np.testing.assert_array_equal(back.distances, first.distances)
    assert back.reordered(first.ids) is back


def test_rows_that_lack_a_space_stay_absent_when_they_move():
    present = np.ones((N, 2), dtype=bool)
    present[3, 0] = present[7, 0] = False
    own = rv.knn(space(present=present), 4, space="a")
    moved = rv.knn(turned(space(present=present)), 4, space="a").reordered(own.ids)
    np.testing.assert_array_equal(moved.indices, own.indices)
    assert (moved.indices[3] == -1).all()
    assert np.isinf(moved.distances[7]).all()


def test_comparisons_and_figures_do_not_depend_on_the_order():
    one, two = space(), space(1)
    straight = rv.knn({"plain": one, "other": two}, 5)
    crossed = rv.knn({"plain": one, "other": turned(two)}, 5)
    tables = [rv.compare(graphs, permutations=20) for graphs in (straight, crossed)]
    numbers = [table.select_dtypes("number").to_numpy() for table in tables]
    np.testing.assert_allclose(*numbers, equal_nan=True)
    pairs = [rv.graph.compare_pairs(g) for g in (straight, crossed)]
    np.testing.assert_allclose(pairs[0]["mean"], pairs[1]["mean"])
    kept = [
        rv.plot.rewiring(g, "plain", "other", layout="pca").layout.meta["kept"]
        for g in (straight, crossed)
    ]
    assert kept[0] == kept[1]
    meta = [
        rv.plot.overlaps({"a": one, "b": other}).layout.meta
        for other in (two, turned(two))
    ]
    assert meta[0]["alt"] == meta[1]["alt"]


def test_a_map_of_another_order_has_its_points_where_they_were():
    one, two = space(), space(1)
    maps = [rv.project({"a": one, "b": b}, "aligned") for b in (two, turned(two))]
    np.testing.assert_array_equal(maps[0]["b"].coordinates, maps[1]["b"].coordinates)
    mixed = turned(one)
    figure = rv.plot.latent({"a": one, "b": mixed}, layout=rv.project(one, "pca"))
    straight, crossed = (t for t in figure.data if t.mode == "markers" and len(t.x) > 1)
    places = dict(zip(straight.customdata, straight.x, strict=True))
    assert [places[i] for i in mixed.ids] == crossed.x.tolist()


@pytest.mark.parametrize(
    "verb",
    [
        lambda a, b: rv.compare(rv.knn({"a": a, "b": b}, 3)),
        lambda a, b: rv.graph.compare_pairs(rv.knn({"a": a, "b": b}, 3)),
        lambda a, b: rv.explore({"a": a, "b": b}),
        lambda a, b: rv.export_html({"a": a, "b": b}, "page.html"),
        lambda a, b: rv.report({"a": a, "b": b}, "page.html"),
        lambda a, b: rv.plot.overlaps({"a": a, "b": b}),
        lambda a, b: rv.plot.rewiring(rv.knn({"a": a, "b": b}, 3), "a", "b"),
        lambda a, b: rv.project({"a": a, "b": b}, "aligned"),
    ],
)
def test_other_ids_are_one_sentence_with_counts(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="must have the same ids as") as caught:
        verb(space(), space().subset(np.arange(N - 2)))
    assert f"got {N - 2} and {N} of which {N - 2} are the same" in str(caught.value)
    assert "'r22' is only in" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:A value is trying")
def test_eight_rows_need_no_k(tmp_path):
    few = space().subset(np.arange(8))
    assert rv.knn(few).k == 7
    assert rv.knn([few, space()])[1].k == 7
    assert rv.explore(few).k == 7
    rv.plot.latent(few)
    rv.compare({"few": rv.knn(few)})
    rv.graph.attribute(rv.knn(few))
    assert rv.export_html(few, tmp_path / "p.html").exists()
    assert rv.report(few, tmp_path / "r.html", progress=False).exists()
    for verb in (
        lambda: rv.knn(few, 15),
        lambda: rv.explore(few, k=15),
        lambda: rv.export_html(few, tmp_path / "q.html", k=15),
        lambda: rv.report(few, tmp_path / "q.html", k=15),
    ):
        with pytest.raises(ValueError, match=r"`k` must be between 1 and 7"):
            verb()


def test_the_default_k_counts_the_rows_that_have_the_space():
    present = np.ones((N, 2), dtype=bool)
    present[6:, 0] = False
    assert rv.knn(space(present=present), space="a").k == 5
    assert rv.knn(space(present=present)).k == 15


# What is known of a row, of every type


class Grade(Enum):
    LOW = 2
    HIGH = 1


def every_third(first, *more):
    """Return a column of objects in which the last of every four is missing."""
    column = np.empty(N, dtype=object)
    column[:] = [(first, *more, None)[row % (len(more) + 2)] for row in range(N)]
    return pd.Series(column, dtype=object)


def categories(values, names, **options):
    return pd.Categorical([*values] * (N // len(values)), names, **options)


DAY = dt.date(2024, 2, 29)
# Column: the words of its first entry, what colour is of it, its value in a graph.
COLUMNS = {
    "dates": (every_third(DAY, dt.date(1, 1, 1)), "2024-02-29", "scale", "2024-02-29"),
    "times": (
        pd.date_range("2024-01-31 23:00", periods=N, freq="h"),
        "2024-01-31 23:00:00",
        "scale",
        "2024-01-31T23:00:00",
    ),
    "times of a zone": (
        pd.date_range("2024-01-31", periods=N, freq="D", tz="Asia/Tokyo"),
        "2024-01-31 00:00:00+09:00",
        "scale",
        "2024-01-31T00:00:00+09:00",
    ),
    "times of day": (
        every_third(dt.time(9), dt.time(8)),
        "09:00:00",
        ["08:00:00", "09:00:00", "missing"],
        "09:00:00",
    ),
    "periods": (
        pd.period_range("2024-01", periods=N, freq="M"),
        "2024-01",
        "scale",
        "2024-01",
    ),
    "durations": (
        pd.to_timedelta(range(1, N + 1), unit="h"),
        "0 days 01:00:00",
        "scale",
        "0 days 01:00:00",
    ),
    "Python's durations": (
        every_third(dt.timedelta(minutes=1), dt.timedelta(2)),
        "0 days 00:01:00",
        "scale",
        "0 days 00:01:00",
    ),
    "bins": (
        pd.cut(np.arange(N), [-1, 9, 11, N]),
        "(-1, 9]",
        ["(-1, 9]", "(9, 11]", "(11, 24]"],
        "(-1, 9]",
    ),
    "decimals": (every_third(Decimal("0.10"), Decimal(9)), "0.10", "scale", 0.1),
    "UUIDs": (
        every_third(uuid.UUID(int=1), uuid.UUID(int=0)),
        str(uuid.UUID(int=1)),
        [str(uuid.UUID(int=0)), str(uuid.UUID(int=1)), "missing"],
        str(uuid.UUID(int=1)),
    ),
    "lists": (every_third(["a", "b"], []), "a, b", None, "a, b"),
    "dicts": (every_third({"box": [1, 2]}, {}), "box: 1, 2", None, "box: 1, 2"),
    "sets": (every_third({"b", "a"}), "a, b", None, "a, b"),
    "ordered categories": (
        categories(
            ["mid", "low", None, "high"], ["low", "mid", "never", "high"], ordered=True
        ),
        "mid",
        ["low", "mid", "high", "missing"],
        "mid",
    ),
    "numbers in an order": (
        categories([9, 10, None], [10, 9]),
        "9",
        ["10", "9", "missing"],
        9,
    ),
    "few whole numbers": (
        pd.array([10, 9, None] * 8, "Int64"),
        "10",
        ["9", "10", "missing"],
        10,
    ),
    "many whole numbers": (pd.array([*range(N - 1), None], "Int64"), "0", "scale", 0),
    "numbers with gaps": (pd.array([0.5, None] * 12, "Float64"), "0.5", "scale", 0.5),
    "bools": (
        pd.array([True, None, False] * 8, "boolean"),
        "True",
        ["False", "True", "missing"],
        True,
    ),
    "bytes": (
        every_third(b"ab", b"\xff\xfe"),
        "ab",
        ["2 bytes", "ab", "missing"],
        "ab",
    ),
    "natural order": (
        every_third("c 10", "c 9"),
        "c 10",
        ["c 9", "c 10", "missing"],
        "c 10",
    ),
}


def with_column(values):
    return space(metadata=pd.DataFrame({"column": values}))


@pytest.fixture(params=COLUMNS.values(), ids=COLUMNS)
def known(request):
    values, *expected = request.param
    return with_column(values), *expected


def test_the_explorer_tells_and_colours_by_every_type(known):
    own, words, color, _ = known
    view = rv.explore(own, k=3, layout="pca")
    view.select("r00")
    assert ("column", words) in [tuple(f[:2]) for f in view.screen.detail["facts"]]
    pd.testing.assert_series_equal(
        view.selected["column"], own.metadata["column"].iloc[:1], check_freq=False
    )
    assert ("column" in offered(view, "color")) == (color is not None)
    if color is not None:
        view.color = "column"
        scale, entries = view.screen.key["scale"], view.screen.key["entries"]
        assert (scale is not None) == (color == "scale")
        names = [middle(name, 32) for name in color]
        assert [entry["name"] for entry in entries] == names * (scale is None)
    view.close()


def test_a_page_and_a_figure_colour_by_every_type(known, tmp_path):
    own, words, color, _ = known
    page = rv.export_html(own, tmp_path / "page.html", k=3, layout="pca").read_text(
        "utf-8"
    )
    payload = re.search(r'<script[^>]* id="payload">(.*?)</script>', page, re.S)[1]
    data = json.loads(payload, parse_constant=pytest.fail)
    assert words in json.dumps(data, ensure_ascii=False)
    assert ("column" in [c["name"] for c in data["colors"]]) == (color is not None)
    if color is None:
        with pytest.raises(ValueError, match="got 'column' of lists, mappings"):
            rv.plot.latent(own, layout="pca", color="column")
        return
    figure = rv.plot.latent(own, layout="pca", color="column")
    legend = [trace.name for trace in figure.data if trace.name][1:]
    assert legend == ([] if color == "scale" else color)
    gaps = int(own.metadata["column"].isna().sum())
    title = figure.layout.coloraxis.colorbar.title.text
    more = f"<br>({gaps} missing, grey)" if gaps else ""
    assert title == (f"column{more}" if color == "scale" else None)


def test_every_type_is_kept_as_it_was(known, tmp_path):
    own = known[0]
    rv.save(own, tmp_path / "space")
    back = rv.load(tmp_path / "space").metadata["column"]
    assert back.dtype == own.metadata["column"].dtype
    for entry, saved in zip(own.metadata["column"], back, strict=True):
        assert type(entry) is type(saved)
        assert is_missing(entry) or entry == saved


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".json"])
def test_every_type_is_an_attribute_of_nodes(known, suffix, tmp_path):
    own, _, _, value = known
    path = save_graph(rv.knn(own, 3), tmp_path / f"graph{suffix}")
    nodes = load_graph(path).nodes
    assert nodes["r00"]["column"] == value
    assert type(nodes["r00"]["column"]) is type(value)
    gaps = [name for name, data in nodes.items() if "column" not in data]
    assert gaps == own.ids[own.metadata["column"].isna()].tolist()


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".json"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, "a", 2.5], ["1", "a", "2.5"]),
        ([True, 1, 0], ["True", "1", "0"]),
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([2**63, 0, None], [str(2**63), "0", None]),
        ([-(2**63), 0, None], [-(2**63), 0, None]),
        ([float("inf"), 0.5, None], ["inf", "0.5", None]),
        ([2**60 + 1, 0.5, None], [str(2**60 + 1), "0.5", None]),
        ([Fraction(1, 4), 2, None], [0.25, 2.0, None]),
        ([Grade.LOW, Grade.HIGH, None], ["LOW", "HIGH", None]),
    ],
)
def test_an_attribute_is_of_one_type(values, expected, suffix, tmp_path):
    own = with_column(pd.Series(values * (N // 3), dtype=object))
    path = save_graph(rv.knn(own, 3), tmp_path / f"graph{suffix}")
    if suffix == ".json":
        json.loads(path.read_text(), parse_constant=pytest.fail)
    nodes = load_graph(path).nodes
    told = [nodes[f"r{row:02}"].get("column") for row in range(3)]
    assert told == expected
    assert [type(one) for one in told] == [type(one) for one in expected]


def test_an_object_without_words_does_not_say_where_it_lies(tmp_path):
    own = with_column([object() for _ in range(N)])
    view = rv.explore(own, k=3, layout="pca")
    view.select("r00")
    assert ("column", "<object object>") in [
        tuple(fact[:2]) for fact in view.screen.detail["facts"]
    ]
    view.close()
    with pytest.warns(UserWarning, match="type object, which are saved as text"):
        rv.save(own, tmp_path / "space")
    assert set(rv.load(tmp_path / "space").metadata["column"]) == {"<object object>"}
    assert with_column(["mov at 0xFF"] * N).columns["column"][0] == "mov at 0xFF"


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        (pd.date_range("2020-01-01", periods=N, freq="YS"), "2020-01-01", "2040-01-01"),
        (pd.to_timedelta(range(N), unit="h"), "0 h", "20 h"),
        (pd.to_timedelta(range(N), unit="D"), "0 d", "20 d"),
        (every_third(dt.date(1, 1, 1), dt.date(801, 1, 1)), "0001-01-01", "0801-01-01"),
    ],
)
def test_a_scale_of_times_is_read_in_their_unit(values, first, last):
    bar = rv.plot.latent(with_column(values), layout="pca", color="column")
    texts = bar.layout.coloraxis.colorbar.ticktext
    assert (texts[0], texts[-1]) == (first, last)
    assert list(bar.layout.coloraxis.colorbar.tickvals) == sorted(
        bar.layout.coloraxis.colorbar.tickvals
    )


def test_a_scale_of_one_time_says_it_once():
    assert ticks("times", 0.0, 1.0) == (
        [0.0, 0.6],
        ["1970-01-01 00:00:00", "1970-01-01 00:00:01"],
    )


# The order of classes


def test_the_order_of_classes_is_that_of_their_owner():
    stage = ["mid", "low", "high"] * (N // 3)
    own = space(labels=pd.Categorical(stage, ["low", "mid", "never", "high"]))
    order = ["low", "mid", "high"]
    assert list(own.class_names) == order
    view = rv.explore(own, k=3, layout="pca")
    assert [entry["name"] for entry in view.screen.key["entries"]] == order
    view.close()
    legend = [trace.name for trace in rv.plot.latent(own, layout="pca").data]
    assert legend[-3:] == order
    adata = own.to_anndata()
    assert adata.obs["label"].cat.categories.tolist() == order
    assert adata.obs["label"].tolist() == stage


# Numbers as ids


@pytest.mark.parametrize("kind", [np.int64, str])
def test_a_number_is_a_position_and_a_text_an_id_in_every_verb(kind):
    ids = np.arange(N)[::-1].astype(kind)
    own = Embedding.from_arrays(np.eye(N), ids=ids)
    view = rv.explore(own, k=3, layout="pca")
    for choice, expected in (
        (3, "20"),
        ([3], "20"),
        (np.array([3]), "20"),
        ("3", "3"),
        (["3"], "3"),
    ):
        view.select(choice)
        assert view.selected["id"].tolist() == [expected]
        assert own.subset(np.atleast_1d(choice)).ids.tolist() == [expected]
    with pytest.raises(ValueError, match="got 100"):
        view.select([100])
    with pytest.raises(ValueError, match="got '100'"):
        view.select(["100"])
    view.close()
