"""More than 20,000 points: what travels, what waits to be asked for, and pictures."""

import asyncio
import json

import numpy as np
import pytest
from exploring import do, settled, values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import refnet_viz as rv
from refnet_viz.explorer import ahead, panes, picture, wire
from refnet_viz.explorer import view as view_module
from refnet_viz.explorer.view import View
from refnet_viz.widgets import screen as screen_module
from refnet_viz.widgets.screen import apart

N = 240
coordinates = st.floats(-1e6, 1e6, width=32)


def embedding(count=N, **options):
    """Return points of four classes around a square, with numbers."""
    rng = np.random.default_rng(3)
    labels = np.arange(count) % 4
    corners = np.array([[3, 3], [-3, 3], [-3, -3], [3, -3]])
    z = corners[labels] + rng.normal(size=(count, 2))
    metadata = {"metadata": {"size": np.linspace(0, 1, count)}}
    return rv.Embedding.from_arrays(z, labels=labels, **metadata | options)


def decoded(part, name, least):
    """Return coordinates as a page reads them from steps."""
    numbers = np.frombuffer(part[name], "<u2").astype(float)
    places = part["box"][least] + part["box"][2] * numbers
    return np.where(numbers == wire.NOWHERE, np.nan, places)


def codes(view):
    return np.frombuffer(view.screen.colors["panels"][0]["codes"], "u1")


@pytest.fixture
def many(monkeypatch):
    """Let a hundred points be many."""
    monkeypatch.setattr(wire, "MANY", 100)
    monkeypatch.setattr(picture, "MANY", 100)


# What travels


@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.just(2)), elements=coordinates)
)
def test_steps_lie_within_a_65535th_of_the_extent(flat):
    part = wire.quantised(flat)
    extent = float(np.ptp(flat.astype(float), axis=0).max())
    for i, name in enumerate("xy"):
        error = np.abs(decoded(part, name, i) - flat[:, i].astype(float))
        assert error.max() <= extent / 65_535 + 1e-9 * np.abs(flat).max()


def test_what_has_no_place_has_none_in_steps():
    flat = np.array([[1, 2], [np.nan, np.nan], [3, 4]], np.float32)
    part = wire.quantised(flat)
    assert np.isnan(decoded(part, "x", 0)).tolist() == [False, True, False]
    nowhere = wire.quantised(flat[1:2])
    assert np.isnan(decoded(nowhere, "y", 1)).all()


def test_many_points_travel_as_steps_codes_and_bits(many):
    own = embedding()
    view = rv.explore(own, k=3, layout="pca")
    places = view.screen.places["panels"][0]
    flat = rv.project(own, "pca").coordinates
    np.testing.assert_allclose(decoded(places, "x", 0), flat[:, 0], atol=1e-3)
    np.testing.assert_allclose(decoded(places, "y", 1), flat[:, 1], atol=1e-3)
    assert codes(view).tolist() == (np.arange(N) % 4).tolist()
    assert view.screen.said == {"names": [], "words": []}
    view.select(np.arange(N) % 4 == 1)
    chosen = view.screen.chosen
    assert chosen["rows"] is None
    bits = np.unpackbits(np.frombuffer(chosen["bits"], np.uint8))[:N]
    assert np.flatnonzero(bits).tolist() == view.state.rows.tolist()
    view.select([7, 9])  # few are numbers
    assert np.frombuffer(view.screen.chosen["rows"], "<u4").tolist() == [7, 9]
    view.close()


def test_numbers_of_many_points_are_steps_of_the_scale(many):
    sizes = np.linspace(0, 1, N)
    sizes[5] = np.nan
    view = rv.explore(embedding(metadata={"size": sizes}), k=3, layout="pca")
    view.color = "size"
    colors, found = view.screen.key["scale"]["colors"], codes(view)
    assert found[5] == len(colors)
    steps = np.delete(np.rint(np.linspace(0, 1, N) * (len(colors) - 1)), 5)
    assert np.delete(found, 5).tolist() == steps.tolist()
    styles = view.screen.colors["styles"]
    assert [color for color, _ in styles[:-1]] == colors
    assert view.screen.colors["scale"] is None
    view.close()


def test_a_point_of_many_says_its_name_when_it_is_pointed_at(many, monkeypatch):
    view = rv.explore(embedding(class_names=list("abcd")), k=3, layout="pca")
    sent = []
    monkeypatch.setattr(view.screen, "send", lambda message, *_: sent.append(message))
    do(view, "hover", 0, 6)
    told = {"kind": "named", "place": 6, "name": "6", "words": "c"}
    assert sent[0] == told
    view.close()


