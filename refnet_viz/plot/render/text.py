"""The little HTML that plotly writes, measured and drawn."""

from __future__ import annotations

import html
import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from html.parser import HTMLParser
from typing import Any

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from .style import POINT, colour

# What journals ask for, and fonts of the same widths; the first that is installed is
# drawn. Others serve scripts that it lacks.
HOUSE = ("Arial", "Helvetica", "Liberation Sans", "Arimo")
OTHERS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans", "Droid Sans Fallback")
# It ships with matplotlib and is measured, whatever is drawn: lines then break alike,
# and a manifest is the same, on every machine. It is wider than the fonts above.
MEASURED = "DejaVu Sans"
NARROW = {MEASURED: 0.92}
OF_HOUSE = 0.97
# What SVG files ask a reader's machine for.
STACK = ", ".join((*(f"'{name}'" for name in HOUSE), f"'{MEASURED}'", "sans-serif"))
MOST_LETTERS = 20  # named in a warning
SPACING = 1.3  # plotly's line height
ARROWS = {"\u2191", "\u2193"}  # which way is better


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style; sizes are pixels."""

    text: str
    size: float
    color: str
    bold: bool = False
    italic: bool = False

    @property
    def font(self) -> FontProperties:
        """The run's font, in points."""
        return self._font(families(self.text))

    def _font(self, fonts: list[str]) -> FontProperties:
        return FontProperties(
            family=fonts,
            size=self.size * NARROW.get(fonts[0], OF_HOUSE) * POINT,
            weight="bold" if self.bold else "normal",
            style="italic" if self.italic else "normal",
        )

    @property
    def width(self) -> float:
        """Pixels the run may take, spaces at its ends included, on any machine."""
        return _measured(replace(self, color=""), MEASURED)

    @property
    def drawn(self) -> float:
        """Pixels the run takes here, spaces at its ends included."""
        return _measured(replace(self, color=""), _families()[0])


@cache
def _families() -> list[str]:
    installed = set(font_manager.fontManager.get_font_names())
    house = [name for name in HOUSE if name in installed][:1]
    return [*house, MEASURED, *(name for name in OTHERS if name in installed)]


def drawn_font() -> str:
    """Return the font that pictures are written in on this machine.

    Examples
    --------
    >>> drawn_font() in {*HOUSE, MEASURED}
    True
    """
    return _families()[0]


@cache
def _further() -> list[str]:
    """Return every installed Noto font that is not asked anyway, Sans first."""
    names = set(font_manager.fontManager.get_font_names()) - set(_families())
    noto = (name for name in names if name.startswith("Noto "))
    return sorted(noto, key=lambda name: ("Sans" not in name, name))


@cache
def _letters(family: str) -> frozenset[int]:
    """Return the characters that a font has."""
    path = font_manager.findfont(FontProperties(family=[family]))
    return frozenset(font_manager.get_font(path).get_charmap())


@cache
def _family_of(letter: str) -> str:
    """Return the first font that has a character, empty where none has."""
    candidates = (*_families(), *_further())
    return next((name for name in candidates if ord(letter) in _letters(name)), "")


def families(text: str) -> list[str]:
    """Return the fonts that a text is written in; letters that none has are noted."""
    fonts = list(_families())
    for letter in dict.fromkeys(text):
        family = _family_of(letter)
        if family and family not in fonts:
            fonts.append(family)
        if not family and unicodedata.category(letter)[0] in "LMNPS":
            for lost in _WATCHED:
                lost[letter] = None
    return fonts


# Letters that no font had, of everything that is watched just now.
_WATCHED: list[dict[str, None]] = []


@contextmanager
def said_of_lost_letters(stacklevel: int = 4) -> Iterator[None]:
    """Warn once, at the end, of letters that no installed font has."""
    lost: dict[str, None] = {}
    _WATCHED.append(lost)
    try:
        yield
    finally:
        _WATCHED.remove(lost)
    if lost:
        some = " ".join(list(lost)[:MOST_LETTERS])
        more = f" and {len(lost) - MOST_LETTERS} more" * (len(lost) > MOST_LETTERS)
        warnings.warn(
            f"no installed font has the letters {some}{more}, which become boxes: "
            "install a Noto font that has them, or save the figure as .html.",
            UserWarning,
            stacklevel=stacklevel,
        )


@lru_cache(maxsize=4096)
def _measured(run: Run, first: str) -> float:
    fonts = families(run.text)
    font = run._font([first, *(name for name in fonts if name != first)])

    def measure(text: str) -> float:
        return float(
            text_to_path.get_text_width_height_descent(text, font, False)[0]  # noqa: FBT003
        )

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        return (measure(f"|{run.text}|") - measure("||")) / POINT


Lines = list[list[Run]]


class _Reader(HTMLParser):
    """Collects runs; of all tags it knows only those that change the writing."""

    def __init__(self, base: Run) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: Lines = [[]]
        self.styles = [base]
        self.open = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.lines.append([])
            return
        style = self.styles[-1]
        if tag in {"b", "strong"}:
            style = replace(style, bold=True)
        elif tag in {"i", "em"}:
            style = replace(style, italic=True)
        elif tag == "span":
            style = _styled(style, dict(attrs).get("style") or "")
        self.styles.append(style)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1 and self.open[-1] == tag:
            self.styles.pop()
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.lines[-1].append(replace(self.styles[-1], text=data))


def _styled(run: Run, css: str) -> Run:
    size = re.search(r"font-size:\s*([\d.]+)px", css)
    color = re.search(r"(?:^|;)\s*color:\s*([^;]+)", css)
    return replace(
        run,
        size=float(size[1]) if size else run.size,
        color=color[1].strip() if color else run.color,
    )


