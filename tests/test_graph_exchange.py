"""Graphs handed to networkx and to files, and read back equal."""

import gc
import json

import enduring
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz.embedding import Embedding
from refnet_viz.graph import exchange, knn, load_graph, save_graph

MODES = ["union", "mutual", "directed"]
SUFFIXES = [".graphml", ".gexf", ".json"]
LINE = np.array([[0.0], [1.0], [3.0], [6.0]])


def graph_of(names, labels=None, class_names=()):
    return knn(
        Embedding.from_arrays(LINE, ids=names, labels=labels, class_names=class_names),
        1,
    )


@pytest.fixture
def fruit():
    return graph_of(
        ["apple", "pear & co", "<b>fig</b>", "キウイ 🥝"], [0, 1, 1, 0], ["red", "a;b"]
    )


def test_networkx_holds_names_labels_distances_and_weights(fruit):
    graph = fruit.to_networkx()
    assert type(graph) is nx.Graph
    assert dict(graph.nodes(data="label")) == {
        "apple": "red",
        "pear & co": "a;b",
        "<b>fig</b>": "a;b",
        "キウイ 🥝": "red",
    }
    # mean distance 7/4: weight 1 / (1 + d / 1.75)
    expected = [("apple", "pear & co", 1), ("pear & co", "<b>fig</b>", 2)]
    expected.append(("<b>fig</b>", "キウイ 🥝", 3))
    slow = nx.Graph()
    slow.add_nodes_from(graph.nodes(data=True))
    for a, b, d in expected:
        slow.add_edge(a, b, distance=float(d), weight=1 / (1 + d / 1.75))
    assert nx.utils.graphs_equal(graph, slow)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 15), st.integers(0, 10_000), st.sampled_from(MODES))
def test_networkx_equals_the_graph_of_the_matrix(n, seed, mode):
    rng = np.random.default_rng(seed)
    found = knn(rng.integers(0, 3, size=(n, 2)).astype(float), int(rng.integers(1, n)))
    graph = found.to_networkx(mode)
    kind = nx.DiGraph if mode == "directed" else nx.Graph
    slow = kind()
    slow.add_nodes_from((str(i), {"label": ""}) for i in range(n))
    matrices = [found.adjacency(mode, w).tocoo() for w in ("distance", "similarity")]
    edges = zip(*matrices[0].coords, *(m.data for m in matrices), strict=True)
    for i, j, d, w in edges:
        slow.add_edge(str(i), str(j), distance=float(d), weight=float(w))
    assert nx.utils.graphs_equal(graph, slow)


@pytest.mark.parametrize("mode", MODES)
def test_networkx_graph_can_be_changed_like_any_other(fruit, mode):
    graph = fruit.to_networkx(mode)
    graph.remove_node("pear & co")
    graph.add_edge("apple", "fig", weight=1.0)
    assert sorted(graph["apple"]) == ["fig"]
    assert graph.number_of_edges() == (2 if mode != "mutual" else 1)
    if mode == "directed":
        assert list(graph.predecessors("fig")) == ["apple"]
    else:
        assert graph["fig"]["apple"] is graph["apple"]["fig"]


def test_building_leaves_the_collector_as_it_was(fruit):
    assert gc.isenabled()
    fruit.to_networkx()
    assert gc.isenabled()
    gc.disable()
    try:
        fruit.to_networkx()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_several_labels_are_joined_and_none_are_empty():
    several = graph_of(list("abcd"), [[1, 1], [0, 1], [1, 0], [0, 0]], ["x", "y"])
    assert several.to_networkx().nodes["a"]["label"] == "x; y"
    assert graph_of(list("abcd")).to_networkx().nodes["a"]["label"] == ""


