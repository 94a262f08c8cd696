"""Trials of the zoo: one training run each, its numbers kept as JSON.

A trial that is kept is not trained again, so what was stopped continues. The folder is
REFNET_VIZ_ZOO, or one in the system's temporary folder.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import torch
from tqdm.auto import tqdm

import refnet_viz as rv
from refnet_viz.data import Dataset
from refnet_viz.statistics import seed_band

FOLDER = Path(os.environ.get("REFNET_VIZ_ZOO") or f"{tempfile.gettempdir()}/refnet_zoo")
K, SPACES = 15, ("latent", "sum")

Scores = dict[str, float]


@dataclass(frozen=True, eq=False)
class Trial:
    """A dataset with its split, settings and a seed."""

    data: Dataset
    config: rv.Config
    seed: int

    @property
    def place(self) -> Path:
        """The file of its numbers; another for any other value, setting or version."""
        words = [rv.__version__, torch.__version__, self.data.fingerprint, self.seed]
        text = json.dumps([*words, self.config.to_dict()], sort_keys=True)
        return FOLDER / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def run_all(trials: Sequence[Trial], label: str) -> list[Scores]:
    """Return the numbers of every trial."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    waiting = [trial for trial in trials if not trial.place.is_file()]
    parallel = joblib.Parallel(n_jobs=-1, return_as="generator_unordered")
    work = parallel(joblib.delayed(_run)(trial) for trial in waiting)
    for _ in tqdm(work, label, total=len(waiting)):
        pass
    return [json.loads(trial.place.read_text("utf-8")) for trial in trials]


def _run(trial: Trial) -> None:
    begin = time.process_time()
    run = rv.fit(trial.data, trial.config, seed=trial.seed, progress=False)
    spent = time.process_time() - begin
    space = rv.embed(run, trial.data.test)
    own = np.clip(space.scores[np.arange(len(space)), space.labels], 1e-6, 1)
    fusion = run.model().fusion
    found = {
        "accuracy": space.accuracy,
        "surprise": float(-np.log(own).mean()),
        "overlap": rv.graph.overlap(*(rv.knn(space, K, space=name) for name in SPACES)),
        "parameters": sum(p.numel() for p in fusion.parameters()),
        "z": fusion.z_width,
        "seconds": spent,
    }
    temporary = trial.place.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(found), "utf-8")
    temporary.replace(trial.place)


def points(values: np.ndarray, *, test_per_train: float = 0.0) -> str:
    """Return mean and 95 % interval of differences, in points.

    Of splits of the same rows, with the correction of `of_splits`.
    """
    half = seed_band(values, 0.95)[1] - values.mean()
    half *= np.sqrt(1 + len(values) * test_per_train)
    low, high = (100 * (values.mean() + side * half) for side in (-1, 1))
    return f"{100 * values.mean():+.1f} [{low:+.1f}, {high:+.1f}]"
