"""Cache of least-recently-used values within a budget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

Value = TypeVar("Value")


class Cache:
    """Least-recently-used values within a budget, for several threads.

    Two threads that ask for a value that is not there both make it.

    Parameters
    ----------
    budget
        In the unit of the sizes, such as bytes; what was used last stays even if it is
        larger.

    Attributes
    ----------
    size
        Sum of the sizes of all values.

    Examples
    --------
    >>> cache = Cache(16)
    >>> for name in ("a", "b", "a", "c"):
    ...     _ = cache.get(name, lambda: bytes(8), len)
    >>> list(cache), cache.size
    (['a', 'c'], 16)
    """

    def __init__(self, budget: int) -> None:
        self.budget, self.size = budget, 0
        self._entries: dict[Any, tuple[Any, int]] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Any]:
        """Yield the keys, the least recently used first."""
        with self._lock:
            return iter(list(self._entries))

    def __contains__(self, key: Any) -> bool:
        return key in self._entries

    def get(
        self, key: Any, make: Callable[[], Value], size_of: Callable[[Value], int]
    ) -> Value:
        """Return the value of a key, made unless it is there.

        Parameters
        ----------
        key
            Hashable.
        make
            Makes the value.
        size_of
            Returns its size, at least 1.
        """
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is not None:
                self._entries[key] = entry
                return cast("Value", entry[0])
        value = make()
        size = size_of(value)
        with self._lock:
            self.size += size - self._entries.pop(key, (None, 0))[1]
            self._entries[key] = value, size
            while self.size > self.budget and len(self._entries) > 1:
                self.size -= self._entries.pop(next(iter(self._entries)))[1]
        return value
