"""Splits that keep every group (a patient, a video, an author) in one part."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def grouped_parts(
    strata: npt.NDArray[np.integer[Any]],
    groups: npt.NDArray[np.str_],
    shares: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.intp]:
    """Return the number of a part for each row, the same for all rows of a group.

    Groups are dealt one after another, large ones first (by powers of two, shuffled
    among alike). Of the parts that still lack as many rows as the group has, it goes
    to the one that lacks most of the group's strata, relative to what the part should
    have of them; where no part lacks as many, to the one that lacks most rows. So
    every part ends within less than the largest group of its share, and a part
    without a share gets nothing.

    Parameters
    ----------
    strata
        ``(N,)`` numbers, such as classes.
    groups
        ``(N,)`` names.
    shares
        ``(P,)`` shares of the parts, which sum to 1.
    rng
        Draws the order of the groups, and the part among equals.

    Examples
    --------
    >>> parts = grouped_parts(
    ...     np.array([0, 1, 0, 1, 0, 1, 0, 1]), np.array(list("aabbccdd")),
    ...     np.array([0.5, 0.25, 0.25]), np.random.default_rng(0))
    >>> np.bincount(parts).tolist(), bool((parts[::2] == parts[1::2]).all())
    ([4, 2, 2], True)
    """
    _, member, size = np.unique(groups, return_inverse=True, return_counts=True)
    stratum = np.unique(strata, return_inverse=True)[1]
    order = rng.permutation(len(size))
    order = order[np.argsort(-np.frexp(size[order])[1], kind="stable")]
    lots = rng.permuted(
        np.tile(np.arange(len(shares)), (len(size), 1)), axis=1
    ).tolist()
    # Some ten thousand groups are common: plain numbers are faster than short arrays.
    quotas = (np.bincount(stratum)[:, None] * shares).tolist()
    lacking, rows = [[*line] for line in quotas], (shares * len(groups)).tolist()
    inside = _rows_of_strata(member, stratum, len(size))
    part = np.empty(len(size), dtype=np.intp)
    for group, count in zip(order.tolist(), size[order].tolist(), strict=True):
        fits = [p for p in lots[group] if quotas[0][p] and rows[p] >= count - 1e-9]
        chosen, most = int(np.argmax(rows)) if not fits else fits[0], -np.inf
        for p in fits:
            need = sum(n * lacking[s][p] / quotas[s][p] for s, n in inside[group])
            if need > most + 1e-9:
                chosen, most = p, need
        part[group] = chosen
        rows[chosen] -= count
        for s, n in inside[group]:
            lacking[s][chosen] -= n
    return part[member]


def _rows_of_strata(
    member: npt.NDArray[np.intp], stratum: npt.NDArray[np.intp], count: int
) -> list[list[tuple[int, int]]]:
    """Return for each group the strata that it has, and how many rows of each."""
    kinds = int(stratum.max()) + 1
    pairs, rows = np.unique(member * kinds + stratum, return_counts=True)
    inside: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for pair, n in zip(pairs.tolist(), rows.tolist(), strict=True):
        inside[pair // kinds].append((pair % kinds, n))
    return inside


def check_groups(
    split: npt.NDArray[np.str_], groups: npt.NDArray[np.str_] | None
) -> None:
    """Refuse a split that has a group in two parts.

    Raises
    ------
    ValueError
        Naming the group, and both parts.

    Examples
    --------
    >>> check_groups(np.array(["train", "test"]), np.array(["ann", "ann"]))
    Traceback (most recent call last):
    ...
    ValueError: `split` must keep each group in one part, got 'ann' in 'train' and \
'test' (1 of 1 groups is in two or more).
    """
    if groups is None:
        return
    names, first, member = np.unique(groups, return_index=True, return_inverse=True)
    astray = split != split[first][member]
    if not astray.any():
        return
    row = int(np.argmax(astray))
    count = len(np.unique(member[astray]))
    raise ValueError(
        f"`split` must keep each group in one part, got {str(groups[row])!r} in "
        f"{str(split[first[member[row]]])!r} and {str(split[row])!r} ({count} of "
        f"{len(names)} groups {'is' if count == 1 else 'are'} in two or more)."
    )
