"""`latent` and `graph`, read as data."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from refnet_viz.data.dataset import Media
from refnet_viz.embedding import Embedding
from refnet_viz.explorer.colors import options
from refnet_viz.graph import knn
from refnet_viz.inference import embed
from refnet_viz.layout import project
from refnet_viz.plot import graph, latent
from refnet_viz.plot.graph import hub_chance
from refnet_viz.plot.ink import MODES
from refnet_viz.train import fit

HOSTILE = ["a<b & c>d", "<script>x</script>", '<a href="http://x">']


def embedding(n=12, seed=0, **more):
    """Return points of three classes with odd names, one metadata column a kind."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"size": rng.random(n), "kind": ["<b>", "y"] * (n // 2), "rank": range(n)}
    )
    options = {
        "labels": [i % 3 for i in range(n)],
        "class_names": HOSTILE,
        "metadata": frame,
        "ids": [f"id<{i}>" for i in range(n)],
        "media": Media(texts=tuple(f"text & {i}" for i in range(n))),
        **more,
    }
    made = Embedding.from_arrays(rng.normal(size=(n, 4)), **options)
    return replace(made, info={**made.info, "seed": seed, "variant": "v"})


def panels(figure):
    """Return the traces that hold points, without the entries of the legend."""
    return [t for t in figure.data if t.mode == "markers" and t.customdata is not None]


def entries(figure):
    return [t for t in figure.data if t.showlegend is not False]


def test_one_trace_of_points_a_panel():
    spaces = {"plain": embedding(), "refiner": embedding(seed=1)}
    figure = latent(spaces, layout="pca")
    assert isinstance(figure, go.Figure)
    drawn = panels(figure)
    assert [t.name for t in drawn] == ["plain", "refiner"]
    for trace, (name, space) in zip(drawn, spaces.items(), strict=True):
        expected = project(space, "pca").coordinates
        np.testing.assert_array_equal(np.column_stack([trace.x, trace.y]), expected)
        assert trace.customdata.tolist() == space.ids.tolist(), name
        classes = MODES["light"].classes
        assert trace.marker.color.tolist() == [classes[i % 3] for i in range(12)]
    assert all(t.x == (None,) for t in entries(figure))


def test_titles_name_variant_seed_method_and_fidelity():
    space = embedding()
    layout = project(space, "pca")
    figure = latent({"my <plain>": space}, layout=layout)
    text = figure.layout.annotations[0].text
    assert text.startswith("<b>my &lt;plain&gt;</b>, seed 0<br>")
    assert "PCA" in text
    assert layout.caption.split(" (")[0] in text
    assert f"{layout.chance:.2f}" in figure.layout.title.text


def test_nothing_hostile_reaches_plotly():
    space = replace(embedding(), predictions=embedding().labels)
    graphs = knn(space, k=2)
    for figure in (
        latent({"<i>x": space}, edges={"<i>x": graphs}, layout="pca"),
        latent(space, color="kind", layout="pca"),
        graph(graphs, layout="pca"),
    ):
        words = [t.name for t in figure.data if t.name]
        words += [text for t in panels(figure) for text in t.hovertext]
        words += [note.text for note in figure.layout.annotations]
        words.append(str(figure.layout.legend.title.text))
        for bad in ("<script", "<a ", "<i>", "id<0>", "a<b", "& "):
            assert not [w for w in words if bad in w], bad
        assert "id&lt;0&gt;" in panels(figure)[0].hovertext[0]


def test_hover_says_what_is_known():
    space = replace(embedding(), predictions=np.zeros(12, np.int64))
    text = panels(latent(space, color="rank", layout="pca"))[0].hovertext[1]
    assert text == (
        "<b>id&lt;1&gt;</b><br>label: &lt;script&gt;x&lt;/script&gt;"
        "<br>prediction: a&lt;b &amp; c&gt;d<br>text &amp; 1<br>rank: 1"
    )


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_continuous_colour_has_one_bar(mode):
    space = embedding()
    figure = latent({"a": space, "b": space}, color="size", layout="pca", mode=mode)
    for trace in panels(figure):
        assert trace.marker.coloraxis == "coloraxis"
        np.testing.assert_array_equal(trace.marker.color, space.metadata["size"])
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (
        space.metadata["size"].min(),
        space.metadata["size"].max(),
    )
    assert axis.colorbar.title.text == "size"
    assert entries(figure) == []


def test_missing_values_are_counted():
    values = np.where(np.arange(12) < 2, np.nan, 1.0)
    figure = latent(embedding(), color=values, layout="pca")
    assert figure.layout.coloraxis.colorbar.title.text == "value<br>(2 missing, grey)"
    names = np.where(np.arange(12) < 2, None, "known")
    figure = latent(embedding(), color=names, layout="pca")
    assert [t.name for t in entries(figure)] == ["known", "missing"]


def test_correct_is_told_by_colour_and_shape():
    labels = np.arange(12) % 3
    space = replace(embedding(), predictions=np.where(labels == 2, 0, labels))
    figure = latent(space, color="correct", layout="pca")
    trace = panels(figure)[0]
    assert trace.marker.symbol.tolist() == ["circle", "circle", "x"] * 4
    assert [t.name for t in entries(figure)] == ["right", "wrong"]


