#!/usr/bin/env bash
# xarray: a Dataset sorts its rows as soon as two variables differ in order
#
# Expected: `Dataset({"a": a, "b": b})` takes the order of the first variable,
#   as a sum of the two does and as it does where both have one order.
#
# Packages: xarray 2026.9.0, pandas 3.1.1, numpy 2.4.6; Python 3.11
#
# Behaviour: two modalities of the same cells in the same order keep it; if
#   the second has another order, the rows of both are sorted by text, s10
#   before s2. The values stay with their names.
#
# Seen: same order: ['s1', 's2', 's10'], another order: ['s1', 's10', 's2']
#
# Hurt: labels, splits and ids kept beside the Dataset by position: right with
#   one pair of files, shuffled with the next.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "xarray==2026.9.0" \
  "pandas==3.1.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import numpy as np
import xarray as xr


def modality(cells):
    return xr.DataArray(np.arange(3.0), coords={"cell": cells}, dims="cell")


def order(data):
    return data["cell"].values.tolist()


first, other = modality(["s1", "s2", "s10"]), modality(["s2", "s1", "s10"])
alike = order(xr.Dataset({"a": first, "b": first.copy()}))
unlike = order(xr.Dataset({"a": first, "b": other}))
assert alike == order(first + other) == ["s1", "s2", "s10"]
assert unlike == ["s1", "s10", "s2"]
print(f"same order: {alike}, another order: {unlike}")
PY
