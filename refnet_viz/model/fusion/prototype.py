"""Prototype fusion: classes are points in the fused and in every modality's space."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .vectors import perceptron, present_vectors, shares, wide


class PrototypeFusion(Fusion):
    r"""Refine every modality by the fused vector and compare all with prototypes.

    .. math::
        h = \mathrm{MLP}([x_1; \ldots; x_M]), \quad r_m = x_m + R_m [x_m; h], \quad
        \ell_c = \tau \sum_k w_k \cos(f_k, p_{k,c}), \quad
        f = (h, r_1, \ldots, r_M)

    with learned prototypes :math:`p_{k,c}`, a softmax of learned weights :math:`w_k`
    over what is present, and a learned :math:`\tau`. z is
    :math:`[h; r_1; \ldots; r_M]`, all that is compared; the block of an absent modality
    is 0.

    In the style of MMPL-Net (Shan et al., Neural Computing and Applications 35, 2023),
    a one-shot segmentation network that averages masked features into a multimodal, a
    depth and a global prototype, and hands refined depth features on. That much its
    abstract says; the equations are ours. Prototypes are learned instead of averaged
    over an episode, so that a batch does not change what a row gets.

    The diagnostic "share" ``(B, M)`` is each modality's part of the winning logit's
    positive terms; what is missing to 1 is the fused vector's.
    """

    decides = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count, width = len(self.names), self.width
        self.body = perceptron(count * width, self.hidden, width, self.dropout)
        self.refined = nn.ModuleList(nn.Linear(2 * width, width) for _ in self.names)
        self.weights = nn.Parameter(torch.zeros(count + 1))
        self.sharpness = nn.Parameter(torch.tensor([10.0]))
        self.head = nn.ParameterDict(
            {"prototypes": torch.randn(count + 1, sizes.classes, width)}
        )

    @property
    def z_width(self) -> int:
        """The fused block and one a modality."""
        return (len(self.names) + 1) * self.width

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        pooled = present_vectors(encoded, self.names, present)  # (B, M, w)
        fused = wide(self.body(pooled.flatten(1)))
        blocks = [fused]
        for layer, x in zip(self.refined, pooled.unbind(1), strict=True):
            blocks.append(x + wide(layer(torch.cat([x, fused], dim=1))))
        block_mask = F.pad(present, (1, 0), value=True)
        points = torch.stack(blocks, dim=1) * block_mask[..., None]  # (B, 1 + M, w)
        prototypes = F.normalize(self.head["prototypes"], dim=2)
        near = torch.einsum("bkw,kcw->bkc", F.normalize(points, dim=2), prototypes)
        weight = shares(self.weights.expand_as(block_mask), block_mask)  # (B, 1 + M)
        parts = self.sharpness * weight[..., None] * wide(near)  # (B, 1 + M, C)
        logits = parts.sum(dim=1)
        winner = logits.argmax(dim=1)[:, None, None].expand(-1, parts.shape[1], 1)
        won = parts.gather(2, winner).squeeze(2).clamp(min=0)
        share = won / won.sum(dim=1, keepdim=True).clamp(min=1e-12)
        return Fused(
            points.flatten(1), logits=logits, diagnostics={"share": share[:, 1:]}
        )
