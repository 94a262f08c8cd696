"""Figures of spaces, graphs, comparisons and training, each a plotly Figure.

`latent` sets maps of embeddings side by side, `graph` draws one kNN graph, `compare`
a table of metrics with its bands and nulls, `rewiring` what became of every edge,
`history` the curves of training, `curves` those of noise, missing modalities, few
labels and heavier refiners. Of who answers for what: `attribution` colours edges by the
modalities that have them, `bound` tests Theorem 1 on every edge, `overlaps` counts the
neighbours shared with the modalities, `responsibility` judges the answers by class and
point, `spectrum` what is left of them. All take ``mode="dark"`` and ``caption=True``,
which leaves title and methods to the caption; `caption` returns that of any of them and
`describe` says in words what it shows, and `export.save` writes it, without a browser.
"""

from . import record
from .attribution import attribution
from .bound import bound
from .caption import caption
from .compare import compare
from .curve import curves
from .describe import describe
from .graph import graph
from .history import history
from .latent import latent
from .overlaps import overlaps
from .responsibility import responsibility
from .rewiring import rewiring
from .spectrum import spectrum

# Names of the functions that `rv.replay` calls again.
FIGURES = tuple(sorted(record.FIGURES))
__all__ = [
    "attribution",
    "bound",
    "caption",
    "compare",
    "curves",
    "describe",
    "graph",
    "history",
    "latent",
    "overlaps",
    "responsibility",
    "rewiring",
    "spectrum",
]
