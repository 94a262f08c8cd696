"""Functions of networkx on the arrays of lazy graphs.

networkx calls them by their names (its `Dispatching`_), with graphs of `lazy` or with
what `convert_from_nx` makes of its own. Each gives what networkx gives, sums of weights
to rounding (1e-12 of them); what one cannot do (multigraphs, weights that are no
numbers), networkx does.

.. _Dispatching: https://networkx.org/documentation/stable/reference/backends.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph, csr_array

from .._networkx import CARRIED, COMPUTED
from .lazy import LazyDiGraph, LazyGraph, OfNetworkx, lazy
from .moves import levels

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Entries of a product of matrices that are held at once.
_PRODUCT = 2**23
# What costs networkx so much that a conversion is worth while.
_WORTH = frozenset(
    {
        "average_clustering",
        "clustering",
        "louvain_communities",
        "louvain_partitions",
        "transitivity",
        "triangles",
    }
)


def ordinary(name: str) -> Callable[..., Any]:
    """Return networkx's own function of that name, which reads lazy graphs, too.

    Raises
    ------
    KeyError
        If networkx has none.
    """
    registered: Any = nx.utils.backends
    function: Callable[..., Any] = registered._registered_algorithms[name].orig_func
    return function


def _matrix(graph: Any, values: npt.NDArray[Any] | None = None) -> csr_array:
    """Return the adjacency with values, ones where there are none given."""
    starts, columns = graph.adjacency_rows
    data = np.ones(len(columns)) if values is None else values
    return csr_array((data, columns, starts), shape=(len(graph), len(graph)))


def to_scipy_sparse_array(
    G: Any,
    nodelist: Any = None,
    dtype: Any = None,
    weight: Any = "weight",
    format: str = "csr",  # noqa: A002  its name in networkx
) -> Any:
    """Return the adjacency matrix of a graph, rows in the order of `nodelist`."""
    values, nodes = G.values(weight), G.names if nodelist is None else list(nodelist)
    others = nodes is not G.names and nodes != G.names
    if others or values is None or not nodes or len(G.loops):
        function = ordinary("to_scipy_sparse_array")
        return function(G, nodelist, dtype, weight, format)
    matrix = _matrix(G, values if dtype is None else values.astype(dtype))
    try:
        return matrix.sorted_indices().asformat(format)
    except ValueError as error:
        raise nx.NetworkXError(f"Unknown sparse matrix format: {format}") from error


# Components


def _labels(graph: Any) -> Ints:
    """Return the number of each node's component, in the order of their first nodes."""
    label = csgraph.connected_components(_matrix(graph), directed=False)[1]
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def _parts(graph: Any, label: Ints) -> Iterator[set[Any]]:
    """Yield the nodes that have each label, from 0 on."""
    order, ends = np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))
    for part in np.split(order, ends[:-1])[: len(ends)]:
        yield {graph.names[place] for place in part.tolist()}


def connected_components(G: Any) -> Iterator[set[Any]]:
    """Yield the nodes of each component."""
    return _parts(G, _labels(G))


def number_connected_components(G: Any) -> int:
    """Return the number of components."""
    return int(_labels(G).max() + 1) if len(G) else 0


def node_connected_component(G: Any, n: Any) -> set[Any]:
    """Return the nodes of the component that has a node."""
    if n not in G:
        return ordinary("node_connected_component")(G, n)
    label = _labels(G)
    part = np.flatnonzero(label == label[G.places[n]])
    return {G.names[place] for place in part.tolist()}


def _is_connected(name: str) -> Callable[[Any], bool]:
    def connected(G: Any) -> bool:
        return bool(
            number_connected_components(G) == 1 if len(G) else ordinary(name)(G)
        )

    connected.__doc__ = """Return whether there is one component."""
    return connected


# Triangles


