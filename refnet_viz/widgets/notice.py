"""Notices of the training form: a line of status, and errors of handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import ipywidgets as W

Handler = Callable[..., None]


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
