"""What a journal asks of a figure: sizes, fonts, captions, one colour a name."""

import json
import re
from xml.etree import ElementTree

import figures
import numpy as np
import plotly.graph_objects as go
import pytest

from refnet_viz import plot
from refnet_viz.config import VARIANTS
from refnet_viz.embedding import Embedding
from refnet_viz.plot.ink import MODES
from refnet_viz.plot.looks import colors, dashes, numbers
from refnet_viz.plot.manifest import final
from refnet_viz.plot.points import MOST_SVG, edge_opacity
from refnet_viz.plot.render import text
from refnet_viz.plot.render.text import read
from refnet_viz.share.save import save

POINT = 0.75  # points a pixel
FOUR = ["accuracy", "purity", "overlap with image", "overlap with text"]
INCHES = [336, 516, 690, 960]


@pytest.mark.parametrize("name", plot.FIGURES)
def test_no_figure_is_higher_than_a_page(name):
    figure = figures.figure(name)
    heights = [final(figure, {"width": w}).layout.height for w in INCHES]
    assert max(*heights, figure.layout.height) * POINT <= 700


def test_four_metrics_fit_a_column():
    figure = plot.compare(figures.table(), FOUR, columns=1)
    assert figure.layout.width * POINT == 252
    assert figure.layout.height * POINT <= 320
    wide = plot.compare(figures.table(), FOUR)
    assert final(wide, {"width": 336}).layout.height == figure.layout.height
    # Two beside two, named once, and equal in size.
    places = {axis.domain for axis in (figure.layout[f"xaxis{n}"] for n in "1234"[1:])}
    assert len(places) == 2
    assert [figure.layout[f"yaxis{n}"].showticklabels for n in ("", 2, 3, 4)] == [
        True,
        False,
    ] * 2


@pytest.mark.parametrize(
    ("columns", "points"), [(1, 252), (1.5, 387), (2, 517.5), (np.float64(1.5), 387)]
)
@pytest.mark.parametrize("name", plot.FIGURES)
def test_figures_have_the_width_of_their_columns(name, columns, points):
    figure = figures.figure(name, columns=columns)
    assert figure.layout.width * POINT == points
    assert figure.layout.height * POINT <= 700
    assert final(figure, {}).to_json() == figure.to_json()


@pytest.mark.parametrize("name", plot.FIGURES)
def test_columns_are_checked(name):
    with pytest.raises(ValueError, match="columns") as error:
        figures.figure(name, columns=0.5)
    assert str(error.value) == (
        "`columns` must be 1, 1.5 or 2 (of a journal's page) or a larger whole number "
        "(panels in a row), got 0.5."
    )


def test_shared_axes_are_named_once():
    figure = plot.history(figures.runs(), columns=1)
    for width in (336, 690, 336):
        figure = final(figure, {"width": width})
        count = figure.layout.meta["grid"]["panels"]
        axes = [
            figure.layout[f"xaxis{n if n > 1 else ''}"] for n in range(1, count + 1)
        ]
        named = [axis for axis in axes if axis.title.text == "epoch"]
        assert len(named) == len({axis.domain for axis in axes})
        assert axes[-1] in named


