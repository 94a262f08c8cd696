"""The two tables: every row, every null, and no more alarms than promised."""

from dataclasses import replace
from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from refnet_viz.embedding import Embedding
from refnet_viz.graph import METRICS, compare, compare_pairs, knn, overlap
from refnet_viz.graph import ground as ground_module
from refnet_viz.graph.ground import Grounds
from refnet_viz.graph.table import COLUMNS

N = 48
RNG = np.random.default_rng(0)
LABELS = np.arange(N) % 3
IMAGE = RNG.normal(size=(N, 4)) + LABELS[:, None]
TEXT = RNG.normal(size=(N, 6))
GRAPH_METRICS = [
    name
    for name, metric in METRICS.items()
    if not (metric.of_predictions or metric.slow)
]
SHAPE_METRICS = [name for name in GRAPH_METRICS if not METRICS[name].needs_labels]


def run(seed, *, noise=1.0, signal=1.0, predict=True, variant="plain"):
    """Return what an embedding of one training run looks like."""
    rng = np.random.default_rng(
        [seed, crc32(variant.encode())] if seed is not None else 7
    )
    z = signal * np.hstack([IMAGE, TEXT]) + noise * rng.normal(size=(N, 10))
    made = Embedding.from_arrays(
        z, modalities={"image": IMAGE, "text": TEXT}, labels=LABELS
    )
    predictions = np.where(rng.random(N) < 0.8, LABELS, 0) if predict else None
    return replace(made, predictions=predictions, info={"seed": seed})


def runs(seeds, **given):
    return [knn(run(seed, **given), 5) for seed in seeds]


@pytest.fixture(scope="module")
def table():
    graphs = {"refiner": runs(range(3), noise=0.1), "plain": runs(range(3), noise=2.0)}
    rails = {"logistic regression": run(0, noise=0.0)}
    return compare(graphs, rails=rails, permutations=40)


def row(table, metric, variant):
    found = table[(table.metric == metric) & (table.variant == variant)]
    assert len(found) == 1
    return found.iloc[0]


def test_one_row_a_metric_and_variant_in_the_given_order(table):
    assert list(table.columns) == COLUMNS
    names = ["accuracy", *GRAPH_METRICS]
    names += [f"overlap with {space}" for space in ("image", "text", "sum")]
    names += ["emergent"]
    assert table.metric.unique().tolist() == names
    rails = ["image", "text", "sum", "logistic regression"]
    for name, part in table.groupby("metric"):
        expected = rails[3:] if name == "accuracy" else rails[:3]
        assert part.variant.tolist() == ["refiner", "plain", *expected]
        assert part.kind.tolist() == ["variant"] * 2 + ["rail"] * len(expected)
    attributes = dict(table.attrs)
    runs = attributes.pop("runs")
    assert [run["variant"] for run in runs] == ["refiner"] * 3 + ["plain"] * 3
    assert [run["seed"] for run in runs] == [0, 1, 2] * 2
    assert {*map(len, runs)} == {4}
    values = attributes.pop("values")
    assert [*values] == names
    rows = table[table.kind == "variant"]
    for metric, name, mean in zip(rows.metric, rows.variant, rows["mean"], strict=True):
        assert len(values[metric][name]) == 3
        assert np.mean(values[metric][name]) == mean
    beside = attributes.pop("modalities")
    assert [(row["metric"], row["variant"]) for row in beside] == [
        ("purity", "refiner"),
        ("purity", "plain"),
    ]
    beside = attributes.pop("rails")
    assert [(row["metric"], row["variant"]) for row in beside] == [
        (metric, variant)
        for metric in ("accuracy", "purity", "adjusted_homophily")
        for variant in ("refiner", "plain")
    ]
    assert attributes == {
        "baseline": "plain",
        "confidence": 0.95,
        "over": "both",
        "family": ["accuracy", "purity", "overlap with sum"],
        "k": 5,
        "space": "latent",
        "metric": "euclidean",
    }


@pytest.fixture(scope="module")
def over_seeds():
    graphs = {"refiner": runs(range(3), noise=0.1), "plain": runs(range(3), noise=2.0)}
    return compare(graphs, over="seeds", permutations=0)


