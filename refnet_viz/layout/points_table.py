"""Embeddings as a parquet table of points, in the schema that embedding-atlas reads."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd

from ..cells import annotated
from ..data.cells import quiet
from ..graph import Neighbors
from ..graph.cells import in_one_order, latent_graphs
from .projection import project


def points_table(spaces: Any) -> bytes:
    """Return a parquet file with a row a point, for ``embedding-atlas x.parquet``.

    Columns: "id"; "x", "y" (with several embeddings "x: plain" ...) of the UMAP layout
    of z; "neighbors" of the first embedding as ``{ids, distances}``, row numbers from
    0, the point itself first, at distance 0; "text" for hovering; metadata and
    everything that `Embedding.to_anndata` says of a row.

    Raises
    ------
    ImportError
        If pyarrow or anndata is missing.
    TypeError, ValueError
        If values are of another kind or ids differ.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 (optional)
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "`path` needs pyarrow to end in '.parquet': "
            'pip install "refnet_viz[parquet]" brings it.'
        ) from error
    lined = in_one_order(spaces)
    first = next(iter(lined.values()))
    graphs = latent_graphs(lined)
    columns: dict[str, Any] = {"id": pa.array(first.ids.tolist())}
    for key, layout in project(lined).items():
        behind = f": {key}" if key else ""
        columns[f"x{behind}"] = pa.array(layout.coordinates[:, 0].astype(np.float64))
        columns[f"y{behind}"] = pa.array(layout.coordinates[:, 1].astype(np.float64))
    if graphs:
        columns["neighbors"] = pa.array(_neighbors(next(iter(graphs.values()))))
    if first.media.texts:
        columns["text"] = pa.array(list(first.media.texts))
    with quiet():
        observations = annotated(lined, graphs).obs.reset_index(drop=True)
    for name in observations.columns:
        key = f"{name} (refnet_viz)" if name in columns else name
        values = observations[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object).where(values.notna(), None)
        columns[key] = pa.array(values, from_pandas=True)
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def _neighbors(graph: Neighbors) -> list[dict[str, Any]]:
    """Return the neighbours of every row, itself first."""
    return [
        {"ids": [row, *ids], "distances": [0.0, *distances]}
        for row, (ids, distances) in enumerate(
            zip(graph.indices.tolist(), graph.distances.tolist(), strict=True)
        )
    ]
