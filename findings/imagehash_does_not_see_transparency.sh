#!/usr/bin/env bash
# imagehash: icons that are drawn by transparency all have one hash
#
# Expected: a disc and a bar on a transparent ground have different perceptual
#   hashes, as they have on white.
#
# Packages: imagehash 4.3.2, Pillow 13.0.0, numpy 2.4.6, scipy 1.17.1; Python
#   3.11
#
# Behaviour: pictures are turned to grey without their transparency, so that
#   what is hashed are the colours under it. Black shapes on a transparent
#   ground are black all over: `average_hash`, `phash`, `dhash` and `whash`
#   are zero for each, and the distance of any two is 0.
#
# Seen: distance of a disc and a bar: transparent {'average_hash': 0, 'phash':
#   0, 'dhash': 0}, on white {'average_hash': 25, 'phash': 18, 'dhash': 22}
#
# Hurt: duplicates and leaks between splits among icons, emoji, logos and
#   sprites: all are duplicates of one another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q \
  "imagehash==4.3.2" \
  "Pillow==13.0.0" \
  "numpy==2.4.6" \
  "scipy==1.17.1"
cd "$work"
"$work/env/bin/python" - <<'PY'
import imagehash
from PIL import Image, ImageDraw

KINDS = ["average_hash", "phash", "dhash"]


def drawn(shape, box):
    """A black shape on a transparent ground, and the same on white."""
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    getattr(ImageDraw.Draw(clear), shape)(box, fill=(0, 0, 0, 255))
    white = Image.new("RGBA", (64, 64), "white")
    return clear, Image.alpha_composite(white, clear)


def distances(pair):
    """How far apart two pictures are by each kind of hash."""
    return {
        kind: int(getattr(imagehash, kind)(pair[0]) - getattr(imagehash, kind)(pair[1]))
        for kind in KINDS
    }


disc, bar = drawn("ellipse", (8, 8, 56, 56)), drawn("rectangle", (8, 40, 56, 50))
clear, white = (distances(pair) for pair in zip(disc, bar, strict=True))
assert set(clear.values()) == {0}
assert min(white.values()) > 5
print(f"distance of a disc and a bar: transparent {clear}, on white {white}")
PY
