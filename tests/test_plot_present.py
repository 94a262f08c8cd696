"""Figures where rows lack a modality: they are not drawn, and it is said."""

from dataclasses import replace

import numpy as np
import pytest

import refnet_viz as rv
from refnet_viz import Embedding, plot
from refnet_viz.graph import attribute, compare, knn
from refnet_viz.layout import project

N, ABSENT = 60, 10


def spaces(name="<b>a", seed=0):
    """Return points of which ten lack one modality, and two other ones the second."""
    rng = np.random.default_rng(seed)
    present = np.ones((N, 2), dtype=bool)
    present[:ABSENT, 0] = present[-2:, 1] = False
    values = np.random.default_rng(9).normal(size=(2, N, 3)).astype(np.float32)
    inputs = {
        key: np.where(present[:, [i]], values[i], 0.0).astype(np.float32)
        for i, key in enumerate((name, "b"))
    }
    made = Embedding.from_arrays(
        rng.normal(size=(N, 4)), labels=np.arange(N) % 3, name="own"
    )
    return replace(made, inputs=inputs, present=present)


def words(figure):
    """Return all that is written in titles, and the alternative text."""
    notes = [note.text for note in figure.layout.annotations]
    return " ".join([figure.layout.title.text, *notes]), figure.layout.meta["alt"]


def dots(figure):
    """Return the trace of points."""
    return next(t for t in figure.data if t.customdata is not None)


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_a_layout_gives_no_place_to_rows_without_the_space(method):
    own = spaces("a")
    layout = project(own, method, space="a")
    alone = project(own.subset(own.present[:, 0]), method, space="a")
    assert np.flatnonzero(~layout.present).tolist() == list(range(ABSENT))
    assert np.array_equal(layout.coordinates[ABSENT:], alone.coordinates)
    for name in ("trustworthiness", "continuity", "chance", "k", "judged", "caption"):
        assert getattr(layout, name) == getattr(alone, name)
    assert layout.coverage == "83 % have a"
    assert "83 % have a" in layout._repr_html_()
    assert alone.coverage == ""


def test_aligned_layouts_begin_where_the_reference_has_a_place():
    own = spaces("a")
    begin = project(own, "umap", space="a")
    other = project(own, "aligned", space="b", reference=begin)
    assert np.flatnonzero(~other.present).tolist() == [N - 2, N - 1]
    assert np.isfinite(other.coordinates[: N - 2]).all()
    again = project(own, "aligned", space="b", reference=begin)
    assert np.array_equal(other.coordinates, again.coordinates, equal_nan=True)
    two = project({"one": own, "two": own}, "aligned", space="sum")
    assert two["two"].coverage == "80 % have every modality"


def test_few_rows_with_a_space_are_laid_out_by_pca_and_none_refused():
    own = spaces("a")
    present = own.present.copy()
    present[3:, 0], present[:3, 0] = False, True
    layout = project(replace(own, present=present), "umap", space="a")
    assert (layout.method, layout.present.sum()) == ("pca", 3)
    assert layout.note == "PCA: UMAP needs more than 3 points, got 3."
    present[:, 0] = False
    with pytest.raises(ValueError, match="'a', which none of 60 has"):
        project(replace(own, present=present), "umap", space="a")


@pytest.mark.parametrize("layout", ["umap", "pca", "spring"])
def test_a_graph_of_a_modality_draws_only_the_rows_that_have_it(layout, tmp_path):
    figure = plot.graph(knn(spaces(), 5, space="<b>a"), layout=layout)
    title, alt = words(figure)
    assert "83 % have &lt;b&gt;a" in title
    assert "83 % have <b>a: only those are in the graph." in alt
    trace = dots(figure)
    assert np.isnan(np.asarray(trace.x, float)[:ABSENT]).all()
    assert np.isfinite(np.asarray(trace.x, float)[ABSENT:]).all()
    assert len(trace.customdata) == N
    assert figure.layout.meta["largest_in_degree"] == max(
        np.bincount(knn(spaces(), 5, space="<b>a").edges("directed").target)
    )
    rv.save(figure, tmp_path / "graph.svg")
    assert "nan" not in (tmp_path / "graph.svg").read_text().casefold()


