"""The explorer without a browser: every control, several maps, selections."""

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest
from exploring import (
    N,
    at,
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
    ids,
    key,
    lasso,
    move,
    names,
    notes,
    offered,
    pairs,
    said,
    titles,
)

import refnet_viz as rv
from refnet_viz.graph import edge_diff


@pytest.fixture
def four():
    """Return five variants of which four are shown."""
    every = {name: embedding(name, 0) for name in ("a", "b", "c", "d", "e")}
    made = rv.explore(every, k=3, layout="pca", variants=("a", "b", "c", "d"))
    yield made
    made.close()


# What is shown at first


def test_first_view(view, spaces):
    assert view.variants == ("plain", "both")
    assert view.variant == "plain"
    assert titles(view) == ["plain, seed 0", "both, seed 0"]
    assert at(view, spaces, "plain")
    assert at(view, spaces, "both", panel=1)
    assert names(view) == [f"p{i}" for i in range(N)]
    assert view.screen.said["words"] == ["ant", "bee", "cat"] * (N // 3)
    assert key(view) == ["ant", "bee", "cat"]
    assert colored(view) == colored(view, 1) == view.screen.said["words"]
    first, second = notes(view).split("\n")
    assert first.startswith("latent space, 58 % + 32 % of the variance (48 % + 30 % ")
    assert second.startswith("PCA, trustworthiness ")
    assert edges(view) == edges(view, 1) == set()
    assert view.selected.empty
    assert chosen(view) is None
    assert "Point at a dot" in view.screen.detail["hint"]


def test_repr_says_the_state_and_no_arrays(spaces):
    view = rv.explore(spaces["plain"][0], k=3, layout="pca")
    view.select(["p1", "p2"])
    assert repr(view) == (
        "Explorer(variants=('plain',), seed=0, space='latent', metric='euclidean', "
        "layout='pca', color='label', k=3, edges='none', baseline='plain', "
        "weights={'image': 1.0, 'text': 1.0}, names='auto', epoch=None, "
        "selected=2)"
    )


@pytest.mark.parametrize(
    ("shape", "variants", "seeds"),
    [
        (lambda s: s["plain"][0], ("plain",), [0]),
        (lambda s: s["plain"], ("plain",), [0, 1]),
        (lambda s: s["plain"][0].z, ("embedding",), [0]),
        (lambda s: {"mine": s["plain"][1]}, ("mine",), [1]),
        (lambda s: s, ("plain", "both"), [0, 1]),
    ],
)
def test_shapes(spaces, shape, variants, seeds):
    view = rv.explore(shape(spaces), k=3, layout="pca")
    assert view.variants == variants
    assert view.variant == view.baseline == variants[0]
    assert view._store.embeddings.seeds(variants[0]) == seeds


def test_a_users_own_vectors_need_nothing_else():
    own = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(9, 2)))
    view = rv.explore({"a": own, "b": own}, k=2, layout="pca")
    heads = [column["name"] for column in view.screen.strip["columns"]]
    assert heads == ["hubness", "reciprocity", "rewiring from a"]
    assert view.screen.said == {"names": [str(i) for i in range(9)], "words": []}
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
        "`spaces['both']` must have the same ids as `spaces['plain']`, in any order, "
        f"got {N} and {N} of which 0 are the same: 'q0' is only in `spaces['both']`."
    )


# Panels


def test_one_to_four_panels(four):
    for shown in (("c",), ("c", "a"), ("e", "b", "a"), ("d", "c", "b", "a")):
        four.variants = shown
        assert four.variants == shown
        assert titles(four) == [f"{name}, seed 0" for name in shown]
        assert [row["name"] for row in four.screen.strip["rows"]] == list(shown)
        parts = (four.screen.places, four.screen.edges, four.screen.colors)
        assert [len(part["panels"]) for part in parts] == [len(shown)] * 3
        assert four.screen.settings["values"]["variants"] == list(shown)


def test_the_fifth_and_the_last_toggle_go_back(four):
    move(four, variants=[*"abcde"])
    assert four.screen.settings["values"]["variants"] == [*"abcd"]
    assert four.variants == ("a", "b", "c", "d")
    assert said(four) == "`variants` must be 1 to 4 of them, got 5."
    for rest in ("acd", "ad", "a"):
        move(four, variants=[*rest])
    assert said(four) == ""
    for _ in range(2):  # said again when it is tried again
        move(four, variants=[])
        assert four.screen.settings["values"]["variants"] == ["a"]
        assert four.variants == ("a",)
        assert said(four) == "`variants` must be 1 to 4 of them, got 0."


