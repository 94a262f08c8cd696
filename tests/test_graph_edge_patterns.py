"""Which modalities have an edge: the quick answer against the whole attribution."""

import numpy as np
import pytest

from refnet_viz.embedding import Embedding
from refnet_viz.graph import knn
from refnet_viz.graph.attribution import attribute
from refnet_viz.graph.edge_patterns import edge_patterns
from refnet_viz.graph.ground import Grounds
from refnet_viz.graph.patterns import pattern_name
from refnet_viz.graph.reweighting import Reweighting


def embedding(modalities, n=40, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 4))
    features = {
        f"m{i}": z[:, :2] + rng.normal(size=(n, 2)) * (0.3 + i)
        for i in range(modalities)
    }
    return Embedding.from_arrays(z, modalities=features)


def patterns(own, k=5):
    return edge_patterns(knn(own, k), Grounds(k, "euclidean"))


@pytest.mark.parametrize("modalities", [1, 2, 3])
def test_says_what_the_attribution_says(modalities):
    own = embedding(modalities)
    found, whole = patterns(own), attribute(knn(own, 5))
    names = [pattern_name(p, found.modalities) for p in found.pattern.tolist()]
    assert names == whole.pattern.tolist()
    np.testing.assert_array_equal(found.contradicted, whole.contradicted.any(axis=1))
    assert found.table.equals(whole.patterns)


def test_few_sets_have_their_places():
    groups = patterns(embedding(3)).groups(8)
    assert [group.patterns for group in groups] == [
        (0,), (1,), (2,), (4,), (3,), (5,), (6,), (7,),
    ]  # fmt: skip
    assert groups[0].name == "emergent"
    assert groups[-1].name == "all"
    assert sum(group.share for group in groups) == pytest.approx(1)
    assert sum(group.chance for group in groups) == pytest.approx(1)


def test_the_rarest_of_many_sets_are_one():
    found = patterns(embedding(4))
    groups = found.groups(8)
    assert len(groups) == 9
    assert groups[-1].name == "8 other sets"
    every = sorted(p for group in groups for p in group.patterns)
    assert every == list(range(16))
    assert groups[-1].share == pytest.approx(
        np.isin(found.pattern, groups[-1].patterns).mean()
    )
    largest = max(np.mean(found.pattern == p) for p in groups[-1].patterns)
    assert all(group.share >= largest for group in groups[1:-1])
    assert sum(group.chance for group in groups) == pytest.approx(1)


def test_a_subset_keeps_the_shares_of_the_whole():
    found = patterns(embedding(2))
    some = found.subset(np.array([3, 1]))
    assert some.pattern.tolist() == found.pattern[[3, 1]].tolist()
    assert some.contradicted.tolist() == found.contradicted[[3, 1]].tolist()
    assert some.groups(8) == found.groups(8)


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
