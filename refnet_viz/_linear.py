"""Linear models as functions: fitted to rows, they answer for other rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Model = Callable[[Matrix], Matrix]


def logistic(
    x: Any,
    labels: npt.NDArray[np.int64],
    strength: float,
    count: int,
    *,
    class_weight: str | None = None,
) -> Model:
    """Fit logistic regression; return features to ``(N, count)`` probabilities.

    Parameters
    ----------
    x
        ``(N, d)`` features, or rows on disk, which every step of the optimiser reads in
        blocks.
    labels
        ``(N,)`` class numbers, or ``(N, C)`` 0/1, fitted one against the rest.
    strength
        Inverse strength C of the penalty.
    count
        Number of classes; those without a row get probability 0.
    class_weight
        "balanced" weighs rows by the inverse share of their class.

    Examples
    --------
    >>> model = logistic(np.array([[-1.0], [1.0]]), np.array([0, 1]), 1.0, 3)
    >>> model(np.array([[0.0]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    def fitted(target: npt.NDArray[np.int64]) -> Any:
        if (target == target[0]).all():
            return None
        if not isinstance(x, np.ndarray):
            return _LogisticInBlocks(x, target, strength, balanced=bool(class_weight))
        model = LogisticRegression(
            C=strength, max_iter=10_000, class_weight=class_weight
        )
        return model.fit(x, target)

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


def ridge(x: Any, target: Matrix, alpha: float) -> Model:
    """Fit ridge regression with an intercept; return features to ``(N,)`` numbers.

    Parameters
    ----------
    x
        ``(N, d)`` features, or rows on disk, which are read in blocks.
    target
        ``(N,)`` numbers.
    alpha
        Weight of the squared coefficients beside the sum of squared errors.

    Examples
    --------
    >>> model = ridge(np.array([[-1.0], [1.0]]), np.array([0.0, 4.0]), 2.0)
    >>> model(np.array([[1.0], [3.0]])).tolist()
    [3.0, 5.0]
    """
    if not isinstance(x, np.ndarray):
        return _ridge_in_blocks(x, target, alpha)
    from sklearn.linear_model import Ridge  # noqa: PLC0415 (takes a second to import)

    model = Ridge(alpha=alpha).fit(x, target)
    return lambda new: np.asarray(model.predict(new))


def _blocks(x: Any) -> Iterator[tuple[slice, Matrix]]:
    if isinstance(x, np.ndarray):
        yield slice(0, len(x)), x
    else:
        yield from x.blocks()


class _LogisticInBlocks:
    """Logistic regression of rows that are read in blocks.

    The objective, start, optimiser and stopping rule of scikit-learn's
    `LogisticRegression` with `lbfgs`: mean loss plus ``|w|^2 / (2 C n)``, the
    intercepts left out, by L-BFGS-B from 0.
    """

    def __init__(
        self, x: Any, labels: npt.NDArray[np.int64], strength: float, *, balanced: bool
    ) -> None:
        from scipy.optimize import minimize  # noqa: PLC0415 (only for rows on disk)

        self.classes_, number = np.unique(labels, return_inverse=True)
        count = len(self.classes_)
        weights = np.ones(len(labels))
        if balanced:
            weights = (len(labels) / (count * np.bincount(number)))[number]
        self.outputs, width, total = (
            (1 if count == 2 else count),
            x.shape[1],
            weights.sum(),
        )
        penalty = 1.0 / (strength * total)

        def loss(flat: Matrix) -> tuple[float, Matrix]:
            table = flat.reshape(self.outputs, width + 1)
            value, gradient = 0.0, np.zeros_like(table)
            for part, block in _blocks(x):
                scores = block @ table[:, :-1].T + table[:, -1]
                terms, slope = self._pointwise(scores, number[part])
                value += float(terms @ weights[part])
                slope *= weights[part, None]
                gradient[:, :-1] += slope.T @ block
                gradient[:, -1] += slope.sum(axis=0)
            coefficients = table[:, :-1]
            value = value / total + 0.5 * penalty * float(np.sum(coefficients**2))
            gradient /= total
            gradient[:, :-1] += penalty * coefficients
            return value, gradient.ravel()

        options = {"maxiter": 10_000, "maxls": 50, "gtol": 1e-4}
        options["ftol"] = 64 * np.finfo(float).eps
        start = np.zeros(self.outputs * (width + 1))
        answer = minimize(loss, start, method="L-BFGS-B", jac=True, options=options)
        self.table = answer.x.reshape(self.outputs, width + 1)

    def _pointwise(
        self, scores: Matrix, number: npt.NDArray[np.intp]
    ) -> tuple[Matrix, Matrix]:
        """Return the loss of each row, and its slope in every score."""
        if self.outputs == 1:
            score, truth = scores[:, 0], number.astype(float)
            terms = np.logaddexp(0.0, score) - truth * score
            return terms, (_share(score) - truth)[:, None]
        row = np.arange(len(scores))
        most = scores.max(axis=1)
        slope = np.exp(scores - most[:, None])
        sums = slope.sum(axis=1)
        terms = np.log(sums) + most - scores[row, number]
        slope /= sums[:, None]
        slope[row, number] -= 1.0
        return terms, slope

    def predict_proba(self, new: Any) -> Matrix:
        """Return ``(N, classes)`` probabilities."""
        parts = []
        for _, block in _blocks(new):
            scores = block @ self.table[:, :-1].T + self.table[:, -1]
            if self.outputs == 1:
                share = _share(scores[:, 0])
                parts.append(np.column_stack([1 - share, share]))
            else:
                scores = np.exp(scores - scores.max(axis=1, keepdims=True))
                parts.append(scores / scores.sum(axis=1, keepdims=True))
        return np.concatenate(parts)


def _share(score: Matrix) -> Matrix:
    """Return ``1 / (1 + exp(-score))``."""
    share: Matrix = 0.5 * (1 + np.tanh(0.5 * score))
    return share


def _ridge_in_blocks(x: Any, target: Matrix, alpha: float) -> Model:
    """Fit ridge regression by the normal equations of centred columns."""
    count, width = x.shape
    mean = sum(block.sum(axis=0) for _, block in _blocks(x)) / count
    middle = target.mean()
    gram, moment = alpha * np.eye(width), np.zeros(width)
    for part, block in _blocks(x):
        centred = block - mean
        gram += centred.T @ centred
        moment += centred.T @ (target[part] - middle)
    slope = np.linalg.solve(gram, moment)
    return lambda new: np.concatenate(
        [(block - mean) @ slope + middle for _, block in _blocks(new)]
    )
