"""The explorer without a browser: every control, selection, and each known trap."""

import asyncio
import copy
import io
import json
import re
from dataclasses import replace

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plotly.basedatatypes import Undefined

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, edge_diff, knn, rewiring
from refnet_viz.plot.rewiring import chance_rewiring
from refnet_viz.responsibility import scores_by_point
from refnet_viz.widgets import atlas as atlas_module
from refnet_viz.widgets import figure as drawing
from refnet_viz.widgets import lifetime
from refnet_viz.widgets.explorer import Explorer

HOSTILE = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "a<b & c>d",
)
POINTS, EDGES, KEYS = drawing.POINTS, drawing.EDGES, drawing.KEYS
N = 24


def png(color):
    file = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(file, "PNG")
    return file.getvalue()


def embedding(variant, seed, **options):
    """24 points of 3 classes; the noise differs by variant and seed."""
    rng = np.random.default_rng([seed, *variant.encode()])
    labels = np.arange(N) % 3
    z = np.eye(3)[labels] * 2 + rng.normal(size=(N, 3))
    settings = {
        "ids": [f"p{i}" for i in range(N)], "labels": labels,
        "modalities": {"image": z[:, :2], "text": z[:, 1:]},
        "class_names": ["ant", "bee", "cat"],
        "media": Media(
            tuple(png((i * 9, 0, 0)) for i in range(N)),
            tuple(f"text {i}" for i in range(N)),
        ),
        "metadata": pd.DataFrame({
            "kind": ["x", "y"] * (N // 2), "size": np.linspace(0, 1, N),
        }), **options,
    }  # fmt: skip
    made = Embedding.from_arrays(z, **settings)
    made.info.update(seed=seed, variant=variant)
    told = settings["labels"].copy()
    told[0] = 1
    return rv.Embedding(**{**vars(made), "predictions": told})


@pytest.fixture
def spaces():
    return {
        "plain": [embedding("plain", 0), embedding("plain", 1)],
        "both": [embedding("both", 0), embedding("both", 1), embedding("both", 2)],
    }


@pytest.fixture
def view(spaces):
    return rv.explore(spaces, k=3, layout="pca")


def lasso(figure, points, trace=POINTS):
    """Select points as a user would."""
    xs, ys = figure.data[trace].x[points], figure.data[trace].y[points]
    figure._js2py_pointsCallback = {
        "event_type": "plotly_selected", "device_state": None,
        "points": {
            "trace_indexes": [trace] * len(points), "point_indexes": list(points),
            "xs": list(xs), "ys": list(ys),
        },
        "selector": {
            "type": "lasso", "selector_state": {"xs": list(xs), "ys": list(ys)},
        },
    }  # fmt: skip


def event(figure, kind, points=()):
    figure._js2py_pointsCallback = {
        "event_type": kind, "device_state": None, "selector": None,
        "points": {
            "trace_indexes": [POINTS] * len(points), "point_indexes": list(points),
            "xs": [0.0] * len(points), "ys": [0.0] * len(points),
        },
    }  # fmt: skip


def graph(spaces, variant, seed=0, k=3, space="latent"):
    return knn(spaces[variant][seed], k, space=space)


def drawn_edges(view):
    """Return the ends of the drawn edges as pairs of rows, found by coordinates."""
    points, lines = view.figure.data[POINTS], view.figure.data[EDGES]
    where = {pair: i for i, pair in enumerate(zip(points.x, points.y, strict=True))}
    ends = list(zip(lines.x, lines.y, strict=True))
    return {
        tuple(sorted((where[a], where[b])))
        for a, b in zip(ends[::3], ends[1::3], strict=True)
    }


def pairs(array):
    return {tuple(sorted(pair)) for pair in array.tolist()}


def card(view, name):
    return next(c for c in view.strip.content["cards"] if c["name"].startswith(name))


def key(view):
    return [t.name for t in view.figure.data[KEYS:] if t.visible]


# What is shown at first


def test_first_view(view, spaces):
    trace = view.figure.data[POINTS]
    layout = rv.project(spaces["plain"][0], "pca")
    np.testing.assert_array_equal(trace.x, layout.coordinates[:, 0])
    np.testing.assert_array_equal(trace.y, layout.coordinates[:, 1])
    assert trace.customdata.tolist() == [f"p{i}" for i in range(N)]
    assert key(view) == ["ant", "bee", "cat"]
    assert view.figure.layout.title.text.startswith(
        "<b>plain</b>, seed 0, latent space<br>"
    )
    assert "trustworthiness" in view.figure.layout.title.text
    assert len(view.figure.data[EDGES].x) == 0
    assert view.selected.empty
    assert "Point at a dot" in view.detail.content["hint"]


def test_one_point_trace_lies_above_the_edges(view):
    full = [
        i for i, t in enumerate(view.figure.data) if t.x is not None and len(t.x) > 1
    ]
    assert full == [POINTS]
    assert EDGES < POINTS


def test_repr_says_the_state_and_no_arrays(view):
    assert repr(view) == (
        "Explorer(variant='plain', seed=0, space='latent', layout='pca', "
        "color='label', k=3, edges='none', baseline='plain', selected=0)"
    )


@pytest.mark.parametrize(
    ("shape", "variant", "seeds"),
    [
        (lambda s: s["plain"][0], "embedding", [0]),
        (lambda s: s["plain"], "embedding", [0, 1]),
        (lambda s: {"mine": s["plain"][1]}, "mine", [1]),
    ],
)
def test_other_shapes(spaces, shape, variant, seeds):
    view = rv.explore(shape(spaces), k=3, layout="pca")
    assert view.variant == view.baseline == variant
    assert view._atlas.seeds(variant) == seeds


# Every control, moved from Python


def test_variant(view, spaces):
    view.variant = "both"
    layout = rv.project(spaces["both"][0], "pca")
    np.testing.assert_array_equal(view.figure.data[POINTS].x, layout.coordinates[:, 0])
    assert view.controls["variant"].value == "both"
    assert view.figure.layout.title.text.startswith("<b>both</b>, seed 0")


def test_seed(view, spaces):
    view.seed = 1
    layout = rv.project(spaces["plain"][1], "pca")
    np.testing.assert_array_equal(view.figure.data[POINTS].x, layout.coordinates[:, 0])


def test_seeds_follow_the_variant(view):
    view.variant = "both"
    view.seed = 2
    view.variant = "plain"
    assert view.seed == 0
    assert [value for _, value in view.controls["seed"]._options_full] == [0, 1]


def test_space(view, spaces):
    view.space = "image"
    layout = rv.project(spaces["plain"][0], "pca", space="image")
    np.testing.assert_array_equal(view.figure.data[POINTS].x, layout.coordinates[:, 0])
    view.edges = "all"
    edges = graph(spaces, "plain", space="image").edges()
    assert drawn_edges(view) == pairs(np.column_stack([edges.source, edges.target]))


def test_k_changes_edges_and_numbers(view, spaces):
    view.edges = "all"
    for k in (3, 5):
        view.k = k
        edges = graph(spaces, "plain", k=k).edges()
        assert drawn_edges(view) == pairs(np.column_stack([edges.source, edges.target]))
        purity = METRICS["purity"].function(graph(spaces, "plain", k=k))
        assert card(view, "purity")["whole"] == f"{purity:.2f}"


@pytest.mark.parametrize("kind", ["kept", "gained", "lost"])
def test_edges_refer_to_the_baseline(view, spaces, kind):
    view.variant, view.edges = "both", kind
    diff = edge_diff(graph(spaces, "plain"), graph(spaces, "both"))
    assert drawn_edges(view) == pairs(getattr(diff, kind))
    count = len(getattr(diff, kind))
    assert f"{count} {kind} edges" in view.figure.layout.title.text
    dashes = {"kept": "solid", "gained": "dash", "lost": "dot"}
    assert view.figure.data[EDGES].line.dash == dashes[kind]


def test_another_baseline(view, spaces):
    view.variant, view.baseline, view.edges = "plain", "both", "gained"
    diff = edge_diff(graph(spaces, "both"), graph(spaces, "plain"))
    assert drawn_edges(view) == pairs(diff.gained)


def test_the_baseline_of_another_seed_is_its_first(view, spaces):
    view.variant, view.seed, view.edges = "both", 2, "lost"
    diff = edge_diff(graph(spaces, "plain", 0), graph(spaces, "both", 2))
    assert drawn_edges(view) == pairs(diff.lost)


def test_the_cap_on_edges_is_said(view, monkeypatch):
    monkeypatch.setattr(drawing, "MOST_EDGES", 7)
    view.edges = "all"
    assert len(view.figure.data[EDGES].x) == 3 * 7
    assert "7 of " in view.figure.layout.title.text
    assert "edges drawn" in view.figure.layout.title.text


def test_color_by_a_category(view):
    view.color = "kind"
    marker = view.figure.data[POINTS].marker
    assert marker.color.tolist() == [0.5, 1.5] * (N // 2)  # the middle of two steps
    (low, a), (half, a_end), (_, b), (high, b_end) = marker.colorscale
    assert (low, half, high, marker.cmin, marker.cmax) == (0, 0.5, 1, 0, 2)
    assert a == a_end == view.figure.data[KEYS].marker.color
    assert b == b_end == view.figure.data[KEYS + 1].marker.color
    assert key(view) == ["x", "y"]
    assert view.figure.layout.legend.title.text == "kind"


def test_color_by_a_number(view, spaces):
    view.variant, view.color = "both", "rewiring"
    expected = rewiring(graph(spaces, "plain"), graph(spaces, "both"))
    marker = view.figure.data[POINTS].marker
    np.testing.assert_allclose(marker.color, expected)
    assert marker.coloraxis == "coloraxis"
    assert view.figure.layout.coloraxis.showscale is True
    assert key(view) == []
    view.color = "correct"
    assert view.figure.data[POINTS].marker.coloraxis is None
    assert view.figure.layout.coloraxis.showscale is False
    assert key(view) == ["right", "wrong"]


def test_a_long_legend_is_cut_in_words(spaces):
    kinds = pd.DataFrame(
        {"many": [f"a rather long name of kind {i:02}" for i in range(N)]}
    )
    one = embedding("plain", 0, metadata=kinds)
    view = rv.explore(one, k=3, layout="pca", color="many")
    assert len(key(view)) == 24
    assert all(len(name) == drawing.LONGEST_NAME for name in key(view))
    rng = np.random.default_rng(0)
    more = Embedding.from_arrays(
        rng.normal(size=(30, 2)), metadata=pd.DataFrame({"many": map(str, range(30))})
    )
    view = rv.explore(more, k=3, layout="pca", color="many")
    assert key(view)[-1] == "and 6 more: point at them"
    assert len(key(view)) == 25


def test_number_of_a_column_is_an_amount(view):
    view.color = "size"
    marker = view.figure.data[POINTS].marker
    np.testing.assert_allclose(marker.color, np.linspace(0, 1, N))


def test_layout_umap_is_aligned(view, spaces):
    view.layout = "umap"
    reference = rv.project(spaces["plain"][0], "umap")
    np.testing.assert_array_equal(
        view.figure.data[POINTS].x, reference.coordinates[:, 0]
    )
    view.variant = "both"
    aligned = rv.project(spaces["both"][0], "aligned", reference=reference)
    np.testing.assert_array_equal(view.figure.data[POINTS].x, aligned.coordinates[:, 0])


def test_moving_a_control_is_the_same(view):
    view.controls["k"].value = 6
    view.controls["variant"].value = "both"
    view.controls["edges"].value = "kept"
    assert (view.k, view.variant, view.edges) == (6, "both", "kept")
    assert "kept edges" in view.figure.layout.title.text


# Selection


def test_lasso_reads_out(view, spaces):
    lasso(view.figure, [5, 2])
    frame = view.selected
    assert frame["id"].tolist() == ["p2", "p5"]
    assert frame["label"].tolist() == ["cat", "cat"]
    assert frame["text"].tolist() == ["text 2", "text 5"]
    assert frame["kind"].tolist() == ["x", "y"]
    g = graph(spaces, "plain")
    labels = spaces["plain"][0].labels
    assert frame["purity"].tolist() == [
        np.mean(labels[g.indices[i]] == labels[i]) for i in (2, 5)
    ]
    assert frame["in_degree"].tolist() == [np.sum(g.indices == i) for i in (2, 5)]
    assert view.figure.data[POINTS].selectedpoints == (2, 5)


def test_wrong_prediction_is_in_the_table(view):
    view.select(["p0", "p1"])
    assert view.selected["correct"].tolist() == [False, True]
    assert view.selected["prediction"].tolist() == ["bee", "bee"]


@pytest.mark.parametrize(
    "ids", [["p3", "p1"], ("p1", "p3", "p3"), {"p1", "p3"}, pd.Series(["p3", "p1"])]
)
def test_select_from_python(view, ids):
    view.select(ids)
    assert view.selected["id"].tolist() == ["p1", "p3"]
    assert view.figure.data[POINTS].selectedpoints == (1, 3)


def test_select_one_id_and_a_mask(view, spaces):
    view.select("p4")
    assert view.selected["id"].tolist() == ["p4"]
    view.select(spaces["plain"][0].labels == 1)
    assert set(view.selected["label"]) == {"bee"}
    assert len(view.selected) == N // 3


@pytest.mark.parametrize("nothing", [None, [], np.array([])])
def test_select_nothing_clears(view, nothing):
    view.select(["p1"])
    view.select(nothing)
    assert view.selected.empty
    assert view.figure.data[POINTS].selectedpoints is None


def test_double_click_and_button_clear(view):
    view.select(["p1"])
    event(view.figure, "plotly_deselect")
    assert view.selected.empty
    view.select(["p1"])
    assert not view.controls.clear.disabled
    view.controls.clear.click()
    assert view.selected.empty
    assert view.controls.clear.disabled


def test_select_refuses_strangers(view):
    with pytest.raises(ValueError, match="known") as error:
        view.select(["p1", "q"])
    assert str(error.value) == "`ids` must hold known ids, got 'q'."
    with pytest.raises(ValueError, match="as many") as error:
        view.select(np.array([True]))
    assert str(error.value) == "`ids` must have as many rows as `spaces` (24), got 1."


@pytest.mark.parametrize(
    "change",
    [
        {"color": "kind"}, {"variant": "both"}, {"k": 5}, {"space": "text"},
        {"seed": 1}, {"edges": "all"}, {"layout": "umap"}, {"baseline": "both"},
    ],
)  # fmt: skip
def test_selection_survives(view, change):
    lasso(view.figure, [1, 7, 8])
    for name, value in change.items():
        setattr(view, name, value)
    assert view.selected["id"].tolist() == ["p1", "p7", "p8"]
    assert view.figure.data[POINTS].selectedpoints == (1, 7, 8)


def test_edges_of_a_selection_touch_it(view):
    view.edges = "all"
    everything = drawn_edges(view)
    view.select(["p1"])
    assert drawn_edges(view) == {pair for pair in everything if 1 in pair}
    assert "edges that touch the selection" in view.figure.layout.title.text


def test_listeners_hear_every_selection(view):
    heard = []
    view.on_select(lambda frame: heard.append(frame["id"].tolist()))
    lasso(view.figure, [2])
    view.select(["p3"])
    view.select(None)
    assert heard == [["p2"], ["p3"], []]


def test_the_page_tells_selections_in_its_own_way(view):
    view.detail.linked = True
    lasso(view.figure, [1])  # plotly's own event is then not waited for
    assert view.selected.empty
    view.detail.picked = {"rows": [9, 4], "at": 1.0}
    assert view.selected["id"].tolist() == ["p4", "p9"]
    event(view.figure, "plotly_deselect")
    assert len(view.selected) == 2
    view.detail.picked = {"rows": [], "at": 2.0}
    assert view.selected.empty


# The metric strip


def test_strip_of_the_whole(view, spaces):
    view.variant = "both"
    g = graph(spaces, "both")
    for name in ("accuracy", "purity", "adjusted_homophily", "reciprocity", "hubness"):
        shown = card(view, name.replace("_", " "))
        assert shown["whole"] == f"{METRICS[name].function(g):.2f}"
        assert shown["nulls"] == [f"chance {METRICS[name].chance(g):.2f}"]
        assert shown["selected"] == ""
    changed = card(view, "rewiring from plain")
    expected = rewiring(graph(spaces, "plain"), g).mean()
    noise = rewiring(graph(spaces, "plain", 0), graph(spaces, "plain", 1)).mean()
    assert changed["whole"] == f"{expected:.2f}"
    assert changed["nulls"] == [
        f"chance {chance_rewiring(3, 3, N):.2f}", f"two seeds {noise:.2f}",
    ]  # fmt: skip


def test_strip_of_a_selection(view, spaces):
    view.variant = "both"
    view.select(["p0", "p1", "p2", "p3"])
    g = graph(spaces, "both")
    rows = np.arange(4)
    labels = g.labels
    purity = np.mean(labels[g.indices[rows]] == labels[rows][:, None])
    assert card(view, "purity")["selected"] == f"{purity:.2f}"
    assert card(view, "purity")["nulls"][0].endswith(", 0.30")  # 7 of the 23 others
    assert card(view, "accuracy")["selected"] == "0.75"
    assert card(view, "accuracy")["nulls"] == ["chance 0.33, 0.50"]
    changed = rewiring(graph(spaces, "plain"), g)[rows].mean()
    assert card(view, "rewiring")["selected"] == f"{changed:.2f}"
    assert view.strip.content["caption"] == "24 points, 4 selected (second number)"


def test_strip_of_the_baseline_and_of_one_seed(view, spaces):
    assert card(view, "rewiring")["nulls"] == ["this is the baseline"]
    alone = rv.explore({k: v[0] for k, v in spaces.items()}, k=3, layout="pca")
    alone.variant = "both"
    assert card(alone, "rewiring")["nulls"][1] == "seed noise unknown: one seed"


def test_without_labels_or_predictions():
    bare = Embedding.from_arrays(np.random.default_rng(0).normal(size=(9, 2)))
    view = rv.explore({"a": bare, "b": bare}, k=2, layout="pca")
    names = [c["name"] for c in view.strip.content["cards"]]
    assert names == ["reciprocity", "hubness", "rewiring from a"]
    view.select(["3"])
    assert view.selected.columns.tolist() == ["id", "rewiring", "in_degree"]
    assert [f[0] for f in view.detail.content["facts"]] == ["in-degree"]
    view.color = "in-degree"
    assert view.figure.data[POINTS].marker.color.sum() == 18


def test_several_labels_a_point():
    rng = np.random.default_rng(0)
    labels = (rng.random((12, 3)) < 0.5).astype(int)
    labels[0] = 0
    one = Embedding.from_arrays(
        rng.normal(size=(12, 2)), labels=labels, class_names=["a", "b", "c"]
    )
    one = rv.Embedding(**{**vars(one), "predictions": np.ones_like(labels)})
    view = rv.explore(one, k=2, layout="pca")
    view.select(["0", "1"])
    names = ["; ".join(n for n, on in zip("abc", row, strict=True) if on) or "none"
             for row in labels[:2]]  # fmt: skip
    assert view.selected["label"].tolist() == names
    assert view.selected["prediction"].tolist() == ["a; b; c"] * 2
    assert view.selected["correct"].tolist() == labels[:2].all(axis=1).tolist()
    assert card(view, "accuracy")["selected"] == f"{labels[:2].mean():.2f}"
    share = labels[:2].mean(axis=0)
    chance = np.maximum(share, 1 - share).mean()
    assert card(view, "accuracy")["nulls"][0].endswith(f", {chance:.2f}")


def test_beyond_five_thousand_points_webgl_draws():
    many = Embedding.from_arrays(np.random.default_rng(0).normal(size=(5_001, 2)))
    view = rv.explore(many, k=2, layout="pca")
    assert {t.type for t in view.figure.data[:KEYS]} == {"scattergl"}


# The pane


def test_hover_shows_a_point_with_its_neighbours(view, spaces):
    event(view.figure, "plotly_hover", [0])
    content = view.detail.content
    g = graph(spaces, "plain")
    assert content["title"] == "p0"
    assert content["text"] == "text 0"
    assert content["picture"].startswith("data:image/png;base64,")
    assert content["facts"][0] == ["label", "ant", ""]
    assert content["facts"][1] == ["prediction", "bee ✗", "wrong"]
    assert [row["title"] for row in content["rows"]] == [f"p{i}" for i in g.indices[0]]
    same = [bool(g.labels[i] == g.labels[0]) for i in g.indices[0]]
    assert [row["same"] for row in content["rows"]] == same
    assert content["heading"] == (
        f"3 nearest in the latent space, {sum(same)} with its label"
    )
    view.variant = "both"  # the same point, in the other variant
    other = graph(spaces, "both").indices[0]
    assert [r["title"] for r in view.detail.content["rows"]] == [f"p{i}" for i in other]


def test_selection_in_the_pane(view):
    view.select(["p0", "p3", "p1"])
    content = view.detail.content
    assert content["title"] == "3 selected"
    assert content["facts"] == [["ant", "2", ""], ["bee", "1", ""]]
    view.select(["p5"])
    assert view.detail.content["title"] == "p5"


def test_long_lists_say_what_is_left_out(view):
    view.k = 23
    event(view.figure, "plotly_hover", [0])
    assert len(view.detail.content["rows"]) == 20
    assert view.detail.content["more"] == "20 of 23 shown"


# Wrong values


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
        ({"layout": "tsne"}, "`layout` must be one of 'umap', 'pca', got 'tsne'."),
        ({"baseline": "x"}, "`baseline` must be one of 'plain', 'both', got 'x'."),
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
    with pytest.raises(ValueError, match="must be") as error:
        rv.explore(spaces, **{"k": 3, "layout": "pca", **options})
    assert str(error.value) == sentence


def test_attributes_refuse_and_stay(view):
    for name, value in (("k", 0), ("variant", "x"), ("seed", 7), ("edges", "some")):
        before = getattr(view, name)
        with pytest.raises(ValueError, match=f"`{name}` must be"):
            setattr(view, name, value)
        assert getattr(view, name) == before


def test_other_ids_are_refused(spaces):
    spaces["both"] = embedding("both", 0, ids=[f"q{i}" for i in range(N)])
    with pytest.raises(ValueError, match="same ids") as error:
        rv.explore(spaces)
    assert str(error.value) == (
        "`spaces` must all have the same ids in the same order, got others in 'both'."
    )


# Traps


def messages(figure, monkeypatch):
    sent = []
    for kind in ("update", "restyle", "relayout"):
        name = f"_send_{kind}_msg"
        real = getattr(figure, name)

        def send(*given, real=real, kind=kind, **named):
            sent.append((kind, given, named))
            return real(*given, **named)

        monkeypatch.setattr(figure, name, send)
    return sent


@pytest.mark.parametrize(
    "change",
    [
        {"color": "kind"}, {"color": "rewiring"}, {"variant": "both"},
        {"edges": "all"}, {"space": "image"},
    ],
)  # fmt: skip
def test_one_message_a_redraw(view, monkeypatch, change):
    sent = messages(view.figure, monkeypatch)
    for name, value in change.items():
        setattr(view, name, value)
    assert [kind for kind, *_ in sent] == ["update"]


def test_messages_leave_nothing_out(view):
    """A page that starts after a message with gaps would forget those properties."""
    sent = []
    view.figure.observe(lambda change: sent.append(change["new"]), "_py2js_update")
    view.color, view.edges = "kind", "all"
    updates = [message for message in sent if message]
    assert len(updates) == 2
    for message in updates:
        for values in message["style_data"].values():
            assert len(values) == len(message["style_traces"])
            assert not any(value is Undefined for value in values)


def test_nothing_is_uploaded(view):
    assert "sendChartToCloud" in view.figure.layout.modebar.remove


def test_a_lasso_does_not_stop_the_export(view):
    lasso(view.figure, [1, 2])
    view.figure.plotly_relayout({"selections": [{"type": "path", "path": "M0,0Z"}]})
    plain = view.snapshot()
    assert json.loads(plain.to_json())["data"][POINTS]["selectedpoints"] == [1, 2]
    assert "selections" not in plain.layout.to_plotly_json()
    np.testing.assert_array_equal(plain.data[POINTS].x, view.figure.data[POINTS].x)


@pytest.mark.parametrize("suffix", ["pdf", "png", "html", "json"])
def test_what_is_shown_can_be_saved(view, tmp_path, suffix):
    view.select(["p1"])
    view.edges, view.color = "all", "rewiring"
    lasso(view.figure, [1, 2])
    rv.save(view.snapshot(), tmp_path / f"map.{suffix}")
    assert (tmp_path / f"map.{suffix}").stat().st_size > 1_000


def test_errors_are_shown(view, monkeypatch):
    def fail(*_):
        raise ValueError("`k` is unlucky, got 13.")

    monkeypatch.setattr(view, "_redraw", fail)
    with pytest.raises(ValueError, match="unlucky"):  # a kernel shows it in the pane
        view.controls["k"].value = 13
    assert view._notice.status.value == "ValueError: `k` is unlucky, got 13."
    assert view._notice.errors in view.widget.children


def test_a_reloaded_page_starts_from_the_present(view):
    view.variant, view.edges, view.color = "both", "all", "kind"
    figure = view.figure
    state = figure._trait_values["_widget_data"]
    np.testing.assert_array_equal(state[POINTS]["x"], figure.data[POINTS].x)
    np.testing.assert_array_equal(state[EDGES]["x"], figure.data[EDGES].x)
    assert state[POINTS] is not figure._data[POINTS]
    layout = figure._trait_values["_widget_layout"]
    assert layout["title"]["text"] == figure.layout.title.text
    assert "selections" not in layout
    before = copy.deepcopy(state[POINTS]["marker"]["color"])
    view.color = "label"
    assert list(state[POINTS]["marker"]["color"]) == list(before)


def test_svg_up_to_five_thousand_points(view):
    assert {trace.type for trace in view.figure.data} == {"scatter"}


def test_hostile_text_stays_text():
    spaces = {
        HOSTILE[0]: embedding(
            "a", 0, ids=[f"{HOSTILE[i % 3]}{i}" for i in range(N)],
            class_names=HOSTILE, metadata=pd.DataFrame({HOSTILE[1]: [HOSTILE[2]] * N}),
            media=Media((), HOSTILE * (N // 3)),
        )
    }  # fmt: skip
    view = rv.explore(spaces, k=3, layout="pca", color=HOSTILE[1])
    assert key(view) == []  # one value needs no legend
    view.color = "label"
    view.select(list(spaces[HOSTILE[0]].ids[:3]))
    figure = json.dumps(view.snapshot().to_plotly_json(), default=list)
    shown = [*view.figure.data[POINTS].hovertext, *key(view)]
    shown.append(view.figure.layout.title.text)
    for text in shown:
        assert "<script" not in text
        assert "<img" not in text
        assert "<b &" not in text
    assert "&lt;script&gt;window.h" in shown[-1]
    assert "a&lt;b &amp; c&gt;d" in key(view)
    assert "window.hacked" in figure
    # ipywidgets that read HTML are not used at all.
    assert not [w for w in members(view.widget) if isinstance(w, W.HTML | W.HTMLMath)]
    names = [option for option, _ in view.controls["variant"]._options_full]
    assert names == [HOSTILE[0]]
    assert not any(
        getattr(widget, "description_allow_html", False)
        for widget in members(view.widget)
    )
    picture = view._still()
    assert "<script" not in picture
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt;" in picture


def members(widget):
    found = [widget]
    for child in getattr(widget, "children", ()):
        found += members(child)
    return found


# In a notebook, where the kernel is free after the cell


def test_umap_comes_after_the_first_paint(spaces):
    async def notebook():
        view = rv.explore(spaces, k=3)
        first = view.figure.data[POINTS].x.copy()
        told = view._notice.status.value
        for _ in range(200):
            await asyncio.sleep(0.05)
            if not view._waiting:
                break
        return view, first, told

    view, first, told = asyncio.run(notebook())
    np.testing.assert_array_equal(
        first, rv.project(spaces["plain"][0], "pca").coordinates[:, 0]
    )
    assert told == "computing the UMAP layout …"
    assert view._notice.status.value == ""
    np.testing.assert_array_equal(
        view.figure.data[POINTS].x,
        rv.project(spaces["plain"][0], "umap").coordinates[:, 0],
    )
    # The other variants of this seed are then ready too.
    ready = {place[:2] for place, method in view._atlas._layouts if method == "umap"}
    assert ready == {("plain", 0), ("both", 0)}


def test_a_closed_explorer_computes_nothing(spaces):
    async def notebook():
        view = rv.explore(spaces, k=3)
        view.close()
        await asyncio.sleep(0.3)
        return view

    view = asyncio.run(notebook())
    assert not [m for _, m in view._atlas._layouts if m == "umap"]


# The picture a cell keeps, and cells that run again


def test_a_cell_keeps_a_picture(view, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "refnet_viz.widgets.explorer.display", lambda what, **_: shown.append(what)
    )
    view._ipython_display_()
    assert shown[0] is view.widget
    assert (
        '<img class="rv-static" alt="Map of plain, seed 0: 24 points' in shown[1].data
    )
    assert "base64,iVBORw0KGgo" in shown[1].data  # a PNG


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
    assert Explorer.__doc__.startswith("A map with its controls")


# Who answers


def answering(variant, seed):
    """Return an embedding that answers for its modalities, with noise."""
    made = embedding(variant, seed)
    rng = np.random.default_rng(seed)
    decoded = {
        name: (x + 0.3 * rng.normal(size=x.shape)).astype(np.float32)
        for name, x in made.inputs.items()
    }
    return replace(made, targets=made.inputs, decoded=decoded)


@pytest.fixture
def answers():
    return {name: [answering(name, s) for s in (0, 1)] for name in ("plain", "both")}


@pytest.fixture
def answered(answers):
    return rv.explore(answers, k=3, layout="pca")


def sliders(view):
    return {
        name: slider.layout.display != "none"
        for name, slider in view.controls.weights.items()
    }


def test_weights_are_shown_where_they_count(answered):
    assert sliders(answered) == {"image": False, "text": False}
    answered.space = "refined"
    assert sliders(answered) == {"image": True, "text": True}
    answered.space = "image"
    assert sliders(answered) == {"image": False, "text": False}
    answered.space = "sum"
    assert sliders(answered) == {"image": True, "text": True}
    alone = Embedding.from_arrays(np.eye(5), modalities={"a": np.eye(5)})
    one = rv.explore(alone, k=1, layout="pca", space="sum")
    assert sliders(one) == {"a": False}


@pytest.mark.parametrize("space", ["refined", "sum"])
def test_weights_change_the_graph_and_not_the_map(answered, answers, space):
    answered.space, answered.edges = space, "all"
    before = answered.figure.data[POINTS].x.copy()
    answered.weights = {"image": 2.0, "text": 0.5}
    assert answered.weights == {"image": 2.0, "text": 0.5}
    weights = {"image": 2.0 / 2, "text": 0.5 / 2}  # both have two features
    true = knn(answers["plain"][0], 3, space=space, weights=weights).edges()
    assert drawn_edges(answered) == set(
        zip(true.source.tolist(), true.target.tolist(), strict=True)
    )
    np.testing.assert_array_equal(answered.figure.data[POINTS].x, before)
    assert "of equal weights" in answered.figure.layout.title.text
    answered.select(["p3"])
    graph = knn(answers["plain"][0], 3, space=space, weights=weights)
    near = [row["title"] for row in answered.detail.content["rows"]]
    assert near == [f"p{i}" for i in graph.indices[3]]
    # The baseline is weighed alike.
    answered.variant = "both"
    other = knn(answers["both"][0], 3, space=space, weights=weights)
    told = answered.selected["rewiring"].iloc[0]
    assert told == pytest.approx(rv.graph.rewiring(graph, other)[3])
    answered.weights = {}
    assert answered.weights == {"image": 1.0, "text": 1.0}
    assert "of equal weights" not in answered.figure.layout.title.text


def test_one_weight_is_always_left(answered):
    answered.space = "refined"
    answered.controls.weights["image"].value = 0.0
    answered.controls.weights["text"].value = 0.0
    assert answered.weights == {"image": 0.0, "text": 1.0}
    with pytest.raises(
        ValueError, match=r"^`weights` must have one above 0, got 0 for each\.$"
    ):
        answered.weights = {"image": 0, "text": 0}
    with pytest.raises(ValueError, match=r"^`weights` must be one of 'image', 'text'"):
        answered.weights = {"sound": 1}
    told = r"^`weights\['text'\]` must be a finite number between 0 and 2, got 3\.$"
    with pytest.raises(ValueError, match=told):
        answered.weights = {"text": 3}
    assert answered.weights == {"image": 0.0, "text": 1.0}
    answered.weights = {"image": 1, "text": 0}
    assert answered.weights == {"image": 1.0, "text": 0.0}


def test_many_moves_of_a_slider_keep_few_graphs(answered):
    answered.space = "refined"
    for step in range(3, 60):
        answered.weights = {"image": step / 40}
    kept = [place for place in answered._atlas._graphs if place.weights is not None]
    assert len(kept) <= atlas_module.KEPT


def by_modality(view):
    """Return name, dash and number of edges of every trace that is shown."""
    traces = view.figure.data[drawing.SETS :]
    return [(t.name, t.line.dash, len(t.x) // 3) for t in traces if t.visible]


def test_edges_by_modality(answered, answers):
    assert by_modality(answered) == []
    answered.edges = "by modality"
    known = rv.attribute(graph(answers, "plain"))
    found: dict[str, int] = {}
    for name, _, count in by_modality(answered):
        word = re.sub(r" \d+% .*", "", name)
        found[word] = found.get(word, 0) + count
    table = known.patterns.set_index("pattern")
    assert {n: c for n, c in found.items() if c} == {
        n: c for n, c in table.edges.to_dict().items() if c
    }
    dashed = sum(count for _, dash, count in by_modality(answered) if dash == "dash")
    assert dashed == known.contradicted.any(axis=1).sum()
    names = {name for name, _, _ in by_modality(answered)}
    told = f"all {table.share['all']:.0%} (chance {table.chance['all']:.0%})"
    assert told in names
    assert len(answered.figure.data[EDGES].x) == 0
    assert all(t.zorder == -1 for t in answered.figure.data[drawing.SETS :])
    assert f"{len(known)} edges by modality" in answered.figure.layout.title.text
    answered.select(["p1"])
    touching = sum(count for _, _, count in by_modality(answered))
    assert touching == known.graph.degree[1]
    answered.edges = "none"
    assert by_modality(answered) == []


def test_edges_by_modality_follow_k_and_weights(answered, answers):
    answered.edges, answered.space = "by modality", "refined"
    answered.weights, answered.k = {"image": 0.0}, 5
    weights = {"image": 0.0, "text": 0.5}
    true = knn(answers["plain"][0], 5, space="refined", weights=weights)
    known = rv.attribute(true)
    assert sum(count for _, _, count in by_modality(answered)) == len(known)
    names = {name for name, _, _ in by_modality(answered)}
    share = known.patterns.set_index("pattern").share["only text"]
    assert any(name.startswith(f"only text {share:.0%}") for name in names)


def test_edges_by_modality_need_modalities():
    bare = rv.explore(Embedding.from_arrays(np.eye(5)), k=1, layout="pca")
    with pytest.raises(ValueError, match=r"^`edges` must be one of 'none', .* 'lost'"):
        bare.edges = "by modality"


def test_colour_by_responsibility(answered, answers):
    name = "responsibility: text"
    answered.color = name
    true = scores_by_point(answers["plain"][0])["text"].to_numpy()
    shown = answered.figure.data[POINTS].marker.color
    np.testing.assert_allclose(shown, true.clip(-1, 1))
    title = answered.figure.layout.coloraxis.colorbar.title.text
    assert "1 is best, 0 the mean" in title
    answered.select(["p2"])
    assert answered.selected[name].iloc[0] == pytest.approx(true[2])
    rows = {fact[0]: fact[1] for fact in answered.detail.content["facts"]}
    assert rows["answers for text"] == f"{true[2]:.2f} (mean 0)"


def test_training_rows_have_no_responsibility(answers):
    seen = [replace(one, held_out=np.arange(N) > 2) for one in answers["plain"]]
    shown = rv.explore(seen, k=3, layout="pca")
    with pytest.raises(ValueError, match=r"^`color` must be one of"):
        shown.color = "responsibility: text"
    assert "responsibility: text" not in shown.selected.columns
    shown.edges = "by modality"  # proves nothing, and says who has the edge
    assert by_modality(shown)


def test_few_spaces_are_buttons(answered):
    assert type(answered.controls["space"]).__name__ == "ToggleButtons"
