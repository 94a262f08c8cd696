"""Rows in two parts of a split are found, counted, and set beside those in one."""

import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet_viz import data as sets
from refnet_viz._search import nearest_among
from refnet_viz.data import Dataset
from refnet_viz.data import leaks as module
from refnet_viz.data.leaks import COLUMNS, repeated_rows

PAIRS = [("train", "val"), ("train", "test"), ("val", "test")]


def made(n=60, dim=8, seed=0, **given):
    """Return data without a leak: 40 training, 10 validation and 10 test rows."""
    rng = np.random.default_rng(seed)
    modalities = {"a": rng.normal(size=(n, dim)), "b": rng.normal(size=(n, 5))}
    split = np.repeat(["train", "val", "test"], [n - 20, 10, 10])
    return Dataset.from_arrays(
        given.pop("modalities", modalities), split=split, **given
    )


def values(data, name):
    return data.modalities[name].values.copy()


def line(table, modality, kind, parts):
    """Return the one line of a table for a modality, a kind and two parts."""
    those = (table.modality == modality) & (table.kind == kind) & (table.parts == parts)
    assert those.sum() == 1
    return table[those].iloc[0]


def test_data_without_a_leak_have_an_empty_table():
    table = made().leaks()
    assert len(table) == 0
    assert tuple(table.columns) == COLUMNS


def test_exact_near_and_whole_copies_are_counted_by_parts():
    data = made()
    a, b = values(data, "a"), values(data, "b")
    a[50], b[50] = a[3], b[3]  # a test row that is a training row
    a[51] = a[3]  # and one that is so in one modality
    b[41] = b[4] + 1e-4  # a validation row that nearly is one
    table = made(modalities={"a": a, "b": b}).leaks()
    assert table[["modality", "kind", "parts", "rows"]].values.tolist() == [
        ["a", "exact", "train / test", 2],
        ["b", "exact", "train / test", 1],
        ["b", "near", "train / val", 1],
        ["(all)", "exact", "train / test", 1],
    ]
    first = line(table, "a", "exact", "train / test")
    assert (first.id, first.other_id, first.distance) == ("50", "3", 0)
    assert (first.compared, first.share, first.share_within) == (10, 0.2, 0)
    assert np.isnan(first.near)
    near = line(table, "b", "near", "train / val")
    assert (near.id, near.other_id) == ("41", "4")
    assert 0 < near.distance < near.near


def test_near_is_a_tenth_of_the_typical_distance_to_the_nearest_training_row():
    # Training rows at 0, 1, 2, ... 9: the nearest is always at 1.
    x = np.arange(10.0)
    for offset, count in ((0.09, 1), (0.11, 0)):
        points = np.concatenate([x, [4 + offset]])[:, None]
        modality = sets.Modality(points.astype(np.float32), "vector", common_scale=True)
        table = Dataset.from_arrays(
            {"a": modality}, split=["train"] * 10 + ["test"]
        ).leaks()
        assert len(table) == count
        if count:
            assert table.near[0] == pytest.approx(0.1)
            assert table.distance[0] == pytest.approx(0.09, abs=1e-6)


@given(st.floats(1e-3, 1e3), st.integers(0, 99))
def test_units_of_a_column_change_no_count(unit, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 2))
    x[30:] = x[:10] + rng.normal(size=(10, 2)) * 0.02
    split = ["train"] * 30 + ["test"] * 10

    def rows(values):
        table = Dataset.from_arrays({"a": values}, split=split).leaks()
        return table.rows.sum()

    assert abs(int(rows(x)) - int(rows(x * [unit, 1]))) <= 1  # float32 at the limit


def test_the_share_within_tells_common_rows_from_leaks():
    rng = np.random.default_rng(0)
    few = rng.normal(size=(12, 3))  # twelve different rows, many times each
    data = made(200, modalities={"a": few[rng.integers(0, 12, 200)]})
    common = line(data.leaks(), "a", "exact", "train / test")
    assert (common.share, common.share_within) == (1, 1)
    x = rng.normal(size=(200, 3))
    x[190:195] = x[:5]
    leak = line(made(200, modalities={"a": x}).leaks(), "a", "exact", "train / test")
    assert (leak.rows, leak.share, leak.share_within) == (5, 0.5, 0)


