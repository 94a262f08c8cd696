"""Runs under noisy, missing or scarce data, and under heavier refiner losses.

`robustness` corrupts the rows that trained runs are judged on, `ablate` takes whole
modalities away from them, `counterfactual` asks which edges and answers survive that;
`label_curve` trains anew with fewer and fewer labels, `refiner_curve` with heavier and
heavier refiners.
"""

from .changed import counterfactual
from .corruption import ablate, robustness
from .labels import label_curve
from .refiner import refiner_curve

__all__ = ["ablate", "counterfactual", "label_curve", "refiner_curve", "robustness"]
