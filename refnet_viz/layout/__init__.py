"""Two-dimensional layouts of embeddings, each with how far it can be trusted."""

from .projection import project
from .quality import Fidelity, fidelity
from .value import Layout

__all__ = ["Fidelity", "Layout", "fidelity", "project"]
