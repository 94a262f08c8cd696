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
    assert (found.verdict, found.pairing) == ("inside noise", "paired")


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
    assert found.verdict == "cannot tell: 1 seed"
    assert np.isnan([found.low, found.high, found.p]).all()
    assert difference((A, [0, 1, 2]), (B[:1], [0]), confidence=0.95).verdict == (
        "cannot tell: 1 seed"
    )


def test_differences_that_never_vary():
    same = paired(A, A, confidence=0.95)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert same.verdict == "inside noise"
    always = paired(A, A - 0.25, confidence=0.95)
    assert always.verdict == "higher"
    assert paired(A - 0.25, A, confidence=0.95).verdict == "lower"
    # One component more in three of three seeds says little, in five of five a lot,
    # and 300 more are certain; of two seeds nothing is said.
    ones = np.ones(5)
    assert paired(ones[:3] + 1, ones[:3], confidence=0.95, step=1).verdict == (
        "inside noise"
    )
    assert paired(ones + 1, ones, confidence=0.95, step=1).verdict == "higher"
    assert unpaired(ones[:3] + 300, ones[:3], confidence=0.95, step=1).verdict == (
        "higher"
    )
    few = paired(ones[:2] + 300, ones[:2], confidence=0.95, step=1)
    assert (few.value, few.verdict) == (300, "cannot tell: 2 seeds")
    assert np.isnan([few.low, few.high, few.p]).all()


def test_rounding_is_no_difference():
    found = paired(A + 1e-15, A, confidence=0.95)
    assert (found.value, found.verdict) == (0, "inside noise")


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


def test_weights_share_the_error_and_what_is_answered_leaves_its_own():
    p, weights = np.array([0.03, 0.011, 0.5]), np.array([0.6, 0.2, 0.2])
    # .03 / .6 comes before .011 / .2, which then has half of what is left.
    assert holm(p, weights) == pytest.approx([0.03 / 0.6, 0.03 / 0.6, 0.5])
    p[1] = 0.04
    assert holm(p, weights) == pytest.approx([0.03 / 0.6, 0.04 * 2, 0.5])
    assert holm(p, np.full(3, 7.0)) == pytest.approx(holm(p))


def test_a_leading_question_has_eight_tenths_of_its_family():
    p = np.array([0.04, 0.01, 0.5, np.nan])
    leads = [True, False, False, False]
    led = statistics.corrected_p(p, ["primary"] * 4, leads)
    # .04 / .8 comes before .01 / .1.
    assert led == pytest.approx([0.05, 0.05, 0.5, np.nan], nan_ok=True)
    alone = statistics.corrected_p(p, ["primary"] * 4, [False] * 3 + [True])
    assert alone == pytest.approx(holm(p), nan_ok=True)
    # In a thousand tables of five questions without differences.
    draws = np.random.default_rng(0).random((1000, 5))
    leads = [True, False, False, False, False]
    wrong = [
        statistics.corrected_p(row, ["primary"] * 5, leads).min() < 0.05
        for row in draws
    ]
    assert np.mean(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_families_share_the_error_and_none_is_lost():
    p = np.array([0.01, 0.02, np.nan, 0.001, 0.5])
    families = ["primary", "primary", "primary", "rest", "rest"]
    adjusted = statistics.corrected_p(p, families)
    assert adjusted == pytest.approx(
        [0.02 * 9 / 8, 0.02 * 9 / 8, np.nan, 0.002 * 9, 1], nan_ok=True
    )
    # A family that asks nothing leaves its error to the others.
    assert statistics.corrected_p(p[:2], families[:2]) == pytest.approx([0.02, 0.02])


@pytest.mark.parametrize(
    ("p", "corrected", "words"),
    [
        (0.001, 0.049, "lower"),
        (0.001, 0.05, "lower if it were the only question"),
        (0.05, 0.2, "inside noise"),
        (np.nan, np.nan, "cannot tell: 2 seeds"),
    ],
)
def test_one_rule_has_five_words(p, corrected, words):
    reason = statistics.seeds_of(2)
    assert statistics.verdict(-1.0, p, corrected, level=0.05, reason=reason) == words


def crossed(rng, seeds=4, points=30):
    """Return numbers with effects of seeds and of points, ``(seeds, points)``."""
    table = rng.normal(size=(seeds, points))
    return table + rng.normal(size=(seeds, 1)) + rng.normal(size=(1, points))


def sample(table):
    means = table.mean(axis=1)
    points = statistics.by_influences(table)
    return statistics.Sample(means, list(range(len(table))), *points)


def test_noise_of_seeds_and_points_is_that_of_the_mean_squares():
    table = crossed(np.random.default_rng(0))
    seeds, points = table.shape
    grand, a, b = table.mean(), table.mean(axis=1), table.mean(axis=0)
    of_seeds = points * ((a - grand) ** 2).sum() / (seeds - 1)
    of_points = seeds * ((b - grand) ** 2).sum() / (points - 1)
    rest = ((table - a[:, None] - b + grand) ** 2).sum() / ((seeds - 1) * (points - 1))
    noise = statistics.noise_of(sample(table), "both")
    assert noise.variance == pytest.approx((of_seeds + of_points - rest) / table.size)
    # What is neither seed's nor point's counts once, with the few seeds.
    assert noise.seeds == pytest.approx(of_seeds / table.size)
    assert noise.points == pytest.approx((of_points - rest) / table.size)
    low, high, over = statistics.band(sample(table), 0.95)
    power = 2 + 2 / (seeds - 1)
    half = (
        (stats.t.ppf(0.975, seeds - 1) ** 2 * noise.seeds) ** (power / 2)
        + (stats.t.ppf(0.975, points - 1) ** 2 * noise.points) ** (power / 2)
    ) ** (1 / power)
    assert (low, high) == pytest.approx((grand - half, grand + half))
    assert over == "both"


def test_a_p_value_is_where_the_interval_ends():
    noise = statistics.noise_of(sample(crossed(np.random.default_rng(1))), "both")
    for p in (0.5, 0.05, 1e-6):
        assert noise.p(noise.reach(p)) == pytest.approx(p, rel=1e-6)
    assert noise.p(0.0) == 1
    certain = statistics.Noise(0.0, 0.0, 2, 2)
    assert (certain.p(0.1), certain.p(0.0)) == (0, 1)


@pytest.mark.parametrize(("freedom", "least"), [(2, 0.65), (4, 0.88), (9, 0.97)])
def test_intervals_of_two_parts_are_neither_too_short_nor_much_too_long(freedom, least):
    # Without drawing: seeds' variance at the quantiles of its distribution.
    quantiles = stats.chi2.ppf((np.arange(400) + 0.5) / 400, freedom) / freedom
    for true in (0.0, 0.03, 0.1, 0.3, 0.8, 2.0, 5.0, 30.0, 1000.0):
        reaches = [
            statistics.Noise(true * one, 1.0, freedom, 1e9).reach(0.05)
            for one in quantiles
        ]
        beyond = 2 * stats.norm.sf(np.array(reaches) / np.sqrt(true + 1)).mean()
        assert least * 0.05 <= beyond <= 1.02 * 0.05


def test_over_seeds_alone_the_difference_is_students():
    rng = np.random.default_rng(2)
    a, b = sample(crossed(rng)), sample(crossed(rng))
    found = statistics.apart(a, b, confidence=0.9, over="seeds")
    slow = paired(a.values, b.values, confidence=0.9)
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high))
    assert found.p == pytest.approx(slow.p)
    other = statistics.Sample(b.values, [7, 8, 9, 10], b.points, b.freedom)
    found = statistics.apart(a, other, confidence=0.9, over="seeds")
    slow = unpaired(a.values, b.values, confidence=0.9)
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high))
    assert found.pairing == "unpaired"
    both = statistics.apart(a, other, confidence=0.9)
    assert both.over == "both"
    assert both.high - both.low > found.high - found.low


