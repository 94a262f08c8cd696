"""The renderer, pixel by pixel: what stands where, in which colour."""

import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image
from plotly.subplots import make_subplots

from refnet_viz.plot.render import render
from refnet_viz.plot.render.marks import Place
from refnet_viz.plot.render.model import Model
from refnet_viz.plot.render.ranges import fit, square
from refnet_viz.plot.render.style import colour
from refnet_viz.plot.render.text import read

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def bare(*traces, **layout):
    """Return a figure of 200 x 200 pixels whose axes run from 0 to 10, 20 a unit."""
    axis = {"range": [0, 10], "visible": False}
    figure = go.Figure(traces, {"template": None, "showlegend": False, **layout})
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor="white",
        plot_bgcolor="white",
    )
    for name in ("xaxis", "yaxis"):
        figure.layout[name] = {**axis, **(layout.get(name) or {})}
    return figure


def picture(figure, size=(200, 200)):
    content = render(figure, "png", width=size[0], height=size[1], scale=1)
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def at(pixels, x, y):
    """Return the colour at data coordinates of `bare`."""
    return tuple(pixels[200 - int(20 * y), int(20 * x)])


def test_markers_stand_at_their_points_in_their_colours():
    pixels = picture(
        bare(
            go.Scatter(
                x=[2, 8],
                y=[3, 6],
                mode="markers",
                marker={"color": ["red", "blue"], "size": [20, 20], "symbol": "square"},
            )
        )
    )
    assert at(pixels, 2, 3) == RED
    assert at(pixels, 8, 6) == BLUE
    assert at(pixels, 5, 5) == WHITE
    # A square of 20 pixels a side.
    assert abs((pixels == RED).all(axis=2).sum() - 400) < 45


def test_strokes_have_the_colour_of_their_line():
    rim = {"color": "red", "width": 4}
    style = {"symbol": "line-ns", "size": 60, "color": "blue", "line": rim}
    pixels = picture(bare(go.Scatter(x=[5], y=[5], mode="markers", marker=style)))
    assert [at(pixels, 5, y) for y in (4, 5, 6)] == [RED] * 3
    assert [at(pixels, x, 5) for x in (4.5, 5.5)] == [WHITE] * 2


def test_later_traces_lie_on_top_of_earlier_ones():
    dot = go.Scatter(x=[5], y=[5], mode="markers", marker={"color": "red", "size": 30})
    line = go.Scatter(
        x=[0, 10], y=[5, 5], mode="lines", line={"color": "blue", "width": 8}
    )
    assert at(picture(bare(line, dot)), 5, 5) == RED
    assert at(picture(bare(dot, line)), 5, 5) == BLUE


def test_gaps_part_lines():
    gap = go.Scatter(
        x=[1, 4, np.nan, 6, 9],
        y=[5, 5, np.nan, 5, 5],
        mode="lines",
        line={"color": "red", "width": 10},
    )
    pixels = picture(bare(gap))
    assert [at(pixels, x, 5) for x in (2, 5, 8)] == [RED, WHITE, RED]


def test_edges_that_let_through_add_up_where_they_cross():
    ends = [[1, 5], [9, 5], [np.nan] * 2, [5, 1], [5, 9], [np.nan] * 2]
    x, y = np.transpose(ends)
    line = {"color": "red", "width": 20}
    pixels = picture(bare(go.Scatter(x=x, y=y, mode="lines", line=line, opacity=0.5)))
    once, twice = at(pixels, 3, 5), at(pixels, 5, 5)
    assert once[1] == pytest.approx(128, abs=2)
    assert twice[1] == pytest.approx(64, abs=2)


def test_numbers_become_colours_by_the_shared_scale():
    figure = bare(
        go.Scatter(
            x=[2, 8],
            y=[5, 5],
            mode="markers",
            marker={"color": [0, 10], "coloraxis": "coloraxis", "size": 20},
        ),
        coloraxis={
            "colorscale": [[0, "red"], [1, "blue"]],
            "cmin": 0,
            "cmax": 10,
            "showscale": False,
        },
    )
    pixels = picture(figure)
    assert (at(pixels, 2, 5), at(pixels, 8, 5)) == (RED, BLUE)