def test_in_few_dimensions_near_rows_are_as_common_within_as_across():
    rng = np.random.default_rng(0)
    data = Dataset.from_arrays({"a": rng.normal(size=(4000, 1))})
    table = line(data.leaks(), "a", "near", "train / test")
    assert table.share > 0.05  # 1 - 2 ** -0.1 is expected
    assert table.share == pytest.approx(table.share_within, abs=0.03)


def test_rows_that_lack_a_modality_are_nobodys_double():
    data = made()
    a, b = values(data, "a"), values(data, "b")
    a[50], b[50] = a[3], b[3]
    present = np.ones((60, 2), dtype=bool)
    present[3, 0] = False
    table = made(modalities={"a": a, "b": b}, present=present).leaks()
    assert table[["modality", "rows"]].values.tolist() == [["b", 1]]
    assert repeated_rows(made(modalities={"a": a, "b": b}, present=present)) == {}


def test_two_rows_without_a_modality_are_not_alike_in_it():
    data = made()
    b = values(data, "b")
    present = np.ones((60, 2), dtype=bool)
    present[[3, 50], 0] = False
    table = made(modalities={"a": values(data, "a"), "b": b}, present=present).leaks()
    assert len(table) == 0


@pytest.mark.parametrize(("same", "rows"), [(True, 1), (False, 0)])
def test_pictures_and_tokens_are_compared_exactly(same, rows):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (60, 4, 4, 3), dtype=np.uint8)
    tokens = rng.integers(1, 50, (60, 6))
    mask = np.arange(6) < rng.integers(3, 7, 60)[:, None]
    pictures[55], tokens[55], mask[55] = pictures[7], tokens[7], mask[7]
    if not same:
        pictures[55, 0, 0, 0] ^= 1
        tokens[55, 0] += 1
    data = made(modalities={"picture": pictures, "text": (tokens, mask)})
    table = data.leaks()
    assert set(table.kind) <= {"exact"}
    for name in ("picture", "text", "(all)"):
        assert table[table.modality == name].rows.sum() == rows


def test_padding_is_not_compared():
    values = np.random.default_rng(0).normal(size=(60, 3, 2))
    mask = np.ones((60, 3), dtype=bool)
    mask[[5, 55], 2] = False
    values[55, :2] = values[5, :2]
    table = made(modalities={"a": (values, mask)}).leaks()
    assert line(table, "a", "exact", "train / test").rows == 1
    values[55, 0, 0] += 1e-3
    table = made(modalities={"a": (values, mask)}).leaks()
    assert line(table, "a", "near", "train / test").rows == 1


def test_the_sign_of_zero_is_no_difference():
    x = np.random.default_rng(0).normal(size=(60, 2))
    x[[3, 50]] = 0.0
    x[50, 1] = -0.0
    table = made(modalities={"a": x}).leaks()
    assert line(table, "a", "exact", "train / test").rows == 1


def test_a_group_in_two_parts_is_a_line():
    groups = [f"p{i}" for i in range(60)]
    data = replace(
        made(),
        groups=np.array(
            ["p1" if i in (0, 1, 58, 59) else g for i, g in enumerate(groups)]
        ),
    )
    found = line(data.leaks(), "(groups)", "group", "train / test")
    assert (found.rows, found.id, found.other_id) == (2, "58", "0")
    assert np.isnan(found.distance)
    assert len(made(groups=groups).leaks()) == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 40), st.integers(1, 3))
