"""Questions that the metric strip asks: changes from the baseline, judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .. import statistics
from ..graph import METRICS, Neighbors
from ..graph.compare_pairs import MEASURES, judged_pair
from ..graph.metrics import asked_first
from ..graph.table import Line, Settings, difference_of, family_of, samples_of

CONFIDENCE = 0.95
REWIRING = "rewiring"  # the question that is no metric of one graph
TWO_SEEDS = "two seeds of one variant"
BESIDE = "beside two seeds: "
SETTINGS = Settings("", CONFIDENCE, permutations=0, seed=0)

Samples = Mapping[str, statistics.Sample]


class Question(NamedTuple):
    """Whether a variant differs from the baseline by one metric, or rewires more.

    Parameters
    ----------
    variant, metric
        Names of the variant and of the metric; `REWIRING` asks for `rewired`.
    difference, low, high
        The difference and its 95 % interval.
    over
        What the interval covers, as in `refnet_viz.compare`.
    p
        P value of the difference alone; NaN where there is none.
    reason
        Why there is none.
    """

    variant: str
    metric: str
    difference: float
    low: float
    high: float
    over: str
    p: float
    reason: str

    @property
    def interval(self) -> str:
        """The difference and its interval in words, empty without one."""
        if not self.over:
            return ""
        over = {"both": "seeds and points"}.get(self.over, self.over)
        ends = f"[{_signed(self.low)}, {_signed(self.high)}]"
        origin = TWO_SEEDS if self.metric == REWIRING else "the baseline"
        return f"{_signed(self.difference)} from {origin} {ends} over {over}"

    @property
    def beside(self) -> str:
        """Words before a verdict that is not beside the baseline's number."""
        return BESIDE if self.metric == REWIRING else ""


class Verdict(NamedTuple):
    """The answer to a question: the verdict, and in words what it rests on."""

    verdict: str
    why: str


def samples(graphs: Sequence[Neighbors], names: Sequence[str]) -> Samples:
    """Return what each metric gives for every seed of a variant, with its points.

    Parameters
    ----------
    graphs
        One a seed.
    names
        Names of metrics.
    """
    line = Line("", "variant", list(graphs))
    return {name: samples_of(METRICS[name], [line], SETTINGS)[0] for name in names}


def questions(
    variant: str,
    graphs: tuple[Sequence[Neighbors], Sequence[Neighbors]],
    measured: tuple[Samples, Samples],
) -> list[Question]:
    """Return what is asked of a variant, in the order of the metrics.

    Parameters
    ----------
    variant
        Its name.
    graphs, measured
        Graphs and `samples` of the variant and of the baseline.
    """
    lines = Line(variant, "variant", list(graphs[0])), Line("", "variant", [*graphs[1]])
    rows = []
    for name in measured[0]:
        if name in measured[1]:
            pair = measured[0][name], measured[1][name]
            row = difference_of(METRICS[name], lines, pair, SETTINGS)
            names = ("difference", "diff_low", "diff_high", "over", "p", "reason")
            rows.append(Question(variant, name, *(row[key] for key in names)))
    return rows


def rewired(
    variant: str, graphs: tuple[Sequence[Neighbors], Sequence[Neighbors]]
) -> Question:
    """Return whether a variant rewires the baseline more than a changed seed does.

    The difference is the mean 1 - Jaccard from seed to seed of the same number, minus
    that between two seeds of one variant: a row of `refnet_viz.graph.compare_pairs`,
    turned. One that is rewired less than by a seed is "lower".

    Parameters
    ----------
    variant
        Its name.
    graphs
        Graphs of the variant and of the baseline, one a seed. Below three of either
        nothing can be told, whatever points say: the noise of seeds rests on one pair.
    """
    first, second = list(graphs[1]), list(graphs[0])
    few = min(len(first), len(second)) < statistics.LEAST
    row = judged_pair(
        MEASURES["knn_jaccard"],
        first,
        second,
        confidence=CONFIDENCE,
        over="seeds" if few else "both",
    )
    apart, low, high = (
        -row.get(name, np.nan) for name in ("difference", "diff_high", "diff_low")
    )
    parts = row["over"], float(row["p"]), row["reason"]
    return Question(variant, REWIRING, float(apart), float(low), float(high), *parts)


def judged(asked: Sequence[Question], looks: int) -> list[Verdict]:
    """Return the verdicts on all questions of a view, which pay for every view.

    Holm within the view, as in `refnet_viz.compare`, times the number of views that
    were looked at (`statistics.corrected_p`).

    Parameters
    ----------
    asked
        The questions of the view.
    looks
        How many views were looked at, this one among them.

    Notes
    -----
    Promise: of sessions that end after a number of views that was settled beforehand,
    and in which no variant differs, at most 5 % say "higher" or "lower" in any view
    when they end. Who stops as soon as a word stands, has more:
    ``tests/benchmarks/searched_views.py``.

    Examples
    --------
    >>> one = Question("both", "purity", 0.1, 0.02, 0.18, "seeds", 0.02, "")
    >>> judged([one], 1)[0].verdict, judged([one], 12)[0].verdict
    ('higher', 'higher if it were the only question')
    """
    names = list(dict.fromkeys(one.metric for one in asked))
    first = asked_first(names)
    words, corrected = statistics.judge(
        [one.difference for one in asked],
        [one.p for one in asked],
        [family_of(one.metric, first) for one in asked],
        [one.reason for one in asked],
        confidence=CONFIDENCE,
        leads=[one.metric in first[:1] for one in asked],
        tables=looks,
    )
    return [
        Verdict(word, _why(one, p, len(asked), looks))
        for one, word, p in zip(asked, words, corrected.tolist(), strict=True)
    ]


def _why(one: Question, corrected: float, count: int, looks: int) -> str:
    """Return difference, interval and both p values in words."""
    if np.isnan(one.p):
        return ""
    return (
        f"{one.interval}; p {_p(one.p)}, corrected {_p(corrected)} for "
        f"{_count(count, 'question')} in each of {_count(looks, 'view')}"
    )


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else "below 0.001"
