"""Figures of who answers: what is drawn is what was computed."""

import dataclasses
import re

import numpy as np
import pytest

from refnet_viz import save
from refnet_viz.embedding import Embedding
from refnet_viz.graph import attribute, knn, overlap
from refnet_viz.layout import project
from refnet_viz.plot import attribution, bound, overlaps, responsibility, spectrum
from refnet_viz.responsibility import spectrum as spectrum_of

HOSTILE = "<b onload=alert(1)>text"


def space(n=50, seed=0, noise=0.5, count=2, **changes):
    """An embedding of some modalities that answers with noise."""
    rng = np.random.default_rng(seed)
    names = ["image", HOSTILE, "sound", "smell"][:count]
    x = {name: rng.normal(size=(n, 3)) for name in names}
    z = np.hstack(list(x.values())) + 0.3 * rng.normal(size=(n, 3 * count))
    own = Embedding.from_arrays(
        z, modalities=x, labels=np.arange(n) % 2, class_names=("even", "<i>odd"),
        ids=[f"{i}<u>" for i in range(n)],
    )  # fmt: skip
    decoded = {
        m: (v + noise * rng.normal(size=v.shape)).astype(np.float32)
        for m, v in own.inputs.items()
    }
    return dataclasses.replace(own, targets=own.inputs, decoded=decoded, **changes)


@pytest.fixture(scope="module")
def known():
    own = {"plain": space(noise=2.0), "refiner": space(noise=0.2)}
    return {name: attribute(knn(one, 4)) for name, one in own.items()}


def edges_of(trace):
    """Return the number of edges of a trace: three entries each."""
    assert len(trace.x) % 3 == 0
    return len(trace.x) // 3


def test_every_edge_is_drawn_once_in_its_colour(known):
    figure = attribution(known, layout="pca")
    lines = [t for t in figure.data if t.mode == "lines" and len(t.x) > 1]
    for number, found in enumerate(known.values()):
        axis = "x" if number == 0 else "x2"
        own = [t for t in lines if (t.xaxis or "x") == axis]
        assert sum(map(edges_of, own)) == len(found)
        dashed = sum(edges_of(t) for t in own if t.line.dash == "dash")
        assert dashed == found.contradicted.any(axis=1).sum()
        for name in found.patterns.pattern:
            word = name.replace("<", "&lt;").replace(">", "&gt;")
            drawn = [t for t in own if t.name.removesuffix(", contradicted") == word]
            assert sum(map(edges_of, drawn)) == (found.pattern == name).sum()
    colors = {
        t.name.removesuffix(", contradicted"): t.line.color for t in lines
    }  # fmt: skip
    assert len(set(colors.values())) == len(colors)
    entries = [t.name for t in figure.data if t.mode == "lines" and len(t.x) == 1]
    table = known["plain"].patterns.set_index("pattern")
    told = f"{table.share['all']:.0%}"
    assert entries[0].startswith(f"all: {told}, ")
    assert entries[-1].startswith("emergent")
    assert "chance" in entries[0]


def test_edges_can_be_left_out_and_layouts_given(known):
    found = known["plain"]
    layout = project(found.graph.embedding, "pca")
    figure = attribution(found, layout=layout, max_edges=10)
    lines = [t for t in figure.data if t.mode == "lines" and len(t.x) > 1]
    assert sum(map(edges_of, lines)) == 10
    assert f"10 of {len(found)} edges drawn" in figure.layout.annotations[0].text
    drawn = next(t for t in figure.data if t.name == "points")
    assert (drawn.x == layout.coordinates[:, 0]).all()
    several = attribution([found, found], layout="pca")
    for number, title in enumerate(several.layout.annotations, start=1):
        assert title.text.startswith(f"<b>number {number}</b>")
    told = "`layout` must have the ids of `attributions`, in their order."
    other = project(space(n=20), "pca")
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        attribution(found, layout=other)
    with pytest.raises(ValueError, match=r"^`layout` must be one of"):
        attribution(found, layout="round")
    with pytest.raises(TypeError, match=r"must hold Attribution values, got Neighbors"):
        attribution(found.graph)


def test_rare_sets_share_a_colour():
    found = attribute(knn(space(n=80, count=4), 8))
    assert len(found.patterns) > 9
    figure = attribution(found, layout="pca")
    entries = [t.name for t in figure.data if t.mode == "lines" and len(t.x) == 1]
    assert len(entries) == 8
    assert entries[-2].startswith("other sets")
    shares = [float(re.search(r": (\d+)%", name)[1]) for name in entries]
    assert sum(shares) == pytest.approx(100, abs=4)


