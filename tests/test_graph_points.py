"""What a graph says of each point, beside double loops and the registry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, knn
from refnet_viz.graph.points import (
    in_degree,
    purity_by_point,
    purity_chance_by_point,
    same_label,
)


def make(n, k, seed, *, several):
    rng = np.random.default_rng(seed)
    labels = (
        (rng.random((n, 3)) < 0.4).astype(int) if several else rng.integers(3, size=n)
    )
    return knn(Embedding.from_arrays(rng.normal(size=(n, 2)), labels=labels), k)


def share(labels, i, j):
    if labels.ndim == 1:
        return labels[i] == labels[j]
    return any(a and b for a, b in zip(labels[i], labels[j], strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 14), st.integers(0, 99), st.booleans())
def test_against_double_loops(n, seed, several):
    k = 1 + seed % (n - 1)
    graph = make(n, k, seed, several=several)
    labels = graph.labels
    for i in range(n):
        same = [share(labels, i, j) for j in graph.indices[i]]
        assert same_label(graph)[i].tolist() == same
        assert purity_by_point(graph)[i] == pytest.approx(sum(same) / k)
        others = [share(labels, i, j) for j in range(n) if j != i]
        assert purity_chance_by_point(graph)[i] == pytest.approx(sum(others) / (n - 1))
        assert in_degree(graph)[i] == sum(i in row for row in graph.indices)


@pytest.mark.parametrize("several", [False, True])
def test_means_are_those_of_the_registry(several):
    graph = make(40, 7, 3, several=several)
    purity = METRICS["purity"]
    assert purity_by_point(graph).mean() == pytest.approx(purity.function(graph))
    assert purity_chance_by_point(graph).mean() == pytest.approx(purity.chance(graph))
    assert in_degree(graph).mean() == 7


def test_labels_are_needed():
    graph = knn(np.eye(4), k=1)
    with pytest.raises(ValueError, match="labels") as error:
        purity_by_point(graph)
    assert str(error.value) == (
        "`neighbors` must have labels for this metric, got none."
    )
