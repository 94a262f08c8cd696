#!/usr/bin/env bash
# tslearn and aeon: dynamic time warping of one is the square of the other's
#
# Expected: both compute one distance: the least cost of an alignment under
#   the same local distance.
#
# Packages: tslearn 0.10.0, aeon 1.6.0, numpy 2.3.5; Python 3.11
#
# Behaviour: tslearn sums squares along the path and takes the root, aeon
#   leaves the sum of squares.
#
# Seen: [0, 0] to [3, 3]: tslearn 4.24, aeon 18.0
#
# Hurt: kernels, thresholds, soft neighbours and averages over distances that
#   are moved from one to the other; orders of neighbours are the same, and so
#   hide it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "tslearn==0.10.0" \
  "aeon==1.6.0" \
  "numpy==2.3.5"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import numpy as np

warnings.simplefilter("ignore")
from aeon.distances import dtw_distance
from tslearn.metrics import dtw

a, b = np.zeros(2), np.full(2, 3.0)
root, square = float(dtw(a, b)), float(dtw_distance(a, b))
assert square == 18.0
assert abs(root**2 - square) < 1e-9
print(f"[0, 0] to [3, 3]: tslearn {root:.2f}, aeon {square}")
PY
