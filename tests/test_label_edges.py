"""Edges and labels: chance by hand, worlds whose truth is known, another estimator."""

from itertools import combinations

import numpy as np
import pytest
from scipy.special import digamma

import refnet_viz as rv
from refnet_viz.data.playground import FACTORS, playground
from refnet_viz.graph import attribute, label_edges, label_information
from refnet_viz.graph.edge_labels import LabelPairs
from refnet_viz.share.answers import _joined

RNG = np.random.default_rng(11)


def pairs_of(labels, count=60):
    every = np.array(list(combinations(range(len(labels)), 2)))
    chosen = every[np.random.default_rng(0).permutation(len(every))[:count]]
    return LabelPairs(np.asarray(labels), *chosen.T)


def slow_chance(pairs):
    """Return chance by all pairs of rows, one after another."""
    n = len(pairs.labels)
    degree = np.bincount(np.append(pairs.source, pairs.target), minlength=n)
    weight = total = 0.0
    for i, j in combinations(range(n), 2):
        a, b = pairs.labels[i], pairs.labels[j]
        alike = a == b if pairs.labels.ndim == 1 else (a & b).any()
        total += degree[i] * degree[j]
        weight += degree[i] * degree[j] * alike
    return weight / total


@pytest.mark.parametrize(
    "labels", [RNG.integers(3, size=20), RNG.integers(2, size=(20, 3))]
)
def test_chance_is_that_of_all_pairs_by_degree(labels):
    pairs = pairs_of(labels)
    assert pairs.chance == pytest.approx(slow_chance(pairs))


def test_bits_are_the_relative_entropy_and_none_below_chance():
    half = LabelPairs(np.array([0, 0, 1, 1]), np.array([0, 2]), np.array([1, 3]))
    assert half.same == 1
    assert half.chance == pytest.approx(1 / 3)
    assert half.excess == 1
    assert half.bits == pytest.approx(np.log2(3))
    across = LabelPairs(half.labels, np.array([0, 1]), np.array([2, 3]))
    assert across.excess < 0
    assert across.bits == 0
    none = half.subset(np.zeros(2, bool))
    assert np.isnan([none.same, none.chance, none.excess, none.bits]).all()


def fused(z, modalities, labels):
    space = rv.Embedding.from_arrays(z, modalities=modalities, labels=labels)
    return attribute(rv.knn(space, k=10))


@pytest.fixture(scope="module")
def world():
    """Return the factors of the playground: a fusion that keeps all of them."""
    data = playground(900, noise=0.1, seed=2)
    factors = {
        name: data.metadata[[f"factor_{name}_1", f"factor_{name}_2"]].to_numpy()
        for name in FACTORS
    }
    modalities = {name: part.values for name, part in data.modalities.items()}
    return data, factors, modalities


LABELS = {
    "redundant": lambda data, factors: data.labels // 2,
    "unique: sight": lambda data, factors: factors["private_sight"][:, 0] > 0,
    "unique: sound": lambda data, factors: factors["private_sound"][:, 0] > 0,
    "synergistic": lambda data, factors: data.labels % 2,
}


@pytest.mark.parametrize("part", LABELS)
def test_the_playground_says_where_a_label_comes_from(world, part):
    data, factors, modalities = world
    labels = np.asarray(LABELS[part](data, factors)).astype(int)
    attribution = fused(np.hstack([*factors.values()]), modalities, labels)
    table = label_information(attribution).set_index("part")
    assert table["bits"].idxmax() == part
    assert table.loc[part, "low"] > 0
    rest = table.drop(index=part)
    assert (rest["bits"] < 0.4 * table.loc[part, "bits"]).all()
    kinds = label_edges(attribution, permutations=50).set_index(["graph", "kind"])
    emergent = kinds.loc["fused", "emergent"]
    assert emergent["same"] > emergent["null_high"]
    for sense in modalities:
        row = kinds.loc["own", f"unique: {sense}"]
        knows = part in {"redundant", f"unique: {sense}"}
        assert (row["low"] > 0) == knows, sense
        assert (row["same"] > row["null_high"]) == knows, sense


