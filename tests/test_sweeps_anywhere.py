"""Sweeps on other back ends of joblib, and by several processes into one folder."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import enduring
import joblib
import numpy as np
import pytest
import torch
from joblib.externals.loky.backend import context

from refnet_viz import Config, fit, sweep
from refnet_viz._orphans import begin
from refnet_viz.data import Dataset
from refnet_viz.train import Run, claims, sweeps
from refnet_viz.train.claims import claimed

pytestmark = pytest.mark.torch
SMALL = Config(epochs=2, hidden=16, width=8)
CONFIGS = {"a": SMALL, "b": Config(epochs=2, hidden=16, width=8, refiner=0.0)}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 30)
    values = {
        "x": rng.normal(size=(60, 6)) + labels[:, None],
        "y": rng.normal(size=(60, 4)),
    }
    return Dataset.from_arrays(values, labels=labels)


@pytest.fixture(scope="module")
def alone(data):
    """The same sweep by one process, run after run."""
    return sweep(data, CONFIGS, seeds=[0, 1], n_jobs=1, progress=False)


def assert_same(runs, alone):
    assert list(runs) == list(alone)
    for name, row in alone.items():
        assert [run.seed for run in runs[name]] == [run.seed for run in row]
        for run, other in zip(runs[name], row, strict=True):
            assert run.digest == other.digest
            for key, value in other.weights.items():
                assert torch.equal(run.weights[key], value)


class Bar:
    """Progress that remembers where it was."""

    def __init__(self, *_, total, **__):
        self.total, self.n, self.seen = total, 0, []
        BARS.append(self)

    def update(self, count=1):
        self.n += count
        self.seen.append(self.n)

    def close(self):
        pass


BARS = []


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_every_back_end_gives_the_same_bits(data, alone, backend, monkeypatch):
    monkeypatch.setattr(sweeps, "progress_bar", Bar)
    with warnings.catch_warnings(), joblib.parallel_config(backend):
        # what Python says of a fork where there are threads
        warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning)
        runs = sweep(data, CONFIGS, seeds=[0, 1], n_jobs=2)
    assert_same(runs, alone)
    assert (BARS[-1].total, BARS[-1].n) == (4, 4)
    assert BARS[-1].seen == sorted(BARS[-1].seen)


def test_only_the_back_end_of_pools_lacks_the_generator():
    parallel = joblib.Parallel  # where this fails, the lists of `sweep` can go
    with (
        joblib.parallel_config("multiprocessing"),
        pytest.raises(ValueError, match="re"),
    ):
        parallel(n_jobs=2, return_as="generator_unordered")


# ------------------------------------------------------------------------- folders

SCRIPT = """
import json, os, sys
import numpy as np
from refnet_viz import Config, sweep
from refnet_viz.data import Dataset
from refnet_viz.train import sweeps

train, log = sweeps.fit, sys.argv[2]

def fit(data, config, *, seed, **options):
    with open(log, "a") as file:
        file.write(f"{config.refiner} {seed} {os.getpid()}\\n")
    if sys.argv[3] == "hangs":
        import time
        time.sleep(600)
    return train(data, config, seed=seed, **options)

