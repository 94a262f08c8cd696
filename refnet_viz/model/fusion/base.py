"""The one contract that every fusion keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn

from ..encoders import Encoded


@dataclass(frozen=True)
class Fused:
    """What a fusion returns.

    Parameters
    ----------
    z
        ``(B, d)``: the one vector that the head consumes, the refiner decodes and
        the viewer shows.
    aux_losses
        Name to scalar, already weighted, added to the objective as they are.
    diagnostics
        Name to a tensor with B rows that the plots can show: gates, attention,
        uncertainty ...
    tokens
        ``(B, L, d)`` when the fusion has them.
    """

    z: Tensor
    aux_losses: dict[str, Tensor] = field(default_factory=dict)
    diagnostics: dict[str, Tensor] = field(default_factory=dict)
    tokens: Tensor | None = None


class Fusion(nn.Module, ABC):
    """Turns what the encoders say of M modalities into one vector.

    A subclass is built as ``Fusion(names, width=, hidden=, dropout=)`` and keeps
    three promises, checked for every entry of the registry: padded positions and
    absent modalities change nothing, rows of a batch do not see one another, and
    every parameter receives a gradient.

    Parameters
    ----------
    names
        Modalities in the order of `present`.
    width
        Features of every encoded token and of z.
    hidden
        Hidden features.
    dropout
        Share of hidden features dropped in training.

    Attributes
    ----------
    reads_tokens
        Whether it reads the encoders' tokens; otherwise their pooled vectors.
    """

    reads_tokens: ClassVar[bool] = False

    def __init__(
        self, names: tuple[str, ...], *, width: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.names, self.width = names, width
        self.hidden, self.dropout = hidden, dropout

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
