"""Deep equilibrium fusion: the fused vector is where a recurrence comes to rest."""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .base import Fused, Fusion, Sizes
from .equilibrium import equilibrium
from .vectors import present_vectors, wide

JACOBIAN = 0.05  # weight of the penalty on the Jacobian's mean square
STEPS = 30
_NORMS = 3  # of a modality


class EquilibriumFusion(Fusion):
    r"""Iterate every modality and the fused vector until nothing changes.

    The state is :math:`[z_1; \ldots; z_M; z]`, from 0, and one step is

    .. math::
        f_m &= N_m''(\mathrm{ReLU}(N_m'(W'_m\,\mathrm{ReLU}(N_m(W_m z_m)) + x_m) + z_m))
            \\
        z' &= N_f\Bigl(\mathrm{ReLU}\bigl(W_f \textstyle\sum_m A(z + f_m) \circ z
            + \sum_m a_m x_m + b\bigr)\Bigr)

    with group norms, three of its own a modality and :math:`N_f`, a gate A without
    sigmoid, learned scalars :math:`a_m` and b. The vector z at rest,
    :math:`z^* = f(z^*; x)`, is classified and refined. Its gradient comes from the
    implicit function theorem, so memory does not grow with the steps; see
    `equilibrium`. A penalty on the mean square of the Jacobian at rest keeps the step
    contractive in training.

    An absent modality enters neither sum. Ni, Chen, Wang, et al., "Deep Equilibrium
    Multimodal Fusion", arXiv 2306.16645; parameters and step are those of the code
    that its authors released (norm after ReLU, as in all of their variants but the one
    for MM-IMDB). Ours: every row stops by itself (published: the norm of a whole
    batch, by which rows depend on one another), damped weights at the start, one
    step's gradient for a row that has not come to rest, and a penalty by one random
    probe in place of two, on detached inputs: it trains the step and leaves the
    encoders to the task (published: it reaches them, too).

    Runs of before norms were a modality's own (one set for all, no b) load as they
    were: every modality then has a copy.

    Diagnostics, ``(B,)`` each: "residual", the relative change by one more step,
    "converged" (1 or 0) and "steps".
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        if self.width % 4:
            raise ValueError(
                "`width` must be a multiple of 4 (groups of the norms) for "
                f"{type(self).__name__}, got {self.width}."
            )
        count, width = len(self.names), self.width
        self.first = nn.ModuleList(_damped(width) for _ in self.names)
        self.second = nn.ModuleList(_damped(width) for _ in self.names)
        self.gate, self.fuse = _damped(width), _damped(width)
        self.scale = nn.Parameter(torch.ones(count))
        self.shift = nn.Parameter(torch.zeros(()))
        # Groups of two numbers would be normed to plus and minus one.
        groups = 4 if width >= 32 else 1
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.GroupNorm(groups, width) for _ in range(_NORMS))
            for _ in self.names
        )
        self.fuse_norm = nn.GroupNorm(groups, width)
        self.drop = nn.Dropout(self.dropout)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the pooled vectors; see `Fusion.forward`."""
        # Dropped once, outside: the step must be the same function at every call.
        pooled = self.drop(present_vectors(encoded, self.names, present))  # (B, M, w)
        mask = present[..., None]
        # A solver needs the digits that half precision does not have.
        device = pooled.device.type
        if device != "meta" and torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                return self._solved(wide(pooled), mask)
        return self._solved(pooled, mask)

    def _solved(self, x: Tensor, mask: Tensor) -> Fused:
        joint = (self.scale[:, None] * x).sum(dim=1) + self.shift  # (B, w)

        def step(state: Tensor, x: Tensor, joint: Tensor) -> Tensor:
            return self._step(state, x, joint, mask)

        start = torch.zeros(len(x), x.shape[1] + 1, self.width).to(x)
        rest = equilibrium(step, start, (x, joint), steps=STEPS)
        penalty = {}
        if self.training and torch.is_grad_enabled():
            penalty["jacobian"] = JACOBIAN * rest.penalty
        return Fused(
            rest.state[:, -1],
            aux_losses=penalty,
            diagnostics={
                "residual": rest.residual,
                "converged": rest.converged.to(x.dtype),
                "steps": rest.steps.to(x.dtype),
            },
        )

    def _step(self, state: Tensor, x: Tensor, joint: Tensor, mask: Tensor) -> Tensor:
        states, fused = state[:, :-1], state[:, -1]
        features = []
        for i, (z, injected) in enumerate(
            zip(states.unbind(1), x.unbind(1), strict=True)
        ):
            norms = cast("nn.ModuleList", self.norms[i])
            h = F.relu(norms[0](self.first[i](z)))
            h = norms[1](self.second[i](h) + injected)
            features.append(norms[2](F.relu(h + z)))
        f = torch.stack(features, dim=1) * mask  # (B, M, w)
        gate = (self.gate(fused[:, None] + f) * mask).sum(dim=1)  # (B, w)
        z = self.fuse_norm(F.relu(self.fuse(gate * fused) + joint))
        return torch.cat([f, z[:, None]], dim=1)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        """Take weights of before every modality had norms of its own, too."""
        shared = f"{prefix}norms.{_NORMS}.weight"
        if shared in state_dict:
            like = state_dict[shared]
            for part in ("weight", "bias"):
                for number in range(_NORMS):
                    norm = state_dict.pop(f"{prefix}norms.{number}.{part}")
                    for i in range(len(self.names)):
                        state_dict[f"{prefix}norms.{i}.{number}.{part}"] = norm
                name = f"{prefix}norms.{_NORMS}.{part}"
                state_dict[f"{prefix}fuse_norm.{part}"] = state_dict.pop(name)
            state_dict[f"{prefix}shift"] = like.new_zeros(())
        super()._load_from_state_dict(state_dict, prefix, *args)


def _damped(width: int) -> nn.Linear:
    """Return a map that starts at half the usual size: the step then contracts."""
    layer = nn.Linear(width, width)
    with torch.no_grad():
        layer.weight *= 0.5
    return layer
