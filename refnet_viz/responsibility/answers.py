"""Responsibility scores of z for each modality, over all points and of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._threads import in_blocks, one_thread_for
from ..data.containers import row_of
from ..data.stored import InMemory, Stored, in_double, moments, row_blocks
from ..decoder import share_answered
from ..embedding import Embedding, present_rows
from .geometry import Floats, check_answered

DRAWS = 5  # untrained decoders, and permutations of z, that make the nulls


def scores(embedding: Embedding, *, points: pd.DataFrame | None = None) -> pd.DataFrame:
    """Score how well z answers for each modality, beside nulls.

    Parameters
    ----------
    embedding
        With `targets` and `decoded`, of held-out rows.
    points
        What `scores_by_point` said of it, to be spared the search.

    Returns
    -------
    pandas.DataFrame
        One row a modality, over the rows that have it:

        r2
            ``1 - sum_i |x_i - D(z_i)|^2 / sum_i |x_i - mean|^2``; at most 1, higher is
            better, 0 for the mean of these rows.
        r2_shuffled
            The same when answers are dealt to other rows (the mean over all ways).
        r2_untrained
            That of decoders as they were before training, the mean over five; NaN
            where the decoder is not known.
        retrieval, retrieval_chance
            Share of answers whose own target is the nearest of all, and 1 / N.
        rank, rank_chance
            Mean place of the own target among all by distance to the answer, as a
            share: 0 is the first, chance is 1/2.
        effective_rank, variance
            Directions in which the targets vary: the exponential of the entropy of the
            shares of variance (Roy and Vetterli 2007), and the mean variance a feature.
        z_rank, z_rank_permuted
            Directions in which z varies over the same rows: the exponential of the
            entropy of its normalised singular values, from 1 to its width. A z of few
            directions cannot answer for many. Its null: the same of columns permuted
            one by one, which keeps their variances and undoes their correlations, the
            mean over five.
        alarm
            "collapsed" where the d features vary in hardly more than one direction
            (effective rank under ``1 + min(d - 1, 5) / 10``), or by less than a
            hundredth: to answer for them means nothing.

    Raises
    ------
    ValueError
        If nothing was decoded or a row was trained on.

    Examples
    --------
    >>> from refnet_viz.responsibility import cross_fit
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> own = cross_fit(Embedding.from_arrays(x, modalities={"a": x}))
    >>> scores(own)[["modality", "r2", "retrieval"]].round(3)
      modality   r2  retrieval
    0        a  1.0        1.0
    """
    _check.instance("embedding", embedding, Embedding)
    if points is None:
        points = scores_by_point(embedding)
    _check.instance("points", points, pd.DataFrame)
    with one_thread_for(len(embedding)):
        rows = [_row(embedding, name, points) for name in embedding.decoded]
    return pd.DataFrame(rows)


def scores_by_point(embedding: Embedding, *, ranks: bool = True) -> pd.DataFrame:
    """Score of each point how well its z answers for each modality.

    Parameters
    ----------
    embedding
        With `targets` and `decoded`, of held-out rows.
    ranks
        Whether to rank the own target among all, which takes time in proportion to
        the square of their number.

    Returns
    -------
    pandas.DataFrame
        One row a point, NaN where it lacks the modality. Column ``<modality>``:
        ``1 - |x_i - D(z_i)|^2 / mean_j |x_j - mean|^2``, at most 1, higher is better,
        on average the r2 of `scores`. Column ``<modality> rank``: the share of
        other targets that are nearer to the answer than the own; 0 is best, chance 1/2
        (``<modality> rank (place)`` where a modality is called ``<modality> rank``).

    Raises
    ------
    ValueError
        If nothing was decoded or a row was trained on.

    Examples
    --------
    >>> from dataclasses import replace
    >>> x = np.array([[0.0], [2.0]], np.float32)
    >>> own = Embedding.from_arrays(x, modalities={"a": x})
    >>> scores_by_point(replace(own, targets={"a": x}, decoded={"a": 0 * x}))
         a  a rank
    0  1.0     0.0
    1 -3.0     1.0
    """
    _check.instance("embedding", embedding, Embedding)
    _check.flag("ranks", ranks)
    check_answered(embedding)
    with one_thread_for(len(embedding)):
        parts = [_by_point(embedding, name, ranks=ranks) for name in embedding.decoded]
    return pd.concat(parts, axis=1)


def _by_point(embedding: Embedding, name: str, *, ranks: bool) -> pd.DataFrame:
    present, target, answer = known_answers(embedding, name)
    score, rank = (np.full(len(embedding), np.nan) for _ in range(2))
    columns = {name: score} | ({_rank_column(embedding, name): rank} if ranks else {})
    if not present.any():
        return pd.DataFrame(columns)
    score[present] = share_answered(target, answer)
    if ranks:
        rank[present] = own_ranks(target, answer)
    return pd.DataFrame(columns)


def _rank_column(embedding: Embedding, name: str) -> str:
    """Return the name of the column of ranks, which is no modality's."""
    column = f"{name} rank"
    while column in embedding.decoded:
        column += " (place)"
    return column