def _triangles(graph: Any) -> tuple[Ints, Ints]:
    """Return triangles and degree of every node, loops aside."""
    rows, n = graph.adjacency_rows, len(graph)
    row, column, degree = rows.rows, rows.columns, rows.counts
    # Every edge once, to its end of higher degree: hubs begin few of them.
    rank = np.lexsort((np.arange(n), degree)).argsort()
    up = rank[row] < rank[column]
    ends = rank[row[up]], rank[column[up]]
    forward = csr_array((np.ones(len(ends[0])), ends), shape=(n, n))
    backward = forward.T.tocsr()
    counts = np.zeros(n)
    for part in _blocks(forward @ np.diff(forward.indptr)):
        # Paths a -> b -> c with an edge a -> c, for their ends ...
        closed = (forward[part] @ forward) * forward[part]
        counts[part] += closed.sum(axis=1)
        counts += closed.sum(axis=0)
    for part in _blocks(backward @ np.diff(forward.indptr)):
        # ... and for their middles: a -> b and a -> c with an edge b -> c.
        between = (backward[part] @ forward) * forward[part]
        counts[part] += between.sum(axis=1)
    degree[column[graph.loops]] -= 1
    return np.rint(counts).astype(np.int64)[rank], degree


def _blocks(work: npt.NDArray[Any]) -> Iterator[slice]:
    """Yield slices of rows whose product does not take too much memory."""
    number = np.cumsum(work) // _PRODUCT
    cuts = np.flatnonzero(np.diff(number)) + 1
    ends = [0, *cuts.tolist(), len(work)]
    return (slice(a, b) for a, b in pairwise(ends) if a < b)


def _intensities(graph: Any, values: Floats) -> Floats:
    """Return twice the sum of the geometric means of the weights of triangles.

    Weights are divided by the largest, as `networkx.clustering` does.
    """
    matrix = _matrix(graph, np.cbrt(values / values.max()))
    matrix.data[graph.loops] = 0
    sums = np.zeros(len(graph))
    for part in _blocks(_matrix(graph) @ graph.adjacency_rows.counts):
        sums[part] = ((matrix[part] @ matrix) * matrix[part]).sum(axis=1)
    return sums


def triangles(G: Any, nodes: Any = None) -> Any:
    """Return the number of triangles of every node, or of those asked for."""
    if nodes is not None:
        return ordinary("triangles")(G, nodes)
    return dict(zip(G.names, _triangles(G)[0].tolist(), strict=True))


def clustering(G: Any, nodes: Any = None, weight: Any = None) -> Any:
    """Return the local clustering coefficients."""
    values = G.values(weight)
    if G.is_directed() or nodes is not None or values is None or not len(values):
        return ordinary("clustering")(G, nodes, weight)
    counts, degree = _triangles(G)
    if weight is None:
        twice = (2 * counts).tolist()
    else:
        twice = _intensities(G, values.astype(float)).tolist()
        twice = [t if n else 0 for t, n in zip(twice, counts.tolist(), strict=True)]
    pairs = (degree * (degree - 1)).tolist()
    return {
        node: 0 if t == 0 else t / d
        for node, t, d in zip(G.names, twice, pairs, strict=True)
    }


def transitivity(G: Any) -> float:
    """Return the share of paths of two edges that a third closes."""
    if G.is_directed() or not len(G):
        return float(ordinary("transitivity")(G))
    counts, degree = _triangles(G)
    closed, begun = int(2 * counts.sum()), int((degree * (degree - 1)).sum())
    return closed / begun if closed else 0


# Degrees


def is_empty(G: Any) -> bool:
    """Return whether there are no edges."""
    return not len(G.adjacency_rows.columns)


def number_of_selfloops(G: Any) -> int:
    """Return the number of edges from a node to itself."""
    return len(G.loops)


def core_number(G: Any) -> dict[Any, int]:
    """Return the largest k of which each node is in the k-core."""
    if len(G.loops):
        return ordinary("core_number")(G)
    matrix = _matrix(G)
    if G.is_directed():
        matrix = (matrix + matrix.T).tocsr()
    left, core = matrix.sum(axis=1), np.zeros(len(G), dtype=np.int64)
    remaining, k = np.ones(len(G), dtype=bool), 0
    while remaining.any():
        peeled = np.flatnonzero(remaining & (left <= k))
        if not len(peeled):
            k = int(left[remaining].min())
            continue
        core[peeled], remaining[peeled] = k, False
        edges = matrix[peeled]
        left -= np.bincount(edges.indices, edges.data, minlength=len(left))
    return dict(zip(G.names, core.tolist(), strict=True))


