"""Neighbour lists of other tools as graphs that stand alone."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

import refnet_viz as rv
from refnet_viz.embedding import Embedding
from refnet_viz.graph import (
    METRICS,
    Neighbors,
    compare,
    compare_pairs,
    edge_diff,
    knn,
    load_graph,
    overlap,
    rbo,
    rewiring,
    save_graph,
)

N, K = 40, 5
X = np.random.default_rng(0).normal(size=(N, 3))
IDS = [f"p{i}" for i in range(N)]
LABELS = np.arange(N) % 2


def ours(x=X):
    return knn(Embedding.from_arrays(x, ids=IDS, labels=LABELS), K)


def same(found, expected):
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5, atol=0)
    assert found.ids.tolist() == expected.ids.tolist()
    assert found.k == expected.k


def taken(x=X, **options):
    """Return our own lists, as somebody else's."""
    graph = ours(x)
    options = {"self_column": False, "squared": False, "labels": LABELS} | options
    return Neighbors.from_arrays(IDS, graph.indices, graph.distances, **options)


def test_scikit_learn_with_and_without_the_point_itself():
    search = NearestNeighbors(n_neighbors=K + 1).fit(X)
    distances, indices = search.kneighbors(X)
    assert (indices[:, 0] == np.arange(N)).all()
    whole = Neighbors.from_arrays(
        IDS, indices, distances, self_column=True, squared=False
    )
    same(whole, ours())
    distances, indices = search.kneighbors(n_neighbors=K)
    alone = Neighbors.from_arrays(
        IDS, indices, distances, self_column=False, squared=False
    )
    same(alone, ours())
    squares = Neighbors.from_arrays(
        IDS, indices, distances**2, self_column=False, squared=True
    )
    same(squares, ours())