def test_large_arrays_come_by_themselves_when_they_are_asked_for(many, monkeypatch):
    monkeypatch.setattr(screen_module, "INLINE", 200)
    view = rv.explore(embedding(), k=3, layout="pca")
    part = view.screen.places["panels"][0]
    assert part["x"]["size"] == 2 * N
    sent = []
    monkeypatch.setattr(
        view.screen, "send", lambda message, buffers=(): sent.append((message, buffers))
    )
    do(view, "pieces", part["x"]["piece"], "no such array")
    ((message, buffers),) = sent
    assert message == {"kind": "piece", "name": part["x"]["piece"]}
    flat = rv.project(embedding(), "pca").coordinates
    x = decoded({"x": buffers[0], "box": part["box"]}, "x", 0)
    np.testing.assert_allclose(x, flat[:, 0], atol=1e-3)
    # The same array has the same name, so that a page knows it again.
    view.color = "size"
    assert view.screen.places["panels"][0] == part
    view.close()


def test_no_message_of_a_million_points_passes_ten_megabytes():
    rng = np.random.default_rng(0)
    own = rv.Embedding.from_arrays(
        rng.normal(size=(1_000_000, 2)).astype(np.float32),
        labels=rng.integers(0, 9, 1_000_000),
    )
    view = View.of(own, {"layout": "pca"})
    view = View(
        view.store,
        view.state.changed(view.store, rows=np.arange(0, 10**6, 2)),
        hurried=True,
    )
    pieces = {}
    traits = apart(wire.messages(view), pieces)
    sizes = [len(piece) for piece in pieces.values()]
    assert max(sizes) < 10_000_000
    assert sum(sizes) < 10_000_000  # all of it, and not only each
    inline = []
    json.dumps(traits, default=lambda part: inline.append(len(part)) or "")
    assert sum(inline) < 500_000
    assert not view.store.has_graph(view.keys[0], 15)


# What waits


@pytest.fixture
def patient(monkeypatch):
    """Let every search take minutes, and every layout."""
    for module in (ahead, panes, view_module):
        monkeypatch.setattr(module, "SEARCHED", 100)
    monkeypatch.setattr(ahead, "LAID_OUT", 100)
    monkeypatch.setattr("refnet_viz.explorer.store.QUICK", 0)
    monkeypatch.setattr("refnet_viz.explorer.store.JUDGED_AT_ONCE", 0)


def test_what_takes_minutes_waits_until_it_is_asked_for(patient):
    async def notebook():
        view = rv.explore(embedding(), k=3)
        await settled(view)
        first = dict(view.screen.progress), view.screen.detail, view.screen.strip
        do(view, "hover", 0, 7)
        pane = view.screen.detail
        do(view, "compute")
        await settled(view)
        second = dict(view.screen.progress), view.screen.strip
        method = view._view.panels[0].layout.method
        do(view, "compute")
        await settled(view)
        return view, first, pane, second, method

    view, first, pane, second, method = asyncio.run(notebook())
    progress, detail, strip = first
    assert progress == {
        "words": "neighbours and layouts of 240 points take minutes",
        "cancel": False,
        "begin": True,
    }
    assert "hint" in detail
    assert strip["rows"][0]["cells"][0]["nulls"] == ["not computed yet"]
    assert (pane["title"], pane["heading"]) == ("7", "neighbours are not computed yet")
    assert second[0]["words"] == "layouts of 240 points take minutes"
    assert second[1]["rows"][0]["cells"][0]["whole"] != "…"
    assert method == "pca"
    assert view._view.panels[0].layout.method == "umap"
    assert view.screen.progress["words"] == ""
    view.close()


def test_a_setting_that_needs_neighbours_asks_for_them_and_cancel_takes_it_back(
    patient,
):
    async def notebook():
        view = rv.explore(embedding(), k=3)
        await settled(view)
        do(view, "grow")
        refused = view.screen.notice["words"]
        view.edges = "all"
        begun = view._meanwhile.running is not None
        do(view, "cancel")
        await settled(view)
        stopped = dict(view.screen.progress)
        view.color = "purity"
        await settled(view)
        return view, refused, begun, stopped

    view, refused, begun, stopped = asyncio.run(notebook())
    assert refused == "neighbours are not computed yet"
    assert begun
    assert stopped["begin"]
    purity = rv.graph.metrics.METRICS["purity"].function(rv.knn(embedding(), 3))
    assert values(view).mean() == pytest.approx(purity)
    view.close()


# Pictures


def test_a_picture_of_many_points_has_all_of_them(many):
    view = rv.explore(embedding(), k=3, layout="pca")
    view.select(np.arange(60))
    figure = view.snapshot()
    context, chosen = [trace for trace in figure.data if trace.mode == "markers"][:2]
    assert (len(context.x), len(chosen.x)) == (N - 60, 60)
    flat = rv.project(embedding(), "pca").coordinates
    np.testing.assert_array_equal(chosen.y, flat[:60, 1])
    low, high = chosen.marker.cmin, chosen.marker.cmax
    for code in range(4):
        share = (code - low) / (high - low)
        ends = [end for end, _ in chosen.marker.colorscale]
        step = max(i for i, end in enumerate(ends) if end <= share)
        color, _ = view._view.coloring.styles[code]
        assert chosen.marker.colorscale[step][1] == color
    assert picture.still(view._view)[0].startswith(picture.STYLE)
    view.close()
