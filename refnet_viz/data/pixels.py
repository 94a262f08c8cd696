"""Pictures of every make as bytes with their channels last."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

CHANNELS = (1, 3, 4)


def channels_last(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return ``(N, H, W, C)`` of grey pictures or of pictures with channels first.

    Raises
    ------
    ValueError
        If no axis can be that of 1, 3 or 4 channels.

    Examples
    --------
    >>> channels_last("image", np.zeros((5, 3, 8, 8))).shape
    (5, 8, 8, 3)
    """
    if values.ndim == 3:
        return values[..., None]
    if values.shape[-1] in CHANNELS:
        return values
    if values.shape[1] in CHANNELS:
        return np.moveaxis(values, 1, -1)
    raise ValueError(
        f"`{name}` must have 1, 3 or 4 channels, last or first, "
        f"got pictures of shape {values.shape[1:]}."
    )


def as_pixels(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return pictures as bytes of one or three channels, transparent ones on white.

    Parameters
    ----------
    name
        What the caller calls them.
    values
        ``(N, H, W, C)``: whole numbers up to 255 or 65,535, or fractions up to 1.

    Raises
    ------
    ValueError
        If values lie outside.

    Examples
    --------
    >>> as_pixels("image", np.full((1, 1, 1, 1), 65_535, dtype=np.uint16)).item()
    255
    """
    return _on_white(as_bytes(name, values))


def as_bytes(
    name: str, values: npt.NDArray[Any], white: float | None = None
) -> npt.NDArray[np.uint8]:
    """Return numbers of pictures as bytes, in as many channels as they have.

    Parameters
    ----------
    name
        What the caller calls them.
    values
        Whole numbers up to 255 or 65,535, or fractions up to 1.
    white
        The value that becomes 255; by default what the numbers say (`white_of`).

    Raises
    ------
    ValueError
        If values lie outside, or are no numbers.

    Examples
    --------
    >>> as_bytes("image", np.array([0, 0.5, 1])).tolist()
    [0, 128, 255]
    """
    if values.dtype == np.uint8 and white is None:
        return values
    white = white_of(values) if white is None else white
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= white):
        raise ValueError(
            f"`{name}` must hold pictures with values between 0 and {white:g}, "
            f"got {low:g} to {high:g}."
        )
    return np.round(values * (255 / white)).astype(np.uint8)


def white_of(values: npt.NDArray[Any]) -> float:
    """Return the value of white: 1 of fractions, else 255 or 65,535.

    Examples
    --------
    >>> white_of(np.array([0.0, 0.5])), white_of(np.array([0, 255]))
    (1.0, 255.0)
    """
    high = float(values.max())
    if values.dtype.kind == "f":
        whole = 1 < high <= 255 and bool((values == np.floor(values)).all())
        return 255.0 if whole else 1.0
    return 65_535.0 if values.dtype == np.uint16 and high > 255 else 255.0


def _on_white(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if pixels.shape[-1] != 4:
        return pixels
    opacity = pixels[..., 3:].astype(np.float32) / 255
    mixed = pixels[..., :3] * opacity + 255 * (1 - opacity)
    return np.round(mixed).astype(np.uint8)
