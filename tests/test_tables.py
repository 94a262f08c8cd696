"""Tables behind figures: numbers a human can check, and the same that is drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import refnet_viz as rv
from refnet_viz import Embedding, plot
from refnet_viz.graph import contradictions, edge_bounds, edge_sets, overlap_by_k
from refnet_viz.responsibility import (
    cross_fit,
    leftover,
    linear_floor,
    scores,
    scores_by_class,
    scores_by_point,
)

LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


def answering(seed=0, n=30, names=("a", "b"), **more):
    """Return a noisy fused space of modalities with decoders fitted to them."""
    rng = np.random.default_rng(0)
    modalities = {name: rng.normal(size=(n, 4)) for name in names}
    z = np.hstack(list(modalities.values()))[:, ::2]
    z = z + 0.3 * np.random.default_rng(seed).normal(size=z.shape)
    own = Embedding.from_arrays(z, modalities=modalities, **more)
    return replace(cross_fit(own, folds=3), info={**own.info, "seed": seed})


def drawn(figure, name):
    """Return the traces of a name that have points."""
    return [t for t in figure.data if t.name == name and t.x[0] is not None]


# overlaps


def test_overlaps_of_four_points_by_hand():
    # Points 0, 1, 2, 3 have the nearest 1, 0, 1, 2; mirrored they keep them. By b they
    # are 2, 2, 1, 0: only that of point 2 is shared.
    own = Embedding.from_arrays(
        LINE, modalities={"a": -LINE, "b": np.array([[3.0], [0.0], [1.0], [7.0]])}
    )
    table = overlap_by_k(own).set_index(["ground", "k"])
    assert table.loc["a", "mean"].tolist() == [1.0, 1.0, 1.0]
    assert table.loc[("b", 1), "mean"] == 0.25
    assert table.loc["sum", "chance"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert table["seeds"].eq(1).all()
    assert table[["low", "high"]].isna().all(axis=None)


def test_overlaps_are_those_of_graphs_one_by_one():
    own = answering()
    table = overlap_by_k({"mine": own}, k_max=6)
    for (space, ground, k), mean in table.set_index(["space", "ground", "k"])[
        "mean"
    ].items():
        pair = (rv.knn(own, k, space=name) for name in (space, ground))
        assert mean == pytest.approx(rv.graph.overlap(*pair))


def test_the_figure_of_overlaps_draws_its_table():
    spaces = {"one": [answering(seed) for seed in range(3)], "two": answering(3)}
    table = overlap_by_k(spaces, k_max=5)
    figure = plot.overlaps(spaces, k_max=5)
    for panel, ground in enumerate(["sum", "a", "b"], start=1):
        axis = "x" if panel == 1 else f"x{panel}"
        part = table[table["ground"] == ground]
        for (variant, space), rows in part.groupby(["variant", "space"]):
            traces = drawn(figure, f"{variant}, {space}")
            (line,) = (
                t for t in traces if t.mode == "lines+markers" and t.xaxis == axis
            )
            assert line.x.tolist() == rows["k"].tolist()
            assert line.y.tolist() == rows["mean"].tolist()
        (chance,) = (t for t in drawn(figure, "chance") if t.xaxis == axis)
        assert chance.y.tolist() == rows["chance"].tolist()
    bands = table[table["variant"] == "one"]
    assert (bands["low"] <= bands["mean"]).all()
    assert (bands["mean"] <= bands["high"]).all()
    assert bands["high"].max() <= 1
    assert {trace.name for trace in figure.data if trace.fill} == {
        f"one, {space}" for space in table["space"].unique()
    }


# sets of modalities


def test_sets_are_pooled_alike_in_all_variants():
    graphs = {
        "few": rv.knn(answering(names="abc", n=40), k=3),
        "many": rv.knn(answering(names="abc", n=40), k=8),
    }
    found = rv.attribute(graphs)
    whole = edge_sets(found)
    table = edge_sets(found, most=4)
    for name, part in table.groupby("variant"):
        assert part["set"].tolist()[-2:] == ["several", "emergent"]
        assert {"all", "only a", "only b", "only c"} == set(part["set"][:4])
        assert part["share"].sum() == pytest.approx(1)
        assert part["chance"].sum() == pytest.approx(1)
        assert part["edges"].sum() == len(found[name])
        rest = whole[(whole["variant"] == name) & whole["set"].str.contains(r" \+ ")]
        several = part[part["set"] == "several"]
        assert several["edges"].item() == rest["edges"].sum()
    assert set(whole["set"]) == {
        name for a in found.values() for name in a.patterns["pattern"]
    }


def test_the_figure_of_sets_tells_its_tables():
    found = rv.attribute(rv.knn({"mine": answering()}, k=4))
    figure = plot.attribution(found, layout="pca")
    legend = [t.name for t in figure.data if t.showlegend]
    sets, against = edge_sets(found), contradictions(found)
    assert len(legend) == len(sets) + 1
    for row, entry in zip(sets.to_dict("records"), legend, strict=False):
        assert entry.startswith(f"{row['set']} {row['share']:.2f}"[:-1])
    (panel,) = figure.layout.meta["panels"]
    assert panel["contradicted"] == against["share"].item()
    assert panel["contradicted_chance"] == against["chance"].item()
    assert panel["edges"] == against["edges"].item()


# bounds


def test_bounds_of_three_points_by_hand():
    own = Embedding.from_arrays([[0.0], [1.0], [3.0]], modalities={"a": LINE[:3]})
    x = np.array([[0.0], [1.0], [3.0]], np.float32)
    answers = np.array([[0.5], [1.0], [3.0]], np.float32)
    own = replace(own, targets={"a": x}, decoded={"a": answers})
    table = edge_bounds(rv.attribute(rv.knn(own, k=1)))
    assert table[["source", "target"]].to_numpy().tolist() == [["0", "1"], ["1", "2"]]
    assert table["sum"].tolist() == [1.0, 2.0]
    assert table["refined"].tolist() == [0.5, 2.0]
    assert table["reach"].tolist() == [0.5, 0.0]
    assert table["used"].tolist() == [-1.0, 0.0]
    assert not table["violated"].any()


def test_the_figure_of_bounds_draws_its_table():
    found = rv.attribute(rv.knn(answering(), k=3))
    table = edge_bounds(found)
    left, right = (
        t for t in plot.bound(found, max_edges=len(table)).data if t.name == "edges"
    )
    assert left.x.tolist() == right.x.tolist() == table["sum"].tolist()
    assert left.y.tolist() == table["refined"].tolist()
    assert right.y.tolist() == table["used"].tolist()


# what is left


def test_floors_by_hand():
    # Four corners of a simplex: centred, three equal directions.
    x = np.eye(4)[[0, 1, 2, 3] * 5]
    own = cross_fit(Embedding.from_arrays(x[:, :1], modalities={"a": x}), folds=4)
    floors = linear_floor({"one": own})
    assert floors["floor"].tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=1e-9)
    (row,) = leftover({"one": own}).to_dict("records")
    assert (row["width"], row["seeds"], row["null"]) == (1, 1, 1.0)
    assert row["floor"] == pytest.approx(2 / 3)
    assert np.isnan(row["low"])
    assert row["collapsed"] == []
    assert row["equal_width"] == 1 + int(np.sum(floors["floor"] > row["mean"]))


def test_the_figure_of_spectra_draws_its_tables():
    spaces = {"one": [answering(seed) for seed in range(3)], "two": answering(3)}
    table, floors = leftover(spaces), linear_floor(spaces)
    figure = plot.spectrum(spaces)
    (curve,) = drawn(figure, "best linear refiner")
    first = floors[floors["variant"] == "one"]
    assert curve.x.tolist() == first["width"].tolist()
    assert curve.y.tolist() == first["floor"].tolist()
    for row, told in zip(
        table.to_dict("records"), figure.layout.meta["variants"], strict=True
    ):
        lines = [t for t in figure.data if t.legendgroup == row["variant"]]
        assert row["mean"] in {t.y[0] for t in lines}
        assert (told["achieved"], told["floor"]) == (row["mean"], row["floor"])
        assert told["equal_width"] == row["equal_width"]
    assert table.loc[0, "low"] < table.loc[0, "mean"] < table.loc[0, "high"]
    assert [trace.name for trace in figure.data if trace.fill] == ["one"]


def test_two_seeds_have_no_band_in_any_figure():
    spaces = {"one": [answering(0), answering(1)]}
    for figure in (plot.overlaps(spaces, k_max=5), plot.spectrum(spaces)):
        assert not [trace for trace in figure.data if trace.fill]
        assert "band" not in figure.layout.title.text


# answers by class


def test_classes_are_means_of_points_the_largest_first():
    own = answering(labels=[0] * 5 + [1] * 15 + [2] * 10, class_names=list("uvw"))
    table, points = scores_by_class(own), scores_by_point(own)
    assert table["label"].fillna("all").tolist()[::2] == ["all", "v", "w", "u"]
    for row in table.to_dict("records"):
        label = row["label"]
        mask = np.full(30, True) if pd.isna(label) else own.labels == "uvw".index(label)
        assert row["members"] == row["points"] == mask.sum()
        assert row["mean"] == pytest.approx(points[row["modality"]][mask].mean())
    whole = table[table["label"].isna()].set_index("modality")
    np.testing.assert_allclose(whole["mean"], scores(own)["r2"])
    np.testing.assert_allclose(whole["shuffled"], scores(own)["r2_shuffled"])


def test_shuffled_answers_of_a_class_are_every_way_of_dealing():
    own = answering(labels=[0] * 6 + [1] * 24, class_names=["few", "most"])
    x, y = own.targets["a"].astype(float), own.decoded["a"].astype(float)
    spread = np.mean(np.sum((x - x.mean(axis=0)) ** 2, axis=1))
    slow = [
        1 - np.sum((x[i] - y[j]) ** 2) / spread for i in range(6) for j in range(30)
    ]
    table = scores_by_class(own)
    few = table[(table["label"] == "few") & (table["modality"] == "a")]
    assert few["shuffled"].item() == pytest.approx(np.mean(slow), rel=1e-5)


def test_the_figure_of_responsibility_draws_its_table():
    own = answering(labels=[0, 1, 1] * 10, class_names=["u", "v"])
    table = scores_by_class(own)
    figure = plot.responsibility(rv.attribute(rv.knn(own, k=3)))
    for name in ("a", "b"):
        (bar,) = (t for t in figure.data if t.type == "bar" and t.name == name)
        assert bar.x.tolist() == table[table["modality"] == name]["mean"].tolist()
    assert figure.layout.yaxis.ticktext == ("<i>all points</i>", "v", "u")


def test_a_column_more_at_the_end_of_points_changes_no_figure(monkeypatch):
    found = rv.attribute(rv.knn(answering(), k=3))
    before = plot.responsibility(found).to_json()
    wide = found.points.assign(more=1.0, another=2.0)
    monkeypatch.setitem(found.__dict__, "points", wide)
    assert found.points.columns[-1] == "another"
    assert plot.responsibility(found).to_json() == before


def test_a_modality_called_like_another_column_is_itself():
    own = answering(names=("rho", "label"))
    figure = plot.responsibility(rv.attribute(rv.knn(own, k=3)))
    table = scores_by_class(own).set_index("modality")["mean"]
    for name in ("rho", "label"):
        (bar,) = (t for t in figure.data if t.type == "bar" and t.name == name)
        assert bar.x.tolist() == [table[name]]


@pytest.mark.parametrize("function", [edge_sets, contradictions])
def test_attributions_are_asked_for(function):
    with pytest.raises(TypeError) as caught:
        function(pd.DataFrame())
    assert str(caught.value) == (
        "`attributions['embedding']` must hold Attribution values, got DataFrame."
    )
