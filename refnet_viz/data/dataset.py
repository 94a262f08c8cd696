"""The `Dataset` value: row-aligned modalities, labels, split and hover media."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .splits import SPLITS, stratified_split

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
    """

    values: npt.NDArray[Any]
    kind: Kind
    mask: npt.NDArray[np.bool_] | None = None
    vocabulary: tuple[str, ...] = ()

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
            return given
        values, mask = given if isinstance(given, tuple) else (given, None)
        values = np.asarray(values)
        if not np.issubdtype(values.dtype, np.number):
            raise ValueError(f"`{name}` must hold numbers, got dtype {values.dtype}.")
        _check.finite(name, values)
        if values.size == 0:
            raise ValueError(f"`{name}` must not be empty, got shape {values.shape}.")
        kinds: dict[int, Kind] = {2: "vector", 3: "sequence", 4: "picture"}
        if values.ndim not in kinds:
            raise ValueError(
                f"`{name}` must have 2 (vectors), 3 (sequences) or 4 (pictures) axes, "
                f"got shape {values.shape}."
            )
        kind = kinds[values.ndim]
        if mask is not None:
            return cls(*_with_mask(name, values, np.asarray(mask, dtype=bool)))
        if kind == "picture":
            return cls(_as_pixels(name, values), kind)
        if kind == "sequence":
            mask = np.ones(values.shape[:2], dtype=bool)
        return cls(values.astype(np.float32), kind, mask)

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


def _with_mask(
    name: str, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], Kind, npt.NDArray[np.bool_]]:
    if mask.shape != values.shape[:2]:
        raise ValueError(
            f"the mask of `{name}` must have shape {values.shape[:2]} "
            f"(rows, positions), got {mask.shape}."
        )
    if values.ndim == 3:
        return values.astype(np.float32), "sequence", mask
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
        return values
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


