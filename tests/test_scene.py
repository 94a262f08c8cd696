"""What the maps of the explorer are sent, against values computed another way."""

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from exploring import (
    N,
    Wire,
    around,
    chosen,
    codes,
    colored,
    do,
    edges,
    embedding,
    ends,
    facts,
    flat,
    floats,
    graph,
    key,
    lasso,
    lines,
    names,
    notes,
    pairs,
    values,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.path import Path as Polygon

import refnet_viz as rv
from refnet_viz.explorer import legend, wire
from refnet_viz.explorer import view as view_module
from refnet_viz.explorer.view import inside
from refnet_viz.graph import knn, rewiring
from refnet_viz.graph.attribution import attribute
from refnet_viz.plot.ink import class_style, faded
from refnet_viz.responsibility import scores_by_point

# Colours and the legend


def test_color_by_a_category(view):
    view.color = "kind"
    assert key(view) == ["x", "y"]
    assert colored(view) == colored(view, 1) == ["x", "y"] * (N // 2)
    styles = view.screen.colors["styles"]
    told = [[entry["color"], entry["symbol"]] for entry in view.screen.key["entries"]]
    assert told == [styles[0], styles[1]]
    assert styles[0][0] != styles[1][0]
    assert view.screen.key["title"] == "kind"
    assert view.screen.key["scale"] is view.screen.colors["scale"] is None


def test_color_by_a_number(view, spaces):
    view.color = "rewiring"
    expected = rewiring(graph(spaces, "plain"), graph(spaces, "both"))
    np.testing.assert_allclose(values(view, 1), expected, rtol=1e-6)
    np.testing.assert_array_equal(values(view), np.zeros(N))  # the baseline itself
    scale = view.screen.colors["scale"]
    assert (scale["low"], scale["high"]) == (0, expected.max())  # of both maps
    assert len(scale["colors"]) == 64
    assert view.screen.key["scale"]["highText"] == f"{expected.max():.3g}"
    assert view.screen.key["title"] == "rewiring from plain"
    assert key(view) == []
    view.color = "correct"
    assert view.screen.colors["scale"] is None
    assert key(view) == ["right", "wrong"]
    assert colored(view) == ["wrong"] + ["right"] * (N - 1)


@pytest.mark.parametrize("color", ["purity", "in-degree", "size", "confidence"])
def test_other_numbers(spaces, color):
    scores = np.random.default_rng(0).dirichlet(np.ones(3), size=N)
    own = rv.Embedding(**{**vars(spaces["plain"][0]), "scores": scores})
    g = knn(own, 3)
    expected = {
        "purity": (g.labels[g.indices] == g.labels[:, None]).mean(axis=1),
        "in-degree": np.bincount(g.indices.ravel(), minlength=N),
        "size": np.linspace(0, 1, N),
        "confidence": scores.max(axis=1),
    }
    view = rv.explore(own, k=3, layout="pca", color=color)
    np.testing.assert_allclose(values(view), expected[color], rtol=1e-6)


def test_equal_numbers_have_a_scale():
    flat_ = embedding("a", 0, metadata=pd.DataFrame({"same": np.full(N, 2.0)}))
    view = rv.explore(flat_, k=3, layout="pca", color="same")
    scale = view.screen.colors["scale"]
    assert (scale["low"], scale["high"]) == (2, 3)


def test_missing_numbers_are_grey():
    holes = np.linspace(0, 1, N)
    holes[3] = np.nan
    one = embedding("a", 0, metadata=pd.DataFrame({"holes": holes}))
    view = rv.explore(one, k=3, layout="pca", color="holes")
    np.testing.assert_array_equal(values(view), holes.astype(np.float32))
    assert view.screen.colors["scale"]["low"] == 0
    json.dumps(view.screen.key)  # no NaN where a page reads JSON


def test_a_long_legend_is_cut_in_words():
    kinds = pd.DataFrame(
        {"many": [f"a rather long name of the kind {i:02}" for i in range(N)]}
    )
    view = rv.explore(
        embedding("a", 0, metadata=kinds), k=3, layout="pca", color="many"
    )
    assert len(set(key(view))) == 24  # the ends that differ are kept
    assert all(len(name) == legend.LONGEST_NAME for name in key(view))
    full = [entry["full"] for entry in view.screen.key["entries"]]
    assert full == [f"a rather long name of the kind {i:02}" for i in range(N)]


def test_rare_classes_are_one_entry():
    names = [str(i) for i in range(14) for _ in range(15 - i)]
    rng = np.random.default_rng(0)
    own = rv.Embedding.from_arrays(
        rng.normal(size=(len(names), 2)), metadata=pd.DataFrame({"many": names[::-1]})
    )
    view = rv.explore(own, k=3, layout="pca", color="many")
    shown = view.screen.key
    assert shown["listed"] == legend.LISTED == 12
    counts = [entry["count"] for entry in shown["entries"]]
    assert counts == list(range(15, 1, -1))  # the most frequent first
    assert key(view)[:2] == ["0", "1"]
    other = shown["other"]
    assert (other["name"], other["count"], other["on"]) == ("2 others", 3 + 2, "none")
    do(view, "class", other["codes"], "alone")
    assert set(view.selected["many"]) == {"12", "13"}
    assert view.screen.key["other"]["on"] == "all"
    styles = view.screen.colors["styles"]
    for mode in ("light", "dark"):
        told = {(getattr(c, "get", lambda _, c=c: c)(mode), s) for c, s in styles}
        assert len(told) == 14


def test_more_than_two_hundred_classes_have_room():
    labels = np.arange(300)
    own = rv.Embedding.from_arrays(
        np.random.default_rng(0).normal(size=(300, 2)), labels=labels
    )
    view = rv.explore(own, k=3, layout="pca")
    assert codes(view).max() == 299


def test_color_by_responsibility(refined):
    view = rv.explore(refined, k=3, layout="pca", color="responsibility: text")
    worse = 0
    for panel, name in enumerate(refined):
        expected = scores_by_point(refined[name][0])["text"].to_numpy()
        np.testing.assert_allclose(
            values(view, panel), np.maximum(expected, -1), rtol=1e-6
        )
        worse += np.sum(expected < -1)
    assert worse
    assert view.screen.colors["scale"]["low"] == -1
    assert view.screen.key["title"] == (
        "responsibility: text (1 is best, 0 the mean predictor; "
        f"{worse} below -1 as -1)"
    )


def test_responsibility_in_table_and_pane(refined):
    view = rv.explore(refined, k=3, layout="pca")
    view.select(["p2"])
    expected = scores_by_point(refined["plain"][0])
    columns = ["responsibility: image", "responsibility: text"]
    assert view.selected.columns.tolist()[7:10] == ["in_degree", *columns]
    for name, column in zip(["image", "text"], columns, strict=True):
        assert view.selected[column].tolist() == [expected[name][2]]
        mean = expected[name].mean()
        assert facts(view)[column] == (
            f"{expected[name][2]:.2f} (null 0, all {mean:.2f})"
        )


def test_responsibility_of_a_missing_modality(refined):
    own = refined["plain"][0]
    present = own.present.copy()
    present[2, 1] = False
    view = rv.explore(
        rv.Embedding(**{**vars(own), "present": present}), k=3, layout="pca"
    )
    view.select(["p2"])
    assert "responsibility: text" not in facts(view)
    assert facts(view)["has no"] == "text"
    view.color = "responsibility: text"
    assert np.isnan(values(view)).tolist() == (~present[:, 1]).tolist()


def test_rows_that_were_trained_on_have_no_responsibility(refined):
    seen = np.arange(N) > 0
    runs = [rv.Embedding(**{**vars(refined["plain"][0]), "held_out": seen})]
    view = rv.explore({"plain": runs, "both": refined["both"]}, k=3, layout="pca")
    with pytest.raises(ValueError, match="color") as error:
        view.color = "responsibility: text"
    assert str(error.value) == (
        "`color` must be one of 'label', 'prediction', 'correct', 'purity', "
        "'rewiring', 'in-degree', 'kind', 'size', got 'responsibility: text'."
    )
    view.select(["p1"])
    assert not [c for c in view.selected.columns if "responsibility" in c]
    view.variant = "both"
    assert "responsibility: text" in view.selected.columns


# Edges


@pytest.mark.parametrize(
    ("kind", "dash"), [("all", []), ("kept", []), ("gained", [5, 3]), ("lost", [2, 3])]
)
def test_kinds_of_edges_look_different(view, kind, dash):
    view.edges = kind
    (group,) = view.screen.edges["panels"][1]
    assert group["dash"] == dash
    assert group["width"] > 0


def test_edges_by_modality(view, spaces):
    view.edges = "by modality"
    for panel, variant in enumerate(view.variants):
        g = graph(spaces, variant)
        whole = attribute(g)
        source, target, _ = g.edges()
        against = whole.contradicted.any(axis=1)
        assert against.any()
        drawn = lines(view, panel)
        of = {
            name: faded(class_style(i, "light")[0], 0.85)
            for i, name in enumerate(["all", "only image", "only text"])
        }
        (of["emergent"],) = {color for color, _ in drawn} - set(of.values())
        for name, color in of.items():
            for dashed in (False, True):
                rows = (whole.pattern == name) & (against == dashed)
                expected = pairs(np.column_stack([source[rows], target[rows]]))
                assert drawn.get((color, dashed), set()) == expected
        assert edges(view, panel) == ends(g)
        assert notes(view, panel).endswith(
            f"\n{len(source)} edges, dashed where a modality contradicts them"
        )


def test_edges_by_modality_are_explained(view, spaces):
    view.edges = "by modality"
    table = attribute(graph(spaces, "plain")).patterns.set_index("pattern")
    told = {
        f"{name} {row.share:.1%} (chance {row.chance:.1%})"
        for name, row in table.iterrows()
    }
    assert {line["name"] for line in view.screen.key["lines"]} == told
    assert view.screen.key["linesTitle"] == "edges by modality"
    assert "whose own graphs have them" in view.screen.terms["by modality"]
    do(view, "focus", 1)  # shares are those of the map in focus
    assert {line["name"] for line in view.screen.key["lines"]} != told
    view.edges = "all"  # what lines to neighbours mean is said instead
    lines_of = {line["name"]: line["dash"] for line in view.screen.key["lines"]}
    assert lines_of == {
        "kept": [],
        "lost since plain": [2, 3],
        "gained since plain": [5, 3],
    }
    view.variants = ("plain",)
    assert [line["name"] for line in view.screen.key["lines"]] == ["the nearest"]


def test_edges_by_modality_follow(view, spaces, monkeypatch):
    view.edges = "by modality"
    everything = edges(view)
    view.select(["p1"])
    assert edges(view) == {pair for pair in everything if "p1" in pair}
    view.select(None)
    view.k = 5
    assert edges(view) == ends(graph(spaces, "plain", k=5))
    view.space, view.weights = "sum", {"image": 0, "text": 1}
    assert edges(view) == ends(graph(spaces, "plain", k=5, space="text"))
    told = [line["name"] for line in view.screen.key["lines"]]
    none = {n.split(" 0.0% (chance ")[0] for n in told if " 0.0% (chance" in n}
    assert none == {"emergent", "only image"}
    monkeypatch.setattr(view_module, "MOST_EDGES", 14)
    view.k = 4
    assert len(edges(view)) == 7
    assert "\n7 of " in notes(view)
    assert "edges drawn, dashed" in notes(view)


def test_the_cap_on_edges_is_said(view, monkeypatch):
    monkeypatch.setattr(view_module, "MOST_EDGES", 14)
    view.edges = "all"
    assert len(edges(view)) == len(edges(view, 1)) == 7  # on all maps together
    assert "\n7 of " in notes(view)
    assert notes(view).endswith(" edges drawn")


def test_many_modalities_share_eight_colours():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(30, 4))
    parts = {name: z + rng.normal(size=z.shape) for name in "abcd"}
    own = rv.Embedding.from_arrays(z, modalities=parts)
    view = rv.explore(own, k=5, layout="pca")
    view.edges = "by modality"
    assert len({color for color, _ in lines(view)}) <= 9
    told = [line["name"] for line in view.screen.key["lines"]]
    assert any(name.startswith("8 other sets ") for name in told)


# Many points


@pytest.fixture
def sampled(spaces, monkeypatch):
    monkeypatch.setattr(view_module, "MOST_POINTS", 10)
    made = rv.explore(spaces, k=3, layout="pca")
    yield made
    made.close()


def test_a_sample_is_drawn_and_said(sampled, spaces):
    assert len(names(sampled)) == 10
    assert names(sampled) != [f"p{i}" for i in range(10)]
    rows = [int(name[1:]) for name in names(sampled)]
    whole = rv.project(spaces["plain"][0], "pca").coordinates
    np.testing.assert_array_equal(flat(sampled), whole[rows])
    assert notes(sampled).endswith(
        "\n10 of 24 points drawn; lasso and numbers take all"
    )
    assert colored(sampled) == [["ant", "bee", "cat"][row % 3] for row in rows]
    sampled.color = "size"
    np.testing.assert_allclose(values(sampled), np.linspace(0, 1, N)[rows], rtol=1e-6)


def test_a_lasso_takes_what_is_not_drawn(sampled, spaces):
    rows = [0, 1, 2, 3, 4, 5]
    whole = rv.project(spaces["plain"][0], "pca").coordinates
    do(sampled, "lasso", 0, *around(whole, rows), False)
    assert sampled.selected["id"].tolist() == [f"p{i}" for i in rows]
    drawn = set(names(sampled))
    assert set(chosen(sampled)) == {f"p{i}" for i in rows} & drawn
    left_out = sorted({f"p{i}" for i in range(N)} - drawn)
    sampled.select(left_out[:1])  # all that is drawn is context then
    assert chosen(sampled) == []


def test_numbers_and_search_take_all(sampled, spaces, monkeypatch):
    told = sampled.screen.strip
    monkeypatch.undo()
    assert told == rv.explore(spaces, k=3, layout="pca").screen.strip
    sampled.search("cat")
    assert len(sampled.selected) == N // 3


def test_a_drawn_row_is_not_a_row(sampled):
    do(sampled, "click", 0, 3, False)
    assert sampled.selected["id"].tolist() == [names(sampled)[3]]
    do(sampled, "hover", 0, 4)
    assert sampled.screen.detail["title"] == f"{names(sampled)[4]} in plain"


def test_edges_between_drawn_points_only(sampled, spaces):
    sampled.edges = "all"
    drawn = set(names(sampled))
    every = ends(graph(spaces, "plain"))
    assert edges(sampled) == {pair for pair in every if set(pair) <= drawn}
    assert f"{len(edges(sampled))} of {len(every)} edges drawn" in notes(sampled)


# Messages


MAPS = ("chosen", "colors", "edges", "key", "near", "places", "texts", "words")


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        ({"color": "kind"}, ["colors", "key", "texts", "words"]),
        ({"names": "never"}, ["words"]),
        ({"edges": "all"}, ["edges", "texts"]),
        ({"edges": "by modality"}, ["edges", "key", "texts"]),
        ({"space": "image"}, ["near", "places", "texts"]),
        ({"variants": ("both",)}, ["colors", "edges", "near", "places", "texts"]),
        ({"k": 4}, ["edges"]),
        ({"baseline": "both"}, ["key", "near"]),
        ({"layout": "umap"}, ["places", "texts"]),
    ],
)
def test_one_message_a_redraw_and_nothing_twice(view, monkeypatch, change, sent):
    wire = Wire(monkeypatch)
    for name, value in change.items():
        setattr(view, name, value)
    messages = wire.to(view.screen)
    assert len(messages) <= 1
    assert [name for each in messages for name in each if name in MAPS] == sent
    traits = [name for names in messages for name in names]
    assert len(traits) == len(set(traits)), messages


