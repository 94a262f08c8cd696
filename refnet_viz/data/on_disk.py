"""Features that stay on disk: maps, shards, HDF5, zarr and parquet as rows to read."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import _check
from .._memory import in_units
from .raw_file import RawFile
from .stored import AT_ONCE, Array, Positions, Source, Stored

HDF5 = (".h5", ".hdf5", ".h5ad")
PARQUET = (".parquet", ".pq")
KINDS = (".npy", *HDF5, ".zarr", *PARQUET)


def on_disk(
    source: Any,
    key: str | Sequence[str] | None = None,
    *,
    scratch: str | os.PathLike[str] | None = None,
    name: str = "source",
) -> Stored:
    """Return features that stay on disk, as a modality of `Dataset.from_arrays`.

    `fit`, `embed`, `rails`, `attribute` and `compare` read them in blocks; what needs
    all of them at once says beforehand if they do not fit into memory. Files may not
    change while they are used: one that did, or is gone, is refused.

    Parameters
    ----------
    source
        Read in place: a ``.npy`` file or several of them (shards) as a list, a memory
        map of numpy, and an array in an HDF5 or ``.h5ad`` file, by its path and `key`
        or as an h5py dataset, if it is neither chunked nor compressed.

        Unpacked: other arrays of HDF5, a ``.zarr`` folder (and a `key`) or an array of
        zarr, a ``.parquet`` file, a folder or a list of them. Their columns are
        numbers, or there is one column of lists of one length.

        Asked: an object with ``shape``, ``dtype`` and ``read(rows)``, which returns the
        rows at rising, distinct positions.

        *Unpacked* is copied once, in blocks, into a file of plain rows that is removed
        at the end: shuffled rows of compressed chunks would have to be unpacked for
        every batch.
    key
        Which array of a store ("X", "obsm/protein"; None takes "X"), or which columns
        of a table (None takes all). Only None with what is no path.
    scratch
        Folder of that file; None takes the one for temporary files.
    name
        What errors call it.

    Returns
    -------
    Stored
        ``(N, d)`` vectors, ``(N, H, W, C)`` bytes of pictures or ``(N, L, d)``
        sequences.

    Raises
    ------
    FileNotFoundError
        If a file or a shard is not there.
    ImportError
        If a package that reads the format is missing.
    OSError
        If there is no room to unpack, said before it begins.
    TypeError, ValueError
        If it is something else, or damaged.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", np.eye(3))
    ...     rows = on_disk(f"{folder}/x.npy")
    ...     rows.shape, rows[[2, 0]].tolist()
    ((3, 3), [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    """
    _check.instance("name", name, str)
    key = None if key is None else _checked_key(key)
    if scratch is not None:
        scratch = _check.folder("scratch", scratch)
    is_path = isinstance(source, str | os.PathLike | list | tuple)
    if key is not None and not is_path:
        raise ValueError(
            f"`key` must be None where `{name}` is no path, got {_check.shown(key)}."
        )
    if isinstance(source, Stored):
        return source
    if isinstance(source, np.memmap):
        return Stored(RawFile.of(source, name), name=name)
    paths = isinstance(source, list | tuple) and bool(source)
    if isinstance(source, str | os.PathLike) or paths:
        return _of_files(source, key, Path(scratch or tempfile.gettempdir()), name)
    kind = type(source).__module__.split(".")[0]
    if kind in ("h5py", "zarr") and hasattr(source, "chunks"):
        return _of_array(source, Path(scratch or tempfile.gettempdir()), name)
    if all(hasattr(source, part) for part in ("shape", "dtype", "read")):
        return Stored(source, name=name)
    raise TypeError(
        f"`{name}` must be a path, a memory map, an array of h5py or zarr, or have "
        f"shape, dtype and read, got {type(source).__name__}."
    )


def _checked_key(key: Any) -> str | list[str]:
    rule = "be a name or a list of names"
    if isinstance(key, str) and (not key or "\0" in key):  # where hdf5 cuts it off
        raise ValueError(f"`key` must {rule}, got {key!r}.")
    if isinstance(key, str):
        return str.__str__(key)
    names = [
        _check.instance("key", one, str, example=rule)
        for one in _check.several("key", key)
    ]
    if not names:
        raise ValueError(f"`key` must {rule}, got none.")
    return names


@dataclass(frozen=True, eq=False)
class Shards:
    """Rows of several sources, one after another.

    Parameters
    ----------
    parts
        Sources of rows of one shape and type.

    Examples
    --------
    >>> from refnet_viz.data.stored import InMemory
    >>> both = Shards((InMemory(np.eye(2)), InMemory(np.ones((1, 2)))))
    >>> both.shape, both.read(np.array([1, 2])).tolist()
    ((3, 2), [[0.0, 1.0], [1.0, 1.0]])
    """

    parts: tuple[Source, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows of all, and the shape of one."""
        return (sum(part.shape[0] for part in self.parts), *self.parts[0].shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return self.parts[0].dtype

    def read(self, rows: Positions) -> Array:
        """Return some rows."""
        starts = np.cumsum([0, *(part.shape[0] for part in self.parts)])
        cuts = np.searchsorted(rows, starts)
        return np.concatenate(
            [
                part.read(rows[first:last] - start)
                for part, start, first, last in zip(
                    self.parts, starts, cuts, cuts[1:], strict=False
                )
                if last > first
            ]
        )


def _of_files(source: Any, key: Any, scratch: Path, name: str) -> Stored:
    single = isinstance(source, str | os.PathLike)
    paths = _present(
        [_check.path(name, path) for path in ([source] if single else source)], name
    )
    kind = paths[0].suffix.lower()
    _check.unique(name, [str(path.resolve()) for path in paths])
    if kind in PARQUET:
        return _of_parquet(paths, key, scratch, name)
    if kind == ".npy":
        if key is not None:
            raise ValueError(
                f"`key` must be None for '.npy', which holds one array, "
                f"got {_check.shown(key)}."
            )
        return _of_maps(paths, name)
    if key is not None:
        _check.instance("key", key, str, example=f"name one array of a {kind} store")
    if len(paths) > 1:
        raise ValueError(f"`{name}` must be one {kind} store, got {len(paths)} paths.")
    if kind == ".zarr":
        return _of_array(_zarr_array(paths[0], key, name), scratch, name)
    h5py = _need("h5py", "hdf5", name)
    with _whole(name, paths[0]), h5py.File(paths[0], "r") as file:
        return _of_array(_entry(file, key or "X", paths[0]), scratch, name)


def _present(paths: list[Path], name: str) -> list[Path]:
    """Return files of one kind that are there; of a folder, its parquet files."""
    there = [path.is_file() or path.is_dir() for path in paths]  # no device, no pipe
    missing = None if all(there) else paths[there.index(False)]
    if missing is not None:
        raise FileNotFoundError(f"`{name}` must be a file, got {str(missing)!r}.")
    if paths[0].is_dir() and paths[0].suffix.lower() != ".zarr":
        paths = sorted(p for p in paths[0].iterdir() if p.suffix.lower() in PARQUET)
    if not paths or paths[0].suffix.lower() not in KINDS:
        title = repr(paths[0].name) if paths else "a folder without any"
        raise ValueError(
            f"`{name}` must end in one of {', '.join(KINDS)} or be a folder of parquet "
            f"files, got {title}."
        )
    for path in paths:
        if path.suffix.lower() != paths[0].suffix.lower():
            raise ValueError(
                f"`{name}` must be files of one kind, got {paths[0].name!r} and "
                f"{path.name!r}."
            )
    return paths


def _of_maps(paths: list[Path], name: str) -> Stored:
    parts = []
    for path in paths:
        with _whole(name, path):
            values = np.load(path, mmap_mode="r")
        parts.append(RawFile.of(values, name))
        if parts[-1].shape[1:] != parts[0].shape[1:] or values.dtype != parts[0].dtype:
            raise ValueError(
                f"`{name}` must have rows of one shape and type, got "
                f"{parts[0].dtype} {parts[0].shape[1:]} in {paths[0].name!r} and "
                f"{values.dtype} {values.shape[1:]} in {path.name!r}."
            )
    return Stored(parts[0] if len(parts) == 1 else Shards(tuple(parts)), name=name)


class _whole:  # noqa: N801 (a context, as `suppress` is)
    """Context in which errors of a reader become one sentence about a file."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Raise the sentence, unless it is one of ours already."""
        ours = error is not None and str(error).startswith("`")
        if isinstance(error, OSError | ValueError | KeyError | EOFError) and not ours:
            raise ValueError(
                f"`{self.name}` must be a whole file, got {self.path.name!r}: "
                f"{_check.first_line(error)}."
            ) from error


def _need(package: str, extra: str, name: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        advice = (
            f'pip install "refnet_viz[{extra}]" brings it'
            if extra
            else (f"pip install {package} brings it")
        )
        raise ImportError(f"`{name}` needs {package}: {advice}.") from error


def _zarr_array(path: Path, key: Any, name: str) -> Any:
    zarr = _need("zarr", "", name)
    with _whole(name, path):
        store = zarr.open(str(path), mode="r")
        if not hasattr(store, "chunks") and not zarr.__version__.startswith("2."):
            # What was consolidated may be older than the arrays.
            store = zarr.open_group(str(path), mode="r", use_consolidated=False)
    return store if hasattr(store, "chunks") else _entry(store, key or "X", path)


def _entry(store: Any, key: Any, path: Path) -> Any:
    entry = store.get(key)
    if not hasattr(entry, "chunks"):
        what = "no such array" if entry is None else "a group, as sparse matrices are"
        raise ValueError(
            f"`key` must name a dense array in {path.name!r}, got {key!r}: {what}."
        )
    return entry


def _of_array(array: Any, scratch: Path, name: str) -> Stored:
    """Return an array of h5py or zarr: in place where it is plain rows."""
    kind = np.dtype(array.dtype)
    if kind.kind not in "biuf":
        raise ValueError(f"`{name}` must hold real numbers, got dtype {kind}.")
    offset = None
    if type(array).__module__.startswith("h5py"):
        offset = array.id.get_offset() if array.chunks is None else None
        path = Path(array.file.filename)
    if offset is not None:
        stride = int(np.prod(array.shape[1:], dtype=np.int64)) * kind.itemsize
        return Stored(
            RawFile.at(path, tuple(array.shape), kind, offset, stride, name), name=name
        )
    row = int(np.prod(array.shape[1:], dtype=np.int64)) * kind.itemsize
    chunk = array.chunks[0] if array.chunks else 1
    step = max(1, AT_ONCE // max(1, row * chunk)) * chunk

    def blocks() -> Iterator[Array]:
        for start in range(0, array.shape[0], step):
            yield np.asarray(array[start : start + step])

    return Stored(_unpacked(blocks, tuple(array.shape), kind, scratch, name), name=name)


def _of_parquet(paths: list[Path], key: Any, scratch: Path, name: str) -> Stored:
    _need("pyarrow", "parquet", name)
    from pyarrow import parquet  # noqa: PLC0415 (optional)

    files = []
    for path in paths:
        with _whole(name, path):
            files.append(parquet.ParquetFile(path))
    schema = files[0].schema_arrow
    columns = [key] if isinstance(key, str) else list(key or schema.names)
    _check.unique("key", columns)
    for path, file in zip(paths, files, strict=True):
        lacking = [c for c in columns if c not in file.schema_arrow.names]
        if lacking:
            raise ValueError(
                f"`key` must name columns of {path.name!r}, got {lacking[0]!r}."
            )

    def blocks() -> Iterator[Array]:
        for path, file in zip(paths, files, strict=True):
            with _whole(name, path):
                for batch in file.iter_batches(batch_size=step, columns=columns):
                    yield _numbers(batch, columns, name, path)

    step = 2**10
    first = next(blocks(), None)
    if first is None:
        raise ValueError(f"`{name}` must have at least one row, got none.")
    step = max(1, AT_ONCE // max(1, first.itemsize * first.shape[1]))
    rows = sum(file.metadata.num_rows for file in files)
    shape = rows, first.shape[1]
    raw = _unpacked(blocks, shape, first.dtype, scratch, name)
    titles = tuple(columns) if len(columns) == first.shape[1] else ()
    return Stored(raw, name=name, titles=titles)


def _numbers(batch: Any, columns: list[str], name: str, path: Path) -> Array:
    """Return the rows of a batch: numbers side by side, or one column of lists."""
    import pyarrow as pa  # noqa: PLC0415 (there, as a batch of it is)

    arrays = [batch.column(column) for column in columns]
    kinds = [array.type for array in arrays]
    lists = [pa.types.is_list(k) or pa.types.is_large_list(k)
             or pa.types.is_fixed_size_list(k) for k in kinds]  # fmt: skip
    if any(lists):
        flat = arrays[0].flatten().to_numpy(zero_copy_only=False)
        width = len(flat) // max(1, len(arrays[0]))
        lengths = np.asarray(pa.compute.list_value_length(arrays[0]))
        if len(columns) > 1 or arrays[0].null_count or (lengths != width).any():
            raise ValueError(
                f"`{name}` must be columns of numbers or one column of lists of one "
                f"length, got {columns[0]!r} in {path.name!r}."
            )
        return flat.reshape(-1, width)
    for column, kind in zip(columns, kinds, strict=True):
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise ValueError(
                f"`{name}` must hold real numbers, got {kind} in column {column!r}; "
                "`key` names the columns that are meant."
            )
    single = all(kind in (pa.float32(), pa.float16()) for kind in kinds)
    numbers = np.float32 if single else np.float64
    return np.column_stack(
        [array.to_numpy(zero_copy_only=False).astype(numbers) for array in arrays]
    )


def _unpacked(
    blocks: Callable[[], Iterator[Array]],
    shape: tuple[int, ...],
    kind: np.dtype[Any],
    scratch: Path,
    name: str,
) -> RawFile:
    """Return blocks of rows as a file of its own, removed when nobody reads it."""
    needed = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    there = shutil.disk_usage(scratch).free
    if needed > there:
        raise OSError(
            f"`scratch` must have room to unpack `{name}`: it needs about "
            f"{in_units(needed)} in {str(scratch)!r}, {in_units(there)} are there."
        )
    handle, title = tempfile.mkstemp(".rows", "refnet_viz-", scratch)
    path = Path(title)
    try:
        with os.fdopen(handle, "wb") as file:
            for block in blocks():
                file.write(np.ascontiguousarray(block, kind).data)
        stride = needed // max(1, shape[0])
        raw = RawFile.at(path, shape, kind, 0, stride, name)
    except BaseException:
        path.unlink()
        raise
    weakref.finalize(raw, _remove, path, os.getpid())
    return raw


def _remove(path: Path, process: int) -> None:
    if os.getpid() == process:  # not in a fork of it
        path.unlink(missing_ok=True)
