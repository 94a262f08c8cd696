"""The explorer without a browser: every control, selection, search, undo and code."""

import asyncio
import gc
import weakref

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest
from exploring import (
    N,
    cell,
    chosen,
    colored,
    do,
    edges,
    embedding,
    ends,
    facts,
    flat,
    graph,
    key,
    lasso,
    names,
    notes,
    pairs,
    titles,
    two_variants,
)
from hypothesis import given
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz.graph import edge_diff
from refnet_viz.widgets import lifetime
from refnet_viz.widgets.code import _quoted
from refnet_viz.widgets.explorer import Explorer
from refnet_viz.widgets.history import History
from refnet_viz.widgets.start import explore_as


@pytest.fixture
def spaces():
    return two_variants()


@pytest.fixture
def view(spaces):
    """Return both variants side by side."""
    made = rv.explore(spaces, k=3, layout="pca")
    yield made
    made.close()


@pytest.fixture
def four():
    """Return five variants of which four are shown."""
    every = {name: embedding(name, 0) for name in ("a", "b", "c", "d", "e")}
    made = rv.explore(every, k=3, layout="pca", variants=("a", "b", "c", "d"))
    yield made
    made.close()


def ids(view):
    return view.selected["id"].tolist()


def at(view, spaces, variant, seed=0, panel=0, **options):
    """Whether a map shows the PCA of a run."""
    expected = rv.project(spaces[variant][seed], "pca", **options).coordinates
    return np.array_equal(flat(view, panel), expected)


# What is shown at first


def test_first_view(view, spaces):
    assert view.variants == ("plain", "both")
    assert view.variant == "plain"
    assert titles(view) == ["plain, seed 0", "both, seed 0"]
    assert at(view, spaces, "plain")
    assert at(view, spaces, "both", panel=1)
    assert names(view) == [f"p{i}" for i in range(N)]
    assert view.map.said["words"] == ["ant", "bee", "cat"] * (N // 3)
    assert key(view) == ["ant", "bee", "cat"]
    assert colored(view) == colored(view, 1) == view.map.said["words"]
    first, second = notes(view).split("\n")
    assert first == "latent space"
    assert second.startswith("PCA, trustworthiness ")
    assert edges(view) == edges(view, 1) == set()
    assert view.selected.empty
    assert chosen(view) is None
    assert "Point at a dot" in view.detail.content["hint"]


def test_repr_says_the_state_and_no_arrays(spaces):
    view = rv.explore(spaces["plain"][0], k=3, layout="pca")
    view.select(["p1", "p2"])
    assert repr(view) == (
        "Explorer(variants=('embedding',), seed=0, space='latent', metric='euclidean', "
        "layout='pca', color='label', k=3, edges='none', baseline='embedding', "
        "weights={'image': 1.0, 'text': 1.0}, epoch=None, selected=2)"
    )


@pytest.mark.parametrize(
    ("shape", "variants", "seeds"),
    [
        (lambda s: s["plain"][0], ("embedding",), [0]),
        (lambda s: s["plain"], ("embedding",), [0, 1]),
        (lambda s: {"mine": s["plain"][1]}, ("mine",), [1]),
        (lambda s: s, ("plain", "both"), [0, 1]),
    ],
)
def test_shapes(spaces, shape, variants, seeds):
    view = rv.explore(shape(spaces), k=3, layout="pca")
    assert view.variants == variants
    assert view.variant == view.baseline == variants[0]
    assert view._atlas.seeds(variants[0]) == seeds


def test_a_users_own_vectors_need_nothing_else():
    own = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(9, 2)))
    view = rv.explore({"a": own, "b": own}, k=2, layout="pca")
    heads = [column["name"] for column in view.strip.content["columns"]]
    assert heads == ["reciprocity", "hubness", "rewiring from a"]
    assert view.map.said == {"names": [str(i) for i in range(9)], "words": []}
    view.select(["3"])
    assert view.selected.columns.tolist() == ["id", "rewiring", "in_degree"]
    assert list(facts(view)) == ["in-degree"]
    assert key(view) == []


def test_first_variants_are_the_baseline_and_the_last():
    every = {name: embedding(name, 0) for name in ("a", "plain", "b", "c")}
    assert rv.explore(every, k=3, layout="pca").variants == ("plain", "c")
    view = rv.explore(every, k=3, layout="pca", baseline="c")
    assert (view.variants, view.baseline) == (("c",), "c")


def test_ids_in_another_order_are_aligned(spaces):
    expected = flat(rv.explore(spaces, k=3, layout="pca"), 1)
    turned = [run.subset(run.ids[::-1]) for run in spaces["both"]]
    view = rv.explore({**spaces, "both": turned}, k=3, layout="pca")
    assert names(view) == [f"p{i}" for i in range(N)]
    np.testing.assert_array_equal(flat(view, 1), expected)
    view.variant = "both"
    view.select(["p2", "p0"])
    assert ids(view) == ["p0", "p2"]
    assert view.selected["label"].tolist() == ["ant", "cat"]


