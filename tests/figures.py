"""One figure of every kind, of a comparison that is trained in a second."""

import warnings
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import numpy as np
import plotly.graph_objects as go
from conftest import paired

import refnet_viz as rv
from refnet_viz import plot
from refnet_viz.config import Config
from refnet_viz.data import Media

SMALL = Config(
    epochs=3, hidden=16, width=8, batch_size=24, learning_rate=1e-2, refiner=1.0
)
VARIANTS = MappingProxyType(
    {
        "plain": replace(SMALL, refiner=0.0, contrastive=0.0),
        "refiner": replace(SMALL, contrastive=0.0),
        "both": SMALL,
    }
)
K = 5


@cache
def data():
    """150 paired rows with metadata."""
    made = paired(rows=150)
    return replace(made, metadata=made.metadata.assign(size=range(150)))


@cache
def runs():
    """Three variants of three seeds."""
    return rv.sweep(data(), VARIANTS, seeds=[0, 1, 2], n_jobs=1, progress=False)


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


# Runs, loads or links if any of it is taken for HTML.
HOSTILE = "<img src=http://h.invalid onerror=hit=1>"
MODALITIES = (f"1{HOSTILE}", f"2{HOSTILE}")


@cache
def hostile():
    """The same embeddings whose every name is an attack."""

    def renamed(space, name):
        parts = {
            field: dict(zip(MODALITIES, getattr(space, field).values(), strict=True))
            for field in ("inputs", "targets", "decoded", "decoders")
        }
        return replace(
            space,
            **parts,
            unimodal={},
            ids=np.array([f"{HOSTILE}{i}" for i in range(len(space))]),
            class_names=tuple(f"{i}{HOSTILE}" for i in range(3)),
            media=Media((), (f"{HOSTILE}<script>hit=1</script>",) * len(space)),
            info={**space.info, "variant": name, "dataset": HOSTILE},
        )

    names = {name: f"{name[0]}{HOSTILE}" for name in spaces()}
    return {
        names[name]: [renamed(space, names[name]) for space in members]
        for name, members in spaces().items()
    }


@cache
def attacked(name):
    """Return a figure in which every name is an attack."""
    own = hostile()
    graphs = rv.knn(own, k=K)
    first, *_, last = own
    renamed = dict(zip(spaces(), own, strict=True))
    table = robust().assign(variant=robust()["variant"].map(renamed))
    table.attrs = robust().attrs
    return {
        "latent": lambda: plot.latent(own, edges=graphs, layout="pca"),
        "graph": lambda: plot.graph(graphs[last][1], layout="pca"),
        "compare": lambda: plot.compare(rv.compare(graphs, permutations=2)),
        "rewiring": lambda: plot.rewiring(graphs, first, last, layout="pca"),
        "history": lambda: plot.history(
            {renamed[name]: members for name, members in runs().items()}
        ),
        "curves": lambda: plot.curves(table),
        "attribution": lambda: plot.attribution(rv.attribute(graphs), layout="pca"),
        "bound": lambda: plot.bound(rv.attribute(graphs[last][0])),
        "overlaps": lambda: plot.overlaps(own),
        "responsibility": lambda: plot.responsibility(rv.attribute(graphs)),
        "spectrum": lambda: plot.spectrum(own),
    }[name]()


@cache
def _drawn(name, mode, **more):
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
        return make(mode=mode, **more, **options)


def figure(name, mode="light", **more):
    """Return the figure of a function of `refnet_viz.plot`."""
    return go.Figure(_drawn(name, mode, **more))
