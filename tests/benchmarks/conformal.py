"""Whether radii around a missing modality cover what they promise, and what they say.

``python tests/benchmarks/conformal.py``. Test rows of one run with modality dropout are
dealt at random, 50 times, to calibration points, which are the anchors too, and to new
points that lack the modality.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # sets are measured beside each other

from collections.abc import Callable
from dataclasses import replace

import joblib
import numpy as np
from report import Row, show

import refnet_viz as rv
from refnet_viz.data import Dataset, without
from refnet_viz.responsibility import conformal_radius, missing_errors, r_squared

SPLITS, NOMINAL = 50, 0.9
CONFIG = rv.Config(modality_dropout=0.3)
SETS: dict[str, Callable[[], Dataset]] = {
    "emoji": rv.data.emoji,
    "playground": rv.data.playground,
}
Numbers = dict[str, float]


def radii(name: str) -> dict[str, Numbers]:
    """Return for each modality of a set what holds without it."""
    data = SETS[name]()
    run = rv.fit(data, CONFIG, progress=False)
    whole = rv.embed(run, data.test)
    return {
        modality: covered(whole, rv.embed(run, without(data.test, modality)), modality)
        for modality in data.modalities
    }


def covered(whole: rv.Embedding, gone: rv.Embedding, modality: str) -> Numbers:
    """Return shares of new points of which statements hold, and how wide bounds are."""
    rng, found = np.random.default_rng(0), []
    with_it = replace(whole, present=gone.present)
    x = whole.targets[modality].astype(float)
    error = missing_errors(whole, gone, modality)
    for _ in range(SPLITS):
        first, new = np.array_split(rng.permutation(len(whole)), 2)
        anchors, points = whole.subset(first), gone.subset(new)
        # The mean of the calibration points for an answer is the null of the width.
        mean = np.broadcast_to(x[first].mean(axis=0), x.shape).astype(np.float32)
        constant = replace(gone, decoded={**gone.decoded, modality: mean})
        ways = {"": gone, "naive ": with_it, "mean ": constant}
        true = np.linalg.norm(x[new][:, None] - x[first], axis=2)
        row: Numbers = {}
        for way, fitted in ways.items():
            radius = conformal_radius(
                anchors, fitted.subset(first), modality, coverage=NOMINAL
            )
            asked = constant.subset(new) if way == "mean " else points
            low, high = radius.interval(asked, anchors)
            bounds = radius.bounds(asked, anchors)
            row[f"{way}bounds"] = float((true <= bounds).all(axis=1).mean())
            within = (low <= true) & (true <= high)
            row[f"{way}interval"] = float(within.all(axis=1).mean())
            row[f"{way}radius"] = float((error[new] <= radius.radius).mean())
            apart = true > 0
            row[f"{way}width"] = float(np.median(bounds[apart] / true[apart]))
            row[f"{way}high"] = float(np.median(high[apart] / true[apart]))
        found.append(row)
    means = {key: float(np.mean([row[key] for row in found])) for key in found[0]}
    means["least"] = min(row["bounds"] for row in found)
    means["r2"] = r_squared(x, gone.decoded[modality].astype(float))
    return means


def measure() -> list[Row]:
    """Return coverage and width, a row each, for every modality of every set."""
    work = (joblib.delayed(radii)(name) for name in SETS)
    rows: list[Row] = []
    for name, parts in zip(SETS, joblib.Parallel(n_jobs=-1)(work), strict=True):
        for modality, of in parts.items():
            title = f"{name} without {modality}"
            rows += [
                {
                    "name": f"{title}, bounds to all anchors that hold at once, "
                    f"{SPLITS} splits, nominal {NOMINAL:g}",
                    "asked": f"at least {NOMINAL - 0.02:g}",
                    "measured": f"{of['bounds']:.3f} (least {of['least']:.3f}; "
                    f"interval {of['interval']:.3f}; radius {of['radius']:.3f}; "
                    f"calibrated with the modality: {of['naive bounds']:.3f}, "
                    f"{of['naive interval']:.3f}, {of['naive radius']:.3f})",
                    "unit": "",
                },
                {
                    "name": f"{title}, bound / true distance, median",
                    "asked": "",
                    "measured": f"{of['width']:.2f} (interval {of['high']:.2f}; the "
                    f"mean for an answer {of['mean high']:.2f}); R² {of['r2']:.2f}",
                    "unit": "",
                },
            ]
    return rows


if __name__ == "__main__":
    show(measure())
