"""Filters: small histograms of what is known of the points, linked to the selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.meaning import meaning
from ..plot.scale import text_of
from ..plot.text import cut
from .embeddings import Rows

BINS = 24
MOST_BARS = 10  # categories; the others are one bar
MOST_FILTERS = 32
LONGEST = 24  # characters of a name
MISSING = "missing"

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Filter:
    """A column in bins.

    Parameters
    ----------
    name
        Name of the column.
    codes
        ``(N,)`` number of each point's bin, -1 where its value is missing.
    texts
        What each bin holds, for a scale as ``from to``.
    is_scale
        Whether the bins are parts of a scale, of which several can be selected.

    Examples
    --------
    >>> sizes = Filter.of("size", [0.0, 1.0, 4.0, None])
    >>> sizes.is_scale, sizes.codes.tolist(), sizes.texts[0]
    (True, [0, 6, 23, -1], '0 to 0.1667')
    >>> kinds = Filter.of("kind", ["b", "a", "b"])
    >>> kinds.texts, kinds.rows(0, 0).tolist()
    (('b', 'a'), [0, 2])
    """

    name: str
    codes: Codes
    texts: tuple[str, ...]
    is_scale: bool

    @classmethod
    def of(cls, name: str, values: Any) -> Filter | None:
        """Return the filter of a column; None where it says nothing.

        Parameters
        ----------
        name
            Name of the column.
        values
            ``(N,)`` values, see `refnet_viz.data.meaning`.
        """
        column = meaning([values])
        if column.kind == "none":
            return None
        if column.kind == "categories":
            return _of_categories(name, np.asarray(column.values), column.names)
        return _of_scale(name, np.asarray(column.values, np.float64), column.kind)

    @cached_property
    def counts(self) -> Codes:
        """Number of points of each bin."""
        return self._count(self.codes)

    def _count(self, codes: Codes) -> Codes:
        return np.bincount(codes[codes >= 0], minlength=len(self.texts))

    def rows(self, first: int, last: int) -> Rows:
        """Return the points of some bins, in the order of the data."""
        return np.flatnonzero((self.codes >= first) & (self.codes <= last))

    def content(self, rows: Rows) -> dict[str, Any]:
        """Return what is drawn, with how many of the selected points each bin has."""
        missing = int((self.codes < 0).sum())
        return {
            "name": self.name,
            "title": cut(self.name, LONGEST),
            "scale": self.is_scale,
            "texts": list(self.texts),
            "counts": self.counts.tolist(),
            "chosen": self._count(self.codes[rows]).tolist() if len(rows) else None,
            "note": f"{missing:,} {MISSING}" if missing else "",
        }


def filters_of(columns: Mapping[str, Any]) -> list[Filter]:
    """Return the filters of those columns that there are and that say something.

    Examples
    --------
    >>> [one.name for one in filters_of({"a": [1.5, 2.5], "b": None, "c": ["x", "x"]})]
    ['a']
    """
    filters = [
        Filter.of(n, values) for n, values in columns.items() if values is not None
    ]
    return [one for one in filters if one is not None]


def _of_scale(name: str, values: npt.NDArray[np.float64], kind: str) -> Filter | None:
    finite = np.isfinite(values)
    if not finite.any() or values[finite].min() == values[finite].max():
        return None
    low, high = values[finite].min(), values[finite].max()
    edges = np.linspace(low, high, BINS + 1)
    codes = np.full(len(values), -1)
    inner = np.searchsorted(edges, values[finite], side="right") - 1
    codes[finite] = np.clip(inner, 0, BINS - 1)
    words = [text_of(kind, edge, high - low) for edge in edges]
    texts = [f"{a} to {b}" for a, b in pairwise(words)]
    return Filter(name, codes, tuple(texts), is_scale=True)


def _of_categories(
    name: str, values: npt.NDArray[Any], names: Sequence[str]
) -> Filter | None:
    if len(names) < 2:
        return None
    counts = np.bincount(values[values >= 0], minlength=len(names))
    ranked = np.argsort(-counts, kind="stable")
    if len(ranked) == len(values):
        return None  # all differ: names, not categories
    listed = ranked if len(ranked) <= MOST_BARS else ranked[: MOST_BARS - 1]
    places = np.full(len(names), len(listed))
    places[listed] = np.arange(len(listed))
    codes = np.where(values < 0, -1, places[np.maximum(values, 0)])
    texts = [cut(str(names[i]), LONGEST) for i in listed]
    rest = len(names) - len(listed)
    texts += [f"{rest} others"] if rest else []
    return Filter(name, codes, tuple(texts), is_scale=False)
