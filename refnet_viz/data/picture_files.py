"""Pictures of files and bytes: small squares of pixels, and thumbnails to hover on."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _progress
from .._files import content as file_content
from .._threads import cores
from .decoded import BROKEN, bytes_or_path, upright
from .media import THUMBNAIL, encoded_small
from .pixels import as_pixels, channels_last

KEPT = 2**14  # bytes up to which a file of that size is its own thumbnail
BATCH = 64  # pictures that a thread reads at once

Bools = npt.NDArray[np.bool_]


class UnreadableError(ValueError):
    """An entry that names a picture which cannot be read."""


class OutsideError(UnreadableError):
    """An entry that leads out of the folder that no path may leave."""


class NotThereError(ValueError):
    """An entry that names a picture which is not there."""


@dataclass(frozen=True, eq=False)
class ReadPictures:
    """Pictures of N rows.

    Parameters
    ----------
    pixels
        ``(N, size, size, 3)`` uint8, 0 where a row has none.
    thumbnails
        N encoded pictures, ``b""`` where a row has none; or empty.
    problems
        Row to what is wrong with its entry, of rows whose picture is named but is
        not there or cannot be read.
    absent
        ``(N,)`` bool, rows without a picture.
    """

    pixels: npt.NDArray[np.uint8]
    thumbnails: tuple[bytes, ...]
    problems: dict[int, ValueError]
    absent: Bools


def read_pictures(
    entries: Sequence[Any],
    absent: Bools,
    *,
    size: int,
    base: Path | None,
    thumbnails: bool,
) -> ReadPictures:
    """Read pictures with some threads, each as a square and as a thumbnail.

    A picture is turned as its Exif orientation says, put on white where it is
    transparent, and squeezed into a square, so that all of it is seen; 16-bit ones
    become 8-bit. Animations show their first frame.

    Parameters
    ----------
    entries
        Paths, bytes, ``{"bytes", "path"}``, PIL pictures, arrays, or objects that
        read themselves.
    absent
        ``(N,)`` bool, rows whose entries are not looked at.
    size
        Pixels of a side.
    base
        The folder that no path may leave, or None.
    thumbnails
        Whether thumbnails are made.

    Examples
    --------
    >>> red = np.full((4, 4, 3), (255, 0, 0), dtype=np.uint8)
    >>> read = read_pictures([red, None], np.array([False, True]), size=2, base=None,
    ...                      thumbnails=False)
    >>> read.pixels[0, 0, 0].tolist(), read.absent.tolist()
    ([255, 0, 0], [False, True])
    """
    rows = np.flatnonzero(~absent).tolist()
    pixels = np.zeros((len(absent), size, size, 3), dtype=np.uint8)
    thumbs = [b""] * (len(absent) if thumbnails else 0)
    problems: dict[int, ValueError] = {}

    def read(batch: list[int]) -> int:
        for row in batch:
            try:
                pixels[row], thumb = _square(
                    entries[row], size, base, thumbnails=thumbnails
                )
            except (NotThereError, UnreadableError) as problem:
                problems[row] = problem
                continue
            if thumbnails:
                thumbs[row] = thumb
        return len(batch)

    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    bar = _progress.progress(title="pictures", total=len(rows), delay=2)
    with guarded(), bar, ThreadPoolExecutor(min(8, cores())) as pool:
        try:
            for count in pool.map(read, batches):
                bar.update(count)
        except BaseException:  # also when the caller stops it
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    missing = absent.copy()
    missing[list(problems)] = True
    return ReadPictures(pixels, tuple(thumbs), problems, missing)


@contextmanager
def guarded() -> Iterator[None]:
    """Make an error of PIL's warning about pictures that unpack to too many pixels.

    Examples
    --------
    >>> with guarded():
    ...     pass
    """
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def open_picture(entry: Any, base: Path | None) -> Any:
    """Return an entry as a PIL picture in RGB, upright and on white.

    Raises
    ------
    NotThereError
        If it names a file that is not there, or holds neither path nor bytes.
    UnreadableError
        If it cannot be read, unpacks to too many pixels or leaves `base`.

    Examples
    --------
    >>> open_picture(np.zeros((2, 2), dtype=np.uint8), None).mode
    'RGB'
    """
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    if isinstance(entry, Image.Image):
        return upright(entry)
    if isinstance(entry, np.ndarray):
        return upright(_of_array(entry))
    return _decoded(content_of(entry, base), None)[0]


def content_of(entry: Any, base: Path | None) -> bytes:
    """Return the bytes of a picture that an entry holds or names.

    Examples
    --------
    >>> content_of({"bytes": b"GIF89a", "path": None}, None)
    b'GIF89a'
    """
    entry = bytes_or_path(entry)
    if entry is None:
        raise NotThereError("it has neither bytes nor a path")
    if isinstance(entry, bytes | bytearray | memoryview):
        return bytes(entry)
    if isinstance(entry, str | os.PathLike):
        return _of_file(os.fspath(entry), base)
    if hasattr(entry, "read"):
        return bytes(entry.read())
    raise UnreadableError("it is neither a path nor bytes")


def item_of(entry: Any, base: Path | None) -> Any:
    """Return an entry as what an encoder takes: bytes, a path or a PIL picture.

    Examples
    --------
    >>> item_of("a.png", Path("pictures")).name
    'a.png'
    """
    entry = bytes_or_path(entry)
    if isinstance(entry, str | os.PathLike):
        return Path(entry) if base is None else base / entry
    if isinstance(entry, np.ndarray):
        return _of_array(entry)
    return bytes(entry.read()) if hasattr(entry, "read") else entry


def _of_file(name: str, base: Path | None) -> bytes:
    if "://" in name:
        raise UnreadableError("it is no path of a file")
    path = os.path.join(base, name) if base else name  # noqa: PTH118 (10,000 files)
    try:
        if base is not None:
            _refuse_outside(path, base)
        return file_content(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotThereError("there is no such file") from error
    except (OSError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError("it cannot be opened") from error


def _refuse_outside(path: str, base: Path) -> None:
    """Refuse a path that leads out of a folder, also by a symbolic link."""
    folder, file = os.path.split(path)
    real = _resolved(folder)
    whole = os.path.join(real, file)  # noqa: PTH118 (10,000 files)
    if file in ("", ".", "..") or os.path.islink(whole):  # noqa: PTH114
        whole = os.path.realpath(whole)
    root = _resolved(str(base))
    if os.path.commonpath([root, whole]) != root:
        raise OutsideError(f"it leaves the root {root!r}")


@lru_cache(maxsize=4096)
def _resolved(folder: str) -> str:
    return os.path.realpath(folder)


def _square(
    entry: Any, size: int, base: Path | None, *, thumbnails: bool
) -> tuple[npt.NDArray[np.uint8], bytes]:
    """Return a picture as a square of pixels and as a thumbnail."""
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    content, small = b"", False
    if isinstance(entry, Image.Image | np.ndarray):
        picture = open_picture(entry, base)
    else:
        content = content_of(entry, base)
        picture, small = _decoded(content, max(size, THUMBNAIL if thumbnails else 0))
    square = picture.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    thumb = b""
    if thumbnails:
        keep = small and len(content) <= KEPT
        thumb = content if keep else encoded_small(picture, THUMBNAIL)
    return np.asarray(square), thumb


def _decoded(content: bytes, need: int | None) -> tuple[Any, bool]:
    """Return a picture in RGB of at least `need` pixels, and whether it was small."""
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    bombs = Image.DecompressionBombError, Image.DecompressionBombWarning
    try:
        with Image.open(io.BytesIO(content)) as picture:
            displayable = picture.format in ("PNG", "JPEG", "GIF", "WEBP")
            small = displayable and max(picture.size) <= THUMBNAIL
            if need is not None and picture.format == "JPEG":
                picture.draft("RGB", (need, need))
            return upright(picture), small
    except bombs as error:
        pixels = str(error).partition("(")[2].partition(" pixels")[0]
        raise UnreadableError(
            f"its {len(content)} bytes unpack to {pixels} pixels, more than PIL holds "
            "to be safe"
        ) from error
    except BROKEN as error:
        raise UnreadableError(f"PIL cannot read its {len(content)} bytes") from error


def _of_array(values: npt.NDArray[Any]) -> Any:
    """Return an array of pixels as a PIL picture."""
    from PIL import Image  # noqa: PLC0415 (importing the package stays light)

    try:
        pixels = as_pixels("pictures", channels_last("pictures", values[None]))[0]
        return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    except (TypeError, ValueError, IndexError) as error:
        raise UnreadableError(f"its shape is {values.shape}") from error
