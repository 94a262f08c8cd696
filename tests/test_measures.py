"""Measures of points against networkx, and random graphs against all there are."""

from itertools import combinations, product

import networkx as nx
import numpy as np
import pytest
from exploring import do

import refnet_viz as rv
from refnet_viz.explorer.colors import options
from refnet_viz.explorer.filters import filters_of
from refnet_viz.graph.measured import grouped, with_measures
from refnet_viz.graph.measures import (
    MEASURES,
    Shape,
    betweenness,
    in_core,
    page_rank,
    point_measures,
)
from refnet_viz.graph.rewired import _dealt, rewired
from refnet_viz.graph.triangles import triangle_counts

RNG = np.random.default_rng(3)
GRAPH = rv.knn(RNG.normal(size=(150, 4)), k=6)
SHAPE = Shape(GRAPH.indices)
DIRECTED = nx.DiGraph(
    [(i, j) for i, row in enumerate(GRAPH.indices.tolist()) for j in row]
)
UNION = DIRECTED.to_undirected()


def ordered(values):
    return np.array([values[i] for i in range(len(GRAPH))], dtype=float)


def slow_core(lists):
    """Return core numbers by taking out points one at a time, for every c anew."""
    n, core = len(lists), np.zeros(len(lists), int)
    for c in range(1, n):
        inside = set(range(n))
        while True:
            counts = {i: sum(i in lists[j] for j in inside) for i in inside}
            out = {i for i in inside if counts[i] < c}
            if not out:
                break
            inside -= out
        core[list(inside)] = c
    return core


def test_measures_are_those_of_networkx():
    ranks = nx.pagerank(DIRECTED, alpha=0.85, tol=1e-12, max_iter=500)
    assert np.allclose(page_rank(SHAPE), 150 * ordered(ranks), atol=1e-8)
    expected = {
        "clustering": nx.clustering(UNION),
        "degree": dict(UNION.degree),
        "betweenness": nx.betweenness_centrality(UNION),
    }
    for name, values in expected.items():
        function = MEASURES[name]
        arguments = [np.arange(150)] * (name == "betweenness")
        assert np.allclose(function(SHAPE, *arguments), ordered(values)), name
    assert np.array_equal(in_core(SHAPE), slow_core(GRAPH.indices.tolist()))


def test_betweenness_of_a_sample_is_scaled_to_all():
    parts = [betweenness(SHAPE, np.array([i])) for i in range(150)]
    assert np.allclose(np.mean(parts, axis=0), betweenness(SHAPE, np.arange(150)))
    apart = Shape(np.array([[1], [0], [3], [2]]))
    assert betweenness(apart, np.arange(4)).tolist() == [0.0] * 4


@pytest.mark.parametrize("n", [30, 70_000])
def test_triangles_also_of_more_points_than_fit_in_32_bits(n):
    ends = np.array([*combinations([0, 5, 11, 29], 2), (3, 4), (4, 3), (7, 7)])
    triangles, degree = triangle_counts(n, *ends.T)
    assert triangles[[0, 5, 11, 29]].tolist() == [3] * 4
    assert triangles.sum() == 12
    assert degree[[0, 3, 4, 7]].tolist() == [3, 1, 1, 0]
    none = triangle_counts(n, *np.zeros((2, 0), int))
    assert none[0].tolist() == none[1].tolist() == [0] * n


@pytest.mark.parametrize("n", [60, 70_000])
def test_triangles_are_those_of_the_matrix(n):
    rng = np.random.default_rng(n)
    points = np.append(np.arange(40), n - 1 - np.arange(20))
    hubs = np.where(rng.random(60) < 0.3, 0, points)  # one with most of the edges
    source, target = rng.choice(hubs, (2, 700))
    matrix = np.zeros((60, 60), dtype=int)
    place = {point: i for i, point in enumerate(points.tolist())}
    for i, j in zip(source.tolist(), target.tolist(), strict=True):
        if i != j:
            matrix[place[i], place[j]] = matrix[place[j], place[i]] = 1
    triangles, degree = triangle_counts(n, source, target)
    expected = np.diagonal(matrix @ matrix @ matrix) // 2
    assert expected.sum() > 300
    assert np.array_equal(triangles[points], expected)
    assert np.array_equal(degree[points], matrix.sum(axis=0))
    assert triangles.sum() == expected.sum()


