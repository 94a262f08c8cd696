"""The interface of fusions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..encoders import Encoded
from ..gaps import Timing


@dataclass(frozen=True)
class Sizes:
    """Sizes that a fusion is built for.

    Parameters
    ----------
    kinds
        Modality to "vector", "picture", "sequence" or "tokens"; their order is that
        of `present`.
    features
        Modality to the number of its fixed features d_m.
    width
        Features of every encoded token and pooled vector.
    hidden
        Hidden features.
    dropout
        Share of hidden features dropped in training.
    classes
        Number of classes, at least 1.
    multilabel
        Whether rows have several labels.
    timed
        Modalities whose positions come with time gaps.
    """

    kinds: Mapping[str, str]
    features: Mapping[str, int]
    width: int
    hidden: int
    dropout: float = 0.0
    classes: int = 1
    multilabel: bool = False
    timed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answers:
    """Targets of a training step, which a forward pass must not see.

    Parameters
    ----------
    features
        Modality to the fixed standardised features ``(B, d_m)``.
    present
        ``(B, M)`` bool.
    labels
        ``(B,)`` class numbers, ``(B, C)`` 0/1, or None without labels.
    labelled
        ``(B,)`` bool: the rows whose labels may be used.
    progress
        Share of the training that is done, 0 to 1.
    """

    features: dict[str, Tensor]
    present: Tensor
    labels: Tensor | None
    labelled: Tensor
    progress: float = 0.0


@dataclass(frozen=True)
class Fused:
    """Output of a fusion.

    Parameters
    ----------
    z
        ``(B, z_width)``: the one vector that the head consumes, the refiner decodes
        and the viewer shows.
    logits
        ``(B, C)`` from fusions that decide themselves, else None.
    unimodal
        Modality to ``(B, width)`` before any mixing; None takes the encoders' pooled
        vectors.
    aux_losses
        Name to scalar, already weighted, added to the objective as they are.
    diagnostics
        Name to ``(B,)``, or ``(B, M)`` in the order of the modalities: gates,
        attention, uncertainty, residuals, which the plots show per sample.
    memory
        Name to ``(B, ...)``: what `Fusion.losses` needs of this pass. It gets these
        and z alone where several processes train, each of which sees some of the rows.
    tokens
        ``(B, L, d)`` when the fusion has them.
    """

    z: Tensor
    logits: Tensor | None = None
    unimodal: dict[str, Tensor] | None = None
    aux_losses: dict[str, Tensor] = field(default_factory=dict)
    diagnostics: dict[str, Tensor] = field(default_factory=dict)
    memory: dict[str, Tensor] = field(default_factory=dict)
    tokens: Tensor | None = None

    def widened(self) -> Fused:
        """Return it with half-precision tensors as float32, for the losses."""
        return Fused(
            **{item.name: _wide(getattr(self, item.name)) for item in fields(self)}
        )


def _wide(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _wide(x) for name, x in value.items()}
    half = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if half else value


class Fusion(nn.Module, ABC):
    """Turns what the encoders say of M modalities into one vector.

    A subclass is built as ``Fusion(sizes)`` and keeps three promises, checked for
    every entry of the registry: padded positions and absent modalities change
    nothing, rows of a batch do not see one another, and every parameter receives a
    gradient. Parameters whose shape depends on the classes live in a module called
    ``head``, which a pre-trained start does not hand on.

    Parameters
    ----------
    sizes
        Modalities, widths and classes.

    Raises
    ------
    ValueError
        If the fusion is not defined for that many modalities, or for several labels.

    Attributes
    ----------
    reads_tokens
        Whether it reads the encoders' tokens; otherwise their pooled vectors.
    reads_times
        Whether it reads times and sessions, for which `timed` is called.
    decides
        Whether it returns logits; otherwise a linear head reads z.
    counts
        Fewest and most modalities for which it is defined.
    single_label
        Whether it needs exactly one label a row.
    """

    reads_tokens: ClassVar[bool] = False
    reads_times: ClassVar[bool] = False
    decides: ClassVar[bool] = False
    counts: ClassVar[tuple[int, int | None]] = (1, None)
    single_label: ClassVar[bool] = False

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self._refuse(sizes)
        self.names, self.width = tuple(sizes.kinds), sizes.width
        self.hidden, self.dropout = sizes.hidden, sizes.dropout

    @property
    def z_width(self) -> int:
        """Features of z."""
        return self.width

    @abstractmethod
    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse a batch.

        Parameters
        ----------
        encoded
            Modality to tokens ``(B, L_m, w)``, mask ``(B, L_m)`` and pooled
            ``(B, w)``.
        present
            ``(B, M)`` bool; what an absent modality holds must not matter.
        """

    def timed(
        self,
        encoded: dict[str, Encoded],
        present: Tensor,
        timing: Mapping[str, Timing],
    ) -> Fused:
        """Fuse a batch of sequences whose times or sessions are known.

        Parameters
        ----------
        encoded, present
            As in `forward`.
        timing
            Modality to its sessions and time gaps, for those that have any.
        """
        del timing
        fused: Fused = self(encoded, present)
        return fused

    def losses(self, fused: Fused, answers: Answers) -> dict[str, Tensor]:
        """Return training losses that need features or labels, already weighted.

        Called in training only, after `forward`; none by default.
        """
        del fused, answers
        return {}

    def _refuse(self, sizes: Sizes) -> None:
        low, high = self.counts
        count = len(sizes.kinds)
        if count < low or (high is not None and count > high):
            span = f"{low}" if low == high else f"{low} to {high}"
            span = f"at least {low}" if high is None else span
            raise ValueError(
                f"`data` must have {span} modalities for {type(self).__name__}, "
                f"got {count}."
            )
        if self.single_label and sizes.multilabel:
            raise ValueError(
                f"`data` must have one label a row for {type(self).__name__}, "
                "got several."
            )
