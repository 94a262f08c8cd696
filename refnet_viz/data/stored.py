"""Rows of a modality that stay on disk: read some at a time, never held as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .._memory import check_room

Array = npt.NDArray[Any]
Positions = npt.NDArray[np.intp]

AT_ONCE = 2**25  # bytes of a block of rows


class Source(Protocol):
    """Rows of numbers that can be read some at a time.

    Anything with these three serves as a modality: `refnet_viz.data.stored` takes it.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and the shape of one."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""

    def read(self, rows: Positions) -> Array:
        """Return the rows at these positions, each of which is above the one before."""


@dataclass(frozen=True, eq=False)
class Stored:
    """Rows on disk in an order of their own, as an array that is read when asked.

    Some rows, ``x[index]``, are read as an array. All of them, as numpy functions ask
    for them, are read only if they fit into memory; else an error says what they need.

    Parameters
    ----------
    source
        What has the rows.
    index
        ``(N,)`` position of each row in the source, -1 for a row of zeros; None for
        all rows as they stand.
    name
        What errors call it.
    titles
        Names of the columns, or empty.

    Examples
    --------
    >>> rows = Stored(InMemory(np.eye(3))).take(np.array([2, -1]))
    >>> rows.shape, rows[0].tolist(), rows[[1]].tolist()
    ((2, 3), [0.0, 0.0, 1.0], [[0.0, 0.0, 0.0]])
    """

    source: Source = field(repr=False)
    index: Positions | None = field(default=None, repr=False)
    name: str = "rows"
    titles: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.source.shape[0] if self.index is None else len(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and the shape of one."""
        return (len(self), *self.source.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return self.source.dtype

    @property
    def size(self) -> int:
        """Count of the numbers."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes that all rows would take in memory."""
        return self.size * self.dtype.itemsize

    def take(self, index: Any) -> Stored:
        """Return some rows, -1 meaning a row of zeros; nothing is read."""
        places = np.asarray(index, dtype=np.intp)
        chosen = places
        if self.index is not None:
            chosen = np.where(places < 0, -1, self.index[np.maximum(places, 0)])
        return replace(self, index=chosen)

    def zeroed(self, absent: npt.NDArray[np.bool_]) -> Stored:
        """Return the same rows, with zeros in those that are absent."""
        if not absent.any():
            return self
        return self.take(np.where(absent, -1, np.arange(len(self))))

    def read(self, rows: Any = None) -> Array:
        """Return some rows, or all, in the order asked for; rows may repeat.

        Each row is read once, in the order of the disk.
        """
        places = np.arange(len(self)) if rows is None else np.asarray(rows, np.intp)
        if self.index is not None:
            places = self.index[places]
        if len(places) and places[0] >= 0 and (np.diff(places) > 0).all():
            return self.source.read(places)
        there = places >= 0
        unique, inverse = np.unique(places[there], return_inverse=True)
        shape = self.source.shape[1:]
        block = np.zeros((0, *shape), self.dtype)
        if len(unique):
            block = self.source.read(unique)
        if there.all():
            return block[inverse]
        values = np.zeros((len(places), *shape), self.dtype)
        values[there] = block[inverse]
        return values

    def blocks(self, rows: Positions | None = None) -> Iterator[tuple[slice, Array]]:
        """Yield some rows, or all, one block after another, and the place of each."""
        count = len(self) if rows is None else len(rows)
        step = rows_at_once(self)
        for start in range(0, count, step):
            part = slice(start, min(count, start + step))
            inside = np.arange(part.start, part.stop) if rows is None else rows[part]
            yield part, self.read(inside)

    def mapped(
        self,
        function: Callable[..., Array],
        *others: Any,
        shape: tuple[int, ...],
        dtype: Any,
    ) -> Stored:
        """Return rows that a function makes of these, and of others, when read.

        Parameters
        ----------
        function
            Takes blocks of these and of the others, and works row by row.
        others
            Further arrays, or rows on disk, of as many rows.
        shape
            Shape of a row that it makes.
        dtype
            Type of the numbers that it makes.

        Examples
        --------
        >>> rows = Stored(InMemory(np.eye(2)))
        >>> rows.mapped(np.exp2, shape=(2,), dtype="f8")[[1]].tolist()
        [[1.0, 2.0]]
        """
        made = Derived((self, *others), function, (len(self), *shape), np.dtype(dtype))
        return Stored(made, name=self.name)

    def columns(self, index: Any) -> Stored:
        """Return the columns of vectors at `index`."""
        places = np.asarray(index, dtype=np.intp)
        return self.mapped(Columns(places), shape=(len(places),), dtype=self.dtype)

    @cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the rows in their order: one pass over them."""
        digest = hashlib.sha256(f"{self.dtype}{self.shape}".encode())
        update(digest, self)
        return digest.hexdigest()

    def astype(self, dtype: Any, *, copy: bool = True) -> Array:
        """Return all rows in memory, as another type.

        Raises
        ------
        MemoryError
            If they do not fit, said before the first is read.
        """
        return self.__array__(dtype, copy=copy)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            rows, *rest = key
            return self[rows][(slice(None), *rest)] if rest else self[rows]
        if isinstance(key, int | np.integer):
            if not -len(self) <= key < len(self):
                raise IndexError(f"row {key} of {len(self)}")
            return self.read([int(key) % len(self)])[0]
        return self.read(np.arange(len(self))[key])

    def __iter__(self) -> Iterator[Any]:
        for _, block in self.blocks():
            yield from block

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: FBT001
        kind = self.dtype if dtype is None else np.dtype(dtype)
        needed = self.size * kind.itemsize
        check_room(
            self.name, needed, f"reading all {len(self):,} rows, which are on disk,"
        )
        values = np.empty(self.shape, kind)
        for part, block in self.blocks():
            values[part] = block
        return values


@dataclass(frozen=True, eq=False)
class InMemory:
    """An array as a source of rows.

    Examples
    --------
    >>> InMemory(np.eye(2)).read(np.array([1])).tolist()
    [[0.0, 1.0]]
    """

    values: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and the shape of one."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return self.values.dtype

    def read(self, rows: Positions) -> Array:
        """Return some rows."""
        return self.values[rows]


@dataclass(frozen=True, eq=False)
class Derived:
    """Rows that a function makes of other rows when they are read.

    Parameters
    ----------
    parts
        Arrays, or rows on disk, of as many rows.
    function
        Takes a block of each, and works row by row.
    shape, dtype
        Rows and the shape of one, and the type of the numbers that it makes.
    """

    parts: tuple[Any, ...]
    function: Callable[..., Array]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, rows: Positions) -> Array:
        """Return some rows."""
        return self.function(*[part[rows] for part in self.parts])


@dataclass(frozen=True, eq=False)
class Columns:
    """Function that takes some columns of vectors."""

    index: Positions

    def __call__(self, values: Array) -> Array:
        """Return the columns."""
        return np.ascontiguousarray(values[:, self.index])


@dataclass(frozen=True, eq=False)
class Standardised:
    """Function that subtracts a mean and divides by a scale, column by column."""

    mean: Array
    scale: Array
    dtype: Any = None

    def __call__(self, values: Array) -> Array:
        """Return the scaled rows."""
        centred: Array = values - self.mean
        centred /= self.scale
        return centred if self.dtype is None else centred.astype(self.dtype)


@dataclass(frozen=True, eq=False)
class Weighted:
    """Function that puts vectors side by side, weighted in double precision."""

    weights: tuple[float, ...]

    def __call__(self, *blocks: Array) -> Array:
        """Return the vectors side by side."""
        if not self.weights:
            return np.hstack(blocks)
        pairs = zip(self.weights, blocks, strict=True)
        return np.hstack([weight * block.astype(np.float64) for weight, block in pairs])


def side_by_side(
    blocks: list[Any],
    weights: list[float] | None = None,
    name: str = "rows",
    *,
    dtype: Any = np.float64,
) -> Stored:
    """Return weighted vectors side by side, of which some are on disk.

    Parameters
    ----------
    blocks
        Arrays, or rows on disk, ``(N, d)`` each.
    weights
        A factor for each; None leaves them as they are.
    name
        What errors call it.
    dtype
        Type of the numbers: float64 of weighted ones.

    Examples
    --------
    >>> rows = Stored(InMemory(np.eye(2)))
    >>> side_by_side([rows, np.ones((2, 1))], [2.0, 1.0])[[0]].tolist()
    [[2.0, 0.0, 1.0]]
    """
    width = sum(block.shape[1] for block in blocks)
    shape = len(blocks[0]), width
    made = Derived(
        tuple(blocks), Weighted(tuple(weights or ())), shape, np.dtype(dtype)
    )
    return Stored(made, name=name)


def moments(values: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and variance of the columns of an array, or of rows on disk.

    One pass; two blocks are joined as in Chan, Golub and LeVeque, "Updating formulae
    and a pairwise algorithm for computing sample variances", 1979.

    Parameters
    ----------
    values
        ``(N, d)``.

    Examples
    --------
    >>> mean, variance = moments(np.array([[0.0], [2.0]]))
    >>> mean.tolist(), variance.tolist()
    ([1.0], [1.0])
    """
    count, mean, variance = 0, np.zeros(values.shape[1:]), np.zeros(values.shape[1:])
    for _, block in row_blocks(values):
        wide = block.astype(np.float64, copy=False)
        centre, spread = wide.mean(axis=0), wide.var(axis=0)
        if count:
            share = len(wide) / (count + len(wide))
            apart = centre - mean
            centre = mean + share * apart
            spread = variance + share * (spread - variance)
            spread += share * (1 - share) * apart**2
            # Means of blocks of equal numbers differ by roundings, which is no spread.
            spread[spread <= 1e-28 * centre**2] = 0.0
        count, mean, variance = count + len(wide), centre, spread
    return mean, variance


def rows_at_once(values: Any) -> int:
    """Return how many rows of an array, or of rows on disk, make a block.

    Examples
    --------
    >>> rows_at_once(np.zeros((10, 2**20), np.float32))
    8
    """
    each = int(np.prod(values.shape[1:], dtype=np.int64)) * values.dtype.itemsize
    return max(1, AT_ONCE // max(1, each))


def in_double(values: Any) -> Any:
    """Return an array in double precision; rows on disk become it when they are read.

    Examples
    --------
    >>> in_double(np.ones((1, 1), np.float32)).dtype
    dtype('float64')
    """
    if isinstance(values, Stored):
        return side_by_side([values], [1.0], values.name)
    return values.astype(np.float64)


def row_blocks(values: Any) -> Iterator[tuple[slice, Array]]:
    """Yield an array as one block, or rows on disk in several.

    Examples
    --------
    >>> [(part.stop, block.shape) for part, block in row_blocks(np.eye(3))]
    [(3, (3, 3))]
    """
    if isinstance(values, Stored):
        yield from values.blocks()
    else:
        yield slice(0, len(values)), values


def update(digest: Any, values: Any) -> None:
    """Feed a digest of hashlib with the bytes of an array, block by block if on disk.

    Examples
    --------
    >>> one, other = hashlib.sha256(), hashlib.sha256()
    >>> update(one, np.eye(2))
    >>> update(other, Stored(InMemory(np.eye(2))))
    >>> one.digest() == other.digest()
    True
    """
    for _, block in row_blocks(values):
        digest.update(np.ascontiguousarray(block).data if block.size else b"")