def test_seeds_that_pair_against_one_another_count_half_as_unpaired():
    rng = np.random.default_rng(5)
    a = sample(crossed(rng, 4))
    shift = np.array([0.3, -0.1, 0.2, -0.4])
    for sign in (1, -1):
        b = statistics.Sample(a.values * sign + shift, a.seeds, a.points * 0.9, 29)
        found = statistics.apart(a, b, confidence=0.95)
        less = statistics.Sample(a.values - b.values, [], a.points * 0.1, 29)
        noise = statistics.noise_of(less, "both")
        variances = np.var([a.values, b.values], axis=1, ddof=1)
        covariance = np.cov(a.values, b.values)[0, 1]
        assert np.sign(covariance) == sign
        if sign < 0:
            matrix = np.cov(a.values, b.values)
            freedom = 3 * np.trace(matrix) ** 2 / np.trace(matrix @ matrix)
            expected = statistics.Noise(
                (variances.sum() / 4 + noise.seeds) / 2,
                noise.points,
                3 + (freedom - 3) / 4,
                29,
            )
            assert expected.seeds < noise.seeds
            noise = expected
        assert found.high - found.value == pytest.approx(noise.reach(0.05))
        assert found.pairing == "paired"


def test_points_alone_are_paired_whatever_the_seeds():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(1, 50))
    b = a + 0.1 + 0.01 * rng.normal(size=a.shape)
    found = statistics.apart(sample(b), sample(a), confidence=0.95)
    slow = stats.ttest_rel(b[0], a[0])
    assert found.p == pytest.approx(slow.pvalue, rel=1e-5)
    assert (found.over, found.verdict) == ("points", "higher")
    # Seeds on one side only tell neither, and fewer than 20 points no interval.
    more = sample(rng.normal(size=(5, 50)))
    assert statistics.apart(more, sample(a), confidence=0.95).verdict == (
        "cannot tell: 1 seed"
    )
    few = sample(a[:, :19]), sample(b[:, :19])
    assert statistics.apart(*few, confidence=0.95, over="points").verdict == (
        "cannot tell: 19 points"
    )


def test_parts_of_two_kinds_add_their_variances():
    rng = np.random.default_rng(5)
    right, halves = rng.normal(size=(1, 40)), rng.normal(size=(3, 20))
    a = statistics.Sample(np.zeros(3), [0, 1, 2], *statistics.by_halves(halves))
    b = statistics.Sample(
        np.zeros(1), [None], *statistics.by_influences(right), fixed=True
    )
    for one, other in ((a, b), (b, a)):
        noise = statistics.noise_of(statistics._less(one, other), "points")
        alone = [statistics.noise_of(sample, "points").points for sample in (a, b)]
        assert noise.points == pytest.approx(sum(alone))
        assert noise.point_freedom == 20


@pytest.mark.parametrize("seeds", [3, 5])
def test_bands_of_drawn_seeds_and_points_cover_the_truth(seeds):
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(1000):
        low, high, _ = statistics.band(sample(crossed(rng, seeds)), 0.95)
        hits += low < 0 < high
    assert abs(hits / 1000 - 0.95) <= 0.02


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
    assert statistics.INSIDE == "inside noise"
    assert statistics.is_inside("inside seed noise")  # as earlier versions saved it
    assert statistics.BASELINE == "baseline"
