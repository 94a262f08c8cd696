#!/usr/bin/env bash
# chromadb: vectors do not come in the order of the ids that were asked for
#
# Expected: `get(ids=[...])` has one entry an id, in that order, as qdrant's
#   `retrieve` and a selection by names in pandas have.
#
# Packages: chromadb 1.5.9, numpy 2.4.6; Python 3.11
#
# Behaviour: entries come in the order in which they were added. Ids that are
#   not there are left out, so that what comes may also be shorter. The ids
#   stand beside the vectors in the answer and must be matched by hand.
#
# Seen: asked for ['c', 'a', 'b'], vectors of ['a', 'b', 'c']
#
# Hurt: whoever fetches the vectors of a list of samples and sets them beside
#   labels or another modality of that list: pairs are mixed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "chromadb==1.5.9" \
  "numpy==2.4.6"
cd "$work"
ANONYMIZED_TELEMETRY=False "$work/env/bin/python" - <<'PY'
import chromadb

items = chromadb.EphemeralClient().create_collection("items", embedding_function=None)
items.add(ids=["a", "b", "c"], embeddings=[[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
asked = ["c", "a", "b"]
answer = items.get(ids=asked, include=["embeddings"])
came = [{1: "a", 2: "b", 3: "c"}[int(vector[0])] for vector in answer["embeddings"]]
assert came == answer["ids"] == ["a", "b", "c"]
assert items.get(ids=["c", "missing"])["ids"] == ["c"]
print(f"asked for {asked}, vectors of {came}")
PY
