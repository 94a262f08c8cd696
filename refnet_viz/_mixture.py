"""Probabilities that are calibrated by a temperature, and mixtures of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

LEAST = 1e-9  # probability that counts where a model says 0
COLDEST, HOTTEST = 0.05, 20.0


def logits_of(probabilities: Matrix, *, several: bool) -> Matrix:
    """Return the logarithms whose softmax, or sigmoid, probabilities are.

    Parameters
    ----------
    probabilities
        ``(N, C)``.
    several
        Whether each column is a question of its own, with several labels a row.

    Examples
    --------
    >>> logits_of(np.array([[0.5, 0.5]]), several=True).tolist()
    [[0.0, 0.0]]
    """
    sure = np.clip(probabilities, LEAST, 1.0)
    if not several:
        return np.asarray(np.log(sure))
    return np.asarray(np.log(sure) - np.log(np.clip(1 - probabilities, LEAST, 1.0)))


def probabilities_of(logits: Matrix, temperature: float, *, several: bool) -> Matrix:
    """Return probabilities of logits divided by a temperature.

    Examples
    --------
    >>> probabilities_of(np.array([[0.0, 0.0]]), 2.0, several=False).tolist()
    [[0.5, 0.5]]
    """
    scaled = logits / temperature
    if several:
        return np.asarray(0.5 * (1 + np.tanh(0.5 * scaled)))
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def surprise(probabilities: Matrix, labels: Labels) -> float:
    """Return the mean negative log probability of the labels; lower is better.

    Parameters
    ----------
    probabilities
        ``(N, C)``.
    labels
        ``(N,)`` class numbers, or ``(N, C)`` 0/1.

    Examples
    --------
    >>> round(surprise(np.array([[0.25, 0.75]]), np.array([0])), 4)
    1.3863
    """
    if labels.ndim == 2:
        of_label = np.where(labels > 0, probabilities, 1 - probabilities)
    else:
        of_label = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(of_label, LEAST)).mean())


def temperature_of(logits: Matrix, labels: Labels) -> float:
    """Return the temperature, of 0.05 to 20, at which labels surprise least.

    Temperature scaling (Guo et al. 2017): one number, so the order of classes stays.

    Parameters
    ----------
    logits
        ``(N, C)`` of rows that no model was fitted on.
    labels
        As in `surprise`.

    Examples
    --------
    >>> sure = np.array([[3.0, 0.0]] * 4)
    >>> round(temperature_of(sure, np.array([0, 0, 0, 1])), 2)
    2.73
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 (takes a second)

    several = labels.ndim == 2

    def loss(log: float) -> float:
        return surprise(probabilities_of(logits, np.exp(log), several=several), labels)

    bounds = np.log(COLDEST), np.log(HOTTEST)
    best = minimize_scalar(loss, bounds=bounds, method="bounded")
    return float(np.exp(best.x))


def mixed(parts: Matrix, weights: Matrix, present: npt.NDArray[np.bool_]) -> Matrix:
    """Return the mean of answers, weighted among those that each row has.

    Parameters
    ----------
    parts
        ``(M, N, ...)`` answers of M models.
    weights
        ``(M,)``.
    present
        ``(N, M)`` which models have something to say of each row.

    Examples
    --------
    >>> parts = np.array([[[0.0]], [[1.0]]])
    >>> mixed(parts, np.array([0.25, 0.75]), np.array([[True, True]])).tolist()
    [[0.75]]
    """
    share = np.where(present, weights, 0.0)
    total = share.sum(axis=1, keepdims=True)
    share = np.where(total > 0, share / np.where(total > 0, total, 1), 1 / len(weights))
    return np.asarray(np.einsum("nm,mn...->n...", share, parts))


def weights_of(
    parts: Matrix,
    present: npt.NDArray[np.bool_],
    loss: Callable[[Matrix], float],
) -> Matrix:
    """Return ``(M,)`` weights, which sum to 1, at which the mixture has the least loss.

    Parameters
    ----------
    parts, present
        As in `mixed`, of rows that no model was fitted on.
    loss
        Loss of a mixture, lower is better.

    Examples
    --------
    >>> parts = np.array([[[0.9, 0.1]], [[0.1, 0.9]]])
    >>> there, truth = np.ones((1, 2), dtype=bool), np.array([0])
    >>> weights_of(parts, there, lambda p: surprise(p, truth)).round(2).tolist()
    [1.0, 0.0]
    """
    from scipy.optimize import minimize  # noqa: PLC0415 (takes a second)

    def shares(free: Matrix) -> Matrix:
        return np.asarray(probabilities_of(free[None], 1.0, several=False)[0])

    start = np.zeros(len(parts))
    bounds = [(-8.0, 8.0)] * len(parts)
    best = minimize(
        lambda free: loss(mixed(parts, shares(free), present)),
        start,
        method="L-BFGS-B",
        bounds=bounds,
    )
    return shares(best.x)
