#!/usr/bin/env bash
# usearch: places without a result hold key 0, which is an item's key
#
# Expected: where a batch search has fewer results than asked for, the keys
#   hold a value that is nobody's (-1 or the largest), as faiss does it.
#
# Packages: usearch 2.26.6, numpy 2.4.6; Python 3.11
#
# Behaviour: the keys of a batch are padded with 0 and the distances with NaN;
#   only `counts` says how many are real. A single query is cut to what there
#   is, without padding.
#
# Seen: keys [[0, 1, 0, 0], [1, 0, 0, 0]], distances [0.0, 20.0, nan, nan]
#
# Hurt: whoever takes `keys` as the table of neighbours: item 0 becomes
#   everybody's neighbour.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "usearch==2.26.6" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import numpy as np
from usearch.index import Index

items = np.array([[3, 4], [1, 0]], dtype=np.float32)
index = Index(ndim=2, metric="l2sq", dtype="f32")
index.add(np.array([0, 1]), items)
batch, single = index.search(items, 4), index.search(items[0], 4)
assert batch.keys.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
assert np.isnan(batch.distances[:, 2:]).all()
assert batch.counts.tolist() == [2, 2] and len(single.keys) == 2
print(f"keys {batch.keys.tolist()}, distances {batch.distances[1].tolist()}")
PY