def test_a_selection_is_one_message(view, monkeypatch):
    view.edges = "all"
    wire = Wire(monkeypatch)
    lasso(view, [1, 2])
    assert wire.to(view.screen) == [
        ["chosen", "detail", "edges", "key", "picks", "settings", "strip", "texts"]
    ]
    wire.sent.clear()
    lasso(view, [2, 1])
    assert wire.sent == []


def test_pointing_sends_the_pane_alone(view, monkeypatch):
    wire = Wire(monkeypatch)
    do(view, "hover", 0, 3)
    assert wire.to(view.screen) == [["detail"]]
    do(view, "hover", 0, 3)
    assert len(wire.sent) == 1


def test_undo_is_one_message(view, monkeypatch):
    view.color, view.edges, view.k = "kind", "all", 5
    view.variants = ("both",)
    wire = Wire(monkeypatch)
    view.undo()
    assert len(wire.to(view.screen)) == 1


def test_a_reloaded_page_starts_from_the_present(view):
    """What a page that loads asks for is what was sent last."""
    view.variants, view.edges, view.color = ("both",), "all", "kind"
    state = view.screen.get_state()
    for name in (
        "texts",
        "places",
        "edges",
        "colors",
        "key",
        "near",
        "chosen",
        "said",
    ):
        assert state[name] == getattr(view.screen, name)
    assert [p["title"] for p in state["texts"]["panels"]] == ["both, seed 0"]


