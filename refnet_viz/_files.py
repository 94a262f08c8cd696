"""Atomic writes: files appear whole or not at all."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# What Windows keeps for devices, whatever suffix follows.
_DEVICES = re.compile(
    r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?"
)


def file_names(argument: str, names: Iterable[str]) -> dict[str, str]:
    """Return a file name for each name, which every system takes for another one.

    Letters, digits, "_", "-" and "." stay; all else becomes "_", and so do leading and
    trailing dots, which hide a file or are dropped. Devices get a "_" in front.

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
        file = f"_{file}" if _DEVICES.fullmatch(file) else file
        parts = unicodedata.normalize("NFD", file)
        key = unicodedata.normalize("NFD", parts.casefold())
        if key in owners:
            raise ValueError(
                f"`{argument}` must have names that make different folders, got "
                f"{owners[key]!r} and {name!r}."
            )
        files[name], owners[key] = file, name
    return files


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`, which it takes over when all went well.

    Whatever stood at `path` stays untouched until then, and stays when writing fails.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [(file.name, file.read_text()) for file in folder.iterdir()]
    [('a.txt', 'whole')]
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_pair(folder: Path, blob: tuple[str, bytes], text: tuple[str, bytes]) -> None:
    """Write a file that is named by its content, and another that points to it.

    The first is written under a name that nothing has yet; then the second replaces the
    old one in one step. Whenever writing stops, the folder holds a whole pair: the old
    one or the new one. Files of the first kind that nothing points to are removed.

    Parameters
    ----------
    folder
        Made when it is not there.
    blob
        Name, such as ``weights-1f3a.safetensors``, and content; up to the first hyphen
        the name says what kind of file it is.
    text
        Name and content of the file that points to it.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    name, content = blob
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / name, content)
        write(folder / text[0], text[1])
    except OSError as error:
        raise OSError(
            f"`folder` must be a folder that can be written, got {str(folder)!r} "
            f"({error.strerror or error})."
        ) from error
    for stale in folder.glob(f"{name.split('-')[0]}-*{Path(name).suffix}"):
        if stale.name != name:
            with suppress(OSError):
                stale.unlink()
