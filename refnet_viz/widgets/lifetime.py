"""Lifetime of views: those of a notebook cell are closed when it runs again."""

from __future__ import annotations

from typing import Any, Protocol

import ipywidgets as W
from IPython import get_ipython


class Closable(Protocol):
    """Something that frees what it holds."""

    def close(self) -> None:
        """Free it."""


_made: dict[str, tuple[str, list[Closable]]] = {}


def register(view: Closable) -> None:
    """Remember which cell made a view, and close those of its earlier runs.

    Widgets stay in the kernel and in the page until they are closed, so that every
    run of a cell would leave one more map behind.
    """
    cell, run = running_cell()
    if not cell:
        return
    before, views = _made.get(cell, ("", []))
    if before != run:
        for old in views:
            old.close()
        views = []
    _made[cell] = (run, [*views, view])


def close_all(widget: Any) -> None:
    """Close a widget and all it is made of.

    ipywidgets closes the outermost only and keeps the rest for ever.
    """
    parts = [widget._trait_values.get(name) for name in widget.keys]
    widget.close()
    for part in parts:
        for member in part if isinstance(part, tuple | list) else [part]:
            if isinstance(member, W.Widget):
                close_all(member)


def running_cell() -> tuple[str, str]:
    """Return the ids of the running cell and of this run, empty outside notebooks."""
    shell: Any = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return "", ""
    parent = shell.kernel.get_parent()
    cell = parent.get("metadata", {}).get("cellId", "")
    return str(cell), str(parent.get("header", {}).get("msg_id", ""))
