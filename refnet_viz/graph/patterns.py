"""Sets of modalities whose own graphs hold the edges of a fused graph, and chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .ground import Grounds
from .neighbors import Neighbors

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

ALL, EMERGENT = "all", "emergent"
BITS = 62  # modalities whose set is one number
LISTED = 3  # modalities of which every set has a group of its own
PAIRWISE = 8  # from so many numbers on, `numpy.sum` adds pairwise


def pattern_name(members: Sequence[bool], modalities: Sequence[str]) -> str:
    """Return a set of modalities in words.

    Examples
    --------
    >>> pattern_name([True, True, False], ["image", "text", "sound"])
    'image + text'
    >>> [pattern_name([m, m], ["image", "text"]) for m in (True, False)]
    ['all', 'emergent']
    """
    names = list(compress(modalities, members))
    if not names:
        return EMERGENT
    if len(names) == len(modalities):
        return ALL
    return f"only {names[0]}" if len(names) == 1 else " + ".join(names)


@dataclass(frozen=True, eq=False)
class Patterns:
    """The sets of modalities that occur, and which of them each edge has.

    Parameters
    ----------
    modalities
        Names, in the order of the inputs.
    members
        ``(S, M)`` bool: the modalities of each set, from all to none.
    chance
        ``(S,)`` share of the edges that have each set by chance, see `pattern_table`.
    place
        ``(E,)`` the row of the set that has each edge.
    """

    modalities: tuple[str, ...]
    members: Bools
    chance: Floats
    place: Rows

    @cached_property
    def counts(self) -> Rows:
        """``(S,)`` edges that have each set."""
        return np.bincount(self.place, minlength=len(self.members))

    @cached_property
    def shares(self) -> Floats:
        """``(S,)`` share of the edges that have each set."""
        return np.asarray(self.counts / len(self.place))

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a set, see `pattern_table`."""
        rows = self.members.tolist()
        table = pd.DataFrame(
            {
                "pattern": [pattern_name(row, self.modalities) for row in rows],
                "edges": self.counts,
                "share": self.shares,
                "chance": self.chance,
            }
        )
        return table.assign(
            ratio=self.shares / np.where(self.chance > 0, self.chance, np.nan)
        )


def patterns_of(graph: Neighbors, grounds: Grounds) -> Patterns:
    """Return the sets of modalities that an edge, or chance, has.

    A modality has an edge when one end is among the k nearest of the other by it. The
    number of sets is bounded by that of the edges of all graphs, not by 2^M.

    Parameters
    ----------
    graph
        The fused graph.
    grounds
        The modalities' own graphs.
    """
    modalities = tuple(graph.embedding.inputs)
    keys, pairs = _modal_pairs(graph, grounds)
    edges = _looked_up(graph.edges().keys(len(graph)), keys, pairs)
    none = np.zeros((1, pairs.shape[1]), np.int64)
    members, place = _distinct(np.concatenate([none, pairs, edges]), len(modalities))
    of_none, of_pairs, of_edges = np.split(place, [1, 1 + len(pairs)])
    probabilities = _chance(graph, keys)
    chance = _sums(of_pairs, probabilities, len(members))
    chance[of_none[0]] = 1 - probabilities.sum()
    return Patterns(modalities, members, chance, of_edges)


def pattern_table(graph: Neighbors, grounds: Grounds) -> pd.DataFrame:
    """Return how many edges each set of modalities has, beside chance.

    Chance keeps the degree of every point: edges are drawn among all pairs with
    probabilities in proportion to the product of both degrees (Chung and Lu 2002), so
    hubs explain what hubs explain.

    Returns
    -------
    pandas.DataFrame
        Columns pattern, edges, share, chance and ratio (share / chance), from "all" to
        "emergent"; shares and chances sum to 1. Sets that neither an edge nor chance
        has are left out.
    """
    return patterns_of(graph, grounds).table


class Group(NamedTuple):
    """Sets of modalities that are drawn alike, with their share of all edges."""

    name: str
    share: float
    chance: float


@dataclass(frozen=True, eq=False)
class EdgeGroups:
    """Edges by the group that they are drawn in.

    Parameters
    ----------
    groups
        "emergent", then sets from single modalities to all of them.
    number
        ``(E,)`` the group of each edge.
    contradicted
        ``(E,)`` bool: by some modality the ends are farther apart than most points.
    modalities
        Names, in the order of the inputs.
    """

    groups: tuple[Group, ...]
    number: Rows
    contradicted: Bools
    modalities: tuple[str, ...]

    def subset(self, rows: npt.NDArray[np.intp]) -> EdgeGroups:
        """Return some of the edges; the shares stay those of all of them."""
        return replace(
            self, number=self.number[rows], contradicted=self.contradicted[rows]
        )


