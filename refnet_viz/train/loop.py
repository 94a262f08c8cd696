"""Training of one run: supervised with a refiner, or unlabelled with it alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..config import Config
from ..data.dataset import Dataset
from ..data.splits import label_subset
from ..model import Batch, ReFNet, Schema
from ..objectives import classification, multi_similarity, refiner_loss
from .run import Run, row_hashes, versions

# Settings that shape the network; a run can only be continued where they agree.
_SHAPE = ("fusion", "width", "hidden", "picture_encoder", "targets")


def fit(
    data: Dataset,
    config: Config | None = None,
    *,
    seed: int = 0,
    start: Run | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> Run:
    """Train a Refiner Fusion Network on the training rows of a dataset.

    The objective is the task loss plus the weighted refiner and Multi-Similarity
    losses. Every training row is refined; the other two see the labelled ones. The
    state of the best epoch by validation score (accuracy, or micro-F1 for several
    labels) is kept. Interrupting keeps the best state so far and says so. A run
    without refiner gets its decoders fitted afterwards on its frozen z, so that the
    refined space of all variants can be compared.

    Parameters
    ----------
    data
        With labels and rows in "train" and "val".
    config
        Settings; None takes the defaults of `Config`.
    seed
        Of initial weights, batch order and label subset. The same seed on the same
        machine gives the same numbers to the last bit, on a CPU.
    start
        A run of `pretrain` or `fit` whose encoders, fusion and refiner to start from;
        its scalers are kept and the head is new.
    device
        Where to train: "cpu" or a torch device such as "cuda".
    progress
        Whether to show a bar.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If labels, training or validation rows are missing, only one class is
        labelled while `config.contrastive` is above 0, or `start` has another shape.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat([0, 1], 30)
    >>> data = Dataset.from_arrays(
    ...     {"a": rng.normal(size=(60, 4)) + labels[:, None] * 3}, labels=labels)
    >>> run = fit(data, Config(epochs=3, hidden=16, width=8), progress=False)
    >>> len(run.history), run.best_epoch in range(3)
    (3, True)
    """
    config = config or Config()
    if data.labels is None:
        raise ValueError(
            "`data` must have labels to be fitted, got none; "
            "`pretrain` takes unlabelled data."
        )
    return _train(
        data, config, seed=seed, start=start, device=device, progress=progress,
        supervised=True,
    )  # fmt: skip


def pretrain(
    data: Dataset,
    config: Config | None = None,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: bool = True,
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
    >>> data = Dataset.from_arrays({"a": np.random.default_rng(0).normal(size=(40, 4))})
    >>> run = pretrain(data, Config(epochs=2, hidden=16, width=8), progress=False)
    >>> run.manifest["supervised"]
    False
    """
    config = config or Config()
    if config.refiner == 0:
        raise ValueError("`config.refiner` must be above 0 to pre-train, got 0.")
    if config.targets == "features":
        raise ValueError(
            "`config.targets` must be 'inputs' to pre-train, got 'features' "
            "(encoders that nothing else trains may stop telling rows apart)."
        )
    return _train(
        data, config, seed=seed, start=None, device=device, progress=progress,
        supervised=False,
    )  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """Resident rows of one split, with labels and which of them count."""

    batch: Batch
    labels: Tensor | None
    labelled: Tensor  # (N,) bool


@dataclass
class _Best:
    """The best state so far and what was seen on the way."""

    history: list[dict[str, float]] = field(default_factory=list)
    state: dict[str, Tensor] = field(default_factory=dict)
    epoch: int = -1
    key: tuple[float, float] = (-np.inf, -np.inf)

    def update(self, model: ReFNet, row: dict[str, float]) -> None:
        """Add an epoch; keep its state when score, then loss, are better."""
        self.history.append(row)
        key = (row["val_score"], -row["val_loss"])
        if key > self.key or not self.state:
            self.key, self.epoch = key, len(self.history) - 1
            self.state = _state(model)


