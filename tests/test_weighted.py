"""Weighted nearest neighbours, against the definition written down pair by pair."""

from dataclasses import replace

import numpy as np
import pytest

from refnet_viz import Embedding
from refnet_viz.graph import Neighbors, compare, knn, weighted_neighbors


def pair(n=60, seed=0, **changes) -> Embedding:
    rng = np.random.default_rng(seed)
    modalities = {
        "a": rng.normal(size=(n, 4)),
        "b": rng.normal(size=(n, 3)),
        "c": rng.normal(size=(n, 5)),
    }
    modalities.update(changes)
    labels = np.arange(n) % 3
    return Embedding.from_arrays(
        np.hstack(list(modalities.values())), modalities=modalities, labels=labels
    )


def slow(own: Embedding, k: int, near: int, candidates: int):
    """Return lists, distances and weights, each pair by itself."""
    spaces = [x.astype(float) for x in own.inputs.values()]
    spaces = [x / np.linalg.norm(x, axis=1)[:, None] for x in spaces]
    n, count = len(own), len(spaces)
    gaps = [np.array([[np.linalg.norm(p - q) for q in x] for p in x]) for x in spaces]
    order = []
    for gap in gaps:
        lines = [
            sorted(set(range(n)) - {i}, key=lambda j: (gap[i, j], j)) for i in range(n)
        ]
        order.append(lines)

    def width(m, i):
        lists = [set(line[:near]) for line in order[m]]
        index = {
            j: len(lists[i] & lists[j]) / len(lists[i] | lists[j])
            for j in range(n)
            if j != i and lists[i] & lists[j]
        }
        least = sorted(index, key=lambda j: (index[j], -gaps[m][i, j], j))[:near]
        return np.mean([gaps[m][i, j] for j in least]) - gaps[m][i, order[m][i][0]]

    widths = [[width(m, i) for i in range(n)] for m in range(count)]

    def theta(m, i, distance):
        first = gaps[m][i, order[m][i][0]]
        return np.exp(-max(distance - first, 0) / widths[m][i])

    weights = np.zeros((n, count))
    for i in range(n):
        for m in range(count):
            values = []
            for other in range(count):
                guess = np.mean([spaces[m][j] for j in order[other][i][:near]], axis=0)
                values.append(theta(m, i, np.linalg.norm(spaces[m][i] - guess)))
            across = max(value for other, value in enumerate(values) if other != m)
            weights[i, m] = np.exp(values[m] / (across + 1e-4))
    weights /= weights.sum(axis=1, keepdims=True)
    lists, lengths = [], []
    for i in range(n):
        among = sorted(set().union(*(lines[i][:candidates] for lines in order)))
        total = {
            j: sum(weights[i, m] * theta(m, i, gaps[m][i, j]) for m in range(count))
            for j in among
        }
        best = sorted(among, key=lambda j: (-total[j], j))[:k]
        lists.append(best)
        lengths.append([np.sqrt(max(1 - total[j], 0) / 2) for j in best])
    return np.array(lists), np.array(lengths), weights


def test_lists_weights_and_distances_are_those_of_the_definition():
    own = pair(30)
    graph = weighted_neighbors(own, 4, near=6, candidates=9)
    lists, lengths, weights = slow(own, 4, 6, 9)
    assert graph.embedding.diagnostics["weight"] == pytest.approx(weights, abs=1e-6)
    assert graph.indices.tolist() == lists.tolist()
    assert graph.distances == pytest.approx(lengths, abs=1e-7)


def test_a_modality_of_noise_weighs_less_than_one_with_clusters():
    rng = np.random.default_rng(1)
    n = 300
    centre = 6 * np.eye(6)[np.arange(n) % 3]
    own = pair(
        n,
        a=centre + rng.normal(size=(n, 6)),
        b=centre[:, ::-1] + rng.normal(size=(n, 6)),
        c=rng.normal(size=(n, 6)),
    )
    weights = weighted_neighbors(own).embedding.diagnostics["weight"]
    assert weights.sum(axis=1) == pytest.approx(1, abs=1e-5)
    graph = weighted_neighbors(own)
    purity = (own.labels[graph.indices] == own.labels[:, None]).mean()
    alone = knn(own, 15, space="c")
    assert (own.labels[alone.indices] == own.labels[:, None]).mean() < 0.4
    assert purity > 0.95


def test_rows_that_lack_a_modality_are_not_in_the_graph():
    own = pair(50)
    present = np.ones((50, 3), dtype=bool)
    present[7, 1] = False
    lacking = replace(own, present=present)
    graph = weighted_neighbors(lacking, 3)
    assert graph.present.tolist() == present.all(axis=1).tolist()
    assert not (graph.indices == 7).any()
    assert np.isnan(graph.embedding.diagnostics["weight"][7]).all()
    rest = weighted_neighbors(own.subset(present.all(axis=1)), 3)
    kept = np.flatnonzero(present.all(axis=1))
    assert graph.indices[kept].tolist() == kept[rest.indices].tolist()


def test_duplicates_have_a_graph_all_the_same():
    own = pair(30, a=np.ones((30, 2)), b=np.repeat(np.eye(3), 10, axis=0))
    graph = weighted_neighbors(own, 4)
    assert np.isfinite(graph.distances).all()
    assert np.isfinite(graph.embedding.diagnostics["weight"]).all()


def test_it_is_a_rail_of_a_comparison_and_answers_in_the_shape_it_was_asked_in():
    own = pair(60)
    graphs = {"plain": [knn(own, 5)]}
    rail = weighted_neighbors(own, 5)
    assert isinstance(rail, Neighbors)
    table = compare(graphs, rails={"weighted": rail}, permutations=20)
    rows = table[table["variant"] == "weighted"].set_index("metric")
    assert (rows["kind"] == "rail").all()
    shares = (own.labels[rail.indices] == own.labels[:, None]).mean()
    assert rows["mean"]["purity"] == pytest.approx(shares)
    assert {"purity", "overlap with a", "overlap with sum"} <= set(rows.index)
    assert "accuracy" not in rows.index
    nested = weighted_neighbors({"plain": [own, own]}, 5)
    assert nested["plain"][1].indices.tolist() == rail.indices.tolist()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"k": 0}, "`k` must be between 1 and 59"),
        ({"near": 0}, "`near` must be a whole number of at least 1, got 0."),
        ({"k": 9, "candidates": 5}, "`candidates` must be at least k = 9, got 5."),
    ],
)
def test_odd_values_are_refused_in_a_sentence(changes, sentence):
    with pytest.raises(ValueError, match="must") as caught:
        weighted_neighbors(pair(), **changes)
    assert str(caught.value).startswith(sentence)


def test_a_single_modality_is_refused():
    x = np.eye(4)
    with pytest.raises(ValueError, match="at least 2 modalities"):
        weighted_neighbors(Embedding.from_arrays(x, modalities={"a": x}))


def test_it_is_a_rail_beside_graphs_that_know_longer_lists():
    own = pair(150)
    rng = np.random.default_rng(2)
    noisy = [
        replace(own, z=own.z + rng.normal(size=own.z.shape).astype(np.float32))
        for _ in range(3)
    ]
    graphs = [knn(replace(each, info={"seed": n}), 5) for n, each in enumerate(noisy)]
    rails = {"weighted": weighted_neighbors(own, 5)}
    table = compare({"plain": graphs}, rails=rails, permutations=20)
    row = table[(table.metric == "purity") & (table.variant == "weighted")].iloc[0]
    assert np.isfinite([row["difference"], row["diff_low"], row["diff_high"]]).all()
    assert row["diff_low"] < row["difference"] < row["diff_high"]
