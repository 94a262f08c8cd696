"""Multiplicative interactions: one modality writes the map of another."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import present_vectors, unit_linear, wide


class MultiplicativeFusion(Fusion):
    r"""Let one modality write the linear map that another goes through.

    Of two modalities the bilinear form is taken, whose map of :math:`x_1` is affine
    in :math:`x_2`:

    .. math:: z = x_1^\top \mathsf{W} x_2 + U x_1 + V x_2 + b

    Of three, the third writes this form: :math:`\mathsf{W}, U, V, b` are affine in
    :math:`x_3`. A full :math:`\mathsf{W}` has :math:`w^3` numbers, or :math:`w^4`
    of three modalities, so all are of rank R, the number of hidden features:

    .. math::
        t = [A_1 x_1 \circ A_2 x_2;\; B_1 x_1;\; B_2 x_2] \in \mathbb{R}^{3R}, \quad
        z = C \bigl(t \circ (1 + D x_3)\bigr) + E x_3 + b

    with neither D nor E of two. Since :math:`R \ge w` by default, U and V are not
    restricted, and the cost is that of a few linear maps. An absent modality is 0:
    the terms without it remain; without the third the form is the one of two.

    Jayakumar et al., "Multiplicative Interactions and Where to Find Them", ICLR 2020.
    Ours: the low rank, and that x is the GELU of a modality's pooled vector: without
    it the whole would be multilinear in the encoders' hidden layers.
    """

    counts = (2, 3)

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        rank = self.hidden
        self.first = unit_linear(self.width, 2 * rank)
        self.second = unit_linear(self.width, 2 * rank)
        third = [3 * rank, self.width] if len(self.names) == 3 else []
        self.third = nn.ModuleList(unit_linear(self.width, n) for n in third)
        self.drop = nn.Dropout(self.dropout)
        self.out = nn.Linear(3 * rank, self.width)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = F.gelu(present_vectors(encoded, self.names, present))  # (B, M, w)
        first, second, *rest = pooled.unbind(1)
        a, u = wide(self.first(first)).chunk(2, dim=1)  # (B, R) each
        b, v = wide(self.second(second)).chunk(2, dim=1)
        terms = torch.cat([a * b, u, v], dim=1)  # (B, 3 R)
        if not rest:
            return Fused(self.out(self.drop(terms)))
        scale, shift = (wide(layer(rest[0])) for layer in self.third)
        return Fused(self.out(self.drop(terms * (1 + scale))) + shift)