def node_degree_xy(
    G: Any, x: str = "out", y: str = "in", weight: Any = None, nodes: Any = None
) -> Iterator[tuple[Any, Any]]:
    """Yield the degrees of both ends of every edge, undirected ones in both orders."""
    if G.values(weight) is None or not {x, y} <= {"in", "out"}:
        pairs: Iterator[Any] = ordinary("node_degree_xy")(G, x, y, weight, nodes)
        return pairs
    first, second = (np.array(G.degrees(side, weight)) for side in (x, y))
    a, b = _ends(G, nodes, both=True)
    return zip(first[a].tolist(), second[b].tolist(), strict=True)


def _ends(graph: Any, nodes: Any, *, both: bool) -> tuple[Ints, Ints]:
    """Return the ends of all entries of which one, or `both`, are among nodes."""
    rows = graph.adjacency_rows
    a, b = rows.rows, rows.columns
    if nodes is None:
        return a, b
    inside = _inside(graph, nodes)
    among = inside[a] & (inside[b] | (not both))
    return a[among], b[among]


def degree_mixing_dict(
    G: Any,
    x: str = "out",
    y: str = "in",
    weight: Any = None,
    nodes: Any = None,
    normalized: bool = False,  # noqa: FBT001, FBT002
) -> dict[Any, dict[Any, float]]:
    """Return how many edges join each pair of degrees."""
    if G.values(weight) is None or not {x, y} <= {"in", "out"}:
        function = ordinary("degree_mixing_dict")
        return function(G, x, y, weight, nodes, normalized)
    ends = _ends(G, nodes, both=True)
    degrees = G.degrees(x, weight), G.degrees(y, weight)
    return _mixing(ends, *degrees, shares=normalized)


def attribute_mixing_dict(
    G: Any,
    attribute: Any,
    nodes: Any = None,
    normalized: bool = False,  # noqa: FBT001, FBT002
) -> dict[Any, dict[Any, float]]:
    """Return how many edges join each pair of values of an attribute."""
    values = [G._node[name].get(attribute) for name in G.names]
    ends = _ends(G, nodes, both=False)
    return _mixing(ends, values, values, shares=normalized)


def _mixing(
    ends: tuple[Ints, Ints], first: list[Any], second: list[Any], *, shares: bool
) -> dict[Any, dict[Any, float]]:
    """Return networkx's mixing dictionary of values of both ends, keys in its order."""
    number: dict[Any, int] = {}
    for value in (*first, *second):
        number.setdefault(value, len(number))
    values = list(number)
    a, b = (
        np.array([number[value] for value in side], dtype=np.int64)[place]
        for side, place in zip((first, second), ends, strict=True)
    )
    keys = a * len(values) + b
    pairs, place, counts = np.unique(keys, return_index=True, return_counts=True)
    mixing: dict[Any, dict[Any, float]] = {}
    for at in np.argsort(place).tolist():
        one, other = (values[part] for part in divmod(int(pairs[at]), len(values)))
        mixing.setdefault(one, {})
        mixing.setdefault(other, {})
        count = int(counts[at])
        mixing[one][other] = count / len(keys) if shares else count
    return mixing


# Sets of nodes


def _inside(graph: Any, nodes: Iterable[Any]) -> npt.NDArray[np.bool_]:
    """Return which nodes are among `nodes`, of which others are passed over."""
    inside = np.zeros(len(graph), dtype=bool)
    inside[[graph.places[node] for node in nodes if node in graph]] = True
    return inside


def volume(G: Any, S: Any, weight: Any = None) -> Any:
    """Return the sum of the degrees of a set of nodes, out of it if directed."""
    if S is None or S in G or G.values(weight) is None:
        return ordinary("volume")(G, S, weight)
    degrees = G.degrees("out", weight)
    return sum(degrees[G.places[node]] for node in S if node in G)


