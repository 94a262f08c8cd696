#!/usr/bin/env bash
# openTSNE: with repeated rows a point has an affinity to itself
#
# Expected: the diagonal of the affinities P is 0: a point is not its own
#   neighbour, as in the definition of t-SNE.
#
# Packages: openTSNE 1.0.4, numpy 2.4.6; Python 3.11
#
# Behaviour: the approximate search (the default for larger data) drops the
#   first result as the point itself; among equal rows that is another row, and
#   the point stays in its own list. With `method="exact"` the diagonal is 0.
#
# Seen: points with an affinity to themselves: exact 0, annoy 2000
#
# Hurt: embeddings with repeated items: part of their attraction goes to
#   themselves.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "openTSNE==1.0.4" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import numpy as np
from openTSNE import affinity

rng = np.random.default_rng(0)
rows = np.repeat(rng.normal(size=(500, 3)), 5, axis=0)


def loops(method):
    table = affinity.PerplexityBasedNN(
        rows, perplexity=10, method=method, random_state=0, n_jobs=1
    ).P
    return int(np.count_nonzero(table.diagonal()))


exact, approximate = loops("exact"), loops("annoy")
assert exact == 0 and approximate > 1000, (exact, approximate)
print(f"points with an affinity to themselves: exact {exact}, annoy {approximate}")
PY
