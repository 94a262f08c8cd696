"""The `Decoder` value: a refiner's decoder of one modality as arrays, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .data.stored import moments, row_blocks

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Decoder:
    """Linear, ReLU, Linear from z to the features of a modality.

    Parameters
    ----------
    first, first_bias
        ``(h, d)`` and ``(h,)``.
    last, last_bias
        ``(d_m, h)`` and ``(d_m,)``.

    Examples
    --------
    >>> both = Decoder(np.eye(2), np.zeros(2), np.array([[3.0, 4.0]]), np.ones(1))
    >>> both(np.array([[1.0, 1.0], [-1.0, 1.0]])).ravel().tolist()
    [8.0, 5.0]
    """

    first: Floats
    first_bias: Floats
    last: Floats
    last_bias: Floats

    def __call__(self, z: npt.NDArray[np.floating]) -> Floats:
        """Return the answer ``(N, d_m)`` to ``(N, d)``, in float64."""
        hidden = np.maximum(self._before(z), 0.0)
        answer: Floats = hidden @ self.last.T + self.last_bias
        return answer

    def _before(self, z: npt.NDArray[np.floating]) -> Floats:
        before: Floats = z.astype(np.float64) @ self.first.T + self.first_bias
        return before

    @property
    def lipschitz(self) -> float:
        """A constant L with ``|D(a) - D(b)| <= L |a - b|`` for all a and b.

        The product of the largest singular values of both maps; ReLU has 1. Power
        iteration would come from below and prove nothing.

        Examples
        --------
        >>> Decoder(2 * np.eye(2), np.zeros(2), np.eye(2), np.zeros(2)).lipschitz
        2.0
        """
        return float(np.linalg.norm(self.first, 2) * np.linalg.norm(self.last, 2))

    def pull_back(self, z: npt.NDArray[np.floating]) -> Floats:
        """Return the mean over rows of ``J^T J``, J being the Jacobian: ``(d, d)``.

        The metric of the modality, as far as the decoder knows it, near z.

        Examples
        --------
        >>> Decoder(np.eye(1), np.zeros(1), np.array([[3.0]]), np.zeros(1)).pull_back(
        ...     np.array([[1.0], [-1.0]])).tolist()  # the second row is cut off by ReLU
        [[4.5]]
        """
        on = (self._before(z) > 0).astype(np.float64)
        together = on.T @ on / len(on)
        metric: Floats = self.first.T @ ((self.last.T @ self.last) * together)
        return metric @ self.first

    def untrained(self, seed: int) -> Decoder:
        """Return a decoder of the same shape as it was before training.

        Weights are uniform with variance ``2 / (inputs + outputs)`` (Glorot and Bengio
        2010), biases 0.
        """
        rng = np.random.default_rng(seed)

        def drawn(like: Floats) -> Floats:
            edge = np.sqrt(6 / sum(like.shape))
            return rng.uniform(-edge, edge, like.shape)

        return Decoder(
            drawn(self.first), np.zeros_like(self.first_bias),
            drawn(self.last), np.zeros_like(self.last_bias),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class InSingle:
    """A decoder whose answers are in single precision, as those of a network are."""

    decoder: Decoder

    def __call__(self, z: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the answer ``(N, d_m)`` to ``(N, d)``."""
        return self.decoder(z).astype(np.float32)


def share_answered(target: Any, answer: Any) -> Floats:
    """Return ``1 - |x_i - y_i|^2 / mean_j |x_j - mean|^2`` of each row.

    Parameters
    ----------
    target, answer
        ``(N, d)`` x and y.

    Returns
    -------
    numpy.ndarray
        ``(N,)``, at most 1, higher is better; NaN where the targets are all one.

    Examples
    --------
    >>> share_answered(np.array([[0.0], [2.0]]), np.zeros((2, 1))).tolist()
    [1.0, -3.0]
    """
    if not len(target):
        return np.empty(0)
    mean = moments(target)[0]
    spread, error = np.empty(len(target)), np.empty(len(target))
    for part, block in row_blocks(target):
        x, y = block.astype(np.float64), answer[part].astype(np.float64)
        spread[part] = np.sum((x - mean) ** 2, axis=1)
        error[part] = np.sum((x - y) ** 2, axis=1)
    mean_spread = np.mean(spread)
    return np.asarray(1 - error / (mean_spread if mean_spread > 0 else np.nan))