def test_other_ids_are_refused(spaces):
    spaces["both"] = embedding("both", 0, ids=[f"q{i}" for i in range(N)])
    with pytest.raises(ValueError, match="same ids") as error:
        rv.explore(spaces)
    assert str(error.value) == (
        "`spaces` must all have the same ids, got others in 'both'."
    )


# Panels


def test_one_to_four_panels(four):
    for shown in (("c",), ("c", "a"), ("e", "b", "a"), ("d", "c", "b", "a")):
        four.variants = shown
        assert four.variants == shown
        assert titles(four) == [f"{name}, seed 0" for name in shown]
        assert [row["name"] for row in four.strip.content["rows"]] == list(shown)
        parts = (four.map.places, four.map.edges, four.map.colors)
        assert [len(part["panels"]) for part in parts] == [len(shown)] * 3
        on = {n for n, b in four.controls["variants"].buttons.items() if b.value}
        assert on == set(shown)


def test_the_fifth_and_the_last_toggle_go_back(four):
    buttons = four.controls["variants"].buttons
    buttons["e"].value = True
    assert not buttons["e"].value
    assert four.variants == ("a", "b", "c", "d")
    said = four._notice.status
    assert said.value == "`variants` must be 1 to 4 of them, got 5."
    for name in "bcd":
        buttons[name].value = False
    assert said.value == ""
    buttons["a"].value = False
    assert buttons["a"].value
    assert four.variants == ("a",)
    assert said.value == "`variants` must be 1 to 4 of them, got 0."
    buttons["a"].value = False  # said again when it is tried again
    assert said.value == "`variants` must be 1 to 4 of them, got 0."


def test_toggles_show_in_the_order_of_the_variants(four):
    buttons = four.controls["variants"].buttons
    for name in "cba":
        buttons[name].value = False
    for name in "eca":
        buttons[name].value = True
    assert four.variants == ("a", "c", "d", "e")


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        ((), "`variants` must be 1 to 4 of them, got 0."),
        (("a", "b", "c", "d", "e"), "`variants` must be 1 to 4 of them, got 5."),
        (("a", "x"), "`variants` must be one of 'a', 'b', 'c', 'd', 'e', got 'x'."),
        (("a", "a"), "`variants` must be unique, got 'a' more than once."),
    ],
)
def test_wrong_variants_are_refused(four, shown, sentence):
    with pytest.raises(ValueError, match="`variants`") as error:
        four.variants = shown
    assert str(error.value) == sentence
    assert four.variants == ("a", "b", "c", "d")


def test_focus(view, spaces):
    do(view, "focus", 1)
    assert view.variant == "both"
    assert view.map.texts["focus"] == 1
    assert [row["focused"] for row in view.strip.content["rows"]] == [False, True]
    view.select(["p1"])
    g = graph(spaces, "both")
    assert view.selected["in_degree"].tolist() == [np.sum(g.indices == 1)]
    view.variants = ("plain",)  # what is in focus goes: the first takes its place
    assert view.variant == "plain"
    assert view.selected["in_degree"].tolist() == [
        np.sum(graph(spaces, "plain").indices == 1)
    ]


def test_variant_takes_the_place_of_the_one_in_focus(four):
    do(four, "focus", 2)
    four.variant = "e"
    assert four.variants == ("a", "b", "e", "d")
    assert four.variant == "e"
    four.variant = "d"  # which is shown, and is only looked at
    assert four.variants == ("a", "b", "e", "d")
    assert four.map.texts["focus"] == 3
    with pytest.raises(ValueError, match="`variants`"):
        four.variant = "x"
    assert (four.variant, four.variants) == ("d", ("a", "b", "e", "d"))


# Every control, moved from Python


def test_seed(view, spaces):
    view.seed = 1
    assert at(view, spaces, "plain", 1)
    assert at(view, spaces, "both", 1, panel=1)
    assert titles(view) == ["plain, seed 1", "both, seed 1"]


def test_seeds_follow_the_focus(view, spaces):
    view.variant = "both"
    view.seed = 2
    assert titles(view) == ["plain, seed 0", "both, seed 2"]  # plain has no third
    assert at(view, spaces, "both", 2, panel=1)
    view.variant = "plain"
    assert view.seed == 0
    assert [value for _, value in view.controls["seed"]._options_full] == [0, 1]


