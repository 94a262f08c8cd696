"""Choices of the explorer: what can be chosen, and what is chosen at first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from .. import _check

BY_MODALITY = "by modality"
LAYOUTS = {"aligned UMAP": "aligned", "UMAP": "umap", "PCA": "pca"}
EDGES = ("none", "all", BY_MODALITY, "kept", "gained", "lost")
MOST = 4  # maps side by side


def checked(names: Any, known: Collection[str]) -> tuple[str, ...]:
    """Return the variants to be shown side by side.

    Raises
    ------
    ValueError
        If a name is unknown or repeats, or there are not one to four.
    """
    given = [names] if isinstance(names, str) else list(names)
    for name in given:
        _check.one_of("variants", name, known)
    _check.unique("variants", given)
    if not 1 <= len(given) <= MOST:
        raise ValueError(count_rule(len(given)))
    return tuple(given)


def at_first(names: Sequence[str], baseline: str) -> tuple[str, ...]:
    """Return what is shown where nobody says what: the baseline and the last one.

    Examples
    --------
    >>> at_first(["plain", "refiner", "both"], "plain"), at_first(["mine"], "mine")
    (('plain', 'both'), ('mine',))
    """
    return tuple(dict.fromkeys([baseline, names[-1]]))


def count_rule(count: int) -> str:
    """Return how many variants can be shown, and how many were asked for."""
    return f"`variants` must be 1 to {MOST} of them, got {count}."
