"""The whole network: encoders, fusion, head, refiner. Read it top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from .. import _check
from ..config import Config
from ..data.dataset import Dataset
from ..data.stored import Standardised, Stored, rows_at_once
from .encoders import DescribedEncoder, Encoded, Encoder, VectorEncoder, encoder
from .features import Features
from .fusion import FUSIONS, Fused, Sizes
from .fusion.progressive import Feedback
from .gaps import Gaps, Timing
from .refiner import Refiner, RunningScale
from .schema import Schema


@dataclass(frozen=True)
class Batch:
    """Rows as the network reads them; all tensors live on one device.

    Parameters
    ----------
    inputs
        Modality to encoder input and mask.
    features
        Modality to the fixed standardised features ``(B, d_m)``.
    present
        ``(B, M)`` bool.
    arranged
        Whether inputs are in the order in which encoders read them: see
        `ReFNet.arranged`.
    on_disk
        Modalities whose features are read from disk, as there may be no room for them.
    timing
        Modality to sessions and time gaps of its positions, where the fusion reads
        them.
    """

    inputs: dict[str, tuple[Tensor, Tensor | None]]
    features: dict[str, Tensor]
    present: Tensor
    arranged: bool = False
    on_disk: tuple[str, ...] = ()
    timing: dict[str, Timing] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.present)

    def rows(self, index: Tensor) -> Batch:
        """Return the rows at `index`."""
        return Batch(
            {
                name: (values[index], None if mask is None else mask[index])
                for name, (values, mask) in self.inputs.items()
            },
            {name: values[index] for name, values in self.features.items()},
            self.present[index],
            self.arranged,
            timing={name: item.rows(index) for name, item in self.timing.items()},
        )

    def blocks(self, size: int | None = None) -> Iterator[tuple[slice, Batch]]:
        """Yield the rows and their places: all at once, or `size` at a time."""
        if size is None:
            yield slice(0, len(self)), self
            return
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            index = torch.arange(part.start, part.stop, device=self.present.device)
            yield part, self.rows(index)


@dataclass(frozen=True, eq=False)
class StoredBatch:
    """Rows of which some modality stays on disk until they are asked for.

    Parameters
    ----------
    prepare
        `ReFNet.prepare` of a dataset in memory.
    data
        All rows, in the order of the schema.
    present
        ``(N, M)`` bool.
    """

    prepare: Callable[[Dataset], Batch]
    data: Dataset
    present: Tensor

    def __len__(self) -> int:
        return len(self.present)

    def rows(self, index: Tensor) -> Batch:
        """Return the rows at `index`, read from disk."""
        rows = index.cpu().numpy()
        modalities = {
            name: modality.read(rows) for name, modality in self.data.modalities.items()
        }
        part = replace(
            self.data,
            ids=self.data.ids[rows],
            modalities=modalities,
            present=self.data.present[rows],
        )
        return replace(self.prepare(part), on_disk=self.on_disk)

    @property
    def on_disk(self) -> tuple[str, ...]:
        """Modalities whose features are read from disk."""
        return tuple(vectors_on_disk(self.data))

    def blocks(self, size: int | None = None) -> Iterator[tuple[slice, Batch]]:
        """Yield the rows and their places, up to `size` at a time, as there is room."""
        values = [modality.values for modality in self.data.modalities.values()]
        step = min(rows_at_once(array) for array in values)
        step = min(step, size or step)
        for start in range(0, len(self), step):
            part = slice(start, min(start + step, len(self)))
            yield part, self.rows(torch.arange(part.start, part.stop))


@dataclass(frozen=True)
class Output:
    """Output of a forward pass.

    Parameters
    ----------
    fused
        What the fusion returned.
    logits
        ``(B, C)``.
    unimodal
        Modality to its vector ``(B, w)`` before any mixing.
    """

    fused: Fused
    logits: Tensor
    unimodal: dict[str, Tensor]

    @property
    def z(self) -> Tensor:
        """The fused vectors ``(B, d)``."""
        return self.fused.z


def vectors_on_disk(data: Dataset) -> dict[str, Stored]:
    """Return the values of the modalities that are vectors on disk.

    The features of all others are far smaller than they are.
    """
    return {
        name: modality.values
        for name, modality in data.modalities.items()
        if modality.on_disk and modality.kind == "vector"
    }


class ReFNet(nn.Module):
    """Refiner Fusion Network: any fusion, and a refiner that holds it responsible.

    One vector z serves all: the head reads it, the refiner decodes it, the viewer
    shows it.

    Parameters
    ----------
    schema
        What the data look like.
    config
        Widths, fusion, targets.

    Raises
    ------
    ValueError
        If the fusion is unknown, or is not defined for such data.

    References
    ----------
    Sankaran, Yang, Lim, "Multimodal Fusion Refiner Networks", arXiv 2104.03435.
    """

    target_mean: Tensor
    target_std: Tensor

    def __init__(self, schema: Schema, config: Config) -> None:
        super().__init__()
        _check.one_of("fusion", config.fusion, FUSIONS)
        _check_weights(config.refiner_weights, schema.modalities)
        self.schema, self.config = schema, config
        self.names = tuple(schema.modalities)
        fusion = FUSIONS[config.fusion]
        if schema.regression and (fusion.decides or fusion.single_label):
            raise ValueError(
                "`config.fusion` must be one that needs no classes when `data` has a "
                f"target, got {config.fusion!r}."
            )
        features: dict[str, Features] = {}
        encoders: dict[str, Encoder] = {}
        for name, entry in schema.modalities.items():
            described = (entry["kind"], tuple(entry["shape"]), entry["words"])
            features[name] = Features(*described, common_scale=entry["common_scale"])
            encoders[name] = encoder(
                *described,
                hidden=config.hidden,
                width=config.width,
                dropout=config.dropout,
                picture=config.picture_encoder,
                tokens=fusion.reads_tokens,
            )
        # Names from data may hold dots, which module names must not: use numbers.
        self.features = nn.ModuleList(features.values())
        self.encoders = nn.ModuleList(encoders.values())
        self.clocks: dict[str, list[str]] = {
            name: entry["clock"]
            for name, entry in schema.modalities.items()
            if fusion.reads_times and "clock" in entry
        }
        timed = tuple(name for name, parts in self.clocks.items() if "times" in parts)
        self.gaps = nn.ModuleDict({str(self.names.index(n)): Gaps() for n in timed})
        classes = schema.outputs
        self.fusion = fusion(
            Sizes(
                _token_kinds(schema, encoders),
                {name: item.width for name, item in features.items()},
                config.width,
                config.hidden,
                config.dropout,
                classes,
                schema.multilabel,
                timed,
            )
        )
        z_width = self.fusion.z_width
        self.head = nn.Identity() if fusion.decides else nn.Linear(z_width, classes)
        contexts = [item.context_width for item in encoders.values()]
        self.feedback = Feedback(z_width, contexts if config.rounds > 1 else [])
        widths = [
            item.width if config.targets == "inputs" else config.width
            for item in features.values()
        ]
        places = [str(i) for i in range(len(widths))]
        hidden = max(config.width, config.hidden)
        self.refiner = Refiner(
            z_width, dict(zip(places, widths, strict=True)), hidden=hidden
        )
        moving = config.targets == "features"
        self.scales = nn.ModuleList(RunningScale(w) for w in widths if moving)
        if schema.regression:  # other states keep the names they had
            self.register_buffer("target_mean", torch.zeros((), dtype=torch.float64))
            self.register_buffer("target_std", torch.ones((), dtype=torch.float64))

    @property
    def kinds(self) -> list[str]:
        """The kind of each modality, in order."""
        return [entry["kind"] for entry in self.schema.modalities.values()]

    def fit_features(self, train: Dataset) -> None:
        """Fit every scaler on training rows.

        Raises
        ------
        ValueError
            If no training row has a modality.
        """
        for column, (name, item) in enumerate(self._features().items()):
            modality, rows = train.modalities[name], train.present[:, column]
            if modality.mask is not None:
                rows = rows & modality.mask.any(axis=1)
            if not rows.any():
                raise ValueError(
                    f"`data` must have training rows with the modality {name!r}, "
                    "got none."
                )
            item.fit(modality, rows)
            if str(column) in self.gaps:
                cast("Gaps", self.gaps[str(column)]).fit(modality, rows)

    def fit_target(self, target: Tensor) -> None:
        """Set the scale of the target from labelled training rows."""
        # Equal values have a deviation of a rounding error, which is no scale.
        varies = target.max() > target.min()
        self.target_mean.copy_(target.mean())
        self.target_std.copy_(torch.where(varies, target.std(correction=0), 1.0))

    def prepare(self, data: Dataset) -> Batch | StoredBatch:
        """Return a dataset as tensors; absent modalities become zeros.

        What is on disk stays there until its rows are asked for.
        """
        data = self.schema.ordered(data)
        if not any(data.modalities[name].on_disk for name in self.names):
            return self._prepared(data)
        modalities = {name: data.modalities[name] for name in self.names}
        order = [list(data.modalities).index(name) for name in self.names]
        data = replace(data, modalities=modalities, present=data.present[:, order])
        device = self._device
        return StoredBatch(
            self._prepared, data, torch.tensor(data.present, device=device)
        )

    def on_disk(self, data: Dataset) -> dict[str, Stored]:
        """Return the standardised features of vectors on disk, which stay there."""
        data = self.schema.ordered(data)
        items, features = self._features(), {}
        for name, values in vectors_on_disk(data).items():
            if name in items:
                scale = items[name].mean.cpu().numpy(), items[name].std.cpu().numpy()
                absent = ~data.present[:, list(data.modalities).index(name)]
                features[name] = values.mapped(
                    Standardised(*scale), shape=values.shape[1:], dtype=np.float32
                ).zeroed(absent)
        return features

    def _prepared(self, data: Dataset) -> Batch:
        order = [list(data.modalities).index(name) for name in self.names]
        device = self._device
        present = torch.tensor(data.present[:, order], device=device)
        inputs, features = {}, {}
        for column, (name, item) in enumerate(self._features().items()):
            values, mask = item.inputs(data.modalities[name])
            rows = present[:, column]
            mask = None if mask is None else mask & rows[:, None]
            inputs[name] = _zeroed(values, rows), mask
            features[name] = inputs[name][0]
            if not item.plain:
                features[name] = _zeroed(item.features(data.modalities[name]), rows)
        return Batch(inputs, features, present, timing=self._timing(data))

    def _timing(self, data: Dataset) -> dict[str, Timing]:
        """Return sessions and time gaps of the modalities that were trained with them.

        Raises
        ------
        ValueError
            If the data lack what the run was trained with.
        """
        timing = {}
        for name, parts in self.clocks.items():
            modality, place = data.modalities[name], str(self.names.index(name))
            clock = modality.clock
            for part in parts:
                if clock is None or part not in clock.parts:
                    raise ValueError(
                        f"`data.modalities[{name!r}]` must have {part}, as those that "
                        "the run was trained on, got none."
                    )
            session = None
            if "sessions" in parts and clock is not None:
                session = torch.tensor(clock.sessions, device=self._device)
            gap = self.gaps[place](modality) if place in self.gaps else None
            timing[name] = Timing(session, gap)
        return timing

    @property
    def _device(self) -> torch.device:
        return self._features()[self.names[0]].mean.device

    def arranged(self, batch: Batch) -> Batch:
        """Return a batch whose inputs are in the order in which encoders read them.

        Pictures become patches or descriptions, which nothing that is learned
        changes: of rows whose pictures do not move it is done once.
        """
        if batch.arranged:
            return batch
        inputs = {}
        for i, (name, item) in enumerate(self._features().items()):
            values, mask = batch.inputs[name]
            encoder_of = cast("Encoder", self.encoders[i])
            if isinstance(encoder_of, DescribedEncoder):
                values = item.described(values)
            inputs[name] = encoder_of.arranged(values), mask
        return replace(batch, inputs=inputs, arranged=True)

    def forward(self, batch: Batch) -> Output:
        """Encode, fuse and classify; decoders are not called."""
        batch = self.arranged(batch)
        encoded = self._encode(batch)
        fused = self._fused(encoded, batch)  # z (B, d)
        unimodal = fused.unimodal or {name: x.pooled for name, x in encoded.items()}
        for _ in range(self.config.rounds - 1):
            encoded = self._encode(batch, self.feedback(fused.z))
            fused = self._fused(encoded, batch)
        logits = self.head(fused.z if fused.logits is None else fused.logits)
        return Output(fused, logits, unimodal)

    def _fused(self, encoded: dict[str, Encoded], batch: Batch) -> Fused:
        if batch.timing:
            return self.fusion.timed(encoded, batch.present, batch.timing)
        fused: Fused = self.fusion(encoded, batch.present)
        return fused

    def _encode(
        self, batch: Batch, contexts: list[Tensor] | None = None
    ) -> dict[str, Encoded]:
        """Return the encoders' outputs, given the feedback of progressive fusion."""
        feedback = [None] * len(self.names) if contexts is None else contexts
        encoded = {}
        for i, name in enumerate(self.names):
            values, mask = batch.inputs[name]
            encoded[name] = self.encoders[i](values, mask, feedback[i])
        return encoded

    def standardised(self, target: Tensor) -> Tensor:
        """Return a target ``(B,)`` in standard deviations from its mean, float32."""
        return ((target - self.target_mean) / self.target_std).float()

    def in_unit(self, logits: Tensor) -> Tensor:
        """Return the predicted target ``(B,)`` in its own unit, float64."""
        return logits[:, 0].double() * self.target_std + self.target_mean

    def decode(self, z: Tensor) -> dict[str, Tensor]:
        """Return the decoded features of every modality, ``(B, d_m)`` standardised."""
        answers = self.refiner(z)
        return {name: answers[str(i)] for i, name in enumerate(self.names)}

    def targets(self, batch: Batch, output: Output) -> dict[str, Tensor]:
        """Return the refiner's targets, detached and standardised."""
        if self.config.targets == "inputs":
            return batch.features
        return {
            name: self.scales[i](output.unimodal[name], batch.present[:, i])
            for i, name in enumerate(self.names)
        }

    def _features(self) -> dict[str, Features]:
        return dict(zip(self.names, self.features, strict=True))  # type: ignore[arg-type]


def _token_kinds(schema: Schema, encoders: Mapping[str, Encoder]) -> dict[str, str]:
    """Return the kind of each modality; pictures read as a vector count as one."""
    return {
        name: "vector" if isinstance(item, VectorEncoder) else entry["kind"]
        for (name, entry), item in zip(
            schema.modalities.items(), encoders.values(), strict=True
        )
    }


def _check_weights(
    weights: Mapping[str, float] | None, names: Mapping[str, Any]
) -> None:
    for name in weights or {}:
        _check.one_of("refiner_weights", name, names)


def _zeroed(values: Tensor, rows: Tensor) -> Tensor:
    """Return zeros in the rows that are absent, whatever they hold."""
    shape = (len(rows), *[1] * (values.ndim - 1))
    return values.masked_fill(~rows.reshape(shape), 0)
