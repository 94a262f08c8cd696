"""kNN graphs of embeddings: search, metrics, comparison.

`knn` finds exact neighbours, `METRICS` says what a graph is like, `compare` sets
variants beside each other with seed bands, chance and unimodal rails, `over_splits`
joins the comparisons of several splits, `compare_pairs`
and the functions of two graphs say what changed between them, `compare_points` sets two
points beside each other, `name_clusters` the words that are typical of communities.
`calibrated_similarity` sets their similarities beside permuted rows.
`guard` is a regression test of neighbourhoods; `point_measures` says which points are
central, beside random graphs of the same degrees, `measures_over_seeds` how sure that
is, and `representatives` which rows stand for a class, over seeds and modalities.
`attribute` says which modalities answer for every edge, `label_edges` how often each
kind of edge joins rows of one label, and `label_information` what that says of the
modalities;
`Reweighting` gives them other weights. `search_effort` says how long an exact search
takes, `Recall` what an approximate one found, and `search_bias` by how much that shifts
numbers. `weighted_neighbors` is a graph of all modalities that needs no training. The
numbers behind figures are tables: `overlap_by_k`, `edge_sets`, `contradictions`,
`edge_bounds`.
"""

from .._search import Effort
from .alignment import linear_cka, second_order_cosine
from .approximate import Recall
from .attribution import Attribution, attribute
from .bias import Bias, search_bias
from .bounds import edge_bounds
from .calibrated import calibrated_similarity
from .class_representatives import Representatives, representatives
from .compare_pairs import compare_pairs
from .comparison import compare
from .diff import EdgeDiff, edge_diff
from .edge_labels import label_edges, label_information
from .exchange import load_graph, save_graph
from .guarding import Guard, guard
from .measured import with_measures
from .measures import point_measures
from .metrics import METRICS, Metric
from .naming import name_clusters
from .neighbors import Neighbors
from .over_seeds import measures_over_seeds
from .overlaps import overlap_by_k
from .pairs import jaccard, overlap, rbo, rewiring
from .reweighting import Reweighting
from .search import knn, search_effort
from .sets import contradictions, edge_sets
from .split_tables import over_splits
from .two_points import compare_points
from .weighted import weighted_neighbors

__all__ = [
    "METRICS",
    "Attribution",
    "Bias",
    "EdgeDiff",
    "Effort",
    "Guard",
    "Metric",
    "Neighbors",
    "Recall",
    "Representatives",
    "Reweighting",
    "attribute",
    "calibrated_similarity",
    "compare",
    "compare_pairs",
    "compare_points",
    "contradictions",
    "edge_bounds",
    "edge_diff",
    "edge_sets",
    "guard",
    "jaccard",
    "knn",
    "label_edges",
    "label_information",
    "linear_cka",
    "load_graph",
    "measures_over_seeds",
    "name_clusters",
    "over_splits",
    "overlap",
    "overlap_by_k",
    "point_measures",
    "rbo",
    "representatives",
    "rewiring",
    "save_graph",
    "search_bias",
    "search_effort",
    "second_order_cosine",
    "weighted_neighbors",
    "with_measures",
]
