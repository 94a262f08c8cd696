"""networkx's functions on lazy graphs, beside networkx on its own graphs."""

import copy
import importlib
import os
import pickle
import random
import subprocess
import sys
import tomllib
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz import Embedding, knn
from refnet_viz._networkx import CARRIED, COMPUTED, info
from refnet_viz.graph import Neighbors, backend, moves
from refnet_viz.graph.backend import BACKEND
from refnet_viz.graph.edges import Edges, louvain
from refnet_viz.graph.lazy import OfNeighbors

ROOT = Path(__file__).parents[1]
SUITES = [
    "algorithms.tests.test_cluster",
    "algorithms.tests.test_core",
    "algorithms.tests.test_cuts",
    "algorithms.components.tests.test_connected",
    "algorithms.components.tests.test_weakly_connected",
    "algorithms.link_analysis.tests.test_pagerank",
    "algorithms.assortativity.tests",
    "algorithms.community.tests.test_quality",
    "algorithms.community.tests.test_louvain",
    "algorithms.shortest_paths.tests.test_unweighted",
    "tests.test_convert_scipy",
]
# All of networkx's algorithms: the same with `--pyargs networkx.algorithms`.


@pytest.fixture(scope="module", autouse=True)
def installed():
    assert "refnet_viz" in nx.config.backends, (
        "networkx finds backends by the entry points of installed packages: "
        "install refnet_viz again (python dev.py test)"
    )


@pytest.fixture(scope="module")
def neighbors():
    """Three loose clusters, five points at one place, and rows without the space."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(120, 4)) + np.repeat([[0], [4], [8]], 40, axis=0)
    points[:5] = points[5]
    embedding = Embedding.from_arrays(
        points,
        labels=np.repeat([0, 1, 2], 40),
        class_names=["a", "b", "c"],
        metadata={"age": rng.integers(0, 5, 120)},
    )
    graph = knn(embedding, k=5)
    indices, distances = graph.indices.copy(), graph.distances.copy()
    indices[(indices == 119).any(axis=1)] = -1
    indices[119] = -1
    distances[indices[:, 0] < 0] = np.inf
    gone = np.flatnonzero(indices[:, 0] < 0)
    hit = np.isin(indices, gone).any(axis=1) & (indices[:, 0] >= 0)
    assert not hit.any() or hit.sum() < 30
    for row in np.flatnonzero(hit):  # nobody's neighbours
        free = [
            i for i in range(119) if i not in gone and i not in (*indices[row], row)
        ]
        bad = np.isin(indices[row], gone)
        indices[row][bad] = free[: bad.sum()]
    return Neighbors(embedding, "latent", "euclidean", indices, distances)


def alike(ours, theirs):
    """Whether two results are equal, floats to 1e-12 of them, in the same order."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            alike(ours[key], value)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for mine, its in zip(ours, theirs, strict=True):
            alike(mine, its)
    elif isinstance(theirs, float | int):  # to networkx, too, 0 is as good as 0.0
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15, nan_ok=True)
    elif isinstance(theirs, np.ndarray):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    else:
        assert ours == theirs


def some(graph, start, stop):
    return set(list(graph)[start:stop])


def first(graph):
    return next(iter(graph))


