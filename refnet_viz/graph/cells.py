"""Embeddings and graphs as AnnData and MuData, in the conventions of scanpy."""

from __future__ import annotations

import importlib
import json
from collections.abc import Hashable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .._nested import Variants, as_variants
from ..data.cells import quiet
from ..embedding import Embedding
from ..responsibility import scores_by_point
from .neighbors import Neighbors, knn
from .points import purity_by_point

OURS = "refnet_viz"  # the entry of uns, and what parts our columns from metadata
SEPARATOR = "_"  # in place of a slash, which makes a folder of an HDF5 key


def to_anndata(spaces: Any, graphs: Any = None) -> Any:
    """Return embeddings of the same rows, and their graphs, as one AnnData.

    ======================  ========================================================
    part                    content
    ======================  ========================================================
    ``X``                   z of the first embedding
    ``obsm``                "X_latent", with several embeddings "X_<variant>"; every
                            modality by its name (standardised; NaN where it is absent)
    ``obsp``, ``uns``       distances (directed) and connectivities (`similarity` of
                            the union graph), with scanpy's parameters: "neighbors", or
                            a ``neighbors_key`` a variant
    ``obs``                 metadata; "label", "prediction" (ordered categories), or
                            "target", "predicted"; "purity" of the neighbours;
                            "responsibility: <modality>"; diagnostics; "held_out"
    ``uns["refnet_viz"]``   configuration and origin, as JSON
    ======================  ========================================================

    A name that metadata have already gets " (refnet_viz)" behind it; a slash becomes an
    underscore. Times, and what is no plain value, become text.

    Parameters
    ----------
    spaces
        An Embedding, a list, or a mapping of variants; the same ids.
    graphs
        Neighbors in the same shape; None searches 15 neighbours in the latent space;
        an empty mapping writes none.

    Returns
    -------
    anndata.AnnData

    Raises
    ------
    ImportError
        If anndata is missing.
    TypeError, ValueError
        If values are of another kind, ids differ, or names repeat.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]], labels=["a", "a", "b"])
    >>> adata = to_anndata(line)
    >>> list(adata.obs), adata.uns["neighbors"]["params"]["n_neighbors"]
    (['label', 'purity', 'held_out'], 3)
    """
    anndata = _need("anndata")
    every = dict(_flat("spaces", spaces, Embedding))
    found = dict(_flat("graphs", _searched(every, graphs), Neighbors))
    first = next(iter(every.values()))
    lined = {key: e.reordered(first.ids, name=f"spaces[{key!r}]", like="the first")
             for key, e in every.items()}  # fmt: skip
    kept = {key: g.reordered(first.ids, name=f"graphs[{key!r}]", like="the first")
            for key, g in found.items()}  # fmt: skip
    names = pd.Index(first.ids.astype(object))
    with quiet():
        adata = anndata.AnnData(first.z.copy(), pd.DataFrame(index=names))
        for key, embedding in lined.items():
            adata.obsm[f"X_{key or 'latent'}"] = embedding.z.copy()
        for name, values in first.inputs.items():
            there = first.present_in(name)[:, None]
            _put(adata.obsm, name, np.where(there, values, np.nan))
        for key, graph in kept.items():
            _add_graph(adata, key, graph, rep=_rep(graph, lined))
        adata.obs = _observations(lined, kept, names)
        adata.uns[OURS] = {
            "class_names": np.array(first.class_names, dtype=object),
            "origin": json.dumps(
                {key or "latent": e.info for key, e in lined.items()}, default=str
            ),
        }
    return adata


