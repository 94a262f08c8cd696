"""Atomic writes: files appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ._locks import LocksMissingError, locked

_PATIENCE = 60.0  # seconds
_OLD = 3600.0  # seconds after which a file without an owner is a dead writer's
_LONG = 180  # bytes of a name, to which a temporary one adds up to 75
_MOST = 255  # bytes of a name that systems take

# What Windows keeps for devices, whatever suffix follows.
_DEVICES = re.compile(
    r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?"
)


def file_names(argument: str, names: Iterable[str]) -> dict[str, str]:
    """Return a file name for each name, which every system takes for another one.

    Letters, digits, "_", "-" and "." stay; all else becomes "_", and so do leading and
    trailing dots, which hide a file or are dropped. Devices get a "_" in front. What
    is longer than 255 bytes is cut, and ends in digits of its SHA-256.

    Parameters
    ----------
    argument
        What the caller calls `names`; used in the error.
    names
        Any text, each once.

    Raises
    ------
    ValueError
        If two of them are one file where upper and lower case, or ways to write an
        accent, are the same, as on Windows and macOS.

    Examples
    --------
    >>> file_names("configs", ["plain", "a/b", "con", "v1."])
    {'plain': 'plain', 'a/b': 'a_b', 'con': '_con', 'v1.': 'v1_'}
    >>> file_names("a", ["b", "B"])
    Traceback (most recent call last):
    ...
    ValueError: `a` must have names that make different folders, got 'b' and 'B'.
    """
    files: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name in names:
        file = re.sub(r"[^\w.-]+|^\.+|\.+$", "_", name) or "_"
        file = _short(f"_{file}" if _DEVICES.fullmatch(file) else file)
        parts = unicodedata.normalize("NFD", file)
        key = unicodedata.normalize("NFD", parts.casefold())
        if key in owners:
            raise ValueError(
                f"`{argument}` must have names that make different folders, got "
                f"{owners[key]!r} and {name!r}."
            )
        files[name], owners[key] = file, name
    return files


def _short(file: str) -> str:
    name = file.encode("utf-8")
    if len(name) <= _MOST:
        return file
    start = name[:_LONG].decode("utf-8", "ignore")
    return f"{start}-{hashlib.sha256(name).hexdigest()[:16]}"


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Keep other writers of `path` waiting, and remove what dead ones left there.

    Parameters
    ----------
    path
        What is about to be written, in a folder that exists.

    Yields
    ------
    bool
        Whether no other process writes it. False where one has held it for a minute,
        as when it was halted, or the file system knows no locks: what is written then
        appears whole all the same, but nothing may be removed.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            held = stack.enter_context(locked(_hidden(path, "lock"), wait=_PATIENCE))
        except LocksMissingError:
            held = False
        if held:
            _clear(path.parent, _temporary(path))
        yield held


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`, which it takes over when all went well.

    Whatever stood at `path` stays untouched until then, and stays when writing fails.
    The content has reached the disk before the name points to it. Two writers of one
    path take turns, and the first removes what killed ones left of it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [(file.name, file.read_text()) for file in folder.iterdir()]
    [('a.txt', 'whole')]
    """
    with alone(path), _replacing(path) as temporary:
        yield temporary


def content(path: str | os.PathLike[str]) -> bytes:
    """Return what a regular file holds; a device or a pipe has no end.

    Raises
    ------
    OSError
        If it is none, or cannot be read.
    """
    kind = Path(path).stat().st_mode
    if not stat.S_ISREG(kind):
        why = "Is a directory" if stat.S_ISDIR(kind) else "Is a device or a pipe"
        number = errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL
        raise OSError(number, why, os.fspath(path))
    return Path(path).read_bytes()


def write(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    with alone(path):
        put(path, content)


def put(path: Path, content: bytes, *, named: bool = True) -> None:
    """Write a file as `write` does, for a caller who holds `alone`.

    Parameters
    ----------
    path, content
        The file.
    named
        Whether its name has to be on the disk, too, when this returns.
    """
    with (
        _replacing(path, named=named, synced=True) as temporary,
        temporary.open("wb") as file,
    ):
        file.write(content)
        file.flush()
        _sync(file.fileno())


def clear(folder: Path, kind: str, suffix: str, keep: Collection[str]) -> None:
    """Remove files of one kind but some, and what dead writers left of them.

    The caller holds `alone` of what points to them.

    Parameters
    ----------
    folder
        Where they are.
    kind
        What their names begin with, up to a hyphen.
    suffix
        What their names end in.
    keep
        Names of those that stay.
    """
    names = re.escape(kind) + "-.*" + re.escape(suffix)
    pattern = f"{names}|[.]{names}[.][0-9a-f]{{32}}.*"
    for entry in _entries(folder, keep):
        if re.fullmatch(pattern, entry.name) or _is_stale(entry):
            _remove(entry)


def unfinished(folder: Path) -> bool:
    """Return whether a folder has files that writers made and have not removed."""
    return any(path.name.startswith(".") for path in folder.iterdir())


def sync(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, are on the disk."""
    try:
        number = os.open(path, os.O_RDONLY)
    except OSError:
        return  # a folder, where folders cannot be opened
    try:
        _sync(number)
    finally:
        os.close(number)


def _sync(number: int) -> None:
    try:
        os.fsync(number)
    except OSError as error:
        # What cannot be waited for, as a folder on some network file systems.
        if error.errno not in {errno.EINVAL, errno.ENOSYS, errno.EBADF, errno.EACCES}:
            raise


@contextmanager
def _replacing(
    path: Path, *, named: bool = True, synced: bool = False
) -> Iterator[Path]:
    temporary, moved = _hidden(path, f"{os.urandom(16).hex()}{path.suffix}"), False
    try:
        yield temporary
        if not synced:
            sync(temporary)
        temporary.replace(path)
        moved = True
    finally:
        if not moved:
            temporary.unlink(missing_ok=True)
    if named:
        sync(path.parent)


def _hidden(path: Path, end: str) -> Path:
    """Return a hidden name that tells what it belongs to."""
    name = path.name
    if len(os.fsencode(name)) > _LONG:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return path.with_name(f".{name}.{end}")


def _temporary(path: Path) -> str:
    """Return the pattern of temporary names of a path."""
    start = _hidden(path, "").name
    return re.escape(start) + "[0-9a-f]{32}" + re.escape(path.suffix)


def _clear(folder: Path, pattern: str) -> None:
    for entry in _entries(folder):
        if re.fullmatch(pattern, entry.name):
            _remove(entry)


def _entries(folder: Path, keep: Collection[str] = ()) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if entry.name not in keep]


def _is_stale(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a dead writer's of first versions, whose names tell less."""
    if not re.fullmatch(r"[.][0-9a-f]{32}[.](safetensors|json)", entry.name):
        return False
    with suppress(OSError):
        return time.time() - entry.stat().st_mtime > _OLD
    return False


def _remove(entry: os.DirEntry[str]) -> None:
    with suppress(OSError):
        Path(entry.path).unlink()
