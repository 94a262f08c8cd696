"""Token-level multimodal transformer."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ..encoders import Encoded
from .attention import HEADS, check_heads, positions
from .base import Fused, Fusion, Sizes

_LAYERS = 2


class TransformerFusion(Fusion):
    r"""Attend over the tokens of all modalities at once; z is the class token.

    Tokens get a type embedding and sinusoidal positions, a class token is put in
    front, and two pre-norm layers attend over what is present:

    .. math:: z = \mathrm{LN}(\mathrm{Encoder}([c; T_1 + e_1; \ldots; T_M + e_M]))_0

    Vectors are tokenised as one token each, pictures as a grid of patches. The
    family of MMBT (Kiela et al. 2019) and of mmf's multimodal transformer, trained
    from scratch and small; here z is also the vector that is refined.
    """

    reads_tokens: ClassVar[bool] = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        width = self.width
        check_heads(self)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.types = nn.Parameter(torch.randn(len(self.names), width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width,
            HEADS,
            self.hidden,
            self.dropout,
            "gelu",
            batch_first=True,
            norm_first=True,
        )
        self.body = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the tokens; see `Fusion.forward`."""
        parts = [self.cls.expand(len(present), -1, -1)]  # (B, 1, w)
        masks = [torch.ones_like(present[:, :1])]
        for column, name in enumerate(self.names):
            tokens, mask, _ = encoded[name]
            places = positions(tokens.shape[1], self.width, tokens)
            parts.append(tokens + self.types[column] + places)  # (B, L_m, w)
            masks.append(mask & present[:, column : column + 1])
        token_mask = torch.cat(masks, dim=1)  # (B, 1 + L)
        # An absent token may hold anything, even NaN times zero: put zeros there.
        joined = torch.cat(parts, dim=1).masked_fill(~token_mask[..., None], 0.0)
        out = self.norm(self.body(joined, src_key_padding_mask=~token_mask))
        return Fused(out[:, 0], tokens=out)