def _train(
    data: Dataset,
    config: Config,
    *,
    seed: int,
    start: Run | None,
    device: str,
    progress: bool,
    supervised: bool,
) -> Run:
    for part in ("train", "val"):
        if not (data.split == part).any():
            raise ValueError(f"`data` must have rows in the split {part!r}, got none.")
    with _reproducible(seed, device):
        model = _model(data, config, start).to(device)
        train = _rows(model, data.train, config, seed, supervised=supervised)
        val = _rows(model, data.val, config, seed, supervised=supervised)
        if supervised:
            _check_classes(train, config)
        best = _Best()
        stopped = _epochs(
            model, train, val, config, best=best, seed=seed, progress=progress
        )
        model.load_state_dict(best.state)
        if config.refiner == 0:
            _fit_decoders(model, train.batch, config)
        weights = {name: value.cpu() for name, value in _state(model).items()}
    manifest: dict[str, Any] = {
        "variant": None,
        "dataset": data.name,
        "fingerprint": data.fingerprint,
        "supervised": supervised,
        "labelled_rows": int(train.labelled.sum()),
        "best_epoch": best.epoch,
        "stopped": stopped,
        "start": None if start is None else start.manifest["fingerprint"],
        "device": device,
        "versions": versions(),
    }
    return Run(
        config, seed, model.schema, weights, pd.DataFrame(best.history), manifest,
        row_hashes(data.train),
    )  # fmt: skip


def _model(data: Dataset, config: Config, start: Run | None) -> ReFNet:
    if start is None:
        model = ReFNet(Schema.of(data), config)
        model.fit_features(data.train)
        return model
    for name in _SHAPE:
        known, given = getattr(start.config, name), getattr(config, name)
        if known != given:
            raise ValueError(
                f"`config.{name}` must be that of `start` ({known!r}), got {given!r}."
            )
    start.schema.check(data)
    schema = Schema(start.schema.modalities, data.class_names, data.multilabel)
    model = ReFNet(schema, config)
    kept = {
        name: value
        for name, value in start.weights.items()
        if not name.startswith("head.")
    }
    model.load_state_dict(kept, strict=False)
    return model


def _rows(
    model: ReFNet, data: Dataset, config: Config, seed: int, *, supervised: bool
) -> _Rows:
    batch = model.prepare(data)
    device = batch.present.device
    if not supervised or data.labels is None:
        return _Rows(batch, None, torch.zeros(len(data), dtype=torch.bool))
    # Validation labels are as scarce as training labels: selection must not see more.
    labelled = label_subset(data.labels, config.label_fraction, seed)
    labels = torch.tensor(data.labels, device=device)
    return _Rows(batch, labels, torch.from_numpy(labelled).to(device))


def _check_classes(train: _Rows, config: Config) -> None:
    labels = train.labels
    if config.contrastive == 0 or labels is None or labels.ndim == 2:
        return
    found = int(labels[train.labelled].unique().numel())
    if found < 2:
        raise ValueError(
            "`data` must have at least 2 classes among its labelled training rows "
            f"when `config.contrastive` is above 0, got {found}."
        )


def _epochs(
    model: ReFNet,
    train: _Rows,
    val: _Rows,
    config: Config,
    *,
    best: _Best,
    seed: int,
    progress: bool,
) -> bool:
    """Train all epochs; return whether the user stopped them."""
    order = np.random.default_rng(seed)
    steps = -(-len(train.batch) // config.batch_size)
    optimizer = _optimizer(model, config)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, config.epochs * steps
    )
    bar = tqdm(range(config.epochs), "training", disable=not progress, leave=False)
    try:
        for epoch in bar:
            model.train()
            sums: dict[str, Tensor] = {}
            # Parts of nearly equal size: no batch of one, no row left out.
            parts = np.array_split(order.permutation(len(train.batch)), steps)
            for part in parts:
                index = torch.from_numpy(part).to(train.batch.present.device)
                losses = _losses(model, train, index, config)
                optimizer.zero_grad(set_to_none=True)
                torch.stack(list(losses.values())).sum().backward()
                optimizer.step()
                schedule.step()
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0) + value.detach() * len(part)
            row = {name: float(v) / len(train.batch) for name, v in sums.items()}
            row = {"epoch": epoch, "loss": sum(row.values()), **row}
            best.update(model, row | _validate(model, val))
            bar.set_postfix(score=f"{best.key[0]:.3f}", refresh=False)
    except KeyboardInterrupt:
        if not best.state:
            raise
        warnings.warn(
            f"training was stopped in epoch {len(best.history) + 1} of "
            f"{config.epochs}; the best state (epoch {best.epoch + 1}) is kept.",
            stacklevel=4,
        )
        return True
    finally:
        bar.close()
    return False


