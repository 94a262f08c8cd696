"""Memory that is there, asked before a long computation needs it."""

from __future__ import annotations

from pathlib import Path

_MEMINFO = Path("/proc/meminfo")


def available() -> float:
    """Return the bytes that this machine can still give; infinite where it is not said.

    Examples
    --------
    >>> available() > 0
    True
    """
    try:
        words = _MEMINFO.read_text("ascii").split("MemAvailable:")[1].split()
    except (OSError, IndexError):
        return float("inf")
    return 1024.0 * int(words[0])


def check_room(name: str, needed: float, work: str) -> None:
    """Refuse work that needs more memory than is there.

    Parameters
    ----------
    name
        Argument that the error names.
    needed
        Bytes.
    work
        What needs them, in words.

    Raises
    ------
    MemoryError
        If they are not there.

    Examples
    --------
    >>> check_room("spaces", 2.0**70, "the search of 9 rows")
    Traceback (most recent call last):
    ...
    MemoryError: `spaces` must fit into memory: the search of 9 rows needs about ...
    """
    there = available()
    if needed > there:
        raise MemoryError(
            f"`{name}` must fit into memory: {work} needs about {in_units(needed)}, "
            f"{in_units(there)} are there."
        )


def in_units(size: float) -> str:
    """Return a number of bytes in words.

    Examples
    --------
    >>> in_units(2.0**35), in_units(3e6)
    ('32.0 GiB', '2.9 MiB')
    """
    gib = size / 2**30
    return f"{gib:,.1f} GiB" if gib >= 1 else f"{1024 * gib:.1f} MiB"
