"""Two points beside each other: numbers, clicks, the pane and the page."""

import numpy as np
import pytest
from exploring import N, do, graph, ids, lasso, names
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import refnet_viz as rv
from refnet_viz.explorer import wire
from refnet_viz.explorer.picture import figure_of
from refnet_viz.explorer.state import clicked
from refnet_viz.explorer.view import View
from refnet_viz.graph import compare_points, knn
from refnet_viz.graph.two_points import (
    chance_edge,
    chance_rank,
    chance_shared,
    point_pair,
)

# Places 0, 1, 3, 7 on a line: the nearest of 0 are 1, 3, 7 and of 3 they are 1, 0, 7.
LINE = rv.Embedding.from_arrays([[0.0], [1.0], [3.0], [7.0]])

# Numbers


def test_two_points_of_a_line():
    (row,) = compare_points(LINE, "0", "2", k=1).to_dict("records")
    assert row == {
        "space": "latent",
        "distance": 3.0,
        "typical": 3.0,  # of 1, 3, 7 and 3, 2, 4
        "rank": 2,
        "rank_back": 2,
        "others": 3,
        "chance_rank": 2.0,
        "edge": False,
        "chance_edge": pytest.approx(1 - (2 / 3) ** 2),
        "shared": 1,
        "chance_shared": pytest.approx(2 / 9),
    }
    far = compare_points(LINE, 2, 3, k=1).iloc[0]
    assert (far["rank"], far["rank_back"], far["edge"]) == (3, 1, True)


few = st.integers(0, 4).map(float)


@given(arrays(float, st.tuples(st.integers(3, 9), st.just(2)), elements=few), st.data())
def test_ranks_and_lists_are_those_of_the_search(points, data):
    """With ties and duplicates, by both distances, and for every k."""
    metric = data.draw(st.sampled_from(["euclidean", "cosine"]))
    n = len(points)
    rows = data.draw(st.permutations(range(n)))[:2]
    own = rv.Embedding.from_arrays(points)
    lists = knn(own, n - 1, metric=metric)
    for k in range(1, n):
        pair = point_pair(own, tuple(rows), k, space="latent", metric=metric)
        one, other = (lists.indices[row].tolist() for row in rows)
        assert pair.ranks == (one.index(rows[1]) + 1, other.index(rows[0]) + 1)
        assert pair.distance == lists.distances[rows[0]][pair.ranks[0] - 1]
        both = [row for row in one[:k] if row in other[:k]]
        assert pair.shared.tolist() == both
        assert pair.ways == (rows[1] in one[:k]) + (rows[0] in other[:k])


def test_chance_is_that_of_lists_drawn_by_chance():
    """Every pair of lists of 2 of 4 others, counted."""
    rng = np.random.default_rng(0)
    edges, shared, ranks = [], [], []
    for _ in range(20_000):
        one, other = rng.permutation([1, 2, 3, 4]), rng.permutation([0, 2, 3, 4])
        edges.append(1 in one[:2] or 0 in other[:2])
        shared.append(len(set(one[:2]) & set(other[:2])))
        ranks.append(one.tolist().index(1) + 1)
    assert np.mean(edges) == pytest.approx(chance_edge(2, 4), abs=0.02)
    assert np.mean(shared) == pytest.approx(chance_shared(2, 4), abs=0.02)
    assert np.mean(ranks) == pytest.approx(chance_rank(4), abs=0.05)


def test_a_space_that_one_of_them_lacks_is_left_out():
    x = np.arange(8.0).reshape(4, 2)
    present = np.array([[1, 1], [1, 0], [1, 1], [1, 1]], bool)
    own = rv.Embedding.from_arrays(x, modalities={"a": x, "b": x}, present=present)
    assert compare_points(own, 0, 1, k=2)["space"].tolist() == ["latent", "a"]
    both = compare_points(own, 0, 2, k=2).set_index("space")
    assert list(both.index) == ["latent", "a", "b", "sum"]
    assert both["others"].to_dict() == {"latent": 3, "a": 3, "b": 2, "sum": 2}
    assert both.loc["b", "rank"] == 1  # the row that lacks it does not count


