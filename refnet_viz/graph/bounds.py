"""Theorem 1 on every edge: what the bound allows, and how much of it is used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import _check
from .attribution import Attribution


def edge_bounds(attribution: Attribution) -> pd.DataFrame:
    """Return both distances of every edge beside the bound on their difference.

    Theorem 1 (`refnet_viz.responsibility.Geometry.bound`) says
    ``|d_R - d_X| <= rho_i + rho_j`` for every pair of points.

    Parameters
    ----------
    attribution
        One Attribution with decoded answers.

    Returns
    -------
    pandas.DataFrame
        One row an edge of which both ends have every modality:

        source, target
            The ids of its ends.
        sum, refined
            d_X and d_R, their distances by the inputs of all modalities and by what z
            decodes to; at least 0, in the unit of the standardised features.
        reach
            ``rho_i + rho_j``, the residuals of both ends: by how much the distances
            may differ.
        used
            ``(refined - sum) / reach``, between -1 and 1: 0 are equal distances, 1 is
            all that the theorem allows.
        violated
            Whether the distances differ by more than the reach, rounding aside; the
            theorem says that none does.

    Raises
    ------
    TypeError
        If `attribution` is no Attribution.
    ValueError
        If nothing was decoded, or no edge joins two points with every modality.

    Examples
    --------
    >>> from refnet_viz import Embedding
    >>> from refnet_viz.graph import attribute, knn
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> own = cross_fit(Embedding.from_arrays(x[:, :1], modalities={"a": x}))
    >>> table = edge_bounds(attribute(knn(own, k=3)))
    >>> int(table.violated.sum()), bool(table.used.abs().max() <= 1)
    (0, True)
    """
    _check_answered(attribution)
    bound = attribution.proofs["sum"].bound
    whole = np.isfinite(bound.reach)
    if not whole.any():
        raise ValueError(
            "`attribution` must have an edge whose ends have every modality, got none."
        )
    refined, total, reach = (
        part[whole] for part in (bound.refined, bound.total, bound.reach)
    )
    apart, rounding = refined - total, 1e-9 * (1.0 + reach)
    # Exact answers leave nothing but rounding to be divided by nothing.
    used = np.where(np.abs(apart) > rounding, np.inf, 0.0)
    np.divide(apart, reach, out=used, where=reach > rounding)
    edges, ids = attribution.edges, attribution.graph.ids
    return pd.DataFrame(
        {
            "source": ids[edges.source[whole]],
            "target": ids[edges.target[whole]],
            "sum": total,
            "refined": refined,
            "reach": reach,
            "used": used,
            "violated": np.abs(apart) > reach + rounding,
        }
    )


def _check_answered(attribution: Any) -> None:
    example = "be one Attribution value, e.g. attributions['plain'][0]"
    _check.instance("attribution", attribution, Attribution, example=example)
    if attribution.geometry is None:
        raise ValueError(
            "`attribution` must have decoded answers, got none; "
            "`rv.responsibility.cross_fit` fits decoders to any embedding."
        )
