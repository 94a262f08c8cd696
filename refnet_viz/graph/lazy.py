"""networkx graphs whose dictionaries are made when something asks for them.

Whatever reads a graph of networkx can read these. They are frozen, so that arrays and
dictionaries never say different things; ``networkx.Graph(graph)`` can be changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import networkx as nx
import numpy as np
import numpy.typing as npt
from networkx.classes.reportviews import (
    DegreeView,
    DiDegreeView,
    InDegreeView,
    OutDegreeView,
)
from scipy.sparse import csr_array

from .._networkx import NAME
from .conversion import ReadOnly, edge_data, node_data

if TYPE_CHECKING:
    from .neighbors import Neighbors

    Undirected: TypeAlias = nx.Graph[Any]
    Directed: TypeAlias = nx.DiGraph[Any]
else:  # what networkx makes at run time takes no parameter
    Undirected, Directed = nx.Graph, nx.DiGraph

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Rows: TypeAlias = dict[Any, dict[Any, Any]]


class Adjacency(NamedTuple):
    """Rows of neighbours, one after another, in the order networkx has them.

    A directed graph has those that edges go to; an undirected one has each edge twice,
    a loop once.
    """

    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """``(N,)`` length of each row."""
        return np.diff(self.starts)

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Row number of each entry."""
        return np.repeat(np.arange(len(self.starts) - 1), self.counts)


class Source(Protocol):
    """Nodes, edges and their attributes, of which a lazy graph is made."""

    @property
    def directed(self) -> bool:
        """Whether edges have a direction."""

    def names(self) -> list[Any]:
        """Return the nodes."""

    def adjacency(self) -> Adjacency:
        """Return the rows of neighbours."""

    def values(self, attribute: Any) -> Numbers | None:
        """Return an attribute of every entry, None if they are not all numbers."""

    def nodes(self) -> Rows:
        """Return what is said of every node."""

    def edges(self) -> tuple[Rows, Rows]:
        """Return networkx's dictionaries of successors and of predecessors."""


@dataclass(frozen=True)
class OfNeighbors:
    """A graph made of neighbour lists."""

    neighbors: Neighbors
    mode: str
    metadata: bool

    @property
    def directed(self) -> bool:
        """Whether edges have a direction."""
        return self.mode == "directed"

    def names(self) -> list[Any]:
        """Return the ids."""
        names: list[Any] = self.neighbors.ids.tolist()
        return names

    @cached_property
    def _numbered(self) -> csr_array:
        """Matrix whose entries are the numbers of their edges.

        Rows of an undirected graph rise, as its dictionaries do: edges are sorted, and
        those to a node come before those from it.
        """
        source, target, _ = self.neighbors.edges(self.mode)
        number = np.arange(len(source))
        if self.directed:
            counts = np.bincount(source, minlength=len(self.neighbors))
            return csr_array((number, target, np.append(0, np.cumsum(counts))))
        ends = np.append(target, source), np.append(source, target)
        n = len(self.neighbors)
        return csr_array((np.append(number, number), ends), shape=(n, n))

    def adjacency(self) -> Adjacency:
        """Return the rows of neighbours."""
        return Adjacency(self._numbered.indptr, self._numbered.indices)

    def values(self, attribute: Any) -> Numbers | None:
        """Return distance or weight (`Neighbors.similarity`), 1 for all else."""
        if attribute not in {"distance", "weight"}:
            return np.ones(self._numbered.nnz, dtype=np.int64)
        distance = self.neighbors.edges(self.mode).distance
        values = (
            self.neighbors.similarity(distance) if attribute == "weight" else distance
        )
        return values[self._numbered.data]

    def nodes(self) -> Rows:
        """Return what is said of every node, to be read only."""
        present = None if self.neighbors.present.all() else self.neighbors.present
        data = node_data(self.neighbors.embedding, present, metadata=self.metadata)
        return {name: ReadOnly(each) for name, each in data.items()}

    def edges(self) -> tuple[Rows, Rows]:
        """Return networkx's dictionaries, what edges say to be read only."""
        source, target, distance = self.neighbors.edges(self.mode)
        return edge_data(
            self.names(),
            source,
            target,
            distance=distance,
            weight=self.neighbors.similarity(distance),
            directed=self.directed,
            frozen=True,
        )


