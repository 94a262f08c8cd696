"""Rebuild ``assets/emoji.npz`` from three Debian packages.

Install ``fonts-noto-color-emoji``, ``unicode-data`` and ``unicode-cldr-core``, then::

    python -m refnet_viz.data.build_emoji

Same packages and same Pillow, same arrays. The pictures are the font's own bitmaps
on white, reduced to 64 x 64 pixels and 128 colours; one row is one fully-qualified
emoji without a skin tone, in the order of the Unicode keyboard.
"""

from __future__ import annotations

import io
import re
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from .splits import stratified_split

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
UNICODE = Path("/usr/share/unicode")
TEST_FILE = UNICODE / "emoji/emoji-test.txt"
ANNOTATIONS = UNICODE / "cldr/common/annotations/en.xml"
DERIVED = UNICODE / "cldr/common/annotationsDerived/en.xml"
SOURCES = (FONT, TEST_FILE, ANNOTATIONS, DERIVED)
ASSET = Path(__file__).parent / "assets/emoji.npz"

STRIKE = 109  # the only size of the font's bitmaps, 136 x 128 pixels
GLYPH = 136
THUMB = 64
COLOURS = 128
SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
LINE = re.compile(r"^([0-9A-F ]+); fully-qualified +# \S+ E\d+\.\d+ (.+)$")


class Entry(NamedTuple):
    """One emoji of the Unicode list."""

    emoji: str
    name: str
    group: str
    subgroup: str


def entries(text: str) -> list[Entry]:
    """Return the fully-qualified emoji without a skin tone of ``emoji-test.txt``.

    Examples
    --------
    >>> entries('''# group: Flags
    ... # subgroup: flag
    ... 1F3C1 ; fully-qualified     # x E0.6 chequered flag
    ... 1F3C1 FE0F ; unqualified     # x E0.6 chequered flag''')
    [Entry(emoji='🏁', name='chequered flag', group='Flags', subgroup='flag')]
    """
    entries, group, subgroup = [], "", ""
    for line in text.splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
        elif line.startswith("# subgroup: "):
            subgroup = line.removeprefix("# subgroup: ")
        elif match := LINE.match(line):
            emoji = "".join(chr(int(code, 16)) for code in match[1].split())
            if not SKIN_TONES.search(emoji):
                entries.append(Entry(emoji, match[2], group, subgroup))
    return entries


def keywords() -> dict[str, str]:
    """Return CLDR's English keywords by emoji, separated by " | "."""
    keywords = {}
    for path in (ANNOTATIONS, DERIVED):
        for node in ET.parse(path).getroot().iter("annotation"):
            if "type" not in node.attrib:
                keywords[node.attrib["cp"]] = node.text or ""
    return keywords


def draw(emoji: str, font: ImageFont.FreeTypeFont) -> bytes | None:
    """Return a small PNG of an emoji, or None if the font has no single glyph."""
    if font.getlength(emoji) != font.getlength("\N{GRINNING FACE}"):
        return None
    canvas = Image.new("RGB", (GLYPH, GLYPH), "white")
    left, top, right, bottom = font.getbbox(emoji)
    corner = ((GLYPH - left - right) / 2, (GLYPH - top - bottom) / 2)
    ImageDraw.Draw(canvas).text(corner, emoji, font=font, embedded_color=True)
    small = canvas.resize((THUMB, THUMB), Image.Resampling.LANCZOS)
    palette = small.quantize(COLOURS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    palette.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def build() -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of the asset."""
    font = ImageFont.truetype(str(FONT), STRIKE, layout_engine=ImageFont.Layout.RAQM)
    words = keywords()
    rows = [
        (entry, picture)
        for entry in entries(TEST_FILE.read_text(encoding="utf-8"))
        if (picture := draw(entry.emoji, font)) is not None
    ]
    groups = list(dict.fromkeys(entry.group for entry, _ in rows))
    subgroups = list(dict.fromkeys(entry.subgroup for entry, _ in rows))
    group = np.array([groups.index(entry.group) for entry, _ in rows], dtype=np.uint8)
    pictures = [picture for _, picture in rows]
    # CLDR leaves the emoji presentation selector out of its keys.
    texts = [words.get(e.emoji.replace("\ufe0f", ""), "") for e, _ in rows]
    return {
        "ids": np.array([entry.emoji for entry, _ in rows]),
        "name": np.array([unicodedata.normalize("NFC", e.name) for e, _ in rows]),
        "keywords": np.array([unicodedata.normalize("NFC", text) for text in texts]),
        "group": group,
        "group_names": np.array(groups),
        "subgroup": np.array(
            [subgroups.index(entry.subgroup) for entry, _ in rows], dtype=np.uint8
        ),
        "subgroup_names": np.array(subgroups),
        "split": stratified_split(
            group.astype(np.int64), len(rows), (0.6, 0.2, 0.2), seed=0
        ),
        "png": np.frombuffer(b"".join(pictures), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, pictures)], dtype=np.int64),
    }


if __name__ == "__main__":
    np.savez_compressed(ASSET, allow_pickle=False, **build())