def test_seeds_have_a_mean_and_a_band():
    spaces = [
        rv.Embedding.from_arrays(RNG.normal(size=(40, 3)), ids=range(40))
        for _ in range(3)
    ]
    turned = spaces[2].reordered(spaces[2].ids[::-1])
    graphs = rv.knn({"mine": [*spaces[:2], turned], "two": spaces[:2]}, k=4)
    names = ["pagerank", "clustering"]
    table = rv.graph.measures_over_seeds(graphs, measures=names, draws=3)
    assert table["seeds"].tolist() == [3] * 40 + [2] * 40
    mine, two = table[:40], table[40:]
    for name in names:
        rows = [
            point_measures(graph, measures=names, draws=3).set_index("id").loc[mine.id]
            for graph in graphs["mine"]
        ]
        values = np.array([one[name] for one in rows])
        half = 4.302652729911275 * values.std(axis=0, ddof=1) / np.sqrt(3)
        assert np.allclose(mine[name], values.mean(axis=0))
        assert np.allclose(
            mine[f"{name} seed low"], np.maximum(values.mean(axis=0) - half, 0)
        )
        most = 1 if name == "clustering" else np.inf
        assert np.allclose(
            mine[f"{name} seed high"], np.minimum(values.mean(axis=0) + half, most)
        )
        assert np.allclose(two[name], values[:2].mean(axis=0))
        assert two[f"{name} seed low"].isna().all()
        assert mine[f"{name} null"].between(0, 3).all()
    other = rv.Embedding.from_arrays(RNG.normal(size=(40, 3)), ids=range(1, 41))
    seeds = rv.knn([spaces[0], other], k=4)
    with pytest.raises(ValueError, match="graphs"):
        rv.graph.measures_over_seeds(seeds)


def graphs_like(lists):
    """Return all graphs with the in- and out-degrees of lists."""
    n, k = lists.shape
    rows = [list(combinations([j for j in range(n) if j != i], k)) for i in range(n)]
    degree = np.bincount(lists.ravel(), minlength=n).tolist()
    return [
        graph
        for graph in product(*rows)
        if np.bincount(np.ravel(graph), minlength=n).tolist() == degree
    ]


@pytest.mark.parametrize(
    "lists",
    [
        [[1, 2], [0, 2], [0, 1], [0, 1], [0, 2]],
        [[1, 2], [2, 3], [3, 0], [0, 1]],
        [[1], [2], [0], [0], [0]],  # swaps alone cannot turn the ring of three
    ],
)
def test_every_graph_of_the_same_degrees_is_drawn_equally_often(lists):
    lists = np.array(lists)
    whole = graphs_like(lists)
    counts = dict.fromkeys(whole, 0)
    rng, draws = np.random.default_rng(0), 40 * len(whole)
    for _ in range(draws):
        graph = tuple(tuple(sorted(row)) for row in rewired(lists, rng).tolist())
        counts[graph] += 1
    values = np.array(list(counts.values()))
    assert values.min() > 0
    # Chi-square per degree of freedom is 1 for a uniform draw.
    assert np.sum((values - 40) ** 2 / 40) / max(1, len(whole) - 1) < 1.5


def test_degrees_stay_and_no_point_is_its_own_neighbour():
    rng = np.random.default_rng(0)
    for lists in (GRAPH.indices, rv.knn(RNG.normal(size=(12, 2)), k=9).indices):
        random = rewired(lists, rng)
        assert np.array_equal(
            np.bincount(random.ravel(), minlength=len(lists)),
            np.bincount(lists.ravel(), minlength=len(lists)),
        )
        assert all(
            len({*row}) == len(row) and i not in row
            for i, row in enumerate(random.tolist())
        )
    full = rv.knn(RNG.normal(size=(6, 2)), k=5).indices  # there is no other graph
    assert _dealt(full, rng) is None or np.array_equal(
        np.sort(rewired(full, rng)), np.sort(full)
    )


