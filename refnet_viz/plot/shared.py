"""The numbers behind `overlaps`: neighbours shared with the modalities, by k."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .._nested import Variants
from ..embedding import Embedding
from ..graph import Neighbors, knn
from ..graph.ground import Grounds
from ..graph.pairs import lines_of_both
from ..statistics import seed_band

CONFIDENCE = 0.95
SPACES = ("latent", "refined")

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """Overlap of one space of one variant with one ground, by k.

    Parameters
    ----------
    variant, space, ground
        Names; the space is "latent" or "refined", the ground "sum" or a modality.
    values
        ``(S, K)`` a row a seed, a column a k.
    """

    variant: str
    space: str
    ground: str
    values: Floats

    @cached_property
    def mean(self) -> Floats:
        """``(K,)`` over the seeds."""
        found: Floats = self.values.mean(axis=0)
        return found

    @cached_property
    def ends(self) -> tuple[Floats, Floats]:
        """``(K,)`` lower and upper end of the band within 0 and 1, NaN for one seed."""
        low, high = zip(
            *(seed_band(column, CONFIDENCE) for column in self.values.T), strict=True
        )
        return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def shared_by_k(a: Rows, b: Rows) -> Floats:
    """Return for k = 1 ... K the mean share of neighbours in common.

    Parameters
    ----------
    a, b
        ``(N, K)`` neighbours, nearest first.

    Examples
    --------
    >>> shared_by_k(np.array([[1, 2]]), np.array([[2, 1]])).tolist()
    [0.0, 1.0]
    """
    n, k = a.shape
    both = np.hstack([a, b])
    order = np.argsort(both, axis=1, kind="stable")
    both = np.take_along_axis(both, order, axis=1)
    equal = both[:, 1:] == both[:, :-1]
    # A common neighbour counts from the depth at which both lists have it.
    depth = np.maximum(order[:, :-1], order[:, 1:] - k)[equal]
    found: Floats = np.bincount(depth, minlength=k).cumsum() / (n * np.arange(1, k + 1))
    return found


def grounds_of(every: Variants[Embedding]) -> list[str]:
    """Return the names of the panels, once all embeddings can be set beside them."""
    first = next(iter(every.values()))[0]
    names = list(first.inputs)
    if not names:
        raise ValueError("`spaces` must have modalities to compare with, got none.")
    for key, members in every.items():
        for member in members:
            if list(member.inputs) != names:
                raise ValueError(
                    f"`spaces` must have the same modalities ({names}), got "
                    f"{list(member.inputs)} in {key!r}."
                )
    return ["sum", *names]


def largest_k(every: Variants[Embedding]) -> int:
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


def curves_of(every: Variants[Embedding], grounds: list[str], k: int) -> list[Curve]:
    """Search every space and ground once, at the largest k."""
    known = Grounds(k, "euclidean")
    curves = []
    for name, members in every.items():
        spaces = [s for s in SPACES if all(s in member.spaces for member in members)]
        for space in spaces:
            graphs: list[Neighbors] = knn(members, k, space=space)
            for ground in grounds:
                rows = [_shared(g, known.of(g.embedding, ground)) for g in graphs]
                curves.append(Curve(name, space, ground, np.stack(rows)))
    return curves


def _shared(graph: Neighbors, ground: Neighbors | None) -> Floats:
    assert ground is not None  # `largest_k` leaves each more than k points
    return shared_by_k(*lines_of_both(graph, ground)[1:])
