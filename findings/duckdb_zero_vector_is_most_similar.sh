#!/usr/bin/env bash
# duckdb: a vector of zeros is the most similar of all
#
# Expected: rows without content (an absent modality that was written as zeros)
#   come last in a search by cosine similarity, as with the distance, or are
#   NULL, which stands last.
#
# Packages: duckdb 2.0.1; Python 3.11
#
# Behaviour: the similarity is NaN, and NaN is greater than every number: it
#   stands first where the similarity falls, and is the best of `arg_max` and
#   `max_by`. By `array_cosine_distance` the same row is last of the numbers.
#
# Seen: nearest two to the query by similarity ['zeros', 'same'], by distance
#   ['same', 'near']
#
# Hurt: searches in a table of embeddings: every query finds the empty rows
#   first, and the distance and the similarity have different neighbours.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q "duckdb==2.0.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import duckdb

base = duckdb.connect()
base.sql(
    """CREATE TABLE items AS SELECT * FROM (VALUES ('same', [1, 0]::FLOAT[2]),
    ('near', [0.9, 0.1]::FLOAT[2]), ('zeros', [0, 0]::FLOAT[2])) v(name, vector)"""
)
query = "[1, 0]::FLOAT[2]"


def nearest(score, order):
    command = f"SELECT name FROM items ORDER BY {score}(vector, {query}) {order} LIMIT 2"
    return [name for (name,) in base.sql(command).fetchall()]


similar, close = nearest("array_cosine_similarity", "DESC"), nearest("array_cosine_distance", "")
assert similar == ["zeros", "same"] and close == ["same", "near"]
best = f"SELECT arg_max(name, array_cosine_similarity(vector, {query})) FROM items"
assert base.sql(best).fetchall() == [("zeros",)]
print(f"nearest two to the query by similarity {similar}, by distance {close}")
PY