@pytest.mark.parametrize("flat", [False, True])
def test_bars_stand_side_by_side_or_lie(flat):
    names = ("y", "x") if flat else ("x", "y")
    bars = [
        go.Bar(
            {
                names[0]: [2, 6],
                names[1]: [5, 8],
                "marker": {"color": color},
                "orientation": "h" if flat else "v",
            }
        )
        for color in ("red", "blue")
    ]
    pixels = picture(bare(*bars, bargap=0))
    spots = [(1, 2), (3, 2), (5, 7.5), (7, 7.5), (1, 6)]
    found = [at(pixels, *(s[::-1] if flat else s)) for s in spots]
    assert found == [RED, BLUE, RED, BLUE, WHITE]


def test_bars_are_stacked():
    bars = [go.Bar(x=[5], y=[3], width=4, marker={"color": c}) for c in ("red", "blue")]
    pixels = picture(bare(*bars, barmode="stack"))
    assert [at(pixels, 5, y) for y in (1.5, 4.5, 8)] == [RED, BLUE, WHITE]


def test_histograms_count():
    given = {"x": [1, 1, 1, 1, 3], "xbins": {"start": 0, "end": 4, "size": 2}}
    figure = bare(go.Histogram(**given, marker={"color": "red"}))
    pixels = picture(figure)
    assert [at(pixels, 1, 3.5), at(pixels, 3, 3.5), at(pixels, 3, 0.5)] == [
        RED,
        WHITE,
        RED,
    ]
    share = bare(go.Histogram(**given, histnorm="percent"), yaxis={"range": [0, 100]})
    bars = fit(Model(share))
    assert bars[0].size.tolist() == [80, 20]


def test_heatmaps_fill_their_cells():
    figure = bare(
        go.Heatmap(
            x=[2.5, 7.5],
            y=[2.5, 7.5],
            z=[[0, 1], [1, 0]],
            showscale=False,
            colorscale=[[0, "red"], [1, "blue"]],
        )
    )
    pixels = picture(figure)
    corners = [at(pixels, x, y) for x, y in ((1, 1), (9, 1), (1, 9), (9, 9))]
    assert corners == [RED, BLUE, BLUE, RED]


@pytest.mark.parametrize(
    ("fill", "inside", "outside"),
    [
        ("tozeroy", (5, 2), (5, 8)),
        ("toself", (5, 5.6), (5, 2)),
        ("tonexty", (5, 5), (5, 2)),
    ],
)
def test_fills(fill, inside, outside):
    below = go.Scatter(x=[0, 10], y=[4, 4], mode="lines", line={"width": 0})
    path = (
        {"x": [0, 10], "y": [6, 6]}
        if fill != "toself"
        else {"x": [0, 10, 5], "y": [5, 5, 8]}
    )
    band = go.Scatter(
        **path, mode="lines", fill=fill, fillcolor="red", line={"width": 0}
    )
    pixels = picture(bare(below, band))
    assert (at(pixels, *inside), at(pixels, *outside)) == (RED, WHITE)


def test_error_bars_reach_as_far_as_they_say():
    dot = go.Scatter(
        x=[5],
        y=[5],
        mode="markers",
        marker={"color": "blue", "size": 2},
        error_x={
            "array": [3],
            "arrayminus": [1],
            "color": "red",
            "thickness": 6,
            "width": 0,
        },
    )
    pixels = picture(bare(dot))
    assert [at(pixels, x, 5) for x in (3.5, 4.5, 7, 8.5)] == [WHITE, RED, RED, WHITE]