def test_space(view, spaces):
    view.space, view.edges = "image", "all"
    assert at(view, spaces, "plain", space="image")
    assert edges(view) == ends(graph(spaces, "plain", space="image"))
    assert notes(view).startswith("image space\n")


def test_cosine(view, spaces):
    before = flat(view)
    view.metric, view.edges = "cosine", "all"
    expected = ends(graph(spaces, "plain", metric="cosine"))
    assert edges(view) == expected != ends(graph(spaces, "plain"))
    np.testing.assert_array_equal(flat(view), before)
    assert notes(view).startswith("latent space, cosine\n")
    assert ", layout of Euclidean distances\n" in notes(view)
    view.space, view.weights = "sum", {"image": 2, "text": 0}
    assert view.controls["weights"].layout.display == "none"
    assert edges(view) == ends(graph(spaces, "plain", space="sum", metric="cosine"))


def test_k_changes_edges_and_numbers(view, spaces):
    view.edges = "all"
    for k in (3, 5):
        view.k = k
        for panel, name in enumerate(view.variants):
            g = graph(spaces, name, k=k)
            assert edges(view, panel) == ends(g)
            purity = np.mean(g.labels[g.indices] == g.labels[:, None])
            assert cell(view, "purity", name)["whole"] == f"{purity:.2f}"


@pytest.mark.parametrize("kind", ["kept", "gained", "lost"])
def test_edges_refer_to_the_baseline(view, spaces, kind):
    view.edges = kind
    diff = edge_diff(graph(spaces, "plain"), graph(spaces, "both"))
    assert edges(view, 1) == pairs(getattr(diff, kind))
    assert notes(view, 1).endswith(f"\n{len(getattr(diff, kind))} {kind} edges")
    # The baseline itself would keep all its edges: that is said instead.
    assert edges(view) == set()
    assert notes(view).endswith(f"\nthis is the baseline: nothing is {kind}")


def test_another_baseline(view, spaces):
    view.baseline, view.edges = "both", "gained"
    diff = edge_diff(graph(spaces, "both"), graph(spaces, "plain"))
    assert edges(view, 0) == pairs(diff.gained)
    assert notes(view, 1).endswith("this is the baseline: nothing is gained")
    assert view.strip.content["columns"][-1]["name"] == "rewiring from both"


def test_the_baseline_of_another_seed_is_its_first(view, spaces):
    view.variant, view.seed, view.edges = "both", 2, "lost"
    diff = edge_diff(graph(spaces, "plain", 0), graph(spaces, "both", 2))
    assert edges(view, 1) == pairs(diff.lost)


def test_edges_by_modality_need_modalities():
    bare = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(9, 2)))
    view = rv.explore(bare, k=2, layout="pca")
    with pytest.raises(ValueError, match="edges") as error:
        view.edges = "by modality"
    assert str(error.value) == (
        "`edges` must be one of 'none', 'all', 'kept', 'gained', 'lost', got "
        "'by modality'."
    )


def test_layouts(view, spaces):
    apart = [rv.project(spaces[name][0], "umap") for name in view.variants]
    view.layout = "umap"
    for panel, layout in enumerate(apart):
        np.testing.assert_array_equal(flat(view, panel), layout.coordinates)
    assert not view.map.places["together"]
    view.layout = "aligned"
    np.testing.assert_array_equal(flat(view), apart[0].coordinates)
    aligned = rv.project(spaces["both"][0], "aligned", reference=apart[0])
    np.testing.assert_array_equal(flat(view, 1), aligned.coordinates)
    assert view.map.places["together"]  # places mean the same, so they are shared
    assert "\naligned UMAP, rate " in notes(view, 1)
    view.layout = "pca"
    assert at(view, spaces, "plain")
    assert not view.map.places["together"]


def test_the_same_points_lie_at_the_same_places(spaces):
    same = {
        name: [rv.Embedding(**{**vars(e), "inputs": spaces["plain"][0].inputs})
               for e in runs]
        for name, runs in spaces.items()
    }  # fmt: skip
    view = rv.explore(same, k=3, space="image")
    np.testing.assert_array_equal(flat(view), flat(view, 1))
    view.space = "latent"
    assert not np.array_equal(flat(view), flat(view, 1))


def test_moving_a_control_is_the_same(view):
    view.controls["k"].value = 6
    view.controls["edges"].value = "kept"
    view.controls["variants"].buttons["plain"].value = False
    view.controls["color"].value = "rewiring"
    view.controls["baseline"].value = "both"
    found = (view.k, view.variants, view.edges, view.color, view.baseline)
    assert found == (6, ("both",), "kept", "rewiring", "both")
    assert view.variant == "both"
    assert notes(view).endswith("this is the baseline: nothing is kept")


