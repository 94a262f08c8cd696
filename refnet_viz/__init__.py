"""Train Refiner Fusion Networks and compare the graphs of their fused spaces.

The pipeline is ``Dataset -> Run -> Embedding -> Neighbors -> DataFrame / Figure``;
a comparison is a mapping from variant names to values::

    import refnet_viz as rv

    data = rv.data.emoji()
    runs = rv.sweep(data, rv.VARIANTS, seeds=range(5))
    spaces = rv.embed(runs, data.test)
    graphs = rv.knn(spaces, k=15)
    rv.compare(graphs)
    rv.attribute(graphs)
    rv.plot.latent(spaces, edges=graphs)
    rv.explore(spaces, data=data)
    rv.save(rv.plot.rewiring(graphs, "plain", "both"), "figure2.pdf")
    rv.replay("figure2.manifest.json")
    rv.export_html(spaces, "explorer.html")
    rv.report(spaces, "report.html")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import data, graph, plot, responsibility
    from .baselines import rails
    from .embedding import Embedding
    from .graph import (
        METRICS,
        Attribution,
        Neighbors,
        attribute,
        compare,
        guard,
        knn,
    )
    from .inference import embed
    from .layout import Layout, project
    from .regimes import (
        ablate,
        counterfactual,
        label_curve,
        refiner_curve,
        robustness,
    )
    from .share import export_html, report
    from .share.replay import replay
    from .share.save import save
    from .storage import load
    from .train import VARIANTS, Config, Run, fit, pretrain, sweep
    from .widgets import explore

# torch, pandas and plotly take seconds to import: a name loads its room when it is
# first used (PEP 562), so that importing this package costs next to nothing.
_ROOMS = {
    "Attribution": "graph", "Config": "config", "Embedding": "embedding",
    "Layout": "layout", "METRICS": "graph", "Neighbors": "graph", "Run": "train",
    "VARIANTS": "config", "ablate": "regimes", "attribute": "graph", "compare": "graph",
    "counterfactual": "regimes", "data": "", "embed": "inference",
    "explore": "widgets", "export_html": "share", "fit": "train", "graph": "",
    "guard": "graph", "knn": "graph", "label_curve": "regimes", "load": "storage",
    "plot": "",
    "pretrain": "train", "project": "layout", "rails": "baselines",
    "refiner_curve": "regimes", "replay": "share.replay", "report": "share",
    "responsibility": "", "robustness": "regimes",
    "save": "share.save", "sweep": "train",
}  # fmt: skip
__all__ = [
    "METRICS",
    "VARIANTS",
    "Attribution",
    "Config",
    "Embedding",
    "Layout",
    "Neighbors",
    "Run",
    "__version__",
    "ablate",
    "attribute",
    "compare",
    "counterfactual",
    "data",
    "embed",
    "explore",
    "export_html",
    "fit",
    "graph",
    "guard",
    "knn",
    "label_curve",
    "load",
    "plot",
    "pretrain",
    "project",
    "rails",
    "refiner_curve",
    "replay",
    "report",
    "responsibility",
    "robustness",
    "save",
    "sweep",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = _ROOMS[name]
    if not room:
        return importlib.import_module(f".{name}", __name__)
    value = getattr(importlib.import_module(f".{room}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])