def test_scikit_learn_at_places_of_several_points():
    doubled = np.repeat(X[: N // 2], 2, axis=0)
    search = NearestNeighbors(n_neighbors=K + 1).fit(doubled)
    distances, indices = search.kneighbors(doubled)
    graph = Neighbors.from_arrays(
        IDS, indices, distances, self_column=True, squared=False
    )
    expected = knn(doubled, K)
    assert (graph.distances[:, 0] == 0).all()
    np.testing.assert_array_equal(graph.indices[:, 0], expected.indices[:, 0])


def test_umap():
    umap_ = pytest.importorskip("umap.umap_")
    indices, distances, _ = umap_.nearest_neighbors(
        X, K + 1, "euclidean", {}, False, np.random.RandomState(0)
    )
    graph = Neighbors.from_arrays(
        IDS, indices, distances, self_column=True, squared=False
    )
    same(graph, ours())


@pytest.mark.filterwarnings("ignore")
def test_scanpy():
    sc = pytest.importorskip("scanpy")
    anndata = pytest.importorskip("anndata")
    cells = anndata.AnnData(X.astype(np.float32))
    sc.pp.neighbors(cells, n_neighbors=K + 1, use_rep="X")
    matrix = cells.obsp["distances"].tocsr()
    matrix.sort_indices()
    shape = N, matrix.nnz // N
    graph = Neighbors.from_arrays(
        IDS,
        matrix.indices.reshape(shape),
        matrix.data.reshape(shape),
        self_column=False,
        squared=False,
    )
    same(graph, ours())


def test_verbs_of_the_graph_alone_say_what_they_say_of_vectors():
    bent = X**3
    theirs = {"plain": taken(), "bent": taken(bent)}
    own = {"plain": ours(), "bent": ours(bent)}
    tables = [compare(graphs, permutations=20) for graphs in (theirs, own)]
    pd.testing.assert_frame_equal(*tables)
    for metric in METRICS.values():
        if not metric.of_predictions:
            values = [metric.function(graphs["bent"]) for graphs in (theirs, own)]
            assert values[0] == pytest.approx(values[1])
    for measure in (
        overlap,
        lambda a, b: rewiring(a, b).tolist(),
        lambda a, b: rbo(a, b).tolist(),
        lambda a, b: edge_diff(a, b).gained.tolist(),
    ):
        assert measure(*theirs.values()) == measure(*own.values())
    for graph, other in zip(theirs.values(), own.values(), strict=True):
        assert dict(graph.to_networkx().edges) == dict(other.to_networkx().edges)
        assert (graph.adjacency() != other.adjacency()).nnz == 0
        np.testing.assert_array_equal(graph.communities, other.communities)
    pairs = compare_pairs(theirs).set_index("metric")["mean"]
    assert pairs[["cka", "second_order_cosine"]].isna().all()
    expected = compare_pairs(own).set_index("metric")["mean"]
    assert pairs["rbo"] == expected["rbo"]


def test_a_graph_alone_is_kept_and_put_in_order(tmp_path):
    graph = taken()
    kept = load_graph(save_graph(graph, tmp_path / "graph.graphml"))
    assert set(kept.edges) == set(graph.to_networkx().edges)
    again = graph.reordered(IDS[::-1]).reordered(IDS)
    same(again, graph)
    assert "40 points" in graph._repr_html_()
    assert graph.head(2).indices.tolist() == graph.indices[:, :2].tolist()


def test_points_outside_of_the_graph():
    graph = Neighbors.from_arrays(
        ["a", "b", "c"],
        [[1], [0], [-1]],
        [[1.0], [1.0], [np.nan]],
        self_column=False,
        squared=False,
    )
    assert graph.present.tolist() == [True, True, False]
    assert graph.distances.ravel().tolist() == [1.0, 1.0, np.inf]
    assert graph.communities.tolist() == [0, 0, -1]
    whole = Neighbors.from_arrays(
        ["a", "b", "c"],
        [[0, 1], [1, 0], [-1, -1]],
        [[0.0, 1], [0, 1], [9, 9]],
        self_column=True,
        squared=False,
    )
    np.testing.assert_array_equal(whole.indices, graph.indices)


def test_what_rounding_leaves_below_zero_is_zero():
    cosine = Neighbors.from_arrays(
        None, [[1], [0]], [[-1.2e-7], [2e-4]], self_column=False, squared=False
    )
    assert cosine.distances.ravel().tolist() == [0.0, 2e-4]
    graph = Neighbors.from_arrays(
        None, [[1], [0], [1]], [[-1e-9], [0.0], [4.0]], self_column=False, squared=True
    )
    assert graph.distances.ravel().tolist() == [0.0, 0.0, 2.0]
    assert graph.ids.tolist() == ["0", "1", "2"]


@pytest.mark.parametrize(
    "verb",
    [
        lambda graph: graph.points(),
        lambda graph: rv.knn(graph.embedding, 3),
        lambda graph: rv.project(graph.embedding, "pca"),
        lambda graph: rv.graph.second_order_cosine(graph, graph),
    ],
)
def test_verbs_of_vectors_say_what_is_missing(verb):
    with pytest.raises(ValueError, match="vectors") as caught:
        verb(taken())
    assert str(caught.value) == (
        "`embedding` must have vectors for this, got none: a graph made by "
        "`Neighbors.from_arrays` stands alone."
    )


def test_attribution_says_what_is_missing():
    with pytest.raises(ValueError, match="must have modalities"):
        rv.attribute(taken())


GOOD = {
    "ids": ["a", "b", "c"],
    "indices": [[1], [0], [1]],
    "distances": [[1], [1], [2]],
}
FALSE = {"self_column": False, "squared": False}


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        (
            {"ids": ["a", "b"]},
            ValueError,
            "`ids` must have as many rows as `indices` (3), got 2.",
        ),
        (
            {"ids": ["a", "b", "a"]},
            ValueError,
            "`ids` must be unique, got 'a' more than once.",
        ),
        (
            {"indices": [1, 0, 1]},
            ValueError,
            "`indices` must be whole numbers of shape (points, neighbours), got int64 "
            "of shape (3,).",
        ),
        (
            {"indices": [[1.0], [0], [1]]},
            ValueError,
            "`indices` must be whole numbers of shape (points, neighbours), got "
            "float64 of shape (3, 1).",
        ),
        (
            {"indices": [[1], [0], [3]]},
            ValueError,
            "`indices` must be row numbers from 0 to 2, or -1 in a whole line, got 3 "
            "in row 2, column 0.",
        ),
        (
            {"indices": [[1, -1], [0, 2], [1, 0]], "distances": np.ones((3, 2))},
            ValueError,
            "`indices` must be row numbers from 0 to 2, or -1 in a whole line, got -1 "
            "in row 0, column 1.",
        ),
        (
            {"indices": [[1, 1], [0, 2], [1, 0]], "distances": np.ones((3, 2))},
            ValueError,
            "`indices` must hold each neighbour of a point once, got 1 more than once "
            "in row 0.",
        ),
        (
            {"indices": [[1], [1], [1]]},
            ValueError,
            "`indices` must not hold the point itself beyond column 0, and nowhere "
            "where `self_column` is False, got 1 in row 1, column 0.",
        ),
        (
            {
                "indices": [[0, 1], [0, 2], [2, 1]],
                "distances": [[0, 1]] * 3,
                "self_column": True,
            },
            ValueError,
            "`indices` must hold the point itself in column 0 where `self_column` is "
            "True, got 0 in row 1.",
        ),
        (
            {"self_column": True},
            ValueError,
            "`indices` must have 2 columns at least where `self_column` is True, got "
            "1.",
        ),
        (
            {"distances": [[1, 2]] * 3},
            ValueError,
            "`distances` must have the shape of `indices` (3, 1), got (3, 2).",
        ),
        (
            {"distances": [[1], [np.nan], [1]]},
            ValueError,
            "`distances` must hold finite numbers only, got nan in row 1.",
        ),
        (
            {"distances": [[1], [-1], [1]]},
            ValueError,
            "`distances` must not be negative, got -1 in row 1, column 0.",
        ),
        ({"squared": None}, TypeError, "`squared` must be True or False, got None."),
    ],
)
def test_wrong_lists_are_refused(changed, error, message):
    with pytest.raises(error) as caught:
        Neighbors.from_arrays(**GOOD | FALSE | changed)
    assert str(caught.value) == message


