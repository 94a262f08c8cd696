"""One run trained by two processes of torchrun, against the same by one process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import distributed_training
import numpy as np
import pytest
import torch
import torch.distributed as dist

from refnet_viz.config import Config
from refnet_viz.train import Run, fit
from refnet_viz.train.processes import Processes

SCRIPT = Path(distributed_training.__file__)
# Sums over two parts round differently; AdamW hands this on.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
# It divides by the root of squared gradients: where these are hardly above 0, rounding
# moves a weight by a part of a step (of 1e-3; single weights were up to 6.3e-5 apart).
WEIGHTS = {"rtol": 1e-4, "atol": 2e-4}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folder that two processes filled, and what they printed."""
    folder = tmp_path_factory.mktemp("together")
    command = [sys.executable, "-W", "error", "-m", "torch.distributed.run"]
    command += ["--nproc-per-node=2", "--rdzv-backend=c10d", "--local-addr=127.0.0.1"]
    command += ["--rdzv-endpoint=127.0.0.1:0", str(SCRIPT), str(folder)]
    root = SCRIPT.parents[1]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", distributed_training.CASES)
def test_two_processes_train_the_run_of_one(trained, name):
    """Losses, scores, kept epoch and weights, with parts of 5 and 4 rows."""
    alone = distributed_training.case(name, [])
    first, second = (Run.load(trained / rank / name) for rank in "01")
    assert first.digest == second.digest
    assert first.history.equals(second.history)
    assert first.manifest == second.manifest == alone.manifest
    assert list(first.history) == list(alone.history)
    assert (first.history.dtypes == alone.history.dtypes).all()
    np.testing.assert_allclose(first.history, alone.history, **CLOSE)
    for weight, value in alone.weights.items():
        torch.testing.assert_close(first.weights[weight], value, **WEIGHTS)
    assert first.epochs == second.epochs == alone.epochs
    for epoch in alone.epochs:
        assert first.at(epoch).digest == second.at(epoch).digest
        for weight, value in alone.at(epoch).weights.items():
            torch.testing.assert_close(
                first.at(epoch).weights[weight], value, **WEIGHTS
            )


@pytest.mark.parametrize("name", distributed_training.OTHERS)
def test_processes_have_the_same_run_where_parts_matter(trained, name):
    """Masks of dropout are drawn, and half-precision gradients rounded, by part."""
    data, config = distributed_training.paired(60), distributed_training.OTHERS[name]
    alone = fit(data, config, progress=False)
    first, second = (Run.load(trained / rank / name) for rank in "01")
    assert first.digest == second.digest != alone.digest
    assert first.history.equals(second.history)
    np.testing.assert_allclose(first.history["loss"], alone.history["loss"], rtol=0.1)


def test_the_first_process_alone_is_asked_whether_to_stop(trained):
    epochs = [json.loads(noted(trained, rank))["epochs"] for rank in "01"]
    assert epochs == [[0, 1], []]


def test_wrong_calls_are_refused_by_every_process(trained):
    first, second = (json.loads(noted(trained, rank))["refused"] for rank in "01")
    assert first == second
    assert "batches of 1 rows for 2 processes" in first["rows"]
    assert "must be the same in all 2 processes" in first["alike"]
    assert "`sweep` must be called outside a process group" in first["sweep"]


def noted(folder, rank):
    return (folder / rank / "noted.json").read_text()


def test_torchrun_without_a_group_is_refused(data, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("WORLD_SIZE", "1")
    one = Config(epochs=1, hidden=16, width=8)
    assert len(fit(data, one, progress=False).history) == 1
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RuntimeError, match="init_process_group` must be called before"):
        fit(data, one, progress=False)


@pytest.mark.parametrize(
    ("device", "config", "needs"),
    [
        ("cpu", "cuda:nccl", "'cpu', which needs the back end 'gloo' or 'mpi', and a"),
        ("cuda", "cpu:gloo,cuda:gloo", "back end 'nccl', and a group of 'gloo'"),
        ("mps", "cpu:gloo", "which needs the back end that is not supported"),
    ],
)
def test_a_group_that_cannot_send_the_tensors_is_refused(
    device, config, needs, monkeypatch
):
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    monkeypatch.setattr(dist, "get_backend_config", lambda: config)
    with pytest.raises(ValueError, match=needs):
        Processes.of_group(torch.device(device), 0)


@pytest.mark.parametrize("rows", range(3, 12))
def test_parts_are_the_batch_in_order(rows):
    parts = [Processes(rank, 3).part(rows) for rank in range(3)]
    assert [row for part in parts for row in range(rows)[part]] == list(range(rows))
    sizes = Processes(size=3).sizes(rows)
    assert [len(range(rows)[part]) for part in parts] == sizes
    assert max(sizes) - min(sizes) <= 1 <= min(sizes)
