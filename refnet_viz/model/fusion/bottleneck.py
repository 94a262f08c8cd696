"""Attention bottlenecks: modalities talk through a few shared tokens."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from ..encoders import Encoded, masked_mean
from .attention import check_heads, layer, real_tokens
from .base import Fused, Fusion, Sizes

_LAYERS, _TOKENS = 2, 4  # layers with a bottleneck, and its tokens


class BottleneckFusion(Fusion):
    r"""Let every modality attend to itself and to shared bottleneck tokens (MBT).

    After one layer of its own, every modality m goes through layers

    .. math::
        [T_m'; b_m'] = \mathrm{Transformer}_m([T_m; b]), \qquad
        b \leftarrow \frac{1}{|P|} \sum_{m \in P} b_m'

    in which only the bottleneck b, four learned tokens, carries anything from one to
    another; P are the modalities that are present. Every modality has weights and a
    class token of its own; z is the norm of the mean of the class tokens of P. Vectors
    are one token. The modalities' own features are their tokens' mean before the first
    bottleneck.

    Nagrani, Yang, Arnab, Jansen, Schmid, Sun, "Attention Bottlenecks for Multimodal
    Fusion", NeurIPS 2021; there the logits of the class tokens are averaged, which for
    a linear head is the logit of their mean.
    """

    reads_tokens = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        check_heads(self)
        count, width = len(self.names), self.width
        self.cls = nn.Parameter(torch.randn(count, 1, width) * 0.02)
        self.bottleneck = nn.Parameter(torch.randn(1, _TOKENS, width) * 0.02)
        self.own = nn.ModuleList(layer(self) for _ in self.names)
        self.shared = nn.ModuleList(
            nn.ModuleList(layer(self) for _ in self.names) for _ in range(_LAYERS)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the tokens; see `Fusion.forward`."""
        streams, masks, unimodal = [], [], {}
        for i, name in enumerate(self.names):
            tokens, mask = real_tokens(encoded[name], present[:, i])
            cls = self.cls[i].expand(len(present), -1, -1)
            visible = torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)
            stream = self.own[i](
                torch.cat([cls, tokens], 1), src_key_padding_mask=~visible
            )
            unimodal[name] = masked_mean(stream[:, 1:], mask)
            streams.append(stream)  # (B, 1 + L_m, w)
            masks.append(visible)
        weight = present.to(self.cls.dtype) / present.sum(1, keepdim=True)  # (B, M)
        bottleneck = self.bottleneck.expand(len(present), -1, -1)
        open_ = present.new_ones(len(present), _TOKENS)
        for number, layers in enumerate(self.shared):
            summaries = []
            for i, block in enumerate(cast("nn.ModuleList", layers)):
                visible = torch.cat([masks[i], open_], dim=1)
                both = torch.cat([streams[i], bottleneck], dim=1)
                out = block(both, src_key_padding_mask=~visible)
                streams[i] = out[:, :-_TOKENS]
                summaries.append(out[:, -_TOKENS:])
            if number + 1 < _LAYERS:  # nobody reads the last one
                bottleneck = torch.einsum(
                    "bm,bmtw->btw", weight, torch.stack(summaries, 1)
                )
        classes = torch.stack([stream[:, 0] for stream in streams], dim=1)  # (B, M, w)
        z = self.norm(torch.einsum("bm,bmw->bw", weight, classes))
        return Fused(z, unimodal=unimodal)
