"""Cross-modal transformer: every modality reads all the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded, masked_mean
from .attention import CrossLayer, check_heads, layer, real_tokens, some
from .base import Fused, Fusion, Sizes
from .vectors import perceptron

_LAYERS = 2


class MulTFusion(Fusion):
    r"""Translate between all ordered pairs of modalities by cross-attention (MulT).

    For target i and source j, with queries from the target and keys and values from
    the source's tokens as they came, at every layer:

    .. math::
        Z_{j \to i} \leftarrow Z_{j \to i} + \mathrm{Attention}(Z_{j \to i}, X_j, X_j)
        \text{, then a perceptron, twice}

    The :math:`Z_{j \to i}` of a target are concatenated, mapped to the width, go
    through one self-attention layer and are averaged over real positions;
    z is a perceptron of all targets' averages, with zeros for an absent one. An absent
    source adds nothing. A single modality reads itself. Vectors are one token.

    Tsai, Bai, Liang, Kolter, Morency, Salakhutdinov, "Multimodal Transformer for
    Unaligned Multimodal Language Sequences", ACL 2019. Ours: the mean in place of the
    last position, which right padding moves, and the map to the width.
    """

    reads_tokens = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        check_heads(self)
        count, width = len(self.names), self.width
        self.sources = [
            [j for j in range(count) if j != i or count == 1] for i in range(count)
        ]
        self.stacks = nn.ModuleList(
            nn.ModuleList(CrossLayer(self) for _ in range(_LAYERS))
            for sources in self.sources
            for _ in sources
        )
        self.joined = nn.ModuleList(
            nn.Linear(len(sources) * width, width) for sources in self.sources
        )
        self.own = nn.ModuleList(layer(self) for _ in self.names)
        self.body = perceptron(count * width, self.hidden, width, self.dropout)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the tokens; see `Fusion.forward`."""
        inputs = [
            real_tokens(encoded[name], present[:, i])
            for i, name in enumerate(self.names)
        ]
        stacks = iter(self.stacks)
        outputs = []
        for i, (target, mask) in enumerate(inputs):
            read = []
            for j in self.sources[i]:
                x = target
                for block in next(stacks):  # type: ignore[attr-defined]
                    x = block(x, *inputs[j])
                read.append(x * present[:, j, None, None])
            joined = self.joined[i](torch.cat(read, dim=2))  # (B, L_i, w)
            joined = self.own[i](joined, src_key_padding_mask=~some(mask))
            outputs.append(masked_mean(joined, mask))  # (B, w), 0 when absent
        return Fused(self.body(torch.cat(outputs, dim=1)))
