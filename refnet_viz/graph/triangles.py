"""Triangles of sparse graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

# 2^32 and 2^64 divided by the golden ratio, odd (Knuth 1973, 6.4).
SPREAD, WIDE_SPREAD = np.uint32(0x9E3779B1), np.uint64(0x9E3779B97F4A7C15)
PLACES = 8  # of the table an edge: one lookup in eight is in vain
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
    # Numbers of 32 bits where all fit: half the memory to go through.
    kind: Any = np.uint32 if n < 2**16 else np.uint64
    spread: Any = SPREAD if n < 2**16 else WIDE_SPREAD
    keys, rank = _forward(n, source, target, kind)
    low, high = np.divmod(keys, kind(n))
    counts, after = (np.bincount(x, minlength=n) for x in (low, high))
    degree = (counts + after)[rank]
    if not len(keys):
        return degree, degree
    bits = int(PLACES * len(keys)).bit_length()
    shift = kind(8 * kind().itemsize - bits)
    marks = np.zeros(1 << bits, dtype=bool)
    marks[keys * spread >> shift] = True
    table = np.packbits(marks, bitorder="little")  # a bit each stays in the cache
    ends = np.cumsum(counts)
    rest = np.repeat(ends, counts) - np.arange(len(low)) - 1
    # What remainders by 64 the ends of each point's edges have is one number: most
    # pairs without a third edge are told by that.
    remainder = np.uint64(1) << (high & kind(63)).astype(np.uint64)
    begin = np.flatnonzero(counts)
    signature = np.zeros(n, dtype=np.uint64)
    signature[begin] = np.bitwise_or.reduceat(remainder, (ends - counts)[begin])
    longest = int(rest.max(initial=0))
    left = len(rest) - np.cumsum(np.bincount(rest))  # edges with more than so many
    remainder = np.append(remainder, np.zeros(longest, np.uint64))
    triangles = np.zeros(n, dtype=np.int64)
    first, of_end = np.arange(len(low)), signature[high]
    for step in range(1, longest + 1):
        if left[step - 1] < FULL * len(first):
            first = first[rest[first] >= step]
            of_end = signature[high[first]]
        kept = first[(of_end & remainder[step:][first]) > 0]
        kept = kept[rest[kept] >= step]
        third = high[kept] * kind(n) + high[kept + step]
        place = third * spread >> shift
        bit = table[place >> 3] >> (place & kind(7)).astype(np.uint8) & 1
        there = np.flatnonzero(bit)
        kept, third = kept[there], third[there]
        row = np.minimum(np.searchsorted(keys, third), len(keys) - 1)
        closed = kept[keys[row] == third]
        for corner in (low[closed], high[closed], high[closed + step]):
            triangles += np.bincount(corner, minlength=n)
    return triangles[rank], degree


def _forward(n: int, source: Rows, target: Rows, kind: Any) -> tuple[Any, Rows]:
    """Return edges as rising numbers, from lower to higher rank, and ranks by degree.

    Degrees count an edge in both directions twice: any order will do.
    """
    degree = np.bincount(source, minlength=n) + np.bincount(target, minlength=n)
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(degree, kind="stable")] = np.arange(n)
    a, b = rank[source].astype(kind), rank[target].astype(kind)
    both = np.minimum(a, b) * kind(n) + np.maximum(a, b)
    both = np.sort(both[a != b])
    # `numpy.unique` hashes, which takes many times as long as sorting numbers does.
    return both[np.append(True, both[1:] != both[:-1])[: len(both)]], rank
