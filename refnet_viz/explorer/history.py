"""What was shown before, to be gone back to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .desk import Settings
from .points import Rows

MOST = 100
TOGETHER = 1.0  # seconds within which moves of one control are one step


@dataclass(frozen=True)
class Moment:
    """Settings by name, the selected rows, and the variant in focus."""

    settings: Settings
    rows: Rows
    focus: str


@dataclass
class History:
    """Moments that were left, the last one last.

    Parameters
    ----------
    clock
        Returns seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _past: list[Moment] = field(default_factory=list)
    _last: tuple[str, float] = ("", float("-inf"))

    def __len__(self) -> int:
        return len(self._past)

    def leave(self, moment: Moment, by: str = "") -> None:
        """Remember a moment that is left; a slider on its way leaves only one.

        Parameters
        ----------
        moment
            What was shown.
        by
            What moves in many small steps; nothing is always a step of its own.
        """
        now = self.clock()
        kind, before = self._last
        if not by or kind != by or now - before > TOGETHER:
            self._past = [*self._past[1 - MOST :], moment]
        self._last = (by, now)

    def back(self) -> Moment | None:
        """Return the last moment and forget it, None where there is none."""
        self._last = ("", float("-inf"))
        return self._past.pop() if self._past else None
