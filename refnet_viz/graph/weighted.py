"""Weighted nearest neighbours: a graph of all modalities that needs no training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import softmax

from .. import _check
from .._memory import check_room
from .._nested import map_values
from .._search import Floats, Rows, lengths_of, nearest, smallest
from .._spaces import as_spaces
from ..data.stored import Stored
from ..embedding import Embedding
from .neighbors import Neighbors
from .search import check_k, over_rows

SPACE = "weighted kNN"
ROOM = 1e-4  # added to the affinity across modalities, as in the paper
BLOCK = 256  # rows whose pairs are held at once


def weighted_neighbors(
    spaces: Any, k: int | None = None, *, near: int = 20, candidates: int = 200
) -> Any:
    r"""Find weighted nearest neighbours: modalities count as they predict a row.

    The graph of Hao et al. (2021, Cell 184, "Integrated analysis of multimodal
    single-cell data"), extended to any number of modalities as Swanson et al. (2021)
    and muon do. It reads the modalities' features alone, each row of them scaled to
    length 1: nothing is trained, no label enters. So it is a rail: what a fused space
    should do better than.

    For row i and modality m, :math:`\hat x_{m|l}` is the mean of m's features over
    i's `near` nearest neighbours by modality l, :math:`d_1` the distance of its nearest
    neighbour in m, and :math:`\sigma` its mean distance to the `near` rows with the
    smallest Jaccard index of neighbours above 0 (ties: the farthest). With the affinity

    .. math:: \theta_m(y) = \exp(-\max(|x_m - y| - d_1, 0) / (\sigma - d_1))

    the weights of i are the softmax over m of
    :math:`\theta_m(\hat x_{m|m}) / (\max_{l \ne m} \theta_m(\hat x_{m|l}) + 10^{-4})`:
    a modality counts that predicts the row from neighbours of its own, and not from
    those of another one. Neighbours are, among the `candidates` nearest of each
    modality, those with the largest :math:`\Theta = \sum_m w_m(i) \theta_m(x_m(j))`.

    Parameters
    ----------
    spaces
        An `Embedding` with two modalities or more, a list or a mapping of them,
        answered in the same shape.
    k
        Neighbours a point; None takes 15, or as many as there are.
    near
        Neighbours that predict a row, and that the width is taken of (20 in the paper).
    candidates
        Nearest of each modality that may become neighbours (200 in the paper); at least
        `k`.

    Returns
    -------
    Neighbors
        Over the rows that have every modality; distances are
        :math:`\sqrt{(1 - \Theta) / 2}`, between 0 and .71. ``graph.embedding`` has the
        features, labels and, as diagnostics "weight", ``(N, M)`` the weights of each
        row, which sum to 1 (NaN where it lacks a modality); predictions are left out.
        To be had as a rail: ``compare(graphs, rails={"weighted": graph})``.

    Raises
    ------
    TypeError
        If a value is no Embedding.
    ValueError
        If there are fewer than two modalities, `k`, `near` or `candidates` is out of
        range, or features are on disk.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> pair = Embedding.from_arrays(x, modalities={"a": x, "noise": x[::-1]})
    >>> graph = weighted_neighbors(pair, k=5)
    >>> graph.indices.shape, graph.embedding.diagnostics["weight"].shape
    ((40, 5), (40, 2))
    """
    near = _check.integer("near", near, low=1)
    candidates = _check.integer("candidates", candidates, low=1)
    values = as_spaces(spaces)

    def search(value: Embedding) -> Neighbors:
        return _of_embedding(value, k, near, candidates)

    return map_values(search, values)


def _of_embedding(
    value: Embedding, k: int | None, near: int, candidates: int
) -> Neighbors:
    if len(value.inputs) < 2:
        raise ValueError(
            "`spaces` must have at least 2 modalities to be weighted, got "
            f"{len(value.inputs)}."
        )
    if any(isinstance(x, Stored) for x in value.inputs.values()):
        raise ValueError(
            "`spaces` must have features in memory to be weighted, got some on disk: "
            "take a subset of the rows."
        )
    present = value.present_in("sum")
    count = check_k(k, present, "sum")
    if count > candidates:
        raise ValueError(
            f"`candidates` must be at least k = {count}, got {candidates}."
        )
    points = [_unit(x[present].astype(np.float64)) for x in value.inputs.values()]
    n, most = len(points[0]), max(candidates, near)
    each = 24 * len(points) * min(most, n)
    check_room("spaces", float(n) * each, f"the search of {n:,} rows")
    lists = [nearest(x, min(most, n - 1), metric="euclidean") for x in points]
    scales = [_Scale.of(x, *pair, near) for x, pair in zip(points, lists, strict=True)]
    weights = modality_weights(points, [rows[:, :near] for rows, _ in lists], scales)
    everyone = [rows[:, :candidates] for rows, _ in lists]
    indices, affinity = _strongest(points, scales, weights, everyone, count)
    of_rows = np.full((len(value), len(points)), np.nan, dtype=np.float32)
    of_rows[present] = weights
    bare = replace(
        value,
        z=value.z[:, :0],  # no space of the embedding was searched
        predictions=None,
        scores=None,
        predicted=None,
        targets={},
        decoded={},
        decoders={},
        diagnostics={"weight": of_rows},
        info=value.info | {"variant": SPACE},
    )
    distances = np.sqrt(np.maximum(1 - affinity, 0.0) / 2)
    return Neighbors(bare, SPACE, "euclidean", *over_rows(present, indices, distances))


def _unit(x: Floats) -> Floats:
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(length > 0, length, 1.0))


@dataclass(frozen=True, eq=False)
class _Scale:
    """Distances that turn those of one modality into affinities.

    Parameters
    ----------
    nearest_one
        ``(N,)`` distance of each row's nearest neighbour.
    width
        ``(N,)`` kernel width beyond it.
    """

    nearest_one: Floats
    width: Floats

    @classmethod
    def of(cls, points: Floats, lists: Rows, distances: Floats, near: int) -> _Scale:
        """Return the scale of a modality from its neighbours, nearest first."""
        near = min(near, len(points) - 1)
        sigma = _bandwidth(points, lists[:, :near], distances[:, near - 1])
        return cls(distances[:, 0], np.maximum(sigma - distances[:, 0], 0.0))

    def affinity(self, distances: Floats, rows: Rows) -> Floats:
        """Return affinities, in (0, 1], of distances from some rows."""
        excess = np.maximum(distances - self.nearest_one[rows], 0.0)
        width = self.width[rows]
        # Without a width only what is as near as the nearest one is alike.
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(excess > 0, np.exp(-excess / width), 1.0)


def _bandwidth(points: Floats, lists: Rows, farthest: Floats) -> Floats:
    """Return the mean distance of each row to those that share least with it.

    Where no other row shares a neighbour, the distance of its farthest neighbour.
    """
    n, k = lists.shape
    shape = (n, n)
    table = csr_array(
        (np.ones(n * k), lists.ravel(), np.arange(0, n * k + 1, k)), shape=shape
    )
    columns = table.T.tocsr()
    sigma = farthest.copy()
    for start in range(0, n, BLOCK):
        shared = (table[start : start + BLOCK] @ columns).tocoo()
        row, column = shared.row + start, shared.col
        other = row != column
        row, column, common = row[other], column[other], shared.data[other]
        if not len(row):
            continue
        far = lengths_of(points, row, column, metric="euclidean")
        order = np.lexsort((column, -far, common, row))  # Jaccard rises with `common`
        row, far = row[order], far[order]
        first = np.flatnonzero(np.diff(row, prepend=-1))
        place = np.arange(len(row)) - np.repeat(first, np.diff([*first, len(row)]))
        least = place < k
        sums = np.bincount(row[least], far[least], minlength=n)
        counts = np.bincount(row[least], minlength=n)
        some = counts > 0
        sigma[some] = sums[some] / counts[some]
    return sigma


def modality_weights(
    points: list[Floats], lists: list[Rows], scales: list[_Scale]
) -> Floats:
    """Return ``(N, M)`` the weights of the modalities of each row, which sum to 1.

    Parameters
    ----------
    points
        ``(N, d_m)`` of each modality.
    lists
        ``(N, k)`` the neighbours that predict, of each modality.
    scales
        Scale of each modality.
    """
    rows = np.arange(len(points[0]))
    ratios = np.empty((len(rows), len(points)))
    for m, (x, scale) in enumerate(zip(points, scales, strict=True)):
        theta = np.array(
            [
                scale.affinity(np.linalg.norm(x - x[near].mean(axis=1), axis=1), rows)
                for near in lists
            ]
        )
        across = np.delete(theta, m, axis=0).max(axis=0)
        ratios[:, m] = theta[m] / (across + ROOM)
    return np.asarray(softmax(ratios, axis=1))


def _strongest(
    points: list[Floats],
    scales: list[_Scale],
    weights: Floats,
    candidates: list[Rows],
    k: int,
) -> tuple[Rows, Floats]:
    """Return the `k` candidates of largest affinity of each row, ties by row number."""
    n = len(weights)
    indices, affinities = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    for start in range(0, n, BLOCK):
        part = slice(start, min(start + BLOCK, n))
        everyone = np.sort(np.hstack([rows[part] for rows in candidates]), axis=1)
        fresh = np.diff(everyone, axis=1, prepend=-1) > 0
        place, slot = np.nonzero(fresh)
        row, column = place + start, everyone[place, slot]
        total = np.zeros(len(row))
        for m, (x, scale) in enumerate(zip(points, scales, strict=True)):
            far = lengths_of(x, row, column, metric="euclidean")
            total += weights[row, m] * scale.affinity(far, row)
        apart = np.full(everyone.shape, np.inf)
        apart[place, slot] = -total
        slots, values = smallest(apart, k)
        indices[part] = np.take_along_axis(everyone, slots, axis=1)
        affinities[part] = -values
    return indices, affinities
