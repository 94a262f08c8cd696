"""Rows that lack a modality or a label, in every picture."""

import json
import re

import numpy as np
import pytest
from exploring import (
    facts,
    lasso,
    offered,
)
from lacking import BARE, GONE, N, space

import refnet_viz as rv
from refnet_viz.graph.points import purity_by_point

K = 5


@pytest.fixture(scope="module")
def spaces():
    return {"plain": space("plain"), "both": space("both")}


@pytest.fixture
def view(spaces):
    made = rv.explore(spaces, k=K, layout="pca")
    yield made
    made.close()


def legend(view):
    """Name to code of what can be chosen in the legend."""
    return {entry["name"]: entry["codes"][0] for entry in view.screen.key["entries"]}


def neighbours(view):
    """Rows that the pane lists, in all spaces."""
    content = view.screen.detail
    every = [content["rows"], *(part["rows"] for part in content["elsewhere"])]
    return [entry["row"] for rows in every for entry in rows]


# Figures


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("color", ["label", "correct"])
def test_unlabelled_points_are_rings_and_come_last(spaces, color, mode):
    figure = rv.plot.latent(spaces, layout="pca", color=color, mode=mode)
    points, last = figure.data[0], figure.data[-1]
    assert last.name == f"no label ({len(BARE)})"
    assert last.marker.symbol == "circle-open"
    hollow = [symbol.endswith("-open") for symbol in points.marker.symbol]
    assert np.flatnonzero(hollow).tolist() == BARE
    wide = np.asarray(points.marker.line.width)
    assert set(wide[BARE]) > set() and min(wide[BARE]) > 1  # noqa: PT018
    assert "label: no label" in points.hovertext[0]


def test_predictions_are_never_missing(spaces):
    figure = rv.plot.latent(spaces, layout="pca", color="prediction")
    assert [trace.name for trace in figure.data[2:]] == ["ant", "bee", "cat"]


def test_several_labels_a_point_tell_none_from_unlabelled():
    figure = rv.plot.latent(space(multi=True), layout="pca")
    assert figure.data[-1].name == f"no label ({len(BARE)})"


def test_presence_is_a_colour_where_something_is_absent(spaces):
    figure = rv.plot.latent(spaces, layout="pca", color="has rna")
    assert [trace.name for trace in figure.data[2:]] == ["yes", f"no ({len(GONE)})"]
    assert figure.data[-1].marker.symbol == "circle-open"
    hollow = [symbol.endswith("-open") for symbol in figure.data[0].marker.symbol]
    assert np.flatnonzero(hollow).tolist() == GONE


@pytest.mark.parametrize("space_name", ["latent", "rna", "sum"])
def test_a_graph_is_drawn(spaces, space_name, tmp_path):
    graph = rv.knn(spaces["plain"], K, space=space_name)
    figure = rv.plot.graph(graph, layout="pca")
    assert "no label" in figure.data[-1].name
    rv.save(figure, tmp_path / "graph.png")


# The explorer


def test_the_legend_selects_what_has_no_label(view):
    assert list(legend(view))[-1] == "no label"
    assert view.screen.key["entries"][-1]["count"] == len(BARE)
    view.screen._handle_custom_msg(
        {"kind": "class", "words": [[legend(view)["no label"]], "alone"]}, []
    )
    assert view.selected["id"].tolist() == [f"p{row}" for row in BARE]
    assert set(view.selected["label"]) == {"no label"}
    assert view.selected["correct"].isna().all()
    assert facts(view) == {"no label": str(len(BARE))}
    cells = view.screen.strip["rows"][0]["cells"]
    assert [cell["selected"] for cell in cells[:2]] == ["–", "–"]


def test_classes_of_a_selection_leave_out_what_has_no_label(view):
    view.select([f"p{row}" for row in range(8)])
    assert facts(view) == {"ant": "2", "bee": "2", "cat": "2", "no label": "2"}
    own = view._view.tables[0]
    chosen = [row for row in range(8) if row not in BARE]
    right = np.mean(own.embedding.labels[chosen] == own.embedding.predictions[chosen])
    cells = view.screen.strip["rows"][0]["cells"]
    assert cells[0]["selected"] == f"{right:.2f}"
    assert cells[1]["selected"] == f"{np.nanmean(own.purity[chosen]):.2f}"


