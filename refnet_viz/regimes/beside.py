"""Training in a process of its own, reported epoch by epoch.

Whoever waits for a run keeps its hands free, and can stop it. The process is started
by the first run, gets the data once, and stays until it is closed.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch

from .._orphans import begin
from ..config import Config
from ..data.dataset import Dataset, Media
from ..data.notices import hush
from ..train import Epoch, Run, fit, pretrain
from ..train.nulls import null_losses, null_score
from .purity import Purity


@dataclass(frozen=True)
class Job:
    """A training job of the process; its number is unique among the trainer's jobs."""

    number: int
    config: Config
    seed: int
    snapshots: int


@dataclass(frozen=True)
class Begun:
    """Training begins; `nulls` are the numbers of a network that learned nothing."""

    nulls: Mapping[str, float]


@dataclass(frozen=True)
class Ended:
    """An epoch has ended: its row of the history, and ``purity`` beside it.

    `best` is the epoch whose state is kept so far.
    """

    best: int
    row: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Finished:
    """The run is there."""

    run: Run


@dataclass(frozen=True)
class Failed:
    """There is no run, and a sentence that says why."""

    why: str


Event: TypeAlias = Begun | Ended | Finished | Failed


class Trainer:
    """Trains one run at a time beside the process that asks for it.

    Parameters
    ----------
    data
        As `fit` takes them; unlabelled ones are pre-trained.
    """

    def __init__(self, data: Dataset) -> None:
        # Nothing is learned from what is shown when a point is hovered.
        self._data = replace(
            data, media=Media(), metadata=pd.DataFrame(index=range(len(data)))
        )
        self._process: Any = None
        self._pipe: Any = None
        self._stop: Any = None
        self._number = 0
        self.busy = False

    def start(self, config: Config, *, seed: int = 0, snapshots: int = 0) -> None:
        """Begin a run.

        Raises
        ------
        RuntimeError
            If another one is not done.
        """
        if self.busy:
            raise RuntimeError("a run is being trained already; stop it first.")
        self._number += 1
        job = Job(self._number, config, seed, snapshots)
        if self._process is not None and self._process.is_alive():
            self._pipe.send(job)
        else:
            self._open(job)
        self.busy = True

    def _open(self, job: Job) -> None:
        self.close()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        stop_signal, self._stop = context.Pipe(duplex=False)
        self._process = context.Process(
            target=serve, args=(theirs, stop_signal), name="refnet_viz", daemon=True
        )
        self._process.start()
        # Or nobody would see that the process has gone.
        for end in (theirs, stop_signal):
            end.close()
        # It imports torch before it reads: whoever sends much would wait for that.
        arguments = (self._pipe, (self._data, job))
        threading.Thread(target=_send, args=arguments, daemon=True).start()

    def stop(self) -> None:
        """Ask to stop after the epoch that runs; the best state is kept."""
        if self.busy:
            _send(self._stop, self._number)

    def events(self, wait: float = 0.0) -> list[Event]:
        """Return the events since the last call.

        Parameters
        ----------
        wait
            Seconds to wait for something to happen.
        """
        events: list[Event] = []
        while self.busy:
            try:
                if not self._pipe.poll(0.0 if events else wait):
                    break
                event = self._pipe.recv()
            except (EOFError, OSError):
                event = Failed(self._exit_reason())
            if isinstance(event, Finished):
                event = Finished(_with(event.run, torch.from_numpy))
            self.busy = not isinstance(event, Finished | Failed)
            events.append(event)
        return events

    def close(self) -> None:
        """End the process, and the run with it."""
        self.busy, process, self._process = False, self._process, None
        if process is None:
            return
        process.terminate()
        process.join(5)
        process.kill()  # in case it hangs
        process.join()
        self._pipe.close()
        self._stop.close()
        process.close()

    def _exit_reason(self) -> str:
        self._process.join()
        code = self._process.exitcode
        reason = f"exit code {code}"
        if code < 0:
            reason = signal.Signals(-code).name
            reason += ", as when memory runs out" if reason == "SIGKILL" else ""
        return f"the training process ended before its run was done ({reason})."


def serve(pipe: Connection, stop: Connection) -> None:
    """Train what is asked for until nobody asks any more.

    Parameters
    ----------
    pipe
        Brings the data with the first `Job`, then jobs; takes events.
    stop
        Brings the numbers of jobs to stop.
    """
    # An interrupt is meant for the cell that runs, not for what runs beside it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # and tidy up
    begin()
    with suppress(EOFError, OSError):  # the other side has gone
        data, job = pipe.recv()
        while True:
            pipe.send(_done(data, job, pipe, stop))
            job = pipe.recv()


def _done(
    data: Dataset, job: Job, pipe: Connection, stop: Connection
) -> Finished | Failed:
    supervised = bool(data.train.labelled.any())
    hush(data)  # nobody reads what this process writes; the manifest says it

    def tell(event: Epoch) -> bool:
        row = {**event.row, "purity": purity(event.val_z)}
        pipe.send(Ended(event.best, row))
        return _stop_requested(stop, job.number)

    options: dict[str, Any] = {
        "seed": job.seed,
        "snapshots": job.snapshots,
        "progress": False,
        "on_epoch": tell,
    }
    try:
        purity = Purity(data, job.config, job.seed)
        score = null_score(data, job.config, seed=job.seed)
        nulls = null_losses(data, job.config, seed=job.seed)
        pipe.send(Begun(nulls | {"val_score": score, "purity": purity.chance}))
        run = (fit if supervised else pretrain)(data, job.config, **options)
    except (ValueError, TypeError, RuntimeError, MemoryError) as error:
        return Failed(str(error) or type(error).__name__)
    return Finished(_with(run, np.asarray))


def _stop_requested(stop: Connection, number: int) -> bool:
    """Return whether a job is to stop; requests about earlier ones are dropped."""
    while stop.poll():
        if stop.recv() == number:
            return True
    return False


def _send(pipe: Connection, message: Any) -> None:
    with suppress(OSError):  # closed before it was read
        pipe.send(message)


def _with(run: Run, change: Any) -> Run:
    """Return a run whose tensors are arrays, or tensors again.

    Tensors would travel as shared memory, which ends with the process.
    """
    weights = {name: change(value) for name, value in run.weights.items()}
    snapshots = {
        epoch: {name: change(value) for name, value in state.items()}
        for epoch, state in run.snapshots.items()
    }
    return replace(run, weights=weights, snapshots=snapshots)
