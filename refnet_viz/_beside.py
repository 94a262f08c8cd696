"""One process beside this one, for compiled code that holds the interpreter's lock."""

from __future__ import annotations

import functools
import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from ._orphans import begin
from ._progress import Cancelled, report, watched


class Beside:
    """Process that computes one thing at a time, started when it is first needed.

    It ends with this process. Whoever waits for it leaves other threads free.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._pipe: Any = None
        self._turn = threading.Lock()
        self._caller, self._cancelled = 0, False

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns there.

        Parameters
        ----------
        function
            Function of a module, which is found there by its name.
        arguments
            Values that can be sent to a process.

        Raises
        ------
        Cancelled
            If `cancel` is called meanwhile.
        RuntimeError
            If the process ends before it answers.
        """
        with self._turn:
            self._caller, self._cancelled = threading.get_ident(), False
            try:
                report(0.0)
                if self._process is None or not self._process.is_alive():
                    self._open()
                if self._cancelled:
                    self._process.terminate()  # what is sent to it is an error
                    self._process.join()
                self._pipe.send((function, arguments))
                succeeded, value = self._pipe.recv()
            except (EOFError, OSError):
                self._process, process = None, self._process
                process.join()
                if self._cancelled:
                    raise Cancelled from None
                raise RuntimeError(
                    f"the process that computes `{function.__name__}` ended before it "
                    "was done, as when memory runs out."
                ) from None
            except KeyboardInterrupt:
                # Its answer would be taken for that of the next call.
                self._process, process = None, self._process
                if process is not None:
                    process.terminate()
                raise
            finally:
                self._caller = 0
        if not succeeded:
            raise value
        return value

    def cancel(self, caller: int) -> None:
        """End what a thread waits for; the next call starts another process.

        Parameters
        ----------
        caller
            Number of the thread; nothing happens if it does not wait.
        """
        process = self._process
        if self._caller == caller:
            self._cancelled = True
            if process is not None:
                process.terminate()

    def _open(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, child_end = context.Pipe()
        process = context.Process(
            target=_serve, args=(child_end,), name="refnet_viz layouts", daemon=True
        )
        process.start()
        child_end.close()  # or nobody would see that the process has gone
        self._process = process  # which can be ended from now on


@functools.cache
def beside() -> Beside:
    """Return the process that all of this kernel share."""
    return Beside()


def _end(*_: object) -> None:
    """Tidy up, once."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit()


def _serve(pipe: Connection) -> None:
    """Answer calls until the other side has gone."""
    # An interrupt is meant for the cell that runs, not for what runs beside it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    begin()
    with suppress(EOFError, OSError):
        while True:
            function, arguments = pipe.recv()
            try:
                with watched(lambda _: None):  # nobody sees a bar there
                    answer = True, function(*arguments)
            except Exception as error:  # noqa: BLE001  whoever asked gets it
                answer = False, error
            pipe.send(answer)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is tidying up already
