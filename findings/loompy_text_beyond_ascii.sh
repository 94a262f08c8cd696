#!/usr/bin/env bash
# loompy: letters beyond ASCII vanish from names, and entities are unescaped
#
# Expected: names written into a column attribute are read back as they were:
#   the Loom format asks for Unicode.
#
# Packages: loompy 3.0.8, h5py 3.16.0, numpy 2.4.6; Python 3.11
#
# Behaviour: every letter outside ASCII is dropped on reading, without a
#   warning; a name of one Greek letter becomes the empty string. The file
#   itself holds the right UTF-8 bytes: h5py 3 hands bytes over, and they are
#   decoded as ASCII with errors ignored. A literal `&amp;` becomes `&`.
#
# Seen: ['\u03b1', '\u03b2', '\u03b2-catenin', 'A&amp;B', 'plain'] read as
#   ['', '', '-catenin', 'A&B', 'plain']
#
# Hurt: cells, genes and proteins with Greek letters or accents in their
#   names: two names may become one, and a join by name loses rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "loompy==3.0.8" \
  "h5py==3.16.0" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import h5py
import loompy
import numpy as np

names = ["\u03b1", "\u03b2", "\u03b2-catenin", "A&amp;B", "plain"]
rows = {"gene": np.array(["g"])}
loompy.create("a.loom", np.ones((1, 5)), rows, {"name": np.array(names)})
with h5py.File("a.loom") as file:
    stored = [value.decode("utf-8") for value in file["col_attrs/name"]]
assert stored == names
with loompy.connect("a.loom") as data:
    back = [str(name) for name in data.ca.name]
assert back == ["", "", "-catenin", "A&B", "plain"], back
print(f"{ascii(names)} read as {back}")
PY