texts = st.text(st.characters(exclude_categories=["Cn"]))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(texts, min_size=4, max_size=4),
    st.one_of(
        st.lists(st.one_of(st.none(), texts), min_size=4, max_size=4),
        st.lists(st.floats() | st.none(), min_size=4, max_size=4),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4),
        st.lists(st.booleans(), min_size=4, max_size=4),
    ),
    st.sampled_from(SUFFIXES),
    st.sampled_from(MODES),
)
def test_any_names_and_values_come_back(tmp_path_factory, names, column, suffix, mode):
    ids = [f"{name}{i}" for i, name in enumerate(names)]
    own = Embedding.from_arrays(LINE, ids=ids, metadata={"value": column})
    graph = knn(own, 1)
    path = tmp_path_factory.mktemp("graphs") / f"g{suffix}"
    expected, loaded = (
        graph.to_networkx(mode),
        load_graph(save_graph(graph, path, mode=mode)),
    )
    for _, data in [*expected.nodes(data=True), *loaded.nodes(data=True)]:
        if data.get("value") == "":
            del data["value"]  # readers leave out text that is empty
    assert nx.utils.graphs_equal(loaded, expected)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damages_are_one_sentence(tmp_path, suffix):
    labels = pd.Series(["a", "b"] * 3)
    metadata = {"note": [*"uvwxy", "tab\t"], "size": np.arange(6) / 7}
    own = Embedding.from_arrays(
        np.arange(6.0)[:, None] ** 2, labels=labels, metadata=metadata
    )
    path = save_graph(knn(own, 2), tmp_path / f"g{suffix}")
    whole = load_graph(path)
    tally = enduring.damages(
        tmp_path,
        lambda folder: (load_graph(path), ""),
        lambda read: nx.utils.graphs_equal(read, whole),
        300,
    )
    assert tally.counts["taken silently"] == tally.counts["bare error"] == 0, tally
    assert tally.counts["one sentence"] > 200


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_without_a_checksum_are_read(tmp_path, fruit, suffix):
    """Those of before, and those that another program has written again."""
    path = save_graph(fruit, tmp_path / f"g{suffix}")
    graph, checksum = exchange._parsed(path.read_bytes(), suffix)
    assert len(checksum) == 64
    if suffix == ".json":
        path.write_text(json.dumps(nx.node_link_data(graph, edges="edges")))
    else:
        getattr(nx, f"write_{suffix[1:]}")(graph, path)
    assert nx.utils.graphs_equal(load_graph(path), fruit.to_networkx())


several_names = st.lists(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1),
    min_size=4,
    max_size=4,
    unique=True,
)


@settings(deadline=None, max_examples=25)
@given(several_names, several_names, st.sampled_from(SUFFIXES), st.sampled_from(MODES))
def test_files_are_read_back_equal(tmp_path_factory, names, classes, suffix, mode):
    graph = graph_of(names, [0, 1, 2, 3], classes)
    path = tmp_path_factory.mktemp("graphs") / f"g{suffix}"
    assert save_graph(graph, path, mode=mode) == path
    assert nx.utils.graphs_equal(load_graph(path), graph.to_networkx(mode))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mode", MODES)
def test_duplicates_and_missing_labels_survive_files(tmp_path, suffix, mode):
    graph = knn(np.array([[0.0], [0.0], [1 / 3], [2.0], [2.5]]), 2)
    path = save_graph(graph, tmp_path / f"g{suffix}", mode=mode)
    loaded = load_graph(str(path))
    assert nx.utils.graphs_equal(loaded, graph.to_networkx(mode))
    assert loaded.is_directed() == (mode == "directed")


def test_igraph_has_names_and_weights(tmp_path):
    """igraph 1.0.0, Graph.Read_GraphML: an id's `&` is `&#38;` however XML writes it.

    Seen with `&amp;`, `&#38;` and `&#x26;` (findings/igraph_graphml_*), not in `name`.
    """
    igraph = pytest.importorskip("igraph")
    names = ["R&D", "&#38;", "]]><![CDATA[", f"{'long ' * 9_000}\u2028\x85 "]
    found = graph_of(names, [0, 1, 1, 0], ["a & b", "&amp;"])
    path = save_graph(found, tmp_path / "a.graphml")
    graph = igraph.Graph.Read_GraphML(str(path))
    assert graph.vs["name"] == names
    assert graph.vs["label"] == ["a & b", "&amp;", "&amp;", "a & b"]
    assert graph.vs.find("R&D").degree() == 1
    network = found.to_networkx()
    for edge in graph.es:
        ends = [graph.vs[i]["name"] for i in edge.tuple]
        assert edge["weight"] == network.edges[ends]["weight"]
    graph.write_graphml(str(tmp_path / "b.graphml"))
    again = nx.read_graphml(tmp_path / "b.graphml")
    assert list(dict(again.nodes(data="name")).values()) == names


