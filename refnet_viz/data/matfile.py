"""Variables of MATLAB files, of version 5 through scipy and of 7.3 through h5py."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .. import _check
from .answers import natural
from .containers import is_sparse

HDF5 = b"\x89HDF\r\n\x1a\n"
Variables = dict[str, Any]


def read_variables(path: str | os.PathLike[str]) -> Variables:
    """Return the variables of a MATLAB file by name.

    Matrices are arrays or sparse, cells are lists, texts are lists of str; fields of
    a struct are variables of their own, called "struct.field". Anything else
    (functions, objects) is left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If it is of version 7.3 and h5py is missing.
    ValueError
        If it is damaged or no MATLAB file.
    """
    path = _check.file("path", path)
    with path.open("rb") as file:
        start = file.read(520)
    hdf5 = start[:8] == HDF5 or start[512:] == HDF5
    try:
        raw = _of_hdf5(path) if hdf5 else _of_version_5(path)
    except ImportError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        OverflowError,
        MemoryError,
        AttributeError,
        zlib.error,
    ) as error:
        raise ValueError(
            f"`path` must be an intact MATLAB file, got {path.name!r} "
            f"({_check.first_line(error)})."
        ) from error
    variables: Variables = {}
    for key, value in raw.items():
        _spread(key, value, variables)
    return variables


def _spread(key: str, value: Any, variables: Variables) -> None:
    """Put a variable, or the fields of a struct, among those that were read."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _spread(f"{key}.{name}", inner, variables)
    elif value is not None:
        variables[key] = value


def _of_version_5(path: Path) -> Variables:
    import scipy.io  # noqa: PLC0415 (only these files need it)

    try:
        stored = scipy.io.loadmat(path)
    except scipy.io.matlab.MatReadError as error:  # which is no ValueError
        raise ValueError(str(error)) from error
    return {
        key: _from_scipy(value)
        for key, value in stored.items()
        if not key.startswith("__")
    }


def _from_scipy(value: Any) -> Any:
    if is_sparse(value):
        return value
    if not isinstance(value, np.ndarray) or type(value).__name__ != "ndarray":
        return None
    if value.dtype.names is not None:
        return _fields(value)
    if value.dtype.kind == "O":
        return [_single_text(_from_scipy(e)) for e in value.ravel(order="F")]
    if value.dtype.kind == "U":
        return [str(line).rstrip() for line in value.ravel()]
    return value


def _fields(value: Any) -> Variables | None:
    """Return the fields of a struct, None of an array of several."""
    if value.size != 1:
        return None
    record = value.ravel()[0]
    return {name: _from_scipy(record[name]) for name in value.dtype.names}


def _single_text(value: Any) -> Any:
    """Return the text that an entry of a cell is, and all else as it stands."""
    if not isinstance(value, list) or not all(isinstance(e, str) for e in value):
        return value
    return "".join(value[:1]) if len(value) < 2 else value


def _of_hdf5(path: Path) -> Variables:
    try:
        import h5py  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise ImportError(
            "`path` needs h5py to read a MATLAB file of version 7.3: "
            'pip install "refnet_viz[hdf5]" brings it.'
        ) from error
    with h5py.File(path, "r") as file:
        names = natural(key for key in file if not key.startswith("#"))
        return {key: _from_hdf5(file, file[key]) for key in names}


def _from_hdf5(file: Any, entry: Any) -> Any:
    if hasattr(entry, "keys"):  # a group: a sparse matrix or a struct
        if "MATLAB_sparse" in entry.attrs:
            return _sparse(entry)
        return {key: _from_hdf5(file, entry[key]) for key in natural(entry)}
    kind = entry.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if "MATLAB_empty" in entry.attrs:
        return "" if kind == "char" else None
    values = entry[()]
    if entry.dtype.kind == "O":  # references to the entries of a cell
        return [
            _from_hdf5(file, file[reference]) if reference else None
            for reference in np.asarray(values).ravel()
        ]
    if kind == "char":
        # Stored columns first, in halves of UTF-16; lines of a matrix are padded.
        lines = [_text(line) for line in np.atleast_2d(np.asarray(values).T)]
        return "".join(lines) if len(lines) < 2 else [e.rstrip() for e in lines]
    return np.asarray(values).T  # MATLAB stores by columns


def _text(codes: Any) -> str:
    """Return text of UTF-16 codes, also where others wrote whole characters.

    Examples
    --------
    >>> _text(np.array([97, 0xD83D, 0xDE00])), _text(np.array([0x1F600]))
    ('a😀', '😀')
    """
    halves = "".join(map(chr, codes.tolist())).encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "replace").rstrip("\0")


def _sparse(group: Any) -> Any:
    from scipy.sparse import csc_array  # noqa: PLC0415 (only these need it)

    rows = int(group.attrs["MATLAB_sparse"])
    starts = np.asarray(group["jc"], dtype=np.int64)
    shape = (rows, len(starts) - 1)
    if "data" not in group:
        return csc_array(shape)
    places = np.asarray(group["ir"], dtype=np.int64)
    matrix = csc_array((np.asarray(group["data"]), places, starts), shape=shape)
    matrix.check_format(full_check=True)  # a forged place must not be followed
    return matrix
