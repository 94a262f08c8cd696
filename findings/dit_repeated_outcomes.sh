#!/usr/bin/env bash
# dit: of repeated outcomes the last one counts, and the rest is lost
#
# Expected: `Distribution(samples, [1 / n] * n)` adds the probabilities of equal
#   outcomes, or refuses; with `validate=True`, the default, no distribution
#   sums to .75.
#
# Packages: dit 2.3, numpy 2.4.6, scipy 1.17.1; Python 3.11
#
# Behaviour: each outcome keeps the probability that was written last. The sum
#   is not looked at in the constructor, though `validate` is said to do so (the
#   method of that name does); entropies, mutual information and partial
#   information decompositions are computed from what is left.
#
# Seen: samples 00, 01, 01, 11: mutual information 0.5 bits instead of 0.123,
#   probabilities sum to 0.75
#
# Hurt: whoever makes an empirical distribution of the rows of a table:
#   redundancy and synergy of modalities are those of other data.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "dit==2.3" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import dit

samples = ["00", "01", "01", "11"]
built = dit.Distribution(samples, [1 / 4] * 4)
counted = dit.Distribution(["00", "01", "11"], [1 / 4, 1 / 2, 1 / 4])
total = float(sum(built.pmf))
wrong, right = (dit.shannon.mutual_information(d, [0], [1]) for d in (built, counted))
assert total == 0.75 and abs(wrong - 0.5) < 1e-9
# H(X) = H(Y) = .811 bits, H(X, Y) = 1.5 bits.
assert abs(right - 0.12256) < 1e-4
try:
    built.validate()
except ValueError:
    pass
else:
    raise AssertionError("a distribution that sums to .75 is valid")
print(
    f"samples {', '.join(samples)}: mutual information {wrong} bits instead of "
    f"{right:.3f}, probabilities sum to {total}"
)
PY
