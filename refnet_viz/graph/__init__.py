"""kNN graphs of embeddings: search, metrics, comparison."""

from .neighbors import Neighbors, knn

__all__ = ["Neighbors", "knn"]
