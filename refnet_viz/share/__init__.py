"""Comparisons that leave the notebook: to be read, explored, and made again.

A report to read and a page to explore are one HTML file each that needs no kernel, no
network and no other file, and that a strict content-security policy keeps from asking
for any. `replay` makes a saved figure again from its manifest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .page import export_html
    from .reporting import report

# plotly takes seconds to import, and a table is saved without it.
_MODULES = {"export_html": "page", "report": "reporting"}
__all__ = ["export_html", "report"]


def __getattr__(name: str) -> Any:
    """Import what a name stands for when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    """Return the names of this room, those not imported yet among them."""
    return sorted({*globals(), *__all__})
