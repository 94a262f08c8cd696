"""`embed`: embeddings of datasets by runs, as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from . import _check
from ._nested import map_values, some
from ._threads import one_thread_for
from .data.dataset import Dataset
from .data.fingerprint import row_hashes
from .data.stored import InMemory, Stored
from .decoder import Decoder, InSingle
from .embedding import Embedding
from .model import Batch, Output, ReFNet, as_device
from .train.run import Run


def embed(
    runs: Any, data: Dataset, *, device: str = "cpu", batch_size: int = 2048
) -> Any:
    """Return the embeddings of a dataset by the runs.

    Parameters
    ----------
    runs
        A `Run`, a list of them, or a mapping of either.
    data
        Usually `data.test`: rows trained on flatter every number.
    device
        Where to compute.
    batch_size
        Rows at a time; changes nothing but memory.

    Returns
    -------
    Embedding
        Or a list or mapping of them, in the shape of `runs`. Its ``info["epoch"]`` is
        the epoch of the weights: of `Run.at`, or the one that training kept.

    Raises
    ------
    TypeError
        If something in `runs` is not a Run.
    ValueError
        If the data lack a modality of the run, have another shape or other classes,
        or the device is not there.

    Examples
    --------
    >>> from refnet_viz.train import Config, fit
    >>> rng = np.random.default_rng(0)
    >>> data = Dataset.from_arrays(
    ...     {"a": rng.normal(size=(40, 3))}, labels=np.repeat([0, 1], 20))
    >>> run = fit(data, Config(epochs=1, hidden=16, width=8), progress=False)
    >>> embed(run, data.test).shape
    (8, 8)
    """
    _check.instance("data", data, Dataset)
    _check.integer("batch_size", batch_size, low=1, high=2**31)
    place = as_device(device)
    hashes: dict[tuple[Any, ...], npt.NDArray[np.uint64]] = {}

    def one(run: Any) -> Embedding:
        if not isinstance(run, Run):
            raise TypeError(f"`runs` must hold Run values, got {type(run).__name__}.")
        rows = run.schema.ordered(data)
        _check_classes(run, rows)
        names = tuple(run.schema.modalities)
        columns = (names, *(rows.modalities[name].features for name in names))
        if columns not in hashes:
            hashes[columns] = row_hashes(rows, names)
        return _embed(run, rows, hashes[columns], place=place, batch_size=batch_size)

    with _one_thread(len(data)):
        return map_values(one, some("runs", runs))


@contextmanager
def _one_thread(rows: int) -> Iterator[None]:
    """Compute few rows by one thread of torch, too, whose pools others cannot limit.

    Whether anything was trained before in this process would otherwise decide how sums
    are rounded, and a figure could not be made again from runs trained once more.
    """
    threads = torch.get_num_threads()
    with one_thread_for(rows) as limits:
        if limits is None:
            yield
            return
        try:
            torch.set_num_threads(1)
            yield
        finally:
            torch.set_num_threads(threads)


def _embed(
    run: Run,
    data: Dataset,
    hashes: npt.NDArray[np.uint64],
    *,
    place: torch.device,
    batch_size: int,
) -> Embedding:
    model = run.model(place)
    batch = model.prepare(data)
    parts = [_forward(model, block) for _, block in batch.blocks(batch_size)]
    z, logits, unimodal, inputs, targets, decoded, diagnostics = (
        _joined([part[i] for part in parts]) for i in range(7)
    )
    decoders = _decoders(model) if run.has_decoders else {}
    if not run.has_decoders:  # those of another epoch answer nothing here
        targets, decoded = {}, {}
    for name, features in model.on_disk(data).items():
        inputs[name] = features
        if decoders and run.config.targets == "inputs":
            targets[name] = features
            decoded[name] = Stored(InMemory(z), name=name).mapped(
                InSingle(decoders[name]), shape=features.shape[1:], dtype=np.float32
            )
    inputs, targets, decoded = (
        {name: features[name] for name in model.names if name in features}
        for features in (inputs, targets, decoded)
    )
    scores, predictions = _classified(logits, run)
    order = [list(data.modalities).index(name) for name in model.names]
    return Embedding(
        ids=data.ids,
        z=z,
        inputs=inputs,
        unimodal=unimodal,
        targets=targets,
        decoded=decoded,
        labels=data.labels,
        class_names=_class_names(run, data),
        predictions=predictions,
        scores=scores,
        diagnostics=diagnostics,
        present=data.present[:, order],
        held_out=~np.isin(hashes, run.train_rows),
        metadata=data.metadata,
        media=data.media,
        target=data.target,
        predicted=_regressed(logits, run, model),
        decoders=decoders,
        info={
            "variant": run.manifest.get("variant") or run.config.fusion,
            "seed": run.seed,
            "epoch": int(run.manifest.get("epoch", run.best_epoch)),
            "dataset": data.name,
            "fingerprint": run.manifest["fingerprint"],
            "config": run.config.to_dict(),
            "versions": run.manifest["versions"],
        },
    )


def _decoders(model: ReFNet) -> dict[str, Decoder]:
    """Return the refiner's decoders as arrays."""
    decoders = {}
    for number, name in enumerate(model.names):
        first, _, last = cast("nn.Sequential", model.refiner.decoders[str(number)])
        tensors = first.weight, first.bias, last.weight, last.bias
        arrays = [
            cast("Tensor", tensor).detach().cpu().double().numpy() for tensor in tensors
        ]
        decoders[name] = Decoder(*arrays)
    return decoders


