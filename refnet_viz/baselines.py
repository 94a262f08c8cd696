"""Unimodal rails: what logistic regression reaches on each modality and on all.

A fusion model is worth its name when it beats the best single modality and the
plain concatenation; every comparison shows these rails beside the variants.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from . import _check
from .data.dataset import Dataset, Modality
from .data.splits import stratified_split
from .embedding import Embedding, Features
from .model.pictures import describe

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)

Matrix = npt.NDArray[np.float64]
Classifier = Callable[[Matrix], Matrix]


def rails(data: Dataset, *, seed: int = 0) -> dict[str, Embedding]:
    """Fit logistic regression to each modality alone and to their concatenation.

    Features are standardised on the training rows. The inverse strength C of the
    penalty is the one of 0.001 ... 1 with the highest accuracy on the validation
    rows (ties: the smallest), fitted on the training rows only; without validation
    rows a stratified fifth of the training rows takes their place. Several labels a
    row are fitted one against the rest.

    Parameters
    ----------
    data
        A dataset with labels, training rows and test rows.
    seed
        Draws the rows that choose C where there are no validation rows.

    Returns
    -------
    dict
        ``"<modality> only"`` for each modality, then ``"concatenation"``: embeddings
        of the test rows with z the standardised features, predictions and scores;
        ``info["C"]`` is the chosen C. Their null is the share of the largest class.

    Raises
    ------
    ValueError
        If there are no labels, no training or test rows, fewer than two classes to
        train on, or a modality that no training row has.

    Examples
    --------
    >>> sign = np.tile([-1.0, 1.0], 10)
    >>> data = Dataset.from_arrays({"a": sign[:, None]}, labels=sign > 0)
    >>> {name: rail.accuracy for name, rail in rails(data).items()}
    {'a only': 1.0, 'concatenation': 1.0}
    """
    seed = _check.integer("seed", seed, low=0)
    labels = _trainable(data)
    inputs = features(data)
    with _one_thread():
        names = {f"{key} only": [key] for key in inputs}
        names["concatenation"] = list(inputs)
        return {
            name: _rail(data, labels, inputs, name=name, keys=keys, seed=seed)
            for name, keys in names.items()
        }


def features(data: Dataset) -> Features:
    """Return one standardised vector a row and modality, fitted on training rows.

    Vectors stay as they are; pictures become their colours and edges (what the
    refiner answers for, too), sequences the mean over their mask, tokens counts of
    each word. Every column then has mean 0 and variance 1 over the training rows,
    constant columns mean 0. A row that lacks a modality gets the training mean, 0.

    Parameters
    ----------
    data
        Any dataset with training rows.

    Returns
    -------
    dict
        Modality name to ``(N, d_m)`` float32.

    Raises
    ------
    ValueError
        If no training row has a modality.

    Examples
    --------
    >>> data = Dataset.from_arrays({"a": [[1.0], [3.0], [9.0]]}, split=[0, 0, 2])
    >>> features(data)["a"].ravel().tolist()
    [-1.0, 1.0, 7.0]
    """
    found = {}
    for i, (name, modality) in enumerate(data.modalities.items()):
        there = data.present[:, i]
        known = there & (data.split == "train")
        if not known.any():
            raise ValueError(
                f"`data` must have training rows with modality {name!r}, got none."
            )
        flat = _flat(modality)
        scale = flat[known].std(axis=0)
        values = (flat - flat[known].mean(axis=0)) / np.where(scale > 0, scale, 1.0)
        found[name] = np.where(there[:, None], values, 0.0).astype(np.float32)
    return found


def _one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra on one thread: on small matrices threads mostly wait."""
    # The limit reaches only libraries that are loaded by now, so scikit-learn is
    # imported first; it takes a second, hence not at the top.
    import sklearn.linear_model  # noqa: F401, PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    return threadpool_limits(1)


def _trainable(data: Dataset) -> npt.NDArray[np.int64]:
    if data.labels is None:
        raise ValueError("`data` must have labels, got none.")
    train, test = (int(np.sum(data.split == part)) for part in ("train", "test"))
    if not train or not test:
        raise ValueError(
            f"`data` must have training and test rows, got {train} and {test}."
        )
    columns = data.labels.reshape(len(data), -1)[data.split == "train"]
    if (columns == columns[0]).all():
        raise ValueError(
            "`data` must have at least two classes among its training rows, got 1."
        )
    return data.labels