def test_the_bound_is_drawn_as_it_is(known):
    found = known["refiner"]
    figure = bound(found)
    true = found.proofs["sum"].bound
    clouds = [t for t in figure.data if t.mode == "markers"]
    np.testing.assert_allclose(clouds[0].x, true.total)
    np.testing.assert_allclose(clouds[0].y, true.refined)
    np.testing.assert_allclose(
        clouds[1].y, (true.refined - true.total) / true.reach
    )  # fmt: skip
    assert (np.abs(clouds[1].y) <= 1).all()
    lower, upper = (t for t in figure.data if t.line.dash == "dash")
    assert upper.y[-1] - upper.x[-1] == pytest.approx(true.reach.max())
    assert min(lower.y) == 0
    assert figure.layout.meta["violations"] == 0
    assert "0 violations" in figure.layout.title.text
    bare = attribute(knn(dataclasses.replace(space(), decoded={}), 3))
    with pytest.raises(
        ValueError, match=r"^`attribution` must be of an embedding with"
    ):
        bound(bare)
    with pytest.raises(TypeError, match=r"^`attribution` must be one Attribution"):
        bound(known)


def test_overlaps_are_those_of_graphs():
    runs = {"plain": [space(seed=0, noise=2.0)], "refiner": [space(seed=0, noise=0.1)]}
    figure = overlaps(runs, k_max=10)
    told = figure.layout.meta["overlaps"]
    for name, (one,) in runs.items():
        for fused in ("latent", "refined"):
            for panel in ("sum", "image"):
                for k in (1, 4, 10):
                    a, b = (knn(one, k, space=s) for s in (fused, panel))
                    assert told[panel][name][fused][k - 1] == pytest.approx(
                        overlap(a, b)
                    )
    chance = next(t for t in figure.data if t.name == "chance")
    assert chance.y[9] == pytest.approx(10 / 49)
    drawn = next(t for t in figure.data if t.name == "refiner, refined")
    assert drawn.y.tolist() == pytest.approx(told["sum"]["refiner"]["refined"])


def test_overlaps_have_a_band_from_three_seeds_on():
    two = [space(seed=s) for s in (0, 0)]
    three = [
        dataclasses.replace(one, info={"seed": s}) for s, one in enumerate(two * 2)
    ]
    assert not [t for t in overlaps(two, k_max=3).data if t.fill]
    figure = overlaps(three[:3], k_max=3)
    assert len([t for t in figure.data if t.fill]) == 6
    assert "band" in figure.layout.title.text
    told = "^`spaces` must have modalities to compare with, got none.$"
    with pytest.raises(ValueError, match=told):
        overlaps(Embedding.from_arrays(np.eye(5)), k_max=2)
    with pytest.raises(ValueError, match=r"^`k` must be"):
        overlaps(two, k_max=50)


def test_responsibility_bars_are_means_of_points(known):
    figure = responsibility(known)
    bars = [t for t in figure.data if t.type == "bar"]
    assert len(bars) == 4
    for found, own in zip(known.values(), (bars[:2], bars[2:]), strict=True):
        points = found.points
        for bar, name in zip(own, ("image", HOSTILE), strict=True):
            classes = [points.label == label for label in ("even", "<i>odd")]
            parts = [points[name], *(points[name][own] for own in classes)]
            assert bar.x == pytest.approx([part.mean() for part in parts])
            assert list(bar.y) == ["all points", "even", "&lt;i&gt;odd"]
    curve = next(
        t for t in figure.data if t.type == "scatter" and t.name == "image"
    )  # fmt: skip
    values = known["plain"].points["image"]
    for x, y in zip(curve.x, curve.y, strict=True):
        assert y == pytest.approx((values >= x).mean())
    bare = attribute(knn(dataclasses.replace(space(), decoded={}), 3))
    with pytest.raises(ValueError, match=r"^`attributions` must be of embeddings with"):
        responsibility(bare)


def test_the_spectrum_is_the_floor():
    runs = {"plain": space(noise=1.0), "refiner": space(noise=0.2)}
    figure = spectrum(runs)
    floor = figure.data[0]
    found = spectrum_of(runs["plain"])
    assert floor.y[0] == 1
    assert floor.y[found.width] == pytest.approx(found.floor_share, abs=1e-12)
    levels = {t.name.split(":")[0]: t.y[0] for t in figure.data[2:]}
    assert levels["plain"] == pytest.approx(found.achieved_share)
    assert levels["refiner"] < levels["plain"]
    assert figure.data[1].x[0] == found.width


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_each_is_saved_without_a_browser_and_says_nothing_hostile(
    known, mode, tmp_path
):
    spaces = {name: found.graph.embedding for name, found in known.items()}
    figures = {
        "attribution": attribution(known, layout="pca", mode=mode),
        "bound": bound(known["plain"], mode=mode),
        "overlaps": overlaps(spaces, k_max=5, mode=mode),
        "responsibility": responsibility(known, mode=mode),
        "spectrum": spectrum(spaces, mode=mode),
    }
    for name, figure in figures.items():
        assert figure.layout.meta["figure"] == name
        assert len(figure.layout.meta["alt"]) > 40
        dark = figure.layout.template.layout.paper_bgcolor == "#14171C"
        assert dark == (mode == "dark")
        words = [figure.layout.title.text, *(a.text for a in figure.layout.annotations)]
        words += [t.name or "" for t in figure.data]
        words += [
            w for t in figure.data if t.hovertext is not None for w in t.hovertext
        ]
        assert not any(re.search(r"<(b onload|i>|u>)", word) for word in words)
        for kind in ("png", "svg", "html"):
            assert save(figure, tmp_path / f"{name}.{kind}").stat().st_size > 2_000
