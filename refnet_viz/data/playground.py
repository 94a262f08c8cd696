"""Generated data whose factors, and neighbours by each factor, are known."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .dataset import Dataset, Media

Array = npt.NDArray[np.float64]

WIDTH = 16
MOST = 1_000_000  # rows, of 1 kB each
CLUSTERS = 3
SENSES = ("sight", "sound", "touch")
FACTORS: dict[str, tuple[str, ...]] = {
    "shared": SENSES,
    "redundant": ("sight", "sound"),
    "private_sight": ("sight",),
    "private_sound": ("sound",),
    "private_touch": ("touch",),
    "synergistic": ("sight", "touch"),
}


class HasMetadata(Protocol):
    """A dataset or an embedding made of one."""

    @property
    def metadata(self) -> pd.DataFrame:
        """A frame of as many rows as the data."""


def playground(
    n: int = 1200, *, seed: int = 0, noise: float = 0.3, missing: float = 0.0
) -> Dataset:
    """Generate three modalities of known factors, so that attribution can be checked.

    Every factor is a point u in the plane with variance 1 a coordinate:

    - shared: u = sqrt(1.5) (cos a, sin a) + e / 2 with a = 2 pi c / 3, cluster c
      uniform on {0, 1, 2} and e ~ N(0, I); all three modalities carry it;
    - redundant: u ~ N(0, I), carried by sight and by sound;
    - private_sight, private_sound, private_touch: u ~ N(0, I), each carried by one;
    - synergistic: u = sqrt(2) (cos t, sin t), t uniform on the circle. Sight carries
      the key sqrt(2) (cos k, sin k) with k uniform, touch carries
      sqrt(2) (cos(t + k), sin(t + k)). Each of the two is independent of t; together
      they determine it (a one-time pad on the circle, the continuous form of XOR).

    A modality that carries f planes stacks them to v (2 f numbers) and shows
    x = v A + noise e' with A (2 f, 16) of orthonormal rows, drawn once a modality,
    and e' ~ N(0, I). So without noise distances in x are distances in v, and every
    carried plane has the same share.

    The class is 2 c + [sin t < 0]: the cluster can be read from any modality, the
    half of the circle from no single one and from no linear function of all three.
    A linear classifier therefore stays near 50 %, while an observer who undoes the
    mixing and subtracts the two angles reaches 88 % at noise 0.3 and 100 % without
    noise; chance is 17 %.

    Parameters
    ----------
    n
        Number of rows, at least 30.
    seed
        Same seed, same data.
    noise
        Standard deviation of the noise a feature.
    missing
        Share of rows, at most 1, that lack one modality, drawn uniformly; its
        values are zeros there.

    Returns
    -------
    Dataset
        Modalities "sight", "sound", "touch", six classes, split 60/20/20 by class;
        metadata has ``factor_<name>_1`` and ``factor_<name>_2`` for each factor of
        `FACTORS`.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> data = playground(60)
    >>> data.shape, data.class_names[:2]
    ((60, 3), ('cluster 0, upper', 'cluster 0, lower'))
    """
    n = _check.integer("n", n, low=30, high=MOST)
    noise = _check.number("noise", noise, low=0)
    share = _check.number("missing", missing, low=0, high=1)
    rng = np.random.default_rng(_check.integer("seed", seed, low=0))
    cluster = rng.integers(CLUSTERS, size=n)
    angle, key = rng.uniform(0, 2 * np.pi, (2, n))
    factors = {name: rng.normal(size=(n, 2)) for name in FACTORS}
    factors["shared"] = (
        np.sqrt(1.5) * _circle(2 * np.pi * cluster / CLUSTERS) + factors["shared"] / 2
    )
    factors["synergistic"] = np.sqrt(2) * _circle(angle)
    halves = {"sight": np.sqrt(2) * _circle(key)}
    halves["touch"] = np.sqrt(2) * _circle(angle + key)
    features = {
        sense: _show(_carried(sense, factors, halves), noise, rng) for sense in SENSES
    }
    present = _present(n, share, rng)
    for i, sense in enumerate(SENSES):
        features[sense][~present[:, i]] = 0.0
    below = np.sin(angle) < 0
    return Dataset.from_arrays(
        features,
        labels=2 * cluster + below,
        class_names=[
            f"cluster {c}, {half}"
            for c in range(CLUSTERS)
            for half in ("upper", "lower")
        ],
        present=present,
        metadata=_metadata(factors),
        media=Media(),
        name="playground",
    )


def playground_neighbors(
    data: HasMetadata, factor: str, k: Any
) -> npt.NDArray[np.int64]:
    """Return the true neighbours by one factor: exact, without noise.

    Parameters
    ----------
    data
        `playground()`, a part of it, or an embedding of one.
    factor
        A key of `FACTORS`.
    k
        Neighbours a row, the row itself not counted.

    Returns
    -------
    numpy.ndarray
        ``(N, k)`` row numbers, nearest first, ties by the lower number.

    Raises
    ------
    ValueError
        If `factor` is unknown, the data are not of the playground, or `k` is out of
        range.

    Examples
    --------
    >>> data = playground(30)
    >>> playground_neighbors(data, "shared", 3).shape
    (30, 3)
    """
    _check.one_of("factor", factor, FACTORS)
    columns = [f"factor_{factor}_{axis}" for axis in (1, 2)]
    frame = getattr(data, "metadata", None)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            "`data` must be a Dataset or an Embedding of playground(), got "
            f"{type(data).__name__}."
        )
    if not set(columns) <= set(frame.columns):
        raise ValueError(
            f"`data` must come from playground(), got metadata {list(frame.columns)}."
        )
    points = frame[columns].to_numpy(dtype=np.float64)
    k = _check.k_neighbors(k, len(points))
    indices = np.empty((len(points), k), dtype=np.int64)
    for i, point in enumerate(points):
        squared = ((points - point) ** 2).sum(axis=1)
        squared[i] = np.inf
        indices[i] = np.argsort(squared, kind="stable")[:k]
    return indices


def _circle(angle: Array) -> Array:
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _carried(sense: str, factors: dict[str, Array], halves: dict[str, Array]) -> Array:
    planes = [
        halves[sense] if name == "synergistic" else factors[name]
        for name, senses in FACTORS.items()
        if sense in senses
    ]
    return np.hstack(planes)


def _show(carried: Array, noise: float, rng: np.random.Generator) -> Array:
    mixing = np.linalg.qr(rng.normal(size=(WIDTH, carried.shape[1])))[0].T
    return carried @ mixing + noise * rng.normal(size=(len(carried), WIDTH))


def _present(n: int, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    present = np.ones((n, len(SENSES)), dtype=bool)
    rows = rng.permutation(n)[: round(share * n)]
    present[rows, rng.integers(len(SENSES), size=len(rows))] = False
    return present


def _metadata(factors: dict[str, Array]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            f"factor_{name}_{axis + 1}": plane[:, axis]
            for name, plane in factors.items()
            for axis in range(2)
        }
    )
