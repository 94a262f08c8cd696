"""A form that trains one more variant while the explorer stays in use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd

from ..config import Config
from ..data.dataset import Dataset
from ..regimes.beside import Begun, Ended, Event, Failed, Finished, Trainer
from ..train import Run
from . import later
from .curves import Curves, Record
from .notice import Notice
from .showing import Showing
from .training_settings import Settings

WAIT = 0.2  # seconds between two looks, where nothing else is to be done
PATIENT = 2  # seconds that nobody counts


class Training(W.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """A form, a button to train and one to stop, and live curves.

    Training runs in one process beside the kernel, which `close` ends. Where nothing
    can run after the cell, as in a script, `run` waits for the end.

    Parameters
    ----------
    data
        As `fit` takes them; unlabelled ones are pre-trained.
    base
        Settings that the form does not show, and its first values; None takes the
        defaults of `Config`.
    names
        Variants that there are already.

    Examples
    --------
    >>> data = Dataset.from_arrays({"a": np.eye(20)}, labels=[0, 1] * 10)
    >>> form = Training(data, names=["both"])
    >>> form.settings.name
    'both 2'
    >>> form.settings["contrastive"].value = 0
    >>> form.settings.name, form.settings.config.contrastive
    ('refiner', 0.0)
    >>> form.close()
    """

    def __init__(
        self,
        data: Dataset,
        *,
        base: Config | None = None,
        names: Iterable[str] = (),
    ) -> None:
        self._data, self._trainer = data, Trainer(data)
        self._tags = pd.DataFrame()
        self._labels: pd.Series[Any] | None = None  # tags the process has as labels
        self._callbacks: list[Callable[[Run], None]] = []
        self._shows = False
        self._began = self._trained = 0.0  # when it was asked for, and when it began
        self._record: Record | None = None
        self._run: Run | None = None
        self._name = self._why = ""
        self.settings = Settings(data, base or Config(), names)
        self.curves, self._notice = Curves(), Notice()
        self.curves.layout.display = "none"
        self.train = W.Button(description="Train", tooltip="train this variant")
        self.stop = W.Button(
            description="Stop",
            disabled=True,
            tooltip="stop after this epoch and keep the best state so far",
        )
        self.train.add_class("rv-train")
        self.stop.add_class("rv-stop")
        self.train.on_click(self._notice.of(lambda _: self.start()))
        self.stop.on_click(self._notice.of(lambda _: self.halt()))
        self.showing = Showing()
        buttons = W.HBox([self.train, self.stop, self.showing, self._notice.status])
        buttons.add_class("rv-bar")
        parts = [self.settings.widget, buttons, self.curves, self._notice.errors]
        super().__init__(parts)
        self.add_class("rv-training")

    @property
    def busy(self) -> bool:
        """Whether a run is being trained."""
        return self._trainer.busy

    @property
    def status(self) -> str:
        """The sentence that is shown."""
        return str(self._notice.status.value)

    def on_run(self, callback: Callable[[Run], None]) -> None:
        """Call a function with every run that is done; its manifest has the name."""
        self._callbacks.append(callback)

    def on_show(self, callback: Callable[[str], None]) -> None:
        """Offer to show each run that is done, by a function that is called with it.

        Parameters
        ----------
        callback
            Called with the variant's name when its button is pressed.
        """
        self._shows = True
        self.showing.on_show(self._notice.of(callback))

    def offer_tags(self, tags: pd.DataFrame) -> None:
        """Offer tags as labels.

        Parameters
        ----------
        tags
            One column of words for each kind, indexed by ids, as `Explorer.tags`.
        """
        self._tags = tags
        self.settings.offer_tags(map(str, tags.columns))

    def start(self) -> None:
        """Begin to train; do nothing but say so where a setting is wrong."""
        if self.busy:
            return
        settings, self._run = self.settings, None
        try:
            self._name, config = settings.checked_name(), settings.config
            score = self._label()
        except ValueError as error:
            self._why = str(error)
            self._notice.say(self._why)
            return
        self.showing.name = ""
        self._began = self._trained = time.monotonic()
        self._trainer.start(config, seed=settings.seed, snapshots=settings.snapshots)
        self._show(Record(config.epochs, {}, score))
        self.curves.layout.display = None
        self._enable(busy=True)
        self._notice.say("starting the training process …")
        if later.possible():
            later.soon(self._notice.of(self._look))

    def _label(self) -> str:
        """Have the process train on the labels that are chosen; return its score."""
        labels = self._tags[self.settings.tags] if self.settings.tags else None
        data = self._data if labels is None else self._data.with_labels(labels)
        same = labels is self._labels or (
            labels is not None
            and self._labels is not None
            and labels.equals(self._labels)
        )
        if not same:
            self._trainer.close()
            self._trainer, self._labels = Trainer(data), labels
        return _score_name(data)

    def halt(self) -> None:
        """Stop after the epoch that runs; the best state so far becomes the run."""
        self._trainer.stop()
        self.stop.disabled = True
        if self.busy:
            self._notice.say("stopping after this epoch …")

    def run(self) -> Run:
        """Train, and wait until it is done; an interrupt stops it as `halt` does.

        Raises
        ------
        RuntimeError
            If there is no run, with the sentence that says why.
        """
        self._why = ""
        self.start()
        while self.busy:
            try:
                self._take(self._trainer.events(WAIT))
            except KeyboardInterrupt:
                self.halt()
        if self._run is None:
            raise RuntimeError(self._why)
        return self._run

    def close(self) -> None:
        """End the process and free what the form holds in the page."""
        self._trainer.close()
        super().close()

    def _look(self) -> None:
        """Take what has happened, and come again while there is more to come."""
        if not self.busy:
            return
        later.soon(self._notice.of(self._look))
        events = self._trainer.events()
        self._take(events)
        if self.busy and not events:
            self._count()

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Begun) and self._record is not None:
                self._record = replace(self._record, nulls=event.nulls)
                self._trained = time.monotonic()
                self._notice.say("training begins …")
            elif isinstance(event, Ended) and self._record is not None:
                self._record = self._record.after(event.row, best=event.best)
            elif isinstance(event, Finished):
                self._finish(event.run)
            elif isinstance(event, Failed):
                self._fail(event.why)
        if self.busy and any(isinstance(event, Ended) for event in events):
            self._say_progress()

    def _say_progress(self) -> None:
        record = self._record
        if record is None:
            return
        self._show(record)
        if len(record.rows) < record.epochs and not self.stop.disabled:
            self._notice.say(f"{record.progress}; {self._timing(record)}")
        elif len(record.rows) == record.epochs:
            self.stop.disabled = True
            self._notice.say("all epochs have ended; the run is being finished …")

    def _count(self) -> None:
        """Count the seconds while nothing else happens."""
        record = self._record
        if record is None or self.stop.disabled:
            return
        seconds = time.monotonic() - self._began
        if record.rows:
            words = f"{record.progress}; {self._timing(record)}"
        elif seconds < PATIENT:
            return
        elif self._trained > self._began:
            words = f"the first epoch is being trained … {duration(seconds)}"
        else:
            words = f"starting the training process … {duration(seconds)}"
        if words != self.status:
            self._notice.say(words)

    def _timing(self, record: Record) -> str:
        """Return how long it has taken, and about how long it will take yet."""
        now, ended = time.monotonic(), len(record.rows)
        left = (now - self._trained) / ended * (record.epochs - ended)
        return f"{duration(now - self._began)}, about {duration(left)} to go"

    def _show(self, record: Record) -> None:
        self._record = record
        self.curves.content = record.content

    def _finish(self, run: Run) -> None:
        if self._record is not None:
            self._show(replace(self._record, over=True))
        words = {"variant": self._name}
        if self.settings.tags:
            words["tags"] = self.settings.tags
        self._run = replace(run, manifest=run.manifest | words)
        self.settings.take(self._name)
        self._enable(busy=False)
        self._notice.say(_told(self._run, self._name, self._record))
        for callback in self._callbacks:
            callback(self._run)
        if self._shows:
            self.showing.name = self._name

    def _fail(self, why: str) -> None:
        self._why = why
        self._enable(busy=False)
        self._notice.say(why)

    def _enable(self, *, busy: bool) -> None:
        self.settings.enable(on=not busy)
        self.train.disabled, self.stop.disabled = busy, not busy


def duration(seconds: float) -> str:
    """Return seconds in words, in minutes where they are many.

    Examples
    --------
    >>> duration(4.4), duration(100), duration(260)
    ('4 s', '100 s', '4 min')
    """
    return f"{seconds:.0f} s" if seconds < 119.5 else f"{seconds / 60:.0f} min"


def _score_name(data: Dataset) -> str:
    if data.target is not None:
        return "R²"
    if data.labels is None:
        return "score (minus loss)"
    return "micro-F1" if data.multilabel else "accuracy"


def _told(run: Run, name: str, record: Record | None) -> str:
    """Return what is said of a run that is done."""
    ended = f"best epoch {run.best_epoch + 1} of {len(run.history)}"
    if run.manifest["stopped"]:
        ended += f", stopped before {run.config.epochs}"
    if "validation" in run.manifest:
        ended += f", chosen on {run.manifest['validation']['rows']} training rows"
    score = run.history.get("val_score")
    if score is None or record is None:
        return f"“{name}” is trained: {ended}."
    null = record.nulls.get("val_score", np.nan)
    chance = "" if np.isnan(null) else f" (chance {null:.2f})"
    value = f"{record.score} {score.iloc[run.best_epoch]:.2f}{chance}"
    return f"“{name}” is trained: {ended}, validation {value}."
