"""The refiner: decoders that make the fused vector answer for every modality."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Refiner(nn.Module):
    """One decoder a modality, from z to that modality's target.

    A decoder is Linear, ReLU, Linear with nothing after the last map, so it can fit
    any target; its output bias starts at the target's mean, which is 0 for
    standardised targets. Decoders exist for training and for looking: prediction
    never calls them.

    Parameters
    ----------
    width
        Features of z.
    targets
        Modality to the number of its target features.
    hidden
        Hidden features of a decoder.

    References
    ----------
    Sankaran, Yang, Lim, "Multimodal Fusion Refiner Networks", arXiv 2104.03435.

    Examples
    --------
    >>> refiner = Refiner(4, {"image": 3, "text": 2}, hidden=8)
    >>> {name: tuple(x.shape) for name, x in refiner(torch.zeros(5, 4)).items()}
    {'image': (5, 3), 'text': (5, 2)}
    """

    def __init__(self, width: int, targets: dict[str, int], *, hidden: int) -> None:
        super().__init__()
        self.decoders = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, features)
                )
                for name, features in targets.items()
            }
        )
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, z: Tensor) -> dict[str, Tensor]:
        """Decode ``(B, d)`` into ``(B, d_m)`` for every modality."""
        return {name: decoder(z) for name, decoder in self.decoders.items()}


class RunningScale(nn.Module):
    """Mean and deviation of moving targets, for ``targets="features"``.

    The first training batch sets them, later ones move them by `momentum`; rows that
    lack the modality do not count. In evaluation they stay as stored.

    Examples
    --------
    >>> scale = RunningScale(1)
    >>> there = torch.tensor([True, True, False])
    >>> scale(torch.tensor([[1.0], [3.0], [8.0]]), there).ravel().tolist()
    [-1.0, 1.0, 6.0]
    """

    mean: Tensor
    std: Tensor
    seen: Tensor

    def __init__(self, features: int, momentum: float = 0.05) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, values: Tensor, present: Tensor) -> Tensor:
        """Standardise ``(B, d)``; the result carries no gradient."""
        values = values.detach()
        if self.training and len(rows := values[present]) > 1:
            step = self.momentum if bool(self.seen) else 1.0
            self.mean = self.mean.lerp(rows.mean(dim=0), step)
            self.std = self.std.lerp(rows.std(dim=0, correction=0), step)
            self.seen = self.seen + 1
        return (values - self.mean) / self.std.clamp(min=1e-6)
