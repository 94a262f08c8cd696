"""Edges attributed to modalities: loops, chance, what is known of the playground."""

import dataclasses
import tracemalloc
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from refnet_viz.data.playground import (
    FACTORS,
    SENSES,
    playground,
    playground_neighbors,
)
from refnet_viz.embedding import Embedding
from refnet_viz.graph import (
    Neighbors,
    Reweighting,
    answered,
    attribute,
    compare,
    knn,
    overlap,
)
from refnet_viz.graph.closeness import REFERENCES, closeness
from refnet_viz.graph.ground import Grounds
from refnet_viz.graph.hubs import hub_table, hubs, modal_hubs
from refnet_viz.graph.patterns import pattern_name
from refnet_viz.inference import embed
from refnet_viz.responsibility import cross_fit, scores
from refnet_viz.train import Config, fit


def space(n=40, seed=0, noise=0.5, missing=0.0, **changes):
    """An embedding of two modalities, answered with noise, of two classes."""
    rng = np.random.default_rng(seed)
    x = {"image": rng.normal(size=(n, 3)), "text": rng.normal(size=(n, 2))}
    z = np.hstack([x["image"], 0.5 * x["text"]]) + 0.3 * rng.normal(size=(n, 5))
    own = Embedding.from_arrays(
        z, modalities=x, labels=np.arange(n) % 2, class_names=("even", "odd")
    )
    decoded = {
        m: (v + noise * rng.normal(size=v.shape)).astype(np.float32)
        for m, v in own.inputs.items()
    }
    present = rng.random((n, 2)) >= missing
    present[~present.any(axis=1), 0] = True
    return dataclasses.replace(
        own, targets=dict(own.inputs), decoded=decoded, present=present, **changes
    )


def union(indices, rows):
    """Return the pairs of a union graph, by sets."""
    return {
        frozenset((int(rows[i]), int(rows[j])))
        for i, line in enumerate(indices)
        for j in line
    }


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_patterns_against_sets(missing):
    own = space(missing=missing)
    graph = knn(own, 4)
    found = attribute(graph)
    modal = {}
    for column, name in enumerate(own.inputs):
        rows = np.flatnonzero(own.present[:, column])
        modal[name] = union(knn(own.subset(rows), 4, space=name).indices, rows)
    source, target, _ = found.edges
    for edge, (i, j) in enumerate(zip(source, target, strict=True)):
        has = [frozenset((i, j)) in modal[name] for name in own.inputs]
        assert found.inside[edge].tolist() == has
        names = {(0, 0): "emergent", (1, 0): "only image", (0, 1): "only text"}
        assert found.pattern[edge] == names.get(tuple(map(int, has)), "all")
    table = found.patterns.set_index("pattern")
    assert table.edges.sum() == len(found)
    assert table.share.sum() == pytest.approx(1)
    assert table.chance.sum() == pytest.approx(1)
    degree = graph.degree
    n = len(own)
    total = sum(degree[i] * degree[j] for i in range(n) for j in range(i))
    both = sum(
        degree[i] * degree[j]
        for i in range(n)
        for j in range(i)
        if all(frozenset((i, j)) in modal[name] for name in own.inputs)
    )
    assert table.chance["all"] == pytest.approx(both / total)
    assert table.ratio["all"] == pytest.approx(table.share["all"] * total / both)


