#!/usr/bin/env bash
# webdataset: a tar with all pictures before all texts has halves of samples
#
# Expected: files of one key are one sample wherever they stand in the
#   archive, or the reader refuses a key that comes again.
#
# Packages: webdataset 1.0.2, numpy 2.4.6; Python 3.11
#
# Behaviour: only files next to one another are put together. With all
#   pictures before all texts each file is a sample of its own, keys come
#   twice, and none has both; an iteration that skips incomplete samples
#   yields nothing.
#
# Seen: 2 samples written, 4 read: [('a', 'jpg'), ('b', 'jpg'), ('a', 'txt'),
#   ('b', 'txt')]
#
# Hurt: archives made by `tar` with one pattern after another, or of a folder
#   for each modality: the data set is twice as long and no pair is left.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "webdataset==1.0.2" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import io
import tarfile
import warnings

import webdataset as wds

warnings.simplefilter("ignore", ResourceWarning)
with tarfile.open("a.tar", "w") as archive:
    for name in ["a.jpg", "b.jpg", "a.txt", "b.txt"]:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
samples = list(wds.WebDataset("a.tar", shardshuffle=False))
read = [
    (sample["__key__"], *(field for field in sample if not field.startswith("_")))
    for sample in samples
]
assert read == [("a", "jpg"), ("b", "jpg"), ("a", "txt"), ("b", "txt")]
print(f"2 samples written, {len(read)} read: {read}")
PY
