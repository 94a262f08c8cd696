#!/usr/bin/env bash
# anndata: writing to a file changes a column of the object in memory
#
# Expected: `write_h5ad` leaves the object as it is.
#
# Packages: anndata 0.12.19, pandas 2.3.3, numpy 2.4.6; Python 3.11
#
# Behaviour: a text column of distinct values with one gap becomes categorical
#   in `adata.obs` itself, by writing; the same column without the gap stays
#   text.
#
# Seen: types before ['object', 'object'], after ['object', 'category']
#
# Hurt: code that adds or compares values after saving: a checkpoint in
#   between makes `obs.loc[cell, column] = new` an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "anndata==0.12.19" \
  "pandas==2.3.3" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import anndata
import numpy as np
import pandas as pd

warnings.simplefilter("ignore")
obs = pd.DataFrame(
    {"whole": ["a", "b", "c"], "gap": ["a", None, "c"]}, index=["x", "y", "z"]
)
data = anndata.AnnData(np.zeros((3, 1)), obs=obs)
before = [str(kind) for kind in data.obs.dtypes]
data.write_h5ad("a.h5ad")
after = [str(kind) for kind in data.obs.dtypes]
assert before == ["object", "object"]
assert after == ["object", "category"]
print(f"types before {before}, after {after}")
PY
