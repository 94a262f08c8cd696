"""Whether labels need modalities together: products of them beside sums of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from .data.containers import row_of
from .data.stored import row_blocks
from .embedding import Features
from .statistics import (
    APART,
    NAN,
    Difference,
    Sample,
    apart,
    by_influences,
    is_undecided,
)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LINEAR = 64  # leading directions of a modality that enter sums
MOST = 400  # products of all pairs of modalities together
FITTED = 20_000  # training rows; of more a random sample
DRAWS = 5  # deals of modalities to other rows that make the null
# Weights of the squared coefficients, as shares of the training rows.
PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)


@dataclass(frozen=True)
class Interaction:
    """Gain of products of modalities over sums of them, on test rows.

    Parameters
    ----------
    sums, products
        Score of the model that adds up what every modality says, and of the one that
        also has products of features of two modalities: share of labels predicted
        right, or minus the mean absolute error of a target.
    difference
        Products minus sums, with its interval over points and its verdict.
    null
        The mean difference when the products are those of modalities of different rows:
        what as many further columns do that say nothing.
    unit
        "accuracy" or "mae".
    """

    sums: float
    products: float
    difference: Difference
    null: float
    unit: str

    @property
    def verdict(self) -> str:
        """The verdict of the difference: "higher" where products predict more."""
        return self.difference.verdict

    def __str__(self) -> str:
        one = self.difference
        if np.isnan(one.value):
            return f"Whether modalities interact is open: {one.reason}."
        span = f" [{one.low:+.3f}, {one.high:+.3f}]" if np.isfinite(one.low) else ""
        gain = f"{one.value:+.3f}{span} in {self.unit}, {self.verdict}; products of "
        gain += f"other rows {self.null:+.3f}"
        gain = gain.replace("-", "−")
        if is_undecided(self.verdict):
            return f"Whether modalities interact is open ({gain})."
        if self.verdict == APART[0]:
            return f"The answers need modalities together: products of them add {gain}."
        return (
            "No interaction of modalities is shown: products of them add no more than "
            f"noise to sums ({gain})."
        )

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        one = self.difference
        return {
            "sums": self.sums,
            "products": self.products,
            "difference": one.value,
            "low": one.low,
            "high": one.high,
            "p": one.p,
            "null": self.null,
            "unit": self.unit,
            "verdict": self.verdict,
            "words": str(self),
        }


@dataclass(frozen=True)
class Answers:
    """Classes, labels or a target, to be predicted.

    Parameters
    ----------
    columns
        ``(N, C)`` 0/1 a class or label, or ``(N, 1)`` a target.
    kind
        "class", "labels" (several a row) or "target".
    """

    columns: Floats
    kind: str

    def scores(self, predicted: Floats, rows: Bools) -> Floats:
        """Return one number a row, higher is better."""
        truth = self.columns[rows]
        if self.kind == "target":
            return np.asarray(-np.abs(predicted - truth)[:, 0])
        if self.kind == "labels":
            return np.asarray(((predicted > 0.5) == (truth > 0.5)).mean(axis=1))
        return (predicted.argmax(axis=1) == truth.argmax(axis=1)).astype(np.float64)


def interaction(
    inputs: Features,
    answers: Answers,
    rows: tuple[Bools, Bools, Bools],
    *,
    seed: int = 0,
    confidence: float = 0.95,
    counted: Bools | None = None,
) -> tuple[Interaction, Floats, Floats]:
    """Compare ridge regression on sums of modalities with one that has products, too.

    A sum, f(x) + g(y), cannot answer a question about a picture; a product can. Both
    models are ridge regressions on the leading 64 directions of every modality; the
    second also has the products of the leading directions of each two modalities (20 of
    two modalities, fewer of several: 400 products at most). Directions are scaled so
    that each modality has variance 1. Penalties are chosen on validation rows, for each
    model by itself; the null has that of the products.
    Nonlinear answers of a single modality are in neither. Classes are numbers 0 and 1,
    of which the largest answer is taken.

    Parameters
    ----------
    inputs
        Two or more modalities to ``(N, d_m)`` standardised features.
    answers
        Answers of all rows.
    rows
        ``(N,)`` which rows are fitted, choose and are judged.
    seed
        Draws the null, and training rows where there are more than 20,000.
    confidence
        Confidence level of the interval over points.
    counted
        Which of the rows that are judged have an answer; None for all.

    Returns
    -------
    Interaction, numpy.ndarray, numpy.ndarray
        And what products predict of the rows that choose and of those that are judged.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.choice([-1.0, 1.0], (2, 300, 1))
    >>> part = np.arange(300) % 3
    >>> rows = part == 0, part == 1, part == 2
    >>> right = np.hstack([a * b > 0, a * b < 0]).astype(float)
    >>> xor = interaction({"a": a, "b": b}, Answers(right, "class"), rows)[0]
    >>> xor.products, xor.verdict
    (1.0, 'higher')
    """
    rng = np.random.default_rng(seed)
    fitted, choosing, judged = rows
    fit = np.flatnonzero(fitted)
    if len(fit) > FITTED:
        fit = np.sort(rng.choice(fit, FITTED, replace=False))
    parts = [_directions(x, fit, seed) for x in inputs.values()]
    most = _products_each(len(parts))
    train = [part.of(x, fit) for part, x in zip(parts, inputs.values(), strict=True)]
    target = answers.columns[fit]
    others = [np.flatnonzero(mask) for mask in (choosing, judged)]
    rest = [
        [part.of(x, row) for part, x in zip(parts, inputs.values(), strict=True)]
        for row in others
    ]

    def columns(products: int, *, deal: bool = False) -> list[Floats]:
        return [
            _columns(
                [rng.permutation(z) for z in part] if deal else part, part, products
            )
            for part in (train, *rest)
        ]

    (_, sums), _ = _best_ridge(columns(0), target, answers, choosing)
    whole = columns(most)
    (chosen, products), penalty = _best_ridge(whole, target, answers, choosing)
    counts = np.ones(len(sums), dtype=bool) if counted is None else counted
    unit = "mae" if answers.kind == "target" else "accuracy"
    if not counts.any():
        nothing = Difference(NAN, NAN, NAN, NAN, "", 0, "", "no test row has an answer")
        return Interaction(NAN, NAN, nothing, NAN, unit), chosen, products
    pair = [answers.scores(one, judged)[counts] for one in (products, sums)]
    samples = [
        Sample(
            np.array([score.mean()]),
            [None],
            *by_influences((score - score.mean())[None]),
        )
        for score in pair
    ]
    difference = apart(samples[0], samples[1], confidence=confidence, over="points")
    nulls = []
    for _ in range(DRAWS):
        x, _, new = columns(most, deal=True)
        slope = _ridge(x - x.mean(axis=0), target - target.mean(axis=0), penalty)
        dealt = (new - x.mean(axis=0)) @ slope + target.mean(axis=0)
        nulls.append(answers.scores(dealt, judged)[counts].mean())
    result = Interaction(
        float(pair[1].mean()),
        float(pair[0].mean()),
        difference,
        float(np.mean(nulls) - pair[1].mean()),
        unit,
    )
    return result, chosen, products


@dataclass(frozen=True)
class _Directions:
    """Leading directions of a modality, scaled so that all together have variance 1."""

    mean: Floats
    axes: Floats

    def of(self, x: Any, rows: npt.NDArray[np.intp]) -> Floats:
        """Return the coordinates of some rows."""
        parts = row_blocks(row_of(x, rows))
        blocks = [(block - self.mean) @ self.axes for _, block in parts]
        return np.concatenate(blocks) if blocks else np.empty((0, self.axes.shape[1]))


def _directions(x: Any, fit: npt.NDArray[np.intp], seed: int) -> _Directions:
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 (takes a second)

    few = fit[:: max(1, len(fit) // 5_000)]
    block = np.asarray(row_of(x, few), np.float64)
    mean = block.mean(axis=0)
    count = min(LINEAR, *block.shape)
    _, sizes, axes = randomized_svd(block - mean, count, random_state=seed)
    spread = float(np.sqrt((sizes**2).sum() / len(block)))
    return _Directions(mean, axes.T / (spread if spread > 0 else 1.0))


def _products_each(count: int) -> int:
    """Return of how many directions of each modality products are taken."""
    pairs = count * (count - 1) // 2
    return max(1, int(np.sqrt(MOST / pairs)))


def _columns(dealt: list[Floats], parts: list[Floats], products: int) -> Floats:
    """Return directions side by side, with products of the leading ones of two."""
    blocks = list(parts)
    if products:
        for a, b in combinations([part[:, :products] for part in dealt], 2):
            blocks.append((a[:, :, None] * b[:, None, :]).reshape(len(a), -1))
    return np.hstack(blocks)


def _ridge(x: Floats, target: Floats, penalty: float) -> Floats:
    gram = x.T @ x + penalty * len(x) * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(gram, x.T @ target))


def _best_ridge(
    columns: list[Floats], target: Floats, answers: Answers, choosing: Bools
) -> tuple[list[Floats], float]:
    """Return predictions of the rows that choose and of others, and the penalty."""
    x, *others = columns
    mean, middle = x.mean(axis=0), target.mean(axis=0)
    x = x - mean
    values, axes = np.linalg.eigh(x.T @ x)
    turned = axes.T @ (x.T @ (target - middle))
    moved = [(other - mean) @ axes for other in others]

    def predicted(penalty: float) -> list[Floats]:
        slope = turned / (np.maximum(values, 0.0) + penalty * len(x))[:, None]
        return [part @ slope + middle for part in moved]

    def score(penalty: float) -> float:
        return float(answers.scores(predicted(penalty)[0], choosing).mean())

    best = max(PENALTIES, key=score)  # of several best ones the strongest
    return predicted(best), best
