"""What pre-training and both losses are worth with a tenth of the labels of emoji.

``python tests/benchmarks/few_labels.py``; five fresh splits with a seed each. The
settings were chosen by validation accuracy on splits 1 to 4 and 11 to 16.
"""

import os
from dataclasses import replace

# Before torch is imported: runs have one thread and stand side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
from report import Row, show

import refnet_viz as rv
from refnet_viz.statistics import seed_band

SPLITS = range(31, 36)
UNLABELLED = rv.Config(
    epochs=60, contrastive=0, modality_dropout=0.3, input_dropout=0.3
)
FEW = {
    name: replace(config, label_fraction=0.1)
    for name, config in {
        "plain": rv.VARIANTS["plain"],
        "both": rv.VARIANTS["both"],
        "tuned": replace(rv.VARIANTS["both"], learning_rate=1e-3, refiner=0.5),
    }.items()
}
WAYS = ("plain", "both", "pre-trained plain", "pre-trained both")


def accuracies(split: int) -> list[float]:
    """Return the test accuracy of every way on one split."""
    data = rv.data.emoji(split_seed=split)
    start = rv.pretrain(data, UNLABELLED, seed=split, progress=False)
    slow = replace(FEW["plain"], learning_rate=1e-3)
    runs = [
        rv.fit(data, FEW["plain"], seed=split, progress=False),
        rv.fit(data, FEW["both"], seed=split, progress=False),
        rv.fit(data, slow, seed=split, start=start, progress=False),
        rv.fit(data, FEW["tuned"], seed=split, start=start, progress=False),
    ]
    return [space.accuracy for space in rv.embed(runs, data.test)]


def measure() -> list[Row]:
    """Return every way minus plain training."""
    work = (joblib.delayed(accuracies)(split) for split in SPLITS)
    found = np.array(joblib.Parallel(n_jobs=-1)(work))
    gains = found - found[:, :1]
    rows: list[Row] = []
    for column, way in enumerate(WAYS[1:], start=1):
        low, high = seed_band(gains[:, column], 0.95)
        rows.append(
            {
                "name": f"emoji, 10 % of the labels, {len(SPLITS)} fresh splits, {way}",
                "asked": "at least +.015" if way == "pre-trained both" else "",
                "measured": f"{found[:, column].mean():.3f}, plain "
                f"{found[:, 0].mean():.3f}: {gains[:, column].mean():+.3f}, "
                f"95 % interval [{low:+.3f}, {high:+.3f}]",
                "unit": "",
            }
        )
    return rows


if __name__ == "__main__":
    show(measure())
