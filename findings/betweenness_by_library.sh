#!/usr/bin/env bash
# networkit and scikit-network: betweenness twice and half of what others say
#
# Expected: unnormalised betweenness counts each pair of other nodes once in
#   an undirected graph, each ordered pair in a directed one, as Brandes,
#   networkx and igraph do.
#
# Packages: networkit 11.3, scikit-network 0.33.5, networkx 3.6.1, numpy
#   2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: networkit counts each pair of an undirected graph in both
#   directions; scikit-network halves always, directed graphs too. Each agrees
#   with networkx on the other kind.
#
# Seen: middle of a path: networkx 1.0, networkit 2.0, scikit-network 1.0;
#   node of a directed triangle: 1.0, 1.0, 0.5
#
# Hurt: whoever takes the faster library for one of two graphs, or symmetrises
#   a kNN graph, and compares values or thresholds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "networkit==11.3" \
  "scikit-network==0.33.5" \
  "networkx==3.6.1" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import networkit as nk
import networkx as nx
import scipy.sparse as sp
from sknetwork.ranking import Betweenness


def middle(graph):
    """Betweenness of node 1 by networkx, networkit and scikit-network."""
    matrix = sp.csr_matrix(nx.to_numpy_array(graph, nodelist=sorted(graph)))
    return (
        float(nx.betweenness_centrality(graph, normalized=False)[1]),
        float(nk.centrality.Betweenness(nk.nxadapter.nx2nk(graph)).run().score(1)),
        float(Betweenness().fit_predict(matrix)[1]),
    )


path = middle(nx.path_graph(3))
triangle = middle(nx.cycle_graph(3, create_using=nx.DiGraph))
assert path == (1.0, 2.0, 1.0) and triangle == (1.0, 1.0, 0.5)
print(
    "middle of a path: networkx {}, networkit {}, scikit-network {}; ".format(*path)
    + "node of a directed triangle: {}, {}, {}".format(*triangle)
)
PY
