"""Scanned digits, with shape descriptors computed from them as second modality."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .dataset import Dataset
from .media import enlarged, stored_media

Array = npt.NDArray[np.float64]
THUMB_ZOOM = 8
INK = 0.5  # share of ink from which a pixel belongs to a stroke


def digits() -> Dataset:
    """Load 1,797 scanned digits as pictures and as descriptors of their shape.

    Modality ``picture`` is the scan, 8 x 8 pixels; modality ``shape`` has 49 numbers
    computed from it by `shape_descriptors`. Both say much of the same: a set on
    which fusion has little to add, unlike `emoji`.

    Returns
    -------
    Dataset
        Ten classes, split 60/20/20 by class with seed 0; media has pictures of
        64 x 64 pixels, dark on white.

    Notes
    -----
    The scans are those of `sklearn.datasets.load_digits` (Alpaydin and Kaynak,
    Optical Recognition of Handwritten Digits, UCI 1998, CC BY 4.0).

    Examples
    --------
    >>> data = digits()
    >>> data.shape, data.class_names[:3]
    ((1797, 2), ('0', '1', '2'))
    """
    # scikit-learn takes a second to import and is needed only when data are loaded.
    from sklearn.datasets import load_digits  # noqa: PLC0415

    scans = load_digits()
    ink = scans.images / 16
    numbers = scans.target
    pictures = np.round(ink * 255).astype(np.uint8)[..., None]
    return Dataset.from_arrays(
        {"picture": pictures, "shape": shape_descriptors(ink)},
        labels=numbers,
        ids=[f"scan {i:04d}" for i in range(len(ink))],
        metadata=pd.DataFrame({"digit": numbers}),
        media=stored_media(tuple(_thumb(picture) for picture in pictures), ()),
        name="digits",
    )


def shape_descriptors(ink: Array) -> Array:
    """Return 17 + 2 (H + W) numbers that describe the shape in each picture.

    In this order: `topology` (5), `moments` (12), `profiles` (2 H + 2 W).

    Parameters
    ----------
    ink
        ``(N, H, W)`` between 0 (paper) and 1 (ink).

    Returns
    -------
    numpy.ndarray
        ``(N, 17 + 2 H + 2 W)``.

    Examples
    --------
    >>> shape_descriptors(np.ones((1, 8, 8))).shape
    (1, 49)
    """
    return np.hstack([topology(ink), moments(ink), profiles(ink)])


def topology(ink: Array) -> Array:
    """Return ink, strokes, holes, Euler number and outline of each picture.

    Ink is the mean. A stroke is a set of inked pixels that touch, corners included;
    a hole is paper that is enclosed by ink; the Euler number is strokes - holes; the
    outline counts the pixel sides between ink and paper.

    Examples
    --------
    >>> ring = np.array([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], dtype=float)
    >>> topology(ring)[0, 1:].tolist()
    [1.0, 1.0, 0.0, 16.0]
    """
    inked = np.pad(ink >= INK, ((0, 0), (1, 1), (1, 1)))
    strokes = _components(inked, corners=True)
    holes = _components(~inked, corners=False) - 1
    outline = sum(np.diff(inked, axis=axis).sum(axis=(1, 2)) for axis in (1, 2))
    mean = ink.mean(axis=(1, 2))
    return np.column_stack([mean, strokes, holes, strokes - holes, outline])


def moments(ink: Array) -> Array:
    """Return centre of mass, second moments and Hu's invariants of each picture.

    With mass m and central moments mu_pq (p counts rows, q columns), eta_pq =
    mu_pq / m^(1 + (p + q) / 2). Columns: centre (2); eta_20, eta_02, eta_11; the 7
    invariants of Hu (1962), each as its signed root of the degree it has
    in eta, so that all are of one scale. They stay under shifts and quarter turns;
    the last one changes its sign in the mirror. Empty pictures give zeros.

    Examples
    --------
    >>> dot = np.zeros((1, 3, 3))
    >>> dot[0, 1, 2] = 1.0
    >>> moments(dot)[0, :3].tolist()
    [1.0, 2.0, 0.0]
    """
    mass = ink.sum(axis=(1, 2))
    safe = np.where(mass > 0, mass, 1.0)
    rows, columns = np.indices(ink.shape[1:], dtype=float)
    centre = [(ink * axis).sum(axis=(1, 2)) / safe for axis in (rows, columns)]
    dr, dc = (
        axis - middle[:, None, None]
        for axis, middle in zip((rows, columns), centre, strict=True)
    )

    def eta(p: int, q: int) -> Array:
        return (ink * dr**p * dc**q).sum(axis=(1, 2)) / safe ** (1 + (p + q) / 2)

    second = (eta(2, 0), eta(0, 2), eta(1, 1))
    third = (eta(3, 0), eta(0, 3), eta(2, 1), eta(1, 2))
    return np.column_stack([*centre, *second, *_hu(second, third)])


def profiles(ink: Array) -> Array:
    """Return ink of each row and column, and how often each enters a stroke.

    Examples
    --------
    >>> profiles(np.array([[[1.0, 0.0], [0.0, 1.0]]])).tolist()
    [[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]
    """
    inked = ink >= INK
    crossings = []
    for axis in (2, 1):
        before = np.roll(inked, 1, axis=axis)
        np.moveaxis(before, axis, 0)[0] = False
        crossings.append((inked & ~before).sum(axis=axis))
    return np.hstack([ink.sum(axis=2), ink.sum(axis=1), *crossings]).astype(float)


def _components(mask: npt.NDArray[np.bool_], *, corners: bool) -> Array:
    from scipy import ndimage  # noqa: PLC0415 (importing the package stays light)

    plane = ndimage.generate_binary_structure(2, 2 if corners else 1)
    within = np.zeros((3, 3, 3), dtype=bool)
    within[1] = plane  # pictures of the stack never touch
    numbered, _ = ndimage.label(mask, structure=within)
    return np.array([len(np.unique(picture[picture > 0])) for picture in numbered])


def _hu(second: tuple[Array, ...], third: tuple[Array, ...]) -> list[Array]:
    n20, n02, n11 = second
    n30, n03, n21, n12 = third
    a, b = n30 + n12, n21 + n03
    c, d = n30 - 3 * n12, 3 * n21 - n03
    invariants = [
        (n20 + n02, 1),
        ((n20 - n02) ** 2 + 4 * n11**2, 2),
        (c**2 + d**2, 2),
        (a**2 + b**2, 2),
        (c * a * (a**2 - 3 * b**2) + d * b * (3 * a**2 - b**2), 4),
        ((n20 - n02) * (a**2 - b**2) + 4 * n11 * a * b, 3),
        (d * a * (a**2 - 3 * b**2) - c * b * (3 * a**2 - b**2), 4),
    ]
    return [np.sign(h) * np.abs(h) ** (1 / degree) for h, degree in invariants]


def _thumb(picture: npt.NDArray[np.uint8]) -> bytes:
    return enlarged(255 - picture[..., 0], THUMB_ZOOM)
