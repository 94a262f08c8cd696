"""Unimodal rails: linear models on each modality and on all of them.

A fusion model is worth its name when it beats the best single modality and the
plain concatenation; every comparison shows these rails beside the variants.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch

from . import _check
from ._linear import Matrix, logistic, ridge
from .data.dataset import Dataset, Modality
from .data.notices import warn_of_validation
from .data.splits import validation_from_train, with_validation
from .data.stored import Standardised, Stored, in_double, moments, side_by_side
from .embedding import Embedding, Features, present_rows
from .model.pictures import describe

# From the strongest penalty to the weakest: of equals the first is taken.
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ALPHAS = (10_000.0, 3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)

Rows = npt.NDArray[np.bool_]


def rails(
    data: Dataset, *, seed: int = 0, class_weights: str = "none"
) -> dict[str, Embedding]:
    """Fit a linear model to each modality alone and to their concatenation.

    Logistic regression for labels, ridge regression for a target.
    Features are standardised on the training rows. Only labelled rows are fitted and
    chosen on. The inverse strength C of the penalty is the one of 0.001 ... 1 with the
    highest accuracy on the validation rows (ties: the smallest), fitted on the
    training rows only; without validation rows a stratified fifth of the training
    rows (whole groups) takes their place, as a warning and ``info["validation"]`` say.
    Several labels a row are fitted one against the rest. A target is fitted with the
    alpha of 10,000 ... 0.1 that has the lowest squared error there (ties: the largest).
    Vectors on disk are read in blocks, by every step of the optimiser, which has the
    objective and the stopping rule of scikit-learn's.

    Parameters
    ----------
    data
        A dataset with labels or a target, training rows and test rows.
    seed
        Draws the rows that choose C where there are no validation rows.
    class_weights
        "balanced" weighs training rows by the inverse share of their class, as
        ``Config(class_weights="balanced")`` does; C is chosen by accuracy all the same.

    Returns
    -------
    dict
        ``"<modality> only"`` for each modality, then ``"concatenation"``: embeddings
        of the test rows with z the standardised features, predictions and scores, or
        predicted; ``info`` has the chosen ``"C"`` or ``"alpha"``. The null of their
        accuracy is the share of the largest class. A row that lacks the modality is
        predicted from the training mean, where its z stands, too: for the neighbours
        of a modality ask `knn(..., space=name)`, which leaves such rows out.

    Raises
    ------
    ValueError
        If there are neither labels nor a target, weights for a target, no training or
        test rows, fewer than two classes to train on, or a modality that no training
        row has.

    Examples
    --------
    >>> sign = np.tile([-1.0, 1.0], 10)
    >>> data = Dataset.from_arrays({"a": sign[:, None]}, labels=sign > 0)
    >>> {name: rail.accuracy for name, rail in rails(data).items()}
    {'a only': 1.0, 'concatenation': 1.0}
    """
    _check.instance("data", data, Dataset)
    seed = _check.integer("seed", seed, low=0)
    balanced = _check_weights(data, class_weights)
    _check_trainable(data)
    inputs, fingerprint = features(data), data.fingerprint
    data, inputs = _labelled(data, inputs)
    warn_of_validation(data, seed=seed)
    with _one_thread():
        names = {f"{key} only": [key] for key in inputs}
        names["concatenation"] = list(inputs)
        fitted = {
            name: _rail(
                data, inputs, name=name, keys=keys, seed=seed, balanced=balanced
            )
            for name, keys in names.items()
        }
    return {
        name: replace(rail, info=rail.info | {"fingerprint": fingerprint})
        for name, rail in fitted.items()
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
        Modality name to ``(N, d_m)`` float32; `Stored` for vectors on disk.

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
    vectors: Features = {}
    for i, (name, modality) in enumerate(data.modalities.items()):
        present = data.present[:, i]
        train = present & (data.split == "train")
        if not train.any():
            raise ValueError(
                f"`data` must have training rows with modality {name!r}, got none."
            )
        if modality.on_disk and modality.kind == "vector":
            vectors[name] = _scaled_on_disk(modality.values, train, present)
            continue
        flat = _flat(modality)
        scale = flat[train].std(axis=0)
        values = (flat - flat[train].mean(axis=0)) / np.where(scale > 0, scale, 1.0)
        vectors[name] = np.where(present[:, None], values, 0.0).astype(np.float32)
    return vectors


def _scaled_on_disk(values: Stored, train: Rows, present: Rows) -> Any:
    """Return standardised vectors that stay on disk."""
    mean, variance = moments(values.take(np.flatnonzero(train)))
    scale = np.sqrt(variance)
    standardised = Standardised(mean, np.where(scale > 0, scale, 1.0), np.float32)
    return values.mapped(standardised, shape=values.shape[1:], dtype=np.float32).zeroed(
        ~present
    )


def _one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra on one thread: on small matrices threads mostly wait."""
    # The limit reaches only libraries that are loaded by now, so scikit-learn is
    # imported first; it takes a second, hence not at the top.
    import sklearn.linear_model  # noqa: F401, PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    return threadpool_limits(1)


def _labelled(data: Dataset, inputs: Features) -> tuple[Dataset, Features]:
    """Return the rows that are labelled, to fit and to choose on, and the test rows."""
    rows = data.labelled | (data.split == "test")
    if rows.all():
        return data, inputs
    chosen = {name: present_rows(x, rows) for name, x in inputs.items()}
    return data.subset(rows), chosen


