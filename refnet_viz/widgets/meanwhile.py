"""Work that a view left for later, told on the screen, and the picture that stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from IPython.display import display

from .._beside import beside
from .._progress import Cancelled
from ..explorer import ahead, picture
from ..explorer.store import JUDGED_AT_ONCE
from ..explorer.view import View
from . import later
from .screen import Screen

SOON, TICK = 0.3, 0.5  # seconds until work is told, and between two reports


class Meanwhile:
    """Jobs that follow from a view, one at a time, while the kernel is free.

    Parameters
    ----------
    screen
        Says what runs and how far it is.
    show
        Shows what a job computed, and returns the view that is shown then.

    Attributes
    ----------
    running
        The job that runs and its thread, or None.
    """

    def __init__(self, screen: Screen, show: Callable[[ahead.Job], View]) -> None:
        self.running: tuple[ahead.Job, later.Background] | None = None
        self._screen, self._show = screen, show
        self._view: View | None = None
        self._jobs: Iterator[ahead.Job] = iter(())
        self._stopped = self._ticking = self._closed = False
        self._asked = ahead.NOTHING
        self._still = ("", "")
        self._display: Any = None
        self._outdated = False  # the still picture

    def follow(self, view: View) -> None:
        """Compute what a view left for later; what runs for it goes on."""
        self._view = view
        if not later.possible():
            return
        self._jobs = ahead.jobs(view, ahead.waiting(view, asked=self._asked))
        self._stopped = False
        if self.running is None:
            self._compute()
        elif not ahead.is_needed(self.running[0], view):
            self.running[1].cancel()

    def leave_picture(self, view: View) -> None:
        """Display a picture of the maps, which is there where no widget is.

        Of many points it comes when there is nothing else to show.
        """
        many = view.hurried and view.total > JUDGED_AT_ONCE
        self._still = (picture.words_only if many else picture.still)(view)
        self._outdated = many or bool(view.missing_layouts)
        self._display = display(_bundle(*self._still), raw=True, display_id=True)
        self.follow(view)

    def ask(self, asked: ahead.Waiting) -> None:
        """Note what was asked for of what takes long, until it is cancelled."""
        both = zip(self._asked, asked, strict=True)
        self._asked = ahead.Waiting(*(before or now for before, now in both))

    def begin(self) -> None:
        """Compute what waits: the neighbours, or if these are there the layouts."""
        if self._view is None:
            return
        waits = ahead.waiting(self._view, asked=self._asked)
        self.ask(ahead.Waiting(waits.neighbors, waits.layouts and not waits.neighbors))
        self.follow(self._view)

    def cancel(self) -> None:
        """Stop what is computed for later, until something changes."""
        self._stopped = True
        self._asked = ahead.NOTHING
        if self.running is not None:
            self.running[1].cancel()

    def close(self) -> None:
        """Stop for good."""
        self._closed = True
        if self.running is not None:
            self.running[1].cancel()
        self._jobs, self._view, self._display = iter(()), None, None

    def _compute(self) -> None:
        """Begin the next job, if there is one and nothing else is to be done first."""
        job = next(self._jobs, None)
        if self._outdated and (job is None or job.kind not in ahead.SHOWN):
            if job is not None:
                self._jobs = chain([job], self._jobs)
            job = self._still_job()
        if job is None:
            self._rest()
            return
        finish = self._screen.heard(partial(self._computed, job))
        self.running = job, later.Background(job.work, finish)
        self._report()

    def _rest(self, words: str = "") -> None:
        """Say what waits until it is asked for, if anything does."""
        view = self._view
        waits = view and ahead.waiting(view, asked=self._asked)
        if view and waits and any(waits):
            self._screen.wait(waits.sentence(view.total))
        else:
            self._screen.rest(words)

    def _report(self) -> None:
        """Say what runs and how far it is, now and as long as it runs."""
        if self.running is None:
            return
        job, thread = self.running
        if job.kind in ahead.SHOWN or thread.seconds > SOON:
            self._screen.compute(job.words, thread.part, thread.seconds)
        if not self._ticking:
            self._ticking = True
            later.soon(self._tick, TICK)

    def _tick(self) -> None:
        if not self._closed:
            self._ticking = False
            self._report()

    def _computed(self, job: ahead.Job, error: BaseException | None) -> None:
        """Show what a job computed, and begin the next one."""
        if self._closed:
            return
        self.running = None
        if self._stopped:
            self._rest(f"stopped before: {job.words}; a change goes on")
            return
        if error is not None and not isinstance(error, Cancelled):
            self._screen.rest()
            raise error
        self._view = self._show(job)
        self._outdated = self._outdated or job.kind is ahead.Kind.LAYOUT
        if job.kind is ahead.Kind.PICTURE:
            later.soon(self._put_still)
        self._compute()

    def _still_job(self) -> ahead.Job | None:
        """Return the job that draws what the maps show now, for a saved notebook."""
        self._outdated, view = False, self._view
        if view is None:
            return None

        def draw() -> None:
            self._still = picture.still(view, beside().call)

        words = "picture for the saved notebook"
        return ahead.Job(ahead.Kind.PICTURE, view.keys[0], words, draw)

    def _put_still(self) -> None:
        """Show the picture; where errors are caught it would go astray."""
        if self._display is not None:
            self._display.update(_bundle(*self._still), raw=True)


def _bundle(image: str, alt: str) -> dict[str, str]:
    """Return a still picture and its words as a notebook keeps them."""
    return {"text/html": image, "text/plain": alt}