def cut_size(G: Any, S: Any, T: Any = None, weight: Any = None) -> Any:
    """Return the sum of the weights of the edges between two sets of nodes."""
    values = G.values(weight)
    if values is None or (T is None and G.is_directed()):
        return ordinary("cut_size")(G, S, T, weight)
    inside = _inside(G, S)
    beyond = ~inside if T is None else _inside(G, T)
    a, b = G.adjacency_rows.rows, G.adjacency_rows.columns
    joins = (inside[a] & beyond[b]) | (inside[b] & beyond[a])
    if G.is_directed():  # networkx counts one within both sets twice
        return sum(values[joins & side[a]].sum().item() for side in (inside, beyond))
    return values[joins & (a <= b)].sum().item()  # each edge once


def modularity(
    G: Any, communities: Any, weight: Any = "weight", resolution: float = 1
) -> float:
    """Return the modularity of a partition."""
    values, parts = G.values(weight), list(communities)
    whole = nx.community.is_partition(G, parts)
    total = 0 if values is None else sum(G.degrees("out", weight))
    if not whole or values is None or total == 0:
        function = ordinary("modularity")
        return function(G, parts, weight, resolution)
    number = np.empty(len(G), dtype=np.int64)
    for at, part in enumerate(parts):
        number[[G.places[node] for node in part]] = at
    out, into = (
        _sums(number, np.array(G.degrees(side, weight)), len(parts))
        for side in ("out", "in")
    )
    rows = G.adjacency_rows
    a, b = rows.rows, rows.columns
    same = number[a] == number[b]
    if not G.is_directed():
        same &= a <= b  # each edge once
    within = _sums(number[a[same]], values[same], len(parts))
    edges = total if G.is_directed() else total / 2
    norm = 1 / total**2
    return float(
        sum(
            own / edges - resolution * o * i * norm
            for own, o, i in zip(within, out, into, strict=True)
        )
    )


def _sums(group: Ints, values: npt.NDArray[Any], count: int) -> list[Any]:
    """Return the sum of the values of each group, whole numbers as such."""
    sums = np.zeros(count, dtype=values.dtype)
    np.add.at(sums, group, values)
    return sums.tolist()


def louvain_partitions(
    G: Any,
    weight: Any = "weight",
    resolution: float = 1,
    threshold: float = 1e-7,
    seed: Any = None,
) -> Iterator[list[set[Any]]]:
    """Yield the partition of each level of Louvain's method, networkx's own."""
    values = G.values(weight)
    if G.is_directed() or values is None or not len(values):
        yield from ordinary("louvain_partitions")(
            G, weight, resolution, threshold, seed
        )
        return
    starts, columns = G.adjacency_rows
    options: dict[str, Any] = {"resolution": resolution, "threshold": threshold}
    for label in levels(starts, columns, values, rng=seed, **options):
        yield list(_parts(G, label))


# Shortest paths


def _search(graph: Any, source: Any, cutoff: float | None) -> tuple[Ints, Ints, Ints]:
    """Return nodes as they are reached, predecessors and numbers of steps."""
    order, before = csgraph.breadth_first_order(
        _matrix(graph), graph.places[source], directed=True
    )
    steps = np.zeros(len(graph), dtype=np.int64)
    start, end = 0, 1
    place = np.empty(len(graph), dtype=np.int64)
    place[order] = np.arange(len(order))
    came = place[before[order[1:]]]  # where in the order, rising
    while end < len(order):
        start, end = end, int(np.searchsorted(came, end)) + 1
        steps[order[start:end]] = steps[before[order[start]]] + 1
    if cutoff is not None:  # the source is there whatever it is
        order = order[np.append(True, steps[order[1:]] - 1 < cutoff)]
    return order, before, steps


def single_source_shortest_path_length(
    G: Any, source: Any, cutoff: float | None = None
) -> dict[Any, int]:
    """Return the number of steps to every node that can be reached."""
    if source not in G:
        function = ordinary("single_source_shortest_path_length")
        return function(G, source, cutoff)
    order, _, steps = _search(G, source, cutoff)
    nodes = [G.names[place] for place in order.tolist()]
    return dict(zip(nodes, steps[order].tolist(), strict=True))


