#!/usr/bin/env bash
# webdataset: `decode()` turns a field `id` into a number
#
# Expected: a text field `id` is read as the text that was written, as `txt`
#   is.
#
# Packages: webdataset 1.0.2, numpy 2.4.6; Python 3.11
#
# Behaviour: the fields `id` and `index` go through int(): "007" is 7, while
#   `txt` stays "007".
#
# Seen: id b'007' decoded as 7, txt as '007'
#
# Hurt: joins by id with tables that keep leading zeros (patients, COCO
#   pictures, barcodes): nothing matches, or the wrong row.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "webdataset==1.0.2" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import webdataset as wds

warnings.simplefilter("ignore", ResourceWarning)
with wds.TarWriter("a.tar") as writer:
    writer.write({"__key__": "a", "id": b"007", "txt": b"007"})
plain = next(iter(wds.WebDataset("a.tar", shardshuffle=False)))
decoded = next(iter(wds.WebDataset("a.tar", shardshuffle=False).decode()))
assert plain["id"] == plain["txt"] == b"007"
assert decoded["txt"] == "007"
assert decoded["id"] == 7 and isinstance(decoded["id"], int)
print(f"id {plain['id']!r} decoded as {decoded['id']!r}, txt as {decoded['txt']!r}")
PY
