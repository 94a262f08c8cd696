"""Variants times seeds, in parallel, resumable."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib

from .. import _check
from .._progress import progress as progress_bar
from ..config import Config
from ..data.dataset import Dataset
from ..data.notices import hush, warn_before_training
from ..model import as_device
from .loop import fit
from .run import Run
from .watch import kept_epochs


def sweep(
    data: Dataset,
    configs: Mapping[str, Config],
    *,
    seeds: Iterable[int] = range(5),
    folder: str | Path | None = None,
    start: Mapping[int, Run] | None = None,
    n_jobs: int = -1,
    device: str = "cpu",
    progress: bool = True,
    snapshots: int = 0,
) -> dict[str, list[Run]]:
    """Train every variant with every seed.

    Runs with the same seed share initial weights, batch order and label subset, so
    their differences are the settings' doing. They go through joblib:
    ``joblib.parallel_config("dask")`` puts them on a cluster.

    Parameters
    ----------
    data
        With labels; without validation rows, `fit` takes some training rows for them.
    configs
        Variant name to settings; `VARIANTS` is the 2 x 2 of refiner and contrastive
        loss.
    seeds
        Whole numbers, each once.
    folder
        Where to keep each run as soon as it is whole; a sweep that was stopped or
        killed continues there and recomputes nothing that is whole.
    start
        Seed to the run that its variants start from, as in `fit`.
    n_jobs
        Processes; -1 is one a core. Those of an accelerator share its memory.
    device
        Where every run is trained, as in `fit`; saved runs count wherever they were.
    progress
        Whether to show a bar.
    snapshots
        As in `fit`. A saved run that lacks one of the epochs is trained again.

    Returns
    -------
    dict
        Variant to runs in the order of `seeds`. After an interrupt only those that
        were finished, with a warning that says how many.

    Raises
    ------
    ValueError
        If there is no variant or seed, a seed repeats or has no start, `folder` holds
        runs of other data, settings or starts, or the device is not there.
    TypeError
        If `configs` is no mapping or `seeds` is a number.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> data = Dataset.from_arrays(
    ...     {"a": rng.normal(size=(40, 3))}, labels=np.repeat([0, 1], 20))
    >>> small = {"a": Config(epochs=1, hidden=16, width=8)}
    >>> runs = sweep(data, small, seeds=[0, 1], n_jobs=1, progress=False)
    >>> [(run.manifest["variant"], run.seed) for run in runs["a"]]
    [('a', 0), ('a', 1)]
    """
    order = _checked(configs, seeds, start)
    snapshots = _check.integer("snapshots", snapshots, low=0)
    as_device(device)  # says so before a process is started where it is not there
    places = _places(folder, configs, order)
    needed = any(config.keep == "best" for config in configs.values())
    warn_before_training(data, validation=needed)
    whole, jobs = {}, []
    for (name, seed), place in places.items():
        begin = None if start is None else start[seed]
        saved = _saved(place, data, configs[name], begin)
        snapshot_epochs = kept_epochs(configs[name].epochs, snapshots)
        if saved is not None and set(snapshot_epochs) <= set(saved.epochs):
            whole[name, seed] = saved
        else:
            jobs.append((name, seed, place, begin))
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    settings = {"snapshots": snapshots, "device": device}
    work = (joblib.delayed(_one)(data, configs[job[0]], job, settings) for job in jobs)
    bar = progress_bar(title="runs", total=len(jobs), disable=not progress)
    try:
        for name, seed, run in parallel(work):
            whole[name, seed] = run
            bar.update()
    except KeyboardInterrupt:
        warnings.warn(
            f"the sweep was stopped: {len(whole)} of {len(places)} runs are whole "
            "and returned.",
            stacklevel=2,
        )
    finally:
        bar.close()
    return {
        name: [whole[name, seed] for seed in order if (name, seed) in whole]
        for name in configs
    }


def _checked(
    configs: Mapping[str, Config], seeds: Iterable[int], start: Mapping[int, Run] | None
) -> list[int]:
    """Return the seeds when variants, seeds and starts fit together."""
    if not isinstance(configs, Mapping):
        raise TypeError(
            "`configs` must be a mapping of variant names to settings, e.g. "
            f"{{'refiner': Config()}}, got {type(configs).__name__}."
        )
    if not isinstance(seeds, Iterable):
        raise TypeError(f"`seeds` must be whole numbers, e.g. range(5), got {seeds!r}.")
    order = [_check.integer("seeds", seed, low=0) for seed in seeds]
    if not order or not configs:
        name = "configs" if order else "seeds"
        raise ValueError(f"`{name}` must hold at least one entry, got none.")
    _check.unique("seeds", [str(seed) for seed in order])
    missing = [] if start is None else [seed for seed in order if seed not in start]
    if missing:
        raise ValueError(
            f"`start` must hold a run for every seed, got none for {missing[0]}."
        )
    return order


def _one(
    data: Dataset,
    config: Config,
    job: tuple[str, int, Path | None, Run | None],
    settings: dict[str, Any],
) -> tuple[str, int, Run]:
    name, seed, place, begin = job
    hush(data)  # `sweep` has spoken
    with warnings.catch_warnings():
        # What `fit` says it keeps is dropped here, and the sweep says so itself.
        warnings.filterwarnings("ignore", ".* was stopped in ", UserWarning)
        run = fit(data, config, seed=seed, start=begin, progress=False, **settings)
    if run.manifest["stopped"]:  # half a run must not be taken for a whole one
        raise KeyboardInterrupt
    run = replace(run, manifest=run.manifest | {"variant": name})
    if place is not None:
        run.save(place)
    return name, seed, run


def _places(
    folder: str | Path | None, configs: Mapping[str, Config], seeds: list[int]
) -> dict[tuple[str, int], Path | None]:
    if folder is None:
        return {(name, seed): None for name in configs for seed in seeds}
    # Leading dots would hide a folder, or leave it.
    names = {name: re.sub(r"[^\w.-]+|^\.+", "_", name) or "_" for name in configs}
    for name, place in names.items():
        if list(names.values()).count(place) > 1:
            raise ValueError(
                "`configs` must have names that make different folders, got "
                f"{name!r} and another one for {place!r}."
            )
    return {
        (name, seed): Path(folder) / names[name] / f"seed-{seed}"
        for name in configs
        for seed in seeds
    }


def _saved(
    place: Path | None, data: Dataset, config: Config, begin: Run | None
) -> Run | None:
    """Return the whole run at `place`, None where there is none or half of one."""
    if place is None:
        return None
    try:
        run = Run.load(place)
    except FileNotFoundError:
        return None
    except ValueError as error:
        if "newer refnet_viz" in str(error):
            raise
        return None
    origin = (run.manifest["fingerprint"], run.config, run.manifest["start"])
    if origin != (data.fingerprint, config, None if begin is None else begin.digest):
        raise ValueError(
            "`folder` must hold runs of the same data, settings and starts, got others "
            f"in {str(place)!r}."
        )
    return run
