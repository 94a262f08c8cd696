"""Rows of one size in a file, read by position: memory maps without their risk."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .stored import Array, Positions

MODES = ("r", "r+", "w+")  # modes in which a map is what the file holds


@dataclass(frozen=True, eq=False)
class RawFile:
    """Rows of one size in a file, read by position.

    A file that shrinks under a memory map ends the process; reads that come back short
    do not. Neither is a file read that was written into since it was opened.

    Parameters
    ----------
    path
        The file.
    shape, dtype
        Rows and the shape of one, and the type of the numbers.
    offset
        Bytes before the first row.
    stride
        Bytes from one row to the next.
    state
        Size and time of the last change, when it was opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", np.eye(3))
    ...     rows = RawFile.of(np.load(f"{folder}/x.npy", mmap_mode="r"))
    ...     rows.read(np.array([0, 2])).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    stride: int
    state: tuple[int, int]

    @classmethod
    def of(cls, values: np.memmap[Any, Any], name: str = "rows") -> RawFile:
        """Return the file that a memory map, or a part of one, shows.

        Raises
        ------
        ValueError
            If the numbers of a row do not stand side by side.
        """
        row = int(np.prod(values.shape[1:], dtype=np.int64)) * values.itemsize
        inner = np.empty((1, *values.shape[1:]), values.dtype).strides[1:]
        if values.strides[1:] != inner or (len(values) > 1 and values.strides[0] < row):
            raise ValueError(
                f"`{name}` must have the numbers of each row side by side on disk (C "
                f"order) to be read from there, got strides {values.strides}."
            )
        # A part of a map remembers where the whole began, not where it begins itself.
        whole: Any = np.frombuffer(values._mmap, np.uint8)  # type: ignore[attr-defined]
        start = values.offset - values.offset % mmap.ALLOCATIONGRANULARITY
        address = values.__array_interface__["data"][0]
        offset = start + address - whole.__array_interface__["data"][0]
        return cls.at(Path(str(values.filename)), values.shape, values.dtype, offset,
                      values.strides[0], name)  # fmt: skip

    @classmethod
    def at(
        cls,
        path: Path,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        offset: int,
        stride: int,
        name: str = "rows",
    ) -> RawFile:
        """Return rows at a place in a file, which has to be long enough.

        Raises
        ------
        ValueError
            If it is too short.
        """
        row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
        state = _state(path, name)
        needed = offset + (shape[0] - 1) * stride + row if shape[0] else 0
        if state[0] < needed:
            raise ValueError(
                f"`{name}` must be as long as it says, got {state[0]:,} of "
                f"{needed:,} bytes in {path.name!r}."
            )
        return cls(path.absolute(), shape, dtype, offset, stride, state)

    def read(self, rows: Positions) -> Array:
        """Return some rows.

        Raises
        ------
        FileNotFoundError
            If the file is gone.
        ValueError
            If it has changed since it was opened.
        """
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        row = values.nbytes // max(1, len(rows))
        if not values.nbytes:
            return values
        view = values.reshape(-1).view(np.uint8).data
        try:
            file = self.path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise _gone(self.path) from error
        with file:
            status = os.fstat(file.fileno())
            self._check((status.st_size, status.st_mtime_ns))
            joined = self.stride == row
            breaks = np.flatnonzero(np.diff(rows) != 1) + 1 if joined else ()
            starts = [0, *breaks] if joined else range(len(rows))
            ends = [*breaks, len(rows)] if joined else range(1, len(rows) + 1)
            for first, last in zip(starts, ends, strict=True):
                file.seek(self.offset + int(rows[first]) * self.stride)
                at, end = int(first) * row, int(last) * row
                while at < end:
                    count = file.readinto(view[at:end])
                    if not count:
                        self._check((0, 0))
                    at += count or 0
        return values

    def _check(self, state: tuple[int, int]) -> None:
        if state[0] < self.state[0]:
            raise ValueError(
                f"{self.path.name!r} must stay as it is while its rows are used, but "
                f"it is shorter than when it was opened ({self.state[0]:,} bytes)."
            )
        if state != self.state:
            raise ValueError(
                f"{self.path.name!r} must stay as it is while its rows are used, but "
                "it was written into since it was opened; open it anew."
            )


def _state(path: Path, name: str) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"`{name}` must be a file, got {str(path)!r}."
        ) from error
    return status.st_size, status.st_mtime_ns


def _gone(path: Path) -> FileNotFoundError:
    return FileNotFoundError(
        f"{path.name!r} must stay where it is while its rows are used, but it is gone."
    )
