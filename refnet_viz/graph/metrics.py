"""The registry of graph metrics: one function, one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..data.answers import labelled as labelled_rows
from . import halves, influence, labelled, points, prediction, target, topology
from .neighbors import Neighbors

Number = Callable[[Neighbors], float]
Floats = npt.NDArray[np.float64]
Numbers = Callable[[Neighbors], Floats]
OfDraws = Callable[[Neighbors, labelled.Draws], Floats]
_INFINITE = float("inf")


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
    needs_target
        Whether the target enters; the function then takes ``target=`` for a permuted
        one.
    of_predictions
        Whether it judges what was predicted, and the graph does not enter.
    influence
        ``(N,)`` what every point has to do with the number (`graph.influence`), which
        an interval over points is made of; None where it is not known.
    halves
        ``(R,)`` half its difference between two halves of the points (`graph.halves`),
        for metrics of neighbours; None, or where it gives None, `influence` is asked.
    of_draws
        ``(P,)`` the same by each of P `labelled.Draws` of one label a point, where that
        is faster than to call `function` as often.
    headline
        Whether the explorer shows it below the maps. It is then computed with every
        change of k: a few milliseconds at a few thousand points, at most.
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
    most
        Points above which the same holds; None for any number.
    """

    function: Callable[..., float]
    description: str
    range: tuple[float, float]
    needs_labels: bool = False
    higher_is_better: bool | None = None
    chance: Number | None = None
    step: Number | None = None
    slow: bool = False
    most: int | None = None
    needs_target: bool = False
    of_predictions: bool = False
    headline: bool = False
    influence: Numbers | None = None
    halves: Callable[[Neighbors], Floats | None] | None = None
    of_draws: OfDraws | None = None

    @property
    def help(self) -> str:
        """One sentence: what it is, its range, and which direction is better.

        Examples
        --------
        >>> METRICS["hubness"].help
        'skewness of how often points occur as neighbours; any number, lower is better.'
        """
        low, high = self.range
        span = "any number" if low == -high == -_INFINITE else f"from {low} to {high}"
        better = {True: "higher", False: "lower", None: "no direction"}
        direction = better[self.higher_is_better]
        return f"{self.description}; {span}, {direction} is better."


def _one(neighbors: Neighbors) -> float:  # noqa: ARG001
    return 1.0


def _zero(neighbors: Neighbors) -> float:  # noqa: ARG001
    return 0.0


def _half(neighbors: Neighbors) -> float:  # noqa: ARG001
    return 0.5


def per_point(neighbors: Neighbors) -> float:
    """Return the step of a share of points."""
    return 1 / len(neighbors)


def per_labelled_point(neighbors: Neighbors) -> float:
    """Return the step of a share of labelled points."""
    labels = prediction.labels_of(neighbors, None)
    return 1 / max(1, int(labelled_rows(labels, None, len(labels)).sum()))


def per_labelled_neighbor(neighbors: Neighbors) -> float:
    """Return the step of a share of neighbours, both ends labelled."""
    return 1 / max(1, int(points.labelled_neighbors(neighbors).sum()))


def per_neighbor(neighbors: Neighbors) -> float:
    """Return the step of a share of neighbours."""
    return 1 / neighbors.compact.indices.size


