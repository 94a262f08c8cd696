"""One thread for small linear algebra, one a block for large searches."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController

from ._progress import progress

_BUDGET = 2**20  # numbers a step: more leave the caches, fewer are mostly calls
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
    return _one_thread() if rows <= _FEW else nullcontext()


def in_blocks(
    step: Callable[[slice], None],
    count: int,
    numbers_each: int,
    *,
    title: str = "",
    rows: int | None = None,
) -> None:
    """Call a function for one slice of `count` after another, or side by side.

    Slices are so long that a step holds 8 MiB of float64. For many rows there is a
    thread a core: most of a search is no matrix product, so threads within each product
    would do less.

    Parameters
    ----------
    step
        Writes its slice of an array that it shares with the others.
    count
        Length of all slices together.
    numbers_each
        Numbers that a step holds for each entry of its slice.
    title
        Title of the progress bar, shown after a second.
    rows
        Rows that all of it concerns, where `count` counts something else.

    Examples
    --------
    >>> found = [0, 0, 0]
    >>> def step(part):
    ...     found[part] = [i**2 for i in range(3)[part]]
    >>> in_blocks(step, 3, 1)
    >>> found
    [0, 1, 4]
    """
    size = max(1, _BUDGET // max(1, numbers_each))
    slices = [slice(i, min(count, i + size)) for i in range(0, count, size)]
    with _one_thread():
        if (count if rows is None else rows) <= _FEW:
            for part in slices:
                step(part)
            return
        with ThreadPoolExecutor(cores()) as pool:
            results = pool.map(step, slices)
            try:
                for _ in progress(
                    results, title, total=len(slices), disable=not title, delay=1
                ):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


class _Limit:
    """The limit of all threads that want it: set by the first, lifted by the last.

    It counts for the whole process. If each restored what it met, one that ends
    between the others' begin and end would leave them the wrong number. An interrupt
    may strike anywhere, so what was lifted halfway is lifted again by the next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Who was interrupted before its end is no longer there to be counted.
        self._wishes: weakref.WeakSet[_OneThread] = weakref.WeakSet()
        self._pools: ThreadpoolController | None = None
        self._limiters: list[Any] = []

    def add(self, wish: _OneThread) -> None:
        """Set the limit, unless it is set."""
        with self._lock:
            if not self._wishes:
                self._lift()
            self._wishes.add(wish)
            pools = _pools(len(sys.modules))
            if pools is not self._pools:  # more was imported within
                self._limiters.append(pools.limit())  # it knows the numbers before
                self._limiters[-1].__enter__()
                pools.limit(limits=1)
                self._pools = pools

    def discard(self, wish: _OneThread) -> None:
        """Lift the limit, unless another one wants it."""
        with self._lock:
            self._wishes.discard(wish)
            if not self._wishes:
                self._lift()

    def _lift(self) -> None:
        self._pools = None
        while self._limiters:
            self._limiters[-1].__exit__(None, None, None)
            self._limiters.pop()


_LIMIT = _Limit()


class _OneThread:
    """Context in which linear algebra has one thread."""

    def __enter__(self) -> _OneThread:
        _LIMIT.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _LIMIT.discard(self)


def _one_thread() -> AbstractContextManager[Any]:
    return _OneThread()


@lru_cache(maxsize=1)
def _pools(_: int) -> ThreadpoolController:
    """Find the libraries that have threads, again only where more was imported.

    It takes longer than a small search.
    """
    return ThreadpoolController()


def cores() -> int:
    """Return the number of cores that this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
