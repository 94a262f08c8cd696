"""`curves`, read as data and drawn."""

import numpy as np
import pandas as pd
import pytest

from refnet_viz import save
from refnet_viz.plot import curves, history
from refnet_viz.plot.render import render


def frame(key="level", places=(0.0, 0.5, 1.0), **attributes):
    """Return two metrics of two variants, and an area, as `robustness` does."""
    rows = [
        {
            "metric": metric,
            "variant": name,
            key: place,
            "mean": start - 0.2 * place,
            "low": start - 0.2 * place - 0.1,
            "high": start - 0.2 * place + 0.1,
            "difference": 0.05,
            "verdict": "inside noise",
            "chance": 0.25,
            "seeds": 3,
        }
        for metric in ("accuracy", "seed_stability")
        for place in places
        for name, start in (("plain", 0.8), ("a<b", 0.85))
    ]
    area = {**rows[0], "metric": "area", key: np.nan}
    made = pd.DataFrame([*rows, area])
    made.attrs = {"confidence": 0.95, **attributes}
    return made


def lines(figure):
    return [trace for trace in figure.data if trace.mode == "lines+markers"]


def bands(figure):
    return [trace for trace in figure.data if trace.fill == "toself"]


def test_lines_bands_and_chance():
    figure = curves(frame(), "accuracy")
    first, second = lines(figure)
    assert first.x.tolist() == [0, 0.5, 1]
    assert first.y == pytest.approx([0.8, 0.7, 0.6])
    assert second.y == pytest.approx([0.85, 0.75, 0.65])
    band = bands(figure)[0]
    assert band.x.tolist() == [0, 0.5, 1, 1, 0.5, 0, 0]
    assert band.y == pytest.approx([0.9, 0.8, 0.7, 0.5, 0.6, 0.7, 0.9])
    chance = figure.data[-1]
    assert (chance.name, chance.line.dash) == ("chance", "dot")
    assert chance.y.tolist() == [0.25] * 3
    # Bands lie below all lines, and none of these looks like chance.
    assert [trace.fill for trace in figure.data] == ["toself"] * 2 + [None] * 3
    assert len({trace.line.dash for trace in lines(figure)}) == 2


def test_rows_may_come_in_any_order():
    mixed = frame().sample(frac=1, random_state=1)
    assert all((np.diff(trace.x) > 0).all() for trace in lines(curves(mixed)))


def test_every_variant_stands_in_the_legend_once():
    figure = curves(frame())
    shown = [trace.name for trace in figure.data if trace.showlegend]
    assert shown == ["plain", "a&lt;b", "chance"]
    assert len(figure.data) == 10
    titles = [note.text for note in figure.layout.annotations]
    assert [title[:22] for title in titles] == [
        "<b>accuracy</b><br><sp",
        "<b>seed stability</b><",
    ]
    assert all("higher is better" in title for title in titles)


def test_axes_say_what_they_are():
    noise = curves(frame(corruption="noise", modality="a<b"), "accuracy").layout
    assert noise.xaxis.title.text == "noise level"
    assert noise.xaxis.tickvals == (0, 0.5, 1)
    assert noise.xaxis.type is None
    assert noise.title.text.startswith("Robustness to noise<br>")
    assert "3 seeds a variant, band: 95% of the mean" in noise.title.text
    assert "only a&lt;b is corrupted" in noise.title.text
    gone = curves(frame(corruption="missing", modality="all"), "accuracy").layout
    assert gone.xaxis.title.text == "share of missing modalities"
    assert "corrupted" not in gone.title.text
    few = curves(frame("fraction", (0.01, 0.1, 1.0)), "accuracy").layout
    assert few.xaxis.type == "log"
    assert few.xaxis.ticktext == ("1%", "10%", "100%")
    low, high = few.xaxis.range
    assert -2.2 < low < -2
    assert 0 < high < 0.2


def test_hovering_tells_band_difference_and_verdict():
    text = lines(curves(frame("fraction", (0.015, 1.0)), "accuracy"))[1].hovertext
    assert text[1] == (
        "<b>a&lt;b</b>, 100% of the labels: 0.650<br>band 0.550 to 0.750<br>"
        "difference +0.050, inside noise"
    )
    assert "1.5% of the labels" in text[0]


