#!/usr/bin/env bash
# ripser: edges below the diagonal of a sparse distance matrix do not exist
#
# Expected: a kNN graph of distances, in which a pair stands once or twice, is
#   read as undirected, as scipy's `connected_components` and a dense matrix
#   are; or an asymmetric matrix is refused.
#
# Packages: ripser 0.6.15, scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6; Python
#   3.11
#
# Behaviour: of a sparse matrix the entries with row < column are edges, those
#   below the diagonal are left out without a word. In a directed kNN graph a
#   pair that only the later row has as a neighbour is missing; a lower
#   triangle alone is a graph without edges.
#
# Seen: 12 points on a circle, each with its next: 1 component, 0 loops;
#   transposed 11 and 0, made symmetric 1 and 1
#
# Hurt: persistent homology of kNN graphs (`kneighbors_graph`, scanpy's
#   `obsp["distances"]`): components and loops depend on the order of rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "ripser==0.6.15" \
  "scikit-learn==1.9.1" \
  "scipy==1.17.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import numpy as np
import scipy.sparse as sp
from ripser import ripser

points = 12
turn = np.arange(points)
length = 2 * np.sin(np.pi / points)
following = sp.csr_matrix((np.full(points, length), (turn, (turn + 1) % points)))


def components_and_loops(graph):
    diagrams = ripser(graph, distance_matrix=True, maxdim=1)["dgms"]
    return int(np.isinf(diagrams[0][:, 1]).sum()), len(diagrams[1])


directed = components_and_loops(following)
transposed = components_and_loops(following.T.tocsr())
symmetric = components_and_loops(following.maximum(following.T))
lower = components_and_loops(sp.tril(following.maximum(following.T)))
assert symmetric == (1, 1) and directed == (1, 0)
assert transposed == (11, 0) and lower == (12, 0)
print(
    f"12 points on a circle, each with its next: {directed[0]} component, "
    f"{directed[1]} loops; transposed {transposed[0]} and {transposed[1]}, made "
    f"symmetric {symmetric[0]} and {symmetric[1]}"
)
PY
