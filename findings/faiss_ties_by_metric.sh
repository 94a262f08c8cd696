#!/usr/bin/env bash
# faiss: ties are ordered one way for L2 and the other way for inner products
#
# Expected: among equally near items both metrics list the ids in one order.
#
# Packages: faiss-cpu 1.15.1, numpy 2.4.6; Python 3.11
#
# Behaviour: of 5 equal items both keep ids 0, 1, 2, but IndexFlatL2 lists
#   them by rising id and IndexFlatIP by falling id.
#
# Seen: 5 ties cut at 3: L2 [0, 1, 2], inner product [2, 1, 0]
#
# Hurt: comparisons of kNN graphs of unit vectors under both metrics, which
#   are the same search: with equal items the nearest one, and every rank,
#   differ; and whoever drops column 0 as `the item itself` drops another one
#   under one of the metrics.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "faiss-cpu==1.15.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import faiss
import numpy as np

items = np.eye(5, dtype=np.float32)
query = np.ones((1, 5), dtype=np.float32)


def ids(kind):
    index = kind(5)
    index.add(items)
    distances, found = index.search(query, 3)
    assert len(set(distances[0].tolist())) == 1
    return found[0].tolist()


by_length, by_product = ids(faiss.IndexFlatL2), ids(faiss.IndexFlatIP)
assert by_length == [0, 1, 2] and by_product == [2, 1, 0]
print(f"5 ties cut at 3: L2 {by_length}, inner product {by_product}")
PY
