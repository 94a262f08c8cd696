"""Runs trained with fewer and fewer labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from .. import _check, statistics
from .._folders import DamagedError
from .._nested import Variants
from ..config import Config
from ..data.dataset import Dataset
from ..data.notices import hush
from ..graph import Neighbors, compare, jaccard, knn
from ..graph.pairs import shuffled
from ..inference import embed
from ..train import pretrain as train_unlabelled
from ..train import sweep
from ..train.claims import claimed
from ..train.run import Run
from ..train.sweeps import processes
from .table import Floats, as_frame, difference_of

CONFIDENCE = 0.95
STABILITY = "seed_stability"
STRUCTURE = ("accuracy", "adjusted_homophily")


def label_curve(
    data: Dataset,
    configs: Mapping[str, Config],
    *,
    fractions: Sequence[float] = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0),
    seeds: Iterable[int] = range(5),
    pretrain: Config | None = None,
    folder: str | Path | None = None,
    n_jobs: int = -1,
    k: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Train with growing shares of the labels; measure accuracy and structure.

    Every fraction is a `sweep` with ``label_fraction`` set to it, judged on the test
    rows. A seed's labels at one fraction are among its labels at every higher one.

    Parameters
    ----------
    data
        With labels, training and test rows; without validation rows, `fit` takes some
        training rows for them.
    configs
        Variant name to settings; the first one is the baseline.
    fractions
        Rising, above 0 and at most 1.
    seeds
        Whole numbers, each once.
    pretrain
        Settings of one `refnet_viz.pretrain` run a seed on all training rows, without
        labels. Every variant is then trained from it, too, as "pretrained + " and its
        name; settings that shape the network must agree.
    folder
        Where to keep each run, pre-trained ones as well, as soon as it is whole; what
        was stopped continues there.
    n_jobs
        Processes; -1 is one a core.
    k
        Neighbours a point of the graphs; None takes 15, or as many as there are.
    progress
        Whether to show a bar a sweep.

    Returns
    -------
    pandas.DataFrame
        One row a metric, variant and fraction:

        metric
            "accuracy", "adjusted_homophily" and "overlap with ..." each modality and
            their sum, as in `compare`; "seed_stability", the mean Jaccard index of
            the neighbourhoods in two seeds' graphs (0 to 1, higher is stabler).
        mean, low, high, seeds
            Mean over the seeds and its 95 % confidence interval: Student's t, and the
            jackknife over seeds for "seed_stability".
        difference, diff_low, diff_high, verdict
            Minus the baseline at the same fraction, paired by seed.
        chance
            As in `compare`; for "seed_stability", with the points of one of the two
            graphs exchanged at random.

    Raises
    ------
    ValueError
        If fractions do not rise, a variant has the name of a pre-trained one, `k` is
        too large, or for the reasons of `sweep`, `pretrain` and `knn`.
    TypeError
        If `configs` is no mapping or `seeds` is a number.
    KeyboardInterrupt
        If it is stopped; runs that are whole lie in `folder`.
    """
    _check.instance("data", data, Dataset)
    shares = _fractions(fractions)
    k = _check.k_or_default(k, len(data.test))
    order = (
        tuple(_check.several("seeds", seeds)) if isinstance(seeds, Iterable) else seeds
    )
    base = None if folder is None else _check.new_folder("folder", folder)
    rows: list[dict[str, Any]] = []
    starts: dict[int, Run] = {}
    for share in shares:
        common: dict[str, Any] = {
            "seeds": order,
            "n_jobs": n_jobs,
            "progress": progress,
            "folder": None if base is None else base / f"labels-{share}",
        }
        scarce, started = _settings(configs, share, again=pretrain is not None)
        runs = sweep(data, scarce, **common)
        check_whole(runs, len(order))
        if pretrain is not None:
            # After the first sweep, which has checked variants and seeds.
            starts = starts or _starts(data, pretrain, order, base, n_jobs)
            runs |= sweep(data, started, start=starts, **common)
            check_whole(runs, len(order))
        rows += [row | {"fraction": share} for row in _measured(runs, data.test, k)]
    return as_frame(
        rows,
        "fraction",
        baseline=next(iter(configs)),
        confidence=CONFIDENCE,
        k=k,
        dataset=data.name,
    )


def _fractions(fractions: Sequence[float]) -> list[float]:
    fractions = _check.several("fractions", fractions)
    checked = [_check.number("fractions", share, low=0, high=1) for share in fractions]
    rises = all(a < b for a, b in pairwise(checked))
    if not checked or checked[0] == 0 or not rises:
        raise ValueError(
            "`fractions` must be numbers that rise from above 0 to at most 1, "
            f"got {list(fractions)}."
        )
    return checked