def test_few_spaces_are_buttons(view):
    assert isinstance(view.controls["space"], W.ToggleButtons)
    rng = np.random.default_rng(0)
    parts = {name: rng.normal(size=(9, 2)) for name in "abcd"}  # and latent and sum
    more = rv.Embedding.from_arrays(rng.normal(size=(9, 2)), modalities=parts)
    many = rv.explore(more, k=2, layout="pca")
    assert isinstance(many.controls["space"], W.Dropdown)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"k": 24},
            "`k` must be between 1 and 23 (the number of other points), got 24.",
        ),
        (
            {"space": "sound"},
            "`space` must be one of 'latent', 'image', 'text', 'sum', got 'sound'.",
        ),
        (
            {"layout": "tsne"},
            "`layout` must be one of 'aligned', 'umap', 'pca', got 'tsne'.",
        ),
        ({"baseline": "x"}, "`baseline` must be one of 'plain', 'both', got 'x'."),
        ({"variants": ["x"]}, "`variants` must be one of 'plain', 'both', got 'x'."),
        ({"seed": 9}, "`seed` must be one of [0, 1], got 9."),
        ({"mode": "dim"}, "`mode` must be one of 'light', 'dark', got 'dim'."),
        (
            {"color": "hue"},
            "`color` must be one of 'label', 'prediction', 'correct', 'purity', "
            "'rewiring', 'in-degree', 'kind', 'size', got 'hue'.",
        ),
    ],
)  # fmt: skip
def test_explore_refuses(spaces, options, sentence):
    before = set(W.widget._instances)
    with pytest.raises(ValueError, match="must") as error:
        rv.explore(spaces, **{"k": 3, "layout": "pca", **options})
    assert str(error.value) == sentence
    del error
    for left in set(W.widget._instances) - before:
        W.widget._instances[left].close()


def test_attributes_refuse_and_stay(view):
    for name, value in (
        ("k", 0), ("seed", 7), ("edges", "some"), ("epoch", 3), ("metric", "l1"),
    ):  # fmt: skip
        before = getattr(view, name)
        with pytest.raises(ValueError, match=f"`{name}` must be"):
            setattr(view, name, value)
        assert getattr(view, name) == before


# Selection


def test_lasso_reads_out(view, spaces):
    lasso(view, [5, 2])
    frame = view.selected
    assert ids(view) == chosen(view) == ["p2", "p5"]
    assert frame["label"].tolist() == ["cat", "cat"]
    assert frame["text"].tolist() == ["text 2", "text 5"]
    assert frame["kind"].tolist() == ["x", "y"]
    g = graph(spaces, "plain")
    labels = spaces["plain"][0].labels
    assert frame["purity"].tolist() == [
        np.mean(labels[g.indices[i]] == labels[i]) for i in (2, 5)
    ]
    assert frame["in_degree"].tolist() == [np.sum(g.indices == i) for i in (2, 5)]


def test_a_lasso_is_of_its_own_map(view):
    lasso(view, [1, 9], panel=1)
    assert ids(view) == chosen(view) == ["p1", "p9"]  # one selection for both maps
    assert view.variant == "both"
    lasso(view, [4])
    assert ids(view) == ["p4"]
    assert view.variant == "plain"


def test_shift_extends(view):
    lasso(view, [5, 2])
    lasso(view, [2, 7], panel=1, extend=True)
    assert ids(view) == ["p2", "p5", "p7"]
    do(view, "click", 0, 9, True)
    do(view, "click", 0, 5, True)  # a second time takes it out
    assert ids(view) == ["p2", "p7", "p9"]
    do(view, "click", 1, 11, False)
    assert ids(view) == ["p11"]
    assert view.variant == "both"


def test_a_lasso_around_nothing_clears(view):
    lasso(view, [5, 2])
    do(view, "lasso", 0, [99, 100, 100], [99, 99, 100], False)
    assert view.selected.empty
    assert chosen(view) is None


def test_legend_selects_a_class(view):
    do(view, "class", 2)
    assert set(view.selected["label"]) == {"cat"}
    assert len(view.selected) == N // 3
    view.color = "kind"
    do(view, "class", view.map.key["entries"][1]["code"])
    assert set(view.selected["kind"]) == {"y"}


def test_legend_speaks_of_the_map_in_focus():
    one, two = embedding("one", 0), embedding("two", 0)
    told = np.where(two.labels == 0, 1, two.predictions)
    two = rv.Embedding(**{**vars(two), "predictions": told})
    view = rv.explore({"one": one, "two": two}, k=3, layout="pca", color="prediction")
    do(view, "class", 0)
    assert len(view.selected) == N // 3 - 1  # the first one is predicted wrong
    do(view, "focus", 1)
    do(view, "class", 0)
    assert view.selected.empty


