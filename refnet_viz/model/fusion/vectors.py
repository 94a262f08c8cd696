"""Parts of the fusions of pooled vectors: zeros for absence, scales, shares."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded, stacked


def wide(x: Tensor) -> Tensor:
    """Return it in float32 at least: products and variances need the digits."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def present_vectors(
    encoded: dict[str, Encoded], names: Sequence[str], present: Tensor
) -> Tensor:
    """Return the pooled vectors ``(B, M, w)``, zeros where a modality is absent.

    Zeros are put there before any arithmetic: what is absent may be NaN, and NaN
    times zero is NaN, in a gradient too.
    """
    pooled = stacked(encoded, names)  # (B, M, w)
    return wide(pooled).masked_fill(~present[..., None], 0.0)


def unit_scale(x: Tensor) -> Tensor:
    """Return vectors divided by their root mean square; zeros stay zeros.

    Products of features need factors of about unit size.

    Examples
    --------
    >>> unit_scale(torch.tensor([[3.0, 1.0, 1.0, 5.0], [0.0, 0.0, 0.0, 0.0]]))
    tensor([[1.0000, 0.3333, 0.3333, 1.6667],
            [0.0000, 0.0000, 0.0000, 0.0000]])
    """
    return F.rms_norm(x, x.shape[-1:], eps=1e-6)


def shares(scores: Tensor, present: Tensor) -> Tensor:
    """Return the softmax over the present entries of the last axis.

    Returns
    -------
    torch.Tensor
        At least 0; exactly 0 where absent; sums to 1 where anything is present.

    Examples
    --------
    >>> there = torch.tensor([[True, True, False], [False, False, False]])
    >>> shares(torch.zeros(2, 3), there)
    tensor([[0.5000, 0.5000, 0.0000],
            [0.0000, 0.0000, 0.0000]])
    """
    lowest = torch.finfo(scores.dtype).min  # not -inf: a row may have nothing
    return scores.masked_fill(~present, lowest).softmax(dim=-1) * present


def perceptron(inputs: int, hidden: int, outputs: int, dropout: float) -> nn.Sequential:
    """Return two linear maps, each behind a GELU and dropout."""
    return nn.Sequential(
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(inputs, hidden),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, outputs),
    )


def decoder(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Return Linear, ReLU, Linear; nothing comes after it, so it fits any target."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs)
    )


def unit_linear(inputs: int, outputs: int) -> nn.Linear:
    """Return a map without bias whose outputs start with the size of its inputs."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    return layer