@dataclass(frozen=True, eq=False)
class Dataset:
    """Paired data: named, row-aligned modalities with labels and a stored split.

    Made by `Dataset.from_arrays` and the functions of `refnet_viz.data`; a frozen
    value, every method returns a new one.

    Parameters
    ----------
    name
        What tables and figures call the data.
    ids
        ``(N,)`` unique strings.
    modalities
        Name to `Modality`, all of N rows.
    present
        ``(N, M)`` bool, false where a sample lacks a modality.
    labels
        ``(N,)`` class numbers, ``(N, C)`` 0/1 for several labels a row, or None.
    class_names
        One name a class.
    split
        ``(N,)`` of ``"train"``, ``"val"``, ``"test"``.
    metadata
        A frame of N rows with whatever else is known.
    media
        Pictures and texts for hovering.
    """

    name: str
    ids: npt.NDArray[np.str_]
    modalities: dict[str, Modality]
    present: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    split: npt.NDArray[np.str_]
    metadata: pd.DataFrame = field(repr=False)
    media: Media = field(repr=False)

    @classmethod
    def from_arrays(
        cls,
        modalities: Mapping[str, Any],
        *,
        labels: Any = None,
        split: Any = None,
        ids: Sequence[Any] | npt.NDArray[Any] | None = None,
        present: Any = None,
        class_names: Sequence[str] = (),
        metadata: pd.DataFrame | None = None,
        media: Media | None = None,
        name: str = "dataset",
    ) -> Dataset:
        """Make a dataset of your own arrays.

        Parameters
        ----------
        modalities
            Name to array: ``(N, d)`` vectors, ``(N, H, W, C)`` pictures,
            ``(N, L, d)`` sequences, or a pair ``(values, mask)`` for sequences and
            token ids with padding.
        labels
            ``(N,)`` ints or strings, ``(N, C)`` 0/1, or None.
        split
            ``(N,)`` of "train"/"val"/"test" or 0/1/2; None splits 60/20/20,
            stratified, with seed 0.
        ids
            Unique names of the rows; None numbers them.
        present
            ``(N, M)`` bool, in the order of `modalities`; None means all present.
        class_names
            Names of the classes; None takes them from `labels`.
        metadata
            Further columns.
        media
            Pictures and texts for hovering.
        name
            What tables and figures call the data.

        Returns
        -------
        Dataset

        Raises
        ------
        ValueError
            If rows disagree in number, values are not finite, ids repeat, labels
            are out of range, or a row or a modality has nothing present.

        Examples
        --------
        >>> data = Dataset.from_arrays(
        ...     {"image": np.eye(10), "text": np.ones((10, 2))}, labels=[0, 1] * 5)
        >>> data.shape, len(data.train)
        ((10, 2), 6)
        """
        if not modalities:
            raise ValueError("`modalities` must name at least one array, got none.")
        taken = {str(key): Modality.of(key, given) for key, given in modalities.items()}
        first, n = next((key, len(value)) for key, value in taken.items())
        for key, value in taken.items():
            _check.rows(key, len(value), n, first)
        numbers, names = _labels(labels, class_names, n, first)
        return cls(
            name=name,
            ids=_ids(ids, n, first),
            modalities=taken,
            present=_present(present, n, tuple(taken)),
            labels=numbers,
            class_names=names,
            split=_split(split, n, numbers, first),
            metadata=_metadata(metadata, n, first),
            media=_media(media, n, first),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of modalities."""
        return len(self.ids), len(self.modalities)

    @property
    def multilabel(self) -> bool:
        """Whether a row can have several labels."""
        return self.labels is not None and self.labels.ndim == 2

    @property
    def train(self) -> Dataset:
        """The training rows."""
        return self.part("train")

    @property
    def val(self) -> Dataset:
        """The validation rows, on which states and settings are selected."""
        return self.part("val")

    @property
    def test(self) -> Dataset:
        """The test rows, on which numbers are reported."""
        return self.part("test")

    def part(self, split: str) -> Dataset:
        """Return the rows of one split: "train", "val" or "test"."""
        _check.one_of("split", split, SPLITS)
        return self.subset(self.split == split)

    def subset(self, rows: Any) -> Dataset:
        """Return some rows, by bool mask, positions or ids.

        Raises
        ------
        ValueError
            If nothing is left, a position is out of range or an id is unknown.

        Examples
        --------
        >>> data = Dataset.from_arrays({"a": np.eye(3)}, ids=["x", "y", "z"])
        >>> data.subset(["z", "x"]).ids.tolist()
        ['z', 'x']
        """
        index = positions(self.ids, np.asarray(rows))
        return replace(
            self,
            ids=self.ids[index],
            modalities={key: mod.take(index) for key, mod in self.modalities.items()},
            present=self.present[index],
            labels=None if self.labels is None else self.labels[index],
            split=self.split[index],
            metadata=self.metadata.iloc[index].reset_index(drop=True),
            media=self.media.take(index),
        )

    def resplit(
        self, *, seed: int, fractions: tuple[float, float, float] = (0.6, 0.2, 0.2)
    ) -> Dataset:
        """Return the same rows with a new stratified split.

        Parameters
        ----------
        seed
            Same seed, same split.
        fractions
            Shares of train, validation and test; they sum to 1.

        Examples
        --------
        >>> data = Dataset.from_arrays({"a": np.eye(10)}, labels=[0, 1] * 5)
        >>> data.resplit(seed=1, fractions=(0.4, 0.2, 0.4)).train.shape
        (4, 1)
        """
        split = stratified_split(self.labels, len(self), fractions, seed)
        return replace(self, split=split)

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with any id, value, label or split."""
        digest = hashlib.sha256("\x00".join(self.ids).encode())
        digest.update("\x00".join(self.split).encode())
        arrays = [self.present, self.labels]
        for modality in self.modalities.values():
            arrays += [modality.values, modality.mask]
        for array in arrays:
            if array is not None:
                digest.update(f"{array.shape}{array.dtype}".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:12]

    def _repr_html_(self) -> str:
        parts = ", ".join(f"{np.sum(self.split == part)} {part}" for part in SPLITS)
        classes = (
            f"{len(self.class_names)} classes" if self.class_names else "no labels"
        )
        rows = "".join(
            f"<tr><td>{html.escape(key)}</td><td>{mod.kind}</td>"
            f"<td>{' × '.join(map(str, mod.shape))}</td>"
            f"<td>{self.present[:, i].mean():.0%}</td></tr>"
            for i, (key, mod) in enumerate(self.modalities.items())
        )
        return (
            f"<b>{html.escape(self.name)}</b>: {len(self)} rows ({parts}), {classes}"
            "<table><tr><th>modality</th><th>kind</th><th>shape</th><th>present</th>"
            f"</tr>{rows}</table>next: <code>rv.sweep(data, rv.VARIANTS)</code>"
        )


def positions(
    ids: npt.NDArray[np.str_], rows: npt.NDArray[Any]
) -> npt.NDArray[np.intp]:
    """Return row numbers for a bool mask, row numbers or ids.

    Raises
    ------
    ValueError
        If nothing is selected, a number is out of range or an id is unknown.

    Examples
    --------
    >>> positions(np.array(["x", "y"]), np.array(["y"])).tolist()
    [1]
    """
    if not rows.size:
        raise ValueError("`rows` must select at least one row, got none.")
    if rows.dtype == bool:
        _check.rows("rows", len(rows), len(ids), "ids")
        index = np.flatnonzero(rows)
        if not len(index):
            raise ValueError("`rows` must select at least one row, got none.")
        return index
    if rows.dtype.kind in "UO":
        where = {key: i for i, key in enumerate(ids)}
        for key in rows:
            if key not in where:
                raise ValueError(f"`rows` must hold known ids, got {str(key)!r}.")
        return np.array([where[key] for key in rows], dtype=np.intp)
    index = rows.astype(np.intp)
    for bad in index[(index < 0) | (index >= len(ids))]:
        raise ValueError(f"`rows` must be between 0 and {len(ids) - 1}, got {bad}.")
    return index


def _ids(ids: Any, n: int, first: str) -> npt.NDArray[np.str_]:
    if ids is None:
        return np.arange(n).astype(str)
    # pandas string columns arrive as objects; a fixed-width copy can be saved.
    taken = np.array([str(key) for key in ids])
    _check.rows("ids", len(taken), n, first)
    _check.unique("ids", taken)
    return taken


def _labels(
    labels: Any, class_names: Sequence[str], n: int, first: str
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    names = tuple(str(name) for name in class_names)
    if labels is None:
        return None, names
    array = np.asarray(labels)
    _check.rows("labels", len(array), n, first)
    if array.dtype.kind in "UO":
        found, array = np.unique(array.astype(str), return_inverse=True)
        names = names or tuple(found.tolist())
    _check.finite("labels", array)
    whole = array.astype(np.int64)
    if array.ndim not in (1, 2) or not np.array_equal(whole, array):
        raise ValueError(
            "`labels` must be whole numbers of shape (N,) or 0/1 of shape (N, C), "
            f"got {array.dtype} of shape {array.shape}."
        )
    count = whole.shape[1] if whole.ndim == 2 else int(whole.max()) + 1
    names = names or tuple(str(i) for i in range(count))
    high = 1 if whole.ndim == 2 else len(names) - 1
    if whole.min() < 0 or whole.max() > high:
        bad = whole.min() if whole.min() < 0 else whole.max()
        raise ValueError(f"`labels` must be between 0 and {high}, got {bad}.")
    if whole.ndim == 2:
        _check.rows("class_names", len(names), count, "labels columns")
    return whole, names


def _present(present: Any, n: int, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    if present is None:
        return np.ones((n, len(names)), dtype=bool)
    taken = np.asarray(present, dtype=bool)
    if taken.shape != (n, len(names)):
        raise ValueError(
            f"`present` must have shape {(n, len(names))} (rows, modalities), "
            f"got {taken.shape}."
        )
    for i, name in enumerate(names):
        if not taken[:, i].any():
            raise ValueError(
                f"`present` must leave each modality at least one row, "
                f"got none for {name!r}."
            )
    empty = np.flatnonzero(~taken.any(axis=1))
    if len(empty):
        raise ValueError(
            f"`present` must leave each row at least one modality, "
            f"got none in row {empty[0]}."
        )
    return taken


def _split(
    split: Any, n: int, labels: npt.NDArray[np.int64] | None, first: str
) -> npt.NDArray[np.str_]:
    if split is None:
        return stratified_split(labels, n, (0.6, 0.2, 0.2), seed=0)
    taken = np.asarray(split)
    _check.rows("split", len(taken), n, first)
    if taken.dtype.kind in "iu":
        unknown = taken[(taken < 0) | (taken >= len(SPLITS))]
        if len(unknown):
            raise ValueError(
                f"`split` must be 0 (train), 1 (val) or 2 (test), got {unknown[0]}."
            )
        return np.array(SPLITS)[taken]
    for value in dict.fromkeys(taken.tolist()):
        _check.one_of("split", value, SPLITS)
    return taken.astype("U5")


def _metadata(metadata: pd.DataFrame | None, n: int, first: str) -> pd.DataFrame:
    if metadata is None:
        return pd.DataFrame(index=range(n))
    _check.rows("metadata", len(metadata), n, first)
    return metadata.reset_index(drop=True)


def _media(media: Media | None, n: int, first: str) -> Media:
    media = media or Media()
    for name, values in (("pictures", media.pictures), ("texts", media.texts)):
        if values:
            _check.rows(name, len(values), n, first)
    return media
