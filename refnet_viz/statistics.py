"""Seed bands, differences and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

# scipy.stats says the same but takes a second to import.
from scipy.special import betaincinv, stdtr, stdtrit

Floats = npt.NDArray[np.float64]

INSIDE = "inside seed noise"
BEYOND = "beyond seed noise"
ONE_SEED = "one seed: no band"
FEW_SEEDS = "fewer than three seeds: no band"
UNDECIDED = (ONE_SEED, FEW_SEEDS)  # verdicts where seeds are too few for one
LEAST = 3  # seeds of a band: two span an interval wider than most quantities
BASELINE = "baseline"

NAN = float("nan")
ANY = (-float("inf"), float("inf"))  # range of a quantity without ends


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
        "paired", "unpaired" or "" (against a fixed value).
    seeds
        How many seeds it rests on: of two variants those of the one with fewer.
    """

    value: float
    low: float
    high: float
    p: float
    pairing: str
    seeds: int = LEAST

    @property
    def verdict(self) -> str:
        """Return "higher", "lower", "inside seed noise" or that seeds are too few."""
        if np.isnan(self.low):
            return undecided(self.seeds)
        if self.low > 0:
            return "higher"
        return "lower" if self.high < 0 else INSIDE


def undecided(seeds: int) -> str:
    """Return the verdict where so many seeds are too few for one.

    Examples
    --------
    >>> undecided(1), undecided(2)
    ('one seed: no band', 'fewer than three seeds: no band')
    """
    return ONE_SEED if seeds < 2 else FEW_SEEDS


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

    Examples
    --------
    >>> low, high = seed_band(np.array([1.0, 3.0, 5.0]), 0.5)
    >>> round(low, 3), round(high, 3)
    (2.057, 3.943)
    >>> seed_band(np.array([0.7, 0.9, 0.98]), 0.95, (0, 1))[1]
    1.0
    """
    if len(values) < LEAST:
        return NAN, NAN
    half = _quantile(len(values) - 1, confidence) * _error(values)
    return within(values.mean() - half, values.mean() + half, len(values), span)


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
    """
    count = len(without)
    pseudo = count * whole - (count - 1) * without
    low, high, p = _interval(whole, _error(pseudo), count, confidence)
    return Difference(_clean(whole), low, high, p, "", count)


def holm(p: Floats) -> Floats:
    """Return p values adjusted for looking at all of them (Holm 1979).

    Parameters
    ----------
    p
        P values; NaN where there is none.

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
    order = np.argsort(p)[: np.isfinite(p).sum()]
    factors = np.arange(len(order), 0, -1)
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
