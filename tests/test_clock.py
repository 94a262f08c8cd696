"""Times and sessions of sequences at the door: paired by name, checked, kept."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet_viz.data import Dataset, from_npz, from_table
from refnet_viz.data.clock import latest, read_clock

PAGES = np.array([[3, 1, 3], [2, 2, 0]]), np.array([[1, 1, 1], [1, 1, 0]], bool)
TIMES = [[0.0, 9.0, 7200.0], [5.0, 8.0, np.nan]]
VISITS = [["a", "a", "b"], ["c", "c", ""]]


def made(times=TIMES, sessions=VISITS, **options):
    clocks = {"times": {"pages": times}, "sessions": {"pages": sessions}}
    return Dataset.from_arrays({"pages": PAGES}, **clocks, split="train", **options)


def test_times_and_sessions_are_read_by_the_name_of_the_modality():
    clock = made().modalities["pages"].clock
    assert clock.times.tolist() == [[0, 9, 7200], [5, 8, 0]]
    assert clock.sessions.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert clock.parts == ("times", "sessions")
    only = Dataset.from_arrays({"pages": PAGES}, times={"pages": TIMES})
    assert only.modalities["pages"].clock.parts == ("times",)


def test_rows_are_paired_by_their_names_and_dates_become_seconds():
    dates = np.datetime64("2026-11-30T00:00:00") + np.array(
        [[5, 8, 0], [0, 9, 7200]], "timedelta64[s]"
    )
    frame = pd.DataFrame(dates, index=["v", "u"])
    data = made(frame, sessions=[[1, 1, 2], [1, 1, 0]], ids=["u", "v"])
    gaps = np.diff(data.modalities["pages"].clock.times, axis=1)
    assert gaps[:, 0].tolist() == [9, 3]
    assert gaps[0, 1] == 7191


def test_they_follow_their_rows_and_change_the_fingerprint():
    data = made(ids=["u", "v"])
    part = data.subset(["v"]).modalities["pages"]
    assert part.clock.times.tolist() == [[5, 8, 0]]
    assert part.take(np.array([0])).read(np.array([0])).clock.sessions.shape == (1, 3)
    later = [[0.0, 9.0, 7201.0], TIMES[1]]
    prints = {made(ids=["u", "v"]).fingerprint for _ in range(2)}
    assert prints == {data.fingerprint}
    assert made(later, ids=["u", "v"]).fingerprint not in prints


def test_an_npz_file_carries_them(tmp_path):
    path = tmp_path / "visits.npz"
    times = np.nan_to_num(np.array(TIMES))
    np.savez(path, mod_pages=PAGES[0], mask_pages=PAGES[1], times_pages=times)
    clock = from_npz(path).modalities["pages"].clock
    assert clock.times.tolist() == times.tolist()
    assert clock.sessions is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"times": [[0, 9, 8], [0, 0, 0]]},
            "`times['pages']` must not fall within a row, got 8 after 9 in row 0, "
            "position 2.",
        ),
        (
            {"times": [[0, np.nan, 8], [0, 0, 0]]},
            "`times['pages']` must be finite wherever there is a position, got nan in "
            "row 0, position 1.",
        ),
        (
            {"times": [[0, 1], [0, 0]]},
            "`times['pages']` must have shape (2, 3) (rows, positions), got (2, 2).",
        ),
        (
            {"sessions": [[1, 2, 1], [0, 0, 0]]},
            "`sessions['pages']` must keep the positions of a session together, got 1 "
            "again after another in row 0.",
        ),
        (
            {"sessions": [["a", "", "b"], ["c", "c", ""]]},
            "`sessions['pages']` must say a session wherever there is a position, got "
            "'' in row 0, position 1.",
        ),
        (
            {"times": [[0, 1], [0]]},
            "`times['pages']` must be an array (rows, positions), got lists of "
            "different lengths.",
        ),
        (
            {"sessions": [[{}, 1, 2], [0, 0, 0]]},
            "`sessions['pages']` must hold numbers or text, got {} in row 0, "
            "position 0.",
        ),
        (
            {"sessions": np.ma.masked_equal([[7, 7, 8], [9, 7, 7]], 9)},
            "`sessions['pages']` must say a session wherever there is a position, got "
            "None in row 1, position 0.",
        ),
        (
            {"sessions": [[0, 1], [0, 0]]},
            "`sessions['pages']` must have shape (2, 3) (rows, positions), got (2, 2).",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(options, message):
    with pytest.raises(ValueError, match="must") as caught:
        made(**options)
    assert str(caught.value) == message


def test_other_modalities_and_other_containers_are_one_sentence():
    with pytest.raises(TypeError, match=r"^`times` must be a mapping .+, got list\.$"):
        Dataset.from_arrays({"pages": PAGES}, times=TIMES)
    with pytest.raises(TypeError, match=r"^`times\['pages'\]` must be .+, got int\.$"):
        Dataset.from_arrays({"pages": PAGES}, times={"pages": 5})
    with pytest.raises(
        ValueError, match=r"^`times` must be one of 'pages', got 'x'\.$"
    ):
        Dataset.from_arrays({"pages": PAGES}, times={"x": TIMES})
    with pytest.raises(
        ValueError,
        match=r"^`times` must belong to sequences or token ids, .+ of kind vector\.$",
    ):
        Dataset.from_arrays({"a": np.eye(2)}, times={"a": np.eye(2)})
    frame = pd.DataFrame(TIMES, index=["u", "w"])
    with pytest.raises(ValueError, match="w"):
        Dataset.from_arrays({"pages": PAGES}, times={"pages": frame}, ids=["u", "v"])


def test_rows_that_lack_the_modality_are_not_looked_at():
    vectors = np.ones((2, 1))
    data = Dataset.from_arrays(
        {"pages": PAGES, "age": vectors},
        present={"pages": [False, True]},
        times={"pages": [[9.0, 1.0, np.nan], [5.0, 8.0, 0.0]]},
    )
    assert data.modalities["pages"].clock.times.tolist() == [[0, 0, 0], [5, 8, 0]]


@given(st.lists(st.lists(st.integers(0, 2), min_size=5, max_size=5), min_size=1))
def test_sessions_are_numbered_as_a_loop_numbers_them(steps):
    steps = np.array(steps)
    there = steps < 2
    sessions = np.cumsum(steps == 1, axis=1) * 7
    clock = read_clock("a", "tokens", there, times=None, sessions=sessions)
    for row, real in enumerate(there):
        seen = []
        for place in np.flatnonzero(real):
            if sessions[row, place] not in seen:
                seen.append(sessions[row, place])
            assert clock.sessions[row, place] == len(seen) - 1
    times = np.cumsum(steps, axis=1).astype(float)
    before = latest(times, there)
    for row, place in np.argwhere(there):
        real = times[row, :place][there[row, :place]]
        assert before[row, place] == (real[-1] if len(real) else -np.inf)


STEPS = [[[3.0], [1.0], [3.0]], [[2.0], [2.0], [1.0]]]


def of_table(**options):
    table = {
        "id": ["u", "v"],
        "pages": STEPS,
        "t_0": [0.0, 5.0],
        "t_1": [9.0, 8.0],
        "t_2": [7200.0, 8.0],
        "visit": [["a", "a", "b"], ["c", "c", "c"]],
        "seen": [[0, 9, 7200], [5, 8, 8]],
        "short": [[0, 9], [5]],
        **options.pop("more", {}),
    }
    return from_table(table, modalities={"pages": "pages"}, **options)


@pytest.mark.parametrize("times", ["t_*", ["t_0", "t_1", "t_2"], "seen"])
def test_a_table_has_them_in_columns(times):
    data = of_table(times={"pages": times}, sessions={"pages": "visit"})
    clock = data.modalities["pages"].clock
    assert clock.times.tolist() == [[0, 9, 7200], [5, 8, 8]]
    assert clock.sessions.tolist() == [[0, 0, 1], [0, 0, 0]]
    taken = {"seen"} if times == "seen" else {"t_0", "t_1", "t_2"}
    assert not taken & set(data.metadata.columns)


def test_columns_of_another_table_are_paired_by_ids():
    first = {"id": ["u", "v"], "pages": STEPS}
    other = {"id": ["v", "u"], "seen": [[5, 8, 8], [0, 9, 7200]]}
    data = from_table(
        [first, other],
        id="id",
        modalities={"pages": "pages"},
        times={"pages": "seen"},
    )
    assert data.modalities["pages"].clock.times[:, 0].tolist() == [0, 5]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"times": "t_0"}, "`times` must be a mapping of modalities to columns"),
        ({"times": {"text": "t_0"}}, "`times` must be one of 'pages', got 'text'."),
        ({"times": {"pages": TIMES}}, "`times['pages']` must be names or patterns"),
        ({"times": {"pages": "u_*"}}, "`times['pages']`"),
        ({"times": {"pages": ["t_0", "t_1"]}}, "must have shape (2, 3)"),
        ({"times": {"pages": ["t_2", "t_1", "t_0"]}}, "must not fall within a row"),
        ({"times": {"pages": "short"}}, "must be finite wherever there is a position"),
        ({"times": {"pages": "visit"}}, "`times['pages']` must"),
        ({"sessions": {"pages": "short"}}, "must say a session wherever"),
    ],
)
def test_columns_that_do_not_fit_are_one_sentence(options, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        of_table(**options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_columns_of_a_modality_without_positions_are_refused():
    table = {"a": [1.0, 2.0], "t": [0, 1]}
    with pytest.raises(ValueError, match="must belong to sequences or token ids"):
        from_table(table, modalities={"a": "a"}, times={"a": "t"})
