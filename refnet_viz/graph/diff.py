"""Edges of a graph that are kept, gained and lost in another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .edges import Edges
from .neighbors import Neighbors
from .pairs import in_line

Pairs = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EdgeDiff:
    """Edges kept, gained and lost from one graph to another.

    Parameters
    ----------
    ids
        ``(N,)`` names of the points.
    kept, gained, lost
        ``(E, 2)`` row numbers of the ends of edges in both graphs, only in the second
        and only in the first.
    """

    ids: npt.NDArray[np.str_]
    kept: Pairs
    gained: Pairs
    lost: Pairs

    @property
    def shares(self) -> dict[str, float]:
        """Shares of all edges of either graph: kept, gained and lost sum to 1."""
        counts = {name: len(getattr(self, name)) for name in ("kept", "gained", "lost")}
        total = max(1, sum(counts.values()))
        return {name: count / total for name, count in counts.items()}

    def frame(self) -> pd.DataFrame:
        """Return one row an edge: source, target (ids) and change."""
        parts = [
            pd.DataFrame(
                {
                    "source": self.ids[pairs[:, 0]],
                    "target": self.ids[pairs[:, 1]],
                    "change": change,
                }
            )
            for change, pairs in (
                ("kept", self.kept),
                ("gained", self.gained),
                ("lost", self.lost),
            )
        ]
        return pd.concat(parts, ignore_index=True)


def edge_diff(a: Neighbors, b: Neighbors, *, mode: str = "union") -> EdgeDiff:
    """Return which edges of `a` are kept in `b`, which are lost, which gained.

    Edges to a point that is not in both graphs are left out: nothing became of them.

    Parameters
    ----------
    a, b
        Graphs over the same points.
    mode
        "union", "mutual" or "directed".

    Returns
    -------
    EdgeDiff
        Pairs of row numbers, sorted.

    Raises
    ------
    ValueError
        If the points differ or `mode` is none of the above.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> a, b = knn(np.array([[0.0], [1.0], [3.0]]), k=1), knn(np.eye(3), k=1)
    >>> diff = edge_diff(a, b)
    >>> diff.kept.tolist(), diff.gained.tolist(), diff.lost.tolist()
    ([[0, 1]], [[0, 2]], [[1, 2]])
    """
    b = in_line(a, b)
    both, n = a.present & b.present, len(a)
    before, after = (_keys(graph.edges(mode), both) for graph in (a, b))
    kept = np.isin(before, after, assume_unique=True)
    gained = after[~np.isin(after, before, assume_unique=True)]
    return EdgeDiff(
        a.ids,
        *(
            np.stack(np.divmod(keys, n), axis=1)
            for keys in (before[kept], gained, before[~kept])
        ),
    )


def _keys(edges: Edges, there: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the keys of edges of which both ends are there, rising; none is twice."""
    return np.sort(edges.keys(len(there))[there[edges.source] & there[edges.target]])
