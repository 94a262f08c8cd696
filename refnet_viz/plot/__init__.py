"""Figures of spaces, graphs, comparisons and training, each a plotly Figure.

`latent` sets maps of embeddings side by side, `graph` draws one kNN graph, `compare`
a table of metrics with its bands and nulls, `rewiring` what became of every edge,
`history` the curves of training, `curves` those of noise, missing modalities and few
labels. All take ``mode="dark"``; `export.save` writes any
of them, without a browser.
"""

from .compare import compare
from .curve import curves
from .graph import graph
from .history import history
from .latent import latent
from .rewiring import rewiring

__all__ = ["compare", "curves", "graph", "history", "latent", "rewiring"]
