"""kNN graphs of embeddings: search, metrics, comparison."""

from .neighbors import Neighbors

__all__ = ["Neighbors"]
