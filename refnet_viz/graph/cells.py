"""Embeddings and graphs as AnnData and MuData, in the conventions of scanpy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from .. import _check
from .._nested import Variants, as_variants
from ..cells import OURS, annotated, plain, put
from ..data.cells import need, quiet
from ..embedding import Embedding
from .neighbors import Neighbors
from .search import knn


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
    lined = in_one_order(spaces)
    ids = next(iter(lined.values())).ids
    kept = {
        key: g.reordered(ids, name=f"graphs[{key!r}]", like="the first")
        for key, g in _graphs(lined, graphs).items()
    }
    return annotated(lined, kept)


def in_one_order(spaces: Any) -> dict[str, Embedding]:
    """Return embeddings by name, with the rows of the first; a single one has none.

    Raises
    ------
    TypeError, ValueError
        If values are of another kind, or ids differ.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0]])
    >>> list(in_one_order(line)), list(in_one_order([line, line]))
    ([''], ['seed_0', 'seed_1'])
    """
    embeddings = dict(_flat("spaces", spaces, Embedding))
    first = next(iter(embeddings.values()))
    return {
        key: e.reordered(first.ids, name=f"spaces[{key!r}]", like="the first")
        for key, e in embeddings.items()
    }


def latent_graphs(every: Mapping[str, Embedding]) -> dict[str, Neighbors]:
    """Return the graphs of the latent spaces that have more than one row.

    Examples
    --------
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]])
    >>> latent_graphs({"a": line})["a"].k
    2
    """
    return {key: knn(e) for key, e in every.items() if len(e) > 1}


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
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [3.0]])
    >>> list(to_mudata(Embedding.from_arrays(x, modalities={"rna": x})).mod)
    ['latent', 'rna']
    """
    mudata, anndata = need("mudata"), need("anndata")
    embeddings = dict(_flat("spaces", spaces, Embedding))
    first = next(iter(embeddings.values()))
    searched = _graphs(embeddings, graphs)
    parts: dict[str, Any] = {}
    for key, embedding in embeddings.items():
        graph: Any = searched.get(key, {})
        if isinstance(graph, Neighbors):
            graph = graph.reordered(embedding.ids, name=f"graphs[{key!r}]", like="it")
        put(parts, key or "latent", to_anndata(embedding, graph))
    for name, values in first.inputs.items():
        present = first.present_in(name)
        cells = pd.DataFrame(index=pd.Index(first.ids[present].astype(object)))
        title = f"{name} ({OURS})" if name in parts else name
        with quiet():
            put(parts, title, anndata.AnnData(values[present], cells))
    with quiet():
        return mudata.MuData(parts)


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
            yield plain(f"{variant}_{seed}" if many else variant), value


def _graphs(every: Mapping[str, Embedding], graphs: Any) -> dict[str, Neighbors]:
    """Return the graphs that are handed over by name, or those of the latent spaces."""
    if graphs is not None:
        return dict(_flat("graphs", graphs, Neighbors))
    return latent_graphs(every)


def write_cells(spaces: Any, path: Any, suffix: str) -> None:
    """Write embeddings and their graphs as ``.h5ad`` or ``.h5mu``."""
    _check.one_of("path suffix", suffix, (".h5ad", ".h5mu"))
    with quiet():
        if suffix == ".h5ad":
            to_anndata(spaces).write_h5ad(path)
        else:
            to_mudata(spaces).write_h5mu(path)
