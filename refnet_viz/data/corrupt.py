"""Worse data on purpose: modalities that are absent, entries that are noisy.

Every function returns a new dataset of the same rows, answers and split. Draws depend
on the seed and the modality alone, and what is drawn at one level is drawn at every
higher one too: levels of one seed differ in strength, not in luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .dataset import Dataset, Modality

Bools = npt.NDArray[np.bool_]

_DROP = 1_000_000  # a stream of its own, beside those of the modalities


def without(data: Dataset, names: str | Sequence[str]) -> Dataset:
    """Mark modalities as absent in every row.

    Parameters
    ----------
    data
        Any dataset.
    names
        One modality or several.

    Returns
    -------
    Dataset
        With the same arrays; `present` says that they are not to be read.

    Raises
    ------
    ValueError
        If a name is unknown, or a row would have no modality left.

    Examples
    --------
    >>> data = Dataset.from_arrays({"image": np.eye(5), "text": np.ones((5, 2))})
    >>> without(data, "image").present.tolist()[0]
    [False, True]
    """
    given = [names] if isinstance(names, str) else list(names)
    gone = [_check.one_of("names", name, data.modalities) for name in given]
    present = data.present & ~np.isin(list(data.modalities), gone)
    empty = np.flatnonzero(~present.any(axis=1))
    if len(empty):
        raise ValueError(
            f"`names` must leave each row at least one modality, got none in row "
            f"{empty[0]}."
        )
    return replace(data, present=present)


def missing(
    data: Dataset, rate: float, *, modality: str | None = None, seed: int = 0
) -> Dataset:
    """Drop modalities of rows at random; a row always keeps one.

    Parameters
    ----------
    data
        Any dataset.
    rate
        Chance that an entry of `present` is dropped, 0 to 1. At 1 every row keeps
        exactly one modality, or, with `modality`, loses it if it has another.
    modality
        The only one to be dropped; None drops any.
    seed
        Same seed, same rows.

    Returns
    -------
    Dataset
        With the same arrays; `present` says what is not to be read.

    Raises
    ------
    ValueError
        If `rate` is out of its range or `modality` is unknown.

    Examples
    --------
    >>> data = Dataset.from_arrays({"image": np.eye(5), "text": np.ones((5, 2))})
    >>> missing(data, 1.0).present.sum(axis=1).tolist()
    [1, 1, 1, 1, 1]
    """
    rate = _check.number("rate", rate, low=0, high=1)
    chosen = np.isin(list(data.modalities), _names(data, modality))
    rng = np.random.default_rng([_check.integer("seed", seed, low=0), _DROP])
    luck = np.where(chosen, rng.random(data.present.shape), 1.0)
    # The luckiest modality stays, whatever the rate.
    luckiest = np.where(data.present, luck, -1.0).argmax(axis=1)
    luck[np.arange(len(data)), luckiest] = 1.0
    return replace(data, present=data.present & (luck >= rate))


def noisy(
    data: Dataset, level: float, *, modality: str | None = None, seed: int = 0
) -> Dataset:
    """Add noise to the modalities of all rows.

    =========  =================================================================
    kind       what a level means
    =========  =================================================================
    vector     Gaussian noise of `level` standard deviations of each feature
    sequence   the same, at real positions only
    picture    Gaussian noise of `level` standard deviations of each channel's
               pixels, rounded and cut off at black and white
    tokens     each real token becomes an unknown one with probability `level`
    =========  =================================================================

    Standard deviations are those of the training rows that have the modality, so
    that at level 1 noise is as large as the signal.

    Parameters
    ----------
    data
        With training rows.
    level
        At least 0, where nothing changes; with tokens at most 1.
    modality
        The only one to be disturbed; None disturbs all.
    seed
        Same seed, same noise.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If `level` is out of its range, `modality` is unknown, or no training row
        has it.

    References
    ----------
    Liang et al., "MultiBench: Multiscale Benchmarks for Multimodal Representation
    Learning", NeurIPS 2021: robustness to noise in each modality and to missing
    ones. The scales are ours.

    Examples
    --------
    >>> data = Dataset.from_arrays({"a": np.ones((5, 2))}, split=["train"] * 5)
    >>> bool((noisy(data, 1.0).modalities["a"].values == 1).all())  # no spread
    True
    """
    names = _names(data, modality)
    tokens = any(data.modalities[name].kind == "tokens" for name in names)
    level = _check.number("level", level, low=0, high=1 if tokens else np.inf)
    seed = _check.integer("seed", seed, low=0)
    modalities = dict(data.modalities)
    for column, (name, known) in enumerate(data.modalities.items()):
        if name in names:
            training = data.present[:, column] & (data.split == "train")
            if not training.any():
                raise ValueError(
                    "`data` must have training rows with modality "
                    f"{name!r}, whose spread is the unit of noise, got none."
                )
            rng = np.random.default_rng([seed, column])
            modalities[name] = _disturbed(known, level, training, rng)
    return replace(data, modalities=modalities)


def _names(data: Dataset, modality: str | None) -> list[str]:
    if modality is None:
        return list(data.modalities)
    return [_check.one_of("modality", modality, data.modalities)]


def _disturbed(
    modality: Modality, level: float, training: Bools, rng: np.random.Generator
) -> Modality:
    if level == 0:  # adding 0 would still turn -0.0 into 0.0
        return modality
    if modality.kind == "tokens":
        return _unknown(modality, level, rng)
    values = modality.values
    known = values[training].astype(np.float64)
    if modality.mask is not None:
        known = known[modality.mask[training]]
    spread = known.reshape(-1, values.shape[-1]).std(axis=0)
    bent: npt.NDArray[Any] = values + level * spread * rng.normal(size=values.shape)
    if modality.kind == "picture":
        bent = np.clip(np.round(bent), 0, 255)
    if modality.mask is not None:
        bent = np.where(modality.mask[..., None], bent, values)
    return replace(modality, values=bent.astype(values.dtype))


def _unknown(modality: Modality, level: float, rng: np.random.Generator) -> Modality:
    """Return tokens of which some are one that no row has."""
    values = modality.values
    unseen = max(int(values.max()) + 1, len(modality.vocabulary))
    hit = (rng.random(values.shape) < level) & (values > 0)
    if modality.mask is not None:
        hit &= modality.mask
    return replace(modality, values=np.where(hit, unseen, values))
