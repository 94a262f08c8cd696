#!/usr/bin/env bash
# fastparquet: a column of vectors is text for other readers
#
# Expected: lists of numbers are written as Parquet's lists, which is how it
#   reads them from others' files.
#
# Packages: fastparquet 2026.9.0, pyarrow 26.0.1, pandas 2.3.3, numpy 2.4.6;
#   Python 3.11
#
# Behaviour: a column of lists is written as JSON, which fastparquet itself
#   turns into lists again; pyarrow reads text. The lists of a file of pyarrow
#   it reads as lists.
#
# Seen: [[1.0, 2.0]] read by fastparquet as [[1.0, 2.0]], by pyarrow as
#   ['[1.0,2.0]']
#
# Hurt: embeddings kept in a column that another library reads: they are
#   strings there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "fastparquet==2026.9.0" \
  "pyarrow==26.0.1" \
  "pandas==2.3.3" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import warnings

import fastparquet
import pandas as pd
import pyarrow.parquet as pq

warnings.simplefilter("ignore")
frame = pd.DataFrame({"vector": [[1.0, 2.0]]})
fastparquet.write("a.parquet", frame)
own = fastparquet.ParquetFile("a.parquet").to_pandas()["vector"].tolist()
other = pq.read_table("a.parquet")["vector"].to_pylist()
assert own == [[1.0, 2.0]]
assert other == ["[1.0,2.0]"]
print(f"[[1.0, 2.0]] read by fastparquet as {own}, by pyarrow as {other}")
PY
