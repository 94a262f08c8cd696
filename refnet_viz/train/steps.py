"""Epochs, the objective, and validation."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .._progress import progress as progress_bar
from ..config import Config
from ..model import Batch, Output, ReFNet, StoredBatch
from ..model.fusion import Answers, Fused
from ..model.refiner import RunningScale
from ..objectives import (
    info_nce,
    multi_similarity,
    refiner_loss,
    rows_that_count,
    supcon,
)
from .noise import noised
from .processes import ALONE, Processes
from .rows import Rows, shares_in
from .watch import Best, Watch


def run_epochs(
    model: ReFNet,
    train: Rows,
    val: Rows | None,
    config: Config,
    *,
    best: Best,
    watch: Watch,
    seed: int,
    progress: bool,
    processes: Processes = ALONE,
) -> bool:
    """Train all epochs; return whether the user stopped them."""
    order = np.random.default_rng(seed)
    steps = -(-len(train.batch) // config.batch_size)
    optimizer = _optimizer(model, config)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, config.epochs * steps
    )
    processes.check_rows(len(train.batch), steps)
    objective: nn.Module = _Objective(model, train, processes)
    if not processes.alone:
        objective = processes.averaged(objective)
    hidden = not progress or processes.rank > 0
    bar = progress_bar(range(config.epochs), "training", disable=hidden)
    try:
        for epoch in bar:
            # Parts of nearly equal size: no batch of one, no row left out.
            parts = np.array_split(order.permutation(len(train.batch)), steps)
            row = _train_epoch(objective, config, parts, epoch, (optimizer, schedule))
            metrics, z = ({}, None) if val is None else _validate(model, val)
            best.update(model, row := processes.same(row | metrics))
            if val is not None:
                bar.set_postfix(score=f"{best.key[0]:.3f}", refresh=False)
            if watch.after(model, row, epochs=config.epochs, best=best.epoch, z=z):
                return True
    except KeyboardInterrupt:
        if not best.state or not processes.alone:
            raise  # the others wait for this process
        warnings.warn(
            f"training was stopped in epoch {len(best.history) + 1} of "
            f"{config.epochs}; the best state (epoch {best.epoch + 1}) is kept.",
            stacklevel=4,
        )
        return True
    finally:
        bar.close()
    return False


class _Objective(nn.Module):
    """Losses of a step, as the module whose gradients processes average."""

    def __init__(self, model: ReFNet, rows: Rows, processes: Processes) -> None:
        super().__init__()
        self.model, self.rows, self.processes = model, rows, processes

    def forward(self, index: Tensor, progress: float) -> dict[str, Tensor]:
        """Return the weighted terms of the objective for the rows at `index`."""
        config = self.model.config
        return _losses(
            self.model, self.rows, index, config, progress, processes=self.processes
        )


def _train_epoch(
    objective: nn.Module,
    config: Config,
    parts: list[npt.NDArray[np.intp]],
    epoch: int,
    descent: tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler],
) -> dict[str, float]:
    """Take a step for each part of the rows; return the mean losses."""
    optimizer, schedule = descent
    objective.train()
    device = next(objective.parameters()).device
    sums: dict[str, Tensor] = {}
    for number, part in enumerate(parts):
        index = torch.from_numpy(part).to(device)
        progress = (epoch + number / len(parts)) / config.epochs
        losses = objective(index, progress)
        objective.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer.step()
        schedule.step()
        for name, value in losses.items():
            sums[name] = sums.get(name, 0) + value.detach() * len(part)
    rows = sum(map(len, parts))
    row = {name: float(value) / rows for name, value in sums.items()}
    row = {"epoch": epoch, "loss": sum(row.values()), **row}
    _check_finite(row, config)
    return row


def _check_finite(row: dict[str, float], config: Config) -> None:
    if not np.isfinite(row["loss"]):
        raise ValueError(
            "`config.learning_rate` must be small enough to keep the loss finite, got "
            f"{config.learning_rate:g} and a loss of {row['loss']} in epoch "
            f"{int(row['epoch']) + 1}."
        )


class _AdamW(torch.optim.AdamW):
    """AdamW that is not compiled, and whose first call does not import the compiler.

    torch guards these methods for when they are compiled, and imports
    ``torch._dynamo`` for that: over a second in every new process.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))


