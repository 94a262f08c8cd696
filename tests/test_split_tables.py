"""Comparisons of several splits as one table."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from refnet_viz import Embedding, statistics
from refnet_viz.graph import compare, knn, over_splits

GAINS = np.array([0.03, 0.05, 0.01, 0.04])


def table(plain, other, **more):
    """Return what `compare` might say of one split, a metric each."""
    rows = [
        {
            "metric": metric,
            "variant": variant,
            "kind": "variant",
            "mean": mean,
            "verdict": verdict,
            "better": "higher",
        }
        for metric, shift in (("accuracy", 0.0), ("purity", 0.1))
        for variant, mean, verdict in (
            ("plain", plain + shift, "baseline"),
            ("refiner", other + shift, "inside noise"),
        )
    ]
    frame = pd.DataFrame(rows)
    frame.attrs = {"k": 15, "family": ["accuracy", "purity"]} | more
    return frame


def splits(gains=GAINS):
    base = np.linspace(0.5, 0.8, len(gains))
    return [table(a, a + gain) for a, gain in zip(base, gains, strict=True)]


def row(frame, metric, variant):
    return frame[(frame.metric == metric) & (frame.variant == variant)].iloc[0]


@pytest.mark.parametrize("ratio", [0, 0.25])
def test_a_difference_over_splits_is_the_corrected_t_test(ratio):
    found = over_splits(splits(), test_per_train=ratio)
    gain = row(found, "accuracy", "refiner")
    error = np.sqrt((1 / 4 + ratio) * GAINS.var(ddof=1))
    reach = stats.t.ppf(0.975, 3) * error
    assert gain["difference"] == pytest.approx(GAINS.mean())
    assert gain["diff_high"] == pytest.approx(GAINS.mean() + reach)
    assert gain["diff_low"] == pytest.approx(GAINS.mean() - reach)
    p = 2 * stats.t.sf(GAINS.mean() / error, 3)
    assert gain["p"] == pytest.approx(p)
    if not ratio:
        assert p == pytest.approx(stats.ttest_1samp(GAINS, 0).pvalue)
    # Accuracy leads its family, and nothing else is asked.
    assert gain["holm"] == pytest.approx(min(1, p / 0.8))
    assert gain["verdict"] == ("higher" if p / 0.8 < 0.05 else "inside noise")
    assert row(found, "accuracy", "plain")["verdict"] == "baseline"
    assert (gain["splits"], found.attrs["over"]) == (4, "splits")
    assert found.attrs["values"]["accuracy"]["refiner"] == pytest.approx(
        np.linspace(0.5, 0.8, 4) + GAINS
    )


def test_correlated_splits_are_held_as_often_as_promised():
    rng, hits, ratio = np.random.default_rng(0), 0, 0.25
    for _ in range(2000):
        # Correlated as the correction takes them: by the share of the test rows.
        common, own = rng.normal(), rng.normal(size=5)
        values = np.sqrt(0.2) * common + np.sqrt(0.8) * own
        one = statistics.of_splits(values, test_per_train=ratio, confidence=0.95)
        hits += one.low < 0 < one.high
    assert abs(hits / 2000 - 0.95) <= 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_what_splits_cannot_tell():
    two = over_splits(splits()[:2], test_per_train=0)
    assert row(two, "purity", "refiner")["verdict"] == "cannot tell: 2 splits"
    assert np.isnan(row(two, "purity", "plain")["low"])
    same = over_splits(splits(np.full(3, 0.02)), test_per_train=0)
    assert row(same, "purity", "refiner")["verdict"] == (
        "cannot tell: the same in all 3 splits"
    )
    none = over_splits(splits(np.zeros(3)), test_per_train=0)
    assert row(none, "purity", "refiner")["verdict"] == "inside noise"
    holes = splits()
    holes[1] = holes[1][holes[1].metric != "purity"]
    found = over_splits(holes, test_per_train=0)
    gap = row(found, "purity", "refiner")
    assert gap["verdict"] == "cannot tell: not defined in every split"
    assert (gap["splits"], np.isnan(gap["mean"])) == (3, True)
    assert row(found, "accuracy", "refiner")["verdict"] == "higher"
    assert set(over_splits(holes[1:], test_per_train=0).metric) == {
        "accuracy",
        "purity",
    }


def test_tables_of_compare_go_in_as_they_are():
    def of_split(number):
        rng = np.random.default_rng(number)
        labels = np.arange(60 + number) % 2
        spaces = {"plain": 1.0, "apart": 4.0}
        return compare(
            {
                name: [
                    knn(
                        Embedding.from_arrays(
                            rng.normal(size=(len(labels), 2)) + shift * labels[:, None],
                            labels=labels,
                            modalities={"text": rng.normal(size=(len(labels), 2))},
                        ),
                        5,
                    )
                    for _ in range(2)
                ]
                for name, shift in spaces.items()
            },
            metrics=["purity", "hubness"],
        )

    tables = [of_split(number) for number in range(4)]
    found = over_splits(tables, test_per_train=0.25, family=["purity"])
    assert found.metric.tolist() == tables[0].metric.tolist()
    means = [row(one, "purity", "apart")["mean"] for one in tables]
    assert row(found, "purity", "apart")["mean"] == pytest.approx(np.mean(means))
    assert row(found, "purity", "apart")["verdict"] == "higher"
    assert row(found, "purity", "apart")["high"] <= 1
    assert set(found[found.kind == "rail"].variant) == {"text", "sum"}
    assert found.attrs["family"] == ["purity"]


@pytest.mark.parametrize(
    ("tables", "more", "sentence"),
    [
        ([], {}, "`tables` must hold at least one table, got none."),
        (3, {}, "`tables` must hold several values, got 3."),
        ([3], {}, "`tables[0]` must be a table of `compare`, got int."),
        (
            [pd.DataFrame({"metric": []})],
            {},
            "`tables[0]` must be a table of `compare`, got one without 'variant'.",
        ),
        (
            [pd.concat(splits()[:2])],
            {},
            "`tables[0]` must have one row a metric and variant, got two of "
            "'accuracy' and 'plain'.",
        ),
        (
            [splits()[0].assign(kind=np.nan)],
            {},
            "`tables[0]['kind']` must hold names, got float.",
        ),
        (
            [splits()[0].assign(mean="high")],
            {},
            "`tables[0]` must have numbers as means, got str.",
        ),
        (
            [splits()[0].assign(mean=np.inf)],
            {},
            "`tables[0]` must have no infinite means, got inf.",
        ),
        (
            [splits()[0].assign(verdict="inside noise")],
            {},
            "`tables[0]` must have one baseline, got 0.",
        ),
        (
            [table(0.5, 0.6), table(0.6, 0.6, k=3)],
            {},
            "`tables` must have the same baseline, variants, k, metric and space, got "
            "('plain', ('plain', 'refiner'), (15, None, None)) and "
            "('plain', ('plain', 'refiner'), (3, None, None)).",
        ),
        (
            splits() + splits()[:1],
            {},
            "`tables` must be of different splits, got the same table as tables[0] "
            "and tables[4].",
        ),
        (
            splits(),
            {"test_per_train": -1},
            "`test_per_train` must be a finite number of at least 0, got -1.",
        ),
        (
            splits(),
            {"family": "beauty"},
            "`family` must be one of 'accuracy', 'purity', got 'beauty'.",
        ),
    ],
)
def test_other_tables_are_refused_in_one_sentence(tables, more, sentence):
    with pytest.raises((TypeError, ValueError)) as caught:
        over_splits(tables, **({"test_per_train": 0} | more))
    assert str(caught.value) == sentence
