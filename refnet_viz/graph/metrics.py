"""The registry of graph metrics: one function, one row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import labelled, topology
from .neighbors import Neighbors

Number = Callable[[Neighbors], float]


@dataclass(frozen=True)
class Metric:
    """A function of a graph and what a reader must know of its number.

    Parameters
    ----------
    function
        ``function(neighbors) -> float``; those that need labels also take
        ``labels=`` to be judged by permuted ones.
    description
        One line.
    range
        Smallest and largest possible value.
    needs_labels
        Whether labels enter.
    higher_is_better
        None when neither direction is.
    chance
        The value expected when neighbours (or answers) have nothing to do with the
        data.
    step
        The smallest change a graph can show, for metrics that count.
    slow
        Whether it takes seconds at a few thousand points; `compare` then leaves it
        out unless it is asked for.
    """

    function: Callable[..., float]
    description: str
    range: tuple[float, float]
    needs_labels: bool = False
    higher_is_better: bool | None = None
    chance: Number | None = None
    step: Number | None = None
    slow: bool = False


def _one(neighbors: Neighbors) -> float:  # noqa: ARG001
    return 1.0


def _zero(neighbors: Neighbors) -> float:  # noqa: ARG001
    return 0.0


def per_point(neighbors: Neighbors) -> float:
    """Return the step of a share of points."""
    return 1 / len(neighbors)


def per_neighbor(neighbors: Neighbors) -> float:
    """Return the step of a share of neighbours."""
    return 1 / neighbors.indices.size


_INFINITE = float("inf")

METRICS: dict[str, Metric] = {
    "accuracy": Metric(
        labelled.accuracy, "share of points predicted right", (0, 1),
        needs_labels=True, higher_is_better=True,
        chance=labelled.accuracy_chance, step=per_point,
    ),
    "purity": Metric(
        labelled.purity, "share of neighbours with the label of their point", (0, 1),
        needs_labels=True, higher_is_better=True,
        chance=labelled.purity_chance, step=per_neighbor,
    ),
    "adjusted_homophily": Metric(
        labelled.adjusted_homophily, "label assortativity of the union graph", (-1, 1),
        needs_labels=True, higher_is_better=True, chance=_zero, step=per_neighbor,
    ),
    "community_recovery": Metric(
        labelled.community_recovery,
        "adjusted Rand index of Louvain communities and classes", (-0.5, 1),
        needs_labels=True, higher_is_better=True, chance=_zero, slow=True,
    ),
    "hubness": Metric(
        topology.hubness, "skewness of how often points occur as neighbours",
        (-_INFINITE, _INFINITE),
        higher_is_better=False, chance=topology.hubness_chance,
    ),
    "reciprocity": Metric(
        topology.reciprocity, "share of neighbours that are neighbours both ways",
        (0, 1), higher_is_better=True, chance=topology.reciprocity_chance,
        step=per_neighbor,
    ),
    "components": Metric(
        topology.components, "connected components of the union graph", (1, _INFINITE),
        chance=topology.components_chance, step=_one,
    ),
    "clustering": Metric(
        topology.clustering, "transitivity of the union graph", (0, 1),
        chance=topology.clustering_chance,
    ),
    "spectral_gap": Metric(
        topology.spectral_gap,
        "second eigenvalue of the union graph's normalised Laplacian", (0, 2),
        chance=topology.spectral_gap_chance,
    ),
}  # fmt: skip
