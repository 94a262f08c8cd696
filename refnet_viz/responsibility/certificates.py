"""Certificates from residuals: edges, neighbourhoods, and labels of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _check
from .._threads import in_blocks
from ..embedding import Embedding
from .geometry import Bound, Floats, Geometry, Rows, pair_distances

Bools = npt.NDArray[np.bool_]


def certified(bound: Bound, radius: Floats) -> Bools:
    """Return a mask of pairs proved to be neighbours in the modality-sum metric.

    ``d_R(i,j) + rho_i + rho_j <= d_X^(k')(i)`` makes j one of the k' nearest of i by
    the sum of modalities (Theorem 1 gives d_X(i,j) <= d_R + rho_i + rho_j).

    Parameters
    ----------
    bound
        Theorem 1's bounds of ``E`` pairs.
    radius
        ``(E,)`` or ``(E, K)`` distance d_X of the k'-th nearest of each first end.

    Returns
    -------
    numpy.ndarray
        Bool, like `radius`. False proves nothing.

    Examples
    --------
    >>> one = np.ones(1)
    >>> certified(Bound(one, one, 0 * one, 0.5 * one), np.array([[1.4, 1.5]])).tolist()
    [[False, True]]
    """
    _check.instance("bound", bound, Bound)
    radius = _radius(bound, radius)
    least = bound.refined + bound.reach
    return np.asarray(least.reshape(-1, *[1] * (radius.ndim - 1)) <= radius)


def supported(bound: Bound, radius: Floats) -> Bools:
    """Return a mask of pairs that are neighbours in the modality-sum metric.

    As in `certified`, with d_X in place of its upper bound; ties count.

    Parameters
    ----------
    bound
        Theorem 1's bounds of ``E`` pairs.
    radius
        ``(E,)`` or ``(E, K)`` distance d_X of the k'-th nearest of each first end.

    Returns
    -------
    numpy.ndarray
        Bool, like `radius`.

    Examples
    --------
    >>> one = np.ones(1)
    >>> supported(Bound(one, one, 0 * one, 0.5 * one), np.array([[0.9, 1.0]])).tolist()
    [[False, True]]
    """
    _check.instance("bound", bound, Bound)
    # Distances of pairs are summed by modality, radii at once.
    radius = _radius(bound, radius)
    reached = radius * (1 + 1e-12)
    return np.asarray(bound.total.reshape(-1, *[1] * (radius.ndim - 1)) <= reached)


def _radius(bound: Bound, radius: Any) -> Floats:
    """Return radii as an array of a row a pair."""
    array = _check.numbers("radius", radius)
    if not array.ndim or len(array) != len(bound.total):
        raise ValueError(
            f"`radius` must have a row for each of the {len(bound.total)} pairs of "
            f"`bound`, got shape {array.shape}."
        )
    return array


def _ends(name: str, rows: Any, n: int) -> Rows:
    """Return ends of pairs as row numbers."""
    rows = _check.unmasked(name, rows)
    try:
        ends = np.asarray(rows)
    except (TypeError, ValueError, RuntimeError):  # what is no array
        ends = np.empty((), dtype=object)
    whole = ends.ndim == 1 and ends.dtype.kind in "iu"
    if not whole or not np.all((ends >= 0) & (ends < n)):
        raise ValueError(
            f"`{name}` must be row numbers of shape (E,) from 0 and below {n}, "
            f"got {_check.shown(rows)}."
        )
    return ends.astype(np.intp)


def recovery_margins(geometry: Geometry, k: int) -> Floats:
    """Return by how much each neighbourhood is proved to be that of the modality-sum.

    ``d_X^(k+1)(i) - d_X^(k)(i) - 2 (rho_i + max_j rho_j)``: where it is above 0, the k
    nearest in the refined metric are the k nearest in the modality-sum metric.
    Inside points have d_R <= d_X^(k) + rho_i + rho_j, those outside have
    d_R >= d_X^(k+1) - rho_i - rho_j.

    Parameters
    ----------
    geometry
        Metrics of an embedding with at least k + 2 whole rows.
    k
        Neighbours a point.

    Returns
    -------
    numpy.ndarray
        ``(N,)``; NaN for rows that lack a modality.

    Raises
    ------
    ValueError
        If there are too few rows for the k.

    Examples
    --------
    >>> x = {"a": np.array([[0.0], [1.0], [3.0], [9.0]])}
    >>> exact = Geometry({"a": 1.0}, x, x, np.ones((4, 1), dtype=bool))
    >>> recovery_margins(exact, 1).round(6).tolist()
    [2.0, 1.0, 1.0, 2.0]
    """
    _check.instance("geometry", geometry, Geometry)
    k = _check.k_neighbors(k, int(geometry.whole.sum()) - 1)
    near, far = geometry.radii([k, k + 1]).T
    return far - near - 2 * (geometry.rho + np.nanmax(geometry.rho))


def pure_by_loss(
    z: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int64],
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
) -> Bools:
    """Return a mask of points proved to have only neighbours of their label.

    With cosines s_ij, the two terms of the Multi-Similarity loss of an anchor are
    ``P_i = log(1 + sum_p exp(-alpha (s_ip - l))) / alpha`` over all others of its label
    and ``Q_i = log(1 + sum_n exp(beta (s_in - l))) / beta`` over the rest. No cosine is
    above 1, so each positive but the farthest takes at least ``exp(-alpha (1 - l))`` of
    the first sum, which leaves for every positive
    ``s_ip >= 1 - log(1 + sum_p (exp(alpha (1 - s_ip)) - 1)) / alpha``; every negative
    has ``s_in <= l + log(exp(beta Q_i) - 1) / beta``. The base l drops out. Where the
    first exceeds the second, every positive is nearer than every negative by cosine.
    Unlike in training no pair is mined away, and all rows count.

    Parameters
    ----------
    z
        ``(N, d)`` fused vectors.
    labels
        ``(N,)`` class numbers; unlabelled points (-1) are left out, as in training.
    alpha, beta
        Scales of the loss's positive and negative terms.

    Returns
    -------
    numpy.ndarray
        ``(N,)`` bool: whether the nearest neighbours of the point by cosine, as many
        as it has positives, among labelled points all have its label. False proves
        nothing; a point without a label or positives is never proved.

    Raises
    ------
    ValueError
        If there are several labels a point, or a number is not above 0.

    Examples
    --------
    >>> z = np.array([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.0], [0.9, 0.0]])
    >>> pure_by_loss(z, np.array([0, 0, 1, 2])).tolist()
    [False, False, False, False]
    >>> pure_by_loss(z[:3], np.array([0, 0, 1])).tolist()
    [True, True, False]

    References
    ----------
    Loss: Wang et al., "Multi-Similarity Loss with General Pair Weighting", CVPR 2019,
    equation 12. The statement: refnet_viz.
    """
    z = _check.matrix("z", z)
    labels = _check.unmasked("labels", labels)
    if not isinstance(labels, np.ndarray):
        labels = _check.numbers("labels", labels)
    if labels.ndim != 1:
        raise ValueError(
            f"`labels` must be one class a point, got shape {labels.shape}."
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"`labels` must be whole numbers, got {_check.shown(labels)}.")
    _check.rows("labels", len(labels), len(z), "z")
    has_label = labels >= 0
    if not has_label.all():
        proved = np.zeros(len(z), dtype=bool)
        if has_label.any():
            proved[has_label] = pure_by_loss(
                z[has_label], labels[has_label], alpha=alpha, beta=beta
            )
        return proved
    alpha = _check.number("alpha", alpha, low=1e-9)
    beta = _check.number("beta", beta, low=1e-9)
    norms = np.linalg.norm(z.astype(np.float64), axis=1, keepdims=True)
    unit = z / np.where(norms > 0, norms, 1.0)
    proved = np.zeros(len(z), dtype=bool)

    def step(part: slice) -> None:
        cosines = unit[part] @ unit.T
        same = labels[part, None] == labels
        negative = _log_sum(np.where(same, -np.inf, beta * cosines)) / beta
        same[np.arange(len(same)), np.arange(part.start, part.stop)] = False
        with np.errstate(over="ignore"):  # proves nothing
            excess = np.expm1(alpha * np.maximum(1 - cosines, 0.0))
        positive = 1 - np.log1p(np.where(same, excess, 0.0).sum(axis=1)) / alpha
        # Cosines are rounded: what is proved must not hang on the last digits.
        proved[part] = (positive > negative + 1e-9) & same.any(axis=1)

    in_blocks(step, len(z), 2 * len(z), title="labels")
    return proved


def _log_sum(exponents: Floats) -> Floats:
    """Return log(sum(exp)) of each line, minus infinity where all are."""
    most = exponents.max(axis=1)
    base = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        log_sums: Floats = base + np.log(np.exp(exponents - base[:, None]).sum(axis=1))
    return log_sums


def lipschitz_bound(
    embedding: Embedding, modality: str, *, source: Rows, target: Rows
) -> Floats:
    """Return an upper bound of ``|x_mi - x_mj|`` from latent distances: a statement.

    ``L_m |z_i - z_j| + eps_mi + eps_mj``, L_m being `Decoder.lipschitz` (triangle
    inequality through both answers). True, and so loose for trained networks that it
    proves next to nothing: `Attribution.lipschitz` says how loose.

    Parameters
    ----------
    embedding
        With decoders, of held-out rows.
    modality
        Which one.
    source, target
        ``(E,)`` row numbers of both ends.

    Returns
    -------
    numpy.ndarray
        ``(E,)``; NaN where an end lacks the modality.

    Raises
    ------
    ValueError
        If the decoder is not known or a row was trained on.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from refnet_viz.decoder import Decoder
    >>> x = np.array([[0.0], [2.0]], np.float32)
    >>> double = Decoder(np.eye(1), np.zeros(1), 2 * np.eye(1), np.zeros(1))
    >>> own = replace(
    ...     Embedding.from_arrays(x, modalities={"a": x}), targets={"a": x},
    ...     decoded={"a": 2 * x}, decoders={"a": double})
    >>> ends = {"source": np.array([0]), "target": np.array([1])}
    >>> lipschitz_bound(own, "a", **ends).tolist()  # 2 * 2 + 0 + 2, and |x_i - x_j| = 2
    [6.0]
    """
    _check.instance("embedding", embedding, Embedding)
    source = _ends("source", source, len(embedding))
    target = _ends("target", target, len(embedding))
    _check.rows("target", len(target), len(source), "source")
    decoder = embedding.decoders[
        _check.one_of("modality", modality, embedding.decoders)
    ]
    only = {name: float(name == modality) for name in embedding.decoded}
    errors = Geometry.of(embedding, only).errors[:, 0]
    latent = np.sqrt(pair_distances(embedding.z.astype(np.float64), source, target))
    return decoder.lipschitz * latent + errors[source] + errors[target]
