#!/usr/bin/env bash
# usearch: Euclidean distance over int8 compares directions only
#
# Expected: `dtype="i8"` rounds vectors; with the metric `l2sq` the order of
#   neighbours stays near the exact one.
#
# Packages: usearch 2.26.6, numpy 2.4.6; Python 3.11
#
# Behaviour: each vector is divided by its length before it is rounded, under
#   `l2sq` too: (3, 4) and (30, 40) are the same at distance 0, and the
#   neighbour at the other end of the line comes first. f32 and f16 are right.
#
# Seen: distances to (3, 4), (30, 40), (31, 42): f32 [2098, 1, 2], i8 [5, 5,
#   1]
#
# Hurt: whoever turns to int8 for memory with embeddings that are not of unit
#   length.
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

items = np.array([[3, 4], [30, 40], [31, 42]], dtype=np.float32)
query = np.array([30, 41], dtype=np.float32)


def search(dtype):
    index = Index(ndim=2, metric="l2sq", dtype=dtype)
    index.add(np.arange(3), items)
    result = index.search(query, 3, exact=True)
    by_key = dict(zip(result.keys.tolist(), result.distances.tolist()))
    return [round(by_key[key]) for key in range(3)]


exact, rounded = search("f32"), search("i8")
assert exact == [2098, 1, 2], exact
assert rounded[0] == rounded[1] < 100, rounded
print(f"distances to (3, 4), (30, 40), (31, 42): f32 {exact}, i8 {rounded}")
PY
