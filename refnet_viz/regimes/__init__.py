"""What becomes of runs when data are noisy, missing or scarcely labelled.

`robustness` corrupts the rows that trained runs are judged on, `ablate` takes whole
modalities away from them, `label_curve` trains anew with fewer and fewer labels.
"""

from .corruption import ablate, robustness
from .labels import label_curve

__all__ = ["ablate", "label_curve", "robustness"]
