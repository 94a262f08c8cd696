"""Unimodal rails: linear models on each modality and on all of them.

A fusion model is worth its name when it beats the best single modality and the
plain concatenation; every comparison shows these rails beside the variants.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch

from . import _check
from ._linear import Matrix, logistic, ridge
from ._mixture import (
    logits_of,
    mixed,
    probabilities_of,
    surprise,
    temperature_of,
    weights_of,
)
from .data.dataset import Dataset, Modality
from .data.notices import warn_of_validation
from .data.splits import validation_from_train, with_validation
from .data.stored import Standardised, Stored, in_double, moments, side_by_side
from .embedding import Embedding, Features, present_rows
from .interaction import Answers, interaction
from .model.pictures import describe

# From the strongest penalty to the weakest: of equals the first is taken.
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ALPHAS = (10_000.0, 3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)

Rows = npt.NDArray[np.bool_]


def rails(
    data: Dataset, *, seed: int = 0, class_weights: str = "none"
) -> dict[str, Embedding]:
    """Fit linear models to each modality, to all of them and to products of them.

    Logistic regression for labels, ridge regression for a target. Of several modalities
    there are two more rails. "late fusion" mixes the models of one modality each:
    probabilities are calibrated by a temperature (Guo et al. 2017) and averaged with
    weights, both of least surprise (squared error of a target) on the validation rows;
    a row is answered by the modalities it has. "products" adds products of features
    of two modalities to a linear model (see `refnet_viz.interaction.interaction`), and
    says whether the answers need modalities together: print
    ``rails(data)["products"].info["interaction"]["words"]``.

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
        ``"<modality> only"`` for each modality, then ``"concatenation"``, ``"late
        fusion"`` and ``"products"``: embeddings of the test rows with z the
        standardised features, predictions and scores, or predicted; ``info`` has the
        chosen ``"C"`` or ``"alpha"``, ``"temperatures"`` and ``"weights"`` of late
        fusion and ``"interaction"`` of products. The null of their accuracy is the
        share of the largest class. A row that lacks the modality is predicted from the
        training mean, where its z stands, too: for the neighbours of a modality ask
        `knn(..., space=name)`, which leaves such rows out.

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
    task = _Task.of(data, inputs, seed=seed, balanced=balanced)
    with _one_thread():
        names = {f"{key} only": [key] for key in inputs}
        names["concatenation"] = list(inputs)
        fitted = {name: _fitted(task, keys) for name, keys in names.items()}
        if len(inputs) > 1:
            alone = [fitted[f"{key} only"] for key in inputs]
            fitted["late fusion"] = _late(task, alone)
            fitted["products"] = _products(task)
        embeddings = {
            name: _rail(task, one, name=name, keys=names.get(name, list(inputs)))
            for name, one in fitted.items()
        }
    return {
        name: replace(rail, info=rail.info | {"fingerprint": fingerprint})
        for name, rail in embeddings.items()
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


@dataclass(frozen=True)
class _Task:
    """Rows that are labelled or judged, their features and their parts.

    Parameters
    ----------
    data, inputs
        The rows and their standardised features.
    first, choice
        ``(N,)`` which rows are fitted and which choose.
    train, test
        Which rows are fitted in the end, and which are judged.
    seed, balanced
        As `rails` takes them.
    validation
        What ``info`` says of rows that choose, where the data named none.
    """

    data: Dataset
    inputs: Features
    first: Rows
    choice: Rows
    train: Rows
    test: Rows
    seed: int
    balanced: bool
    validation: Any

    @classmethod
    def of(cls, data: Dataset, inputs: Features, *, seed: int, balanced: bool) -> _Task:
        judged = with_validation(data, seed=seed)
        first, choice = judged.split == "train", judged.split == "val"
        train, test = data.split == "train", data.split == "test"
        rows = first, choice, train, test
        validation = validation_from_train(data, judged, seed=seed)
        return cls(data, inputs, *rows, seed, balanced, validation)

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        return cast("npt.NDArray[np.int64]", self.data.labels)

    @property
    def target(self) -> npt.NDArray[np.float64]:
        return cast("npt.NDArray[np.float64]", self.data.target)

    @property
    def several(self) -> bool:
        return self.labels.ndim == 2


@dataclass(frozen=True)
class _Fitted:
    """Answers of a model, and the settings that were chosen.

    Parameters
    ----------
    chosen, test
        ``(N, C)`` probabilities, or ``(N,)`` predicted targets, of the rows that choose
        (by a model of the others) and of the test rows.
    settings
        For ``info``.
    """

    chosen: Matrix
    test: Matrix
    settings: dict[str, Any]


def _fitted(task: _Task, keys: list[str]) -> _Fitted:
    x = in_double(_beside([task.inputs[key] for key in keys]))
    return (_classified if task.data.target is None else _regressed)(task, x)


def _classified(task: _Task, x: Any) -> _Fitted:
    """Return probabilities by the strength of highest accuracy on rows that choose."""
    labels, count = task.labels, len(task.data.class_names)
    weight = "balanced" if task.balanced else None

    def fit(rows: Rows, strength: float) -> Any:
        return logistic(
            present_rows(x, rows), labels[rows], strength, count, class_weight=weight
        )

    models = [fit(task.first, strength) for strength in STRENGTHS]
    scores = [model(present_rows(x, task.choice)) for model in models]
    right = [np.mean(_decide(s, labels) == labels[task.choice]) for s in scores]
    best = int(np.argmax(right))  # of several best ones the first
    model, strength = models[best], STRENGTHS[best]
    if not np.array_equal(task.first, task.train):
        model = fit(task.train, strength)
    settings: dict[str, Any] = {"model": "logistic regression", "C": strength}
    settings |= {"class_weights": "balanced"} if task.balanced else {}
    return _Fitted(scores[best], model(present_rows(x, task.test)), settings)


def _regressed(task: _Task, x: Any) -> _Fitted:
    """Return targets by the alpha of least squared error on rows that choose."""
    target = task.target

    def fit(rows: Rows, alpha: float) -> Any:
        return ridge(present_rows(x, rows), target[rows], alpha)

    models = [fit(task.first, alpha) for alpha in ALPHAS]
    chosen = [model(present_rows(x, task.choice)) for model in models]
    error = [np.mean((one - target[task.choice]) ** 2) for one in chosen]
    best = int(np.argmin(error))
    model, alpha = models[best], ALPHAS[best]
    if not np.array_equal(task.first, task.train):
        model = fit(task.train, alpha)
    settings = {"model": "ridge regression", "alpha": alpha}
    return _Fitted(chosen[best], model(present_rows(x, task.test)), settings)


def _late(task: _Task, alone: list[_Fitted]) -> _Fitted:
    """Return the mixture of models of one modality each."""
    chosen, test = (
        np.array([getattr(one, part) for one in alone]) for part in ("chosen", "test")
    )
    present = [task.data.present[rows] for rows in (task.choice, task.test)]
    names = list(task.inputs)
    settings: dict[str, Any] = {"model": "late fusion"}
    if task.data.target is None:
        labels = task.labels[task.choice]
        degrees = []
        for i, probabilities in enumerate(chosen):
            rows = present[0][:, i]
            chosen[i], test[i], degree = _calibrated(
                task, (probabilities, test[i]), rows if rows.any() else ~rows
            )
            degrees.append(degree)
        settings["temperatures"] = dict(zip(names, degrees, strict=True))

        def loss(mixture: Matrix) -> float:
            return surprise(mixture, labels)
    else:
        truth = task.target[task.choice]
        scale = max(float(truth.var()), np.finfo(float).tiny)

        def loss(mixture: Matrix) -> float:
            return float(np.mean((mixture - truth) ** 2)) / scale

    weights = weights_of(chosen, present[0], loss)
    settings["weights"] = dict(zip(names, weights.round(4).tolist(), strict=True))
    return _Fitted(
        mixed(chosen, weights, present[0]), mixed(test, weights, present[1]), settings
    )


def _calibrated(
    task: _Task, probabilities: tuple[Matrix, Matrix], rows: Rows
) -> tuple[Matrix, Matrix, float]:
    """Return calibrated probabilities of the rows that choose and of test rows."""
    several, labels = task.several, task.labels[task.choice]
    chosen, test = (logits_of(part, several=several) for part in probabilities)
    degree = temperature_of(chosen[rows], labels[rows])
    parts = [probabilities_of(part, degree, several=several) for part in (chosen, test)]
    return parts[0], parts[1], round(degree, 4)


def _products(task: _Task) -> _Fitted:
    """Return a linear model with products of modalities, and what it adds to sums."""
    data = task.data
    if data.target is not None:
        answers = Answers(np.nan_to_num(task.target)[:, None], "target")
    elif task.several:
        answers = Answers(np.maximum(task.labels, 0).astype(np.float64), "labels")
    else:
        classes = np.arange(len(data.class_names))
        answers = Answers((task.labels[:, None] == classes).astype(float), "class")
    judged = task.test & data.labelled
    rows = task.first, task.choice, task.test
    result, chosen, test = interaction(
        task.inputs, answers, rows, seed=task.seed, counted=judged[task.test]
    )
    settings = {"model": "products", "interaction": result.plain()}
    if data.target is not None:
        return _Fitted(chosen[:, 0], test[:, 0], settings)
    # Regressions on 0 and 1 are no probabilities: a temperature makes them some.
    pair = (2 * chosen - 1, 2 * test - 1) if task.several else (chosen, test)
    degree = temperature_of(pair[0], task.labels[task.choice])
    chosen, test = (
        probabilities_of(part, degree, several=task.several) for part in pair
    )
    return _Fitted(chosen, test, settings)


def _rail(task: _Task, fitted: _Fitted, *, name: str, keys: list[str]) -> Embedding:
    data = task.data
    z = _beside([task.inputs[key] for key in keys])
    settings = dict(fitted.settings)
    settings |= {} if task.validation is None else {"validation": task.validation}
    answers: dict[str, Any] = {"predicted": fitted.test}
    if data.target is None:
        answers = {
            "predictions": _decide(fitted.test, task.labels),
            "scores": fitted.test.astype(np.float32),
        }
    model, part = settings.pop("model"), data.test
    words = name if model == name else f"{model}, {name.removesuffix(' only')}"
    nothing: dict[str, Any] = dict.fromkeys(("predictions", "scores"))
    return Embedding(
        ids=part.ids, z=present_rows(z, task.test),
        inputs={key: present_rows(x, task.test) for key, x in task.inputs.items()},
        unimodal={}, targets={}, decoded={}, labels=part.labels,
        class_names=part.class_names, diagnostics={},
        present=part.present, held_out=np.ones(len(part), dtype=bool),
        metadata=part.metadata, media=part.media, target=part.target,
        info={
            "variant": words, "seed": task.seed, "dataset": data.name,
            "fingerprint": data.fingerprint, "rail": True, **settings,
        },
        **nothing | answers,
    )  # fmt: skip


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
