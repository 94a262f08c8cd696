"""Locks between processes, which end with the process that holds them."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# What file systems answer that know no locks.
_UNKNOWN = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}
_POLL = 0.01, 0.2  # seconds between two tries, at first and at last


class LocksMissingError(OSError):
    """The file system knows no locks."""


@contextmanager
def locked(path: Path, *, wait: float) -> Iterator[bool]:
    """Hold a lock of the operating system on a file, which is removed at the end.

    Whatever ends a process ends its locks, too; the file that it leaves is taken over.
    Threads of one process exclude one another as processes do.

    Parameters
    ----------
    path
        File of the lock; its folder is there.
    wait
        Seconds to wait for another holder, 0 or more, possibly infinite.

    Yields
    ------
    bool
        Whether it is held; False where another one holds it.

    Raises
    ------
    LocksMissingError
        If the file system knows no locks.
    OSError
        If the file cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / ".lock"
    >>> with locked(path, wait=0) as first, locked(path, wait=0) as second:
    ...     first, second, path.exists()
    (True, False, True)
    >>> path.exists()
    False
    """
    number = _acquired(path, wait)
    if number is None:
        yield False
        return
    try:
        yield True
    finally:
        # Removed before it is given back: whoever waits sees that it has no name.
        with suppress(OSError):
            path.unlink()
        _release(number)
        os.close(number)


def _acquired(path: Path, wait: float) -> int | None:
    """Return the number of the open file, None where another one holds the lock."""
    end, (pause, longest) = time.monotonic() + wait, _POLL
    while True:
        number = _opened(path)
        held = False
        try:
            # A holder may have removed the file between opening and locking it.
            held = _try(number) and os.fstat(number).st_nlink > 0
        except OSError as error:
            if error.errno in _UNKNOWN:
                with suppress(OSError):
                    path.unlink()
                raise LocksMissingError(*error.args) from error
            raise
        finally:
            if not held:
                os.close(number)
        if held:
            return number
        if time.monotonic() >= end:
            return None
        time.sleep(pause)
        pause = min(2 * pause, longest)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)  # another user made it


def _try(number: int) -> bool:
    try:
        _take(number)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


if sys.platform == "win32":
    import msvcrt

    def _take(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

    def _release(number: int) -> None:
        with suppress(OSError):
            msvcrt.locking(number, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(number: int) -> None:
        # Said, not only closed: a child that was forked meanwhile has the file, too.
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_UN)
