"""The explorer: embeddings, their graphs and their points, linked in a notebook."""

from .explore import explore
from .explorer import Explorer

__all__ = ["Explorer", "explore"]
