"""Refined and modality-sum metrics of an embedding, and the bound between them.

The statements below are refnet_viz's own, in the spirit of the claim of Sankaran, Yang
and Lim (arXiv 2104.03435) that a refiner induces a graph in the latent space; the
paper's theorem is another. They are derived in the docstrings and tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _check
from .._search import radii
from .._streamed import nearest_read
from .._threads import in_blocks
from ..data.stored import Stored, in_double, row_blocks, side_by_side
from ..embedding import Embedding, Features, weights_of

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

SIDES = ("refined", "sum")


class Bound(NamedTuple):
    """Theorem 1 for some pairs; all ``(E,)``, NaN where a modality is absent.

    Parameters
    ----------
    refined, total
        d_R and d_X of each pair.
    slack
        ``(sum_m w_m |r_mi - r_mj|^2)^(1/2)``: what their difference cannot exceed.
    reach
        ``rho_i + rho_j``, which slack cannot exceed.
    """

    refined: Floats
    total: Floats
    slack: Floats
    reach: Floats


@dataclass(frozen=True, eq=False)
class Geometry:
    """Targets x_m and decoded answers D_m(z) of N points, with weights w_m.

    Two metrics follow, ``d_X(i,j)^2 = sum_m w_m |x_mi - x_mj|^2`` (modality-sum) and
    ``d_R(i,j)^2 = sum_m w_m |D_m(z_i) - D_m(z_j)|^2`` (refined, a function of z only),
    and a residual a point, ``rho_i^2 = sum_m w_m |x_mi - D_m(z_i)|^2``.

    Parameters
    ----------
    weights
        Modality to w_m, of those above 0.
    targets, decoded
        Modality to ``(N, d_m)`` float64, `Stored` where they stay on disk.
    present
        ``(N, M)`` bool: which targets are known.
    """

    weights: dict[str, float]
    targets: dict[str, Any]
    decoded: dict[str, Any]
    present: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, embedding: Embedding, weights: Mapping[str, float] | None = None
    ) -> Geometry:
        """Take both metrics from an embedding of held-out rows.

        Parameters
        ----------
        embedding
            With `targets` and `decoded`.
        weights
            As in `Embedding.space`; modalities of weight 0 do not count.

        Raises
        ------
        ValueError
            If nothing was decoded, or a row was trained on: any injective z has a
            decoder without training error, so its residuals there prove nothing.

        Examples
        --------
        >>> from refnet_viz.responsibility import cross_fit
        >>> x = np.random.default_rng(0).normal(size=(40, 2))
        >>> own = Embedding.from_arrays(x, modalities={"a": x})
        >>> geometry = Geometry.of(cross_fit(own), {"a": 1.0})
        >>> bool(geometry.rho.max() < 0.01)  # z is the modality itself
        True
        """
        check_answered(_check.instance("embedding", embedding, Embedding))
        checked = weights_of(embedding.decoded, weights)
        used = {name: weight for name, weight in checked.items() if weight > 0}
        columns = [list(embedding.inputs).index(name) for name in used]
        return cls(
            used,
            _wide(embedding.targets, used),
            _wide(embedding.decoded, used),
            embedding.present[:, columns],
        )

    def __len__(self) -> int:
        return len(self.present)

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities that count."""
        return tuple(self.weights)

    @cached_property
    def whole(self) -> npt.NDArray[np.bool_]:
        """``(N,)`` whether every modality that counts is present."""
        return np.asarray(self.present.all(axis=1))

    @cached_property
    def errors(self) -> Floats:
        """``(N, M)`` of ``|x_mi - D_m(z_i)|``, NaN where the modality is absent."""
        errors = np.column_stack([_lengths(self._apart(name)) for name in self.names])
        return np.where(self.present, errors, np.nan)

    @cached_property
    def rho(self) -> Floats:
        """``(N,)`` weighted residual, NaN where a modality is absent."""
        rho: Floats = np.sqrt(self.errors**2 @ self._w)
        return rho

    @cached_property
    def _w(self) -> Floats:
        return np.array(list(self.weights.values()))

    def points(self, side: str) -> Any:
        """Return ``(N, D)`` coordinates whose distances are d_R or d_X.

        `Stored` where some of them are on disk.

        Parameters
        ----------
        side
            "refined" or "sum".
        """
        blocks = [self._blocks(side)[name] for name in self.names]
        factors = [np.sqrt(weight) for weight in self.weights.values()]
        if any(isinstance(block, Stored) for block in blocks):
            return side_by_side(blocks, factors, side)
        pairs = zip(factors, blocks, strict=True)
        return np.hstack([factor * block for factor, block in pairs])

    def squared(self, side: str, source: Rows, target: Rows) -> Floats:
        """Return ``(E, M)`` squared distances a modality, without weights.

        Parameters
        ----------
        side
            "refined" or "sum".
        source, target
            ``(E,)`` row numbers.
        """
        blocks = self._blocks(side)
        columns = [pair_distances(blocks[m], source, target) for m in self.names]
        return np.column_stack(columns)

    def _blocks(self, side: str) -> dict[str, Any]:
        _check.one_of("side", side, SIDES)
        return self.decoded if side == "refined" else self.targets

    def _apart(self, name: str) -> Any:
        """Return what z does not answer of a modality: ``(N, d_m)``."""
        target, answer = self.targets[name], self.decoded[name]
        if isinstance(target, Stored):
            return target.mapped(
                np.subtract, answer, shape=target.shape[1:], dtype=np.float64
            )
        return target - answer

    def bound(self, source: Rows, target: Rows) -> Bound:
        """Return Theorem 1 for some pairs, and assert it.

        ``| d_R - d_X | <= (sum_m w_m |r_mi - r_mj|^2)^(1/2) <= rho_i + rho_j``: stack
        u_i = [sqrt(w_m) x_mi] and v_i = [sqrt(w_m) D_m(z_i)]; then u_i - v_i has length
        rho_i, and ``|u_i - u_j|`` and ``|v_i - v_j|`` differ by at most
        ``|(u_i - v_i) - (u_j - v_j)|``, twice by the triangle inequality. It holds for
        any decoder and any weights.

        Parameters
        ----------
        source, target
            ``(E,)`` row numbers.

        Raises
        ------
        ArithmeticError
            If it does not hold, which only a mistake in this package could bring about.
        """
        whole = self.whole[source] & self.whole[target]
        refined = np.sqrt(self.squared("refined", source, target) @ self._w)
        total = np.sqrt(self.squared("sum", source, target) @ self._w)
        slack = np.sqrt(
            np.column_stack(
                [pair_distances(self._apart(m), source, target) for m in self.names]
            )
            @ self._w
        )
        reach = self.rho[source] + self.rho[target]
        nowhere = np.where(whole, 0.0, np.nan)
        bound = Bound(refined, total + nowhere, slack + nowhere, reach)
        _assert_theorem_1(bound)
        return bound

    def radii(self, ks: Sequence[int]) -> Floats:
        """Return ``(N, len(ks))`` distances d_X to the k-th nearest, among whole rows.

        NaN for rows that lack a modality, and for a k that there are not enough for.
        """
        ks = [_check.integer("ks", k, low=1) for k in _check.several("ks", ks)]
        distances = np.full((len(self), len(ks)), np.nan)
        rows = np.flatnonzero(self.whole)
        able = [place for place, k in enumerate(ks) if k < len(rows)]
        if able:
            near = _radii(self.points("sum"), rows, [ks[place] for place in able])
            distances[np.ix_(rows, np.array(able))] = near
        return distances