def test_arrays_are_small(view):
    """Points and edges travel as bytes: 4 a coordinate, 2 a class, 4 an end."""
    view.edges = "all"
    found = view.screen.places["panels"][0]
    assert [len(found[axis]) for axis in "xy"] == [4 * N, 4 * N]
    assert len(view.screen.colors["panels"][0]["codes"]) == 2 * N
    (group,) = view.screen.edges["panels"][0]
    assert len(group["pairs"]) == 2 * 4 * len(edges(view))
    assert floats(found["x"]).dtype == np.float32


# Neighbours of what is pointed at


def near(view, number):
    """Return one of the lists of neighbours as ids, a row a drawn point."""
    found = view.screen.near["lists"][number]
    rows = np.frombuffer(found["values"], "<u2").reshape(-1, found["width"])
    # As wide as the slider goes: a move of `k` is drawn before it is answered.
    assert found["width"] == view.screen.offers["controls"]["k"]["high"]
    rows = rows[:, : view.screen.edges["k"]]
    return [[names(view)[i] for i in row if i < len(names(view))] for row in rows]


def as_ids(graph, rows=slice(None)):
    return [[f"p{i}" for i in row] for row in graph.indices[rows]]


def test_neighbours_of_every_map_are_sent_once(view, spaces):
    before, after = graph(spaces, "plain"), graph(spaces, "both")
    assert near(view, 0) == as_ids(before)
    assert near(view, 1) == as_ids(after)
    assert view.screen.near["panels"] == [
        {"before": 0, "after": 1, "gains": False},  # the baseline: what both has lost
        {"before": 0, "after": 1, "gains": True},
    ]
    assert view.screen.near["styles"].keys() == {"kept", "lost", "gained"}
    view.variants, view.k = ("both",), 5
    assert view.screen.edges["k"] == 5
    assert near(view, view.screen.near["panels"][0]["before"]) == as_ids(
        graph(spaces, "plain", k=5)
    )


