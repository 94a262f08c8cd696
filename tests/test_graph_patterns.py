"""Sets of modalities that have edges: names, groups, and no more than occur."""

from collections import Counter

import numpy as np
import pytest

from refnet_viz.embedding import Embedding
from refnet_viz.graph import knn
from refnet_viz.graph.attribution import BEYOND, Attribution, attribute
from refnet_viz.graph.ground import Grounds
from refnet_viz.graph.patterns import pattern_name, patterns_of
from refnet_viz.graph.reweighting import Reweighting


def embedding(modalities, n=40, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 4))
    features = {
        f"m{i}": z[:, :2] + rng.normal(size=(n, 2)) * (0.3 + i)
        for i in range(modalities)
    }
    return Embedding.from_arrays(z, modalities=features)


def attribution(modalities, k=5):
    return attribute(knn(embedding(modalities), k))


@pytest.mark.parametrize("modalities", [1, 2, 5, 40, 70])
def test_sets_are_those_that_occur(modalities):
    graph, grounds = knn(embedding(modalities), 5), Grounds(5, "euclidean")
    names = list(graph.embedding.inputs)
    having = {}  # pair to the modalities whose graphs have it
    for name in names:
        source, target, _ = grounds.of(graph.embedding, name).edges()
        for pair in zip(source.tolist(), target.tolist(), strict=True):
            having.setdefault(pair, set()).add(name)
    source, target, _ = graph.edges()
    edges = list(zip(source.tolist(), target.tolist(), strict=True))
    degree = graph.degree
    total = (degree.sum() ** 2 - (degree**2).sum()) / 2
    chance = dict.fromkeys(map(frozenset, [(), *having.values()]), 0.0)
    for (a, b), modalities_of in having.items():
        chance[frozenset(modalities_of)] += degree[a] * degree[b] / total
    chance[frozenset()] = 1 - sum(chance.values())
    counts = Counter(frozenset(having.get(pair, ())) for pair in edges)

    patterns = patterns_of(graph, grounds)
    sets = [frozenset(np.compress(row, names).tolist()) for row in patterns.members]
    assert len(sets) == len(set(sets))
    found = dict(zip(sets, patterns.table["chance"], strict=True))
    assert found == pytest.approx(chance)
    assert dict(zip(sets, patterns.table["edges"], strict=True)) == {
        modalities_of: counts[modalities_of] for modalities_of in chance
    }
    assert [sets[row] for row in patterns.place] == [
        frozenset(having.get(pair, ())) for pair in edges
    ]
    sizes = list(map(len, sets))
    assert sizes == sorted(sizes, reverse=True)
    rows = zip(patterns.members.tolist(), patterns.table["pattern"], strict=True)
    assert all(word == pattern_name(row, names) for row, word in rows)


def test_forty_modalities_have_no_more_sets_than_edges():
    found = attribution(40)
    assert len(set(found.pattern)) <= len(found)
    edges = sum(
        len(knn(found.graph.embedding, 5, space=name).edges().source)
        for name in found.modalities
    )
    assert len(found.patterns) <= len(found) + edges + 1
    drawn = found.groups(8)
    assert len(drawn.groups) == 9
    assert drawn.number.shape == drawn.contradicted.shape == (len(found),)


def test_few_sets_have_their_places():
    found = attribution(3)
    edges = found.groups(8)
    singles = ["only m0", "only m1", "only m2"]
    pairs = ["m0 + m1", "m0 + m2", "m1 + m2"]
    names = [group.name for group in edges.groups]
    assert names == ["emergent", *singles, *pairs, "all"]
    assert sum(group.share for group in edges.groups) == pytest.approx(1)
    assert sum(group.chance for group in edges.groups) == pytest.approx(1)
    assert np.array(names)[edges.number].tolist() == found.pattern.tolist()
    np.testing.assert_array_equal(edges.contradicted, found.contradicted.any(axis=1))


