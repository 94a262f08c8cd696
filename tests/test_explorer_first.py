"""The explorer shows points before it computes, and leaves the kernel free."""

import asyncio
import os
import signal
import threading

import numpy as np
import pytest
from exploring import (
    cell,
    do,
    embedding,
    flat,
    lines,
    names,
    settled,
)

import refnet_viz as rv
from refnet_viz import _threads
from refnet_viz._beside import Beside
from refnet_viz._progress import Cancelled, progress, watched
from refnet_viz.explorer import ahead
from refnet_viz.explorer import store as stores
from refnet_viz.explorer.panes import counts
from refnet_viz.explorer.view import View
from refnet_viz.graph import METRICS, knn


@pytest.fixture
def slow(monkeypatch):
    """Make every search one that is left for later, however small."""
    monkeypatch.setattr(stores, "QUICK", 0)
    monkeypatch.setattr(stores, "JUDGED_AT_ONCE", 0)


def test_points_come_before_their_neighbours(spaces, slow, monkeypatch):
    searched, seen = [], threading.Event()
    search = stores.knn

    def counted(*arguments, **options):
        searched.append(threading.get_ident())
        seen.wait()
        return search(*arguments, **options)

    monkeypatch.setattr(stores, "knn", counted)

    async def notebook():
        view = rv.explore(spaces, k=3, layout="pca", color="purity")
        view.edges = "all"
        first = {
            "searched": list(searched),
            "places": flat(view),
            "notes": view.screen.texts["panels"][0]["notes"],
            "title": view.screen.key["title"],
            "cell": cell(view, "purity"),
            "lines": lines(view),
            "progress": view.screen.progress["words"],
        }
        view._on_hover(0, 7)
        first["pane"] = view.screen.detail
        seen.set()
        await settled(view)
        return view, first

    view, first = asyncio.run(notebook())
    assert threading.get_ident() not in first["searched"]
    np.testing.assert_array_equal(
        first["places"], rv.project(spaces["plain"][0], "pca").coordinates
    )
    assert first["notes"] == [
        "latent space",
        "PCA, not judged yet",
        "edges are being computed",
    ]
    assert first["title"] == "label (purity is being computed)"
    assert (first["cell"]["whole"], first["cell"]["nulls"]) == ("…", ["being computed"])
    assert first["lines"] == {}
    assert first["progress"] == "computing: neighbours of plain"
    assert first["pane"]["title"] == "p7 in plain"
    assert first["pane"]["heading"] == "neighbours are being computed"
    assert first["pane"]["rows"] == []

    assert searched
    assert threading.get_ident() not in searched
    graph = knn(spaces["plain"][0], 3)
    assert cell(view, "purity")["whole"] == f"{METRICS['purity'].function(graph):.2f}"
    assert view.screen.key["title"] == "purity"
    assert view.screen.texts["panels"][0]["notes"][1].startswith(
        "PCA, trustworthiness "
    )
    pairs = {
        tuple(sorted((names(view)[a], names(view)[b])))
        for a, b in zip(graph.edges().source, graph.edges().target, strict=True)
    }
    assert set().union(*lines(view).values()) == pairs
    assert view.screen.detail["heading"].startswith("3 nearest in the latent space")
    assert view.screen.progress["words"] == ""
    assert not view.screen.progress["cancel"]


def test_what_is_asked_of_python_is_computed_at_once(spaces, slow):
    async def notebook():
        view = rv.explore(spaces, k=3, layout="pca")
        view.select(["p3"])
        frame, figure = view.selected, view.snapshot()
        await settled(view)
        return view, frame, figure

    view, frame, figure = asyncio.run(notebook())
    again = rv.explore(spaces, k=3, layout="pca")
    again.select(["p3"])
    assert frame.equals(again.selected)
    assert figure == again.snapshot()
    assert view.screen.texts == again.screen.texts


def test_edges_by_modality_are_left_for_later(slow):
    both = {"a": [embedding("a", 0)]}

    async def notebook():
        view = rv.explore(both, k=3, layout="pca")
        await settled(view)
        view.edges = "by modality"
        first = view.screen.texts["panels"][0]["notes"][-1], view.screen.key["lines"]
        await settled(view)
        return view, first

    view, first = asyncio.run(notebook())
    assert first[0] == "edges are being computed"
    assert [line["name"] for line in first[1]] == ["the nearest"]  # of a pinned point
    direct = rv.explore(both, k=3, layout="pca")
    direct.edges = "by modality"
    assert view.screen.key == direct.screen.key
    assert view.screen.edges == direct.screen.edges


def test_it_stops_when_told_and_goes_on_with_a_change(spaces, slow, monkeypatch):
    begun, ended = threading.Event(), threading.Event()
    search = stores.knn

    def endless(*arguments, **options):
        if ended.is_set():
            return search(*arguments, **options)
        for _ in progress(iter(int, 1), "for ever", total=10):
            begun.set()

    monkeypatch.setattr(stores, "knn", endless)

    async def notebook():
        view = rv.explore(spaces, k=3, layout="pca")
        while not begun.is_set():
            await asyncio.sleep(0.001)
        do(view, "cancel")
        await settled(view)
        stopped = view.screen.progress["words"], cell(view, "purity")["whole"]
        ended.set()
        view.color = "correct"
        await settled(view)
        return view, stopped

    view, stopped = asyncio.run(notebook())
    assert stopped == ("stopped before: neighbours of plain; a change goes on", "…")
    assert cell(view, "purity")["whole"] != "…"
    assert view.screen.notice["output"] == ""


