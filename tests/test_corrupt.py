"""Data made worse on purpose: how much, where, and nothing else."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet_viz.config import Config
from refnet_viz.data import Dataset, missing, noisy, without
from refnet_viz.data.dataset import Modality
from refnet_viz.model import ReFNet, Schema

KINDS = ("vector", "picture", "sequence", "tokens")


@pytest.fixture
def data(make_mixed):
    """Return one modality of every kind; every fifth row lacks one of them."""
    return make_mixed(rows=200, missing=True)


def refused(sentence, function, *args, **options):
    with pytest.raises(ValueError, match="`") as caught:
        function(*args, **options)
    assert str(caught.value) == sentence


def values(data):
    return {name: modality.values for name, modality in data.modalities.items()}


def same(a, b):
    return all(np.array_equal(a.modalities[n].values, b.modalities[n].values)
               for n in a.modalities)  # fmt: skip


def test_what_is_removed_is_absent_in_every_row():
    data = Dataset.from_arrays({"a": np.eye(3), "b": np.eye(3), "c": np.eye(3)})
    assert without(data, "b").present.tolist() == [[True, False, True]] * 3
    assert without(data, ["a", "c"]).present.tolist() == [[False, True, False]] * 3
    assert without(data, []).present.all()
    assert same(without(data, "b"), data)
    assert data.present.all()


def test_a_row_keeps_something():
    present = [[True, True], [False, True], [True, True]]
    data = Dataset.from_arrays({"a": np.eye(3), "b": np.eye(3)}, present=present)
    assert without(data, "a").present.tolist() == [[False, True]] * 3
    refused(
        "`names` must leave each row at least one modality, got none in row 1.",
        without, data, "b",
    )  # fmt: skip
    refused("`names` must be one of 'a', 'b', got 'c'.", without, data, ["c"])


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 9))
def test_rates_are_nested_and_spare_one_modality(one, other, seed):
    rng = np.random.default_rng(seed)
    present = rng.random((30, 3)) < 0.6
    present[np.arange(30), np.arange(30) % 3] = True
    arrays = {name: rng.normal(size=(30, 2)) for name in "abc"}
    data = Dataset.from_arrays(arrays, present=present)
    low, high = (missing(data, rate, seed=seed) for rate in sorted((one, other)))
    assert (high.present <= low.present).all()
    assert (low.present <= data.present).all()
    assert high.present.any(axis=1).all()
    only = missing(data, high.present.mean(), modality="b", seed=seed)
    assert (only.present[:, [0, 2]] == data.present[:, [0, 2]]).all()
    assert only.present.any(axis=1).all()


def test_rates_are_chances():
    data = Dataset.from_arrays({name: np.ones((4000, 1)) for name in "abc"})
    assert missing(data, 0).fingerprint == data.fingerprint
    assert (missing(data, 1).present.sum(axis=1) == 1).all()
    # All three are gone with 1/27, and then one stays.
    lost = 1 - missing(data, 1 / 3).present.mean()
    assert lost == pytest.approx(1 / 3 - 1 / 81, abs=0.01)
    assert missing(data, 0.25, modality="b").present.mean(axis=0) == pytest.approx(
        [1, 0.75, 1], abs=0.03
    )
    assert not missing(data, 1, modality="b").present[:, 1].any()
    again = missing(data, 0.5, seed=3)
    assert np.array_equal(again.present, missing(data, 0.5, seed=3).present)
    assert not np.array_equal(again.present, missing(data, 0.5, seed=4).present)


def test_noise_of_level_zero_changes_no_bit(data):
    vector = data.modalities["vector"]
    signed = dataclasses.replace(vector, values=vector.values * np.float32(-0.0))
    data = dataclasses.replace(data, modalities=data.modalities | {"vector": signed})
    assert noisy(data, 0).fingerprint == data.fingerprint


def test_noise_is_measured_in_training_spreads():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6000, 2)) * [1, 100] + [5, 0]
    split = np.repeat(["train", "test"], 3000)
    x[3000:] *= 10  # test rows say nothing about the unit
    data = Dataset.from_arrays({"a": x, "constant": np.ones((6000, 1))}, split=split)
    bent = noisy(data, 0.5, seed=1)
    apart = (bent.modalities["a"].values - data.modalities["a"].values)[3000:]
    assert apart.std(axis=0) == pytest.approx(0.5 * x[:3000].std(axis=0), rel=0.05)
    assert apart.mean(axis=0) == pytest.approx([0, 0], abs=3)
    assert (bent.modalities["constant"].values == 1).all()
    assert bent.modalities["a"].values.dtype == np.float32


def test_levels_of_one_seed_are_the_same_noise(data):
    clean, half, whole = (
        noisy(data, level, seed=2).modalities["vector"].values for level in (0, 0.5, 1)
    )
    np.testing.assert_allclose(whole - clean, 2 * (half - clean), atol=1e-5)
    other = noisy(data, 1, seed=3).modalities["vector"].values
    assert not np.array_equal(whole, other)
    alone = noisy(data, 1, modality="vector", seed=2)
    assert np.array_equal(alone.modalities["vector"].values, whole)
    for name in KINDS[1:]:
        assert alone.modalities[name] is data.modalities[name]


def test_absent_rows_do_not_enter_the_unit():
    x = np.ones((40, 1))
    x[::2] = [[1], [3]] * 10
    present = np.column_stack([np.arange(40) % 2 == 0, np.ones(40)])
    data = Dataset.from_arrays(
        {"a": x, "b": np.eye(40)}, present=present, split=[0] * 40
    )
    known = np.random.default_rng([0, 0]).normal(size=(40, 1))
    bent = noisy(data, 1).modalities["a"].values
    np.testing.assert_allclose(bent, x + known, rtol=1e-6)  # 1 and 3: spread 1


def test_only_real_positions_of_sequences_are_disturbed(data):
    bent, clean = (d.modalities["sequence"] for d in (noisy(data, 1), data))
    changed = (bent.values != clean.values).all(axis=2)
    assert np.array_equal(changed, clean.mask)
    assert bent.mask is clean.mask
    rows = (data.split == "train") & data.present[:, KINDS.index("sequence")]
    spread = clean.values[rows][clean.mask[rows]].std(axis=0)
    apart = (bent.values - clean.values)[clean.mask]
    assert apart.std(axis=0) == pytest.approx(spread, rel=0.15)


def test_pictures_stay_pictures(data):
    clean = data.modalities["picture"].values
    low, high = (
        noisy(data, x, modality="picture").modalities["picture"].values
        for x in (0.2, 50.0)
    )
    assert low.dtype == np.uint8
    rows = (data.split == "train") & data.present[:, KINDS.index("picture")]
    spread = clean[rows].reshape(-1, 3).std(axis=0)
    apart = (low.astype(float) - clean).reshape(-1, 3)
    assert apart.std(axis=0) == pytest.approx(0.2 * spread, rel=0.05)
    # Far too much noise: mostly black and white.
    assert np.isin(high, [0, 255]).mean() > 0.9


def test_tokens_become_one_that_no_network_knows(data):
    clean = data.modalities["tokens"]
    none, some, every = (noisy(data, x).modalities["tokens"] for x in (0, 0.3, 1))
    assert np.array_equal(none.values, clean.values)
    hit = some.values != clean.values
    assert hit[clean.mask].mean() == pytest.approx(0.3, abs=0.05)
    assert not hit[~clean.mask].any()
    assert (every.values[clean.mask] == clean.values.max() + 1).all()
    model = ReFNet(Schema.of(data), Config(width=8, hidden=16))
    model.fit_features(data.train)
    ids, mask = model.prepare(noisy(data, 1)).inputs["tokens"]
    present = data.present[:, KINDS.index("tokens")]
    assert set(ids[mask].tolist()) == {1}
    assert mask.numpy()[present].tolist() == clean.mask[present].tolist()


def test_words_of_a_vocabulary_are_not_mistaken_for_the_unknown():
    ids = np.array([[1, 2], [2, 0]])
    words = Modality(ids, "tokens", ids > 0, vocabulary=("", "a", "b", "c", "d"))
    data = Dataset.from_arrays({"words": words}, split=[0, 2])
    assert noisy(data, 1).modalities["words"].values.tolist() == [[5, 5], [5, 0]]


def test_noise_that_has_no_unit_or_no_meaning_is_refused(data):
    refused(
        "`data` must have training rows with modality 'vector', whose spread is the "
        "unit of noise, got none.",
        noisy, data.test, 0.5,
    )  # fmt: skip
    refused("`level` must be a finite number between 0 and 1, got 2.", noisy, data, 2)
    assert noisy(data, 2, modality="vector").shape == data.shape
    refused(
        "`level` must be a finite number of at least 0, got -1.",
        noisy, data, -1, modality="vector",
    )  # fmt: skip
    refused(
        "`modality` must be one of 'vector', 'picture', 'sequence', 'tokens', "
        "got 'sound'.",
        noisy, data, 1, modality="sound",
    )  # fmt: skip
    refused(
        "`rate` must be a finite number between 0 and 1, got 1.5.", missing, data, 1.5
    )


@pytest.mark.parametrize("spoil", [lambda d: noisy(d, 1.0), lambda d: missing(d, 0.5)])
def test_rows_answers_and_split_stay(data, spoil):
    clean = values(data)
    copies = {name: array.copy() for name, array in clean.items()}
    worse = spoil(data)
    for name in (
        "ids",
        "labels",
        "split",
        "class_names",
        "metadata",
        "media",
        "target",
    ):
        assert getattr(worse, name) is getattr(data, name)
    assert worse.fingerprint != data.fingerprint
    assert worse.fingerprint == spoil(data).fingerprint
    assert all(np.array_equal(clean[name], copies[name]) for name in clean)
