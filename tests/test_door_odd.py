"""Odd values at every public verb are answered, or refused in one sentence of ours."""

import inspect
import warnings

import odd_calls
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

import refnet_viz as rv

# What takes a second or more a call when it succeeds is left to tests/odd_calls.py.
SLOW = {
    "counterfactual", "explore", "export_html", "label_curve", "refiner_curve", "rails",
    "report",
}  # fmt: skip


@pytest.fixture(scope="module")
def verbs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return odd_calls.valid()


def test_every_verb_is_tried(verbs):
    verbs_of = {
        name
        for name in rv.__all__
        if callable(getattr(rv, name)) and not inspect.ismodule(getattr(rv, name))
    }
    tried = {name.split(".")[0] for name in verbs}
    assert verbs_of <= tried


def test_a_fault_is_seen():
    assert odd_calls.fault(len, {}).startswith("TypeError")
    assert odd_calls.fault(rv.Config, {"width": -1}) is None
    assert odd_calls.fault(rv.Config, {}) is None


@seed(1)
@settings(max_examples=120, deadline=None, database=None)
@given(st.data())
def test_odd_values_are_answered_or_one_sentence(verbs, data):
    function, arguments = verbs[data.draw(st.sampled_from(sorted(set(verbs) - SLOW)))]
    name = data.draw(st.sampled_from(odd_calls.arguments_of(function)))
    value = data.draw(odd_calls.VALUES)
    assert odd_calls.fault(function, arguments | {name: value}) is None