def grouped(patterns: Patterns, most: int) -> tuple[tuple[Group, ...], Rows]:
    """Return the groups that edges are drawn in, and the group of every edge.

    Parameters
    ----------
    patterns
        The sets that occur.
    most
        Groups besides the emergent edges.
    """
    if len(patterns.modalities) <= LISTED:
        return _listed(patterns)
    shares, chances = patterns.shares, patterns.chance
    # The table's order turned round, sets of one size kept in theirs: none comes first.
    sizes = patterns.members.sum(axis=1)
    order = np.argsort(sizes, kind="stable")
    ranked = order[1:][np.argsort(-shares[order[1:]], kind="stable")]
    several = len(ranked) > most
    kept = np.isin(order, ranked[: most - 1] if several else ranked)
    kept[0] = True
    rows, rest = order[kept], order[~kept]
    names = [pattern_name(m, patterns.modalities) for m in patterns.members[rows]]
    numbers = shares[rows].tolist(), chances[rows].tolist()
    groups = [Group(*group) for group in zip(names, *numbers, strict=True)]
    if several:
        sums = float(shares[rest].sum()), float(chances[rest].sum())
        groups.append(Group(f"{len(rest)} other sets", *sums))
    number = np.full(len(order), len(rows), dtype=np.int64)
    number[rows] = np.arange(len(rows))
    return tuple(groups), number[patterns.place]


def _listed(patterns: Patterns) -> tuple[tuple[Group, ...], Rows]:
    """Return every set of a few modalities as a group, in places of its own."""
    modalities = patterns.modalities
    bits = 1 << np.arange(len(modalities))
    codes = np.array(sorted(range(1 << len(modalities)), key=int.bit_count))
    numbers = np.argsort(codes)[patterns.members @ bits]
    rows = zip(patterns.shares.tolist(), patterns.chance.tolist(), strict=True)
    by_number = dict(zip(numbers.tolist(), rows, strict=True))
    groups = tuple(
        Group(pattern_name(members, modalities), *by_number.get(number, (0.0, 0.0)))
        for number, members in enumerate((codes[:, None] & bits > 0).tolist())
    )
    return groups, numbers[patterns.place]


def _modal_keys(graph: Neighbors, grounds: Grounds) -> list[Rows]:
    """Return the keys of the edges of every modality's union graph."""
    keys = []
    for name in graph.embedding.inputs:
        ground = grounds.of(graph.embedding, name)
        none = np.empty(0, np.int64)
        keys.append(none if ground is None else ground.edges().keys(len(graph)))
    return keys


def _modal_pairs(graph: Neighbors, grounds: Grounds) -> tuple[Rows, Rows]:
    """Return the keys of all pairs that some modality has, and ``(P, W)`` their set."""
    parts = _modal_keys(graph, grounds)
    keys = np.concatenate(parts)
    modality = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.argsort(keys, kind="stable")
    keys, modality = keys[order], modality[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    bit = 1 << modality % BITS
    columns = [
        np.bitwise_or.reduceat(np.where(modality // BITS == word, bit, 0), first)
        for word in range(-(-len(parts) // BITS))
    ]
    return keys[first], np.column_stack(columns)


def _chance(graph: Neighbors, keys: Rows) -> Floats:
    """Return the probability of each pair under the degrees of a graph."""
    source, target = np.divmod(keys, len(graph))
    degree = graph.degree
    total = (degree.sum() ** 2 - np.sum(degree**2)) / 2
    chance: Floats = degree[source] * degree[target] / total
    return chance


def _looked_up(keys: Rows, known: Rows, sets: Rows) -> Rows:
    """Return ``(E, W)`` the sets of some pairs, none for those that are not known."""
    if not len(known):
        return np.zeros((len(keys), sets.shape[1]), dtype=np.int64)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where((known[place] == keys)[:, None], sets[place], 0)


def _distinct(sets: Rows, modalities: int) -> tuple[Bools, Rows]:
    """Return the distinct ones of ``(P, W)`` sets, the largest first, and their places.

    Sets of one size stand in the order of their numbers.
    """
    place = np.zeros(len(sets), dtype=np.int64)
    for column in sets.T:
        values, code = np.unique(column, return_inverse=True)
        code = place * len(values) + code
        place = code if sets.shape[1] == 1 else np.unique(code, return_inverse=True)[1]
    first = np.empty(place.max() + 1, dtype=np.int64)
    first[place[::-1]] = np.arange(len(place))[::-1]
    distinct, bits = sets[first], np.arange(modalities)
    members = distinct[:, bits // BITS] >> bits % BITS & 1 > 0
    order = np.lexsort((*distinct.T, -members.sum(axis=1)))
    return members[order], np.argsort(order)[place]


def _sums(group: Rows, values: Floats, count: int) -> Floats:
    """Return the sums of the values of each group, long ones added pairwise."""
    sums: Floats = np.bincount(group, values, count).astype(np.float64)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=count)
    ends = np.cumsum(sizes)
    for g in np.flatnonzero(sizes >= PAIRWISE).tolist():
        sums[g] = values[order[ends[g] - sizes[g] : ends[g]]].sum()
    return sums