def _optimizer(model: ReFNet, config: Config) -> torch.optim.Optimizer:
    """Return AdamW; biases, norms and single vectors are not decayed."""
    wide = [p for p in model.parameters() if p.ndim > 1]
    flat = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": wide, "weight_decay": config.weight_decay},
        {"params": flat, "weight_decay": 0.0},
    ]
    return _AdamW(groups, lr=config.learning_rate, fused=True)


def _losses(
    model: ReFNet,
    rows: Rows,
    index: Tensor,
    config: Config,
    progress: float,
    *,
    processes: Processes = ALONE,
) -> dict[str, Tensor]:
    """Return the weighted terms of the objective for the rows at `index`."""
    whole = rows.batch.rows(index)
    batch = noised(whole, model.kinds, config)
    labelled = rows.labelled[index]
    labels = None if rows.labels is None else rows.labels[index]
    if processes.alone:
        output, decoded = _outputs(model, batch, config)
    else:
        with _seeded(int(processes.seeds.integers(2**63)), index.device):
            part = torch.arange(len(batch), device=index.device)
            part = part[processes.part(len(batch))]
            output, decoded = _outputs(model, batch.rows(part), config)
        output, decoded = processes.gathered(output, decoded, len(batch))
    answers = Answers(whole.features, batch.present, labels, labelled, progress)
    losses = output.fused.aux_losses | model.fusion.losses(output.fused, answers)
    task = rows.task(output.logits, index)
    losses |= {} if task is None else {"task": task}
    if config.contrastive:
        term = _contrastive(output, batch, labels, labelled, config)
        losses |= {} if term is None else {"contrastive": config.contrastive * term}
    if config.refiner:
        # Also for modalities that were dropped: z answers for what it can infer.
        terms = _refine(model, whole, decoded, model.targets(whole, output))
        losses["refiner"] = _refiner_weight(config, progress) * terms
    return losses


def _outputs(
    model: ReFNet, batch: Batch, config: Config
) -> tuple[Output, dict[str, Tensor]]:
    """Return what the losses read: the output, and decoded features if refined."""
    half = config.precision == "bfloat16"
    with torch.autocast(batch.present.device.type, torch.bfloat16, enabled=half):
        output = model(batch)
    output = replace(output, fused=output.fused.widened(), logits=output.logits.float())
    return output, model.decode(output.z) if config.refiner else {}


def _refiner_weight(config: Config, progress: float) -> float:
    """Return the refiner's weight when a share of the training is done."""
    if config.refiner_decay == "linear":
        return config.refiner * (1 + (config.refiner_end - 1) * progress)
    return config.refiner * config.refiner_end**progress


def _contrastive(
    output: Output,
    batch: Batch,
    labels: Tensor | None,
    labelled: Tensor,
    config: Config,
) -> Tensor | None:
    """Return the contrastive loss, None where it needs labels and has none."""
    if config.contrastive_loss == "info_nce":
        return info_nce(list(output.unimodal.values()), batch.present)
    if labels is None:
        return None
    z, labels = rows_that_count(labelled, output.z, labels)
    if config.contrastive_loss == "supcon":
        return supcon(z, labels, jaccard=config.jaccard)
    return multi_similarity(
        z,
        labels,
        alpha=config.alpha,
        beta=config.beta,
        base=config.base,
        margin=config.margin,
        mining=config.mining,
        jaccard=config.jaccard,
    )


