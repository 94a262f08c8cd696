"""Standardised inputs and targets: fitted on training rows, by hand."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from refnet_viz.config import Config
from refnet_viz.data import Dataset
from refnet_viz.data.dataset import Modality
from refnet_viz.model import ReFNet, Schema
from refnet_viz.model.features import Features
from refnet_viz.model.pictures import describe


def fitted(modality, rows=None, words=0):
    """Return features fitted on some rows, all of them if None."""
    features = Features(
        modality.kind, modality.shape, words, common_scale=modality.common_scale
    )
    features.fit(modality, np.ones(len(modality), bool) if rows is None else rows)
    return features


def network(data):
    model = ReFNet(Schema.of(data), Config(hidden=8, width=4))
    model.fit_features(data.train)
    return model


def test_scalers_and_vocabulary_come_from_training_rows_only(make_mixed):
    data = make_mixed()
    held = data.split != "train"
    changed = {}
    for name, old in data.modalities.items():
        values = old.values.copy()
        values[held] = 7 * values[held] + 5
        changed[name] = dataclasses.replace(old, values=values)
    other = dataclasses.replace(data, modalities=changed)
    before, after = network(data).features, network(other).features
    assert Schema.of(data) == Schema.of(other)
    for name, value in before.state_dict().items():
        assert torch.equal(value, after.state_dict()[name]), name


def test_vectors_by_hand():
    vectors = Modality.of("a", np.array([[0.0, 5.0], [2.0, 5.0], [9.0, 6.0]]))
    features = fitted(vectors, np.array([True, True, False]))
    # Column 0: mean 1, deviation 1. Column 1 does not vary: only centred.
    expected = [[-1.0, 0.0], [1.0, 0.0], [8.0, 1.0]]
    assert features.features(vectors).tolist() == expected
    assert features.inputs(vectors)[0].tolist() == expected


@pytest.mark.parametrize("value", [0.0, 0.1, -1e30, 16777217.0])
def test_a_constant_column_is_zero_whatever_its_value(value):
    features = fitted(vectors := Modality.of("a", np.full((7, 1), value)))
    assert not features.features(vectors).any()
    assert features.std.item() == 1.0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), shift=st.floats(-1e3, 1e3), scale=st.floats(0.1, 1e3)
)
def test_a_common_scale_keeps_distances_up_to_one_factor(seed, shift, scale):
    rng = np.random.default_rng(seed)
    raw = shift + scale * rng.normal(size=(12, 5)) * [1.0, 0.01, 3.0, 1.0, 0.0]
    shared = Modality(raw.astype(np.float32), "vector", common_scale=True)
    scaled = fitted(shared).features(shared).numpy()
    ratio = pdist(scaled) / pdist(shared.values)
    assert np.ptp(ratio) <= 1e-3 * ratio.mean()
    assert scaled.var(axis=0).mean() == pytest.approx(1, rel=1e-3)
    alone = dataclasses.replace(shared, common_scale=False)
    columns = fitted(alone).features(alone).numpy()
    assert columns.std(axis=0) == pytest.approx([1, 1, 1, 1, 0], rel=1e-3, abs=1e-6)


def test_the_features_of_a_picture_are_its_colours_and_edges():
    pixels = np.zeros((2, 16, 16, 1), dtype=np.uint8)
    pixels[1, :8, :2] = 255  # the left column of averages, upper half
    pictures = Modality.of("a", pixels)
    view = fitted(pictures).features(pictures)
    colours = view[:, :64].reshape(2, 8, 8)
    changed = (colours[1] != colours[0]).numpy()
    assert changed.sum() == 4
    assert changed[:4, 0].all()
    tiny = Modality.of("a", np.arange(24, dtype=np.uint8).reshape(2, 4, 3, 1))
    # Twelve pixels stay whole, and each is a cell of its own for eight directions.
    assert fitted(tiny).features(tiny).shape == (2, 12 + 12 * 8)


def test_colours_and_edges_have_the_same_total_variance():
    rng = np.random.default_rng(0)
    pictures = Modality.of("a", rng.integers(0, 256, (50, 16, 16, 3), dtype=np.uint8))
    view = fitted(pictures).features(pictures)
    assert view.shape == (50, 192 + 128)
    total = view.var(dim=0, correction=0)
    assert float(total[:192].sum()) == pytest.approx(160, rel=1e-3)
    assert float(total[192:].sum()) == pytest.approx(160, rel=1e-3)


def test_edges_know_their_direction_and_nothing_of_brightness():
    ramp = torch.linspace(0.2, 0.4, 16)
    for turn, pixels in ((0, ramp.expand(16, 16)), (4, ramp.expand(16, 16).T)):
        for picture in (pixels, 2 * pixels, 1 - pixels):
            edges = describe(picture[None, None])[0, 64:].reshape(8, 4, 4)
            strongest = edges[:, 1:3, 1:3].argmax(dim=0)
            assert (strongest == turn).all()  # 8 directions: 4 is a right angle
    diagonal = (ramp[:, None] + ramp[None, :]) / 2
    edges = describe(diagonal[None, None])[0, 64:].reshape(8, 4, 4)
    assert (edges[:, 1:3, 1:3].argmax(dim=0) == 2).all()
    assert float(describe(torch.full((1, 1, 16, 16), 0.5))[0, 64:].abs().max()) == 0


def test_the_features_of_a_sequence_are_the_mean_of_what_is_real():
    values = np.array([[[1.0], [3.0]], [[5.0], [99.0]], [[8.0], [0.0]]])
    mask = np.array([[True, True], [True, False], [True, True]])
    sequences = Modality.of("a", (values, mask))
    features = fitted(sequences)
    # Means 2, 5 and 4: mean 11/3, variance 14/9.
    expected = (np.array([2.0, 5.0, 4.0]) - 11 / 3) / np.sqrt(14 / 9)
    assert features.features(sequences).flatten().numpy() == pytest.approx(expected)
    inputs, real = features.inputs(sequences)
    assert inputs[1, 1] == 0  # padding
    assert real.tolist() == mask.tolist()
    there = inputs[torch.from_numpy(mask)]  # 1, 3, 5, 8, 0
    assert there.mean().item() == pytest.approx(0, abs=1e-6)
    assert there.std(correction=0).item() == pytest.approx(1)


def tokens(rows, length=None):
    """Return token sequences, padded with zeros."""
    length = length or max(len(row) for row in rows)
    ids, mask = np.zeros((2, len(rows), length), dtype=int)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    return Modality.of("text", (ids, mask))


def test_the_features_of_tokens_are_frequencies_of_the_known_ones():
    text = tokens([[1, 1, 2], [2, 3]])
    features = fitted(text, words=5)  # padding, unknown, and ids 1 to 3
    assert features.width == 3
    # Most frequent first, ties by id: 1 (twice), 2 (twice), 3 (once).
    shares = np.array([[2 / 3, 1 / 3, 0], [0, 1 / 2, 1 / 2]])
    expected = (shares - shares.mean(axis=0)) / shares.std(axis=0)
    assert features.features(text).numpy() == pytest.approx(expected, rel=1e-5)


def test_padding_and_unknown_tokens_are_no_features():
    text = tokens([[1, 1, 2], [2, 3]])
    features = fitted(text, words=5)
    longer = tokens([[1, 1, 2], [2, 3]], length=9)
    assert torch.equal(features.features(text), features.features(longer))
    # An unknown token takes a share and has no column.
    shares = features.features(tokens([[1, 50, 2]])) * features.std + features.mean
    assert shares.tolist() == [[pytest.approx(1 / 3), pytest.approx(1 / 3), 0]]


def test_ids_beyond_the_training_vocabulary_are_the_one_unknown():
    features = fitted(tokens([[1, 1, 2], [2, 3]]), words=5)
    ids, mask = features.inputs(tokens([[1, 3, 4], [10**9]]))
    assert ids.tolist() == [[2, 4, 1], [1, 0, 0]]
    assert mask.tolist() == [[True, True, True], [True, False, False]]


def test_tokens_answer_for_their_most_frequent_ones():
    common = np.arange(1, 301)
    text = tokens([common, common[200:], common[200:]])
    features = fitted(text, words=302)
    assert features.width == 256
    known = set((features.kept - 1).tolist())  # ids are shifted by one
    assert set(range(201, 301)) <= known  # three times each
    assert known - set(range(201, 301)) == set(range(1, 157))  # once: smallest ids


def test_token_features_survive_a_training_part_of_unknown_ids():
    text = tokens([[7], [8]])
    features = fitted(text, words=2)
    assert features.features(text).tolist() == [[0.0], [0.0]]


def test_targets_have_mean_zero_and_deviation_one_on_training_rows(make_mixed):
    data = make_mixed(rows=60, missing=True)
    model = network(data)
    batch = model.prepare(data.train)
    for column, (name, features) in enumerate(batch.features.items()):
        rows = features[batch.present[:, column]]
        assert rows.mean(dim=0).abs().max() < 1e-4, name
        if data.modalities[name].common_scale:
            assert rows.var(dim=0, correction=0).mean().item() == pytest.approx(1)
        else:
            assert rows.std(dim=0, correction=0).numpy() == pytest.approx(1, rel=1e-4)


def test_no_array_of_the_data_is_changed(make_mixed):
    data = make_mixed(missing=True)
    before = data.fingerprint
    for modality in data.modalities.values():
        modality.values.flags.writeable = False
    network(data).prepare(data)
    fresh = Dataset(**{f.name: getattr(data, f.name) for f in dataclasses.fields(data)})
    assert fresh.fingerprint == before