def test_a_neighbour_in_the_pane_selects_it(view, spaces):
    do(view, "hover", 1, 4)
    row = view.detail.content["rows"][0]["row"]
    assert row == graph(spaces, "both").indices[4][0]
    view.detail._handle_custom_msg({"kind": "row", "words": [row]}, [])
    assert ids(view) == [f"p{row}"]
    assert view.detail.content["title"] == f"p{row} in plain"


def test_the_pane_speaks_of_a_point_whose_map_is_gone(view, spaces):
    do(view, "hover", 1, 4)
    assert view.detail.content["title"] == "p4 in both"
    view.variants = ("plain",)
    assert view.detail.content["title"] == "p4"
    view.variants = ("both", "plain")
    assert view.detail.content["title"] == "p4 in both"  # where it was pointed at
    assert [row["row"] for row in view.detail.content["rows"]] == (
        graph(spaces, "both").indices[4].tolist()
    )


def test_wrong_prediction_is_in_the_table(view):
    view.select(["p0", "p1"])
    assert view.selected["correct"].tolist() == [False, True]
    assert view.selected["prediction"].tolist() == ["bee", "bee"]


def test_several_labels_a_point():
    rng = np.random.default_rng(0)
    labels = (rng.random((12, 3)) < 0.5).astype(int)
    labels[0] = 0
    one = rv.Embedding.from_arrays(
        rng.normal(size=(12, 2)), labels=labels, class_names=["a", "b", "c"]
    )
    one = rv.Embedding(**{**vars(one), "predictions": np.ones_like(labels)})
    view = rv.explore(one, k=2, layout="pca")
    view.select(["0", "1"])
    told = ["; ".join(n for n, on in zip("abc", row, strict=True) if on) or "none"
            for row in labels[:2]]  # fmt: skip
    assert view.selected["label"].tolist() == told
    assert view.selected["prediction"].tolist() == ["a; b; c"] * 2
    assert view.selected["correct"].tolist() == labels[:2].all(axis=1).tolist()
    assert cell(view, "accuracy")["selected"] == f"{labels[:2].mean():.2f}"
    share = labels[:2].mean(axis=0)
    chance = np.maximum(share, 1 - share).mean()
    assert cell(view, "accuracy")["nulls"][0].endswith(f", {chance:.2f}")


@pytest.mark.parametrize(
    "given", [["p3", "p1"], ("p1", "p3", "p3"), {"p1", "p3"}, pd.Series(["p3", "p1"])]
)
def test_select_from_python(view, given):
    view.select(given)
    assert ids(view) == chosen(view) == ["p1", "p3"]


def test_select_one_id_and_a_mask(view, spaces):
    view.select("p4")
    assert ids(view) == ["p4"]
    view.select(spaces["plain"][0].labels == 1)
    assert set(view.selected["label"]) == {"bee"}
    assert len(view.selected) == N // 3


@pytest.mark.parametrize("nothing", [None, [], np.array([])])
def test_select_nothing_clears(view, nothing):
    view.select(["p1"])
    view.select(nothing)
    assert view.selected.empty
    assert chosen(view) is None


def test_double_click_and_button_clear(view):
    view.select(["p1"])
    do(view, "clear")
    assert view.selected.empty
    view.select(["p1"])
    clear = view.controls.actions.clear
    assert not clear.disabled
    clear.click()
    assert view.selected.empty
    assert clear.disabled


def test_select_refuses_strangers(view):
    with pytest.raises(ValueError, match="known") as error:
        view.select(["p1", "q"])
    assert str(error.value) == "`ids` must hold known ids, got 'q'."
    with pytest.raises(ValueError, match="as many") as error:
        view.select(np.array([True]))
    assert str(error.value) == "`ids` must have as many rows as `spaces` (24), got 1."
    assert view.selected.empty


@pytest.mark.parametrize(
    "change",
    [
        {"color": "kind"}, {"variant": "both"}, {"k": 5}, {"space": "text"},
        {"seed": 1}, {"edges": "all"}, {"layout": "umap"}, {"baseline": "both"},
        {"metric": "cosine"}, {"variants": ("both", "plain")},
    ],
)  # fmt: skip
def test_selection_survives(view, change):
    lasso(view, [1, 7, 8])
    for name, value in change.items():
        setattr(view, name, value)
    assert ids(view) == chosen(view) == ["p1", "p7", "p8"]


def test_edges_of_a_selection_touch_it(view):
    view.edges = "all"
    everything = edges(view)
    view.select(["p1"])
    assert edges(view) == {pair for pair in everything if "p1" in pair}
    assert notes(view).endswith(" edges that touch the selection")


