"""Long days in one process: loops, interrupts at random moments, and what they leave.

``tests/benchmarks/long_days.py`` runs all of it, ``tests/test_long_days.py`` a little.
"""

import asyncio
import gc
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import ipywidgets as W
import numpy as np
from exploring import settled

import refnet_viz as rv
from refnet_viz._beside import beside

X = np.random.default_rng(0).normal(size=(60, 4))
DATA = rv.data.Dataset.from_arrays(
    {"a": X[:, :2], "b": X[:, 2:]}, labels=np.arange(60) % 3
)
PATIENCE = 300  # seconds; what UMAP compiles takes a busy machine more than one minute
SMALL = rv.Config(epochs=3, hidden=8, width=4, batch_size=16)
CONFIGS = {"plain": SMALL, "heavy": rv.Config(**{**SMALL.to_dict(), "refiner": 9.0})}


def held():
    """Return memory in MB, threads, open files, children and widgets."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return {
        "MB": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        "threads": threading.active_count(),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "processes": len(multiprocessing.active_children()),
        "widgets": len(W.widget._instances),
    }


def grown(action, count, warm, most=600):
    """Return the calls made in `most` seconds, and by how much what is held grew.

    Growth is counted from the call `warm` to the last one.
    """
    half = time.monotonic() + most / 2
    calls = 0
    while calls < warm and (time.monotonic() < half or calls < 2):
        action()
        calls += 1
    before, end = held(), time.monotonic() + most / 2
    while calls < count and (time.monotonic() < end or calls < 4):
        action()
        calls += 1
    after = held()
    return calls, {name: after[name] - before[name] for name in before}


def grown_alone(name, count, warm):
    """Return what `grown` returns of a loop, in a process where nothing else dies."""
    code = (
        "import json, lasting\n"
        f"action, _ = lasting.loops()[{name!r}]\n"
        f"print(json.dumps(lasting.grown(action, {count}, {warm})))"
    )
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, *sys.path])
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(answer.stdout.decode("utf-8").splitlines()[-1])


def loops():
    """Return name to an action that is repeated in one process, and how often."""
    space = rv.Embedding.from_arrays(X, modalities={"a": X[:, :2]}, labels=X[:, 0] > 0)
    folder = Path(tempfile.mkdtemp())
    views = {}

    def explore():
        views["last"] = view = rv.explore(space, k=5, layout="pca")
        view.k = 6
        view.select(["1", "2"])

    def report():
        rv.report(space, folder / "report.html", k=5, progress=False)

    return {
        "explore() rebound": (explore, 200),
        "fit": (lambda: rv.fit(DATA, SMALL, progress=False), 100),
        "knn": (lambda: rv.knn(space, 5), 100),
        "report": (report, 50),
    }


# Interrupts


class Interruption:
    """A KeyboardInterrupt at a random moment of an action.

    Parameters
    ----------
    action
        What is interrupted.
    fault
        Says in words what is wrong afterwards, or None.
    """

    def __init__(self, action, fault):
        self.action, self.fault = action, fault
        self._seconds = []

    @property
    def length(self):
        """Seconds that the action took of late where nothing interrupted it."""
        return float(np.median(self._seconds[-9:]))

    def measure(self):
        """Run the action without interrupt, for its length; the first time warms up."""
        self.action()
        for _ in range(3):
            self._run()

    def _run(self):
        begin = time.perf_counter()
        self.action()
        self._seconds.append(time.perf_counter() - begin)

    def once(self, rng):
        """Return how the action ended, and what is wrong afterwards."""

        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        ending = "returned"
        try:
            try:
                moment = rng.uniform(1e-5, max(self.length, 2e-5))
                signal.setitimer(signal.ITIMER_REAL, moment)
                self._run()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            ending = "KeyboardInterrupt"
        except Exception as error:  # noqa: BLE001 (it is named, and what it leaves)
            ending = f"{type(error).__name__}: {error}"
        signal.signal(signal.SIGALRM, before)
        if ending == "returned":  # the interrupt came too late to be one
            return ending, None
        # Compiled code may turn an interrupt into an error of its own.
        return ending, self.fault()


def leftovers(folder):
    """Return names of temporary files in a folder."""
    return sorted(p.name for p in Path(folder).rglob(".*") if p.name != ".lock")


def of_knn():
    space = rv.Embedding.from_arrays(np.random.default_rng(0).normal(size=(800, 9)))
    right = rv.knn(space, 5).indices

    def fault():
        same = np.array_equal(rv.knn(space, 5).indices, right)
        return None if same else "other neighbours"

    return Interruption(lambda: rv.knn(space, 5), fault)


def of_project(method="umap"):
    space = rv.Embedding.from_arrays(X)
    right = rv.project(space, method).coordinates

    def fault():
        same = np.array_equal(rv.project(space, method).coordinates, right)
        return None if same else "another map"

    return Interruption(lambda: rv.project(space, method), fault)


def of_sweep():
    folder = Path(tempfile.mkdtemp()) / "sweep"

    def sweep():
        shutil.rmtree(folder, ignore_errors=True)
        return whole()

    def whole():
        return rv.sweep(
            DATA, CONFIGS, seeds=[0], folder=folder, n_jobs=1, progress=False
        )

    def digests(runs):
        return {
            name: [rv.embed(run, DATA.test).digest for run in each]
            for name, each in runs.items()
        }

    right = digests(sweep())

    def fault():
        return None if digests(whole()) == right else "other runs after resuming"

    return Interruption(sweep, fault)


def of_save():
    folder = Path(tempfile.mkdtemp()) / "saved"
    spaces = [rv.Embedding.from_arrays(X + i * np.eye(60, 4)) for i in (0, 1)]
    rv.save(spaces[0], folder)
    turn = [0]

    def save():
        turn[0] += 1
        rv.save(spaces[turn[0] % 2], folder)

    def fault():
        if rv.load(folder).digest not in {one.digest for one in spaces}:
            return "another comparison"
        save()
        left = leftovers(folder.parent)
        return f"left: {left}" if left else None

    return Interruption(save, fault)


def of_figure():
    folder = Path(tempfile.mkdtemp())
    space = rv.Embedding.from_arrays(X)
    figures = [rv.plot.latent(space, layout="pca", mode=m) for m in ("light", "dark")]
    turn = [0]

    def save():
        turn[0] += 1
        rv.save(figures[turn[0] % 2], folder / "f.svg")

    save()

    def fault():
        if not (folder / "f.svg").read_bytes().rstrip().endswith(b"</svg>"):
            return "half a picture"
        save()
        left = leftovers(folder)
        return f"left: {left}" if left else None

    return Interruption(save, fault)


def of_report():
    folder = Path(tempfile.mkdtemp())
    space = rv.Embedding.from_arrays(X, labels=np.arange(60) % 2)

    def report():
        rv.report(space, folder / "r.html", k=5, progress=False)

    report()
    right = (folder / "r.html").read_bytes()

    def fault():
        if (folder / "r.html").read_bytes() != right:
            return "another report"
        left = leftovers(folder)
        return f"left: {left}" if left else None

    return Interruption(report, fault)


def of_moves():
    space = rv.Embedding.from_arrays(
        X, modalities={"a": X[:, :2]}, labels=np.arange(60) % 2
    )
    view = rv.explore(space, k=5, layout="pca")

    def moves():
        view.change(k=4 if view.k != 4 else 7)
        view.select(["1", "2", "3"])
        view.color = "purity" if view.color == "label" else "label"
        view.edges = "all"
        view.tag("odd")
        view.undo()

    def fault():
        view.change(k=9, color="label", edges="none", selected=["5"])
        view.change(k=3)
        graph = rv.knn(space, 3)
        inside = np.bincount(graph.indices.ravel(), minlength=60)[5]
        if view.k != 3 or view.selected["id"].tolist() != ["5"]:
            return "the state is not what was set"
        if view.selected["in_degree"].tolist() != [inside]:
            return "numbers of another graph"
        view.undo()
        return None if view.k == 9 else f"undo leads to k={view.k}"

    return Interruption(moves, fault)


def of_background():
    space = rv.Embedding.from_arrays(X, labels=np.arange(60) % 2)
    views = {}

    async def shown(k):
        if "view" not in views:
            views["view"] = rv.explore(space, k=5, layout="umap")
        views["view"].k = k
        await settled(views["view"])

    def work():
        views.pop("view", None)
        asyncio.run(asyncio.wait_for(shown(4), PATIENCE))

    def fault():
        views.pop("view", None)
        asyncio.run(asyncio.wait_for(shown(6), PATIENCE))
        view, graph = views["view"], rv.knn(space, 6)
        view.select(["0", "1"])
        counts = np.bincount(graph.indices.ravel(), minlength=60)[:2].tolist()
        if view.selected["in_degree"].tolist() != counts:
            return "numbers of another graph"
        return None

    return Interruption(work, fault)


def of_beside():
    def fault():
        answers = [beside().call(abs, -number) for number in (3, 4)]
        return None if answers == [3, 4] else f"answers {answers} of 3 and 4"

    return Interruption(lambda: beside().call(time.sleep, 0.05), fault)


INTERRUPTIONS = {
    "sweep, then resumed": of_sweep,
    "knn": of_knn,
    "project": of_project,
    "save over old": of_save,
    "save of a figure": of_figure,
    "report": of_report,
    "explorer moves": of_moves,
    "background work": of_background,
    "the process beside": of_beside,
}


def interrupted(make, count, rng, most=600):
    """Return how actions ended, `count` of them by an interrupt, and faults afterwards.

    Fewer where `most` seconds are over, or interrupts come too late again and again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = make()
        one.measure()
        end = time.monotonic() + most
        endings, faults = {"returned": 0, "KeyboardInterrupt": 0}, []
        while endings["KeyboardInterrupt"] < count and time.monotonic() < end:
            if sum(endings.values()) >= 6 * count + 6:
                break
            ending, fault = one.once(rng)
            endings[ending] = endings.get(ending, 0) + 1
            if fault:
                faults.append(fault)
    return endings, faults


# A kernel that goes

_KERNEL = """
import os, sys, time, multiprocessing
from refnet_viz._beside import beside
if __name__ == "__main__":
    beside().call(abs, -1)
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    beside().call(time.sleep, 600)
"""


def left_by_a_kernel(wait=10.0):
    """Return how many processes of a killed kernel are alive after some seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.py"
        file.write_text(_KERNEL, "utf-8")
        kernel = subprocess.Popen(
            [sys.executable, str(file)], stdout=subprocess.PIPE, text=True
        )
        children = [int(word) for word in kernel.stdout.readline().split()]
        assert children, "no process to be left"
        kernel.stdout.close()
        kernel.kill()
        kernel.wait()
        end = time.monotonic() + wait
        while time.monotonic() < end and any(map(_alive, children)):
            time.sleep(0.05)
        return sum(map(_alive, children))


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    except OSError:
        return False
    return state[0] != "Z"
