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