def test_variants_are_shown_in_the_order_they_are_set(four):
    move(four, variants=["e", "c", "a", "d"])
    assert four.variants == ("e", "c", "a", "d")


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
    assert view.screen.texts["focus"] == 1
    assert [row["focused"] for row in view.screen.strip["rows"]] == [False, True]
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
    assert four.screen.texts["focus"] == 3
    with pytest.raises(ValueError, match="`variant`"):
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
    assert offered(view, "seed") == ["0", "1"]
    move(view, seed="1")
    assert view.seed == 1


def test_space(view, spaces):
    view.space, view.edges = "image", "all"
    assert at(view, spaces, "plain", space="image")
    assert edges(view) == ends(graph(spaces, "plain", space="image"))
    # Of two features that are the map.
    assert notes(view).startswith("image space, 74 % + 26 % of the variance (")


def test_cosine(view, spaces):
    before = flat(view)
    view.metric, view.edges = "cosine", "all"
    expected = ends(graph(spaces, "plain", metric="cosine"))
    assert edges(view) == expected != ends(graph(spaces, "plain"))
    np.testing.assert_array_equal(flat(view), before)
    assert notes(view).startswith("latent space, cosine\n")
    assert ", layout of Euclidean distances\n" in notes(view)
    view.space, view.weights = "sum", {"image": 2, "text": 0}
    assert "weights" not in view.screen.offers["controls"]
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
    if kind == "gained":
        assert edges(view) == set()
        assert notes(view).endswith("\nthis is the baseline: nothing is gained")
    else:  # the baseline shows them at its own places
        assert edges(view) == edges(view, 1)
        assert notes(view).endswith(f"{kind} edges (in both)")
    view.variants = ("plain",)  # with nothing to compare it with
    assert edges(view) == set()
    assert notes(view).endswith(f"\nthis is the baseline: nothing is {kind}")


def test_the_baseline_shows_what_the_map_in_focus_has_lost(spaces):
    other = {**spaces, "third": [embedding("third", 0)]}
    view = rv.explore(other, k=3, layout="pca", variants=("plain", "both", "third"))
    view.edges = "lost"
    assert notes(view).endswith(" lost edges (in both)")  # the first one
    do(view, "focus", 2)
    diff = edge_diff(graph(other, "plain"), graph(other, "third"))
    assert edges(view) == pairs(diff.lost)
    assert notes(view).endswith(" lost edges (in third)")


def test_another_baseline(view, spaces):
    view.baseline, view.edges = "both", "gained"
    diff = edge_diff(graph(spaces, "both"), graph(spaces, "plain"))
    assert edges(view, 0) == pairs(diff.gained)
    assert notes(view, 1).endswith("this is the baseline: nothing is gained")
    assert view.screen.strip["columns"][-1]["name"] == "rewiring from both"


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
    assert not view.screen.places["together"]
    view.layout = "aligned"
    np.testing.assert_array_equal(flat(view), apart[0].coordinates)
    aligned = rv.project(spaces["both"][0], "aligned", reference=apart[0])
    np.testing.assert_array_equal(flat(view, 1), aligned.coordinates)
    assert view.screen.places["together"]  # places mean the same, so they are shared
    assert "\naligned UMAP, rate " in notes(view, 1)
    view.layout = "pca"
    assert at(view, spaces, "plain")
    assert not view.screen.places["together"]


def test_the_same_points_lie_at_the_same_places(spaces):
    same = {
        name: [
            rv.Embedding(**{**vars(e), "inputs": spaces["plain"][0].inputs})
            for e in runs
        ]
        for name, runs in spaces.items()
    }
    view = rv.explore(same, k=3, space="image")
    np.testing.assert_array_equal(flat(view), flat(view, 1))
    view.space = "latent"
    assert not np.array_equal(flat(view), flat(view, 1))


def test_moving_a_control_is_the_same(view):
    move(view, k=6, edges="kept", variants=["both"])
    move(view, color="rewiring", baseline="both")
    found = (view.k, view.variants, view.edges, view.color, view.baseline)
    assert found == (6, ("both",), "kept", "rewiring", "both")
    assert view.variant == "both"
    assert "\nthis is the baseline: nothing is kept, names: " in notes(view)


def test_what_has_one_choice_is_not_shown(view):
    def shown(explorer):
        return set(explorer.screen.offers["controls"])

    always = {"color", "edges", "k", "metric", "layout", "space", "names"}
    assert shown(view) == always | {"variants", "seed", "baseline"}
    alone = rv.explore(embedding("plain", 0), k=3, layout="pca")
    assert shown(alone) == always
    assert titles(alone) == ["plain"]
    assert offered(alone, "edges") == ["none", "all", "by modality"]
    assert "rewiring" not in offered(alone, "color")
    heads = [column["name"] for column in alone.screen.strip["columns"]]
    assert not [name for name in heads if name.startswith("rewiring")]
    alone.edges = "kept"  # can be chosen in Python, and is offered then
    assert "kept" in offered(alone, "edges")
    bare = rv.explore(np.random.default_rng(0).normal(size=(2, 2)), k=1, layout="pca")
    assert shown(bare) == {"color", "edges", "metric", "layout", "names"}