def test_means_bands_and_differences_are_those_of_the_seeds(over_seeds):
    table = over_seeds
    assert set(table.over) == {"seeds"}
    for name in ("accuracy", *GRAPH_METRICS):
        values = {
            variant: np.array(
                [METRICS[name].function(g) for g in runs(range(3), noise=noise)]
            )
            for variant, noise in (("refiner", 0.1), ("plain", 2.0))
        }
        found = row(table, name, "refiner")
        assert found["mean"] == pytest.approx(values["refiner"].mean())
        half = 4.302653 * values["refiner"].std(ddof=1) / np.sqrt(3)
        assert found["high"] - found["mean"] == pytest.approx(half)
        apart = values["refiner"] - values["plain"]
        assert found["difference"] == pytest.approx(apart.mean())
        assert found["seeds"] == 3
        assert found["pairing"] == "paired"
    base = row(table, "purity", "plain")
    assert base["verdict"] == "baseline"
    assert np.isnan([base["difference"], base["diff_low"], base["holm"]]).all()


def test_overlap_rows_equal_the_overlap_of_the_graphs(table):
    graphs = runs(range(3), noise=0.1)
    expected = [overlap(g, knn(g.embedding, 5, space="text")) for g in graphs]
    found = row(table, "overlap with text", "refiner")
    assert found["mean"] == pytest.approx(np.mean(expected))
    assert found["chance"] == 5 / (N - 1)
    assert row(table, "overlap with sum", "refiner")["better"] == "higher"
    assert row(table, "overlap with text", "refiner")["better"] == ""


def test_rails_are_the_modalities_own_graphs(table, over_seeds):
    own = knn(run(0), 5, space="image")
    assert row(table, "purity", "image")["mean"] == METRICS["purity"].function(own)
    assert row(table, "overlap with image", "image")["mean"] == 1
    text = knn(run(0), 5, space="text")
    assert row(table, "overlap with text", "image")["mean"] == overlap(own, text)
    rail = row(over_seeds, "purity", "image")
    base = row(over_seeds, "purity", "plain")
    assert rail["difference"] == pytest.approx(rail["mean"] - base["mean"])
    assert rail["diff_high"] - rail["diff_low"] == pytest.approx(
        base["high"] - base["low"]
    )
    assert (rail["seeds"], rail["pairing"]) == (1, "")
    assert np.isnan(rail["low"])
    given = row(table, "accuracy", "logistic regression")
    assert given["mean"] == run(0, noise=0.0).accuracy


def test_chance_and_null_say_what_unrelated_labels_give(table):
    for variant in ("refiner", "plain", "image"):
        found = row(table, "purity", variant)
        assert found["chance"] == 15 / 47
        assert found["null_low"] < 15 / 47 < found["null_high"]
        assert row(table, "adjusted_homophily", variant)["null_high"] < 0.15
    assert row(table, "accuracy", "plain")["chance"] == 1 / 3
    assert np.isnan(row(table, "hubness", "plain")["null_low"])
    assert row(table, "purity", "refiner")["mean"] > found["null_high"]


def test_null_is_the_band_of_means_over_permuted_labels():
    graphs = runs(range(2))
    found = row(
        compare({"plain": graphs}, metrics=["purity"], permutations=20, seed=3),
        "purity",
        "plain",
    )
    rng = np.random.default_rng(3)
    means = []
    for _ in range(20):
        labels = rng.permutation(LABELS)
        same = [np.mean(labels[g.indices] == labels[:, None]) for g in graphs]
        means.append(np.mean(same))
    expected = tuple(np.quantile(means, [0.025, 0.975]))
    assert (found["null_low"], found["null_high"]) == pytest.approx(expected)


