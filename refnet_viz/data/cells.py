"""Matrices and tables of cells: what an AnnData and a MuData hold, by their names."""

from __future__ import annotations

import importlib
import os
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .containers import is_sparse, stored_rows, whole
from .stored import Stored

SLOTS = ("X", "raw/X", "layers", "obsm")
ADVICE = 'pip install "refnet_viz[omics]" brings it'


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers of some cells, with the names of both.

    Parameters
    ----------
    X
        ``(n, d)``, dense or sparse.
    obs_names
        ``(n,)`` names of the cells.
    var_names
        ``(d,)`` names of the features, or empty where they have none.
    """

    X: Any
    obs_names: pd.Index
    var_names: tuple[str, ...] = field(default=())

    @property
    def paired(self) -> Any:
        """The matrix with its row names; a frame if it is dense."""
        table = isinstance(self.X, np.ndarray) and self.X.ndim == 2
        return pd.DataFrame(self.X, self.obs_names) if table else self


def matrix_of(adata: Any, place: str, argument: str) -> Matrix:
    """Return an AnnData's matrix at a place: "X", "layers/counts", "obsm/key", "raw/X".

    Raises
    ------
    ValueError
        If there is nothing; the sentence names what is there.
    """
    slot, _, key = place.partition("/")
    names: tuple[str, ...] = ()
    if place not in places_of(adata):
        raise ValueError(
            f"`{argument}` must be one of {', '.join(map(repr, places_of(adata)))}, "
            f"got {_check.shown(place)}."
        )
    if slot == "obsm":
        values = adata.obsm[key]
        if isinstance(values, pd.DataFrame):
            names = tuple(map(str, values.columns))
            values = values.to_numpy()
    else:
        source = adata.raw if slot == "raw" else adata
        values = adata.layers[key] if slot == "layers" else source.X
        names = tuple(map(str, source.var_names))
    values = whole(argument, stored_rows(argument, values))
    if not is_sparse(values) and not isinstance(values, Stored):
        values = np.asarray(values)
    return Matrix(values, pd.Index(adata.obs_names), names)


def places_of(adata: Any) -> list[str]:
    """Return every place of an AnnData at which it has a matrix of its cells."""
    places = ["X"] if adata.X is not None else []
    places += [f"layers/{key}" for key in adata.layers if key is not None]
    places += [f"obsm/{key}" for key in adata.obsm]
    return places + (["raw/X"] if adata.raw is not None else [])


def read_anndata(source: Any) -> Any:
    """Return an AnnData: itself, or that of an h5ad file or a zarr folder.

    Raises
    ------
    FileNotFoundError, ImportError, TypeError, ValueError
        If it is something else, in one sentence.
    """
    if not isinstance(source, str | os.PathLike):
        if hasattr(source, "mod") and hasattr(source, "obsmap"):
            raise TypeError(
                "`adata` must be an AnnData or a path to one, got a MuData, which "
                "`from_mudata` reads."
            )
        if not (hasattr(source, "obs_names") and hasattr(source, "obsm")):
            raise TypeError(
                "`adata` must be an AnnData or a path to one, "
                f"got {type(source).__name__}."
            )
        return source
    path = _path("adata", source, (".h5ad", ".zarr"))
    anndata = need("anndata", "adata")
    _check_kind("adata", path, "anndata")
    read = anndata.io.read_zarr if path.is_dir() else anndata.io.read_h5ad
    return _read("adata", path, read)


def read_mudata(source: Any) -> Any:
    """Return a MuData: itself, or that of an h5mu file or a zarr folder.

    Raises
    ------
    FileNotFoundError, ImportError, TypeError, ValueError
        If it is something else, in one sentence.
    """
    if not isinstance(source, str | os.PathLike):
        if not (hasattr(source, "mod") and hasattr(source, "obs_names")):
            advice = ", which `from_anndata` reads" * hasattr(source, "obsm")
            raise TypeError(
                "`mdata` must be a MuData or a path to one, "
                f"got {type(source).__name__}{advice}."
            )
        return source
    path = _path("mdata", source, (".h5mu", ".zarr"))
    mudata = need("mudata", "mdata")
    _check_kind("mdata", path, "mudata")
    read = mudata.read_zarr if path.is_dir() else mudata.read_h5mu
    return _read("mdata", path, read)


def _path(
    argument: str, source: str | os.PathLike[str], kinds: tuple[str, ...]
) -> Path:
    path = _check.path(argument, source)
    if not path.exists():
        raise FileNotFoundError(
            f"`{argument}` must be a file or a zarr folder, got {str(path)!r}."
        )
    if not path.is_dir() and path.suffix.lower() not in {*kinds, ".h5", ".hdf5"}:
        raise ValueError(
            f"`{argument}` must end in {' or '.join(kinds)}, got {path.name!r}."
        )
    return path


def need(package: str, argument: str = "path") -> Any:
    """Return a package of the extra ``omics``, or say what needs it.

    Examples
    --------
    >>> need("anndata").__name__
    'anndata'
    """
    try:
        with quiet():
            return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(f"`{argument}` needs {package}: {ADVICE}.") from error


def _check_kind(argument: str, path: Path, kind: str) -> None:
    """Refuse a zarr folder or an HDF5 file that says it is something else."""
    other = {"anndata": "`from_mudata` reads", "mudata": "`from_anndata` reads"}[kind]
    encoding = _read(argument, path, _encoding)
    if encoding.lower() != kind and encoding.lower() in {"anndata", "mudata"}:
        raise ValueError(
            f"`{argument}` must hold {_TITLES[kind]}, got one that holds "
            f"{_TITLES[encoding.lower()]}, which {other}: {path.name!r}."
        )
    if not encoding and path.is_dir():
        raise ValueError(
            f"`{argument}` must hold {_TITLES[kind]}, got a zarr folder of another "
            f"kind: {path.name!r}."
        )


_TITLES = {"anndata": "an AnnData", "mudata": "a MuData"}


def _encoding(path: Path) -> str:
    """Return the ``encoding-type`` of a file, "" where it declares none."""
    if path.is_dir():
        zarr = need("zarr", "path")
        group = zarr.open_group(str(path), mode="r")
        encoding = group.attrs.get("encoding-type", "")
        return str(encoding or ("mudata" if "mod" in group else ""))
    h5py = need("h5py", "path")
    with h5py.File(path, "r") as file:
        encoding = file.attrs.get("encoding-type", "")
        return str(encoding or ("mudata" if "mod" in file else ""))


def _read(argument: str, path: Path, read: Callable[[Path], Any]) -> Any:
    try:
        with quiet():
            return read(path)
    except ImportError:
        raise
    except (
        OSError,
        KeyError,
        ValueError,
        TypeError,
        RuntimeError,
        AttributeError,
        IndexError,
        EOFError,
        zlib.error,
        MemoryError,
    ) as error:
        raise ValueError(
            f"`{argument}` must be an intact file of its kind, got {path.name!r} "
            f"({_check.first_line(error)})."
        ) from error


# What is none of our users' doing: how these packages will read and write some day.
_PACKAGES = r"(anndata|mudata|zarr)\b"
_MUTED = (
    ("Cannot join columns", UserWarning),  # mudata 0.3: features of one name
    ("Writing zarr v2 data", UserWarning),  # anndata 0.12
    (".*infer_string", Warning),  # pandas 3, of anndata 0.13
)


@contextmanager
def quiet() -> Iterator[None]:
    """Mute what readers and writers say of old formats and of their own future."""
    with warnings.catch_warnings():
        for kind in (FutureWarning, DeprecationWarning, PendingDeprecationWarning):
            warnings.filterwarnings("ignore", category=kind, module=_PACKAGES)
        for message, category in _MUTED:
            warnings.filterwarnings("ignore", message, category)
        yield


def obs_of(mdata: Any) -> pd.DataFrame:
    """Return all columns that a MuData knows of its cells, in the order of its own.

    Its own ones, then those of each modality as "modality:column", gaps where a cell
    has none.
    """
    names = pd.Index(mdata.obs_names)
    table = pd.DataFrame(mdata.obs).set_axis(names)
    parts = [table]
    for key, adata in mdata.mod.items():
        frame = pd.DataFrame(adata.obs).set_axis(pd.Index(adata.obs_names))
        frame.columns = pd.Index([f"{key}:{column}" for column in frame.columns])
        # What was pulled may be of another day: the modality's own counts.
        parts[0] = parts[0].drop(columns=[c for c in frame.columns if c in parts[0]])
        if not frame.index.is_unique:
            twice = frame.index[frame.index.duplicated()][0]
            raise ValueError(
                f"`mdata` must name every cell of {key!r} once, got {twice!r} more "
                "than once."
            )
        parts.append(frame.reindex(names))
    return pd.concat(parts, axis=1)


def with_agreed(obs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the columns, and one more that several modalities have and agree on.

    Each says it of the cells that it has; of a cell in two, both must say the same.
    """
    behind = [c for c in map(str, obs.columns) if c.partition(":")[2] == name]
    if name in obs.columns or len(behind) < 2:
        return obs
    agreed = obs[behind[0]].astype(object)
    for other in (obs[column].astype(object) for column in behind[1:]):
        both = agreed.notna() & other.notna()
        if (agreed[both] != other[both]).any():
            return obs
        agreed = agreed.where(agreed.notna(), other)
    return obs.assign(**{name: agreed})


def column_of(obs: pd.DataFrame, argument: str, name: str) -> str:
    """Return the column of `obs` that a name means, with or without a modality.

    Raises
    ------
    ValueError
        If there is none, or several modalities have it and do not agree.
    """
    _check.instance(argument, name, str, example="name columns")
    if name in obs.columns:
        return name
    behind = [c for c in map(str, obs.columns) if c.partition(":")[2] == name]
    if len(behind) > 1:
        raise ValueError(
            f"`{argument}` must say which of {', '.join(map(repr, behind))} is meant, "
            f"got {name!r}."
        )
    return behind[0] if behind else _check.one_of(argument, name, list(obs.columns))


def columns_beside(obs: pd.DataFrame, metadata: Any, used: Mapping[str, str]) -> Any:
    """Return the columns that are kept beside, by default all without a meaning."""
    if metadata is None or isinstance(metadata, pd.DataFrame | pd.Series):
        return metadata
    if metadata is ...:
        return obs.drop(columns=list(used.values()))
    names = [metadata] if isinstance(metadata, str) else list(metadata)
    return obs[[column_of(obs, "metadata", name) for name in names]]
