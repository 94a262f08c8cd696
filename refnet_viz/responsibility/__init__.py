"""Responsibility: scores of z for every modality, certificates and bounds.

Everything here reads an `Embedding` of held-out rows with its targets and decoded
answers, in float64, and needs no model. `scores` judges the answers,
`Geometry` holds the refined and the modality-sum metric with the bound between them,
`spectrum` the floor of any linear refiner, `conformal_radius` what can be said of a
missing modality; `leftover`, `linear_floor` and `scores_by_class` are the numbers
behind figures; `cross_fit` brings decoders to embeddings that have none.
"""

from .answers import effective_rank, r_squared, scores, scores_by_point
from .by_class import scores_by_class
from .certificates import (
    certified,
    lipschitz_bound,
    pure_by_loss,
    recovery_margins,
    supported,
)
from .conformal import Radius, conformal_radius, missing_errors
from .crossfit import cross_fit
from .floor import Spectrum, spectrum
from .geometry import Bound, Geometry
from .leftover import leftover, linear_floor

__all__ = [
    "Bound",
    "Geometry",
    "Radius",
    "Spectrum",
    "certified",
    "conformal_radius",
    "cross_fit",
    "effective_rank",
    "leftover",
    "linear_floor",
    "lipschitz_bound",
    "missing_errors",
    "pure_by_loss",
    "r_squared",
    "recovery_margins",
    "scores",
    "scores_by_class",
    "scores_by_point",
    "spectrum",
    "supported",
]
