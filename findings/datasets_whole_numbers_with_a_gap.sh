#!/usr/bin/env bash
# datasets: whole-number ids with one gap lose digits in the numpy format
#
# Expected: an int64 column with one missing value comes out as float64 (as
#   pandas does it), masked, or as objects: ids below 2**53 stay distinct.
#
# Packages: datasets 5.2.0, numpy 2.4.6, pandas 3.1.1; Python 3.11
#
# Behaviour: the column comes out as float32, so that 16777216 and 16777217
#   are the same number. Row by row, or without the gap, both are right;
#   `to_pandas()` keeps them apart.
#
# Seen: int64 with a gap: float32, [16777216.0, 16777216.0, nan]
#
# Hurt: joins of embeddings to records by numeric id (post, product and image
#   ids are larger than 2**24): distinct records fall together.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "datasets==5.2.0" \
  "numpy==2.4.6" \
  "pandas==3.1.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import datasets
import numpy as np

data = datasets.Dataset.from_dict({"id": [16777216, 16777217, None]})
column = np.asarray(data.with_format("numpy")["id"][:])
assert data.with_format("numpy")[1]["id"] == 16777217
assert data.to_pandas()["id"].tolist()[:2] == [16777216.0, 16777217.0]
whole = datasets.Dataset.from_dict({"id": [16777216, 16777217]})
assert whole.with_format("numpy")["id"][:].tolist() == [16777216, 16777217]
assert column.dtype == np.float32 and column[0] == column[1]
print(f"int64 with a gap: {column.dtype}, {column.tolist()}")
PY
