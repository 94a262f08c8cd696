"""Gated multimodal unit."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import present_vectors, shares, wide


class GMUFusion(Fusion):
    r"""Weigh every hidden feature of every modality by a learned gate.

    .. math::
        h_m = \tanh(W_m x_m), \qquad z = \sum_m g_m \circ h_m

    Two modalities share one gate, :math:`g_1 = \sigma(G [x_1; x_2])` and
    :math:`g_2 = 1 - g_1`; more have one each,
    :math:`g_m = \sigma(G_m [x_1; \ldots; x_M])`, which need not sum to 1. An absent
    modality enters the gates as 0, and its gate goes to those that are present, in
    proportion to theirs:

    .. math:: g_m \leftarrow p_m g_m \sum_j g_j \Big/ \sum_j p_j g_j

    so of two, the one that is left has a gate of 1. Arevalo, Solorio, Montes-y-Gómez,
    González, "Gated Multimodal Units for Information Fusion", arXiv 1702.01992; what
    happens to an absent modality is ours.

    The diagnostic "gate" is the mean of :math:`g_m` over the features of z.
    """

    counts = (2, None)  # a single gate would have nothing to choose

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count, width = len(self.names), self.width
        self.maps = nn.ModuleList(
            nn.Linear(width, width, bias=False) for _ in self.names
        )
        gates = 1 if count == 2 else count
        self.gates = nn.Linear(count * width, gates * width, bias=False)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = present_vectors(encoded, self.names, present)  # (B, M, w)
        pairs = zip(self.maps, pooled.unbind(1), strict=True)
        hidden = torch.stack([wide(layer(x)).tanh() for layer, x in pairs], dim=2)
        gate = self._gate(wide(self.gates(pooled.flatten(1))), present)  # (B, w, M)
        z = (gate * hidden).sum(dim=2)  # (B, w)
        return Fused(z, diagnostics={"gate": gate.mean(dim=1)})

    def _gate(self, scores: Tensor, present: Tensor) -> Tensor:
        """Return the gates ``(B, w, M)`` of scores ``(B, w)`` or ``(B, M w)``."""
        scores = scores.unflatten(1, (-1, self.width)).transpose(1, 2)
        if scores.shape[2] == 1:
            scores = torch.cat([scores, -scores], dim=2)  # 1 - s(x) = s(-x)
        # By logarithms: two gates may both be so small that their quotient is lost.
        split = shares(F.logsigmoid(scores), present[:, None])
        return split * scores.sigmoid().sum(dim=2, keepdim=True)
