#!/usr/bin/env bash
# webdataset: two files with a decimal number in their names become one sample
#
# Expected: `noise_0.5.png` and `noise_0.75.png` are two samples, each with
#   its label.
#
# Packages: webdataset 1.0.2, numpy 2.4.6; Python 3.11
#
# Behaviour: the key ends at the first dot of the file name: both are the
#   sample `noise_0` with the fields `5.png` and `75.png`. The library's own
#   TarWriter writes such keys without a word.
#
# Seen: two samples written, 1 read: ['5.cls', '5.png', '75.cls', '75.png']
#
# Hurt: shards with parameters, versions or times in the names: rows are
#   fewer, and fields are called 5.png.
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
    writer.write({"__key__": "noise_0.5", "png": b"x", "cls": 3})
    writer.write({"__key__": "noise_0.75", "png": b"y", "cls": 4})
samples = list(wds.WebDataset("a.tar", shardshuffle=False))
assert len(samples) == 1
fields = sorted(field for field in samples[0] if not field.startswith("__"))
assert samples[0]["__key__"] == "noise_0"
assert fields == ["5.cls", "5.png", "75.cls", "75.png"]
print(f"two samples written, {len(samples)} read: {fields}")
PY
