#!/usr/bin/env bash
# pycocotools: a class that a file lacks selects all of its images
#
# Expected: images of a class that does not occur are none; annotations and
#   captions of an empty list of images are none.
#
# Packages: pycocotools 2.0.11, numpy 2.4.6; Python 3.11
#
# Behaviour: an empty list means no filter. `getCatIds(["mouse"])` of a file
#   without mice is [], and `getImgIds(catIds=[])` is every image, so that the
#   usual two lines give the whole set for a misspelt name. A selection of
#   images that comes out empty likewise has all captions.
#
# Seen: dog: [1], mouse: [1, 2, 3]; captions of no image: [10, 11, 12]
#
# Hurt: subsets of COCO, Flickr30k or Visual Genome by class or split: an empty
#   part trains and is evaluated on everything.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "pycocotools==2.0.11" \
  "numpy==2.4.6"
cd "$work"
"$work/env/bin/python" - <<'PY'
import contextlib
import io
import json
import pathlib

from pycocotools.coco import COCO

images = [{"id": i, "file_name": f"{i}.jpg"} for i in (1, 2, 3)]
classes = [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]
rows = [(10, 1, 1), (11, 2, 2), (12, 3, 2)]
annotations = [
    {"id": key, "image_id": image, "category_id": kind, "area": 1, "iscrowd": 0}
    for key, image, kind in rows
]
content = {"images": images, "categories": classes, "annotations": annotations}
pathlib.Path("small.json").write_text(json.dumps(content))
with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO("small.json")
dog, mouse = (
    sorted(coco.getImgIds(catIds=coco.getCatIds(catNms=[name]))) for name in ("dog", "mouse")
)
captions = coco.getAnnIds(imgIds=[])
assert dog == [1] and mouse == [1, 2, 3] and captions == [10, 11, 12]
assert coco.getAnnIds(imgIds=[2]) == [11]
print(f"dog: {dog}, mouse: {mouse}; captions of no image: {captions}")
PY
