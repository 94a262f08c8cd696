"""Variants times seeds, in parallel, resumable."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib

from .. import _check
from .._files import file_names
from .._folders import DamagedError
from .._orphans import begin, end_with
from .._progress import progress as progress_bar
from ..config import Config
from ..data.dataset import Dataset
from ..data.notices import hush, warn_before_training
from ..model import as_device
from .claims import claimed, release_dead
from .files import FORM
from .loop import fit
from .processes import check_single
from .run import Run
from .watch import kept_epochs

# Workers that may die before a sweep gives up.
_LOSSES = 3


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
    ``joblib.parallel_config("dask")`` puts them on a cluster. Several processes, such
    as those of a Slurm array, may fill one `folder`: each run is trained by one of
    them, taken over by another when that one dies, and returned by all.

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
        runs of other data, settings, seeds or starts, or is being filled by another
        version of refnet_viz, two variants have one folder where upper and lower case
        are the same, or the device is not there.
    TypeError
        If `configs` is no mapping or `seeds` is a number.
    RuntimeError
        If processes that train die again and again, with what is whole; or in a
        process group of torch, whose processes train one run together; see `fit`.

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
    check_single("sweep")
    _check.instance("data", data, Dataset)
    _check.instance("progress", progress, bool)
    order = _checked(configs, seeds, start)
    snapshots = _check.integer("snapshots", snapshots, low=0)
    processes(n_jobs, 1)
    # Whatever class of text a name is: it goes into manifests as it is.
    configs = {str.__str__(name): config for name, config in configs.items()}
    as_device(device)  # says so before a process is started where it is not there
    places = _places(folder, configs, order)
    needed = any(config.keep == "best" for config in configs.values())
    warn_before_training(data, validation=needed)
    whole, jobs = {}, []
    for (name, seed), place in places.items():
        begin = None if start is None else start[seed]
        task = data, configs[name], seed, begin
        saved = _saved(place, name, task, snapshots=snapshots)
        if saved is not None:
            whole[name, seed] = saved
            _tidy(place)
        else:
            jobs.append((name, seed, place, begin))
    settings = {"snapshots": snapshots, "device": device, "parent": os.getpid()}
    bar = progress_bar(title="runs", total=len(jobs), disable=not progress)
    try:
        _fill(whole, jobs, (data, configs, settings), n_jobs=n_jobs, bar=bar)
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


def processes(n_jobs: Any, most: int) -> int:
    """Return how many processes share some work, at most one a piece; -1 is all cores.

    Examples
    --------
    >>> processes(-1, 3), processes(10**9, 3)
    (-1, 3)
    """
    n_jobs = _check.integer("n_jobs", n_jobs, low=-1)
    if not n_jobs:
        raise ValueError("`n_jobs` must be -1 or a whole number of at least 1, got 0.")
    return min(n_jobs, most)


def _checked(
    configs: Mapping[str, Config], seeds: Iterable[int], start: Mapping[int, Run] | None
) -> list[int]:
    """Return the seeds when variants, seeds and starts fit together."""
    if not isinstance(configs, Mapping):
        raise TypeError(
            "`configs` must be a mapping of variant names to settings, e.g. "
            f"{{'refiner': Config()}}, got {type(configs).__name__}."
        )
    for name, config in configs.items():
        _check.instance("configs", name, str, example="have text for names")
        _check.instance(f"configs[{name!r}]", config, Config)
    if not isinstance(seeds, Iterable):
        raise TypeError(
            f"`seeds` must be whole numbers, e.g. range(5), got {_check.shown(seeds)}."
        )
    order = [
        _check.integer("seeds", seed, low=0) for seed in _check.several("seeds", seeds)
    ]
    if not order or not configs:
        name = "configs" if order else "seeds"
        raise ValueError(f"`{name}` must hold at least one entry, got none.")
    _check.unique("seeds", [str(seed) for seed in order])
    if start is not None:
        _check.instance("start", start, Mapping)
    missing = [] if start is None else [seed for seed in order if seed not in start]
    if missing:
        raise ValueError(
            f"`start` must hold a run for every seed, got none for {missing[0]}."
        )
    for seed, run in ({} if start is None else start).items():
        _check.instance(f"start[{seed!r}]", run, Run)
    return order


def _fill(
    whole: dict[tuple[str, int], Run],
    jobs: list[tuple[str, int, Path | None, Run | None]],
    task: tuple[Dataset, Mapping[str, Config], dict[str, Any]],
    *,
    n_jobs: int,
    bar: Any,
) -> None:
    """Train all runs that are missing; those of workers that die, again.

    Those that other processes train come last, and are waited for.
    """
    data, configs, settings = task
    losses, wait, done = 0, False, len(whole)
    while missing := [job for job in jobs if job[:2] not in whole]:
        bar.update(len(whole) - done - bar.n)
        work = [
            joblib.delayed(_one)(data, configs[job[0]], job, settings, wait=wait)
            for job in missing
        ]
        try:
            for name, seed, run in _results(work, processes(n_jobs, len(work)), bar):
                if run is not None:
                    whole[name, seed] = run
                    bar.update(max(0, len(whole) - done - bar.n))
            wait = True
        except (CancelledError, BrokenExecutor) as error:
            losses += 1
            if losses > _LOSSES:
                raise RuntimeError(_lost(losses, whole, missing)) from error


def _lost(
    losses: int,
    whole: Mapping[tuple[str, int], Run],
    missing: list[tuple[str, int, Path | None, Run | None]],
) -> str:
    """Return the sentence that says what is left when processes die again and again."""
    count = len({*whole} | {job[:2] for job in missing})
    kept = " in `folder`, and the same call continues there" if missing[0][2] else ""
    return (
        f"the sweep lost a process {losses} times, as when memory runs out: "
        f"{len(whole)} of {count} runs are whole{kept}; try fewer processes (`n_jobs`)."
    )


def _results(
    work: list[Any], n_jobs: int, bar: Any
) -> Iterator[tuple[str, int, Run | None]]:
    """Yield runs as they end, or all at their end where joblib's back end cannot."""
    backend, _ = joblib.parallel.get_active_backend()
    if getattr(backend, "supports_return_generator", False):
        parallel = joblib.Parallel(
            n_jobs=n_jobs, return_as="generator_unordered", **_beginning(backend)
        )
        yield from parallel(work)
    else:
        yield from _Counted(bar, n_jobs=n_jobs)(work)