def test_what_nobody_needs_any_more_is_cancelled(spaces, monkeypatch):
    monkeypatch.setattr(ahead, "MANY", 1)
    every = rv.explore(spaces, k=3, layout="pca")
    store, state = every._store, every.state
    view = View(store, state, hurried=True)
    key = view.keys[0]
    for other, needed in (
        (key, True),
        (key._replace(space="text"), False),
        (key._replace(variant="both"), True),
        (key._replace(seed=1), False),
    ):
        job = ahead.Job(ahead.Kind.GRAPH, other, "words", print)
        assert ahead.is_needed(job, view) is needed
    monkeypatch.setattr(ahead, "MANY", 24)
    assert ahead.is_needed(job, view)


def test_an_error_in_the_background_is_seen(spaces, slow, monkeypatch):
    def fail(*_, **__):
        raise ValueError("`k` is unlucky, got 3.")

    monkeypatch.setattr(stores, "knn", fail)

    async def notebook():
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        view = rv.explore(spaces, k=3, layout="pca")
        await settled(view)
        return view

    view = asyncio.run(notebook())
    assert view.screen.notice["words"] == "ValueError: `k` is unlucky, got 3."
    assert view.screen.progress["words"] == ""


# The process beside


def _fail(words):
    raise ValueError(words)


def _leave(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_answers_fails_ends_and_starts_again():
    other = Beside()
    assert other.call(os.getpid) != os.getpid()
    with pytest.raises(ValueError, match=r"^words$"):
        other.call(_fail, "words")
    with pytest.raises(RuntimeError, match=r"`_leave` ended before it was done"):
        other.call(_leave, 0)
    assert other.call(max, 1, 2) == 2
    other.cancel(threading.get_ident())  # nothing waits for it
    assert other.call(max, 1, 3) == 3


def test_a_process_is_cancelled_by_who_waits_for_it():
    other, begun, errors = Beside(), threading.Event(), []
    event = other.call(os.getpid)

    def wait():
        begun.set()
        try:
            other.call(signal.pause)
        except Cancelled as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    while other._caller != thread.ident:
        pass
    other.cancel(threading.get_ident())
    assert thread.is_alive()
    other.cancel(thread.ident)
    thread.join()
    assert len(errors) == 1
    assert other.call(os.getpid) != event


@pytest.mark.parametrize("first", [True, False])
def test_it_is_cancelled_while_the_process_starts(first, monkeypatch):
    other = Beside()
    start = Beside._open

    def cancelled(self):
        if first:
            self.cancel(self._caller)
        start(self)
        if not first:
            self.cancel(self._caller)

    with monkeypatch.context() as patch:
        patch.setattr(Beside, "_open", cancelled)
        with pytest.raises(Cancelled):
            other.call(os.getpid)
    assert other.call(max, 1, 2) == 2


def test_work_that_is_cancelled_begins_nothing_there():
    def cancel(_):
        raise Cancelled

    with watched(cancel), pytest.raises(Cancelled):
        Beside().call(max, 1, 2)


# Threads


def test_the_limit_of_threads_is_lifted_by_the_last():
    pools = _threads._pools(0)

    def threads():
        return [one["num_threads"] for one in pools.info()]

    before = threads()
    first, second = _threads.one_thread_for(2), _threads.one_thread_for(2)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)  # not in the order they began
    assert set(threads()) == {1}
    second.__exit__(None, None, None)
    assert threads() == before


def test_a_cancelled_search_leaves_its_other_blocks():
    done = []

    def cancel(part):
        if part:
            raise Cancelled

    with watched(cancel), pytest.raises(Cancelled):
        _threads.in_blocks(done.append, 10_000, 2**20, title="slow")
    assert 0 < len(done) < 10_000


def test_what_fits_into_a_redraw_follows_the_forecast_of_the_search(monkeypatch):
    spaces = {"a": np.random.default_rng(0).normal(size=(6_000, 8))}
    asked = []

    def forecast(points, k, metric, seconds):
        asked.append((points.shape, k, metric, seconds))
        return answer

    monkeypatch.setattr(stores, "is_patient", forecast)
    for answer in (True, False):
        view = View.of(spaces, {})
        key = view.keys[0]
        for _ in range(2):
            assert view.store.is_quick(key, "a", 15) == answer
    # All pairs of so many would take longer, so it is asked, once a space.
    assert asked == [((6_000, 8), stores.K_MAX, "euclidean", stores.QUICK)] * 2
    monkeypatch.setattr(stores, "FORECAST", 5_000)
    view = View.of(spaces, {})
    assert not view.store.is_quick(view.keys[0], "a", 15)
    assert len(asked) == 2


def test_approximate_neighbours_are_told_beside_the_number_of_points(monkeypatch):
    space = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(60, 3)))
    graph = rv.Neighbors.from_embedding(
        space, knn(space, 15).indices, self_column=False
    )
    monkeypatch.setattr(stores, "knn", lambda *_, **__: graph)
    view = View.of({"a": space}, {})
    before = counts(view.tables[0])
    view.tables[0].compute()
    assert "recall" not in before
    assert counts(view.tables[0]) == f"60 points, {graph.approximation}"
