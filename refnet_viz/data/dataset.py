"""The `Dataset` value: row-aligned modalities, labels, split and hover media."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from . import rows as _rows
from .fingerprint import fingerprint
from .modality import Media, Modality
from .rows import positions
from .splits import SPLITS, strata, stratified_split

__all__ = ["Dataset", "Media", "Modality", "positions"]


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
    target
        ``(N,)`` numbers to be predicted, or None. Data with a target are for
        regression; labels beside it serve the graphs only.
    groups
        ``(N,)`` text: rows of one group (a patient, a video, an author) never lie in
        two parts of the split; or None.
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
    target: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    groups: npt.NDArray[np.str_] | None = field(default=None, repr=False)

    @classmethod
    def from_arrays(  # noqa: PLR0913 (all by name)
        cls,
        modalities: Mapping[str, Any],
        *,
        labels: Any = None,
        target: Any = None,
        split: Any = None,
        ids: Sequence[Any] | npt.NDArray[Any] | None = None,
        present: Any = None,
        class_names: Sequence[str] = (),
        groups: Any = None,
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
        target
            ``(N,)`` numbers to be predicted; with it, runs are regressions and
            labels only colour and judge graphs.
        split
            ``(N,)`` of "train"/"val"/"test" or 0/1/2; None splits 60/20/20,
            stratified by label (by fifths of a target), with seed 0.
        ids
            Unique names of the rows; None numbers them.
        present
            ``(N, M)`` bool, in the order of `modalities`; None means all present.
        class_names
            Names of the classes; None takes them from `labels`.
        groups
            ``(N,)`` patient, video, author ...: rows of one group stay in one part. A
            row without one (None, NaN, "") is a group of its own.
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
        numbers, names = _rows.as_labels(labels, class_names, n, first)
        aims = _rows.as_target(target, n, first)
        keys = _rows.as_ids(ids, n, first)
        return cls(
            name=name,
            ids=keys,
            modalities=taken,
            present=_rows.as_present(present, n, tuple(taken)),
            labels=numbers,
            class_names=names,
            split=_rows.as_split(split, n, strata(numbers, n, target=aims), first),
            metadata=_rows.as_metadata(metadata, n, first),
            media=_rows.as_media(media, n, first),
            target=aims,
            groups=_rows.as_groups(groups, keys, first),
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
    def strata(self) -> npt.NDArray[np.intp]:
        """``(N,)`` numbers of the groups that splits and label subsets keep even."""
        return strata(self.labels, len(self), target=self.target)

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
        """Return some rows, by bool mask, positions, ids or a set of ids.

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
        index = positions(self.ids, rows)
        return replace(
            self,
            ids=self.ids[index],
            modalities={key: mod.take(index) for key, mod in self.modalities.items()},
            present=self.present[index],
            labels=None if self.labels is None else self.labels[index],
            target=None if self.target is None else self.target[index],
            groups=None if self.groups is None else self.groups[index],
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
        return replace(
            self, split=stratified_split(self.strata, len(self), fractions, seed)
        )

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with any id, value, answer, name or split."""
        return fingerprint(self)

    def _repr_html_(self) -> str:
        parts = ", ".join(f"{np.sum(self.split == part)} {part}" for part in SPLITS)
        known = [f"{len(self.class_names)} classes"] * bool(self.class_names)
        step = "rv.sweep(data, rv.VARIANTS)"
        if self.target is not None:
            step = "rv.fit(data, rv.Config(contrastive=0))"
            known.append(f"target {self.target.min():.4g} to {self.target.max():.4g}")
        answers = ", ".join(known) or "no labels"
        rows = "".join(
            f"<tr><td>{html.escape(key)}</td><td>{mod.kind}</td>"
            f"<td>{' × '.join(map(str, mod.shape))}</td>"
            f"<td>{self.present[:, i].mean():.0%}</td></tr>"
            for i, (key, mod) in enumerate(self.modalities.items())
        )
        return (
            f"<b>{html.escape(self.name)}</b>: {len(self)} rows ({parts}), {answers}"
            "<table><tr><th>modality</th><th>kind</th><th>shape</th><th>present</th>"
            f"</tr>{rows}</table>next: <code>{step}</code>"
        )
