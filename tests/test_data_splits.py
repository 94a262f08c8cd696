"""Splits are stratified, seeded and as even as whole rows allow; subsets nest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz.data import Dataset
from refnet_viz.data.splits import SPLITS, label_subset, strata, stratified_split

SHARES = st.sampled_from(
    [(0.6, 0.2, 0.2), (0.8, 0.2, 0.0), (0.0, 0.0, 1.0), (0.29, 0.3, 0.41), (1 / 3,) * 3]
)
LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=120).map(np.array)
SEEDS = st.integers(0, 2**32)


def counts(split) -> np.ndarray:
    return np.array([np.sum(split == part) for part in SPLITS])


@given(LABELS, SHARES, SEEDS)
def test_each_class_is_dealt_within_one_row_of_its_share(labels, shares, seed):
    split = stratified_split(labels, len(labels), shares, seed)
    for label in np.unique(labels):
        own = split[labels == label]
        assert counts(own).sum() == len(own)
        assert np.abs(counts(own) - np.array(shares) * len(own)).max() < 1 + 1e-9


@given(LABELS, SHARES, SEEDS)
def test_the_whole_is_dealt_within_two_rows_and_no_share_means_no_row(
    labels, shares, seed
):
    split = stratified_split(labels, len(labels), shares, seed)
    assert np.abs(counts(split) - np.array(shares) * len(labels)).max() < 2
    assert counts(split)[np.array(shares) == 0].sum() == 0


@given(SEEDS)
def test_same_seed_same_split(seed):
    labels = np.repeat([0, 1], 20)
    first = stratified_split(labels, 40, (0.6, 0.2, 0.2), seed)
    again = stratified_split(labels, 40, (0.6, 0.2, 0.2), seed)
    assert first.tolist() == again.tolist()


def test_another_seed_is_another_split():
    labels = np.repeat([0, 1], 20)
    drawn = {
        tuple(stratified_split(labels, 40, (0.6, 0.2, 0.2), seed)) for seed in range(9)
    }
    assert len(drawn) == 9


def test_a_share_that_is_a_hair_below_a_whole_number_in_binary():
    assert 0.29 * 100 < 29
    split = stratified_split(None, 100, (0.29, 0.3, 0.41), seed=0)
    assert counts(split).tolist() == [29, 30, 41]


def test_rows_without_labels_are_one_stratum():
    assert strata(None, 3).tolist() == [0, 0, 0]
    split = stratified_split(None, 10, (0.6, 0.2, 0.2), seed=0)
    assert counts(split).tolist() == [6, 2, 2]


def test_a_row_with_several_labels_belongs_to_its_rarest():
    labels = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1], [0, 0, 0]])
    # Column counts are 3, 1, 2; a row without a label is a stratum of its own.
    assert strata(labels, 5).tolist() == [1, 0, 2, 2, 3]


@pytest.mark.parametrize(
    "shares", [(0.6, 0.2), (0.6, 0.2, 0.1), (1.2, -0.1, -0.1), (float("nan"), 0.5, 0.5)]
)
def test_bad_fractions_are_refused(shares):
    with pytest.raises(ValueError, match="fractions") as caught:
        stratified_split(None, 10, shares, seed=0)
    assert str(caught.value) == (
        "`fractions` must be three shares of train, val and test that sum to 1, "
        f"got {shares}."
    )


def test_a_bad_seed_is_refused():
    with pytest.raises(ValueError, match="seed") as caught:
        stratified_split(None, 10, (0.6, 0.2, 0.2), seed=-1)
    assert str(caught.value) == "`seed` must be a whole number of at least 0, got -1."


@settings(max_examples=50)
@given(LABELS, st.floats(0.01, 1), st.floats(0.01, 1), SEEDS)
def test_a_larger_label_subset_contains_the_smaller(labels, one, other, seed):
    small, large = sorted([one, other])
    within = label_subset(labels, small, seed)
    assert not (within & ~label_subset(labels, large, seed)).any()
    for label in np.unique(labels):
        own = labels == label
        assert within[own].sum() == max(1, round(small * own.sum()))


def test_all_labels_are_a_label_subset_of_one():
    assert label_subset(np.array([0, 1, 1]), 1, seed=0).all()
    assert label_subset(None, 0.5, seed=0).shape == (0,)


@pytest.mark.parametrize(
    ("fraction", "sentence"),
    [
        (0, "`label_fraction` must be above 0 and at most 1, got 0."),
        (
            1.5,
            "`label_fraction` must be a finite number between 0 and 1, got 1.5.",
        ),
    ],
)
def test_bad_label_fractions_are_refused(fraction, sentence):
    with pytest.raises(ValueError, match="label_fraction") as caught:
        label_subset(np.array([0, 1]), fraction, seed=0)
    assert str(caught.value) == sentence


def test_groups_follow_the_rows_and_a_missing_one_is_a_group_of_its_own():
    data = Dataset.from_arrays(
        {"a": np.eye(4)}, ids=list("wxyz"), groups=["p", None, "", 7]
    )
    assert data.groups.tolist() == ["p", "(only x)", "(only y)", "7"]
    assert data.subset(["z", "x"]).groups.tolist() == ["7", "(only x)"]
    assert Dataset.from_arrays({"a": np.eye(4)}).groups is None


def test_the_fingerprint_changes_with_a_group():
    with_groups = [
        Dataset.from_arrays({"a": np.eye(4)}, groups=groups).fingerprint
        for groups in (None, list("ppqq"), list("pqpq"))
    ]
    assert len(set(with_groups)) == 3