def read(text: str, size: float, color: str) -> Lines:
    """Return the runs of each line.

    Examples
    --------
    >>> [[run.text for run in line] for line in read("<b>a</b> &lt;b<br>c", 12, "k")]
    [['a', ' <b'], ['c']]
    """
    reader = _Reader(Run("", size, color))
    reader.feed(text)
    reader.close()
    return reader.lines


def extent(lines: Lines) -> tuple[float, float]:
    """Return width and height in pixels."""
    return max(_width(line) for line in lines), sum(_height(line) for line in lines)


def drawn_width(lines: Lines) -> float:
    """Return the pixels of the longest line as it is drawn here."""
    return max(sum(run.drawn for run in line) for line in lines)


def _width(line: list[Run]) -> float:
    return sum(run.width for run in line)


def _height(line: list[Run]) -> float:
    return max((run.size for run in line), default=12.0) * SPACING


def wrapped(lines: Lines, width: float) -> Lines:
    """Return lines broken between words, and within words that are too long.

    An arrow behind a word stays with it, even where it reaches out of the line.

    Examples
    --------
    >>> lines = wrapped(read("<b>one two</b> three", 12, "k"), 60)
    >>> ["".join(run.text for run in line) for line in lines]
    ['one two', 'three']
    >>> len(wrapped(read(f"<b>one two</b> {chr(8593)}", 12, "k"), 50))
    1
    """
    broken: Lines = []
    for line in lines:
        broken.append([])
        room = width
        for run in line:
            for piece in _words(run, width):
                word = piece
                alone = word.text.strip() in ARROWS
                if word.width > room and broken[-1] and not alone:
                    word = replace(piece, text=piece.text.lstrip())
                    broken.append([])
                    room = width
                broken[-1].append(word)
                room -= word.width
    return [_joined(line) for line in broken]


def _words(run: Run, width: float) -> list[Run]:
    """Return words with the space before them, the longest cut into pieces."""
    pieces: list[Run] = []
    for text in re.findall(r"\s*\S+|\s+$", run.text):
        rest = replace(run, text=text)
        while rest.width > width and len(rest.text) > 1:
            share = max(1, int(len(rest.text) * width / rest.width) - 1)
            pieces.append(replace(run, text=rest.text[:share]))
            rest = replace(run, text=rest.text[share:])
        pieces.append(rest)
    return pieces


def _joined(line: list[Run]) -> list[Run]:
    """Return a line with neighbouring runs of one style made one, ends stripped."""
    runs: list[Run] = []
    for run in line:
        if runs and replace(runs[-1], text="") == replace(run, text=""):
            runs[-1] = replace(run, text=runs[-1].text + run.text)
        else:
            runs.append(run)
    if runs:
        runs[-1] = replace(runs[-1], text=runs[-1].text.rstrip())
    return runs


def written(lines: Lines, size: float, color: str) -> str:
    """Return the HTML that `read` makes these lines of.

    Examples
    --------
    >>> written(read("<b>a</b> &lt;b<br>c", 12, "k"), 12, "k")
    '<b>a</b> &lt;b<br>c'
    """
    return "<br>".join(
        "".join(_marked(run, size, color) for run in line) for line in lines
    )


def _marked(run: Run, size: float, color: str) -> str:
    text = html.escape(run.text, quote=False)
    text = f"<i>{text}</i>" if run.italic else text
    text = f"<b>{text}</b>" if run.bold else text
    css = [f"font-size:{run.size:g}px"] * (run.size != size)
    css += [f"color:{run.color}"] * (run.color != color)
    return f'<span style="{";".join(css)}">{text}</span>' if css else text


ANCHORS = {
    "left": 0.0,
    "center": 0.5,
    "right": 1.0,
    "bottom": 0.0,
    "middle": 0.5,
    "top": 1.0,
}


def write(
    figure: Figure,
    lines: Lines,
    at: tuple[float, float],
    *,
    xanchor: str = "left",
    yanchor: str = "bottom",
    align: str = "left",
) -> None:
    """Write lines on a figure.

    Parameters
    ----------
    figure
        To write on.
    lines
        Lines as `read` returns them.
    at
        Pixels from the lower left corner of the figure.
    xanchor, yanchor
        Which point of the text stands there.
    align
        Alignment of the lines among themselves.
    """
    width, height = drawn_width(lines), extent(lines)[1]
    left = at[0] - ANCHORS[xanchor] * width
    top = at[1] + (1 - ANCHORS[yanchor]) * height
    for line in lines:
        free = width - sum(run.drawn for run in line)
        x = left + ANCHORS.get(align, 0.0) * free
        tall = _height(line)
        for run in line:
            # Readers of SVG files skip spaces at the beginning of a text.
            bare = replace(run, text=run.text.lstrip(" "))
            _place(figure, bare, x + run.drawn - bare.drawn, top - tall * 0.76)
            x += run.drawn
        top -= tall


def write_upright(
    figure: Figure, lines: Lines, at: tuple[float, float], *, angle: float = 90
) -> None:
    """Write lines turned around the point they are centred on."""
    text = "\n".join("".join(run.text for run in line) for line in lines)
    run = next((run for line in lines for run in line), None)
    if run is not None:
        _place(
            figure,
            replace(run, text=text),
            *at,
            rotation=angle,
            ha="center",
            va="center",
        )


def _place(figure: Figure, run: Run, x: float, y: float, **options: Any) -> None:
    options = {"va": "baseline", "ha": "left", **options}
    artist = Text(
        x / 96,
        y / 96,
        run.text,
        fontproperties=run.font,
        color=colour(run.color),
        transform=figure.dpi_scale_trans,
        parse_math=False,
        **options,
    )
    figure.add_artist(artist)
