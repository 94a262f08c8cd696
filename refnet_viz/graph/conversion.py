"""From arrays of edges to networkx graphs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import networkx as nx
import numpy as np
import numpy.typing as npt

from ..data.answers import labelled
from ..embedding import Embedding

T = TypeVar("T")
Row: TypeAlias = dict[str, dict[str, float]]


def label_texts(embedding: Embedding) -> list[str]:
    """Return the class name of every point; several are joined by "; ".

    Empty for unlabelled points.

    Examples
    --------
    >>> label_texts(Embedding.from_arrays(np.eye(2), labels=["cat", "dog"]))
    ['cat', 'dog']
    """
    labels, names = embedding.labels, embedding.class_names
    if labels is None:
        return [""] * len(embedding)
    if labels.ndim == 1:
        return [names[label] if label >= 0 else "" for label in labels.tolist()]
    return ["; ".join(names[c] for c in np.flatnonzero(row > 0)) for row in labels]


def build_graph(
    embedding: Embedding,
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    *,
    distance: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    directed: bool,
    present: npt.NDArray[np.bool_] | None = None,
) -> nx.Graph[str]:
    """Return a networkx graph, its dictionaries built directly.

    Nodes say whether they are `present` where that is given, and whether they are
    ``labelled`` where some are and some are not.

    `add_edges_from` looks up every node and edge, and makes two dictionaries an edge;
    here the rows to write into are gathered by numpy, and one dictionary is made,
    shared by both ends as networkx does.
    """
    names = embedding.ids.tolist()
    graph: Any = nx.DiGraph() if directed else nx.Graph()
    with _no_collection():
        graph._node = {
            name: {"label": label}
            for name, label in zip(names, label_texts(embedding), strict=True)
        }
        for key, flags in {
            "present": present,
            "labelled": _labelled(embedding),
        }.items():
            if flags is not None:
                for name, flag in zip(names, flags.tolist(), strict=True):
                    graph._node[name][key] = flag
        out: list[Row] = [{} for _ in names]
        back: list[Row] = [{} for _ in names] if directed else out
        ends = zip(
            _gather(out, source), _gather(back, target),
            _gather(names, source), _gather(names, target),
            distance.tolist(), weight.tolist(), strict=True,
        )  # fmt: skip
        for row, column, u, v, d, w in ends:
            row[v] = column[u] = {"distance": d, "weight": w}
        graph._adj = dict(zip(names, out, strict=True))
        if directed:
            graph._pred = dict(zip(names, back, strict=True))
    return graph


def _labelled(embedding: Embedding) -> npt.NDArray[np.bool_] | None:
    """Return which points have labels, None where all or there are no labels."""
    if embedding.labels is None:
        return None
    known = labelled(embedding.labels, None, len(embedding))
    return None if known.all() else known


def _gather(values: list[T], index: npt.NDArray[np.int64]) -> list[T]:
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    gathered: list[T] = objects[index].tolist()
    return gathered


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the cycle collector, which would walk 10^5 new dictionaries in vain."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