def _optimizer(model: ReFNet, config: Config) -> torch.optim.Optimizer:
    """Return AdamW; biases, norms and single vectors are not decayed."""
    wide = [p for p in model.parameters() if p.ndim > 1]
    flat = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": wide, "weight_decay": config.weight_decay},
        {"params": flat, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def _losses(
    model: ReFNet, rows: _Rows, index: Tensor, config: Config
) -> dict[str, Tensor]:
    """Return the weighted terms of the objective for the rows at `index`."""
    batch = rows.batch.rows(index)
    output = model(batch)
    losses = dict(output.aux_losses)
    if rows.labels is not None:
        seen = rows.labelled[index]
        labels, z = rows.labels[index][seen], output.z[seen]
        losses["task"] = classification(output.logits[seen], labels)
        if config.contrastive:
            losses["contrastive"] = config.contrastive * multi_similarity(
                z, labels, alpha=config.alpha, beta=config.beta, base=config.base,
                margin=config.margin, mining=config.mining, jaccard=config.jaccard,
            )  # fmt: skip
    if config.refiner:
        answers = _refine(model, batch, output.z, model.targets(batch, output))
        losses["refiner"] = config.refiner * answers
    return losses


def _refine(
    model: ReFNet, batch: Batch, z: Tensor, targets: dict[str, Tensor]
) -> Tensor:
    """Return the sum over modalities of the weighted refiner losses."""
    weights = model.config.refiner_weights
    terms = refiner_loss(
        model.decode(z), targets, batch.present, loss=model.config.refiner_loss,
        weights=None if weights is None else dict(weights),
    )  # fmt: skip
    return torch.stack(list(terms.values())).sum()


@torch.no_grad()
def _validate(model: ReFNet, rows: _Rows) -> dict[str, float]:
    """Return validation loss and score; the refiner never enters a supervised one."""
    model.eval()
    output = model(rows.batch)
    if rows.labels is None:
        targets = model.targets(rows.batch, output)
        loss = float(_refine(model, rows.batch, output.z, targets))
        return {"val_loss": loss, "val_score": -loss}
    logits, labels = output.logits[rows.labelled], rows.labels[rows.labelled]
    loss = float(classification(logits, labels))
    return {"val_loss": loss, "val_score": _score(logits, labels)}


def _score(logits: Tensor, labels: Tensor) -> float:
    """Return accuracy, or micro-F1 at probability one half for several labels."""
    if labels.ndim == 1:
        return float((logits.argmax(dim=1) == labels).float().mean())
    guess, truth = logits > 0, labels > 0
    hits = float((guess & truth).sum())
    return 2 * hits / max(float(guess.sum() + truth.sum()), 1.0)


def _fit_decoders(
    model: ReFNet, batch: Batch, config: Config, *, steps: int = 300
) -> None:
    """Fit the decoders to a frozen z: they may read it, they never shaped it."""
    model.eval()
    with torch.no_grad():
        output = model(batch)
        if config.targets == "features":
            model.scales.train()
            for scale, name in zip(model.scales, model.names, strict=True):
                scale(output.unimodal[name])
        model.eval()
        targets = model.targets(batch, output)
    optimizer = torch.optim.AdamW(
        model.refiner.parameters(), lr=config.learning_rate, fused=True,
        weight_decay=config.weight_decay,
    )  # fmt: skip
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        _refine(model, batch, output.z, targets).backward()
        optimizer.step()


def _state(model: ReFNet) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


@contextmanager
def _reproducible(seed: int, device: str) -> Iterator[None]:
    """Seed torch without touching the caller's generator; one thread on a CPU.

    Sums split over threads round differently: with one thread a run has the same
    bits in a notebook and in a sweep's workers, and small networks lose nothing.
    """
    threads = torch.get_num_threads()
    devices = [] if device == "cpu" else [torch.device(device)]
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        try:
            if device == "cpu":
                torch.set_num_threads(1)
            yield
        finally:
            torch.set_num_threads(threads)
