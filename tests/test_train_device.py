"""What training does off the CPU, on torch's meta device, which needs no hardware."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from refnet_viz.config import Config
from refnet_viz.data import Dataset
from refnet_viz.model import ReFNet, Schema
from refnet_viz.train import steps, sweep, sweeps
from refnet_viz.train.rows import rows_of

N = 12
INDEXED = {torch.ops.aten.index.Tensor, torch.ops.aten.index_put_.default}


class OneDevice(TorchDispatchMode):
    """Refuses what an accelerator refuses: operands, or indices, of two devices.

    Indices on the CPU may point into any tensor, as may numbers without dimensions
    enter any operation.
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [
            a for a in tree_leaves((args, kwargs)) if isinstance(a, torch.Tensor)
        ]
        first = tensors[0].device if tensors else None
        free = torch.device("cpu") if func in INDEXED else first
        allowed = {first, free}
        for tensor in tensors[1:]:
            copied = func is torch.ops.aten.copy_.default
            if tensor.ndim and not copied and tensor.device not in allowed:
                raise RuntimeError(f"{func}: {tensor.device} beside {first}")
        return func(*args, **kwargs)


@pytest.fixture(autouse=True)
def meta(monkeypatch):
    """Let torch's meta device stand in for an accelerator: all rows count there."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    with torch.fx.experimental._config.patch(meta_nonzero_assume_all_nonzero=True):
        yield


def dataset(**answers):
    rng = np.random.default_rng(0)
    features = {"a": rng.normal(size=(N, 4)), "b": rng.normal(size=(N, 3))}
    return Dataset.from_arrays(features, **answers)


def prepared(data, config, *, supervised):
    model = ReFNet(Schema.of(data), config)
    model.fit_features(data)
    model.to("meta")
    return model, rows_of(model, data, config, 0, supervised=supervised)


def losses(model, rows):
    index = torch.arange(N // 2, device="meta")
    with OneDevice():
        return steps._losses(model, rows, index, model.config, 0.0)


def test_pretraining_stays_on_its_device():
    model, rows = prepared(dataset(), Config(hidden=16, width=8), supervised=False)
    terms = losses(model, rows)
    assert list(terms) == ["refiner"]
    assert terms["refiner"].device.type == "meta"
    torch.stack(list(terms.values())).sum().backward()
    assert all(p.grad is not None for p in model.refiner.parameters())


@pytest.mark.parametrize(
    "answers", [{"labels": np.arange(N) % 3}, {"target": np.arange(N) / 7.0}]
)
def test_fitting_stays_on_its_device(answers):
    config = Config(hidden=16, width=8, contrastive=0)
    model, rows = prepared(dataset(**answers), config, supervised=True)
    tensors = [rows.labels, rows.labelled, rows.target, rows.batch.present]
    assert {t.device.type for t in tensors if t is not None} == {"meta"}
    assert set(losses(model, rows)) == {"task", "refiner"}


def test_flags_left_on_the_cpu_would_be_refused():
    model, rows = prepared(dataset(), Config(hidden=16, width=8), supervised=False)
    left = replace(rows, labelled=torch.zeros(N, dtype=torch.bool))
    with pytest.raises(RuntimeError, match="meta beside cpu"):
        losses(model, left)


def test_every_run_of_a_sweep_is_on_the_device(monkeypatch):
    devices = []
    fit = sweeps.fit

    def noted(data, config, **options):
        devices.append(options.pop("device"))
        return fit(data, config, **options)

    monkeypatch.setattr(sweeps, "fit", noted)
    monkeypatch.setattr(sweeps, "as_device", torch.device)
    data = dataset(labels=np.arange(N) % 2)
    small = {"a": Config(epochs=1, hidden=16, width=8, contrastive=0, keep="last")}
    options = {"seeds": [0, 1], "n_jobs": 1, "progress": False}
    sweep(data, small, device="cuda:1", **options)
    sweep(data, small, **options)
    assert devices == ["cuda:1"] * 2 + ["cpu"] * 2


def test_a_sweep_refuses_a_device_before_it_trains():
    data = dataset(labels=np.arange(N) % 2)
    with pytest.raises(ValueError, match="`device` must be a device that torch finds"):
        sweep(data, {"a": Config()}, device="gpu", n_jobs=1, progress=False)
