"""Fusion by concatenation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded, stacked
from .base import Fused, Fusion, Sizes
from .vectors import perceptron


class ConcatFusion(Fusion):
    r"""Concatenate the pooled vectors and map them by a two-layer perceptron.

    .. math:: z = W_2\,\mathrm{GELU}(W_1 [x_1; \ldots; x_M] + b_1) + b_2

    An absent modality enters as a learned vector of its own. The classic baseline
    ("late fusion" in MultiBench, Liang et al. 2021).
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count, width = len(self.names), self.width
        self.absent = nn.Parameter(torch.zeros(count, width))
        self.body = perceptron(count * width, self.hidden, width, self.dropout)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = stacked(encoded, self.names)  # (B, M, w)
        pooled = torch.where(present[..., None], pooled, self.absent)
        return Fused(self.body(pooled.flatten(1)))
