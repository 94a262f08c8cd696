"""Session sequences: actions make sessions, sessions make a history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders import Encoded
from ..gaps import SESSION, Timing
from .attention import real_tokens
from .base import Fused, Fusion, Sizes
from .vectors import perceptron


class Visits(NamedTuple):
    """Tokens of one stream, by sessions.

    ``actions`` is ``(B, S, A, w)``, with the gap within the session as one more
    feature where there are times; ``mask`` is ``(B, S, A)``; ``between``, the gap
    before each session, is ``(B, S, 1)`` or, without times, ``(B, S, 0)``.
    """

    actions: Tensor
    mask: Tensor
    between: Tensor


class SessionFusion(Fusion):
    r"""Read every sequence by sessions, each stream on its own, and join the states.

    Two recurrent networks a stream read actions into session vectors and sessions into
    a history,

    .. math::
        e_s &= \mathrm{GRU}^a([x_{s,1}; 0], [x_{s,2}; g_{s,2}], \ldots), \\
        h_s &= \mathrm{GRU}^s([e_1; 0], [e_2; g_2], \ldots, [e_s; g_s]), \\
        z_s &= \mathrm{MLP}([h^1_s; \ldots; h^M_s])

    so that a state depends on what came before only. g are the time gaps before an
    action of the same session and before a session, as `Gaps` scales them. Vectors are
    context, the same at every session. A stream that has ended keeps its last state,
    an absent one is 0; z is the last :math:`z_s`, and all of them are `Fused.tokens`.

    Data say when a position happened and in which session by ``times=`` and
    ``sessions=`` of `Dataset.from_arrays`. Without sessions a sequence is cut every
    three tokens; without times there are no gaps, and no parameters for them.

    In the style of Dynamic Customer Embeddings (Chitsazan, Sharpe, Katariya, Cheng,
    Rajasethupathy, arXiv 2106.11880): sessions of actions between login and logout,
    time within and between them, separate streams, context, causality. The form of the
    gaps, the sizes, the perceptron and the cut every three tokens are ours.
    """

    reads_tokens = True
    reads_times = True

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        width, count = self.width, len(self.names)
        streams = [i for i, k in enumerate(sizes.kinds.values()) if k != "vector"]
        more = [int(name in sizes.timed) for name in self.names]
        self.actions = nn.ModuleDict({str(i): _gru(width, more[i]) for i in streams})
        self.sessions = nn.ModuleDict({str(i): _gru(width, more[i]) for i in streams})
        self.body = perceptron(count * width, self.hidden, width, self.dropout)

    def forward(self, encoded: dict[str, Encoded], present: Tensor) -> Fused:
        """Fuse the tokens; see `Fusion.forward`."""
        return self.timed(encoded, present, {})

    def timed(
        self,
        encoded: dict[str, Encoded],
        present: Tensor,
        timing: Mapping[str, Timing],
    ) -> Fused:
        """Fuse tokens whose times or sessions are known; see `Fusion.timed`."""
        states = []
        for i, name in enumerate(self.names):
            tokens, mask = real_tokens(encoded[name], present[:, i])
            clock = timing.get(name, Timing(None, None))
            states.append(self._history(str(i), tokens, mask, clock))
        length = max(state.shape[1] for state in states)
        aligned = [_extended(state, length) for state in states]  # (B, S, w) each
        joined = self.body(torch.cat(aligned, dim=2))  # (B, S, w)
        return Fused(joined[:, -1], tokens=joined)

    def _history(
        self, stream: str, tokens: Tensor, mask: Tensor, timing: Timing
    ) -> Tensor:
        """Return a stream's state at every session, ``(B, S, w)``."""
        if stream not in self.actions:
            return tokens
        visits = by_session(tokens, mask, timing)
        rows, count = visits.mask.shape[:2]
        read, _ = self.actions[stream](visits.actions.flatten(0, 1))
        last = carried(read, visits.mask.flatten(0, 1))[:, -1]  # (B S, w)
        session = last.view(rows, count, -1)
        gaps = visits.between.to(session.dtype)
        history, _ = self.sessions[stream](torch.cat([session, gaps], dim=2))
        return carried(history, visits.mask.any(dim=2))


def by_session(tokens: Tensor, mask: Tensor, timing: Timing) -> Visits:
    """Return the tokens of a stream by sessions, with the gaps within and between.

    Parameters
    ----------
    tokens
        ``(B, L, w)``, 0 where there is none.
    mask
        ``(B, L)`` bool: which tokens there are.
    timing
        Sessions, rising in every row, and gaps of the tokens; each may be None.

    Examples
    --------
    >>> tokens = torch.tensor([[[1.0], [2.0], [3.0]]])
    >>> timing = Timing(torch.tensor([[0, 0, 1]]), torch.tensor([[0.0, 0.5, 4.0]]))
    >>> visits = by_session(tokens, torch.ones(1, 3, dtype=torch.bool), timing)
    >>> visits.actions.tolist()
    [[[[1.0, 0.0], [2.0, 0.5]], [[3.0, 0.0], [0.0, 0.0]]]]
    >>> visits.between.flatten().tolist()
    [0.0, 4.0]
    """
    rows, length, _ = tokens.shape
    if timing.session is None:
        place = torch.arange(length, device=tokens.device).expand(rows, length)
        session, inside = place // SESSION, place % SESSION
        count, most = -(-length // SESSION), SESSION
    else:
        session = timing.session * mask
        inside, count, most = _places(session, mask)
    between = tokens.new_zeros(rows, count, int(timing.gap is not None))
    if timing.gap is not None:
        gap = timing.gap.masked_fill(~mask, 0.0).to(tokens.dtype)[..., None]
        first = _first_of_session(session, mask)[..., None]
        tokens = torch.cat([tokens, gap.masked_fill(first, 0.0)], dim=2)
        between = between.scatter_add(
            1, session[..., None], gap.masked_fill(~first, 0.0)
        )
    # What is no token goes to one slot more, which is then left out.
    slot = torch.where(mask, session * most + inside, count * most)
    wide = slot[..., None].expand_as(tokens)
    actions = tokens.new_zeros(rows, count * most + 1, tokens.shape[2])
    actions = actions.scatter(1, wide, tokens)[:, :-1]
    there = mask.new_zeros(rows, count * most + 1).scatter(1, slot, mask)[:, :-1]
    shape = (rows, count, most)
    return Visits(actions.reshape(*shape, -1), there.reshape(shape), between)


def _places(session: Tensor, mask: Tensor) -> tuple[Tensor, int, int]:
    """Return each token's place in its session, how many there are, and the longest."""
    sizes = torch.zeros_like(session).scatter_add(1, session, mask.to(session.dtype))
    earlier = sizes.cumsum(dim=1) - sizes  # (B, L): tokens of the sessions before
    inside = mask.long().cumsum(dim=1) - 1 - earlier.gather(1, session)
    if mask.device.type == "meta":  # has no numbers to find a longest one by
        return inside, mask.shape[1], mask.shape[1]
    return inside, int(session.max()) + 1, max(int(sizes.max()), 1)


def _first_of_session(session: Tensor, mask: Tensor) -> Tensor:
    """Return which tokens are the first that there are of their session, ``(B, L)``."""
    rising = torch.where(mask, session, -1).cummax(dim=1).values
    before = F.pad(rising, (1, 0), value=-1)[:, :-1]
    return mask & (session > before)


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


def _gru(width: int, more: int) -> nn.GRU:
    return nn.GRU(width + more, width, batch_first=True)
