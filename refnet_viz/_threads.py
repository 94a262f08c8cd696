"""Keeping small linear algebra on one thread."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from threadpoolctl import threadpool_limits

_FEW = 5_000  # rows up to which one thread is faster than several


def one_thread_for(rows: int) -> AbstractContextManager[Any]:
    """Return a context in which matrices of few rows are computed by one thread.

    The threads of a small product mostly wait for one another: on a busy machine it
    then takes up to a hundred times as long.

    Examples
    --------
    >>> with one_thread_for(100):
    ...     pass
    """
    return threadpool_limits(1) if rows <= _FEW else nullcontext()
