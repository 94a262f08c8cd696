"""Tables to be read: files of several kinds and frames of several libraries."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd

from .. import _check
from .columns import is_bytes_type, stored_type

KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "Arrow",
    ".arrows": "Arrow",
    ".feather": "Arrow",
    ".ipc": "Arrow",
}
PACKED: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
UNNAMED = "Unnamed: 0"  # what pandas calls a first column without a name
BLOCK = 2**26  # bytes of JSON that are read at once; no line may be longer


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of N rows, kept as pandas or Arrow keep them.

    Parameters
    ----------
    frame
        A `pandas.DataFrame` or a `pyarrow.Table`.
    path
        The file it was read from, or None.
    """

    frame: Any
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def in_arrow(self) -> bool:
        """Whether Arrow keeps the columns."""
        return not isinstance(self.frame, pd.DataFrame)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, as text."""
        if self.in_arrow:
            return tuple(self.frame.column_names)
        return tuple(map(str, self.frame.columns))

    def pandas(self, names: Sequence[str]) -> pd.DataFrame:
        """Return some columns as a pandas frame, rows numbered from 0.

        Examples
        --------
        >>> Table(pd.DataFrame({"a": [1], "b": [2]})).pandas(["b"]).to_dict("list")
        {'b': [2]}
        """
        if self.in_arrow:
            part = self.frame.select(list(names)).replace_schema_metadata()
            return part.to_pandas(split_blocks=True, date_as_object=False)
        places = [self.columns.index(name) for name in names]
        part = self.frame.iloc[:, places].reset_index(drop=True)
        part.columns = pd.Index(list(names))
        return part

    def series(self, name: str) -> pd.Series[Any]:
        """Return a column as a pandas Series, lists in it as lists.

        Examples
        --------
        >>> Table(pd.DataFrame({"a": [1, 2]})).series("a").tolist()
        [1, 2]
        """
        if self.in_arrow and _holds_objects(self.frame.schema.field(name).type):
            return pd.Series(self.frame[name].to_pylist(), dtype=object, name=name)
        return self.pandas([name]).iloc[:, 0]

    def arrow(self, name: str) -> Any:
        """Return a column as Arrow keeps it, or None where it does not.

        Examples
        --------
        >>> Table(pd.DataFrame({"a": [1, 2]})).arrow("a") is None
        True
        """
        if self.in_arrow:
            return self.frame[name]
        column = self.frame.iloc[:, self.columns.index(name)]
        if not isinstance(column.dtype, pd.ArrowDtype):
            return None
        import pyarrow as pa  # noqa: PLC0415 (there, as pandas uses it)

        return pa.chunked_array(pa.array(column))


def read_source(source: Any, *, text: Collection[str] = ()) -> Table:
    """Return the table that a path or a frame of some library means.

    Parameters
    ----------
    source
        Path to a csv, tsv, json lines, parquet, Arrow or Feather file; a frame of
        pandas, Polars, DuckDB, Arrow or whatever narwhals or the Arrow PyCapsule
        interface know; a mapping of columns.
    text
        Columns that csv files have as text, whatever they look like: the id "007"
        is no number.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file is damaged, empty or of another kind, or columns repeat.

    Examples
    --------
    >>> read_source({"a": [1, 2]}).columns
    ('a',)
    """
    if isinstance(source, str | os.PathLike):
        table = _read_file(_check.path("source", source), text)
    elif isinstance(source, pd.DataFrame):
        table = Table(source)
    elif isinstance(source, dict):
        table = Table(pd.DataFrame(source))
    else:
        table = Table(_as_arrow(source))
    if not len(table) or not table.columns:
        raise ValueError(
            f"`source` must have at least one row and one column, got {len(table)} "
            f"rows and {len(table.columns)} columns{_of(table.path)}."
        )
    _refuse_repeated(table.columns, table.path)
    return table


def _of(path: Path | None) -> str:
    return "" if path is None else f" in {path.name!r}"


def _refuse_repeated(names: Sequence[str], path: Path | None) -> None:
    repeated = next((name for name in names if list(names).count(name) > 1), None)
    if repeated is not None:
        raise ValueError(
            "`source` must have columns of different names, "
            f"got {repeated!r} more than once{_of(path)}."
        )


def _as_arrow(source: Any) -> Any:
    """Return a frame of another library as an Arrow table."""
    pa = need_pyarrow("frames other than those of pandas")
    import narwhals as nw  # noqa: PLC0415 (only these frames need it)

    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    if isinstance(source, pa.RecordBatchReader):
        return source.read_all()
    frame = nw.from_native(source, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        lazy = frame.implementation.is_polars()
        frame = frame.collect() if lazy else frame.collect(backend="pyarrow")
    if isinstance(frame, nw.DataFrame):
        # Categories of Polars stand in the order in which any column met them.
        chance = [key for key, kind in frame.schema.items() if kind == nw.Categorical]
        if frame.implementation.is_polars() and chance:
            frame = frame.with_columns(nw.col(chance).cast(nw.String))
        return frame.to_arrow()
    if hasattr(source, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(source).read_all()
    if hasattr(source, "to_table"):  # a pyarrow.dataset.Dataset
        return source.to_table()
    raise TypeError(
        "`source` must be a path to a table or a frame of pandas, Polars, Arrow, "
        f"DuckDB or the like, got {type(source).__name__}."
    )


def need_pyarrow(format_name: str) -> Any:
    """Return pyarrow, or say what needs it and how it is installed.

    Examples
    --------
    >>> need_pyarrow("parquet files").__name__
    'pyarrow'
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise ImportError(
            f"`source` needs pyarrow to read {format_name}: "
            'pip install "refnet_viz[parquet]" brings it.'
        ) from error
    return pa


