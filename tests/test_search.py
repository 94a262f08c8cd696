"""The search by cells against the search of all pairs, bit for bit."""

import threading
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz import _cells, _pruned, _search, _threads
from refnet_viz._progress import Cancelled, watched

SMALL = {"_GROUP": 7, "_FIRST": 6, "_LOOK": 5, "_TILE": 4}


@contextmanager
def by_cells(*, each=5, held=2**22, **sizes):
    """Search by cells however few rows there are, in small pieces."""
    with (
        patch.multiple(_search, _MANY=2, _FEW_OF=1),
        patch.multiple(_cells, _EACH=each),
        patch.multiple(_pruned, _HELD=held, **{**SMALL, **sizes}),
    ):
        yield


@contextmanager
def by_all_pairs():
    with patch.multiple(_search, _MANY=10**9):
        yield


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def made(kind, n, width, rng):
    """Return points of one of the kinds that have gone wrong somewhere."""
    x = rng.normal(size=(n, width))
    blobs = rng.normal(size=(4, width))[rng.integers(4, size=n)]
    return {
        "noise": lambda: x,
        "blobs": lambda: 100 * blobs + x,
        "pinheads": lambda: blobs + 1e-9 * x,
        "grid": lambda: rng.integers(-2, 3, size=(n, width)).astype(float),
        "single": lambda: x.astype(np.float32).astype(float),
        "twice": lambda: x[rng.integers(n, size=n) // 2],
        "constant": lambda: np.ones((n, width)),
        "zeros": lambda: x * (rng.random((n, 1)) < 0.7),
        "rays": lambda: blobs * rng.integers(1, 4, size=(n, 1)),
        "outlier": lambda: np.vstack([1e9 * np.ones((1, width)), x[1:]]),
        "line": lambda: np.outer(np.arange(n), np.ones(width)),
        "powers": lambda: x * 10.0 ** rng.integers(-9, 9, size=(n, 1)),
        "columns": lambda: x * 10.0 ** rng.integers(-9, 9, size=width),
    }[kind]()


KINDS = [
    *("noise", "blobs", "pinheads", "grid", "single", "twice", "constant", "zeros"),
    *("rays", "outlier", "line", "powers", "columns"),
]
SIZES = st.tuples(
    st.sampled_from(KINDS),
    st.integers(2, 90),
    st.integers(1, 7),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1.0, 1e8]),
    st.sampled_from([1.0, 1e-20, 1e25, 1e-99, 1e90, 1e-150, 1e140, 1e-290]),
)


def drawn(sizes):
    kind, n, width, seed, away, unit = sizes
    with np.errstate(under="ignore"):
        return (made(kind, n, width, np.random.default_rng(seed)) + away) * unit


@settings(deadline=None, max_examples=400)
@given(SIZES, st.data())
def test_cells_change_no_bit_of_the_answer(sizes, data):
    points = drawn(sizes)
    k = data.draw(st.integers(1, len(points) - 1))
    metric = data.draw(st.sampled_from(["euclidean", "cosine"]))
    with np.errstate(under="ignore", over="ignore"):
        with by_all_pairs():
            expected = _search.nearest(points, k, metric=metric)
        with by_cells(
            each=data.draw(st.integers(1, 30)),
            held=data.draw(st.sampled_from([8, 2**22])),
        ):
            same(_search.nearest(points, k, metric=metric), expected)


@settings(deadline=None, max_examples=150)
@given(SIZES, st.data())
def test_cells_change_no_bit_between_two_sets_of_rows(sizes, data):
    points = drawn(sizes)
    rng = np.random.default_rng(sizes[3])
    rows = rng.integers(len(points), size=data.draw(st.integers(2, 40)))
    others = rng.permutation(len(points))[: data.draw(st.integers(2, len(points)))]
    without = np.where(rng.random(len(rows)) < 0.5, rows, -1)
    with np.errstate(under="ignore", over="ignore"):
        with by_all_pairs():
            expected = _search.nearest_among(points, rows, others, without=without)
        with by_cells():
            same(_search.nearest_among(points, rows, others, without=without), expected)


