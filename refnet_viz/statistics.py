"""Bands over seeds and points, differences, and the one rule of their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

# scipy.stats says the same but takes a second to import.
from scipy.special import betaincinv, stdtr, stdtrit

Floats = npt.NDArray[np.float64]

HIGHER, LOWER = "higher", "lower"
APART = (HIGHER, LOWER)  # verdicts that stand although so many questions were asked
ALONE = " if it were the only question"
INSIDE = "inside noise"
UNDECIDED = "cannot tell"  # how verdicts begin that lack what it takes to tell
LEAST = 3  # seeds of a band: two span an interval wider than most quantities
LEAST_POINTS = 20  # points of a band: of fewer the variance is a guess
BASELINE = "baseline"
OVER = ("both", "seeds", "points")
PRIMARY, REST, RAIL = "primary", "rest", "rail"
# Tenths of the error that a table allows itself, by family of questions.
TENTHS = {PRIMARY: 8, REST: 1, RAIL: 1}
LEAD = 0.8  # of the error of a family: the share of the question that leads it

NAN = float("nan")
ANY = (-float("inf"), float("inf"))  # range of a quantity without ends


@dataclass(frozen=True)
class Noise:
    """Variance of a mean, in the parts that seeds and points give it.

    Parameters
    ----------
    seeds, points
        Variance by the draw of seeds alone and of points alone; 0 where it does not
        count.
    seed_freedom, point_freedom
        Their degrees of freedom.
    """

    seeds: float
    points: float
    seed_freedom: float
    point_freedom: float

    @property
    def variance(self) -> float:
        """Variance of the mean."""
        return self.seeds + self.points

    def reach(self, p: float) -> float:
        """Return the distance that a mean passes with probability `p` by chance.

        Each part has a t of its own, and both reaches are added as powers of
        ``q = 2 + 2 / d``, d being the smaller degrees of freedom:
        ``((t_s^2 V_s)^(q/2) + (t_p^2 V_p)^(q/2))^(1/q)``. With q = 2 that is the
        modified large-sample interval of a sum of variances (Graybill and Wang 1980,
        J. Am. Stat. Assoc. 75), which is exact for either part alone but too long for
        both: with three seeds errors of .05 and .01 can shrink to .023 and .0017.
        Computed for d from 1 to 40 and all ratios of the parts, the points' known, none
        exceeds its due by more than 1.4 %; with Satterthwaite's degrees of freedom
        errors of .05 and .01 grow to .078 and .035 with three seeds.
        """
        parts = [
            (variance, freedom)
            for variance, freedom in (
                (self.seeds, self.seed_freedom),
                (self.points, self.point_freedom),
            )
            if variance
        ]
        if not parts:
            return 0.0
        power = 2 + 2 / min(freedom for _, freedom in parts)
        reaches = [
            abs(float(stdtrit(freedom, p / 2))) * variance**0.5
            for variance, freedom in parts
        ]
        longest = max(reaches)
        if not np.isfinite(longest):
            return longest
        total = sum((one / longest) ** power for one in reaches)
        return float(longest * total ** (1 / power))

    def p(self, value: float) -> float:
        """Return the two-sided p value of a difference: the p whose reach it is."""
        value = abs(value)
        if self.variance <= 0:
            return float(value == 0)
        if not value:
            return 1.0
        low, high = -300.0, 0.0  # powers of ten
        for _ in range(50):
            middle = (low + high) / 2
            far = self.reach(10**middle) < value
            low, high = (low, middle) if far else (middle, high)
        return float(10**high)


@dataclass(frozen=True)
class Sample:
    """The numbers of one variant, a seed each, and what points have to do with them.

    Parameters
    ----------
    values
        ``(S,)`` one number a seed.
    seeds
        Seed of each; None where unknown.
    points
        ``(S, P)`` what the draw of points adds to each number, in parts whose squares
        sum to the variance (`by_influences`, `by_halves`); None where not known.
    freedom
        Degrees of freedom of that sum.
    fixed
        Whether no seed changes it, as the graph of a modality.
    """

    values: Floats
    seeds: list[object]
    points: Floats | None = None
    freedom: float = 0.0
    fixed: bool = False

    @property
    def has_points(self) -> bool:
        """Whether the noise of points is known."""
        if self.points is None or self.freedom < LEAST_POINTS - 1:
            return False
        return bool(np.isfinite(self.points).all())

    def at(self, rows: list[int]) -> Sample:
        """Return the numbers of some of the seeds."""
        points = None if self.points is None else self.points[rows]
        seeds = [self.seeds[i] for i in rows]
        return Sample(self.values[rows], seeds, points, self.freedom, self.fixed)


def by_influences(influences: Floats) -> tuple[Floats, float]:
    """Return the points of a `Sample`, and their freedom, from influences.

    Parameters
    ----------
    influences
        ``(S, P)`` of each point on each number (`refnet_viz.graph.influence`).

    Examples
    --------
    >>> points, freedom = by_influences(np.array([[-1.0, 0.0, 1.0]]))
    >>> round(float((points**2).sum()), 6), freedom
    (0.333333, 2)
    """
    count = influences.shape[1]
    centred = influences - influences.mean(axis=1, keepdims=True)
    return centred / np.sqrt(max(1, count * (count - 1))), count - 1


def by_halves(halves: Floats) -> tuple[Floats, float]:
    """Return the points of a `Sample`, and their freedom, from halves.

    Parameters
    ----------
    halves
        ``(S, R)`` half the difference of each number between two halves of the points,
        for R splits (`refnet_viz.graph.halves`).

    Examples
    --------
    >>> by_halves(np.array([[0.5, 0.5]]))[0].round(4).tolist()
    [[0.3536, 0.3536]]
    """
    count = halves.shape[1]
    return halves / np.sqrt(count), count


@dataclass(frozen=True)
class Difference:
    """A difference of means with its interval.

    Parameters
    ----------
    value
        Mean of the one minus mean of the other.
    low, high
        The interval; NaN when there are too few seeds.
    p
        Two-sided p value of no difference; NaN when there are too few seeds.
    pairing
        "paired", "unpaired" or "" (against a fixed value), by seeds. By points all
        are paired.
    seeds
        How many seeds it rests on: of two variants those of the one with fewer.
    over
        What the interval covers: "seeds", "points", "both", or "" without one.
    reason
        Why there is none; empty where seeds are too few.
    """

    value: float
    low: float
    high: float
    p: float
    pairing: str
    seeds: int = LEAST
    over: str = "seeds"
    reason: str = ""

    @property
    def verdict(self) -> str:
        """The verdict where this is the only question that is asked."""
        p = float(self.low <= 0 <= self.high) if np.isfinite(self.low) else NAN
        reason = self.reason or seeds_of(self.seeds)
        return verdict(self.value, p, p, level=0.5, reason=reason)


def verdict(
    value: float, p: float, corrected: float, *, level: float, reason: str
) -> str:
    """Return the verdict on a difference: the one rule of tables, figures and pages.

    Parameters
    ----------
    value
        The difference.
    p, corrected
        Its p value alone, and corrected for the other questions of its family
        (`corrected_p`); NaN where there is none.
    level
        Share of tables without any difference that may say "higher" or "lower":
        1 - confidence.
    reason
        Why nothing can be told where there is no p value, such as `seeds_of`.

    Returns
    -------
    str
        "higher" or "lower" when it stands although so many questions were asked;
        "higher if it were the only question" when it would stand alone; "inside
        noise"; or "cannot tell: 2 seeds".

    Notes
    -----
    Promise: of tables without any difference at most `level` say "higher" or "lower"
    anywhere. Assumptions: as of the p values and of `corrected_p`.

    Examples
    --------
    >>> verdict(0.1, 0.001, 0.01, level=0.05, reason="")
    'higher'
    >>> verdict(-0.1, 0.01, 0.1, level=0.05, reason="")
    'lower if it were the only question'
    >>> verdict(0.1, 0.2, 0.2, level=0.05, reason="")
    'inside noise'
    """
    if np.isnan(p):
        return f"{UNDECIDED}: {reason}"
    word = HIGHER if value > 0 else LOWER
    if corrected < level:
        return word
    return word + ALONE if p < level else INSIDE


def judge(
    values: Sequence[float] | Floats,
    p: Sequence[float] | Floats,
    families: Sequence[str],
    reasons: Sequence[str],
    *,
    confidence: float,
    leads: Sequence[bool] | None = None,
    tables: int = 1,
) -> tuple[list[str], Floats]:
    """Return the verdicts on the differences of a table, and their corrected p values.

    Parameters
    ----------
    values, p
        The differences, and the p value of each alone; NaN where there is none.
    families
        `PRIMARY`, `REST` or `RAIL` for each.
    reasons
        Why nothing can be told, where that is so.
    confidence
        Share of tables without any difference that say neither "higher" nor "lower".
    leads, tables
        As in `corrected_p`.

    Examples
    --------
    >>> judge([0.1, -0.2], [0.01, 0.04], ["primary"] * 2, ["", ""], confidence=0.97)[0]
    ['higher', 'inside noise']
    >>> judge([0.1], [0.01], ["primary"], [""], confidence=0.95, tables=12)[0]
    ['higher if it were the only question']
    """
    numbers = np.asarray(p, dtype=np.float64)
    corrected = corrected_p(numbers, families, leads, tables=tables)
    rows = zip(values, p, corrected.tolist(), reasons, strict=True)
    words = [
        verdict(value, one, all_of_them, level=1 - confidence, reason=reason)
        for value, one, all_of_them, reason in rows
    ]
    return words, corrected


def seeds_of(count: int) -> str:
    """Return how many seeds there are, in words.

    Examples
    --------
    >>> seeds_of(1), seeds_of(2)
    ('1 seed', '2 seeds')
    """
    return f"{count} seed{'s' * (count != 1)}"


def is_undecided(words: object) -> bool:
    """Return whether a verdict says that nothing can be told.

    Also of tables that earlier versions saved.

    Examples
    --------
    >>> is_undecided("cannot tell: 1 seed"), is_undecided("one seed: no band")
    (True, True)
    """
    return isinstance(words, str) and (
        words.startswith(UNDECIDED) or words.endswith("no band")
    )


def is_inside(words: object) -> bool:
    """Return whether a verdict says that a difference is no more than noise.

    Examples
    --------
    >>> is_inside("inside noise"), is_inside("lower")
    (True, False)
    """
    return isinstance(words, str) and words.startswith("inside")


def is_alone(words: object) -> bool:
    """Return whether a difference would stand if it were the only question.

    Examples
    --------
    >>> is_alone("higher if it were the only question"), is_alone("higher")
    (True, False)
    """
    return isinstance(words, str) and words.endswith(ALONE)


def corrected_p(
    p: Floats,
    families: Sequence[str],
    leads: Sequence[bool] | None = None,
    *,
    tables: int = 1,
) -> Floats:
    """Return p values corrected for all questions of a table.

    Holm's within each family (`PRIMARY`, `REST`, `RAIL`), and the families share the
    error: eight tenths are the primary one's, one tenth each of the others'; families
    that are not there leave theirs to those that are. So at most 1 - confidence of
    tables without any difference have one below 1 - confidence.

    Holm's procedure with weights (Holm 1979): the question that leads a family has
    eight tenths of its error, all others together two, until it is answered and leaves
    them all. Like the families, that is settled before anybody has seen a number.

    Parameters
    ----------
    p
        P values; NaN where there is none.
    families
        Family of each.
    leads
        Whether each is of the question that leads its family; None for no such one.
    tables
        How many such tables were looked at, this one among them: they share the error
        alike, so that every p value is multiplied by their number (Bonferroni).

    Notes
    -----
    Assumptions: p values are uniform without a difference; how the questions depend on
    one another does not matter; how many tables are looked at does not depend on what
    they say. Source: Holm 1979; shares of the error, Bonferroni.

    Examples
    --------
    >>> corrected_p(np.array([0.01, 0.03]), ["primary", "primary"]).tolist()
    [0.02, 0.03]
    >>> both = corrected_p(np.array([0.01, 0.01]), ["primary", "rest"])
    >>> both.round(5).tolist()
    [0.01125, 0.09]
    >>> led = corrected_p(np.array([0.024, 0.03]), ["primary"] * 2, [True, False])
    >>> led.round(5).tolist()
    [0.03, 0.03]
    >>> corrected_p(np.array([0.01, 0.03]), ["primary"] * 2, tables=3).round(5).tolist()
    [0.06, 0.09]
    """
    names = np.array(families, dtype=object)
    leading = np.zeros(len(p), dtype=bool) if leads is None else np.array(leads, bool)
    finite = np.isfinite(p)
    present = {str(name) for name in names[finite]}
    total = sum(TENTHS[name] for name in present)
    adjusted = np.full(len(p), NAN)
    for name in present:
        rows = names == name
        weights = np.ones(len(p))
        first, others = rows & finite & leading, rows & finite & ~leading
        if first.any() and others.any():
            weights[first], weights[others] = (
                LEAD / first.sum(),
                (1 - LEAD) / others.sum(),
            )
        corrected = holm(p[rows], weights[rows])
        adjusted[rows] = np.minimum(1, corrected * (total / TENTHS[name]) * tables)
    return adjusted


def seed_band(
    values: Floats, confidence: float, span: tuple[float, float] = ANY
) -> tuple[float, float]:
    """Return the confidence interval of the mean over seeds (Student's t).

    Parameters
    ----------
    values
        One number a seed; fewer than three have no interval: NaN.
    confidence
        Confidence level.
    span
        Smallest and largest value that the quantity can have; the interval ends there.

    Notes
    -----
    Estimand: the mean over all seeds, on these rows. Assumptions: seeds are independent
    draws, their mean about normal. Source: Student 1908.

    Examples
    --------
    >>> low, high = seed_band(np.array([1.0, 3.0, 5.0]), 0.5)
    >>> round(low, 3), round(high, 3)
    (2.057, 3.943)
    >>> seed_band(np.array([0.7, 0.9, 0.98]), 0.95, (0, 1))[1]
    1.0
    """
    low, high = seed_bands(values, confidence, span)
    return float(low), float(high)


def seed_bands(
    values: Floats, confidence: float, span: tuple[float, float] = ANY
) -> tuple[Floats, Floats]:
    """Return `seed_band` of many quantities at once.

    Parameters
    ----------
    values
        ``(S, ...)`` one number a seed of each quantity.
    confidence, span
        As in `seed_band`.

    Examples
    --------
    >>> low, high = seed_bands(np.array([[1.0, 0], [3, 0], [5, 0]]), 0.5)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([2.057, 0.0], [3.943, 0.0])
    """
    count = len(values)
    if count < LEAST:
        return np.full(values.shape[1:], NAN), np.full(values.shape[1:], NAN)
    error = np.sqrt(values.var(axis=0, ddof=1) / count)
    mean, half = values.mean(axis=0), _quantile(count - 1, confidence) * error
    return np.clip(mean - half, *span), np.clip(mean + half, *span)


def within(
    low: float, high: float, seeds: int, span: tuple[float, float] = ANY
) -> tuple[float, float]:
    """Return the ends of a band as they may be shown.

    Parameters
    ----------
    low, high
        Ends of an interval, also of a table that an earlier version saved.
    seeds
        How many it is of; fewer than three have no band: NaN.
    span
        As in `seed_band`.

    Examples
    --------
    >>> within(0.6, 1.04, 5, (0, 1)), within(0.6, 1.04, 2, (0, 1))
    ((0.6, 1.0), (nan, nan))
    """
    if seeds < LEAST:
        return NAN, NAN
    ends = np.clip([low, high], *span)
    return float(ends[0]), float(ends[1])


def paired(
    values: Floats, baseline: Floats, *, confidence: float, step: float = 0.0
) -> Difference:
    """Return the mean difference of values that share their seeds, pair by pair.

    Parameters
    ----------
    values, baseline
        One number a seed, in the same order of seeds.
    confidence
        Confidence level of the t interval with n - 1 degrees of freedom.
    step
        Smallest possible change of a number. A difference that never varies cannot
        be surer than rounding to this step allows (variance ``step^2 / 12`` each).

    Notes
    -----
    Estimand: the mean difference over all seeds, on these rows. Assumptions: pairs are
    independent draws, their mean difference about normal. Source: Student 1908; the
    variance of rounding, Sheppard 1898.
    """
    apart = values - baseline
    error = _error(apart, least=step**2 / 6)
    low, high, p = _interval(apart.mean(), error, len(apart), confidence)
    return Difference(_clean(apart.mean()), low, high, p, "paired", len(apart))


def unpaired(
    values: Floats, baseline: Floats, *, confidence: float, step: float = 0.0
) -> Difference:
    """Return the difference of the means of values that do not share their seeds.

    Welch's standard error with the smaller of both degrees of freedom, which never
    flags equal means more often than promised, whatever the variances (Mickey and
    Brown 1966).

    Parameters
    ----------
    values, baseline
        One number a seed.
    confidence, step
        As in `paired`.
    """
    least = step**2 / 12
    error = float(np.hypot(_error(values, least=least), _error(baseline, least=least)))
    value = values.mean() - baseline.mean()
    seeds = min(len(values), len(baseline))
    low, high, p = _interval(value, error, seeds, confidence)
    return Difference(_clean(value), low, high, p, "unpaired", seeds)


def against_fixed(
    value: float, baseline: Floats, *, confidence: float, step: float = 0.0
) -> Difference:
    """Return a value that no seed changes minus the mean of a baseline.

    Parameters
    ----------
    value
        For example of a modality's own graph.
    baseline
        One number a seed.
    confidence, step
        As in `paired`.
    """
    fixed = np.full(len(baseline), value)
    difference = paired(fixed, baseline, confidence=confidence, step=step)
    return replace(difference, pairing="")


def difference(
    values: tuple[Floats, list[object]],
    baseline: tuple[Floats, list[object]],
    *,
    confidence: float,
    step: float = 0.0,
) -> Difference:
    """Return the difference of two variants, paired where their seeds allow it.

    Paired when one has all the seeds of the other and they share two or more (or
    one has a single seed, for its value); unpaired otherwise.

    Parameters
    ----------
    values, baseline
        Numbers and the seed of each.
    confidence, step
        As in `paired`.
    """
    (ours, our_seeds), (theirs, their_seeds) = values, baseline
    common = shared_seeds(our_seeds, their_seeds)
    if common is None:
        return unpaired(ours, theirs, confidence=confidence, step=step)
    return paired(ours[common[0]], theirs[common[1]], confidence=confidence, step=step)


def noise_of(sample: Sample, over: str, *, least: float = 0.0) -> Noise:
    """Return the variance of the mean over seeds, by crossed seeds and points.

    With V_s the variance of the numbers over S, V_p that of their mean by points, and
    V_e that part of either that is neither seed's nor point's, the expectation of
    ``V_s + V_p - V_e`` is the variance of a mean whose seeds and points are both drawn
    (two crossed random effects). What both have is taken from the points' part, at
    least 0, since V_p and V_e are known from many points: a V_s of few seeds is now
    and then far too small, which its t quantile pays for only where it is left whole.
    Taken from V_s instead, bands of overlap held the truth in .92 of worlds, and
    p values below .008 came in .021 (``tests/benchmarks/interval_coverage.py``).

    Parameters
    ----------
    sample
        The numbers of a variant, or of a difference.
    over
        "seeds", "points" or "both".
    least
        Smallest variance of a number over seeds.

    Notes
    -----
    Estimand: the variance of the mean over S seeds and P points if both were drawn
    anew. Assumptions: seeds and points are drawn independently and cross (every seed
    answers for every point); what points add to a number is that of `by_influences` or
    `by_halves`. Source: two-way random effects without replicates, Searle, Casella,
    McCulloch, "Variance Components", 1992.
    """
    count = len(sample.values)
    of_seeds = of_points = residual = 0.0
    if over != "points" and not sample.fixed:
        of_seeds = _error(sample.values, least=least) ** 2
    if over != "seeds" and sample.points is not None:
        mean = sample.points.mean(axis=0)
        of_points = float(mean @ mean)
        residual = _residual(sample) if of_seeds else 0.0
    return Noise(of_seeds, max(of_points - residual, 0.0), count - 1, sample.freedom)


def _residual(sample: Sample) -> float:
    """Return the part of the variance of a mean that is neither seed's nor point's."""
    count = len(sample.values)
    if sample.points is None or sample.fixed or count < 2:
        return 0.0
    rest = float(((sample.points - sample.points.mean(axis=0)) ** 2).sum())
    return rest / ((count - 1) * count)


def band(
    sample: Sample,
    confidence: float,
    span: tuple[float, float] = ANY,
    *,
    over: str = "both",
) -> tuple[float, float, str]:
    """Return the confidence interval of a mean, and what it covers.

    Parameters
    ----------
    sample
        The numbers of a variant.
    confidence
        Confidence level.
    span
        As in `seed_band`.
    over
        "seeds", "points" or "both": as far as there are any.

    Notes
    -----
    Estimand: the expectation of the number over seeds anew, points anew, or both.
    Assumptions: as of `noise_of`, and a mean that is about normal. Source: `Noise`.
    Measured: notebook 03, tests/benchmarks/RESULTS.md.

    Examples
    --------
    >>> low, high, over = band(Sample(np.array([1.0, 3.0, 5.0]), [0, 1, 2]), 0.5)
    >>> round(low, 3), round(high, 3), over
    (2.057, 3.943, 'seeds')
    """
    over = covered([sample], over)
    value = float(sample.values.mean())
    if not over or np.isnan(value):
        return NAN, NAN, ""
    half = noise_of(sample, over).reach(1 - confidence)
    ends = np.clip([value - half, value + half], *span)
    return float(ends[0]), float(ends[1]), over


def covered(samples: Sequence[Sample], over: str) -> str:
    """Return what an interval can cover of what is asked for; empty for nothing.

    Seeds need three of every variant, points 20; variants of a single run each are
    judged over points, where nothing else is asked for.

    Examples
    --------
    >>> covered([Sample(np.ones(3), [0, 1, 2])], "both")
    'seeds'
    """
    counts = [len(sample.values) for sample in samples if not sample.fixed]
    seeds = min(counts, default=1)
    alike = len({sample.freedom for sample in samples}) == 1
    of_points = alike and all(sample.has_points for sample in samples)
    if over == "points" or (over == "both" and max(counts, default=1) < 2):
        return "points" if of_points else ""
    if seeds < LEAST:
        return ""
    return "both" if over == "both" and of_points else "seeds"


def apart(
    a: Sample, b: Sample, *, confidence: float, step: float = 0.0, over: str = "both"
) -> Difference:
    """Return the difference of two variants over seeds, points or both.

    Paired by seeds as `difference` is; by points always, since both are numbers of the
    same points. Over both, runs of one seed are taken to be no less alike than runs of
    two: a covariance below 0 is noise of few seeds, and counts half (`_of_pairs`).

    Parameters
    ----------
    a, b
        Numbers of the one and of the other; a fixed one has one number.
    confidence, step
        As in `paired`.
    over
        "seeds", "points" or "both": as far as there are any (`covered`).

    Notes
    -----
    Estimand: the expected difference on the same points. Assumptions: as of `band`, for
    the differences; without common seeds the seeds of both are independent, and their
    freedom is the smaller one (Mickey and Brown 1966).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> right, other = rng.random((2, 1, 400)) < [[[0.9]], [[0.7]]]
    >>> a, b = (Sample(x.mean(1), [None], *by_influences(x)) for x in (right, other))
    >>> found = apart(a, b, confidence=0.95)
    >>> found.over, found.verdict
    ('points', 'higher')
    """
    pairing, least = "unpaired", step**2 / 12
    fixed = a.fixed or b.fixed
    most = max(len(a.values), len(b.values))
    common = None if fixed else shared_seeds(a.seeds, b.seeds)
    if common is not None:
        a, b = a.at(common[0]), b.at(common[1])
        pairing = "paired"
    counts = [len(sample.values) for sample in (a, b) if not sample.fixed]
    seeds, intended = min(counts, default=1), over
    over = covered([a, b], intended)
    if intended == "both" and over == "points" and most > 1:
        over = ""  # one seed here and five there
    value = _clean(float(a.values.mean() - b.values.mean()))
    pairing = "" if fixed else pairing
    if not over or np.isnan(value):
        reason = _lacking([a, b], seeds, intended)
        return Difference(value, NAN, NAN, NAN, pairing, seeds, "", reason)
    if pairing == "unpaired" and over != "points":
        noise = _noise_apart(a, b, over, least)
    else:
        noise = noise_of(_less(a, b), over, least=2 * least)
        if pairing == "paired" and over == "both":
            noise = _of_pairs(a, b, noise, least)
    half = noise.reach(1 - confidence)
    low, high = value - half, value + half
    return Difference(value, low, high, noise.p(value), pairing, seeds, over)


def _lacking(samples: Sequence[Sample], seeds: int, asked: str) -> str:
    """Return why there is no interval."""
    if any(np.isnan(sample.values).any() for sample in samples):
        return "not defined for every seed"
    if asked != "points":
        return seeds_of(seeds)
    counts = [s.freedom + 1 for s in samples if s.points is not None]
    few = min(counts, default=LEAST_POINTS)
    return f"{few:.0f} points" if few < LEAST_POINTS else "not known over points"


def _less(a: Sample, b: Sample) -> Sample:
    """Return the differences of numbers and influences, seed by seed."""
    if len(a.values) != len(b.values) and not (a.fixed or b.fixed):
        a, b = _averaged(a), _averaged(b)
    points, freedom = _points_apart(a, b)
    return Sample(a.values - b.values, [], points, freedom, a.fixed and b.fixed)


def _points_apart(a: Sample, b: Sample) -> tuple[Floats | None, float]:
    """Return what the draw of points adds to differences, and its freedom.

    Parts of one kind are those of the same points: what moves both is not counted.
    Where one number's are influences and the other's halves (a graph of other makers
    says no neighbours beyond the k-th), both stand side by side, as if points moved
    them independently: the variance is then that of both together.
    """
    if a.points is None or b.points is None:
        return None, a.freedom
    if a.points.shape[1] == b.points.shape[1] and a.freedom == b.freedom:
        return a.points - b.points, a.freedom
    rows = max(len(a.points), len(b.points))
    sides = [
        np.broadcast_to(part, (rows, part.shape[1])) for part in (a.points, -b.points)
    ]
    return np.hstack(sides), min(a.freedom, b.freedom)


def _averaged(sample: Sample) -> Sample:
    points = sample.points
    if points is not None:
        points = points.mean(axis=0, keepdims=True)
    value = sample.values.mean(keepdims=True)
    return Sample(value, [None], points, sample.freedom)


def _of_pairs(a: Sample, b: Sample, noise: Noise, least: float) -> Noise:
    """Return the noise of a paired difference, half of a covariance below 0 left out.

    With a covariance of 0 both variances say how large the noise of seeds is, which is
    known better from two times S numbers than from S differences. By Satterthwaite
    that has ``(S - 1) (tr C)^2 / tr(C^2)`` degrees of freedom, C being the covariance
    matrix. But the same numbers decided that it counts as 0. So half of it does, and
    of the freedom that exceeds S - 1 a quarter: in simulation at most .055 are then
    called different at a level of .05, and .011 at .01, if all noise is that of seeds;
    power grows from .23 to .26 where variants have nothing in common (five seeds, .01).
    """
    count = len(a.values)
    both = np.cov(a.values, b.values)
    parts = np.maximum(np.diag(both), least)
    total = (float(parts.sum()) + noise.seeds * count) / 2
    if both[0, 1] >= 0 or total >= noise.seeds * count:
        return noise
    square = float((parts**2).sum() + 2 * both[0, 1] ** 2)
    more = (count - 1) * (float(parts.sum()) ** 2 / square - 1) / 4
    freedom = count - 1 + max(more, 0.0)
    return replace(noise, seeds=total / count, seed_freedom=freedom)


def _noise_apart(a: Sample, b: Sample, over: str, least: float) -> Noise:
    """Return the noise of a difference whose seeds are not shared, but whose points."""
    parts = [noise_of(sample, over, least=least) for sample in (a, b)]
    seeds = sum(part.seeds for part in parts)
    together = noise_of(_less(_averaged(a), _averaged(b)), "points")
    freedom = min(part.seed_freedom for part in parts)
    residual = sum(_residual(sample) for sample in (a, b))
    points = max(together.points - residual, 0.0) if over == "both" else 0.0
    return Noise(seeds, points, freedom, together.point_freedom)


def shared_seeds(
    a: list[object], b: list[object]
) -> tuple[list[int], list[int]] | None:
    """Return positions of the shared seeds in both, or None when they do not pair.

    They pair when seeds are known, not repeated, and one side has all of the other's.

    Examples
    --------
    >>> shared_seeds([0, 1, 2], [2, 0])
    ([0, 2], [1, 0])
    >>> shared_seeds([0, 1], [1, 2]) is None
    True
    """
    unique = None not in a and len(set(a)) == len(a) and len(set(b)) == len(b)
    common = [seed for seed in a if seed in b]
    if not unique or len(common) < min(len(a), len(b)):
        return None
    return [a.index(seed) for seed in common], [b.index(seed) for seed in common]


def jackknife(whole: float, without: Floats, *, confidence: float) -> Difference:
    """Return a statistic of all seeds with its jackknife interval.

    Pseudo-values ``S whole - (S - 1) without_s`` stand for independent values (Tukey
    1958); unlike the values of pairs, which share seeds.

    Parameters
    ----------
    whole
        The statistic over all S seeds.
    without
        The statistic without each one.
    confidence
        Confidence level of the t interval with S - 1 degrees of freedom.

    Notes
    -----
    Estimand: the expectation of the statistic over seeds anew. Assumptions: it is a
    smooth function of its seeds, of which none rules it.
    """
    count = len(without)
    pseudo = count * whole - (count - 1) * without
    low, high, p = _interval(whole, _error(pseudo), count, confidence)
    return Difference(_clean(whole), low, high, p, "", count)


def of_splits(
    values: Floats, *, test_per_train: float, confidence: float
) -> Difference:
    """Return the mean of one value a split, with its interval.

    The corrected resampled t test of Nadeau and Bengio (2003, Machine Learning 52):
    the variance of J values divides by J only where splits share no rows; where they
    do, training sets overlap and values are alike, so that the variance of the mean
    is taken as ``(1 / J + n_test / n_train)`` times that between splits.

    Parameters
    ----------
    values
        ``(J,)`` one difference, or number, a split.
    test_per_train
        Test rows per training row where splits are drawn from the same rows; 0 where
        each has rows of its own.
    confidence
        Confidence level of the t interval with J - 1 degrees of freedom.

    Notes
    -----
    Estimand: the expectation over training rows, test rows and seeds anew. Assumptions:
    values are about normal; where splits share rows, any two are as correlated as test
    rows are a share of all (``test_per_train / (1 + test_per_train)``), which is a rule
    and no theorem. In simulation (5 and 10 splits of 150 and 600 rows, a fifth of them
    test rows) such intervals held the population's accuracy and difference in .94 to
    .97 of worlds, those without the correction in .76 to .89.

    Examples
    --------
    >>> gains = np.array([0.02, 0.03, 0.01])
    >>> apart = of_splits(gains, test_per_train=0.25, confidence=0.9)
    >>> round(apart.low, 4), round(apart.high, 4), apart.over
    (-0.0023, 0.0423, 'splits')
    """
    count, value = len(values), _clean(float(values.mean()))
    spread = float(values.std(ddof=1)) if count > 1 else NAN
    if count < LEAST or np.isnan(value):
        reason = "not defined in every split" if np.isnan(value) else _splits(count)
        return Difference(value, NAN, NAN, NAN, "", count, "", reason)
    if value and spread < 1e-12:  # no surer than the numbers are fine
        reason = f"the same in all {count} splits"
        return Difference(value, NAN, NAN, NAN, "", count, "", reason)
    error = spread * float(np.sqrt(1 / count + test_per_train))
    low, high, p = _interval(value, error, count, confidence)
    return Difference(value, low, high, p, "", count, "splits")


def _splits(count: int) -> str:
    return f"{count} split{'s' * (count != 1)}"


def holm(p: Floats, weights: Floats | None = None) -> Floats:
    """Return p values adjusted for looking at all of them (Holm 1979).

    Parameters
    ----------
    p
        P values; NaN where there is none.
    weights
        Share of the error that each has, above 0; None for equal ones.

    Returns
    -------
    numpy.ndarray
        Below 1 - confidence where a difference stands although so many were looked
        at; the chance that any row of equal variants does is then at most that.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, float("nan"), 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    adjusted = np.full(len(p), NAN)
    weights = np.ones(len(p)) if weights is None else weights
    order = np.argsort(p / weights)[: np.isfinite(p).sum()]
    left = np.cumsum(weights[order][::-1])[::-1]
    factors = left / weights[order]
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p[order]))
    return adjusted


