"""The registry of fusions: a file a fusion, a line in `FUSIONS`."""

from .base import Answers, Fused, Fusion, Sizes
from .bottleneck import BottleneckFusion
from .concat import ConcatFusion
from .coupled_mamba import CoupledMambaFusion, CoupledMambaResidualFusion
from .deq import EquilibriumFusion
from .dual_channel import DualChannelFusion
from .gmu import GMUFusion
from .late import LateFusion
from .low_rank import LowRankFusion
from .mfm import MFMFusion
from .mm_dynamics import DynamicsFusion
from .mult import MulTFusion
from .multiplicative import MultiplicativeFusion
from .nl_gate import NLGateFusion
from .poe import ProductOfExpertsFusion
from .prototype import PrototypeFusion
from .session import SessionFusion
from .tensor import TensorFusion
from .tmc import EnhancedEvidentialFusion, EvidentialFusion
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
    "deq": EquilibriumFusion,
    "tmc": EvidentialFusion,
    "etmc": EnhancedEvidentialFusion,
    "mm_dynamics": DynamicsFusion,
    "prototype": PrototypeFusion,
    "bottleneck": BottleneckFusion,
    "mult": MulTFusion,
    "coupled_mamba": CoupledMambaFusion,
    "coupled_mamba_residual": CoupledMambaResidualFusion,
    "session": SessionFusion,
    "dual_channel": DualChannelFusion,
}

__all__ = ["FUSIONS", "Answers", "Fused", "Fusion", "Sizes"]
