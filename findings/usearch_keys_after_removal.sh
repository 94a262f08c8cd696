#!/usr/bin/env bash
# usearch: after a removal, adding without keys asks for a key in use
#
# Expected: `add(None, vectors)` gives each vector a key that is free.
#
# Packages: usearch 2.26.6, numpy 2.4.6; Python 3.11
#
# Behaviour: keys are numbered on from the present length: of 0, 1, 2 the key
#   1 is removed, the length is 2, and the next key would be 2, which is in use.
#   The call ends in an error, with two items in the index.
#
# Seen: after removing 1 of 0, 1, 2: Duplicate keys not allowed in high-level
#   wrappers
#
# Hurt: indexes that are kept up to date, as items come and go: the first
#   addition after a removal fails.
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

index = Index(ndim=2, metric="l2sq", dtype="f32")
assert index.add(None, np.eye(3, 2, dtype=np.float32)).tolist() == [0, 1, 2]
index.remove(1)
assert len(index) == 2
try:
    index.add(None, np.ones((1, 2), dtype=np.float32))
except RuntimeError as error:
    message = str(error)
else:
    raise AssertionError("a free key was chosen")
assert "Duplicate keys" in message and len(index) == 2
print(f"after removing 1 of 0, 1, 2: {message}")
PY
