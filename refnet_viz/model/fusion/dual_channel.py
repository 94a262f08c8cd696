"""Dual-channel reasoning: two modalities question each other, one may be let off."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded, masked_mean
from .attention import CrossLayer, check_heads, real_tokens
from .base import Fused, Fusion, Sizes
from .vectors import perceptron, wide


class DualChannelFusion(Fusion):
    r"""Let two modalities read each other, then look again with a sentinel.

    .. math::
        a &= \mathrm{mean}\,\mathrm{Cross}(X_1, X_2), \quad
        b = \mathrm{mean}\,\mathrm{Cross}(X_2, X_1), \quad
        m = g \circ a + (1 - g) \circ b, \; g = \sigma(G [a; b]) \\
        c &= \beta s + \sum_i \alpha_i x_{1,i}, \quad
        [\alpha; \beta] = \mathrm{softmax}\, v^\top \tanh(K [x_{1,i}; s] + Q m), \quad
        s = \tanh(S [a; b])

    and z is a perceptron of :math:`[c; m]`. The sentinel s stands for what is known
    without looking at the first modality again: a :math:`\beta` near 1 says that its
    tokens are not needed. The channel of an absent modality is 0. Vectors are one
    token.

    In the style of the multimodal dual-channel reasoning (MDR) and adaptive attention
    (MAA) of Ji, Shan, et al., Security and Communication Networks 2023, 5627246, whose
    abstract names the blocks; the sentinel is that of Lu, Xiong, Parikh, Socher,
    "Knowing When to Look", CVPR 2017, and the equations are ours.

    The diagnostic "sentinel" ``(B,)`` is :math:`\beta`, 1 where the first modality is
    absent.
    """

    reads_tokens = True
    counts = (2, 2)

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        check_heads(self)
        width = self.width
        self.channels = nn.ModuleList(CrossLayer(self) for _ in self.names)
        self.gate, self.sentinel = (
            nn.Linear(2 * width, width),
            nn.Linear(2 * width, width),
        )
        self.key = nn.Linear(width, width, bias=False)
        self.query = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)
        self.body = perceptron(2 * width, self.hidden, width, self.dropout)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the tokens; see `Fusion.forward`."""
        inputs = [
            real_tokens(encoded[name], present[:, i])
            for i, name in enumerate(self.names)
        ]
        channels = []
        for i, (tokens, mask) in enumerate(inputs):
            read = self.channels[i](tokens, *inputs[1 - i])  # (B, L_i, w)
            channels.append(masked_mean(read, mask))  # 0 when absent
        both = torch.cat(channels, dim=1)  # (B, 2 w)
        gate = self.gate(both).sigmoid()
        merged = gate * channels[0] + (1 - gate) * channels[1]
        looked, beta = self._look(*inputs[0], self.sentinel(both).tanh(), merged)
        z = self.body(torch.cat([looked, merged], dim=1))
        return Fused(z, diagnostics={"sentinel": beta})

    def _look(
        self, tokens: Tensor, mask: Tensor, sentinel: Tensor, merged: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what attention reads beside a sentinel, and the sentinel's weight."""
        keys = torch.cat([tokens.to(sentinel.dtype), sentinel[:, None]], dim=1)
        scores = self.score((self.key(keys) + self.query(merged)[:, None]).tanh())
        scores = wide(scores.squeeze(2))  # (B, L + 1)
        key_mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
        weight = scores.masked_fill(~key_mask, -torch.inf).softmax(dim=1)
        return torch.einsum("bl,blw->bw", weight, wide(keys)), weight[:, -1]
