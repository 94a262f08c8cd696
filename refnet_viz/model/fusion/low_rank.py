"""Low-rank fusion: the tensor fusion whose cells are never made."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import present_vectors, unit_scale, wide

RANK = 16  # terms; the original tries 1 to 16


class LowRankFusion(Fusion):
    r"""Multiply a linear map of every modality, and sum over R such products.

    .. math::
        z = \sum_{r=1}^R w_r \prod_{m=1}^M F_m^{(r)} \binom{u_m}{1} + b,
        \qquad F_m^{(r)} \in \mathbb{R}^{w \times (w + 1)}

    This is the linear map of the full outer product of all
    :math:`(u_m; 1)` whose weight tensor is, for every feature of z, a sum of R
    rank-one tensors; cost and parameters grow with the sum of the widths, not with
    their product. An absent modality enters as (0; 1), so exactly the terms without
    it remain. Low-rank Multimodal Fusion: Liu, Shen, Lakshminarasimhan, Liang, Zadeh,
    Morency, ACL 2018.

    Ours: :math:`u_m` is the GELU of :math:`x_m` over its root mean square, and the
    factors start with variance 1/2 in the column of the 1 and 1/(2 w) in the others,
    with :math:`w_r = R^{-1/2}`: each factor, each product, and z start with unit
    variance for any M, and an absent modality halves it.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        size = torch.full((self.width + 1, 1), (2 * self.width) ** -0.5)
        size[-1] = 0.5**0.5
        self.factors = nn.ParameterList(
            size * torch.randn(RANK, self.width + 1, self.width) for _ in self.names
        )
        self.weights = nn.Parameter(torch.full((RANK,), RANK**-0.5))
        self.bias = nn.Parameter(torch.zeros(self.width))

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = F.gelu(present_vectors(encoded, self.names, present))  # (B, M, w)
        pooled = unit_scale(pooled)
        one = pooled.new_ones(len(pooled), 1)
        product = None
        for factor, x in zip(self.factors, pooled.unbind(1), strict=True):
            longer = torch.cat([x, one], dim=1)  # (B, w + 1)
            term = wide(torch.einsum("bi,rij->brj", longer, factor))  # (B, R, w)
            product = term if product is None else product * term
        return Fused(torch.einsum("brj,r->bj", product, self.weights) + self.bias)
