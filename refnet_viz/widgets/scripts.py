"""Scripts of widgets: those shared with pages, and what binds them to the kernel."""

from __future__ import annotations

from pathlib import Path

from ..explorer.scripts import script

HERE = Path(__file__).parent


def bound(*names: str, to: str) -> str:
    """Return shared scripts as one, with the script of this room that binds them.

    Parameters
    ----------
    names
        Names of shared scripts.
    to
        Name of the script of this room.
    """
    return script(*names, HERE / to)


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
    export = f'export default pane({draw}, "{name}", "{label}");'
    return f"{bound('dom.js', *names, to='pane.js')}\n{export}\n"
