#!/usr/bin/env bash
# scikit-network: solvers of PageRank settle on different scores
#
# Expected: with enough iterations all solvers give the same scores, and those
#   of networkx and igraph, as long as the weights are positive.
#
# Packages: scikit-network 0.33.5, networkx 3.6.1, numpy 2.4.6, scipy 1.17.1;
#   Python 3.11
#
# Behaviour: where a node has no edge out, only `RH` and `diteration` agree
#   with networkx, which lets the walk go on anywhere. The default
#   `piteration` and `lanczos` settle on another vector, `bicgstab` on a
#   third, after 1,000 iterations as after ten; all of them sum to 1. Without
#   such a node they agree.
#
# Seen: path of 3 nodes: networkx and RH [0.18, 0.34, 0.47], piteration [0.08,
#   0.18, 0.75], bicgstab [0.09, 0.17, 0.74]
#
# Hurt: rankings of graphs with sinks (citations, retrieval, edges cut by a
#   threshold): the sink has half as much again, and a change of solver is a
#   change of result.
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
from sknetwork.ranking import PageRank


def scores(edges, solver):
    graph = nx.DiGraph(edges)
    order = sorted(graph)
    dense = nx.to_numpy_array(graph, nodelist=order)
    if solver == "networkx":
        ranks = nx.pagerank(graph, tol=1e-12)
        return np.array([ranks[node] for node in order])
    model = PageRank(solver=solver, n_iter=1000, tol=1e-10)
    return model.fit_predict(sp.csr_matrix(dense))


solvers = ("RH", "diteration", "piteration", "lanczos", "bicgstab")
loop, path = [(0, 1), (1, 2), (2, 0), (0, 2)], [(0, 1), (1, 2)]
for solver in solvers:
    assert np.allclose(scores(loop, solver), scores(loop, "networkx"), atol=1e-5)
right = scores(path, "networkx")
by_solver = {solver: scores(path, solver) for solver in solvers}
for solver in ("RH", "diteration"):
    assert np.allclose(by_solver[solver], right, atol=1e-5)
for solver in ("piteration", "lanczos", "bicgstab"):
    assert np.isclose(by_solver[solver].sum(), 1)
    assert by_solver[solver][2] > right[2] + 0.2
assert abs(by_solver["piteration"] - by_solver["bicgstab"]).max() > 0.01
shown = {name: values.round(2).tolist() for name, values in by_solver.items()}
print(
    f"path of 3 nodes: networkx and RH {shown['RH']}, "
    f"piteration {shown['piteration']}, bicgstab {shown['bicgstab']}"
)
PY
