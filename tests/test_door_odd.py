"""Odd values at every public function: a result, or one sentence of ours."""

import inspect
import warnings

import numpy as np
import odd_calls
import pandas as pd
import pytest
import torch
from doors import X, doors
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from scipy import sparse

import refnet_viz as rv
from refnet_viz import layout

# What takes seconds a call when it succeeds is left to tests/benchmarks/odd_doors.py.
SLOW = {"counterfactual", "export_html", "plot.compare", "rails", "report"}
ROOMS = (rv, rv.data, rv.graph, layout, rv.plot, rv.responsibility)
# They need files of their own: tests/test_published.py and tests/test_data_omics.py.
ELSEWHERE = {"digits", "emoji", "from_mudata"}


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return doors(tmp_path_factory.mktemp("doors"))


@pytest.fixture(scope="module")
def judge(every):
    return odd_calls.Judge({k: door for k, door in every.items() if k not in SLOW})


def test_every_function_and_method_is_tried(every):
    tried = {name.split(",")[0] for name in every}
    for room in ROOMS:
        for name in room.__all__:
            thing = getattr(room, name)
            if callable(thing) and not inspect.isclass(thing) and name not in ELSEWHERE:
                assert {name, f"{room.__name__.split('.')[-1]}.{name}"} & tried, name


def test_the_fixtures_work(judge):
    refused = {name for name in judge.every if judge.before(name) is None}
    assert refused == {"data.hateful_memes", "data.mm_imdb", "data.snli_ve"}


def test_faults_are_seen():
    def strange(value=0, ignored=None):
        if value == 1:
            raise KeyError(value)
        return float(value) if isinstance(value, int) else int(value)

    judge = odd_calls.Judge({"strange": (strange, {})})
    for name, value, kind, expected in (
        ("value", 1, "odd", "fault"),
        ("value", 3, "odd", "accepted"),
        ("value", np.int64(0), "spelling", "misread"),
        ("value", np.float32(2.5), "odd", "accepted"),
        ("ignored", 3, "odd", "ignored"),
        ("ignored", "x", "damage", "unnoticed"),
    ):
        assert judge.answer("strange", name, value, kind=kind)[0] == expected


def test_equal_numbers_say_the_same():
    for other in (torch.tensor(X), X.tolist(), X.astype(object), sparse.csr_array(X)):
        assert odd_calls.same(other, X)
    assert odd_calls.same(pd.DataFrame(X), X)
    assert not odd_calls.same(pd.DataFrame(X).add_prefix("x"), X)
    assert odd_calls.same((0, 1), np.array([0, 1]))
    assert not odd_calls.same([False, True], np.array([0, 1]))
    for other in (torch.tensor(X).bfloat16(), X + 1, X + 1j, X.astype("U"), "X"):
        assert not odd_calls.same(other, X)


@seed(1)
@settings(
    max_examples=400, deadline=None, database=None,
    phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.data())
def test_odd_values_are_answered_or_one_sentence(judge, data):
    words, value, kind = data.draw(odd_calls.calls(judge))
    what, said = judge.answer(*words, value, kind=kind)
    assert what in ("accepted", "refused"), (what, *words, value, said)
