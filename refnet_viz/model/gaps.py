"""Time gaps of a sequence's positions, scaled for a network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..data.clock import latest
from ..data.modality import Modality

SESSION = 3  # positions of a session where nobody says what a session is


class Timing(NamedTuple):
    """Session and time gap of every position of a modality.

    ``session`` is ``(B, L)``, numbers from 0, or None where nobody says what a session
    is; ``gap`` is ``(B, L)``, scaled, or None without times.
    """

    session: Tensor | None
    gap: Tensor | None

    def rows(self, index: Tensor) -> Timing:
        """Return the rows at `index`."""
        return Timing(*(None if x is None else x[index] for x in self))


class Gaps(nn.Module):
    r"""Scale of the time gaps of one modality, fitted on training rows.

    The gap before a position is the time since the position before it, 0 for the
    first of a row; a network reads :math:`\log(1 + g / s)`, so that seconds and months
    have their place and the unit does not matter. s is the median gap, that of gaps
    within a session and that of gaps between two sessions each for itself.

    Examples
    --------
    >>> from refnet_viz.data import Dataset
    >>> pages = np.array([[1, 2, 3, 4]]), np.ones((1, 4), bool)
    >>> data = Dataset.from_arrays({"pages": pages}, times={"pages": [[0, 2, 9, 11]]},
    ...                            sessions={"pages": [[0, 0, 1, 1]]})
    >>> gaps = Gaps()
    >>> gaps.fit(data.modalities["pages"], np.array([True]))
    >>> gaps.scale.tolist()
    [2.0, 7.0]
    """

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(2))

    def fit(self, modality: Modality, present: npt.NDArray[np.bool_]) -> None:
        """Set the scales from training rows that have the modality."""
        gap, first = _raw(modality)
        there = np.asarray(modality.mask) & present[:, None] & (gap > 0)
        for place, kind in enumerate((there & ~first, there & first)):
            self.scale[place] = float(np.median(gap[kind])) if kind.any() else 1.0

    def forward(self, modality: Modality) -> Tensor:
        """Return the scaled gaps ``(N, L)``, 0 where there is no position."""
        gap, first = _raw(modality)
        between = torch.tensor(first, device=self.scale.device)
        raw = torch.tensor(gap, device=self.scale.device)
        scale = torch.where(between, self.scale[1], self.scale[0])
        return torch.log1p(raw / scale).to(self.scale.dtype)


def _raw(modality: Modality) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the gap before every position, and which positions begin a session."""
    clock, mask = modality.clock, modality.mask
    assert clock is not None
    assert clock.times is not None
    assert mask is not None
    before = latest(clock.times, mask)
    has_gap = mask & np.isfinite(before)
    gap = np.where(has_gap, clock.times - np.where(has_gap, before, 0), 0.0)
    sessions = clock.sessions
    if sessions is None:
        sessions = np.broadcast_to(np.arange(mask.shape[1]) // SESSION, mask.shape)
    last = latest(sessions.astype(np.float64), mask)
    return gap, mask & (sessions > last)