def test_the_rarest_of_many_sets_are_one():
    found = attribution(4)
    edges = found.groups(8)
    assert len(edges.groups) == 9
    assert edges.groups[-1].name == f"{len(found.patterns) - 8} other sets"
    for number, group in enumerate(edges.groups):
        assert group.share == pytest.approx(np.mean(edges.number == number))
    kept = [group.name for group in edges.groups[:-1]]
    rest = found.patterns[~found.patterns["pattern"].isin(kept)]
    least = min(group.share for group in edges.groups[1:-1])
    assert rest["share"].max() <= least
    assert sum(group.chance for group in edges.groups) == pytest.approx(1)


def test_few_sets_of_many_modalities_are_not_pooled():
    x = np.arange(12.0)[:, None]
    own = Embedding.from_arrays(x, modalities=dict.fromkeys("abcdef", x))
    edges = attribute(knn(own, 2)).groups(8)
    assert [group.name for group in edges.groups] == ["emergent", "all"]
    assert set(edges.number) == {1}


def test_a_subset_keeps_the_shares_of_the_whole():
    edges = attribution(2).groups(8)
    some = edges.subset(np.array([3, 1]))
    assert some.number.tolist() == edges.number[[3, 1]].tolist()
    assert some.contradicted.tolist() == edges.contradicted[[3, 1]].tolist()
    assert some.groups == edges.groups


def test_closeness_is_read_off_more_neighbours(monkeypatch):
    graph, grounds = knn(embedding(2), 9), Grounds(9, "euclidean")
    wider = Attribution(graph, None, BEYOND, grounds)
    expected = attribute(graph.head(4)).close
    assert wider.close.shape == (len(wider), 2)
    monkeypatch.setattr("refnet_viz.graph.attribution.closeness", None)
    found = Attribution(graph.head(4), None, BEYOND, grounds.head(4), wider)
    np.testing.assert_array_equal(found.close, expected)


def test_patterns_cost_no_certificates(monkeypatch):
    x = np.random.default_rng(0).normal(size=(20, 2))
    own = Embedding.from_arrays(x, modalities={"a": x})
    own = Embedding(**{**vars(own), "targets": own.inputs, "decoded": own.inputs})
    monkeypatch.setattr("refnet_viz.graph.attribution.prove", None)
    found = attribute(knn(own, 3))
    assert found.patterns["edges"].sum() == len(found)
    assert found.groups(8).groups
    with pytest.raises(TypeError):
        _ = found.proofs


def test_grounds_of_a_smaller_k_are_slices(monkeypatch):
    own = embedding(2)
    whole = Grounds(9, "euclidean")
    for name in own.inputs:
        whole.of(own, name)
    head, fresh = whole.head(4), Grounds(4, "euclidean")
    expected = [fresh.of(own, name).indices for name in own.inputs]
    monkeypatch.setattr("refnet_viz.graph.ground.knn", None)  # nothing is searched
    for name, indices in zip(own.inputs, expected, strict=True):
        np.testing.assert_array_equal(head.of(own, name).indices, indices)


def test_a_modality_of_few_rows_is_searched_for_a_smaller_k():
    own = embedding(2)
    present = own.present.copy()
    present[6:, 0] = False  # six rows have it: too few for 9 neighbours, not for 4
    own = Embedding(**{**vars(own), "present": present})
    whole = Grounds(9, "euclidean")
    assert whole.of(own, "m0") is None
    found = whole.head(4).of(own, "m0")
    assert np.flatnonzero(found.present).tolist() == list(range(6))


def test_factors_of_the_default_weights():
    own = embedding(2)
    both = Reweighting.of(own, "sum")
    assert both.scaled({"m0": 1, "m1": 0.5}) == {"m0": 0.5, "m1": 0.25}
    even = both.knn(5, both.scaled({"m0": 1, "m1": 1}))
    np.testing.assert_array_equal(even.indices, knn(own, 5, space="sum").indices)
