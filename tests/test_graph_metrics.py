"""Metrics against exact fractions, networkx and scikit-learn."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, Neighbors, knn, spectral, topology
from refnet_viz.graph.labelled import Draws, purity_chance

# 0 <-> 1 <- 3 <- 6, of which the first two are of one class
LINE = Embedding.from_arrays(
    [[0.0], [1.0], [3.0], [6.0]], labels=[0, 0, 1, 1], class_names=["a", "b"]
)


def value(name, graph, **given):
    return METRICS[name].function(graph, **given)


def random_graph(seed, *, n=60, k=4, width=3, classes=3, labels=None):
    rng = np.random.default_rng(seed)
    if labels is None:
        labels = rng.integers(classes, size=n)
        labels[:classes] = np.arange(classes)
    points = rng.normal(size=(n, width)) + labels.reshape(n, -1)[:, :1]
    return knn(Embedding.from_arrays(points, labels=labels), k)


def test_exact_values_of_four_points_on_a_line():
    graph = knn(LINE, 1)
    assert value("purity", graph) == 3 / 4
    # 2 of 3 edges inside; ends: 3 of each class; (2/3 - 1/2) / (1 - 1/2)
    assert value("adjusted_homophily", graph) == pytest.approx(1 / 3)
    assert value("reciprocity", graph) == 2 / 4
    assert value("components", graph) == 1
    assert value("clustering", graph) == 0
    # counts 1, 2, 1, 0 are symmetric about 1
    assert value("hubness", graph) == 0
    # path of four points: 1 - cos(pi / 3)
    assert value("spectral_gap", graph) == pytest.approx(1 / 2)
    assert value("community_recovery", graph) == 1


def test_exact_values_of_a_complete_graph():
    graph = knn(LINE, 3)
    assert value("purity", graph) == 1 / 3
    assert value("adjusted_homophily", graph) == pytest.approx(-1 / 3)
    assert value("reciprocity", graph) == 1
    assert value("clustering", graph) == 1
    assert value("spectral_gap", graph) == pytest.approx(4 / 3)


@pytest.mark.parametrize("name", ["purity", "adjusted_homophily"])
@pytest.mark.parametrize("gaps", [[], [3, 17, 40], list(range(1, 60))])
@pytest.mark.parametrize("absent", [[], [5, 6]])
def test_many_draws_of_labels_are_judged_as_one_by_one(name, gaps, absent):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 3))
    here = np.ones((60, 1), bool)
    here[absent] = False
    space = Embedding.from_arrays(points, modalities={"a": points}, present=here)
    graph = knn(space, 4, space="a")
    # One class, three, and more than a byte holds.
    draws = rng.integers([[1]] + 7 * [[3]] + [[400]], size=(9, 60))
    draws[:, gaps] = -1
    values = METRICS[name].of_draws(graph, Draws.of(iter(draws)))
    expected = [value(name, graph, labels=labels) for labels in draws]
    np.testing.assert_allclose(values, expected, rtol=1e-13)


def test_two_pairs_are_two_components_without_a_gap():
    graph = knn(np.array([[0.0], [1.0], [8.0], [9.0]]), 1)
    assert value("components", graph) == 2
    assert value("spectral_gap", graph) == 0


@pytest.mark.parametrize("seed", range(4))
def test_metrics_equal_networkx(seed):
    graph = random_graph(seed, k=2 + 3 * (seed % 2))
    union, directed = graph.to_networkx(), graph.to_networkx("directed")
    assert value("adjusted_homophily", graph) == pytest.approx(
        nx.attribute_assortativity_coefficient(union, "label")
    )
    label = nx.get_node_attributes(directed, "label")
    same = [label[u] == label[v] for u, v in directed.edges]
    assert value("purity", graph) == pytest.approx(np.mean(same))
    assert value("reciprocity", graph) == pytest.approx(
        nx.overall_reciprocity(directed)
    )
    assert value("components", graph) == nx.number_connected_components(union)
    assert value("clustering", graph) == pytest.approx(nx.transitivity(union))
    degrees = [degree for _, degree in directed.in_degree]
    assert value("hubness", graph) == pytest.approx(stats.skew(degrees))
    eigenvalues = np.sort(
        np.linalg.eigvalsh(nx.normalized_laplacian_matrix(union, weight=None).todense())
    )
    assert value("spectral_gap", graph) == pytest.approx(eigenvalues[1], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_community_recovery_is_the_adjusted_rand_index(seed):
    graph = random_graph(seed)
    found = nx.community.louvain_communities(
        nx.from_scipy_sparse_array(graph.union), seed=0
    )
    numbers = np.empty(len(graph))
    for number, part in enumerate(found):
        numbers[list(part)] = number
    expected = adjusted_rand_score(graph.labels, numbers)
    assert value("community_recovery", graph) == pytest.approx(expected)


def test_one_community_of_one_class_is_recovered():
    graph = knn(Embedding.from_arrays([[0.0], [1.0], [2.0]], labels=[0, 0, 0]), 2)
    assert value("community_recovery", graph) == 1


def test_one_class_leaves_homophily_undefined():
    graph = knn(Embedding.from_arrays([[0.0], [1.0], [2.0]], labels=[0, 0, 0]), 1)
    assert np.isnan(value("adjusted_homophily", graph))
    assert value("purity", graph) == 1


def test_several_labels_of_four_points_on_a_line():
    several = replace(LINE, labels=np.array([[1, 0], [1, 1], [0, 1], [0, 0]]))
    graph = knn(several, 1)
    # 0-1 share the first, 1-0 too, 3-1 the second, 6-3 none
    assert value("purity", graph) == 3 / 4
    # pairs that share: (0, 1) and (1, 2) of six
    assert METRICS["purity"].chance(graph) == pytest.approx(2 / 6)
    # per class: mean of y_i y_j over the 6 edge ends less the squared share of ends
    both = (2 / 6 - (3 / 6) ** 2) + (2 / 6 - (4 / 6) ** 2)
    spread = (3 / 6 - (3 / 6) ** 2) + (4 / 6 - (4 / 6) ** 2)
    assert value("adjusted_homophily", graph) == pytest.approx(both / spread)
    assert np.isnan(value("community_recovery", graph))


def test_one_hot_labels_say_what_class_numbers_say():
    graph = random_graph(5)
    one_hot = np.eye(3, dtype=np.int64)[graph.labels]
    for name in ("purity", "adjusted_homophily"):
        assert value(name, graph, labels=one_hot) == pytest.approx(value(name, graph))


@pytest.mark.parametrize("several", [False, True])
def test_purity_chance_is_the_mean_of_permuted_labels(several):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, size=(40, 3)) if several else rng.integers(3, size=40)
    graph = random_graph(1, n=40, labels=labels)
    pairs = [(i, j) for i in range(40) for j in range(40) if i != j]
    share = [
        bool((labels[i] & labels[j]).any()) if several else labels[i] == labels[j]
        for i, j in pairs
    ]
    assert purity_chance(graph) == pytest.approx(np.mean(share))


def random_neighbors(seed, n, k):
    rng = np.random.default_rng(seed)
    rows = [rng.choice(np.delete(np.arange(n), i), k, replace=False) for i in range(n)]
    labels = rng.integers(3, size=n)
    embedding = Embedding.from_arrays(np.zeros((n, 1)), labels=labels)
    return Neighbors(embedding, "latent", "euclidean", np.array(rows), np.ones((n, k)))


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("purity", 0.01),
        ("adjusted_homophily", 0.01),
        ("reciprocity", 0.003),
        ("hubness", 0.05),
        ("components", 0),
        ("clustering", 0.003),
        ("spectral_gap", 0.03),
        ("community_recovery", 0.01),
    ],
)
def test_chance_is_what_random_neighbours_give(name, tolerance):
    graphs = [random_neighbors(seed, 600, 8) for seed in range(6)]
    found = [METRICS[name].function(graph) for graph in graphs]
    chance = np.mean([METRICS[name].chance(graph) for graph in graphs])
    assert abs(np.mean(found) - chance) <= tolerance


def test_accuracy_and_its_chance():
    predicted = replace(LINE, predictions=np.array([0, 1, 1, 1]))
    graph = knn(predicted, 1)
    assert value("accuracy", graph) == 3 / 4
    assert METRICS["accuracy"].chance(graph) == 2 / 4
    assert np.isnan(value("accuracy", knn(LINE, 1)))
    several = replace(
        predicted,
        labels=np.array([[1, 0], [1, 1], [1, 0], [0, 0]]),
        predictions=np.array([[1, 0], [1, 0], [0, 0], [0, 0]]),
    )
    assert value("accuracy", knn(several, 1)) == 6 / 8
    assert METRICS["accuracy"].chance(knn(several, 1)) == (3 / 4 + 3 / 4) / 2


@pytest.mark.parametrize("name", [key for key in METRICS if METRICS[key].needs_labels])
def test_labels_are_asked_for_in_one_sentence(name):
    unlabelled = replace(LINE, labels=None, predictions=np.zeros(4, dtype=int))
    with pytest.raises(ValueError, match="labels") as raised:
        METRICS[name].function(knn(unlabelled, 1))
    assert str(raised.value) == (
        "`neighbors` must have labels for this metric, got none."
    )


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_a_plain_number_within_its_range(name):
    metric = METRICS[name]
    for graph in (knn(LINE, 1), knn(LINE, 2), random_graph(9)):
        found = metric.function(graph)
        assert type(found) is float
        assert np.isnan(found) or metric.range[0] <= found <= metric.range[1]
        assert type(metric.chance(graph)) is float
    assert metric.description
    assert metric.slow == (name == "community_recovery")


def shaped(kind, n=300):
    rng = np.random.default_rng(0)
    if kind == "line":
        return rng.random((n, 1))
    if kind == "clusters":
        centres = 1.6 * rng.normal(size=(6, 5))
        return centres[rng.integers(6, size=n)] + rng.normal(size=(n, 5))
    return rng.normal(size=(n, 12))


@pytest.mark.parametrize("kind", ["line", "clusters", "cloud"])
def test_gap_of_larger_graphs_equals_that_of_all_eigenvalues(kind):
    graph = knn(shaped(kind), 10)
    assert value("components", graph) == 1
    laplacian = nx.normalized_laplacian_matrix(nx.from_scipy_sparse_array(graph.union))
    exact = np.sort(np.linalg.eigvalsh(laplacian.todense()))[1]
    assert value("spectral_gap", graph) == pytest.approx(exact, rel=2e-3)


def test_thin_graphs_take_the_way_of_sparse_factors(monkeypatch):
    graph = knn(shaped("line"), 5)
    expected = topology.spectral_gap(graph)
    monkeypatch.setattr(spectral, "_ROUNDS", 0)
    assert topology.spectral_gap(graph) == pytest.approx(expected, rel=2e-3)
