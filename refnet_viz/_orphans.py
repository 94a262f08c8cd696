"""Ends processes when the process that started them is gone."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

_PAUSE = 1.0  # seconds
_watching = threading.Event()


def end_with(parent: int) -> None:
    """End this process, from now on, within seconds of the end of its parent.

    Parameters
    ----------
    parent
        Number of the process that handed out the work. Nothing happens where it is
        this one, or did not start this one, as on a cluster.
    """
    if os.getppid() == parent and not _watching.is_set():
        _watching.set()
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def begin(parent: int | None = None) -> None:
    """End this process with the parent that started it, even if that is gone already.

    A worker begins with this: it may import for seconds, and wait for its first task.
    While it works, it does not see that a pipe to its parent is closed.

    Parameters
    ----------
    parent
        Number of the process that started this one; None for the one that
        `multiprocessing` knows. Nothing happens where it knows none.
    """
    if parent is None:
        process = multiprocessing.parent_process()
        if process is None or process.pid is None:
            return
        parent = process.pid
    if os.getppid() != parent:
        os._exit(1)
    end_with(parent)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PAUSE)
    os._exit(1)  # what it was saving is whole or not there
