"""Take apart what carries data: entries in the order of rows, and the rows' names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._memory import check_room
from .on_disk import on_disk
from .raw_file import MODES
from .stored import Stored

ID_COLUMN = "id"
_INT64 = 2**63  # whole numbers from here on are names as text
_SPARSE_LAYOUTS = {
    f"torch.sparse_{kind}" for kind in ("coo", "csr", "csc", "bsr", "bsc")
}


@dataclass(frozen=True, eq=False)
class Argument:
    """Something with one entry a row.

    Parameters
    ----------
    name
        What the caller calls it.
    values
        Array, frame, Series, sparse matrix, list, `Modality` or `Media`.
    names
        A pandas Index of the names of its rows, or None where they stand in order only.
    mask
        For sequences and token ids: which positions hold data.
    chosen
        Whether the names are those that the caller wants for the rows.
    """

    name: str
    values: Any
    names: Any = None
    mask: Any = None
    chosen: bool = False

    def __len__(self) -> int:
        # The shape of a `Modality` is that of one sample.
        shape = self.values.shape if hasattr(self.values, "ndim") else ()
        return int(shape[0]) if shape else len(self.values)

    @property
    def numbered(self) -> bool:
        """Whether its rows are named by whole numbers, as pandas does unasked."""
        return self.names is not None and is_whole(self.names)

    @property
    def counted(self) -> bool:
        """Whether its rows are merely counted from 0."""
        return is_counted(self.names)


def is_whole(names: pd.Index) -> bool:
    """Return whether names of rows are whole numbers.

    Examples
    --------
    >>> is_whole(pd.RangeIndex(2)), is_whole(pd.Index(["a", "b"]))
    (True, False)
    """
    return names.dtype.kind in "iu"


def is_counted(names: Any) -> bool:
    """Return whether names are the numbers from 0 that pandas gives unasked.

    Examples
    --------
    >>> is_counted(pd.RangeIndex(3)), is_counted(pd.Index([0, 1, 2]))
    (True, False)
    """
    return isinstance(names, pd.RangeIndex) and names.start == 0 and names.step == 1


def take_apart(
    name: str, values: Any, id_column: str | None = None, *, masked: bool = False
) -> Argument:
    """Return the entries of a container and the names of its rows.

    Row names are the index of pandas objects, the column `id_column` (or "id") of
    tables, ``obs_names`` of an AnnData, and the first coordinate of an xarray.

    Parameters
    ----------
    name
        What the caller calls it.
    values
        Anything with one entry a row; a mapping of columns.
    id_column
        The column that names the rows of tables.
    masked
        Whether these are values of a modality: a pair of two is ``(values, mask)``, and
        memory maps stay on disk.

    Raises
    ------
    ValueError
        If rows are named by something that is missing or repeats.

    Examples
    --------
    >>> part = take_apart("rna", pd.DataFrame({"g": [1.0, 2.0]}, index=["u", "v"]))
    >>> part.names.tolist(), part.values.shape
    (['u', 'v'], (2, 1))
    """
    if masked and isinstance(values, tuple) and len(values) == 2:
        inner = not isinstance(values[0], tuple)
        part = take_apart(name, values[0], id_column, masked=inner)
        return replace(part, mask=values[1])
    values = stored_rows(name, values) if masked else values
    values = as_pandas(_of_sparse_tensor(name, values), name)
    names: Any = None
    if isinstance(values, pd.DataFrame):
        values, names = _named_by_column(values, id_column)
    elif isinstance(values, pd.Series):
        names = values.index
    elif hasattr(values, "obs_names") and hasattr(values, "var_names"):  # AnnData
        names = pd.Index(values.obs_names)
        values = _of_anndata(name, values)
    elif hasattr(values, "dims") and hasattr(values, "coords"):  # xarray
        first = values.dims[0] if values.dims else None
        if first is not None and first in values.coords:
            names = pd.Index(np.asarray(values.coords[first].values))
        values = np.asarray(values.values)
    elif hasattr(values, "pictures") and hasattr(values, "texts"):  # Media
        names = values.names
    return Argument(name, values, None if names is None else row_names(name, names))


def stored_rows(name: str, values: Any) -> Any:
    """Return maps and arrays of files as rows that stay on disk, all else as it is.

    Examples
    --------
    >>> stored_rows("rna", [[1.0]])
    [[1.0]]
    """
    if isinstance(values, np.memmap):
        in_file = values.filename is not None and values.mode in MODES
        return on_disk(values, name=name) if in_file else values
    root = type(values).__module__.split(".")[0]
    is_array = root in {"h5py", "zarr"} and hasattr(values, "chunks")
    return on_disk(values, name=name) if is_array else values


def is_sparse(values: Any) -> bool:
    """Return whether this is a sparse matrix of scipy.

    Examples
    --------
    >>> is_sparse(np.eye(2))
    False
    """
    return type(values).__module__.startswith("scipy.sparse")


def as_pandas(values: Any, name: str = "values") -> Any:
    """Return tables of other libraries as pandas objects; all else as it stands.

    A mapping becomes a Series where its values are single, else a frame.

    Examples
    --------
    >>> as_pandas({"u": 1, "v": 2}).index.tolist()
    ['u', 'v']
    """
    if isinstance(values, Mapping) and not is_sparse(values):  # one format is a dict
        return _of_mapping(name, values)
    root = type(values).__module__.split(".")[0]
    if root in {"numpy", "pandas", "builtins", "scipy", "torch"}:
        return values
    if root == "pyarrow" and hasattr(values, "to_pandas"):
        return values.to_pandas()  # keeps an index that pandas had left in it
    if root == "duckdb" and hasattr(values, "to_arrow_table"):
        return values.to_arrow_table().to_pandas()
    if root in {"polars", "narwhals"} or hasattr(values, "__arrow_c_stream__"):
        import narwhals as nw  # noqa: PLC0415 (only tables of other libraries need it)

        frame = nw.from_native(values, pass_through=True, allow_series=True)
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect()
        if isinstance(frame, nw.DataFrame | nw.Series):
            return frame.to_pandas()
    return values


def _of_mapping(name: str, values: Mapping[Any, Any]) -> Any:
    """Return a dict, keys and all, as a column; one of columns as a table."""
    single = all(is_single(value) for value in values.values())
    try:
        if single and values:
            return pd.Series(dict(values))
        return pd.DataFrame(dict(values))
    except (TypeError, ValueError, RuntimeError) as error:  # in pandas' words
        raise ValueError(
            f"`{name}` must hold columns of one length, got a mapping of others "
            f"({_check.first_line(error)})."
        ) from error


def _of_sparse_tensor(name: str, values: Any) -> Any:
    """Return a sparse tensor of torch as scipy's, without its gradient."""
    if str(getattr(values, "layout", "")) not in _SPARSE_LAYOUTS:
        return values
    if values.is_meta:
        raise TypeError(
            f"`{name}` must hold values, got a tensor on the device 'meta'."
        )
    from scipy.sparse import coo_array  # noqa: PLC0415 (only where one comes)

    tensor = values.detach().cpu().to_sparse_coo().coalesce()
    entries = tensor.values()
    if entries.is_floating_point() and entries.itemsize < 4:  # none in scipy
        entries = entries.float()
    places = tuple(tensor.indices().numpy())
    return coo_array((entries.numpy(), places), shape=tuple(tensor.shape))


