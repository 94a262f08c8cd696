#!/usr/bin/env bash
# graphtools: a precomputed adjacency matrix gains loops of weight 1
#
# Expected: `Graph(A, precomputed="adjacency")` takes the adjacency as it is;
#   the diffusion operator P is A divided by its row sums.
#
# Packages: graphtools 2.1.0, numpy 2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: the diagonal is set to 1, whatever the scale of the weights is:
#   with weights of 0.1 and 0.2 a step of the diffusion stays where it is with
#   probability .77 to .91. `precomputed="affinity"` takes the same matrix as it
#   is.
#
# Seen: without loops in the matrix, a step stays with probability [0.83,
#   0.77, 0.91]
#
# Hurt: diffusion (MAGIC, PHATE, MELD) over weighted kNN graphs from
#   elsewhere, such as fuzzy or SNN graphs: small weights hardly diffuse.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "graphtools==2.1.0" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import graphtools
import numpy as np
import scipy.sparse as sp

warnings.simplefilter("ignore")
matrix = sp.csr_matrix(np.array([[0, 0.2, 0], [0.2, 0, 0.1], [0, 0.1, 0]]))


def built(kind):
    graph = graphtools.Graph(matrix, precomputed=kind, n_pca=None, verbose=0)
    return [m.toarray() if sp.issparse(m) else np.asarray(m) for m in (graph.K, graph.P)]


kernel, steps = built("adjacency")
assert np.allclose(kernel, matrix.toarray() + np.eye(3))
assert np.allclose(built("affinity")[0], matrix.toarray())
stays = steps.diagonal().round(2).tolist()
assert min(stays) > 0.75
print(f"without loops in the matrix, a step stays with probability {stays}")
PY