def test_shapes_refer_to_axes_and_paper_and_are_clipped():
    figure = bare(go.Scatter(x=[5], y=[1], mode="markers", marker={"opacity": 0}))
    figure.add_shape(
        type="rect",
        x0=2,
        x1=4,
        y0=0.5,
        y1=1,
        yref="paper",
        fillcolor="red",
        line={"width": 0},
    )
    figure.add_hline(y=2.5, line={"color": "blue", "width": 8})
    pixels = picture(figure)
    assert [at(pixels, 3, 7), at(pixels, 3, 4), at(pixels, 9, 2.5)] == [
        RED,
        WHITE,
        BLUE,
    ]


def test_shapes_below_lie_below_the_data():
    dot = go.Scatter(x=[5], y=[5], mode="markers", marker={"color": "red", "size": 20})
    for layer, top in (("below", RED), ("above", BLUE)):
        figure = bare(dot)
        figure.add_vrect(4, 6, fillcolor="blue", layer=layer, line={"width": 0})
        assert at(picture(figure), 5, 5) == top


def test_annotations_are_written_where_they_are_anchored():
    figure = bare()
    figure.add_annotation(
        text="██",
        x=0,
        y=1,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="top",
        showarrow=False,
        font={"size": 40, "color": "red"},
    )
    reddish = (np.abs(picture(figure) - RED).sum(axis=2) < 60).nonzero()
    assert reddish[0].max() < 100
    assert reddish[1].min() < 5


def test_dollars_and_foreign_glyphs_are_text():
    title = {"text": "$x_1$ 中文 \U0001f600 <b>bold</b>"}
    figure = bare(title=title, xaxis={"visible": True, "title": title})
    assert (picture(figure) < 128).any()


def test_log_axes_and_categories():
    figure = bare(
        go.Scatter(
            x=["a", "b"],
            y=[1, 100],
            mode="markers",
            marker={"color": "red", "size": 12},
        ),
        xaxis={"range": None},
        yaxis={"type": "log", "range": [0, 2]},
    )
    model = Model(figure)
    fit(model)
    assert model.axes["x"].range == (-0.5, 1.5)
    assert model.axes["y"].share(10) == pytest.approx(0.5)
    figure.add_annotation(text="x", x=0, y=1)  # annotations give the logarithm
    note = figure.layout.annotations[0].to_plotly_json()
    place = Place(model, (0, 0, 200, 200))
    assert place.note({**note, "yref": "y"}, "y") == pytest.approx(100)
    reddish = (picture(figure) == RED).all(axis=2).nonzero()
    assert reddish[1].min() < 60 < 140 < reddish[1].max()


def test_only_the_given_ticks_stand_on_a_log_axis():
    axis = {"visible": True, "type": "log", "range": [-0.6, 0], "tickvals": [0.25, 1]}
    line = go.Scatter(x=[0.25, 1], y=[-9, -9], mode="lines")
    words = [
        picture(bare(line, xaxis={**axis, "ticktext": text, "ticks": ""}))
        for text in (["one", "ten"], ["", ""])
    ]
    middle = slice(60, 140)
    assert (words[0] != words[1]).any()
    assert (words[1][:, middle] == words[1][:1, middle]).all()


def test_one_unit_in_both_directions():
    figure = bare(
        go.Scatter(x=[0, 10], y=[0, 10], mode="markers"), yaxis={"scaleanchor": "x"}
    )
    model = Model(figure)
    fit(model)
    square(model, {"x": 400.0, "y": 200.0})
    assert model.axes["x"].range == (-5, 15)
    assert model.axes["y"].range == (0, 10)


def test_axes_that_match_share_the_widest_range():
    figure = make_subplots(1, 2)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", row=1, col=1)
    figure.add_scatter(x=[4, 9], y=[0, 1], mode="lines", row=1, col=2)
    figure.update_layout(xaxis2_matches="x")
    model = Model(figure)
    fit(model)
    assert model.axes["x"].range == model.axes["x2"].range == (0, 9)


def test_reversed_and_given_ranges():
    figure = bare(go.Scatter(x=[1], y=[1]), yaxis={"range": [10, 0]})
    model = Model(figure)
    fit(model)
    assert model.axes["y"].range == (10, 0)
    assert model.axes["y"].share(10) == 0