def test_edges_without_a_place_are_left_out():
    own = spaces("a")
    layout = project(own, "pca", space="a")
    graph = knn(own, 3)
    figure = plot.latent(own, edges=graph, layout=layout)
    title, alt = words(figure)
    assert "83 % have a" in title
    assert "83 % have a." in alt
    source, target, _ = graph.edges()
    drawn = np.sum((source >= ABSENT) & (target >= ABSENT))
    lines = next(t for t in figure.data if t.mode == "lines")
    assert len(lines.x) == 3 * drawn
    assert np.isfinite(np.asarray(lines.x).reshape(-1, 3)[:, :2]).all()


def test_rewiring_is_of_the_rows_in_both_graphs():
    runs = {"plain": [spaces("a"), spaces("a", 1)], "both": [spaces("a", 2)]}
    graphs = {n: knn(members, 5, space="a") for n, members in runs.items()}
    fused = {"plain": graphs["plain"], "both": knn(runs["both"], 5)}
    figure = plot.rewiring(fused, "plain", "both", layout="pca")
    title, alt = words(figure)
    assert "83 % have a" in title
    assert "83 % have a." in alt
    expected = rv.graph.rewiring(fused["plain"][0], fused["both"][0])
    assert figure.layout.meta["rewiring"] == pytest.approx(np.nanmean(expected))
    steps = [t for t in figure.data if t.line.shape == "hv"]
    assert [step.y[-1] for step in steps] == [1, 1]
    assert figure.layout.meta["seed_noise"] == 0  # one modality, whatever the seed


def test_attribution_of_a_modality_says_who_is_in_it():
    found = attribute(knn(spaces("a"), 5, space="a"))
    title, _ = words(plot.attribution(found, layout="pca"))
    assert "83 % have a" in title
    texts = dots(plot.attribution(found, layout="pca")).hovertext
    assert ["no edges" in text for text in texts] == [i < ABSENT for i in range(N)]


def test_overlaps_and_comparisons_say_how_many_rows_have_what():
    own = spaces("a")
    title, alt = words(plot.overlaps(own, k_max=5))
    told = ("80 % have every modality", "83 % have a", "58 of 60")
    assert all(words in title for words in told[:2])
    assert "80 % have every modality, 83 % have a and 97 % have b." in alt
    table = compare({"plain": knn(own, 5)}, permutations=0)
    title, alt = words(plot.compare(table, metrics=["purity"]))
    assert all(words in title and words in alt for words in told[:2])


def test_presence_can_be_a_colour():
    own = spaces("a")
    assert own.columns["has b"].tolist() == ["yes"] * (N - 2) + ["no"] * 2
    figure = plot.latent(own, layout="pca", color="has a")
    colors = dots(figure).marker.color
    assert len(set(colors[:ABSENT])) == len(set(colors[ABSENT:])) == 1
    assert colors[0] != colors[-1]
    legend = [t.name for t in figure.data if t.showlegend is not False]
    assert legend == ["yes", "no (10)"]
    whole = own.subset(np.arange(ABSENT, N - 2))
    assert not [name for name in whole.columns if name.startswith("has ")]


def test_figures_with_gaps_are_made_again(tmp_path):
    own = spaces("a")
    graph = knn(own, 5, space="a")
    table = compare({"plain": knn(own, 5)}, permutations=0)
    figures = (
        plot.latent(own, layout=project(own, "pca", space="a")),
        plot.graph(graph, layout="pca"),
        plot.rewiring({"a": graph, "b": knn(own, 5)}, "a", "b", layout="pca"),
        plot.compare(table, metrics=["purity"]),
    )
    for number, figure in enumerate(figures):
        path = tmp_path / f"{number}.svg"
        rv.save(figure, path)
        before = path.read_bytes()
        # It warns, which is an error here, where the figure differs.
        rv.save(rv.replay(path, own), path)
        assert path.read_bytes() == before
