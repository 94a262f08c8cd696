"""From which modality the hubs of a fused graph are inherited."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .ground import Grounds
from .neighbors import Neighbors
from .points import in_degree

Bools = npt.NDArray[np.bool_]


def hubs(graph: Neighbors) -> Bools:
    """Return which points occur as neighbours far more often than others.

    More than two standard deviations above the mean, which is k, of the points that are
    in the graph.

    Examples
    --------
    >>> from refnet_viz.graph import knn
    >>> star = np.vstack([np.zeros((1, 6)), np.eye(6)])
    >>> hubs(knn(star, k=1)).tolist()
    [True, False, False, False, False, False, False]
    """
    counts = in_degree(graph)
    return np.asarray(counts > graph.k + 2 * counts[graph.present].std())


def modal_hubs(graph: Neighbors, grounds: Grounds) -> Bools:
    """Return ``(N, M)``: which points are hubs of each modality's own graph."""
    flags = np.zeros((len(graph), len(graph.embedding.inputs)), dtype=bool)
    for column, name in enumerate(graph.embedding.inputs):
        ground = grounds.of(graph.embedding, name)
        if ground is not None:
            flags[:, column] = hubs(ground)
    return flags


def hub_table(graph: Neighbors, modal: Bools) -> pd.DataFrame:
    """Return how many hubs of the fused graph are hubs by each modality.

    Parameters
    ----------
    graph
        The fused graph.
    modal
        ``(N, M)`` bool: the hubs of each modality's own graph, see `modal_hubs`.

    Returns
    -------
    pandas.DataFrame
        Columns modality, hubs (of the fused graph), inherited (how many of them the
        modality has too), share and chance (the share of its hubs among all points of
        the fused graph); a last row "emergent" counts those that no modality has.
    """
    fused = hubs(graph)
    count = int(fused.sum())
    columns = [*graph.embedding.inputs, "emergent"]
    masks = np.column_stack([modal, ~modal.any(axis=1)])
    return pd.DataFrame(
        [
            {
                "modality": name,
                "hubs": count,
                "inherited": int(mask[fused].sum()),
                "share": mask[fused].mean() if count else np.nan,
                "chance": mask[graph.present].mean(),
            }
            for name, mask in zip(columns, masks.T, strict=True)
        ]
    )
