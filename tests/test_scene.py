"""What the explorer sends to its page, against values computed another way."""

import json
from fractions import Fraction
from itertools import pairwise

import ipywidgets as W
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from exploring import (
    HOSTILE,
    N,
    Wire,
    answered,
    around,
    cell,
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
    members,
    names,
    notes,
    pairs,
    titles,
    two_variants,
    values,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.path import Path as Polygon
from scipy import stats

import refnet_viz as rv
from refnet_viz.data import Media
from refnet_viz.graph import METRICS, edge_diff, knn, rewiring
from refnet_viz.graph.attribution import attribute
from refnet_viz.graph.reweighting import Reweighting
from refnet_viz.plot.rewiring import chance_rewiring
from refnet_viz.plot.theme import class_style, faded
from refnet_viz.responsibility import scores_by_point
from refnet_viz.widgets import scene


@pytest.fixture
def spaces():
    return two_variants()


@pytest.fixture
def view(spaces):
    made = rv.explore(spaces, k=3, layout="pca")
    yield made
    made.close()


@pytest.fixture
def refined():
    return {"plain": [answered("plain", 0)], "both": [answered("both", 0)]}


# Colours and the legend


def test_color_by_a_category(view):
    view.color = "kind"
    assert key(view) == ["x", "y"]
    assert colored(view) == colored(view, 1) == ["x", "y"] * (N // 2)
    styles = view.map.colors["styles"]
    told = [[entry["color"], entry["symbol"]] for entry in view.map.key["entries"]]
    assert told == [styles[0], styles[1]]
    assert styles[0][0] != styles[1][0]
    assert view.map.key["title"] == "kind"
    assert view.map.key["scale"] is view.map.colors["scale"] is None


def test_color_by_a_number(view, spaces):
    view.color = "rewiring"
    expected = rewiring(graph(spaces, "plain"), graph(spaces, "both"))
    np.testing.assert_allclose(values(view, 1), expected, rtol=1e-6)
    np.testing.assert_array_equal(values(view), np.zeros(N))  # the baseline itself
    scale = view.map.colors["scale"]
    assert (scale["low"], scale["high"]) == (0, expected.max())  # of both maps
    assert len(scale["colors"]) == 64
    assert view.map.key["scale"]["highText"] == f"{expected.max():.3g}"
    assert view.map.key["title"] == "rewiring from plain"
    assert key(view) == []
    view.color = "correct"
    assert view.map.colors["scale"] is None
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
    scale = view.map.colors["scale"]
    assert (scale["low"], scale["high"]) == (2, 3)


def test_missing_numbers_are_grey():
    holes = np.linspace(0, 1, N)
    holes[3] = np.nan
    one = embedding("a", 0, metadata=pd.DataFrame({"holes": holes}))
    view = rv.explore(one, k=3, layout="pca", color="holes")
    np.testing.assert_array_equal(values(view), holes.astype(np.float32))
    assert view.map.colors["scale"]["low"] == 0
    json.dumps(view.map.key)  # no NaN where a page reads JSON


def test_a_long_legend_is_cut_in_words():
    kinds = pd.DataFrame(
        {"many": [f"a rather long name of the kind {i:02}" for i in range(N)]}
    )
    view = rv.explore(
        embedding("a", 0, metadata=kinds), k=3, layout="pca", color="many"
    )
    assert len(key(view)) == 24
    assert all(len(name) == scene.LONGEST_NAME for name in key(view))
    assert view.map.key["more"] == ""
    rng = np.random.default_rng(0)
    more = rv.Embedding.from_arrays(
        rng.normal(size=(30, 2)), metadata=pd.DataFrame({"many": map(str, range(30))})
    )
    view = rv.explore(more, k=3, layout="pca", color="many")
    assert len(key(view)) == 24
    assert view.map.key["more"] == "and 6 more: point at them"
    assert len({tuple(style) for style in view.map.colors["styles"]}) == 30


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
    assert view.map.colors["scale"]["low"] == -1
    assert view.map.key["title"] == (
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
    assert facts(view)["responsibility: text"].startswith("– (null 0, all ")
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


# Weights of the modalities


def weighted(spaces, variant, factors, *, k=3, space="sum"):
    """The graph under multiples of the default weights, searched afresh."""
    own = spaces[variant][0]
    blocks = own.decoded if space == "refined" else own.inputs
    weights = {m: factor / blocks[m].shape[1] for m, factor in factors.items()}
    return knn(own, k, space=space, weights=weights)


def sliders(view):
    return view.controls["weights"].sliders


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
    view.edges = "all"
    before = view.map.places
    factors = {"image": 2, "text": 0.5}
    view.weights = factors
    assert view.weights == factors
    g, base = (weighted(refined, v, factors, space=space) for v in ("both", "plain"))
    assert edges(view, 1) == ends(g) != ends(graph(refined, "both", space=space))
    assert view.map.places == before
    assert notes(view, 1).startswith(f"{space} space, weights: image 2, text 0.5\n")
    assert "), layout of equal weights\n" in notes(view, 1)
    purity = METRICS["purity"].function(g)
    assert cell(view, "purity", "both")["whole"] == f"{purity:.2f}"
    told = cell(view, "rewiring", "both")["whole"]
    assert told == f"{rewiring(base, g).mean():.2f}"
    do(view, "hover", 1, 0)
    assert [row["title"] for row in view.detail.content["rows"]] == [
        f"p{i}" for i in g.indices[0]
    ]
    view.edges = "gained"
    assert edges(view, 1) == pairs(edge_diff(base, g).gained)


def test_a_slider_that_moves_is_the_same(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    view.edges = "all"
    sliders(view)["text"].value = 0.0
    assert view.weights == {"image": 1, "text": 0}
    assert edges(view) == ends(graph(spaces, "plain", space="image"))
    sliders(view)["text"].value = 0.30000000000000004  # as pages say it
    assert view.weights == {"image": 1, "text": 0.3}
    view.weights["text"] = 2  # a dict of its own
    assert view.weights == {"image": 1, "text": 0.3}


def test_equal_weights_are_the_default(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    before = view.map.texts
    view.weights = {"image": 0.5, "text": 0.5}
    assert view.weights == {"image": 0.5, "text": 0.5}
    assert view.map.texts == before
    assert "weights" not in view.code()
    view.weights = {"image": 0.5, "text": 1}
    assert 'view.weights = {"image": 0.5, "text": 1.0}' in view.code()


def test_weights_count_nowhere_else(view, spaces):
    view.edges = "all"
    view.weights = {"image": 2, "text": 0}
    assert edges(view) == ends(graph(spaces, "plain"))
    assert "weights" not in notes(view)
    view.space = "sum"
    assert edges(view) == ends(graph(spaces, "plain", space="image"))


def test_the_last_weight_goes_back(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    view.weights = {"image": 0, "text": 0.2}
    before = view.map.texts
    sliders(view)["text"].value = 0.0
    assert sliders(view)["text"].value == 0.2
    assert view.weights == {"image": 0, "text": 0.2}
    assert view.map.texts == before
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
    own = rv.Embedding.from_arrays(
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
    for weight in (0.1, 0.2, 0.3):
        view.weights = {"image": 1, "text": weight}
    assert made == ["plain"]  # all have the inputs of the first
    assert view._desk.facts("both").embedding is same["both"][0]
    assert cell(view, "rewiring", "both")["whole"] == "0.00"


# Edges


@pytest.mark.parametrize(
    ("kind", "dash"), [("all", []), ("kept", []), ("gained", [5, 3]), ("lost", [2, 3])]
)
def test_kinds_of_edges_look_different(view, kind, dash):
    view.edges = kind
    (group,) = view.map.edges["panels"][1]
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
    assert {line["name"] for line in view.map.key["lines"]} == told
    assert view.map.key["linesTitle"] == (
        "edges by the modalities whose own graphs have them"
    )
    do(view, "focus", 1)  # shares are those of the map in focus
    assert {line["name"] for line in view.map.key["lines"]} != told
    view.edges = "all"
    assert view.map.key["lines"] == []


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
    told = [line["name"] for line in view.map.key["lines"]]
    none = {n.split(" 0.0% (chance ")[0] for n in told if " 0.0% (chance" in n}
    assert none == {"emergent", "only image"}
    monkeypatch.setattr(scene, "MOST_EDGES", 14)
    view.k = 4
    assert len(edges(view)) == 7
    assert "\n7 of " in notes(view)
    assert "edges drawn, dashed" in notes(view)


def test_the_cap_on_edges_is_said(view, monkeypatch):
    monkeypatch.setattr(scene, "MOST_EDGES", 14)
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
    told = [line["name"] for line in view.map.key["lines"]]
    assert any(name.startswith("8 other sets ") for name in told)


# The metric strip


def test_strip_of_the_whole(view, spaces):
    g = graph(spaces, "both")
    for name in ("accuracy", "purity", "adjusted_homophily", "reciprocity", "hubness"):
        shown = cell(view, name.replace("_", " "), "both")
        assert shown["whole"] == f"{METRICS[name].function(g):.2f}"
        assert shown["nulls"] == [f"chance {METRICS[name].chance(g):.2f}"]
        assert shown["selected"] == ""
    changed = cell(view, "rewiring from plain", "both")
    expected = rewiring(graph(spaces, "plain"), g).mean()
    noise = rewiring(graph(spaces, "plain", 0), graph(spaces, "plain", 1)).mean()
    assert changed["whole"] == f"{expected:.2f}"
    assert changed["nulls"] == [
        f"chance {chance_rewiring(3, 3, N):.2f}", f"two seeds {noise:.2f}",
    ]  # fmt: skip
    assert cell(view, "rewiring", "plain")["nulls"] == ["this is the baseline"]
    assert cell(view, "rewiring", "plain")["whole"] == "–"


def band(numbers, low=0.0, high=1.0):
    """Mean over seeds and the 95 % interval of the mean, by Student's t."""
    count = len(numbers)
    mean, error = np.mean(numbers), np.std(numbers, ddof=1) / np.sqrt(count)
    reach = stats.t.ppf(0.975, count - 1) * error
    ends = np.clip([mean - reach, mean + reach], low, high)
    return f"{count} seeds {mean:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]"


def purities(spaces, variant, rows):
    return [
        np.mean([
            np.mean([run.labels[j] == run.labels[i] for j in knn(run, 3).indices[i]])
            for i in rows
        ])
        for run in spaces[variant]
    ]  # fmt: skip


@pytest.mark.parametrize(("variant", "count"), [("plain", 2), ("both", 3)])
def test_bands_over_seeds(view, spaces, variant, count):
    assert len(spaces[variant]) == count
    shown = cell(view, "purity", variant)
    assert shown["band"] == band(purities(spaces, variant, range(N)))
    assert shown["selectedBand"] == ""
    rows = [0, 1, 2, 3]
    view.select([f"p{i}" for i in rows])
    shown = cell(view, "purity", variant)
    assert shown["band"] == band(purities(spaces, variant, range(N)))
    assert shown["selectedBand"] == band(purities(spaces, variant, rows))
    own = purities(spaces, variant, rows)[0]
    assert shown["selected"] == f"{own:.2f}"
    assert view.strip.content["caption"] == (
        "24 points, 4 selected (second number); brackets: mean over seeds, 95% interval"
    )


def test_bands_of_one_seed_are_not_made_up(spaces):
    alone = rv.explore({k: v[0] for k, v in spaces.items()}, k=3, layout="pca")
    assert alone.strip.content["caption"] == "24 points"
    assert cell(alone, "purity", "both")["band"] == ""
    assert cell(alone, "rewiring", "both")["nulls"][1] == "seed noise unknown: one seed"


def test_strip_of_a_selection(view, spaces):
    view.select(["p0", "p1", "p2", "p3"])
    g = graph(spaces, "both")
    rows = np.arange(4)
    assert cell(view, "purity", "both")["nulls"][0].endswith(", 0.30")  # 7 of 23 others
    assert cell(view, "accuracy", "both")["selected"] == "0.75"
    assert cell(view, "accuracy", "both")["nulls"] == ["chance 0.33, 0.50"]
    changed = rewiring(graph(spaces, "plain"), g)[rows].mean()
    assert cell(view, "rewiring", "both")["selected"] == f"{changed:.2f}"
    noise = rewiring(graph(spaces, "plain", 0), graph(spaces, "plain", 1))
    assert cell(view, "rewiring", "both")["nulls"][1] == (
        f"two seeds {noise.mean():.2f}, {noise[rows].mean():.2f}"
    )


# The pane


def test_hover_shows_a_point_with_its_neighbours(view, spaces):
    do(view, "hover", 0, 0)
    content = view.detail.content
    g = graph(spaces, "plain")
    assert content["title"] == "p0 in plain"
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
    do(view, "hover", 1, 0)  # the same point on the other map
    other = graph(spaces, "both").indices[0]
    assert [r["title"] for r in view.detail.content["rows"]] == [f"p{i}" for i in other]
    assert view.detail.content["title"] == "p0 in both"
    do(view, "hover", 1, -1)  # nowhere: what was said stays to be read
    assert view.detail.content["title"] == "p0 in both"


def test_neighbours_in_every_other_space(view, spaces):
    do(view, "hover", 1, 4)
    own = set(graph(spaces, "both").indices[4])
    told = view.detail.content["elsewhere"]
    for part, space in zip(told, ("image", "text", "sum"), strict=True):
        there = graph(spaces, "both", space=space).indices[4]
        shared = len(own & set(there))
        assert part["heading"] == f"in the {space} space, {shared} of 3 shared"
        assert [row["row"] for row in part["rows"]] == there.tolist()
        labels = spaces["both"][0].labels
        same = (labels[there] == labels[4]).tolist()
        assert [row["same"] for row in part["rows"]] == same


def test_neighbours_elsewhere_are_of_the_same_distance(view, spaces):
    view.metric = "cosine"
    do(view, "hover", 1, 4)
    for part, space in zip(
        view.detail.content["elsewhere"], ("image", "text", "sum"), strict=True
    ):
        there = graph(spaces, "both", space=space, metric="cosine").indices[4]
        assert [row["row"] for row in part["rows"]] == there.tolist()


def test_selection_in_the_pane(view):
    view.select(["p0", "p3", "p1"])
    content = view.detail.content
    assert content["title"] == "3 selected"
    assert content["facts"] == [["ant", "2", ""], ["bee", "1", ""]]
    assert [row["title"] for row in content["rows"]] == ["p0", "p1", "p3"]
    view.select(["p5"])
    assert view.detail.content["title"] == "p5 in plain"


def test_long_lists_say_what_is_left_out(view):
    view.k = 23
    do(view, "hover", 0, 0)
    assert len(view.detail.content["rows"]) == 20
    assert view.detail.content["more"] == "20 of 23 shown"


# Many points


@pytest.fixture
def sampled(spaces, monkeypatch):
    monkeypatch.setattr(scene, "MOST_POINTS", 10)
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
    told = sampled.strip.content
    monkeypatch.undo()
    assert told == rv.explore(spaces, k=3, layout="pca").strip.content
    sampled.search("cat")
    assert len(sampled.selected) == N // 3


def test_a_drawn_row_is_not_a_row(sampled):
    do(sampled, "click", 0, 3, False)
    assert sampled.selected["id"].tolist() == [names(sampled)[3]]
    do(sampled, "hover", 0, 4)
    assert sampled.detail.content["title"] == f"{names(sampled)[4]} in plain"


def test_edges_between_drawn_points_only(sampled, spaces):
    sampled.edges = "all"
    drawn = set(names(sampled))
    every = ends(graph(spaces, "plain"))
    assert edges(sampled) == {pair for pair in every if set(pair) <= drawn}
    assert f"{len(edges(sampled))} of {len(every)} edges drawn" in notes(sampled)


# Messages


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        ({"color": "kind"}, ["colors", "key", "texts"]),
        ({"edges": "all"}, ["edges", "texts"]),
        ({"edges": "by modality"}, ["edges", "key", "texts"]),
        ({"space": "image"}, ["places", "texts"]),
        ({"variants": ("both",)}, ["colors", "edges", "places", "texts"]),
        ({"k": 4}, []),  # nothing that is drawn depends on it here
        ({"baseline": "both"}, []),
        ({"layout": "umap"}, ["places", "texts"]),
    ],
)
def test_one_message_a_redraw_and_nothing_twice(view, monkeypatch, change, sent):
    wire = Wire(monkeypatch)
    for name, value in change.items():
        setattr(view, name, value)
    assert wire.to(view.map) == ([sent] if sent else [])
    for widget in {widget for widget, _ in wire.sent}:
        told = [names for to, names in wire.sent if to is widget]
        traits = [name for names in told for name in names]
        assert len(traits) == len(set(traits)), (widget, told)


def test_a_selection_is_one_message(view, monkeypatch):
    view.edges = "all"
    wire = Wire(monkeypatch)
    lasso(view, [1, 2])
    assert wire.to(view.map) == [["chosen", "edges", "texts"]]
    assert wire.to(view.strip) == wire.to(view.detail) == [["content"]]
    wire.sent.clear()
    lasso(view, [2, 1])
    assert wire.sent == []


def test_pointing_sends_the_pane_alone(view, monkeypatch):
    wire = Wire(monkeypatch)
    do(view, "hover", 0, 3)
    assert [widget for widget, _ in wire.sent] == [view.detail]
    do(view, "hover", 0, 3)
    assert len(wire.sent) == 1


def test_undo_is_one_message(view, monkeypatch):
    view.color, view.edges, view.k = "kind", "all", 5
    view.variants = ("both",)
    wire = Wire(monkeypatch)
    view.undo()
    assert len(wire.to(view.map)) == 1


def test_a_reloaded_page_starts_from_the_present(view):
    """What a page that loads asks for is what was sent last."""
    view.variants, view.edges, view.color = ("both",), "all", "kind"
    state = view.map.get_state()
    for name in ("texts", "places", "edges", "colors", "key", "chosen", "said"):
        assert state[name] == getattr(view.map, name)
    assert [p["title"] for p in state["texts"]["panels"]] == ["both, seed 0"]


def test_arrays_are_small(view):
    """Points and edges travel as bytes: 4 a coordinate, 2 a class, 4 an end."""
    view.edges = "all"
    found = view.map.places["panels"][0]
    assert [len(found[axis]) for axis in "xy"] == [4 * N, 4 * N]
    assert len(view.map.colors["panels"][0]["codes"]) == 2 * N
    (group,) = view.map.edges["panels"][0]
    assert len(group["pairs"]) == 2 * 4 * len(edges(view))
    assert floats(found["x"]).dtype == np.float32


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
    np.testing.assert_array_equal(scene.inside(points, list(xs), list(ys)), expected)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=finite),
    st.lists(st.tuples(finite, finite), min_size=0, max_size=9),
)
def test_inside_agrees_with_a_ray_at_a_time(points, corners):
    polygon = np.array(corners, float).reshape(-1, 2)
    assume(not corners or _apart(points, polygon) > 1e-6)
    xs, ys = polygon.T.tolist() if corners else ([], [])
    np.testing.assert_array_equal(scene.inside(points, xs, ys), _odd(points, polygon))


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
    found = scene.inside(points, *star.T.tolist())
    assert found.tolist() == [False] + [True] * 5


# Pictures and text


def test_snapshot_is_a_plain_figure(view, spaces):
    view.edges, view.color = "gained", "kind"
    view.select(["p1", "p4"])
    figure = view.snapshot()
    assert isinstance(figure, go.Figure)
    assert not isinstance(figure, go.FigureWidget)
    layout = figure.to_dict()["layout"]
    assert "sendChartToCloud" in layout["modebar"]["remove"]
    drawn = [trace for trace in figure.data if trace.customdata is not None]
    told = [sorted(trace.customdata.tolist()) for trace in drawn]
    others = sorted({f"p{i}" for i in range(N)} - {"p1", "p4"})
    assert told == [others, ["p1", "p4"]] * 2  # the context first, below
    assert drawn[1].x.tolist() == flat(view)[[1, 4], 0].tolist()
    assert drawn[1].y.tolist() == flat(view)[[1, 4], 1].tolist()
    text = json.dumps(layout)
    assert "plain, seed 0" in text
    assert "both, seed 0" in text
    assert "gained edges that touch the selection" in text
    call = layout["meta"]["call"]
    assert call["figure"] == "explorer"
    told = {
        name: value for name, value in call["arguments"].items() if name != "spaces"
    }
    assert told == json.loads(json.dumps(view._arguments()))
    assert layout["meta"]["selection"] == ["p1", "p4"]
    assert layout["meta"]["alt"].startswith("Map of plain, seed 0: 24 points, 2 sel")


@pytest.mark.parametrize("suffix", ["pdf", "png", "svg", "html", "json"])
def test_what_is_shown_can_be_saved(view, tmp_path, suffix):
    view.edges, view.color = "by modality", "rewiring"
    lasso(view, [1, 2])
    rv.save(view.snapshot(), tmp_path / f"map.{suffix}")
    assert (tmp_path / f"map.{suffix}").stat().st_size > 1_000


def test_a_snapshot_is_replayed(view, spaces, tmp_path):
    """The manifest beside a picture makes the same one again, its focus included."""
    view.variant, view.seed = "both", 2
    view.space, view.weights = "sum", {"image": 2, "text": 0.5}
    view.edges, view.color = "by modality", "rewiring"
    lasso(view, [1, 2], panel=1)
    rv.save(view.snapshot(), tmp_path / "map.json")
    again = rv.replay(tmp_path / "map.manifest.json", spaces)  # it would warn
    assert "both, seed 2" in json.dumps(again.to_plotly_json()["layout"], default=list)


def test_a_snapshot_shows_the_colours_of_the_page(view):
    view.select(["p2"])
    figure = view.snapshot()
    assert figure.data[1].customdata.tolist() == ["p2"]
    color = view.map.colors["styles"][2][0]
    assert _shown(figure.data[1]) == color
    assert _shown(figure.data[0]) != color


def _shown(trace):
    marker = trace.marker
    if marker.colorscale is None:
        return marker.color
    share = (marker.color[0] - marker.cmin) / (marker.cmax - marker.cmin)
    return max(step for step in marker.colorscale if step[0] <= share)[1]


def test_a_cell_keeps_a_picture(view, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "refnet_viz.widgets.stage.display", lambda what, **_: shown.append(what)
    )
    view._ipython_display_()
    live, still = shown
    told = live.pop("application/vnd.jupyter.widget-view+json")
    assert told["model_id"] == view.widget.model_id
    assert live == {"text/plain": ""}
    assert '<img class="rv-static" alt="Map of plain, seed 0: 24' in still["text/html"]
    assert "base64,iVBORw0KGgo" in still["text/html"]  # a PNG
    assert still["text/plain"].startswith("Map of plain, seed 0: 24 points")
    assert "Map of both, seed 0: 24 points" in still["text/plain"]


def test_summary_says_what_cannot_be_seen(view):
    view.edges, view.color = "gained", "rewiring"
    view.select(["p1", "p2"])
    told = view.map.texts["panels"][1]["summary"]
    assert told.startswith(
        "Map of both, seed 0: 24 points, 2 selected, coloured by rewiring from plain; "
        "latent space; PCA, trustworthiness "
    )
    assert told.endswith(" gained edges that touch the selection.")


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
    # The scripts of the page make text nodes; they are given the words as they are.
    assert key(view) == [HOSTILE[0], f"{HOSTILE[1][:31]}…", HOSTILE[2]]
    assert titles(view) == [f"{HOSTILE[0]}, seed 0"]
    # plotly and pictures read a little HTML, so these get it escaped.
    figure = view.snapshot()
    texts = [figure.layout.title.text, *(a.text for a in figure.layout.annotations)]
    for trace in figure.data:
        hover = [] if trace.hovertext is None else trace.hovertext
        texts += [trace.name or "", *hover]
    assert any("&lt;script&gt;window.h" in text for text in texts)
    for text in [*texts, view._still()["text/html"]]:
        assert "<script" not in text
        assert "<img src=x" not in text
        assert "<b &" not in text
    # ipywidgets that read HTML are not used at all.
    every = members(view.widget)
    assert not [w for w in every if isinstance(w, W.HTML | W.HTMLMath)]
    assert not any(getattr(w, "description_allow_html", False) for w in every)