def test_an_embedding_alone_has_neighbours_and_no_changes(spaces):
    view = rv.explore(spaces["plain"][0], k=3, layout="pca")
    assert view.screen.near["panels"] == [{"before": 0, "after": 0, "gains": False}]
    assert near(view, 0) == as_ids(graph(spaces, "plain"))


def test_too_many_neighbours_are_sent_when_pointed_at(view, spaces, monkeypatch):
    monkeypatch.setattr(wire, "MOST_BYTES", 2 * 3 * N * 2 - 1)
    view.color = "kind"
    assert view.screen.near["lists"] == []
    sent = []
    monkeypatch.setattr(view.screen, "send", sent.append)
    do(view, "hover", 1, 5)
    (message,) = sent
    assert message["kind"] == "near"
    assert message["near"]["rows"] == [5]
    values = [found["values"] for found in message["near"]["lists"]]
    assert values == [
        graph(spaces, name).indices[5].tolist() for name in ("plain", "both")
    ]
    monkeypatch.undo()
    view.color = "label"  # few enough: the page has them, and is sent none
    do(view, "hover", 1, 6)
    assert len(sent) == 1


def test_neighbours_that_are_not_drawn_are_left_out(sampled, spaces):
    rows = [int(name[1:]) for name in names(sampled)]
    drawn = set(names(sampled))
    every = as_ids(graph(spaces, "plain"), rows)
    assert near(sampled, 0) == [[n for n in row if n in drawn] for row in every]


