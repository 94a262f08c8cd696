"""The look of a variant: decided by its name, not by who stands beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import count

from .ink import LINES, stroke

# Variants of `refnet_viz.VARIANTS`: the same in every figure there is.
FIXED = {"plain": 0, "refiner": 1, "contrastive": 2, "both": 3}
# The colours in the order of places: those of `FIXED` are far apart in both modes.
ORDER = (0, 2, 5, 3, 1, 4, 6, 7)


def numbers(names: Iterable[str]) -> dict[str, int]:
    """Return the number of each name's stroke; no two names have the same.

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
    most = len(ORDER)
    return {
        name: ORDER[place % most] + place - place % most
        for name, place in _places(names).items()
    }


def dashes(names: Iterable[str]) -> dict[str, str]:
    """Return the dashes of each name's line, of which none are those of chance.

    Examples
    --------
    >>> dashes(["both", "plain"]), dashes(["both"])
    ({'both': 'longdash', 'plain': 'solid'}, {'both': 'solid'})
    """
    places = _places(names)
    turns = {name: place % len(LINES) for name, place in places.items()}
    if len(set(turns.values())) < len(turns) or len(turns) == 1:
        ranked = sorted(places, key=lambda name: places[name])
        turns = {name: ranked.index(name) % len(LINES) for name in places}
    return {name: LINES[turn] for name, turn in turns.items()}


def _places(names: Iterable[str]) -> dict[str, int]:
    """Return the place of each name, where possible whoever stands beside it."""
    shown = list(dict.fromkeys(names))
    taken = {FIXED[name]: name for name in shown if name in FIXED}
    # In the order of the digests, so that the order of the panels changes nothing.
    for name in sorted((n for n in shown if n not in FIXED), key=_digest):
        taken[next(place for place in _wishes(name) if place not in taken)] = name
    by_name = {name: place for place, name in taken.items()}
    return {name: by_name[name] for name in shown}


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


def _wishes(name: str) -> Iterator[int]:
    """Yield the places a name would have, the one it has when it is alone first."""
    free = range(len(FIXED), len(ORDER))
    start = _digest(name) % len(free)
    yield from [*free[start:], *free[:start], *FIXED.values()]
    yield from count(len(ORDER))  # the colours again, with other shapes