def is_table(path: Path) -> bool:
    """Return whether a file's name is that of a table.

    Examples
    --------
    >>> is_table(Path("a.csv.gz")), is_table(Path("a.npz"))
    (True, False)
    """
    return _endings(path)[0] in KINDS


def _endings(path: Path) -> tuple[str, str]:
    """Return what a file's name ends in, and how it is packed, if it is."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1] if suffixes and suffixes[-1] in PACKED else ""
    return ([s for s in suffixes if s not in PACKED] or [""])[-1], packed


def _read_file(path: Path, text: Collection[str]) -> Table:
    ending, packed = _endings(path)
    if not path.exists():
        raise FileNotFoundError(f"`source` must be a file, got {str(path)!r}.")
    if path.is_dir():
        ending = ".parquet"
    if ending not in KINDS:
        raise ValueError(
            f"`source` must end in one of {', '.join(KINDS)} (or .gz after it), "
            f"got {path.name!r}."
        )
    kind = KINDS[ending]
    try:
        return Table(_READERS[kind](path, packed, text), path)
    except (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, _SentenceError | FileNotFoundError):
            raise
        reason = _check.first_line(error).split(". ")[0]
        raise ValueError(
            f"`source` must be a whole {kind} file, got {path.name!r}: {reason}."
        ) from error


class _SentenceError(ValueError):
    """An error that is a sentence of ours already."""


def _opened(path: Path, packed: str) -> IO[bytes]:
    file: IO[bytes] = PACKED[packed](path, "rb") if packed else path.open("rb")
    return file


def _read_csv(path: Path, packed: str, text: Collection[str]) -> pd.DataFrame:
    tabs = "\t" if ".tsv" in path.name.lower() or ".tab" in path.name.lower() else None
    names, separator = _header(path, packed, tabs)
    if not names:
        return pd.DataFrame()
    columns = [name for name in names if name]
    repeated = next((name for name in columns if columns.count(name) > 1), None)
    if repeated is not None:  # pandas would call the second one "a.1"
        raise _SentenceError(
            "`source` must have columns of different names, "
            f"got {repeated!r} more than once in {path.name!r}."
        )
    dtypes = {name: str for name in [*text, UNNAMED] if name in {*names, UNNAMED}}
    with _opened(path, packed) as file:
        frame = pd.read_csv(
            file, sep=separator, dtype=dtypes, encoding="utf-8-sig", low_memory=False
        )
    return _with_row_names(frame) if names[0] == "" else frame


def _header(path: Path, packed: str, separator: str | None) -> tuple[list[str], str]:
    """Return the names in the first line of a csv file, and what separates them."""
    with _opened(path, packed) as file:
        lines = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        first = next((line for line in lines if line.strip()), "")
        if separator is None:
            separator = max(",;\t", key=first.count) if first else ","
        whole = [first, *(line for line, _ in zip(lines, range(20), strict=False))]
        names = next(csv.reader(whole, delimiter=separator), [])
    return [name.strip() if not name.strip() else name for name in names], separator


def _with_row_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a saved frame with its index again, where the first column can be one."""
    if UNNAMED not in frame.columns:
        return frame
    names, rest = frame[UNNAMED], frame.drop(columns=UNNAMED)
    if names.isna().any() or not names.is_unique:
        return frame
    counted = (names == [str(i) for i in range(len(names))]).all()
    return rest if counted else rest.set_index(pd.Index(names, name=None))


