#!/usr/bin/env bash
# scikit-network: label propagation from one class invents class numbers
#
# Expected: with one class on the seeds, Propagation gives that class to all
#   nodes it reaches and -1 to the rest, as DiffusionClassifier does.
#
# Packages: scikit-network 0.33.5, numpy 2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: the result holds numbers of nodes in place of classes: even the
#   seed, of class 0, comes back as class 1. With two classes among the seeds
#   all is right. PageRankClassifier refuses one class.
#
# Seen: seeds [0, -1, -1, -1], predicted [1, 1, 3, 3]
#
# Hurt: one-against-rest and positive-unlabelled work over a kNN graph, and
#   active learning at its first label.
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
from sknetwork.classification import DiffusionClassifier, Propagation

pair = np.array([[0, 1], [1, 0]])
graph = sp.csr_matrix(sp.block_diag([pair, pair]))  # 0-1 and 2-3
one = np.array([0, -1, -1, -1])
two = np.array([0, -1, 1, -1])
assert DiffusionClassifier().fit_predict(graph, labels=one).tolist() == [0, 0, -1, -1]
assert Propagation().fit_predict(graph, labels=two).tolist() == [0, 0, 1, 1]
invented = Propagation().fit_predict(graph, labels=one).tolist()
assert invented == [1, 1, 3, 3], invented
print(f"seeds {one.tolist()}, predicted {invented}")
PY
