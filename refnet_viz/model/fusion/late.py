"""Late fusion: every modality decides, the decisions are averaged."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import perceptron, present_vectors, shares


class LateFusion(Fusion):
    r"""Let every modality decide by itself and average the decisions.

    With features :math:`h_m = \mathrm{MLP}_m(x_m)`, presence :math:`p_m` and one
    learned score :math:`a_m` a modality,

    .. math::
        w_m = \frac{p_m e^{a_m}}{\sum_j p_j e^{a_j}}, \qquad
        z = [w_1 h_1; \ldots; w_M h_M].

    The head on z, cut into blocks :math:`H = [H_1, \ldots, H_M]`, is then exactly a
    weighted mean of the logits of M separate linear heads, because the weights of
    what is present sum to 1:

    .. math:: H z + b = \sum_m w_m H_m h_m + b = \sum_m w_m (H_m h_m + b)

    An absent modality has no say. Averaging classifiers' decisions by learned weights
    is old (Kittler, Hatef, Duin, Matas, "On Combining Classifiers", IEEE TPAMI
    1998); that z holds the terms side by side, so that one vector can be classified,
    refined and drawn, is ours.
    """

    counts = (2, None)  # a single weight would always be 1

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.bodies = nn.ModuleList(
            perceptron(self.width, self.hidden, self.width, self.dropout)
            for _ in self.names
        )
        self.scores = nn.Parameter(torch.zeros(len(self.names)))

    @property
    def z_width(self) -> int:
        """Features of z: a block a modality."""
        return len(self.names) * self.width

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = present_vectors(encoded, self.names, present)  # (B, M, w)
        pairs = zip(self.bodies, pooled.unbind(1), strict=True)
        features = torch.stack([body(x) for body, x in pairs], dim=1)  # (B, M, w)
        weight = shares(self.scores.expand(present.shape), present)  # (B, M)
        z = (weight[..., None] * features).flatten(1)  # (B, M w)
        return Fused(z, diagnostics={"weight": weight})
