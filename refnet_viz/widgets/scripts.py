"""The scripts and styles of the explorer, as they are put together for a page."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
SCENE = ("dom.js", "shapes.js", "pointer.js", "panel.js", "scene.js", "key.js")
PANES = ("detail.js", "strip.js")


def script(*names: str) -> str:
    """Return files of this folder as one script: a widget cannot import others."""
    return "\n".join((FOLDER / name).read_text("utf-8") for name in names)


def style() -> str:
    """Return the style of the explorer and of pages like it."""
    return (FOLDER / "explorer.css").read_text("utf-8")


def pane(draw: str, name: str, label: str, *names: str) -> str:
    """Return the script of a widget that shows its `content` with a function.

    Parameters
    ----------
    draw
        Name of the function, in one of the files.
    name, label
        Class of the element, and what it is called.
    names
        The files.
    """
    shown = f'export default pane({draw}, "{name}", "{label}");'
    return f"{script('dom.js', *names, 'pane.js')}\n{shown}\n"
