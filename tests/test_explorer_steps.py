"""Search, undo, code, and the life of an explorer, without a browser."""

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
    do,
    embedding,
    flat,
    ids,
    lasso,
    move,
    said,
    settled,
    titles,
)
from hypothesis import given
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz.explorer.code import _quoted
from refnet_viz.explorer.picture import arguments_of, state_figure
from refnet_viz.explorer.state import History
from refnet_viz.widgets import lifetime
from refnet_viz.widgets.explorer import Explorer
from refnet_viz.widgets.screen import Screen

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
    assert view.screen.settings["words"] == text


def test_search_looks_in_predictions_of_the_focus(view):
    # The first is an ant that is taken for a bee.
    assert "p0" in view.search("bee")["id"].tolist()
    assert view.search("ant bee")["id"].tolist() == ["p0"]


def test_search_that_finds_nothing_says_so(view):
    view.select(["p1"])
    view.search("<b>zebra")
    assert said(view) == "no point has '<b>zebra' in its words"
    view.search("")
    assert said(view) == ""


def test_typing_searches(view):
    move(view, search="bee")
    assert len(view.selected) == N // 3 + 1
    view.select(["p4"])
    assert (
        view.screen.settings["words"] == ""
    )  # the words no longer say what is selected
    assert ids(view) == ["p4"]
    move(view, search="cat")
    move(view, search="")
    assert view.selected.empty


def test_many_points_are_searched_when_the_word_is_whole():
    many = rv.Embedding.from_arrays(np.zeros((5_001, 2)) + np.arange(5_001)[:, None])
    few = rv.Embedding.from_arrays(np.arange(10.0).reshape(5, 2))
    for space, live in ((many, False), (few, True)):
        view = rv.explore(space, k=2, layout="pca")
        assert view.screen.offers["live"] is live
        view.close()


# Undo


MOVES = {
    "variants": ("both",),
    "seed": 1,
    "space": "text",
    "metric": "cosine",
    "layout": "umap",
    "color": "kind",
    "k": 7,
    "edges": "all",
    "baseline": "both",
    "weights": {"image": 2.0, "text": 0.5},
    "variant": "both",
}


