"""Decoders for embeddings that bring none: fitted to other rows than they answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import _check
from ..embedding import Embedding

ALPHAS = tuple(10.0**power for power in range(-3, 6))


def cross_fit(embedding: Embedding, *, folds: int = 5, seed: int = 0) -> Embedding:
    """Ask any z for every modality, by linear decoders that never saw the row.

    The rows are cut into folds; ridge regression from z to each modality's
    standardised features, fitted to the other folds, answers for each. So scores and
    certificates can be had for vectors from anywhere.

    Parameters
    ----------
    embedding
        With modalities (`inputs`); what was decoded before is replaced.
    folds
        Between 2 and N.
    seed
        Draws the folds.

    Returns
    -------
    Embedding
        With `targets` (the inputs) and `decoded`. The penalty is the one of 0.001 ...
        100,000 with the least leave-one-out error on the fitted rows.

    Raises
    ------
    ValueError
        If the embedding has no modalities, or `folds` is out of range.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> own = cross_fit(Embedding.from_arrays(x, modalities={"a": x, "b": x[::-1]}))
    >>> bool(np.abs(own.decoded["a"] - own.targets["a"]).max() < 0.01)
    True
    """
    _check.instance("embedding", embedding, Embedding)
    # scikit-learn takes a second to import.
    from sklearn.linear_model import RidgeCV  # noqa: PLC0415
    from sklearn.model_selection import KFold, cross_val_predict  # noqa: PLC0415

    if not embedding.inputs:
        raise ValueError("`embedding` must have modalities to answer for, got none.")
    folds = _check.integer("folds", folds, low=2, high=len(embedding))
    cut = KFold(folds, shuffle=True, random_state=_check.integer("seed", seed, low=0))
    z, decoded = embedding.z.astype(np.float64), {}
    for name, target in embedding.inputs.items():
        # An absent modality is no truth to be learned from.
        weight = embedding.present_in(name).astype(np.float64)
        decoded[name] = (
            cross_val_predict(
                RidgeCV(ALPHAS),
                z,
                target.astype(np.float64),
                cv=cut,
                params={"sample_weight": weight},
            )
            .reshape(target.shape)
            .astype(np.float32)
        )
    return replace(
        embedding, targets=dict(embedding.inputs), decoded=decoded, decoders={}
    )