def test_a_point_without_a_label_says_so(view):
    view.select("p7")
    told = facts(view)
    assert told["label"] == "no label"
    assert "✓" not in told["prediction"]
    assert "✗" not in told["prediction"]
    assert "purity" not in told
    assert "with its label" not in view.screen.detail["heading"]
    assert {entry["same"] for entry in view.screen.detail["rows"]} == {None}


def test_a_point_without_rna_says_so(view):
    view.space = "rna"
    view.select("p15")
    told, content = facts(view), view.screen.detail
    assert told["has no"] == "rna"
    assert "responsibility: rna" not in told
    assert "responsibility: protein" in told
    assert "in-degree" not in told
    assert content["heading"] == "has no rna"
    assert content["rows"] == []
    others = [part["heading"] for part in content["elsewhere"]]
    assert any(heading.startswith("lacks a modality") for heading in others)
    view.select("p1")
    assert not set(neighbours(view)[: 3 * K]) & {-1}
    assert not {entry["row"] for entry in view.screen.detail["rows"]} & set(GONE)


def test_the_map_of_a_modality_has_the_points_that_have_it(view):
    view.space = "rna"
    for panel in view.screen.texts["panels"]:
        assert panel["notes"][1].endswith("93 % have rna")
    assert view.screen.strip["caption"].startswith(
        f"{N} points, {len(BARE)} without a label, 93 % have rna"
    )
    x = np.frombuffer(view.screen.places["panels"][0]["x"], "<f4")
    assert np.flatnonzero(np.isnan(x)).tolist() == GONE
    for edges in ("all", "by modality", "kept", "gained", "lost"):
        view.edges = edges
        for part in view.screen.edges["panels"][1]:
            assert not set(np.frombuffer(part["pairs"], "<u4").tolist()) & set(GONE)
    view.edges = "none"
    assert view.snapshot().data
    lasso(view, [1, 2])
    assert view.selected["id"].tolist() == ["p1", "p2"]


@pytest.mark.parametrize("space_name", ["latent", "rna", "sum"])
def test_every_colour_and_search_work_everywhere(view, space_name):
    view.space = space_name
    for color in offered(view, "color"):
        view.color = color[1] if isinstance(color, tuple) else color
        json.dumps(view.screen.texts, allow_nan=False)
        json.dumps(view.screen.strip, allow_nan=False)
        key = {**view.screen.key}
        json.dumps(key, allow_nan=False)
    assert len(view.search("no label")) == len(BARE)
    json.dumps(view.screen.detail, allow_nan=False)


# The page


def held(file):
    text = file.read_text("utf-8")
    found = re.search(r'<script[^>]* id="payload">(.*?)</script>', text, re.S)
    return json.loads(found[1], parse_constant=pytest.fail)


@pytest.mark.parametrize("space_name", ["latent", "rna"])
def test_a_page_holds_no_number_that_is_none(spaces, space_name, tmp_path):
    data = held(rv.export_html(spaces, tmp_path / "a.html", k=K, space=space_name))
    assert [row for row, own in enumerate(data["labels"]) if own is None] == BARE
    assert max(data["steps"]) < N - len(GONE) * (space_name == "rna")
    assert sorted(data["missing"]) == ["protein", "rna"]
    label = next(color for color in data["colors"] if color["name"] == "label")
    assert label["names"][-1] == "no label"
    assert "has rna" in [color["name"] for color in data["colors"]]


def test_several_labels_make_a_page(tmp_path):
    data = held(rv.export_html(space(multi=True), tmp_path / "a.html", k=K))
    assert data["labels"][0] is None
    assert data["labels"][1] == [1]


def test_unlabelled_neighbours_do_not_count_as_wrong(spaces):
    graph = rv.knn(spaces["plain"], K)
    for row, value in enumerate(purity_by_point(graph)):
        near = [o for o in graph.indices[row] if graph.labels[o] >= 0]
        if row in BARE or not near:
            assert np.isnan(value)
            continue
        same = [graph.labels[o] == graph.labels[row] for o in near]
        assert value == pytest.approx(sum(same) / len(near))