def ross(x, y, k=3):
    """Return the information of vectors on classes in bits (Ross 2014), row by row."""
    n, terms = len(x), []
    for i in range(n):
        far = np.linalg.norm(x - x[i], axis=1)
        others = np.flatnonzero((y == y[i]) & (np.arange(n) != i))
        radius = np.sort(far[others])[k - 1]
        within = np.sum(far <= radius) - 1
        terms.append(digamma(len(others) + 1) + digamma(within + 1))
    return max(0.0, (digamma(n) + digamma(k) - np.mean(terms)) / np.log(2))


def decomposed(a, b, y):
    """Return the decomposition of minimum mutual information by nearest neighbours."""
    alone = ross(a, y), ross(b, y)
    both = ross(np.hstack([a, b]), y)
    least = min(alone)
    return {
        "redundant": least,
        "unique: a": alone[0] - least,
        "unique: b": alone[1] - least,
        "synergistic": both - max(alone),
    }


def small_worlds(n=500):
    """Yield two modalities and a label that is unique, redundant or synergistic."""
    rng = np.random.default_rng(4)
    u, v = rng.normal(size=(2, n, 2))
    yield u, v, u[:, 0] > 0
    yield u, v, v[:, 1] > 0
    shared = u + 0.2 * rng.normal(size=u.shape)
    yield u, shared, u[:, 0] > 0
    key, angle = rng.uniform(0, 2 * np.pi, (2, n))
    circle = [np.column_stack([np.cos(t), np.sin(t)]) for t in (key, angle + key)]
    yield *circle, np.sin(angle) > 0


def test_another_estimator_finds_the_same_part_largest():
    largest = []
    for a, b, y in small_worlds():
        expected = decomposed(a, b, y)
        table = label_information(
            fused(np.hstack([a, b]), {"a": a, "b": b}, y.astype(int))
        )
        bits = dict(zip(table["part"], table["bits"], strict=True))
        largest.append(max(bits, key=bits.get))
        assert largest[-1] == max(expected, key=expected.get)
        correlation = np.corrcoef(
            [[expected[p], bits[p]] for p in expected], rowvar=False
        )
        assert correlation[0, 1] > 0.9
    assert largest == ["unique: a", "unique: b", "redundant", "synergistic"]


def test_the_report_says_it_of_few_modalities_by_name():
    x = RNG.normal(size=(60, 3))
    names = [f"m{i}" for i in range(4)]
    for count, named in ((2, True), (4, False)):
        parts = {name: x + RNG.normal(size=x.shape) for name in names[:count]}
        space = rv.Embedding.from_arrays(x, modalities=parts, labels=list("ab") * 30)
        words = _joined(label_edges({"mine": attribute(rv.knn(space, k=5))}))
        assert words.startswith("; edges of mine join rows of one label: ")
        assert "of several modalities (chance" in words
        assert ("of m0 alone" in words) == named
    assert _joined(None) == ""


def test_unlabelled_rows_and_absent_modalities_do_not_count():
    x = RNG.normal(size=(80, 3))
    labels = [None if i % 4 == 0 else "ab"[i % 2] for i in range(80)]
    present = np.ones((80, 2), bool)
    present[:10, 1] = False
    space = rv.Embedding.from_arrays(
        x, modalities={"a": x, "b": x + 1.0}, labels=labels, present=present
    )
    table = label_edges(attribute(rv.knn(space, k=5)), permutations=0)
    graph = rv.knn(space, k=5).edges()
    known = np.array([label is not None for label in labels])
    expected = np.sum(known[graph.source] & known[graph.target])
    rows = table[table["graph"] == "fused"].set_index("kind")
    assert rows.loc["all", "edges"] == expected
    assert rows.drop(index="all")["edges"].sum() == expected
    assert rows["null_low"].isna().all()
    with pytest.raises(ValueError, match="labels"):
        label_edges(attribute(rv.knn(rv.Embedding.from_arrays(x, modalities={"a": x}))))
    with pytest.raises(TypeError, match="Attribution"):
        label_edges(rv.knn(space, k=5))


