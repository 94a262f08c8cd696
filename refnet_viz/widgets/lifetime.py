"""Lifetime of views: those that nobody holds, and of a cell that runs again, close."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

import ipywidgets as W
from IPython import get_ipython


class Closable(Protocol):
    """Something that frees what it holds."""

    def close(self) -> None:
        """Free it."""


_made: dict[str, tuple[str, list[weakref.ref[Any]]]] = {}
_shown: list[Closable] = []


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
        for reference in views:
            old = reference()
            if old is not None:
                old.close()
        views = []
    there = [reference for reference in views if reference() is not None]
    _made[cell] = (run, [*there, weakref.ref(view)])


def keep(view: Closable) -> None:
    """Keep a view that is shown somewhere, though no variable holds it."""
    if all(view is not other for other in _shown):
        _shown.append(view)


def forget(view: Closable) -> None:
    """Keep a view no longer."""
    _shown[:] = [other for other in _shown if other is not view]


def weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method as a function that does not keep its object alive.

    Without the object it does nothing and returns None. Widgets are
    kept by ipywidgets until they are closed, and their handlers with them.

    Examples
    --------
    >>> class Counter:
    ...     def next(self):
    ...         return 1
    >>> counter = Counter()
    >>> call = weakly(counter.next)
    >>> call()
    1
    >>> del counter
    >>> call() is None
    True
    """
    reference = weakref.WeakMethod(method)

    def call(*arguments: Any) -> Any:
        bound = reference()
        return None if bound is None else bound(*arguments)

    return call


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