def test_listeners_hear_every_selection(view):
    heard = []
    view.on_select(lambda frame: heard.append(frame["id"].tolist()))
    lasso(view, [2])
    view.select(["p3"])
    view.select(None)
    do(view, "click", 0, 6, False)
    view.search("p4")
    view.undo()
    assert heard == [["p2"], ["p3"], [], ["p6"], ["p4"], ["p6"]]


# Search


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p7", ["p7"]),
        ("P7 ", ["p7"]),  # whatever the case
        ("text 23", ["p23"]),
        ("23 TEXT", ["p23"]),  # every word, in any order
        ("cat y", [f"p{i}" for i in range(N) if i % 3 == 2 and i % 2]),
        ("0.5", []),  # digits of measured numbers are no words
        ("zebra", []),
        ("cat zebra", []),
        ("  ", []),
    ],
)
def test_search(view, text, expected):
    found = view.search(text)
    assert found["id"].tolist() == ids(view) == expected
    assert chosen(view) == (expected or None)
    assert view.controls.actions.search.value == text


def test_search_looks_in_predictions_of_the_focus(view):
    # The first is an ant that is taken for a bee.
    assert "p0" in view.search("bee")["id"].tolist()
    assert view.search("ant bee")["id"].tolist() == ["p0"]


def test_search_that_finds_nothing_says_so(view):
    view.select(["p1"])
    view.search("<b>zebra")
    said = view._notice.status
    assert said.value == "no point has '<b>zebra' in its words"
    view.search("")
    assert said.value == ""


def test_typing_searches(view):
    field = view.controls.actions.search
    field.value = "bee"
    assert len(view.selected) == N // 3 + 1
    view.select(["p4"])
    assert field.value == ""  # the words no longer say what is selected
    assert ids(view) == ["p4"]
    field.value = "cat"
    field.value = ""
    assert view.selected.empty


def test_many_points_are_searched_when_the_word_is_whole():
    many = rv.Embedding.from_arrays(np.zeros((5_001, 2)) + np.arange(5_001)[:, None])
    few = rv.Embedding.from_arrays(np.arange(10.0).reshape(5, 2))
    for space, live in ((many, False), (few, True)):
        view = rv.explore(space, k=2, layout="pca")
        assert view.controls.actions.search.continuous_update is live
        view.close()


# Undo


MOVES = {
    "variants": ("both",), "seed": 1, "space": "text", "metric": "cosine",
    "layout": "umap", "color": "kind", "k": 7, "edges": "all", "baseline": "both",
    "weights": {"image": 2.0, "text": 0.5}, "variant": "both",
}  # fmt: skip


@pytest.mark.parametrize("name", MOVES)
def test_undo(view, name):
    before, shown = getattr(view, name), [view.map.get_state(n) for n in MAPPED]
    undo = view.controls.actions.undo
    assert undo.disabled
    setattr(view, name, MOVES[name])
    assert getattr(view, name) != before
    if name == "variant":  # to look at another map changes nothing of what is shown
        assert undo.disabled
        return
    assert not undo.disabled
    undo.click()
    assert getattr(view, name) == before
    assert [view.map.get_state(n) for n in MAPPED] == shown
    assert undo.disabled


MAPPED = ("texts", "places", "edges", "colors", "key", "chosen")


def test_undo_selections_and_settings_in_turn(view):
    view.select(["p1"])
    view.edges = "all"
    view.search("cat")
    do(view, "click", 1, 3, False)
    states = []
    for _ in range(5):
        states.append((ids(view), view.edges, view.variant))
        view.undo()
    cats = [f"p{i}" for i in range(2, N, 3)]
    assert states == [
        (["p3"], "all", "both"), (cats, "all", "plain"), (["p1"], "all", "plain"),
        (["p1"], "none", "plain"), ([], "none", "plain"),
    ]  # fmt: skip
    assert (ids(view), view.edges, view.variant) == states[-1]  # there is no more
    assert view.controls.actions.search.value == ""


def test_undo_goes_back_to_a_seed_of_the_focus(view):
    view.variant = "both"
    view.seed = 2
    view.variants = ("plain",)
    assert view.seed == 0
    view.undo()
    assert (view.seed, view.variant) == (2, "both")
    assert titles(view) == ["plain, seed 0", "both, seed 2"]


def test_controls_of_one_kind_are_steps_of_their_own(view):
    view.color, view.layout, view.seed = "kind", "umap", 1
    view.undo()
    assert (view.color, view.layout, view.seed) == ("kind", "umap", 0)
    view.undo()
    assert (view.color, view.layout) == ("kind", "pca")


def test_selections_are_steps_of_their_own(view):
    lasso(view, [1])
    lasso(view, [2])
    view.undo()
    assert ids(view) == ["p1"]


