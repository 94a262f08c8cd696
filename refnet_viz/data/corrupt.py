"""Corrupted copies of a dataset: modalities removed, permuted, masked or noisy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .. import _check
from .dataset import Dataset
from .modality import Modality

# Standard deviation, in grey levels of 256, of the noise on pictures at level 1.
GREY_LEVELS = 64.0


def without(data: Dataset, names: str | Collection[str]) -> Dataset:
    """Return the data with some modalities marked absent in every row.

    Parameters
    ----------
    data
        Left as it is.
    names
        One or several modalities.

    Returns
    -------
    Dataset
        The same rows and values with other entries of `present`.

    Raises
    ------
    ValueError
        If a name is unknown, or a row would keep no modality.

    Examples
    --------
    >>> data = Dataset.from_arrays({"image": np.eye(3), "text": np.ones((3, 2))})
    >>> without(data, "image").present.tolist()
    [[False, True], [False, True], [False, True]]
    """
    _check.instance("data", data, Dataset)
    dropped = set(_check.several_of("names", names, data.modalities, none=True))
    present = data.present & [name not in dropped for name in data.modalities]
    empty = np.flatnonzero(~present.any(axis=1))
    if len(empty):
        raise ValueError(
            "`names` must leave each row at least one modality, "
            f"got none in row {empty[0]}."
        )
    return replace(data, present=present)


def missing(
    data: Dataset, rate: float, *, modality: str | None = None, seed: int = 0
) -> Dataset:
    """Return the data with modalities of single rows dropped at random.

    Every entry of `present` is dropped with probability `rate`, missing completely at
    random. A row keeps at least one modality, so at a rate of 1 one chosen at random
    is left to each. What is missing at one rate is missing at every higher rate.

    Parameters
    ----------
    data
        Left as it is.
    rate
        Between 0 (nothing changes) and 1.
    modality
        The only one to be dropped; None drops all alike. Rows that have no other
        keep it.
    seed
        Same seed, same entries.

    Returns
    -------
    Dataset
        The same rows and values with other entries of `present`.

    Raises
    ------
    ValueError
        If the rate is no share or the modality is unknown.

    Examples
    --------
    >>> data = Dataset.from_arrays({"image": np.eye(3), "text": np.ones((3, 2))})
    >>> missing(data, 1.0, modality="text").present.tolist()
    [[True, False], [True, False], [True, False]]
    """
    _check.instance("data", data, Dataset)
    rate = _check.number("rate", rate, low=0, high=1)
    chosen = np.isin(list(data.modalities), _chosen(data, modality))
    draws = _generator(seed).random(data.present.shape)
    present = data.present & ~((draws < rate) & chosen)
    empty = ~present.any(axis=1)
    # The entry that would have been dropped last stays.
    last = np.where(data.present, draws, -1.0).argmax(axis=1)
    present[empty, last[empty]] = True
    return replace(data, present=present)


def permuted(data: Dataset, name: str, *, seed: int = 0) -> Dataset:
    """Return the data with one modality dealt to other rows.

    Rows that have it exchange its contents along one random cycle, so each gets that
    of another row. What the modality looks like stays, what it tells of its row goes.

    Parameters
    ----------
    data
        Left as it is.
    name
        The modality.
    seed
        Same seed, same cycle.

    Returns
    -------
    Dataset
        The same rows with other values of one modality.

    Raises
    ------
    ValueError
        If the modality is unknown, or fewer than two rows have it.

    Examples
    --------
    >>> data = Dataset.from_arrays({"a": np.eye(3), "b": np.arange(3.0)[:, None]})
    >>> moved = permuted(data, "b").modalities
    >>> bool((moved["b"].values == data.modalities["b"].values).any())
    False
    """
    _check.instance("data", data, Dataset)
    _check.one_of("name", name, data.modalities)
    place = list(data.modalities).index(name)
    rows = np.flatnonzero(data.present[:, place])
    if len(rows) < 2:
        raise ValueError(
            f"`data` must have two or more rows with {name!r}, got {len(rows)}."
        )
    order = _generator(seed, place).permutation(rows)
    source = np.arange(len(data))
    source[order] = np.roll(order, 1)
    modality = data.modalities[name]
    return replace(data, modalities={**data.modalities, name: modality.take(source)})


def noisy(
    data: Dataset, level: float, *, modality: str | None = None, seed: int = 0
) -> Dataset:
    """Return the data with noise, in the manner of MultiBench (Liang et al. 2021).

    ========= =================================================================
    kind      what is done at a level s
    ========= =================================================================
    vector    ``x + s sd(x_j) e``, e standard normal, for each feature j
    sequence  the same, at real positions only
    picture   ``x + 64 s e`` a pixel and channel, rounded and clipped to 0 ... 255:
              a quarter of the range at level 1
    tokens    each is deleted with probability ``min(s, 1)``; one is always kept
    ========= =================================================================

    The draws depend on the seed alone, so noise grows with the level and changes its
    direction never.

    Parameters
    ----------
    data
        Left as it is.
    level
        At least 0, where nothing changes; 1 is as much noise as the feature varies.
    modality
        The only one to get noise; None means all.
    seed
        Same seed, same noise.

    Returns
    -------
    Dataset
        The same rows with other values. Standard deviations are those of its training
        rows, or of all its rows where it has none (as `data.test`); rows that lack
        the modality do not count.

    Raises
    ------
    ValueError
        If the level is negative or the modality is unknown.

    Examples
    --------
    >>> a = np.array([[0, 5.0], [2, 5.0]])
    >>> data = Dataset.from_arrays({"a": a, "b": np.eye(2)})
    >>> moved = noisy(data, 1.0, modality="a").modalities
    >>> moved["a"].values[:, 1].tolist()  # a constant has no noise
    [5.0, 5.0]
    >>> bool((moved["b"].values == np.eye(2)).all())
    True
    """
    _check.instance("data", data, Dataset)
    level = _check.number("level", level, low=0)
    chosen = _chosen(data, modality)
    train = data.split == "train"
    rows = train if train.any() else np.ones(len(data), dtype=bool)
    changed = dict(data.modalities)
    for i, (name, value) in enumerate(data.modalities.items()):
        if name in chosen:
            affected = rows & data.present[:, i]
            changed[name] = _noisy(value, level, affected, _generator(seed, i))
    return replace(data, modalities=changed)


def _chosen(data: Dataset, modality: str | None) -> list[str]:
    if modality is None:
        return list(data.modalities)
    return [_check.one_of("modality", modality, data.modalities)]


def _generator(seed: int, *place: int) -> np.random.Generator:
    """Return a generator of its own for every modality, whichever are chosen."""
    # The first number keeps [0, 0] from being the stream of default_rng(0), which may
    # have drawn the data: their noise would be the data again.
    return np.random.default_rng([7919, _check.integer("seed", seed, low=0), *place])


def _noisy(
    modality: Modality,
    level: float,
    rows: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> Modality:
    values, mask = np.asarray(modality.values), modality.mask
    if modality.kind == "tokens" and mask is not None:
        thinned = _thinned(mask, level, rng)
        return replace(modality, values=np.where(thinned, values, 0), mask=thinned)
    noise = rng.standard_normal(values.shape, dtype=np.float32)
    if modality.kind == "picture":
        pixels = np.rint(values + level * GREY_LEVELS * noise)
        return replace(modality, values=pixels.clip(0, 255).astype(np.uint8))
    if mask is not None:
        noise = np.where(mask[:, :, None], noise, 0)
        rows = rows[:, None] & mask
    observed = values[rows].astype(np.float64)
    spread = observed.std(axis=0) if len(observed) else np.zeros(values.shape[-1])
    moved = values + level * spread.astype(np.float32) * noise
    return replace(modality, values=moved.astype(np.float32))


def _thinned(
    mask: npt.NDArray[np.bool_], level: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return the positions that are left; the last to go stays in every row."""
    draws = rng.random(mask.shape)
    thinned = mask & (draws >= level)
    bare = mask.any(axis=1) & ~thinned.any(axis=1)
    last = np.where(mask, draws, -1.0).argmax(axis=1)
    thinned[bare, last[bare]] = True
    return thinned
