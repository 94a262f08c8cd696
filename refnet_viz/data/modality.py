"""The `Modality` value: features of one kind, a row a point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import _check
from . import sparse
from .clock import Clock
from .containers import has_entries, is_sparse, row_of, take_apart
from .numbers import real_numbers
from .pixels import as_pixels, channels_last
from .rounding import BlockRounding, refuse_overflow, refuse_rounding
from .stored import Stored, rows_at_once

Kind = Literal["vector", "picture", "tokens", "sequence"]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Modality:
    """One modality: its values, and which positions of a sequence are real.

    Parameters
    ----------
    values
        ``(N, d)`` float vectors, ``(N, H, W, C)`` uint8 pictures, ``(N, L)`` token
        ids with 0 as padding, or ``(N, L, d)`` float sequences; `Stored` where they
        stay on disk.
    kind
        ``"vector"``, ``"picture"``, ``"tokens"`` or ``"sequence"``.
    mask
        ``(N, L)`` bool, true where a sequence position holds data; None for
        vectors and pictures.
    vocabulary
        Token names by id, for ``"tokens"``.
    common_scale
        Whether the features share a unit, as pixels, singular directions and the
        outputs of one network do: they are then scaled together, by the square root
        of their mean variance, which keeps distances between rows. Otherwise each
        feature is scaled alone, as the columns of a table need.
    features
        Names of the columns of vectors, or empty where they have none.
    clock
        Times and sessions of the positions of a sequence, where they are known.
    """

    values: Any
    kind: Kind
    mask: npt.NDArray[np.bool_] | None = None
    vocabulary: tuple[str, ...] = ()
    common_scale: bool = False
    features: tuple[str, ...] = ()
    clock: Clock | None = None

    @classmethod
    def of(cls, name: str, given: Any) -> Modality:
        """Return the modality an array, a pair ``(values, mask)`` or a Modality means.

        Two axes mean vectors, three a sequence of vectors (bytes: grey pictures), four
        pictures; a pair of a 2-D integer array and a mask means token ids.

        Raises
        ------
        ValueError
            If the number of axes is none of these, or values are not finite.

        Examples
        --------
        >>> Modality.of("text", np.zeros((4, 3))).kind
        'vector'
        """
        part = take_apart(_check.instance("name", name, str), given, masked=True)
        if not has_entries(part.values):
            raise TypeError(f"`{name}` must be an array, got {type(given).__name__}.")
        absent = np.zeros(len(part), dtype=bool)
        read, _ = read_features(name, part.values, part.mask, absent, decided=True)
        return read.modality()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.values.shape[1:]

    @property
    def on_disk(self) -> bool:
        """Whether the values are read from disk when they are asked for."""
        return isinstance(self.values, Stored)

    def take(self, index: npt.NDArray[np.intp]) -> Modality:
        """Return the rows at `index`; rows on disk stay there."""
        return replace(self._positions(index), values=row_of(self.values, index))

    def read(self, index: npt.NDArray[np.intp]) -> Modality:
        """Return the rows at `index` in memory."""
        return replace(self._positions(index), values=self.values[index])

    def _positions(self, index: npt.NDArray[np.intp]) -> Modality:
        """Return all values, with mask and clock of the rows at `index`."""
        mask = None if self.mask is None else self.mask[index]
        clock = None if self.clock is None else self.clock.take(index)
        return replace(self, mask=mask, clock=clock)

    def blocks(
        self, index: npt.NDArray[np.intp] | None = None
    ) -> Iterator[tuple[slice, Modality]]:
        """Yield some rows, or all, in memory: at once, or from disk in blocks.

        Parameters
        ----------
        index
            ``(R,)`` row numbers; None for all.

        Examples
        --------
        >>> rows = Modality.of("a", np.eye(3))
        >>> [(part.stop, len(block)) for part, block in rows.blocks()]
        [(3, 3)]
        """
        count = len(self) if index is None else len(index)
        if not self.on_disk:
            yield slice(0, count), self if index is None else self.take(index)
            return
        step = rows_at_once(self.values)
        for start in range(0, count, step):
            part = slice(start, min(count, start + step))
            yield (
                part,
                self.read(
                    np.arange(part.start, part.stop) if index is None else index[part]
                ),
            )


@dataclass(frozen=True, eq=False)
class Features:
    """Values of a modality as they came: checked, and 0 where a row lacks it.

    Parameters
    ----------
    name
        The modality.
    values
        Real numbers of two to four axes, or a sparse matrix.
    absent
        ``(N,)`` bool, rows that lack it.
    mask
        ``(N, L)`` bool, or None.
    titles
        Names of the columns, or empty.
    ready
        The modality, where one came.
    """

    name: str
    values: Any
    absent: Bools
    mask: Bools | None = None
    titles: tuple[str, ...] = ()
    ready: Modality | None = None

    def modality(self, fit_rows: Bools | None = None) -> Modality:
        """Return the modality; what is too large is reduced, fitted on `fit_rows`.

        Large sparse matrices become their leading singular directions.

        Raises
        ------
        ValueError
            If the number of axes is none that a modality has.
        """
        return self.reduced(fit_rows)[0]

    def reduced(
        self, fit_rows: Bools | None = None
    ) -> tuple[Modality, dict[str, Any] | None]:
        """Return the modality, and how its features were made if they were."""
        if self.ready is not None:
            return self.ready, None
        if not is_sparse(self.values):
            return self._dense(), None
        if sparse.fits(self.values):
            values = self.values.toarray()
            values[self.absent] = 0
            return Modality(values, "vector", features=self.titles), None
        fit = ~self.absent if fit_rows is None else fit_rows & ~self.absent
        values, info = sparse.reduced(self.values, fit if fit.any() else ~self.absent)
        values[self.absent] = 0
        return Modality(values, "vector", common_scale=True), info

    def _dense(self) -> Modality:
        name, values = self.name, self.values
        if isinstance(values, Stored):
            return _on_disk(name, values, self.mask, self.titles)
        if self.mask is not None:
            return Modality(*_with_mask(name, values, self.mask))
        grey = values.ndim == 3 and values.dtype in (np.uint8, np.uint16)
        if values.ndim == 4 or grey:
            pixels = as_pixels(name, channels_last(name, values))
            return Modality(_own(pixels, self.values), "picture", common_scale=True)
        if values.ndim == 3:
            mask = np.ones(values.shape[:2], dtype=bool)
            refuse_rounding(name, values[~self.absent].reshape(-1, values.shape[2]))
            return Modality(_as_float32(name, values), "sequence", mask)
        if values.ndim == 2:
            whole = not self.absent.any()
            refuse_rounding(name, values if whole else values[~self.absent])
            vectors = _as_float32(name, values)
            return Modality(vectors, "vector", features=self.titles)
        raise ValueError(
            f"`{name}` must have 2 (vectors), 3 (sequences) or 4 (pictures) axes, "
            f"got shape {values.shape}."
        )


def read_features(
    name: str, values: Any, mask: Any, absent: Bools, *, decided: bool
) -> tuple[Features, Bools]:
    """Return the checked values of a modality, and which rows have it.

    Parameters
    ----------
    name
        The modality.
    values
        Whatever carries numbers, or a `Modality`.
    mask
        Which positions of a sequence hold data, or None.
    absent
        ``(N,)`` bool: rows whose values are not looked at.
    decided
        Whether every other row has to have it; else rows of NaN only lack it.

    Raises
    ------
    ValueError
        If a row that has it holds something else than finite real numbers.

    Examples
    --------
    >>> rows = np.array([[1.0], [np.nan]])
    >>> read_features("a", rows, None, np.zeros(2, bool), decided=False)[1].tolist()
    [True, False]
    """
    if isinstance(values, Stored):
        return _read_stored(name, values, mask, absent, decided=decided)
    if isinstance(values, Modality) and values.on_disk:
        read, present = _read_stored(name, values.values, None, absent, decided=True)
        ready = replace(values, values=read.values)
        return replace(read, ready=ready), present
    if isinstance(values, Modality):
        absent, zeroed = _whole_rows(name, values.values, absent, (), decided=True)
        ready = replace(values, values=zeroed)
        return Features(name, zeroed, absent, ready=ready), ~absent
    if is_sparse(values):
        return Features(name, sparse.checked(name, values), absent), ~absent
    numbers, titles = real_numbers(name, values)
    if numbers.ndim > 2 and getattr(getattr(values, "dtype", 0), "kind", "") == "b":
        numbers = numbers * np.uint8(255)  # a drawing in black and white
    boolean_mask = None if mask is None else _as_mask(name, numbers, mask)
    if boolean_mask is not None:
        numbers = _unpadded(numbers, boolean_mask)
    absent, numbers = _whole_rows(name, numbers, absent, titles, decided=decided)
    return Features(name, numbers, absent, boolean_mask, titles), ~absent


def _read_stored(
    name: str, values: Stored, mask: Any, absent: Bools, *, decided: bool
) -> tuple[Features, Bools]:
    """Return rows on disk once all of them have been looked at, block by block."""
    if values.dtype.kind not in "biuf":
        raise ValueError(f"`{name}` must hold real numbers, got dtype {values.dtype}.")
    if 0 in values.shape:
        raise ValueError(f"`{name}` must not be empty, got shape {values.shape}.")
    boolean_mask = None if mask is None else _as_mask(name, values, mask)
    titles, absent = values.titles, absent.copy()
    if values.dtype.kind != "f":
        _check_ids(name, values, boolean_mask)
    else:
        if boolean_mask is not None and values.ndim == 3:
            values = values.mapped(
                _unpadded, boolean_mask, shape=values.shape[1:], dtype=values.dtype
            )
        seen = BlockRounding(values.shape[-1])
        for part, block in values.blocks():
            absent[part] |= _rows_of_nan(
                name, block, absent[part], titles, decided=decided, first=part.start
            )
            present = block[~absent[part]]
            refuse_overflow(name, present)
            seen.add(present.reshape(-1, values.shape[-1]))
        seen.refuse(name)
    features = Features(name, values.zeroed(absent), absent, boolean_mask, titles)
    return features, ~absent


def _check_ids(name: str, values: Stored, mask: Bools | None) -> None:
    if mask is None or values.ndim != 2:
        return
    least = min(int(block.min()) for _, block in values.blocks())
    if least < 0:
        raise ValueError(f"`{name}` must hold token ids of at least 0, got {least}.")


def _whole_rows(
    name: str,
    values: npt.NDArray[Any],
    absent: Bools,
    titles: tuple[str, ...],
    *,
    decided: bool,
) -> tuple[Bools, npt.NDArray[Any]]:
    """Return a mask of the absent rows, and the values with 0 in them."""
    if values.dtype.kind == "f":
        absent = absent | _rows_of_nan(name, values, absent, titles, decided=decided)
    if not absent.any():
        return absent, values
    zeroed = values.copy()
    zeroed[absent] = 0
    return absent, zeroed


def _rows_of_nan(
    name: str,
    values: npt.NDArray[Any],
    absent: Bools,
    titles: tuple[str, ...],
    *,
    decided: bool,
    first: int = 0,
) -> Bools:
    flat = values.reshape(len(values), -1)
    with np.errstate(all="ignore"):  # one bad entry spoils the sum of its row
        suspect = np.flatnonzero(~np.isfinite(flat.sum(axis=1)) & ~absent)
    all_nan = np.zeros(len(values), dtype=bool)
    for row in suspect:
        bad = np.flatnonzero(~np.isfinite(flat[row]))
        if not len(bad):
            continue
        if len(bad) == flat.shape[1] and np.isnan(flat[row]).all() and not decided:
            all_nan[row] = True
            continue
        where = ""
        if values.ndim == 2:
            where = f", column {titles[bad[0]]!r}" if titles else f", column {bad[0]}"
        raise ValueError(
            f"`{name}` must hold finite numbers only, got {flat[row][bad[0]]} in row "
            f"{first + row}{where}; `present` marks rows that lack {name}."
        )
    return all_nan


def _as_float32(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    refuse_overflow(name, values)
    return _own(values.astype(np.float32, copy=False), values)


@dataclass(frozen=True, eq=False)
class _Read:
    """Function that makes what a modality holds of rows as they stand on disk."""

    name: str
    kind: Kind

    def __call__(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self.kind == "picture":
            return as_pixels(self.name, channels_last(self.name, values))
        return values.astype(np.float32)


def _ids(values: npt.NDArray[Any], mask: Bools) -> npt.NDArray[np.int64]:
    return np.where(mask, values, 0).astype(np.int64)


def _on_disk(
    name: str, values: Stored, mask: Bools | None, titles: tuple[str, ...]
) -> Modality:
    """Return the modality of rows on disk, which are converted as they are read."""
    wide = replace(values, name=name)
    if values.ndim == 2 and mask is None:
        if values.dtype != np.float32:
            wide = wide.mapped(
                _Read(name, "vector"), shape=values.shape[1:], dtype=np.float32
            )
        return Modality(wide, "vector", features=titles)
    bytes_only = values.dtype == np.uint8
    if values.ndim == 4 or (values.ndim == 3 and bytes_only and mask is None):
        if not bytes_only:
            raise ValueError(
                f"`{name}` must hold bytes for its pictures to stay on disk, "
                f"got {values.dtype}."
            )
        read = _Read(name, "picture")
        shape = read(np.zeros((1, *values.shape[1:]), np.uint8)).shape[1:]
        pixels = wide.mapped(read, shape=shape, dtype=np.uint8)
        return Modality(pixels, "picture", common_scale=True)
    if values.ndim == 3:
        positions = np.ones(values.shape[:2], dtype=bool) if mask is None else mask
        wide = wide.mapped(
            _Read(name, "sequence"), shape=values.shape[1:], dtype=np.float32
        )
        return Modality(wide, "sequence", positions)
    if values.ndim == 2 and mask is not None and values.dtype.kind in "iu":
        ids = wide.mapped(_ids, mask, shape=values.shape[1:], dtype=np.int64)
        return Modality(ids, "tokens", mask)
    raise ValueError(
        f"`{name}` must have 2 (vectors), 3 (sequences) or 4 (pictures) axes, "
        f"got shape {values.shape}."
    )


def _own(array: npt.NDArray[Any], source: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a copy of what the caller could still change."""
    shared = array is source or not array.flags.owndata
    return array.copy(order="C") if shared and array.flags.writeable else array


