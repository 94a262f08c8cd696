"""Robustness, ablation and label curves against slow and obvious counterparts."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from refnet_viz import (
    ablate,
    compare,
    embed,
    fit,
    knn,
    label_curve,
    pretrain,
    robustness,
)
from refnet_viz.data import Dataset, missing, noisy, without
from refnet_viz.graph import jaccard
from refnet_viz.regimes import labels as module
from refnet_viz.statistics import paired, seed_band
from refnet_viz.train import Run, sweep

COLUMNS = [
    "mean",
    "low",
    "high",
    "difference",
    "diff_low",
    "diff_high",
    "verdict",
    "chance",
    "seeds",
]


@pytest.fixture(scope="module")
def data(make_paired):
    return make_paired(noise=1.5)


@pytest.fixture(scope="module")
def configs(small):
    config = replace(small, epochs=2)
    return {"lone": replace(config, refiner=0.0, contrastive=0.0), "both": config}


@pytest.fixture(scope="module")
def runs(data, configs):
    return sweep(data, configs, seeds=range(3), n_jobs=1, progress=False)


def accuracies(runs, data):
    return np.array([np.mean(e.predictions == data.labels) for e in embed(runs, data)])


def row_of(table, **chosen):
    """Return the one row of a table with these entries."""
    for name, value in chosen.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize(
    ("corruption", "modality"), [("noise", None), ("missing", "text")]
)
def test_robustness_is_accuracy_on_corrupted_rows(runs, data, corruption, modality):
    test, levels = data.test, (0, 0.2, 1)
    options = {"corruption": corruption, "modality": modality, "seed": 5}
    table = robustness(runs, test, levels=levels, **options)
    assert list(table) == ["metric", "variant", "level", *COLUMNS]
    assert len(table) == 2 * 3 + 2
    corrupt = noisy if corruption == "noise" else missing
    found = {name: [] for name in runs}
    for level in levels:
        rows = corrupt(test, level, modality=modality, seed=5)
        for name, members in runs.items():
            found[name].append(accuracies(members, rows))
            row = row_of(table, metric="accuracy", variant=name, level=level)
            assert row["mean"] == found[name][-1].mean()
            assert (row.low, row.high) == seed_band(found[name][-1], 0.95, (0, 1))
            assert (row.chance, row.seeds) == (8 / 24, 3)
        apart = paired(
            found["both"][-1], found["lone"][-1], confidence=0.95, step=1 / 24
        )
        assert row.difference == apart.value
        assert (row.diff_low, row.diff_high) == (apart.low, apart.high)
        assert row.verdict == apart.verdict
    for name, curve in found.items():
        a, b, c = np.array(curve)
        area = (0.2 * (a + b) / 2 + 0.8 * (b + c) / 2) / a
        row = row_of(table, metric="area", variant=name)
        assert row["mean"] == pytest.approx(area.mean())
        floor = (0.2 * (a + 1 / 3) / 2 + 0.8 / 3) / a
        assert row.chance == pytest.approx(floor.mean())
        assert np.isnan(row.level)
    assert table.attrs["baseline"] == "lone"
    assert (table.verdict == "baseline").sum() == 4


def test_a_single_run_has_no_band_and_no_invented_difference(runs, data):
    table = robustness(runs["both"][0], data.test, levels=(0, 1))
    assert table.variant.tolist() == ["run"] * 3
    assert table[["low", "high", "difference", "diff_low"]].isna().all(axis=None)
    two = robustness(
        {name: members[0] for name, members in runs.items()},
        data.test,
        levels=(0, 1),
        baseline="both",
    )
    assert two.query("variant == 'lone'").verdict.unique() == ["cannot tell: 1 seed"]
    assert two.query("variant == 'both'").verdict.unique() == ["baseline"]


def test_ablation_takes_whole_modalities_away(runs, make_paired, small):
    data = make_paired(noise=1.5)
    table = ablate(runs, data.test)
    conditions = [
        "all modalities",
        "without image",
        "without text",
        "image alone",
        "text alone",
    ]
    assert list(table) == ["metric", "variant", "condition", *COLUMNS, "rows"]
    assert list(dict.fromkeys(table.condition)) == conditions
    for name, members in runs.items():
        for condition, gone in zip(
            conditions, [[], ["image"], ["text"], ["text"], ["image"]], strict=True
        ):
            expected = accuracies(members, without(data.test, gone)).mean()
            assert row_of(table, variant=name, condition=condition)["mean"] == expected
    assert (table.rows == 24).all()
    lone = Dataset.from_arrays({"image": data.modalities["image"]}, labels=data.labels)
    run = fit(lone, small, progress=False)
    assert ablate(run, lone.test).condition.tolist() == [
        "all modalities",
        "image alone",
    ]


def test_rows_without_anything_left_do_not_count(make_mixed, small):
    data = make_mixed(rows=60, count=2, missing=True)
    run = fit(data, small, progress=False)
    test = data.test
    table = ablate(run, test).set_index("condition")
    for column, name in enumerate(data.modalities):
        there = test.subset(test.present[:, column])
        row = table.loc[f"{name} alone"]
        assert row.rows == len(there) < len(test)
        assert row.chance == np.bincount(there.labels).max() / len(there)
        others = [other for other in data.modalities if other != name]
        assert row["mean"] == accuracies([run], without(there, others))[0]
    assert table.loc["all modalities", "rows"] == len(test)


def test_several_labels_count_entries(small):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 3))
    labels = (x > [[0, 1, 2]]).astype(int)
    data = Dataset.from_arrays({"a": x, "b": x}, labels=labels)
    run = fit(data, small, progress=False)
    row = ablate(run, data.test).iloc[0]
    assert row["mean"] == embed(run, data.test).accuracy
    share = data.test.labels.mean(axis=0)
    assert row.chance == pytest.approx(np.maximum(share, 1 - share).mean())


def test_rows_trained_on_are_told(runs, data):
    with pytest.warns(UserWarning, match="rows were trained on") as told:
        ablate(runs, data)
    assert str(told[0].message) == (
        "60% of the rows were trained on, which flatters every number: "
        "measure on held-out rows."
    )
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        (
            ValueError,
            {"corruption": "rain"},
            "`corruption` must be one of 'noise', 'missing', got 'rain'.",
        ),
        (
            ValueError,
            {"levels": (0.5, 1)},
            "`levels` must be two or more numbers that rise from 0, got [0.5, 1].",
        ),
        (
            ValueError,
            {"levels": (0, 1, 1)},
            "`levels` must be two or more numbers that rise from 0, got [0, 1, 1].",
        ),
        (
            ValueError,
            {"levels": (0, 2), "corruption": "missing"},
            "`levels` must be a finite number between 0 and 1, got 2.",
        ),
        (
            ValueError,
            {"baseline": "refiner"},
            "`baseline` must be one of 'lone', 'both', got 'refiner'.",
        ),
        (
            ValueError,
            {"modality": "sound"},
            "`modality` must be one of 'image', 'text', got 'sound'.",
        ),
    ],
)
def test_robustness_errors_are_sentences(runs, data, kind, options, sentence):
    with pytest.raises(kind) as caught:
        robustness(runs, data.test, **options)
    assert str(caught.value) == sentence


def test_labels_are_needed(runs, data, small):
    with pytest.raises(ValueError, match="labels") as caught:
        ablate(runs, replace(data.test, labels=None))
    assert str(caught.value) == "`data` must have labels, got none."
    blank = pretrain(data, small, progress=False)
    with pytest.raises(ValueError, match="labels") as caught:
        robustness({"blank": blank}, data.test)
    assert str(caught.value) == (
        "`runs['blank']` must have been trained with labels, got a pre-trained run."
    )
    with pytest.raises(TypeError) as caught:
        ablate({"a": 1}, data.test)
    assert str(caught.value) == "`runs['a']` must hold Run values, got int."


@pytest.fixture(scope="module")
def curve(data, configs, tmp_path_factory):
    """Return a label curve with pre-training, and the folder of its runs."""
    folder = tmp_path_factory.mktemp("curve")
    return labelled(data, configs, folder, pretrain=configs["both"]), folder


def labelled(data, configs, folder, **changed):
    options = {
        "fractions": (0.2, 1),
        "seeds": range(3),
        "k": 4,
        "folder": folder,
        "n_jobs": 1,
        "progress": False,
        **changed,
    }
    return label_curve(data, configs, **options)


NAMES = ["lone", "both", "pretrained + lone", "pretrained + both"]


def test_label_curves_are_sweeps_compared(curve, data, configs, runs):
    table, _ = curve
    assert list(table) == ["metric", "variant", "fraction", *COLUMNS]
    metrics = [
        "accuracy",
        "adjusted_homophily",
        "overlap with image",
        "overlap with text",
        "overlap with sum",
        "seed_stability",
    ]
    assert list(dict.fromkeys(table.metric)) == metrics
    assert len(table) == len(metrics) * len(NAMES) * 2
    starts = {
        seed: pretrain(data, configs["both"], seed=seed, progress=False)
        for seed in range(3)
    }
    began = sweep(
        data,
        {f"pretrained + {name}": config for name, config in configs.items()},
        seeds=range(3),
        start=starts,
        n_jobs=1,
        progress=False,
    )
    graphs = knn(embed(runs | began, data.test), k=4)
    whole = compare(graphs, baseline="lone", over="seeds", permutations=0)
    whole = whole[whole.kind == "variant"]
    ours = table[(table.fraction == 1) & (table.metric != "seed_stability")]
    theirs = whole[whole.metric.isin(ours.metric)]
    # Verdicts pay for the questions of all fractions.
    for column in ("variant", *(name for name in COLUMNS if name != "verdict")):
        assert ours[column].tolist() == pytest.approx(
            theirs[column].tolist(), nan_ok=True
        )


def test_stability_is_the_jaccard_index_of_seeds_graphs(curve, data, runs):
    table, _ = curve
    graphs = knn(embed(runs, data.test), k=4)
    means = {}
    for name, members in graphs.items():
        apart = {
            pair: jaccard(members[pair[0]], members[pair[1]]).mean()
            for pair in combinations(range(3), 2)
        }
        row = row_of(table, metric="seed_stability", variant=name, fraction=1)
        assert row["mean"] == pytest.approx(np.mean(list(apart.values())))
        # Of three seeds, leaving one out leaves a pair.
        pseudo = [3 * row["mean"] - 2 * apart[p] for p in ((1, 2), (0, 2), (0, 1))]
        low, high = seed_band(np.array(pseudo), 0.95)
        assert (row.low, row.high) == pytest.approx((low, high))
        assert 0 < row.chance < 0.4
        means[name] = row["mean"], np.array(pseudo)
    assert row.difference == pytest.approx(means["both"][0] - means["lone"][0])
    low, high = seed_band(means["both"][1] - means["lone"][1], 0.95)
    assert (row.diff_low, row.diff_high) == pytest.approx((low, high))


def test_fewer_labels_are_seen_and_pretraining_is_started_from(curve):
    _, folder = curve
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"labels-0.2", "labels-1.0", "pretrained"}
    start = Run.load(folder / "pretrained" / "seed-1")
    assert not start.manifest["supervised"]
    for share, rows in (("0.2", 15), ("1.0", 72)):
        for name, begin in (("both", None), ("pretrained_both", start.digest)):
            run = Run.load(folder / f"labels-{share}" / name / "seed-1")
            assert run.config.label_fraction == float(share)
            assert run.manifest["labelled_rows"] == rows
            assert run.manifest["start"] == begin


def test_a_label_curve_is_resumed(curve, data, configs, monkeypatch):
    table, folder = curve
    monkeypatch.setattr(module, "train_unlabelled", None)
    monkeypatch.setattr("refnet_viz.train.sweeps.fit", None)
    again = labelled(data, configs, folder, pretrain=configs["both"])
    pd.testing.assert_frame_equal(again, table)
    monkeypatch.undo()
    other = replace(configs["both"], refiner=0.5)
    with pytest.raises(ValueError, match="folder") as caught:
        labelled(data, configs, folder, pretrain=other)
    assert str(caught.value) == (
        "`folder` must hold pre-trained runs of the same data and settings, got others "
        f"in {str(folder / 'pretrained' / 'seed-0')!r}."
    )


def test_few_seeds_have_no_stability_band(data, configs):
    two = labelled(data, configs, None, seeds=[0, 1], fractions=[1])
    rows = two[two.metric == "seed_stability"]
    assert rows[["low", "high", "diff_low"]].isna().all(axis=None)
    assert rows["mean"].notna().all()
    assert rows.verdict.tolist() == ["baseline", "cannot tell: 2 seeds"]
    one = labelled(data, configs, None, seeds=[0], fractions=[1])
    assert "seed_stability" not in set(one.metric)


def test_a_stopped_sweep_stops_the_curve(data, configs, monkeypatch):
    monkeypatch.setattr(module, "sweep", lambda *_, **__: {"lone": []})
    with pytest.raises(KeyboardInterrupt):
        labelled(data, configs, None)


@pytest.mark.parametrize(
    ("kind", "changed", "sentence"),
    [
        (
            ValueError,
            {"fractions": (0, 1)},
            "`fractions` must be numbers that rise from above 0 to at most 1, "
            "got [0, 1].",
        ),
        (
            ValueError,
            {"fractions": (0.5, 0.5)},
            "`fractions` must be numbers that rise from above 0 to at most 1, "
            "got [0.5, 0.5].",
        ),
        (
            ValueError,
            {"fractions": (2,)},
            "`fractions` must be a finite number between 0 and 1, got 2.",
        ),
        (
            ValueError,
            {"k": 24},
            "`k` must be between 1 and 23 (the number of other points), got 24.",
        ),
        (
            TypeError,
            {"seeds": 3},
            "`seeds` must be whole numbers, e.g. range(5), got 3.",
        ),
        (
            TypeError,
            {"configs": 1},
            "`configs` must be a mapping of variant names to settings, e.g. "
            "{'refiner': Config()}, got int.",
        ),
    ],
)
def test_label_curve_errors_are_sentences(data, configs, kind, changed, sentence):
    options = {"fractions": (0.2, 1), "n_jobs": 1, "k": 4, "progress": False}
    with pytest.raises(kind) as caught:
        label_curve(data, **{"configs": configs, **options, **changed})
    assert str(caught.value) == sentence


def test_names_of_pretrained_variants_must_be_free(data, configs, monkeypatch):
    monkeypatch.setattr(module, "sweep", None)  # told before anything is trained
    given = {"a": configs["lone"], "pretrained + a": configs["lone"]}
    with pytest.raises(ValueError, match="names") as caught:
        labelled(data, given, None, pretrain=configs["both"])
    assert str(caught.value) == (
        "`configs` must leave the names of pre-trained variants free, "
        "got 'pretrained + a'."
    )


def test_regressions_are_refused(make_paired, small):
    data = make_paired()
    data = replace(data, target=np.arange(len(data)) / len(data))
    run = fit(data, replace(small, contrastive=0.0), progress=False)
    with pytest.raises(ValueError, match=r"^`data` must have labels, got a target\.$"):
        robustness(run, data.test)
