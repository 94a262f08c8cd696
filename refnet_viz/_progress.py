"""Progress bars that leave nothing behind when they have ended."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


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
    things
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
    kind: Any = tqdm
    options: dict[str, Any] = {"leave": False, "delay": delay, "disable": disable}
    if hasattr(shell, "kernel"):
        kind, options = _InNotebook, {**options, "file": io.StringIO(), "ascii": False}
    bar: tqdm[Any] = kind(iterable, title, total, **options)
    return bar


class _InNotebook(tqdm):  # type: ignore[type-arg]
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