@pytest.mark.parametrize("name", MOVES)
def test_undo(view, name):
    before, shown = getattr(view, name), [view.screen.get_state(n) for n in MAPPED]
    assert not view.screen.settings["undo"]
    setattr(view, name, MOVES[name])
    assert getattr(view, name) != before
    if name == "variant":  # to look at another map changes nothing of what is shown
        assert not view.screen.settings["undo"]
        return
    assert view.screen.settings["undo"]
    do(view, "undo")
    assert getattr(view, name) == before
    assert [view.screen.get_state(n) for n in MAPPED] == shown
    assert not view.screen.settings["undo"]


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
        (["p3"], "all", "both"),
        (cats, "all", "plain"),
        (["p1"], "all", "plain"),
        (["p1"], "none", "plain"),
        ([], "none", "plain"),
    ]
    assert (ids(view), view.edges, view.variant) == states[-1]  # there is no more
    assert view.screen.settings["words"] == ""


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
        (lambda view, i: move(view, k=4 + i), lambda v: v.k),
        (
            lambda view, i: move(view, weights={"image": 1, "text": 0.5 - i / 10}),
            lambda v: v.weights["text"],
        ),
        (
            lambda view, i: move(view, search="cats"[: i + 1]),
            lambda v: v.screen.settings["words"],
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
    assert arguments_of(again._view) == arguments_of(view._view)
    assert again.code() == view.code()
    assert ids(again) == ["p1", "p3"]
    assert again.variant == view.variant
    for name in MAPPED:
        assert again.screen.get_state(name) == view.screen.get_state(name)
    stored = state_figure(spaces, **arguments_of(view._view))  # as manifests keep it
    assert stored == view.snapshot()


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
        "plain",
        0,
        ids=[f"{bad[i % 5]}{i}" for i in range(N)],
        metadata=pd.DataFrame({bad[1]: ["u", "v"] * (N // 2)}),
        modalities={bad[0]: np.eye(N)[:, :2], bad[1]: np.eye(N)[:, 1:]},
    )
    two = {bad[0]: own, bad[3]: own}
    view = rv.explore(two, k=3, layout="pca", color=bad[1], space=bad[0])
    view.weights = {bad[0]: 2, bad[1]: 0.5}
    view.select(own.ids[:5])
    again = remade(view, two)
    assert arguments_of(again._view) == arguments_of(view._view)
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
    monkeypatch.setattr(Screen, "send", lambda _, content: sent.append(content))
    do(view, "code")
    assert sent == [{"kind": "code", "text": view.code()}]


# Errors, and what happens while nobody asks


def test_errors_are_shown(view, monkeypatch):
    def fail(*_):
        raise ValueError("`k` is unlucky, got 13.")

    monkeypatch.setattr(view, "_redraw", fail)
    move(view, k=13)  # which ipywidgets would only log
    assert view.screen.notice["words"] == "ValueError: `k` is unlucky, got 13."
    output = view.screen.notice["output"]
    assert output.startswith("Traceback")
    assert output.endswith("ValueError: `k` is unlucky, got 13.\n")


def test_what_listeners_print_is_shown_until_the_next_event(view):
    view.on_select(lambda points: print(len(points), "points"))
    do(view, "click", 0, 3, False)
    assert view.screen.notice["output"] == "1 points\n"
    move(view, k=5)
    assert view.screen.notice["output"] == ""


def test_a_control_is_answered_also_where_it_fails(view, monkeypatch):
    sent = []
    monkeypatch.setattr(Screen, "send", lambda _, content: sent.append(content["kind"]))
    move(view, k=5)
    move(view, variants=[])
    monkeypatch.setattr(view, "_redraw", lambda *_: 1 / 0)
    move(view, k=6)
    assert sent == ["done"] * 3


def test_layouts_and_bands_come_after_the_first_paint(spaces):
    async def notebook():
        view = rv.explore(spaces, k=3)
        first = (
            flat(view),
            view.screen.places["together"],
            view.screen.progress["words"],
        )
        bands = cell(view, "purity")["band"]
        await settled(view)
        return view, first, bands

    view, (first, together, told), bands = asyncio.run(notebook())
    np.testing.assert_array_equal(
        first, rv.project(spaces["plain"][0], "pca").coordinates
    )
    assert not together
    assert told == "computing: layout of plain"
    assert bands == ""
    assert view.screen.progress["words"] == view.screen.notice["words"] == ""
    np.testing.assert_array_equal(
        flat(view), rv.project(spaces["plain"][0], "umap").coordinates
    )
    assert view.screen.places["together"]
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
    ready = {key[1].variant for key in view._store.cache if key[0] == "layout"}
    assert ready == {"a", "b", "c"}


@pytest.mark.parametrize("budget", [1, 40_000, 1 << 26])
def test_neighbours_in_other_spaces_come_whatever_the_store_has_dropped(spaces, budget):
    async def notebook():
        view = rv.explore(spaces, k=3, layout="pca")
        view._store.cache.budget = budget
        await asyncio.wait_for(settled(view), 600)
        for k in (4, 5, 6, 3):  # the store drops what is older
            view.k = k
        await asyncio.wait_for(settled(view), 600)
        view._on_hover(1, 7)
        await asyncio.wait_for(settled(view), 600)
        return view

    view = asyncio.run(notebook())
    assert view.screen.detail["title"] == "p7 in both"
    if budget > 1:
        spaces_shown = [tile["heading"] for tile in view.screen.detail["elsewhere"]]
        assert [heading.split(" space")[0] for heading in spaces_shown] == [
            "in the image",
            "in the text",
            "in the sum",
        ]
    assert cell(view, "purity")["band"].startswith("2 seeds ")


def test_a_closed_explorer_computes_nothing(spaces):
    async def notebook():
        view = rv.explore(spaces, k=3)
        store, (_, running) = view._store, view._meanwhile.running
        view.close()
        while running._thread.is_alive():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)  # what the thread left to be done
        return store

    store = asyncio.run(notebook())
    layouts = [key for key in store.cache if key[0] == "layout"]
    assert {method for *_, method in layouts} <= {"pca"}


# Cells that run again


def test_close_frees_all_widgets(spaces):
    before = set(W.widget._instances)
    view = rv.explore(spaces, k=3, layout="pca")
    view.edges = "by modality"
    assert set(W.widget._instances) - before
    view.close()
    assert set(W.widget._instances) == before


def test_a_closed_explorer_is_an_empty_shell(spaces):
    """Notebooks keep every value a cell has returned, whatever is closed."""
    view = rv.explore(spaces, k=3, layout="pca")
    store = weakref.ref(view._store)
    maps = weakref.ref(view.screen)
    view.close()
    view.close()  # again, which nobody minds
    gc.collect()
    assert store() is None
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
    views = [rv.explore(spaces, k=3, layout="pca")]
    first = set(W.widget._instances) - before
    views.append(rv.explore(spaces, k=3, layout="pca"))
    assert not first & set(W.widget._instances)
    second = set(W.widget._instances) - before
    assert len(second) == len(first)
    views.append(rv.explore(spaces, k=3, layout="pca"))  # two in one run both stay
    assert second < set(W.widget._instances)


def test_outside_notebooks_nothing_is_remembered():
    assert lifetime.running_cell() == ("", "")


def test_explorer_is_exported():
    assert isinstance(rv.explore, type(rv.knn))
    assert Explorer.__doc__.startswith("Maps side by side")
