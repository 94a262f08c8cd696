"""One modality of a dataset, and the media shown when a point is hovered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import _check

Kind = Literal["vector", "picture", "tokens", "sequence"]


@dataclass(frozen=True, eq=False)
class Modality:
    """One modality: its values, and which positions of a sequence are real.

    Parameters
    ----------
    values
        ``(N, d)`` float vectors, ``(N, H, W, C)`` uint8 pictures, ``(N, L)`` token
        ids with 0 as padding, or ``(N, L, d)`` float sequences.
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
    """

    values: npt.NDArray[Any]
    kind: Kind
    mask: npt.NDArray[np.bool_] | None = None
    vocabulary: tuple[str, ...] = ()
    common_scale: bool = False

    @classmethod
    def of(cls, name: str, given: Any) -> Modality:
        """Return the modality an array, a pair ``(values, mask)`` or a Modality means.

        Two axes mean vectors, three a sequence of vectors, four pictures; a pair of
        a 2-D integer array and a mask means token ids.

        Raises
        ------
        ValueError
            If the number of axes is none of these, or values are not finite.

        Examples
        --------
        >>> Modality.of("text", np.zeros((4, 3))).kind
        'vector'
        """
        if isinstance(given, Modality):
            _check.finite(name, given.values)
            return given
        values, mask = given if isinstance(given, tuple) else (given, None)
        values = _as_numbers(name, values)
        kinds: dict[int, Kind] = {2: "vector", 3: "sequence", 4: "picture"}
        if values.ndim not in kinds:
            raise ValueError(
                f"`{name}` must have 2 (vectors), 3 (sequences) or 4 (pictures) axes, "
                f"got shape {values.shape}."
            )
        kind = kinds[values.ndim]
        if mask is not None:
            return cls(*_with_mask(name, values, np.array(mask, dtype=bool)))
        if kind == "picture":
            return cls(_as_pixels(name, values), kind, common_scale=True)
        if kind == "sequence":
            mask = np.ones(values.shape[:2], dtype=bool)
        return cls(_as_float32(name, values), kind, mask)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.values.shape[1:]

    def take(self, index: npt.NDArray[np.intp]) -> Modality:
        """Return the rows at `index`."""
        mask = None if self.mask is None else self.mask[index]
        return replace(self, values=self.values[index], mask=mask)


def _as_numbers(name: str, given: Any) -> npt.NDArray[Any]:
    try:
        values = np.asarray(given)
    except ValueError as error:  # numpy's words for rows of different length
        lengths = sorted({len(row) if hasattr(row, "__len__") else 0 for row in given})
        raise ValueError(
            f"`{name}` must have rows of one shape, got lengths {lengths}."
        ) from error
    if values.dtype.kind not in "iuf":
        raise ValueError(f"`{name}` must hold real numbers, got dtype {values.dtype}.")
    if values.size == 0:
        raise ValueError(f"`{name}` must not be empty, got shape {values.shape}.")
    _check.finite(name, values)
    return values


def _as_float32(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    top = float(np.abs(values).max())
    if top > float(np.finfo(np.float32).max):
        raise ValueError(
            f"`{name}` must hold numbers that fit 32 bits (up to 3.4e38), got {top:g}."
        )
    return values.astype(np.float32)


def _with_mask(
    name: str, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], Kind, npt.NDArray[np.bool_]]:
    if mask.shape != values.shape[:2]:
        raise ValueError(
            f"the mask of `{name}` must have shape {values.shape[:2]} "
            f"(rows, positions), got {mask.shape}."
        )
    if values.ndim == 3:
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


def _as_pixels(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return pictures as uint8, taking floats between 0 and 1 as brightness."""
    if values.dtype == np.uint8:
        return values.copy()
    low, high = float(values.min()), float(values.max())
    top = 1.0 if np.issubdtype(values.dtype, np.floating) else 255.0
    if low < 0 or high > top:
        raise ValueError(
            f"`{name}` must hold pictures with values between 0 and {top:g}, "
            f"got {low:g} to {high:g}."
        )
    return np.round(values * (255 / top)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Media:
    """What the viewer shows when a point is hovered.

    Parameters
    ----------
    pictures
        One encoded picture (PNG or JPEG bytes) a row, or empty.
    texts
        One text a row, or empty.
    """

    pictures: tuple[bytes, ...] = ()
    texts: tuple[str, ...] = ()

    def take(self, index: npt.NDArray[np.intp]) -> Media:
        """Return the media of the rows at `index`."""
        return Media(
            tuple(self.pictures[i] for i in index) if self.pictures else (),
            tuple(self.texts[i] for i in index) if self.texts else (),
        )
