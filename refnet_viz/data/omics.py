"""Datasets from AnnData and MuData: objects, h5ad, h5mu and zarr."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from .. import _check
from .cells import (
    Matrix,
    column_of,
    columns_beside,
    matrix_of,
    obs_of,
    read_anndata,
    read_mudata,
    with_agreed,
)
from .dataset import Dataset, Media
from .gather import modality_names

ROLES = ("labels", "target", "split", "groups")


def from_anndata(  # noqa: PLR0913 (all by name)
    adata: Any,
    *,
    modalities: Mapping[str, str],
    labels: Any = None,
    target: Any = None,
    split: Any = None,
    groups: Any = None,
    metadata: Any = ...,
    class_names: Sequence[Any] = (),
    unlabelled: Any = None,
    media: Media | None = None,
    name: str | None = None,
) -> Dataset:
    """Read a dataset from an AnnData.

    Ids are its ``obs_names``, features are called as its ``var_names``. Sparse
    matrices stay sparse; one of more than 256 MiB if it were dense becomes its 100
    leading singular directions, fitted on training rows.

    Parameters
    ----------
    adata
        An AnnData, or the path of an ``.h5ad`` file or a zarr folder (which need the
        extra ``omics``, a folder also the package zarr).
    modalities
        Name to where its matrix is: "X", "layers/counts", "obsm/protein" or "raw/X".
    labels, target, split, groups
        Columns of ``obs``, or values of their own, as in `Dataset.from_arrays`.
    metadata
        Columns of ``obs`` to be kept beside, by default all without another meaning;
        a frame of its own, or None.
    class_names, unlabelled, media
        As in `Dataset.from_arrays`.
    name
        What tables and figures call the data; None takes the file's name.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If anndata, h5py or zarr is needed and missing.
    TypeError, ValueError
        If it is something else or damaged, or lacks a matrix or a column.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> adata = AnnData(np.eye(4), obsm={"protein": np.ones((4, 2))})
    >>> adata.obs["cell_type"] = ["T", "B", "T", "B"]
    >>> data = from_anndata(adata, labels="cell_type",
    ...                     modalities={"rna": "X", "protein": "obsm/protein"})
    >>> data.shape, data.class_names, data.modalities["rna"].features
    ((4, 2), ('B', 'T'), ('0', '1', '2', '3'))
    """
    keys = modality_names(modalities)
    cells = read_anndata(adata)
    matrices = {
        key: matrix_of(cells, _place(key, modalities[word]), f"modalities[{key!r}]")
        for key, word in keys.items()
    }
    obs = pd.DataFrame(cells.obs).set_axis(pd.Index(cells.obs_names))
    roles = {"labels": labels, "target": target, "split": split, "groups": groups}
    return _dataset(
        matrices,
        obs,
        roles,
        metadata,
        ids=pd.Index(cells.obs_names),
        source=_source(adata, cells),
        name=_title(adata, name),
        class_names=class_names,
        unlabelled=unlabelled,
        media=media,
    )


def from_mudata(  # noqa: PLR0913 (all by name)
    mdata: Any,
    *,
    modalities: Mapping[str, str] | Sequence[str] | None = None,
    labels: Any = None,
    target: Any = None,
    split: Any = None,
    groups: Any = None,
    metadata: Any = ...,
    class_names: Sequence[Any] = (),
    unlabelled: Any = None,
    media: Media | None = None,
    name: str | None = None,
) -> Dataset:
    """Read a dataset from a MuData.

    Modalities are paired by the names of their cells, whatever their order; a cell
    that a modality lacks is not present in it. Ids are the ``obs_names`` of the
    whole.

    Parameters
    ----------
    mdata
        A MuData, or the path of an ``.h5mu`` file or a zarr folder (which need the
        extra ``omics``, a folder also the package zarr).
    modalities
        Name to where its matrix is: "rna" or "rna/X", "rna/layers/counts",
        "rna/obsm/X_pca", "rna/raw/X", or "obsm/X_mofa" of the whole; names of
        modalities for their X; None takes all of them.
    labels, target, split, groups
        Columns of ``obs``, of the whole or of a modality: "cell_type" or
        "rna:cell_type"; or values of their own, as in `Dataset.from_arrays`.
    metadata
        Columns to be kept beside, by default all without another meaning; a frame of
        its own, or None.
    class_names, unlabelled, media
        As in `Dataset.from_arrays`.
    name
        What tables and figures call the data; None takes the file's name.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If mudata, h5py or zarr is needed and missing.
    TypeError, ValueError
        If it is something else or damaged, or lacks a modality, a matrix or a column.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from refnet_viz.data.cells import quiet
    >>> cells = pd.DataFrame(index=["u", "v", "w"])
    >>> with quiet():
    ...     from mudata import MuData
    ...     rna = AnnData(np.array([[1.0], [2.0], [3.0]]), cells)
    ...     mdata = MuData({"rna": rna, "atac": AnnData(np.eye(2), cells[1:][::-1])})
    >>> data = from_mudata(mdata)
    >>> data.ids.tolist(), data.present[:, 1].tolist()
    (['u', 'v', 'w'], [False, True, True])
    >>> data.modalities["atac"].values[1].tolist()
    [0.0, 1.0]
    """
    whole = read_mudata(mdata)
    if getattr(whole, "axis", 0) != 0:
        raise ValueError(
            "`mdata` must have modalities of the same cells (axis 0), "
            f"got axis {whole.axis}."
        )
    choice = _wanted(whole, modalities)
    keys = modality_names(choice)
    matrices = {
        key: _matrix(whole, key, _place(key, choice[word]))
        for key, word in keys.items()
    }
    roles = {"labels": labels, "target": target, "split": split, "groups": groups}
    return _dataset(
        matrices,
        obs_of(whole),
        roles,
        metadata,
        ids=pd.Index(whole.obs_names),
        source=_source(mdata, whole),
        name=_title(mdata, name),
        class_names=class_names,
        unlabelled=unlabelled,
        media=media,
    )


def _place(key: str, place: Any) -> str:
    if not isinstance(place, str):
        raise TypeError(
            f"`modalities[{key!r}]` must be a place such as 'X' or 'obsm/protein', "
            f"got {type(place).__name__}."
        )
    return place.strip("/")


def _wanted(mdata: Any, modalities: Any) -> Any:
    """Return modality to place, whichever way they were asked for."""
    if modalities is None:
        return {key: f"{key}/X" for key in mdata.mod}
    if isinstance(modalities, str):
        modalities = [modalities]
    if isinstance(modalities, Mapping):
        return modalities
    return {
        key: f"{_check.one_of('modalities', key, list(mdata.mod))}/X"
        for key in modalities
    }


def _matrix(mdata: Any, key: str, place: str) -> Matrix:
    """Return the matrix that a place of a MuData means."""
    argument = f"modalities[{key!r}]"
    for modality in sorted(mdata.mod, key=len, reverse=True):
        if place == modality or place.startswith(f"{modality}/"):
            return _of_modality(mdata, modality, place[len(modality) + 1 :], argument)
    slot, _, rest = place.partition("/")
    if slot == "obsm" and rest in mdata.obsm and rest not in mdata.mod:
        values, names = mdata.obsm[rest], tuple[str, ...]()
        if isinstance(values, pd.DataFrame):
            names, values = tuple(map(str, values.columns)), values.to_numpy()
        return Matrix(values, pd.Index(mdata.obs_names), names)
    if key in mdata.mod and slot in {"X", "layers", "obsm", "raw"}:
        return _of_modality(mdata, key, place, argument)
    places = [*mdata.mod, *(f"obsm/{k}" for k in mdata.obsm if k not in mdata.mod)]
    raise ValueError(
        f"`{argument}` must begin with one of {', '.join(map(repr, places))}, "
        f"got {_check.shown(place)}."
    )


def _of_modality(mdata: Any, key: str, place: str, argument: str) -> Matrix:
    cells = mdata.mod[key]
    if hasattr(cells, "mod"):
        raise ValueError(
            f"`{argument}` must be in an AnnData, got {key!r}, which is a MuData."
        )
    return matrix_of(cells, place or "X", argument)


def _dataset(
    matrices: dict[str, Matrix],
    obs: pd.DataFrame,
    roles: dict[str, Any],
    metadata: Any,
    *,
    ids: pd.Index,
    source: dict[str, Any],
    name: str,
    **options: Any,
) -> Dataset:
    """Return the dataset of some matrices, paired by the names of their cells."""
    for value in roles.values():
        obs = with_agreed(obs, value) if isinstance(value, str) else obs
    words = {
        key: column_of(obs, key, value)
        for key, value in roles.items()
        if isinstance(value, str) and not _for_all(key, value, obs)
    }
    values: dict[str, Any] = {
        key: obs[words[key]] if key in words else roles[key] for key in ROLES
    }
    data = Dataset.from_arrays(
        {key: matrix.paired for key, matrix in matrices.items()},
        ids=ids,
        **values,
        metadata=columns_beside(obs, metadata, words),
        join="outer",
        info={"source": [source]},
        name=name,
        **options,
    )
    return _with_features(data, matrices)


def _for_all(role: str, value: str, obs: pd.DataFrame) -> bool:
    """Return whether a word is the part of all rows rather than a column."""
    return role == "split" and value in {"train", "val", "test"} and value not in obs


def _with_features(data: Dataset, matrices: Mapping[str, Matrix]) -> Dataset:
    """Return the dataset with the names of its features, where they are still there."""
    encoded = data.info.get("encoders", {})
    modalities = {
        key: modality
        if key in encoded
        else replace(modality, features=matrices[key].var_names)
        for key, modality in data.modalities.items()
    }
    return replace(data, modalities=modalities)


def _source(source: Any, cells: Any) -> dict[str, Any]:
    path = isinstance(source, str | os.PathLike)
    return {
        "kind": "file" if path else type(cells).__name__,
        "name": Path(source).name if path else None,
        "rows": int(cells.n_obs),
        "columns": int(cells.n_vars),
    }


def _title(source: Any, name: str | None) -> str:
    if name is not None:
        return name
    return Path(source).stem if isinstance(source, str | os.PathLike) else "dataset"
