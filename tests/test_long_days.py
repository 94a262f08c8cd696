"""Loops leave nothing behind, and interrupts leave a state that can be used."""

import ipywidgets as W
import lasting
import numpy as np
import pytest

import refnet_viz as rv
from refnet_viz.widgets import lifetime


def test_explorers_of_a_loop_are_closed_when_nothing_refers_to_them():
    calls, growth = lasting.grown_alone("explore() rebound in a loop", 12, warm=2)
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
    assert sum(endings.values()) == 8


def test_an_interrupted_call_of_the_process_beside_answers_no_later_one():
    make = lasting.INTERRUPTIONS["the process beside"]
    _, faults = lasting.interrupted(make, 2, np.random.default_rng(1))
    assert faults == []


def test_a_fault_after_an_interrupt_is_seen():
    one = lasting.Interruption(lambda: None, lambda: "broken")
    one.measure()
    assert one.once(np.random.default_rng(0))[1] == "broken"
