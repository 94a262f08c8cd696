"""Training: one run, unlabelled pre-training, sweeps, and saved runs."""

from ..config import VARIANTS, Config
from .loop import fit, pretrain
from .run import Run
from .sweeps import sweep
from .watch import Epoch

__all__ = ["VARIANTS", "Config", "Epoch", "Run", "fit", "pretrain", "sweep"]
