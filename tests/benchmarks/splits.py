"""Plain against both losses on splits of emoji that no setting was chosen on.

``python tests/benchmarks/splits.py``; 5 splits x 2 variants x 5 seeds, some minutes.
"""

import numpy as np
from report import Row, show

import refnet_viz as rv

SPLITS = range(1, 6)
METRICS = ("accuracy", "purity", "overlap with picture", "overlap with text")


def differences(split: int) -> list[float]:
    """Return both minus plain on one split, a number a metric."""
    data = rv.data.emoji(split_seed=split)
    variants = {name: rv.VARIANTS[name] for name in ("plain", "both")}
    runs = rv.sweep(data, variants, seeds=range(5), progress=False)
    graphs = rv.knn(rv.embed(runs, data.test), k=15)
    frame = rv.compare(graphs, permutations=0).set_index(["metric", "variant"])
    return [float(frame.loc[(metric, "both"), "difference"]) for metric in METRICS]


def measure() -> list[Row]:
    """Return mean, standard error and signs over the splits."""
    found = np.array([differences(split) for split in SPLITS])
    errors = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    return [
        {
            "name": f"emoji, {len(found)} fresh splits, 5 seeds each, {metric}",
            "asked": "",
            "measured": f"both − plain {mean:+.3f}, standard error {error:.3f}, "
            f"positive on {int((column > 0).sum())} of {len(column)}",
            "unit": "",
        }
        for metric, mean, error, column in zip(
            METRICS, found.mean(axis=0), errors, found.T, strict=True
        )
    ]


if __name__ == "__main__":
    show(measure())
