#!/usr/bin/env bash
# scikit-network: a node's nearest link is the node itself
#
# Expected: `NNLinker(n_neighbors=1)` predicts one link a node, to another
#   node.
#
# Packages: scikit-network 0.33.5, numpy 2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: the one link is the node's own loop, at similarity 1; with k
#   neighbours there are k - 1 other nodes. The result of `n_neighbors=1` is the
#   identity matrix.
#
# Seen: n_neighbors=1: links of node 0 are [0]
#
# Hurt: comparisons of kNN graphs at one k: this one has k - 1 neighbours a
#   row, and its loops count as edges in degrees and overlaps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "scikit-network==0.33.5" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import numpy as np
import scipy.sparse as sp
from sknetwork.linkpred import NNLinker

graph = sp.csr_matrix(np.ones((6, 6)) - np.eye(6))
one = NNLinker(n_neighbors=1).fit_predict(graph).toarray()
three = NNLinker(n_neighbors=3).fit_predict(graph).toarray()
assert np.allclose(one, np.eye(6))
assert (np.count_nonzero(three, axis=1) == 3).all()
assert np.allclose(three.diagonal(), 1)
print(f"n_neighbors=1: links of node 0 are {np.flatnonzero(one[0]).tolist()}")
PY
