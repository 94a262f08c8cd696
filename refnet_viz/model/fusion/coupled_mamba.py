"""Coupled Mamba: state spaces of all modalities in step with one another."""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .attention import real_tokens
from .base import Fused, Fusion, Sizes
from .selective import Recurrence, SelectiveBlock, linear_states
from .vectors import shares

_LAYERS = 2
_CHUNKS = 4  # steps into which a vector is unrolled


def coupled_states(
    decay: Tensor, inject: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Return the states of modalities that share the mean of their last states.

    .. math::
        h^m_t = S^m_t\, \bar h_{t-1} + U^m_t, \qquad
        \bar h_t = \frac{1}{|P_t|} \sum_{m \in P_t} h^m_t

    over the modalities :math:`P_t` that have a step t; where none has, the mean stays.
    The mean obeys a recurrence of its own, with mean decay and mean injection, which
    `linear_states` solves. A sum, as printed in the paper, has a decay of up to M and
    grows without bounds.

    Parameters
    ----------
    decay, inject
        ``(B, M, L, E, N)``.
    mask
        ``(B, M, L)`` bool.

    Returns
    -------
    tuple of torch.Tensor
        The modalities' states ``(B, M, L, E, N)``, and their mean ``(B, L, E, N)``.
    """
    weight = mask / mask.sum(dim=1, keepdim=True).clamp(min=1)  # (B, M, L)
    weight = weight[..., None, None].to(decay.dtype)
    idle = ~mask.any(dim=1)[..., None, None]  # (B, L, 1, 1)
    mean_decay = (weight * decay).sum(dim=1).masked_fill(idle, 1.0)
    mean = linear_states(mean_decay, (weight * inject).sum(dim=1))
    before = F.pad(mean, (0, 0, 0, 0, 1, 0))[:, :-1]  # of the step before, 0 at first
    return decay * before[:, None] + inject, mean


class CoupledMambaFusion(Fusion):
    r"""Run a selective state space a modality, each from the mean of all states.

    Every layer is a `SelectiveBlock` a modality with the recurrence of
    `coupled_states`, and a residual connection. z is a linear map of the mean, over
    the modalities that are present, of their tokens' maximum over time.

    All share one clock: step t of a modality is its token t, and sequences may end at
    different times. A vector has no time: it is unrolled into four learned tokens,
    else there would be no step to couple.

    Li, Zhou, Yu, Song, Yang, "Coupled Mamba: Enhanced Multi-modal Fusion with Coupled
    State Space Model", NeurIPS 2024, equations 6 and 10, with the mean in place of the
    sum for stability, and an exact scan: its "global kernel" holds for constant decays
    only.
    """

    reads_tokens = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.unroll = nn.ModuleDict(
            {
                str(i): nn.Linear(self.width, _CHUNKS * self.width)
                for i, kind in enumerate(sizes.kinds.values())
                if kind == "vector"
            }
        )
        self.layers = nn.ModuleList(
            nn.ModuleList(SelectiveBlock(self.width, _LAYERS) for _ in self.names)
            for _ in range(_LAYERS)
        )
        self.out = nn.Linear(self.width, self.width)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the tokens; see `Fusion.forward`."""
        x, mask = self._clocked(encoded, present)  # (B, M, L, w), (B, M, L)
        for number, blocks in enumerate(self.layers):
            x = self._layer(x, mask, cast("nn.ModuleList", blocks), number)
        # A modality without a step has no maximum: it is left out below.
        real = mask[..., None] | ~mask.any(dim=2)[:, :, None, None]
        peak = x.masked_fill(~real, torch.finfo(x.dtype).min).amax(dim=2)  # (B, M, w)
        weight = self._weights(present)
        z = self.out((weight[..., None] * peak).sum(dim=1))
        return Fused(z, diagnostics={"share": weight} if self._weighs else {})

    _weighs = False

    def _weights(self, present: Tensor) -> Tensor:
        """Return the weight of each modality, ``(B, M)``."""
        count = present.sum(dim=1, keepdim=True).clamp(min=1)
        return present.to(self.out.weight.dtype) / count

    def _clocked(
        self, encoded: dict[str, Encoded], present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return all tokens on one clock, and which of them exist."""
        streams = []
        for i, name in enumerate(self.names):
            tokens, mask = real_tokens(encoded[name], present[:, i])
            if str(i) in self.unroll:
                tokens = self.unroll[str(i)](tokens).unflatten(2, (_CHUNKS, -1))
                tokens = (
                    tokens.flatten(1, 2) * mask.repeat_interleave(_CHUNKS, 1)[..., None]
                )
                mask = mask.repeat_interleave(_CHUNKS, 1)
            streams.append((tokens, mask))
        length = max(mask.shape[1] for _, mask in streams)
        x = [F.pad(t, (0, 0, 0, length - t.shape[1])) for t, _ in streams]
        masks = [F.pad(m, (0, length - m.shape[1])) for _, m in streams]
        return torch.stack(x, dim=1), torch.stack(masks, dim=1)

    def _layer(
        self, x: Tensor, mask: Tensor, blocks: nn.ModuleList, number: int
    ) -> Tensor:
        """Return the tokens after one layer."""
        del number
        recurrences = _recurrences(blocks, x)
        decay = torch.stack([item.decay for item in recurrences], dim=1)
        inject = torch.stack([item.inject for item in recurrences], dim=1)
        states, _ = coupled_states(decay, inject, mask)
        return _added(blocks, recurrences, states, x, mask)


class CoupledMambaResidualFusion(CoupledMambaFusion):
    r"""Run a selective state space a modality and mix them between the layers.

    Each modality keeps its own states, :math:`h^m_t = S^m_t h^m_{t-1} + U^m_t`; before
    every layer but the first, it adds a linear map of the other modalities' tokens at
    the same time. What a block returns passes one layer norm, the same for all blocks,
    before it is added to the block's tokens. z is a linear map of the maxima over time,
    weighted by a learned softmax over the modalities that are present.

    What the code released with Coupled Mamba (see `CoupledMambaFusion`) does in place
    of its equation 6. The map between branches is not in that code, and is ours; so are
    the sizes (there: expansion by 2, states of 64, projections without bias).

    Runs of before it had the shared norm load as they were, without it.

    The diagnostic "share" ``(B, M)`` is each modality's weight.
    """

    _weighs = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        count, width = len(self.names), self.width
        self.scores = nn.Parameter(torch.zeros(count))
        self.mixes = nn.ModuleList(
            nn.ModuleList(nn.Linear((count - 1) * width, width) for _ in self.names)
            for _ in range((_LAYERS - 1) * (count > 1))
        )
        self.after: nn.Module = nn.LayerNorm(width)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        """Take weights of before there was a norm after the blocks, too."""
        blocks = f"{prefix}layers."
        if f"{prefix}after.weight" not in state_dict and any(
            name.startswith(blocks) for name in state_dict
        ):
            self.after = nn.Identity()
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _weights(self, present: Tensor) -> Tensor:
        return shares(self.scores.expand_as(present), present)

    def _layer(
        self, x: Tensor, mask: Tensor, blocks: nn.ModuleList, number: int
    ) -> Tensor:
        if number and len(self.names) > 1:
            mixes = cast("nn.ModuleList", self.mixes[number - 1])
            others = [
                x[:, [j for j in range(x.shape[1]) if j != i]]
                for i in range(x.shape[1])
            ]
            heard = [
                mix(other.transpose(1, 2).flatten(2))
                for mix, other in zip(mixes, others, strict=True)
            ]
            x = (x + torch.stack(heard, dim=1)) * mask[..., None]
        recurrences = _recurrences(blocks, x)
        states = [
            linear_states(
                item.decay.masked_fill(~mask[:, i, :, None, None], 1.0),
                item.inject.masked_fill(~mask[:, i, :, None, None], 0.0),
            )
            for i, item in enumerate(recurrences)
        ]
        stacked = torch.stack(states, dim=1)
        return _added(blocks, recurrences, stacked, x, mask, norm=self.after)


def _recurrences(blocks: nn.ModuleList, x: Tensor) -> list[Recurrence]:
    return [
        block.recurrence(tokens)  # type: ignore[operator]
        for block, tokens in zip(blocks, x.unbind(1), strict=True)
    ]


def _added(
    blocks: nn.ModuleList,
    recurrences: list[Recurrence],
    states: Tensor,
    x: Tensor,
    mask: Tensor,
    *,
    norm: nn.Module | None = None,
) -> Tensor:
    """Return the tokens plus what the blocks read, 0 where there is no step."""
    read = [
        block.output(item, states[:, i])  # type: ignore[operator]
        for i, (block, item) in enumerate(zip(blocks, recurrences, strict=True))
    ]
    outputs = torch.stack(read, dim=1)  # (B, M, L, w)
    outputs = outputs if norm is None else norm(outputs)
    return (x + outputs) * mask[..., None]
