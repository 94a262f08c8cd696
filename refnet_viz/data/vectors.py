"""Vectors of encoders kept in a folder: by content, encoder and version."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._files import file_names, write

_ABOUT = "encoder.json"
DIGEST = 32  # bytes of a SHA-256

Block = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]


class VectorCache:
    """One encoder's vectors in files that appear whole or not at all.

    Every encoder has a folder of its own inside `folder`, whose name ends in the first
    digits of the encoder's key. A file is named by the SHA-256 of its content, so that
    a damaged one is seen: its rows are encoded again.

    Parameters
    ----------
    folder
        Made when it is not there; encoders may share it.
    about
        ``name`` and whatever else tells the encoder from others, as plain values.
    key
        SHA-256 of all of that.

    Raises
    ------
    ValueError
        If `folder` is itself the folder of another encoder, or a file.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     cache = VectorCache(Path(place), {"name": "mine"}, "ab" * 32)
    ...     cache.add(np.zeros((1, 32), np.uint8), np.ones((1, 2), np.float32))
    ...     [(digests.shape, vectors.shape) for digests, vectors in cache.blocks()]
    [((1, 32), (1, 2))]
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], key: str) -> None:
        self.folder = _place(folder, about, key)
        self._damaged: list[Path] = []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps({**about, "key": key}, indent=1, ensure_ascii=False)
            if not (self.folder / _ABOUT).is_file():
                write(self.folder / _ABOUT, text.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise OSError(
                f"`cache` must be a folder that can be written, got {str(folder)!r} "
                f"({error.strerror or error})."
            ) from error

    def blocks(self) -> Iterator[Block]:
        """Yield digests ``(n, 32)`` and vectors ``(n, width)`` of every whole file."""
        for path in sorted(self.folder.glob("*.safetensors")):
            block = _read(path)
            if block is None:
                self._damaged.append(path)
            else:
                yield block

    def add(
        self, digests: npt.NDArray[np.uint8], vectors: npt.NDArray[np.float32]
    ) -> None:
        """Keep more rows, and drop files that were found damaged."""
        import safetensors.numpy  # noqa: PLC0415

        blob = safetensors.numpy.save(
            {
                "digests": np.ascontiguousarray(digests),
                "vectors": np.ascontiguousarray(vectors),
            }
        )
        path = self.folder / f"{hashlib.sha256(blob).hexdigest()}.safetensors"
        try:
            write(path, blob)
        except OSError as error:
            raise OSError(
                f"`cache` must be a folder that can be written, "
                f"got {str(self.folder)!r} ({error.strerror or error})."
            ) from error
        while self._damaged:
            stale = self._damaged.pop()
            if stale != path:
                with suppress(OSError):
                    stale.unlink()


def _place(folder: Path, about: Mapping[str, Any], key: str) -> Path:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"`cache` must be a folder, got the file {str(folder)!r}.")
    stored = _about(folder / _ABOUT)
    if stored is None:
        words = re.sub(r"[^\w.-]+", "-", str(about["name"])).strip("-.")[:60]
        name = f"{words or 'encoder'}-{key[:16]}"
        return folder / file_names("cache", [name])[name]
    if stored.get("key") != key:
        raise ValueError(
            f"`cache` must be a folder for {about['name']!r} with these weights and "
            f"settings, got {str(folder)!r} of {stored.get('name')!r}."
        )
    return folder


def _about(path: Path) -> dict[str, Any] | None:
    """Return the record of a folder's encoder, None where there is none."""
    if not path.is_file():
        return None
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _read(path: Path) -> Block | None:
    """Return the content of a file, None unless it is as it was written."""
    import safetensors  # noqa: PLC0415
    import safetensors.numpy  # noqa: PLC0415

    try:
        blob = path.read_bytes()
        if hashlib.sha256(blob).hexdigest() != path.stem:
            return None
        arrays = safetensors.numpy.load(blob)
    except (OSError, safetensors.SafetensorError):
        return None
    digests, vectors = arrays.get("digests"), arrays.get("vectors")
    if digests is None or vectors is None or vectors.ndim != 2:
        return None
    if digests.shape != (len(vectors), DIGEST) or digests.dtype != np.uint8:
        return None
    return (digests, vectors) if vectors.dtype == np.float32 else None