def test_groups_of_hidden_controls_are_hidden(view):
    def groups(explorer):
        controls = {*explorer.screen.offers["controls"], "code"}
        every = explorer.screen.offers["groups"]
        return [one["title"] for one in every if controls & {*one["names"]}]

    assert groups(view) == [
        "Which run",
        "What is near",
        "Where points lie",
        "What is compared",
        "What is written on the maps",
        "Code",
    ]
    alone = rv.explore(embedding("plain", 0), k=3, layout="pca")
    assert groups(alone) == [
        "What is near",
        "Where points lie",
        "What is written on the maps",
        "Code",
    ]


def test_few_spaces_are_buttons(view):
    assert view.screen.offers["controls"]["space"]["kind"] == "buttons"
    rng = np.random.default_rng(0)
    parts = {name: rng.normal(size=(9, 2)) for name in "abcd"}  # and latent and sum
    more = rv.Embedding.from_arrays(rng.normal(size=(9, 2)), modalities=parts)
    many = rv.explore(more, k=2, layout="pca")
    assert many.screen.offers["controls"]["space"]["kind"] == "choice"


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
        ({"mode": "dim"}, "`mode` must be one of 'light', 'dark', 'auto', got 'dim'."),
        (
            {"color": "hue"},
            "`color` must be one of 'label', 'prediction', 'correct', 'purity', "
            "'rewiring', 'in-degree', 'kind', 'size', got 'hue'.",
        ),
    ],
)
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
        ("k", 0),
        ("seed", 7),
        ("edges", "some"),
        ("epoch", 3),
        ("metric", "l1"),
    ):
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
    do(view, "class", [2], "alone")
    assert set(view.selected["label"]) == {"cat"}
    assert len(view.selected) == N // 3
    view.color = "kind"
    do(view, "class", view.screen.key["entries"][1]["codes"], "alone")
    assert set(view.selected["kind"]) == {"y"}


def test_legend_adds_removes_and_says_what_is_on(view):
    def on():
        return [entry["on"] for entry in view.screen.key["entries"]]

    assert on() == ["none"] * 3
    do(view, "class", [0], "alone")
    do(view, "class", [2], "add")
    assert on() == ["all", "none", "all"]
    assert len(view.selected) == 2 * N // 3
    do(view, "class", [0], "remove")
    assert on() == ["none", "none", "all"]
    do(view, "class", [2], "alone")  # a second click clears
    assert view.selected.empty
    view.select(["p0", "p1"])
    assert on() == ["some", "some", "none"]


def test_legend_speaks_of_the_map_in_focus():
    one, two = embedding("one", 0), embedding("two", 0)
    told = np.where(two.labels == 0, 1, two.predictions)
    two = rv.Embedding(**{**vars(two), "predictions": told})
    view = rv.explore({"one": one, "two": two}, k=3, layout="pca", color="prediction")
    do(view, "class", [0], "alone")
    assert len(view.selected) == N // 3 - 1  # the first one is predicted wrong
    assert view.screen.key["entries"][0]["count"] == N // 3 - 1
    do(view, "focus", 1)
    assert view.screen.key["entries"][0]["count"] == 0
    do(view, "class", [0], "alone")
    assert view.selected.empty


def test_a_neighbour_in_the_pane_selects_it(view, spaces):
    do(view, "hover", 1, 4)
    row = view.screen.detail["rows"][0]["row"]
    assert row == graph(spaces, "both").indices[4][0]
    view.screen._handle_custom_msg({"kind": "row", "words": [row]}, [])
    assert ids(view) == [f"p{row}"]
    assert view.screen.detail["title"] == f"p{row} in plain"


def test_the_pane_speaks_of_a_point_whose_map_is_gone(view, spaces):
    do(view, "hover", 1, 4)
    assert view.screen.detail["title"] == "p4 in both"
    view.variants = ("plain",)
    assert view.screen.detail["title"] == "p4"
    view.variants = ("both", "plain")
    assert view.screen.detail["title"] == "p4 in both"  # where it was pointed at
    assert [row["row"] for row in view.screen.detail["rows"]] == (
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
    told = [
        "; ".join(n for n, on in zip("abc", row, strict=True) if on) or "none"
        for row in labels[:2]
    ]
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
    assert view.screen.settings["clear"]
    do(view, "clear")
    assert view.selected.empty
    assert not view.screen.settings["clear"]


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
        {"color": "kind"},
        {"variant": "both"},
        {"k": 5},
        {"space": "text"},
        {"seed": 1},
        {"edges": "all"},
        {"layout": "umap"},
        {"baseline": "both"},
        {"metric": "cosine"},
        {"variants": ("both", "plain")},
    ],
)
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
