"""One figure of every kind, of a comparison that is trained in a second."""

import warnings
from dataclasses import replace
from functools import cache

import plotly.graph_objects as go
from conftest import paired

import refnet_viz as rv
from refnet_viz import plot
from refnet_viz.config import Config

SMALL = Config(
    epochs=3, hidden=16, width=8, batch_size=24, learning_rate=1e-2, refiner=1.0
)
VARIANTS = {
    "plain": replace(SMALL, refiner=0.0, contrastive=0.0),
    "refiner": replace(SMALL, contrastive=0.0),
    "both": SMALL,
}
K = 5


@cache
def data():
    """150 paired rows with metadata."""
    made = paired(rows=150)
    return replace(made, metadata=made.metadata.assign(size=range(150)))


@cache
def runs():
    """Three variants of two seeds."""
    return rv.sweep(data(), VARIANTS, seeds=[0, 1], n_jobs=1, progress=False)


@cache
def spaces():
    return rv.embed(runs(), data().test)


@cache
def graphs():
    return rv.knn(spaces(), k=K)


@cache
def table():
    return rv.compare(graphs(), rails=rv.rails(data()), permutations=20)


@cache
def attributions():
    return rv.attribute(graphs())


@cache
def robust():
    return rv.robustness(runs(), data().test, levels=(0.0, 0.5, 1.0))


@cache
def _drawn(name, mode):
    make = {
        "latent": lambda **o: plot.latent(spaces(), edges=graphs(), **o),
        "graph": lambda **o: plot.graph(graphs()["both"][1], **o),
        "compare": lambda **o: plot.compare(table(), **o),
        "rewiring": lambda **o: plot.rewiring(graphs(), "plain", "both", **o),
        "history": lambda **o: plot.history(runs(), **o),
        "curves": lambda **o: plot.curves(robust(), **o),
        "attribution": lambda **o: plot.attribution(attributions(), **o),
        "bound": lambda **o: plot.bound(attributions()["both"][0], **o),
        "overlaps": lambda **o: plot.overlaps(spaces(), **o),
        "responsibility": lambda **o: plot.responsibility(attributions(), **o),
        "spectrum": lambda **o: plot.spectrum(spaces(), **o),
    }[name]
    mapped = name in {"latent", "graph", "rewiring", "attribution"}
    options = {"layout": "pca"} if mapped else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return make(mode=mode, **options)


def figure(name, mode="light"):
    """Return the figure of a function of `refnet_viz.plot`."""
    return go.Figure(_drawn(name, mode))
