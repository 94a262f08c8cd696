"""Fusion by concatenation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded, stacked
from .base import Fused, Fusion, Sizes


class ConcatFusion(Fusion):
    r"""Concatenate the pooled vectors and map them by a two-layer perceptron.

    .. math:: z = W_2\,\mathrm{GELU}(W_1 [x_1; \ldots; x_M] + b_1) + b_2

    An absent modality enters as a learned vector of its own. The classic baseline
    ("late fusion" in MultiBench, Liang et al. 2021).
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count, width, hidden = len(self.names), self.width, self.hidden
        self.absent = nn.Parameter(torch.zeros(count, width))
        self.body = nn.Sequential(
            nn.GELU(), nn.Dropout(self.dropout),
            nn.Linear(count * width, hidden), nn.GELU(), nn.Dropout(self.dropout),
            nn.Linear(hidden, width),
        )  # fmt: skip

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = stacked(encoded, self.names)  # (B, M, w)
        pooled = torch.where(present[..., None], pooled, self.absent)
        return Fused(self.body(pooled.flatten(1)))