def test_a_single_seed_has_no_band():
    assert bands(curves(frame().assign(seeds=2))) == []
    alone = frame().assign(low=np.nan, high=np.nan, seeds=1)
    figure = curves(alone)
    assert bands(figure) == []
    assert len(lines(figure)) == 4
    assert "1 seed a variant" in figure.layout.title.text
    assert "band" not in figure.layout.title.text


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("key", ["level", "fraction"])
def test_it_is_drawn_without_a_browser(key, mode, tmp_path):
    figure = curves(frame(key, (0.25, 0.5, 1.0)), mode=mode)
    assert render(figure, "png", width=600, height=400).startswith(b"\x89PNG")
    path = save(figure, tmp_path / "curves.svg")
    assert "share of training labels" in path.read_text() or key == "level"
    assert figure.layout.meta["figure"] == "curves"
    assert figure.layout.meta["alt"].startswith("Curves with seed bands of plain, a<b")


@pytest.mark.parametrize(
    ("kind", "given", "metric", "sentence"),
    [
        (
            TypeError,
            {"a": 1},
            None,
            "`frame` must be the DataFrame that rv.robustness, rv.label_curve or "
            "rv.refiner_curve returned, got dict.",
        ),
        (
            ValueError,
            frame().drop(columns=["low", "mean"]),
            None,
            "`frame` must have columns ['metric', 'variant', 'mean', 'low', 'high'] "
            "and 'level', 'fraction' or 'weight', lacks ['mean', 'low'].",
        ),
        (
            ValueError,
            frame("condition"),
            None,
            "`frame` must have columns ['metric', 'variant', 'mean', 'low', 'high'] "
            "and 'level', 'fraction' or 'weight', lacks the latter.",
        ),
        (
            ValueError,
            frame()[:0],
            None,
            "`frame` must have at least one row, got none.",
        ),
        (
            ValueError,
            frame(),
            "area",
            "`metric` must be one of 'accuracy', 'seed_stability', got 'area'.",
        ),
        (
            ValueError,
            frame(),
            [],
            "`metric` must name at least one of ['accuracy', 'seed_stability'], "
            "got none.",
        ),
    ],
)
def test_errors_are_sentences(kind, given, metric, sentence):
    with pytest.raises(kind) as caught:
        curves(given, metric)
    assert str(caught.value) == sentence


def test_modes_and_columns_are_checked():
    with pytest.raises(ValueError, match="mode"):
        curves(frame(), mode="dim")
    with pytest.raises(ValueError, match="columns"):
        curves(frame(), columns=0)
    assert curves(frame(), columns=1).layout.xaxis2.domain == (0, 1)


def test_a_weight_of_0_stands_apart_beyond_a_break_of_the_axis():
    figure = curves(frame("weight", (0.0, 0.5, 1.0, 2.0)), "accuracy")
    axis = figure.layout.xaxis
    off = 0.5 / 2**1.5
    assert axis.type == "log"
    assert axis.tickvals == pytest.approx((off, 0.5, 1.0, 2.0))
    assert axis.ticktext == ("off", "0.5", "1", "2")
    places = [off, np.nan, 0.5, 1.0, 2.0]
    np.testing.assert_allclose(lines(figure)[0].x, places)
    assert np.isnan(lines(figure)[0].y[1])
    assert len(lines(figure)[0].hovertext) == 5
    # No band and no chance crosses the break either; that of 0 is narrow.
    narrow, wide = bands(figure)[:2]
    assert max(narrow.x) < np.sqrt(off * 0.5) < min(wide.x)
    assert len(figure.data[-1].x) == 6
    breaks = [note for note in figure.layout.annotations if note.text == "//"]
    assert [10**note.x for note in breaks] == pytest.approx([np.sqrt(off * 0.5)])
    assert "heavier refiner" in figure.layout.title.text
    alone = curves(frame("weight", (0.0, 5.0)), "accuracy")
    assert alone.layout.xaxis.tickvals == pytest.approx((5.0 / 10**1.5, 5.0))
    assert curves(frame("weight", (0.5, 5.0)), "accuracy").layout.annotations[1:] == ()
    assert render(figure, "png", width=600, height=400).startswith(b"\x89PNG")


def test_losses_of_different_terms_are_said_to_be_such():
    frame = pd.DataFrame({"epoch": [0, 1], "loss": [2.0, 1.0], "task": [1.0, 0.5]})
    more = frame.assign(refiner=[1.0, 0.5])
    bare = frame.assign(refiner=np.nan)
    for other, differ in ((more, True), (bare, False)):
        figure = history({"plain": frame, "other": other})
        title = next(n.text for n in figure.layout.annotations if "loss" in n.text)
        assert title.startswith("<b>loss</b>")
        assert ("sum of each variant's own terms" in title) == differ