def test_a_graph_drawn_at_random_is_inside_its_bands():
    lists = rewired(GRAPH.indices, np.random.default_rng(1))
    random = rv.graph.Neighbors.from_arrays(
        None, lists, np.ones(lists.shape), self_column=False, squared=False
    )
    names = ["pagerank", "core", "clustering", "degree", "betweenness"]
    table = point_measures(random, measures=names, pivots=20)
    for name in names:
        below, above = table.attrs["beyond"][name]
        assert below + above < 0.12, name
        inside = (table[f"{name} low"] <= table[name] + 1e-9) & (
            table[name] <= table[f"{name} high"] + 1e-9
        )
        assert 1 - inside.mean() == pytest.approx(below + above)
    real = point_measures(GRAPH, measures="clustering")
    assert real.attrs["beyond"]["clustering"][1] > 0.8
    assert real["clustering null"].mean() < 0.5 * real["clustering"].mean()


def test_rows_without_the_space_have_no_numbers():
    present = np.ones((40, 1), bool)
    present[[0, 7]] = False
    x = RNG.normal(size=(40, 3))
    space = rv.Embedding.from_arrays(x, modalities={"a": x}, present=present)
    table = point_measures(rv.knn(space, k=4, space="a"), draws=2)
    assert np.flatnonzero(table["pagerank"].isna()).tolist() == [0, 7]
    whole = point_measures(rv.knn(space.subset(present[:, 0]), k=4, space="a"), draws=2)
    assert np.allclose(table["pagerank"].dropna(), whole["pagerank"])


def test_columns_are_colours_and_filters_of_an_explorer():
    labels = ["a", "b"] * 75
    x = RNG.normal(size=(150, 4))
    spaces = {
        n: rv.Embedding.from_arrays(x**p, labels=labels)
        for n, p in (("u", 1), ("v", 3))
    }
    spaces = with_measures(rv.knn(spaces, k=6), draws=3)
    assert {"pagerank, k 6", "clustering over null, k 6"} <= {
        *options([*spaces.values()])
    }
    (one,) = filters_of({"core": spaces["u"].columns["core, k 6"]})
    assert one.is_scale
    table = point_measures(rv.knn(spaces["v"], k=6), draws=3)
    column = spaces["v"].columns["pagerank over null, k 6"]
    assert np.allclose(column, table["pagerank"] / table["pagerank null"])


