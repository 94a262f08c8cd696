"""Work that waits until the page has shown what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PAUSE = 0.05  # seconds the page gets


def possible() -> bool:
    """Return whether something can run after the cell, as it can in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def soon(task: Callable[[], None]) -> None:
    """Run a task on the kernel's own thread when it is free.

    Threads of our own would meet compiled code that is not made for them.
    """
    asyncio.get_running_loop().call_later(PAUSE, task)
