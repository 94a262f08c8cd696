"""The look of a variant: decided by its name, not by who stands beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from .theme import LINES, MODES, stroke

# Variants of `refnet_viz.VARIANTS`: the same in every figure there is.
FIXED = {"plain": 0, "refiner": 1, "contrastive": 2, "both": 3}
COLORS = len(MODES["light"].strokes)


def numbers(names: Iterable[str]) -> dict[str, int]:
    """Return the number of each name's colour; no two names have the same.

    Those of `FIXED` have theirs. Others wish for one of the rest, by a digest of the
    name; where two of a figure wish for the same, the second takes the next.

    Parameters
    ----------
    names
        Names of all variants of a figure.

    Examples
    --------
    >>> numbers(["both", "plain"])
    {'both': 3, 'plain': 0}
    >>> numbers(["plain", "mine"])["mine"] == numbers(["mine", "yours"])["mine"]
    True
    """
    shown = list(dict.fromkeys(names))
    taken = {FIXED[name]: name for name in shown if name in FIXED}
    # In the order of the digests, so that the order of the panels changes nothing.
    for name in sorted((n for n in shown if n not in FIXED), key=_digest):
        taken[next(number for number in _wishes(name) if number not in taken)] = name
    by_name = {name: number for number, name in taken.items()}
    return {name: by_name[name] for name in shown}


def dashes(names: Sequence[str]) -> dict[str, str]:
    """Return the dashes of each name's line, of which none are those of chance.

    Examples
    --------
    >>> dashes(["both", "plain"])
    {'both': 'longdash', 'plain': 'solid'}
    """
    by_name = numbers(names)
    if len(by_name) == 1:
        return dict.fromkeys(by_name, LINES[0])
    turns = {name: number % len(LINES) for name, number in by_name.items()}
    if len(set(turns.values())) < len(turns):  # by rank, so that they differ again
        ranked = sorted(by_name, key=lambda name: by_name[name])
        turns = {name: ranked.index(name) % len(LINES) for name in by_name}
    return {name: LINES[turn] for name, turn in turns.items()}


def colors(names: Iterable[str], mode: str) -> dict[str, str]:
    """Return the colour of each name's lines and bars.

    Examples
    --------
    >>> colors(["plain"], "light")
    {'plain': '#0072B2'}
    """
    by_name = numbers(names)
    return {name: stroke(number, mode)[0] for name, number in by_name.items()}


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def _wishes(name: str) -> Iterable[int]:
    """Yield the numbers a name would have, the one it has when it is alone first."""
    free = [number for number in range(COLORS) if number not in FIXED.values()]
    start = _digest(name) % len(free)
    yield from free[start:] + free[:start]
    yield from FIXED.values()
    turn = COLORS
    while True:  # the colours again, with other shapes
        yield turn + _digest(name) % COLORS
        yield from range(turn, turn + COLORS)
        turn += COLORS
