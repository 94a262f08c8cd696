"""Views that were looked at: the size of the search that verdicts pay for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from .embeddings import Key

PASSED = 0.5  # seconds within which a slider passes a value that nobody has read


class Looked(NamedTuple):
    """Settings that the numbers of a view follow from.

    The seed that is shown is not among them: bands and verdicts are those of all.

    Parameters
    ----------
    keys
        Spaces of the variants side by side, without their seeds, in any order.
    baseline
        Space of the baseline, without its seed.
    k
        Neighbours a point.
    """

    keys: frozenset[Key]
    baseline: Key
    k: int


@dataclass
class Looks:
    """Views that were looked at, each once.

    Parameters
    ----------
    before
        How many more count than those here.
    clock
        Returns seconds.

    Examples
    --------
    >>> key = Key("plain", None, "latent")
    >>> looks = Looks(before=2)
    >>> for k in (10, 15, 10):
    ...     looks.look(Looked(frozenset([key]), key, k))
    >>> len(looks)
    4
    """

    before: int = 0
    clock: Callable[[], float] = time.monotonic
    _views: dict[Looked, None] = field(default_factory=dict)
    _last: tuple[Looked | None, str, float] = (None, "", float("-inf"))
    _is_new: bool = False

    def __len__(self) -> int:
        return self.before + len(self._views)

    def look(self, view: Looked, by: str = "") -> None:
        """Count a view, if it was not looked at before.

        Parameters
        ----------
        view
            What is shown now.
        by
            Name of the slider that led to it. A value that the same slider leaves
            within half a second was passed, not looked at.
        """
        last, control, since = self._last
        if view == last:
            return
        now = self.clock()
        if last and self._is_new and by and by == control and now - since < PASSED:
            del self._views[last]
        self._is_new = view not in self._views
        self._views.setdefault(view)
        self._last = view, by, now

    def among(self, view: Looked) -> int:
        """Return how many views there are, one among them, seen or not yet."""
        return len(self) + (view not in self._views)

    def take_over(self, count: int) -> None:
        """Go on from the number of views that another session had looked at.

        Parameters
        ----------
        count
            Their number, the present view among them.
        """
        self.before = count - len(self._views)

    def frame(self) -> pd.DataFrame:
        """Return one row a view of this session, in the order of the first look.

        Columns variants, baseline, space, metric, weights (modality to weight, empty
        where all are equal), epoch (None for the state that training kept) and k;
        ``attrs["looks"]`` is how many were looked at in all.
        """
        table = pd.DataFrame(
            [_row(view) for view in self._views],
            columns=[
                *("variants", "baseline", "space", "metric", "weights", "epoch", "k")
            ],
        )
        table.attrs["looks"] = len(self)
        return table


def _row(view: Looked) -> dict[str, Any]:
    keys = sorted(view.keys, key=lambda key: str(key.variant))
    latest = max((key.epoch for key in keys if key.epoch is not None), default=None)
    first = keys[0]
    return {
        "variants": tuple(key.variant for key in keys),
        "baseline": view.baseline.variant,
        "space": first.space,
        "metric": first.metric,
        "weights": dict(first.weights),
        "epoch": latest,
        "k": view.k,
    }
