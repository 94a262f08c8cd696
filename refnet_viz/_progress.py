"""Progress bars that leave nothing behind when they have ended."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tqdm import tqdm
from tqdm.std import TqdmDefaultWriteLock  # type: ignore[attr-defined]

Watcher = Callable[[float], None]
_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


class Cancelled(Exception):  # noqa: N818  nothing went wrong
    """Whoever waited for the work does not want it any more."""


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Report progress to a function instead of a bar, in this thread.

    Parameters
    ----------
    watcher
        Called with the part that is done, from 0 to 1. It may raise `Cancelled`, which
        ends the work.

    Examples
    --------
    >>> parts = []
    >>> with watched(parts.append):
    ...     for _ in progress(range(2)):
    ...         pass
    >>> parts[-1]
    1.0
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def report(part: float) -> None:
    """Report how far work is to who watches it in this thread, if anybody does.

    Parameters
    ----------
    part
        Part that is done, from 0 to 1.

    Raises
    ------
    Cancelled
        If the work is not wanted any more.

    Examples
    --------
    >>> with watched(print):
    ...     report(0.5)
    0.5
    """
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(part)


def progress(
    iterable: Iterable[Any] | None = None,
    title: str = "",
    *,
    total: int | None = None,
    delay: float = 0,
    disable: bool = False,
) -> tqdm[Any]:
    """Return a progress bar for a terminal or a notebook.

    Parameters
    ----------
    iterable
        To be gone through; None where `update` is called by hand.
    title
        In front of the bar.
    total
        How many there are, where their length does not say it.
    delay
        Seconds until the bar is shown.
    disable
        Whether to show nothing.

    Examples
    --------
    >>> sum(progress([1, 2, 3], "adding", disable=True))
    6
    """
    ipython: Any = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    kind: Any = _Bar
    options: dict[str, Any] = {"leave": False, "delay": delay, "disable": disable}
    if _WATCHER.get() is not None:
        kind, options = _Watched, {"disable": True}
    elif hasattr(shell, "kernel"):
        kind, options = _InNotebook, {**options, "file": io.StringIO(), "ascii": False}
    bar: tqdm[Any] = kind(iterable, title, total, **options)
    return bar


@contextmanager
def stage(bar: tqdm[Any], share: float) -> Iterator[None]:
    """Let work, with the bars inside it, move a bar on by a share of it.

    The bar never goes back: where several bars follow one another in the work, it waits
    until one of them is further than those before.

    Parameters
    ----------
    bar
        Bar that has a total.
    share
        By how much of the total the work moves it.

    Examples
    --------
    >>> parts = []
    >>> with watched(parts.append):
    ...     bar = progress(total=100)
    ...     with stage(bar, 50):
    ...         report(0.5)
    ...     with stage(bar, 50):
    ...         pass
    >>> parts
    [0.25, 0.5, 1.0]
    """
    outer, start = _WATCHER.get(), bar.n

    def moved(part: float) -> None:
        # The bar reports to who watched before it.
        token = _WATCHER.set(outer)
        try:
            bar.update(max(0, round(start + share * part) - bar.n))
        finally:
            _WATCHER.reset(token)

    with watched(moved):
        yield
    moved(1.0)


class _Bar(tqdm):  # type: ignore[type-arg]
    """A bar on a terminal.

    Bars of tqdm share a lock with processes that were forked: of one that is killed
    while it draws, every later bar would wait for ever (tqdm 4.70). These take the part
    of that lock which belongs to this process.
    """

    _lock = TqdmDefaultWriteLock.th_lock


class _InNotebook(_Bar):
    """A bar of text that is taken out of the cell at its end.

    The bars of tqdm.notebook are widgets. They stay in the kernel for ever, and where
    they were a reopened notebook, or Voila, says "0%" or "model not found".
    """

    _shown: Any = None

    def display(self, msg: str | None = None, pos: int | None = None) -> None:  # noqa: ARG002
        words = {"text/plain": str(self) if msg is None else msg}
        if self._shown is None:
            show = sys.modules["IPython.display"].display
            self._shown = show(words, raw=True, display_id=True)
        else:
            self._shown.update(words, raw=True)


class _Watched(_Bar):
    """A bar that shows nothing, and reports how far it is.

    An error within a bar that is drawn would leave the lock of all bars taken.
    """

    def __iter__(self) -> Iterator[Any]:
        """Yield the entries, and report after each."""
        for done, entry in enumerate(self.iterable, 1):
            yield entry
            if self.total:
                report(done / self.total)

    def update(self, n: float | None = 1) -> None:
        """Report that more is done."""
        self.n += n or 0
        if self.total:
            report(self.n / self.total)
