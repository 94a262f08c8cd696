"""Digits that numbers lose in 32 bits, which hold seven of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# Rounding that moves a value by more than this part of its column's deviation.
_PART = 1e-3
_BLOCK = 1 << 20  # numbers looked at together


def rounded_column(values: npt.NDArray[Any]) -> int | None:
    """Return the first column whose differences 32 bits do not hold, or None.

    Rounding to float32 may move a value by a thousandth of the column's standard
    deviation; numbers that lie some 16,000 deviations from zero are moved by more, as
    times and coordinates of maps are. A constant column is none.

    Parameters
    ----------
    values
        ``(N, D)`` numbers.

    Examples
    --------
    >>> seconds = 1.7e9 + np.arange(4.0)[:, None]
    >>> rounded_column(seconds), rounded_column(seconds - seconds.mean())
    (0, None)
    """
    if values.dtype.itemsize <= 2 or values.dtype == np.float32 or not values.size:
        return None
    count, width = values.shape
    step = max(1, _BLOCK // width)
    blocks = [slice(start, start + step) for start in range(0, count, step)]
    moved = np.zeros(width)
    for rows in blocks:
        exact = _exact(values[rows])
        with np.errstate(over="ignore"):
            single = values[rows].astype(np.float32)
        moved = np.maximum(moved, np.abs(exact - single).max(axis=0).astype(float))
    columns = np.flatnonzero(moved)
    if not len(columns) or not np.isfinite(moved).all():
        return None  # `refuse_overflow` speaks of those
    mean = sum(_exact(values[rows][:, columns]).sum(axis=0) for rows in blocks) / count
    squares: npt.NDArray[Any] = sum(
        ((_exact(values[rows][:, columns]) - mean) ** 2).sum(axis=0) for rows in blocks
    )
    spread = np.sqrt((squares / count).astype(float))
    # The mean of equal numbers is rounded, too.
    varies = np.array([(values[:, c] != values[0, c]).any() for c in columns])
    lost = columns[varies & (moved[columns] > _PART * spread)]
    return int(lost[0]) if len(lost) else None


def refuse_overflow(name: str, values: npt.NDArray[Any]) -> None:
    """Refuse numbers that are infinite in 32 bits.

    Examples
    --------
    >>> refuse_overflow("a", np.array([1e39]))
    Traceback (most recent call last):
    ...
    ValueError: `a` must hold numbers that fit 32 bits (up to 3.4e38), got 1e+39.
    """
    if values.dtype == np.float32 or not values.size:
        return
    top = max(abs(float(values.max())), abs(float(values.min())))
    if top > float(np.finfo(np.float32).max):
        raise ValueError(
            f"`{name}` must hold numbers that fit 32 bits (up to 3.4e38), got {top:g}."
        )


def centred(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return ``(N, D)`` numbers minus the mean of each column.

    Examples
    --------
    >>> centred(np.array([[2**62 + 1], [2**62 + 3]])).ravel().tolist()
    [-1.0, 1.0]
    """
    exact = _exact(values)
    # About the first row, so that sums of large numbers lose nothing.
    about = exact - exact[0]
    return np.asarray(about - about.mean(axis=0), dtype=np.float64)


def _exact(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return numbers in which whole ones of 64 bits keep their digits."""
    whole = values.dtype.kind in "iu" and values.dtype.itemsize == 8
    return values.astype(np.longdouble if whole else np.float64)


def refuse_rounding(name: str, values: npt.NDArray[Any]) -> None:
    """Refuse numbers whose differences are lost in 32 bits.

    Parameters
    ----------
    name
        What the caller calls them; used in the error.
    values
        ``(N, D)`` numbers.

    Raises
    ------
    ValueError
        If rounding moves a value by more than a thousandth of the standard deviation
        of its column.

    Examples
    --------
    >>> refuse_rounding("t", 1e8 + np.arange(4.0)[:, None])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: `t` must hold numbers whose differences fit 32 bits, got ...
    """
    column = rounded_column(values)
    if column is None:
        return
    low, high = values[:, column].min(), values[:, column].max()
    raise _lost(name, column, float(low), float(high))


def _lost(name: str, column: int, low: float, high: float) -> ValueError:
    return ValueError(
        f"`{name}` must hold numbers whose differences fit 32 bits, got {low:.12g} to "
        f"{high:.12g} in column {column}; subtract an origin that all data share."
    )


class BlockRounding:
    """Loss of numbers that come in blocks when they become 32 bits.

    Parameters
    ----------
    width
        Number of columns.

    Examples
    --------
    >>> seen = BlockRounding(1)
    >>> seen.add(1e8 + np.arange(4.0)[:, None])
    >>> seen.refuse("t")
    Traceback (most recent call last):
    ...
    ValueError: `t` must hold numbers whose differences fit 32 bits, got 100000000 to
    100000003 in column 0; subtract an origin that all data share.
    """

    def __init__(self, width: int) -> None:
        self.count = 0
        self.mean, self.squares, self.moved = np.zeros((3, width))
        self.low, self.high = np.full(width, np.inf), np.full(width, -np.inf)

    def add(self, block: npt.NDArray[Any]) -> None:
        """Look at ``(R, width)`` numbers; those of 32 bits or fewer lose nothing."""
        if block.dtype.itemsize <= 4 or not len(block):
            return
        exact = block.astype(np.float64)
        with np.errstate(over="ignore"):
            moved = np.abs(exact - exact.astype(np.float32))
        self.moved = np.maximum(self.moved, moved.max(axis=0))
        self.low = np.minimum(self.low, exact.min(axis=0))
        self.high = np.maximum(self.high, exact.max(axis=0))
        # Means and squares of two parts (Chan et al. 1979).
        mean, count = exact.mean(axis=0), len(exact)
        apart, total = mean - self.mean, self.count + count
        self.squares += ((exact - mean) ** 2).sum(axis=0)
        self.squares += apart**2 * self.count * count / total
        self.mean, self.count = self.mean + apart * count / total, total

    def refuse(self, name: str) -> None:
        """Refuse what was seen as `refuse_rounding` does."""
        if not self.count or not np.isfinite(self.moved).all():
            return
        spread = np.sqrt(self.squares / self.count)
        lost = (self.low < self.high) & (self.moved > _PART * spread)
        if lost.any():
            column = int(lost.argmax())
            low, high = float(self.low[column]), float(self.high[column])
            raise _lost(name, column, low, high)