def test_weights_are_those_of_the_search(view, spaces):
    view.space, view.weights = "sum", {"image": 2.0, "text": 0.0}
    view.select(["p3", "p9"])
    key = view._view.keys[0]
    pair = view._store.between(key, (3, 9), 3)
    order = graph(spaces, "plain", k=N - 1, space="image").indices[3].tolist()
    assert pair.ranks[0] == order.index(9) + 1


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "words"),
    [
        ((np.eye(3), 0, 1), {}, TypeError, "`embedding` must be an Embedding"),
        ((LINE, 0, 0), {}, ValueError, "`other` must be another point than `one`"),
        ((LINE, 0, "9"), {}, ValueError, "'9'"),
        ((LINE, 0, 1), {"k": 4}, ValueError, "`k`"),
        ((LINE, 0, 1), {"metric": "far"}, ValueError, "`metric` must be one of"),
    ],
)
def test_what_cannot_be_compared(arguments, options, kind, words):
    with pytest.raises(kind, match=words):
        compare_points(*arguments, **options)


# Clicks


def test_a_click_pins_a_second_compares_a_third_begins_anew(view):
    do(view, "click", 0, 4, False)
    assert ids(view) == ["p4"]
    do(view, "click", 0, 4, False)  # on the same point
    assert ids(view) == ["p4"]
    do(view, "click", 1, 2, False)
    assert ids(view) == ["p2", "p4"]
    assert view.variant == "both"
    do(view, "click", 0, 7, False)
    assert ids(view) == ["p7"]
    view.undo()
    assert ids(view) == ["p2", "p4"]


def test_the_ground_lets_go_of_two_points_not_of_more(view):
    for rows in ([4], [4, 2]):
        view.select(rows)
        do(view, "ground", 1)
        assert view.selected.empty
        assert view.variant == "both"
    lasso(view, [1, 2, 3])
    do(view, "ground", 1)
    assert ids(view) == ["p1", "p2", "p3"]
    assert view.variant == "both"


@given(st.sets(st.integers(0, 5)).map(sorted), st.integers(0, 5), st.booleans())
def test_a_click_on_any_selection(rows, row, extend):
    after = clicked(np.array(rows, np.intp), row, extend=extend).tolist()
    if extend:
        assert after == sorted(set(rows) ^ {row})
    else:
        assert after == (sorted({*rows, row}) if len(rows) == 1 else [row])


# The pane and the maps


def test_the_pane_of_two_points(view, spaces):
    view.variant = "both"
    view.select(["p3", "p9"])
    pane = view.screen.detail
    lists = graph(spaces, "both", k=N - 1)
    one, other = (lists.indices[row].tolist() for row in (3, 9))
    both = [f"p{row}" for row in one[:3] if row in other[:3]]
    assert pane["title"] == "p3 and p9 in both"
    assert [part["entry"]["title"] for part in pane["pair"]] == ["p3", "p9"]
    assert pane["pair"][0]["facts"] == [
        ["label", "ant", ""],
        ["prediction", "ant ✓", "right"],
    ]
    facts = {name: value for name, value, _ in pane["facts"]}
    ranks = one.index(9) + 1, other.index(3) + 1
    assert facts["ranks"] == f"{ranks[0]} and {ranks[1]} of 23 (chance 12)"
    far = np.sort(lists.distances[[3, 9]].ravel())
    length = lists.distances[3][ranks[0] - 1]
    assert facts["distance"] == f"{length:.3g} (median {np.median(far):.3g})"
    ways = ["none", "one way", "both ways"][sum(rank <= 3 for rank in ranks)]
    assert facts["edge at k = 3"] == f"{ways} (chance of one 0.24)"
    assert pane["heading"] == (
        f"in the latent space: {len(both)} of 3 neighbours shared (chance 0.37)"
    )
    assert [entry["title"] for entry in pane["rows"]] == both
    headings = [part["heading"].split(":")[0] for part in pane["elsewhere"]]
    assert headings == [
        "in the latent space of plain",
        *(f"in the {name} space" for name in ("image", "text", "sum")),
    ]
    for part in pane["elsewhere"]:
        assert [name for name, *_ in part["facts"]] == [
            "distance",
            "ranks",
            "edge at k = 3",
        ]