def r_squared(target: Any, answer: Any) -> float:
    """Return the share of the variance of targets that is answered for.

    ``1 - sum_i |x_i - y_i|^2 / sum_i |x_i - mean|^2``.

    Parameters
    ----------
    target, answer
        ``(N, d)``.

    Returns
    -------
    float
        At most 1, higher is better; 0 for the mean, NaN where the targets are all one.

    Examples
    --------
    >>> x = np.array([[0.0], [2.0]])
    >>> r_squared(x, x), r_squared(x, np.ones((2, 1))), r_squared(x, x[::-1])
    (1.0, 0.0, -3.0)
    """
    if not isinstance(target, Stored):
        target = _check.numbers("target", target)
        answer = _check.numbers("answer", answer)
    if not target.shape or tuple(target.shape) != tuple(answer.shape):
        raise ValueError(
            f"`answer` must have the shape of `target`, {tuple(target.shape)}, "
            f"got {tuple(answer.shape)}."
        )
    mean = moments(target)[0] if isinstance(target, Stored) else target.mean(axis=0)
    spread = error = 0.0
    for part, block in row_blocks(target):
        spread += np.sum((block - mean) ** 2)
        error += np.sum((block - answer[part]) ** 2)
    return float(1 - error / spread) if spread else np.nan


def own_ranks(target: Any, answer: Any) -> Floats:
    """Return for each row the share of other targets nearer to its answer than its own.

    In blocks, never an ``(N, N)`` array.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> own_ranks(x, x).tolist(), own_ranks(x, np.full((3, 1), 2.0)).tolist()
    ([0.0, 0.0, 0.0], [1.0, 0.5, 0.0])
    """
    n = len(target)
    if isinstance(target, Stored):
        return _ranks_on_disk(target, answer)
    middle = target.mean(axis=0)
    target, answer = target - middle, answer - middle
    left = np.hstack([-2 * answer, np.ones((n, 1))])
    right = np.vstack([target.T, np.sum(target**2, axis=1)])
    # The same arithmetic for the own target, so that equal ones never count as nearer.
    room = 1e-9 * (1 + np.sum(answer**2, axis=1))
    ranks = np.empty(n)

    def step(part: slice) -> None:
        gaps = left[part] @ right
        distances = gaps[np.arange(len(gaps)), np.arange(part.start, part.stop)]
        nearer = np.count_nonzero(gaps < (distances - room[part])[:, None], axis=1)
        ranks[part] = nearer / max(1, n - 1)

    in_blocks(step, n, n, title="ranks")
    return ranks


def _ranks_on_disk(target: Stored, answer: Any) -> Floats:
    """Return `own_ranks` of rows on disk: each block of answers by all targets."""
    n, nearer = len(target), np.zeros(len(target))
    middle, _ = moments(target)
    for asked, block in row_blocks(answer):
        y, x = block - middle, target[asked] - middle
        left = -2 * y
        own_gap = np.einsum("ij,ij->i", left, x) + np.sum(x**2, axis=1)
        least = own_gap - 1e-9 * (1 + np.sum(y**2, axis=1))
        for _, others in target.blocks():
            right = others - middle
            squares = np.sum(right**2, axis=1)

            def step(
                part: slice,
                right: Floats = right,
                squares: Floats = squares,
                first: int = asked.start,
                left: Floats = left,
                least: Floats = least,
            ) -> None:
                gaps = left[part] @ right.T + squares
                rows = slice(first + part.start, first + part.stop)
                nearer[rows] += np.count_nonzero(gaps < least[part, None], axis=1)

            in_blocks(step, len(y), len(right))
    return nearer / max(1, n - 1)


