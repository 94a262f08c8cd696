#!/usr/bin/env bash
# scikit-network: a directed graph has a 5-core of one node
#
# Expected: `get_core_decomposition` of a directed graph counts edges in and
#   out (as networkx, igraph and networkit do) or refuses it: in a k-core each
#   node has k neighbours within the core.
#
# Packages: scikit-network 0.33.5, networkx 3.6.1, numpy 2.4.6, scipy 1.17.1;
#   Python 3.11
#
# Behaviour: degrees are read from the rows of the matrix only. A node with
#   five edges out is a 5-core by itself; one to which five others point has
#   core 0 and they have 1. Each node of a kNN graph has core k. The
#   documentation asks for an adjacency matrix, no more.
#
# Seen: five edges out of node 0: [5, 0, 0, 0, 0, 0], into node 0: [0, 1, 1,
#   1, 1, 1], networkx: 1 for all of both
#
# Hurt: hubs of directed kNN graphs: cores tell hubs from the rim there, and
#   this one says k everywhere.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "scikit-network==0.33.5" \
  "networkx==3.6.1" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import networkx as nx
import numpy as np
import scipy.sparse as sp
from sknetwork.topology import get_core_decomposition

others, hub = np.arange(1, 6, dtype=np.int32), np.zeros(5, dtype=np.int32)
out = sp.csr_matrix((np.ones(5), (hub, others)), shape=(6, 6))


def cores(matrix):
    return get_core_decomposition(sp.csr_matrix(matrix)).tolist()


for matrix in (out, out.T):
    graph = nx.from_scipy_sparse_array(matrix, create_using=nx.DiGraph)
    assert set(nx.core_number(graph).values()) == {1}
assert cores(out + out.T) == [1] * 6
away, towards = cores(out), cores(out.T)
assert away == [5, 0, 0, 0, 0, 0] and towards == [0, 1, 1, 1, 1, 1]
near = (np.arange(7)[:, None] + [1, 2, 3]) % 7
near[:, 2] = np.where(near[:, 2] == 0, (np.arange(7) + 4) % 7, near[:, 2])
knn = sp.csr_matrix((np.ones(21), (np.repeat(np.arange(7), 3), near.ravel())))
assert set(cores(knn)) == {3}
graph = nx.from_scipy_sparse_array(knn, create_using=nx.DiGraph)
assert max(nx.core_number(graph).values()) > 3
print(
    f"five edges out of node 0: {away}, into node 0: {towards}, "
    "networkx: 1 for all of both"
)
PY
