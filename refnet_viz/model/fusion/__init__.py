"""The registry of fusions: a file a fusion, a line in `FUSIONS`."""

from .base import Fused, Fusion
from .concat import ConcatFusion
from .transformer import TransformerFusion

FUSIONS: dict[str, type[Fusion]] = {
    "concat": ConcatFusion,
    "transformer": TransformerFusion,
}

__all__ = ["FUSIONS", "Fused", "Fusion"]