def test_verdicts_in_words():
    graphs = {
        "plain": runs(range(4), noise=1.0),
        "again": runs(range(4), noise=1.0),
        "clean": runs(range(4), noise=0.05),
        "noisy": runs(range(10, 14), noise=30.0),
        "once": runs([0]),
    }
    table = compare(graphs, metrics=["purity"], permutations=0)
    name = "overlap with sum"
    assert row(table, name, "again")["verdict"] == "inside noise"
    assert row(table, name, "again")["difference"] == 0
    assert row(table, name, "clean")["verdict"] == "higher"
    assert row(table, name, "noisy")["verdict"] == "lower"
    assert row(table, name, "noisy")["pairing"] == "unpaired"
    assert row(table, name, "once")["verdict"] == "cannot tell: 1 seed"
    assert np.isnan(row(table, name, "once")["low"])
    assert table["null_low"].isna().all()


def test_verdicts_pay_for_the_questions_of_their_family(table):
    variants = table[(table.kind == "variant") & table.p.notna()]
    assert len(variants) == table.metric.nunique()
    first = variants[variants.metric.isin(table.attrs["family"])]
    # Three questions are asked first, and have eight tenths of the error: the first
    # eight tenths of these, the others one each.
    assert first.metric.tolist() == ["accuracy", "purity", "overlap with sum"]
    smallest = (first.p / [0.8, 0.1, 0.1]).min() / 0.8
    assert first.holm.min() == pytest.approx(min(1, smallest))
    rest = variants.drop(first.index)
    assert rest.holm.min() == pytest.approx(min(1, rest.p.min() * len(rest) / 0.1))
    stands = table.verdict.isin(["higher", "lower"])
    assert (stands == (table.holm < 0.05)).all()
    alone = table.verdict.str.endswith("if it were the only question")
    assert (alone == ((table.p < 0.05) & (table.holm >= 0.05))).all()
    clear = row(table, "overlap with sum", "refiner")
    assert clear["verdict"] == "higher"
    assert clear["holm"] < 0.05


def test_equal_configurations_are_flagged_in_at_most_one_of_twenty():
    alarms, rows = 0, 0
    for trial in range(60):
        graphs = {
            name: runs(range(10 * trial + start, 10 * trial + start + 3), predict=False)
            for name, start in (("plain", 0), ("same", 5))
        }
        table = compare(graphs, permutations=0)
        verdicts = table.loc[table.variant == "same", "verdict"]
        alarms += verdicts.isin(["higher", "lower"]).sum()
        rows += len(verdicts)
    # Rows of one table are not independent: three errors of 60 tables, not of all.
    assert alarms / rows <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)
    assert rows == 60 * (len(GRAPH_METRICS) + 4)


def test_default_baseline_is_plain_or_the_first():
    assert compare({"b": runs([0]), "plain": runs([0])}).attrs["baseline"] == "plain"
    assert compare({"b": runs([0]), "a": runs([0])}).attrs["baseline"] == "b"
    chosen = compare({"b": runs([0]), "plain": runs([0])}, baseline="b")
    assert chosen.attrs["baseline"] == "b"


def test_metrics_can_be_chosen_and_slow_ones_asked_for():
    table = compare({"a": runs([0])}, metrics=["community_recovery"], permutations=5)
    assert table.metric.unique()[0] == "community_recovery"
    assert "purity" not in set(table.metric)
    with pytest.raises(ValueError, match="metrics") as raised:
        compare({"a": runs([0])}, metrics=["purty"])
    names = ", ".join(repr(name) for name in [*METRICS, "emergent"])
    assert str(raised.value) == f"`metrics` must be one of {names}, got 'purty'."


def test_arrays_without_labels_or_modalities_can_be_compared():
    rng = np.random.default_rng(0)
    table = compare({"a": knn(rng.normal(size=(20, 2)), 3)})
    applicable = {name: METRICS[name] for name in SHAPE_METRICS}
    assert table.metric.tolist() == list(applicable)
    words = {True: "higher", False: "lower", None: ""}
    assert table.better.tolist() == [
        words[metric.higher_is_better] for metric in applicable.values()
    ]


def test_several_labels_a_point_leave_communities_out():
    several = np.eye(3, dtype=int)[LABELS]
    graphs = [
        knn(replace(run(s), labels=several, predictions=several), 5) for s in (0, 1)
    ]
    table = compare({"a": graphs}, metrics=list(METRICS), permutations=5)
    assert "community_recovery" not in set(table.metric)
    assert row(table, "accuracy", "a")["mean"] == 1
    single = compare({"a": runs([0, 1])}, permutations=5)
    assert row(table, "purity", "a")["mean"] == row(single, "purity", "a")["mean"]


