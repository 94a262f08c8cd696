#!/usr/bin/env bash
# torchmetrics: a relevant document with a score of 0 or less is never found
#
# Expected: measures of retrieval depend on the order of the scores alone, so
#   that adding 1 to all of them changes nothing; negative distances, logits
#   and cosine similarities are scores.
#
# Packages: torchmetrics 1.9.0, torch 2.13.0, numpy 2.4.6; Python 3.11
#
# Behaviour: reciprocal rank, average precision, precision and recall count a
#   relevant document only where its score is above 0. A perfect ranking by
#   negative distance has 0. NDCG, hit rate and R-precision read the order.
#
# Seen: perfect ranking by 1 - distance: MRR 1.0, MAP 1.0, recall 1.0; by minus
#   distance: MRR 0.0, MAP 0.0, recall 0.0, NDCG 1.0
#
# Hurt: image-text retrieval by Euclidean distances or logits, and pairs whose
#   cosine is below 0: a model looks as if it found nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "torch==2.13.0" \
  "torchmetrics==1.9.0" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import torch
from torchmetrics.functional.retrieval import (
    retrieval_average_precision,
    retrieval_normalized_dcg,
    retrieval_recall,
    retrieval_reciprocal_rank,
)

distance = torch.tensor([0.1, 0.5, 0.9])
relevant = torch.tensor([1, 0, 0])
measures = {
    "MRR": retrieval_reciprocal_rank,
    "MAP": retrieval_average_precision,
    "recall": lambda s, t: retrieval_recall(s, t, top_k=2),
}
shifted = {name: float(m(1 - distance, relevant)) for name, m in measures.items()}
negative = {name: float(m(-distance, relevant)) for name, m in measures.items()}
gain = float(retrieval_normalized_dcg(-distance, relevant))
assert set(shifted.values()) == {1.0} and set(negative.values()) == {0.0} and gain == 1


def words(values):
    return ", ".join(f"{name} {value}" for name, value in values.items())


print(
    f"perfect ranking by 1 - distance: {words(shifted)}; by minus distance: "
    f"{words(negative)}, NDCG {gain}"
)
PY
