"""Figures that are light or dark as the page around them.

Drawings of plotly have their colours as inline styles, and no rule for another theme.
A figure of the mode "auto" is drawn in the colours of the light mode, each moved by one
step of blue, which nobody sees; where the page is dark, a style sheet knows them by it
and puts those of the dark mode in their place. A change of theme needs no kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .ink import AUTO, MODES

# What says that the page is dark, as in explorer/web/theme.js.
HOSTS = (
    'body[data-jp-theme-light="false"]',  # Lab, Notebook 7, Voila
    'body[data-vscode-theme-kind]:not([data-vscode-theme-kind$="light"])',
    'html[theme="dark"] body',  # Colab
)
UNSTYLED = "body:not([data-jp-theme-light]):not([data-vscode-theme-kind])"
SYSTEM = f"html:not([theme]) {UNSTYLED}"
_COLOR = re.compile(r"#[0-9a-f]{6}\b|rgba?\((\d+), ?(\d+), ?(\d+)", re.IGNORECASE)

RGB = tuple[int, int, int]


def follows(figure: go.Figure) -> bool:
    """Return whether a figure was drawn in the mode "auto".

    Examples
    --------
    >>> follows(go.Figure())
    False
    """
    meta = figure.layout.meta
    call = meta.get("call", {}) if isinstance(meta, Mapping) else {}
    return bool(call.get("arguments", {}).get("mode") == AUTO)


def marked(content: Any) -> Any:
    """Return the JSON of a figure with its colours such that the style knows them.

    Examples
    --------
    >>> marked({"title": {"text": "#1F2328", "font": {"color": "#1F2328"}}})
    {'title': {'text': '#1F2328', 'font': {'color': '#1F2329'}}}
    >>> marked({"text": "<span style='color:#57606A'>chance</span>"})
    {'text': "<span style='color:#57606B'>chance</span>"}
    """
    return _recolored(content, _step)


def darkened(content: Any) -> Any:
    """Return the JSON of a figure of the mode "auto" in the colours of the dark mode.

    Examples
    --------
    >>> darkened({"font": {"color": "#1F2328"}, "fillcolor": "rgba(31, 35, 40, 0.2)"})
    {'font': {'color': '#E6E8EB'}, 'fillcolor': 'rgba(230, 232, 235, 0.2)'}
    """
    return _recolored(content, IN_DARK.__getitem__)


def _recolored(content: Any, change: Callable[[RGB], RGB], key: str = "") -> Any:
    """Return the JSON of a figure, each colour that differs in the dark changed."""
    if isinstance(content, Mapping):
        # What a figure says of itself is no drawing.
        return {
            name: part if name == "meta" else _recolored(part, change, name)
            for name, part in content.items()
        }
    if isinstance(content, np.ndarray) and content.dtype == object:
        content = content.tolist()
    if isinstance(content, list | tuple):
        return [_recolored(part, change, key) for part in content]
    if isinstance(content, str) and "color" in key:
        return _recolored_text(content, change)
    if isinstance(content, str) and "<span" in content:
        return re.sub(r"<span [^>]*>", lambda t: _recolored_text(t[0], change), content)
    return content


def _recolored_text(text: str, change: Callable[[RGB], RGB]) -> str:
    def color(match: re.Match[str]) -> str:
        before = _rgb(match[0])
        if before not in IN_DARK:
            return match[0]
        if match[0].startswith("#"):
            return _hex(change(before))
        return match[0].partition("(")[0] + "({}, {}, {}".format(*change(before))

    return _COLOR.sub(color, text)


def _rgb(color: str) -> RGB:
    """Return red, green and blue of "#rrggbb", or of a colour that begins by rgb."""
    if color.startswith("#"):
        red, green, blue = bytes.fromhex(color[1:])
    else:
        red, green, blue = (int(part) for part in re.findall(r"\d+", color)[:3])
    return red, green, blue


def _step(color: RGB) -> RGB:
    red, green, blue = color
    return red, green, blue + (1 if blue < 255 else -1)


def _pairs() -> dict[RGB, RGB]:
    """Return colours of the light mode to those of the dark one, where they differ."""
    light, dark = MODES["light"], MODES["dark"]
    names = ("paper", "text", "muted", "grid", "alarm")
    pairs = [(getattr(light, name), getattr(dark, name)) for name in names]
    pairs += zip(light.strokes, dark.strokes, strict=True)
    # A class keeps its colour where a line of that colour would change.
    pairs += zip(light.classes, dark.classes, strict=True)
    by_color = {_rgb(old): _rgb(new) for old, new in pairs}
    return {old: new for old, new in by_color.items() if old != new}


IN_DARK = _pairs()
NAMES = {color: f"--rv-{number}" for number, color in enumerate(IN_DARK)}


def _values() -> str:
    return "".join(f"{NAMES[old]}:{_hex(new)};" for old, new in IN_DARK.items())


def style(within: str = "") -> str:
    """Return the rules by which marked figures are dark on a dark page.

    Parameters
    ----------
    within
        What selects a figure.

    Examples
    --------
    >>> "rgb(31, 35, 41)" in style(".js-plotly-plot")
    True
    """
    rules = [
        f"{','.join(HOSTS)}{{{_values()}}}",
        f"@media (prefers-color-scheme: dark){{{SYSTEM}{{{_values()}}}}}",
    ]
    for color, name in NAMES.items():
        written = "rgb({}, {}, {})".format(*_step(color))
        tag = _hex(_step(color))
        for key in ("fill", "stroke", "background"):
            drawn = [f'[style*="{key}: {written}"]', f'[style*="{key}:{tag}" i]']
            chosen = ",".join(f"{within} {each}" for each in drawn)
            value = f"var({name},{_hex(color)})"
            rules.append(f"{chosen}{{{key}:{value}!important}}")
    return "\n".join(rules)


def following_picture(content: bytes) -> bytes:
    """Return a picture in vectors whose colours follow the reader's system.

    Parameters
    ----------
    content
        SVG as `refnet_viz.plot.render` writes it.

    Examples
    --------
    >>> picture = b'<svg><path style="fill: #1f2328"/></svg>'
    >>> following_picture(picture).partition(b"</style>")[2]
    b'<path style="fill: var(--rv-1,#1f2328)"/></svg>'
    """
    for color, name in NAMES.items():
        written = _hex(color).lower()
        pattern = f"((?:fill|stroke): ){written}".encode()
        content = re.sub(pattern, rf"\1var({name},{written})".encode(), content)
    rules = f"<style>@media (prefers-color-scheme: dark){{svg{{{_values()}}}}}</style>"
    return re.sub(rb"(<svg[^>]*>)", rb"\1" + rules.encode(), content, count=1)


def _hex(color: RGB) -> str:
    return "#{:02X}{:02X}{:02X}".format(*color)
