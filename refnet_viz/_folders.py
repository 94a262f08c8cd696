"""Saved folders: parts named by their content, and one file that points to them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import safetensors

from ._files import alone, clear, put, unfinished

T = TypeVar("T")

_ATTEMPTS = 200  # readings of a folder that others keep replacing
_PAUSE = 0.05  # seconds


class DamagedError(ValueError):
    """A file of a folder is missing, damaged or foreign."""


class _MissingError(DamagedError):
    """A part is not there: it is gone, or the folder was saved anew meanwhile."""


@dataclass(frozen=True)
class Form:
    """Form of saved folders of one kind: their parts, writing and reading.

    The part is written under a name made of its content, then the pointer replaces
    the old one in one step. Whenever writing stops, the folder holds a whole thing:
    the old one or the new one. Writers take turns, so that the last one removes what
    nothing points to, and no more than that. Readers wait for nobody.

    Parameters
    ----------
    noun
        What such a folder holds, in errors.
    pointer
        Name of the JSON that points to the part.
    part
        What names of parts begin with.
    newest
        The newest format that is understood.

    Examples
    --------
    >>> import tempfile
    >>> form = Form("note", "note.json", "words", 1)
    >>> folder = Path(tempfile.mkdtemp())
    >>> entry = form.entry(b"abc")
    >>> form.write(folder, entry["file"], b"abc", json.dumps(entry).encode())
    >>> form.read(folder, lambda text: form.blob(folder, json.loads(text)))
    b'abc'
    """

    noun: str
    pointer: str
    part: str
    newest: int

    def entry(self, blob: bytes) -> dict[str, str]:
        """Return what the pointer says of a part: its name and checksum."""
        digest = hashlib.sha256(blob).hexdigest()
        return {"file": f"{self.part}-{digest[:16]}.safetensors", "sha256": digest}

    def write(self, folder: Path, name: str, blob: bytes, text: bytes) -> None:
        """Write a part and the pointer to it.

        Parameters
        ----------
        folder
            Made when it is not there.
        name, blob
            The part, under the name that its `entry` has.
        text
            The pointer, which says the entry.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with alone(folder / self.pointer) as only:
                put(folder / name, blob, named=False)  # with the pointer's name
                put(folder / self.pointer, text)
                if only:
                    clear(folder, self.part, ".safetensors", {name})
        except OSError as error:
            raise OSError(
                f"`folder` must be a folder that can be written, got {str(folder)!r} "
                f"({error.strerror or error})."
            ) from error

    def tidy(self, folder: Path) -> None:
        """Remove what killed writers left in a folder, if it can be written."""
        with suppress(OSError):
            if unfinished(folder):
                with alone(folder / self.pointer) as only:
                    if only:
                        whole = {path.name for path in folder.glob("[!.]*")}
                        clear(folder, self.part, ".safetensors", whole)

    def read(self, folder: Path, make: Callable[[bytes], T]) -> T:
        """Return what is made of the pointer and the parts of one moment.

        Parameters
        ----------
        folder
            Where they are.
        make
            Makes it of the pointer's content; it takes parts by `blob`. Where one is
            gone because the folder was saved anew, it is called again.

        Raises
        ------
        FileNotFoundError
            If there is no pointer.
        DamagedError
            If a part is missing, or a file cannot be read.
        """
        before = None
        for _ in range(_ATTEMPTS):
            content = self._content(folder)
            if content == before:  # nobody seems to be writing: see whether that is so
                break
            try:
                return make(content)
            except _MissingError:
                before = content
        try:
            with alone(folder / self.pointer):
                return make(self._content(folder))
        except OSError:  # no place for a lock
            time.sleep(_PAUSE)
            return make(self._content(folder))

    def blob(self, folder: Path, entry: Mapping[str, Any]) -> bytes:
        """Return a part that the pointer's `entry` tells of.

        Raises
        ------
        DamagedError
            If it is missing, cannot be read, or has another checksum.
        KeyError, TypeError
            If the entry is none.
        """
        # Only a name: a path would let a foreign file read outside the folder.
        path = folder / Path(entry["file"]).name
        try:
            blob = path.read_bytes()
        except FileNotFoundError:
            raise _MissingError(self._sentence(path, "it is missing")) from None
        except OSError as error:
            raise self.damaged(path, f"{error.strerror or error}") from error
        if hashlib.sha256(blob).hexdigest() != entry["sha256"]:
            raise self.damaged(path, "its checksum is another")
        return blob

    def arrays(
        self, folder: Path, entry: Mapping[str, Any], load: Callable[[bytes], T]
    ) -> T:
        """Return what `load` of safetensors makes of a part.

        Raises
        ------
        DamagedError
            As `blob`, or if it is no such file.
        """
        blob = self.blob(folder, entry)
        try:
            return load(blob)
        except safetensors.SafetensorError as error:
            path = folder / Path(entry["file"]).name
            raise self.damaged(path, "it is not a safetensors file") from error

    def described(self, folder: Path, content: bytes) -> dict[str, Any]:
        """Return the pointer's JSON, of a format that is understood.

        Raises
        ------
        DamagedError
            If it is no JSON of such a folder.
        ValueError
            If it is of a newer format.
        """
        path = folder / self.pointer
        try:
            stored = json.loads(content.decode("utf-8", "surrogatepass"))
            version = stored["format"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            why = f"it is not the JSON of a {self.noun}"
            raise self.damaged(path, why) from error
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise self.damaged(path, f"its format is {repr(version)[:40]}")
        if version > self.newest:
            raise ValueError(
                f"`folder` must hold a {self.noun} of format {self.newest} or older, "
                f"got format {version} in {str(path)!r}; a newer refnet_viz wrote it."
            )
        return dict(stored)

    def damaged(self, path: Path, why: str) -> DamagedError:
        """Return the error that says what is wrong with a file."""
        return DamagedError(self._sentence(path, why))

    def _sentence(self, path: Path, why: str) -> str:
        return f"`folder` must hold a whole {self.noun}, got {str(path)!r}: {why}."

    def _content(self, folder: Path) -> bytes:
        path = folder / self.pointer
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                f"`folder` must hold a saved {self.noun} ({self.pointer}), got "
                f"{str(folder)!r}."
            ) from None
        except OSError as error:
            raise self.damaged(path, f"{error.strerror or error}") from error
