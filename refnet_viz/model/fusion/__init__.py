"""The registry of fusions: a file a fusion, a line in `FUSIONS`."""

from .base import Answers, Fused, Fusion, Sizes
from .concat import ConcatFusion
from .transformer import TransformerFusion

FUSIONS: dict[str, type[Fusion]] = {
    "concat": ConcatFusion,
    "transformer": TransformerFusion,
}

__all__ = ["FUSIONS", "Answers", "Fused", "Fusion", "Sizes"]