LARGEST = np.finfo(np.float32).max
# Three points and what is returned for more neighbours than there are, or among copies.
CONVENTIONS = {
    "faiss-cpu 1.15.1, IndexFlatL2.search: -1 and the largest float": (
        [[0, 1, 2, -1], [1, 0, 2, -1], [2, 1, 0, -1]],
        [[0, 1, 4, LARGEST], [0, 1, 1, LARGEST], [0, 1, 4, LARGEST]],
        "got -1 in row 0, column 3",
    ),
    "pynndescent 0.7.0, NNDescent.neighbor_graph: -1 and infinity": (
        [[0, 1, 2, -1], [1, 0, 2, -1], [2, 1, 0, -1]],
        [[0, 1, 2, np.inf], [0, 1, 1, np.inf], [0, 1, 2, np.inf]],
        "got -1 in row 0, column 3",
    ),
    "usearch 2.26.6, Index.search: the valid key 0 and NaN": (
        [[0, 1, 2, 0], [1, 0, 2, 0], [2, 1, 0, 0]],
        [[0, 1, 4, np.nan], [0, 1, 1, np.nan], [0, 1, 4, np.nan]],
        "got 0 more than once in row 0",
    ),
    "hnswlib 0.8.0, Index.knn_query: not itself among its copies": (
        [[0, 1], [0, 1], [0, 1]],
        np.zeros((3, 2)),
        "True, got 0 in row 2",
    ),
    "scanpy 1.11.5, pp.neighbors: itself among its copies": (
        [[1, 2], [1, 2], [0, 1]],
        np.zeros((3, 2)),
        "got 1 in row 1, column 0",
    ),
}


@pytest.mark.parametrize("source", CONVENTIONS)
def test_what_other_searches_pad_with_is_named(source):
    indices, distances, words = CONVENTIONS[source]
    alone = source.startswith("scanpy")
    with pytest.raises(ValueError, match=re.escape(words)):
        Neighbors.from_arrays(
            list("abc"), indices, distances, self_column=not alone, squared=False
        )


def test_usearch():
    """usearch 2.26.6, Index.search of a batch: padded with the valid key 0 and NaN."""
    usearch = pytest.importorskip("usearch.index")
    index = usearch.Index(ndim=3, metric="l2sq", dtype="f32")
    index.add(np.arange(N), X.astype(np.float32))
    options = {"self_column": True, "squared": True}
    batch = index.search(X.astype(np.float32), K + 1, exact=True)
    indices = batch.keys.astype(np.int64)
    same(Neighbors.from_arrays(IDS, indices, batch.distances, **options), ours())
    batch = index.search(X.astype(np.float32), N + 2, exact=True)
    assert (batch.keys[:, N:] == 0).all()
    with pytest.raises(ValueError, match="`indices` must hold each neighbour of a "):
        Neighbors.from_arrays(
            IDS, batch.keys.astype(np.int64), batch.distances, **options
        )


