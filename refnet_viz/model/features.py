"""Feature scaling: raw arrays to resident tensors, fitted on training rows."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from ..data.dataset import Modality
from . import pictures
from .encoders import masked_mean

_WORDS = 256  # token sequences answer for their most frequent training tokens


class Features(nn.Module):
    """Standardised network input and refiner target of one modality.

    The *input* is what the encoder reads; the *features* ``(N, d_m)`` are a fixed
    vector view of the same data: vectors themselves, colours and edges of pictures
    (`pictures.describe`), the mean over a sequence, or relative frequencies of the
    commonest tokens. They are the modality's own space and, by default, what the
    refiner has to answer.

    Parameters
    ----------
    kind
        "vector", "picture", "sequence" or "tokens".
    shape
        Shape of one sample.
    words
        Highest known token id plus one, for "tokens".
    common_scale
        As in `Modality`.

    Examples
    --------
    >>> vectors = Modality.of("a", np.array([[0.0], [2.0]]))
    >>> features = Features("vector", (1,))
    >>> features.fit(vectors, np.array([True, True]))
    >>> features.features(vectors).flatten().tolist()
    [-1.0, 1.0]
    """

    input_mean: Tensor
    input_std: Tensor
    mean: Tensor
    std: Tensor
    kept: Tensor

    def __init__(
        self,
        kind: str,
        shape: tuple[int, ...],
        words: int = 0,
        *,
        common_scale: bool = False,
    ) -> None:
        super().__init__()
        self.kind, self.shape, self.words = kind, tuple(shape), words
        self.common_scale = common_scale
        wide = {"vector": shape[-1], "sequence": shape[-1], "picture": shape[-1]}
        channels = wide.get(kind, 1)
        self.register_buffer("input_mean", torch.zeros(channels))
        self.register_buffer("input_std", torch.ones(channels))
        self.register_buffer("mean", torch.zeros(self.width))
        self.register_buffer("std", torch.ones(self.width))
        # Ids 0 and 1, padding and unknown, say nothing: they are no features.
        self.register_buffer("kept", torch.arange(2, 2 + self.width * self.counted))

    @property
    def width(self) -> int:
        """Number of features d_m."""
        return sum(self.blocks)

    @property
    def blocks(self) -> tuple[int, ...]:
        """Sizes of groups of features that are scaled to the same total variance."""
        if self.kind == "picture":
            return pictures.widths(self.shape)
        if self.counted:
            return (min(max(self.words - 2, 1), _WORDS),)
        return (self.shape[-1],)

    @property
    def counted(self) -> bool:
        """Whether the features are frequencies of tokens."""
        return self.kind == "tokens"

    @property
    def plain(self) -> bool:
        """Whether the network reads the very features that the refiner answers for."""
        return self.kind == "vector"  # both are scaled by the same numbers

    def fit(self, modality: Modality, present: np.ndarray) -> None:
        """Set the scalers from training rows that have the modality.

        One pass over rows on disk; two for tokens, whose vocabulary comes first.
        """
        rows = np.flatnonzero(present)
        if self.counted:
            self._choose_words(modality, rows)
        moments, raw_moments = _Moments(), _Moments()
        for _, block in modality.blocks(rows):
            if not self.counted:
                raw_moments.add(self._numbers(block))
            if self.kind != "vector":
                moments.add(self._view(block))
        if not self.counted:
            self.input_mean, self.input_std = raw_moments.scale(self.common_scale)[0]
        if self.kind == "vector":
            moments = raw_moments
        parts = moments.scale(self.common_scale, self.blocks)
        self.mean = torch.cat([mean for mean, _ in parts])
        even = [(len(std) * len(parts) / self.width) ** 0.5 for _, std in parts]
        self.std = torch.cat([std * e for (_, std), e in zip(parts, even, strict=True)])

    def _choose_words(self, modality: Modality, rows: np.ndarray) -> None:
        counts = torch.zeros(max(self.words, 1), dtype=torch.int64)
        for _, block in modality.blocks(rows):
            ids = self._ids(block).flatten().cpu()
            counts = counts + torch.bincount(ids, minlength=len(counts))
        often = counts[2:].argsort(descending=True, stable=True)
        self.kept[: len(often)] = often[: self.width] + 2

    def _numbers(self, modality: Modality) -> Tensor:
        """Return the numbers that inputs are scaled by, ``(rows, channels)``."""
        raw, mask = self._raw(modality), self._mask(modality)
        raw = raw if mask is None else raw[mask]
        return raw.reshape(-1, raw.shape[-1])

    def features(self, modality: Modality) -> Tensor:
        """Return ``(N, d_m)`` float32, standardised."""
        return (self._view(modality) - self.mean) / self.std

    def described(self, pixels: Tensor) -> Tensor:
        """Return the features of pictures that are already encoder inputs."""
        scale, mean = (x[:, None, None] for x in (self.input_std, self.input_mean))
        view = pictures.describe(pixels * scale + mean)
        return (view - self.mean) / self.std

    def inputs(self, modality: Modality) -> tuple[Tensor, Tensor | None]:
        """Return the encoder's input and the mask of real positions, if it has one.

        Vectors ``(N, d)``, pictures ``(N, C, H, W)``, sequences ``(N, L, d)`` with
        zeros as padding, tokens ``(N, L)`` with 0 as padding and 1 as unknown.
        """
        mask = self._mask(modality)
        if self.counted:
            return self._ids(modality), mask
        scaled = (self._raw(modality) - self.input_mean) / self.input_std
        if self.kind == "picture":
            scaled = scaled.permute(0, 3, 1, 2).contiguous()
        if mask is not None:
            # Not a product: padding that overflows, times zero, would be NaN.
            scaled = scaled.masked_fill(~mask[..., None], 0.0)
        return scaled, mask

    def _raw(self, modality: Modality) -> Tensor:
        # A copy: the arrays of a dataset may be read-only.
        values = torch.tensor(modality.values, device=self.mean.device)
        return values.float() / 255 if self.kind == "picture" else values.float()

    def _ids(self, modality: Modality) -> Tensor:
        """Return ids shifted by one for "unknown": 0 padding, 1 unknown, 2... known."""
        ids = torch.tensor(modality.values, device=self.mean.device)
        shifted = torch.where(ids < self.words - 1, ids + 1, torch.ones_like(ids))
        return shifted.masked_fill(~cast("Tensor", self._mask(modality)), 0)

    def _mask(self, modality: Modality) -> Tensor | None:
        if modality.mask is None:
            return None
        return torch.tensor(modality.mask, device=self.mean.device)

    def _view(self, modality: Modality) -> Tensor:
        if self.counted:
            return self._frequencies(self._ids(modality))
        raw = self._raw(modality)
        if self.kind == "picture":
            return pictures.describe(raw.permute(0, 3, 1, 2))
        if self.kind == "sequence":
            return masked_mean(raw, cast("Tensor", self._mask(modality)))
        return raw

    def _frequencies(self, ids: Tensor) -> Tensor:
        """Return the share of each kept token among the real positions of a row."""
        other = len(self.kept)  # one more column takes whatever is not kept
        column = torch.full((max(self.words, 3),), other, device=ids.device)
        column[self.kept] = torch.arange(other, device=ids.device)
        counts = torch.zeros(len(ids), other + 1, device=ids.device)
        counts.scatter_add_(1, column[ids], torch.ones_like(ids, dtype=counts.dtype))
        return counts[:, :other] / (ids > 0).sum(dim=1, keepdim=True).clamp(min=1)


class _Moments:
    """Means and variances of columns, of one block of rows after another.

    Two blocks are joined as in Chan, Golub and LeVeque, "Updating formulae and a
    pairwise algorithm for computing sample variances", 1979.
    """

    count: int = 0
    mean: Tensor
    variance: Tensor
    square: Tensor

    def add(self, values: Tensor) -> None:
        """Take in ``(N, d)`` further rows."""
        wide, count = values.double(), len(values)
        if not count:
            return
        mean, variance = wide.mean(dim=0), wide.var(dim=0, correction=0)
        square = wide.square().mean(dim=0)
        if self.count:
            share = count / (self.count + count)
            apart = mean - self.mean
            variance = self.variance + share * (variance - self.variance)
            variance += share * (1 - share) * apart.square()
            mean = self.mean + share * apart
            square = self.square + share * (square - self.square)
        self.count += count
        self.mean, self.variance, self.square = mean, variance, square

    def scale(
        self,
        common_scale: bool,  # noqa: FBT001
        sizes: tuple[int, ...] | None = None,
    ) -> list[tuple[Tensor, Tensor]]:
        """Return mean and scale of each group of columns; 1 where nothing varies."""
        variance = self.variance.clone()
        # A column of equal numbers can have a rounding-sized variance.
        variance[variance <= 1e-14 * self.square] = 0.0
        groups = []
        for mean, part in zip(
            self.mean.split(sizes or (len(variance),)),
            variance.split(sizes or (len(variance),)),
            strict=True,
        ):
            spread = part.mean().expand_as(part) if common_scale else part
            scale = torch.where(spread > 0, spread.sqrt(), 1.0)
            groups.append((mean.float(), scale.float()))
        return groups
