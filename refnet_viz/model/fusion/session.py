"""Session sequences: actions make sessions, sessions make a history."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from .attention import real_tokens
from .base import Fused, Fusion, Sizes
from .vectors import perceptron

_ACTIONS = 3  # tokens of a session


class SessionFusion(Fusion):
    r"""Read every sequence by sessions, each stream on its own, and join the states.

    A sequence is cut into sessions of three tokens. Two recurrent networks a stream
    read actions into session vectors and sessions into a history,

    .. math::
        e_s = \mathrm{GRU}^a(x_{s,1}, \ldots, x_{s,3}), \qquad
        h_s = \mathrm{GRU}^s(e_1, \ldots, e_s), \qquad
        z_s = \mathrm{MLP}([h^1_s; \ldots; h^M_s])

    so that a state depends on what came before only. Vectors are context, the same at
    every session. A stream that has ended keeps its last state, an absent one is 0; z
    is the last :math:`z_s`, and all of them are `Fused.tokens`.

    In the style of Dynamic Customer Embeddings (Chitsazan, Sharpe, Katariya, Cheng,
    Rajasethupathy, arXiv 2106.11880): sessions of actions, separate streams, context,
    causality. Sessions of fixed length, the sizes and the perceptron are ours; there,
    a session is what a customer did between login and logout.
    """

    reads_tokens = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        width, count = self.width, len(self.names)
        streams = [i for i, k in enumerate(sizes.kinds.values()) if k != "vector"]
        self.actions = nn.ModuleDict({str(i): _gru(width) for i in streams})
        self.sessions = nn.ModuleDict({str(i): _gru(width) for i in streams})
        self.body = perceptron(count * width, self.hidden, width, self.dropout)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the tokens; see `Fusion.forward`."""
        states = []
        for i, name in enumerate(self.names):
            tokens, mask = real_tokens(encoded[name], present[:, i])
            states.append(self._history(str(i), tokens, mask))
        length = max(state.shape[1] for state in states)
        aligned = [_extended(state, length) for state in states]  # (B, S, w) each
        joined = self.body(torch.cat(aligned, dim=2))  # (B, S, w)
        return Fused(joined[:, -1], tokens=joined)

    def _history(self, stream: str, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return a stream's state at every session, ``(B, S, w)``."""
        if stream not in self.actions:
            return tokens
        rows, length, width = tokens.shape
        missing = -length % _ACTIONS
        tokens = F.pad(tokens, (0, 0, 0, missing)).view(-1, _ACTIONS, width)
        mask = F.pad(mask, (0, missing)).view(-1, _ACTIONS)
        read, _ = self.actions[stream](tokens)  # (B S, 4, w)
        session = carried(read, mask)[:, -1].view(rows, -1, width)
        session_mask = mask.any(dim=1).view(rows, -1)
        history, _ = self.sessions[stream](session)
        return carried(history, session_mask)


def carried(states: Tensor, mask: Tensor) -> Tensor:
    """Return the last real state at or before every position; 0 before the first.

    Parameters
    ----------
    states
        ``(B, L, w)``.
    mask
        ``(B, L)`` bool.

    Examples
    --------
    >>> states = torch.tensor([[[1.0], [2.0], [3.0]]])
    >>> carried(states, torch.tensor([[False, True, False]])).flatten().tolist()
    [0.0, 2.0, 2.0]
    """
    place = torch.arange(1, mask.shape[1] + 1, device=mask.device) * mask
    last = place.cummax(dim=1).values  # (B, L), 0 before the first
    padded = F.pad(states, (0, 0, 1, 0))
    return padded.gather(1, last[..., None].expand(-1, -1, states.shape[2]))


def _extended(states: Tensor, length: int) -> Tensor:
    """Return the states with the last one repeated up to a length."""
    rest = states[:, -1:].expand(-1, length - states.shape[1], -1)
    return torch.cat([states, rest], dim=1)


def _gru(width: int) -> nn.GRU:
    return nn.GRU(width, width, batch_first=True)