# What must come from the arrays alone: a name of networkx, and calls of it.
CALLS = {
    "degree": lambda G: (dict(G.degree), dict(G.degree(weight="distance"))),
    "degree of one": lambda G: (G.degree[first(G)], G.degree(first(G), "weight")),
    "neighbours": lambda G: [list(G.neighbors(node)) for node in G],
    "counts": lambda G: (len(G), G.size(), G.number_of_edges(), first(G) in G, [] in G),
    "centrality": nx.degree_centrality,
    "matrix": lambda G: nx.to_scipy_sparse_array(G, weight="distance").toarray(),
    "laplacian": lambda G: nx.laplacian_matrix(nx.Graph(G)).toarray(),
    "loops": nx.number_of_selfloops,
    "empty": nx.is_empty,
    "core": nx.core_number,
    "pagerank": nx.pagerank,
    "personalised": lambda G: nx.pagerank(
        G, personalization={first(G): 1.0}, weight="distance"
    ),
    "degree assortativity": lambda G: nx.degree_assortativity_coefficient(
        G, x="in", y="in"
    ),
    "weighted assortativity": lambda G: nx.degree_pearson_correlation_coefficient(
        G, weight="distance"
    ),
    "mixing of degrees": lambda G: nx.degree_mixing_dict(G, normalized=True),
    "attribute assortativity": lambda G: nx.attribute_assortativity_coefficient(
        G, "label"
    ),
    "number assortativity": lambda G: nx.numeric_assortativity_coefficient(G, "age"),
    "modularity": lambda G: nx.community.modularity(
        G, [some(G, 0, 40), some(G, 40, 120)], weight=None
    ),
    "weighted modularity": lambda G: nx.community.modularity(
        G, [some(G, 0, 40), some(G, 40, 120)], weight="distance", resolution=2
    ),
    "volume": lambda G: nx.volume(G, some(G, 0, 9), weight="distance"),
    "cut": lambda G: nx.cut_size(G, some(G, 0, 50), some(G, 30, 90), weight="distance"),
    "conductance": lambda G: nx.conductance(G, some(G, 0, 50), some(G, 50, 120)),
    "steps": lambda G: list(nx.single_source_shortest_path_length(G, "3").items()),
    "near": lambda G: list(
        nx.single_source_shortest_path_length(G, "3", cutoff=1.5).items()
    ),
    "paths": lambda G: list(nx.single_source_shortest_path(G, "3", cutoff=3).items()),
    "lengths": lambda G: nx.single_source_dijkstra_path_length(
        G, "3", weight="distance"
    ),
    "nearest": lambda G: nx.multi_source_dijkstra_path_length(
        G, {"3", "90"}, cutoff=2, weight="distance"
    ),
}
UNDIRECTED = {
    "components": lambda G: list(nx.connected_components(G)),
    "component": lambda G: nx.node_connected_component(G, "3"),
    "number of components": nx.number_connected_components,
    "connected": nx.is_connected,
    "triangles": nx.triangles,
    "clustering": nx.clustering,
    "weighted clustering": lambda G: nx.clustering(G, weight="distance"),
    "average clustering": nx.average_clustering,
    "transitivity": nx.transitivity,
    "louvain": lambda G: nx.community.louvain_communities(G, seed=1),
    "levels": lambda G: list(
        nx.community.louvain_partitions(G, weight="distance", resolution=2, seed=1)
    ),
}
DIRECTED = {
    "in and out": lambda G: (dict(G.in_degree(weight="weight")), dict(G.out_degree)),
    "weak components": lambda G: list(nx.weakly_connected_components(G)),
    "number of weak components": nx.number_weakly_connected_components,
    "weakly connected": nx.is_weakly_connected,
}
ALL = [
    *(("union", name) for name in CALLS | UNDIRECTED),
    *(("mutual", name) for name in CALLS | UNDIRECTED),
    *(("directed", name) for name in CALLS | DIRECTED),
]


@pytest.mark.parametrize(("mode", "name"), ALL)
def test_functions_of_arrays_equal_networkx(neighbors, mode, name, monkeypatch):
    call = (CALLS | UNDIRECTED | DIRECTED)[name]
    expected = call(neighbors.to_networkx(mode))
    graph = neighbors.to_networkx(mode, lazy=True)
    if name != "laplacian":
        monkeypatch.setattr(
            OfNeighbors, "edges", lambda self: pytest.fail("edges made")
        )
    alike(call(graph), expected)


# Anything else reads the dictionaries.
OTHERS = {
    "betweenness": nx.betweenness_centrality,
    "squares": nx.square_clustering,
    "core graph": lambda G: sorted(nx.k_core(G, 3).edges(data="weight")),
    "subgraph": lambda G: sorted(G.subgraph(some(G, 0, 30)).edges(data="distance")),
    "copy": lambda G: sorted(G.copy().edges(data="distance")),
    "undirected": lambda G: nx.to_dict_of_dicts(G.to_undirected()),
    "renamed": lambda G: sorted(nx.convert_node_labels_to_integers(G).edges),
    "clustering of some": lambda G: nx.clustering(G, some(G, 0, 9)),
    "path": lambda G: nx.single_source_dijkstra(G, "3", weight="distance"),
    "weights by a function": lambda G: nx.single_source_dijkstra_path_length(
        G, "3", weight=lambda u, v, data: data["distance"] + 1
    ),
    "nodes": lambda G: dict(G.nodes(data=True)),
    "rows": lambda G: {node: list(row) for node, row in G.adjacency()},
}


