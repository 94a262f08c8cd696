"""Which modalities answer for every edge, without what would be proved of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._threads import one_thread_for
from .closeness import closeness
from .ground import Grounds
from .neighbors import Neighbors
from .patterns import contained, pattern_name, pattern_of, pattern_table

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


class Group(NamedTuple):
    """Sets of modalities that are shown as one, with their share of all edges."""

    name: str
    patterns: tuple[int, ...]
    share: float
    chance: float


@dataclass(frozen=True, eq=False)
class EdgePatterns:
    """What `attribute` says of edges, without certificates: quick enough to drag at.

    Made by `edge_patterns`. Edges are those of the union graph, sorted.

    Parameters
    ----------
    pattern
        ``(E,)`` the set of modalities that have each edge: bit m for modality m.
    contradicted
        ``(E,)`` bool: by some modality the ends are farther apart than most points.
    table
        Sets of modalities beside chance, see `pattern_table`.
    modalities
        Names, in the order of the inputs.
    """

    pattern: Rows = field(repr=False)
    contradicted: Bools = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    modalities: tuple[str, ...]

    def subset(self, rows: npt.NDArray[np.intp]) -> EdgePatterns:
        """Return some of the edges; the table stays that of all of them."""
        return replace(
            self, pattern=self.pattern[rows], contradicted=self.contradicted[rows]
        )

    def groups(self, most: int) -> list[Group]:
        """Return the sets in fixed places, the rarest as one where there are many.

        Parameters
        ----------
        most
            Groups besides the emergent edges.

        Returns
        -------
        list of Group
            "emergent", then sets from single modalities to all of them: up to three
            modalities have the same places in every graph. Among more, all but the
            ``most - 1`` most frequent sets come last, as one.
        """
        columns = (self.table[name] for name in ("pattern", "share", "chance"))
        known = {name: numbers for name, *numbers in zip(*columns, strict=True)}
        parts = [
            Group(name, (p,), *map(float, known.get(name, (0, 0))))
            for p in range(1 << len(self.modalities))
            for name in [pattern_name(p, self.modalities)]
        ]
        parts.sort(key=lambda group: group.patterns[0].bit_count())
        if len(parts) <= most + 1:
            return parts
        ranked = sorted(parts[1:], key=lambda group: -group.share)
        rest = ranked[most - 1 :]
        patterns = tuple(group.patterns[0] for group in rest)
        kept = [group for group in parts if group.patterns[0] not in patterns]
        others = Group(
            f"{len(rest)} other sets", patterns,
            sum(group.share for group in rest), sum(group.chance for group in rest),
        )  # fmt: skip
        return [*kept, others]


def edge_patterns(
    graph: Neighbors, grounds: Grounds, far: Bools | None = None
) -> EdgePatterns:
    """Say which modalities answer for every edge of a fused graph.

    Parameters
    ----------
    graph
        Whose embedding has modalities.
    grounds
        The modalities' own graphs, of the same k.
    far
        `contradicted` of the graph, None to compute it.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[[0, 2, 1, 3]]})
    >>> found = edge_patterns(knn(own, k=1), Grounds(1, "euclidean"))
    >>> found.pattern.tolist()  # bit 0 alone: only a has them
    [1, 1]
    >>> [(group.name, group.share) for group in found.groups(8)][:2]
    [('emergent', 0.0), ('only a', 1.0)]
    """
    names = tuple(graph.embedding.inputs)
    with one_thread_for(len(graph)):
        inside = contained(graph, grounds)
        table = pattern_table(graph, inside, grounds)
        far = contradicted(graph) if far is None else far
    return EdgePatterns(pattern_of(inside), far, table, names)


def contradicted(graph: Neighbors) -> Bools:
    """Return ``(E,)`` whether by some modality an edge's ends are far apart.

    That is farther than most points. It depends on the ends alone, so that a graph of
    more neighbours knows it for one of fewer.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import knn
    >>> x = np.array([[0.0], [1.0], [5.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": x[[0, 3, 1, 2]]})
    >>> contradicted(knn(own, k=1)).tolist()  # edges 0-1 and 2-3
    [True, False]
    """
    names = graph.embedding.inputs
    close = np.column_stack([closeness(graph, name) for name in names])
    return np.asarray((close > 0.5).any(axis=1))
