"""Notices of the explorer: a line of status, progress, and errors of handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import ipywidgets as W

Handler = Callable[..., None]


class Progress(W.HBox):  # type: ignore[misc]  # ipywidgets is not typed
    """Line that says what is being computed, how far and how long, with *Cancel*."""

    def __init__(self) -> None:
        self.text = W.Label()
        self.cancel = W.Button(
            description="Cancel", tooltip="stop until something changes"
        )
        self.cancel.add_class("rv-button")
        super().__init__([self.text, self.cancel])
        self.add_class("rv-progress")
        self.hide()

    def show(self, words: str, part: float, seconds: float) -> None:
        """Say what is computed.

        Parameters
        ----------
        words
            What it is.
        part
            Part that is done, from 0 to 1; 0 where it is unknown.
        seconds
            Seconds since it began.
        """
        text = f"computing: {words}"
        if part:
            text += f", {part:.0%}"
        if seconds >= 1:
            text += f", {seconds:.0f} s"
        self.text.value = text
        self.cancel.layout.visibility = "visible"

    def hide(self, words: str = "") -> None:
        """Say that nothing is computed any more, and why if there is a reason."""
        self.text.value = words
        self.cancel.layout.visibility = "hidden"

    def on_cancel(self, handler: Callable[[], None]) -> None:
        """Call a function when the button is pressed."""
        self.cancel.on_click(lambda _: handler())


class Notice:
    """A status line and a place for errors, which notebooks do not show by themselves.

    Parameters
    ----------
    status
        One sentence, no room when there is none.
    errors
        Whole tracebacks, below everything else.
    """

    def __init__(self) -> None:
        self.status, self.errors = W.Label(), W.Output()
        self.status.add_class("rv-status")
        self.errors.add_class("rv-errors")
        self.say("")

    def say(self, text: str) -> None:
        """Show a sentence, or nothing."""
        self.status.value = text
        self.status.layout.display = None if text else "none"

    def of(self, handler: Handler) -> Handler:
        """Return a handler of events whose errors are shown."""

        def run(*event: Any) -> None:
            try:
                handler(*event)
            except Exception as error:
                self.say(f"{type(error).__name__}: {error}")
                raise
            if self.errors.outputs:
                self.errors.outputs = ()

        return cast("Handler", self.errors.capture()(run))
