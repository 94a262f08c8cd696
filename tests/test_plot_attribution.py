"""`attribution`, `bound`, `overlaps`, `responsibility` and `spectrum`, read as data."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from refnet_viz import save
from refnet_viz.embedding import Embedding
from refnet_viz.graph import contradictions, edge_bounds, knn, overlap
from refnet_viz.graph.attribution import attribute
from refnet_viz.graph.pairs import common_by_depth
from refnet_viz.graph.sets import SEVERAL
from refnet_viz.layout import Layout, project
from refnet_viz.plot import attribution, bound, overlaps, responsibility, spectrum
from refnet_viz.plot.ink import MODES
from refnet_viz.plot.text import signed
from refnet_viz.responsibility import cross_fit, scores

HOSTILE = "<script>x</script>"
LINK = '<a href="http://x">'
# Four pairs; each modality has the first and one more, and parts the ends of the rest.
Z = np.array([0.0, 1, 10, 11, 20, 21, 30, 31])
A = Z[[2, 3, 4, 5, 0, 6, 1, 7]]  # from the left 4-6, 0-1, 2-3, 5-7
B = Z[[2, 3, 0, 6, 4, 5, 1, 7]]  # from the left 2-6, 0-1, 4-5, 3-7


def pairs(**more):
    """Return eight points on a line whose neighbours are 0-1, 2-3, 4-5 and 6-7."""
    modalities = {"a": A[:, None], "b": B[:, None]}
    return Embedding.from_arrays(Z[:, None], **{"modalities": modalities} | more)


def answered(targets, decoded, **more):
    """Return an embedding with these targets and answers of one modality, z = x."""
    x = np.asarray(targets, float).reshape(len(targets), -1)
    own = Embedding.from_arrays(x[:, :1], modalities={"a": x}, **more)
    told = np.asarray(decoded, np.float32).reshape(x.shape)
    return replace(own, targets={"a": x.astype(np.float32)}, decoded={"a": told})


def noisy(seed=0, n=30, names=("a", "b"), **more):
    """Return a fused space of several modalities, asked for each of them."""
    rng = np.random.default_rng(0)
    modalities = {name: rng.normal(size=(n, 4)) for name in names}
    z = np.hstack(list(modalities.values()))[:, ::2]
    z = z + 0.3 * np.random.default_rng(seed).normal(size=z.shape)
    own = Embedding.from_arrays(z, modalities=modalities, **more)
    return replace(cross_fit(own, folds=3), info={**own.info, "seed": seed})


def hostile():
    return noisy(
        names=(HOSTILE, LINK),
        labels=[HOSTILE, LINK, "a & b"] * 10,
        name=HOSTILE,
        ids=[f"{LINK}{i}" for i in range(30)],
    )


def contradicted_chance(found):
    return contradictions(found)["chance"].item()


def entries(figure):
    """Return the names in the legend, in their order."""
    return [t.name for t in figure.data if t.showlegend is not False]


def named(figure, name):
    return [t for t in figure.data if t.name == name and t.x[0] is not None]


def ends(trace):
    """Return the x of both ends of every edge of a trace."""
    return np.sort(trace.x.reshape(-1, 3)[:, :2], axis=1).tolist()


# attribution


def test_edges_have_the_colour_of_their_modalities():
    figure = attribution(attribute(knn(pairs(), k=1)), layout="pca")
    x = project(pairs(), "pca").coordinates[:, 0]
    colors = MODES["light"].strokes
    sets = ("all", "only a", "only b")
    for i, name in enumerate(sets):
        (trace,) = named(figure, name)
        assert ends(trace) == [sorted(x[2 * i : 2 * i + 2].tolist())]
        assert trace.line.color == colors[i]
    (grey,) = named(figure, "emergent")
    assert ends(grey) == [sorted(x[6:].tolist())]
    assert grey.line.color == MODES["light"].edge
    assert grey.line.width < min(named(figure, s)[0].line.width for s in sets)
    # Emergent edges lie below all others, and points above them.
    drawn = [t for t in figure.data if t.x[0] is not None]
    assert drawn[0] is grey
    assert drawn[-1].mode == "markers"
    assert drawn[-1].customdata.tolist() == [str(i) for i in range(8)]


def test_the_legend_tells_shares_beside_chance():
    # 28 pairs of points of degree 1; one is in both modalities, three in each alone.
    found = attribute(knn(pairs(), k=1))
    figure = attribution(found, layout="pca")
    null = f"{contradicted_chance(found):.2f}"
    assert entries(figure) == [
        "all 0.25, chance 0.04",
        "only a 0.25, chance 0.11",
        "only b 0.25, chance 0.11",
        "emergent 0.25, chance 0.75",
        f"contradicted by a modality 0.75, chance {null}",
    ]
    (panel,) = figure.layout.meta["panels"]
    assert [row["edges"] for row in panel["patterns"]] == [1, 1, 1, 1]
    assert panel["contradicted_chance"] == contradicted_chance(found)


def far(values, i, j):
    """Return the mean share of other points that are nearer to either end."""
    shares = []
    for here, there in ((i, j), (j, i)):
        rest = [q for q in range(len(values)) if q not in {i, j}]
        gap = abs(values[there] - values[here])
        shares.append(np.mean([abs(values[q] - values[here]) < gap for q in rest]))
    return np.mean(shares)


def test_contradicted_edges_are_dashed():
    figure = attribution(attribute(knn(pairs(), k=1)), layout="pca")
    for name, (i, j) in {
        "all": (0, 1),
        "only a": (2, 3),
        "only b": (4, 5),
        "emergent": (6, 7),
    }.items():
        against = max(far(A, i, j), far(B, i, j)) > 0.5
        assert named(figure, name)[0].line.dash == ("dash" if against else "solid")
    assert named(figure, "all")[0].line.dash == "solid"
    assert named(figure, "only a")[0].line.dash == "dash"


def test_chance_of_contradiction_is_that_of_any_pair():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 60))
    own = Embedding.from_arrays(x[:, None], modalities={"a": x[:, None]})
    every = list(combinations(range(60), 2))
    by_x = np.array([far(x, i, j) > 0.5 for i, j in every])
    by_y = np.array([far(y, i, j) > 0.5 for i, j in every])
    near = attribute(knn(own, k=20))
    assert contradicted_chance(near) == pytest.approx(by_x.mean(), abs=0.04)
    assert near.contradicted.mean() < 0.1
    both = replace(
        own,
        inputs={"a": own.inputs["a"], "b": y[:, None]},
        present=np.ones((60, 2), bool),
    )
    two = contradicted_chance(attribute(knn(both, k=20)))
    assert two == pytest.approx((by_x | by_y).mean(), abs=0.04)


def test_panels_of_variants_share_their_legend():
    found = attribute(
        {
            "plain": [knn(pairs(), k=1), knn(pairs(), k=2)],
            "b": knn(pairs(modalities={"a": Z[:, None], "b": B[:, None]}), k=1),
        }
    )
    figure = attribution(found, layout="pca")
    assert entries(figure)[:2] == [
        "all 0.25 / 0.50, chance 0.04 / 0.07",
        "only a 0.25 / 0.50, chance 0.11 / 0.07",
    ]
    assert [p["k"] for p in figure.layout.meta["panels"]] == [1, 1]
    colors = {t.line.color for t in named(figure, "only a")}
    assert colors == {MODES["light"].strokes[1]}
    titles = [note.text for note in figure.layout.annotations]
    assert [title.split("<br>")[0] for title in titles] == ["<b>plain</b>", "<b>b</b>"]
    assert "the order of the panels" in figure.layout.title.text
    page = attribution(found, layout="pca", columns=1).layout
    assert (page.width, page.yaxis.domain) == (336, page.yaxis2.domain)


def test_few_edges_are_an_even_draw_and_said():
    found = attribute(knn(noisy(), k=5))
    figure = attribution(found, layout="pca", max_edges=20)
    total = len(found)
    drawn = [t for t in figure.data if t.mode == "lines" and t.x[0] is not None]
    assert sum(len(t.x) // 3 for t in drawn) == 20
    assert f"20 of {total} edges drawn" in figure.layout.annotations[0].text
    # The legend still tells of all edges.
    assert entries(figure) == entries(attribution(found, layout="pca"))


def test_sets_beyond_the_seventh_are_several():
    found = attribute(knn(noisy(names="abcd", n=60), k=10))
    table = found.patterns.set_index("pattern")
    assert len(table) > 9
    figure = attribution(found, layout="pca")
    names = [entry.rsplit(", chance", 1)[0] for entry in entries(figure)]
    kept = [name.rsplit(" ", 1)[0] for name in names]
    assert len(kept) == 10  # seven, several, emergent, contradicted
    assert kept[7:9] == [SEVERAL, "emergent"]
    # However rare it is, what all have is never pooled, nor what one has alone.
    assert "all" not in table["edges"].nlargest(8).index
    assert {"all", *(f"only {m}" for m in "abcd")} <= set(kept[:7])
    rest = table.drop([*(k for k in kept[:7]), "emergent"])
    words = f"several {rest['share'].sum():.2f}, chance {rest['chance'].sum():.2f}"
    assert words in entries(figure)
    edges = [t for t in named(figure, SEVERAL) if t.mode == "lines"]
    assert sum(len(t.x) // 3 for t in edges) == rest["edges"].sum()
    assert {t.line.color for t in edges} == {MODES["light"].muted}


def test_layouts_of_attributions():
    graphs = {
        "latent": knn(noisy(), k=5),
        "refined": knn(noisy(), k=5, space="refined"),
    }
    found = attribute(graphs)
    meta = attribution(found).layout.meta["panels"]
    assert [p["layout"] for p in meta] == ["umap", "aligned"]
    assert [p["layout_space"] for p in meta] == ["latent", "refined"]
    given = project(noisy(), "pca")
    for layout in (given, {"latent": given, "refined": given}):
        figure = attribution(found, layout=layout)
        points = [t for t in figure.data if t.mode == "markers"]
        for trace in points:
            assert trace.x.tolist() == given.coordinates[:, 0].tolist()
    with pytest.raises(ValueError, match="layout") as caught:
        attribution(found, layout=project(pairs(), "pca"))
    assert str(caught.value) == (
        "`layout` must have the same ids as `attributions['latent']`, in any order, "
        "got 8 and 30 of which 8 are the same: '8' is only in `attributions['latent']`."
    )
    with pytest.raises(ValueError, match="layout") as caught:
        attribution(found, layout="spring")
    assert str(caught.value) == (
        "`layout` must be one of 'umap', 'pca', 'aligned', got 'spring'."
    )
    assert isinstance(given, Layout)


# bound


def edges_of_four():
    """Return an attribution of edges 0-1, 1-2, 2-3, with |d_R - d_X| = 1 = reach."""
    return attribute(knn(answered([0, 1, 3, 6], [0, 2, 3, 5]), k=1))


def dots(figure):
    return [t for t in figure.data if t.mode == "markers"]


def test_bound_draws_both_distances_and_what_is_used_of_the_reach():
    figure = bound(edges_of_four())
    left, right = dots(figure)
    assert left.x.tolist() == right.x.tolist() == [1, 2, 3]
    assert left.y.tolist() == [2, 1, 2]
    assert right.y.tolist() == [1, -1, -1]
    assert figure.layout.title.text.startswith("Theorem 1 on 3 edges: 0 violations<br>")
    assert figure.layout.meta["largest_reach"] == 1
    (band,) = (t for t in figure.data if t.fill == "toself")
    top = 1.05 * 3
    assert np.column_stack([band.x, band.y]).tolist() == [
        [0, 0],
        [1, 0],
        [top, top - 1],
        [top, top + 1],
        [0, 1],
        [0, 0],
    ]
    limit = next(t for t in figure.data if t.name == "limit of the theorem")
    assert limit.y == (1, 1, None, -1, -1)
    assert (
        "± 1.00, the largest reach of an edge</span>"
        in figure.layout.annotations[0].text
    )
    assert "at most 1.00" in figure.layout.annotations[1].text
    assert left.hovertext[0] == (
        "<b>0</b> and <b>1</b><br>modality-sum 1.000, refined 2.000<br>"
        "reach 1.000, of which 100% used"
    )


def test_every_point_lies_in_the_band():
    found = attribute(knn(noisy(n=60), k=8))
    figure = bound(found)
    reach = figure.layout.meta["largest_reach"]
    left, right = dots(figure)
    assert (np.abs(left.y - left.x) <= reach).all()
    assert np.abs(right.y).max() <= 1
    truth = found.proofs["sum"].bound
    np.testing.assert_allclose(right.y, (truth.refined - truth.total) / truth.reach)
    assert (
        "wider than this panel" not in bound(edges_of_four()).layout.annotations[0].text
    )


def test_a_violation_would_be_told():
    found = edges_of_four()
    proof = found.proofs["sum"]
    wrong = proof.bound._replace(reach=np.array([1.0, 0.5, 0.0]))
    # What is proved is computed once: this is what everybody asks from now on.
    vars(found)["proofs"] = {"sum": replace(proof, bound=wrong)}
    figure = bound(found)
    assert "3 edges: 2 violations" in figure.layout.title.text
    assert edge_bounds(found).used.tolist() == [1, -2, np.inf]


def test_exact_answers_use_nothing_of_no_reach():
    exact = attribute(knn(answered([0, 1, 3, 6], [0, 1, 3, 6]), k=1))
    assert edge_bounds(exact).used.tolist() == [0, 0, 0]
    assert "0 violations" in bound(exact).layout.title.text


def test_edges_without_a_modality_are_not_edges_of_four():
    own = answered([0, 1, 3, 6], [0, 2, 3, 5])
    own = replace(own, present=np.array([[True], [True], [True], [False]]))
    assert dots(bound(attribute(knn(own, k=1))))[0].x.tolist() == [1, 2]
    alone = replace(own, present=np.array([[True], [False], [True], [False]]))
    with pytest.raises(ValueError, match="edge") as caught:
        bound(attribute(knn(alone, k=1)))
    assert str(caught.value) == (
        "`attribution` must have an edge whose ends have every modality, got none."
    )


def test_bound_draws_an_even_sample_and_tests_all():
    found = attribute(knn(noisy(n=60), k=8))
    figure = bound(found, max_edges=50)
    assert [len(t.x) for t in dots(figure)] == [50, 50]
    assert f"on {len(found)} edges" in figure.layout.title.text
    assert f"50 of {len(found)} edges drawn, an even sample" in figure.layout.title.text


# overlaps


def curve(figure, name, panel):
    axis = "x" if panel == 0 else f"x{panel + 1}"
    found = [t for t in figure.data if t.name == name and t.xaxis == axis]
    (line,) = [t for t in found if t.fill is None]
    return line


def test_overlaps_are_those_of_the_graphs_at_every_k():
    spaces = {"plain": noisy(1), "both": noisy(2)}
    figure = overlaps(spaces, k_max=7)
    for name, own in spaces.items():
        for space in ("latent", "refined"):
            for panel, ground in enumerate(("sum", "a", "b")):
                line = curve(figure, f"{name}, {space}", panel)
                assert line.x.tolist() == list(range(1, 8))
                slow = [
                    overlap(knn(own, k, space=space), knn(own, k, space=ground))
                    for k in range(1, 8)
                ]
                np.testing.assert_allclose(line.y, slow)
    for panel in range(3):
        chance = curve(figure, "chance", panel)
        np.testing.assert_allclose(chance.y, np.arange(1, 8) / 29)
        assert chance.line.dash == "dot"
    assert entries(figure) == [
        "plain",
        "both",
        "refined space",
        "latent space",
        "chance, k / (N − 1)",
    ]
    titles = [note.text for note in figure.layout.annotations]
    assert titles == [
        f"<b>with {w}</b>" for w in ("all modalities (sum)", "a alone", "b alone")
    ]


def test_common_neighbours_by_depth_against_sets():
    rng = np.random.default_rng(0)
    a, b = (np.argsort(rng.random((20, 12)), axis=1)[:, :6] for _ in range(2))
    slow = [
        np.mean([len(set(x[:k]) & set(y[:k])) / k for x, y in zip(a, b, strict=True)])
        for k in range(1, 7)
    ]
    np.testing.assert_allclose(common_by_depth(a, b), slow)


def test_seeds_have_a_mean_and_a_band():
    seeds = [noisy(seed) for seed in range(3)]
    figure = overlaps({"plain": seeds}, k_max=4)
    lines = [curve(overlaps(one, k_max=4), "embedding, latent", 0).y for one in seeds]
    np.testing.assert_allclose(
        curve(figure, "plain, latent", 0).y, np.mean(lines, axis=0)
    )
    bands = [t for t in figure.data if t.fill == "toself"]
    assert len(bands) == 6
    half = 4.302653 * np.std(lines, axis=0, ddof=1) / np.sqrt(3)  # t of 2 freedoms
    top = np.minimum(1, np.mean(lines, axis=0) + half)
    np.testing.assert_allclose(bands[0].y[:4], top, rtol=1e-6)
    assert "3 seeds a variant, band: 95% of the mean" in figure.layout.title.text
    assert not [t for t in overlaps(seeds[0]).data if t.fill]


def test_k_is_lowered_to_the_points_with_every_modality():
    own = noisy()
    present = np.ones((30, 2), bool)
    present[20:, 1] = False
    figure = overlaps(replace(own, present=present))
    assert figure.layout.meta["k_max"] == 19
    line = curve(figure, "embedding, latent", 2)
    # The 20 points that have b, in the graph of all.
    rows = np.arange(20)
    truth = knn(own.subset(rows), 19, space="b").indices
    mine = knn(own, 19).indices[rows]
    slow = np.mean(
        [len(set(x[:5]) & set(y[:5])) / 5 for x, y in zip(mine, truth, strict=True)]
    )
    assert line.y[4] == pytest.approx(slow)


def test_a_space_that_was_not_decoded_has_no_refined_curve():
    figure = overlaps(replace(noisy(), decoded={}), k_max=3)
    drawn = {t.name for t in figure.data if t.x[0] is not None}
    assert drawn == {"embedding, latent", "chance"}
    assert "refined space" not in entries(figure)


# responsibility


def judged(**more):
    """Return answers whose responsibility is 1, 1, 0 and -3."""
    own = answered([0, 2, 0, 2], [0, 2, 1, 4], **more)
    return attribute(knn(own, k=1))


def test_bars_are_means_of_all_points_and_of_each_class():
    figure = responsibility(judged(labels=["p", "p", "q", "q"]))
    (bars,) = (t for t in figure.data if t.type == "bar")
    assert bars.x.tolist() == [-0.25, 1, -1.5]
    assert figure.layout.yaxis.ticktext == ("<i>all points</i>", "p", "q")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    zero = next(t for t in figure.data if t.name == "mean predictor")
    assert zero.x == (0, 0)
    assert bars.hovertext[2].startswith("<b>q</b>, 2 points<br>a: −1.50<br>all points")
    # Bars are cut at -1.
    low, high = figure.layout.xaxis.range
    assert low == pytest.approx(-1.04)
    assert high > 1


def test_curves_are_shares_of_points():
    line = next(
        t
        for t in responsibility(judged()).data
        if t.name == "a" and t.type == "scatter"
    )
    assert line.x.tolist() == [-3, 0, 1, 1]
    assert line.y.tolist() == [0.25, 0.5, 0.75, 1]


def test_nulls_are_told():
    own = noisy()
    figure = responsibility({"plain": attribute(knn(own, 3))})
    table = scores(own).set_index("modality")
    told = figure.layout.annotations[0].text
    for name in "ab":
        r2, shuffled = table.loc[name, ["r2", "r2_shuffled"]]
        words = f"{name} {signed(r2)}: shuffled {signed(shuffled)}</span>"
        assert words in told
    assert told.startswith("<b>plain</b>, seed 0: mean by class<br>")
    assert entries(figure) == ["a", "b", "mean predictor"]


def test_responsibility_of_several_variants_and_many_classes():
    many = noisy(n=40, labels=[f"class {min(i, 13)}" for i in range(40)])
    found = attribute({"plain": [knn(many, 3)], "few": knn(noisy(), 3)})
    figure = responsibility(found)
    bars = [t for t in figure.data if t.type == "bar"]
    assert [len(t.x) for t in bars] == [13, 13, 1, 1]
    # The largest class comes first, and the title counts what is left out.
    assert figure.layout.yaxis.ticktext[1] == "class 13"
    assert "2 smaller ones left out" in figure.layout.annotations[0].text
    assert "left out" not in figure.layout.annotations[2].text
    assert figure.layout.xaxis.range == figure.layout.xaxis3.range
    assert entries(figure) == ["a", "b", "mean predictor"]


def test_points_without_a_modality_do_not_count():
    own = answered([0, 2, 0, 2, 9], [0, 2, 1, 4, 0])
    own = replace(own, present=np.array([[True]] * 4 + [[False]]))
    figure = responsibility(attribute(knn(own, k=1)))
    assert figure.data[0].x.tolist() == [-0.25]
    long = noisy(n=700)
    line = next(
        t
        for t in responsibility(attribute(knn(long, 2))).data
        if t.name == "a" and t.type == "scatter"
    )
    assert len(line.x) == 500
    assert (line.y[0], line.y[-1]) == (1 / 700, 1)


def test_names_may_be_those_of_columns():
    own = noisy(names=("label", "label rank"), labels=[0, 1] * 15)
    found = attribute(knn(own, 3))
    bars = [t for t in responsibility(found).data if t.type == "bar"]
    table = scores(own)
    assert [t.x[0] for t in bars] == pytest.approx(table["r2"].tolist())


# spectrum

# Eigenvalues 8, 8 and 2.
CROSS = np.vstack([np.diag([2, 2, 1]), -np.diag([2, 2, 1])])


def line_of(figure, start):
    return next(
        t for t in figure.data if t.name.startswith(start) and t.mode == "lines"
    )


def test_spectrum_is_what_is_left():
    two = answered(CROSS, CROSS * [1, 1, 0], name="two")
    nothing = answered(CROSS, 0 * CROSS, name="nothing")
    figure = spectrum({"two": two, "nothing": nothing})
    kernel = line_of(figure, "best linear refiner")
    assert kernel.x.tolist() == [1, 2, 3]
    np.testing.assert_allclose(kernel.y, [10 / 18, 2 / 18, 0], atol=1e-12)
    assert line_of(figure, "two").y == pytest.approx((1 / 9, 1 / 9))
    assert line_of(figure, "nothing").y == pytest.approx((1, 1))
    assert line_of(figure, "width of z: 1").x == (1, 1)
    (floor,) = (t for t in figure.data if t.name == "floor of width 1: 0.56")
    assert (floor.x[0], floor.marker.symbol) == (1, "diamond")
    assert floor.y[0] == pytest.approx(5 / 9, abs=1e-6)
    assert entries(figure)[:2] == [
        "two: 0.11 left (best linear: width 2)",
        "nothing: 1.00 left (best linear: width 1)",
    ]
    dot = next(t for t in figure.data if t.name == "two" and t.mode == "markers")
    assert (dot.x[0], dot.y[0]) == (2, pytest.approx(1 / 9))
    notes = [note.text for note in figure.layout.annotations]
    assert notes[1:] == ["floor 0.56", "two 0.11", "nothing 1.00"]
    assert figure.layout.annotations[1].x == 0  # the logarithm of width 1
    assert "alarm" not in figure.layout.title.text


def test_weights_and_targets_of_their_own():
    own = noisy()
    figure = spectrum(own, weights={"a": 1.0, "b": 0.0})
    only = line_of(figure, "best linear refiner")
    x = own.targets["a"].astype(float)
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose(only.y, 1 - np.cumsum(values) / values.sum(), atol=1e-9)
    other = spectrum({"a": own, HOSTILE: noisy(names=("c", "d", "e"))})
    kernels = [t.name for t in other.data if t.name.startswith("best linear refiner")]
    assert kernels == [
        "best linear refiner for the targets of a",
        "best linear refiner for the targets of &lt;script&gt;x&lt;/script&gt;",
    ]


def test_seeds_of_a_spectrum():
    seeds = [noisy(seed) for seed in range(3)]
    alone = [spectrum(one).layout.meta["variants"][0]["achieved"] for one in seeds]
    figure = spectrum({"plain": seeds})
    (row,) = figure.layout.meta["variants"]
    assert row["achieved"] == pytest.approx(np.mean(alone))
    (band,) = (t for t in figure.data if t.fill == "toself")
    half = 4.302653 * np.std(alone, ddof=1) / np.sqrt(3)
    assert band.y.max() == pytest.approx(np.mean(alone) + half)
    assert "band: 95% of the mean of 3 seeds" in figure.layout.title.text


def test_collapsed_targets_raise_an_alarm():
    flat = answered([[i, i] for i in range(6)], [[i, i] for i in range(6)], name="x<y")
    title = spectrum(flat).layout.title.text
    assert "alarm, targets collapsed: a in x&lt;y: answers mean nothing" in title
    assert MODES["light"].alarm in title
    still = answered(np.zeros((4, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="vary") as caught:
        spectrum({"x": still})
    assert str(caught.value) == "`spaces` must have targets that vary, got none in 'x'."


# all of them


def found_of(own):
    return attribute(knn(own, 3))


FIGURES = {
    "attribution": lambda own, m: attribution(found_of(own), layout="pca", mode=m),
    "bound": lambda own, m: bound(found_of(own), mode=m),
    "overlaps": lambda own, m: overlaps([own, own], k_max=5, mode=m),
    "responsibility": lambda own, m: responsibility(found_of(own), mode=m),
    "spectrum": lambda own, m: spectrum([own, own], mode=m),
}


def written(value, key=""):
    """Return every string that plotly shows."""
    if isinstance(value, dict):
        # What is kept for programs is never written on the page.
        hidden = {"meta", "customdata", "legendgroup", "template"}
        return [
            text for k, v in value.items() if k not in hidden for text in written(v, k)
        ]
    if isinstance(value, list | tuple):
        return [text for v in value for text in written(v, key)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_they_are_written_whole_and_escaped(name, mode, tmp_path):
    figure = FIGURES[name](hostile(), mode)
    assert figure.layout.meta["figure"] == name
    assert figure.layout.template.layout.paper_bgcolor == MODES[mode].paper
    assert 40 < len(figure.layout.meta["alt"]) < 300
    shown = written(json.loads(figure.to_json()))
    assert [text for text in shown if "<script" in text or "<a " in text] == []
    assert any("&lt;script&gt;x" in text for text in shown)
    settings = {"html": {"plotlyjs": "directory"}}
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!DOCT")):
        path = save(
            figure,
            tmp_path / f"figure.{suffix}",
            **settings.get(suffix, {"scale": 0.5}),
        )
        assert path.read_bytes().startswith(start)
    made = json.loads((tmp_path / "figure.manifest.json").read_text())["made_of"]
    assert made["figure"] == name


@pytest.mark.parametrize("name", FIGURES)
def test_modes_are_checked_and_nothing_changes(name):
    own = noisy()
    with pytest.raises(ValueError, match="mode") as caught:
        FIGURES[name](own, "dim")
    assert str(caught.value) == (
        "`mode` must be one of 'light', 'dark', 'auto', got 'dim'."
    )
    first, second = (FIGURES[name](own, "light").to_json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("draw", "given", "kind", "sentence"),
    [
        (
            attribution,
            3,
            TypeError,
            "`attributions['embedding']` must hold Attribution values, got int.",
        ),
        (
            attribution,
            {"a": pairs()},
            TypeError,
            "`attributions['a']` must hold Attribution values, got Embedding.",
        ),
        (
            attribution,
            {},
            ValueError,
            "`attributions` must hold at least one value a variant, got none.",
        ),
        (
            bound,
            {},
            TypeError,
            "`attribution` must be one Attribution value, e.g. "
            "attributions['plain'][0], got dict.",
        ),
        (
            bound,
            attribute(knn(pairs(), 1)),
            ValueError,
            "`attribution` must have decoded answers, got none; "
            "`rv.responsibility.cross_fit` fits decoders to any embedding.",
        ),
        (
            responsibility,
            [1],
            TypeError,
            "`attributions['embedding']` must hold Attribution values, got int.",
        ),
        (
            responsibility,
            {"x": attribute(knn(pairs(), 1))},
            ValueError,
            "`attributions` must have decoded answers, got none in 'x'; "
            "`rv.responsibility.cross_fit` fits decoders to any embedding.",
        ),
        (
            overlaps,
            {"x": 1},
            TypeError,
            "`spaces['x']` must hold Embedding values or arrays (rows, features), got "
            "int.",
        ),
        (
            overlaps,
            Embedding.from_arrays(np.eye(3)),
            ValueError,
            "`spaces` must have modalities to compare with, got none.",
        ),
        (
            overlaps,
            {"x": pairs(), "y": noisy(n=8, names="ac")},
            ValueError,
            "`spaces` must have the same modalities (['a', 'b']), got ['a', 'c'] in "
            "'y'.",
        ),
        (
            overlaps,
            {"x": pairs(), "y": pairs(ids=list("abcdefgh"))},
            ValueError,
            "`spaces['y']` must have the same ids as `spaces['x']`, in any order, got "
            "8 and 8 of which 0 are the same: 'a' is only in `spaces['y']`.",
        ),
        (
            overlaps,
            replace(pairs(), present=np.eye(8, 2, dtype=bool)),
            ValueError,
            "`spaces` must have at least 2 points with every modality, got 0.",
        ),
        (
            spectrum,
            "x",
            TypeError,
            "`spaces` must hold Embedding values or arrays (rows, features), got str.",
        ),
        (
            spectrum,
            pairs(),
            ValueError,
            "`embedding` must have decoded answers, got none; "
            "`rv.responsibility.cross_fit` fits decoders to any embedding.",
        ),
    ],
)
def test_errors_of_who_answers_are_sentences(draw, given, kind, sentence):
    with pytest.raises(kind) as caught:
        draw(given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda a: attribution(a, max_edges=-1),
            "`max_edges` must be a whole number of at least 0, got -1.",
        ),
        (
            lambda a: attribution(a, columns=0),
            "`columns` must be 1, 1.5 or 2 (of a journal's page) or a larger whole "
            "number (panels in a row), got 0.",
        ),
        (
            lambda a: bound(a, max_edges=1.5),
            "`max_edges` must be a whole number of at least 0, got 1.5.",
        ),
        (
            lambda a: overlaps(a.graph.embedding, k_max=0),
            "`k_max` must be a whole number of at least 1, got 0.",
        ),
    ],
)
def test_numbers_are_checked(call, sentence):
    with pytest.raises(ValueError, match="whole number") as caught:
        call(edges_of_four())
    assert str(caught.value) == sentence