def test_two_points_of_which_one_lacks_the_space():
    x = np.arange(8.0).reshape(4, 2)
    present = np.array([[1, 1], [1, 0], [1, 1], [1, 1]], bool)
    own = rv.Embedding.from_arrays(x, modalities={"a": x, "b": x}, present=present)
    view = rv.explore(own, k=2, layout="pca")
    view.select([0, 1])
    parts = {part["heading"]: part for part in view.screen.detail["elsewhere"]}
    assert parts["in the b space: not both have it"]["facts"] == []
    assert view.screen.detail["pair"][1]["facts"] == [["has no", "b", ""]]
    view.space = "b"
    assert view.screen.detail["heading"] == "in the b space: not both have it"


def test_what_is_pointed_at_hides_the_two_until_one_leaves_it(view):
    view.select(["p3", "p9"])
    do(view, "hover", 0, 5)
    assert view.screen.detail["title"] == "p5 in plain"
    do(view, "hover", 0, -1)
    assert view.screen.detail["title"] == "p3 and p9 in plain"


def test_pinned_points_are_sent(view, monkeypatch):
    for chosen in ([], [5], [5, 7], [5, 7, 9]):
        view.select(chosen)
        expected = chosen if len(chosen) < 3 else []
        assert view.screen.chosen["pinned"] == expected
    monkeypatch.setattr(wire, "MOST_BYTES", 0)
    view.select([5, 7])
    assert view.screen.near["rows"] == [5, 7]
    before = np.frombuffer(view.screen.near["lists"][0]["values"], "<u2").reshape(2, -1)
    plain = view._store.graph(view._view.keys[0], 3)
    assert before.tolist() == plain.indices[[5, 7]].tolist()
    sent = []
    monkeypatch.setattr(view.screen, "send", sent.append)
    do(view, "hover", 0, 7)  # those of pinned points stay
    do(view, "hover", 0, 8)
    assert [message["near"]["rows"] for message in sent] == [[7, 5], [8, 5, 7]]
    assert len(sent[1]["near"]["lists"][0]["values"]) == 3 * 3


def drawn_lines(spaces, selected):
    """Return the lines of a saved picture: their ends by panel and kind, as ids."""
    view = View.of(spaces, {"k": 3, "layout": "pca", "selected": selected})
    lines = {}
    for trace in figure_of(view).data:
        if trace.mode == "lines":
            number = int((trace.xaxis or "x1").removeprefix("x") or 1) - 1
            flat = view.panels[number].layout.coordinates
            ends = np.column_stack([trace.x, trace.y]).reshape(-1, 3, 2)[:, :2]
            rows = np.argmin(((ends[:, :, None] - flat) ** 2).sum(axis=3), axis=2)
            kind = trace.name.removeprefix("neighbours: ")
            lines[number, kind] = set(map(tuple, rows.tolist()))
    return lines


def test_a_saved_picture_has_the_lines_of_pinned_points(spaces):
    plain, both = (graph(spaces, name).indices for name in ("plain", "both"))
    was, now = set(plain[5].tolist()), set(both[5].tolist())
    expected = {
        (number, kind): {(5, row) for row in rows}
        for number in (0, 1)
        for kind, rows in (("kept", was & now), ("lost", was - now))
    } | {(1, "gained"): {(5, row) for row in now - was}}
    assert was & now
    assert was - now
    assert drawn_lines(spaces, ["p5"]) == expected
    first, second = next(
        (i, j)
        for i in range(N)
        for j in range(i)
        if set(plain[i].tolist()) & set(plain[j].tolist())
    )
    shared = set(plain[first].tolist()) & set(plain[second].tolist())
    lines = drawn_lines(spaces, [f"p{first}", f"p{second}"])
    assert lines[0, "kept"] == {(end, row) for end in (first, second) for row in shared}
    assert drawn_lines(spaces, ["p5", "p6", "p7"]) == {}


def test_two_points_outside_a_sample_are_compared(spaces, monkeypatch):
    monkeypatch.setattr("refnet_viz.explorer.view.MOST_POINTS", 10)
    view = rv.explore(spaces, k=3, layout="pca")
    left_out = [name for name in (f"p{i}" for i in range(N)) if name not in names(view)]
    view.select([left_out[0], names(view)[0]])
    assert view.screen.chosen["pinned"] == []
    assert view.screen.detail["title"].startswith(f"{left_out[0]} and ")