@pytest.mark.parametrize("itself", [True, False])
def test_similarities_are_not_taken_for_distances(itself):
    """faiss-cpu 1.15.1, IndexFlatIP.search of unit vectors: products, which fall.

    Ranked as distances the farthest of the list would be the nearest.
    """
    unit = X / np.linalg.norm(X, axis=1)[:, None]
    likeness = unit @ unit.T
    indices = np.argsort(-likeness, axis=1)[:, : K + 1]
    near = np.take_along_axis(likeness, indices, axis=1)
    lists = (indices, near) if itself else (indices[:, 1:], near[:, 1:])
    options = {"self_column": itself, "squared": False, "metric": "cosine"}
    message = (
        "`distances` must be least for the nearest, got similarities, it seems: all "
        f"lines fall, that of row 0 from {near[0, 1]:g} to {near[0, K]:g}; hand over "
        "distances (1 - cosine), or lines that rise."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Neighbors.from_arrays(IDS, *lists, **options)
    graph = Neighbors.from_arrays(IDS, lists[0], 1 - lists[1], **options)
    np.testing.assert_array_equal(graph.indices, indices[:, 1:])


def test_pynndescent_says_similarities_for_true_angular():
    """pynndescent 0.7.0, metric "true_angular": 1 - angle / pi, 0 for the point itself.

    findings/pynndescent_true_angular_falls.sh
    """
    pynndescent = pytest.importorskip("pynndescent")
    angles = np.radians(np.cumsum(np.arange(12)))  # below 90 degrees, no two gaps equal
    points = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    index = pynndescent.NNDescent(
        points, metric="true_angular", n_neighbors=4, random_state=0
    )
    with pytest.raises(ValueError, match="all lines fall, that of row 0 from 0"):
        Neighbors.from_arrays(
            None, *index.neighbor_graph, self_column=True, squared=False
        )


def test_lines_that_stand_in_any_order_are_distances():
    """One line that rises, or lines that say nothing, are no similarities."""
    lists = [[1, 2], [2, 0], [0, 1]], [[3.0, 1.0], [1.0, 2.0], [3.0, 2.0]]
    options = {"self_column": False, "squared": False}
    graph = Neighbors.from_arrays(None, *lists, **options)
    assert graph.indices.tolist() == [[2, 1], [2, 0], [1, 0]]
    equal = Neighbors.from_arrays(None, lists[0], np.ones((3, 2)), **options)
    assert equal.indices.tolist() == [[1, 2], [0, 2], [0, 1]]
    few = [[2.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    assert Neighbors.from_arrays(None, lists[0], few, **options).k == 2


@pytest.mark.parametrize("space", ["l2", "cosine", "ip"])
def test_hnswlib(space):
    """hnswlib 0.8.0, Index.knn_query: squares, 1 - cosine, 1 - product; uint64 labels.

    It is built from source: ``pip install hnswlib==0.8.0`` needs a C++ compiler.
    """
    hnswlib = pytest.importorskip("hnswlib")
    points = X.astype(np.float32)
    points = (
        points / np.linalg.norm(points, axis=1)[:, None] if space == "ip" else points
    )
    index = hnswlib.Index(space=space, dim=3)
    index.init_index(max_elements=N, ef_construction=200, random_seed=1)
    index.set_ef(N)
    index.add_items(points, np.arange(N))
    labels, far = index.knn_query(points, K + 1)
    assert labels.dtype == np.uint64
    metric = "euclidean" if space == "l2" else "cosine"
    embedding = Embedding.from_arrays(points, ids=IDS, labels=LABELS)
    expected = knn(embedding, K, metric=metric)
    options = {"self_column": True, "squared": space == "l2"}
    graph = Neighbors.from_embedding(embedding, labels, far, metric=metric, **options)
    same(graph, expected)
    assert graph.recall.value == 1
    if space == "l2":
        same(Neighbors.from_arrays(IDS, labels, far, **options), ours(points))
        with pytest.raises(ValueError, match="their squares: say `squared=True`"):
            Neighbors.from_embedding(embedding, labels, far, self_column=True)
    named = hnswlib.Index(space=space, dim=3)
    named.init_index(max_elements=N)
    named.set_ef(N)
    named.add_items(points, 1000 + np.arange(N))
    labels, far = named.knn_query(points, K + 1)
    with pytest.raises(ValueError, match=r"`indices` must .* got 1\d\d\d "):
        Neighbors.from_embedding(embedding, labels, far, metric=metric, **options)


def searched(metric="euclidean", k=5):
    """Return an embedding and lists of scikit-learn, the point itself first."""
    rng = np.random.default_rng(8)
    x = (rng.normal(size=(80, 3)) + 2).astype(np.float32)
    embedding = Embedding.from_arrays(x, ids=[f"p{i}" for i in range(80)])
    fitted = NearestNeighbors(n_neighbors=k + 1, metric=metric, algorithm="brute")
    distances, indices = fitted.fit(x).kneighbors(x)
    return embedding, x, indices, distances


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_lists_of_an_embedding_get_exact_distances_and_their_recall(metric):
    embedding, _, indices, distances = searched(metric)
    ours = knn(embedding, 5, metric=metric)
    options = {"self_column": True, "metric": metric}
    for said in (None, distances, np.float32(distances)):
        graph = Neighbors.from_embedding(embedding, indices, said, **options)
        assert graph.embedding is embedding
        np.testing.assert_array_equal(graph.indices, ours.indices)
        np.testing.assert_array_equal(graph.distances, ours.distances)
        assert (graph.recall.value, graph.recall.rows) == (1, 80)
    worse = np.hstack([indices[:, :1], indices[:, 2:]])
    graph = Neighbors.from_embedding(embedding, worse, **options)
    # The nearest is left out, of the 4 nearest 3 are there.
    assert graph.recall.value == 3 / 4
    assert graph.points().shape == (80, 3)


def test_lists_in_another_order_are_brought_into_that_of_the_embedding():
    embedding, x, _, _ = searched()
    order = np.random.default_rng(1).permutation(80)
    fitted = NearestNeighbors(n_neighbors=5).fit(x[order])
    distances, indices = fitted.kneighbors()
    graph = Neighbors.from_embedding(
        embedding, indices, distances, self_column=False, ids=embedding.ids[order]
    )
    ours = knn(embedding, 5)
    np.testing.assert_array_equal(graph.indices, ours.indices)
    np.testing.assert_array_equal(graph.distances, ours.distances)
    assert graph.ids.tolist() == embedding.ids.tolist()


@pytest.mark.parametrize(
    ("said", "squared", "metric", "words"),
    [
        (lambda x, d, i: d**2, False, "euclidean", "their squares: say `squared=True`"),
        (lambda x, d, i: d, True, "euclidean", "the distances: say `squared=False`"),
        (
            lambda x, d, i: np.einsum("id,ikd->ik", x, x[i]),
            False,
            "euclidean",
            "inner products: leave `distances` out",
        ),
        (
            lambda x, d, i: 1 - d,
            False,
            "cosine",
            "similarities: leave `distances` out",
        ),
    ],
)
def test_distances_of_another_convention_are_named(said, squared, metric, words):
    embedding, x, indices, distances = searched(metric)
    values = said(x, distances, indices)
    with pytest.raises(ValueError, match=re.escape(words)) as raised:
        Neighbors.from_embedding(
            embedding, indices, values, self_column=True, squared=squared, metric=metric
        )
    assert str(raised.value).startswith("`distances` must be the ")


def test_squares_that_were_said_to_be_squares_are_taken():
    embedding, _, indices, distances = searched()
    graph = Neighbors.from_embedding(
        embedding, indices, distances**2, self_column=True, squared=True
    )
    np.testing.assert_array_equal(graph.distances, knn(embedding, 5).distances)


def test_lists_of_other_data_are_refused():
    embedding, _, indices, distances = searched()
    other = Embedding.from_arrays(np.flip(embedding.z, axis=0) * 3, ids=embedding.ids)
    with pytest.raises(ValueError, match=r"got [\d.]+ between rows \d+ and \d+, which"):
        Neighbors.from_embedding(other, indices, distances, self_column=True)
    with pytest.raises(ValueError, match="`embedding` must have the same ids as `ids`"):
        Neighbors.from_embedding(
            embedding, indices, self_column=True, ids=[f"q{i}" for i in range(80)]
        )
    with pytest.raises(ValueError, match="`ids` must have as many rows as `indices`"):
        Neighbors.from_embedding(embedding, [[1], [0]], self_column=False)
    few = np.where(np.arange(6) < 4, indices, -1)
    with pytest.raises(ValueError, match="`indices` must be row numbers from 0 to 79"):
        Neighbors.from_embedding(embedding, few, self_column=True)
    with pytest.raises(ValueError, match="`metric` must be one of"):
        Neighbors.from_embedding(embedding, indices, self_column=True, metric="l1")


def test_rows_outside_the_graph_of_an_embedding():
    x = np.arange(6.0)[:, None]
    lacking = np.where(np.arange(6)[:, None] == 2, np.nan, x)
    embedding = Embedding.from_arrays(x, modalities={"image": lacking})
    lists = [[1], [0], [-1], [4], [3], [4]]
    graph = Neighbors.from_embedding(embedding, lists, self_column=False, space="image")
    apart = graph.distances.ravel()
    np.testing.assert_allclose(apart, [*apart[[0, 0]], np.inf, *apart[[0, 0, 0]]])
    assert graph.recall.rows == 5  # of those that have the space
    lists[2] = [3]
    with pytest.raises(ValueError, match="of rows that lack 'image', got 3 in row 2"):
        Neighbors.from_embedding(embedding, lists, self_column=False, space="image")
    lists[2], lists[3] = [-1], [2]
    with pytest.raises(ValueError, match="got 2 in row 3, whose own line is -1"):
        Neighbors.from_embedding(embedding, lists, self_column=False, space="image")
