"""Two-dimensional layouts of embeddings, each with its fidelity."""

from .projection import project
from .quality import Fidelity, fidelity
from .value import Layout

__all__ = ["Fidelity", "Layout", "fidelity", "project"]
