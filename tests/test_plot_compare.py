"""`compare`, `rewiring` and `history`, read as data."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from refnet_viz.embedding import Embedding
from refnet_viz.graph import compare as compare_graphs
from refnet_viz.graph import compare_pairs, edge_diff, knn, over_splits
from refnet_viz.graph import rewiring as point_rewiring
from refnet_viz.layout import project
from refnet_viz.plot import compare, history, rewiring
from refnet_viz.plot.rewiring import chance_rewiring


def frame():
    """Return two metrics of two variants and a rail, as `refnet_viz.compare` does."""
    base = {
        "kind": "variant",
        "seeds": 3,
        "chance": 0.25,
        "null_low": 0.2,
        "null_high": 0.3,
        "better": "higher",
    }
    rows = []
    for metric in ("purity", "<b>skew"):
        rows += [
            {
                **base,
                "metric": metric,
                "variant": "plain",
                "mean": 0.5,
                "low": 0.4,
                "high": 0.6,
                "difference": 0.0,
                "diff_low": 0.0,
                "diff_high": 0.0,
                "verdict": "baseline",
            },
            {
                **base,
                "metric": metric,
                "variant": "a<b",
                "mean": 0.55,
                "low": 0.45,
                "high": 0.65,
                "difference": 0.05,
                "diff_low": -0.1,
                "diff_high": 0.2,
                "verdict": "inside noise",
            },
            {
                **base,
                "metric": metric,
                "variant": "image",
                "kind": "rail",
                "mean": 0.45,
                "seeds": 1,
                "verdict": "",
                "null_low": np.nan,
                "null_high": np.nan,
            },
        ]
    made = pd.DataFrame(rows)
    made.attrs = {"baseline": "plain", "confidence": 0.95, "k": 15}
    return made


def on(figure, axis="x"):
    """Return the traces of one panel."""
    real = [t for t in figure.data if t.showlegend is False]
    return [t for t in real if (t.xaxis or "x") == axis]


def lines_of(figure):
    return [t for t in figure.data if t.type == "scatter" and t.mode == "lines"]


def test_bands_dots_rails_and_nulls():
    figure = compare(frame())
    band, dot, band2, dot2, rail, null, chance = on(figure)
    assert (band.x.tolist(), band.y) == ([0.4, 0.6], (0, 0))
    assert (dot.x.tolist(), dot.y) == ([0.5], (0,))
    assert (band2.x.tolist(), dot2.x.tolist()) == ([0.45, 0.65], [0.55])
    assert rail.line.dash == "dash"
    assert rail.x.tolist() == [0.45, 0.45]
    assert null.fill == "toself"
    assert (np.nanmin(null.x), np.nanmax(null.x)) == (0.2, 0.3)
    assert null.y[:5].tolist() == [-0.45, -0.45, 0.45, 0.45, -0.45]
    assert chance.x[:2].tolist() == [0.25, 0.25]
    assert not any(t.type == "bar" for t in figure.data)


def test_every_metric_has_its_own_axis_and_direction():
    figure = compare(frame())
    texts = [note.text for note in figure.layout.annotations]
    assert texts[:2] == ["<b>purity</b> ↑", "<b>&lt;b&gt;skew</b> ↑"]
    assert "↑ higher is better" in figure.layout.title.text
    assert "lower is better" not in figure.layout.title.text
    assert figure.layout.xaxis2.matches is None
    assert figure.layout.yaxis.ticktext == ("plain", "a&lt;b", "<i>image</i>")
    low, high = figure.layout.xaxis.range
    assert low < 0.2
    assert high > 0.65


def test_seed_noise_is_written_where_it_belongs():
    figure = compare(frame(), "purity")
    notes = {n.text: (n.x, n.y, n.yref) for n in figure.layout.annotations}
    assert notes["inside noise"] == (0.55, 1, "y")
    assert notes["baseline"] == (0.5, 0, "y")
    assert "3 seeds a variant, band: 95% of the mean" in figure.layout.title.text
    assert "verdicts against plain, k = 15" in figure.layout.title.text


def test_metrics_are_chosen_and_ordered():
    figure = compare(frame(), ["<b>skew", "purity"], columns=1)
    starts = [note.text[:10] for note in figure.layout.annotations[:2]]
    assert starts == ["<b>&lt;b&g", "<b>purity<"]
    assert len(figure.layout.meta["rows"]) == 6


def test_one_seed_has_no_band_and_no_invented_one():
    alone = frame().query("metric == 'purity'").assign(low=np.nan, high=np.nan, seeds=1)
    figure = compare(alone)
    assert on(figure)[0].x.tolist() == [0.5, 0.5]
    assert "1 seed a variant" in figure.layout.title.text


def test_two_seeds_are_two_strokes_and_no_band():
    made = frame().query("metric == 'purity'").assign(seeds=2)
    made.attrs["values"] = {"purity": {"plain": [0.45, 0.55], "a<b": [0.5, 0.6]}}
    strokes, dot = on(compare(made))[:2]
    assert (strokes.mode, strokes.x.tolist()) == ("markers", [0.45, 0.55])
    assert (dot.mode, dot.x.tolist()) == ("markers", [0.5])
    assert "single seeds 0.450, 0.550" in dot.hovertext[0]
    names = [trace.name for trace in compare(made).data]
    assert "single seed" in names
    assert "seed band" not in names


def of_split(number):
    """Return a comparison of two variants on rows of a split."""
    rng = np.random.default_rng(number)
    labels = np.arange(30) % 2
    noise = rng.normal(size=(30, 2))
    spaces = {"plain": noise, "apart": noise + 3 * labels[:, None]}
    return compare_graphs(
        {
            name: knn(Embedding.from_arrays(z, labels=labels), 3)
            for name, z in spaces.items()
        },
        metrics=["purity", "hubness"],
        permutations=0,
    )


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_table_over_splits_says_splits_and_never_seeds(count):
    splits = [of_split(number) for number in range(count)]
    table = over_splits(splits, test_per_train=0.25)
    figure = compare(table)
    keys = [trace.name for trace in figure.data if trace.showlegend is not False]
    unit = "split" if count == 1 else "splits"
    title = figure.layout.title.text
    assert f"{count} {unit}, " in title
    assert "k = 3" in title
    assert ("band: 95% of the mean" in title) == (count > 2)
    assert keys[0] == "mean over splits"
    assert ("split band" in keys, "single split" in keys) == (count > 2, count == 2)
    assert "chance" in keys
    rows = table.set_index(["metric", "variant"])
    purity = rows.loc[("purity", "apart")]
    (dot,) = [
        trace
        for trace in figure.data
        if trace.name == "apart" and trace.mode == "markers" and trace.hovertext
        if trace.x[0] == pytest.approx(purity["mean"])
    ]
    assert f"<br>{count} {unit}<br>difference " in dot.hovertext[0]
    first = splits[0][splits[0]["metric"] == "purity"]
    assert purity["chance"] == pytest.approx(first["chance"].iloc[0])
    said = [*keys, title, figure.layout.meta["alt"], dot.hovertext[0]]
    assert not any("seed" in words for words in said)


def test_no_band_leaves_the_range_of_its_quantity():
    # As an earlier version saved it: of three seeds near the end of the range.
    made = frame().query("metric == 'purity'").assign(low=0.4, high=1.04)
    assert on(compare(made))[0].x.tolist() == [0.4, 1.0]


def test_all_panels_have_the_same_rows():
    made = frame()
    lone = made[(made["metric"] == "purity") & (made["kind"] == "rail")]
    made = pd.concat([made, lone.assign(variant="linear")])
    made.attrs = frame().attrs
    layout = compare(made).layout
    assert layout.yaxis.ticktext[-2:] == ("<i>image</i>", "<i>linear</i>")
    assert layout.yaxis2.ticktext == layout.yaxis.ticktext
    assert (layout.yaxis.showticklabels, layout.yaxis2.showticklabels) == (True, False)
    assert layout.yaxis2.range == layout.yaxis.range


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        (
            TypeError,
            ({"purity": 1},),
            "`frame` must be the DataFrame that rv.compare returned, got dict.",
        ),
        (
            ValueError,
            (frame().drop(columns="low"),),
            "`frame` must have columns ['metric', 'variant', 'kind', 'mean', 'low', "
            "'high'], lacks ['low'].",
        ),
        (ValueError, (frame()[:0],), "`frame` must have at least one row, got none."),
        (
            ValueError,
            (frame(), "purty"),
            "`metrics` must be one of 'purity', '<b>skew', got 'purty'.",
        ),
        (
            ValueError,
            (frame(), []),
            "`metrics` must name at least one of ['purity', '<b>skew'], got none.",
        ),
    ],
)
def test_compare_errors_are_sentences(kind, arguments, sentence):
    with pytest.raises(kind) as caught:
        compare(*arguments)
    assert str(caught.value) == sentence


def test_a_real_comparison_is_drawn_whole():
    graphs = knn({"plain": spaces(3, 0.1), "both": spaces(3, 1.0)}, k=5)
    table = compare_graphs(graphs, permutations=5)
    figure = compare(table)
    metrics = list(dict.fromkeys(table["metric"]))
    heads = [n for n in figure.layout.annotations if n.text.startswith("<b>")]
    assert len(heads) == len(metrics)
    dots = [t for t in figure.data if t.showlegend is False and t.mode == "markers"]
    np.testing.assert_allclose([t.x[0] for t in dots], table["mean"])


def spaces(count, noise, n=40):
    """Return embeddings of the same points, one a seed."""
    base = np.random.default_rng(0).normal(size=(n, 5))
    return [
        Embedding.from_arrays(
            base + noise * np.random.default_rng(s).normal(size=(n, 5))
        )
        for s in range(1, count + 1)
    ]


GRAPHS = knn({"plain": spaces(3, 0.1), "both": spaces(1, 2.0)}, k=5)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_rewiring_colours_points_and_draws_every_edge(mode):
    figure = rewiring(GRAPHS, "plain", "both", layout="pca", mode=mode)
    a, b = GRAPHS["plain"][0], GRAPHS["both"][0]
    diff = edge_diff(a, b)
    lines = {t.name.split(":")[0]: t for t in edges_of(figure)}
    for kind in ("kept", "gained", "lost"):
        count = len(getattr(diff, kind))
        assert lines[kind].name == f"{kind}: {count:,}"
        assert len(lines[kind].x) == 3 * count
        assert figure.layout.meta[kind] == count
    assert len({t.line.dash for t in lines.values()}) == 3
    assert len({t.line.color for t in lines.values()}) == 3
    points = next(t for t in figure.data if t.customdata is not None)
    np.testing.assert_array_equal(points.marker.color, point_rewiring(a, b))
    assert points.customdata.tolist() == a.ids.tolist()


def edges_of(figure):
    return [t for t in lines_of(figure) if ":" in t.name]


def test_rewiring_stands_beside_seed_noise_and_chance():
    figure = rewiring(GRAPHS, "plain", "both", layout="pca")
    seeds = GRAPHS["plain"]
    pairs = [(0, 1), (0, 2), (1, 2)]
    noise = np.mean([point_rewiring(seeds[i], seeds[j]) for i, j in pairs])
    assert figure.layout.meta["seed_noise"] == pytest.approx(noise)
    assert f"two seeds of plain: mean {noise:.2f}" in figure.layout.annotations[1].text
    noisy, changed, unrelated = lines_of(figure)[-3:]
    assert (noisy.name, changed.name) == ("two seeds of plain", "this change")
    assert (noisy.line.dash, changed.line.dash) == ("dash", "solid")
    assert changed.line.shape == "hv"
    assert changed.y[[0, -1]].tolist() == [0, 1]
    moved = point_rewiring(seeds[0], GRAPHS["both"][0])
    at = np.flatnonzero(changed.x == np.median(moved))[-1]
    assert changed.y[at] == pytest.approx(np.mean(moved <= np.median(moved)))
    assert set(unrelated.x) == {figure.layout.meta["chance"]}


@pytest.mark.parametrize(
    ("count", "other", "words"),
    [
        (1, 2.0, "cannot tell: 1 seed; unrelated graphs 0.9"),
        (2, 2.0, "cannot tell: 2 seeds; unrelated"),
        (4, 2.0, "4 seeds: higher; unrelated graphs 0.9"),
        (4, 0.1, "4 seeds: inside noise; unrelated graphs 0.9"),
    ],
)
def test_a_change_is_told_from_noise_by_three_seeds_or_more(count, other, words):
    pair = {"plain": spaces(count, 0.1), "both": spaces(2 * count, other)[count:]}
    graphs = knn(pair, k=5)
    figure = rewiring(graphs, "plain", "both", layout="pca")
    assert words in figure.layout.title.text
    table = compare_pairs(graphs).query("metric == 'knn_jaccard'")
    if count > 2:
        opposite = {"lower": "higher"}  # of alikeness, and of change
        assert opposite.get(table["verdict"].item(), "inside noise") in words
        more = f"{-table['difference'].item():.2f}".replace("-", "−")
        assert f"difference from two seeds of one variant {more} [" in (
            figure.layout.title.text
        )


def test_one_seed_knows_no_noise():
    figure = rewiring(
        {"a": GRAPHS["plain"][0], "b": GRAPHS["both"]},
        "a",
        "b",
        layout="pca",
        columns=1,
    )
    assert figure.layout.meta["seed_noise"] is None
    assert "cannot tell: 1 seed" in figure.layout.title.text.replace("<br>", " ")
    assert "seed noise unknown: one seed of a" in figure.layout.annotations[1].text


def test_capped_edges_keep_their_shares():
    figure = rewiring(GRAPHS, "plain", "both", layout="pca", max_edges=100)
    counts = [len(t.x) // 3 for t in edges_of(figure)]
    assert sum(counts) == 100
    totals = np.array([figure.layout.meta[k] for k in ("kept", "gained", "lost")])
    np.testing.assert_allclose(counts, 100 * totals / totals.sum(), atol=15)
    assert f"100 of {totals.sum()} edges drawn" in figure.layout.annotations[0].text


def test_chance_rewiring_is_what_unrelated_graphs_give():
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(2_000):
        a, b = (set(rng.choice(20, k, replace=False)) for k in (4, 6))
        drawn.append(1 - len(a & b) / len(a | b))
    assert chance_rewiring(4, 6, 21) == pytest.approx(np.mean(drawn), abs=0.01)


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        (
            TypeError,
            {"graphs": GRAPHS["plain"]},
            "`graphs` must be a mapping of named variants, e.g. {'refiner': value}, "
            "got list.",
        ),
        (ValueError, {"a": "x"}, "`a` must be one of 'plain', 'both', got 'x'."),
        (
            ValueError,
            {"layout": "aligned"},
            "`layout` must be one of 'umap', 'pca', got 'aligned'.",
        ),
        (
            ValueError,
            {"layout": project(Embedding.from_arrays(np.eye(3)), "pca")},
            "`layout` must have the same ids as `graphs`, in any order, got 3 and 40 "
            "of which 3 are the same: '3' is only in `graphs`.",
        ),
        (
            ValueError,
            {"columns": 0.5},
            "`columns` must be 1, 1.5 or 2 (of a journal's page) or a larger whole "
            "number (panels in a row), got 0.5.",
        ),
    ],
)
def test_rewiring_errors_are_sentences(kind, arguments, sentence):
    with pytest.raises(kind) as caught:
        rewiring(**{"graphs": GRAPHS, "a": "plain", "b": "both", **arguments})
    assert str(caught.value) == sentence


def run(seed, best=2):
    loss = np.array([3.0, 2.0, 1.5]) + seed
    table = pd.DataFrame(
        {"epoch": [1, 2, 3], "loss": loss, "val_score": loss / 10, "note": list("abc")}
    )
    return SimpleNamespace(history=table, best_epoch=best, seed=seed, config="Config()")


def test_seeds_are_thin_and_their_mean_thick():
    figure = history({"<b>plain": [run(0), run(1)], "both": run(4)})
    lines = [t for t in figure.data if t.mode == "lines" and (t.xaxis or "x") == "x"]
    assert [t.line.width for t in lines] == [1, 1, 2.5, 2]
    np.testing.assert_allclose(lines[2].y, [3.5, 2.5, 2.0])
    assert [t.showlegend for t in lines] == [False, False, True, True]
    assert lines[0].name == "&lt;b&gt;plain"
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["<b>loss</b>", "<b>val score</b>"]
    assert figure.layout.meta["seeds"] == {"<b>plain": [0, 1], "both": [4]}


def test_epochs_of_runs_are_counted_from_1_and_others_as_they_are():
    made = run(0, best=1)
    made.history = made.history.assign(epoch=[0, 1, 2])
    line, diamond = history(made).data[:2]
    assert line.x.tolist() == [1, 2, 3]
    assert diamond.x.tolist() == [2]
    assert made.history["epoch"].tolist() == [0, 1, 2]
    assert history(run(0)).data[0].x.tolist() == [1, 2, 3]


def test_the_kept_epoch_is_marked():
    figure = history([run(0, best=2), run(1, best=3)])
    diamonds = [t for t in figure.data if t.mode == "markers"]
    assert diamonds[0].marker.symbol == "diamond"
    assert diamonds[0].x.tolist() == [2, 3]
    assert diamonds[0].y.tolist() == [2.0, 2.5]
    assert "diamond: the epoch that was kept" in figure.layout.title.text
    bare = history(run(0).history)
    assert [t.mode for t in bare.data] == ["lines", "lines"]
    assert "diamond" not in bare.layout.title.text
    assert not bare.layout.showlegend


def test_columns_that_some_runs_lack():
    other = SimpleNamespace(history=pd.DataFrame({"epoch": [1], "extra": [0.5]}))
    figure = history({"a": run(0), "b": other})
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["<b>loss</b>", "<b>val score</b>", "<b>extra</b>"]
    assert [t.name for t in lines_of(figure)] == ["a", "a", "b"]
    assert [t.showlegend for t in lines_of(figure)] == [True, False, True]


@pytest.mark.parametrize(
    ("kind", "runs", "sentence"),
    [
        (TypeError, 3, "`runs['run']` must hold Run values or DataFrames, got int."),
        (ValueError, {}, "`runs` must hold at least one run a variant, got none."),
        (
            ValueError,
            pd.DataFrame({"loss": [1.0]}),
            "`runs['run']` must have a column 'epoch', got ['loss'].",
        ),
        (
            ValueError,
            pd.DataFrame({"epoch": [1]}),
            "`runs` must have a numeric column beside 'epoch', got none.",
        ),
    ],
)
def test_history_errors_are_sentences(kind, runs, sentence):
    with pytest.raises(kind) as caught:
        history(runs)
    assert str(caught.value) == sentence