def share_interval(
    shares: Floats, *, most: float = np.inf, of: float = np.inf
) -> tuple[float, float]:
    """Return the 95 % interval of the mean of shares, from those of a random sample.

    Clopper and Pearson's interval with the effective number of trials (Korn and
    Graubard 1998, Survey Methodology 24): as many as a binomial share would need for
    the variance seen, at least one a row. So it stays within 0 and 1, and also where
    every share is 1 it does not say that all are.

    Parameters
    ----------
    shares
        ``(R,)`` from 0 to 1, one a row of the sample.
    most
        Largest number of trials, where it is known.
    of
        Number of rows that the sample was drawn from without replacement.

    Examples
    --------
    >>> low, high = share_interval(np.ones(1_000))
    >>> round(low, 4), high
    (0.9963, 1.0)
    """
    value, rows = float(shares.mean()), len(shares)
    spread = float(shares.var(ddof=1)) / rows if rows > 1 else 0.0
    spread *= 1 - rows / of
    count = value * (1 - value) / spread if spread > 0 else rows
    count = min(max(count, rows), most)
    hits, misses = value * count, (1 - value) * count
    low = float(betaincinv(hits, misses + 1, 0.025)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, misses, 0.975)) if misses > 0 else 1.0
    return low, high


def _error(values: Floats, *, least: float = 0.0) -> float:
    """Return the standard error of the mean; NaN for a single value."""
    if len(values) < 2:
        return NAN
    return float(np.sqrt(max(values.var(ddof=1), least) / len(values)))


def _quantile(freedom: int, confidence: float) -> float:
    return float(stdtrit(freedom, (1 + confidence) / 2))


def _clean(value: float) -> float:
    """Return 0 for differences at the rounding of float64."""
    return 0.0 if abs(value) < 1e-12 else float(value)


def _interval(
    value: float, error: float, seeds: int, confidence: float
) -> tuple[float, float, float]:
    value, freedom = _clean(value), seeds - 1
    if seeds < LEAST or np.isnan(error) or np.isnan(value):
        return NAN, NAN, NAN
    half = _quantile(freedom, confidence) * error
    # Without any spread a difference is certain, and none is none.
    p = 2 * stdtr(freedom, -abs(value) / error) if error > 0 else value == 0
    return value - half, value + half, float(p)
