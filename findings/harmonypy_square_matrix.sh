#!/usr/bin/env bash
# harmonypy: a square matrix of cells is read sideways
#
# Expected: `run_harmony(Z, ...).Z_corr` has the orientation of `Z`, cells by
#   components, whatever the number of cells is.
#
# Packages: harmonypy 2.1.0, pandas 3.1.1, numpy 2.4.6; Python 3.11
#
# Behaviour: both orientations are taken, and a matrix with as many columns as
#   there are cells is taken as components by cells, even if it has as many
#   rows. 40 cells with 39 or 41 components keep their orientation; with 40
#   components the components are corrected as if they were cells, and the
#   result is transposed. Nothing warns.
#
# Seen: 40 x 40: correlation with the input -0.02, transposed 0.99
#
# Hurt: whoever corrects as many cells (pilot data, one patient, a test) as
#   there are components: each cell gets a mixture of other cells, in a matrix
#   of the right shape.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "harmonypy==2.1.0" \
  "pandas==3.1.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import harmonypy
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
batches = pd.DataFrame({"batch": ["x", "y"] * 20})


def likeness(components):
    """Correlation of the result, and of its transpose, with what went in."""
    cells = rng.normal(size=(40, components))
    result = harmonypy.run_harmony(cells, batches, "batch", verbose=False).Z_corr
    assert result.shape == cells.shape
    pairs = (result, result.T.reshape(cells.shape))
    return [float(np.corrcoef(r.ravel(), cells.ravel())[0, 1]) for r in pairs]


for components in (39, 41):
    straight, _ = likeness(components)
    assert straight > 0.9
straight, turned = likeness(40)
assert abs(straight) < 0.2 and turned > 0.9
print(f"40 x 40: correlation with the input {straight:.2f}, transposed {turned:.2f}")
PY