def test_every_count_is_that_of_two_loops(seed, n, dim):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (n, dim)) + rng.choice([0.0, 0.05, 0.2], (n, dim))
    split = np.array(["train", "val", "test"])[rng.integers(0, 3, n)]
    split[:3] = "train"
    points = x.astype(np.float32)
    present = rng.random(n) < 0.9
    present[:3] = True
    modality = sets.Modality(points, "vector", common_scale=True)
    other = np.ones((n, 1))
    table = Dataset.from_arrays(
        {"a": modality, "b": other},
        split=split,
        present=np.column_stack([present, np.ones(n)]),
    ).leaks()
    wide = points.astype(float)

    def distances(rows, others):
        """Return for each row its distances to all different and to all equal rows."""
        every = [
            [np.sqrt(((wide[i] - wide[j]) ** 2).sum()) for j in others if j != i]
            for i in rows
        ]
        return [[d for d in line if d > 0] for line in every], [0 in d for d in every]

    parts = {
        p: [i for i in range(n) if split[i] == p and present[i]] for p in set(split)
    }
    apart, _ = distances(parts["train"], parts["train"])
    typical = np.median([min(line, default=np.inf) for line in apart])
    for earlier, later in PAIRS:
        if earlier not in parts or later not in parts:
            continue
        apart, equal = distances(parts[later], parts[earlier])
        near = [
            min(line, default=np.inf) <= 0.1 * typical and not same
            for line, same in zip(apart, equal, strict=True)
        ]
        mine = table[(table.modality == "a") & (table.parts == f"{earlier} / {later}")]
        assert mine[mine.kind == "exact"].rows.sum() == sum(equal)
        if np.isfinite(typical) and len(parts["train"]) > 1:
            assert mine[mine.kind == "near"].rows.sum() == sum(near)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(1, 4))
def test_the_nearest_of_some_others_is_that_of_a_loop(seed, n, dim):
    rng = np.random.default_rng(seed)
    points = rng.integers(-2, 3, (n, dim)) * 1.5
    rows = rng.permutation(n)[: rng.integers(1, n + 1)]
    others = rng.permutation(n)[: rng.integers(1, n + 1)]
    without = np.where(rng.random(len(rows)) < 0.5, rows, -1)
    indices, distances = nearest_among(points, rows, others, without=without)
    for i, row in enumerate(rows):
        left = [o for o in others if o != without[i]]
        every = [np.sqrt(((points[row] - points[o]) ** 2).sum()) for o in left]
        assert distances[i] == min(every, default=np.inf)
        assert indices[i] == (left[int(np.argmin(every))] if left else -1)


def test_many_rows_are_compared_in_a_sample_that_is_stated(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 100)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    x[300:] = x[:100] + 1e-5
    x[399] = x[0]
    split = ["train"] * 300 + ["test"] * 100
    table = Dataset.from_arrays({"a": x}, split=split).leaks()
    near = line(table, "a", "near", "train / test")
    assert 10 < near.compared < 50
    assert near.rows <= near.compared
    exact = line(table, "a", "exact", "train / test")
    assert (exact.rows, exact.compared) == (1, 100)


def test_memory_stays_far_below_a_table_of_all_pairs():
    data = Dataset.from_arrays(
        {"a": np.random.default_rng(0).normal(size=(8000, 4)).astype(np.float32)}
    )
    data.leaks()  # imports and pools
    tracemalloc.start()
    data.leaks()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8000 * 8000 * 8 / 5


@pytest.mark.parametrize("make", [sets.emoji, sets.digits, sets.playground])
def test_no_row_of_the_sets_that_ship_is_in_two_parts_as_a_whole(make):
    data = make()
    assert repeated_rows(data) == {}
    assert not (data.leaks().modality == "(all)").any()


def test_repeated_rows_are_counted_by_part():
    data = made()
    a, b = values(data, "a"), values(data, "b")
    for row, other in ((40, 0), (50, 1), (51, 1), (52, 41)):
        a[row], b[row] = a[other], b[other]
    assert repeated_rows(made(modalities={"a": a, "b": b})) == {"val": 1, "test": 2}


def test_two_parts_or_one_are_enough():
    x = np.random.default_rng(0).normal(size=(12, 2))
    for split in itertools.chain.from_iterable(
        itertools.combinations(["train", "val", "test"], k) for k in (1, 2)
    ):
        rows = np.resize(np.array(split), 12)
        assert len(Dataset.from_arrays({"a": x}, split=rows).leaks()) == 0