def seeds_of_one(count, rows=80):
    """Return attributions of some seeds over the same rows and modalities."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(rows, 3))
    labels = np.where(x[:, 0] + 0.5 * rng.normal(size=rows) > 0, "a", "b")
    parts = {"a": x, "b": rng.normal(size=x.shape)}
    shaken = [x + 0.5 * rng.normal(size=x.shape) for _ in range(count)]
    return [fused(z, parts, labels) for z in shaken]


def excess_of(attribution, keep):
    """Return the excess of all fused edges between some rows, edge by edge."""
    labels, edges = attribution.graph.labels, attribution.edges
    pairs = [
        (i, j)
        for i, j in zip(edges.source.tolist(), edges.target.tolist(), strict=True)
        if keep[i] and keep[j]
    ]
    same = np.mean([labels[i] == labels[j] for i, j in pairs])
    chance = slow_chance(LabelPairs(labels, *np.array(pairs).T))
    return (same - chance) / (1 - chance)


def test_seeds_are_means_with_intervals_over_seeds_and_points():
    runs = seeds_of_one(3)
    table = label_edges(runs, permutations=20).set_index(["graph", "kind"])
    alone = [
        label_edges(run, permutations=20).set_index(["graph", "kind"]) for run in runs
    ]
    for column in ("edges", "share", "same", "chance", "excess", "bits"):
        expected = np.mean([one[column] for one in alone], axis=0)
        assert np.allclose(table[column], expected)
    assert set(table["seeds"]) == {3}
    assert set(table["over"]) == {"both"}
    # Both parts by hand: three seeds, and twenty groups of rows left out.
    everyone = np.ones(80, bool)
    dealt = np.random.default_rng(0).permutation(np.arange(80) % 20)
    values = np.array([excess_of(run, everyone) for run in runs])
    without = np.array(
        [[excess_of(run, dealt != group) for group in range(20)] for run in runs]
    )
    mean = without.mean(axis=0)
    of_points = 19 / 20 * ((mean - mean.mean()) ** 2).sum()
    apart = without - without.mean(axis=1, keepdims=True)
    rest = 19 / 20 * ((apart - apart.mean(axis=0)) ** 2).sum() / (2 * 3)
    of_seeds = values.var(ddof=1) / 3
    # Joined by the power 2 + 2 / 2, two being the degrees of freedom of seeds.
    parts = (
        4.302652729911275 * np.sqrt(of_seeds),
        2.093024054408263 * np.sqrt(max(of_points - rest, 0)),
    )
    reach = sum(part**3 for part in parts) ** (1 / 3)
    row = table.loc[("fused", "all")]
    assert row["excess"] == pytest.approx(values.mean())
    assert row["high"] - row["excess"] == pytest.approx(reach)
    # No seed changes the modalities' own graphs.
    own, one = table.loc[("own", "all")], alone[0].loc[("own", "all")]
    assert [own["low"], own["high"]] == pytest.approx([one["low"], one["high"]])
    assert one["over"] == "points"
    assert own["null_low"] == pytest.approx(one["null_low"])


def test_two_seeds_have_no_interval_and_information_is_a_mean_too():
    runs = seeds_of_one(3)
    two = label_edges({"mine": runs[:2]}, permutations=0)
    assert two[["low", "high"]].isna().all(axis=None)
    assert set(two["over"]) == {""}
    parts = label_information(runs)
    alone = [label_information(run) for run in runs]
    assert np.allclose(parts["bits"], np.mean([one["bits"] for one in alone], axis=0))
    assert set(parts["over"]) == {"both"}
    assert (parts["low"] <= parts["bits"]).all()
    assert (parts["bits"] <= parts["high"]).all()


def test_seeds_of_other_rows_or_modalities_are_refused():
    (one,) = seeds_of_one(1)
    (fewer,) = seeds_of_one(1, rows=60)
    with pytest.raises(ValueError, match=r"^`attributions` must have the same rows"):
        label_edges([one, fewer])
    space = one.graph.embedding
    parts = {"a": space.inputs["a"]}
    other = fused(space.space("latent"), parts, space.labels)
    with pytest.raises(
        ValueError, match=r"must have the same modalities for all seeds"
    ):
        label_information({"mine": [one, other]})
