"""Encoders: one modality in, tokens and their pooled vector out.

A fusion reads either the tokens or the pooled vectors. A picture encoder has only the
last map that is read: a map that nothing reads would stay at its random start.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .pictures import widths


class Encoded(NamedTuple):
    """Tokens ``(B, L, w)``, their mask ``(B, L)`` and the pooled ``(B, w)``."""

    tokens: Tensor
    mask: Tensor
    pooled: Tensor


def masked_mean(tokens: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over real positions; 0 where a row has none.

    Examples
    --------
    >>> masked_mean(torch.tensor([[[2.0], [9.0]]]), torch.tensor([[True, False]]))
    tensor([[2.]])
    """
    total = tokens.masked_fill(~mask[..., None], 0.0).sum(dim=1)  # (B, w)
    return total / mask.sum(dim=1, keepdim=True).clamp(min=1)


def stacked(encoded: dict[str, Encoded], names: Sequence[str]) -> Tensor:
    """Return the pooled vectors of all modalities, ``(B, M, w)``."""
    return torch.stack([encoded[name].pooled for name in names], dim=1)


class Encoder(nn.Module):
    """Base class of encoders.

    They take a `context`, added to the hidden layer before its non-linearity, by
    which progressive fusion feeds z back; `context_width` is its number of features.
    """

    context_width: int

    def arranged(self, x: Tensor) -> Tensor:
        """Return an input ``(B, ...)`` in the order in which `forward` reads it.

        Nothing in it is learned: of rows that stay as they are it is done once.
        """
        return x


class VectorEncoder(Encoder):
    """Two linear maps; the vector is also the modality's only token."""

    def __init__(self, features: int, hidden: int, width: int, dropout: float) -> None:
        super().__init__()
        self.context_width = hidden
        self.first = nn.Linear(features, hidden)
        self.drop = nn.Dropout(dropout)
        self.second = nn.Linear(hidden, width)

    def forward(
        self, x: Tensor, mask: Tensor | None, context: Tensor | None = None
    ) -> Encoded:
        """Encode ``(B, d)``."""
        x = self.first(x)  # (B, h)
        x = x if context is None else x + context
        pooled = self.second(self.drop(F.gelu(x)))  # (B, w)
        token_mask = torch.ones(len(x), 1, dtype=torch.bool, device=x.device)
        return Encoded(pooled[:, None], token_mask, pooled)


class DescribedEncoder(VectorEncoder):
    """Pictures by their colours and edges, as `pictures.describe` sees them.

    The network is given the standardised description in place of the pixels.
    """