def test_chance_is_what_edges_drawn_by_degree_give():
    own = space(n=30)
    graph = knn(own, 4)
    found = attribute(graph)
    rng = np.random.default_rng(0)
    drawn = []
    modal = [union(knn(own, 4, space=m).indices, np.arange(30)) for m in own.inputs]
    p = graph.degree / graph.degree.sum()
    while len(drawn) < 20_000:
        i, j = rng.choice(30, 2, p=p)
        if i != j:
            drawn.append(sum(frozenset((int(i), int(j))) in edges for edges in modal))
    table = found.patterns.set_index("pattern")
    assert np.mean(np.equal(drawn, 2)) == pytest.approx(table.chance["all"], abs=0.01)
    told = table.chance["emergent"]
    assert np.mean(np.equal(drawn, 0)) == pytest.approx(told, abs=0.01)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_closeness_against_loops(missing):
    own = space(missing=missing)
    graph = knn(own, 4)
    source, target, _ = graph.edges()
    for column, name in enumerate(own.inputs):
        x, there = own.inputs[name].astype(float), own.present[:, column]
        found = closeness(graph, name)
        for edge, (i, j) in enumerate(zip(source, target, strict=True)):
            if not (there[i] and there[j]):
                assert np.isnan(found[edge])
                continue
            others = [k for k in np.flatnonzero(there) if k not in (i, j)]
            gap = np.linalg.norm(x[i] - x[j])
            ranks = [
                np.mean([np.linalg.norm(x[k] - x[end]) < gap for k in others])
                for end in (i, j)
            ]
            assert found[edge] == pytest.approx(np.mean(ranks))


def test_closeness_of_many_points_is_ranked_among_some():
    own = space(n=3 * REFERENCES)
    graph = knn(own, 3)
    x = own.inputs["image"].astype(float)
    source, target, _ = (part[:50] for part in graph.edges())
    found = closeness(graph, "image")[:50]
    gap = np.linalg.norm(x[source] - x[target], axis=1)
    exact = np.mean(
        [
            (np.linalg.norm(x[:, None] - x[end], axis=2) < gap).mean(axis=0)
            for end in (source, target)
        ],
        axis=0,
    )
    np.testing.assert_allclose(found, exact, atol=0.06)
    assert np.abs(found - exact).mean() < 0.02


