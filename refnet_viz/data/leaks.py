"""Exact and near duplicates across the parts of a split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._search import nearest_among
from .modality import Modality
from .splits import SPLITS

if TYPE_CHECKING:
    from .dataset import Dataset

NEAR = 0.1  # of the typical distance to the nearest training row
MOST_ROWS = 20_000  # compared with one another: a minute or so at 1,000 features
MOST_NUMBERS = 2**26  # 512 MiB of float64
EVERY, GROUPS = "(all)", "(groups)"
COLUMNS = (
    "modality",
    "kind",
    "parts",
    "rows",
    "share",
    "share_within",
    "compared",
    "id",
    "other_id",
    "distance",
    "near",
)

Bools = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Doubles:
    """Duplicates of rows among others: those of an earlier part, or of their own."""

    rows: Positions  # those that were looked at
    other: npt.NDArray[np.int64]  # a double of each, -1 where it has none
    distance: npt.NDArray[np.float64]

    @property
    def count(self) -> int:
        """Number of rows with a duplicate."""
        return int(np.sum(self.other >= 0))

    @property
    def share(self) -> float:
        """Share of the compared rows with a duplicate; NaN when there were none."""
        return self.count / len(self.rows) if len(self.rows) else float("nan")


def leaks(data: Dataset) -> pd.DataFrame:
    """Return the duplicates across parts of the split; see `Dataset.leaks`.

    Examples
    --------
    >>> from refnet_viz.data import Dataset
    >>> data = Dataset.from_arrays(
    ...     {"a": [[0.0], [5.0], [0.0]]}, split=["train", "val", "test"])
    >>> leaks(data)[["modality", "kind", "parts", "rows"]].values.tolist()
    [['a', 'exact', 'train / test', 1], ['(all)', 'exact', 'train / test', 1]]
    """
    lines = []
    keys = {name: _hashes_of(data, name) for name in data.modalities}
    for column, name in enumerate(data.modalities):
        present = data.present[:, column]
        lines += list(_exact(data, keys[name], present, modality=name))
        lines += list(_near(data, name, keys[name], present))
    everything = np.ones(len(data), dtype=bool)
    if data.shape[1] > 0:
        lines += list(_exact(data, _combined(data, keys), everything, modality=EVERY))
    if data.groups is not None:
        numbers = np.unique(data.groups, return_inverse=True)[1].astype(np.uint64)
        lines += list(_exact(data, numbers, everything, modality=GROUPS))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def repeated_rows(data: Dataset) -> dict[str, int]:
    """Return counts of "val" and "test" rows equal to a training row in all modalities.

    Rows must have the same modalities; ids, labels and metadata do not matter.

    Examples
    --------
    >>> from refnet_viz.data import Dataset
    >>> data = Dataset.from_arrays(
    ...     {"a": [[0.0], [5.0], [0.0]]}, split=["train", "val", "test"])
    >>> repeated_rows(data)
    {'test': 1}
    """
    keys = _combined(data, {name: _hashes_of(data, name) for name in data.modalities})
    train_keys = keys[data.split == "train"]
    counts = {
        part: int(np.isin(keys[data.split == part], train_keys).sum())
        for part in SPLITS[1:]
    }
    return {part: count for part, count in counts.items() if count}


def contents(modality: Modality, rows: Positions) -> Iterator[bytes]:
    """Yield the bytes of some rows, without padding; 0.0 and -0.0 are the same.

    Examples
    --------
    >>> both = Modality.of("a", np.array([[0.0], [-0.0]]))
    >>> len(set(contents(both, np.arange(2))))
    1
    """
    for _, block in modality.blocks(rows):
        for i, row in enumerate(block.values):
            values = row if block.mask is None else row[block.mask[i]]
            yield (values + 0.0 if values.dtype.kind == "f" else values).tobytes()


def _hashes_of(data: Dataset, name: str) -> Hashes:
    """Return a number for the content of each row, 0 where it is not present."""
    modality = data.modalities[name]
    rows = np.flatnonzero(data.present[:, list(data.modalities).index(name)])
    hashes = np.zeros(len(data), dtype=np.uint64)
    for i, content in zip(rows, contents(modality, rows), strict=True):
        digest = hashlib.blake2b(content, digest_size=8).digest()
        hashes[i] = int.from_bytes(digest, "little")
    return hashes


def _combined(data: Dataset, keys: dict[str, Hashes]) -> Hashes:
    """Return a number for each row, the same where all modalities are the same."""
    table = np.column_stack([*keys.values(), data.present.astype(np.uint64)])
    numbers = np.unique(table, axis=0, return_inverse=True)[1]
    return np.asarray(numbers.ravel(), dtype=np.uint64)


def _pairs(data: Dataset) -> list[tuple[str, str]]:
    parts = [part for part in SPLITS if (data.split == part).any()]
    return list(combinations(parts, 2))


def _exact(
    data: Dataset, keys: Hashes, present: Bools, *, modality: str
) -> Iterator[dict[str, Any]]:
    """Yield a line for each two parts that share a key."""
    for earlier, later in _pairs(data):
        first, second = (
            np.flatnonzero(present & (data.split == p)) for p in (earlier, later)
        )
        across = _same(keys, second, first)
        if across.count:
            kind = "group" if modality == GROUPS else "exact"
            yield _line(
                data,
                (modality, kind),
                (earlier, later),
                across,
                _same(keys, first, first),
                np.nan,
            )


def _same(keys: Hashes, rows: Positions, others: Positions) -> Doubles:
    """Return for each row the first other one of the same key."""
    order = others[np.argsort(keys[others], kind="stable")]
    place = np.searchsorted(keys[order], keys[rows])
    partner = np.full(len(rows), -1)
    for step in (0, 1):  # the second one where the first is the row itself
        at = np.minimum(place + step, max(len(order) - 1, 0))
        if not len(order):
            break
        match = (keys[order[at]] == keys[rows]) & (order[at] != rows) & (partner < 0)
        partner[match] = order[at][match]
    return Doubles(rows, partner, np.zeros(len(rows)))


def _near(
    data: Dataset, name: str, keys: Hashes, present: Bools
) -> Iterator[dict[str, Any]]:
    """Yield a line for each two parts with rows that are near but not the same."""
    if data.modalities[name].kind not in ("vector", "sequence"):
        return
    near = _Near(data, data.modalities[name], keys, present)
    if not 0 < near.limit < np.inf:
        return
    for earlier, later in _pairs(data):
        across = near.within(later, earlier)
        if across.count:
            within = near.within(earlier, earlier)
            yield _line(
                data, (name, "near"), (earlier, later), across, within, near.limit
            )


class _Near:
    """Rows of one modality beside others that are near, but not the same."""

    def __init__(
        self, data: Dataset, modality: Modality, keys: Hashes, present: Bools
    ) -> None:
        self._rows = _sample(present, int(np.prod(modality.shape)))
        split = data.split[self._rows]
        self._parts = {part: np.flatnonzero(split == part) for part in SPLITS}
        self._points = _points(modality, self._rows, self._parts["train"])
        self._keys = keys[self._rows]
        self._known: dict[tuple[str, str], Doubles] = {}
        typical = self._closest("train", "train").distance
        self.limit = NEAR * float(np.median(typical)) if len(typical) else 0.0

    def within(self, part: str, others: str) -> Doubles:
        """Return the doubles of a part's rows among others, as rows of the data."""
        nearest = self._closest(part, others)
        same = _same(self._keys, self._parts[part], self._parts[others])
        near = (nearest.distance <= self.limit) & (same.other < 0)
        other = np.where(near, self._rows[nearest.other], -1)
        return Doubles(self._rows[nearest.rows], other, nearest.distance)

    def _closest(self, part: str, others: str) -> Doubles:
        """Return for each row the nearest other one that is not the same."""
        if (part, others) not in self._known:
            rows, among = self._parts[part], self._parts[others]
            keys, first = np.unique(self._keys[among], return_index=True)
            place = np.minimum(np.searchsorted(keys, self._keys[rows]), len(keys) - 1)
            same = -np.ones(len(rows), dtype=np.int64)
            if len(keys):
                equal = keys[place] == self._keys[rows]
                same = np.where(equal, among[first[place]], -1)
            closest = nearest_among(
                self._points, rows, among[np.sort(first)], without=same
            )
            self._known[part, others] = Doubles(rows, *closest)
        return self._known[part, others]