@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_networkx_reads_names_labels_and_distances(tmp_path, fruit, suffix):
    path = save_graph(fruit, tmp_path / f"a{suffix}")
    read = getattr(nx, f"read_{suffix[1:]}")(path)
    expected = fruit.to_networkx()
    assert dict(read.nodes(data="label")) == dict(expected.nodes(data="label"))
    edges = list(expected.edges(data="distance"))
    assert list(read.edges(data="distance")) == edges


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_characters_that_xml_cannot_hold_become_pictures(tmp_path, suffix):
    graph = graph_of(["a\x01", "a\x02", "tab\there", "\uffff"], ["\ud800", *"xyx"])
    path = save_graph(graph, tmp_path / f"g{suffix}")
    loaded = exchange._read(path.read_bytes(), suffix)  # what other programs see
    assert list(loaded) == ["a\u2401", "a\u2402", "tab\u2409here", "\ufffd"]
    assert loaded.nodes["\ufffd"]["label"] == "x"
    assert loaded.nodes["a\u2401"]["label"] == "\ufffd"
    assert loaded.number_of_edges() == 3


def test_names_that_become_the_same_are_refused(tmp_path):
    graph = graph_of(["a\x01", "a\u2401", "b", "c"])
    with pytest.raises(ValueError, match="different") as raised:
        save_graph(graph, tmp_path / "g.gexf")
    assert str(raised.value) == (
        "`ids` must stay different where control characters and halves are "
        "'a\u2401', got 'a\\x01' in row 0 and 'a\\u2401' in row 1."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "call", [lambda p: save_graph(graph_of(list("abcd")), p), load_graph]
)
def test_unknown_suffix_is_refused(tmp_path, call):
    with pytest.raises(ValueError, match="suffix") as raised:
        call(tmp_path / "graph.pickle")
    assert str(raised.value) == (
        "`path suffix` must be one of '.graphml', '.gexf', '.json', got '.pickle'."
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", ["", "{}", "<graphml></graphml>", "[1]", "<a/>"])
def test_files_of_something_else_are_refused_in_one_sentence(tmp_path, suffix, content):
    path = tmp_path / f"other{suffix}"
    path.write_text(content)
    with pytest.raises(ValueError, match="save_graph") as raised:
        load_graph(path)
    start = f"`path` must be a {suffix} file written by save_graph, got other{suffix} ("
    assert str(raised.value).startswith(start)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = save_graph(graph_of(list("abcd")), tmp_path / "g.json")
    before = path.read_text()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(exchange, "_write", fail)
    with pytest.raises(OSError, match="disk full"):
        save_graph(graph_of(list("efgh")), path)
    assert path.read_text() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_characters_that_xml_cannot_hold_come_back(tmp_path, suffix, mode):
    names = ["a\x01", "\ud800b", "tab\there", "nul\x00 \x1b\r\n"]
    metadata = pd.DataFrame(
        {"note\x02": ["x\x0b", "y", "\udfff", ""], "size": [1.5, np.nan, 2, 3]}
    )
    graph = knn(Embedding.from_arrays(LINE, ids=names, metadata=metadata), 1)
    expected = graph.to_networkx(mode)
    loaded = load_graph(save_graph(graph, tmp_path / f"g{suffix}", mode=mode))
    assert list(loaded) == names
    assert sorted(loaded.edges) == sorted(expected.edges)
    for name, data in expected.nodes(data=True):
        again = {key: value for key, value in data.items() if value == value}
        kept = loaded.nodes[name]
        assert {key: kept[key] for key in again} == again
    content = (tmp_path / f"g{suffix}").read_text("utf-8")
    assert "a\u2401" in content
