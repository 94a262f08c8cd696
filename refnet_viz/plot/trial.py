"""The numbers behind `bound`: Theorem 1 on every edge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..graph.attribution import Attribution

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """Theorem 1 on the edges whose ends have every modality.

    Parameters
    ----------
    refined, total, reach
        ``(E,)`` d_R, d_X and rho_i + rho_j.
    pairs
        ``(E, 2)`` row numbers.
    """

    refined: Floats
    total: Floats
    reach: Floats
    pairs: npt.NDArray[np.int64]

    @classmethod
    def of(cls, found: Attribution) -> Trial:
        """Take it from what was proved of the edges."""
        bound = found.proofs["sum"].bound
        known = np.isfinite(bound.reach)
        pairs = np.column_stack([found.edges.source, found.edges.target])
        refined, total, reach = (
            part[known] for part in (bound.refined, bound.total, bound.reach)
        )
        return cls(refined, total, reach, pairs[known])

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def used(self) -> Floats:
        """``(E,)`` (d_R - d_X) / (rho_i + rho_j), between -1 and 1."""
        apart = self.refined - self.total
        # Exact answers leave nothing but rounding to be divided by nothing.
        found = np.where(np.abs(apart) > self.room, np.inf, 0.0)
        np.divide(apart, self.reach, out=found, where=self.reach > self.room)
        return found

    @property
    def room(self) -> Floats:
        """What rounding may add."""
        return 1e-9 * (1.0 + self.reach)

    @cached_property
    def violations(self) -> int:
        """Edges for which it does not hold."""
        apart = np.abs(self.refined - self.total)
        return int(np.sum(apart > self.reach + self.room))

    @property
    def widest(self) -> float:
        """The largest reach."""
        return float(self.reach.max())


def trial_of(attribution: Any) -> Trial:
    """Return what is tested, or say why nothing can be."""
    if not isinstance(attribution, Attribution):
        raise TypeError(
            "`attribution` must be one Attribution value, e.g. "
            f"attributions['plain'][0], got {type(attribution).__name__}."
        )
    if not attribution.proofs:
        raise ValueError(
            "`attribution` must have decoded answers, got none; "
            "`rv.responsibility.cross_fit` fits decoders to any embedding."
        )
    trial = Trial.of(attribution)
    if not len(trial):
        raise ValueError(
            "`attribution` must have an edge whose ends have every modality, got none."
        )
    return trial
