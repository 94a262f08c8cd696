"""Selective state spaces: linear recurrences whose numbers depend on the input."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .vectors import wide

_STATE, _KERNEL = 8, 4


class Recurrence(NamedTuple):
    """Input-dependent parameters of a recurrence, for states ``(E, N)``.

    ``decay`` and ``inject`` are ``(B, L, E, N)``, ``read`` is ``(B, L, N)``, ``skip``
    and ``gate`` are ``(B, L, E)``.
    """

    decay: Tensor
    inject: Tensor
    read: Tensor
    skip: Tensor
    gate: Tensor


def linear_scan(decay: Tensor, inject: Tensor) -> Tensor:
    r"""Return all states of :math:`h_t = P_t h_{t-1} + U_t`, from :math:`h_0 = 0`.

    The pairs :math:`(P, U)` compose associatively,
    :math:`(P_2, U_2) \circ (P_1, U_1) = (P_2 P_1, P_2 U_1 + U_2)`, so L steps take
    :math:`\lceil \log_2 L \rceil` rounds.

    Parameters
    ----------
    decay, inject
        ``(B, L, ...)``.

    Returns
    -------
    torch.Tensor
        ``(B, L, ...)``.

    Examples
    --------
    >>> half = torch.full((1, 3), 0.5)
    >>> linear_scan(half, torch.ones(1, 3)).tolist()
    [[1.0, 1.5, 1.75]]
    """
    shift = 1
    while shift < decay.shape[1]:
        earlier = inject[:, :-shift]
        later = inject[:, shift:] + decay[:, shift:] * earlier
        inject = torch.cat([inject[:, :shift], later], dim=1)
        # The first entries already reach back to the start: nothing to multiply.
        product = decay[:, shift:] * decay[:, :-shift]
        decay = torch.cat([decay[:, :shift], product], dim=1)
        shift *= 2
    return inject


def linear_loop(decay: Tensor, inject: Tensor) -> Tensor:
    """Return the states of `linear_scan` one step after the other.

    Examples
    --------
    >>> half = torch.full((1, 3), 0.5)
    >>> linear_loop(half, torch.ones(1, 3)).tolist()
    [[1.0, 1.5, 1.75]]
    """
    state = inject[:, 0]
    states = [state]
    for p, u in zip(decay.unbind(1)[1:], inject.unbind(1)[1:], strict=True):
        state = torch.addcmul(u, p, state)
        states.append(state)
    return torch.stack(states, dim=1)


def linear_states(decay: Tensor, inject: Tensor) -> Tensor:
    """Return the states by the faster of two equal ways.

    A CPU is slowed by memory, which the scan reads again in every round: the loop is
    2 to 7 times as fast for 4 to 64 steps. An accelerator is slowed by the number of
    its calls, of which the scan makes fewer.
    """
    on_cpu = decay.device.type == "cpu"
    return (linear_loop if on_cpu else linear_scan)(decay, inject)


class SelectiveBlock(nn.Module):
    r"""One selective state space (Mamba): from tokens to a recurrence, and back.

    .. math::
        u &= \mathrm{SiLU}(\mathrm{conv}(W_u\,\mathrm{LN}(x))), \quad
        g = W_g\,\mathrm{LN}(x), \quad \Delta = \mathrm{softplus}(W_\Delta u + b) \\
        S_t &= \exp(\Delta_t A), \quad U_t = \Delta_t u_t B_t, \quad
        y_t = (C_t h_t + D u_t) \circ \mathrm{SiLU}(g_t)

    with :math:`A = -\exp(a)` below 0 and :math:`B_t, C_t` linear in u. How the states
    h come from S and U is the caller's: `linear_states` for one sequence.

    Gu, Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
    arXiv 2312.00752.

    Parameters
    ----------
    width
        Features of the tokens; the state has as many.
    layers
        Layers that will stand in a row: the output map starts smaller with more.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        rank = math.ceil(width / 8)
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 2 * width)
        self.conv = nn.Conv1d(width, width, _KERNEL, groups=width)
        self.select = nn.Linear(width, rank + 2 * _STATE, bias=False)
        self.step = nn.Linear(rank, width)
        # One-dimensional, so that weight decay leaves them alone.
        rates = torch.arange(1.0, _STATE + 1).log().repeat(width)
        self.log_rate = nn.Parameter(rates)
        self.direct = nn.Parameter(torch.ones(width))
        self.outer = nn.Linear(width, width)
        with torch.no_grad():
            self.outer.weight /= math.sqrt(layers)
            first = torch.empty(width).uniform_(math.log(1e-3), math.log(1e-1)).exp()
            self.step.bias.copy_(first + torch.log(-torch.expm1(-first)))

    def recurrence(self, x: Tensor) -> Recurrence:
        """Return the recurrence that tokens ``(B, L, w)`` ask for."""
        u, gate = self.inner(self.norm(x)).chunk(2, dim=2)
        u = F.pad(u.transpose(1, 2), (_KERNEL - 1, 0))  # looks back only
        u = F.silu(self.conv(u)).transpose(1, 2)
        step, put, read = self.select(u).split(
            [self.step.in_features, _STATE, _STATE], dim=2
        )
        size = F.softplus(wide(self.step(step)))  # (B, L, E)
        rate = -self.log_rate.exp().unflatten(0, (-1, _STATE))  # (E, N)
        decay = (size[..., None] * rate).exp()
        u = wide(u)
        inject = (size * u)[..., None] * wide(put)[:, :, None]
        return Recurrence(decay, inject, wide(read), self.direct * u, gate)

    def output(self, recurrence: Recurrence, states: Tensor) -> Tensor:
        """Return the readout of states ``(B, L, E, N)``, as tokens ``(B, L, w)``."""
        y = torch.einsum("blen,bln->ble", states, recurrence.read) + recurrence.skip
        out: Tensor = wide(self.outer(y * F.silu(recurrence.gate)))
        return out