class PatchEncoder(Encoder):
    """Small pictures by patches: linear maps of 4 x 4 patches, then of 2 x 2 groups.

    Linear maps of reshaped pixels cost a fraction of convolutions on a CPU. The
    tokens are the groups of patches; without `tokens` one map reads all of them.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        hidden: int,
        width: int,
        dropout: float,
        *,
        tokens: bool,
    ) -> None:
        super().__init__()
        height, breadth, channels = shape
        self.patch = 4 if min(height, breadth) >= 16 else 2
        grid = tuple(-(-side // (2 * self.patch)) for side in (height, breadth))
        self.padded = tuple(2 * self.patch * side for side in grid)
        inner, wide = max(hidden // 8, 16), max(hidden // 4, 16)
        self.context_width = wide
        self.first = nn.Linear(channels * self.patch**2, inner)
        self.second = nn.Linear(4 * inner, wide)
        self.drop = nn.Dropout(dropout)
        self.last = _Last(grid[0] * grid[1], wide, width, tokens=tokens)

    def arranged(self, x: Tensor) -> Tensor:
        """Return the patches ``(B, H/p, W/p, C p²)`` of pictures ``(B, C, H, W)``."""
        missing = [p - s for p, s in zip(self.padded, x.shape[2:], strict=True)]
        if any(missing):
            x = F.pad(x, (0, missing[1], 0, missing[0]))
        return F.pixel_unshuffle(x, self.patch).movedim(1, -1).contiguous()

    def forward(
        self, x: Tensor, mask: Tensor | None, context: Tensor | None = None
    ) -> Encoded:
        """Encode patches ``(B, H/p, W/p, C p²)``, as `arranged` returns them."""
        x = F.gelu(self.first(x)).movedim(-1, 1)  # (B, h/8, H/p, W/p)
        x = F.pixel_unshuffle(x, 2).flatten(2).transpose(1, 2)  # (B, L, h/2)
        x = self.second(x)  # (B, L, h/4)
        x = x if context is None else x + context[:, None]
        encoded: Encoded = self.last(self.drop(F.gelu(x)))
        return encoded


class ConvEncoder(Encoder):
    """A small convolutional network: three stages, each halves the picture."""

    def __init__(
        self,
        shape: tuple[int, ...],
        hidden: int,
        width: int,
        dropout: float,
        *,
        tokens: bool,
    ) -> None:
        super().__init__()
        sizes = [shape[-1], *(max(hidden // part, 4) for part in (8, 4, 2))]
        stages: list[nn.Module] = []
        for before, after in pairwise(sizes):
            stages += [
                nn.Conv2d(before, after, 3, padding=1),
                nn.GroupNorm(1, after),
                nn.GELU(),
                nn.MaxPool2d(2, ceil_mode=True),
            ]
        self.stages = nn.Sequential(*stages)
        self.context_width = sizes[-1]
        self.drop = nn.Dropout(dropout)
        side = [-(-length // 8) for length in shape[:2]]
        self.last = _Last(side[0] * side[1], sizes[-1], width, tokens=tokens)

    def forward(
        self, x: Tensor, mask: Tensor | None, context: Tensor | None = None
    ) -> Encoded:
        """Encode ``(B, C, H, W)``."""
        x = self.stages(x).flatten(2).transpose(1, 2)  # (B, L, h/2)
        x = x if context is None else x + context[:, None]
        encoded: Encoded = self.last(self.drop(x))
        return encoded


class _Last(nn.Module):
    """The last map of a picture: of each position, or of all of them at once."""

    def __init__(
        self, positions: int, features: int, width: int, *, tokens: bool
    ) -> None:
        super().__init__()
        self.tokens = tokens
        self.map = nn.Linear(features if tokens else positions * features, width)

    def forward(self, x: Tensor) -> Encoded:
        """Encode ``(B, L, h)``; the pooled vector is the only token, or their mean."""
        tokens = self.map(x if self.tokens else x.flatten(1)[:, None])  # (B, L, w)
        token_mask = torch.ones(tokens.shape[:2], dtype=torch.bool, device=x.device)
        return Encoded(tokens, token_mask, tokens.mean(dim=1))


class SequenceEncoder(Encoder):
    """Sequences of vectors: position-wise maps around one convolution over time."""

    def __init__(self, features: int, hidden: int, width: int, dropout: float) -> None:
        super().__init__()
        self.context_width = hidden
        self.first = nn.Linear(features, hidden)
        self.time = nn.Conv1d(hidden, hidden, 3, padding=1, groups=hidden)
        self.second = nn.Linear(hidden, width)
        self.drop = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, mask: Tensor | None, context: Tensor | None = None
    ) -> Encoded:
        """Encode ``(B, L, d)``; padding neither enters the convolution nor the mean."""
        if mask is None:
            mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        x = self.first(x)
        x = x if context is None else x + context[:, None]
        x = F.gelu(x) * mask[..., None]  # (B, L, h)
        x = x + self.time(x.transpose(1, 2)).transpose(1, 2)
        tokens = self.second(self.drop(F.gelu(x))) * mask[..., None]  # (B, L, w)
        return Encoded(tokens, mask, masked_mean(tokens, mask))


class TokenEncoder(Encoder):
    """Token ids: an embedding table in front of the sequence encoder."""

    def __init__(self, words: int, hidden: int, width: int, dropout: float) -> None:
        super().__init__()
        self.table = nn.Embedding(max(words, 2), hidden, padding_idx=0)
        nn.init.normal_(self.table.weight, std=hidden**-0.5)
        with torch.no_grad():
            self.table.weight[0] = 0.0
        self.body = SequenceEncoder(hidden, hidden, width, dropout)
        self.context_width = self.body.context_width

    def forward(
        self, x: Tensor, mask: Tensor | None, context: Tensor | None = None
    ) -> Encoded:
        """Encode ``(B, L)`` ids, 0 being padding."""
        token_mask = (x > 0) if mask is None else mask
        encoded: Encoded = self.body(self.table(x), token_mask, context)
        return encoded


def encoder(
    kind: str,
    shape: tuple[int, ...],
    words: int,
    *,
    hidden: int,
    width: int,
    dropout: float,
    picture: str,
    tokens: bool,
) -> Encoder:
    """Return the encoder for a modality.

    Parameters
    ----------
    kind, shape, words
        As in `Features`.
    hidden, width, dropout
        As in `Config`.
    picture
        "light", "cnn" or "described".
    tokens
        Whether the fusion reads tokens, or the pooled vector only.

    Examples
    --------
    >>> net = encoder("vector", (3,), 0, hidden=8, width=4, dropout=0.0,
    ...               picture="cnn", tokens=False)
    >>> net(torch.zeros(2, 3), None).pooled.shape
    torch.Size([2, 4])
    """
    if kind == "picture" and picture == "described":
        return DescribedEncoder(sum(widths(shape)), hidden, width, dropout)
    if kind == "picture":
        encoder_class = {"light": PatchEncoder, "cnn": ConvEncoder}[picture]
        return encoder_class(shape, hidden, width, dropout, tokens=tokens)
    if kind == "tokens":
        return TokenEncoder(words, hidden, width, dropout)
    if kind == "sequence":
        return SequenceEncoder(shape[-1], hidden, width, dropout)
    return VectorEncoder(shape[-1], hidden, width, dropout)
