"""Runs that the processes of torchrun train together, saved by each of them.

``torchrun --nproc-per-node 2 tests/distributed_training.py FOLDER``
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch.distributed as dist
from conftest import mixed, paired

from refnet_viz.config import Config
from refnet_viz.train import fit, pretrain, sweep

# Without dropout, whose masks depend on the part of a batch that a process has.
SMALL = Config(epochs=2, batch_size=10, hidden=16, width=8, dropout=0.0)
OTHERS = {
    "dropout": replace(SMALL, dropout=0.5),
    "half": replace(SMALL, precision="bfloat16"),
}


def scarce():
    """Return data of which labels and modalities are missing, and text is rare."""
    labels = np.where(np.arange(64) % 5, np.arange(64) % 3, -1)
    return mixed(rows=64, missing=True, labels=labels, unlabelled=-1)


def several():
    """Return data with up to three labels a row."""
    return paired(rows=60, labels=np.random.default_rng(1).integers(0, 2, (60, 3)))


def measured():
    """Return data with a target."""
    return paired(rows=60, labels=None, target=np.arange(60) / 7.0)


def case(name, seen=None):
    """Train the run of that name, and return it."""
    if name == "unlabelled":
        return pretrain(scarce(), SMALL, seed=3, snapshots=1, progress=False)
    if name == "stopped":

        def stop(epoch):
            seen.append(epoch.epoch)
            return epoch.epoch == 1

        config = replace(SMALL, epochs=9)
        return fit(paired(rows=60), config, on_epoch=stop, progress=False)
    data, settings = {
        "noise": (
            scarce,
            {
                "modality_dropout": 0.4,
                "input_dropout": 0.3,
                "jitter": 0.2,
                "class_weights": "balanced",
                "label_fraction": 0.5,
            },
        ),
        "features": (scarce, {"targets": "features", "refiner_loss": "contrastive"}),
        "several": (several, {"fusion": "mfm", "jaccard": 0.5, "rounds": 2}),
        "target": (measured, {"fusion": "poe", "contrastive": 0}),
        "decoders": (paired, {"fusion": "tmc", "refiner": 0}),
        "pairs": (scarce, {"fusion": "mm_dynamics", "contrastive_loss": "info_nce"}),
    }[name]
    return fit(data(), replace(SMALL, **settings), seed=3, progress=False)


CASES = (
    "noise",
    "features",
    "several",
    "target",
    "decoders",
    "pairs",
    "unlabelled",
    "stopped",
)


def refused(rank):
    """Return what each wrong call says."""
    data = paired(rows=60)
    calls = {
        "rows": lambda: fit(data, replace(SMALL, batch_size=1), progress=False),
        "alike": lambda: fit(data, SMALL, seed=rank, progress=False),
        "sweep": lambda: sweep(data, {"a": SMALL}, n_jobs=1, progress=False),
    }
    said = {}
    for name, call in calls.items():
        try:
            call()
        except (ValueError, RuntimeError) as error:
            said[name] = str(error)
    return said


def main(folder):
    """Train all cases and write what this process has."""
    dist.init_process_group("gloo")
    rank, seen = dist.get_rank(), []
    place = Path(folder) / str(rank)
    for name in CASES:
        case(name, seen).save(place / name)
    for name, config in OTHERS.items():
        fit(paired(rows=60), config, progress=False).save(place / name)
    noted = {"epochs": seen, "refused": refused(rank)}
    (place / "noted.json").write_text(json.dumps(noted))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