def row_names(name: str, names: Any) -> pd.Index:
    """Return names of rows as text or as whole numbers, unique and without gaps.

    Bytes are UTF-8, whole floats are whole numbers, levels are joined by " / ".

    Raises
    ------
    ValueError
        If a name is missing or occurs twice.

    Examples
    --------
    >>> row_names("rna", [b"u", "v"]).tolist(), row_names("rna", [1.0, 2.0]).tolist()
    (['u', 'v'], [1, 2])
    """
    # As objects: pandas would keep text as Arrow, which holds no half surrogate.
    if isinstance(names, np.ma.MaskedArray):  # of which pandas drops the mask
        masked, names = np.ma.getmaskarray(names), names.astype(object).data
        names[masked] = None
    index = names if isinstance(names, pd.Index) else pd.Index(names, dtype=object)
    if isinstance(index, pd.RangeIndex):
        return index
    if isinstance(index, pd.MultiIndex):
        index = pd.Index([" / ".join(map(str, entry)) for entry in index])
    gaps = np.asarray(pd.isna(index))
    if gaps.any():
        raise ValueError(
            f"`{name}` must name every row, got no name for row {gaps.argmax()}."
        )
    if _are_whole(index):
        index = index.astype(np.int64)
    if index.dtype.kind not in "iu":
        index = pd.Index([text_of(entry) for entry in index], dtype=object)
    if not index.is_unique:
        twice = text_of(index[index.duplicated()][0])
        rule = "be unique" if name == "ids" else "name every row once"
        raise ValueError(f"`{name}` must {rule}, got {twice!r} more than once.")
    return index


