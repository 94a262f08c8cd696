#!/usr/bin/env bash
# dcor: distance correlation of whole numbers overflows, up to 360,198.86
#
# Expected: distance correlation lies between 0 and 1, and whole numbers have
#   the same as the equal floating-point numbers, as in scipy and hyppo.
#
# Packages: dcor 0.7, numpy 2.4.6, scipy 1.17.1, numba 0.68.1; Python 3.11
#
# Behaviour: sums and products are taken in the type that was handed over.
#   Bytes (colours of pixels) wrap around from 256 on; one column has a
#   correlation far above 1, several columns one that is too low. Large int64
#   (nanoseconds, positions in a genome) end at exactly 0. The warnings speak of
#   speed and of a division; p values follow from the same sums.
#
# Seen: uint8: 360198.86, two columns: 0.17, as floats: 0.97; int64 in millions:
#   0.0, as floats: 0.97
#
# Hurt: whoever compares pictures or counts with another modality: the number
#   looks like weak or no dependence.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "dcor==0.7" \
  "numpy==2.4.6" \
  "scipy==1.17.1" \
  "numba==0.68.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import dcor
import numpy as np

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
colour = rng.integers(0, 255, size=300)
other = (colour + rng.integers(0, 60, size=300)) // 2


def correlation(scale, kind, columns=1):
    one, two = ((values * scale).astype(kind) for values in (colour, other))
    if columns > 1:
        one, two = (np.column_stack([values] * columns) for values in (one, two))
    return float(dcor.distance_correlation(one, two))


right = correlation(1, float)
assert 0.9 < right < 1 and np.isclose(correlation(1, float, 2), right)
assert np.isclose(correlation(10**6, float), right)
single, double = correlation(1, np.uint8), correlation(1, np.uint8, 2)
large = correlation(10**6, np.int64)
assert single > 1 and double < 0.5 and large == 0
print(
    f"uint8: {single:.2f}, two columns: {double:.2f}, as floats: {right:.2f}; "
    f"int64 in millions: {large}, as floats: {right:.2f}"
)
PY
