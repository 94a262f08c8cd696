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
from .answers import as_labels, labelled
from .clock import read_clock
from .fingerprint import fingerprint
from .gather import gather
from .grouped import check_groups
from .leaks import leaks
from .media import Media, as_media
from .modality import Modality
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
        ``(N,)`` class numbers, ``(N, C)`` 0/1 for several labels a row, or None; -1
        where a row has no label.
    class_names
        One name a class.
    split
        ``(N,)`` of ``"train"``, ``"val"``, ``"test"``.
    metadata
        A frame of N rows with whatever else is known.
    media
        Pictures and texts for hovering.
    target
        ``(N,)`` numbers to be predicted, NaN where a row has none, or None. Data with
        a target are for regression; labels beside it serve the graphs only.
    groups
        ``(N,)`` text: rows of one group (a patient, a video, an author) never lie in
        two parts of the split; or None.
    info
        Where the data come from, in plain values: "encoders" has, by modality, how
        its features were made.
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
    info: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_arrays(  # noqa: PLR0913 (all by name)
        cls,
        modalities: Mapping[str, Any],
        *,
        labels: Any = None,
        target: Any = None,
        split: Any = None,
        ids: Any = None,
        present: Any = None,
        class_names: Sequence[Any] = (),
        groups: Any = None,
        metadata: Any = None,
        media: Media | None = None,
        times: Mapping[str, Any] | None = None,
        sessions: Mapping[str, Any] | None = None,
        join: str | None = None,
        unlabelled: Any = None,
        info: Mapping[str, Any] | None = None,
        name: str = "dataset",
    ) -> Dataset:
        """Make a dataset of your own arrays and tables.

        What carries names is paired by them, whatever its order: pandas objects by
        their index, an AnnData by its ``obs_names``, xarray by its first coordinate,
        Polars, Arrow and DuckDB tables by their column `ids` (or "id"). What carries
        none is taken in the order of the first argument that does. An index that
        pandas counts from 0 means places beside text; other whole numbers there mean
        the names that write them.

        Parameters
        ----------
        modalities
            Name to array, frame, tensor or sparse matrix: ``(N, d)`` vectors,
            ``(N, H, W, C)`` or ``(N, C, H, W)`` pictures (``(N, H, W)`` bytes: grey
            ones), ``(N, L, d)`` sequences, or a pair ``(values, mask)`` for sequences
            and token ids with padding. A row of NaN only lacks the modality. Memory
            maps (``np.load(path, mmap_mode="r")``) and `refnet_viz.data.on_disk` stay
            on disk and are read in blocks, with the same results. A sparse
            matrix of more than 256 MiB if it were dense becomes its 100 leading
            singular directions, fitted on training rows.
        labels
            ``(N,)`` numbers, text or categories; ``(N, C)`` 0/1, a frame of such
            columns or lists of names for several labels a row; or None. A row whose
            label is missing (NaN, None, pd.NA, masked, empty) is unlabelled: embedded
            and shown, never trained or judged on.
        target
            ``(N,)`` numbers to be predicted, some of which may be missing; with it,
            runs are regressions and labels only colour and judge graphs.
        split
            ``(N,)`` of "train"/"val"/"test" or 0/1/2, or one word for all rows; None
            splits 60/20/20 with seed 0, stratified by label (by fifths of a target) and
            with whole groups.
        ids
            Unique names of the rows, or the column that has them; None takes the
            names that the arguments carry, or numbers the rows.
        present
            Which row has which modality, as bools or 0 and 1: ``(N, M)`` in the order
            of `modalities`, a frame with a column each, or a mapping of names to
            ``(N,)``. Values of rows that lack a modality are not looked at. None means
            all rows but those of NaN.
        class_names
            Names of the classes, in the order that is wanted; None takes them from
            `labels`: in the order of categories, else in natural order.
        groups
            ``(N,)`` patient, video, author ...: rows of one group stay in one part, and
            a split that has them in two is refused. A row without one is a group of
            its own.
        metadata
            Further columns.
        media
            Pictures and texts for hovering.
        times
            Name of a sequence or of token ids to ``(N, L)``: when each position
            happened, as numbers of any unit or as dates. They never fall within a row;
            padding and rows that lack the modality are not looked at. The fusion
            "session" reads the gaps, see `refnet_viz.model.fusion.session`; no other
            fusion, rail or graph does.
        sessions
            Likewise, numbers or text that are equal for the positions of one session,
            which stand together. Where sessions end when nothing happens for half an
            hour: ``(np.diff(times, axis=1, prepend=times[:, :1]) > 1800).cumsum(1)``.
        join
            What different names of rows mean: None refuses them, "inner" keeps the
            rows that all arguments have, "outer" those that any modality has (what is
            lacking is not present, unlabelled, a gap).
        unlabelled
            A value of `labels` or `target` that means "none", such as -1.
        info
            Where the data come from, in plain values.
        name
            What tables and figures call the data.

        Returns
        -------
        Dataset

        Raises
        ------
        ValueError
            If rows disagree in number or names, values are not finite, ids repeat,
            labels are out of range, `split` has a group in two parts, times fall, a
            session returns after another, or a row or a modality has nothing present.

        Examples
        --------
        >>> data = Dataset.from_arrays(
        ...     {"image": np.eye(10), "text": np.ones((10, 2))}, labels=[0, 1] * 5)
        >>> data.shape, len(data.train)
        ((10, 2), 6)
        >>> rna = pd.DataFrame({"CD3": [1.0, 2.0]}, index=["u", "v"])
        >>> cells = pd.Series(["T", "B"], index=["v", "u"])
        >>> paired = Dataset.from_arrays({"rna": rna}, labels=cells)
        >>> [paired.class_names[c] for c in paired.labels]
        ['B', 'T']

        Two rows of page numbers, padded, with their times and sessions:

        >>> real = np.array([[True, True, True], [True, True, False]])
        >>> pages = np.array([[3, 1, 3], [2, 2, 0]])
        >>> visits = Dataset.from_arrays(
        ...     {"pages": (pages, real)}, times={"pages": [[0, 9, 7200], [5, 8, 0]]},
        ...     sessions={"pages": [["a", "a", "b"], ["c", "c", ""]]})
        >>> visits.modalities["pages"].clock.sessions.tolist()
        [[0, 0, 1], [0, 0, 0]]
        """
        _check.instance("name", name, str)
        rows = gather(
            modalities,
            ids=ids,
            present=present,
            labels=labels,
            class_names=class_names,
            target=target,
            unlabelled=unlabelled,
            split=split,
            groups=groups,
            metadata=metadata,
            media=media,
            times=times,
            sessions=sessions,
            join=join,
        )
        n, first = len(rows.ids), next(iter(rows.features))
        parts = rows.split
        if parts is None:
            kinds = strata(rows.labels, n, target=rows.target)
            shares = 0.6, 0.2, 0.2
            parts = stratified_split(kinds, n, shares, seed=0, groups=rows.groups)
        else:
            check_groups(parts, rows.groups)
        reduced, record = {}, _info(info)
        for key, features in rows.features.items():
            reduced[key], encoder = features.reduced(parts == "train")
            if encoder is not None:
                record["encoders"] = {**record.get("encoders", {}), key: encoder}
        for column, key in enumerate(reduced):
            if key in rows.clocks:
                parts_of_clock, named = rows.clocks[key]
                reduced[key] = with_clock(
                    key, reduced[key], parts_of_clock, rows.present[:, column], named
                )
        return cls(
            name=name,
            ids=rows.ids,
            modalities=reduced,
            present=rows.present,
            labels=rows.labels,
            class_names=rows.class_names,
            split=parts,
            metadata=rows.metadata,
            media=as_media(rows.media, n, first),
            target=rows.target,
            groups=rows.groups,
            info=record,
        )

    def __sizeof__(self) -> int:
        """Return the bytes of the modalities: Dask sends what is large only once."""
        parts = [part for part in self.modalities.values() if not part.on_disk]
        return super().__sizeof__() + sum(part.values.nbytes for part in parts)

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
    def labelled(self) -> npt.NDArray[np.bool_]:
        """``(N,)`` bool: which rows have an answer, a target or else a label."""
        return labelled(self.labels, self.target, len(self))

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
        """Return the rows of one split: "train", "val" or "test".

        Raises
        ------
        ValueError
            If there are none, or the word is another one.
        """
        rows = self.split == _check.one_of("split", split, SPLITS)
        if not rows.any():
            raise ValueError(f"`data` must have rows in the split {split!r}, got none.")
        return self.subset(rows)

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
        """Return the same rows with a new split: stratified, no group in two parts.

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
        split = stratified_split(
            self.strata, len(self), fractions, seed, groups=self.groups
        )
        return replace(self, split=split)

    def with_labels(self, labels: pd.Series[Any], *, seed: int = 0) -> Dataset:
        """Return the same rows with other labels, such as tags, and a new split.

        Rows without a label are unlabelled: pre-training and the refiner learn from
        them, nothing is judged on them. A target is left out.

        Parameters
        ----------
        labels
            Labels of some or all rows, by id, as `Explorer.tags` has them; missing
            ones may be left out or be None.
        seed
            Seed of the split, stratified by the new labels as in `resplit`.

        Raises
        ------
        TypeError
            If `labels` is no Series.
        ValueError
            If an id is unknown or repeats, the index has several levels, or fewer than
            two labels occur.

        Examples
        --------
        >>> data = Dataset.from_arrays({"a": np.eye(9)}, ids=list("abcdefghi"))
        >>> tags = pd.Series(["odd", "even"] * 3, index=list("abcdef"))
        >>> few = data.with_labels(tags)
        >>> few.class_names, int(few.labelled.sum()), len(few.train)
        (('even', 'odd'), 6, 5)
        """
        if not isinstance(labels, pd.Series):
            kind = type(labels).__name__
            raise TypeError(f"`labels` must be a Series indexed by ids, got {kind}.")
        if labels.index.nlevels > 1:
            raise ValueError(
                "`labels` must have an index of one level, the ids, got "
                f"{labels.index.nlevels} levels."
            )
        _check.unique("labels", labels.index.astype(str).tolist())
        rows = positions(self.ids, labels.index.astype(str).to_numpy(), name="labels")
        values = np.full(len(self), None, dtype=object)
        values[rows] = labels.to_numpy(dtype=object)
        codes, names = as_labels(values)
        if len(names) < 2:
            raise ValueError(
                f"`labels` must hold two different labels or more, got {list(names)}."
            )
        return replace(self, labels=codes, class_names=names, target=None).resplit(
            seed=seed
        )

    def leaks(self) -> pd.DataFrame:
        """Return rows that stand, exactly or nearly, in two parts of the split.

        Exactly: the same numbers, bytes of a picture, or tokens. Nearly, for vectors
        and sequences: not the same, but closer than a tenth of the typical (median)
        distance from a training row to the nearest different one, features scaled as
        for training. Only rows that have the modality count. Of more than 20,000 rows
        (or 2^26 numbers) nearness is looked for in a random sample of as many.

        Returns
        -------
        pandas.DataFrame
            One row a modality, kind and two parts that share something; none when
            there is no leak.

            modality
                Its name; "(all)" for rows that are the same in all modalities that
                they have, and have the same ones; "(groups)" for groups in two parts.
            kind
                "exact", "near" or "group".
            parts
                The two, as "train / test".
            rows, share
                How many rows of the later part have one in the earlier, and their share
                of those looked at, of which there are ``compared``.
            share_within
                The share of rows of the earlier part that have such a row in that part
                itself: where it is as large, such rows are common in the data, and the
                split is not to blame.
            id, other_id, distance
                The closest pair as an example: a row of the later part and one of the
                earlier, and how far they are apart in units of those scaled features.
            near
                The distance that counts as near; NaN for the other kinds.

        Examples
        --------
        >>> data = Dataset.from_arrays(
        ...     {"a": [[0.0], [5.0], [7.0], [0.0]]}, split=[0, 0, 0, 2])
        >>> data.leaks()[["modality", "kind", "parts", "rows", "id", "other_id"]]
          modality   kind         parts  rows id other_id
        0        a  exact  train / test     1  3        0
        1    (all)  exact  train / test     1  3        0
        """
        return leaks(self)

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with any id, value, answer, name or split."""
        return fingerprint(self)

    def _repr_html_(self) -> str:
        parts = ", ".join(f"{np.sum(self.split == part)} {part}" for part in SPLITS)
        facts = [f"{len(self.class_names)} classes"] * bool(self.class_names)
        step = "rv.sweep(data, rv.VARIANTS)"
        if self.target is not None:
            step = "rv.fit(data, rv.Config(contrastive=0))"
            facts.append(f"target {self.target.min():.4g} to {self.target.max():.4g}")
        answers = ", ".join(facts) or "no labels"
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


def _info(info: Any) -> dict[str, Any]:
    """Return what is said about a dataset, with text for names."""
    names = () if info is None else _check.instance("info", info, Mapping)
    for name in names:
        _check.instance("info", name, str, example="have text for names")
    return {str.__str__(name): info[name] for name in names}


def with_clock(
    name: str,
    modality: Modality,
    parts: Mapping[str, Any],
    present: npt.NDArray[np.bool_],
    named: npt.NDArray[np.bool_],
) -> Modality:
    """Return a modality with times and sessions, which every row that has it has."""
    lacking = np.flatnonzero(present & ~named)
    if len(lacking):
        raise ValueError(
            f"`{next(iter(parts))}[{name!r}]` must have every row that has {name!r}, "
            f"got none for row {lacking[0]}."
        )
    mask = modality.mask
    clock = read_clock(
        name,
        modality.kind,
        None if mask is None else mask & present[:, None],
        times=parts.get("times"),
        sessions=parts.get("sessions"),
    )
    return replace(modality, clock=clock)
