"""A fixed description of small pictures: where which colours and which edges are."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_GRID = 8  # colours are averaged over 8 x 8 cells
_CELLS, _ANGLES = 4, 8  # edges are counted by direction over 4 x 4 cells


def widths(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the numbers of colour and edge features of pictures of a shape.

    Examples
    --------
    >>> widths((32, 32, 3))
    (192, 128)
    """
    height, breadth, channels = shape
    colours = min(height, _GRID) * min(breadth, _GRID) * channels
    return colours, min(height, _CELLS) * min(breadth, _CELLS) * _ANGLES


def describe(pictures: Tensor) -> Tensor:
    """Return colours and edges of pictures, two views that a map of pixels mixes up.

    Colours are averages over 8 x 8 cells. Edges are histograms of gradient directions
    (Dalal and Triggs, 2005): in each of 4 x 4 cells the gradient strength is shared
    out over 8 directions between 0 and 180 degrees, scaled to sum to 1 and replaced
    by its square root; a cell without edges stays near 0.

    Parameters
    ----------
    pictures
        ``(N, C, H, W)`` brightness between 0 and 1.

    Returns
    -------
    torch.Tensor
        ``(N, colours + edges)``, see `widths`.

    Examples
    --------
    >>> stripes = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(1, 1, 4, 4)
    >>> edges = describe(stripes)[0, 16:].reshape(8, 4, 4)
    >>> edges[:, 0, 1].argmax().item()
    0
    """
    height, breadth = pictures.shape[2:]
    grid = (min(height, _GRID), min(breadth, _GRID))
    colours = F.adaptive_avg_pool2d(pictures, grid).flatten(1)
    grey = F.pad(pictures.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across = grey[:, :, 1:-1, 2:] - grey[:, :, 1:-1, :-2]  # (N, 1, H, W)
    down = grey[:, :, 2:, 1:-1] - grey[:, :, :-2, 1:-1]
    strength = torch.hypot(across, down)
    turn = torch.atan2(down, across) % math.pi * (_ANGLES / math.pi)
    first = turn.floor()
    rest = turn - first
    first = first.long() % _ANGLES  # 180 degrees are 0 degrees
    votes = grey.new_zeros(len(pictures), _ANGLES, height, breadth)
    votes.scatter_add_(1, first, strength * (1 - rest))
    votes.scatter_add_(1, (first + 1) % _ANGLES, strength * rest)
    cells = (min(height, _CELLS), min(breadth, _CELLS))
    edges = F.adaptive_avg_pool2d(votes, cells)
    # The constant keeps the noise of an empty cell from counting as its shape.
    edges = edges / (edges.sum(dim=1, keepdim=True) + 0.05)
    return torch.cat([colours, edges.sqrt().flatten(1)], dim=1)
