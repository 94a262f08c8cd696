"""Missing and noisy data: what changes, what must not, and by how much."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet_viz.data import Dataset, Modality, missing, noisy, permuted, without

SEEDS = st.integers(0, 2**32)


def pairs(rows=6, present=None):
    arrays = {"a": np.arange(2.0 * rows).reshape(rows, 2), "b": np.ones((rows, 1))}
    return Dataset.from_arrays(arrays, present=present, split=["test"] * rows)


def spread(data, level, name, **options):
    """Return the difference that noise makes to a modality."""
    after = noisy(data, level, modality=name, **options).modalities[name].values
    return after.astype(float) - data.modalities[name].values


def test_without_marks_and_keeps_everything_else():
    data = pairs()
    left = without(data, ["a"])
    assert left.present.tolist() == [[False, True]] * 6
    assert left.modalities is data.modalities
    assert data.present.all()
    assert without(data, "b").present[:, 1].sum() == 0
    assert without(data, []).fingerprint == data.fingerprint


def test_a_row_must_keep_something():
    data = pairs(2, present=[[True, True], [True, False]])
    with pytest.raises(ValueError, match="row") as caught:
        without(data, "a")
    assert str(caught.value) == (
        "`names` must leave each row at least one modality, got none in row 1."
    )
    with pytest.raises(ValueError, match="one of") as caught:
        without(data, "c")
    assert str(caught.value) == "`names` must be one of 'a', 'b', got 'c'."


@pytest.mark.parametrize("kind", ["vector", "picture", "sequence", "tokens"])
def test_nothing_changes_at_level_and_rate_zero(make_mixed, kind):
    data = make_mixed(missing=True)
    assert noisy(data, 0).fingerprint == data.fingerprint
    assert missing(data, 0).fingerprint == data.fingerprint
    changed = noisy(data, 0.7, modality=kind)
    assert data.fingerprint == make_mixed(missing=True).fingerprint
    for name, value in data.modalities.items():
        same = np.array_equal(value.values, changed.modalities[name].values)
        assert same == (name != kind)
        assert changed.modalities[name].values.dtype == value.values.dtype


def test_seeds_decide_and_modalities_do_not_meddle(make_mixed):
    data = make_mixed()
    assert noisy(data, 1, seed=3).fingerprint == noisy(data, 1, seed=3).fingerprint
    assert noisy(data, 1, seed=3).fingerprint != noisy(data, 1, seed=4).fingerprint
    assert missing(data, 0.5).fingerprint == missing(data, 0.5).fingerprint
    assert missing(data, 0.5).fingerprint != missing(data, 0.5, seed=1).fingerprint
    every, one = noisy(data, 1), noisy(data, 1, modality="sequence")
    a, b = (d.modalities["sequence"].values for d in (every, one))
    assert np.array_equal(a, b)


@given(rate=st.floats(0, 1), seed=SEEDS)
def test_rows_keep_one_modality_and_gain_none(rate, seed):
    there = np.array([[True, True], [True, False], [False, True]] * 4)
    data = pairs(12, present=there)
    found = missing(data, rate, seed=seed).present
    assert found.any(axis=1).all()
    assert not (found & ~there).any()
    more = missing(data, (1 + rate) / 2, seed=seed).present
    assert not (more & ~found).any()
    only = missing(data, rate, modality="a", seed=seed).present
    assert (only[:, 1] == there[:, 1]).all()
    assert only[1::3, 0].all()


def test_as_many_are_missing_as_the_rate_says():
    data = pairs(4000)
    # Both entries of a row go with probability r^2; one of them is then kept.
    assert missing(data, 0.3).present.mean() == pytest.approx(0.7 + 0.045, abs=0.015)
    alone = missing(data, 0.3, modality="b").present
    assert alone.mean(axis=0) == pytest.approx([1, 0.7], abs=0.025)
    full = missing(data, 1).present
    assert (full.sum(axis=1) == 1).all()
    assert full.mean() == pytest.approx(0.5, abs=0.001)
    assert full[:, 0].mean() == pytest.approx(0.5, abs=0.03)


def test_noise_on_vectors_is_in_standard_deviations_of_training_rows():
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(size=(2000, 2)), 50 * rng.normal(size=(2000, 2))])
    values[:, 1] *= 10
    split = ["train"] * 2000 + ["test"] * 2000
    data = Dataset.from_arrays({"a": values}, split=split)
    assert spread(data, 0.5, "a").std(axis=0) == pytest.approx([0.5, 5], rel=0.05)
    assert spread(data.test, 0.5, "a").std(axis=0) == pytest.approx([25, 250], rel=0.05)
    twice = 2 * spread(data, 0.5, "a")
    assert spread(data, 1, "a") == pytest.approx(twice, abs=1e-3)


def test_absent_rows_do_not_scale_the_noise():
    values = np.array([[0.0], [2.0], [0.0], [2.0], [1e9]])
    present = np.ones((5, 2), dtype=bool)
    present[4, 0] = False
    data = Dataset.from_arrays(
        {"a": values, "b": values}, present=present, split=["train"] * 5
    )
    assert np.abs(spread(data, 1, "a")[:4]).max() < 10
    assert np.abs(spread(data, 1, "b")[:4]).max() > 1e6


def test_noise_on_sequences_stays_at_real_positions(make_mixed):
    data = make_mixed(rows=60)
    mask = data.modalities["sequence"].mask
    moved = spread(data, 1, "sequence") != 0
    assert np.array_equal(moved.any(axis=2), mask)
    # Padding does not count: a value there changes no noise.
    value = data.modalities["sequence"]
    wild = np.where(mask[..., None], value.values, 1e6).astype(np.float32)
    arrays = {**data.modalities, "sequence": Modality(wild, "sequence", mask)}
    other = Dataset.from_arrays(arrays, labels=data.labels, split=data.split)
    assert np.array_equal(spread(data, 1, "sequence"), spread(other, 1, "sequence"))


def test_noise_on_pictures_is_a_quarter_of_the_range():
    grey = np.full((4, 30, 30, 3), 128, dtype=np.uint8)
    data = Dataset.from_arrays({"a": grey}, split=["test"] * 4)
    assert spread(data, 0.5, "a").std() == pytest.approx(32, rel=0.03)
    assert abs(spread(data, 0.5, "a").mean()) < 1
    wild = noisy(data, 10).modalities["a"].values
    assert wild.dtype == np.uint8
    # Clipped, not wrapped: most of the noise is beyond black or white.
    assert np.isin(wild, [0, 255]).mean() > 0.8


@given(level=st.floats(0, 3), seed=SEEDS)
def test_tokens_are_deleted_but_for_one(level, seed):
    real = np.arange(6) < np.array([[6], [1], [3], [0]])
    ids = np.arange(1, 25).reshape(4, 6)
    data = Dataset.from_arrays({"a": (ids, real)}, split=["test"] * 4)
    after = noisy(data, level, seed=seed).modalities["a"]
    assert not (after.mask & ~real).any()
    assert after.mask.any(axis=1).tolist() == [True, True, True, False]
    assert np.array_equal(after.values, np.where(after.mask, ids, 0))
    if level >= 1:
        assert after.mask.sum(axis=1).tolist() == [1, 1, 1, 0]


def test_as_many_tokens_go_as_the_level_says():
    full = np.ones((300, 40), dtype=int)
    data = Dataset.from_arrays({"a": (full, full > 0)}, split=["test"] * 300)
    left = noisy(data, 0.3).modalities["a"].mask.mean()
    assert left == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda d: missing(d, 1.5),
            "`rate` must be a finite number between 0 and 1, got 1.5.",
        ),
        (
            lambda d: noisy(d, -1),
            "`level` must be a finite number of at least 0, got -1.",
        ),
        (
            lambda d: noisy(d, 1, modality="c"),
            "`modality` must be one of 'a', 'b', got 'c'.",
        ),
        (
            lambda d: missing(d, 1, modality="c"),
            "`modality` must be one of 'a', 'b', got 'c'.",
        ),
        (lambda d: permuted(d, "c"), "`name` must be one of 'a', 'b', got 'c'."),
        (
            lambda d: permuted(d, "a", seed=-1),
            "`seed` must be a whole number of at least 0, got -1.",
        ),
        (
            lambda d: noisy(d, 1, seed=-1),
            "`seed` must be a whole number of at least 0, got -1.",
        ),
    ],
)
def test_errors_are_sentences(call, sentence):
    with pytest.raises(ValueError, match="must be") as caught:
        call(pairs())
    assert str(caught.value) == sentence


@given(seed=SEEDS, lacking=st.sets(st.integers(0, 7), max_size=6))
def test_rows_that_have_a_modality_get_that_of_another_row(seed, lacking):
    there = np.ones((8, 2), dtype=bool)
    there[list(lacking), 0] = False
    data = dataclasses.replace(pairs(8), present=there)
    moved = permuted(data, "a", seed=seed)
    values = data.modalities["a"].values
    source = [int(row[0] / 2) for row in moved.modalities["a"].values]
    having = np.flatnonzero(there[:, 0])
    assert sorted(source) == list(range(8))
    assert [row for row in range(8) if source[row] == row] == sorted(lacking)
    assert {source[row] for row in having} == {*having.tolist()}
    assert (moved.modalities["a"].values == values[source]).all()
    assert moved.modalities["b"] is data.modalities["b"]
    assert moved.present is data.present
    assert (data.modalities["a"].values == pairs(8).modalities["a"].values).all()


def test_two_rows_exchange_their_contents():
    moved = permuted(pairs(2), "a", seed=5).modalities["a"].values
    assert moved.tolist() == [[2, 3], [0, 1]]


def test_noise_is_no_repetition_of_data_drawn_with_the_same_seed():
    drawn = np.random.default_rng(0).normal(size=(200, 3))
    data = Dataset.from_arrays({"a": drawn})
    noise = (
        noisy(data, 1.0, seed=0).modalities["a"].values - data.modalities["a"].values
    )
    assert abs(np.corrcoef(noise.ravel(), drawn.ravel())[0, 1]) < 0.2
