"""What the attending fusions share: heads, positions, masked tokens."""

from __future__ import annotations

import torch
from torch import Tensor

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