@dataclass(frozen=True)
class OfNetworkx:
    """A graph of networkx, seen as arrays."""

    graph: Any

    @property
    def directed(self) -> bool:
        """Whether edges have a direction."""
        return bool(self.graph.is_directed())

    def names(self) -> list[Any]:
        """Return the nodes."""
        return list(self.graph)

    def adjacency(self) -> Adjacency:
        """Return the rows of neighbours."""
        rows = self.graph._adj
        place = {name: number for number, name in enumerate(self.graph)}
        counts = [len(rows[name]) for name in self.graph]
        columns = [place[other] for name in self.graph for other in rows[name]]
        return Adjacency(
            np.append(0, np.cumsum(counts, dtype=np.int64)),
            np.array(columns, dtype=np.int64),
        )

    def values(self, attribute: Any) -> Numbers | None:
        """Return an attribute of every entry, 1 where it is missing."""
        rows = self.graph._adj
        numbers = np.array(
            [data.get(attribute, 1) for n in self.graph for data in rows[n].values()]
            or np.ones(0, dtype=np.int64)
        )
        return numbers if numbers.ndim == 1 and numbers.dtype.kind in "if" else None

    def nodes(self) -> Rows:
        """Return what is said of every node."""
        nodes: Rows = self.graph._node
        return nodes

    def edges(self) -> tuple[Rows, Rows]:
        """Return networkx's dictionaries of successors and of predecessors."""
        back = self.graph._pred if self.directed else self.graph._adj
        return self.graph._adj, back


class _Lazy:
    """Arrays of a graph, and the answers of networkx graphs that they give."""

    _source: Source

    @classmethod
    def of(cls, source: Source) -> Any:
        """Return a frozen graph of what there is."""
        graph: Any = object.__new__(cls)
        graph._source, graph.graph, graph.__networkx_cache__ = source, {}, None
        return nx.freeze(graph)

    def __reduce__(self) -> tuple[Any, tuple[Source]]:
        return lazy, (replace(self._source),)  # type: ignore[type-var]

    @property
    def __networkx_backend__(self) -> str:
        """Name of this backend; networkx itself where it is not installed."""
        return NAME if NAME in nx.config.backends else "networkx"

    @cached_property
    def names(self) -> list[Any]:
        """The nodes, in the order of the rows of `adjacency`."""
        return self._source.names()

    @cached_property
    def places(self) -> dict[Any, int]:
        """Row number of every node."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def adjacency_rows(self) -> Adjacency:
        """Rows of neighbours."""
        return self._source.adjacency()

    @cached_property
    def _values(self) -> dict[Any, Numbers | None]:
        return {None: np.ones(len(self.adjacency_rows.columns), dtype=np.int64)}

    def values(self, attribute: Any) -> Numbers | None:
        """Return an attribute of every entry, None if they are not all numbers."""
        if attribute not in self._values:
            self._values[attribute] = self._source.values(attribute)
        return self._values[attribute]

    @cached_property
    def loops(self) -> npt.NDArray[np.int64]:
        """Entries of `adjacency_rows` that lead from a node to itself."""
        rows = self.adjacency_rows
        return np.flatnonzero(rows.rows == rows.columns)

    @cached_property
    def _degrees(self) -> dict[tuple[str, str | None], list[Any]]:
        return {}

    def degrees(self, kind: str, attribute: str | None) -> list[Any]:
        """Return the sum of an attribute of the edges of every node.

        Parameters
        ----------
        kind
            "out", "in" or "both"; the same for an undirected graph, whose loops count
            twice.
        attribute
            One whose `values` are numbers; None to count edges.
        """
        kind = kind if self._source.directed else "both"
        if (kind, attribute) not in self._degrees:
            rows, values = self.adjacency_rows, self.values(attribute)
            assert values is not None
            if kind == "in":
                order = np.argsort(rows.columns, kind="stable")
                counts = np.bincount(rows.columns, minlength=len(self.names))
                sums = _sums(np.append(0, np.cumsum(counts)), values[order])
            else:
                sums = _sums(rows.starts, values)
            if kind == "both" and self._source.directed:
                into = self.degrees("in", attribute)
                sums = [a + b for a, b in zip(sums, into, strict=True)]
            elif kind == "both":
                for entry in self.loops.tolist():
                    sums[rows.columns[entry]] += values[entry].item()
            self._degrees[kind, attribute] = sums
        return self._degrees[kind, attribute]

    @cached_property
    def _node(self) -> Rows:
        return self._source.nodes()

    @cached_property
    def _edges(self) -> tuple[Rows, Rows]:
        return self._source.edges()

    @property
    def _adj(self) -> Rows:
        return self._edges[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def number_of_nodes(self) -> int:
        """Return the number of nodes."""
        return len(self.names)

    order = number_of_nodes

    def __contains__(self, node: object) -> bool:
        return _hashable(node) and node in self.places

    has_node = __contains__

    def neighbors(self, n: Any) -> Iterator[Any]:
        """Return the neighbours of a node, those that edges go to.

        Raises
        ------
        networkx.NetworkXError
            If there is no such node.
        """
        if n not in self:
            raise nx.NetworkXError(f"The node {n} is not in the graph.")
        starts, columns = self.adjacency_rows
        place = self.places[n]
        row = columns[starts[place] : starts[place + 1]].tolist()
        return iter([self.names[other] for other in row])

    def nbunch_iter(self, nbunch: Any = None) -> Iterator[Any]:
        """Return nodes of the graph, as networkx does; it only asks which there are."""
        nodes: Any = nx.Graph()
        nodes._node = nodes._adj = self.places
        chosen: Iterator[Any] = nodes.nbunch_iter(nbunch)
        return chosen


class LazyGraph(_Lazy, Undirected):  # type: ignore[override]
    """An undirected graph."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return an ordinary graph: those that algorithms make, they fill."""
        return nx.Graph(*args, **kwargs)

    @cached_property
    def degree(self) -> Any:
        """Degrees, as networkx has them."""
        return _Degrees(self)