@settings(deadline=None, max_examples=60)
@given(SIZES)
def test_radii_by_cells_are_those_of_all_pairs(sizes):
    points = drawn(sizes)
    ks = sorted({1, 1 + len(points) // 3, len(points) - 1})
    with np.errstate(under="ignore", over="ignore"):
        with by_all_pairs():
            expected = _search.radii(points, ks)
        with by_cells():
            same([_search.radii(points, ks)], [expected])


@pytest.mark.parametrize("n", [1023, 1024, 1025, 2049, 6001])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_sizes_around_those_of_blocks(n, metric):
    rng = np.random.default_rng(n)
    points = rng.normal(size=(20, 6))[rng.integers(20, size=n)]
    points += 0.1 * rng.normal(size=points.shape)
    points[: n // 10] = points[0]
    with by_all_pairs():
        expected = _search.nearest(points, 9, metric=metric)
    with patch.multiple(_search, _MANY=2):
        same(_search.nearest(points, 9, metric=metric), expected)


def latent(n, *, width=24, dimensions=3):
    """Return points near a curved sheet of few dimensions."""
    rng = np.random.default_rng(5)
    inner = rng.normal(size=(12, dimensions))[rng.integers(12, size=n)]
    inner += 0.3 * rng.normal(size=inner.shape)
    bent = np.tanh(inner @ rng.normal(size=(dimensions, width)))
    return bent + 0.01 * rng.normal(size=bent.shape)


def test_few_latent_dimensions_leave_few_pairs_to_look_at():
    points = latent(20_000)
    share = _pruned.share_of_pairs(_cells.split(points), 15)
    assert share < 0.12
    noise = np.random.default_rng(0).normal(size=(6_000, 24))
    assert 0.9 < _pruned.share_of_pairs(_cells.split(noise), 15) < 1.3


def test_effort_grows_with_what_has_to_be_compared():
    few = _search.effort(latent(6_000), 15, metric="euclidean")
    many = _search.effort(latent(24_000), 15, metric="euclidean")
    noise = np.random.default_rng(0).normal(size=(6_000, 24))
    noise = _search.effort(noise, 15, metric="euclidean")
    assert many.share < few.share < 0.4 < 0.9 < noise.share
    assert 4 * few.seconds < many.seconds < 16 * few.seconds
    assert few.seconds < noise.seconds
    # Beyond what single precision holds, and for few rows, all pairs are compared.
    assert _search.effort(1e120 * latent(6_000), 15, metric="euclidean").share == 1
    assert _search.effort(latent(600), 15, metric="cosine").share == 1


def test_the_number_of_threads_changes_nothing(monkeypatch):
    points = latent(6_000)
    expected = _search.nearest(points, 7, metric="euclidean")
    seen = set()
    look = _pruned._Scan.run

    def watched_run(self):
        seen.add(threading.get_ident())
        return look(self)

    monkeypatch.setattr(_pruned._Scan, "run", watched_run)
    monkeypatch.setattr(_pruned, "_GROUP", 500)
    for count in (1, 5):
        monkeypatch.setattr(_threads, "cores", lambda count=count: count)
        same(_search.nearest(points, 7, metric="euclidean"), expected)
    assert len(seen) > 1


def on_a_line(n):
    """Return points between which bounds are distances, but for rounding."""
    rng = np.random.default_rng(6)
    return np.outer(
        rng.normal(size=n) * 10.0 ** rng.integers(-6, 1, size=n), [3.0, 4.0]
    )


@pytest.mark.parametrize(
    ("points", "each"),
    [
        (np.vstack([latent(900), 1e4 + latent(100)]), 40),
        (on_a_line(1000), 1),
    ],
)
def test_bounds_of_cells_are_below_every_distance(points, each):
    with patch.multiple(_cells, _EACH=each):
        cells = _cells.split(points)
    assert sorted(cells.others.rows) == list(range(1000))
    start, x = cells.others.start, cells.others.points
    np.testing.assert_array_equal(x, points[cells.others.rows] * cells.scale)
    those = np.flatnonzero(cells.others.sizes)
    ruled_out = 0
    for cell in those:
        span = slice(start[cell], start[cell + 1])
        apart = np.sqrt(((x[span, None] - x[None]) ** 2).sum(axis=2))
        least = np.minimum.reduceat(apart, start[those], axis=1)
        far = cells.far(cell, span, those)
        assert (far <= least).all()
        ruled_out += np.count_nonzero(far > 0.3 * least)
    assert ruled_out > 1000  # bounds that say nothing would hold, too


def test_products_in_single_precision_bound_distances_on_both_sides():
    rng = np.random.default_rng(4)
    for unit in (1.0, 1e-18, 1e-30):
        x = unit * rng.normal(size=(60, 50)) * 10.0 ** rng.integers(-4, 1, size=50)
        table = _cells.factors(x, x[0])
        share = _cells.shrink(50, 2.0**-23)
        left = np.hstack([-2 * table[:, :-1], np.ones((60, 1), dtype=np.float32)])
        bounds = (left @ table.T).astype(float) + table[:, [-1]].astype(float)
        exact = ((x[:, None].astype(np.longdouble) - x[None]) ** 2).sum(axis=2)
        squares = ((x - x[0]) ** 2).sum(axis=1)
        room = share * (squares[:, None] + squares)
        tiny = 2.0**-110
        assert (bounds <= exact + tiny).all()
        assert (exact <= bounds + 2.02 * room + tiny).all()


def test_progress_is_shown_and_ends_the_search(monkeypatch):
    monkeypatch.setattr(_pruned, "_GROUP", 500)
    points = latent(6_000)
    parts = []
    with watched(parts.append):
        _search.nearest(points, 5, metric="euclidean")
    assert parts[-1] == 1
    assert len(parts) > 3
    calls = []

    def refuse(part):
        calls.append(part)
        raise Cancelled

    with watched(refuse), pytest.raises(Cancelled):
        _search.nearest(points, 5, metric="euclidean")
    assert len(calls) == 1


def test_rows_that_share_a_sum_are_told_apart(monkeypatch):
    points = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [-0.0, 1.0], [2.0, 2.0]])
    expected = _search.nearest(points, 3, metric="euclidean")
    assert expected[0][0].tolist() == [2, 3, 1]
    unique = np.unique

    def collide(values, **options):
        return unique(values * 0 if values.dtype == np.uint64 else values, **options)

    monkeypatch.setattr(np, "unique", collide)
    same(_search.nearest(points, 3, metric="euclidean"), expected)
