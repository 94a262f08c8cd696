"""Loops leave nothing behind, and interrupts leave a state that can be used."""

import sys
import time

import ipywidgets as W
import lasting
import numpy as np
import pytest
import threadpoolctl

import refnet_viz as rv
from refnet_viz import _threads
from refnet_viz.widgets import lifetime


def test_explorers_of_a_loop_are_closed_when_nothing_refers_to_them():
    calls, growth = lasting.grown_alone("explore() rebound", 12, warm=2)
    assert calls == 12
    assert growth["widgets"] == growth["threads"] == growth["files"] == 0


def test_what_is_shown_stays_until_it_is_closed():
    before = set(W.widget._instances)
    widget = rv.explore(lasting.X, k=3, layout="pca").widget
    assert set(W.widget._instances) - before
    (view,) = [one for one in lifetime._shown if one._widget is widget]
    view.close()
    assert set(W.widget._instances) == before
    assert not lifetime._shown or view not in lifetime._shown


@pytest.mark.parametrize("what", ["knn", "save over old", "explorer moves"])
def test_interrupts_leave_a_usable_state(what):
    make = lasting.INTERRUPTIONS[what]
    endings, faults = lasting.interrupted(make, 8, np.random.default_rng(0))
    assert faults == []
    assert endings.keys() == {"returned", "KeyboardInterrupt"}
    assert endings["KeyboardInterrupt"] == 8


def test_an_interrupted_call_of_the_process_beside_answers_no_later_one():
    make = lasting.INTERRUPTIONS["the process beside"]
    _, faults = lasting.interrupted(make, 2, np.random.default_rng(1))
    assert faults == []


def test_a_fault_after_an_interrupt_is_seen():
    endings, faults = lasting.interrupted(
        lambda: lasting.Interruption(lambda: time.sleep(0.01), lambda: "broken"),
        3,
        np.random.default_rng(0),
    )
    assert endings["KeyboardInterrupt"] == 3
    assert faults == ["broken"] * 3


def struck(action, file, moment):
    """Return whether an interrupt struck at the `moment`-th call in a file.

    Python looks for interrupts where a function begins, and behind calls.
    """
    left = [moment]

    def profile(frame, event, _):
        if frame.f_code.co_filename == file and event in {"call", "c_return"}:
            left[0] -= 1
            if left[0] < 0:
                sys.setprofile(None)
                raise KeyboardInterrupt

    sys.setprofile(profile)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def test_wherever_an_interrupt_strikes_the_limit_of_threads_is_lifted():
    pools = threadpoolctl.ThreadpoolController()
    points = np.random.default_rng(0).normal(size=(9, 2))

    def numbers():
        return [each["num_threads"] for each in pools.info()]

    def action():
        with _threads.one_thread_for(9):
            assert set(numbers()) == {1}

    with pools.limit(limits=2):
        right, moment = numbers(), 0
        while struck(action, _threads.__file__, moment):
            rv.knn(points, 3)
            assert numbers() == right
            moment += 1
    assert moment > 9


def test_a_killed_kernel_leaves_no_process_that_works():
    assert lasting.left_by_a_kernel(wait=60.0) == 0
