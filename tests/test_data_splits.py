"""Splits are stratified, seeded and as even as whole rows allow; subsets nest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from refnet_viz.data import Dataset
from refnet_viz.data.splits import (
    SPLITS,
    VALIDATION,
    label_subset,
    strata,
    stratified_split,
    with_validation,
)

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


@st.composite
def grouped(draw):
    """Return labels and groups of some rows, the groups of very different sizes."""
    sizes = draw(st.lists(st.integers(1, 25), min_size=1, max_size=30))
    names = np.repeat([f"g{i}" for i in range(len(sizes))], sizes)
    labels = draw(
        st.lists(st.integers(-1, 3), min_size=len(names), max_size=len(names))
    )
    order = np.random.default_rng(draw(SEEDS)).permutation(len(names))
    return np.array(labels)[order], names[order]


@given(grouped(), SHARES, SEEDS)
def test_groups_stay_whole_and_parts_within_the_largest_of_their_share(
    rows, shares, seed
):
    labels, groups = rows
    n = len(groups)
    split = stratified_split(labels, n, shares, seed, groups=groups)
    assert set(split) <= set(SPLITS)
    for name in np.unique(groups):
        assert len(set(split[groups == name])) == 1
    largest = np.unique(groups, return_counts=True)[1].max()
    assert np.abs(counts(split) - np.array(shares) * n).max() < largest + 1e-9
    assert counts(split)[np.array(shares) == 0].sum() == 0


@given(LABELS, SHARES, SEEDS)
def test_groups_of_one_row_each_change_nothing(labels, shares, seed):
    n = len(labels)
    ones = np.arange(n).astype(str)
    plain = stratified_split(labels, n, shares, seed)
    assert stratified_split(labels, n, shares, seed, groups=ones).tolist() == (
        plain.tolist()
    )


def test_a_grouped_split_is_drawn_by_its_seed():
    groups = np.repeat([f"p{i}" for i in range(20)], 3)
    drawn = [
        tuple(stratified_split(None, 60, (0.6, 0.2, 0.2), seed, groups=groups))
        for seed in [*range(9), 0]
    ]
    assert drawn[0] == drawn[-1]
    assert len(set(drawn)) == 9
    assert {tuple(counts(np.array(split))) for split in drawn} == {(36, 12, 12)}


def test_a_grouped_split_is_as_even_as_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 20, 200)
    groups = np.repeat([f"g{i}" for i in range(200)], sizes)
    labels = np.concatenate(
        [rng.choice(5, size, p=rng.dirichlet([0.5] * 5)) for size in sizes]
    )

    def worst(split):
        return max(
            abs(np.mean(split[labels == label] == part) - share)
            for label in range(5)
            for part, share in zip(SPLITS, (0.6, 0.2, 0.2), strict=True)
        )

    theirs = np.empty(len(labels), dtype="U5")
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for fold, (_, rows) in enumerate(folds.split(labels, labels, groups)):
        theirs[rows] = SPLITS[max(0, fold - 2)]
    ours = stratified_split(labels, len(labels), (0.6, 0.2, 0.2), seed=0, groups=groups)
    assert worst(ours) < 0.01
    assert worst(ours) < worst(theirs) + 0.005


def test_a_dataset_splits_and_resplits_by_its_groups():
    groups = np.repeat([f"p{i}" for i in range(12)], 5)
    data = Dataset.from_arrays(
        {"a": np.eye(60)}, labels=np.tile([0, 1, 2], 20), groups=groups
    )
    for split in (data.split, data.resplit(seed=4).split):
        assert all(len(set(split[groups == name])) == 1 for name in set(groups))
        assert np.abs(counts(split) - [36, 12, 12]).max() < 5


def test_a_group_in_two_given_parts_is_refused():
    with pytest.raises(ValueError, match="split") as caught:
        Dataset.from_arrays(
            {"a": np.eye(5)},
            groups=["p", "q", "q", "p", "r"],
            split=["train", "val", "test", "train", "test"],
        )
    assert str(caught.value) == (
        "`split` must keep each group in one part, got 'q' in 'val' and 'test' "
        "(1 of 3 groups is in two or more)."
    )


def test_missing_groups_may_lie_anywhere():
    data = Dataset.from_arrays(
        {"a": np.eye(4)}, groups=[None, None, "p", "p"], split=[0, 2, 1, 1]
    )
    assert data.split.tolist() == ["train", "test", "val", "val"]


def test_a_part_without_rows_is_one_sentence():
    data = Dataset.from_arrays({"a": np.eye(4)}, split=["train"] * 4)
    with pytest.raises(ValueError, match="test") as caught:
        _ = data.test
    assert str(caught.value) == "`data` must have rows in the split 'test', got none."


def without_validation(n=40, **given):
    """Return data of which three quarters are training rows and the rest test rows."""
    given = {"labels": np.tile([0, 0, 0, 1], n // 4), **given}
    split = np.where(np.arange(n) < n * 3 // 4, "train", "test")
    return Dataset.from_arrays({"a": np.eye(n)}, split=split, **given)


def test_a_fifth_of_the_training_rows_stands_in_for_validation_rows():
    data = without_validation()
    before = data.split.tolist()
    filled = with_validation(data)
    assert data.split.tolist() == before
    assert counts(filled.split).tolist() == [24, 6, 10]
    assert filled.test.ids.tolist() == data.test.ids.tolist()
    assert sorted([*filled.train.ids, *filled.val.ids]) == sorted(data.train.ids)
    train = np.bincount(data.train.labels)
    assert np.abs(np.bincount(filled.val.labels) - VALIDATION * train).max() < 1
    assert with_validation(filled) is filled
    again, other = with_validation(data), with_validation(data, seed=1)
    assert again.split.tolist() == filled.split.tolist() != other.split.tolist()


@given(grouped(), SEEDS)
def test_validation_rows_are_whole_groups_and_never_all_or_none(rows, seed):
    labels, groups = rows
    n = len(groups)
    data = Dataset.from_arrays(
        {"a": np.ones((n, 1))},
        labels=np.where(labels < 0, 0, labels),
        groups=groups,
        split="train",
    )
    if len(set(groups)) == 1:
        with pytest.raises(ValueError, match="two training rows of different groups"):
            with_validation(data, seed=seed)
        return
    split = with_validation(data, seed=seed).split
    assert {*split} == {"train", "val"}
    for name in np.unique(groups):
        assert len(set(split[groups == name])) == 1


def test_a_labelled_row_is_among_the_validation_rows_where_two_are():
    for seed in range(20):
        labels = [None] * 30
        labels[3], labels[20] = "x", "x"
        data = Dataset.from_arrays({"a": np.eye(30)}, labels=labels, split="train")
        filled = with_validation(data, seed=seed)
        assert filled.train.labelled.sum() == filled.val.labelled.sum() == 1


def test_classes_of_one_row_each_never_all_become_validation_rows():
    for seed in range(20):
        data = Dataset.from_arrays(
            {"a": np.eye(12)}, labels=["x", "y", *[None] * 10], split="train"
        )
        filled = with_validation(data, seed=seed)
        assert filled.train.labelled.sum() == filled.val.labelled.sum() == 1


def test_no_validation_rows_can_be_taken_from_one_row():
    data = Dataset.from_arrays({"a": np.eye(3)}, split=["train", "test", "test"])
    with pytest.raises(ValueError, match="val") as caught:
        with_validation(data)
    assert str(caught.value) == (
        "`data` must have rows in the split 'val', or two training rows of which one "
        "can be taken, got 1."
    )