def _as_mask(name: str, values: npt.NDArray[Any] | Stored, mask: Any) -> Bools:
    bools = np.array(mask, dtype=bool)
    if bools.shape != values.shape[:2]:
        raise ValueError(
            f"the mask of `{name}` must have shape {values.shape[:2]} "
            f"(rows, positions), got {bools.shape}."
        )
    return bools


def _unpadded(values: npt.NDArray[Any], mask: Bools) -> npt.NDArray[Any]:
    """Return the values with 0 where padding holds no number."""
    if values.dtype.kind != "f" or values.ndim != 3:
        return values
    padding = ~np.isfinite(values) & ~mask[:, :, None]
    return np.where(padding, 0, values) if padding.any() else values


def _with_mask(
    name: str, values: npt.NDArray[Any], mask: Bools
) -> tuple[npt.NDArray[Any], Kind, Bools]:
    if values.ndim == 3:
        refuse_rounding(name, values[mask])
        return _as_float32(name, values), "sequence", mask
    if values.ndim == 2 and np.issubdtype(values.dtype, np.integer):
        if values.min() < 0:
            raise ValueError(
                f"`{name}` must hold token ids of at least 0, got {values.min()}."
            )
        return np.where(mask, values, 0).astype(np.int64), "tokens", mask
    raise ValueError(
        f"`{name}` must be token ids (rows, positions) or vectors "
        f"(rows, positions, features) when it has a mask, got {values.dtype} "
        f"of shape {values.shape}."
    )