@pytest.mark.parametrize(
    ("move", "read"),
    [
        (lambda view, i: setattr(view.controls["k"], "value", 4 + i), lambda v: v.k),
        (
            lambda view, i: setattr(
                view.controls["weights"].sliders["text"], "value", 0.5 - i / 10
            ),
            lambda v: v.weights["text"],
        ),
        (
            lambda view, i: setattr(
                view.controls.actions.search, "value", "cats"[: i + 1]
            ),
            lambda v: v.controls.actions.search.value,
        ),
    ],
)
def test_a_slider_on_its_way_is_one_step(view, move, read):
    now = [0.0]
    view._history = History(clock=lambda: now[0])
    before = read(view)
    for i in range(3):
        move(view, i)
        now[0] += 0.5
    assert len(view._history) == 1
    now[0] += 5
    move(view, 3)
    assert len(view._history) == 2
    view.undo()
    view.undo()
    assert read(view) == before
    assert len(view._history) == 0


def test_a_slider_that_is_left_and_taken_up_again_is_two_steps(view):
    view._history = History(clock=lambda: 0.0)
    view.k, view.edges, view.k = 4, "all", 5
    assert len(view._history) == 3
    view.undo()
    view.k = 6
    view.undo()
    assert (view.k, view.edges) == (4, "all")


def test_history_has_an_end(view):
    for i in range(130):
        view.select([f"p{i % 2}"])
    assert len(view._history) == 100


# Code


def remade(view, spaces):
    """Run the code of a view."""
    scope = {"rv": rv, "spaces": spaces}
    exec(view.code(), scope)
    return scope["view"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"variants": ("both",), "seed": 2, "baseline": "both"},
        {"variant": "both", "seed": 2},
        {"variant": "both"},
        {"k": 7, "space": "sum", "weights": {"image": 2, "text": 0.3}},
        {"color": "in-degree", "metric": "cosine", "edges": "by modality"},
        {"variants": ("both", "plain"), "edges": "gained", "layout": "umap"},
    ],
)
def test_code_makes_the_view_again(view, spaces, changes):
    for name, value in changes.items():
        setattr(view, name, value)
    view.select(["p3", "p1"])
    again = remade(view, spaces)
    assert again._arguments() == view._arguments()
    assert again.code() == view.code()
    assert ids(again) == ["p1", "p3"]
    assert again.variant == view.variant
    for name in MAPPED:
        assert again.map.get_state(name) == view.map.get_state(name)
    stored = explore_as(spaces, view._arguments())  # as manifests keep it
    assert stored._arguments() == view._arguments()


def test_code_says_no_more_than_it_must(spaces):
    view = rv.explore(spaces["plain"][0], mode="dark")
    assert view.code() == 'view = rv.explore(spaces, mode="dark")'
    view = rv.explore(spaces["plain"], layout="pca")
    view.edges = "all"
    view.select("p3")
    assert view.code() == (
        'view = rv.explore(spaces, layout="pca", seed=0)\n'
        'view.edges = "all"\n'
        'view.select(["p3"])'
    )


