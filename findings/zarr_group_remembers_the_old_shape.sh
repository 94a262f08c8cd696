#!/usr/bin/env bash
# zarr: rows added to an array are not there when its group is opened
#
# Expected: an array that was appended to has its new shape wherever it is
#   opened.
#
# Packages: zarr 3.1.6, numpy 2.4.6; Python 3.11
#
# Behaviour: once metadata were consolidated (as several writers do at the
#   end), opening the group answers from that copy: the array has its old
#   shape, a new one does not exist, and attributes are the old ones. Opening
#   the array itself shows the rows. Nothing says that the copy is older.
#
# Seen: 5 rows in the array, 3 through its group
#
# Hurt: stores of embeddings or cells that grow batch by batch: later rows are
#   left out of each analysis that goes through the group.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "zarr==3.1.6" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import numpy as np
import zarr

warnings.simplefilter("ignore")
group = zarr.open_group("a.zarr", mode="w")
group.create_array("z", data=np.zeros((3, 2)))
zarr.consolidate_metadata("a.zarr")
zarr.open_group("a.zarr", mode="r+")["z"].append(np.ones((2, 2)))
alone = zarr.open_array("a.zarr/z", mode="r").shape[0]
within = zarr.open_group("a.zarr", mode="r")["z"].shape[0]
asked = zarr.open_group("a.zarr", mode="r", use_consolidated=False)["z"].shape[0]
assert (alone, within, asked) == (5, 3, 5)
print(f"{alone} rows in the array, {within} through its group")
PY
