"""Low-rank fusion: the tensor fusion whose cells are never made."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import present_vectors, unit_scale, wide

RANK = 16  # terms; the original tries 1 to 16


class LowRankFusion(Fusion):
    r"""Multiply a linear map of every modality, and sum over R such products.

    .. math::
        z = \sum_{r=1}^R w_r \prod_{m=1}^M F_m^{(r)} \binom{x_m}{1} + b,
        \qquad F_m^{(r)} \in \mathbb{R}^{w \times (d_m + 1)}

    This is the linear map of the full outer product of all
    :math:`(x_m; 1)` whose weight tensor is, for every feature of z, a sum of R
    rank-one tensors; cost and parameters grow with the sum of the widths, not with
    their product. An absent modality enters as (0; 1), so exactly the terms without
    it remain. Low-rank Multimodal Fusion: Liu, Shen, Lakshminarasimhan, Liang, Zadeh,
    Morency, ACL 2018.

    Ours: every x is divided by its root mean square, and factors start as
    :math:`N(0, 1/(d_m + 1))` with :math:`w_r = R^{-1/2}`, so that each factor,
    each product, and z start with unit variance for any M.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        rows = self.width + 1
        self.factors = nn.ParameterList(
            torch.randn(RANK, rows, self.width) * rows**-0.5 for _ in self.names
        )
        self.weights = nn.Parameter(torch.full((RANK,), RANK**-0.5))
        self.bias = nn.Parameter(torch.zeros(self.width))

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = unit_scale(present_vectors(encoded, self.names, present))  # (B, M, w)
        one = pooled.new_ones(len(pooled), 1)
        product = None
        for factor, x in zip(self.factors, pooled.unbind(1), strict=True):
            longer = torch.cat([x, one], dim=1)  # (B, w + 1)
            term = wide(torch.einsum("bi,rij->brj", longer, factor))  # (B, R, w)
            product = term if product is None else product * term
        return Fused(torch.einsum("brj,r->bj", product, self.weights) + self.bias)