def test_training_rows_are_warned_of():
    seen = replace(run(0), held_out=np.arange(N) >= N // 4)
    with pytest.warns(UserWarning, match="trained on") as caught:
        compare({"a": knn(seen, 5)})
    assert str(caught[0].message) == (
        "25% of the points were trained on: what their labels taught leaks "
        "into every number, so compare held-out points."
    )
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: compare(runs([0])[0]),
            TypeError,
            "`graphs` must be a mapping of named variants, e.g. {'refiner': value}, "
            "got Neighbors.",
        ),
        (
            lambda: compare({"a": runs([0])}, baseline="plain"),
            ValueError,
            "`baseline` must be one of 'a', got 'plain'.",
        ),
        (
            lambda: compare({"a": runs([0]), "b": knn(run(0), 4)}),
            ValueError,
            "`graphs` must all have the same k, got 4 and 5.",
        ),
        (
            lambda: compare({"a": runs([0]), "b": knn(run(0), 5, metric="cosine")}),
            ValueError,
            "`graphs` must all have the same metric, got 'cosine' and 'euclidean'.",
        ),
        (
            lambda: compare({"a": runs([0])}, rails={"r": [0]}),
            TypeError,
            "`rails['r']` must hold Embedding values, got int.",
        ),
        (
            lambda: compare({"a": runs([0])}, rails={"r": knn(run(0), 4)}),
            ValueError,
            "`rails['r']` must have the k of the graphs, 5, got 4.",
        ),
        (
            lambda: compare({"a": runs([0])}, confidence=95),
            ValueError,
            "`confidence` must be a finite number between 0.01 and 0.9999, got 95.",
        ),
        (
            lambda: compare_pairs(runs([0])),
            TypeError,
            "`graphs` must be a mapping of named variants, e.g. {'refiner': value}, "
            "got list.",
        ),
    ],
)
def test_errors_name_argument_rule_and_value(call, error, sentence):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == sentence


def test_grounds_are_searched_once_for_all_runs(monkeypatch):
    count = 0

    def counting(*args, **given):
        nonlocal count
        count += 1
        return knn(*args, **given)

    graphs = {"plain": runs(range(3)), "refiner": runs(range(3), noise=2.0)}
    monkeypatch.setattr(ground_module, "knn", counting)
    compare(graphs, permutations=0)
    assert count == 3


def test_missing_modalities_are_left_out_of_their_ground():
    present = np.ones((N, 2), dtype=bool)
    present[:10, 0] = False
    image = np.where(present[:, :1], IMAGE, 0.0)
    made = Embedding.from_arrays(TEXT, modalities={"image": image, "text": TEXT})
    graph = knn(replace(made, present=present), 5)
    grounds = Grounds(5, "euclidean")
    ground = grounds.of(graph.embedding, "image")
    assert ground.present.tolist() == [i >= 10 for i in range(N)]
    own = knn(made.subset(np.arange(10, N)), 5, space="image")
    assert np.array_equal(ground.indices[10:], own.indices + 10)
    assert (ground.indices[:10] == -1).all()
    shares = [
        len(set(graph.indices[i]) & set(own.indices[i - 10] + 10)) / 5
        for i in range(10, N)
    ]
    assert grounds.overlap(graph, "image") == pytest.approx(np.mean(shares))
    assert grounds.overlap_chance(graph, "image") == pytest.approx(5 / (N - 1))
    shown = compare({"a": graph}, permutations=0)
    assert shown.attrs["present"] == {"image": (N - 10, N), "sum": (N - 10, N)}
    few = np.ones((N, 2), dtype=bool)
    few[5:, 0] = False
    lone = knn(replace(made, present=few), 5)
    assert grounds.of(lone.embedding, "image") is None
    assert grounds.of(lone.embedding, "sum") is None
    table = compare({"a": lone})
    assert set(table[table.kind == "rail"].variant) == {"text"}
    assert set(table.metric) >= {"overlap with text"}
    assert "overlap with image" not in set(table.metric)


