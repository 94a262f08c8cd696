"""Graphs under other weights of the modalities, from distances computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .. import _check
from .._search import smallest
from .._threads import one_thread_for
from ..embedding import Embedding, weights_of
from .neighbors import Neighbors
from .search import check_k, knn, over_rows

Floats = npt.NDArray[np.float64]

WEIGHTED = ("refined", "sum")
# Points whose distances are kept: at 4,000 they take 128 MB a modality.
MOST = 4_000


@dataclass(frozen=True, eq=False)
class Reweighting:
    """The squared distances of all pairs by each modality, ready to be weighted.

    Both metrics are sums over modalities, so another weight needs no other model: no
    training, no decoding, not even a product of matrices.

    Parameters
    ----------
    embedding
        Whose points these are.
    space
        "refined" or "sum".
    squared
        Modality to ``(N, N)``, infinite on the diagonal; None beyond `MOST` points,
        where every change of the weights is a search.
    """

    embedding: Embedding
    space: str
    squared: dict[str, Floats] | None = field(repr=False)

    @classmethod
    def of(cls, embedding: Embedding, space: str = "refined") -> Reweighting:
        """Compute the distances of all pairs, in the time of a few searches.

        Parameters
        ----------
        embedding
            With modalities for "sum", decoded answers for "refined".
        space
            "refined" or "sum".

        Raises
        ------
        ValueError
            If the space is neither, or the embedding does not have it.

        Examples
        --------
        >>> x = np.array([[0.0], [1.0], [3.0]])
        >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[::-1] ** 3})
        >>> both = Reweighting.of(own, "sum")
        >>> both.knn(1, {"a": 1, "b": 0}).indices.ravel().tolist()
        [1, 0, 1]
        >>> both.knn(1, {"a": 0, "b": 1}).indices.ravel().tolist()
        [1, 2, 1]
        """
        _check.instance("embedding", embedding, Embedding)
        _check.one_of("space", space, WEIGHTED)
        _check.one_of("space", space, embedding.spaces)
        if len(embedding) > MOST:
            return cls(embedding, space, None)
        # scipy.spatial takes a moment to import.
        from scipy.spatial.distance import pdist, squareform  # noqa: PLC0415

        squares = {}
        for name, values in _blocks(embedding, space).items():
            squared = squareform(pdist(values.astype(np.float64), "sqeuclidean"))
            np.fill_diagonal(squared, np.inf)
            squares[name] = squared
        return cls(embedding, space, squares)

    def knn(
        self, k: int | None = None, weights: Mapping[str, float] | None = None
    ) -> Neighbors:
        """Return the graph under some weights: `knn`, without its search.

        Parameters
        ----------
        k
            Neighbours a point; None takes 15, or as many as there are.
        weights
            As in `Embedding.space`.

        Returns
        -------
        Neighbors
            Distances agree with those of `knn` to rounding.
        """
        weighting = None if weights is None else dict(weights)
        present = self.embedding.present_in(self.space, weights=weighting)
        k = check_k(k, present, self.space)
        if self.squared is None:
            return knn(self.embedding, k, space=self.space, weights=weighting)
        with one_thread_for(len(self.embedding)):
            # An infinite diagonal times a weight of 0 is no number: such are left out.
            total = sum(
                weight * self.squared[name]
                for name, weight in self._weights(weighting).items()
                if weight > 0
            )
            full = np.asarray(total)
            some = full if present.all() else full[np.ix_(present, present)]
            indices, squared = smallest(some, k)
        lists = over_rows(present, indices, np.sqrt(squared))
        return Neighbors(
            self.embedding, self.space, "euclidean", *lists, weights=weighting
        )

    def scaled(self, factors: Mapping[str, float]) -> dict[str, float]:
        """Return the weights that are these multiples of the default ones.

        Raises
        ------
        TypeError, ValueError
            If a factor is missing, negative or of no modality, or all are 0.

        Examples
        --------
        >>> x = np.eye(4)
        >>> own = Embedding.from_arrays(x, modalities={"a": x, "b": x[:, :2]})
        >>> Reweighting.of(own, "sum").scaled({"a": 2, "b": 1})
        {'a': 0.5, 'b': 0.5}
        """
        weights_of(_blocks(self.embedding, self.space), factors)  # refuses odd ones
        return multiples(self.embedding, self.space, factors)

    def _weights(self, weights: Mapping[str, float] | None) -> dict[str, float]:
        return weights_of(_blocks(self.embedding, self.space), weights)


def multiples(
    embedding: Embedding, space: str, factors: Mapping[str, float]
) -> dict[str, float]:
    """Return the weights of a space that are these multiples of the default ones."""
    even = weights_of(_blocks(embedding, space), None)
    return {name: factors[name] * weight for name, weight in even.items()}


def _blocks(embedding: Embedding, space: str) -> dict[str, npt.NDArray[np.float32]]:
    return embedding.decoded if space == "refined" else embedding.inputs
