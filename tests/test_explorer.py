"""The explorer without a browser: every control, selection, and each known trap."""

import asyncio
import copy
import io
import json

import ipywidgets as W
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image
from plotly.basedatatypes import Undefined

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, edge_diff, knn, rewiring
from refnet_viz.graph.attribution import attribute
from refnet_viz.graph.reweighting import Reweighting
from refnet_viz.plot.render import render
from refnet_viz.plot.rewiring import chance_rewiring
from refnet_viz.plot.theme import class_style, faded
from refnet_viz.responsibility import scores_by_point
from refnet_viz.widgets import figure as drawing
from refnet_viz.widgets import lifetime
from refnet_viz.widgets.explorer import Explorer

HOSTILE = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "a<b & c>d",
)
POINTS, EDGES, KEYS = drawing.POINTS, drawing.EDGES, drawing.KEYS
MODAL = drawing.MODAL
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


def answered(variant, seed):
    """The same with a refiner's answers, wider than the inputs for "text"."""
    own = embedding(variant, seed)
    rng = np.random.default_rng([9, seed, *variant.encode()])
    targets = {
        "image": own.inputs["image"],
        "text": rng.normal(size=(N, 5)).astype(np.float32),
    }
    decoded = {
        name: (values + rng.normal(size=values.shape)).astype(np.float32)
        for name, values in targets.items()
    }
    return rv.Embedding(**{**vars(own), "targets": targets, "decoded": decoded})


@pytest.fixture
def refined():
    return {"plain": [answered("plain", 0)], "both": [answered("both", 0)]}


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


def drawn_edges(view, trace=EDGES):
    """Return the ends of the drawn edges as pairs of rows, found by coordinates."""
    points, lines = view.figure.data[POINTS], view.figure.data[trace]
    if len(lines.x) < 3:
        return set()
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
    return [t.name for t in view.figure.data[KEYS:MODAL] if t.visible]


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


# Weights of the modalities


def weighted(spaces, variant, factors, *, k=3, space="sum", seed=0):
    """The graph under multiples of the default weights, searched afresh."""
    own = spaces[variant][seed]
    blocks = own.decoded if space == "refined" else own.inputs
    weights = {m: factor / blocks[m].shape[1] for m, factor in factors.items()}
    return knn(own, k, space=space, weights=weights)


def sliders(view):
    return view.controls["weights"].sliders


def ends(graph):
    edges = graph.edges()
    return pairs(np.column_stack([edges.source, edges.target]))


def test_few_spaces_are_buttons(view):
    assert isinstance(view.controls["space"], W.ToggleButtons)
    rng = np.random.default_rng(0)
    parts = {name: rng.normal(size=(9, 2)) for name in "abcd"}  # and latent and sum
    more = Embedding.from_arrays(rng.normal(size=(9, 2)), modalities=parts)
    many = rv.explore(more, k=2, layout="pca")
    assert isinstance(many.controls["space"], W.Dropdown)


def test_weights_are_shown_where_they_count(refined):
    view = rv.explore(refined, k=3, layout="pca")
    shown = {}
    for space in ("latent", "refined", "image", "text", "sum"):
        view.space = space
        shown[space] = view.controls["weights"].layout.display != "none"
    assert shown == {
        "latent": False, "refined": True, "image": False, "text": False, "sum": True,
    }  # fmt: skip
    assert [s.description for s in sliders(view).values()] == [
        "Weight of image", "Weight of text",
    ]  # fmt: skip


@pytest.mark.parametrize("space", ["sum", "refined"])
def test_weights_redraw_everything_but_the_layout(refined, space):
    view = rv.explore(refined, k=3, layout="pca", space=space)
    view.variant, view.edges = "both", "all"
    before = view.figure.data[POINTS].x.copy()
    factors = {"image": 2, "text": 0.5}
    view.weights = factors
    assert view.weights == factors
    g = weighted(refined, "both", factors, space=space)
    assert drawn_edges(view) == ends(g) != ends(graph(refined, "both", space=space))
    np.testing.assert_array_equal(view.figure.data[POINTS].x, before)
    title = view.figure.layout.title.text
    assert title.startswith(
        f"<b>both</b>, seed 0, {space} space, weights: image 2, text 0.5<br>"
    )
    assert "), layout of equal weights<" in title
    assert card(view, "purity")["whole"] == f"{METRICS['purity'].function(g):.2f}"
    base = weighted(refined, "plain", factors, space=space)
    assert card(view, "rewiring")["whole"] == f"{rewiring(base, g).mean():.2f}"
    event(view.figure, "plotly_hover", [0])
    assert [row["title"] for row in view.detail.content["rows"]] == [
        f"p{i}" for i in g.indices[0]
    ]
    view.edges = "gained"
    assert drawn_edges(view) == pairs(edge_diff(base, g).gained)