def to_mudata(spaces: Any, graphs: Any = None) -> Any:
    """Return embeddings as a MuData: a modality each, beside those of the data.

    Every embedding is an AnnData with z as X and its graph ("latent", or the name of
    the variant); every modality of the data holds the rows in which it is present.

    Parameters
    ----------
    spaces, graphs
        As in `to_anndata`.

    Returns
    -------
    mudata.MuData

    Raises
    ------
    ImportError
        If mudata is missing.
    TypeError, ValueError
        As `to_anndata`.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [3.0]])
    >>> list(to_mudata(Embedding.from_arrays(x, modalities={"rna": x})).mod)
    ['latent', 'rna']
    """
    mudata, anndata = _need("mudata"), _need("anndata")
    every = dict(_flat("spaces", spaces, Embedding))
    found = dict(_flat("graphs", _searched(every, graphs), Neighbors))
    first = next(iter(every.values()))
    parts: dict[str, Any] = {}
    for key, embedding in every.items():
        own: Any = found.get(key, {})
        if isinstance(own, Neighbors):
            own = own.reordered(embedding.ids, name=f"graphs[{key!r}]", like="it")
        _put(parts, key or "latent", to_anndata(embedding, own))
    for name, values in first.inputs.items():
        there = first.present_in(name)
        cells = pd.DataFrame(index=pd.Index(first.ids[there].astype(object)))
        title = f"{name} ({OURS})" if name in parts else name
        with quiet():
            _put(parts, title, anndata.AnnData(values[there], cells))
    with quiet():
        return mudata.MuData(parts)


def _need(package: str) -> Any:
    try:
        with quiet():
            return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f'`path` needs {package}: pip install "refnet_viz[omics]" brings it.'
        ) from error


def _flat(name: str, values: Any, kind: type) -> Iterator[tuple[str, Any]]:
    """Return (name, value) of every value; the name of a single one is empty."""
    if isinstance(values, Mapping) and not values and kind is Neighbors:
        return
    if isinstance(values, kind):
        yield "", values
        return
    named = isinstance(values, Mapping)
    variants: Variants[Any] = as_variants(name, values, kind, alone="seed")
    for variant, seeds in variants.items():
        for seed, value in enumerate(seeds):
            many = len(seeds) > 1 or not named
            yield _plain(f"{variant}_{seed}" if many else variant), value


def _searched(every: Mapping[str, Embedding], graphs: Any) -> Any:
    if graphs is not None:
        return graphs
    large = {key: e for key, e in every.items() if len(e) > 1}
    if list(large) == [""]:
        return knn(large[""])
    return knn(large) if large else {}


def _plain(name: Hashable) -> str:
    return str(name).replace("/", SEPARATOR)


def _put(where: Any, name: str, value: Any) -> None:
    """Add an entry under a plain name, refused where that is taken."""
    key = _plain(name)
    if key in where:
        raise ValueError(f"`spaces` must have names of their own, got {key!r} twice.")
    where[key] = value


def _rep(graph: Neighbors, every: Mapping[str, Embedding]) -> str:
    """Return the key of obsm that a graph was searched in, as far as it is one."""
    if graph.space != "latent":
        return _plain(graph.space)
    same = [key for key, e in every.items() if e.digest == graph.embedding.digest]
    return f"X_{(same or list(every))[0] or 'latent'}"


def _add_graph(adata: Any, key: str, graph: Neighbors, *, rep: str) -> None:
    """Add distances, connectivities and the parameters that scanpy reads."""
    ends = [f"{key}_{end}" if key else end for end in ("distances", "connectivities")]
    adata.obsp[ends[0]] = _matrix(graph.adjacency("directed", "distance"))
    adata.obsp[ends[1]] = _matrix(graph.adjacency("union", "similarity"))
    parameters = {
        "n_neighbors": graph.k + 1,  # scanpy counts the cell itself
        "method": OURS, "metric": graph.metric, "random_state": 0,
    }  # fmt: skip
    if rep in adata.obsm:
        parameters["use_rep"] = rep
    adata.uns[key or "neighbors"] = {
        "distances_key": ends[0], "connectivities_key": ends[1], "params": parameters,
    }  # fmt: skip


def _matrix(graph: Any) -> Any:
    from scipy.sparse import csr_matrix  # noqa: PLC0415 (what scanpy's code expects)

    return csr_matrix(graph)


def _observations(
    every: Mapping[str, Embedding], graphs: Mapping[str, Neighbors], names: pd.Index
) -> pd.DataFrame:
    """Return everything that is known of each row, in columns that can be written."""
    first = next(iter(every.values()))
    found: dict[str, Any] = {}
    for name in first.metadata.columns:
        _put(found, str(name), writable(first.metadata[name]))
    for name, values in _points(every, graphs):
        key = _plain(name)
        _put(found, f"{key} ({OURS})" if key in found else key, values)
    return pd.DataFrame({k: pd.Series(v) for k, v in found.items()}).set_axis(names)