@pytest.fixture(scope="module")
def pairs():
    return compare_pairs(
        {
            "plain": runs(range(4), variant="plain"),
            "same": runs(range(4, 8), variant="plain"),
            "other": runs(range(4), noise=1.0, signal=0.05, variant="other"),
        }
    )


def test_pairs_have_one_row_a_measure_and_two_variants(pairs):
    assert pairs.metric.unique().tolist() == [
        "knn_jaccard",
        "rbo",
        "cka",
        "second_order_cosine",
    ]
    names = [("plain", "same"), ("plain", "other"), ("same", "other")]
    for _, part in pairs.groupby("metric"):
        assert list(zip(part["first"], part["second"], strict=True)) == names
        assert part["pairing"].tolist() == ["unpaired", "paired", "unpaired"]


def test_a_changed_seed_is_told_from_a_changed_variant(pairs):
    same = pairs[pairs.second == "same"]
    assert not same.verdict.isin(["higher", "lower"]).any()
    assert set(same.over) == {"both"}
    other = pairs[(pairs["first"] == "plain") & (pairs.second == "other")]
    # The first is the question that is asked first.
    assert other.verdict.iloc[0] == "lower"
    assert other.verdict.str.startswith("lower").all()
    assert (other["mean"] < other["floor"]).all()
    assert (same["chance"] < same["floor"]).all()


def test_mean_and_floor_are_those_of_the_measure(pairs):
    a = runs(range(4), variant="plain")
    b = runs(range(4), noise=1.0, signal=0.05, variant="other")

    def share(x, y):
        sets = [
            (set(p), set(q))
            for p, q in zip(x.indices.tolist(), y.indices.tolist(), strict=True)
        ]
        return np.mean([len(p & q) / len(p | q) for p, q in sets])

    found = pairs.iloc[1]
    between = [share(x, y) for x, y in zip(a, b, strict=True)]
    assert found["mean"] == pytest.approx(np.mean(between))
    floor = [
        np.mean([share(side[i], side[j]) for i in range(4) for j in range(i)])
        for side in (a, b)
    ]
    assert found["floor"] == pytest.approx(np.mean(floor))
    assert found["difference"] == pytest.approx(np.mean(between) - np.mean(floor))


@pytest.mark.parametrize(
    ("seeds", "verdict", "known"),
    [
        ([0], "cannot tell: 1 seed", False),
        ([0, 1], "cannot tell: 2 seeds", True),
    ],
)
def test_few_seeds_give_no_verdict_on_pairs(seeds, verdict, known):
    table = compare_pairs({"a": runs(seeds), "b": runs(seeds, noise=3.0)})
    assert set(table.verdict) == {verdict}
    assert table["floor"].notna().all() == known
    assert table["diff_low"].isna().all()


def test_pairs_of_equal_configurations_seldom_differ():
    beyond = 0
    for trial in range(40):
        graphs = {
            name: runs(range(10 * trial + start, 10 * trial + start + 4))
            for name, start in (("a", 0), ("b", 5))
        }
        table = compare_pairs(graphs)
        beyond += table.verdict.isin(["higher", "lower"]).any()
    assert beyond / 40 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)


def test_tables_are_plain_frames_with_numbers_as_numbers(table, pairs):
    for frame in (table, pairs):
        assert type(frame) is pd.DataFrame
        words = set(frame.columns) - set(frame.select_dtypes("number").columns)
        assert words <= {
            *("metric", "variant", "kind", "verdict", "better", "pairing", "over"),
            *("first", "second"),
        }
    assert "inside noise" in pairs.to_string()


def test_what_takes_long_for_many_points_is_left_out_of_these(monkeypatch):
    few = replace(METRICS["spectral_gap"], most=N - 1)
    monkeypatch.setitem(METRICS, "spectral_gap", few)
    graph = knn(IMAGE, 5)
    assert "spectral_gap" not in set(compare({"a": graph})["metric"])
    assert "spectral_gap" in set(compare({"a": knn(IMAGE[1:], 5)})["metric"])
    asked = compare({"a": graph}, metrics=["spectral_gap"])
    assert set(asked["metric"]) == {"spectral_gap"}
