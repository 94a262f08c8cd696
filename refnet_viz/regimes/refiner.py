"""Gains and costs of the refiner's weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from .. import _check
from ..config import Config
from ..data.dataset import Dataset
from ..graph import compare, knn
from ..inference import embed
from ..train import sweep
from .labels import check_whole
from .table import as_frame

CONFIDENCE = 0.95
METRICS = (
    "accuracy",
    "adjusted_homophily",
    "purity",
    "refined overlap with sum",
    "supported",
)


def refiner_curve(
    data: Dataset,
    weights: Sequence[float] = (0.0, 0.1, 1.0, 10.0),
    *,
    config: Config | None = None,
    seeds: Iterable[int] = range(5),
    folder: str | Path | None = None,
    n_jobs: int = -1,
    k: int | None = None,
    metrics: Sequence[str] | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Train with heavier and heavier refiners; measure what is gained and what is paid.

    The refined graph comes closer to that of all modalities, and so does the latent
    graph; its neighbours share their label less, and at some weight accuracy falls.

    Parameters
    ----------
    data
        With labels, training and test rows; without validation rows, `fit` takes some
        training rows for them.
    weights
        Rising, at least 0; the first is the baseline.
    config
        All other settings; None takes the defaults without the contrastive loss.
    seeds
        Whole numbers, each once.
    folder
        Where to keep each run; what was stopped continues there.
    n_jobs
        Processes; -1 is one a core.
    k
        Neighbours a point of the graphs; None takes 15, or as many as there are.
    metrics
        Names as in `compare`; None takes those below. Overlaps of the latent graph with
        each modality and their sum are always there.
    progress
        Whether to show a bar.

    Returns
    -------
    pandas.DataFrame
        One row a metric and ``weight``, with the columns of `label_curve`; metrics are
        accuracy, adjusted homophily, purity, support and overlaps of the latent graph,
        the refined graph's overlap with that of all modalities, and the responsibility
        for each modality, see `compare`. ``variant`` is "refiner" throughout.
        Differences are to the first weight, paired by seed.

        At weight 0 the decoders are fitted afterwards to the z as it is; at a small
        weight they are trained beside a z that moves, and may answer for less.

    Raises
    ------
    ValueError
        If weights do not rise from 0 or above, or for the reasons of `sweep`, `knn` and
        `compare`.
    TypeError
        If `seeds` is a number.
    KeyboardInterrupt
        If it is stopped; runs that are whole lie in `folder`.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.repeat([0, 1], 60)
    >>> x = np.random.default_rng(0).normal(size=(120, 3)) + labels[:, None]
    >>> data = Dataset.from_arrays({"a": x, "b": x**2}, labels=labels)
    >>> small = Config(epochs=3, hidden=16, width=8, contrastive=0)
    >>> table = refiner_curve(data, (0, 1), config=small, seeds=[0], n_jobs=1, k=5,
    ...                       progress=False)
    >>> table[table.metric == "accuracy"].weight.tolist()
    [0.0, 1.0]
    """
    _check.instance("data", data, Dataset)
    weights = _check.several("weights", weights)
    rising = [_check.number("weights", weight, low=0) for weight in weights]
    if len(rising) < 2 or not all(a < b for a, b in pairwise(rising)):
        raise ValueError(
            "`weights` must be two or more numbers that rise from 0 or above, "
            f"got {list(weights)}."
        )
    k = _check.k_or_default(k, len(data.test))
    metrics = None if metrics is None else _check.several("metrics", metrics)
    if config is None:
        config = Config(contrastive=0.0)
    _check.instance("config", config, Config)
    configs = {str(weight): replace(config, refiner=weight) for weight in rising}
    order = (
        tuple(_check.several("seeds", seeds)) if isinstance(seeds, Iterable) else seeds
    )
    runs = sweep(
        data, configs, seeds=order, folder=folder, n_jobs=n_jobs, progress=progress
    )
    check_whole(runs, len(order))
    spaces = embed(runs, data.test)
    answers = [f"responsibility for {name}" for name in data.modalities]
    table = compare(
        knn(spaces, k),
        baseline=next(iter(configs)),
        over="seeds",
        confidence=CONFIDENCE,
        metrics=[*METRICS, *answers] if metrics is None else metrics,
        permutations=0,
    )
    place = dict(zip(configs, rising, strict=True))
    rows: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()}
        | {"variant": "refiner", "weight": place[row["variant"]]}
        for row in table[table["kind"] == "variant"].to_dict("records")
    ]
    return as_frame(
        rows,
        "weight",
        baseline=rising[0],
        confidence=CONFIDENCE,
        k=k,
        dataset=data.name,
    )