@pytest.mark.parametrize("mode", ["union", "directed"])
@pytest.mark.parametrize("name", OTHERS)
def test_all_other_functions_read_the_dictionaries(neighbors, mode, name):
    graph = neighbors.to_networkx(mode, lazy=True)
    alike(OTHERS[name](graph), OTHERS[name](neighbors.to_networkx(mode)))


@pytest.mark.parametrize("mode", ["union", "mutual", "directed"])
def test_a_lazy_graph_is_the_graph(neighbors, mode):
    graph, plain = (neighbors.to_networkx(mode, lazy=lazy) for lazy in (True, False))
    assert nx.utils.graphs_equal(type(plain)(graph), plain)
    for other in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
        assert nx.utils.graphs_equal(type(plain)(other), plain)
        assert type(other) is type(graph)
    assert nx.is_frozen(graph)
    assert isinstance(graph, nx.DiGraph if mode == "directed" else nx.Graph)


def test_a_lazy_graph_cannot_be_changed(neighbors):
    graph = neighbors.to_networkx(lazy=True)
    node = first(graph)
    with pytest.raises(nx.NetworkXError, match=r"Frozen graph"):
        graph.add_edge(node, "1")
    for data in (graph.nodes[node], next(iter(graph.adj[node].values()))):
        with pytest.raises(TypeError, match=r"lazy graph.*networkx.Graph"):
            data["weight"] = 3
        with pytest.raises(TypeError, match="lazy graph"):
            data.update(weight=3)
    free = nx.Graph(graph)
    free.add_edge(node, "1", weight=7)
    free.nodes[node]["label"] = "z"
    assert nx.transitivity(graph) == nx.transitivity(neighbors.to_networkx())
    with pytest.raises(nx.NetworkXError, match="not in the graph"):
        graph.neighbors("nobody")


def test_modes_are_checked_at_once(neighbors):
    with pytest.raises(ValueError, match="mode"):
        neighbors.to_networkx("other", lazy=True)


# networkx's note that it keeps what it has converted.
CACHED = pytest.mark.filterwarnings("ignore:Note. conversions to backend:UserWarning")
WEIGHTS = st.one_of(st.integers(0, 4), st.sampled_from([0.25, 1.5, 0.1]))


@st.composite
def graphs(draw):
    """Graphs of networkx in any order, with loops, some weights missing."""
    graph = draw(st.sampled_from([nx.Graph, nx.DiGraph]))()
    nodes = draw(st.permutations(["a", 1, (2, 3), "b", 0.5, "c", 9]))
    graph.add_nodes_from(nodes)
    pairs = st.tuples(st.sampled_from(nodes), st.sampled_from(nodes))
    for u, v in draw(st.lists(pairs, max_size=18)):
        graph.add_edge(u, v)
        if draw(st.booleans()):
            graph[u][v]["weight"] = draw(WEIGHTS)
    return graph


def results(graph, how):
    """Return what every offered function gives, or the kind of its error."""
    nodes = list(graph)
    parts = [set(nodes[:3]), set(nodes[3:])]
    arguments = {
        "attribute_mixing_dict": ["kind"],
        "cut_size": [nodes[:4], nodes[2:6], "weight"],
        "modularity": [parts],
        "multi_source_dijkstra_path_length": [nodes[:2]],
        "node_connected_component": nodes[:1],
        "single_source_dijkstra_path_length": nodes[:1],
        "single_source_shortest_path": nodes[:1],
        "single_source_shortest_path_length": nodes[:1],
        "volume": [nodes[:4], "weight"],
    }
    out = {}
    for name in COMPUTED:
        function = getattr(nx, name, None) or getattr(nx.community, name, None)
        function = function or nx.algorithms.assortativity.node_degree_xy
        seed = {"seed": 2} if name == "louvain_partitions" else {}
        try:
            result = function(graph, *arguments.get(name, []), **seed, **how)
            if name == "to_scipy_sparse_array":
                result = result.toarray()
            elif hasattr(result, "__next__"):
                result = list(result)
            if name == "node_degree_xy":
                result = sorted(result)
        except (nx.NetworkXException, ZeroDivisionError, ValueError) as error:
            result = repr(type(error))
        out[name] = result
    return out