class LazyDiGraph(_Lazy, Directed):  # type: ignore[override]
    """A directed graph."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return an ordinary graph: those that algorithms make, they fill."""
        return nx.DiGraph(*args, **kwargs)

    successors = _Lazy.neighbors

    @property
    def _succ(self) -> Rows:
        return self._edges[0]

    @property
    def _pred(self) -> Rows:
        return self._edges[1]

    @cached_property
    def degree(self) -> Any:
        """Number of edges of every node."""
        return _DiDegrees(self)

    @cached_property
    def in_degree(self) -> Any:
        """Number of edges to every node."""
        return _InDegrees(self)

    @cached_property
    def out_degree(self) -> Any:
        """Number of edges from every node."""
        return _OutDegrees(self)


class _Degrees(DegreeView):  # type: ignore[type-arg]
    """Degrees of a lazy graph, from its arrays."""

    _kind: str = "both"
    _ordinary: Any = DegreeView
    _nodes: Any

    def __init__(self, graph: Any, nbunch: Any = None, weight: Any = None) -> None:
        self._graph, self._weight = graph, weight
        self._nodes = graph if nbunch is None else list(graph.nbunch_iter(nbunch))

    def __call__(self, nbunch: Any = None, weight: Any = None) -> Any:
        if self._graph.values(weight) is not None:
            return super().__call__(nbunch, weight)
        return self._ordinary(self._graph)(nbunch, weight)

    def __getitem__(self, n: Any) -> Any:
        degrees = self._graph.degrees(self._kind, self._weight)
        return degrees[self._graph.places[n]]

    def __iter__(self) -> Iterator[Any]:
        degrees = self._graph.degrees(self._kind, self._weight)
        if self._nodes is self._graph:
            return zip(self._graph.names, degrees, strict=True)
        places = self._graph.places
        return ((node, degrees[places[node]]) for node in self._nodes)


class _DiDegrees(_Degrees):
    _ordinary = DiDegreeView


class _InDegrees(_Degrees):
    _kind, _ordinary = "in", InDegreeView


class _OutDegrees(_Degrees):
    _kind, _ordinary = "out", OutDegreeView


def lazy(source: Source) -> Any:
    """Return a lazy graph of what there is.

    Examples
    --------
    >>> graph = lazy(OfNetworkx(nx.path_graph(3)))
    >>> graph.number_of_nodes(), graph.number_of_edges(), dict(graph.degree)
    (3, 2, {0: 1, 1: 2, 2: 1})
    """
    return (LazyDiGraph if source.directed else LazyGraph).of(source)


def _hashable(node: object) -> bool:
    try:
        hash(node)
    except TypeError:
        return False
    return True


def _sums(starts: npt.NDArray[np.int64], values: Numbers) -> list[Any]:
    """Return the sum of each row, added up as networkx does."""
    numbers, ends = values.tolist(), starts.tolist()
    return [sum(numbers[i:j]) for i, j in pairwise(ends)]
