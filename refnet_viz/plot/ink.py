"""Colours, symbols and dashes: colour-blind-safe, in a light and a dark mode."""

from __future__ import annotations

from dataclasses import dataclass

from .. import _check

SCALE = "Cividis"  # even steps for every kind of colour vision, and in grey
# Beyond eight classes the colours come again with another shape.
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "cross",
    "x",
    "triangle-down",
    "star",
    "hexagon",
    "pentagon",
    "triangle-left",
    "triangle-right",
    "hourglass",
)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LINES = tuple(dash for dash in DASHES if dash != "dot")  # where dots are chance


@dataclass(frozen=True)
class Ink:
    """The colours of one mode.

    Parameters
    ----------
    paper, text, muted
        Background and two strengths of writing, each at least 4.5 : 1 (WCAG AA).
    grid, edge
        Lines behind the data, and edges between points.
    outline
        Rim of a marker, so that pale colours stay visible.
    band
        Filling of bands behind the data.
    classes
        Eight colours told apart with any colour vision (Okabe and Ito, 2008); their
        black, which outweighs all others, is exchanged for a dark or a pale colour.
    strokes
        The same for lines and bars, which have no rim: those that are less than 3 : 1
        on the background (WCAG AA) are exchanged for darker ones that stay as far
        from all others, whatever the colour vision.
    alarm
        Colour of writing that warns, at least 4.5 : 1.
    """

    paper: str
    text: str
    muted: str
    grid: str
    edge: str
    outline: str
    band: str
    classes: tuple[str, ...]
    strokes: tuple[str, ...]
    alarm: str


_OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
)

MODES = {
    "light": Ink(
        paper="#FFFFFF",
        text="#1F2328",
        muted="#57606A",
        grid="#E4E7EB",
        edge="rgba(87,96,106,0.35)",
        outline="rgba(31,35,40,0.55)",
        band="rgba(87,96,106,0.15)",
        classes=(*_OKABE_ITO, "#8B1A4F", "#F0E442"),
        strokes=(
            "#0072B2",
            "#7A5200",
            "#009E73",
            "#D55E00",
            "#1E90FF",
            "#CC79A7",
            "#8B1A4F",
            "#2E1F80",
        ),
        alarm="#B04500",
    ),
    "dark": Ink(
        paper="#14171C",
        text="#E6E8EB",
        muted="#A3ACB7",
        grid="#2C323A",
        edge="rgba(163,172,183,0.35)",
        outline="rgba(230,232,235,0.45)",
        band="rgba(163,172,183,0.20)",
        classes=(*_OKABE_ITO, "#CFEFD6", "#F0E442"),
        strokes=(*_OKABE_ITO, "#CFEFD6", "#F0E442"),
        alarm="#FF9A66",
    ),
}


AUTO = "auto"  # as the page around is, or the system
PAGE_MODES = (*MODES, AUTO)  # of what can follow it
_IN_DARK = {
    MODES["light"].muted: MODES["dark"].muted,
    **dict(zip(MODES["light"].classes, MODES["dark"].classes, strict=True)),
}


def ink(mode: str) -> Ink:
    """Return the colours of "light" or "dark".

    Examples
    --------
    >>> ink("dim")
    Traceback (most recent call last):
    ...
    ValueError: `mode` must be one of 'light', 'dark', got 'dim'.
    """
    return MODES[_check.one_of("mode", mode, MODES)]


def fixed(mode: str) -> str:
    """Return "light" or "dark": what cannot follow its page is light.

    Examples
    --------
    >>> fixed("auto"), fixed("dark")
    ('light', 'dark')
    """
    return "light" if mode == AUTO else mode


def in_dark(color: str) -> str:
    """Return what a colour of the light mode is in the dark one.

    Examples
    --------
    >>> in_dark("#57606A"), in_dark("#0072B2")
    ('#A3ACB7', '#0072B2')
    """
    return _IN_DARK.get(color, color)


def class_style(index: int, mode: str = "light") -> tuple[str, str]:
    """Return colour and marker symbol of a class.

    Examples
    --------
    >>> class_style(0), class_style(8)
    (('#0072B2', 'circle'), ('#0072B2', 'square'))
    """
    colors = ink(mode).classes
    turn, step = divmod(index, len(colors))
    return colors[step], SYMBOLS[turn % len(SYMBOLS)]


def stroke(index: int, mode: str = "light") -> tuple[str, str]:
    """Return colour and marker symbol of a line or a bar.

    Examples
    --------
    >>> stroke(1), stroke(1, "dark"), stroke(8)[1]
    (('#7A5200', 'circle'), ('#E69F00', 'circle'), 'square')
    """
    color = ink(mode).strokes[index % len(ink(mode).strokes)]
    return color, class_style(index, mode)[1]


def faded(color: str, strength: float) -> str:
    """Return a colour that lets others through.

    Examples
    --------
    >>> faded("#0072B2", 0.5)
    'rgba(0,114,178,0.5)'
    """
    red, green, blue = bytes.fromhex(color[1:])
    return f"rgba({red},{green},{blue},{strength})"
