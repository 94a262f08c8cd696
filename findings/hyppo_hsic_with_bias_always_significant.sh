#!/usr/bin/env bash
# hyppo: the biased HSIC test finds every pair of independent samples dependent
#
# Expected: p values of independent samples are below .05 in a twentieth of the
#   tests, for `bias=True` as for `bias=False`.
#
# Packages: hyppo 0.5.2, scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6; Python
#   3.11
#
# Behaviour: beyond 20 rows `test` takes a chi-squared approximation, which is
#   that of the statistic without bias (mean 0). The biased one is always above
#   0, so that its p values are tiny whatever the data are. With `auto=False`,
#   permutations, they are right. The documentation offers `bias` for the
#   statistic and `auto` for speed, each without a condition.
#
# Seen: 100 independent pairs of 30 rows: p < .05 in 100 with bias, 7 without,
#   of 20 pairs in 3 by permutations
#
# Hurt: whoever asks for the usual (biased) HSIC, which is what CKA is made of:
#   any two embeddings are dependent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "hyppo==0.5.2" \
  "scikit-learn==1.9.1" \
  "scipy==1.17.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import numpy as np

warnings.simplefilter("ignore")
from hyppo.independence import Hsic

rng = np.random.default_rng(0)
pairs = [(rng.normal(size=(30, 3)), rng.normal(size=(30, 3))) for _ in range(100)]


def significant(bias, pairs, **kwargs):
    p_values = [Hsic(bias=bias).test(x, y, **kwargs)[1] for x, y in pairs]
    return sum(p < 0.05 for p in p_values)


biased, unbiased = significant(True, pairs), significant(False, pairs)
shuffled = significant(True, pairs[:20], auto=False, reps=200, random_state=0)
assert biased == 100 and unbiased <= 12 and shuffled <= 5
print(
    f"100 independent pairs of 30 rows: p < .05 in {biased} with bias, "
    f"{unbiased} without, of 20 pairs in {shuffled} by permutations"
)
PY