def _points(
    every: Mapping[str, Embedding], graphs: Mapping[str, Neighbors]
) -> Iterator[tuple[str, Any]]:
    """Return name and values of what we say of every row."""
    first = next(iter(every.values()))
    if first.labels is not None:
        yield "label", classes(first, first.labels)
    if first.target is not None:
        yield "target", first.target
    for key, embedding in every.items():
        for name, values in _of_embedding(embedding):
            yield f"{name}: {key}" if key else name, values
    for key, graph in graphs.items():
        if graph.labels is not None:
            yield f"purity: {key}" if key else "purity", purity_by_point(graph)
    yield "held_out", first.held_out


def _of_embedding(embedding: Embedding) -> Iterator[tuple[str, Any]]:
    """Return name and values of what one embedding says of every row."""
    if embedding.predictions is not None:
        yield "prediction", classes(embedding, embedding.predictions)
    if embedding.predicted is not None:
        yield "predicted", np.asarray(embedding.predicted)
    if embedding.decoded and embedding.held_out.all():
        scores = scores_by_point(embedding, ranks=False)
        for name in scores.columns:
            yield f"responsibility: {name}", scores[name].to_numpy()
    own = {str(name) for name in embedding.metadata.columns}
    for name, values in embedding.columns.items():
        if name not in own:
            yield name, np.asarray(values)


def classes(embedding: Embedding, labels: Any) -> Any:
    """Return labels as ordered categories; several of a row are joined by "; ".

    Examples
    --------
    >>> e = Embedding.from_arrays(np.eye(2), labels=["low", "high"])
    >>> classes(e, np.array([0, -1])).tolist()
    ['high', nan]
    """
    names = list(embedding.class_names)
    if labels.ndim == 1:
        return pd.Categorical.from_codes(labels, pd.Index(names), ordered=True)
    texts = [
        None if row[0] < 0 else "; ".join(names[c] for c in np.flatnonzero(row == 1))
        for row in labels
    ]
    return pd.Categorical(texts, ordered=True)


def writable(column: pd.Series[Any]) -> Any:
    """Return a metadata column in a form that HDF5 and parquet hold.

    Numbers, bools and categories stay; times and what is no plain value become text,
    gaps stay gaps.

    Examples
    --------
    >>> writable(pd.Series([[1, 2], None])).tolist()
    ['[1, 2]', nan]
    """
    values = column.reset_index(drop=True)
    if isinstance(values.dtype, pd.CategoricalDtype):
        texts = [str(name) for name in values.dtype.categories]
        return pd.Categorical.from_codes(
            values.cat.codes, pd.Index(texts), ordered=bool(values.dtype.ordered)
        )
    arrow = isinstance(values.dtype, pd.ArrowDtype)
    if values.dtype.kind in "biuf" and not arrow:
        return values.array
    gaps = values.isna().to_numpy()
    entries = values.tolist()
    if values.dtype.kind == "O" and _are_numbers(entries, gaps):
        return np.array(
            [np.nan if gap else float(e) for e, gap in zip(entries, gaps, strict=True)]
        )
    texts = [_text(entry) for entry in entries]
    if gaps.any():  # anndata would make categories of them while it writes
        kept = [None if gap else t for t, gap in zip(texts, gaps, strict=True)]
        return pd.Categorical(kept)
    return np.array(texts, dtype=object)


def _are_numbers(entries: list[Any], gaps: Any) -> bool:
    kinds = (int, float, Decimal, np.number)
    there = [e for e, gap in zip(entries, gaps, strict=True) if not gap]
    return bool(there) and all(
        isinstance(e, kinds) and not isinstance(e, bool) for e in there
    )


def _text(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, bytes):
        return entry.decode("utf-8", "replace")
    if isinstance(entry, dict | list | tuple):
        return json.dumps(entry, default=str, ensure_ascii=False)
    return str(entry.isoformat() if hasattr(entry, "isoformat") else entry)


def write_cells(spaces: Any, path: Any, suffix: str) -> None:
    """Write embeddings and their graphs as ``.h5ad`` or ``.h5mu``."""
    _check.one_of("path suffix", suffix, (".h5ad", ".h5mu"))
    with quiet():
        if suffix == ".h5ad":
            to_anndata(spaces).write_h5ad(path)
        else:
            to_mudata(spaces).write_h5mu(path)
