"""The `Embedding` value: fused vectors with everything later rooms need, no model."""

from __future__ import annotations

import html
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import _check
from ._frozen import freeze
from .cells import annotated, latent_graph, plain
from .data.answers import labelled
from .data.containers import row_of
from .data.dataset import Dataset, Media, Modality
from .data.fingerprint import digest_of
from .data.gaps import as_array
from .data.gather import gather, modality_names
from .data.meaning import distinct
from .data.media import as_media
from .data.modality import Features as RawFeatures
from .data.rounding import centred, refuse_overflow, rounded_column
from .data.rows import order_of, positions
from .data.stored import Standardised, Stored, moments, side_by_side
from .decoder import Decoder

Features = dict[str, npt.NDArray[np.float32]]
# What two embeddings must share to be the same; see `Embedding.digest`.
DIGESTED = (
    "ids", "labels", "class_names", "z", "inputs", "unimodal", "targets", "decoded",
    "predictions", "scores", "diagnostics", "present", "held_out", "target",
    "predicted", "decoders",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Embedding:
    """Fused vectors of N samples and what the refiner says of each modality.

    Made by `embed(run, data)`, or by `Embedding.from_arrays` of vectors from
    anywhere. All arrays are numpy, row-aligned and read-only (``torch.tensor(e.z)`` and
    ``e.z.copy()`` may be written into).

    Parameters
    ----------
    ids
        ``(N,)`` unique strings.
    z
        ``(N, d)`` fused vectors: what the head consumes and the refiner decodes.
    inputs
        Name to ``(N, d_m)``: each modality's own standardised features. They do not
        depend on the run, so they are the common ground of every comparison. Rows on
        disk (`refnet_viz.data.on_disk`) stay there, here and in targets and decoded.
    unimodal
        Name to ``(N, d_m')``: the encoders' outputs before any mixing.
    targets, decoded
        Name to ``(N, d_m'')``: what the refiner had to answer, standardised on the
        training rows, and its answer.
    labels
        ``(N,)`` class numbers or ``(N, C)`` 0/1, or None.
    class_names
        One name a class.
    predictions
        Same shape as `labels`, or None when nothing was predicted.
    scores
        ``(N, C)`` class probabilities, or None.
    diagnostics
        What the fusion tells of itself: name to ``(N,)``, or to ``(N, M)`` in the
        order of `inputs` (gates, attention, uncertainty, residuals).
    present
        ``(N, M)`` bool in the order of `inputs`.
    held_out
        ``(N,)`` bool: false for rows the run was trained on.
    metadata, media
        As in the dataset.
    info
        Where it comes from: ``variant``, ``seed``, ``dataset``, ``fingerprint`` ...
    target, predicted
        ``(N,)`` numbers to be predicted and what was predicted, in the unit of the
        data, or None.
    decoders
        Modality to the decoder that said `decoded`, as arrays; empty where unknown.
    """

    ids: npt.NDArray[np.str_]
    z: npt.NDArray[np.float32]
    inputs: Features
    unimodal: Features
    targets: Features
    decoded: Features
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    predictions: npt.NDArray[np.int64] | None
    scores: npt.NDArray[np.float32] | None
    diagnostics: Features
    present: npt.NDArray[np.bool_]
    held_out: npt.NDArray[np.bool_]
    metadata: pd.DataFrame = field(repr=False)
    media: Media = field(repr=False)
    info: dict[str, Any]
    target: npt.NDArray[np.float64] | None = None
    predicted: npt.NDArray[np.float64] | None = None
    decoders: dict[str, Decoder] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        freeze(self, *DIGESTED)

    @classmethod
    def from_arrays(  # noqa: PLR0913 (all by name)
        cls,
        z: Any,
        *,
        ids: Any = None,
        modalities: Mapping[str, Any] | None = None,
        present: Any = None,
        labels: Any = None,
        target: Any = None,
        class_names: Sequence[Any] = (),
        metadata: Any = None,
        media: Media | None = None,
        join: str | None = None,
        unlabelled: Any = None,
        name: str = "embedding",
    ) -> Embedding:
        """Make an embedding of your own vectors, for example of a CLIP model.

        What carries names of its rows is paired by them, as in `Dataset.from_arrays`.

        Parameters
        ----------
        z
            ``(N, d)`` vectors.
        ids
            Unique names of the rows, or the column that has them; None takes the
            names that the arguments carry, or numbers the rows.
        modalities
            Name to ``(N, d_m)`` features of each modality, standardised here; they
            give the modality spaces and the unimodal rails. What is on disk stays there
            (see `refnet_viz.data.on_disk`).
        present, labels, target, class_names, metadata, media, join, unlabelled
            As in `Dataset.from_arrays`; "outer" keeps the rows of `z`.
        name
            What tables and figures call it.

        Raises
        ------
        ValueError
            If rows disagree in number or names, values are not finite or ids repeat.

        Examples
        --------
        >>> Embedding.from_arrays([[0.0, 1.0], [1.0, 0.0]], ids=["a", "b"]).shape
        (2, 2)
        """
        _check.instance("name", name, str)
        features = _features_of(modalities)
        lead = _Z if _Z not in features else f"{_Z} (the fused vectors)"
        blocks = {lead: z} | features
        rows = gather(
            blocks, ids=ids, present=_with_z(present, blocks), labels=labels,
            class_names=class_names, target=target, unlabelled=unlabelled,
            metadata=metadata, media=media, join=join, whole=lead,
        )  # fmt: skip
        n = len(rows.ids)
        vectors = _held_by_float32(
            lead, _vectors(lead, rows.features[lead], np.ones(n, dtype=bool))
        )
        names = [key for key in rows.features if key != lead]
        row_masks = {key: rows.present[:, i + 1] for i, key in enumerate(names)}
        inputs: Features = {
            key: _standardised(
                _vectors(key, rows.features[key], row_masks[key], on_disk=True),
                row_masks[key],
            )
            for key in names
        }
        data = Dataset(
            name="dataset", ids=rows.ids,
            modalities={
                lead: Modality(vectors.astype(np.float32), "vector"),
                **{key: Modality(values, "vector") for key, values in inputs.items()},
            },
            present=rows.present, labels=rows.labels, class_names=rows.class_names,
            split=np.full(n, "test", dtype="U5"), metadata=rows.metadata,
            media=as_media(rows.media, n, lead), target=rows.target,
        )  # fmt: skip
        return cls(
            ids=data.ids, z=vectors.astype(np.float32), inputs=inputs, unimodal={},
            targets={}, decoded={}, labels=data.labels, class_names=data.class_names,
            predictions=None, scores=None, diagnostics={},
            present=rows.present[:, 1:], held_out=np.ones(n, bool),
            metadata=data.metadata, media=data.media, target=rows.target,
            info={"variant": name, "dataset": name, "fingerprint": data.fingerprint},
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and width of z."""
        return self.z.shape[0], self.z.shape[1]

    @property
    def spaces(self) -> tuple[str, ...]:
        """Names of the spaces in which a graph can be built.

        A modality that fewer than two rows have is none, nor is "sum" where fewer than
        two rows have every modality.
        """
        counts = dict(zip(self.inputs, self.present.sum(axis=0), strict=True))
        counts["sum"] = self.present.all(axis=1).sum()
        n = len(self)
        least = min(2, n)
        return tuple(name for name in self._names if counts.get(name, n) >= least)

    @property
    def _names(self) -> tuple[str, ...]:
        """Names of all spaces, however many rows have them."""
        return (
            *(["latent"] if self.z.shape[1] else []),
            *(["refined"] if self.decoded else []),
            *self.inputs,
            *(["sum"] if self.inputs else []),
        )

    def present_in(
        self, space: str, *, weights: Mapping[str, float] | None = None
    ) -> npt.NDArray[np.bool_]:
        """Return a mask of the rows that have a space: those that its graph is over.

        Every row has "latent" and "refined", which are read off z. A modality is had by
        the rows in which it is present, "sum" by those that have every modality:
        distances over the modalities that two rows happen to share would not rank
        neighbours.

        Parameters
        ----------
        space
            As in `space`.
        weights
            Modality to weight for "sum" and "refined"; a modality of weight 0 may be
            absent.

        Returns
        -------
        numpy.ndarray
            ``(N,)`` bool.

        Raises
        ------
        ValueError
            If the name is none of a space, has no weights, or one is missing or
            negative.

        Examples
        --------
        >>> e = Embedding.from_arrays(np.eye(2), modalities={"a": np.eye(2)})
        >>> e = replace(e, present=np.array([[True], [False]]))
        >>> e.present_in("a").tolist(), e.present_in("latent").tolist()
        ([True, False], [True, True])
        """
        if not self._names:
            raise ValueError(
                "`embedding` must have vectors for this, got none: a graph made by "
                "`Neighbors.from_arrays` stands alone."
            )
        _check.one_of("space", space, self._names)
        names = list(self.inputs)
        if weights is not None and space not in ("refined", "sum"):
            raise ValueError(
                f"`weights` must be None for {space!r}, which is no sum of modalities, "
                f"got {_check.shown(weights)}."
            )
        if space in names:
            return self.present[:, names.index(space)].copy()
        if space != "sum":
            if weights is not None:
                weights_of(self.decoded, weights)
            return np.ones(len(self), dtype=bool)
        counted = [weight > 0 for weight in weights_of(self.inputs, weights).values()]
        return np.asarray(self.present[:, counted].all(axis=1))

    def space(
        self,
        name: str = "latent",
        *,
        weights: Mapping[str, float] | None = None,
        centred: bool = True,
    ) -> npt.NDArray[np.float64]:
        """Return the coordinates of a space, float64 and centred.

        Parameters
        ----------
        name
            "latent" (z), "refined" (all that the refiner decodes from z), the name of
            a modality (its standardised features), or "sum" (all modalities).
        weights
            Modality to weight w_m for "refined" and "sum"; None gives each
            modality 1/d_m, so that all have the same mean variance.
        centred
            Whether to subtract the mean of the rows that have the space. It changes
            angles, and by its rounding it parts distances that were equal: cosines
            and ties want it off.

        Returns
        -------
        numpy.ndarray
            ``(N, D)``; Euclidean distances in it are the metric of the space. NaN in
            rows that lack it (`present_in`).

        Raises
        ------
        ValueError
            If the name is none of `spaces` or a weight is missing or not positive.

        Examples
        --------
        >>> e = Embedding.from_arrays([[0.0], [2.0]])
        >>> e.space("latent").ravel().tolist()
        [-1.0, 1.0]
        """
        _check.flag("centred", centred)
        if weights is not None:
            _check.instance("weights", weights, Mapping)
        present = self.present_in(name, weights=weights)
        if name == "latent":
            coordinates = self.z.astype(np.float64)
        elif name in self.inputs:
            coordinates = self.inputs[name].astype(np.float64)
        else:
            blocks = self.decoded if name == "refined" else self.inputs
            coordinates = _weighted(blocks, weights)
        if present.all():
            return coordinates - coordinates.mean(axis=0) if centred else coordinates
        observed = coordinates[present]
        placed = np.full(coordinates.shape, np.nan)
        placed[present] = (
            observed - observed.mean(axis=0) if centred and len(observed) else observed
        )
        return placed

    def space_on_disk(
        self, name: str = "latent", *, weights: Mapping[str, float] | None = None
    ) -> Stored | None:
        """Return the coordinates of a space that stay on disk, None where none do.

        Parameters
        ----------
        name, weights
            As in `space`.

        Returns
        -------
        Stored
            ``(N, D)`` float64, not centred, 0 in rows that lack the space.

        Raises
        ------
        ValueError
            As in `space`.

        Examples
        --------
        >>> Embedding.from_arrays([[0.0], [2.0]]).space_on_disk() is None
        True
        """
        self.present_in(name, weights=weights)  # refuses names and weights
        if name in ("refined", "sum"):
            blocks = self.decoded if name == "refined" else self.inputs
            factors = [np.sqrt(w) for w in weights_of(blocks, weights).values()]
        else:
            blocks = self.inputs if name in self.inputs else {name: self.z}
            blocks, factors = {name: blocks[name]}, [1.0]
        if not any(isinstance(block, Stored) for block in blocks.values()):
            return None
        return side_by_side(list(blocks.values()), factors, name)

    @property
    def columns(self) -> dict[str, Any]:
        """Columns with an entry a point: metadata, diagnostics and missing modalities.

        Names are strings and no two are alike (`refnet_viz.data.meaning.distinct`). A
        diagnostic of the fusion with a value a modality has a column for each, such
        as "gate: picture". "has picture" is "yes" or "no" where some row lacks it.

        Examples
        --------
        >>> e = Embedding.from_arrays(np.eye(2), modalities={"a": np.eye(2)})
        >>> list(replace(e, diagnostics={"gate": np.ones((2, 1))}).columns)
        ['gate: a']
        """
        derived: dict[str, Any] = {}
        for name, values in self.diagnostics.items():
            if values.ndim == 1:
                derived[name] = values
            else:
                pairs = zip(self.inputs, values.T, strict=True)
                derived |= {f"{name}: {key}": column for key, column in pairs}
        for name in self.inputs:
            present = self.present_in(name)
            if not present.all():
                derived[f"has {name}"] = np.where(present, "yes", "no")
        names = distinct(self.metadata.columns)
        columns = {name: self.metadata.iloc[:, i] for i, name in enumerate(names)}
        return columns | {
            name: derived[name] for name in derived if name not in columns
        }

    @property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """``(N,)`` bool: which rows have an answer, a target or else a label."""
        return labelled(self.labels, self.target, len(self))

    @property
    def answers_held_out(self) -> bool:
        """Whether there are decoded answers, all of rows that were not trained on.

        Only then do residuals and responsibilities mean anything.
        """
        return bool(self.decoded) and bool(self.held_out.all())

    def subset(self, rows: Any) -> Embedding:
        """Return some rows, by bool mask, positions or ids.

        Raises
        ------
        ValueError
            If nothing is selected or an id is unknown.
        """
        index = self.positions(rows)

        def take(features: Features) -> Features:
            return {key: row_of(values, index) for key, values in features.items()}

        def some(values: npt.NDArray[Any] | None) -> Any:
            return None if values is None else values[index]

        return replace(
            self,
            ids=self.ids[index], z=row_of(self.z, index), inputs=take(self.inputs),
            unimodal=take(self.unimodal), targets=take(self.targets),
            decoded=take(self.decoded),
            labels=some(self.labels), predictions=some(self.predictions),
            scores=some(self.scores),
            target=some(self.target), predicted=some(self.predicted),
            diagnostics=take(self.diagnostics),
            present=self.present[index], held_out=self.held_out[index],
            metadata=self.metadata.iloc[index].reset_index(drop=True),
            media=self.media.take(index),
        )  # fmt: skip

    def joined(self, new: Embedding, *, column: str = "rows") -> Embedding:
        """Return these rows and new ones in one embedding, to be looked at together.

        A layout of the old rows then holds for all: ``project(both, onto=(layout,
        old))`` leaves them where they are and places the new ones.

        Parameters
        ----------
        new
            Rows with other ids, as the same run embeds them. What only one of both has
            (labels, columns of the metadata) the rows of the other lack; what cannot
            be lacking (predictions, decoded features) is left out then.
        column
            Name of the column of the metadata that says "old" or "new".

        Raises
        ------
        TypeError
            If `new` is no Embedding.
        ValueError
            If an id is in both, vectors, modalities or classes differ, or the metadata
            have such a column.

        Examples
        --------
        >>> old = Embedding.from_arrays([[0.0], [1.0]], ids=["a", "b"])
        >>> both = old.joined(Embedding.from_arrays([[2.0]], ids=["c"]))
        >>> both.ids.tolist(), both.metadata["rows"].tolist()
        (['a', 'b', 'c'], ['old', 'old', 'new'])
        """
        column = str(_check.instance("column", column, str))
        _check_joinable(self, new, column)
        pair, counts = (self, new), (len(self), len(new))
        metadata = pd.concat([one.metadata for one in pair], ignore_index=True)
        values = {
            name: _stacked([getattr(one, name) for one in pair], counts, lacking)
            for name, lacking in LACKING.items()
        }
        features: dict[str, Any] = {
            name: {
                key: np.concatenate([getattr(one, name)[key] for one in pair])
                for key in getattr(self, name)
                if key in getattr(new, name)
            }
            for name in ("inputs", "unimodal", "targets", "decoded", "diagnostics")
        }
        for name in WHOLE:
            parts = [getattr(one, name) for one in pair]
            missing = any(part is None for part in parts)
            values[name] = None if missing else np.concatenate(parts)
        media = [one.media for one in pair]
        return replace(
            self,
            ids=np.concatenate([self.ids, new.ids]),
            z=np.concatenate([self.z, new.z]),
            present=np.concatenate([self.present, new.present]),
            held_out=np.concatenate([self.held_out, new.held_out]),
            class_names=self.class_names or new.class_names,
            metadata=metadata.assign(**{column: np.repeat(["old", "new"], counts)}),
            media=Media(
                _entries([one.pictures for one in media], counts, b""),
                _entries([one.texts for one in media], counts, ""),
                thumbnails=False,
            ),
            info={k: v for k, v in self.info.items() if k != "saved"},
            **values,
            **features,
        )

    def reordered(
        self, ids: Any, *, name: str = "embedding", like: str = "ids"
    ) -> Embedding:
        """Return the same embedding with its rows in another order.

        Parameters
        ----------
        ids
            The same ids, in the order that is wanted.
        name, like
            What errors call this and what it is brought in line with.

        Raises
        ------
        ValueError
            If `ids` are others.

        Examples
        --------
        >>> e = Embedding.from_arrays([[0.0], [1.0]], ids=["x", "y"])
        >>> e.reordered(["y", "x"]).z.tolist()
        [[1.0], [0.0]]
        """
        order = order_of(self.ids, ids, name=name, like=like)
        return self if order is None else self.subset(order)

    def positions(self, rows: Any) -> npt.NDArray[np.intp]:
        """Return row numbers for a bool mask, positions, ids or a set of ids."""
        return positions(self.ids, rows)

    def to_anndata(self, graphs: Any = None) -> Any:
        """Return the embedding and its graphs as an AnnData, as scanpy reads it.

        Parameters
        ----------
        graphs
            `Neighbors` of these rows, or a mapping of names (scanpy's
            ``neighbors_key``) to them; None searches 15 neighbours in the latent
            space, an empty mapping adds none.

        Returns
        -------
        anndata.AnnData
            z in ``X`` and ``obsm["X_latent"]``, modalities in ``obsm``, distances and
            connectivities in ``obsp``, their parameters in ``uns``; metadata, labels,
            predictions, responsibility and the neighbours' purity in ``obs``.

        Raises
        ------
        ImportError
            If anndata is missing: the extra ``omics`` brings it.
        TypeError, ValueError
            If a graph is none or of other rows, or two columns would have one name.

        Examples
        --------
        >>> adata = Embedding.from_arrays([[0.0], [1.0], [3.0]]).to_anndata()
        >>> adata.obsp["distances"].nnz
        6
        """
        if graphs is None:
            return annotated(
                {"": self}, {"": latent_graph(self.z)} if len(self) > 1 else {}
            )
        handed = graphs if isinstance(graphs, Mapping) else {"": graphs}
        for key, graph in handed.items():
            if not hasattr(graph, "reordered") or not hasattr(graph, "indices"):
                raise TypeError(
                    "`graphs` must be Neighbors or a mapping of names to them, got "
                    f"{type(graph).__name__} in {key!r}."
                )
        return annotated(
            {"": self},
            {
                plain(key): graph.reordered(
                    self.ids, name="graphs", like="the embedding"
                )
                for key, graph in handed.items()
            },
        )

    @property
    def accuracy(self) -> float:
        """Share of labelled rows predicted right (several labels: of right entries)."""
        if self.labels is None or self.predictions is None:
            return float("nan")
        has_label = labelled(self.labels, None, len(self))
        right = (self.labels == self.predictions)[has_label]
        return float(np.mean(right)) if has_label.any() else float("nan")

    @cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of ids, labels, class names and all arrays.

        Equal for equal numbers, whoever made them: metadata, hover media and `info`
        do not count. It is computed once, as an embedding does not change.

        Examples
        --------
        >>> one, other = (Embedding.from_arrays([[x], [2.0]]) for x in (0.0, 1.0))
        >>> one.digest == other.digest, one.digest == one.subset([0, 1]).digest
        (False, True)
        """
        parts: list[Any] = []
        for name in DIGESTED:
            value = getattr(self, name)
            parts.append(name)  # an empty mapping leaves a trace, too
            if isinstance(value, dict):
                parts += [part for pair in value.items() for part in pair]
            else:
                parts.append(value)
        return digest_of([
            tuple(vars(part).values()) if isinstance(part, Decoder) else part
            for part in parts
        ])  # fmt: skip

    def _repr_html_(self) -> str:
        title = html.escape(str(self.info.get("variant", "embedding")))
        seed = self.info.get("seed")
        accuracy = "" if self.predictions is None else f", accuracy {self.accuracy:.1%}"
        counts = [coverage(self.present_in(name), name) for name in self.inputs]
        missing = html.escape(", ".join(count for count in counts if count))
        return (
            f"<b>{title}</b>{'' if seed is None else f', seed {seed}'}: "
            f"{len(self)} × {self.z.shape[1]}{accuracy}<br>spaces: "
            f"{html.escape(', '.join(self.spaces))}"
            f"{missing and '<br>' + missing}"
            "<br>next: <code>rv.knn(embedding, k=15)</code>"
        )


_Z = "z"


# What the rows of one embedding have where only those of the other say something.
LACKING = {"labels": -1, "target": np.nan}
# What no row can lack.
WHOLE = ("predictions", "scores", "predicted")


def _check_joinable(old: Embedding, new: Any, column: str) -> None:
    if not isinstance(new, Embedding):
        raise TypeError(f"`new` must be an Embedding, got {type(new).__name__}.")
    both = np.intersect1d(old.ids, new.ids)
    if len(both):
        raise ValueError(
            "`new` must have other ids than the old rows, got "
            f"{str(both[0])!r} in both."
        )
    widths = [
        [("z", one.z.shape[1]), *((n, x.shape[1]) for n, x in one.inputs.items())]
        for one in (old, new)
    ]
    if widths[0] != widths[1]:
        raise ValueError(
            "`new` must have vectors and modalities as wide as the old rows "
            f"{widths[0]}, got {widths[1]}."
        )
    mine, theirs = old.labels, new.labels
    if mine is not None and theirs is not None and mine.shape[1:] != theirs.shape[1:]:
        raise ValueError(
            "`new` must have one label a row where the old rows have one, and several "
            f"where they have several, got labels of shape {theirs.shape}."
        )
    names = [one.class_names for one in (old, new) if one.class_names]
    if len({tuple(each) for each in names}) > 1:
        raise ValueError(
            f"`new` must have the classes of the old rows {names[0]}, got {names[1]}."
        )
    if column in (*old.metadata.columns, *new.metadata.columns):
        raise ValueError(
            f"`column` must be no column of the metadata yet, got {column!r}."
        )


def _stacked(parts: list[Any], counts: tuple[int, int], lacking: float) -> Any:
    """Return the values of both, or None where neither has any."""
    first = next((part for part in parts if part is not None), None)
    if first is None:
        return None
    filled = [
        np.full((count, *first.shape[1:]), lacking, first.dtype)
        if part is None
        else part
        for part, count in zip(parts, counts, strict=True)
    ]
    return np.concatenate(filled)


def _entries(
    parts: Sequence[Sequence[Any]], counts: tuple[int, int], empty: Any
) -> tuple[Any, ...]:
    """Return pictures or texts of both, or none where neither has any."""
    if not any(parts):
        return ()
    each = zip(parts, counts, strict=True)
    return tuple(x for part, count in each for x in part or (empty,) * count)


def _features_of(modalities: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the modalities by name, none of which is called as z is."""
    if modalities is None or (isinstance(modalities, Mapping) and not len(modalities)):
        return {}
    names = modality_names(modalities)
    return {name: modalities[key] for name, key in names.items()}


def _with_z(present: Any, blocks: Mapping[str, Any]) -> Any:
    """Return `present` of the modalities; every row has its z."""
    if present is None or isinstance(present, Mapping) or hasattr(present, "columns"):
        return present
    values = as_array(present, "present")
    if values.ndim != 2 or values.shape[1] != len(blocks) - 1:
        rows = len(values) if values.ndim else 0
        raise ValueError(
            f"`present` must have shape {(rows, len(blocks) - 1)} (rows, modalities), "
            f"got {values.shape}."
        )
    return {key: values[:, i] for i, key in enumerate(list(blocks)[1:])}


def _vectors(
    name: str,
    features: RawFeatures,
    rows: npt.NDArray[np.bool_],
    *,
    on_disk: bool = False,
) -> Any:
    """Return features as a float64 matrix; pictures and sequences are refused.

    Features on disk may stay there if that is said.
    """
    values = features.values
    if hasattr(values, "toarray"):
        values = features.modality(rows).values
    if values.ndim != 2:
        raise ValueError(
            f"`{name}` must be a matrix of shape (rows, features), "
            f"got shape {values.shape}."
        )
    if on_disk and isinstance(values, Stored):
        return values
    return np.asarray(values, dtype=np.float64)


def _held_by_float32(
    name: str, values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return vectors that float32 tells apart: centred where it would not."""
    refuse_overflow(name, values)
    column = rounded_column(values)
    if column is None:
        return values
    warnings.warn(
        f"`{name}` lies so far from zero that 32 bits lose the differences in column "
        f"{column}, so the mean of each column was subtracted: distances are those of "
        "64 bits, angles are those about the mean.",
        UserWarning,
        stacklevel=3,
    )
    return centred(values)


def _standardised(values: Any, rows: npt.NDArray[np.bool_]) -> Any:
    """Return features of mean 0 and variance 1 over the rows that have them."""
    if isinstance(values, Stored):
        mean, variance = moments(present_rows(values, rows))
        scale = np.where(variance > 0, np.sqrt(variance), 1.0)
        scaled_rows = Standardised(mean, scale, np.float32)
        return values.mapped(
            scaled_rows, shape=values.shape[1:], dtype=np.float32
        ).zeroed(~rows)
    observed = values if rows.all() else values[rows]
    scale = observed.std(axis=0)
    scaled = (values - observed.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    scaled[~rows] = 0
    return scaled.astype(np.float32)


def present_rows(values: Any, present: npt.NDArray[np.bool_]) -> Any:
    """Return the rows that are present: the array itself, uncopied, where all are.

    Rows on disk stay there.

    Examples
    --------
    >>> present_rows(np.array([[1.0], [2.0]]), np.array([False, True])).tolist()
    [[2.0]]
    """
    return values if present.all() else row_of(values, np.flatnonzero(present))


def coverage(present: npt.NDArray[np.bool_], space: str) -> str:
    """Return the coverage of a space in words; "" where all rows have it.

    Examples
    --------
    >>> coverage(np.array([True, True, True, False]), "rna")
    '75 % have rna'
    >>> coverage(np.array([True, False]), "sum"), coverage(np.ones(2, bool), "rna")
    ('50 % have every modality', '')
    """
    return counted(int(present.sum()), len(present), space)


def counted(present_count: int, n: int, space: str) -> str:
    """Return the coverage of a space, `present_count` of `n`, in words; "" for all.

    Examples
    --------
    >>> counted(83, 100, "rna"), counted(999, 1000, "rna")
    ('83 % have rna', '999 of 1,000 have rna')
    """
    if present_count == n:
        return ""
    words = "every modality" if space == "sum" else space
    share = round(100 * present_count / n)
    # Rounding must not turn a few into none, nor nearly all into all.
    count = f"{share} %" if 0 < share < 100 else f"{present_count:,} of {n:,}"
    return f"{count} have {words}"


def weights_of(
    blocks: Features, weights: Mapping[str, float] | None
) -> dict[str, float]:
    """Return the weight w_m of every modality, 1/d_m where none are given.

    Raises
    ------
    ValueError
        If a weight is missing, negative or of no modality, or all are 0.

    Examples
    --------
    >>> weights_of({"a": np.ones((3, 4))}, None)
    {'a': 0.25}
    """
    if weights is None:
        return {key: 1 / values.shape[1] for key, values in blocks.items()}
    _check.instance("weights", weights, Mapping)
    for key in weights:
        _check.one_of("weights", key, blocks)
    missing = [key for key in blocks if key not in weights]
    if missing:
        raise ValueError(f"`weights` must name every modality, got none for {missing}.")
    checked = {
        key: _check.number(f"weights[{key!r}]", weights[key], low=0) for key in blocks
    }
    if not any(checked.values()):
        raise ValueError("`weights` must have one above 0, got 0 for every modality.")
    return checked


def _weighted(
    blocks: Features, weights: Mapping[str, float] | None
) -> npt.NDArray[np.float64]:
    return np.hstack([
        np.sqrt(weight) * blocks[key].astype(np.float64)
        for key, weight in weights_of(blocks, weights).items()
    ])  # fmt: skip
