"""Work that goes on while the page is used: in a thread, one job at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from .._beside import beside
from .._progress import Cancelled, watched

PAUSE = 0.05  # seconds the page gets


def possible() -> bool:
    """Return whether something can run after the cell, as it can in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def soon(task: Callable[[], Any], pause: float = PAUSE) -> None:
    """Run a task on the kernel's own thread when it is free.

    Parameters
    ----------
    task
        Function without arguments.
    pause
        Seconds until then, at least.
    """
    asyncio.get_running_loop().call_later(pause, task)


class Background:
    """A job that runs in a thread while the kernel is free for other cells.

    Parameters
    ----------
    work
        Computes; its value is nobody's.
    done
        Called on the kernel's own thread at the end, with what went wrong or None;
        `Cancelled` if `cancel` ended it.

    Attributes
    ----------
    part
        Part that is done, from 0 to 1, where the work says so.
    """

    def __init__(
        self, work: Callable[[], Any], done: Callable[[BaseException | None], None]
    ) -> None:
        self.part = 0.0
        self._work, self._done = work, done
        self._loop = asyncio.get_running_loop()
        self._cancelled = False
        self._began = time.monotonic()
        # The interpreter does not wait for it at its end.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def cancel(self) -> None:
        """End the work at the next step that it reports, or that of its process."""
        self._cancelled = True
        beside().cancel(self._thread.ident or 0)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            with watched(self._watch):
                self._work()
        except BaseException as caught:  # noqa: BLE001  the kernel's thread shows it
            error = caught
        if self._cancelled:
            error = Cancelled()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._done, error)

    def _watch(self, part: float) -> None:
        self.part = part
        if self._cancelled:
            raise Cancelled
