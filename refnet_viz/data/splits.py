"""Stratified, seeded splits and label subsets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .answers import labelled
from .grouped import grouped_parts

if TYPE_CHECKING:
    from .dataset import Dataset

SPLITS = ("train", "val", "test")
VALIDATION = 0.2  # share of the training rows that stand in for validation rows
BINS = 5
UNLABELLED = -1  # stratum of the rows without a label among labelled ones


def strata(
    labels: npt.NDArray[np.integer[Any]] | None,
    n: int,
    *,
    target: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.intp]:
    """Return one stratum number a row.

    Classes are the strata of single labels. A row with several labels belongs to
    its rarest one, so that rare labels reach every part; without labels all rows
    are one stratum. A target goes before labels: its strata are the fifths of its
    sorted values, equal values together. Unlabelled rows among labelled ones are a
    stratum of their own, -1.

    Examples
    --------
    >>> strata(np.array([[1, 1], [1, 0], [1, 0]]), 3).tolist()
    [1, 0, 0]
    >>> strata(None, 5, target=np.array([0.5, -1.0, 2.0, 9.0, 3.0])).tolist()
    [1, 0, 2, 4, 3]
    >>> strata(np.array([1, -1, 0]), 3).tolist()
    [1, -1, 0]
    """
    if labels is None and target is None:
        return np.zeros(n, dtype=np.intp)
    has_label = labelled(labels, target, n)
    numbers = np.full(n, UNLABELLED, dtype=np.intp)
    if target is not None:
        values = target[has_label]
        smaller = np.searchsorted(np.sort(values), values)  # how many are smaller
        numbers[has_label] = smaller * BINS // max(len(values), 1)
    elif labels is not None:
        numbers[has_label] = _of_classes(labels[has_label])
    return numbers


def _of_classes(labels: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.intp]:
    if labels.ndim == 1:
        return labels.astype(np.intp)
    rarity = np.where(labels > 0, labels.sum(axis=0), len(labels) + 1)
    return np.where(labels.any(axis=1), rarity.argmin(axis=1), labels.shape[1])


def stratified_split(
    labels: npt.NDArray[np.integer[Any]] | None,
    n: int,
    fractions: tuple[float, float, float],
    seed: int,
    *,
    groups: npt.NDArray[np.str_] | None = None,
) -> npt.NDArray[np.str_]:
    """Return "train", "val" or "test" for each of `n` rows.

    Within every stratum rows are shuffled and dealt so that each part is within one
    row of its share; the left-over rows, never two to a part, go to those parts that
    are furthest behind overall. With groups of several rows these are dealt whole, so
    that each part is within the largest group of its share; see `grouped_parts`.

    Raises
    ------
    ValueError
        If the fractions are not three shares that sum to 1.

    Examples
    --------
    >>> split = stratified_split(np.repeat([0, 1], 5), 10, (0.6, 0.2, 0.2), seed=0)
    >>> [int(np.sum(split == part)) for part in SPLITS]
    [6, 2, 2]
    """
    shares = _check.numbers("fractions", fractions)
    if shares.shape != (3,) or shares.min() < 0 or not np.isclose(shares.sum(), 1):
        raise ValueError(
            "`fractions` must be three shares of train, val and test that sum to 1, "
            f"got {_check.shown(fractions)}."
        )
    rng = np.random.default_rng(_check.integer("seed", seed, low=0))
    kinds = strata(labels, n)
    if groups is not None and len(np.unique(groups)) < n:
        return np.array(SPLITS)[grouped_parts(kinds, groups, shares, rng)]
    split = np.empty(n, dtype="U5")
    dealt, total = np.zeros(3), 0
    for kind in np.unique(kinds):
        members = rng.permutation(np.flatnonzero(kinds == kind))
        total += len(members)
        counts = np.floor(shares * len(members)).astype(int)
        behind = shares * total - dealt - counts
        counts[np.argsort(-behind)[: len(members) - counts.sum()]] += 1
        dealt += counts
        split[members] = np.repeat(np.array(SPLITS), counts)
    return split


def label_subset(
    labels: npt.NDArray[np.integer[Any]] | None, fraction: Any, seed: int
) -> npt.NDArray[np.bool_]:
    """Return a mask of the rows that keep their label: a fixed, stratified subset.

    Every stratum (a class; with several labels a row, its rarest one) keeps at least
    one row, so the subset can be slightly larger than `fraction`. A larger fraction
    with the same seed contains the smaller one. Unlabelled rows have no label to keep.

    Parameters
    ----------
    labels
        ``(N,)`` or ``(N, C)``, -1 in unlabelled rows; None gives no labelled row.
    fraction
        Share of the labelled rows that keep their label, above 0 and at most 1.
    seed
        Same seed, same subset.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` bool; empty without labels.

    Raises
    ------
    ValueError
        If `fraction` is not above 0 and at most 1.

    Examples
    --------
    >>> label_subset(np.repeat([0, 1], 10), 0.2, seed=0).reshape(2, 10).sum(1).tolist()
    [2, 2]
    >>> label_subset(np.array([0, -1, 1, -1]), 1.0, seed=0).tolist()
    [True, False, True, False]
    """
    share = _check.number("label_fraction", fraction, low=0, high=1)
    if share == 0:
        raise ValueError(
            f"`label_fraction` must be above 0 and at most 1, got {fraction!r}."
        )
    if labels is None:
        return np.zeros(0, dtype=bool)
    rng = np.random.default_rng(seed)
    keep = np.zeros(len(labels), dtype=bool)
    groups = strata(labels, len(labels))
    for group in np.unique(groups[groups != UNLABELLED]):
        members = rng.permutation(np.flatnonzero(groups == group))
        keep[members[: max(1, round(share * len(members)))]] = True
    return keep


def with_validation(data: Dataset, *, seed: int = 0) -> Dataset:
    """Return the data with validation rows, taken from the training rows if need be.

    Where no row is in "val", a seeded and stratified fifth of the training rows moves
    there, whole groups only; at least one row does, a labelled one where two are. Test
    rows stay where they are. Data that have validation rows are returned as they are.

    Parameters
    ----------
    data
        With training rows.
    seed
        Same seed, same rows. What trains does not pass its own: runs of all seeds,
        and a run and what it starts from, then train on the same rows.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If there are no validation rows, and fewer than two training rows or groups of
        them.

    Examples
    --------
    >>> from refnet_viz.data import Dataset
    >>> data = Dataset.from_arrays({"a": np.eye(10)}, split=["train"] * 10)
    >>> [int(np.sum(with_validation(data).split == part)) for part in SPLITS]
    [8, 2, 0]
    """
    if not hasattr(data, "split") or not hasattr(data, "modalities"):
        raise TypeError(f"`data` must be a Dataset, got {type(data).__name__}.")
    _check.integer("seed", seed, low=0)
    if (data.split == "val").any():
        return data
    train = data.train
    units = train.ids if train.groups is None else train.groups
    count = len(np.unique(units))
    if count < 2:
        raise ValueError(
            "`data` must have rows in the split 'val', or two training rows "
            f"{'' if train.groups is None else 'of different groups '}of which one "
            f"can be taken, got {count}."
        )
    parts = stratified_split(
        train.strata, len(train), (1 - VALIDATION, VALIDATION, 0), seed, groups=units
    )
    parts = _none_left_out(parts, units, train.labelled, seed)
    split = data.split.copy()
    split[data.split == "train"] = parts
    return replace(data, split=split)


def validation_from_train(
    data: Dataset, filled: Dataset, *, seed: int = 0
) -> dict[str, Any] | None:
    """Return the origin of validation rows, in plain values; None when from "val".

    Parameters
    ----------
    data, filled, seed
        What `with_validation` took and returned.

    Examples
    --------
    >>> from refnet_viz.data import Dataset
    >>> data = Dataset.from_arrays({"a": np.eye(10)}, split="train")
    >>> validation_from_train(data, with_validation(data))
    {'from': 'train', 'share': 0.2, 'rows': 2, 'seed': 0}
    """
    if filled is data:
        return None
    rows = int(np.sum(filled.split == "val"))
    return {"from": "train", "share": VALIDATION, "rows": rows, "seed": seed}


def _none_left_out(
    parts: npt.NDArray[np.str_],
    units: npt.NDArray[np.str_],
    labelled: npt.NDArray[np.bool_],
    seed: int,
) -> npt.NDArray[np.str_]:
    """Return the parts with a row in both, a labelled one where two units have one.

    The smallest unit is moved, of equals one drawn at random.
    """
    useful = labelled if len(np.unique(units[labelled])) > 1 else np.ones_like(labelled)
    for part in ("val", "train"):
        if not (useful & (parts == part)).any():
            names, size = np.unique(units[useful], return_counts=True)
            order = np.random.default_rng(seed).permutation(len(names))
            smallest = names[order[np.argmin(size[order])]]
            parts = np.where(units == smallest, part, parts)
    return parts
