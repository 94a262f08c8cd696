#!/usr/bin/env bash
# voyager: the inner-product distance of two vectors depends on the index's items
#
# Expected: `get_distance(a, b)` under `Space.InnerProduct` is 1 - a.b, as
#   `query` says it, whatever else is in the index.
#
# Packages: voyager 2.2.3, numpy 2.4.6; Python 3.11
#
# Behaviour: both vectors get a further coordinate that fills them up to the
#   longest item so far, and the product of these is subtracted. With items of
#   length 1 all is right; an item of length 10 moves the distance of (1, 0)
#   to itself from 0 to -81, and `get_distance` puts a vector of product 0.6
#   before one of product 6, against `query`.
#
# Seen: (1, 0) to itself: 0.0, after adding (6, 8): -81.0; to (0.6, 0.8)
#   -80.6, to (6, 8) -5.0; query says -5.0 for (6, 8), the nearest
#
# Hurt: scores of pairs beside search results, thresholds, re-ranking: they
#   change with each longer item, and the order is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "voyager==2.2.3" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import numpy as np
from voyager import Index, Space

one, near, far = (np.array(v, dtype=np.float32) for v in ([1, 0], [0.6, 0.8], [6, 8]))
index = Index(Space.InnerProduct, num_dimensions=2, random_seed=1)
index.add_item(one)
index.add_item(near)
before = index.get_distance(one, one)
index.add_item(far)
after = index.get_distance(one, one)
to_near, to_far = index.get_distance(one, near), index.get_distance(one, far)
ids, distances = index.query(one, 3)
assert ids.tolist() == [2, 0, 1]
assert np.allclose(distances, [-5, 0, 0.4], atol=1e-5)
assert np.isclose(before, 0) and np.isclose(after, -81)
assert np.isclose(to_far, -5) and np.isclose(to_near, -80.6) and to_near < to_far
print(
    f"(1, 0) to itself: {before:.1f}, after adding (6, 8): {after:.1f}; "
    f"to (0.6, 0.8) {to_near:.1f}, to (6, 8) {to_far:.1f}; "
    f"query says {distances[0]:.1f} for (6, 8), the nearest"
)
PY
