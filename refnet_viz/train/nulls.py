"""Null losses and scores: those of the best constant answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from ..config import Config
from ..data.dataset import Dataset
from ..data.splits import label_subset
from ..model import ReFNet, Schema
from ..objectives import refiner_loss
from .rows import Rows, as_trained, class_weights, rows_of
from .run import blank_model


def null_losses(data: Dataset, config: Config, *, seed: int = 0) -> dict[str, float]:
    """Return the parts of the training loss of the best answer that is always the same.

    ``task``: every row gets the shares of the classes (the mean of a target) among
    labelled training rows, so that cross-entropy is the entropy of the classes; with
    weights, the shares of the weighted rows.
    ``refiner``: every modality's features are answered by their mean. A part is left
    out where it has no such number: other refiner losses than "mse", weights that
    decay, targets that move, contrastive losses.

    Parameters
    ----------
    data, config, seed
        As in `fit`.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(20, 2))
    >>> data = Dataset.from_arrays({"a": values}, labels=[0, 1] * 10)
    >>> found = null_losses(data, Config(refiner=3.0))
    >>> round(found["task"], 4), round(found["refiner"], 4)  # log 2, and variance 1
    (0.6931, 3.0)
    """
    data = as_trained(data, config)
    model = blank_model(Schema.of(data), config)
    model.fit_features(data.train)
    supervised = bool(data.train.labelled.any())
    if supervised and data.target is not None:
        labelled_rows = label_subset(data.train.strata, config.label_fraction, seed)
        model.fit_target(
            torch.tensor(data.target[data.split == "train"][labelled_rows])
        )
    rows = rows_of(model, data.train, config, seed, supervised=supervised)
    weights = class_weights(rows, config, len(data.class_names))
    losses = {"task": _task(replace(rows, weights=weights))} if supervised else {}
    fixed = config.refiner_loss == "mse" and config.targets == "inputs"
    if config.refiner and fixed and config.refiner_end == 1:
        losses["refiner"] = config.refiner * _refiner(model, rows)
    return losses


def null_score(data: Dataset, config: Config, *, seed: int = 0) -> float:
    """Return the validation score of the best answer that is always the same.

    Parameters
    ----------
    data, config, seed
        As in `fit`.

    Returns
    -------
    float
        The share of the largest class, the micro-F1 of the best set of labels, or 0
        for the R^2 of a target; NaN without labelled validation rows.

    Examples
    --------
    >>> labels = [0, 1, 1, 1] * 20
    >>> data = Dataset.from_arrays({"a": np.eye(80)}, labels=labels)
    >>> null_score(data, Config())
    0.75
    """
    if data.target is not None:
        return 0.0
    data = as_trained(data, config)
    if data.labels is None or not (data.split == "val").any():
        return float("nan")
    val = data.val
    labelled_rows = label_subset(val.strata, config.label_fraction, seed)
    if not labelled_rows.any():
        return float("nan")
    return _best_score(data.labels[data.split == "val"][labelled_rows])


def _best_score(labels: npt.NDArray[np.int64]) -> float:
    if labels.ndim == 1:
        return float(np.bincount(labels).max() / len(labels))
    # The best set of a size has the commonest labels: try each size.
    counts = np.sort(labels.sum(axis=0))[::-1]
    guesses = len(labels) * np.arange(1, len(counts) + 1)
    return float(np.max(2 * np.cumsum(counts) / (guesses + counts.sum())))


def _task(rows: Rows) -> float:
    count = len(rows.labelled)
    if rows.labels is None:
        logits = torch.zeros(count, 1)
    elif rows.labels.ndim == 1:
        labels = rows.labels[rows.labelled]
        shares = torch.bincount(labels, minlength=int(rows.labels.max()) + 1) / len(
            labels
        )
        if rows.weights is not None:
            shares = shares * rows.weights[: len(shares)]
            shares = shares / shares.sum()
        logits = shares.log().expand(count, -1)
    else:
        share = rows.labels[rows.labelled].float().mean(dim=0)
        if rows.weights is not None:
            share = rows.weights * share / (rows.weights * share + 1 - share)
        logits = share.logit(eps=1e-7).expand(count, -1)  # a label nobody has
    loss = rows.task(logits)
    return float("nan") if loss is None else float(loss)


def _refiner(model: ReFNet, rows: Rows) -> float:
    weights, total = model.config.refiner_weights, 0.0
    for part, batch in rows.batch.blocks():
        terms = refiner_loss(
            {name: torch.zeros_like(x) for name, x in batch.features.items()},
            batch.features,
            batch.present,
            weights=None if weights is None else dict(weights),
        )
        losses = torch.stack(list(terms.values()))
        total += float((losses * rows.shares(part)).sum())
    return total