def test_a_slider_that_moves_is_the_same(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    view.edges = "all"
    sliders(view)["text"].value = 0.0
    assert view.weights == {"image": 1, "text": 0}
    assert drawn_edges(view) == ends(graph(spaces, "plain", space="image"))
    sliders(view)["text"].value = 0.30000000000000004  # as pages say it
    assert view.weights == {"image": 1, "text": 0.3}
    view.weights["text"] = 2  # a dict of its own
    assert view.weights == {"image": 1, "text": 0.3}


def test_equal_weights_are_the_default(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    before = view.figure.layout.title.text
    view.weights = {"image": 0.5, "text": 0.5}
    assert view.weights == {"image": 0.5, "text": 0.5}
    assert view.figure.layout.title.text == before
    assert "weights" not in repr(view)
    view.weights = {"image": 0.5, "text": 1}
    assert "weights={'image': 0.5, 'text': 1.0}" in repr(view)


def test_weights_count_nowhere_else(view, spaces):
    view.edges = "all"
    view.weights = {"image": 2, "text": 0}
    assert drawn_edges(view) == ends(graph(spaces, "plain"))
    assert "weights" not in view.figure.layout.title.text
    view.space = "sum"
    assert drawn_edges(view) == ends(graph(spaces, "plain", space="image"))


def test_the_last_weight_goes_back(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    view.weights = {"image": 0, "text": 0.2}
    title = view.figure.layout.title.text
    sliders(view)["text"].value = 0.0
    assert sliders(view)["text"].value == 0.2
    assert view.weights == {"image": 0, "text": 0.2}
    assert view.figure.layout.title.text == title
    assert view._notice.status.value == (
        "`weights` must have one above 0, got 0 for every modality."
    )
    sliders(view)["text"].value = 0.4
    assert view._notice.status.value == ""


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (
            {"image": 0, "text": 0},
            "`weights` must have one above 0, got 0 for every modality.",
        ),
        ({"image": 1}, "`weights` must name every modality, got none for ['text']."),
        (
            {"image": 1, "text": 1, "sound": 1},
            "`weights` must be one of 'image', 'text', got 'sound'.",
        ),
        (
            {"image": 1, "text": 2.1},
            "`weights['text']` must be a finite number between 0 and 2, got 2.1.",
        ),
        (
            {"image": -1, "text": 1},
            "`weights['image']` must be a finite number between 0 and 2, got -1.",
        ),
        (
            1.5,
            "`weights` must map modalities to numbers, e.g. {'text': 0.5}, got float.",
        ),
    ],
)  # fmt: skip
def test_wrong_weights_are_refused(view, weights, sentence):
    with pytest.raises((TypeError, ValueError), match="must") as error:
        view.weights = weights
    assert str(error.value) == sentence
    assert view.weights == {"image": 1, "text": 1}


def test_weights_round_to_tenths_and_never_to_nothing(view):
    view.weights = {"image": 1.26, "text": 0.04}
    assert view.weights == {"image": 1.3, "text": 0}
    with pytest.raises(ValueError, match="one above 0"):
        view.weights = {"image": 0.04, "text": 0.01}


def test_one_modality_has_nothing_to_weigh():
    rng = np.random.default_rng(0)
    own = Embedding.from_arrays(
        rng.normal(size=(9, 2)), modalities={"text": rng.normal(size=(9, 2))}
    )
    view = rv.explore(own, k=2, layout="pca", space="sum")
    assert view.weights == {}
    assert view.controls["weights"].layout.display == "none"
    with pytest.raises(ValueError, match="two modalities") as error:
        view.weights = {"text": 1}
    assert str(error.value) == (
        "`weights` must be of two modalities or more that all embeddings have, got "
        "['text']."
    )


def test_distances_are_computed_once(spaces, monkeypatch):
    made = []
    real = Reweighting.of.__func__

    def count(cls, own, space):
        made.append(own.info["variant"])
        return real(cls, own, space)

    monkeypatch.setattr(Reweighting, "of", classmethod(count))
    same = {
        name: [rv.Embedding(**{**vars(e), "inputs": spaces["plain"][0].inputs})
               for e in runs]
        for name, runs in spaces.items()
    }  # fmt: skip
    view = rv.explore(same, k=3, layout="pca", space="sum")
    view.variant = "both"
    for weight in (0.1, 0.2, 0.3):
        view.weights = {"image": 1, "text": weight}
    assert made == ["plain"]  # all have the inputs of the first
    assert view._facts.graph.embedding is same["both"][0]
    assert card(view, "rewiring")["whole"] == "0.00"


# Edges by modality


def modal(view):
    """Return the traces of edges by modality: colour and whether dashed to trace."""
    return {
        (t.line.color, t.line.dash != "solid"): MODAL + i
        for i, t in enumerate(view.figure.data[MODAL:])
    }


def colors(names):
    """Return the colour of each set of modalities, single ones first."""
    return {
        name: faded(class_style(i, "light")[0], 0.85) for i, name in enumerate(names)
    }


def test_edges_by_modality(view, spaces):
    view.variant, view.edges = "both", "by modality"
    g = graph(spaces, "both")
    whole = attribute(g)
    source, target, _ = g.edges()
    against = whole.contradicted.any(axis=1)
    traces, seen = modal(view), set()
    assert len(traces) == 8  # three sets and the emergent, solid and dashed
    grey = view.figure.data[MODAL].line.color
    of = {"emergent": grey, **colors(["all", "only image", "only text"])}
    for name, color in of.items():
        for dashed in (False, True):
            rows = (whole.pattern == name) & (against == dashed)
            expected = pairs(np.column_stack([source[rows], target[rows]]))
            assert drawn_edges(view, traces[color, dashed]) == expected
            seen |= expected
    assert seen == ends(g)
    assert against.any()
    assert len(view.figure.data[EDGES].x) == 0
    assert view.figure.data[MODAL].line.width < view.figure.data[MODAL + 2].line.width
    title = view.figure.layout.title.text
    assert (
        f"{len(g.edges().source)} edges, dashed where a modality contradicts them"
        in title
    )


def test_edges_by_modality_are_explained(view, spaces):
    view.edges = "by modality"
    entries = [t for t in view.figure.data[MODAL:] if t.visible and t.showlegend]
    table = attribute(graph(spaces, "plain")).patterns.set_index("pattern")
    assert {t.name for t in entries} == {
        f"{name} {row.share:.1%} (chance {row.chance:.1%})"
        for name, row in table.iterrows()
    }
    assert {t.legend for t in entries} == {"legend2"}
    assert view.figure.layout.legend2.title.text == (
        "edges by the modalities whose own graphs have them"
    )
    assert view.figure.layout.showlegend is True
    view.edges = "all"
    assert not any(t.visible for t in view.figure.data[MODAL:])
    assert drawn_edges(view) == ends(graph(spaces, "plain"))


def test_edges_by_modality_follow(view, spaces, monkeypatch):
    def drawn():
        return set().union(*(drawn_edges(view, i) for i in modal(view).values()))

    view.edges = "by modality"
    everything = drawn()
    view.select(["p1"])
    assert drawn() == {pair for pair in everything if 1 in pair}
    view.select(None)
    view.k = 5
    assert drawn() == ends(graph(spaces, "plain", k=5))
    view.space, view.weights = "sum", {"image": 0, "text": 1}
    assert drawn() == ends(graph(spaces, "plain", k=5, space="text"))
    names = [t.name for t in view.figure.data[MODAL:] if t.visible and t.name]
    none = [
        name.split(" 0.0% (chance ")[0] for name in names if " 0.0% (chance" in name
    ]
    assert none == ["emergent", "only image"]
    monkeypatch.setattr(drawing, "MOST_EDGES", 7)
    view.k = 4
    assert len(drawn()) == 7
    assert "7 of " in view.figure.layout.title.text
    assert "edges drawn, dashed" in view.figure.layout.title.text


def test_edges_by_modality_need_modalities():
    bare = Embedding.from_arrays(np.random.default_rng(0).normal(size=(9, 2)))
    view = rv.explore(bare, k=2, layout="pca")
    with pytest.raises(ValueError, match="edges") as error:
        view.edges = "by modality"
    assert str(error.value) == (
        "`edges` must be one of 'none', 'all', 'kept', 'gained', 'lost', got "
        "'by modality'."
    )
    assert len(view.figure.data) == MODAL


def test_points_lie_above_all_edges(view):
    assert view.figure.data[POINTS].zorder == 1
    assert not any(t.zorder for t in view.figure.data[MODAL:])


@pytest.mark.parametrize(("height", "color"), [(1, (255, 0, 0)), (0, (0, 0, 255))])
def test_points_lie_above_all_edges_in_pictures(height, color):
    figure = go.Figure([
        go.Scatter(
            x=[0], y=[0], mode="markers", marker={"size": 40, "color": "#f00"},
            zorder=height,
        ),
        go.Scatter(
            x=[-1, 1], y=[0, 0], mode="lines", line={"width": 9, "color": "#00f"}
        ),
    ])  # fmt: skip
    figure.update_layout(showlegend=False, xaxis_visible=False, yaxis_visible=False)
    data = render(figure, "png", width=301, height=301)
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    middle = np.argwhere(np.asarray(picture)[:, :, 1] == 0).mean(axis=0).round()
    assert picture.getpixel((int(middle[1]), int(middle[0]))) == color


def test_many_modalities_share_eight_colours():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(30, 4))
    parts = {name: z + rng.normal(size=z.shape) for name in "abcd"}
    view = rv.explore(Embedding.from_arrays(z, modalities=parts), k=5, layout="pca")
    view.edges = "by modality"
    assert len(view.figure.data[MODAL:]) == 2 * 9
    names = [t.name for t in view.figure.data[MODAL:] if t.showlegend and t.visible]
    assert any(name.startswith("8 other sets ") for name in names)


