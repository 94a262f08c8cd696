#!/usr/bin/env bash
# pandas: the text `nan` becomes a missing value in an HDF table
#
# Expected: `to_hdf(format="table")` gives text columns back as
#   `format="fixed"` does: text is text, missing is missing.
#
# Packages: pandas 2.3.3, tables 3.11.1, numpy 2.4.6; Python 3.11
#
# Behaviour: missing values are written as the text `nan`, and each text `nan`
#   is missing when the table is read. `NaN` and `None` stay text. The
#   argument `nan_rep` chooses another word, which then is lost.
#
# Seen: ['nan', 'NaN', None]: fixed ['nan', 'NaN', None], table [nan, 'NaN',
#   nan]
#
# Hurt: class names, ids and answers in words (Nan is a name; `nan` is bread
#   in recipe sets): rows lose their label.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "pandas==2.3.3" \
  "tables==3.11.1" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import pandas as pd

warnings.simplefilter("ignore")
frame = pd.DataFrame({"word": ["nan", "NaN", None]})


def read(form):
    """The words as one of the two formats gives them back."""
    frame.to_hdf("a.h5", key="frame", format=form, mode="w")
    return pd.read_hdf("a.h5", "frame")["word"].tolist()


fixed, table = read("fixed"), read("table")
assert fixed == ["nan", "NaN", None]
assert pd.isna(table[0]) and table[1] == "NaN" and pd.isna(table[2])
frame.to_hdf("a.h5", key="frame", format="table", mode="w", nan_rep="NaN")
other = pd.read_hdf("a.h5", "frame")["word"].tolist()
assert other[0] == "nan" and pd.isna(other[1])
print(f"['nan', 'NaN', None]: fixed {fixed}, table {table}")
PY