def _refine(
    model: ReFNet,
    batch: Batch,
    decoded: dict[str, Tensor],
    targets: dict[str, Tensor],
    shares: Tensor | None = None,
) -> Tensor:
    """Return the sum over modalities of the weighted refiner losses.

    `shares` says for each modality which share of its rows these are, where they are
    a part of those that the loss is a mean over.
    """
    weights = model.config.refiner_weights
    terms = refiner_loss(
        decoded,
        targets,
        batch.present,
        loss=model.config.refiner_loss,
        weights=None if weights is None else dict(weights),
    )
    losses = torch.stack(list(terms.values()))
    return (losses if shares is None else losses * shares).sum()


@torch.no_grad()
def _validate(model: ReFNet, rows: Rows) -> tuple[dict[str, float], Tensor]:
    """Return loss, score and z; the refiner never enters a supervised loss."""
    model.eval()
    z, logits, refiner = [], [], 0.0
    for part, batch in rows.batch.blocks():
        output = model(batch)
        z.append(output.z)
        logits.append(output.logits)
        if rows.labels is None and rows.target is None:
            answers, targets = model.decode(output.z), model.targets(batch, output)
            shares = rows.shares(part)
            refiner += float(_refine(model, batch, answers, targets, shares))
    whole = torch.cat(logits)
    task = rows.task(whole)
    if task is None:
        return {"val_loss": refiner, "val_score": -refiner}, torch.cat(z)
    loss = float(task) if rows.labelled.any() else float("nan")
    return {"val_loss": loss, "val_score": rows.score(whole)}, torch.cat(z)


def _bare(output: Output) -> Output:
    """Return an output without what only the losses of training read."""
    return replace(output, fused=Fused(output.z))


def fit_decoders(
    model: ReFNet, batch: Batch | StoredBatch, config: Config, *, steps: int = 300
) -> bool:
    """Fit the decoders to a frozen z: they may read it, they never shaped it.

    Returns whether the user stopped it.
    """
    model.eval()
    with torch.no_grad():
        outputs = [_bare(model(block)) for _, block in batch.blocks()]
        if config.targets == "features":
            model.scales.train()
            for column, name in enumerate(model.names):
                scale = cast("RunningScale", model.scales[column])
                scale.seen.zero_()  # a start may have left it elsewhere
                unimodal = torch.cat([output.unimodal[name] for output in outputs])
                scale(unimodal, batch.present[:, column])
        model.eval()
    optimizer = _AdamW(
        model.refiner.parameters(),
        lr=config.learning_rate,
        fused=True,
        weight_decay=config.weight_decay,
    )
    for step in range(steps):
        try:
            model.refiner.zero_grad()
            for (part, block), output in zip(batch.blocks(), outputs, strict=True):
                with torch.no_grad():
                    targets = model.targets(block, output)
                shares = shares_in(batch.present, part)
                answers = model.decode(output.z)
                _refine(model, block, answers, targets, shares).backward()
            optimizer.step()
        except KeyboardInterrupt:
            warnings.warn(
                f"fitting the decoders was stopped in step {step + 1} of {steps}; "
                "the trained state is kept.",
                stacklevel=4,
            )
            return True
    return False


# Random numbers and threads of torch are those of a process.
_ALONE = threading.RLock()


@contextmanager
def reproducible(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch without touching the caller's generators; one thread on a CPU.

    Sums split over threads round differently: with one thread a run has the same
    bits in a notebook and in a sweep's workers, and small networks lose nothing. Runs
    in threads of one process, as a worker of Dask has them, wait for one another.
    """
    with _ALONE, _seeded(seed, device):
        yield


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    threads = torch.get_num_threads()
    on_cpu = device.type == "cpu"
    others: dict[str, Any] = {} if on_cpu else {"device_type": device.type}
    with torch.random.fork_rng(devices=[] if on_cpu else [device], **others):
        try:
            if on_cpu:
                # torch.manual_seed would seed the caller's other devices too.
                torch.default_generator.manual_seed(seed)
                torch.set_num_threads(1)
            else:
                torch.manual_seed(seed)
            yield
        finally:
            torch.set_num_threads(threads)