def test_many_classes_get_shapes_and_a_bounded_legend():
    space = embedding(
        60, labels=list(range(60)), class_names=[f"c{i}" for i in range(60)]
    )
    figure = latent(space, layout="pca")
    marker = panels(figure)[0].marker
    assert len(set(zip(marker.color, marker.symbol, strict=True))) == 60
    named = [t.name for t in entries(figure)]
    assert len(named) == 25
    assert named[-1] == "and 36 more: point at them"


def test_several_labels():
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]] * 4)
    figure = latent(embedding(labels=labels), layout="pca")
    assert [t.name for t in entries(figure)][-1] == "none"
    assert figure.layout.legend.title.text == "label (first of several)"
    assert "a&lt;b &amp; c&gt;d; &lt;script" in panels(figure)[0].hovertext[0]


def test_no_labels_is_no_error():
    space = Embedding.from_arrays(np.eye(5))
    figure = latent(space, layout="pca")
    assert len(set(panels(figure)[0].marker.color)) == 1
    assert entries(figure) == []


def test_edges_lie_below_and_are_capped_with_the_cap_stated():
    space = embedding()
    found = knn(space, k=3)
    total = len(found.edges().source)
    figure = latent(space, edges=found, max_edges=5, layout="pca")
    lines, markers = figure.data[:2]
    assert (lines.mode, markers.mode) == ("lines", "markers")
    assert len(lines.x) == 3 * 5
    assert np.isnan(lines.x[2::3]).all()
    assert f"5 of {total} edges drawn" in figure.layout.annotations[0].text
    ends = {tuple(e) for e in np.column_stack([lines.x, lines.y]) if e[0] == e[0]}
    assert ends <= {tuple(e) for e in np.column_stack([markers.x, markers.y])}
    whole = latent(space, edges=found, layout="pca")
    assert f"{total} edges" in whole.layout.annotations[0].text
    assert len(whole.data[0].x) == 3 * total


def test_svg_up_to_five_thousand_points():
    small, large = (
        Embedding.from_arrays(np.random.default_rng(0).normal(size=(n, 2)))
        for n in (50, 5_001)
    )
    assert latent(small, layout="pca").data[0].type == "scatter"
    assert latent(large, layout="pca").data[0].type == "scattergl"


def test_seeds_lists_and_layouts_go_together():
    runs = {"a": [embedding(seed=0), embedding(seed=1)], "b": [embedding(seed=1)]}
    layouts = project(runs, "pca")
    figure = latent(runs, seed=1, layout=layouts)
    np.testing.assert_array_equal(figure.data[0].x, layouts["a"][1].coordinates[:, 0])
    listed = latent(runs["a"], layout="pca")
    texts = [note.text for note in listed.layout.annotations]
    assert [text.split("<br>")[0] for text in texts] == [
        "<b>v</b>, seed 0",
        "<b>v</b>, seed 1",
    ]


def test_aligned_panels_move_together():
    spaces = {"a": embedding(20), "b": embedding(20, seed=1)}
    figure = latent(spaces)
    assert figure.layout.xaxis2.matches == "x"
    assert "aligned UMAP, rate" in figure.layout.annotations[1].text
    assert figure.layout.yaxis.scaleanchor == "x"


def test_meta_says_what_the_figure_was_made_of():
    space = embedding()
    meta = latent({"a": space}, edges=knn(space, k=2), layout="pca").layout.meta
    panel = meta["panels"][0]
    assert meta["figure"] == "latent"
    assert meta["alt"] == (
        "Maps of 12 points, coloured by label, a panel each for a. Trustworthiness "
        "0.97, continuity 0.98; chance 0.52. Edges: a 16."
    )
    assert panel["fingerprint"] == space.info["fingerprint"]
    assert (panel["k"], panel["space"], panel["seed"]) == (2, "latent", 0)


GRAPH = knn(embedding(), k=2)


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        (
            ValueError,
            {"color": "shape"},
            "`color` must be one of 'label', 'size', 'kind', 'rank', got 'shape'.",
        ),
        (
            ValueError,
            {"color": "correct"},
            "`color` must be one of 'label', 'size', 'kind', 'rank', got 'correct'.",
        ),
        (
            ValueError,
            {"color": [1, 2]},
            "`color` must hold one value a point (12), got shape (2,).",
        ),
        (
            ValueError,
            {"layout": "tsne"},
            "`layout` must be one of 'umap', 'pca', 'aligned', got 'tsne'.",
        ),
        (
            ValueError,
            {"seed": 4},
            "`seed` must be one of [0] (the seeds of 'embedding'), got 4.",
        ),
        (
            ValueError,
            {"max_edges": -1},
            "`max_edges` must be a whole number of at least 0, got -1.",
        ),
        (
            ValueError,
            {"columns": 0},
            "`columns` must be 1, 1.5 or 2 (of a journal's page) or a larger whole "
            "number (panels in a row), got 0.",
        ),
        (
            ValueError,
            {"mode": "dim"},
            "`mode` must be one of 'light', 'dark', 'auto', got 'dim'.",
        ),
        (
            TypeError,
            {"spaces": 3},
            "`spaces` must hold Embedding values or arrays (rows, features), got int.",
        ),
        (
            ValueError,
            {"edges": {"b": GRAPH}},
            "`edges` must be one of 'b', got 'embedding'.",
        ),
        (
            ValueError,
            {"edges": knn(np.eye(12), k=2)},
            "`edges` must have the same ids as `spaces['embedding']`, in any order, "
            "got 12 and 12 of which 0 are the same: '0' is only in `edges`.",
        ),
    ],
)
def test_errors_are_sentences(kind, arguments, sentence):
    with pytest.raises(kind) as caught:
        latent(**{"spaces": embedding(), "layout": "pca", **arguments})
    assert str(caught.value) == sentence


