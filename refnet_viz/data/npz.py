"""Read npz files of strangers: nothing is unpickled, no forged size is believed."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .. import _check

# No deflate stream expands further than this (zlib, "Technical Details").
DEFLATE_LIMIT = 1032

Arrays = dict[str, npt.NDArray[Any]]


def read_arrays(path: str | os.PathLike[str]) -> Arrays:
    """Return the arrays of an npz file, after checking what their headers claim.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is foreign or damaged, holds pickled objects, or an array claims
        more bytes than the file can hold.
    """
    path = _check.file("path", path)
    if not zipfile.is_zipfile(path):
        raise ValueError(f"`path` must be an npz file, got {str(path)!r}.")
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                _check_member(archive, member)
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except _Refused as refusal:
        raise ValueError(f"`path` must {refusal}") from None
    except (
        ValueError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(
            f"`path` must be an intact npz file, got {str(path)!r} "
            f"({_check.first_line(error)})."
        ) from error


class _Refused(Exception):  # noqa: N818 (never leaves this file)
    """The end of a sentence about an array that is not read."""


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    key = member.filename
    with archive.open(member) as stream:
        # As numpy reads them, also without the ending that it gives to arrays.
        start = stream.read(len(np.lib.format.MAGIC_PREFIX))
        if not key.endswith(".npy") and start != np.lib.format.MAGIC_PREFIX:
            raise _Refused(f"hold nothing but arrays, got {key!r}.")
    with archive.open(member) as stream:
        shape, dtype, offset = _header(stream)
    if dtype.hasobject:
        raise _Refused(f"hold no pickled objects, got some in {key!r}.")
    claimed = math.prod(shape) * dtype.itemsize
    possible = min(member.file_size - offset, member.compress_size * DEFLATE_LIMIT)
    if claimed > possible:
        raise _Refused(
            f"hold the {claimed:,} bytes that {key!r} claims, got {possible:,} at most."
        )


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return shape, dtype and the position where the data start."""
    source: BinaryIO = stream
    version = np.lib.format.read_magic(source)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(source)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(source)
    else:
        raise _Refused(f"hold npy arrays of version 1.0 or 2.0, got {version}.")
    return shape, dtype, source.tell()