def test_legend_and_colour_bar_take_room_outside_the_panels():
    trace = go.Scatter(
        x=[1, 2],
        y=[1, 2],
        mode="markers",
        name="names of some length",
        showlegend=True,
        marker={"color": [1, 2], "coloraxis": "coloraxis"},
    )
    figure = go.Figure(trace, {"coloraxis": {"colorscale": "Cividis"}})
    figure.update_layout(plot_bgcolor="red", margin={"r": 0, "b": 0, "l": 0, "t": 0})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    red = (picture(figure, (400, 200)) == RED).all(axis=2).nonzero()
    assert red[1].max() < 400 - 72 - 34
    figure.update_layout(legend={"orientation": "h"})
    red = (picture(figure, (400, 200)) == RED).all(axis=2).nonzero()
    assert red[1].max() > 400 - 90
    assert red[0].max() < 200 - 19


@pytest.mark.parametrize(
    ("given", "rgba"),
    [
        ("#ff0000", (1, 0, 0, 1)),
        ("rgb(0,255,0)", (0, 1, 0, 1)),
        ("rgba(0, 0, 255, 0.25)", (0, 0, 1, 0.25)),
        ("white", (1, 1, 1, 1)),
    ],
)
def test_css_colours(given, rgba):
    assert colour(given) == rgba


def test_text_knows_tags_entities_and_nothing_else():
    lines = read(
        '<b>a</b> &lt;i&gt;<br><span style="font-size:9px;color:red">b</span>'
        "<script>c</script></p>",
        12,
        "black",
    )
    first, second = lines
    assert [(run.text, run.bold) for run in first] == [("a", True), (" <i>", False)]
    assert (second[0].text, second[0].size, second[0].color) == ("b", 9, "red")


@pytest.mark.parametrize(
    ("figure", "what"),
    [
        (go.Figure(go.Pie(values=[1])), "a trace of type 'pie'"),
        (
            go.Figure(layout={"shapes": [{"type": "circle"}]}),
            "a shape of type 'circle'",
        ),
        (go.Figure(layout={"images": [{"source": "x"}]}), "pictures"),
    ],
)
def test_what_cannot_be_drawn_is_refused(figure, what):
    with pytest.raises(ValueError, match="figure") as caught:
        render(figure, "png", width=100, height=100)
    assert str(caught.value) == (
        "`figure` must be made of scatter, bar, histogram and heatmap traces to be "
        f"drawn without a browser, got {what}: save it as .html or .json."
    )


def test_unknown_fill_is_refused():
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], fill="tonext"))
    with pytest.raises(ValueError, match="fill") as caught:
        render(figure, "png", width=100, height=100)
    assert str(caught.value) == (
        "`fill` must be one of none, toself, tozeroy, tozerox, tonexty to be drawn "
        "without a browser, got 'tonext': save the figure as .html or .json."
    )


def test_hidden_traces_are_not_drawn():
    dot = {
        "x": [5],
        "y": [5],
        "mode": "markers",
        "marker": {"color": "red", "size": 30},
    }
    for visible in (False, "legendonly"):
        assert at(picture(bare(go.Scatter(**dot, visible=visible))), 5, 5) == WHITE
    assert at(picture(bare(go.Scattergl(**dot))), 5, 5) == RED
    assert GREEN != RED


def test_five_thousand_points_and_many_edges_are_drawn():
    rng = np.random.default_rng(0)
    flat = rng.random((5_000, 2))
    edges = np.full((36_000, 3, 2), np.nan)
    edges[:, :2] = flat[rng.integers(0, 5_000, (36_000, 2))]
    lines = edges.reshape(-1, 2)
    figure = go.Figure(
        [
            go.Scatter(x=lines[:, 0], y=lines[:, 1], mode="lines", line={"width": 0.5}),
            go.Scatter(x=flat[:, 0], y=flat[:, 1], mode="markers"),
        ]
    )
    assert picture(figure, (300, 300)).std() > 20
