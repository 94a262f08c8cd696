#!/usr/bin/env bash
# networkit: a symmetric matrix becomes an undirected graph with each edge twice
#
# Expected: `GraphFromCoo` of a symmetric adjacency matrix with
#   `directed=False` has one edge a pair, as networkx and igraph have it.
#
# Packages: networkit 11.3, numpy 2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: both entries of a pair become an edge of their own: degrees, the
#   number of edges and the total weight are doubled. The adjacency matrix taken
#   back from the graph looks right, as parallel edges are not added there.
#
# Seen: 2 pairs of weight 3 in all: 4 edges of weight 6.0 in all
#
# Hurt: whoever takes a kNN graph from scikit-learn or scanpy over to
#   networkit: degrees, densities and weights are twice as large.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "networkit==11.3" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import networkit as nk
import numpy as np
import scipy.sparse as sp

matrix = sp.coo_matrix(np.array([[0, 2.0, 0], [2, 0, 1], [0, 1, 0]]))
graph = nk.GraphFromCoo(matrix, n=3, weighted=True, directed=False)
assert not graph.isDirected()
assert graph.numberOfEdges() == 4 and graph.totalEdgeWeight() == 6.0
assert [graph.degree(node) for node in range(3)] == [2, 4, 2]
back = nk.algebraic.adjacencyMatrix(graph).toarray()
assert (back == matrix.toarray()).all()
edges, weight = graph.numberOfEdges(), graph.totalEdgeWeight()
print(f"2 pairs of weight 3 in all: {edges} edges of weight {weight} in all")
PY
