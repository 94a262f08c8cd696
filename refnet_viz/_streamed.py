"""Exact nearest neighbours of rows that are read in blocks, in bounded memory."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ._progress import progress
from ._search import Floats, Rows, bound_factors, measured_by, smallest
from ._threads import in_blocks

_QUERIES = 2**23  # numbers of the rows that are asked for together: 64 MiB
_OTHERS = 2**22  # numbers of the rows that answer together: 32 MiB
_APART = 2**19  # numbers of differences at once
_NONE = np.iinfo(np.int64).max


class Readable(Protocol):
    """Rows of coordinates of which some can be read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    def __getitem__(self, key: Any) -> Any:
        """Return some rows."""


def nearest_read(points: Readable, k: int, *, metric: str) -> tuple[Rows, Floats]:
    """Return what `nearest` does, to the last bit, of rows that are read in blocks.

    Every two rows are compared. At a time there are some rows that are asked for and
    some that answer, about 300 MiB in all.

    Parameters
    ----------
    points
        ``(N, D)`` finite coordinates.
    k, metric
        As in `nearest`.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [3.0]])
    >>> nearest_read(points, 1, metric="euclidean")[0].ravel().tolist()
    [1, 0, 1]
    """
    n, width = points.shape
    many, few = max(1, _QUERIES // width), max(k + 1, _OTHERS // width)
    indices, distances = np.empty((n, k), np.int64), np.empty((n, k))
    origin = measured_by(metric, points[slice(0, few)])[0].mean(axis=0)
    pairs = [(q, o) for q in range(0, n, many) for o in range(0, n, few)]
    block: _Block | None = None
    for query, other in progress(pairs, "neighbours", delay=1):
        if block is None or block.start != query:
            block = _Block(points[slice(query, query + many)], query, k, metric, origin)
        block.add(points[slice(other, other + few)], other)
        indices[query : query + many] = block.indices
        distances[query : query + many] = block.distances
    return indices, distances


class _Block:
    """Rows that are asked for, and the nearest of those that have answered."""

    def __init__(
        self, points: Floats, start: int, k: int, metric: str, origin: Floats
    ) -> None:
        self.start, self.k, self.metric, self.origin = start, k, metric, origin
        self.x, self.length = measured_by(metric, points)
        self.left, _, self.squares = bound_factors(self.x, origin)
        shape = len(points), k
        self.indices = np.full(shape, _NONE, dtype=np.int64)
        self.distances, self.squared = np.full(shape, np.inf), np.full(shape, np.inf)
        # Squared distances that differ by less may be rounded to one cosine.
        self.room = 4e-14 if metric == "cosine" else 0.0

    def add(self, points: Floats, start: int) -> None:
        """Take in rows that answer, the first of which has the number `start`."""
        y, _ = measured_by(self.metric, points)
        _, right, _ = bound_factors(y, self.origin)

        def step(part: slice) -> None:
            self._add(part, y, right, start)

        in_blocks(step, len(self.x), len(y))

    def _add(self, part: slice, y: Floats, right: Floats, start: int) -> None:
        x = self.x[part]
        bounds = self.left[part] @ right
        bounds += self.squares[part, None]
        self_at = np.arange(len(x)) + self.start + part.start - start
        same = (self_at >= 0) & (self_at < len(y))
        bounds[np.flatnonzero(same), self_at[same]] = np.inf
        reach = self.squared[part].max(axis=1)
        if np.isinf(reach).any() and len(y) > self.k:
            guess = smallest(bounds, self.k)[0]
            row = np.repeat(np.arange(len(x)), self.k)
            far = _squared_apart(x, y, row, guess.ravel()).reshape(guess.shape)
            np.minimum(reach, far.max(axis=1), out=reach)
        near = bounds <= reach[:, None] + self.room
        near &= np.isfinite(bounds)
        row, column = np.nonzero(near)
        if len(row):
            squared = _squared_apart(x, y, row, column)
            self._merge(part, row, column + start, squared)

    def _merge(self, part: slice, row: Rows, other: Rows, squared: Floats) -> None:
        """Keep the `k` nearest of those that there were and of further pairs."""
        count = np.bincount(row, minlength=part.stop - part.start)
        place = (
            self.k + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        )
        shape = len(count), self.k + int(count.max())
        numbers = np.full(shape, _NONE, dtype=np.int64)
        far, lengths = np.full(shape, np.inf), np.full(shape, np.inf)
        numbers[:, : self.k] = self.indices[part]
        far[:, : self.k], lengths[:, : self.k] = (
            self.squared[part],
            self.distances[part],
        )
        numbers[row, place], far[row, place] = other, squared
        lengths[row, place] = self.length(squared)
        order = np.lexsort((numbers, lengths), axis=1)[:, : self.k]
        self.indices[part] = np.take_along_axis(numbers, order, axis=1)
        self.squared[part] = np.take_along_axis(far, order, axis=1)
        self.distances[part] = np.take_along_axis(lengths, order, axis=1)


def _squared_apart(x: Floats, y: Floats, row: Rows, column: Rows) -> Floats:
    """Return squared distances of listed pairs, as `nearest` computes them."""
    size, parts = max(1, _APART // x.shape[1]), []
    for at in range(0, len(row), size):
        apart = x[row[at : at + size]] - y[column[at : at + size]]
        apart *= apart
        parts.append(apart.sum(axis=-1))
    return np.concatenate(parts)