def test_equal_points_are_nearest():
    x = np.array([[0.0], [0.0], [0.0], [5.0], [6.0]])
    own = Embedding.from_arrays(x, modalities={"a": x})
    assert closeness(knn(own, 1), "a")[:2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_summary_counts_neighbours(missing):
    own = space(noise=0.01, missing=missing)
    graph = knn(own, 3)
    found = attribute(graph, beyond=(1, 4))
    whole = own.present.all(axis=1)
    x = own.space("sum")
    gaps = np.linalg.norm(x[:, None] - x, axis=2)
    gaps[:, ~whole] = np.inf
    np.fill_diagonal(gaps, np.inf)
    for k, row in zip((3, 12), found.summary.head(2).itertuples(), strict=True):
        near = np.argsort(gaps, axis=1)[:, :k]
        hits = [
            j in near[i]
            for i in np.flatnonzero(whole)
            for j in graph.indices[i]
            if whole[j]
        ]
        assert row.neighbors == len(hits)
        assert row.supported == pytest.approx(np.mean(hits))
        assert 0 < row.certified <= row.supported
        assert row.chance == pytest.approx(min(1, k / (whole.sum() - 1)))
    assert found.summary.space.unique().tolist() == ["sum", "image", "text"]
    assert (found.summary.certified <= found.summary.supported).all()
    parts = found.summary_by_class()
    assert parts.label.unique().tolist() == ["even", "odd"]
    sums = parts.groupby(["space", "k"], sort=False).neighbors.sum()
    assert sums.tolist() == found.summary.neighbors.tolist()


def test_the_table_of_edges_and_of_points():
    own = space()
    found = attribute(knn(own, 3), beyond=(2,))
    table, points = found.table, found.points
    assert len(table) == len(found)
    assert table["distance"].tolist() == found.edges.distance.tolist()
    parts = table["share of image"] + table["share of text"]
    np.testing.assert_allclose(parts, 1.0)
    assert (abs(table.refined - table["sum"]) <= table.slack + 1e-9).all()
    assert (table.contradicted == (found.close > 0.5).any(axis=1)).all()
    assert not (table["certified by sum at 6"] & ~table["supported by sum at 6"]).any()
    assert points.id.tolist() == own.ids.tolist()
    assert points.label.tolist()[:2] == ["even", "odd"]
    np.testing.assert_allclose(points.rho, found.geometry.rho)
    i = 7
    mine = (table.source == own.ids[i]) | (table.target == own.ids[i])
    assert points.emergent[i] == pytest.approx(
        (table.pattern[mine] == "emergent").mean()
    )
    means = [table[f"close by {name}"][mine].mean() for name in own.inputs]
    assert points.carrier[i] == list(own.inputs)[int(np.argmin(means))]
    assert found.responsibility.modality.tolist() == ["image", "text"]
    assert "edges of 40 points" in found._repr_html_()


def test_a_modality_may_have_the_name_of_a_column():
    rng = np.random.default_rng(0)
    x = {"label": rng.normal(size=(20, 2)), "rho": rng.normal(size=(20, 2))}
    own = cross_fit(Embedding.from_arrays(x["rho"], modalities=x, labels=["a"] * 20))
    points = attribute(knn(own, 3)).points
    assert points.columns.is_unique
    assert points.label.tolist() == ["a"] * 20
    assert points["rho (answer)"].max() > 0.9


def test_embeddings_without_answers_are_attributed_too():
    own = dataclasses.replace(space(), decoded={})
    found = attribute(knn(own, 3))
    assert found.geometry is None
    assert found.proofs == {}
    assert found.shares == {}
    assert len(found.summary) == len(found.lipschitz) == 0
    assert "rho" not in found.points
    assert found.patterns.edges.sum() == len(found)


def test_a_mapping_is_answered_with_a_mapping():
    own = space()
    found = attribute({"plain": [knn(own, 3)], "both": [knn(own, 3)]})
    assert found["plain"][0].patterns.equals(found["both"][0].patterns)


def test_what_cannot_be_attributed_is_refused():
    bare = knn(np.eye(4), 1)
    with pytest.raises(
        ValueError, match=r"^`graphs` must have modalities to attribute"
    ):
        attribute(bare)
    told = r"^`graphs` must hold Neighbors values, got ndarray\.$"
    with pytest.raises(TypeError, match=told):
        attribute([knn(space(), 3), np.eye(4)])
    seen = dataclasses.replace(space(), held_out=np.arange(40) > 0)
    told = r"^`embedding` must hold only rows that its run was not trained on, got 1 of"
    with pytest.raises(ValueError, match=told):
        attribute(knn(seen, 3))
    told = r"^`beyond` must be a whole number of at least 1, got 0\.$"
    with pytest.raises(ValueError, match=told):
        attribute(knn(space(), 3), beyond=(0,))
    many = dataclasses.replace(space(), labels=np.eye(40, dtype=int))
    told = r"^`graphs` must have one label a point, got none or several\.$"
    with pytest.raises(ValueError, match=told):
        attribute(knn(many, 3)).summary_by_class()


def test_patterns_in_words():
    names = ["a", "b", "c", "d"]
    assert pattern_name([True, False, True, False], names) == "a + c"
    assert pattern_name([True] * 4, names) == "all"
    assert pattern_name([True], ["a"]) == "all"


def test_hubs_come_from_the_modality_that_has_them():
    rng = np.random.default_rng(0)
    n = 60
    star = rng.normal(size=(n, 20))
    star[0] = 0  # nearest to all in many dimensions
    flat = rng.uniform(size=(n, 1))
    own = Embedding.from_arrays(star, modalities={"star": star, "flat": flat})
    # Standardising moves the middle a little; it stays a hub.
    graph, grounds = knn(own, 3), Grounds(3, "euclidean")
    modal = modal_hubs(graph, grounds)
    assert hubs(graph)[0]
    assert modal[0].tolist() == [True, False]
    table = hub_table(graph, modal).set_index("modality")
    counts = np.bincount(graph.indices.ravel(), minlength=n)
    many = counts > 3 + 2 * counts.std()
    assert table.hubs.tolist() == [many.sum()] * 3
    assert table.inherited["star"] == (modal[:, 0] & many).sum()
    assert table.share["star"] > table.share["flat"]
    assert table.chance["flat"] == modal[:, 1].mean()


def by_factor(own, factor, k):
    """Return the true graph of a factor of the playground."""
    indices = playground_neighbors(own, factor, k)
    return Neighbors(own, "latent", "euclidean", indices, np.ones(indices.shape))


def seen(data):
    """Return the playground's own features as an embedding."""
    arrays = {name: m.values for name, m in data.modalities.items()}
    return Embedding.from_arrays(
        np.hstack(list(arrays.values())), modalities=arrays, metadata=data.metadata
    )


def test_attribution_finds_the_carrier_of_every_private_factor():
    of_graphs, of_points = [], []
    for seed in range(4):
        own = seen(playground(1200, seed=seed))
        for sense in SENSES:
            found = attribute(by_factor(own, f"private_{sense}", 30))
            ratio = found.patterns.set_index("pattern").ratio
            best = max(SENSES, key=lambda name: ratio[f"only {name}"])
            of_graphs.append(best == sense)
            of_points.append((found.points.carrier == sense).mean())
    assert np.mean(of_graphs) == 1.0  # chance 1/3
    assert np.mean(of_points) >= 0.9  # balanced: every factor has as many points


def test_attribution_finds_who_shares_a_factor():
    own = seen(playground(1200))
    redundant = attribute(by_factor(own, "redundant", 15))
    ratio = redundant.patterns.set_index("pattern").ratio
    assert ratio["sight + sound"] > 2 * max(ratio["sight + touch"], ratio["only touch"])
    assert redundant.close.mean(axis=0) == pytest.approx([0.32, 0.32, 0.5], abs=0.03)
    # No single modality knows anything of what only two together determine.
    synergistic = attribute(by_factor(own, "synergistic", 15))
    assert synergistic.close.mean(axis=0) == pytest.approx([0.5] * 3, abs=0.03)


@pytest.fixture(scope="module")
def played():
    """Return held-out embeddings of the playground, without and with the refiner."""
    data = playground(1200)
    config = Config(epochs=30, contrastive=0.0)
    configs = {"plain": dataclasses.replace(config, refiner=0.0), "refiner": config}
    return {
        name: embed(fit(data, config, progress=False), data.test)
        for name, config in configs.items()
    }


def test_the_refiner_keeps_the_private_factors_that_plain_training_drops(played):
    kept = {}
    for name, own in played.items():
        planes = {f: own.metadata[[f"factor_{f}_1", f"factor_{f}_2"]] for f in FACTORS}
        asked = cross_fit(Embedding.from_arrays(own.z, modalities=planes))
        kept[name] = scores(asked).set_index("modality").r2
    for sense in SENSES:
        assert kept["plain"][f"private_{sense}"] < 0.5
        assert kept["refiner"][f"private_{sense}"] > 0.7
    assert kept["refiner"]["shared"] > 0.8


def test_comparisons_say_who_answers(played):
    table = compare({name: knn(own, 10) for name, own in played.items()})
    found = table.pivot_table(index="metric", columns="variant", values="mean")
    for metric in (
        "refined overlap with sum",
        "supported",
        *(f"responsibility for {sense}" for sense in SENSES),
    ):
        assert found.refiner[metric] > found.plain[metric]
    assert (found.loc["certified"] <= found.loc["supported"])[
        ["plain", "refiner"]
    ].all()
    chance = table.set_index("metric").chance
    assert chance["supported"].iloc[0] == pytest.approx(100 / 239)
    summary = attribute(knn(played["refiner"], 10)).summary
    row = summary[(summary.space == "sum") & (summary.k == 100)].iloc[0]
    assert found.refiner["supported"] == pytest.approx(row.supported)
    assert found.refiner["certified"] == pytest.approx(row.certified)
    rails = table[table.kind == "rail"]
    assert not rails.metric.str.contains("responsibility|certified|refined").any()
    ratio = attribute(knn(played["refiner"], 10)).lipschitz
    assert (ratio.certified <= 0.05).all()  # true and useless
    assert (ratio.bound > 2).all()


def test_comparisons_leave_out_residuals_of_training_rows(played):
    own = played["refiner"]
    graph = knn(dataclasses.replace(own, held_out=np.zeros(len(own), bool)), 5)
    with pytest.warns(UserWarning, match="trained on"):
        table = compare({"refiner": graph})
    assert "emergent" in set(table.metric)
    assert not table.metric.str.contains("responsibility|certified|refined").any()


@pytest.mark.parametrize("kind", ["refined", "sum"])
def test_reweighting_is_a_search_without_the_search(kind):
    own = space(n=60)
    stored = Reweighting.of(own, kind)
    rng = np.random.default_rng(0)
    for weights in (
        None,
        {"image": 0.0, "text": 1.0},
        *(dict(zip(own.inputs, rng.uniform(0.1, 5, 2), strict=True)) for _ in range(5)),
    ):
        fast = stored.knn(7, weights)
        slow = knn(own, 7, space=kind, weights=weights)
        assert (fast.indices == slow.indices).all()
        np.testing.assert_allclose(fast.distances, slow.distances, atol=1e-9)
        assert fast.space == kind
        np.testing.assert_allclose(fast.points(), slow.points())
    assert overlap(fast, stored.knn(7, {"image": 0.0, "text": 1.0})) < 1


def test_reweighting_of_many_points_searches(monkeypatch):
    monkeypatch.setattr("refnet_viz.graph.reweighting.MOST", 30)
    own = space()
    stored = Reweighting.of(own)
    assert stored.squared is None
    weights = {"image": 1.0, "text": 3.0}
    slow = knn(own, 4, space="refined", weights=weights)
    assert (stored.knn(4, weights).indices == slow.indices).all()


def test_reweighting_orders_ties_by_row():
    x = np.array([[0.0], [1.0], [-1.0], [1.0]])
    own = Embedding.from_arrays(x, modalities={"a": x})
    found = Reweighting.of(own, "sum").knn(2, {"a": 1.0}).indices
    assert found.tolist() == knn(own, 2, space="sum").indices.tolist()
    told = r"^`space` must be one of 'refined', 'sum', got 'latent'\.$"
    with pytest.raises(ValueError, match=told):
        Reweighting.of(own, "latent")


def test_no_square_array_is_held():
    n = 6_000
    own = space(n=n)
    graph = knn(own, 5)
    tracemalloc.start()
    found = attribute(graph)
    found.responsibility  # noqa: B018
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * n * n / 3


def test_comparisons_judge_every_graph_once(monkeypatch):
    counts = Counter()

    def count_calls(name):
        function = getattr(answered, name)

        def counted(*arguments):
            counts[name] += 1
            return function(*arguments)

        monkeypatch.setattr(answered, name, counted)

    for name in ("supported", "certified", "pattern_table"):
        count_calls(name)
    table = compare({"plain": [knn(space(seed=s), 4) for s in (0, 1)]}, permutations=0)
    assert {"supported", "certified", "emergent"} <= set(table.metric)
    # Two graphs have answers; the rails of both modalities and their sum have edges.
    assert counts == {"supported": 2, "certified": 2, "pattern_table": 2 + 3}


def test_responsibilities_are_by_name_whatever_modalities_are_called():
    own = space()
    names = {"image": "a", "text": "a rank"}
    renamed = dataclasses.replace(
        own,
        **{
            part: {names[name]: values for name, values in getattr(own, part).items()}
            for part in ("inputs", "targets", "decoded")
        },
    )
    plain, found = (attribute(knn(e, 4)) for e in (own, renamed))
    assert list(found.responsibility_by_point) == ["a", "a rank"]
    for name, values in plain.responsibility_by_point.items():
        np.testing.assert_array_equal(
            found.responsibility_by_point[names[name]], values
        )
        np.testing.assert_array_equal(values, plain.points[name])
    assert not found.points.columns.duplicated().any()
    pd.testing.assert_frame_equal(
        found.responsibility.drop(columns="modality"),
        plain.responsibility.drop(columns="modality"),
    )
