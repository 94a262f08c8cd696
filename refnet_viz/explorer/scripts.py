"""Scripts and styles shared by the explorer in a notebook and its exported page."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "web"
SCENE = (
    "dom.js",
    "shapes.js",
    "density.js",
    "brush.js",
    "tools.js",
    "edges.js",
    "neighbors.js",
    "words.js",
    "pointer.js",
    "panel.js",
    "scene.js",
    "key.js",
    "switcher.js",
    "theme.js",
    "controls.js",
)
COUNTED = ("many.js", "gl.js")  # for maps of more than 20,000 points
MORE = "more.js"
PANES = ("detail.js", "strip.js")


def script(*names: str | Path) -> str:
    """Return files as one script: neither a widget nor a page can import others.

    Parameters
    ----------
    names
        Names of scripts of this room, or whole paths of others.
    """
    return "\n".join((FOLDER / name).read_text("utf-8") for name in names)


def style() -> str:
    """Return the style of the explorer and of pages like it."""
    return (FOLDER / "explorer.css").read_text("utf-8")
