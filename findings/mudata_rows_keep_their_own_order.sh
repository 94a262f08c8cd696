#!/usr/bin/env bash
# mudata: modalities of the same cells keep their own row order
#
# Expected: once two modalities are in one MuData, row i of each is the same
#   cell, at least where every mask says that all cells are there.
#
# Packages: mudata 0.3.10, anndata 0.12.19, pandas 2.3.3, numpy 2.4.6; Python
#   3.11
#
# Behaviour: each modality keeps the order it came with, through a file too;
#   the masks in `obsm` are all true. `mdata["b"].X` is therefore not in the
#   order of `mdata.obs_names`. A selection by names does align.
#
# Seen: cells ['x', 'y', 'z'], rows of b ['z', 'y', 'x']
#
# Hurt: whoever stacks `mdata[m].X` of all modalities, or sets `mdata.obs`
#   labels beside them: pairs are torn apart without a warning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "mudata==0.3.10" \
  "anndata==0.12.19" \
  "pandas==2.3.3" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import anndata
import mudata
import numpy as np
import pandas as pd

warnings.simplefilter("ignore")
values = np.arange(3.0)[:, None]
a = anndata.AnnData(values, obs=pd.DataFrame(index=["x", "y", "z"]))
b = anndata.AnnData(values[::-1].copy(), obs=pd.DataFrame(index=["z", "y", "x"]))
mudata.MuData({"a": a, "b": b}).write("a.h5mu")
data = mudata.read_h5mu("a.h5mu")
assert data.obs_names.tolist() == ["x", "y", "z"]
assert all(data.obsm[m].all() for m in ("a", "b"))
pairs = np.hstack([data["a"].X, data["b"].X])
assert pairs.ravel().tolist() != [0, 0, 1, 1, 2, 2]
assert data["b"].obs_names.tolist() == ["z", "y", "x"]
view = data[["x", "y", "z"]]
assert (view["a"].X == view["b"].X).all()
print(f"cells {data.obs_names.tolist()}, rows of b {data['b'].obs_names.tolist()}")
PY