def _rail(
    data: Dataset,
    labels: npt.NDArray[np.int64],
    inputs: Features,
    *,
    name: str,
    keys: list[str],
    seed: int,
) -> Embedding:
    z = np.hstack([inputs[key] for key in keys])
    wide = z.astype(np.float64)
    count = len(data.class_names)
    fit_rows, choice_rows = _choosing(data, seed)
    best, strength = -1.0, STRENGTHS[0]
    for candidate in STRENGTHS:
        classify = _fit(wide[fit_rows], labels[fit_rows], candidate, count)
        chosen = _decide(classify(wide[choice_rows]), labels)
        accuracy = float(np.mean(chosen == labels[choice_rows]))
        if accuracy > best:
            best, strength = accuracy, candidate
    train, test = data.split == "train", data.split == "test"
    scores = _fit(wide[train], labels[train], strength, count)(wide[test])
    part = data.test
    return Embedding(
        ids=part.ids, z=z[test], inputs={key: x[test] for key, x in inputs.items()},
        unimodal={}, targets={}, decoded={}, labels=part.labels,
        class_names=part.class_names, predictions=_decide(scores, labels),
        scores=scores.astype(np.float32), diagnostics={},
        present=part.present, held_out=np.ones(len(part), dtype=bool),
        metadata=part.metadata, media=part.media,
        info={
            "variant": f"logistic regression, {name.removesuffix(' only')}",
            "seed": seed, "dataset": data.name, "fingerprint": data.fingerprint,
            "C": strength, "rail": True,
        },
    )  # fmt: skip


def _choosing(
    data: Dataset, seed: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return the rows that candidates are fitted on and those that choose."""
    split = data.split
    if not (split == "val").any():
        split = split.copy()
        train = split == "train"
        known = None if data.labels is None else data.labels[train]
        split[train] = stratified_split(known, int(train.sum()), (0.8, 0.2, 0), seed)
    return split == "train", split == "val"


def _fit(
    x: Matrix, labels: npt.NDArray[np.int64], strength: float, count: int
) -> Classifier:
    """Return a function from features to ``(N, count)`` probabilities."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    def fitted(target: npt.NDArray[np.int64]) -> Any:
        if (target == target[0]).all():
            return None
        return LogisticRegression(C=strength, max_iter=10_000).fit(x, target)

    if labels.ndim == 2:
        models = [fitted(column) for column in labels.T]
        return lambda new: np.column_stack(
            [
                np.full(len(new), float(column[0]))
                if model is None
                else model.predict_proba(new)[:, 1]
                for model, column in zip(models, labels.T, strict=True)
            ]
        )
    model = fitted(labels)

    def classify(new: Matrix) -> Matrix:
        scores = np.zeros((len(new), count))
        if model is None:
            scores[:, labels[0]] = 1.0
        else:
            scores[:, model.classes_] = model.predict_proba(new)
        return scores

    return classify


def _decide(scores: Matrix, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if labels.ndim == 2:
        return (scores > 0.5).astype(np.int64)
    return scores.argmax(axis=1)


def _flat(modality: Modality) -> Matrix:
    values = modality.values
    if modality.kind == "picture":
        pixels = torch.tensor(values).permute(0, 3, 1, 2) / 255
        return describe(pixels).numpy().astype(np.float64)
    if modality.kind == "sequence" and modality.mask is not None:
        weight = modality.mask[:, :, None]
        count = np.maximum(weight.sum(axis=1), 1)
        return np.where(weight, values, 0).sum(axis=1, dtype=np.float64) / count
    if modality.kind == "tokens":
        words = max(len(modality.vocabulary), int(values.max()) + 1)
        counts = np.zeros((len(values), words))
        np.add.at(counts, (np.arange(len(values))[:, None], values), 1.0)
        return counts[:, 1:]  # 0 is padding
    return values.astype(np.float64)
