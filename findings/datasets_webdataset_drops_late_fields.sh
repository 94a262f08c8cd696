#!/usr/bin/env bash
# datasets: a shard's field that the first five samples lack is dropped for all
#
# Expected: `load_dataset("webdataset")` refuses samples of different fields,
#   as it does where the fifth has one more; or it has each field of the
#   shard, None where a sample lacks it, as it does where a later sample has
#   one less.
#
# Packages: datasets 5.2.0; Python 3.11
#
# Behaviour: fields are compared among the first five samples only, and are
#   the columns. A modality that begins with the sixth is left out of all rows
#   and of the features, without a warning, streamed or not.
#
# Seen: caption from the 5th of 8 samples on: ValueError, from the 6th on: 8
#   rows without the column
#
# Hurt: sets with missing modalities, sorted or grouped by source: a modality
#   vanishes, and the count of rows is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "datasets==5.2.0"
cd "$work"
"$work/env/bin/python" - <<'PY'
import io
import tarfile

import datasets

datasets.disable_progress_bars()


def load(captioned, *, streaming):
    """Write eight texts, some with captions, and load them."""
    path = f"{captioned.start}_{captioned.stop}.tar"
    with tarfile.open(path, "w") as shard:
        for i in range(8):
            fields = {"txt": f"t{i}"} | ({"text": f"c{i}"} if i in captioned else {})
            for field, text in fields.items():
                entry = tarfile.TarInfo(f"s{i}.{field}")
                entry.size = len(text)
                shard.addfile(entry, io.BytesIO(text.encode()))
    return datasets.load_dataset(
        "webdataset",
        data_files={"train": [path]},
        split="train",
        streaming=streaming,
        cache_dir="cache",
    )


for streaming in (False, True):
    one_less = list(load(range(7), streaming=streaming))
    assert one_less[6]["text"] == "c6" and one_less[7]["text"] is None
    try:
        list(load(range(4, 8), streaming=streaming))
    except ValueError as error:
        refused = type(error).__name__
        assert "share the same prefix or the same types" in str(error)
    else:
        raise AssertionError("the fifth sample has another field, and is taken")
    rows = list(load(range(5, 8), streaming=streaming))
    assert [row["txt"] for row in rows] == [f"t{i}" for i in range(8)]
    assert not any("text" in row for row in rows)
print(
    f"caption from the 5th of 8 samples on: {refused}, "
    f"from the 6th on: {len(rows)} rows without the column"
)
PY