def _class_names(run: Run, data: Dataset) -> tuple[str, ...]:
    """Return the names of the data's classes, of the run's where no row has a label."""
    unlabelled = not data.class_names and _classifies(run)
    return run.schema.class_names if unlabelled else data.class_names


def _check_classes(run: Run, data: Dataset) -> None:
    """Refuse labels that number other classes than the run's predictions do."""
    class_names = run.schema.class_names
    if not data.labelled.any() or not _classifies(run):
        return
    if run.schema.multilabel != data.multilabel:
        kinds = ("one label", "several labels")
        raise ValueError(
            f"`data` must have {kinds[run.schema.multilabel]} a row as the run has, "
            f"got {kinds[data.multilabel]}."
        )
    if class_names != data.class_names:
        raise ValueError(
            f"`data` must have the classes of the run ({', '.join(class_names)}), "
            f"got {', '.join(data.class_names)}; `class_names` of "
            "`Dataset.from_arrays` sets them."
        )


@torch.no_grad()
def _forward(model: ReFNet, batch: Batch) -> tuple[Any, ...]:
    """Return all that is kept of some rows, which is no features that are on disk."""
    output: Output = model(batch)
    large = batch.on_disk if model.config.targets == "inputs" else ()
    inputs = {n: x for n, x in batch.features.items() if n not in batch.on_disk}
    targets, decoded = (
        {name: values for name, values in features.items() if name not in large}
        for features in (model.targets(batch, output), model.decode(output.z))
    )
    return (
        output.z, output.logits, output.unimodal, inputs, targets, decoded,
        output.fused.diagnostics,
    )  # fmt: skip


def _joined(parts: list[Any]) -> Any:
    if isinstance(parts[0], Tensor):
        return torch.cat(parts).float().cpu().numpy()
    return {name: _joined([part[name] for part in parts]) for name in parts[0]}


def _classifies(run: Run) -> bool:
    """Return whether the run was trained on classes."""
    schema = run.schema
    has_classes = bool(schema.class_names) and not schema.regression
    return has_classes and bool(run.manifest["supervised"])


def _classified(
    logits: npt.NDArray[np.float32], run: Run
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.int64] | None]:
    """Return probabilities and predictions; nothing after unlabelled training."""
    if not _classifies(run):
        return None, None
    wide = torch.from_numpy(logits)
    if run.schema.multilabel:
        return wide.sigmoid().numpy(), (logits > 0).astype(np.int64)
    return wide.softmax(dim=1).numpy(), logits.argmax(axis=1)


def _regressed(
    logits: npt.NDArray[np.float32], run: Run, model: ReFNet
) -> npt.NDArray[np.float64] | None:
    """Return the predicted target in its unit, None unless one was trained on."""
    if not run.schema.regression or not run.manifest["supervised"]:
        return None
    place = model.target_mean.device
    return model.in_unit(torch.from_numpy(logits).to(place)).cpu().numpy()