def _are_whole(index: Any) -> bool:
    """Return whether all names are whole numbers."""
    if index.dtype.kind == "f":
        held = np.abs(index) < _INT64  # larger ones, and infinity, are text
        return bool((held & (index == np.floor(index))).all())
    return index.dtype.kind == "O" and all(_is_whole(entry) for entry in index)


def _is_whole(entry: Any) -> bool:
    if isinstance(entry, float | np.floating):
        return float(entry).is_integer() and abs(float(entry)) < _INT64
    if not isinstance(entry, int | np.integer) or isinstance(entry, bool):
        return False
    return -_INT64 <= int(entry) < _INT64


def text_of(entry: Any) -> str:
    """Return an entry as text: bytes are UTF-8, whole floats whole numbers.

    Examples
    --------
    >>> text_of(b"T cell"), text_of(2.0), text_of(True)
    ('T cell', '2', 'True')
    """
    if isinstance(entry, bytes):
        return entry.decode("utf-8", "surrogateescape")
    if isinstance(entry, float | np.floating) and float(entry).is_integer():
        return str(int(entry))
    return str(entry)


def _named_by_column(
    frame: pd.DataFrame, id_column: str | None
) -> tuple[pd.DataFrame, pd.Index]:
    """Return a table without the column that names its rows, and the names.

    A column "id" that nobody declared names rows only if it can: each once.
    """
    if id_column is not None and id_column in frame.columns:
        return frame.drop(columns=id_column), pd.Index(frame[id_column])
    counted = id_column is None and isinstance(frame.index, pd.RangeIndex)
    once = list(frame.columns).count(ID_COLUMN) == 1
    if counted and once and _names_rows(frame[ID_COLUMN]):
        return frame.drop(columns=ID_COLUMN), pd.Index(frame[ID_COLUMN])
    return frame, frame.index


def _names_rows(column: pd.Series[Any]) -> bool:
    try:
        return bool(column.is_unique) and not column.isna().any()
    except TypeError:  # lists and the like
        return False


def _of_anndata(name: str, values: Any) -> Any:
    """Return the matrix of an AnnData: a frame of its variables, on disk or sparse."""
    matrix = stored_rows(name, values.X)
    if isinstance(matrix, Stored):
        titles = pd.Index(values.var_names).astype(str)
        return replace(matrix, titles=tuple(titles))
    matrix = whole(name, matrix)
    if isinstance(matrix, np.ndarray) and matrix.ndim == 2:
        return pd.DataFrame(matrix, columns=pd.Index(values.var_names).astype(str))
    return matrix


def whole(name: str, matrix: Any) -> Any:
    """Return a sparse matrix of a file in memory, all else as it is.

    Raises
    ------
    MemoryError
        If it does not fit, said before it is read.

    Examples
    --------
    >>> whole("rna", np.eye(1)).tolist()
    [[1.0]]
    """
    if not hasattr(matrix, "to_memory"):
        return matrix
    parts = [matrix.group[key] for key in ("data", "indices", "indptr")]
    needed = sum(part.size * part.dtype.itemsize for part in parts)
    check_room(name, needed, "reading a sparse matrix of a file")
    return matrix.to_memory()


def is_single(value: Any) -> bool:
    """Return whether this is one entry.

    Examples
    --------
    >>> is_single("word"), is_single(["word"])
    (True, False)
    """
    if getattr(value, "shape", ()) != ():  # pandas 3.1.1 calls a tensor a scalar
        return False
    return bool(np.isscalar(value) or value is None or pd.api.types.is_scalar(value))


def has_entries(values: Any) -> bool:
    """Return whether these are several things in an order.

    Examples
    --------
    >>> has_entries([1]), has_entries({1}), has_entries(1)
    (True, False, False)
    """
    if isinstance(values, type | set | frozenset):
        return False
    shape = getattr(values, "shape", None)
    return len(shape) > 0 if shape is not None else hasattr(values, "__len__")


def row_of(values: Any, index: npt.NDArray[np.intp]) -> Any:
    """Return the rows of a container at `index`, whatever container it is.

    Examples
    --------
    >>> row_of(["a", "b"], np.array([1, 1]))
    ['b', 'b']
    """
    if hasattr(values, "iloc"):
        return values.iloc[index]
    if hasattr(values, "take") and not isinstance(values, np.ndarray):
        return values.take(index)
    if isinstance(values, list | tuple):
        return [values[i] for i in index]
    return values[index]