sweeps.fit = fit
rng = np.random.default_rng(0)
labels = np.repeat([0, 1], 30)
values = {"x": rng.normal(size=(60, 6)) + labels[:, None]}
values["y"] = rng.normal(size=(60, 4))
data = Dataset.from_arrays(values, labels=labels)
small = {"epochs": 2, "hidden": 16, "width": 8}
configs = {"a": Config(**small), "b": Config(**small, refiner=0.0)}
runs = sweep(data, configs, seeds=[0, 1], folder=sys.argv[1], n_jobs=1, progress=False)
print(json.dumps({name: [run.digest for run in row] for name, row in runs.items()}))
"""


def started(folder, log, how="runs"):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder), str(log), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trained(log):
    return [line.split() for line in log.read_text().splitlines()]


def test_three_processes_fill_one_folder(tmp_path, alone):
    folder, log = tmp_path / "runs", tmp_path / "log"
    log.touch()
    stuck = started(folder, log, "hangs")
    while not trained(log):
        assert stuck.poll() is None, stuck.stderr.read()
        time.sleep(0.1)
    others = [started(folder, log) for _ in range(2)]
    while len(trained(log)) < 4:  # all but the one that hangs
        assert all(other.poll() is None for other in others), others[0].stderr.read()
        time.sleep(0.1)
    os.kill(stuck.pid, signal.SIGKILL)
    stuck.communicate()
    expected = {name: [run.digest for run in row] for name, row in alone.items()}
    for other in others:
        out, err = other.communicate(timeout=300)
        assert other.returncode == 0, err
        assert json.loads(out) == expected
    lines = trained(log)
    (first, *rest) = lines
    assert sorted(line[:2] for line in rest) == sorted(
        [str(config.refiner), str(seed)]
        for config in CONFIGS.values()
        for seed in (0, 1)
    )
    assert first[:2] in [line[:2] for line in rest]  # taken over, no other run twice
    assert not [path for path in folder.rglob(".*") if path.is_file()]


def test_a_run_that_another_process_trains_is_waited_for(data, alone, tmp_path):
    begun, ready = threading.Event(), threading.Event()

    def other():
        with claimed(tmp_path / "a" / "seed-0", wait=False) as mine:
            assert mine
            begun.set()
            assert ready.wait(300)
            alone["a"][0].save(tmp_path / "a" / "seed-0")

    thread = threading.Thread(target=other)
    thread.start()
    assert begun.wait(60)
    trained, train = [], sweeps.fit
    with pytest.MonkeyPatch.context() as patch:

        def spy(*args, seed, **options):
            trained.append(seed)
            ready.set()
            return train(*args, seed=seed, **options)

        patch.setattr(sweeps, "fit", spy)
        runs = sweep(
            data, {"a": SMALL}, seeds=[0, 1], folder=tmp_path, n_jobs=1, progress=False
        )
    thread.join()
    assert trained == [1]
    assert_same(runs, {"a": alone["a"]})


def test_another_version_in_the_folder_is_one_sentence(data, tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "__version__", "9.9")
    with claimed(tmp_path / "a" / "seed-0", wait=False):
        monkeypatch.undo()
        with pytest.raises(
            ValueError, match=r"one version.*got 9\.9.*'seed-0'"
        ) as caught:
            sweep(
                data, {"a": SMALL}, seeds=[0], folder=tmp_path, n_jobs=1, progress=False
            )
    assert str(caught.value).count(". ") == 0
    (run,) = sweep(
        data, {"a": SMALL}, seeds=[0], folder=tmp_path, n_jobs=1, progress=False
    )["a"]
    assert Run.load(tmp_path / "a" / "seed-0").digest == run.digest


def test_idle_workers_end_with_their_parent(data, tmp_path):
    def work():
        context.set_start_method("fork", force=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sweep(data, {"a": SMALL}, seeds=[0, 1], n_jobs=2, progress=False)
        (tmp_path / "done").touch()
        time.sleep(60)

    parent = enduring.child(work, apart=True)
    while not (tmp_path / "done").exists():
        assert os.waitpid(parent, os.WNOHANG) == (0, 0)
        time.sleep(0.05)
    assert len(enduring.running(parent)) > 2
    os.kill(parent, signal.SIGKILL)
    enduring.ended(parent)
    assert enduring.all_ended(parent)


def test_a_worker_whose_parent_has_gone_meanwhile_ends_at_once():
    assert enduring.ended(enduring.child(lambda: begin(os.getppid())))
    assert not enduring.ended(enduring.child(lambda: begin(os.getpid())))


def test_a_beginning_that_the_caller_chose_stays():
    with joblib.parallel_config("loky", initializer=print):
        assert sweeps._beginning(joblib.parallel.get_active_backend()[0]) == {}
    assert sweeps._beginning(joblib.parallel.ThreadingBackend()) == {}


def test_runs_in_threads_do_not_share_random_numbers(data):
    alone, results = fit(data, SMALL, seed=3, progress=False), []

    def train(seed):
        results.append(fit(data, SMALL, seed=seed, progress=False))

    threads = [threading.Thread(target=train, args=(seed,)) for seed in (3, 4, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.digest for run in results if run.seed == 3] == [alone.digest] * 2


# ---------------------------------------------------------------------------- Dask


def test_dask_scatters_the_data_once_and_outlives_a_worker(data, alone, tmp_path):
    distributed = pytest.importorskip("distributed")
    assert sys.getsizeof(data) > sum(m.values.nbytes for m in data.modalities.values())
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        warnings.simplefilter("ignore")  # what it says of ports, forks and dead workers
        scattered, scatter = [], client.scatter

        def spy(value, **options):
            scattered.append(value)
            return scatter(value, **options)

        client.scatter = spy
        with joblib.parallel_config("dask"):
            first = sweep(data, CONFIGS, seeds=[0], progress=False)
            assert sum(value is data for value in scattered) == 1
            doomed = next(iter(client.run(os.getpid).values()))
            killer = threading.Timer(0.2, lambda: os.kill(doomed, signal.SIGKILL))
            killer.start()
            runs = sweep(data, CONFIGS, seeds=[0, 1], folder=tmp_path, progress=False)
            killer.join()
    assert_same(first, {name: row[:1] for name, row in alone.items()})
    assert_same(runs, alone)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 4
