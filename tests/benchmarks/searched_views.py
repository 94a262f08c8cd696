"""Wrong words of somebody who turns k and the distance, and what paying for it costs.

``python tests/benchmarks/searched_views.py [worlds, 300]``. Two variants of five seeds
that do not differ (and, for power, two that do), on 100 points, are looked at in 16
views: 8 k by 2 distances, each with 4 metrics. Counted are the sessions in which some
verdict is "higher" or "lower": in the view of k = 15 alone; in any view, if none pays
for the others; in any view at the end, if all are paid for; and in the first view where
a word stands, for somebody who stops there.
"""

import sys

import numpy as np

import refnet_viz as rv
from refnet_viz import statistics
from refnet_viz.explorer.questions import Question, judged
from refnet_viz.graph import METRICS, knn
from refnet_viz.graph.table import Line, Settings, difference_of, samples_of

KS = (1, 2, 3, 5, 7, 10, 15, 20)
DISTANCES = ("euclidean", "cosine")
NAMES = ("purity", "adjusted_homophily", "hubness", "reciprocity")
SEEDS, POINTS = 5, 100
SETTINGS = Settings("plain", 0.95, permutations=0, seed=0, over="seeds")


def runs(points, rng, shift):
    """Return the embeddings of one variant, one a seed, over the same points."""
    labels = np.arange(POINTS) % 4
    made = []
    for seed in range(SEEDS):
        z = points + 0.4 * rng.normal(size=points.shape)
        z[:, :4] += np.eye(4)[labels] * (1.5 + shift)
        one = rv.Embedding.from_arrays(z, labels=labels)
        one.info["seed"] = seed
        made.append(one)
    return made


def session(rng, shift):
    """Return the questions of every view of a session."""
    points = rng.normal(size=(POINTS, 6))
    variants = [runs(points, rng, own) for own in (0.0, shift)]
    views = []
    for distance in DISTANCES:
        wide = [
            [knn(run, max(KS), metric=distance) for run in members]
            for members in variants
        ]
        for k in KS:
            lines = [
                Line(name, "variant", [graph.head(k) for graph in members])
                for name, members in zip(("plain", "both"), wide, strict=True)
            ]
            views.append([_question(name, lines) for name in NAMES])
    return views


def _question(name, lines):
    metric = METRICS[name]
    base, own = samples_of(metric, lines, SETTINGS)
    row = difference_of(metric, (lines[1], lines[0]), (own, base), SETTINGS)
    keys = ("difference", "diff_low", "diff_high", "over", "p", "reason")
    return Question("both", name, *(row[key] for key in keys))


def says(view, looks):
    """Return whether any verdict of a view stands."""
    return any(one.verdict in statistics.APART for one in judged(view, looks))


def main(worlds):
    """Print the shares of sessions with a wrong, or a right, word."""
    for title, shift in (("no difference", 0.0), ("a difference", 0.25)):
        rng = np.random.default_rng([8, int(100 * shift)])
        counts = dict.fromkeys(
            ("one view", "any view, unpaid", "any, paid", "first"), 0
        )
        for _ in range(worlds):
            views = session(rng, shift)
            looks = len(views)
            counts["one view"] += says(views[KS.index(15)], 1)
            counts["any view, unpaid"] += any(says(view, 1) for view in views)
            counts["any, paid"] += any(says(view, looks) for view in views)
            counts["first"] += any(
                says(view, number) for number, view in enumerate(views, 1)
            )
        shares = {name: count / worlds for name, count in counts.items()}
        print(title, worlds, {name: f"{share:.3f}" for name, share in shares.items()})


if __name__ == "__main__":
    main(int((sys.argv[1:] or [300])[0]))
