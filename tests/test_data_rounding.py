"""Numbers that 32 bits do not tell apart are centred first, or refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refnet_viz as rv
from refnet_viz.data import Dataset
from refnet_viz.data.rounding import centred, rounded_column
from refnet_viz.embedding import Embedding

X = np.random.default_rng(0).normal(size=(60, 4))


def neighbours(z):
    return np.sort(rv.knn(z, k=5).indices).tolist()


@pytest.mark.parametrize("offset", [1e6, 1e8, -1e9, [0, 0, 1e8, 0]])
def test_vectors_far_from_zero_keep_their_neighbours(offset):
    far = X + offset
    with pytest.warns(UserWarning, match="32 bits lose the differences") as caught:
        e = Embedding.from_arrays(far)
    assert len(caught) == 1
    assert neighbours(e) == neighbours(Embedding.from_arrays(far - far.mean(axis=0)))
    assert caught[0].filename.endswith("test_data_rounding.py")


@pytest.mark.parametrize("offset", [0, 3, 1e3])
def test_vectors_near_zero_stay_as_they_are(offset):
    far = X + offset
    assert np.array_equal(Embedding.from_arrays(far).z, far.astype(np.float32))


def test_single_precision_is_never_touched():
    far = (X + 1e8).astype(np.float32)
    assert np.array_equal(Embedding.from_arrays(far).z, far)
    assert Dataset.from_arrays({"a": far}).shape == (60, 1)


def test_features_far_from_zero_are_one_sentence():
    far = X.copy()
    far[:, 2] = 1_700_000_000 + np.arange(60)
    with pytest.raises(ValueError, match="`times`") as caught:
        Dataset.from_arrays({"times": far})
    assert str(caught.value) == (
        "`times` must hold numbers whose differences fit 32 bits, got 1700000000 to "
        "1700000059 in column 2; subtract an origin that all data share."
    )


@pytest.mark.parametrize("kind", ["vector", "sequence", "masked", "absent", "whole"])
def test_every_kind_of_features_is_looked_at(kind):
    far = X + 1e8
    if kind == "whole":
        far = 2**60 + np.arange(60)[:, None]
    if kind in ("sequence", "masked"):
        far = far.reshape(60, 2, 2)
    if kind == "masked":
        mask = np.ones((60, 2), dtype=bool)
        mask[:, 1] = np.arange(60) % 2 == 0
        far = (np.where(mask[:, :, None], far, 0), mask)
    if kind == "absent":
        far[::2] = np.nan
    with pytest.raises(ValueError, match="`a` must hold numbers whose differences"):
        Dataset.from_arrays({"a": far, "b": X})


def test_constants_and_features_of_an_embedding_lose_nothing():
    assert Dataset.from_arrays({"a": np.full((9, 2), 1e9 + 0.1)}).shape == (9, 1)
    near = Embedding.from_arrays(X, modalities={"a": X}).inputs["a"]
    far = Embedding.from_arrays(X, modalities={"a": X + 1e7}).inputs["a"]
    assert np.allclose(near, far, atol=1e-6)


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.integers(-4, 4), min_size=2, max_size=12),
    st.sampled_from([np.float64, np.int64, np.int32]),
)
def test_what_is_taken_is_told_apart(origin, steps, dtype):
    """Whole numbers that are not refused stay different in 32 bits."""
    values = (origin + np.array(steps))[:, None].astype(dtype)
    if rounded_column(values) is None:
        single = values.astype(np.float32)
        assert len(np.unique(single)) == len(np.unique(values))
    exact = np.array(steps) - np.mean(steps)
    assert np.allclose(centred(values).ravel(), exact, atol=1e-6)


@pytest.mark.parametrize("offset", [0, 1e3, 1e9])
def test_features_on_disk_are_looked_at_in_blocks(offset, tmp_path, monkeypatch):
    values = offset + np.random.default_rng(0).normal(size=(40, 3)).cumsum(axis=0)
    np.save(tmp_path / "x.npy", values)
    monkeypatch.setattr("refnet_viz.data.stored.AT_ONCE", 5 * 24)
    rows = rv.data.on_disk(tmp_path / "x.npy")
    assert sum(1 for _ in rows.blocks()) > 2

    def disk():
        return rv.data.Dataset.from_arrays({"a": rows})

    if offset < 1e9:
        assert disk().shape == (40, 1)
        return
    with pytest.raises(ValueError, match="must hold numbers whose") as told:
        disk()
    with pytest.raises(ValueError, match="must hold numbers whose") as expected:
        rv.data.Dataset.from_arrays({"a": values})
    assert str(told.value) == str(expected.value)


def test_what_an_encoder_loses_is_said():
    def far(texts):
        return np.array([[1e9 + len(text)] for text in texts])

    with pytest.warns(UserWarning, match="32 bits lose their differences in column 0"):
        rv.data.encode(["a", "bc"], far, kind="words", progress=False)
