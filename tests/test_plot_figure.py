"""What a figure leaves in a notebook."""

import base64
import copy
import pickle
from types import SimpleNamespace

import marimo
import plotly.graph_objects as go
import plotly.io
import pytest

from refnet_viz.plot import figure
from refnet_viz.plot.figure import PLOTLY, Figure
from refnet_viz.plot.theme import theme


@pytest.fixture(autouse=True)
def renderer(monkeypatch):
    """Take the renderer that plotly takes in a notebook."""
    monkeypatch.setattr(plotly.io.renderers, "default", "plotly_mimetype")


@pytest.fixture
def cell(monkeypatch):
    """Return what a cell is shown."""
    shown = []
    monkeypatch.setattr(figure, "display", lambda data, raw: shown.append(data))
    return shown


def test_a_cell_keeps_the_figure_its_picture_and_its_words(cell):
    bars = theme(go.Figure(go.Bar(y=[1, 2]))).update_layout(
        width=90, height=60, meta={"alt": 'Bars of "a" < b'}
    )
    bars._ipython_display_()
    bars.show()
    first, second = cell
    assert first == second
    assert first[PLOTLY]["data"][0]["type"] == "bar"
    assert first["text/plain"] == 'Bars of "a" < b'
    picture = first["text/html"]
    assert 'alt="Bars of &quot;a&quot; &lt; b"' in picture
    data = base64.b64decode(picture.split("base64,")[1].split('"')[0])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == 135  # 90 pixels at 1.5 a pixel


def test_what_only_plotly_draws_keeps_its_words(cell):
    pie = Figure(go.Pie(values=[1, 2])).update_layout(title="a pie")
    pie._ipython_display_()
    assert set(cell[0]) == {PLOTLY, "text/plain"}
    assert cell[0]["text/plain"] == "a pie"


def test_the_html_of_another_renderer_stays(monkeypatch):
    bars = Figure(go.Bar(y=[1, 2]))
    monkeypatch.setattr(plotly.io.renderers, "default", "plotly_mimetype+notebook")
    assert "Plotly.newPlot" in bars._repr_mimebundle_()["text/html"]


def test_elsewhere_plotly_decides(monkeypatch, cell, capsys):
    monkeypatch.setattr(plotly.io.renderers, "default", "")
    Figure(go.Bar(y=[1, 2]))._ipython_display_()
    assert "'type': 'bar'" in capsys.readouterr().out
    assert cell == []


def test_copies_and_changes_stay_what_they_are():
    bars = theme(go.Figure(go.Bar(y=[1, 2])))
    for other in (
        copy.deepcopy(bars),
        pickle.loads(pickle.dumps(bars)),
        bars.update_layout(title="x"),
        theme(bars, "dark"),
    ):
        assert type(other) is Figure


@pytest.mark.parametrize(
    ("mode", "of_marimo", "expected"),
    [
        ("auto", "dark", "#E6E8EB"),
        ("auto", "light", "#1F2328"),
        ("light", "dark", "#1F2328"),
    ],
)
def test_marimo_is_handed_a_figure_in_its_theme(monkeypatch, mode, of_marimo, expected):
    """marimo 0.25 draws plotly figures where no style sheet of a page applies."""
    monkeypatch.setattr(marimo, "app_meta", lambda: SimpleNamespace(theme=of_marimo))
    meta = {"call": {"arguments": {"mode": mode}}}
    bars = theme(go.Figure(go.Bar(y=[1, 2])))
    bars.update_layout(meta=meta, font={"color": "#1F2328"})
    shown = bars._display_()
    assert type(shown) is go.Figure  # not one that says what marimo shows
    assert shown.layout.font.color == expected
    assert shown.data[0].y == (1, 2)
    assert bars.layout.font.color == "#1F2328"
