"""Bands and verdicts: exact values, and promises kept in simulation."""

import numpy as np
import pytest
from scipy import stats

from refnet_viz import statistics
from refnet_viz.statistics import (
    against_fixed,
    difference,
    holm,
    jackknife,
    paired,
    seed_band,
    shared_seeds,
    unpaired,
)

A = np.array([0.5, 0.7, 0.6])
B = np.array([0.4, 0.5, 0.6])


def test_band_is_students_interval():
    low, high = seed_band(A, 0.95)
    expected = stats.t.interval(0.95, 2, A.mean(), A.std(ddof=1) / np.sqrt(3))
    assert (low, high) == pytest.approx(expected)
    for few in (A[:1], A[:2]):
        assert np.isnan(seed_band(few, 0.95)).all()


def test_a_band_ends_where_its_quantity_does():
    high = np.array([0.9, 0.99, 0.8])
    free, ended = seed_band(high, 0.95), seed_band(high, 0.95, (0, 1))
    assert free[1] > 1
    assert ended == (free[0], 1)
    # A table of an earlier version: the band of two seeds is none.
    assert np.isnan(statistics.within(0.58, 1.02, 2, (0, 1))).all()


def test_paired_difference_is_that_of_scipy():
    found = paired(A, B, confidence=0.9)
    slow = stats.ttest_rel(A, B)
    assert found.value == pytest.approx(0.1)
    assert found.p == pytest.approx(slow.pvalue)
    assert (found.low, found.high) == pytest.approx(
        tuple(slow.confidence_interval(0.9))
    )
    assert (found.verdict, found.pairing) == ("inside seed noise", "paired")


def test_unpaired_difference_has_welchs_error_and_the_smaller_freedom():
    more = np.array([*A, 0.8])
    found = unpaired(more, B, confidence=0.95)
    error = np.sqrt(more.var(ddof=1) / 4 + B.var(ddof=1) / 3)
    assert found.value == pytest.approx(0.15)
    assert found.high - found.low == pytest.approx(2 * stats.t.ppf(0.975, 2) * error)
    assert found.pairing == "unpaired"


def test_seeds_decide_what_is_paired():
    both = (A, [0, 1, 2]), (B, [2, 1, 0])
    assert difference(*both, confidence=0.9).pairing == "paired"
    assert (
        difference(*both, confidence=0.9).low == paired(A, B[::-1], confidence=0.9).low
    )
    for seeds in ([3, 4, 5], [1, 2, 3], [0, 0, 1], [None, None, None]):
        found = difference((A, [0, 1, 2]), (B, seeds), confidence=0.9)
        assert found == unpaired(A, B, confidence=0.9)
    more = np.array([*A, 0.8])
    part = difference((more, [0, 1, 2, 3]), (B, [2, 0, 3]), confidence=0.9)
    assert part == paired(more[[0, 2, 3]], B[[1, 0, 2]], confidence=0.9)
    assert shared_seeds([None], [None]) is None


@pytest.mark.parametrize("seeds", [[0], [7], [None]])
def test_one_seed_has_no_band(seeds):
    found = difference((A[:1], seeds), (B[:1], [0]), confidence=0.95)
    assert found.value == pytest.approx(0.1)
    assert found.verdict == "one seed: no band"
    assert np.isnan([found.low, found.high, found.p]).all()
    assert difference((A, [0, 1, 2]), (B[:1], [0]), confidence=0.95).verdict == (
        "one seed: no band"
    )


def test_differences_that_never_vary():
    same = paired(A, A, confidence=0.95)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert same.verdict == "inside seed noise"
    always = paired(A, A - 0.25, confidence=0.95)
    assert always.verdict == "higher"
    assert paired(A - 0.25, A, confidence=0.95).verdict == "lower"
    # One component more in three of three seeds says little, in five of five a lot,
    # and 300 more are certain; of two seeds nothing is said.
    ones = np.ones(5)
    assert paired(ones[:3] + 1, ones[:3], confidence=0.95, step=1).verdict == (
        "inside seed noise"
    )
    assert paired(ones + 1, ones, confidence=0.95, step=1).verdict == "higher"
    assert unpaired(ones[:3] + 300, ones[:3], confidence=0.95, step=1).verdict == (
        "higher"
    )
    few = paired(ones[:2] + 300, ones[:2], confidence=0.95, step=1)
    assert (few.value, few.verdict) == (300, "fewer than three seeds: no band")
    assert np.isnan([few.low, few.high, few.p]).all()


def test_rounding_is_no_difference():
    found = paired(A + 1e-15, A, confidence=0.95)
    assert (found.value, found.verdict) == (0, "inside seed noise")


def test_fixed_value_is_judged_by_the_baselines_spread():
    found = against_fixed(0.9, A, confidence=0.95)
    low, high = seed_band(A, 0.95)
    assert (found.low, found.high) == pytest.approx((0.9 - high, 0.9 - low))
    assert (found.verdict, found.pairing) == ("higher", "")


def test_jackknife_of_a_mean_is_students_interval():
    without = np.array([np.delete(A, i).mean() for i in range(3)])
    found = jackknife(A.mean(), without, confidence=0.95)
    assert (found.low, found.high) == pytest.approx(seed_band(A, 0.95))


def test_holm_leaves_gaps_and_never_falls():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    assert holm(p) == pytest.approx([0.03, np.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.5, 0.9])).tolist() == [1.0, 1.0]
    assert np.isnan(holm(np.full(2, np.nan))).all()


def flagged(draw, sizes, *, pair, repeats=3000, step=0.0):
    """Return how often equal variants are called different."""
    rng = np.random.default_rng(0)
    seeds = [list(range(sizes[0])), list(range(sizes[1]))]
    if not pair:
        seeds[1] = [seed + 100 for seed in seeds[1]]
    count = 0
    for _ in range(repeats):
        sides = zip((draw(rng, size) for size in sizes), seeds, strict=True)
        verdict = difference(*sides, confidence=0.95, step=step).verdict
        count += verdict in ("higher", "lower")
    return count / repeats


def normal(rng, size):
    return rng.normal(0.7, 0.02, size)


def counts(rng, size):
    return rng.integers(1, 3, size).astype(float)


# Three standard errors of a share of 5 % in 3,000 draws.
ALLOWED = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 3000)


@pytest.mark.parametrize("draw", [normal, counts])
@pytest.mark.parametrize(
    ("sizes", "pair"),
    [
        ((3, 3), True),
        ((5, 5), True),
        ((10, 10), True),
        ((3, 3), False),
        ((5, 5), False),
        ((3, 10), False),
        ((10, 3), False),
    ],
)
def test_equal_variants_are_flagged_in_at_most_one_of_twenty(draw, sizes, pair):
    step = 1.0 if draw is counts else 0.0
    assert flagged(draw, sizes, pair=pair, step=step) <= ALLOWED


def test_paired_level_is_reached_not_just_bounded():
    assert flagged(normal, (5, 5), pair=True) >= 0.05 - 3 * np.sqrt(0.05 * 0.95 / 3000)


def test_real_differences_are_found():
    def better(rng, size):
        better.turn = not better.turn
        return rng.normal(0.7 + 0.1 * better.turn, 0.02, size)

    better.turn = False
    assert flagged(better, (5, 5), pair=True, repeats=300) > 0.95


def test_verdict_words_are_those_of_the_module():
    assert statistics.INSIDE == "inside seed noise"
    assert statistics.BASELINE == "baseline"
