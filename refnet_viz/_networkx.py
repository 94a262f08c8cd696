"""Description of our networkx backend, which networkx reads while it is imported.

It must import nothing: networkx is not whole yet, and pays for it at every start.
"""

from __future__ import annotations

from typing import Any

NAME = "refnet_viz"

# Functions computed from arrays, each beside what it is faster at.
_MATRIX = "Sparse matrix made of the arrays of the graph."
_TRIANGLES = "Triangles by sparse matrix products; directed graphs as networkx does."
_COMPONENTS = "By scipy.sparse.csgraph."
_SEARCH = "Breadth first by scipy.sparse.csgraph, in networkx's order."
_LENGTHS = "Dijkstra by scipy.sparse.csgraph; non-negative weights that are numbers."
_SUMS = "Sums over arrays."
COMPUTED = {
    "attribute_mixing_dict": _SUMS,
    "clustering": _TRIANGLES,
    "connected_components": _COMPONENTS,
    "core_number": "All points of the lowest degree are peeled off together.",
    "cut_size": _SUMS,
    "degree_mixing_dict": _SUMS,
    "is_connected": _COMPONENTS,
    "is_empty": _SUMS,
    "is_weakly_connected": _COMPONENTS,
    "louvain_partitions": "networkx's moves in its order, compiled: the same result.",
    "modularity": _SUMS,
    "multi_source_dijkstra_path_length": _LENGTHS,
    "node_connected_component": _COMPONENTS,
    "node_degree_xy": _SUMS,
    "number_connected_components": _COMPONENTS,
    "number_of_selfloops": _SUMS,
    "number_weakly_connected_components": _COMPONENTS,
    "single_source_dijkstra_path_length": _LENGTHS,
    "single_source_shortest_path": _SEARCH,
    "single_source_shortest_path_length": _SEARCH,
    "to_scipy_sparse_array": _MATRIX,
    "transitivity": _TRIANGLES,
    "triangles": _TRIANGLES,
    "volume": _SUMS,
    "weakly_connected_components": _COMPONENTS,
}
# Functions of networkx that spend their time in one of the above.
CARRIED = (
    "adjacency_matrix",
    "all_pairs_shortest_path",
    "all_pairs_shortest_path_length",
    "attribute_assortativity_coefficient",
    "attribute_mixing_matrix",
    "average_clustering",
    "average_shortest_path_length",
    "conductance",
    "degree_assortativity_coefficient",
    "degree_centrality",
    "degree_mixing_matrix",
    "degree_pearson_correlation_coefficient",
    "diameter",
    "edge_expansion",
    "hits",
    "laplacian_matrix",
    "louvain_communities",
    "mixing_expansion",
    "normalized_cut_size",
    "normalized_laplacian_matrix",
    "numeric_assortativity_coefficient",
    "pagerank",
    "shortest_path_length",
)


def info() -> dict[str, Any]:
    """Return what the documentation of networkx says about this backend.

    Examples
    --------
    >>> sorted(info())[:2]
    ['backend_name', 'functions']
    """
    notes = COMPUTED | dict.fromkeys(CARRIED, "networkx's own code on faster parts.")
    return {
        "backend_name": NAME,
        "package": NAME,
        "project": NAME,
        "short_summary": "Sparse algorithms for neighbour graphs.",
        "functions": {
            name: {"additional_docs": note} for name, note in sorted(notes.items())
        },
    }
