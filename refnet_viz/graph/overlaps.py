"""Neighbours that spaces share with their modalities, for every k."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _check
from .._nested import Variants, aligned
from .._spaces import space_variants
from ..embedding import Embedding
from ..statistics import seed_band
from .ground import Grounds
from .neighbors import Neighbors
from .search import knn

SPACES = ("latent", "refined")

Floats = npt.NDArray[np.float64]


def overlap_by_k(
    spaces: Any, *, k_max: int = 50, confidence: float = 0.95
) -> pd.DataFrame:
    """Return how many neighbours spaces share with their modalities, for every k.

    Parameters
    ----------
    spaces
        What `knn` takes, all with the same modalities; one variant, or a mapping.
    k_max
        Largest k; lowered to the number of other points with every modality. Every
        space is searched once, at this k.
    confidence
        Confidence level of the bands over seeds.

    Returns
    -------
    pandas.DataFrame
        One row a variant, space, ground and k:

        variant, space, ground, k
            The space is "latent" or "refined", the ground "sum" (all modalities) or a
            modality, k the number of neighbours a point.
        mean
            ``mean_i |N_k(i) & N_k'(i)| / k``, a share between 0 and 1, over the points
            that have the ground; the mean over seeds. Higher is closer.
        low, high, seeds
            Its band over seeds (Student's t, within 0 and 1), NaN below three, and
            their number.
        chance
            ``k / (N - 1)``: what unrelated graphs share.

    Raises
    ------
    TypeError
        If a value is neither an Embedding nor vectors.
    ValueError
        If modalities are missing or differ, or fewer than two points have all.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> own = Embedding.from_arrays(x, modalities={"a": -x, "b": x[[2, 0, 3, 1]]})
    >>> table = overlap_by_k(own)
    >>> table[table.ground == "b"].round(2)[["k", "mean", "chance"]]
       k  mean  chance
    6  1   0.0    0.33
    7  2   0.5    0.67
    8  3   1.0    1.00
    """
    variants = aligned("spaces", space_variants(spaces))
    names = grounds_of(variants)
    k = min(_check.integer("k_max", k_max, low=1), _largest_k(variants))
    confidence = _check.number("confidence", confidence, low=0.01, high=0.9999)
    grounds = Grounds(k, "euclidean")
    parts = [
        _curve(graphs, ground, grounds, confidence).assign(
            variant=variant, space=space, ground=ground
        )
        for variant, space, graphs in _searched(variants, k)
        for ground in names
    ]
    order = ["variant", "space", "ground", "k", "mean", "low", "high", "seeds"]
    return pd.concat(parts, ignore_index=True)[[*order, "chance"]]


def grounds_of(every: Variants[Embedding]) -> list[str]:
    """Return "sum" and the modalities, which all embeddings must have.

    Raises
    ------
    ValueError
        If there are none, or others in one of them.
    """
    first = next(iter(every.values()))[0]
    names = list(first.inputs)
    if not names:
        raise ValueError("`spaces` must have modalities to compare with, got none.")
    for variant, members in every.items():
        for member in members:
            if list(member.inputs) != names:
                raise ValueError(
                    f"`spaces` must have the same modalities ({names}), got "
                    f"{list(member.inputs)} in {variant!r}."
                )
    return ["sum", *names]


def _largest_k(every: Variants[Embedding]) -> int:
    """Return the largest k that every ground has neighbours for."""
    least = min(
        int(member.present_in("sum").sum())
        for members in every.values()
        for member in members
    )
    if least < 2:
        raise ValueError(
            f"`spaces` must have at least 2 points with every modality, got {least}."
        )
    return least - 1


def _searched(
    every: Variants[Embedding], k: int
) -> Iterator[tuple[str, str, list[Neighbors]]]:
    """Yield variant, space and the graph of every seed."""
    for variant, members in every.items():
        for space in SPACES:
            if all(space in member.spaces for member in members):
                yield variant, space, knn(members, k, space=space)


def _curve(
    graphs: list[Neighbors], ground: str, grounds: Grounds, confidence: float
) -> pd.DataFrame:
    """Return the rows of one space and ground."""
    values = np.stack([grounds.overlaps(graph, ground) for graph in graphs])
    ks = np.arange(1, grounds.k + 1)
    bands = np.array([seed_band(column, confidence, (0, 1)) for column in values.T])
    low, high = bands.T
    return pd.DataFrame(
        {
            "k": ks,
            "mean": values.mean(axis=0),
            "low": low,
            "high": high,
            "seeds": len(values),
            "chance": ks / (len(graphs[0]) - 1),
        }
    )