@pytest.mark.parametrize("name", plot.FIGURES)
def test_a_caption_takes_title_and_methods(name, tmp_path):
    bare = figures.figure(name)
    words = plot.caption(bare)
    figure = figures.figure(name, caption=True)
    assert plot.caption(figure) == words == figure.layout.meta["caption"]
    assert figure.layout.title.text in {None, ""}
    count = bare.layout.meta["grid"]["panels"]
    notes = [note.text for note in figure.layout.annotations[:count]]
    marks = [note[:8] for note in notes]
    letters = [f"<b>{letter}</b>" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert marks == letters[:count] if count > 1 else "<b>a</b>" not in marks
    assert not any("font-size" in note for note in notes)
    assert figure.layout.height < bare.layout.height
    path = save(figure, tmp_path / "f.json", width=336)
    manifest = json.loads(path.with_suffix(".manifest.json").read_text("utf-8"))
    assert manifest["caption"] == words


def test_captions_of_panels_have_their_letters():
    words = plot.caption(figures.figure("latent"))
    assert words.startswith("Map of the latent space, coloured by label. Chance for")
    assert "(b) refiner, seed 0. PCA; trustworthiness" in words
    assert "<" not in words
    # Broken lines of a narrow figure are one line of a caption.
    assert plot.caption(final(figures.figure("latent"), {"width": 336})) == words
    assert "caption" not in figures.figure("latent").layout.meta
    with pytest.raises(TypeError) as caught:
        plot.caption(3)
    assert str(caught.value) == "`figure` must be a plotly figure, got int."


def test_files_of_a_captioned_figure_still_have_a_title(tmp_path):
    figure = figures.figure("latent", caption=True)
    tree = ElementTree.parse(save(figure, tmp_path / "f.svg")).getroot()
    assert tree[0].text == "Map of the latent space, coloured by label"


def test_svg_has_text_that_can_be_searched(tmp_path):
    figure = figures.figure("compare")
    tree = ElementTree.parse(save(figure, tmp_path / "f.svg", width=690)).getroot()
    texts = [part for part in tree.iter() if part.tag.endswith("}text")]
    words = {part.text for part in texts}
    assert {"plain", "refiner", "both", "purity", "chance"} <= words
    styles = {re.search("font-family: ([^;]+)", t.get("style"))[1] for t in texts}
    assert styles == {text.STACK}
    assert text.STACK.startswith("'Arial', 'Helvetica'")
    assert not any(word.startswith(" ") for word in words)


def test_pdf_embeds_the_first_font_of_the_stack_that_is_installed(tmp_path):
    content = save(figures.figure("compare"), tmp_path / "f.pdf").read_bytes()
    names = {name.decode() for name in re.findall(rb"/BaseFont /\w+\+(\w+)", content)}
    assert text.drawn_font().replace(" ", "") in names
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


@pytest.mark.parametrize(
    ("installed", "first"),
    [
        ((text.MEASURED, "Arimo", "Liberation Sans"), "Liberation Sans"),
        ((text.MEASURED, "Arimo"), "Arimo"),
        ((text.MEASURED,), text.MEASURED),
    ],
)
def test_the_first_font_that_is_installed_is_drawn(monkeypatch, installed, first):
    manager = text.font_manager.fontManager
    monkeypatch.setattr(manager, "get_font_names", lambda: list(installed))
    text._families.cache_clear()
    assert text._families() == list(dict.fromkeys([first, text.MEASURED]))
    text._families.cache_clear()


def test_lines_break_alike_whatever_is_installed(monkeypatch):
    run = read("<b>Neighbours</b>", 12, "k")[0][0]
    before = run.width
    monkeypatch.setattr(text, "_families", lambda: [text.MEASURED])
    text._measured.cache_clear()
    assert (run.width, run.drawn) == (before, before)
    text._measured.cache_clear()


def test_a_name_has_one_colour_whoever_stands_beside_it():
    assert [*numbers(VARIANTS)] == ["plain", "refiner", "contrastive", "both"]
    every = numbers(VARIANTS)
    for name in VARIANTS:
        assert numbers(["zoo", name])[name] == numbers([name])[name] == every[name]
    alone = numbers(["early fusion"])["early fusion"]
    assert alone not in every.values()
    assert numbers(["both", "early fusion", "plain"])["early fusion"] == alone
    assert numbers(["early fusion", "plain"])["early fusion"] == alone
    many = [f"fusion {number}" for number in range(21)]
    assert len(set(numbers(many).values())) == 21
    assert numbers(many) == numbers(many[::-1])
    eight = [*VARIANTS, *many[:4]]
    assert len(set(colors(eight, "dark").values())) == 8
    assert len(set(dashes(eight[:5]).values())) == 5


@pytest.mark.parametrize(
    "name", ["compare", "history", "curves", "overlaps", "spectrum"]
)
def test_every_figure_gives_a_variant_its_colour(name):
    expected = colors(figures.VARIANTS, "light")
    shown = {}
    for trace in figures.figure(name).data:
        variant = str(trace.name).split(":")[0].split(",")[0]
        color = trace.line.color if trace.mode != "markers" else trace.marker.color
        if variant in expected and str(color).startswith("#") and color != "#FFFFFF":
            shown.setdefault(variant, set()).add(color)
    assert shown == {variant: {color} for variant, color in expected.items()}


def test_a_column_with_the_names_of_classes_has_their_colours():
    labels = np.array(["flags", "food", "objects", "food"])
    group = np.array(["objects", "food", "objects", "food"])
    space = Embedding.from_arrays(np.eye(4), labels=labels, metadata={"group": group})
    by_label, by_group = (
        plot.latent(space, layout="pca", color=color).data[0].marker.color
        for color in ("label", "group")
    )
    assert by_group.tolist() == [by_label[2], by_label[1], by_label[2], by_label[1]]


@pytest.mark.parametrize("mode", MODES)
def test_black_and_white_are_no_colours_of_classes(mode):
    for color in (*MODES[mode].classes, *MODES[mode].strokes):
        red, green, blue = bytes.fromhex(color[1:])
        assert max(red, green, blue) > 96
        assert max(red, green, blue) - min(red, green, blue) >= 24


def test_many_points_have_no_rims_and_many_edges_let_through():
    few, many = (
        plot.latent(
            Embedding.from_arrays(np.arange(n)[:, None], labels=np.arange(n) % 3),
            layout="pca",
        ).data[0]
        for n in (9, MOST_SVG + 1)
    )
    assert (few.marker.line.width, many.marker.line.width) == (0.5, 0)
    assert 1 == edge_opacity(500) > edge_opacity(2_000) > edge_opacity(20_000) > 0
    links = [t for t in figures.figure("latent").data if t.mode == "lines"]
    assert links[0].opacity == 1


def test_the_words_of_own_figures_are_their_title():
    mine = go.Figure(go.Bar(y=[1]), layout_title_text="<b>Mine</b>")
    assert plot.caption(mine) == "Mine."
    assert plot.caption(go.Figure()) == ""
