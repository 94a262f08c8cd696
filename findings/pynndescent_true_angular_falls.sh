#!/usr/bin/env bash
# pynndescent: `true_angular` distances fall from the nearest to the farthest
#
# Expected: distances of neighbours rise along a row, 0 for one direction, as
#   the metric's own documentation says ("approaches 1 for opposite").
#
# Packages: pynndescent 0.7.0, numba 0.68.1, scikit-learn 1.9.1, scipy 1.17.1,
#   numpy 2.4.6; Python 3.11
#
# Behaviour: the neighbours are right, but what is returned is one minus the
#   angle over pi, a similarity: near 1 for the nearest, .5 for a right angle,
#   and 0 for the point itself. Each row therefore begins with 0 and falls
#   afterwards.
#
# Seen: points at 0, 10, 30 and 60 degrees: distances of the first [0.0, 0.94,
#   0.83, 0.67]
#
# Hurt: whoever weighs, cuts or merges neighbours by these distances (kernels,
#   radii, rescoring): the nearest are taken for the farthest.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "pynndescent==0.7.0" \
  "numba==0.68.1" \
  "scikit-learn==1.9.1" \
  "scipy==1.17.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import numpy as np
from pynndescent import NNDescent

warnings.simplefilter("ignore")
angles = np.radians([0, 10, 30, 60])
points = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
index = NNDescent(points, metric="true_angular", n_neighbors=4, random_state=0)
ids, distances = index.neighbor_graph
assert ids[0].tolist() == [0, 1, 2, 3]
row = [round(float(d), 2) for d in distances[0]]
assert row[0] == 0 and row[1] > row[2] > row[3]
assert np.allclose(distances[0, 1:], 1 - angles[1:] / np.pi, atol=1e-3)
print(f"points at 0, 10, 30 and 60 degrees: distances of the first {row}")
PY
