"""The numbers behind `spectrum`: what refiners leave, and the best linear ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .._threads import one_thread_for
from ..embedding import Embedding
from ..responsibility import Spectrum, scores, spectrum
from ..statistics import seed_band

CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Variant:
    """The spectra of one variant's seeds.

    Parameters
    ----------
    name
        Of the variant.
    found
        One a seed.
    collapsed
        Modalities whose targets collapsed in any of them.
    """

    name: str
    found: list[Spectrum]
    collapsed: list[str]

    @property
    def first(self) -> Spectrum:
        """The spectrum whose eigenvalues are drawn."""
        return self.found[0]

    @cached_property
    def achieved(self) -> float:
        """What is left, the mean over the seeds."""
        return float(np.mean([one.achieved_share for one in self.found]))

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Band of it, NaN for one seed."""
        shares = np.array([one.achieved_share for one in self.found])
        return seed_band(shares, CONFIDENCE)

    @cached_property
    def left(self) -> Floats:
        """``(K,)`` share the best linear refiner of width 1 ... K leaves."""
        return left(self.first.eigenvalues)

    @property
    def equal(self) -> int | None:
        """Width of the smallest linear refiner that leaves no more, if any."""
        places = np.flatnonzero(self.left <= self.achieved)
        return int(places[0]) + 1 if len(places) else None

    def meta(self) -> dict[str, Any]:
        """Return the numbers behind the line."""
        return {
            "variant": self.name, "seeds": len(self.found), "width": self.first.width,
            "achieved": self.achieved, "band": self.ends,
            "floor": self.first.floor_share, "equal_width": self.equal,
            "condition": [one.condition for one in self.found],
            "collapsed": self.collapsed,
        }  # fmt: skip


def left(eigenvalues: Floats) -> Floats:
    """Return the share that is left when the first 1, 2 ... eigenvalues are kept.

    Examples
    --------
    >>> left(np.array([6.0, 3.0, 1.0])).round(3).tolist()
    [0.4, 0.1, 0.0]
    """
    tails = np.append(np.cumsum(eigenvalues[::-1])[::-1][1:], 0.0)
    total = eigenvalues.sum()
    found: Floats = tails / total if total else np.full(len(tails), np.nan)
    return found


def variant_of(
    name: str, members: list[Embedding], weights: Mapping[str, float] | None
) -> Variant:
    """Measure all seeds of a variant."""
    found = []
    for member in members:
        with one_thread_for(len(member)):
            found.append(spectrum(member, weights))
    if not all(one.total for one in found):
        raise ValueError(f"`spaces` must have targets that vary, got none in {name!r}.")
    alarms = [row for member in members for row in scores(member).to_dict("records")]
    collapsed = dict.fromkeys(
        str(row["modality"]) for row in alarms if row.get("alarm") == "collapsed"
    )
    return Variant(name, found, list(collapsed))