def _check_trainable(data: Dataset) -> None:
    if data.labels is None and data.target is None:
        raise ValueError("`data` must have labels or a target, got none.")
    train, test = (int(np.sum(data.split == part)) for part in ("train", "test"))
    if not train or not test:
        raise ValueError(
            f"`data` must have training and test rows, got {train} and {test}."
        )
    rows = data.labelled & (data.split == "train")
    if not rows.any():
        answer = "label" if data.target is None else "target"
        raise ValueError(
            f"`data` must have a {answer} in at least one training row, got none in "
            f"{train} rows."
        )
    if data.target is not None or data.labels is None:
        return
    columns = data.labels.reshape(len(data), -1)[rows]
    if (columns == columns[0]).all():
        raise ValueError(
            "`data` must have at least two classes among its training rows, got 1."
        )


def _check_weights(data: Dataset, class_weights: str) -> bool:
    """Return whether classes are weighted."""
    _check.one_of("class_weights", class_weights, ("none", "balanced"))
    if class_weights == "balanced" and data.target is not None:
        raise ValueError(
            "`class_weights` must be 'none' when `data` has a target, which has no "
            "classes, got 'balanced'."
        )
    return class_weights == "balanced"


def _rail(
    data: Dataset,
    inputs: Features,
    *,
    name: str,
    keys: list[str],
    seed: int,
    balanced: bool,
) -> Embedding:
    z = _beside([inputs[key] for key in keys])
    test = data.split == "test"
    judged, x = with_validation(data, seed=seed), in_double(z)
    rows = judged.split == "train", judged.split == "val"
    if data.target is None:
        answers, settings = _classified(data, x, rows, balanced=balanced)
    else:
        answers, settings = _regressed(data, x, rows)
    validation = validation_from_train(data, judged, seed=seed)
    settings |= {} if validation is None else {"validation": validation}
    part = data.test
    nothing: dict[str, Any] = dict.fromkeys(("predictions", "scores"))
    return Embedding(
        ids=part.ids, z=present_rows(z, test),
        inputs={key: present_rows(x, test) for key, x in inputs.items()},
        unimodal={}, targets={}, decoded={}, labels=part.labels,
        class_names=part.class_names, diagnostics={},
        present=part.present, held_out=np.ones(len(part), dtype=bool),
        metadata=part.metadata, media=part.media, target=part.target,
        info={
            "variant": f"{settings.pop('model')}, {name.removesuffix(' only')}",
            "seed": seed, "dataset": data.name, "fingerprint": data.fingerprint,
            "rail": True, **settings,
        },
        **nothing | answers,
    )  # fmt: skip


def _classified(
    data: Dataset, x: Any, rows: tuple[Rows, Rows], *, balanced: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return predictions and scores of the test rows, and what was chosen."""
    labels, count = cast("npt.NDArray[np.int64]", data.labels), len(data.class_names)
    (first, choice), (train, test) = rows, _parts(data)
    weight = "balanced" if balanced else None

    def score(strength: float) -> float:
        classify = logistic(
            present_rows(x, first), labels[first], strength, count, class_weight=weight
        )
        decided = _decide(classify(present_rows(x, choice)), labels)
        return float(np.mean(decided == labels[choice]))

    strength = max(STRENGTHS, key=score)  # of several best ones the first
    classify = logistic(
        present_rows(x, train), labels[train], strength, count, class_weight=weight
    )
    scores = classify(present_rows(x, test))
    answers = {
        "predictions": _decide(scores, labels),
        "scores": scores.astype(np.float32),
    }
    settings: dict[str, Any] = {"model": "logistic regression", "C": strength}
    return answers, settings | ({"class_weights": "balanced"} if balanced else {})


def _regressed(
    data: Dataset, x: Any, rows: tuple[Rows, Rows]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the predicted target of the test rows, and what was chosen."""
    target = cast("npt.NDArray[np.float64]", data.target)
    (first, choice), (train, test) = rows, _parts(data)

    def error(alpha: float) -> float:
        predict = ridge(present_rows(x, first), target[first], alpha)
        missed = predict(present_rows(x, choice)) - target[choice]
        return float(np.mean(missed**2))

    alpha = min(ALPHAS, key=error)
    predict = ridge(present_rows(x, train), target[train], alpha)
    predicted = predict(present_rows(x, test))
    return {"predicted": predicted}, {"model": "ridge regression", "alpha": alpha}


def _parts(data: Dataset) -> tuple[Rows, Rows]:
    return data.split == "train", data.split == "test"


def _decide(scores: Matrix, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if labels.ndim == 2:
        return (scores > 0.5).astype(np.int64)
    return scores.argmax(axis=1)


def _beside(blocks: list[Any]) -> Any:
    """Return features side by side; on disk where some of them are."""
    if not any(isinstance(block, Stored) for block in blocks):
        return np.hstack(blocks)
    return side_by_side(blocks, dtype=np.float32)


def _flat(modality: Modality) -> Matrix:
    if modality.on_disk and modality.kind != "tokens":
        return np.concatenate([_flat(block) for _, block in modality.blocks()])
    values = np.asarray(modality.values)
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
