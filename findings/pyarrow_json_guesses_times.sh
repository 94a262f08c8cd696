#!/usr/bin/env bash
# pyarrow: `read_json` turns text that looks like a date into a timestamp
#
# Expected: JSON has text and numbers: a quoted value stays text.
#
# Packages: pyarrow 26.0.1; Python 3.11
#
# Behaviour: a column of quoted values that all look like dates becomes
#   timestamp[s]; as text again it reads `2020-01-01 00:00:00`. One value that
#   does not look like a date makes the whole column text, so that the type
#   hangs on the rest of the file.
#
# Seen: '2020-01-01' alone: '2020-01-01 00:00:00', beside 'pilot':
#   '2020-01-01'
#
# Hurt: ids and class names that are dates (sessions, batches, recordings):
#   they match in one shard and not in the next.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "pyarrow==26.0.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import io

import pyarrow.json


def read(*ids):
    lines = "".join(f'{{"id": "{name}"}}\n' for name in ids)
    return pyarrow.json.read_json(io.BytesIO(lines.encode()))["id"]


dates, mixed = read("2020-01-01", "2020-01-02"), read("2020-01-01", "pilot")
assert str(dates.type) == "timestamp[s]" and str(mixed.type) == "string"
text = str(dates.cast("string")[0])
assert text == "2020-01-01 00:00:00"
assert str(mixed[0]) == "2020-01-01"
print(f"'2020-01-01' alone: {text!r}, beside 'pilot': {str(mixed[0])!r}")
PY
