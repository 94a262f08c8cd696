"""Weights of the modalities in the explorer, against graphs searched afresh."""

import numpy as np
import pytest
from exploring import (
    cell,
    do,
    edges,
    ends,
    graph,
    move,
    notes,
    offered,
    pairs,
)

import refnet_viz as rv
from refnet_viz.graph import METRICS, edge_diff, knn, rewiring
from refnet_viz.graph.reweighting import Reweighting


def weighted(spaces, variant, factors, *, k=3, space="sum"):
    """The graph under multiples of the default weights, searched afresh."""
    own = spaces[variant][0]
    blocks = own.decoded if space == "refined" else own.inputs
    weights = {m: factor / blocks[m].shape[1] for m, factor in factors.items()}
    return knn(own, k, space=space, weights=weights)


def test_weights_are_shown_where_they_count(refined):
    view = rv.explore(refined, k=3, layout="pca")
    shown = {}
    for space in ("latent", "refined", "image", "text", "sum"):
        view.space = space
        shown[space] = offered(view, "weights") is not None
    assert shown == {
        "latent": False,
        "refined": True,
        "image": False,
        "text": False,
        "sum": True,
    }
    assert offered(view, "weights") == ["image", "text"]


@pytest.mark.parametrize("space", ["sum", "refined"])
def test_weights_redraw_everything_but_the_layout(refined, space):
    view = rv.explore(refined, k=3, layout="pca", space=space)
    view.edges = "all"
    before = view.screen.places
    factors = {"image": 2, "text": 0.5}
    view.weights = factors
    assert view.weights == factors
    g, base = (weighted(refined, v, factors, space=space) for v in ("both", "plain"))
    assert edges(view, 1) == ends(g) != ends(graph(refined, "both", space=space))
    assert view.screen.places == before
    assert notes(view, 1).startswith(f"{space} space, weights: image 2, text 0.5\n")
    assert "), layout of equal weights\n" in notes(view, 1)
    purity = METRICS["purity"].function(g)
    assert cell(view, "purity", "both")["whole"] == f"{purity:.2f}"
    told = cell(view, "rewiring", "both")["whole"]
    assert told == f"{rewiring(base, g).mean():.2f}"
    do(view, "hover", 1, 0)
    assert [row["title"] for row in view.screen.detail["rows"]] == [
        f"p{i}" for i in g.indices[0]
    ]
    view.edges = "gained"
    assert edges(view, 1) == pairs(edge_diff(base, g).gained)


def test_a_slider_that_moves_is_the_same(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    view.edges = "all"
    move(view, weights={**view.weights, "text": 0.0})
    assert view.weights == {"image": 1, "text": 0}
    assert edges(view) == ends(graph(spaces, "plain", space="image"))
    move(view, weights={**view.weights, "text": 0.30000000000000004})  # as pages say it
    assert view.weights == {"image": 1, "text": 0.3}
    view.weights["text"] = 2  # a dict of its own
    assert view.weights == {"image": 1, "text": 0.3}


def test_equal_weights_are_the_default(spaces):
    view = rv.explore(spaces, k=3, layout="pca", space="sum")
    before = view.screen.texts
    view.weights = {"image": 0.5, "text": 0.5}
    assert view.weights == {"image": 0.5, "text": 0.5}
    assert view.screen.texts == before
    assert "weights" not in view.code()
    view.weights = {"image": 0.5, "text": 1}
    assert 'view.weights = {"image": 0.5, "text": 1.0}' in view.code()
    view.space = "latent"  # which weighs nothing
    assert "weights" not in view.code()


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
    before = view.screen.texts
    move(view, weights={**view.weights, "text": 0.0})
    assert view.screen.settings["values"]["weights"]["text"] == 0.2
    assert view.weights == {"image": 0, "text": 0.2}
    assert view.screen.texts == before
    assert view.screen.notice["words"] == (
        "`weights` must have one above 0, got 0 for every modality."
    )
    move(view, weights={**view.weights, "text": 0.4})
    assert view.screen.notice["words"] == ""


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
)
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
    assert offered(view, "weights") is None
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
        name: [
            rv.Embedding(**{**vars(e), "inputs": spaces["plain"][0].inputs})
            for e in runs
        ]
        for name, runs in spaces.items()
    }
    view = rv.explore(same, k=3, layout="pca", space="sum")
    for weight in (0.1, 0.2, 0.3):
        view.weights = {"image": 1, "text": weight}
    assert made == ["plain"]  # all have the inputs of the first
    assert view._view.tables[view.variants.index("both")].embedding is same["both"][0]
    assert cell(view, "rewiring", "both")["whole"] == "0.00"