def _read_json_lines(path: Path, packed: str, _text: Collection[str]) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 (optional)
        from pyarrow import json  # noqa: PLC0415
    except ImportError:
        return _pandas_json(path, packed, lines=True)
    options = json.ReadOptions(block_size=BLOCK)
    try:
        with _opened(path, packed) as file:
            return json.read_json(file, read_options=options)
    except pa.ArrowInvalid:  # columns of mixed types; pandas keeps them as objects
        return _pandas_json(path, packed, lines=True)


def _read_json(path: Path, packed: str, text: Collection[str]) -> Any:
    with _opened(path, packed) as file:
        array = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    if array:
        return _pandas_json(path, packed, lines=False)
    return _read_json_lines(path, packed, text)


def _pandas_json(path: Path, packed: str, *, lines: bool) -> pd.DataFrame:
    with _opened(path, packed) as file:
        frame: Any = pd.read_json(file, lines=lines, orient="records", dtype=False)
    return frame


def _read_parquet(path: Path, packed: str, _text: Collection[str]) -> Any:
    pa = need_pyarrow("parquet files")
    from pyarrow import parquet  # noqa: PLC0415 (optional)

    if not packed:
        return parquet.read_table(path)
    with _opened(path, packed) as file:
        return parquet.read_table(pa.BufferReader(file.read()))


def _read_arrow(path: Path, packed: str, _text: Collection[str]) -> Any:
    pa = need_pyarrow("Arrow files")
    with _opened(path, packed) as file:
        # Not mapped into memory: a file that changes later must not change the data.
        content = pa.py_buffer(file.read())
    if content.slice(0, 6).to_pybytes() == b"ARROW1":
        return pa.ipc.open_file(content).read_all()
    if content.slice(0, 4).to_pybytes() == b"FEA1":
        return pa.feather.read_table(pa.BufferReader(content))
    return pa.ipc.open_stream(content).read_all()


_READERS: dict[str, Callable[[Path, str, Collection[str]], Any]] = {
    "csv": _read_csv,
    "tsv": _read_csv,
    "json lines": _read_json_lines,
    "json": _read_json,
    "parquet": _read_parquet,
    "Arrow": _read_arrow,
}


def _holds_objects(kind: Any) -> bool:
    """Return whether entries of an Arrow type are lists, structs or bytes."""
    import pyarrow as pa  # noqa: PLC0415 (there, as a table of it is)

    kind = stored_type(kind)
    return bool(pa.types.is_nested(kind) or is_bytes_type(kind))