@CACHED
@given(graphs())
@settings(max_examples=60, deadline=None)
def test_graphs_of_networkx_are_welcome(graph):
    ours, theirs = (results(graph, how) for how in ({"backend": "refnet_viz"}, {}))
    for name, expected in theirs.items():
        alike(ours[name], expected)


@CACHED
def test_graphs_of_networkx_go_here_by_priority(monkeypatch):
    graph = nx.karate_club_graph()
    asked = []
    monkeypatch.setitem(
        backend.__dict__, "triangles", lambda G, nodes: asked.append(G) or {}
    )
    with nx.config.backend_priority(algos=["refnet_viz"]):
        assert nx.triangles(graph) == {}
        # cheaper there, not offered, or not for multigraphs: networkx does it
        assert nx.cut_size(graph, {0}) == graph.degree[0]
        assert nx.is_bipartite(graph) is False
    assert len(asked) == 1
    assert backend.BACKEND.convert_to_nx(asked[0]).edges == graph.edges


def test_multigraphs_are_networkx_own():
    graph = nx.MultiGraph([(0, 1), (0, 1)])
    with pytest.raises(NotImplementedError, match="refnet_viz"):
        nx.volume(graph, [0], backend="refnet_viz")
    with nx.config.backend_priority(algos=["refnet_viz"]):
        assert nx.volume(graph, [0]) == 2


def test_triangles_do_not_depend_on_blocks(neighbors, monkeypatch):
    graph = neighbors.to_networkx()
    monkeypatch.setattr(backend, "_PRODUCT", 50)
    lazy = neighbors.to_networkx(lazy=True)
    assert nx.triangles(lazy) == nx.triangles(graph)
    alike(nx.clustering(lazy, weight="weight"), nx.clustering(graph, weight="weight"))


@pytest.mark.parametrize("most", [0, 10**9])
def test_communities_are_those_of_networkx(neighbors, most, monkeypatch):
    monkeypatch.setattr(moves, "_MANY", most)
    for weight, seed in [
        (None, 0),
        ("weight", 1),
        ("distance", np.random.RandomState(2)),
    ]:
        calls = (
            nx.community.louvain_communities(
                neighbors.to_networkx(lazy=lazy),
                weight=weight,
                seed=copy.deepcopy(seed),
            )
            for lazy in (True, False)
        )
        alike(*calls)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(neighbors)))
    edges = neighbors.edges()
    graph.add_edges_from(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
    label = louvain(edges, len(neighbors))
    for number, part in enumerate(nx.community.louvain_communities(graph, seed=0)):
        assert set(np.flatnonzero(label == number)) == part
    assert louvain(Edges(*[np.empty(0, int)] * 2, np.empty(0)), 3).tolist() == [0, 1, 2]


def test_levels_stop_where_nothing_moves():
    pairs = np.arange(5), np.array([1, 0, 3, 2]), np.ones(4)
    (only,) = moves.levels(*pairs, rng=random.Random(0))
    assert only.tolist() == [0, 0, 1, 1]


def test_entry_points_name_what_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = project["entry-points"]
    loaded = []
    for group in ("networkx.backends", "networkx.backend_info"):
        module, _, name = groups[group]["refnet_viz"].partition(":")
        loaded.append(getattr(importlib.import_module(module), name))
    assert loaded == [BACKEND, info]
    functions = info()["functions"]
    assert set(functions) == {*COMPUTED, *CARRIED}
    assert not {*COMPUTED} & {*CARRIED}
    registered = nx.utils.backends._registered_algorithms
    assert set(functions) <= set(registered)
    for name in functions:
        assert callable(getattr(BACKEND, name))
    assert not hasattr(BACKEND, "no such function")


def test_networkx_stays_light():
    code = (
        "import sys, networkx; assert 'refnet_viz' in networkx.config.backends;"
        "print(sorted({'numpy', 'scipy', 'pandas', 'torch'} & {*sys.modules}))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"


def test_networkx_own_tests_pass(tmp_path):
    modules = [f"networkx.{suite}" for suite in SUITES]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--pyargs", *modules],
        cwd=tmp_path,
        env=os.environ
        | {"NETWORKX_TEST_BACKEND": "refnet_viz", "NETWORKX_FALLBACK_TO_NX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
