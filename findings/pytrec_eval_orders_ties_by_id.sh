#!/usr/bin/env bash
# pytrec_eval: of nearly equal scores the document with the later id is first
#
# Expected: the document with the higher score is ranked first; a query of the
#   judgements without results counts as 0.
#
# Packages: pytrec-eval-terrier 0.5.11, numpy 2.4.6; Python 3.11
#
# Behaviour: scores are rounded to single precision, and equal ones are
#   ordered by id, backwards: with the same scores document a loses to b and
#   wins as z. Queries without results are left out of the answer, and so of a
#   mean over it.
#
# Seen: right document a .30000000002 beside b .30000000001: reciprocal rank
#   0.5, called z: 1.0; queries ['q'] of ['q', 'r']
#
# Hurt: retrieval between modalities with scores that are close (cosines of
#   unit vectors) or tied (binary codes): the figure hangs on how ids are
#   spelled.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "pytrec-eval-terrier==0.5.11" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import pytrec_eval


def reciprocal(name):
    """Reciprocal rank of the right document, which has the higher score."""
    right = {"q": {name: 1}, "r": {name: 1}}
    judge = pytrec_eval.RelevanceEvaluator(right, {"recip_rank"})
    return judge.evaluate({"q": {name: 0.30000000002, "b": 0.30000000001}})


early, late = reciprocal("a"), reciprocal("z")
assert early == {"q": {"recip_rank": 0.5}}
assert late == {"q": {"recip_rank": 1.0}}
print(
    "right document a .30000000002 beside b .30000000001: reciprocal rank "
    f"{early['q']['recip_rank']}, called z: {late['q']['recip_rank']}; "
    f"queries {list(early)} of ['q', 'r']"
)
PY
