"""The registry of fusions: a file a fusion, a line in `FUSIONS`."""

from .base import Answers, Fused, Fusion, Sizes
from .concat import ConcatFusion
from .gmu import GMUFusion
from .late import LateFusion
from .low_rank import LowRankFusion
from .mfm import MFMFusion
from .multiplicative import MultiplicativeFusion
from .nl_gate import NLGateFusion
from .poe import ProductOfExpertsFusion
from .tensor import TensorFusion
from .transformer import TransformerFusion

FUSIONS: dict[str, type[Fusion]] = {
    "concat": ConcatFusion,
    "transformer": TransformerFusion,
    "late": LateFusion,
    "tensor": TensorFusion,
    "low_rank": LowRankFusion,
    "multiplicative": MultiplicativeFusion,
    "nl_gate": NLGateFusion,
    "gmu": GMUFusion,
    "poe": ProductOfExpertsFusion,
    "mfm": MFMFusion,
}

__all__ = ["FUSIONS", "Answers", "Fused", "Fusion", "Sizes"]