# Points within a polygon

finite = st.floats(-8, 8, allow_subnormal=False, width=32)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=finite),
    st.lists(st.tuples(finite, finite), min_size=3, max_size=9),
)
def test_inside_agrees_with_matplotlib(points, corners):
    """matplotlib fills by winding number: both agree on polygons that turn one way."""
    xs, ys = np.array(corners, float).T
    turns = np.argsort(np.arctan2(ys - ys.mean(), xs - xs.mean()), kind="stable")
    xs, ys = xs[turns], ys[turns]
    polygon = np.column_stack([xs, ys])
    # Points on the outline may be counted either way.
    assume(_apart(points, polygon) > 1e-6)
    expected = Polygon(np.vstack([polygon, polygon[:1]])).contains_points(points)
    assume(np.array_equal(expected, _odd(points, polygon)))
    np.testing.assert_array_equal(inside(points, list(xs), list(ys)), expected)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=finite),
    st.lists(st.tuples(finite, finite), min_size=0, max_size=9),
)
def test_inside_agrees_with_a_ray_at_a_time(points, corners):
    polygon = np.array(corners, float).reshape(-1, 2)
    assume(not corners or _apart(points, polygon) > 1e-6)
    xs, ys = polygon.T.tolist() if corners else ([], [])
    np.testing.assert_array_equal(inside(points, xs, ys), _odd(points, polygon))