def test_webgl_draws_edges_by_modality_too():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(5_001, 2))
    own = Embedding.from_arrays(z, modalities={"a": z[:, :1], "b": z[:, 1:]})
    view = rv.explore(own, k=2, layout="pca")
    view.edges = "by modality"
    assert {t.type for t in view.figure.data[MODAL:]} == {"scattergl"}


# Responsibility


def test_color_by_responsibility(refined):
    view = rv.explore(refined, k=3, layout="pca", color="responsibility: text")
    expected = scores_by_point(refined["plain"][0])["text"].to_numpy()
    assert expected.min() < -1
    marker = view.figure.data[POINTS].marker
    np.testing.assert_array_equal(marker.color, np.maximum(expected, -1))
    axis = view.figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (-1, expected.max())
    assert axis.colorbar.title.text == (
        "responsibility: text<br>1 is best, 0 the mean predictor"
        f"<br>({np.sum(expected < -1)} below -1 as -1)"
    )


def test_responsibility_in_table_and_pane(refined):
    view = rv.explore(refined, k=3, layout="pca")
    view.select(["p2"])
    expected = scores_by_point(refined["plain"][0])
    columns = ["responsibility: image", "responsibility: text"]
    assert view.selected.columns.tolist()[7:10] == ["in_degree", *columns]
    for name, column in zip(["image", "text"], columns, strict=True):
        assert view.selected[column].tolist() == [expected[name][2]]
        told = dict(fact[:2] for fact in view.detail.content["facts"])[column]
        mean = expected[name].mean()
        assert told == f"{expected[name][2]:.2f} (null 0, all {mean:.2f})"


