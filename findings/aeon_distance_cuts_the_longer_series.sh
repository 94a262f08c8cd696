#!/usr/bin/env bash
# aeon: a series has distance 0 to its own beginning
#
# Expected: Euclidean, Manhattan and Minkowski distance of two series of
#   different lengths are refused, as numpy and scipy do; elastic distances
#   are for these.
#
# Packages: aeon 1.6.0, numpy 2.3.5; Python 3.11
#
# Behaviour: what the longer series has beyond the length of the shorter one
#   is left out, without a warning, in pairwise matrices too.
#
# Seen: [1, 2, 3] and [1, 2]: Euclidean 0.0, Manhattan 0.0; [1, 2, 3] and [1,
#   2, 4]: 1.0
#
# Hurt: neighbours of recordings that end early (drop-outs, cut files, padding
#   taken off): short ones are everybody's nearest neighbour.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "aeon==1.6.0" \
  "numpy==2.3.5"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import numpy as np

warnings.simplefilter("ignore")
from aeon.distances import euclidean_distance, manhattan_distance, pairwise_distance

whole, cut, other = (np.array(s, dtype=float) for s in ([1, 2, 3], [1, 2], [1, 2, 4]))
euclidean = float(euclidean_distance(whole, cut))
manhattan = float(manhattan_distance(whole, cut))
beside = float(euclidean_distance(whole, other))
assert euclidean == manhattan == 0.0
assert beside == 1.0
series = [s[None] for s in (whole, cut, other)]
matrix = pairwise_distance(series, method="euclidean")
assert matrix[1].tolist() == [0.0, 0.0, 0.0]
print(
    f"[1, 2, 3] and [1, 2]: Euclidean {euclidean}, Manhattan {manhattan}; "
    f"[1, 2, 3] and [1, 2, 4]: {beside}"
)
PY
