"""kNN graphs of embeddings: search, metrics, comparison.

`knn` finds exact neighbours, `METRICS` says what a graph is like, `compare` sets
variants beside each other with seed bands, chance and unimodal rails, `compare_pairs`
and the functions of two graphs say what changed between them. `attribute` says which
modalities answer for every edge; `Reweighting` gives them other weights.
"""

from .alignment import linear_cka, second_order_cosine
from .attribution import Attribution, attribute
from .compare_pairs import compare_pairs
from .comparison import compare
from .diff import EdgeDiff, edge_diff
from .exchange import load_graph, save_graph
from .metrics import METRICS, Metric
from .neighbors import Neighbors, knn
from .pairs import jaccard, overlap, rbo, rewiring
from .reweighting import Reweighting

__all__ = [
    "METRICS",
    "Attribution",
    "EdgeDiff",
    "Metric",
    "Neighbors",
    "Reweighting",
    "attribute",
    "compare",
    "compare_pairs",
    "edge_diff",
    "jaccard",
    "knn",
    "linear_cka",
    "load_graph",
    "overlap",
    "rbo",
    "rewiring",
    "save_graph",
    "second_order_cosine",
]