def test_responsibility_of_a_missing_modality(refined):
    own = refined["plain"][0]
    present = own.present.copy()
    present[2, 1] = False
    view = rv.explore(
        rv.Embedding(**{**vars(own), "present": present}), k=3, layout="pca"
    )
    view.select(["p2"])
    facts = dict(fact[:2] for fact in view.detail.content["facts"])
    assert facts["responsibility: text"].startswith("– (null 0, all ")
    view.color = "responsibility: text"
    assert "1 missing, grey" in view.figure.layout.coloraxis.colorbar.title.text


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
        {"edges": "all"}, {"space": "image"}, {"edges": "by modality"},
        {"weights": {"image": 2, "text": 1}},
    ],
)  # fmt: skip
def test_one_message_a_redraw(view, monkeypatch, change):
    if "weights" in change:
        view.space, view.edges = "sum", "by modality"
    sent = messages(view.figure, monkeypatch)
    for name, value in change.items():
        setattr(view, name, value)
    assert [kind for kind, *_ in sent] == ["update"]


def test_messages_leave_nothing_out(view):
    """A page that starts after a message with gaps would forget those properties."""
    sent = []
    view.figure.observe(lambda change: sent.append(change["new"]), "_py2js_update")
    view.color, view.edges = "kind", "all"
    view.edges = "by modality"
    updates = [message for message in sent if message]
    assert len(updates) == 3
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
    view.edges, view.color = "by modality", "rewiring"
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
    view.edges = "by modality"
    for now, then in zip(
        figure.data[MODAL:], figure._trait_values["_widget_data"][MODAL:], strict=True
    ):
        assert then["visible"] is now.visible is True
        np.testing.assert_array_equal(then["x"], now.x)
    layout = figure._trait_values["_widget_layout"]
    assert layout["title"]["text"] == figure.layout.title.text
    assert "selections" not in layout
    state = figure._trait_values["_widget_data"]
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
            modalities={
                name: np.random.default_rng(i).normal(size=(N, 2))
                for i, name in enumerate(HOSTILE[:2])
            },
        )
    }  # fmt: skip
    view = rv.explore(spaces, k=3, layout="pca", color=HOSTILE[1])
    assert key(view) == []  # one value needs no legend
    view.color, view.space, view.edges = "label", "sum", "by modality"
    view.weights = {HOSTILE[0]: 2, HOSTILE[1]: 0.5}
    view.select(list(spaces[HOSTILE[0]].ids[:3]))
    figure = json.dumps(view.snapshot().to_plotly_json(), default=list)
    shown = [*view.figure.data[POINTS].hovertext, *key(view)]
    shown += [t.name for t in view.figure.data[MODAL:] if t.name]
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
