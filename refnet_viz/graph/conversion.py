"""From arrays of edges to networkx graphs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import networkx as nx
import numpy as np
import numpy.typing as npt

from ..data.answers import label_texts, labelled
from ..data.meaning import RESERVED, distinct, plain_column
from ..embedding import Embedding

T = TypeVar("T")
# What formats of graphs and our own nodes call something else.
TAKEN = frozenset(
    {
        "present",
        "labelled",
        "target",
        "predicted",
        "source",
        "name",
        "viz",
        "pid",
        "parents",
        "start",
        "end",
        "slices",
        "spells",
        "mode",
        "distance",
        "weight",
        "key",
    }
)
Row: TypeAlias = dict[str, dict[str, float]]


def known_of(embedding: Embedding) -> dict[str, list[Any]]:
    """Return what is known of every point, as plain values; None where it is not.

    The prediction in words, target and predicted number, then the metadata, under names
    that mean nothing else in a file of a graph.

    Examples
    --------
    >>> own = Embedding.from_arrays(np.eye(2), metadata={"age": [3, None], "id": "x"})
    >>> known_of(own)
    {'age': [3.0, None], 'id (metadata)': ['x', 'x']}
    """
    columns: dict[str, list[Any]] = {}
    if embedding.predictions is not None:
        columns["prediction"] = _texts(embedding, embedding.predictions)
    for name in ("target", "predicted"):
        values = getattr(embedding, name)
        if values is not None:
            columns[name] = plain_column(values)
    table = embedding.metadata
    titles = distinct(table.columns, RESERVED | TAKEN)
    for place, name in enumerate(titles):
        columns[name] = plain_column(table.iloc[:, place])
    return columns


def _texts(embedding: Embedding, labels: npt.NDArray[np.int64] | None) -> list[str]:
    """Return class names, empty for unlabelled points and those without any class."""
    if labels is None:
        return [""] * len(embedding)
    return label_texts(labels, embedding.class_names, unlabelled="", none="")


def _nodes(
    embedding: Embedding, present: npt.NDArray[np.bool_] | None, *, metadata: bool
) -> dict[str, dict[str, Any]]:
    """Return what is said of every node."""
    columns: dict[str, list[Any]] = {"label": _texts(embedding, embedding.labels)}
    for key, flags in {"present": present, "labelled": _labelled(embedding)}.items():
        if flags is not None:
            columns[key] = flags.tolist()
    if metadata:
        columns |= known_of(embedding)
    rows = zip(*columns.values(), strict=True)
    return {
        node: {name: v for name, v in zip(columns, row, strict=True) if v is not None}
        for node, row in zip(embedding.ids.tolist(), rows, strict=True)
    }


def build_graph(
    embedding: Embedding,
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    *,
    distance: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    directed: bool,
    present: npt.NDArray[np.bool_] | None = None,
    metadata: bool = True,
) -> nx.Graph[str]:
    """Return a networkx graph, its dictionaries built directly.

    Nodes say whether they are `present` where that is given, whether they are
    ``labelled`` where some are and some are not, and with `metadata` what else is known
    of them (`known_of`).

    `add_edges_from` looks up every node and edge, and makes two dictionaries an edge;
    here the rows to write into are gathered by numpy, and one dictionary is made,
    shared by both ends as networkx does.
    """
    names = embedding.ids.tolist()
    graph: Any = nx.DiGraph() if directed else nx.Graph()
    with _no_collection():
        graph._node = _nodes(embedding, present, metadata=metadata)
        out: list[Row] = [{} for _ in names]
        back: list[Row] = [{} for _ in names] if directed else out
        ends = zip(
            _gather(out, source),
            _gather(back, target),
            _gather(names, source),
            _gather(names, target),
            distance.tolist(),
            weight.tolist(),
            strict=True,
        )
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
    flags = labelled(embedding.labels, None, len(embedding))
    return None if flags.all() else flags


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
