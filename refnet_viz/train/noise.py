"""Random noise of training: dropped modalities and numbers, moved pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..config import Config
from ..model import Batch


def noised(batch: Batch, kinds: Sequence[str], config: Config) -> Batch:
    """Return a batch with dropped modalities, dropped numbers and moved pictures.

    The fixed features, which the refiner is asked for, stay whole.
    """
    inputs = {
        name: (_spoiled(values, kind, config), mask)
        for (name, (values, mask)), kind in zip(
            batch.inputs.items(), kinds, strict=True
        )
    }
    present = without_some(batch.present, config.modality_dropout)
    return replace(batch, inputs=inputs, present=present)


def without_some(present: Tensor, share: float) -> Tensor:
    """Return `present` with some modalities taken away, never a row's last one.

    Parameters
    ----------
    present
        ``(B, M)`` bool.
    share
        Chance of every entry to go; the luckiest one of a row stays.

    Examples
    --------
    >>> without_some(torch.tensor([[True, True], [False, True]]), 1.0).sum(1).tolist()
    [1, 1]
    """
    if share == 0:
        return present
    chance = torch.rand(present.shape, device=present.device)
    luckiest = chance.masked_fill(~present, -1).argmax(dim=1, keepdim=True)
    survivors = present & (chance >= share)
    return survivors.scatter(1, luckiest, present.gather(1, luckiest))


def _spoiled(values: Tensor, kind: str, config: Config) -> Tensor:
    if kind in ("vector", "sequence"):  # standardised: 0 is the mean
        return F.dropout(values, config.input_dropout)
    if kind == "picture" and config.jitter:
        return moved(values, config.jitter)
    return values


def moved(pictures: Tensor, share: float) -> Tensor:
    """Return pictures shifted by up to a share of their side, half of them mirrored.

    Parameters
    ----------
    pictures
        ``(B, C, H, W)``; what moves in from outside repeats the edge.
    share
        Largest shift in either direction, 0 to 1 of the side.

    Examples
    --------
    >>> moved(torch.ones(2, 3, 8, 8), 0.1).mean().item()
    1.0
    """
    count, _, height, width = pictures.shape
    device = pictures.device

    def places(side: int) -> Tensor:
        reach = int(share * side)
        shift = torch.randint(-reach, reach + 1, (count, 1), device=device)
        return (torch.arange(side, device=device) + shift).clamp(0, side - 1)

    rows, columns = places(height), places(width)
    mirrored = torch.rand(count, 1, device=device) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    sample = torch.arange(count, device=device)[:, None, None]
    picked = pictures.movedim(1, -1)[sample, rows[:, :, None], columns[:, None, :]]
    return picked.movedim(-1, 1)
