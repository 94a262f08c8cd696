#!/usr/bin/env bash
# loompy: a graph over the columns keeps its old size after columns are added
#
# Expected: after `add_columns` the column graphs are as large as the number
#   of columns, or are dropped, or the call refuses.
#
# Packages: loompy 3.0.8, numpy 2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: within the open connection the graph still says 3 x 3 beside 5
#   columns; opened again, the same graph says 5 x 5.
#
# Seen: 5 columns: graph (3, 3), after opening again (5, 5)
#
# Hurt: whoever appends a batch and then multiplies, orders or clusters by the
#   kNN graph in the same session.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "loompy==3.0.8" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import loompy
import numpy as np
import scipy.sparse as sp

ids = np.array(["a", "b", "c"])
loompy.create("a.loom", np.ones((1, 3)), {"g": np.array(["g"])}, {"id": ids})
with loompy.connect("a.loom") as data:
    data.col_graphs["knn"] = sp.coo_matrix(np.ones((3, 3)) - np.eye(3))
    data.add_columns(np.ones((1, 2)), col_attrs={"id": np.array(["d", "e"])})
    columns, before = data.shape[1], data.col_graphs["knn"].shape
with loompy.connect("a.loom") as data:
    after = data.col_graphs["knn"].shape
assert (columns, before, after) == (5, (3, 3), (5, 5))
print(f"{columns} columns: graph {before}, after opening again {after}")
PY
