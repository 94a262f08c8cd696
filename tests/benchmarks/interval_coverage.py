"""Whether intervals over seeds and points cover, and how often verdicts are wrong.

``python tests/benchmarks/interval_coverage.py [--write] [minutes, 20]``. In a world
the population is known: classes are Gaussians, a seed of a variant turns and shakes the
space in its own way, and answers are the nearest class mean. Test points and seeds are
drawn anew in each. The truth is the mean over all worlds. No network is trained. Each
part takes 1,000 worlds, or as many as its time allows, two parts at a time; the table
says how many.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import datetime
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import joblib
import numpy as np
from report import write_section

from refnet_viz import Embedding, statistics
from refnet_viz.explorer.questions import rewired
from refnet_viz.graph import METRICS, knn
from refnet_viz.graph.compare_pairs import MEASURES, _points
from refnet_viz.graph.comparison import _overlaps
from refnet_viz.graph.ground import Grounds
from refnet_viz.graph.metrics import Metric
from refnet_viz.graph.pairs import jaccard
from refnet_viz.graph.table import points_of

CLASSES, WIDTH, K = 6, 8, 15
MEANS = np.random.default_rng(42).normal(size=(CLASSES, WIDTH)) * 0.75
TURN, SHAKE, WORSE = 0.12, 0.5, 0.1
MARKS = ("<!-- coverage -->", "<!-- end of coverage -->")
SEEDS = {100: 10, 400: 5, 1_500: 5}  # most seeds of a variant, by points
REWIRED = ((100, 3), (100, 5), (400, 3), (400, 5))  # points, seeds of each variant
WORLDS = 1_000
LEVEL = 0.95
Numbers = dict[str, statistics.Sample]


@dataclass(frozen=True)
class World:
    """Points of one draw: labels, clean vectors, and the source of all else."""

    labels: np.ndarray
    points: np.ndarray
    rng: np.random.Generator

    @classmethod
    def drawn(cls, n: int, seed: list[int]) -> "World":
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, CLASSES, n)
        return cls(labels, MEANS[labels] + rng.normal(size=(n, WIDTH)), rng)

    def seen(self, shake: float) -> tuple[np.ndarray, np.ndarray]:
        """Return what one seed of a variant makes of the points, and its answers."""
        rng, n = self.rng, len(self.labels)
        turned = np.eye(WIDTH) + TURN * rng.normal(size=(WIDTH, WIDTH))
        z = self.points @ turned + shake * rng.normal(size=(n, WIDTH))
        means = MEANS @ turned + TURN * rng.normal(size=(CLASSES, WIDTH))
        return z, ((means**2).sum(axis=1) - 2 * z @ means.T).argmin(axis=1)

    def space(self, shake: float) -> Embedding:
        """Return the same as an embedding."""
        z, answers = self.seen(shake)
        space = Embedding.from_arrays(
            z, modalities={"clean": self.points}, labels=self.labels
        )
        return replace(space, predictions=answers)


def within(minutes: float) -> Iterator[int]:
    """Count worlds until there are enough, or time is up."""
    begin = time.monotonic()
    for number in range(WORLDS):
        yield number
        if time.monotonic() - begin > 60 * minutes and number:
            return


def numbers(graphs: list, metrics: dict[str, Metric]) -> Numbers:
    """Return the samples of one variant, a metric each."""
    samples = {}
    for name, metric in metrics.items():
        values = np.array([metric.function(graph) for graph in graphs])
        points = points_of(metric, graphs)
        samples[name] = statistics.Sample(values, [*range(len(values))], *points)
    return samples


def world(n: int, seeds: int, number: int, worse: float, names: tuple[str, ...]):
    """Return the samples of two variants, and of what changes between them."""
    drawn = World.drawn(n, [n, number])
    shakes = (SHAKE, SHAKE + worse)
    graphs = [[knn(drawn.space(shake), K) for _ in range(seeds)] for shake in shakes]
    own = _overlaps(graphs[0] + graphs[1], Grounds(K, "euclidean"))
    metrics = {name: METRICS[name] for name in names}
    metrics["overlap"] = own["overlap with clean"]
    a, b = (numbers(members, metrics) for members in graphs)
    pairs = list(zip(*graphs, strict=True))
    changed = np.array([1 - jaccard(*pair).mean() for pair in pairs])
    points = _points(MEASURES["knn_jaccard"], pairs)
    a["rewiring"] = statistics.Sample(changed, [*range(seeds)], *points)
    return a, b


def less(a: statistics.Sample, b: statistics.Sample) -> statistics.Sample:
    """Return the differences, seed by seed."""
    points = None if a.points is None else a.points - b.points
    return statistics.Sample(a.values - b.values, a.seeds, points, a.freedom)


def reach(sample: statistics.Sample, over: str) -> float:
    """Return half the length of the interval, of two seeds as well."""
    return statistics.noise_of(sample, over).reach(1 - LEVEL)


def between(b: statistics.Sample, a: statistics.Sample) -> tuple[float, float]:
    """Return half the lengths of the intervals of a difference."""
    if len(a.values) < statistics.LEAST:
        return reach(less(b, a), "both"), reach(less(b, a), "seeds")
    apart = (
        statistics.apart(b, a, confidence=LEVEL, over=over)
        for over in ("both", "seeds")
    )
    both, seeds = ((one.high - one.low) / 2 for one in apart)
    return both, seeds


def intervals(
    a: Numbers, b: Numbers, count: int
) -> dict[str, tuple[float, float, float]]:
    """Return means and half the lengths of their intervals, of some seeds."""
    part, rows = list(range(count)), {}
    for name, sample in a.items():
        some = sample.at(part)
        lengths = (reach(some, over) for over in ("both", "seeds"))
        rows[name] = some.values.mean(), *lengths
    for name in b:
        pair = b[name].at(part), a[name].at(part)
        apart = pair[0].values.mean() - pair[1].values.mean()
        rows[f"{name}, difference"] = apart, *between(*pair)
    return rows


def coverage(n: int, seeds: int, minutes: float) -> list[str]:
    """Return lines of a table: shares of intervals that hold the truth."""
    names = ("accuracy", "purity", "adjusted_homophily")
    rows: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for number in within(minutes):
        a, b = world(n, seeds, number, WORSE, names)
        for count in (x for x in (2, 3, 5, 10) if x <= seeds):
            for name, row in intervals(a, b, count).items():
                rows.setdefault((name, count), []).append(row)
    lines = []
    for name in dict.fromkeys(name for name, _ in rows):
        truth = np.mean([row[0] for row in rows[name, seeds]])
        cells = []
        for count in (2, 3, 5, 10):
            if (name, count) not in rows:
                cells.append("")
                continue
            value, both, alone = np.array(rows[name, count]).T
            apart = np.abs(value - truth)
            cells.append(
                f"{np.mean(apart <= both):.3f} / {np.mean(apart <= alone):.3f}"
            )
        worlds = len(rows[name, seeds])
        lines.append(f"| {n} | {worlds} | {name} | {truth:.3f} | {' | '.join(cells)} |")
    return lines


def false_words(n: int, seeds: int, minutes: float) -> tuple[int, *tuple[float, ...]]:
    """Return how many tables without difference there were, and shares of wrong ones.

    By the rule of the table, by the same intervals question by question, and by seeds
    alone question by question, the rule before.
    """
    names = ("accuracy", "purity", "adjusted_homophily", "hubness", "reciprocity")
    wrong, tables = np.zeros(3), 0
    for number in within(minutes):
        a, b = world(n, seeds, 10_000 + number, 0.0, names)
        apart = [statistics.apart(b[name], a[name], confidence=LEVEL) for name in b]
        words, _ = statistics.judge(
            [d.value for d in apart],
            [d.p for d in apart],
            ["primary" if name in FIRST else "rest" for name in b],
            [""] * len(apart),
            confidence=LEVEL,
            leads=[name == FIRST[0] for name in b],
        )
        before = [
            statistics.apart(b[name], a[name], confidence=LEVEL, over="seeds")
            for name in b
        ]
        wrong += [
            any(word in statistics.APART for word in words),
            any(d.verdict in statistics.APART for d in apart),
            any(d.verdict in statistics.APART for d in before),
        ]
        tables += 1
    return tables, *(wrong / tables)


def false_rewiring(minutes: float) -> list[str]:
    """Return lines: of two variants that are one, how often one "rewires more".

    Or less, than a seed does; as the only question, so that 2.5 % each are promised.
    """
    lines = []
    for n, seeds in REWIRED:
        ways = []
        for number in within(minutes / len(REWIRED)):
            drawn = World.drawn(n, [n, 60_000 + number])
            a, b = (
                [knn(drawn.space(SHAKE), K) for _ in range(seeds)] for _ in range(2)
            )
            question = rewired("same", (a, b))
            ways.append(np.sign(question.difference) * (question.p < 1 - LEVEL))
        more, less = (np.mean(np.array(ways) == way) for way in (1, -1))
        lines.append(
            f"Two variants that are one, {n} points and {seeds} seeds ({len(ways)} "
            f"worlds): rewired more than a seed rewires in {more:.1%}, less in "
            f"{less:.1%}, each as the only question (2.5 % are promised)."
        )
    return lines


FIRST = ("accuracy", "purity", "overlap")


def hits(drawn: World, seeds: int, shake: float) -> statistics.Sample:
    """Return the accuracy of one variant."""
    right = np.array(
        [drawn.seen(shake)[1] == drawn.labels for _ in range(seeds)]
    ).astype(float)
    points = statistics.by_influences(right)
    return statistics.Sample(right.mean(axis=1), [*range(seeds)], *points)


def power(
    minutes: float, *, n: int = 900, seeds: int = 5
) -> tuple[int, *tuple[float, ...]]:
    """Return worlds, the true difference, and how often it is seen, or seen wrongly.

    By the table, alone, over seeds alone; first where there is a difference, then
    where there is none. As if the other questions of the first family were all without
    difference.
    """
    large = World.drawn(20_000, [1])
    low, high = SHAKE, 3.0
    target = hits(large, 8, SHAKE).values.mean() - 0.03
    for _ in range(8):
        middle = (low + high) / 2
        worse = hits(large, 8, middle).values.mean() < target
        low, high = (low, middle) if worse else (middle, high)
    seen, apart = np.zeros(6), []
    for number in within(minutes):
        seen_here = []
        for shake, first in ((low, 20_000), (SHAKE, 40_000)):
            drawn = World.drawn(n, [n, first + number])
            a, b = hits(drawn, seeds, shake), hits(drawn, seeds, SHAKE)
            both = statistics.apart(b, a, confidence=LEVEL)
            alone = statistics.apart(b, a, confidence=LEVEL, over="seeds")
            share = statistics.TENTHS[statistics.PRIMARY] / 10 * statistics.LEAD
            corrected = both.p / share
            seen_here += [corrected, both.p, alone.p]
            if shake == low:
                apart.append(both.value)
        seen += np.array(seen_here) < 1 - LEVEL
    return len(apart), float(np.mean(apart)), *(seen / len(apart))


def split_values(n: int, count: int, shared: bool, rng: np.random.Generator):
    """Return accuracy and gain of eight features over six, a row a split.

    The answer is the nearest class mean of the training rows, four fifths of n.
    """
    rows = []
    for _ in range(count):
        if not (shared and rows):
            labels = rng.integers(0, CLASSES, n)
            points = MEANS[labels] + rng.normal(size=(n, WIDTH))
        test, train = np.split(rng.permutation(n), [n // 5])
        right = []
        for width in (WIDTH, WIDTH - 2):
            seen = points[:, :width]
            means = np.array(
                [seen[train][labels[train] == c].mean(axis=0) for c in range(CLASSES)]
            )
            away = (means**2).sum(axis=1) - 2 * seen[test] @ means.T
            right.append(np.mean(away.argmin(axis=1) == labels[test]))
        rows.append((right[0], right[0] - right[1]))
    return np.array(rows)


def over_splits(minutes: float) -> list[str]:
    """Return lines of a table: coverage of intervals over splits."""
    lines = []
    for n, count, shared in (
        (n, count, shared)
        for n in (150, 600)
        for count in (5, 10)
        for shared in (True, False)
    ):
        rng = np.random.default_rng([n, count, shared])
        truth = np.mean(
            [split_values(n, 1, False, rng)[0] for _ in range(5 * WORLDS)], axis=0
        )
        held = []
        for _ in within(minutes / 8):
            values = split_values(n, count, shared, rng)
            held.append(
                [
                    one.low <= true <= one.high
                    for ratio in (0.25 * shared, 0.0)
                    for column, true in zip(values.T, truth, strict=True)
                    for one in [
                        statistics.of_splits(
                            column, test_per_train=ratio, confidence=LEVEL
                        )
                    ]
                ]
            )
        both = np.mean(held, axis=0)
        cells = (f"{both[i]:.3f} / {both[i + 2]:.3f}" for i in (0, 1))
        kind = "shared" if shared else "fresh"
        lines.append(f"| {n} | {count} | {kind} | {len(held)} | {' | '.join(cells)} |")
    return lines


def section(minutes: float) -> str:
    """Return the section of RESULTS.md."""
    lines = [
        "| points | worlds | number | truth | 2 seeds | 3 seeds | 5 seeds | 10 seeds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    work = [joblib.delayed(coverage)(n, seeds, minutes) for n, seeds in SEEDS.items()]
    work += [
        joblib.delayed(false_words)(100, 5, minutes),
        joblib.delayed(false_words)(400, 5, minutes),
        joblib.delayed(power)(minutes),
        joblib.delayed(over_splits)(minutes),
        joblib.delayed(false_rewiring)(minutes),
    ]
    *parts, small, larger, seen, splits, same = joblib.Parallel(n_jobs=2)(work)
    lines += [line for part in parts for line in part]
    many, true, table, alone, before, *wrong = seen
    words = [
        f"Tables of {n} points and 5 seeds without any difference that say higher or "
        f"lower ({tables} tables): {by_table:.1%}; question by question {single:.1%}; "
        f"question by question over seeds alone, the rule before, {old:.1%}."
        for n, (tables, by_table, single, old) in ((100, small), (400, larger))
    ]
    return "\n".join(
        [
            f"{datetime.datetime.now(tz=datetime.UTC).date()}, {platform.machine()}, "
            f"{os.cpu_count()} cores: coverage of 95 % intervals over seeds and points "
            f"/ over seeds alone, where both are drawn anew; k = {K}.",
            "",
            *lines,
            "",
            *words,
            f"A true difference of {100 * true:.1f} points of accuracy, 900 points, 5 "
            f"seeds ({many} worlds), is called higher by the table, which accuracy "
            f"leads, in {table:.3f}, as the only question in {alone:.3f} (ratio "
            f"{table / alone:.2f}), over seeds alone in {before:.3f} of worlds; none "
            f"at all in {wrong[0]:.3f}, {wrong[1]:.3f} and {wrong[2]:.3f}.",
            *same,
            "",
            "Over splits, a fifth of the rows tested: corrected for shared rows / not.",
            "",
            "| rows | splits | rows are | worlds | accuracy | difference |",
            "|---|---|---|---|---|---|",
            *splits,
        ]
    )


if __name__ == "__main__":
    numbers_asked = [float(word) for word in sys.argv[1:] if not word.startswith("-")]
    text = section(numbers_asked[0] if numbers_asked else 20.0)
    print(text)
    if "--write" in sys.argv:
        write_section(MARKS, text)