METRICS: dict[str, Metric] = {
    "accuracy": Metric(
        prediction.accuracy,
        "share of points predicted right",
        (0, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=prediction.accuracy_chance,
        step=per_labelled_point,
        of_predictions=True,
        headline=True,
        influence=lambda graph: influence.of_mean(prediction.hits(graph)),
    ),
    "auroc": Metric(
        prediction.auroc,
        "area under the ROC curve of two classes",
        (0, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=_half,
        of_predictions=True,
    ),
    "f1_micro": Metric(
        prediction.f1_micro,
        "F1 of all entries of several labels a point",
        (0, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=prediction.f1_micro_chance,
        of_predictions=True,
    ),
    "f1_macro": Metric(
        prediction.f1_macro,
        "mean of the F1 of each class",
        (0, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=prediction.f1_macro_chance,
        of_predictions=True,
    ),
    "average_precision": Metric(
        prediction.average_precision,
        "mean over labels of the average precision",
        (0, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=prediction.average_precision_chance,
        of_predictions=True,
    ),
    "mae": Metric(
        target.mae,
        "mean absolute error, in the unit of the target",
        (0, _INFINITE),
        higher_is_better=False,
        chance=target.mae_chance,
        needs_target=True,
        of_predictions=True,
        influence=lambda graph: influence.of_mean(target.errors(graph)),
    ),
    "correlation": Metric(
        target.correlation,
        "Pearson correlation of target and prediction",
        (-1, 1),
        higher_is_better=True,
        chance=_zero,
        needs_target=True,
        of_predictions=True,
    ),
    "purity": Metric(
        labelled.purity,
        "share of neighbours with the label of their point",
        (0, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=labelled.purity_chance,
        step=per_labelled_neighbor,
        headline=True,
        influence=influence.of_purity,
        halves=halves.of_purity,
        of_draws=labelled.purity_of_draws,
    ),
    "adjusted_homophily": Metric(
        labelled.adjusted_homophily,
        "label assortativity of the union graph",
        (-1, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=_zero,
        step=per_labelled_neighbor,
        headline=True,
        influence=influence.of_adjusted_homophily,
        halves=halves.of_adjusted_homophily,
        of_draws=labelled.adjusted_homophily_of_draws,
    ),
    "community_recovery": Metric(
        labelled.community_recovery,
        "adjusted Rand index of Louvain communities and classes",
        (-0.5, 1),
        needs_labels=True,
        higher_is_better=True,
        chance=_zero,
        slow=True,
    ),
    "hubness": Metric(
        topology.hubness,
        "skewness of how often points occur as neighbours",
        (-_INFINITE, _INFINITE),
        higher_is_better=False,
        chance=topology.hubness_chance,
        headline=True,
        influence=influence.of_hubness,
        halves=halves.of_hubness,
    ),
    "reciprocity": Metric(
        topology.reciprocity,
        "share of neighbours that are neighbours both ways",
        (0, 1),
        higher_is_better=True,
        chance=topology.reciprocity_chance,
        step=per_neighbor,
        headline=True,
        influence=influence.of_reciprocity,
        halves=halves.of_reciprocity,
    ),
    "components": Metric(
        topology.components,
        "connected components of the union graph",
        (1, _INFINITE),
        chance=topology.components_chance,
        step=_one,
    ),
    "clustering": Metric(
        topology.clustering,
        "transitivity of the union graph",
        (0, 1),
        chance=topology.clustering_chance,
        influence=influence.of_clustering,
    ),
    "spectral_gap": Metric(
        topology.spectral_gap,
        "second eigenvalue of the union graph's normalised Laplacian",
        (0, 2),
        chance=topology.spectral_gap_chance,
        most=200_000,
    ),
}

# What a comparison asks first, unless its caller says otherwise.
FAMILY = ("accuracy", "purity", "overlap with sum", "responsibility")


def in_family(name: str, family: Sequence[str] = FAMILY) -> bool:
    """Return whether a metric belongs to the questions that a table asks first.

    Examples
    --------
    >>> in_family("responsibility for text"), in_family("hubness")
    (True, False)
    """
    return name in family or name.partition(" for ")[0] in family


def asked_first(names: Sequence[str], family: Sequence[str] = FAMILY) -> list[str]:
    """Return the metrics that a table asks first, in the order of the family.

    Examples
    --------
    >>> asked_first(["hubness", "purity", "accuracy"])
    ['accuracy', 'purity']
    """
    return [name for one in family for name in names if in_family(name, [one])]


# Metrics of comparisons and regimes that are no function of one graph alone.
_SHARES = ("overlap with", "refined overlap", "emergent", "supported", "certified")


def range_of(name: str) -> tuple[float, float]:
    """Return the smallest and largest value of a metric of any table, by its name.

    Those that nothing is known of, of a table of the user's own, have no ends.

    Examples
    --------
    >>> range_of("purity"), range_of("overlap with text")
    ((0, 1), (0.0, 1.0))
    >>> range_of("responsibility for text"), range_of("mine")
    ((-inf, 1.0), (-inf, inf))
    """
    if name in METRICS:
        return METRICS[name].range
    if name.startswith(_SHARES) or name == "seed_stability":
        return 0.0, 1.0
    if name.startswith("responsibility for"):
        return -_INFINITE, 1.0
    return (0.0, _INFINITE) if name == "area" else (-_INFINITE, _INFINITE)
