"""Responsibility scores of z for each modality, of all points and of each class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from ..data.stored import moments, row_blocks
from ..embedding import Embedding
from .answers import known_answers, scores_by_point

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def scores_by_class(embedding: Embedding) -> pd.DataFrame:
    """Score of each class how well z answers for each modality, beside a null.

    Parameters
    ----------
    embedding
        With `targets` and `decoded`, of held-out rows. Points with several labels, or
        without any, are in no class.

    Returns
    -------
    pandas.DataFrame
        One row a group of points and modality; all points come first, then the
        classes, the largest first:

        label, members
            Name of the class, missing for all points, and how many points it has.
        modality, points, mean
            How many of these points have the modality, and
            the mean of `scores_by_point` over them: at most 1, higher is better, 0 is
            what the mean of all points would answer; NaN without points.
        shuffled
            What is expected when the answers of all points are dealt at random.

    Raises
    ------
    ValueError
        If nothing was decoded or a row was trained on.

    Examples
    --------
    >>> from dataclasses import replace
    >>> x = np.array([[0.0], [2.0], [4.0]], np.float32)
    >>> own = Embedding.from_arrays(x, modalities={"a": x}, labels=["u", "v", "v"])
    >>> own = replace(own, targets={"a": x}, decoded={"a": x[[0, 2, 2]]})
    >>> scores_by_class(own).round(2)[["label", "points", "mean"]]
      label  points  mean
    0  None       3  0.50
    1     v       2  0.25
    2     u       1  1.00
    """
    _check.instance("embedding", embedding, Embedding)
    values = scores_by_point(embedding, ranks=False)
    nulls = {name: _shuffled_by_point(embedding, name) for name in embedding.decoded}
    rows = []
    for label, members in _groups(embedding):
        for name in embedding.decoded:
            scores = values[name].to_numpy()[members]
            finite = np.isfinite(scores)
            rows.append(
                {
                    "label": label,
                    "members": int(members.sum()),
                    "modality": name,
                    "points": int(finite.sum()),
                    "mean": _mean(scores[finite]),
                    "shuffled": _mean(nulls[name][members][finite]),
                }
            )
    return pd.DataFrame(rows)


def _groups(embedding: Embedding) -> list[tuple[str | None, Bools]]:
    """Return all points, then those of each class, the largest first."""
    labels = embedding.labels
    groups: list[tuple[str | None, Bools]] = [(None, np.ones(len(embedding), bool))]
    if labels is None or labels.ndim != 1:
        return groups
    sizes = np.bincount(labels[labels >= 0])
    order = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
    names = embedding.class_names
    return groups + [(str(names[c]), labels == c) for c in order]


def _shuffled_by_point(embedding: Embedding, name: str) -> Floats:
    """Return the expected score of each point with the answer of a random one.

    E_j |x_i - y_j|^2 is ``|x_i - mean y|^2`` and the variance of the answers.
    """
    present, target, answer = known_answers(embedding, name)
    expected = np.full(len(embedding), np.nan)
    spread = moments(target)[1].sum() if len(target) else 0.0
    if spread:
        mean, variance = moments(answer)
        apart = np.concatenate(
            [np.sum((block - mean) ** 2, axis=1) for _, block in row_blocks(target)]
        )
        expected[present] = 1 - (apart + variance.sum()) / spread
    return expected


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else np.nan
