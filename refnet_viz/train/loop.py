"""Training of one run: supervised with a refiner, or unlabelled with it alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from .. import _check
from ..config import Config
from ..data.dataset import Dataset
from ..data.fingerprint import row_hashes
from ..data.notices import hush, warn_before_training
from ..data.splits import label_subset, validation_from_train
from ..model import ReFNet, Schema, as_device
from .processes import Processes
from .rows import (
    Rows,
    as_trained,
    check_classes,
    check_labelled,
    class_weights,
    rows_of,
)
from .run import FITTED_AFTERWARDS, Run, versions
from .steps import fit_decoders, reproducible, run_epochs
from .watch import Best, OnEpoch, Watch, state_of

# Settings that shape the network; a run can only be continued where they agree.
_SHAPE = ("fusion", "width", "hidden", "rounds", "picture_encoder", "targets")


def fit(
    data: Dataset,
    config: Config | None = None,
    *,
    seed: int = 0,
    start: Run | None = None,
    device: str = "cpu",
    progress: bool = True,
    snapshots: int = 0,
    on_epoch: OnEpoch | None = None,
) -> Run:
    """Train a Refiner Fusion Network on the training rows of a dataset.

    The objective is the task loss plus the weighted refiner and Multi-Similarity
    losses. Every training row is refined; the other two see the labelled ones. Data
    with a target are regressed, by smooth L1 on the target standardised over the
    labelled training rows; their labels are not read. The state of the best epoch by
    validation score (accuracy, micro-F1 for several labels, R^2 for a target) is kept,
    or that of the last one. Interrupting keeps the state so far and says so. A run
    without refiner gets its decoders fitted afterwards on its frozen z, so that the
    refined space of all variants can be compared.

    Where a process group of torch is initialised, as under torchrun, its processes
    train the run together. Each passes its part of every batch through the network,
    all have the losses and gradients of the whole batch, and each returns the same
    run: that of one process, but for rounding and for dropout, whose masks depend on
    the parts. Validation and `on_epoch` are those of the first one; an interrupt ends
    all.

    Parameters
    ----------
    data
        With labels or a target, and rows in "train". Unlabelled rows are refined, and
        otherwise as those that `config.label_fraction` leaves out. Where none is in
        "val", a stratified fifth of the training rows (whole groups, the same for every
        seed) is validated on instead of trained on; a warning and the manifest say so.
        See `refnet_viz.data.with_validation`. Test rows are never looked at, but for a
        warning when some of them are training rows again; see `Dataset.leaks`.
    config
        Settings; None takes the defaults of `Config`.
    seed
        Seed of initial weights, batch order and label subset. The same seed on the same
        machine gives the same numbers to the last bit, on a CPU.
    start
        A run of `pretrain` or `fit` whose encoders, fusion and refiner to start from;
        its scalers are kept and the head is new.
    device
        Where to train: "cpu" or a torch device such as "cuda".
    progress
        Whether to show a bar.
    snapshots
        Keep the states of the epochs 0, `snapshots`, 2 `snapshots` ... and of the
        last for `Run.at`; 0 keeps none. Each costs the memory, and the run the file,
        of one more copy of the weights that training moves. No number of the training
        changes.
    on_epoch
        Called with an `Epoch` after each one. When it returns True, training stops
        and the best state so far is kept, as when it is interrupted, but without a
        warning. Whatever it draws at random changes no number of the training.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If labels and target or training rows are missing, no row to train or to
        validate on is labelled, validation rows are missing
        and cannot be taken from the training rows, only one class is labelled while
        `config.contrastive` is above 0, a target has no classes for the contrastive
        loss, the fusion or weights, `start` has another shape, the device is not
        there, or the loss stops being finite. In a process group also if data or
        settings differ between processes, there are more of them than rows in a batch,
        or the group's back end does not send the tensors of the device.
    RuntimeError
        If torchrun started several processes and no process group is initialised.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat([0, 1], 30)
    >>> data = Dataset.from_arrays(
    ...     {"a": rng.normal(size=(60, 4)) + labels[:, None] * 3}, labels=labels)
    >>> run = fit(data, Config(epochs=3, hidden=16, width=8), progress=False)
    >>> len(run.history), run.best_epoch in range(3)
    (3, True)

    Stop when the validation score is reached, and look at earlier states:

    >>> run = fit(data, Config(epochs=9, hidden=16, width=8), progress=False,
    ...           snapshots=2, on_epoch=lambda seen: seen.epoch == 3)
    >>> run.epochs, run.at(2).manifest["epoch"]
    ((0, 2, 3), 2)
    """
    config = _checked(data, config)
    if data.labels is None and data.target is None:
        raise ValueError(
            "`data` must have labels or a target to be fitted, got none; "
            "`pretrain` takes unlabelled data."
        )
    needs_classes = config.contrastive > 0 and config.contrastive_loss != "info_nce"
    if data.target is not None and needs_classes:
        raise ValueError(
            "`config.contrastive` must be 0 when `data` has a target, because the "
            f"{config.contrastive_loss!r} loss needs classes, got "
            f"{config.contrastive:g}."
        )
    if data.target is not None and config.class_weights != "none":
        raise ValueError(
            "`config.class_weights` must be 'none' when `data` has a target, which has "
            f"no classes, got {config.class_weights!r}."
        )
    check_labelled(as_trained(data, config), config)
    return _train(
        data,
        config,
        seed=seed,
        start=start,
        device=device,
        progress=progress,
        watch=_watch(snapshots, on_epoch),
        supervised=True,
    )


def pretrain(
    data: Dataset,
    config: Config | None = None,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: bool = True,
    snapshots: int = 0,
    on_epoch: OnEpoch | None = None,
) -> Run:
    """Train encoders, fusion and refiner without labels: the refiner loss alone.

    Continue with ``fit(data, config, start=run)``. Parameters and the returned value
    are those of `fit`; the best epoch is the one of lowest validation refiner loss.

    Raises
    ------
    ValueError
        If `config.refiner` is 0 or the targets are the encoders' own features, which
        could then collapse to a constant.

    Examples
    --------
    >>> import numpy as np
    >>> data = Dataset.from_arrays({"a": np.random.default_rng(0).normal(size=(40, 4))})
    >>> run = pretrain(data, Config(epochs=2, hidden=16, width=8), progress=False)
    >>> run.manifest["supervised"]
    False
    """
    config = _checked(data, config)
    if config.refiner == 0:
        raise ValueError("`config.refiner` must be above 0 to pre-train, got 0.")
    if config.targets == "features":
        raise ValueError(
            "`config.targets` must be 'inputs' to pre-train, got 'features' "
            "(encoders that nothing else trains may stop telling rows apart)."
        )
    return _train(
        data,
        config,
        seed=seed,
        start=None,
        device=device,
        progress=progress,
        watch=_watch(snapshots, on_epoch),
        supervised=False,
    )


def _checked(data: Dataset, config: Config | None) -> Config:
    """Return the settings when both are what they have to be."""
    _check.instance("data", data, Dataset)
    if config is None:
        return Config()
    _check.instance("config", config, Config)
    return config


def _train(
    data: Dataset,
    config: Config,
    *,
    seed: int,
    start: Run | None,
    device: str,
    progress: bool,
    watch: Watch,
    supervised: bool,
) -> Run:
    _check.instance("progress", progress, bool)
    seed = _check.integer("seed", seed, low=0, high=2**63 - 1)
    if start is not None:
        _check.instance("start", start, Run)
    place = as_device(device)
    processes = Processes.of_group(place, seed)
    origin = None if start is None else start.digest
    processes.check_alike(
        data.fingerprint, config, seed, origin, supervised, watch.every
    )
    watch = replace(watch, on_epoch=processes.asked(watch.on_epoch))
    if processes.rank:
        hush(data)  # the first process warns
    warn_before_training(data, validation=config.keep == "best")
    whole, data = data, as_trained(data, config)
    with reproducible(seed, place):
        model = _model(data, config, start).to(place)
        if supervised and data.target is not None:
            labelled_rows = label_subset(data.train.strata, config.label_fraction, seed)
            model.fit_target(
                torch.tensor(data.target[data.split == "train"][labelled_rows])
            )
        train, val = _resident(model, data, seed, supervised=supervised)
        best = Best(config.keep)
        stopped = run_epochs(
            model,
            train,
            val,
            config,
            best=best,
            watch=watch,
            seed=seed,
            progress=progress,
            processes=processes,
        )
        snapshots = watch.snapshots(best.state)
        model.load_state_dict(best.state)
        if config.refiner == 0:
            stopped = fit_decoders(model, train.batch, config) or stopped
        stopped = bool(processes.same({"stopped": stopped})["stopped"])
        processes.share(model)
        weights = state_of(model, device="cpu")
    manifest: dict[str, Any] = {
        "variant": None,
        "dataset": data.name,
        "fingerprint": whole.fingerprint,
        "supervised": supervised,
        "labelled_rows": int(train.labelled.sum()),
        "best_epoch": best.epoch,
        "stopped": stopped,
        "start": origin,
        "device": str(place) if processes.alone else place.type,
        "versions": versions(),
    }
    if train.weights is not None:
        named = zip(data.class_names, train.weights.tolist(), strict=True)
        manifest["class_weights"] = dict(named)
    validation = validation_from_train(whole, data)
    manifest |= {} if validation is None else {"validation": validation}
    rows = row_hashes(model.schema.ordered(data).train, model.names)
    if start is not None:  # what the start was trained on is not held out either
        rows = np.union1d(rows, start.train_rows)
    return Run(
        config,
        seed,
        model.schema,
        weights,
        pd.DataFrame(best.history),
        manifest,
        rows,
        snapshots,
    )


def _resident(
    model: ReFNet, data: Dataset, seed: int, *, supervised: bool
) -> tuple[Rows, Rows | None]:
    """Return training and validation rows, weighted alike; None without the latter."""
    config = model.config
    train = rows_of(model, data.train, config, seed, supervised=supervised)
    weights = class_weights(train, config, len(data.class_names))
    train = replace(train, weights=weights)
    if supervised:
        check_classes(train, config)
    if not (data.split == "val").any():
        return train, None
    val = rows_of(model, data.val, config, seed, supervised=supervised)
    return train, replace(val, weights=weights)


def _watch(snapshots: int, on_epoch: OnEpoch | None) -> Watch:
    if on_epoch is not None and not callable(on_epoch):
        raise TypeError(
            "`on_epoch` must be a function of one `Epoch`, "
            f"got {type(on_epoch).__name__}."
        )
    return Watch(_check.integer("snapshots", snapshots, low=0), on_epoch)


def _model(data: Dataset, config: Config, start: Run | None) -> ReFNet:
    if start is None:
        model = ReFNet(Schema.of(data), config)
        model.fit_features(data.train)
        return model
    for name in _SHAPE:
        start_value, config_value = getattr(start.config, name), getattr(config, name)
        if start_value != config_value:
            raise ValueError(
                f"`config.{name}` must be that of `start` ({start_value!r}), "
                f"got {config_value!r}."
            )
    start.schema.check(data)
    schema = replace(Schema.of(data), modalities=start.schema.modalities)
    model = ReFNet(schema, config)
    left = {"head"} if start.has_decoders else {"head", *FITTED_AFTERWARDS}
    weights = {
        name: value
        for name, value in start.weights.items()
        if not left & set(name.split("."))
    }
    model.load_state_dict(weights, strict=False)
    return model
