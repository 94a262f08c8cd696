"""Graphs where rows lack a modality: over those that have it, and nobody else."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz import Embedding
from refnet_viz.embedding import coverage
from refnet_viz.graph import (
    METRICS,
    Reweighting,
    attribute,
    compare,
    compare_pairs,
    edge_diff,
    jaccard,
    knn,
    load_graph,
    overlap,
    rbo,
    rewiring,
    save_graph,
    second_order_cosine,
)
from refnet_viz.graph.closeness import closeness
from refnet_viz.graph.ground import Grounds
from refnet_viz.graph.hubs import hubs
from refnet_viz.graph.pairs import overlap_chance, shared, shuffled
from refnet_viz.graph.points import (
    in_degree,
    purity_by_point,
    purity_chance_by_point,
    same_label,
)

NAN = float("nan")
SHAPE = [name for name, metric in METRICS.items() if not metric.of_predictions]
HALF = {"a": 1.0, "b": 0.0}


def line(labels=(0, 0, 1, 1, 1)):
    """Five points: a is at 0, 1, 3, absent, 7; b is absent in the last."""
    a = np.array([[0.0], [1.0], [3.0], [0.0], [7.0]])
    b = np.array([[0.0], [5.0], [1.0], [2.0], [0.0]])
    made = Embedding.from_arrays(
        np.arange(5.0)[:, None], modalities={"a": a, "b": b}, labels=list(labels)
    )
    present = np.ones((5, 2), dtype=bool)
    present[3, 0] = present[4, 1] = False
    inputs = {"a": a.astype(np.float32), "b": b.astype(np.float32)}
    return replace(made, inputs=inputs, present=present)


def some(n=40, *, seed=0, missing=0.3, several=False, width=2):
    """Return points with two modalities and labels, of which rows lack some."""
    rng = np.random.default_rng(seed)
    present = rng.random((n, 2)) >= missing
    present[:6] = True
    inputs = {
        name: np.where(present[:, [i]], rng.normal(size=(n, width)), 0.0)
        for i, name in enumerate("ab")
    }
    labels = rng.integers(0, 2, (n, 3)) if several else rng.integers(0, 3, n)
    made = Embedding.from_arrays(rng.normal(size=(n, 3)), labels=labels)
    inputs = {name: values.astype(np.float32) for name, values in inputs.items()}
    return replace(made, inputs=inputs, present=present)


def subset_of(graph):
    """Return the graph of the rows that have the space, searched on its own."""
    own = graph.embedding.subset(graph.present)
    return knn(own, graph.k, space=graph.space, metric=graph.metric)


def test_a_row_without_the_modality_has_no_neighbours_and_is_nobodys():
    graph = knn(line(), 1, space="a")
    assert graph.indices.ravel().tolist() == [1, 0, 1, -1, 2]
    assert graph.distances.ravel().tolist() == [1, 1, 2, np.inf, 4]
    assert graph.present.tolist() == [True, True, True, False, True]
    assert graph.coverage == "80 % have a"
    assert "80 % have a" in graph._repr_html_()
    edges = graph.edges()
    assert list(zip(*edges, strict=True)) == [(0, 1, 1), (1, 2, 2), (2, 4, 4)]
    assert graph.edges("mutual").source.tolist() == [0]
    assert graph.edges("directed").source.tolist() == [0, 1, 2, 4]
    assert graph.degree.tolist() == [1, 2, 2, 0, 1]
    assert graph.adjacency("directed", "distance").nnz == 4
    assert graph.similarity(np.array([2.0])).tolist() == [0.5]  # the mean distance
    assert graph.communities[3] == -1
    assert set(graph.communities[graph.present].tolist()) <= {0, 1}
    assert np.isnan(graph.points()[3]).all()
    assert graph.head(1).present.tolist() == graph.present.tolist()


def test_the_whole_graph_is_its_own_compact_form():
    graph = knn(line(), 1)
    assert graph.compact is graph
    assert graph.present.all()
    assert graph.coverage == ""


def test_the_compact_form_holds_the_rows_of_the_graph():
    graph = knn(line(), 1, space="a")
    assert graph.compact.ids.tolist() == ["0", "1", "2", "4"]
    assert graph.compact.indices.ravel().tolist() == [1, 0, 1, 2]
    assert graph.compact.compact is graph.compact


def test_which_rows_have_a_space():
    own = line()
    assert own.present_in("latent").all()
    assert own.present_in("a").tolist() == [True, True, True, False, True]
    assert own.present_in("sum").tolist() == [True, True, True, False, False]
    assert own.present_in("sum", weights=HALF).tolist() == own.present_in("a").tolist()
    own.present_in("a")[:] = False  # a copy
    assert own.present[0, 0]
    with pytest.raises(ValueError, match=r"`space` must be one of .*, got 'c'"):
        own.present_in("c")


def test_coordinates_of_absent_rows_cannot_be_misread():
    own = line()
    assert own.space("a").ravel()[[0, 4]].tolist() == [-2.75, 4.25]
    assert np.isnan(own.space("a")[3]).all()
    assert own.space("a", centred=False).ravel()[[0, 1, 2, 4]].tolist() == [0, 1, 3, 7]
    assert np.isnan(own.space("sum")).any(axis=1).tolist() == [False] * 3 + [True] * 2
    nobody = replace(own, present=np.zeros((5, 2), dtype=bool))
    assert np.isnan(nobody.space("a")).all()


def test_an_embedding_says_how_many_rows_have_what():
    assert "<br>80 % have a, 80 % have b<br>" in line()._repr_html_()
    whole = replace(line(), present=np.ones((5, 2), dtype=bool))
    assert "have" not in whole._repr_html_()


def test_spaces_are_those_in_which_a_graph_can_be_built():
    own = line()
    assert own.spaces == ("latent", "a", "b", "sum")
    present = np.zeros((5, 2), dtype=bool)
    present[:, 0] = True
    present[0, 1] = True
    assert replace(own, present=present).spaces == ("latent", "a")


def refusal(action):
    """Return the sentence with which something is refused."""
    with pytest.raises(ValueError, match="must be") as error:
        action()
    return str(error.value)


def test_refusals_name_the_space_and_the_count():
    own = line()
    assert refusal(lambda: knn(own, 4, space="a")) == (
        "`k` must be between 1 and 3 (the number of other points that have 'a'), got 4."
    )
    assert refusal(lambda: knn(own, 3, space="sum")) == (
        "`k` must be between 1 and 2 (the number of other points that have every "
        "modality), got 3."
    )
    few = replace(own, present=np.eye(5, 2, dtype=bool))
    assert refusal(lambda: knn(few, 1, space="a")) == (
        "`space` must be one that at least 2 rows have, got 'a': 1 of 5 rows have 'a'."
    )
    assert refusal(lambda: knn(few, 1, space="sum")) == (
        "`space` must be one that at least 2 rows have, got 'sum': 0 of 5 rows have "
        "every modality."
    )


def test_a_value_that_is_not_finite_is_named_by_its_own_row():
    own = line()
    broken = own.inputs["a"].copy()
    broken[4] = np.inf
    with pytest.raises(ValueError, match=r"`a` .* got inf in row 4"):
        knn(replace(own, inputs=own.inputs | {"a": broken}), 1, space="a")


def test_what_stands_in_absent_rows_is_never_looked_at():
    own = some(missing=0.4)
    other = {
        name: np.where(own.present[:, [i]], values, np.nan).astype(np.float32)
        for i, (name, values) in enumerate(own.inputs.items())
    }
    strange = replace(own, inputs=other)
    for space in ("a", "sum"):
        one, two = knn(own, 3, space=space), knn(strange, 3, space=space)
        assert np.array_equal(one.indices, two.indices)
        assert np.array_equal(one.distances, two.distances)


@pytest.mark.torch
def test_no_neighbour_lacks_the_modality_where_a_fifth_is_missing():
    rng = np.random.default_rng(1)
    n, y = 300, np.arange(300) % 6
    sizes = {"rna": 200, "protein": 40, "image": 64}
    centres = {name: rng.normal(size=(6, size)) for name, size in sizes.items()}
    values = {
        name: (middle[y] + 2 * rng.normal(size=(n, sizes[name]))).astype("f4")
        for name, middle in centres.items()
    }
    present = rng.random((n, 3)) > 0.2
    keep = present.any(axis=1)
    data = rv.data.Dataset.from_arrays(
        {name: x[keep] for name, x in values.items()},
        labels=y[keep],
        present=present[keep],
    )
    config = replace(rv.VARIANTS["plain"], epochs=1, hidden=16, width=8)
    own = rv.embed(rv.fit(data, config, progress=False), data.test)
    for column, name in enumerate(sizes):
        have = own.present[:, column]
        assert 0 < have.mean() < 1
        graph = rv.knn(own, 15, space=name)
        assert (~have)[graph.indices[have]].mean() == 0
        assert (graph.indices[~have] == -1).all()
        counts = in_degree(graph)
        assert counts[have].mean() == 15
        assert counts[~have].max() == 0
        assert graph.coverage == f"{round(100 * have.mean())} % have {name}"


@st.composite
def graphs(draw):
    """Return a graph of a modality or of the sum that some rows lack."""
    several, metric = (
        draw(st.booleans()),
        draw(st.sampled_from(["euclidean", "cosine"])),
    )
    missing = draw(st.sampled_from([0.0, 0.2, 0.5]))
    own = some(
        draw(st.integers(8, 30)),
        seed=draw(st.integers(0, 10**6)),
        missing=missing,
        several=several,
    )
    space = draw(st.sampled_from(["a", "b", "sum"]))
    k = draw(st.integers(1, min(5, int(own.present_in(space).sum()) - 1)))
    return knn(own, k, space=space, metric=metric)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_a_graph_is_that_of_the_rows_that_have_the_space(graph):
    alone, rows = subset_of(graph), np.flatnonzero(graph.present)
    assert np.array_equal(graph.indices[rows], rows[alone.indices])
    assert np.array_equal(graph.distances[rows], alone.distances)
    rest = np.flatnonzero(~graph.present)
    assert (graph.indices[rest] == -1).all()
    assert np.isinf(graph.distances[rest]).all()
    assert np.array_equal(graph.communities[rows], alone.communities)
    for mode in ("union", "mutual", "directed"):
        ours, theirs = graph.edges(mode), alone.edges(mode)
        assert np.array_equal(ours.source, rows[theirs.source])
        assert np.array_equal(ours.target, rows[theirs.target])
        assert np.array_equal(ours.distance, theirs.distance)
        for weights in ("binary", "distance", "similarity"):
            full = graph.adjacency(mode, weights).toarray()
            part = alone.adjacency(mode, weights).toarray()
            assert np.array_equal(full[np.ix_(rows, rows)], part)
            assert not full[rest].any()
            assert not full[:, rest].any()


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_every_metric_is_that_of_the_rows_that_have_the_space(graph):
    alone = subset_of(graph)
    for name in SHAPE:
        metric = METRICS[name]
        assert metric.function(graph) == pytest.approx(
            metric.function(alone), nan_ok=True, abs=1e-12
        ), name
        if metric.chance is not None:
            assert metric.chance(graph) == pytest.approx(
                metric.chance(alone), nan_ok=True, abs=1e-12
            ), name
        if metric.step is not None and name != "accuracy":
            assert metric.step(graph) == metric.step(alone)


@settings(max_examples=25, deadline=None)
@given(graphs())
def test_numbers_of_points_are_those_of_the_rows_that_have_the_space(graph):
    alone, here = subset_of(graph), graph.present
    for number in (purity_by_point, purity_chance_by_point):
        assert np.array_equal(number(graph)[here], number(alone))
        assert np.isnan(number(graph)[~here]).all()
    assert np.array_equal(same_label(graph)[here], same_label(alone))
    assert not same_label(graph)[~here].any()
    for number in (in_degree, hubs):
        assert np.array_equal(number(graph)[here], number(alone))
        assert not number(graph)[~here].any()


def slow_jaccard(a, b):
    found = np.full(len(a), NAN)
    for i in np.flatnonzero(a.present & b.present):
        one, two = set(a.indices[i].tolist()), set(b.indices[i].tolist())
        found[i] = len(one & two) / len(one | two)
    return found


def slow_rbo(a, b, p=0.9):
    found = np.full(len(a), NAN)
    for i in np.flatnonzero(a.present & b.present):
        agree = [
            len({*a.indices[i, :d]} & {*b.indices[i, :d]}) / d
            for d in range(1, a.k + 1)
        ]
        sums = sum(p ** (d + 1) * share for d, share in enumerate(agree))
        found[i] = agree[-1] * p**a.k + (1 - p) / p * sums
    return found


def slow_second_order(a, b):
    found, there = np.full(len(a), NAN), a.present & b.present
    for i in np.flatnonzero(there):
        around = [j for j in {*a.indices[i], *b.indices[i]} if there[j]]
        s, t = (
            np.array(
                [
                    graph.points()[i]
                    @ graph.points()[j]
                    / np.linalg.norm(graph.points()[i])
                    / np.linalg.norm(graph.points()[j])
                    for j in around
                ]
            )
            for graph in (a, b)
        )
        length = np.linalg.norm(s) * np.linalg.norm(t)
        found[i] = s @ t / length if length else 0.0
    return found


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([("a", "b"), ("a", "latent")]))
def test_pair_measures_are_over_the_rows_of_both_graphs(seed, spaces):
    own = some(24, seed=seed)
    a, b = (knn(own, 3, space=space) for space in spaces)
    both = a.present & b.present
    expected = slow_jaccard(a, b)
    np.testing.assert_allclose(jaccard(a, b), expected)
    np.testing.assert_allclose(rewiring(a, b), 1 - expected)
    np.testing.assert_allclose(rbo(a, b), slow_rbo(a, b))
    np.testing.assert_allclose(
        second_order_cosine(a, b), slow_second_order(a, b), atol=1e-6
    )
    counts = shared(a, b)
    assert np.isnan(counts).tolist() == (~both).tolist()
    assert overlap(a, b) == pytest.approx(np.nanmean(counts) / 3)
    assert overlap(a, b) == overlap(b, a)
    assert Grounds(3, "euclidean").overlap(b, "a") == overlap(b, a)


@pytest.mark.parametrize("space", ["a", "sum"])
def test_pairs_of_one_space_are_those_of_the_subset(space):
    one, two = some(30, seed=1), some(30, seed=2)
    two = replace(two, present=one.present, labels=one.labels)
    both = {"one": knn(one, 4, space=space), "two": knn(two, 4, space=space)}
    parts = {name: subset_of(graph) for name, graph in both.items()}
    table, expected = compare_pairs(both), compare_pairs(parts)
    np.testing.assert_allclose(table["mean"], expected["mean"])
    np.testing.assert_allclose(table["chance"], expected["chance"])
    here = both["one"].present
    diff, part = edge_diff(*both.values()), edge_diff(*parts.values())
    for kind in ("kept", "gained", "lost"):
        ours = getattr(diff, kind)
        assert np.array_equal(ours, np.flatnonzero(here)[getattr(part, kind)])


def test_graphs_without_a_common_row_share_nothing_that_can_be_measured():
    own = some(8, missing=0.0)
    present = np.zeros((8, 2), dtype=bool)
    present[:4, 0] = present[4:, 1] = True
    own = replace(own, present=present)
    a, b = (knn(own, 2, space=space) for space in "ab")
    assert np.isnan(overlap(a, b))
    assert np.isnan(overlap_chance(a, b))
    assert np.isnan(jaccard(a, b)).all()
    assert len(edge_diff(a, b).frame()) == 0
    table = compare_pairs({"a": a, "b": b})
    assert table["mean"].isna().all()


def test_edges_to_rows_that_one_graph_lacks_are_neither_lost_nor_gained():
    a, latent = knn(line(), 1, space="a"), knn(line(), 1)
    # Latent: 0-1, 1-2, 2-3, 3-4; of these 0-1 and 1-2 are of rows that have a.
    diff = edge_diff(latent, a)
    assert diff.kept.tolist() == [[0, 1], [1, 2]]
    assert diff.gained.tolist() == [[2, 4]]
    assert diff.lost.tolist() == []


def test_chance_of_an_overlap_is_what_exchanged_points_give():
    own = some(200, missing=0.4)
    a, latent = knn(own, 8, space="a"), knn(own, 8)
    for one, two in ((a, latent), (latent, a), (a, knn(own, 8, space="b"))):
        drawn = [overlap(one, shuffled(two, seed=seed)) for seed in range(60)]
        error = np.std(drawn) / np.sqrt(len(drawn))
        assert abs(np.mean(drawn) - overlap_chance(one, two)) < 4 * error
    assert overlap_chance(latent, latent) == 8 / 199


def test_exchanged_points_stay_among_those_of_the_graph():
    graph = knn(some(30), 3, space="a")
    moved = shuffled(graph, seed=3)
    assert np.array_equal(moved.present, graph.present)
    assert np.array_equal(moved.embedding.present_in("a"), graph.present)
    assert np.array_equal(np.sort(in_degree(moved)), np.sort(in_degree(graph)))
    assert np.array_equal(moved.ids, graph.ids)


@pytest.mark.parametrize("space", ["sum"])
@pytest.mark.parametrize("weights", [None, {"a": 2.0, "b": 0.5}, HALF])
def test_weighted_graphs_are_over_the_rows_that_count(space, weights):
    own = some(30)
    expected = knn(own, 4, space=space, weights=weights)
    found = Reweighting.of(own, space).knn(4, weights)
    assert np.array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.distances, expected.distances)
    names = "a" if weights == HALF else "sum"
    assert np.array_equal(found.present, own.present_in(names))
    with pytest.raises(ValueError, match="other points that have"):
        Reweighting.of(own, space).knn(29, weights)


def test_closeness_ranks_among_the_rows_that_have_the_modality():
    own = some(30)
    graph = knn(own, 3)
    found, edges = closeness(graph, "a"), graph.edges()
    x, there = own.inputs["a"].astype(float), own.present[:, 0]
    for e, (i, j) in enumerate(zip(edges.source, edges.target, strict=True)):
        if not (there[i] and there[j]):
            assert np.isnan(found[e])
            continue
        ranks = []
        for one, two in ((i, j), (j, i)):
            gaps = np.linalg.norm(x - x[one], axis=1)
            others = [p for p in np.flatnonzero(there) if p not in (i, j)]
            ranks.append(np.mean([gaps[p] < gaps[two] - 1e-7 for p in others]))
        assert found[e] == pytest.approx(np.mean(ranks), abs=1e-6)


def test_attribution_follows_the_graphs_of_the_rows_that_have_them():
    own = some(40, missing=0.4)
    fused, modal = knn(own, 4), {name: knn(own, 4, space=name) for name in "ab"}
    found = attribute(fused)
    edges = found.edges
    for column, graph in enumerate(modal.values()):
        pairs = {(i, j) for i, j, _ in zip(*graph.edges(), strict=True)}
        expected = [(i, j) in pairs for i, j, _ in zip(*edges, strict=True)]
        assert found.inside[:, column].tolist() == expected
        lacking = ~(graph.present[edges.source] & graph.present[edges.target])
        assert not found.inside[lacking, column].any()
        assert np.isnan(found.close[:, column]).tolist() == lacking.tolist()
    assert found.patterns["share"].sum() == pytest.approx(1)
    assert found.patterns["chance"].sum() == pytest.approx(1)
    assert found.hubs["chance"].iloc[0] == hubs(modal["a"]).mean()
    # Of a modality's own graph, absent rows have no edges to speak of.
    alone = attribute(modal["a"])
    assert alone.inside[:, 0].all()
    points = alone.points
    assert points["emergent"].isna().tolist() == (~own.present[:, 0]).tolist()
    assert points["in_degree"][~own.present[:, 0]].eq(0).all()


def test_certificates_of_few_whole_rows_are_asked_for_among_them():
    own = some(40, missing=0.6)
    own = rv.responsibility.cross_fit(own)
    whole = int(own.present.all(axis=1).sum())
    assert 5 < whole < 20
    table = attribute(knn(own, 2), beyond=(10,)).summary.set_index("space")
    assert table.loc["sum", "supported"] == 1  # among 20 of fewer others is anybody
    assert table.loc["sum", "chance"] == 1
    assert table.loc["a", "chance"] == min(1, 20 / (own.present[:, 0].sum() - 1))


def test_permuted_labels_are_dealt_among_the_points_of_the_graph():
    own = some(40, missing=0.4)
    # All rows that have a have one label: whatever is dealt among them is pure.
    own = replace(own, labels=np.where(own.present[:, 0], 0, 1).astype(np.int64))
    table = compare({"a": knn(own, 3, space="a")}, metrics=["purity"], permutations=9)
    row = table.iloc[0]
    assert (row["mean"], row["chance"], row["null_low"], row["null_high"]) == (1,) * 4
    assert table.attrs["present"]["a"] == (own.present[:, 0].sum(), 40)


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".json"])
@pytest.mark.parametrize("mode", ["union", "directed"])
def test_files_keep_absent_rows_as_nodes_that_say_so(tmp_path, suffix, mode):
    graph = knn(line(), 1, space="a")
    made = graph.to_networkx(mode)
    assert dict(made.nodes(data="present")) == {
        "0": True,
        "1": True,
        "2": True,
        "3": False,
        "4": True,
    }
    assert list(nx.isolates(made)) == ["3"]
    back = load_graph(save_graph(graph, tmp_path / f"graph{suffix}", mode=mode))
    assert nx.utils.graphs_equal(back, made)
    # Of a graph that every row is in, nothing is said.
    assert set(knn(line(), 1).to_networkx().nodes["0"]) == {"label"}


def test_coverage_never_rounds_to_all_or_none():
    few = np.zeros(1000, dtype=bool)
    few[:2] = True
    assert coverage(few, "rna") == "2 of 1,000 have rna"
    assert coverage(~few, "rna") == "998 of 1,000 have rna"
    assert coverage(np.zeros(3, dtype=bool), "sum") == "0 of 3 have every modality"
