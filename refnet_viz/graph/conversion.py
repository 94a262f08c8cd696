"""From arrays of edges to networkx graphs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias, TypeVar

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


class ReadOnly(dict[str, Any]):
    """A dictionary that cannot be changed; its copies can.

    Examples
    --------
    >>> ReadOnly(weight=1.0).copy() | {"weight": 2.0}
    {'weight': 2.0}
    """

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "attributes of a lazy graph must stay as they are, got a change; "
            "`networkx.Graph(graph)` can be changed."
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


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


def node_data(
    embedding: Embedding, present: npt.NDArray[np.bool_] | None, *, metadata: bool
) -> dict[str, dict[str, Any]]:
    """Return what is said of every node.

    Whether it is `present` where that is given, whether it is ``labelled`` where some
    are and some are not, and with `metadata` what else is known of it (`known_of`).

    Examples
    --------
    >>> own = Embedding.from_arrays(np.eye(2), labels=["x", "y"])
    >>> node_data(own, None, metadata=False)
    {'0': {'label': 'x'}, '1': {'label': 'y'}}
    """
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
    """Return a networkx graph made of `node_data` and `edge_data`."""
    graph: Any = nx.DiGraph() if directed else nx.Graph()
    graph._node = node_data(embedding, present, metadata=metadata)
    graph._adj, back = edge_data(
        embedding.ids.tolist(),
        source,
        target,
        distance=distance,
        weight=weight,
        directed=directed,
    )
    if directed:
        graph._pred = back
    return graph


def edge_data(
    names: list[Any],
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    *,
    distance: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    directed: bool,
    frozen: bool = False,
) -> tuple[dict[Any, Row], dict[Any, Row]]:
    """Return networkx's dictionaries of successors and of predecessors.

    `add_edges_from` looks up every node and edge, and makes two dictionaries an edge;
    here the rows to write into are gathered by numpy, and one dictionary is made,
    shared by both ends as networkx does.

    Parameters
    ----------
    names
        Names of the nodes.
    source, target
        Row numbers of the ends of every edge.
    distance, weight
        Attributes of every edge.
    directed
        Whether the two are different dictionaries.
    frozen
        Whether an edge's attributes can only be read.

    Examples
    --------
    >>> ends, one = (np.array([0]), np.array([1])), np.ones(1)
    >>> edge_data(["a", "b"], *ends, distance=one, weight=one, directed=True)[1]
    {'a': {}, 'b': {'a': {'distance': 1.0, 'weight': 1.0}}}
    """
    with _no_collection():
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
            data: Any = {"distance": d, "weight": w}
            row[v] = column[u] = ReadOnly(data) if frozen else data
    return dict(zip(names, out, strict=True)), dict(zip(names, back, strict=True))


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
