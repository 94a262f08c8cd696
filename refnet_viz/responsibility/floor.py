"""Least error of linear refiners by width, and the error that a refiner leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .. import _check
from .._threads import one_thread_for
from ..embedding import Embedding
from .geometry import Floats, Geometry


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of the modality-sum kernel beside the width of z.

    Parameters
    ----------
    eigenvalues
        Eigenvalues of ``K = sum_m w_m X_m X_m^T`` (targets centred), falling.
    width
        d, the width of z.
    achieved
        ``sum_i rho_i^2`` of the refiner.
    condition
        Square root of the condition number of the mean pull-back metric
        ``sum_m w_m mean_i J_m^T J_m``: by how much d_Z can distort d_R, at least 1; NaN
        where the decoders are not known.
    """

    eigenvalues: Floats
    width: int
    achieved: float
    condition: float

    @property
    def total(self) -> float:
        """``sum_i |x_i - mean|^2`` with the weights: what answering the mean leaves."""
        return float(self.eigenvalues.sum())

    @property
    def floor(self) -> float:
        """``sum_(k > d) lambda_k``: no linear refiner of width d leaves less.

        With Z of d orthonormal columns the best decoders leave tr K - tr Z^T K Z, and
        Ky Fan's theorem bounds the latter by the d largest eigenvalues. It is about
        these very rows: decoders that are not linear may fall below it.
        """
        return float(self.eigenvalues[self.width :].sum())

    @property
    def achieved_share(self) -> float:
        """Error as a share of the mean's error; lower is better."""
        return self.achieved / self.total if self.total else np.nan

    @property
    def floor_share(self) -> float:
        """The floor, as a share of what the mean leaves."""
        return self.floor / self.total if self.total else np.nan


def spectrum(
    embedding: Embedding, weights: Mapping[str, float] | None = None
) -> Spectrum:
    """Return the spectrum of the modality-sum kernel, its floor and what was reached.

    Parameters
    ----------
    embedding
        With `targets` and `decoded`, of held-out rows; those with every modality count.
    weights
        As in `Embedding.space`.

    Returns
    -------
    Spectrum

    Raises
    ------
    ValueError
        If nothing was decoded, a row was trained on, or no row has every modality.

    Examples
    --------
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> own = Embedding.from_arrays(x[:, :1], modalities={"a": x})
    >>> found = spectrum(cross_fit(own))
    >>> found.width, len(found.eigenvalues), bool(found.floor < found.achieved)
    (1, 3, True)
    """
    _check.instance("embedding", embedding, Embedding)
    geometry = Geometry.of(embedding, weights)
    rows = geometry.whole
    if not rows.any():
        raise ValueError("`embedding` must have a row with every modality, got none.")
    x = geometry.points("sum")[rows]
    x = x - x.mean(axis=0)
    small = x if len(x) < x.shape[1] else x.T
    with one_thread_for(len(x)):
        values = np.maximum(np.linalg.eigvalsh(small @ small.T)[::-1], 0.0)
        condition = _condition(embedding, geometry.weights)
    achieved = float(np.sum(geometry.rho[rows] ** 2))
    return Spectrum(values, embedding.z.shape[1], achieved, condition)


def _condition(embedding: Embedding, weights: Mapping[str, float]) -> float:
    if not all(name in embedding.decoders for name in weights):
        return np.nan
    metric = sum(
        weight * embedding.decoders[name].pull_back(embedding.z)
        for name, weight in weights.items()
    )
    values = np.linalg.eigvalsh(metric)
    least = max(float(values[0]), 0.0)
    return float(np.sqrt(values[-1] / least)) if least > 0 else np.inf