def single_source_shortest_path(
    G: Any, source: Any, cutoff: float | None = None
) -> dict[Any, list[Any]]:
    """Return a shortest path to every node that can be reached."""
    if source not in G:
        function = ordinary("single_source_shortest_path")
        return function(G, source, cutoff)
    order, before, _ = _search(G, source, cutoff)
    paths = {source: [source]}
    for place in order[1:].tolist():
        node = G.names[place]
        paths[node] = [*paths[G.names[before[place]]], node]
    return paths


def multi_source_dijkstra_path_length(
    G: Any, sources: Any, cutoff: float | None = None, weight: Any = "weight"
) -> dict[Any, Any]:
    """Return the length of a shortest path from the nearest source to every node."""
    values, nodes = None if callable(weight) else G.values(weight), list(sources)
    places = [G.places[node] for node in nodes if node in G]
    known = bool(places) and len(places) == len(nodes)
    if not known or values is None or not ((values >= 0) & (values < np.inf)).all():
        function = ordinary("multi_source_dijkstra_path_length")
        return function(G, nodes, cutoff, weight)
    length = csgraph.dijkstra(
        _matrix(G, values.astype(float)),
        indices=places,
        limit=np.inf if cutoff is None else float(cutoff),
        min_only=True,
    )
    order = np.argsort(length, kind="stable")[: np.isfinite(length).sum()]
    whole = values.dtype.kind == "i"
    lengths = length[order].astype(np.int64) if whole else length[order]
    nodes = [G.names[place] for place in order.tolist()]
    return dict(zip(nodes, lengths.tolist(), strict=True))


def single_source_dijkstra_path_length(
    G: Any, source: Any, cutoff: float | None = None, weight: Any = "weight"
) -> dict[Any, Any]:
    """Return the length of a shortest path to every node that can be reached."""
    return multi_source_dijkstra_path_length(G, [source], cutoff, weight)


# What networkx calls


class Backend:
    """Functions by name, conversions and advice, as networkx asks for them."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a function of networkx: ours, or its own, which reads lazy graphs."""
        if name in COMPUTED:
            function: Callable[..., Any] = globals()[name]
            return function
        try:
            return ordinary(name)
        except KeyError:
            raise AttributeError(name) from None

    @staticmethod
    def can_run(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Return whether a function is offered for these graphs.

        Lazy graphs are read by all of networkx, graphs of networkx handed over only for
        what is faster here.
        """
        values = [*args, *kwargs.values()]
        if any(isinstance(value, LazyGraph | LazyDiGraph) for value in values):
            return True
        graphs = [value for value in values if isinstance(value, nx.Graph)]
        # Others may mean something else by their rows.
        simple = all(type(graph) in {nx.Graph, nx.DiGraph} for graph in graphs)
        return bool(graphs) and simple and (name in COMPUTED or name in CARRIED)

    @staticmethod
    def should_run(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:  # noqa: ARG004
        """Return whether converting a graph for this function is worth its time."""
        return name in _WORTH

    @staticmethod
    def convert_from_nx(graph: Any, **preserved: Any) -> Any:  # noqa: ARG004
        """Return a graph of networkx as one whose arrays are made when asked for.

        Attributes are read when a function asks for them, so nothing is left out.
        """
        return lazy(OfNetworkx(graph))

    @staticmethod
    def convert_to_nx(result: Any, **named: Any) -> Any:  # noqa: ARG004
        """Return an ordinary graph for a lazy one, and any other result as it is."""
        if isinstance(result, LazyGraph):
            return nx.Graph(result)
        return nx.DiGraph(result) if isinstance(result, LazyDiGraph) else result


is_connected = _is_connected("is_connected")
is_weakly_connected = _is_connected("is_weakly_connected")
number_weakly_connected_components = number_connected_components
weakly_connected_components = connected_components
BACKEND = Backend()
