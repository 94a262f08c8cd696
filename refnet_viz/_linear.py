"""Linear models as functions: fitted to rows, they answer for other rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Model = Callable[[Matrix], Matrix]


def logistic(
    x: Matrix,
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
        ``(N, d)`` features.
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


def ridge(x: Matrix, target: Matrix, alpha: float) -> Model:
    """Fit ridge regression with an intercept; return features to ``(N,)`` numbers.

    Parameters
    ----------
    x
        ``(N, d)`` features.
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
    from sklearn.linear_model import Ridge  # noqa: PLC0415 (takes a second to import)

    model = Ridge(alpha=alpha).fit(x, target)
    return lambda new: np.asarray(model.predict(new))
