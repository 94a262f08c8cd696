"""Embeddings as AnnData, in the conventions of scanpy; graphs are handed over."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._search import nearest
from .data.alike import share_alike
from .data.answers import label_texts, labelled
from .data.cells import need, quiet
from .decoder import share_answered

if TYPE_CHECKING:
    from .embedding import Embedding

OURS = "refnet_viz"  # the entry of uns, and what parts our columns from metadata
SEPARATOR = "_"  # in place of a slash, which makes a folder of an HDF5 key
NEIGHBORS = 15  # of a graph that nobody handed over


class Graph(Protocol):
    """The parts of a nearest-neighbour graph that are written; see `graph.Neighbors`.

    ``indices`` and ``distances`` are ``(N, k)``, -1 and infinite where a row lacks the
    space.
    """

    @property
    def space(self) -> str:
        """Name of the space searched."""

    @property
    def metric(self) -> str:
        """Name of the distance, as scikit-learn has it."""

    @property
    def indices(self) -> npt.NDArray[np.int64]:
        """``(N, k)`` row numbers."""

    @property
    def distances(self) -> npt.NDArray[np.float64]:
        """``(N, k)``, rising along each row."""


@dataclass(frozen=True, eq=False)
class LatentGraph:
    """The nearest neighbours of every row by the Euclidean distance of z."""

    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    space: str = "latent"
    metric: str = "euclidean"


def latent_graph(z: npt.NDArray[np.floating]) -> LatentGraph:
    """Return the graph of `NEIGHBORS` neighbours a row, of all others where fewer.

    Examples
    --------
    >>> latent_graph(np.array([[0.0], [1.0], [3.0]])).indices.tolist()
    [[1, 2], [0, 2], [1, 0]]
    """
    k = min(NEIGHBORS, len(z) - 1)
    return LatentGraph(*nearest(z.astype(np.float64), k, metric="euclidean"))


def annotated(embeddings: Mapping[str, Embedding], graphs: Mapping[str, Graph]) -> Any:
    """Return embeddings and graphs of the same rows, in the same order, as an AnnData.

    Parameters
    ----------
    every
        Embeddings by name; the name of a single one is empty.
    graphs
        Graphs of the same rows by name; an empty name is scanpy's "neighbors".

    Returns
    -------
    anndata.AnnData
        As `graph.to_anndata` says.

    Raises
    ------
    ImportError
        If anndata is missing.
    ValueError
        If two parts would have one name.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> line = Embedding.from_arrays([[0.0], [1.0], [3.0]])
    >>> annotated({"": line}, {"": latent_graph(line.z)}).obsp["distances"].nnz
    6
    """
    anndata = need("anndata")
    first = next(iter(embeddings.values()))
    names = pd.Index(first.ids.astype(object))
    with quiet():
        adata = anndata.AnnData(first.z.copy(), pd.DataFrame(index=names))
        for key, embedding in embeddings.items():
            adata.obsm[f"X_{key or 'latent'}"] = embedding.z.copy()
        for name, values in first.inputs.items():
            present = first.present_in(name)[:, None]
            put(adata.obsm, name, np.where(present, values, np.nan))
        for key, graph in graphs.items():
            _add_graph(adata, key, graph, rep=_rep(graph, embeddings))
        adata.obs = _observations(embeddings, graphs, names)
        adata.uns[OURS] = {
            "class_names": np.array(first.class_names, dtype=object),
            "origin": json.dumps(
                {key or "latent": e.info for key, e in embeddings.items()}, default=str
            ),
        }
    return adata


def plain(name: Hashable) -> str:
    """Return a name as a key of HDF5, which makes a folder at every slash."""
    return str(name).replace("/", SEPARATOR)


def put(where: Any, name: str, value: Any) -> None:
    """Add an entry under a plain name, refused where that is taken."""
    key = plain(name)
    if key in where:
        raise ValueError(f"`spaces` must have names of their own, got {key!r} twice.")
    where[key] = value


def _rep(graph: Any, embeddings: Mapping[str, Embedding]) -> str:
    """Return the key of obsm that a graph was searched in, as far as it is one."""
    if graph.space != "latent":
        return plain(graph.space)
    origin = getattr(graph, "embedding", None)
    same = [
        key for key, e in embeddings.items() if origin and e.digest == origin.digest
    ]
    return f"X_{(same or list(embeddings))[0] or 'latent'}"


def _add_graph(adata: Any, key: str, graph: Graph, *, rep: str) -> None:
    """Add distances, connectivities and the parameters that scanpy reads."""
    ends = [f"{key}_{end}" if key else end for end in ("distances", "connectivities")]
    adata.obsp[ends[0]], adata.obsp[ends[1]] = _matrices(graph)
    parameters = {
        "n_neighbors": graph.indices.shape[1] + 1,  # scanpy counts the cell itself
        "method": OURS, "metric": graph.metric, "random_state": 0,
    }  # fmt: skip
    if rep in adata.obsm:
        parameters["use_rep"] = rep
    adata.uns[key or "neighbors"] = {
        "distances_key": ends[0], "connectivities_key": ends[1], "params": parameters,
    }  # fmt: skip


def _matrices(graph: Graph) -> tuple[Any, Any]:
    """Return distances (directed) and connectivities of the union, both ``(N, N)``.

    A connectivity is ``1 / (1 + d / r)``, r being the mean distance of all neighbours.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415 (late; what scanpy expects)

    n, k = graph.indices.shape
    valid = graph.indices.ravel() >= 0
    row = np.repeat(np.arange(n), k)[valid]
    column, distance = graph.indices.ravel()[valid], graph.distances.ravel()[valid]
    scale = float(distance.mean()) if len(distance) else 0.0
    weight = 1 / (1 + distance / (scale if scale > 0 else 1.0))
    both = np.append(row * n + column, column * n + row)
    pairs, first = np.unique(both, return_index=True)
    weights = np.append(weight, weight)[first]
    return (
        csr_matrix((distance, (row, column)), shape=(n, n)),
        csr_matrix((weights, (pairs // n, pairs % n)), shape=(n, n)),
    )


def _observations(
    embeddings: Mapping[str, Embedding], graphs: Mapping[str, Graph], names: pd.Index
) -> pd.DataFrame:
    """Return everything that is known of each row, in columns that can be written."""
    first = next(iter(embeddings.values()))
    columns: dict[str, Any] = {}
    for name in first.metadata.columns:
        put(columns, str(name), writable(first.metadata[name]))
    for name, values in _points(embeddings, graphs):
        key = plain(name)
        put(columns, f"{key} ({OURS})" if key in columns else key, values)
    return pd.DataFrame({k: pd.Series(v) for k, v in columns.items()}).set_axis(names)


def _points(
    embeddings: Mapping[str, Embedding], graphs: Mapping[str, Graph]
) -> Iterator[tuple[str, Any]]:
    """Return name and values of what we say of every row."""
    first = next(iter(embeddings.values()))
    if first.labels is not None:
        yield "label", classes(first, first.labels)
    if first.target is not None:
        yield "target", first.target
    for key, embedding in embeddings.items():
        for name, values in _of_embedding(embedding):
            yield f"{name}: {key}" if key else name, values
    for key, graph in graphs.items():
        if first.labels is not None:
            shares = share_alike(first.labels, graph.indices)
            yield f"purity: {key}" if key else "purity", shares
    yield "held_out", first.held_out


def _of_embedding(embedding: Embedding) -> Iterator[tuple[str, Any]]:
    """Return name and values of what one embedding says of every row."""
    if embedding.predictions is not None:
        yield "prediction", classes(embedding, embedding.predictions)
    if embedding.predicted is not None:
        yield "predicted", np.asarray(embedding.predicted)
    if embedding.answers_held_out:
        for name, answer in embedding.decoded.items():
            present, score = embedding.present_in(name), np.full(len(embedding), np.nan)
            score[present] = share_answered(
                embedding.targets[name][present], answer[present]
            )
            yield f"responsibility: {name}", score
    metadata = {str(name) for name in embedding.metadata.columns}
    for name, values in embedding.columns.items():
        if name not in metadata:
            yield name, np.asarray(values)


def classes(embedding: Embedding, labels: Any) -> Any:
    """Return labels as ordered categories; several of a row are joined by "; ".

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> e = Embedding.from_arrays(np.eye(2), labels=["low", "high"])
    >>> classes(e, np.array([0, -1])).tolist()
    ['high', nan]
    """
    names = list(embedding.class_names)
    if labels.ndim == 1:
        return pd.Categorical.from_codes(labels, pd.Index(names), ordered=True)
    texts = np.array(label_texts(labels, names, none=""), dtype=object)
    texts[~labelled(labels, None, len(labels))] = None
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
        entries_or_none = [
            None if gap else t for t, gap in zip(texts, gaps, strict=True)
        ]
        return pd.Categorical(entries_or_none)
    return np.array(texts, dtype=object)


def _are_numbers(entries: list[Any], gaps: Any) -> bool:
    kinds = (int, float, Decimal, np.number)
    present = [e for e, gap in zip(entries, gaps, strict=True) if not gap]
    return bool(present) and all(
        isinstance(e, kinds) and not isinstance(e, bool) for e in present
    )


def _text(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, bytes):
        return entry.decode("utf-8", "replace")
    if isinstance(entry, dict | list | tuple):
        return json.dumps(entry, default=str, ensure_ascii=False)
    return str(entry.isoformat() if hasattr(entry, "isoformat") else entry)
