"""Tensor fusion: all products of one feature of each modality."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import present_vectors, unit_linear, unit_scale, wide

CELLS = 4096  # of the outer product, the most for any number of modalities
WIDEST = 32  # features a modality: beyond, two modalities gain nothing but cost


def projected_width(count: int) -> int:
    """Return the largest d with ``(d + 1) ** count`` cells allowed.

    Examples
    --------
    >>> [projected_width(count) for count in (1, 2, 3, 4, 12)]
    [32, 32, 15, 7, 1]
    """
    return max(d for d in range(1, WIDEST + 1) if (d + 1) ** count <= CELLS)


class TensorFusion(Fusion):
    r"""Map the outer product of all modalities, each with a 1 appended.

    .. math::
        z = W \,\mathrm{vec}\Bigl(\binom{1}{y_1} \otimes \cdots \otimes
        \binom{1}{y_M}\Bigr), \qquad y_m = P_m \frac{u_m}{\mathrm{rms}(u_m)}, \quad
        u_m = \mathrm{GELU}(x_m)

    The cells are all products of at most one feature of each modality, of order 0
    (the bias) to M. An absent modality has y = 0: only its 1 remains, so exactly the
    terms without it do. Tensor Fusion Network: Zadeh, Chen, Poria, Cambria, Morency,
    EMNLP 2017. Ours: the projections, which keep the product to `CELLS` cells; the
    scaling, with which products of many factors start at unit size; and the linear
    map to the width of z, where the original has two layers.
    """

    counts = (1, 12)  # of 13 modalities not one feature each would fit

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count = len(self.names)
        features = projected_width(count)
        self.maps = nn.ModuleList(unit_linear(self.width, features) for _ in self.names)
        self.drop = nn.Dropout(self.dropout)
        self.out = nn.Linear((features + 1) ** count, self.width, bias=False)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = F.gelu(present_vectors(encoded, self.names, present))  # (B, M, w)
        pooled = unit_scale(pooled)
        cells = one = pooled.new_ones(len(pooled), 1)
        for layer, x in zip(self.maps, pooled.unbind(1), strict=True):
            factor = torch.cat([one, wide(layer(x))], dim=1)  # (B, 1 + d)
            cells = (cells[:, :, None] * factor[:, None]).flatten(1)
        return Fused(self.out(self.drop(cells)))  # cells (B, (1 + d)^M)
