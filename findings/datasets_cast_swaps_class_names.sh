#!/usr/bin/env bash
# datasets: casting a ClassLabel to another order of names swaps the classes
#
# Expected: `cast_column` to a ClassLabel with the same names in another order
#   keeps each row's name, or refuses (as `concatenate_datasets` does).
#
# Packages: datasets 5.2.0; Python 3.11
#
# Behaviour: the numbers are kept and the names move: rows that were dog, cat
#   are cat, dog afterwards. `align_labels_with_mapping` does what one expected
#   of the cast.
#
# Seen: before ['dog', 'cat'], after the cast ['cat', 'dog']
#
# Hurt: whoever casts two splits or two sources to one schema before joining
#   them: labels are silently exchanged.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "datasets==5.2.0"
cd "$work"
"$work/env/bin/python" - <<'PY'
import datasets

datasets.disable_progress_bars()


def names(data):
    return [data.features["y"].int2str(code) for code in data["y"]]


dogs_first = datasets.Features({"y": datasets.ClassLabel(names=["dog", "cat"])})
data = datasets.Dataset.from_dict({"y": ["dog", "cat"]}, features=dogs_first)
cast = data.cast_column("y", datasets.ClassLabel(names=["cat", "dog"]))
aligned = data.align_labels_with_mapping({"cat": 0, "dog": 1}, "y")
assert names(data) == names(aligned) == ["dog", "cat"]
assert names(cast) == ["cat", "dog"]
print(f"before {names(data)}, after the cast {names(cast)}")
PY
