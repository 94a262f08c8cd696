"""What those who see little, few colours or nothing get of a figure."""

import io
import itertools
import re
from xml.etree import ElementTree

import figures
import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.text import Text
from PIL import Image

from refnet_viz import plot
from refnet_viz.plot.describe import title_of
from refnet_viz.plot.ink import DASHES, MODES, SYMBOLS, class_style, stroke
from refnet_viz.plot.manifest import final
from refnet_viz.plot.render import render
from refnet_viz.plot.render.style import colour
from refnet_viz.plot.render.text import read, wrapped, written
from refnet_viz.plot.text import unmarked
from refnet_viz.share.save import save

COLUMN = 317  # pixels of 3.3 inches
SMALLEST = 6  # points
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def linear(color):
    c = np.array(color[:3])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def over(color, paper):
    """A colour that lets some of the paper through, as it is seen."""
    *rgb, alpha = colour(color)
    return alpha * np.array(rgb) + (1 - alpha) * np.array(colour(paper)[:3])


def contrast(color, paper):
    """WCAG 2: contrast ratio of a colour on paper."""
    seen = [over(color, paper), colour(paper)]
    low, high = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in seen)
    return (high + 0.05) / (low + 0.05)


def lab(color, vision):
    """CIE L*a*b* of a colour as it is seen with a colour vision."""
    seen = np.clip(vision @ linear(colour(color)), 0, 1)
    x = TO_XYZ @ seen / [0.95047, 1.0, 1.08883]
    d = 6 / 29
    f = np.where(x > d**3, np.cbrt(x), x / (3 * d * d) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def delta_e(one, other):
    """CIEDE2000."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = 0.0 if grey else (h2 - h1 + 180) % 360 - 180
    hue = h1 + h2 if grey else (h1 + turn / 2) % 360
    light, c = (l1 + l2) / 2, (c1 + c2) / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    t = 1 + sum(w * np.cos(np.radians(n * hue + p)) for w, n, p in waves)
    sl = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    parts = np.array(
        [
            (l2 - l1) / sl,
            (c2 - c1) / (1 + 0.045 * c),
            2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * c * t),
        ]
    )
    bend = np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    rotation = -2 * np.sqrt(c**7 / (c**7 + 25.0**7)) * np.sin(bend)
    return np.sqrt(parts @ parts + rotation * parts[1] * parts[2])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # Sharma, Wu and Dalal 2005, table 1
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_measure_of_colours_is_right(one, other, expected):
    assert delta_e(one, other) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("palette", ["classes", "strokes"])
@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_with_any_vision(mode, palette, vision):
    colors = getattr(MODES[mode], palette)
    seen = [lab(color, VISION[vision]) for color in colors]
    assert len(set(colors)) == 8
    nearest = min(delta_e(*pair) for pair in itertools.combinations(seen, 2))
    # Okabe and Ito's own least distance, of orange and pink in tritanopia.
    assert nearest >= 10.8


@pytest.mark.parametrize("mode", MODES)
def test_lines_and_bars_stand_out_and_pale_points_have_a_rim(mode):
    colors = MODES[mode]
    assert min(contrast(c, colors.paper) for c in colors.strokes) >= 3
    pale = [c for c in colors.classes if contrast(c, colors.paper) < 3]
    assert ("#F0E442" in pale) == (mode == "light")
    assert contrast(colors.outline, colors.paper) >= 3
    for name in ("text", "muted", "alarm"):
        assert contrast(getattr(colors, name), colors.paper) >= 4.5


def text_colors(figure):
    """Every colour in which a figure writes."""
    layout = figure.layout
    base = layout.template.layout.font.color
    fonts = [layout.font, layout.title.font, layout.legend.font]
    fonts += [note.font for note in layout.annotations]
    words = [layout.title.text or "", *(note.text for note in layout.annotations)]
    axes = [layout[key] for key in layout if re.fullmatch(r"[xy]axis\d*", key)]
    axes += [layout.template.layout.xaxis, layout.template.layout.yaxis]
    for axis in axes:
        fonts += [axis.tickfont, axis.title.font]
        words += [axis.title.text or "", *map(str, axis.ticktext or ())]
    fonts += [layout.template.layout.hoverlabel.font]
    spans = itertools.chain(*(re.findall(r"color:([^;\"]+)", text) for text in words))
    return {base, *spans, *(font.color for font in fonts if font.color)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", plot.FIGURES)
def test_all_writing_has_the_contrast_of_wcag_aa(name, mode):
    figure = figures.figure(name, mode)
    found = text_colors(figure)
    assert len(found) >= 2
    for color in found:
        assert contrast(color, MODES[mode].paper) >= 4.5, color


def marks(trace):
    """Colours of the marks of a trace, with the rims of its points."""
    marker, mode = trace.marker, "bar" if trace.type == "bar" else trace.mode
    if "lines" in mode and trace.line.color:
        yield trace.line.color, None
    if mode != "lines":
        rim = marker.line.color if marker.line.width else None
        given = [marker.color] if isinstance(marker.color, str) else marker.color
        numbers = given is None or not isinstance(next(iter(given), None), str)
        yield from ((c, rim) for c in ([] if numbers else dict.fromkeys(given)))


# Context, not content: edges between points, bands, and what null bands fill.
CONTEXT = ("links", "kept", "band", "null", "labels permuted", "emergent")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", plot.FIGURES)
def test_all_marks_have_the_contrast_of_wcag_aa(name, mode):
    ink = MODES[mode]
    seen = 0
    for trace in figures.figure(name, mode).data:
        bar = trace.type == "bar"
        edges = not bar and (trace.fill or trace.line.color == ink.edge)
        if edges or str(trace.name).startswith(CONTEXT):
            continue
        for color, rim in marks(trace):
            told = max(contrast(c, ink.paper) for c in (color, rim) if c)
            assert told >= 3, (trace.name, color, rim)
            seen += 1
    assert seen


def test_beyond_eight_classes_shapes_help():
    looks = [class_style(number) for number in range(8 * len(SYMBOLS))]
    assert len(set(looks)) == len(looks)
    assert all(looks[n][1] != looks[n + 8][1] for n in range(len(looks) - 8))
    assert stroke(9)[1] == looks[9][1]
    space = figures.spaces()["both"][0]
    classes = np.arange(len(space)) % 9
    drawn = plot.latent(space, layout="pca", color=classes.astype(str))
    (points,) = (t for t in drawn.data if t.customdata is not None)
    pairs = set(zip(points.marker.color, points.marker.symbol, strict=True))
    assert len(pairs) == 9
    assert {symbol for _, symbol in pairs} == {"circle", "square"}


@pytest.mark.parametrize("name", ["history", "curves"])
def test_curves_differ_in_more_than_colour(name):
    lines = [
        t for t in figures.figure(name).data if t.showlegend and t.name != "chance"
    ]
    assert len(lines) == len(figures.VARIANTS)
    assert len({line.line.dash for line in lines}) == len(lines)
    assert {line.line.dash for line in lines} <= set(DASHES)


def test_where_dashes_mean_something_else_signs_help():
    figure = figures.figure("overlaps")
    named = [t for t in figure.data if t.showlegend and "markers" in t.mode]
    assert len({trace.marker.symbol for trace in named}) == len(figures.VARIANTS)
    for trace in figure.data:
        if trace.fill is None and "markers" in trace.mode and trace.x[0] is not None:
            assert 5 <= np.count_nonzero(trace.marker.size) <= 12


def test_modalities_differ_in_more_than_colour():
    figure = figures.figure("responsibility")
    lines = {t.name: t.line.dash for t in figure.data if t.type == "scatter"}
    assert lines.pop("mean predictor") == "dot"
    assert len({*lines.values()} - {"dot"}) == len(lines) == 2


NULLS = {
    "attribution": r"chance \d+%",
    "bound": r"\d+ of them violate",
    "compare": r"inside noise.*chance 0\.\d\d",
    "curves": r"chance 0\.\d\d",
    "graph": r"by chance \d+",
    "history": r"Validation scores",
    "latent": r"chance 0\.\d\d",
    "overlaps": r"chance \d+%",
    "responsibility": r"shuffled −?\d",
    "rewiring": r"two seeds of .*unrelated graphs 0",
    "spectrum": r"floor .* is 0\.\d\d",
}


@pytest.mark.parametrize("name", plot.FIGURES)
def test_every_figure_is_told_with_its_nulls(name):
    figure = figures.figure(name)
    told = plot.describe(figure)
    assert told == figure.layout.meta["alt"]
    assert re.search(NULLS[name], told), told
    assert 60 < len(told) < 900
    assert told.endswith(".")
    assert "<" not in told
    names = ["both"] if name in {"graph", "bound"} else ["plain", "both"]
    assert all(variant in told for variant in names)


def test_figures_of_others_are_told_too():
    figure = go.Figure([go.Scatter(y=[1]), go.Scatter(y=[2]), go.Bar(y=[1])])
    assert plot.describe(figure) == "A figure of 2 scatter traces and 1 bar trace."
    figure.update_layout(title="a &lt;b<br>more")
    assert plot.describe(figure).startswith("a <b: a figure of 2 scatter")
    assert title_of(figure) == "a <b"
    assert plot.describe(go.Figure()) == "A figure of no traces."
    with pytest.raises(TypeError) as caught:
        plot.describe(3)
    assert str(caught.value) == "`figure` must be a plotly figure, got int."


HOSTILE = '</desc><script>alert(1)</script> & "x" \x07\ud83d'


def hostile():
    made = figures.figure("compare").update_layout(title_text="a &lt;b<br>more")
    meta = {**made.layout.meta, "alt": HOSTILE}
    return made.update_layout(meta=meta)


def test_svg_is_one_picture_with_a_name_and_a_description(tmp_path):
    tree = ElementTree.parse(save(hostile(), tmp_path / "f.svg")).getroot()
    title, desc = tree[0], tree[1]
    assert (title.tag[-5:], desc.tag[-4:]) == ("title", "desc")
    assert tree.get("role") == "img"
    assert tree.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "a <b"
    assert desc.text == '</desc><script>alert(1)</script> & "x" ␇\ufffd'
    assert not [part for part in tree.iter() if part.tag.endswith("script")]
    other = save(figures.figure("compare"), tmp_path / "g.svg").read_text()
    assert title.get("id") not in other


def test_other_files_carry_the_words(tmp_path):
    with Image.open(save(hostile(), tmp_path / "f.png")) as picture:
        assert picture.text["Title"] == "a <b"
        assert picture.text["Description"].startswith("</desc><script>")
    content = save(hostile(), tmp_path / "f.pdf").read_bytes()
    assert b"/Title (a <b)" in content
    assert b"/Subject" in content
    page = save(hostile(), tmp_path / "f.html").read_text("utf-8")
    assert "<title>a &lt;b</title>" in page
    assert 'aria-describedby="refnet-viz-words"' in page
    head = page.split('<p id="refnet-viz-words"')[1][:400]
    assert "&lt;/desc&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; " in head


def test_a_picture_without_words_stays_as_it_was():
    plain = render(go.Figure(go.Bar(y=[1])), "svg", width=90, height=60)
    assert b"role=" not in plain
    assert b"<title" not in plain


# One column: 3.3 inches.


@pytest.fixture
def writing(monkeypatch):
    """Every text that is drawn: words, box in pixels, size in points."""
    found = {}
    real = Text.draw

    def draw(self, renderer, *args, **kwargs):
        words = self.get_text()
        if self.get_visible() and words.strip():
            found[id(self)] = words, self.get_window_extent(), self.get_fontsize()
        return real(self, renderer, *args, **kwargs)

    monkeypatch.setattr(Text, "draw", draw)
    return found


def touching(one, other):
    """By how many pixels two boxes overlap, the smaller way."""
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    tall = min(one.y1, other.y1) - max(one.y0, other.y0)
    return min(wide, tall)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", plot.FIGURES)
def test_at_one_column_all_is_legible(name, mode, writing):
    figure = final(figures.figure(name, mode), {"width": COLUMN})
    height = figure.layout.height
    assert figure.layout.width == COLUMN
    render(figure, "png", width=COLUMN, height=height, scale=1)
    texts = list(writing.values())
    assert len(texts) > 5
    for words, box, size in texts:
        assert size >= SMALLEST, words
        inside = (box.x0, COLUMN - box.x1, box.y0, height - box.y1)
        assert min(inside) >= -1, (words, inside)
    for (a, one, _), (b, other, _) in itertools.combinations(texts, 2):
        assert touching(one, other) <= 3, (a, b)


@pytest.mark.parametrize("width", [COLUMN, 500, 672])
@pytest.mark.parametrize("name", plot.FIGURES)
def test_a_figure_can_be_fitted_again(name, width):
    once = final(figures.figure(name), {"width": width})
    assert final(once, {"width": width}).to_json() == once.to_json()
    there = final(final(figures.figure(name), {"width": 800}), {"width": width})
    assert there.layout.height == once.layout.height
    assert there.layout.title.text == once.layout.title.text
    texts = [[n.text for n in f.layout.annotations] for f in (there, once)]
    assert texts[0] == texts[1]


def test_a_title_of_the_user_is_broken_too():
    mine = figures.figure("graph").update_layout(title_text="word " * 20)
    once = final(mine, {"width": COLUMN})
    assert once.layout.title.text.count("<br>") >= 2
    changed = go.Figure(once).update_layout(title_text="short")
    assert final(changed, {"width": 500}).layout.title.text == "short"


def test_the_height_asked_for_is_kept():
    figure = final(figures.figure("latent"), {"width": COLUMN, "height": 700})
    assert figure.layout.height == 700
    assert figure.layout.title.y == pytest.approx(1 - 7 / 700)


def test_without_a_width_nothing_moves():
    figure = figures.figure("latent")
    assert final(figure, {}).to_json() == figure.to_json()
    mine = go.Figure(go.Bar(y=[1]))
    assert final(mine, {"width": COLUMN}).layout.height is None


def test_fewer_panels_stand_in_a_narrow_row():
    def columns(width):
        figure = final(figures.figure("compare"), {"width": width})
        count = figure.layout.meta["grid"]["panels"]
        axes = ["xaxis", *(f"xaxis{number}" for number in range(2, count + 1))]
        return len({figure.layout[axis].domain[0] for axis in axes})

    assert [columns(width) for width in (COLUMN, 500, 960)] == [3, 4, 6]


@pytest.mark.parametrize("width", [40, 90, 200])
def test_wrapping_keeps_every_letter_and_style(width):
    text = (
        '<b>one two</b> three &lt;four <span style="font-size:9px">five</span> sixseven'
    )
    lines = wrapped(read(text, 12, "k"), width)
    for line in lines:
        assert sum(run.width for run in line) <= width + 1
    again = written(lines, 12, "k")
    assert read(again, 12, "k") == lines
    kept = unmarked(again).replace("; ", "").replace(" ", "")
    assert kept == unmarked(text).replace(" ", "")


def test_the_picture_has_the_size_asked_for():
    figure = final(figures.figure("latent"), {"width": COLUMN})
    content = render(figure, "png", width=COLUMN, height=400, scale=1)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (COLUMN, 400)