def test_code_of_hostile_names_is_code():
    bad = ['"); import os; ("', "a'b\"c\\", "{x!r}", "line\nbreak", "\N{GRINNING FACE}"]
    own = embedding(
        "plain", 0, ids=[f"{bad[i % 5]}{i}" for i in range(N)],
        metadata=pd.DataFrame({bad[1]: ["u", "v"] * (N // 2)}),
        modalities={bad[0]: np.eye(N)[:, :2], bad[1]: np.eye(N)[:, 1:]},
    )  # fmt: skip
    two = {bad[0]: own, bad[3]: own}
    view = rv.explore(two, k=3, layout="pca", color=bad[1], space=bad[0])
    view.weights = {bad[0]: 2, bad[1]: 0.5}
    view.select(own.ids[:5])
    again = remade(view, two)
    assert again._arguments() == view._arguments()
    assert ids(again) == own.ids[:5].tolist()
    assert again.variants == (bad[0], bad[3])


@given(st.text())
def test_any_text_survives_code(text):
    assert eval(_quoted(text)) == text


def test_code_of_seeds_that_numpy_made(spaces):
    for run in spaces["plain"]:
        run.info["seed"] = np.int64(run.info["seed"])
    view = rv.explore(spaces["plain"], k=3, layout="pca")
    view.seed = 1
    assert remade(view, spaces["plain"]).seed == 1


def test_each_variant_may_have_seeds_of_its_own(spaces):
    pair = {"a": spaces["plain"][1], "b": spaces["both"][2]}
    view = rv.explore(pair, k=3, layout="pca", variants=["b"])
    assert view.seed == 2
    assert titles(view) == ["b, seed 2"]
    view = rv.explore(pair, k=3, layout="pca", seed=2)
    assert titles(view) == ["a, seed 1", "b, seed 2"]
    assert view.variant == "b"


def test_the_button_is_answered(view, monkeypatch):
    sent = []
    button = view.controls.actions.code
    monkeypatch.setattr(type(button), "send", lambda _, content: sent.append(content))
    button._handle_custom_msg({"kind": "code", "words": []}, [])
    assert sent == [{"kind": "code", "text": view.code()}]


# Errors, and what happens while nobody asks


def test_errors_are_shown(view, monkeypatch):
    def fail(*_):
        raise ValueError("`k` is unlucky, got 13.")

    monkeypatch.setattr(view, "_redraw", fail)
    with pytest.raises(ValueError, match="unlucky"):  # a kernel shows it in the pane
        view.controls["k"].value = 13
    assert view._notice.status.value == "ValueError: `k` is unlucky, got 13."
    assert view._notice.errors in view.widget.children


async def settled(view):
    for _ in range(400):
        await asyncio.sleep(0.05)
        if not view._waiting:
            return


def test_layouts_and_bands_come_after_the_first_paint(spaces):
    async def notebook():
        view = rv.explore(spaces, k=3)
        first = flat(view), view.map.places["together"], view._notice.status.value
        bands = cell(view, "purity")["band"]
        await settled(view)
        return view, first, bands

    view, (first, together, told), bands = asyncio.run(notebook())
    np.testing.assert_array_equal(
        first, rv.project(spaces["plain"][0], "pca").coordinates
    )
    assert not together
    assert told == "computing the layout …"
    assert bands == ""
    assert view._notice.status.value == ""
    np.testing.assert_array_equal(
        flat(view), rv.project(spaces["plain"][0], "umap").coordinates
    )
    assert view.map.places["together"]
    assert cell(view, "purity")["band"].startswith("2 seeds ")
    assert cell(view, "purity", "both")["band"].startswith("3 seeds ")


def test_what_is_not_shown_is_made_ready():
    every = {name: embedding(name, 0) for name in ("a", "b", "c")}

    async def notebook():
        view = rv.explore(every, k=3)
        await settled(view)
        return view

    view = asyncio.run(notebook())
    assert view.variants == ("a", "c")
    ready = {place.variant for place, _ in view._atlas._layouts}
    assert ready == {"a", "b", "c"}


def test_a_closed_explorer_computes_nothing(spaces):
    async def notebook():
        view = rv.explore(spaces, k=3)
        atlas = view._atlas
        view.close()
        await asyncio.sleep(0.3)
        return atlas

    atlas = asyncio.run(notebook())
    assert not [method for _, method in atlas._layouts if method != "pca"]


# Cells that run again


def test_close_frees_all_widgets(spaces):
    before = set(W.widget._instances)
    view = rv.explore(spaces, k=3, layout="pca")
    view.edges = "by modality"
    assert len(set(W.widget._instances) - before) > 20
    view.close()
    assert set(W.widget._instances) == before


def test_a_closed_explorer_is_an_empty_shell(spaces):
    """Notebooks keep every value a cell has returned, whatever is closed."""
    view = rv.explore(spaces, k=3, layout="pca")
    atlas = weakref.ref(view._atlas)
    maps = weakref.ref(view.map)
    view.close()
    view.close()  # again, which nobody minds
    gc.collect()
    assert atlas() is None
    assert maps() is None
    for ask in (lambda: view.selected, lambda: view.k, lambda: repr(view)):
        with pytest.raises(RuntimeError, match="closed") as error:
            ask()
        assert str(error.value) == (
            "this explorer is closed, as it is when its cell runs again: use the new "
            "one."
        )


def test_a_misspelt_attribute_is_told(view):
    with pytest.raises(AttributeError, match=r"'Explorer' object has no .* 'selectd'"):
        _ = view.selectd


def test_running_a_cell_again_frees_what_it_made(spaces, monkeypatch):
    run = iter(["first", "second", "second"])
    monkeypatch.setattr(lifetime, "running_cell", lambda: ("cell", next(run)))
    monkeypatch.setattr(lifetime, "_made", {})
    before = set(W.widget._instances)
    rv.explore(spaces, k=3, layout="pca")
    first = set(W.widget._instances) - before
    rv.explore(spaces, k=3, layout="pca")
    assert not first & set(W.widget._instances)
    second = set(W.widget._instances) - before
    assert len(second) == len(first)
    rv.explore(spaces, k=3, layout="pca")  # two in one run both stay
    assert second < set(W.widget._instances)


def test_outside_notebooks_nothing_is_remembered():
    assert lifetime.running_cell() == ("", "")


def test_explorer_is_exported():
    assert isinstance(rv.explore, type(rv.knn))
    assert Explorer.__doc__.startswith("Maps side by side")
