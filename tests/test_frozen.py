"""Values do not change: their arrays refuse to be written into."""

from dataclasses import replace

import numpy as np
import pytest

from refnet_viz.embedding import DIGESTED, Embedding
from refnet_viz.graph import Neighbors, knn


@pytest.fixture
def own():
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    made = Embedding.from_arrays(x, modalities={"a": x}, labels=np.arange(8) % 2)
    return replace(
        made, targets={"a": x}, decoded={"a": x + 1}, predictions=made.labels
    )


def arrays_of(embedding):
    for name in DIGESTED:
        value = getattr(embedding, name)
        parts = value.values() if isinstance(value, dict) else [value]
        yield from (part for part in parts if isinstance(part, np.ndarray))


def test_arrays_of_an_embedding_are_read_only(own):
    digest = own.digest
    arrays = list(arrays_of(own))
    assert len(arrays) == 9
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]
    with pytest.raises(ValueError, match="read-only"):
        own.z[0, 0] = 1
    assert replace(own).digest == digest


def test_arrays_that_were_handed_over_stay_writable(own):
    z = np.ones((8, 2), np.float32)
    other = replace(own, z=z)
    assert other.z.base is z  # nothing is copied
    z[0, 0] = 2
    assert z.flags.writeable
    assert not other.z.flags.writeable


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.subset([1, 2]),
        lambda e: e.reordered(e.ids[::-1]),
        replace,
    ],
)
def test_what_is_made_of_an_embedding_is_read_only(own, change):
    assert not any(array.flags.writeable for array in arrays_of(change(own)))


def test_coordinates_are_copies(own):
    for space in own.spaces:
        for centred in (True, False):
            points = own.space(space, centred=centred)
            points[0] = 9.0
    assert not (own.z == 9).any()


def test_neighbour_lists_are_read_only(own):
    graph = knn(own, 3)
    taken = Neighbors.from_arrays(
        own.ids, graph.indices, graph.distances, self_column=False, squared=False
    )
    for made in (graph, taken, graph.head(2), graph.reordered(own.ids[::-1])):
        for array in (made.indices, made.distances):
            with pytest.raises(ValueError, match="read-only"):
                array[0, 0] = 1
