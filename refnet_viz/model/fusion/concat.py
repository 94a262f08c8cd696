"""Fusion by concatenation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion


class ConcatFusion(Fusion):
    r"""Concatenate the pooled vectors and map them by a two-layer perceptron.

    .. math:: z = W_2\,\mathrm{GELU}(W_1 [x_1; \ldots; x_M] + b_1) + b_2

    An absent modality enters as a learned vector of its own. The classic baseline
    ("late fusion" in MultiBench, Liang et al. 2021).
    """

    def __init__(
        self, names: tuple[str, ...], *, width: int, hidden: int, dropout: float
    ) -> None:
        super().__init__(names, width=width, hidden=hidden, dropout=dropout)
        self.absent = nn.Parameter(torch.zeros(len(names), width))
        self.body = nn.Sequential(
            nn.GELU(), nn.Dropout(dropout),
            nn.Linear(len(names) * width, hidden), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(hidden, width),
        )  # fmt: skip

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = torch.stack([encoded[name].pooled for name in self.names], 1)
        pooled = torch.where(present[..., None], pooled, self.absent)  # (B, M, w)
        return Fused(self.body(pooled.flatten(1)))