def _sample(present: Bools, width: int) -> Positions:
    """Return the rows that are present, or as many of them as can be compared."""
    rows = np.flatnonzero(present)
    most = min(MOST_ROWS, MOST_NUMBERS // max(1, width))
    if len(rows) <= most:
        return rows
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(rows, most, replace=False))


def _points(
    modality: Modality, rows: Positions, train: Positions
) -> npt.NDArray[np.float64]:
    """Return one vector a row, scaled as for training; `train` are among them."""
    values = modality.values[rows].astype(np.float64)
    if modality.mask is not None:
        values *= modality.mask[rows][:, :, None]
    flat = values.reshape(len(rows), -1)
    if modality.common_scale or modality.kind == "sequence" or not len(train):
        return flat
    spread = flat[train].std(axis=0)
    flat /= np.where(spread > 0, spread, 1.0)
    return flat


def _line(
    data: Dataset,
    case: tuple[str, str],
    parts: tuple[str, str],
    across: Doubles,
    within: Doubles,
    limit: float,
) -> dict[str, Any]:
    """Return a row of the table, with the closest pair as the example."""
    matched = np.flatnonzero(across.other >= 0)
    first = matched[np.argmin(across.distance[matched])]
    return {
        "modality": case[0],
        "kind": case[1],
        "parts": " / ".join(parts),
        "rows": across.count,
        "share": across.share,
        "share_within": within.share,
        "compared": len(across.rows),
        "id": str(data.ids[across.rows[first]]),
        "other_id": str(data.ids[across.other[first]]),
        "distance": float("nan") if case[1] == "group" else across.distance[first],
        "near": limit,
    }