def _beginning(backend: Any) -> dict[str, Any]:
    """Return what a worker of this machine begins with, unless the caller said so."""
    own = isinstance(backend, joblib.parallel.LokyBackend)
    if not own or "initializer" in backend.backend_kwargs:
        return {}
    return {"initializer": begin, "initargs": (os.getpid(),)}


class _Counted(joblib.Parallel):  # type: ignore[misc]
    """Runs that come back together, each of which moves the bar when it ends."""

    def __init__(self, bar: Any, **options: Any) -> None:
        super().__init__(**options)
        self.bar, self.before = bar, bar.n

    def print_progress(self) -> None:
        """Show how many have ended; joblib calls it after each."""
        self.bar.update(self.before + self.n_completed_tasks - self.bar.n)


def _one(
    data: Dataset,
    config: Config,
    job: tuple[str, int, Path | None, Run | None],
    settings: dict[str, Any],
    *,
    wait: bool,
) -> tuple[str, int, Run | None]:
    """Return a run, trained or read; None if another process is training it."""
    name, seed, place, begin = job
    settings = dict(settings)
    end_with(settings.pop("parent"))
    if place is None:
        return name, seed, _trained(data, config, job, settings)
    with claimed(place, wait=wait) as mine:
        if not mine:
            return name, seed, None
        task = data, config, seed, begin
        run = _saved(place, name, task, snapshots=settings["snapshots"])
        if run is None:
            run = _trained(data, config, job, settings)
            run.save(place)
    return name, seed, run


def _trained(
    data: Dataset,
    config: Config,
    job: tuple[str, int, Path | None, Run | None],
    settings: dict[str, Any],
) -> Run:
    name, seed, _, begin = job
    hush(data)  # `sweep` has spoken
    with warnings.catch_warnings():
        # What `fit` says it keeps is dropped here, and the sweep says so itself.
        warnings.filterwarnings("ignore", ".* was stopped in ", UserWarning)
        run = fit(data, config, seed=seed, start=begin, progress=False, **settings)
    if run.manifest["stopped"]:  # half a run must not be taken for a whole one
        raise KeyboardInterrupt
    return replace(run, manifest=run.manifest | {"variant": name})


def _places(
    folder: str | Path | None, configs: Mapping[str, Config], seeds: list[int]
) -> dict[tuple[str, int], Path | None]:
    if folder is None:
        return {(name, seed): None for name in configs for seed in seeds}
    names = file_names("configs", configs)
    folder = _check.new_folder("folder", folder)
    return {
        (name, seed): folder / names[name] / f"seed-{seed}"
        for name in configs
        for seed in seeds
    }


def _tidy(place: Path | None) -> None:
    """Remove what killed processes left in and beside the folder of a whole run."""
    if place is not None:
        release_dead(place)
        FORM.tidy(place)


def _saved(
    place: Path | None,
    name: str,
    task: tuple[Dataset, Config, int, Run | None],
    *,
    snapshots: int,
) -> Run | None:
    """Return the whole run at `place`; None where there is none, or half of one.

    None, too, if it lacks one of the epochs to keep.
    """
    if place is None:
        return None
    data, config, seed, begin = task
    try:
        run = Run.load(place)
    except (FileNotFoundError, DamagedError):
        return None
    origin = (run.manifest["fingerprint"], run.config, run.manifest["start"])
    if origin != (data.fingerprint, config, None if begin is None else begin.digest):
        raise ValueError(
            "`folder` must hold runs of the same data, settings and starts, got others "
            f"in {str(place)!r}."
        )
    if run.seed != seed:
        raise ValueError(
            f"`folder` must hold the run of seed {seed} in {str(place)!r}, got that of "
            f"seed {run.seed}."
        )
    if run.manifest["variant"] not in (None, name):
        raise ValueError(
            f"`folder` must hold the run of variant {name!r} in {str(place)!r}, got "
            f"that of {run.manifest['variant']!r}."
        )
    run = replace(run, manifest=run.manifest | {"variant": name})
    kept = set(kept_epochs(config.epochs, snapshots)) <= set(run.epochs)
    return run if kept else None