def _odd(points, polygon):
    """Whether a ray to the right crosses an odd number of sides, by exact fractions."""
    found = []
    for px, py in points.astype(float):
        crossings = 0
        for (x1, y1), (x2, y2) in pairwise([*polygon, *polygon[:1]]):
            low, high = sorted([(y1, x1), (y2, x2)])
            if low[0] <= py < high[0]:
                share = Fraction(py - low[0]) / Fraction(high[0] - low[0])
                x = Fraction(low[1]) + share * (Fraction(high[1]) - Fraction(low[1]))
                crossings += px < x
        found.append(crossings % 2 == 1)
    return np.array(found)


def _apart(points, polygon):
    """Return the smallest distance between points and sides."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    side = b - a
    square = np.maximum((side**2).sum(axis=1), 1e-300)
    share = (((points[:, None] - a) * side).sum(axis=2) / square).clip(0, 1)
    return np.linalg.norm(points[:, None] - (a + share[..., None] * side), axis=2).min()


def test_a_star_is_hollow():
    turns = np.radians(90 + 144 * np.arange(5))
    star = np.column_stack([np.cos(turns), np.sin(turns)])
    points = np.array([[0.0, 0.0], *(0.8 * star)])
    found = inside(points, *star.T.tolist())
    assert found.tolist() == [False] + [True] * 5