def seeds(count, n=40):
    """Return graphs of some seeds of one variant, the last one in another order."""
    x = np.random.default_rng(5).normal(size=(n, 3))
    noise = np.random.default_rng(6).normal(scale=0.2, size=(count, n, 3))
    spaces = [rv.Embedding.from_arrays(x + part, ids=range(n)) for part in noise]
    spaces[-1] = spaces[-1].reordered(spaces[-1].ids[::-1])
    return rv.knn(spaces, k=4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_columns_of_seeds_have_band_and_what_is_beyond_the_null_in_all(count):
    graphs = seeds(count)
    made = with_measures({"mine": graphs}, measures=["clustering"], draws=5)["mine"]
    bands = rv.graph.measures_over_seeds(graphs, measures=["clustering"], draws=5)
    tables = [
        point_measures(graph, measures=["clustering"], draws=5).set_index("id")
        for graph in graphs
    ]
    few = {1: "; 1 seed: no band", 2: " in both; no band", 3: " in all 3 seeds"}[count]
    expected = {}
    for name in graphs[0].ids:
        rows = [table.loc[name] for table in tables]
        word = "inside" if count == 1 else "not"
        if all(row["clustering"] > row["clustering high"] + 1e-9 for row in rows):
            word = "above"
        if all(row["clustering"] < row["clustering low"] - 1e-9 for row in rows):
            word = "below"
        expected[name] = word + few
    assert len(set(expected.values())) > 1
    for run, table in zip(made, tables, strict=True):
        frame = run.metadata.set_index(run.ids)
        assert np.allclose(frame["clustering, k 4"], table["clustering"])
        assert frame["clustering beyond null, k 4"].to_dict() == expected
        own = bands.set_index("id").loc[run.ids]
        for end in ("low", "high"):
            title = f"clustering seed {end}, k 4"
            assert (title in frame) == (count == 3)
            if count == 3:
                assert np.allclose(frame[title], own[f"clustering seed {end}"])
    ordered = [
        point_measures(graph.reordered(graphs[0].ids), measures=["clustering"], draws=5)
        for graph in graphs
    ]
    above = [table["clustering"] > table["clustering high"] + 1e-9 for table in ordered]
    assert bands["clustering above"].tolist() == np.sum(above, axis=0).tolist()


def test_the_pane_says_a_measure_in_one_line_and_filters_its_band():
    graphs = seeds(3)
    made = with_measures({"mine": graphs}, draws=5)
    view = rv.explore(made, k=4, layout="pca")
    view.select("7")
    facts = {name: words for name, words, _ in view.screen.detail["facts"]}
    row = made["mine"][0].metadata.set_index(made["mine"][0].ids).loc["7"]
    assert facts["pagerank, k 4"] == (
        f"{row['pagerank, k 4']:.3g} ({row['pagerank over null, k 4']:.2f} × null), "
        f"seeds [{row['pagerank seed low, k 4']:.3g}, "
        f"{row['pagerank seed high, k 4']:.3g}], {row['pagerank beyond null, k 4']}"
    )
    assert not any("seed low" in name or "over null" in name for name in facts)
    do(view, "filters", True)
    filters = {one["name"]: one for one in view.screen.filters["each"]}
    kinds = filters["clustering beyond null, k 4"]
    assert "above in all 3 seeds" in kinds["texts"]
    assert filters["pagerank seed low, k 4"]["scale"]
    place = kinds["texts"].index("above in all 3 seeds")
    do(view, "range", "clustering beyond null, k 4", place, place, "alone")
    frame = made["mine"][0].metadata.set_index(made["mine"][0].ids)
    words = frame["clustering beyond null, k 4"]
    assert set(view.selected["id"]) == set(words[words.str.startswith("above")].index)
    assert "clustering seed high, k 4" in view.selected
    view.close()


def test_columns_of_others_that_look_alike_are_left_alone():
    names = ["core, k 2", "core over null, k 2", "core over null, k 3", "my core, k 2"]
    assert grouped(names) == {}
    names += ["core beyond null, k 2", "core in a, b, k 2"]
    assert list(grouped(names)) == ["core, k 2"]


def test_seeds_of_other_points_are_refused():
    graphs = [*seeds(1), rv.knn(rv.Embedding.from_arrays(RNG.normal(size=(40, 2))), 4)]
    other = rv.knn(
        rv.Embedding.from_arrays(RNG.normal(size=(40, 2)), ids=range(1, 41)), k=4
    )
    assert len(with_measures(graphs, draws=2)) == 2
    with pytest.raises(ValueError, match=r"^`graphs\['embedding'\]` "):
        with_measures([graphs[0], other], draws=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"measures": "eigen"}, "`measures` must be one of 'pagerank'"),
        ({"draws": 1}, "`draws` must be a whole number between 2 and 100000, got 1."),
        ({"pivots": 0}, "`pivots` must be a whole number of at least 1, got 0."),
        ({"seed": -1}, "`seed` must be a whole number of at least 0, got -1."),
    ],
)
def test_bad_input_is_one_sentence(arguments, words):
    with pytest.raises(ValueError, match="^" + words.replace("[", r"\[")):
        point_measures(GRAPH, **arguments)
