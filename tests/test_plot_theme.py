"""Colours, text and panels that every figure shares."""

import numpy as np
import plotly.graph_objects as go
import pytest

from refnet_viz.plot.ink import MODES, class_style
from refnet_viz.plot.panels import default_columns, grid
from refnet_viz.plot.render.style import colour
from refnet_viz.plot.text import count_of, escape, plain, short
from refnet_viz.plot.theme import theme


def luminance(name):
    """Relative luminance of WCAG 2."""
    parts = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in colour(name)[:3]
    ]
    return np.dot([0.2126, 0.7152, 0.0722], parts)


def contrast(a, b):
    """Contrast ratio of WCAG 2."""
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_writing_has_the_contrast_of_wcag_aa(mode):
    colors = MODES[mode]
    assert contrast(colors.text, colors.paper) >= 4.5
    assert contrast(colors.muted, colors.paper) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_no_class_vanishes_on_its_background(mode):
    colors = MODES[mode]
    assert len(set(colors.classes)) == 8
    faint = [c for c in colors.classes if contrast(c, colors.paper) < 3]
    # The pale ones of Okabe and Ito on white are held by the rim of the markers.
    if mode == "dark":
        assert faint == []
    red, green, blue, alpha = colour(colors.outline)
    page = colour(colors.paper)
    mixed = [
        alpha * c + (1 - alpha) * p
        for c, p in zip((red, green, blue), page[:3], strict=True)
    ]
    name = "#" + "".join(f"{round(255 * c):02x}" for c in mixed)
    assert contrast(name, colors.paper) >= 3


def test_hundred_classes_have_a_hundred_looks():
    looks = [class_style(i) for i in range(100)]
    assert len(set(looks)) == 100
    assert len({color for color, _ in looks[:8]}) == 8
    assert {symbol for _, symbol in looks[:8]} == {"circle"}


def test_theme_returns_a_copy_without_the_cloud_button():
    figure = go.Figure(go.Scatter(y=[1]))
    dark = theme(figure, "dark")
    assert dark.layout.modebar.remove == ("sendChartToCloud",)
    assert dark.layout.template.layout.paper_bgcolor == MODES["dark"].paper
    assert figure.layout.modebar.remove is None


def test_unknown_mode():
    with pytest.raises(ValueError, match="mode") as caught:
        theme(go.Figure(), "dim")
    assert str(caught.value) == "`mode` must be one of 'light', 'dark', got 'dim'."


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a<b & c>d", "a&lt;b &amp; c&gt;d"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('<a href="x">', '&lt;a href="x"&gt;'),
        (3, "3"),
    ],
)
def test_escape(given, shown):
    assert escape(given) == shown


def test_short_cuts_before_it_escapes():
    assert short("<" * 100, 3) == "&lt;&lt;…"
    assert short("two\nlines") == "two lines"


def test_count_of_names_the_cap_only_when_there_is_one():
    assert count_of(2_000, 5_400, "edges") == "2,000 of 5,400 edges drawn"
    assert count_of(5_400, 5_400, "edges") == "5,400 edges"


def test_plain_is_json():
    given = {1: np.float32(0.5), "a": (np.nan, np.bool_(True)), "b": np.arange(2)}
    assert plain(given) == {"1": 0.5, "a": [None, True], "b": [0, 1]}


def test_panels_keep_their_size_whatever_their_number():
    one, four = (grid([["a", "b"]] * n, columns=2, height=300) for n in (2, 4))
    margin = four.layout.margin
    inner = four.layout.height - margin.t - margin.b
    low, high = four.layout.yaxis.domain
    assert inner * (high - low) == pytest.approx(300)
    assert one.layout.height < four.layout.height
    assert [note.text for note in one.layout.annotations] == ["a<br>b"] * 2


def test_columns():
    assert [default_columns(n) for n in range(1, 7)] == [1, 2, 3, 2, 3, 3]
