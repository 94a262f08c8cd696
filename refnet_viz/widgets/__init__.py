"""The explorer: embeddings, their graphs and their points, linked in a notebook."""

from .explorer import Explorer
from .start import explore

__all__ = ["Explorer", "explore"]