def _settings(
    configs: Any, share: float, *, again: bool
) -> tuple[Any, dict[str, Config]]:
    """Return settings of that fraction, and the same again for pre-trained variants."""
    if not isinstance(configs, Mapping):
        return configs, {}  # `sweep` says what is wrong
    for name, config in configs.items():
        _check.instance(f"configs[{name!r}]", config, Config)
    scarce = {name: replace(c, label_fraction=share) for name, c in configs.items()}
    started = {f"pretrained + {name}": c for name, c in scarce.items() if again}
    for name in started:
        if name in scarce:
            raise ValueError(
                "`configs` must leave the names of pre-trained variants free, "
                f"got {name!r}."
            )
    return scarce, started


def check_whole(runs: Variants[Run], count: int) -> None:
    """Stop where a sweep was stopped, instead of going on with the next one."""
    if any(len(members) < count for members in runs.values()):
        raise KeyboardInterrupt


def _starts(
    data: Dataset,
    config: Config,
    seeds: Sequence[int],
    folder: Path | None,
    n_jobs: int,
) -> dict[int, Run]:
    """Return a pre-trained run a seed."""
    jobs = processes(n_jobs, len(seeds))
    work = (joblib.delayed(_start)(data, config, seed, folder) for seed in seeds)
    return dict(zip(seeds, joblib.Parallel(n_jobs=jobs)(work), strict=True))


def _start(data: Dataset, config: Config, seed: int, folder: Path | None) -> Run:
    """Return a pre-trained run, the one in its folder when there is one."""
    if folder is None:
        return _pretrained(data, config, seed)
    place = folder / "pretrained" / f"seed-{seed}"
    with claimed(place, wait=True):
        try:
            return _checked(Run.load(place), data, config, place)
        except (FileNotFoundError, DamagedError):
            run = _pretrained(data, config, seed)
            run.save(place)
    return run


def _pretrained(data: Dataset, config: Config, seed: int) -> Run:
    hush(data)  # the sweep before has spoken
    run = train_unlabelled(data, config, seed=seed, progress=False)
    if run.manifest["stopped"]:
        raise KeyboardInterrupt
    return run


def _checked(run: Run, data: Dataset, config: Config, place: Path) -> Run:
    origin = (run.manifest["fingerprint"], run.config, run.manifest["supervised"])
    if origin != (data.fingerprint, config, False):
        raise ValueError(
            "`folder` must hold pre-trained runs of the same data and settings, got "
            f"others in {str(place)!r}."
        )
    return run


def _measured(runs: Variants[Run], test: Dataset, k: int) -> list[dict[str, Any]]:
    """Return the rows of one fraction, every metric with all its variants."""
    graphs: Variants[Neighbors] = knn(embed(runs, test), k)
    baseline = next(iter(graphs))
    table = compare(
        graphs,
        baseline=baseline,
        metrics=STRUCTURE,
        over="seeds",
        confidence=CONFIDENCE,
        permutations=0,
    )
    of_variants = table[table["kind"] == "variant"].to_dict("records")
    rows = [{str(key): value for key, value in row.items()} for row in of_variants]
    return rows + _stability(graphs, baseline)


def _stability(graphs: Variants[Neighbors], baseline: str) -> list[dict[str, Any]]:
    """Return the overlap of the graphs of two seeds; nothing for a single seed."""
    tables = {name: _alike(members) for name, members in graphs.items()}
    if len(tables[baseline]) < 2:
        return []
    rows = []
    for name, table in tables.items():
        first, second = graphs[name][:2]
        band = _jackknife(table)
        low, high = statistics.within(band.low, band.high, len(table), (0, 1))
        row = {
            "metric": STABILITY,
            "variant": name,
            "mean": band.value,
            "low": low,
            "high": high,
            "seeds": len(table),
            "verdict": statistics.BASELINE if name == baseline else "",
            "chance": float(jaccard(first, shuffled(second, seed=0)).mean()),
        }
        if name != baseline:
            row |= difference_of(_jackknife(table - tables[baseline]))
        rows.append(row)
    return rows


def _alike(graphs: list[Neighbors]) -> Floats:
    """Return the mean Jaccard index of each two graphs; NaN on the diagonal."""
    table = np.full((len(graphs), len(graphs)), np.nan)
    for i, j in combinations(range(len(graphs)), 2):
        table[i, j] = table[j, i] = jaccard(graphs[i], graphs[j]).mean()
    return table


def _jackknife(table: Floats) -> statistics.Difference:
    """Return the mean over pairs; pairs share seeds, so each seed is left out once."""
    count = len(table)
    left = [np.delete(np.delete(table, s, 0), s, 1) for s in range(count)]
    without = [np.nanmean(part) if count > 2 else np.nan for part in left]
    return statistics.jackknife(
        float(np.nanmean(table)), np.array(without), confidence=CONFIDENCE
    )
