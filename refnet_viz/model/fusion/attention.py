"""Parts of the attention fusions: heads, positions, masked tokens, layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fusion

HEADS = 4


def check_heads(fusion: Fusion) -> None:
    """Refuse a width that the attention heads cannot share evenly."""
    if fusion.width % HEADS:
        raise ValueError(
            f"`width` must be a multiple of {HEADS} (attention heads) for "
            f"{type(fusion).__name__}, got {fusion.width}."
        )


def positions(length: int, width: int, like: Tensor) -> Tensor:
    """Return sinusoidal positions ``(L, w)``; zeros for a single token."""
    if length == 1:
        return like.new_zeros(1, width)
    place = torch.arange(length, device=like.device, dtype=like.dtype)[:, None]
    step = torch.arange(width // 2, device=like.device, dtype=like.dtype)
    angle = place * torch.exp(step * (-9.21 / max(width // 2, 1)))  # (L, w/2)
    return 0.1 * torch.cat([angle.sin(), angle.cos()], dim=1)


def real_tokens(encoded: Encoded, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return tokens ``(B, L, w)`` with their positions, and which of them count.

    What does not count is 0 before any arithmetic: it may be NaN, and NaN times zero
    is NaN, in a gradient too.

    Parameters
    ----------
    encoded
        One modality.
    there
        ``(B,)`` bool: the rows that have it.
    """
    mask = encoded.mask & present[:, None]
    places = positions(encoded.tokens.shape[1], encoded.tokens.shape[2], encoded.tokens)
    return (encoded.tokens + places).masked_fill(~mask[..., None], 0.0), mask


def some(mask: Tensor) -> Tensor:
    """Return a mask ``(B, L)`` in which a row without any token has its first one.

    Attention over nothing is NaN. What such a row then finds has to be left out by
    its reader.

    Examples
    --------
    >>> some(torch.tensor([[False, True], [False, False]])).tolist()
    [[False, True], [True, False]]
    """
    empty = ~mask.any(dim=1)
    first = torch.zeros_like(mask)
    first[:, 0] = True
    return mask | (first & empty[:, None])


def layer(fusion: Fusion) -> nn.TransformerEncoderLayer:
    """Return one pre-norm transformer layer of the fusion's sizes."""
    return nn.TransformerEncoderLayer(
        fusion.width,
        HEADS,
        fusion.hidden,
        fusion.dropout,
        "gelu",
        batch_first=True,
        norm_first=True,
    )


class CrossLayer(nn.Module):
    """One pre-norm layer in which targets attend to sources.

    A learned token beside the source's lets a target decline.

    Parameters
    ----------
    fusion
        Whose sizes to take.
    """

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        width = fusion.width
        self.attention = nn.MultiheadAttention(
            width, HEADS, fusion.dropout, batch_first=True, add_bias_kv=True
        )
        self.target_norm, self.source_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.body = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, fusion.hidden),
            nn.GELU(),
            nn.Dropout(fusion.dropout),
            nn.Linear(fusion.hidden, width),
        )

    def forward(self, target: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """Return the target ``(B, L, w)`` after it has read ``(B, K, w)``."""
        read = self.source_norm(source)
        attended, _ = self.attention(
            self.target_norm(target),
            read,
            read,
            key_padding_mask=~mask,
            need_weights=False,
        )
        attended = target + attended * mask.any(dim=1)[:, None, None]
        out: Tensor = attended + self.body(attended)
        return out
