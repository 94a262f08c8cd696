#!/usr/bin/env bash
# lance: a row that is updated moves to the end
#
# Expected: `update` changes values and leaves the rows where they are, so that
#   row i is what it was for arrays that were made before.
#
# Packages: pylance 14.0.2, pyarrow 26.0.1, numpy 2.4.6; Python 3.11
#
# Behaviour: the row is written anew behind all others: `to_table` and `take`
#   have another order, `take([1])` is another row. `merge_insert` moves the
#   rows that it changes likewise. Nothing says so, and nothing is longer or
#   shorter than before.
#
# Seen: rows a, b, c, d; after an update of b: ['a', 'c', 'd', 'b'], take([1]):
#   ['c']
#
# Hurt: embeddings, labels or neighbours kept beside a dataset by row number: a
#   corrected caption shifts all rows behind it against their vectors.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "pylance==14.0.2" \
  "pyarrow==26.0.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import lance
import pyarrow as pa

rows = {"name": ["a", "b", "c", "d"], "caption": ["one", "twoo", "three", "four"]}


def names(table):
    return table.column("name").to_pylist()


data = lance.write_dataset(pa.table(rows), "captions.lance")
assert names(data.to_table()) == rows["name"] and names(data.take([1])) == ["b"]
data.update({"caption": "'two'"}, where="name = 'b'")
after, second = names(data.to_table()), names(data.take([1]))
assert after == ["a", "c", "d", "b"] and second == ["c"]
merge = data.merge_insert("name").when_matched_update_all()
merge.execute(pa.table({"name": ["a"], "caption": ["uno"]}))
assert names(data.to_table()) == ["c", "d", "b", "a"]
print(f"rows a, b, c, d; after an update of b: {after}, take([1]): {second}")
PY