def test_hubs_are_large():
    # A star: everybody's neighbour is the middle.
    star = Embedding.from_arrays([[0.0, 0], [1, 0], [-1.01, 0], [0, 1.02], [0, -1.03]])
    figure = graph(knn(star, k=1), layout="pca")
    sizes = panels(figure)[0].marker.size
    assert sizes[0] == sizes.max() > 2 * sizes[2]
    assert figure.layout.meta["largest_in_degree"] == 4
    assert "in-degree 4 (mean 1)" in panels(figure)[0].hovertext[0]


def test_closer_links_are_stronger_and_all_are_drawn():
    figure = graph(GRAPH, layout="pca")
    lines = [t for t in figure.data if t.mode == "lines"]
    strengths = [float(t.line.color.split(",")[-1][:-1]) for t in lines]
    assert strengths == sorted(strengths, reverse=True)
    assert sum(len(t.x) for t in lines) == 3 * len(GRAPH.edges().source)
    capped = graph(GRAPH, layout="pca", max_edges=4)
    assert sum(len(t.x) for t in capped.data if t.mode == "lines") == 12
    assert capped.layout.meta["edges_drawn"] == 4


def test_spring_layout_repeats():
    first, again = (graph(GRAPH, layout="spring", mode="dark") for _ in range(2))
    np.testing.assert_array_equal(panels(first)[0].x, panels(again)[0].x)
    assert "spring layout of the graph" in first.layout.annotations[0].text


def test_hub_chance_is_that_of_random_graphs():
    rng = np.random.default_rng(0)
    largest = []
    for _ in range(200):
        drawn = [rng.choice(99, 5, replace=False) for _ in range(100)]
        largest.append(np.bincount(np.concatenate(drawn), minlength=99).max())
    assert hub_chance(5, 100) == pytest.approx(np.mean(largest), abs=1.5)


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        (
            TypeError,
            {"neighbors": {"a": GRAPH}},
            "`neighbors` must be one Neighbors value, e.g. graphs['plain'][0], got "
            "dict.",
        ),
        (
            ValueError,
            {"layout": "circle"},
            "`layout` must be one of 'umap', 'pca', 'spring', got 'circle'.",
        ),
        (
            ValueError,
            {"layout": project(Embedding.from_arrays(np.eye(12)), "pca")},
            "`layout` must have the same ids as `neighbors`, in any order, got 12 and "
            "12 of which 0 are the same: '0' is only in `layout`.",
        ),
    ],
)
def test_graph_errors_are_sentences(kind, arguments, sentence):
    with pytest.raises(kind) as caught:
        graph(**{"neighbors": GRAPH, **arguments})
    assert str(caught.value) == sentence


def test_the_diagnostics_of_a_fusion_are_colours(make_paired, small):
    data = make_paired()
    run = fit(data, replace(small, fusion="gmu"), progress=False)
    space = embed(run, data.test)
    assert {"gate: image", "gate: text"} <= set(space.columns)
    figure = latent(space, layout="pca", color="gate: text")
    drawn = next(trace for trace in figure.data if trace.customdata is not None)
    np.testing.assert_array_equal(drawn.marker.color, space.diagnostics["gate"][:, 1])
    assert "gate: image" in options([space, space])
    assert space.subset([3, 5]).columns["gate: text"].shape == (2,)


def test_more_points_than_texts_say_their_id_and_the_panel_says_so(monkeypatch):
    space = Embedding.from_arrays(
        np.eye(4), ids=["<a>", "b", "c", "d"], labels=list("xxyy")
    )
    for name in ("latent", "points"):
        module = import_module(f"refnet_viz.plot.{name}")
        monkeypatch.setattr(module, "MOST_TEXTS", 3)
    figure = latent(space, layout="pca")
    (panel,) = panels(figure)
    assert list(panel.hovertext) == [
        "<b>&lt;a&gt;</b>",
        *(f"<b>{c}</b>" for c in "bcd"),
    ]
    assert any("more than 3 points" in note.text for note in figure.layout.annotations)
    monkeypatch.undo()
    figure = latent(space, layout="pca")
    assert "label: x" in panels(figure)[0].hovertext[0]
    assert not any("more than" in note.text for note in figure.layout.annotations)
