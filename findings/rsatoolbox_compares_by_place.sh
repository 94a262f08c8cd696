#!/usr/bin/env bash
# rsatoolbox: two dissimilarity matrices of the same data do not agree
#
# Expected: `compare` of two RDMs whose rows carry names pairs them by name,
#   as `calc_rdm` of several datasets does, or refuses two orders.
#
# Packages: rsatoolbox 0.3.2, numpy 2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: with `descriptor="stim"` `calc_rdm` sorts the rows by text, s10
#   before s2; without it they keep the order of the data. `compare` then
#   takes row i of each as the same stimulus: the correlation of the data with
#   themselves is negative. The names are in both objects.
#
# Seen: rows ['s10', 's2', 's1', 's3'] and ['s1', 's10', 's2', 's3'] of the
#   same data: correlation -0.32
#
# Hurt: comparisons of modalities, layers or subjects by their geometry, of
#   which one was averaged over repetitions (and so has a descriptor): a low
#   agreement looks like a result.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "rsatoolbox==0.3.2" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import numpy as np

warnings.simplefilter("ignore")
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare

points = np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 8.0], [7.0, 1.0]])
names = ["s10", "s2", "s1", "s3"]
data = Dataset(points, obs_descriptors={"stim": names})
plain = calc_rdm(data, method="euclidean")
named = calc_rdm(data, method="euclidean", descriptor="stim")
orders = [list(rdm.pattern_descriptors["stim"]) for rdm in (plain, named)]
assert orders == [names, sorted(names)]
assert sorted(plain.dissimilarities[0]) == sorted(named.dissimilarities[0])
assert np.isclose(compare(plain, plain, method="corr")[0, 0], 1)
value = float(compare(plain, named, method="corr")[0, 0])
assert value < -0.3
print(f"rows {orders[0]} and {orders[1]} of the same data: correlation {value:.2f}")
PY
