#!/usr/bin/env bash
# safetensors: a transposed numpy array is saved as another matrix
#
# Expected: `save` writes the values of the array, whatever its order in
#   memory is.
#
# Packages: safetensors 0.8.0, numpy 2.4.6; Python 3.11
#
# Behaviour: the bytes are written in the order of memory under the shape of
#   the view: a transposed, Fortran-ordered matrix comes back scrambled, without
#   a warning.
#
# Seen: saved [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]], read [[0.0, 1.0], [2.0,
#   3.0], [4.0, 5.0]]
#
# Hurt: embeddings that come from `.T`, LAPACK, Fortran or pandas are stored
#   wrong, with the right shape and the right set of values.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "safetensors==0.8.0" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import numpy as np
from safetensors.numpy import load, save

turned = np.arange(6.0).reshape(2, 3).T
back = load(save({"x": turned}))["x"]
right = load(save({"x": np.ascontiguousarray(turned)}))["x"]
assert (right == turned).all()
assert back.shape == turned.shape and (back != turned).any()
print(f"saved {turned.tolist()}, read {back.tolist()}")
PY