def check_answered(embedding: Embedding) -> None:
    """Refuse embeddings of which nothing was decoded, and rows trained on."""
    if not embedding.decoded:
        raise ValueError(
            "`embedding` must have decoded answers, got none; "
            "`rv.responsibility.cross_fit` fits decoders to any embedding."
        )
    count = int(np.sum(~embedding.held_out))
    if count:
        raise ValueError(
            "`embedding` must hold only rows that its run was not trained on, got "
            f"{count} of {len(embedding)} that it was; "
            "`embedding.subset(embedding.held_out)` leaves them out."
        )


def pair_distances(x: Any, source: Rows, target: Rows) -> Floats:
    """Return squared distances of some pairs of rows, by differences, in blocks.

    Examples
    --------
    >>> pair_distances(np.array([[0.0], [3.0]]), np.array([0]), np.array([1])).tolist()
    [9.0]
    """
    squared = np.empty(len(source))

    def step(part: slice) -> None:
        apart = x[source[part]] - x[target[part]]
        squared[part] = np.einsum("ij,ij->i", apart, apart)

    in_blocks(step, len(source), x.shape[1])
    return squared


def _wide(features: Features, names: Mapping[str, float]) -> dict[str, Any]:
    return {name: in_double(features[name]) for name in names}


def _lengths(vectors: Any) -> Floats:
    """Return the length of each row."""
    parts = [np.linalg.norm(block, axis=1) for _, block in row_blocks(vectors)]
    return np.concatenate(parts)


def _radii(points: Any, rows: Rows, ks: list[int]) -> Floats:
    """Return distances to the k-th nearest among some rows."""
    if not isinstance(points, Stored):
        return radii(points[rows], ks)
    distances = nearest_read(points.take(rows), max(ks), metric="euclidean")[1]
    return distances[:, [k - 1 for k in ks]]


def _assert_theorem_1(bound: Bound) -> None:
    refined, total, slack, reach = bound
    room = 1e-9 * (1.0 + reach)  # for rounding
    broken = (np.abs(refined - total) > slack + room) | (slack > reach + room)
    if broken.any():
        raise ArithmeticError(
            "Theorem 1 must hold for every pair, but does not for "
            f"{int(broken.sum())} of {len(broken)}: this is a mistake in refnet_viz."
        )
