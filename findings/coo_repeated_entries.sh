#!/usr/bin/env bash
# networkx and igraph: of repeated entries in a COO matrix the last one wins
#
# Expected: repeated entries of a COO matrix are added, as in each of scipy's
#   own conversions.
#
# Packages: networkx 3.6.1, igraph 1.0.0, numpy 2.4.6, scipy 1.17.1; Python
#   3.11
#
# Behaviour: `from_scipy_sparse_array` and `Graph.Weighted_Adjacency` keep one
#   entry of weight 2 where 1 and 2 make 3.
#
# Seen: 1 + 2: scipy 3.0, networkx 2.0, igraph 2.0
#
# Hurt: graphs put together by listing evidence (one entry a modality, a co-
#   occurrence, a vote): the weight is that of the last one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "networkx==3.6.1" \
  "igraph==1.0.0" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import igraph
import networkx as nx
import scipy.sparse as sp

weights, rows, columns = [1.0, 2.0, 1.0, 2.0], [0, 0, 1, 1], [1, 1, 0, 0]
matrix = sp.coo_matrix((weights, (rows, columns)), shape=(2, 2))
assert matrix.toarray()[0, 1] == matrix.tocsr()[0, 1] == 3.0
with_nx = nx.from_scipy_sparse_array(matrix)[0][1]["weight"]
graph = igraph.Graph.Weighted_Adjacency(matrix, mode="undirected")
with_igraph = [float(weight) for weight in graph.es["weight"]]
assert with_nx == 2.0 and with_igraph == [2.0]
print(f"1 + 2: scipy 3.0, networkx {with_nx}, igraph {with_igraph[0]}")
PY