def effective_rank(x: Any, *, of: str = "variance") -> float:
    """Return the number of directions in which ``(N, d)`` rows vary, between 1 and d.

    ``exp(-sum_k p_k log p_k)`` (Roy and Vetterli 2007), p_k being the shares of
    variance of the principal components, which is the effective rank of the covariance,
    or the shares of the singular values, which is that of the centred rows: it counts
    weak directions more. 0 where nothing varies.

    Parameters
    ----------
    x
        ``(N, d)``.
    of
        "variance" or "singular values".

    Raises
    ------
    ValueError
        If `of` is neither.

    Examples
    --------
    >>> round(effective_rank(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])), 6)
    2.0
    """
    _check.one_of("of", of, ("variance", "singular values"))
    if isinstance(x, Stored):
        mean, _ = moments(x)
        gram = np.zeros((x.shape[1], x.shape[1]))
        for _, block in x.blocks():
            gram += (block - mean).T @ (block - mean)
    else:
        x = _check.matrix("x", x)
        centred = x - x.mean(axis=0)
        small = centred if len(x) < x.shape[1] else centred.T
        gram = small @ small.T
    values = np.maximum(np.linalg.eigvalsh(gram), 0.0)
    if values.sum() == 0:
        return 0.0
    if of == "singular values":
        # What rounding leaves of a direction without variance is no direction.
        room = values.max() * len(values) * np.finfo(float).eps
        values = np.sqrt(np.where(values > room, values, 0.0))
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))


def known_answers(
    embedding: Embedding, name: str
) -> tuple[npt.NDArray[np.bool_], Any, Any]:
    """Return a mask of the rows with a modality, their targets and answers.

    `Stored` where these are on disk.
    """
    present = embedding.present_in(name)
    target, answer = embedding.targets[name], embedding.decoded[name]
    if not isinstance(target, Stored):
        return (
            present,
            target[present].astype(np.float64),
            answer[present].astype(np.float64),
        )
    rows = np.flatnonzero(present)
    return present, in_double(target.take(rows)), in_double(row_of(answer, rows))


def _row(embedding: Embedding, name: str, points: pd.DataFrame) -> dict[str, object]:
    present, target, answer = known_answers(embedding, name)
    if len(target) < 2:
        return {"modality": name, "points": len(target)}
    ranks = points[_rank_column(embedding, name)].to_numpy()[present]
    rank, variance = effective_rank(target), float(moments(target)[1].mean())
    narrow = rank < 1 + 0.1 * min(target.shape[1] - 1, 5) - 1e-9
    return {
        "modality": name,
        "points": len(target),
        "r2": r_squared(target, answer),
        "r2_shuffled": _shuffled(target, answer),
        "r2_untrained": _untrained(embedding, name, present, target),
        "retrieval": float(np.mean(ranks == 0)),
        "retrieval_chance": 1 / len(target),
        "rank": float(ranks.mean()),
        "rank_chance": 0.5,
        "effective_rank": rank,
        "variance": variance,
        **_ranks_of_z(np.asarray(present_rows(embedding.z, present), np.float64)),
        "alarm": "collapsed" if narrow or variance < 0.01 else "",
    }


def _ranks_of_z(z: Floats) -> dict[str, float]:
    """Return the effective rank of z, and that of z with columns permuted."""
    rng = np.random.default_rng(0)
    nulls = [
        effective_rank(rng.permuted(z, axis=0), of="singular values")
        for _ in range(DRAWS)
    ]
    return {
        "z_rank": effective_rank(z, of="singular values"),
        "z_rank_permuted": float(np.mean(nulls)),
    }


def _shuffled(target: Any, answer: Any) -> float:
    """Return the R^2 expected when answers are dealt at random.

    E |x_i - y_s(i)|^2 over all permutations is the mean over all pairs: both variances
    and the squared distance of the means.
    """
    (middle, variance), (centre, variances) = moments(target), moments(answer)
    spread = variance.sum()
    error = spread + variances.sum() + np.sum((middle - centre) ** 2)
    return float(1 - error / spread) if spread else np.nan


def _untrained(
    embedding: Embedding, name: str, present: npt.NDArray[np.bool_], target: Any
) -> float:
    decoder = embedding.decoders.get(name)
    if decoder is None:
        return np.nan
    z = embedding.z[present]

    def answers(seed: int) -> Any:
        drawn_decoder = decoder.untrained(seed)
        if not isinstance(target, Stored):
            return drawn_decoder(z)
        return Stored(InMemory(z)).mapped(
            drawn_decoder, shape=target.shape[1:], dtype=np.float64
        )

    return float(np.mean([r_squared(target, answers(s)) for s in range(DRAWS)]))
