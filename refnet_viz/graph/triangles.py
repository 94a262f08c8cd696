"""Triangles of sparse graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

# 2^32 and 2^64 divided by the golden ratio, odd (Knuth 1973, 6.4).
SPREAD, WIDE_SPREAD = np.uint32(0x9E3779B1), np.uint64(0x9E3779B97F4A7C15)
PLACES = 16  # of the table an edge: one lookup in sixteen is in vain
FULL = 0.8  # share of edges still looked at below which the others are left out


def triangle_counts(n: int, source: Rows, target: Rows) -> tuple[Rows, Rows]:
    """Return the number of triangles and of edges of every point.

    Every edge points to its end of higher degree, so that hubs begin few of them;
    of each two that begin at a point, the third edge is looked up.

    Parameters
    ----------
    n
        Number of points.
    source, target
        Ends of every edge, in one direction or both; loops do not count, nor an edge
        twice.

    Examples
    --------
    >>> ends = np.array([[0, 0, 1, 2], [1, 2, 2, 3]])
    >>> triangles, degree = triangle_counts(4, *ends)
    >>> triangles.tolist(), degree.tolist()
    ([1, 1, 1, 0], [2, 2, 3, 1])
    """
    keys, rank, degree = _forward(n, source, target)
    if not len(keys):
        return degree, degree
    # Numbers of 32 bits where all fit: half the memory to go through.
    kind: Any = np.uint32 if n < 2**16 else np.uint64
    spread: Any = SPREAD if n < 2**16 else WIDE_SPREAD
    low, high = np.divmod(keys, n)
    keys, end = keys.astype(kind), high.astype(kind)
    bits = int(PLACES * len(keys)).bit_length()
    shift = kind(8 * kind().itemsize - bits)
    marks = np.zeros(1 << bits, dtype=bool)
    marks[keys * spread >> shift] = True
    table = np.packbits(marks, bitorder="little")  # a bit each stays in the cache
    start = end * kind(n)
    # The place of a sum is the sum of two places, before the shift.
    start_place, end_place = start * spread, end * spread
    rest = np.searchsorted(low, low, side="right") - np.arange(len(low)) - 1
    counts = np.zeros(n, dtype=np.int64)
    rest = rest.astype(np.int32)
    longest = int(rest.max(initial=0))
    left = len(rest) - np.cumsum(np.bincount(rest))  # edges with more than so many
    end_place = np.append(end_place, np.zeros(longest, kind))
    first, begin = np.arange(len(low), dtype=np.int32), start_place
    for step in range(1, longest + 1):
        if left[step - 1] < FULL * len(first):
            first = first[rest[first] >= step]
            begin = start_place[first]
        place = end_place[step:][first]
        place += begin
        place >>= shift
        bit = table[place >> 3] >> (place.astype(np.uint8) & 7) & 1
        kept = first[np.flatnonzero(bit)]
        kept = kept[rest[kept] >= step]
        third = start[kept] + end[kept + step]
        row = np.minimum(np.searchsorted(keys, third), len(keys) - 1)
        closed = kept[keys[row] == third]
        for corner in (low[closed], high[closed], high[closed + step]):
            counts += np.bincount(corner, minlength=n)
    return counts[rank], degree


def _forward(n: int, source: Rows, target: Rows) -> tuple[Rows, Rows, Rows]:
    """Return edges as numbers, from lower to higher degree, and rank and degrees."""
    low, high = np.minimum(source, target), np.maximum(source, target)
    both = np.sort((low * n + high)[low != high])
    # `numpy.unique` hashes, which takes many times as long as sorting numbers does.
    low, high = np.divmod(both[np.diff(both, prepend=-1) > 0], n)
    degree = np.bincount(low, minlength=n) + np.bincount(high, minlength=n)
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(degree, kind="stable")] = np.arange(n)
    a, b = rank[low], rank[high]
    return np.sort(np.minimum(a, b) * n + np.maximum(a, b)), rank, degree
